/* Thresholds: what each measures, against which limit, how it is and since
 * when; the worst first. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum col { C_NAME, C_VALUE, C_LIMIT, C_NEXT, C_LEVEL, C_SINCE, C_RULE, C_NR };

/* Shown from a width of the panel on; the name takes what is left. */
static const struct column_def {
	const char *head;
	int width, from;
} defs[C_NR] = {
	[C_NAME] = { "threshold", 0, 0 },
	[C_VALUE] = { "value", 8, 0 },
	[C_LIMIT] = { "limit", 10, 44 },
	[C_NEXT] = { "so far", 9, 84 },
	[C_LEVEL] = { "level", 8, 32 },
	[C_SINCE] = { "since", 6, 56 },
	[C_RULE] = { "rule", 12, 70 },
};

#define ROW_TEXT 160

struct row {
	bool selected;
	struct sign sign;
	enum threshold_level leaning;
	char name[ROW_TEXT], group[SLO_GROUP];
	char brief[SLO_GROUP];   /* the group's values alone: "node-07" */
	char text[C_NR][LIMIT_TEXT];
};

struct limits {
	uint64_t stamp;
	int w, h;
	struct row *row;
	size_t nr, cap, top;
	struct spans left, right, rest, foot;
	bool focused;
};

/* ---- words -------------------------------------------------------------- */

static struct sign sign_of_level(enum threshold_level l)
{
	static const struct sign signs[] = {
		[LEVEL_OK] = { "·", R_OK, "ok" },
		[LEVEL_WARNING] = { "◆", R_WARN, "warning" },
		[LEVEL_CRITICAL] = { "▲", R_CRIT, "critical" },
		[LEVEL_NODATA] = { "○", R_STALE, "no data" },
	};

	return signs[l];
}

/* "3 of 5 x 1m"; of an alert how long it has to hold. */
static void rule_text(const struct threshold_def *d, char *out, size_t size)
{
	char span[TIME_TEXT];

	if (d->alert)
		snprintf(out, size, "for %s", time_duration(d->hold, span));
	else if (d->n > 1)
		snprintf(out, size, "%d of %d x %s", d->m, d->n,
			 time_duration(d->period, span));
	else
		snprintf(out, size, "%s", time_duration(d->period, span));
}

/* ---- rows --------------------------------------------------------------- */

static void fill_texts(struct row *row, const struct view *v,
		       const struct threshold_row *r)
{
	const struct threshold_state *st = &r->state;
	size_t size = sizeof(row->text[0]);
	char text[UNIT_TEXT];

	if (r->asking)
		strcpy(row->text[C_VALUE], "…");
	else
		unit_text(st->value, r->def->unit, row->text[C_VALUE]);
	limit_text(r, row->text[C_LIMIT]);
	if (!isnan(st->provisional)) {
		unit_text(st->provisional, r->def->unit, text);
		snprintf(row->text[C_NEXT], size, "… %s", text);
	}
	snprintf(row->text[C_LEVEL], size, "%s", st->pending ? "pending"
						       : row->sign.word);
	moment_text(st->since, v->now, row->text[C_SINCE]);
	rule_text(r->def, row->text[C_RULE], size);
}

/* A host's name says more than half of `instance="node-`. */
static void only_values(const char *group, char *out)
{
	bool inside = false;

	for (; *group; group++) {
		if (*group == '"' && inside && group[1])
			*out++ = ' ';
		if (*group == '"')
			inside = !inside;
		else if (inside)
			*out++ = *group;
	}
	*out = '\0';
}

static void fill_row(struct row *row, const struct view *v, size_t at,
		     bool select)
{
	const struct threshold_row *r = &v->threshold[at];
	struct spans name = { 0 };

	memset(row, 0, sizeof(*row));
	row->selected = select && at == v->selected_threshold;
	row->sign = sign_of_level(r->state.level);
	row->leaning = r->state.leaning;
	if (r->state.pending)
		row->sign = (struct sign){ "◆", R_STALE, "pending" };
	if (r->fault)
		row->sign = (struct sign){ "○", R_WARN, "fault" };
	spans_add(&name, R_TEXT, 0, "%.*s", ROW_TEXT - 4, r->def->id);
	memcpy(row->name, name.s[0].text, ROW_TEXT - 1);
	snprintf(row->group, sizeof(row->group), "%s", r->group);
	only_values(r->group, row->brief);
	fill_texts(row, v, r);
}

/* ---- sentences ---------------------------------------------------------- */

static void count(struct limits *t, const struct view *v)
{
	size_t nr[LEVEL_NODATA + 1] = { 0 };

	t->left.nr = t->right.nr = 0;
	for (size_t i = 0; i < v->nr_thresholds; i++)
		nr[v->threshold[i].state.level]++;
	spans_add(&t->left, R_BRIGHT, 0, "limits");
	if (v->pack)
		spans_add(&t->left, R_DIM, 1, " pack %.60s", v->pack);
	if (nr[LEVEL_CRITICAL])
		spans_add(&t->right, R_CRIT, 0, "%zu critical   ",
			  nr[LEVEL_CRITICAL]);
	if (nr[LEVEL_WARNING])
		spans_add(&t->right, R_WARN, 0, "%zu warning   ",
			  nr[LEVEL_WARNING]);
	if (nr[LEVEL_NODATA])
		spans_add(&t->right, R_DIM, 2, "%zu no data   ",
			  nr[LEVEL_NODATA]);
	spans_add(&t->right, R_DIM, 1, "%zu of %zu ok", nr[LEVEL_OK],
		  v->nr_thresholds);
}

static void sum_up(struct limits *t, const struct view *v)
{
	size_t end = t->top + t->nr, hidden = v->nr_thresholds - end, bad = 0;

	t->rest.nr = 0;
	if (t->top)
		spans_add(&t->rest, R_DIM, 0, "%zu worse above   ", t->top);
	if (!hidden)
		return;
	for (size_t i = end; i < v->nr_thresholds; i++)
		bad += v->threshold[i].state.level != LEVEL_OK;
	spans_add(&t->rest, R_DIM, 0, "%zu more", hidden);
	if (bad)
		spans_add(&t->rest, R_DIM, 1, ", %zu not ok", bad);
	else
		spans_add(&t->rest, R_DIM, 1, hidden == 1 ? ", ok"
							  : ", all ok");
}

/* What the selected one means and what to do about it. */
static void explain(struct limits *t, const struct view *v)
{
	t->foot.nr = 0;
	if (v->selected_threshold >= v->nr_thresholds)
		return;
	const struct threshold_row *r = &v->threshold[v->selected_threshold];
	if (r->fault)
		spans_add(&t->foot, R_WARN, 0, "%.200s", r->fault);
	else if (r->def->what)
		spans_add(&t->foot, R_TEXT, 0, "%.200s", r->def->what);
	if (r->def->runbook)
		spans_add(&t->foot, R_DIM, 0, "%srunbook %.200s",
			  t->foot.nr ? "   " : "", r->def->runbook);
	if (r->def->pack && v->pack && strcmp(r->def->pack, v->pack))
		spans_add(&t->foot, R_DIM, 2, "   %.60s", r->def->pack);
}

/* ---- widget ------------------------------------------------------------- */

/* The title, heads, rows, a line that sums up, one that explains. */
static void scroll(struct limits *t, const struct view *v, int h, bool select)
{
	int lines = h - 2 - (t->foot.nr ? 1 : 0);
	size_t room = lines > 0 ? (size_t)lines : 0;
	size_t sel = select && v->selected_threshold < v->nr_thresholds
			     ? v->selected_threshold : 0;

	if (v->nr_thresholds > room && room)
		room--;
	if (room > t->cap) {
		t->row = mem_grow(t->row, room, sizeof(*t->row));
		t->cap = room;
	}
	t->nr = v->nr_thresholds < room ? v->nr_thresholds : room;
	if (sel < t->top)
		t->top = sel;
	if (t->nr && sel >= t->top + t->nr)
		t->top = sel - t->nr + 1;
	if (t->top + t->nr > v->nr_thresholds)
		t->top = v->nr_thresholds - t->nr;
}

static bool limits_update(void *state, const struct view *v, int w, int h)
{
	struct limits *t = state;
	uint64_t stamp = view_stamp(v, w, h);
	bool select = v->page == PAGE_SATURATION &&
		      (v->focused || !v->nr_resources);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	t->focused = v->focused;
	t->foot.nr = 0;
	if (select && h >= 5)
		explain(t, v);
	scroll(t, v, h, select);
	for (size_t i = 0; i < t->nr; i++)
		fill_row(&t->row[i], v, t->top + i, select);
	count(t, v);
	sum_up(t, v);
	return true;
}

/* The first column of a field, or -1 where it is not shown. */
static int column_at(const struct limits *t, enum col c)
{
	int x = t->w;

	if (t->w < defs[c].from)
		return -1;
	for (int i = C_NR - 1; i >= (int)c; i--)
		if (t->w >= defs[i].from)
			x -= defs[i].width + 1;
	return x + 1;
}

static enum role role_of(const struct row *r, enum col c)
{
	switch (c) {
	case C_VALUE:
	case C_LEVEL:
		return r->sign.role == R_OK ? R_TEXT : r->sign.role;
	case C_NEXT:
	case C_RULE:
		return R_DIM;
	default:
		return c == C_LIMIT ? R_LIMIT : R_TEXT;
	}
}

static void draw_row(const struct limits *t, struct surface *s,
		     const struct row *r, int y)
{
	int room = column_at(t, C_VALUE) - 3;
	bool loud = r->selected || r->sign.role == R_CRIT ||
		    r->sign.role == R_WARN;

	if (r->selected)
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
	draw_text(s, 0, y, r->sign.role, r->sign.glyph);
	int used = surface_text_max(s, 2, y, room, STYLE(loud ? R_BRIGHT
							      : R_TEXT),
				    r->name);
	if (*r->group && used + 4 < room) {
		bool whole = text_width(r->group) < room - used;
		surface_text_max(s, 3 + used, y, room - used - 1, STYLE(R_DIM),
				 whole || !*r->brief ? r->group : r->brief);
	}
	for (int c = C_VALUE; c < C_NR; c++) {
		int x = column_at(t, (enum col)c);
		if (x < 0)
			continue;
		if (c == C_LEVEL || c == C_RULE || c == C_SINCE)
			surface_text_max(s, x, y, defs[c].width,
					 STYLE(role_of(r, (enum col)c)),
					 r->text[c]);
		else
			draw_field(s, x, y, defs[c].width,
				   role_of(r, (enum col)c), r->text[c]);
	}
}

static void draw_heads(const struct limits *t, struct surface *s)
{
	draw_text(s, 2, 1, R_DIM, defs[C_NAME].head);
	for (int c = C_VALUE; c < C_NR; c++) {
		int x = column_at(t, (enum col)c);
		if (x < 0)
			continue;
		if (c == C_LEVEL || c == C_RULE || c == C_SINCE)
			draw_text(s, x, 1, R_DIM, defs[c].head);
		else
			draw_field(s, x, 1, defs[c].width, R_DIM,
				   defs[c].head);
	}
}

static void limits_draw(const void *state, struct surface *s)
{
	const struct limits *t = state;
	int y = 2;

	if (s->w != t->w || s->h != t->h)
		return;
	draw_title(s, &t->left, &t->right, t->focused);
	if (s->w < 20)
		return;
	draw_heads(t, s);
	for (size_t i = 0; i < t->nr; i++)
		draw_row(t, s, &t->row[i], y++);
	if (t->rest.nr && y < s->h)
		spans_row(s, y++, 2, s->w, &t->rest, NULL);
	if (t->foot.nr && y < s->h)
		spans_row(s, y, 2, s->w, &t->foot, NULL);
}

static void limits_close(void *state)
{
	struct limits *t = state;

	free(t->row);
}

const struct widget_ops limits_widget = {
	.name = "limits",
	.help = "thresholds: value, limit, level, since when",
	.state_size = sizeof(struct limits),
	.min_w = 20, .min_h = 3,
	.update = limits_update,
	.draw = limits_draw,
	.close = limits_close,
};
