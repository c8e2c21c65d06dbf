/* The points of a series: looked up, cut, overwritten by time. */
#include "model/store_private.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A difference below this is the server's rounding, not news. */
#define SAME_RELATIVE 1e-12

size_t series_lower(const struct series *s, time_ms from)
{
	size_t lo = 0, hi = s->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->t[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t series_upper(const struct series *s, time_ms to)
{
	return to == INT64_MAX ? s->nr : series_lower(s, to + 1);
}

double series_at(const struct series *s, time_ms t)
{
	if (s->now_t == t)
		return s->now_v;
	size_t i = series_lower(s, t);
	return s->v && i < s->nr && s->t[i] == t ? s->v[i] : NAN;
}

const struct histogram *series_histogram_at(const struct series *s, time_ms t)
{
	if (s->now_t == t)
		return s->now_h;
	size_t i = series_lower(s, t);
	return s->h && i < s->nr && s->t[i] == t ? s->h[i] : NULL;
}

void series_columns(const struct series *s, time_ms from, time_ms span,
		    struct column *out, size_t columns)
{
	size_t i = series_lower(s, from);
	for (size_t c = 0; c < columns; c++) {
		struct column col = { INFINITY, -INFINITY, NAN, 0 };
		time_ms end = from + (time_ms)(c + 1) * span;
		double sum = 0;
		for (; i < s->nr && s->t[i] < end; i++) {
			if (!s->v || isnan(s->v[i]))
				continue;
			col.min = fmin(col.min, s->v[i]);
			col.max = fmax(col.max, s->v[i]);
			sum += s->v[i];
			col.nr++;
		}
		if (col.nr)
			col.mean = sum / (double)col.nr;
		out[c] = col;
	}
}

size_t points_histogram_bytes(const struct histogram *h)
{
	return sizeof(*h) + h->nr * sizeof(*h->bucket);
}

static const struct histogram *histogram_dup(const struct histogram *h)
{
	struct histogram *c = mem_alloc(points_histogram_bytes(h));
	struct native_bucket *b = (struct native_bucket *)(c + 1);
	*c = *h;
	if (h->nr)
		memcpy(b, h->bucket, h->nr * sizeof(*b));
	c->bucket = b;
	return c;
}

void points_drop(struct store *st, struct series *s, size_t i)
{
	if (s->h && s->h[i]) {
		st->bytes -= points_histogram_bytes(s->h[i]);
		free((void *)s->h[i]);
	}
	st->points--;
}

void points_resize(struct store *st, struct series *s, size_t cap, bool native)
{
	s->t = mem_grow(s->t, cap, sizeof(*s->t));
	if (native)
		s->h = mem_grow(s->h, cap, sizeof(*s->h));
	else
		s->v = mem_grow(s->v, cap, sizeof(*s->v));
	st->bytes += cap * POINT_BYTES;
	st->bytes -= s->cap * POINT_BYTES;
	s->cap = cap;
}

/* Takes out [a, b); nothing where from..to was the wrong way round. */
void points_cut(struct store *st, struct series *s, size_t a, size_t b)
{
	if (a >= b)
		return;
	for (size_t i = a; i < b; i++)
		points_drop(st, s, i);
	size_t tail = s->nr - b;
	memmove(s->t + a, s->t + b, tail * sizeof(*s->t));
	if (s->v)
		memmove(s->v + a, s->v + b, tail * sizeof(*s->v));
	if (s->h)
		memmove(s->h + a, s->h + b, tail * sizeof(*s->h));
	s->nr -= b - a;
	st->generation++;
}

/* Makes a hole of n points at i. */
static void spread(struct store *st, struct series *s, size_t i, size_t n,
		   bool native)
{
	if (s->nr + n > s->cap)
		points_resize(st, s, (s->nr + n) * 5 / 4 + 8, native);
	size_t tail = s->nr - i;
	memmove(s->t + i + n, s->t + i, tail * sizeof(*s->t));
	if (native)
		memmove(s->h + i + n, s->h + i, tail * sizeof(*s->h));
	else
		memmove(s->v + i + n, s->v + i, tail * sizeof(*s->v));
	s->nr += n;
	st->points += n;
}

static bool same(double a, double b)
{
	if (a == b || (isnan(a) && isnan(b)))
		return true;
	return fabs(a - b) <= SAME_RELATIVE * fmax(fabs(a), fabs(b));
}

static bool same_histogram(const struct histogram *a, const struct histogram *b)
{
	if (a->nr != b->nr || !same(a->count, b->count)
	    || !same(a->sum, b->sum))
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (a->bucket[i].lo != b->bucket[i].lo
		    || a->bucket[i].hi != b->bucket[i].hi
		    || !same(a->bucket[i].count, b->bucket[i].count))
			return false;
	return true;
}

/* True if [a, b) of the series is just what the frame says. */
static bool unchanged(const struct series *s, size_t a, size_t b,
		      const struct frame *f)
{
	if (b - a != f->nr || !s->v == !s->h)
		return f->nr == 0 && b == a;
	for (size_t i = 0; i < f->nr; i++) {
		if (s->t[a + i] != f->t[i])
			return false;
		if (f->h ? !s->h || !same_histogram(s->h[a + i], &f->h[i])
			 : !s->v || !same(s->v[a + i], f->v[i]))
			return false;
	}
	return true;
}

/* Inside from..to the answer wins. */
void points_upsert(struct store *st, struct series *s, const struct frame *f,
		   time_ms from, time_ms to)
{
	bool native = f->h != NULL;
	if (s->nr && native != (s->h != NULL))
		points_cut(st, s, 0, s->nr);
	if (native ? s->v != NULL : s->h != NULL) {
		free(s->v);
		free(s->h);
		s->v = NULL;
		s->h = NULL;
		st->bytes -= s->cap * POINT_BYTES;
		s->cap = 0;
	}
	size_t a = series_lower(s, from), b = series_upper(s, to);
	if (from > to || unchanged(s, a, b, f))
		return;
	points_cut(st, s, a, b);
	spread(st, s, a, f->nr, native);
	for (size_t i = 0; i < f->nr; i++) {
		s->t[a + i] = f->t[i];
		if (native) {
			s->h[a + i] = histogram_dup(&f->h[i]);
			st->bytes += points_histogram_bytes(s->h[a + i]);
		} else {
			s->v[a + i] = f->v[i];
		}
	}
	st->generation++;
}

void points_set_now(struct store *st, struct series *s, time_ms at, double v,
		    const struct histogram *h)
{
	if (s->now_t != at || !same(s->now_v, v) || !s->now_h != !h
	    || (h && !same_histogram(s->now_h, h)))
		st->generation++;
	if (s->now_h) {
		st->bytes -= points_histogram_bytes(s->now_h);
		free((void *)s->now_h);
	}
	s->now_t = at;
	s->now_v = v;
	s->now_h = h ? histogram_dup(h) : NULL;
	if (s->now_h)
		st->bytes += points_histogram_bytes(s->now_h);
}
