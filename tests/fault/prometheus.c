/* The Prometheus source against a server that is told how to misbehave: what
 * is asked, in which words, how often, and what is made of what comes. */
#include "sources/prometheus.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/routes.h"
#include "model/store.h"
#include "tests/fault/evil.c"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <uv.h>
#include <cmocka.h>

#define LOG 400
#define STEP 15000
#define FAMILY "http_request_duration_seconds"

/* What the server is and does. */
struct world {
	/* behaviour */
	const char *build;        /* body of buildinfo; NULL: 404 */
	int refuse_post;          /* status for POST, 0: fine */
	int all_status;           /* of everything, 0: fine */
	const char *all_body, *all_head;
	const char *behave;       /* everything like this path */
	bool no_label_values;
	bool no_live_words;       /* 422 on latency_offset */
	const char *bad_word;     /* a query with it is a parse error */
	const char *late_word;    /* 422 deadline exceeded, once */
	const char *hang_word;    /* never answered */
	const char *big_word;     /* too many samples for the server */
	const char *const *job;   /* names, escaped as in a string; NULL: two */
	const char *const *route; /* the first job's likewise; NULL: none */
	bool repeats;             /* its newest 30 s are the value before */
	bool web_gone, many_buckets, native, empty, untouched_by_up;
	time_ms deploy_at;        /* v2 from here on; 0: only v1 */
	time_ms skew;             /* of the Date header */
	int delay_ms;
	const char *prefix;       /* path before /api */
	/* what happened */
	char *log[LOG];           /* "POST /api/v1/query?query=..." */
	bool posted[LOG];
	uint64_t when[LOG];       /* uv_hrtime() */
	size_t nr;
	unsigned late_told;
};

static time_ms now_ms(void)
{
	struct timeval tv;
	gettimeofday(&tv, NULL);
	return (time_ms)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

/* ---- the server's answers ------------------------------------------------ */

struct answer {
	struct buf *out;
	size_t nr;
	const char *tag;          /* `"redtop_q":"17",` or "" */
	bool range;
	time_ms from, to, step;
	time_ms flat;             /* later values are that of this moment */
};

static const char *const *jobs_of(const struct world *w)
{
	static const char *const two[] = { "api", "web", NULL };
	return w->job ? w->job : two;
}

/* A value that tells its time, so that a wrong one is seen. */
static double value_at(double base, time_ms t)
{
	return base + (double)(t / 1000 % 1000) / 1000;
}

static void add_series(struct answer *a, const char *labels, double base,
		       time_ms since, time_ms until)
{
	buf_printf(a->out, "%s{\"metric\":{%s%s},", a->nr++ ? "," : "", a->tag,
		   labels);
	if (!a->range) {
		buf_printf(a->out, "\"value\":[%lld.5,\"%.17g\"]}",
			   (long long)a->to / 1000, base);
		return;
	}
	buf_str(a->out, "\"values\":[");
	bool first = true;
	for (time_ms t = a->from; t <= a->to; t += a->step) {
		if (t < since || (until && t >= until))
			continue;
		buf_printf(a->out, "%s[%lld.%03d,\"%.17g\"]", first ? "" : ",",
			   (long long)(t / 1000), (int)(t % 1000),
			   value_at(base, t));
		first = false;
	}
	buf_str(a->out, "]}");
}

/* A hundred requests: half of them within 0.25 s, all within 0.5 s. */
static void add_histogram(struct answer *a, const char *labels)
{
	static const char h[] = "{\"count\":\"100\",\"sum\":\"20\",\"buckets\":"
		"[[0,\"0.125\",\"0.25\",\"50\"],[0,\"0.25\",\"0.5\",\"50\"]]}";
	buf_printf(a->out, "%s{\"metric\":{%s%s},", a->nr++ ? "," : "", a->tag,
		   labels);
	if (!a->range) {
		buf_printf(a->out, "\"histogram\":[%lld.5,%s]}",
			   (long long)a->to / 1000, h);
		return;
	}
	buf_str(a->out, "\"histograms\":[");
	for (time_ms t = a->from; t <= a->to; t += a->step)
		buf_printf(a->out, "%s[%lld,%s]", t > a->from ? "," : "",
			   (long long)(t / 1000), h);
	buf_str(a->out, "]}");
}

static const char *const bounds[] = { "0.1", "1", "+Inf" };

static void add_by(struct answer *a, const char *labels, const char *label,
		   const char *value, double base)
{
	struct buf l;
	buf_init(&l, 0);
	buf_printf(&l, "%s,\"%s\":\"%s\"", labels, label, value);
	add_series(a, l.s, base, 0, 0);
	buf_release(&l);
}

static void add_version(struct answer *a, const struct world *w,
			const char *labels)
{
	struct buf l;
	buf_init(&l, 0);
	buf_printf(&l, "%s,\"version\":\"v1\"", labels);
	add_series(a, l.s, 1, 0, w->deploy_at);
	if (w->deploy_at) {
		buf_clear(&l);
		buf_printf(&l, "%s,\"version\":\"v2\"", labels);
		add_series(a, l.s, 1, w->deploy_at, 0);
	}
	buf_release(&l);
}

/* The k-th route has k + 1 requests/s, a tenth of it errors. */
static void add_routes(struct answer *a, const struct world *w, bool buckets,
		       const char *labels)
{
	for (size_t k = 0; w->route && w->route[k]; k++) {
		double rate = (double)k + 1;
		struct buf l;
		buf_init(&l, 0);
		buf_printf(&l, "%s,\"handler\":\"%s\"", labels, w->route[k]);
		for (size_t i = 0; buckets && i < 3; i++)
			add_by(a, l.s, "le", bounds[i],
			       rate * (i ? 1 : 0.5));
		if (!buckets) {
			add_by(a, l.s, "code", "200", rate * 0.9);
			add_by(a, l.s, "code", "500", rate * 0.1);
		}
		buf_release(&l);
	}
}

static void add_job(struct answer *a, const struct world *w, enum red_role role,
		    const char *labels, bool first)
{
	switch (role) {
	case RED_BUCKETS:
		for (int k = 0; k < 3; k++)
			add_by(a, labels, "le", bounds[k], 5 + 3 * k);
		break;
	case RED_NATIVE:
		add_histogram(a, labels);
		break;
	case RED_VERSION:
		add_version(a, w, labels);
		break;
	case RED_SUM:
		add_series(a, labels, 1, 0, 0);
		break;
	case RED_ROUTES: case RED_ROUTE_BUCKETS:
		if (first)
			add_routes(a, w, role == RED_ROUTE_BUCKETS, labels);
		break;
	default:
		add_by(a, labels, "code", "200", 10);
		add_by(a, labels, "code", "500", 0.1);
	}
}

static void add_role(struct answer *a, const struct world *w, unsigned id,
		     const char *query)
{
	const char *const *jobs = jobs_of(w);
	for (size_t i = 0; jobs[i]; i++) {
		struct buf l;
		buf_init(&l, 0);
		buf_printf(&l, "job=\"%s\"", jobs[i]);
		bool asked = !strstr(query, "job=\"") || strstr(query, l.s);
		buf_clear(&l);
		buf_printf(&l, "\"job\":\"%s\"", jobs[i]);
		if (asked && !(w->web_gone && i == 1))
			add_job(a, w, id % 16, l.s, i == 0);
		buf_release(&l);
	}
}

/* Without a tag the question is told by its words. */
static unsigned role_of(const char *query)
{
	if (strstr(query, ", handler, "))
		return strstr(query, "_bucket") ? RED_ROUTE_BUCKETS
						: RED_ROUTES;
	return strstr(query, "_bucket") ? RED_BUCKETS :
	       strstr(query, "(job) (rate(" FAMILY "{") ? RED_NATIVE :
	       strstr(query, "build_info") ? RED_VERSION :
	       strstr(query, "_sum") ? RED_SUM :
	       strstr(query, "[5m]") ? RED_BURN_5M : RED_RATE;
}

static void answer_questions(struct answer *a, const struct world *w,
			     const char *query)
{
	const char *p = query;
	if (!strstr(query, "redtop_q")) {
		add_role(a, w, role_of(query), query);
		return;
	}
	while ((p = strstr(p, "\"redtop_q\",\""))) {
		char tag[60];
		unsigned id = (unsigned)atoi(p += 12);
		snprintf(tag, sizeof(tag), "\"redtop_q\":\"%u\",", id);
		a->tag = tag;
		add_role(a, w, id, "");
	}
}

static void answer_counts(struct answer *a, const struct world *w)
{
	char l[2000];
	const char *const *jobs = jobs_of(w);
	for (size_t i = 0; jobs[i] && !w->empty; i++) {
		if (w->web_gone && i == 1)
			break;
		for (int k = 0; k < 2; k++) {
			snprintf(l, sizeof(l), "\"redtop_q\":\"1\",\"__name__\":\""
				 "%s\",\"job\":\"%s\",\"code\":\"%d\"",
				 w->native ? FAMILY : FAMILY "_count", jobs[i],
				 k ? 500 : 200);
			add_series(a, l, 1, 0, 0);
		}
		snprintf(l, sizeof(l), "\"redtop_q\":\"2\",\"__name__\":\"" FAMILY
			 "_bucket\",\"job\":\"%s\"", jobs[i]);
		if (!w->native)
			add_series(a, l, w->many_buckets ? 40000 : 6, 0, 0);
		snprintf(l, sizeof(l), "\"redtop_q\":\"1\",\"__name__\":\""
			 "shop_build_info\",\"job\":\"%s\"", jobs[i]);
		add_series(a, l, 1, 0, 0);
	}
}

static void answer_activity(struct answer *a, const struct world *w)
{
	if (!w->native)
		return;
	buf_printf(a->out, "{\"metric\":{\"redtop_q\":\"5\",\"__name__\":\""
		   FAMILY "\",\"job\":\"api\"},\"histogram\":[%lld,{\"count\":"
		   "\"10\",\"sum\":\"1\",\"buckets\":[[0,\"1\",\"2\",\"10\"]]}]}",
		   (long long)a->to / 1000);
}

static void answer_intervals(struct answer *a, const struct world *w)
{
	static const int counts[] = { 40, 20, 4, 1 };
	char l[2000];
	const char *const *jobs = jobs_of(w);
	for (int i = 0; i < 4 && !w->untouched_by_up; i++)
		for (size_t k = 0; jobs[k]; k++) {
			snprintf(l, sizeof(l), "\"redtop_q\":\"%d\",\"job\":\"%s\"",
				 7 + i, jobs[k]);
			add_series(a, l, counts[i], 0, 0);
		}
}

static void answer_query(struct world *w, const struct evil_ask *ask,
			 struct evil_answer *out, const char *query)
{
	struct answer a = { .out = &out->body, .tag = "" };
	a.flat = w->repeats ? time_floor(now_ms() - 30000, STEP) : INT64_MAX;
	struct buf s;
	buf_init(&s, 0);
	a.range = strstr(ask->path, "query_range") != NULL;
	if (a.range) {
		evil_form(ask, "start", &s);
		a.from = (time_ms)(strtod(s.s, NULL) * 1000 + .5);
		buf_clear(&s);
		evil_form(ask, "end", &s);
		a.to = (time_ms)(strtod(s.s, NULL) * 1000 + .5);
		buf_clear(&s);
		evil_form(ask, "step", &s);
		a.step = (time_ms)(strtod(s.s, NULL) * 1000 + .5);
	} else {
		evil_form(ask, "time", &s);
		a.to = (time_ms)(strtod(buf_text(&s), NULL) * 1000 + .5);
	}
	buf_release(&s);
	evil_json(out, "{\"status\":\"success\",\"data\":{\"resultType\":\"%s\","
		  "\"result\":[", a.range ? "matrix" : "vector");
	if (strstr(query, "count by (__name__,job"))
		answer_counts(&a, w);
	else if (strstr(query, "count by (__name__)"))
		add_series(&a, "\"__name__\":\"" FAMILY "_count\"", 1, 0, 0),
		add_series(&a, "\"__name__\":\"" FAMILY "_sum\"", 1, 0, 0),
		add_series(&a, "\"__name__\":\"" FAMILY "_bucket\"", 1, 0, 0);
	else if (strstr(query, "count_over_time"))
		answer_intervals(&a, w);
	else if (strstr(query, "offset 1m"))
		answer_activity(&a, w);
	else
		answer_questions(&a, w, query);
	buf_str(&out->body, "]}}");
}

static void answer_names(const struct world *w, struct evil_answer *out)
{
	if (w->no_label_values) {
		out->status = 403;
		buf_str(&out->body, "forbidden");
	} else if (w->native) {
		evil_json(out, "{\"status\":\"success\",\"data\":[\"up\",\""
			  FAMILY "\",\"shop_build_info\"]}");
	} else {
		evil_json(out, "{\"status\":\"success\",\"data\":[\"up\",\""
			  FAMILY "_bucket\",\"" FAMILY "_sum\",\"" FAMILY
			  "_count\",\"db_query_duration_seconds_count\","
			  "\"db_query_duration_seconds_sum\","
			  "\"shop_build_info\"]}");
	}
}

static bool has(const char *query, const char *word)
{
	return word && strstr(query, word);
}

static void refuse(struct evil_answer *out, int status, const char *type,
		   const char *text)
{
	evil_json(out, "{\"status\":\"error\",\"errorType\":\"%s\",\"error\":"
		  "\"%s\"}", type, text);
	out->status = status;
}

static void note(struct world *w, const struct evil_ask *ask)
{
	if (w->nr == LOG)
		return;
	struct buf b;
	buf_init(&b, 0);
	const char *form = *ask->body ? ask->body : ask->query;
	buf_printf(&b, "%s?", ask->path);
	static const char *const fields[] = { "query", "time", "start", "end",
		"step", "timeout", "nocache", "latency_offset", "match[]" };
	(void)form;
	for (size_t i = 0; i < 9; i++) {
		struct buf v;
		buf_init(&v, 0);
		if (evil_form(ask, fields[i], &v))
			buf_printf(&b, "%s=%s&", fields[i], buf_text(&v));
		buf_release(&v);
	}
	w->posted[w->nr] = strcmp(ask->method, "POST") == 0;
	w->when[w->nr] = uv_hrtime();
	w->log[w->nr++] = b.s;
}

static void script(const struct evil_ask *ask, struct evil_answer *out,
		   void *arg)
{
	struct world *w = arg;
	struct buf q;
	note(w, ask);
	out->delay_ms = w->delay_ms;
	if (w->skew) {
		time_t t = (time_t)((now_ms() + w->skew) / 1000);
		char date[64];
		strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
			 gmtime(&t));
		buf_str(&out->head, date);
	}
	if (w->behave) {
		out->behave = w->behave;
		return;
	}
	if (w->all_status) {
		out->status = w->all_status;
		out->type = *w->all_body == '{' ? NULL : "text/plain";
		buf_str(&out->body, w->all_body);
		if (w->all_head)
			buf_str(&out->head, w->all_head);
		return;
	}
	const char *path = ask->path;
	if (w->prefix && strncmp(path, w->prefix, strlen(w->prefix)) == 0)
		path += strlen(w->prefix);
	buf_init(&q, 0);
	evil_form(ask, "query", &q);
	const char *query = buf_text(&q);
	bool post = strcmp(ask->method, "POST") == 0;
	struct buf live;
	buf_init(&live, 0);
	if (strcmp(path, "/api/v1/status/buildinfo") == 0 && w->build)
		evil_json(out, "%s", w->build);
	else if (strcmp(path, "/api/v1/label/__name__/values") == 0)
		answer_names(w, out);
	else if (strncmp(path, "/api/v1/query", 13) != 0)
		out->status = 404;
	else if (post && w->refuse_post)
		out->status = w->refuse_post;
	else if (w->no_live_words && evil_form(ask, "latency_offset", &live))
		refuse(out, 422, "422", "unknown arg latency_offset");
	else if (has(query, w->bad_word))
		refuse(out, 400, "bad_data", "1:2: parse error: no such thing");
	else if (has(query, w->big_word))
		refuse(out, 422, "execution", "query processing would load "
		       "too many samples into memory in query execution");
	else if (has(query, w->late_word) && w->late_told++ == 0)
		refuse(out, 422, "execution", "expanding series: context deadline exceeded");
	else if (has(query, w->hang_word))
		out->behave = "/hang";
	else
		answer_query(w, ask, out, query);
	buf_release(&live);
	buf_release(&q);
}

/* ---- the rig ------------------------------------------------------------- */

#define BATCHES 200

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog, later;
	struct world w;
	struct evil *evil;
	struct source src;
	struct want want;
	struct store *store;
	struct batch *batch[BATCHES]; /* kept, in order */
	size_t nr, ticks, polls;
	bool closed;
	struct batch *end;            /* the newest tick */
};

static const char prom242[] = "{\"status\":\"success\",\"data\":{\"version\":"
			      "\"2.42.0\",\"goVersion\":\"go1.19\"}}";
static const char victoria[] = "{\"status\":\"success\",\"data\":{\"version\":"
			       "\"2.24.0\"}}";

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct rig *r = arg;
	if (!b->source)
		b->source = src->name;
	assert_int_equal(b->error != NULL, b->fault != FAULT_NONE);
	store_apply(r->store, b);
	assert_true(r->nr < BATCHES);
	r->batch[r->nr++] = b;
	if (b->tick) {
		r->ticks++;
		r->end = b;
	}
}

static void on_ended(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	r->polls++;
	uv_stop(&r->loop);
}

static void on_closed(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	r->closed = true;
}

static void on_watchdog(uv_timer_t *t)
{
	(void)t;
	fail_msg("the loop hangs");
}

static void rig_open(struct rig *r, const char *path, const char *match)
{
	char url[EVIL_URL];
	assert_int_equal(uv_loop_init(&r->loop), 0);
	uv_timer_init(&r->loop, &r->watchdog);
	uv_timer_init(&r->loop, &r->later);
	uv_timer_start(&r->watchdog, on_watchdog, 50000, 0);
	uv_unref((uv_handle_t *)&r->watchdog);
	if (!r->w.build)
		r->w.build = prom242;
	if (strcmp(r->w.build, "refused") == 0)
		r->w.build = NULL;
	r->evil = evil_new(&r->loop, script, &r->w);
	r->store = store_new(0);
	r->src = (struct source){
		.ops = &prometheus_ops, .loop = &r->loop, .name = "prom",
		.state = mem_zero(1, prometheus_ops.state_size),
		.opt = { .timeout = 5000, .match = match },
		.sink = sink, .ended = on_ended, .closed = on_closed, .arg = r,
	};
	assert_int_equal(prometheus_ops.open(&r->src,
					     evil_url(r->evil, path, url), NULL), 0);
	r->want = (struct want){ .at = TIME_NONE, .back = 900000, .step = STEP,
				 .charts = true };
}

static struct rig *rig_new(struct rig *r)
{
	rig_open(r, "", NULL);
	return r;
}

/* One poll; returns the index of its first batch. */
static size_t poll_once(struct rig *r)
{
	size_t first = r->nr, polls = r->polls;
	prometheus_ops.poll(&r->src, &r->want);
	while (r->polls == polls)
		uv_run(&r->loop, UV_RUN_DEFAULT);
	return first;
}

static void rig_close(struct rig *r)
{
	prometheus_ops.close(&r->src);
	evil_close(r->evil, NULL, NULL);
	uv_close((uv_handle_t *)&r->watchdog, NULL);
	uv_close((uv_handle_t *)&r->later, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_true(r->closed);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	for (size_t i = 0; i < r->nr; i++)
		batch_free(r->batch[i]);
	for (size_t i = 0; i < r->w.nr; i++)
		free(r->w.log[i]);
	store_free(r->store);
	free(r->src.state);
	free(r->src.url);
}

static double field_of(const char *log, const char *name)
{
	char key[40];
	snprintf(key, sizeof(key), "&%s=", name);
	const char *p = strstr(log, key);
	return p ? strtod(p + strlen(key), NULL) : -1;
}

static size_t count_log(const struct rig *r, size_t first, const char *word)
{
	size_t n = 0;
	for (size_t i = first; i < r->w.nr; i++)
		n += strstr(r->w.log[i], word) != NULL;
	return n;
}

static const struct catalog *catalog_of(const struct rig *r)
{
	return store_source(r->store, "prom")->catalog;
}

/* ---- what is asked ------------------------------------------------------- */

static void a_first_poll_brings_rows_and_charts(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	const struct catalog *c = catalog_of(&r);
	assert_non_null(c);
	assert_int_equal(c->nr_shapes, 1);
	assert_int_equal(c->nr_services, 2);
	assert_int_equal(c->requests, 5);
	assert_int_equal(c->unknown, 1);
	assert_int_equal(c->shape[0].interval, 15000);
	assert_string_equal(store_source(r.store, "prom")->identity,
			    "Prometheus 2.42.0");
	assert_non_null(r.batch[0]->catalog);
	assert_false(r.batch[0]->tick);
	assert_int_equal(r.ticks, 1);
	assert_true(r.batch[r.nr - 1]->tick);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_false(r.end->partial);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_UP);
	const struct service *const *s;
	assert_int_equal(store_services(r.store, &s), 2);
	assert_int_equal(s[0]->nr[RED_RATE], 2);
	assert_int_equal(s[0]->nr[RED_BUCKETS], 3);
	assert_int_equal(s[0]->series[RED_RATE][0]->nr, 61);
	assert_int_equal(s[0]->series[RED_RATE][0]->now_t, r.end->at);
	/* Instants come before ranges, the rates first. */
	bool range = false;
	for (size_t i = 1; i + 1 < r.nr; i++) {
		assert_false(range && r.batch[i]->instant);
		range |= !r.batch[i]->instant;
	}
	/* Two are under way at once, so the first asked may come second. */
	assert_true(r.batch[1]->asked[0] % 16 == RED_RATE ||
		    r.batch[2]->asked[0] % 16 == RED_RATE);
	rig_close(&r);
}

static void a_server_without_services_is_asked_again_every_time(void **state)
{
	struct rig r = { 0 };
	const struct service *const *s;
	(void)state;
	r.w.empty = true;
	rig_new(&r);
	poll_once(&r);
	size_t before = r.w.nr;
	assert_int_equal(store_services(r.store, &s), 0);
	poll_once(&r);
	assert_true(r.w.nr > before);
	r.w.empty = false;
	poll_once(&r);
	assert_true(store_services(r.store, &s) > 0);
	r.w.all_status = 502;
	r.w.all_body = "gone";
	poll_once(&r);
	assert_int_not_equal(store_source(r.store, "prom")->state, SOURCE_UP);
	rig_close(&r);
}

static void times_are_on_the_grid_and_never_ahead(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	r.want.step = 500;
	r.want.back = 3600000LL * 24;
	time_ms before = now_ms();
	poll_once(&r);
	size_t ranges = 0;
	for (size_t i = 0; i < r.w.nr; i++) {
		const char *l = r.w.log[i];
		const char *dot = strstr(l, "&time=");
		dot = dot ? strchr(dot + 1, '.') : NULL;
		if (dot)
			assert_true(strspn(dot + 1, "0123456789") <= 3);
		if (!strstr(l, "query_range"))
			continue;
		ranges++;
		time_ms from = (time_ms)(field_of(l, "start") * 1000 + .5);
		time_ms to = (time_ms)(field_of(l, "end") * 1000 + .5);
		assert_int_equal(from % 500, 0);
		assert_int_equal(to % 500, 0);
		assert_true((to - from) / 500 <= 11000);
		assert_true(to <= now_ms() && to > before - 2000);
		assert_true(field_of(l, "timeout") * 1000 <=
			    (double)r.src.period);
	}
	assert_true(ranges >= 3);
	rig_close(&r);
}

static void two_are_on_their_way_and_a_third_for_a_key(void **state)
{
	(void)state;
	for (unsigned hurry = 0; hurry < 2; hurry++) {
		struct rig r = { .w = { .delay_ms = 60 } };
		rig_new(&r);
		r.want.hurry = hurry;
		poll_once(&r);
		unsigned most = 0;
		for (size_t i = 0; i < r.w.nr; i++) {
			unsigned n = 0;
			for (size_t k = 0; k <= i; k++)
				n += r.w.when[i] - r.w.when[k] < 55000000;
			most = n > most ? n : most;
		}
		assert_int_equal(most, 2 + hurry);
		/* No question twice. */
		for (size_t i = 0; i < r.w.nr; i++)
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(r.w.log[i], r.w.log[k]);
		rig_close(&r);
	}
}

static void only_the_tail_is_asked_again(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	r.w.web_gone = true;
	size_t asked = r.w.nr, first = poll_once(&r);
	assert_int_equal(count_log(&r, asked, "label/__name__"), 0);
	size_t ranges = 0;
	for (size_t i = first; i < r.nr; i++) {
		const struct batch *b = r.batch[i];
		if (b->instant)
			continue;
		ranges++;
		assert_int_equal(b->to - b->from, STEP + 60000);
		assert_int_equal(b->settled, b->at - 60000);
	}
	assert_true(ranges >= 3);
	/* What is absent in the tail is gone, what was before stays. */
	const struct service *const *s;
	size_t n = store_services(r.store, &s);
	assert_int_equal(n, 2);
	for (size_t i = 0; i < n; i++) {
		const struct series *x = s[i]->series[RED_RATE][0];
		bool web = strcmp(s[i]->name, "web") == 0;
		time_ms tail = r.batch[r.nr - 2]->from;
		assert_int_equal(x->t[x->nr - 1] >= tail, !web);
		assert_true(x->nr >= 55);
	}
	rig_close(&r);
}

static void the_whole_window_is_asked_when_it_must(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	static const struct want changes[] = {
		{ .step = STEP, .back = 900000, .whole = true },
		{ .step = 2 * STEP, .back = 900000 },
		{ .step = 2 * STEP, .back = 1800000 },
	};
	for (size_t i = 0; i < 3; i++) {
		r.want = changes[i];
		r.want.at = TIME_NONE;
		r.want.charts = true;
		size_t first = poll_once(&r);
		for (size_t k = first; k < r.nr; k++)
			if (!r.batch[k]->instant)
				assert_true(r.batch[k]->to - r.batch[k]->from >=
					    r.want.back);
	}
	size_t first = poll_once(&r);
	for (size_t k = first; k < r.nr; k++)
		if (!r.batch[k]->instant)
			assert_true(r.batch[k]->to - r.batch[k]->from < 200000);
	rig_close(&r);
}

static void rows_alone_cost_no_ranges(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	r.want.charts = false;
	poll_once(&r);
	assert_int_equal(count_log(&r, 0, "query_range"), 0);
	assert_int_equal(r.end->fault, FAULT_NONE);
	rig_close(&r);
}

static void match_is_in_every_selector(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_open(&r, "", "{namespace=\"s+h&p\"}");
	poll_once(&r);
	assert_int_equal(catalog_of(&r)->nr_services, 2);
	for (size_t i = 0; i < r.w.nr; i++) {
		const char *l = r.w.log[i];
		if (strstr(l, "buildinfo"))
			continue;
		size_t selectors = 0, matches = 0;
		for (const char *p = l; (p = strchr(p, '{')); p++)
			selectors++;
		for (const char *p = l; (p = strstr(p, "namespace=\"s+h&p\"")); p++)
			matches++;
		assert_true(selectors > 0);
		assert_int_equal(selectors, matches);
	}
	rig_close(&r);
}

static void a_prefix_makes_no_double_slash(void **state)
{
	(void)state;
	static const char *const paths[] = { "/prom", "/prom/", "/prom//" };
	for (size_t i = 0; i < 3; i++) {
		struct rig r = { .w = { .prefix = "/prom" } };
		rig_open(&r, paths[i], NULL);
		poll_once(&r);
		assert_int_equal(catalog_of(&r)->nr_services, 2);
		for (size_t k = 0; k < r.w.nr; k++) {
			assert_int_equal(strncmp(r.w.log[k], "/prom/api/v1/", 13), 0);
		}
		rig_close(&r);
	}
}

/* ---- other servers ------------------------------------------------------- */

static void post_is_refused_and_get_is_remembered(void **state)
{
	(void)state;
	static const int codes[] = { 403, 405, 501 };
	for (size_t i = 0; i < 3; i++) {
		struct rig r = { .w = { .refuse_post = codes[i] } };
		rig_new(&r);
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_NONE);
		assert_int_equal(catalog_of(&r)->nr_services, 2);
		size_t posts = 0, before = r.w.nr;
		for (size_t k = 0; k < before; k++)
			posts += r.w.posted[k];
		assert_true(posts >= 1 && posts <= 2);
		poll_once(&r);
		for (size_t k = before; k < r.w.nr; k++)
			assert_false(r.w.posted[k]);
		rig_close(&r);
	}
}

static void credentials_that_are_missing_are_asked_once(void **state)
{
	struct rig r = { .w = { .all_status = 401, .all_body = "Unauthorized" } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_AUTH);
	assert_true(r.w.nr <= 2);
	assert_int_equal(r.nr, 1);
	rig_close(&r);
}

static void victoria_is_asked_for_what_is_live(void **state)
{
	struct rig r = { .w = { .build = victoria } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_string_equal(store_source(r.store, "prom")->identity,
			    "VictoriaMetrics");
	size_t queries = count_log(&r, 0, "query_range");
	assert_true(queries >= 3);
	for (size_t i = 2; i < r.w.nr; i++)
		assert_non_null(strstr(r.w.log[i], "nocache=1&latency_offset=1ms"));
	size_t first = poll_once(&r);
	for (size_t i = first; i < r.nr; i++)
		if (!r.batch[i]->instant)
			assert_int_equal(r.batch[i]->settled,
					 r.batch[i]->at - 35000);
	/* history: caches may answer */
	size_t before = r.w.nr;
	r.want.at = now_ms() - 600000;
	poll_once(&r);
	assert_int_equal(r.end->at, r.want.at);
	assert_int_equal(count_log(&r, before, "nocache"), 0);
	rig_close(&r);
}

/* Its newest samples come in when its buffers are flushed: what is shown of a
 * moment is what will be shown of it later. */
static void victoria_is_asked_for_what_has_settled(void **state)
{
	struct rig r = { .w = { .build = victoria } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	time_ms before = now_ms();
	poll_once(&r);
	assert_true(r.end->at <= now_ms() - 2000);
	assert_true(r.end->at >= before - 3000);
	rig_close(&r);
}

static void victoria_without_the_words_still_answers(void **state)
{
	struct rig r = { .w = { .build = victoria, .no_live_words = true } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_false(r.end->partial);
	size_t before = r.w.nr;
	poll_once(&r);
	assert_int_equal(count_log(&r, before, "nocache"), 0);
	rig_close(&r);
}

static void a_server_that_tells_nothing_still_works(void **state)
{
	struct rig r = { .w = { .build = "refused", .no_label_values = true,
				.untouched_by_up = true } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	const struct catalog *c = catalog_of(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_int_equal(c->nr_services, 2);
	assert_int_equal(c->requests, 6);
	assert_null(c->version);
	assert_true(c->shape[0].interval_guessed);
	assert_int_equal(c->shape[0].interval, 60000);
	assert_int_equal(c->shape[0].window, 240000);
	size_t first = poll_once(&r);
	for (size_t i = first; i < r.nr; i++)
		if (!r.batch[i]->instant)
			assert_int_equal(r.batch[i]->to - r.batch[i]->from,
					 120000 + STEP);
	rig_close(&r);
}

static void native_histograms_make_services_too(void **state)
{
	struct rig r = { .w = { .native = true } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	const struct catalog *c = catalog_of(&r);
	assert_int_equal(c->nr_services, 1);
	assert_int_equal(c->shape[0].method, METHOD_NATIVE);
	assert_string_equal(c->service[0].name, "api");
	rig_close(&r);
}

static void a_server_without_services_is_up(void **state)
{
	struct rig r = { .w = { .empty = true } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_int_equal(catalog_of(&r)->nr_services, 0);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_UP);
	rig_close(&r);
}

static void a_foreign_clock_moves_what_is_asked(void **state)
{
	struct rig r = { .w = { .skew = -3600000 } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	time_ms off = r.end->at - (now_ms() - 3600000);
	assert_true(off > -3000 && off < 2000);
	double skew = r.end->status->skew_s;
	assert_true(skew > -3601.5 && skew < -3598.5);
	assert_int_equal(catalog_of(&r)->nr_services, 2);
	for (size_t i = 0; i < r.w.nr; i++)
		if (strstr(r.w.log[i], "query_range"))
			assert_true(field_of(r.w.log[i], "end") * 1000 <=
				    (double)(now_ms() - 3598000));
	rig_close(&r);
}

/* ---- what goes wrong ----------------------------------------------------- */

static void a_bad_question_fails_alone(void **state)
{
	struct rig r = { .w = { .bad_word = "_sum" } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_true(r.end->partial);
	assert_true(r.end->nr_warnings >= 1);
	assert_non_null(strstr(r.end->warning[0],
			       "sum of http_request_duration_seconds"));
	assert_non_null(strstr(r.end->warning[0], "parse error"));
	const struct service *const *s;
	store_services(r.store, &s);
	assert_int_equal(s[0]->nr[RED_RATE], 2);
	assert_int_equal(s[0]->nr[RED_BURN_5M], 2);
	assert_int_equal(s[0]->nr[RED_BURN_1H], 2);
	assert_int_equal(s[0]->nr[RED_SUM], 0);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_PARTIAL);
	/* The charts that came are not asked whole for ever. */
	size_t first = poll_once(&r);
	for (size_t i = first; i < r.nr; i++)
		if (!r.batch[i]->instant)
			assert_true(r.batch[i]->to - r.batch[i]->from < 200000);
	rig_close(&r);
}

static void a_passing_fault_is_tried_once_more(void **state)
{
	struct rig r = { .w = { .late_word = "_bucket[" } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	r.w.late_word = "http_request_duration_seconds_bucket";
	r.w.late_told = 0;
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_false(r.end->partial);
	assert_int_equal(r.end->status->retries, 1);
	rig_close(&r);
}

static void a_busy_server_is_asked_less(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	assert_int_equal(r.src.period, 15000);
	r.w.all_status = 429;
	r.w.all_body = "too many requests";
	r.w.all_head = "Retry-After: 40\r\n";
	size_t before = r.w.nr;
	time_ms now = now_ms();
	poll_once(&r);
	assert_true(r.w.nr - before <= 2);
	assert_int_equal(r.end->fault, FAULT_THROTTLED);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_THROTTLED);
	assert_int_equal(r.src.period, 30000);
	assert_true(r.end->status->next >= now + 39000);
	r.w.all_status = 0;
	time_ms last = r.src.period;
	for (int i = 0; i < 4; i++) {
		poll_once(&r);
		assert_true(r.src.period <= last);
		if (i == 0)
			assert_true(r.src.period > 15000);
		last = r.src.period;
	}
	assert_int_equal(r.src.period, 15000);
	rig_close(&r);
}

static void every_refusal_has_its_name(void **state)
{
	(void)state;
	static const struct {
		struct world w;
		enum fault fault;
		const char *word;
	} t[] = {
		{ { .all_status = 503, .all_body = "Service Unavailable" },
		  FAULT_STARTING, "starting" },
		{ { .behave = "/redirect" }, FAULT_REDIRECT, "redirect" },
		{ { .all_status = 200, .all_body = "<html><title>Node Exporter"
		    "</title></html>" }, FAULT_NOT_API, "Node Exporter" },
		{ { .all_status = 404, .all_body = "404 page not found" },
		  FAULT_NOT_API, "404" },
		{ { .all_status = 200, .all_body = "{\"status\":\"succ" },
		  FAULT_BAD_ANSWER, "" },
		{ { .behave = "/rst" }, FAULT_NETWORK, "127.0.0.1" },
		{ { .all_status = 403, .all_body = "<html>Forbidden</html>" },
		  FAULT_AUTH, "403" },
		{ { .all_status = 502, .all_body = "<html>Bad Gateway</html>" },
		  FAULT_SERVER, "502" },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct rig r = { .w = t[i].w };
		rig_new(&r);
		poll_once(&r);
		if (r.end->fault != t[i].fault)
			print_message("case %zu: %s\n", i, r.end->error);
		assert_int_equal(r.end->fault, t[i].fault);
		assert_non_null(strstr(r.end->error, t[i].word));
		assert_non_null(strstr(r.end->error, "127.0.0.1"));
		assert_true(strlen(r.end->error) <= LIMIT_SENTENCE);
		assert_int_equal(r.ticks, 1);
		assert_true(r.w.nr <= 8);
		rig_close(&r);
	}
}

static void a_dead_server_keeps_what_is_known(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	r.w.behave = "/rst-early";
	poll_once(&r);
	const struct store_source *p = store_source(r.store, "prom");
	assert_int_equal(p->state, SOURCE_STALE);
	assert_int_equal(p->catalog->nr_services, 2);
	assert_int_equal(r.end->fault, FAULT_NETWORK);
	rig_close(&r);
}

static void a_hanging_server_ends_with_the_deadline(void **state)
{
	struct rig r = { .w = { .behave = "/hang" } };
	(void)state;
	rig_new(&r);
	r.want.deadline = 300;
	uint64_t began = uv_hrtime();
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_TIMEOUT);
	assert_true(uv_hrtime() - began < 20000000000ull);
	rig_close(&r);
}

static void what_came_before_the_deadline_stays(void **state)
{
	struct rig r = { .w = { .hang_word = "_bucket{" } };
	(void)state;
	rig_new(&r);
	r.w.hang_word = NULL;
	poll_once(&r);
	r.w.hang_word = FAMILY "_bucket";
	r.want.deadline = 1500;
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_true(r.end->partial);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_PARTIAL);
	rig_close(&r);
}

static void on_later(uv_timer_t *t)
{
	struct rig *r = t->data;
	prometheus_ops.cancel(&r->src);
}

static void a_cancelled_poll_ends_at_once(void **state)
{
	(void)state;
	for (unsigned ms = 0; ms < 60; ms += 6) {
		struct rig r = { .w = { .delay_ms = 10 } };
		rig_new(&r);
		prometheus_ops.cancel(&r.src); /* without one: harmless */
		r.later.data = &r;
		uv_timer_start(&r.later, on_later, ms, 0);
		poll_once(&r);
		assert_int_equal(r.polls, 1);
		for (size_t i = 0; i < r.nr; i++)
			assert_true(r.batch[i]->fault == FAULT_NONE ||
				    r.batch[i]->fault == FAULT_CANCELLED);
		/* and the next one works */
		uv_timer_stop(&r.later);
		r.w.delay_ms = 0;
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_NONE);
		assert_int_equal(catalog_of(&r)->nr_services, 2);
		rig_close(&r);
	}
}

/* ---- what is made of it -------------------------------------------------- */

static void a_new_version_is_a_deploy(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	r.w.deploy_at = time_floor(now_ms(), STEP) - 20 * STEP;
	poll_once(&r);
	const struct event *const *e;
	size_t n = store_events(r.store, &e), deploys = 0;
	for (size_t i = 0; i < n; i++) {
		if (e[i]->kind != EVENT_DEPLOY)
			continue;
		deploys++;
		assert_int_equal(e[i]->at, r.w.deploy_at);
		assert_string_equal(e[i]->text, "deploy v1 → v2");
		assert_string_equal(e[i]->tag, "v2");
		assert_true(strcmp(e[i]->service, "api") == 0 ||
			    strcmp(e[i]->service, "web") == 0);
	}
	assert_int_equal(deploys, 2);
	r.want.whole = true;
	poll_once(&r);
	assert_int_equal(store_events(r.store, &e), n);
	rig_close(&r);
}

static void another_server_at_the_address_is_an_event(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	const struct event *const *e;
	r.w.behave = "/rst-early";
	poll_once(&r);
	r.w.behave = NULL;
	r.w.build = victoria;
	size_t asked = r.w.nr;
	poll_once(&r);
	assert_int_equal(count_log(&r, asked, "buildinfo"), 1);
	assert_string_equal(store_source(r.store, "prom")->identity,
			    "VictoriaMetrics");
	assert_int_equal(r.end->nr_events, 1);
	assert_string_equal(r.end->event[0].text,
			    "prom: Prometheus 2.42.0 → VictoriaMetrics");
	assert_true(store_events(r.store, &e) > 0);
	poll_once(&r);
	assert_int_equal(r.end->nr_events, 0);
	rig_close(&r);
}

/* A server that repeats its last value, or that gets samples late: what the
 * tail brings replaces what was shown. */
static void late_values_end_in_the_true_line(void **state)
{
	struct rig r = { .w = { .repeats = true } };
	(void)state;
	rig_new(&r);
	poll_once(&r);
	const struct service *const *s;
	size_t n = store_services(r.store, &s), wrong = 0;
	r.w.repeats = false;
	poll_once(&r);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i]->nr[RED_RATE]; k++) {
			const struct series *x = s[i]->series[RED_RATE][k];
			double base = k == 0 ? 10 : 0.1;
			for (size_t m = 0; m < x->nr; m++)
				wrong += x->v[m] != value_at(base, x->t[m]);
		}
	assert_int_equal(wrong, 0);
	rig_close(&r);
}

static void many_buckets_are_asked_for_visible_rows(void **state)
{
	struct rig r = { .w = { .many_buckets = true } };
	(void)state;
	rig_new(&r);
	const char *visible[] = { "web", "nobody", NULL };
	r.want.visible = visible;
	poll_once(&r);
	const struct catalog *c = catalog_of(&r);
	assert_true(c->shape[0].visible_only);
	assert_non_null(c->note);
	for (size_t i = 5; i < r.w.nr; i++)
		if (strstr(r.w.log[i], "_bucket"))
			assert_non_null(strstr(r.w.log[i], "_bucket{job=\"web\"}["));
	size_t buckets = 0;
	for (size_t i = 0; i < r.nr; i++) {
		const struct batch *b = r.batch[i];
		if (b->nr_asked == 1 && b->asked[0] % 16 == RED_BUCKETS) {
			assert_string_equal(b->only, "web");
			assert_int_equal(b->nr, 3);
			buckets++;
		}
	}
	assert_int_equal(buckets, 2);
	/* Another row comes into view: what is held of the first stays. */
	visible[0] = "api";
	size_t first = poll_once(&r);
	for (size_t i = first; i < r.nr; i++)
		if (!r.batch[i]->instant)
			assert_true(r.batch[i]->to - r.batch[i]->from >= 900000);
	const struct service *const *s;
	store_services(r.store, &s);
	assert_int_equal(s[0]->nr[RED_BUCKETS], 3);
	assert_int_equal(s[1]->nr[RED_BUCKETS], 3);
	assert_true(s[1]->series[RED_BUCKETS][0]->nr >= 60);
	rig_close(&r);
}

/* ---- the routes of the open page ----------------------------------------- */

static const char *const shop_routes[] = { "/pay", "/cart", NULL };

static const struct batch *routes_of(const struct rig *r, size_t first,
				     enum red_role role)
{
	for (size_t i = first; i < r->nr; i++)
		for (size_t k = 0; k < r->batch[i]->nr_asked; k++)
			if (r->batch[i]->asked[k] % 16 == role)
				return r->batch[i];
	return NULL;
}

static void routes_are_asked_of_the_open_page_alone(void **state)
{
	struct rig r = { .w = { .route = shop_routes } };
	struct route_row row[8];
	const char *label;
	(void)state;
	rig_new(&r);
	r.want.selected = "api";
	poll_once(&r);            /* selected, but its page is not open */
	r.want.details = true;
	r.want.selected = "";
	poll_once(&r);            /* nobody is */
	r.want.selected = "gone";
	poll_once(&r);
	r.want.selected = NULL;
	poll_once(&r);
	assert_int_equal(count_log(&r, 0, "handler"), 0);
	r.want.selected = "api";
	size_t asked = r.w.nr, first = poll_once(&r);
	assert_int_equal(count_log(&r, asked, "handler"), 1);
	assert_int_equal(count_log(&r, asked, "{job=\"api\"}[1m]"), 1);
	const struct batch *b = routes_of(&r, first, RED_ROUTES);
	assert_ptr_equal(b, routes_of(&r, first, RED_ROUTE_BUCKETS));
	assert_int_equal(b->nr_asked, 2);
	assert_string_equal(b->only, "api");
	assert_true(b->instant);
	assert_int_equal(b->at, r.end->at);
	assert_int_equal(b->window, 60000);
	/* Behind the rows, before the charts; answers of two that are under
	 * way may come in any order. */
	size_t at = asked;
	while (at < r.w.nr && !strstr(r.w.log[at], "handler"))
		at++;
	assert_true(at > asked && at < r.w.nr);
	for (size_t i = asked; i < at; i++)
		assert_null(strstr(r.w.log[i], "query_range"));
	const struct service *const *s;
	store_services(r.store, &s);
	assert_int_equal(service_routes(s[0], r.end->at, row, 8, &label), 2);
	assert_string_equal(label, "handler");
	assert_string_equal(row[0].name, "/cart");
	assert_true(fabs(row[0].rate - 2) < 1e-12);
	assert_true(fabs(row[0].error_ratio - 0.1) < 1e-12);
	assert_true(fabs(row[0].p99.value - 0.982) < 1e-12);
	assert_int_equal(service_routes(s[1], r.end->at, row, 8, &label), 0);
	rig_close(&r);
}

static void a_route_that_is_gone_leaves_the_page(void **state)
{
	static const char *const less[] = { "/pay", NULL };
	struct rig r = { .w = { .route = shop_routes } };
	struct route_row row[8];
	const char *label;
	const struct service *const *s;
	(void)state;
	rig_new(&r);
	r.want.details = true;
	r.want.selected = "api";
	poll_once(&r);
	r.w.route = less;
	poll_once(&r);
	store_services(r.store, &s);
	assert_int_equal(service_routes(s[0], r.end->at, row, 8, &label), 1);
	assert_string_equal(row[0].name, "/pay");
	r.w.route = NULL;
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_int_equal(service_routes(s[0], r.end->at, row, 8, &label), 0);
	rig_close(&r);
}

static void a_route_may_be_called_anything(void **state)
{
	static const char *const names[] = {
		"\\u001b]0;pwned\\u0007", "\\u202egpj.exe", "a\\\"} or vector(1)",
		"$__service", "\\u0000", "", NULL,
	};
	struct rig r = { .w = { .route = names } };
	struct route_row row[8];
	const char *label;
	const struct service *const *s;
	(void)state;
	rig_new(&r);
	r.want.details = true;
	r.want.selected = "api";
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	store_services(r.store, &s);
	size_t n = service_routes(s[0], r.end->at, row, 8, &label);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++)
		assert_true(text_is_clean(row[i].name));
	rig_close(&r);
}

static void a_service_may_be_called_anything(void **state)
{
	static const char *const jobs[] = {
		"we\\\"b\\\\", "$__service", "x$__rate_interval", NULL };
	struct rig r = { .w = { .job = jobs, .route = shop_routes } };
	struct route_row row[8];
	const char *label;
	const struct service *const *s;
	(void)state;
	rig_new(&r);
	r.want.details = true;
	r.want.selected = "we\"b\\";
	poll_once(&r);
	size_t n = store_services(r.store, &s), found = 0;
	assert_int_equal(n, 3);
	assert_true(count_log(&r, 0, "job=\"we\\\"b\\\\\"}") > 0);
	for (size_t i = 0; i < n; i++)
		found += service_routes(s[i], r.end->at, row, 8, &label);
	assert_int_equal(found, 2);
	for (size_t i = 1; i < 3; i++) {
		char only[60];
		snprintf(only, sizeof(only), "{job=\"%s\"}[1m]", jobs[i]);
		r.want.selected = jobs[i];
		size_t asked = r.w.nr;
		poll_once(&r);
		assert_int_equal(count_log(&r, asked, only), 1);
	}
	assert_int_equal(r.end->fault, FAULT_NONE);
	rig_close(&r);
}

static void of_too_many_routes_the_busiest_are_whole(void **state)
{
	enum { MANY = 400 };
	static char name[MANY][16];
	const char *names[MANY + 1] = { NULL };
	struct route_row row[256];
	const char *label;
	const struct service *const *s;
	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof(name[i]), "/r%zu", i);
		names[i] = name[i];
	}
	struct rig r = { .w = { .route = names } };
	rig_new(&r);
	r.want.details = true;
	r.want.selected = "api";
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_int_equal(r.end->nr_warnings, 1);
	assert_non_null(strstr(r.end->warning[0], "150 least busy routes"));
	store_services(r.store, &s);
	size_t n = service_routes(s[0], r.end->at, row, 256, &label);
	assert_int_equal(n, 250); /* three buckets each */
	assert_string_equal(row[0].name, "/r399");
	for (size_t i = 0; i < n; i++) {
		assert_true(row[i].rate > 150);
		assert_true(fabs(row[i].error_ratio - 0.1) < 1e-12);
		assert_true(fabs(row[i].p99.value - 0.982) < 1e-12);
	}
	rig_close(&r);
}

static void routes_that_fail_cost_a_sentence(void **state)
{
	(void)state;
	static const struct world worlds[] = {
		{ .bad_word = "handler" }, { .big_word = "handler" },
		{ .bad_word = ", le, route" },
	};
	for (size_t i = 0; i < 3; i++) {
		struct rig r = { .w = worlds[i] };
		struct route_row row[8];
		const char *label;
		const struct service *const *s;
		r.w.route = shop_routes;
		rig_new(&r);
		r.want.details = true;
		r.want.selected = "api";
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_NONE);
		assert_int_equal(r.end->nr_warnings, i == 2 ? 1 : 2);
		assert_non_null(strstr(r.end->warning[0], i == 2
			? "route buckets of " FAMILY : "routes of " FAMILY));
		store_services(r.store, &s);
		assert_int_equal(s[0]->nr[RED_RATE], 2);
		assert_int_equal(s[0]->nr[RED_BUCKETS], 3);
		assert_int_equal(s[0]->series[RED_RATE][0]->nr, 61);
		assert_int_equal(service_routes(s[0], r.end->at, row, 8, &label),
				 i == 2 ? 2 : 0);
		/* The charts are held: only their tail is asked again. */
		size_t first = poll_once(&r);
		for (size_t k = first; k < r.nr; k++)
			if (!r.batch[k]->instant)
				assert_true(r.batch[k]->to - r.batch[k]->from
					    < 200000);
		rig_close(&r);
	}
}

/* ---- named missing before ------------------------------------------------ */

static void after_a_long_failure_nothing_is_missing(void **state)
{
	(void)state;
	/* The server's clock tells how long it was away: under the tail of 75
	 * s, and over it. */
	static const time_ms away[] = { 20000, 300000 };
	for (size_t i = 0; i < 2; i++) {
		struct rig r = { 0 };
		rig_new(&r);
		poll_once(&r);
		time_ms before = r.end->at;
		r.w.skew = away[i];
		r.w.all_status = 500;
		r.w.all_body = "{}";
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_SERVER);
		r.w.all_status = 0;
		size_t first = poll_once(&r);
		assert_true(r.end->at - before > away[i] - 3000);
		for (size_t k = first; k < r.nr; k++)
			if (!r.batch[k]->instant)
				assert_int_equal(r.batch[k]->to - r.batch[k]->from,
						 i ? 900000 : STEP + 60000);
		const struct service *const *s;
		store_services(r.store, &s);
		const struct series *x = s[0]->series[RED_RATE][0];
		for (size_t k = 1; k < x->nr; k++)
			assert_int_equal(x->t[k] - x->t[k - 1], STEP);
		assert_int_equal(x->t[x->nr - 1], time_floor(r.end->at, STEP));
		rig_close(&r);
	}
}

static void a_query_too_long_is_not_sent(void **state)
{
	enum { JOBS = 16, LONG = 900 };
	static char name[JOBS][LONG + 1];
	const char *jobs[JOBS + 1] = { NULL };
	(void)state;
	for (int i = 0; i < JOBS; i++) {
		memset(name[i], '.', LONG); /* three bytes each, escaped */
		name[i][0] = (char)('a' + i);
		jobs[i] = name[i];
	}
	struct rig r = { .w = { .job = jobs, .many_buckets = true } };
	rig_new(&r);
	r.want.visible = jobs;
	poll_once(&r);
	assert_int_equal(catalog_of(&r)->nr_services, JOBS);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_true(r.end->partial);
	assert_non_null(strstr(r.end->warning[0], "more than 16384"));
	assert_non_null(strstr(r.end->warning[0], "buckets of " FAMILY));
	size_t asked = 0;
	for (size_t i = 0; i < r.w.nr; i++) {
		assert_true(strlen(r.w.log[i]) < LIMIT_QUERY + 200);
		asked += strstr(r.w.log[i], "_count") != NULL;
	}
	assert_true(asked >= 3);
	const struct service *const *s;
	store_services(r.store, &s);
	assert_int_equal(s[0]->nr[RED_RATE], 2);
	rig_close(&r);
}

static void a_match_too_long_is_refused_at_once(void **state)
{
	(void)state;
	uv_loop_t loop;
	struct err e = { 0 };
	char match[3000];
	memset(match, 'x', sizeof(match) - 1);
	match[sizeof(match) - 1] = '\0';
	uv_loop_init(&loop);
	struct source src = { .ops = &prometheus_ops, .loop = &loop,
			      .opt = { .match = match },
			      .state = mem_zero(1, prometheus_ops.state_size) };
	assert_int_equal(prometheus_ops.open(&src, "http://x", &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "--match"));
	free(src.state);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void native_histograms_have_percentiles(void **state)
{
	static const char prom300[] = "{\"status\":\"success\",\"data\":{"
		"\"version\":\"3.0.0\",\"goVersion\":\"go1.23\"}}";
	(void)state;
	/* Linear inside a bucket before 3.0, exponential since. */
	static const struct {
		const char *build;
		double p95;
	} t[] = { { prom242, 0.475 }, { prom300, 0.46651649576840371 } };
	for (size_t i = 0; i < 2; i++) {
		struct rig r = { .w = { .native = true, .build = t[i].build } };
		struct red_row row;
		struct red_options o = { 0 };
		const struct service *const *s;
		rig_new(&r);
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_NONE);
		assert_int_equal(store_services(r.store, &s), 1);
		service_row(s[0], r.end->at, &o, &row);
		assert_true(fabs(row.p50.value - 0.25) < 1e-12);
		assert_true(fabs(row.p95.value - t[i].p95) < 1e-12);
		assert_int_equal(row.p95.method, METHOD_NATIVE);
		assert_true(row.p95.lo == 0.25 && row.p95.hi == 0.5);
		assert_true(fabs(row.rate - 10.1) < 1e-12);
		assert_true(fabs(row.error_ratio - 0.1 / 10.1) < 1e-12);
		time_ms grid = service_grid(s[0], r.end->at);
		assert_true(grid != TIME_NONE);
		assert_true(fabs(service_at(s[0], M_P95, grid) - t[i].p95) < 1e-12);
		rig_close(&r);
	}
}

static void userinfo_is_used_and_never_shown(void **state)
{
	struct rig r = { .w = { .all_status = 502, .all_body = "no" } };
	char url[EVIL_URL], with[EVIL_URL + 20];
	(void)state;
	rig_new(&r);
	snprintf(with, sizeof(with), "http://ann:s3cret@%s",
		 evil_url(r.evil, "", url) + 7);
	prometheus_ops.close(&r.src);
	while (!r.closed)
		uv_run(&r.loop, UV_RUN_ONCE);
	r.closed = false;
	free(r.src.state);
	free(r.src.url);
	r.src.state = mem_zero(1, prometheus_ops.state_size);
	assert_int_equal(prometheus_ops.open(&r.src, with, NULL), 0);
	poll_once(&r);
	assert_null(strstr(r.src.url, "s3cret"));
	assert_null(strstr(r.end->error, "s3cret"));
	assert_null(strstr(r.end->status->url, "ann"));
	rig_close(&r);
}

static void a_url_that_is_none_is_refused(void **state)
{
	(void)state;
	uv_loop_t loop;
	struct err e = { 0 };
	uv_loop_init(&loop);
	struct source src = { .ops = &prometheus_ops, .loop = &loop,
			      .state = mem_zero(1, prometheus_ops.state_size) };
	assert_int_equal(prometheus_ops.open(&src, "ftp://x", &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_true(*e.text);
	free(src.state);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_poll_brings_rows_and_charts),
		cmocka_unit_test(
			a_server_without_services_is_asked_again_every_time),
		cmocka_unit_test(times_are_on_the_grid_and_never_ahead),
		cmocka_unit_test(two_are_on_their_way_and_a_third_for_a_key),
		cmocka_unit_test(only_the_tail_is_asked_again),
		cmocka_unit_test(the_whole_window_is_asked_when_it_must),
		cmocka_unit_test(rows_alone_cost_no_ranges),
		cmocka_unit_test(match_is_in_every_selector),
		cmocka_unit_test(a_prefix_makes_no_double_slash),
		cmocka_unit_test(post_is_refused_and_get_is_remembered),
		cmocka_unit_test(credentials_that_are_missing_are_asked_once),
		cmocka_unit_test(victoria_is_asked_for_what_is_live),
		cmocka_unit_test(victoria_is_asked_for_what_has_settled),
		cmocka_unit_test(victoria_without_the_words_still_answers),
		cmocka_unit_test(a_server_that_tells_nothing_still_works),
		cmocka_unit_test(native_histograms_make_services_too),
		cmocka_unit_test(a_server_without_services_is_up),
		cmocka_unit_test(a_foreign_clock_moves_what_is_asked),
		cmocka_unit_test(a_bad_question_fails_alone),
		cmocka_unit_test(a_passing_fault_is_tried_once_more),
		cmocka_unit_test(a_busy_server_is_asked_less),
		cmocka_unit_test(every_refusal_has_its_name),
		cmocka_unit_test(a_dead_server_keeps_what_is_known),
		cmocka_unit_test(a_hanging_server_ends_with_the_deadline),
		cmocka_unit_test(what_came_before_the_deadline_stays),
		cmocka_unit_test(a_cancelled_poll_ends_at_once),
		cmocka_unit_test(a_new_version_is_a_deploy),
		cmocka_unit_test(another_server_at_the_address_is_an_event),
		cmocka_unit_test(late_values_end_in_the_true_line),
		cmocka_unit_test(many_buckets_are_asked_for_visible_rows),
		cmocka_unit_test(routes_are_asked_of_the_open_page_alone),
		cmocka_unit_test(a_route_that_is_gone_leaves_the_page),
		cmocka_unit_test(a_route_may_be_called_anything),
		cmocka_unit_test(a_service_may_be_called_anything),
		cmocka_unit_test(of_too_many_routes_the_busiest_are_whole),
		cmocka_unit_test(routes_that_fail_cost_a_sentence),
		cmocka_unit_test(after_a_long_failure_nothing_is_missing),
		cmocka_unit_test(a_query_too_long_is_not_sent),
		cmocka_unit_test(a_match_too_long_is_refused_at_once),
		cmocka_unit_test(native_histograms_have_percentiles),
		cmocka_unit_test(userinfo_is_used_and_never_shown),
		cmocka_unit_test(a_url_that_is_none_is_refused),
	};
	return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
