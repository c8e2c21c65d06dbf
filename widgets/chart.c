#include "widgets/chart.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scales ------------------------------------------------------------- */

static bool two_digits(double v)
{
	double e = pow(10, floor(log10(v)) - 1);

	return fabs(v / e - round(v / e)) < 1e-6;
}

/* The smallest 1, 1.5, 2, 3 or 5 times a power of ten that is not below. */
static double round_up(double v)
{
	static const double steps[] = { 1, 1.5, 2, 3, 5, 10 };
	double e = pow(10, floor(log10(v)));

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (steps[i] * e >= v * (1 - 1e-9))
			return steps[i] * e;
	return 10 * e;
}

/* The limit over a whole number of rows, so that it is exactly one. */
static bool scale_from_limit(struct scale *sc, double max, double span)
{
	static const int parts[] = { 12, 10, 8, 6, 5, 4, 3, 2, 1 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		double unit = sc->limit / parts[i];
		/* The lower edge of the row above the highest is not seen. */
		if (unit * span < max || parts[i] + !sc->centre > span)
			continue;
		int every = parts[i] % 2 || parts[i] == 2 ? parts[i] : 2;
		if (every == 2 && parts[i] > 4 && !two_digits(2 * unit))
			continue;
		sc->unit = unit;
		sc->every = every < 2 ? 2 : every;
		sc->limit_row = parts[i];
		return true;
	}
	return false;
}

struct scale scale_linear(enum number n, double max, double limit, int rows,
			  bool centre)
{
	struct scale sc = { .number = n, .centre = centre, .limit = limit,
			    .limit_row = -1, .every = rows >= 4 ? 2 : 1 };
	double span = centre ? rows - 0.6 : rows;

	if (!isfinite(max) || max < 0)
		max = 0;
	if (span < 1)
		span = 1;
	if (limit > 0 && scale_from_limit(&sc, fmax(max, limit), span))
		return sc;
	if (!(max > 0))
		max = limit > 0 ? limit : n == NUMBER_PERCENT ? 0.01 : 1;
	sc.unit = round_up(max / span * sc.every) / sc.every;
	return sc;
}

#define LOG_STEP 0.5493061443340549 /* ln 3 / 2: of one row */

struct scale scale_log(enum number n, double min, double max, double limit,
		       int rows)
{
	struct scale sc = { .number = n, .centre = true, .log = true,
			    .limit = limit, .every = 2, .limit_row = -1 };

	sc.anchor = limit > 0 ? limit : 0.1;
	if (!(max > 0) || !isfinite(max))
		max = sc.anchor;
	if (!(min > 0) || !isfinite(min))
		min = sc.anchor / 9;
	int above = (int)ceil(log(max / sc.anchor) / LOG_STEP - 0.4);
	int below = (int)ceil(log(sc.anchor / min) / LOG_STEP - 0.4);
	if (above < 1)
		above = 1;
	int room = rows - 1 - above - (below > 0 ? below : 0);
	sc.anchor_row = rows - 1 - above - (room > 0 ? room / 2 : 0);
	if (sc.anchor_row < 0)
		sc.anchor_row = 0;
	if (limit > 0)
		sc.limit_row = sc.anchor_row;
	return sc;
}

double scale_height(const struct scale *sc, double v)
{
	if (sc->log)
		return v > 0 ? sc->anchor_row + 0.5 +
				       log(v / sc->anchor) / LOG_STEP
			     : -1;
	return v / sc->unit + (sc->centre ? 0.5 : 0);
}

static const char *number_label(enum number n, double v, char out[NUMBER_TEXT])
{
	switch (n) {
	case NUMBER_LATENCY:
		if (v >= 1 || v < 1e-3)
			return format_bound(v, out);
		snprintf(out, NUMBER_TEXT, "%.3gms", v * 1e3);
		if (strlen(out) > CHART_LABELS - 1)
			snprintf(out, NUMBER_TEXT, "%.0fms", v * 1e3);
		return out;
	case NUMBER_PERCENT:
		snprintf(out, NUMBER_TEXT, "%.3g%%", v * 100);
		return out;
	case NUMBER_BURN:
		snprintf(out, NUMBER_TEXT, "%.3gx", v);
		return out;
	case NUMBER_BYTES:
		return format_bytes(v, out);
	default:
		if (v >= 999.5 || v < 0.005)
			return format_rate(v, out);
		snprintf(out, NUMBER_TEXT, "%.3g", v);
		return out;
	}
}

const char *scale_label(const struct scale *sc, int k, char out[NUMBER_TEXT])
{
	out[0] = '\0';
	if (sc->log) {
		int d = k - sc->anchor_row;
		if (d % 2 == 0)
			number_label(sc->number, sc->anchor * exp(d * LOG_STEP),
				     out);
	} else if (k > 0 && (k % sc->every == 0 || k == sc->limit_row)) {
		number_label(sc->number, k * sc->unit, out);
	}
	if (text_width(out) > CHART_LABELS - 1)
		out[0] = '\0';
	return out;
}

/* ---- what a view says to every chart ------------------------------------ */

static bool concerns(const struct event *e, const struct view *v)
{
	if (e->kind != EVENT_DEPLOY)
		return false;
	const char *name = view_service_name(v);
	return !e->service || (name && !strcmp(e->service, name));
}

static void find_marks(struct chart *c, const struct view *v)
{
	const struct event *const *e;
	size_t n = view_events(v, &e);

	c->nr_marks = 0;
	for (size_t i = n; i-- > 0 && c->nr_marks < CHART_MARKS;) {
		int cell = axis_cell(&c->axis, e[i]->at);
		if (cell < 0 || !concerns(e[i], v))
			continue;
		struct mark *m = &c->mark[c->nr_marks++];
		m->cell = cell;
		snprintf(m->tag, sizeof(m->tag), "%.20s",
			 e[i]->tag && text_width(e[i]->tag) <= 16 &&
					 strlen(e[i]->tag) <= 20
				 ? e[i]->tag : "");
	}
}

static void find_age(struct chart *c, const struct view *v)
{
	const struct store_source *src = view_source(v);

	c->stale = c->asking = c->waiting = false;
	c->stale_age = TIME_NONE;
	c->asking_of[0] = '\0';
	c->now = v->now;
	c->open_at = view_settled(v, src);
	c->point = v->step;
	if (!src)
		return;
	if (src->step > 0)
		c->point = src->step;
	c->stale = src->state == SOURCE_STALE || src->state == SOURCE_DOWN ||
		   src->state == SOURCE_AUTH;
	const struct slo_row *o = view_selected_slo(v);
	if (o ? o->state == STATE_STALE
	      : v->sel && v->sel->state == STATE_STALE)
		c->stale = true;
	if (c->stale)
		c->stale_age = src->answered == TIME_NONE
				       ? TIME_NONE : v->now - src->answered;
	c->asking = src->state == SOURCE_ASKING;
	c->waiting = !c->asking && !c->stale && src->range_to == TIME_NONE;
	c->asking_for = v->now - v->started;
	snprintf(c->asking_of, sizeof(c->asking_of), "%.40s",
		 strlen(src->name) <= 40 ? src->name : "the source");
}

static void find_grain(struct chart *c, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);

	c->grains = false;
	for (size_t i = 0; i < n; i++)
		c->grains |= src[i]->step > 0 && src[i]->step != c->point;
}

void chart_grain(const struct chart *c, struct spans *left)
{
	if (c->grains && c->point >= 1000 && c->point < 120000)
		spans_add(left, R_DIM, 4, " %ds", (int)(c->point / 1000));
	else if (c->grains && c->point > 0)
		spans_add(left, R_DIM, 4, " %s",
			  time_duration(c->point, (char[TIME_TEXT]){ 0 }));
}

void chart_hold(struct column *col, int nr, time_ms from, time_ms width,
		time_ms point, time_ms now)
{
	int last = -1;

	for (int i = 0; i < nr && from + i * width <= now; i++)
		if (col[i].nr)
			last = i;
		else if (last >= 0 && (i - last) * width < point)
			col[i] = col[last];
}

void chart_update(struct chart *c, const struct view *v, int w, int h)
{
	c->w = w;
	c->h = h;
	c->x = w > 3 * CHART_LABELS ? CHART_LABELS : 0;
	c->rows = h > 2 ? h - 2 : 0;
	c->axis = axis_of(v, w > c->x ? w - c->x : 0);
	c->cursor_at = v->cursor;
	c->cursor = axis_cell(&c->axis, v->cursor);
	c->dead_from = -1;
	if (c->cap < c->axis.cells) {
		c->cap = c->axis.cells;
		c->flag = mem_grow(c->flag, (size_t)c->cap, 1);
	}
	if (c->axis.cells)
		memset(c->flag, 0, (size_t)c->axis.cells);
	find_marks(c, v);
	find_age(c, v);
	find_grain(c, v);
}

void chart_close(struct chart *c)
{
	free(c->flag);
	c->flag = NULL;
	c->cap = 0;
}

bool chart_open(const struct chart *c, time_ms end)
{
	return end > c->open_at;
}

void chart_flags(struct chart *c, const bool *has)
{
	int first = -1, last = -1;

	for (int i = 0; i < c->axis.cells; i++)
		if (has[i]) {
			first = first < 0 ? i : first;
			last = i;
		}
	for (int i = 0; i < c->axis.cells; i++) {
		if (first >= 0 && i > first && i < last && !has[i])
			c->flag[i] |= CELL_GAP;
		time_ms end = c->axis.from + (i + 1) * c->axis.cell;
		if (has[i] && chart_open(c, end))
			c->flag[i] |= CELL_OPEN;
	}
	if (c->stale && last >= 0)
		c->dead_from = last + 1;
}

/* ---- drawing ------------------------------------------------------------ */

/* Round times for ticks. */
static const time_ms ticks[] = {
	1000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 900000,
	1800000, 3600000, 7200000, 10800000, 21600000, 43200000, 86400000,
	172800000, 604800000, 2419200000,
};

static time_ms tick_of(const struct axis *a)
{
	for (size_t i = 0; i < sizeof(ticks) / sizeof(*ticks); i++) {
		time_ms room = ticks[i] < 60000 ? 16 : 12;
		if (ticks[i] >= a->cell * room)
			return ticks[i];
	}
	return ticks[sizeof(ticks) / sizeof(*ticks) - 1] * 12;
}

static const char *tick_text(time_ms t, time_ms tick, char out[TIME_TEXT])
{
	if (tick < 60000)
		return time_hms(t, out);
	if (tick < 86400000)
		return time_hm(t, out);
	char iso[TIME_TEXT];
	time_iso(t, iso);
	snprintf(out, TIME_TEXT, "%.5s", iso + 5);
	return out;
}

/* Columns of the axis row that a mark's label takes; returns its start. */
static int mark_span(const struct mark *m, int cells, int *len)
{
	*len = 1 + text_width(m->tag);
	if (m->cell + *len > cells) {
		if (m->cell + 1 >= *len)
			return m->cell + 1 - *len;
		*len = 1;
	}
	return m->cell;
}

static bool mark_at(const struct axis *a, const struct mark *mark, int nr,
		    int from, int to)
{
	for (int i = 0; i < nr; i++) {
		int len, at = mark_span(&mark[i], a->cells, &len);
		if (from < at + len + 1 && at < to + 1)
			return true;
	}
	return false;
}

static void draw_marks(struct surface *s, int x, int y, const struct axis *a,
		       const struct mark *mark, int nr)
{
	for (int i = 0; i < nr; i++) {
		int len, at = mark_span(&mark[i], a->cells, &len);
		/* Newest first: an older label that would touch is a sign. */
		if (i && mark_at(a, mark, i, at, at + len)) {
			if (!mark_at(a, mark, i, mark[i].cell, mark[i].cell))
				surface_put(s, x + mark[i].cell, y, 0x25B4,
					    STYLE(R_EVENT));
			continue;
		}
		surface_put(s, x + mark[i].cell, y, 0x25B4, STYLE(R_EVENT));
		if (len > 1)
			draw_text(s, at == mark[i].cell ? x + at + 1 : x + at,
				  y, R_EVENT, mark[i].tag);
	}
}

void draw_axis(struct surface *s, int x, int y, const struct axis *a,
	       const struct mark *mark, int nr_marks)
{
	char text[TIME_TEXT];
	time_ms tick = tick_of(a);

	surface_run(s, x, y, a->cells, 0x2500, STYLE(R_GRID));
	for (time_ms t = time_ceil(a->from, tick); t < a->to; t += tick) {
		int cell = axis_cell(a, t);
		int len = text_width(tick_text(t, tick, text));
		if (cell < 0 || cell + 1 + len > a->cells ||
		    mark_at(a, mark, nr_marks, cell, cell + len))
			continue;
		surface_put(s, x + cell, y, 0x2534, STYLE(R_FAINT));
		draw_text(s, x + cell + 1, y, R_DIM, text);
	}
	draw_marks(s, x, y, a, mark, nr_marks);
}

static void draw_line(const struct chart *c, struct surface *s,
		      const struct scale *sc, int k)
{
	char text[NUMBER_TEXT];
	int y = c->rows - k;
	bool limit = k == sc->limit_row;

	if (!*scale_label(sc, k, text))
		return;
	if (c->x)
		surface_text_right(s, c->x - 1, y,
				   STYLE(limit ? R_LIMIT : R_DIM), text);
	uint32_t ch = sc->centre ? limit ? 0x254C : 0x2508 : 0x2581;
	surface_run(s, c->x, y, c->axis.cells, ch,
		    STYLE(limit ? R_LIMIT : R_GRID));
}

static void draw_gaps(const struct chart *c, struct surface *s)
{
	int middle = 1 + c->rows / 2;

	for (int i = 0; i < c->axis.cells; i++) {
		bool dead = c->dead_from >= 0 && i >= c->dead_from;
		if (!(c->flag[i] & CELL_GAP) && !dead)
			continue;
		for (int y = 1; y <= c->rows; y++)
			surface_put(s, c->x + i, y, ' ', STYLE(R_TEXT));
		bool early = i < 2 || !(c->flag[i - 1] & c->flag[i - 2] &
					CELL_GAP);
		if (!dead && early)
			surface_put(s, c->x + i, middle, 0xB7, STYLE(R_STALE));
	}
}

void chart_draw_back(const struct chart *c, struct surface *s,
		     const struct scale *sc)
{
	if (c->rows < 1)
		return;
	for (int k = 0; sc && k < c->rows; k++)
		draw_line(c, s, sc, k);
	for (int i = 0; i < c->nr_marks; i++)
		for (int y = 1; y <= c->rows; y++)
			surface_put(s, c->x + c->mark[i].cell, y, 0x250A,
				    STYLE(R_EVENT));
	for (int y = 1; c->cursor >= 0 && y <= c->rows; y++)
		surface_put(s, c->x + c->cursor, y, 0x2502,
			    STYLE(R_CROSSHAIR));
	draw_gaps(c, s);
	if (c->waiting && c->axis.cells > 20)
		draw_text(s, c->x + c->axis.cells / 2 - 5, 1 + c->rows / 2,
			  R_DIM, "asked next");
	if (sc && c->x && !sc->log)
		surface_text_right(s, c->x - 1, c->rows + 1, STYLE(R_DIM), "0");
	draw_axis(s, c->x, c->rows + 1, &c->axis, c->mark, c->nr_marks);
}

static bool only_limit(const struct surface *s, int x, int y, int n)
{
	uint32_t line = s->graph == GRAPH_ASCII
				? (unsigned char)glyph_ascii(0x254C) : 0x254C;

	for (int i = 0; i < n; i++) {
		const struct cell *c = surface_cell(s, x + i, y);
		if (!c || c->ch != line || c->role != R_LIMIT)
			return false;
	}
	return true;
}

static void draw_limit(const struct chart *c, struct surface *s,
		       const struct scale *sc, const char *text)
{
	int len = text_width(text), y = c->rows - sc->limit_row;
	int end = c->x + (c->dead_from >= 0 ? c->dead_from : c->axis.cells);

	if (sc->limit_row >= 0 && sc->limit_row < c->rows && len &&
	    only_limit(s, end - len - 1, y, len + 1))
		draw_text(s, end - len, y, R_LIMIT, text);
}

void chart_draw_front(const struct chart *c, struct surface *s,
		      const struct scale *sc, const char *limit_text)
{
	if (sc && limit_text)
		draw_limit(c, s, sc, limit_text);
	if (c->dead_from < 0 || c->rows < 2 ||
	    c->axis.cells - c->dead_from < 6)
		return;
	int x = c->x + c->dead_from + 1, y = c->rows / 2;
	draw_text(s, x + 1, y, R_TEXT, "no");
	draw_text(s, x, y + 1, R_TEXT, "data");
}

bool chart_title(const struct chart *c, struct spans *right)
{
	char a[TIME_TEXT];

	if (c->cursor >= 0) {
		bool brief = c->w < 70;
		spans_add(right, R_DIM, 0, "at ");
		spans_add(right, R_CROSSHAIR, 0, "%s",
			  brief ? time_hm(c->cursor_at, a)
				: time_hms(c->cursor_at, a));
		spans_add(right, R_DIM, 0, brief ? "  " : "   ");
		return false;
	}
	if (c->stale && c->stale_age == TIME_NONE) {
		spans_add(right, R_DIM, 0, "never answered");
		return true;
	}
	if (c->stale) {
		spans_add(right, R_DIM, 0, "last values ");
		spans_add(right, R_TEXT, 0, "%s old",
			  age_text(c->stale_age, a));
		return true;
	}
	if (c->asking) {
		spans_add(right, R_DIM, 0, "asking %s%s", c->asking_of,
			  elapsed_text(c->asking_for, a));
		return true;
	}
	return false;
}
