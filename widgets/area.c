#include "widgets/area.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static void make_room(struct area *a, int cells)
{
	size_t n = (size_t)cells;

	if (cells <= a->cap)
		return;
	for (int i = 0; i < AREA_LAYERS; i++) {
		a->top[i] = mem_grow(a->top[i], n, sizeof(**a->top));
		a->column[i] = mem_grow(a->column[i], n, sizeof(**a->column));
	}
	a->has = mem_grow(a->has, n, sizeof(*a->has));
	a->cap = cells;
}

void area_read(struct area *a, struct chart *c, const struct service *s,
	       const enum measure *what, int nr)
{
	int cells = c->axis.cells;

	make_room(a, cells);
	a->nr = nr;
	for (int i = 0; i < nr; i++) {
		service_columns(s, what[i], c->axis.from, c->axis.cell,
				a->column[i], (size_t)cells);
		for (int k = 0; k < cells; k++)
			if (c->axis.from + k * c->axis.cell > c->now)
				a->column[i][k].nr = 0;
		chart_hold(a->column[i], cells, c->axis.from, c->axis.cell,
			   c->point, c->now);
	}
	for (int k = 0; k < cells; k++)
		a->has[k] = a->column[nr - 1][k].nr > 0;
	chart_flags(c, a->has);
}

static int eighths(double v, const struct scale *sc, int rows)
{
	double e = v / sc->unit * 8;

	if (!(e > 0))
		return 0;
	return (int)lround(fmin(e, rows * 8));
}

void area_stack(struct area *a, const struct chart *c, const struct scale *sc)
{
	a->scale = sc;
	for (int k = 0; k < c->axis.cells; k++) {
		int top = 0;
		for (int i = 0; i < a->nr; i++) {
			const struct column *col = &a->column[i][k];
			int e = col->nr ? eighths(col->mean, sc, c->rows) : 0;
			if (i < a->nr - 1)
				top += e;
			else if (e > top)
				top = e;
			a->top[i][k] = (int16_t)(top > c->rows * 8
						 ? c->rows * 8 : top);
		}
	}
}

struct part {
	int lowest, height;     /* the lowest layer in a cell and its eighths */
	int largest, total;     /* the largest above it, and all eighths */
};

static struct part part_of(const struct area *a, int cell, int row)
{
	struct part p = { -1, 0, -1, 0 };
	int below = 0, most = 0;

	for (int i = 0; i < a->nr; i++) {
		int h = a->top[i][cell] - 8 * row;
		h = h < 0 ? 0 : h > 8 ? 8 : h;
		if (h > below && p.lowest < 0) {
			p.lowest = i;
			p.height = h;
		} else if (h - below > most) {
			p.largest = i;
			most = h - below;
		}
		below = h > below ? h : below;
	}
	p.total = below;
	return p;
}

static uint32_t sign_of(const struct area *a, const struct surface *s,
			int layer, int height)
{
	if (s->graph != GRAPH_ASCII)
		return block_eighth(height);
	return height < 4 ? '_' : (unsigned char)a->ascii[layer];
}

/* A cell has two colours: the worst layer keeps its height, the largest of
 * the others is the ground. */
static void draw_cell(const struct area *a, const struct chart *c,
		      struct surface *s, int cell, int row)
{
	struct part p = part_of(a, cell, row);
	int x = c->x + cell, y = c->rows - row, height = p.height;

	if (p.lowest < 0)
		return;
	struct style st = STYLE(a->shade(a, c, p.lowest, cell, row));
	if (height == 8)
		st.ground = st.role;
	else if (p.largest >= 0 && p.total >= 4)
		st.ground = (uint8_t)a->shade(a, c, p.largest, cell, row);
	else
		height = p.total;
	uint32_t ch = sign_of(a, s, p.lowest, height);
	if (s->graph == GRAPH_ASCII && p.largest >= 0 && height < 4)
		ch = sign_of(a, s, p.largest, p.total);
	if (cell == c->cursor) {
		ch = 0x2502;
		st.role = R_CROSSHAIR;
	}
	surface_put(s, x, y, ch, st);
}

static void draw_grey(const struct area *a, const struct chart *c,
		      struct surface *s, int cell, int row)
{
	struct part p = part_of(a, cell, row);
	int x = c->x + cell, y = c->rows - row;

	if (p.total == 8 || (p.total >= 4 && (c->flag[cell] & CELL_OPEN)))
		surface_put(s, x, y, 0x2591, STYLE(R_STALE));
	else if (p.total > 0)
		surface_put(s, x, y, c->flag[cell] & CELL_OPEN
			    ? ' ' : block_eighth(p.total), STYLE(R_STALE));
}

void area_draw(const struct area *a, const struct chart *c, struct surface *s)
{
	for (int cell = 0; cell < c->axis.cells; cell++)
		for (int row = 0; row < c->rows; row++)
			if (!a->has[cell])
				continue;
			else if (c->stale || c->flag[cell] & CELL_OPEN)
				draw_grey(a, c, s, cell, row);
			else
				draw_cell(a, c, s, cell, row);
}

void area_close(struct area *a)
{
	for (int i = 0; i < AREA_LAYERS; i++) {
		free(a->top[i]);
		free(a->column[i]);
	}
	free(a->has);
}
