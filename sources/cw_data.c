/* The answer to GetMetricData, which may have a hundred thousand points. A
 * page is read aside and joined once it is whole. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/cw_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MAX ((size_t)80)

/* One element of MetricDataResults as it stands there, its members in any
 * order. The lists are used again for the next one. */
struct piece {
	struct page *p;
	bool known;              /* its Id is one of ours */
	size_t query;
	const char *label;       /* or NULL */
	enum cw_status status;
	size_t nr_times, cap_times;
	time_ms *t;              /* TIME_NONE, so that the others stay paired */
	size_t nr_values, cap_values;
	double *v;               /* likewise NAN */
	size_t times, values;    /* that stood there */
	size_t nr_messages;
	struct cw_message message[LIMIT_WARNINGS];
};

struct page {
	const struct cw_data *d;
	struct arena arena;      /* of texts, until they are joined */
	struct piece piece;
	size_t nr, cap;
	struct cw_result *result;
	bool any;                /* MetricDataResults was there */
	char *token;
	size_t nr_messages;
	struct cw_message message[LIMIT_WARNINGS];
	size_t points, dropped;
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
	free(d->token);
	arena_release(&d->arena);
	*d = (struct cw_data){ 0 };
}

/* ---- messages ----------------------------------------------------------- */

struct message_of {
	struct arena *arena;
	struct cw_message m;
};

static void read_message_code(struct cw_json *w, enum json_token t, void *to)
{
	struct message_of *x = to;
	x->m.code = cw_json_text(w, t, CODE_MAX, x->arena);
}

static void read_message_text(struct cw_json *w, enum json_token t, void *to)
{
	struct message_of *x = to;
	x->m.text = cw_json_text(w, t, LIMIT_SENTENCE, x->arena);
}

static const struct cw_field message_fields[] = {
	{ "Code", read_message_code },
	{ "Value", read_message_text },
	{ 0 },
};

static bool has_message(const struct cw_message *have, size_t nr,
			const struct cw_message *m)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(have[i].code, m->code) == 0
		    && strcmp(have[i].text, m->text) == 0)
			return true;
	return false;
}

struct messages {
	struct arena *arena;
	size_t nr;
	struct cw_message *message; /* LIMIT_WARNINGS of them */
};

static void read_message(struct cw_json *w, enum json_token t, void *to)
{
	struct messages *x = to;
	struct message_of one = { .arena = x->arena };
	if (x->nr == LIMIT_WARNINGS) {
		cw_json_skip(w, t);
		return;
	}
	if (!cw_json_object(w, t, message_fields, &one))
		return;
	one.m.code = one.m.code ? one.m.code : "";
	one.m.text = one.m.text ? one.m.text : "";
	if ((*one.m.code || *one.m.text)
	    && !has_message(x->message, x->nr, &one.m))
		x->message[x->nr++] = one.m;
}

static size_t read_messages(struct cw_json *w, enum json_token t,
			    struct cw_message *message, struct arena *a)
{
	struct messages x = { .arena = a, .message = message };
	cw_json_list(w, t, read_message, &x);
	return x.nr;
}

/* ---- members of a result ------------------------------------------------ */

/* "m12", and not "m012". */
static bool query_of(const char *id, size_t n, size_t nr, size_t *out)
{
	size_t query = 0;
	if (n < 2 || n > 7 || id[0] != 'm' || (id[1] == '0' && n > 2))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (id[i] < '0' || id[i] > '9')
			return false;
		query = query * 10 + (size_t)(id[i] - '0');
	}
	*out = query;
	return query < nr;
}

static void read_id(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	x->known = t == JSON_STRING && query_of(w->j.s, w->j.n,
						x->p->d->nr_queries,
						&x->query);
	cw_json_skip(w, t);
}

static void read_label(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	x->label = cw_json_text(w, t, LIMIT_LABEL_VALUE, &x->p->arena);
}

static void read_times(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	x->nr_times = x->times = 0;
	if (t != JSON_ARRAY) {
		cw_json_skip(w, t);
		return;
	}
	while ((t = cw_json_next(w)) != JSON_ARRAY_END && t != JSON_BROKEN) {
		time_ms v = cw_json_time(w, t);
		if (x->times++ >= CW_POINTS_MAX)
			continue;
		MEM_ROOM(x->t, x->nr_times, x->cap_times);
		x->t[x->nr_times++] = v;
	}
}

static void read_values(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	x->nr_values = x->values = 0;
	if (t != JSON_ARRAY) {
		cw_json_skip(w, t);
		return;
	}
	while ((t = cw_json_next(w)) != JSON_ARRAY_END && t != JSON_BROKEN) {
		double v = cw_json_number(w, t);
		if (x->values++ >= CW_POINTS_MAX)
			continue;
		MEM_ROOM(x->v, x->nr_values, x->cap_values);
		x->v[x->nr_values++] = v;
	}
}

/* A word that we do not know is no promise that all is there. */
static void read_status(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	static const struct {
		const char *name;
		enum cw_status status;
	} rows[] = {
		{ "Complete", CW_COMPLETE },
		{ "InternalError", CW_INTERNAL },
		{ "Forbidden", CW_FORBIDDEN },
	};
	if (t != JSON_STRING) {
		cw_json_skip(w, t);
		return;
	}
	x->status = CW_PARTIAL;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (cw_json_is(w, rows[i].name))
			x->status = rows[i].status;
}

static void read_own_messages(struct cw_json *w, enum json_token t, void *to)
{
	struct piece *x = to;
	x->nr_messages = read_messages(w, t, x->message, &x->p->arena);
}

static const struct cw_field result_fields[] = {
	{ "Id", read_id },
	{ "Label", read_label },
	{ "Timestamps", read_times },
	{ "Values", read_values },
	{ "StatusCode", read_status },
	{ "Messages", read_own_messages },
	{ 0 },
};

/* ---- points ------------------------------------------------------------- */

/* What has both a time and a value; returns how many. */
static size_t pair_points(struct page *p, struct piece *x)
{
	size_t nr = x->nr_times < x->nr_values ? x->nr_times : x->nr_values;
	size_t all = x->times > x->values ? x->times : x->values, n = 0;
	size_t room = LIMIT_ANSWER_POINTS - p->d->points - p->points;
	for (size_t i = 0; i < nr && n < room; i++) {
		if (x->t[i] == TIME_NONE || isnan(x->v[i]))
			continue;
		x->t[n] = x->t[i];
		x->v[n++] = x->v[i];
	}
	p->dropped += all - n;
	return n;
}

static bool is_rising(const time_ms *t, size_t nr)
{
	for (size_t i = 1; i < nr; i++)
		if (t[i] <= t[i - 1])
			return false;
	return true;
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

/* Rising, each time once: of those that stand there twice the later one. */
static size_t sort_points(time_ms *t, double *v, size_t nr)
{
	size_t n = 0;
	if (is_rising(t, nr))
		return nr;
	struct point *pt = mem_alloc(nr * sizeof(*pt));
	for (size_t i = 0; i < nr; i++)
		pt[i] = (struct point){ t[i], v[i], i };
	qsort(pt, nr, sizeof(*pt), compare_points);
	for (size_t i = 0; i < nr; i++) {
		n -= n && t[n - 1] == pt[i].t;
		t[n] = pt[i].t;
		v[n++] = pt[i].v;
	}
	free(pt);
	return n;
}

static void *copy_of(const void *p, size_t nr, size_t size)
{
	return nr ? memcpy(mem_alloc(nr * size), p, nr * size) : NULL;
}

static void take_piece(struct page *p, struct piece *x)
{
	if (!x->known || p->nr == LIMIT_ANSWER_SERIES) {
		p->dropped++;
		return;
	}
	size_t paired = pair_points(p, x);
	size_t n = sort_points(x->t, x->v, paired);
	p->dropped += paired - n;
	p->points += n;
	MEM_ROOM(p->result, p->nr, p->cap);
	p->result[p->nr++] = (struct cw_result){
		.query = x->query, .label = x->label ? x->label : "",
		.status = x->status, .nr = n, .cap = n,
		.t = copy_of(x->t, n, sizeof(*x->t)),
		.v = copy_of(x->v, n, sizeof(*x->v)),
		.nr_messages = x->nr_messages,
		.message = copy_of(x->message, x->nr_messages,
				   sizeof(*x->message)),
	};
}

/* ---- members of the answer ---------------------------------------------- */

static void read_piece(struct cw_json *w, enum json_token t, void *to)
{
	struct page *p = to;
	struct piece *x = &p->piece;
	x->p = p;
	x->known = false;
	x->label = NULL;
	x->status = CW_COMPLETE;
	x->nr_times = x->times = x->nr_values = x->values = 0;
	x->nr_messages = 0;
	if (cw_json_object(w, t, result_fields, x))
		take_piece(p, x);
	else
		p->dropped++;
}

static void read_results(struct cw_json *w, enum json_token t, void *to)
{
	struct page *p = to;
	if (cw_json_list(w, t, read_piece, p))
		p->any = true;
	else if (!w->why && !w->j.why)
		w->why = "MetricDataResults is no list";
}

static void read_next(struct cw_json *w, enum json_token t, void *to)
{
	struct page *p = to;
	free(p->token);
	p->token = cw_json_token(w, t);
}

static void read_all_messages(struct cw_json *w, enum json_token t, void *to)
{
	struct page *p = to;
	p->nr_messages = read_messages(w, t, p->message, &p->arena);
}

static const struct cw_field page_fields[] = {
	{ "MetricDataResults", read_results },
	{ "NextToken", read_next },
	{ "Messages", read_all_messages },
	{ 0 },
};

/* ---- joining ------------------------------------------------------------ */

static void join_messages(struct arena *a, struct cw_message **to, size_t *nr,
			  const struct cw_message *from, size_t nr_from)
{
	for (size_t i = 0; i < nr_from; i++) {
		if (*nr >= LIMIT_WARNINGS || has_message(*to, *nr, &from[i]))
			continue;
		*to = mem_grow(*to, *nr + 1, sizeof(**to));
		(*to)[(*nr)++] = (struct cw_message){
			arena_strdup(a, from[i].code),
			arena_strdup(a, from[i].text),
		};
	}
}

static void make_room(struct cw_result *r, size_t nr)
{
	if (nr <= r->cap)
		return;
	r->cap = nr > r->cap * 2 ? nr : r->cap * 2;
	r->t = mem_grow(r->t, r->cap, sizeof(*r->t));
	r->v = mem_grow(r->v, r->cap, sizeof(*r->v));
}

/* From the back, so that a page that goes on costs its own points only.
 * Returns how many were overwritten. */
static size_t join_points(struct cw_result *r, const struct cw_result *more)
{
	size_t i = r->nr, j = more->nr, k = i + j, end = k;
	make_room(r, k);
	while (j) {
		k--;
		if (i && r->t[i - 1] > more->t[j - 1]) {
			i--;
			r->t[k] = r->t[i];
			r->v[k] = r->v[i];
			continue;
		}
		j--;
		i -= i && r->t[i - 1] == more->t[j];
		r->t[k] = more->t[j];
		r->v[k] = more->v[j];
	}
	if (k > i) {
		memmove(r->t + i, r->t + k, (end - k) * sizeof(*r->t));
		memmove(r->v + i, r->v + k, (end - k) * sizeof(*r->v));
	}
	r->nr = end - (k - i);
	return k - i;
}

static void join_result(struct cw_data *d, struct cw_result *r,
			const struct cw_result *more)
{
	size_t overwritten = join_points(r, more);
	r->status = more->status;
	d->dropped += overwritten;
	d->points -= overwritten;
	join_messages(&d->arena, &r->message, &r->nr_messages, more->message,
		      more->nr_messages);
}

static void add_result(struct cw_data *d, struct cw_result *from)
{
	if (d->nr >= LIMIT_ANSWER_SERIES) {
		d->points -= from->nr;
		d->dropped++;
		return;
	}
	MEM_ROOM(d->result, d->nr, d->cap);
	struct cw_result *r = &d->result[d->nr++];
	*r = *from;
	r->label = arena_strdup(&d->arena, from->label);
	r->message = NULL;
	r->nr_messages = 0;
	join_messages(&d->arena, &r->message, &r->nr_messages, from->message,
		      from->nr_messages);
	from->t = NULL;
	from->v = NULL;
}

static int compare_results(const struct cw_result *a,
			   const struct cw_result *b)
{
	return a->query != b->query ? (a->query < b->query ? -1 : 1)
				    : strcmp(a->label, b->label);
}

/* Pieces of one result stay in the order in which they came. */
static int compare_places(const void *a, const void *b)
{
	const struct cw_result *const *x = a, *const *y = b;
	int c = compare_results(*x, *y);
	return c ? c : *x < *y ? -1 : *x > *y;
}

/* The first of nr that is not before it. */
static size_t place_of(const struct cw_result *r, size_t nr,
		       const struct cw_result *like)
{
	size_t lo = 0, hi = nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_results(&r[mid], like) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Both runs, of nr and of the rest, are sorted. */
static void merge_results(struct cw_data *d, size_t nr)
{
	if (nr == 0 || nr == d->nr
	    || compare_results(&d->result[nr - 1], &d->result[nr]) < 0)
		return;
	struct cw_result *to = mem_alloc(d->nr * sizeof(*to));
	for (size_t i = 0, j = nr, k = 0; k < d->nr; k++) {
		bool first = j == d->nr
			     || (i < nr && compare_results(&d->result[i],
							   &d->result[j]) < 0);
		to[k] = d->result[first ? i++ : j++];
	}
	free(d->result);
	d->result = to;
	d->cap = d->nr;
}

static void join_results(struct cw_data *d, struct page *p)
{
	struct cw_result **order = mem_alloc((p->nr + 1) * sizeof(*order));
	size_t old = d->nr;
	for (size_t i = 0; i < p->nr; i++)
		order[i] = &p->result[i];
	qsort(order, p->nr, sizeof(*order), compare_places);
	for (size_t i = 0; i < p->nr; i++) {
		size_t at = place_of(d->result, old, order[i]);
		if (at == old || compare_results(&d->result[at], order[i]))
			at = d->nr > old ? d->nr - 1 : d->nr;
		if (at < d->nr
		    && compare_results(&d->result[at], order[i]) == 0)
			join_result(d, &d->result[at], order[i]);
		else
			add_result(d, order[i]);
	}
	merge_results(d, old);
	free(order);
}

static void join(struct cw_data *d, struct page *p)
{
	d->points += p->points;
	d->dropped += p->dropped;
	join_results(d, p);
	join_messages(&d->arena, &d->message, &d->nr_messages, p->message,
		      p->nr_messages);
	free(d->token);
	d->token = p->token;
	p->token = NULL;
}

int cw_data_read(struct cw_data *d, const char *bytes, size_t n,
		 struct err *e)
{
	struct page p = { .d = d };
	struct cw_json w;
	arena_init(&p.arena, 0);
	cw_json_init(&w, bytes, n);
	int rc = cw_json_read(&w, page_fields, &p, e);
	if (rc == 0 && !p.any)
		rc = err_set(e, EXIT_UNREACHABLE, "the answer is not what was "
			     "asked for: it has no MetricDataResults");
	if (rc == 0)
		join(d, &p);
	cw_json_release(&w);
	free_results(p.result, p.nr);
	free(p.piece.t);
	free(p.piece.v);
	free(p.token);
	arena_release(&p.arena);
	return rc;
}
