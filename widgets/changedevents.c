/* What happened around the first bad minute of a service, in order of time;
 * where there is no room for all, what is nearest to it. */
#include "widgets/draw.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 128
#define LINES 48

struct line {
	char at[TIME_TEXT], offset[TIME_TEXT + 4];
	struct sign sign;
	const char *kind;    /* static */
	bool cause;
	char text[SPAN_TEXT];
};

struct changedevents {
	uint64_t stamp;
	int w, h, nr;
	bool focused;
	size_t left_out;
	const char *why;     /* static: nothing is listed */
	const struct event *found[EVENTS];
	size_t nr_found;
	struct event onset;  /* the moment itself, as one of them */
	struct line line[LINES];
};

static bool same(const struct event *a, const struct event *b)
{
	return a->at == b->at && a->kind == b->kind &&
	       !strcmp(a->text, b->text);
}

/* Sorted by time; the same one is told by the source and by the answer. */
static void keep(struct changedevents *d, const struct event *e)
{
	size_t at = d->nr_found;

	for (size_t i = 0; i < d->nr_found; i++)
		if (same(d->found[i], e))
			return;
	if (d->nr_found == EVENTS) {
		d->left_out++;
		return;
	}
	for (; at > 0 && d->found[at - 1]->at > e->at; at--)
		d->found[at] = d->found[at - 1];
	d->found[at] = e;
	d->nr_found++;
}

static bool concerns(const struct event *e, const struct change_want *w)
{
	if (e->at < w->before_from || e->at > w->during_to)
		return false;
	/* Deploys of others are listed, not blamed. */
	return !e->service || !w->service || !strcmp(e->service, w->service) ||
	       e->kind == EVENT_DEPLOY;
}

static void find(struct changedevents *d, const struct view *v)
{
	const struct changed *c = v->changed;
	const struct event *const *e;
	size_t n = view_events(v, &e);

	d->nr_found = 0;
	d->left_out = 0;
	for (size_t i = 0; i < c->answer->nr_events; i++)
		keep(d, &c->answer->event[i]);
	if (c->onset != TIME_NONE) {
		d->onset = (struct event){
			.at = c->onset, .until = TIME_NONE, .kind = EVENT_NOTE,
			.severity = SEVERITY_CRIT, .text = "first bad minute",
		};
		keep(d, &d->onset);
	}
	for (size_t i = 0; i < n; i++)
		if (concerns(e[i], &c->answer->want))
			keep(d, e[i]);
}

/* Leaves out what is farthest away from the onset. */
static void thin_out(struct changedevents *d, time_ms middle, size_t room)
{
	while (d->nr_found > room) {
		time_ms first = llabs(d->found[0]->at - middle);
		time_ms last = llabs(d->found[d->nr_found - 1]->at - middle);
		if (first >= last)
			memmove(d->found, d->found + 1,
				(d->nr_found - 1) * sizeof(*d->found));
		d->nr_found--;
		d->left_out++;
	}
}

/* "−70s", "+4m": whole seconds below ten minutes. */
static void offset_text(time_ms t, char out[TIME_TEXT + 4])
{
	char span[TIME_TEXT];
	time_ms size = t < 0 ? -t : t;

	if (size < 600000)
		snprintf(span, sizeof(span), "%ds", (int)(size / 1000));
	else
		time_span(size, span);
	snprintf(out, TIME_TEXT + 4, "%s%s",
		 size < 1000 ? "" : t < 0 ? "−" : "+", span);
}

static void fill_line(struct line *l, const struct changedevents *d,
		      const struct changed *c, const struct event *e)
{
	const struct change_answer *a = c->answer;
	bool known = c->cause >= 0 && (size_t)c->cause < a->nr_events;

	time_hms(e->at, l->at);
	l->offset[0] = '\0';
	if (c->onset != TIME_NONE)
		offset_text(e->at - c->onset, l->offset);
	l->sign = e == &d->onset ? (struct sign){ "▲", R_CRIT, "" }
				 : sign_of_event(e);
	l->kind = e == &d->onset ? "onset" : event_kind_name(e->kind);
	l->cause = known && same(e, &a->event[c->cause]);
	struct spans text = { 0 };
	spans_event(&text, R_TEXT, e);
	memcpy(l->text, text.s[0].text, sizeof(l->text));
}

static bool changedevents_update(void *state, const struct view *v, int w,
				 int h)
{
	struct changedevents *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	int room = h - 1 < LINES ? h - 1 : LINES;

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->w = w;
	d->h = h;
	d->focused = v->focused;
	d->nr = 0;
	d->left_out = 0;
	d->why = v->comparing ? "comparing…" : "nothing was compared";
	if (!v->changed)
		return true;
	const struct changed *c = v->changed;
	find(d, v);
	d->why = "nothing happened between the two";
	thin_out(d, c->onset != TIME_NONE ? c->onset
					  : c->answer->want.during_from,
		 room > 0 ? (size_t)room : 0);
	for (size_t i = 0; i < d->nr_found; i++)
		fill_line(&d->line[d->nr++], d, c, d->found[i]);
	return true;
}

static void draw_line(const struct line *l, struct surface *s, int y)
{
	bool wide = s->w >= 70;
	struct spans left = { 0 }, right = { 0 };

	spans_add(&left, l->cause ? R_BRIGHT : R_TEXT, 0, "%s", l->text);
	draw_text(s, 0, y, R_DIM, l->at);
	draw_field(s, 9, y, 8, R_TEXT, l->offset);
	draw_text(s, 19, y, l->sign.role, l->sign.glyph);
	if (l->cause)
		spans_add(&right, R_EVENT, 1, "the cause");
	else if (wide)
		spans_add(&right, R_DIM, 1, "%s", l->kind);
	spans_row(s, y, 21, s->w, &left, &right);
}

static void changedevents_draw(const void *state, struct surface *s)
{
	const struct changedevents *d = state;
	struct spans left = { 0 }, right = { 0 };

	if (s->w != d->w || s->h != d->h)
		return;
	spans_add(&left, R_BRIGHT, 0, "in order of time");
	spans_add(&left, R_DIM, 2, " what was seen around the onset");
	if (d->left_out)
		spans_add(&right, R_DIM, 1, "%zu farther away", d->left_out);
	draw_title(s, &left, &right, d->focused);
	if (!d->nr && s->h > 1)
		surface_text_max(s, 0, 1, s->w, STYLE(R_DIM), d->why);
	for (int i = 0; i < d->nr; i++)
		draw_line(&d->line[i], s, i + 1);
}

const struct widget_ops changedevents_widget = {
	.name = "changedevents",
	.help = "what happened around the first bad minute, in order of time",
	.state_size = sizeof(struct changedevents),
	.min_w = 30, .min_h = 2,
	.update = changedevents_update,
	.draw = changedevents_draw,
};
