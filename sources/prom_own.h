/* The questions of objectives and thresholds: which are due, in which words,
 * at which moments. Pure. An instant over a long window is asked the less often
 * the longer it is; points of whole periods once each. */
#ifndef SOURCES_PROM_OWN_H
#define SOURCES_PROM_OWN_H

#include "sources/interval.h"
#include "sources/prom_plan.h"

/* When a question was answered last. */
struct prom_due {
	size_t nr, cap;
	struct prom_answered_at {
		uint32_t id;
		bool range;
		time_ms at;      /* of an instant; of a range its end */
	} *of;                   /* sorted by id, then range */
};
void prom_due_clear(struct prom_due *d);
void prom_due_note(struct prom_due *d, uint32_t id, bool range, time_ms at);

struct prom_own_pack {
	struct prom_pack pack;
	bool range;              /* over `when`; else an instant */
	struct range_plan when;
};
struct prom_own {
	struct prom_own_pack *of;
	size_t nr, cap;
};

struct prom_own_ask {
	const struct catalog *catalog;
	time_ms at, period;      /* the moment; between polls */
	bool all;                /* whatever is due, and all of it (one answer,
				    or a moment of the past) */
	bool page;               /* objectives are on the screen */
	bool implied;            /* also those that nobody promised */
	const struct range_plan *chart; /* their burns as a chart, or NULL */
	const struct prom_due *due;
};
/* Appends what is due: what is quick first, what is over weeks last. */
void prom_own_plan(struct prom_own *out, const struct prom_own_ask *ask);
/* An alert is true where its query has an answer, also one that is no number
 * (NAN, which else reads as no data): of those it becomes INFINITY. */
void prom_own_answered(const struct catalog *c, struct batch *b);
/* Packs that were not taken are freed. */
void prom_own_release(struct prom_own *o);

/* How often a window of this length is asked. */
time_ms prom_own_refresh(time_ms span, time_ms period);

/* "errors of checkout-availability over 5m", for sentences. */
void prom_own_name(const struct catalog *c, uint32_t id, struct buf *out);

#endif
