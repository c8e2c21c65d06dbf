/* What changed: a service before and during its trouble, broken down by the
 * labels it has, and which values carry what is new. Pure: a source counts
 * (struct change_answer), this ranks. CONTRACTS, "What changed". */
#ifndef MODEL_CHANGED_H
#define MODEL_CHANGED_H

#include "model/batch.h"

#define CHANGE_QUERIES 12   /* that a source may ask for it at most */
#define CHANGE_ROWS 64      /* of a ranking; further ones are counted */
/* A row stands out whose share is that much more than its requests'. */
#define CHANGE_EXCESS 0.25
/* A deploy so much older than the trouble did not cause it. */
#define CHANGE_DEPLOY ((time_ms)900000)

struct changed_row {
	const char *label, *value;
	double share_of_new_errors, share_of_new_slow, share_of_new_rate; /* NAN */
	double errors_before, errors_during; /* ratios; NAN: no requests */
	double p99_before, p99_during;       /* seconds; NAN: not asked */
	double requests_share;               /* during */
	double rate_before, rate_during;     /* a second */
	double excess;           /* largest of (share - requests_share), with
				    a share of 0 where none is known */
	bool fresh;              /* not there before, or deployed meanwhile */
	bool gone;               /* not there any more */
};

/* A sentence that is only made when it is so. */
struct changed {
	const struct change_answer *answer;
	size_t nr;
	struct changed_row row[CHANGE_ROWS];
	size_t nr_more;          /* values that stand for nothing */
	double new_errors, new_slow, new_rate; /* a second, beyond before's */
	time_ms onset;           /* first bad moment; TIME_NONE */
	/* The event that is called the cause, an index of the answer's, or
	 * -1. A deploy only when the change began after it, and in what it
	 * touched. */
	int cause;
};

/* `onset`: the first bad grid point, or TIME_NONE. Values whose numbers rose
 * no more than by chance give no row; of those that only have their requests'
 * share of it the first few stay, so that one sees that it is so. A share that
 * is no matter of this change (nothing new is slow) is NAN in all rows. */
void changed_rank(const struct change_answer *a, time_ms onset,
		  struct changed *out);

/* A change of a ratio that a person would call one. */
bool changed_is_visible(double before, double during);

/* Traffic is an event when it is strictly above 1.5 times the baseline: the
 * rate of the same time last week, or before's where there is no history. */
double changed_baseline(const struct change_answer *a); /* NAN: none */
bool changed_is_traffic(const struct change_answer *a);
/* "traffic +1% against last week" (or "against before"), appended; nothing
 * without a baseline. */
struct buf;
void changed_traffic(const struct change_answer *a, struct buf *out);

/* When the trouble began, from a series of ratios (errors, or the share that
 * is slow) and its rates on a grid, rising: the first point of the trailing
 * run that stands out from what was before it. TIME_NONE: nothing does. */
struct change_point {
	time_ms at;
	double ratio, rate;      /* NAN: no data */
};
time_ms changed_onset(const struct change_point *p, size_t nr);

/* The windows to compare: during ends at `at`, before ends where it begins.
 * Without an onset the last quarter of an hour. `range` is the chart's: two
 * quarters of an hour may be too long for it. During has two minutes at least,
 * since a rate needs scrapes. The service is left as it is. */
void changed_windows(time_ms onset, time_ms at, time_ms range,
		     struct change_want *out);

/* "errors began ~70s after deploy v841 → v842 at 13:44", where it is so, and
 * "route=/pay has 91% of the new errors", appended. One clean line; "" where
 * nothing changed. */
void changed_sentence(const struct changed *c, struct buf *out);

#endif
