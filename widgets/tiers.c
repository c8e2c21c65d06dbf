/* The alert tiers of the selected objective: both windows of each against its
 * factor, whether it fires, when it would, and how far away it is. */
#include "widgets/objective.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct line {
	bool page;
	char brief[NUMBER_TEXT], lasting[NUMBER_TEXT], factor[NUMBER_TEXT];
	const char *brief_name, *lasting_name;
	uint8_t brief_role, lasting_role;
	struct spans state;
};

struct tiers {
	uint64_t stamp;
	bool known, focused;
	struct line line[SLO_TIERS];
	int nr;
};

static enum role role_of(const struct slo_row *r, const struct slo_tier *t,
			 double burn)
{
	if (isnan(burn) || r->state == STATE_STALE)
		return R_STALE;
	return !(burn > t->factor) ? R_TEXT : t->page ? R_CRIT : R_WARN;
}

static void say_firing(struct spans *sp, const struct slo_row *r,
		       const struct slo_tier *t, const struct view *v)
{
	char at[TIME_TEXT];

	spans_add(sp, t->page ? R_CRIT : R_WARN, 0, "%s firing",
		  t->page ? "▲" : "◆");
	if (t == objective_firing(r) && r->since != TIME_NONE)
		spans_add(sp, R_TEXT, 1, " %s",
			  moment_text(r->since, v->now, at));
}

/* One lone error could do it: so it does not count. */
static void say_unarmed(struct spans *sp, const struct slo_tier *t)
{
	char one[NUMBER_TEXT];

	spans_add(sp, t->firing ? R_WARN : R_DIM, 0, "%snot armed",
		  t->firing ? "◆ over, " : "");
	if (!isnan(t->one_error))
		spans_add(sp, R_DIM, 1, ": 1 error = %s",
			  burn_words(t->one_error, one));
}

static void say_headroom(struct spans *sp, const struct slo_tier *t)
{
	char text[NUMBER_TEXT];
	double over = fmin(t->burn_brief, t->burn_lasting);

	if (t->burn_lasting > t->factor) {
		spans_add(sp, R_OK, 0, "· recovering");
		return;
	}
	spans_add(sp, R_OK, 0, "· ok");
	spans_add(sp, R_DIM, 1, ", %s below",
		  burn_words(t->factor - over, text));
}

static void say_state(struct spans *sp, const struct slo_row *r,
		      const struct slo_tier *t, const struct view *v)
{
	char text[TIME_TEXT];

	sp->nr = 0;
	if (r->asking)
		spans_add(sp, R_STALE, 0, "…");
	else if (r->state == STATE_STALE)
		spans_add(sp, R_STALE, 0, "○ stale");
	else if (t->firing && t->armed)
		say_firing(sp, r, t, v);
	else if (r->window[t->lasting].state == SLO_NOTRAFFIC)
		spans_add(sp, R_STALE, 0, "· no traffic");
	else if (isnan(t->burn_brief) || isnan(t->burn_lasting))
		spans_add(sp, R_STALE, 0, "○ no data");
	else if (!t->armed)
		say_unarmed(sp, t);
	else if (t->fires_in > 0 && t->fires_in < 1e9)
		spans_add(sp, R_DIM, 0, "fires in ~%s",
			  time_span((time_ms)(t->fires_in * 1e3), text));
	else
		say_headroom(sp, t);
}

static void fill_line(struct line *l, const struct slo_row *r,
		      const struct slo_tier *t, const struct view *v)
{
	l->page = t->page;
	burn_words(t->burn_brief, l->brief);
	burn_words(t->burn_lasting, l->lasting);
	burn_words(t->factor, l->factor);
	if (r->asking) {
		strcpy(l->brief, "…");
		strcpy(l->lasting, "…");
	}
	l->brief_name = objective_window(t->brief);
	l->lasting_name = objective_window(t->lasting);
	l->brief_role = (uint8_t)role_of(r, t, t->burn_brief);
	l->lasting_role = (uint8_t)role_of(r, t, t->burn_lasting);
	say_state(&l->state, r, t, v);
}

static bool tiers_update(void *state, const struct view *v, int w, int h)
{
	struct tiers *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->focused = v->focused;
	d->known = r != NULL;
	d->nr = 0;
	for (int i = 0; r && !r->fault && i < SLO_TIERS; i++)
		if (r->tier[i].factor > 0)
			fill_line(&d->line[d->nr++], r, &r->tier[i], v);
	return true;
}

/* Right-aligned pieces, so that the numbers of all rows stand in columns. */
static void add_right(struct spans *sp, enum role r, int w, const char *text)
{
	int pad = w - text_width(text);

	spans_add(sp, r, 0, "%*s%s", pad > 0 ? pad : 0, "", text);
}

static void draw_line(const struct line *l, struct surface *s, int y)
{
	bool wide = s->w >= 56;
	struct spans left = { 0 }, right = l->state;

	spans_add(&left, wide ? R_BRIGHT : R_TEXT, 0, "%-6s",
		  l->page ? "page" : "ticket");
	add_right(&left, R_DIM, wide ? 5 : 4, l->brief_name);
	add_right(&left, (enum role)l->brief_role, 6, l->brief);
	spans_add(&left, R_DIM, 0, wide ? "  &" : " &");
	add_right(&left, R_DIM, wide ? 4 : 3, l->lasting_name);
	add_right(&left, (enum role)l->lasting_role, 6, l->lasting);
	spans_add(&left, R_DIM, 2, wide ? "  >" : " >");
	int pad = 6 - text_width(l->factor);
	spans_add(&left, R_DIM, 2, "%*s%s", pad > 0 ? pad : 0, "", l->factor);
	spans_fit(&left, &right, s->w, 1);
	int end = s->w - spans_width(&right);
	spans_draw(s, 0, y, s->w, &left);
	if (right.nr)
		spans_draw(s, end, y, s->w - end, &right);
}

static void tiers_draw(const void *state, struct surface *s)
{
	const struct tiers *d = state;
	struct spans left = { 0 };
	int y = 0;

	if (s->h > SLO_TIERS || !d->known) {
		spans_add(&left, R_BRIGHT, 0, "alert tiers");
		spans_add(&left, R_DIM, 1, " a tier fires when both windows "
			  "are over");
		draw_title(s, &left, NULL, d->focused);
		y = 1;
	}
	for (int i = 0; i < d->nr && y < s->h; i++)
		draw_line(&d->line[i], s, y++);
}

const struct widget_ops tiers_widget = {
	.name = "tiers",
	.help = "alert tiers of the selected objective, and when each fires",
	.state_size = sizeof(struct tiers),
	.min_w = 24, .min_h = 1,
	.update = tiers_update,
	.draw = tiers_draw,
};
