/* What was asked of one region at one period: a grid of time, a line a metric
 * and statistic. It is what the next answer is merged into, and what viewers
 * on one host share. Pure. */
#ifndef SOURCES_CW_HOLD_H
#define SOURCES_CW_HOLD_H

#include "base/buf.h"
#include "sources/cw_api.h"

/* Points of a grid: a week of minutes. Lines beyond the second are not read
 * from a file. */
#define CW_HOLD_POINTS ((size_t)10080)
#define CW_HOLD_LINES ((size_t)20000)

struct cw_line {
	char *key;               /* cw_hold_key() */
	time_ms asked;           /* when last, server's clock; TIME_NONE: never */
	time_ms from, to;        /* what is known: [from, to) of the grid */
	bool forbidden;          /* with the newest answer */
	bool unsure;             /* that answer was not whole */
	double *v;               /* nr_points of the hold; NAN: no point */
};

struct cw_hold {
	time_ms period, from;    /* the grid begins; TIME_NONE: empty */
	size_t nr_points;
	size_t nr, cap;
	struct cw_line *line;    /* sorted by key */
};

void cw_hold_init(struct cw_hold *h, time_ms period);
void cw_hold_release(struct cw_hold *h);

/* Appends "AWS/Lambda Errors FunctionName=x Sum" (unambiguous, clean). */
void cw_hold_key(struct buf *out, const struct cw_query *q);
/* `make`: a new one knows nothing. Pointers hold until the next make. */
struct cw_line *cw_hold_line(struct cw_hold *h, const char *key, bool make);

/* Forgets lines that nobody asked about since then. */
void cw_hold_prune(struct cw_hold *h, time_ms since);
/* Makes the grid [from, to), multiples of the period, at most CW_HOLD_POINTS
 * (the newest win). What is outside is forgotten. */
void cw_hold_fit(struct cw_hold *h, time_ms from, time_ms to);
/* What a question about [from, to) brought; r NULL: nothing. Inside the range
 * the answer wins and absence is absence. */
void cw_hold_take(struct cw_hold *h, struct cw_line *l, time_ms from,
		  time_ms to, const struct cw_result *r, time_ms asked);
/* Of the period that begins then; NAN also where nothing is known. */
double cw_hold_at(const struct cw_hold *h, const struct cw_line *l,
		  time_ms begin);
/* Where to begin when what is younger than `again` is asked again up to `to`:
 * the beginning of a period, for a period of which half is asked is lost. */
time_ms cw_hold_tail(const struct cw_hold *h, time_ms to, time_ms again);
/* Whether all of [from, to) was asked once. */
bool cw_line_knows(const struct cw_line *l, time_ms from, time_ms to);

/* Appends the lines asked since then. */
void cw_hold_write(const struct cw_hold *h, time_ms since, struct buf *out);
/* Merges what cw_hold_write() wrote: lines that were asked later than ours
 * win. Untrusted; false: it is not that, or of another period. The grid grows
 * to hold it, at most back to `oldest`. */
bool cw_hold_read(struct cw_hold *h, const char *bytes, size_t n,
		  time_ms oldest);

#endif
