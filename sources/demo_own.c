#include "sources/demo_own.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/demo.h"
#include "sources/demo_catalog.h"
#include "sources/demo_promise.h"
#include "sources/demo_resource.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GRID ((time_ms)30000)
#define MINUTE ((time_ms)60000)
#define CELLS 720

struct objective {
	struct promise *promise; /* NULL: nobody here knows */
	bool hot;                /* it moves at every poll */
	time_ms told;            /* its cells, up to here; TIME_NONE: none */
};

struct demo_own {
	const struct story *story;
	size_t nr_slos, nr_thresholds;
	struct slo_def *slo;     /* as in the catalog */
	struct objective *objective;
	const struct threshold_def *threshold;
	const char *pack;
	time_ms counted;         /* windows, at this multiple of the grid */
	time_ms day;             /* of the cells that were told */
	time_ms *judged;         /* of each threshold: points told up to here,
				    or TIME_NONE */
};

/* ---- what there is ------------------------------------------------------ */

static bool is_replaced(const struct slo_def *d, const struct source_options *o)
{
	for (size_t i = 0; i < o->nr_slos; i++)
		if (strcmp(o->slo[i].id, d->id) == 0)
			return true;
	return false;
}

static void add_slo(struct demo_own *own, const struct slo_def *d)
{
	struct objective *o = &own->objective[own->nr_slos];
	enum demo_service s = promise_service(d);
	own->slo[own->nr_slos++] = *d;
	*o = (struct objective){ .told = TIME_NONE };
	if (s == DEMO_SERVICES)
		return;
	o->promise = promise_new(own->story, d, s);
	o->hot = s == DEMO_CHECKOUT;
}

struct demo_own *demo_own_new(const struct story *st,
			      const struct source_options *o)
{
	struct demo_own *own = mem_zero(1, sizeof(*own));
	const struct slo_def *d;
	size_t nr = demo_slos(&d);
	own->story = st;
	own->slo = mem_zero(nr + o->nr_slos, sizeof(*own->slo));
	own->objective = mem_zero(nr + o->nr_slos, sizeof(*own->objective));
	for (size_t i = 0; i < nr; i++)
		if (!is_replaced(&d[i], o))
			add_slo(own, &d[i]);
	for (size_t i = 0; i < o->nr_slos; i++)
		add_slo(own, &o->slo[i]);
	own->threshold = o->threshold;
	own->nr_thresholds = o->nr_thresholds;
	own->pack = o->pack;
	own->judged = mem_zero(o->nr_thresholds, sizeof(*own->judged));
	for (size_t i = 0; i < o->nr_thresholds; i++)
		own->judged[i] = TIME_NONE;
	own->counted = own->day = TIME_NONE;
	return own;
}

void demo_own_free(struct demo_own *own)
{
	if (!own)
		return;
	for (size_t i = 0; i < own->nr_slos; i++)
		promise_free(own->objective[i].promise);
	free(own->objective);
	free(own->judged);
	free(own->slo);
	free(own);
}

static void *copied(struct batch *b, const void *from, size_t nr, size_t size)
{
	void *to = arena_alloc(&b->arena, nr * size + 1);
	if (nr)
		memcpy(to, from, nr * size);
	return to;
}

void demo_own_catalog(const struct demo_own *own, struct batch *b)
{
	struct catalog *c = arena_alloc(&b->arena, sizeof(*c));
	*c = demo_catalog;
	c->nr_slos = own->nr_slos;
	c->slo = copied(b, own->slo, own->nr_slos, sizeof(*own->slo));
	c->nr_thresholds = own->nr_thresholds;
	c->threshold = copied(b, own->threshold, own->nr_thresholds,
			      sizeof(*own->threshold));
	c->pack = own->pack;
	b->catalog = c;
}

/* ---- a batch of answers ------------------------------------------------- */

struct answers {
	struct batch *b;
	struct frame *frame;
	uint32_t *asked;
	size_t nr, nr_asked, max;
};

/* Room for `max` questions and as many series. */
static void answers_begin(struct answers *a, time_ms at, size_t max)
{
	struct batch *b = batch_new(0);
	b->at = b->from = b->to = b->settled = at;
	b->window = demo_catalog.shape[0].window;
	b->instant = true;
	*a = (struct answers){ .b = b, .max = max };
	a->frame = arena_alloc(&b->arena, max * sizeof(*a->frame) + 1);
	a->asked = arena_alloc(&b->arena, max * sizeof(*a->asked) + 1);
}

static void answers_range(struct answers *a, time_ms from, time_ms to,
			  time_ms step)
{
	a->b->instant = false;
	a->b->from = from;
	a->b->to = a->b->settled = to;
	a->b->step = step;
}

static void answers_emit(struct answers *a, struct source *src)
{
	a->b->frame = a->frame;
	a->b->nr = a->nr;
	a->b->asked = a->asked;
	a->b->nr_asked = a->nr_asked;
	if (a->nr_asked)
		source_emit(src, a->b);
	else
		batch_free(a->b);
}

static void ask(struct answers *a, uint32_t id)
{
	a->asked[a->nr_asked++] = id;
}

static void answer_as(struct answers *a, uint32_t id, struct labels labels,
		      const time_ms *t, const double *v, size_t nr)
{
	if (nr)
		a->frame[a->nr++] = (struct frame){
			.question = id, .labels = labels, .nr = nr, .t = t,
			.v = v };
}

static void answer(struct answers *a, uint32_t id, const time_ms *t,
		   const double *v, size_t nr)
{
	answer_as(a, id, (struct labels){ 0, NULL }, t, v, nr);
}

/* ---- objectives --------------------------------------------------------- */

/* The questions of one objective about one span, and their points so far. */
struct asking {
	const struct slo_def *d;
	const struct promise *promise;
	uint32_t errors, total, ratio; /* ids; 0: it has no such query */
	time_ms *t;
	double *v[3];
	size_t nr, nr_errors;
};

static bool begin(struct answers *a, const struct demo_own *own, size_t i,
		  unsigned span, size_t points, struct asking *q)
{
	struct arena *arena = &a->b->arena;
	const struct slo_def *d = &own->slo[i];
	bool ratio = d->ratio && !d->errors;
	if (!own->objective[i].promise)
		return false;
	*q = (struct asking){ .d = d, .promise = own->objective[i].promise };
	if (ratio)
		ask(a, q->ratio = question_own(QUESTION_SLO, i,
					slo_part(ASK_RATIO, span)));
	else {
		ask(a, q->errors = question_own(QUESTION_SLO, i,
					slo_part(ASK_ERRORS, span)));
		ask(a, q->total = question_own(QUESTION_SLO, i,
					slo_part(ASK_TOTAL, span)));
	}
	q->t = arena_alloc(arena, points * sizeof(*q->t) + 1);
	for (int k = 0; k < 3; k++)
		q->v[k] = arena_alloc(arena, points * sizeof(double) + 1);
	return true;
}

/* A point at t of what was counted in (from, to]. */
static void point(struct asking *q, time_ms t, time_ms from, time_ms to,
		  time_ms seen)
{
	struct promise_count c;
	promise_count(q->promise, from, to, seen, &c);
	if (!c.there || from >= to)
		return;
	double per = q->d->counts ? 1 : (double)(to - from) / 1000;
	q->t[q->nr] = t;
	q->v[0][q->nr] = c.errors / per;
	q->v[1][q->nr] = c.total / per;
	q->v[2][q->nr++] = c.errors / c.total;
}

/* Where nothing can fail a server has no series of failures. */
static void end(struct answers *a, struct asking *q)
{
	if (q->errors && promise_can_fail(q->promise))
		answer(a, q->errors, q->t, q->v[0], q->nr);
	if (q->total)
		answer(a, q->total, q->t, q->v[1], q->nr);
	if (q->ratio)
		answer(a, q->ratio, q->t, q->v[2], q->nr);
}

static void add_window(struct answers *a, const struct demo_own *own, size_t i,
		       enum slo_window w, time_ms t)
{
	struct asking q;
	if (!begin(a, own, i, w, 1, &q))
		return;
	point(&q, t, t - slo_spans[w], t, t);
	end(a, &q);
}

/* The budget of a calendar's window and of slices is read from cells. */
static bool has_period(const struct slo_def *d)
{
	return d->method == SLO_OCCURRENCES && d->calendar == CALENDAR_NONE;
}

static void add_period(struct answers *a, const struct demo_own *own, size_t i,
		       time_ms t)
{
	struct asking q;
	if (!has_period(&own->slo[i])
	    || !begin(a, own, i, SLO_SPAN_PERIOD, 1, &q))
		return;
	time_ms from, to, covered = promise_cover(q.d->period, t);
	struct err e;
	if (q.d->calendar != CALENDAR_NONE
	    && slo_bounds(q.d, t, &from, &to, &e) == 0)
		covered = from > covered ? from : covered;
	point(&q, t, covered, t, t);
	end(a, &q);
}

static void add_cover(struct answers *a, const struct demo_own *own, size_t i,
		      time_ms at)
{
	uint32_t id = question_own(QUESTION_SLO, i,
				   slo_part(ASK_TOTAL, SLO_SPAN_COVER));
	if (!own->objective[i].promise)
		return;
	time_ms *t = arena_alloc(&a->b->arena, sizeof(*t));
	double *v = arena_alloc(&a->b->arena, sizeof(*v));
	*t = at;
	*v = (double)promise_cover(own->slo[i].period, at) / 1000;
	ask(a, id);
	answer(a, id, t, v, 1);
}

static void add_windows(struct answers *a, const struct demo_own *own, size_t i,
			time_ms at, bool all)
{
	time_ms grid = time_floor(at, GRID);
	bool hot = own->objective[i].hot;
	for (unsigned w = 0; w < SLO_WINDOWS; w++) {
		bool brief = hot && (w == SLO_5M || w == SLO_1H);
		if (all || brief)
			add_window(a, own, i, (enum slo_window)w,
				   brief ? at : grid);
	}
	if (!all)
		return;
	add_period(a, own, i, grid);
	add_cover(a, own, i, grid);
}

static void emit_windows(struct demo_own *own, struct source *src, time_ms at,
			 bool all)
{
	struct answers a;
	answers_begin(&a, at, own->nr_slos * SLO_SPANS * 2);
	for (size_t i = 0; i < own->nr_slos; i++)
		add_windows(&a, own, i, at, all);
	answers_emit(&a, src);
}

static void add_chart(struct answers *a, const struct demo_own *own, size_t i,
		      enum slo_window w)
{
	const struct batch *b = a->b;
	struct asking q;
	if (!begin(a, own, i, w, (size_t)((b->to - b->from) / b->step) + 1,
		   &q))
		return;
	for (time_ms t = b->from; t <= b->to; t += b->step)
		point(&q, t, t - slo_spans[w], t, t);
	end(a, &q);
}

static void emit_charts(const struct demo_own *own, struct source *src,
			time_ms at, time_ms from, time_ms to, time_ms step)
{
	struct answers a;
	answers_begin(&a, at, own->nr_slos * 4);
	answers_range(&a, from, to, step);
	for (size_t i = 0; i < own->nr_slos; i++) {
		add_chart(&a, own, i, SLO_5M);
		add_chart(&a, own, i, SLO_1H);
	}
	answers_emit(&a, src);
}

/* ---- cells -------------------------------------------------------------- */

/* The ends of the cells that are to be told, of one length. */
struct cells {
	time_ms from, to, step;
};

static bool cells_of(const struct demo_own *own, size_t i, time_ms at,
		     struct cells *out)
{
	const struct slo_def *d = &own->slo[i];
	const struct objective *o = &own->objective[i];
	time_ms step = slo_cell(d), to = time_floor(at, step);
	time_ms from = time_floor(at - d->period, step) + step;
	if (!o->promise || o->told == to)
		return false;
	/* What was the story then is calm by now. */
	if (o->told != TIME_NONE && o->told < to) {
		time_ms again = time_floor(o->told - DEMO_PERIOD, step) + step;
		from = again > from ? again : from;
	}
	*out = (struct cells){ from, to, step };
	return from <= to;
}

static void add_cells(struct answers *a, const struct demo_own *own, size_t i,
		      time_ms seen)
{
	const struct batch *b = a->b;
	time_ms cover = promise_cover(own->slo[i].period, seen);
	struct asking q;
	if (!begin(a, own, i, SLO_SPAN_CELL,
		   (size_t)((b->to - b->from) / b->step) + 1, &q))
		return;
	for (time_ms t = b->from; t <= b->to; t += b->step)
		if (t - b->step >= cover)
			point(&q, t, t - b->step, t, seen);
	end(a, &q);
}

static void tell_olds(struct batch *b, time_ms seen)
{
	struct event *e = arena_alloc(&b->arena, PROMISE_EVENTS * sizeof(*e));
	promise_events(seen, e);
	b->event = e;
	b->nr_events = PROMISE_EVENTS;
}

static bool same_cells(const struct cells *a, const struct cells *b)
{
	return a->from == b->from && a->to == b->to && a->step == b->step;
}

static bool is_like(const struct demo_own *own, size_t i, time_ms at,
		    const struct cells *c)
{
	struct cells other;
	return cells_of(own, i, at, &other) && same_cells(c, &other);
}

/* All objectives whose cells are those of the first one, in as few batches as
 * a series' points allow. */
static void emit_like(struct demo_own *own, struct source *src, time_ms at,
		      size_t first, const struct cells *c)
{
	time_ms most = (time_ms)(LIMIT_POINTS - 1) * c->step;
	time_ms day = promise_day(at), seen = c->to > day ? c->to : day;
	for (time_ms from = c->from; from <= c->to; from += most + c->step) {
		struct answers a;
		time_ms to = c->to - from < most ? c->to : from + most;
		answers_begin(&a, at, own->nr_slos * 2);
		answers_range(&a, from, to, c->step);
		if (day != own->day)
			tell_olds(a.b, at);
		own->day = day;
		for (size_t i = first; i < own->nr_slos; i++)
			if (is_like(own, i, at, c))
				add_cells(&a, own, i, seen);
		answers_emit(&a, src);
	}
	for (size_t i = first; i < own->nr_slos; i++)
		if (is_like(own, i, at, c))
			own->objective[i].told = c->to;
}

static void emit_cells(struct demo_own *own, struct source *src, time_ms at,
		       bool whole)
{
	struct cells c;
	if (whole || promise_day(at) != own->day) {
		own->day = TIME_NONE;
		for (size_t i = 0; i < own->nr_slos; i++)
			own->objective[i].told = TIME_NONE;
	}
	for (size_t i = 0; i < own->nr_slos; i++)
		if (cells_of(own, i, at, &c))
			emit_like(own, src, at, i, &c);
}

/* ---- thresholds --------------------------------------------------------- */

/* The points of one threshold: at `nr` moments. */
struct judging {
	const struct demo_own *own;
	uint32_t id;
	struct resource_query query;
	const time_ms *t;
	size_t nr;
};

static void judge_series(struct answers *a, const struct judging *j,
			 const struct demo_resource *r)
{
	struct arena *arena = &a->b->arena;
	double *v = arena_alloc(arena, j->nr * sizeof(*v) + 1);
	time_ms *t = arena_alloc(arena, j->nr * sizeof(*t) + 1);
	size_t nr = 0;
	struct label *l = arena_alloc(arena, sizeof(*l));
	struct labels labels = { r ? 1 : 0, r ? l : NULL };
	if (r) {
		uint32_t shape = demo_resource_shape((int)r->kind);
		*l = (struct label){ demo_catalog.shape[shape - 1].label,
				     r->value };
	}
	for (size_t i = 0; i < j->nr; i++) {
		t[nr] = j->t[i];
		v[nr] = resource_query_at(&j->query, j->own->story, r, t[nr]);
		nr += isnan(v[nr]) ? 0 : 1;
	}
	answer_as(a, j->id, labels, t, v, nr);
}

/* Also a query that nothing here answers is asked: it has no data. */
static void judge(struct answers *a, const struct demo_own *own, size_t i,
		  unsigned part, const time_ms *t, size_t nr)
{
	const struct threshold_def *d = &own->threshold[i];
	struct judging j = { .own = own, .t = t, .nr = nr,
		.id = question_own(QUESTION_THRESHOLD, i, part) };
	const struct demo_resource *r;
	size_t nr_resources = demo_resources(&r);
	ask(a, j.id);
	if (!resource_query_read(d->query, d->unit, d->period, &j.query))
		return;
	if (j.query.fold != QUERY_EACH) {
		judge_series(a, &j, NULL);
		return;
	}
	for (size_t k = 0; k < nr_resources; k++)
		judge_series(a, &j, &r[k]);
}

/* What a row says is judged by the row. */
static bool is_judged(const struct threshold_def *d)
{
	return d->query && d->measure == MEASURE_NONE && d->period > 0;
}

static size_t judge_room(size_t nr_thresholds)
{
	const struct demo_resource *r;
	return nr_thresholds * (demo_resources(&r) + 1);
}

/* The unfinished period, as it stands; at moments of the grid. */
static void emit_judged_now(const struct demo_own *own, struct source *src,
			    time_ms at)
{
	struct answers a;
	answers_begin(&a, at, judge_room(own->nr_thresholds));
	time_ms *t = arena_alloc(&a.b->arena, sizeof(*t));
	*t = time_floor(at, GRID);
	for (size_t i = 0; i < own->nr_thresholds; i++)
		if (is_judged(&own->threshold[i]))
			judge(&a, own, i, THRESHOLD_NOW, t, 1);
	answers_emit(&a, src);
}

static void emit_points(struct demo_own *own, struct source *src, time_ms at,
			size_t i, bool whole)
{
	const struct threshold_def *d = &own->threshold[i];
	time_ms to = time_floor(at, d->period), told = own->judged[i];
	time_ms from = to - (threshold_periods(d) - 1) * d->period;
	struct answers a;
	if (!whole && told != TIME_NONE && told >= from && told <= to)
		from = told + d->period;
	own->judged[i] = to;
	if (from > to)
		return;
	answers_begin(&a, at, judge_room(1));
	answers_range(&a, from, to, d->period);
	size_t nr = (size_t)((to - from) / d->period) + 1;
	time_ms *t = arena_alloc(&a.b->arena, nr * sizeof(*t));
	for (size_t k = 0; k < nr; k++)
		t[k] = from + (time_ms)k * d->period;
	judge(&a, own, i, THRESHOLD_POINTS, t, nr);
	answers_emit(&a, src);
}

/* ---- a poll ------------------------------------------------------------- */

void demo_own_emit(struct demo_own *own, struct source *src,
		   const struct want *w, time_ms at, time_ms from, time_ms to)
{
	time_ms grid = time_floor(at, GRID);
	bool all = w->whole || grid != own->counted;
	emit_windows(own, src, at, all);
	if (all)
		emit_judged_now(own, src, at);
	for (size_t i = 0; i < own->nr_thresholds; i++)
		if (is_judged(&own->threshold[i]))
			emit_points(own, src, at, i, w->whole);
	own->counted = grid;
	if (w->step > 0 && from <= to)
		emit_charts(own, src, at, from, to, w->step);
	if (w->slos || w->only_slos)
		emit_cells(own, src, at, w->whole);
}
