/* The rows of thresholds: points of their queries, or measures of what is held
 * of services and resources, replayed over their periods. */
#include "model/objective_private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((time_ms)60000)

static void row_init(struct threshold_row *r, const struct store_threshold *t)
{
	*r = (struct threshold_row){ .def = t->def, .source = t->source,
				     .name = t->def->service };
}

/* The end of the first period that is looked at. */
static time_ms first_of(const struct threshold_def *d, time_ms at)
{
	time_ms periods = threshold_periods(d) - 1;
	return time_floor(at, d->period) - periods * d->period;
}

static void conclude(struct threshold_row *r)
{
	r->nearness = threshold_nearness(r->def, r->state.value);
}

static void read_nothing(struct threshold_row *r, time_ms at)
{
	threshold_read(r->def, NULL, NULL, 0, first_of(r->def, at), at, NAN,
		       &r->state);
	/* An alert of which nobody said anything is not one that is quiet. */
	r->state.level = r->state.leaning = LEVEL_NODATA;
	r->state.since = TIME_NONE;
	conclude(r);
}

/* ---- queries ------------------------------------------------------------ */

static uint32_t id_of(const struct store_threshold *t, unsigned part)
{
	return question_own(QUESTION_THRESHOLD, t->index, part);
}

/* One that is asked for and that its source does not know is none of its
 * questions. */
static bool is_known(const struct store_threshold *t)
{
	const struct catalog *c = t->source ? t->source->catalog : NULL;
	return c && t->index < c->nr_thresholds
	       && t->def == &c->threshold[t->index];
}

static bool was_answered(const struct store_threshold *t)
{
	return is_known(t)
	       && (store_answered(t->source, id_of(t, THRESHOLD_NOW))
			   != TIME_NONE
		   || store_ranged(t->source, id_of(t, THRESHOLD_POINTS))
			      != TIME_NONE);
}

static bool says_something(const struct series *s)
{
	return s->nr > 0 || series_is_there(s);
}

/* The series of a part with these labels, or NULL. */
static const struct series *part_of(const struct store_threshold *t,
				    unsigned part, const struct labels *ls)
{
	for (size_t i = 0; i < t->nr; i++)
		if (t->series[i]->question == id_of(t, part)
		    && labels_equal(&t->series[i]->labels, ls))
			return t->series[i];
	return NULL;
}

/* The unfinished period's value, if it was told of late. */
static double provisional(const struct store_threshold *t,
			  const struct series *now, time_ms at)
{
	time_ms refresh = t->def->period / 20;
	if (t->source && t->source->period > refresh)
		refresh = t->source->period;
	if (!now || now->now_t == TIME_NONE || now->now_t > at
	    || at - now->now_t > 2 * refresh + MINUTE)
		return NAN;
	return now->now_v;
}

static void name_group(const struct labels *ls, char out[SLO_GROUP])
{
	struct group_words w = { .out = out };
	out[0] = '\0';
	for (size_t i = 0; i < ls->nr && w.len < SLO_GROUP; i++)
		if (strcmp(ls->l[i].name, "__name__") != 0)
			group_add(&w, ls->l[i].name, ls->l[i].value);
}

static void read_series(struct threshold_row *r,
			const struct store_threshold *t,
			const struct labels *ls, time_ms at)
{
	const struct series *points = part_of(t, THRESHOLD_POINTS, ls);
	const struct series *now = part_of(t, THRESHOLD_NOW, ls);
	bool some = points && points->v;
	row_init(r, t);
	name_group(ls, r->group);
	threshold_read(t->def, some ? points->t : NULL,
		       some ? points->v : NULL, some ? points->nr : 0,
		       first_of(t->def, at), at, provisional(t, now, at),
		       &r->state);
	conclude(r);
}

/* Nobody has a value. Of an alert that is fine, if anybody was asked. */
static void read_none(struct threshold_row *r, const struct store_threshold *t,
		      time_ms at)
{
	row_init(r, t);
	if (t->def->alert && was_answered(t)) {
		threshold_read(t->def, NULL, NULL, 0, first_of(t->def, at), at,
			       NAN, &r->state);
		conclude(r);
		return;
	}
	read_nothing(r, at);
	if (was_answered(t))
		return;
	r->asking = t->source && t->source->state == SOURCE_ASKING;
	if (!r->asking)
		r->fault = "nobody answers its query";
}

/* Sorted by question first, so each label set of the points comes once, and
 * those of the instants that have no points after them. */
static size_t query_rows(const struct store_threshold *t, time_ms at,
			 struct threshold_row *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < t->nr; i++) {
		const struct series *s = t->series[i];
		const struct series *points =
			part_of(t, THRESHOLD_POINTS, &s->labels);
		if (!says_something(s)
		    || (points && points != s && says_something(points)))
			continue;
		if (n < max)
			read_series(&out[n], t, &s->labels, at);
		n++;
	}
	if (n == 0 && max > 0)
		read_none(&out[0], t, at);
	return n ? n : 1;
}

/* ---- measures ----------------------------------------------------------- */

/* Up to where the grid is whole: a period whose end it has not reached is not
 * over, unless nobody goes on telling. */
static time_ms whole_until(const struct service *s, time_ms at)
{
	const struct store_source *src = s->source;
	time_ms settled = service_settled(s, at), told = src->range_to;
	if (told == TIME_NONE || told >= settled)
		return settled;
	bool goes_on = settled - told <= src->step + 2 * src->period + 5000;
	return goes_on ? told : settled;
}

/* What most thresholds look at is on the stack: rows are read for every
 * frame. */
#define POINTS_NEAR 256
struct points {
	size_t nr;
	time_ms *t, near_t[POINTS_NEAR];
	double *v, near_v[POINTS_NEAR];
};

/* Only periods of which the grid has all. */
static void points_of(const struct service *s, const struct threshold_def *d,
		      time_ms until, struct points *p)
{
	time_ms held = s->source->range_from, step = s->source->step;
	size_t max = (size_t)threshold_periods(d);
	p->nr = 0;
	p->t = max > POINTS_NEAR ? mem_zero(max, sizeof(*p->t)) : p->near_t;
	p->v = max > POINTS_NEAR ? mem_zero(max, sizeof(*p->v)) : p->near_v;
	for (time_ms end = first_of(d, until); end <= until; end += d->period) {
		if (held == TIME_NONE || end - d->period + step < held)
			continue;
		double v = objective_measure(s, d, end - d->period, end);
		if (isnan(v) || p->nr == max)
			continue;
		p->t[p->nr] = end;
		p->v[p->nr++] = v;
	}
}

static void read_measure(struct threshold_row *r,
			 const struct store_threshold *t,
			 const struct service *s, time_ms at)
{
	const struct threshold_def *d = t->def;
	struct group_words w = { .out = r->group };
	time_ms until = whole_until(s, at);
	row_init(r, t);
	r->name = s->name;
	if (!d->service)
		group_add(&w, d->measure == MEASURE_USED ? "resource"
							 : "service", s->name);
	struct points p;
	points_of(s, d, until, &p);
	double now = objective_measure(s, d, time_floor(until, d->period), at);
	threshold_read(d, p.t, p.v, p.nr, first_of(d, until), until, now,
		       &r->state);
	if (p.t != p.near_t)
		free(p.t);
	if (p.v != p.near_v)
		free(p.v);
	conclude(r);
}

static bool is_meant(const struct store_threshold *t, const struct service *s)
{
	return (!t->source || s->source == t->source)
	       && (!t->def->service || strcmp(t->def->service, s->name) == 0);
}

static size_t measure_rows(const struct store *st,
			   const struct store_threshold *t, time_ms at,
			   struct threshold_row *out, size_t max)
{
	const struct service *const *s;
	size_t nr = t->def->measure == MEASURE_USED ? store_resources(st, &s)
						    : store_services(st, &s);
	size_t n = 0;
	for (size_t i = 0; i < nr; i++) {
		if (!is_meant(t, s[i]))
			continue;
		if (n < max)
			read_measure(&out[n], t, s[i], at);
		n++;
	}
	if (n)
		return n;
	if (max == 0)
		return 1;
	row_init(&out[0], t);
	read_nothing(&out[0], at);
	out[0].asking = t->source && t->source->state == SOURCE_ASKING;
	if (!out[0].asking)
		out[0].fault = "nothing that it measures is known here";
	return 1;
}

/* ---- rows --------------------------------------------------------------- */

size_t threshold_rows(const struct store *st, const struct store_threshold *t,
		      time_ms at, struct threshold_row *out, size_t max)
{
	if (t->def->period <= 0 && max > 0) {
		row_init(&out[0], t);
		threshold_read(t->def, NULL, NULL, 0, at, at, NAN,
			       &out[0].state);
		out[0].nearness = NAN;
		out[0].fault = "it has no period";
	}
	if (t->def->period <= 0)
		return 1;
	return t->def->measure != MEASURE_NONE
	       ? measure_rows(st, t, at, out, max)
	       : query_rows(t, at, out, max);
}

static int rank(enum threshold_level l)
{
	static const int ranks[] = {
		[LEVEL_CRITICAL] = 0, [LEVEL_WARNING] = 1, [LEVEL_NODATA] = 2,
		[LEVEL_OK] = 3,
	};
	return ranks[l];
}

static double order(const struct threshold_row *r)
{
	return isnan(r->nearness) ? -INFINITY : r->nearness;
}

int threshold_row_compare(const void *a, const void *b)
{
	const struct threshold_row *x = a, *y = b;
	int c = rank(x->state.level) - rank(y->state.level);
	if (c)
		return c;
	if (order(x) != order(y))
		return order(x) > order(y) ? -1 : 1;
	c = strcmp(x->def->id, y->def->id);
	return c ? c : strcmp(x->group, y->group);
}
