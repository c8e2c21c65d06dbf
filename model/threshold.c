/* Limits over periods, and alerts over evaluations: what state follows from
 * which points. */
#include "model/threshold.h"

#include "base/limits.h"

#include <math.h>
#include <string.h>

#define PERIODS ((int)LIMIT_PERIODS)
#define RANGE (LIMIT_PERIODS + 2)

static const char *const missing_names[] = {
	[MISSING_MISSING] = "missing",
	[MISSING_NOT_BREACHING] = "notBreaching",
	[MISSING_BREACHING] = "breaching",
	[MISSING_IGNORE] = "ignore",
};

const char *missing_name(enum missing m)
{
	return missing_names[m];
}

static const char *const measure_names[MEASURES] = {
	[MEASURE_NONE] = "none",       [MEASURE_RATE] = "rate",
	[MEASURE_ERRORS] = "errors",   [MEASURE_SUCCESS] = "success",
	[MEASURE_P50] = "p50",         [MEASURE_P95] = "p95",
	[MEASURE_P99] = "p99",         [MEASURE_USED] = "used",
};

const char *measure_name(enum threshold_measure m)
{
	return measure_names[m];
}

static const char *const level_names[] = {
	[LEVEL_OK] = "ok",
	[LEVEL_WARNING] = "warning",
	[LEVEL_CRITICAL] = "critical",
	[LEVEL_NODATA] = "nodata",
};

const char *threshold_level_name(enum threshold_level l)
{
	return level_names[l];
}

/* ---- M of N ------------------------------------------------------------ */

struct tally {
	size_t good, bad, missing;
	size_t age;              /* of the oldest real point, the newest is 1 */
};

/* Of the newest points of the range, until there are `enough` real ones. */
static struct tally tally_of(const enum mofn_point *point, size_t nr,
			     size_t enough)
{
	struct tally t = { 0 };
	for (size_t age = 1; age <= nr && t.good + t.bad < enough; age++) {
		enum mofn_point p = point[nr - age];
		if (p == POINT_MISSING) {
			t.missing++;
			continue;
		}
		t.age = age;
		*(p == POINT_BAD ? &t.bad : &t.good) += 1;
	}
	return t;
}

/* Too few real points: gaps are points by the policy. */
static enum mofn_state fill(struct tally t, size_t m, size_t n,
			    enum missing missing, enum mofn_state before)
{
	size_t gaps = n - t.good - t.bad;
	if (missing == MISSING_BREACHING)
		t.bad += gaps < t.missing ? gaps : t.missing;
	if (t.bad >= m)
		return MOFN_ALARM;
	if (missing == MISSING_BREACHING || missing == MISSING_NOT_BREACHING ||
	    t.good)
		return MOFN_OK;
	if (!t.bad)
		return missing == MISSING_IGNORE ? before : MOFN_INSUFFICIENT;
	/* Nothing but breaches, too few of them: an alarm once the oldest is as
	 * old as m would be; until then it would be premature. */
	return missing == MISSING_MISSING && t.age >= m ? MOFN_ALARM : before;
}

enum mofn_state mofn_evaluate(const enum mofn_point *point, size_t nr, int m,
			      int n, enum missing missing,
			      enum mofn_state before)
{
	size_t of = n < 1 ? 1 : (size_t)n;
	size_t least = m < 1 ? 1 : (size_t)m;
	if (nr > of + 2) {
		point += nr - of - 2;
		nr = of + 2;
	}
	struct tally t = tally_of(point, nr, of);
	if (!nr)
		return before;
	if (t.good + t.bad == of)
		return t.bad >= least ? MOFN_ALARM : MOFN_OK;
	return fill(t, least, of, missing, before);
}

/* ---- limits ------------------------------------------------------------ */

/* NAN is neither. */
static bool is_beyond(double v, double above, double below)
{
	return v > above || v < below;
}

static double side_of(const struct level *l, double v)
{
	if (isnan(l->above) || v < l->below)
		return l->below;
	if (isnan(l->below) || v > l->above || isnan(v))
		return l->above;
	return fabs(v - l->above) <= fabs(v - l->below) ? l->above : l->below;
}

static double nearest_limit(const struct threshold_def *d, double v)
{
	double w = d->warning.given ? side_of(&d->warning, v) : NAN;
	double c = d->critical.given ? side_of(&d->critical, v) : NAN;
	if (isnan(w) || isnan(c))
		return isnan(w) ? c : w;
	return fabs(v - c) < fabs(v - w) ? c : w;
}

/* Where the good side begins for who is to be let go. A clear level belongs to
 * the side that it is nearer to, and only where it is no worse than the limit
 * itself. */
static struct level clear_of(const struct level *l, double clear)
{
	struct level out = *l;
	if (isnan(clear) || is_beyond(clear, l->above, l->below))
		return out;
	if (side_of(l, clear) == l->above)
		out.above = clear;
	else
		out.below = clear;
	return out;
}

/* ---- an alarm over its periods ----------------------------------------- */

/* One level's alarm: the newest points, the oldest first. */
struct alarm {
	struct level limit, clear;
	int m, n, clear_after;
	bool slow;               /* it does not end as CloudWatch's would */
	enum missing missing;
	enum mofn_state state;
	enum mofn_point point[RANGE];
	size_t nr;
	int cleared;             /* periods in a row beyond the clear level */
};

static bool same_limit(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static int clamped(int v, int max)
{
	return v < 1 ? 1 : v > max ? max : v;
}

static struct alarm alarm_of(const struct threshold_def *d,
			     const struct level *l)
{
	struct alarm a = { .limit = *l, .missing = d->missing,
			   .state = MOFN_INSUFFICIENT };
	a.clear = clear_of(l, d->clear);
	a.n = clamped(d->n, PERIODS);
	a.m = clamped(d->m, a.n);
	a.clear_after = clamped(d->clear_after, PERIODS);
	a.slow = a.clear_after > 1 || !same_limit(a.clear.above, l->above) ||
		 !same_limit(a.clear.below, l->below);
	return a;
}

static void count_clear(struct alarm *a, double v)
{
	if (isnan(v) && a->missing == MISSING_NOT_BREACHING)
		a->cleared++;
	else if (isnan(v) ? a->missing == MISSING_BREACHING
			  : is_beyond(v, a->clear.above, a->clear.below))
		a->cleared = 0;
	else if (!isnan(v))
		a->cleared++;
	if (a->cleared > PERIODS)
		a->cleared = PERIODS;
}

/* One more period; NAN: there was nothing. */
static void alarm_step(struct alarm *a, double v)
{
	size_t range = (size_t)a->n + 2;
	if (a->nr == range)
		memmove(a->point, a->point + 1,
			--a->nr * sizeof(a->point[0]));
	a->point[a->nr++] = isnan(v) ? POINT_MISSING
			    : is_beyond(v, a->limit.above, a->limit.below)
				    ? POINT_BAD : POINT_GOOD;
	count_clear(a, v);
	enum mofn_state next = mofn_evaluate(a->point, a->nr, a->m, a->n,
					     a->missing, a->state);
	if (a->slow && a->state == MOFN_ALARM && next == MOFN_OK &&
	    a->cleared < a->clear_after)
		return;
	a->state = next;
}

/* ---- the replay -------------------------------------------------------- */

struct replay {
	const struct threshold_def *d;
	struct alarm warning, critical;
	struct alert alert;
};

static struct replay replay_of(const struct threshold_def *d)
{
	return (struct replay){ d, alarm_of(d, &d->warning),
				alarm_of(d, &d->critical), { 0 } };
}

static enum threshold_level alert_level(const struct replay *r)
{
	if (!r->alert.firing)
		return LEVEL_OK;
	return r->d->critical.given ? LEVEL_CRITICAL : LEVEL_WARNING;
}

/* Whatever holds; then what nobody can tell. */
static enum threshold_level replay_step(struct replay *r, time_ms at, double v)
{
	const struct threshold_def *d = r->d;
	bool unknown = !d->warning.given && !d->critical.given;
	if (d->alert) {
		alert_step(&r->alert, !isnan(v), at, d->hold, d->keep);
		return alert_level(r);
	}
	if (d->warning.given)
		alarm_step(&r->warning, v);
	if (d->critical.given)
		alarm_step(&r->critical, v);
	if (d->critical.given && r->critical.state == MOFN_ALARM)
		return LEVEL_CRITICAL;
	if (d->warning.given && r->warning.state == MOFN_ALARM)
		return LEVEL_WARNING;
	unknown |= d->warning.given && r->warning.state == MOFN_INSUFFICIENT;
	unknown |= d->critical.given && r->critical.state == MOFN_INSUFFICIENT;
	return unknown ? LEVEL_NODATA : LEVEL_OK;
}

static double limit_of(const struct threshold_def *d, enum threshold_level l,
		       double v)
{
	if (l == LEVEL_CRITICAL && d->critical.given)
		return side_of(&d->critical, v);
	if (l == LEVEL_WARNING && d->warning.given)
		return side_of(&d->warning, v);
	return nearest_limit(d, v);
}

/* The newest point of the period that ends at `end`, which *i runs up to. */
static double period_value(const time_ms *t, const double *v, size_t nr,
			   size_t *i, time_ms end, time_ms period)
{
	double value = NAN;
	for (; *i < nr && t[*i] <= end; ++*i)
		if (t[*i] > end - period)
			value = v[*i];
	return value;
}

static void see_period(struct replay *r, struct threshold_state *out,
		       time_ms end, double v)
{
	enum threshold_level l = replay_step(r, end, v);
	out->value = v;
	if (l != out->level || out->since == TIME_NONE)
		out->since = end;
	out->level = l;
}

/* Longer than a year is no period. */
#define PERIOD_MOST ((time_ms)366 * 86400000)

static void tell_alert(const struct replay *r, struct threshold_state *out)
{
	out->pending = r->alert.active && !r->alert.firing;
	if (out->pending)
		out->since = r->alert.since;
}

void threshold_read(const struct threshold_def *d, const time_ms *t,
		    const double *v, size_t nr, time_ms from, time_ms at,
		    double provisional, struct threshold_state *out)
{
	const time_ms most = (time_ms)LIMIT_POINTS - 1;
	time_ms period = d->period > PERIOD_MOST ? 0 : d->period;
	struct replay r = replay_of(d);
	*out = (struct threshold_state){
		.level = LEVEL_NODATA, .value = NAN, .since = TIME_NONE,
		.provisional = provisional, .leaning = LEVEL_NODATA,
	};
	if (period > 0 && from <= at) {
		time_ms last = time_floor(at, period);
		time_ms first = last - most * period;
		size_t i = 0;
		if (from > first)
			first = time_ceil(from, period);
		for (time_ms end = first; end <= last; end += period)
			see_period(&r, out, end, period_value(t, v, nr, &i,
							      end, period));
	}
	if (d->alert)
		tell_alert(&r, out);
	out->limit = limit_of(d, out->level, out->value);
	out->leaning = out->level;
	if (!isnan(provisional) && period > 0)
		out->leaning = replay_step(&r, time_floor(at, period) + period,
					   provisional);
}

/* ---- how near ---------------------------------------------------------- */

static double over(double v, double limit)
{
	if (isnan(limit))
		return NAN;
	return limit > 0 ? v / limit : 1 + (v - limit) / fmax(fabs(limit), 1);
}

/* What is missing to a whole, where the limit is a share of one; else how many
 * times too little there is. */
static double under(double v, double limit, double whole)
{
	if (isnan(limit))
		return NAN;
	if (limit < whole && limit >= whole / 2)
		return (whole - v) / (whole - limit);
	return limit > 0 && v > 0 ? limit / v
				  : 1 + (limit - v) / fmax(fabs(limit), 1);
}

static double whole_of(const struct threshold_def *d)
{
	if (!d->unit)
		return 0;
	return strcmp(d->unit, "%") == 0 ? 100
	       : strcmp(d->unit, "ratio") == 0 ? 1 : 0;
}

double threshold_nearness(const struct threshold_def *d, double value)
{
	const struct level *l = d->critical.given ? &d->critical : &d->warning;
	if (isnan(value) || !l->given)
		return NAN;
	return fmax(over(value, l->above),
		    under(value, l->below, whole_of(d)));
}

#define PERIODS_LEAST ((time_ms)25)

int threshold_periods(const struct threshold_def *d)
{
	time_ms need = (time_ms)clamped(d->n, PERIODS) + 2 +
		       clamped(d->clear_after, PERIODS);
	if (d->alert && d->period > 0)
		need = d->hold / d->period + d->keep / d->period + 4;
	if (need < PERIODS_LEAST)
		need = PERIODS_LEAST;
	return (int)(need < (time_ms)LIMIT_POINTS ? need
						  : (time_ms)LIMIT_POINTS);
}

/* ---- alerts ------------------------------------------------------------ */

static void alert_hold(struct alert *a, time_ms at)
{
	if (!a->active)
		*a = (struct alert){ .active = true, .since = at,
				     .fired = TIME_NONE };
	a->keep_since = TIME_NONE;
}

/* A pending one is gone with the first false evaluation. */
static void alert_lapse(struct alert *a, time_ms at, time_ms keep)
{
	if (a->firing && keep > 0) {
		if (a->keep_since == TIME_NONE)
			a->keep_since = at;
		if (at - a->keep_since < keep)
			return;
	}
	a->active = a->firing = false;
}

void alert_step(struct alert *a, bool holds, time_ms at, time_ms hold,
		time_ms keep)
{
	if (holds)
		alert_hold(a, at);
	else if (a->active)
		alert_lapse(a, at, keep);
	if (!a->active || a->firing || at - a->since < hold)
		return;
	a->firing = true;
	a->fired = at;
}
