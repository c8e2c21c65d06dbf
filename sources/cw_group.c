/* Numbers of one region at one period: what is held of them, what is missing,
 * and what was answered. Entering and leaving are a worker's. */
#include "sources/cw_parts.h"

#include <stdlib.h>
#include <string.h>

#define SETTLED_AFTER (15 * MINUTE) /* an answer about then is final */

int cw_kind_of(const struct cw *c, const struct group *g)
{
	return (int)(g - c->group) % EAST_ROWS;
}

static bool is_fresh(const struct cw *c, const struct group *g,
		     const struct cw_line *l)
{
	time_ms now = cw_server_now(c), p = g->hold.period;
	if (l->asked == TIME_NONE || l->unsure || l->asked > now + MINUTE)
		return false;
	if (g->past && l->asked >= g->to + SETTLED_AFTER)
		return cw_line_knows(l, g->from, g->to);
	/* Until the next period can be judged. */
	if (!g->past && cw_kind_of(c, g) >= LIMITS)
		return time_floor(l->asked - CW_JUDGED_AFTER, p)
			       >= time_floor(now - CW_JUDGED_AFTER, p)
		       && cw_line_knows(l, g->from, g->to - p);
	/* The end moves on by itself while an answer is fresh. */
	time_ms end = g->past ? g->to : g->to - g->fresh_for - g->hold.period;
	return now - l->asked < g->fresh_for
	       && cw_line_knows(l, g->from, end);
}

static bool is_east(const struct cw_service *s)
{
	return s->region && strcmp(s->region, EAST) == 0;
}

bool cw_is_ours(const struct cw *c, const struct group *g,
		const struct cw_service *s)
{
	bool east = is_east(s) && strcmp(c->client.region, EAST) != 0;
	return east == (g->region != NULL);
}

bool cw_asks_slo(const struct cw *c, const struct group *g,
		 const struct cw_slo *s)
{
	switch (cw_kind_of(c, g)) {
	case ROWS:
		return c->poll.want.only_slos || cw_slo_asks(s, CW_MINUTES);
	case FIVES:
		return cw_slo_asks(s, CW_FIVES);
	case HOURS:
		return cw_slo_asks(s, CW_HOURS);
	default:
		return false;
	}
}

static bool asks_rows(const struct cw *c, const struct group *g)
{
	return cw_kind_of(c, g) <= CHARTS && !c->poll.want.only_slos;
}

typedef void each_part(struct cw *c, struct group *g, const struct cw_part *p,
		       const char *key);

static void each_of(struct cw *c, struct group *g, const struct cw_service *s,
		    const char **key, each_part *f)
{
	for (size_t i = 0; cw_is_ours(c, g, s) && i < s->nr; i++)
		f(c, g, &s->part[i], key[i]);
}

static void each(struct cw *c, struct group *g, each_part *f)
{
	const struct found *all = &c->found;
	for (size_t i = 0; asks_rows(c, g) && i < all->list.nr; i++)
		each_of(c, g, all->member[i].service, all->member[i].key, f);
	for (size_t i = 0; i < all->slos.nr; i++)
		if (cw_asks_slo(c, g, &all->slos.of[i]))
			each_of(c, g, all->slos.of[i].service,
				all->slos.of[i].key, f);
	for (size_t i = 0; i < all->limits.nr; i++)
		if (cw_kind_of(c, g) == LIMITS + all->limits.of[i].grid)
			each_of(c, g, all->limits.of[i].service,
				all->limits.of[i].key, f);
}

static void make_line(struct cw *c, struct group *g, const struct cw_part *p,
		      const char *key)
{
	(void)c;
	(void)p;
	cw_hold_line(&g->hold, key, true);
}

static void plan_part(struct cw *c, struct group *g, const struct cw_part *p,
		      const char *key)
{
	const struct cw_line *l = cw_hold_line(&g->hold, key, false);
	time_ms late = g->fresh_for > RESTATED ? g->fresh_for : RESTATED;
	time_ms tail = cw_hold_tail(&g->hold, g->to, late);
	if ((int)p->weight > c->saving.weight)
		return;
	bool whole = g->past || !cw_line_knows(l, g->from, tail < g->from
							   ? g->to : tail);
	if (g->nr_asks == g->cap_asks) {
		struct ask *more;
		g->cap_asks = g->cap_asks ? g->cap_asks * 2 : 256;
		more = arena_alloc(&g->arena, g->cap_asks * sizeof(*more));
		if (g->nr_asks)
			memcpy(more, g->ask, g->nr_asks * sizeof(*more));
		g->ask = more;
	}
	g->ask[g->nr_asks++] = (struct ask){
		.query = { p->metric, p->stat, g->hold.period },
		.key = key, .whole = whole, .fresh = is_fresh(c, g, l),
	};
}

static int compare_asks(const void *a, const void *b)
{
	const struct ask *x = a, *y = b;
	return x->whole != y->whole ? y->whole - x->whole
				    : strcmp(x->key, y->key);
}

/* A metric that two want is asked once. */
static void plan(struct cw *c, struct group *g)
{
	size_t kept = 0;
	const char *last = NULL;
	arena_release(&g->arena);
	g->ask = NULL;
	g->nr_asks = g->cap_asks = g->planned = 0;
	cw_hold_fit(&g->hold, g->from, g->to);
	each(c, g, make_line);
	each(c, g, plan_part);
	if (g->nr_asks)
		qsort(g->ask, g->nr_asks, sizeof(*g->ask), compare_asks);
	for (size_t i = 0; i < g->nr_asks; i++) {
		if (last && strcmp(g->ask[i].key, last) == 0)
			continue;
		last = g->ask[i].key;
		g->planned++;
		if (!g->ask[i].fresh)
			g->ask[kept++] = g->ask[i];
	}
	g->nr_asks = kept;
}

void cw_enter_group(struct cw *c, struct group *g)
{
	struct buf b;
	time_ms at, oldest = g->to - (time_ms)CW_HOLD_POINTS / 2
					      * g->hold.period;
	buf_init(&b, 0);
	if (cw_cache_read(c->cache, g->t.key, cw_server_now(c), g->t.held_at,
			  &b, &at)
	    && at != g->t.held_at) {
		cw_hold_read(&g->hold, buf_text(&b), b.len,
			     g->from < oldest ? g->from : oldest);
		g->t.held_at = at;
	}
	buf_release(&b);
	plan(c, g);
	g->t.need = g->nr_asks > 0;
}

/* Points of what was answered; what was not stays as it was. */
static void merge(struct group *g, const struct cw_request *r, time_ms now)
{
	for (size_t i = 0; i < r->nr; i++) {
		const struct cw_result *best = NULL;
		struct buf key;
		if (r->later && r->later[i])
			continue;
		for (size_t k = 0; k < r->data.nr; k++) {
			const struct cw_result *x = &r->data.result[k];
			if (x->query == i && (!best || x->nr > best->nr))
				best = x;
		}
		buf_init(&key, 0);
		cw_hold_key(&key, &r->query[i]);
		struct cw_line *l = cw_hold_line(&g->hold, buf_text(&key),
						 true);
		buf_release(&key);
		/* Nothing is known of it: what was held stands. */
		if (best && best->status == CW_INTERNAL)
			continue;
		cw_hold_take(&g->hold, l, r->from, r->to, best, now);
	}
}

void cw_leave_group(struct cw *c, struct group *g)
{
	time_ms now = cw_server_now(c);
	bool any = false;
	for (size_t i = 0; i < g->t.nr; i++) {
		if (g->t.request[i].fault != FAULT_NONE)
			continue;
		merge(g, &g->t.request[i], now);
		any = true;
	}
	if (!any)
		return;
	struct buf b;
	time_ms live = 2 * g->fresh_for;
	buf_init(&b, 0);
	cw_hold_prune(&g->hold, now - (live > HOUR ? live : HOUR));
	cw_hold_write(&g->hold, now - (live > LOOK_BACK ? live : LOOK_BACK),
		      &b);
	cw_cache_write(c->cache, g->t.key, now, &b);
	g->t.held_at = now;
	buf_release(&b);
}
