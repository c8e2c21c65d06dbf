/* The cells of an objective's period: its budget as it was spent. */
#include "model/objective_private.h"

#include "base/mem.h"
#include "model/store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double value_at(const struct series *x, time_ms t)
{
	size_t i = x && x->v ? series_lower(x, t) : 0;
	return x && x->v && i < x->nr && x->t[i] == t ? x->v[i] : NAN;
}

/* What is known of a cell: counted requests, or a ratio that stands as the
 * errors of a total of 1. */
struct sources {
	const struct series *errors, *total, *ratio;
	double scale;
	/* of buckets: */
	const struct store_slo *s;
	const struct series *like, *bucket;
};

static struct sources sources_of(const struct store_slo *s,
				 const struct series *like)
{
	uint32_t errors = question_own(QUESTION_SLO, s->index,
				       slo_part(ASK_ERRORS, SLO_SPAN_CELL));
	struct sources x = {
		objective_series(s, like, ASK_ERRORS, SLO_SPAN_CELL),
		objective_series(s, like, ASK_TOTAL, SLO_SPAN_CELL),
		objective_series(s, like, ASK_RATIO, SLO_SPAN_CELL),
		s->def->counts ? 1 : (double)slo_cell(s->def) / 1000,
		s, like, NULL,
	};
	if (s->def->buckets)
		x.bucket = objective_bucket(s, like, SLO_SPAN_CELL);
	if (!x.ratio)
		x.ratio = objective_series(s, like, ASK_RECORDED,
					   SLO_SPAN_CELL);
	/* Nobody knows that nothing failed. */
	if (!x.errors && !x.ratio
	    && store_ranged(s->source, errors) == TIME_NONE)
		x.total = NULL;
	return x;
}

static struct slo_value told_at(const struct series *x, time_ms t)
{
	double v = value_at(x, t);
	return (struct slo_value){ !isnan(v), v };
}

static struct slo_cell cell_at(const struct sources *x, time_ms t)
{
	struct slo_input told = { told_at(x->errors, t), told_at(x->total, t),
				  told_at(x->ratio, t), { 0 } };
	objective_trust(&told);
	double total = told.total.there ? told.total.v : NAN;
	double errors = told.errors.v;
	double ratio = told.ratio.there ? told.ratio.v : NAN;
	if (told.errors.there && isnan(errors))
		total = NAN;
	if (x->bucket) {
		double least;
		struct slo_input in = objective_slow(x->s, x->like,
						     SLO_SPAN_CELL, true, t, 0,
						     &least);
		return (struct slo_cell){
			t, in.errors.there ? in.errors.v * x->scale : NAN,
			in.total.there ? in.total.v * x->scale : NAN };
	}
	if (!x->total)
		return (struct slo_cell){ t, ratio, isnan(ratio) ? NAN : 1 };
	if (!x->errors && x->ratio)
		errors = ratio * total;
	return (struct slo_cell){ t, errors * x->scale, total * x->scale };
}

void objective_cells(const struct store_slo *s, const struct series *like,
		     time_ms from, time_ms to, struct cells *out)
{
	struct sources x = sources_of(s, like);
	const struct series *lead = x.bucket ? x.bucket
				    : x.total ? x.total : x.ratio;
	out->cell = out->near;
	out->nr = 0;
	if (!lead || !lead->v)
		return;
	size_t a = series_lower(lead, from + 1), b = series_upper(lead, to);
	if (b > a && b - a > CELLS_NEAR)
		out->cell = mem_zero(b - a, sizeof(*out->cell));
	for (size_t i = a; i < b; i++)
		out->cell[out->nr++] = cell_at(&x, lead->t[i]);
}

void cells_release(struct cells *c)
{
	if (c->cell != c->near)
		free(c->cell);
}

/* As the method weighs it: events, or slices. False: it counts for nothing. */
static bool weigh(const struct slo_def *d, const struct slo_cell *c,
		  double *bad, double *total)
{
	struct slo_budget one;
	slo_budget_of_slices(d, c, 1, &one);
	*bad = one.bad;
	*total = one.total;
	return one.total > 0;
}

/* ---- burn-down ---------------------------------------------------------- */

/* The sum over the cells that end in a window that only moves forward. */
struct window {
	const struct slo_def *d;
	const struct slo_cell *cell;
	size_t nr, lo, hi, counted;
	double bad, total;
};

static void window_add(struct window *w, const struct slo_cell *c, double sign)
{
	double bad, total;
	if (!weigh(w->d, c, &bad, &total))
		return;
	w->counted += sign > 0 ? 1 : (size_t)-1;
	w->bad = w->counted ? w->bad + sign * bad : 0;
	w->total = w->counted ? w->total + sign * total : 0;
}

static void window_move(struct window *w, time_ms from, time_ms to)
{
	for (; w->hi < w->nr && w->cell[w->hi].at <= to; w->hi++)
		window_add(w, &w->cell[w->hi], 1);
	for (; w->lo < w->hi && w->cell[w->lo].at <= from; w->lo++)
		window_add(w, &w->cell[w->lo], -1);
}

static double window_left(const struct window *w)
{
	double budget = slo_error_budget(w->d);
	return w->total > 0 && budget > 0 ? 1 - w->bad / w->total / budget
					  : NAN;
}

/* Where the window that ends at `t` begins: known bounds are asked once. */
struct bounds {
	time_ms from, to;
};

static time_ms begins(const struct slo_def *d, time_ms t, struct bounds *b)
{
	struct err e;
	if (d->calendar == CALENDAR_NONE)
		return t - d->period;
	if (t > b->from && t <= b->to)
		return b->from;
	/* Up to its end the window before is whole. */
	if (slo_bounds(d, t - 1, &b->from, &b->to, &e) < 0)
		return t - d->period;
	return b->from;
}

void slo_burndown(const struct slo_row *r, double *out, size_t nr)
{
	const struct slo_def *d = r->def;
	struct window w = { .d = d };
	struct bounds b = { INT64_MAX, INT64_MIN };
	for (size_t i = 0; i < nr; i++)
		out[i] = NAN;
	if (!r->slo || !r->like || !nr)
		return;
	time_ms begin = r->at - d->period;
	struct cells c;
	objective_cells(r->slo, r->like, begin - d->period, r->at, &c);
	w.cell = c.cell;
	w.nr = c.nr;
	for (size_t i = 0; i < nr && w.nr; i++) {
		double part = (double)(i + 1) / (double)nr;
		time_ms t = begin + (time_ms)(part * (double)d->period);
		window_move(&w, begins(d, t, &b), t);
		out[i] = window_left(&w);
	}
	cells_release(&c);
}

/* ---- what spent it ------------------------------------------------------ */

struct run {
	time_ms from, to;
	double bad;
};

/* The largest first. */
static size_t keep_run(struct run *top, size_t nr, size_t max,
		       const struct run *r)
{
	size_t i = nr < max ? nr : max;
	while (i > 0 && top[i - 1].bad < r->bad)
		i--;
	if (i >= max)
		return nr;
	size_t kept = nr < max ? nr + 1 : max;
	memmove(top + i + 1, top + i, (kept - i - 1) * sizeof(*top));
	top[i] = *r;
	return kept;
}

static size_t find_runs(const struct slo_def *d, const struct slo_cell *cell,
			size_t nr, struct run *top, size_t max,
			struct slo_budget *all)
{
	double budget = slo_error_budget(d), bad, total;
	time_ms length = slo_cell(d);
	struct run r = { 0 };
	size_t kept = 0;
	for (size_t i = 0; i < nr; i++) {
		bool counts = weigh(d, &cell[i], &bad, &total);
		bool over = counts && bad > budget * total;
		all->bad += counts ? bad : 0;
		all->total += counts ? total : 0;
		if (r.bad > 0 && (!over || cell[i].at - length > r.to)) {
			kept = keep_run(top, kept, max, &r);
			r.bad = 0;
		}
		if (!over)
			continue;
		if (!(r.bad > 0))
			r.from = cell[i].at - length;
		r.to = cell[i].at;
		r.bad += bad;
	}
	return r.bad > 0 ? keep_run(top, kept, max, &r) : kept;
}

#define SPENDERS_MAX 16

size_t slo_spenders(const struct slo_row *r, struct slo_spender *out,
		    size_t max)
{
	struct slo_budget all = { 0 };
	double budget = slo_error_budget(r->def);
	struct run top[SPENDERS_MAX] = { 0 };
	struct cells c;
	if (!r->slo || !r->like || !max)
		return 0;
	max = max < SPENDERS_MAX ? max : SPENDERS_MAX;
	objective_cells(r->slo, r->like, r->period_from, r->at, &c);
	size_t kept = find_runs(r->def, c.cell, c.nr, top, max, &all);
	for (size_t k = 0; k < kept; k++)
		out[k] = (struct slo_spender){
			top[k].from, top[k].to, top[k].bad / all.bad,
			top[k].bad / (budget * all.total),
		};
	cells_release(&c);
	return kept;
}
