/* The shape of an answer is fixed, so the way down to a point is a short
 * stack of places; each place is a function that knows which tokens may come
 * there. Keys come in any order: what depends on another key (resultType,
 * status) is judged at the end. */
#include "sources/prom_parse.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/decimal.h"
#include "sources/json_push.h"
#include "sources/prom_series.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK ((size_t)64 << 10) /* bytes between looks at `cancel` */
#define WORD ((size_t)64)       /* of status, resultType, errorType */
#define HEAD ((size_t)4096)     /* of the body, for what is no JSON */

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

struct prom_parser {
	struct batch *out;
	const atomic_bool *cancel;
	size_t unlooked;
	bool cancelled;
	struct json_push json;
	struct prom_series *series;
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

	/* The scalar, or the point under way. */
	int nr_parts;         /* of the innermost list */
	bool is_histogram;
	bool scalar, scalar_number;
	time_ms t;
	double v, count, sum;
	struct native_bucket bucket;
	unsigned series_keys, histogram_keys; /* seen */
};

/* Says the first fault and returns false. */
__attribute__((format(printf, 2, 3)))
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

static bool end_point(struct prom_parser *p)
{
	unsigned needed = BIT(KEY_COUNT) | BIT(KEY_SUM);
	if (!p->is_histogram)
		prom_series_point(p->series, p->t, p->v);
	else if ((p->histogram_keys & needed) != needed)
		return bad(p, "a histogram without count and sum");
	else
		prom_series_histogram(p->series, p->t, p->count, p->sum);
	return leave(p);
}

static bool end_bucket(struct prom_parser *p)
{
	const struct native_bucket *b = &p->bucket;
	if (isnan(b->lo) || isnan(b->hi) || b->lo > b->hi)
		return bad(p, "a bucket without bounds");
	prom_series_bucket(p->series, b);
	return leave(p);
}

static bool take_rule(struct prom_parser *p, enum json_token token)
{
	const char *s = p->json.s;
	if (token != JSON_NUMBER || p->json.n != 1 || *s < '0' || *s > '3')
		return bad(p, "a bucket's rule is not 0, 1, 2 or 3");
	p->bucket.rule = (uint8_t)(*s - '0');
	return true;
}

static bool in_bucket(struct prom_parser *p, enum json_token token)
{
	switch (p->nr_parts++) {
	case 0:
		return take_rule(p, token);
	case 1:
		return take_number(p, token, &p->bucket.lo);
	case 2:
		return take_number(p, token, &p->bucket.hi);
	case 3:
		return take_number(p, token, &p->bucket.count);
	default:
		if (token != JSON_ARRAY_END)
			return bad(p, "a bucket has four parts");
		return end_bucket(p);
	}
}

static bool in_buckets(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_ARRAY_END)
		return leave(p);
	if (token != JSON_ARRAY)
		return bad(p, "a bucket is no list");
	p->nr_parts = 0;
	return enter(p, IN_BUCKET);
}

static bool in_histogram(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->histogram_keys);
	if (token == JSON_OBJECT_END) {
		p->nr_parts = 2;
		return leave(p);
	}
	switch (p->key) {
	case KEY_COUNT:
		return take_number(p, token, &p->count);
	case KEY_SUM:
		return take_number(p, token, &p->sum);
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
	p->histogram_keys = 0;
	return enter(p, IN_HISTOGRAM);
}

static bool in_pair(struct prom_parser *p, enum json_token token)
{
	switch (p->nr_parts++) {
	case 0:
		return take_time(p, token);
	case 1:
		if (!p->is_histogram)
			return take_number(p, token, &p->v);
		if (token != JSON_OBJECT)
			return bad(p, "a histogram is no object");
		return begin_histogram(p);
	default:
		if (token != JSON_ARRAY_END)
			return bad(p, "a point has two parts");
		return end_point(p);
	}
}

static bool begin_pair(struct prom_parser *p)
{
	p->nr_parts = 0;
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

static bool in_metric(struct prom_parser *p, enum json_token token)
{
	const struct json_push *j = &p->json;
	switch (token) {
	case JSON_KEY:
		prom_series_name(p->series, j->s, j->n, j->cut);
		return true;
	case JSON_STRING:
		prom_series_value(p->series, j->s, j->n, j->cut);
		return true;
	case JSON_OBJECT_END:
		return leave(p);
	default:
		return bad(p, "a label's value is no text");
	}
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

static bool end_series(struct prom_parser *p)
{
	if (!(p->series_keys & BIT(KEY_METRIC)))
		return bad(p, "a series without labels");
	p->series_kinds |= p->series_keys & POINT_KEYS;
	p->nr_bare += !(p->series_keys & POINT_KEYS);
	return prom_series_end(p->series, &p->bad) && leave(p);
}

static bool in_series(struct prom_parser *p, enum json_token token)
{
	if (token == JSON_KEY)
		return take_key(p, &p->series_keys);
	if (token == JSON_OBJECT_END)
		return end_series(p);
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
	prom_series_begin(p->series);
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
	p->out = out;
	p->cancel = cancel;
	json_push_init(&p->json);
	p->series = prom_series_new(ask, &out->arena);
	buf_init(&p->status, WORD);
	buf_init(&p->result_type, WORD);
	buf_init(&p->error_type, WORD);
	buf_init(&p->error, HEAD);
	buf_init(&p->message, HEAD);
	return p;
}

void prom_parser_free(struct prom_parser *p)
{
	if (!p)
		return;
	json_push_release(&p->json);
	prom_series_free(p->series);
	buf_release(&p->status);
	buf_release(&p->result_type);
	buf_release(&p->error_type);
	buf_release(&p->error);
	buf_release(&p->message);
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

static bool add_scalar(struct prom_parser *p)
{
	if (!text_is(&p->result_type, "scalar"))
		return true;
	prom_series_begin(p->series);
	prom_series_point(p->series, p->t, p->v);
	return prom_series_end(p->series, &p->bad);
}

static bool check_answer(struct prom_parser *p)
{
	if (p->odd_data || !(p->data_keys & BIT(KEY_RESULT)))
		return bad(p, "an answer without a result");
	return check_type(p) && add_scalar(p);
}

static void say(struct prom_parser *p, const char *text)
{
	p->warnings.text[p->warnings.nr++] = text;
}

static const char *more_warnings(struct prom_parser *p)
{
	const char *text = arena_printf(&p->out->arena, "%zu more warnings",
					p->warnings.more);
	return text ? text : "more warnings";
}

/* Our own warnings stand behind the server's, but never lack room. */
static void say_ours(struct prom_parser *p)
{
	_Static_assert(DROPS + 2 <= LIMIT_WARNINGS, "room for all of them");
	size_t nr = p->is_partial;
	for (int i = 0; i < DROPS; i++)
		nr += prom_series_dropped(p->series, (enum prom_drop)i) > 0;
	if (p->warnings.more || p->warnings.nr + nr > LIMIT_WARNINGS) {
		size_t room = LIMIT_WARNINGS - nr - 1;
		size_t cut = p->warnings.nr > room ? p->warnings.nr - room : 0;
		p->warnings.nr -= cut;
		p->warnings.more += cut;
		say(p, more_warnings(p));
	}
	if (p->is_partial)
		say(p, "the server says that its answer is partial");
	for (int i = 0; i < DROPS; i++) {
		const char *text =
			prom_series_warning(p->series, (enum prom_drop)i);
		if (text)
			say(p, text);
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
	say_ours(p);
	size_t nr;
	const struct frame *frame = prom_series_frames(p->series, &nr);
	frame = keep(&b->arena, frame, nr, sizeof(*frame));
	const char *const *warning = keep(&b->arena, p->warnings.text,
					  p->warnings.nr, sizeof(*warning));
	const char *const *info = keep(&b->arena, p->infos.text, p->infos.nr,
				       sizeof(*info));
	if ((!frame && nr) || (!warning && p->warnings.nr)
	    || (!info && p->infos.nr))
		return bad(p, "the answer is above the memory ceiling");
	b->frame = frame;
	b->nr = nr;
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
			sum += prom_series_dropped(p->series,
						   (enum prom_drop)i);
	return sum < UINT32_MAX ? (unsigned)sum : UINT32_MAX;
}
