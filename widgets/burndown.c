/* What was left of the selected objective's budget over its period, as an
 * area, down to what is left now. */
#include "widgets/objective.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cells at the right end of the axis row for the word "now". */
#define NOW_CELLS 4

struct burndown {
	uint64_t stamp;
	int w, h, x, rows;
	struct axis axis;
	double *left_over;   /* a cell; NAN: not known */
	int cap;
	time_ms since;       /* of the run that is not over, or TIME_NONE */
	struct scale scale;
	int below;           /* rows under 0, for what is overspent */
	bool data, stale, focused;
	struct spans left, right;
};

static void find_axis(struct burndown *b, const struct slo_row *r)
{
	int cells = b->w > b->x ? b->w - b->x : 0;
	time_ms from = r->at - (r->def ? r->def->period : 0);

	if (r->period_from > 0 && r->period_from < r->at)
		from = r->period_from;
	b->axis = (struct axis){ .from = from, .cells = cells, .to = r->at };
	if (cells)
		b->axis.cell = (r->at - from + cells - 1) / cells;
	if (b->axis.cell < 1)
		b->axis.cell = 1;
	b->axis.dot = b->axis.cell / 2;
}

/* A run that lasts until now is the incident that is seen above. */
static const struct slo_spender *still(const struct slo_row *r,
				       const struct slo_spender *sp, size_t n)
{
	time_ms cell = r->def ? r->def->period / 360 : 0;

	for (size_t i = 0; i < n; i++)
		if (sp[i].to + cell >= r->at)
			return &sp[i];
	return NULL;
}

static void build_title(struct burndown *b, const struct slo_row *r,
			const struct slo_spender *now)
{
	char text[NUMBER_TEXT + 8], period[TIME_TEXT];

	spans_add(&b->left, R_BRIGHT, 0, "budget left");
	if (!r)
		return;
	spans_add(&b->left, R_DIM, 1, " %s", objective_period(r, period));
	spans_add(&b->left, R_DIM, 3, r->def && r->def->calendar !=
		  CALENDAR_NONE ? ", by the calendar" : ", rolling");
	enum role role = b->stale ? R_STALE : budget_role(r->budget.remaining);
	spans_add(&b->right, role == R_TEXT ? R_BRIGHT : role, 0, "%s",
		  budget_text(r->budget.remaining, text));
	if (!now || !(now->budget > 0))
		return;
	spans_add(&b->right, R_DIM, 2, "  this incident ");
	spans_add(&b->right, R_CRIT, 2, "−%s",
		  format_percent(now->budget, text));
}

static int rows_of(double v, double unit)
{
	return (int)ceil(v / unit - 1e-9);
}

/* 0 stands at a row's edge, and a row is above it also when all is spent: its
 * line needs one. */
static void find_scale(struct burndown *b, double least, double most)
{
	double over = fmin(-least, 1e3), span = fmax(over + most, 1e-4);

	b->below = 0;
	b->scale = scale_linear(NUMBER_PERCENT, most, 0, b->rows, false);
	if (over <= 0 || b->rows < 2)
		return;
	for (int tries = 0; tries < 40; tries++, span *= 1.1) {
		b->scale = scale_linear(NUMBER_PERCENT, span, 0, b->rows,
					false);
		int above = rows_of(most, b->scale.unit);
		b->below = b->rows - (above ? above : 1);
		if (b->below >= rows_of(over, b->scale.unit))
			return;
	}
	b->below = b->rows - 1;
}

static void read_past(struct burndown *b, const struct slo_row *r)
{
	double most = 0, least = 0;

	if (b->axis.cells > b->cap) {
		b->left_over = mem_grow(b->left_over, (size_t)b->axis.cells,
					sizeof(*b->left_over));
		b->cap = b->axis.cells;
	}
	for (int i = 0; i < b->axis.cells; i++)
		b->left_over[i] = NAN;
	objective_burndown(r, b->left_over, (size_t)b->axis.cells);
	for (int i = 0; i < b->axis.cells; i++) {
		if (isnan(b->left_over[i]))
			continue;
		b->data = true;
		most = fmax(most, b->left_over[i]);
		least = fmin(least, b->left_over[i]);
	}
	find_scale(b, least, fmin(most, 1));
}

static bool burndown_update(void *state, const struct view *v, int w, int h)
{
	struct burndown *b = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);
	struct slo_spender sp[8];

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	b->w = w;
	b->h = h;
	b->x = w > 3 * CHART_LABELS ? CHART_LABELS : 0;
	b->rows = h > 2 ? h - 2 : 0;
	b->focused = v->focused;
	b->data = false;
	b->since = TIME_NONE;
	b->axis.cells = 0;
	b->left.nr = b->right.nr = 0;
	b->stale = r && r->state == STATE_STALE;
	const struct slo_spender *now = NULL;
	if (r && !r->fault && !r->asking) {
		find_axis(b, r);
		read_past(b, r);
		now = still(r, sp, objective_spenders(r, sp, 8));
	}
	if (now && r->state <= STATE_WARN)
		b->since = now->from;
	else
		now = NULL;
	build_title(b, r, now);
	if (r && r->asking)
		spans_add(&b->right, R_DIM, 0, "  asked next");
	return true;
}

static enum role role_of(const struct burndown *b, int cell, int row)
{
	time_ms end = b->axis.from + (cell + 1) * b->axis.cell;

	if (b->stale)
		return R_STALE;
	if (b->since != TIME_NONE && end > b->since)
		return R_ERR4;
	return 3 * row >= 2 * b->rows ? R_AREA3 : 3 * row >= b->rows ? R_AREA2
								    : R_AREA1;
}

/* What is overspent hangs from 0 in red; there are no eighths from above. */
static void draw_overspent(const struct burndown *b, struct surface *s,
			   int cell)
{
	struct style st = STYLE(b->stale ? R_STALE : R_CRIT), full = st;
	double depth = fmin(-b->left_over[cell] / b->scale.unit, b->below);
	bool ascii = s->graph == GRAPH_ASCII;
	int halves = (int)lround(depth * 2), top = b->rows - b->below + 1;

	full.ground = st.role;
	if (halves < 1)
		halves = 1;
	for (int row = 0; 2 * row < halves && top + row <= b->rows; row++) {
		bool whole = halves - 2 * row > 1;
		surface_put(s, b->x + cell, top + row, ascii ? 'x'
			    : whole ? 0x2588 : 0x2580, whole ? full : st);
	}
}

static void draw_column(const struct burndown *b, struct surface *s, int cell)
{
	double v = b->left_over[cell];
	int x = b->x + cell, floor = b->rows - b->below;
	int height = (int)lround(fmin(v / b->scale.unit, floor) * 8);

	if (v < 0 && b->below) {
		draw_overspent(b, s, cell);
		return;
	}
	if (v < 0 || height < 1) {
		surface_put(s, x, floor, s->graph == GRAPH_ASCII ? 'x' : 0x2581,
			    STYLE(b->stale ? R_STALE : R_CRIT));
		return;
	}
	for (int row = 0; row < floor && height > 8 * row; row++) {
		int part = height - 8 * row > 8 ? 8 : height - 8 * row;
		struct style st = STYLE(role_of(b, cell, row));
		if (part == 8)
			st.ground = st.role;
		uint32_t ch = s->graph != GRAPH_ASCII ? block_eighth(part)
			      : part < 4 ? '_' : '#';
		surface_put(s, x, floor - row, ch, st);
	}
}

/* Of the line `k` rows over 0. */
static bool label_of(const struct burndown *b, int k, char out[NUMBER_TEXT])
{
	char text[NUMBER_TEXT];

	if (!k)
		return strcpy(out, "0");
	if (!*scale_label(&b->scale, k < 0 ? -k : k, text))
		return false;
	snprintf(out, NUMBER_TEXT, "%s%.12s", k < 0 ? "−" : "", text);
	return true;
}

static void draw_scale(const struct burndown *b, struct surface *s)
{
	char text[NUMBER_TEXT];

	for (int k = 0; b->data && k < b->rows; k++) {
		if (!label_of(b, k - b->below, text))
			continue;
		int y = k ? b->rows - k : b->rows + 1;
		if (b->x)
			surface_text_right(s, b->x - 1, y, STYLE(R_DIM), text);
		if (k)
			surface_run(s, b->x, y, b->axis.cells, 0x2581,
				    STYLE(k == b->below ? R_FAINT : R_GRID));
	}
}

/* Days, rising: the first that leave room for a date have a tick. */
static time_ms tick_of(const struct axis *a)
{
	static const int days[] = { 1, 2, 7, 14, 28, 91, 364 };
	const time_ms day = 86400000;

	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++)
		if (days[i] * day >= a->cell * 9)
			return days[i] * day;
	return 3640 * day;
}

static void draw_axis_row(const struct burndown *b, struct surface *s)
{
	const struct axis *a = &b->axis;
	int end = b->x + a->cells, y = b->rows + 1;
	time_ms tick = tick_of(a);
	char iso[TIME_TEXT], day[8];

	surface_run(s, b->x, y, a->cells, 0x2500, STYLE(R_GRID));
	for (time_ms t = time_ceil(a->from, tick); t < a->to; t += tick) {
		int cell = axis_cell(a, t);
		if (cell < 0 || cell + 7 > a->cells - NOW_CELLS)
			continue;
		snprintf(day, sizeof(day), "%.5s", time_iso(t, iso) + 5);
		surface_put(s, b->x + cell, y, 0x2534, STYLE(R_FAINT));
		draw_text(s, b->x + cell + 1, y, R_DIM, day);
	}
	if (a->cells > NOW_CELLS)
		surface_text_right(s, end, y, STYLE(R_DIM), "now");
}

static void burndown_draw(const void *state, struct surface *s)
{
	const struct burndown *b = state;
	bool before = false;

	if (s->w != b->w || s->h != b->h)
		return;
	draw_title(s, &b->left, &b->right, b->focused);
	if (b->rows < 1 || !b->axis.cells)
		return;
	draw_scale(b, s);
	draw_axis_row(b, s);
	if (!b->data)
		surface_text_max(s, b->x, 1 + b->rows / 2, b->axis.cells,
				 STYLE(R_DIM), "no history yet");
	for (int i = 0; b->data && i < b->axis.cells; i++) {
		bool known = !isnan(b->left_over[i]);
		if (known)
			draw_column(b, s, i);
		else if (before)
			surface_put(s, b->x + i, b->rows, 0xB7,
				    STYLE(R_STALE));
		before = known;
	}
}

static void burndown_close(void *state)
{
	struct burndown *b = state;

	free(b->left_over);
}

const struct widget_ops burndown_widget = {
	.name = "burndown",
	.help = "what was left of the error budget over its period",
	.state_size = sizeof(struct burndown),
	.min_w = 24, .min_h = 4,
	.update = burndown_update,
	.draw = burndown_draw,
	.close = burndown_close,
};
