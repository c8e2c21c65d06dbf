/* What services there are: the listings, and what is made of them. */
#include "sources/cw_parts.h"

#include "base/mem.h"
#include "sources/cw_share.h"

#include <string.h>

#define FIND_EVERY (10 * MINUTE)

void cw_init_asks(struct cw *c)
{
	const struct source_options *o = &c->src->opt;
	struct cw_ask a;
	size_t nr = 0;
	while (cw_table_ask(nr, &a))
		nr++;
	arena_init(&c->asks_arena, 0);
	c->ask = arena_alloc(&c->asks_arena,
			     (nr + o->nr_thresholds + 1) * sizeof(*c->ask));
	for (size_t i = 0; i < nr; i++)
		cw_table_ask(i, &c->ask[i]);
	for (size_t i = 0; i < o->nr_thresholds; i++)
		nr += cw_limit_ask(o->threshold, i, &c->asks_arena,
				   &c->ask[nr]);
	c->nr_asks = nr;
}

void cw_set_keys(struct cw *c)
{
	struct buf more; /* what thresholds have listed beside the table */
	buf_init(&more, 0);
	for (size_t i = 0; i < c->nr_asks; i++)
		if (!cw_table_ask(i, &(struct cw_ask){ 0 }))
			buf_printf(&more, "%s %s\n", c->ask[i].list.space,
				   c->ask[i].list.metric);
	const char *const find[] = { c->identity, c->shown, c->client.region,
				     c->poll.recently ? "recent" : "all",
				     more.len ? buf_text(&more) : NULL, NULL };
	const char *const alarms[] = { c->identity, c->shown,
				       c->client.region, NULL };
	cw_key(c->find.key, "find", find);
	buf_release(&more);
	cw_key(c->alarms.key, "alarms", alarms);
}

bool cw_find_is_due(const struct cw *c)
{
	const struct found *f = &c->found;
	time_ms now = cw_server_now(c);
	return !f->any || f->recently != c->poll.recently
	       || now - f->at >= FIND_EVERY || now < f->at - MINUTE;
}

void cw_ask_find(struct cw *c, struct topic *t)
{
	t->request = mem_zero(c->nr_asks + 1, sizeof(*t->request));
	t->nr = c->nr_asks;
	for (size_t i = 0; i < c->nr_asks; i++) {
		const struct cw_ask *a = &c->ask[i];
		bool other = a->region
			     && strcmp(a->region, c->client.region) != 0;
		t->request[i] = (struct cw_request){
			.kind = CW_LIST_METRICS, .list = a->list,
			.region = other ? a->region : NULL,
			.recently = c->poll.recently,
		};
	}
}

/* ---- on a worker -------------------------------------------------------- */

static void find_make(struct cw *c, struct cw_metrics *m, time_ms at)
{
	struct found *f = &c->fresh;
	arena_init(&f->arena, 0);
	cw_metrics_sort(m);
	f->list = cw_table_find(m, &f->arena);
	f->member = arena_alloc(&f->arena, (f->list.nr + 1)
						   * sizeof(*f->member));
	for (size_t i = 0; i < f->list.nr; i++)
		f->member[i] = (struct cw_member){
			.service = &f->list.service[i],
			.key = cw_member_keys(&f->list.service[i], &f->arena),
		};
	cw_slos_find(&f->slos, &f->list, c->src->opt.slo,
		     c->src->opt.nr_slos, &f->arena);
	cw_limits_find(&f->limits, m, c->src->opt.threshold,
		       c->src->opt.nr_thresholds, &f->arena);
	f->any = true;
	f->at = at;
	f->recently = c->poll.recently;
	f->requests = 0;
}

void cw_enter_find(struct cw *c, struct topic *t)
{
	struct cw_metrics m;
	struct buf b;
	struct err e;
	time_ms at, now = cw_server_now(c);
	t->need = true;
	buf_init(&b, 0);
	cw_metrics_init(&m);
	if (cw_cache_read(c->cache, t->key, now, TIME_NONE, &b, &at)
	    && now - at < FIND_EVERY
	    && cw_metrics_read(&m, buf_text(&b), b.len, &e) == 0) {
		find_make(c, &m, at);
		t->need = false;
	}
	cw_metrics_release(&m);
	buf_release(&b);
}

void cw_leave_find(struct cw *c, struct topic *t)
{
	struct cw_metrics m;
	struct buf b;
	struct err e;
	bool all = true;
	time_ms now = cw_server_now(c);
	cw_metrics_init(&m);
	buf_init(&b, 0);
	for (size_t i = 0; i < t->nr; i++) {
		const struct cw_request *r = &t->request[i];
		/* What is not allowed stays so; what failed may come. */
		all &= r->fault == FAULT_NONE
		       || (!c->ask[i].needed && r->fault == FAULT_AUTH);
		if (r->fault != FAULT_NONE)
			continue;
		buf_clear(&b);
		cw_share_metrics(&r->metrics, &b);
		cw_metrics_read(&m, buf_text(&b), b.len, &e);
	}
	if (all || m.nr) {
		find_make(c, &m, now);
		c->fresh.requests = (int)t->nr;
		for (size_t i = 0; i < t->nr; i++)
			c->fresh.requests += (int)t->request[i].nr_tokens;
	}
	if (all) {
		buf_clear(&b);
		cw_share_metrics(&m, &b);
		cw_cache_write(c->cache, t->key, now, &b);
	}
	cw_metrics_release(&m);
	buf_release(&b);
}

/* ---- back on the loop --------------------------------------------------- */

void cw_adopt(struct cw *c)
{
	if (!c->fresh.any)
		return;
	if (c->found.any)
		arena_release(&c->found.arena);
	c->found = c->fresh;
	c->fresh = (struct found){ 0 };
}
