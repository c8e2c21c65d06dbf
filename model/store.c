/* The store: one door in, events, and a ceiling that holds. */
#include "model/store_private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/definition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An event told again a little earlier or later is the same event. */
#define EVENT_NEAR ((time_ms)300000)

struct store *store_new(size_t max_bytes)
{
	struct store *st = mem_zero(1, sizeof(*st));
	st->max = max_bytes ? max_bytes : LIMIT_STORE;
	intern_init(&st->text);
	return st;
}

uint64_t store_generation(const struct store *st)
{
	return st->generation;
}

size_t store_bytes(const struct store *st)
{
	return st->bytes + st->text.arena.total;
}

size_t store_points(const struct store *st)
{
	return st->points;
}

size_t store_series_count(const struct store *st)
{
	return st->nr_series;
}

/* ---- events ---------------------------------------------------------- */

static bool same_event(const struct event *a, const struct event *b)
{
	time_ms d = a->at > b->at ? a->at - b->at : b->at - a->at;
	return d <= EVENT_NEAR && a->kind == b->kind
	       && store_text_equal(a->service, b->service)
	       && store_text_equal(a->text, b->text);
}

static void add_event(struct store *st, const struct event *e)
{
	size_t i = st->nr_events;
	while (i > 0 && st->event[i - 1]->at > e->at)
		i--;
	for (size_t k = i; k > 0
	     && st->event[k - 1]->at >= e->at - EVENT_NEAR; k--)
		if (same_event(st->event[k - 1], e))
			return;
	for (size_t k = i; k < st->nr_events
	     && st->event[k]->at <= e->at + EVENT_NEAR; k++)
		if (same_event(st->event[k], e))
			return;
	if (st->nr_events >= LIMIT_EVENTS) {
		st->lost.events++;
		if (i == 0)
			return;
		free(st->event[0]);
		memmove(st->event, st->event + 1,
			--st->nr_events * sizeof(*st->event));
		i--;
	}
	MEM_ROOM(st->event, st->nr_events, st->cap_events);
	memmove(st->event + i + 1, st->event + i,
		(st->nr_events - i) * sizeof(*st->event));
	struct event *own = mem_alloc(sizeof(*own));
	*own = *e;
	own->service = intern(&st->text, e->service);
	own->text = intern(&st->text, e->text);
	own->tag = intern(&st->text, e->tag);
	st->event[i] = own;
	st->nr_events++;
	st->generation++;
}

void store_source_event(struct store *st, const struct origin *o, time_ms at,
			 enum severity severity, const char *text)
{
	char line[LIMIT_SENTENCE + 64];
	snprintf(line, sizeof(line), "%s %s", o->name, text);
	add_event(st, &(struct event){ .at = at, .until = TIME_NONE,
				       .kind = EVENT_SOURCE,
				       .severity = severity, .text = line });
}

/* ---- comparisons ----------------------------------------------------- */

static void drop_change(struct store *st, size_t i)
{
	arena_release(&st->change[i]->arena);
	free(st->change[i]);
	st->nr_changes--;
	memmove(st->change + i, st->change + i + 1,
		(st->nr_changes - i) * sizeof(*st->change));
}

/* NULL: all. */
static void forget_changes(struct store *st, const struct origin *from)
{
	for (size_t i = st->nr_changes; i-- > 0;)
		if (!from || st->change[i]->from == from)
			drop_change(st, i);
}

static size_t find_change(const struct store *st, const char *service)
{
	size_t i = 0;
	while (i < st->nr_changes
	       && strcmp(st->change[i]->answer->want.service, service) != 0)
		i++;
	return i;
}

static void keep_change(struct store *st, const struct origin *from,
			const struct change_answer *c)
{
	struct change_kept *own = mem_zero(1, sizeof(*own));
	arena_init(&own->arena, 0);
	own->from = from;
	own->answer = change_copy(c, &own->arena);
	size_t i = find_change(st, own->answer->want.service);
	if (i < st->nr_changes)
		drop_change(st, i);
	else if (st->nr_changes >= LIMIT_CHANGES)
		drop_change(st, 0);
	st->change[st->nr_changes++] = own;
	st->generation++;
}

const struct change_answer *store_change(const struct store *st,
					 const char *service)
{
	size_t i = find_change(st, service);
	return i < st->nr_changes ? st->change[i]->answer : NULL;
}

/* ---- the door -------------------------------------------------------- */

static struct origin *find_origin(struct store *st, const char *name)
{
	for (size_t i = 0; i < st->nr_origins; i++)
		if (strcmp(st->origin[i]->name, name) == 0)
			return st->origin[i];
	return NULL;
}

static struct origin *origin_of(struct store *st, const char *name)
{
	struct origin *o = find_origin(st, name);
	if (o)
		return o;
	o = mem_zero(1, sizeof(*o));
	o->name = mem_strdup(name);
	arena_init(&o->catalog_arena, 0);
	arena_init(&o->notes_arena, 0);
	arena_init(&o->cost_arena, 0);
	arena_init(&o->alarms_arena, 0);
	o->pub = (struct store_source){
		.name = o->name, .kind = "", .url = "",
		.answered = TIME_NONE, .tried = TIME_NONE,
		.down_since = TIME_NONE, .settled = TIME_NONE,
		.range_from = TIME_NONE, .range_to = TIME_NONE,
		.next = TIME_NONE, .skew_s = NAN, .rules = prom_rules(NULL),
		.objective = st->objective,
	};
	MEM_ROOM(st->origin, st->nr_origins, st->cap_origins);
	st->origin[st->nr_origins++] = o;
	st->pub_sources = mem_grow(st->pub_sources, st->nr_origins,
				   sizeof(*st->pub_sources));
	st->pub_sources[st->nr_origins - 1] = &o->pub;
	st->generation++;
	return o;
}

static void forget(struct store *st, struct origin *o)
{
	answers_clear(st, o);
	services_clear(o);
	o->catalog = (struct catalog){ 0 };
	arena_release(&o->catalog_arena);
	arena_release(&o->notes_arena);
	origin_endpoints_clear(o);
	origin_cost_clear(o);
	origin_alarms_clear(o);
	forget_changes(st, o);
	struct store_source *p = &o->pub;
	p->catalog = NULL;
	p->nr_warnings = p->nr_infos = 0;
	p->warning = p->info = NULL;
	p->state = SOURCE_ASKING;
	p->answered = p->tried = p->down_since = p->settled = TIME_NONE;
	p->range_from = p->range_to = TIME_NONE;
	p->failures = 0;
	p->fault = FAULT_NONE;
	p->requests = p->bytes = p->body_bytes = p->retries = p->dropped = 0;
	p->took_max_us = 0;
	o->poll_fault = FAULT_NONE;
	o->poll_answered = o->poll_partial = false;
	origin_set_text(st, &o->error, &p->error, NULL);
	origin_set_text(st, &o->warned, &p->warned, NULL);
	origin_set_text(st, &o->credentials, &p->credentials, NULL);
	services_publish(st);
	st->generation++;
}

/* Events carry no source: a reset of any forgets them all, the replay that
 * resets tells them again. */
static void forget_events(struct store *st)
{
	for (size_t i = 0; i < st->nr_events; i++)
		free(st->event[i]);
	st->nr_events = 0;
}

static void apply_frames(struct store *st, struct origin *o,
			 const struct batch *b)
{
	struct answer *a = NULL;
	size_t hint = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		if (!origin_knows(o, f->question))
			continue;
		if (!a || a->id != f->question) {
			a = answer_find(o, f->question, true);
			hint = 0;
		}
		struct held *h = held_find(st, o, a, f, hint++);
		if (!h)
			continue;
		bool again = h->seen == st->epoch;
		h->seen = st->epoch;
		if (b->instant)
			h->there = f->nr > 0;
		if (b->instant)
			points_set_now(st, &h->s,
				f->nr && f->t[0] < b->at ? f->t[0] : b->at,
				f->nr && f->v ? f->v[0] : NAN,
				f->nr ? f->h : NULL);
		else if (!b->instant && !again)
			points_upsert(st, &h->s, f, b->from, b->to);
	}
}

/* That a question was answered is kept where it can mean anything, also
 * without any series. */
static struct answer *asked_of(struct store *st, struct origin *o,
			       const struct batch *b, uint32_t id)
{
	bool own = question_is_own(id);
	bool ours = (own || b->instant) && origin_knows(o, id);
	struct answer *a = answer_find(o, id, ours);
	if (!a || (!own && !b->instant))
		return a;
	time_ms *told = b->instant ? &a->at : &a->ranged;
	/* That there is nothing is news where nothing was known. */
	if (own && *told == TIME_NONE)
		st->generation++;
	*told = b->instant ? b->at : b->to;
	return a;
}

/* Series of the asked questions that the answer does not know. */
static void apply_absence(struct store *st, struct origin *o,
			  const struct batch *b)
{
	for (size_t i = 0; i < b->nr_asked; i++) {
		struct answer *a = asked_of(st, o, b, b->asked[i]);
		for (size_t k = 0; a && k < a->nr; k++) {
			struct held *h = a->held[k];
			if (h->seen == st->epoch)
				continue;
			if (b->only && h->service
			    && strcmp(h->service->def->value, b->only) != 0)
				continue;
			if (b->instant)
				h->there = false;
			if (b->instant)
				points_set_now(st, &h->s, b->at, NAN, NULL);
			else
				points_cut(st, &h->s, series_lower(&h->s, b->from),
				    series_upper(&h->s, b->to));
		}
	}
}

typedef void each_series(struct store *st, struct series *s, void *arg);

/* Which: what is drawn on the charts' grid, and objectives and thresholds,
 * whose points reach back weeks. */
enum { SERIES_CHARTS = 1, SERIES_OWN = 2, SERIES_ALL = 3 };

static void for_each_series(struct store *st, int which, each_series *f,
			    void *arg)
{
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_answers; k++) {
			const struct answer *a = &st->origin[i]->answer[k];
			bool own = question_is_own(a->id);
			if (!(which & (own ? SERIES_OWN : SERIES_CHARTS)))
				continue;
			for (size_t m = 0; m < a->nr; m++)
				f(st, &a->held[m]->s, arg);
		}
}

static void see_ends(struct store *st, struct series *s, void *arg)
{
	time_ms *ends = arg;
	(void)st;
	if (s->nr == 0)
		return;
	if (ends[0] == TIME_NONE || s->t[0] < ends[0])
		ends[0] = s->t[0];
	if (ends[1] == TIME_NONE || s->t[s->nr - 1] > ends[1])
		ends[1] = s->t[s->nr - 1];
}

static void cut_before(struct store *st, struct series *s, void *arg)
{
	points_cut(st, s, 0, series_lower(s, *(time_ms *)arg));
	size_t cap = s->nr * 5 / 4 + 8;
	if (cap < s->cap)
		points_resize(st, s, cap, s->h != NULL);
}

static bool says_nothing(const struct held *h)
{
	bool zero_by_zero = h->there && question_is_own(h->s.question);
	return h->s.nr == 0 && isnan(h->s.now_v) && !h->s.now_h
	       && !zero_by_zero;
}

/* Series that came and went (a version, a pod) do not stay for ever. */
static void sweep(struct store *st, struct origin *o)
{
	for (size_t i = 0; i < o->nr_answers; i++) {
		struct answer *a = &o->answer[i];
		size_t kept = 0;
		for (size_t k = 0; k < a->nr; k++) {
			if (!says_nothing(a->held[k])) {
				a->held[kept++] = a->held[k];
				continue;
			}
			held_detach(o, a->held[k]);
			held_free(st, a->held[k]);
		}
		if (kept == a->nr)
			continue;
		a->nr = kept;
		answer_index(a, a->nr_slots);
		st->generation++;
	}
}

static void move_labels(struct store *st, struct series *s, void *arg)
{
	struct label *l = (struct label *)s->labels.l;
	(void)st;
	for (size_t i = 0; i < s->labels.nr; i++) {
		l[i].name = intern(arg, l[i].name);
		l[i].value = intern(arg, l[i].value);
	}
}

/* Keeps the text that is still said by anything. */
static void renew_text(struct store *st)
{
	struct intern fresh;
	intern_init(&fresh);
	for_each_series(st, SERIES_ALL, move_labels, &fresh);
	for (size_t i = 0; i < st->nr_events; i++) {
		struct event *e = st->event[i];
		e->service = intern(&fresh, e->service);
		e->text = intern(&fresh, e->text);
		e->tag = intern(&fresh, e->tag);
	}
	intern_release(&st->text);
	st->text = fresh;
	st->generation++;
}

static void count_points(struct store *st, struct series *s, void *arg)
{
	(void)st;
	*(size_t *)arg += s->nr;
}

/* An eighth of the time held goes at once, so that it does not happen at
 * every answer; of the charts or of what reaches back weeks, whichever holds
 * more, so that neither goes for the other. */
static void cut_oldest(struct store *st)
{
	time_ms ends[2] = { TIME_NONE, TIME_NONE };
	size_t own = 0;
	for_each_series(st, SERIES_OWN, count_points, &own);
	int which = own > st->points - own ? SERIES_OWN : SERIES_CHARTS;
	for_each_series(st, which, see_ends, ends);
	time_ms limit = ends[0] + (ends[1] - ends[0]) / 8 + 1;
	for_each_series(st, which, cut_before, &limit);
}

static void keep_ceiling(struct store *st)
{
	if (store_bytes(st) <= st->max && st->nr_series < LIMIT_SERIES)
		return;
	for (size_t i = 0; i < st->nr_origins; i++)
		sweep(st, st->origin[i]);
	if (st->text.arena.total > st->max / 4)
		renew_text(st);
	size_t before = st->points;
	while (store_bytes(st) > st->max && st->points)
		cut_oldest(st);
	st->lost.points += before - st->points;
}

/* Of objectives and thresholds alone: its range is no chart's. */
static bool is_own(const struct batch *b)
{
	for (size_t i = 0; i < b->nr_asked; i++)
		if (!question_is_own(b->asked[i]))
			return false;
	return true;
}

static void note_range(struct store *st, struct origin *o,
		       const struct batch *b)
{
	struct store_source *p = &o->pub;
	time_ms from = p->range_from, to = p->range_to;
	if (p->step != b->step || p->window != b->window
	    || p->settled != b->settled)
		st->generation++;
	if (p->step != b->step || p->range_from == TIME_NONE) {
		p->range_from = b->from;
		p->range_to = b->to;
	}
	if (b->from < p->range_from)
		p->range_from = b->from;
	if (b->to > p->range_to)
		p->range_to = b->to;
	if (p->range_from != from || p->range_to != to)
		st->generation++;
	p->step = b->step;
	p->settled = b->settled;
	p->window = b->window;
}

void store_apply(struct store *st, const struct batch *b)
{
	if (b->fault == FAULT_CANCELLED)
		return;
	struct origin *o = origin_of(st, b->source);
	st->epoch++;
	if (b->reset) {
		forget(st, o);
		forget_events(st);
	}
	if (b->catalog)
		catalog_apply(st, o, b->catalog);
	if (b->status)
		origin_status(st, o, b->status);
	origin_alarms(st, o, b);
	origin_notes(st, o, b);
	origin_outcome(st, o, b);
	if (b->fault == FAULT_NONE && b->nr_asked) {
		apply_frames(st, o, b);
		apply_absence(st, o, b);
		if (!b->instant && !is_own(b))
			note_range(st, o, b);
	}
	if (b->change)
		keep_change(st, o, b->change);
	for (size_t i = 0; i < b->nr_events; i++)
		add_event(st, &b->event[i]);
	if (b->tick)
		origin_end_poll(st, o, b->at);
	keep_ceiling(st);
}

void store_declare(struct store *st, const char *name, time_ms period)
{
	origin_of(st, name)->pub.period = period;
}

void store_objective(struct store *st, double objective)
{
	st->objective = objective;
	for (size_t i = 0; i < st->nr_origins; i++)
		st->origin[i]->pub.objective = objective;
	st->generation++;
}

void store_clock(struct store *st, time_ms now)
{
	for (size_t i = 0; i < st->nr_origins; i++) {
		struct store_source *p = &st->origin[i]->pub;
		if ((p->state != SOURCE_UP && p->state != SOURCE_PARTIAL)
		    || !p->period || p->answered == TIME_NONE)
			continue;
		if (now - p->answered > 2 * p->period + 5000) {
			p->state = SOURCE_STALE;
			st->generation++;
		}
	}
}

size_t store_sources(const struct store *st,
		     const struct store_source *const **out)
{
	*out = st->pub_sources;
	return st->nr_origins;
}

const struct store_source *store_source(const struct store *st,
					const char *name)
{
	struct origin *o = find_origin((struct store *)st, name);
	return o ? &o->pub : NULL;
}

time_ms store_answered(const struct store_source *src, uint32_t question)
{
	/* pub is the first of an origin's fields */
	struct answer *a = answer_find((struct origin *)src, question, false);
	return a ? a->at : TIME_NONE;
}

time_ms store_ranged(const struct store_source *src, uint32_t question)
{
	struct answer *a = answer_find((struct origin *)src, question, false);
	return a ? a->ranged : TIME_NONE;
}

size_t store_services(const struct store *st, const struct service *const **out)
{
	*out = st->services;
	return st->nr_services;
}

size_t store_charts(const struct store *st, const struct service *const **out)
{
	*out = st->nr_charts ? st->services + st->nr_services : NULL;
	return st->nr_charts;
}

size_t store_resources(const struct store *st,
		       const struct service *const **out)
{
	size_t from = st->nr_services + st->nr_charts;
	*out = st->nr_resources ? st->services + from : NULL;
	return st->nr_resources;
}

size_t store_slos(const struct store *st, const struct store_slo *const **out)
{
	*out = st->slos;
	return st->nr_slos;
}

size_t store_thresholds(const struct store *st,
			const struct store_threshold *const **out)
{
	*out = st->thresholds;
	return st->nr_thresholds;
}

size_t store_events(const struct store *st, const struct event *const **out)
{
	*out = (const struct event *const *)st->event;
	return st->nr_events;
}

const struct store_losses *store_losses(const struct store *st)
{
	return &st->lost;
}

size_t store_source_series(const struct store *st,
			   const struct store_source *src, size_t *points)
{
	size_t nr = 0;
	*points = 0;
	for (size_t i = 0; i < st->nr_origins; i++) {
		const struct origin *o = st->origin[i];
		for (size_t k = 0; &o->pub == src && k < o->nr_answers; k++) {
			const struct answer *a = &o->answer[k];
			nr += a->nr;
			for (size_t j = 0; j < a->nr; j++)
				*points += a->held[j]->s.nr;
		}
	}
	return nr;
}

time_ms store_oldest(const struct store *st)
{
	time_ms ends[2] = { TIME_NONE, TIME_NONE };
	for_each_series((struct store *)st, SERIES_CHARTS, see_ends, ends);
	return ends[0];
}

void store_free(struct store *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->nr_origins; i++) {
		struct origin *o = st->origin[i];
		answers_clear(st, o);
		free(o->answer);
		services_clear(o);
		arena_release(&o->catalog_arena);
		arena_release(&o->notes_arena);
		origin_endpoints_clear(o);
		origin_cost_clear(o);
		origin_alarms_clear(o);
		free(o->credentials);
		free(o->name);
		free(o->error);
		free(o->identity);
		free(o->warned);
		free(o->kind);
		free(o->url);
		free(o);
	}
	forget_events(st);
	forget_changes(st, NULL);
	free(st->slos);
	free(st->thresholds);
	free(st->event);
	free(st->origin);
	free(st->pub_sources);
	free(st->services);
	intern_release(&st->text);
	free(st);
}
