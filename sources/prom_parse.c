/* The shape of an answer is fixed, so the way down to a point is a short
 * stack of places; each place is a function that knows which tokens may come
 * there. Keys come in any order: what depends on another key (resultType,
 * status) is judged at the end, labels at the end of their series. */
#include "sources/prom_parse.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/decimal.h"
#include "sources/json_push.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK ((size_t)64 << 10) /* bytes between looks at `cancel` */
#define WORD ((size_t)64)       /* of status, resultType, errorType */
#define HEAD ((size_t)4096)     /* of the body, for what is no JSON */
/* A range of LIMIT_POINTS steps has one point more. */
#define SERIES_POINTS (LIMIT_POINTS + 1)
#define MAX_LABELS (LIMIT_LABELS + 1) /* with the tag */

enum place {
	IN_NOTHING, IN_TOP, IN_DATA, IN_RESULT, IN_SERIES, IN_METRIC, IN_LIST,
	IN_PAIR, IN_HISTOGRAM, IN_BUCKETS, IN_BUCKET, IN_NOTES, IN_UNKNOWN,
	PLACES
};
#define DEEPEST 12

enum key {
	KEY_OTHER, KEY_STATUS, KEY_DATA, KEY_WARNINGS, KEY_INFOS,
	KEY_ERROR_TYPE, KEY_ERROR, KEY_MESSAGE, KEY_IS_PARTIAL,
	KEY_RESULT_TYPE, KEY_RESULT, KEY_METRIC, KEY_VALUE, KEY_VALUES,
	KEY_HISTOGRAM, KEY_HISTOGRAMS, KEY_COUNT, KEY_SUM, KEY_BUCKETS
};
#define BIT(key) (1u << (key))

static const struct {
	const char *name;
	enum key key;
} keys[] = {
	{ "metric", KEY_METRIC },
	{ "values", KEY_VALUES },
	{ "value", KEY_VALUE },
	{ "count", KEY_COUNT },
	{ "sum", KEY_SUM },
	{ "buckets", KEY_BUCKETS },
	{ "histograms", KEY_HISTOGRAMS },
	{ "histogram", KEY_HISTOGRAM },
	{ "status", KEY_STATUS },
	{ "data", KEY_DATA },
	{ "resultType", KEY_RESULT_TYPE },
	{ "result", KEY_RESULT },
	{ "warnings", KEY_WARNINGS },
	{ "infos", KEY_INFOS },
	{ "errorType", KEY_ERROR_TYPE },
	{ "error", KEY_ERROR },
	{ "message", KEY_MESSAGE },
	{ "isPartial", KEY_IS_PARTIAL },
};

/* What was left out, and how that is said. */
enum drop {
	DROP_OUTSIDE, DROP_REPEATED, DROP_OLDER, DROP_POINTS, DROP_SERIES,
	DROP_LABELS, DROP_HISTOGRAMS, DROP_MEMORY, DROPS
};
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

/* The points of the series under way; the memory is used again. */
struct points {
	size_t nr, cap;
	time_ms *t;
	double *v;           /* or */
	struct histogram *h; /* buckets in the batch's arena */
};

struct seen {
	uint64_t hash;
	uint32_t question;
	bool cut;
	struct labels labels;
};

struct prom_parser {
	struct prom_ask ask;
	struct batch *out;
	const atomic_bool *cancel;
	size_t unlooked;
	bool cancelled;
	struct json_push json;
	char head[HEAD];
	size_t nr_head;
	struct err bad; /* text "" until the first fault */

	enum place stack[DEEPEST];
	int depth;
	unsigned unknown; /* levels inside IN_UNKNOWN */
	enum key key;

	/* The envelope. */
	unsigned top_keys, data_keys; /* seen */
	bool odd_data;       /* data is not an object */
	struct buf status, result_type, error_type, error, message;
	bool is_partial;
	size_t nr_results, nr_bare;
	unsigned series_kinds; /* value keys seen in any series */
	struct { size_t nr, more; const char *text[LIMIT_WARNINGS]; }
		warnings, infos;

	/* The scalar, or the pair under way. */
	int nr_pair;
	bool scalar, scalar_number;
	time_ms t;
	double v;
	struct histogram h;
	unsigned histogram_keys;
	bool too_many_buckets;
	size_t cap_buckets;
	struct native_bucket *bucket, b;

	/* The series under way. */
	unsigned series_keys;
	bool is_histogram;    /* the points under way are */
	bool dropped_series, cut_series;
	struct buf text;      /* name NUL value NUL ... of its labels */
	size_t nr_labels;
	size_t name_at[MAX_LABELS], value_at[MAX_LABELS];
	struct points values, histograms;

	size_t nr_points;
	size_t nr_seen, cap_seen;
	struct seen *seen;    /* open addressing, at most half full */
	size_t nr_frames, cap_frames;
	struct frame *frames;
	uint64_t drops[DROPS];
};

/* Says the first fault and returns false. */
static bool bad(struct prom_parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static bool bad(struct prom_parser *p, const char *fmt, ...)
{
	if (*p->bad.text)
		return false;
	char text[LIMIT_SENTENCE];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&p->bad, EXIT_UNREACHABLE, "%s", text);
	return false;
}

static bool enter(struct prom_parser *p, enum place place)
{
	p->stack[++p->depth] = place;
	return true;
}

static bool leave(struct prom_parser *p)
{
	p->depth--;
	return true;
}

static enum key find_key(const struct json_push *j)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strlen(keys[i].name) == j->n
		    && memcmp(keys[i].name, j->s, j->n) == 0)
			return keys[i].key;
	return KEY_OTHER;
}

/* A key of an object: known ones may stand only once. */
static bool take_key(struct prom_parser *p, unsigned *seen)
{
	p->key = find_key(&p->json);
	if (p->key == KEY_OTHER)
		return true;
	if (*seen & BIT(p->key))
		return bad(p, "a key stands twice in the answer");
	*seen |= BIT(p->key);
	return true;
}

static bool skip(struct prom_parser *p, enum json_token token)
{
	if (token != JSON_OBJECT && token != JSON_ARRAY)
		return true;
	p->unknown = 1;
	return enter(p, IN_UNKNOWN);
}

static bool in_unknown(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_OBJECT || token == JSON_ARRAY)
		p->unknown++;
	if (token == JSON_OBJECT_END || token == JSON_ARRAY_END)
		p->unknown--;
	return p->unknown ? true : leave(p);
}

static void add_note(struct prom_parser *p, bool info)
{
	static const char mark[] = "PromQL info:";
	struct buf line;
	buf_init(&line, LIMIT_SENTENCE);
	prom_line(&line, p->json.s, p->json.n);
	if (strncmp(buf_text(&line), mark, sizeof(mark) - 1) == 0)
		info = true;
	const char *text = arena_strdup(&p->out->arena, buf_text(&line));
	buf_release(&line);
	if (text && !*text)
		return;
	size_t *nr = info ? &p->infos.nr : &p->warnings.nr;
	if (!text || *nr == LIMIT_WARNINGS)
		*(info ? &p->infos.more : &p->warnings.more) += 1;
	else
		(info ? p->infos.text : p->warnings.text)[(*nr)++] = text;
}

static bool in_notes(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY_END)
		return leave(p);
	if (token == JSON_STRING)
		add_note(p, p->key == KEY_INFOS);
	return skip(p, token);
}

static bool take_text(struct prom_parser *p, struct buf *out)
{
	buf_clear(out);
	prom_line(out, p->json.s, p->json.n);
	return true;
}

static bool take_time(struct prom_parser *p, enum json_token token)
{
	if (token != JSON_NUMBER)
		return bad(p, "a time is no number");
	p->t = decimal_seconds(p->json.s, p->json.n);
	return true;
}

static bool take_number(struct prom_parser *p, enum json_token token,
			double *out)
{
	if (token != JSON_STRING || p->json.cut
	    || !decimal_parse(p->json.s, p->json.n, out))
		return bad(p, "a value is no number in quotes");
	return true;
}

static void grow_points(struct points *l, bool histogram)
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

static bool drop(struct prom_parser *p, enum drop why)
{
	p->drops[why]++;
	return false;
}

/* Whether the pair under way becomes a point; p->t is its time then. */
static bool is_wanted(struct prom_parser *p, struct points *l)
{
	if (p->dropped_series)
		return false;
	if (p->ask.instant) {
		if (l->nr)
			drop(p, DROP_OLDER);
		else
			p->nr_points++;
		l->nr = 0;
		p->t = p->ask.at;
		return true;
	}
	if (p->t < p->ask.from || p->t > p->ask.to)
		return drop(p, DROP_OUTSIDE);
	if (l->nr && p->t <= l->t[l->nr - 1])
		return drop(p, DROP_REPEATED);
	if (l->nr == SERIES_POINTS || p->nr_points == LIMIT_ANSWER_POINTS)
		return drop(p, DROP_POINTS);
	p->nr_points++;
	return true;
}

static bool end_value(struct prom_parser *p)
{
	struct points *l = &p->values;
	if (!is_wanted(p, l))
		return true;
	grow_points(l, false);
	l->t[l->nr] = p->t;
	l->v[l->nr++] = p->v;
	return true;
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

static bool end_histogram(struct prom_parser *p)
{
	struct points *l = &p->histograms;
	unsigned needed = BIT(KEY_COUNT) | BIT(KEY_SUM);
	if ((p->histogram_keys & needed) != needed)
		return bad(p, "a histogram without count and sum");
	if (p->too_many_buckets) {
		drop(p, DROP_HISTOGRAMS);
		return true;
	}
	if (!is_wanted(p, l))
		return true;
	size_t size = p->h.nr * sizeof(*p->bucket);
	struct native_bucket *b = arena_alloc(&p->out->arena, size ? size : 1);
	if (!b) {
		p->dropped_series = true;
		drop(p, DROP_MEMORY);
		return true;
	}
	if (size)
		memcpy(b, p->bucket, size);
	sort_buckets(b, p->h.nr);
	p->h.bucket = b;
	grow_points(l, true);
	l->t[l->nr] = p->t;
	l->h[l->nr++] = p->h;
	return true;
}

static bool end_bucket(struct prom_parser *p)
{
	if (isnan(p->b.lo) || isnan(p->b.hi) || p->b.lo > p->b.hi)
		return bad(p, "a bucket without bounds");
	if (p->h.nr == LIMIT_BUCKETS) {
		p->too_many_buckets = true;
		return true;
	}
	MEM_ROOM(p->bucket, p->h.nr, p->cap_buckets);
	p->bucket[p->h.nr++] = p->b;
	return true;
}

static bool take_rule(struct prom_parser *p, enum json_token token)
{
	const char *s = p->json.s;
	if (token != JSON_NUMBER || p->json.n != 1 || *s < '0' || *s > '3')
		return bad(p, "a bucket's rule is not 0, 1, 2 or 3");
	p->b.rule = (uint8_t)(*s - '0');
	return true;
}

static bool in_bucket(struct prom_parser *p, enum json_token token)
{
	switch (p->nr_pair++) {
	case 0:
		return take_rule(p, token);
	case 1:
		return take_number(p, token, &p->b.lo);
	case 2:
		return take_number(p, token, &p->b.hi);
	case 3:
		return take_number(p, token, &p->b.count);
	default:
		if (token != JSON_ARRAY_END)
			return bad(p, "a bucket has four parts");
		return end_bucket(p) && leave(p);
	}
}

static bool in_buckets(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY_END)
		return leave(p);
	if (token != JSON_ARRAY)
		return bad(p, "a bucket is no list");
	p->nr_pair = 0;
	return enter(p, IN_BUCKET);
}

static bool in_histogram(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->histogram_keys);
	if (token == JSON_OBJECT_END) {
		p->nr_pair = 2;
		return leave(p);
	}
	switch (p->key) {
	case KEY_COUNT:
		return take_number(p, token, &p->h.count);
	case KEY_SUM:
		return take_number(p, token, &p->h.sum);
	case KEY_BUCKETS:
		if (token == JSON_NULL)
			return true;
		if (token != JSON_ARRAY)
			return bad(p, "a histogram's buckets are no list");
		return enter(p, IN_BUCKETS);
	default:
		return skip(p, token);
	}
}

static bool begin_histogram(struct prom_parser *p)
{
	p->h = (struct histogram){ 0 };
	p->histogram_keys = 0;
	p->too_many_buckets = false;
	return enter(p, IN_HISTOGRAM);
}

static bool in_pair(struct prom_parser *p, enum json_token token)
{
	bool histogram = p->is_histogram;
	switch (p->nr_pair++) {
	case 0:
		return take_time(p, token);
	case 1:
		if (!histogram)
			return take_number(p, token, &p->v);
		if (token != JSON_OBJECT)
			return bad(p, "a histogram is no object");
		return begin_histogram(p);
	default:
		if (token != JSON_ARRAY_END)
			return bad(p, "a point has two parts");
		return (histogram ? end_histogram(p) : end_value(p))
		       && leave(p);
	}
}

static bool begin_pair(struct prom_parser *p)
{
	p->nr_pair = 0;
	return enter(p, IN_PAIR);
}

static bool in_list(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY_END)
		return leave(p);
	if (token != JSON_ARRAY)
		return bad(p, "a point is no list");
	return begin_pair(p);
}

/* Appends a label's text and a NUL. Returns false if it was cut. */
static bool add_label_text(struct prom_parser *p, size_t max)
{
	const char *s = p->json.s;
	size_t n = p->json.n, i = 0;
	while (i < n && s[i] >= ' ' && s[i] < 0x7f)
		i++;
	p->text.max = p->text.len + max;
	if (i == n)
		buf_add(&p->text, s, n);
	else
		text_clean(&p->text, s, n);
	bool cut = p->text.full || p->json.cut;
	p->text.max = 0;
	p->text.full = false;
	buf_add(&p->text, "", 1);
	return !cut;
}

static void cut_label(struct prom_parser *p)
{
	drop(p, DROP_LABELS);
	p->cut_series = true;
}

static bool take_name(struct prom_parser *p)
{
	if (p->nr_labels == LIMIT_LABELS + p->ask.tagged) {
		cut_label(p);
		return true;
	}
	p->name_at[p->nr_labels] = p->text.len;
	if (!add_label_text(p, LIMIT_LABEL_NAME))
		cut_label(p);
	return true;
}

/* An empty value is no label. */
static bool take_label(struct prom_parser *p)
{
	if (p->nr_labels == LIMIT_LABELS + p->ask.tagged || p->json.n == 0)
		return true;
	p->value_at[p->nr_labels] = p->text.len;
	if (!add_label_text(p, LIMIT_LABEL_VALUE))
		cut_label(p);
	p->nr_labels++;
	return true;
}

static bool in_metric(struct prom_parser *p, enum json_token token)
{
	switch (token) {
	case JSON_KEY:
		return take_name(p);
	case JSON_STRING:
		return take_label(p);
	case JSON_OBJECT_END:
		return leave(p);
	default:
		return bad(p, "a label's value is no text");
	}
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

/* The slot of an equal label set, or a free one. */
static struct seen *find_seen(struct seen *table, size_t cap,
			      const struct seen *one)
{
	size_t i = one->hash & (cap - 1);
	for (;; i = (i + 1) & (cap - 1)) {
		struct seen *s = &table[i];
		if (!s->hash)
			return s;
		if (s->hash == one->hash && s->question == one->question
		    && labels_equal(&s->labels, &one->labels))
			return s;
	}
}

static void grow_seen(struct prom_parser *p)
{
	if (p->nr_seen * 2 < p->cap_seen)
		return;
	size_t cap = p->cap_seen ? p->cap_seen * 2 : 64;
	struct seen *table = mem_zero(cap, sizeof(*table));
	for (size_t i = 0; i < p->cap_seen; i++)
		if (p->seen[i].hash)
			*find_seen(table, cap, &p->seen[i]) = p->seen[i];
	free(p->seen);
	p->seen = table;
	p->cap_seen = cap;
}

static bool bad_twin(struct prom_parser *p, const struct labels *ls)
{
	struct buf text;
	buf_init(&text, LIMIT_SENTENCE / 2);
	labels_print(ls, &text);
	struct buf clean; /* the cut may have split a character */
	buf_init(&clean, 0);
	text_clean(&clean, buf_text(&text), text.len);
	bad(p, "two series have the same labels %s%s", buf_text(&clean),
	    text.full ? "..." : "");
	buf_release(&text);
	buf_release(&clean);
	return false;
}

static void add_frame(struct prom_parser *p, const struct seen *s,
		      const struct points *l, const void *items, size_t size)
{
	if (l->nr == 0)
		return;
	struct arena *a = &p->out->arena;
	struct frame f = { .question = s->question, .labels = s->labels,
			   .nr = l->nr };
	/* Series of one answer mostly share their times. */
	const struct frame *last = p->nr_frames
				   ? &p->frames[p->nr_frames - 1] : NULL;
	size_t times = l->nr * sizeof(*l->t);
	time_ms *t = NULL;
	if (last && last->nr == l->nr && memcmp(last->t, l->t, times) == 0)
		f.t = last->t;
	else if ((f.t = t = arena_alloc(a, times)))
		memcpy(t, l->t, times);
	void *copy = arena_alloc(a, l->nr * size);
	if (!f.t || !copy) {
		drop(p, DROP_MEMORY);
		return;
	}
	memcpy(copy, items, l->nr * size);
	if (items == l->v)
		f.v = copy;
	else
		f.h = copy;
	MEM_ROOM(p->frames, p->nr_frames, p->cap_frames);
	p->frames[p->nr_frames++] = f;
}

static bool label_series(struct prom_parser *p, struct seen *out)
{
	struct label l[MAX_LABELS];
	for (size_t i = 0; i < p->nr_labels; i++) {
		l[i].name = p->text.s + p->name_at[i];
		l[i].value = p->text.s + p->value_at[i];
	}
	struct labels ls = { .nr = p->nr_labels, .l = l };
	if (!labels_sort(l, ls.nr))
		return bad(p, "a label stands twice in a series");
	out->question = p->ask.question;
	if (p->ask.tagged
	    && !parse_tag(labels_get(&ls, PROM_TAG), &out->question))
		return bad(p, "a series without its tag " PROM_TAG);
	out->cut = p->cut_series;
	if (!labels_copy(&ls, p->ask.tagged ? PROM_TAG : NULL,
			 &p->out->arena, &out->labels)) {
		p->dropped_series = true;
		drop(p, DROP_MEMORY);
		return true;
	}
	uint64_t hash = labels_hash(&out->labels) ^ out->question * 0x9e3779b1u;
	out->hash = hash ? hash : 1;
	return true;
}

static bool end_series(struct prom_parser *p)
{
	struct seen one = { 0 };
	if (!(p->series_keys & BIT(KEY_METRIC)))
		return bad(p, "a series without labels");
	if (p->dropped_series)
		return true;
	if (!label_series(p, &one))
		return false;
	if (p->dropped_series)
		return true;
	grow_seen(p);
	struct seen *slot = find_seen(p->seen, p->cap_seen, &one);
	if (slot->hash) {
		/* Different ones may have been cut to the same. */
		if (!slot->cut && !one.cut)
			return bad_twin(p, &one.labels);
		drop(p, DROP_SERIES);
		return true;
	}
	*slot = one;
	p->nr_seen++;
	add_frame(p, &one, &p->values, p->values.v, sizeof(*p->values.v));
	add_frame(p, &one, &p->histograms, p->histograms.h,
		  sizeof(*p->histograms.h));
	return true;
}

#define POINT_KEYS                                                             \
	(BIT(KEY_VALUE) | BIT(KEY_VALUES) | BIT(KEY_HISTOGRAM)                 \
	 | BIT(KEY_HISTOGRAMS))

static bool begin_points(struct prom_parser *p, enum json_token token)
{
	bool list = p->key == KEY_VALUES || p->key == KEY_HISTOGRAMS;
	if (token != JSON_ARRAY)
		return bad(p, "a series' points are no list");
	p->is_histogram = p->key == KEY_HISTOGRAM || p->key == KEY_HISTOGRAMS;
	return list ? enter(p, IN_LIST) : begin_pair(p);
}

static bool in_series(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->series_keys);
	if (token == JSON_OBJECT_END) {
		p->series_kinds |= p->series_keys & POINT_KEYS;
		p->nr_bare += !(p->series_keys & POINT_KEYS);
		return end_series(p) && leave(p);
	}
	switch (p->key) {
	case KEY_METRIC:
		if (token != JSON_OBJECT)
			return bad(p, "a series' labels are no object");
		return enter(p, IN_METRIC);
	case KEY_VALUE:
	case KEY_VALUES:
	case KEY_HISTOGRAM:
	case KEY_HISTOGRAMS:
		return begin_points(p, token);
	default:
		return skip(p, token);
	}
}

static bool begin_series(struct prom_parser *p)
{
	p->series_keys = 0;
	p->cut_series = false;
	p->nr_labels = 0;
	buf_clear(&p->text);
	p->values.nr = p->histograms.nr = 0;
	p->dropped_series = p->nr_results > LIMIT_ANSWER_SERIES;
	if (p->dropped_series)
		drop(p, DROP_SERIES);
	return enter(p, IN_SERIES);
}

/* A list of series, or [t, "v"]. */
static bool in_result(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY_END) {
		if (p->scalar && p->nr_results != 2)
			return bad(p, "a point has two parts");
		return leave(p);
	}
	size_t nr = p->nr_results++;
	if (token == JSON_OBJECT && !p->scalar)
		return begin_series(p);
	if (token == JSON_NUMBER && nr == 0) {
		p->scalar = true;
		return take_time(p, token);
	}
	if (token == JSON_STRING && p->scalar && nr == 1) {
		p->scalar_number = !p->json.cut
				   && decimal_parse(p->json.s, p->json.n,
						    &p->v);
		return true;
	}
	return bad(p, "the result is neither series nor a number");
}

static bool in_data(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->data_keys);
	if (token == JSON_OBJECT_END)
		return leave(p);
	if (p->key == KEY_RESULT_TYPE && token == JSON_STRING)
		return take_text(p, &p->result_type);
	if (p->key != KEY_RESULT)
		return skip(p, token);
	if (token == JSON_ARRAY)
		return enter(p, IN_RESULT);
	/* An empty list of Go may be null. */
	return token == JSON_NULL || bad(p, "the result is no list");
}

static bool begin_data(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_OBJECT)
		return enter(p, IN_DATA);
	p->odd_data = true;
	return skip(p, token);
}

static bool begin_notes(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY)
		return enter(p, IN_NOTES);
	if (token == JSON_STRING)
		add_note(p, p->key == KEY_INFOS);
	return skip(p, token);
}

static struct buf *top_text(struct prom_parser *p)
{
	switch (p->key) {
	case KEY_STATUS:
		return &p->status;
	case KEY_ERROR_TYPE:
		return &p->error_type;
	case KEY_ERROR:
		return &p->error;
	case KEY_MESSAGE:
		return &p->message;
	default:
		return NULL;
	}
}

static bool in_top(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->top_keys);
	if (token == JSON_OBJECT_END)
		return leave(p);
	if (p->key == KEY_DATA)
		return begin_data(p, token);
	if (p->key == KEY_WARNINGS || p->key == KEY_INFOS)
		return begin_notes(p, token);
	if (p->key == KEY_IS_PARTIAL)
		p->is_partial = token == JSON_TRUE;
	struct buf *text = token == JSON_STRING ? top_text(p) : NULL;
	return text ? take_text(p, text) : skip(p, token);
}

static bool in_nothing(struct prom_parser *p, enum json_token token)
{
	if (token != JSON_OBJECT)
		return bad(p, "JSON, but no answer of this API");
	return enter(p, IN_TOP);
}

typedef bool reader(struct prom_parser *p, enum json_token token);
static reader *const readers[PLACES] = {
	[IN_NOTHING] = in_nothing,
	[IN_TOP] = in_top,
	[IN_DATA] = in_data,
	[IN_RESULT] = in_result,
	[IN_SERIES] = in_series,
	[IN_METRIC] = in_metric,
	[IN_LIST] = in_list,
	[IN_PAIR] = in_pair,
	[IN_HISTOGRAM] = in_histogram,
	[IN_BUCKETS] = in_buckets,
	[IN_BUCKET] = in_bucket,
	[IN_NOTES] = in_notes,
	[IN_UNKNOWN] = in_unknown,
};

struct prom_parser *prom_parser_new(const struct prom_ask *ask,
				    struct batch *out,
				    const atomic_bool *cancel)
{
	struct prom_parser *p = mem_zero(1, sizeof(*p));
	p->ask = *ask;
	p->out = out;
	p->cancel = cancel;
	json_push_init(&p->json);
	buf_init(&p->text, 0);
	buf_init(&p->status, WORD);
	buf_init(&p->result_type, WORD);
	buf_init(&p->error_type, WORD);
	buf_init(&p->error, HEAD);
	buf_init(&p->message, HEAD);
	return p;
}

static void points_release(struct points *l)
{
	free(l->t);
	free(l->v);
	free(l->h);
}

void prom_parser_free(struct prom_parser *p)
{
	if (!p)
		return;
	json_push_release(&p->json);
	buf_release(&p->text);
	buf_release(&p->status);
	buf_release(&p->result_type);
	buf_release(&p->error_type);
	buf_release(&p->error);
	buf_release(&p->message);
	points_release(&p->values);
	points_release(&p->histograms);
	free(p->bucket);
	free(p->seen);
	free(p->frames);
	free(p);
}

static bool is_over(const struct prom_parser *p)
{
	return p->cancelled || *p->bad.text;
}

static void look(struct prom_parser *p)
{
	if (p->cancel && atomic_load_explicit(p->cancel, memory_order_relaxed))
		p->cancelled = true;
}

static void read_piece(struct prom_parser *p, const char *bytes, size_t n)
{
	json_push_feed(&p->json, bytes, n);
	for (;;) {
		enum json_token token = json_push_next(&p->json);
		if (token == JSON_MORE)
			return;
		if (token == JSON_BROKEN) {
			bad(p, "broken JSON at byte %" PRIu64 ": %s",
			    json_push_at(&p->json), p->json.why);
			return;
		}
		if (!readers[p->stack[p->depth]](p, token))
			return;
	}
}

void prom_parser_feed(struct prom_parser *p, const char *bytes, size_t n)
{
	size_t head = HEAD - p->nr_head < n ? HEAD - p->nr_head : n;
	if (head)
		memcpy(p->head + p->nr_head, bytes, head);
	p->nr_head += head;
	while (n && !is_over(p)) {
		size_t k = LOOK - p->unlooked < n ? LOOK - p->unlooked : n;
		read_piece(p, bytes, k);
		p->unlooked += k;
		if (p->unlooked == LOOK) {
			p->unlooked = 0;
			look(p);
		}
		bytes += k;
		n -= k;
	}
}

static bool text_is(const struct buf *b, const char *word)
{
	return strcmp(buf_text(b), word) == 0;
}

/* What the bytes are to be taken for if they are no answer. */
static bool is_json(const struct prom_parser *p)
{
	size_t i = 0;
	while (i < p->nr_head && strchr(" \t\r\n", p->head[i])
	       && p->head[i])
		i++;
	return i == p->nr_head || p->head[i] == '{';
}

static bool is_success(long status)
{
	return status >= 200 && status <= 299;
}

/* The result is what its type says. */
static bool check_type(struct prom_parser *p)
{
	static const struct {
		const char *name;
		bool scalar;
		unsigned kinds;
	} types[] = {
		{ "matrix", false, BIT(KEY_VALUES) | BIT(KEY_HISTOGRAMS) },
		{ "vector", false, BIT(KEY_VALUE) | BIT(KEY_HISTOGRAM) },
		{ "scalar", true, 0 },
		{ "string", true, 0 },
	};
	const char *type = buf_text(&p->result_type);
	size_t i = 0, nr = sizeof(types) / sizeof(*types);
	while (i < nr && strcmp(types[i].name, type) != 0)
		i++;
	if (i == nr)
		return bad(p, *type ? "result type %s is none of this API"
				    : "an answer without a result type%s",
			   type);
	if (p->scalar != types[i].scalar || (p->series_kinds & ~types[i].kinds)
	    || (*type == 'v' && p->nr_bare))
		return bad(p, "the result is not the %s that it says", type);
	if (*type == 's' && type[1] == 'c' && !p->scalar_number)
		return bad(p, "a value is no number in quotes");
	return true;
}

static bool check_whole(struct prom_parser *p)
{
	if (is_over(p))
		return false;
	if (p->nr_head == 0)
		return bad(p, "an empty answer");
	if (!json_push_whole(&p->json))
		return bad(p, "the answer ends too early, at byte %" PRIu64,
			   json_push_at(&p->json));
	return true;
}

static bool check_answer(struct prom_parser *p)
{
	if (p->odd_data || !(p->data_keys & BIT(KEY_RESULT)))
		return bad(p, "an answer without a result");
	return check_type(p);
}

static void add_scalar(struct prom_parser *p)
{
	struct seen one = { .question = p->ask.question };
	p->dropped_series = false;
	p->values.nr = 0;
	end_value(p);
	add_frame(p, &one, &p->values, p->values.v, sizeof(*p->values.v));
}

static void say(struct prom_parser *p, const char *text)
{
	if (p->warnings.nr == LIMIT_WARNINGS)
		return;
	p->warnings.text[p->warnings.nr++] =
		text ? text : "parts above the memory ceiling dropped";
}

/* Our own warnings come after the server's, but never for want of room. */
static void say_drops(struct prom_parser *p)
{
	struct arena *a = &p->out->arena;
	size_t nr = (size_t)p->is_partial + (p->warnings.more > 0);
	for (int i = 0; i < DROPS; i++)
		nr += p->drops[i] > 0;
	size_t room = nr < LIMIT_WARNINGS ? LIMIT_WARNINGS - nr : 0;
	if (p->warnings.nr > room) {
		p->warnings.more += p->warnings.nr - room;
		p->warnings.nr = room;
	}
	if (p->warnings.more)
		say(p, arena_printf(a, "%zu more warnings", p->warnings.more));
	if (p->is_partial)
		say(p, "the server says that its answer is partial");
	for (int i = 0; i < DROPS; i++) {
		uint64_t n = p->drops[i];
		if (!n)
			continue;
		bool plural = n != 1 && i != DROP_SERIES && i != DROP_MEMORY;
		say(p, arena_printf(a, "%" PRIu64 " %s%s %s", n, drops[i].what,
				    plural ? "s" : "", drops[i].why));
	}
}

static const void *keep(struct arena *a, const void *items, size_t nr,
			size_t size)
{
	void *copy = nr ? arena_alloc(a, nr * size) : NULL;
	return copy ? memcpy(copy, items, nr * size) : NULL;
}

static bool deliver(struct prom_parser *p)
{
	struct batch *b = p->out;
	if (p->scalar && text_is(&p->result_type, "scalar"))
		add_scalar(p);
	say_drops(p);
	const struct frame *frame = keep(&b->arena, p->frames, p->nr_frames,
					 sizeof(*frame));
	const char *const *warning = keep(&b->arena, p->warnings.text,
					  p->warnings.nr, sizeof(*warning));
	const char *const *info = keep(&b->arena, p->infos.text, p->infos.nr,
				       sizeof(*info));
	if ((!frame && p->nr_frames) || (!warning && p->warnings.nr)
	    || (!info && p->infos.nr))
		return bad(p, "the answer is above the memory ceiling");
	b->frame = frame;
	b->nr = p->nr_frames;
	b->warning = warning;
	b->nr_warnings = p->warnings.nr;
	b->info = info;
	b->nr_infos = p->infos.nr;
	b->partial |= p->warnings.nr > 0;
	return true;
}

static enum fault fail(struct prom_parser *p, enum fault fault,
		       struct err *why)
{
	err_set(why, EXIT_UNREACHABLE, "%s", p->bad.text);
	return fault;
}

static enum fault refusal(struct prom_parser *p, long status, struct err *why)
{
	const struct buf *text = p->error.len ? &p->error : &p->message;
	return prom_fault(status, buf_text(&p->error_type), buf_text(text),
			  NULL, 0, why);
}

/* `{"status":"error"}` decides also where the text after it is broken off,
 * and a status that is no success where there is no JSON at all. */
static enum fault not_whole(struct prom_parser *p, long status,
			    struct err *why)
{
	if (!is_json(p))
		return prom_fault(status, NULL, NULL, p->head, p->nr_head, why);
	if (text_is(&p->status, "error") || !is_success(status))
		return refusal(p, status, why);
	return fail(p, FAULT_BAD_ANSWER, why);
}

enum fault prom_parser_end(struct prom_parser *p, long status,
			   const char *content_type, struct err *why)
{
	(void)content_type; /* proxies and VictoriaMetrics make it worthless */
	look(p);
	if (p->cancelled) {
		err_set(why, EXIT_UNREACHABLE, "cancelled");
		return FAULT_CANCELLED;
	}
	if (!check_whole(p))
		return not_whole(p, status, why);
	if (text_is(&p->status, "error") || !is_success(status))
		return refusal(p, status, why);
	if (!text_is(&p->status, "success")) {
		bad(p, "JSON, but no answer of this API");
		return fail(p, FAULT_NOT_API, why);
	}
	if (!check_answer(p))
		return fail(p, FAULT_BAD_ANSWER, why);
	if (!deliver(p))
		return fail(p, FAULT_TOO_BIG, why);
	return FAULT_NONE;
}

unsigned prom_parser_dropped(const struct prom_parser *p)
{
	uint64_t sum = 0;
	for (int i = 0; i < DROPS; i++)
		if (i != DROP_LABELS)
			sum += p->drops[i];
	return sum < UINT32_MAX ? (unsigned)sum : UINT32_MAX;
}
