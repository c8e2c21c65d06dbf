/* Which questions of objectives and thresholds are due, and in which words. */
#include "sources/prom_derive.h"
#include "sources/prom_own.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define AT ((time_ms)1741000000000)
#define PERIOD ((time_ms)15000)
#define DAY ((time_ms)86400000)

static const struct slo_def availability = {
	.id = "checkout", .objective = 0.999, .period = 30 * DAY,
	.errors = "sum(rate(x_total{code=~\"5..\"}[$window]))",
	.total = "sum(rate(x_total[$window]))",
};

static struct catalog with(const struct slo_def *d, size_t nr)
{
	return (struct catalog){ .nr_slos = nr, .slo = d };
}

static void plan(struct prom_own *out, const struct catalog *c,
		 const struct prom_due *due, time_ms at, bool all, bool page)
{
	struct prom_own_ask ask = { .catalog = c, .at = at, .period = PERIOD,
				    .all = all, .page = page, .implied = page,
				    .due = due };
	*out = (struct prom_own){ 0 };
	prom_own_plan(out, &ask);
}

static const char *text_of(const struct prom_own *o, uint32_t id, bool range)
{
	for (size_t i = 0; i < o->nr; i++)
		for (size_t k = 0; k < o->of[i].pack.nr; k++)
			if (o->of[i].range == range
			    && o->of[i].pack.item[k].id == id)
				return o->of[i].pack.item[k].text;
	return NULL;
}

static void answer(struct prom_due *due, const struct prom_own *o, time_ms at)
{
	for (size_t i = 0; i < o->nr; i++)
		for (size_t k = 0; k < o->of[i].pack.nr; k++)
			prom_due_note(due, o->of[i].pack.item[k].id,
				      o->of[i].range,
				      o->of[i].range ? o->of[i].when.to : at);
}

static size_t questions(const struct prom_own *o)
{
	size_t n = 0;
	for (size_t i = 0; i < o->nr; i++)
		n += o->of[i].pack.nr;
	return n;
}

static uint32_t slo_id(size_t i, enum slo_ask a, unsigned span)
{
	return question_own(QUESTION_SLO, i, slo_part(a, span));
}

static void test_each_window_is_asked_with_its_own_length(void **state)
{
	struct catalog c = with(&availability, 1);
	struct prom_due due = { 0 };
	struct prom_own o;
	(void)state;
	plan(&o, &c, &due, AT, true, true);
	assert_string_equal(text_of(&o, slo_id(0, ASK_ERRORS, SLO_5M), false),
			    "sum(rate(x_total{code=~\"5..\"}[5m]))");
	assert_string_equal(text_of(&o, slo_id(0, ASK_TOTAL, SLO_3D), false),
			    "sum(rate(x_total[3d]))");
	assert_string_equal(
		text_of(&o, slo_id(0, ASK_TOTAL, SLO_SPAN_PERIOD), false),
		"sum(rate(x_total[30d]))");
	assert_string_equal(
		text_of(&o, slo_id(0, ASK_TOTAL, SLO_SPAN_CELL), true),
		"sum(rate(x_total[1h]))");
	assert_string_equal(
		text_of(&o, slo_id(0, ASK_TOTAL, SLO_SPAN_COVER), false),
		"min_over_time(timestamp(sum(rate(x_total[5m])))[30d:5m])");
	prom_own_release(&o);
}

static void test_long_windows_do_not_load_the_server_at_every_poll(void **state)
{
	struct catalog c = with(&availability, 1);
	struct prom_due due = { 0 };
	struct prom_own o;
	(void)state;
	plan(&o, &c, &due, AT, false, false);
	answer(&due, &o, AT);
	prom_own_release(&o);
	plan(&o, &c, &due, AT + PERIOD, false, false);
	assert_non_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_5M), false));
	assert_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_1H), false));
	assert_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_3D), false));
	assert_int_equal(questions(&o), 2);
	prom_own_release(&o);
	plan(&o, &c, &due, AT + 300000, false, false);
	assert_non_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_3D), false));
	assert_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_SPAN_COVER), false));
	prom_own_release(&o);
	prom_due_clear(&due);
}

static void test_the_past_of_a_budget_is_asked_once(void **state)
{
	struct catalog c = with(&availability, 1);
	struct prom_due due = { 0 };
	struct prom_own o;
	uint32_t id = slo_id(0, ASK_TOTAL, SLO_SPAN_CELL);
	(void)state;
	plan(&o, &c, &due, AT, false, true);
	assert_non_null(text_of(&o, id, true));
	answer(&due, &o, AT);
	prom_own_release(&o);
	plan(&o, &c, &due, AT + 60000, false, true);
	assert_null(text_of(&o, id, true));
	prom_own_release(&o);
	plan(&o, &c, &due, AT + 3600000, false, true);
	assert_non_null(text_of(&o, id, true));
	for (size_t i = 0; i < o.nr; i++)
		if (o.of[i].range)
			assert_int_equal(o.of[i].when.to - o.of[i].when.from,
					 3600000);
	prom_own_release(&o);
	prom_due_clear(&due);
}

static void test_twenty_objectives_are_few_requests(void **state)
{
	static struct slo_def many[20];
	struct prom_due due = { 0 };
	struct prom_own o;
	(void)state;
	for (size_t i = 0; i < 20; i++)
		many[i] = availability;
	struct catalog c = with(many, 20);
	plan(&o, &c, &due, AT, true, false);
	assert_true(o.nr <= 40);
	for (size_t i = 0; i < o.nr; i++)
		assert_true(o.of[i].pack.nr <= 16);
	prom_own_release(&o);
}

static void test_points_of_a_threshold_stand_at_ends_of_periods(void **state)
{
	static const struct threshold_def cpu = {
		.id = "cpu", .query = "avg(rate(cpu[$period]))",
		.period = 300000, .m = 1, .n = 1, .clear = NAN,
		.clear_after = 1, .critical = { true, 85, NAN },
	};
	struct catalog c = { .nr_thresholds = 1, .threshold = &cpu };
	struct prom_due due = { 0 };
	struct prom_own o;
	uint32_t id = question_own(QUESTION_THRESHOLD, 0, THRESHOLD_POINTS);
	(void)state;
	plan(&o, &c, &due, AT + 1234, false, false);
	assert_string_equal(text_of(&o, id, true), "avg(rate(cpu[5m]))");
	for (size_t i = 0; i < o.nr; i++) {
		const struct range_plan *w = &o.of[i].when;
		if (!o.of[i].range)
			continue;
		assert_int_equal(w->to % 300000, 0);
		assert_true(w->to <= AT + 1234 && w->to > AT - 300000);
		assert_true((w->to - w->from) / w->step + 1 >= 25);
	}
	prom_own_release(&o);
}

/* ---- derived ------------------------------------------------------------- */

static const struct shape shape = {
	.id = 1, .label = "job", .metric = "http_request_duration_seconds",
	.error_matcher = "code=~\"5..\"", .status_label = "code",
	.status = STATUS_HTTP, .method = METHOD_HISTOGRAM,
	.question = {
		[RED_BURN_5M] = "sum by (job, code) (rate(http_request_"
				"duration_seconds_count{job=~\"a|b\"}[5m]))",
		[RED_BUCKETS] = "sum by (job, le) (rate(http_request_duration_"
				"seconds_bucket[$__rate_interval]))",
	},
};
static const struct service_def service = { .name = "shop", .value = "a\"b",
					    .shape = 1 };
static const struct catalog found = { .nr_shapes = 1, .shape = &shape,
				      .nr_services = 1, .service = &service };

static void test_an_objective_without_queries_asks_its_service(void **state)
{
	static const struct slo_def d[] = {
		{ .id = "ok", .service = "shop", .derived = true,
		  .objective = 0.999, .period = 30 * DAY },
		{ .id = "fast", .service = "shop", .derived = true,
		  .latency = 0.3, .objective = 0.99, .period = 30 * DAY },
		{ .id = "gone", .service = "nobody", .derived = true,
		  .objective = 0.99, .period = 30 * DAY },
	};
	struct source_options o = { .slo = d, .nr_slos = 3 };
	struct arena a;
	size_t nr;
	(void)state;
	arena_init(&a, 0);
	const struct slo_def *out = prom_derive(&found, &o, NULL, &a, &nr);
	assert_string_equal(out[0].errors,
			    "sum(rate(http_request_duration_seconds_count{job=~"
			    "\"a|b\",job=\"a\\\"b\",code=~\"5..\"}[$window]))");
	assert_string_equal(out[0].total,
			    "sum(rate(http_request_duration_seconds_count{job=~"
			    "\"a|b\",job=\"a\\\"b\"}[$window]))");
	assert_string_equal(out[1].buckets,
			    "sum by (le) (rate(http_request_duration_seconds_"
			    "bucket{job=\"a\\\"b\"}[$window]))");
	assert_null(out[1].errors);
	assert_null(out[2].errors);
	assert_int_equal(nr, 4);
	assert_true(out[3].implicit);
	assert_string_equal(out[3].errors,
			    "sum by (job) (rate(http_request_duration_seconds_"
			    "count{job=~\"a|b\",code=~\"5..\"}[$window]))");
	arena_release(&a);
}

static void test_what_nobody_promised_is_asked_only_when_looked_at(void **state)
{
	struct slo_def d = availability;
	struct prom_due due = { 0 };
	struct prom_own o;
	(void)state;
	d.implicit = true;
	struct catalog c = with(&d, 1);
	plan(&o, &c, &due, AT, false, false);
	assert_int_equal(questions(&o), 0);
	prom_own_release(&o);
	plan(&o, &c, &due, AT, false, true);
	assert_non_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_1D), false));
	assert_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_3D), false));
	assert_null(text_of(&o, slo_id(0, ASK_TOTAL, SLO_SPAN_PERIOD), false));
	prom_own_release(&o);
}

static void test_counts_have_no_rate(void **state)
{
	static const struct slo_def d[] = {
		{ .id = "probe", .objective = 0.99, .period = DAY,
		  .errors = "sum(count_over_time(up[$window])) - "
			    "sum(sum_over_time(up[$window]))",
		  .total = "sum(count_over_time(up[$window]))" },
		{ .id = "rate", .objective = 0.99, .period = DAY,
		  .errors = "sum(rate(e[$window]))",
		  .total = "sum(rate(t[$window]))" },
	};
	struct source_options o = { .slo = d, .nr_slos = 2 };
	struct catalog none = { 0 };
	struct arena a;
	size_t nr;
	(void)state;
	arena_init(&a, 0);
	const struct slo_def *out = prom_derive(&none, &o, NULL, &a, &nr);
	assert_true(out[0].counts);
	assert_false(out[1].counts);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_window_is_asked_with_its_own_length),
		cmocka_unit_test(
			test_long_windows_do_not_load_the_server_at_every_poll),
		cmocka_unit_test(test_the_past_of_a_budget_is_asked_once),
		cmocka_unit_test(test_twenty_objectives_are_few_requests),
		cmocka_unit_test(
			test_points_of_a_threshold_stand_at_ends_of_periods),
		cmocka_unit_test(
			test_an_objective_without_queries_asks_its_service),
		cmocka_unit_test(
			test_what_nobody_promised_is_asked_only_when_looked_at),
		cmocka_unit_test(test_counts_have_no_rate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
