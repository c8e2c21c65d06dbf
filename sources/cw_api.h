/* CloudWatch's awsJson1_0: requests written, answers read. Pure.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/ */
#ifndef SOURCES_CW_API_H
#define SOURCES_CW_API_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"

#define CW_QUERIES_MAX ((size_t)500)     /* of one GetMetricData */
#define CW_POINTS_MAX ((size_t)100800)   /* of one answer */
#define CW_TARGET "GraniteServiceVersion20100801."

struct cw_dimension {
	const char *name, *value;
};
struct cw_metric {
	const char *space;       /* "AWS/ApplicationELB" */
	const char *name;
	size_t nr;
	const struct cw_dimension *dim; /* sorted by name */
};
/* By space, name, dimensions: for sorting and as a key. */
int cw_metric_compare(const struct cw_metric *a, const struct cw_metric *b);
/* The value of a dimension, or NULL. */
const char *cw_dimension(const struct cw_metric *m, const char *name);

/* One MetricStat. */
struct cw_query {
	struct cw_metric metric;
	const char *stat;        /* "Sum", "p99", "PR(:0.3)" */
	time_ms period;          /* ms */
};

/* Appends the bodies. Query i has the Id "m<i>". Times are whole seconds;
 * `to` is exclusive. `token` NULL: the first page. */
void cw_write_get_metric_data(struct buf *out, const struct cw_query *q,
			      size_t nr, time_ms from, time_ms to,
			      const char *token);
struct cw_list {
	const char *space;
	const char *metric;      /* or NULL: all */
	const char *dimension;   /* its name must be there; or NULL */
};
void cw_write_list_metrics(struct buf *out, const struct cw_list *l,
			   bool recently, const char *token);
void cw_write_describe_alarms(struct buf *out, const char *token);

enum cw_status { CW_COMPLETE, CW_PARTIAL, CW_INTERNAL, CW_FORBIDDEN };

struct cw_message {
	const char *code, *text; /* clean */
};
/* One series: key (query, label). Points rise in time; a time that came
 * before is overwritten. */
struct cw_result {
	size_t query;
	const char *label;       /* clean; "" where there was none */
	/* Of the newest page: complete where it says nothing, partial where
	 * it says what we do not know. */
	enum cw_status status;
	size_t nr, cap;
	time_ms *t;              /* beginnings of periods, ms; NULL for none */
	double *v;
	size_t nr_messages;      /* each once, at most LIMIT_WARNINGS */
	struct cw_message *message;
};
/* What the pages so far brought. */
struct cw_data {
	struct arena arena;
	size_t nr, cap, nr_queries; /* ids beyond are dropped, counted */
	struct cw_result *result;   /* sorted by query, then label */
	char *token;             /* of the newest page, or NULL */
	size_t nr_messages;
	struct cw_message *message; /* of the answers, as above */
	size_t points, dropped;     /* held; points and results left out */
};
void cw_data_init(struct cw_data *d, size_t nr_queries);
void cw_data_release(struct cw_data *d);
/* Adds a page. -1 with a sentence (EXIT_UNREACHABLE, EXIT_REFUSED for a login
 * page): not JSON, or not this answer; d is as it was before then, its token
 * too. What is no number or no
 * time, unpaired and overwritten points are dropped and counted, as is what is
 * beyond LIMIT_ANSWER_POINTS and LIMIT_ANSWER_SERIES of all pages together. */
int cw_data_read(struct cw_data *d, const char *bytes, size_t n,
		 struct err *e);

struct cw_metrics {
	struct arena arena;
	size_t nr, cap;
	/* Spaces and names are clean; dimensions are as they came, for they
	 * are asked for: clean them to show. None that cannot be asked for. */
	struct cw_metric *metric;
	char *token;
	size_t dropped;
};
void cw_metrics_init(struct cw_metrics *m);
void cw_metrics_release(struct cw_metrics *m);
/* As cw_data_read(). A metric with a text that is empty, no UTF-8 or longer
 * than the API takes is dropped. */
int cw_metrics_read(struct cw_metrics *m, const char *bytes, size_t n,
		    struct err *e);
/* Sorted, each once. */
void cw_metrics_sort(struct cw_metrics *m);

struct cw_alarms {
	struct arena arena;
	size_t nr, cap;
	struct alarm *alarm;     /* sorted by name, each once; since:
				    StateTransitionedTimestamp, else
				    StateUpdatedTimestamp */
	char *token;
	size_t dropped;          /* nameless, or beyond LIMIT_ALARMS */
};
void cw_alarms_init(struct cw_alarms *a);
void cw_alarms_release(struct cw_alarms *a);
/* As cw_data_read(): alarms of metrics, composite ones, those of logs. */
int cw_alarms_read(struct cw_alarms *a, const char *bytes, size_t n,
		   struct err *e);

/* An answer that is not 200. */
enum cw_error_kind {
	CW_ERROR_THROTTLED,
	CW_ERROR_SKEW,
	CW_ERROR_DENIED,         /* not allowed this */
	CW_ERROR_CREDENTIALS,    /* the keys are bad or expired */
	CW_ERROR_PASSING,        /* 5xx and the like: another try may do */
	CW_ERROR_TOKEN,          /* InvalidNextToken: start over */
	CW_ERROR_QUERY           /* the question is wrong */
};
struct cw_error {
	enum cw_error_kind kind;
	enum fault fault;
	char code[80], message[200]; /* clean; either may be "" */
};
/* By the part of __type behind '#' and before ':', which the header
 * x-amzn-query-error ("Code;Sender") overrules; else by the status. Tolerates
 * no body, HTML, XML, one that breaks off. Only the first LIMIT_ERROR_BODY
 * bytes and the first line of a message count. */
void cw_error_read(long status, const char *query_error,
		   const char *content_type, const char *bytes, size_t n,
		   struct cw_error *out);

#endif
