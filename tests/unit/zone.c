#include "base/zone.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- files made here: what a machine has installed decides nothing ------ */

struct file {
	unsigned char b[512];
	size_t n;
};

static void bytes(struct file *f, const void *p, size_t n)
{
	assert_true(f->n + n <= sizeof(f->b));
	memcpy(f->b + f->n, p, n);
	f->n += n;
}

static void big(struct file *f, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		unsigned char one = (unsigned char)((uint64_t)v >> (8 * i));
		bytes(f, &one, 1);
	}
}

static void header(struct file *f, int64_t times, int64_t types)
{
	bytes(f, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
	big(f, 0, 4);
	big(f, 0, 4);
	big(f, 0, 4);
	big(f, times, 4);
	big(f, types, 4);
	big(f, 4, 4);
}

static void type(struct file *f, int32_t offset, bool daylight)
{
	big(f, offset, 4);
	bytes(f, daylight ? "\1\0" : "\0\0", 2);
}

/* Two changes, an hour each way, then the rule. */
static struct file made(const char *footer)
{
	struct file f = { 0 };
	header(&f, 0, 1);
	type(&f, 0, false);
	bytes(&f, "LMT", 4);
	header(&f, 2, 2);
	big(&f, 1000000, 8);
	big(&f, 2000000, 8);
	bytes(&f, "\1\0", 2);
	type(&f, 3600, false);
	type(&f, 7200, true);
	bytes(&f, "LMT", 4);
	bytes(&f, "\n", 1);
	bytes(&f, footer, strlen(footer));
	bytes(&f, "\n", 1);
	return f;
}

static int read_made(struct zone *z, const char *footer)
{
	struct file f = made(footer);
	return zone_read(z, f.b, f.n, "made", NULL);
}

#define UTC(days, hour) ((int64_t)(days) * 86400 + (hour) * 3600)
#define JAN_2027 20819 /* days since 1970 */

static void a_day_begins_an_hour_off_around_a_change(void **state)
{
	(void)state;
	struct zone z;
	assert_int_equal(read_made(&z, "CET-1CEST,M3.5.0,M10.5.0/3"), 0);
	assert_int_equal(zone_offset(&z, 999999), 3600);
	assert_int_equal(zone_offset(&z, 1000000), 7200);
	assert_int_equal(zone_offset(&z, 1999999), 7200);
	assert_int_equal(zone_offset(&z, 2000000), 3600);
	zone_release(&z);
}

static void clocks_of_later_years_never_change(void **state)
{
	(void)state;
	struct zone z;
	assert_int_equal(read_made(&z, "CET-1CEST,M3.5.0,M10.5.0/3"), 0);
	/* 28 March and 31 October 2027, both at 01:00 UTC. */
	int64_t march = UTC(JAN_2027 + 86, 1), october = UTC(JAN_2027 + 303, 1);
	assert_int_equal(zone_offset(&z, march - 1), 3600);
	assert_int_equal(zone_offset(&z, march), 7200);
	assert_int_equal(zone_offset(&z, october - 1), 7200);
	assert_int_equal(zone_offset(&z, october), 3600);
	/* Never shown, and shown twice. */
	assert_int_equal(zone_moment(&z, march + 3600 + 1800), march + 1800);
	assert_int_equal(zone_moment(&z, october + 3600 + 1800),
			 october - 1800);
	zone_release(&z);
}

static void a_rule_that_is_written_otherwise_is_misread(void **state)
{
	(void)state;
	static const struct {
		const char *rule;
		int day, hour;   /* of 2027, UTC: when it changes */
		int32_t before, after;
	} rows[] = {
		{ "EST5EDT,M3.2.0,M11.1.0", 72, 7, -18000, -14400 },
		{ "EST5EDT,M3.2.0,M11.1.0", 310, 6, -14400, -18000 },
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 92, 14, 46800, 43200 },
		{ "NZST-12NZDT,M9.5.0,M4.1.0/3", 267, 14, 43200, 46800 },
		/* Daylight saving that is behind, in winter. */
		{ "IST-1GMT0,M10.5.0,M3.5.0/1", 86, 1, 0, 3600 },
		{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 86, 1, -7200, -3600 },
		{ "IST-2IDT,M3.4.4/26,M10.5.0", 84, 0, 7200, 10800 },
		{ "<+0330>-3:30<+0430>,J79/24,J263/24", 78, 20, 12600, 12600 },
		{ "<+0330>-3:30<+0430>,J79/24,J263/24", 79, 0, 16200, 16200 },
		{ "AAA0BBB,59/0,200/0", 59, 0, 0, 3600 },
		{ "AAA0BBB,J60/0,J200/0", 59, 0, 0, 3600 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct zone z;
		int64_t at = UTC(JAN_2027 + rows[i].day, rows[i].hour);
		assert_int_equal(read_made(&z, rows[i].rule), 0);
		assert_int_equal(zone_offset(&z, at - 1), rows[i].before);
		assert_int_equal(zone_offset(&z, at), rows[i].after);
		zone_release(&z);
	}
	/* J60 is 1 March also where there is a 29 February. */
	struct zone z;
	int64_t march_2028 = UTC(JAN_2027 + 365 + 60, 0);
	assert_int_equal(read_made(&z, "AAA0BBB,J60/0,J200/0"), 0);
	assert_int_equal(zone_offset(&z, march_2028 - 1), 0);
	assert_int_equal(zone_offset(&z, march_2028), 3600);
	zone_release(&z);
	assert_int_equal(read_made(&z, "CET-1"), 0);
	assert_int_equal(zone_offset(&z, march_2028), 3600);
	zone_release(&z);
}

static void a_broken_rule_is_believed(void **state)
{
	(void)state;
	static const char *const rules[] = {
		"CET", "-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,,",
		"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0",
		"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/168",
		"CET-1CEST,J0,J300", "CET-1CEST,366,1", "CET-99", "<CET-1",
		"CET-1CEST,M3.5.0,M10.5.0x", "CET-99999999999999999999",
	};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct zone z;
		assert_int_equal(read_made(&z, rules[i]), -1);
		zone_release(&z);
	}
}

static void a_damaged_file_ends_the_program(void **state)
{
	(void)state;
	struct file whole = made("CET-1CEST,M3.5.0,M10.5.0/3");
	struct err e;
	struct zone z;
	for (size_t n = 0; n < whole.n; n++) {
		/* Of its own size, so that a sanitizer sees one byte more. */
		unsigned char *part = malloc(n + 1);
		memcpy(part, whole.b, n);
		assert_int_equal(zone_read(&z, part, n, "made", &e), -1);
		assert_int_equal(e.code, EXIT_FILE);
		assert_non_null(strstr(e.text, "'made'"));
		zone_release(&z);
		free(part);
	}
	for (size_t i = 0; i < whole.n * 8; i++) {
		struct file f = whole;
		f.b[i / 8] ^= (unsigned char)(1u << i % 8);
		if (zone_read(&z, f.b, f.n, "made", &e) == 0)
			zone_offset(&z, zone_moment(&z, UTC(JAN_2027, 0)));
		zone_release(&z);
	}
	unsigned char *huge = calloc(1, LIMIT_ZONE + 1);
	memcpy(huge, whole.b, whole.n);
	assert_int_equal(zone_read(&z, huge, LIMIT_ZONE + 1, "made", &e), -1);
	zone_release(&z);
	assert_int_equal(zone_read(&z, huge, LIMIT_ZONE, "made", &e), 0);
	zone_release(&z);
	free(huge);
}

static void a_name_reads_a_file_somewhere_else(void **state)
{
	(void)state;
	static const char *const names[] = {
		"../passwd", "Europe/../../passwd", "/etc/passwd", "Europe/",
		"Europe//Berlin", ".", "..", "Europe/.hidden", "Eu rope",
		"Europe\\Berlin", "-x", "zone\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct zone z;
	struct err e;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(zone_load(&z, NULL, names[i], &e), -1);
		assert_non_null(strstr(e.text, "no name of a time zone"));
		zone_release(&z);
	}
}

static void a_zone_that_is_not_there_is_taken_for_utc(void **state)
{
	(void)state;
	char dir[] = "/tmp/redtop-zone-XXXXXX", path[64];
	struct zone z;
	struct err e;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(zone_load(&z, dir, "Made_Up-1", &e), -1);
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "'Made_Up-1' is not known here"));
	zone_release(&z);

	struct file whole = made("CET-1CEST,M3.5.0,M10.5.0/3");
	snprintf(path, sizeof(path), "%s/Made_Up-1", dir);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(whole.b, 1, whole.n, f), whole.n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(zone_load(&z, dir, "Made_Up-1", &e), 0);
	assert_int_equal(zone_offset(&z, 1000000), 7200);
	zone_release(&z);
	unlink(path);
	/* UTC asks no directory. */
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(zone_load(&z, dir, NULL, &e), 0);
	zone_release(&z);
	assert_int_equal(zone_load(&z, dir, "UTC", &e), 0);
	assert_int_equal(zone_offset(&z, 1000000), 0);
	zone_release(&z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_begins_an_hour_off_around_a_change),
		cmocka_unit_test(clocks_of_later_years_never_change),
		cmocka_unit_test(a_rule_that_is_written_otherwise_is_misread),
		cmocka_unit_test(a_broken_rule_is_believed),
		cmocka_unit_test(a_damaged_file_ends_the_program),
		cmocka_unit_test(a_name_reads_a_file_somewhere_else),
		cmocka_unit_test(a_zone_that_is_not_there_is_taken_for_utc),
	};
	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
