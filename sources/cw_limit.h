/* Thresholds of a file that name a metric of CloudWatch: which of its
 * dimension sets are asked, at which period, and the answers. Pure. */
#ifndef SOURCES_CW_LIMIT_H
#define SOURCES_CW_LIMIT_H

#include "model/source.h"
#include "sources/cw_lines.h"

#define CW_LIMIT_SETS ((size_t)20)  /* of one threshold; further ones are
				       left out, which is said */
#define CW_LIMIT_GRIDS 4            /* different periods; as well */

struct cw_limit {
	const struct threshold_def *def; /* borrowed */
	size_t index;                /* of the catalog */
	int grid;                    /* of its period */
	/* A part a set, those of one dimension first; in the metric's unit. */
	const struct cw_service *service;
	const char **key;
	const struct labels *labels; /* of each part: its dimensions */
	const struct cw_hold *hold;  /* set by who holds it */
};

struct cw_limits {
	size_t nr;
	struct cw_limit *of;         /* that can be answered */
	size_t nr_notes;
	const char **note;           /* why others, or other sets, cannot be */
	int nr_grids;
	time_ms period[CW_LIMIT_GRIDS], reach[CW_LIMIT_GRIDS];
};

/* The listing that threshold i takes: false where it takes none, or one before
 * takes the same. In the arena. */
bool cw_limit_ask(const struct threshold_def *def, size_t i, struct arena *a,
		  struct cw_ask *out);
/* Of what was listed (sorted). In the arena. */
void cw_limits_find(struct cw_limits *out, const struct cw_metrics *m,
		    const struct threshold_def *def, size_t nr,
		    struct arena *a);

/* The values of the periods that last, into a batch of instants. */
void cw_limits_now(const struct cw_limits *l, time_ms at, struct batch *b);
/* The points of one threshold, if there are newer ones than `told`. Returns the
 * end of the last period, TIME_NONE where there is nothing new. */
time_ms cw_limit_points(const struct cw_limit *l, time_ms at, time_ms told,
			struct batch *b);

#endif
