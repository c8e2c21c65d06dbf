/* How the selected objective is counted: what is bad, of what, by what, over
 * how much of its period, and who says so. */
#include "widgets/objective.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINES 10
#define LABEL_CELLS 10
#define QUERY_TEXT 240

struct line {
	const char *label;   /* static */
	uint8_t role;
	char text[QUERY_TEXT];
	char instead[80];    /* of text that does not fit whole; "": cut */
};

struct slomethod {
	uint64_t stamp;
	bool focused;
	struct line line[LINES];
	int nr;
};

static struct line *add(struct slomethod *d, const char *label, enum role r)
{
	struct line *l = &d->line[d->nr++];

	l->label = label;
	l->role = (uint8_t)r;
	l->text[0] = l->instead[0] = '\0';
	return l;
}

/* A query is shown whole or not at all: half of one reads like another. */
static void add_query(struct slomethod *d, const char *label, const char *query,
		      const char *where)
{
	struct line *l = add(d, label, R_TEXT);
	size_t n = strlen(query);

	if (n < sizeof(l->text))
		memcpy(l->text, query, n + 1);
	else
		memset(l->text, 'x', sizeof(l->text) - 1);
	l->text[sizeof(l->text) - 1] = '\0';
	snprintf(l->instead, sizeof(l->instead),
		 "a query of %zu characters%s%.40s", n, where ? ", " : "",
		 where ? where : "");
}

static void add_counted(struct slomethod *d, const struct slo_def *o)
{
	char bound[NUMBER_TEXT];

	if (o->ratio)
		add_query(d, "ratio", o->ratio, o->where);
	if (o->errors)
		add_query(d, "bad", o->errors, o->where);
	if (o->total)
		add_query(d, "all", o->total, o->where);
	if (o->ratio || o->errors || o->total)
		return;
	if (o->recorded) {
		add_query(d, "ratio", o->recorded, o->where);
		return;
	}
	struct line *l = add(d, "bad", R_TEXT);
	if (o->latency > 0)
		snprintf(l->text, sizeof(l->text),
			 "requests slower than %s, of the service's buckets",
			 format_bound(o->latency, bound));
	else
		snprintf(l->text, sizeof(l->text),
			 "requests that failed, as the service counts them");
}

static void add_method(struct slomethod *d, const struct slo_def *o)
{
	struct line *l = add(d, "method", R_TEXT);
	char slice[TIME_TEXT], target[NUMBER_TEXT];
	double good = o->slice_target > 0 ? o->slice_target : o->objective;

	time_duration(o->slice > 0 ? o->slice : 60000, slice);
	if (o->method == SLO_OCCURRENCES)
		snprintf(l->text, sizeof(l->text),
			 "by requests (weighted), not by minutes");
	else if (o->method == SLO_TIMESLICES)
		snprintf(l->text, sizeof(l->text), "by slices of %s, good from "
			 "%s on; not by requests", slice,
			 format_objective(good, target));
	else
		snprintf(l->text, sizeof(l->text), "the mean of slices of %s; "
			 "not by requests", slice);
}

static void add_coverage(struct slomethod *d, const struct slo_row *r)
{
	char a[TIME_TEXT], b[TIME_TEXT], percent[NUMBER_TEXT];
	double whole = (double)r->def->period / 1e3;
	double span = r->budget.coverage_s;

	if (r->def->calendar != CALENDAR_NONE && r->period_from > 0 &&
	    r->at > r->period_from)
		whole = (double)(r->at - r->period_from) / 1e3;
	struct line *l = add(d, "coverage", isnan(span) ? R_STALE : R_TEXT);
	if (isnan(span) || !(whole > 0)) {
		snprintf(l->text, sizeof(l->text), "–");
		return;
	}
	double part = fmin(span / whole, 1);
	snprintf(l->text, sizeof(l->text), "%s of %s",
		 format_percent(part, percent),
		 time_span((time_ms)(whole * 1e3), a));
	if (part < 0.9)
		snprintf(l->text, sizeof(l->text),
			 "%s of %s; the budget is of what there is",
			 time_span((time_ms)(span * 1e3), b), a);
}

static void add_left(struct slomethod *d, const struct slo_row *r)
{
	double left = r->budget.failures_left;
	char text[NUMBER_TEXT];

	if (isnan(left))
		return;
	struct line *l = add(d, "left", left < 0 ? R_CRIT : R_TEXT);
	if (left < 0)
		snprintf(l->text, sizeof(l->text),
			 "nothing; %s failures more than allowed",
			 format_rate(-left, text));
	else
		snprintf(l->text, sizeof(l->text),
			 "%s more failures spend it", format_rate(left, text));
}

static const char *lasts_text(double seconds, char out[TIME_TEXT])
{
	return seconds > 0 ? time_span((time_ms)(seconds * 1000), out)
	       : seconds == 0 ? "gone" : "never";
}

/* Three numbers that are easily taken for one another, at the burn of 1 h. */
static void add_gone(struct slomethod *d, const struct slo_row *r)
{
	const struct slo_exhaustion *x = &r->exhaustion;
	char left[TIME_TEXT], rolling[TIME_TEXT], entire[TIME_TEXT];

	if (isnan(x->entire))
		return;
	struct line *l = add(d, "gone in", R_TEXT);
	snprintf(l->text, sizeof(l->text), "~%s what is left; rolling ~%s; a "
		 "whole budget ~%s", lasts_text(x->remaining, left),
		 lasts_text(x->rolling, rolling), lasts_text(x->entire, entire));
}

static void add_source(struct slomethod *d, const struct slo_row *r)
{
	static const char *const from[] = {
		[SLO_FROM_RECORDED] = "recorded by rules on the server",
		[SLO_FROM_QUERY] = "asked of the server",
		[SLO_FROM_STORE] = "from what is held here",
	};
	struct line *l = add(d, "source", R_TEXT);
	const char *where = r->def->where;

	snprintf(l->text, sizeof(l->text), "%.40s%s%s%s%.60s",
		 r->source ? r->source->name : "", r->source ? ", " : "",
		 from[r->from], where ? "; " : "", where ? where : "");
}

static bool slomethod_update(void *state, const struct view *v, int w, int h)
{
	struct slomethod *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->focused = v->focused;
	d->nr = 0;
	if (!r || !r->def)
		return true;
	if (r->fault) {
		struct spans why = { 0 };
		spans_add(&why, R_WARN, 0, "%.200s", r->fault);
		snprintf(add(d, "fault", R_WARN)->text, QUERY_TEXT, "%.*s",
			 QUERY_TEXT - 1, why.s[0].text);
	}
	add_counted(d, r->def);
	add_method(d, r->def);
	add_coverage(d, r);
	add_source(d, r);
	add_left(d, r);
	add_gone(d, r);
	return true;
}

static void slomethod_draw(const void *state, struct surface *s)
{
	const struct slomethod *d = state;
	struct spans left = { 0 };

	spans_add(&left, R_BRIGHT, 0, "how this is counted");
	draw_title(s, &left, NULL, d->focused);
	for (int i = 0; i < d->nr && i + 1 < s->h; i++) {
		const struct line *l = &d->line[i];
		int room = s->w - LABEL_CELLS;
		bool whole = text_width(l->text) <= room;
		draw_text(s, 0, i + 1, R_DIM, l->label);
		surface_text_max(s, LABEL_CELLS, i + 1, room, STYLE(l->role),
				 whole || !*l->instead ? l->text : l->instead);
	}
}

const struct widget_ops slomethod_widget = {
	.name = "slomethod",
	.help = "how the selected objective is counted, and by whom",
	.state_size = sizeof(struct slomethod),
	.min_w = 30, .min_h = 2,
	.update = slomethod_update,
	.draw = slomethod_draw,
};
