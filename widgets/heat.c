/* Where the requests of the selected service lie: buckets as a map of time
 * and duration, half rows of factor sqrt 2 around the limit. */
#include "widgets/chart.h"

#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 8

struct heat {
	uint64_t stamp;
	struct chart chart;
	double anchor;         /* upper edge of row `anchor_row` from above */
	int anchor_row;
	bool limit;            /* the anchor is the service's limit */
	uint8_t *level;        /* two a cell, row by row from above */
	bool *has;
	struct heat_bucket *bucket;
	size_t cap_level;
	int cap;
	double slower;         /* share beyond the limit */
	struct heat_bucket judged; /* at the crosshair: where the p99 is */
	double judged_share;
	bool exact, focused, data;
	struct spans left, right;
	const char *why;       /* static: why there is nothing */
};

/* Shares of the requests from which a half row gets its colour. */
static const double shares[LEVELS] = { .0005, .002, .006, .018, .04, .08, .13,
				       .19 };

static void make_room(struct heat *ht)
{
	size_t cells = (size_t)ht->chart.axis.cells;
	size_t want = cells * 2 * (size_t)ht->chart.rows;

	if (want > ht->cap_level) {
		ht->level = mem_grow(ht->level, want, 1);
		ht->cap_level = want;
	}
	if (ht->chart.axis.cells > ht->cap) {
		ht->has = mem_grow(ht->has, cells, sizeof(*ht->has));
		ht->cap = ht->chart.axis.cells;
	}
	if (!ht->bucket)
		ht->bucket = mem_alloc(LIMIT_BUCKETS * sizeof(*ht->bucket));
	if (want)
		memset(ht->level, 0, want);
}

static uint8_t *half(const struct heat *ht, int cell, int half_row)
{
	return &ht->level[(size_t)half_row * (size_t)ht->chart.axis.cells +
			  (size_t)cell];
}

/* Edges that can be drawn: an open end is a factor of four away. */
static double low_edge(const struct heat_bucket *b)
{
	return b->lo > 0 ? b->lo : b->hi / 4;
}

static double high_edge(const struct heat_bucket *b)
{
	return isinf(b->hi) ? b->lo * 4 : b->hi;
}

static double total_of(const struct heat *ht, size_t n)
{
	double total = 0;

	for (size_t i = 0; i < n; i++)
		total += ht->bucket[i].rate;
	return total;
}

/* ---- the scale ---------------------------------------------------------- */

/* The grid point that a column shows, or TIME_NONE. */
static time_ms point_of(const struct heat *ht, const struct service *s,
			int cell)
{
	const struct axis *a = &ht->chart.axis;
	time_ms from = a->from + cell * a->cell;
	time_ms to = from + a->cell - 1;
	time_ms t = service_grid(s, to > ht->chart.now ? ht->chart.now : to);

	return t != TIME_NONE && t >= from ? t : TIME_NONE;
}

static void find_scale(struct heat *ht, const struct red_row *r, size_t n)
{
	double lo = INFINITY, hi = 0;
	int rows = ht->chart.rows, mid = rows / 2;

	ht->limit = r->latency_limit > 0;
	ht->anchor = ht->limit ? r->latency_limit : 0.25;
	double least = total_of(ht, n) * shares[0];
	for (size_t i = 0; i < n; i++)
		if (ht->bucket[i].rate > least) {
			lo = fmin(lo, low_edge(&ht->bucket[i]));
			hi = fmax(hi, high_edge(&ht->bucket[i]));
		}
	ht->anchor_row = mid;
	if (!(hi > 0))
		return;
	int up = (int)ceil(log2(hi / ht->anchor) - 0.01);
	int down = (int)ceil(log2(ht->anchor / lo) - 0.01);
	if (up > mid)
		ht->anchor_row = up < rows - 2 ? up : rows - 2;
	else if (down > rows - mid)
		ht->anchor_row = up > rows - down ? up : rows - down;
	if (ht->anchor_row < 1)
		ht->anchor_row = rows > 1;
}

/* ---- shares of half rows ------------------------------------------------ */

/* How much of a bucket lies in a band, evenly in log. */
static double part_of(const struct heat_bucket *b, double lo, double hi)
{
	double from = low_edge(b), to = high_edge(b);

	if (!(from > 0) || !(to > from))
		return 0;
	double a = fmax(from, lo), z = fmin(to, hi);
	return z > a ? log(z / a) / log(to / from) : 0;
}

static uint8_t level_of(double share)
{
	uint8_t l = 0;

	while (l < LEVELS && share >= shares[l])
		l++;
	return l;
}

static void fill_cell(struct heat *ht, int cell, size_t n, double total)
{
	int halves = 2 * ht->chart.rows;

	for (int k = 0; k < halves; k++) {
		/* Half rows are counted from above, the anchor is the upper
		 * edge of its row. */
		double hi = ht->anchor * exp2(ht->anchor_row - k / 2.0);
		double lo = hi / sqrt(2), share = 0;
		if (k == 0)
			hi = INFINITY;
		if (k == halves - 1)
			lo = 0;
		for (size_t i = 0; i < n; i++)
			share += ht->bucket[i].rate / total *
				 part_of(&ht->bucket[i], lo, hi);
		*half(ht, cell, k) = level_of(share);
	}
}

/* The share beyond the limit, as histogram_fraction reads it. */
static void find_slower(struct heat *ht, size_t n)
{
	double beyond = 0, limit = ht->anchor, total = total_of(ht, n);

	ht->exact = false;
	for (size_t i = 0; i < n; i++) {
		const struct heat_bucket *b = &ht->bucket[i];
		ht->exact |= fabs(b->hi - limit) <= limit * 1e-9;
		if (b->lo >= limit * (1 - 1e-9))
			beyond += b->rate;
		else if (b->hi > limit && isfinite(b->hi))
			beyond += b->rate * (b->hi - limit) /
				  (b->hi - fmax(b->lo, 0));
	}
	ht->slower = total > 0 ? beyond / total : NAN;
}

/* The crosshair reads the bucket that decides the percentile, as it was
 * counted. */
static void read_judged(struct heat *ht, const struct service *s, time_ms t,
			size_t n)
{
	double total = total_of(ht, n);

	ht->judged_share = NAN;
	if (ht->chart.cursor < 0 || t == TIME_NONE || !(total > 0))
		return;
	struct red_quantile q = service_quantile_at(s, 0.99, t);
	for (size_t i = 0; i < n; i++) {
		const struct heat_bucket *b = &ht->bucket[i];
		if (b->hi < q.hi || (isnan(q.hi) && i + 1 < n))
			continue;
		ht->judged = *b;
		ht->judged_share = b->rate / total;
		return;
	}
}

static void read_map(struct heat *ht, const struct view *v)
{
	const struct service *s = v->sel->service;
	time_ms at = ht->chart.cursor >= 0 ? v->cursor : v->now;
	time_ms t = service_grid(s, at);
	size_t n = t == TIME_NONE ? 0 : service_buckets_at(s, t, ht->bucket,
							   LIMIT_BUCKETS);

	find_scale(ht, v->sel, n);
	find_slower(ht, n);
	read_judged(ht, s, t, n);
	for (int i = 0; i < ht->chart.axis.cells; i++) {
		t = point_of(ht, s, i);
		n = t == TIME_NONE ? 0 : service_buckets_at(s, t, ht->bucket,
							    LIMIT_BUCKETS);
		double total = total_of(ht, n);
		ht->has[i] = n > 0;
		ht->data |= n > 0;
		if (total > 0)
			fill_cell(ht, i, n, total);
	}
	/* Points farther apart than a column is wide are no gaps. */
	int most = (int)(ht->chart.point / ht->chart.axis.cell), last = -1;
	for (int i = 0; i < ht->chart.axis.cells; i++) {
		if (!ht->has[i])
			continue;
		for (int k = last + 1; last >= 0 && i - last <= most && k < i;
		     k++) {
			ht->has[k] = true;
			for (int y = 0; y < 2 * ht->chart.rows; y++)
				*half(ht, k, y) = *half(ht, last, y);
		}
		last = i;
	}
	chart_flags(&ht->chart, ht->has);
}

/* ---- widget ------------------------------------------------------------- */

static const char *nothing(const struct red_row *r)
{
	switch (r->service->shape->method) {
	case METHOD_HISTOGRAM:
	case METHOD_NATIVE:
		return NULL;
	case METHOD_NONE:
		return "no histogram";
	default:
		return "ready-made quantiles, no buckets";
	}
}

#define LEGEND 3

static void add_legend(struct spans *sp)
{
	spans_add(sp, R_DIM, LEGEND, "  share <.1%% ");
	for (int i = 0; i < LEVELS; i++)
		spans_add(sp, (enum role)(R_HEAT_IN1 + i), LEGEND, "█");
	spans_add(sp, R_DIM, LEGEND, " ");
	for (int i = 0; i < LEVELS; i++)
		spans_add(sp, (enum role)(R_HEAT_OUT1 + i), LEGEND, "█");
	spans_add(sp, R_DIM, LEGEND, " 19%%");
}

static void add_judged(struct heat *ht)
{
	char lo[NUMBER_TEXT], hi[NUMBER_TEXT], rate[NUMBER_TEXT];
	const struct heat_bucket *b = &ht->judged;

	if (ht->chart.cursor < 0 || isnan(ht->judged_share))
		return;
	format_bound(b->lo > 0 ? b->lo : 0, lo);
	if (isinf(b->hi))
		spans_add(&ht->right, R_TEXT, 1, ">%s", lo);
	else
		spans_add(&ht->right, R_TEXT, 1, "%s–%s", lo,
			  format_bound(b->hi, hi));
	spans_add(&ht->right, R_DIM, 1, " %s/s", format_rate(b->rate, rate));
	spans_add(&ht->right, R_DIM, 1, " %s",
		  format_percent(ht->judged_share, rate));
}

static void build_title(struct heat *ht, const struct view *v)
{
	char bound[NUMBER_TEXT], share[NUMBER_TEXT];

	ht->left.nr = ht->right.nr = 0;
	ht->focused = v->focused;
	spans_add(&ht->left, R_BRIGHT, 0, "buckets");
	if (chart_title(&ht->chart, &ht->right) || !v->sel)
		return;
	if (ht->why) {
		spans_add(&ht->right, R_DIM, 0, "%s", ht->why);
		return;
	}
	add_judged(ht);
	if (ht->limit && ht->data) {
		bool judged = !isnan(ht->judged_share);
		enum role role = ht->slower > 0.01 ? R_CRIT : R_TEXT;
		int group = judged ? 2 : 0;
		spans_add(&ht->right, R_DIM, group, "%sslower than %s ",
			  judged ? "  " : "", format_bound(ht->anchor, bound));
		spans_add(&ht->right, role, group,
			  "%s%s", ht->exact ? "" : "~",
			  format_percent(ht->slower, share));
		if (v->page == PAGE_SERVICE)
			add_legend(&ht->right);
	} else if (ht->data) {
		spans_add(&ht->right, R_DIM, 0, "share of requests");
	}
}

static bool heat_update(void *state, const struct view *v, int w, int h)
{
	struct heat *ht = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == ht->stamp)
		return false;
	ht->stamp = stamp;
	ht->data = false;
	ht->slower = ht->judged_share = NAN;
	chart_update(&ht->chart, v, w, h);
	make_room(ht);
	ht->why = v->sel ? nothing(v->sel) : NULL;
	if (v->sel && !ht->why && ht->chart.rows > 1)
		read_map(ht, v);
	build_title(ht, v);
	return true;
}

static enum role role_of(const struct heat *ht, int half_row, int level)
{
	bool beyond = ht->limit && half_row < 2 * ht->anchor_row;

	return (enum role)((beyond ? R_HEAT_OUT1 : R_HEAT_IN1) + level - 1);
}

static void draw_open(const struct heat *ht, struct surface *s, int x, int row,
		      int level)
{
	bool beyond = ht->limit && row < ht->anchor_row;

	if (level)
		surface_put(s, x, row + 1, 0x2591,
			    STYLE(ht->chart.stale ? R_STALE
				  : beyond ? R_CRIT : R_P95));
}

static void draw_cell(const struct heat *ht, struct surface *s, int cell,
		      int row)
{
	static const uint32_t shade[] = { ' ', 0x2591, 0x2591, 0x2591, 0x2592,
					  0x2592, 0x2593, 0x2593, 0x2588 };
	static const char ascii[] = " .:-=+*#@";
	int a = *half(ht, cell, 2 * row), b = *half(ht, cell, 2 * row + 1);
	int x = ht->chart.x + cell, y = row + 1, most = a > b ? a : b;

	if (ht->chart.flag[cell] & CELL_OPEN || ht->chart.stale) {
		draw_open(ht, s, x, row, most);
		return;
	}
	if (!most)
		return;
	enum role top = a ? role_of(ht, 2 * row, a) : R_DEFAULT;
	enum role low = b ? role_of(ht, 2 * row + 1, b) : R_DEFAULT;
	enum role any = a ? top : low;
	if (cell == ht->chart.cursor)
		surface_put(s, x, y, 0x2502, STYLE_ON(R_CROSSHAIR, any));
	else if (s->graph == GRAPH_ASCII)
		surface_put(s, x, y, (unsigned char)ascii[most], STYLE(any));
	else if (top == low)
		surface_put(s, x, y, shade[a], STYLE_ON(top, low));
	else if (!a)
		surface_put(s, x, y, 0x2584, STYLE(low));
	else
		surface_put(s, x, y, 0x2580, STYLE_ON(top, low));
}

static void draw_labels(const struct heat *ht, struct surface *s)
{
	char text[NUMBER_TEXT];

	for (int row = 0; row < ht->chart.rows && ht->chart.x; row++) {
		double edge = ht->anchor * exp2(ht->anchor_row - row);
		bool limit = ht->limit && row == ht->anchor_row;
		if (edge >= 1e-3 && edge < 1)
			snprintf(text, sizeof(text), "%.0fms", edge * 1e3);
		else if (edge >= 1)
			snprintf(text, sizeof(text), "%.2gs", edge);
		else
			format_bound(edge, text);
		if (strlen(text) <= CHART_LABELS - 1)
			surface_text_right(s, ht->chart.x - 1, row + 1,
					   STYLE(limit ? R_LIMIT : R_DIM),
					   text);
	}
}

static void heat_draw(const void *state, struct surface *s)
{
	const struct heat *ht = state;

	if (s->w != ht->chart.w || s->h != ht->chart.h)
		return;
	struct spans right = ht->right;
	if (s->graph == GRAPH_ASCII)
		spans_drop(&right, LEGEND);
	draw_title(s, &ht->left, &right, ht->focused);
	chart_draw_back(&ht->chart, s, NULL);
	if (!ht->data)
		return;
	draw_labels(ht, s);
	for (int i = 0; i < ht->chart.axis.cells; i++)
		for (int row = 0; row < ht->chart.rows && ht->has[i]; row++)
			draw_cell(ht, s, i, row);
	chart_draw_front(&ht->chart, s, NULL, NULL);
}

static void heat_close(void *state)
{
	struct heat *ht = state;

	free(ht->level);
	free(ht->has);
	free(ht->bucket);
	chart_close(&ht->chart);
}

const struct widget_ops heat_widget = {
	.name = "heat",
	.help = "where requests lie: time, duration, share",
	.state_size = sizeof(struct heat),
	.min_w = 24, .min_h = 5,
	.update = heat_update,
	.draw = heat_draw,
	.close = heat_close,
};
