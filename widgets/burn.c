/* How fast the selected service burns its error budget, against the tier that
 * pages. */
#include "widgets/chart.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPARKS 64

struct burn {
	uint64_t stamp;
	struct spans left, right, tier, state, brief;
	int cells;
	uint8_t level[2][SPARKS], role[2][SPARKS];
	char value[2][NUMBER_TEXT];
	bool focused, known;
	struct spans note[3];
};

static void objective(struct burn *b, const struct red_row *r)
{
	char text[NUMBER_TEXT];

	spans_add(&b->right, R_TEXT, 0, "%s",
		  format_objective(r->objective, text));
	switch (r->objective_from) {
	case OBJECTIVE_DEFAULT:
		spans_add(&b->right, R_DIM, 0, " default objective");
		break;
	case OBJECTIVE_OPTION:
		spans_add(&b->right, R_DIM, 0, " objective, by --objective");
		break;
	default:
		spans_add(&b->right, R_DIM, 0, " objective");
	}
}

static enum role role_of(double burn)
{
	return isnan(burn) ? R_STALE : burn > BURN_PAGE ? R_CRIT : R_TEXT;
}

/* What the page tier does: both windows over the factor, and enough requests
 * that one lone error cannot do it. */
static void verdict(struct burn *b, const struct red_row *r)
{
	bool five = r->burn_5m > BURN_PAGE, hour = r->burn_1h > BURN_PAGE;

	if (r->asking)
		spans_add(&b->state, R_STALE, 0, "…");
	else if (isnan(r->burn_5m) && isnan(r->burn_1h))
		spans_add(&b->state, R_STALE, 0, "○ not known");
	else if (r->state == STATE_STALE)
		spans_add(&b->state, R_STALE, 0, "○ stale");
	else if (five && hour &&
		 (r->state == STATE_PAGE || r->state == STATE_CRIT))
		spans_add(&b->state, R_CRIT, 0, "▲ FIRING");
	else if (five && hour)
		spans_add(&b->state, R_WARN, 0, "◆ too few requests");
	else if (five)
		spans_add(&b->state, R_WARN, 0, "◆ 5m only");
	else if (hour)
		spans_add(&b->state, R_OK, 0, "· recovering");
	else
		spans_add(&b->state, R_OK, 0, "· ok");
}

static void tier(struct burn *b, const struct red_row *r, int w)
{
	char five[NUMBER_TEXT], hour[NUMBER_TEXT];
	bool wide = w >= 50;

	burn_words(r->burn_5m, five);
	burn_words(r->burn_1h, hour);
	if (r->asking) {
		strcpy(five, "…");
		strcpy(hour, "…");
	}
	strcpy(b->value[0], five);
	strcpy(b->value[1], hour);
	int pad_five = 6 - text_width(five), pad_hour = 6 - text_width(hour);
	spans_add(&b->tier, R_TEXT, 2, "page%s", wide ? "   " : "");
	spans_add(&b->tier, R_DIM, 0, "  5m");
	spans_add(&b->tier, role_of(r->burn_5m), 0, "%*s%s",
		  pad_five > 0 ? pad_five : 0, "", five);
	spans_add(&b->tier, R_DIM, 0, wide ? "  &  1h" : "  1h");
	spans_add(&b->tier, role_of(r->burn_1h), 0, "%*s%s",
		  pad_hour > 0 ? pad_hour : 0, "", hour);
	spans_add(&b->tier, R_DIM, 1, wide ? "  > %.1fx" : " > %.1fx",
		  BURN_PAGE);
}

static void notes(struct burn *b, const struct red_row *r)
{
	char text[NUMBER_TEXT];

	spans_add(&b->note[0], R_DIM, 1, "1x spends the budget in exactly its "
		  "period");
	spans_add(&b->note[0], R_DIM, 2, "; 14.4x spends 30d in 50h");
	spans_add(&b->note[1], R_DIM, 2, "counted in requests: ");
	spans_add(&b->note[1], R_TEXT, 1, "%s",
		  format_percent(1 - r->objective, text));
	spans_add(&b->note[1], R_DIM, 1, " of requests may fail");
	if (r->objective_from == OBJECTIVE_DEFAULT)
		spans_add(&b->note[2], R_DIM, 2, "nobody promised it: ");
	if (r->objective_from == OBJECTIVE_DEFAULT)
		spans_add(&b->note[2], R_DIM, 1, "--objective sets another");
}

static void trend(struct burn *b, const struct view *v, int w)
{
	static const enum measure what[] = { M_BURN_5M, M_BURN_1H };
	struct column col[SPARKS];
	struct axis a;

	b->cells = w - 20 > SPARKS ? SPARKS : w - 20;
	if (b->cells < 8) {
		b->cells = 0;
		return;
	}
	a = axis_of(v, b->cells);
	a.cell = time_ceil(v->dot * 104 / b->cells, v->dot);
	time_ms from = time_floor(v->edge, a.cell) - (b->cells - 1) * a.cell;
	bool open = from + b->cells * a.cell >
		    view_settled(v, v->sel->service->source);
	for (int i = 0; i < 2; i++) {
		service_columns(v->sel->service, what[i], from, a.cell, col,
				(size_t)b->cells);
		chart_hold(col, b->cells, from, a.cell,
			   v->sel->service->source->step, v->now);
		for (int c = 0; c < b->cells; c++) {
			double x = col[c].nr ? col[c].max : NAN;
			b->level[i][c] = (uint8_t)burn_level(x);
			b->role[i][c] = (uint8_t)burn_role(x);
		}
		if (open && col[b->cells - 1].nr)
			b->level[i][b->cells - 1] = SPARK_OPEN;
	}
}

static bool burn_update(void *state, const struct view *v, int w, int h)
{
	struct burn *b = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == b->stamp)
		return false;
	b->stamp = stamp;
	b->focused = v->focused;
	b->known = v->sel != NULL;
	b->left.nr = b->right.nr = b->tier.nr = b->state.nr = b->cells = 0;
	for (int i = 0; i < 3; i++)
		b->note[i].nr = 0;
	spans_add(&b->left, R_BRIGHT, 0, "SLO burn");
	if (!v->sel && health_of(v).nothing_yet)
		spans_add(&b->right, R_DIM, 0, "asked next");
	if (!v->sel)
		return true;
	objective(b, v->sel);
	tier(b, v->sel, w);
	verdict(b, v->sel);
	notes(b, v->sel);
	trend(b, v, w);
	return true;
}

static void draw_trend(const struct burn *b, struct surface *s, int y, int i)
{
	draw_text(s, 0, y, R_DIM, i ? "burn 1h" : "burn 5m");
	draw_field(s, 8, y, 6, R_TEXT, b->value[i]);
	for (int c = 0; c < b->cells; c++)
		draw_spark(s, 17 + c, y, b->level[i][c],
			   (enum role)b->role[i][c]);
}

/* Alone on its row the tier names the objective too, where there is room. */
static void one_row(const struct burn *b, struct spans *sp)
{
	for (int i = 0; i < b->right.nr && i < 4; i++)
		spans_add(sp, (enum role)b->right.s[i].role, 3, "%s",
			  b->right.s[i].text);
	spans_add(sp, R_TEXT, 3, "   ");
}

static void burn_draw(const void *state, struct surface *s)
{
	const struct burn *b = state;
	int y = 0;

	if (s->h > 2 || !b->known) {
		draw_title(s, &b->left, &b->right, b->focused);
		y = 1;
	}
	if (!b->known)
		return;
	struct spans tier_left = b->tier, tier_right = { 0 };
	if (s->h == 1)
		one_row(b, &tier_right);
	for (int i = 0; i < b->state.nr; i++)
		tier_right.s[tier_right.nr++] = b->state.s[i];
	spans_fit(&tier_left, &tier_right, s->w, 1);
	int end = s->w - spans_width(&tier_right);
	spans_draw(s, 0, y, end, &tier_left);
	spans_draw(s, end, y++, s->w - end, &tier_right);
	if (y == 1) { /* no title: the objective says itself below */
		struct spans l = { 0 };
		spans_add(&l, R_TEXT, 0, "burn   ");
		for (int i = 0; i < b->right.nr && i < 4; i++)
			spans_add(&l, (enum role)b->right.s[i].role, 0, "%s",
				  b->right.s[i].text);
		spans_row(s, y, 0, s->w, &l, &b->note[1]);
		return;
	}
	for (int i = 0; i < 2 && y < s->h && b->cells; i++)
		draw_trend(b, s, y++, i);
	for (int i = 0; i < 3 && y < s->h; i++) {
		struct spans note = b->note[i];
		spans_fit(&note, NULL, s->w, 0);
		if (note.nr)
			spans_row(s, y++, 0, s->w, &note, NULL);
	}
}

const struct widget_ops burn_widget = {
	.name = "burn",
	.help = "how fast the error budget burns, over 5m and 1h",
	.state_size = sizeof(struct burn),
	.min_w = 24, .min_h = 1,
	.update = burn_update,
	.draw = burn_draw,
};
