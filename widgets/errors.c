/* The share of failed requests of the selected service, against the share
 * that burns its budget 14.4 times too fast. */
#include "widgets/area.h"

#include <math.h>

struct errors {
	uint64_t stamp;
	struct chart chart;
	struct area area;
	struct scale scale;
	double budget;      /* 1 - objective */
	double peak;        /* the highest column, where it is off the scale */
	struct spans left, right;
	bool focused, data;
};

/* Red only for what is bad: a share that burns less than three times too fast
 * is grey; beyond it the colour is a property of the row. */
static enum role shade(const struct area *a, const struct chart *c, int layer,
		       int cell, int row)
{
	const struct errors *e =
		(const void *)((const char *)a - offsetof(struct errors, area));
	double height = (row + 0.5) / c->rows;

	(void)layer;
	if (a->column[0][cell].mean <= 3 * e->budget)
		return R_DIM;
	return height < 0.2 ? R_ERR1 : height < 0.4 ? R_ERR2 :
	       height < 0.75 ? R_ERR3 : height < 0.95 ? R_ERR4 : R_ERR5;
}

static double value_of(const struct view *v, const struct chart *c)
{
	if (c->cursor < 0)
		return v->sel->error_ratio;
	time_ms at = service_grid(v->sel->service, v->cursor);
	return at == TIME_NONE ? NAN
			       : service_at(v->sel->service, M_ERROR_RATIO, at);
}

static void build_title(struct errors *e, const struct view *v)
{
	char text[NUMBER_TEXT];

	e->left.nr = e->right.nr = 0;
	e->focused = v->focused;
	spans_add(&e->left, R_BRIGHT, 0, "errors");
	chart_grain(&e->chart, &e->left);
	if (chart_title(&e->chart, &e->right) || !v->sel)
		return;
	if (!v->sel->asked_errors) {
		spans_add(&e->right, R_DIM, 0, "%s: not known",
			  v->sel->service->shape->settle ? "not counted"
							 : "no status label");
		return;
	}
	double ratio = value_of(v, &e->chart);
	bool bad = ratio > BURN_PAGE * e->budget;
	spans_add(&e->right, bad ? R_CRIT : R_TEXT, 0, "%s",
		  format_percent(ratio, text));
	spans_add(&e->right, R_DIM, 1, "  %.1fx is %.3g%%", BURN_PAGE,
		  BURN_PAGE * e->budget * 100);
	if (e->peak > 0 && e->chart.cursor < 0)
		spans_add(&e->right, R_DIM, 3, ", peak %s",
			  format_percent(e->peak, text));
	if (bad && v->sel->since != TIME_NONE && e->chart.cursor < 0)
		spans_add(&e->right, R_DIM, 2, ", since %s",
			  time_hm(v->sel->since, (char[TIME_TEXT]){ 0 }));
}

/* The highest column that is not among the few outliers. */
static double usual_max(const struct errors *e, double max, double limit)
{
	int above = 0, have = 0;
	double most = 0;

	for (int i = 0; i < e->chart.axis.cells; i++) {
		if (!e->area.has[i])
			continue;
		double x = e->area.column[0][i].mean;
		have++;
		if (x > 4 * limit)
			above++;
		else
			most = fmax(most, x);
	}
	return above && 10 * above <= have ? most : max;
}

/* A short spike far beyond the limit does not flatten all the rest: it is cut
 * at the top, marked, and its height stands in the title. */
static void read_area(struct errors *e, const struct view *v)
{
	static const enum measure what = M_ERROR_RATIO;
	double max = 0, limit = BURN_PAGE * e->budget;

	area_read(&e->area, &e->chart, v->sel->service, &what, 1);
	for (int i = 0; i < e->chart.axis.cells; i++)
		if (e->area.has[i]) {
			max = fmax(max, e->area.column[0][i].mean);
			e->data = true;
		}
	double top = usual_max(e, max, limit);
	e->peak = top < max ? max : 0;
	e->scale = scale_linear(NUMBER_PERCENT, top, limit, e->chart.rows,
				false);
	area_stack(&e->area, &e->chart, &e->scale);
}

static bool errors_update(void *state, const struct view *v, int w, int h)
{
	struct errors *e = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == e->stamp)
		return false;
	e->stamp = stamp;
	e->area.shade = shade;
	e->area.ascii[0] = '#';
	e->data = false;
	chart_update(&e->chart, v, w, h);
	if (v->sel) {
		e->budget = 1 - v->sel->objective;
		read_area(e, v);
	}
	build_title(e, v);
	return true;
}

static void mark_peaks(const struct errors *e, struct surface *s)
{
	double top = e->scale.unit * e->chart.rows;

	for (int i = 0; e->peak > 0 && i < e->chart.axis.cells; i++)
		if (e->area.has[i] && e->area.column[0][i].mean > top * 1.001)
			surface_put(s, e->chart.x + i, 1, 0x25B2,
				    STYLE(e->chart.stale ? R_STALE : R_BRIGHT));
}

static void errors_draw(const void *state, struct surface *s)
{
	const struct errors *e = state;

	if (s->w != e->chart.w || s->h != e->chart.h)
		return;
	draw_title(s, &e->left, &e->right, e->focused);
	chart_draw_back(&e->chart, s, e->data ? &e->scale : NULL);
	if (!e->data)
		return;
	area_draw(&e->area, &e->chart, s);
	mark_peaks(e, s);
	chart_draw_front(&e->chart, s, NULL, NULL);
}

static void errors_close(void *state)
{
	struct errors *e = state;

	area_close(&e->area);
	chart_close(&e->chart);
}

const struct widget_ops errors_widget = {
	.name = "errors",
	.help = "the share of failed requests of the selected service",
	.state_size = sizeof(struct errors),
	.min_w = 24, .min_h = 4,
	.update = errors_update,
	.draw = errors_draw,
	.close = errors_close,
};
