#include "sources/cw_slo.h"

#include "base/limits.h"
#include "base/text.h"
#include "model/definition.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUTE ((time_ms)60000)
#define FIVES  (5 * MINUTE)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* An answer may be so much behind what could be judged. */
#define BEHIND (10 * MINUTE)
/* A calendar's period is longer than its nominal length by less than that. */
#define CALENDAR_MORE (3 * DAY)
/* A grid begins at a whole period before what is looked back to, which began
 * before now. */
#define REACH_MORE (2 * HOUR)

/* ---- what is asked ------------------------------------------------------ */

static const struct cw_service *service_of(const struct cw_found *f,
					   const char *name)
{
	for (size_t i = 0; name && i < f->nr; i++)
		if (!f->service[i].resource
		    && strcmp(f->service[i].name, name) == 0)
			return &f->service[i];
	return NULL;
}

/* Percentiles are of one metric, and so is the share below a limit. */
static const struct cw_part *timed_part(const struct cw_service *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->part[i].role >= CW_P50 && s->part[i].role <= CW_P99)
			return &s->part[i];
	return NULL;
}

/* "PR(:0.3)": ten digits, without what says nothing. */
static const char *rank_of(double limit, struct arena *a)
{
	char digits[64];
	int n = snprintf(digits, sizeof(digits), "%.10f", limit);
	while (n > 1 && digits[n - 1] == '0')
		digits[--n] = '\0';
	if (n > 1 && digits[n - 1] == '.')
		digits[n - 1] = '\0';
	return arena_printf(a, "PR(:%s)", digits);
}

static bool is_counted(const struct slo_def *d, enum cw_role r)
{
	return cw_is_request(r) || (!(d->latency > 0) && cw_is_error(r));
}

/* The parts of the service that the objective is about. */
static const struct cw_service *about(const struct cw_service *s,
				      const struct slo_def *d, struct arena *a)
{
	struct cw_service *out = arena_alloc(a, sizeof(*out));
	struct cw_part *part = arena_alloc(a, (s->nr + 1) * sizeof(*part));
	size_t nr = 0;
	for (size_t i = 0; i < s->nr; i++) {
		if (!is_counted(d, s->part[i].role))
			continue;
		part[nr] = s->part[i];
		part[nr++].weight = CW_WANTED;
	}
	if (d->latency > 0) {
		part[nr] = *timed_part(s);
		part[nr].role = CW_WITHIN;
		part[nr].weight = CW_WANTED;
		part[nr].stat = rank_of(d->latency / part[nr].scale, a);
		part[nr].per_second = false;
		part[nr++].scale = 0.01;
	}
	*out = *s;
	out->counts_errors = s->counts_errors && !(d->latency > 0);
	out->part = part;
	out->nr = nr;
	return out;
}

static const char *why_not(const struct cw_service *s,
			   const struct slo_def *d)
{
	if (!s->counts_requests)
		return "counts no requests";
	if (d->latency > 0 && !timed_part(s))
		return "has no latency metric whose shares can be asked";
	if (!(d->latency > 0) && !s->counts_errors)
		return "counts no errors";
	return NULL;
}

/* Slices are judged one by one, so that no coarser point will do. */
static time_ms made_of(const struct slo_def *d, time_ms cell)
{
	if (d->method == SLO_OCCURRENCES)
		return d->period;
	if (cell % HOUR == 0)
		return HOUR;
	bool held = d->period + CALENDAR_MORE
		    < (time_ms)CW_HOLD_POINTS * FIVES;
	return cell % FIVES == 0 && held ? FIVES : 0;
}

static void note(struct cw_slos *out, const struct slo_def *d,
		 const char *what, struct arena *a)
{
	char line[LIMIT_SENTENCE + 1];
	struct buf b;
	if (out->nr_notes >= LIMIT_WARNINGS)
		return;
	snprintf(line, sizeof(line), "objective %.80s: %.80s %.120s", d->id,
		 d->service, what);
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, line, strlen(line));
	out->note[out->nr_notes++] = arena_strdup(a, buf_text(&b));
	buf_release(&b);
}

static void reach(struct cw_slos *out, const struct cw_slo *s)
{
	const struct slo_def *d = s->def;
	time_ms more = d->calendar ? CALENDAR_MORE : 0;
	time_ms whole = d->period + more + REACH_MORE;
	time_ms days = slo_spans[SLO_3D] + REACH_MORE;
	if (s->made_of == FIVES && whole > days)
		days = whole;
	if (days > out->reach[CW_FIVES])
		out->reach[CW_FIVES] = days;
	if (cw_slo_asks(s, CW_HOURS) && whole > out->reach[CW_HOURS])
		out->reach[CW_HOURS] = whole;
}

static void add(struct cw_slos *out, const struct cw_service *s,
		const struct slo_def *d, size_t index, struct arena *a)
{
	const char *why = why_not(s, d);
	if (why) {
		note(out, d, why, a);
		return;
	}
	struct cw_slo *x = &out->of[out->nr++];
	*x = (struct cw_slo){ .def = d, .index = index,
			      .service = about(s, d, a),
			      .cell = slo_cell(d) };
	x->made_of = made_of(d, x->cell);
	x->key = cw_member_keys(x->service, a);
	if (!x->made_of)
		note(out, d, "has points of 5 minutes and no finer ones over "
		     "so long: its slices are not known", a);
	reach(out, x);
}

bool cw_slo_asks(const struct cw_slo *s, enum cw_grid g)
{
	if (g == CW_MINUTES)
		return s->def->latency > 0;
	return g == CW_FIVES || s->made_of > FIVES;
}

void cw_slos_find(struct cw_slos *out, const struct cw_found *f,
		  const struct slo_def *def, size_t nr, struct arena *a)
{
	size_t most = nr < LIMIT_SLOS ? nr : LIMIT_SLOS;
	*out = (struct cw_slos){
		.of = arena_alloc(a, (most + 1) * sizeof(*out->of)),
		.note = arena_alloc(a, LIMIT_WARNINGS * sizeof(*out->note)),
	};
	for (size_t i = 0; i < most; i++) {
		const struct cw_service *s = service_of(f, def[i].service);
		if (def[i].derived && s)
			add(out, s, &def[i], i, a);
	}
}

/* ---- the catalog -------------------------------------------------------- */

static bool is_within(enum cw_role r)
{
	return r == CW_WITHIN;
}

static void word(struct slo_def *d, const struct cw_slo *s, struct arena *a)
{
	d->total = cw_question(s->service, cw_is_request, a);
	if (d->latency > 0)
		d->errors = arena_printf(
			a, "%s x (1 - %s)", d->total,
			cw_question(s->service, is_within, a));
	else
		d->errors = cw_question(s->service, cw_is_error, a);
}

const struct catalog *cw_slos_catalog(const struct catalog *c,
				      const struct cw_slos *s,
				      const struct source_options *o,
				      struct arena *a)
{
	struct catalog *out = arena_alloc(a, sizeof(*out));
	size_t slos = o->nr_slos < LIMIT_SLOS ? o->nr_slos : LIMIT_SLOS;
	size_t thresholds = o->nr_thresholds < LIMIT_THRESHOLDS
			    ? o->nr_thresholds : LIMIT_THRESHOLDS;
	struct slo_def *d = arena_alloc(a, (slos + 1) * sizeof(*d));
	struct threshold_def *t = arena_alloc(a, (thresholds + 1)
							 * sizeof(*t));
	for (size_t i = 0; i < slos; i++)
		d[i] = own_copy_slo(&o->slo[i], a);
	for (size_t i = 0; i < thresholds; i++)
		t[i] = own_copy_threshold(&o->threshold[i], a);
	for (size_t i = 0; i < s->nr; i++)
		word(&d[s->of[i].index], &s->of[i], a);
	*out = *c;
	out->slo = d;
	out->nr_slos = slos;
	out->threshold = t;
	out->nr_thresholds = thresholds;
	out->pack = o->pack ? arena_strdup(a, o->pack) : NULL;
	return out;
}

/* ---- answers ------------------------------------------------------------ */

struct answers {
	struct batch *b;
	struct frame *frame;
	uint32_t *asked;
};

static void begin(struct answers *o, struct batch *b, size_t questions)
{
	*o = (struct answers){
		.b = b,
		.frame = arena_alloc(&b->arena, (questions + 1)
							* sizeof(*o->frame)),
		.asked = arena_alloc(&b->arena, (questions + 1)
							* sizeof(*o->asked)),
	};
	b->frame = o->frame;
	b->asked = o->asked;
}

/* Empty: asked, and there is nothing. */
static void answer(struct answers *o, const struct cw_slo *s, enum slo_ask ask,
		   unsigned span, const time_ms *t, const double *v, size_t nr)
{
	struct batch *b = o->b;
	uint32_t id = question_own(QUESTION_SLO, s->index,
				   slo_part(ask, span));
	o->asked[b->nr_asked++] = id;
	if (nr)
		o->frame[b->nr++] = (struct frame){ .question = id, .nr = nr,
						    .t = t, .v = v };
}

static void answer_one(struct answers *o, const struct cw_slo *s,
		       enum slo_ask ask, unsigned span, time_ms t, double v)
{
	time_ms *at = arena_alloc(&o->b->arena, sizeof(*at));
	double *value = arena_alloc(&o->b->arena, sizeof(*value));
	*at = t;
	*value = v;
	answer(o, s, ask, span, at, value, isnan(v) ? 0u : 1u);
}

static void answer_sum(struct answers *o, const struct cw_slo *s,
		       unsigned span, time_ms from, time_ms to,
		       const struct cw_sum *sum)
{
	double seconds = (double)(to - from) / 1000;
	answer_one(o, s, ASK_ERRORS, span, to,
		   sum->any ? sum->errors / seconds : NAN);
	answer_one(o, s, ASK_TOTAL, span, to,
		   sum->any ? sum->total / seconds : NAN);
}

/* ---- instants ----------------------------------------------------------- */

/* The newest end that is known, a multiple of p; TIME_NONE: too old. */
static time_ms newest_end(const struct cw_ladder *l, time_ms judged, time_ms p)
{
	time_ms end = cw_ladder_end(l);
	if (end == TIME_NONE || end < judged - BEHIND)
		return TIME_NONE;
	end = time_floor(end < judged ? end : judged, p);
	return end < judged - BEHIND - p ? TIME_NONE : end;
}

static void add_window(struct answers *o, const struct cw_slo *s,
		       struct cw_ladder *l, enum slo_window w, time_ms judged)
{
	time_ms p = w <= SLO_1H ? MINUTE : FIVES;
	time_ms end = newest_end(l, judged, p), from = end - slo_spans[w];
	struct cw_sum sum;
	if (end != TIME_NONE
	    && cw_ladder_sum(l, from, end, slo_spans[w], &sum))
		answer_sum(o, s, w, from, end, &sum);
}

/* What the period has had so far. */
static bool elapsed(const struct slo_def *d, time_ms end, time_ms *from)
{
	time_ms to;
	struct err e;
	return slo_bounds(d, end, from, &to, &e) == 0 && *from < end;
}

static void add_period(struct answers *o, const struct cw_slo *s,
		       struct cw_ladder *l, time_ms judged)
{
	time_ms end = newest_end(l, judged, FIVES), from, first;
	struct cw_sum sum;
	if (end == TIME_NONE || !s->made_of || !elapsed(s->def, end, &from))
		return;
	if (s->def->method == SLO_OCCURRENCES
	    && cw_ladder_sum(l, from, end, s->made_of, &sum))
		answer_sum(o, s, SLO_SPAN_PERIOD, from, end, &sum);
	if (cw_ladder_first(l, from, end, &first))
		answer_one(o, s, ASK_TOTAL, SLO_SPAN_COVER, end,
			   first == TIME_NONE ? NAN : (double)first / 1000);
}

void cw_slos_now(const struct cw_slos *s, time_ms at, time_ms judged,
		 struct batch *b)
{
	struct answers o;
	b->at = at;
	b->instant = true;
	begin(&o, b, s->nr * (size_t)SLO_SPANS * 2);
	for (size_t i = 0; i < s->nr; i++) {
		struct cw_ladder l;
		cw_ladder_init(&l, s->of[i].service, s->of[i].key,
			       s->of[i].hold);
		for (unsigned w = 0; w < SLO_WINDOWS; w++)
			add_window(&o, &s->of[i], &l, (enum slo_window)w,
				   judged);
		add_period(&o, &s->of[i], &l, judged);
		cw_ladder_release(&l);
	}
}

/* ---- points ------------------------------------------------------------- */

struct points {
	size_t nr;
	time_ms *t;
	double *errors, *total;
};

static void points_init(struct points *p, size_t most, struct arena *a)
{
	*p = (struct points){
		.t = arena_alloc(a, (most + 1) * sizeof(*p->t)),
		.errors = arena_alloc(a, (most + 1) * sizeof(double)),
		.total = arena_alloc(a, (most + 1) * sizeof(double)),
	};
}

static void add_point(struct points *p, time_ms from, time_ms to,
		      const struct cw_sum *sum)
{
	double seconds = (double)(to - from) / 1000;
	p->t[p->nr] = to;
	p->errors[p->nr] = sum->errors / seconds;
	p->total[p->nr++] = sum->total / seconds;
}

static void answer_points(struct answers *o, const struct cw_slo *s,
			  unsigned span, const struct points *p)
{
	answer(o, s, ASK_ERRORS, span, p->t, p->errors, p->nr);
	answer(o, s, ASK_TOTAL, span, p->t, p->total, p->nr);
}

static void add_chart(struct answers *o, const struct cw_slo *s,
		      struct cw_ladder *l, enum slo_window w)
{
	const struct batch *b = o->b;
	struct points p;
	points_init(&p, (size_t)((b->to - b->from) / b->step) + 1,
		    &o->b->arena);
	for (time_ms t = b->from; t <= b->to; t += b->step) {
		struct cw_sum sum;
		time_ms from = t - slo_spans[w];
		if (cw_ladder_sum(l, from, t, slo_spans[w], &sum) && sum.any)
			add_point(&p, from, t, &sum);
	}
	answer_points(o, s, w, &p);
}

void cw_slos_range(const struct cw_slos *s, const struct cw_axis *x,
		   struct batch *b)
{
	struct answers o;
	b->from = x->from;
	b->to = x->to;
	b->step = x->step;
	b->settled = x->settled;
	b->window = x->step;
	begin(&o, b, s->nr * 4);
	for (size_t i = 0; i < s->nr; i++) {
		struct cw_ladder l;
		cw_ladder_init(&l, s->of[i].service, s->of[i].key,
			       s->of[i].hold);
		add_chart(&o, &s->of[i], &l, SLO_5M);
		add_chart(&o, &s->of[i], &l, SLO_1H);
		cw_ladder_release(&l);
	}
}

/* What was told may have been restated since: one cell, as they are long. */
static time_ms first_cell(const struct cw_slo *s, time_ms at, time_ms told)
{
	time_ms first = time_floor(at - s->def->period, s->cell) + s->cell;
	return told > first ? told : first;
}

static void add_cells(struct answers *o, const struct cw_slo *s,
		      struct cw_ladder *l)
{
	const struct batch *b = o->b;
	struct points p;
	points_init(&p, (size_t)((b->to - b->from) / b->step) + 1,
		    &o->b->arena);
	for (time_ms t = b->from; t <= b->to; t += b->step) {
		struct cw_sum sum;
		if (cw_ladder_sum(l, t - b->step, t, s->made_of, &sum)
		    && sum.any)
			add_point(&p, t - b->step, t, &sum);
	}
	answer_points(o, s, SLO_SPAN_CELL, &p);
}

time_ms cw_slo_cells(const struct cw_slo *s, time_ms at, time_ms judged,
		     time_ms told, struct batch *b)
{
	struct answers o;
	struct cw_ladder l;
	time_ms end;
	if (!s->made_of)
		return TIME_NONE;
	cw_ladder_init(&l, s->service, s->key, s->hold);
	end = newest_end(&l, judged, FIVES);
	b->from = first_cell(s, at, told);
	b->to = end == TIME_NONE ? end : time_floor(end, s->cell);
	if (b->to >= b->from && (told == TIME_NONE || b->to > told)) {
		b->at = at;
		b->step = b->window = s->cell;
		b->settled = b->to;
		begin(&o, b, 2);
		add_cells(&o, s, &l);
	}
	cw_ladder_release(&l);
	return b->nr_asked ? b->to : TIME_NONE;
}
