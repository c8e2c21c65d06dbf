#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define BAD 0xFFFFFFFFu

static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void check_clean(const char *s, size_t n, const char *want)
{
	struct buf b;
	buf_init(&b, 0);
	bool changed = text_clean(&b, s, n);
	assert_string_equal(buf_text(&b), want);
	assert_int_equal(changed, n != strlen(want) || memcmp(s, want, n) != 0);
	assert_true(text_is_clean(buf_text(&b)));
	buf_release(&b);
}

#define CLEAN(s, want) check_clean(s, sizeof(s) - 1, want)

static void a_label_cannot_reach_the_terminal(void **state)
{
	(void)state;
	CLEAN("checkout", "checkout");
	CLEAN("", "");
	CLEAN("\x1b]0;pwned\x07", "\\x1b]0;pwned\\x07");
	CLEAN("a\0b", "a\\x00b");
	CLEAN("a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f");
	CLEAN("\xc2\x9b" "31m", "\\x9b31m");
	CLEAN("\xe2\x80\xae" "gnp.exe", "\\u{202e}gnp.exe");
	CLEAN("a\xe2\x80\x8b" "b", "a\\u{200b}b");
	CLEAN("\xef\xbb\xbfx", "\\u{feff}x");
	CLEAN("\xe2\x80\xa8", "\\u{2028}");
	CLEAN("\xee\x80\x80", "\\u{e000}");
	CLEAN("\xf3\xa0\x81\x81", "\\u{e0041}");
	CLEAN("a\xef\xb8\x8f", "a\\u{fe0f}");
	CLEAN("\xf4\x8f\xbf\xbf", "\\u{10ffff}");
	CLEAN("\xe3\x85\xa4", "\\u{3164}");
	CLEAN("\xe4\xb7\x80", "\\u{4dc0}");
	CLEAN("C:\\new", "C:\\new");
}

static void broken_bytes_stay_visible(void **state)
{
	(void)state;
	CLEAN("\xff", "\\xff");
	CLEAN("\xc3", "\\xc3");
	CLEAN("a\xe2\x82", "a\\xe2\\x82");
	CLEAN("\xc0\xaf", "\\xc0\\xaf");
	CLEAN("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	CLEAN("\xed\xa0\x80", "\\xed\\xa0\\x80");
	CLEAN("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	CLEAN("\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80");
	CLEAN("\x80", "\\x80");
}

static void peoples_own_letters_stay(void **state)
{
	(void)state;
	CLEAN("größe", "größe");
	CLEAN("支払い", "支払い");
	CLEAN("платёж", "платёж");
	CLEAN("💳", "💳");
	CLEAN("–…±", "–…±");
	CLEAN("a\xc2\xa0" "b\xe3\x80\x80" "c", "a b c");
	CLEAN("e\xcc\x81", "e\xcc\x81");
	/* Hangul in pieces, as file systems write it */
	CLEAN("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
	      "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab");
	CLEAN("\xe1\x85\xa1", "\\u{1161}");
}

static void a_heap_of_accents_stays_in_its_line(void **state)
{
	(void)state;
	CLEAN("e\xcc\x81\xcc\x82\xcc\x83", "e\xcc\x81\xcc\x82\\u{303}");
	CLEAN("\xcc\x81" "e", "\\u{301}e");
	CLEAN("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84" "f\xcc\x81",
	      "e\xcc\x81\xcc\x82\\u{303}\\u{304}" "f\xcc\x81");
	/* not on the brace of an escape either */
	CLEAN("\x1b\xcc\x81", "\\x1b\\u{301}");
	CLEAN("\xff\xcc\x81", "\\xff\\u{301}");
	assert_false(text_is_clean("\xcc\x81"));
	assert_false(text_is_clean("e\xcc\x81\xcc\x82\xcc\x83"));
	assert_true(text_is_clean("e\xcc\x81\xcc\x82"));
	assert_false(text_is_clean("a\xff"));
}

static bool is_allowed(uint32_t u)
{
	if (u == ' ')
		return true;
	switch (utf8proc_category((utf8proc_int32_t)u)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_ZS:
		return false;
	default:
		return true;
	}
}

static void check_passed(const char *s, size_t n)
{
	while (n) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		assert_true(u != BAD);
		if (!is_allowed(u))
			fail_msg("U+%04X came through", u);
		s += k;
		n -= k;
	}
}

/* After a letter, so that marks have a base. */
static void no_code_point_of_all_can_do_harm(void **state)
{
	(void)state;
	struct buf in, once, twice;
	buf_init(&in, 0);
	buf_init(&once, 0);
	buf_init(&twice, 0);
	size_t kept = 0;
	for (uint32_t u = 0; u <= 0x10ffff; u++) {
		buf_clear(&in);
		buf_clear(&once);
		buf_clear(&twice);
		buf_char(&in, 'a');
		buf_utf8(&in, u);
		bool changed = text_clean(&once, in.s, in.len);
		check_passed(once.s, once.len);
		assert_true(text_is_clean(once.s));
		assert_false(text_clean(&twice, once.s, once.len));
		assert_string_equal(once.s, twice.s);
		if (u)
			assert_int_equal(changed, strcmp(in.s, once.s) != 0);
		if (u && text_code_point_is_clean(u) == changed)
			fail_msg("U+%04X: two opinions", u);
		int w = text_width(once.s);
		assert_true(w >= 1 && w <= 1 + 12);
		kept += !changed;
	}
	/* all the world's letters, and not everything */
	assert_true(kept > 140000 && kept < 170000);
	buf_release(&in);
	buf_release(&once);
	buf_release(&twice);
}

static void random_bytes_are_clean_after_one_pass(void **state)
{
	(void)state;
	uint64_t seed = 1;
	for (int i = 0; i < 30000; i++) {
		char s[60];
		size_t n = next(&seed) % sizeof(s);
		size_t max = i & 1 ? next(&seed) % 40 : 0;
		for (size_t k = 0; k < n; k++) {
			static const char likely[] = "\xcc\x81\xe2\x80\xae\x1b az";
			s[k] = next(&seed) & 1
				       ? likely[next(&seed) % (NR(likely) - 1)]
				       : (char)next(&seed);
		}
		struct buf once, twice;
		buf_init(&once, max);
		buf_init(&twice, 0);
		text_clean(&once, s, n);
		const char *t = buf_text(&once);
		assert_true(!max || once.len <= max);
		assert_int_equal(strlen(t), once.len);
		check_passed(t, once.len);
		assert_true(text_is_clean(t));
		assert_false(text_clean(&twice, t, once.len));
		assert_string_equal(t, buf_text(&twice));
		buf_release(&once);
		buf_release(&twice);
	}
}

static void a_long_label_ends_at_a_character(void **state)
{
	(void)state;
	struct buf b;
	for (size_t max = 1; max < 40; max++) {
		buf_init(&b, max);
		assert_true(text_clean(&b, "€€€€€€€€€€€€€€€€", 48));
		assert_true(b.full);
		assert_int_equal(b.len % 3, 0);
		assert_true(b.len <= max && b.len + 3 > max);
		buf_release(&b);
	}
	buf_init(&b, 3);
	assert_false(text_clean(&b, "€", 3));
	assert_false(b.full);
	buf_release(&b);
}

static void utf8_is_read_strictly(void **state)
{
	(void)state;
	uint32_t u = 1;
	assert_int_equal(text_next("", 0, &u), 0);
	assert_int_equal(text_next("a", 1, &u), 1);
	assert_int_equal(u, 'a');
	assert_int_equal(text_next("\xe2\x82\xac", 3, &u), 3);
	assert_int_equal(u, 0x20ac);
	assert_int_equal(text_next("\xe2\x82\xac", 2, &u), 1);
	assert_true(u == BAD);
	assert_int_equal(text_next("\xf0\x9f\x92\xb3xx", 6, &u), 4);
	assert_int_equal(u, 0x1f4b3);
	assert_int_equal(text_next("\xed\xbf\xbf", 3, &u), 1);
	assert_true(u == BAD);
	assert_int_equal(text_next("\0x", 2, &u), 1);
	assert_int_equal(u, 0);
}

static void columns_align_whatever_the_script(void **state)
{
	(void)state;
	static const struct {
		const char *s;
		int cells;
	} rows[] = {
		{ "", 0 }, { "abc", 3 }, { "größe", 5 }, { "支払い", 6 },
		{ "e\xcc\x81", 1 }, { "💳", 2 }, { "–…", 2 }, { "⣿▁█", 3 },
		{ "ｶﾅ", 2 }, { "한글", 4 }, { "\xff", 1 },
		{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2 },
	};
	for (size_t i = 0; i < NR(rows); i++)
		assert_int_equal(text_width(rows[i].s), rows[i].cells);
	for (uint32_t u = 0x20; u <= 0x10ffff; u++) {
		int w = text_cell_width(u);
		assert_true(w >= 0 && w <= 2);
	}
}

static void a_cut_name_fits_and_loses_no_more_than_needed(void **state)
{
	(void)state;
	static const char *const names[] = { "checkout", "支払いab", "e\xcc\x81t",
					     "💳x", "" };
	for (size_t i = 0; i < NR(names); i++) {
		for (int cells = 0; cells < 12; cells++) {
			size_t n = text_fit(names[i], cells);
			char *cut = strndup(names[i], n);
			int w = text_width(cut);
			uint32_t u = 0;
			assert_true(w <= cells);
			text_next(names[i] + n, strlen(names[i] + n), &u);
			if (names[i][n])
				assert_true(w + text_cell_width(u) > cells);
			free(cut);
		}
	}
	assert_int_equal(text_fit("abc", -1), 0);
}

static void a_typo_gets_the_word_that_was_meant(void **state)
{
	(void)state;
	static const char *const names[] = { "demo", "record", "snapshot",
					     "help", "gauge", "status", NULL };
	static const struct {
		const char *word, *want;
	} rows[] = {
		{ "guage", "gauge" }, { "dmeo", "demo" }, { "recrod", "record" },
		{ "snapshto", "snapshot" }, { "hlep", "help" }, { "demo", "demo" },
		{ "statu", "status" }, { "statuss", "status" },
		{ "snpsht", "snapshot" }, { "xyz", NULL }, { "zzzz", NULL },
		{ "d", NULL }, { "", NULL }, { "dx", NULL }, { "gage", "gauge" },
		{ "replay", NULL },
	};
	for (size_t i = 0; i < NR(rows); i++) {
		const char *got = text_nearest(rows[i].word, names);
		if (!got != !rows[i].want || (got && strcmp(got, rows[i].want)))
			fail_msg("'%s': %s", rows[i].word, got ? got : "none");
	}
	char s[200];
	memset(s, 'd', sizeof(s) - 1);
	s[sizeof(s) - 1] = '\0';
	const char *const long_names[] = { s, NULL };
	assert_null(text_nearest(s, names));
	assert_null(text_nearest("demo", long_names));
	const char *const none[] = { NULL };
	assert_null(text_nearest("demo", none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_label_cannot_reach_the_terminal),
		cmocka_unit_test(broken_bytes_stay_visible),
		cmocka_unit_test(peoples_own_letters_stay),
		cmocka_unit_test(a_heap_of_accents_stays_in_its_line),
		cmocka_unit_test(no_code_point_of_all_can_do_harm),
		cmocka_unit_test(random_bytes_are_clean_after_one_pass),
		cmocka_unit_test(a_long_label_ends_at_a_character),
		cmocka_unit_test(utf8_is_read_strictly),
		cmocka_unit_test(columns_align_whatever_the_script),
		cmocka_unit_test(a_cut_name_fits_and_loses_no_more_than_needed),
		cmocka_unit_test(a_typo_gets_the_word_that_was_meant),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
