/* Objectives that name a service and no query: worded from what discovery
 * found of that service. And those that nobody wrote: availability of every
 * found service, one for all that are asked with the same words. Pure. */
#ifndef SOURCES_PROM_DERIVE_H
#define SOURCES_PROM_DERIVE_H

#include "model/source.h"

struct prom_recorded; /* sources/prom_recorded.h */

/* The file's objectives in their order, the derived ones worded where their
 * service is in the catalog; then those that are recorded on the server (may be
 * NULL) and no file has; then the implicit ones. In the arena. */
const struct slo_def *prom_derive(const struct catalog *c,
				  const struct source_options *o,
				  const struct prom_recorded *recorded,
				  struct arena *a, size_t *nr);

#endif
