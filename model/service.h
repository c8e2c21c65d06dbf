/* The RED row: what makes many sources one table. A pure function of the
 * store and a moment. */
#ifndef MODEL_SERVICE_H
#define MODEL_SERVICE_H

#include "model/store.h"

enum service_state {
	STATE_PAGE, STATE_TICKET, STATE_CRIT, STATE_WARN, STATE_STALE,
	STATE_NODATA, STATE_NOTRAFFIC, STATE_OK
};
const char *service_state_name(enum service_state s); /* as CONTRACTS writes */

struct red_quantile {
	double value, lo, hi;  /* seconds; NAN: none. hi +INF: open bucket */
	enum method method;
	const char *note;      /* static or the catalog's: "no histogram",
				  ">4s" is printed from lo; or NULL */
};

enum objective_from { OBJECTIVE_DEFAULT, OBJECTIVE_OPTION, OBJECTIVE_CONFIG,
		      OBJECTIVE_SPEC, OBJECTIVE_RECORDED };
const char *objective_from_name(enum objective_from f);

struct red_row {
	const struct service *service;
	time_ms at;            /* of the values; may be older than asked: stale */
	double rate;           /* requests/s; NAN: no data */
	double by_class[CLASS_NR]; /* of the counter with a status; NAN: none */
	double error_ratio;    /* 0..1; NAN: no requests, no data, no label */
	bool asked_errors;     /* false: the family has no status label */
	struct red_quantile p50, p95, p99;
	double mean;           /* seconds; NAN */
	double burn_5m, burn_1h; /* NAN: not known */
	double objective;      /* 0..1 */
	enum objective_from objective_from;
	double latency_limit;  /* seconds, 0: none */
	enum service_state state;
	time_ms since;         /* first bad grid point of the trailing run inside
				  from..at; TIME_NONE: ok, or longer than held */
	time_ms age;           /* of the values: at asked - at */
	bool asking;           /* its source has not answered anything yet */
};

struct red_options {
	time_ms from;          /* how far back `since` looks */
};

/* The row at `at`: the instant of that very moment if it is held, else the
 * newest instant or grid point at or before it (then `age` says how old). */
void service_row(const struct service *s, time_ms at,
		 const struct red_options *o, struct red_row *out);

/* A value of a sparse or a settling service counts for so long where nothing
 * newer is known. */
#define ROW_OLDEST ((time_ms)600000)
/* The newest moment at or before `at` of which the role's values count in a
 * row, or TIME_NONE. */
time_ms service_moment(const struct service *s, enum red_role role, time_ms at);
/* Up to where grid points count in a row at `at`. */
time_ms service_settled(const struct service *s, time_ms at);
/* False: its source does not answer, and what is held is old. */
bool service_answers(const struct service *s);

/* CONTRACTS' order: state, the smaller of both burns, error ratio, name. */
int red_row_compare(const void *a, const void *b);

/* The error budget's thresholds used by rows and panels (SRE workbook). */
#define BURN_PAGE 14.4

enum measure {
	M_RATE, M_OK, M_4XX, M_ERRORS, M_ERROR_RATIO, M_P50, M_P95, M_P99,
	M_MEAN, M_BURN_5M, M_BURN_1H, M_NR
};

/* The measure as columns of time, each value computed at a grid point from
 * the series of that point (a percentile of a column is never averaged: min
 * and max are of points, mean is not to be drawn for percentiles). O(points
 * inside); allocates nothing. */
void service_columns(const struct service *s, enum measure m, time_ms from,
		     time_ms span, struct column *out, size_t columns);
/* The same at one grid point; NAN: no data. */
double service_at(const struct service *s, enum measure m, time_ms t);
/* A quantile with its bucket at a grid point. */
struct red_quantile service_quantile_at(const struct service *s, double q,
					time_ms t);
/* The grid point at or before t that holds anything of the service within one
 * step, or TIME_NONE. */
time_ms service_grid(const struct service *s, time_ms t);

/* What the grid between from and to shows by itself: a page tier that begins
 * to fire (both burns over BURN_PAGE); `until` is its last firing grid point.
 * The event is borrowed by the callback, its texts are static. */
void service_events(const struct service *s, time_ms from, time_ms to,
		    void (*emit)(const struct event *e, void *arg), void *arg);

/* Bucket rates (not cumulative) at a grid point, rising by bound; returns how
 * many, at most max. lo of the first is 0 (or -INF). */
struct heat_bucket {
	double lo, hi, rate;
};
size_t service_buckets_at(const struct service *s, time_ms t,
			  struct heat_bucket *out, size_t max);

#endif
