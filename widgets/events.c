/* What happened, newest first: a panel of one line an event. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct line {
	struct spans text, right;
};

struct events {
	uint64_t stamp;
	struct spans left, right;
	bool focused;
	struct line *line;
	size_t nr, cap;
};

static void add_line(struct line *l, const struct view *v,
		     const struct event *e)
{
	char at[TIME_TEXT];
	struct sign sign = sign_of_event(e);

	l->text.nr = l->right.nr = 0;
	bool old = v->now - e->at >= 86400000;
	char iso[TIME_TEXT];
	spans_add(&l->text, R_DIM, 0, "%.5s",
		  old ? time_iso(e->at, iso) + 5 : time_hm(e->at, at));
	spans_add(&l->text, sign.role, 0, "  %s ", sign.glyph);
	spans_event(&l->text, R_TEXT, e);
	if (e->until != TIME_NONE && e->until > e->at)
		spans_add(&l->right, R_DIM, 3, "for %s",
			  time_span(e->until - e->at, at));
}

static bool events_update(void *state, const struct view *v, int w, int h)
{
	struct events *ev = state;
	uint64_t stamp = view_stamp(v, w, h);
	size_t room = h > 1 ? (size_t)h - 1 : 0;

	if (stamp == ev->stamp)
		return false;
	ev->stamp = stamp;
	ev->focused = v->focused;
	if (room > ev->cap) {
		ev->line = mem_grow(ev->line, room, sizeof(*ev->line));
		ev->cap = room;
	}
	ev->nr = 0;
	const struct event *const *e;
	size_t n = view_events(v, &e);
	for (size_t i = n; i-- > 0 && ev->nr < room;)
		if (e[i]->at <= v->now)
			add_line(&ev->line[ev->nr++], v, e[i]);
	ev->left.nr = ev->right.nr = 0;
	spans_add(&ev->left, R_BRIGHT, 0, "events");
	if (!ev->nr)
		spans_add(&ev->right, R_DIM, 0, "none seen yet");
	else if (n > ev->nr)
		spans_add(&ev->right, R_DIM, 0, "%zu more on page 6",
			  n - ev->nr);
	return true;
}

static void events_draw(const void *state, struct surface *s)
{
	const struct events *ev = state;

	draw_title(s, &ev->left, &ev->right, ev->focused);
	for (size_t i = 0; i < ev->nr && (int)i + 1 < s->h; i++)
		spans_row(s, (int)i + 1, 0, s->w, &ev->line[i].text,
			  &ev->line[i].right);
}

static void events_close(void *state)
{
	struct events *ev = state;

	free(ev->line);
}

const struct widget_ops events_widget = {
	.name = "events",
	.help = "what happened, newest first",
	.state_size = sizeof(struct events),
	.min_w = 20, .min_h = 2,
	.update = events_update,
	.draw = events_draw,
	.close = events_close,
};
