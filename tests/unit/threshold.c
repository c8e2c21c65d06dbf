/* Thresholds as CloudWatch evaluates an alarm, alerts as Prometheus does: the
 * published table, promtool's own assertions, and what a person sees of it. */
#include "model/threshold.h"

#include "base/document.h"
#include "base/limits.h"

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
#define MINUTE ((time_ms)60000)
#define START (INT64_C(1763000000000) / 3600000 * 3600000)
#define DATA "tests/data/slo-oracle/"

/* ---- the published table ----------------------------------------------- */

static const char *const states[] = {
	[MOFN_OK] = "OK",
	[MOFN_ALARM] = "ALARM",
	[MOFN_INSUFFICIENT] = "INSUFFICIENT_DATA",
};

static enum mofn_state state_named(const char *name)
{
	for (size_t i = 0; i < COUNT(states); i++)
		if (strcmp(states[i], name) == 0)
			return (enum mofn_state)i;
	fail_msg("no state %s", name);
	return MOFN_OK;
}

static enum missing missing_named(const char *name)
{
	for (int m = MISSING_MISSING; m <= MISSING_IGNORE; m++)
		if (strcmp(missing_name((enum missing)m), name) == 0)
			return (enum missing)m;
	fail_msg("no policy %s", name);
	return MISSING_MISSING;
}

static size_t points_of(const char *text, enum mofn_point *out)
{
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++)
		out[i] = text[i] == 'X' ? POINT_BAD
			 : text[i] == '0' ? POINT_GOOD : POINT_MISSING;
	return n;
}

static enum mofn_state evaluate(const char *points, int m, int n,
				enum missing missing, enum mofn_state before)
{
	enum mofn_point p[32];
	return mofn_evaluate(p, points_of(points, p), m, n, missing, before);
}

static void an_alarm_of_cloudwatch_reads_differently_here(void **state)
{
	FILE *f = fopen(DATA "mofn-table.csv", "rb");
	char line[200], points[16], missing[16], before[24], want[24];
	int m, n, cells = 0;
	(void)state;
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sscanf(line, "%15[^,],%d,%d,%15[^,],%23[^,],"
					"%23[A-Z_]", points, &n, &m, missing,
					before, want), 6);
		enum mofn_state have = evaluate(points, m, n,
						missing_named(missing),
						state_named(before));
		if (have != state_named(want))
			fail_msg("%s is %s", line, states[have]);
		cells++;
	}
	assert_int_equal(cells, 120);
	fclose(f);
}

static void one_late_breach_is_an_alarm_of_three(void **state)
{
	static const enum mofn_state before[] = { MOFN_OK, MOFN_ALARM,
						  MOFN_INSUFFICIENT };
	(void)state;
	for (size_t i = 0; i < COUNT(before); i++) {
		assert_int_equal(evaluate("----X", 3, 3, MISSING_MISSING,
					  before[i]), before[i]);
		assert_int_equal(evaluate("---X-", 3, 3, MISSING_MISSING,
					  before[i]), before[i]);
		/* What is older than n + 2 is not looked at. */
		assert_int_equal(evaluate("XXX-----", 1, 3, MISSING_MISSING,
					  before[i]), MOFN_INSUFFICIENT);
		assert_int_equal(evaluate("XXX-----", 1, 3, MISSING_IGNORE,
					  before[i]), before[i]);
	}
	assert_int_equal(evaluate("---XX", 2, 3, MISSING_IGNORE, MOFN_OK),
			 MOFN_ALARM);
	/* Nobody has looked at the other periods yet. */
	assert_int_equal(evaluate("0", 2, 3, MISSING_BREACHING, MOFN_OK),
			 MOFN_OK);
	assert_int_equal(evaluate("", 2, 3, MISSING_BREACHING, MOFN_OK),
			 MOFN_OK);
}

/* ---- promtool's alerts ------------------------------------------------- */

#define SAMPLES 200

#define LOOKBACK ((time_ms)300000)

struct series {
	time_ms t[SAMPLES];
	double v[SAMPLES];
	bool stale[SAMPLES];
	size_t nr;
};

/* promtool's notation, as far as the file goes: a number, `_`, `stale`. */
static struct series expanded(const char *text, time_ms interval)
{
	struct series s = { .nr = 0 };
	char word[16];
	int used;
	for (time_ms at = 0; sscanf(text, "%15s%n", word, &used) == 1;
	     at += interval, text += used) {
		char *end = word;
		assert_true(s.nr < SAMPLES);
		if (strcmp(word, "_") == 0)
			continue;
		s.t[s.nr] = at;
		s.stale[s.nr] = strcmp(word, "stale") == 0;
		s.v[s.nr] = strtod(word, &end);
		assert_true(s.stale[s.nr] || (end > word && !*end));
		s.nr++;
	}
	return s;
}

/* x > 5 as an instant selector sees it: the newest sample within the lookback,
 * unless that is the marker. */
static bool holds(const struct series *s, time_ms at)
{
	for (size_t i = s->nr; i > 0; i--)
		if (s->t[i - 1] <= at && s->t[i - 1] >= at - LOOKBACK)
			return !s->stale[i - 1] && s->v[i - 1] > 5;
	return false;
}

static bool fires(const struct series *s, time_ms hold, time_ms keep,
		  time_ms until)
{
	struct alert a = { 0 };
	for (time_ms at = 0; at <= until; at += MINUTE)
		alert_step(&a, holds(s, at), at, hold, keep);
	return a.firing;
}

static time_ms span_of(const struct node *n, const char *key)
{
	const char *text = node_text(node_get(n, key));
	time_ms t = 0;
	if (text)
		assert_int_equal(duration_parse(text, &t, NULL), 0);
	return t;
}

static const struct node *rule_named(const struct document *rules,
				     const char *name)
{
	const struct node *list = node_get(node_get(rules->root[0], "groups")
						   ->item[0], "rules");
	for (size_t i = 0; i < list->nr; i++)
		if (strcmp(node_text(node_get(list->item[i], "alert")), name)
		    == 0)
			return list->item[i];
	fail_msg("no alert %s", name);
	return NULL;
}

static void an_alert_fires_when_prometheus_would_not(void **state)
{
	struct document rules, d;
	struct err e = { 0 };
	(void)state;
	if (document_load(&rules, DATA "alert-for.rules.yml", &e) < 0 ||
	    document_load(&d, DATA "alert-for.test.yml", &e) < 0)
		fail_msg("%s", e.text);
	const struct node *test = node_get(d.root[0], "tests")->item[0];
	const struct node *list = node_get(test, "alert_rule_test");
	const struct node *series = node_get(test, "input_series")->item[0];
	struct series s = expanded(node_text(node_get(series, "values")),
				   MINUTE);
	size_t firing = 0;
	for (size_t i = 0; i < list->nr; i++) {
		const struct node *n = list->item[i];
		const char *name = node_text(node_get(n, "alertname"));
		const struct node *rule = rule_named(&rules, name);
		bool want = node_get(n, "exp_alerts")->nr > 0;
		if (fires(&s, span_of(rule, "for"),
			  span_of(rule, "keep_firing_for"),
			  span_of(n, "eval_time")) != want)
			fail_msg("%s at %s does not%s fire", name,
				 node_text(node_get(n, "eval_time")),
				 want ? "" : " not");
		firing += want;
	}
	assert_int_equal(list->nr, 232);
	assert_true(firing > 50 && firing < 200);
	document_release(&d);
	document_release(&rules);
}

/* ---- over periods ------------------------------------------------------ */

static struct threshold_def limit(double warning, double critical)
{
	return (struct threshold_def){
		.id = "cpu", .period = MINUTE, .m = 1, .n = 1, .clear = NAN,
		.clear_after = 1, .unit = "%",
		.warning = { !isnan(warning), warning, NAN },
		.critical = { !isnan(critical), critical, NAN },
	};
}

/* Values a minute from START on, NAN where there is none. */
static struct threshold_state read_all(const struct threshold_def *d,
				       const double *v, size_t nr,
				       double provisional)
{
	time_ms t[64];
	double there[64];
	size_t n = 0;
	for (size_t i = 0; i < nr; i++) {
		t[n] = START + (time_ms)i * d->period;
		there[n] = v[i];
		n += isnan(v[i]) ? 0 : 1;
	}
	struct threshold_state out;
	threshold_read(d, t, there, n, START,
		       START + (time_ms)(nr - 1) * d->period + 29000,
		       provisional, &out);
	return out;
}

static void check(const struct threshold_def *d, const double *v, size_t nr,
		  const char *levels)
{
	static const char letters[] = { 'o', 'w', 'c', '-' };
	for (size_t i = 0; i < nr; i++) {
		struct threshold_state s = read_all(d, v, i + 1, NAN);
		if (letters[s.level] != levels[i])
			fail_msg("%s: period %zu is %c", levels, i,
				 letters[s.level]);
	}
}

static void a_warning_hides_that_it_is_critical(void **state)
{
	struct threshold_def d = limit(70, 85);
	static const double v[] = { 70, 70.1, 85, 85.1, 80, 10, 90 };
	(void)state;
	check(&d, v, COUNT(v), "owwcwoc");
	struct threshold_state s = read_all(&d, v, 5, NAN);
	assert_true(s.value == 80 && s.limit == 70);
	assert_true(s.since == START + 4 * MINUTE);
	s = read_all(&d, v, 3, NAN);
	assert_true(s.since == START + MINUTE);
	s = read_all(&d, v, 4, NAN);
	assert_true(s.limit == 85);
	s = read_all(&d, v, 6, NAN);
	assert_true(s.limit == 70);
	d = limit(NAN, 85);
	check(&d, v, COUNT(v), "ooocooc");
}

static void three_of_five_is_one_of_one(void **state)
{
	struct threshold_def d = limit(70, 85);
	static const double v[] = { 90, 10, 90, 75, 10, 75, 10, 10, 10 };
	(void)state;
	d.m = 3;
	d.n = 5;
	/* The first good point tells that it is fine so far. */
	check(&d, v, COUNT(v), "-oowwwwoo");
	struct threshold_state s = read_all(&d, v, 6, NAN);
	assert_true(s.since == START + 3 * MINUTE);
}

static void nobody_sees_that_there_is_no_data(void **state)
{
	struct threshold_def d = limit(70, 85);
	static const double v[] = { NAN, 90, NAN, NAN, NAN, 10, NAN };
	(void)state;
	struct threshold_state s = read_all(&d, v, 1, NAN);
	assert_int_equal(s.level, LEVEL_NODATA);
	assert_true(isnan(s.value) && s.since == START && s.limit == 70);
	/* A range is n + 2 long. */
	check(&d, v, COUNT(v), "-ccc-oo");
	d.missing = MISSING_NOT_BREACHING;
	check(&d, v, COUNT(v), "occcooo");
	d.missing = MISSING_BREACHING;
	check(&d, v, COUNT(v), "cccccoo");
	d.missing = MISSING_IGNORE;
	check(&d, v, COUNT(v), "-ccccoo");
	/* Before the first period nobody has looked. */
	threshold_read(&d, NULL, NULL, 0, START, START - 1, NAN, &s);
	assert_int_equal(s.level, LEVEL_NODATA);
	assert_true(s.since == TIME_NONE);
}

static void a_level_flaps_around_its_limit(void **state)
{
	struct threshold_def d = limit(70, NAN);
	static const double v[] = { 71, 69, 71, 63.1, 63, 75, 60, NAN, 60, 10 };
	(void)state;
	d.clear = 63;
	check(&d, v, 7, "wwwwowo");
	d.clear_after = 2;
	check(&d, v, COUNT(v), "wwwwwwwwoo");
	d.missing = MISSING_NOT_BREACHING;
	check(&d, v, COUNT(v), "wwwwwwwooo");
	d.missing = MISSING_BREACHING;
	check(&d, v, COUNT(v), "wwwwwwwwwo");
	/* Each of the two has its own: here that of critical alone is on its
	 * good side. */
	d = limit(70, 85);
	d.clear = 80;
	static const double w[] = { 90, 82, 80, 72, 70, 82 };
	check(&d, w, COUNT(w), "ccwwow");
	/* 63 is good for both. */
	d.clear = 63;
	check(&d, w, COUNT(w), "cccccc");
}

static void too_little_is_not_noticed(void **state)
{
	struct threshold_def d = limit(NAN, NAN);
	static const double v[] = { 50, 49.9, 200, 200.1, 181, 180, 49, 50 };
	(void)state;
	d.warning = (struct level){ true, 200, 50 };
	check(&d, v, COUNT(v), "owowoowo");
	d.clear = 180; /* of the upper limit, which it is nearer to */
	check(&d, v, COUNT(v), "owwwwowo");
	struct threshold_state s = read_all(&d, v, 5, NAN);
	assert_true(s.limit == 200);
	s = read_all(&d, v, 7, NAN);
	assert_true(s.limit == 50);
	/* Success in percent. */
	d = limit(NAN, NAN);
	d.warning = (struct level){ true, NAN, 99.5 };
	d.critical = (struct level){ true, NAN, 99.0 };
	static const double success[] = { 99.5, 99.4, 99, 98.9, 100 };
	check(&d, success, COUNT(success), "owwco");
}

static void the_unfinished_period_decides(void **state)
{
	struct threshold_def d = limit(70, 85);
	static const double v[] = { 10, 10 };
	(void)state;
	struct threshold_state s = read_all(&d, v, 2, 90);
	assert_int_equal(s.level, LEVEL_OK);
	assert_int_equal(s.leaning, LEVEL_CRITICAL);
	assert_true(s.provisional == 90 && s.value == 10);
	s = read_all(&d, v, 2, NAN);
	assert_int_equal(s.leaning, LEVEL_OK);
	assert_true(isnan(s.provisional));
	d.m = d.n = 2;
	s = read_all(&d, v, 2, 90);
	assert_int_equal(s.leaning, LEVEL_OK);
	/* A period that ends right now is whole. */
	time_ms t = START;
	double full = 90;
	d.m = d.n = 1;
	threshold_read(&d, &t, &full, 1, START, START, NAN, &s);
	assert_int_equal(s.level, LEVEL_CRITICAL);
	threshold_read(&d, &t, &full, 1, START - MINUTE, START - 1, NAN, &s);
	assert_int_equal(s.level, LEVEL_NODATA);
}

static void a_rule_of_the_server_has_no_for(void **state)
{
	struct threshold_def d = { .id = "a", .alert = true, .period = MINUTE,
				   .hold = 2 * MINUTE, .keep = 2 * MINUTE,
				   .critical = { true, NAN, NAN } };
	static const double v[] = { NAN, 1, NAN, 1, 1, 1, NAN, 1, NAN, NAN,
				    NAN };
	(void)state;
	check(&d, v, COUNT(v), "oooooccccco");
	struct threshold_state s = read_all(&d, v, 5, NAN);
	assert_true(s.pending && s.since == START + 3 * MINUTE);
	s = read_all(&d, v, 6, NAN);
	assert_true(!s.pending && s.since == START + 5 * MINUTE);
	d.critical.given = false;
	d.warning.given = true;
	s = read_all(&d, v, 6, NAN);
	assert_int_equal(s.level, LEVEL_WARNING);
	assert_int_equal(read_all(&d, v, 5, 1).leaning, LEVEL_WARNING);
}

static void a_replay_begins_too_late_to_know(void **state)
{
	struct threshold_def d = limit(70, NAN);
	(void)state;
	assert_int_equal(threshold_periods(&d), 25);
	d.n = 60;
	d.clear_after = 10;
	assert_int_equal(threshold_periods(&d), 72);
	d = (struct threshold_def){ .alert = true, .period = 15000,
				    .hold = 60 * MINUTE, .keep = 5 * MINUTE };
	assert_true(threshold_periods(&d) > 260);
}

static void the_nearest_limit_is_listed_last(void **state)
{
	struct threshold_def d = limit(70, 85);
	(void)state;
	assert_true(threshold_nearness(&d, 85) == 1);
	assert_true(threshold_nearness(&d, 42.5) == 0.5);
	assert_true(isnan(threshold_nearness(&d, NAN)));
	d = limit(70, NAN);
	assert_true(threshold_nearness(&d, 70) == 1);
	d.warning = (struct level){ true, NAN, 99 };
	assert_true(threshold_nearness(&d, 99.9) < 0.11);
	assert_true(threshold_nearness(&d, 98) == 2);
	d.unit = "/s";
	d.warning = (struct level){ true, 200, 50 };
	assert_true(threshold_nearness(&d, 200) == 1);
	assert_true(threshold_nearness(&d, 50) == 1);
	assert_true(threshold_nearness(&d, 25) == 2);
	assert_true(threshold_nearness(&d, 0) > 1);
	assert_true(threshold_nearness(&d, 100) < 1);
	d.warning = (struct level){ true, 0, NAN };
	assert_true(threshold_nearness(&d, 1) > 1);
}

/* What a recording says is anybody's. */
static void a_recording_ends_the_program(void **state)
{
	struct threshold_def d = limit(70, 85);
	struct threshold_state s;
	time_ms t[] = { INT64_MIN, -5, START - 7, START, INT64_MAX };
	double v[] = { 1, INFINITY, -INFINITY, 90, 3 };
	(void)state;
	d.m = INT32_MAX;
	d.n = INT32_MAX;
	d.clear_after = INT32_MIN;
	threshold_read(&d, t, v, COUNT(t), TIME_NONE, START, 5, &s);
	assert_int_equal(s.level, LEVEL_NODATA);
	assert_true(threshold_periods(&d) <= (int)LIMIT_POINTS);
	for (int i = 0; i < 3; i++) {
		d.period = i == 0 ? 0 : i == 1 ? -1 : INT64_MAX;
		d.hold = d.keep = INT64_MAX;
		threshold_read(&d, t, v, COUNT(t), TIME_NONE, START, 5, &s);
		assert_int_equal(s.level, LEVEL_NODATA);
		d.alert = true;
		assert_true(threshold_periods(&d) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alarm_of_cloudwatch_reads_differently_here),
		cmocka_unit_test(one_late_breach_is_an_alarm_of_three),
		cmocka_unit_test(an_alert_fires_when_prometheus_would_not),
		cmocka_unit_test(a_warning_hides_that_it_is_critical),
		cmocka_unit_test(three_of_five_is_one_of_one),
		cmocka_unit_test(nobody_sees_that_there_is_no_data),
		cmocka_unit_test(a_level_flaps_around_its_limit),
		cmocka_unit_test(too_little_is_not_noticed),
		cmocka_unit_test(the_unfinished_period_decides),
		cmocka_unit_test(a_rule_of_the_server_has_no_for),
		cmocka_unit_test(a_replay_begins_too_late_to_know),
		cmocka_unit_test(the_nearest_limit_is_listed_last),
		cmocka_unit_test(a_recording_ends_the_program),
	};
	return cmocka_run_group_tests_name("threshold", tests, NULL, NULL);
}
