/* The packs that ship say the numbers of the specification they are named
 * after, each where it belongs, and nothing of them is wrong or a warning. */
#include "app/dashfile.h"
#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NO NAN
#define NOT MISSING_NOT_BREACHING

static const char *const packs[] = {
	"seed-app", "seed-infrastructure", "seed-database", "seed-loadtest",
	"seed-search", "seed-video",
};

static struct dashfile *load(const char *pack)
{
	char path[80], why[300];
	struct err e = { 0 };
	bool missing;
	snprintf(path, sizeof(path), "dashboards/%s.yaml", pack);
	struct dashfile *f = dashfile_load(path, &missing, &e);
	if (!f)
		fail_msg("%s", e.text);
	dashfile_complaint(f, why, sizeof(why));
	if (f->errors)
		fail_msg("%s", why);
	return f;
}

struct number {
	const char *pack, *id;
	enum threshold_measure measure;
	double warn_above, warn_below, crit_above, crit_below;
	int seconds;
	const char *unit;
	enum missing missing;
};

static const struct number numbers[] = {
	{ "seed-infrastructure", "cpu_utilization", 0, 70, NO, 85, NO, 300,
	  "%", 0 },
	{ "seed-infrastructure", "cpu_utilization_containers", 0, 70, NO, 85,
	  NO, 300, "%", 0 },
	{ "seed-infrastructure", "memory_utilization", 0, 75, NO, 90, NO, 300,
	  "%", 0 },
	{ "seed-infrastructure", "memory_utilization_containers", 0, 75, NO,
	  90, NO, 300, "%", 0 },
	{ "seed-infrastructure", "disk_io_utilization", 0, 80, NO, 95, NO, 300,
	  "%", 0 },
	{ "seed-infrastructure", "network_throughput", 0, 80, NO, 95, NO, 60,
	  "%", 0 },
	{ "seed-infrastructure", "network_throughput_sent", 0, 80, NO, 95, NO,
	  60, "%", 0 },
	{ "seed-infrastructure", "connection_count", 0, 1000, NO, 1500, NO, 60,
	  "number", 0 },

	{ "seed-database", "connection_pool_utilization", 0, 75, NO, 90, NO,
	  60, "%", 0 },
	{ "seed-database", "query_execution_time", 0, 100, NO, 500, NO, 300,
	  "ms", 0 },
	{ "seed-database", "connection_count", 0, 1000, NO, 1500, NO, 60,
	  "number", 0 },
	{ "seed-database", "cpu_utilization_rds", 0, 70, NO, 85, NO, 300, "%",
	  0 },
	{ "seed-database", "cpu_utilization_elasticache", 0, 70, NO, 85, NO,
	  300, "%", 0 },
	{ "seed-database", "memory_utilization_cache", 0, 75, NO, 90, NO, 300,
	  "%", 0 },
	{ "seed-database", "cache_warming", 0, 1.5, NO, NO, NO, 300, "x", 0 },
	{ "seed-database", "cache_hit_drop", 0, 10, NO, NO, NO, 300, "%", 0 },

	{ "seed-app", "api_latency_p50", MEASURE_P50, 50, NO, 100, NO, 60,
	  "ms", 0 },
	{ "seed-app", "api_latency_p95", MEASURE_P95, 200, NO, 500, NO, 60,
	  "ms", 0 },
	{ "seed-app", "api_latency_p99", MEASURE_P99, 1000, NO, 2000, NO, 60,
	  "ms", 0 },
	{ "seed-app", "requests_per_second", MEASURE_RATE, 100 * 2, 100 * 0.5,
	  NO, NO, 300, "/s", 0 },
	{ "seed-app", "successful_requests_percentage", MEASURE_SUCCESS, NO,
	  99.5, NO, 99.0, 300, "%", 0 },
	{ "seed-app", "error_rate_percentage", MEASURE_ERRORS, 0.5, NO, 1.0,
	  NO, 300, "%", NOT },
	{ "seed-app", "timeout_rate_percentage", 0, 0.1, NO, 0.5, NO, 300, "%",
	  NOT },

	{ "seed-loadtest", "baseline_p99_latency", MEASURE_P99, NO, NO, 100,
	  NO, 60, "ms", 0 },
	{ "seed-loadtest", "baseline_error_rate", MEASURE_ERRORS, NO, NO, 0.1,
	  NO, 60, "%", NOT },
	{ "seed-loadtest", "spike_latency_increase", 0, NO, NO, 50, NO, 60,
	  "%", 0 },
	{ "seed-loadtest", "spike_error_rate", MEASURE_ERRORS, NO, NO, 1, NO,
	  60, "%", NOT },
	{ "seed-loadtest", "endurance_memory_growth", 0, NO, NO, 5, NO, 300,
	  "%", 0 },
	{ "seed-loadtest", "endurance_latency_increase", 0, NO, NO, 10, NO,
	  300, "%", 0 },

	{ "seed-search", "search_latency_p99", MEASURE_P99, 100, NO, 150, NO,
	  60, "ms", 0 },
	{ "seed-search", "search_peak", MEASURE_RATE, 50000, NO, NO, NO, 60,
	  "/s", 0 },
	{ "seed-search", "infrastructure_cost", 0, 10e6, NO, 10e6 * 1.2, NO,
	  21600, "number", 0 },

	{ "seed-video", "cdn_cache_hit_rate", 0, NO, NO, NO, 99.9, 300, "%",
	  0 },
	{ "seed-video", "startup_latency_p95", MEASURE_P95, NO, NO, 100, NO,
	  60, "ms", 0 },
	{ "seed-video", "recommendation_latency_p99", MEASURE_P99, NO, NO, 50,
	  NO, 60, "ms", 0 },
	{ "seed-video", "peak_event", 0, 10, NO, NO, NO, 60, "x", 0 },
};

static void same(const struct number *n, const char *what, double have,
		 double want)
{
	if (have != want && !(isnan(have) && isnan(want)))
		fail_msg("%s of %s: %s is %g, not %g", n->id, n->pack, what,
			 have, want);
}

static void check_number(const struct number *n, const struct threshold_def *d)
{
	same(n, "warning above", d->warning.above, n->warn_above);
	same(n, "warning below", d->warning.below, n->warn_below);
	same(n, "critical above", d->critical.above, n->crit_above);
	same(n, "critical below", d->critical.below, n->crit_below);
	same(n, "warning", d->warning.given,
	     !isnan(n->warn_above) || !isnan(n->warn_below));
	same(n, "critical", d->critical.given,
	     !isnan(n->crit_above) || !isnan(n->crit_below));
	same(n, "period", (double)d->period / 1000, n->seconds);
	same(n, "measure", d->measure, n->measure);
	same(n, "missing", d->missing, n->missing);
	/* All points of an evaluation period, and the same to clear it. */
	same(n, "m", d->m, 1);
	same(n, "n", d->n, 1);
	same(n, "clear", d->clear, NAN);
	same(n, "clear_after", d->clear_after, 1);
	assert_string_equal(d->unit, n->unit);
	assert_string_equal(d->pack, n->pack);
	assert_true(d->query || d->measure || d->cloudwatch);
}

static void a_pack_has_another_number(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT(packs); p++) {
		struct dashfile *f = load(packs[p]);
		struct arena a;
		size_t nr, seen = 0;
		arena_init(&a, 0);
		struct threshold_def *d = dashfile_thresholds(f, &a, &nr);
		for (size_t i = 0; i < COUNT(numbers); i++) {
			const struct number *n = &numbers[i];
			size_t k = 0;
			if (strcmp(n->pack, packs[p]) != 0)
				continue;
			while (k < nr && strcmp(d[k].id, n->id) != 0)
				k++;
			if (k == nr)
				fail_msg("%s has no %s", n->pack, n->id);
			check_number(n, &d[k]);
			seen++;
		}
		assert_int_equal(seen, nr);
		arena_release(&a);
		dashfile_free(f);
	}
}

static void a_pack_promises_another_objective(void **state)
{
	static const struct {
		const char *pack, *id;
		double objective, latency;
		bool derived, counts;
	} rows[] = {
		{ "seed-database", "postgres_availability", 0.9999, 0, false,
		  true },
		{ "seed-database", "mysql_availability", 0.9999, 0, false,
		  true },
		{ "seed-search", "search_availability", 0.9999, 0, true,
		  false },
		{ "seed-search", "search_latency", 0.99, 0.1, true, false },
		{ "seed-video", "metadata_availability", 0.9999, 0, true,
		  false },
	};
	size_t all = 0;
	(void)state;
	for (size_t p = 0; p < COUNT(packs); p++) {
		struct dashfile *f = load(packs[p]);
		struct arena a;
		size_t nr;
		arena_init(&a, 0);
		struct slo_def *d = dashfile_slos(f, &a, &nr);
		all += nr;
		for (size_t k = 0; k < nr; k++) {
			size_t i = 0;
			while (i < COUNT(rows) &&
			       (strcmp(rows[i].pack, packs[p]) != 0 ||
				strcmp(rows[i].id, d[k].id) != 0))
				i++;
			assert_true(i < COUNT(rows));
			assert_true(d[k].objective == rows[i].objective);
			assert_true(d[k].latency == rows[i].latency);
			assert_int_equal(d[k].derived, rows[i].derived);
			assert_int_equal(d[k].counts, rows[i].counts);
			assert_true(d[k].period == (time_ms)30 * 86400000);
		}
		arena_release(&a);
		dashfile_free(f);
	}
	assert_int_equal(all, COUNT(rows));
}

static void a_pack_is_only_half_right(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT(packs); p++) {
		struct dashfile *f = load(packs[p]);
		assert_int_equal(f->warnings, 0);
		assert_int_equal(f->nr_pages, 1);
		/* It goes beside any file of sources. */
		assert_int_equal(f->nr_sources, 0);
		assert_int_equal(f->nr_services, 0);
		dashfile_free(f);
	}
}

static void nobody_knows_what_a_pack_is_for(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT(packs); p++) {
		char path[80], line[200];
		snprintf(path, sizeof(path), "dashboards/%s.yaml", packs[p]);
		FILE *in = fopen(path, "rb");
		assert_non_null(in);
		assert_non_null(fgets(line, sizeof(line), in));
		assert_int_equal(strncmp(line, "# ", 2), 0);
		assert_true(strlen(line) > 30);
		fclose(in);
	}
}

static const struct file_widget *chart_titled(const struct dashfile *f,
					      const char *title)
{
	const struct file_page *p = &f->page[0];
	for (size_t r = 0; r < p->nr; r++)
		for (size_t k = 0; k < p->row[r].nr; k++) {
			const struct file_widget *w = &p->row[r].widget[k];
			if (w->title && strcmp(w->title, title) == 0)
				return w;
		}
	fail_msg("no chart %s", title);
	return NULL;
}

static void a_chart_of_a_pack_has_no_limit(void **state)
{
	static const char *const rows[][3] = {
		{ "seed-infrastructure", "cpu", "cpu_utilization" },
		{ "seed-infrastructure", "memory", "memory_utilization" },
		{ "seed-infrastructure", "disk", "disk_io_utilization" },
		{ "seed-infrastructure", "received", "network_throughput" },
		{ "seed-infrastructure", "connections", "connection_count" },
		{ "seed-database", "pool", "connection_pool_utilization" },
		{ "seed-database", "query p95", "query_execution_time" },
		{ "seed-database", "connections", "connection_count" },
		{ "seed-loadtest", "memory against 23 h ago",
		  "endurance_memory_growth" },
		{ "seed-video", "hits at the edge", "cdn_cache_hit_rate" },
		{ "seed-video", "of last week", "peak_event" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dashfile *f = load(rows[i][0]);
		const struct file_widget *w = chart_titled(f, rows[i][1]);
		if (!w->limit)
			fail_msg("%s of %s has no limit", rows[i][1],
				 rows[i][0]);
		assert_string_equal(w->limit->id, rows[i][2]);
		assert_string_equal(w->unit, w->limit->unit);
		dashfile_free(f);
	}
}

static enum threshold_level level_at(const struct threshold_def *d, double v)
{
	struct threshold_state s;
	time_ms t = time_floor(INT64_C(1763000000000), d->period);
	threshold_read(d, &t, &v, 1, t, t, NAN, &s);
	return s.level;
}

/* Values at and beside the limits, through the evaluation itself. */
static void a_limit_of_a_pack_is_met_at_its_value(void **state)
{
	static const struct {
		const char *pack, *id;
		double v;
		enum threshold_level level;
	} rows[] = {
		{ "seed-app", "requests_per_second", 50, LEVEL_OK },
		{ "seed-app", "requests_per_second", 49.9, LEVEL_WARNING },
		{ "seed-app", "requests_per_second", 200, LEVEL_OK },
		{ "seed-app", "requests_per_second", 200.1, LEVEL_WARNING },
		{ "seed-app", "successful_requests_percentage", 99.5,
		  LEVEL_OK },
		{ "seed-app", "successful_requests_percentage", 99.4,
		  LEVEL_WARNING },
		{ "seed-app", "successful_requests_percentage", 98.9,
		  LEVEL_CRITICAL },
		{ "seed-app", "error_rate_percentage", NAN, LEVEL_OK },
		{ "seed-app", "api_latency_p99", NAN, LEVEL_NODATA },
		{ "seed-app", "api_latency_p99", 2000, LEVEL_WARNING },
		{ "seed-app", "api_latency_p99", 2000.1, LEVEL_CRITICAL },
		{ "seed-database", "cache_warming", 1500. / 1000, LEVEL_OK },
		{ "seed-database", "cache_warming", 1501. / 1000,
		  LEVEL_WARNING },
		{ "seed-video", "cdn_cache_hit_rate", 99.8, LEVEL_CRITICAL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dashfile *f = load(rows[i].pack);
		struct arena a;
		size_t nr, k = 0;
		arena_init(&a, 0);
		struct threshold_def *d = dashfile_thresholds(f, &a, &nr);
		while (k < nr && strcmp(d[k].id, rows[i].id) != 0)
			k++;
		assert_true(k < nr);
		if (level_at(&d[k], rows[i].v) != rows[i].level)
			fail_msg("%s at %g is not %s", rows[i].id, rows[i].v,
				 threshold_level_name(rows[i].level));
		arena_release(&a);
		dashfile_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pack_has_another_number),
		cmocka_unit_test(a_pack_promises_another_objective),
		cmocka_unit_test(a_pack_is_only_half_right),
		cmocka_unit_test(nobody_knows_what_a_pack_is_for),
		cmocka_unit_test(a_chart_of_a_pack_has_no_limit),
		cmocka_unit_test(a_limit_of_a_pack_is_met_at_its_value),
	};
	return cmocka_run_group_tests_name("packs", tests, NULL, NULL);
}
