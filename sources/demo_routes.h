/* How the requests of a service of the simulated shop spread over its routes:
 * at every moment the routes add up to the service. */
#ifndef SOURCES_DEMO_ROUTES_H
#define SOURCES_DEMO_ROUTES_H

#include "sources/demo_story.h"

#define DEMO_ROUTES 6 /* at most, of one service */
#define DEMO_BOUNDS 24

struct demo_route {
	const char *name;
	double share;        /* of the service's requests; sum 1 */
	double bad;          /* how prone it is to the usual errors, relative */
	double speed;        /* its usual durations, relative */
	double errors, slow; /* shares of its requests while the incident lasts
				and the breaker is open */
	double lean;         /* of the spike: 0 as all others, 1 twice as much,
				-1 none of it */
};

/* The usual ones. Returns how many, in *out the rows; 0: nothing tells its
 * routes apart. */
size_t demo_routes(enum demo_service s, const struct demo_route **out);
/* Those of checkout where others than usual are hurt: route `bad` has the
 * share `share` of the requests and carries `carries` of what is new, the
 * others the rest alike. `bad` DEMO_ROUTES: all are hurt alike. The sums over
 * the routes stay. */
void demo_routes_hurt(size_t bad, double share, double carries,
		      struct demo_route out[DEMO_ROUTES]);

/* Shares of all of the service's requests by route and status. A status sums
 * over the routes to m->share of it. */
void demo_routes_share(const struct story_moment *m,
		       double out[DEMO_ROUTES][DEMO_CODES]);

/* Shares of all of the service's requests by route that took at most bound[k]
 * seconds; the last bound is +Inf. A bound sums over the routes to
 * story_below() nearly, a route's last one to its share. */
void demo_routes_below(const struct story_moment *m, const double *bound,
		       size_t nr, double out[DEMO_ROUTES][DEMO_BOUNDS]);

#endif
