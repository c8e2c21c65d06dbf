#include "model/service.h"

#include "base/mem.h"
#include "model/dump.h"
#include "tests/unit/batches.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WEB = 1, LEGACY, SUMMED, NATIVE, PROXY, PLAIN };

static const struct shape shapes[] = {
	{ .id = WEB, .label = "job", .metric = "http_seconds",
	  .status_label = "code", .status = STATUS_HTTP, .layer = LAYER_APP,
	  .method = METHOD_HISTOGRAM,
	  .question = { [RED_RATE] = "r", [RED_BUCKETS] = "b", [RED_SUM] = "s",
			[RED_BURN_5M] = "5", [RED_BURN_1H] = "1" } },
	/* Milliseconds, and a companion counter that has the status. */
	{ .id = LEGACY, .label = "job", .metric = "took_ms",
	  .error_metric = "requests_total", .status_label = "code",
	  .status = STATUS_HTTP, .unit = UNIT_MILLISECONDS,
	  .method = METHOD_HISTOGRAM,
	  .question = { [RED_RATE] = "r", [RED_ERRORS] = "e",
			[RED_BUCKETS] = "b", [RED_SUM] = "s" } },
	{ .id = SUMMED, .label = "job", .metric = "rpc_ms",
	  .unit = UNIT_MILLISECONDS, .method = METHOD_SUMMARY,
	  .question = { [RED_RATE] = "r", [RED_QUANTILE] = "q" } },
	{ .id = NATIVE, .label = "job", .metric = "native_ms",
	  .unit = UNIT_MILLISECONDS, .method = METHOD_NATIVE,
	  .question = { [RED_RATE] = "r", [RED_NATIVE] = "n" } },
	{ .id = PROXY, .label = "job", .metric = "haproxy", .layer = LAYER_EDGE,
	  .unit = UNIT_MILLISECONDS, .method = METHOD_NONE,
	  .note = "mean only",
	  .question = { [RED_RATE] = "r", [RED_MEAN] = "m" } },
	{ .id = PLAIN, .label = "job", .metric = "plain",
	  .method = METHOD_NONE, .question = { [RED_RATE] = "r" } },
};

static const struct service_def defs[] = {
	{ .name = "api", .value = "api", .shape = WEB },
	{ .name = "cart", .value = "cart", .shape = WEB, .objective = 0.99,
	  .latency_limit = 0.3 },
	{ .name = "old", .value = "old", .shape = LEGACY },
	{ .name = "rpc", .value = "rpc", .shape = SUMMED },
	{ .name = "native", .value = "native", .shape = NATIVE },
	{ .name = "proxy", .value = "proxy", .shape = PROXY },
	{ .name = "plain", .value = "plain", .shape = PLAIN },
};

static const struct catalog catalog = {
	.nr_shapes = sizeof(shapes) / sizeof(*shapes), .shape = shapes,
	.nr_services = sizeof(defs) / sizeof(*defs), .service = defs,
};

static struct store *stocked(void)
{
	struct store *st = store_new(0);
	struct batch *b = batch_of("prom", BASE);
	b->catalog = &catalog;
	apply(st, b);
	return st;
}

static struct red_row row_at(const struct store *st, const char *name,
			     time_ms at)
{
	struct red_row r;
	struct red_options o = { .from = BASE - 3600000 };
	service_row(service_named(st, name), at, &o, &r);
	return r;
}

static void near(double have, double want)
{
	if (isnan(want))
		assert_true(isnan(have));
	else
		assert_true(fabs(have - want) <= 1e-12 * fabs(want));
}

/* One poll about a WEB service: requests/s by code, and burn windows. */
static void say_web(struct store *st, const char *job, double ok, double bad,
		    double ratio_5m, double ratio_1h, double hour_total)
{
	struct batch *b = batch_instant(BASE);
	add_value(b, question_id(WEB, RED_RATE), job, "code", "200", ok);
	if (!isnan(bad))
		add_value(b, question_id(WEB, RED_RATE), job, "code", "500",
			  bad);
	ask_for(b, question_id(WEB, RED_BURN_5M));
	ask_for(b, question_id(WEB, RED_BURN_1H));
	if (!isnan(ratio_5m)) {
		add_value(b, question_id(WEB, RED_BURN_5M), job, "code", "200",
			  hour_total * (1 - ratio_5m));
		add_value(b, question_id(WEB, RED_BURN_5M), job, "code", "500",
			  hour_total * ratio_5m);
	}
	if (!isnan(ratio_1h)) {
		add_value(b, question_id(WEB, RED_BURN_1H), job, "code", "200",
			  hour_total * (1 - ratio_1h));
		add_value(b, question_id(WEB, RED_BURN_1H), job, "code", "500",
			  hour_total * ratio_1h);
	}
	b->only = job;
	b->tick = true;
	apply(st, b);
}

static void no_errors_and_no_requests_look_alike(void **state)
{
	(void)state;
	struct store *st = stocked();
	say_web(st, "api", 10, NAN, NAN, NAN, 0);
	struct red_row r = row_at(st, "api", BASE);
	near(r.rate, 10);
	assert_true(r.error_ratio == 0);
	assert_int_equal(r.state, STATE_OK);
	assert_true(r.asked_errors);
	say_web(st, "api", 9, 1, 0.1, NAN, 10);
	r = row_at(st, "api", BASE);
	near(r.error_ratio, 0.1);
	near(r.by_class[CLASS_OK], 9);
	near(r.by_class[CLASS_ERROR], 1);
	near(r.by_class[CLASS_4XX], 0);
	say_web(st, "api", 0, 0, NAN, NAN, 0);
	r = row_at(st, "api", BASE);
	assert_true(r.rate == 0);
	assert_true(isnan(r.error_ratio));
	assert_int_equal(r.state, STATE_NOTRAFFIC);
	say_web(st, "api", NAN, NAN, NAN, NAN, 0);
	r = row_at(st, "api", BASE);
	assert_true(isnan(r.rate) && isnan(r.error_ratio));
	assert_true(isnan(r.burn_5m) && isnan(r.p99.value));
	assert_int_equal(r.state, STATE_NODATA);
	assert_int_equal(row_at(st, "cart", BASE).state, STATE_NODATA);
	store_free(st);
}

static void a_family_without_status_says_no_errors(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct batch *b = batch_instant(BASE);
	add_value(b, question_id(PLAIN, RED_RATE), "plain", NULL, NULL, 5);
	b->tick = true;
	apply(st, b);
	struct red_row r = row_at(st, "plain", BASE);
	near(r.rate, 5);
	assert_false(r.asked_errors);
	assert_true(isnan(r.error_ratio));
	assert_true(isnan(service_at(r.service, M_ERRORS, BASE)));
	assert_int_equal(r.state, STATE_OK);
	assert_string_equal(r.p99.note, "no histogram");
	assert_int_equal(r.p99.method, METHOD_NONE);
	assert_true(isnan(r.mean));
	store_free(st);
}

static void errors_are_measured_against_the_wrong_total(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct batch *b = batch_instant(BASE);
	/* The histogram counts 40, the counter with the status 50. */
	add_value(b, question_id(LEGACY, RED_RATE), "old", NULL, NULL, 40);
	add_value(b, question_id(LEGACY, RED_ERRORS), "old", "code", "200", 45);
	add_value(b, question_id(LEGACY, RED_ERRORS), "old", "code", "404", 4);
	add_value(b, question_id(LEGACY, RED_ERRORS), "old", "code", "503", 1);
	add_value(b, question_id(LEGACY, RED_SUM), "old", NULL, NULL, 2000);
	b->tick = true;
	apply(st, b);
	struct red_row r = row_at(st, "old", BASE);
	near(r.rate, 40);
	near(r.error_ratio, 0.02);
	near(r.by_class[CLASS_4XX], 4);
	near(r.mean, 0.05);
	near(service_at(r.service, M_ERRORS, BASE), 1);
	near(service_at(r.service, M_OK, BASE), 45);
	near(service_at(r.service, M_4XX, BASE), 4);
	store_free(st);
}

/* ---- states ------------------------------------------------------ */

static void a_page_is_missed_or_cried_for_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *job; /* api: default 99.9 %; cart: 99 % promised */
		double r5m, r1h, total;
		enum service_state want;
	} t[] = {
		{ "cart", 0.2, 0.2, 10, STATE_PAGE },
		{ "cart", 0.145, 0.145, 10, STATE_PAGE },
		{ "cart", 0.143, 0.2, 10, STATE_OK },
		{ "cart", 0.2, 0.143, 10, STATE_WARN },
		{ "cart", 0.2, NAN, 10, STATE_WARN },
		{ "cart", NAN, NAN, 10, STATE_OK },
		/* 14.4 x 1 % x rate x 3600 s < 1: one lone error would do. */
		{ "cart", 0.5, 0.5, 0.0019, STATE_WARN },
		{ "cart", 0.5, 0.5, 0.0020, STATE_PAGE },
		/* Nobody promised 99.9 %. */
		{ "api", 0.02, 0.02, 10, STATE_CRIT },
		{ "api", 0.02, 0.01, 10, STATE_WARN },
		{ "api", 0.5, 0.5, 0.0192, STATE_WARN },
		{ "api", 0.5, 0.5, 0.0194, STATE_CRIT },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct store *st = stocked();
		say_web(st, t[i].job, 10, 0, t[i].r5m, t[i].r1h, t[i].total);
		struct red_row r = row_at(st, t[i].job, BASE);
		assert_int_equal(r.state, t[i].want);
		near(r.burn_5m, t[i].r5m / (1 - r.objective));
		near(r.burn_1h, t[i].r1h / (1 - r.objective));
		store_free(st);
	}
}

static void an_objective_nobody_gave_is_called_a_promise(void **state)
{
	(void)state;
	struct store *st = stocked();
	say_web(st, "api", 10, 0, 0.3, 0.3, 10);
	struct red_row r = row_at(st, "api", BASE);
	assert_int_equal(r.objective_from, OBJECTIVE_DEFAULT);
	near(r.objective, 0.999);
	assert_int_equal(r.state, STATE_CRIT);
	store_objective(st, 0.98);
	r = row_at(st, "api", BASE);
	assert_int_equal(r.objective_from, OBJECTIVE_OPTION);
	near(r.objective, 0.98);
	assert_int_equal(r.state, STATE_PAGE);
	r = row_at(st, "cart", BASE);
	assert_int_equal(r.objective_from, OBJECTIVE_CONFIG);
	near(r.objective, 0.99);
	assert_true(r.latency_limit == 0.3);
	assert_string_equal(objective_from_name(OBJECTIVE_DEFAULT), "default");
	assert_string_equal(objective_from_name(OBJECTIVE_CONFIG), "config");
	assert_string_equal(service_state_name(STATE_NOTRAFFIC), "notraffic");
	assert_string_equal(service_state_name(STATE_OK), "ok");
	store_free(st);
}

static void old_numbers_pass_for_new_ones(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct red_row r = row_at(st, "api", BASE);
	assert_true(r.asking && r.state == STATE_NODATA);
	say_web(st, "api", 10, 0, 0.3, 0.3, 10);
	struct batch *b = batch_of("prom", BASE + 60000);
	b->fault = FAULT_TIMEOUT;
	b->error = "no answer within 10s";
	b->tick = true;
	apply(st, b);
	r = row_at(st, "api", BASE + 90000);
	assert_int_equal(r.state, STATE_STALE);
	assert_false(r.asking);
	near(r.rate, 10);
	assert_true(r.at == BASE && r.age == 90000);
	store_free(st);
	/* It answers, but of a moment long after the last number. */
	st = stocked();
	store_declare(st, "prom", 15000);
	say_web(st, "api", 10, 0, NAN, NAN, 0);
	r = row_at(st, "api", BASE + 75000);
	assert_true(r.age == 75000 && r.rate == 10);
	r = row_at(st, "api", BASE + 75001);
	assert_int_equal(r.state, STATE_NODATA);
	store_free(st);
	/* The source answers, and this service is not there any more. */
	st = stocked();
	say_web(st, "api", 10, 0, NAN, NAN, 0);
	for (int i = 1; i < 10; i++) {
		b = batch_instant(BASE + i * STEP);
		ask_for(b, question_id(WEB, RED_RATE));
		b->tick = true;
		apply(st, b);
	}
	r = row_at(st, "api", BASE + 9 * STEP);
	assert_int_equal(r.state, STATE_NODATA);
	assert_true(isnan(r.rate));
	store_free(st);
}

static struct red_row made(const struct service *s, enum service_state state,
			   double b5, double b1, double ratio)
{
	return (struct red_row){ .service = s, .state = state, .burn_5m = b5,
				 .burn_1h = b1, .error_ratio = ratio };
}

static void the_worst_service_is_not_on_top(void **state)
{
	(void)state;
	struct service a = { .name = "a" }, b = { .name = "b" };
	const struct red_row want[] = {
		made(&a, STATE_PAGE, 20, 15, 0.1),
		made(&a, STATE_TICKET, 99, 99, 0.9),
		made(&a, STATE_CRIT, 99, 99, 0.9),
		made(&a, STATE_WARN, 99, 2, 0.1),
		made(&b, STATE_WARN, 1, 99, 0.9),
		made(&a, STATE_STALE, 50, 50, 0.5),
		made(&a, STATE_NODATA, NAN, NAN, NAN),
		made(&a, STATE_NOTRAFFIC, NAN, NAN, NAN),
		made(&b, STATE_OK, 2, 2, 0.0),
		made(&b, STATE_OK, 1, 1, 0.002),
		made(&a, STATE_OK, 1, 1, 0.001),
		made(&b, STATE_OK, 1, 1, 0.001),
		made(&a, STATE_OK, 1, 1, NAN),
		made(&a, STATE_OK, NAN, NAN, 0.9),
		made(&a, STATE_OK, NAN, NAN, NAN),
	};
	enum { N = sizeof(want) / sizeof(*want) };
	struct red_row got[N];
	for (size_t i = 0; i < N; i++)
		got[i] = want[(i * 7 + 3) % N];
	qsort(got, N, sizeof(*got), red_row_compare);
	for (size_t i = 0; i < N; i++)
		assert_memory_equal(&got[i], &want[i], sizeof(*got));
}

/* ---- percentiles ------------------------------------------------- */

static void say_buckets(struct store *st, uint32_t shape, const char *job,
			const char *const *le, const double *count, size_t nr)
{
	struct batch *b = batch_instant(BASE);
	add_value(b, question_id(shape, RED_RATE), job, NULL, NULL,
		  count[nr - 1]);
	for (size_t i = 0; i < nr; i++)
		add_value(b, question_id(shape, RED_BUCKETS), job, "le", le[i],
			  count[i]);
	b->tick = true;
	apply(st, b);
}

static void a_percentile_is_off_or_hides_its_bucket(void **state)
{
	(void)state;
	static const char *const s[] = { "0.1", "0.2", "0.4", "+Inf" };
	static const char *const ms[] = { "100", "200", "400", "+Inf" };
	static const double n[] = { 50, 90, 98, 100 };
	struct store *st = stocked();
	say_buckets(st, WEB, "api", s, n, 4);
	say_buckets(st, LEGACY, "old", ms, n, 4);
	for (int i = 0; i < 2; i++) {
		struct red_row r = row_at(st, i ? "old" : "api", BASE);
		near(r.p50.value, 0.1);
		near(r.p95.value, 0.2 + 0.2 * 5 / 8);
		near(r.p95.lo, 0.2);
		near(r.p95.hi, 0.4);
		/* Beyond the last bound: its edge, and the bucket is open. */
		near(r.p99.value, 0.4);
		near(r.p99.lo, 0.4);
		assert_true(r.p99.hi == INFINITY);
		assert_int_equal(r.p99.method, METHOD_HISTOGRAM);
		struct red_quantile q =
			service_quantile_at(r.service, 0.95, BASE);
		near(q.value, r.p95.value);
		near(q.hi, 0.4);
		q = service_quantile_at(r.service, 0.95, BASE + 1);
		assert_true(isnan(q.value));
	}
	store_free(st);
}

static void the_heat_of_a_bucket_is_cumulative(void **state)
{
	(void)state;
	static const char *const s[] = { "+Inf", "0.4", "0.1", "0.2" };
	static const double n[] = { 100, 98, 50, 90 };
	static const struct heat_bucket want[] = {
		{ 0, 0.1, 50 }, { 0.1, 0.2, 40 }, { 0.2, 0.4, 8 },
		{ 0.4, INFINITY, 2 },
	};
	struct heat_bucket b[4];
	struct store *st = stocked();
	say_buckets(st, WEB, "api", s, n, 4);
	const struct service *api = service_named(st, "api");
	assert_int_equal(service_buckets_at(api, BASE, b, 4), 4);
	for (int i = 0; i < 4; i++) {
		near(b[i].lo, want[i].lo);
		assert_true(b[i].hi == want[i].hi);
		near(b[i].rate, want[i].rate);
	}
	assert_int_equal(service_buckets_at(api, BASE, b, 2), 2);
	assert_int_equal(service_buckets_at(api, BASE + 1, b, 4), 0);
	store_free(st);
}

static void ready_made_quantiles_are_averaged(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct batch *b = batch_instant(BASE);
	add_value(b, question_id(SUMMED, RED_RATE), "rpc", NULL, NULL, 1);
	add_value(b, question_id(SUMMED, RED_QUANTILE), "rpc", "quantile",
		  "0.5", 20);
	add_value(b, question_id(SUMMED, RED_QUANTILE), "rpc", "quantile",
		  "0.99", 300);
	add_value(b, question_id(SUMMED, RED_QUANTILE), "rpc", "quantile",
		  "0.990", 250);
	b->tick = true;
	apply(st, b);
	struct red_row r = row_at(st, "rpc", BASE);
	near(r.p50.value, 0.02);
	near(r.p99.value, 0.3);
	assert_true(isnan(r.p95.value));
	assert_true(isnan(r.p99.lo) && isnan(r.p99.hi));
	assert_string_equal(r.p99.note, "max over instances");
	assert_int_equal(r.p99.method, METHOD_SUMMARY);
	store_free(st);
}

static void native_milliseconds_read_as_seconds(void **state)
{
	(void)state;
	struct native_bucket buckets[] = { { 0, 100, 200, 50 },
					   { 0, 200, 400, 50 } };
	struct histogram h = { 100, 20000, 2, buckets };
	time_ms t = BASE;
	struct store *st = stocked();
	struct batch *b = batch_instant(BASE);
	struct heat_bucket heat[4];
	add_value(b, question_id(NATIVE, RED_RATE), "native", NULL, NULL, 100);
	struct frame *f = add_frame(b, question_id(NATIVE, RED_NATIVE),
				    "native", NULL, NULL);
	f->nr = 1;
	f->t = &t;
	f->h = &h;
	b->tick = true;
	apply(st, b);
	struct red_row r = row_at(st, "native", BASE);
	struct quantile q = native_quantile(0.95, &h, prom_rules(NULL));
	assert_true(q.value > 200 && q.value < 400);
	near(r.p95.value, q.value / 1000);
	near(r.p95.lo, 0.2);
	near(r.p95.hi, 0.4);
	assert_int_equal(r.p95.method, METHOD_NATIVE);
	near(service_at(r.service, M_P95, BASE), q.value / 1000);
	assert_int_equal(service_buckets_at(r.service, BASE, heat, 4), 2);
	near(heat[1].lo, 0.2);
	near(heat[1].rate, 50);
	assert_int_equal(service_buckets_at(r.service, BASE, heat, 1), 1);
	store_free(st);
}

static void a_mean_is_not_said_where_it_is_all_there_is(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct batch *b = batch_instant(BASE);
	add_value(b, question_id(PROXY, RED_RATE), "proxy", NULL, NULL, 3);
	add_value(b, question_id(PROXY, RED_MEAN), "proxy", NULL, NULL, 23);
	add_value(b, question_id(WEB, RED_RATE), "api", "code", "200", 8);
	add_value(b, question_id(WEB, RED_RATE), "api", "code", "500", 2);
	add_value(b, question_id(WEB, RED_SUM), "api", NULL, NULL, 0.5);
	add_value(b, question_id(WEB, RED_RATE), "cart", "code", "200", 0);
	add_value(b, question_id(WEB, RED_SUM), "cart", NULL, NULL, 0);
	b->tick = true;
	apply(st, b);
	struct red_row r = row_at(st, "proxy", BASE);
	near(r.mean, 0.023);
	assert_string_equal(r.p50.note, "mean only");
	near(row_at(st, "api", BASE).mean, 0.05);
	assert_true(isnan(row_at(st, "cart", BASE).mean));
	store_free(st);
}

/* ---- charts ------------------------------------------------------ */

#define GRID 24

/* A range of everything: errors from grid point 8 to 15. */
static void fill_grid(struct store *st, const char *job)
{
	static const char *const le[] = { "0.1", "0.5", "+Inf" };
	double v[5][GRID], bad[GRID], burn[2][GRID];
	time_ms to = BASE + (GRID - 1) * STEP;
	struct batch *b = batch_range(BASE, to);
	b->only = job;
	for (int i = 0; i < GRID; i++) {
		bool ill = i >= 8 && i < 16;
		v[0][i] = i == 20 ? (double)NAN : 10 + i;
		bad[i] = i == 20 ? (double)NAN : ill ? 5 : 0;
		v[1][i] = v[0][i] / 2;
		v[2][i] = v[0][i] * 0.9;
		v[3][i] = v[0][i];
		v[4][i] = v[0][i] * 0.08;
		burn[0][i] = ill ? 50 : 0;
		burn[1][i] = i >= 10 && i < 18 ? 50 : 0;
	}
	add_points(b, add_frame(b, question_id(WEB, RED_RATE), job, "code",
				"200"), BASE, GRID, v[0]);
	add_points(b, add_frame(b, question_id(WEB, RED_RATE), job, "code",
				"500"), BASE, GRID, bad);
	for (int k = 0; k < 3; k++)
		add_points(b, add_frame(b, question_id(WEB, RED_BUCKETS), job,
					"le", le[k]), BASE, GRID, v[k + 1]);
	add_points(b, add_frame(b, question_id(WEB, RED_SUM), job, NULL, NULL),
		   BASE, GRID, v[4]);
	for (int k = 0; k < 2; k++) {
		double good[GRID];
		uint32_t q = question_id(WEB, k ? RED_BURN_1H : RED_BURN_5M);
		for (int i = 0; i < GRID; i++)
			good[i] = 100 - burn[k][i];
		add_points(b, add_frame(b, q, job, "code", "200"), BASE, GRID,
			   good);
		add_points(b, add_frame(b, q, job, "code", "500"), BASE, GRID,
			   burn[k]);
	}
	b->tick = true;
	apply(st, b);
}

static void a_chart_and_its_crosshair_disagree(void **state)
{
	(void)state;
	struct store *st = stocked();
	fill_grid(st, "api");
	const struct service *s = service_named(st, "api");
	for (int m = 0; m < M_NR; m++) {
		struct column c[GRID], wide[GRID / 4];
		service_columns(s, (enum measure)m, BASE, STEP, c, GRID);
		service_columns(s, (enum measure)m, BASE, 4 * STEP, wide,
				GRID / 4);
		for (int k = 0; k < GRID; k++) {
			double v = service_at(s, (enum measure)m,
					      BASE + k * STEP);
			assert_int_equal(c[k].nr, !isnan(v));
			if (isnan(v))
				continue;
			assert_true(c[k].min == v && c[k].max == v);
			assert_true(c[k].mean == v);
			assert_true(wide[k / 4].min <= v);
			assert_true(wide[k / 4].max >= v);
		}
		assert_int_equal(wide[0].nr, 4);
	}
	near(service_at(s, M_RATE, BASE), 10);
	near(service_at(s, M_ERROR_RATIO, BASE + 10 * STEP), 5.0 / 25);
	near(service_at(s, M_BURN_5M, BASE + 8 * STEP), 0.5 / 0.001);
	near(service_at(s, M_MEAN, BASE), 0.08);
	assert_true(isnan(service_at(s, M_RATE, BASE + 20 * STEP)));
	store_free(st);
}

static void the_crosshair_finds_no_grid(void **state)
{
	(void)state;
	struct store *st = stocked();
	fill_grid(st, "api");
	const struct service *s = service_named(st, "api");
	assert_true(service_grid(s, BASE + 3 * STEP) == BASE + 3 * STEP);
	assert_true(service_grid(s, BASE + 4 * STEP - 1) == BASE + 3 * STEP);
	/* Point 20 is a gap. */
	assert_true(service_grid(s, BASE + 20 * STEP) == TIME_NONE);
	assert_true(service_grid(s, BASE - 1) == TIME_NONE);
	assert_true(service_grid(s, BASE + GRID * STEP) == TIME_NONE);
	store_free(st);
}

static void since_when_is_a_guess(void **state)
{
	(void)state;
	struct store *st = stocked();
	struct red_row r;
	struct red_options o = { .from = BASE };
	fill_grid(st, "cart");
	const struct service *s = service_named(st, "cart");
	service_row(s, BASE + 12 * STEP, &o, &r);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.since == BASE + 8 * STEP);
	/* It began before what is looked at: not known. */
	o.from = BASE + 9 * STEP;
	service_row(s, BASE + 12 * STEP, &o, &r);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.since == TIME_NONE);
	o.from = BASE;
	service_row(s, BASE + 5 * STEP, &o, &r);
	assert_int_equal(r.state, STATE_OK);
	assert_true(r.since == TIME_NONE);
	/* Nothing comes any more: since the point after the last. */
	struct batch *b = batch_instant(BASE + 60 * STEP);
	ask_for(b, question_id(WEB, RED_RATE));
	b->tick = true;
	apply(st, b);
	service_row(s, BASE + 60 * STEP, &o, &r);
	assert_int_equal(r.state, STATE_NODATA);
	assert_true(r.since == BASE + GRID * STEP);
	store_free(st);
}

struct told {
	size_t nr;
	struct event e[4];
};

static void keep_event(const struct event *e, void *arg)
{
	struct told *t = arg;
	assert_true(t->nr < 4);
	t->e[t->nr++] = *e;
}

static void a_page_leaves_no_mark_on_the_time_axis(void **state)
{
	(void)state;
	struct told t = { 0 };
	struct store *st = stocked();
	fill_grid(st, "cart");
	fill_grid(st, "api");
	const struct service *s = service_named(st, "cart");
	service_events(s, BASE, BASE + GRID * STEP, keep_event, &t);
	assert_int_equal(t.nr, 1);
	/* Both windows: from 10 to 15. */
	assert_true(t.e[0].at == BASE + 10 * STEP);
	assert_true(t.e[0].until == BASE + 15 * STEP);
	assert_int_equal(t.e[0].kind, EVENT_SLO);
	assert_string_equal(t.e[0].service, "cart");
	assert_non_null(strstr(t.e[0].text, "page"));
	t.nr = 0;
	service_events(s, BASE, BASE + 12 * STEP, keep_event, &t);
	assert_int_equal(t.nr, 1);
	assert_true(t.e[0].until == BASE + 12 * STEP);
	t.nr = 0;
	service_events(s, BASE, BASE + 9 * STEP, keep_event, &t);
	assert_int_equal(t.nr, 0);
	/* Nobody promised anything: not called a page. */
	service_events(service_named(st, "api"), BASE, BASE + GRID * STEP,
		       keep_event, &t);
	assert_int_equal(t.nr, 1);
	assert_int_equal(strncmp(t.e[0].text, "crit", 4), 0);
	store_free(st);
}

/* ---- a recording that begins in the middle ----------------------- */

static int take(const struct batch *b, void *arg)
{
	store_apply(arg, b);
	return 0;
}

static int refuse(const struct batch *b, void *arg)
{
	(void)b;
	++*(int *)arg;
	return -1;
}

static void a_number(double a, double b)
{
	assert_true(a == b || (isnan(a) && isnan(b)));
}

static void same_rows(const struct red_row *a, const struct red_row *b)
{
	assert_string_equal(a->service->name, b->service->name);
	assert_int_equal(a->state, b->state);
	assert_true(a->since == b->since && a->age == b->age);
	a_number(a->rate, b->rate);
	a_number(a->error_ratio, b->error_ratio);
	a_number(a->p50.value, b->p50.value);
	a_number(a->p99.value, b->p99.value);
	a_number(a->p99.hi, b->p99.hi);
	a_number(a->mean, b->mean);
	a_number(a->burn_5m, b->burn_5m);
	a_number(a->burn_1h, b->burn_1h);
	a_number(a->objective, b->objective);
}

static void same_stores(const struct store *a, const struct store *b)
{
	const struct service *const *x, *const *y;
	size_t n = store_services(a, &x);
	assert_int_equal(store_services(b, &y), n);
	assert_int_equal(store_points(a), store_points(b));
	assert_int_equal(store_series_count(a), store_series_count(b));
	for (size_t i = 0; i < n; i++) {
		struct red_row r = row_at(a, x[i]->name, BASE + GRID * STEP);
		struct red_row s = row_at(b, y[i]->name, BASE + GRID * STEP);
		same_rows(&r, &s);
		for (int m = 0; m < M_NR; m++) {
			struct column c[GRID], d[GRID];
			service_columns(x[i], (enum measure)m, BASE, STEP, c,
					GRID);
			service_columns(y[i], (enum measure)m, BASE, STEP, d,
					GRID);
			for (int k = 0; k < GRID; k++) {
				assert_int_equal(c[k].nr, d[k].nr);
				a_number(c[k].min, d[k].min);
			}
		}
	}
}

static void add_native(struct store *st)
{
	struct native_bucket buckets[] = { { 0, 100, 200, 50 } };
	struct histogram h[2] = { { 50, 7000, 1, buckets },
				  { 50, 8000, 1, buckets } };
	time_ms t[2] = { BASE, BASE + GRID * STEP };
	for (int i = 0; i < 2; i++) {
		struct batch *b = i ? batch_instant(t[1])
				    : batch_range(t[0], t[0]);
		add_value(b, question_id(NATIVE, RED_RATE), "native", NULL,
			  NULL, 50);
		struct frame *f = add_frame(b, question_id(NATIVE, RED_NATIVE),
					    "native", NULL, NULL);
		f->nr = 1;
		f->t = &t[i];
		f->h = &h[i];
		apply(st, b);
	}
}

static void what_was_on_screen_is_not_in_the_recording(void **state)
{
	(void)state;
	static const char *const warning[] = { "limit reached" };
	struct store *st = store_new(0), *copy = store_new(0);
	struct event e = { BASE, TIME_NONE, EVENT_DEPLOY, SEVERITY_INFO, "api",
			   "v842 rolled out", "v842" };
	/* A source that never answered stands first. */
	store_declare(st, "silent", 15000);
	struct batch *b = batch_of("prom", BASE);
	b->catalog = &catalog;
	b->nr_events = 1;
	b->event = &e;
	apply(st, b);
	fill_grid(st, "api");
	fill_grid(st, "cart");
	add_native(st);
	for (int i = 2; i > 0; i--) {
		b = batch_of("prom", BASE + (GRID - i) * STEP);
		b->fault = FAULT_TIMEOUT;
		b->error = "no answer within 10s";
		b->tick = true;
		apply(st, b);
	}
	b = batch_instant(BASE + GRID * STEP);
	add_value(b, question_id(WEB, RED_RATE), "api", "code", "200", 5);
	b->partial = b->tick = true;
	b->nr_warnings = 1;
	b->warning = warning;
	apply(st, b);
	assert_int_equal(store_dump(st, take, copy), 0);
	same_stores(st, copy);
	const struct event *const *told;
	/* What the source itself went through is not told again. */
	assert_int_equal(store_events(st, &told), 3);
	assert_int_equal(store_events(copy, &told), 1);
	assert_string_equal(told[0]->text, "v842 rolled out");
	const struct store_source *s = store_source(copy, "prom");
	assert_int_equal(s->state, SOURCE_PARTIAL);
	assert_int_equal(s->nr_warnings, 1);
	assert_true(s->step == STEP && s->window == 60000);
	/* A dump of the dump says the same. */
	struct store *third = store_new(0);
	assert_int_equal(store_dump(copy, take, third), 0);
	same_stores(copy, third);
	int calls = 0;
	assert_int_equal(store_dump(st, refuse, &calls), -1);
	assert_int_equal(calls, 1);
	store_free(third);
	store_free(copy);
	store_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_errors_and_no_requests_look_alike),
		cmocka_unit_test(a_family_without_status_says_no_errors),
		cmocka_unit_test(errors_are_measured_against_the_wrong_total),
		cmocka_unit_test(a_page_is_missed_or_cried_for_nothing),
		cmocka_unit_test(an_objective_nobody_gave_is_called_a_promise),
		cmocka_unit_test(old_numbers_pass_for_new_ones),
		cmocka_unit_test(the_worst_service_is_not_on_top),
		cmocka_unit_test(a_percentile_is_off_or_hides_its_bucket),
		cmocka_unit_test(the_heat_of_a_bucket_is_cumulative),
		cmocka_unit_test(ready_made_quantiles_are_averaged),
		cmocka_unit_test(native_milliseconds_read_as_seconds),
		cmocka_unit_test(a_mean_is_not_said_where_it_is_all_there_is),
		cmocka_unit_test(a_chart_and_its_crosshair_disagree),
		cmocka_unit_test(the_crosshair_finds_no_grid),
		cmocka_unit_test(since_when_is_a_guess),
		cmocka_unit_test(a_page_leaves_no_mark_on_the_time_axis),
		cmocka_unit_test(what_was_on_screen_is_not_in_the_recording),
	};
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
