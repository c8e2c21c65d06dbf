/* The demo's answers to what objectives and thresholds ask: windows, periods
 * and cells, as a server would give them, in batches of their own. */
#ifndef SOURCES_DEMO_OWN_H
#define SOURCES_DEMO_OWN_H

#include "model/source.h"
#include "sources/demo_story.h"

struct demo_own;
/* The shop's own objectives, then those of `o` (one of an equal id stands in
 * place of the shop's own), and its thresholds. Borrows both. */
struct demo_own *demo_own_new(const struct story *st,
			      const struct source_options *o);
void demo_own_free(struct demo_own *own);
/* Adds them to a copy of the shop's catalog, which the batch owns. */
void demo_own_catalog(const struct demo_own *own, struct batch *b);

/* Emits what is new at `at`. from..to (of the want's step) are those points of
 * the charts that the rows' charts get now; from > to: none.
 *
 * A threshold's query that is about a resource is answered, another one has no
 * data. Windows are counted at multiples of 30 s, all objectives at once, so
 * that a recorded tick stays small; of checkout 5 m and 1 h at every poll. Cells
 * come once, then those that are new, or that were still the story when they
 * were told. */
void demo_own_emit(struct demo_own *own, struct source *src,
		   const struct want *w, time_ms at, time_ms from, time_ms to);

#endif
