/* Requests a second of the selected service, stacked by status class with
 * the worst at the bottom. */
#include "widgets/area.h"

#include <math.h>

struct throughput {
	uint64_t stamp;
	struct chart chart;
	struct area area;
	struct scale scale;
	int step1, step2;   /* rows from which the colour steps */
	struct spans left, right;
	bool focused, data;
};

/* The area's colour is a property of the row: it steps exactly on a grid
 * line, at or over a third and two thirds of the scale. */
static void find_steps(struct throughput *t)
{
	int rows = t->chart.rows, every = t->scale.every, lines = 0;

	t->step1 = t->step2 = rows;
	for (int k = every; k < rows; k += every) {
		lines++;
		if (3 * k >= rows && t->step1 == rows)
			t->step1 = k;
		else if (3 * k >= 2 * rows && t->step2 == rows)
			t->step2 = k;
	}
	if (lines < 3)
		t->step2 = rows;
}

static enum role shade(const struct area *a, const struct chart *c, int layer,
		       int cell, int row)
{
	/* area is a member: steps stand beside it */
	const struct throughput *t =
		(const void *)((const char *)a -
			       offsetof(struct throughput, area));

	(void)c;
	(void)cell;
	if (layer == 0)
		return R_S5;
	if (layer == 1)
		return R_S4;
	return row >= t->step2 ? R_AREA3 : row >= t->step1 ? R_AREA2 : R_AREA1;
}

struct values {
	double ok, client, errors, all;
};

static struct values values_of(const struct view *v, const struct chart *c)
{
	const struct red_row *r = v->sel;
	struct values n = { r->by_class[CLASS_OK], r->by_class[CLASS_4XX],
			    r->by_class[CLASS_ERROR], r->rate };

	if (c->cursor < 0)
		return n;
	time_ms at = service_grid(r->service, v->cursor);
	if (at == TIME_NONE)
		return (struct values){ NAN, NAN, NAN, NAN };
	n.ok = service_at(r->service, M_OK, at);
	n.client = service_at(r->service, M_4XX, at);
	n.errors = service_at(r->service, M_ERRORS, at);
	n.all = service_at(r->service, M_RATE, at);
	return n;
}

static void add_classes(struct throughput *t, const struct view *v,
			const struct values *n)
{
	const struct red_row *r = v->sel;
	bool http = r->service->shape->status == STATUS_HTTP;
	char text[NUMBER_TEXT];
	double burn = n->errors / n->all / (1 - r->objective);

	if (!r->asked_errors)
		return;
	spans_add(&t->right, burn > 1 ? R_S5 : R_DIM, 2, "%s ",
		  http ? "5xx" : "errors");
	spans_add(&t->right, R_TEXT, 2, "%s", format_rate(n->errors, text));
	if (n->client > 0) {
		spans_add(&t->right, R_S4, 4, "  %s ", http ? "4xx" : "client");
		spans_add(&t->right, R_TEXT, 4, "%s",
			  format_rate(n->client, text));
	}
	spans_add(&t->right, R_S2, 3, "  %s ", http ? "2xx3xx" : "ok");
	spans_add(&t->right, R_TEXT, 3, "%s", format_rate(n->ok, text));
}

static void build_title(struct throughput *t, const struct view *v)
{
	char text[NUMBER_TEXT];

	t->left.nr = t->right.nr = 0;
	t->focused = v->focused;
	spans_add(&t->left, R_BRIGHT, 0, "throughput");
	chart_grain(&t->chart, &t->left);
	if (chart_title(&t->chart, &t->right) || !v->sel)
		return;
	struct values n = values_of(v, &t->chart);
	add_classes(t, v, &n);
	if (v->sel->asked_errors)
		spans_add(&t->right, R_DIM, 2, "  ");
	spans_add(&t->right, R_DIM, 1, "all ");
	spans_add(&t->right, R_BRIGHT, 0, "%s/s", format_rate(n.all, text));
}

static void read_area(struct throughput *t, const struct view *v)
{
	static const enum measure what[] = { M_ERRORS, M_4XX, M_RATE };
	double max = 0;

	area_read(&t->area, &t->chart, v->sel->service, what, 3);
	for (int i = 0; i < t->chart.axis.cells; i++)
		if (t->area.has[i]) {
			max = fmax(max, t->area.column[2][i].mean);
			t->data = true;
		}
	t->scale = scale_linear(NUMBER_RATE, max, 0, t->chart.rows, false);
	find_steps(t);
	area_stack(&t->area, &t->chart, &t->scale);
}

static bool throughput_update(void *state, const struct view *v, int w, int h)
{
	struct throughput *t = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->area.shade = shade;
	t->area.ascii[0] = '#';
	t->area.ascii[1] = '+';
	t->area.ascii[2] = ':';
	t->data = false;
	chart_update(&t->chart, v, w, h);
	if (v->sel)
		read_area(t, v);
	build_title(t, v);
	return true;
}

static void throughput_draw(const void *state, struct surface *s)
{
	const struct throughput *t = state;

	if (s->w != t->chart.w || s->h != t->chart.h)
		return;
	draw_title(s, &t->left, &t->right, t->focused);
	chart_draw_back(&t->chart, s, t->data ? &t->scale : NULL);
	if (!t->data)
		return;
	area_draw(&t->area, &t->chart, s);
	chart_draw_front(&t->chart, s, NULL, NULL);
}

static void throughput_close(void *state)
{
	struct throughput *t = state;

	area_close(&t->area);
	chart_close(&t->chart);
}

const struct widget_ops throughput_widget = {
	.name = "throughput",
	.help = "requests a second of the selected service by status class",
	.state_size = sizeof(struct throughput),
	.min_w = 24, .min_h = 4,
	.update = throughput_update,
	.draw = throughput_draw,
	.close = throughput_close,
};
