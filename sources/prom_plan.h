/* From a catalog to queries: which questions are asked together, in which
 * order and words; and what a version label tells about deploys. Pure. */
#ifndef SOURCES_PROM_PLAN_H
#define SOURCES_PROM_PLAN_H

#include "model/batch.h"

/* One question, its window written in. */
struct prom_item {
	uint32_t id;
	char *text;
	double series;      /* expected of its answer */
};

/* Questions that go as one query. */
struct prom_pack {
	struct prom_item *item;
	size_t nr, cap;
	size_t bytes;       /* of their texts */
	double answer;      /* expected bytes */
	time_ms window;     /* of their rates; 0: none has one */
	/* Restricted to the visible services: their label, and its values,
	 * both the catalog's; else NULL. */
	const char *label;
	const char **only;
	size_t nr_only;
};

struct prom_plan {
	struct prom_pack *pack;
	size_t nr, cap;
};

struct prom_plan_ask {
	const struct catalog *catalog;
	const char *const *visible; /* names, ends in NULL; NULL: all */
	time_ms step;               /* of a range; 0: instants */
	time_ms span;               /* to - from of a range */
	time_ms reach;              /* of the whole range, of which this may be
				       the tail: by it is judged whether only
				       visible rows are asked, so that a tail
				       never goes on where no past is held */
	time_ms grid;               /* of the charts on the screen, also for
				       instants: $__interval */
	time_ms range;              /* $__range */
};

/* Appends the packs, the ones that rows wait for first. */
void prom_plan(struct prom_plan *plan, const struct prom_plan_ask *ask);
/* Appends what tells the routes of one service apart, by its name: instants,
 * one pack unless it is too long a query, restricted to that service. Nothing
 * where it is not known. */
void prom_plan_routes(struct prom_plan *plan, const struct catalog *c,
		      const char *name);
void prom_plan_release(struct prom_plan *plan);
void prom_pack_release(struct prom_pack *pack);
/* The query: several questions are tagged and joined with `or`. */
void prom_pack_query(const struct prom_pack *pack, struct buf *out);
struct prom_pack prom_pack_copy(const struct prom_pack *pack);
/* Moves the second half out. */
struct prom_pack prom_pack_split(struct prom_pack *pack);

/* Deploys seen by a range answer of RED_VERSION questions: a version of a
 * service appears while another was there one step before. Added to the
 * batch's events. The same points give the same events. */
void prom_deploys(struct batch *b, const struct catalog *catalog);

/* Seconds with at most three decimals, exact: 1795486930.41 */
void prom_seconds(time_ms t, struct buf *out);

#endif
