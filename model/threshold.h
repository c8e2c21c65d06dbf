/* Thresholds with evaluation periods, as CloudWatch evaluates an alarm, and
 * alerts with `for` and `keep_firing_for`, as Prometheus does. Pure.
 *
 * CloudWatch: "Evaluating an alarm" and "Configuring how CloudWatch alarms
 * treat missing data" of the CloudWatch User Guide. Prometheus: rules/
 * alerting.go and the documentation of alerting rules. */
#ifndef MODEL_THRESHOLD_H
#define MODEL_THRESHOLD_H

#include "base/clock.h"
#include "model/labels.h"

#include <stdbool.h>
#include <stddef.h>

enum missing { MISSING_MISSING, MISSING_NOT_BREACHING, MISSING_BREACHING,
	       MISSING_IGNORE };
const char *missing_name(enum missing m); /* as CONTRACTS writes */

/* NAN: no such side. Breaching is strictly above, strictly below. */
struct level {
	bool given;
	double above, below;
};

/* What of a service stands for the query, where there is none. */
enum threshold_measure { MEASURE_NONE, MEASURE_RATE, MEASURE_ERRORS,
			 MEASURE_SUCCESS, MEASURE_P50, MEASURE_P95,
			 MEASURE_P99, MEASURE_USED, MEASURES };
const char *measure_name(enum threshold_measure m); /* none, rate, ... */

struct threshold_def {
	const char *id;
	/* One value, or one a label set; `$period` is the period. */
	const char *query;
	const char *cloudwatch;  /* "AWS/EC2 CPUUtilization Average", or NULL */
	enum threshold_measure measure; /* in place of both, in `unit` */
	struct level warning, critical;
	time_ms period;
	int m, n;
	enum missing missing;
	/* An absolute level on the good side: so many periods in a row at or
	 * beyond it end a level, each its own. NAN: the limit itself; then with
	 * clear_after 1 a level ends when CloudWatch's alarm would. */
	double clear;
	int clear_after;         /* periods, at least 1 */

	/* A Prometheus alert: `query` is true where it has an answer. It is
	 * evaluated every `period`; `critical` is given or else `warning`. */
	bool alert;
	time_ms hold, keep;      /* for, keep_firing_for */

	const char *service;     /* whose it is, or NULL */
	const char *unit;        /* "%", "ms", "" ... */
	const char *what, *runbook; /* or NULL */
	const char *pack;        /* the file it stands in, or NULL */
	const char *where;       /* "shop.yaml:12", or NULL */
};

/* ---- one alarm: M of N -------------------------------------------------- */

enum mofn_state { MOFN_OK, MOFN_ALARM, MOFN_INSUFFICIENT };

/* One period's point, oldest first. */
enum mofn_point { POINT_MISSING, POINT_GOOD, POINT_BAD };

/* The state after looking at the evaluation range: the newest `nr` points (of
 * which CloudWatch looks at n + 2 at most). With fewer than n the others are
 * not known, which is not the same as missing. */
enum mofn_state mofn_evaluate(const enum mofn_point *point, size_t nr, int m,
			      int n, enum missing missing,
			      enum mofn_state before);

/* ---- a threshold over its periods -------------------------------------- */

enum threshold_level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_NODATA };
const char *threshold_level_name(enum threshold_level l); /* as CONTRACTS */

struct threshold_state {
	enum threshold_level level;
	double value;            /* of the newest whole period; NAN */
	double limit;            /* that is breached, or the nearest; NAN */
	time_ms since;           /* the first period's end of the level; of what
				    is pending when it became so */
	double provisional;      /* of the unfinished period; NAN */
	enum threshold_level leaning; /* where it would be if the period ended */
	bool pending;            /* of an alert: true, and not yet for `hold` */
};

/* Replays points (at period ends, rising, aligned to the epoch; a missing
 * period has no point) from the first to the last period that ended at or
 * before `at`, beginning with no data. `from`: the end of the first period
 * that is looked at. Warning and critical are two alarms, and the worse one
 * that holds is the level. At most LIMIT_PERIODS of m, n and clear_after and
 * LIMIT_POINTS periods are looked at. */
void threshold_read(const struct threshold_def *d, const time_ms *t,
		    const double *v, size_t nr, time_ms from, time_ms at,
		    double provisional, struct threshold_state *out);
/* How far from the limit, 1 at critical (or the only one); NAN. */
double threshold_nearness(const struct threshold_def *d, double value);
/* How many periods before `at` are asked for. */
int threshold_periods(const struct threshold_def *d);

/* ---- one alert: for and keep_firing_for --------------------------------- */

struct alert {
	bool active, firing;
	time_ms since;           /* of the first true evaluation */
	time_ms fired;           /* TIME_NONE: never */
	time_ms keep_since;      /* of the first false one; TIME_NONE */
};
/* One evaluation at `at`; begin with {0}. */
void alert_step(struct alert *a, bool holds, time_ms at, time_ms hold,
		time_ms keep);

#endif
