#include "widgets/lines.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

static const struct dot no_dot = { 1, 0, R_DEFAULT };

static void make_room(struct lines *l, int cells)
{
	size_t dots = 2 * (size_t)cells;

	if (cells <= l->cap)
		return;
	for (int i = 0; i < LINES_MAX; i++) {
		l->dot[i] = mem_grow(l->dot[i], dots, sizeof(**l->dot));
		l->column[i] = mem_grow(l->column[i], dots,
					sizeof(**l->column));
	}
	l->has = mem_grow(l->has, (size_t)cells, sizeof(*l->has));
	l->cap = cells;
}

static void see_column(struct lines *l, struct column *c)
{
	if (!c->nr || !isfinite(c->min) || !isfinite(c->max)) {
		c->nr = 0;
		return;
	}
	l->min = fmin(l->min, c->min);
	l->max = fmax(l->max, c->max);
}

static void begin(struct lines *l, const struct chart *c, int nr)
{
	make_room(l, c->axis.cells);
	l->nr = nr;
	l->min = INFINITY;
	l->max = -INFINITY;
	for (int i = 0; i < c->axis.cells; i++)
		l->has[i] = false;
}

/* What a line's columns say, once they are filled. */
static void take(struct lines *l, const struct chart *c, struct column *col)
{
	int dots = 2 * c->axis.cells;

	for (int d = 0; d < dots; d++) {
		if (c->axis.from + d * c->axis.dot > c->now)
			col[d].nr = 0;
		see_column(l, &col[d]);
	}
	chart_hold(col, dots, c->axis.from, c->axis.dot, c->point, c->now);
	for (int d = 0; d < dots; d++)
		if (col[d].nr)
			l->has[d / 2] = true;
}

void lines_read(struct lines *l, struct chart *c, const struct service *s,
		const enum measure *what, int nr)
{
	begin(l, c, nr);
	for (int i = 0; i < nr; i++) {
		service_columns(s, what[i], c->axis.from, c->axis.dot,
				l->column[i], 2 * (size_t)c->axis.cells);
		take(l, c, l->column[i]);
	}
	chart_flags(c, l->has);
}

void lines_read_by(struct lines *l, struct chart *c, lines_reader *read,
		   const void *arg, int nr)
{
	begin(l, c, nr);
	for (int i = 0; i < nr; i++) {
		read(arg, i, c->axis.from, c->axis.dot, l->column[i],
		     2 * (size_t)c->axis.cells);
		take(l, c, l->column[i]);
	}
	chart_flags(c, l->has);
}

void lines_read_series(struct lines *l, struct chart *c,
		       const struct series *const *s, int nr, double scale)
{
	begin(l, c, nr);
	for (int i = 0; i < nr; i++) {
		struct column *col = l->column[i];
		series_columns(s[i], c->axis.from, c->axis.dot, col,
			       2 * (size_t)c->axis.cells);
		for (int d = 0; d < 2 * c->axis.cells; d++) {
			col[d].min *= scale;
			col[d].max *= scale;
		}
		take(l, c, col);
	}
	chart_flags(c, l->has);
}

static int16_t quarter(const struct scale *sc, double v, int rows)
{
	double q = floor(scale_height(sc, v) * 4);

	if (!(q > 0))
		return 0;
	return (int16_t)fmin(q, rows * 4 - 1);
}

static void place(struct lines *l, int line, const struct chart *c,
		  const struct scale *sc, double crit)
{
	const struct column *col = l->column[line];
	struct dot *dot = l->dot[line], before = no_dot;

	for (int d = 0; d < 2 * c->axis.cells; d++) {
		dot[d] = no_dot;
		if (!col[d].nr || c->rows < 1) {
			before = no_dot;
			continue;
		}
		struct dot now = { quarter(sc, col[d].min, c->rows),
				   quarter(sc, col[d].max, c->rows),
				   l->role[line] };
		if (crit > 0 && col[d].max > crit)
			now.role = R_CRIT;
		if (c->stale ||
		    chart_open(c, c->axis.from + (d + 1) * c->axis.dot))
			now.role = R_STALE;
		dot[d] = now;
		/* Steep lines stay one line. */
		if (before.lo <= before.hi && now.lo > before.hi + 1)
			dot[d].lo = (int16_t)(before.hi + 1);
		if (before.lo <= before.hi && now.hi < before.lo - 1)
			dot[d].hi = (int16_t)(before.lo - 1);
		before = now;
	}
}

void lines_place(struct lines *l, const struct chart *c,
		 const struct scale *sc, double crit, unsigned judged)
{
	for (int i = 0; i < l->nr; i++)
		place(l, i, c, sc, judged >> i & 1 ? crit : 0);
}

/* ---- braille ------------------------------------------------------------ */

static uint8_t dots_in(const struct dot *d, int column, int row)
{
	uint8_t mask = 0;

	for (int q = 0; q < 4; q++)
		if (d->lo <= row * 4 + q && row * 4 + q <= d->hi)
			mask |= braille_dot(column, 3 - q);
	return mask;
}

/* What is bad names a cell before what is well, and that before what is not
 * settled. */
static enum role worse(enum role a, enum role b)
{
	if (a == R_CRIT || b == R_DEFAULT)
		return a;
	if (b == R_CRIT || a == R_DEFAULT || a == R_STALE)
		return b;
	return a;
}

static void draw_braille(const struct lines *l, const struct chart *c,
			 struct surface *s, int cell, int row)
{
	uint8_t mask = 0;
	enum role role = R_DEFAULT;

	for (int i = 0; i < l->nr; i++) {
		enum role mine = R_DEFAULT;
		for (int k = 0; k < 2; k++) {
			const struct dot *d = &l->dot[i][2 * cell + k];
			uint8_t m = dots_in(d, k, row);
			mask |= m;
			if (m)
				mine = worse(mine, (enum role)d->role);
		}
		if (role == R_DEFAULT)
			role = mine;
	}
	if (mask)
		surface_put(s, c->x + cell, c->rows - row, 0x2800u + mask,
			    STYLE(role));
}

/* ---- blocks: the highest value is an area, the others its lower parts --- */

static int eighths_of(const struct dot *a, const struct dot *b, int row)
{
	int hi = -1;

	if (a->lo <= a->hi)
		hi = a->hi;
	if (b->lo <= b->hi && b->hi > hi)
		hi = b->hi;
	int e = 2 * (hi + 1) - 8 * row;
	return hi < 0 || e < 0 ? 0 : e > 8 ? 8 : e;
}

static enum role block_role(const struct lines *l, const struct chart *c,
			    const struct scale *sc, int line, int row)
{
	static const uint8_t inside[LINES_MAX] = { R_P50, R_HEAT_IN7,
						   R_HEAT_IN6 };
	static const uint8_t beyond[] = { R_ERR2, R_ERR3, R_ERR3, R_ERR4 };

	if (c->stale)
		return R_STALE;
	if (l->nr > 1 && (line > 0 || sc->limit_row < 0 || row < sc->limit_row))
		return (enum role)inside[line];
	if (line > 0 || sc->limit_row < 0 || row < sc->limit_row)
		return (enum role)l->role[line];
	int over = (row - sc->limit_row) / 2;
	return (enum role)beyond[over > 3 ? 3 : over];
}

static void draw_block(const struct lines *l, const struct chart *c,
		       const struct scale *sc, struct surface *s, int cell,
		       int row)
{
	int h[LINES_MAX] = { 0 }, y = c->rows - row, x = c->x + cell;

	for (int i = 0; i < l->nr; i++)
		h[i] = eighths_of(&l->dot[i][2 * cell],
				  &l->dot[i][2 * cell + 1], row);
	if (c->flag[cell] & CELL_OPEN) {
		if (h[0] >= 4)
			surface_put(s, x, y, 0x2591, STYLE(R_STALE));
		return;
	}
	for (int i = l->nr - 1; i >= 0; i--) {
		if (!h[i])
			continue;
		struct style st = STYLE(block_role(l, c, sc, i, row));
		if (h[i] == 8)
			st.ground = st.role;
		else if (i > 0 && h[i - 1] == 8)
			st.ground = (uint8_t)block_role(l, c, sc, i - 1, row);
		surface_put(s, x, y, block_eighth(h[i]), st);
		return;
	}
}

/* ---- ASCII -------------------------------------------------------------- */

static void draw_ascii(const struct lines *l, const struct chart *c,
		       struct surface *s, int cell, int row)
{
	static const char signs[LINES_MAX] = { '@', 'o', '.' };

	for (int i = 0; i < l->nr; i++)
		for (int k = 0; k < 2; k++) {
			const struct dot *d = &l->dot[i][2 * cell + k];
			if (d->lo > d->hi || d->lo / 4 > row || d->hi / 4 < row)
				continue;
			bool tip = d->hi / 4 == row || d->lo / 4 == row;
			surface_put(s, c->x + cell, c->rows - row,
				    tip ? (unsigned char)signs[i] : '|',
				    STYLE(d->role));
			return;
		}
}

void lines_draw(const struct lines *l, const struct chart *c,
		const struct scale *sc, struct surface *s)
{
	for (int cell = 0; cell < c->axis.cells; cell++)
		for (int row = 0; row < c->rows; row++)
			if (s->graph == GRAPH_BRAILLE)
				draw_braille(l, c, s, cell, row);
			else if (s->graph == GRAPH_BLOCK)
				draw_block(l, c, sc, s, cell, row);
			else
				draw_ascii(l, c, s, cell, row);
}

void lines_close(struct lines *l)
{
	for (int i = 0; i < LINES_MAX; i++) {
		free(l->dot[i]);
		free(l->column[i]);
	}
	free(l->has);
}
