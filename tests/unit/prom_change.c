#include "sources/prom_change.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "model/changed.h"
#include "sources/prom_parse.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define T0 INT64_C(1763000000000)
#define MINUTE ((time_ms)60000)
#define COUNTS "http_request_duration_seconds_count"
#define BUCKETS "http_request_duration_seconds_bucket"

/* ---- a server ----------------------------------------------------------- */

/* What it counted of a value: in a quarter of an hour before, in 20 minutes
 * during. Without a label: of the service. */
struct row {
	const char *label, *value;
	double requests[2], errors[2], fast[2];
};

struct server {
	struct shape shape;
	struct service_def service;
	struct catalog catalog;
	const char *labels;      /* as JSON; NULL: it answers nonsense */
	const struct row *row;
	size_t nr;
	double last_week;        /* a second; NAN: nothing */
	const char *facts, *range; /* results of the questions for events */
	const char *failing;     /* what fails: a part of the text */
	unsigned asked;
	size_t longest;
	struct buf log;          /* every text, a line each */
	struct prom_change *c;
	struct arena arena;
};

static void server_init(struct server *s)
{
	*s = (struct server){
		.shape = { .id = 1, .label = "job",
			   .metric = "http_request_duration_seconds",
			   .error_metric = COUNTS,
			   .error_matcher = "code=~\"5..\"",
			   .status_label = "code", .status = STATUS_HTTP,
			   .method = METHOD_HISTOGRAM, .interval = 15000,
			   .window = 60000 },
		.service = { .name = "checkout", .value = "shop/checkout",
			     .shape = 1 },
		.labels = "[\"__name__\",\"job\",\"code\",\"route\"]",
		.last_week = NAN, .facts = "", .range = "",
	};
	s->shape.question[RED_ROUTES] =
		"sum by (job, code, route) (rate(" COUNTS
		"{namespace=\"shop\",job=$__service}[$__rate_interval]))";
	s->shape.question[RED_ROUTE_BUCKETS] =
		"sum by (job, le, route) (rate(" BUCKETS
		"{namespace=\"shop\",job=$__service}[$__rate_interval]))";
	s->shape.question[RED_VERSION] =
		"count by (job, version) (build_info{version!=\"\"})";
	s->catalog = (struct catalog){ .nr_shapes = 1, .shape = &s->shape,
				       .nr_services = 1,
				       .service = &s->service };
	buf_init(&s->log, 0);
	arena_init(&s->arena, 0);
}

static void server_release(struct server *s)
{
	prom_change_free(s->c);
	buf_release(&s->log);
	arena_release(&s->arena);
}

static void begin(struct server *s, double slow_over, const char *le)
{
	struct prom_change_input in = {
		.catalog = &s->catalog, .match = "{namespace=\"shop\"}",
		.want = { "checkout", T0, T0 + 15 * MINUTE, T0 + 15 * MINUTE,
			  T0 + 35 * MINUTE },
		.slow_over = slow_over, .slow_le = le };
	s->c = prom_change_new(&in);
}

static void quote_json(struct buf *out, const char *s)
{
	buf_char(out, '"');
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || strchr("\"\\", *s))
			buf_printf(out, "\\u%04x", (unsigned)*s);
		else
			buf_char(out, *s);
	buf_char(out, '"');
}

static void series(struct buf *out, const struct row *r, const char *tag,
		   const char *le, double v)
{
	buf_printf(out, "%s{\"metric\":{\"redtop_q\":\"%s\"",
		   out->len ? "," : "", tag);
	if (*r->label) {
		buf_char(out, ',');
		quote_json(out, r->label);
		buf_char(out, ':');
		quote_json(out, r->value);
	}
	if (le)
		buf_printf(out, ",\"le\":\"%s\"", le);
	buf_printf(out, "},\"value\":[1,\"%.17g\"]}", v);
}

static bool has(const char *s, size_t n, const char *what)
{
	return memmem(s, n, what, strlen(what)) != NULL;
}

/* Does a question name values, and not this one? */
static bool is_left_out(const char *q, size_t n, const struct row *r)
{
	static const char ends[][2] = { "\"\"", "\"|", "|\"", "||" };
	bool named, found = false;
	struct buf only;
	buf_init(&only, 0);
	buf_printf(&only, "%s=", r->label);
	named = *r->label && has(q, n, buf_text(&only));
	for (size_t i = 0; i < NR(ends) && named && !found; i++) {
		buf_clear(&only);
		buf_char(&only, ends[i][0]);
		for (const char *p = r->value; *p; p++)
			buf_printf(&only, i && strchr(".+*?()|[]{}^$", *p)
						  ? "\\\\%c" : "%c", *p);
		buf_char(&only, ends[i][1]);
		found = has(q, n, buf_text(&only));
	}
	buf_release(&only);
	return named && !found;
}

/* One question of a query: label_replace(sum by (route) (rate(...)),"q",... */
static void answer_one(const struct server *s, const char *q, size_t n,
		       struct buf *out)
{
	char tag[16], by[300] = "";
	const char *t = memmem(q, n, "\"redtop_q\",\"", 12);
	const char *label = memmem(q, n, " by (", 5);
	int when = has(q, n, "[20m]");
	double seconds = when ? 1200 : 900;
	assert_non_null(t);
	assert_non_null(label);
	assert_int_equal(sscanf(t + 12, "%15[0-9]", tag), 1);
	(void)sscanf(label + 5, "%299[^,) ]", by);
	if (strcmp(by, "le") == 0)
		by[0] = '\0';
	assert_true(when || has(q, n, "[15m]"));
	for (size_t i = 0; i < s->nr; i++) {
		const struct row *r = &s->row[i];
		if (strcmp(r->label, by) != 0 || is_left_out(q, n, r))
			continue;
		double all = r->requests[when] / seconds;
		if (all == 0)
			continue;
		if (has(q, n, BUCKETS)) {
			series(out, r, tag, "0.5",
			       r->fast[when] / seconds);
			series(out, r, tag, "+Inf", all);
		} else if (has(q, n, "code=~")) {
			if (r->errors[when] > 0)
				series(out, r, tag, NULL,
				       r->errors[when] / seconds);
		} else {
			series(out, r, tag, NULL, all);
		}
	}
}

static void answer_all(const struct server *s, const char *q, struct buf *out)
{
	while (q) {
		const char *next = strstr(q + 1, "label_replace(");
		answer_one(s, q, next ? (size_t)(next - q) : strlen(q), out);
		q = next;
	}
}

static void answer_query(struct server *s, const struct prom_change_ask *q)
{
	static const struct row whole = { .label = "" };
	struct prom_ask ask = { .tagged = true, .at = q->at, .from = q->from,
				.instant = q->kind == CHANGE_INSTANT,
				.to = q->to, .step = q->step };
	struct buf result, body;
	struct err e = { 0 };
	buf_init(&result, 0);
	buf_init(&body, 0);
	if (q->kind == CHANGE_RANGE)
		buf_str(&result, s->range);
	else if (strstr(q->text, "process_start_time_seconds"))
		buf_str(&result, s->facts);
	else if (q->at == T0 + 35 * MINUTE - 7 * 1440 * MINUTE) {
		if (!isnan(s->last_week))
			series(&result, &whole, "0", NULL, s->last_week);
	} else {
		answer_all(s, q->text, &result);
	}
	buf_printf(&body, "{\"status\":\"success\",\"data\":{\"resultType\":"
		   "\"%s\",\"result\":[%s]}}",
		   q->kind == CHANGE_RANGE ? "matrix" : "vector",
		   buf_text(&result));
	struct batch *b = batch_new(0);
	struct prom_parser *p = prom_parser_new(&ask, b, NULL);
	prom_parser_feed(p, body.s, body.len);
	if (prom_parser_end(p, 200, "application/json", &e) != FAULT_NONE)
		fail_msg("%s: %s", e.text, buf_text(&body));
	prom_change_take(s->c, q->id, b);
	prom_parser_free(p);
	batch_free(b);
	buf_release(&result);
	buf_release(&body);
}

static void answer_labels(struct server *s, const struct prom_change_ask *q)
{
	struct buf body;
	buf_init(&body, 0);
	buf_printf(&body, "{\"status\":\"success\",\"data\":%s}",
		   s->labels ? s->labels : "{}");
	cJSON *tree = cJSON_Parse(buf_text(&body));
	assert_non_null(tree);
	prom_change_labels(s->c, q->id, tree);
	cJSON_Delete(tree);
	buf_release(&body);
}

static void serve(struct server *s, const struct prom_change_ask *q)
{
	size_t n = strlen(q->text);
	s->asked++;
	s->longest = n > s->longest ? n : s->longest;
	buf_printf(&s->log, "%s\n", q->text);
	if (s->failing && strstr(q->text, s->failing))
		prom_change_failed(s->c, q->id, "no answer within 2s");
	else if (q->kind == CHANGE_DOCUMENT)
		answer_labels(s, q);
	else
		answer_query(s, q);
}

static const struct change_answer *compare(struct server *s)
{
	struct prom_change_ask q;
	while (prom_change_next(s->c, &q))
		serve(s, &q);
	assert_true(prom_change_done(s->c));
	assert_true(s->asked <= CHANGE_QUERIES);
	assert_true(s->longest <= LIMIT_QUERY);
	const struct change_answer *a = prom_change_finish(s->c, &s->arena);
	assert_non_null(a);
	assert_int_equal(a->queries, s->asked);
	return a;
}

static const struct change_count *count_of(const struct change_answer *a,
					   const char *value)
{
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->count[i].value, value) == 0)
			return &a->count[i];
	return NULL;
}

static bool has_note(const struct change_answer *a, const char *text)
{
	for (size_t i = 0; i < a->nr_notes; i++)
		if (strcmp(a->note[i], text) == 0)
			return true;
	return false;
}

static void near(double have, double want)
{
	if (!(fabs(have - want) < 1e-6 * (1 + fabs(want))))
		fail_msg("%.17g, not %.17g", have, want);
}

static const struct row pay[] = {
	{ "", "", { 90000, 120000 }, { 36, 2436 }, { 89100, 110000 } },
	{ "route", "/pay", { 9000, 12000 }, { 4, 2400 }, { 8910, 3000 } },
	{ "route", "/", { 81000, 108000 }, { 32, 36 }, { 80190, 107000 } },
};

static void pay_fails(struct server *s)
{
	server_init(s);
	s->row = pay;
	s->nr = NR(pay);
}

/* ---- what is asked ------------------------------------------------------ */

#define OWN "{namespace=\"shop\",job=\"shop/checkout\""

static void the_server_is_asked_something_else(void **state)
{
	(void)state;
	static const char want[] =
"api/v1/labels?match%5B%5D=" COUNTS "%7Bnamespace%3D%22shop%22%2Cjob%3D%22"
"shop%2Fcheckout%22%7D&start=1763000000&end=1763002100\n"
"label_replace(sum by () (rate(" COUNTS OWN "}[20m])),\"redtop_q\",\"0\","
"\"\",\"\")\n"
/* during */
"label_replace(sum by () (rate(" COUNTS OWN "}[20m])),\"redtop_q\",\"0\","
"\"\",\"\")"
" or label_replace(sum by () (rate(" COUNTS OWN ",code=~\"5..\"}[20m])),"
"\"redtop_q\",\"1\",\"\",\"\")"
" or label_replace(sum by (route) (rate(" COUNTS OWN "}[20m])),"
"\"redtop_q\",\"8\",\"\",\"\")"
" or label_replace(sum by (route) (rate(" COUNTS OWN ",code=~\"5..\"}[20m])),"
"\"redtop_q\",\"9\",\"\",\"\")\n"
"label_replace(count by (job, version) (build_info{version!=\"\","
"job=\"shop/checkout\"}),\"redtop_q\",\"1000\",\"\",\"\")\n"
"label_replace(count(process_start_time_seconds{job=\"shop/checkout\","
"namespace=\"shop\"}),\"redtop_q\",\"1003\",\"\",\"\")"
" or label_replace(count(process_start_time_seconds{job=\"shop/checkout\","
"namespace=\"shop\"} > 1763000000 and process_start_time_seconds{"
"job=\"shop/checkout\",namespace=\"shop\"} offset 35m),\"redtop_q\",\"1004\","
"\"\",\"\")"
" or label_replace(min(process_start_time_seconds{job=\"shop/checkout\","
"namespace=\"shop\"} > 1763000000 and process_start_time_seconds{"
"job=\"shop/checkout\",namespace=\"shop\"} offset 35m),\"redtop_q\",\"1005\","
"\"\",\"\")"
" or label_replace(count({__name__=~\".+_config_last_reload_success_timestamp_"
"seconds\",job=\"shop/checkout\",namespace=\"shop\"}),\"redtop_q\",\"1006\","
"\"\",\"\")"
" or label_replace(max({__name__=~\".+_config_last_reload_success_timestamp_"
"seconds\",job=\"shop/checkout\",namespace=\"shop\"} > 1763000000),"
"\"redtop_q\",\"1007\",\"\",\"\")\n"
/* before */
"label_replace(sum by () (rate(" COUNTS OWN "}[15m])),\"redtop_q\",\"0\","
"\"\",\"\")"
" or label_replace(sum by () (rate(" COUNTS OWN ",code=~\"5..\"}[15m])),"
"\"redtop_q\",\"1\",\"\",\"\")"
" or label_replace(sum by (route) (rate(" COUNTS OWN "}[15m])),"
"\"redtop_q\",\"8\",\"\",\"\")"
" or label_replace(sum by (route) (rate(" COUNTS OWN ",code=~\"5..\"}[15m])),"
"\"redtop_q\",\"9\",\"\",\"\")\n"
/* slow, before and during */
"label_replace(sum by (le) (rate(" BUCKETS OWN ",le=~\"0\\\\.5|\\\\+Inf\"}"
"[15m])),\"redtop_q\",\"2\",\"\",\"\")"
" or label_replace(sum by (route, le) (rate(" BUCKETS OWN
",le=~\"0\\\\.5|\\\\+Inf\"}[15m])),\"redtop_q\",\"10\",\"\",\"\")\n"
"label_replace(sum by (le) (rate(" BUCKETS OWN ",le=~\"0\\\\.5|\\\\+Inf\"}"
"[20m])),\"redtop_q\",\"2\",\"\",\"\")"
" or label_replace(sum by (route, le) (rate(" BUCKETS OWN
",le=~\"0\\\\.5|\\\\+Inf\"}[20m])),\"redtop_q\",\"10\",\"\",\"\")\n"
/* percentiles of what stands out */
"label_replace(sum by (le) (rate(" BUCKETS OWN "}[15m])),\"redtop_q\",\"4\","
"\"\",\"\")"
" or label_replace(sum by (route, le) (rate(" BUCKETS OWN
",route=\"/pay\"}[15m])),\"redtop_q\",\"12\",\"\",\"\")\n"
"label_replace(sum by (le) (rate(" BUCKETS OWN "}[20m])),\"redtop_q\",\"4\","
"\"\",\"\")"
" or label_replace(sum by (route, le) (rate(" BUCKETS OWN
",route=\"/pay\"}[20m])),\"redtop_q\",\"12\",\"\",\"\")\n";
	struct server s;
	pay_fails(&s);
	begin(&s, 0.5, "0.5");
	compare(&s);
	assert_string_equal(buf_text(&s.log), want);
	server_release(&s);
}

static void times_are_other_ones(void **state)
{
	(void)state;
	struct server s;
	struct prom_change_ask q;
	time_ms at[CHANGE_QUERIES];
	size_t nr = 0;
	pay_fails(&s);
	begin(&s, 0.5, "0.5");
	while (prom_change_next(s.c, &q)) {
		at[nr++] = q.kind == CHANGE_INSTANT ? q.at : q.from;
		if (q.kind == CHANGE_RANGE) {
			assert_int_equal(q.step, 15000);
			assert_true(q.from == time_floor(T0, 15000));
			assert_true(q.to == time_floor(T0 + 35 * MINUTE,
						       15000));
		}
		serve(&s, &q);
	}
	assert_int_equal(nr, 10);
	time_ms during = T0 + 35 * MINUTE, before = T0 + 15 * MINUTE;
	assert_true(at[1] == during - 7 * 1440 * MINUTE);
	assert_true(at[2] == during && at[4] == during);
	assert_true(at[5] == before && at[6] == before && at[7] == during);
	assert_true(at[8] == before && at[9] == during);
	server_release(&s);
}

/* What does not depend on another may be under way at once; the rest waits. */
static void an_answer_is_used_before_it_came(void **state)
{
	(void)state;
	struct server s;
	struct prom_change_ask q[4], more;
	pay_fails(&s);
	begin(&s, 0.5, "0.5");
	assert_true(prom_change_next(s.c, &q[0]));
	assert_true(prom_change_next(s.c, &q[1]));
	assert_false(prom_change_next(s.c, &more));
	assert_false(prom_change_done(s.c));
	serve(&s, &q[1]);
	assert_false(prom_change_next(s.c, &more));
	serve(&s, &q[0]);
	serve(&s, &q[0]); /* twice is once */
	s.asked--;
	assert_true(prom_change_next(s.c, &q[2]));
	assert_null(strstr(q[2].text, "\"16\"")); /* one label, not two */
	serve(&s, &q[2]);
	/* What was given up is told as far as it is known. */
	const struct change_answer *a = prom_change_finish(s.c, &s.arena);
	assert_int_equal(a->nr, 0);
	assert_true(isnan(a->all.requests[0]));
	server_release(&s);
}

/* ---- what comes of it --------------------------------------------------- */

static void counts_are_not_what_was_counted(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.last_week = 99;
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	near(a->all.requests[0], 90000);
	near(a->all.requests[1], 120000);
	near(a->all.errors[1], 2436);
	near(a->all.slow[0], 900);
	near(a->all.slow[1], 10000);
	near(a->slow_over, 0.5);
	near(a->rate_last_week, 99);
	assert_null(a->fault);
	assert_int_equal(a->nr, 2);
	const struct change_count *c = count_of(a, "/pay");
	assert_string_equal(c->label, "route");
	near(c->requests[0], 9000);
	near(c->errors[0], 4);
	near(c->errors[1], 2400);
	near(c->slow[1], 9000);
	/* 0.99 falls into the open bucket: its lower bound. */
	near(c->p99[1], 0.5);
	assert_true(isnan(count_of(a, "/")->p99[1]));
	assert_true(has_note(a, "traffic +1% against last week"));
	struct changed out;
	changed_rank(a, T0 + 15 * MINUTE, &out);
	assert_string_equal(out.row[0].value, "/pay");
	server_release(&s);
}

static void absent_errors_are_unknown(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "", { 900, 1200 }, { 0, 0 }, { 900, 1200 } },
		{ "route", "/a", { 900, 600 }, { 0, 0 }, { 900, 600 } },
		{ "route", "/b", { 0, 600 }, { 0, 0 }, { 0, 600 } },
	};
	struct server s;
	server_init(&s);
	s.row = rows;
	s.nr = NR(rows);
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	near(a->all.errors[0], 0);
	near(count_of(a, "/b")->requests[0], 0);
	near(count_of(a, "/b")->errors[0], 0);
	near(count_of(a, "/b")->slow[0], 0);
	near(count_of(a, "/b")->slow[1], 0);
	server_release(&s);
	/* None of no requests, but where nobody answered nothing is known. */
	server_init(&s);
	s.row = rows;
	s.nr = NR(rows);
	s.failing = "le=~";
	begin(&s, 0.5, "0.5");
	assert_true(isnan(count_of(compare(&s), "/b")->slow[0]));
	server_release(&s);
	/* But nothing is known where nothing says what an error is. */
	server_init(&s);
	s.row = rows;
	s.nr = NR(rows);
	s.shape.error_metric = s.shape.error_matcher = NULL;
	begin(&s, NAN, NULL);
	a = compare(&s);
	assert_true(isnan(a->all.errors[0]));
	assert_true(isnan(count_of(a, "/a")->errors[1]));
	assert_true(isnan(count_of(a, "/a")->slow[1]));
	assert_true(isnan(a->slow_over));
	assert_null(strstr(buf_text(&s.log), "code=~"));
	server_release(&s);
}

static void no_traffic_looks_like_data(void **state)
{
	(void)state;
	struct server s;
	struct changed out;
	server_init(&s);
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_true(isnan(a->all.requests[1]));
	assert_true(isnan(a->all.errors[1]));
	changed_rank(a, TIME_NONE, &out);
	assert_int_equal(out.nr, 0);
	server_release(&s);
}

static void a_version_that_is_gone_is_lost(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "", { 9000, 12000 }, { 0, 600 }, { 9000, 12000 } },
		{ "version", "v841", { 9000, 0 }, { 0, 0 }, { 9000, 0 } },
		{ "version", "v842", { 0, 12000 }, { 0, 600 }, { 0, 12000 } },
		{ "cluster", "eu", { 9000, 12000 }, { 0, 600 },
		  { 9000, 12000 } },
	};
	struct server s;
	struct changed out;
	server_init(&s);
	s.labels = "[\"version\",\"cluster\"]";
	s.row = rows;
	s.nr = NR(rows);
	begin(&s, NAN, NULL);
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->nr, 2); /* a cluster that all have says nothing */
	near(count_of(a, "v841")->requests[0], 9000);
	near(count_of(a, "v841")->requests[1], 0);
	changed_rank(a, TIME_NONE, &out);
	assert_string_equal(out.row[0].value, "v842");
	assert_true(out.row[0].fresh);
	server_release(&s);
}

/* ---- labels ------------------------------------------------------------- */

static void labels_that_tell_are_left_out(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.labels = "[\"__name__\",\"job\",\"code\",\"le\",\"status\","
		   "\"quantile\",\"a1\",\"a2\",\"a3\",\"a4\",\"a5\",\"a6\","
		   "\"a7\",\"a8\",\"a9\",\"b1\",\"b2\",\"zone\",\"version\","
		   "\"route\",\"route\",\"redtop_q\",\"__meta\",\"\",7,null,"
		   "\"bad\\u202ename\",\"http.route\"]";
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	const char *log = buf_text(&s.log);
	static const char *const yes[] = { "by (route)", "by (version)",
					   "by (zone)", "by (a9)" };
	static const char *const no[] = {
		"by (job)", "by (code)", "by (status)", "by (quantile)",
		"by (__", "by (redtop_q)", "\"bad", "by (b1)", "by (b2)",
		"by (\"http.route\")", "by (\"\")" };
	for (size_t i = 0; i < NR(yes); i++)
		assert_non_null(strstr(log, yes[i]));
	for (size_t i = 0; i < NR(no); i++)
		assert_null(strstr(log, no[i]));
	assert_true(has_note(a, "3 more labels not compared"));
	server_release(&s);
}

static void long_labels_make_a_query_too_long(void **state)
{
	(void)state;
	struct server s;
	struct buf labels;
	pay_fails(&s);
	buf_init(&labels, 0);
	buf_str(&labels, "[\"route\"");
	for (int i = 0; i < 11; i++) {
		buf_printf(&labels, ",\"z%d", i);
		for (int k = 0; k < 240; k++)
			buf_char(&labels, 'z');
		buf_char(&labels, '"');
	}
	buf_char(&labels, ']');
	s.labels = buf_text(&labels);
	/* And a selector that takes an eighth of a query. */
	static char service[2000];
	memset(service, 's', sizeof(service) - 1);
	s.service.value = service;
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_int_equal(s.asked, 12);
	assert_non_null(count_of(a, "/pay"));
	assert_true(a->nr_notes > 0);
	assert_non_null(strstr(a->note[a->nr_notes - 1], "not compared"));
	server_release(&s);
	buf_release(&labels);
}

static void odd_values_break_the_query(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "", "", { 9000, 12000 }, { 0, 1200 }, { 9000, 10000 } },
		{ "route", "/a\"b", { 900, 1200 }, { 0, 1000 }, { 900, 100 } },
		{ "route", "/x\\y\n\033[31m", { 900, 1200 }, { 0, 200 },
		  { 900, 100 } },
		{ "route", "/", { 7200, 9600 }, { 0, 0 }, { 7200, 9600 } },
	};
	struct server s;
	struct changed out;
	server_init(&s);
	s.row = rows;
	s.nr = NR(rows);
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->nr, 3);
	for (size_t i = 0; i < a->nr; i++)
		assert_true(text_is_clean(a->count[i].value));
	assert_non_null(count_of(a, "/a\"b"));
	/* Quoted where it is asked by name, and only what is still its name. */
	assert_non_null(strstr(buf_text(&s.log), ",route=\"/a\\\"b\"}[15m]"));
	assert_null(strchr(buf_text(&s.log), '\033'));
	changed_rank(a, TIME_NONE, &out);
	assert_string_equal(out.row[0].value, "/a\"b");
	server_release(&s);
}

#define MANY ((size_t)10000)

static void ten_thousand_instances_are_too_many(void **state)
{
	(void)state;
	static char name[MANY][24];
	struct row *rows = mem_zero(MANY + 1, sizeof(*rows));
	struct server s;
	struct changed out;
	rows[0] = (struct row){ "", "", { 9e6, 12e6 }, { 900, 0 },
				{ 9e6, 12e6 } };
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name[i], sizeof(name[i]), "10.0.%zu.%zu:80", i / 100,
			 i % 100);
		rows[i + 1] = (struct row){
			"instance", name[i], { 900, 1200 },
			{ 0.09, i == 4711 ? 900 : 0.12 }, { 900, 1200 } };
		rows[0].errors[1] += rows[i + 1].errors[1];
	}
	server_init(&s);
	s.labels = "[\"instance\"]";
	s.row = rows;
	s.nr = MANY + 1;
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->nr, LIMIT_CHANGE_VALUES);
	assert_true(has_note(a, "instance: the worst 50 of 10000 values "
				"compared"));
	near(count_of(a, name[4711])->requests[0], 900);
	changed_rank(a, TIME_NONE, &out);
	assert_int_equal(out.nr, 1);
	assert_string_equal(out.row[0].value, name[4711]);
	assert_false(out.row[0].fresh);
	server_release(&s);
	free(rows);
}

/* Long names, and such that the server would not know again. */
static void crowded_values_make_a_query_too_long(void **state)
{
	(void)state;
	static char name[80][300];
	static struct row rows[81];
	struct server s;
	rows[0] = (struct row){ "", "", { 9000, 12000 }, { 0, 0 },
				{ 9000, 12000 } };
	for (size_t i = 0; i < 80; i++) {
		memset(name[i], 'a', 280);
		snprintf(name[i], 8, i == 3 ? "\n%zu" : "%zu", i);
		name[i][strlen(name[i])] = 'b';
		rows[i + 1] = (struct row){ "user_agent", name[i],
					    { 100, 120 },
					    { 0, i == 3 ? 99 : i < 40 ? 60 : 1 },
					    { 100, 120 } };
		rows[0].errors[1] += rows[i + 1].errors[1];
	}
	server_init(&s);
	s.labels = "[\"user_agent\"]";
	s.row = rows;
	s.nr = NR(rows);
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->nr, 5); /* 3000 bytes, when all are escaped */
	assert_true(s.longest < 5000);
	for (size_t i = 0; i < a->nr; i++) {
		assert_null(strchr(a->count[i].value, '\\'));
		near(a->count[i].requests[0], 100);
	}
	server_release(&s);
}

/* ---- failures ----------------------------------------------------------- */

static const struct change_answer *failing(struct server *s, const char *what)
{
	pay_fails(s);
	s->failing = what;
	begin(s, 0.5, "0.5");
	return compare(s);
}

static void one_failure_takes_the_rest_along(void **state)
{
	(void)state;
	struct server s;
	const struct change_answer *a = failing(&s, "api/v1/labels");
	assert_string_equal(a->fault, "labels: no answer within 2s");
	assert_non_null(count_of(a, "/pay")); /* the usual ones are tried */
	server_release(&s);
	a = failing(&s, "code=~\"5..\"}[15m]"); /* the counts before */
	assert_string_equal(a->fault,
			    "requests by label: no answer within 2s");
	assert_int_equal(a->nr, 0);
	assert_true(isnan(a->all.requests[0]));
	server_release(&s);
	a = failing(&s, "code=~\"5..\"}[20m]"); /* during: nothing else helps */
	assert_int_equal(a->nr, 0);
	assert_int_equal(a->queries, 5);
	server_release(&s);
	a = failing(&s, "le=~"); /* what is slow */
	assert_string_equal(a->fault,
			    "slow requests by label: no answer within 2s");
	assert_true(isnan(a->all.slow[0]));
	assert_true(isnan(count_of(a, "/pay")->slow[1]));
	near(count_of(a, "/pay")->errors[1], 2400);
	server_release(&s);
	a = failing(&s, "process_start");
	assert_string_equal(a->fault, "restarts: no answer within 2s");
	assert_int_equal(a->nr, 2);
	server_release(&s);
	a = failing(&s, ""); /* all of it */
	assert_int_equal(a->nr, 0);
	assert_string_equal(a->fault, "labels: no answer within 2s");
	server_release(&s);
}

static void nonsense_is_believed(void **state)
{
	(void)state;
	struct server s;
	struct prom_change_ask q;
	pay_fails(&s);
	s.labels = NULL;
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_string_equal(a->fault, "labels: the answer is no list");
	assert_non_null(count_of(a, "/pay"));
	server_release(&s);
	/* Frames of what nobody asked, without points, without numbers. */
	pay_fails(&s);
	begin(&s, 0.5, "0.5");
	double bad[] = { NAN, -1, (double)INFINITY };
	time_ms at = T0;
	struct frame f[12];
	for (size_t i = 0; i < NR(f); i++)
		f[i] = (struct frame){ .question = i < 6 ? (uint32_t)i
							 : 4000000000u,
				       .nr = i % 4 ? 1 : 0, .t = &at,
				       .v = i % 5 ? &bad[i % 3] : NULL };
	struct batch b = { .nr = NR(f), .frame = f, .step = 15000 };
	while (prom_change_next(s.c, &q))
		prom_change_take(s.c, q.id, &b);
	prom_change_take(s.c, 77, &b);
	prom_change_labels(s.c, 77, NULL);
	prom_change_failed(s.c, 77, "never asked");
	a = prom_change_finish(s.c, &s.arena);
	assert_int_equal(a->nr, 0);
	assert_null(a->fault);
	assert_true(isnan(a->rate_last_week));
	server_release(&s);
}

static void what_cannot_be_asked_is_asked(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.shape.question[RED_ROUTES] = NULL;
	begin(&s, 0.5, "0.5");
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->queries, 0);
	assert_string_equal(a->fault, "what changed: queries by hand cannot "
				      "be broken down by labels");
	assert_string_equal(a->want.service, "checkout");
	server_release(&s);
	pay_fails(&s);
	s.service.name = "basket";
	begin(&s, 0.5, "0.5");
	a = compare(&s);
	assert_int_equal(a->queries, 0);
	assert_string_equal(a->fault,
			    "what changed: the service is not known here");
	server_release(&s);
	/* A full arena is no crash. */
	pay_fails(&s);
	begin(&s, 0.5, "0.5");
	compare(&s);
	for (size_t max = 1; max < 20000; max += 97) {
		struct arena small;
		arena_init(&small, max);
		a = prom_change_finish(s.c, &small);
		for (size_t i = 0; a && i < a->nr; i++)
			assert_non_null(a->count[i].value);
		arena_release(&small);
	}
	server_release(&s);
}

/* ---- other histograms --------------------------------------------------- */

static void native_histograms_are_asked_in_other_words(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.shape.method = METHOD_NATIVE;
	s.shape.unit = UNIT_MILLISECONDS;
	s.shape.question[RED_ROUTE_BUCKETS] = NULL;
	s.shape.question[RED_ROUTES] =
		"sum by (job, code, route) (histogram_count(rate(took"
		"{job=$__service}[$__rate_interval])))";
	begin(&s, 0.5, NULL);
	compare(&s);
	const char *log = buf_text(&s.log);
	assert_non_null(strstr(log, "match%5B%5D=took%7Bjob%3D"));
	assert_non_null(strstr(log, "label_replace(sum by (route) ("
		"histogram_count(rate(took{job=\"shop/checkout\"}[20m]))),"));
	assert_non_null(strstr(log, "label_replace(histogram_fraction(0, 500, "
		"sum by (route) (rate(took{job=\"shop/checkout\"}[20m]))),"
		"\"redtop_q\",\"11\""));
	assert_non_null(strstr(log, "label_replace(sum by (route) (rate(took{"
		"job=\"shop/checkout\",route=\"/pay\"}[15m])),\"redtop_q\","
		"\"12\""));
	server_release(&s);
}

static void buckets_by_vmrange_are_asked_in_other_words(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.shape.question[RED_ROUTE_BUCKETS] =
		"prometheus_buckets(sum by (job, vmrange, route) (rate("
		BUCKETS "{job=$__service}[$__rate_interval])))";
	begin(&s, 0.5, NULL);
	compare(&s);
	const char *log = buf_text(&s.log);
	assert_non_null(strstr(log, "label_replace(histogram_share(0.5, sum "
		"by (route, vmrange) (rate(" BUCKETS "{job=\"shop/checkout\"}"
		"[20m]))),\"redtop_q\",\"11\""));
	assert_non_null(strstr(log, "label_replace(prometheus_buckets(sum by "
		"(route, vmrange) (rate(" BUCKETS "{job=\"shop/checkout\","
		"route=\"/pay\"}[20m]))),\"redtop_q\",\"12\""));
	server_release(&s);
}

static void a_share_that_the_server_says_is_lost(void **state)
{
	(void)state;
	struct server s;
	struct prom_change_ask q;
	pay_fails(&s);
	s.shape.method = METHOD_NATIVE;
	s.shape.question[RED_ROUTES] =
		"sum by (job, code) (histogram_count(rate(took"
		"{job=$__service}[$__rate_interval])))";
	begin(&s, 0.5, NULL);
	while (prom_change_next(s.c, &q)) {
		double v = q.at == T0 + 15 * MINUTE ? 0.99 : 0.75;
		struct frame f = { .question = 3, .nr = 1, .t = &q.at,
				   .v = &v };
		struct batch b = { .nr = 1, .frame = &f };
		if (strstr(q.text, "histogram_fraction"))
			prom_change_take(s.c, q.id, &b);
		else
			serve(&s, &q);
	}
	const struct change_answer *a = prom_change_finish(s.c, &s.arena);
	near(a->all.slow[0], 900);
	near(a->all.slow[1], 30000);
	server_release(&s);
}

/* A label's value may look like the place where the window stands. */
static void a_service_that_is_named_like_a_window(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.service.value = "x}[$__rate_interval] $__service";
	begin(&s, NAN, NULL);
	compare(&s);
	assert_non_null(strstr(buf_text(&s.log),
			       "job=\"x}[$__rate_interval] $__service\"}[20m]"
			       "))"));
	server_release(&s);
}

/* ---- events ------------------------------------------------------------- */

#define FROM "1763000010"

static const struct change_answer *with_events(struct server *s)
{
	pay_fails(s);
	s->labels = "[\"route\",\"instance\",\"version\"]";
	s->last_week = 50;
	s->range =
		"{\"metric\":{\"redtop_q\":\"1000\",\"job\":\"shop/checkout\","
		"\"version\":\"v841\"},\"values\":[[" FROM ",\"12\"],"
		"[1763000025,\"12\"],[1763000040,\"12\"],[1763000055,\"11\"]"
		"]},"
		"{\"metric\":{\"redtop_q\":\"1000\",\"job\":\"shop/checkout\","
		"\"version\":\"v842\"},\"values\":[[1763000055,\"1\"],"
		"[1763000070,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1000\",\"job\":\"other\","
		"\"version\":\"v7\"},\"values\":[[1763000070,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1001\",\"version\":\"v842\"},"
		"\"values\":[[1763000070,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1001\",\"version\":\"v841\"},"
		"\"values\":[[1763000055,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1002\"},\"values\":[[" FROM
		",\"12\"],[1763001000,\"12\"],[1763001015,\"9\"],"
		"[1763001030,\"9\"]]}";
	s->facts =
		"{\"metric\":{\"redtop_q\":\"1003\"},\"value\":[1,\"9\"]},"
		"{\"metric\":{\"redtop_q\":\"1004\"},\"value\":[1,\"2\"]},"
		"{\"metric\":{\"redtop_q\":\"1005\"},\"value\":[1,"
		"\"1763000500.5\"]},"
		"{\"metric\":{\"redtop_q\":\"1006\"},\"value\":[1,\"1\"]},"
		"{\"metric\":{\"redtop_q\":\"1007\"},\"value\":[1,"
		"\"1763000300\"]}";
	begin(s, NAN, NULL);
	return compare(s);
}

static void what_happened_is_not_told(void **state)
{
	(void)state;
	static const struct { enum event_kind kind; time_ms at;
			      const char *text; } want[] = {
		{ EVENT_DEPLOY, 1763000055000, "deploy v841 → v842" },
		{ EVENT_CONFIG, 1763000300000, "config reloaded" },
		{ EVENT_RESTART, 1763000500500, "2 of 9 instances restarted" },
		{ EVENT_TRAFFIC, T0 + 15 * MINUTE,
		  "traffic +100% against last week" },
		{ EVENT_NOTE, 1763001015000, "instances 12 → 9" },
	};
	struct server s;
	const struct change_answer *a = with_events(&s);
	assert_int_equal(a->nr_events, NR(want));
	for (size_t i = 0; i < NR(want); i++) {
		assert_int_equal(a->event[i].kind, want[i].kind);
		assert_true(a->event[i].at == want[i].at);
		assert_string_equal(a->event[i].text, want[i].text);
		assert_string_equal(a->event[i].service, "checkout");
	}
	assert_string_equal(a->event[0].tag, "v842");
	assert_int_equal(a->nr_notes, 0);
	struct changed out;
	changed_rank(a, T0 + 5 * MINUTE, &out);
	assert_int_equal(out.cause, 0);
	server_release(&s);
}

static void what_did_not_happen_is_told(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.labels = "[\"route\",\"instance\",\"version\"]";
	s.last_week = 101;
	s.range =
		"{\"metric\":{\"redtop_q\":\"1001\",\"version\":\"v841\"},"
		"\"values\":[[" FROM ",\"12\"],[1763001000,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1001\",\"version\":\"v842\"},"
		"\"values\":[[" FROM ",\"12\"],[1763001000,\"12\"]]},"
		"{\"metric\":{\"redtop_q\":\"1002\"},\"values\":[[" FROM
		",\"12\"],[1763001000,\"12\"]]}";
	s.facts =
		"{\"metric\":{\"redtop_q\":\"1003\"},\"value\":[1,\"12\"]},"
		"{\"metric\":{\"redtop_q\":\"1006\"},\"value\":[1,\"1\"]}";
	begin(&s, NAN, NULL);
	const struct change_answer *a = compare(&s);
	assert_int_equal(a->nr_events, 0);
	assert_true(has_note(a, "traffic -1% against last week"));
	assert_true(has_note(a, "instances 12 of 12"));
	assert_true(has_note(a, "version unchanged"));
	assert_true(has_note(a, "no restart"));
	assert_true(has_note(a, "no config reload"));
	assert_int_equal(a->nr_notes, 5);
	server_release(&s);
	/* What nobody counts is not called unchanged. */
	pay_fails(&s);
	begin(&s, NAN, NULL);
	a = compare(&s);
	assert_int_equal(a->nr_notes, 1);
	assert_true(has_note(a, "traffic +0% against before"));
	server_release(&s);
}

/* A mesh's label says nothing of processes. */
static void processes_of_another_job_are_blamed(void **state)
{
	(void)state;
	struct server s;
	pay_fails(&s);
	s.shape.label = "destination_service_name";
	s.shape.question[RED_VERSION] = NULL;
	begin(&s, NAN, NULL);
	compare(&s);
	assert_null(strstr(buf_text(&s.log), "process_start_time_seconds"));
	server_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_is_asked_something_else),
		cmocka_unit_test(times_are_other_ones),
		cmocka_unit_test(an_answer_is_used_before_it_came),
		cmocka_unit_test(counts_are_not_what_was_counted),
		cmocka_unit_test(absent_errors_are_unknown),
		cmocka_unit_test(no_traffic_looks_like_data),
		cmocka_unit_test(a_version_that_is_gone_is_lost),
		cmocka_unit_test(labels_that_tell_are_left_out),
		cmocka_unit_test(long_labels_make_a_query_too_long),
		cmocka_unit_test(odd_values_break_the_query),
		cmocka_unit_test(ten_thousand_instances_are_too_many),
		cmocka_unit_test(crowded_values_make_a_query_too_long),
		cmocka_unit_test(one_failure_takes_the_rest_along),
		cmocka_unit_test(nonsense_is_believed),
		cmocka_unit_test(what_cannot_be_asked_is_asked),
		cmocka_unit_test(native_histograms_are_asked_in_other_words),
		cmocka_unit_test(buckets_by_vmrange_are_asked_in_other_words),
		cmocka_unit_test(a_share_that_the_server_says_is_lost),
		cmocka_unit_test(a_service_that_is_named_like_a_window),
		cmocka_unit_test(what_happened_is_not_told),
		cmocka_unit_test(what_did_not_happen_is_told),
		cmocka_unit_test(processes_of_another_job_are_blamed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
