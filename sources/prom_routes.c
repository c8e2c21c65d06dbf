#include "sources/prom_routes.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A route: the frames that differ in status or bound only. */
struct group {
	size_t routes, buckets; /* series of the two questions */
	size_t leader;          /* its first frame */
	double rate, most;      /* by status; of the widest bucket */
	bool kept;
};

struct member {
	uint64_t hash;
	size_t frame, group;
};

static bool is_apart(const char *label, const char *status)
{
	return strcmp(label, "le") != 0 &&
	       (!status || strcmp(label, status) != 0);
}

static uint64_t add_text(uint64_t h, const char *s)
{
	do
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	while (*s++);
	return h;
}

static uint64_t hash_route(const struct labels *l, const char *status)
{
	uint64_t h = 1469598103934665603u;
	for (size_t i = 0; i < l->nr; i++)
		if (is_apart(l->l[i].name, status))
			h = add_text(add_text(h, l->l[i].name), l->l[i].value);
	return h;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->frame > y->frame) - (x->frame < y->frame);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a;
	const struct group *y = *(struct group *const *)b;
	double p = fmax(x->rate, x->most), q = fmax(y->rate, y->most);
	if (p != q)
		return p > q ? -1 : 1;
	return (x->leader > y->leader) - (x->leader < y->leader);
}

static void count_in(struct group *g, const struct frame *f)
{
	double v = f->nr && f->v && isfinite(f->v[0]) ? f->v[0] : 0;
	if (f->question % 16 == RED_ROUTE_BUCKETS) {
		g->buckets++;
		g->most = fmax(g->most, v);
	} else {
		g->routes++;
		g->rate += v;
	}
}

static size_t find_groups(struct member *m, struct group *g,
			  const struct frame *frame, size_t nr,
			  const char *status)
{
	size_t groups = 0;
	for (size_t i = 0; i < nr; i++)
		m[i] = (struct member){ hash_route(&frame[i].labels, status),
					i, 0 };
	qsort(m, nr, sizeof(*m), compare_members);
	for (size_t i = 0; i < nr; i++) {
		if (i == 0 || m[i].hash != m[i - 1].hash)
			g[groups++] = (struct group){ .leader = m[i].frame };
		m[i].group = groups - 1;
		count_in(&g[groups - 1], &frame[m[i].frame]);
	}
	return groups;
}

static size_t choose(struct group *g, size_t groups, size_t max)
{
	struct group **by = mem_zero(groups, sizeof(*by));
	size_t routes = 0, buckets = 0, out = 0;
	for (size_t i = 0; i < groups; i++)
		by[i] = &g[i];
	qsort(by, groups, sizeof(*by), compare_groups);
	for (size_t i = 0; i < groups; i++) {
		by[i]->kept = routes + by[i]->routes <= max &&
			      buckets + by[i]->buckets <= max;
		routes += by[i]->kept ? by[i]->routes : 0;
		buckets += by[i]->kept ? by[i]->buckets : 0;
		out += !by[i]->kept;
	}
	free(by);
	return out;
}

size_t prom_routes_bound(struct frame *frame, size_t *nr, const char *status,
			 size_t max)
{
	if (*nr <= max)
		return 0;
	struct member *m = mem_zero(*nr, sizeof(*m));
	struct group *g = mem_zero(*nr, sizeof(*g));
	bool *keep = mem_zero(*nr, sizeof(*keep));
	size_t groups = find_groups(m, g, frame, *nr, status), left = 0;
	size_t out = choose(g, groups, max);
	for (size_t i = 0; i < *nr; i++)
		keep[m[i].frame] = g[m[i].group].kept;
	for (size_t i = 0; i < *nr; i++)
		if (keep[i])
			frame[left++] = frame[i];
	*nr = left;
	free(keep);
	free(g);
	free(m);
	return out;
}
