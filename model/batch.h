/* What one answer brought. A batch is the only door into the store: a
 * recording is a file of batches, a replay is a source of them, and a failed
 * poll is a batch too. */
#ifndef MODEL_BATCH_H
#define MODEL_BATCH_H

#include "base/arena.h"
#include "base/clock.h"
#include "model/catalog.h"
#include "model/histogram.h"
#include "model/labels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault {
	FAULT_NONE,
	FAULT_NAME,      /* host name not found */
	FAULT_REFUSED,   /* connection refused */
	FAULT_TIMEOUT,   /* no answer within the deadline */
	FAULT_TLS,
	FAULT_NETWORK,   /* reset, truncated, unreachable */
	FAULT_AUTH,      /* 401, 403, a login page */
	FAULT_THROTTLED, /* 429 */
	FAULT_BAD_QUERY, /* the server did not like the question */
	FAULT_BAD_ANSWER,/* not JSON, not complete, not what was asked */
	FAULT_NOT_API,   /* a web page or another kind of server */
	FAULT_REDIRECT,
	FAULT_STARTING,  /* 503 while it replays its log */
	FAULT_SERVER,    /* 5xx */
	FAULT_TOO_BIG,   /* beyond a ceiling of ours or of the server */
	FAULT_CANCELLED, /* by us: never shown, never recorded */
	FAULT_FILE,      /* a recording that cannot be read */
	FAULT_NR
};
const char *fault_name(enum fault f); /* "refused", ... for the net page */

/* CONTRACTS' states of a source. */
enum source_state {
	SOURCE_ASKING, /* nothing came yet and nothing failed */
	SOURCE_UP, SOURCE_PARTIAL, SOURCE_STALE, SOURCE_DOWN, SOURCE_AUTH,
	SOURCE_THROTTLED
};
const char *source_state_name(enum source_state s);

/* One series' piece of an answer. */
struct frame {
	uint32_t question;        /* question_id() */
	struct labels labels;
	size_t nr;
	const time_ms *t;         /* rising, inside from..to */
	const double *v;          /* or, for native histograms, NULL and: */
	const struct histogram *h;/* nr of them */
};

enum event_kind {
	EVENT_DEPLOY, EVENT_RESTART, EVENT_CONFIG, EVENT_TRAFFIC, EVENT_SOURCE,
	EVENT_THRESHOLD, EVENT_SLO, EVENT_ALARM, EVENT_GAP, EVENT_NOTE,
	EVENT_KINDS
};
const char *event_kind_name(enum event_kind k);
enum severity { SEVERITY_INFO, SEVERITY_WARN, SEVERITY_CRIT };
const char *severity_name(enum severity s);

struct event {
	time_ms at;
	time_ms until;       /* TIME_NONE: a moment */
	enum event_kind kind;
	enum severity severity;
	const char *service; /* or NULL */
	const char *text;    /* one clean line, without the service's name */
	const char *tag;     /* short: "v842", for the axis; or NULL */
};

/* Whether one of several endpoints is asked. Open: not until a while has
 * passed; half open: one probe is on its way. */
enum circuit { CIRCUIT_CLOSED, CIRCUIT_OPEN, CIRCUIT_HALF_OPEN, CIRCUIT_NR };
const char *circuit_name(enum circuit c);

/* One request to one of several endpoints, and how it ended. */
struct source_attempt {
	const char *url;      /* as shown */
	enum fault fault;
	int64_t took_us;
	time_ms at;           /* its end, server's clock */
};

/* One of several endpoints of the same data. */
struct source_endpoint {
	const char *url;
	enum circuit circuit;
	int64_t latency_us;   /* recent mean; -1: not known */
	unsigned in_flight;   /* at once at most, since the batch before */
};

/* What asking costs, in US dollars at the list price. */
struct source_cost {
	uint64_t metrics;     /* asked for since the batch before */
	double usd_per_hour;  /* of what is asked regularly now */
	double usd_today;     /* since 00:00 UTC, all viewers of the cache */
	double usd_max;       /* a day; 0: no limit */
	const char *saving;   /* what the limit does now, for people; NULL */
	size_t nr_parts;      /* by namespace, the dearest first */
	const struct cost_part {
		const char *name; /* "ApplicationELB" */
		unsigned metrics; /* in one poll */
		double usd_per_hour;
	} *part;
};

/* A monitor's alarm, as its owner judges it: never recomputed here. */
enum alarm_state { ALARM_OK, ALARM_PENDING, ALARM_FIRING, ALARM_ALARM,
		   ALARM_INSUFFICIENT, ALARM_STATES };
const char *alarm_state_name(enum alarm_state s); /* as CONTRACTS writes */
struct alarm {
	const char *name;
	enum alarm_state state;
	time_ms since;        /* of its last change of state, or TIME_NONE */
	const char *reason;   /* one clean line, or NULL */
};

/* Two spans of a service that are compared. */
struct change_want {
	const char *service;  /* its name */
	time_ms before_from, before_to, during_from, during_to;
	/* Slow is slower than this bucket's bound, in seconds and as its `le`
	 * is written; NAN and NULL: durations are not compared. */
	double slow_over;
	const char *slow_le;
};

/* One value of one label, counted in both: [0] before, [1] during. Counts are
 * over the whole span; NAN: not known. `slow`: slower than the answer's
 * `slow_over`. */
struct change_count {
	const char *label, *value;
	double requests[2], errors[2], slow[2];
	double p99[2];        /* seconds */
};

/* What a source counted for it, and what it saw happen. */
struct change_answer {
	struct change_want want;  /* what is compared */
	unsigned queries;     /* requests that it took, beside all others */
	double slow_over;     /* seconds; NAN: nothing is known of durations */
	/* The service as a whole; label and value are "". */
	struct change_count all;
	size_t nr;            /* values of labels with at least two, or one
				 that is new or gone */
	const struct change_count *count;
	size_t nr_events;     /* beside the batch's: restarts, reloads,
				 versions, instances, traffic */
	const struct event *event;
	size_t nr_notes;      /* what was looked at and is unchanged ("traffic
				 +1%"), and what is not known */
	const char *const *note;
	const char *fault;    /* why there is less than that, or NULL */
	/* The rate at the same time last week, a second; NAN: no history. */
	double rate_last_week;
};

/* What the source says about itself with this answer. */
struct source_status {
	const char *kind;     /* "prometheus", "demo"... or NULL: unchanged */
	const char *url;      /* without userinfo, or NULL: unchanged */
	const char *identity; /* "Prometheus 2.42.0", or NULL: not known yet */
	int64_t took_us;      /* of the newest round trip */
	double skew_s;        /* server's clock minus ours; NAN: not known */
	unsigned requests;    /* sent since the batch before, */
	uint64_t bytes;       /* bytes of answers, as they came over the wire */
	uint64_t body_bytes;  /* and after decompression */
	unsigned retries;
	unsigned dropped;     /* points, series dropped at a ceiling or because
				 they were outside from..to, repeated, going back */
	time_ms next;         /* when it is asked again, or TIME_NONE */
	time_ms period;       /* its poll period */
	/* CONTRACTS' `credentials`: "imds", "profile:ops"; NULL: has none. */
	const char *credentials;
	const struct source_cost *cost; /* NULL: asking costs nothing */
	/* Of a source with several endpoints only: who answers, all of them
	 * in the order they were given, and what was tried since the batch
	 * before, oldest first. */
	const char *endpoint;
	size_t nr_endpoints, nr_attempts;
	const struct source_endpoint *endpoints;
	const struct source_attempt *attempt;
};

struct batch {
	struct arena arena;  /* owns everything below but `source` */
	const char *source;  /* the source's name; borrowed, or in the arena;
				NULL until source_emit(): then its own name */
	time_ms at;          /* the moment the poll is about, server's clock */

	/* Instant: the frames have one point each, at `at` or, from a source
	 * that counts whole periods, at the end of the newest one, and replace
	 * the `now` of every series of the asked questions. Else a range: inside
	 * from..to the answer wins, absence means "no data", and points newer
	 * than `settled` may still change (drawn dimmed, never alarm). */
	bool instant;
	time_ms from, to, step, settled;
	time_ms window;      /* that stood for $__rate_interval */
	size_t nr_asked;     /* questions this answers, whole */
	const uint32_t *asked;
	const char *only;    /* if not NULL: asked for this service value alone,
				so absence says nothing about the others */

	bool reset;          /* forget all of this source first (replay seeks) */
	bool tick;           /* the last batch of a poll: a moment that can be
				shown, recorded and sought */
	enum fault fault;
	const char *error;   /* one clean sentence, at most LIMIT_SENTENCE; NULL
				exactly with FAULT_NONE */
	bool partial;        /* warnings, ceilings: numbers are marked ~ */
	size_t nr_warnings, nr_infos;
	const char *const *warning;
	const char *const *info; /* about the query, never partial */

	const struct source_status *status;   /* or NULL: unchanged */
	const struct catalog *catalog;        /* or NULL: unchanged */
	size_t nr_events;
	const struct event *event;
	const struct change_answer *change;   /* or NULL: unchanged */
	bool alarms;         /* all alarms of the source are these: */
	size_t nr_alarms;
	const struct alarm *alarm;
	size_t nr;
	const struct frame *frame;
};

/* A batch on the heap with an empty arena (ceiling `max`, 0 = none). */
struct batch *batch_new(size_t max);
void batch_free(struct batch *b);
/* For tests and `tests/decode`: the batch as text, one line a fact. */
struct buf;
void batch_print(const struct batch *b, struct buf *out);

#endif
