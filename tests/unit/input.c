/* Bytes of terminals to keys, however they are cut. */
#include "tui/input.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void note(const struct input_event *e, void *arg)
{
	struct buf *b = arg;
	const char *name = key_name(e->key);
	if (b->len)
		buf_char(b, ' ');
	switch (e->kind) {
	case INPUT_KEY:
		if (*name)
			buf_str(b, name);
		else if (e->key < 0x20)
			buf_printf(b, "^%c", e->key + '@');
		else
			buf_utf8(b, (unsigned)e->key);
		break;
	case INPUT_PASTE:
		buf_char(b, '"');
		buf_utf8(b, (unsigned)e->key);
		break;
	case INPUT_DSR:
		buf_str(b, "DSR");
		break;
	case INPUT_FOCUS:
		buf_str(b, e->key ? "in" : "out");
		break;
	case INPUT_KIND:
		buf_printf(b, "kind%d", e->key);
		break;
	case INPUT_NONE:
		fail();
	}
}

/* Three pieces, cut at a and b. */
static void read_pieces(const char *s, size_t n, size_t a, size_t b,
			bool timeout, struct buf *out)
{
	struct input in = { .nr = 0 };
	input_feed(&in, s, a, note, out);
	input_feed(&in, s + a, b - a, note, out);
	input_feed(&in, s + b, n - b, note, out);
	if (timeout)
		input_timeout(&in, note, out);
	assert_false(timeout && input_waiting(&in));
}

static void check(const char *s, size_t n, const char *want)
{
	for (size_t a = 0; a <= n; a++) {
		for (size_t b = a; b <= n; b++) {
			struct buf out;
			buf_init(&out, 0);
			read_pieces(s, n, a, b, true, &out);
			assert_string_equal(buf_text(&out), want);
			buf_release(&out);
		}
	}
}

struct row {
	const char *bytes, *keys;
};

static void check_rows(const struct row *row, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		check(row[i].bytes, strlen(row[i].bytes), row[i].keys);
}

#define CHECK(rows) check_rows(rows, sizeof(rows) / sizeof(rows[0]))

static void plain_keys_arrive(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "jk q", "j k Space q" },      { "\r", "Enter" },
		{ "\n", "Enter" },              { "\t", "Tab" },
		{ "\177", "Backspace" },        { "\b", "Backspace" },
		{ "\003\014\022", "Ctrl-C Ctrl-L Ctrl-R" },
		{ "\001\032", "^A ^Z" },        { "é日/", "é 日 /" },
		{ "\033", "Esc" },              { "\033\033", "Esc Esc" },
		{ "\033j", "Esc j" },           { "\033é", "Esc é" },
		{ "\033\r", "Esc Enter" },
	};
	CHECK(rows);
}

static void arrows_arrive_from_every_terminal(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\033[A\033[B\033[C\033[D", "Up Down Right Left" },
		{ "\033OA\033OB\033OC\033OD", "Up Down Right Left" },
		{ "\033[1;5C\033[1;2A", "Right Up" },
		{ "\033[a\033Od", "Up Left" },
		{ "\033\033[A", "Esc Up" },
		{ "\033[H\033OH\033[1~\033[7~", "Home Home Home Home" },
		{ "\033[F\033OF\033[4~\033[8~", "End End End End" },
		{ "\033[5~\033[6~\033[3~", "PgUp PgDn Delete" },
		{ "\033[5;5~\033[3;2~\033[5^\033[6$\033[3@",
		  "PgUp Delete PgUp PgDn Delete" },
		{ "\033[1;2H\033[1;2F", "Home End" },
		{ "\033[Z", "BackTab" },
		{ "\033[2~\033[E\033[G", "" },
	};
	CHECK(rows);
}

static void function_keys_arrive_from_every_terminal(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\033OP\033OQ\033OR\033OS", "F1 F2 F3 F4" },
		{ "\033[11~\033[12~\033[13~\033[14~", "F1 F2 F3 F4" },
		{ "\033[[A\033[[B\033[[C\033[[D\033[[E", "F1 F2 F3 F4 F5" },
		{ "\033[15~\033[17~\033[18~\033[19~", "F5 F6 F7 F8" },
		{ "\033[20~\033[21~\033[23~\033[24~", "F9 F10 F11 F12" },
		{ "\033[1;2P\033[1;5Q\033[1;3S", "F1 F2 F4" },
		{ "\033O2P\033O1;5Q", "F1 F2" },
		{ "\033[15;5~\033[24;2~\033[11^", "F5 F12 F1" },
		{ "\033[16~\033[22~\033[25~\033[99~\033[0~", "" },
	};
	CHECK(rows);
}

static void the_keypad_types_digits(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\033Op\033Oy\033Ok\033Oo", "0 9 + /" },
		{ "\033OM", "Enter" },
	};
	CHECK(rows);
}

static void a_paste_fires_no_command(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a\033[200~qR\033[201~b", "a \"q \"R b" },
		{ "\033[200~é\r\n\tx\033[201~", "\"é \"  \"  \"  \"x" },
		{ "\033[200~\033[A\033OPq\033[201~", "\"q" },
		{ "\033[200~\033]0;t\aq\033[201~", "\"q" },
		{ "\033[200~\001\177\342\200\256q\033[201~j", "\"q j" },
		{ "\033[200~q\003j", "\"q Ctrl-C j" },
		{ "\033[200~q\033\033j", "\"q Esc j" },
		{ "\033[201~j", "j" },
		{ "\033[200~q\033[0n\033[201~", "\"q DSR" },
	};
	CHECK(rows);
}

static void a_paste_that_pauses_stays_a_paste(void **state)
{
	(void)state;
	struct input in = { .nr = 0 };
	struct buf out;
	buf_init(&out, 0);
	input_feed(&in, "\033[200~q\033", 8, note, &out);
	assert_false(input_waiting(&in));
	assert_false(input_timeout(&in, note, &out));
	input_feed(&in, "[201~k", 6, note, &out);
	assert_string_equal(buf_text(&out), "\"q k");
	buf_release(&out);
}

static void the_mouse_types_nothing(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a\033[<0;12;30Mb\033[<0;12;30mc", "a b c" },
		{ "a\033[M qqb", "a b" },
		{ "a\033[M \033[b", "a b" },
		{ "a\033[M\300\300\300b", "a b" },
		{ "a\033[32;12;30Mb", "a b" },
	};
	CHECK(rows);
}

static void answers_of_the_terminal_type_nothing(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\033[0n", "DSR" },
		{ "j\033[0nk", "j DSR k" },
		{ "\033[3n\033[5n\033[n", "" },
		{ "\033[?62;22c\033[?1;2c", "" },
		{ "\033[>84;0;0c\033[>c\033[>999999999c",
		  "kind84 kind0 kind99999" },
		{ "\033[12;40R\033[1;2R", "" },
		{ "\033[?2026;0$y\033[4;1$yq", "q" },
		{ "\033P>|XTerm(379)\033\\q", "q" },
		{ "\033]11;rgb:0c0c/0d0d/1010\033\\q", "q" },
		{ "\033]11;rgb:0c0c/0d0d/1010\aq", "q" },
		{ "\033]11;rgb:0c\033[Aq", "Up q" },
		{ "\033[I\033[O", "in out" },
		{ "\033[27;5;9~\033[27u", "" },
	};
	CHECK(rows);
}

static void broken_bytes_type_nothing(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "a\377b", "a b" },            { "a\200b", "a b" },
		{ "a\303b", "a b" },            { "a\303\303\251b", "a é b" },
		{ "a\340\200\200b", "a b" },    { "a\355\240\200b", "a b" },
		{ "a\364\220\200\200b", "a b" },{ "a\342\226\033[A", "a Up" },
		{ "a\342\200\256b", "a b" },    { "a\314\201b", "a b" },
		{ "\033[3\033[A", "Up" },       { "\033[12\rq", "Enter q" },
		{ "\033O\033OP", "F1" },        { "\033[1;\303\251", "é" },
		{ "a\302\233Ab", "a A b" },
	};
	CHECK(rows);
}

static void a_half_sequence_fires_nothing(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{ "\033[", "" },   { "\033[1;5", "" }, { "\033O", "" },
		{ "\033[[", "" },  { "\033[M  ", "" }, { "\033]0;q", "" },
		{ "\342\226", "" },{ "\033[<0;1", "" },
	};
	CHECK(rows);
}

static void a_lone_escape_waits_for_the_rest(void **state)
{
	(void)state;
	struct input in = { .nr = 0 };
	struct buf out;
	buf_init(&out, 0);
	assert_false(input_timeout(&in, note, &out));
	input_feed(&in, "\033", 1, note, &out);
	assert_true(input_waiting(&in));
	assert_string_equal(buf_text(&out), "");
	assert_true(input_timeout(&in, note, &out));
	assert_string_equal(buf_text(&out), "Esc");
	assert_false(input_waiting(&in));
	buf_release(&out);
}

static void a_long_sequence_ends_where_it_ends(void **state)
{
	(void)state;
	static const char *const heads[] = { "\033[", "\033]", "\033P" };
	static const char *const tails[] = { "A", "\a", "\033\\" };
	for (int i = 0; i < 3; i++) {
		for (int n = 62; n < 300; n++) {
			struct input in = { .nr = 0 };
			struct buf out;
			buf_init(&out, 0);
			input_feed(&in, heads[i], 2, note, &out);
			for (int k = 0; k < n; k++)
				input_feed(&in, "1", 1, note, &out);
			input_feed(&in, tails[i], strlen(tails[i]), note, &out);
			input_feed(&in, "j", 1, note, &out);
			assert_string_equal(buf_text(&out), "j");
			buf_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_keys_arrive),
		cmocka_unit_test(arrows_arrive_from_every_terminal),
		cmocka_unit_test(function_keys_arrive_from_every_terminal),
		cmocka_unit_test(the_keypad_types_digits),
		cmocka_unit_test(a_paste_fires_no_command),
		cmocka_unit_test(a_paste_that_pauses_stays_a_paste),
		cmocka_unit_test(the_mouse_types_nothing),
		cmocka_unit_test(answers_of_the_terminal_type_nothing),
		cmocka_unit_test(broken_bytes_type_nothing),
		cmocka_unit_test(a_half_sequence_fires_nothing),
		cmocka_unit_test(a_lone_escape_waits_for_the_rest),
		cmocka_unit_test(a_long_sequence_ends_where_it_ends),
	};
	return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
