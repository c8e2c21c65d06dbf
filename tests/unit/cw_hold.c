/* What is held of CloudWatch's answers: restated, joined, shared. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "sources/cw_hold.h"

#define M ((time_ms)60000)
#define T0 ((time_ms)1763000040000) /* a whole minute */

static struct cw_result answer(time_ms *t, double *v, size_t nr)
{
	return (struct cw_result){ .nr = nr, .t = t, .v = v };
}

static struct cw_hold held(time_ms from, time_ms to)
{
	struct cw_hold h;
	cw_hold_init(&h, M);
	cw_hold_fit(&h, from, to);
	return h;
}

static void a_restated_minute_keeps_its_old_value(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 5 * M);
	struct cw_line *l = cw_hold_line(&h, "a", true);
	time_ms t[] = { T0, T0 + M, T0 + 2 * M };
	double first[] = { 1, 2, 3 }, second[] = { 20, 30 };
	struct cw_result r = answer(t, first, 3);
	cw_hold_take(&h, l, T0, T0 + 3 * M, &r, T0 + 3 * M);
	r = answer(t + 1, second, 2);
	cw_hold_take(&h, l, T0 + M, T0 + 4 * M, &r, T0 + 4 * M);
	assert_true(cw_hold_at(&h, l, T0) == 1);
	assert_true(cw_hold_at(&h, l, T0 + M) == 20);
	assert_true(cw_hold_at(&h, l, T0 + 2 * M) == 30);
	assert_true(isnan(cw_hold_at(&h, l, T0 + 3 * M)));
	assert_true(cw_line_knows(l, T0, T0 + 4 * M));
	assert_false(cw_line_knows(l, T0, T0 + 5 * M));
	cw_hold_release(&h);
}

static void a_point_that_was_taken_back_stays(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 2 * M);
	struct cw_line *l = cw_hold_line(&h, "a", true);
	time_ms t[] = { T0 };
	double v[] = { 7 };
	struct cw_result r = answer(t, v, 1);
	cw_hold_take(&h, l, T0, T0 + M, &r, T0);
	cw_hold_take(&h, l, T0, T0 + M, NULL, T0 + 1);
	assert_true(isnan(cw_hold_at(&h, l, T0)));
	cw_hold_release(&h);
}

static void a_gap_between_two_questions_counts_as_asked(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 9 * M);
	struct cw_line *l = cw_hold_line(&h, "a", true);
	time_ms t[] = { T0 };
	double v[] = { 7 };
	struct cw_result r = answer(t, v, 1);
	cw_hold_take(&h, l, T0, T0 + M, &r, T0);
	cw_hold_take(&h, l, T0 + 5 * M, T0 + 6 * M, NULL, T0 + 1);
	assert_false(cw_line_knows(l, T0, T0 + 6 * M));
	assert_true(cw_line_knows(l, T0 + 5 * M, T0 + 6 * M));
	assert_true(isnan(cw_hold_at(&h, l, T0)));
	cw_hold_release(&h);
}

static void the_past_is_lost_when_the_grid_moves_on(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 3 * M);
	struct cw_line *l = cw_hold_line(&h, "a", true);
	time_ms t[] = { T0, T0 + M, T0 + 2 * M };
	double v[] = { 1, 2, 3 };
	struct cw_result r = answer(t, v, 3);
	cw_hold_take(&h, l, T0, T0 + 3 * M, &r, T0);
	cw_hold_fit(&h, T0 + M, T0 + 5 * M);
	assert_true(isnan(cw_hold_at(&h, l, T0)));
	assert_true(cw_hold_at(&h, l, T0 + M) == 2);
	assert_true(cw_hold_at(&h, l, T0 + 2 * M) == 3);
	assert_true(cw_line_knows(l, T0 + M, T0 + 3 * M));
	cw_hold_fit(&h, T0 - 2 * M, T0 + 5 * M);
	assert_true(cw_hold_at(&h, l, T0 + 2 * M) == 3);
	cw_hold_release(&h);
}

static void what_one_viewer_paid_for_another_pays_again(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 3 * M), other = held(T0, T0 + 4 * M);
	time_ms t[] = { T0, T0 + M };
	double v[] = { 1.5, -0.0 };
	struct cw_result r = answer(t, v, 2);
	struct buf b;
	cw_hold_take(&h, cw_hold_line(&h, "a x Sum", true), T0, T0 + 2 * M,
		     &r, T0 + 9);
	cw_hold_take(&h, cw_hold_line(&h, "b", true), T0, T0 + 2 * M, NULL,
		     T0 + 9);
	buf_init(&b, 0);
	cw_hold_write(&h, 0, &b);
	assert_true(cw_hold_read(&other, b.s, b.len, T0));
	struct cw_line *l = cw_hold_line(&other, "a x Sum", false);
	assert_non_null(l);
	assert_true(l->asked == T0 + 9);
	assert_true(cw_hold_at(&other, l, T0) == 1.5);
	assert_true(cw_line_knows(l, T0, T0 + 2 * M));
	l = cw_hold_line(&other, "b", false);
	assert_non_null(l);
	assert_true(cw_line_knows(l, T0, T0 + 2 * M));
	assert_true(isnan(cw_hold_at(&other, l, T0)));
	buf_release(&b);
	cw_hold_release(&h);
	cw_hold_release(&other);
}

static void an_older_answer_of_another_viewer_wins(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 2 * M), other = held(T0, T0 + 2 * M);
	time_ms t[] = { T0 };
	double v[] = { 1 }, w[] = { 2 };
	struct buf b;
	struct cw_result r = answer(t, v, 1);
	cw_hold_take(&h, cw_hold_line(&h, "a", true), T0, T0 + M, &r, T0);
	r = answer(t, w, 1);
	cw_hold_take(&other, cw_hold_line(&other, "a", true), T0, T0 + M, &r,
		     T0 + 1);
	buf_init(&b, 0);
	cw_hold_write(&h, 0, &b);
	assert_true(cw_hold_read(&other, b.s, b.len, T0));
	assert_true(cw_hold_at(&other, cw_hold_line(&other, "a", false), T0)
		    == 2);
	buf_release(&b);
	cw_hold_release(&h);
	cw_hold_release(&other);
}

/* Cut anywhere, any byte changed: no crash, no value that was not written. */
static void a_damaged_file_is_believed(void **state)
{
	(void)state;
	struct cw_hold h = held(T0, T0 + 3 * M);
	time_ms t[] = { T0, T0 + M };
	double v[] = { 1, 2 };
	struct cw_result r = answer(t, v, 2);
	struct buf b;
	cw_hold_take(&h, cw_hold_line(&h, "a", true), T0, T0 + 2 * M, &r, T0);
	buf_init(&b, 0);
	cw_hold_write(&h, 0, &b);
	for (size_t n = 0; n < b.len; n++) {
		struct cw_hold other = held(T0, T0 + 3 * M);
		cw_hold_read(&other, b.s, n, T0);
		cw_hold_release(&other);
	}
	for (size_t i = 0; i < b.len; i++) {
		struct cw_hold other = held(T0, T0 + 3 * M);
		b.s[i] = (char)(b.s[i] ^ 0x55);
		cw_hold_read(&other, b.s, b.len, T0);
		b.s[i] = (char)(b.s[i] ^ 0x55);
		cw_hold_release(&other);
	}
	struct cw_hold five;
	cw_hold_init(&five, 5 * M);
	assert_false(cw_hold_read(&five, b.s, b.len, T0));
	cw_hold_release(&five);
	buf_release(&b);
	cw_hold_release(&h);
}

static void two_metrics_share_a_key(void **state)
{
	(void)state;
	struct cw_dimension one[] = { { "A", "x B=y" } };
	struct cw_dimension two[] = { { "A", "x" }, { "B", "y" } };
	struct cw_query p = { { "AWS/X", "N", 1, one }, "Sum", M };
	struct cw_query q = { { "AWS/X", "N", 2, two }, "Sum", M };
	struct buf a, b;
	buf_init(&a, 0);
	buf_init(&b, 0);
	cw_hold_key(&a, &p);
	cw_hold_key(&b, &q);
	assert_string_equal(b.s, "AWS/X N A=x B=y Sum");
	assert_string_not_equal(a.s, b.s);
	buf_release(&a);
	buf_release(&b);
}

static void put_number(struct buf *b, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		buf_char(b, (char)(v >> 8 * i));
}

/* Lines without a value: a week each, or a minute more than the one before. */
static void put_empty_lines(struct buf *b, size_t nr, bool growing)
{
	buf_clear(b);
	buf_str(b, "CWH1");
	put_number(b, (uint64_t)M);
	for (size_t i = 0; i < nr; i++) {
		size_t points = growing ? i % CW_HOLD_POINTS + 1
					: CW_HOLD_POINTS;
		put_number(b, 6);
		buf_printf(b, "%06zu", i);
		put_number(b, (uint64_t)T0);
		put_number(b, (uint64_t)T0);
		put_number(b, (uint64_t)(T0 + (time_ms)points * M));
		put_number(b, 4);
	}
}

static void a_small_file_fills_the_memory_or_takes_minutes(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	for (int growing = 0; growing < 2; growing++) {
		struct cw_hold h = held(T0, T0 + M);
		clock_t start = clock();
		cw_hold_line(&h, "000003", true);
		put_empty_lines(&b, CW_HOLD_LINES, growing);
		assert_true(cw_hold_read(&h, b.s, b.len, T0));
		assert_true(h.nr > 100);
		assert_true(h.nr * h.nr_points * sizeof(double)
			    <= LIMIT_STORE);
		assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
		assert_true(cw_line_knows(cw_hold_line(&h, "000003", false),
					  T0, T0 + M));
		cw_hold_release(&h);
	}
	buf_release(&b);
}

/* Of hours of which ten minutes may be restated. */
static void an_hour_is_lost_with_each_refresh(void **state)
{
	(void)state;
	const time_ms hour = 60 * M, t0 = time_floor(T0, hour);
	struct cw_hold h;
	time_ms t[] = { t0, t0 + hour, t0 + 2 * hour };
	double v[] = { 1, 2, 3 };
	struct cw_result r = answer(t, v, 3);
	cw_hold_init(&h, hour);
	cw_hold_fit(&h, t0, t0 + 4 * hour);
	struct cw_line *l = cw_hold_line(&h, "a", true);
	cw_hold_take(&h, l, t0, t0 + 3 * hour, &r, t0 + 3 * hour);
	time_ms from = cw_hold_tail(&h, t0 + 4 * hour, 10 * M);
	assert_true(from == t0 + 2 * hour);
	r = answer(t + 2, v + 2, 1);
	cw_hold_take(&h, l, from, t0 + 4 * hour, &r, t0 + 4 * hour);
	for (int i = 0; i < 3; i++)
		assert_true(cw_hold_at(&h, l, t[i]) == v[i]);
	assert_true(cw_line_knows(l, t0, t0 + 4 * hour));
	cw_hold_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_restated_minute_keeps_its_old_value),
		cmocka_unit_test(a_point_that_was_taken_back_stays),
		cmocka_unit_test(a_gap_between_two_questions_counts_as_asked),
		cmocka_unit_test(an_hour_is_lost_with_each_refresh),
		cmocka_unit_test(the_past_is_lost_when_the_grid_moves_on),
		cmocka_unit_test(what_one_viewer_paid_for_another_pays_again),
		cmocka_unit_test(an_older_answer_of_another_viewer_wins),
		cmocka_unit_test(a_damaged_file_is_believed),
		cmocka_unit_test(two_metrics_share_a_key),
		cmocka_unit_test(
			a_small_file_fills_the_memory_or_takes_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
