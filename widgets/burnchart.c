/* The burn of the selected service over 5m and 1h as lines against the tier
 * that pages. */
#include "widgets/burnlines.h"

#include <math.h>

static const enum measure windows[] = { M_BURN_5M, M_BURN_1H };

static double value_of(const struct burnlines *b, const struct view *v, int i)
{
	const struct red_row *r = v->sel;

	if (b->chart.cursor < 0)
		return i ? r->burn_1h : r->burn_5m;
	time_ms t = service_grid(r->service, v->cursor);
	return t == TIME_NONE ? NAN : service_at(r->service, windows[i], t);
}

static void build_title(struct burnlines *b, const struct view *v)
{
	spans_add(&b->left, R_BRIGHT, 0, "burn rate");
	chart_grain(&b->chart, &b->left);
	if (v->sel && b->scale.log)
		spans_add(&b->left, R_DIM, 5, " log");
	if (chart_title(&b->chart, &b->right) || !v->sel)
		return;
	for (int i = 0; i < 2; i++)
		burnlines_value(b, i, value_of(b, v, i), BURN_PAGE);
	spans_add(&b->right, R_DIM, 2, "  page over %.1fx in both", BURN_PAGE);
}

static bool burnchart_update(void *state, const struct view *v, int w, int h)
{
	struct burnlines *b = state;

	if (!burnlines_begin(b, v, w, h))
		return false;
	if (v->sel) {
		lines_read(&b->lines, &b->chart, v->sel->service, windows, 2);
		burnlines_place(b, BURN_PAGE);
	}
	build_title(b, v);
	return true;
}

const struct widget_ops burnchart_widget = {
	.name = "burnchart",
	.help = "burn over 5m and 1h against the page tier, as lines",
	.state_size = sizeof(struct burnlines),
	.min_w = 24, .min_h = 4,
	.update = burnchart_update,
	.draw = burnlines_draw,
	.close = burnlines_close,
};
