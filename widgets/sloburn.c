/* The burn of the selected objective over 5m and 1h as lines against the tier
 * that pages. */
#include "widgets/objective.h"

#include <math.h>

struct sloburn {
	uint64_t stamp;
	struct chart chart;
	struct lines lines;
	struct scale scale;
	struct spans left, right;
	bool focused;
};

/* The highest of the crosshair's column, else the newest. */
static double value_of(const struct sloburn *b, const struct slo_row *r, int i)
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

static void build_title(struct sloburn *b, const struct view *v,
			const struct slo_row *r, double page)
{
	char text[NUMBER_TEXT];

	b->left.nr = b->right.nr = 0;
	b->focused = v->focused;
	spans_add(&b->left, R_BRIGHT, 0, "burn rate");
	if (r && b->lines.nr && b->scale.log)
		spans_add(&b->left, R_DIM, 5, " log");
	if (chart_title(&b->chart, &b->right) || !r)
		return;
	for (int i = 0; i < 2; i++) {
		double burn = value_of(b, r, i);
		spans_add(&b->right, i ? R_P95 : R_P99, 0, i ? "  1h " : "5m ");
		spans_add(&b->right, burn > page ? R_CRIT : R_TEXT, 0, "%s",
			  burn_words(burn, text));
	}
	spans_add(&b->right, R_DIM, 2, "  page over %s in both",
		  burn_words(page, text));
}

static bool sloburn_update(void *state, const struct view *v, int w, int h)
{
	struct sloburn *b = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);
	double page = r ? objective_page(r) : BURN_PAGE;

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	chart_update(&b->chart, v, w, h);
	b->lines.nr = 0;
	if (r && !r->fault) {
		b->lines.role[0] = R_P99;
		b->lines.role[1] = R_P95;
		objective_lines(&b->lines, &b->chart, r);
		b->scale = scale_linear(NUMBER_BURN, b->lines.max, page,
					b->chart.rows, true);
		if (b->scale.limit_row < 0)
			b->scale = scale_log(NUMBER_BURN,
					     fmax(b->lines.min, 0.5),
					     b->lines.max, page,
					     b->chart.rows);
		lines_place(&b->lines, &b->chart, &b->scale, page, 3);
	}
	build_title(b, v, r, page);
	return true;
}

static void sloburn_draw(const void *state, struct surface *s)
{
	const struct sloburn *b = state;
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

static void sloburn_close(void *state)
{
	struct sloburn *b = state;

	lines_close(&b->lines);
	chart_close(&b->chart);
}

const struct widget_ops sloburn_widget = {
	.name = "sloburn",
	.help = "burn of the selected objective over 5m and 1h, as lines",
	.state_size = sizeof(struct sloburn),
	.min_w = 24, .min_h = 4,
	.update = sloburn_update,
	.draw = sloburn_draw,
	.close = sloburn_close,
};
