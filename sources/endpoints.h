/* Several endpoints of the same data: which one is asked next, how long one
 * may keep a request waiting while others are left, and who is left alone
 * after failures. Pure: times and the seed of chance are arguments; `now` is
 * monotonic, in milliseconds. */
#ifndef SOURCES_ENDPOINTS_H
#define SOURCES_ENDPOINTS_H

#include "base/limits.h"
#include "model/batch.h"
#include "model/source.h"

#define ENDPOINT_OPENS 3 /* failures in a row */

struct endpoint {
	char *url;             /* as given */
	char *shown;           /* for people */
	unsigned in_flight, limit;
	unsigned peak;         /* of in_flight, until somebody sets it anew */
	double latency_us;     /* recent mean of what it took, NAN: unknown */
	double slow_us;        /* the longest recently */
	int64_t connect_us;    /* measured, 0: not yet */
	unsigned failures;     /* in a row */
	time_ms not_before;    /* after a failure it is probed from here on */
	enum circuit circuit;
	enum fault fault;      /* of the last attempt */
	char reason[80];       /* its words, clean */
};

struct endpoints {
	size_t nr;
	struct endpoint at[LIMIT_ENDPOINTS];
	enum endpoint_policy policy;
	size_t turn;           /* of round robin */
	uint64_t seed;
};

/* How an attempt ended. */
struct endpoint_end {
	enum fault fault;
	bool failed;           /* another one may do better */
	int64_t took_us, connect_us; /* connect_us 0: not measured */
	time_ms retry_after;   /* -1: not said */
	const char *reason;    /* clean, or NULL */
};

void endpoints_init(struct endpoints *es, enum endpoint_policy policy,
		    uint64_t seed);
/* Copies both. At most LIMIT_ENDPOINTS of them. */
void endpoints_add(struct endpoints *es, const char *url, const char *shown,
		   unsigned limit);
void endpoints_release(struct endpoints *es);

/* The one to ask next that has no bit in `tried`; among those that do as well,
 * the policy decides. Known and well ones first, then unmeasured ones, then
 * those that failed, then open circuits. -1: all are tried. */
int endpoints_pick(struct endpoints *es, uint64_t tried);
/* Everybody has a bit in `tried`. */
bool endpoints_all(const struct endpoints *es, uint64_t tried);

void endpoint_begin(struct endpoint *e);
void endpoints_end(struct endpoints *es, struct endpoint *e,
		   const struct endpoint_end *end, time_ms now);
/* Whether it should be asked something small now, to learn whether it answers
 * (again). endpoint_probe() says that this is under way. */
bool endpoints_probe_due(const struct endpoints *es, const struct endpoint *e,
			 time_ms now);
void endpoint_probe(struct endpoint *e);

/* For name, connection and TLS: max(100 ms, 3 x what was measured); 2 s where
 * nothing was, or where nobody else is left. */
time_ms endpoints_connect_timeout(const struct endpoints *es,
				  const struct endpoint *e, uint64_t tried);
/* Until an answer begins, once connected: max(500 ms, 3 x the slowest of
 * recent ones). 0 where nobody else is left: the request's own deadline. */
time_ms endpoints_answer_timeout(const struct endpoints *es,
				 const struct endpoint *e, uint64_t tried);

/* Whether another endpoint may do better: never with a bad question or
 * refused credentials. `status` is HTTP's, 0 without an answer. */
bool endpoint_failed(enum fault fault, long status);

#endif
