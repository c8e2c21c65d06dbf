#include "model/store.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/dump.h"
#include "model/store_private.h"
#include "tests/unit/batches.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATE question_id(1, RED_RATE)
#define BUCKETS question_id(1, RED_BUCKETS)
#define NATIVE question_id(1, RED_NATIVE)

static const struct shape shape = {
	.id = 1, .label = "job", .metric = "http_seconds",
	.error_metric = "http_seconds_count", .status_label = "code",
	.status = STATUS_HTTP, .layer = LAYER_APP, .method = METHOD_HISTOGRAM,
	.interval = 15000, .window = 60000,
	.question = { [RED_RATE] = "rate", [RED_BUCKETS] = "buckets",
		      [RED_NATIVE] = "native" },
};
static const struct service_def defs[] = {
	{ .name = "api", .value = "api", .shape = 1 },
	{ .name = "web", .value = "web", .shape = 1 },
};
static const struct catalog catalog = {
	.version = "2.42.0", .nr_shapes = 1, .nr_services = 2,
	.shape = &shape, .service = defs,
};

static struct store *stocked(size_t max)
{
	struct store *st = store_new(max);
	struct batch *b = batch_of("prom", BASE);
	b->catalog = &catalog;
	apply(st, b);
	return st;
}

/* One batch about api's 200s. */
static void say(struct store *st, time_ms from, size_t nr, const double *v)
{
	struct batch *b = batch_range(from, from + (time_ms)(nr - 1) * STEP);
	add_points(b, add_frame(b, RATE, "api", "code", "200"), from, nr, v);
	apply(st, b);
}

static const struct series *ok_of(const struct store *st, const char *service)
{
	const struct service *s = service_named(st, service);
	return s ? series_of(s, RED_RATE, "code", "200") : NULL;
}

static void assert_points(const struct series *s, time_ms from, size_t nr,
			  const double *v)
{
	size_t held = 0;
	for (size_t i = 0; i < nr; i++) {
		double have = series_at(s, from + (time_ms)i * STEP);
		held += isnan(v[i]) ? 0 : 1;
		if (isnan(v[i]))
			assert_true(isnan(have));
		else
			assert_true(have == v[i]);
	}
	assert_int_equal(s->nr, held);
	for (size_t i = 1; i < s->nr; i++)
		assert_true(s->t[i - 1] < s->t[i]);
}

static void an_old_number_outlives_its_correction(void **state)
{
	(void)state;
	static const double first[] = { 1, 2, 3, 4, 5 };
	static const double second[] = { 30, 40, NAN, 60 };
	static const double both[] = { 1, 2, 30, 40, NAN, 60 };
	struct store *st = stocked(0);
	say(st, BASE, 5, first);
	say(st, BASE + 2 * STEP, 4, second);
	assert_points(ok_of(st, "api"), BASE, 6, both);
	assert_int_equal(store_points(st), 5);
	assert_true(store_oldest(st) == BASE);
	store_free(st);
}

static void a_vanished_series_keeps_its_last_points(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3, 4 }, left[] = { 1, NAN, NAN, 4 };
	struct store *st = stocked(0);
	struct batch *b;
	say(st, BASE, 4, v);
	b = batch_range(BASE + STEP, BASE + 2 * STEP);
	ask_for(b, RATE);
	apply(st, b);
	assert_points(ok_of(st, "api"), BASE, 4, left);
	/* What was not asked stays. */
	b = batch_range(BASE, BASE + 3 * STEP);
	ask_for(b, BUCKETS);
	apply(st, b);
	assert_points(ok_of(st, "api"), BASE, 4, left);
	/* An instant without it: no data now, the past stays. */
	b = batch_instant(BASE + 4 * STEP);
	add_value(b, RATE, "api", "code", "200", 7);
	apply(st, b);
	assert_true(series_at(ok_of(st, "api"), BASE + 4 * STEP) == 7);
	b = batch_instant(BASE + 5 * STEP);
	ask_for(b, RATE);
	apply(st, b);
	assert_true(isnan(series_at(ok_of(st, "api"), BASE + 5 * STEP)));
	assert_true(ok_of(st, "api")->now_t == BASE + 5 * STEP);
	assert_points(ok_of(st, "api"), BASE, 4, left);
	store_free(st);
}

static void a_series_told_twice_is_mixed_from_both(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 }, w[] = { 7, 8, 9 };
	struct store *st = stocked(0);
	struct batch *b = batch_range(BASE, BASE + 2 * STEP);
	add_points(b, add_frame(b, RATE, "api", "code", "200"), BASE, 3, v);
	add_points(b, add_frame(b, RATE, "api", "code", "200"), BASE, 3, w);
	apply(st, b);
	assert_points(ok_of(st, "api"), BASE, 3, v);
	assert_int_equal(store_series_count(st), 1);
	store_free(st);
}

static void asking_for_one_service_wipes_the_others(void **state)
{
	(void)state;
	static const double v[] = { 1, 2 }, none[] = { NAN, NAN };
	struct store *st = stocked(0);
	struct batch *b = batch_range(BASE, BASE + STEP);
	add_points(b, add_frame(b, RATE, "api", "code", "200"), BASE, 2, v);
	add_points(b, add_frame(b, RATE, "web", "code", "200"), BASE, 2, v);
	apply(st, b);
	b = batch_range(BASE, BASE + STEP);
	ask_for(b, RATE);
	b->only = "web";
	apply(st, b);
	assert_points(ok_of(st, "api"), BASE, 2, v);
	assert_points(ok_of(st, "web"), BASE, 2, none);
	store_free(st);
}

static void a_gap_is_drawn_as_a_line(void **state)
{
	(void)state;
	static const double v[] = { 1, NAN, NAN, 9 };
	struct store *st = stocked(0);
	struct column c[4];
	say(st, BASE, 4, v);
	series_columns(ok_of(st, "api"), BASE, STEP, c, 4);
	assert_true(c[0].nr == 1 && c[0].mean == 1 && c[3].max == 9);
	assert_true(c[1].nr == 0 && c[1].min > c[1].max && isnan(c[1].mean));
	assert_true(c[2].nr == 0 && c[2].min > c[2].max);
	series_columns(ok_of(st, "api"), BASE - 10 * STEP, STEP, c, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(c[i].nr, 0);
	store_free(st);
}

static void an_unchanged_answer_is_drawn_again(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	static const double rounded[] = { 1 + 1e-13, 2, 3 - 1e-13 };
	static const double news[] = { 1, 2, 3.00000001 };
	struct store *st = stocked(0);
	say(st, BASE, 3, v);
	uint64_t g = store_generation(st);
	say(st, BASE, 3, v);
	say(st, BASE, 3, rounded);
	assert_true(store_generation(st) == g);
	assert_true(series_at(ok_of(st, "api"), BASE) == 1);
	say(st, BASE, 3, news);
	assert_true(store_generation(st) > g);
	for (int i = 0; i < 3; i++) {
		struct batch *b = batch_instant(BASE + (i == 2) * STEP);
		add_value(b, RATE, "api", "code", "200", 5);
		g = store_generation(st);
		apply(st, b);
		/* The same instant is silent, the next one is news. */
		assert_true((store_generation(st) > g) == (i != 1));
	}
	store_free(st);
}

static void what_is_settled_stays_dimmed(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	struct store *st = stocked(0);
	struct batch *b = batch_range(BASE, BASE + 2 * STEP);
	add_points(b, add_frame(b, RATE, "api", "code", "200"), BASE, 3, v);
	b->settled = BASE;
	apply(st, b);
	assert_true(store_source(st, "prom")->settled == BASE);
	uint64_t g = store_generation(st);
	say(st, BASE, 3, v);
	assert_true(store_source(st, "prom")->settled == BASE + 2 * STEP);
	assert_true(store_generation(st) > g);
	/* An older stretch is known now, and it is empty. */
	b = batch_range(BASE - 5 * STEP, BASE - STEP);
	b->settled = BASE + 2 * STEP;
	ask_for(b, RATE);
	g = store_generation(st);
	store_apply(st, b);
	assert_true(store_source(st, "prom")->range_from == BASE - 5 * STEP);
	assert_true(store_source(st, "prom")->range_to == BASE + 2 * STEP);
	assert_true(store_generation(st) > g);
	g = store_generation(st);
	apply(st, b);
	assert_true(store_generation(st) == g);
	store_free(st);
}

/* ---- what a source says of itself -------------------------------- */

static void poll_ok(struct store *st, time_ms at)
{
	struct batch *b = batch_instant(at);
	add_value(b, RATE, "api", "code", "200", 1);
	b->tick = true;
	apply(st, b);
}

static void poll_bad(struct store *st, time_ms at, enum fault fault)
{
	struct batch *b = batch_of("prom", at);
	b->fault = fault;
	b->error = "connection refused by 127.0.0.1:9090";
	b->tick = true;
	apply(st, b);
}

static enum source_state state_of(const struct store *st)
{
	return store_source(st, "prom")->state;
}

static void an_outage_empties_the_screen(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	poll_bad(st, BASE, FAULT_REFUSED);
	assert_int_equal(state_of(st), SOURCE_DOWN);
	poll_ok(st, BASE + STEP);
	assert_int_equal(state_of(st), SOURCE_UP);
	assert_null(store_source(st, "prom")->error);
	poll_bad(st, BASE + 2 * STEP, FAULT_REFUSED);
	assert_int_equal(state_of(st), SOURCE_STALE);
	assert_non_null(strstr(store_source(st, "prom")->error, "9090"));
	assert_int_equal(store_source(st, "prom")->fault, FAULT_REFUSED);
	assert_true(store_source(st, "prom")->answered == BASE + STEP);
	assert_true(store_source(st, "prom")->tried == BASE + 2 * STEP);
	assert_true(series_at(ok_of(st, "api"), BASE + STEP) == 1);
	uint64_t g = store_generation(st);
	poll_bad(st, BASE + 3 * STEP, FAULT_REFUSED);
	assert_int_equal(store_source(st, "prom")->failures, 2);
	assert_true(store_generation(st) > g);
	store_free(st);
}

static void a_cancelled_poll_looks_like_an_outage(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	poll_ok(st, BASE);
	uint64_t g = store_generation(st);
	poll_bad(st, BASE + STEP, FAULT_CANCELLED);
	assert_true(store_generation(st) == g);
	assert_int_equal(state_of(st), SOURCE_UP);
	store_free(st);
}

static void refused_credentials_read_as_down(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	poll_bad(st, BASE, FAULT_AUTH);
	assert_int_equal(state_of(st), SOURCE_AUTH);
	poll_bad(st, BASE, FAULT_THROTTLED);
	assert_int_equal(state_of(st), SOURCE_THROTTLED);
	/* One question of a poll fails, another is answered. */
	struct batch *b = batch_instant(BASE + STEP);
	add_value(b, RATE, "api", "code", "200", 1);
	apply(st, b);
	poll_bad(st, BASE + STEP, FAULT_BAD_QUERY);
	assert_int_equal(state_of(st), SOURCE_PARTIAL);
	assert_non_null(store_source(st, "prom")->error);
	poll_ok(st, BASE + 2 * STEP);
	assert_int_equal(state_of(st), SOURCE_UP);
	store_free(st);
}

static void a_warning_is_not_seen_or_never_goes(void **state)
{
	(void)state;
	static const char *const texts[] = { "limit reached", "limit reached" };
	struct store *st = stocked(0);
	poll_ok(st, BASE);
	uint64_t g = store_generation(st);
	struct batch *b = batch_instant(BASE);
	add_value(b, RATE, "api", "code", "200", 1);
	b->partial = b->tick = true;
	b->nr_warnings = 2;
	b->warning = texts;
	apply(st, b);
	const struct store_source *s = store_source(st, "prom");
	assert_int_equal(s->state, SOURCE_PARTIAL);
	assert_int_equal(s->nr_warnings, 1);
	assert_string_equal(s->warning[0], "limit reached");
	assert_true(store_generation(st) > g);
	/* Another warning, the same state. */
	static const char *const other[] = { "bad label" };
	g = store_generation(st);
	b = batch_instant(BASE);
	add_value(b, RATE, "api", "code", "200", 1);
	b->partial = b->tick = true;
	b->nr_warnings = 1;
	b->warning = other;
	store_apply(st, b);
	assert_string_equal(s->warning[0], "bad label");
	assert_true(store_generation(st) > g);
	g = store_generation(st);
	apply(st, b);
	assert_true(store_generation(st) == g);
	/* Only an info: up, and the warning is gone. */
	g = store_generation(st);
	b = batch_instant(BASE);
	add_value(b, RATE, "api", "code", "200", 1);
	b->tick = true;
	b->nr_infos = 1;
	b->info = texts;
	apply(st, b);
	assert_int_equal(s->state, SOURCE_UP);
	assert_int_equal(s->nr_warnings, 0);
	assert_int_equal(s->nr_infos, 1);
	assert_true(store_generation(st) > g);
	store_free(st);
}

static size_t source_events(const struct store *st)
{
	const struct event *const *e;
	size_t n = store_events(st, &e), k = 0;
	for (size_t i = 0; i < n; i++)
		k += e[i]->kind == EVENT_SOURCE;
	return k;
}

static void an_outage_is_told_at_every_poll_or_never(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	const struct event *const *e;
	poll_ok(st, BASE);
	poll_ok(st, BASE + STEP);
	assert_int_equal(source_events(st), 0);
	for (int i = 2; i < 40; i++)
		poll_bad(st, BASE + i * STEP, FAULT_REFUSED);
	assert_int_equal(source_events(st), 1);
	assert_true(store_source(st, "prom")->down_since == BASE + 2 * STEP);
	poll_ok(st, BASE + 40 * STEP);
	assert_int_equal(source_events(st), 2);
	assert_int_equal(store_events(st, &e), 2);
	assert_true(e[0]->at == BASE + 2 * STEP);
	assert_int_equal(e[0]->severity, SEVERITY_WARN);
	assert_string_equal(e[0]->text, "prom connection refused by "
					"127.0.0.1:9090");
	assert_string_equal(e[1]->text, "prom answers again after 9m");
	assert_true(store_source(st, "prom")->down_since == TIME_NONE);
	store_free(st);
}

static void a_silent_source_stays_up(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	store_declare(st, "prom", 15000);
	poll_ok(st, BASE);
	store_clock(st, BASE + 35000);
	assert_int_equal(state_of(st), SOURCE_UP);
	uint64_t g = store_generation(st);
	store_clock(st, BASE + 35001);
	assert_int_equal(state_of(st), SOURCE_STALE);
	assert_true(store_generation(st) > g);
	poll_ok(st, BASE + 60000);
	assert_int_equal(state_of(st), SOURCE_UP);
	store_free(st);
}

static void a_declared_source_is_missing_from_the_header(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	const struct store_source *const *s;
	store_objective(st, 0.99);
	store_declare(st, "prom", 15000);
	store_declare(st, "prom-2", 5000);
	assert_int_equal(store_sources(st, &s), 2);
	assert_int_equal(s[0]->state, SOURCE_ASKING);
	assert_string_equal(s[1]->name, "prom-2");
	assert_true(s[1]->objective == 0.99 && s[1]->period == 5000);
	assert_null(store_source(st, "other"));
	struct batch *b = batch_of("prom", BASE);
	struct source_status status = {
		.kind = "prometheus", .url = "http://127.0.0.1:9090",
		.identity = "Prometheus 2.42.0", .took_us = 900, .skew_s = 0.5,
		.requests = 3, .bytes = 100, .body_bytes = 200, .retries = 1,
		.dropped = 2, .next = TIME_NONE, .period = 10000,
	};
	b->status = &status;
	store_apply(st, b);
	status.took_us = 100;
	status.period = 0;
	apply(st, b);
	assert_string_equal(s[0]->kind, "prometheus");
	assert_string_equal(s[0]->identity, "Prometheus 2.42.0");
	assert_true(s[0]->took_us == 100 && s[0]->took_max_us == 900);
	assert_true(s[0]->requests == 6 && s[0]->bytes == 200);
	assert_true(s[0]->dropped == 4 && s[0]->period == 10000);
	store_free(st);
}

static void send_ends(struct store *st, const struct source_endpoint *ends,
		      size_t nr, const struct source_attempt *tried, size_t n)
{
	struct batch *b = batch_of("prom", BASE);
	struct source_status status = {
		.skew_s = NAN, .next = TIME_NONE, .endpoint = "http://b",
		.endpoints = ends, .nr_endpoints = nr,
		.attempt = tried, .nr_attempts = n,
	};
	b->status = &status;
	apply(st, b);
}

static void endpoints_forget_what_happened_to_them(void **state)
{
	static const struct source_endpoint two[] = {
		{ "http://a", CIRCUIT_CLOSED, 900, 1 },
		{ "http://b", CIRCUIT_CLOSED, -1, 0 },
	}, later[] = {
		{ "http://b", CIRCUIT_OPEN, 70, 2 },
		{ "http://c", CIRCUIT_CLOSED, -1, 0 },
	};
	static const struct source_attempt tried[] = {
		{ "http://b", FAULT_REFUSED, 5, BASE },
		{ "http://b", FAULT_NONE, 6, BASE + 1 },
		{ "http://x", FAULT_NONE, 6, BASE + 2 },
	};
	(void)state;
	struct store *st = store_new(0);
	send_ends(st, two, 2, tried, 3);
	send_ends(st, two, 0, tried, 1);
	const struct store_source *s = store_source(st, "prom");
	const struct store_endpoint *e = s->endpoints;
	assert_int_equal(s->nr_endpoints, 2);
	assert_string_equal(s->endpoint, "http://b");
	assert_string_equal(e[0].url, "http://a");
	assert_true(e[0].latency_us == 900 && e[0].in_flight == 1);
	assert_true(e[0].attempts == 0 && e[0].last.at == TIME_NONE);
	assert_true(e[1].attempts == 3 && e[1].failures == 2);
	assert_int_equal(e[1].last.fault, FAULT_REFUSED);
	send_ends(st, later, 2, tried + 1, 1);
	e = s->endpoints;
	assert_true(e[0].attempts == 4 && e[0].failures == 2);
	assert_true(e[0].circuit == CIRCUIT_OPEN && e[0].latency_us == 70);
	assert_true(e[0].last.at == BASE + 1 && e[0].failed.at == BASE);
	assert_string_equal(e[0].last.url, "http://b");
	assert_true(e[1].attempts == 0);
	struct batch *b = batch_of("prom", BASE);
	b->reset = true;
	apply(st, b);
	assert_true(s->nr_endpoints == 0 && !s->endpoint);
	store_free(st);
}

static void the_newest_attempts_are_kept_newest_first(void **state)
{
	static const struct source_endpoint two[] = {
		{ "http://a", CIRCUIT_CLOSED, 900, 1 },
		{ "http://b", CIRCUIT_CLOSED, -1, 0 },
	};
	(void)state;
	struct store *st = store_new(0);
	for (int i = 0; i < STORE_ATTEMPTS + 3; i++) {
		struct source_attempt a = {
			i % 2 ? "http://b" : "http://a",
			i % 2 ? FAULT_NONE : FAULT_TIMEOUT, i, BASE + i,
		};
		send_ends(st, two, 2, &a, 1);
	}
	const struct store_source *s = store_source(st, "prom");
	assert_int_equal(s->nr_attempts, STORE_ATTEMPTS);
	for (int i = 0; i < STORE_ATTEMPTS; i++) {
		const struct source_attempt *a = &s->attempt[i];
		int n = STORE_ATTEMPTS + 2 - i;
		assert_true(a->at == BASE + n && a->took_us == n);
		assert_string_equal(a->url, n % 2 ? "http://b" : "http://a");
		assert_int_equal(a->fault, n % 2 ? FAULT_NONE : FAULT_TIMEOUT);
	}
	/* Of an endpoint that is gone none is left. */
	send_ends(st, two + 1, 1, NULL, 0);
	assert_int_equal(s->nr_attempts, STORE_ATTEMPTS / 2);
	for (size_t i = 0; i < s->nr_attempts; i++)
		assert_ptr_equal(s->attempt[i].url, s->endpoints[0].url);
	struct batch *b = batch_of("prom", BASE);
	b->reset = true;
	apply(st, b);
	assert_int_equal(s->nr_attempts, 0);
	store_free(st);
}

static int apply_to(const struct batch *b, void *arg)
{
	store_apply(arg, b);
	return 0;
}

/* More than a status can have, and of most endpoints one long ago. */
static void a_saved_past_has_the_attempts_too(void **state)
{
	struct source_endpoint ends[LIMIT_ENDPOINTS];
	char url[LIMIT_ENDPOINTS][24];
	(void)state;
	struct store *st = store_new(0), *copy = store_new(0);
	for (size_t i = 0; i < LIMIT_ENDPOINTS; i++) {
		snprintf(url[i], sizeof(url[i]), "http://%zu", i);
		ends[i] = (struct source_endpoint){ url[i], CIRCUIT_CLOSED,
						    1, 1 };
	}
	for (int i = 0; i < 4 * (int)LIMIT_ENDPOINTS; i++) {
		size_t k = i < 32 ? (size_t)i % LIMIT_ENDPOINTS : 0;
		struct source_attempt a = {
			url[k], i < 16 ? FAULT_TIMEOUT : FAULT_NONE, i,
			BASE + i,
		};
		send_ends(st, ends, LIMIT_ENDPOINTS, &a, 1);
	}
	struct batch *told = batch_of("prom", BASE + 64);
	told->tick = true;
	told->catalog = &catalog;
	apply(st, told);
	assert_int_equal(store_dump(st, apply_to, copy), 0);
	const struct store_source *a = store_source(st, "prom");
	const struct store_source *b = store_source(copy, "prom");
	assert_int_equal(b->nr_attempts, STORE_ATTEMPTS);
	for (size_t i = 0; i < STORE_ATTEMPTS; i++) {
		assert_true(a->attempt[i].at == b->attempt[i].at);
		assert_string_equal(a->attempt[i].url, b->attempt[i].url);
	}
	assert_true(b->endpoints[1].failed.at == BASE + 1);
	assert_true(b->endpoints[1].last.at == BASE + 17);
	store_free(st);
	store_free(copy);
}

/* ---- catalogs ---------------------------------------------------- */

static void rediscovery_throws_the_charts_away(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	struct store *st = stocked(0);
	say(st, BASE, 3, v);
	struct shape shapes[2] = { shape, shape };
	struct service_def more[] = {
		{ .name = "new", .value = "new", .shape = 1 },
		{ .name = "api", .value = "api", .shape = 1, .objective = 0.99,
		  .latency_limit = 0.5 },
		{ .name = "lost", .value = "lost", .shape = 9 },
	};
	struct catalog c = { .nr_shapes = 2, .nr_services = 3,
			     .shape = shapes, .service = more };
	shapes[1].id = 2;
	struct batch *b = batch_of("prom", BASE);
	b->catalog = &c;
	apply(st, b);
	/* The same words: kept, under the new definition. */
	assert_points(ok_of(st, "api"), BASE, 3, v);
	assert_true(service_named(st, "api")->def->objective == 0.99);
	assert_null(service_named(st, "web"));
	assert_null(service_named(st, "lost"));
	/* Other words under the same number: forgotten. */
	shapes[0].question[RED_RATE] = "another rate";
	b = batch_of("prom", BASE);
	b->catalog = &c;
	apply(st, b);
	assert_null(ok_of(st, "api"));
	assert_int_equal(store_points(st), 0);
	assert_int_equal(store_series_count(st), 0);
	store_free(st);
}

static void a_stranger_shows_up_in_a_row(void **state)
{
	(void)state;
	static const double v[] = { 1 };
	struct store *st = stocked(0);
	struct batch *b = batch_range(BASE, BASE);
	add_points(b, add_frame(b, RATE, "unknown", NULL, NULL), BASE, 1, v);
	add_points(b, add_frame(b, question_id(77, RED_RATE), "api", NULL,
				NULL), BASE, 1, v);
	add_points(b, add_frame(b, question_id(1, 15), "api", NULL, NULL),
		   BASE, 1, v);
	size_t before = store_bytes(st);
	apply(st, b);
	assert_int_equal(store_series_count(st), 0);
	assert_int_equal(store_bytes(st), before);
	assert_int_equal(service_named(st, "api")->nr[RED_RATE], 0);
	/* Before any catalog nothing is known. */
	struct store *empty = store_new(0);
	say(empty, BASE, 1, v);
	assert_int_equal(store_points(empty), 0);
	store_free(empty);
	store_free(st);
}

static void statuses_and_bounds_are_read_wrongly(void **state)
{
	(void)state;
	static const char *const les[] = { "+Inf", "0.5", "0.05", "junk" };
	struct store *st = stocked(0);
	struct batch *b = batch_instant(BASE);
	add_value(b, RATE, "api", "code", "503", 1);
	add_value(b, RATE, "api", "code", "404", 2);
	add_value(b, RATE, "api", "code", "200", 3);
	for (int i = 0; i < 4; i++)
		add_value(b, BUCKETS, "api", "le", les[i], i);
	apply(st, b);
	const struct service *s = service_named(st, "api");
	assert_int_equal(s->nr[RED_RATE], 3);
	/* In the order of their labels, whatever order they came in. */
	assert_int_equal(s->series[RED_RATE][0]->class, CLASS_OK);
	assert_int_equal(s->series[RED_RATE][1]->class, CLASS_4XX);
	assert_int_equal(s->series[RED_RATE][2]->class, CLASS_ERROR);
	assert_true(series_of(s, RED_BUCKETS, "le", "0.05")->le == 0.05);
	assert_true(series_of(s, RED_BUCKETS, "le", "+Inf")->le == INFINITY);
	assert_true(isnan(series_of(s, RED_BUCKETS, "le", "junk")->le));
	assert_true(isnan(s->series[RED_RATE][0]->le));
	store_free(st);
}

/* ---- native histograms ------------------------------------------- */

static void say_native(struct store *st, bool instant, time_ms at, double count)
{
	struct native_bucket buckets[] = { { 0, 0.1, 0.2, count },
					   { 0, 0.2, 0.4, 1 } };
	struct histogram h = { count + 1, 0.5, 2, buckets };
	struct batch *b = instant ? batch_instant(at) : batch_range(at, at);
	struct frame *f = add_frame(b, NATIVE, "api", NULL, NULL);
	f->nr = 1;
	f->t = &at;
	f->h = &h;
	apply(st, b);
}

static void a_native_histogram_is_lost_or_mixed_up(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	say_native(st, false, BASE, 5);
	say_native(st, false, BASE + STEP, 6);
	uint64_t g = store_generation(st);
	say_native(st, false, BASE + STEP, 6);
	assert_true(store_generation(st) == g);
	say_native(st, false, BASE + STEP, 7);
	assert_true(store_generation(st) > g);
	const struct series *s = series_of(service_named(st, "api"), RED_NATIVE,
					   NULL, NULL);
	assert_null(s->v);
	assert_true(series_histogram_at(s, BASE)->bucket[0].count == 5);
	assert_true(series_histogram_at(s, BASE + STEP)->count == 8);
	assert_null(series_histogram_at(s, BASE + 2 * STEP));
	assert_true(isnan(series_at(s, BASE)));
	say_native(st, true, BASE + 3 * STEP, 1);
	g = store_generation(st);
	say_native(st, true, BASE + 3 * STEP, 1);
	assert_true(store_generation(st) == g);
	say_native(st, true, BASE + 3 * STEP, 2);
	assert_true(store_generation(st) > g);
	assert_true(series_histogram_at(s, BASE + 3 * STEP)->count == 3);
	/* The server changes its mind: numbers come instead. */
	struct batch *b = batch_range(BASE, BASE);
	add_value(b, NATIVE, "api", NULL, NULL, 4);
	apply(st, b);
	assert_true(series_at(s, BASE) == 4);
	assert_int_equal(s->nr, 1);
	assert_null(s->h);
	say_native(st, false, BASE, 5);
	assert_null(s->v);
	store_free(st);
}

/* ---- ceilings ---------------------------------------------------- */

static size_t held_bytes(const struct store *st)
{
	const struct service *const *s;
	size_t n = store_services(st, &s), bytes = 0;
	for (size_t i = 0; i < n; i++)
		for (int r = 0; r < RED_ROLES; r++)
			for (size_t k = 0; k < s[i]->nr[r]; k++) {
				const struct series *x = s[i]->series[r][k];
				bytes += x->cap * 16;
				for (size_t p = 0; x->h && p < x->nr; p++)
					bytes += sizeof(struct histogram)
						 + x->h[p]->nr
						 * sizeof(struct native_bucket);
				if (x->now_h)
					bytes += sizeof(struct histogram)
						 + x->now_h->nr
						 * sizeof(struct native_bucket);
			}
	return bytes;
}

static void the_memory_account_drifts(void **state)
{
	(void)state;
	double v[50];
	struct store *st = stocked(0);
	say(st, BASE, 1, (double[]){ 1 });
	say_native(st, false, BASE, 5);
	size_t rest = store_bytes(st) - held_bytes(st);
	for (int i = 0; i < 300; i++) {
		size_t nr = 1 + (size_t)(i * 7 % 50);
		for (size_t k = 0; k < nr; k++)
			v[k] = (i + (int)k) % 5 ? i * 0.5 : NAN;
		say(st, BASE + i % 83 * STEP, nr, v);
		say_native(st, i % 3 == 0, BASE + i % 11 * STEP, i % 4);
		if (i % 17 == 0) {
			/* Numbers where histograms were. */
			struct batch *b = batch_range(BASE, BASE);
			add_value(b, NATIVE, "api", NULL, NULL, 4);
			apply(st, b);
		}
		assert_int_equal(store_bytes(st) - held_bytes(st), rest);
	}
	store_free(st);
}

static void a_week_on_screen_eats_all_memory(void **state)
{
	(void)state;
	const size_t max = 64 << 10;
	double v[200];
	struct store *st = stocked(max);
	for (int i = 0; i < 200; i++)
		v[i] = i;
	for (int day = 0; day < 50; day++) {
		time_ms from = BASE + day * 200 * STEP;
		struct batch *b = batch_range(from, from + 199 * STEP);
		add_points(b, add_frame(b, RATE, "api", "code", "200"), from,
			   200, v);
		add_points(b, add_frame(b, RATE, "web", "code", "200"), from,
			   200, v);
		apply(st, b);
		assert_true(store_bytes(st) <= max);
		/* The newest stay, the oldest went. */
		const struct series *s = ok_of(st, "web");
		assert_true(s->t[s->nr - 1] == from + 199 * STEP);
		assert_true(s->nr >= 200);
		assert_true(store_oldest(st) == s->t[0]);
		assert_true(ok_of(st, "api")->t[0] == s->t[0]);
	}
	assert_true(store_oldest(st) > BASE + 40 * 200 * STEP);
	/* What went is counted, and what stayed is the source's. */
	size_t points;
	const struct store_source *const *src;
	assert_int_equal(store_losses(st)->points + store_points(st),
			 50 * 400);
	store_sources(st, &src);
	assert_int_equal(store_source_series(st, src[0], &points),
			 store_series_count(st));
	assert_int_equal(points, store_points(st));
	store_free(st);
}

static void series_that_came_and_went_pile_up(void **state)
{
	(void)state;
	const size_t max = 256 << 10;
	struct store *st = stocked(max);
	char text[200];
	for (int i = 0; i < 5000; i++) {
		struct batch *b = batch_instant(BASE + i * STEP);
		snprintf(text, sizeof(text), "%0150d", i);
		add_value(b, RATE, "api", "code", text, 1);
		add_value(b, RATE, "web", "code", "200", i);
		apply(st, b);
		assert_true(store_bytes(st) <= max);
		const struct service *s = service_named(st, "api");
		assert_true(series_at(series_of(s, RED_RATE, "code", text),
				      BASE + i * STEP) == 1);
	}
	assert_true(store_series_count(st) < 1000);
	assert_string_equal(labels_get(&ok_of(st, "web")->labels, "job"),
			    "web");
	assert_true(ok_of(st, "web")->now_v == 4999);
	store_free(st);
}

static void buckets_without_end_are_all_kept(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	char text[20];
	/* LIMIT_BUCKETS a role and service: the rest is left out. */
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1100; i += 50) {
			struct batch *b = batch_instant(BASE);
			for (int k = i; k < i + 50; k++) {
				snprintf(text, sizeof(text), "%d", 5000 - k);
				add_value(b, BUCKETS, "api", "le", text, k);
			}
			b->only = "web"; /* absence says nothing here */
			apply(st, b);
		}
	const struct service *s = service_named(st, "api");
	assert_int_equal(s->nr[RED_BUCKETS], LIMIT_BUCKETS);
	assert_int_equal(store_series_count(st), LIMIT_BUCKETS);
	assert_true(series_of(s, RED_BUCKETS, "le", "4500")->now_v == 500);
	store_free(st);
}

static void a_backward_range_writes_outside_of_memory(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	struct store *st = stocked(0);
	say(st, BASE, 3, v);
	struct batch *b = batch_range(BASE + 2 * STEP, BASE);
	add_frame(b, RATE, "api", "code", "200");
	apply(st, b);
	b = batch_range(BASE + 2 * STEP, BASE);
	ask_for(b, RATE);
	apply(st, b);
	assert_points(ok_of(st, "api"), BASE, 3, v);
	b = batch_range(BASE + STEP, INT64_MAX);
	ask_for(b, RATE);
	apply(st, b);
	assert_int_equal(ok_of(st, "api")->nr, 1);
	store_free(st);
}

static void a_replay_that_seeks_shows_the_future(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	struct store *st = stocked(0);
	say(st, BASE, 3, v);
	poll_bad(st, BASE, FAULT_REFUSED);
	poll_bad(st, BASE + STEP, FAULT_REFUSED);
	struct batch *b = batch_of("prom", BASE);
	b->reset = true;
	apply(st, b);
	const struct event *const *e;
	assert_int_equal(store_points(st), 0);
	assert_int_equal(store_events(st, &e), 0);
	assert_true(store_oldest(st) == TIME_NONE);
	assert_null(service_named(st, "api"));
	const struct store_source *s = store_source(st, "prom");
	assert_int_equal(s->state, SOURCE_ASKING);
	assert_int_equal(s->fault, FAULT_NONE);
	assert_true(s->answered == TIME_NONE && s->range_to == TIME_NONE);
	assert_null(s->error);
	assert_int_equal(s->failures, 0);
	/* And it goes on as if nothing had been. */
	b = batch_of("prom", BASE);
	b->catalog = &catalog;
	apply(st, b);
	say(st, BASE, 3, v);
	assert_points(ok_of(st, "api"), BASE, 3, v);
	store_free(st);
}

/* ---- objectives and thresholds ----------------------------------- */

#define SLO(i, ask, span) question_own(QUESTION_SLO, i, slo_part(ask, span))
#define LIMIT(i, part) question_own(QUESTION_THRESHOLD, i, part)
#define WEEK ((time_ms)7 * 86400000)

/* In memory of the arena alone, which is gone when the batch is. */
static struct catalog *own_catalog(struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));
	struct slo_def *slo = arena_alloc(a, 2 * sizeof(*slo));
	struct threshold_def *t = arena_alloc(a, sizeof(*t));
	const char **group = arena_alloc(a, 2 * sizeof(*group));
	*c = catalog;
	group[0] = arena_strdup(a, "handler");
	for (size_t i = 0; i < 2; i++)
		slo[i] = (struct slo_def){
			.id = arena_printf(a, "slo-%zu", i), .objective = 0.999,
			.service = arena_strdup(a, "api"), .period = WEEK,
			.errors = arena_strdup(a, "errors[$window]"),
			.total = arena_strdup(a, "total[$window]"),
			.group = group, .own_labels = group,
			.where = arena_strdup(a, "slo.yml:12"),
		};
	*t = (struct threshold_def){
		.id = arena_strdup(a, "cpu"), .unit = arena_strdup(a, "%"),
		.query = arena_strdup(a, "cpu[$period]"), .period = 60000,
		.m = 1, .n = 1, .clear = NAN, .clear_after = 1,
		.pack = arena_strdup(a, "limits"),
	};
	c->nr_slos = 2;
	c->slo = slo;
	c->nr_thresholds = 1;
	c->threshold = t;
	c->pack = arena_strdup(a, "limits");
	return c;
}

static void find_own(struct store *st, void (*change)(struct catalog *c))
{
	struct batch *b = batch_of("prom", BASE);
	struct catalog *c = own_catalog(&b->arena);
	if (change)
		change(c);
	b->catalog = c;
	apply(st, b);
}

static const struct store_slo *slo_at(const struct store *st, size_t i)
{
	const struct store_slo *const *s;
	assert_true(store_slos(st, &s) > i);
	return s[i];
}

static const struct store_threshold *threshold_at(const struct store *st,
						  size_t i)
{
	const struct store_threshold *const *t;
	assert_true(store_thresholds(st, &t) > i);
	return t[i];
}

static void say_own(struct store *st, time_ms at, double v)
{
	struct batch *b = batch_instant(at);
	add_value(b, SLO(1, ASK_TOTAL, SLO_5M), "b", NULL, NULL, v);
	add_value(b, SLO(1, ASK_TOTAL, SLO_5M), "a", NULL, NULL, v);
	add_value(b, SLO(1, ASK_ERRORS, SLO_1H), "a", NULL, NULL, v);
	add_value(b, LIMIT(0, THRESHOLD_NOW), "a", NULL, NULL, v);
	apply(st, b);
}

static void an_objective_has_the_answers_of_another(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	find_own(st, NULL);
	assert_string_equal(slo_at(st, 1)->def->id, "slo-1");
	assert_string_equal(slo_at(st, 1)->def->group[0], "handler");
	assert_null(slo_at(st, 1)->def->own_labels[1]);
	assert_string_equal(threshold_at(st, 0)->def->pack, "limits");
	const struct store_source *src = store_source(st, "prom");
	assert_string_equal(src->catalog->pack, "limits");
	assert_true(slo_at(st, 1)->source == src);
	say_own(st, BASE, 3);
	const struct store_slo *s = slo_at(st, 1);
	assert_int_equal(slo_at(st, 0)->nr, 0);
	assert_int_equal(threshold_at(st, 0)->nr, 1);
	assert_int_equal(s->nr, 3);
	/* By question, then labels, whatever order they came in. */
	assert_int_equal(s->series[0]->question, SLO(1, ASK_ERRORS, SLO_1H));
	assert_string_equal(s->series[1]->labels.l[0].value, "a");
	assert_string_equal(s->series[2]->labels.l[0].value, "b");
	assert_true(s->series[2]->now_t == BASE && s->series[2]->now_v == 3);
	/* Of what nobody knows nothing is kept. */
	struct batch *b = batch_instant(BASE);
	add_value(b, SLO(2, ASK_TOTAL, SLO_5M), "a", NULL, NULL, 1);
	add_value(b, SLO(0, ASK_TOTAL, 15), "a", NULL, NULL, 1);
	add_value(b, LIMIT(1, THRESHOLD_NOW), "a", NULL, NULL, 1);
	add_value(b, LIMIT(0, 2), "a", NULL, NULL, 1);
	add_value(b, question_own((enum question_kind)5, 0, 0), "a", NULL,
		  NULL, 1);
	apply(st, b);
	assert_int_equal(store_series_count(st), 4);
	store_free(st);
}

static void that_nothing_failed_is_not_told(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	find_own(st, NULL);
	const struct store_source *src = store_source(st, "prom");
	uint32_t errors = SLO(0, ASK_ERRORS, SLO_5M);
	assert_true(store_answered(src, errors) == TIME_NONE);
	uint64_t g = store_generation(st);
	struct batch *b = batch_instant(BASE);
	ask_for(b, errors);
	apply(st, b);
	assert_true(store_answered(src, errors) == BASE);
	assert_true(store_generation(st) > g);
	say_own(st, BASE, 3);
	b = batch_instant(BASE + STEP);
	ask_for(b, SLO(1, ASK_TOTAL, SLO_5M));
	apply(st, b);
	assert_true(isnan(slo_at(st, 1)->series[1]->now_v));
	assert_true(slo_at(st, 1)->series[0]->now_v == 3);
	store_free(st);
}

static void other_words(struct catalog *c)
{
	((struct slo_def *)c->slo)[0].errors = "others[$window]";
}

static void another_text(struct catalog *c)
{
	struct slo_def *d = (struct slo_def *)c->slo;
	d[0].what = "for people";
	d[1].objective = 0.99;
	d[1].where = NULL;
}

static void another_place(struct catalog *c)
{
	struct slo_def *d = (struct slo_def *)c->slo, first = d[0];
	d[0] = d[1];
	d[1] = first;
}

static void none_at_all(struct catalog *c)
{
	c->nr_slos = c->nr_thresholds = 0;
}

static void rediscovery_empties_the_objectives(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	find_own(st, NULL);
	say_own(st, BASE, 3);
	struct batch *b = batch_instant(BASE);
	add_value(b, SLO(0, ASK_TOTAL, SLO_5M), "a", NULL, NULL, 7);
	apply(st, b);
	find_own(st, another_text);
	assert_int_equal(slo_at(st, 1)->nr, 3);
	assert_true(slo_at(st, 1)->def->objective == 0.99);
	assert_int_equal(slo_at(st, 0)->nr, 1);
	assert_true(store_answered(store_source(st, "prom"),
				   SLO(0, ASK_TOTAL, SLO_5M)) == BASE);
	find_own(st, other_words);
	assert_int_equal(slo_at(st, 0)->nr, 0);
	assert_int_equal(slo_at(st, 1)->nr, 3);
	assert_int_equal(threshold_at(st, 0)->nr, 1);
	find_own(st, another_place);
	assert_int_equal(slo_at(st, 0)->nr + slo_at(st, 1)->nr, 0);
	find_own(st, none_at_all);
	const struct store_slo *const *s;
	const struct store_threshold *const *t;
	assert_int_equal(store_slos(st, &s) + store_thresholds(st, &t), 0);
	assert_int_equal(store_series_count(st), 0);
	store_free(st);
}

static struct batch *cells(time_ms from, size_t nr, const char *job)
{
	struct batch *b = batch_range(from, from + (time_ms)(nr - 1) * STEP);
	double v[200];
	for (size_t i = 0; i < nr; i++)
		v[i] = (double)i;
	b->step = 1;
	b->window = 3600000;
	b->settled = BASE + WEEK;
	add_points(b, add_frame(b, SLO(0, ASK_TOTAL, SLO_SPAN_CELL), job, NULL,
				NULL), from, nr, v);
	return b;
}

static void a_month_of_budget_stretches_the_charts(void **state)
{
	(void)state;
	static const double v[] = { 1, 2, 3 };
	struct store *st = store_new(0);
	find_own(st, NULL);
	say(st, BASE, 3, v);
	struct store_source before = *store_source(st, "prom");
	uint64_t g = store_generation(st);
	apply(st, cells(BASE - WEEK, 5, "a"));
	const struct store_source *src = store_source(st, "prom");
	assert_true(store_generation(st) > g);
	assert_true(src->step == before.step && src->window == before.window
		    && src->settled == before.settled
		    && src->range_from == before.range_from
		    && src->range_to == before.range_to);
	assert_true(store_oldest(st) == BASE);
	/* Inside its own from..to the answer wins, outside nothing changes. */
	apply(st, cells(BASE - WEEK + 4 * STEP, 2, "a"));
	const struct series *s = slo_at(st, 0)->series[0];
	assert_int_equal(s->nr, 6);
	assert_true(s->v[3] == 3 && s->v[4] == 0 && s->v[5] == 1);
	assert_points(ok_of(st, "api"), BASE, 3, v);
	store_free(st);
}

static void a_long_budget_pushes_the_charts_out(void **state)
{
	(void)state;
	const size_t max = 64 << 10;
	double v[200];
	struct store *st = store_new(max);
	find_own(st, NULL);
	for (int i = 0; i < 200; i++)
		v[i] = i;
	apply(st, cells(BASE - WEEK, 50, "a"));
	for (int day = 0; day < 50; day++) {
		say(st, BASE + day * 200 * STEP, 200, v);
		assert_true(store_bytes(st) <= max);
	}
	/* The charts went for the charts' sake. */
	assert_int_equal(slo_at(st, 0)->series[0]->nr, 50);
	for (int i = 0; i < 50; i++)
		apply(st, cells(BASE - WEEK + (50 + i * 200) * STEP, 200,
				"a"));
	assert_true(store_bytes(st) <= max);
	assert_true(ok_of(st, "api")->nr >= 200);
	store_free(st);
}

static void groups_without_end_are_all_kept(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	char text[20];
	find_own(st, NULL);
	for (int i = 0; i < (int)LIMIT_SLO_SERIES + 50; i += 50) {
		struct batch *b = batch_instant(BASE + i);
		for (int k = i; k < i + 50; k++) {
			snprintf(text, sizeof(text), "%d", 50000 - k);
			add_value(b, SLO(0, ASK_TOTAL, SLO_5M), text, NULL,
				  NULL, k);
		}
		apply(st, b);
	}
	assert_int_equal(slo_at(st, 0)->nr, LIMIT_SLO_SERIES);
	assert_int_equal(store_losses(st)->series, 50);
	say_own(st, BASE, 1);
	assert_int_equal(slo_at(st, 1)->nr, 3);
	store_free(st);
}

static void zero_by_zero_reads_as_no_answer(void **state)
{
	(void)state;
	struct store *st = store_new(0), *copy = store_new(0);
	find_own(st, NULL);
	struct batch *b = batch_instant(BASE);
	add_value(b, SLO(0, ASK_RECORDED, SLO_5M), "a", NULL, NULL, 1);
	add_value(b, SLO(0, ASK_TOTAL, SLO_5M), "a", NULL, NULL, 4);
	struct frame *f = (struct frame *)b->frame;
	double nan = NAN;
	f[0].v = &nan;
	b->tick = true;
	apply(st, b);
	apply(st, cells(BASE - WEEK, 5, "a"));
	const struct store_slo *s = slo_at(st, 0);
	const struct series *recorded = s->series[s->nr - 1];
	assert_true(isnan(recorded->now_v) && series_is_there(recorded));
	/* Also in what is saved of it. */
	assert_int_equal(store_dump(st, apply_to, copy), 0);
	s = slo_at(copy, 0);
	assert_int_equal(s->nr, 3);
	assert_true(series_is_there(s->series[2]));
	assert_true(s->series[0]->now_v == 4);
	assert_int_equal(s->series[1]->nr, 5);
	assert_true(store_source(copy, "prom")->range_from
		    == store_source(st, "prom")->range_from);
	b = batch_instant(BASE + STEP);
	ask_for(b, SLO(0, ASK_RECORDED, SLO_5M));
	apply(st, b);
	assert_false(series_is_there(recorded));
	store_free(st);
	store_free(copy);
}

/* ---- comparisons ------------------------------------------------- */

static void compare(struct store *st, const char *source, const char *service,
		    double rate)
{
	struct batch *b = batch_of(source, BASE);
	struct change_count *n = arena_alloc(&b->arena, sizeof(*n));
	const char **note = arena_alloc(&b->arena, sizeof(*note));
	struct change_answer *c = arena_alloc(&b->arena, sizeof(*c));
	*n = (struct change_count){ .label = arena_strdup(&b->arena, "route"),
				    .value = arena_strdup(&b->arena, "/pay") };
	note[0] = arena_strdup(&b->arena, "traffic +1%");
	*c = (struct change_answer){
		.want.service = arena_strdup(&b->arena, service), .nr = 1,
		.count = n, .nr_notes = 1, .note = note, .slow_over = NAN,
		.rate_last_week = rate,
	};
	b->change = c;
	apply(st, b);
}

static void an_old_comparison_is_shown_for_the_new(void **state)
{
	(void)state;
	char name[20];
	struct store *st = stocked(0);
	assert_null(store_change(st, "api"));
	uint64_t g = store_generation(st);
	compare(st, "prom", "api", 1);
	compare(st, "prom", "web", 2);
	assert_true(store_generation(st) > g);
	compare(st, "prom", "api", 3);
	const struct change_answer *c = store_change(st, "api");
	assert_true(c->rate_last_week == 3);
	assert_string_equal(c->count[0].value, "/pay");
	assert_string_equal(c->all.label, "");
	assert_string_equal(c->note[0], "traffic +1%");
	/* Of 64 services; who was compared last stays. */
	for (int i = 0; i < 63; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		compare(st, "other", name, i);
	}
	assert_null(store_change(st, "web"));
	assert_true(store_change(st, "api")->rate_last_week == 3);
	struct batch *b = batch_of("prom", BASE);
	b->reset = true;
	apply(st, b);
	assert_null(store_change(st, "api"));
	assert_non_null(store_change(st, "s0"));
	store_free(st);
}

static void a_saved_past_has_no_comparison(void **state)
{
	(void)state;
	struct store *st = stocked(0), *copy = store_new(0);
	compare(st, "prom", "api", 1);
	poll_ok(st, BASE);
	assert_int_equal(store_dump(st, apply_to, copy), 0);
	assert_true(store_change(copy, "api")->rate_last_week == 1);
	store_free(st);
	store_free(copy);
}

/* ---- events ------------------------------------------------------ */

static void tell(struct store *st, time_ms at, const char *service,
		 const char *text)
{
	struct event e = { at, TIME_NONE, EVENT_DEPLOY, SEVERITY_INFO, service,
			   text, "v1" };
	struct batch *b = batch_of("prom", at);
	b->nr_events = 1;
	b->event = &e;
	apply(st, b);
}

static void a_deploy_is_listed_twice_or_out_of_order(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	const struct event *const *e;
	char text[8] = "v842";
	tell(st, BASE + 1000, "api", text);
	tell(st, BASE, "web", "v842");
	tell(st, BASE + 2000, "api", "v843");
	uint64_t g = store_generation(st);
	text[0] = 'x'; /* the batch owns its text, the store has its own */
	tell(st, BASE + 1000, "api", "v842");
	tell(st, BASE + 1000 + 300000, "api", "v842");
	tell(st, BASE + 1000 - 300000, "api", "v842");
	assert_true(store_generation(st) == g);
	tell(st, BASE + 1001 + 300000, "api", "v842");
	tell(st, BASE + 1000, NULL, "v842");
	assert_int_equal(store_events(st, &e), 5);
	for (size_t i = 1; i < 5; i++)
		assert_true(e[i - 1]->at <= e[i]->at);
	assert_string_equal(e[0]->service, "web");
	assert_string_equal(e[1]->text, "v842");
	assert_string_equal(e[1]->tag, "v1");
	store_free(st);
}

static void too_many_events_push_out_the_newest(void **state)
{
	(void)state;
	struct store *st = stocked(0);
	const struct event *const *e;
	char text[20];
	for (int i = 0; i < (int)LIMIT_EVENTS + 10; i++) {
		snprintf(text, sizeof(text), "v%d", i);
		tell(st, BASE + i, "api", text);
	}
	tell(st, BASE - 1, "api", "too old");
	size_t n = store_events(st, &e);
	assert_int_equal(n, LIMIT_EVENTS);
	assert_string_equal(e[0]->text, "v10");
	assert_string_equal(e[n - 1]->text, "v4105");
	store_free(st);
}

static void equal_texts_are_kept_twice(void **state)
{
	(void)state;
	struct intern in;
	const char *first[1000];
	char text[20];
	intern_init(&in);
	assert_null(intern(&in, NULL));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(text, sizeof(text), "%d", i);
			const char *s = intern(&in, text);
			assert_string_equal(s, text);
			assert_true(round == 0 || s == first[i]);
			first[i] = s;
		}
	assert_int_equal(in.nr, 1000);
	assert_string_equal(intern(&in, ""), "");
	intern_release(&in);
	assert_string_equal(intern(&in, "again"), "again");
	intern_release(&in);
}

/* ---- against a model that cannot be wrong ------------------------ */

#define CELLS 60
#define NAIVE 6

struct naive {
	double v[NAIVE][CELLS]; /* NAN: no point */
};

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static const char *const jobs[] = { "api", "web" };
static const char *const codes[] = { "200", "404", "500" };

static void random_batch(struct store *st, struct naive *m, unsigned *seed)
{
	size_t from = next(seed) % CELLS, nr = 1 + next(seed) % (CELLS - from);
	time_ms t = BASE + (time_ms)from * STEP;
	struct batch *b = batch_range(t, t + (time_ms)(nr - 1) * STEP);
	int only = next(seed) % 4 ? -1 : (int)(next(seed) % 2);
	unsigned order = next(seed);
	b->only = only < 0 ? NULL : jobs[only];
	ask_for(b, RATE);
	for (unsigned k = 0; k < NAIVE; k++) {
		unsigned i = (k + order) % NAIVE;
		bool there = next(seed) % 3 != 0;
		double v[CELLS];
		if (only >= 0 && (int)(i / 3) != only)
			continue;
		for (size_t c = 0; c < nr; c++)
			m->v[i][from + c] = v[c] =
				there && next(seed) % 4
					? (double)(next(seed) % 1000) : NAN;
		if (there)
			add_points(b, add_frame(b, RATE, jobs[i / 3], "code",
						codes[i % 3]), t, nr, v);
	}
	apply(st, b);
}

static void compare_columns(const struct series *s, const double *v,
			    unsigned *seed)
{
	struct column c[20];
	time_ms span = (1 + next(seed) % 5) * STEP + next(seed) % 3 * 1000;
	time_ms from = BASE + (time_ms)(next(seed) % CELLS) * STEP - 7000;
	series_columns(s, from, span, c, 20);
	for (int k = 0; k < 20; k++) {
		double min = INFINITY, max = -INFINITY, sum = 0;
		size_t nr = 0;
		for (int i = 0; i < CELLS; i++) {
			time_ms t = BASE + i * STEP;
			if (t < from + k * span || t >= from + (k + 1) * span
			    || isnan(v[i]))
				continue;
			min = fmin(min, v[i]);
			max = fmax(max, v[i]);
			sum += v[i];
			nr++;
		}
		assert_int_equal(c[k].nr, nr);
		assert_true(c[k].min == min && c[k].max == max);
		assert_true(nr == 0 || c[k].mean == sum / (double)nr);
	}
}

static void compare_all(const struct store *st, const struct naive *m,
			unsigned *seed)
{
	size_t points = 0;
	for (unsigned i = 0; i < NAIVE; i++) {
		const struct series *s = series_of(
			service_named(st, jobs[i / 3]), RED_RATE, "code",
			codes[i % 3]);
		if (!s) {
			for (int c = 0; c < CELLS; c++)
				assert_true(isnan(m->v[i][c]));
			continue;
		}
		assert_points(s, BASE, CELLS, m->v[i]);
		points += s->nr;
		compare_columns(s, m->v[i], seed);
	}
	assert_int_equal(store_points(st), points);
}

static void some_order_of_answers_gives_another_picture(void **state)
{
	(void)state;
	for (unsigned run = 1; run <= 40; run++) {
		unsigned seed = run;
		struct store *st = stocked(0);
		struct naive m;
		for (int i = 0; i < NAIVE; i++)
			for (int c = 0; c < CELLS; c++)
				m.v[i][c] = NAN;
		for (int i = 0; i < 60; i++) {
			random_batch(st, &m, &seed);
			compare_all(st, &m, &seed);
		}
		store_free(st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_number_outlives_its_correction),
		cmocka_unit_test(a_vanished_series_keeps_its_last_points),
		cmocka_unit_test(a_series_told_twice_is_mixed_from_both),
		cmocka_unit_test(asking_for_one_service_wipes_the_others),
		cmocka_unit_test(a_gap_is_drawn_as_a_line),
		cmocka_unit_test(an_unchanged_answer_is_drawn_again),
		cmocka_unit_test(what_is_settled_stays_dimmed),
		cmocka_unit_test(an_outage_empties_the_screen),
		cmocka_unit_test(a_cancelled_poll_looks_like_an_outage),
		cmocka_unit_test(refused_credentials_read_as_down),
		cmocka_unit_test(a_warning_is_not_seen_or_never_goes),
		cmocka_unit_test(an_outage_is_told_at_every_poll_or_never),
		cmocka_unit_test(a_silent_source_stays_up),
		cmocka_unit_test(a_declared_source_is_missing_from_the_header),
		cmocka_unit_test(endpoints_forget_what_happened_to_them),
		cmocka_unit_test(the_newest_attempts_are_kept_newest_first),
		cmocka_unit_test(a_saved_past_has_the_attempts_too),
		cmocka_unit_test(rediscovery_throws_the_charts_away),
		cmocka_unit_test(a_stranger_shows_up_in_a_row),
		cmocka_unit_test(statuses_and_bounds_are_read_wrongly),
		cmocka_unit_test(a_native_histogram_is_lost_or_mixed_up),
		cmocka_unit_test(the_memory_account_drifts),
		cmocka_unit_test(a_week_on_screen_eats_all_memory),
		cmocka_unit_test(series_that_came_and_went_pile_up),
		cmocka_unit_test(buckets_without_end_are_all_kept),
		cmocka_unit_test(a_backward_range_writes_outside_of_memory),
		cmocka_unit_test(a_replay_that_seeks_shows_the_future),
		cmocka_unit_test(an_objective_has_the_answers_of_another),
		cmocka_unit_test(that_nothing_failed_is_not_told),
		cmocka_unit_test(rediscovery_empties_the_objectives),
		cmocka_unit_test(a_month_of_budget_stretches_the_charts),
		cmocka_unit_test(a_long_budget_pushes_the_charts_out),
		cmocka_unit_test(groups_without_end_are_all_kept),
		cmocka_unit_test(zero_by_zero_reads_as_no_answer),
		cmocka_unit_test(an_old_comparison_is_shown_for_the_new),
		cmocka_unit_test(a_saved_past_has_no_comparison),
		cmocka_unit_test(a_deploy_is_listed_twice_or_out_of_order),
		cmocka_unit_test(too_many_events_push_out_the_newest),
		cmocka_unit_test(equal_texts_are_kept_twice),
		cmocka_unit_test(some_order_of_answers_gives_another_picture),
	};
	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
