/* What a service counted in a span of time, from grids of several periods: the
 * finest that knows a moment has the say about it. Pure. */
#ifndef SOURCES_CW_LADDER_H
#define SOURCES_CW_LADDER_H

#include "sources/cw_lines.h"

/* The grids, the finest first: of the rows; of the days that windows look
 * back; of the weeks of a budget. */
enum cw_grid { CW_MINUTES, CW_FIVES, CW_HOURS, CW_GRIDS };

struct cw_ladder {
	struct cw_member member[CW_GRIDS];
	struct cw_lines lines[CW_GRIDS];
	/* Known and judged: [from, to) of each grid; equal: nothing. */
	time_ms from[CW_GRIDS], to[CW_GRIDS];
};

/* `hold` may have NULLs. Every part of the service counts: a grid knows what
 * all of them were asked about, of periods that had ended CW_JUDGED_AFTER
 * before. What is forbidden, or came in part, is not known. */
void cw_ladder_init(struct cw_ladder *l, const struct cw_service *s,
		    const char **key,
		    const struct cw_hold *const hold[CW_GRIDS]);
void cw_ladder_release(struct cw_ladder *l);

/* The end of what is known: the newest of all grids; TIME_NONE. */
time_ms cw_ladder_end(const struct cw_ladder *l);

/* Counts, not rates. `any`: somebody told of requests. */
struct cw_sum {
	double errors, total;
	bool any;
};
/* Of [from, to), in which a period that is cut counts by its share. A part of
 * a service that is CW_WITHIN makes errors of what took longer; requests
 * beside which it is absent are left out. False: a moment of it is not known
 * by periods of at most `longest`. */
bool cw_ladder_sum(struct cw_ladder *l, time_ms from, time_ms to,
		   time_ms longest, struct cw_sum *out);
/* The beginning of the first period within that tells of requests: TIME_NONE
 * where none does. False: as above. */
bool cw_ladder_first(struct cw_ladder *l, time_ms from, time_ms to,
		     time_ms *out);

#endif
