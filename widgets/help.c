/* The help box, printed from the table of keys. */
#include "widgets/keys.h"

#include "widgets/draw.h"

#include "base/text.h"

#include <stdio.h>

struct help {
	enum page page;
};

static const struct legend {
	const char *sign;
	enum role role;
	const char *means;
} signs[] = {
	{ "▲", R_CRIT, "page or critical: act now" },
	{ "◆", R_WARN, "ticket or warning: today" },
	{ "·", R_OK, "inside its objective" },
	{ "○", R_STALE, "no data: not zero, not fine" },
	{ "~", R_TEXT, "estimate or forecast" },
	{ "–", R_STALE, "the source does not say" },
	{ "…", R_STALE, "asked, not answered yet" },
};
#define SIGNS ((int)(sizeof(signs) / sizeof(*signs)))

/* The groups of the left and the right half; without the signs where there
 * is no room for them. */
#define SIGN_GROUP KEY_GROUPS
#define NO_GROUP (KEY_GROUPS + 1)
typedef int halves[2][3];
static const halves full = {
	{ KEYS_MOVE, KEYS_FIND, KEYS_SELF },
	{ KEYS_TIME, KEYS_OVER, SIGN_GROUP },
};
static const halves compact = {
	{ KEYS_MOVE, KEYS_FIND, KEYS_OVER },
	{ KEYS_TIME, KEYS_SELF, NO_GROUP },
};

static int group_rows(int g, enum page page)
{
	int n = 0;

	if (g == SIGN_GROUP)
		return SIGNS;
	for (const struct key_row *r = key_rows; r->keys; r++)
		n += (int)r->group == g && (r->pages & ON(page));
	return n;
}

static int half_rows(const int group[3], enum page page)
{
	int n = 0;

	for (int i = 0; i < 3; i++) {
		int rows = group_rows(group[i], page);
		n += rows ? rows + 2 : 0;
	}
	return n;
}

static int draw_keys(struct surface *s, int x, int y, enum key_group g,
		     enum page page)
{
	draw_text(s, x, y++, R_DIM, key_group_name(g));
	for (const struct key_row *r = key_rows; r->keys; r++) {
		if (r->group != g || !(r->pages & ON(page)))
			continue;
		draw_text(s, x, y, R_BRIGHT, r->keys);
		surface_text_max(s, x + 11, y, s->w - x - 11, STYLE(R_TEXT),
				 r->help);
		y++;
	}
	return y + 1;
}

static int draw_signs(struct surface *s, int x, int y)
{
	draw_text(s, x, y++, R_DIM, "signs");
	for (int i = 0; i < SIGNS; i++, y++) {
		draw_text(s, x, y, signs[i].role, signs[i].sign);
		draw_text(s, x + 3, y, R_TEXT, signs[i].means);
	}
	return y + 1;
}

static void draw_half(struct surface *s, int y, const int group[3],
		      enum page page)
{
	for (int i = 0; i < 3; i++) {
		if (group[i] == SIGN_GROUP)
			y = draw_signs(s, 0, y);
		else if (group_rows(group[i], page))
			y = draw_keys(s, 0, y, (enum key_group)group[i], page);
	}
}

static void draw_box(struct surface *s, enum page page)
{
	int w = s->w, h = s->h;
	struct style line = STYLE(R_DIM);

	for (int y = 0; y < h; y++)
		surface_run(s, 0, y, w, ' ', STYLE(R_TEXT));
	surface_ground(s, 0, 0, w, h, R_POPUP);
	for (int y = 0; y < h; y += h > 1 ? h - 1 : 1)
		surface_run(s, 1, y, w - 2, 0x2500, line);
	for (int y = 1; y < h - 1; y++) {
		surface_put(s, 0, y, 0x2502, line);
		surface_put(s, w - 1, y, 0x2502, line);
	}
	surface_put(s, 0, 0, 0x256D, line);
	surface_put(s, w - 1, 0, 0x256E, line);
	surface_put(s, 0, h - 1, 0x2570, line);
	surface_put(s, w - 1, h - 1, 0x256F, line);
	char title[64];
	snprintf(title, sizeof(title), " help: %s ",
		 page == PAGE_OWN ? "your page" : page_name(page));
	if (w < 20)
		return;
	surface_text_max(s, 2, 0, w - 4, STYLE(R_BRIGHT), title);
	if (text_width(title) + 16 > w)
		return;
	draw_text(s, w - 13, 0, R_BRIGHT, " Esc");
	draw_text(s, w - 9, 0, R_DIM, " close ");
}

static bool help_update(void *state, const struct view *v, int w, int h)
{
	struct help *d = state;
	bool changed = d->page != v->page;

	(void)w;
	(void)h;
	d->page = v->page;
	return changed;
}

/* Two halves where they fit; otherwise the keys of the left one, then of the
 * right one, as far as the box reaches. */
static void help_draw(const void *state, struct surface *s)
{
	const struct help *d = state;
	const halves *part = &full;
	bool two = s->w >= 76;
	int left = half_rows(full[0], d->page);
	int right = half_rows(full[1], d->page);
	int rows = two ? (left > right ? left : right) : left + right;
	if (rows + 2 > s->h) {
		part = &compact;
		left = half_rows(compact[0], d->page);
		right = half_rows(compact[1], d->page);
		rows = two ? (left > right ? left : right) : left + right;
	}
	int w = two ? (s->w >= 96 ? 92 : s->w - 2) : s->w, h = rows + 3;
	bool notes = h + 3 <= s->h && two;

	if (notes)
		h += 3;
	if (h > s->h)
		h = s->h;
	struct surface box = surface_window(s, (s->w - w) / 2, (s->h - h) / 2,
					    w, h);
	draw_box(&box, d->page);
	if (w < 8 || h < 4)
		return;
	struct surface in = surface_window(&box, 3, h > 20 ? 2 : 1, w - 5,
					   h - (h > 20 ? 3 : 2));
	struct surface half = surface_window(&in, 0, 0, two ? in.w / 2 - 2
							    : in.w, in.h);
	draw_half(&half, 0, (*part)[0], d->page);
	if (two)
		half = surface_window(&in, in.w / 2, 0, in.w - in.w / 2, in.h);
	draw_half(&half, two ? 0 : left, (*part)[1], d->page);
	if (!notes)
		return;
	draw_text(&box, 3, h - 4, R_DIM, "latency");
	surface_text_max(&box, 11, h - 4, w - 13, STYLE(R_TEXT),
			 "p99 is read from buckets: ~914ms (750ms–1s) means "
			 "between 750ms and 1s.");
	draw_text(&box, 3, h - 3, R_DIM, "burn");
	surface_text_max(&box, 11, h - 3, w - 13, STYLE(R_TEXT),
			 "1x spends the 30d budget in exactly 30d; 14.4x "
			 "spends it in 50h.");
}

const struct widget_ops help_widget = {
	.name = "help",
	.help = "every key that does something here",
	.state_size = sizeof(struct help),
	.min_w = 1, .min_h = 1,
	.update = help_update,
	.draw = help_draw,
};
