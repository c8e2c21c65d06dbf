/* Any writes leave a whole grid, and a terminal shows it as it is. */
#include "tui/export.h"
#include "tui/paint.h"
#include "tui/screen.h"

#include "base/text.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vterm.h>

#define W 24
#define H 6

struct bytes {
	const uint8_t *at;
	size_t left;
};

static int take(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->at++;
}

static int coordinate(struct bytes *b)
{
	int v = take(b);
	return v == 255 ? 2147483647 : v == 254 ? -2147483647 - 1 : v % 48 - 12;
}

static struct style style(struct bytes *b)
{
	int role = take(b) % R_NR, ground = take(b) % R_NR;
	return STYLE_ON((uint8_t)role, (uint8_t)ground);
}

static const char *words(struct bytes *b)
{
	static const char *const texts[] = {
		"checkout", "~914ms (750ms–1s)", "▁▂▃▄▅▆▇█", "⠉⣀⢀⡇", "──━━┈┈╌╌",
		"日本語", "e\xCC\x81te\xCC\x81\xCC\x82", "▲", "·", "░▒▓█▀▌▐▖▟", " ",
		"x", "日", "", "\xCC\x81", "<&>\"'",
	};
	return texts[take(b) % 16];
}

static void act(struct surface *s, struct bytes *b)
{
	int what = take(b) % 12, x = coordinate(b), y = coordinate(b);
	struct surface win;
	switch (what) {
	case 0:
		surface_ground(s, x, y, coordinate(b), coordinate(b),
			       (enum role)(take(b) % R_NR));
		break;
	case 1:
		surface_text_max(s, x, y, coordinate(b), style(b), words(b));
		break;
	case 2:
		surface_text_right(s, x % 100, y, style(b), words(b));
		break;
	case 3:
		surface_run(s, x, y, take(b), take(b) % 2 ? 0x2500 : 0x65E5,
			    style(b));
		break;
	case 4:
		surface_recede(s);
		break;
	case 5:
		win = surface_window(s, x, y, coordinate(b), coordinate(b));
		surface_clear(&win);
		break;
	case 6:
		win = surface_window(s, x, y, coordinate(b), coordinate(b));
		surface_text(&win, coordinate(b), coordinate(b), style(b), words(b));
		break;
	case 7:
		surface_resize(s, take(b) % (W + 1), take(b) % (H + 1));
		surface_resize(s, W, H);
		break;
	case 8:
		s->graph = take(b) % 4 ? GRAPH_BRAILLE : GRAPH_ASCII;
		break;
	default:
		surface_text(s, x, y, style(b), words(b));
	}
}

#define CHECK(fact)                                                            \
	do {                                                                   \
		if (!(fact)) {                                                 \
			fprintf(stderr, "not so at %d,%d: %s\n", x, y, #fact); \
			abort();                                               \
		}                                                              \
	} while (0)

static void check_whole(const struct surface *s)
{
	for (int y = 0; y < s->h; y++) {
		for (int x = 0; x < s->w; x++) {
			const struct cell *c = surface_cell(s, x, y);
			CHECK(c->width <= 2 && c->pad == 0 && c->role < R_NR);
			CHECK(c->width != 2 || (x + 1 < s->w && c[1].width == 0));
			CHECK(c->width != 0 || (x > 0 && c[-1].width == 2));
		}
	}
}

static int color_index(const VTermColor *c)
{
	return VTERM_COLOR_IS_DEFAULT_FG(c) || VTERM_COLOR_IS_DEFAULT_BG(c)
	       ? -1 : c->indexed.idx;
}

static void check_shown(VTermScreen *vs, const struct surface *s,
			const struct theme *t)
{
	for (int y = 0; y < s->h; y++) {
		for (int x = 0; x < s->w; x++) {
			struct cell c = *surface_cell(s, x, y);
			char text[40];
			uint32_t base = ' ';
			VTermScreenCell v;
			vterm_screen_get_cell(vs, (VTermPos){ y, x }, &v);
			struct paint p = paint_cell(t, &c, 256);
			struct look l = p.look;
			c.ch = p.ch;
			if (!surface_cell_text(s, &c, text))
				continue;
			text_next(text, strlen(text), &base);
			CHECK((v.chars[0] ? v.chars[0] : ' ') == base);
			CHECK(color_index(&v.bg) == l.bg);
			CHECK(base == ' ' || color_index(&v.fg) == l.fg);
		}
	}
}

/* The terminal outlives a run: what it showed before is part of the test. */
static void show(const struct surface *s, const struct theme *t)
{
	static struct screen *screen;
	static VTerm *vt;
	static VTermScreen *vs;
	const char *notice;
	if (!screen) {
		setlocale(LC_CTYPE, "C.UTF-8");
		screen = screen_new("xterm-256color", W, H, false, &notice, NULL);
		vt = vterm_new(H, W);
		vterm_set_utf8(vt, 1);
		vs = vterm_obtain_screen(vt);
		vterm_screen_reset(vs, 1);
		screen_begin(screen);
	}
	size_t n;
	screen_show(screen, s, t);
	const char *bytes = screen_bytes(screen, &n);
	for (size_t i = 0; i < n; i++)
		vterm_input_write(vt, bytes + i, 1);
	screen_taken(screen, n);
	check_shown(vs, s, t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	struct surface *s = surface_new(W, H, GRAPH_BRAILLE);
	const struct theme *t = theme_builtin(theme_names()[take(&b) % 4]);
	struct buf out;
	buf_init(&out, 0);
	for (int i = 0; b.left; i++) {
		act(s, &b);
		if (i % 16 == 15)
			show(s, t);
	}
	check_whole(s);
	show(s, t);
	export_text(s, &out);
	export_ansi(s, t, 16, &out);
	export_svg(s, t, &out);
	export_roles(s, &out);
	buf_release(&out);
	surface_free(s);
	return 0;
}
