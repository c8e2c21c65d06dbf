#include "model/dump.h"

#include "base/limits.h"

#include <math.h>
#include <string.h>

struct dump {
	const struct store *st;
	const struct store_source *src;
	const struct service *const *service;
	size_t nr_services;
};

typedef void each_series(const struct series *s, void *arg);

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

static void add_points(const struct series *s, void *arg)
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
	add_asked(f, s->question);
}

static void add_now(const struct series *s, void *arg)
{
	struct filling *f = arg;
	if (s->now_t != f->b->at || (isnan(s->now_v) && !s->now_h))
		return;
	f->frame[f->b->nr++] = (struct frame){
		.question = s->question, .labels = s->labels, .nr = 1,
		.t = &s->now_t, .v = s->now_h ? NULL : &s->now_v, .h = s->now_h,
	};
	add_asked(f, s->question);
}

static struct batch *filled(const struct dump *d, each_series *add,
			    bool instant)
{
	const struct store_source *s = d->src;
	struct batch *b = batch_new(0);
	struct filling f = { .b = b };
	for_series(d, count_series, &f.max);
	f.frame = arena_alloc(&b->arena, (f.max + 1) * sizeof(*f.frame));
	f.asked = arena_alloc(&b->arena, (f.max + 1) * sizeof(*f.asked));
	b->source = s->name;
	b->at = s->answered;
	b->instant = instant;
	b->from = s->range_from;
	b->to = s->range_to;
	b->step = s->step;
	b->settled = s->settled;
	b->window = s->window;
	b->frame = f.frame;
	b->asked = f.asked;
	for_series(d, add, &f);
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
		.period = s->period,
	};
	add_endpoints(s, b, st);
	b->source = s->name;
	b->at = s->answered;
	b->status = st;
	b->catalog = s->catalog;
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

int store_dump(const struct store *st,
	       int (*emit)(const struct batch *b, void *arg), void *arg)
{
	const struct store_source *const *sources;
	size_t n = store_sources(st, &sources);
	struct dump d = { .st = st };
	bool told = false;
	const struct service *const *charts;
	d.nr_services = store_services(st, &d.service)
			+ store_charts(st, &charts); /* which follow them */
	for (size_t i = 0; i < n; i++) {
		d.src = sources[i];
		if (d.src->answered == TIME_NONE || !d.src->catalog)
			continue;
		struct batch *b[3] = { head(&d), filled(&d, add_points, false),
				       filled(&d, add_now, true) };
		if (!told)
			add_events(&d, b[0]);
		told = true;
		add_notes(&d, b[2]);
		b[2]->tick = true;
		int r = 0;
		for (int k = 0; k < 3; k++) {
			if (r == 0)
				r = emit(b[k], arg);
			batch_free(b[k]);
		}
		if (r < 0)
			return -1;
	}
	return 0;
}
