/* What the questions cost, by whom, and when to ask less. */
#include "sources/cw_parts.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static double usd_per_hour(const struct cw *c, unsigned metrics)
{
	double polls = 3600.0 / ((double)c->src->period / SECOND);
	return metrics * polls * CW_USD_METRIC;
}

struct part { const char *name; unsigned nr; };

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	if (x->nr != y->nr)
		return x->nr > y->nr ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of the rows' questions: those of long charts come seldom. */
static void add_parts(struct cw *c, struct batch *b, struct source_cost *cost)
{
	const struct found *f = &c->found;
	struct part *all = mem_zero(f->list.nr + 1, sizeof(*all));
	size_t nr = 0;
	for (size_t i = 0; i < f->list.nr; i++) {
		const struct cw_service *s = f->member[i].service;
		unsigned asked = 0;
		size_t k = 0;
		for (size_t p = 0; p < s->nr; p++)
			asked += (int)s->part[p].weight <= c->saving.weight;
		while (k < nr && strcmp(all[k].name, s->space) != 0)
			k++;
		if (k == nr)
			all[nr++].name = s->space;
		all[k].nr += asked;
	}
	qsort(all, nr, sizeof(*all), compare_parts);
	struct cost_part *part = arena_alloc(&b->arena,
					     (nr + 1) * sizeof(*part));
	for (size_t i = 0; i < nr; i++)
		part[i] = (struct cost_part){
			copy(b, all[i].name), all[i].nr,
			usd_per_hour(c, all[i].nr),
		};
	cost->part = part;
	cost->nr_parts = nr;
	free(all);
}

static double spent_usd(const struct cw_spent *s)
{
	return (double)s->metrics * CW_USD_METRIC
	       + (double)s->calls * CW_USD_CALL;
}

static double max_usd(const struct cw *c)
{
	double max = c->src->opt.max_usd;
	return max > 0 ? max : max < 0 ? 0 : CW_USD_DAY;
}

void cw_add_cost(struct cw *c, struct batch *b, struct source_status *s)
{
	struct source_cost *cost = arena_alloc(&b->arena, sizeof(*cost));
	double rows = 0;
	for (int i = 0; i < GROUPS; i++) {
		const struct group *g = &c->group[i];
		if (!g->used)
			continue;
		rows += (double)g->planned * 3600 * SECOND
			/ (double)g->fresh_for;
	}
	double calls = 3600.0 * SECOND / (double)c->src->period
		       + (double)c->found.requests * 6;
	*cost = (struct source_cost){
		.metrics = c->client.metrics,
		.usd_per_hour = rows * CW_USD_METRIC
				+ (c->found.any ? calls * CW_USD_CALL : 0),
		.usd_today = spent_usd(&c->spent), .usd_max = max_usd(c),
		.saving = *c->saving.text ? copy(b, c->saving.text) : NULL,
	};
	add_parts(c, b, cost);
	s->cost = cost;
}

void cw_save(struct cw *c)
{
	cw_saving(spent_usd(&c->spent), max_usd(c),
		  c->poll.want.paging || c->paging, PERIOD_OWN, &c->saving);
	c->src->period = PERIOD_OWN * c->saving.stretch;
}
