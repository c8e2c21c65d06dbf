/* The bar above the keys: what memory or a recording holds, what of it is on
 * the screen, and what happened when. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum piece { PIECE_NONE, PIECE_HELD, PIECE_SHOWN };

struct bar_mark {
	uint8_t role, rank;  /* rank 0: none; the highest stays */
	const char *glyph;   /* static */
};

struct name {
	int x;
	uint8_t role;
	char text[48];
};

#define NAMES_MAX 24

struct scrub {
	uint64_t stamp;
	int w, h, x, cells;
	struct spans left, right;
	uint8_t *piece;
	struct bar_mark *mark;
	int cap, here, cursor;
	int nr_names, nr_hours;
	struct name name[NAMES_MAX], hour[NAMES_MAX];
};

static int cell_of(const struct scrub *b, const struct view *v, time_ms t)
{
	time_ms span = v->held_to - v->held_from;

	if (t == TIME_NONE || t < v->held_from || t > v->held_to || span <= 0)
		return -1;
	return (int)((double)(t - v->held_from) / (double)span *
		     (b->cells - 1) + 0.5);
}

/* ---- words at both ends ------------------------------------------------- */

static void ends(struct scrub *b, const struct view *v)
{
	char from[TIME_TEXT], to[TIME_TEXT];
	struct health h = health_of(v);

	b->left.nr = b->right.nr = 0;
	if (v->mode == MODE_REPLAY)
		spans_add(&b->left, R_EVENT, 0, v->playing ? "▸" : "‖");
	else if (v->mode == MODE_PAUSED)
		spans_add(&b->left, R_EVENT, 0, "PAUSED");
	else if (h.nothing_yet)
		spans_add(&b->left, R_STALE, 0, "ASKING");
	else if (h.blind)
		spans_add(&b->left, R_WARN, 0, "STALE");
	else
		spans_add(&b->left, R_OK, 0, "LIVE");
	spans_add(&b->left, R_DIM, 0, " %s ", time_hm(v->held_from, from));
	spans_add(&b->right, v->mode == MODE_LIVE && !h.blind ? R_TEXT : R_DIM,
		  0, " %s", time_hms(v->held_to, to));
}

/* ---- the bar ------------------------------------------------------------ */

/* What the widest chart of this page shows. */
static time_ms seen_from(const struct view *v, int w)
{
	int cells = w < 100 ? w - 8 : v->page == PAGE_SERVICE ? w * 57 / 100 - 8
		    : w < 160 ? w / 2 - 8 : w / 3 - 9;

	if (v->page == PAGE_EVENTS || v->page == PAGE_NET ||
	    v->page == PAGE_SATURATION)
		return v->held_from;
	return axis_of(v, cells).from;
}

static void fill(struct scrub *b, const struct view *v)
{
	struct health h = health_of(v);
	time_ms from = seen_from(v, b->w), span = v->held_to - v->held_from;
	bool replay = v->mode == MODE_REPLAY;

	for (int i = 0; i < b->cells; i++) {
		time_ms t = v->held_from +
			    (time_ms)((double)span * (i + 0.5) / b->cells);
		bool seen = t >= from && t <= v->edge;
		if (!replay && h.newest != TIME_NONE &&
		    t > h.newest + span / b->cells && h.blind)
			b->piece[i] = PIECE_NONE;
		else
			b->piece[i] = seen ? PIECE_SHOWN : PIECE_HELD;
		if (span <= 0 || h.nothing_yet)
			b->piece[i] = i == b->cells - 1 ? PIECE_SHOWN
							: PIECE_NONE;
		b->mark[i] = (struct bar_mark){ 0 };
	}
}

/* A gap is where nothing was held, to a cell. */
static void add_gap(struct scrub *b, const struct view *v,
		    const struct event *e)
{
	time_ms until = e->until == TIME_NONE ? e->at : e->until;

	if (until < v->held_from || e->at > v->held_to)
		return;
	int from = cell_of(b, v, e->at < v->held_from ? v->held_from : e->at);
	int to = cell_of(b, v, until > v->held_to ? v->held_to : until);
	for (int i = from; i >= 0 && i <= to; i++)
		b->piece[i] = PIECE_NONE;
}

static bool is_mark(const struct event *e)
{
	return e->kind != EVENT_GAP &&
	       !(e->kind == EVENT_SOURCE && e->severity == SEVERITY_INFO);
}

static void add_marks(struct scrub *b, const struct view *v)
{
	const struct event *const *e;
	size_t n = view_events(v, &e);

	for (size_t i = 0; i < n; i++) {
		int at = cell_of(b, v, e[i]->at);
		if (e[i]->kind == EVENT_GAP)
			add_gap(b, v, e[i]);
		if (at < 0 || !is_mark(e[i]))
			continue;
		struct sign sign = sign_of_event(e[i]);
		uint8_t rank = (uint8_t)(1 + e[i]->severity * 2 +
					 (e[i]->kind == EVENT_DEPLOY));
		if (rank >= b->mark[at].rank)
			b->mark[at] = (struct bar_mark){ (uint8_t)sign.role,
							 rank, sign.glyph };
	}
}

/* ---- names above, hours below ------------------------------------------- */

static bool is_free(const struct name *n, int nr, int x, int len)
{
	for (int i = 0; i < nr; i++)
		if (x < n[i].x + text_width(n[i].text) + 2 &&
		    n[i].x < x + len + 2)
			return false;
	return true;
}

static void add_name(struct scrub *b, int cell, enum role r, const char *text)
{
	int len = text_width(text), x = b->x + cell - len + 1;

	if (x < 1)
		x = b->x + cell;
	if (b->nr_names >= NAMES_MAX || x < 1 || x + len > b->w - 1 ||
	    !is_free(b->name, b->nr_names, x, len))
		return;
	struct name *n = &b->name[b->nr_names++];
	n->x = x;
	n->role = (uint8_t)r;
	snprintf(n->text, sizeof(n->text), "%s", text);
}

static void add_names(struct scrub *b, const struct view *v)
{
	const struct event *const *e;
	char at[TIME_TEXT], text[48];

	b->nr_names = b->nr_hours = 0;
	if (b->h < 3)
		return;
	if (b->here >= 0)
		add_name(b, b->here, R_BRIGHT, time_hm(v->now, at));
	for (size_t i = view_events(v, &e); i-- > 0;) {
		int cell = cell_of(b, v, e[i]->at);
		const char *tag = e[i]->tag ? e[i]->tag
					    : event_kind_name(e[i]->kind);
		bool gap = e[i]->kind == EVENT_GAP;
		if (cell < 0 || !(is_mark(e[i]) || gap) || strlen(tag) > 20)
			continue;
		snprintf(text, sizeof(text), "%.5s %.20s",
			 time_hm(e[i]->at, at), tag);
		add_name(b, cell, sign_of_event(e[i]).role, text);
	}
}

static void add_hours(struct scrub *b, const struct view *v)
{
	static const time_ms steps[] = { 60000, 300000, 900000, 1800000,
					 3600000, 10800000, 21600000,
					 86400000 };
	time_ms span = v->held_to - v->held_from, step = steps[7];

	if (b->h < 3 || span <= 0 || b->cells < 12)
		return;
	for (int i = 7; i >= 0; i--)
		if (steps[i] * b->cells / span >= 10)
			step = steps[i];
	while (span / step > NAMES_MAX)
		step *= 2;
	for (time_ms t = time_ceil(v->held_from, step); t < v->held_to;
	     t += step) {
		int cell = cell_of(b, v, t);
		if (b->nr_hours >= NAMES_MAX || cell < 0 ||
		    b->x + cell + 7 > b->w)
			break;
		struct name *n = &b->hour[b->nr_hours++];
		n->x = b->x + cell;
		n->role = R_DIM;
		char at[TIME_TEXT];
		snprintf(n->text, sizeof(n->text), "╵%.5s", time_hm(t, at));
	}
}

/* ---- widget ------------------------------------------------------------- */

static bool scrub_update(void *state, const struct view *v, int w, int h)
{
	struct scrub *b = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	b->w = w;
	b->h = h;
	ends(b, v);
	b->x = 1 + spans_width(&b->left);
	b->cells = w - 1 - spans_width(&b->right) - b->x;
	if (b->cells < 4)
		b->cells = 0;
	if (b->cells > b->cap) {
		b->piece = mem_grow(b->piece, (size_t)b->cells, 1);
		b->mark = mem_grow(b->mark, (size_t)b->cells, sizeof(*b->mark));
		b->cap = b->cells;
	}
	b->here = b->cursor = -1;
	b->nr_names = b->nr_hours = 0;
	if (!b->cells)
		return true;
	fill(b, v);
	add_marks(b, v);
	if (v->mode == MODE_REPLAY)
		b->here = cell_of(b, v, v->now);
	b->cursor = cell_of(b, v, v->cursor);
	add_names(b, v);
	add_hours(b, v);
	return true;
}

static void draw_cell(const struct scrub *b, struct surface *s, int y, int i)
{
	static const struct {
		uint32_t ch;
		enum role role;
	} pieces[] = {
		[PIECE_NONE] = { 0xB7, R_STALE },
		[PIECE_HELD] = { 0x2500, R_FAINT },
		[PIECE_SHOWN] = { 0x2501, R_TEXT },
	};

	if (i == b->here)
		surface_put(s, b->x + i, y, 0x2588, STYLE(R_BRIGHT));
	else if (i == b->cursor)
		surface_put(s, b->x + i, y, 0x2502, STYLE(R_CROSSHAIR));
	else if (b->mark[i].rank)
		draw_text(s, b->x + i, y, (enum role)b->mark[i].role,
			  b->mark[i].glyph);
	else
		surface_put(s, b->x + i, y, pieces[b->piece[i]].ch,
			    STYLE(pieces[b->piece[i]].role));
}

static void scrub_draw(const void *state, struct surface *s)
{
	const struct scrub *b = state;
	int y = s->h >= 3 ? 1 : 0;

	if (s->w != b->w || s->h != b->h)
		return;
	spans_draw(s, 1, y, s->w - 1, &b->left);
	if (!b->cells)
		return;
	for (int i = 0; i < b->cells; i++)
		draw_cell(b, s, y, i);
	spans_draw(s, b->x + b->cells, y, s->w, &b->right);
	for (int i = 0; i < b->nr_names; i++)
		draw_text(s, b->name[i].x, 0, (enum role)b->name[i].role,
			  b->name[i].text);
	for (int i = 0; i < b->nr_hours; i++)
		draw_text(s, b->hour[i].x, 2, R_DIM, b->hour[i].text);
}

static void scrub_close(void *state)
{
	struct scrub *b = state;

	free(b->piece);
	free(b->mark);
}

const struct widget_ops scrub_widget = {
	.name = "scrub",
	.help = "what is held, what of it is on the screen, and what happened",
	.state_size = sizeof(struct scrub),
	.min_w = 20, .min_h = 1,
	.update = scrub_update,
	.draw = scrub_draw,
	.close = scrub_close,
};
