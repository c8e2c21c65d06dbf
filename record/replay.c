/* A recording as a source. Polls are answered at once: a file is at hand, and
 * a thousand ticks are a fraction of a second. Going back starts again from
 * the beginning, because a tick tells only what was new in it. */
#include "record/replay.h"

#include "base/mem.h"
#include "record/reader.h"

#include <stdlib.h>
#include <string.h>

#define GAP 3 /* usual distances */

struct replay {
	struct reader *reader;
	char *path;
	size_t shown;   /* ticks that were emitted */
	bool said;      /* instead of ticks, that there are none here */
	char **name;    /* of the sources seen, to be reset */
	size_t nr_names, cap_names;
	time_ms usual;  /* the median distance of ticks, 0: fewer than two */
};

static int by_time(const void *a, const void *b)
{
	time_ms x = *(const time_ms *)a, y = *(const time_ms *)b;
	return (x > y) - (x < y);
}

static time_ms median_distance(const time_ms *at, size_t nr)
{
	if (nr < 2)
		return 0;
	time_ms *d = mem_alloc((nr - 1) * sizeof(*d));
	size_t n = 0;
	for (size_t i = 1; i < nr; i++)
		if (at[i] > at[i - 1])
			d[n++] = at[i] - at[i - 1];
	qsort(d, n, sizeof(*d), by_time);
	time_ms usual = n ? d[(n - 1) / 2] : 0;
	free(d);
	return usual;
}

static void look(struct source *src)
{
	struct replay *r = src->state;
	const time_ms *at;
	size_t nr = reader_ticks(r->reader, &at);
	r->usual = median_distance(at, nr);
	src->oldest = nr ? at[0] : TIME_NONE;
	src->newest = nr ? at[nr - 1] : TIME_NONE;
	if (r->usual)
		src->period = r->usual;
}

static void remember(struct replay *r, const char *name)
{
	for (size_t i = 0; i < r->nr_names; i++)
		if (strcmp(r->name[i], name) == 0)
			return;
	MEM_ROOM(r->name, r->nr_names, r->cap_names);
	r->name[r->nr_names++] = mem_strdup(name);
}

/* A chart's answer; objectives and thresholds have steps of theirs. */
static bool is_chart(const struct batch *b)
{
	for (size_t i = 0; i < b->nr; i++)
		if (!question_is_own(b->frame[i].question))
			return !b->instant && b->step > 0;
	return false;
}

/* The charts were recorded in a step of their own, and only in that one. */
static void find_interval(struct source *src)
{
	struct replay *r = src->state;
	struct batch *b;
	while (src->interval == 0 && (b = reader_next_until(r->reader, 3))) {
		if (b->source)
			remember(r, b->source);
		if (is_chart(b))
			src->interval = b->step;
		batch_free(b);
	}
	if (src->interval == 0)
		src->interval = r->usual;
	reader_rewind(r->reader);
}

static int replay_open(struct source *src, const char *where, struct err *e)
{
	struct replay *r = src->state;
	r->reader = reader_open(where, e);
	if (!r->reader)
		return -1;
	r->path = mem_strdup(where);
	look(src);
	find_interval(src);
	return 0;
}

/* Ticks on the way stay ticks: with each of them the store judges whether a
 * source is up. */
static void emit(struct source *src, struct batch *b, bool last)
{
	if (b->source)
		remember(src->state, b->source);
	b->tick |= last;
	source_emit(src, b);
}

static struct batch *empty_batch(time_ms at)
{
	struct batch *b = batch_new(0);
	b->at = at;
	b->from = b->to = b->settled = TIME_NONE;
	return b;
}

static void forget(struct source *src, time_ms at)
{
	struct replay *r = src->state;
	for (size_t i = 0; i < r->nr_names; i++) {
		struct batch *b = empty_batch(at);
		b->source = arena_strdup(&b->arena, r->name[i]);
		b->reset = true;
		emit(src, b, false);
	}
	reader_rewind(r->reader);
	r->shown = 0;
	r->said = false;
}

/* Ticks up to `at`. */
static size_t ticks_until(const struct replay *r, time_ms at)
{
	const time_ms *t;
	size_t lo = 0, hi = reader_ticks(r->reader, &t);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void emit_until(struct source *src, size_t ticks)
{
	struct replay *r = src->state;
	struct batch *b = reader_next_until(r->reader, ticks);
	while (b) {
		struct batch *next = reader_next_until(r->reader, ticks);
		emit(src, b, !next);
		b = next;
	}
	r->shown = ticks;
}

static void say_nothing_there(struct source *src, time_ms at)
{
	struct replay *r = src->state;
	char begin[TIME_TEXT];
	struct batch *b = empty_batch(at);
	b->fault = FAULT_FILE;
	if (r->nr_names)
		b->source = arena_strdup(&b->arena, r->name[0]);
	if (src->oldest == TIME_NONE)
		b->error = arena_printf(&b->arena,
					"%.200s holds no whole tick", r->path);
	else
		b->error = arena_printf(&b->arena, "%.200s begins at %s",
					r->path, time_iso(src->oldest, begin));
	emit(src, b, true);
	r->said = true;
}

static void replay_poll(struct source *src, const struct want *w)
{
	struct replay *r = src->state;
	if (src->opt.follow && reader_refresh(r->reader))
		look(src);
	time_ms at = w->at == TIME_NONE ? src->newest : w->at;
	size_t ticks = at == TIME_NONE ? 0 : ticks_until(r, at);
	if (ticks < r->shown || (r->said && ticks))
		forget(src, at);
	if (ticks > r->shown)
		emit_until(src, ticks);
	else if (ticks == 0)
		say_nothing_there(src, at == TIME_NONE ? 0 : at);
	source_end(src);
}

/* A poll is over before anybody could end it. */
static void replay_cancel(struct source *src)
{
	(void)src;
}

static void replay_close(struct source *src)
{
	struct replay *r = src->state;
	reader_close(r->reader);
	for (size_t i = 0; i < r->nr_names; i++)
		free(r->name[i]);
	free(r->name);
	free(r->path);
	*r = (struct replay){ 0 };
	source_closed(src);
}

time_ms replay_tick_before(const struct source *src, time_ms at)
{
	const struct replay *r = src->state;
	const time_ms *t;
	reader_ticks(r->reader, &t);
	size_t i = at == TIME_NONE ? 0 : ticks_until(r, at - 1);
	return i ? t[i - 1] : TIME_NONE;
}

time_ms replay_tick_after(const struct source *src, time_ms at)
{
	const struct replay *r = src->state;
	const time_ms *t;
	size_t nr = reader_ticks(r->reader, &t);
	size_t i = at == TIME_NONE ? 0 : ticks_until(r, at);
	return i < nr ? t[i] : TIME_NONE;
}

size_t replay_gaps(const struct source *src, struct replay_gap *out, size_t max)
{
	const struct replay *r = src->state;
	const time_ms *t;
	size_t nr = reader_ticks(r->reader, &t), n = 0;
	for (size_t i = 1; i < nr && n < max && r->usual; i++)
		if (t[i] - t[i - 1] > GAP * r->usual)
			out[n++] = (struct replay_gap){ t[i - 1], t[i] };
	return n;
}

const struct source_ops replay_ops = {
	.name = "recording",
	.help = "FILE.redtop: replays what was recorded",
	.state_size = sizeof(struct replay),
	.open = replay_open,
	.poll = replay_poll,
	.cancel = replay_cancel,
	.close = replay_close,
};
