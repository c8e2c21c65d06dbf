/* The routes of the simulated shop, and the arithmetic that makes them add up
 * to their service. */
#include "sources/demo_routes.h"

#include <math.h>
#include <string.h>

/* 91 % of checkout's new errors are /pay's. */
static const struct demo_route routes[DEMO_SERVICES][DEMO_ROUTES] = {
	[DEMO_EDGE] = {
		{ "/", .340, 1, 1, 0, 0, 0 },
		{ "/static", .310, .1, .6, 0, 0, 0 },
		{ "/api/search", .190, .8, 1.2, 0, 0, 0 },
		{ "/api/basket", .112, 1, 1.3, 0, 0, 0 },
		{ "/api/pay", .048, 3, 2.6, 0, 0, 0 },
	},
	[DEMO_WEB] = {
		{ "/", .270, .6, .8, 0, 0, 0 },
		{ "/category/:name", .240, 1, 1.1, 0, 0, 0 },
		{ "/product/:id", .330, 1, 1, 0, 0, 0 },
		{ "/basket", .110, 1.2, 1.4, 0, 0, 0 },
		{ "/account", .050, 2, 1.7, 0, 0, 0 },
	},
	[DEMO_CHECKOUT] = {
		{ "/pay", .080, 2, 1.8, .216, .415, 0 },
		{ "/basket/confirm", .100, 1.5, 1.45, .0110, .010, 0 },
		{ "/basket", .488, .8, .9, .0009, 0, 0 },
		{ "/address", .152, 1, .95, .0002, 0, 0 },
		{ "/shipping", .118, 1, 1.05, .0002, 0, 0 },
		{ "/*", .062, .5, .7, .0002, 0, 0 },
	},
	[DEMO_PAYMENT] = {
		{ "/authorize", .360, 1.2, 1.3, 0, 0, 0 },
		{ "/capture", .310, 1, 1, 0, 0, 0 },
		{ "/methods", .240, .3, .5, 0, 0, 0 },
		{ "/refund", .050, 2, 1.6, 0, 0, 0 },
		{ "/webhook", .040, .5, .6, 0, 0, 0 },
	},
	[DEMO_CART] = {
		{ "/cart", .520, .7, .9, 0, 0, 0 },
		{ "/cart/items", .260, 1.2, 1.2, 0, 0, 0 },
		{ "/cart/items/:id", .160, 1.5, 1.1, 0, 0, 0 },
		{ "/cart/merge", .060, 2, 1.9, 0, 0, 0 },
	},
	[DEMO_SEARCH] = {
		{ "/suggest", .560, .5, .7, 0, 0, 0 },
		{ "/search", .310, 1.6, 1.7, 0, 0, 0 },
		{ "/facets", .090, 1, 1.5, 0, 0, 0 },
		{ "/trending", .040, .2, .5, 0, 0, 0 },
	},
	[DEMO_RECOMMENDATION] = {
		{ "Similar", .460, 1, 1, 0, 0, 0 },
		{ "ForUser", .330, 1.3, 1, 0, 0, 0 },
		{ "Trending", .140, .3, 1, 0, 0, 0 },
		{ "Feedback", .070, 1, 1, 0, 0, 0 },
	},
	[DEMO_EMAIL] = {
		{ "receipt", .520, 1, 1, 0, 0, 0 },
		{ "shipped", .310, 1, 1, 0, 0, 0 },
		{ "welcome", .110, .5, 1, 0, 0, 0 },
		{ "password", .060, 2, 1, 0, 0, 0 },
	},
	[DEMO_ACQUIRER] = {
		{ "/v1/authorize", .640, 1, 1.1, .300, .600, 0 },
		{ "/v1/capture", .290, 1, .9, .080, .190, 0 },
		{ "/v1/refunds", .045, 1.4, 1.3, .020, .020, 0 },
		{ "/v1/tokens", .025, .6, .5, 0, 0, 0 },
	},
	[DEMO_ORDERS_DB] = {
		{ "select orders", .480, .8, .8, .0012, .010, 0 },
		{ "select stock", .270, .8, .7, .0008, .006, 0 },
		{ "insert orders", .110, 1.6, 1.9, .0040, .040, 0 },
		{ "update stock", .090, 2, 2.3, .0030, .030, 0 },
		{ "commit", .050, 1, 1.6, .0010, .010, 0 },
	},
	[DEMO_CART_CACHE] = {
		{ "get hit", .706, 1, 1, 0, 0, 0 },
		{ "get miss", .094, 1, 1, 0, 0, 0 },
		{ "set", .165, 2, 1, 0, 0, 0 },
		{ "expire", .035, 1, 1, 0, 0, 0 },
	},
};

size_t demo_routes(enum demo_service s, const struct demo_route **out)
{
	size_t n = 0;
	while (n < DEMO_ROUTES && routes[s][n].name)
		n++;
	*out = routes[s];
	return n;
}

static void sum_hurt(const struct demo_route *r, size_t nr, double *errors,
		     double *slow)
{
	*errors = *slow = 0;
	for (size_t i = 0; i < nr; i++) {
		*errors += r[i].share * r[i].errors;
		*slow += r[i].share * r[i].slow;
	}
}

void demo_routes_hurt(size_t bad, double share, double carries,
		      struct demo_route out[DEMO_ROUTES])
{
	const struct demo_route *usual;
	size_t nr = demo_routes(DEMO_CHECKOUT, &usual);
	double errors, slow;
	sum_hurt(usual, nr, &errors, &slow);
	for (size_t i = 0; i < nr; i++) {
		struct demo_route *r = &out[i];
		double more = 1;
		*r = usual[i];
		if (bad < nr) {
			double rest = 1 - usual[bad].share;
			r->share = i == bad ? share
					    : r->share / rest * (1 - share);
			more = i == bad ? carries / share
					: (1 - carries) / (1 - share);
		}
		r->errors = errors * more;
		r->slow = slow * more;
		r->lean = more - 1;
	}
}

/* ---- statuses ----------------------------------------------------------- */

static double usual_weight(const struct demo_route *r,
			   const struct story_moment *m)
{
	(void)m;
	return r->share * r->bad;
}

static double failing_weight(const struct demo_route *r,
			     const struct story_moment *m)
{
	return r->share * (m->spike * (1 + r->lean) + r->errors * m->creep);
}

/* Adds `amount`, spread over the routes by weight. */
static void spread(const struct demo_route *r, size_t nr,
		   const struct story_moment *m, double amount,
		   double (*weight)(const struct demo_route *,
				    const struct story_moment *),
		   double out[DEMO_ROUTES][DEMO_CODES], size_t code)
{
	double all = 0;
	for (size_t i = 0; i < nr; i++)
		all += weight(&r[i], m);
	for (size_t i = 0; i < nr && all > 0; i++)
		out[i][code] += amount * weight(&r[i], m) / all;
}

void demo_routes_share(const struct story_moment *m,
		       double out[DEMO_ROUTES][DEMO_CODES])
{
	const struct demo_route *r = m->route;
	size_t nr = m->nr_routes;
	memset(out, 0, DEMO_ROUTES * sizeof(*out));
	for (size_t c = 1; c < DEMO_CODES; c++) {
		spread(r, nr, m, m->share[c] - m->hurt[c], usual_weight,
		       out, c);
		spread(r, nr, m, m->hurt[c], failing_weight, out, c);
	}
	for (size_t i = 0; i < nr; i++) {
		out[i][0] = r[i].share;
		for (size_t c = 1; c < DEMO_CODES; c++)
			out[i][0] -= out[i][c];
	}
}

/* ---- durations ---------------------------------------------------------- */

#define ROUNDS 24

/* What lies in each bucket, not cumulative, in all `share`. */
static void split(const struct story_moment *m, double share,
		  const double *bound, size_t nr, double out[DEMO_BOUNDS])
{
	double below = 0;
	for (size_t k = 0; k < nr; k++) {
		double f = isinf(bound[k]) ? 1 : story_below(m, bound[k]);
		out[k] = share * (f - below);
		below = f;
	}
}

static struct story_moment moment_of(const struct demo_route *r,
				     const struct story_moment *m)
{
	struct story_moment own = *m;
	own.median *= r->speed;
	own.slow = r->slow * m->slowness;
	return own;
}

/* Scales every bucket to the service's, and where no route has anything, by
 * the routes' shares. */
static void fit_buckets(const struct demo_route *r, size_t nr_routes,
			const double *want, size_t nr,
			double out[DEMO_ROUTES][DEMO_BOUNDS])
{
	for (size_t k = 0; k < nr; k++) {
		double all = 0;
		for (size_t i = 0; i < nr_routes; i++)
			all += out[i][k];
		for (size_t i = 0; i < nr_routes; i++)
			out[i][k] = all > 0 ? out[i][k] * want[k] / all
					    : r[i].share * want[k];
	}
}

/* Scales every route to its share of the requests. */
static void fit_routes(const struct demo_route *r, size_t nr_routes, size_t nr,
		       double out[DEMO_ROUTES][DEMO_BOUNDS])
{
	for (size_t i = 0; i < nr_routes; i++) {
		double all = 0;
		for (size_t k = 0; k < nr; k++)
			all += out[i][k];
		for (size_t k = 0; k < nr && all > 0; k++)
			out[i][k] *= r[i].share / all;
	}
}

/* Proportional fitting: the routes keep their own characters and both margins
 * of the table become the service's. */
void demo_routes_below(const struct story_moment *m, const double *bound,
		       size_t nr, double out[DEMO_ROUTES][DEMO_BOUNDS])
{
	const struct demo_route *r = m->route;
	size_t nr_routes = m->nr_routes;
	double want[DEMO_BOUNDS];
	split(m, 1, bound, nr, want);
	for (size_t i = 0; i < nr_routes; i++) {
		struct story_moment own = moment_of(&r[i], m);
		split(&own, r[i].share, bound, nr, out[i]);
	}
	for (int round = 0; round < ROUNDS; round++) {
		fit_buckets(r, nr_routes, want, nr, out);
		fit_routes(r, nr_routes, nr, out);
	}
	for (size_t i = 0; i < nr_routes; i++)
		for (size_t k = 1; k < nr; k++)
			out[i][k] += out[i][k - 1];
}
