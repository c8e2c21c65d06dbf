/* Where batches come from. A kind knows how its data is asked for; the core
 * (app/) knows when. */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

#include "base/err.h"
#include "model/batch.h"

struct uv_loop_s;
struct source;

/* What the dashboard needs from a source now. The strings are borrowed until
 * source_end(). */
struct want {
	time_ms at;      /* TIME_NONE: the source's own now */
	time_ms back;    /* how far the charts reach back from `at` */
	time_ms near;    /* the same, of panels alone: what is beyond is nice to
			    have; 0: `back` */
	time_ms step;    /* of the charts; from and to are multiples of it */
	time_ms range;   /* that the person chose: `$__range`; 0: `back` */
	bool charts;     /* false: only the rows are needed (a status line) */
	bool whole;      /* ask the whole range again, not only its tail */
	bool hurry;      /* a key waits for it: the reserved slot may be used */
	const char *selected;        /* name of the selected service, or "" */
	bool details;    /* its page is open: RED_ROUTES of it are wanted */
	const char *const *visible;  /* rows on the screen, ends in NULL; NULL:
					all (headless) */
	time_ms deadline;/* milliseconds this poll may take; 0: the source's */
	bool probe;      /* the server itself shall answer something, however
			    fresh what others have asked is */
	bool slos;       /* objectives: all their windows, the period's cells */
	bool implied;    /* also those that nobody promised */
	bool only_slos;  /* objectives and thresholds, and nothing else: no
			    discovery, no rows (redtop check) */
	const struct change_want *change; /* compare this, or NULL */
	bool paging;     /* a service pages now: nothing is saved at its cost */
};

/* How the next of several endpoints is chosen. */
enum endpoint_policy { POLICY_LEAST_LOADED, POLICY_ROUND_ROBIN, POLICY_RANDOM };

struct http_config; /* sources/http_config.h */

/* A service that a person wrote: queries with `$__rate_interval`. */
struct manual_service {
	const char *name;
	enum layer layer;
	const char *rate;       /* requests a second */
	const char *errors;     /* failed ones a second, or NULL */
	const char *buckets;    /* bucket rates by le in seconds, or NULL */
};

struct source_options {
	/* The other endpoints of the same data, beside the one of open(), ends
	 * in NULL; or NULL. Borrowed while the source lives. */
	const char *const *urls;
	enum endpoint_policy policy;
	/* Credentials and transport, or NULL: none. Borrowed likewise. */
	const struct http_config *http;
	/* Services by hand, in place of found ones of the same name, and the
	 * queries of charts ($__interval, $__rate_interval, $__range, as
	 * Grafana has them). Borrowed likewise. */
	const struct manual_service *manual;
	size_t nr_manual;
	const char *const *chart;
	size_t nr_charts;
	/* Objectives and thresholds of files; where they are in the catalog
	 * they keep this order. Borrowed likewise. */
	const struct slo_def *slo;
	size_t nr_slos;
	const struct threshold_def *threshold;
	size_t nr_thresholds;
	const char *pack;       /* name of the thresholds' file, or NULL */
	const char *match;      /* '{namespace="shop"}' or NULL */
	time_ms timeout;        /* of one request */
	time_ms period;         /* of polls, 0: the source's own */
	double objective;       /* 0: none given */
	bool follow;            /* a recording: wait for more at its end */
	/* Of AWS: --region, --profile, or NULL; what a day may cost, 0: the
	 * default, below 0: no limit. Borrowed likewise. */
	const char *region, *profile;
	double max_usd;
};

/* The kind's functions are called on the loop only. */
struct source_ops {
	const char *name, *help;
	size_t state_size;      /* the core allocates, zeroed, and frees */

	/* Checks `where`; no I/O. -1 with a sentence. */
	int (*open)(struct source *src, const char *where, struct err *e);
	/* Asks. Any number of batches go to source_emit(); then exactly one
	 * source_end(), later or at once. Never called while one is under way. */
	void (*poll)(struct source *src, const struct want *w);
	/* Ends a poll early: source_end() follows soon (emitted batches may be
	 * FAULT_CANCELLED). Harmless without one. */
	void (*cancel)(struct source *src);
	/* Closes handles, then calls source_closed(). No poll is under way. */
	void (*close)(struct source *src);
};

struct source {
	const struct source_ops *ops;
	void *state;            /* ops->state_size bytes */
	struct uv_loop_s *loop;
	char *name;             /* as in JSON: "prom", "prom-2", "demo" */
	char *url;              /* without userinfo; or the path; or "" */
	struct source_options opt;
	time_ms period;         /* its own poll period, set by open or later */
	time_ms newest, oldest; /* what it can show: a recording's ends, or
				   TIME_NONE */
	time_ms interval;       /* finest useful chart step; 0: unknown */
	time_ms wait;           /* the server asked, in the newest poll, to be
				   left alone so long (Retry-After); 0: no */
	time_ms (*wall)(void);  /* the wall clock, or NULL: the system's */

	void (*sink)(struct source *src, struct batch *b, void *arg);
	void (*ended)(struct source *src, void *arg);
	void (*closed)(struct source *src, void *arg);
	void *arg;
};

/* The sink takes the batch (frees it). */
void source_emit(struct source *src, struct batch *b);
void source_end(struct source *src);
void source_closed(struct source *src);

#endif
