/* What curses makes of a surface, read back by a terminal. */
#include "tui/screen.h"

#include "base/text.h"
#include "tui/paint.h"

#include <locale.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vterm.h>

/* Counts what the program asks for; a sanitizer has its own malloc. */
static size_t allocations;
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t nr, size_t n);
extern void *__libc_realloc(void *p, size_t n);
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__)
void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}
void *calloc(size_t nr, size_t n)
{
	allocations++;
	return __libc_calloc(nr, n);
}
void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}
#endif

struct tty {
	VTerm *vt;
	VTermScreen *vs;
	bool alternate, cursor;
	int w, h;
};

static int on_property(VTermProp prop, VTermValue *v, void *arg)
{
	struct tty *t = arg;
	if (prop == VTERM_PROP_ALTSCREEN)
		t->alternate = v->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		t->cursor = v->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = { .settermprop = on_property };

static void tty_open(struct tty *t, int w, int h)
{
	*t = (struct tty){ .w = w, .h = h, .cursor = true };
	t->vt = vterm_new(h, w);
	vterm_set_utf8(t->vt, 1);
	t->vs = vterm_obtain_screen(t->vt);
	vterm_screen_set_callbacks(t->vs, &callbacks, t);
	vterm_screen_enable_altscreen(t->vs, 1);
	vterm_screen_reset(t->vs, 1);
}

/* One byte at a time: libvterm 0.1.4 loses characters that are split. */
static size_t tty_take(struct tty *t, struct screen *s)
{
	size_t n;
	const char *bytes = screen_bytes(s, &n);
	for (size_t i = 0; i < n; i++)
		vterm_input_write(t->vt, bytes + i, 1);
	screen_taken(s, n);
	return n;
}

static void tty_close(struct tty *t)
{
	vterm_free(t->vt);
}

static VTermScreenCell tty_cell(struct tty *t, int x, int y)
{
	VTermScreenCell c;
	memset(&c, 0, sizeof(c));
	vterm_screen_get_cell(t->vs, (VTermPos){ .row = y, .col = x }, &c);
	return c;
}

static int color_index(const VTermColor *c)
{
	if (VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c))
		return -1;
	assert_true(VTERM_COLOR_IS_INDEXED(c));
	return c->indexed.idx;
}

/* Marks are not sent in the last column: there the base counts. */
static void assert_text(const struct surface *f, const struct cell *c,
			const VTermScreenCell *v, bool last)
{
	char want[40], have[40] = "";
	size_t n = surface_cell_text(f, c, want);
	uint32_t base;
	if (last)
		want[text_next(want, n, &base)] = '\0';
	if (v->chars[0] == 0) {
		strcpy(have, " ");
	} else {
		struct surface *one = surface_new(2, 1, GRAPH_BRAILLE);
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL
		     && v->chars[i]; i++)
			surface_put(one, i ? c->width : 0, 0, v->chars[i],
				    STYLE(R_TEXT));
		surface_cell_text(one, surface_cell(one, 0, 0), have);
		surface_free(one);
	}
	assert_string_equal(have, want);
}

/* `attributes`: the terminal has all of them with colours. */
static void assert_same(struct tty *t, const struct surface *f,
			const struct theme *th, int colors, bool attributes)
{
	for (int y = 0; y < f->h && y < t->h; y++) {
		for (int x = 0; x < f->w && x < t->w; x++) {
			struct cell c = *surface_cell(f, x, y);
			VTermScreenCell v = tty_cell(t, x, y);
			if (c.width == 0)
				continue;
			struct paint p = paint_cell(th, &c, colors);
			struct look l = p.look;
			c.ch = p.ch;
			assert_text(f, &c, &v, x + c.width == t->w);
			bool seen = c.ch != ' ';
			if (seen)
				assert_int_equal(color_index(&v.fg), l.fg);
			assert_int_equal(color_index(&v.bg), l.bg);
			if (!attributes)
				continue;
			if (seen)
				assert_int_equal(v.attrs.bold,
						 !!(l.attr & ATTR_BOLD));
			/* libvterm erases in reverse, others do not */
			if (v.chars[0])
				assert_int_equal(v.attrs.reverse,
						 !!(l.attr & ATTR_REVERSE));
		}
	}
}

static struct screen *open_screen(const char *term, int w, int h, bool no_color)
{
	const char *notice;
	struct err e = { 0 };
	struct screen *s = screen_new(term, w, h, no_color, &notice, &e);
	if (!s)
		fail_msg("%s", e.text);
	assert_null(notice);
	return s;
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void scribble(struct surface *f, unsigned *seed, int writes)
{
	static const char *const texts[] = {
		"checkout", "~914ms (750ms–1s)", "▁▂▃▄▅▆▇█", "⠉⣀⢀⡇", "──━━┈┈╌╌",
		"日本語", "e\xCC\x81te\xCC\x81", "▲ PAGE", "· ok", "░▒▓█▀", " ",
	};
	for (int i = 0; i < writes; i++) {
		struct style st = { (uint8_t)(1 + next(seed) % (R_NR - 1)),
				    (uint8_t)(next(seed) % R_NR) };
		int x = (int)(next(seed) % (unsigned)(f->w + 8)) - 4;
		int y = (int)(next(seed) % (unsigned)(f->h + 2)) - 1;
		surface_text(f, x, y, st, texts[next(seed) % 11]);
	}
}

static void random_screens(const char *term, bool no_color, bool attributes)
{
	unsigned seed = 1;
	struct screen *s = open_screen(term, 60, 14, no_color);
	struct surface *f = surface_new(60, 14, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	tty_open(&t, 60, 14);
	screen_begin(s);
	for (int round = 0; round < 60; round++) {
		scribble(f, &seed, 1 + round % 40);
		screen_show(s, f, th);
		tty_take(&t, s);
		assert_same(&t, f, th, screen_colors(s), attributes);
		if (round % 20 == 19)
			surface_clear(f);
	}
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

/* The surface changes while its older picture is under way; sometimes the
 * terminal was written on. */
static void a_frame_in_pieces_ends_in_the_same_picture(void **state)
{
	(void)state;
	enum { PIECE = 300, ROW = 60 * 30 };
	unsigned seed = 7;
	struct screen *s = open_screen("xterm-256color", 60, 14, false);
	struct surface *f = surface_new(60, 14, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	tty_open(&t, 60, 14);
	screen_begin(s);
	tty_take(&t, s);
	for (int round = 0; round < 40; round++) {
		int from = 0, pieces = 0;
		size_t n;
		scribble(f, &seed, 1 + round);
		if (round % 10 == 9)
			screen_repaint(s);
		while (!screen_show_some(s, f, th, &from, PIECE)) {
			screen_bytes(s, &n);
			assert_in_range(n, PIECE, PIECE + ROW);
			assert_in_range(from, 0, 13);
			tty_take(&t, s);
			if (pieces++ < 20 && round % 3 == 0)
				scribble(f, &seed, 3);
		}
		assert_int_equal(from, 0);
		tty_take(&t, s);
		assert_same(&t, f, th, 256, true);
		screen_show(s, f, th);
		screen_bytes(s, &n);
		assert_int_equal(n, 0);
	}
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void the_first_piece_is_the_top(void **state)
{
	(void)state;
	struct screen *s = open_screen("xterm-256color", 60, 14, false);
	struct surface *f = surface_new(60, 14, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	int from = 0;
	tty_open(&t, 60, 14);
	screen_begin(s);
	for (int y = 0; y < 14; y++)
		surface_printf(f, 0, y, STYLE(R_TEXT), "row %d of it", y);
	assert_false(screen_show_some(s, f, th, &from, 60));
	tty_take(&t, s);
	assert_in_range(from, 2, 12);
	for (int y = 0; y < 14; y++)
		assert_int_equal(tty_cell(&t, 0, y).chars[0] == 'r', y < from);
	/* What is new at the top waits until the rest is there. */
	surface_text(f, 0, 0, STYLE(R_TEXT), "new");
	while (!screen_show_some(s, f, th, &from, 60))
		;
	tty_take(&t, s);
	assert_same(&t, f, th, 256, true);
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void the_terminal_shows_the_surface_in_xterm(void **state)
{
	(void)state;
	random_screens("xterm-256color", false, true);
}

static void the_terminal_shows_the_surface_in_screen(void **state)
{
	(void)state;
	random_screens("screen-256color", false, true);
	random_screens("tmux-256color", false, true);
}

static void the_terminal_shows_the_surface_with_16_colors(void **state)
{
	(void)state;
	/* It has 88, of which the first 16 are the usual ones. */
	random_screens("rxvt-unicode", false, true);
}

static void the_terminal_shows_the_surface_with_8_colors(void **state)
{
	(void)state;
	random_screens("xterm", false, true);
	random_screens("linux", false, false);
}

static void the_terminal_shows_the_surface_without_color(void **state)
{
	(void)state;
	random_screens("vt100", false, true);
	random_screens("xterm-256color", true, true);
}

static void no_color_sends_no_color(void **state)
{
	(void)state;
	unsigned seed = 3;
	struct screen *s = open_screen("xterm-256color", 40, 10, true);
	struct surface *f = surface_new(40, 10, GRAPH_BRAILLE);
	assert_int_equal(screen_colors(s), 0);
	screen_begin(s);
	scribble(f, &seed, 60);
	screen_show(s, f, theme_builtin("ember"));
	size_t n;
	const char *b = screen_bytes(s, &n);
	for (const char *at = b; (at = strstr(at, "\033[")); at++) {
		size_t k = strspn(at + 2, "0123456789;");
		if (at[2 + k] != 'm')
			continue;
		assert_null(memmem(at, k + 2, "38", 2));
		assert_null(memmem(at, k + 2, "48", 2));
		assert_null(memmem(at, k + 2, "[3", 2));
		assert_null(memmem(at, k + 2, ";3", 2));
	}
	surface_free(f);
	screen_free(s);
}

static void colors_are_those_of_the_terminal(void **state)
{
	(void)state;
	static const struct {
		const char *term;
		int colors;
	} rows[] = {
		{ "xterm-256color", 256 }, { "screen-256color", 256 },
		{ "xterm", 8 },            { "linux", 8 },
		{ "vt100", 0 },            { "vt220", 0 },
		{ "rxvt-unicode", 16 },    { "rxvt", 8 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct screen *s = open_screen(rows[i].term, 80, 24, false);
		assert_int_equal(screen_colors(s), rows[i].colors);
		screen_free(s);
	}
}

static void an_unchanged_frame_costs_nothing(void **state)
{
	(void)state;
	unsigned seed = 7;
	struct screen *s = open_screen("xterm-256color", 120, 40, false);
	struct surface *f = surface_new(120, 40, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	tty_open(&t, 120, 40);
	screen_begin(s);
	scribble(f, &seed, 300);
	screen_show(s, f, th);
	assert_true(tty_take(&t, s) > 1000);
	size_t before = allocations;
	for (int i = 0; i < 100; i++)
		screen_show(s, f, th);
	assert_int_equal(allocations, before);
	assert_int_equal(tty_take(&t, s), 0);

	/* And one changed cell costs a few bytes, and no memory. */
	surface_text(f, 5, 5, STYLE(R_TEXT), "x");
	screen_show(s, f, th);
	tty_take(&t, s);
	before = allocations;
	surface_text(f, 5, 5, STYLE(R_TEXT), "y");
	screen_show(s, f, th);
	assert_int_equal(allocations, before);
	assert_true(tty_take(&t, s) < 40);
	assert_same(&t, f, th, 256, true);
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void a_resize_redraws_all_of_it(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 80, 24 }, { 120, 40 }, { 1, 1 },
					{ 200, 3 }, { 5, 50 }, { 0, 0 },
					{ 60, 15 } };
	unsigned seed = 11;
	struct screen *s = open_screen("xterm-256color", 80, 24, false);
	struct surface *f = surface_new(80, 24, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("paper");
	struct tty t;
	tty_open(&t, 80, 24);
	screen_begin(s);
	for (int i = 0; i < 7; i++) {
		int w = sizes[i][0], h = sizes[i][1];
		screen_resize(s, w, h);
		surface_resize(f, w, h);
		vterm_set_size(t.vt, h ? h : 1, w ? w : 1);
		t.w = w;
		t.h = h;
		scribble(f, &seed, 50);
		screen_show(s, f, th);
		tty_take(&t, s);
		assert_same(&t, f, th, 256, true);
	}
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void a_surface_of_another_size_is_cut(void **state)
{
	(void)state;
	unsigned seed = 5;
	struct screen *s = open_screen("xterm-256color", 30, 8, false);
	struct surface *big = surface_new(50, 20, GRAPH_BRAILLE);
	struct surface *small = surface_new(10, 3, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	tty_open(&t, 30, 8);
	screen_begin(s);
	surface_text(big, 29, 0, STYLE(R_TEXT), "日");
	screen_show(s, big, th);
	tty_take(&t, s);
	assert_int_equal(tty_cell(&t, 29, 0).chars[0] | ' ', ' ');
	surface_clear(big);
	scribble(big, &seed, 0);
	surface_text(big, 25, 5, STYLE(R_TEXT), "abcdefgh");
	screen_show(s, big, th);
	screen_show(s, small, th);
	tty_take(&t, s);
	assert_int_equal(tty_cell(&t, 25, 5).chars[0] | ' ', ' ');
	tty_close(&t);
	surface_free(big);
	surface_free(small);
	screen_free(s);
}

static void another_theme_repaints(void **state)
{
	(void)state;
	struct screen *s = open_screen("xterm-256color", 30, 4, false);
	struct surface *f = surface_new(30, 4, GRAPH_BRAILLE);
	struct tty t;
	tty_open(&t, 30, 4);
	screen_begin(s);
	surface_text(f, 0, 0, STYLE_ON(R_ON_ALERT, R_PAGE), "PAGE");
	for (const char *const *name = theme_names(); *name; name++) {
		screen_show(s, f, theme_builtin(*name));
		assert_true(tty_take(&t, s) > 0);
		assert_same(&t, f, theme_builtin(*name), 256, true);
	}
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void a_screen_that_others_wrote_on_is_repainted(void **state)
{
	(void)state;
	unsigned seed = 9;
	struct screen *s = open_screen("screen-256color", 40, 10, false);
	struct surface *f = surface_new(40, 10, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	struct tty t;
	tty_open(&t, 40, 10);
	screen_begin(s);
	scribble(f, &seed, 40);
	screen_show(s, f, th);
	tty_take(&t, s);
	vterm_input_write(t.vt, "\033[3;3Hwall: reboot in 5 minutes", 31);
	screen_repaint(s);
	screen_show(s, f, th);
	tty_take(&t, s);
	assert_same(&t, f, th, 256, true);
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void shell(struct tty *t)
{
	const char *prompt = "one\r\ntwo\r\n$ redtop";
	vterm_input_write(t->vt, prompt, strlen(prompt));
}

static void leave(const char *term, int w, int h, bool twice)
{
	bool hides = strcmp(term, "vt100") != 0;
	struct screen *s = open_screen(term, w, h, false);
	struct surface *f = surface_new(w, h, GRAPH_BRAILLE);
	const struct theme *th = theme_builtin("ember");
	unsigned seed = 21;
	struct tty t;
	tty_open(&t, w, h);
	shell(&t);
	for (int i = 0; i < 1 + twice; i++) {
		screen_begin(s);
		scribble(f, &seed, 40);
		screen_show(s, f, th);
		tty_take(&t, s);
		assert_same(&t, f, th, screen_colors(s), false);
		assert_int_equal(t.cursor, !hides);
		screen_end(s);
		tty_take(&t, s);
		assert_false(t.alternate);
		assert_true(t.cursor);
	}
	/* Margins: a line feed in the last row scrolls the whole screen. */
	char down[32];
	snprintf(down, sizeof(down), "\033[%dHX\r\n\033[6n", h);
	vterm_input_write(t.vt, down, strlen(down));
	assert_int_equal(tty_cell(&t, 0, h - 2).chars[0], 'X');
	VTermScreenCell c = tty_cell(&t, 0, h - 2);
	assert_int_equal(color_index(&c.fg), -1);
	assert_int_equal(c.attrs.bold, 0);
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void the_shell_gets_its_terminal_back(void **state)
{
	(void)state;
	leave("xterm-256color", 100, 43, false);
	leave("screen-256color", 100, 43, false);
	leave("linux", 100, 43, false);
	leave("vt100", 100, 43, false);
}

static void suspend_and_fg_show_the_screen_again(void **state)
{
	(void)state;
	leave("xterm-256color", 90, 30, true);
	leave("linux", 90, 30, true);
}

static void a_crash_gives_the_terminal_back(void **state)
{
	(void)state;
	struct screen *s = open_screen("xterm-256color", 90, 30, false);
	struct surface *f = surface_new(90, 30, GRAPH_BRAILLE);
	unsigned seed = 2;
	struct tty t;
	tty_open(&t, 90, 30);
	shell(&t);
	screen_begin(s);
	scribble(f, &seed, 40);
	screen_show(s, f, theme_builtin("ember"));
	tty_take(&t, s);
	assert_true(t.alternate);
	assert_int_equal(strlen(screen_rescue), screen_rescue_len);
	vterm_input_write(t.vt, screen_rescue, screen_rescue_len);
	assert_false(t.alternate);
	assert_true(t.cursor);
	assert_int_equal(tty_cell(&t, 2, 2).chars[0], 'r');
	tty_close(&t);
	surface_free(f);
	screen_free(s);
}

static void an_unknown_terminal_is_drawn_for_as_its_relative(void **state)
{
	(void)state;
	static const struct {
		const char *term, *notice;
		int colors;
	} rows[] = {
		{ "xterm-kitty-none", "xterm-256color", 256 },
		{ "alacritty-none", "xterm-256color", 256 },
		{ "tmux-none", "screen-256color", 256 },
		{ "nonesuch", "vt100", 0 },
		{ "", "TERM is not set, drawing for vt100", 0 },
		{ "\033]0;pwned\a", "\\x1b]0;pwned\\x07", 0 },
		{ "../../etc/passwd", "vt100", 0 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *notice;
		struct err e = { 0 };
		struct screen *s = screen_new(rows[i].term, 80, 24, false,
					      &notice, &e);
		assert_non_null(s);
		assert_non_null(notice);
		assert_non_null(strstr(notice, rows[i].notice));
		assert_int_equal(screen_colors(s), rows[i].colors);
		screen_free(s);
	}
}

static void a_dumb_terminal_is_named(void **state)
{
	(void)state;
	const char *notice;
	struct err e = { 0 };
	assert_null(screen_new("dumb", 80, 24, false, &notice, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "TERM=dumb"));
}

static void the_environment_of_children_is_left_alone(void **state)
{
	(void)state;
	setenv("LINES", "77", 1);
	unsetenv("COLUMNS");
	struct screen *s = open_screen("xterm-256color", 120, 40, false);
	assert_string_equal(getenv("LINES"), "77");
	assert_null(getenv("COLUMNS"));
	screen_free(s);
	unsetenv("LINES");
}

static void direct_color_draws_the_palette(void **state)
{
	(void)state;
	const char *notice;
	struct err e = { 0 };
	struct screen *s = screen_new("xterm-direct", 80, 24, false, &notice,
				      &e);
	assert_non_null(s);
	assert_int_equal(screen_colors(s), 256);
	assert_null(notice);
	screen_free(s);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_in_pieces_ends_in_the_same_picture),
		cmocka_unit_test(the_first_piece_is_the_top),
		cmocka_unit_test(the_terminal_shows_the_surface_in_xterm),
		cmocka_unit_test(the_terminal_shows_the_surface_in_screen),
		cmocka_unit_test(the_terminal_shows_the_surface_with_16_colors),
		cmocka_unit_test(the_terminal_shows_the_surface_with_8_colors),
		cmocka_unit_test(the_terminal_shows_the_surface_without_color),
		cmocka_unit_test(no_color_sends_no_color),
		cmocka_unit_test(colors_are_those_of_the_terminal),
		cmocka_unit_test(an_unchanged_frame_costs_nothing),
		cmocka_unit_test(a_resize_redraws_all_of_it),
		cmocka_unit_test(a_surface_of_another_size_is_cut),
		cmocka_unit_test(another_theme_repaints),
		cmocka_unit_test(a_screen_that_others_wrote_on_is_repainted),
		cmocka_unit_test(the_shell_gets_its_terminal_back),
		cmocka_unit_test(suspend_and_fg_show_the_screen_again),
		cmocka_unit_test(a_crash_gives_the_terminal_back),
		cmocka_unit_test(an_unknown_terminal_is_drawn_for_as_its_relative),
		cmocka_unit_test(a_dumb_terminal_is_named),
		cmocka_unit_test(the_environment_of_children_is_left_alone),
		cmocka_unit_test(direct_color_draws_the_palette),
	};
	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
