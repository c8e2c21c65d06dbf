#include "sources/demo_labels.h"

#include "sources/demo.h"
#include "sources/demo_catalog.h"
#include "sources/demo_routes.h"
#include "sources/demo_trouble.h"

#include <string.h>

/* ---- names -------------------------------------------------------------- */

#define UPSTREAMS 4

static const char *const upstreams[DEMO_SERVICES][UPSTREAMS] = {
	[DEMO_EDGE] = { "web", "cart", "search" },
	[DEMO_WEB] = { "checkout", "cart", "search", "recommendation" },
	[DEMO_PAYMENT] = { "acquirer", "orders-db" },
	[DEMO_CART] = { "cart-cache", "inventory" },
	[DEMO_INVENTORY] = { "orders-db", "warehouse" },
};

static const char *const methods[] = { "GET", "POST", "DELETE" };

static void add(struct demo_values *v, const char *value)
{
	if (value && v->nr < DEMO_VALUES)
		v->value[v->nr++] = value;
}

static void add_list(struct demo_values *v, const char *const *list, size_t nr)
{
	for (size_t i = 0; i < nr && list[i]; i++)
		add(v, list[i]);
}

static void route_values(enum demo_service s, struct demo_values *v)
{
	const struct demo_route *r;
	size_t nr = demo_routes(s, &r);
	v->name = demo_route_label(demo_catalog.service[s].shape);
	for (size_t i = 0; i < nr && v->name; i++) {
		v->speed[v->nr] = r[i].speed;
		add(v, r[i].name);
	}
}

static void version_values(const struct story *st, enum demo_service s,
			   struct demo_values *v)
{
	v->name = "version";
	for (size_t k = 0; story_version(st, s, k); k++)
		add(v, story_version(st, s, k));
}

/* What no metric counts still runs somewhere. */
#define INSTANCES 4

static size_t nr_instances(const struct story *st, enum demo_service s)
{
	int n = 0;
	for (size_t r = 0; r < DEMO_REGIONS; r++)
		n += story_instances(st, s, 0, r, demo_deploy_at);
	return n == 0 ? INSTANCES : n < DEMO_VALUES ? (size_t)n : DEMO_VALUES;
}

static void instance_values(const struct story *st, enum demo_service s,
			    struct demo_values *v)
{
	size_t nr = nr_instances(st, s);
	v->name = "instance";
	for (size_t i = 0; i < nr; i++)
		add(v, trouble_instance(story_trouble(st), (size_t)s, i));
}

static void upstream_values(const struct story *st, enum demo_service s,
			    struct demo_values *v)
{
	v->name = "upstream";
	if (s == DEMO_CHECKOUT)
		add_list(v, story_trouble(st)->upstream, TROUBLE_UPSTREAMS);
	else
		add_list(v, upstreams[s], UPSTREAMS);
}

static void named_values(struct demo_values *v, const char *name,
			 const char *const *list, size_t nr)
{
	v->name = name;
	add_list(v, list, nr);
}

void demo_values(const struct story *st, enum demo_service s,
		 enum demo_label l, struct demo_values *out)
{
	const struct trouble *t = story_trouble(st);
	*out = (struct demo_values){ 0 };
	for (size_t i = 0; i < DEMO_VALUES; i++)
		out->speed[i] = 1;
	if (l == LABEL_ROUTE)
		route_values(s, out);
	else if (l == LABEL_METHOD)
		named_values(out, "method", methods, 3);
	else if (l == LABEL_VERSION)
		version_values(st, s, out);
	else if (l == LABEL_INSTANCE)
		instance_values(st, s, out);
	else if (l == LABEL_ZONE)
		named_values(out, "zone", t->zone, TROUBLE_ZONES);
	else if (l == LABEL_REGION)
		named_values(out, "region", (const char *const[]){
			story_region(0), story_region(1) }, DEMO_REGIONS);
	else if (l == LABEL_UPSTREAM)
		upstream_values(st, s, out);
	else
		named_values(out, "client", t->client, TROUBLE_CLIENTS);
	if (out->nr == 0)
		out->name = NULL;
}

/* ---- shares ------------------------------------------------------------- */

static const double method_shares[] = { .62, .31, .07 };
static const double region_shares[] = { .517, .483 };
static const double client_shares[] = { .41, .27, .21, .11 };
static const double upstream_shares[] = { .078, .402, .16, .14, .12, .10 };

static const double *usual_shares(enum demo_service s, enum demo_label l)
{
	return l == LABEL_METHOD ? method_shares
	     : l == LABEL_REGION ? region_shares
	     : l == LABEL_CLIENT ? client_shares
	     : l == LABEL_UPSTREAM && s == DEMO_CHECKOUT ? upstream_shares
	     : NULL;
}

static bool is_blamed(const struct trouble *t, enum demo_service s,
		      const struct demo_values *v)
{
	return s == DEMO_CHECKOUT && v->name
	       && t->kind != TROUBLE_PICTURED
	       && strcmp(v->name, t->label) == 0;
}

/* One gets `share` and the others what is left, as they were. */
static void give(double *w, size_t nr, size_t one, double share)
{
	double rest = 1 - w[one];
	for (size_t i = 0; i < nr; i++)
		w[i] = i == one ? share
		     : rest > 0 ? w[i] / rest * (1 - share) : 0;
}

static void share_versions(const struct story *st, enum demo_service s,
			   time_ms t, size_t nr, double *w)
{
	double all = 0;
	for (size_t k = 0; k < nr; k++) {
		w[k] = 0;
		for (size_t r = 0; r < DEMO_REGIONS; r++)
			w[k] += story_instances(st, s, k, r, t);
		all += w[k];
	}
	for (size_t k = 0; k < nr; k++)
		w[k] /= all;
}

/* A blamed instance has its share only while it fails. */
static double blamed_share(const struct trouble *t, enum demo_label l,
			   time_ms at, double usual)
{
	if (l != LABEL_INSTANCE)
		return t->share;
	return usual + (t->share - usual) * story_trouble_at(at);
}

static void share_requests(const struct story *st, enum demo_service s,
			   enum demo_label l, time_ms t,
			   const struct demo_values *v, double *w)
{
	const double *usual = usual_shares(s, l);
	const struct trouble *tr = story_trouble(st);
	if (l == LABEL_VERSION) {
		share_versions(st, s, t, v->nr, w);
		return;
	}
	for (size_t i = 0; i < v->nr; i++)
		w[i] = usual ? usual[i] : 1.0 / (double)v->nr;
	if (is_blamed(tr, s, v))
		give(w, v->nr, tr->bad, blamed_share(tr, l, t, w[tr->bad]));
}

/* Adds up to 1, or as `otherwise`. */
static void normalise(double *w, size_t nr, const double *otherwise)
{
	double all = 0;
	for (size_t i = 0; i < nr; i++)
		all += w[i];
	for (size_t i = 0; i < nr; i++)
		w[i] = all > 0 ? w[i] / all : otherwise[i];
}

static void spread_routes(const struct story_moment *m,
			  struct demo_spread *out)
{
	const struct demo_route *r = m->route;
	size_t nr = m->nr_routes;
	for (size_t i = 0; i < nr; i++) {
		out->requests[i] = r[i].share;
		out->usual[i] = r[i].share * r[i].bad;
		out->errors[i] = r[i].share * (m->spike * (1 + r[i].lean)
					       + m->creep * r[i].errors);
		out->slow[i] = r[i].share * r[i].slow;
	}
	normalise(out->usual, nr, out->requests);
	normalise(out->errors, nr, out->requests);
	normalise(out->slow, nr, out->requests);
}

/* What the routes fail by, of all requests, beside the spike. */
static double creeping(const struct story_moment *m)
{
	double all = 0;
	for (size_t i = 0; i < m->nr_routes; i++)
		all += m->route[i].share * m->route[i].errors;
	return all * m->creep;
}

/* In the pictures the spike hurts all alike, then one upstream alone. */
static void spread_pictured(const struct story_moment *m, size_t nr, size_t bad,
			    double carries, struct demo_spread *out)
{
	double after[DEMO_VALUES], spike = m->spike, creep = creeping(m);
	memcpy(after, out->requests, sizeof(after));
	give(after, nr, bad, carries);
	memcpy(out->slow, after, sizeof(after));
	for (size_t i = 0; i < nr; i++)
		out->errors[i] = spike * out->requests[i] + creep * after[i];
	normalise(out->errors, nr, out->requests);
}

static void spread_new(const struct story *st, enum demo_service s,
		       enum demo_label l, const struct story_moment *m,
		       const struct demo_values *v, struct demo_spread *out)
{
	const struct trouble *t = story_trouble(st);
	bool pictured = t->kind == TROUBLE_PICTURED && s == DEMO_CHECKOUT;
	bool deployed = l == LABEL_VERSION && out->requests[1] > 0;
	if (pictured && l == LABEL_UPSTREAM)
		spread_pictured(m, v->nr, 0, .9, out);
	if (is_blamed(t, s, v) && out->requests[t->bad] > 0)
		give(out->errors, v->nr, t->bad,
		     out->requests[t->bad] < 1 ? t->carries : 1);
	else if (s == DEMO_CHECKOUT && deployed)
		give(out->errors, v->nr, 1, 1);
	else
		return;
	memcpy(out->slow, out->errors, sizeof(out->slow));
}

void demo_spread(const struct story *st, enum demo_service s,
		 enum demo_label l, time_ms t, const struct story_moment *m,
		 struct demo_spread *out)
{
	struct demo_values v;
	*out = (struct demo_spread){ 0 };
	if (l == LABEL_ROUTE) {
		spread_routes(m, out);
		return;
	}
	demo_values(st, s, l, &v);
	share_requests(st, s, l, t, &v, out->requests);
	memcpy(out->usual, out->requests, sizeof(out->usual));
	memcpy(out->errors, out->requests, sizeof(out->errors));
	memcpy(out->slow, out->requests, sizeof(out->slow));
	spread_new(st, s, l, m, &v, out);
}
