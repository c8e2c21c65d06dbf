#include "widgets/burnlines.h"

#include <math.h>

bool burnlines_begin(struct burnlines *b, const struct view *v, int w, int h)
{
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	b->focused = v->focused;
	b->left.nr = b->right.nr = 0;
	chart_update(&b->chart, v, w, h);
	b->lines.nr = 0;
	b->lines.role[0] = R_P99;
	b->lines.role[1] = R_P95;
	return true;
}

void burnlines_place(struct burnlines *b, double page)
{
	const struct lines *l = &b->lines;
	int rows = b->chart.rows;

	b->scale = scale_linear(NUMBER_BURN, l->max, page, rows, true);
	if (b->scale.limit_row < 0)
		b->scale = scale_log(NUMBER_BURN, fmax(l->min, 0.5), l->max,
				     page, rows);
	lines_place(&b->lines, &b->chart, &b->scale, page, 3);
}

void burnlines_value(struct burnlines *b, int line, double burn, double page)
{
	char text[NUMBER_TEXT];

	spans_add(&b->right, line ? R_P95 : R_P99, 0, line ? "  1h " : "5m ");
	spans_add(&b->right, burn > page ? R_CRIT : R_TEXT, 0, "%s",
		  burn_words(burn, text));
}

void burnlines_draw(const void *state, struct surface *s)
{
	const struct burnlines *b = state;
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

void burnlines_close(void *state)
{
	struct burnlines *b = state;

	lines_close(&b->lines);
	chart_close(&b->chart);
}
