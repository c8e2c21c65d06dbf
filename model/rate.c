/* Samples of one series: each function is one walk over a window in the
 * server's own order of operations, because answers are compared bit for
 * bit. */
#include "model/rate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "doubles must be rounded after every operation (SSE2 or better)"
#endif

#define STALE UINT64_C(0x7ff0000000000002)

double rate_stale_marker(void)
{
	uint64_t bits = STALE;
	double v;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

bool rate_is_stale(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	return bits == STALE;
}

/* The samples of one window; the first and the last are no stale markers. */
struct window {
	const time_ms *t;
	const double *v;
	size_t nr;
	time_ms from, to;
	double seconds; /* of the range */
};

static size_t lower(const time_ms *t, size_t nr, time_ms from)
{
	size_t lo = 0, hi = nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t upper(const time_ms *t, size_t nr, time_ms to)
{
	return to == INT64_MAX ? nr : lower(t, nr, to + 1);
}

static double seconds_of(time_ms range)
{
	return (double)(range / 1000)
	       + (double)(range % 1000 * 1000000) / 1e9;
}

/* False: no sample in it. */
static bool window_of(struct window *w, const time_ms *t, const double *v,
		      size_t nr, time_ms range, time_ms at,
		      const struct prom_rules *r)
{
	if (r->range_cut)
		range = (time_ms)(seconds_of(range) * 1000);
	time_ms from;
	if (range <= 0 || __builtin_sub_overflow(at, range, &from))
		return false;
	size_t a = lower(t, nr, from + r->left_open), b = upper(t, nr, at);
	while (a < b && rate_is_stale(v[a]))
		a++;
	while (a < b && rate_is_stale(v[b - 1]))
		b--;
	if (a >= b)
		return false;
	*w = (struct window){ t + a, v + a, b - a, from, at,
			      seconds_of(range) };
	return true;
}

static const struct form {
	bool counter, per_second, newest;
} forms[] = {
	[RATE_RATE]     = { .counter = true, .per_second = true },
	[RATE_INCREASE] = { .counter = true },
	[RATE_DELTA]    = { 0 },
	[RATE_IRATE]    = { .counter = true, .per_second = true,
			    .newest = true },
	[RATE_IDELTA]   = { .newest = true },
};

/* Last minus first, resets added in their order; *n: how many samples. */
static double difference(const struct window *w, bool counter, size_t *n)
{
	double last = w->v[0], d = w->v[w->nr - 1] - w->v[0];
	*n = 1;
	for (size_t i = 1; i < w->nr; i++) {
		if (rate_is_stale(w->v[i]))
			continue;
		if (counter && w->v[i] < last)
			d += last;
		last = w->v[i];
		++*n;
	}
	return d;
}

/* Seconds from a counter's zero to its first sample, at the pace of the
 * window. */
static double since_zero(double first, double increase, double sampled)
{
	return increase > 0 && first >= 0 ? sampled * (first / increase)
					  : INFINITY;
}

/* What the part without samples, at both ends, makes of the difference. */
static double stretch(const struct window *w, size_t n, double zero,
		      const struct prom_rules *r)
{
	time_ms first = w->t[0], last = w->t[w->nr - 1];
	double start = (double)(first - w->from) / 1000;
	double end = (double)(w->to - last) / 1000;
	double sampled = (double)(last - first) / 1000;
	double apart = sampled / (double)(n - 1), limit = apart * 1.1;
	if (!r->zero_after && zero < start)
		start = zero;
	if (start >= limit)
		start = apart / 2;
	if (r->zero_after && zero < start)
		start = zero;
	if (end >= limit)
		end = apart / 2;
	return (sampled + start + end) / sampled;
}

static bool over_window(const struct window *w, const struct form *f,
			const struct prom_rules *r, double *out)
{
	size_t n;
	double d = difference(w, f->counter, &n);
	if (n < 2)
		return false;
	double sampled = (double)(w->t[w->nr - 1] - w->t[0]) / 1000;
	double zero = f->counter ? since_zero(w->v[0], d, sampled) : INFINITY;
	double factor = stretch(w, n, zero, r);
	if (f->per_second)
		factor /= w->seconds;
	*out = d * factor;
	return true;
}

static bool newest_two(const struct window *w, const struct form *f,
		       double *out)
{
	size_t b = w->nr - 1, a = b;
	while (a > 0 && rate_is_stale(w->v[a - 1]))
		a--;
	if (a-- == 0)
		return false;
	bool reset = f->counter && w->v[b] < w->v[a];
	double d = reset ? w->v[b] : w->v[b] - w->v[a];
	if (f->per_second)
		d /= (double)(w->t[b] - w->t[a]) / 1000;
	*out = d;
	return true;
}

bool rate_over(enum rate_function fn, const time_ms *t, const double *v,
	       size_t nr, time_ms range, time_ms at,
	       const struct prom_rules *r, double *out)
{
	struct window w;
	const struct form *f = &forms[fn];
	if (!window_of(&w, t, v, nr, range, at, r))
		return false;
	return f->newest ? newest_two(&w, f, out) : over_window(&w, f, r, out);
}

static double sum_of(const struct window *w)
{
	struct sum s = { 0, 0 };
	for (size_t i = 0; i < w->nr; i++)
		if (!rate_is_stale(w->v[i]))
			sum_add(&s, w->v[i]);
	return sum_value(&s);
}

static double count_of(const struct window *w)
{
	size_t n = 0;
	for (size_t i = 0; i < w->nr; i++)
		n += !rate_is_stale(w->v[i]);
	return (double)n;
}

/* Before kahan_avg: a running mean, its compensation apart to the end. */
static double running_mean(const struct window *w)
{
	struct sum s = { 0, 0 };
	double n = 0;
	for (size_t i = 0; i < w->nr; i++) {
		double v = w->v[i];
		if (rate_is_stale(v))
			continue;
		n++;
		if (isinf(s.s) && (isfinite(v) || v == s.s))
			continue;
		sum_add(&s, v / n - s.s / n);
	}
	return sum_value(&s);
}

static double mean_of(const struct window *w, const struct prom_rules *r)
{
	if (!r->kahan_avg)
		return running_mean(w);
	struct mean m = { 0 };
	for (size_t i = 0; i < w->nr; i++)
		if (!rate_is_stale(w->v[i]))
			mean_add(&m, w->v[i], r);
	return mean_value(&m, r);
}

/* A NAN gives way to whatever comes. */
static double extreme_of(const struct window *w, bool max)
{
	double x = w->v[0];
	for (size_t i = 1; i < w->nr; i++) {
		double v = w->v[i];
		if (rate_is_stale(v))
			continue;
		if (isnan(x) || (max ? v > x : v < x))
			x = v;
	}
	return x;
}

bool rate_over_time(enum rate_aggregate f, const time_ms *t, const double *v,
		    size_t nr, time_ms range, time_ms at,
		    const struct prom_rules *r, double *out)
{
	struct window w;
	if (!window_of(&w, t, v, nr, range, at, r))
		return false;
	switch (f) {
	case OVER_SUM:
		*out = sum_of(&w);
		break;
	case OVER_COUNT:
		*out = count_of(&w);
		break;
	case OVER_AVG:
		*out = mean_of(&w, r);
		break;
	case OVER_MIN:
	case OVER_MAX:
		*out = extreme_of(&w, f == OVER_MAX);
		break;
	}
	return true;
}

bool rate_instant(const time_ms *t, const double *v, size_t nr,
		  time_ms lookback, time_ms at, const struct prom_rules *r,
		  double *out)
{
	size_t n = upper(t, nr, at);
	if (n == 0 || rate_is_stale(v[n - 1]))
		return false;
	time_ms age;
	if (__builtin_sub_overflow(at, t[n - 1], &age))
		return false;
	if (age > 0 && (r->left_open ? age >= lookback : age > lookback))
		return false;
	*out = v[n - 1];
	return true;
}
