/* The pace of asking CloudWatch, in simulated time, and the day's limit. */
#include "sources/cw_quota.h"

#include "sources/cw_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MINUTE ((time_ms)60000)

static const struct {
	enum cw_call call;
	double rate;
} fifths[] = {
	{ CW_GET_METRIC_DATA, 10 }, { CW_LIST_METRICS, 5 },
	{ CW_DESCRIBE_ALARMS, 1.8 },
};

/* ---- how fast ------------------------------------------------------------ */

/* Takes as fast as it may until `end`; returns when it did. */
static size_t greedy(struct cw_quota *q, enum cw_call call, double points,
		     time_ms from, time_ms end, time_ms *taken)
{
	size_t nr = 0;
	for (time_ms now = from; now < end;) {
		time_ms wait = cw_quota_take(q, call, points, now);
		assert_true(wait >= 0 && wait < 10 * MINUTE);
		if (wait == 0)
			taken[nr++] = now;
		now += wait;
	}
	return nr;
}

/* In no window more than the burst and the rate. */
static void holds(const time_ms *taken, size_t nr, double each, double rate,
		  double burst)
{
	for (size_t i = 0; i < nr; i++) {
		for (size_t k = i; k < nr; k++) {
			double s = (double)(taken[k] - taken[i]) / 1e3;
			double most = burst + rate * s + 1e-3;
			assert_true((double)(k - i + 1) * each <= most);
		}
	}
}

static void a_viewer_takes_more_than_a_fifth_of_the_calls(void **state)
{
	(void)state;
	static time_ms taken[4000];
	for (size_t i = 0; i < COUNT(fifths); i++) {
		struct cw_quota q;
		cw_quota_init(&q, 5000);
		size_t nr = greedy(&q, fifths[i].call, 0, 5000,
				   5000 + 5 * MINUTE, taken);
		holds(taken, nr, 1, fifths[i].rate,
		      fifths[i].call == CW_LIST_METRICS
			      ? 18 : 2 * fifths[i].rate);
		/* nor much less: then screens would be late for nothing */
		assert_true((double)nr >= fifths[i].rate * 300);
	}
}

static void a_viewer_takes_more_than_a_fifth_of_the_points(void **state)
{
	(void)state;
	static time_ms taken[4000];
	static const double each[] = { 9000, 30000, 72000 };
	for (size_t i = 0; i < COUNT(each); i++) {
		struct cw_quota q;
		cw_quota_init(&q, 0);
		size_t nr = greedy(&q, CW_GET_METRIC_DATA, each[i], 0,
				   5 * MINUTE, taken);
		holds(taken, nr, each[i], 36000, 72000);
		assert_true((double)nr * each[i] >= 36000.0 * 299);
	}
}

static void a_question_larger_than_the_burst_waits_forever(void **state)
{
	(void)state;
	struct cw_quota q;
	cw_quota_init(&q, 0);
	assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, 1e9, 0), 0);
	assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, 1e9, 0), 2000);
	assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, 1e9, 2000), 0);
	/* what has no points does not wait for them, nor does it pay */
	assert_int_equal(cw_quota_take(&q, CW_LIST_METRICS, 1e9, 2000), 0);
	assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, -5, 2000), 0);
}

static void a_night_saves_up_a_flood(void **state)
{
	(void)state;
	static time_ms taken[4000];
	struct cw_quota q;
	cw_quota_init(&q, 0);
	time_ms night = 8 * 60 * MINUTE;
	size_t nr = greedy(&q, CW_GET_METRIC_DATA, 0, night, night + MINUTE,
			   taken);
	holds(taken, nr, 1, 10, 20);
	/* a clock that is given twice, or goes back, brings nothing */
	cw_quota_init(&q, 1000);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, 0, 1000),
				 0);
	assert_true(cw_quota_take(&q, CW_GET_METRIC_DATA, 0, 0) > 0);
	assert_true(cw_quota_take(&q, CW_GET_METRIC_DATA, 0, 1000) > 0);
}

static void whoever_is_throttled_goes_on_as_before(void **state)
{
	(void)state;
	static time_ms taken[4000];
	struct cw_quota q;
	cw_quota_init(&q, 0);
	cw_quota_throttled(&q, CW_GET_METRIC_DATA, 0);
	/* three that were under way are one */
	cw_quota_throttled(&q, CW_GET_METRIC_DATA, 10);
	cw_quota_throttled(&q, CW_GET_METRIC_DATA, 20);
	assert_true(q.calls[CW_GET_METRIC_DATA].slow == 0.5);
	assert_int_equal(cw_quota_take(&q, CW_GET_METRIC_DATA, 0, 20), 200);
	size_t nr = greedy(&q, CW_GET_METRIC_DATA, 0, 20, 20 + MINUTE, taken);
	assert_in_range(nr, 295, 301);
	/* and again and again */
	for (time_ms t = 2; t < 60; t++)
		cw_quota_throttled(&q, CW_GET_METRIC_DATA, t * MINUTE);
	nr = greedy(&q, CW_GET_METRIC_DATA, 0, 60 * MINUTE, 61 * MINUTE, taken);
	assert_in_range(nr, 70, 95);
	/* it comes back by steps, no further than it was */
	for (size_t i = 0; i < 5; i++)
		cw_quota_answered(&q, CW_GET_METRIC_DATA);
	nr = greedy(&q, CW_GET_METRIC_DATA, 0, 70 * MINUTE, 71 * MINUTE, taken);
	assert_in_range(nr, 200, 260);
	for (size_t i = 0; i < 100; i++)
		cw_quota_answered(&q, CW_GET_METRIC_DATA);
	nr = greedy(&q, CW_GET_METRIC_DATA, 0, 80 * MINUTE, 81 * MINUTE, taken);
	assert_in_range(nr, 600, 621);
	holds(taken, nr, 1, 10, 20);
}

/* ---- when again ---------------------------------------------------------- */

static void all_viewers_come_back_at_once(void **state)
{
	(void)state;
	static const time_ms most[] = { 250, 500, 1000, 2000, 4000, 8000, 16000,
					20000, 20000 };
	uint64_t seed = 7;
	for (unsigned attempt = 0; attempt < COUNT(most); attempt++) {
		time_ms lo = INT64_MAX, hi = 0;
		int low = 0;
		for (int i = 0; i < 4000; i++) {
			time_ms t = cw_backoff(attempt, -1, &seed);
			lo = t < lo ? t : lo;
			hi = t > hi ? t : hi;
			low += t < most[attempt] / 2;
		}
		assert_true(lo >= 0 && lo <= most[attempt] / 50);
		assert_true(hi <= most[attempt]);
		assert_true(hi >= most[attempt] - most[attempt] / 50);
		assert_in_range(low, 1800, 2200);
	}
	uint64_t a = 1, b = 1, c = 2;
	time_ms one = cw_backoff(6, -1, &a);
	assert_int_equal(cw_backoff(6, -1, &b), one);
	assert_int_not_equal(cw_backoff(6, -1, &c), one);
	assert_true(cw_backoff(4000000000u, -1, &a) <= 20000);
}

static void the_server_is_asked_before_it_said(void **state)
{
	(void)state;
	uint64_t seed = 3;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(cw_backoff(2, 30000, &seed), 30000);
		assert_true(cw_backoff(2, 900, &seed) >= 900);
		assert_true(cw_backoff(2, 900, &seed) <= 1000);
	}
}

/* ---- the day's limit ----------------------------------------------------- */

static void the_limit_bites_at_another_moment(void **state)
{
	(void)state;
	static const struct {
		double spent, max;
		bool paging;
		int stretch, weight;
		bool over;
		const char *text;
	} t[] = {
		{ 0, 1, false, 1, CW_NICE, false, "" },
		{ 0.79999, 1, false, 1, CW_NICE, false, "" },
		{ 0.8, 1, false, 2, CW_NICE, false,
		  "$0.80 of $1.00 today: asked every 2 min" },
		{ 80000 * CW_USD_METRIC, 1, false, 2, CW_NICE, false,
		  "$0.80 of $1.00 today: asked every 2 min" },
		{ 0.83, 1, false, 2, CW_NICE, false,
		  "$0.83 of $1.00 today: asked every 2 min" },
		{ 0.89999, 1, false, 2, CW_NICE, false,
		  "$0.89 of $1.00 today: asked every 2 min" },
		{ 0.9, 1, false, 5, CW_NICE, false,
		  "$0.90 of $1.00 today: asked every 5 min" },
		{ 0.94999, 1, false, 5, CW_NICE, false,
		  "$0.94 of $1.00 today: asked every 5 min" },
		{ 0.95, 1, false, 5, CW_WANTED, false,
		  "$0.95 of $1.00 today: asked every 5 min, extras paused" },
		{ 0.99999, 1, false, 5, CW_WANTED, false,
		  "$0.99 of $1.00 today: asked every 5 min, extras paused" },
		{ 1, 1, false, 5, CW_NEEDED, false,
		  "$1.00 of $1.00 today: asked every 5 min, only what is "
		  "needed" },
		{ 37.5, 1, false, 5, CW_NEEDED, false,
		  "$37.50 of $1.00 today: asked every 5 min, only what is "
		  "needed" },
		{ 0.5, 1, true, 1, CW_NICE, false, "" },
		{ 0.81, 1, true, 1, CW_NICE, true,
		  "$0.81 of $1.00 today; not saved while a service pages" },
		{ 1.02, 1, true, 1, CW_NICE, true,
		  "$1.02 of $1.00 today; not saved while a service pages" },
		{ 9, 10, false, 5, CW_NICE, false,
		  "$9.00 of $10.00 today: asked every 5 min" },
		{ 0.0085, 0.01, false, 2, CW_NICE, false,
		  "$0.0085 of $0.0100 today: asked every 2 min" },
		{ 1000, 0, false, 1, CW_NICE, false, "" },
		{ 1000, -1, true, 1, CW_NICE, false, "" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct cw_saving s;
		memset(&s, 0x55, sizeof(s));
		cw_saving(t[i].spent, t[i].max, t[i].paging, MINUTE, &s);
		assert_string_equal(s.text, t[i].text);
		assert_int_equal(s.stretch, t[i].stretch);
		assert_int_equal(s.weight, t[i].weight);
		assert_int_equal(s.over, t[i].over);
	}
}

static void the_header_names_another_period_than_is_asked(void **state)
{
	(void)state;
	static const struct {
		time_ms period;
		const char *every;
	} t[] = {
		{ 10000, "every 20s" }, { 45000, "every 1m30s" },
		{ 30000, "every 1 min" }, { 5 * MINUTE, "every 10 min" },
		{ 60 * MINUTE, "every 2 h" }, { 45 * MINUTE, "every 90 min" },
	};
	struct cw_saving s;
	for (size_t i = 0; i < COUNT(t); i++) {
		cw_saving(0.85, 1, false, t[i].period, &s);
		const char *every = strstr(s.text, "every");
		assert_non_null(every);
		assert_string_equal(every, t[i].every);
	}
	/* absurd sums are cut, nothing breaks */
	cw_saving(1e300, 1e299, true, MINUTE, &s);
	assert_int_equal(strlen(s.text), sizeof(s.text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_viewer_takes_more_than_a_fifth_of_the_calls),
		cmocka_unit_test(
			a_viewer_takes_more_than_a_fifth_of_the_points),
		cmocka_unit_test(
			a_question_larger_than_the_burst_waits_forever),
		cmocka_unit_test(a_night_saves_up_a_flood),
		cmocka_unit_test(whoever_is_throttled_goes_on_as_before),
		cmocka_unit_test(all_viewers_come_back_at_once),
		cmocka_unit_test(the_server_is_asked_before_it_said),
		cmocka_unit_test(the_limit_bites_at_another_moment),
		cmocka_unit_test(the_header_names_another_period_than_is_asked),
	};
	return cmocka_run_group_tests_name("cw_quota", tests, NULL, NULL);
}
