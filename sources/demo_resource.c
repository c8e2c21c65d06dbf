#include "sources/demo_resource.h"

#include "sources/demo_trouble.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Moments of an average. */
#define SAMPLES 8

static const struct demo_resource resources[] = {
	{ "pool:orders-db", "orders-db", KIND_POOL, 50, .42, DEMO_ORDERS_DB,
	  1, .56 },
	{ "pool:catalog", "catalog", KIND_POOL, 30, .53, DEMO_SEARCH, .8, 0 },
	{ "pool:mail", "mail", KIND_POOL, 10, .20, DEMO_EMAIL, .5, 0 },
	{ "cpu:node-07", "node-07", KIND_CPU, 1, .58, DEMO_EDGE, .7, .03 },
	{ "cpu:node-12", "node-12", KIND_CPU, 1, .51, DEMO_CHECKOUT, .8, .05 },
	{ "cpu:node-02", "node-02", KIND_CPU, 1, .44, DEMO_WEB, .8, 0 },
	{ "cpu:pg-orders", "pg-orders", KIND_CPU, 1, .37, DEMO_ORDERS_DB, .9,
	  .12 },
	{ "memory:node-31", "node-31", KIND_MEMORY, 34359738368., .66,
	  DEMO_CART, .05, 0 },
	{ "memory:node-12", "node-12", KIND_MEMORY, 34359738368., .61,
	  DEMO_CHECKOUT, .05, .01 },
	{ "memory:redis-main", "redis-main", KIND_MEMORY, 8589934592., .47,
	  DEMO_CART_CACHE, .05, 0 },
	{ "disk:pg-orders", "pg-orders", KIND_DISK, 1, .48, DEMO_ORDERS_DB,
	  .9, .25 },
	{ "disk:node-31", "node-31", KIND_DISK, 1, .14, DEMO_CART, .6, 0 },
	{ "dynamodb:user_data:read", "user_data", KIND_TABLE_READ, 30000, .38,
	  DEMO_WEB, 1, 0 },
	{ "dynamodb:session_data:read", "session_data", KIND_TABLE_READ, 20000,
	  .31, DEMO_EDGE, 1, 0 },
	{ "dynamodb:analytics:read", "analytics", KIND_TABLE_READ, 8000, .08,
	  DEMO_EDGE, .3, 0 },
	{ "dynamodb:user_data:write", "user_data", KIND_TABLE_WRITE, 50000,
	  .74, DEMO_WEB, .4, 0 },
	{ "dynamodb:session_data:write", "session_data", KIND_TABLE_WRITE,
	  20000, .22, DEMO_EDGE, 1, 0 },
	{ "dynamodb:analytics:write", "analytics", KIND_TABLE_WRITE, 25000,
	  .48, DEMO_EDGE, .6, 0 },
};

#define NR_RESOURCES (sizeof(resources) / sizeof(resources[0]))

size_t demo_resources(const struct demo_resource **out)
{
	*out = resources;
	return NR_RESOURCES;
}

double demo_resource_used(const struct story *st, const struct demo_resource *r,
			  time_ms t)
{
	double load = story_load(st, r->load, t) - 1, share;
	share = r->usual * (1 + r->swing * load);
	if (story_trouble(st)->kind == TROUBLE_PICTURED)
		share += r->trouble * story_trouble_at(t);
	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return r->kind == KIND_POOL ? round(share * r->limit)
				    : share * r->limit;
}

/* ---- queries ------------------------------------------------------------ */

/* The first that a query has. */
static const struct metric {
	const char *name;
	enum resource_kind kind;
	bool share;              /* the metric is one already */
} metrics[] = {
	{ "db_client_connections_", KIND_POOL, false },
	{ "node_cpu_seconds_total", KIND_CPU, true },
	{ "node_memory_", KIND_MEMORY, false },
	{ "node_disk_io_time_seconds_total", KIND_DISK, true },
	{ "aws_dynamodb_consumed_read_", KIND_TABLE_READ, false },
	{ "aws_dynamodb_consumed_write_", KIND_TABLE_WRITE, false },
};

/* The resource that a query names in quotes, or NULL. */
static const char *named(const char *query, enum resource_kind kind)
{
	char quoted[64];
	for (size_t i = 0; i < NR_RESOURCES; i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\"", resources[i].value);
		if (resources[i].kind == kind && strstr(query, quoted))
			return resources[i].value;
	}
	return NULL;
}

static double scale_of(const char *query, const char *unit, bool share)
{
	bool percent = unit && strcmp(unit, "%") == 0;
	if (!share && !strstr(query, " / "))
		return 0;
	percent |= strstr(query, "100 *") || strstr(query, "* 100");
	return percent ? 100 : 1;
}

/* "... > 0.9": only what holds is answered. */
static void read_filter(const char *query, struct resource_query *out)
{
	const char *at = strrchr(query, '>'), *below = strrchr(query, '<');
	char *end;
	out->above = -INFINITY;
	out->below = INFINITY;
	at = !at || (below && below > at) ? below : at;
	if (!at)
		return;
	double v = strtod(at + 1 + (at[1] == '='), &end);
	if (end == at + 1)
		return;
	if (*at == '>')
		out->above = v;
	else
		out->below = v;
}

bool resource_query_read(const char *query, const char *unit, time_ms period,
			 struct resource_query *out)
{
	size_t nr = sizeof(metrics) / sizeof(metrics[0]), i = 0;
	while (i < nr && query && !strstr(query, metrics[i].name))
		i++;
	if (i == nr || !query)
		return false;
	*out = (struct resource_query){
		.kind = metrics[i].kind,
		.value = named(query, metrics[i].kind),
		.scale = scale_of(query, unit, metrics[i].share),
		.over = strstr(query, "$period") ? period : 0,
		.fold = strstr(query, "by (") ? QUERY_EACH
			: strstr(query, "max") ? QUERY_MAX
			: strstr(query, "min") ? QUERY_MIN
			: strstr(query, "sum") ? QUERY_SUM : QUERY_MEAN,
	};
	read_filter(query, out);
	return true;
}

static double value_at(const struct resource_query *q, const struct story *st,
		       const struct demo_resource *r, time_ms t)
{
	double sum = 0;
	size_t n = q->over > 0 ? SAMPLES : 1;
	for (size_t i = 0; i < n; i++)
		sum += demo_resource_used(st, r, t - q->over * (time_ms)i
						       / SAMPLES);
	double v = sum / (double)n;
	return q->scale > 0 ? v / r->limit * q->scale : v;
}

static bool is_meant(const struct resource_query *q,
		     const struct demo_resource *r)
{
	return r->kind == q->kind
	       && (!q->value || strcmp(q->value, r->value) == 0);
}

static double fold_at(const struct resource_query *q, const struct story *st,
		      const struct demo_resource *r, time_ms t)
{
	double sum = 0, lo = INFINITY, hi = -INFINITY;
	size_t n = 0;
	if (r)
		return is_meant(q, r) ? value_at(q, st, r, t) : NAN;
	for (size_t i = 0; i < NR_RESOURCES; i++) {
		if (!is_meant(q, &resources[i]))
			continue;
		double v = value_at(q, st, &resources[i], t);
		sum += v;
		lo = fmin(lo, v);
		hi = fmax(hi, v);
		n++;
	}
	if (n == 0)
		return NAN;
	return q->fold == QUERY_MAX ? hi : q->fold == QUERY_MIN ? lo
	     : q->fold == QUERY_SUM ? sum : sum / (double)n;
}

double resource_query_at(const struct resource_query *q,
			 const struct story *st, const struct demo_resource *r,
			 time_ms t)
{
	double v = fold_at(q, st, r, t);
	return v > q->above && v < q->below ? v : NAN;
}
