/* How the burn of the selected objective went: a row of shaded cells a window,
 * under the burn chart and on its time axis. */
#include "widgets/objective.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define STRIPS 2

static const enum slo_window strips[STRIPS] = { SLO_5M, SLO_1H };

/* What a cell says; also without colours. */
enum shade { SHADE_NONE, SHADE_OPEN, SHADE_CALM, SHADE_1, SHADE_6, SHADE_14 };

struct burnstrip {
	uint64_t stamp;
	int w, h;
	struct chart chart;
	struct column *column;
	uint8_t *shade[STRIPS];
	int cap;
	bool known, focused;
};

static void make_room(struct burnstrip *b, int cells)
{
	size_t n = (size_t)cells;

	if (cells <= b->cap)
		return;
	b->column = mem_grow(b->column, n, sizeof(*b->column));
	for (int i = 0; i < STRIPS; i++)
		b->shade[i] = mem_grow(b->shade[i], n, 1);
	b->cap = cells;
}

static enum shade shade_of(const struct chart *c, const struct column *col,
			   int cell)
{
	if (!col->nr)
		return SHADE_NONE;
	if (c->stale ||
	    chart_open(c, c->axis.from + (cell + 1) * c->axis.cell))
		return SHADE_OPEN;
	return col->max > BURN_PAGE ? SHADE_14 : col->max > 6 ? SHADE_6
	       : col->max > 1 ? SHADE_1 : SHADE_CALM;
}

static void read_strip(struct burnstrip *b, const struct slo_row *r, int i)
{
	const struct axis *a = &b->chart.axis;

	objective_left_cells(r, strips[i], a->from, a->cell, b->column,
			(size_t)a->cells);
	for (int k = 0; k < a->cells; k++)
		if (a->from + k * a->cell > b->chart.now)
			b->column[k].nr = 0;
	chart_hold(b->column, a->cells, a->from, a->cell, b->chart.point,
		   b->chart.now);
	for (int k = 0; k < a->cells; k++)
		b->shade[i][k] = (uint8_t)shade_of(&b->chart, &b->column[k], k);
}

static bool burnstrip_update(void *state, const struct view *v, int w, int h)
{
	struct burnstrip *b = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	b->w = w;
	b->h = h;
	b->focused = v->focused;
	chart_update(&b->chart, v, w, h);
	make_room(b, b->chart.axis.cells);
	b->known = r && !r->fault;
	for (int i = 0; b->known && i < STRIPS; i++)
		read_strip(b, r, i);
	return true;
}

static void draw_cell(struct surface *s, int x, int y, enum shade shade)
{
	static const struct {
		uint32_t ch;
		enum role role, ground;
	} looks[] = {
		[SHADE_NONE] = { ' ', R_TEXT, R_DEFAULT },
		[SHADE_OPEN] = { 0xB7, R_STALE, R_DEFAULT },
		[SHADE_CALM] = { 0x2500, R_FAINT, R_DEFAULT },
		[SHADE_1] = { 0x2591, R_BURN6, R_BURN1 },
		[SHADE_6] = { 0x2592, R_BURN14, R_BURN6 },
		[SHADE_14] = { 0x2593, R_CRIT, R_BURN14 },
	};

	surface_put(s, x, y, looks[shade].ch,
		    STYLE_ON(looks[shade].role, looks[shade].ground));
}

static void draw_key(struct spans *sp)
{
	spans_add(sp, R_DIM, 1, "░ over 1x   ▒ over 6x   ▓ over 14.4x");
}

static void burnstrip_draw(const void *state, struct surface *s)
{
	const struct burnstrip *b = state;
	struct spans left = { 0 }, right = { 0 };
	int y = 0;

	if (s->w != b->w || s->h != b->h)
		return;
	if (s->h > STRIPS) {
		spans_add(&left, R_BRIGHT, 0, "burn by window");
		draw_key(&right);
		draw_title(s, &left, &right, b->focused);
		y = 1;
	}
	for (int i = 0; b->known && i < STRIPS && y < s->h; i++, y++) {
		if (b->chart.x)
			draw_field(s, 0, y, b->chart.x - 1, R_DIM,
				   objective_window(strips[i]));
		for (int k = 0; k < b->chart.axis.cells; k++)
			draw_cell(s, b->chart.x + k, y,
				  (enum shade)b->shade[i][k]);
	}
}

static void burnstrip_close(void *state)
{
	struct burnstrip *b = state;

	free(b->column);
	for (int i = 0; i < STRIPS; i++)
		free(b->shade[i]);
	chart_close(&b->chart);
}

const struct widget_ops burnstrip_widget = {
	.name = "burnstrip",
	.help = "burn of the selected objective as shaded cells a window",
	.state_size = sizeof(struct burnstrip),
	.min_w = 24, .min_h = 2,
	.update = burnstrip_update,
	.draw = burnstrip_draw,
	.close = burnstrip_close,
};
