/* The answer to GetMetricData, read without a tree: it may have a hundred
 * thousand points. A page is read aside and joined once it is whole. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/json_push.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MESSAGES_MAX ((size_t)16)
#define SECONDS_MAX 253402300800.0 /* the year 10000 */

struct list {
	size_t nr, cap;
	double *v;
};

/* One element of MetricDataResults, as it stands there. */
struct piece {
	char id[80];
	struct buf label;
	enum cw_status status;
	bool known;              /* some of its members were there */
	struct list t, v;
	size_t nr_messages;
	struct cw_message message[MESSAGES_MAX];
};

struct page {
	struct cw_data *d;
	struct json_push j;
	const char *bytes;
	size_t n;
	struct arena arena;      /* of what is joined or forgotten */
	size_t nr, cap;
	struct cw_result *result;
	char *token;
	bool results;
	size_t nr_messages;
	struct cw_message message[MESSAGES_MAX];
	size_t points, dropped;
	const char *why;
};

void cw_data_init(struct cw_data *d, size_t nr_queries)
{
	*d = (struct cw_data){ .nr_queries = nr_queries };
	arena_init(&d->arena, 0);
}

static void free_results(struct cw_result *r, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(r[i].t);
		free(r[i].v);
		free(r[i].message);
	}
	free(r);
}

void cw_data_release(struct cw_data *d)
{
	free_results(d->result, d->nr);
	free(d->message);
	arena_release(&d->arena);
	*d = (struct cw_data){ 0 };
}

/* ---- tokens ---------------------------------------------------------------- */

static enum json_token next(struct page *p)
{
	enum json_token t = json_push_next(&p->j);
	if (t == JSON_BROKEN)
		p->why = p->j.why;
	else if (t == JSON_MORE)
		p->why = "it ends in the middle";
	return t;
}

static bool is_end(const struct page *p)
{
	return p->why != NULL;
}

static void skip(struct page *p, enum json_token t)
{
	int depth = 0;
	for (;; t = next(p)) {
		if (is_end(p))
			return;
		depth += t == JSON_OBJECT || t == JSON_ARRAY;
		depth -= t == JSON_OBJECT_END || t == JSON_ARRAY_END;
		if (depth <= 0 && t != JSON_KEY)
			return;
	}
}

static bool is_key(const struct page *p, const char *name)
{
	return p->j.n == strlen(name) && memcmp(p->j.s, name, p->j.n) == 0;
}

static const char *clean(struct page *p, size_t max)
{
	struct buf b;
	buf_init(&b, max);
	text_clean(&b, p->j.s, p->j.n);
	const char *s = arena_strdup(&p->arena, buf_text(&b));
	buf_release(&b);
	return s;
}

/* ---- members of a result ---------------------------------------------------- */

static void add(struct list *l, double v)
{
	MEM_ROOM(l->v, l->nr, l->cap);
	l->v[l->nr++] = v;
}

/* Seconds since 1970, or ISO-8601 as some stand-ins write. NAN: neither. */
static double seconds_of(const struct page *p, enum json_token t)
{
	double v;
	char text[64];
	time_ms ms;
	struct err e;
	if (t == JSON_NUMBER)
		return number_parse(p->j.s, p->j.n, &v)
		       && fabs(v) < SECONDS_MAX ? v : NAN;
	if (t != JSON_STRING || p->j.n >= sizeof(text))
		return NAN;
	memcpy(text, p->j.s, p->j.n);
	text[p->j.n] = '\0';
	return strchr(text, 'T') && time_parse(text, 0, &ms, &e) == 0
		       ? (double)ms / 1000 : NAN;
}

static double value_of(const struct page *p, enum json_token t)
{
	double v;
	return t == JSON_NUMBER && number_parse(p->j.s, p->j.n, &v)
		       && isfinite(v) ? v : NAN;
}

/* What is no number keeps its place, so that the others stay paired. */
static void read_list(struct page *p, struct list *l,
		      double (*of)(const struct page *p, enum json_token t))
{
	enum json_token t = next(p);
	if (t != JSON_ARRAY) {
		skip(p, t);
		return;
	}
	while (!is_end(p) && (t = next(p)) != JSON_ARRAY_END) {
		if (is_end(p))
			return;
		if (l->nr < CW_POINTS_MAX)
			add(l, of(p, t));
		else
			p->dropped++;
		if (t == JSON_OBJECT || t == JSON_ARRAY)
			skip(p, t);
	}
}

static enum cw_status status_of(const struct page *p)
{
	static const struct {
		const char *name;
		enum cw_status status;
	} rows[] = {
		{ "PartialData", CW_PARTIAL },
		{ "InternalError", CW_INTERNAL },
		{ "Forbidden", CW_FORBIDDEN },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_key(p, rows[i].name))
			return rows[i].status;
	return CW_COMPLETE;
}

static void read_message(struct page *p, struct cw_message *m)
{
	enum json_token t;
	m->code = m->text = "";
	while (!is_end(p) && (t = next(p)) != JSON_OBJECT_END) {
		bool code = is_key(p, "Code"), text = is_key(p, "Value");
		if (t != JSON_KEY)
			return;
		t = next(p);
		if (t == JSON_STRING && code)
			m->code = clean(p, 80);
		else if (t == JSON_STRING && text)
			m->text = clean(p, LIMIT_SENTENCE);
		else
			skip(p, t);
	}
}

static size_t read_messages(struct page *p, struct cw_message *m)
{
	size_t nr = 0;
	enum json_token t = next(p);
	if (t != JSON_ARRAY) {
		skip(p, t);
		return 0;
	}
	while (!is_end(p) && (t = next(p)) != JSON_ARRAY_END) {
		if (t == JSON_OBJECT && nr < MESSAGES_MAX)
			read_message(p, &m[nr++]);
		else
			skip(p, t);
	}
	return nr;
}

static void read_member(struct page *p, struct piece *x)
{
	enum { ID, LABEL, TIMES, VALUES, STATUS, MESSAGES, OTHER } what =
		is_key(p, "Id") ? ID : is_key(p, "Label") ? LABEL :
		is_key(p, "Timestamps") ? TIMES :
		is_key(p, "Values") ? VALUES :
		is_key(p, "StatusCode") ? STATUS :
		is_key(p, "Messages") ? MESSAGES : OTHER;
	enum json_token t;
	x->known |= what != OTHER;
	switch (what) {
	case TIMES:
		read_list(p, &x->t, seconds_of);
		return;
	case VALUES:
		read_list(p, &x->v, value_of);
		return;
	case MESSAGES:
		x->nr_messages = read_messages(p, x->message);
		return;
	default:
		break;
	}
	t = next(p);
	if (t != JSON_STRING) {
		skip(p, t);
	} else if (what == ID && p->j.n < sizeof(x->id)) {
		memcpy(x->id, p->j.s, p->j.n);
		x->id[p->j.n] = '\0';
	} else if (what == LABEL) {
		buf_clear(&x->label);
		text_clean(&x->label, p->j.s, p->j.n);
	} else if (what == STATUS) {
		x->status = status_of(p);
	}
}

/* ---- a result as it is kept --------------------------------------------------- */

/* "m12"; false: not one of ours. */
static bool query_of(const char *id, size_t nr, size_t *out)
{
	char *end;
	if (id[0] != 'm' || id[1] < '0' || id[1] > '9')
		return false;
	unsigned long n = strtoul(id + 1, &end, 10);
	*out = n;
	return !*end && n < nr;
}

struct point {
	time_ms t;
	double v;
	size_t place;
};

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;
	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* Rising, each time once: the later one wins. */
static size_t sort_points(struct point *x, size_t nr, size_t *dropped)
{
	size_t kept = 0;
	bool sorted = true;
	for (size_t i = 1; i < nr && sorted; i++)
		sorted = x[i].t > x[i - 1].t;
	if (sorted)
		return nr;
	qsort(x, nr, sizeof(*x), compare_points);
	for (size_t i = 0; i < nr; i++) {
		if (kept && x[kept - 1].t == x[i].t) {
			x[kept - 1] = x[i];
			++*dropped;
		} else {
			x[kept++] = x[i];
		}
	}
	return kept;
}

static void take_points(struct page *p, const struct piece *x,
			struct cw_result *r)
{
	size_t nr = x->t.nr < x->v.nr ? x->t.nr : x->v.nr, n = 0;
	size_t more = x->t.nr > x->v.nr ? x->t.nr : x->v.nr;
	struct point *pt = mem_alloc((nr + 1) * sizeof(*pt));
	p->dropped += more - nr;
	for (size_t i = 0; i < nr; i++) {
		if (isnan(x->t.v[i]) || isnan(x->v.v[i])
		    || p->points >= LIMIT_ANSWER_POINTS) {
			p->dropped++;
			continue;
		}
		pt[n] = (struct point){ llround(x->t.v[i] * 1000), x->v.v[i],
					n };
		n++;
		p->points++;
	}
	n = sort_points(pt, n, &p->dropped);
	r->nr = r->cap = n;
	r->t = mem_alloc((n + 1) * sizeof(*r->t));
	r->v = mem_alloc((n + 1) * sizeof(*r->v));
	for (size_t i = 0; i < n; i++) {
		r->t[i] = pt[i].t;
		r->v[i] = pt[i].v;
	}
	free(pt);
}

static void take_piece(struct page *p, const struct piece *x)
{
	size_t query;
	if (!query_of(x->id, p->d->nr_queries, &query)
	    || p->nr >= LIMIT_ANSWER_SERIES) {
		p->dropped++;
		return;
	}
	MEM_ROOM(p->result, p->nr, p->cap);
	struct cw_result *r = &p->result[p->nr++];
	*r = (struct cw_result){
		.query = query, .status = x->status,
		.label = arena_strdup(&p->arena, buf_text(&x->label)),
		.nr_messages = x->nr_messages,
		.message = mem_zero(x->nr_messages + 1, sizeof(*r->message)),
	};
	for (size_t i = 0; i < x->nr_messages; i++)
		r->message[i] = x->message[i];
	take_points(p, x, r);
}

static void read_piece(struct page *p, struct piece *x)
{
	enum json_token t;
	x->id[0] = '\0';
	buf_clear(&x->label);
	x->status = CW_COMPLETE;
	x->t.nr = x->v.nr = x->nr_messages = 0;
	while (!is_end(p) && (t = next(p)) != JSON_OBJECT_END) {
		if (t != JSON_KEY)
			return;
		read_member(p, x);
	}
	if (!is_end(p))
		take_piece(p, x);
}

static void read_results(struct page *p)
{
	struct piece x = { .id = "" };
	enum json_token t = next(p);
	if (t != JSON_ARRAY) {
		p->why = p->why ? p->why : "MetricDataResults is no list";
		return;
	}
	buf_init(&x.label, LIMIT_LABEL_VALUE);
	p->results = true;
	while (!is_end(p) && (t = next(p)) != JSON_ARRAY_END) {
		if (t == JSON_OBJECT)
			read_piece(p, &x);
		else
			skip(p, t);
	}
	buf_release(&x.label);
	free(x.t.v);
	free(x.v.v);
}

/* Longer than what the reader of tokens keeps. */
static char *long_token(const struct page *p)
{
	cJSON *root = cJSON_ParseWithLength(p->bytes, p->n);
	const char *s = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(root, "NextToken"));
	char *token = s && *s ? mem_strdup(s) : NULL;
	cJSON_Delete(root);
	return token;
}

static void read_token(struct page *p)
{
	enum json_token t = next(p);
	if (t != JSON_STRING) {
		skip(p, t);
		return;
	}
	free(p->token);
	p->token = p->j.cut ? long_token(p) : NULL;
	if (!p->j.cut && p->j.n)
		p->token = mem_strndup(p->j.s, p->j.n);
}

static void read_page(struct page *p)
{
	enum json_token t = next(p);
	if (t != JSON_OBJECT) {
		p->why = p->why ? p->why : "it is no object";
		return;
	}
	while (!is_end(p) && (t = next(p)) != JSON_OBJECT_END) {
		if (t != JSON_KEY)
			break;
		if (is_key(p, "MetricDataResults"))
			read_results(p);
		else if (is_key(p, "NextToken"))
			read_token(p);
		else if (is_key(p, "Messages"))
			p->nr_messages = read_messages(p, p->message);
		else
			skip(p, next(p));
	}
	if (!p->why && !p->results)
		p->why = "it has no MetricDataResults";
	/* White space may follow, and nothing else. */
	if (!p->why && json_push_next(&p->j) == JSON_BROKEN)
		p->why = p->j.why;
}

/* ---- joining --------------------------------------------------------------------- */

static struct cw_message copy_message(struct cw_data *d,
				      const struct cw_message *m)
{
	return (struct cw_message){ arena_strdup(&d->arena, m->code),
				    arena_strdup(&d->arena, m->text) };
}

static void join_points(struct cw_data *d, struct cw_result *r,
			const struct cw_result *more)
{
	size_t n = r->nr + more->nr;
	struct point *pt = mem_alloc((n + 1) * sizeof(*pt));
	for (size_t i = 0; i < n; i++) {
		const struct cw_result *x = i < r->nr ? r : more;
		size_t k = i < r->nr ? i : i - r->nr;
		pt[i] = (struct point){ x->t[k], x->v[k], i };
	}
	n = sort_points(pt, n, &d->dropped);
	r->t = mem_grow(r->t, n + 1, sizeof(*r->t));
	r->v = mem_grow(r->v, n + 1, sizeof(*r->v));
	for (size_t i = 0; i < n; i++) {
		r->t[i] = pt[i].t;
		r->v[i] = pt[i].v;
	}
	r->nr = r->cap = n;
	free(pt);
}

static struct cw_result *find(struct cw_data *d, size_t old,
			      const struct cw_result *like)
{
	for (size_t i = 0; i < old; i++)
		if (d->result[i].query == like->query
		    && strcmp(d->result[i].label, like->label) == 0)
			return &d->result[i];
	return NULL;
}

static void join_result(struct cw_data *d, struct cw_result *from)
{
	/* Pages come in the order of the questions: look at the newest. */
	struct cw_result *r = find(d, d->nr, from);
	if (r) {
		r->status = from->status;
		join_points(d, r, from);
		return;
	}
	MEM_ROOM(d->result, d->nr, d->cap);
	r = &d->result[d->nr++];
	*r = *from;
	r->label = arena_strdup(&d->arena, from->label);
	for (size_t i = 0; i < r->nr_messages; i++)
		r->message[i] = copy_message(d, &r->message[i]);
	from->t = NULL;
	from->v = NULL;
	from->message = NULL;
}

static void join(struct cw_data *d, struct page *p)
{
	bool first = d->nr == 0;
	for (size_t i = 0; i < p->nr; i++) {
		/* On a first page no two are alike but in a broken answer. */
		if (!first || i == 0
		    || p->result[i].query <= p->result[i - 1].query) {
			join_result(d, &p->result[i]);
			continue;
		}
		size_t nr = d->nr;
		MEM_ROOM(d->result, d->nr, d->cap);
		d->result[nr] = p->result[i];
		d->nr++;
		struct cw_result *r = &d->result[nr];
		r->label = arena_strdup(&d->arena, r->label);
		for (size_t k = 0; k < r->nr_messages; k++)
			r->message[k] = copy_message(d, &r->message[k]);
		p->result[i].t = NULL;
		p->result[i].v = NULL;
		p->result[i].message = NULL;
	}
	for (size_t i = 0; i < p->nr_messages; i++) {
		d->message = mem_grow(d->message, d->nr_messages + 1,
				      sizeof(*d->message));
		d->message[d->nr_messages++] = copy_message(d,
							    &p->message[i]);
	}
	d->token = p->token ? arena_strdup(&d->arena, p->token) : NULL;
	d->points += p->points;
	d->dropped += p->dropped;
}

int cw_data_read(struct cw_data *d, const char *bytes, size_t n,
		 struct err *e)
{
	struct page p = { .d = d, .bytes = bytes, .n = n,
			  .points = d->points };
	size_t before = d->points;
	int rc = 0;
	json_push_init(&p.j);
	arena_init(&p.arena, 0);
	json_push_feed(&p.j, bytes, n);
	read_page(&p);
	p.points -= before;
	if (p.why)
		rc = err_set(e, EXIT_UNREACHABLE, "the answer cannot be read "
			     "at byte %llu: %s",
			     (unsigned long long)json_push_at(&p.j), p.why);
	else
		join(d, &p);
	free_results(p.result, p.nr);
	free(p.token);
	arena_release(&p.arena);
	json_push_release(&p.j);
	return rc;
}
