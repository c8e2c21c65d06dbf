/* What is held of a service in place of a source's answers: windows from its
 * errors and requests on the grid, and measures over periods. */
#include "model/objective_private.h"

#include "base/limits.h"
#include "model/resource.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Less of a window, of a budget's period, is no statement about it. */
#define WINDOW_LEAST 0.9
#define PERIOD_LEAST 0.1

static const struct service *named(const struct service *const *s, size_t nr,
				   const struct store_source *src,
				   const char *name)
{
	for (size_t i = 0; i < nr; i++)
		if ((!src || s[i]->source == src)
		    && strcmp(s[i]->name, name) == 0)
			return s[i];
	return NULL;
}

const struct service *objective_service(const struct store *st,
					const struct store_source *src,
					const char *name)
{
	const struct service *const *s;
	size_t nr = store_services(st, &s);
	const struct service *own = named(s, nr, src, name);
	return own ? own : named(s, nr, NULL, name);
}

bool objective_can_use(const struct slo_def *d, const struct service *s)
{
	enum method m = s->shape->method;
	if (d->latency > 0)
		return m == METHOD_HISTOGRAM || m == METHOD_NATIVE;
	return s->shape->status != STATUS_NONE;
}

static time_ms step_of(const struct service *s)
{
	return s->source->step;
}

/* ---- events a second at a grid point ------------------------------------ */

struct events {
	double bad, total; /* NAN: no data */
};

/* A bucket that the limit lies in counts as slow: the stricter edge. */
static struct events slow_at(const struct service *s, double limit, time_ms t)
{
	struct heat_bucket b[LIMIT_BUCKETS];
	size_t n = service_buckets_at(s, t, b, LIMIT_BUCKETS);
	struct sum bad = { 0, 0 }, total = { 0, 0 };
	for (size_t i = 0; i < n; i++) {
		sum_add(&total, b[i].rate);
		if (b[i].hi > limit * (1 + 1e-9))
			sum_add(&bad, b[i].rate);
	}
	if (n == 0)
		return (struct events){ NAN, NAN };
	return (struct events){ sum_value(&bad), sum_value(&total) };
}

static struct events failed_at(const struct service *s, time_ms t)
{
	double bad = service_at(s, M_ERRORS, t);
	return (struct events){ bad, bad + service_at(s, M_OK, t)
				     + service_at(s, M_4XX, t) };
}

static struct events events_at(const struct slo_def *d,
			       const struct service *s, time_ms t)
{
	struct events e = d->latency > 0 ? slow_at(s, d->latency, t)
					 : failed_at(s, t);
	/* It only reports where there is something to count. */
	if (isnan(e.total) && s->shape->sparse)
		return (struct events){ 0, 0 };
	return e;
}

/* ---- windows ------------------------------------------------------------ */

/* Sums over the points that were walked, the newest first. */
struct history {
	struct sum bad, total;
	size_t points;
};

static struct slo_input input_of(const struct history *h, double parts)
{
	return (struct slo_input){
		.errors = { true, sum_value(&h->bad) / parts },
		.total = { true, sum_value(&h->total) / parts },
	};
}

static void read_window(const struct slo_def *d, enum slo_window w,
			const struct history *h, time_ms step,
			struct slo_reading *out)
{
	struct slo_input in = { 0 };
	double covered = (double)h->points * (double)step;
	if (step <= slo_spans[w]
	    && covered >= WINDOW_LEAST * (double)slo_spans[w])
		in = input_of(h, (double)h->points);
	slo_read_window(d, slo_spans[w], &in, out);
	out->from_store = true;
}

/* An increase over the period is what was counted, however little of it is
 * covered. */
static void read_budget(const struct slo_def *d, time_ms span,
			const struct history *h, time_ms step,
			struct slo_budget *out)
{
	struct slo_input in = { 0 };
	double covered = (double)h->points * (double)step;
	if (covered >= PERIOD_LEAST * (double)span
	    && d->method == SLO_OCCURRENCES)
		in = input_of(h, (double)span / (double)step);
	slo_read_budget(d, span, &in, covered / 1000, out);
}

static time_ms newest(const struct service *s, time_ms at)
{
	time_ms settled = service_settled(s, at), step = step_of(s);
	if (s->shape->sparse)
		return time_floor(settled, step);
	time_ms t = service_grid(s, settled);
	return t != TIME_NONE ? t : service_grid(s, settled - step);
}

/* Reads what is complete once the walk has come to t. */
struct reading {
	const struct slo_def *d;
	time_ms end, span, step;
	struct history h;
	int next;                /* window */
	struct slo_reading *window;
	bool settled;            /* the budget is read */
	struct slo_budget *budget;
};

static void read_until(struct reading *r, time_ms t)
{
	for (; r->next < SLO_WINDOWS && t <= r->end - slo_spans[r->next];
	     r->next++)
		read_window(r->d, (enum slo_window)r->next, &r->h, r->step,
			    &r->window[r->next]);
	if (r->settled || t > r->end - r->span)
		return;
	read_budget(r->d, r->span, &r->h, r->step, r->budget);
	r->settled = true;
}

static void see(struct reading *r, struct events e)
{
	if (isnan(e.total))
		return;
	sum_add(&r->h.bad, e.bad);
	sum_add(&r->h.total, e.total);
	r->h.points++;
}

time_ms objective_from_store(const struct slo_def *d, const struct service *s,
			     time_ms at, time_ms span,
			     struct slo_reading window[SLO_WINDOWS],
			     struct slo_budget *budget)
{
	struct slo_def own = *d;
	time_ms step = step_of(s), from = s->source->range_from;
	time_ms end = step > 0 && from != TIME_NONE ? newest(s, at) : TIME_NONE;
	struct reading r = { .d = &own, .end = at, .span = span, .step = step,
			     .window = window, .budget = budget };
	own.counts = false; /* the grid has rates */
	if (end != TIME_NONE)
		r.end = end;
	size_t left = end != TIME_NONE ? LIMIT_POINTS : 0;
	for (time_ms t = r.end; left && t >= from
	     && (r.next < SLO_WINDOWS || !r.settled); t -= step, left--) {
		read_until(&r, t);
		see(&r, events_at(d, s, t));
	}
	read_until(&r, INT64_MIN);
	return r.h.points ? r.end : TIME_NONE;
}

/* ---- measures over periods ---------------------------------------------- */

/* Buckets of all points of a period, added up. */
struct buckets {
	size_t nr;
	struct heat_bucket of[LIMIT_BUCKETS];
};

static void buckets_add(struct buckets *sum, const struct heat_bucket *b,
			size_t hint)
{
	size_t i = hint < sum->nr && sum->of[hint].lo == b->lo
		   && sum->of[hint].hi == b->hi ? hint : 0;
	while (i < sum->nr
	       && (sum->of[i].lo != b->lo || sum->of[i].hi != b->hi))
		i++;
	if (i == LIMIT_BUCKETS)
		return;
	if (i == sum->nr)
		sum->of[sum->nr++] = (struct heat_bucket){ b->lo, b->hi, 0 };
	sum->of[i].rate += b->rate;
}

static int by_bound(const void *a, const void *b)
{
	const struct heat_bucket *x = a, *y = b;
	return (x->hi > y->hi) - (x->hi < y->hi);
}

static const struct prom_rules *rules_of(const struct service *s)
{
	return s->source->rules ? s->source->rules : prom_rules(NULL);
}

static double classic(const struct service *s, double q,
		      const struct buckets *sum)
{
	struct bucket b[LIMIT_BUCKETS];
	double count = 0;
	for (size_t i = 0; i < sum->nr; i++) {
		count += sum->of[i].rate;
		b[i] = (struct bucket){ sum->of[i].hi, count };
	}
	return classic_quantile(q, b, sum->nr, rules_of(s)).value;
}

static double merged(const struct service *s, double q, time_ms first,
		     time_ms to)
{
	struct heat_bucket b[LIMIT_BUCKETS];
	struct buckets sum;
	sum.nr = 0;
	for (time_ms t = first; t <= to; t += step_of(s)) {
		size_t n = service_buckets_at(s, t, b, LIMIT_BUCKETS);
		for (size_t i = 0; i < n; i++)
			buckets_add(&sum, &b[i], i);
	}
	if (sum.nr == 0)
		return NAN;
	qsort(sum.of, sum.nr, sizeof(*sum.of), by_bound);
	return classic(s, q, &sum);
}

/* In the server's own unit: whether bounds lie on an exponential grid decides
 * how it interpolates. */
struct natives {
	struct histogram h;
	struct native_bucket of[LIMIT_BUCKETS];
};

static bool same_bounds(const struct native_bucket *a,
			const struct native_bucket *b)
{
	return a->lo == b->lo && a->hi == b->hi && a->rule == b->rule;
}

static void natives_add(struct natives *sum, const struct histogram *h)
{
	for (size_t i = 0; i < h->nr; i++) {
		size_t k = 0;
		while (k < sum->h.nr
		       && !same_bounds(&sum->of[k], &h->bucket[i]))
			k++;
		if (k == LIMIT_BUCKETS)
			continue;
		if (k < sum->h.nr)
			sum->of[k].count += h->bucket[i].count;
		else
			sum->of[sum->h.nr++] = h->bucket[i];
	}
	sum->h.count += h->count;
	sum->h.sum += h->sum;
}

static int by_lower(const void *a, const void *b)
{
	const struct native_bucket *x = a, *y = b;
	return (x->lo > y->lo) - (x->lo < y->lo);
}

static double merged_native(const struct service *s, double q, time_ms first,
			    time_ms to)
{
	struct natives sum;
	sum.h = (struct histogram){ .bucket = sum.of };
	for (time_ms t = first; t <= to; t += step_of(s)) {
		const struct histogram *h = NULL;
		for (size_t i = 0; i < s->nr[RED_NATIVE] && !h; i++)
			h = series_histogram_at(s->series[RED_NATIVE][i], t);
		if (h)
			natives_add(&sum, h);
	}
	if (sum.h.nr == 0)
		return NAN;
	qsort(sum.of, sum.h.nr, sizeof(*sum.of), by_lower);
	return native_quantile(q, &sum.h, rules_of(s)).value
	       * unit_scale(s->shape->unit);
}

/* Ready-made ones cannot be merged: the largest. */
static double largest(const struct service *s, enum measure m, time_ms first,
		      time_ms to)
{
	double v = NAN;
	for (time_ms t = first; t <= to; t += step_of(s))
		v = fmax(v, service_at(s, m, t));
	return v;
}

static double quantile(const struct service *s, const struct threshold_def *d,
		       time_ms first, time_ms to)
{
	static const struct {
		double q;
		enum measure m;
	} of[MEASURES] = {
		[MEASURE_P50] = { 0.5, M_P50 }, [MEASURE_P95] = { 0.95, M_P95 },
		[MEASURE_P99] = { 0.99, M_P99 },
	};
	double q = of[d->measure].q;
	enum method m = s->shape->method;
	double v = m == METHOD_HISTOGRAM ? merged(s, q, first, to)
		   : m == METHOD_NATIVE ? merged_native(s, q, first, to)
		   : largest(s, of[d->measure].m, first, to);
	return d->unit && strcmp(d->unit, "ms") == 0 ? v * 1000 : v;
}

static double mean_rate(const struct service *s, time_ms first, time_ms to)
{
	struct sum sum = { 0, 0 };
	size_t n = 0;
	for (time_ms t = first; t <= to; t += step_of(s)) {
		double v = service_at(s, M_RATE, t);
		if (isnan(v))
			continue;
		sum_add(&sum, v);
		n++;
	}
	return n ? sum_value(&sum) / (double)n : NAN;
}

/* Per cent of the requests. */
static double failed(const struct service *s, time_ms first, time_ms to)
{
	struct sum bad = { 0, 0 }, total = { 0, 0 };
	for (time_ms t = first; t <= to; t += step_of(s)) {
		struct events e = failed_at(s, t);
		if (isnan(e.total))
			continue;
		sum_add(&bad, e.bad);
		sum_add(&total, e.total);
	}
	double all = sum_value(&total);
	return all > 0 ? 100 * sum_value(&bad) / all : NAN;
}

/* Per cent of the limit, the most of the period. */
static double used(const struct service *s, time_ms first, time_ms to)
{
	double v = NAN;
	for (time_ms t = first; t <= to; t += step_of(s)) {
		struct resource r;
		resource_read(s, t, t, &r);
		if (r.at == t && r.age != TIME_NONE)
			v = fmax(v, 100 * r.ratio);
	}
	return v;
}

double objective_measure(const struct service *s,
			 const struct threshold_def *d, time_ms from,
			 time_ms to)
{
	time_ms step = step_of(s);
	if (step <= 0 || (to - from) / step > (time_ms)LIMIT_POINTS)
		return NAN;
	time_ms first = time_floor(from, step) + step;
	switch (d->measure) {
	case MEASURE_RATE:
		return mean_rate(s, first, to);
	case MEASURE_ERRORS:
		return failed(s, first, to);
	case MEASURE_SUCCESS:
		return 100 - failed(s, first, to);
	case MEASURE_P50:
	case MEASURE_P95:
	case MEASURE_P99:
		return quantile(s, d, first, to);
	case MEASURE_USED:
		return used(s, first, to);
	case MEASURE_NONE:
	case MEASURES:
		break;
	}
	return NAN;
}
