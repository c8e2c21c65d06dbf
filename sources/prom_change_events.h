/* What happened to a service around a change: versions, instances, restarts,
 * reloads. What to ask, and what the answers say. Pure. */
#ifndef SOURCES_PROM_CHANGE_EVENTS_H
#define SOURCES_PROM_CHANGE_EVENTS_H

#include "model/batch.h"
#include "sources/prom_change_words.h"

#define CHANGE_EVENTS 32 /* kept; the oldest go first */

struct change_events {
	struct change_want want;
	const struct shape *shape;
	const char *value;       /* of the shape's label */
	const char *match;       /* --match's inner text, "" for none */
	const struct change_words *words;
	const char *version, *instance; /* labels of its series, or NULL */

	struct arena arena;      /* of the texts */
	size_t nr;
	struct event event[CHANGE_EVENTS];
	bool versions;           /* are known */
	double instances[2];     /* before, during; NAN */
	double processes;        /* whose start is known; NAN */
	double restarted, started; /* how many, the first; NAN */
	double reloads, reloaded;  /* series, the newest time; NAN */
};

/* The borrowed fields are set by the owner before the first question. */
void change_events_init(struct change_events *e, const struct change_want *w);
void change_events_release(struct change_events *e);

/* Queries of tagged questions, appended; nothing where there is nothing to
 * ask. The range's step is written too, and told again with the answer. */
void change_events_ask_range(const struct change_events *e, struct buf *out,
			     time_ms *step);
void change_events_ask_now(const struct change_events *e, struct buf *out);
void change_events_take_range(struct change_events *e, const struct batch *b,
			      time_ms step);
void change_events_take_now(struct change_events *e, const struct batch *b);

/* One more, sorted in. */
void change_events_add(struct change_events *e, enum event_kind kind,
		       enum severity severity, time_ms at, const char *text,
		       const char *tag);
/* What is unchanged, a line each. */
void change_events_notes(const struct change_events *e,
			 void (*note)(void *arg, const char *text), void *arg);

#endif
