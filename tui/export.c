#include "tui/export.h"

#include "tui/paint.h"

#include <string.h>

static bool is_space(const struct cell *c)
{
	return c->ch == ' ' && c->width == 1;
}

void export_text(const struct surface *s, struct buf *out)
{
	char text[40];
	for (int y = 0; y < s->h; y++) {
		int blanks = 0;
		for (int x = 0; x < s->w; x++) {
			const struct cell *c = surface_cell(s, x, y);
			if (is_space(c)) {
				blanks++;
				continue;
			}
			for (; blanks; blanks--)
				buf_char(out, ' ');
			buf_add(out, text, surface_cell_text(s, c, text));
		}
		buf_char(out, '\n');
	}
}

static void sgr_color(struct buf *out, int c, int base, int colors)
{
	if (c < 0)
		return;
	if (colors >= 256)
		buf_printf(out, ";%d;5;%d", base + 8, c);
	else
		buf_printf(out, ";%d", c < 8 ? base + c : base + 60 + c - 8);
}

static void sgr(struct buf *out, struct look l, int colors)
{
	static const struct {
		enum attr attr;
		char digit;
	} rows[] = {
		{ ATTR_BOLD, '1' },      { ATTR_DIM, '2' },
		{ ATTR_UNDERLINE, '4' }, { ATTR_REVERSE, '7' },
	};
	buf_str(out, "\033[0");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (l.attr & rows[i].attr) {
			buf_char(out, ';');
			buf_char(out, rows[i].digit);
		}
	}
	sgr_color(out, l.fg, 30, colors);
	sgr_color(out, l.bg, 40, colors);
	buf_char(out, 'm');
}

static const struct look plain = { -1, -1, 0 };

/* Of a space only the ground is seen. */
static struct paint paint(const struct theme *t, const struct cell *c,
			  int colors)
{
	struct paint p = paint_cell(t, c, colors);
	if (is_space(c) && !(p.look.attr & (ATTR_REVERSE | ATTR_UNDERLINE))) {
		p.look.fg = -1;
		p.look.attr = 0;
	}
	return p;
}

static bool same_look(struct look a, struct look b)
{
	return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

static void ansi_row(const struct surface *s, const struct theme *t, int colors,
		     int y, struct buf *out)
{
	char text[40];
	struct look now = plain;
	int end = s->w;
	while (end > 0 && is_space(surface_cell(s, end - 1, y))
	       && same_look(paint(t, surface_cell(s, end - 1, y), colors).look,
			    plain))
		end--;
	for (int x = 0; x < end; x++) {
		struct cell c = *surface_cell(s, x, y);
		struct paint p = paint(t, &c, colors);
		if (c.width == 0)
			continue;
		if (!same_look(p.look, now))
			sgr(out, p.look, colors);
		now = p.look;
		c.ch = p.ch;
		buf_add(out, text, surface_cell_text(s, &c, text));
	}
	if (!same_look(now, plain))
		buf_str(out, "\033[0m");
}

void export_ansi(const struct surface *s, const struct theme *t, int colors,
		 struct buf *out)
{
	if (colors == 0) {
		export_text(s, out);
		return;
	}
	for (int y = 0; y < s->h; y++) {
		ansi_row(s, t, colors, y, out);
		buf_char(out, '\n');
	}
}

static const char letters[R_NR] = {
	[R_DEFAULT] = '.', [R_TEXT] = 't', [R_BRIGHT] = 'T', [R_DIM] = 'd',
	[R_OK] = 'o', [R_STALE] = 's', [R_WARN] = 'w', [R_CRIT] = 'c',
	[R_LIMIT] = 'l', [R_EVENT] = 'e', [R_P50] = '5', [R_P95] = '9',
	[R_P99] = 'p', [R_S2] = '2', [R_S4] = '4', [R_S5] = 'S',
	[R_BAR] = 'b', [R_FAINT] = 'f', [R_GRID] = 'g',
	[R_SPARK] = 'k', [R_SPARK_ZERO] = 'z',
	[R_AREA1] = 'x', [R_AREA2] = 'y', [R_AREA3] = 'Y',
	[R_ERR1] = 'v', [R_ERR2] = 'V', [R_ERR3] = 'r', [R_ERR4] = 'n',
	[R_ERR5] = 'N',
	[R_HEAT_IN1] = 'A', [R_HEAT_IN2] = 'B', [R_HEAT_IN3] = 'C',
	[R_HEAT_IN4] = 'D', [R_HEAT_IN5] = 'E', [R_HEAT_IN6] = 'F',
	[R_HEAT_IN7] = 'G', [R_HEAT_IN8] = 'I',
	[R_HEAT_OUT1] = 'J', [R_HEAT_OUT2] = 'K', [R_HEAT_OUT3] = 'L',
	[R_HEAT_OUT4] = 'M', [R_HEAT_OUT5] = 'O', [R_HEAT_OUT6] = 'Q',
	[R_HEAT_OUT7] = 'U', [R_HEAT_OUT8] = 'W',
	[R_CROSSHAIR] = '|',
	[R_HEADER] = 'h', [R_SELECT] = '>', [R_PAGE] = 'P', [R_ALERT] = 'a',
	[R_REPLAY] = 'R', [R_POPUP] = 'u', [R_BURN1] = '1', [R_BURN6] = '6',
	[R_BURN14] = '8',
	[R_ON_ALERT] = 'X', [R_ON_ALERT_DIM] = 'i',
};

/* The letter of a cell; a space with nothing behind it is one. */
static char letter(const struct cell *c, bool ground)
{
	if (ground)
		return letters[c->ground];
	return is_space(c) ? ' ' : letters[c->role];
}

static void legend(const struct surface *s, bool ground, struct buf *out)
{
	bool used[R_NR] = { false };
	for (int y = 0; y < s->h; y++) {
		for (int x = 0; x < s->w; x++) {
			const struct cell *c = surface_cell(s, x, y);
			if (ground || !is_space(c))
				used[ground ? c->ground : c->role] = true;
		}
	}
	buf_str(out, ground ? "grounds:" : "roles:");
	for (int r = 0; r < R_NR; r++)
		if (used[r])
			buf_printf(out, " %c %s", letters[r],
				   role_name((enum role)r));
	buf_char(out, '\n');
}

static void letter_row(const struct surface *s, int y, bool ground,
		       struct buf *out)
{
	char none = ground ? '.' : ' ';
	int end = s->w;
	while (end > 0 && letter(surface_cell(s, end - 1, y), ground) == none)
		end--;
	for (int x = 0; x < end; x++)
		buf_char(out, letter(surface_cell(s, x, y), ground));
	buf_char(out, '\n');
}

void export_roles(const struct surface *s, struct buf *out)
{
	for (int ground = 0; ground < 2; ground++) {
		legend(s, ground, out);
		for (int y = 0; y < s->h; y++)
			letter_row(s, y, ground, out);
	}
}
