/* Batches by hand, for tests of the store and of what reads it. */
#ifndef TESTS_BATCHES_H
#define TESTS_BATCHES_H

#include "model/store.h"

#include <math.h>
#include <string.h>

#define FRAMES_MAX 64
/* A whole step, so that from..to are multiples of it. */
#define STEP ((time_ms)15000)
#define BASE ((time_ms)1763000000 * 1000 / STEP * STEP)

static inline struct batch *batch_of(const char *source, time_ms at)
{
	struct batch *b = batch_new(0);
	b->source = source;
	b->at = b->from = b->to = b->settled = at;
	b->step = STEP;
	b->window = 60000;
	return b;
}

static inline struct batch *batch_range(time_ms from, time_ms to)
{
	struct batch *b = batch_of("prom", to);
	b->from = from;
	return b;
}

static inline struct batch *batch_instant(time_ms at)
{
	struct batch *b = batch_of("prom", at);
	b->instant = true;
	return b;
}

static inline void ask_for(struct batch *b, uint32_t question)
{
	uint32_t *asked = (uint32_t *)b->asked;
	if (!asked)
		b->asked = asked = arena_alloc(&b->arena,
					       FRAMES_MAX * sizeof(*asked));
	for (size_t i = 0; i < b->nr_asked; i++)
		if (asked[i] == question)
			return;
	asked[b->nr_asked++] = question;
}

/* {job="job"} or {job="job",name="value"}. */
static inline struct frame *add_frame(struct batch *b, uint32_t question,
				      const char *job, const char *name,
				      const char *value)
{
	struct frame *f = (struct frame *)b->frame;
	struct label *l = arena_alloc(&b->arena, 2 * sizeof(*l));
	ask_for(b, question);
	if (!f)
		b->frame = f = arena_alloc(&b->arena, FRAMES_MAX * sizeof(*f));
	f += b->nr++;
	l[0] = (struct label){ "job", arena_strdup(&b->arena, job) };
	if (name)
		l[1] = (struct label){ arena_strdup(&b->arena, name),
				       arena_strdup(&b->arena, value) };
	f->question = question;
	f->labels = (struct labels){ name ? 2 : 1, l };
	labels_sort(l, f->labels.nr);
	return f;
}

/* The points from..to of one series: v where it is not NAN. */
static inline void add_points(struct batch *b, struct frame *f, time_ms from,
			      size_t nr, const double *v)
{
	time_ms *t = arena_alloc(&b->arena, (nr + 1) * sizeof(*t));
	double *own = arena_alloc(&b->arena, (nr + 1) * sizeof(*own));
	f->nr = 0;
	for (size_t i = 0; i < nr; i++) {
		if (isnan(v[i]))
			continue;
		t[f->nr] = from + (time_ms)i * STEP;
		own[f->nr++] = v[i];
	}
	f->t = t;
	f->v = own;
}

static inline void add_value(struct batch *b, uint32_t question,
			     const char *job, const char *name,
			     const char *value, double v)
{
	add_points(b, add_frame(b, question, job, name, value), b->at, 1, &v);
}

/* Of an own question: {name="value"}, or {} where name is NULL. */
static inline struct frame *add_own(struct batch *b, uint32_t question,
				    const char *name, const char *value)
{
	struct frame *f = add_frame(b, question, "", NULL, NULL);
	struct label *l = (struct label *)f->labels.l;
	f->labels.nr = name ? 1 : 0;
	if (name)
		*l = (struct label){ arena_strdup(&b->arena, name),
				     arena_strdup(&b->arena, value) };
	return f;
}

/* Points from..to, `step` apart. */
static inline void add_grid(struct batch *b, struct frame *f, time_ms from,
			    time_ms step, size_t nr, const double *v)
{
	time_ms *t = arena_alloc(&b->arena, (nr + 1) * sizeof(*t));
	add_points(b, f, from, nr, v);
	size_t n = 0;
	for (size_t i = 0; i < nr; i++)
		if (!isnan(v[i]))
			t[n++] = from + (time_ms)i * step;
	f->t = t;
}

static inline void apply(struct store *st, struct batch *b)
{
	store_apply(st, b);
	batch_free(b);
}

static inline const struct service *service_named(const struct store *st,
						  const char *name)
{
	const struct service *const *s;
	size_t n = store_services(st, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->name, name) == 0)
			return s[i];
	return NULL;
}

/* The role's series whose label has this value (NULL: the first). */
static inline const struct series *series_of(const struct service *s,
					     enum red_role role,
					     const char *label,
					     const char *value)
{
	for (size_t i = 0; i < s->nr[role]; i++) {
		const char *v = label ? labels_get(&s->series[role][i]->labels,
						   label) : NULL;
		if (!label || (v && strcmp(v, value) == 0))
			return s->series[role][i];
	}
	return NULL;
}

#endif
