#include "tests/fault/fake_prom.h"

#include "tests/fault/evil.c"

#include <math.h>
#include <pthread.h>
#include <time.h>

#define FAKE_METRIC "http_request_duration_seconds"
#define FAKE_TAG "redtop_q"

struct fake_prom {
	struct fake_prom_options opt;
	struct evil_thread *thread;
	char url[EVIL_URL];
	pthread_mutex_t lock;
	struct fake_ask *ask;
	size_t nr, cap;
};

/* ---- the world -------------------------------------------------------- */

static const struct fake_bound {
	const char *le;
	double bound;
} fake_bounds[FAKE_PROM_BUCKETS] = {
	{ "0.005", 0.005 }, { "0.01", 0.01 }, { "0.025", 0.025 },
	{ "0.05", 0.05 },   { "0.1", 0.1 },   { "0.25", 0.25 },
	{ "0.5", 0.5 },     { "1", 1 },       { "2.5", 2.5 },
	{ "5", 5 },         { "10", 10 },     { "+Inf", INFINITY },
};

static const char *const fake_codes[] = { "200", "500" };

#define FAKE_CODES (sizeof(fake_codes) / sizeof(fake_codes[0]))

static double fake_rate(int service, time_ms t)
{
	double s = (double)t / 1000;
	return (5 + (service * 37) % 61)
	       * (1 + 0.2 * sin(s / 600 + service) + 0.05 * sin(s / 31));
}

static double fake_mean(int service, time_ms t)
{
	double s = (double)t / 1000;
	return 0.02 * (1 + (service * 13) % 7) * (1.2 + sin(s / 900 + service));
}

/* What one series of a leg is worth at a time; `k` counts codes or bounds. */
static double fake_code_value(int service, size_t k, time_ms t)
{
	/* No two have the same, so that their order stays. */
	double errors = 0.0002 + 0.00002 * ((service * 71) % 199);
	return fake_rate(service, t) * (k ? errors : 1 - errors);
}

static double fake_bucket_value(int service, size_t k, time_ms t)
{
	double rate = fake_rate(service, t);
	return rate * (1 - exp(-fake_bounds[k].bound / fake_mean(service, t)));
}

static double fake_sum_value(int service, size_t k, time_ms t)
{
	(void)k;
	return fake_rate(service, t) * fake_mean(service, t);
}

/* A counter that grows. */
static double fake_count_value(int service, size_t k, time_ms t)
{
	(void)k;
	return (double)(t / 1000 % 1000000) * (1 + service % 50);
}

static double fake_series_value(int service, size_t k, time_ms t)
{
	(void)service, (void)k, (void)t;
	return FAKE_PROM_BUCKETS * FAKE_CODES;
}

static double fake_one(int service, size_t k, time_ms t)
{
	(void)service, (void)k, (void)t;
	return 1;
}

/* Scrapes within a window of k / 4 minutes, k from the row. */
static double fake_scrapes(int service, size_t k, time_ms t)
{
	(void)service, (void)t;
	return (double)k;
}

/* ---- one leg of a query ----------------------------------------------- */

enum fake_labels { BY_NAME = 1, BY_CODE = 2, BY_LE = 4 };

/* The first row whose words all stand in the expression answers it. */
static const struct fake_leg {
	const char *begins, *has;
	unsigned labels;
	size_t nr, first;   /* values of k */
	double (*value)(int service, size_t k, time_ms t);
	const char *name;
} fake_legs[] = {
	{ "max by (job)(count_over_time(up", "[10m]", 0, 1, 40, fake_scrapes,
	  NULL },
	{ "max by (job)(count_over_time(up", "[5m]", 0, 1, 20, fake_scrapes,
	  NULL },
	{ "max by (job)(count_over_time(up", "[1m]", 0, 1, 4, fake_scrapes,
	  NULL },
	{ "max by (job)(count_over_time(up", "[15s]", 0, 1, 1, fake_scrapes,
	  NULL },
	{ "count by", "vmrange", 0, 0, 0, fake_one, NULL },
	{ "count by (__name__,job,le)", "_bucket", BY_NAME | BY_LE,
	  FAKE_PROM_BUCKETS, 0, fake_one, FAKE_METRIC "_bucket" },
	{ "count by (__name__,job)", "_bucket", BY_NAME, 1, 0,
	  fake_series_value, FAKE_METRIC "_bucket" },
	{ "count by (__name__,job,", FAKE_METRIC "_count", BY_NAME | BY_CODE,
	  FAKE_CODES, 0, fake_one, FAKE_METRIC "_count" },
	{ "sum by (__name__,job)", FAKE_METRIC "_count", BY_NAME, 1, 0,
	  fake_count_value, FAKE_METRIC "_count" },
	{ "sum by (job, le", "_bucket", BY_LE, FAKE_PROM_BUCKETS, 0,
	  fake_bucket_value, NULL },
	{ "sum by (job)", "_sum", 0, 1, 0, fake_sum_value, NULL },
	{ "sum by (job, code", FAKE_METRIC "_count", BY_CODE, FAKE_CODES, 0,
	  fake_code_value, NULL },
};

struct fake_query {
	time_ms from, to, step; /* step 0: an instant */
	int services;
	const struct fake_row *own;
	const struct fake_row *instead; /* the row that spoils all of it */
	size_t points;
	bool any;               /* a series was written */
};

static void fake_number(struct buf *out, uint64_t v, int digits)
{
	char s[20];
	for (int i = digits; i-- > 0; v /= 10)
		s[i] = (char)('0' + v % 10);
	buf_add(out, s, (size_t)digits);
}

/* As a server prints rates, in 17 digits, but in a twentieth of the time. */
static void fake_point(struct buf *out, time_ms t, double v)
{
	double whole = floor(v);
	buf_char(out, '[');
	fake_number(out, (uint64_t)(t / 1000), 10);
	if (t % 1000) {
		buf_char(out, '.');
		fake_number(out, (uint64_t)(t % 1000), 3);
	}
	buf_str(out, ",\"");
	buf_printf(out, "%.0f", whole);
	if (v > whole) {
		buf_char(out, '.');
		fake_number(out, (uint64_t)((v - whole) * 1e15), 15);
	}
	buf_str(out, "\"]");
}

/* A question may be about some services only: job="a" or job=~"a|b". */
static bool fake_is_asked(const char *expr, size_t n, const char *job)
{
	const char *m = memmem(expr, n, "job=", 4);
	if (!m)
		return true;
	const char *open = strchr(m, '"');
	const char *close = open ? strchr(open + 1, '"') : NULL;
	if (!close)
		return true;
	for (const char *p = open + 1; (p = strstr(p, job)) && p < close; p++)
		if ((p[-1] == '"' || p[-1] == '|')
		    && (p[strlen(job)] == '"' || p[strlen(job)] == '|'))
			return true;
	return false;
}

static void fake_metric(struct buf *out, const struct fake_leg *leg,
			const char *job, size_t k, const char *tag)
{
	buf_printf(out, "{\"metric\":{\"job\":\"%s\"", job);
	if (leg->labels & BY_NAME)
		buf_printf(out, ",\"__name__\":\"%s\"", leg->name);
	if (leg->labels & BY_CODE)
		buf_printf(out, ",\"code\":\"%s\"", fake_codes[k]);
	if (leg->labels & BY_LE)
		buf_printf(out, ",\"le\":\"%s\"", fake_bounds[k].le);
	if (*tag)
		buf_printf(out, ",\"" FAKE_TAG "\":\"%s\"", tag);
	buf_str(out, "},");
}

static void fake_series(struct buf *out, struct fake_query *q,
			const struct fake_leg *leg, int service, size_t k,
			const char *tag)
{
	char job[32];
	snprintf(job, sizeof(job), "svc-%03d", service);
	if (q->any)
		buf_char(out, ',');
	q->any = true;
	fake_metric(out, leg, job, k, tag);
	buf_str(out, q->step ? "\"values\":[" : "\"value\":");
	for (time_ms t = q->from; t <= q->to; t += q->step) {
		if (t > q->from)
			buf_char(out, ',');
		fake_point(out, t, leg->value(service, k, t));
		q->points++;
		if (!q->step)
			break;
	}
	buf_str(out, q->step ? "]}" : "}");
}

static void fake_leg(struct buf *out, struct fake_query *q, const char *expr,
		     size_t n, const char *tag)
{
	const struct fake_leg *leg = NULL;
	char job[32];
	for (size_t i = 0; i < sizeof(fake_legs) / sizeof(fake_legs[0]); i++) {
		const struct fake_leg *l = &fake_legs[i];
		if (!leg && strncmp(expr, l->begins, strlen(l->begins)) == 0
		    && memmem(expr, n, l->has, strlen(l->has)))
			leg = l;
	}
	for (int s = 0; leg && s < q->services; s++) {
		snprintf(job, sizeof(job), "svc-%03d", s);
		if (!fake_is_asked(expr, n, job))
			continue;
		for (size_t k = 0; k < leg->nr; k++)
			fake_series(out, q, leg, s, leg->first + k, tag);
	}
}

/* ---- a person's own ---------------------------------------------------- */

static bool fake_has(const char *expr, size_t n, const char *part)
{
	return !part || memmem(expr, n, part, strlen(part));
}

static const struct fake_row *fake_row_of(const struct fake_row *own,
					  const char *expr, size_t n)
{
	for (const struct fake_row *r = own; r && (r->has || r->and); r++)
		if (fake_has(expr, n, r->has) && fake_has(expr, n, r->and))
			return r;
	return NULL;
}

/* `[time,"value"]`, or what a histogram is in its place. */
static void fake_own_point(struct buf *out, struct fake_query *q,
			   const struct fake_row *r, int group, time_ms t,
			   bool *any)
{
	double v = r->at ? r->at(group, t) : 0;
	if (r->at && isnan(v))
		return;
	buf_printf(out, "%s[%.3f,", *any ? "," : "", (double)t / 1000);
	if (r->histograms)
		buf_printf(out, "{\"count\":\"1\",\"sum\":\"%s\","
			   "\"buckets\":[[0,\"0\",\"1\",\"1\"]]}]", r->value);
	else if (r->at)
		buf_printf(out, "\"%.17g\"]", v);
	else
		buf_printf(out, "\"%s\"]", r->value);
	*any = true;
	q->points++;
}

static void fake_own_points(struct buf *out, struct fake_query *q,
			    const struct fake_row *r, int group)
{
	bool any = false;
	for (time_ms t = q->from; t <= q->to; t += q->step) {
		fake_own_point(out, q, r, group, t, &any);
		if (!q->step)
			break;
	}
}

static void fake_own_series(struct buf *out, struct fake_query *q,
			    const struct fake_row *r, const char *labels,
			    int group, const char *tag)
{
	const char *at = strstr(labels, "%d");
	struct buf points;
	buf_init(&points, 0);
	fake_own_points(&points, q, r, group);
	if (points.len) {
		buf_str(out, q->any ? ",{\"metric\":{" : "{\"metric\":{");
		if (at)
			buf_printf(out, "%.*s%d%s", (int)(at - labels), labels,
				   group, at + 2);
		else
			buf_str(out, labels);
		if (*tag)
			buf_printf(out, "%s\"" FAKE_TAG "\":\"%s\"",
				   *labels ? "," : "", tag);
		buf_printf(out, "},\"%s%s\":", r->histograms ? "histogram"
			   : "value", !q->step ? "" : "s");
		buf_printf(out, q->step ? "[%s]}" : "%s}", buf_text(&points));
		q->any = true;
	}
	buf_release(&points);
}

static bool fake_own(struct buf *out, struct fake_query *q, const char *expr,
		     size_t n, const char *tag)
{
	const struct fake_row *r = fake_row_of(q->own, expr, n);
	if (!r)
		return false;
	if ((r->status || r->behave) && !q->instead)
		q->instead = r;
	if (r->absent || r->status || r->behave)
		return true;
	for (size_t i = 0; i == 0 || (i < 4 && r->labels[i]); i++)
		for (int g = 0; g < (r->groups ? r->groups : 1); g++)
			fake_own_series(out, q, r,
					r->labels[i] ? r->labels[i] : "", g,
					tag);
	return true;
}

static void fake_any(struct buf *out, struct fake_query *q, const char *expr,
		     size_t n, const char *tag)
{
	if (!fake_own(out, q, expr, n, tag))
		fake_leg(out, q, expr, n, tag);
}

/* "label_replace(EXPR,"redtop_q","17","","") or ...", or a bare EXPR. */
static void fake_answer(struct buf *out, struct fake_query *q,
			const char *text)
{
	static const char open[] = "label_replace(", mark[] = ",\"" FAKE_TAG
							      "\",\"";
	const char *at = text;
	buf_printf(out, "{\"status\":\"success\",\"data\":{\"resultType\":"
		   "\"%s\",\"result\":[", q->step ? "matrix" : "vector");
	if (strncmp(at, open, strlen(open)) != 0)
		fake_any(out, q, at, strlen(at), "");
	while (strncmp(at, open, strlen(open)) == 0) {
		char tag[16];
		const char *expr = at + strlen(open);
		const char *end = strstr(expr, mark);
		if (!end)
			break;
		const char *id = end + strlen(mark);
		snprintf(tag, sizeof(tag), "%.*s", (int)strcspn(id, "\""), id);
		fake_any(out, q, expr, (size_t)(end - expr), tag);
		at = strstr(id, " or label_replace(");
		at = at ? at + strlen(" or ") : "";
	}
	buf_str(out, "]}}");
}

/* ---- requests --------------------------------------------------------- */

static time_ms fake_time(const struct evil_ask *a, const char *name)
{
	struct buf b;
	buf_init(&b, 0);
	evil_form(a, name, &b);
	time_ms t = (time_ms)llround(strtod(buf_text(&b), NULL) * 1000);
	buf_release(&b);
	return t;
}

static size_t fake_asked(const struct fake_prom *f, const struct evil_ask *a,
			 struct evil_answer *out, bool range)
{
	struct buf text;
	struct fake_query q = { .services = f->opt.services,
				.own = f->opt.own };
	q.from = q.to = fake_time(a, "time");
	if (range) {
		q.from = fake_time(a, "start");
		q.to = fake_time(a, "end");
		q.step = fake_time(a, "step");
	}
	buf_init(&text, 0);
	if (evil_form(a, "query", &text) && (!range || q.step > 0)) {
		fake_answer(&out->body, &q, buf_text(&text));
		out->status = 200;
	} else {
		buf_str(&out->body, "{\"status\":\"error\",\"errorType\":"
			"\"bad_data\",\"error\":\"no query\"}");
		out->status = 400;
	}
	buf_release(&text);
	if (q.instead) {
		buf_clear(&out->body);
		out->behave = q.instead->behave;
		out->status = out->behave ? 0 : q.instead->status;
		buf_str(&out->body, out->behave ? "" : q.instead->body);
	}
	return q.points;
}

static void fake_log(struct fake_prom *f, const struct fake_ask *ask)
{
	pthread_mutex_lock(&f->lock);
	MEM_ROOM(f->ask, f->nr, f->cap);
	f->ask[f->nr++] = *ask;
	pthread_mutex_unlock(&f->lock);
}

static int64_t fake_now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fake_script(const struct evil_ask *a, struct evil_answer *out,
			void *arg)
{
	struct fake_prom *f = arg;
	struct fake_ask ask = { .at_us = fake_now_us() };
	size_t prefix = f->opt.prefix ? strlen(f->opt.prefix) : 0;
	const char *path = a->path + prefix;
	if (prefix && strncmp(a->path, f->opt.prefix, prefix) != 0)
		return;
	if ((f->opt.line && !strstr(a->head, f->opt.line))
	    || (f->opt.get_only && strcmp(a->method, "GET") != 0)) {
		out->status = f->opt.line && !strstr(a->head, f->opt.line)
			      ? 401 : 403;
		buf_str(&out->body, a->head); /* as rude ones do */
		return;
	}
	if (strcmp(path, "/api/v1/query") == 0) {
		ask.points = fake_asked(f, a, out, false);
	} else if (strcmp(path, "/api/v1/query_range") == 0) {
		ask.range = true;
		ask.points = fake_asked(f, a, out, true);
	} else if (strcmp(path, "/api/v1/status/buildinfo") == 0) {
		evil_json(out, "{\"status\":\"success\",\"data\":{\"version\":"
			  "\"2.42.0\",\"goVersion\":\"go1.19.8\"}}");
	} else if (strcmp(path, "/api/v1/label/__name__/values") == 0) {
		evil_json(out, "{\"status\":\"success\",\"data\":["
			  "\"%s_bucket\",\"%s_count\",\"%s_sum\",\"up\"]}",
			  FAKE_METRIC, FAKE_METRIC, FAKE_METRIC);
	} else {
		return;
	}
	out->delay_ms = f->opt.delay_ms;
	ask.sent = out->body.len;
	fake_log(f, &ask);
}

struct fake_prom *fake_prom_start(const struct fake_prom_options *o)
{
	struct fake_prom *f = mem_zero(1, sizeof(*f));
	f->opt = *o;
	pthread_mutex_init(&f->lock, NULL);
	f->thread = evil_thread_start(fake_script, f);
	evil_url(evil_thread_server(f->thread), "", f->url);
	return f;
}

void fake_prom_stop(struct fake_prom *f)
{
	evil_thread_stop(f->thread);
	pthread_mutex_destroy(&f->lock);
	free(f->ask);
	free(f);
}

const char *fake_prom_url(const struct fake_prom *f)
{
	return f->url;
}

size_t fake_prom_asked(struct fake_prom *f)
{
	pthread_mutex_lock(&f->lock);
	size_t nr = f->nr;
	pthread_mutex_unlock(&f->lock);
	return nr;
}

struct fake_ask fake_prom_ask(struct fake_prom *f, size_t i)
{
	pthread_mutex_lock(&f->lock);
	struct fake_ask ask = f->ask[i];
	pthread_mutex_unlock(&f->lock);
	return ask;
}

size_t fake_prom_buckets(struct buf *out, int services, time_ms from,
			 time_ms to, time_ms step)
{
	struct fake_query q = { .from = from, .to = to, .step = step,
				.services = services };
	fake_answer(out, &q, "sum by (job, le) (rate(" FAKE_METRIC
		    "_bucket[1m]))");
	return q.points;
}
