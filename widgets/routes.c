/* The routes of the selected service: the worst first, the rest summed up. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"
#include "model/routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUTES 256

/* Fields end this far from the right edge; a width less than `from` leaves
 * one out. */
enum rcol { ROUTE_RATE, ROUTE_ERRORS, ROUTE_TAIL, ROUTE_COLS };
static const struct rcol_def {
	const char *head;
	int width, from;
} rcols[ROUTE_COLS] = {
	[ROUTE_RATE] = { "rate/s", 6, 30 },
	[ROUTE_ERRORS] = { "errors", 8, 0 },
	[ROUTE_TAIL] = { "~p99", 8, 40 },
};

struct route_line {
	struct sign sign;
	bool rest;
	char name[4 * 64];
	uint8_t role[ROUTE_COLS];
	char text[ROUTE_COLS][NUMBER_TEXT];
};

struct routes {
	uint64_t stamp;
	int w;
	bool focused, stale, suffix;
	const char *why;         /* static: why there are no rows */
	struct route_line *line;
	int nr, cap;
	struct route_row *row;   /* ROUTES of them, read at update */
	struct spans left;
};

/* ---- which moment ------------------------------------------------------- */

/* The newest answer, unless it is of another time than what is shown: the
 * routes are asked after the row, so they may lag by a poll. */
static time_ms answered_at(const struct view *v, const struct service *s)
{
	time_ms period = s->source ? s->source->period : 0, at = TIME_NONE;
	time_ms lag = period > 0 ? 2 * period + 1000 : 60000;

	for (size_t i = 0; i < s->nr[RED_ROUTES]; i++) {
		time_ms t = s->series[RED_ROUTES][i]->now_t;
		if (t != TIME_NONE && t <= v->now && t > at)
			at = t;
	}
	return at != TIME_NONE && v->sel->at - at <= lag ? at : TIME_NONE;
}

static const char *nothing(const struct view *v, const struct service *s,
			   time_ms at)
{
	if (!s->shape || !s->shape->question[RED_ROUTES])
		return "not asked: this family has no labels for it";
	if (at != TIME_NONE)
		return "no label tells routes apart";
	if (v->mode == MODE_PAUSED)
		return "only the newest moment has routes";
	if (v->sel->state == STATE_STALE || v->sel->state == STATE_NODATA)
		return "no data";
	return "…";
}

/* ---- rows --------------------------------------------------------------- */

static struct sign sign_of(const struct red_row *sel, double errors)
{
	double burn = errors / (1 - sel->objective);

	return sign_of_state(burn > BURN_PAGE ? STATE_PAGE
			     : burn > 1 ? STATE_TICKET : STATE_OK);
}

static void fill_rate(struct routes *r, struct route_line *l, double rate)
{
	size_t n = strlen(format_rate(rate, l->text[ROUTE_RATE]));

	l->role[ROUTE_RATE] = R_TEXT;
	r->suffix |= n && strchr("kMGT", l->text[ROUTE_RATE][n - 1]) != NULL;
}

static void fill_errors(struct route_line *l, const struct red_row *sel,
			double ratio)
{
	l->sign = sign_of(sel, ratio);
	l->role[ROUTE_ERRORS] = l->sign.role != R_OK ? (uint8_t)l->sign.role
				: ratio > 0 ? R_TEXT : R_STALE;
	format_percent(ratio, l->text[ROUTE_ERRORS]);
}

static void fill_line(struct routes *r, struct route_line *l,
		      const struct red_row *sel, const struct route_row *row)
{
	double limit = sel->latency_limit;
	bool slow = limit > 0 && (row->p99.value > limit ||
				  (isinf(row->p99.hi) && row->p99.lo >= limit));

	memset(l, 0, sizeof(*l));
	const char *name = *row->name ? row->name : "(none)";
	snprintf(l->name, sizeof(l->name), "%.*s", (int)text_fit(name, 60),
		 name);
	fill_rate(r, l, row->rate);
	fill_errors(l, sel, row->error_ratio);
	quantile_text(&row->p99, l->text[ROUTE_TAIL]);
	l->role[ROUTE_TAIL] = slow ? R_CRIT : isnan(row->p99.value) ? R_STALE
								: R_TEXT;
}

/* What is below the last row that fits; its percentile is not known. */
static void fill_rest(struct routes *r, struct route_line *l,
		      const struct red_row *sel, size_t from, size_t n)
{
	double rate = 0, errors = 0;
	bool known = false;

	memset(l, 0, sizeof(*l));
	for (size_t i = from; i < n; i++) {
		rate += r->row[i].rate;
		if (isnan(r->row[i].error_ratio))
			continue;
		known = true;
		errors += r->row[i].error_ratio * r->row[i].rate;
	}
	l->rest = true;
	snprintf(l->name, sizeof(l->name), "%zu more", n - from);
	fill_rate(r, l, rate);
	fill_errors(l, sel, known && rate > 0 ? errors / rate : NAN);
}

static void read_rows(struct routes *r, const struct view *v, int h)
{
	const char *label = NULL;
	time_ms at = answered_at(v, v->sel->service);
	size_t room = h > 1 ? (size_t)h - 1 : 0;
	size_t n = at == TIME_NONE ? 0
		   : service_routes(v->sel->service, at, r->row, ROUTES,
				    &label);
	size_t rows = n > room ? room ? room - 1 : 0 : n;

	for (size_t i = 0; i < rows; i++)
		fill_line(r, &r->line[r->nr++], v->sel, &r->row[i]);
	if (rows < n && room)
		fill_rest(r, &r->line[r->nr++], v->sel, rows, n);
	r->why = n ? NULL : nothing(v, v->sel->service, at);
	if (label && strcmp(label, "route"))
		spans_add(&r->left, R_DIM, 1, " by %.40s", label);
}

/* ---- widget ------------------------------------------------------------- */

static void make_room(struct routes *r, int h)
{
	if (!r->row)
		r->row = mem_alloc(ROUTES * sizeof(*r->row));
	if (h <= r->cap)
		return;
	r->line = mem_grow(r->line, (size_t)h, sizeof(*r->line));
	r->cap = h;
}

static bool routes_update(void *state, const struct view *v, int w, int h)
{
	struct routes *r = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == r->stamp)
		return false;
	r->stamp = stamp;
	r->w = w;
	r->focused = v->focused;
	r->stale = v->sel && v->sel->state == STATE_STALE;
	r->suffix = false;
	r->nr = 0;
	r->why = "no service";
	r->left.nr = 0;
	spans_add(&r->left, R_BRIGHT, 0, "routes");
	make_room(r, h);
	if (v->cursor != TIME_NONE)
		spans_add(&r->left, R_DIM, 1, " of now");
	if (v->sel && v->sel->service)
		read_rows(r, v, h);
	return true;
}

/* The column after a field's last one, or 0 where it is not shown. */
static int end_of(const struct routes *r, enum rcol c)
{
	int end = r->w;

	if (r->w < rcols[c].from)
		return 0;
	for (int i = ROUTE_COLS - 1; i > (int)c; i--)
		if (r->w >= rcols[i].from)
			end -= rcols[i].width;
	return end;
}

static int name_width(const struct routes *r)
{
	int w = r->w - 2;

	for (int c = 0; c < ROUTE_COLS; c++)
		if (r->w >= rcols[c].from)
			w -= rcols[c].width;
	return w > 0 ? w : 0;
}

static void draw_heads(const struct routes *r, struct surface *s)
{
	struct spans right = { 0 };

	for (int c = 0; c < ROUTE_COLS && !r->why; c++)
		if (end_of(r, (enum rcol)c))
			spans_add(&right, R_DIM, 0, "%*s",
				  right.nr ? rcols[c].width : 0,
				  rcols[c].head);
	draw_title(s, &r->left, &right, r->focused);
}

static void draw_line(const struct routes *r, struct surface *s, int y,
		      const struct route_line *l)
{
	bool loud = l->sign.role == R_CRIT;
	enum role text = r->stale ? R_STALE : l->rest ? R_DIM
			 : loud ? R_BRIGHT : R_TEXT;

	draw_text(s, 0, y, r->stale ? R_STALE : l->sign.role, l->sign.glyph);
	surface_text_max(s, 2, y, name_width(r), STYLE(text), l->name);
	for (int c = 0; c < ROUTE_COLS; c++) {
		const char *value = l->text[c];
		int end = end_of(r, (enum rcol)c);
		bool bare = c == ROUTE_RATE && r->suffix &&
			    !strchr("kMGT", value[strlen(value) - 1]);
		if (end && *value)
			draw_field(s, end - rcols[c].width - bare, y,
				   rcols[c].width, r->stale ? R_STALE :
				   l->rest ? R_DIM : (enum role)l->role[c],
				   value);
	}
}

static void routes_draw(const void *state, struct surface *s)
{
	const struct routes *r = state;

	if (s->w != r->w)
		return;
	draw_heads(r, s);
	if (r->why && s->h > 1)
		surface_text_max(s, 0, 1, s->w, STYLE(R_DIM), r->why);
	for (int i = 0; i < r->nr && i + 1 < s->h; i++)
		draw_line(r, s, i + 1, &r->line[i]);
}

static void routes_close(void *state)
{
	struct routes *r = state;

	free(r->line);
	free(r->row);
}

const struct widget_ops routes_widget = {
	.name = "routes",
	.help = "the selected service by route: rate, errors, p99",
	.state_size = sizeof(struct routes),
	.min_w = 20, .min_h = 2,
	.update = routes_update,
	.draw = routes_draw,
	.close = routes_close,
};
