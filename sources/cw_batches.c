/* The batches of a poll, made of what is held. All of it runs on a worker. */
#include "sources/cw_parts.h"

#include "base/mem.h"
#include "sources/discover.h"

#define OBJECTIVE 0.999

static struct group *rows_of(struct cw *c, const struct cw_service *s)
{
	struct group *east = &c->group[EAST_ROWS];
	return cw_is_ours(c, east, s) && east->used ? east : &c->group[ROWS];
}

static struct group *charts_of(struct cw *c, const struct cw_service *s)
{
	struct group *rows = rows_of(c, s);
	struct group *g = rows == &c->group[ROWS]
				  ? &c->group[CHARTS]
				  : &c->group[EAST_ROWS + CHARTS];
	return g->used ? g : rows;
}

/* The newest points may have changed; the others were told. */
static void plan_range(struct cw *c)
{
	struct poll *o = &c->poll;
	struct cw_axis *x = &o->axis;
	struct said *s = &c->said;
	bool known = s->step == x->step && s->from <= x->from
		     && s->to >= x->from && s->to <= x->to;
	time_ms tail = s->to - RESTATED - x->step;
	if (!known || o->want.whole || o->want.at != TIME_NONE)
		return;
	if (tail > x->from)
		x->from = time_floor(tail, x->step);
}

static const struct catalog *catalog_of(struct cw *c, struct arena *a)
{
	struct found *f = &c->found;
	return cw_slos_catalog(
		cw_rows_catalog(f->member, f->list.nr, c->poll.axis.window,
				f->requests, f->list.families,
				f->list.unknown, a),
		&f->slos, &c->src->opt, a);
}

static void make_catalog(struct cw *c)
{
	struct arena a;
	size_t nr = c->src->opt.nr_slos, limits = c->src->opt.nr_thresholds;
	arena_init(&a, 0);
	const struct catalog *made = catalog_of(c, &a);
	if (catalog_equal(c->said.catalog, made)) {
		arena_release(&a);
		return;
	}
	arena_release(&c->said.arena);
	c->said.arena = a;
	c->said.catalog = made;
	c->said.step = 0;
	c->said.cells = arena_alloc(&c->said.arena,
				    (nr + 1) * sizeof(*c->said.cells));
	c->said.points = arena_alloc(&c->said.arena,
				     (limits + 1) * sizeof(*c->said.points));
	for (size_t i = 0; i < nr; i++)
		c->said.cells[i] = TIME_NONE;
	for (size_t i = 0; i < limits; i++)
		c->said.points[i] = TIME_NONE;
	/* A batch owns what it says. */
	c->poll.now->catalog = catalog_of(c, &c->poll.now->arena);
}

/* ---- objectives and thresholds ------------------------------------------ */

static const struct cw_hold *hold_of(const struct cw *c,
				     const struct cw_service *s, int kind)
{
	bool east = cw_is_ours(c, &c->group[EAST_ROWS], s);
	const struct group *g = &c->group[kind + (east ? EAST_ROWS : 0)];
	return g->used ? &g->hold : NULL;
}

static struct batch *add_own(struct cw *c)
{
	struct poll *o = &c->poll;
	MEM_ROOM(o->own, o->nr_own, o->cap_own);
	o->own[o->nr_own++] = (struct own){ .b = batch_new(0) };
	return o->own[o->nr_own - 1].b;
}

/* The newest batch has points up to `told`; TIME_NONE: it is not needed. */
static void end_own(struct cw *c, time_ms *said, time_ms told)
{
	struct poll *o = &c->poll;
	struct own *own = &o->own[o->nr_own - 1];
	own->said = said;
	own->told = o->want.at == TIME_NONE ? told : TIME_NONE;
	if (told != TIME_NONE)
		return;
	batch_free(own->b);
	o->nr_own--;
}

/* Everything again, whatever was told. */
static bool wants_all(const struct poll *o)
{
	return o->want.at != TIME_NONE || o->want.only_slos || o->want.whole;
}

static void make_cells(struct cw *c, const struct cw_slo *s)
{
	struct poll *o = &c->poll;
	time_ms *said = &c->said.cells[s->index];
	bool all = wants_all(o);
	if (!all && !o->want.slos && s->def->method == SLO_OCCURRENCES)
		return;
	struct batch *b = add_own(c);
	end_own(c, said, cw_slo_cells(s, o->at, o->axis.judged,
				      all ? TIME_NONE : *said, b));
}

static void make_slos(struct cw *c)
{
	static const int kinds[] = { [CW_MINUTES] = ROWS, [CW_FIVES] = FIVES,
				     [CW_HOURS] = HOURS };
	struct poll *o = &c->poll;
	struct cw_slos *s = &c->found.slos;
	for (size_t i = 0; i < s->nr; i++)
		for (int g = 0; g < CW_GRIDS; g++)
			s->of[i].hold[g] = hold_of(c, s->of[i].service,
						   kinds[g]);
	if (!s->nr)
		return;
	cw_slos_now(s, o->at, o->axis.judged, add_own(c));
	if (o->range)
		cw_slos_range(s, &o->axis, add_own(c));
	for (size_t i = 0; i < s->nr; i++)
		make_cells(c, &s->of[i]);
}

static void make_limits(struct cw *c)
{
	struct poll *o = &c->poll;
	struct cw_limits *l = &c->found.limits;
	for (size_t i = 0; i < l->nr; i++)
		l->of[i].hold = hold_of(c, l->of[i].service,
					LIMITS + l->of[i].grid);
	if (!l->nr)
		return;
	cw_limits_now(l, o->at, add_own(c));
	for (size_t i = 0; i < l->nr; i++) {
		time_ms *said = &c->said.points[l->of[i].index];
		struct batch *b = add_own(c);
		end_own(c, said, cw_limit_points(
					 &l->of[i], o->at,
					 wants_all(o) ? TIME_NONE : *said, b));
	}
}

/* ---- all of it ---------------------------------------------------------- */

void cw_make_batches(struct cw *c)
{
	struct poll *o = &c->poll;
	struct found *f = &c->found;
	for (size_t i = 0; i < f->list.nr; i++) {
		const struct cw_service *s = f->member[i].service;
		f->member[i].rows = &rows_of(c, s)->hold;
		f->member[i].charts = &charts_of(c, s)->hold;
	}
	o->now = batch_new(0);
	make_catalog(c);
	o->now->instant = true;
	if (!o->want.only_slos)
		cw_rows_now(f->member, f->list.nr, &o->axis, o->now);
	c->paging = cw_rows_page(o->now, c->src->opt.objective > 0
						 ? c->src->opt.objective
						 : OBJECTIVE);
	if (o->axis.step) {
		plan_range(c);
		o->range = batch_new(0);
		cw_rows_range(f->member, f->list.nr, &o->axis, o->range);
	}
	make_slos(c);
	make_limits(c);
}
