/* Everything that is known: one door in (store_apply), const everywhere
 * else. Gaps stay gaps; nothing here reads a clock. */
#ifndef MODEL_STORE_H
#define MODEL_STORE_H

#include "model/batch.h"

struct store;

/* One series. Points rise in time; a time without a point is no data. */
struct series {
	struct labels labels;
	uint32_t question;
	enum status_class class;  /* of its status label */
	double le;                /* bucket bound in seconds, or NAN */
	size_t nr, cap;
	time_ms *t;
	double *v;
	const struct histogram **h; /* native; then v is NULL */
	time_ms now_t;            /* the newest instant, or TIME_NONE */
	double now_v;
	const struct histogram *now_h;
};

/* The moment of which a question was last answered with instants, also with
 * none; TIME_NONE: never. `src` is the store's. */
struct store_source;
time_ms store_answered(const struct store_source *src, uint32_t question);

/* A service and its series by role, in the order of their labels. */
struct service {
	const char *name;
	const struct service_def *def;
	const struct shape *shape;
	const struct store_source *source;
	size_t nr[RED_ROLES];
	struct series **series[RED_ROLES];
	/* private to the store */
	size_t cap[RED_ROLES];
};

/* One of several endpoints, and what became of its requests. */
struct store_endpoint {
	const char *url;
	enum circuit circuit;
	int64_t latency_us;       /* recent mean; -1: not known */
	unsigned in_flight;       /* at once at most, of the newest poll */
	uint64_t attempts, failures; /* since the start */
	struct source_attempt last;  /* the newest; at is TIME_NONE: none */
	struct source_attempt failed;/* the newest that failed, likewise */
};

/* Of each source this many attempts are kept, of all its endpoints. */
#define STORE_ATTEMPTS 16

struct store_source {
	const char *name, *kind, *url; /* kind and url: "" until known */
	enum source_state state;
	enum fault fault;
	const char *error;        /* of the last attempt, or NULL */
	time_ms answered;         /* `at` of the last usable answer, TIME_NONE */
	time_ms tried;            /* of the last attempt */
	time_ms down_since;       /* first failed attempt of the run, TIME_NONE */
	time_ms settled;          /* points newer than this may still change */
	time_ms step;             /* of the charts held */
	time_ms window;           /* of the chart's rates */
	time_ms range_from, range_to; /* what the newest range answers covered */
	unsigned failures;        /* in a row */
	const char *identity;
	int64_t took_us, took_max_us;
	double skew_s;
	uint64_t requests, bytes, body_bytes, retries, dropped;
	time_ms next, period;
	double objective;         /* --objective, 0: none */
	const struct prom_rules *rules;
	const struct catalog *catalog; /* or NULL: not discovered yet */
	size_t nr_warnings, nr_infos;  /* of the newest tick */
	const char *const *warning;
	const char *const *info;
	const char *warned;       /* the newest warning ever, or NULL, */
	time_ms warned_at;        /* and when */
	const char *endpoint;     /* who answers, where there are several */
	size_t nr_endpoints;      /* 0, or two and more */
	const struct store_endpoint *endpoints;
	const char *credentials;  /* or NULL */
	bool priced;              /* cost holds: */
	struct source_cost cost;  /* metrics: since the start */
	bool alarms_known;
	size_t nr_alarms;
	const struct alarm *alarm;
	size_t nr_attempts;       /* the newest, newest first; url: of these */
	struct source_attempt attempt[STORE_ATTEMPTS];
};

/* What the ceilings took: series that found no room (an answer that brings
 * one again counts again), points and events that were let go, the oldest
 * first. */
struct store_losses {
	uint64_t series, points, events;
};

/* `max_bytes` 0: LIMIT_STORE. */
struct store *store_new(size_t max_bytes);
void store_free(struct store *st);

/* Takes in what a batch says; the batch stays the caller's. Rules, in one
 * place: inside from..to the answer of an asked question wins and absence is
 * absence; a point within 1e-12 (relative) of the one held is no change; at
 * the ceiling the oldest points go first; a reset forgets the source's data,
 * not its name; a fault keeps all data. */
void store_apply(struct store *st, const struct batch *b);

/* Grows with every change that could be seen: equal means nothing to draw. */
uint64_t store_generation(const struct store *st);
size_t store_bytes(const struct store *st);
size_t store_points(const struct store *st);
size_t store_series_count(const struct store *st);
const struct store_losses *store_losses(const struct store *st);
/* Series of one source, and their points. O(series). */
size_t store_source_series(const struct store *st,
			   const struct store_source *src, size_t *points);
/* The oldest point held, or TIME_NONE. */
time_ms store_oldest(const struct store *st);

size_t store_sources(const struct store *st, const struct store_source *const **out);
const struct store_source *store_source(const struct store *st, const char *name);
/* Declares a source before its first answer, so that the header has it. */
void store_declare(struct store *st, const char *name, time_ms period);
/* The objective of services that bring none of their own (--objective), for
 * all sources, also later ones. 0: the default. */
void store_objective(struct store *st, double objective);
/* Re-judges stale and down as time passes without answers (overdue by two
 * intervals). */
void store_clock(struct store *st, time_ms now);

size_t store_services(const struct store *st, const struct service *const **out);
/* What answers the queries of charts: services of no table, one a source and
 * query; their series are those of RED_CHART. */
size_t store_charts(const struct store *st, const struct service *const **out);
/* Resources: services of no table, one a resource; their series are those of
 * RED_USED and RED_LIMIT. */
size_t store_resources(const struct store *st,
		       const struct service *const **out);
/* An objective and all series of its questions, sorted by question, then
 * labels. */
struct store_slo {
	const struct slo_def *def;
	const struct store_source *source;
	size_t index;                /* in the source's catalog */
	size_t nr, cap;
	struct series **series;
};
struct store_threshold {
	const struct threshold_def *def;
	const struct store_source *source;
	size_t index;
	size_t nr, cap;
	struct series **series;
};
size_t store_slos(const struct store *st, const struct store_slo *const **out);
size_t store_thresholds(const struct store *st,
			const struct store_threshold *const **out);
/* The newest comparison that a source brought of a service, or NULL. Borrowed
 * until the next batch. */
const struct change_answer *store_change(const struct store *st,
					 const char *service);
/* Events sorted by time, oldest first. */
size_t store_events(const struct store *st, const struct event *const **out);

/* The value at exactly t, or the instant if it is of t; NAN: no data. */
double series_at(const struct series *s, time_ms t);
const struct histogram *series_histogram_at(const struct series *s, time_ms t);
/* The number of points with t < from: where a walk begins. */
size_t series_lower(const struct series *s, time_ms from);

/* What a chart draws: as many columns as it has dots, each [from + i*span,
 * from + (i+1)*span). min > max: the column has no point. */
struct column {
	double min, max, mean;
	size_t nr;
};
void series_columns(const struct series *s, time_ms from, time_ms span,
		    struct column *out, size_t columns);

#endif
