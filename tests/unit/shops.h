/* The simulated shop for tests: a source and what it emitted in the newest
 * poll. */
#ifndef TESTS_UNIT_SHOPS_H
#define TESTS_UNIT_SHOPS_H

#include "base/mem.h"
#include "sources/demo.h"
#include "sources/demo_catalog.h"
#include "sources/demo_story.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SHOP_BATCHES 64
#define MINUTE ((time_ms)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct shop {
	struct source src;
	struct batch *batch[SHOP_BATCHES];
	size_t nr;
	int ends;
};

static inline void shop_sink(struct source *src, struct batch *b, void *arg)
{
	struct shop *s = arg;
	(void)src;
	assert_true(s->nr < SHOP_BATCHES);
	s->batch[s->nr++] = b;
}

static inline void shop_ended(struct source *src, void *arg)
{
	(void)src;
	((struct shop *)arg)->ends++;
}

static inline void shop_closed(struct source *src, void *arg)
{
	(void)src;
	(void)arg;
}

static inline void shop_forget(struct shop *s)
{
	for (size_t i = 0; i < s->nr; i++)
		batch_free(s->batch[i]);
	s->nr = 0;
	s->ends = 0;
}

static inline struct shop *shop_with(const char *where,
				     struct source_options opt)
{
	struct shop *s = mem_zero(1, sizeof(*s));
	s->src = (struct source){
		.ops = &demo_ops, .name = (char *)"demo", .url = (char *)"",
		.state = mem_zero(1, demo_ops.state_size), .opt = opt,
		.sink = shop_sink, .ended = shop_ended, .closed = shop_closed,
		.arg = s,
	};
	assert_int_equal(demo_ops.open(&s->src, where, NULL), 0);
	return s;
}

static inline struct shop *shop_open(const char *where)
{
	return shop_with(where, (struct source_options){ 0 });
}

static inline void shop_close(struct shop *s)
{
	shop_forget(s);
	demo_ops.close(&s->src);
	free(s->src.state);
	free(s);
}

static inline void shop_want(struct shop *s, const struct want *w)
{
	shop_forget(s);
	demo_ops.poll(&s->src, w);
	assert_int_equal(s->ends, 1);
	assert_true(s->nr > 0);
	for (size_t i = 0; i < s->nr; i++)
		assert_int_equal(s->batch[i]->tick, i + 1 == s->nr);
}

static inline bool shop_asked(const struct batch *b, uint32_t question)
{
	for (size_t i = 0; i < b->nr_asked; i++)
		if (b->asked[i] == question)
			return true;
	return false;
}

/* The newest poll's value of a question at t; NAN: it has none. */
static inline double shop_value(const struct shop *s, uint32_t question,
				bool instant, time_ms t)
{
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr; k++) {
			const struct frame *f = &s->batch[i]->frame[k];
			if (f->question != question
			    || s->batch[i]->instant != instant)
				continue;
			for (size_t p = 0; p < f->nr; p++)
				if (f->t[p] == t)
					return f->v[p];
		}
	return NAN;
}

static inline const struct catalog *shop_catalog(const struct shop *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->batch[i]->catalog)
			return s->batch[i]->catalog;
	fail_msg("no catalog");
	return NULL;
}

static inline bool within(double v, double lo, double hi)
{
	return v >= lo && v <= hi;
}

#endif
