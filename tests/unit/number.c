#include "base/number.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define NOT_A_NUMBER ((double)NAN)
#define INF ((double)INFINITY)

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Any bits, or a size that people meet, or one at a rounding edge. */
static double any_double(uint64_t *seed)
{
	uint64_t bits = next(seed);
	double v;
	memcpy(&v, &bits, sizeof(v));
	switch (next(seed) % 3) {
	case 0:
		return v;
	case 1:
		return (double)(int64_t)bits * exp2((double)(bits % 100) - 100);
	default:
		v = (double)(int)(bits % 2000) - 1000;
		v = (v + 0.5) * pow(10, (double)(bits >> 32 & 31) - 16);
		return bits & 1 << 20 ? nextafter(v, 0) : v;
	}
}

static bool is_same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static void check_parse(const char *s, double want)
{
	double v = -1;
	if (!number_parse(s, strlen(s), &v) || !is_same(v, want))
		fail_msg("'%s' became %.17g", s, v);
}

static void a_sample_of_the_server_is_read_exactly(void **state)
{
	(void)state;
	check_parse("NaN", NOT_A_NUMBER);
	check_parse("+Inf", INF);
	check_parse("Inf", INF);
	check_parse("-Inf", -INF);
	check_parse("0", 0);
	check_parse("-0", -0.0);
	check_parse("412", 412);
	check_parse("+1.5", 1.5);
	check_parse(".5", 0.5);
	check_parse("5.", 5);
	check_parse("1e+100", 1e100);
	check_parse("1.7976931348623157e+308", 1.7976931348623157e308);
	check_parse("5e-324", 5e-324);
	check_parse("0.1", 0.1);
	check_parse("9007199254740993", 9007199254740992.0);
}

static void what_is_no_sample_is_no_number(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", " ", " 1", "1 ", "1\n", "0x10", "0x1p3", "nan", "NAN",
		"inf", "+inf", "Infinity", "1e", "e5", ".", "-", "+", "--1",
		"1.2.3", "1,5", "1_0", "NaN ", "Infx", "1e5e5", "1-", "i",
	};
	double v;
	for (size_t i = 0; i < NR(bad); i++)
		if (number_parse(bad[i], strlen(bad[i]), &v))
			fail_msg("'%s' was read as %g", bad[i], v);
	assert_false(number_parse("1\0002", 3, &v));
	assert_false(number_parse("1\0", 2, &v));
	assert_false(number_parse("\0", 1, &v));
}

static void only_the_given_bytes_are_read(void **state)
{
	(void)state;
	double v;
	assert_true(number_parse("12345", 2, &v) && v == 12);
	assert_true(number_parse("-Infinity", 4, &v) && v == -INF);
	assert_true(number_parse("1e5", 1, &v) && v == 1);
	assert_false(number_parse("12345", 0, &v));
}

static void a_number_of_any_length_is_read(void **state)
{
	(void)state;
	char s[2000];
	double v, w;
	for (size_t zeros = 0; zeros < 1500; zeros += 37) {
		/* 0.000...01 with the exponent that makes it 1 again */
		memset(s, '0', sizeof(s));
		s[1] = '.';
		s[2 + zeros] = '1';
		size_t n = 3 + zeros;
		n += (size_t)sprintf(s + n, "e+%zu", zeros + 1);
		assert_true(number_parse(s, n, &v) && v == 1);
		assert_true(number_parse_go(s, &w) && w == 1);
		s[n - 1] = 'x';
		assert_false(number_parse(s, n, &v));
		assert_false(number_parse_go(s, &w));
	}
}

static void le_is_read_as_the_server_reads_it(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		double want;
	} good[] = {
		{ "1", 1 }, { "1.0", 1 }, { "+01.50", 1.5 }, { ".5", 0.5 },
		{ "5.", 5 }, { "1e0", 1 }, { "0x1p0", 1 }, { "0X1P+0", 1 },
		{ "1_0", 10 }, { "0x_1p0", 1 }, { "0xa_bp0", 171 },
		{ "1_0.2_5e1_0", 10.25e10 }, { "0x1.8p1", 3 }, { "0x.8p1", 1 },
		{ "-0x1p-1", -0.5 }, { "Inf", INF }, { "+Inf", INF },
		{ "inf", INF }, { "iNfInItY", INF }, { "-Inf", -INF },
		{ "-infinity", -INF }, { "1e-400", 0 }, { "NaN", NOT_A_NUMBER },
		{ "nan", NOT_A_NUMBER }, { "0", 0 }, { "-0", -0.0 },
		{ "0e99999", 0 }, { "1E5", 1e5 },
	};
	static const char *const bad[] = {
		"", "abc", " 2", "2 ", "0x10", "0x", "0xp1", "0x1p", "1e400",
		"-1e400", "2s", "2,5", "10_", "_10", "1__0", "1_.0", "1._0",
		"1_e5", "1e_5", "1e5_", "0x1_p0", "0x1p_0", "0x_", "+_1", "_",
		"-", "+", ".", "e5", "+nan", "-nan", "infi", "infinit", "++1",
		"+-1", "+ 1", "0b1", "0o7", "1p5", "0x1p0 ", "i_nf", "1e", "1e+",
		"nan(1)", "0x1.8", "infinityy",
	};
	double v;
	for (size_t i = 0; i < NR(good); i++)
		if (!number_parse_go(good[i].s, &v) || !is_same(v, good[i].want))
			fail_msg("'%s' became %.17g", good[i].s, v);
	for (size_t i = 0; i < NR(bad); i++)
		if (number_parse_go(bad[i], &v))
			fail_msg("'%s' was read as %.17g", bad[i], v);
}

/* What a row of the group says about one of its bounds: the quantile of the
 * highest rank is the highest bound that was believed. */
static void check_spelling(const cJSON *row)
{
	const cJSON *pair;
	double v, highest = -INF;
	cJSON_ArrayForEach(pair, cJSON_GetObjectItem(row, "buckets")) {
		const char *le =
			cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
		if (number_parse_go(le, &v) && !isinf(v) && v > highest)
			highest = v;
	}
	const cJSON *want = cJSON_GetObjectItem(
		cJSON_GetObjectItem(row, "answers"), "3.14");
	if (cJSON_IsNull(want)) {
		assert_true(isinf(highest));
		return;
	}
	assert_true(number_parse(want->valuestring, strlen(want->valuestring),
				 &v));
	if (!is_same(v, highest))
		fail_msg("%s: %g", cJSON_GetStringValue(
				 cJSON_GetObjectItem(row, "id")), highest);
}

static void bounds_are_spelled_as_servers_accept_them(void **state)
{
	(void)state;
	FILE *f = fopen("tests/data/quantile-oracle/cases.json", "rb");
	assert_non_null(f);
	static char text[1 << 20];
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	cJSON *file = cJSON_ParseWithLength(text, n);
	const cJSON *row;
	int rows = 0;
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(file, "cases")) {
		const char *group = cJSON_GetStringValue(
			cJSON_GetObjectItem(row, "group"));
		const cJSON *q = cJSON_GetObjectItem(row, "q");
		if (strcmp(group, "spelling") != 0
		    || strcmp(q->valuestring, "1") != 0)
			continue;
		check_spelling(row);
		rows++;
	}
	cJSON_Delete(file);
	assert_true(rows >= 18);
}

static void an_exported_number_reads_back_the_same(void **state)
{
	(void)state;
	uint64_t seed = 1;
	char s[NUMBER_TEXT];
	double v;
	for (int i = 0; i < 300000; i++) {
		double x = any_double(&seed);
		number_shortest(x, s);
		assert_true(strlen(s) < 26);
		assert_true(number_parse(s, strlen(s), &v));
		if (!is_same(v, x))
			fail_msg("%.17g became %s", x, s);
	}
}

static void an_exported_number_is_short(void **state)
{
	(void)state;
	char s[NUMBER_TEXT];
	static const struct {
		double v;
		const char *want;
	} rows[] = {
		{ 0.1, "0.1" }, { 0.3, "0.3" }, { 0.1 + 0.2, "0.30000000000000004" },
		{ 412, "412" }, { 1e100, "1e+100" }, { -0.0, "-0" },
		{ 0, "0" }, { INF, "+Inf" }, { -INF, "-Inf" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 9007199254740993.0, "9007199254740992" },
	};
	for (size_t i = 0; i < NR(rows); i++)
		assert_string_equal(number_shortest(rows[i].v, s), rows[i].want);
	assert_string_equal(number_shortest(NOT_A_NUMBER, s), "NaN");
}

struct format_row {
	double v;
	const char *want;
};

static void check_format(char *(*format)(double, char *),
			 const struct format_row *rows, size_t nr)
{
	char s[NUMBER_TEXT];
	for (size_t i = 0; i < nr; i++)
		if (strcmp(format(rows[i].v, s), rows[i].want) != 0)
			fail_msg("%.17g: '%s', not '%s'", rows[i].v, s,
				 rows[i].want);
	assert_string_equal(format(NOT_A_NUMBER, s), "–");
}

static void rates_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0" }, { -0.0, "0" }, { 0.001, "<.01" }, { 0.0049, "<.01" },
		{ 0.005, "0.01" }, { 0.05, "0.05" }, { 1, "1.00" },
		{ 9.99, "9.99" }, { 9.995, "10.0" }, { 96.4, "96.4" },
		{ 99.94, "99.9" }, { 99.96, "100" }, { 412, "412" },
		{ 999.4, "999" }, { 999.5, "1.00k" }, { 3210, "3.21k" },
		{ 3214.9, "3.21k" }, { 99960, "100k" }, { 999499, "999k" },
		{ 999500, "1.00M" }, { 1.2e6, "1.20M" }, { 3.4e9, "3.40G" },
		{ 5.6e12, "5.60T" }, { 1e15, ">999T" }, { 1e300, ">999T" },
		{ INF, "+Inf" }, { -INF, "-Inf" }, { -1.5, "-1.50" },
		{ -412, "-412" }, { -3210, "-3.2k" }, { -32100, "-32k" },
		{ -0.001, ">-.01" }, { -1e300, "<-1P" }, { -999.5, "-1.0k" },
	};
	check_format(format_rate, rows, NR(rows));
}

static void latencies_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0ms" }, { 1e-9, "<1us" }, { 320e-6, "320us" },
		{ 999.4e-6, "999us" }, { 999.6e-6, "1.0ms" }, { 0.006, "6.0ms" },
		{ 0.00994, "9.9ms" }, { 0.00996, "10ms" }, { 0.045, "45ms" },
		{ 0.9994, "999ms" }, { 0.9996, "1.00s" }, { 1.91, "1.91s" },
		{ 12.34, "12.3s" }, { 99.94, "99.9s" }, { 99.96, "1m40s" },
		{ 125, "2m05s" }, { 119.6, "2m00s" }, { 5999, "99m59s" },
		{ 5999.6, "1.7h" }, { 359000, "99.7h" }, { 360000, "4.17d" },
		{ 86400 * 40.0, "40.0d" }, { 86400 * 400.0, "400d" },
		{ 86400 * 1000.0, ">999d" }, { 1e300, ">999d" },
		{ INF, "+Inf" }, { -INF, "-Inf" }, { -1, "<0s" },
	};
	check_format(format_latency, rows, NR(rows));
}

static void percents_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0%" }, { -0.0, "0%" }, { 1e-9, "<.01%" },
		{ 5e-324, "<.01%" }, { 0.00004, "<.01%" }, { 0.00006, "0.01%" },
		{ 0.0191, "1.91%" }, { 0.218, "21.8%" }, { 0.999, "99.9%" },
		{ 0.99999, "99.9%" }, { 1, "100%" }, { 9.99, "999%" },
		{ 10, ">999%" }, { INF, ">999%" }, { -0.0191, "-1.91%" },
		{ -0.5, "-50.0%" }, { -1, "-100%" }, { -1e-9, ">-.01%" },
		{ -20, "<-999%" }, { -INF, "<-999%" },
	};
	check_format(format_percent, rows, NR(rows));
}

static void burns_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0.0x" }, { -0.0, "0.0x" }, { 0.01, "<.1x" },
		{ 0.2, "0.2x" }, { 1, "1.0x" }, { 19.1, "19.1x" },
		{ 999.9, "999.9x" }, { 999.95, ">999x" }, { 1e9, ">999x" },
		{ INF, ">999x" }, { -1, "-1.0x" }, { -0.01, ">-.1x" },
		{ -1e9, "<-99x" },
	};
	check_format(format_burn, rows, NR(rows));
}

static void bytes_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0B" }, { 999, "999B" }, { 1100, "1.1kB" },
		{ 40200, "40.2kB" }, { 3e6, "3.0MB" }, { 999.5, "1.0kB" },
		{ 2e9, "2.0GB" }, { 1e300, ">999TB" }, { INF, ">999TB" },
		{ -1e300, "<0B" },
	};
	check_format(format_bytes, rows, NR(rows));
}

static void bounds_look_like_the_screens(void **state)
{
	(void)state;
	static const struct format_row rows[] = {
		{ 0, "0" }, { 0.75, "750ms" }, { 1, "1s" }, { 2.5, "2.5s" },
		{ 0.3, "300ms" }, { 0.0025, "2.5ms" }, { 0.00025, "250us" },
		{ 0.9996, "0.9996s" }, { 0.0009996, "1ms" }, { 10, "10s" },
		{ 300, "300s" }, { 1024, "1024s" }, { 10000, "10000s" },
		{ 86400, "86400s" }, { INF, "+Inf" }, { -INF, "-Inf" },
		{ -0.5, "-500ms" },
	};
	check_format(format_bound, rows, NR(rows));
	static const struct format_row goals[] = {
		{ 0.999, "99.9%" }, { 0.9995, "99.95%" }, { 0.9, "90%" },
		{ 0.99999999, "99.999999%" }, { 0.995, "99.5%" },
	};
	check_format(format_objective, goals, NR(goals));
}

/* Every cell of a table is right-aligned in a field of this width. */
static void no_number_ever_breaks_its_column(void **state)
{
	(void)state;
	static const struct {
		char *(*format)(double, char *);
		int cells;
	} columns[] = {
		{ format_rate, 5 }, { format_latency, 6 },
		{ format_percent, 6 }, { format_burn, 6 },
		{ format_bytes, 6 },
	};
	uint64_t seed = 2;
	char s[NUMBER_TEXT];
	for (int i = 0; i < 400000; i++) {
		double v = any_double(&seed);
		for (size_t k = 0; k < NR(columns); k++) {
			columns[k].format(v, s);
			int w = text_width(s);
			if (w < 1 || w > columns[k].cells || !text_is_clean(s))
				fail_msg("%.17g: '%s'", v, s);
		}
		format_bound(v, s);
		assert_true(strlen(s) > 0 && strlen(s) < NUMBER_TEXT - 1);
	}
}

/* A locale whose decimal point is a comma, as a file of the C library. */
static void write_locale(const char *dir)
{
	char path[300];
	struct {
		uint32_t magic, strings, offset[6];
		char text[32];
	} file = { 0x20031115u ^ LC_NUMERIC, 6, { 0 }, { 0 } };
	snprintf(path, sizeof(path), "%s/xx", dir);
	mkdir(path, 0700);
	/* point, thousands separator, grouping, both again as wide
	 * characters, and the character set */
	uint32_t base = 32;
	const uint32_t at[6] = { 0, 2, 4, 8, 12, 16 };
	for (int i = 0; i < 6; i++)
		file.offset[i] = base + at[i];
	memcpy(file.text, ",\0.\0\x7f\0\0\0,\0\0\0.\0\0\0UTF-8", 22);
	snprintf(path, sizeof(path), "%s/xx/LC_NUMERIC", dir);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(&file, 1, 32 + 22, f), 54);
	fclose(f);
}

static void a_german_terminal_shows_the_same_numbers(void **state)
{
	(void)state;
	char dir[] = "/tmp/redtop-locale-XXXXXX", path[300], s[NUMBER_TEXT];
	assert_non_null(mkdtemp(dir));
	write_locale(dir);
	setenv("LOCPATH", dir, 1);
	bool set = setlocale(LC_NUMERIC, "xx") != NULL;
	snprintf(path, sizeof(path), "%s/xx/LC_NUMERIC", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/xx", dir);
	rmdir(path);
	rmdir(dir);
	unsetenv("LOCPATH");
	assert_true(set);
	snprintf(s, sizeof(s), "%.1f", 1.5);
	assert_string_equal(s, "1,5");
	assert_string_equal(number_shortest(1.5, s), "1.5");
	assert_string_equal(format_rate(3210, s), "3.21k");
	assert_string_equal(format_latency(1.91, s), "1.91s");
	assert_string_equal(format_percent(0.0191, s), "1.91%");
	assert_string_equal(format_burn(19.1, s), "19.1x");
	assert_string_equal(format_bound(2.5, s), "2.5s");
	assert_string_equal(format_objective(0.999, s), "99.9%");
	check_parse("1.5", 1.5);
	double v;
	assert_false(number_parse("1,5", 3, &v));
	assert_true(number_parse_go("2.5", &v) && v == 2.5);
	assert_false(number_parse_go("2,5", &v));
	uint64_t seed = 3;
	for (int i = 0; i < 20000; i++) {
		double x = any_double(&seed);
		number_shortest(x, s);
		assert_true(number_parse(s, strlen(s), &v) && is_same(v, x));
	}
	snprintf(s, sizeof(s), "%.1f", 1.5);
	assert_string_equal(s, "1,5");
	setlocale(LC_NUMERIC, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_of_the_server_is_read_exactly),
		cmocka_unit_test(what_is_no_sample_is_no_number),
		cmocka_unit_test(only_the_given_bytes_are_read),
		cmocka_unit_test(a_number_of_any_length_is_read),
		cmocka_unit_test(le_is_read_as_the_server_reads_it),
		cmocka_unit_test(bounds_are_spelled_as_servers_accept_them),
		cmocka_unit_test(an_exported_number_reads_back_the_same),
		cmocka_unit_test(an_exported_number_is_short),
		cmocka_unit_test(rates_look_like_the_screens),
		cmocka_unit_test(latencies_look_like_the_screens),
		cmocka_unit_test(percents_look_like_the_screens),
		cmocka_unit_test(burns_look_like_the_screens),
		cmocka_unit_test(bytes_look_like_the_screens),
		cmocka_unit_test(bounds_look_like_the_screens),
		cmocka_unit_test(no_number_ever_breaks_its_column),
		cmocka_unit_test(a_german_terminal_shows_the_same_numbers),
	};
	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
