#include "model/resource.h"

#include "model/service.h"
#include "tests/unit/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (INT64_C(1763000000000) / CLOUD_STEP * CLOUD_STEP + 25000)

static const struct service *resource_named(const struct store *st,
					    const char *name)
{
	const struct service *const *s;
	size_t n = store_resources(st, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->name, name) == 0)
			return s[i];
	fail_msg("no resource %s", name);
	return NULL;
}

static struct resource read_at(const struct store *st, const char *name,
			       time_ms at)
{
	struct resource r;
	resource_read(resource_named(st, name), at, NOW - 3600000, &r);
	return r;
}

static struct store *polled(struct cloud c)
{
	struct store *st = store_new(0);
	c.now = NOW;
	cloud_poll(&c, cloud_into, st);
	return st;
}

static void near(double have, double want)
{
	assert_true(fabs(have - want) < 1e-9);
}

static void a_full_table_looks_half_empty(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	struct resource r = read_at(st, "dynamodb:sessions:write", NOW);
	near(r.used, 41000);
	near(r.limit, 50000);
	near(r.ratio, 0.82);
	assert_int_equal(r.state, RESOURCE_WARN);
	assert_true(r.at == cloud_judged(NOW));
	assert_true(r.age == NOW - cloud_judged(NOW));
	/* A limit that nobody measures is the definition's. */
	r = read_at(st, "rds:orders:cpu", NOW);
	near(r.ratio, 0.91);
	near(r.nearness, 0.91 / 0.85);
	assert_int_equal(r.state, RESOURCE_CRIT);
	store_free(st);
}

static void since_is_when_somebody_looked(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	/* Three quarters until 20 minutes ago: 68 % was no critical one. */
	struct resource r = read_at(st, "rds:orders:cpu", NOW);
	assert_true(r.since == time_floor(NOW, CLOUD_STEP) - 19 * CLOUD_STEP);
	/* Bad for longer than is held: nobody knows. */
	resource_read(r.service, NOW, NOW - 10 * CLOUD_STEP, &r);
	assert_true(r.since == TIME_NONE);
	store_free(st);
}

static void without_a_limit_something_is_called_full(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	struct resource r = read_at(st, "sqs:jobs:depth", NOW);
	near(r.used, 1840);
	assert_true(isnan(r.limit) && isnan(r.ratio) && isnan(r.nearness));
	assert_int_equal(r.state, RESOURCE_OK);
	assert_true(r.since == TIME_NONE);
	store_free(st);
}

static void what_nobody_measured_is_called_fine(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ .no_resources = true });
	struct resource r = read_at(st, "rds:orders:cpu", NOW);
	assert_true(isnan(r.used) && isnan(r.ratio));
	assert_int_equal(r.state, RESOURCE_NODATA);
	assert_true(r.age == TIME_NONE);
	store_free(st);
	/* And what is ten minutes old is not now. */
	st = polled((struct cloud){ 0 });
	time_ms at = cloud_judged(NOW) + ROW_OLDEST;
	assert_int_equal(read_at(st, "rds:orders:cpu", at).state,
			 RESOURCE_CRIT);
	assert_int_equal(read_at(st, "rds:orders:cpu", at + 60001).state,
			 RESOURCE_NODATA);
	store_free(st);
}

static void a_limit_told_every_five_minutes_is_lost(void **state)
{
	(void)state;
	struct store *st = polled((struct cloud){ 0 });
	struct cloud c = { .now = NOW };
	struct batch *b = cloud_batch(&c, cloud_judged(NOW));
	b->instant = true;
	cloud_add(b, &c, question_id(CLOUD_WRITE, RED_USED), NULL, NULL,
		  cloud_steady, 45000);
	uint32_t *asked = (uint32_t *)b->asked;
	asked[b->nr_asked++] = question_id(CLOUD_WRITE, RED_LIMIT);
	cloud_into(b, st);
	struct resource r = read_at(st, "dynamodb:sessions:write", NOW);
	near(r.used, 45000);
	near(r.limit, 50000);
	assert_int_equal(r.state, RESOURCE_CRIT);
	store_free(st);
}

static void the_nearest_to_its_limit_stands_below_others(void **state)
{
	(void)state;
	static const char *const order[] = {
		"rds:orders:cpu", "dynamodb:sessions:write", "sqs:jobs:depth",
		"dynamodb:sessions:read",
	};
	struct resource r[4];
	const struct service *const *s;
	struct store *st = polled((struct cloud){ 0 });
	assert_int_equal(store_resources(st, &s), 4);
	for (size_t i = 0; i < 4; i++)
		resource_read(s[i], NOW, NOW - 3600000, &r[i]);
	qsort(r, 4, sizeof(*r), resource_compare);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(r[i].service->name, order[i]);
	assert_int_equal(r[3].state, RESOURCE_NODATA);
	store_free(st);
}

static void a_state_has_another_word_than_the_contract(void **state)
{
	(void)state;
	assert_string_equal(resource_state_name(RESOURCE_CRIT), "crit");
	assert_string_equal(resource_state_name(RESOURCE_WARN), "warn");
	assert_string_equal(resource_state_name(RESOURCE_OK), "ok");
	assert_string_equal(resource_state_name(RESOURCE_NODATA), "nodata");
	assert_string_equal(resource_state_name(RESOURCE_STATES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_table_looks_half_empty),
		cmocka_unit_test(since_is_when_somebody_looked),
		cmocka_unit_test(without_a_limit_something_is_called_full),
		cmocka_unit_test(what_nobody_measured_is_called_fine),
		cmocka_unit_test(a_limit_told_every_five_minutes_is_lost),
		cmocka_unit_test(the_nearest_to_its_limit_stands_below_others),
		cmocka_unit_test(a_state_has_another_word_than_the_contract),
	};
	return cmocka_run_group_tests_name("resource", tests, NULL, NULL);
}
