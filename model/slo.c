#include "model/slo.h"

#include "base/limits.h"
#include "model/catalog.h"

#include <math.h>
#include <string.h>

#define MINUTE ((time_ms)60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* Cells of a period whose method does not say how long they are. */
#define CELLS  720

const time_ms slo_spans[SLO_WINDOWS] = {
	[SLO_5M] = 5 * MINUTE, [SLO_30M] = 30 * MINUTE, [SLO_1H] = HOUR,
	[SLO_2H] = 2 * HOUR, [SLO_6H] = 6 * HOUR, [SLO_1D] = DAY,
	[SLO_3D] = 3 * DAY,
};

const struct slo_tier_def slo_tiers[SLO_TIERS] = {
	{ .page = true,  .brief = SLO_5M,  .lasting = SLO_1H, .share = .02 },
	{ .page = true,  .brief = SLO_30M, .lasting = SLO_6H, .share = .05 },
	{ .page = false, .brief = SLO_2H,  .lasting = SLO_1D, .share = .1 },
	{ .page = false, .brief = SLO_6H,  .lasting = SLO_3D, .share = .1 },
};

const char *slo_window_name(enum slo_window w)
{
	static const char *const names[SLO_WINDOWS] = {
		[SLO_5M] = "5m", [SLO_30M] = "30m", [SLO_1H] = "1h",
		[SLO_2H] = "2h", [SLO_6H] = "6h", [SLO_1D] = "1d",
		[SLO_3D] = "3d",
	};
	return (unsigned)w < SLO_WINDOWS ? names[w] : "unknown";
}

enum slo_window slo_window_of(time_ms span)
{
	unsigned w = 0;
	while (w < SLO_WINDOWS && slo_spans[w] != span)
		w++;
	return (enum slo_window)w;
}

const char *slo_method_name(enum slo_method m)
{
	static const char *const names[] = {
		[SLO_OCCURRENCES] = "occurrences",
		[SLO_TIMESLICES] = "timeslices",
		[SLO_RATIO_TIMESLICES] = "ratio-timeslices",
	};
	return (unsigned)m <= SLO_RATIO_TIMESLICES ? names[m] : "unknown";
}

const char *slo_state_name(enum slo_state s)
{
	static const char *const names[] = {
		[SLO_IS_OK] = "ok", [SLO_NOERRORS] = "noerrors",
		[SLO_NOTRAFFIC] = "notraffic", [SLO_NODATA] = "nodata",
	};
	return (unsigned)s <= SLO_NODATA ? names[s] : "unknown";
}

const char *slo_verdict_name(enum slo_verdict v)
{
	static const char *const names[] = {
		[SLO_PAGE] = "page", [SLO_TICKET] = "ticket",
		[SLO_VERDICT_NODATA] = "nodata",
		[SLO_VERDICT_NOTRAFFIC] = "notraffic", [SLO_FINE] = "ok",
	};
	return (unsigned)v <= SLO_FINE ? names[v] : "unknown";
}

/* 1 - 0.9995 is below 0.0005 by a part in 10^13, and a burn of exactly its
 * factor would fire: the digits that the subtraction invents are cut. */
static double allowed(double share_of_good)
{
	return round((1 - share_of_good) * 1e12) / 1e12;
}

double slo_error_budget(const struct slo_def *d)
{
	return allowed(d->objective);
}

static double seconds(time_ms span)
{
	return (double)span / 1000;
}

/* ---- windows ------------------------------------------------------------ */

/* What is no number cannot be shown, nor written as JSON. */
static double value(const struct slo_value *x)
{
	return x->there && isfinite(x->v) ? x->v : NAN;
}

static void count(const struct slo_def *d, time_ms span,
		  const struct slo_input *in, struct slo_reading *out)
{
	double errors = value(&in->errors), total = value(&in->total);
	if (in->total.there && !in->errors.there)
		errors = isnan(out->error_ratio) ? 0 : out->error_ratio * total;
	out->total = total;
	if (d->counts)
		return;
	out->total *= seconds(span);
	out->err_per_s = errors;
	out->total_per_s = total;
}

/* Something that divides by no requests is no ratio, whether NaN or Inf. */
static enum slo_state ready_made(double ratio, struct slo_reading *out)
{
	if (!isfinite(ratio))
		return SLO_NOTRAFFIC;
	out->error_ratio = ratio;
	return SLO_IS_OK;
}

static enum slo_state divide(const struct slo_input *in,
			     struct slo_reading *out)
{
	if (!in->total.there)
		return SLO_NODATA;
	if (!(value(&in->total) > 0))
		return SLO_NOTRAFFIC;
	if (!in->errors.there) {
		out->error_ratio = 0;
		return SLO_NOERRORS;
	}
	out->error_ratio = value(&in->errors) / in->total.v;
	return isnan(out->error_ratio) ? SLO_NODATA : SLO_IS_OK;
}

void slo_read_window(const struct slo_def *d, time_ms span,
		     const struct slo_input *in, struct slo_reading *out)
{
	*out = (struct slo_reading){
		.err_per_s = NAN, .total_per_s = NAN, .error_ratio = NAN,
		.burn = NAN, .ratio_least = NAN, .total = NAN,
		.recorded = in->recorded.there,
	};
	if (in->recorded.there)
		out->state = ready_made(in->recorded.v, out);
	else if (in->ratio.there && !in->errors.there)
		out->state = ready_made(in->ratio.v, out);
	else
		out->state = divide(in, out);
	count(d, span, in, out);
	double budget = slo_error_budget(d);
	if (budget > 0)
		out->burn = out->error_ratio / budget;
}

/* ---- tiers -------------------------------------------------------------- */

/* How long a window whose burn is `burn` takes to pass the factor when it is
 * fed `now`, which lies above it, while as much of the old goes out. */
static double passes_in(double burn, double now, double factor, time_ms span)
{
	if (burn > factor)
		return 0;
	return (factor - burn) / (now - burn) * seconds(span);
}

static double fires_in(const struct slo_tier_def *def,
		       const struct slo_tier *t, double now)
{
	if (t->firing)
		return 0;
	if (isnan(now) || isnan(t->burn_brief) || isnan(t->burn_lasting))
		return NAN;
	if (!(now > t->factor))
		return INFINITY;
	return fmax(passes_in(t->burn_brief, now, t->factor,
			      slo_spans[def->brief]),
		    passes_in(t->burn_lasting, now, t->factor,
			      slo_spans[def->lasting]));
}

static void read_tier(const struct slo_def *d, const struct slo_tier_def *def,
		      const struct slo_reading window[SLO_WINDOWS],
		      struct slo_tier *t)
{
	const struct slo_reading *brief = &window[def->brief];
	const struct slo_reading *lasting = &window[def->lasting];
	double budget = slo_error_budget(d);
	t->page = def->page;
	t->brief = def->brief;
	t->lasting = def->lasting;
	t->factor = def->share *
		    ((double)d->period / (double)slo_spans[def->lasting]);
	t->burn_brief = brief->burn;
	t->burn_lasting = lasting->burn;
	t->armed = !(t->factor * budget * lasting->total < 1);
	if (lasting->total > 0 && budget > 0)
		t->one_error = 1 / lasting->total / budget;
	t->firing = t->burn_brief > t->factor && t->burn_lasting > t->factor;
	t->fires_in = fires_in(def, t, window[SLO_5M].burn);
}

void slo_read_tiers(const struct slo_def *d,
		    const struct slo_reading window[SLO_WINDOWS],
		    struct slo_tier tier[SLO_TIERS])
{
	const struct slo_tier_def *def =
		d->tier[0].share > 0 ? d->tier : slo_tiers;
	for (size_t i = 0; i < SLO_TIERS; i++) {
		tier[i] = (struct slo_tier){
			.factor = NAN, .burn_brief = NAN, .burn_lasting = NAN,
			.one_error = NAN, .fires_in = NAN,
		};
		if (def[i].share > 0 && (unsigned)def[i].brief < SLO_WINDOWS &&
		    (unsigned)def[i].lasting < SLO_WINDOWS)
			read_tier(d, &def[i], window, &tier[i]);
	}
}

enum slo_verdict slo_judge(const struct slo_reading window[SLO_WINDOWS],
			   const struct slo_tier tier[SLO_TIERS])
{
	enum slo_verdict worst = SLO_FINE;
	for (size_t i = 0; i < SLO_TIERS; i++) {
		if (!tier[i].firing || !tier[i].armed)
			continue;
		if (tier[i].page)
			return SLO_PAGE;
		worst = SLO_TICKET;
	}
	if (worst == SLO_TICKET)
		return worst;
	if (window[SLO_5M].state == SLO_NODATA)
		return SLO_VERDICT_NODATA;
	if (window[SLO_5M].state == SLO_NOTRAFFIC)
		return SLO_VERDICT_NOTRAFFIC;
	return SLO_FINE;
}

/* ---- the budget --------------------------------------------------------- */

/* The multiple of `unit` that cuts a period into at most `cells`. */
static time_ms per(time_ms period, time_ms cells, time_ms unit)
{
	time_ms each = period / cells + (period % cells > 0);
	return time_ceil(each < unit ? unit : each, unit);
}

time_ms slo_cell(const struct slo_def *d)
{
	time_ms slice = d->slice > 0 ? d->slice : MINUTE;
	if (d->method == SLO_OCCURRENCES)
		return per(d->period, CELLS, MINUTE);
	return per(d->period, (time_ms)LIMIT_POINTS, slice);
}

static struct slo_budget unknown_budget(void)
{
	return (struct slo_budget){
		.remaining = NAN, .coverage_s = NAN, .failures_left = NAN,
		.bad = NAN, .total = NAN,
	};
}

static void settle(const struct slo_def *d, struct slo_budget *out)
{
	double budget = slo_error_budget(d);
	if (budget > 0 && out->total > 0)
		out->remaining = 1 - out->bad / out->total / budget;
	if (budget < 1)
		out->failures_left =
			(budget * out->total - out->bad) / (1 - budget);
}

void slo_read_budget(const struct slo_def *d, time_ms span,
		     const struct slo_input *in, double coverage_s,
		     struct slo_budget *out)
{
	*out = unknown_budget();
	out->coverage_s = fmax(0, fmin(coverage_s, seconds(span)));
	if (isnan(coverage_s))
		out->coverage_s = NAN;
	double budget = slo_error_budget(d);
	if (!in->total.there) {
		if (budget > 0)
			out->remaining = 1 - value(&in->ratio) / budget;
		return;
	}
	double scale = d->counts ? 1 : seconds(span);
	out->total = value(&in->total) * scale;
	out->bad = in->errors.there ? value(&in->errors) * scale : 0;
	settle(d, out);
}

/* A cell as the method weighs it: events, or slices. False: it counts for
 * nothing. */
static bool weigh(const struct slo_def *d, const struct slo_cell *c,
		  double *bad, double *total)
{
	if (!(c->total > 0) || isinf(c->total) || isinf(c->errors))
		return false;
	double errors = isnan(c->errors) ? 0 : c->errors;
	double target = d->slice_target > 0 ? d->slice_target : d->objective;
	*bad = errors;
	*total = c->total;
	if (d->method == SLO_OCCURRENCES)
		return true;
	*total = 1;
	*bad = errors / c->total;
	if (d->method == SLO_TIMESLICES)
		*bad = *bad > allowed(target);
	return true;
}

static void add(const struct slo_def *d, const struct slo_cell *c,
		struct slo_budget *sum)
{
	double bad, total;
	if (!weigh(d, c, &bad, &total))
		return;
	sum->bad += bad;
	sum->total += total;
}

void slo_budget_of_slices(const struct slo_def *d, const struct slo_cell *cell,
			  size_t nr, struct slo_budget *out)
{
	*out = unknown_budget();
	struct slo_budget sum = { 0 };
	const struct slo_cell *first = NULL, *last = NULL;
	for (size_t i = 0; i < nr; i++) {
		if (isnan(cell[i].total))
			continue;
		first = first ? first : &cell[i];
		last = &cell[i];
		add(d, last, &sum);
	}
	if (!first)
		return;
	out->coverage_s = seconds(last->at - first->at + slo_cell(d));
	out->bad = sum.bad;
	out->total = sum.total;
	settle(d, out);
}

/* ---- exhaustion --------------------------------------------------------- */

/* A window that moves: what is in it, what one more second adds, and what a
 * second of the cell that is going out takes away. */
struct moving {
	double bad, total;           /* in it */
	double bad_in, total_in;     /* a second */
	double moved;                /* seconds from now */
	double budget;
	double gone;                 /* when the budget was; NAN: not yet */
};

static double overspent(const struct moving *m)
{
	return m->bad - m->budget * m->total;
}

/* To `until` seconds from now, while `bad` of `total` go out evenly. */
static void move(struct moving *m, double until, double bad, double total)
{
	double took = until - m->moved;
	if (!isnan(m->gone) || took < 0)
		return;
	double before = overspent(m);
	m->bad += m->bad_in * took - bad;
	m->total += m->total_in * took - total;
	double after = overspent(m);
	if (after >= 0)
		m->gone = m->moved + took * before / (before - after);
	m->moved = until;
}

/* What an hour like the last adds a second. Where nobody counts requests they
 * come as they did on average. False: not known. */
static bool comes_in(const struct slo_def *d, const struct slo_reading *hour,
		     const struct slo_cell *cell, size_t nr, struct moving *m)
{
	double length = seconds(slo_cell(d)), total = 0, cells = 0;
	for (size_t i = 0; i < nr; i++) {
		total += cell[i].total > 0 ? cell[i].total : 0;
		cells += !isnan(cell[i].total);
	}
	double each = isnan(hour->total)
			      ? total / cells
			      : hour->total / seconds(HOUR) * length;
	struct slo_cell next = { .errors = each * hour->error_ratio,
				 .total = each };
	if (!weigh(d, &next, &m->bad_in, &m->total_in))
		return false;
	m->bad_in /= length;
	m->total_in /= length;
	return true;
}

static double rolling(const struct slo_def *d, const struct slo_reading *hour,
		      const struct slo_cell *cell, size_t nr, time_ms at)
{
	struct moving m = { .budget = slo_error_budget(d), .gone = NAN };
	time_ms begin = at - d->period, length = slo_cell(d);
	double bad, total;
	if (isnan(hour->burn) || !comes_in(d, hour, cell, nr, &m))
		return NAN;
	size_t old = 0;
	while (old < nr && cell[old].at <= begin)
		old++;
	for (size_t i = old; i < nr && cell[i].at <= at; i++) {
		if (!weigh(d, &cell[i], &bad, &total))
			continue;
		m.bad += bad;
		m.total += total;
	}
	if (m.total > 0 && overspent(&m) >= 0)
		return 0;
	for (size_t i = old; i < nr && cell[i].at <= at; i++) {
		if (!weigh(d, &cell[i], &bad, &total))
			continue;
		move(&m, seconds(cell[i].at - length - begin), 0, 0);
		move(&m, seconds(cell[i].at - begin), bad, total);
	}
	move(&m, seconds(d->period), 0, 0);
	return m.gone;
}

void slo_read_exhaustion(const struct slo_def *d,
			 const struct slo_reading *hour,
			 const struct slo_budget *budget,
			 const struct slo_cell *cell, size_t nr, time_ms at,
			 struct slo_exhaustion *out)
{
	*out = (struct slo_exhaustion){ NAN, NAN, NAN };
	if (hour->burn > 0) {
		out->entire = seconds(d->period) / hour->burn;
		out->remaining = budget->remaining * out->entire;
	}
	if (budget->remaining <= 0)
		out->remaining = 0;
	if (nr && d->calendar == CALENDAR_NONE)
		out->rolling = budget->remaining < 0
			       ? 0 : rolling(d, hour, cell, nr, at);
}
