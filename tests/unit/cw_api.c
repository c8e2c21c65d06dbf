/* CloudWatch's wire: requests written, answers and errors read. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define T0 INT64_C(1765977780000) /* 2025-12-17T13:23:00Z */

/* Seconds of the processor that a large answer may take, also under a
 * sanitizer; without one it is a tenth of a second. */
#define LARGE_SECONDS 3.0

/* Exactly these bytes: a sanitizer sees one read too many. */
static char *tight(const char *s, size_t n)
{
	char *own = mem_alloc(n);
	memcpy(own, s, n);
	return own;
}

static double seconds_since(clock_t start)
{
	return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* ---- GetMetricData: helpers --------------------------------------------- */

static const char *status_name(enum cw_status s)
{
	static const char *const names[] = { [CW_COMPLETE] = "complete",
					     [CW_PARTIAL] = "partial",
					     [CW_INTERNAL] = "internal",
					     [CW_FORBIDDEN] = "forbidden" };
	return names[s];
}

static void print_messages(const struct cw_message *m, size_t nr,
			   struct buf *out)
{
	for (size_t i = 0; i < nr; i++)
		buf_printf(out, " <%s: %s>", m[i].code, m[i].text);
}

/* "m0 'label' complete 0=1.5 60=2 <Code: text>": seconds after T0. */
static void print_data(const struct cw_data *d, struct buf *out)
{
	char v[NUMBER_TEXT], at[NUMBER_TEXT];
	buf_clear(out);
	for (size_t i = 0; i < d->nr; i++) {
		const struct cw_result *r = &d->result[i];
		buf_printf(out, "m%zu '%s' %s", r->query, r->label,
			   status_name(r->status));
		for (size_t k = 0; k < r->nr; k++)
			buf_printf(out, " %s=%s",
				   number_shortest((double)(r->t[k] - T0)
						   / 1000, at),
				   number_shortest(r->v[k], v));
		print_messages(r->message, r->nr_messages, out);
		buf_char(out, '\n');
	}
	buf_printf(out, "%zu points, %zu dropped, next %s", d->points,
		   d->dropped, d->token ? d->token : "none");
	print_messages(d->message, d->nr_messages, out);
}

static int read_data(struct cw_data *d, const char *s, size_t n,
		     struct err *e)
{
	char *own = tight(s, n);
	int rc = cw_data_read(d, own, n, e);
	free(own);
	return rc;
}

static void must_read(struct cw_data *d, const char *page)
{
	struct err e = { 0 };
	if (read_data(d, page, strlen(page), &e) < 0)
		fail_msg("%s: %s", page, e.text);
}

static void expect_data(const struct cw_data *d, const char *expected)
{
	struct buf out;
	buf_init(&out, 0);
	print_data(d, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void expect_page(const char *page, const char *expected)
{
	struct cw_data d;
	cw_data_init(&d, 3);
	must_read(&d, page);
	expect_data(&d, expected);
	cw_data_release(&d);
}

#define RESULTS(x) "{\"MetricDataResults\":[" x "]}"
#define PAGE(x, next) "{\"MetricDataResults\":[" x "],\"NextToken\":\"" next \
	"\"}"
#define M0(t, v) "{\"Id\":\"m0\",\"Label\":\"a\",\"Timestamps\":[" t \
	"],\"Values\":[" v "],\"StatusCode\":\"Complete\"}"

/* The result of one page is not what was held and the page together. */
static void expect_refused(struct cw_data *d, const char *s, size_t n,
			   const char *why)
{
	struct buf before, after;
	struct err e = { 0 };
	buf_init(&before, 0);
	buf_init(&after, 0);
	print_data(d, &before);
	assert_int_equal(read_data(d, s, n, &e), -1);
	print_data(d, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	assert_int_equal(e.code, EXIT_UNREACHABLE);
	assert_true(text_is_clean(e.text) && *e.text);
	if (why && !strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
	buf_release(&before);
	buf_release(&after);
}

/* ---- GetMetricData: one page -------------------------------------------- */

static void a_point_lands_at_another_time(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		time_ms t; /* TIME_NONE: dropped */
	} rows[] = {
		{ "1.76597778E9", T0 },
		{ "1.76597778e+09", T0 },
		{ "1765977780", T0 },
		{ "1765977780.0", T0 },
		{ "1765977780.5", T0 + 500 },
		{ "1.765977780123E9", T0 + 123 },
		{ "1765977780.9996", T0 + 1000 },
		{ "17659777800000e-4", T0 },
		{ "0", 0 },
		{ "253402300799", INT64_C(253402300799000) },
		{ "253402300800", TIME_NONE },
		{ "-1", TIME_NONE },
		{ "1e999", TIME_NONE },
		{ "1e300", TIME_NONE },
		{ "-1e999", TIME_NONE },
		{ "null", TIME_NONE },
		{ "true", TIME_NONE },
		{ "[1765977780]", TIME_NONE },
		{ "{\"t\":[1765977780,{}]}", TIME_NONE },
		{ "\"2025-12-17T13:23:00Z\"", T0 },
		{ "\"2025-12-17T13:23:00.25Z\"", T0 + 250 },
		{ "\"2025-12-17T14:23:00+01:00\"", T0 },
		{ "\"1969-12-31T23:59:59Z\"", TIME_NONE },
		{ "\"1765977780\"", TIME_NONE },
		{ "\"now\"", TIME_NONE },
		{ "\"\"", TIME_NONE },
		{ "\"2025-12-17T13:23:00Z\\u0000\"", TIME_NONE },
		{ "\"2025-12-17T13:23:00Z and thirty more characters\"",
		  TIME_NONE },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cw_data d;
		char page[300];
		bool any = rows[i].t != TIME_NONE;
		snprintf(page, sizeof(page),
			 RESULTS(M0("253402300700,%s", "1,2")), rows[i].text);
		cw_data_init(&d, 1);
		must_read(&d, page);
		assert_int_equal(d.points, any ? 2 : 1);
		assert_int_equal(d.dropped, any ? 0 : 1);
		size_t at = any && rows[i].t > INT64_C(253402300700000);
		if (any && (d.result[0].t[at] != rows[i].t
			    || d.result[0].v[at] != 2))
			fail_msg("%s is %" PRId64, rows[i].text,
				 d.result[0].t[at]);
		cw_data_release(&d);
	}
}

static void a_value_that_is_none_is_drawn(void **state)
{
	(void)state;
	expect_page(RESULTS(M0("1765977780,1765977840,1765977900,1765977960,"
			       "1765978020,1765978080,1765978140",
			       "\"NaN\",1e999,null,-1e999,\"7\",[7],"
			       "0.30000000000000004")),
		    "m0 'a' complete 360=0.30000000000000004\n"
		    "1 points, 6 dropped, next none");
	expect_page(RESULTS(M0("1765977780,1765977840", "-0.0,5e-324")),
		    "m0 'a' complete 0=-0 60=4.94065645841247e-324\n"
		    "2 points, 0 dropped, next none");
}

static const char *const members[] = {
	"\"Id\":\"m1\"", "\"Label\":\"x\"", "\"StatusCode\":\"Forbidden\"",
	"\"Timestamps\":[1765977780,1765977840]", "\"Values\":[1,2]",
	"\"Messages\":[{\"Value\":\"v\",\"Code\":\"c\"}]",
};

/* The nth order of them. */
static void put_members(struct buf *out, unsigned nth)
{
	bool used[ARRAY_SIZE(members)] = { false };
	buf_clear(out);
	buf_str(out, "{\"MetricDataResults\":[{");
	for (size_t left = ARRAY_SIZE(members); left; left--) {
		unsigned skip = nth % (unsigned)left;
		size_t i = 0;
		nth /= (unsigned)left;
		for (; used[i] || skip; i++)
			skip -= !used[i];
		used[i] = true;
		buf_printf(out, "%s%s", members[i], left > 1 ? "," : "");
	}
	buf_str(out, "}]}");
}

static void members_in_another_order_are_lost(void **state)
{
	(void)state;
	struct buf page;
	buf_init(&page, 0);
	for (unsigned nth = 0; nth < 720; nth++) {
		put_members(&page, nth);
		expect_page(buf_text(&page),
			    "m1 'x' forbidden 0=1 60=2 <c: v>\n"
			    "2 points, 0 dropped, next none");
	}
	buf_release(&page);
	expect_page("{\"Messages\":[{\"Code\":\"c\",\"Value\":\"v\"}],"
		    "\"NextToken\":\"n\",\"MetricDataResults\":[]}",
		    "0 points, 0 dropped, next n <c: v>");
}

static void a_member_left_out_spoils_the_others(void **state)
{
	(void)state;
	expect_page(RESULTS("{\"Id\":\"m0\"}"),
		    "m0 '' complete\n0 points, 0 dropped, next none");
	expect_page(RESULTS("{\"Id\":\"m0\",\"Label\":null,\"StatusCode\":null,"
			    "\"Timestamps\":null,\"Values\":null,"
			    "\"Messages\":null}"),
		    "m0 '' complete\n0 points, 0 dropped, next none");
	expect_page(RESULTS("{\"Id\":\"m0\",\"Timestamps\":{\"a\":[1]},"
			    "\"Values\":7,\"Messages\":\"x\",\"Label\":[],"
			    "\"StatusCode\":{}}"),
		    "m0 '' complete\n0 points, 0 dropped, next none");
	expect_page("{\"MetricDataResults\":[],\"NextToken\":null,"
		    "\"Messages\":null}",
		    "0 points, 0 dropped, next none");
	expect_page("{\"MetricDataResults\":[],\"NextToken\":\"\"}",
		    "0 points, 0 dropped, next none");
	/* What the service says where there is no data. */
	expect_page(RESULTS(M0("", "")),
		    "m0 'a' complete\n0 points, 0 dropped, next none");
}

static void an_unknown_member_hides_known_ones(void **state)
{
	(void)state;
	static const char *const values[] = {
		"null", "true", "-1.5e3", "\"}],\\\"Values\\\":[9]\"", "{}",
		"[]", "{\"Id\":\"m2\",\"Values\":[9,{\"Id\":[]}]}",
		"[[[{\"a\":[]}],\"]\"],{}]", "[{\"Timestamps\":[1]}]",
	};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char page[600];
		snprintf(page, sizeof(page),
			 "{\"New\":%s,\"MetricDataResults\":[{\"New\":%s,"
			 "\"Id\":\"m0\",\"New\":%s,\"Timestamps\":[1765977780],"
			 "\"New\":%s,\"Values\":[3],\"New\":%s}],\"New\":%s}",
			 values[i], values[i], values[i], values[i], values[i],
			 values[i]);
		expect_page(page, "m0 '' complete 0=3\n"
			    "1 points, 0 dropped, next none");
	}
}

static void a_member_that_comes_twice_counts_twice(void **state)
{
	(void)state;
	expect_page(RESULTS("{\"Id\":\"m1\",\"Id\":\"m0\",\"Values\":[1,2],"
			    "\"Values\":[5],\"Timestamps\":[1,2,3],"
			    "\"Timestamps\":[1765977780],\"Label\":\"a\","
			    "\"Label\":\"b\"}"),
		    "m0 'b' complete 0=5\n1 points, 0 dropped, next none");
	expect_page("{\"MetricDataResults\":[],\"NextToken\":\"a\","
		    "\"NextToken\":\"b\"}", "0 points, 0 dropped, next b");
}

static void the_past_stands_before_the_present(void **state)
{
	(void)state;
	expect_page(RESULTS(M0("1765977900,1765977840,1765977780", "3,2,1")),
		    "m0 'a' complete 0=1 60=2 120=3\n"
		    "3 points, 0 dropped, next none");
	expect_page(RESULTS(M0("1765977840,1765977900,1765977780", "2,3,1")),
		    "m0 'a' complete 0=1 60=2 120=3\n"
		    "3 points, 0 dropped, next none");
}

static void unpaired_points_are_paired_wrongly(void **state)
{
	(void)state;
	expect_page(RESULTS(M0("1765977780,1765977840", "1,2,3,4")),
		    "m0 'a' complete 0=1 60=2\n2 points, 2 dropped, next none");
	expect_page(RESULTS(M0("1765977780,1765977840,1765977900", "1")),
		    "m0 'a' complete 0=1\n1 points, 2 dropped, next none");
	expect_page(RESULTS("{\"Id\":\"m0\",\"Values\":[1,2]}"),
		    "m0 '' complete\n0 points, 2 dropped, next none");
	/* What is none keeps its place. */
	expect_page(RESULTS(M0("1765977780,null,1765977900", "1,2,\"x\"")),
		    "m0 'a' complete 0=1\n1 points, 2 dropped, next none");
}

static void a_foreign_result_is_taken_for_ours(void **state)
{
	(void)state;
	static const char *const ids[] = {
		"\"m3\"", "\"m\"", "\"\"", "\"M0\"", "\"m00\"", "\"m01\"",
		"\"m0x\"", "\"m-1\"", "\"m+1\"", "\"m 1\"", "\"e1\"", "\"x0\"",
		"\"m18446744073709551616\"", "\"m0\\u0000\"", "0", "null",
		"[\"m0\"]", "{\"m0\":0}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char page[300];
		snprintf(page, sizeof(page),
			 RESULTS("{\"Id\":%s,\"Timestamps\":[1765977780],"
				 "\"Values\":[1]}"), ids[i]);
		expect_page(page, "0 points, 1 dropped, next none");
	}
	expect_page(RESULTS("{\"Timestamps\":[1765977780],\"Values\":[1]},7,"
			    "null,[{\"Id\":\"m0\"}],\"m0\",{}"),
		    "0 points, 6 dropped, next none");
	expect_page(RESULTS("{\"Id\":\"\\u006d2\"}"),
		    "m2 '' complete\n0 points, 0 dropped, next none");
}

static void a_time_that_comes_twice_keeps_its_first_value(void **state)
{
	(void)state;
	expect_page(RESULTS(M0("1765977780,1765977780,1765977780", "1,2,3")),
		    "m0 'a' complete 0=3\n1 points, 2 dropped, next none");
	expect_page(RESULTS(M0("1765977840,1765977780,1765977840", "1,2,3")),
		    "m0 'a' complete 0=2 60=3\n"
		    "2 points, 1 dropped, next none");
}

static void a_status_is_misread(void **state)
{
	(void)state;
	static const struct {
		const char *word, *status;
	} rows[] = {
		{ "Complete", "complete" }, { "PartialData", "partial" },
		{ "InternalError", "internal" }, { "Forbidden", "forbidden" },
		/* No promise that all is there. */
		{ "Throttled", "partial" }, { "complete", "partial" },
		{ "", "partial" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char page[200], expected[200];
		snprintf(page, sizeof(page),
			 RESULTS("{\"Id\":\"m0\",\"StatusCode\":\"%s\"}"),
			 rows[i].word);
		snprintf(expected, sizeof(expected),
			 "m0 '' %s\n0 points, 0 dropped, next none",
			 rows[i].status);
		expect_page(page, expected);
	}
}

static void a_message_is_lost_or_breaks_the_terminal(void **state)
{
	(void)state;
	expect_page("{\"MetricDataResults\":[{\"Id\":\"m0\",\"Label\":"
		    "\"\\u001b[2J\\u202ex\",\"Messages\":[{\"Code\":"
		    "\"MultipleUnits\",\"Value\":\"Multiple units returned: "
		    "'[Milliseconds, Seconds]'\"},{\"Code\":\"\\u0007b\"},"
		    "{},7,{\"Value\":\"\\u009b31m\"},{\"Code\":\"\\u0007b\"}]}"
		    "],\"Messages\":[{\"Code\":\"c\",\"Value\":[]}]}",
		    "m0 '\\x1b[2J\\u{202e}x' complete"
		    " <MultipleUnits: Multiple units returned:"
		    " '[Milliseconds, Seconds]'> <\\x07b: > <: \\x9b31m>\n"
		    "0 points, 0 dropped, next none <c: >");
}

static void messages_without_end_fill_the_memory(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	for (int i = 0; i < 50; i++) {
		buf_clear(&page);
		buf_printf(&page, "{\"MetricDataResults\":[{\"Id\":\"m0\","
			   "\"Messages\":[{\"Code\":\"same\"},{\"Code\":"
			   "\"r%d\",\"Value\":\"%01000d\"}]}],\"Messages\":[",
			   i, i);
		for (int k = 0; k < 50; k++)
			buf_printf(&page, "{\"Code\":\"a%d\"},", i * 50 + k);
		buf_str(&page, "{\"Code\":\"same\"}]}");
		must_read(&d, buf_text(&page));
	}
	assert_int_equal(d.nr, 1);
	assert_int_equal(d.nr_messages, LIMIT_WARNINGS);
	assert_int_equal(d.result[0].nr_messages, LIMIT_WARNINGS);
	assert_string_equal(d.result[0].message[0].code, "same");
	assert_string_equal(d.result[0].message[1].code, "r0");
	assert_int_equal(strlen(d.result[0].message[1].text), LIMIT_SENTENCE);
	buf_release(&page);
	cw_data_release(&d);
}

static void a_name_without_end_fills_the_memory(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	buf_str(&page, "{\"MetricDataResults\":[{\"Id\":\"m0\",\"Label\":\"");
	for (int i = 0; i < 100000; i++)
		buf_str(&page, i % 100 ? "x" : "\xc3\xa9");
	buf_str(&page, "\"}]}");
	must_read(&d, buf_text(&page));
	assert_int_equal(strlen(d.result[0].label), LIMIT_LABEL_VALUE);
	assert_true(text_is_clean(d.result[0].label));
	buf_release(&page);
	cw_data_release(&d);
}

/* ---- GetMetricData: pages ----------------------------------------------- */

static void a_second_page_replaces_the_first(void **state)
{
	(void)state;
	struct cw_data d;
	cw_data_init(&d, 3);
	must_read(&d, PAGE("{\"Id\":\"m0\",\"Label\":\"a\",\"Timestamps\":"
			   "[1765977780],\"Values\":[1],\"StatusCode\":"
			   "\"PartialData\"}", "one"));
	expect_data(&d, "m0 'a' partial 0=1\n1 points, 0 dropped, next one");
	must_read(&d, PAGE(M0("1765977840,1765977900", "2,3")
			   ",{\"Id\":\"m2\",\"Label\":\"c\",\"Timestamps\":"
			   "[1765977780],\"Values\":[7]}", "two"));
	must_read(&d, RESULTS("{\"Id\":\"m1\",\"Label\":\"b\"},"
			      "{\"Id\":\"m2\",\"Label\":\"c\",\"Timestamps\":"
			      "[1765977840],\"Values\":[8]}"));
	expect_data(&d, "m0 'a' complete 0=1 60=2 120=3\nm1 'b' complete\n"
		    "m2 'c' complete 0=7 60=8\n5 points, 0 dropped, next none");
	cw_data_release(&d);
}

static void series_of_one_id_are_mixed_up(void **state)
{
	(void)state;
	struct cw_data d;
	cw_data_init(&d, 2);
	must_read(&d, RESULTS("{\"Id\":\"m1\",\"Label\":\"b\",\"Timestamps\":"
			      "[1765977780],\"Values\":[1]},"
			      "{\"Id\":\"m1\",\"Label\":\"a\",\"Timestamps\":"
			      "[1765977780],\"Values\":[2]},"
			      "{\"Id\":\"m0\",\"Label\":\"b\",\"Timestamps\":"
			      "[1765977780],\"Values\":[3]},"
			      "{\"Id\":\"m1\",\"Label\":\"b\",\"Timestamps\":"
			      "[1765977840],\"Values\":[4]}"));
	must_read(&d, RESULTS("{\"Id\":\"m1\",\"Label\":\"a\",\"Timestamps\":"
			      "[1765977840],\"Values\":[5]},"
			      "{\"Id\":\"m0\",\"Label\":\"a\",\"Timestamps\":"
			      "[1765977780],\"Values\":[6]},"
			      "{\"Id\":\"m1\",\"Label\":\"\",\"Timestamps\":"
			      "[1765977780],\"Values\":[7]}"));
	expect_data(&d, "m0 'a' complete 0=6\nm0 'b' complete 0=3\n"
		    "m1 '' complete 0=7\nm1 'a' complete 0=2 60=5\n"
		    "m1 'b' complete 0=1 60=4\n7 points, 0 dropped, next none");
	cw_data_release(&d);
}

static void pages_that_overlap_count_points_twice(void **state)
{
	(void)state;
	struct cw_data d;
	cw_data_init(&d, 1);
	must_read(&d, RESULTS(M0("1765977780,1765977840,1765977960",
				 "1,2,4")));
	must_read(&d, RESULTS(M0("1765977840,1765977900,1765978020",
				 "20,3,5")));
	expect_data(&d, "m0 'a' complete 0=1 60=20 120=3 180=4 240=5\n"
		    "5 points, 1 dropped, next none");
	must_read(&d, RESULTS(M0("1765977720", "0")));
	must_read(&d, RESULTS(M0("1765977720,1765977780", "9,10")));
	expect_data(&d, "m0 'a' complete -60=9 0=10 60=20 120=3 180=4 240=5\n"
		    "6 points, 3 dropped, next none");
	must_read(&d, RESULTS(M0("", "")));
	expect_data(&d, "m0 'a' complete -60=9 0=10 60=20 120=3 180=4 240=5\n"
		    "6 points, 3 dropped, next none");
	cw_data_release(&d);
}

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* What all pieces say, in a plain list. */
enum { MINUTES = 40, LABELS = 3, QUERIES = 4 };
struct wanted {
	double v[QUERIES][LABELS][MINUTES];
	bool has[QUERIES][LABELS];
};

/* A result of up to five points in any order, some twice. */
static void draw_piece(struct buf *page, struct wanted *w, uint64_t *seed)
{
	size_t q = draw(seed) % QUERIES, l = draw(seed) % LABELS;
	size_t n = draw(seed) % 6;
	struct buf v;
	buf_init(&v, 0);
	w->has[q][l] = true;
	buf_printf(page, "{\"Id\":\"m%zu\",\"Label\":\"%c\","
		   "\"Timestamps\":[", q, (char)('a' + l));
	for (size_t i = 0; i < n; i++) {
		size_t m = draw(seed) % MINUTES;
		w->v[q][l][m] = (double)draw(seed);
		buf_printf(page, "%s%zu", i ? "," : "", m * 60);
		buf_printf(&v, "%s%.17g", i ? "," : "", w->v[q][l][m]);
	}
	buf_printf(page, "],\"Values\":[%s]}", buf_text(&v));
	buf_release(&v);
}

static void expect_points(const struct cw_result *r, const double *wanted)
{
	size_t n = 0;
	for (size_t m = 0; m < MINUTES; m++) {
		if (isnan(wanted[m]))
			continue;
		assert_true(n < r->nr);
		assert_true(r->t[n] == (time_ms)m * 60000);
		assert_true(r->v[n++] == wanted[m]);
	}
	assert_int_equal(n, r->nr);
}

static void expect_wanted(const struct cw_data *d, const struct wanted *w)
{
	size_t at = 0, points = 0;
	for (size_t q = 0; q < QUERIES; q++)
		for (size_t l = 0; l < LABELS; l++) {
			if (!w->has[q][l])
				continue;
			assert_true(at < d->nr);
			const struct cw_result *r = &d->result[at++];
			assert_int_equal(r->query, q);
			assert_int_equal(r->label[0], 'a' + l);
			expect_points(r, w->v[q][l]);
			points += r->nr;
		}
	assert_int_equal(at, d->nr);
	assert_int_equal(points, d->points);
}

static void a_point_gets_lost_between_pages(void **state)
{
	(void)state;
	static struct wanted w;
	uint64_t seed = 7;
	struct buf page;
	buf_init(&page, 0);
	for (int round = 0; round < 300; round++) {
		struct cw_data d;
		cw_data_init(&d, QUERIES);
		w = (struct wanted){ 0 };
		for (size_t i = 0; i < QUERIES * LABELS * MINUTES; i++)
			(&w.v[0][0][0])[i] = NAN;
		for (int k = 0; k < 8; k++) {
			buf_clear(&page);
			buf_str(&page, "{\"MetricDataResults\":[");
			for (size_t n = draw(&seed) % 10; n; n--) {
				draw_piece(&page, &w, &seed);
				buf_str(&page, n > 1 ? "," : "");
			}
			buf_str(&page, "]}");
			must_read(&d, buf_text(&page));
		}
		expect_wanted(&d, &w);
		cw_data_release(&d);
	}
	buf_release(&page);
}

static void a_long_token_is_cut(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 20000,
					LIMIT_TOKEN, LIMIT_TOKEN + 1 };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct cw_data d;
		struct buf page, token;
		cw_data_init(&d, 1);
		buf_init(&page, 0);
		buf_init(&token, 0);
		for (size_t k = 0; k < sizes[i]; k++)
			buf_char(&token, "AZaz09+/="[k * 7 % 9]);
		buf_printf(&page, PAGE(M0("1765977780", "1"), "%s"),
			   buf_text(&token));
		if (sizes[i] > LIMIT_TOKEN) {
			must_read(&d, PAGE("", "before"));
			expect_refused(&d, page.s, page.len, "NextToken");
		} else {
			must_read(&d, buf_text(&page));
			assert_string_equal(d.token, buf_text(&token));
		}
		buf_release(&page);
		buf_release(&token);
		cw_data_release(&d);
	}
}

static void a_token_with_escapes_comes_back_changed(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page, token;
	cw_data_init(&d, 1);
	for (int times = 1; times <= 1500; times += 1499) {
		buf_init(&page, 0);
		buf_init(&token, 0);
		buf_str(&page, "{\"MetricDataResults\":[], \"NextToken\" : \"");
		for (int i = 0; i < times; i++) {
			buf_str(&page, "\\/\\\"\\u00e9+\\ud83d\\ude00");
			buf_str(&token, "/\"\xc3\xa9+\xf0\x9f\x98\x80");
		}
		buf_str(&page, "\" , \"Messages\":[]}");
		must_read(&d, buf_text(&page));
		assert_string_equal(d.token, buf_text(&token));
		buf_release(&page);
		buf_release(&token);
	}
	/* What a C text cannot hold is another token. */
	buf_init(&page, 0);
	buf_str(&page, "{\"MetricDataResults\":[],\"NextToken\":\"a\\u0000b");
	expect_refused(&d, page.s, page.len, "ends in the middle");
	buf_str(&page, "\"}");
	expect_refused(&d, page.s, page.len, "NextToken");
	buf_clear(&page);
	buf_printf(&page, PAGE("", "%06000d\\u0000"), 1);
	expect_refused(&d, page.s, page.len, "NextToken");
	buf_release(&page);
	cw_data_release(&d);
}

/* ---- GetMetricData: what is no answer ----------------------------------- */

static void a_page_that_breaks_off_spoils_what_was_held(void **state)
{
	(void)state;
	static const char page[] = PAGE(
		"{\"Id\":\"m0\",\"Label\":\"a\\u00e9\",\"Timestamps\":"
		"[1.76597784E9,1765977900],\"Values\":[8,9.5e-3],"
		"\"StatusCode\":\"PartialData\",\"Messages\":[{\"Code\":"
		"\"c\\u0020\",\"Value\":\"v\"}]},{\"Id\":\"m7\",\"New\":{}}",
		"second\\u0020");
	struct cw_data d;
	cw_data_init(&d, 1);
	must_read(&d, PAGE(M0("1765977780,1765977840", "1,2"), "first"));
	for (size_t n = 0; n < sizeof(page) - 1; n++)
		expect_refused(&d, page, n,
			       n ? "ends in the middle" : "empty");
	must_read(&d, page);
	assert_string_equal(d.token, "second ");
	cw_data_release(&d);
}

/* One byte of it is another: refused whole, or read. */
static void a_page_with_a_wrong_byte_spoils_what_was_held(void **state)
{
	(void)state;
	static const char page[] = PAGE(
		"{\"Id\":\"m0\",\"Label\":\"a\",\"Timestamps\":[1765977840],"
		"\"Values\":[8],\"Messages\":[{\"C\\u006fde\":\"c\"}]}",
		"second");
	static const char bytes[] = "\0\"\\{}[]:,x9 \x80-";
	struct cw_data d;
	size_t refused = 0;
	for (size_t i = 0; i < sizeof(page) - 1; i++)
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			char text[sizeof(page)];
			struct err e = { 0 };
			memcpy(text, page, sizeof(page));
			text[i] = bytes[k];
			cw_data_init(&d, 1);
			must_read(&d, PAGE(M0("1765977780", "1"), "first"));
			if (read_data(&d, text, sizeof(page) - 1, &e) < 0) {
				refused++;
				expect_data(&d, "m0 'a' complete 0=1\n1 points,"
					    " 0 dropped, next first");
				assert_true(*e.text && text_is_clean(e.text));
			}
			cw_data_release(&d);
		}
	assert_true(refused > 500);
}

static void something_else_is_taken_for_an_answer(void **state)
{
	(void)state;
	static const struct {
		const char *page, *why;
	} rows[] = {
		{ "", "empty" },
		{ " \n", "ends in the middle" },
		{ "<!DOCTYPE html><html>Sign in</html>", "web page" },
		{ "\r\n <?xml version=\"1.0\"?><GetMetricDataResponse/>",
		  "XML" },
		{ "OK", "at byte 0" },
		{ "null", "at byte 0" },
		{ "[]", "no object" },
		{ "[{\"MetricDataResults\":[]}]", "no object" },
		{ "{}", "no MetricDataResults" },
		{ "{\"message\":\"x\"}", "no MetricDataResults" },
		{ "{\"Result\":{\"MetricDataResults\":[]}}",
		  "no MetricDataResults" },
		{ "{\"metricdataresults\":[]}", "no MetricDataResults" },
		{ "{\"MetricDataResults\":null}", "no list" },
		{ "{\"MetricDataResults\":{\"Id\":\"m0\"}}", "no list" },
		{ RESULTS("") "x", "more after the end" },
		{ RESULTS("") "{}", "more after the end" },
		{ RESULTS(M0("1765977780", "NaN")), "a word" },
		{ RESULTS(M0("1765977780", "0x1")), "a comma" },
		{ RESULTS(M0("1765977780", "01")), "a number" },
		{ RESULTS(M0("1765977780", "1,")), "a value is missing" },
		{ "{'MetricDataResults':[]}", "a key is missing" },
	};
	struct cw_data d;
	cw_data_init(&d, 1);
	must_read(&d, PAGE(M0("1765977780", "1"), "first"));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		expect_refused(&d, rows[i].page, strlen(rows[i].page),
			       rows[i].why);
	must_read(&d, " " RESULTS("") "\r\n\t ");
	cw_data_release(&d);
}

#define LOGIN_TITLE "<html><head><title>Sign in - SSO</title></head></html>"
#define LOGIN_FORM "<!DOCTYPE html>\n<form><input type=\"password\"></form>"

static void a_proxy_that_asks_for_a_login_is_a_broken_service(void **state)
{
	(void)state;
	static const char *const pages[] = { LOGIN_TITLE, LOGIN_FORM };
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		struct cw_data d;
		struct cw_metrics m;
		struct cw_alarms a;
		struct err e[3] = { { 0 } };
		size_t n = strlen(pages[i]);
		cw_data_init(&d, 1);
		cw_metrics_init(&m);
		cw_alarms_init(&a);
		assert_int_equal(cw_data_read(&d, pages[i], n, &e[0]), -1);
		assert_int_equal(cw_metrics_read(&m, pages[i], n, &e[1]), -1);
		assert_int_equal(cw_alarms_read(&a, pages[i], n, &e[2]), -1);
		for (size_t k = 0; k < 3; k++) {
			assert_int_equal(e[k].code, EXIT_REFUSED);
			assert_non_null(strstr(e[k].text, "a login page"));
		}
	}
}

/* A text in place and one with escapes: nothing is read of a token that broke
 * after it. */
static void a_broken_text_is_read_where_it_was(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	for (int i = 0; i < 2; i++) {
		buf_clear(&page);
		buf_str(&page, "{\"MetricDataResults\":[],\"Messages\":[{"
			"\"Other\":\"C\\u006fde\",\"");
		for (int k = 0; k < 1000; k++)
			buf_str(&page, "\\u0043ode");
		buf_str(&page, i ? "\\x" : "");
		expect_refused(&d, page.s, page.len,
			       i ? "an escape" : "in the middle");
	}
	buf_release(&page);
	cw_data_release(&d);
}

static void a_deep_answer_ends_the_program(void **state)
{
	(void)state;
	static const char *const places[] = {
		"{\"New\":", "{\"MetricDataResults\":",
		"{\"MetricDataResults\":[{\"Values\":[",
		"{\"MetricDataResults\":[{\"Id\":", "{\"NextToken\":",
	};
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	must_read(&d, PAGE("", "first"));
	for (size_t i = 0; i < ARRAY_SIZE(places) * 2; i++) {
		buf_clear(&page);
		buf_str(&page, places[i / 2]);
		for (int k = 0; k < 200000; k++)
			buf_str(&page, i % 2 ? "{\"a\":" : "[");
		expect_refused(&d, page.s, page.len, "nested too deep");
	}
	buf_release(&page);
	cw_data_release(&d);
}

/* ---- GetMetricData: sizes ----------------------------------------------- */

static void put_points(struct buf *out, size_t from, size_t nr, bool down)
{
	buf_str(out, "\"Timestamps\":[");
	for (size_t i = 0; i < nr; i++)
		buf_printf(out, "%s%zu", i ? "," : "",
			   1765977780 + 60 * (from + (down ? nr - 1 - i : i)));
	buf_str(out, "],\"Values\":[");
	for (size_t i = 0; i < nr; i++)
		buf_printf(out, "%s%zu", i ? "," : "",
			   from + (down ? nr - 1 - i : i));
	buf_char(out, ']');
}

/* 500 results, ten points of each on every one of 200 pages. */
static void read_many_pages(bool down)
{
	enum { PAGES = 200, POINTS = 10 };
	struct cw_data d;
	struct buf page;
	double took = 0;
	cw_data_init(&d, CW_QUERIES_MAX);
	buf_init(&page, 0);
	for (size_t i = 0; i < PAGES; i++) {
		size_t from = (down ? PAGES - 1 - i : i) * POINTS;
		buf_clear(&page);
		buf_str(&page, "{\"MetricDataResults\":[");
		for (size_t q = 0; q < CW_QUERIES_MAX; q++) {
			buf_printf(&page, "%s{\"Id\":\"m%zu\",\"Label\":"
				   "\"RequestCount Sum\",", q ? "," : "", q);
			put_points(&page, from, POINTS, down);
			buf_char(&page, '}');
		}
		buf_str(&page, "]}");
		clock_t start = clock();
		must_read(&d, buf_text(&page));
		took += seconds_since(start);
	}
	assert_int_equal(d.nr, CW_QUERIES_MAX);
	assert_int_equal(d.points, CW_QUERIES_MAX * PAGES * POINTS);
	assert_int_equal(d.dropped, 0);
	for (size_t q = 0; q < d.nr; q++)
		for (size_t i = 0; i < d.result[q].nr; i++)
			assert_true(d.result[q].t[i]
				    == T0 + (time_ms)i * 60000
				    && d.result[q].v[i] == (double)i);
	print_message("  %d pages %s: %.2f s\n", PAGES, down ? "down" : "up",
		      took);
	assert_true(took < LARGE_SECONDS);
	buf_release(&page);
	cw_data_release(&d);
}

static void two_hundred_pages_take_minutes(void **state)
{
	(void)state;
	read_many_pages(false);
	read_many_pages(true);
}

static void put_results(struct buf *out, size_t from, size_t nr)
{
	buf_clear(out);
	buf_str(out, "{\"MetricDataResults\":[");
	for (size_t i = from; i < from + nr; i++)
		buf_printf(out, "%s{\"Id\":\"m0\",\"Label\":\"i-%zu\","
			   "\"Timestamps\":[1765977780],\"Values\":[%zu]}",
			   i > from ? "," : "", i * 7919 % 100003, i);
	buf_str(out, "]}");
}

static void a_search_with_many_results_takes_minutes(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	put_results(&page, 0, LIMIT_ANSWER_SERIES);
	clock_t start = clock();
	must_read(&d, buf_text(&page));
	must_read(&d, buf_text(&page));
	double took = seconds_since(start);
	print_message("  %zu results twice: %.2f s\n", d.nr, took);
	assert_true(took < LARGE_SECONDS);
	assert_int_equal(d.nr, LIMIT_ANSWER_SERIES);
	assert_int_equal(d.points, LIMIT_ANSWER_SERIES);
	for (size_t i = 1; i < d.nr; i++)
		assert_true(strcmp(d.result[i - 1].label, d.result[i].label)
			    < 0);
	/* Others are one too many; those that are held go on. */
	put_results(&page, LIMIT_ANSWER_SERIES - 1, 3);
	must_read(&d, buf_text(&page));
	assert_int_equal(d.nr, LIMIT_ANSWER_SERIES);
	assert_int_equal(d.points, LIMIT_ANSWER_SERIES);
	assert_int_equal(d.dropped, LIMIT_ANSWER_SERIES + 3);
	buf_release(&page);
	cw_data_release(&d);
}

static void points_without_end_fill_the_memory(void **state)
{
	(void)state;
	struct cw_data d;
	struct buf page;
	cw_data_init(&d, 1);
	buf_init(&page, 0);
	size_t held = 0, dropped = 0;
	for (size_t i = 0; held < LIMIT_ANSWER_POINTS; i++) {
		size_t nr = CW_POINTS_MAX + 50;
		buf_clear(&page);
		buf_str(&page, "{\"MetricDataResults\":[{\"Id\":\"m0\",");
		put_points(&page, i * nr, nr, false);
		buf_str(&page, "}]}");
		must_read(&d, buf_text(&page));
		size_t more = LIMIT_ANSWER_POINTS - held;
		more = more < CW_POINTS_MAX ? more : CW_POINTS_MAX;
		held += more;
		dropped += nr - more;
		assert_int_equal(d.points, held);
		assert_int_equal(d.result[0].nr, held);
		assert_int_equal(d.dropped, dropped);
	}
	must_read(&d, RESULTS("{\"Id\":\"m0\",\"Timestamps\":[1],"
			      "\"Values\":[1]}"));
	assert_int_equal(d.points, LIMIT_ANSWER_POINTS);
	assert_int_equal(d.dropped, dropped + 1);
	buf_release(&page);
	cw_data_release(&d);
}

/* ---- ListMetrics -------------------------------------------------------- */

/* "AWS/Lambda Errors FunctionName=a Resource=b", a line each. */
static void print_metrics(const struct cw_metrics *m, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < m->nr; i++) {
		const struct cw_metric *x = &m->metric[i];
		buf_printf(out, "%s %s", x->space, x->name);
		for (size_t k = 0; k < x->nr; k++)
			buf_printf(out, " %s=%s", x->dim[k].name,
				   x->dim[k].value);
		buf_char(out, '\n');
	}
	buf_printf(out, "%zu dropped, next %s", m->dropped,
		   m->token ? m->token : "none");
}

static int read_metrics(struct cw_metrics *m, const char *s, size_t n,
			struct err *e)
{
	char *own = tight(s, n);
	int rc = cw_metrics_read(m, own, n, e);
	free(own);
	return rc;
}

static void must_read_metrics(struct cw_metrics *m, const char *page)
{
	struct err e = { 0 };
	if (read_metrics(m, page, strlen(page), &e) < 0)
		fail_msg("%s: %s", page, e.text);
}

static void expect_metrics(const struct cw_metrics *m, const char *expected)
{
	struct buf out;
	buf_init(&out, 0);
	print_metrics(m, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void expect_list(const char *page, const char *expected)
{
	struct cw_metrics m;
	cw_metrics_init(&m);
	must_read_metrics(&m, page);
	expect_metrics(&m, expected);
	cw_metrics_release(&m);
}

#define METRICS(x) "{\"Metrics\":[" x "]}"
#define METRIC(dims) "{\"Namespace\":\"AWS/X\",\"MetricName\":\"N\"," \
	"\"Dimensions\":[" dims "]}"
#define DIM(n, v) "{\"Name\":" n ",\"Value\":" v "}"

static void a_metric_of_the_account_is_not_found(void **state)
{
	(void)state;
	expect_list("{\"OwningAccounts\":[\"1\",{}],\"NextToken\":\"n\","
		    "\"Metrics\":[{\"Dimensions\":[" DIM("\"b\"", "\"2\"") ","
		    "{\"Value\":\"1\",\"Name\":\"a\",\"New\":[]}],\"New\":{},"
		    "\"MetricName\":\"Errors\",\"Namespace\":\"AWS/Lambda\"},"
		    "{\"MetricName\":\"Bare\",\"Namespace\":\"Own space\"}]}",
		    "AWS/Lambda Errors a=1 b=2\nOwn space Bare\n"
		    "0 dropped, next n");
	expect_list(METRICS(""), "0 dropped, next none");
}

static void a_dimension_is_asked_for_by_another_name(void **state)
{
	(void)state;
	struct cw_metrics m;
	cw_metrics_init(&m);
	must_read_metrics(&m, METRICS(METRIC(
		DIM("\"b\\u202e\"", "\"x\\u0007 \\ud83d\\ude00\\/\"") ","
		DIM("\"a\"", "\"\\u00a0\""))));
	assert_int_equal(m.nr, 1);
	assert_string_equal(cw_dimension(&m.metric[0], "a"), "\xc2\xa0");
	assert_string_equal(cw_dimension(&m.metric[0], "b\xe2\x80\xae"),
			    "x\a \xf0\x9f\x98\x80/");
	assert_null(cw_dimension(&m.metric[0], "c"));
	cw_metrics_release(&m);
}

/* Each would be refused, and with it the 499 that are asked beside it; or be
 * another metric. */
static void a_metric_that_cannot_be_asked_for_spoils_a_call(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"7", "null", "{}", "[]",
		"{\"Namespace\":\"AWS/X\"}",
		"{\"MetricName\":\"N\"}",
		"{\"Namespace\":\"\",\"MetricName\":\"N\"}",
		"{\"Namespace\":\"AWS/X\",\"MetricName\":\"\"}",
		"{\"Namespace\":7,\"MetricName\":\"N\"}",
		"{\"Namespace\":\"AWS/X\",\"MetricName\":[\"N\"]}",
		"{\"Namespace\":\"A\\u001b\",\"MetricName\":\"N\"}",
		"{\"Namespace\":\"A\",\"MetricName\":\"N\\u202e\"}",
		"{\"Namespace\":\"A\",\"MetricName\":\"N\\u0000M\"}",
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":7}",
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":{}}",
		METRIC("7"), METRIC("{}"), METRIC("{\"Name\":\"a\"}"),
		METRIC("{\"Value\":\"a\"}"), METRIC(DIM("\"\"", "\"v\"")),
		METRIC(DIM("\"a\"", "\"\"")), METRIC(DIM("\"a\"", "7")),
		METRIC(DIM("[]", "\"v\"")),
		METRIC(DIM("\"a\"", "\"x\\u0000y\"")),
		METRIC(DIM("\"a\"", "\"\xff\"")),
		METRIC(DIM("\"a\"", "\"1\"") "," DIM("\"b\"", "\"2\"") ","
		       DIM("\"a\"", "\"3\"")),
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char page[400];
		snprintf(page, sizeof(page), METRICS("%s," METRIC("")),
			 bad[i]);
		expect_list(page, "AWS/X N\n1 dropped, next none");
	}
}

static void put_long_metric(struct buf *page, size_t name, size_t value,
			    size_t dims)
{
	buf_clear(page);
	buf_str(page, "{\"Metrics\":[{\"Namespace\":\"A\",\"MetricName\":"
		"\"N\",\"Dimensions\":[");
	for (size_t i = 0; i < dims; i++)
		buf_printf(page, "%s{\"Name\":\"%0*zu\",\"Value\":\"%0*zu\"}",
			   i ? "," : "", (int)name, i, (int)value, i);
	buf_str(page, "]}]}");
}

static void a_dimension_too_long_for_the_api_is_asked_for(void **state)
{
	(void)state;
	static const struct {
		size_t name, value, dims, nr;
	} rows[] = {
		{ 255, 1024, 30, 1 }, { 256, 1, 1, 0 }, { 1, 1025, 1, 0 },
		{ 2, 1, 31, 0 }, { 9, 9, 5000, 0 }, { 1, 100000, 1, 0 },
	};
	struct buf page;
	buf_init(&page, 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cw_metrics m;
		cw_metrics_init(&m);
		put_long_metric(&page, rows[i].name, rows[i].value,
				rows[i].dims);
		must_read_metrics(&m, buf_text(&page));
		assert_int_equal(m.nr, rows[i].nr);
		assert_int_equal(m.dropped, !rows[i].nr);
		cw_metrics_release(&m);
	}
	buf_release(&page);
}

/* 500 a page, the next in another order and partly the same. */
static void a_metric_is_found_twice(void **state)
{
	(void)state;
	struct cw_metrics m;
	struct buf page;
	cw_metrics_init(&m);
	buf_init(&page, 0);
	for (int k = 0; k < 3; k++) {
		buf_clear(&page);
		buf_str(&page, "{\"Metrics\":[");
		for (int i = 0; i < 500; i++)
			buf_printf(&page, "%s{\"Namespace\":\"AWS/Lambda\","
				   "\"MetricName\":\"Errors\",\"Dimensions\":"
				   "[{\"Name\":\"FunctionName\",\"Value\":"
				   "\"f%04d\"}]}", i ? "," : "",
				   k * 250 + (i * 7 + k) % 500);
		buf_printf(&page, "],\"NextToken\":\"t%d\"}", k);
		must_read_metrics(&m, buf_text(&page));
	}
	assert_int_equal(m.nr, 1500);
	assert_string_equal(m.token, "t2");
	cw_metrics_sort(&m);
	assert_int_equal(m.nr, 1000);
	for (int i = 0; i < 1000; i++) {
		char name[8];
		snprintf(name, sizeof(name), "f%04d", i);
		assert_string_equal(cw_dimension(&m.metric[i], "FunctionName"),
				    name);
	}
	buf_release(&page);
	cw_metrics_release(&m);
}

static void metrics_are_told_apart_by_less_than_all(void **state)
{
	(void)state;
	/* Rising. */
	static const char page[] = METRICS(
		"{\"Namespace\":\"A\",\"MetricName\":\"N\"},"
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":["
		DIM("\"a\"", "\"1\"") "]},"
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":["
		DIM("\"b\"", "\"0\"") "," DIM("\"a\"", "\"1\"") "]},"
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":["
		DIM("\"a\"", "\"2\"") "]},"
		"{\"Namespace\":\"A\",\"MetricName\":\"N\",\"Dimensions\":["
		DIM("\"b\"", "\"0\"") "]},"
		"{\"Namespace\":\"A\",\"MetricName\":\"O\"},"
		"{\"Namespace\":\"B\",\"MetricName\":\"A\"}");
	struct cw_metrics m;
	cw_metrics_init(&m);
	must_read_metrics(&m, page);
	assert_int_equal(m.nr, 7);
	for (size_t i = 0; i < m.nr; i++)
		for (size_t k = 0; k < m.nr; k++) {
			int c = cw_metric_compare(&m.metric[i], &m.metric[k]);
			assert_int_equal((c > 0) - (c < 0),
					 (i > k) - (i < k));
		}
	cw_metrics_sort(&m);
	assert_int_equal(m.nr, 7);
	cw_metrics_release(&m);
}

static void expect_list_refused(struct cw_metrics *m, const char *s, size_t n,
				const char *why)
{
	struct buf before, after;
	struct err e = { 0 };
	buf_init(&before, 0);
	buf_init(&after, 0);
	print_metrics(m, &before);
	assert_int_equal(read_metrics(m, s, n, &e), -1);
	print_metrics(m, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	assert_int_equal(e.code, EXIT_UNREACHABLE);
	if (why && !strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
	buf_release(&before);
	buf_release(&after);
}

static void a_list_that_breaks_off_counts_as_all(void **state)
{
	(void)state;
	static const char page[] = "{\"Metrics\":[" METRIC(
		DIM("\"a\"", "\"x\\u0041\"")) ",{}],\"NextToken\":\"two\"}";
	struct cw_metrics m;
	cw_metrics_init(&m);
	must_read_metrics(&m, "{\"Metrics\":[" METRIC("") ",7],"
			  "\"NextToken\":\"one\"}");
	for (size_t n = 0; n < sizeof(page) - 1; n++)
		expect_list_refused(&m, page, n,
				    n ? "ends in the middle" : "empty");
	expect_list_refused(&m, METRICS("") "]", strlen(METRICS("")) + 1,
			    "more after the end");
	expect_list_refused(&m, "{}", 2, "no list of Metrics");
	expect_list_refused(&m, "{\"Metrics\":{}}", 14, "no list of Metrics");
	expect_list_refused(&m, "<html>", 6, "web page");
	must_read_metrics(&m, page);
	expect_metrics(&m, "AWS/X N\nAWS/X N a=xA\n2 dropped, next two");
	cw_metrics_release(&m);
}

static void metrics_without_end_fill_the_memory(void **state)
{
	(void)state;
	struct cw_metrics m;
	struct buf page;
	cw_metrics_init(&m);
	buf_init(&page, 0);
	buf_str(&page, "{\"Metrics\":[");
	for (size_t i = 0; i < LIMIT_ANSWER_SERIES + 5; i++)
		buf_printf(&page, "%s{\"Namespace\":\"A\",\"MetricName\":"
			   "\"%zu\"}", i ? "," : "", i);
	buf_str(&page, "]}");
	must_read_metrics(&m, buf_text(&page));
	assert_int_equal(m.nr, LIMIT_ANSWER_SERIES);
	assert_int_equal(m.dropped, 5);
	cw_metrics_sort(&m);
	assert_int_equal(m.nr, LIMIT_ANSWER_SERIES);
	buf_release(&page);
	cw_metrics_release(&m);
}

/* ---- DescribeAlarms ----------------------------------------------------- */

/* "name alarm since 1765977780000: reason", a line each. */
static void print_alarms(const struct cw_alarms *a, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < a->nr; i++) {
		const struct alarm *x = &a->alarm[i];
		buf_printf(out, "%s %s", x->name, alarm_state_name(x->state));
		if (x->since != TIME_NONE)
			buf_printf(out, " since %" PRId64, x->since);
		if (x->reason)
			buf_printf(out, ": %s", x->reason);
		buf_char(out, '\n');
	}
	buf_printf(out, "%zu dropped, next %s", a->dropped,
		   a->token ? a->token : "none");
}

static int read_alarms(struct cw_alarms *a, const char *s, size_t n,
		       struct err *e)
{
	char *own = tight(s, n);
	int rc = cw_alarms_read(a, own, n, e);
	free(own);
	return rc;
}

static void must_read_alarms(struct cw_alarms *a, const char *page)
{
	struct err e = { 0 };
	if (read_alarms(a, page, strlen(page), &e) < 0)
		fail_msg("%s: %s", page, e.text);
}

static void expect_alarms_held(const struct cw_alarms *a,
			       const char *expected)
{
	struct buf out;
	buf_init(&out, 0);
	print_alarms(a, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void expect_alarms(const char *page, const char *expected)
{
	struct cw_alarms a;
	cw_alarms_init(&a);
	must_read_alarms(&a, page);
	expect_alarms_held(&a, expected);
	cw_alarms_release(&a);
}

static void an_alarm_of_another_kind_is_not_shown(void **state)
{
	(void)state;
	expect_alarms(
		"{\"NextToken\":\"n\",\"CompositeAlarms\":[{\"AlarmRule\":"
		"\"ALARM(a) OR ALARM(b)\",\"AlarmName\":\"shop\","
		"\"StateValue\":\"ALARM\",\"StateReason\":\"a is in ALARM\","
		"\"StateTransitionedTimestamp\":1.76597778E9,"
		"\"StateUpdatedTimestamp\":1.7659779E9,\"ActionsEnabled\":true"
		"}],\"New\":[{}],\"MetricAlarms\":[{\"AlarmName\":\"a\","
		"\"Metrics\":[{\"Id\":\"m1\",\"MetricStat\":{\"Metric\":{}}}],"
		"\"StateValue\":\"INSUFFICIENT_DATA\",\"StateReasonData\":"
		"\"{\\\"version\\\":\\\"1.0\\\"}\",\"Threshold\":1e1,"
		"\"EvaluationState\":\"PARTIAL_DATA\"}],\"LogAlarms\":["
		"{\"AlarmName\":\"log\",\"StateValue\":\"OK\"}]}",
		"a insufficient\nlog ok\n"
		"shop alarm since 1765977780000: a is in ALARM\n"
		"0 dropped, next n");
}

static void an_alarm_is_shown_in_a_wrong_state(void **state)
{
	(void)state;
	expect_alarms("{\"MetricAlarms\":["
		      "{\"AlarmName\":\"1\",\"StateValue\":\"OK\"},"
		      "{\"AlarmName\":\"2\",\"StateValue\":\"ALARM\"},"
		      "{\"AlarmName\":\"3\",\"StateValue\":\"alarm\"},"
		      "{\"AlarmName\":\"4\",\"StateValue\":\"OK\\u0000\"},"
		      "{\"AlarmName\":\"5\",\"StateValue\":null},"
		      "{\"AlarmName\":\"6\",\"StateValue\":[\"ALARM\"]},"
		      "{\"AlarmName\":\"7\"}]}",
		      "1 ok\n2 alarm\n3 insufficient\n4 insufficient\n"
		      "5 insufficient\n6 insufficient\n7 insufficient\n"
		      "0 dropped, next none");
}

static void an_alarm_began_at_another_time(void **state)
{
	(void)state;
	static const struct {
		const char *members, *since;
	} rows[] = {
		{ "\"StateTransitionedTimestamp\":1765977780.25,"
		  "\"StateUpdatedTimestamp\":1", " since 1765977780250" },
		{ "\"StateUpdatedTimestamp\":1,"
		  "\"StateTransitionedTimestamp\":1765977780",
		  " since 1765977780000" },
		{ "\"StateUpdatedTimestamp\":1.76597778E9",
		  " since 1765977780000" },
		{ "\"StateTransitionedTimestamp\":\"2025-12-17T13:23:00.000Z\"",
		  " since 1765977780000" },
		{ "\"StateTransitionedTimestamp\":\"2025-12-17T13:23:00+00:00"
		  "\"", " since 1765977780000" },
		{ "\"StateTransitionedTimestamp\":1e999,"
		  "\"StateUpdatedTimestamp\":1765977780",
		  " since 1765977780000" },
		{ "\"StateTransitionedTimestamp\":null,"
		  "\"StateUpdatedTimestamp\":\"yesterday\"", "" },
		{ "\"StateTransitionedTimestamp\":-1", "" },
		{ "\"StateTransitionedTimestamp\":{\"t\":[]}", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char page[300], expected[100];
		snprintf(page, sizeof(page), "{\"MetricAlarms\":[{"
			 "\"AlarmName\":\"a\",%s,\"StateValue\":\"OK\"}]}",
			 rows[i].members);
		snprintf(expected, sizeof(expected),
			 "a ok%s\n0 dropped, next none", rows[i].since);
		expect_alarms(page, expected);
	}
}

static void an_alarm_breaks_the_terminal(void **state)
{
	(void)state;
	struct cw_alarms a;
	struct buf page;
	expect_alarms("{\"MetricAlarms\":[{\"AlarmName\":\"\\u001b]0;x\\u0007"
		      "\\u202eabc\",\"StateValue\":\"ALARM\",\"StateReason\":"
		      "\"two\\nlines\\u2028\xc2\x9b\xff\\u200b\"},"
		      "{\"AlarmName\":\"b\",\"StateReason\":\"\"},"
		      "{\"AlarmName\":\"c\",\"StateReason\":{}}]}",
		      "\\x1b]0;x\\x07\\u{202e}abc alarm: two\\x0alines"
		      "\\u{2028}\\x9b\\xff\\u{200b}\n"
		      "b insufficient\nc insufficient\n0 dropped, next none");
	buf_init(&page, 0);
	buf_str(&page, "{\"MetricAlarms\":[{\"AlarmName\":\"");
	for (int i = 0; i < 9000; i++)
		buf_str(&page, "\\u0001");
	buf_str(&page, "\",\"StateReason\":\"");
	for (int i = 0; i < 9000; i++)
		buf_str(&page, "\xc3\xa9");
	buf_str(&page, "\"}]}");
	cw_alarms_init(&a);
	must_read_alarms(&a, buf_text(&page));
	assert_int_equal(a.nr, 1);
	assert_true(strlen(a.alarm[0].name) <= LIMIT_LABEL_VALUE);
	assert_true(text_is_clean(a.alarm[0].name));
	assert_int_equal(strlen(a.alarm[0].reason), LIMIT_SENTENCE);
	assert_true(text_is_clean(a.alarm[0].reason));
	buf_release(&page);
	cw_alarms_release(&a);
}

static void an_alarm_on_two_pages_is_two_alarms(void **state)
{
	(void)state;
	struct cw_alarms a;
	cw_alarms_init(&a);
	must_read_alarms(&a, "{\"MetricAlarms\":[{\"AlarmName\":\"b\","
			 "\"StateValue\":\"OK\"},{\"AlarmName\":\"a\","
			 "\"StateValue\":\"OK\"}],\"NextToken\":\"n\"}");
	must_read_alarms(&a, "{\"MetricAlarms\":[{\"AlarmName\":\"c\","
			 "\"StateValue\":\"OK\"},{\"AlarmName\":\"b\","
			 "\"StateValue\":\"OK\"},{\"AlarmName\":\"b\","
			 "\"StateValue\":\"ALARM\"}]}");
	expect_alarms_held(&a, "a ok\nb alarm\nc ok\n0 dropped, next none");
	cw_alarms_release(&a);
}

static void expect_alarms_refused(struct cw_alarms *a, const char *s,
				  size_t n, const char *why)
{
	struct buf before, after;
	struct err e = { 0 };
	buf_init(&before, 0);
	buf_init(&after, 0);
	print_alarms(a, &before);
	assert_int_equal(read_alarms(a, s, n, &e), -1);
	print_alarms(a, &after);
	assert_string_equal(buf_text(&before), buf_text(&after));
	assert_int_equal(e.code, EXIT_UNREACHABLE);
	if (why && !strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
	buf_release(&before);
	buf_release(&after);
}

static void a_broken_answer_hides_alarms(void **state)
{
	(void)state;
	static const char page[] =
		"{\"MetricAlarms\":[{\"AlarmName\":\"a\",\"StateValue\":"
		"\"OK\"},{\"AlarmName\":\"b\",\"StateReason\":\"x\\u0041\"},"
		"{}],\"NextToken\":\"two\"}";
	struct cw_alarms a;
	cw_alarms_init(&a);
	must_read_alarms(&a, "{\"MetricAlarms\":[{\"AlarmName\":\"a\","
			 "\"StateValue\":\"ALARM\"},7],"
			 "\"NextToken\":\"one\"}");
	for (size_t n = 0; n < sizeof(page) - 1; n++)
		expect_alarms_refused(&a, page, n,
				      n ? "ends in the middle" : "empty");
	expect_alarms_refused(&a, "{\"message\":\"x\"}", 15, "no list");
	expect_alarms_refused(&a, "{\"MetricAlarms\":7}", 18, "no list");
	expect_alarms_refused(&a, "{} {}", 5, "more after the end");
	must_read_alarms(&a, page);
	expect_alarms_held(&a, "a ok\nb insufficient: xA\n"
			   "2 dropped, next two");
	cw_alarms_release(&a);
}

static void an_account_without_alarms_is_a_fault(void **state)
{
	(void)state;
	expect_alarms("{}", "0 dropped, next none");
	expect_alarms("{\"CompositeAlarms\":[]}", "0 dropped, next none");
	expect_alarms("{\"MetricAlarms\":null}", "0 dropped, next none");
	expect_alarms("{\"NextToken\":\"n\"}", "0 dropped, next n");
	expect_alarms("{\"MetricAlarms\":[{},{\"AlarmName\":\"\"},"
		      "{\"StateValue\":\"ALARM\"},null,{\"AlarmName\":7}]}",
		      "5 dropped, next none");
}

static void alarms_without_end_fill_the_memory(void **state)
{
	(void)state;
	struct cw_alarms a;
	struct buf page;
	cw_alarms_init(&a);
	buf_init(&page, 0);
	for (size_t k = 0; k < LIMIT_ALARMS / 100 + 2; k++) {
		buf_clear(&page);
		buf_str(&page, "{\"MetricAlarms\":[");
		for (size_t i = 0; i < 100; i++)
			buf_printf(&page, "%s{\"AlarmName\":\"%06zu\"}",
				   i ? "," : "", 100000 - 100 * k - i);
		buf_str(&page, "]}");
		must_read_alarms(&a, buf_text(&page));
	}
	assert_int_equal(a.nr, LIMIT_ALARMS);
	assert_int_equal(a.dropped, 200);
	for (size_t i = 1; i < a.nr; i++)
		assert_true(strcmp(a.alarm[i - 1].name, a.alarm[i].name) < 0);
	buf_release(&page);
	cw_alarms_release(&a);
}

/* ---- errors ------------------------------------------------------------- */

static struct cw_error error_of(long status, const char *header,
				const char *type, const char *body)
{
	struct cw_error x;
	size_t n = strlen(body);
	char *own = tight(body, n);
	memset(&x, 0x5a, sizeof(x));
	cw_error_read(status, header, type, own, n, &x);
	free(own);
	assert_true(text_is_clean(x.code) && text_is_clean(x.message));
	return x;
}

static const struct code_case {
	const char *code;
	enum cw_error_kind kind;
	enum fault fault;
} code_cases[] = {
	{ "Throttling", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "ThrottlingException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "ThrottledException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "RequestThrottledException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "RequestThrottled", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "TooManyRequestsException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "ProvisionedThroughputExceededException", CW_ERROR_THROTTLED,
	  FAULT_THROTTLED },
	{ "TransactionInProgressException", CW_ERROR_THROTTLED,
	  FAULT_THROTTLED },
	{ "RequestLimitExceeded", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "BandwidthLimitExceeded", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "LimitExceededException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "SlowDown", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "PriorRequestNotComplete", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "EC2ThrottledException", CW_ERROR_THROTTLED, FAULT_THROTTLED },
	{ "RequestTimeTooSkewed", CW_ERROR_SKEW, FAULT_AUTH },
	{ "RequestExpired", CW_ERROR_SKEW, FAULT_AUTH },
	{ "RequestInTheFuture", CW_ERROR_SKEW, FAULT_AUTH },
	{ "InvalidSignatureException", CW_ERROR_SKEW, FAULT_AUTH },
	{ "SignatureDoesNotMatch", CW_ERROR_SKEW, FAULT_AUTH },
	{ "AuthFailure", CW_ERROR_SKEW, FAULT_AUTH },
	{ "AccessDeniedException", CW_ERROR_DENIED, FAULT_AUTH },
	{ "AccessDenied", CW_ERROR_DENIED, FAULT_AUTH },
	{ "UnauthorizedOperation", CW_ERROR_DENIED, FAULT_AUTH },
	{ "OptInRequired", CW_ERROR_DENIED, FAULT_AUTH },
	{ "UnrecognizedClientException", CW_ERROR_CREDENTIALS, FAULT_AUTH },
	{ "InvalidClientTokenId", CW_ERROR_CREDENTIALS, FAULT_AUTH },
	{ "ExpiredToken", CW_ERROR_CREDENTIALS, FAULT_AUTH },
	{ "ExpiredTokenException", CW_ERROR_CREDENTIALS, FAULT_AUTH },
	{ "MissingAuthenticationTokenException", CW_ERROR_CREDENTIALS,
	  FAULT_AUTH },
	{ "IncompleteSignatureException", CW_ERROR_CREDENTIALS, FAULT_AUTH },
	{ "RequestTimeout", CW_ERROR_PASSING, FAULT_SERVER },
	{ "RequestTimeoutException", CW_ERROR_PASSING, FAULT_SERVER },
	{ "InternalServiceError", CW_ERROR_PASSING, FAULT_SERVER },
	{ "InternalServiceFault", CW_ERROR_PASSING, FAULT_SERVER },
	{ "InternalFailure", CW_ERROR_PASSING, FAULT_SERVER },
	{ "ServiceUnavailable", CW_ERROR_PASSING, FAULT_SERVER },
	{ "InvalidNextToken", CW_ERROR_TOKEN, FAULT_BAD_QUERY },
	{ "InvalidParameterValue", CW_ERROR_QUERY, FAULT_BAD_QUERY },
	{ "InvalidParameterCombination", CW_ERROR_QUERY, FAULT_BAD_QUERY },
	{ "MissingParameter", CW_ERROR_QUERY, FAULT_BAD_QUERY },
	{ "ResourceNotFound", CW_ERROR_QUERY, FAULT_BAD_QUERY },
	{ "ValidationException", CW_ERROR_QUERY, FAULT_BAD_QUERY },
	{ "ThrottledByMoon", CW_ERROR_QUERY, FAULT_BAD_QUERY },
};

/* Where a code may stand; %s is the code. */
static const struct {
	const char *header, *body;
} code_places[] = {
	{ NULL, "{\"__type\":\"%s\",\"message\":\"why\"}" },
	{ NULL, "{\"message\":\"why\",\"New\":{\"__type\":\"SlowDown\"},"
		"\"__type\":\"com.amazon.coral.service#%s\"}" },
	{ NULL, "{\"Message\":\"why\",\"__type\":\"a.b#%s:http://x.y/z#q\"}" },
	{ NULL, "{\"__type\":\"%s:http://x.y/a#b\",\"message\":\"why\"}" },
	{ NULL, "{\"code\":\"%s\",\"message\":\"why\"}" },
	{ NULL, "{\"code\":\"SlowDown\",\"__type\":\"%s\","
		"\"message\":\"why\"}" },
	{ NULL, "{\"__type\":\"%s\",\"code\":\"SlowDown\",\"code\":7,"
		"\"message\":\"why\"}" },
	{ "%s;Sender", "{\"__type\":\"a#SlowDown\",\"message\":\"why\"}" },
	{ " %s ; Receiver", "{\"message\":\"why\"}" },
	{ "%s", "{\"message\":\"why\",\"__type\":7}" },
	{ "", "{\"__type\":\"%s\",\"message\":\"why\"}" },
	{ ";Sender", "{\"__type\":\"x#%s\",\"message\":\"why\"}" },
	{ NULL, "<ErrorResponse xmlns=\"http://x\"><Error><Type>Sender</Type>"
		"<Code>%s</Code><Message>why</Message></Error></ErrorResponse>"
	},
	{ NULL, "\r\n <?xml version=\"1.0\"?>\n<Error><Message>\n why\n"
		"</Message><Code> %s\n</Code></Error>" },
	/* Broken off behind what counts. */
	{ NULL, "{\"__type\":\"%s\",\"message\":\"why\",\"fields\":[{" },
};

static void put_code(struct buf *out, const char *pattern, const char *code)
{
	const char *at = strstr(pattern, "%s");
	buf_add(out, pattern, at ? (size_t)(at - pattern) : strlen(pattern));
	buf_str(out, at ? code : "");
	buf_str(out, at ? at + 2 : "");
}

static void expect_code(const struct code_case *c, const char *header,
			const char *pattern)
{
	struct buf h, b;
	buf_init(&h, 0);
	buf_init(&b, 0);
	put_code(&h, header ? header : "", c->code);
	put_code(&b, pattern, c->code);
	struct cw_error x = error_of(400, header ? buf_text(&h) : NULL,
				     "application/x-amz-json-1.0",
				     buf_text(&b));
	if (x.kind != c->kind || x.fault != c->fault)
		fail_msg("%s with '%s': kind %d, fault %s", b.s, buf_text(&h),
			 (int)x.kind, fault_name(x.fault));
	assert_string_equal(x.code, c->code);
	assert_string_equal(x.message, "why");
	buf_release(&h);
	buf_release(&b);
}

static void an_error_is_mistaken_for_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(code_cases); i++)
		for (size_t k = 0; k < ARRAY_SIZE(code_places); k++)
			expect_code(&code_cases[i], code_places[k].header,
				    code_places[k].body);
}

#define HTML "<!DOCTYPE html>\n<html><body><h1>Sign in</h1></body></html>"

static void an_answer_without_a_code_is_misjudged(void **state)
{
	(void)state;
	static const struct {
		long status;
		const char *type, *body;
		enum cw_error_kind kind;
		enum fault fault;
		const char *code, *message;
	} rows[] = {
		{ 400, NULL, "", CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP 400",
		  "" },
		{ 401, NULL, "", CW_ERROR_CREDENTIALS, FAULT_AUTH, "HTTP 401",
		  "" },
		{ 403, "text/plain", "no", CW_ERROR_DENIED, FAULT_AUTH,
		  "HTTP 403", "" },
		{ 403, "text/html; charset=utf-8", HTML, CW_ERROR_DENIED,
		  FAULT_AUTH, "HTTP 403", "a web page, not the API" },
		{ 401, NULL, "\n<HTML>", CW_ERROR_CREDENTIALS, FAULT_AUTH,
		  "HTTP 401", "a web page, not the API" },
		{ 404, "text/html", HTML, CW_ERROR_QUERY, FAULT_NOT_API,
		  "HTTP 404", "a web page, not the API" },
		{ 404, NULL, HTML, CW_ERROR_QUERY, FAULT_NOT_API, "HTTP 404",
		  "a web page, not the API" },
		{ 405, "text/html", LOGIN_TITLE, CW_ERROR_QUERY, FAULT_AUTH,
		  "HTTP 405", "a login page, not the API" },
		{ 403, NULL, LOGIN_FORM, CW_ERROR_DENIED, FAULT_AUTH,
		  "HTTP 403", "a login page, not the API" },
		{ 503, NULL, LOGIN_FORM, CW_ERROR_PASSING, FAULT_SERVER,
		  "HTTP 503", "a login page, not the API" },
		{ 404, "application/json", "{}", CW_ERROR_QUERY,
		  FAULT_BAD_QUERY, "HTTP 404", "" },
		{ 407, "text/html", HTML, CW_ERROR_QUERY, FAULT_AUTH,
		  "HTTP 407",
		  "the proxy wants credentials: check https_proxy" },
		{ 408, NULL, "", CW_ERROR_PASSING, FAULT_SERVER, "HTTP 408",
		  "" },
		{ 429, NULL, "", CW_ERROR_THROTTLED, FAULT_THROTTLED,
		  "HTTP 429", "" },
		{ 429, NULL, "{\"__type\":\"a#Unheard\",\"message\":\"m\"}",
		  CW_ERROR_THROTTLED, FAULT_THROTTLED, "Unheard", "m" },
		{ 301, "text/html", HTML, CW_ERROR_QUERY, FAULT_REDIRECT,
		  "HTTP 301", "a redirect, not followed" },
		{ 307, NULL, "", CW_ERROR_QUERY, FAULT_REDIRECT, "HTTP 307",
		  "a redirect, not followed" },
		{ 204, NULL, "", CW_ERROR_QUERY, FAULT_BAD_ANSWER, "HTTP 204",
		  "" },
		{ 500, NULL, "", CW_ERROR_PASSING, FAULT_SERVER, "HTTP 500",
		  "" },
		{ 500, NULL, "{\"__type\":\"a#Unheard\"}", CW_ERROR_PASSING,
		  FAULT_SERVER, "Unheard", "" },
		{ 501, NULL, "", CW_ERROR_QUERY, FAULT_SERVER, "HTTP 501",
		  "" },
		{ 502, "text/html", HTML, CW_ERROR_PASSING, FAULT_SERVER,
		  "HTTP 502", "a web page, not the API" },
		{ 503, NULL, "Slow down", CW_ERROR_PASSING, FAULT_SERVER,
		  "HTTP 503", "" },
		{ 504, NULL, "[{\"__type\":\"Throttling\"}]",
		  CW_ERROR_PASSING, FAULT_SERVER, "HTTP 504", "" },
		{ 0, NULL, "", CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP 0", "" },
		{ 999, NULL, "", CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP 999",
		  "" },
		{ -1, NULL, "", CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP -1",
		  "" },
		/* Whatever its code is called over JSON. */
		{ 400, NULL, "{\"__type\":\"x#New\",\"message\":"
		  "\"Rate exceeded\"}", CW_ERROR_THROTTLED, FAULT_THROTTLED,
		  "New", "Rate exceeded" },
		{ 400, NULL, "{\"__type\":\"\",\"message\":null,\"code\":{}}",
		  CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP 400", "" },
		{ 400, NULL, "<Error><Code>Throttling", CW_ERROR_QUERY,
		  FAULT_BAD_QUERY, "HTTP 400", "" },
		{ 400, NULL, "<", CW_ERROR_QUERY, FAULT_BAD_QUERY, "HTTP 400",
		  "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cw_error x = error_of(rows[i].status, NULL,
					     rows[i].type, rows[i].body);
		if (x.kind != rows[i].kind || x.fault != rows[i].fault)
			fail_msg("%ld %s: kind %d, fault %s", rows[i].status,
				 rows[i].body, (int)x.kind,
				 fault_name(x.fault));
		assert_string_equal(x.code, rows[i].code);
		assert_string_equal(x.message, rows[i].message);
	}
}

static void an_error_breaks_the_terminal(void **state)
{
	(void)state;
	struct buf body;
	struct cw_error x = error_of(
		400, "\x1b[2J;Sender", NULL,
		"{\"__type\":\"a\",\"message\":\"\\u202e\\u0007b\\u0000c\"}");
	assert_string_equal(x.code, "\\x1b[2J");
	assert_string_equal(x.message, "\\u{202e}\\x07b\\x00c");
	buf_init(&body, 0);
	buf_str(&body, "{\"__type\":\"");
	for (int i = 0; i < 5000; i++)
		buf_str(&body, "\xc3\xa9");
	buf_str(&body, "\",\"message\":\"");
	for (int i = 0; i < 5000; i++)
		buf_str(&body, "\xc3\xa9");
	buf_str(&body, "\"}");
	x = error_of(400, NULL, NULL, buf_text(&body));
	assert_int_equal(strlen(x.code), sizeof(x.code) - 2);
	assert_int_equal(strlen(x.message), sizeof(x.message) - 2);
	buf_release(&body);
}

/* A refused signature comes with what should have been signed. */
static void an_error_shows_the_sessions_token(void **state)
{
	(void)state;
	struct cw_error x = error_of(
		403, NULL, NULL,
		"{\"__type\":\"com.amazon.coral.service#"
		"InvalidSignatureException\",\"message\":\"It differs.\\n\\n"
		"The Canonical String for this request should have been\\n'"
		"POST\\n/\\n\\nx-amz-security-token:FwoGSECRET\\n'\"}");
	assert_int_equal(x.kind, CW_ERROR_SKEW);
	assert_string_equal(x.message, "It differs.");
	x = error_of(403, NULL, NULL,
		     "<Error><Code>SignatureDoesNotMatch</Code><Message>\n"
		     "It differs.\r\nx-amz-security-token:FwoGSECRET\n"
		     "</Message></Error>");
	assert_string_equal(x.message, "It differs.");
}

/* It is read between two keys, not on a worker. */
static void a_huge_error_stops_the_keys(void **state)
{
	(void)state;
	struct buf body;
	buf_init(&body, 0);
	for (int i = 0; i < 4; i++) {
		buf_clear(&body);
		buf_str(&body, i < 2 ? "{\"pad\":" : "<a>");
		for (size_t k = 0; k < LIMIT_ERROR_BODY; k++)
			buf_str(&body, i ? "[" : "{\"a\":");
		buf_str(&body, i < 2 ? "{\"__type\":\"Throttling\"}"
				     : "<Code>Throttling</Code>");
		struct cw_error x = error_of(500, NULL, NULL, body.s);
		assert_int_equal(x.kind, CW_ERROR_PASSING);
		assert_string_equal(x.code, "HTTP 500");
	}
	buf_clear(&body);
	buf_str(&body, "{\"__type\":\"Throttling\",\"pad\":\"");
	while (body.len < (size_t)32 << 20)
		buf_str(&body, "0123456789abcdef0123456789abcdef");
	buf_str(&body, "\",\"message\":\"too late\"}");
	char *own = tight(body.s, body.len);
	struct cw_error x;
	clock_t start = clock();
	for (int i = 0; i < 20; i++)
		cw_error_read(400, NULL, NULL, own, body.len, &x);
	assert_true(seconds_since(start) / 20 < 0.025);
	assert_int_equal(x.kind, CW_ERROR_THROTTLED);
	assert_string_equal(x.message, "");
	free(own);
	buf_release(&body);
	cw_error_read(502, NULL, NULL, NULL, 0, &x);
	assert_int_equal(x.kind, CW_ERROR_PASSING);
}

/* ---- requests ----------------------------------------------------------- */

static cJSON *parse(const struct buf *b)
{
	cJSON *j = cJSON_ParseWithLength(buf_text(b), b->len);
	if (!j)
		fail_msg("no JSON: %s", buf_text(b));
	/* cJSON takes what JSON does not allow. */
	for (size_t i = 0; i < b->len; i++)
		assert_true((unsigned char)b->s[i] >= 0x20);
	return j;
}

static const cJSON *get(const cJSON *o, const char *name)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(o, name);
	if (!j)
		fail_msg("no member %s", name);
	return j;
}

/* The body of a real request; it was one to `call`. */
static cJSON *sample(const char *name, const char *call)
{
	char path[100], text[4096], target[100];
	snprintf(path, sizeof(path), "tests/data/cw-samples/%s.txt", name);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	snprintf(target, sizeof(target), ": %s%s\n", CW_TARGET, call);
	assert_non_null(strstr(text, target));
	const char *body = strstr(text, "\n\n");
	assert_non_null(body);
	cJSON *j = cJSON_Parse(body);
	assert_non_null(j);
	return j;
}

static void expect_members(const cJSON *ours, const cJSON *theirs)
{
	const cJSON *j;
	cJSON_ArrayForEach(j, ours)
		assert_int_equal(j->type & 0xff,
				 get(theirs, j->string)->type & 0xff);
}

static void expect_alike(const cJSON *ours, const cJSON *theirs,
			 const char *name)
{
	if (!cJSON_Compare(get(ours, name), get(theirs, name), true))
		fail_msg("%s differs", name);
}

static void the_service_does_not_understand_a_question_for_points(void **state)
{
	(void)state;
	static const char *const names[] = { "js-get-metric-data",
					     "boto-get-metric-data" };
	const struct cw_dimension dim = { "LoadBalancer", "app/x/1" };
	const struct cw_query q = {
		{ "AWS/ApplicationELB", "TargetResponseTime", 1, &dim },
		"p99", 60000,
	};
	struct buf out;
	buf_init(&out, 0);
	cw_write_get_metric_data(&out, &q, 1, INT64_C(1763000000000),
				 INT64_C(1763003600000), NULL);
	cJSON *ours = parse(&out);
	const cJSON *first = get(ours, "MetricDataQueries")->child;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cJSON *theirs = sample(names[i], "GetMetricData");
		const cJSON *like = get(theirs, "MetricDataQueries")->child;
		expect_members(ours, theirs);
		expect_members(first, like);
		expect_alike(first, like, "MetricStat");
		expect_alike(ours, theirs, "StartTime");
		expect_alike(ours, theirs, "ScanBy");
		cJSON_Delete(theirs);
	}
	assert_true(get(ours, "EndTime")->valuedouble == 1763003600);
	assert_string_equal(get(first, "Id")->valuestring, "m0");
	assert_int_equal(cJSON_GetArraySize(first), 2);
	cJSON_Delete(ours);
	buf_release(&out);
}

static void the_service_does_not_understand_a_question_for_names(void **state)
{
	(void)state;
	static const char *const names[] = { "js-list-metrics",
					     "boto-list-metrics" };
	const struct cw_list l = { .space = "AWS/EC2",
				   .dimension = "InstanceId" };
	struct buf out;
	buf_init(&out, 0);
	cw_write_list_metrics(&out, &l, true, NULL);
	cJSON *ours = parse(&out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cJSON *theirs = sample(names[i], "ListMetrics");
		assert_true(cJSON_Compare(ours, theirs, true));
		cJSON_Delete(theirs);
	}
	cJSON_Delete(ours);
	buf_release(&out);
}

static void the_service_does_not_understand_a_question_for_alarms(void **state)
{
	(void)state;
	static const char *const names[] = { "js-describe-alarms",
					     "boto-describe-alarms" };
	struct buf out;
	buf_init(&out, 0);
	cw_write_describe_alarms(&out, NULL);
	cJSON *ours = parse(&out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cJSON *theirs = sample(names[i], "DescribeAlarms");
		/* Ours is about all states. */
		cJSON_DeleteItemFromObject(theirs, "StateValue");
		assert_true(cJSON_Compare(ours, theirs, true));
		cJSON_Delete(theirs);
	}
	cJSON_Delete(ours);
	buf_release(&out);
}

static void a_part_of_a_question_breaks_its_json(void **state)
{
	(void)state;
	struct buf out;
	buf_init(&out, 0);
	for (int i = 0; i < 32; i++) {
		const struct cw_list l = {
			.space = i & 1 ? "S" : NULL,
			.metric = i & 2 ? "M" : NULL,
			.dimension = i & 4 ? "D" : NULL,
		};
		buf_clear(&out);
		cw_write_list_metrics(&out, &l, i & 8, i & 16 ? "T" : NULL);
		cJSON *j = parse(&out);
		assert_int_equal(cJSON_GetArraySize(j),
				 __builtin_popcount((unsigned)i));
		if (i & 4)
			assert_string_equal(get(get(j, "Dimensions")->child,
						"Name")->valuestring, "D");
		cJSON_Delete(j);
	}
	buf_release(&out);
}

static void a_name_with_odd_characters_breaks_a_question(void **state)
{
	(void)state;
	char odd[200];
	size_t n = 0;
	struct buf out;
	for (int c = 1; c < 0x80; c++)
		odd[n++] = (char)c;
	strcpy(odd + n, "\xc3\xa9\xe2\x80\xae\xf0\x9f\x98\x80\"}],\\");
	const struct cw_dimension dim[] = { { odd, "1" }, { "b", odd } };
	const struct cw_query q = { { odd, odd, 2, dim }, "PR(:0.3)", 1000 };
	const struct cw_list l = { .space = odd, .dimension = odd };
	buf_init(&out, 0);
	cw_write_get_metric_data(&out, &q, 1, 0, 60000, odd);
	cJSON *j = parse(&out);
	const cJSON *stat = get(get(j, "MetricDataQueries")->child,
				"MetricStat");
	const cJSON *metric = get(stat, "Metric");
	const cJSON *dims = get(metric, "Dimensions");
	assert_string_equal(get(metric, "Namespace")->valuestring, odd);
	assert_string_equal(get(metric, "MetricName")->valuestring, odd);
	assert_string_equal(get(dims->child, "Name")->valuestring, odd);
	assert_string_equal(get(dims->child->next, "Value")->valuestring, odd);
	assert_string_equal(get(stat, "Stat")->valuestring, "PR(:0.3)");
	assert_true(get(stat, "Period")->valuedouble == 1);
	assert_string_equal(get(j, "NextToken")->valuestring, odd);
	cJSON_Delete(j);
	buf_clear(&out);
	cw_write_list_metrics(&out, &l, false, odd);
	j = parse(&out);
	assert_string_equal(get(j, "Namespace")->valuestring, odd);
	assert_string_equal(get(j, "NextToken")->valuestring, odd);
	cJSON_Delete(j);
	buf_clear(&out);
	cw_write_describe_alarms(&out, odd);
	j = parse(&out);
	assert_string_equal(get(j, "NextToken")->valuestring, odd);
	cJSON_Delete(j);
	buf_release(&out);
}

/* What a list brought is asked for, and the answer is about it. */
static void an_answer_is_given_to_another_question(void **state)
{
	(void)state;
	static struct cw_query q[CW_QUERIES_MAX];
	struct cw_metrics m;
	struct cw_data d;
	struct buf b;
	cw_metrics_init(&m);
	buf_init(&b, 0);
	buf_str(&b, "{\"Metrics\":[");
	for (size_t i = 0; i < CW_QUERIES_MAX; i++)
		buf_printf(&b, "%s{\"Namespace\":\"A\",\"MetricName\":\"N\","
			   "\"Dimensions\":[{\"Name\":\"a\",\"Value\":"
			   "\"\\\"%zu\\\\\\u00e9\"}]}", i ? "," : "", i);
	buf_str(&b, "]}");
	must_read_metrics(&m, buf_text(&b));
	for (size_t i = 0; i < m.nr; i++)
		q[i] = (struct cw_query){ m.metric[i], "Sum", 60000 };
	buf_clear(&b);
	cw_write_get_metric_data(&b, q, m.nr, T0, T0 + 60000, NULL);
	cJSON *asked = parse(&b);
	const cJSON *j;
	buf_clear(&b);
	buf_str(&b, "{\"MetricDataResults\":[");
	cJSON_ArrayForEach(j, get(asked, "MetricDataQueries")) {
		const cJSON *dims = get(get(get(j, "MetricStat"), "Metric"),
					"Dimensions");
		buf_printf(&b, "%s{\"Id\":\"%s\",\"Timestamps\":[1765977780],"
			   "\"Values\":[%d]}", b.len > 22 ? "," : "",
			   get(j, "Id")->valuestring,
			   atoi(get(dims->child, "Value")->valuestring + 1));
	}
	buf_str(&b, "]}");
	cw_data_init(&d, m.nr);
	must_read(&d, buf_text(&b));
	assert_int_equal(d.nr, CW_QUERIES_MAX);
	assert_int_equal(d.dropped, 0);
	for (size_t i = 0; i < d.nr; i++)
		assert_int_equal(atoi(m.metric[d.result[i].query].dim[0].value
				      + 1), (int)d.result[i].v[0]);
	cJSON_Delete(asked);
	cw_data_release(&d);
	cw_metrics_release(&m);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest data[] = {
		cmocka_unit_test(a_point_lands_at_another_time),
		cmocka_unit_test(a_value_that_is_none_is_drawn),
		cmocka_unit_test(members_in_another_order_are_lost),
		cmocka_unit_test(a_member_left_out_spoils_the_others),
		cmocka_unit_test(an_unknown_member_hides_known_ones),
		cmocka_unit_test(a_member_that_comes_twice_counts_twice),
		cmocka_unit_test(the_past_stands_before_the_present),
		cmocka_unit_test(unpaired_points_are_paired_wrongly),
		cmocka_unit_test(a_foreign_result_is_taken_for_ours),
		cmocka_unit_test(a_time_that_comes_twice_keeps_its_first_value),
		cmocka_unit_test(a_status_is_misread),
		cmocka_unit_test(a_message_is_lost_or_breaks_the_terminal),
		cmocka_unit_test(messages_without_end_fill_the_memory),
		cmocka_unit_test(a_name_without_end_fills_the_memory),
		cmocka_unit_test(a_second_page_replaces_the_first),
		cmocka_unit_test(series_of_one_id_are_mixed_up),
		cmocka_unit_test(pages_that_overlap_count_points_twice),
		cmocka_unit_test(a_point_gets_lost_between_pages),
		cmocka_unit_test(a_long_token_is_cut),
		cmocka_unit_test(a_token_with_escapes_comes_back_changed),
		cmocka_unit_test(a_page_that_breaks_off_spoils_what_was_held),
		cmocka_unit_test(a_page_with_a_wrong_byte_spoils_what_was_held),
		cmocka_unit_test(something_else_is_taken_for_an_answer),
		cmocka_unit_test(
			a_proxy_that_asks_for_a_login_is_a_broken_service),
		cmocka_unit_test(a_broken_text_is_read_where_it_was),
		cmocka_unit_test(a_deep_answer_ends_the_program),
		cmocka_unit_test(two_hundred_pages_take_minutes),
		cmocka_unit_test(a_search_with_many_results_takes_minutes),
		cmocka_unit_test(points_without_end_fill_the_memory),
	};
	const struct CMUnitTest lists[] = {
		cmocka_unit_test(a_metric_of_the_account_is_not_found),
		cmocka_unit_test(a_dimension_is_asked_for_by_another_name),
		cmocka_unit_test(
			a_metric_that_cannot_be_asked_for_spoils_a_call),
		cmocka_unit_test(a_dimension_too_long_for_the_api_is_asked_for),
		cmocka_unit_test(a_metric_is_found_twice),
		cmocka_unit_test(metrics_are_told_apart_by_less_than_all),
		cmocka_unit_test(a_list_that_breaks_off_counts_as_all),
		cmocka_unit_test(metrics_without_end_fill_the_memory),
		cmocka_unit_test(an_alarm_of_another_kind_is_not_shown),
		cmocka_unit_test(an_alarm_is_shown_in_a_wrong_state),
		cmocka_unit_test(an_alarm_began_at_another_time),
		cmocka_unit_test(an_alarm_breaks_the_terminal),
		cmocka_unit_test(an_alarm_on_two_pages_is_two_alarms),
		cmocka_unit_test(a_broken_answer_hides_alarms),
		cmocka_unit_test(an_account_without_alarms_is_a_fault),
		cmocka_unit_test(alarms_without_end_fill_the_memory),
	};
	const struct CMUnitTest errors[] = {
		cmocka_unit_test(an_error_is_mistaken_for_another),
		cmocka_unit_test(an_answer_without_a_code_is_misjudged),
		cmocka_unit_test(an_error_breaks_the_terminal),
		cmocka_unit_test(an_error_shows_the_sessions_token),
		cmocka_unit_test(a_huge_error_stops_the_keys),
	};
	const struct CMUnitTest requests[] = {
		cmocka_unit_test(
			the_service_does_not_understand_a_question_for_points),
		cmocka_unit_test(
			the_service_does_not_understand_a_question_for_names),
		cmocka_unit_test(
			the_service_does_not_understand_a_question_for_alarms),
		cmocka_unit_test(a_part_of_a_question_breaks_its_json),
		cmocka_unit_test(a_name_with_odd_characters_breaks_a_question),
		cmocka_unit_test(an_answer_is_given_to_another_question),
	};
	return cmocka_run_group_tests_name("cw_api: GetMetricData", data, NULL,
					   NULL)
	       + cmocka_run_group_tests_name("cw_api: lists", lists, NULL,
					     NULL)
	       + cmocka_run_group_tests_name("cw_api: errors", errors, NULL,
					     NULL)
	       + cmocka_run_group_tests_name("cw_api: requests", requests,
					     NULL, NULL);
}
