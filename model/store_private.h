/* The store from inside, shared by the files that make it: store.c (the door,
 * events, the ceiling), series.c (points), origin.c (a source's catalog,
 * services and questions), origin_state.c (what a source says of itself). */
#ifndef MODEL_STORE_PRIVATE_H
#define MODEL_STORE_PRIVATE_H

#include "base/limits.h"
#include "model/intern.h"
#include "model/store.h"

/* What a point costs, of either kind: values and pointers to histograms are
 * of one size. */
#define POINT_BYTES (sizeof(time_ms) + sizeof(double))
_Static_assert(sizeof(double) >= sizeof(void *), "POINT_BYTES is too small");

/* A series and what only the store knows of it. `s` is the first field: the
 * series of the public structs are those of helds. */
struct held {
	struct series s;
	struct service *service; /* NULL: of an own question */
	bool there;    /* in its newest instant, where it may be NAN (0/0) */
	uint64_t hash; /* of its labels */
	uint64_t seen; /* the batch that last spoke of it */
};

/* Series of own questions: those of one objective or threshold, sorted by
 * question, then labels. */
struct shelf {
	size_t *nr, *cap;
	struct series ***series;
};

/* A comparison of a service. */
struct change_kept {
	const struct origin *from;
	struct arena arena;
	const struct change_answer *answer;
};

/* All series of one question. */
struct answer {
	uint32_t id;
	time_ms at;        /* the moment of its newest instants, TIME_NONE */
	time_ms ranged;    /* of an own one: the end of its newest range */
	size_t nr, cap;
	struct held **held;
	size_t nr_slots;   /* a power of two, at least twice nr, or 0 */
	struct held **slot;/* by hash; the next free one on a clash */
};

struct origin {
	struct store_source pub;
	char *name, *error, *identity, *kind, *url, *warned;
	struct arena catalog_arena, notes_arena;
	char *endpoint;               /* who answers */
	char *credentials;
	struct arena cost_arena, alarms_arena;
	struct store_endpoint *ends;  /* nr_endpoints of pub; own their urls */
	struct catalog catalog;
	size_t nr_services;
	struct service *service;      /* the catalog's, in its order */
	struct service **by_value;    /* sorted by shape and value */
	size_t nr_slos, nr_thresholds;
	struct store_slo *slo;        /* the catalog's, in its order */
	struct store_threshold *threshold;
	size_t nr_answers, cap_answers;
	struct answer *answer;        /* sorted by id */
	/* of the poll under way */
	enum fault poll_fault;
	bool poll_answered, poll_partial;
	bool notes_old;
	uint64_t notes_hash; /* of the poll before */
};

struct store {
	size_t max, bytes, points, nr_series;
	double objective;
	uint64_t generation, epoch;
	struct store_losses lost;
	struct intern text;
	size_t nr_origins, cap_origins;
	struct origin **origin;
	const struct store_source **pub_sources;
	size_t nr_services, nr_charts, nr_resources; /* one after the other */
	const struct service **services;
	size_t nr_slos, nr_thresholds;
	const struct store_slo **slos;
	const struct store_threshold **thresholds;
	size_t nr_changes;
	struct change_kept *change[LIMIT_CHANGES]; /* the oldest first */
	size_t nr_events, cap_events;
	struct event **event;
};

/* store.c: the end of the newest range that answered an own question, also
 * with nothing; TIME_NONE: none. */
time_ms store_ranged(const struct store_source *src, uint32_t question);

/* series.c */
size_t points_histogram_bytes(const struct histogram *h);
void points_drop(struct store *st, struct series *s, size_t i);
void points_resize(struct store *st, struct series *s, size_t cap, bool native);
size_t series_upper(const struct series *s, time_ms to);
void points_cut(struct store *st, struct series *s, size_t a, size_t b);
void points_upsert(struct store *st, struct series *s, const struct frame *f,
		   time_ms from, time_ms to);
void points_set_now(struct store *st, struct series *s, time_ms at, double v,
		    const struct histogram *h);
/* The newest instant has it, perhaps as NAN. */
static inline bool series_is_there(const struct series *s)
{
	return ((const struct held *)s)->there;
}

/* origin.c */
bool store_text_equal(const char *a, const char *b);
const struct shape *catalog_shape(const struct catalog *c, uint32_t id);
void held_free(struct store *st, struct held *h);
void services_clear(struct origin *o);
void services_publish(struct store *st);
void held_detach(struct origin *o, struct held *h);
/* What of a question means anything is known: it can be kept. */
bool origin_knows(const struct origin *o, uint32_t question);
/* Where the series of a known own question stand. */
struct shelf origin_shelf(const struct origin *o, uint32_t question);
/* True if there is a service that is asked with the words of this shape. */
bool origin_has_shape(const struct origin *o, uint32_t shape);
struct answer *answer_find(struct origin *o, uint32_t id, bool make);
void answer_index(struct answer *a, size_t nr_slots);
struct held *held_find(struct store *st, struct origin *o,
			      struct answer *a, const struct frame *f,
			      size_t hint);
void answers_clear(struct store *st, struct origin *o);
void catalog_apply(struct store *st, struct origin *o,
			  const struct catalog *c);

/* origin_state.c */
void origin_set_text(struct store *st, char **to, const char **pub,
		     const char *text);
void origin_status(struct store *st, struct origin *o,
			 const struct source_status *s);
void origin_endpoints_clear(struct origin *o);
void origin_cost_clear(struct origin *o);
void origin_alarms_clear(struct origin *o);
void origin_alarms(struct store *st, struct origin *o, const struct batch *b);
void origin_notes(struct store *st, struct origin *o,
			const struct batch *b);
void origin_end_poll(struct store *st, struct origin *o, time_ms at);
void origin_outcome(struct store *st, struct origin *o,
			 const struct batch *b);

/* store.c */
void store_source_event(struct store *st, const struct origin *o, time_ms at,
			 enum severity severity, const char *text);

#endif
