#include "sources/cw_hold.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "CWH1"
#define KEY_MAX ((size_t)8192)
/* Points that a file can make us hold: in it, an empty line of a week takes
 * fifty bytes. */
#define CELLS_MAX (LIMIT_STORE / sizeof(double))
enum { LINE_FORBIDDEN = 1, LINE_UNSURE = 2, LINE_EMPTY = 4 };

void cw_hold_init(struct cw_hold *h, time_ms period)
{
	*h = (struct cw_hold){ .period = period, .from = TIME_NONE };
}

void cw_hold_release(struct cw_hold *h)
{
	for (size_t i = 0; i < h->nr; i++) {
		free(h->line[i].key);
		free(h->line[i].v);
	}
	free(h->line);
	cw_hold_init(h, h->period);
}

/* A name may hold any character, so a backslash stands before those that part
 * the words. */
static void put_word(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr(" =\\", *s))
			buf_char(out, '\\');
		buf_char(out, *s);
	}
}

void cw_hold_key(struct buf *out, const struct cw_query *q)
{
	struct buf b;
	buf_init(&b, KEY_MAX);
	put_word(&b, q->metric.space);
	buf_char(&b, ' ');
	put_word(&b, q->metric.name);
	for (size_t i = 0; i < q->metric.nr; i++) {
		buf_char(&b, ' ');
		put_word(&b, q->metric.dim[i].name);
		buf_char(&b, '=');
		put_word(&b, q->metric.dim[i].value);
	}
	buf_char(&b, ' ');
	put_word(&b, q->stat);
	text_clean(out, buf_text(&b), b.len);
	buf_release(&b);
}

static double *no_points(size_t nr)
{
	double *v = mem_alloc((nr + 1) * sizeof(*v));
	for (size_t i = 0; i < nr; i++)
		v[i] = NAN;
	return v;
}

struct cw_line *cw_hold_line(struct cw_hold *h, const char *key, bool make)
{
	size_t lo = 0, hi = h->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(key, h->line[mid].key);
		if (c == 0)
			return &h->line[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (!make)
		return NULL;
	MEM_ROOM(h->line, h->nr, h->cap);
	memmove(h->line + lo + 1, h->line + lo,
		(h->nr - lo) * sizeof(*h->line));
	h->nr++;
	h->line[lo] = (struct cw_line){ .key = mem_strdup(key),
					.asked = TIME_NONE,
					.v = no_points(h->nr_points) };
	return &h->line[lo];
}

void cw_hold_prune(struct cw_hold *h, time_ms since)
{
	size_t kept = 0;
	for (size_t i = 0; i < h->nr; i++) {
		if (h->line[i].asked >= since) {
			h->line[kept++] = h->line[i];
			continue;
		}
		free(h->line[i].key);
		free(h->line[i].v);
	}
	h->nr = kept;
}

static time_ms end_of(const struct cw_hold *h)
{
	return h->from + (time_ms)h->nr_points * h->period;
}

static void fit_line(struct cw_line *l, const struct cw_hold *old,
		     time_ms from, size_t nr, time_ms period)
{
	double *v = no_points(nr);
	time_ms to = from + (time_ms)nr * period;
	for (size_t i = 0; i < nr; i++) {
		time_ms t = from + (time_ms)i * period;
		if (t >= l->from && t < l->to)
			v[i] = l->v[(t - old->from) / period];
	}
	free(l->v);
	l->v = v;
	l->from = l->from < from ? from : l->from;
	l->to = l->to > to ? to : l->to;
	if (l->from >= l->to)
		l->from = l->to = 0;
}

void cw_hold_fit(struct cw_hold *h, time_ms from, time_ms to)
{
	time_ms most = (time_ms)CW_HOLD_POINTS * h->period;
	if (to - from > most)
		from = to - most;
	size_t nr = (size_t)((to - from) / h->period);
	if (h->from == from && h->nr_points == nr)
		return;
	struct cw_hold old = *h;
	for (size_t i = 0; i < h->nr; i++)
		fit_line(&h->line[i], &old, from, nr, h->period);
	h->from = from;
	h->nr_points = nr;
}

/* Joined to what was known where both touch, else in its place. */
static void know(struct cw_hold *h, struct cw_line *l, time_ms from,
		 time_ms to)
{
	if (l->from == l->to || from > l->to || to < l->from) {
		for (time_ms t = l->from; t < l->to; t += h->period)
			if (t < from || t >= to)
				l->v[(t - h->from) / h->period] = NAN;
		l->from = from;
		l->to = to;
		return;
	}
	l->from = from < l->from ? from : l->from;
	l->to = to > l->to ? to : l->to;
}

void cw_hold_take(struct cw_hold *h, struct cw_line *l, time_ms from,
		  time_ms to, const struct cw_result *r, time_ms asked)
{
	from = from < h->from ? h->from : from;
	to = to > end_of(h) ? end_of(h) : to;
	l->asked = asked;
	l->forbidden = r && r->status == CW_FORBIDDEN;
	l->unsure = r && (r->status == CW_PARTIAL || r->status == CW_INTERNAL);
	if (from >= to)
		return;
	know(h, l, from, to);
	for (time_ms t = from; t < to; t += h->period)
		l->v[(t - h->from) / h->period] = NAN;
	for (size_t i = 0; r && i < r->nr; i++) {
		time_ms t = time_floor(r->t[i], h->period);
		if (t >= from && t < to)
			l->v[(t - h->from) / h->period] = r->v[i];
	}
}

double cw_hold_at(const struct cw_hold *h, const struct cw_line *l,
		  time_ms begin)
{
	if (begin < l->from || begin >= l->to)
		return NAN;
	return l->v[(begin - h->from) / h->period];
}

time_ms cw_hold_tail(const struct cw_hold *h, time_ms to, time_ms again)
{
	return time_floor(to - again - h->period, h->period);
}

bool cw_line_knows(const struct cw_line *l, time_ms from, time_ms to)
{
	return l->from < l->to && l->from <= from && l->to >= to;
}

/* ---- as bytes ------------------------------------------------------------ */

static void put_number(struct buf *out, uint64_t v)
{
	char b[8];
	for (int i = 0; i < 8; i++)
		b[i] = (char)(v >> 8 * i);
	buf_add(out, b, sizeof(b));
}

static bool is_empty(const struct cw_hold *h, const struct cw_line *l)
{
	for (time_ms t = l->from; t < l->to; t += h->period)
		if (!isnan(cw_hold_at(h, l, t)))
			return false;
	return true;
}

static void put_line(const struct cw_hold *h, const struct cw_line *l,
		     struct buf *out)
{
	bool empty = is_empty(h, l);
	put_number(out, strlen(l->key));
	buf_str(out, l->key);
	put_number(out, (uint64_t)l->asked);
	put_number(out, (uint64_t)l->from);
	put_number(out, (uint64_t)l->to);
	put_number(out, (l->forbidden ? LINE_FORBIDDEN : 0u)
				| (l->unsure ? LINE_UNSURE : 0u)
				| (empty ? LINE_EMPTY : 0u));
	for (time_ms t = l->from; !empty && t < l->to; t += h->period) {
		double v = cw_hold_at(h, l, t);
		uint64_t bits;
		memcpy(&bits, &v, sizeof(bits));
		put_number(out, bits);
	}
}

void cw_hold_write(const struct cw_hold *h, time_ms since, struct buf *out)
{
	buf_add(out, MAGIC, sizeof(MAGIC) - 1);
	put_number(out, (uint64_t)h->period);
	for (size_t i = 0; i < h->nr; i++)
		if (h->line[i].asked != TIME_NONE && h->line[i].asked >= since
		    && h->line[i].from < h->line[i].to)
			put_line(h, &h->line[i], out);
}

struct bytes {
	const char *p;
	size_t n;
	bool bad;
};

static uint64_t get_number(struct bytes *b)
{
	uint64_t v = 0;
	if (b->n < 8) {
		b->bad = true;
		return 0;
	}
	for (int i = 0; i < 8; i++)
		v |= (uint64_t)(unsigned char)b->p[i] << 8 * i;
	b->p += 8;
	b->n -= 8;
	return v;
}

/* A time on the grid and not out of this world. */
static time_ms get_time(struct bytes *b, time_ms period)
{
	time_ms t = (time_ms)get_number(b);
	if (t < 0 || t > INT64_C(253402300800000) || t % period)
		b->bad = true;
	return b->bad ? 0 : t;
}

static char *get_key(struct bytes *b)
{
	uint64_t n = get_number(b);
	if (b->bad || n > KEY_MAX || n > b->n) {
		b->bad = true;
		return NULL;
	}
	char *key = mem_strndup(b->p, n);
	b->p += n;
	b->n -= n;
	if (strlen(key) == n && text_is_clean(key))
		return key;
	free(key);
	b->bad = true;
	return NULL;
}

static void merge(struct cw_hold *h, const struct cw_line *from,
		  const char *values)
{
	struct cw_line *l = cw_hold_line(h, from->key, true);
	if (l->asked != TIME_NONE && l->asked >= from->asked)
		return;
	time_ms a = from->from < h->from ? h->from : from->from;
	time_ms e = from->to > end_of(h) ? end_of(h) : from->to;
	l->asked = from->asked;
	l->forbidden = from->forbidden;
	l->unsure = from->unsure;
	if (a >= e)
		return;
	know(h, l, a, e);
	for (time_ms t = a; t < e; t += h->period) {
		double v = NAN;
		if (values) {
			size_t i = (size_t)((t - from->from) / h->period);
			struct bytes b = { values + i * 8, 8, false };
			uint64_t bits = get_number(&b);
			memcpy(&v, &bits, sizeof(v));
		}
		l->v[(t - h->from) / h->period] = isfinite(v) ? v : NAN;
	}
}

/* A line as it stands there; its key is the caller's to free. */
struct piece {
	struct cw_line line;
	const char *values;      /* NULL: no point has one */
};

static bool get_piece(struct bytes *b, time_ms period, struct piece *x)
{
	*x = (struct piece){ .line.key = get_key(b) };
	struct cw_line *l = &x->line;
	l->asked = get_time(b, 1);
	l->from = get_time(b, period);
	l->to = get_time(b, period);
	uint64_t flags = get_number(b);
	bool empty = flags & LINE_EMPTY;
	uint64_t nr = empty || b->bad || l->to < l->from
			      ? 0 : (uint64_t)((l->to - l->from) / period);
	if (b->bad || l->to < l->from || nr > b->n / 8) {
		b->bad = true;
		free(l->key);
		return false;
	}
	l->forbidden = flags & LINE_FORBIDDEN;
	l->unsure = flags & LINE_UNSURE;
	x->values = empty ? NULL : b->p;
	b->p += nr * 8;
	b->n -= (size_t)nr * 8;
	return true;
}

/* The grid reaches as far as the lines do, within bounds, and at once: line by
 * line all that are held would be copied each time. */
static void make_room(struct cw_hold *h, struct bytes b, time_ms oldest)
{
	time_ms from = h->from, to = from == TIME_NONE ? from : end_of(h);
	time_ms most = (time_ms)CW_HOLD_POINTS * h->period;
	struct piece x;
	while (b.n && get_piece(&b, h->period, &x)) {
		time_ms f = x.line.from < oldest ? oldest : x.line.from;
		time_ms t = x.line.to;
		free(x.line.key);
		if (from != TIME_NONE) {
			f = from < f ? from : f;
			t = to > t ? to : t;
		}
		if (f >= t || t - f > most
		    || (size_t)((t - f) / h->period) * h->nr > CELLS_MAX)
			continue;
		from = f;
		to = t;
	}
	if (from != TIME_NONE)
		cw_hold_fit(h, from, to);
}

bool cw_hold_read(struct cw_hold *h, const char *bytes, size_t n,
		  time_ms oldest)
{
	struct bytes b = { bytes, n, false };
	struct piece x;
	size_t magic = sizeof(MAGIC) - 1;
	if (n < magic || memcmp(bytes, MAGIC, magic) != 0)
		return false;
	b.p += magic;
	b.n -= magic;
	if ((time_ms)get_number(&b) != h->period || b.bad)
		return false;
	make_room(h, b, time_floor(oldest, h->period));
	size_t most = CELLS_MAX / (h->nr_points + 1);
	most = most < CW_HOLD_LINES ? most : CW_HOLD_LINES;
	while (b.n && get_piece(&b, h->period, &x)) {
		bool held = cw_hold_line(h, x.line.key, false);
		if (h->from != TIME_NONE && (held || h->nr < most))
			merge(h, &x.line, x.values);
		free(x.line.key);
	}
	return !b.bad;
}
