#include "tui/export.h"

#include "tui/paint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <vterm.h>

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static struct surface *scribbled(int w, int h, int writes, unsigned seed)
{
	static const char *const texts[] = {
		"checkout", "~914ms (750ms–1s)", "▁▂▃▄▅▆▇█", "⠉⣀⢀⡇", "──━━┈┈╌╌",
		"日本語", "e\xCC\x81te\xCC\x81", "▲ PAGE", "· ok ◆●○▸",
		"░▒▓█▀▌▐▖▟",
		" ", "<a href=\"x\">&amp;</a>", "┌┬┐├┼┤└┴┘│┊╸╺",
	};
	struct surface *f = surface_new(w, h, GRAPH_BRAILLE);
	for (int i = 0; i < writes; i++) {
		struct style st = { (uint8_t)(1 + next(&seed) % (R_NR - 1)),
				    (uint8_t)(next(&seed) % R_NR) };
		int x = (int)(next(&seed) % (unsigned)(w + 8)) - 4;
		int y = (int)(next(&seed) % (unsigned)(h + 2)) - 1;
		surface_text(f, x, y, st, texts[next(&seed) % 13]);
	}
	return f;
}

static int count(const char *s, char c)
{
	int n = 0;
	for (; *s; s++)
		n += *s == c;
	return n;
}

static void text_has_a_line_a_row_and_no_escape(void **state)
{
	(void)state;
	struct surface *s = surface_new(20, 4, GRAPH_BRAILLE);
	struct buf b;
	buf_init(&b, 0);
	surface_text(s, 2, 0, STYLE(R_TEXT), "a  b");
	surface_text(s, 0, 2, STYLE_ON(R_CRIT, R_PAGE), "日e\xCC\x81 x ");
	surface_ground(s, 0, 3, 20, 1, R_PAGE);
	export_text(s, &b);
	assert_string_equal(buf_text(&b), "  a  b\n\n日e\xCC\x81 x\n\n");
	buf_clear(&b);
	export_ansi(s, theme_builtin("ember"), 0, &b);
	assert_string_equal(buf_text(&b), "  a  b\n\n日e\xCC\x81 x\n\n");
	surface_free(s);

	s = scribbled(120, 40, 400, 1);
	buf_clear(&b);
	export_text(s, &b);
	assert_int_equal(count(buf_text(&b), '\n'), 40);
	assert_int_equal(count(buf_text(&b), '\033'), 0);
	assert_null(strstr(buf_text(&b), " \n"));
	surface_free(s);
	buf_release(&b);
}

static int color_index(const VTermColor *c)
{
	if (VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c))
		return -1;
	return c->indexed.idx;
}

static void assert_shown(const struct surface *f, const char *ansi,
			 const struct theme *t, int colors)
{
	VTerm *vt = vterm_new(f->h + 1, f->w + 1);
	vterm_set_utf8(vt, 1);
	VTermScreen *vs = vterm_obtain_screen(vt);
	vterm_screen_reset(vs, 1);
	for (; *ansi; ansi++) {
		if (*ansi == '\n')
			vterm_input_write(vt, "\r", 1);
		vterm_input_write(vt, ansi, 1);
	}
	for (int y = 0; y < f->h; y++) {
		for (int x = 0; x < f->w; x++) {
			const struct cell *c = surface_cell(f, x, y);
			VTermScreenCell v;
			memset(&v, 0, sizeof(v));
			vterm_screen_get_cell(vs, (VTermPos){ y, x }, &v);
			if (c->width == 0)
				continue;
			struct paint p = paint_cell(t, c, colors);
			struct look l = p.look;
			uint32_t ch = v.chars[0] ? v.chars[0] : ' ';
			if (!(c->ch & CELL_CLUSTER))
				assert_int_equal(ch, p.ch);
			assert_int_equal(color_index(&v.bg), l.bg);
			assert_int_equal(v.attrs.reverse,
					 !!(l.attr & ATTR_REVERSE));
			if (ch == ' ')
				continue;
			assert_int_equal(color_index(&v.fg), l.fg);
			assert_int_equal(v.attrs.bold, !!(l.attr & ATTR_BOLD));
		}
	}
	vterm_free(vt);
}

/* A color that leaks over a line's end would stain a shell. */
static void assert_lines_end_plain(const char *ansi)
{
	bool plain = true;
	for (; *ansi; ansi++) {
		if (*ansi == '\n')
			assert_true(plain);
		if (*ansi != '\033')
			continue;
		size_t n = strspn(ansi + 2, "0123456789;");
		assert_int_equal(ansi[1], '[');
		assert_int_equal(ansi[2 + n], 'm');
		plain = n == 1 && ansi[2] == '0';
	}
}

static void ansi_in_a_terminal_is_the_screen(void **state)
{
	(void)state;
	static const int colors[] = { 256, 16, 8 };
	for (const char *const *name = theme_names(); *name; name++) {
		const struct theme *t = theme_builtin(*name);
		for (int i = 0; i < 3; i++) {
			struct surface *s = scribbled(60, 14, 90, (unsigned)i);
			struct buf b;
			buf_init(&b, 0);
			export_ansi(s, t, colors[i], &b);
			assert_int_equal(count(buf_text(&b), '\n'), 14);
			assert_lines_end_plain(buf_text(&b));
			assert_shown(s, buf_text(&b), t, colors[i]);
			buf_release(&b);
			surface_free(s);
		}
	}
}

static bool is_entity(const char *s)
{
	return !strncmp(s, "&amp;", 5) || !strncmp(s, "&lt;", 4)
	       || !strncmp(s, "&gt;", 4) || !strncmp(s, "&quot;", 6);
}

/* Tags close in their order, attributes are quoted, & begins an entity. */
static void assert_xml(const char *s)
{
	char open[16][16];
	int depth = 0;
	for (; *s; s++) {
		if (*s == '&')
			assert_true(is_entity(s));
		if ((unsigned char)*s < 0x20)
			assert_int_equal(*s, '\n');
		if (*s != '<')
			continue;
		const char *end = strchr(s, '>');
		assert_non_null(end);
		size_t n = strcspn(s + 1, " />");
		if (s[1] == '/') {
			assert_true(depth > 0);
			depth--;
			assert_memory_equal(s + 2, open[depth],
					    strlen(open[depth]));
		} else if (s[1] != '?' && end[-1] != '/') {
			assert_true(depth < 16 && n < 16);
			memcpy(open[depth], s + 1, n);
			open[depth++][n] = '\0';
		}
		int quotes = 0;
		for (const char *q = s; q < end; q++)
			quotes += *q == '"';
		assert_int_equal(quotes % 2, 0);
		s = end;
	}
	assert_int_equal(depth, 0);
}

static void a_picture_is_xml_and_small(void **state)
{
	(void)state;
	for (const char *const *name = theme_names(); *name; name++) {
		struct surface *s = scribbled(120, 40, 300, 5);
		struct buf b;
		buf_init(&b, 0);
		export_svg(s, theme_builtin(*name), &b);
		assert_xml(buf_text(&b));
		assert_true(b.len < 150000);
		assert_non_null(strstr(buf_text(&b),
				       "width=\"1200\" height=\"800\""));
		assert_non_null(strstr(buf_text(&b),
				       "&lt;a href=&quot;x&quot;"));
		assert_null(strstr(buf_text(&b), "<a "));
		buf_release(&b);
		surface_free(s);
	}
	struct surface *none = surface_new(0, 0, GRAPH_BRAILLE);
	struct buf b;
	buf_init(&b, 0);
	export_svg(none, theme_builtin("ember"), &b);
	assert_xml(buf_text(&b));
	buf_release(&b);
	surface_free(none);
}

static void draw(const char *text, struct style st, struct buf *b)
{
	struct surface *s = surface_new(6, 1, GRAPH_BRAILLE);
	surface_text(s, 1, 0, st, text);
	buf_clear(b);
	export_svg(s, theme_builtin("ember"), b);
	assert_xml(buf_text(b));
	surface_free(s);
}

static void charts_are_shapes_not_letters(void **state)
{
	(void)state;
	static const struct {
		const char *text, *path;
	} rows[] = {
		{ "██", "fill=\"#ff5f5f\" d=\"M10 0h20v20h-20z\"" },
		{ "▄", "d=\"M10 10h10v10h-10z\"" },
		{ "▁", "d=\"M10 17.5h10v2.5h-10z\"" },
		{ "▀", "d=\"M10 0h10v10h-10z\"" },
		{ "▌", "d=\"M10 0h5v20h-5z\"" },
		{ "▐", "d=\"M15 0h5v20h-5z\"" },
		{ "▟", "d=\"M15 0h5v10h-5zM10 10h5v10h-5zM15 10h5v10h-5z\"" },
		{ "──", "d=\"M10 9.5h20v1h-20z\"" },
		{ "━", "d=\"M10 8.5h10v3h-10z\"" },
		{ "│", "d=\"M14.5 0h1v20h-1z\"" },
		{ "⠁", "stroke=\"#ff5f5f\" d=\"M12.5 2.5h.01\"" },
		{ "⢀", "d=\"M17.5 17.5h.01\"" },
		{ "▲", "d=\"M15 5l4 10h-8z\"" },
	};
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		draw(rows[i].text, STYLE(R_CRIT), &b);
		assert_non_null(strstr(buf_text(&b), rows[i].path));
		assert_null(strstr(buf_text(&b), "<text"));
	}
	buf_release(&b);
}

static void a_picture_has_the_words(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	draw("a b", STYLE_ON(R_ON_ALERT, R_PAGE), &b);
	assert_non_null(strstr(buf_text(&b),
		"<text x=\"10\" y=\"15\" textLength=\"30\" fill=\"#ffffff\" "
		"font-weight=\"bold\">a b</text>"));
	assert_non_null(strstr(buf_text(&b),
			       "fill=\"#af0000\" d=\"M10 0h30v20h-30z\""));
	draw("日x", STYLE(R_TEXT), &b);
	assert_non_null(strstr(buf_text(&b), ">日</text>"));
	assert_non_null(strstr(buf_text(&b), "<text x=\"30\" y=\"15\""));
	draw("a  b", STYLE(R_TEXT), &b);
	assert_non_null(strstr(buf_text(&b), ">a</text>"));
	assert_non_null(strstr(buf_text(&b), ">b</text>"));
	draw("✓", STYLE(R_OK), &b);
	assert_non_null(strstr(buf_text(&b), ">✓</text>"));
	buf_release(&b);
}

static void assert_paint(const char *theme, int colors, struct style st,
			 uint32_t ch, uint32_t want, unsigned attr)
{
	struct surface *s = surface_new(1, 1, GRAPH_BRAILLE);
	surface_put(s, 0, 0, ch, st);
	struct paint p = paint_cell(theme_builtin(theme), surface_cell(s, 0, 0),
				    colors);
	assert_int_equal(p.ch, want);
	assert_int_equal(p.look.attr, attr);
	surface_free(s);
}

static void without_grounds_areas_have_no_holes(void **state)
{
	(void)state;
	struct style strip = STYLE_ON(R_S5, R_AREA1);
	assert_paint("ember", 256, strip, 0x2581, 0x2581, 0);
	assert_paint("ember", 16, strip, 0x2581, 0x2581, 0);
	assert_paint("mono", 256, strip, 0x2581, 0x2588, ATTR_DIM);
	assert_paint("ember", 0, strip, 0x2581, 0x2588, ATTR_DIM);
	assert_paint("ember", 0, strip, 0x2584, 0x2588, ATTR_BOLD);
	assert_paint("ember", 0, STYLE(R_S5), 0x2581, 0x2581, ATTR_BOLD);
	assert_paint("ember", 0, STYLE_ON(R_CROSSHAIR, R_AREA1), 0x2502, 0x2502,
		     ATTR_BOLD);
	assert_paint("ember", 0, STYLE_ON(R_HEAT_IN8, R_HEAT_IN7), 0x2580,
		     0x2588, ATTR_DIM);
	assert_paint("ember", 0, STYLE_ON(R_HEAT_IN1, R_HEAT_OUT1), 0x2580,
		     0x2591, ATTR_BOLD);
	assert_paint("ember", 256, STYLE_ON(R_HEAT_IN1, R_HEAT_OUT1), 0x2580,
		     0x2580, 0);
}

static void the_selection_bar_stays_at_the_left(void **state)
{
	(void)state;
	assert_paint("ember", 0, STYLE_ON(R_BRIGHT, R_SELECT), 0x258C, 0x258C,
		     ATTR_BOLD);
	assert_paint("ember", 16, STYLE_ON(R_BRIGHT, R_SELECT), 0x258C, 0x258C,
		     ATTR_BOLD);
	assert_paint("ember", 0, STYLE_ON(R_BRIGHT, R_SELECT), 'c', 'c',
		     ATTR_BOLD | ATTR_REVERSE);
}

static void roles_are_letters_that_stay(void **state)
{
	(void)state;
	struct surface *s = surface_new(8, 2, GRAPH_BRAILLE);
	struct buf b;
	buf_init(&b, 0);
	surface_text(s, 0, 0, STYLE(R_TEXT), "ab c");
	surface_text(s, 1, 1, STYLE_ON(R_CRIT, R_PAGE), "日 ");
	export_roles(s, &b);
	assert_string_equal(buf_text(&b),
		"roles: t text c crit\n"
		"tt t\n"
		" cc\n"
		"grounds: . default P ground.page\n"
		"\n"
		".PPP\n");
	surface_clear(s);
	for (int i = 0; i < R_NR; i++) {
		struct buf one;
		buf_init(&one, 0);
		surface_put(s, 0, 0, 'x', STYLE((uint8_t)i));
		export_roles(s, &one);
		const char *row = strchr(buf_text(&one), '\n') + 1;
		assert_true(*row > ' ' && *row < 0x7f);
		buf_char(&b, *row);
		buf_release(&one);
	}
	const char *used = b.s + b.len - R_NR;
	for (int i = 0; i < R_NR; i++)
		assert_ptr_equal(memchr(used, used[i], R_NR), used + i);
	buf_release(&b);
	surface_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_has_a_line_a_row_and_no_escape),
		cmocka_unit_test(ansi_in_a_terminal_is_the_screen),
		cmocka_unit_test(a_picture_is_xml_and_small),
		cmocka_unit_test(charts_are_shapes_not_letters),
		cmocka_unit_test(a_picture_has_the_words),
		cmocka_unit_test(without_grounds_areas_have_no_holes),
		cmocka_unit_test(the_selection_bar_stays_at_the_left),
		cmocka_unit_test(roles_are_letters_that_stay),
	};
	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
