/* What is asked of which namespace: the discovery list as a table of rows, and
 * the arithmetic that makes RED of CloudWatch's metrics. Pure. */
#ifndef SOURCES_CW_TABLE_H
#define SOURCES_CW_TABLE_H

#include "model/catalog.h"
#include "sources/cw_api.h"

/* What a metric is to its service. */
enum cw_role {
	CW_REQUESTS,       /* count in a period */
	CW_REQUESTS_MORE,  /* counted apart, belongs to the total; absent: 0 */
	CW_ERRORS,         /* count; absent beside requests: 0 */
	CW_ERRORS_IN_TOTAL,/* count of errors that REQUESTS leave out: both */
	CW_ERROR_PERCENT,  /* 0..100 of the requests */
	CW_4XX,            /* count, shown apart */
	CW_P50, CW_P95, CW_P99, CW_MEAN,
	/* Of a resource. Used is the sum of its parts (a scale may be
	 * negative), and not known unless all of them are. Beside CW_REQUESTS
	 * it is what was refused (absent: 0), and the limit both together. */
	CW_USED, CW_LIMIT,
	/* Of an objective: the share of requests that took no longer than
	 * its limit. */
	CW_WITHIN,
	CW_ROLES
};

/* The lower, the later it is paused when money is short. */
enum cw_weight { CW_NEEDED, CW_WANTED, CW_NICE };

struct cw_part {
	enum cw_role role;
	enum cw_weight weight;
	struct cw_metric metric;
	const char *stat;
	bool per_second;   /* a Sum: divided by the period's seconds */
	double scale;      /* the value times this: 0.01 of per cent, 1e-3 */
};

struct cw_service {
	const char *name;        /* CONTRACTS: shop-alb, api/prod, a function;
				    of a resource its id, dynamodb:T:read */
	const char *key;         /* unique and stable */
	bool resource;
	enum layer layer;
	const char *metric;      /* "AWS/ApplicationELB TargetResponseTime" */
	const char *error_metric;/* "… HTTPCode_Target_5XX_Count +
				    HTTPCode_ELB_5XX_Count", or NULL */
	const char *note;        /* why there is no percentile, or NULL */
	const char *space;       /* "ApplicationELB", for the bill */
	const char *region;      /* where else it is asked: us-east-1; or NULL */
	bool counts_errors;      /* false: nothing is known about them */
	bool counts_requests;    /* false: Container Insights */
	double warn, crit, limit;/* of a resource, as service_def has them */
	size_t nr;
	const struct cw_part *part;
};

/* Warnings of resources. Of processors and provisioned capacity 0.70 and 0.85,
 * of memory 0.75 and 0.90. Of what is refused (throttled invocations, rejected
 * connections) CW_ANY of what was tried, and 0.05; any missing task is
 * critical. Without a known limit (connections, queues) there is neither. */
#define CW_ANY 1e-9

/* The ListMetrics that discovery takes: row i, false beyond the last. */
struct cw_ask {
	struct cw_list list;
	const char *region;      /* or NULL: the source's own */
	bool needed;             /* false: being forbidden it is no fault */
};
bool cw_table_ask(size_t i, struct cw_ask *out);

/* Services, then resources, of what was listed (sorted), in a stable order, at
 * most LIMIT_SERVICES. Everything is in the arena. A name that two have stays
 * with the application; the other is `orders (dynamodb)`. */
struct cw_found {
	size_t nr;
	const struct cw_service *service;
	int families, unknown;   /* rows of the table that matched; metrics that
				    no row wanted */
	size_t dropped;          /* services, resources, operations of a table
				    beyond their ceilings */
};
struct cw_found cw_table_find(const struct cw_metrics *m, struct arena *a);

/* One period of a service: value[i] is part i's, NAN: no point. Errors without
 * requests are an outage: as many requests as errors. */
struct cw_red {
	bool any;                /* it says something about requests */
	double total, errors;    /* a second; NAN */
	double other;            /* 4xx a second; NAN */
	double p50, p95, p99, mean; /* seconds; NAN */
	double used, limit;
	double within;           /* 0..1; NAN */
};
void cw_table_red(const struct cw_service *s, const double *value,
		  time_ms period, struct cw_red *out);

#endif
