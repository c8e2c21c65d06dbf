/* The table of keys, and the last row, which shows the ones that matter
 * where you are. */
#include "widgets/keys.h"

#include "widgets/draw.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

const char *key_group_name(enum key_group g)
{
	static const char *const names[] = { "move", "time", "find out",
					     "hand over", "this program" };
	return names[g];
}

#define CHARTS (ON(PAGE_OVERVIEW) | ON(PAGE_SERVICE) | ON(PAGE_CHANGED) | \
		ON(PAGE_SLO) | ON(PAGE_OWN))
#define LISTS (ON(PAGE_OVERVIEW) | ON(PAGE_CHANGED) | ON(PAGE_SATURATION) | \
	       ON(PAGE_SLO) | ON(PAGE_EVENTS) | ON(PAGE_START) | ON(PAGE_OWN))
#define ANY (ON_ALL | ON(PAGE_START))

const struct key_row key_rows[] = {
	{ "j k ↑ ↓", "row", KEYS_MOVE, LISTS, "0.1.0" },
	{ "g G", "first, last", KEYS_MOVE, LISTS, "0.1.0" },
	{ "PgUp PgDn", "page", KEYS_MOVE, LISTS, "0.1.0" },
	{ "Enter", "open, go to the event", KEYS_MOVE,
	  LISTS & ~(ON(PAGE_SATURATION) | ON(PAGE_CHANGED)), "0.1.0" },
	{ "Esc", "back, never quits", KEYS_MOVE, ANY, "0.1.0" },
	{ "Tab", "next widget", KEYS_MOVE, CHARTS | ON(PAGE_SATURATION),
	  "0.1.0" },
	{ "1 2 3 4", "pages", KEYS_MOVE, ON_ALL, "0.1.0" },
	{ "5 6 8", "slo, events, sources", KEYS_MOVE, ON_ALL, "0.1.0" },
	{ "7 9", "pages of the file", KEYS_MOVE, ON_ALL, "0.1.0" },

	{ "← →", "crosshair, one column", KEYS_TIME, CHARTS, "0.1.0" },
	{ "+ -", "zoom", KEYS_TIME, CHARTS, "0.1.0" },
	{ "h l", "pan", KEYS_TIME, CHARTS, "0.1.0" },
	{ "0", "live, default range", KEYS_TIME, ON_ALL, "0.1.0" },
	{ "Space p", "pause, go on, play", KEYS_TIME, ON_ALL, "0.1.0" },
	{ "t T", "one sample forth, back", KEYS_TIME, ON_ALL, "0.1.0" },
	{ "[ ]", "previous, next event", KEYS_TIME, ON_ALL, "0.1.0" },
	{ "b", "go to a time", KEYS_TIME, ON_ALL, "0.1.0" },
	{ "< >", "replay speed", KEYS_TIME, ON_ALL, "0.1.0" },

	{ "/", "filter, then n N", KEYS_FIND,
	  ON(PAGE_OVERVIEW) | ON(PAGE_EVENTS), "0.1.0" },
	{ "w", "what changed", KEYS_FIND, ON_ALL, "0.1.0" },
	{ "e", "explain the number", KEYS_FIND, ON_ALL, "0.1.0" },
	{ "s", "sort by the next column", KEYS_FIND, ON(PAGE_OVERVIEW),
	  "0.1.0" },
	{ "f", "this widget full screen", KEYS_FIND, CHARTS, "0.1.0" },

	{ "R", "record; again: stop", KEYS_OVER, ON_ALL, "0.1.0" },
	{ "y", "one line for the chat", KEYS_OVER, ON_ALL, "0.1.0" },

	{ ":", "any command", KEYS_SELF, ANY, "0.1.0" },
	{ "F2", "themes", KEYS_SELF, ANY, "0.1.0" },
	{ "r", "poll now", KEYS_SELF, ON_ALL, "0.1.0" },
	{ "Ctrl-R", "read the file again", KEYS_SELF, ON_ALL, "0.1.0" },
	{ "? F1", "this help", KEYS_SELF, ANY, "0.1.0" },
	{ "Ctrl-L", "repaint", KEYS_SELF, ANY, "0.1.0" },
	{ "Ctrl-Z", "suspend", KEYS_SELF, ANY, "0.1.0" },
	{ "q Ctrl-C", "quit", KEYS_SELF, ANY, "0.1.0" },
	{ NULL, NULL, KEYS_SELF, 0, NULL },
};

/* ---- the last row ------------------------------------------------------- */

#define LIVE 1u
#define REPLAY 2u
#define BLIND 4u

/* In the order of the line; a higher rank leaves first. */
static const struct line_row {
	unsigned pages, modes;
	const char *keys, *help;
	int rank;
} line_rows[] = {
	{ ON_ALL, BLIND, "r", "try now", 0 },
	{ ON_ALL, BLIND, "8", "sources", 1 },

	{ ON(PAGE_OVERVIEW), REPLAY, "Space", "play", 0 },
	{ ON(PAGE_SERVICE), REPLAY, "Space", "play", 0 },
	{ ON(PAGE_OVERVIEW), LIVE, "Enter", "service", 1 },
	{ ON(PAGE_SERVICE), LIVE, "Esc", "back", 0 },
	{ ON(PAGE_CHANGED), LIVE | REPLAY, "j k", "row", 1 },
	{ ON(PAGE_SATURATION), LIVE | REPLAY, "j k", "resource", 1 },
	{ ON(PAGE_SLO), LIVE | REPLAY, "j k", "objective", 1 },
	{ ON(PAGE_SLO), LIVE | REPLAY, "Enter", "service", 1 },
	{ ON(PAGE_EVENTS), LIVE | REPLAY, "j k", "event", 1 },
	{ ON(PAGE_EVENTS), LIVE | REPLAY, "Enter", "go there", 1 },
	{ ON(PAGE_START), LIVE, "j k", "choose", 1 },
	{ ON(PAGE_START), LIVE, "Enter", "open", 0 },
	{ ON(PAGE_START), LIVE, ":", "type a source", 2 },
	{ ON(PAGE_NET), LIVE, "r", "ask now", 1 },

	{ CHARTS, REPLAY, "t T", "poll", 4 },
	{ CHARTS, REPLAY, "[ ]", "event", 5 },
	{ ON(PAGE_SERVICE), LIVE, "Tab", "next chart", 4 },
	{ CHARTS, LIVE | REPLAY, "← →", "crosshair", 5 },
	{ CHARTS, REPLAY, "< >", NULL, 5 },
	{ CHARTS, REPLAY, "b", "go to", 6 },
	{ CHARTS, REPLAY, "0", "newest", 6 },
	{ ON(PAGE_OVERVIEW) | ON(PAGE_EVENTS), LIVE, "/", "filter", 3 },
	{ CHARTS, LIVE, "e", "explain", 6 },
	{ ON(PAGE_OVERVIEW) | ON(PAGE_SERVICE) | ON(PAGE_SLO), LIVE, "w",
	  "what changed", 7 },
	{ ON(PAGE_SERVICE), LIVE, "f", "full screen", 7 },
	{ CHARTS, LIVE | BLIND, "Space", "pause", 4 },
	{ CHARTS, LIVE | BLIND, "R", "record", 8 },
	{ ON(PAGE_OVERVIEW), LIVE | BLIND, ":", "command", 6 },
	{ ON(PAGE_OVERVIEW), LIVE, "s", "sort", 8 },
	{ ON(PAGE_OVERVIEW) | ON(PAGE_START), LIVE, "F2", "theme", 9 },
	{ ON(PAGE_CHANGED) | ON(PAGE_SATURATION) | ON(PAGE_SLO) |
	  ON(PAGE_EVENTS) | ON(PAGE_NET) | ON(PAGE_OWN),
	  LIVE | REPLAY | BLIND, "Esc", "back", 2 },
	{ ANY, LIVE | REPLAY | BLIND, "?", "help", 0 },
	{ ANY, LIVE | BLIND, "q", "quit", 2 },
};

struct keys {
	uint64_t stamp;
	struct spans line;
};

static int width_with(unsigned page, unsigned mode, int most, int gap,
		      const char *speed)
{
	int w = 0;

	for (size_t i = 0; i < sizeof(line_rows) / sizeof(*line_rows); i++) {
		const struct line_row *r = &line_rows[i];
		if (!(r->pages & page) || !(r->modes & mode) || r->rank > most)
			continue;
		w += (w ? gap : 0) + text_width(r->keys) + 1 +
		     text_width(r->help ? r->help : speed);
	}
	return w;
}

static bool keys_update(void *state, const struct view *v, int w, int h)
{
	struct keys *k = state;
	uint64_t stamp = view_stamp(v, w, h);
	char speed[32];

	if (stamp == k->stamp)
		return false;
	k->stamp = stamp;
	k->line.nr = 0;
	snprintf(speed, sizeof(speed), "speed %gx", v->speed);
	struct health health = health_of(v);
	unsigned page = ON(v->page);
	unsigned mode = v->mode == MODE_REPLAY ? REPLAY
			: health.blind && v->page == PAGE_OVERVIEW ? BLIND
								   : LIVE;
	int gap = w >= 100 ? 3 : 2, most = 9;
	while (most > 0 && width_with(page, mode, most, gap, speed) > w - 2)
		most--;
	for (size_t i = 0; i < sizeof(line_rows) / sizeof(*line_rows); i++) {
		const struct line_row *r = &line_rows[i];
		if (!(r->pages & page) || !(r->modes & mode) || r->rank > most)
			continue;
		spans_add(&k->line, R_BRIGHT, 0, "%*s%s",
			  k->line.nr ? gap : 0, "", r->keys);
		spans_add(&k->line, R_DIM, 0, " %s", r->help ? r->help : speed);
	}
	return true;
}

static void keys_draw(const void *state, struct surface *s)
{
	const struct keys *k = state;

	if (spans_width(&k->line) <= s->w - 2)
		spans_draw(s, 1, 0, s->w - 1, &k->line);
}

const struct widget_ops keys_widget = {
	.name = "keys",
	.help = "the keys that matter here",
	.state_size = sizeof(struct keys),
	.min_w = 8, .min_h = 1,
	.update = keys_update,
	.draw = keys_draw,
};
