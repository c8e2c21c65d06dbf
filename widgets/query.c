/* A chart of a query of the dashboard's own: a line a series, those with the
 * largest values now, and the limits that a threshold of the same query has. */
#include "widgets/lines.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct chart_unit {
	const char *name;
	enum number number;
	double scale;
	const char *after;   /* what a value has behind it */
} units[] = {
	{ "number", NUMBER_RATE, 1, "" },   { "s", NUMBER_LATENCY, 1, "" },
	{ "ms", NUMBER_LATENCY, 1e-3, "" }, { "us", NUMBER_LATENCY, 1e-6, "" },
	{ "/s", NUMBER_RATE, 1, "/s" },     { "%", NUMBER_PERCENT, 1e-2, "" },
	{ "ratio", NUMBER_PERCENT, 1, "" }, { "bytes", NUMBER_BYTES, 1, "" },
	{ "x", NUMBER_BURN, 1, "" },
};

struct query {
	uint64_t stamp;
	struct chart chart;
	struct lines lines;
	struct scale scale;
	const struct chart_unit *unit;
	struct spans left, right;
	int nr_limits;
	double limit[CHART_LIMITS];
	bool critical[CHART_LIMITS];
	bool focused, data;
	const char *why;     /* there is nothing to draw */
};

static const struct chart_unit *unit_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return &units[0];
}

static const char *value_text(const struct chart_unit *u, double v,
			      char out[NUMBER_TEXT])
{
	switch (u->number) {
	case NUMBER_LATENCY:
		return format_latency(v, out);
	case NUMBER_PERCENT:
		return format_percent(v, out);
	case NUMBER_BURN:
		return format_burn(v, out);
	case NUMBER_BYTES:
		return format_bytes(v, out);
	default:
		return format_rate(v, out);
	}
}

/* The newest value at or before t that is not older than two steps. */
static double value_at(const struct series *s, time_ms t, time_ms step)
{
	if (s->now_t != TIME_NONE && s->now_t <= t &&
	    s->now_t + 2 * step >= t && (!s->nr || s->t[s->nr - 1] <= s->now_t))
		return s->now_v;
	size_t i = s->v ? series_lower(s, t + 1) : 0;
	return i && s->t[i - 1] + 2 * step >= t ? s->v[i - 1] : NAN;
}

/* "pod-a", or "pod-a, 500" where several labels tell it apart. */
static void name_of(const struct series *s, char *out, size_t size)
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = 0; i < s->labels.nr && n < size; i++)
		if (strcmp(s->labels.l[i].name, "__name__") != 0)
			n += (size_t)snprintf(out + n, size - n, "%s%.40s",
					      n ? ", " : "",
					      s->labels.l[i].value);
}

/* ---- series ------------------------------------------------------------ */

struct picked {
	const struct series *s[LINES_MAX];
	double v[LINES_MAX];
	int nr, all;
	bool asked;
};

/* The largest first; without a value now last. */
static void pick(struct picked *p, const struct series *s, double v)
{
	double key = isnan(v) ? -INFINITY : v;
	int at = p->nr < LINES_MAX ? p->nr : LINES_MAX;
	p->all++;
	while (at > 0 && !((isnan(p->v[at - 1]) ? -INFINITY : p->v[at - 1]) >=
			   key))
		at--;
	if (at == LINES_MAX)
		return;
	if (p->nr < LINES_MAX)
		p->nr++;
	for (int i = p->nr - 1; i > at; i--) {
		p->s[i] = p->s[i - 1];
		p->v[i] = p->v[i - 1];
	}
	p->s[at] = s;
	p->v[at] = v;
}

static void pick_all(struct picked *p, const struct view *v, time_ms t)
{
	const struct service *const *c = NULL;
	size_t n = v->store ? store_charts(v->store, &c) : 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(c[i]->shape->question[RED_CHART], v->chart->query))
			continue;
		p->asked = true;
		for (size_t k = 0; k < c[i]->nr[RED_CHART]; k++) {
			const struct series *s = c[i]->series[RED_CHART][k];
			if (s->nr || s->now_t != TIME_NONE)
				pick(p, s, value_at(s, t, v->step));
		}
	}
}

/* ---- words ------------------------------------------------------------- */

static void build_title(struct query *q, const struct view *v,
			const struct picked *p)
{
	static const uint8_t roles[LINES_MAX] = { R_P99, R_P95, R_P50 };
	char text[NUMBER_TEXT], name[96];

	q->left.nr = q->right.nr = 0;
	q->focused = v->focused;
	spans_add(&q->left, R_BRIGHT, 0, "%.80s",
		  *v->chart->title ? v->chart->title : v->chart->query);
	if (chart_title(&q->chart, &q->right))
		return;
	for (int i = 0; i < p->nr; i++) {
		name_of(p->s[i], name, sizeof(name));
		spans_add(&q->right, (enum role)roles[i], i ? 2 + i : 0,
			  "%s%.40s%s", i ? "  " : "", name, *name ? " " : "");
		spans_add(&q->right, R_TEXT, i ? 2 + i : 0, "%s%s",
			  value_text(q->unit, p->v[i] * q->unit->scale, text),
			  q->unit->after);
	}
	if (p->all > p->nr)
		spans_add(&q->right, R_DIM, 1, "  +%d more", p->all - p->nr);
}

static void read_limits(struct query *q, const struct chart_spec *c)
{
	q->nr_limits = c->nr_limits;
	for (int i = 0; i < c->nr_limits; i++) {
		q->limit[i] = c->limit[i].at * q->unit->scale;
		q->critical[i] = c->limit[i].critical;
	}
}

/* What is over it is red: the first critical level from below. */
static double crit_of(const struct query *q, const struct chart_spec *c)
{
	for (int i = 0; i < c->nr_limits; i++)
		if (c->limit[i].critical && !c->limit[i].below)
			return q->limit[i];
	return 0;
}

static void read_lines(struct query *q, const struct chart_spec *c,
		       const struct picked *p)
{
	double limit = q->nr_limits ? q->limit[0] : 0, max;
	static const uint8_t roles[LINES_MAX] = { R_P99, R_P95, R_P50 };

	for (int i = 0; i < LINES_MAX; i++)
		q->lines.role[i] = roles[i];
	lines_read_series(&q->lines, &q->chart, p->s, p->nr, q->unit->scale);
	q->data = p->nr > 0 && isfinite(q->lines.max);
	max = q->data ? q->lines.max : 0;
	for (int i = 1; i < q->nr_limits; i++)
		max = fmax(max, q->limit[i]);
	q->scale = scale_linear(q->unit->number, max, limit > 0 ? limit : 0,
				q->chart.rows, true);
	lines_place(&q->lines, &q->chart, &q->scale, crit_of(q, c), ~0u);
}

static bool query_update(void *state, const struct view *v, int w, int h)
{
	struct query *q = state;
	uint64_t stamp = view_stamp(v, w, h);
	struct picked p = { .nr = 0 };

	if (stamp == q->stamp)
		return false;
	q->stamp = stamp;
	chart_update(&q->chart, v, w, h);
	q->lines.nr = 0;
	q->data = false;
	q->scale = (struct scale){ .limit_row = -1, .every = 2, .unit = 1 };
	q->unit = unit_of(v->chart ? v->chart->unit : NULL);
	q->left.nr = q->right.nr = q->nr_limits = 0;
	q->why = NULL;
	if (!v->chart)
		return true;
	time_ms t = v->cursor != TIME_NONE ? v->cursor : v->now;
	pick_all(&p, v, t);
	read_limits(q, v->chart);
	read_lines(q, v->chart, &p);
	build_title(q, v, &p);
	if (!q->data)
		q->why = p.asked ? "no data" : "no source here answers queries";
	return true;
}

/* The limits beside the one that the scale is made for, on the nearest row. */
static void draw_limits(const struct query *q, struct surface *s)
{
	for (int i = 1; i < q->nr_limits; i++) {
		int row = (int)floor(scale_height(&q->scale, q->limit[i]));
		if (row >= 0 && row < q->chart.rows)
			surface_run(s, q->chart.x, q->chart.rows - row,
				    q->chart.axis.cells, 0x254C,
				    STYLE(q->critical[i] ? R_LIMIT : R_WARN));
	}
}

static void query_draw(const void *state, struct surface *s)
{
	const struct query *q = state;

	if (s->w != q->chart.w || s->h != q->chart.h)
		return;
	draw_title(s, &q->left, &q->right, q->focused);
	chart_draw_back(&q->chart, s, q->data ? &q->scale : NULL);
	if (q->data) {
		draw_limits(q, s);
		lines_draw(&q->lines, &q->chart, &q->scale, s);
		chart_draw_front(&q->chart, s, &q->scale, "");
	} else if (q->why && q->chart.rows > 0) {
		int x = (s->w - text_width(q->why)) / 2;
		draw_text(s, x > 0 ? x : 0, 1 + q->chart.rows / 2, R_DIM,
			  q->why);
	}
}

static void query_close(void *state)
{
	struct query *q = state;

	lines_close(&q->lines);
	chart_close(&q->chart);
}

const struct widget_ops chart_widget = {
	.name = "chart",
	.help = "a query of a dashboard file, the three largest series",
	.state_size = sizeof(struct query),
	.min_w = 24, .min_h = 4,
	.update = query_update,
	.draw = query_draw,
	.close = query_close,
};
