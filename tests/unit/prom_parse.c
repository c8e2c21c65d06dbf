#include "sources/prom_parse.h"

#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/decimal.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct prom_ask at_5 = { .question = 7, .instant = true,
				      .at = 5000 };
static const struct prom_ask from_1_to_9 = { .question = 7, .from = 1000,
					     .to = 9000, .step = 1000 };
static const struct prom_ask tagged = { .tagged = true, .instant = true,
					.at = 5000 };

/* A body, decoded; the caller frees the batch. */
static struct batch *decode(const struct prom_ask *ask, const char *s,
			    size_t n, long status, unsigned *dropped,
			    struct err *why)
{
	struct batch *b = batch_new(0);
	struct prom_parser *p = prom_parser_new(ask, b, NULL);
	prom_parser_feed(p, s, n);
	b->fault = prom_parser_end(p, status, NULL, why);
	if (dropped)
		*dropped = prom_parser_dropped(p);
	prom_parser_free(p);
	return b;
}

/* The frames and notes of `body` as batch_print gives them, without its head,
 * or the name of the fault and the sentence. */
static void expect_body(const struct prom_ask *ask, const char *body,
			long status, const char *expected)
{
	struct err why = { 0 };
	struct buf out;
	buf_init(&out, 0);
	struct batch *b = decode(ask, body, strlen(body), status, NULL, &why);
	if (b->fault) {
		buf_printf(&out, "%s: %s", fault_name(b->fault), why.text);
	} else {
		batch_print(b, &out);
		char *head = strchr(out.s, '\n') + 1;
		memmove(out.s, head, strlen(head) + 1);
	}
	assert_string_equal(buf_text(&out), expected);
	batch_free(b);
	buf_release(&out);
}

#define VECTOR(x) "{\"status\":\"success\",\"data\":{\"resultType\":"\
		  "\"vector\",\"result\":[" x "]}}"
#define MATRIX(x) "{\"status\":\"success\",\"data\":{\"resultType\":"\
		  "\"matrix\",\"result\":[" x "]}}"
#define VALUE(x) VECTOR("{\"metric\":{},\"value\":[5," x "]}")

static void expect_vector(const char *series, const char *expected)
{
	char body[4096];
	snprintf(body, sizeof(body), VECTOR("%s"), series);
	expect_body(&at_5, body, 200, expected);
}

static void expect_matrix(const char *series, const char *expected)
{
	char body[4096];
	snprintf(body, sizeof(body), MATRIX("%s"), series);
	expect_body(&from_1_to_9, body, 200, expected);
}

static uint64_t draw(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state ^ *state >> 29;
}

static void same_bits(const char *text)
{
	double got, expected;
	bool ok = number_parse(text, strlen(text), &expected);
	assert_int_equal(decimal_parse(text, strlen(text), &got), ok);
	if (ok && memcmp(&got, &expected, sizeof(got)) != 0
	    && !(isnan(got) && isnan(expected)))
		fail_msg("%s read as %.17g", text, got);
}

static void a_value_differs_from_the_servers_in_its_last_bit(void **state)
{
	(void)state;
	static const char *const formats[] = { "%.17g", "%.16g", "%.15g",
					       "%.19g", "%f",	 "%.3f",
					       "%.12f", "%.18e" };
	uint64_t seed = 42;
	char text[400];
	for (int i = 0; i < 300000; i++) {
		uint64_t bits = draw(&seed);
		double v;
		/* Half of them over all exponents, half where values are. */
		if (i & 1)
			v = (double)(bits >> 11) / 9007199254740992.0
			    * pow(10, (double)(bits % 12) - 5);
		else
			memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		snprintf(text, sizeof(text), formats[bits % 8], v);
		same_bits(text);
	}
	/* Half way between two doubles, and one beside. */
	for (int i = 0; i < 100000; i++) {
		uint64_t m = draw(&seed) >> 11 | (uint64_t)1 << 52;
		int digits = (int)(draw(&seed) % 24);
		snprintf(text, sizeof(text), "%llu.%llu%0*d",
			 (unsigned long long)m, draw(&seed) % 2 ? 5ull : 4ull,
			 digits % 3 + 1, 0);
		same_bits(text);
		snprintf(text, sizeof(text), "%llue-%d",
			 (unsigned long long)(m * 2 + 1), digits);
		same_bits(text);
	}
}

static void a_number_that_is_none_is_read(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "-", ".", "-.", "e5", "1e", "1e+", "1ee5", "1.2.3", "+1",
		"5.", ".5", "1e400", "1e-400", "-1e999", "0e999999999", "-0",
		"0.000", "NaN", "nan", "+Inf", "-Inf", "Inf", "+inf", "1 ",
		" 1", "0x10", "1_0", "1e99999999999", "00012", "-00.100e-03",
		"18446744073709551615", "18446744073709551616",
		"9999999999999999999", "99999999999999999999", "1e22", "1e23",
		"9007199254740993", "9007199254740992.5", "5e-324",
		"2.4703282292062327e-324", "2.4703282292062328e-324",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		same_bits(texts[i]);
	char longest[400];
	memset(longest, '1', sizeof(longest));
	longest[309] = '\0';
	same_bits(longest);
	longest[1] = '.';
	same_bits(longest);
}

static void a_point_lands_on_another_millisecond(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		time_ms t;
	} rows[] = {
		{ "1795486925", 1795486925000 },
		{ "1795486925.410", 1795486925410 },
		{ "1795486925.13", 1795486925130 },
		{ "1795486925.5", 1795486925500 },
		{ "1795485930.123", 1795485930123 },
		{ "1795486925.9996", 1795486926000 },
		{ "1795486925.0004", 1795486925000 },
		{ "1.795486925e9", 1795486925000 },
		{ "1.795486925e+09", 1795486925000 },
		{ "-1.5", -1500 },
		{ "0", 0 },
		{ "6151724973.173", 6151724973173 },
		{ "1e300", TIME_NONE },
		{ "123456789012345678", TIME_NONE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_true(decimal_seconds(rows[i].s, strlen(rows[i].s))
			    == rows[i].t);
	for (time_ms t = 1795486925000; t < 1795486926000; t++) {
		char text[32];
		snprintf(text, sizeof(text), "%.3f", (double)t / 1000);
		assert_true(decimal_seconds(text, strlen(text)) == t);
	}
}

static void a_value_that_is_none_becomes_a_number(void **state)
{
	(void)state;
	static const char *const values[] = {
		"null", "NaN", "\"\"", "1", "\"x\"", "\"1s\"", "\" 1\"",
		"true", "[\"1\"]", "{}", "\"0x1\"", "\"1\\u0000\"",
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		char body[400];
		struct err why = { 0 };
		snprintf(body, sizeof(body), VALUE("%s"), values[i]);
		struct batch *b = decode(&at_5, body, strlen(body), 200, NULL,
					 &why);
		assert_int_equal(b->fault, FAULT_BAD_ANSWER);
		assert_true(*why.text);
		assert_int_equal(b->nr, 0);
		batch_free(b);
	}
	struct buf body;
	buf_init(&body, 0);
	buf_str(&body, "{\"status\":\"success\",\"data\":{\"resultType\":"
		       "\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"");
	for (int i = 0; i < 5000; i++)
		buf_char(&body, '1');
	buf_str(&body, "\"]}]}}");
	expect_body(&at_5, body.s, 200,
		    "bad answer: a value is no number in quotes");
	buf_release(&body);
}

static void a_point_of_another_time_is_shown(void **state)
{
	(void)state;
	expect_matrix("{\"metric\":{},\"values\":[[0.999,\"0\"],[1,\"1\"],"
		      "[9,\"9\"],[9.001,\"10\"],[6151724973.173,\"11\"]]}",
		      "warning 3 points outside the asked range dropped\n"
		      "7 {} 1000=1 9000=9\n");
	expect_matrix("{\"metric\":{},\"values\":[[1,\"1\"],[3,\"3\"],"
		      "[3,\"4\"],[2,\"2\"],[4,\"4\"]]}",
		      "warning 2 points repeated or going back in time "
		      "dropped\n7 {} 1000=1 3000=3 4000=4\n");
	expect_matrix("{\"metric\":{},\"values\":[[99,\"1\"]]}",
		      "warning 1 point outside the asked range dropped\n");
	unsigned dropped = 0;
	struct err why = { 0 };
	const char *body = MATRIX("{\"metric\":{},\"values\":[[0,\"1\"],"
				  "[2,\"2\"],[2,\"2\"]]}");
	struct batch *b = decode(&from_1_to_9, body, strlen(body), 200,
				 &dropped, &why);
	assert_int_equal(dropped, 2);
	assert_true(b->partial);
	batch_free(b);
}

static void an_instant_is_stored_when_the_server_says(void **state)
{
	(void)state;
	expect_body(&at_5, VALUE("\"1\""), 200, "7 {} 5000=1\n");
	expect_body(&at_5,
		    VECTOR("{\"metric\":{},\"value\":[1795487055,\"2\"]}"), 200,
		    "7 {} 5000=2\n");
	expect_body(&at_5, MATRIX("{\"metric\":{},\"values\":[[1,\"1\"],"
				  "[2,\"2\"]]}"), 200,
		    "warning 1 older point dropped: one moment was asked\n"
		    "7 {} 5000=2\n");
}

static void a_scalar_differs_from_the_same_vector(void **state)
{
	(void)state;
	static const char scalar[] =
		"{\"status\":\"success\",\"data\":{\"result\":[5,\"0.1\"],"
		"\"resultType\":\"scalar\"}}";
	expect_body(&at_5, scalar, 200, "7 {} 5000=0.1\n");
	expect_body(&from_1_to_9, scalar, 200, "7 {} 5000=0.1\n");
	expect_body(&at_5, VALUE("\"0.1\""), 200, "7 {} 5000=0.1\n");
	expect_body(&at_5,
		    "{\"status\":\"success\",\"data\":{\"resultType\":"
		    "\"string\",\"result\":[5,\"text\"]}}", 200, "");
	expect_body(&at_5,
		    "{\"status\":\"success\",\"data\":{\"resultType\":"
		    "\"scalar\",\"result\":[5,\"text\"]}}", 200,
		    "bad answer: a value is no number in quotes");
}

#define H(buckets) "{\"count\":\"3\",\"sum\":\"1.5\",\"buckets\":[" buckets "]}"

static void a_native_histogram_is_lost(void **state)
{
	(void)state;
	expect_matrix("{\"metric\":{\"a\":\"b\"},\"values\":[[1,\"1\"]],"
		      "\"histograms\":[[2," H("[3,\"-1\",\"1\",\"1\"],"
		      "[0,\"1\",\"+Inf\",\"2\"]") "]]}",
		      "7 {a=\"b\"} 1000=1\n"
		      "7 {a=\"b\"} 2000={3 1.5 3:-1..1=1 0:1..+Inf=2}\n");
	expect_matrix("{\"metric\":{}}", "");
	expect_matrix("{\"metric\":{},\"histograms\":[[1," H("[1,\"-2\","
		      "\"-1\",\"1\"],[2,\"-1\",\"1\",\"2\"]") "]]}",
		      "7 {} 1000={3 1.5 1:-2..-1=1 2:-1..1=2}\n");
	expect_matrix("{\"metric\":{},\"histograms\":[[1,{\"sum\":\"0\","
		      "\"count\":\"0\"}]]}", "7 {} 1000={0 0}\n");
	expect_vector("{\"histogram\":[5," H("[0,\"1\",\"2\",\"NaN\"]")
		      "],\"metric\":{}}",
		      "7 {} 5000={3 1.5 0:1..2=NaN}\n");
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[0,\"3\",\"4\","
		      "\"1\"],[0,\"1\",\"2\",\"2\"]") "]}",
		      "7 {} 5000={3 1.5 0:1..2=2 0:3..4=1}\n");
}

static void a_bucket_that_makes_no_sense_is_counted(void **state)
{
	(void)state;
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[4,\"1\",\"2\","
		      "\"1\"]") "]}",
		      "bad answer: a bucket's rule is not 0, 1, 2 or 3");
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[0,\"2\",\"1\","
		      "\"1\"]") "]}",
		      "bad answer: a bucket without bounds");
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[0,\"NaN\",\"1\","
		      "\"1\"]") "]}",
		      "bad answer: a bucket without bounds");
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[0,\"1\",\"2\","
		      "\"1\",\"1\"]") "]}",
		      "bad answer: a bucket has four parts");
	expect_vector("{\"metric\":{},\"histogram\":[5," H("[0,\"1\",\"2\"]")
		      "]}",
		      "bad answer: a value is no number in quotes");
	expect_vector("{\"metric\":{},\"histogram\":[5,{\"count\":\"1\"}]}",
		      "bad answer: a histogram without count and sum");
	expect_vector("{\"metric\":{},\"histogram\":[5,\"1\"]}",
		      "bad answer: a histogram is no object");
}

static void a_key_that_is_new_breaks_the_answer(void **state)
{
	(void)state;
	expect_body(&at_5,
		    "{\"stats\":{\"value\":[1,{\"metric\":[]}]},\"isPartial\":"
		    "false,\"trace\":{\"children\":[{\"data\":{}}]},"
		    "\"warnings\":null,\"infos\":[],\"data\":{\"analysis\":"
		    "{\"result\":[]},\"status\":\"x\",\"result\":[{\"new\":"
		    "[[1,2]],\"value\":[5,\"1\"],\"more\":{},\"metric\":{}}],"
		    "\"stats\":{},\"resultType\":\"vector\"},\"x\":[[[]]],"
		    "\"status\":\"success\"}", 200, "7 {} 5000=1\n");
	expect_vector("{\"metric\":{},\"histogram\":[5,{\"schema\":3,"
		      "\"count\":\"1\",\"zero\":{\"count\":\"7\"},\"sum\":"
		      "\"2\"}]}", "7 {} 5000={1 2}\n");
}

static void a_doubtful_number_is_shown_as_sure(void **state)
{
	(void)state;
	static const struct {
		const char *head, *printed;
		bool partial;
	} rows[] = {
		{ "", "", false },
		{ "\"isPartial\":true,",
		  "warning the server says that its answer is partial\n", true },
		{ "\"isPartial\":false,", "", false },
		{ "\"warnings\":[\"store down\"],", "warning store down\n",
		  true },
		{ "\"warnings\":[\"PromQL info: a\"],",
		  "info PromQL info: a\n", false },
		{ "\"warnings\":[\"PromQL warning: a\\nb\"],",
		  "warning PromQL warning: a b\n", true },
		{ "\"infos\":[\"a\",\"\\u001b[31m\"],",
		  "info a\ninfo \\x1b[31m\n", false },
		{ "\"warnings\":\"text\",", "warning text\n", true },
		{ "\"warnings\":[\"\",7,{\"a\":[\"b\"]}],", "", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char body[400];
		struct err why = { 0 };
		snprintf(body, sizeof(body), "{%s%s", rows[i].head,
			 &VECTOR("")[1]);
		expect_body(&at_5, body, 200, rows[i].printed);
		struct batch *b = decode(&at_5, body, strlen(body), 200, NULL,
					 &why);
		assert_int_equal(b->partial, rows[i].partial);
		batch_free(b);
	}
}

static void warnings_without_end_fill_the_screen(void **state)
{
	(void)state;
	struct buf body;
	struct err why = { 0 };
	buf_init(&body, 0);
	buf_str(&body, "{\"warnings\":[\"0\"");
	for (int i = 1; i < 40; i++)
		buf_printf(&body, ",\"%0*d\"", i * 20, i);
	buf_printf(&body, "],%s",
		   &MATRIX("{\"metric\":{},\"values\":[[99,\"1\"]]}")[1]);
	struct batch *b = decode(&from_1_to_9, body.s, body.len, 200, NULL,
				 &why);
	assert_int_equal(b->fault, FAULT_NONE);
	assert_int_equal(b->nr_warnings, LIMIT_WARNINGS);
	for (size_t i = 0; i < b->nr_warnings; i++)
		assert_true(strlen(b->warning[i]) <= LIMIT_SENTENCE);
	assert_string_equal(b->warning[14], "26 more warnings");
	assert_string_equal(b->warning[15],
			    "1 point outside the asked range dropped");
	batch_free(b);
	buf_release(&body);
}

static void one_series_is_drawn_twice(void **state)
{
	(void)state;
	expect_vector("{\"metric\":{\"a\":\"1\",\"b\":\"2\"},\"value\":[5,\"1\"]},"
		      "{\"metric\":{\"b\":\"2\",\"a\":\"1\",\"c\":\"\"},"
		      "\"value\":[5,\"2\"]}",
		      "bad answer: two series have the same labels "
		      "{a=\"1\",b=\"2\"}");
	expect_vector("{\"metric\":{},\"value\":[5,\"1\"]},{\"metric\":{},"
		      "\"value\":[5,\"2\"]}",
		      "bad answer: two series have the same labels {}");
	expect_matrix("{\"metric\":{}},{\"metric\":{}}",
		      "bad answer: two series have the same labels {}");
	expect_vector("{\"metric\":{\"b\":\"2\"},\"value\":[5,\"2\"]},"
		      "{\"metric\":{\"a\":\"2\"},\"value\":[5,\"1\"]}",
		      "7 {b=\"2\"} 5000=2\n7 {a=\"2\"} 5000=1\n");
	expect_vector("{\"metric\":{\"a\":\"1\",\"a\":\"2\"},"
		      "\"value\":[5,\"1\"]}",
		      "bad answer: a label stands twice in a series");
}

static void an_answer_is_given_to_another_question(void **state)
{
	(void)state;
	expect_body(&tagged,
		    VECTOR("{\"metric\":{\"a\":\"1\",\"redtop_q\":\"16\"},"
			   "\"value\":[5,\"1\"]},{\"metric\":{\"redtop_q\":"
			   "\"4294967295\",\"a\":\"1\"},\"value\":[5,\"2\"]}"),
		    200,
		    "16 {a=\"1\"} 5000=1\n4294967295 {a=\"1\"} 5000=2\n");
	static const char *const tags[] = {
		"\"a\":\"1\"", "\"redtop_q\":\"\"", "\"redtop_q\":\"-1\"",
		"\"redtop_q\":\"1x\"", "\"redtop_q\":\"4294967296\"",
		"\"redtop_q\":\"01\"", "\"redtop_q\":\" 1\"",
		"\"redtop_q\":\"18446744073709551617\"",
	};
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		char body[400];
		snprintf(body, sizeof(body),
			 VECTOR("{\"metric\":{%s},\"value\":[5,\"1\"]}"),
			 tags[i]);
		expect_body(&tagged, body, 200,
			    "bad answer: a series without its tag redtop_q");
	}
	expect_vector("{\"metric\":{\"redtop_q\":\"16\"},\"value\":[5,\"1\"]}",
		      "7 {redtop_q=\"16\"} 5000=1\n");
}

static void a_label_takes_over_the_terminal(void **state)
{
	(void)state;
	expect_vector("{\"metric\":{\"a\\u001b\":\"\\u001b]0;pwned\\u0007\","
		      "\"b\":\"\xe2\x80\xae" "abc\",\"c\":\"\\u0000x\\ud800\","
		      "\"d\":\"\xff\x1f\"},\"value\":[5,\"1\"]}",
		      "bad answer: broken JSON at byte 143: a control "
		      "character in a text");
	expect_vector("{\"metric\":{\"a\\u001b\":\"\\u001b]0;pwned\\u0007\","
		      "\"b\":\"\xe2\x80\xae" "abc\",\"c\":\"\\u0000x\\ud800\","
		      "\"d\":\"\xff\x7f\"},\"value\":[5,\"1\"]}",
		      "7 {a\\x1b=\"\\\\x1b]0;pwned\\\\x07\",b=\"\\\\u{202e}"
		      "abc\",c=\"\\\\x00x\\\\u{d800}\",d=\"\\\\xff\\\\x7f\"} "
		      "5000=1\n");
	expect_body(&at_5,
		    "{\"status\":\"error\",\"errorType\":\"bad_data\","
		    "\"error\":\"\\u001b[2J\\n\xe2\x80\xae\"}", 400,
		    "bad query: bad query: \\x1b[2J \\u{202e}");
}

static void an_answer_that_is_none_passes(void **state)
{
	(void)state;
	static const struct {
		const char *body, *expected;
	} rows[] = {
		{ "", "bad answer: an empty answer" },
		{ " \n", "bad answer: the answer ends too early, at byte 2" },
		{ "{}", "not the api: JSON, but no answer of this API" },
		{ "{\"status\":\"success\"}",
		  "bad answer: an answer without a result" },
		{ "{\"status\":\"success\",\"data\":[\"a\"]}",
		  "bad answer: an answer without a result" },
		{ "{\"status\":\"success\",\"data\":{\"resultType\":"
		  "\"vector\"}}",
		  "bad answer: an answer without a result" },
		{ "{\"status\":\"success\",\"data\":{\"result\":[]}}",
		  "bad answer: an answer without a result type" },
		{ "{\"status\":\"success\",\"data\":{\"resultType\":"
		  "\"streams\",\"result\":[]}}",
		  "bad answer: result type streams is none of this API" },
		{ "{\"status\":\"success\",\"data\":{\"resultType\":"
		  "\"vector\",\"result\":{}}}",
		  "bad answer: the result is no list" },
		{ "{\"status\":\"success\",\"data\":{\"resultType\":"
		  "\"vector\",\"result\":null}}", "" },
		{ VECTOR("{\"metric\":{},\"values\":[]}"),
		  "bad answer: the result is not the vector that it says" },
		{ MATRIX("{\"metric\":{},\"value\":[5,\"1\"]}"),
		  "bad answer: the result is not the matrix that it says" },
		{ VECTOR("{\"metric\":{}}"),
		  "bad answer: the result is not the vector that it says" },
		{ VECTOR("5,\"1\""),
		  "bad answer: the result is not the vector that it says" },
		{ VECTOR("5"), "bad answer: a point has two parts" },
		{ VECTOR("5,\"1\",2"), "bad answer: the result is neither "
				       "series nor a number" },
		{ VECTOR("{\"value\":[5,\"1\"]}"),
		  "bad answer: a series without labels" },
		{ VECTOR("{\"metric\":{\"a\":1},\"value\":[5,\"1\"]}"),
		  "bad answer: a label's value is no text" },
		{ VECTOR("{\"metric\":{\"a\":{}},\"value\":[5,\"1\"]}"),
		  "bad answer: a label's value is no text" },
		{ VECTOR("{\"metric\":{},\"value\":[\"5\",\"1\"]}"),
		  "bad answer: a time is no number" },
		{ VECTOR("{\"metric\":{},\"value\":[5,\"1\",2]}"),
		  "bad answer: a point has two parts" },
		{ VECTOR("{\"metric\":{},\"value\":[5]}"),
		  "bad answer: a value is no number in quotes" },
		{ VECTOR("{\"metric\":{},\"metric\":{},\"value\":[5,\"1\"]}"),
		  "bad answer: a key stands twice in the answer" },
		{ VECTOR("{\"metric\":{},\"value\":\"1\"}"),
		  "bad answer: a series' points are no list" },
		{ MATRIX("{\"metric\":{},\"values\":[5,\"1\"]}"),
		  "bad answer: a point is no list" },
		{ VECTOR("") "x", "bad answer: broken JSON at byte 63: more "
				  "after the end" },
		{ VECTOR("") VECTOR(""), "bad answer: broken JSON at byte 63: "
					 "more after the end" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect_body(&at_5, rows[i].body, 200, rows[i].expected);
	expect_body(&at_5, VECTOR("") " \r\n\t", 200, "");
}

static void an_error_with_status_200_is_data(void **state)
{
	(void)state;
	expect_body(&at_5,
		    "{\"status\":\"error\",\"errorType\":\"execution\","
		    "\"error\":\"boom\",\"data\":{\"resultType\":\"vector\","
		    "\"result\":[]}}", 200, "bad query: bad query: boom");
	expect_body(&at_5, VECTOR(""), 500,
		    "server error: the server failed (500)"
		    "; see the server's log");
	expect_body(&at_5, "{\"message\":\"no such thing\"}", 403,
		    "auth: these credentials do not allow it (403)"
		    "; give --token-file or --http-config");
	expect_body(&at_5, "{\"message\":\"boom\"}", 400,
		    "bad query: bad query: boom");
	expect_body(&at_5, "{\"status\":\"error\",\"errorType\":\"bad_data\","
			   "\"error\":\"bo", 400, "bad query: bad query");
}

/* A body of `series` series with `points` points each from second 1 on. */
static void make(struct prom_parser *p, size_t series, size_t points,
		 const char *labels)
{
	struct buf s;
	buf_init(&s, 0);
	buf_str(&s, "{\"status\":\"success\",\"data\":{\"resultType\":"
		    "\"matrix\",\"result\":[");
	for (size_t i = 0; i < series; i++) {
		buf_printf(&s, "%s{\"metric\":{\"s\":\"%zu\"%s},\"values\":[",
			   i ? "," : "", i, labels);
		for (size_t k = 0; k < points; k++)
			buf_printf(&s, "%s[%zu,\"%zu\"]", k ? "," : "", k + 1,
				   k % 10);
		buf_str(&s, "]}");
		prom_parser_feed(p, s.s, s.len);
		buf_clear(&s);
	}
	buf_str(&s, "]}}");
	prom_parser_feed(p, s.s, s.len);
	buf_release(&s);
}

static const struct prom_ask wide = { .question = 7, .from = 0,
				      .to = 1000000000, .step = 1000 };

static void check_ceiling(size_t series, size_t points, const char *labels,
			  size_t kept, unsigned dropped, const char *warning)
{
	struct batch *b = batch_new(0);
	struct err why = { 0 };
	struct prom_parser *p = prom_parser_new(&wide, b, NULL);
	make(p, series, points, labels);
	assert_int_equal(prom_parser_end(p, 200, NULL, &why), FAULT_NONE);
	assert_int_equal(prom_parser_dropped(p), dropped);
	size_t nr = 0;
	for (size_t i = 0; i < b->nr; i++)
		nr += b->frame[i].nr;
	assert_int_equal(nr, kept);
	assert_true(b->partial);
	assert_int_equal(b->nr_warnings, 1);
	assert_string_equal(b->warning[0], warning);
	prom_parser_free(p);
	batch_free(b);
}

static void an_endless_answer_eats_the_memory(void **state)
{
	(void)state;
	check_ceiling(1, LIMIT_POINTS + 3, "", LIMIT_POINTS + 1, 2,
		      "2 points above the ceiling dropped");
	check_ceiling(2000, 1001, "", LIMIT_ANSWER_POINTS, 2000,
		      "2000 points above the ceiling dropped");
	check_ceiling(LIMIT_ANSWER_SERIES + 5, 1, "", LIMIT_ANSWER_SERIES, 5,
		      "5 series above the ceiling dropped");
	struct buf labels;
	buf_init(&labels, 0);
	for (size_t i = 0; i < LIMIT_LABELS; i++)
		buf_printf(&labels, ",\"l%zu\":\"v\"", i);
	check_ceiling(3, 2, labels.s, 6, 0, "3 labels above the ceiling cut");
	buf_clear(&labels);
	buf_printf(&labels, ",\"a\":\"%0*d\"", (int)LIMIT_LABEL_VALUE + 1, 0);
	check_ceiling(2, 2, labels.s, 4, 0, "2 labels above the ceiling cut");
	buf_release(&labels);
}

static void labels_that_differ_behind_the_ceiling_break_the_answer(void **state)
{
	(void)state;
	struct buf body;
	buf_init(&body, 0);
	buf_str(&body, "{\"status\":\"success\",\"data\":{\"resultType\":"
		       "\"vector\",\"result\":[");
	for (int i = 0; i < 2; i++)
		buf_printf(&body, "%s{\"metric\":{\"a\":\"%02000d%d\"},"
			   "\"value\":[5,\"1\"]}", i ? "," : "", 0, i);
	buf_str(&body, "]}}");
	struct err why = { 0 };
	struct batch *b = decode(&at_5, body.s, body.len, 200, NULL, &why);
	assert_int_equal(b->fault, FAULT_NONE);
	assert_int_equal(b->nr, 1);
	assert_true(b->partial);
	assert_int_equal(strlen(b->frame[0].labels.l[0].value),
			 LIMIT_LABEL_VALUE);
	batch_free(b);
	buf_release(&body);
}

static void a_histogram_with_a_million_buckets_is_kept(void **state)
{
	(void)state;
	struct buf body;
	buf_init(&body, 0);
	buf_str(&body, "{\"status\":\"success\",\"data\":{\"resultType\":"
		       "\"vector\",\"result\":[{\"metric\":{},\"histogram\":[5,"
		       "{\"count\":\"1\",\"sum\":\"1\",\"buckets\":[");
	for (size_t i = 0; i <= LIMIT_BUCKETS; i++)
		buf_printf(&body, "%s[0,\"%zu\",\"%zu\",\"1\"]", i ? "," : "",
			   i, i + 1);
	buf_str(&body, "]}]}]}}");
	expect_body(&at_5, body.s, 200,
		    "warning 1 histogram with too many buckets dropped\n");
	buf_release(&body);
}

static void the_arena_grows_beyond_its_ceiling(void **state)
{
	(void)state;
	for (size_t max = 1; max < 60000; max = max * 3 / 2 + 1) {
		struct batch *b = batch_new(max);
		struct err why = { 0 };
		struct prom_parser *p = prom_parser_new(&wide, b, NULL);
		make(p, 100, 10, "");
		enum fault f = prom_parser_end(p, 200, NULL, &why);
		assert_true(f == FAULT_NONE || f == FAULT_TOO_BIG);
		assert_true(b->arena.total <= max);
		assert_true(f || (b->nr == 100) == !b->partial);
		prom_parser_free(p);
		batch_free(b);
	}
}

static void an_answer_costs_more_than_its_points(void **state)
{
	(void)state;
	struct batch *b = batch_new(0);
	struct err why = { 0 };
	struct prom_parser *p = prom_parser_new(&wide, b, NULL);
	make(p, 2400, 241, ",\"le\":\"0.25\"");
	assert_int_equal(prom_parser_end(p, 200, NULL, &why), FAULT_NONE);
	assert_int_equal(b->nr, 2400);
	/* Times are shared; 160 bytes a series for labels and the frame. */
	assert_in_range(b->arena.total, 0,
			2400 * (241 * sizeof(double) + 160) + (2 << 20));
	prom_parser_free(p);
	batch_free(b);
}

static void quit_waits_for_a_large_answer(void **state)
{
	(void)state;
	atomic_bool cancel = false;
	struct batch *b = batch_new(0);
	struct err why = { 0 };
	struct prom_parser *p = prom_parser_new(&wide, b, &cancel);
	make(p, 10, 10, "");
	cancel = true;
	size_t before = b->arena.total;
	struct buf more;
	buf_init(&more, 0);
	while (more.len < 70000)
		buf_char(&more, ' ');
	prom_parser_feed(p, more.s, more.len);
	make(p, 5000, 10, "");
	assert_int_equal(b->arena.total, before);
	assert_int_equal(prom_parser_end(p, 200, NULL, &why), FAULT_CANCELLED);
	assert_int_equal(b->nr, 0);
	buf_release(&more);
	prom_parser_free(p);
	batch_free(b);
}

static void check_fault(long status, const char *type, const char *text,
			const char *body, enum fault fault,
			const char *sentence)
{
	struct err why = { 0 };
	enum fault f = prom_fault(status, type, text, body,
				  body ? strlen(body) : 0, &why);
	assert_string_equal(why.text, sentence);
	assert_string_equal(fault_name(f), fault_name(fault));
	assert_int_equal(why.code,
			 f == FAULT_AUTH ? EXIT_REFUSED : EXIT_UNREACHABLE);
}

static void a_refusal_sends_the_person_to_the_wrong_place(void **state)
{
	(void)state;
	static const struct {
		long status;
		const char *type, *text, *body;
		enum fault fault;
		const char *sentence;
	} rows[] = {
		{ 400, "bad_data", "invalid parameter \"query\": unknown "
		  "position: parse error: no expression found in input", NULL,
		  FAULT_BAD_QUERY, "bad query: unknown position: parse error: "
		  "no expression found in input" },
		{ 422, "422", "too long query; got 20000 bytes; mustn't exceed "
		  "`-search.maxQueryLen=16384` bytes", NULL, FAULT_TOO_BIG,
		  "the query is longer than the server takes: too long query; "
		  "got 20000 bytes; mustn't exceed `-search.maxQueryLen=16384`"
		  " bytes" },
		{ 422, "422", "number of matching timeseries exceeds 300000",
		  NULL, FAULT_TOO_BIG, "more data than the server reads for "
		  "one query: narrow it: number of matching timeseries exceeds "
		  "300000" },
		{ 422, "422", "cannot select more than -search."
		  "maxSamplesPerQuery=1 samples", NULL, FAULT_TOO_BIG,
		  "more data than the server reads for one query: narrow it: "
		  "cannot select more than -search.maxSamplesPerQuery=1 "
		  "samples" },
		{ 422, "422", "too many points; -search.maxPointsPerTimeseries"
		  "=30000", NULL, FAULT_TOO_BIG, "too many points a series: "
		  "take a shorter range or a wider step: too many points; "
		  "-search.maxPointsPerTimeseries=30000" },
		{ 503, "canceled", "query was canceled in x", NULL,
		  FAULT_SERVER, "the server cancelled the query (503): query "
		  "was canceled in x" },
		{ 499, "canceled", "", NULL, FAULT_SERVER,
		  "the server cancelled the query (499)" },
		{ 503, "unavailable", "TSDB not ready", NULL, FAULT_STARTING,
		  "the server is starting: it still reads its log" },
		{ 503, NULL, NULL, "Service Unavailable", FAULT_STARTING,
		  "the server is starting: it still reads its log" },
		{ 503, NULL, NULL, "<html><title>503 Service Unavailable</title>",
		  FAULT_SERVER,
		  "the server failed (503) (HTML: 503 Service Unavailable)"
		  "; see the server's log" },
		{ 504, NULL, NULL, "<html><TITLE>504\nGateway Time-out"
		  "</TITLE>", FAULT_SERVER, "the server behind the proxy does "
		  "not answer in time (504) (HTML: 504 Gateway Time-out); look "
		  "at both" },
		{ 502, NULL, NULL, "all the backends are unavailable",
		  FAULT_SERVER, "the proxy reaches no server behind it (502): "
		  "all the backends are unavailable; look at both" },
		{ 500, "internal", "boom", NULL, FAULT_SERVER,
		  "the server failed (500): boom; see the server's log" },
		{ 429, NULL, NULL, "slow down\nplease", FAULT_THROTTLED,
		  "the server asks for fewer requests (429): slow down" },
		{ 422, "too_many_requests", "x", NULL, FAULT_THROTTLED,
		  "the server asks for fewer requests (422): x" },
		{ 422, "execution", "failed to get from store-gateway x", NULL,
		  FAULT_SERVER, "the server's store-gateway failed: failed to "
		  "get from store-gateway x; see the server's log" },
		{ 422, "execution", "the query exceeded the maximum number of "
		  "chunks (err-mimir-max-chunks-per-query)", NULL,
		  FAULT_TOO_BIG, "more data than the server reads for one "
		  "query: narrow it: the query exceeded the maximum number of "
		  "chunks (err-mimir-max-chunks-per-query)" },
		{ 413, NULL, NULL, "<html><title>413 Request Entity Too Large"
		  "</title>", FAULT_TOO_BIG, "the question is longer than the "
		  "server or a proxy before it takes (413) (HTML: 413 Request "
		  "Entity Too Large)" },
		{ 414, NULL, NULL, "", FAULT_TOO_BIG, "the question is longer "
		  "than the server or a proxy before it takes (414)" },
		{ 401, NULL, NULL, "no org id", FAULT_AUTH, "the server wants "
		  "a tenant (no org id): set X-Scope-OrgID" },
		{ 401, NULL, NULL, "cannot authorize request with auth tokens "
		  "[\"basic c2VjcmV0\"]", FAULT_AUTH,
		  "credentials are missing or refused (401)"
		  "; give --token-file or --http-config" },
		{ 407, NULL, NULL, "", FAULT_AUTH,
		  "the proxy wants credentials (407); check https_proxy" },
		{ 400, "", "Authentication to data source failed", NULL,
		  FAULT_AUTH, "Grafana's own credentials are refused by its "
		  "data source: correct them there" },
		{ 400, NULL, NULL, "Client sent an HTTP request to an HTTPS "
		  "server.\n", FAULT_TLS,
		  "the port speaks TLS: write https:// in the URL" },
		{ 400, NULL, NULL, "<html>\r\n<head><title>400 The plain HTTP "
		  "request was sent to HTTPS port</title></head>", FAULT_TLS,
		  "the port speaks TLS: write https:// in the URL" },
		{ 200, NULL, NULL, "<!DOCTYPE html><title>Sign in - Shop"
		  "</title>", FAULT_AUTH, "a login page, not the API: "
		  "credentials are missing (HTML: Sign in - Shop)"
		  "; give --token-file or --http-config" },
		{ 200, NULL, NULL, "<html><input type=\"password\">",
		  FAULT_AUTH, "a login page, not the API: credentials are "
		  "missing (HTML); give --token-file or --http-config" },
		{ 200, NULL, NULL, "\xef\xbb\xbf <html><title> Graf\x1b" "ana "
		  "</title>", FAULT_NOT_API,
		  "a web page, not the API (HTML: Graf\\x1bana)"
		  "; check the URL and its port" },
		{ 200, NULL, NULL, "# HELP up x\n# TYPE up gauge",
		  FAULT_NOT_API, "a page of metrics, not the API: give the "
		  "Prometheus that scrapes it" },
		{ 200, NULL, NULL, "ok", FAULT_NOT_API,
		  "not a Prometheus API: ok; check the URL and its port" },
		{ 404, NULL, NULL, "<html><title>404 Not Found</title>",
		  FAULT_NOT_API, "no Prometheus API at this path (404): check "
		  "the URL and its prefix (HTML: 404 Not Found)" },
		{ 501, NULL, NULL, "", FAULT_NOT_API,
		  "the server does not take this method here (501)" },
		{ 307, NULL, NULL, "", FAULT_REDIRECT, "a redirect (307), not "
		  "followed: use the URL that it leads to" },
		{ 418, NULL, NULL, "tea", FAULT_NOT_API,
		  "not a Prometheus API (418): tea; check the URL and its port" },
		{ 409, "", "conflict", NULL, FAULT_BAD_QUERY,
		  "refused (409): conflict" },
		{ 200, "strange", "", NULL, FAULT_BAD_ANSWER,
		  "an error without a reason (200); see the server's log" },
		{ 0, NULL, NULL, NULL, FAULT_NOT_API,
		  "not a Prometheus API; check the URL and its port" },
		{ 500, "internal", "Get \"http://u:p@db:1/x?a=b@c\": no", NULL,
		  FAULT_SERVER,
		  "the server failed (500): Get \"http://db:1/x?a=b@c\": no"
		  "; see the server's log" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_fault(rows[i].status, rows[i].type, rows[i].text,
			    rows[i].body, rows[i].fault, rows[i].sentence);
}

static void a_refusal_is_longer_than_a_line(void **state)
{
	(void)state;
	char text[3000];
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memcpy(text + 100, "\n\xe2\x80\xae\xff", 5);
	for (long status = 0; status < 700; status++) {
		for (int form = 0; form < 3; form++) {
			struct err why = { 0 };
			const char *error = form == 0 ? text : NULL;
			text[0] = form == 2 ? '<' : 'a';
			enum fault f = prom_fault(status, NULL, error, text,
						  sizeof(text), &why);
			assert_int_not_equal(f, FAULT_NONE);
			assert_in_range(strlen(why.text), 1, 260);
			assert_true(text_is_clean(why.text));
		}
	}
}

static void a_fault_that_stays_is_asked_again(void **state)
{
	(void)state;
	static const long passing[] = { 429, 502, 503, 504 };
	static const long staying[] = { 200, 301, 400, 401, 403, 404,
					405, 413, 414, 422, 500, 501 };
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		assert_true(prom_fault_passing(passing[i], NULL));
	for (size_t i = 0; i < sizeof(staying) / sizeof(*staying); i++)
		assert_false(prom_fault_passing(staying[i], "boom"));
	struct err why = { 0 };
	prom_fault(422, "execution",
		   "expanding series: context deadline exceeded", NULL, 0,
		   &why);
	assert_true(prom_fault_passing(422, why.text));
	prom_fault(422, "execution", "no store-gateway", NULL, 0, &why);
	assert_true(prom_fault_passing(422, why.text));
	assert_false(prom_fault_passing(400, "context deadline exceeded"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_value_differs_from_the_servers_in_its_last_bit),
		cmocka_unit_test(a_number_that_is_none_is_read),
		cmocka_unit_test(a_point_lands_on_another_millisecond),
		cmocka_unit_test(a_value_that_is_none_becomes_a_number),
		cmocka_unit_test(a_point_of_another_time_is_shown),
		cmocka_unit_test(an_instant_is_stored_when_the_server_says),
		cmocka_unit_test(a_scalar_differs_from_the_same_vector),
		cmocka_unit_test(a_native_histogram_is_lost),
		cmocka_unit_test(a_bucket_that_makes_no_sense_is_counted),
		cmocka_unit_test(a_key_that_is_new_breaks_the_answer),
		cmocka_unit_test(a_doubtful_number_is_shown_as_sure),
		cmocka_unit_test(warnings_without_end_fill_the_screen),
		cmocka_unit_test(one_series_is_drawn_twice),
		cmocka_unit_test(an_answer_is_given_to_another_question),
		cmocka_unit_test(a_label_takes_over_the_terminal),
		cmocka_unit_test(an_answer_that_is_none_passes),
		cmocka_unit_test(an_error_with_status_200_is_data),
		cmocka_unit_test(an_endless_answer_eats_the_memory),
		cmocka_unit_test(
			labels_that_differ_behind_the_ceiling_break_the_answer),
		cmocka_unit_test(a_histogram_with_a_million_buckets_is_kept),
		cmocka_unit_test(the_arena_grows_beyond_its_ceiling),
		cmocka_unit_test(an_answer_costs_more_than_its_points),
		cmocka_unit_test(quit_waits_for_a_large_answer),
		cmocka_unit_test(a_refusal_sends_the_person_to_the_wrong_place),
		cmocka_unit_test(a_refusal_is_longer_than_a_line),
		cmocka_unit_test(a_fault_that_stays_is_asked_again),
	};
	return cmocka_run_group_tests_name("prom_parse", tests, NULL, NULL);
}
