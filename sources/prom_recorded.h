/* Objectives whose rules somebody runs on the server already: what Sloth's
 * rules record tells them without any file. Pure.
 * https://sloth.dev/introduction/architecture/ (the recorded series). */
#ifndef SOURCES_PROM_RECORDED_H
#define SOURCES_PROM_RECORDED_H

#include "model/batch.h"

/* The name that says that there are some. */
#define PROM_RECORDED_NAME "slo:sli_error:ratio_rate5m"
/* Asks for objectives, periods and the newest ratios, as one query. `match` is
 * --match, or NULL. */
void prom_recorded_ask(const char *match, struct buf *out);

struct prom_recorded;
struct prom_recorded *prom_recorded_new(void);
void prom_recorded_free(struct prom_recorded *r);
/* A series of the answer. */
void prom_recorded_take(struct prom_recorded *r, const struct frame *f);
/* Their definitions, sorted by id, in the arena: read from what is recorded and
 * from nothing else. Those of which no objective is known are left out. */
const struct slo_def *prom_recorded_slos(const struct prom_recorded *r,
					 struct arena *a, size_t *nr);

#endif
