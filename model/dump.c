#include "model/dump.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/store_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of which moment the newest instants of a question are. Services of one
 * source may be of several: the newest minute that is whole is not the same
 * for all. */
struct asked {
	uint32_t question;
	time_ms at;
};

struct dump {
	const struct store *st;
	const struct store_source *src;
	const struct service *const *service;
	size_t nr_services;
	struct asked *asked; /* of the source */
	size_t nr_asked, cap_asked;
};

typedef void each_series(const struct series *s, void *arg);

static void for_own(const struct dump *d, each_series *f, void *arg)
{
	const struct store_slo *const *slo;
	const struct store_threshold *const *t;
	size_t slos = store_slos(d->st, &slo);
	size_t thresholds = store_thresholds(d->st, &t);
	for (size_t i = 0; i < slos; i++)
		for (size_t k = 0; slo[i]->source == d->src && k < slo[i]->nr;
		     k++)
			f(slo[i]->series[k], arg);
	for (size_t i = 0; i < thresholds; i++)
		for (size_t k = 0; t[i]->source == d->src && k < t[i]->nr; k++)
			f(t[i]->series[k], arg);
}

static void for_series(const struct dump *d, each_series *f, void *arg)
{
	for (size_t i = 0; i < d->nr_services; i++) {
		if (d->service[i]->source != d->src)
			continue;
		for (int r = 0; r < RED_ROLES; r++)
			for (size_t k = 0; k < d->service[i]->nr[r]; k++)
				f(d->service[i]->series[r][k], arg);
	}
}

static void add_answered(struct dump *d, uint32_t id, time_ms at)
{
	if (at == TIME_NONE)
		return;
	MEM_ROOM(d->asked, d->nr_asked, d->cap_asked);
	d->asked[d->nr_asked++] = (struct asked){ id, at };
}

static void find_own_asked(struct dump *d)
{
	/* pub is the first of an origin's fields */
	const struct origin *o = (const struct origin *)d->src;
	for (size_t i = 0; i < o->nr_answers; i++)
		if (question_is_own(o->answer[i].id))
			add_answered(d, o->answer[i].id, o->answer[i].at);
}

static void find_asked(struct dump *d)
{
	const struct catalog *c = d->src->catalog;
	d->nr_asked = 0;
	for (size_t i = 0; i < c->nr_shapes; i++)
		for (int r = 0; r < RED_ROLES; r++) {
			uint32_t id = question_id(c->shape[i].id,
						  (enum red_role)r);
			add_answered(d, id, store_answered(d->src, id));
		}
	find_own_asked(d);
}

/* The first moment after t of which there are instants. */
static time_ms next_instant(const struct dump *d, time_ms t)
{
	time_ms best = TIME_NONE;
	for (size_t i = 0; i < d->nr_asked; i++)
		if (d->asked[i].at > t
		    && (best == TIME_NONE || d->asked[i].at < best))
			best = d->asked[i].at;
	return best;
}

struct filling {
	struct batch *b;
	struct frame *frame;
	uint32_t *asked;
	size_t max;
};

static void count_series(const struct series *s, void *arg)
{
	(void)s;
	(*(size_t *)arg)++;
}

static void add_asked(struct filling *f, uint32_t question)
{
	for (size_t i = 0; i < f->b->nr_asked; i++)
		if (f->asked[i] == question)
			return;
	f->asked[f->b->nr_asked++] = question;
}

static void add_frame(const struct series *s, void *arg)
{
	struct filling *f = arg;
	if (s->nr == 0)
		return;
	struct frame *fr = &f->frame[f->b->nr++];
	*fr = (struct frame){ .question = s->question, .labels = s->labels,
			      .nr = s->nr, .t = s->t, .v = s->v };
	if (s->h) {
		struct histogram *h = arena_alloc(&f->b->arena,
						  s->nr * sizeof(*h));
		for (size_t i = 0; i < s->nr; i++)
			h[i] = *s->h[i];
		fr->h = h;
	}
	if (s->t[0] < f->b->from)
		f->b->from = s->t[0];
	if (s->t[s->nr - 1] > f->b->to)
		f->b->to = s->t[s->nr - 1];
}

static void add_points(const struct series *s, void *arg)
{
	if (s->nr == 0)
		return;
	add_frame(s, arg);
	add_asked(arg, s->question);
}

/* What an objective divided by nothing is there all the same. */
static bool has_now(const struct series *s)
{
	return s->now_h || !isnan(s->now_v)
	       || (question_is_own(s->question) && series_is_there(s));
}

static void add_now(const struct series *s, void *arg)
{
	struct filling *f = arg;
	if (s->now_t != f->b->at || !has_now(s))
		return;
	f->frame[f->b->nr++] = (struct frame){
		.question = s->question, .labels = s->labels, .nr = 1,
		.t = &s->now_t, .v = s->now_h ? NULL : &s->now_v, .h = s->now_h,
	};
}

static struct batch *filled(const struct dump *d, each_series *add, time_ms at,
			    bool instant)
{
	const struct store_source *s = d->src;
	struct batch *b = batch_new(0);
	struct filling f = { .b = b };
	for_series(d, count_series, &f.max);
	for_own(d, count_series, &f.max);
	f.frame = arena_alloc(&b->arena, (f.max + 1) * sizeof(*f.frame));
	f.asked = arena_alloc(&b->arena, (f.max + d->nr_asked + 1)
						 * sizeof(*f.asked));
	b->source = s->name;
	b->at = at;
	b->instant = instant;
	b->from = s->range_from;
	b->to = s->range_to;
	b->step = s->step;
	b->settled = s->settled;
	b->window = s->window;
	b->frame = f.frame;
	b->asked = f.asked;
	for (size_t i = 0; instant && i < d->nr_asked; i++)
		if (d->asked[i].at == at)
			f.asked[b->nr_asked++] = d->asked[i].question;
	for_series(d, add, &f);
	if (instant)
		for_own(d, add, &f);
	return b;
}

/* The points of objectives and thresholds: a range of their own, so that it
 * is none of the charts'. */
static struct batch *filled_own(const struct dump *d, time_ms at)
{
	const struct store_source *s = d->src;
	struct batch *b = batch_new(0);
	const struct origin *o = (const struct origin *)s;
	struct filling f = { .b = b };
	for_own(d, count_series, &f.max);
	f.frame = arena_alloc(&b->arena, (f.max + 1) * sizeof(*f.frame));
	f.asked = arena_alloc(&b->arena, (f.max + o->nr_answers + 1)
						 * sizeof(*f.asked));
	for (size_t i = 0; i < o->nr_answers; i++)
		if (o->answer[i].ranged != TIME_NONE)
			f.asked[b->nr_asked++] = o->answer[i].id;
	b->source = s->name;
	b->at = b->from = b->to = at;
	b->step = s->step;
	b->settled = s->settled;
	b->window = s->window;
	b->frame = f.frame;
	b->asked = f.asked;
	for_own(d, add_frame, &f);
	return b;
}

/* There is one, and it is not among those that are kept. */
static bool is_old(const struct store_source *s,
		   const struct source_attempt *a)
{
	for (size_t i = 0; i < s->nr_attempts; i++)
		if (s->attempt[i].url == a->url && s->attempt[i].at == a->at
		    && s->attempt[i].fault == a->fault)
			return false;
	return a->at != TIME_NONE;
}

/* Oldest first; no more than a recording has, and rather the newest. */
static void add_attempts(const struct store_source *s, struct batch *b,
			 struct source_status *st)
{
	const size_t max = LIMIT_ATTEMPTS - s->nr_attempts;
	struct source_attempt *t = arena_alloc(&b->arena,
					       LIMIT_ATTEMPTS * sizeof(*t));
	size_t n = 0;
	for (size_t i = 0; i < s->nr_endpoints; i++) {
		const struct store_endpoint *x = &s->endpoints[i];
		if (x->last.fault == FAULT_NONE && is_old(s, &x->failed)
		    && n < max)
			t[n++] = x->failed;
		if (is_old(s, &x->last) && n < max)
			t[n++] = x->last;
	}
	for (size_t i = s->nr_attempts; i-- > 0;)
		t[n++] = s->attempt[i];
	st->attempt = t;
	st->nr_attempts = n;
}

static void add_endpoints(const struct store_source *s, struct batch *b,
			  struct source_status *st)
{
	size_t nr = s->nr_endpoints;
	struct source_endpoint *e = arena_alloc(&b->arena,
						(nr + 1) * sizeof(*e));
	for (size_t i = 0; i < nr; i++) {
		const struct store_endpoint *x = &s->endpoints[i];
		e[i] = (struct source_endpoint){ x->url, x->circuit,
						 x->latency_us, x->in_flight };
	}
	st->endpoint = s->endpoint;
	st->endpoints = e;
	st->nr_endpoints = nr;
	add_attempts(s, b, st);
}

static struct batch *head(const struct dump *d)
{
	const struct store_source *s = d->src;
	struct batch *b = batch_new(0);
	struct source_status *st = arena_alloc(&b->arena, sizeof(*st));
	*st = (struct source_status){
		.kind = s->kind, .url = s->url, .identity = s->identity,
		.took_us = s->took_us, .skew_s = s->skew_s, .next = TIME_NONE,
		.period = s->period, .credentials = s->credentials,
		.cost = s->priced ? &s->cost : NULL,
	};
	add_endpoints(s, b, st);
	b->source = s->name;
	b->at = s->answered;
	b->status = st;
	b->catalog = s->catalog;
	b->alarms = s->alarms_known;
	b->nr_alarms = s->nr_alarms;
	b->alarm = s->alarm;
	return b;
}

static void add_notes(const struct dump *d, struct batch *b)
{
	const struct store_source *s = d->src;
	b->partial = s->state == SOURCE_PARTIAL;
	b->nr_warnings = s->nr_warnings;
	b->warning = s->warning;
	b->nr_infos = s->nr_infos;
	b->info = s->info;
}

/* Told events go with the first source: they belong to none. */
static void add_events(const struct dump *d, struct batch *b)
{
	const struct event *const *told;
	size_t n = store_events(d->st, &told), k = 0;
	struct event *e = arena_alloc(&b->arena, (n + 1) * sizeof(*e));
	for (size_t i = 0; i < n; i++)
		if (told[i]->kind != EVENT_SOURCE)
			e[k++] = *told[i];
	b->event = e;
	b->nr_events = k;
}

/* The batch is emitted and freed. */
static int send(struct batch *b, int r,
		int (*emit)(const struct batch *b, void *arg), void *arg)
{
	if (r == 0)
		r = emit(b, arg);
	batch_free(b);
	return r;
}

static int dump_changes(const struct dump *d, int r,
			int (*emit)(const struct batch *b, void *arg),
			void *arg)
{
	for (size_t i = 0; i < d->st->nr_changes; i++) {
		const struct change_kept *c = d->st->change[i];
		if (&c->from->pub != d->src)
			continue;
		struct batch *b = batch_new(0);
		b->source = d->src->name;
		b->at = b->from = b->to = d->src->answered;
		b->change = c->answer;
		r = send(b, r, emit, arg);
	}
	return r;
}

static int dump_source(struct dump *d, bool events,
		       int (*emit)(const struct batch *b, void *arg), void *arg)
{
	time_ms at = d->src->answered;
	struct batch *b = head(d);
	if (events)
		add_events(d, b);
	int r = send(b, 0, emit, arg);
	find_asked(d);
	r = send(filled(d, add_points, at, false), r, emit, arg);
	b = filled_own(d, at);
	if (b->nr_asked)
		r = send(b, r, emit, arg);
	else
		batch_free(b);
	r = dump_changes(d, r, emit, arg);
	for (time_ms t = next_instant(d, TIME_NONE); t != TIME_NONE && t < at;
	     t = next_instant(d, t))
		r = send(filled(d, add_now, t, true), r, emit, arg);
	b = filled(d, add_now, at, true);
	add_notes(d, b);
	b->tick = true;
	return send(b, r, emit, arg);
}

int store_dump(const struct store *st,
	       int (*emit)(const struct batch *b, void *arg), void *arg)
{
	const struct store_source *const *sources;
	const struct service *const *unused;
	size_t n = store_sources(st, &sources);
	struct dump d = { .st = st };
	bool told = false;
	int r = 0;
	/* Charts and resources follow the services. */
	d.nr_services = store_services(st, &d.service)
			+ store_charts(st, &unused)
			+ store_resources(st, &unused);
	for (size_t i = 0; i < n && r == 0; i++) {
		d.src = sources[i];
		if (d.src->answered == TIME_NONE || !d.src->catalog)
			continue;
		r = dump_source(&d, !told, emit, arg);
		told = true;
	}
	free(d.asked);
	return r < 0 ? -1 : 0;
}
