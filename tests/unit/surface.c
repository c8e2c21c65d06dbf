#include "tui/surface.h"

#include "base/buf.h"
#include "base/limits.h"
#include "tui/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define T STYLE(R_TEXT)

static void assert_rows(const struct surface *s, const char *want)
{
	struct buf b;
	buf_init(&b, 0);
	export_text(s, &b);
	assert_string_equal(buf_text(&b), want);
	buf_release(&b);
}

/* What holds of every grid: a wide character is whole, pads are zero. */
static void assert_whole(const struct surface *s)
{
	for (int y = 0; y < s->h; y++) {
		for (int x = 0; x < s->w; x++) {
			const struct cell *c = surface_cell(s, x, y);
			assert_int_equal(c->pad, 0);
			assert_in_range(c->width, 0, 2);
			if (c->width == 2)
				assert_true(x + 1 < s->w && c[1].width == 0);
			if (c->width == 0)
				assert_true(x > 0 && c[-1].width == 2);
		}
	}
}

static void a_cell_is_small(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct cell), 8);
}

static void text_is_cut_at_the_edge(void **state)
{
	(void)state;
	struct surface *s = surface_new(5, 2, GRAPH_BRAILLE);
	assert_int_equal(surface_text(s, 3, 0, T, "abc"), 2);
	assert_int_equal(surface_text(s, -2, 1, T, "abc"), 3);
	assert_int_equal(surface_text(s, 5, 0, T, "abc"), 0);
	assert_rows(s, "   ab\nc\n");
	surface_text(s, 0, -1, T, "x");
	surface_text(s, 0, 2, T, "x");
	surface_text(s, -2000000000, 0, T, "x");
	surface_text(s, 2000000000, 0, T, "x");
	surface_run(s, -2147483647 - 1, 0, 2147483647, 'x', T);
	surface_put(s, 2147483647, 2147483647, 'x', T);
	assert_rows(s, "   ab\nc\n");
	surface_free(s);
}

static void a_wide_character_is_never_half(void **state)
{
	(void)state;
	struct surface *s = surface_new(6, 1, GRAPH_BRAILLE);
	assert_int_equal(surface_text(s, 0, 0, T, "日本語"), 6);
	assert_rows(s, "日本語\n");
	surface_put(s, 1, 0, 'x', T);
	assert_rows(s, " x本語\n");
	surface_put(s, 2, 0, 'y', T);
	assert_rows(s, " xy 語\n");
	assert_whole(s);
	surface_clear(s);
	assert_int_equal(surface_text(s, 3, 0, T, "日本"), 2);
	assert_rows(s, "   日\n");
	assert_int_equal(surface_put(s, 5, 0, 0x65E5, T), 1);
	assert_rows(s, "   日\n");
	surface_put(s, -1, 0, 0x65E5, T);
	assert_whole(s);
	surface_text(s, 0, 0, T, "a日日");
	surface_put(s, 2, 0, 0x672C, T);
	assert_rows(s, "a 本\n");
	assert_whole(s);
	surface_free(s);
}

static void a_window_cuts_no_wide_character(void **state)
{
	(void)state;
	struct surface *s = surface_new(6, 1, GRAPH_BRAILLE);
	surface_text(s, 0, 0, T, "日本語");
	struct surface w = surface_window(s, 1, 0, 4, 1);
	surface_put(&w, 0, 0, 'a', T);
	surface_put(&w, 3, 0, 'b', T);
	assert_rows(s, " a本b\n");
	assert_whole(s);
	surface_text(s, 0, 0, T, "日本語");
	surface_clear(&w);
	assert_rows(s, "\n");
	assert_whole(s);
	surface_text(s, 0, 0, T, "日本語");
	struct surface *copy = surface_new(1, 1, GRAPH_BRAILLE);
	surface_copy(copy, &w);
	assert_rows(copy, " 本\n");
	assert_whole(copy);
	surface_free(copy);
	surface_free(s);
}

static void windows_share_cells_and_are_clipped(void **state)
{
	(void)state;
	struct surface *s = surface_new(6, 3, GRAPH_BRAILLE);
	struct surface w = surface_window(s, 2, 1, 100, 100);
	assert_int_equal(w.w, 4);
	assert_int_equal(w.h, 2);
	surface_text(&w, 0, 0, T, "abcdef");
	assert_rows(s, "\n  abcd\n\n");
	struct surface in = surface_window(&w, 1, 0, 2, 1);
	surface_text(&in, 0, 0, T, "XYZ");
	assert_rows(s, "\n  aXYd\n\n");
	in = surface_window(s, -2, -1, 4, 3);
	assert_int_equal(in.w, 2);
	assert_int_equal(in.h, 2);
	static const int none[][4] = {
		{ 6, 0, 3, 3 }, { 0, 3, 3, 3 }, { 9, 9, 9, 9 }, { 1, 1, -5, 2 },
		{ 0, 0, 0, 0 }, { -9, -9, 3, 3 },
		{ 2147483647, 2147483647, 2147483647, 2147483647 },
	};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		in = surface_window(s, none[i][0], none[i][1], none[i][2],
				    none[i][3]);
		assert_true(in.w == 0 || in.h == 0);
		surface_text(&in, 0, 0, T, "never");
		surface_clear(&in);
	}
	assert_rows(s, "\n  aXYd\n\n");
	surface_free(s);
}

static void marks_stay_on_their_base(void **state)
{
	(void)state;
	struct surface *s = surface_new(8, 1, GRAPH_BRAILLE);
	assert_int_equal(surface_text(s, 0, 0, T, "e\xCC\x81" "日\xCC\x81x"), 4);
	assert_rows(s, "e\xCC\x81" "日\xCC\x81x\n");
	surface_text(s, 0, 0, T, "e\xCC\x81\xCC\x82\xCC\x83z");
	assert_rows(s, "e\xCC\x81\xCC\x82z x\n");
	surface_put(s, 0, 0, 0x301, T);
	assert_rows(s, "e\xCC\x81\xCC\x82z x\n");
	/* Equal text is equal, whichever table it stands in. */
	struct surface *o = surface_new(8, 1, GRAPH_BRAILLE);
	surface_text(o, 0, 0, T, "a\xCC\x81");
	surface_text(o, 0, 0, T, "e\xCC\x81\xCC\x82z x");
	assert_true(surface_row_equal(s, o, 0));
	surface_text(o, 0, 0, T, "e\xCC\x81\xCC\x84z x");
	assert_false(surface_row_equal(s, o, 0));
	surface_copy(o, s);
	assert_true(surface_row_equal(s, o, 0));
	surface_free(s);
	surface_free(o);
}

static void many_clusters_do_not_grow_without_end(void **state)
{
	(void)state;
	struct surface *s = surface_new(2, 1, GRAPH_BRAILLE);
	for (uint32_t base = 0x4E00; base < 0x4E00 + 5000; base++) {
		surface_put(s, 0, 0, base, T);
		surface_put(s, 2, 0, 0x301, T);
	}
	char text[40];
	assert_int_equal(surface_cell_text(s, surface_cell(s, 0, 0), text), 3);
	surface_clear(s);
	surface_text(s, 0, 0, T, "日\xCC\x81");
	assert_rows(s, "日\xCC\x81\n");
	surface_free(s);
}

static void ascii_has_a_twin_of_the_same_width(void **state)
{
	(void)state;
	struct surface *s = surface_new(20, 1, GRAPH_ASCII);
	assert_int_equal(surface_text(s, 0, 0, T, "▲ ◆·○●▌━─╌┈┊→–…"), 15);
	assert_rows(s, "! +.-o|=--.:>-~\n");
	surface_clear(s);
	assert_int_equal(surface_text(s, 0, 0, T, "日e\xCC\x81ß"), 4);
	assert_rows(s, "\?\?e?\n");
	surface_clear(s);
	surface_put(s, 0, 0, 0x28FF, T);
	surface_put(s, 1, 0, 0x2801, T);
	surface_put(s, 2, 0, block_eighth(8), T);
	assert_rows(s, "@.#\n");
	assert_int_equal(surface_text_max(s, 0, 0, 4, T, "checkout"), 4);
	assert_rows(s, "che~\n");
	surface_free(s);
}

static void every_sign_of_the_screens_has_a_twin(void **state)
{
	(void)state;
	static const char signs[] =
		"─▁█┈━░╌▀▆▅·▂┴▇│▄▃┊◆–▲╸→●○▒▴▓▌…▸✓−╵╮╭←▾╰╯≤≥‖±×µ";
	struct surface *s = surface_new(80, 1, GRAPH_ASCII);
	surface_text(s, 0, 0, T, signs);
	for (int x = 0; x < s->w; x++)
		assert_int_not_equal(surface_cell(s, x, 0)->ch, '?');
	for (uint32_t u = 0x2801; u <= 0x28FF; u++)
		assert_int_not_equal(glyph_ascii(u), '?');
	for (uint32_t u = 0x20; u < 0x30000; u++)
		assert_in_range(glyph_ascii(u), 0x20, 0x7e);
	surface_free(s);
}

static void dots_and_eighths_are_where_they_belong(void **state)
{
	(void)state;
	uint8_t all = 0;
	for (int row = 0; row < 4; row++)
		for (int column = 0; column < 2; column++)
			all |= braille_dot(column, row);
	assert_int_equal(all, 0xFF);
	assert_int_equal(braille_dot(0, 0), 0x01);
	assert_int_equal(braille_dot(1, 0), 0x08);
	assert_int_equal(braille_dot(0, 3), 0x40);
	assert_int_equal(braille_dot(1, 3), 0x80);
	assert_int_equal(block_eighth(0), ' ');
	assert_int_equal(block_eighth(1), 0x2581);
	assert_int_equal(block_eighth(8), 0x2588);
	assert_int_equal(block_eighth(9), 0x2588);
}

static void long_text_ends_in_an_ellipsis(void **state)
{
	(void)state;
	struct surface *s = surface_new(12, 1, GRAPH_BRAILLE);
	assert_int_equal(surface_text_max(s, 0, 0, 5, T, "checkout"), 5);
	assert_rows(s, "chec…\n");
	surface_clear(s);
	assert_int_equal(surface_text_max(s, 0, 0, 8, T, "checkout"), 8);
	assert_rows(s, "checkout\n");
	assert_int_equal(surface_text_max(s, 0, 0, 1, T, "checkout"), 1);
	assert_int_equal(surface_text_max(s, 0, 0, 0, T, "checkout"), 0);
	assert_int_equal(surface_text_max(s, 0, 0, -3, T, "checkout"), 0);
	assert_rows(s, "…heckout\n");
	surface_clear(s);
	assert_int_equal(surface_text_max(s, 8, 0, 99, T, "checkout"), 4);
	assert_rows(s, "        che…\n");
	surface_clear(s);
	assert_int_equal(surface_text_max(s, 0, 0, 4, T, "日本語"), 3);
	assert_rows(s, "日…\n");
	surface_free(s);
}

static void numbers_stand_at_the_right(void **state)
{
	(void)state;
	struct surface *s = surface_new(10, 2, GRAPH_BRAILLE);
	assert_int_equal(surface_text_right(s, 10, 0, T, "1.91%"), 5);
	assert_int_equal(surface_text_right(s, 3, 1, T, "45678"), -2);
	assert_rows(s, "     1.91%\n678\n");
	assert_int_equal(surface_printf(s, 0, 0, T, "%d of %d", 2, 3), 6);
	assert_rows(s, "2 of 3.91%\n678\n");
	surface_free(s);
}

static void a_ground_stays_under_text(void **state)
{
	(void)state;
	struct surface *s = surface_new(6, 1, GRAPH_BRAILLE);
	surface_ground(s, 1, 0, 3, 9, R_SELECT);
	surface_text(s, 0, 0, STYLE(R_BRIGHT), "abcdef");
	assert_int_equal(surface_cell(s, 0, 0)->ground, R_DEFAULT);
	assert_int_equal(surface_cell(s, 1, 0)->ground, R_SELECT);
	assert_int_equal(surface_cell(s, 3, 0)->ground, R_SELECT);
	assert_int_equal(surface_cell(s, 4, 0)->ground, R_DEFAULT);
	surface_text(s, 1, 0, STYLE_ON(R_ON_ALERT, R_PAGE), "x");
	assert_int_equal(surface_cell(s, 1, 0)->ground, R_PAGE);
	surface_ground(s, -5, -5, 100, 100, R_DEFAULT);
	assert_int_equal(surface_cell(s, 2, 0)->ground, R_DEFAULT);
	assert_int_equal(surface_cell(s, 2, 0)->role, R_BRIGHT);
	surface_ground(s, 0, 0, 6, 1, R_PAGE);
	surface_recede(s);
	assert_int_equal(surface_cell(s, 2, 0)->role, R_STALE);
	assert_int_equal(surface_cell(s, 2, 0)->ground, R_DEFAULT);
	assert_rows(s, "axcdef\n");
	surface_free(s);
}

static void a_resize_keeps_what_fits(void **state)
{
	(void)state;
	struct surface *s = surface_new(6, 2, GRAPH_BRAILLE);
	surface_text(s, 0, 0, T, "ab日cd");
	surface_resize(s, 3, 3);
	assert_rows(s, "ab\n\n\n");
	assert_whole(s);
	surface_resize(s, 5, 1);
	assert_rows(s, "ab\n");
	surface_resize(s, 0, 0);
	surface_text(s, 0, 0, T, "x");
	assert_rows(s, "");
	surface_resize(s, -4, 100000);
	assert_int_equal(s->w, 0);
	assert_int_equal(s->h, LIMIT_HEIGHT);
	surface_free(s);
}

static void rows_are_compared_whole(void **state)
{
	(void)state;
	struct surface *a = surface_new(4, 1, GRAPH_BRAILLE);
	struct surface *b = surface_new(4, 1, GRAPH_BRAILLE);
	assert_true(surface_row_equal(a, b, 0));
	surface_put(a, 3, 0, 'x', T);
	assert_false(surface_row_equal(a, b, 0));
	surface_put(b, 3, 0, 'x', STYLE(R_CRIT));
	assert_false(surface_row_equal(a, b, 0));
	surface_put(b, 3, 0, 'x', T);
	assert_true(surface_row_equal(a, b, 0));
	surface_ground(b, 0, 0, 1, 1, R_PAGE);
	assert_false(surface_row_equal(a, b, 0));
	surface_copy(b, a);
	assert_true(surface_row_equal(a, b, 0));
	assert_false(surface_row_equal(a, b, 1));
	assert_false(surface_row_equal(a, b, -1));
	surface_resize(b, 5, 1);
	assert_false(surface_row_equal(a, b, 0));
	surface_free(a);
	surface_free(b);
}

/* The writer is the last line: what passed the sanitiser unclean dies here
 * in test builds, and is a ? for a user. */
static void controls_never_get_past_the_writer(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"\033", "\x7f", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\x8B",
		"\xEF\xBB\xBF", "\xFF", "\xED\xA0\x80", "\n",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct surface *s = surface_new(4, 1, GRAPH_BRAILLE);
			close(2);
			surface_text(s, 0, 0, T, texts[i]);
			_exit(surface_cell(s, 0, 0)->ch == '?' ? 0 : 1);
		}
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
#ifdef REDTOP_ASSERT
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
	}
	struct surface *s = surface_new(4, 1, GRAPH_BRAILLE);
	surface_put(s, 0, 0, 0x2800, T);
	assert_int_equal(surface_cell(s, 0, 0)->ch, ' ');
	surface_free(s);
}

static void roles_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < R_NR; i++) {
		assert_non_null(role_name((enum role)i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(role_name((enum role)i),
						role_name((enum role)k));
	}
	assert_string_equal(role_name(R_HEAT_IN1), "heat.in1");
	assert_string_equal(role_name(R_PAGE), "ground.page");
	assert_string_equal(graph_name(GRAPH_BLOCK), "block");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_is_small),
		cmocka_unit_test(text_is_cut_at_the_edge),
		cmocka_unit_test(a_wide_character_is_never_half),
		cmocka_unit_test(a_window_cuts_no_wide_character),
		cmocka_unit_test(windows_share_cells_and_are_clipped),
		cmocka_unit_test(marks_stay_on_their_base),
		cmocka_unit_test(many_clusters_do_not_grow_without_end),
		cmocka_unit_test(ascii_has_a_twin_of_the_same_width),
		cmocka_unit_test(every_sign_of_the_screens_has_a_twin),
		cmocka_unit_test(dots_and_eighths_are_where_they_belong),
		cmocka_unit_test(long_text_ends_in_an_ellipsis),
		cmocka_unit_test(numbers_stand_at_the_right),
		cmocka_unit_test(a_ground_stays_under_text),
		cmocka_unit_test(a_resize_keeps_what_fits),
		cmocka_unit_test(rows_are_compared_whole),
		cmocka_unit_test(controls_never_get_past_the_writer),
		cmocka_unit_test(roles_have_names),
	};
	return cmocka_run_group_tests_name("surface", tests, NULL, NULL);
}
