#include "base/clock.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define SECOND ((time_ms)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
/* 2026-11-23T14:32:05Z */
#define NOW ((time_ms)1795444325000)

static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void times_are_written_in_utc(void **state)
{
	(void)state;
	static const struct {
		time_ms t;
		const char *want;
	} rows[] = {
		{ NOW, "2026-11-23T14:32:05Z" },
		{ NOW + 123, "2026-11-23T14:32:05.123Z" },
		{ NOW + 7, "2026-11-23T14:32:05.007Z" },
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59Z" },
		{ 951782400000, "2000-02-29T00:00:00Z" },
	};
	char s[TIME_TEXT];
	setenv("TZ", "Asia/Kathmandu", 1);
	for (size_t i = 0; i < NR(rows); i++)
		assert_string_equal(time_iso(rows[i].t, s), rows[i].want);
	assert_string_equal(time_hms(NOW + 999, s), "14:32:05");
	assert_string_equal(time_hm(NOW, s), "14:32");
	assert_string_equal(time_hms(-1, s), "23:59:59");
	unsetenv("TZ");
}

static void no_time_of_a_file_is_too_odd_to_write(void **state)
{
	(void)state;
	static const time_ms odd[] = { TIME_NONE, INT64_MIN + 1, INT64_MAX,
				       INT64_MAX - 1, -DAY * 1000000 };
	char s[TIME_TEXT];
	for (size_t i = 0; i < NR(odd); i++) {
		assert_true(strlen(time_iso(odd[i], s)) >= 20);
		assert_int_equal(strlen(time_hms(odd[i], s)), 8);
		assert_int_equal(strlen(time_hm(odd[i], s)), 5);
		assert_true(strlen(time_span(odd[i], s)) >= 2);
		assert_true(strlen(time_duration(odd[i], s)) >= 2);
	}
}

static void ages_read_as_people_say_them(void **state)
{
	(void)state;
	static const struct {
		time_ms span;
		const char *want;
	} rows[] = {
		{ 0, "<1s" }, { 999, "<1s" }, { 1000, "1s" }, { 70999, "70s" },
		{ 89 * SECOND, "89s" }, { 90 * SECOND, "1m" },
		{ 46 * MINUTE + 59 * SECOND, "46m" }, { HOUR, "1h" },
		{ HOUR + 42 * MINUTE, "1h 42m" }, { 24 * HOUR - 1, "23h 59m" },
		{ DAY, "1d" }, { 3 * DAY + 4 * HOUR, "3d 4h" },
		{ 3 * DAY + 59 * MINUTE, "3d" }, { -5, "0s" },
	};
	char s[TIME_TEXT];
	for (size_t i = 0; i < NR(rows); i++)
		assert_string_equal(time_span(rows[i].span, s), rows[i].want);
}

static void a_window_is_written_as_promql_reads_it(void **state)
{
	(void)state;
	static const struct {
		time_ms span;
		const char *want;
	} rows[] = {
		{ 15 * SECOND, "15s" }, { MINUTE, "1m" },
		{ 90 * SECOND, "1m30s" }, { 250, "250ms" }, { 0, "0s" },
		{ HOUR, "1h" }, { 30 * DAY, "30d" }, { 1500, "1s500ms" },
		{ DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5, "1d2h3m4s5ms" },
	};
	char s[TIME_TEXT];
	for (size_t i = 0; i < NR(rows); i++)
		assert_string_equal(time_duration(rows[i].span, s),
				    rows[i].want);
}

static void a_written_window_reads_back_the_same(void **state)
{
	(void)state;
	uint64_t seed = 1;
	char s[TIME_TEXT];
	for (int i = 0; i < 100000; i++) {
		uint64_t bits = next(&seed);
		time_ms got, span = (time_ms)(bits >> (15 + next(&seed) % 48));
		if (duration_parse(time_duration(span, s), &got, NULL))
			fail_msg("%s was not read", s);
		assert_int_equal(got, span);
	}
}

static void durations_of_flags_are_understood(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		time_ms want;
	} rows[] = {
		{ "15s", 15000 }, { "1m30s", 90000 }, { "1.5h", 5400000 },
		{ "250ms", 250 }, { "2d", 2 * DAY }, { "10", 10000 },
		{ "0.5", 500 }, { "0", 0 }, { "0s", 0 }, { "1w", 7 * DAY },
		{ ".5s", 500 }, { "1h30m15s", 5415000 }, { "0.001s", 1 },
		{ "1.0000000000000000000000000001s", 1000 }, { "007s", 7000 },
	};
	static const char *const bad[] = {
		"", "s", "5x", "-5s", "+5s", " 5s", "5s ", "5 s", "1e3", "1e3s",
		"0x10s", "5S", "1,5h", "inf", "nan", "infs", "nans", ".", ".s",
		"1h 30m", "5s5", "0s5", "5ss", "1..5s", "1.5.5s", "99999999d",
		"9999999999999999999999999999s", "5m-3s", "ms",
	};
	for (size_t i = 0; i < NR(rows); i++) {
		time_ms got = -1;
		if (duration_parse(rows[i].s, &got, NULL)
		    || got != rows[i].want)
			fail_msg("%s: %lld", rows[i].s, (long long)got);
	}
	for (size_t i = 0; i < NR(bad); i++) {
		struct err e = { 0 };
		time_ms got;
		if (duration_parse(bad[i], &got, &e) != -1)
			fail_msg("'%s' was read", bad[i]);
		assert_int_equal(e.code, EXIT_USAGE);
		assert_non_null(strstr(e.text, "is not a duration"));
	}
}

static void moments_are_understood_in_every_form(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		time_ms want;
	} rows[] = {
		{ "now", NOW }, { "-10m", NOW - 10 * MINUTE },
		{ "-1h30m", NOW - 90 * MINUTE }, { "-90", NOW - 90 * SECOND },
		{ "-1.5h", NOW - 90 * MINUTE }, { "-.5s", NOW - 500 },
		{ "14:05", NOW - 27 * MINUTE - 5 * SECOND },
		{ "14:32", NOW - 5 * SECOND }, { "14:32:05", NOW },
		{ "14:33", NOW + 55 * SECOND - DAY },
		{ "14:32:06", NOW + SECOND - DAY },
		{ "9:05", NOW - 5 * HOUR - 27 * MINUTE - 5 * SECOND },
		{ "23:59:59.5", 1795478399500 - DAY },
		{ "@1763000000", 1763000000000 },
		{ "@1763000000.123", 1763000000123 }, { "@0", 0 },
		{ "@-5", -5000 },
		{ "2026-11-23T14:32:05Z", NOW }, { "2026-11-23T14:32:05z", NOW },
		{ "2026-11-23T14:32:05", NOW }, { "2026-11-23 14:32:05", NOW },
		{ "2026-11-23t14:32:05", NOW },
		{ "2026-11-23T14:32:05.123Z", NOW + 123 },
		{ "2026-11-23T14:32:05.123456789Z", NOW + 123 },
		{ "2026-11-23T14:32Z", NOW - 5 * SECOND },
		{ "2026-11-23", 1795392000000 },
		{ "2026-11-23T15:32:05+01:00", NOW },
		{ "2026-11-23T15:32:05+0100", NOW },
		{ "2026-11-23T15:32:05+01", NOW },
		{ "2026-11-23T09:02:05-05:30", NOW },
		{ "2000-02-29", 951782400000 },
		{ "2016-12-31T23:59:60Z", 1483228800000 },
		{ "1969-12-31T23:59:59Z", -1000 },
	};
	for (size_t i = 0; i < NR(rows); i++) {
		time_ms got = -1;
		if (time_parse(rows[i].s, NOW, &got, NULL)
		    || got != rows[i].want)
			fail_msg("%s: %lld", rows[i].s, (long long)got);
	}
}

static void a_wrong_moment_says_what_was_expected(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "Now", "10m", "+10m", "--10m", "-", "-m", "-10x", "- 10m",
		"24:00", "12:60", "12:5", "1:2:3", "12:00:61", "12", "12:",
		" 12:00", "12:00 ", "-1:05", "+9:05", "012:00", "12:00:00.",
		"@", "@x", "@1e9", "@0x10", "@ 5", "@nan", "@inf", "@5s",
		"@99999999999999", "@--5", "@+5",
		"2026-13-01", "2026-00-01", "2026-02-29", "2026-11-31",
		"2026-11-23T", "2026-11-23Tx", "2026-11-23T25:00Z",
		"2026-11-23T14:32:05+", "2026-11-23T14:32:05+1",
		"2026-11-23T14:32:05+25:00", "2026-11-23T14:32:05+01:60",
		"2026-11-23T14:32:05+-1:30", "2026-11-23T14:32:05ZZ",
		"2026-11-23T14:32:05 UTC", "26-11-23", "2026-1-3", "+026-11-23",
		"2026-11-23x", "2026/11/23", "yesterday", "\x1b[2J",
	};
	for (size_t i = 0; i < NR(bad); i++) {
		struct err e = { 0 };
		time_ms got;
		if (time_parse(bad[i], NOW, &got, &e) != -1)
			fail_msg("'%s' was read as %lld", bad[i],
				 (long long)got);
		assert_int_equal(e.code, EXIT_USAGE);
		assert_non_null(strstr(e.text, "14:05"));
		assert_true(text_is_clean(e.text));
	}
}

static void a_written_moment_reads_back_the_same(void **state)
{
	(void)state;
	uint64_t seed = 2;
	char s[TIME_TEXT];
	for (int i = 0; i < 100000; i++) {
		/* years 0000 to 9999 */
		time_ms t = (time_ms)(next(&seed) % 315569520000000u);
		t -= 62167219200000;
		time_ms got = 0;
		if (time_parse(time_iso(t, s), NOW, &got, NULL) || got != t)
			fail_msg("%s: %lld", s, (long long)got);
	}
}

static void a_broken_clock_of_a_server_ends_nothing(void **state)
{
	(void)state;
	static const time_ms odd[] = { INT64_MIN, INT64_MAX, 0, -1 };
	static const char *const forms[] = { "now", "-10m", "14:05", "@5",
					     "-999999999s" };
	for (size_t i = 0; i < NR(odd); i++)
		for (size_t k = 0; k < NR(forms); k++) {
			time_ms got;
			assert_int_equal(time_parse(forms[k], odd[i], &got,
						    NULL), 0);
		}
}

static void charts_start_on_multiples_of_their_step(void **state)
{
	(void)state;
	assert_int_equal(time_floor(61000, 15000), 60000);
	assert_int_equal(time_ceil(61000, 15000), 75000);
	assert_int_equal(time_floor(60000, 15000), 60000);
	assert_int_equal(time_ceil(60000, 15000), 60000);
	assert_int_equal(time_floor(-1, 15000), -15000);
	assert_int_equal(time_ceil(-1, 15000), 0);
	assert_int_equal(time_floor(-15000, 15000), -15000);
	assert_int_equal(time_ceil(-15001, 15000), -15000);
	assert_int_equal(time_floor(7, 0), 7);
	assert_int_equal(time_ceil(7, -5), 7);
	uint64_t seed = 3;
	for (int i = 0; i < 100000; i++) {
		time_ms t = (time_ms)next(&seed);
		time_ms step = 1 + (time_ms)(next(&seed) % 100000000);
		time_ms lo = time_floor(t, step), hi = time_ceil(t, step);
		assert_true(lo % step == 0 && hi % step == 0);
		assert_true(lo <= t && t - lo < step);
		assert_true(hi >= t && hi - t < step);
	}
	static const time_ms ends[] = { INT64_MIN, INT64_MIN + 1, INT64_MAX };
	for (size_t i = 0; i < NR(ends); i++) {
		assert_int_equal(time_floor(ends[i], 1000) % 1000, 0);
		assert_int_equal(time_ceil(ends[i], 1000) % 1000, 0);
	}
}

static void a_deadline_reads_as_it_was_set(void **state)
{
	char s[TIME_TEXT];
	(void)state;
	assert_string_equal(time_within(1850, s), "2s");
	assert_string_equal(time_within(2000, s), "2s");
	assert_string_equal(time_within(290, s), "300ms");
	assert_string_equal(time_within(59850, s), "1m");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_deadline_reads_as_it_was_set),
		cmocka_unit_test(times_are_written_in_utc),
		cmocka_unit_test(no_time_of_a_file_is_too_odd_to_write),
		cmocka_unit_test(ages_read_as_people_say_them),
		cmocka_unit_test(a_window_is_written_as_promql_reads_it),
		cmocka_unit_test(a_written_window_reads_back_the_same),
		cmocka_unit_test(durations_of_flags_are_understood),
		cmocka_unit_test(moments_are_understood_in_every_form),
		cmocka_unit_test(a_wrong_moment_says_what_was_expected),
		cmocka_unit_test(a_written_moment_reads_back_the_same),
		cmocka_unit_test(a_broken_clock_of_a_server_ends_nothing),
		cmocka_unit_test(charts_start_on_multiples_of_their_step),
	};
	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
