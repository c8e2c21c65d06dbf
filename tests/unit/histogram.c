#include "tests/oracle.h"

#include "base/limits.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define INF ((double)INFINITY)

/* All rows of one function of one kept file, in every column. */
static void check_rows(const char *path, const char *fn, size_t rows)
{
	struct oracle_count n = { 0 };
	assert_true(oracle_count_rows(path, fn, &n));
	assert_int_equal(n.rows, rows);
	assert_int_equal(n.right, rows);
	assert_int_equal(n.asked[ORACLE_COLUMNS - 1], rows);
	assert_int_equal(n.fine[ORACLE_COLUMNS - 1], rows);
}

#define DATA "tests/data/quantile-oracle/"

static void percentiles_equal_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "cases.json", "histogram_quantile", 728);
}

static void share_under_a_threshold_equals_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "cases.json", "histogram_fraction", 65);
}

static void native_percentiles_equal_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "native.json", "histogram_quantile", 717);
}

static void native_shares_equal_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "native.json", "histogram_fraction", 700);
}

static void native_rate_and_mean_equal_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "native.json", "histogram_count", 68);
	check_rows(DATA "native.json", "histogram_sum", 68);
	check_rows(DATA "native.json", "histogram_avg", 68);
}

static void sums_and_means_equal_the_servers(void **state)
{
	(void)state;
	check_rows(DATA "sum.json", "sum", 26);
	check_rows(DATA "sum.json", "avg", 26);
}

static void each_release_gets_its_own_rules(void **state)
{
	(void)state;
	static const struct {
		const char *version;
		int since;
	} rows[] = {
		{ "2.42.0", 200 },      { "2.0.0", 200 },   { "2.46.0", 246 },
		{ "2.48.1", 246 },      { "2.49.0", 249 },  { "2.50.1", 249 },
		{ "2.53.3+ds1", 251 },  { "2.54.1", 254 },  { "2.55.0", 255 },
		{ "3.0.0-rc.0", 300 },  { "3.3.1", 300 },   { "3.4.0", 304 },
		{ "v3.5.0", 305 },      { "3.7.3", 306 },   { "3.9", 308 },
		{ "3.13.0", 310 },      { "3.14.0", 314 },  { "3.120.0", 314 },
		{ "17.0.0", 314 },      { "0.35.1", 314 },  { "1.8.2", 314 },
		{ NULL, 314 },          { "", 314 },        { "v", 314 },
		{ "(devel)", 314 },     { "3", 314 },       { "2.x", 314 },
		{ "2.", 314 },          { "-2.42", 314 },
		{ "99999999999999999999.1", 314 },
		{ "2.99999999999999999999", 314 },
	};
	for (size_t i = 0; i < NR(rows); i++) {
		int since = prom_rules(rows[i].version)->since;
		if (since != rows[i].since)
			fail_msg("%s: %d", rows[i].version, since);
	}
	assert_false(prom_rules("2.42.0")->native_backward);
	assert_true(prom_rules("3.14.0")->fraction_ratio);
	assert_true(prom_rules("2.55.0")->monotonic_tolerance);
	assert_false(prom_rules("3.0.0")->classic_fraction);
}

static void beyond_the_last_bound_is_shown_as_such(void **state)
{
	(void)state;
	struct bucket b[] = { { 1, 0 }, { 4, 0 }, { INF, 9 } };
	struct quantile q = classic_quantile(0.5, b, 3, prom_rules(NULL));
	assert_true(q.value == 4 && q.lo == 4 && q.hi == INF);
}

static void below_the_first_bound_is_shown_as_such(void **state)
{
	(void)state;
	struct bucket b[] = { { 0, 5 }, { 4, 9 }, { INF, 12 } };
	struct quantile q = classic_quantile(0.3, b, 3, prom_rules(NULL));
	assert_true(q.value == 0 && q.lo == -INF && q.hi == 0);
}

/* Noise of 4e-13 between buckets is no traffic, from 2.49 on. */
static void rounding_noise_is_no_slow_request(void **state)
{
	(void)state;
	double n = 1000;
	struct bucket now[] = { { 1, n }, { 2, n * (1 + 4e-13) },
				{ 4, n * (1 + 8e-13) },
				{ INF, n * (1 + 12e-13) } }, old[4];
	memcpy(old, now, sizeof(old));
	const struct prom_rules *r = prom_rules("2.49.0");
	assert_true(classic_quantile(1, now, 4, r).value == 1);
	r = prom_rules("2.48.0");
	assert_true(classic_quantile(1, old, 4, r).value == 4);
}

static void nothing_known_is_not_a_number(void **state)
{
	(void)state;
	const struct prom_rules *r = prom_rules(NULL);
	struct bucket one = { INF, 3 }, open[] = { { 1, 2 }, { 2, 3 } };
	struct bucket odd[] = { { (double)NAN, 3 }, { 1, 3 }, { INF, 9 } };
	struct histogram none = { 5, 5, 0, NULL };
	assert_true(isnan(classic_quantile(0.5, NULL, 0, r).value));
	assert_true(isnan(classic_quantile(0.5, &one, 1, r).value));
	assert_true(isnan(classic_quantile(0.5, open, 2, r).value));
	assert_true(isnan(classic_quantile(0.5, odd, 3, r).value));
	assert_true(isnan(classic_fraction(0, 1, NULL, 0, r)));
	assert_true(isnan(classic_fraction(0, 1, open, 2, r)));
	assert_true(native_quantile(0.5, &none, r).value == 0);
	none.count = 0;
	assert_true(isnan(native_quantile(0.5, &none, r).value));
	assert_true(isnan(native_fraction(0, 1, &none, r)));
	assert_true(isnan(prom_sum(NULL, 0, r)) && isnan(prom_avg(NULL, 0, r)));
}

static size_t random_buckets(struct bucket *b, size_t max, uint64_t *seed)
{
	size_t nr = 2 + oracle_next(seed) % (max - 1);
	double le = oracle_unit(seed) - 0.3, count = 0;
	for (size_t i = 0; i < nr; i++) {
		count += (double)(oracle_next(seed) % 40);
		b[i] = (struct bucket){ i + 1 < nr ? le : INF, count };
		le += 0.001 + oracle_unit(seed);
	}
	return nr;
}

static void shuffle(struct bucket *b, size_t nr, uint64_t *seed)
{
	for (size_t i = nr; i > 1; i--) {
		size_t k = oracle_next(seed) % i;
		struct bucket x = b[i - 1];
		b[i - 1] = b[k];
		b[k] = x;
	}
}

static void order_of_buckets_changes_no_percentile(void **state)
{
	(void)state;
	uint64_t seed = 1;
	const struct prom_rules *r = prom_rules(NULL);
	for (int i = 0; i < 2000; i++) {
		struct bucket b[30], c[30];
		size_t nr = random_buckets(b, NR(b), &seed);
		memcpy(c, b, sizeof(c));
		shuffle(c, nr, &seed);
		double q = oracle_unit(&seed);
		struct quantile x = classic_quantile(q, b, nr, r);
		struct quantile y = classic_quantile(q, c, nr, r);
		assert_true(oracle_same(x.value, y.value, 0));
		assert_true(oracle_same(x.lo, y.lo, 0));
		assert_true(oracle_same(x.hi, y.hi, 0));
	}
}

static void percentiles_rise_and_stay_in_their_bracket(void **state)
{
	(void)state;
	uint64_t seed = 2;
	const struct prom_rules *r = prom_rules(NULL);
	for (int i = 0; i < 2000; i++) {
		struct bucket b[30], c[30];
		size_t nr = random_buckets(b, NR(b), &seed);
		double last = -INF;
		for (double q = 0.01; q < 1; q += 0.07) {
			memcpy(c, b, sizeof(c));
			struct quantile x = classic_quantile(q, c, nr, r);
			if (isnan(x.value)) {
				assert_true(isnan(x.lo) && isnan(x.hi));
				continue;
			}
			assert_true(x.lo <= x.value && x.value <= x.hi + 1e-15);
			assert_true(x.value >= last - 1e-15);
			last = x.value;
		}
	}
}

/* Half the requests under p50: the two functions are each other's inverse. */
static void share_under_a_percentile_is_the_percentile(void **state)
{
	(void)state;
	uint64_t seed = 3;
	const struct prom_rules *r = prom_rules(NULL);
	static const struct native_bucket rows[] = {
		{ 1, -2, -1, 4 }, { 3, -0.25, 0.25, 6 }, { 0, 0.5, 1, 9 },
		{ 0, 1, 2, 1 }, { 0, 4, 8, 3 },
	};
	struct histogram h = { 23, 20, NR(rows), rows };
	for (int i = 0; i < 1000; i++) {
		double q = oracle_unit(&seed);
		double x = native_quantile(q, &h, r).value;
		assert_true(fabs(native_fraction(-INF, x, &h, r) - q) < 1e-12);
	}
}

static void refreshing_percentiles_allocates_nothing(void **state)
{
	(void)state;
	uint64_t seed = 4;
	static struct bucket b[LIMIT_BUCKETS];
	static struct native_bucket n[LIMIT_BUCKETS];
	for (size_t i = 0; i < NR(b); i++) {
		b[i] = (struct bucket){ i ? (double)i : INF, (double)i };
		n[i] = (struct native_bucket){ 0, (double)i, (double)i + 1, 1 };
	}
	struct histogram h = { (double)NR(n), 5, NR(n), n };
	shuffle(b, NR(b), &seed);
	const struct prom_rules *r = prom_rules(NULL);
	struct mallinfo2 before = mallinfo2();
	double x = classic_quantile(0.9, b, NR(b), r).value;
	double y = native_quantile(0.9, &h, r).value;
	double z = native_fraction(1, 5, &h, r) + classic_fraction(1, 5, b,
								  NR(b), r);
	struct mallinfo2 after = mallinfo2();
	assert_int_equal(before.uordblks, after.uordblks);
	assert_int_equal(before.hblks, after.hblks);
	assert_true(isfinite(x) && isfinite(y) && isfinite(z));
}

/* 1, 2, 4 apart: the bound that an unprinted zero bucket cut is no bound. */
static void exponential_buckets_are_told_from_custom_ones(void **state)
{
	(void)state;
	const struct prom_rules *r = prom_rules(NULL);
	static const struct native_bucket cut[] = {
		{ 0, 0.3, 0.5, 1 }, { 0, 0.5, 1, 1 }, { 0, 1, 2, 1 },
		{ 0, 2, 4, 5 },
	}, custom[] = {
		{ 0, 0.1, 0.25, 1 }, { 0, 0.25, 0.5, 1 }, { 0, 0.5, 1, 1 },
		{ 0, 1, 2.5, 5 },
	}, below_zero[] = {
		{ 0, -4, -2, 1 }, { 0, -2, 2, 1 }, { 0, 2, 4, 2 },
	}, zero[] = {
		{ 3, -1.5, 1.5, 2 }, { 0, 1.5, 2, 4 },
	};
	struct histogram h = { 8, 8, 4, cut };
	assert_true(fabs(native_quantile(0.6875, &h, r).value - exp2(1.5))
		    < 1e-12);
	h.bucket = custom;
	assert_true(native_quantile(0.6875, &h, r).value == 1.75);
	h = (struct histogram){ 4, 0, 3, below_zero };
	assert_true(native_quantile(0.75, &h, r).value == 3);
	h = (struct histogram){ 6, 8, 2, zero };
	assert_true(fabs(native_quantile(2.0 / 3, &h, r).value - sqrt(3))
		    < 1e-12);
}

/* Values that cancel, vanish, overflow or are none. */
static double odd_value(uint64_t *seed)
{
	static const double odd[] = { 0, -0.0, 1e308, -1e308, 1e100, -1e100,
				      5e-324, INF, -INF };
	uint64_t k = oracle_next(seed) % 60;
	if (k < NR(odd))
		return odd[k];
	if (k == NR(odd))
		return (double)NAN;
	return (oracle_unit(seed) - 0.5)
	       * pow(10, (double)(oracle_next(seed) % 40) - 20);
}

static void own_sums_follow_the_newest_server(void **state)
{
	(void)state;
	uint64_t seed = 5;
	const struct prom_rules *r = prom_rules(NULL);
	for (int i = 0; i < 20000; i++) {
		double v[24];
		size_t nr = 1 + oracle_next(&seed) % NR(v);
		struct sum s = { 0, 0 };
		for (size_t k = 0; k < nr; k++) {
			v[k] = odd_value(&seed);
			sum_add(&s, v[k]);
		}
		assert_true(oracle_same(sum_value(&s), prom_sum(v, nr, r), 0));
	}
}

static void a_mean_lies_between_its_values(void **state)
{
	(void)state;
	uint64_t seed = 6;
	static const char *const versions[] = { "2.42", "2.55", "3.0", "3.14" };
	for (int i = 0; i < 20000; i++) {
		double v[24], lo = INF, hi = -INF;
		size_t nr = 1 + oracle_next(&seed) % NR(v);
		double top = i & 1 ? 1.7e308 : 1;
		for (size_t k = 0; k < nr; k++) {
			v[k] = oracle_unit(&seed) * top;
			lo = fmin(lo, v[k]);
			hi = fmax(hi, v[k]);
		}
		for (size_t k = 0; k < NR(versions); k++) {
			double x = prom_avg(v, nr, prom_rules(versions[k]));
			assert_true(lo * (1 - 1e-14) <= x);
			assert_true(x / (1 + 1e-14) <= hi);
		}
	}
}

static void a_copy_outlives_the_answer_it_came_in(void **state)
{
	(void)state;
	struct native_bucket b[] = { { 0, 1, 2, 3 }, { 0, 2, 4, 5 } };
	struct histogram h = { 8, 20, 2, b };
	struct arena a;
	arena_init(&a, 0);
	const struct histogram *c = histogram_copy(&h, &a);
	memset(b, 0xff, sizeof(b));
	memset(&h, 0, sizeof(h));
	assert_true(c->count == 8 && c->sum == 20 && c->nr == 2);
	assert_true(c->bucket[1].lo == 2 && c->bucket[1].count == 5);
	c = histogram_copy(&h, &a);
	assert_int_equal(c->nr, 0);
	arena_release(&a);
	arena_init(&a, 64);
	h = (struct histogram){ 8, 20, 2, b };
	assert_null(histogram_copy(&h, &a));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_equal_the_servers),
		cmocka_unit_test(share_under_a_threshold_equals_the_servers),
		cmocka_unit_test(native_percentiles_equal_the_servers),
		cmocka_unit_test(native_shares_equal_the_servers),
		cmocka_unit_test(native_rate_and_mean_equal_the_servers),
		cmocka_unit_test(sums_and_means_equal_the_servers),
		cmocka_unit_test(each_release_gets_its_own_rules),
		cmocka_unit_test(beyond_the_last_bound_is_shown_as_such),
		cmocka_unit_test(below_the_first_bound_is_shown_as_such),
		cmocka_unit_test(rounding_noise_is_no_slow_request),
		cmocka_unit_test(nothing_known_is_not_a_number),
		cmocka_unit_test(order_of_buckets_changes_no_percentile),
		cmocka_unit_test(percentiles_rise_and_stay_in_their_bracket),
		cmocka_unit_test(share_under_a_percentile_is_the_percentile),
		cmocka_unit_test(refreshing_percentiles_allocates_nothing),
		cmocka_unit_test(exponential_buckets_are_told_from_custom_ones),
		cmocka_unit_test(own_sums_follow_the_newest_server),
		cmocka_unit_test(a_mean_lies_between_its_values),
		cmocka_unit_test(a_copy_outlives_the_answer_it_came_in),
	};
	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
