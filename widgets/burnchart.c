/* The burn of the selected service over 5m and 1h as lines against the tier
 * that pages. */
#include "widgets/lines.h"

#include <math.h>

struct burnchart {
	uint64_t stamp;
	struct chart chart;
	struct lines lines;
	struct scale scale;
	struct spans left, right;
	bool focused;
};

static const enum measure windows[] = { M_BURN_5M, M_BURN_1H };

static void add_value(struct spans *sp, const struct view *v,
		      const struct chart *c, int i)
{
	const struct red_row *r = v->sel;
	char text[NUMBER_TEXT];
	double burn = i ? r->burn_1h : r->burn_5m;

	if (c->cursor >= 0) {
		time_ms t = service_grid(r->service, v->cursor);
		burn = t == TIME_NONE
			       ? NAN : service_at(r->service, windows[i], t);
	}
	spans_add(sp, i ? R_P95 : R_P99, 0, i ? "  1h " : "5m ");
	spans_add(sp, burn > BURN_PAGE ? R_CRIT : R_TEXT, 0, "%s",
		  burn_words(burn, text));
}

static void build_title(struct burnchart *b, const struct view *v)
{
	b->left.nr = b->right.nr = 0;
	b->focused = v->focused;
	spans_add(&b->left, R_BRIGHT, 0, "burn rate");
	chart_grain(&b->chart, &b->left);
	if (v->sel && b->scale.log)
		spans_add(&b->left, R_DIM, 5, " log");
	if (chart_title(&b->chart, &b->right) || !v->sel)
		return;
	add_value(&b->right, v, &b->chart, 0);
	add_value(&b->right, v, &b->chart, 1);
	spans_add(&b->right, R_DIM, 2, "  page over %.1fx in both", BURN_PAGE);
}

static bool burnchart_update(void *state, const struct view *v, int w, int h)
{
	struct burnchart *b = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	chart_update(&b->chart, v, w, h);
	b->lines.nr = 0;
	if (v->sel) {
		b->lines.role[0] = R_P99;
		b->lines.role[1] = R_P95;
		lines_read(&b->lines, &b->chart, v->sel->service, windows, 2);
		b->scale = scale_linear(NUMBER_BURN, b->lines.max, BURN_PAGE,
					b->chart.rows, true);
		if (b->scale.limit_row < 0)
			b->scale = scale_log(NUMBER_BURN,
					     fmax(b->lines.min, 0.5),
					     b->lines.max, BURN_PAGE,
					     b->chart.rows);
		lines_place(&b->lines, &b->chart, &b->scale, BURN_PAGE, 3);
	}
	build_title(b, v);
	return true;
}

static void burnchart_draw(const void *state, struct surface *s)
{
	const struct burnchart *b = state;
	bool data = b->lines.nr > 0 && isfinite(b->lines.max);

	if (s->w != b->chart.w || s->h != b->chart.h)
		return;
	draw_title(s, &b->left, &b->right, b->focused);
	chart_draw_back(&b->chart, s, data ? &b->scale : NULL);
	if (!data)
		return;
	lines_draw(&b->lines, &b->chart, &b->scale, s);
	chart_draw_front(&b->chart, s, NULL, NULL);
}

static void burnchart_close(void *state)
{
	struct burnchart *b = state;

	lines_close(&b->lines);
	chart_close(&b->chart);
}

const struct widget_ops burnchart_widget = {
	.name = "burnchart",
	.help = "burn over 5m and 1h against the page tier, as lines",
	.state_size = sizeof(struct burnchart),
	.min_w = 24, .min_h = 4,
	.update = burnchart_update,
	.draw = burnchart_draw,
	.close = burnchart_close,
};
