/* The start page: what can be opened from here. Nothing but loopback was
 * asked. */
#include "widgets/start.h"

#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct start_line {
	enum start_group group;
	bool selected;
	struct spans shown, what, note;
};

struct start {
	uint64_t stamp;
	struct start_line *line;
	size_t nr, cap;
};

static const char *const titles[START_NR] = {
	[START_LOOK] = "look around",
	[START_FOUND] = "found here",
	[START_RECENT] = "recent",
	[START_TYPE] = "type it yourself",
};

static enum role note_role(const char *note)
{
	if (!strcmp(note, "ready"))
		return R_OK;
	return strstr(note, "costs") ? R_WARN : R_DIM;
}

static bool start_update(void *state, const struct view *v, int w, int h)
{
	struct start *d = state;
	(void)w;
	(void)h;

	/* A handful of lines whose words change as loopback answers. */
	if (v->nr_start > d->cap) {
		d->line = mem_grow(d->line, v->nr_start, sizeof(*d->line));
		d->cap = v->nr_start;
	}
	d->nr = v->nr_start;
	for (size_t i = 0; i < d->nr; i++) {
		const struct start_row *r = &v->start[i];
		struct start_line *l = &d->line[i];
		l->group = r->group;
		l->selected = i == v->selected_start && r->group != START_TYPE;
		l->shown.nr = l->what.nr = l->note.nr = 0;
		spans_add(&l->shown, l->selected ? R_BRIGHT : R_TEXT, 0, "%s",
			  r->shown ? r->shown : r->source ? r->source : "");
		if (r->what)
			spans_add(&l->what, R_DIM, 0, "%s", r->what);
		if (r->note)
			spans_add(&l->note, note_role(r->note), 0, "%s",
				  r->note);
	}
	return true;
}

static int draw_group(struct surface *s, int y, int margin,
		      enum start_group g)
{
	struct surface win = surface_window(s, margin, y, s->w - 2 * margin, 1);
	struct spans title = { 0 };

	spans_add(&title, R_BRIGHT, 0, "%s", titles[g]);
	draw_title(&win, &title, NULL, false);
	return y + 1;
}

static void draw_line(struct surface *s, int y, int margin,
		      const struct start_line *l)
{
	int end = s->w - margin, mid = margin + (s->w >= 70 ? 29 : 0);
	struct spans note = l->note;

	if (l->selected && margin >= 2) {
		surface_ground(s, margin - 2, y, s->w - 2 * margin + 4, 1,
			       R_SELECT);
		surface_put(s, margin - 2, y, 0x258C, STYLE(R_BRIGHT));
	} else if (l->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	if (mid == margin) {
		spans_row(s, y, margin, end, &l->shown, &note);
		return;
	}
	int room = mid - margin - 1;
	if (spans_width(&l->shown) > room) {
		/* A long path has the line for itself. */
		spans_row(s, y, margin, end, &l->shown, &note);
		return;
	}
	spans_draw(s, margin, y, room, &l->shown);
	spans_row(s, y, mid, end, &l->what, &note);
}

static void draw_intro(struct surface *s, int margin)
{
	/* An incident, in sixteen cells. */
	static const char levels[] = "1111111111366566";
	int x = s->w - margin - 16;

	draw_text(s, margin, 1, R_TEXT,
		  s->w >= 64 ? "Rate, errors, duration and budget burn of your "
			       "services." : "Rate, errors, duration, burn.");
	draw_text(s, margin, 2, R_DIM, s->w >= 48
		  ? "Pick a line, or type an address after :"
		  : "Pick a line, or type after :");
	for (int i = 0; i < 16 && x > margin + 42; i++)
		draw_spark(s, x + i, 2, levels[i] - '0',
			   levels[i] > '1' ? R_CRIT : R_SPARK);
}

static void start_draw(const void *state, struct surface *s)
{
	const struct start *d = state;
	int margin = s->w >= 70 ? 4 : 2;
	size_t groups = 0;

	draw_intro(s, margin);
	for (size_t i = 0; i < d->nr; i++)
		groups += !i || d->line[i].group != d->line[i - 1].group;
	/* Blank rows between the groups where there is room. */
	int need = 4 + (int)(d->nr + 2 * groups);
	bool airy = need + 1 <= s->h;
	int y = airy ? 4 : 3;
	for (size_t i = 0; i < d->nr && y < s->h; i++) {
		if (!i || d->line[i].group != d->line[i - 1].group) {
			y += i && airy;
			y = draw_group(s, y, margin, d->line[i].group);
		}
		if (y < s->h)
			draw_line(s, y++, margin, &d->line[i]);
	}
	if (y + 1 < s->h && s->w >= 70)
		draw_text(s, margin, y + 1, R_DIM, "only localhost was asked; "
			  "nothing leaves this host before Enter");
}

static void start_close(void *state)
{
	struct start *d = state;

	free(d->line);
}

const struct widget_ops start_widget = {
	.name = "start",
	.help = "what can be opened from here",
	.state_size = sizeof(struct start),
	.min_w = 1, .min_h = 1,
	.update = start_update,
	.draw = start_draw,
	.close = start_close,
};
