#include "sources/cw_rows.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LABEL "service"
#define OUTCOME "outcome"
#define RESOURCE_BACK ((time_ms)900000) /* some report every 5 minutes */
#define MIN_5 ((time_ms)300000)
#define HOUR ((time_ms)3600000)
/* One that had something to say in nearly every of ten periods and has not for
 * four has gone silent; what comes now and then is waited for. */
#define BUSY_OF 10
#define BUSY_LEAST 8
#define SILENT 4

/* ---- parts ----------------------------------------------------------------- */

static bool is_percentile(enum cw_role r)
{
	return r == CW_P50 || r == CW_P95 || r == CW_P99;
}

static bool has_part(const struct cw_service *s, bool (*is)(enum cw_role))
{
	for (size_t i = 0; i < s->nr; i++)
		if (is(s->part[i].role))
			return true;
	return false;
}

static const struct cw_part *part_of(const struct cw_service *s,
				     enum cw_role role)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->part[i].role == role)
			return &s->part[i];
	return NULL;
}

/* Whether silence at that end of a period is silence. */
static bool may_be_silent(const struct cw_lines *l, time_ms end)
{
	const struct cw_service *s = l->m->service;
	for (size_t i = 0; i < s->nr; i++)
		if (cw_is_request(s->part[i].role)
		    && cw_lines_unknown(l->line[i], end - l->hold->period))
			return false;
	return !l->no_requests;
}

/* What is needed was asked of the whole of it. */
static bool knows(const struct cw_lines *l, time_ms from, time_ms to)
{
	for (size_t i = 0; i < l->m->service->nr; i++)
		if (l->m->service->part[i].weight == CW_NEEDED
		    && (!l->line[i] || !cw_line_knows(l->line[i], from, to)))
			return false;
	return true;
}

/* ---- frames ---------------------------------------------------------------- */

struct out {
	struct batch *b;
	struct frame *frame;
	size_t cap, nr_asked, cap_asked;
	uint32_t *asked;
};

static void ask(struct out *o, uint32_t shape, enum red_role role)
{
	if (o->nr_asked == o->cap_asked) {
		size_t cap = o->cap_asked ? o->cap_asked * 2 : 64;
		uint32_t *more = arena_alloc(&o->b->arena,
					     cap * sizeof(*more));
		if (o->nr_asked)
			memcpy(more, o->asked, o->nr_asked * sizeof(*more));
		o->asked = more;
		o->cap_asked = cap;
	}
	o->asked[o->nr_asked++] = question_id(shape, role);
}

static struct frame *push(struct out *o, uint32_t shape, enum red_role role,
			  const char *service, const char *label,
			  const char *value)
{
	struct batch *b = o->b;
	if (b->nr == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 64;
		struct frame *more = arena_alloc(&b->arena,
						 cap * sizeof(*more));
		if (b->nr)
			memcpy(more, o->frame, b->nr * sizeof(*more));
		o->frame = more;
		o->cap = cap;
	}
	struct frame *f = &o->frame[b->nr++];
	struct label *l = arena_alloc(&b->arena, 2 * sizeof(*l));
	size_t nr = 0;
	l[nr++] = (struct label){ LABEL, service };
	if (label)
		l[nr++] = (struct label){ label, value };
	labels_sort(l, nr);
	*f = (struct frame){ .question = question_id(shape, role),
			     .labels = { nr, l } };
	return f;
}

/* The columns of a service: one a series. */
enum column_kind {
	COL_TOTAL, COL_BAD, COL_GOOD, COL_OTHER, COL_P50, COL_P95, COL_P99,
	COL_MEAN, COL_BAD_5M, COL_GOOD_5M, COL_BAD_1H, COL_GOOD_1H, COL_USED,
	COL_LIMIT, COL_NR
};
static const struct {
	enum red_role role;
	const char *label, *value;
} columns[] = {
	[COL_TOTAL] = { RED_RATE, NULL, NULL },
	[COL_BAD] = { RED_ERRORS, OUTCOME, "SERVER_ERROR" },
	[COL_GOOD] = { RED_ERRORS, OUTCOME, "SUCCESS" },
	[COL_OTHER] = { RED_ERRORS, OUTCOME, "CLIENT_ERROR" },
	[COL_P50] = { RED_QUANTILE, "quantile", "0.5" },
	[COL_P95] = { RED_QUANTILE, "quantile", "0.95" },
	[COL_P99] = { RED_QUANTILE, "quantile", "0.99" },
	[COL_MEAN] = { RED_MEAN, NULL, NULL },
	[COL_BAD_5M] = { RED_BURN_5M, OUTCOME, "SERVER_ERROR" },
	[COL_GOOD_5M] = { RED_BURN_5M, OUTCOME, "SUCCESS" },
	[COL_BAD_1H] = { RED_BURN_1H, OUTCOME, "SERVER_ERROR" },
	[COL_GOOD_1H] = { RED_BURN_1H, OUTCOME, "SUCCESS" },
	[COL_USED] = { RED_USED, NULL, NULL },
	[COL_LIMIT] = { RED_LIMIT, NULL, NULL },
};

static void clear(double v[COL_NR])
{
	for (int i = 0; i < COL_NR; i++)
		v[i] = NAN;
}

static void fill(double v[COL_NR], const struct cw_red *r)
{
	double other = r->other > 0 ? r->other : 0;
	double good = r->total - r->errors;
	v[COL_TOTAL] = r->total;
	v[COL_BAD] = r->errors;
	/* 4xx that the balancer answered itself are not in its requests. */
	v[COL_OTHER] = isnan(good) || isnan(r->other) ? NAN
		       : other < good ? other : good;
	v[COL_GOOD] = good - (isnan(v[COL_OTHER]) ? 0 : v[COL_OTHER]);
	v[COL_P50] = r->p50;
	v[COL_P95] = r->p95;
	v[COL_P99] = r->p99;
	v[COL_MEAN] = r->mean;
}

/* Rates over the window that ends at `end`; NAN where it is not known. */
static void burn(struct cw_lines *l, time_ms end, time_ms window, double *bad,
		 double *good)
{
	time_ms p = l->hold->period;
	double total = 0, errors = 0;
	bool any = false;
	*bad = *good = NAN;
	if (p > window || l->no_errors || !l->m->service->counts_errors
	    || !knows(l, end - window, end))
		return;
	for (time_ms t = end - window; t < end; t += p) {
		struct cw_red r;
		cw_lines_red(l, t, &r);
		if (!r.any || isnan(r.errors) || isnan(r.total))
			continue;
		any = true;
		total += r.total;
		errors += r.errors;
	}
	if (!any)
		return;
	double k = (double)p / (double)window;
	*bad = errors * k;
	*good = (total - errors) * k;
}

static void burns(struct cw_lines *l, time_ms end, double v[COL_NR])
{
	burn(l, end, MIN_5, &v[COL_BAD_5M], &v[COL_GOOD_5M]);
	burn(l, end, HOUR, &v[COL_BAD_1H], &v[COL_GOOD_1H]);
}

/* Which series a service may have: the questions of its shape. */
static bool has_column(const struct cw_service *s, int c)
{
	switch (columns[c].role) {
	case RED_RATE:
		return !s->resource && s->counts_requests;
	case RED_ERRORS:
		return !s->resource && s->counts_errors
		       && (c != COL_OTHER || part_of(s, CW_4XX));
	case RED_BURN_5M:
	case RED_BURN_1H:
		return !s->resource && s->counts_errors;
	case RED_QUANTILE:
		return !s->resource && has_part(s, is_percentile);
	case RED_MEAN:
		return part_of(s, CW_MEAN) != NULL;
	case RED_USED:
		return s->resource;
	default: /* of throttles the limit is what was tried */
		return s->resource && (part_of(s, CW_LIMIT)
				       || part_of(s, CW_REQUESTS));
	}
}

static void ask_all(struct out *o, const struct cw_service *s, uint32_t shape)
{
	bool asked[RED_ROLES] = { 0 };
	for (int c = 0; c < COL_NR; c++) {
		enum red_role role = columns[c].role;
		if (!has_column(s, c) || asked[role])
			continue;
		asked[role] = true;
		ask(o, shape, role);
	}
}

/* ---- rows ------------------------------------------------------------------- */

static bool says(struct cw_lines *l, time_ms end)
{
	struct cw_red r;
	cw_lines_red(l, end - l->hold->period, &r);
	return r.any;
}

/* TIME_NONE: nothing. */
static time_ms newest(struct cw_lines *l, const struct cw_axis *x)
{
	time_ms p = l->hold->period, last = time_floor(x->judged, p), end;
	int busy = 0;
	for (end = last; end >= x->oldest; end -= p)
		if (says(l, end))
			break;
	if (end < x->oldest)
		return TIME_NONE;
	if (last - end < SILENT * p)
		return end;
	for (int i = 0; i < BUSY_OF; i++)
		busy += says(l, end - i * p);
	return busy >= BUSY_LEAST ? TIME_NONE : end;
}

/* The newest value of a role of a resource, and when. */
static double newest_of(struct cw_lines *l, enum cw_role role, time_ms last,
			time_ms *at)
{
	for (time_ms end = last; end >= last - RESOURCE_BACK;
	     end -= l->hold->period) {
		struct cw_red r;
		cw_lines_red(l, end - l->hold->period, &r);
		double v = role == CW_USED ? r.used : r.limit;
		if (isnan(v))
			continue;
		*at = end;
		return v;
	}
	return NAN;
}

static time_ms row_of(struct cw_lines *l, const struct cw_axis *x,
		      double v[COL_NR])
{
	time_ms end = TIME_NONE, at;
	clear(v);
	if (l->m->service->resource) {
		time_ms last = time_floor(x->judged, l->hold->period);
		v[COL_USED] = newest_of(l, CW_USED, last, &end);
		v[COL_LIMIT] = newest_of(l, CW_LIMIT, last, &at);
		return end;
	}
	end = newest(l, x);
	if (end == TIME_NONE)
		return end;
	struct cw_red r;
	cw_lines_red(l, end - l->hold->period, &r);
	fill(v, &r);
	burns(l, end, v);
	return end;
}

static void push_row(struct out *o, const struct cw_service *s,
		     uint32_t shape, time_ms end, const double v[COL_NR])
{
	time_ms *t = arena_alloc(&o->b->arena, sizeof(*t));
	*t = end;
	for (int c = 0; c < COL_NR; c++) {
		if (!has_column(s, c) || isnan(v[c]))
			continue;
		struct frame *f = push(o, shape, columns[c].role, s->key,
				       columns[c].label, columns[c].value);
		double *value = arena_alloc(&o->b->arena, sizeof(*value));
		*value = v[c];
		f->nr = 1;
		f->t = t;
		f->v = value;
	}
}

static void finish(struct out *o)
{
	o->b->frame = o->frame;
	o->b->asked = o->asked;
	o->b->nr_asked = o->nr_asked;
}

void cw_rows_now(const struct cw_member *m, size_t nr,
		 const struct cw_axis *x, struct batch *b)
{
	struct out o = { .b = b };
	b->instant = true;
	b->window = x->window;
	for (size_t i = 0; i < nr; i++) {
		struct cw_lines l;
		double v[COL_NR];
		cw_lines_init(&l, &m[i], m[i].rows);
		time_ms end = row_of(&l, x, v);
		if (end != TIME_NONE
		    || may_be_silent(&l, time_floor(x->judged,
						    m[i].rows->period)))
			ask_all(&o, m[i].service, (uint32_t)i + 1);
		if (end != TIME_NONE)
			push_row(&o, m[i].service, (uint32_t)i + 1, end, v);
		cw_lines_release(&l);
	}
	finish(&o);
}

bool cw_rows_page(const struct batch *now, double objective)
{
	double limit = 14.4 * (1 - objective);
	for (size_t i = 0; i + 3 < now->nr; i++) {
		const struct frame *f = &now->frame[i];
		if (f->question % 16 != RED_BURN_5M
		    || now->frame[i + 3].question
			       != question_id(f->question / 16, RED_BURN_1H))
			continue;
		double bad5 = f[0].v[0], good5 = f[1].v[0];
		double bad1 = f[2].v[0], good1 = f[3].v[0];
		if (bad5 > limit * (bad5 + good5)
		    && bad1 > limit * (bad1 + good1))
			return true;
	}
	return false;
}

/* ---- charts ----------------------------------------------------------------- */

/* Column-wise, so that each series is one frame. */
struct sheet {
	size_t nr, at[COL_NR];       /* points of each column */
	time_ms *t[COL_NR];
	double *v[COL_NR];
};

static void sheet_init(struct sheet *sh, const struct cw_service *s,
		       size_t nr, struct arena *a)
{
	*sh = (struct sheet){ .nr = nr };
	for (int c = 0; c < COL_NR; c++) {
		if (!has_column(s, c))
			continue;
		sh->t[c] = arena_alloc(a, nr * sizeof(*sh->t[c]));
		sh->v[c] = arena_alloc(a, nr * sizeof(*sh->v[c]));
	}
}

static void sheet_add(struct sheet *sh, time_ms end, const double v[COL_NR])
{
	for (int c = 0; c < COL_NR; c++) {
		if (!sh->v[c] || isnan(v[c]) || sh->at[c] == sh->nr)
			continue;
		sh->t[c][sh->at[c]] = end;
		sh->v[c][sh->at[c]++] = v[c];
	}
}

static void points(struct cw_lines *l, const struct cw_axis *x,
		   struct sheet *sh)
{
	double limit = NAN;
	time_ms limit_at = TIME_NONE;
	for (time_ms end = x->from; end <= x->to; end += x->step) {
		struct cw_red r;
		double v[COL_NR];
		clear(v);
		cw_lines_red(l, end - l->hold->period, &r);
		if (r.any)
			fill(v, &r);
		if (!l->m->service->resource && end <= x->judged)
			burns(l, end, v);
		if (!isnan(r.limit)) {
			limit = r.limit;
			limit_at = end;
		}
		v[COL_USED] = r.used;
		if (limit_at != TIME_NONE && end - limit_at <= RESOURCE_BACK)
			v[COL_LIMIT] = limit;
		sheet_add(sh, end, v);
	}
}

static void push_sheet(struct out *o, const struct cw_service *s,
		       uint32_t shape, const struct sheet *sh)
{
	for (int c = 0; c < COL_NR; c++) {
		if (!sh->at[c])
			continue;
		struct frame *f = push(o, shape, columns[c].role, s->key,
				       columns[c].label, columns[c].value);
		f->nr = sh->at[c];
		f->t = sh->t[c];
		f->v = sh->v[c];
	}
}

void cw_rows_range(const struct cw_member *m, size_t nr,
		   const struct cw_axis *x, struct batch *b)
{
	struct out o = { .b = b };
	size_t steps = (size_t)((x->to - x->from) / x->step + 1);
	b->from = x->from;
	b->to = x->to;
	b->step = x->step;
	b->settled = x->settled;
	b->window = x->step;
	for (size_t i = 0; i < nr; i++) {
		struct cw_lines l;
		struct sheet sh;
		uint32_t shape = (uint32_t)i + 1;
		cw_lines_init(&l, &m[i], m[i].charts);
		sheet_init(&sh, m[i].service, steps, &b->arena);
		points(&l, x, &sh);
		ask_all(&o, m[i].service, shape);
		push_sheet(&o, m[i].service, shape, &sh);
		cw_lines_release(&l);
	}
	finish(&o);
}

/* ---- the catalog ------------------------------------------------------------ */

static bool has_role(const struct cw_service *s, enum red_role role)
{
	for (int c = 0; c < COL_NR; c++)
		if (columns[c].role == role && has_column(s, c))
			return true;
	return false;
}

static bool is_mean(enum cw_role r)
{
	return r == CW_MEAN;
}

static bool is_used(enum cw_role r)
{
	return r == CW_USED;
}

static bool is_limit(enum cw_role r)
{
	return r == CW_LIMIT || r == CW_REQUESTS;
}

static void add_questions(struct shape *sh, const struct cw_service *s,
			  struct arena *a)
{
	static const struct {
		enum red_role role;
		bool (*is)(enum cw_role);
	} rows[] = {
		{ RED_RATE, cw_is_request },   { RED_ERRORS, cw_is_error },
		{ RED_QUANTILE, is_percentile }, { RED_MEAN, is_mean },
		{ RED_BURN_5M, cw_is_error },  { RED_BURN_1H, cw_is_error },
		{ RED_USED, is_used },         { RED_LIMIT, is_limit },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (has_role(s, rows[i].role))
			sh->question[rows[i].role] = cw_question(
				s, rows[i].is, a);
}

/* The first part that CloudWatch keeps from us. */
static const struct cw_part *forbidden_part(const struct cw_member *m)
{
	for (size_t i = 0; i < m->service->nr; i++) {
		const struct cw_line *l = cw_hold_line(
			(struct cw_hold *)m->rows, m->key[i], false);
		if (l && l->forbidden)
			return &m->service->part[i];
	}
	return NULL;
}

static struct shape shape_of(const struct cw_member *m, uint32_t id,
			     time_ms window, struct arena *a)
{
	const struct cw_service *s = m->service;
	const struct cw_part *no = forbidden_part(m);
	bool errors = has_role(s, RED_ERRORS);
	struct shape sh = {
		.id = id, .label = LABEL,
		.metric = arena_strdup(a, s->metric),
		.error_metric = s->error_metric
				? arena_strdup(a, s->error_metric) : NULL,
		.status_label = errors ? OUTCOME : NULL,
		.status = errors ? STATUS_OUTCOME : STATUS_NONE,
		.layer = s->layer, .unit = UNIT_SECONDS,
		.method = has_role(s, RED_QUANTILE) ? METHOD_SERVER
						    : METHOD_NONE,
		.note = s->note ? arena_strdup(a, s->note) : NULL,
		.interval = m->rows->period, .window = window,
		.settle = m->rows->period,
		.sparse = !no || !cw_is_request(no->role),
	};
	if (no)
		sh.note = arena_printf(a, "forbidden: %s %s",
				       no->metric.space, no->metric.name);
	add_questions(&sh, s, a);
	return sh;
}

const struct catalog *cw_rows_catalog(const struct cw_member *m, size_t nr,
				      time_ms window, int requests,
				      int families, int unknown,
				      struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));
	struct shape *sh = arena_alloc(a, (nr + 1) * sizeof(*sh));
	struct service_def *def = arena_alloc(a, (nr + 1) * sizeof(*def));
	for (size_t i = 0; i < nr; i++) {
		const struct cw_service *s = m[i].service;
		sh[i] = shape_of(&m[i], (uint32_t)i + 1, window, a);
		def[i] = (struct service_def){
			.name = arena_strdup(a, s->name),
			.value = arena_strdup(a, s->key),
			.shape = (uint32_t)i + 1,
			.warn = s->warn, .crit = s->crit, .limit = s->limit,
		};
	}
	*c = (struct catalog){
		.nr_shapes = nr, .nr_services = nr, .shape = sh,
		.service = def, .requests = requests, .families = families,
		.unknown = unknown,
	};
	return c;
}
