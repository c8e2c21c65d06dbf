/* What spent the budget of the selected objective: the runs over budget, the
 * largest first, and what happened then. */
#include "widgets/objective.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SPENDERS 12
/* An event so long before a run may have begun it. */
#define BEFORE ((time_ms)900000)

struct line {
	bool now;
	char at[TIME_TEXT], lasted[TIME_TEXT], share[NUMBER_TEXT];
	double part;
	char text[SPAN_TEXT];
};

struct spenders {
	uint64_t stamp;
	bool focused, known;
	const char *why;     /* static: nothing is listed */
	struct line line[SPENDERS];
	int nr;
	struct spans left, right;
};

/* "25 Nov 13:52"; of the day of `now` "13:52". */
static void day_text(time_ms t, time_ms now, char out[TIME_TEXT])
{
	char iso[TIME_TEXT], today[TIME_TEXT];

	time_iso(t, iso);
	time_iso(now, today);
	if (!strncmp(iso, today, 10))
		snprintf(out, TIME_TEXT, "today %.5s", iso + 11);
	else
		snprintf(out, TIME_TEXT, "%.5s %.5s", iso + 5, iso + 11);
}

static bool explains(const struct event *e)
{
	return e->kind == EVENT_DEPLOY || e->kind == EVENT_CONFIG ||
	       e->kind == EVENT_RESTART || e->kind == EVENT_NOTE ||
	       e->kind == EVENT_TRAFFIC;
}

/* The last event before the run, or the first one in it. */
static const struct event *event_of(const struct view *v,
				    const struct slo_row *r,
				    const struct slo_spender *sp)
{
	const struct event *const *e, *found = NULL;
	size_t n = view_events(v, &e);

	for (size_t i = 0; i < n; i++) {
		if (!explains(e[i]) || e[i]->at < sp->from - BEFORE)
			continue;
		if (e[i]->at > sp->to || (found && e[i]->at > sp->from))
			break;
		if (!e[i]->service || !r->name ||
		    !strcmp(e[i]->service, r->name))
			found = e[i];
	}
	return found;
}

static void fill_line(struct line *l, const struct view *v,
		      const struct slo_row *r, const struct slo_spender *sp)
{
	const struct event *e = event_of(v, r, sp);
	time_ms cell = r->def ? r->def->period / 360 : 0;

	l->now = sp->to + cell >= r->at && r->state <= STATE_WARN;
	l->part = sp->share;
	day_text(sp->from, v->now, l->at);
	time_span(sp->to - sp->from, l->lasted);
	format_percent(sp->share, l->share);
	struct spans what = { 0 }, all = { 0 };
	if (e)
		spans_event(&what, R_TEXT, e);
	spans_add(&all, R_TEXT, 0, "%.280s%s%s", e ? what.s[0].text : "",
		  e && l->now ? ", " : "", l->now ? "still burning" : "");
	memcpy(l->text, all.s[0].text, sizeof(l->text));
}

static void build_title(struct spenders *d, const struct slo_row *r)
{
	char text[NUMBER_TEXT];

	d->left.nr = d->right.nr = 0;
	spans_add(&d->left, R_BRIGHT, 0, "what spent the budget");
	if (!r || !d->nr || isnan(r->budget.remaining))
		return;
	spans_add(&d->left, R_DIM, 2, " largest first");
	spans_add(&d->right, R_DIM, 1, "share of the %s spent",
		  format_percent(fmax(1 - r->budget.remaining, 0), text));
}

static bool spenders_update(void *state, const struct view *v, int w, int h)
{
	struct spenders *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);
	struct slo_spender sp[SPENDERS];

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->focused = v->focused;
	d->nr = 0;
	d->why = !r ? NULL : r->asking ? "asked next"
		 : r->fault || isnan(r->budget.remaining) ? "not known"
		 : "nothing stands out: no stretch of it was over budget";
	if (r && !r->asking && !r->fault) {
		size_t n = objective_spenders(r, sp, SPENDERS);
		for (size_t i = 0; i < n && i < SPENDERS; i++)
			fill_line(&d->line[d->nr++], v, r, &sp[i]);
	}
	build_title(d, r);
	return true;
}

static void draw_line(const struct line *l, struct surface *s, int y)
{
	int bar = s->w >= 110 ? s->w * 2 / 5 : s->w >= 70 ? s->w / 4 : 0;
	int end = s->w - 8, text = end - bar - 3;
	enum role role = l->now ? R_CRIT : R_TEXT;

	draw_text(s, 0, y, R_TEXT, l->at);
	draw_field(s, 12, y, 9, R_DIM, l->lasted);
	if (text > 26)
		surface_text_max(s, 24, y, text - 24,
				 STYLE(l->now ? R_BRIGHT : R_TEXT), l->text);
	draw_bar(s, end - bar, y, bar, l->part, l->now ? R_CRIT : R_BAR);
	draw_field(s, end, y, 8, role, l->share);
}

static void spenders_draw(const void *state, struct surface *s)
{
	const struct spenders *d = state;

	draw_title(s, &d->left, &d->right, d->focused);
	if (!d->nr && d->why && s->h > 1)
		surface_text_max(s, 0, 1, s->w, STYLE(R_DIM), d->why);
	for (int i = 0; i < d->nr && i + 1 < s->h; i++)
		draw_line(&d->line[i], s, i + 1);
}

const struct widget_ops spenders_widget = {
	.name = "spenders",
	.help = "what spent the error budget, the largest first",
	.state_size = sizeof(struct spenders),
	.min_w = 32, .min_h = 2,
	.update = spenders_update,
	.draw = spenders_draw,
};
