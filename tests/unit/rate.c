#include "tests/oracle.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define INF ((double)INFINITY)
#define NONE ((double)NAN)
#define DATA "tests/data/quantile-oracle/"

/* All rows of one function of one kept file, in its first `columns`. */
static void check_columns(const char *path, const char *fn, size_t rows,
			  size_t columns)
{
	struct oracle_count n = { 0 };
	assert_true(oracle_count_rows(path, fn, &n));
	assert_int_equal(n.rows, rows);
	for (size_t c = 0; c < columns; c++) {
		assert_int_equal(n.asked[c], rows);
		assert_int_equal(n.fine[c], rows);
	}
}

static void check_rows(const char *path, const char *fn, size_t rows)
{
	check_columns(path, fn, rows, ORACLE_COLUMNS);
}

static void requests_per_second_differ_from_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "rate.json", "rate", 206);
	check_rows(DATA "rate.json", "irate", 176);
}

static void counts_of_a_window_differ_from_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "rate.json", "increase", 206);
}

static void changes_of_a_gauge_differ_from_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "rate.json", "delta", 206);
	check_rows(DATA "rate.json", "idelta", 176);
}

static void newest_values_differ_from_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "instant.json", "selector", 18);
}

static void what_a_gauge_did_meanwhile_differs_from_the_servers(void **state)
{
	(void)state;
	check_columns(DATA "over.json", "sum_over_time", 60, 1);
	check_columns(DATA "over.json", "count_over_time", 60, 1);
	check_columns(DATA "over.json", "avg_over_time", 60, 1);
	check_columns(DATA "over.json", "min_over_time", 60, 1);
	check_columns(DATA "over.json", "max_over_time", 60, 1);
}

/* ---- windows ----------------------------------------------------- */

#define T0 INT64_C(1740960000000)

static bool over(enum rate_aggregate f, const time_ms *t, const double *v,
		 size_t nr, const char *version, double *out)
{
	return rate_over_time(f, t, v, nr, 60000, T0 + 60000,
			      prom_rules(version), out);
}

static void a_sample_on_the_edge_is_counted_by_the_wrong_release(void **state)
{
	(void)state;
	static const time_ms t[] = { T0 - 1, T0, T0 + 1, T0 + 60000,
				     T0 + 60001 };
	static const double v[] = { 1, 2, 4, 8, 16 };
	double x;
	assert_true(over(OVER_SUM, t, v, NR(t), "2.42.0", &x) && x == 14);
	assert_true(over(OVER_COUNT, t, v, NR(t), "2.53.3", &x) && x == 3);
	assert_true(over(OVER_SUM, t, v, NR(t), "3.0.0", &x) && x == 12);
	assert_true(over(OVER_COUNT, t, v, NR(t), NULL, &x) && x == 2);
}

static void a_sample_of_this_very_moment_is_too_old(void **state)
{
	(void)state;
	static const time_ms t = T0;
	static const double v = 7;
	static const char *const all[] = { "2.42.0", "3.14.0" };
	for (size_t i = 0; i < NR(all); i++) {
		const struct prom_rules *r = prom_rules(all[i]);
		double x = 0;
		assert_true(rate_instant(&t, &v, 1, 0, T0, r, &x) && x == 7);
		assert_false(rate_instant(&t, &v, 1, 0, T0 + 1, r, &x));
		assert_false(rate_instant(&t, &v, 1, 99, T0 - 1, r, &x));
	}
}

static void windows_are_cut_to_whole_seconds_by_the_wrong_release(void **state)
{
	(void)state;
	static const time_ms t[] = { 2, 1119 };
	static const double v[] = { 1, 2 };
	static const struct {
		const char *version;
		double count;
	} rows[] = {
		{ "2.55.0", 2 }, { "3.0.0", 1 }, { "3.3.1", 1 },
		{ "3.4.2", 1 },  { "3.5.0", 2 }, { "3.14.0", 2 },
	};
	for (size_t i = 0; i < NR(rows); i++) {
		double x;
		assert_true(rate_over_time(OVER_COUNT, t, v, 2, 1118, 1119,
					   prom_rules(rows[i].version), &x));
		assert_true(x == rows[i].count);
	}
}

static void a_window_without_samples_looks_like_zero(void **state)
{
	(void)state;
	const double stale = rate_stale_marker();
	const time_ms t[] = { T0 - 60001, T0 + 30000, T0 + 60001 };
	const double v[] = { 1, stale, 2 };
	double x = 77;
	for (int f = OVER_SUM; f <= OVER_MAX; f++) {
		assert_false(over(f, t, v, NR(t), NULL, &x));
		assert_false(over(f, t, v, 0, NULL, &x));
		assert_false(over(f, t, v, 1, "2.42.0", &x));
	}
	const struct prom_rules *r = prom_rules(NULL);
	for (int f = RATE_RATE; f <= RATE_IDELTA; f++) {
		assert_false(rate_over(f, t, v, 3, 60000, T0 + 60000, r, &x));
		assert_false(rate_over(f, t, v, 3, 0, T0 + 60000, r, &x));
		assert_false(rate_over(f, t, v, 3, -5, T0 + 60000, r, &x));
		assert_false(rate_over(f, NULL, NULL, 0, 1, T0, r, &x));
	}
	assert_false(rate_instant(t, v, 2, RATE_LOOKBACK, T0 + 31000, r, &x));
	assert_true(x == 77);
}

static void the_ends_of_time_run_over(void **state)
{
	(void)state;
	static const time_ms t[] = { INT64_MIN, -5, INT64_MAX - 1, INT64_MAX };
	static const double v[] = { 1, 2, 3, 5 };
	const struct prom_rules *r = prom_rules(NULL);
	double x;
	assert_true(rate_over(RATE_IDELTA, t, v, 4, 1000, INT64_MAX, r, &x));
	assert_true(x == 2);
	assert_false(rate_over(RATE_RATE, t, v, 4, 1000, INT64_MIN, r, &x));
	assert_false(rate_over(RATE_RATE, t, v, 4, INT64_MAX, -5, r, &x));
	assert_true(rate_instant(t, v, 4, RATE_LOOKBACK, INT64_MAX, r, &x));
	assert_true(x == 5);
	assert_true(rate_instant(t, v, 4, RATE_LOOKBACK, INT64_MIN, r, &x));
	assert_true(x == 1);
	assert_false(rate_instant(t, v, 1, RATE_LOOKBACK, INT64_MAX, r, &x));
}

/* ---- stale markers ----------------------------------------------- */

static void a_target_that_went_away_is_taken_for_a_value(void **state)
{
	(void)state;
	double stale = rate_stale_marker();
	assert_true(isnan(stale) && rate_is_stale(stale));
	assert_false(rate_is_stale(NONE));
	assert_false(rate_is_stale(-stale));
	assert_false(rate_is_stale(0) || rate_is_stale(INF));
}

struct line {
	size_t nr;
	time_ms t[80];
	double v[80];
};

/* A counter with resets, gaps and now and then a value that is odd. */
static struct line random_line(uint64_t *seed)
{
	struct line l = { .nr = 1 + oracle_next(seed) % NR(l.t) };
	time_ms at = T0;
	double v = oracle_unit(seed) * 10;
	for (size_t i = 0; i < l.nr; i++) {
		at += 1 + (time_ms)(oracle_next(seed) % 3000);
		uint64_t k = oracle_next(seed) % 40;
		v = k == 0 ? 0 : v + oracle_unit(seed) * 5;
		l.t[i] = at;
		l.v[i] = k == 1 ? NONE : k == 2 ? INF : k == 3 ? -3 : v;
	}
	return l;
}

/* The same with stale markers between its samples. */
static struct line with_stale(const struct line *l, uint64_t *seed)
{
	struct line out = { 0 };
	for (size_t i = 0; i < l->nr && out.nr + 2 < NR(out.t); i++) {
		bool room = i && l->t[i] - l->t[i - 1] > 1;
		if (room && oracle_next(seed) % 3 == 0) {
			out.t[out.nr] = l->t[i] - 1;
			out.v[out.nr++] = rate_stale_marker();
		}
		out.t[out.nr] = l->t[i];
		out.v[out.nr++] = l->v[i];
	}
	return out;
}

static struct line without_stale(const struct line *l)
{
	struct line out = { 0 };
	for (size_t i = 0; i < l->nr; i++) {
		if (rate_is_stale(l->v[i]))
			continue;
		out.t[out.nr] = l->t[i];
		out.v[out.nr++] = l->v[i];
	}
	return out;
}

struct answer {
	bool there;
	double v;
};

#define FUNCTIONS (RATE_IDELTA + 1 + OVER_MAX + 1)

static struct answer ask(int f, const time_ms *t, const double *v, size_t nr,
			 time_ms range, time_ms at, const struct prom_rules *r)
{
	struct answer a = { .v = 0 };
	if (f <= RATE_IDELTA)
		a.there = rate_over((enum rate_function)f, t, v, nr, range, at,
				    r, &a.v);
	else
		a.there = rate_over_time(
			(enum rate_aggregate)(f - RATE_IDELTA - 1), t, v, nr,
			range, at, r, &a.v);
	return a;
}

static void assert_same(struct answer a, struct answer b)
{
	assert_int_equal(a.there, b.there);
	if (a.there)
		assert_true(oracle_same(a.v, b.v, 0));
}

static const char *const versions[] = { "2.42.0", "2.51.0", "2.55.0", "3.0.0",
					"3.14.0" };

static void a_stale_marker_parts_a_counter_in_two(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 4000; i++) {
		struct line plain = random_line(&seed);
		struct line marked = with_stale(&plain, &seed);
		plain = without_stale(&marked);
		time_ms range = 1 + (time_ms)(oracle_next(&seed) % 60000);
		time_ms at = T0 + (time_ms)(oracle_next(&seed) % 150000);
		const struct prom_rules *r =
			prom_rules(versions[oracle_next(&seed) % NR(versions)]);
		for (int f = 0; f < (int)FUNCTIONS; f++)
			assert_same(ask(f, marked.t, marked.v, marked.nr,
					range, at, r),
				    ask(f, plain.t, plain.v, plain.nr, range,
					at, r));
	}
}

/* What lies outside of the window is no part of the answer. */
static void older_samples_change_the_newest_rate(void **state)
{
	(void)state;
	uint64_t seed = 2;
	for (int i = 0; i < 4000; i++) {
		struct line l = random_line(&seed);
		time_ms range = 1000 * (1 + (time_ms)(oracle_next(&seed) % 60));
		time_ms at = T0 + (time_ms)(oracle_next(&seed) % 150000);
		const struct prom_rules *r =
			prom_rules(versions[oracle_next(&seed) % NR(versions)]);
		size_t a = 0, b = l.nr;
		while (a < l.nr && l.t[a] < at - range)
			a++;
		while (b > a && l.t[b - 1] > at)
			b--;
		for (int f = 0; f < (int)FUNCTIONS; f++)
			assert_same(ask(f, l.t, l.v, l.nr, range, at, r),
				    ask(f, l.t + a, l.v + a, b - a, range, at,
					r));
	}
}

/* ---- over time --------------------------------------------------- */

/* v at T0 + 1 s, T0 + 2 s, ... */
static double over_values(enum rate_aggregate f, const double *v, size_t nr,
			  const char *version)
{
	time_ms t[80];
	double x = 0;
	for (size_t i = 0; i < nr; i++)
		t[i] = T0 + (time_ms)(i + 1) * 500;
	assert_true(nr <= NR(t));
	assert_true(over(f, t, v, nr, version, &x));
	return x;
}

#define ALL(f, version, ...)                                                  \
	over_values((f), (const double[]){ __VA_ARGS__ },                     \
		    NR(((const double[]){ __VA_ARGS__ })), (version))

static void small_values_are_lost_among_large_ones(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(versions); i++) {
		const char *r = versions[i];
		assert_true(ALL(OVER_SUM, r, 1e100, 1, -1e100) == 1);
		assert_true(ALL(OVER_SUM, r, .1, .1, .1, .1, .1, .1, .1, .1,
				.1, .1) == 1);
		assert_true(ALL(OVER_AVG, r, 1.7e308, 1.7e308, 1.7e308)
			    > 1.69e308);
		assert_true(ALL(OVER_AVG, r, 4) == 4);
		assert_true(ALL(OVER_AVG, r, 1, INF, 3) == INF);
		assert_true(ALL(OVER_AVG, r, -INF, -INF) == -INF);
		assert_true(isnan(ALL(OVER_AVG, r, INF, 1, -INF)));
		assert_true(isnan(ALL(OVER_AVG, r, INF, NONE)));
		assert_true(ALL(OVER_SUM, r, INF, 1) == INF);
		assert_true(isnan(ALL(OVER_SUM, r, 1, NONE)));
	}
}

static void the_worst_second_is_not_the_maximum(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(versions); i++) {
		const char *r = versions[i];
		assert_true(ALL(OVER_MIN, r, 3, 1, 2) == 1);
		assert_true(ALL(OVER_MAX, r, 3, 1, 5, 2) == 5);
		assert_true(ALL(OVER_MAX, r, NONE, 1, -2, NONE) == 1);
		assert_true(ALL(OVER_MIN, r, NONE, 1, -2, NONE) == -2);
		assert_true(isnan(ALL(OVER_MAX, r, NONE, NONE)));
		assert_true(ALL(OVER_COUNT, r, NONE, 1, INF) == 3);
	}
}

/* avg() and avg_over_time() are one from 2.55 on. */
static void a_mean_depends_on_where_it_is_taken(void **state)
{
	(void)state;
	uint64_t seed = 3;
	static const char *const later[] = { "2.55.0", "3.0.0", "3.5.0" };
	for (int i = 0; i < 6000; i++) {
		double v[40];
		size_t nr = 1 + oracle_next(&seed) % NR(v);
		for (size_t k = 0; k < nr; k++)
			v[k] = (oracle_unit(&seed) - 0.3)
			       * (i % 3 ? 1e3 : 1.7e308);
		const char *r = later[oracle_next(&seed) % NR(later)];
		double want = prom_avg(v, nr, prom_rules(r));
		double have = over_values(OVER_AVG, v, nr, r);
		assert_true(oracle_same(have, want, 0));
		have = over_values(OVER_AVG, v, nr, "2.42.0");
		assert_true(fabs(have - want) <= 1e-13 * (i % 3 ? 1e3
							     : 1.7e308));
	}
}

static void refreshing_rates_allocates_memory(void **state)
{
	(void)state;
	uint64_t seed = 4;
	struct line l = random_line(&seed);
	struct mallinfo2 before = mallinfo2();
	const struct prom_rules *r = prom_rules(NULL);
	size_t there = 0;
	for (int f = 0; f < (int)FUNCTIONS; f++)
		there += ask(f, l.t, l.v, l.nr, 60000, l.t[l.nr - 1], r).there;
	struct mallinfo2 after = mallinfo2();
	assert_int_equal(before.uordblks, after.uordblks);
	assert_int_equal(there, FUNCTIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_per_second_differ_from_the_servers),
		cmocka_unit_test(counts_of_a_window_differ_from_the_servers),
		cmocka_unit_test(changes_of_a_gauge_differ_from_the_servers),
		cmocka_unit_test(newest_values_differ_from_the_servers),
		cmocka_unit_test(
			what_a_gauge_did_meanwhile_differs_from_the_servers),
		cmocka_unit_test(
			a_sample_on_the_edge_is_counted_by_the_wrong_release),
		cmocka_unit_test(a_sample_of_this_very_moment_is_too_old),
		cmocka_unit_test(
			windows_are_cut_to_whole_seconds_by_the_wrong_release),
		cmocka_unit_test(a_window_without_samples_looks_like_zero),
		cmocka_unit_test(the_ends_of_time_run_over),
		cmocka_unit_test(a_target_that_went_away_is_taken_for_a_value),
		cmocka_unit_test(a_stale_marker_parts_a_counter_in_two),
		cmocka_unit_test(older_samples_change_the_newest_rate),
		cmocka_unit_test(small_values_are_lost_among_large_ones),
		cmocka_unit_test(the_worst_second_is_not_the_maximum),
		cmocka_unit_test(a_mean_depends_on_where_it_is_taken),
		cmocka_unit_test(refreshing_rates_allocates_memory),
	};
	return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
