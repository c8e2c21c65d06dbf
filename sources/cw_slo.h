/* Objectives of a file that name a service of CloudWatch: what is asked for
 * them, what the catalog says of them, and the answers to their questions. Pure.
 * The short windows come of the rows' minutes. What reaches further comes of
 * two coarse grids, which are asked seldom: minutes fill what they lack. */
#ifndef SOURCES_CW_SLO_H
#define SOURCES_CW_SLO_H

#include "model/source.h"
#include "sources/cw_ladder.h"
#include "sources/cw_rows.h"

struct cw_slo {
	const struct slo_def *def;   /* borrowed */
	size_t index;                /* of the catalog */
	const struct cw_service *service; /* requests, what is bad of them */
	const char **key;            /* of its parts */
	const struct cw_hold *hold[CW_GRIDS]; /* set by who holds them */
	/* Cells of its period, and the period that they are made of; 0: none
	 * can be. */
	time_ms cell, made_of;
};

struct cw_slos {
	size_t nr;
	struct cw_slo *of;           /* that can be answered */
	size_t nr_notes;
	const char **note;           /* why others cannot be */
	/* How far back the coarse grids reach; 0: not needed. */
	time_ms reach[CW_GRIDS];
};

/* In the arena. What names no service of these is nobody's fault: another
 * source may know it. */
void cw_slos_find(struct cw_slos *out, const struct cw_found *f,
		  const struct slo_def *def, size_t nr, struct arena *a);
/* Whether a grid is asked about it; of minutes: beyond what rows need. */
bool cw_slo_asks(const struct cw_slo *s, enum cw_grid g);

/* With all objectives and thresholds of the options, in their order, worded
 * where they can be answered. */
const struct catalog *cw_slos_catalog(const struct catalog *c,
				      const struct cw_slos *s,
				      const struct source_options *o,
				      struct arena *a);

/* Instants: windows, the period, its first data. Not asked is what is not
 * known, or older than ten minutes. */
void cw_slos_now(const struct cw_slos *s, time_ms at, time_ms judged,
		 struct batch *b);
/* Windows of 5 m and 1 h on the charts' points. */
void cw_slos_range(const struct cw_slos *s, const struct cw_axis *x,
		   struct batch *b);
/* The cells of one objective that end after `told` (TIME_NONE: all of its
 * period), as far as they are known. Returns the end of the last one, TIME_NONE
 * where there is none. */
time_ms cw_slo_cells(const struct cw_slo *s, time_ms at, time_ms judged,
		     time_ms told, struct batch *b);

#endif
