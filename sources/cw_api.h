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
	const char *label;       /* clean */
	enum cw_status status;   /* of the newest page */
	size_t nr, cap;
	time_ms *t;              /* beginnings of periods, ms */
	double *v;
	size_t nr_messages;
	struct cw_message *message;
};
/* What the pages so far brought. */
struct cw_data {
	struct arena arena;
	size_t nr, cap, nr_queries; /* ids beyond are dropped, counted */
	struct cw_result *result;
	const char *token;       /* of the newest page, or NULL */
	size_t nr_messages;
	struct cw_message *message; /* of the answers */
	size_t points, dropped;
};
void cw_data_init(struct cw_data *d, size_t nr_queries);
void cw_data_release(struct cw_data *d);
/* Adds a page. -1 with a sentence (EXIT_UNREACHABLE): not JSON, or not this
 * answer; d is as it was before then. NaN, infinities, unpaired points are
 * dropped and counted; LIMIT_ANSWER_POINTS holds. */
int cw_data_read(struct cw_data *d, const char *bytes, size_t n,
		 struct err *e);

struct cw_metrics {
	struct arena arena;
	size_t nr, cap;
	struct cw_metric *metric; /* spaces and names are clean; dimensions
				     are as they came: clean them to show */
	const char *token;
	size_t dropped;
};
void cw_metrics_init(struct cw_metrics *m);
void cw_metrics_release(struct cw_metrics *m);
int cw_metrics_read(struct cw_metrics *m, const char *bytes, size_t n,
		    struct err *e);
/* Sorted, each once. */
void cw_metrics_sort(struct cw_metrics *m);

struct cw_alarms {
	struct arena arena;
	size_t nr, cap;
	struct alarm *alarm;     /* since: StateTransitionedTimestamp, else
				    StateUpdatedTimestamp */
	const char *token;
};
void cw_alarms_init(struct cw_alarms *a);
void cw_alarms_release(struct cw_alarms *a);
int cw_alarms_read(struct cw_alarms *a, const char *bytes, size_t n,
		   struct err *e);

/* An answer that is not 200. */
enum cw_error_kind {
	CW_ERROR_THROTTLED, CW_ERROR_SKEW, CW_ERROR_DENIED, /* not allowed this */
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
 * no body, HTML, XML. */
void cw_error_read(long status, const char *query_error,
		   const char *content_type, const char *bytes, size_t n,
		   struct cw_error *out);

#endif
