/* The table of objectives: how fast each burns in seven windows, what is left
 * of its budget and for how long; what is well is summed up at the end. */
#include "widgets/objective.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum col { C_NAME, C_TARGET, C_BURN, C_BAR, C_BUDGET, C_GONE, C_STATE, C_SINCE,
	   C_NR };

#define ALL_WINDOWS ((1u << SLO_WINDOWS) - 1)
#define TWO_WINDOWS (1u << SLO_5M | 1u << SLO_1H)
#define FOUR_WINDOWS (TWO_WINDOWS | 1u << SLO_6H | 1u << SLO_3D)
/* A burn and the blank behind it, which is shaded with it. */
#define BURN_CELLS 6

/* Widths and the gap before each, 0: not shown; from a width of the screen
 * on. The name takes what is left. */
static const struct layout {
	int from;
	unsigned windows;
	struct {
		signed char width, gap;
	} col[C_NR];
} layouts[] = {
	/* target burn bar budget gone state since */
	{ 150, ALL_WINDOWS, { { 0 }, { 20, 2 }, { 1, 2 }, { 14, 3 },
	  { 10, 1 }, { 9, 3 }, { 7, 3 }, { 5, 2 } } },
	{ 116, ALL_WINDOWS, { { 0 }, { 16, 1 }, { 1, 1 }, { 10, 2 },
	  { 10, 1 }, { 9, 2 }, { 0 }, { 0 } } },
	{ 100, ALL_WINDOWS, { { 0 }, { 11, 1 }, { 1, 1 }, { 0 },
	  { 10, 1 }, { 8, 2 }, { 0 }, { 0 } } },
	{ 76, FOUR_WINDOWS, { { 0 }, { 11, 1 }, { 1, 1 }, { 0 },
	  { 10, 1 }, { 5, 1 }, { 0 }, { 0 } } },
	{ 56, TWO_WINDOWS, { { 0 }, { 11, 1 }, { 1, 1 }, { 0 },
	  { 10, 1 }, { 0 }, { 0 }, { 0 } } },
	{ 0, TWO_WINDOWS, { { 0 }, { 0 }, { 1, 1 }, { 0 }, { 0 }, { 0 },
	  { 0 }, { 0 } } },
};

#define NAME_MIN 12
#define NAME_MAX 60
#define BAR_MAX 30
#define EMPTY 8

struct row {
	bool selected, loud, grey;
	struct sign sign;
	char name[OBJECTIVE_NAME], group[SLO_GROUP];
	char target[2 * NUMBER_TEXT], method[TIME_TEXT];
	bool implicit;
	double burn[SLO_WINDOWS];
	char burns[SLO_WINDOWS][NUMBER_TEXT];
	double remaining;
	char budget[NUMBER_TEXT + 8], gone[TIME_TEXT + 4], since[TIME_TEXT];
	char fault[160];
};

struct slos {
	uint64_t stamp;
	int w, h;
	const struct layout *layout;
	int x[C_NR], width[C_NR];     /* width 0: not shown */
	char period[TIME_TEXT];       /* that all have, or "" */
	struct row *row;
	size_t nr, cap, top;
	struct spans rest, empty[EMPTY];
};

/* ---- columns ------------------------------------------------------------ */

static int windows_of(const struct layout *l)
{
	return __builtin_popcount(l->windows);
}

static int width_of(const struct layout *l, int c)
{
	return c == C_BURN ? windows_of(l) * BURN_CELLS : l->col[c].width;
}

static int longest_name(const struct view *v)
{
	char name[OBJECTIVE_NAME];
	int most = NAME_MIN;

	for (size_t i = 0; i < v->nr_slos; i++) {
		int w = text_width(objective_name(&v->slo[i], name));
		if (v->slo[i].group[0])
			w += 1 + text_width(v->slo[i].group);
		most = w > most ? w : most;
	}
	return most > NAME_MAX ? NAME_MAX : most;
}

static void place_columns(struct slos *t, const struct view *v, int w)
{
	const struct layout *l = layouts;
	int fixed = 3 + 1, want = longest_name(v), x = 3;

	while (w < l->from)
		l++;
	t->layout = l;
	for (int c = 1; c < C_NR; c++)
		if (l->col[c].width)
			fixed += width_of(l, c) + l->col[c].gap;
	int name = w - fixed, bar = 0;
	if (l->col[C_BAR].width && name > want + 2) {
		bar = name - want - 2;
		if (bar > BAR_MAX - l->col[C_BAR].width)
			bar = BAR_MAX - l->col[C_BAR].width;
		name -= bar;
	}
	if (name > want + 8 && w >= 150)
		name = want + 8;
	t->width[C_NAME] = name < 1 ? 1 : name;
	t->x[C_NAME] = x;
	x += t->width[C_NAME];
	for (int c = 1; c < C_NR; c++) {
		t->width[c] = 0;
		if (!l->col[c].width)
			continue;
		x += l->col[c].gap;
		t->x[c] = x;
		t->width[c] = width_of(l, c) + (c == C_BAR ? bar : 0);
		x += t->width[c];
	}
}

/* ---- rows --------------------------------------------------------------- */

static void fill_burns(struct row *row, const struct slo_row *r)
{
	for (int w = 0; w < SLO_WINDOWS; w++) {
		row->burn[w] = r->fault ? NAN : r->window[w].burn;
		burn_words(row->burn[w], row->burns[w]);
		if (isnan(row->burn[w]) && r->asking)
			strcpy(row->burns[w], "…");
	}
}

static void fill_row(struct row *row, const struct view *v, size_t at)
{
	const struct slo_row *r = &v->slo[at];

	memset(row, 0, sizeof(*row));
	row->selected = v->page == PAGE_SLO && at == v->selected_slo;
	row->sign = sign_of_objective(r);
	row->grey = r->state == STATE_STALE;
	row->loud = !row->grey && (row->selected || r->state <= STATE_WARN);
	row->implicit = objective_implicit(r);
	objective_name(r, row->name);
	snprintf(row->group, sizeof(row->group), "%s", r->group);
	objective_target(r, row->target);
	objective_method(r, row->method);
	fill_burns(row, r);
	row->remaining = r->fault ? NAN : r->budget.remaining;
	budget_text(row->remaining, row->budget);
	if (isnan(row->remaining) && r->asking)
		strcpy(row->budget, "…");
	gone_text(r, row->gone);
	moment_text(r->since, v->now, row->since);
	if (!r->fault)
		return;
	struct spans why = { 0 };
	spans_add(&why, R_WARN, 0, "%.150s", r->fault);
	snprintf(row->fault, sizeof(row->fault), "%.*s",
		 (int)sizeof(row->fault) - 1, why.s[0].text);
}

/* ---- sentences ---------------------------------------------------------- */

static bool known(const struct slo_row *r)
{
	for (int w = 0; w < SLO_WINDOWS; w++)
		if (isnan(r->window[w].burn))
			return false;
	return true;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void sum_up(struct slos *t, const struct view *v)
{
	size_t end = t->top + t->nr, hidden = v->nr_slos - end;
	size_t over = 0, dark = 0, spent = 0;
	bool all = true;

	t->rest.nr = 0;
	if (t->top)
		spans_add(&t->rest, R_DIM, 0, "%zu worse above   ", t->top);
	if (!hidden)
		return;
	for (size_t i = end; i < v->nr_slos; i++) {
		bool calm = objective_calm(&v->slo[i]);
		bool none = v->slo[i].state == STATE_NODATA ||
			    v->slo[i].state == STATE_STALE ||
			    v->slo[i].fault || v->slo[i].asking;
		over += !calm && !none;
		dark += none;
		all = all && known(&v->slo[i]);
		spent += v->slo[i].budget.remaining < 0;
	}
	spans_add(&t->rest, R_DIM, 0, "%zu more objective%s", hidden,
		  plural(hidden));
	if (!over && !dark && !spent)
		spans_add(&t->rest, R_DIM, 1, ", %sunder 1x%s",
			  hidden == 1 ? "" : "all ",
			  all ? " in every window" : "");
	if (over)
		spans_add(&t->rest, R_DIM, 1, ", %zu over 1x in a window",
			  over);
	if (spent)
		spans_add(&t->rest, R_DIM, 1, ", %zu overspent", spent);
	if (dark)
		spans_add(&t->rest, R_DIM, 1, ", %zu without data", dark);
}

/* How to write one; three lines of YAML that work as they stand. */
static void say_empty(struct slos *t, const struct view *v)
{
	static const struct {
		enum role role;
		const char *text;
	} lines[EMPTY] = {
		{ R_TEXT, "no objectives here: nobody promised anything yet" },
		{ R_DIM, "one is three lines of a dashboard file, read with "
			 "-c FILE:" },
		{ R_TEXT, "  slos: [{id: pay, objective: 99.9," },
		{ R_TEXT, "    error_query: 'sum(rate(http_requests_total"
			  "{code=~\"5..\"}[$window]))'," },
		{ R_TEXT, "    total_query: 'sum(rate(http_requests_total"
			  "[$window]))'}]" },
		{ R_TEXT, "" },
		{ R_DIM, "Sloth, Pyrra and OpenSLO files are read as they are: "
			 "-c FILE" },
		{ R_DIM, "what Sloth or Pyrra record on the server is found by "
			 "itself" },
	};
	struct health h = health_of(v);

	for (int i = 0; i < EMPTY; i++)
		t->empty[i].nr = 0;
	if (v->nr_slos)
		return;
	if (h.nothing_yet) {
		const struct store_source *const *src;
		view_sources(v, &src);
		spans_add(&t->empty[0], R_DIM, 0, "asking %.40s",
			  src[0]->name);
		return;
	}
	for (int i = 0; i < EMPTY; i++)
		spans_add(&t->empty[i], lines[i].role, 0, "%s", lines[i].text);
}

static void find_period(struct slos *t, const struct view *v)
{
	char other[TIME_TEXT];

	t->period[0] = '\0';
	if (v->nr_slos)
		objective_period(&v->slo[0], t->period);
	for (size_t i = 1; i < v->nr_slos; i++)
		if (strcmp(objective_period(&v->slo[i], other), t->period))
			t->period[0] = '\0';
}

/* ---- widget ------------------------------------------------------------- */

/* Heads, rows, and the line that sums up and explains the shades. */
static void scroll(struct slos *t, const struct view *v, int h)
{
	size_t room = h > 1 ? (size_t)(h - 1) : 0;
	size_t sel = v->page == PAGE_SLO && v->selected_slo < v->nr_slos
			     ? v->selected_slo : 0;

	if (v->nr_slos > room && room > 1)
		room--;
	if (room > t->cap) {
		t->row = mem_grow(t->row, room, sizeof(*t->row));
		t->cap = room;
	}
	t->nr = v->nr_slos < room ? v->nr_slos : room;
	if (sel < t->top)
		t->top = sel;
	if (t->nr && sel >= t->top + t->nr)
		t->top = sel - t->nr + 1;
	if (t->top + t->nr > v->nr_slos)
		t->top = v->nr_slos - t->nr;
}

static bool slos_update(void *state, const struct view *v, int w, int h)
{
	struct slos *t = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	place_columns(t, v, w);
	scroll(t, v, h);
	find_period(t, v);
	for (size_t i = 0; i < t->nr; i++)
		fill_row(&t->row[i], v, t->top + i);
	sum_up(t, v);
	say_empty(t, v);
	return true;
}

static void draw_heads(const struct slos *t, struct surface *s)
{
	char budget[TIME_TEXT + 8];
	int x = t->x[C_BURN];

	draw_text(s, t->x[C_NAME], 0, R_DIM, "objective");
	if (t->width[C_TARGET])
		draw_text(s, t->x[C_TARGET], 0, R_DIM, "target");
	for (int w = 0; w < SLO_WINDOWS; w++) {
		if (!(t->layout->windows >> w & 1))
			continue;
		draw_field(s, x, 0, BURN_CELLS - 1, R_DIM,
			   objective_window((enum slo_window)w));
		x += BURN_CELLS;
	}
	snprintf(budget, sizeof(budget), "budget%s%s", *t->period ? " " : "",
		 t->period);
	if (t->width[C_BAR])
		draw_text(s, t->x[C_BAR], 0, R_DIM, budget);
	else
		draw_field(s, t->x[C_BUDGET], 0, t->width[C_BUDGET], R_DIM,
			   "budget");
	if (t->width[C_GONE])
		draw_text(s, t->x[C_GONE], 0, R_DIM,
			  t->width[C_GONE] >= 7 ? "gone in" : "gone");
	if (t->width[C_STATE])
		draw_text(s, t->x[C_STATE], 0, R_DIM, "state");
	if (t->width[C_SINCE])
		draw_text(s, t->x[C_SINCE], 0, R_DIM, "since");
}

/* Of many groups the id is cut, not what tells them apart. */
static void draw_name(const struct slos *t, struct surface *s,
		      const struct row *r, int y)
{
	int x = t->x[C_NAME], w = t->width[C_NAME];
	int group = *r->group ? text_width(r->group) + 1 : 0;
	int name = text_width(r->name), least = name < 6 ? name : 6;
	struct style st = STYLE(r->grey ? R_STALE : r->loud ? R_BRIGHT
							    : R_TEXT);

	if (name > w - group)
		name = w - group > least ? w - group : least;
	if (name > w)
		name = w;
	surface_text_max(s, x, y, name, st, r->name);
	if (group && name + 1 < w)
		surface_text_max(s, x + name + 1, y, w - name - 1,
				 STYLE(r->grey ? R_STALE : R_DIM), r->group);
}

static void draw_burns(const struct slos *t, struct surface *s,
		       const struct row *r, int y)
{
	int x = t->x[C_BURN];

	for (int w = 0; w < SLO_WINDOWS; w++) {
		if (!(t->layout->windows >> w & 1))
			continue;
		enum role ground = r->grey ? R_DEFAULT
					   : burn_ground(r->burn[w]);
		enum role role = r->grey || isnan(r->burn[w]) ? R_STALE
				 : ground ? R_BRIGHT : R_DIM;
		if (ground)
			surface_ground(s, x, y, BURN_CELLS, 1, ground);
		draw_field(s, x, y, BURN_CELLS - 1, role, r->burns[w]);
		x += BURN_CELLS;
	}
}

static void draw_budget(const struct slos *t, struct surface *s,
			const struct row *r, int y)
{
	enum role role = r->grey ? R_STALE : budget_role(r->remaining);
	char gone[TIME_TEXT + 4];

	if (t->width[C_BAR])
		draw_bar(s, t->x[C_BAR], y, t->width[C_BAR], r->remaining,
			 role == R_TEXT ? R_BAR : role);
	draw_field(s, t->x[C_BUDGET], y, t->width[C_BUDGET], role, r->budget);
	if (!t->width[C_GONE])
		return;
	snprintf(gone, sizeof(gone), "%s", r->gone);
	if (t->width[C_GONE] < 7 && strchr(gone, ' '))
		*strchr(gone, ' ') = '\0';
	surface_text_max(s, t->x[C_GONE], y, t->width[C_GONE],
			 STYLE(r->grey || *gone != '~' ? R_DIM : R_TEXT), gone);
}

static void draw_row(const struct slos *t, struct surface *s,
		     const struct row *r, int y)
{
	if (r->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	draw_text(s, 1, y, r->sign.role, r->sign.glyph);
	draw_name(t, s, r, y);
	if (t->width[C_TARGET]) {
		int x = t->x[C_TARGET], w = t->width[C_TARGET];
		int used = surface_text_max(s, x, y, w, STYLE(r->implicit
				? R_DIM : R_TEXT), r->target);
		if (text_width(r->method) <= w - used)
			draw_text(s, x + used, y, R_DIM, r->method);
	}
	if (*r->fault) {
		surface_text_max(s, t->x[C_BURN], y, s->w - 1 - t->x[C_BURN],
				 STYLE(R_WARN), r->fault);
		return;
	}
	draw_burns(t, s, r, y);
	if (t->width[C_BUDGET])
		draw_budget(t, s, r, y);
	if (t->width[C_STATE])
		draw_text(s, t->x[C_STATE], y, r->sign.role, r->sign.word);
	if (t->width[C_SINCE])
		draw_text(s, t->x[C_SINCE], y, R_TEXT, r->since);
}

static void draw_legend(struct surface *s, int y, int left)
{
	static const struct {
		const char *text;
		enum role ground;
	} shades[] = { { "  1x ", R_BURN1 }, { "  6x ", R_BURN6 },
		       { "14.4x ", R_BURN14 } };
	static const char words[] = "a window is shaded over ";
	int x = s->w - 1 - 16 - text_width(words);

	if (x < left + 3)
		return;
	x += draw_text(s, x, y, R_DIM, words);
	for (int i = 0; i < 3; i++) {
		int w = text_width(shades[i].text);
		surface_ground(s, x, y, w, 1, shades[i].ground);
		x += draw_text(s, x, y, R_BRIGHT, shades[i].text);
	}
}

static void slos_draw(const void *state, struct surface *s)
{
	const struct slos *t = state;
	int y = 1 + (int)t->nr;

	if (s->w != t->w || s->h != t->h)
		return;
	for (int i = 0; i < EMPTY && t->empty[0].nr; i++)
		spans_row(s, i, 3, s->w - 1, &t->empty[i], NULL);
	if (t->empty[0].nr)
		return;
	draw_heads(t, s);
	for (size_t i = 0; i < t->nr; i++)
		draw_row(t, s, &t->row[i], 1 + (int)i);
	if (y >= s->h)
		return;
	if (t->rest.nr) {
		if (t->top + t->nr)
			draw_text(s, 1, y, R_DIM, "·");
		spans_row(s, y, 3, s->w - 1, &t->rest, NULL);
	}
	draw_legend(s, y, 3 + spans_width(&t->rest));
}

static void slos_close(void *state)
{
	struct slos *t = state;

	free(t->row);
}

const struct widget_ops slos_widget = {
	.name = "slos",
	.help = "objectives: burn in seven windows, budget left, gone in",
	.state_size = sizeof(struct slos),
	.min_w = 20, .min_h = 2,
	.update = slos_update,
	.draw = slos_draw,
	.close = slos_close,
};
