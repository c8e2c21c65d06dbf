/* The points of the series under way stand in memory that is used again; what
 * is kept of them goes into the arena exactly once, when the series ends. */
#include "sources/prom_series.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A range of LIMIT_POINTS steps has one point more. */
#define SERIES_POINTS (LIMIT_POINTS + 1)
#define MAX_LABELS (LIMIT_LABELS + 1) /* with the tag */

static const struct {
	const char *what, *why;
} drops[DROPS] = {
	[DROP_OUTSIDE] = { "point", "outside the asked range dropped" },
	[DROP_REPEATED] = { "point", "repeated or going back in time dropped" },
	[DROP_OLDER] = { "older point", "dropped: one moment was asked" },
	[DROP_POINTS] = { "point", "above the ceiling dropped" },
	[DROP_SERIES] = { "series", "above the ceiling dropped" },
	[DROP_LABELS] = { "label", "above the ceiling cut" },
	[DROP_HISTOGRAMS] = { "histogram", "with too many buckets dropped" },
	[DROP_MEMORY] = { "series", "above the memory ceiling dropped" },
};

struct points {
	size_t nr, cap;
	time_ms *t;
	double *v;           /* or */
	struct histogram *h; /* buckets in the arena */
};

struct seen {
	uint64_t hash; /* 0: a free slot */
	uint32_t question;
	bool cut;
	struct labels labels;
};

struct prom_series {
	struct prom_ask ask;
	struct arena *arena;

	/* The series under way. */
	bool dropped, cut;
	struct buf text; /* name NUL value NUL ... of its labels */
	size_t nr_labels;
	size_t name_at[MAX_LABELS], value_at[MAX_LABELS];
	struct points values, histograms;
	size_t nr_buckets, cap_buckets;
	struct native_bucket *bucket;

	size_t nr_series, nr_points;
	size_t nr_seen, cap_seen;
	struct seen *seen; /* open addressing, at most half full */
	size_t nr_frames, cap_frames;
	struct frame *frames;
	uint64_t drops[DROPS];
};

struct prom_series *prom_series_new(const struct prom_ask *ask,
				    struct arena *arena)
{
	struct prom_series *s = mem_zero(1, sizeof(*s));
	s->ask = *ask;
	s->arena = arena;
	buf_init(&s->text, 0);
	return s;
}

static void points_release(struct points *l)
{
	free(l->t);
	free(l->v);
	free(l->h);
}

void prom_series_free(struct prom_series *s)
{
	if (!s)
		return;
	buf_release(&s->text);
	points_release(&s->values);
	points_release(&s->histograms);
	free(s->bucket);
	free(s->seen);
	free(s->frames);
	free(s);
}

static bool drop(struct prom_series *s, enum prom_drop why)
{
	s->drops[why]++;
	return false;
}

static void drop_series(struct prom_series *s, enum prom_drop why)
{
	s->dropped = true;
	drop(s, why);
}

void prom_series_begin(struct prom_series *s)
{
	s->dropped = s->cut = false;
	s->nr_labels = s->nr_buckets = 0;
	s->values.nr = s->histograms.nr = 0;
	buf_clear(&s->text);
	if (s->nr_series++ >= LIMIT_ANSWER_SERIES)
		drop_series(s, DROP_SERIES);
}

/* Appends clean text and a NUL. */
static void add_text(struct prom_series *s, const char *text, size_t n,
		     size_t max, bool cut)
{
	size_t i = 0;
	while (i < n && text[i] >= ' ' && text[i] < 0x7f)
		i++;
	s->text.max = s->text.len + max;
	if (i == n)
		buf_add(&s->text, text, n);
	else
		text_clean(&s->text, text, n);
	if (cut || s->text.full) {
		s->cut = true;
		drop(s, DROP_LABELS);
	}
	s->text.max = 0;
	s->text.full = false;
	buf_add(&s->text, "", 1);
}

static bool has_room(const struct prom_series *s)
{
	return s->nr_labels < LIMIT_LABELS + (s->ask.tagged ? 1 : 0);
}

void prom_series_name(struct prom_series *s, const char *text, size_t n,
		      bool cut)
{
	if (!has_room(s)) {
		s->cut = true;
		drop(s, DROP_LABELS);
		return;
	}
	s->name_at[s->nr_labels] = s->text.len;
	add_text(s, text, n, LIMIT_LABEL_NAME, cut);
}

/* An empty value is no label. */
void prom_series_value(struct prom_series *s, const char *text, size_t n,
		       bool cut)
{
	if (!has_room(s) || n == 0)
		return;
	s->value_at[s->nr_labels] = s->text.len;
	add_text(s, text, n, LIMIT_LABEL_VALUE, cut);
	s->nr_labels++;
}

static void grow(struct points *l, bool histogram)
{
	if (l->nr < l->cap)
		return;
	l->cap = l->cap ? l->cap * 2 : 64;
	l->t = mem_grow(l->t, l->cap, sizeof(*l->t));
	if (histogram)
		l->h = mem_grow(l->h, l->cap, sizeof(*l->h));
	else
		l->v = mem_grow(l->v, l->cap, sizeof(*l->v));
}

/* Whether there is to be a point; *t is its time then. */
static bool is_wanted(struct prom_series *s, struct points *l, time_ms *t)
{
	if (s->dropped)
		return false;
	if (s->ask.instant) {
		if (l->nr)
			drop(s, DROP_OLDER);
		l->nr = 0;
		*t = s->ask.at;
		return true;
	}
	if (*t < s->ask.from || *t > s->ask.to)
		return drop(s, DROP_OUTSIDE);
	if (l->nr && *t <= l->t[l->nr - 1])
		return drop(s, DROP_REPEATED);
	if (l->nr == SERIES_POINTS || s->nr_points == LIMIT_ANSWER_POINTS)
		return drop(s, DROP_POINTS);
	s->nr_points++;
	return true;
}

void prom_series_point(struct prom_series *s, time_ms t, double v)
{
	struct points *l = &s->values;
	if (!is_wanted(s, l, &t))
		return;
	grow(l, false);
	l->t[l->nr] = t;
	l->v[l->nr++] = v;
}

/* Counts on behind the ceiling, where nothing is kept. */
void prom_series_bucket(struct prom_series *s, const struct native_bucket *b)
{
	if (s->nr_buckets++ >= LIMIT_BUCKETS)
		return;
	size_t nr = s->nr_buckets - 1;
	MEM_ROOM(s->bucket, nr, s->cap_buckets);
	s->bucket[nr] = *b;
}

static int compare_buckets(const void *a, const void *b)
{
	const struct native_bucket *x = a, *y = b;
	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return (x->hi > y->hi) - (x->hi < y->hi);
}

static void sort_buckets(struct native_bucket *b, size_t nr)
{
	for (size_t i = 1; i < nr; i++) {
		if (compare_buckets(&b[i - 1], &b[i]) <= 0)
			continue;
		qsort(b, nr, sizeof(*b), compare_buckets);
		return;
	}
}

static void add_histogram(struct prom_series *s, time_ms t,
			  struct histogram *h)
{
	struct points *l = &s->histograms;
	if (!is_wanted(s, l, &t))
		return;
	size_t size = h->nr * sizeof(*s->bucket);
	struct native_bucket *b = arena_alloc(s->arena, size ? size : 1);
	if (!b) {
		drop_series(s, DROP_MEMORY);
		return;
	}
	if (size)
		memcpy(b, s->bucket, size);
	sort_buckets(b, h->nr);
	h->bucket = b;
	grow(l, true);
	l->t[l->nr] = t;
	l->h[l->nr++] = *h;
}

void prom_series_histogram(struct prom_series *s, time_ms t, double count,
			   double sum)
{
	struct histogram h = { .count = count, .sum = sum,
			       .nr = s->nr_buckets };
	s->nr_buckets = 0;
	if (h.nr > LIMIT_BUCKETS)
		drop(s, DROP_HISTOGRAMS);
	else
		add_histogram(s, t, &h);
}

static bool parse_tag(const char *s, uint32_t *out)
{
	uint64_t v = 0;
	if (!s || !*s || (*s == '0' && s[1]))
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
		if (v > UINT32_MAX)
			return false;
	}
	*out = (uint32_t)v;
	return true;
}

static bool bad(struct err *why, const char *text)
{
	err_set(why, EXIT_UNREACHABLE, "%s", text);
	return false;
}

/* The series' identity, its labels in the arena. */
static bool identify(struct prom_series *s, struct seen *out, struct err *why)
{
	struct label l[MAX_LABELS];
	for (size_t i = 0; i < s->nr_labels; i++) {
		l[i].name = s->text.s + s->name_at[i];
		l[i].value = s->text.s + s->value_at[i];
	}
	struct labels ls = { .nr = s->nr_labels, .l = l };
	if (!labels_sort(l, ls.nr))
		return bad(why, "a label stands twice in a series");
	out->question = s->ask.question;
	if (s->ask.tagged
	    && !parse_tag(labels_get(&ls, PROM_TAG), &out->question))
		return bad(why, "a series without its tag " PROM_TAG);
	out->cut = s->cut;
	if (!labels_copy(&ls, s->ask.tagged ? PROM_TAG : NULL, s->arena,
			 &out->labels))
		drop_series(s, DROP_MEMORY);
	uint64_t hash = labels_hash(&out->labels) ^ out->question * 0x9e3779b1u;
	out->hash = hash ? hash : 1;
	return true;
}

/* The slot of an equal label set, or a free one. */
static struct seen *find_seen(struct seen *table, size_t cap,
			      const struct seen *one)
{
	size_t i = one->hash & (cap - 1);
	for (;; i = (i + 1) & (cap - 1)) {
		struct seen *at = &table[i];
		if (!at->hash)
			return at;
		if (at->hash == one->hash && at->question == one->question
		    && labels_equal(&at->labels, &one->labels))
			return at;
	}
}

static void grow_seen(struct prom_series *s)
{
	if (s->nr_seen * 2 < s->cap_seen)
		return;
	size_t cap = s->cap_seen ? s->cap_seen * 2 : 64;
	struct seen *table = mem_zero(cap, sizeof(*table));
	for (size_t i = 0; i < s->cap_seen; i++)
		if (s->seen[i].hash)
			*find_seen(table, cap, &s->seen[i]) = s->seen[i];
	free(s->seen);
	s->seen = table;
	s->cap_seen = cap;
}

static bool bad_twin(const struct labels *ls, struct err *why)
{
	struct buf text, clean;
	buf_init(&text, LIMIT_SENTENCE / 2);
	buf_init(&clean, 0);
	labels_print(ls, &text);
	/* The ceiling may have split a character. */
	text_clean(&clean, buf_text(&text), text.len);
	err_set(why, EXIT_UNREACHABLE, "two series have the same labels %s%s",
		buf_text(&clean), text.full ? "..." : "");
	buf_release(&text);
	buf_release(&clean);
	return false;
}

/* Series of one answer mostly have the same times: they share them. */
static const time_ms *keep_times(struct prom_series *s,
				 const struct points *l)
{
	size_t size = l->nr * sizeof(*l->t);
	const struct frame *last = s->nr_frames
				   ? &s->frames[s->nr_frames - 1] : NULL;
	if (last && last->nr == l->nr && memcmp(last->t, l->t, size) == 0)
		return last->t;
	time_ms *t = arena_alloc(s->arena, size);
	return t ? memcpy(t, l->t, size) : NULL;
}

static void add_frame(struct prom_series *s, const struct seen *one,
		      const struct points *l)
{
	if (l->nr == 0)
		return;
	struct frame f = { .question = one->question, .labels = one->labels,
			   .nr = l->nr, .t = keep_times(s, l) };
	size_t size = l->nr * (l->v ? sizeof(*l->v) : sizeof(*l->h));
	void *copy = arena_alloc(s->arena, size);
	if (!f.t || !copy) {
		drop(s, DROP_MEMORY);
		return;
	}
	memcpy(copy, l->v ? (void *)l->v : (void *)l->h, size);
	if (l->v)
		f.v = copy;
	else
		f.h = copy;
	MEM_ROOM(s->frames, s->nr_frames, s->cap_frames);
	s->frames[s->nr_frames++] = f;
}

bool prom_series_end(struct prom_series *s, struct err *why)
{
	struct seen one = { 0 };
	if (s->dropped)
		return true;
	if (!identify(s, &one, why))
		return false;
	if (s->dropped)
		return true;
	grow_seen(s);
	struct seen *slot = find_seen(s->seen, s->cap_seen, &one);
	if (slot->hash) {
		/* Different ones may have been cut to the same. */
		if (!slot->cut && !one.cut)
			return bad_twin(&one.labels, why);
		drop(s, DROP_SERIES);
		return true;
	}
	*slot = one;
	s->nr_seen++;
	add_frame(s, &one, &s->values);
	add_frame(s, &one, &s->histograms);
	return true;
}

const struct frame *prom_series_frames(const struct prom_series *s,
				       size_t *nr)
{
	*nr = s->nr_frames;
	return s->frames;
}

uint64_t prom_series_dropped(const struct prom_series *s, enum prom_drop d)
{
	return s->drops[d];
}

const char *prom_series_warning(const struct prom_series *s,
				enum prom_drop d)
{
	uint64_t n = s->drops[d];
	if (n == 0)
		return NULL;
	bool plural = n != 1 && d != DROP_SERIES && d != DROP_MEMORY;
	const char *text = arena_printf(s->arena, "%" PRIu64 " %s%s %s", n,
					drops[d].what, plural ? "s" : "",
					drops[d].why);
	return text ? text : drops[DROP_MEMORY].why;
}
