/* From what is held to what is shown: the catalog and the batches of a poll.
 * A point of a chart, and a row, stand at the END of the period that they are
 * about, as a rate of Prometheus does; CloudWatch's own timestamps are the
 * beginnings. Pure. */
#ifndef SOURCES_CW_ROWS_H
#define SOURCES_CW_ROWS_H

#include "sources/cw_lines.h"

struct cw_axis {
	time_ms judged;              /* no row is about a later end */
	time_ms oldest;              /* nor an earlier one */
	time_ms settled;             /* points after it may still change */
	time_ms window;              /* of a row: one period of `rows` */
	/* The charts' ends of periods, from..to, multiples of step; step 0:
	 * none. */
	time_ms from, to, step;
};

/* Notes name what is forbidden. Everything is in the arena. */
const struct catalog *cw_rows_catalog(const struct cw_member *m, size_t nr,
				      time_ms window, int requests,
				      int families, int unknown,
				      struct arena *a);
/* Instants: every service's newest judged period that says something; nothing
 * for one that had none, or that was busy and has gone silent. */
void cw_rows_now(const struct cw_member *m, size_t nr,
		 const struct cw_axis *x, struct batch *b);
/* The charts' points. */
void cw_rows_range(const struct cw_member *m, size_t nr,
		   const struct cw_axis *x, struct batch *b);
/* Whether a service burns so fast in both windows that it would page. */
bool cw_rows_page(const struct batch *now, double objective);

#endif
