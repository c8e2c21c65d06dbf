/* Objectives and thresholds of a source: their definitions, and the series of
 * their questions. */
#include "model/store_private.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- definitions --------------------------------------------------------- */

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static const char *const *copy_list(struct arena *a, const char *const *list)
{
	size_t n = 0;
	if (!list)
		return NULL;
	while (list[n])
		n++;
	const char **out = arena_alloc(a, (n + 1) * sizeof(*out));
	for (size_t i = 0; i < n; i++)
		out[i] = arena_strdup(a, list[i]);
	out[n] = NULL;
	return out;
}

struct slo_def own_copy_slo(const struct slo_def *d, struct arena *a)
{
	struct slo_def out = *d;
	const char **texts[] = { &out.id, &out.service, &out.zone, &out.errors,
				 &out.total, &out.ratio, &out.recorded,
				 &out.buckets, &out.what, &out.runbook,
				 &out.where };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = copy(a, *texts[i]);
	out.group = copy_list(a, d->group);
	out.own_labels = copy_list(a, d->own_labels);
	return out;
}

struct threshold_def own_copy_threshold(const struct threshold_def *d,
					struct arena *a)
{
	struct threshold_def out = *d;
	const char **texts[] = { &out.id, &out.query, &out.cloudwatch,
				 &out.service, &out.unit, &out.what,
				 &out.runbook, &out.pack, &out.where };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = copy(a, *texts[i]);
	return out;
}

void own_copy(struct catalog *out, const struct catalog *c, struct arena *a)
{
	size_t slos = c->nr_slos < LIMIT_SLOS ? c->nr_slos : LIMIT_SLOS;
	size_t thresholds = c->nr_thresholds < LIMIT_THRESHOLDS
			    ? c->nr_thresholds : LIMIT_THRESHOLDS;
	struct slo_def *s = arena_alloc(a, (slos + 1) * sizeof(*s));
	struct threshold_def *t = arena_alloc(a, (thresholds + 1)
							 * sizeof(*t));
	for (size_t i = 0; i < slos; i++)
		s[i] = own_copy_slo(&c->slo[i], a);
	for (size_t i = 0; i < thresholds; i++)
		t[i] = own_copy_threshold(&c->threshold[i], a);
	out->slo = s;
	out->nr_slos = slos;
	out->threshold = t;
	out->nr_thresholds = thresholds;
	out->pack = copy(a, c->pack);
}

static bool same_text(const char *a, const char *b)
{
	return store_text_equal(a, b);
}

bool slo_def_same(const struct slo_def *a, const struct slo_def *b)
{
	return same_text(a->id, b->id) && same_text(a->service, b->service)
	       && same_text(a->errors, b->errors)
	       && same_text(a->total, b->total) && same_text(a->ratio, b->ratio)
	       && same_text(a->recorded, b->recorded)
	       && same_text(a->buckets, b->buckets)
	       && a->objective == b->objective && a->period == b->period
	       && a->method == b->method && a->slice == b->slice
	       && a->latency == b->latency && a->counts == b->counts
	       && a->calendar == b->calendar && a->derived == b->derived;
}

bool threshold_def_same(const struct threshold_def *a,
			const struct threshold_def *b)
{
	return same_text(a->id, b->id) && same_text(a->query, b->query)
	       && same_text(a->cloudwatch, b->cloudwatch)
	       && a->measure == b->measure && a->period == b->period
	       && a->alert == b->alert;
}

bool own_same(const struct catalog *a, const struct catalog *b, uint32_t id)
{
	size_t i = question_index(id);
	if (question_kind(id) == QUESTION_SLO)
		return i < a->nr_slos && i < b->nr_slos
		       && slo_def_same(&a->slo[i], &b->slo[i]);
	return question_kind(id) == QUESTION_THRESHOLD
	       && i < a->nr_thresholds && i < b->nr_thresholds
	       && threshold_def_same(&a->threshold[i], &b->threshold[i]);
}

/* ---- series -------------------------------------------------------------- */

void own_clear(struct origin *o)
{
	for (size_t i = 0; i < o->nr_slos; i++)
		free(o->slo[i].series);
	for (size_t i = 0; i < o->nr_thresholds; i++)
		free(o->threshold[i].series);
	free(o->slo);
	free(o->threshold);
	o->slo = NULL;
	o->threshold = NULL;
	o->nr_slos = o->nr_thresholds = 0;
}

void own_build(struct origin *o)
{
	const struct catalog *c = &o->catalog;
	o->slo = mem_zero(c->nr_slos + 1, sizeof(*o->slo));
	o->threshold = mem_zero(c->nr_thresholds + 1, sizeof(*o->threshold));
	o->nr_slos = c->nr_slos;
	o->nr_thresholds = c->nr_thresholds;
	for (size_t i = 0; i < c->nr_slos; i++)
		o->slo[i] = (struct store_slo){ .def = &c->slo[i], .index = i,
						.source = &o->pub };
	for (size_t i = 0; i < c->nr_thresholds; i++)
		o->threshold[i] = (struct store_threshold){
			.def = &c->threshold[i], .index = i, .source = &o->pub };
}

/* The list that a question's series are in, or NULL. */
struct list {
	struct series ***series;
	size_t *nr, *cap;
};

static bool list_of(struct origin *o, uint32_t id, struct list *out)
{
	size_t i = question_index(id);
	if (question_kind(id) == QUESTION_SLO && i < o->nr_slos) {
		struct store_slo *s = &o->slo[i];
		*out = (struct list){ &s->series, &s->nr, &s->cap };
		return true;
	}
	if (question_kind(id) == QUESTION_THRESHOLD && i < o->nr_thresholds) {
		struct store_threshold *t = &o->threshold[i];
		*out = (struct list){ &t->series, &t->nr, &t->cap };
		return true;
	}
	return false;
}

bool own_has_room(const struct origin *o, uint32_t id)
{
	struct list l;
	return list_of((struct origin *)o, id, &l) && *l.nr < LIMIT_SLO_SERIES;
}

static bool is_after(const struct series *a, const struct series *b)
{
	if (a->question != b->question)
		return a->question > b->question;
	return labels_compare(&a->labels, &b->labels) > 0;
}

bool own_attach(struct origin *o, struct held *h)
{
	struct list l;
	h->service = NULL;
	if (!list_of(o, h->s.question, &l) || *l.nr >= LIMIT_SLO_SERIES)
		return false;
	MEM_ROOM(*l.series, *l.nr, *l.cap);
	size_t i = (*l.nr)++;
	for (; i > 0 && is_after((*l.series)[i - 1], &h->s); i--)
		(*l.series)[i] = (*l.series)[i - 1];
	(*l.series)[i] = &h->s;
	return true;
}

void own_detach(struct origin *o, struct held *h)
{
	struct list l;
	size_t i = 0;
	if (!list_of(o, h->s.question, &l))
		return;
	while (i < *l.nr && (*l.series)[i] != &h->s)
		i++;
	if (i == *l.nr)
		return;
	(*l.nr)--;
	memmove(*l.series + i, *l.series + i + 1,
		(*l.nr - i) * sizeof(**l.series));
}

void own_publish(struct store *st)
{
	size_t slos = 0, thresholds = 0;
	for (size_t i = 0; i < st->nr_origins; i++) {
		slos += st->origin[i]->nr_slos;
		thresholds += st->origin[i]->nr_thresholds;
	}
	st->slos = mem_grow(st->slos, slos + 1, sizeof(*st->slos));
	st->thresholds = mem_grow(st->thresholds, thresholds + 1,
				  sizeof(*st->thresholds));
	st->nr_slos = st->nr_thresholds = 0;
	for (size_t i = 0; i < st->nr_origins; i++) {
		struct origin *o = st->origin[i];
		for (size_t k = 0; k < o->nr_slos; k++)
			st->slos[st->nr_slos++] = &o->slo[k];
		for (size_t k = 0; k < o->nr_thresholds; k++)
			st->thresholds[st->nr_thresholds++] = &o->threshold[k];
	}
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

/* ---- comparisons ---------------------------------------------------------- */

const struct change_answer *change_copy(const struct change_answer *c,
					struct arena *a)
{
	struct change_answer *out = arena_alloc(a, sizeof(*out));
	size_t nr = c->nr < LIMIT_CHANGE_VALUES ? c->nr : LIMIT_CHANGE_VALUES;
	size_t events = c->nr_events < LIMIT_CHANGE_EVENTS
			? c->nr_events : LIMIT_CHANGE_EVENTS;
	size_t notes = c->nr_notes < LIMIT_WARNINGS ? c->nr_notes
						    : LIMIT_WARNINGS;
	struct change_count *count = arena_alloc(a, (nr + 1) * sizeof(*count));
	struct event *event = arena_alloc(a, (events + 1) * sizeof(*event));
	const char **note = arena_alloc(a, (notes + 1) * sizeof(*note));
	*out = *c;
	out->want.service = copy(a, c->want.service);
	out->want.slow_le = copy(a, c->want.slow_le);
	out->all.label = out->all.value = "";
	for (size_t i = 0; i < nr; i++) {
		count[i] = c->count[i];
		count[i].label = copy(a, c->count[i].label);
		count[i].value = copy(a, c->count[i].value);
	}
	for (size_t i = 0; i < events; i++) {
		event[i] = c->event[i];
		event[i].service = copy(a, c->event[i].service);
		event[i].text = copy(a, c->event[i].text);
		event[i].tag = copy(a, c->event[i].tag);
	}
	for (size_t i = 0; i < notes; i++)
		note[i] = copy(a, c->note[i]);
	out->count = count;
	out->nr = nr;
	out->event = event;
	out->nr_events = events;
	out->note = note;
	out->nr_notes = notes;
	out->fault = copy(a, c->fault);
	return out;
}

void changes_clear(struct store *st)
{
	for (size_t i = 0; i < st->nr_changes; i++)
		arena_release(&st->change[i].arena);
	st->nr_changes = 0;
}

/* The newest of a service; beyond the ceiling the first one goes. */
void changes_take(struct store *st, const struct change_answer *c)
{
	size_t i = 0;
	while (i < st->nr_changes
	       && strcmp(st->change[i].answer->want.service, c->want.service))
		i++;
	if (i == CHANGES_MAX) {
		arena_release(&st->change[0].arena);
		memmove(st->change, st->change + 1,
			(CHANGES_MAX - 1) * sizeof(*st->change));
		i = --st->nr_changes;
	}
	if (i < st->nr_changes)
		arena_release(&st->change[i].arena);
	else
		st->nr_changes++;
	arena_init(&st->change[i].arena, 0);
	st->change[i].answer = change_copy(c, &st->change[i].arena);
	st->generation++;
}

const struct change_answer *store_change(const struct store *st,
					 const char *service)
{
	for (size_t i = 0; i < st->nr_changes; i++)
		if (strcmp(st->change[i].answer->want.service, service) == 0)
			return st->change[i].answer;
	return NULL;
}
