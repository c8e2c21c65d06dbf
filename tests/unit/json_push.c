#include "sources/json_push.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The tokens of a document, fed in pieces, as one line. */
static void tokens(const char *s, size_t n, size_t piece, struct buf *out)
{
	static const char marks[] = { [JSON_OBJECT] = '{',
				      [JSON_OBJECT_END] = '}',
				      [JSON_ARRAY] = '[',
				      [JSON_ARRAY_END] = ']',
				      [JSON_KEY] = 'k',
				      [JSON_STRING] = 's',
				      [JSON_NUMBER] = 'n',
				      [JSON_TRUE] = 't',
				      [JSON_FALSE] = 'f',
				      [JSON_NULL] = '0' };
	struct json_push j;
	enum json_token token = JSON_MORE;
	buf_clear(out);
	json_push_init(&j);
	for (size_t at = 0; at < n && token != JSON_BROKEN; at += piece) {
		size_t k = piece < n - at ? piece : n - at;
		char *copy = mem_alloc(k);
		memcpy(copy, s + at, k);
		json_push_feed(&j, copy, k);
		while ((token = json_push_next(&j)) > JSON_BROKEN) {
			buf_char(out, marks[token]);
			if (token >= JSON_KEY && token <= JSON_NUMBER) {
				buf_add(out, j.s, j.n);
				buf_char(out, j.cut ? '~' : ' ');
			}
		}
		free(copy);
	}
	if (token == JSON_BROKEN)
		buf_printf(out, "broken at %d", (int)json_push_at(&j));
	else if (!json_push_whole(&j))
		buf_str(out, "not whole");
	json_push_release(&j);
}

static void expect(const char *s, size_t n, const char *expected, size_t len)
{
	struct buf out;
	buf_init(&out, 0);
	for (size_t piece = 1; piece <= n; piece += 1 + n / 50) {
		tokens(s, n, piece, &out);
		assert_int_equal(out.len, len);
		assert_memory_equal(out.s, expected, len);
	}
	buf_release(&out);
}

static void expect_text(const char *s, const char *expected)
{
	expect(s, strlen(s), expected, strlen(expected));
}

static void good_json_is_refused(void **state)
{
	(void)state;
	expect_text("{}", "{}");
	expect_text(" [ ] \r\n\t", "[]");
	expect_text("{\"a\":1,\"b\":[true,false,null,-0.5e+10,\"x\"]}",
		    "{ka n1 kb [tf0n-0.5e+10 sx ]}");
	expect_text("[0,-0,10.25,1E5,1e-7]", "[n0 n-0 n10.25 n1E5 n1e-7 ]");
	expect_text("[[],{},[{}]]", "[[]{}[{}]]");
	expect_text("{\"\":\"\"}", "{k s }");
}

static void escapes_are_misread(void **state)
{
	(void)state;
	expect_text("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
		    "[s\"\\/\b\f\n\r\t ]");
	expect_text("[\"\\u0041\\u00e9\\u65E5\\ud83d\\ude00z\"]",
		    "[sAé日😀z ]");
	expect("[\"a\\u0000b\"]", 12, "[sa\0b ]", 7);
}

static void half_a_character_makes_bytes_that_are_no_utf8(void **state)
{
	(void)state;
	expect_text("[\"\\ud83d\"]", "[s\\u{d83d} ]");
	expect_text("[\"\\ude00x\"]", "[s\\u{de00}x ]");
	expect_text("[\"\\ud83d\\ud83d\\ude00\"]", "[s\\u{d83d}😀 ]");
	expect_text("[\"\\ud83d\\n\"]", "[s\\u{d83d}\n ]");
	expect_text("[\"\\ud83dx\\ude00\"]", "[s\\u{d83d}x\\u{de00} ]");
}

static void broken_json_is_taken_for_good(void **state)
{
	(void)state;
	static const struct {
		const char *s, *out;
	} rows[] = {
		{ "x", "broken at 0" },
		{ "1", "broken at 0" },
		{ "\"a\"", "broken at 0" },
		{ "{", "{not whole" },
		{ "[1", "[not whole" },
		{ "[\"a", "[not whole" },
		{ "[1,]", "[n1 broken at 3" },
		{ "[,1]", "[broken at 1" },
		{ "[1 2]", "[n1 broken at 3" },
		{ "[1}", "[n1 broken at 2" },
		{ "{]", "{broken at 1" },
		{ "{1:2}", "{broken at 1" },
		{ "{\"a\"}", "{ka broken at 4" },
		{ "{\"a\" 1}", "{ka broken at 5" },
		{ "{\"a\":}", "{ka broken at 5" },
		{ "{\"a\":1,}", "{ka n1 broken at 7" },
		{ "{\"a\":1 \"b\":2}", "{ka n1 broken at 7" },
		{ "[01]", "[broken at 3" },
		{ "[1.]", "[broken at 3" },
		{ "[.5]", "[broken at 1" },
		{ "[-]", "[broken at 2" },
		{ "[+1]", "[broken at 1" },
		{ "[1e]", "[broken at 3" },
		{ "[1e+]", "[broken at 4" },
		{ "[1-2]", "[broken at 4" },
		{ "[NaN]", "[broken at 4" },
		{ "[tru]", "[broken at 4" },
		{ "[truee]", "[broken at 6" },
		{ "['a']", "[broken at 1" },
		{ "[\"\\x\"]", "[broken at 3" },
		{ "[\"\\u12g4\"]", "[broken at 6" },
		{ "[\"a\nb\"]", "[broken at 3" },
		{ "[]]", "[]broken at 2" },
		{ "{}{}", "{}broken at 2" },
		{ "[] x", "[]broken at 3" },
		{ "/**/[]", "broken at 0" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect_text(rows[i].s, rows[i].out);
}

static void nesting_without_end_is_followed(void **state)
{
	(void)state;
	struct buf s, out;
	buf_init(&s, 0);
	buf_init(&out, 0);
	for (int i = 0; i < LIMIT_NESTING; i++)
		buf_char(&s, '[');
	size_t open = s.len;
	for (int i = 0; i < LIMIT_NESTING; i++)
		buf_char(&s, ']');
	tokens(s.s, s.len, 7, &out);
	assert_string_equal(out.s, s.s);
	buf_clear(&s);
	for (size_t i = 0; i <= open; i++)
		buf_char(&s, '[');
	tokens(s.s, s.len, 7, &out);
	assert_string_equal(out.s + open, "broken at 64");
	buf_release(&s);
	buf_release(&out);
}

static void a_text_without_end_is_kept_whole(void **state)
{
	(void)state;
	struct buf s, out;
	buf_init(&s, 0);
	buf_init(&out, 0);
	buf_str(&s, "[\"");
	for (size_t i = 0; i < JSON_TEXT_MAX + 10; i++)
		buf_char(&s, 'a');
	buf_str(&s, "\",\"b\"]");
	for (size_t piece = 1; piece < s.len; piece += 997) {
		tokens(s.s, s.len, piece, &out);
		assert_int_equal(out.len, JSON_TEXT_MAX + 7);
		assert_string_equal(out.s + JSON_TEXT_MAX, "aa~sb ]");
	}
	tokens(s.s, s.len, s.len, &out);
	assert_string_equal(out.s + JSON_TEXT_MAX, "aa~sb ]");
	buf_release(&s);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_json_is_refused),
		cmocka_unit_test(escapes_are_misread),
		cmocka_unit_test(half_a_character_makes_bytes_that_are_no_utf8),
		cmocka_unit_test(broken_json_is_taken_for_good),
		cmocka_unit_test(nesting_without_end_is_followed),
		cmocka_unit_test(a_text_without_end_is_kept_whole),
	};
	return cmocka_run_group_tests_name("json_push", tests, NULL, NULL);
}
