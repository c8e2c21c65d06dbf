/* The answer about one service's routes, bounded so that what is held of a
 * route is whole: a percentile of half its buckets would be a wrong one. */
#ifndef SOURCES_PROM_ROUTES_H
#define SOURCES_PROM_ROUTES_H

#include "model/batch.h"

/* Series of each question that are kept: under LIMIT_BUCKETS, since routes
 * come and go. */
#define PROM_ROUTES_SERIES ((size_t)750)

/* Keeps the busiest routes, in their order: at most `max` series of each
 * question. `status` is the label of that, or NULL. Returns how many routes
 * were left out. */
size_t prom_routes_bound(struct frame *frame, size_t *nr, const char *status,
			 size_t max);

#endif
