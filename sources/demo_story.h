/* What happens in the simulated shop: for every service and story time the
 * request rate, its split by status, the distribution of durations and the
 * trailing averages. A pure function of (seed, story time), period 2 h: a day
 * of this shop lasts two hours.
 *
 *   13:44:00  deploy of checkout v842, twelve instances in 50 s
 *   13:45:10  onset: the pool of connections to the acquirer runs dry. For two
 *             minutes four in ten requests fail (this is what pages: the 1 h
 *             burn passes 14.4 within 180 s), while p99 climbs 214 -> 914 ms
 *             and queries begin to wait for the pool of orders-db
 *   13:47:32  the breaker opens: only route=/pay goes on failing, 1.6..1.9 %
 *             of checkout, 22 % of the acquirer
 *   14:21:00  email sends no samples for half an hour, later no mails
 *   14:40:00  rollback to v841, healthy within a minute
 *
 * and the same at every even hour. Shops of other seeds have the same course of
 * another trouble (demo_trouble.h), in which checkout alone is hurt. The
 * instances are shared between two regions; errors and slow requests are the
 * sums over a service's routes (demo_routes.h), weighted by their share of the
 * requests. */
#ifndef SOURCES_DEMO_STORY_H
#define SOURCES_DEMO_STORY_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum demo_service {
	DEMO_EDGE, DEMO_WEB, DEMO_CHECKOUT, DEMO_PAYMENT, DEMO_CART,
	DEMO_SEARCH, DEMO_RECOMMENDATION, DEMO_INVENTORY, DEMO_EMAIL,
	DEMO_ACQUIRER, DEMO_ORDERS_DB, DEMO_CART_CACHE, DEMO_SERVICES
};

/* Statuses of one service. */
#define DEMO_CODES 4

struct story;
struct demo_route;

/* The shop of the pictures: at demo_fixed_now its noise is near 0. */
#define STORY_SEED 2750

/* Returns, caller frees. */
struct story *story_new(uint64_t seed);
void story_free(struct story *st);
uint64_t story_seed(const struct story *st);

/* The trouble that the seed has brought. */
struct trouble;
const struct trouble *story_trouble(const struct story *st);

/* One service at one moment. */
struct story_moment {
	bool present;             /* false: no samples exist */
	double rate;              /* requests/s; 0: no traffic */
	double share[DEMO_CODES]; /* of the requests by status; sum 1 */
	double hurt[DEMO_CODES];  /* the part of it that is the incident's */
	double median, sigma;     /* log-normal durations, seconds */
	double slow;              /* share of the requests that wait for a */
	double slow_median, slow_sigma;     /* connection, their durations */
	double spike;             /* share of every route's requests that fail,
				     and factors, 0..1, of what stands with */
	double creep, slowness;   /* the routes: their errors and slow shares */
	const struct demo_route *route; /* demo_routes.h */
	size_t nr_routes;
};
void story_at(const struct story *st, enum demo_service s, time_ms t,
	      struct story_moment *out);
/* The same on a day without an incident. */
void story_calm_at(const struct story *st, enum demo_service s, time_ms t,
		   struct story_moment *out);
/* 0..1: how much of the trouble is there. */
double story_trouble_at(time_ms t);
/* Seconds since the newest deploy. */
double story_since_deploy(time_ms t);
/* The share of requests that took at most so long. */
double story_below(const struct story_moment *m, double seconds);
/* The mean duration, seconds. */
double story_mean(const struct story_moment *m);
/* The duration that z standard deviations lie under; of a service that has no
 * slow share. */
double story_quantile(const struct story_moment *m, double z);

/* The traffic, beside the service's mean: 1. */
double story_load(const struct story *st, enum demo_service s, time_ms t);

/* Requests/s of one status, averaged over the `window` (at most 2 h) that ends
 * at t. Where there is no traffic or no sample it counts 0. */
double story_average(const struct story *st, enum demo_service s, size_t code,
		     time_ms t, time_ms window);

/* The status text of a service, NULL beyond its last one. */
const char *story_code(enum demo_service s, size_t code);

#define DEMO_REGIONS 2
const char *story_region(size_t region);

/* Instances by version and region. `slot` 0 is the version that runs before
 * the deploy, 1 the new one (checkout only). 0: there is no such series. */
int story_instances(const struct story *st, enum demo_service s, size_t slot,
		    size_t region, time_ms t);
const char *story_version(const struct story *st, enum demo_service s,
			  size_t slot);

/* What is told of the story: `after` in ms since the newest deploy. */
struct story_event {
	time_ms after;
	int kind, severity;       /* enum event_kind, enum severity */
	const char *service, *text, *tag;
};
size_t story_events(const struct story *st, const struct story_event **out);

#endif
