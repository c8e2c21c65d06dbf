/* The burn of the selected objective over 5m and 1h as lines against the tier
 * that pages. */
#include "widgets/burnlines.h"
#include "widgets/objective.h"

#include <math.h>

/* The highest of the crosshair's column, else the newest. */
static double value_of(const struct burnlines *b, const struct slo_row *r,
		       int i)
{
	double v = NAN;

	if (b->chart.cursor < 0)
		return r->window[i ? SLO_1H : SLO_5M].burn;
	for (int k = 0; k < 2; k++) {
		const struct column *c =
			&b->lines.column[i][2 * b->chart.cursor + k];
		if (c->nr)
			v = fmax(isnan(v) ? c->max : v, c->max);
	}
	return v;
}

static void build_title(struct burnlines *b, const struct slo_row *r,
			double page)
{
	char text[NUMBER_TEXT];

	spans_add(&b->left, R_BRIGHT, 0, "burn rate");
	if (r && b->lines.nr && b->scale.log)
		spans_add(&b->left, R_DIM, 5, " log");
	if (chart_title(&b->chart, &b->right) || !r)
		return;
	for (int i = 0; i < 2; i++)
		burnlines_value(b, i, value_of(b, r, i), page);
	spans_add(&b->right, R_DIM, 2, "  page over %s in both",
		  burn_words(page, text));
}

static bool sloburn_update(void *state, const struct view *v, int w, int h)
{
	struct burnlines *b = state;
	const struct slo_row *r = view_objective(v);
	double page = r ? objective_page(r) : BURN_PAGE;

	if (!burnlines_begin(b, v, w, h))
		return false;
	if (r && !r->fault) {
		objective_lines(&b->lines, &b->chart, r);
		burnlines_place(b, page);
	}
	build_title(b, r, page);
	return true;
}

const struct widget_ops sloburn_widget = {
	.name = "sloburn",
	.help = "burn of the selected objective over 5m and 1h, as lines",
	.state_size = sizeof(struct burnlines),
	.min_w = 24, .min_h = 4,
	.update = sloburn_update,
	.draw = burnlines_draw,
	.close = burnlines_close,
};
