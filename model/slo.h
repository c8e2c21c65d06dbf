/* Objectives, burn rates and error budgets: pure functions of numbers that
 * somebody has counted. Formulas: Google, "The Site Reliability Workbook",
 * ch. 5 (multiwindow, multi-burn-rate alerts); OpenSLO's budgeting methods.
 *
 *   error ratio   e(w)  = errors(w) / total(w)
 *   burn rate     BR(w) = e(w) / (1 - objective)
 *   budget left   1 - e(period) / (1 - objective)      may be negative
 *   tier          fires when BR(short) > factor and BR(long) > factor
 *   factor        = share of the budget x period / long window */
#ifndef MODEL_SLO_H
#define MODEL_SLO_H

#include "base/clock.h"
#include "base/err.h"
#include "model/labels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- windows ------------------------------------------------------------ */

enum slo_window { SLO_5M, SLO_30M, SLO_1H, SLO_2H, SLO_6H, SLO_1D, SLO_3D,
		  SLO_WINDOWS };
extern const time_ms slo_spans[SLO_WINDOWS];
const char *slo_window_name(enum slo_window w); /* "5m", "30m", ... "3d" */
/* The window of a span, or SLO_WINDOWS. */
enum slo_window slo_window_of(time_ms span);

/* ---- what an objective is ----------------------------------------------- */

enum slo_method { SLO_OCCURRENCES, SLO_TIMESLICES, SLO_RATIO_TIMESLICES };
const char *slo_method_name(enum slo_method m); /* as CONTRACTS writes */

enum calendar_unit { CALENDAR_NONE, CALENDAR_DAY, CALENDAR_WEEK,
		     CALENDAR_MONTH, CALENDAR_QUARTER, CALENDAR_YEAR };

/* One tier of alerts: `share` of the budget gone within the long window. */
struct slo_tier_def {
	bool page;               /* or a ticket */
	enum slo_window brief, lasting;
	double share;
};
#define SLO_TIERS 4
/* Of a 30 d period 14.4, 6, 3, 1: shares .02 .05 .1 .1. */
extern const struct slo_tier_def slo_tiers[SLO_TIERS];

struct slo_def {
	const char *id;          /* unique within a source */
	const char *service;     /* as it stands in the table, or NULL */
	double objective;        /* 0..1 */
	time_ms period;          /* of the budget; of a calendar: its nominal
				    length, which scales the tiers */
	enum slo_method method;
	time_ms slice;           /* of the slices' methods; 0: 60 s */
	double slice_target;     /* a slice is good at this share of good; 0:
				    the objective */
	/* A calendar window begins every `calendar_every` units counted from
	 * calendar_start, a wall time of `zone` (IANA, NULL: UTC). */
	enum calendar_unit calendar;
	int calendar_every;
	time_ms calendar_start;  /* that wall time as if it were UTC */
	const char *zone;

	/* PromQL with `$window` for the window ("5m"). Either errors and total,
	 * or ratio (errors / total, ready-made); the others are NULL. */
	const char *errors, *total, *ratio;
	/* They count over the window (a boolean gauge, slices) and are no
	 * rates: there is no "per second". */
	bool counts;
	/* A selector of series that rules on the server record, error ratios
	 * by window, with `$window` in its name; or NULL. */
	const char *recorded;
	/* Without any query: the source derives them from its own service. */
	bool derived;
	double latency;          /* seconds: bad is slower than that; 0: bad is
				    what failed */
	/* Nobody wrote it: what discovery found, at the default objective. */
	bool implicit;
	/* Labels that tell its groups apart ("sum by (handler)"), ends in
	 * NULL; or NULL: all labels of an answer do. */
	const char *const *group;
	/* Labels that rules add to what they record, ends in NULL; or NULL. */
	const char *const *own_labels;
	struct slo_tier_def tier[SLO_TIERS]; /* share 0 in the first: slo_tiers */

	const char *what;        /* one clean line for people, or NULL */
	const char *runbook;     /* a URL, or NULL */
	const char *where;       /* "slo.yml:12", or NULL */
};

/* 1 - objective, without the digits that the subtraction invents. 0 where
 * nothing may fail: then no burn and no budget is known. */
double slo_error_budget(const struct slo_def *d);

/* ---- what was counted --------------------------------------------------- */

/* A value of an answer: not there at all, or there and perhaps NAN (0/0). */
struct slo_value {
	bool there;
	double v;
};

/* Of one window. Rates, unless the def counts. */
struct slo_input {
	struct slo_value errors, total, ratio, recorded;
};

enum slo_state { SLO_IS_OK, SLO_NOERRORS, SLO_NOTRAFFIC, SLO_NODATA };
const char *slo_state_name(enum slo_state s); /* "ok", "noerrors", ... */

/* NAN: CONTRACTS' null. */
struct slo_reading {
	enum slo_state state;
	double err_per_s, total_per_s, error_ratio, burn;
	double total;            /* requests in the window (or counts) */
	bool recorded;           /* the ratio is the server's rule's */
	bool from_store;         /* from what is held here */
};
/* noerrors: errors absent, total present; notraffic: 0/0, or a recorded NaN;
 * nodata: total absent. A recorded value wins over the ratio; a window that is
 * not recorded takes errors / total, or `ratio`. A ratio beside a total makes
 * the errors. NaN errors of some total: nodata. Infinite is as NaN. */
void slo_read_window(const struct slo_def *d, time_ms span,
		     const struct slo_input *in, struct slo_reading *out);

/* ---- tiers -------------------------------------------------------------- */

struct slo_tier {
	bool page;
	enum slo_window brief, lasting;
	double factor, burn_brief, burn_lasting; /* NAN: not known */
	/* One lone error cannot fire it: factor x budget x requests of the
	 * long window >= 1. Also where requests are not known. */
	bool armed;
	double one_error;        /* what one error alone burns in the long
				    window: "1 error = 12x"; NAN */
	bool firing;             /* both strictly over, armed or not */
	/* At the burn of the 5 m window: seconds until it fires, 0: it does,
	 * INFINITY: never, NAN: not known. Traffic stays; a window that is fed
	 * for d seconds loses as much of what was in it, evenly. */
	double fires_in;
};
/* A tier of the def whose share is 0 is none: its factor is NAN, it never
 * fires. */
void slo_read_tiers(const struct slo_def *d,
		    const struct slo_reading window[SLO_WINDOWS],
		    struct slo_tier tier[SLO_TIERS]);

enum slo_verdict { SLO_PAGE, SLO_TICKET, SLO_VERDICT_NODATA,
		   SLO_VERDICT_NOTRAFFIC, SLO_FINE };
const char *slo_verdict_name(enum slo_verdict v); /* "page", ... "ok" */
enum slo_verdict slo_judge(const struct slo_reading window[SLO_WINDOWS],
			   const struct slo_tier tier[SLO_TIERS]);

/* ---- the budget --------------------------------------------------------- */

/* A cell of the period: errors and requests in (at - span, at]. NAN: none. */
struct slo_cell {
	time_ms at;
	double errors, total;
};

struct slo_budget {
	double remaining;        /* 1: whole; negative: overspent; NAN */
	double coverage_s;       /* the time that data spans */
	double failures_left;    /* (budget x total - bad) / (1 - budget) */
	double bad, total;       /* of the period, counted; NAN */
};
/* By occurrences: of errors and total over the whole period. `ratio` and not
 * the others where only that is known. `span` is the window they were asked
 * over: what the period has had so far (a calendar's) or all of it.
 *
 * A rate is an increase over the length of its window, and an increase goes no
 * further than half a scrape interval beyond its samples: rate(x[30d]) of 3 d
 * of data is the increase of 3 d over 30 d. So rate x span is what was counted,
 * however little of the span `coverage_s` covers, and what is held here has to
 * be given in the same way (events / span). Without requests nothing is left
 * and nothing is gone: `remaining` is NAN. */
void slo_read_budget(const struct slo_def *d, time_ms span,
		     const struct slo_input *in, double coverage_s,
		     struct slo_budget *out);
/* By slices: each cell is a slice, as long as slo_cell() says; a slice without
 * requests counts for nothing. bad, total and failures_left are slices. By
 * occurrences the cells are added up. Where only a ratio is known it stands as
 * the errors of a total of 1. */
void slo_budget_of_slices(const struct slo_def *d, const struct slo_cell *cell,
			  size_t nr, struct slo_budget *out);

/* Seconds until the budget is gone; NAN: never at this rate, or not known. */
struct slo_exhaustion {
	double entire;           /* period / burn */
	double remaining;        /* what is left at this burn */
	double rolling;          /* the same while old errors expire; NAN of a
				    calendar's period, where none do */
};
/* `hour`: the reading of 1 h. `cell` (rising, of one length) is the period's
 * past, for `rolling`; nr 0: not known. What the last hour brought goes on;
 * where nobody counted its requests there are as many as on average. */
void slo_read_exhaustion(const struct slo_def *d,
			 const struct slo_reading *hour,
			 const struct slo_budget *budget,
			 const struct slo_cell *cell, size_t nr, time_ms at,
			 struct slo_exhaustion *out);

/* ---- calendar windows --------------------------------------------------- */

/* The window that holds `at`: from..to, in the def's zone, daylight saving
 * counted. Rolling: at - period, at. A month that is too short for the start's
 * day begins its window on its last one. Windows reach back before the start
 * too. Reads a small file (base/zone.h). -1 with a sentence for a zone that
 * this machine does not know. */
int slo_bounds(const struct slo_def *d, time_ms at, time_ms *from, time_ms *to,
	       struct err *e);

#endif
