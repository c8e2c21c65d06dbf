#include "widgets/objective.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct slo_def nothing = { .id = "", .objective = NAN };

static const struct slo_def *def_of(const struct slo_row *r)
{
	return r->def ? r->def : &nothing;
}

/* ---- words -------------------------------------------------------------- */

const char *objective_name(const struct slo_row *r, char out[OBJECTIVE_NAME])
{
	const char *id = def_of(r)->id ? def_of(r)->id : "";
	const char *name = r->name ? r->name : "";
	bool said = !*name || strstr(id, name);
	struct spans sp = { 0 };

	spans_add(&sp, R_TEXT, 0, "%.*s%s%.*s", said ? 0 : 50, name,
		  said || !*id ? "" : " ", OBJECTIVE_NAME - 60, id);
	memcpy(out, sp.s[0].text, OBJECTIVE_NAME - 1);
	out[OBJECTIVE_NAME - 1] = '\0';
	return out;
}

const char *objective_target(const struct slo_row *r, char out[2 * NUMBER_TEXT])
{
	char target[NUMBER_TEXT], bound[NUMBER_TEXT];

	format_objective(def_of(r)->objective, target);
	if (def_of(r)->latency > 0)
		snprintf(out, 2 * NUMBER_TEXT, "%s <%s", target,
			 format_bound(def_of(r)->latency, bound));
	else
		snprintf(out, 2 * NUMBER_TEXT, "%s", target);
	return out;
}

static time_ms slice_of(const struct slo_def *d)
{
	return d->slice > 0 ? d->slice : 60000;
}

const char *objective_method(const struct slo_row *r, char out[TIME_TEXT])
{
	const struct slo_def *d = def_of(r);
	char slice[TIME_TEXT];

	out[0] = '\0';
	if (d->method != SLO_OCCURRENCES)
		snprintf(out, TIME_TEXT, " by %.20s",
			 time_duration(slice_of(d), slice));
	else if (d->implicit)
		snprintf(out, TIME_TEXT, " default");
	return out;
}

const char *objective_period(const struct slo_row *r, char out[TIME_TEXT])
{
	out[0] = '\0';
	return def_of(r)->period > 0 ? time_duration(def_of(r)->period, out)
				     : out;
}

static const char *calendar_name(enum calendar_unit u)
{
	static const char *const names[] = {
		[CALENDAR_NONE] = "", [CALENDAR_DAY] = "day",
		[CALENDAR_WEEK] = "week", [CALENDAR_MONTH] = "month",
		[CALENDAR_QUARTER] = "quarter", [CALENDAR_YEAR] = "year",
	};
	return names[u];
}

static void add_window(struct spans *sp, const struct slo_row *r, int group)
{
	const struct slo_def *d = def_of(r);
	char text[TIME_TEXT];

	if (d->calendar == CALENDAR_NONE && d->period > 0)
		spans_add(sp, R_DIM, group, ", rolling %s",
			  objective_period(r, text));
	if (d->calendar == CALENDAR_NONE)
		return;
	if (d->calendar_every > 1)
		spans_add(sp, R_DIM, group, ", every %d calendar %ss",
			  d->calendar_every, calendar_name(d->calendar));
	else
		spans_add(sp, R_DIM, group, ", by calendar %s",
			  calendar_name(d->calendar));
	if (r->period_from != TIME_NONE && r->period_from > 0)
		spans_add(sp, R_DIM, group, ", since %.10s",
			  time_iso(r->period_from, text));
}

void spans_promise(struct spans *sp, const struct slo_row *r, int group)
{
	const struct slo_def *d = def_of(r);
	char number[NUMBER_TEXT], bound[NUMBER_TEXT], text[TIME_TEXT];

	format_objective(d->objective, number);
	if (d->what)
		spans_add(sp, R_TEXT, 0, "%s  %.120s", number, d->what);
	else if (d->latency > 0)
		spans_add(sp, R_TEXT, 0, "%s of requests faster than %s",
			  number, format_bound(d->latency, bound));
	else if (d->method != SLO_OCCURRENCES)
		spans_add(sp, R_TEXT, 0, "%s of slices of %s good", number,
			  time_duration(slice_of(d), text));
	else
		spans_add(sp, R_TEXT, 0, "%s of requests answered without "
			  "errors", number);
	if (d->implicit)
		spans_add(sp, R_DIM, 0, ": the default, nobody promised it");
	else
		add_window(sp, r, group);
}

/* ---- states ------------------------------------------------------------- */

bool objective_implicit(const struct slo_row *r)
{
	return def_of(r)->implicit;
}

bool objective_calm(const struct slo_row *r)
{
	if (r->fault || r->asking ||
	    (r->state != STATE_OK && r->state != STATE_NOTRAFFIC))
		return false;
	for (int w = 0; w < SLO_WINDOWS; w++)
		if (r->window[w].burn > 1)
			return false;
	return true;
}

struct sign sign_of_objective(const struct slo_row *r)
{
	if (r->fault)
		return (struct sign){ "○", R_WARN, "FAULT" };
	if (r->asking)
		return (struct sign){ "○", R_STALE, "asking" };
	return sign_of_state(r->state);
}

const struct slo_tier *objective_firing(const struct slo_row *r)
{
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < SLO_TIERS; i++)
			if (r->tier[i].firing && (pass || r->tier[i].armed))
				return &r->tier[i];
	return NULL;
}

double objective_page(const struct slo_row *r)
{
	for (int i = 0; i < SLO_TIERS; i++)
		if (r->tier[i].page && r->tier[i].factor > 0)
			return r->tier[i].factor;
	return BURN_PAGE;
}

const char *budget_text(double remaining, char out[NUMBER_TEXT + 8])
{
	char text[NUMBER_TEXT];

	if (remaining < 0)
		snprintf(out, NUMBER_TEXT + 8, "%s over",
			 format_percent(-remaining, text));
	else
		snprintf(out, NUMBER_TEXT + 8, "%s",
			 format_percent(remaining, text));
	return out;
}

enum role budget_role(double remaining)
{
	return isnan(remaining) ? R_STALE : remaining <= 0 ? R_CRIT
	       : remaining < 0.1 ? R_WARN : R_TEXT;
}

/* What outlasts the period is never gone: old errors expire, or a new period
 * begins. */
const char *gone_text(const struct slo_row *r, char out[TIME_TEXT + 4])
{
	double s = r->exhaustion.remaining, period;
	char text[TIME_TEXT];

	period = (double)def_of(r)->period / 1e3;
	if (r->budget.remaining <= 0)
		return strcpy(out, "gone");
	if (isnan(r->budget.remaining) || isnan(r->window[SLO_1H].burn))
		return strcpy(out, r->asking ? "…" : "–");
	if (isnan(s) || s < 0 || (period > 0 && s > period) || s > 1e10)
		return strcpy(out, "lasts");
	snprintf(out, TIME_TEXT + 4, "~%s",
		 time_span((time_ms)(s * 1e3), text));
	return out;
}

enum role burn_ground(double burn)
{
	return burn > BURN_PAGE ? R_BURN14 : burn > 6 ? R_BURN6
	       : burn > 1 ? R_BURN1 : R_DEFAULT;
}

/* ---- which one ---------------------------------------------------------- */

static bool is_of(const struct slo_row *o, const struct red_row *r)
{
	const struct service *s = r->service;

	return o->name && !strcmp(o->name, s->name) &&
	       (!o->source || !s->source || o->source == s->source);
}

const struct slo_row *view_objective(const struct view *v)
{
	if (!v->slo || !v->nr_slos)
		return NULL;
	if (v->page == PAGE_SLO)
		return view_selected_slo(v);
	for (size_t i = 0; v->sel && i < v->nr_slos; i++)
		if (is_of(&v->slo[i], v->sel))
			return &v->slo[i];
	return v->sel ? NULL : v->slo;
}

const struct slo_row *view_budget(const struct view *v, const struct red_row *r)
{
	for (size_t i = 0; v->slo && i < v->nr_slos; i++)
		if (is_of(&v->slo[i], r) && !objective_implicit(&v->slo[i]) &&
		    !isnan(v->slo[i].budget.remaining))
			return &v->slo[i];
	return NULL;
}

/* ---- the past ----------------------------------------------------------- */

static void read_line(const void *arg, int i, time_ms from, time_ms span,
		      struct column *out, size_t columns)
{
	slo_columns(arg, i ? SLO_1H : SLO_5M, from, span, out, columns);
}

void objective_lines(struct lines *l, struct chart *c, const struct slo_row *r)
{
	lines_read_by(l, c, read_line, r, 2);
}

void objective_left_cells(const struct slo_row *r, enum slo_window w, time_ms from,
		     time_ms span, struct column *out, size_t columns)
{
	slo_columns(r, w, from, span, out, columns);
}

void objective_burndown(const struct slo_row *r, double *out, size_t nr)
{
	slo_burndown(r, out, nr);
}

size_t objective_spenders(const struct slo_row *r, struct slo_spender *out,
			  size_t max)
{
	return slo_spenders(r, out, max);
}

const char *objective_window(enum slo_window w)
{
	return slo_window_name(w);
}

const char *changed_words(const struct changed *c, struct buf *out)
{
	buf_clear(out);
	changed_sentence(c, out);
	return buf_text(out);
}
