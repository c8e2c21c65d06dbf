#include "sources/interval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void steps_are_grafanas(void **state)
{
	(void)state;
	static const struct { time_ms in, out; } t[] = {
		{ 0, 10 }, { 14, 10 }, { 15, 20 }, { 34, 20 }, { 35, 50 },
		{ 75, 100 }, { 150, 200 }, { 349, 200 }, { 350, 500 },
		{ 749, 500 }, { 750, 1000 }, { 1499, 1000 }, { 1500, 2000 },
		{ 3500, 5000 }, { 7500, 10000 }, { 12500, 15000 },
		{ 17500, 20000 }, { 25000, 30000 }, { 44999, 30000 },
		{ 45000, 60000 }, { 90000, 120000 }, { 210000, 300000 },
		{ 450000, 600000 }, { 750000, 900000 }, { 1050000, 1200000 },
		{ 1500000, 1800000 }, { 2700000, 3600000 },
		{ 5400000, 7200000 }, { 9000000, 10800000 },
		{ 16200000, 21600000 }, { 32400000, 43200000 },
		{ 86400000, 86400000 }, { 604800000, 604800000 },
		{ 1814400000, 2592000000 },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_int_equal(interval_round(t[i].in), t[i].out);
	assert_int_equal(interval_step(3600000, 240, 15000), 15000);
	assert_int_equal(interval_step(3600000, 60, 15000), 60000);
	assert_int_equal(interval_step(86400000, 240, 0), 300000);
	assert_int_equal(interval_step(3600000, 100000, 1), 500);
	assert_true(30LL * 86400000 /
		    interval_step(30LL * 86400000, 1000000, 1) <= 11000);
}

static void windows_never_fall_under_four_scrapes(void **state)
{
	(void)state;
	assert_int_equal(interval_rate(15000, 15000), 60000);
	assert_int_equal(interval_rate(60000, 15000), 75000);
	assert_int_equal(interval_rate(5000, 0), 60000);
	assert_int_equal(interval_window(1000), 60000);
	assert_int_equal(interval_window(15000), 60000);
	assert_int_equal(interval_window(30000), 120000);
	assert_int_equal(interval_range_window(60000, 300000, 15000), 315000);
	assert_int_equal(interval_range_window(60000, 15000, 15000), 60000);
}

static void scrape_intervals_come_from_counts(void **state)
{
	(void)state;
	static const struct {
		struct interval_counts c;
		time_ms want;
		bool guessed;
	} t[] = {
		{ { 40, 20, 4, 0 }, 15000, false },
		{ { 41, 21, 5, 0 }, 15000, false },
		{ { 600, 300, 60, 0 }, 1000, false },
		{ { 601, 301, 61, 0 }, 1000, false },
		{ { 10, 5, 1, 0 }, 60000, false },
		{ { 11, 6, 2, 0 }, 60000, false },
		{ { 20, 10, 2, 0 }, 30000, false },
		{ { 60, 60, 60, 0 }, 1000, true },      /* a minute old */
		{ { 120, 120, 60, 0 }, 1000, false },   /* two */
		{ { 12, 12, 12, 0 }, 5000, true },
		{ { 20, 20, 20, 15 }, 1000, true },  /* 20 seconds */
		{ { 3, 3, 3, 1 }, 20000, true },
		{ { 30, 30, 12, 0 }, 5000, false },
		{ { 28, 20, 4, 0 }, 15000, false },     /* seven */
		{ { 0, 0, 0, 0 }, 60000, true },
		{ { 1, 1, 1, 0 }, 60000, true },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		bool guessed;
		assert_int_equal(interval_scrape(&t[i].c, &guessed), t[i].want);
		assert_int_equal(guessed, t[i].guessed);
	}
}

static void only_the_tail_is_asked_again(void **state)
{
	(void)state;
	struct range_held h = { 0 };
	time_ms at = 1795485930410;
	struct range_plan p = range_plan(&h, at, 3600000, 15000, 75000, false);
	assert_true(p.whole);
	assert_int_equal(p.to % 15000, 0);
	assert_int_equal(p.from % 15000, 0);
	assert_true(p.to <= at && at - p.to < 15000);
	assert_true(p.from <= at - 3600000);
	range_answered(&h, &p, at);

	struct range_plan q = range_plan(&h, at + 15000, 3600000, 15000, 75000,
					 false);
	assert_false(q.whole);
	assert_int_equal(q.to, p.to + 15000);
	assert_int_equal(q.from, q.to - 75000);
	range_answered(&h, &q, at + 15000);
	assert_int_equal(h.from, p.from);

	/* new step, longer window, an outage, ten minutes, a wish */
	assert_true(range_plan(&h, at + 30000, 3600000, 30000, 75000, false).whole);
	assert_true(range_plan(&h, at + 30000, 7200000, 15000, 75000, false).whole);
	assert_true(range_plan(&h, at + 130000, 3600000, 15000, 75000, false).whole);
	assert_true(range_plan(&h, at + 30000, 3600000, 15000, 75000, true).whole);
	h.to = time_floor(at + 600000, 15000);
	assert_true(range_plan(&h, at + 600000, 3600000, 15000, 75000, false).whole);
}

static void a_range_holds_at_most_11000_steps(void **state)
{
	(void)state;
	struct range_held h = { 0 };
	struct range_plan p = range_plan(&h, 1795485930410, 30LL * 86400000,
					 1000, 61000, false);
	assert_int_equal((p.to - p.from) / p.step, 11000);
}

static void a_foreign_clock_is_learnt(void **state)
{
	(void)state;
	struct clock_offset o;
	bool known;
	clock_offset_init(&o);
	assert_int_equal(clock_offset_value(&o, &known), 0);
	assert_false(known);
	/* ours 100.700..100.710 s, theirs is 5 s ahead: Date 105 */
	clock_offset_learn(&o, 105000, 100700, 100710);
	time_ms v = clock_offset_value(&o, &known);
	assert_true(known && v >= 4290 && v <= 5299);
	clock_offset_learn(&o, 106000, 101010, 101020);
	v = clock_offset_value(&o, &known);
	assert_true(v >= 4980 && v <= 5300);
	/* in step with us: no offset is invented */
	clock_offset_init(&o);
	clock_offset_learn(&o, 100000, 100700, 100710);
	assert_int_equal(clock_offset_value(&o, &known), 0);
	/* a clock that jumps is believed */
	clock_offset_learn(&o, 300000, 100800, 100810);
	assert_true(clock_offset_value(&o, &known) > 199000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_grafanas),
		cmocka_unit_test(windows_never_fall_under_four_scrapes),
		cmocka_unit_test(scrape_intervals_come_from_counts),
		cmocka_unit_test(only_the_tail_is_asked_again),
		cmocka_unit_test(a_range_holds_at_most_11000_steps),
		cmocka_unit_test(a_foreign_clock_is_learnt),
	};
	return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
