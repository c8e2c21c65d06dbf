#include "model/batch.h"

#include "base/buf.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_fault_has_no_name_or_that_of_another(void **state)
{
	(void)state;
	for (int i = 0; i < FAULT_NR; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(fault_name((enum fault)i),
						fault_name((enum fault)k));
	assert_string_equal(fault_name((enum fault)-1), "unknown");
	assert_string_equal(fault_name(FAULT_NR), "unknown");
}

static void the_words_of_the_contract_differ(void **state)
{
	(void)state;
	static const char *const kinds[] = {
		"deploy", "restart", "config", "traffic", "source",
		"threshold", "slo", "alarm", "gap", "note", "unknown",
	};
	static const char *const states[] = {
		"asking", "up", "partial", "stale", "down", "auth",
		"throttled", "unknown",
	};
	static const char *const levels[] = { "info", "warn", "crit",
					      "unknown" };
	for (int i = 0; i < 11; i++)
		assert_string_equal(event_kind_name((enum event_kind)i),
				    kinds[i]);
	for (int i = 0; i < 8; i++)
		assert_string_equal(source_state_name((enum source_state)i),
				    states[i]);
	for (int i = 0; i < 4; i++)
		assert_string_equal(severity_name((enum severity)i),
				    levels[i]);
	static const char *const alarms[] = { "ok", "pending", "firing",
					      "alarm", "insufficient",
					      "unknown" };
	for (int i = 0; i < 6; i++)
		assert_string_equal(alarm_state_name((enum alarm_state)i),
				    alarms[i]);
}

static const struct label cart[] = { { "service", "cart" } };
static const time_ms times[] = { 1000, 2000 };
static const double values[] = { 0.1, NAN };
static const struct native_bucket buckets[] = { { 3, -1, 1, 2 },
						{ 0, 1, INFINITY, 4 } };
static const struct histogram histograms[] = { { 6, 7.5, 2, buckets } };

static void print(const struct batch *b, const char *expected)
{
	struct buf out;
	buf_init(&out, 0);
	batch_print(b, &out);
	assert_string_equal(out.s, expected);
	buf_release(&out);
}

static void the_printed_batch_hides_a_fact(void **state)
{
	(void)state;
	const char *const warnings[] = { "w" }, *const infos[] = { "i" };
	const uint32_t asked[] = { 16, 17 };
	const struct frame frames[] = {
		{ 16, { 1, cart }, 2, times, values, NULL },
		{ 17, { 0, NULL }, 1, times, NULL, histograms },
	};
	const struct event events[] = {
		{ 5, TIME_NONE, EVENT_DEPLOY, SEVERITY_WARN, "cart", "up",
		  "v1" },
	};
	struct batch *b = batch_new(0);
	b->at = 3;
	b->from = 1;
	b->to = 2000;
	b->step = 10;
	b->fault = FAULT_AUTH;
	b->error = "no";
	b->partial = true;
	b->nr_warnings = b->nr_infos = b->nr_events = 1;
	b->warning = warnings;
	b->info = infos;
	b->event = events;
	b->nr_asked = b->nr = 2;
	b->asked = asked;
	b->frame = frames;
	print(b, "range at=3 from=1 to=2000 step=10 fault=auth partial\n"
		 "error no\nasked 16 17\nwarning w\ninfo i\n"
		 "event deploy warn at=5 service=cart tag=v1 up\n"
		 "16 {service=\"cart\"} 1000=0.1 2000=NaN\n"
		 "17 {} 1000={6 7.5 3:-1..1=2 0:1..+Inf=4}\n");
	batch_free(b);
	batch_free(NULL);
}

static void the_printed_batch_hides_what_it_costs(void **state)
{
	(void)state;
	const struct cost_part parts[] = { { "Lambda", 3, 0.0018 } };
	const struct source_cost cost = { 3, 0.0018, 0.5, 1, "paused", 1,
					  parts };
	const struct source_status status = {
		.kind = "cloudwatch", .skew_s = NAN, .next = TIME_NONE,
		.credentials = "imds", .cost = &cost,
	};
	const struct alarm alarms[] = {
		{ "age", ALARM_ALARM, 7, "3 of 3" },
		{ "lag", ALARM_OK, TIME_NONE, NULL },
	};
	const struct shape shapes[] = {
		{ .id = 1, .label = "service", .metric = "m", .sparse = true,
		  .settle = 60000 },
	};
	const struct service_def defs[] = {
		{ .name = "cpu", .value = "cpu", .shape = 1, .warn = 0.7,
		  .crit = 0.85, .limit = 100 },
	};
	const struct catalog catalog = { .nr_shapes = 1, .nr_services = 1,
					 .shape = shapes, .service = defs };
	struct batch *b = batch_new(0);
	b->instant = true;
	b->status = &status;
	b->catalog = &catalog;
	b->alarms = true;
	b->nr_alarms = 2;
	b->alarm = alarms;
	print(b, "instant at=0 fault=none\n"
		 "status kind=cloudwatch url=- identity=- took=0us skew=NaN "
		 "requests=0 bytes=0 body=0 retries=0 dropped=0 next=none "
		 "period=0\n"
		 "credentials imds\n"
		 "cost metrics=3 hour=0.0018 today=0.5 max=1 saving=paused\n"
		 "part Lambda metrics=3 hour=0.0018\n"
		 "catalog version=- requests=0 families=0 unknown=0 note=-\n"
		 "shape 1 label=service metric=m layer=0 unit=0 method=0 "
		 "interval=0 window=0 sparse settle=60000\n"
		 "service cpu value=cpu shape=1 objective=0 latency_limit=0 "
		 "warn=0.7 crit=0.85 limit=100\n"
		 "alarms 2\nalarm alarm age since=7 3 of 3\n"
		 "alarm ok lag since=none -\n");
	batch_free(b);
}

static void the_printed_batch_hides_what_is_promised(void **state)
{
	(void)state;
	static const char *const group[] = { "handler", "code", NULL };
	const struct slo_def slo = {
		.id = "api-up", .service = "api", .objective = 0.999,
		.period = 86400000, .calendar = CALENDAR_DAY,
		.calendar_every = 1, .calendar_start = 7, .zone = "Europe/Oslo",
		.errors = "e", .total = "t", .recorded = "r{}", .counts = true,
		.latency = 0.3, .group = group, .where = "slo.yml:1",
		.tier = { { true, SLO_5M, SLO_1H, 0.02 } },
	};
	const struct threshold_def limits[] = {
		{ .id = "cpu", .query = "cpu", .period = 300000, .m = 3,
		  .n = 5, .missing = MISSING_IGNORE, .clear = 60,
		  .clear_after = 2, .warning = { true, 70, NAN },
		  .critical = { true, 85, 1 }, .unit = "%", .pack = "p" },
		{ .id = "up", .measure = MEASURE_P99, .period = 60000, .m = 1,
		  .n = 1, .clear = NAN, .clear_after = 1, .alert = true,
		  .hold = 5, .keep = 6 },
	};
	const struct catalog catalog = {
		.nr_slos = 1, .slo = &slo, .nr_thresholds = 2,
		.threshold = limits, .pack = "p",
	};
	struct batch *b = batch_new(0);
	b->instant = true;
	b->catalog = &catalog;
	print(b, "instant at=0 fault=none\n"
		 "catalog version=- requests=0 families=0 unknown=0 note=-\n"
		 "pack p\n"
		 "slo api-up service=api objective=0.999 period=86400000 "
		 "method=0 calendar=1 every=1 start=7 zone=Europe/Oslo counts "
		 "latency=0.3 group=handler,code tier=page:0:2:0.02 errors=e "
		 "total=t recorded=r{} where=slo.yml:1\n"
		 "threshold cpu service=- measure=0 warning=NaN..70 "
		 "critical=1..85 period=300000 3/5 missing=3 clear=60 after=2 "
		 "unit=% query=cpu pack=p\n"
		 "threshold up service=- measure=6 period=60000 1/1 missing=0 "
		 "clear=NaN after=1 for=5 keep=6\n");
	batch_free(b);
}

static void the_printed_batch_hides_what_changed(void **state)
{
	(void)state;
	const struct change_count n = {
		.label = "route", .value = "/pay", .requests = { 10, 20 },
		.errors = { 0, 5 }, .slow = { NAN, NAN }, .p99 = { 0.1, 0.2 },
	};
	const struct event event = { 5, TIME_NONE, EVENT_RESTART,
				     SEVERITY_WARN, "cart", "up", NULL };
	const char *const note = "traffic +1%";
	const struct change_answer change = {
		.want = { .service = "cart", .before_from = 1, .before_to = 2,
			  .during_from = 3, .during_to = 4 },
		.queries = 7, .slow_over = 0.5, .all = n, .nr = 1, .count = &n,
		.nr_events = 1, .event = &event, .nr_notes = 1, .note = &note,
		.fault = "few", .rate_last_week = NAN,
	};
	struct batch *b = batch_new(0);
	b->instant = true;
	b->change = &change;
	print(b, "instant at=0 fault=none\n"
		 "change cart before=1..2 during=3..4 queries=7 slow_over=0.5 "
		 "last_week=NaN fault=few\n"
		 "counted route=/pay requests=10/20 errors=0/5 slow=NaN/NaN "
		 "p99=0.1/0.2\n"
		 "counted route=/pay requests=10/20 errors=0/5 slow=NaN/NaN "
		 "p99=0.1/0.2\n"
		 "event restart warn at=5 service=cart tag=- up\n"
		 "note traffic +1%\n");
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_has_no_name_or_that_of_another),
		cmocka_unit_test(the_words_of_the_contract_differ),
		cmocka_unit_test(the_printed_batch_hides_a_fact),
		cmocka_unit_test(the_printed_batch_hides_what_it_costs),
		cmocka_unit_test(the_printed_batch_hides_what_is_promised),
		cmocka_unit_test(the_printed_batch_hides_what_changed),
	};
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
