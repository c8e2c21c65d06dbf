/* The answers to ListMetrics and DescribeAlarms. Their items go straight to
 * the others; of an answer that breaks off they are taken back. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/cw_json.h"

#include <stdlib.h>
#include <string.h>

/* The API's own ceilings: a question beyond them is refused, and with it all
 * that are asked in the same call. */
#define NAME_MAX_BYTES ((size_t)255)
#define VALUE_MAX_BYTES ((size_t)1024)
#define DIMENSIONS_MAX ((size_t)30)

/* ---- metrics as keys ---------------------------------------------------- */

int cw_metric_compare(const struct cw_metric *a, const struct cw_metric *b)
{
	int c = strcmp(a->space, b->space);
	if (c == 0)
		c = strcmp(a->name, b->name);
	for (size_t i = 0; c == 0 && i < a->nr && i < b->nr; i++) {
		c = strcmp(a->dim[i].name, b->dim[i].name);
		if (c == 0)
			c = strcmp(a->dim[i].value, b->dim[i].value);
	}
	return c ? c : a->nr < b->nr ? -1 : a->nr > b->nr;
}

const char *cw_dimension(const struct cw_metric *m, const char *name)
{
	for (size_t i = 0; i < m->nr; i++)
		if (strcmp(m->dim[i].name, name) == 0)
			return m->dim[i].value;
	return NULL;
}

/* ---- ListMetrics -------------------------------------------------------- */

void cw_metrics_init(struct cw_metrics *m)
{
	*m = (struct cw_metrics){ 0 };
	arena_init(&m->arena, 0);
}

void cw_metrics_release(struct cw_metrics *m)
{
	free(m->metric);
	free(m->token);
	arena_release(&m->arena);
	*m = (struct cw_metrics){ 0 };
}

struct metric_of {
	struct cw_metrics *m;
	struct cw_metric metric;
	bool bad;               /* it cannot be asked for as it stands there */
	struct cw_dimension dim[DIMENSIONS_MAX];
};

static bool is_utf8(const char *s, size_t n)
{
	while (n) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		if (u == UINT32_MAX)
			return false;
		s += k;
		n -= k;
	}
	return true;
}

/* A text that goes back in questions: as it came, or not at all. */
static const char *exact(struct cw_json *w, enum json_token t, size_t max,
			 struct arena *a)
{
	if (t != JSON_STRING) {
		cw_json_skip(w, t);
		return NULL;
	}
	if (w->j.n == 0 || w->j.n > max || memchr(w->j.s, '\0', w->j.n)
	    || !is_utf8(w->j.s, w->j.n))
		return NULL;
	return arena_strndup(a, w->j.s, w->j.n);
}

/* The same of one that is also shown. */
static const char *exact_and_clean(struct cw_json *w, enum json_token t,
				   struct arena *a)
{
	const char *s = exact(w, t, NAME_MAX_BYTES, a);
	return s && text_is_clean(s) ? s : NULL;
}

static void read_space(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_of *x = to;
	x->metric.space = exact_and_clean(w, t, &x->m->arena);
}

static void read_metric_name(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_of *x = to;
	x->metric.name = exact_and_clean(w, t, &x->m->arena);
}

static void read_dimension_name(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_of *x = to;
	x->dim[x->metric.nr].name = exact(w, t, NAME_MAX_BYTES, &x->m->arena);
}

static void read_dimension_value(struct cw_json *w, enum json_token t,
				 void *to)
{
	struct metric_of *x = to;
	x->dim[x->metric.nr].value = exact(w, t, VALUE_MAX_BYTES,
					   &x->m->arena);
}

static const struct cw_field dimension_fields[] = {
	{ "Name", read_dimension_name },
	{ "Value", read_dimension_value },
	{ 0 },
};

static void read_dimension(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_of *x = to;
	if (x->metric.nr == DIMENSIONS_MAX) {
		x->bad = true;
		cw_json_skip(w, t);
		return;
	}
	struct cw_dimension *d = &x->dim[x->metric.nr];
	*d = (struct cw_dimension){ 0 };
	if (!cw_json_object(w, t, dimension_fields, x) || !d->name
	    || !d->value)
		x->bad = true;
	else
		x->metric.nr++;
}

static void read_dimensions(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_of *x = to;
	x->metric.nr = 0;
	if (!cw_json_list(w, t, read_dimension, x))
		x->bad = true;
}

static const struct cw_field metric_fields[] = {
	{ "Namespace", read_space },
	{ "MetricName", read_metric_name },
	{ "Dimensions", read_dimensions },
	{ 0 },
};

static int compare_dimensions(const void *a, const void *b)
{
	const struct cw_dimension *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* Sorted, each name once. */
static bool sort_dimensions(struct metric_of *x)
{
	size_t nr = x->metric.nr;
	qsort(x->dim, nr, sizeof(*x->dim), compare_dimensions);
	for (size_t i = 1; i < nr; i++)
		if (strcmp(x->dim[i - 1].name, x->dim[i].name) == 0)
			return false;
	struct cw_dimension *own = arena_alloc(&x->m->arena,
					       (nr + 1) * sizeof(*own));
	memcpy(own, x->dim, nr * sizeof(*own));
	x->metric.dim = own;
	return true;
}

struct metric_page {
	struct cw_metrics *m;
	bool any;               /* the list was there */
	char *token;
};

static void read_metric(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_page *p = to;
	struct cw_metrics *m = p->m;
	struct metric_of x = { .m = m };
	if (m->nr == LIMIT_ANSWER_SERIES) {
		cw_json_skip(w, t);
		m->dropped++;
		return;
	}
	if (!cw_json_object(w, t, metric_fields, &x) || x.bad
	    || !x.metric.space || !x.metric.name || !sort_dimensions(&x)) {
		m->dropped++;
		return;
	}
	MEM_ROOM(m->metric, m->nr, m->cap);
	m->metric[m->nr++] = x.metric;
}

static void read_metrics(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_page *p = to;
	p->any |= cw_json_list(w, t, read_metric, p);
}

static void read_metrics_next(struct cw_json *w, enum json_token t, void *to)
{
	struct metric_page *p = to;
	free(p->token);
	p->token = cw_json_token(w, t);
}

static const struct cw_field metrics_fields[] = {
	{ "Metrics", read_metrics },
	{ "NextToken", read_metrics_next },
	{ 0 },
};

int cw_metrics_read(struct cw_metrics *m, const char *bytes, size_t n,
		    struct err *e)
{
	struct metric_page p = { .m = m };
	struct cw_json w;
	size_t nr = m->nr, dropped = m->dropped;
	cw_json_init(&w, bytes, n);
	int rc = cw_json_read(&w, metrics_fields, &p, e);
	cw_json_release(&w);
	if (rc == 0 && !p.any)
		rc = err_set(e, EXIT_UNREACHABLE, "the answer is not what was "
			     "asked for: it has no list of Metrics");
	if (rc < 0) {
		m->nr = nr;
		m->dropped = dropped;
		free(p.token);
		return -1;
	}
	free(m->token);
	m->token = p.token;
	return 0;
}

static int compare_metrics(const void *a, const void *b)
{
	return cw_metric_compare(a, b);
}

void cw_metrics_sort(struct cw_metrics *m)
{
	size_t kept = 0;
	if (m->nr)
		qsort(m->metric, m->nr, sizeof(*m->metric), compare_metrics);
	for (size_t i = 0; i < m->nr; i++)
		if (i == 0 || cw_metric_compare(&m->metric[kept - 1],
						&m->metric[i]) != 0)
			m->metric[kept++] = m->metric[i];
	m->nr = kept;
}

/* ---- DescribeAlarms ----------------------------------------------------- */

void cw_alarms_init(struct cw_alarms *a)
{
	*a = (struct cw_alarms){ 0 };
	arena_init(&a->arena, 0);
}

void cw_alarms_release(struct cw_alarms *a)
{
	free(a->alarm);
	free(a->token);
	arena_release(&a->arena);
	*a = (struct cw_alarms){ 0 };
}

struct alarm_of {
	struct arena *arena;
	const char *name, *reason;
	enum alarm_state state;
	time_ms changed, updated;
};

static void read_alarm_name(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_of *x = to;
	x->name = cw_json_text(w, t, LIMIT_LABEL_VALUE, x->arena);
}

static void read_reason(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_of *x = to;
	x->reason = cw_json_text(w, t, LIMIT_SENTENCE, x->arena);
}

static void read_state(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_of *x = to;
	if (t == JSON_STRING)
		x->state = cw_json_is(w, "OK") ? ALARM_OK
			   : cw_json_is(w, "ALARM") ? ALARM_ALARM
						    : ALARM_INSUFFICIENT;
	cw_json_skip(w, t);
}

static void read_changed(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_of *x = to;
	x->changed = cw_json_time(w, t);
}

static void read_updated(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_of *x = to;
	x->updated = cw_json_time(w, t);
}

static const struct cw_field alarm_fields[] = {
	{ "AlarmName", read_alarm_name },
	{ "StateValue", read_state },
	{ "StateReason", read_reason },
	{ "StateTransitionedTimestamp", read_changed },
	{ "StateUpdatedTimestamp", read_updated },
	{ 0 },
};

struct alarm_page {
	struct cw_alarms *a;
	bool any;               /* a list of alarms was there */
	char *token;
};

static void read_alarm(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_page *p = to;
	struct cw_alarms *a = p->a;
	struct alarm_of x = { .arena = &a->arena, .state = ALARM_INSUFFICIENT,
			      .changed = TIME_NONE, .updated = TIME_NONE };
	if (a->nr == LIMIT_ALARMS) {
		cw_json_skip(w, t);
		a->dropped++;
		return;
	}
	if (!cw_json_object(w, t, alarm_fields, &x) || !x.name || !*x.name) {
		a->dropped++;
		return;
	}
	MEM_ROOM(a->alarm, a->nr, a->cap);
	a->alarm[a->nr++] = (struct alarm){
		.name = x.name, .state = x.state,
		.since = x.changed != TIME_NONE ? x.changed : x.updated,
		.reason = x.reason && *x.reason ? x.reason : NULL,
	};
}

static void read_alarms(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_page *p = to;
	if (cw_json_list(w, t, read_alarm, p))
		p->any = true;
	else if (t != JSON_NULL)
		w->foreign++;
}

static void read_alarms_next(struct cw_json *w, enum json_token t, void *to)
{
	struct alarm_page *p = to;
	free(p->token);
	p->token = cw_json_token(w, t);
}

static const struct cw_field alarms_fields[] = {
	{ "MetricAlarms", read_alarms },
	{ "CompositeAlarms", read_alarms },
	{ "LogAlarms", read_alarms },
	{ "NextToken", read_alarms_next },
	{ 0 },
};

static int compare_names(const void *a, const void *b)
{
	const struct alarm *const *x = a, *const *y = b;
	int c = strcmp((*x)->name, (*y)->name);
	return c ? c : *x < *y ? -1 : *x > *y;
}

/* Of those that came twice, by pages that overlap, the later one. */
static void sort_alarms(struct cw_alarms *a)
{
	const struct alarm **order = mem_alloc((a->nr + 1) * sizeof(*order));
	struct alarm *own = mem_alloc((a->nr + 1) * sizeof(*own));
	size_t kept = 0;
	for (size_t i = 0; i < a->nr; i++)
		order[i] = &a->alarm[i];
	qsort(order, a->nr, sizeof(*order), compare_names);
	for (size_t i = 0; i < a->nr; i++) {
		kept -= kept && strcmp(own[kept - 1].name,
				       order[i]->name) == 0;
		own[kept++] = *order[i];
	}
	free(order);
	free(a->alarm);
	a->alarm = own;
	a->cap = a->nr + 1;
	a->nr = kept;
}

int cw_alarms_read(struct cw_alarms *a, const char *bytes, size_t n,
		   struct err *e)
{
	struct alarm_page p = { .a = a };
	struct cw_json w;
	size_t nr = a->nr, dropped = a->dropped;
	cw_json_init(&w, bytes, n);
	int rc = cw_json_read(&w, alarms_fields, &p, e);
	cw_json_release(&w);
	/* Empty lists may be left out: an account without alarms answers {}. */
	if (rc == 0 && !p.any && w.foreign)
		rc = err_set(e, EXIT_UNREACHABLE, "the answer is not what was "
			     "asked for: it has no list of alarms");
	if (rc < 0) {
		a->nr = nr;
		a->dropped = dropped;
		free(p.token);
		return -1;
	}
	sort_alarms(a);
	free(a->token);
	a->token = p.token;
	return 0;
}
