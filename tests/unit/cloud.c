/* What the model makes of a source that judges whole minutes, reports only
 * what there is to count, knows alarms and costs money. */
#include "tests/unit/cloud.h"

#include "base/limits.h"
#include "model/dump.h"
#include "model/resource.h"
#include "model/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (INT64_C(1763000000000) / CLOUD_STEP * CLOUD_STEP + 25000)

static struct store *polled(struct cloud c)
{
	struct store *st = store_new(0);
	c.now = NOW;
	cloud_poll(&c, cloud_into, st);
	return st;
}

static struct red_row row_at(const struct store *st, const char *name,
			     time_ms at)
{
	const struct service *const *s;
	struct red_options o = { .from = NOW - 3600000 };
	struct red_row r = { 0 };
	size_t n = store_services(st, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->name, name) == 0)
			service_row(s[i], at, &o, &r);
	if (!r.service)
		fail_msg("no service %s", name);
	return r;
}

static void near(double have, double want)
{
	assert_true(fabs(have - want) <= 1e-9 * fabs(want));
}

/* ---- rows ---------------------------------------------------------- */

static void a_minute_that_is_not_over_makes_a_row(void **state)
{
	(void)state;
	struct cloud c = { .now = NOW };
	struct store *st = polled(c);
	double whole = cloud_rate(&c, cloud_judged(NOW) / CLOUD_STEP, 80);
	struct red_row r = row_at(st, "shop-alb", NOW);
	assert_true(r.at == cloud_judged(NOW));
	assert_true(r.age == 85000);
	near(r.rate, whole);
	near(r.error_ratio, 0.0004);
	near(r.p99.value, cloud_latency(&c, r.at / CLOUD_STEP, 0.4));
	assert_int_equal(r.state, STATE_OK);
	/* The chart has the minute after it; the row does not, for it was
	 * not whole when it was told. */
	assert_true(service_at(r.service, M_RATE, r.at + CLOUD_STEP) > 0);
	r = row_at(st, "shop-alb", NOW + 59000);
	assert_true(r.at == cloud_judged(NOW));
	near(r.rate, whole);
	/* An earlier moment has its own minute. */
	r = row_at(st, "shop-alb", NOW - 600000);
	assert_true(r.at == cloud_judged(NOW) - 600000);
	near(r.rate, cloud_rate(&c, r.at / CLOUD_STEP, 80));
	store_free(st);
}

static void a_late_answer_is_called_an_outage(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	time_ms judged = cloud_judged(NOW);
	assert_int_equal(row_at(st, "shop-alb", judged + 240000).state,
			 STATE_OK);
	struct red_row r = row_at(st, "shop-alb", judged + ROW_OLDEST);
	assert_true(r.rate > 0 && r.age == ROW_OLDEST);
	r = row_at(st, "shop-alb", judged + ROW_OLDEST + 1);
	assert_true(isnan(r.rate));
	store_free(st);
}

static void an_idle_function_pages_as_no_data(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ .silent = true });
	struct red_row r = row_at(st, "thumbs", NOW);
	assert_int_equal(r.state, STATE_NOTRAFFIC);
	assert_true(isnan(r.rate) && isnan(r.error_ratio));
	assert_true(isnan(r.p99.value) && r.age == 85000);
	/* It had requests until now: since the last of them. */
	struct cloud c = { .now = NOW };
	cloud_poll(&c, cloud_into, st);
	c = (struct cloud){ .now = NOW + 300000, .silent = true };
	cloud_poll(&c, cloud_into, st);
	r = row_at(st, "thumbs", NOW + 300000);
	assert_int_equal(r.state, STATE_NOTRAFFIC);
	store_free(st);
}

static void what_was_not_asked_is_called_idle(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	struct cloud c = { .now = NOW };
	struct batch *b = cloud_batch(&c, NOW);
	b->catalog = &cloud_catalog;
	cloud_into(b, st);
	b = cloud_batch(&c, NOW);
	b->instant = b->tick = true;
	cloud_into(b, st);
	/* The source answers, and was refused this one metric. */
	struct red_row r = row_at(st, "thumbs", NOW);
	assert_int_equal(r.state, STATE_NODATA);
	cloud_poll(&c, cloud_into, st);
	/* What was asked long ago says nothing about now. */
	c.now += ROW_OLDEST + 60000;
	b = cloud_batch(&c, c.now);
	b->instant = b->tick = true;
	cloud_into(b, st);
	r = row_at(st, "thumbs", c.now);
	assert_int_equal(r.state, STATE_NODATA);
	store_free(st);
}

static void an_outage_of_the_source_is_called_idle(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ .silent = true });
	struct cloud c = { .now = NOW + 60000 };
	struct batch *b = cloud_batch(&c, c.now);
	b->tick = true;
	b->fault = FAULT_AUTH;
	b->error = "imds: the role is gone; attach it again";
	cloud_into(b, st);
	assert_int_equal(row_at(st, "thumbs", c.now).state, STATE_STALE);
	store_free(st);
}

static void what_counts_no_requests_is_broken_for_ever(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	struct red_row r = row_at(st, "workers", NOW);
	assert_int_equal(r.state, STATE_OK);
	assert_true(isnan(r.rate) && isnan(r.error_ratio));
	assert_string_equal(r.p99.note, "it counts no requests");
	/* Flows are counted, errors are not: not zero of them. */
	r = row_at(st, "tcp-nlb", NOW);
	assert_true(r.rate > 0 && isnan(r.error_ratio));
	assert_false(r.asked_errors);
	assert_int_equal(r.state, STATE_OK);
	store_free(st);
}

static void a_percentile_of_the_server_is_an_estimate(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	struct red_row r = row_at(st, "shop-alb", NOW);
	assert_int_equal(r.p99.method, METHOD_SERVER);
	assert_true(isnan(r.p99.lo) && isnan(r.p99.hi));
	assert_null(r.p99.note);
	near(r.mean, r.p99.value * 0.15);
	r = row_at(st, "sessions", NOW);
	assert_true(isnan(r.p99.value));
	assert_string_equal(r.p99.note, "several operations");
	assert_true(r.mean > 0);
	store_free(st);
}

static void count_event(const struct event *e, void *arg)
{
	time_ms *last = arg;
	if (e->until > *last)
		*last = e->until;
}

static void half_a_minute_pages_somebody(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ .failing = true });
	struct red_row r = row_at(st, "shop-alb", NOW);
	time_ms last = TIME_NONE;
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.since == time_floor(NOW, CLOUD_STEP) - 14 * CLOUD_STEP);
	service_events(r.service, NOW - 3600000, NOW, count_event, &last);
	assert_true(last == cloud_judged(NOW));
	store_free(st);
}

/* ---- what the source says of itself --------------------------------- */

static void an_alarm_that_is_gone_stays(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ .alarms = true });
	const struct store_source *s = store_source(st, "cloudwatch");
	assert_true(s->alarms_known);
	assert_int_equal(s->nr_alarms, 5);
	assert_string_equal(s->alarm[1].name, "sqs-orders-age");
	assert_int_equal(s->alarm[1].state, ALARM_ALARM);
	assert_true(s->alarm[1].since == NOW - 1200000);
	assert_null(s->alarm[2].reason);
	/* A poll that did not ask for them changes none. */
	struct cloud c = { .now = NOW + 60000, .again = true };
	cloud_poll(&c, cloud_into, st);
	assert_int_equal(s->nr_alarms, 5);
	struct batch *b = cloud_batch(&c, c.now);
	b->alarms = true;
	cloud_into(b, st);
	assert_true(s->alarms_known && s->nr_alarms == 0);
	b = cloud_batch(&c, c.now);
	b->reset = true;
	cloud_into(b, st);
	assert_false(s->alarms_known);
	store_free(st);
}

static void an_account_with_many_alarms_eats_the_memory(void **state)
{
	(void)state;
	struct store *st = store_new(0);
	struct cloud c = { .now = NOW };
	struct batch *b = cloud_batch(&c, NOW);
	size_t nr = LIMIT_ALARMS + 10;
	struct alarm *a = arena_alloc(&b->arena, nr * sizeof(*a));
	for (size_t i = 0; i < nr; i++)
		a[i].name = "x";
	b->alarms = true;
	b->alarm = a;
	b->nr_alarms = nr;
	cloud_into(b, st);
	assert_int_equal(store_source(st, "cloudwatch")->nr_alarms,
			 LIMIT_ALARMS);
	store_free(st);
}

static void the_bill_counts_one_poll_only(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	const struct store_source *s = store_source(st, "cloudwatch");
	struct cloud c = { .now = NOW + 60000, .again = true,
			   .cost = &cloud_cost_over };
	assert_true(s->priced);
	assert_string_equal(s->credentials, "imds");
	cloud_poll(&c, cloud_into, st);
	assert_int_equal(s->cost.metrics, 166);
	assert_true(s->cost.usd_today == 0.85);
	assert_int_equal(s->cost.nr_parts, 4);
	assert_string_equal(s->cost.part[1].name, "DynamoDB");
	assert_string_equal(s->cost.saving, cloud_cost_over.saving);
	/* Who asks elsewhere has no bill, and no credentials. */
	struct batch *b = cloud_batch(&c, c.now);
	struct source_status *status = cloud_status(b, &c);
	status->credentials = NULL;
	status->cost = NULL;
	b->status = status;
	cloud_into(b, st);
	assert_false(s->priced);
	assert_null(s->credentials);
	store_free(st);
}

static void resources_stand_among_services(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	const struct service *const *s;
	assert_int_equal(store_services(st, &s), 5);
	assert_int_equal(store_charts(st, &s), 0);
	assert_int_equal(store_resources(st, &s), 4);
	assert_string_equal(s[0]->name, "dynamodb:sessions:write");
	assert_true(s[0]->def->warn == 0.7 && s[0]->def->crit == 0.85);
	assert_true(s[1]->def->limit == 100);
	assert_true(s[0]->shape->sparse && s[0]->shape->settle == 60000);
	store_free(st);
}

/* ---- a recording that begins now ------------------------------------ */

static int apply_to(const struct batch *b, void *arg)
{
	store_apply(arg, b);
	return 0;
}

static void same_number(double a, double b)
{
	assert_true(a == b || (isnan(a) && isnan(b)));
}

static void same_rows(const struct store *a, const struct store *b)
{
	const struct service *const *s;
	size_t n = store_services(a, &s);
	for (size_t i = 0; i < n; i++) {
		struct red_row x = row_at(a, s[i]->name, NOW);
		struct red_row y = row_at(b, s[i]->name, NOW);
		assert_int_equal(x.state, y.state);
		assert_true(x.at == y.at && x.since == y.since);
		same_number(x.rate, y.rate);
		same_number(x.error_ratio, y.error_ratio);
		same_number(x.p99.value, y.p99.value);
		same_number(x.burn_1h, y.burn_1h);
	}
}

static void a_saved_past_lacks_what_cloudwatch_said(void **state)
{
	(void)state;
	const struct cloud polls[] = {
		{ .alarms = true }, { .alarms = true, .silent = true },
		{ .failing = true },
	};
	for (size_t i = 0; i < 3; i++) {
		struct store *st = polled(polls[i]), *copy = store_new(0);
		const struct service *const *s, *const *t;
		assert_int_equal(store_dump(st, apply_to, copy), 0);
		same_rows(st, copy);
		size_t n = store_resources(st, &s);
		assert_int_equal(store_resources(copy, &t), n);
		for (size_t k = 0; k < n; k++) {
			struct resource x, y;
			resource_read(s[k], NOW, NOW - 3600000, &x);
			resource_read(t[k], NOW, NOW - 3600000, &y);
			same_number(x.ratio, y.ratio);
			assert_true(x.since == y.since && x.state == y.state);
		}
		const struct store_source *a = store_source(st, "cloudwatch");
		const struct store_source *b = store_source(copy,
							    "cloudwatch");
		assert_int_equal(a->nr_alarms, b->nr_alarms);
		assert_int_equal(a->alarms_known, b->alarms_known);
		assert_string_equal(b->credentials, "imds");
		assert_true(b->priced && b->cost.metrics == a->cost.metrics);
		assert_int_equal(b->state, SOURCE_UP);
		store_free(st);
		store_free(copy);
	}
}

/* A recorder may be asked to write the past of two services that were judged
 * up to different minutes. */
static void a_service_that_is_late_is_not_saved(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 }), *copy = store_new(0);
	struct cloud c = { .now = NOW + 60000, .again = true };
	struct batch *b = cloud_batch(&c, cloud_judged(c.now));
	b->instant = true;
	cloud_red(b, &c, CLOUD_LAMBDA, 70, 0.6);
	cloud_into(b, st);
	b = cloud_batch(&c, c.now);
	b->instant = b->tick = true;
	cloud_into(b, st);
	assert_int_equal(store_dump(st, apply_to, copy), 0);
	struct red_row late = row_at(copy, "shop-alb", c.now);
	struct red_row soon = row_at(copy, "thumbs", c.now);
	assert_true(late.at == cloud_judged(NOW));
	assert_true(soon.at == cloud_judged(c.now));
	same_number(soon.rate, row_at(st, "thumbs", c.now).rate);
	same_number(late.rate, row_at(st, "shop-alb", c.now).rate);
	store_free(st);
	store_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_minute_that_is_not_over_makes_a_row),
		cmocka_unit_test(a_late_answer_is_called_an_outage),
		cmocka_unit_test(an_idle_function_pages_as_no_data),
		cmocka_unit_test(what_was_not_asked_is_called_idle),
		cmocka_unit_test(an_outage_of_the_source_is_called_idle),
		cmocka_unit_test(what_counts_no_requests_is_broken_for_ever),
		cmocka_unit_test(a_percentile_of_the_server_is_an_estimate),
		cmocka_unit_test(half_a_minute_pages_somebody),
		cmocka_unit_test(an_alarm_that_is_gone_stays),
		cmocka_unit_test(an_account_with_many_alarms_eats_the_memory),
		cmocka_unit_test(the_bill_counts_one_poll_only),
		cmocka_unit_test(resources_stand_among_services),
		cmocka_unit_test(a_saved_past_lacks_what_cloudwatch_said),
		cmocka_unit_test(a_service_that_is_late_is_not_saved),
	};
	return cmocka_run_group_tests_name("cloud", tests, NULL, NULL);
}
