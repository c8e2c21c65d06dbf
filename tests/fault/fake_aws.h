/* A CloudWatch that is not there: accounts of metrics and alarms that a test
 * writes down, GetMetricData, ListMetrics and DescribeAlarms over them in
 * awsJson1_0, and a list of ways to misbehave. Every signature is recomputed
 * from the bytes that came, by OpenSSL and nothing of redtop's; a wrong one is
 * refused. It runs in a thread of its own on 127.0.0.1.
 *
 *	static const double ms[] = { 10, 20, 400 };
 *	static const struct cloud_metric m[] = {
 *		{ "AWS/Lambda", "Invocations", "FunctionName=cart",
 *		  .count = 120 },
 *		{ "AWS/Lambda", "Duration", "FunctionName=cart",
 *		  .sample = ms, .nr = 3 },
 *	};
 *	static const struct cloud_account a = {
 *		.id = "AKIDEXAMPLE", .secret = "wJalr...",
 *		.region = "eu-west-1", .metric = m, .nr = 2,
 *	};
 *	struct fake_aws *f = fake_aws_start(&a, 1);
 *	fake_aws_trouble(f, &(struct cloud_trouble){
 *		.what = "throttle", .operation = "GetMetricData",
 *		.times = 2 });
 *	redtop cloudwatch, with AWS_ENDPOINT_URL = fake_aws_url(f)
 *	fake_aws_bill(f).metrics ...
 *	fake_aws_stop(f);
 *
 * Include fake_aws.c, which includes evil.c, and link with -lz. */
#ifndef TESTS_FAULT_FAKE_AWS_H
#define TESTS_FAULT_FAKE_AWS_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdint.h>

#define CLOUD_MINUTE ((time_ms)60000)
#define CLOUD_SAMPLES 256      /* of one minute at most */
#define CLOUD_TROUBLES 16      /* at once */

/* So many measurements of one value, in a minute. */
struct cloud_sample {
	double value, weight;
};

/* What a minute holds comes from the first of these that is set:
 *	minute    a function
 *	sample    these values, each once
 *	count     so many measurements of 1, as requests are counted
 *	value     one measurement of it
 * Everything that is asked (Sum, SampleCount, Average, Minimum, Maximum, pNN,
 * PR(a:b)) is computed from them over the whole period. */
struct cloud_metric {
	const char *space, *name;
	const char *dims;      /* "A=x,B=y", sorted; "": none */
	const char *unit;      /* "Count"; NULL: None */
	const char *region;    /* NULL: the account's */
	double value, count;
	const double *sample;
	size_t nr;
	/* Fills out[], returns how many; 0: nothing was reported. */
	size_t (*minute)(const struct cloud_metric *m, int64_t minute,
			 struct cloud_sample out[CLOUD_SAMPLES]);
	const void *arg;       /* of the function */
	int every;             /* minutes between points; 0: 1 */
	time_ms from, to;      /* reported within; 0: always */
	bool unlisted;         /* ListMetrics does not know it */
};

struct cloud_alarm {
	const char *name, *state, *reason;
	const char *rule;      /* of a composite one; NULL: a metric's */
	time_ms updated;
	time_ms transitioned;  /* 0: the member is left out */
};

/* The key id of a request tells whose it is. */
struct cloud_account {
	const char *id, *secret;
	const char *token;     /* of a session; NULL: there must be none */
	const char *region;
	const struct cloud_metric *metric;
	size_t nr;
	const struct cloud_alarm *alarm;
	size_t nr_alarms;
};

/* One way to misbehave; cloud_faults[] in fake_aws.c has a row for each.
 * Instead of an answer:
 *	throttle             400 ThrottlingException
 *	throttle-query       400, the code in x-amzn-query-error alone
 *	limit                400 LimitExceededException
 *	error-500, error-503, error-502        JSON, nothing, HTML
 *	denied, expired, unrecognized, signature, invalid-token, invalid
 *	login, page, redirect, empty, not-json, array, wrong-shape
 *	hang, reset, nothing, endless
 * Of a good answer:
 *	truncate             JSON that ends in the middle
 *	cut                  the connection ends in the middle
 *	nan                  NaN where the values were
 *	unpaired             fewer values than timestamps
 *	iso-times            timestamps as strings
 *	message              Messages of the operation
 * Of one metric's result (`metric`, and `dims` if it is not NULL):
 *	internal             InternalError, without points
 *	forbidden            Forbidden, without points
 *	partial              PartialData, half of the points, no NextToken
 *	units                a message MultipleUnits
 *	told                 any other message */
struct cloud_trouble {
	const char *what;
	const char *operation; /* "GetMetricData"; NULL: any */
	const char *metric, *dims;
	const char *region;    /* NULL: any */
	int after;             /* so many calls are spared first */
	int times;             /* 0: for ever */
	int retry_after_ms;    /* x-amz-retry-after; 0: none */
};

/* What holds for every answer. */
struct cloud_knobs {
	time_ms at;            /* its clock stands here; 0: it runs */
	time_ms skew;          /* it is so far ahead of the machine's */
	int delay_ms;          /* before the first byte */
	size_t page_points;    /* of GetMetricData; 0: MaxDatapoints */
	size_t page_metrics;   /* of ListMetrics; 0: 500 */
	size_t page_alarms;    /* 0: MaxRecords */
	bool same_token;       /* pages never end: the first one again */
	time_ms lag;           /* minutes younger than this are not there yet */
	/* Minutes that ended less than `settle` ago hold this share of what
	 * they will hold; 0: all of it. */
	time_ms settle;
	double settling;
};

enum cloud_operation { CLOUD_GET_METRIC_DATA, CLOUD_LIST_METRICS,
		       CLOUD_DESCRIBE_ALARMS, CLOUD_OPERATIONS };

/* One request, as it came and ended. Strings live until the server stops or
 * forgets. */
struct cloud_call {
	int64_t at_us;         /* monotonic */
	enum cloud_operation operation; /* CLOUD_OPERATIONS: none of them */
	const char *id;        /* of the key that signed, "" */
	const char *region;    /* that it was signed for, "" */
	const char *head, *body;
	const char *refused;   /* the code of the error, or NULL */
	int status;
	size_t metrics;        /* asked for */
	size_t sent;           /* bytes of the answer's body */
};

/* What arrived: requests by operation, metrics asked for, whatever became of
 * them. */
struct cloud_bill {
	uint64_t requests, by[CLOUD_OPERATIONS];
	uint64_t metrics;
	uint64_t refused;      /* of the requests: answered by an error */
	uint64_t unsigned_;    /* of these: by what the signature was */
};

struct fake_aws;

/* Accounts are borrowed. */
struct fake_aws *fake_aws_start(const struct cloud_account *a, size_t nr);
void fake_aws_stop(struct fake_aws *f);
/* "http://127.0.0.1:PORT", lives as long as the server. */
const char *fake_aws_url(const struct fake_aws *f);

/* All of these at any time. */
void fake_aws_turn(struct fake_aws *f, const struct cloud_knobs *k);
void fake_aws_trouble(struct fake_aws *f, const struct cloud_trouble *t);
void fake_aws_calm(struct fake_aws *f);     /* no trouble from now on */
void fake_aws_accounts(struct fake_aws *f, const struct cloud_account *a,
		       size_t nr);
time_ms fake_aws_now(struct fake_aws *f);   /* its clock */
struct cloud_bill fake_aws_bill(struct fake_aws *f);
size_t fake_aws_calls(struct fake_aws *f);
struct cloud_call fake_aws_call(struct fake_aws *f, size_t i);
void fake_aws_forget(struct fake_aws *f);   /* the bill and the calls */
/* Told of every call, on the server's thread. NULL: nobody. */
void fake_aws_listen(struct fake_aws *f,
		     void (*heard)(const struct cloud_call *c, void *arg),
		     void *arg);

/* True if `what` has a row. */
bool cloud_is_trouble(const char *what);
const char *cloud_operation_name(enum cloud_operation o);

#endif
