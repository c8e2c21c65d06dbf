/* What the exporters of a Prometheus tell about resources: hosts, pools,
 * databases, caches, open files. Found like services, by the names of their
 * metrics; what is used of how much stands in `saturation`. Pure. */
#ifndef SOURCES_PROM_RESOURCES_H
#define SOURCES_PROM_RESOURCES_H

#include "model/batch.h"

/* Ids of their shapes: behind all that are found for services, before those of
 * PROM_MANUAL_ID. A kind of resource has the same id always. */
#define PROM_RESOURCE_ID 500000u

struct prom_resources;
/* `match` is --match or NULL; borrowed until free. */
struct prom_resources *prom_resources_new(const char *match);
void prom_resources_free(struct prom_resources *r);
/* The names that matter as a regexp. */
void prom_resources_names(struct buf *out);
/* The name of a metric that is there. */
void prom_resources_name(struct prom_resources *r, const char *name);
/* What to ask when all names are known: tagged instants (sources/prom_parse.h),
 * none longer than LIMIT_QUERY. i counts from 0, false: no more of it. `out` is
 * cleared. */
bool prom_resources_ask(const struct prom_resources *r, size_t i,
			struct buf *out);
/* A series of an answer. */
void prom_resources_take(struct prom_resources *r, const struct frame *f);
/* A question was not answered: what is known stays. */
void prom_resources_failed(struct prom_resources *r);
/* The catalog and the resources behind its services, in the arena; itself where
 * there are none. At most LIMIT_RESOURCES, and as many as leave `room` for
 * other services; that there are more is said in its note. `before` (may be
 * NULL): the catalog that holds until now. */
const struct catalog *prom_resources_add(struct prom_resources *r,
					 const struct catalog *found,
					 const struct catalog *before,
					 size_t room, struct arena *a);
/* Of all services of a catalog those that are none of these. */
size_t prom_resources_without(const struct catalog *c);

#endif
