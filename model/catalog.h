/* What a source has found out about the services behind it: which questions
 * give which number of which service. It travels in batches, so a recording
 * holds it, and the store keeps it. */
#ifndef MODEL_CATALOG_H
#define MODEL_CATALOG_H

#include "base/clock.h"
#include "model/slo.h"
#include "model/threshold.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Edge, mesh, app and dependency are listed apart and never summed. */
enum layer { LAYER_EDGE, LAYER_MESH, LAYER_APP, LAYER_DEPENDENCY, LAYER_NR };
const char *layer_name(enum layer l); /* "edge", "mesh", "app", "dependency" */

/* What the series of a question are to a service. The order is also the order
 * in which they are asked: a row is useful before its chart is. */
enum red_role {
	RED_RATE,     /* requests/s, by status label where there is one: the
			 duration family's _count, or the counter */
	RED_ERRORS,   /* the companion counter by status, where RED_RATE has no
			 status label; its total is the ratio's denominator */
	RED_BUCKETS,  /* bucket rates by le */
	RED_NATIVE,   /* rates of native histograms */
	RED_QUANTILE, /* ready-made, by `quantile`: not mergeable (max over
			 instances), and shown as such */
	RED_SUM,      /* seconds (or ms, us) a second: sum of durations */
	RED_MEAN,     /* ready-made mean (haproxy) */
	RED_BURN_5M,  /* like the error question, over 5 m */
	RED_BURN_1H,  /* and over 1 h */
	RED_VERSION,  /* count of instances by version label */
	RED_ROUTES,   /* like RED_RATE (or RED_ERRORS), also by every label that
			 may name a route; asked for the one service whose page
			 is open, instants only. `$__service` in it is replaced
			 by that service's quoted value */
	RED_ROUTE_BUCKETS, /* and its bucket rates by route label and le */
	RED_CHART,    /* a query of the dashboard's own: its shape has this alone
			 and one service that stands in no table */
	RED_USED,     /* of a resource: its shape has this and perhaps a limit,
			 and one service that stands in `saturation` */
	RED_LIMIT,    /* what can be used at most; absent: unknown */
	RED_ROLES
};
const char *red_role_name(enum red_role r);
/* What is asked for one service alone, while its page is open. */
static inline bool red_role_routes(enum red_role r)
{
	return r == RED_ROUTES || r == RED_ROUTE_BUCKETS;
}

/* Labels that may name a route, the best first; ends in NULL. */
extern const char *const route_labels[];

/* How the values of a status label are read. */
enum status_kind {
	STATUS_NONE,   /* no label: nothing is known about errors */
	STATUS_HTTP,   /* 200, 404, 503; also 2xx, 5xx; also a class digit 5 */
	STATUS_GRPC,   /* OK, Internal, UNAVAILABLE ...; or the numbers 0..16 */
	STATUS_RCODE,  /* NOERROR, SERVFAIL, REFUSED */
	STATUS_FAILURE,/* classification="failure" */
	STATUS_SUCCESS,/* success="false" */
	STATUS_ERROR,  /* error="true" */
	STATUS_OUTCOME,/* SUCCESS, CLIENT_ERROR, SERVER_ERROR */
};

enum status_class { CLASS_OK, CLASS_4XX, CLASS_ERROR, CLASS_NR };

/* The class of a value. Counted as errors: HTTP 5xx; gRPC Unknown(2),
 * DeadlineExceeded(4), Unimplemented(12), Internal(13), Unavailable(14),
 * DataLoss(15); SERVFAIL, REFUSED; failure; success=false; error=true;
 * SERVER_ERROR. CLASS_4XX: HTTP 4xx, CLIENT_ERROR and the other gRPC codes.
 * An absent label (NULL or "") is CLASS_OK. */
enum status_class status_class(enum status_kind k, const char *value);
/* How the values are written: HTTP codes (and 5xx) or a class digit; gRPC
 * names in two spellings, or numbers. */
enum { STATUS_FORM_PLAIN, STATUS_FORM_NUMBER, STATUS_FORM_UPPER };
/* The matcher that asks a server for the errors, e.g. `5..` with op `=~`
 * written whole: `status=~"5.."`. Appends nothing for STATUS_NONE. */
struct buf;
void status_matcher(enum status_kind k, const char *label, int form,
		    struct buf *out);

enum unit { UNIT_SECONDS, UNIT_MILLISECONDS, UNIT_MICROSECONDS };
double unit_scale(enum unit u); /* to seconds: 1, 1e-3, 1e-6 */

/* Which method percentiles come from. */
enum method { METHOD_NONE, METHOD_HISTOGRAM, METHOD_NATIVE, METHOD_SUMMARY,
	      METHOD_SERVER };
const char *method_name(enum method m); /* none, histogram, native, ... */

/* All services that are asked with the same words: one question a role. */
struct shape {
	uint32_t id;              /* unique within the source, from 1 */
	const char *label;        /* label whose value names the service */
	const char *metric;       /* duration family as CONTRACTS' `metric` */
	const char *error_metric; /* the series that error_ratio counts, or NULL */
	const char *error_matcher;/* status=~"5..", or NULL */
	const char *status_label; /* of RED_RATE or RED_ERRORS, or NULL */
	enum status_kind status;
	enum layer layer;
	enum unit unit;
	bool unit_guessed;        /* shown as `unit?` */
	enum method method;
	const char *note;         /* why there is no percentile, or NULL */
	time_ms interval;         /* scrape interval */
	bool interval_guessed;    /* shown with ~ */
	time_ms window;           /* max(60 s, 4 x interval) */
	bool visible_only;        /* too many buckets: asked for visible rows */
	/* It reports only when there is something to count: no rate while its
	 * source answers is no traffic, not "no data". */
	bool sparse;
	/* A point counts in rows once it is so old; before that it is only
	 * drawn. 0: at once. */
	time_ms settle;
	/* One question a role, NULL where there is none. `$__rate_interval` in
	 * it is replaced by the window of the request. */
	const char *question[RED_ROLES];
};

/* The id under which frames answer a question, and back. */
static inline uint32_t question_id(uint32_t shape, enum red_role role)
{
	return shape * 16 + (uint32_t)role;
}

/* Questions of objectives and thresholds: their ids have the top bit, the kind,
 * the index in the catalog and the part. They are of no shape: the store keeps
 * their series with struct store_slo and struct store_threshold. */
enum question_kind { QUESTION_SLO, QUESTION_THRESHOLD };
#define QUESTION_OWN 0x80000000u
static inline uint32_t question_own(enum question_kind k, size_t index,
				    unsigned part)
{
	return QUESTION_OWN | (uint32_t)k << 28 | (uint32_t)index << 8 | part;
}
static inline bool question_is_own(uint32_t id)
{
	return (id & QUESTION_OWN) != 0;
}
static inline enum question_kind question_kind(uint32_t id)
{
	return (enum question_kind)(id >> 28 & 7u);
}
static inline size_t question_index(uint32_t id)
{
	return id >> 8 & 0xfffffu;
}
static inline unsigned question_part(uint32_t id)
{
	return id & 0xffu;
}

/* Parts of an objective's question: what x where. */
enum slo_ask { ASK_ERRORS, ASK_TOTAL, ASK_RATIO, ASK_RECORDED, ASK_BUCKETS,
	       SLO_ASKS };
enum slo_span {
	/* 0 .. SLO_WINDOWS - 1: a window; as instants, 5m and 1h also as
	 * points of the charts */
	SLO_SPAN_PERIOD = SLO_WINDOWS, /* an instant over the whole period */
	SLO_SPAN_CELL,    /* points of the period: each the rate (or count)
			     over the cell that ends there */
	SLO_SPAN_COVER,   /* ASK_TOTAL: an instant, the time (seconds since
			     1970) of the first 5 m that had data */
	SLO_SPANS
};
static inline unsigned slo_part(enum slo_ask a, unsigned span)
{
	return (unsigned)a << 4 | span;
}
/* The length of a cell: the 720th of a period, whole minutes; of slices'
 * methods the slice. */
time_ms slo_cell(const struct slo_def *d);

/* Parts of a threshold's: whole periods as points at their ends, the
 * unfinished one as an instant. */
enum { THRESHOLD_POINTS, THRESHOLD_NOW };

struct service_def {
	const char *name;    /* what people read; = value unless it clashes */
	const char *value;   /* of shape's label */
	uint32_t shape;
	double objective;    /* 0..1, or 0: the default holds */
	double latency_limit;/* seconds a p99 should stay under, or 0 */
	/* Of a resource: used / limit from which on it is a warning, critical;
	 * 0: never. `limit` where no series says it, 0: unknown. */
	double warn, crit, limit;
};

struct catalog {
	const char *version;     /* of the server, for prom_rules(); may be NULL */
	size_t nr_shapes, nr_services;
	const struct shape *shape;
	const struct service_def *service;
	size_t nr_slos, nr_thresholds;
	const struct slo_def *slo;
	const struct threshold_def *threshold;
	const char *pack;        /* the name of the active pack, or NULL */
	int requests;            /* that discovery took */
	int families, unknown;   /* rows that matched; candidates rejected */
	const char *note;        /* said in the header, or NULL ("percentiles of
				    visible rows only: 61k bucket series") */
};
/* How many of its `service`s are rows of page 1: neither charts nor
 * resources. */
size_t catalog_services(const struct catalog *c);

#endif
