/* Latency of the selected service: p50, p95, p99 as lines between their
 * smallest and largest values, against the limit. */
#include "widgets/lines.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct latency {
	uint64_t stamp;
	struct chart chart;
	struct lines lines;
	struct scale scale;
	struct spans left, right;
	char limit[NUMBER_TEXT + 16];
	bool focused;
};

/* The worst first, as lines want it. */
static const struct line {
	enum measure what;
	enum role role;
	const char *name;
	double q;
} percentiles[] = {
	{ M_P99, R_P99, "p99", 0.99 },
	{ M_P95, R_P95, "p95", 0.95 },
	{ M_P50, R_P50, "p50", 0.50 },
};

static bool is_mean(const struct red_row *r)
{
	return r->service->shape->method == METHOD_NONE;
}

static struct red_quantile value_of(const struct view *v, const struct chart *c,
				    int line)
{
	const struct red_row *r = v->sel;

	if (c->cursor < 0)
		return line == 0 ? r->p99 : line == 1 ? r->p95 : r->p50;
	time_ms t = service_grid(r->service, v->cursor);
	if (t == TIME_NONE)
		return (struct red_quantile){ .value = NAN, .lo = NAN,
					      .hi = NAN };
	return service_quantile_at(r->service, percentiles[line].q, t);
}

static void add_value(struct spans *sp, const struct view *v,
		      const struct chart *c, int line, bool first, bool in)
{
	char text[NUMBER_TEXT], bucket[2 * NUMBER_TEXT];
	struct red_quantile q = value_of(v, c, line);
	double limit = v->sel->latency_limit;
	bool bad = line == 0 && limit > 0 &&
		   (q.value > limit || (isinf(q.hi) && q.lo >= limit));
	const char *tilde = isnan(q.value) ? "" : method_tilde(q.method);
	int group = line ? 3 + (line == 1) : 0;

	if (isinf(q.hi) && q.hi > 0)
		tilde = "";
	spans_add(sp, percentiles[line].role, group, "%s%s ",
		  first ? "" : "  ", percentiles[line].name);
	spans_add(sp, bad ? R_CRIT : R_TEXT, group, "%s%s", tilde,
		  quantile_text(&q, text));
	if (line == 0 && *bucket_text(&q, bucket))
		spans_add(sp, R_DIM, 2, in ? " in %s" : " (%s)", bucket);
}

static void percentile_title(struct latency *l, const struct view *v)
{
	bool worst_first = l->chart.cursor >= 0 || v->page == PAGE_SERVICE;

	for (int i = 0; i < 3; i++)
		add_value(&l->right, v, &l->chart, worst_first ? i : 2 - i,
			  i == 0, worst_first);
}

static void mean_title(struct latency *l, const struct view *v)
{
	char text[NUMBER_TEXT];
	double mean = v->sel->mean;
	const char *why = v->sel->p99.note;

	if (l->chart.cursor >= 0) {
		time_ms t = service_grid(v->sel->service, v->cursor);
		mean = t == TIME_NONE ? NAN
				      : service_at(v->sel->service, M_MEAN, t);
	}
	spans_add(&l->right, R_P95, 0, "mean ");
	spans_add(&l->right, R_TEXT, 0, "%s", format_latency(mean, text));
	spans_add(&l->right, R_DIM, 1, "  %s", why ? why : "no histogram");
}

static void build_title(struct latency *l, const struct view *v)
{
	l->left.nr = l->right.nr = 0;
	l->focused = v->focused;
	spans_add(&l->left, R_BRIGHT, 0, "latency");
	if (v->sel && v->page == PAGE_OVERVIEW && l->chart.w >= 70)
		spans_add(&l->left, R_DIM, 6, " %s", v->sel->service->name);
	chart_grain(&l->chart, &l->left);
	if (l->scale.log)
		spans_add(&l->left, R_DIM, 5, " log");
	if (chart_title(&l->chart, &l->right) || !v->sel)
		return;
	if (is_mean(v->sel))
		mean_title(l, v);
	else
		percentile_title(l, v);
}

static void read_lines(struct latency *l, const struct view *v)
{
	static const enum measure mean = M_MEAN;
	enum measure what[3];
	double limit = v->sel->latency_limit;
	int rows = l->chart.rows;

	for (int i = 0; i < 3; i++) {
		what[i] = percentiles[i].what;
		l->lines.role[i] = (uint8_t)percentiles[i].role;
	}
	if (is_mean(v->sel)) {
		l->lines.role[0] = R_P95;
		lines_read(&l->lines, &l->chart, v->sel->service, &mean,
			   1);
	} else {
		lines_read(&l->lines, &l->chart, v->sel->service, what,
			   3);
	}
	l->scale = scale_linear(NUMBER_LATENCY, l->lines.max, limit, rows,
				true);
	bool over = limit > 0 && l->scale.limit_row < 0;
	if (over || (v->page == PAGE_SERVICE && rows >= 4))
		l->scale = scale_log(NUMBER_LATENCY, l->lines.min,
				     l->lines.max, limit, rows);
	lines_place(&l->lines, &l->chart, &l->scale, limit, 1);
}

static bool latency_update(void *state, const struct view *v, int w, int h)
{
	struct latency *l = state;
	uint64_t stamp = view_stamp(v, w, h);
	char bound[NUMBER_TEXT];

	if (stamp == l->stamp)
		return false;
	l->stamp = stamp;
	chart_update(&l->chart, v, w, h);
	l->lines.nr = 0;
	l->scale = (struct scale){ .limit_row = -1, .every = 2, .unit = 1 };
	l->limit[0] = '\0';
	if (v->sel) {
		read_lines(l, v);
		if (v->sel->latency_limit > 0)
			snprintf(l->limit, sizeof(l->limit), "p99 < %s",
				 format_bound(v->sel->latency_limit, bound));
	}
	build_title(l, v);
	return true;
}

static void ascii_legend(const struct latency *l, struct surface *s)
{
	static const char text[] = "p50 .  p95 o  p99 @";
	char label[NUMBER_TEXT];
	int top = l->chart.rows - 1;

	if (l->lines.nr != 3 || l->chart.axis.cells < (int)sizeof(text) + 2)
		return;
	for (int i = 0; i <= (int)sizeof(text) + 1; i++)
		for (int k = 0; k < 6; k++) {
			const struct dot *d = l->lines.dot[k / 2] + 2 * i;
			if (d[k % 2].lo <= d[k % 2].hi &&
			    d[k % 2].hi / 4 >= top)
				return;
		}
	if (!*scale_label(&l->scale, top, label))
		draw_text(s, l->chart.x + 1, 1, R_DIM, text);
}

static void latency_draw(const void *state, struct surface *s)
{
	const struct latency *l = state;
	bool data = l->lines.nr > 0 && isfinite(l->lines.max);

	if (s->w != l->chart.w || s->h != l->chart.h)
		return;
	draw_title(s, &l->left, &l->right, l->focused);
	chart_draw_back(&l->chart, s, data ? &l->scale : NULL);
	if (!data)
		return;
	if (s->graph == GRAPH_ASCII)
		ascii_legend(l, s);
	lines_draw(&l->lines, &l->chart, &l->scale, s);
	chart_draw_front(&l->chart, s, &l->scale, l->limit);
}

static void latency_close(void *state)
{
	struct latency *l = state;

	lines_close(&l->lines);
	chart_close(&l->chart);
}

const struct widget_ops latency_widget = {
	.name = "latency",
	.help = "p50, p95 and p99 of the selected service against its limit",
	.state_size = sizeof(struct latency),
	.min_w = 24, .min_h = 4,
	.update = latency_update,
	.draw = latency_draw,
	.close = latency_close,
};
