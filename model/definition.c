#include "model/definition.h"

#include "base/limits.h"

#include <string.h>

static const char *copy_text(const char *s, struct arena *a)
{
	return s ? arena_strdup(a, s) : NULL;
}

static const char *const *copy_list(const char *const *list, struct arena *a)
{
	size_t n = 0;
	if (!list)
		return NULL;
	while (n < LIMIT_LABELS && list[n])
		n++;
	const char **own = arena_alloc(a, (n + 1) * sizeof(*own));
	for (size_t i = 0; i < n; i++)
		own[i] = arena_strdup(a, list[i]);
	return own;
}

struct slo_def own_copy_slo(const struct slo_def *d, struct arena *a)
{
	struct slo_def own = *d;
	const char **texts[] = { &own.id, &own.service, &own.zone, &own.errors,
				 &own.total, &own.ratio, &own.recorded,
				 &own.buckets, &own.what, &own.runbook, &own.where };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = copy_text(*texts[i], a);
	own.group = copy_list(d->group, a);
	own.own_labels = copy_list(d->own_labels, a);
	return own;
}

struct threshold_def own_copy_threshold(const struct threshold_def *d,
					struct arena *a)
{
	struct threshold_def own = *d;
	const char **texts[] = { &own.id, &own.query, &own.cloudwatch,
				 &own.service, &own.unit, &own.what,
				 &own.runbook, &own.pack, &own.where };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = copy_text(*texts[i], a);
	return own;
}

static struct change_count copy_count(const struct change_count *c,
				      struct arena *a)
{
	struct change_count own = *c;
	own.label = copy_text(c->label ? c->label : "", a);
	own.value = copy_text(c->value ? c->value : "", a);
	return own;
}

static struct event copy_event(const struct event *e, struct arena *a)
{
	struct event own = *e;
	own.service = copy_text(e->service, a);
	own.text = copy_text(e->text ? e->text : "", a);
	own.tag = copy_text(e->tag, a);
	return own;
}

static size_t at_most(size_t nr, size_t max)
{
	return nr < max ? nr : max;
}

const struct change_answer *change_copy(const struct change_answer *c,
					struct arena *a)
{
	struct change_answer *own = arena_alloc(a, sizeof(*own));
	*own = *c;
	own->want.service = copy_text(c->want.service ? c->want.service : "", a);
	own->want.slow_le = copy_text(c->want.slow_le, a);
	own->fault = copy_text(c->fault, a);
	own->all = copy_count(&c->all, a);
	own->nr = at_most(c->nr, LIMIT_CHANGE_COUNTS);
	struct change_count *n = arena_alloc(a, (own->nr + 1) * sizeof(*n));
	for (size_t i = 0; i < own->nr; i++)
		n[i] = copy_count(&c->count[i], a);
	own->nr_events = at_most(c->nr_events, LIMIT_CHANGE_EVENTS);
	struct event *e = arena_alloc(a, (own->nr_events + 1) * sizeof(*e));
	for (size_t i = 0; i < own->nr_events; i++)
		e[i] = copy_event(&c->event[i], a);
	own->nr_notes = at_most(c->nr_notes, LIMIT_CHANGE_NOTES);
	const char **s = arena_alloc(a, (own->nr_notes + 1) * sizeof(*s));
	for (size_t i = 0; i < own->nr_notes; i++)
		s[i] = arena_strdup(a, c->note[i]);
	own->count = n;
	own->event = e;
	own->note = s;
	return own;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_window(const struct slo_def *a, const struct slo_def *b)
{
	return a->period == b->period && a->method == b->method
	       && a->slice == b->slice && a->calendar == b->calendar
	       && a->calendar_every == b->calendar_every
	       && a->calendar_start == b->calendar_start
	       && same_text(a->zone, b->zone);
}

bool slo_def_same(const struct slo_def *a, const struct slo_def *b)
{
	if (!same_text(a->id, b->id) || !same_text(a->service, b->service)
	    || !same_text(a->errors, b->errors)
	    || !same_text(a->total, b->total)
	    || !same_text(a->ratio, b->ratio)
	    || !same_text(a->recorded, b->recorded)
	    || !same_text(a->buckets, b->buckets))
		return false;
	return same_window(a, b) && a->counts == b->counts
	       && a->derived == b->derived && a->latency == b->latency;
}

bool threshold_def_same(const struct threshold_def *a,
			     const struct threshold_def *b)
{
	return same_text(a->id, b->id) && same_text(a->query, b->query)
	       && same_text(a->cloudwatch, b->cloudwatch)
	       && same_text(a->service, b->service)
	       && a->measure == b->measure && a->period == b->period
	       && a->alert == b->alert;
}
