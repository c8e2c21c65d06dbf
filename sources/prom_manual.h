/* What a dashboard file adds to what was found: services by hand and the
 * queries of charts, as shapes of the catalog. Pure. */
#ifndef SOURCES_PROM_MANUAL_H
#define SOURCES_PROM_MANUAL_H

#include "model/source.h"

/* Ids of such shapes begin here: those that are found never reach it. */
#define PROM_MANUAL_ID 1000000u

struct prom_recorded; /* sources/prom_recorded.h */

/* The catalog with them and with objectives (prom_derive), in the arena; found services of the same name as one
 * by hand are left out. */
const struct catalog *prom_manual(const struct catalog *found,
				  const struct source_options *o,
				  const struct prom_recorded *recorded,
				  struct arena *a);
/* A catalog without the shapes of them and of resources (its arrays are the
 * other's); NULL for NULL. */
const struct catalog *prom_manual_without(const struct catalog *c,
					  struct catalog *room);

/* A chart's query with its words replaced, as Grafana computes them:
 * $__interval (step), $__rate_interval (the larger of step + scrape interval
 * and four of those), $__range; also $__interval_ms, $__range_s, $__range_ms
 * and each in ${braces}. */
void prom_chart_query(const char *query, time_ms step, time_ms scrape,
		      time_ms range, struct buf *out);

#endif
