/* Histograms: each function is one walk over buckets in the server's own order
 * of operations, because answers are compared bit for bit. */
#include "model/histogram.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if FLT_EVAL_METHOD != 0
#error "doubles must be rounded after every operation (SSE2 or better)"
#endif

#define TOLERANCE 1e-12
#define SCHEMA_MIN (-4)
#define SCHEMA_MAX 8
/* More than decimals, the server's table and log2 are off at schema 8. */
#define GRID_TOLERANCE 1e-9

/* What a release brought, on top of the ones before it. */
#define SINCE_246 .native_backward = true
#define SINCE_249 SINCE_246, .monotonic_tolerance = true
#define SINCE_251 SINCE_249, .zero_after = true
#define SINCE_254 SINCE_251, .kahan_sum = true
#define SINCE_255 SINCE_254, .kahan_avg = true
#define SINCE_300 SINCE_255, .left_open = true, .exponential = true
#define SINCE_304 SINCE_300, .classic_fraction = true
#define SINCE_305 SINCE_304, .nan_observations = true, .avg_apart = true
#define SINCE_306 SINCE_305, .native_zero = true
#define SINCE_308 SINCE_306, .fraction_open = true
#define SINCE_310 SINCE_308, .kahan_native = true
#define SINCE_314 SINCE_310, .fraction_ratio = true

/* Newest first: a version takes the first row that is not newer than it. */
static const struct prom_rules rules[] = {
	{ .since = 314, SINCE_314 }, { .since = 310, SINCE_310 },
	{ .since = 308, SINCE_308 }, { .since = 306, SINCE_306 },
	{ .since = 305, SINCE_305 },
	{ .since = 304, SINCE_304, .range_cut = true },
	{ .since = 300, SINCE_300, .range_cut = true },
	{ .since = 255, SINCE_255 }, { .since = 254, SINCE_254 },
	{ .since = 251, SINCE_251 }, { .since = 249, SINCE_249 },
	{ .since = 246, SINCE_246 }, { .since = 200 },
};

/* One to four digits, or -1; *s moves behind them. */
static int number(const char **s)
{
	int v = 0, digits = 0;
	for (; **s >= '0' && **s <= '9'; (*s)++) {
		if (++digits > 4)
			return -1;
		v = v * 10 + (**s - '0');
	}
	return digits ? v : -1;
}

const struct prom_rules *prom_rules(const char *version)
{
	const struct prom_rules *r = rules;
	if (!version)
		return r;
	const char *s = version + (*version == 'v');
	int major = number(&s);
	if (major < 0 || *s++ != '.')
		return r;
	int minor = number(&s);
	if (minor < 0)
		return r;
	int at = major * 100 + (minor > 99 ? 99 : minor);
	/* Older than all rows: a program with numbers of its own. */
	if (at < rules[sizeof(rules) / sizeof(rules[0]) - 1].since)
		return r;
	while (at < r->since)
		r++;
	return r;
}

static struct quantile no_bucket(double value)
{
	return (struct quantile){ value, NAN, NAN };
}

/* A NAN bound counts as the highest, so that it answers NAN. */
static bool is_below(double a, double b)
{
	return a < b || (isnan(b) && !isnan(a));
}

/* By insertion: answers come sorted or nearly so, equal bounds keep their
 * order, and qsort may allocate. */
static void sort(struct bucket *b, size_t nr)
{
	for (size_t i = 1; i < nr; i++) {
		struct bucket x = b[i];
		size_t k = i;
		for (; k > 0 && is_below(x.le, b[k - 1].le); k--)
			b[k] = b[k - 1];
		b[k] = x;
	}
}

/* Equal bounds become one ("1" and "1.0"); returns how many are left. */
static size_t merge(struct bucket *b, size_t nr)
{
	size_t n = 0;
	for (size_t i = 1; i < nr; i++) {
		if (b[i].le == b[n].le)
			b[n].count += b[i].count;
		else
			b[++n] = b[i];
	}
	return n + 1;
}

/* Sorted and merged; 0 if no bucket is open above. */
static size_t prepare(struct bucket *b, size_t nr)
{
	sort(b, nr);
	if (nr == 0 || !isinf(b[nr - 1].le) || b[nr - 1].le < 0)
		return 0;
	return merge(b, nr);
}

/* For a != b. */
static bool is_almost(double a, double b)
{
	double sum = fabs(a) + fabs(b), apart = fabs(a - b);
	if (a == 0 || b == 0 || sum < DBL_MIN)
		return apart < TOLERANCE * DBL_MIN;
	return apart / fmin(sum, DBL_MAX) < TOLERANCE;
}

/* Counts that fall, or rise by less than rounding, take the one before. */
static void repair(struct bucket *b, size_t nr, bool tolerant)
{
	double last = b[0].count;
	for (size_t i = 1; i < nr; i++) {
		double c = b[i].count;
		if (c < last
		    || (tolerant && c != last && is_almost(last, c)))
			b[i].count = last;
		else if (tolerant || c > last)
			last = c;
	}
}

/* The first bucket but the last one that reaches rank, else nr - 1. By
 * halves as the server does: counts of NAN make that another one. */
static size_t find(const struct bucket *b, size_t nr, double rank)
{
	size_t lo = 0, hi = nr - 1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (b[mid].count >= rank)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

struct quantile classic_quantile(double q, struct bucket *b, size_t nr,
				 const struct prom_rules *r)
{
	if (isnan(q) || nr == 0)
		return no_bucket(NAN);
	if (q < 0 || q > 1)
		return no_bucket(q < 0 ? -INFINITY : INFINITY);
	nr = prepare(b, nr);
	if (nr < 2)
		return no_bucket(NAN);
	repair(b, nr, r->monotonic_tolerance);
	double total = b[nr - 1].count, rank = q * total;
	if (total == 0)
		return no_bucket(NAN);
	size_t i = find(b, nr, rank);
	double hi = b[i].le, count = b[i].count, lo = 0;
	if (i == nr - 1) {
		lo = b[nr - 2].le;
		return isnan(total) ? no_bucket(lo)
				    : (struct quantile){ lo, lo, hi };
	}
	if (i == 0 && hi <= 0)
		return (struct quantile){ hi, -INFINITY, hi };
	if (i > 0) {
		lo = b[i - 1].le;
		count -= b[i - 1].count;
		rank -= b[i - 1].count;
	}
	double v = lo + (hi - lo) * (rank / count);
	return isnan(v) ? no_bucket(v) : (struct quantile){ v, lo, hi };
}

/* One end of an interval on its way up through the buckets. */
struct end {
	double x, rank;
	bool set;
};

static void end_set(struct end *e, double rank)
{
	e->rank = rank;
	e->set = true;
}

/* The share between two ends of which each is `all` where no bucket had it. */
static double share(const struct end *from, const struct end *to, double all,
		    double total)
{
	double a = !from->set || from->rank > all ? all : from->rank;
	double b = !to->set || to->rank > all ? all : to->rank;
	return (b - a) / total;
}

/* A bucket lo..hi, `rank` observations below lo and `count` below hi. */
static void classic_end(struct end *e, double lo, const struct bucket *b,
			double rank, const struct prom_rules *r)
{
	if (e->set)
		return;
	if (lo >= e->x)
		end_set(e, rank);
	else if (!(b->le > e->x))
		return;
	else if (r->fraction_open && isinf(lo))
		end_set(e, b->count);
	else
		end_set(e, rank + (b->count - rank) * (e->x - lo)
				  / (b->le - lo));
}

double classic_fraction(double from, double to, struct bucket *b, size_t nr,
			const struct prom_rules *r)
{
	if (!r->classic_fraction)
		return NAN;
	nr = prepare(b, nr);
	if (nr == 0 || b[nr - 1].count == 0 || isnan(from) || isnan(to))
		return NAN;
	if (from >= to)
		return 0;
	struct end lower = { .x = from }, upper = { .x = to };
	double lo = r->fraction_open && b[0].le > 0 ? 0 : -INFINITY, rank = 0;
	for (size_t i = 0; i < nr; i++) {
		classic_end(&lower, lo, &b[i], rank, r);
		classic_end(&upper, lo, &b[i], rank, r);
		lo = b[i].le;
		rank = b[i].count;
	}
	return share(&lower, &upper, b[nr - 1].count, b[nr - 1].count);
}

static bool is_zero_bucket(const struct native_bucket *b)
{
	return b->rule == 3;
}

/* Which sides of zero have buckets of their own: the zero bucket then reaches
 * only to the side of the others. */
struct sides {
	bool negative, positive;
};

static struct sides sides_of(const struct histogram *h)
{
	struct sides s = { false, false };
	for (size_t i = 0; i < h->nr; i++) {
		if (is_zero_bucket(&h->bucket[i]))
			continue;
		if (h->bucket[i].lo < 0)
			s.negative = true;
		else
			s.positive = true;
	}
	return s;
}

static void cut_at_zero(struct native_bucket *b, struct sides s)
{
	if (s.positive && !s.negative)
		b->lo = 0;
	else if (s.negative && !s.positive)
		b->hi = 0;
}

/* lo and hi away from zero; `cut`: lo may be the zero bucket's bound. */
static bool is_on_grid(double lo, double hi, bool cut, int schema)
{
	double upper = ldexp(log2(hi), schema);
	double width = ldexp(log2(hi / lo), schema);
	if (!(fabs(upper - round(upper)) < GRID_TOLERANCE))
		return false;
	return cut ? width < 1 + GRID_TOLERANCE
		   : fabs(width - 1) < GRID_TOLERANCE;
}

static bool fits_schema(const struct histogram *h, double zero, int schema)
{
	for (size_t i = 0; i < h->nr; i++) {
		const struct native_bucket *b = &h->bucket[i];
		if (is_zero_bucket(b))
			continue;
		double lo = b->lo < 0 ? -b->hi : b->lo;
		double hi = b->lo < 0 ? -b->lo : b->hi;
		if (!is_on_grid(lo, hi, lo == zero, schema))
			return false;
	}
	return true;
}

/* The zero bucket's bound, at which the lowest bucket of a side may be cut. An
 * empty zero bucket is not printed but cuts too: believed where at least two
 * buckets remain as witnesses of a grid. */
static double zero_bound(const struct histogram *h)
{
	double least = INFINITY;
	for (size_t i = 0; i < h->nr; i++) {
		const struct native_bucket *b = &h->bucket[i];
		if (is_zero_bucket(b))
			return b->hi;
		least = fmin(least, b->lo < 0 ? -b->hi : b->lo);
	}
	return h->nr >= 4 ? least : NAN;
}

/* The API does not print the schema. Custom bounds are infinite at an end,
 * have no symmetric zero bucket, or lie on no exponential grid. */
static bool is_custom(const struct histogram *h)
{
	for (size_t i = 0; i < h->nr; i++) {
		const struct native_bucket *b = &h->bucket[i];
		if (isinf(b->lo) || isinf(b->hi)
		    || (is_zero_bucket(b) && b->lo != -b->hi))
			return true;
	}
	double zero = zero_bound(h);
	for (int s = SCHEMA_MIN; s <= SCHEMA_MAX; s++)
		if (fits_schema(h, zero, s))
			return false;
	return true;
}

static double interpolate(const struct native_bucket *b, double f, bool linear)
{
	if (linear || (b->lo <= 0 && b->hi >= 0))
		return b->lo + (b->hi - b->lo) * f;
	double lo = log2(fabs(b->lo)), hi = log2(fabs(b->hi));
	if (b->lo > 0)
		return exp2(lo + (hi - lo) * f);
	return -exp2(hi + (lo - hi) * (1 - f));
}

/* Adds up buckets from one end until they reach rank; returns the index of the
 * last one looked at and moves *count. */
static size_t climb(const struct histogram *h, bool backward, double rank,
		    bool skip_empty, struct native_bucket *b, double *count)
{
	size_t at = 0;
	for (size_t i = 0; i < h->nr; i++) {
		at = backward ? h->nr - 1 - i : i;
		*b = h->bucket[at];
		if (b->count == 0 && skip_empty)
			continue;
		*count += b->count;
		if (*count >= rank)
			break;
	}
	return at;
}

static struct quantile in_bucket(const struct native_bucket *b, double v)
{
	return isnan(v) ? no_bucket(v) : (struct quantile){ v, b->lo, b->hi };
}

/* Where the rank is among the observations of its bucket, from below. */
static double rank_inside(double rank, double count, double in_it,
			  bool backward)
{
	return backward ? count - rank : rank - (count - in_it);
}

struct quantile native_quantile(double q, const struct histogram *h,
				const struct prom_rules *r)
{
	if (q < 0 || q > 1)
		return no_bucket(q < 0 ? -INFINITY : INFINITY);
	if (h->count == 0 || isnan(q))
		return no_bucket(NAN);
	bool backward = r->native_backward && q >= 0.5 && !isnan(h->sum);
	bool custom = r->exponential && is_custom(h);
	struct native_bucket b = { 0 };
	double count = 0, rank = (backward ? 1 - q : q) * h->count;
	size_t at = climb(h, backward, rank, r->exponential, &b, &count);
	if (custom && isinf(b.lo) && b.lo < 0) {
		if (b.hi <= 0)
			return in_bucket(&b, b.hi);
		b.lo = 0;
	} else if (custom && isinf(b.hi) && b.hi > 0) {
		return in_bucket(&b, b.lo);
	} else if (!custom && b.lo < 0 && b.hi > 0) {
		cut_at_zero(&b, sides_of(h));
	}
	count = count > h->count ? h->count : count;
	if (count < rank)
		return r->nan_observations && isnan(h->sum)
			       ? no_bucket(NAN) : in_bucket(&b, b.hi);
	rank = rank_inside(rank, count, b.count, backward);
	/* The server looks for NAN observations with the same variable and so
	 * ends up in the last bucket, with the rank of the right one. */
	if (r->nan_observations && isnan(h->sum) && at + 1 < h->nr)
		b = h->bucket[h->nr - 1];
	return in_bucket(&b, interpolate(&b, rank / b.count,
					 custom || !r->exponential));
}

/* The share of a bucket below x on a logarithmic scale: part of width. */
struct ratio {
	double part, width;
};

static struct ratio log_ratio(const struct native_bucket *b, double x)
{
	double lo = log2(fabs(b->lo)), hi = log2(fabs(b->hi));
	double v = log2(fabs(x));
	return x > 0 ? (struct ratio){ v - lo, hi - lo }
		     : (struct ratio){ v - hi, lo - hi };
}

static double below(const struct native_bucket *b, double x, bool linear,
		    const struct prom_rules *r)
{
	struct ratio a = linear ? (struct ratio){ x - b->lo, b->hi - b->lo }
				: log_ratio(b, x);
	if (!linear && !(x > 0))
		return b->count * (1 - a.part / a.width);
	return r->fraction_ratio ? b->count * (a.part / a.width)
				 : b->count * a.part / a.width;
}

static void native_end(struct end *e, const struct native_bucket *b,
		       double rank, bool linear, const struct prom_rules *r)
{
	if (e->set)
		return;
	if (b->lo >= e->x)
		end_set(e, rank);
	else if (!(b->lo < e->x && b->hi > e->x))
		return;
	else if (linear && r->fraction_open && isinf(b->lo))
		end_set(e, b->count);
	else
		end_set(e, rank + below(b, e->x, linear, r));
}

double native_fraction(double from, double to, const struct histogram *h,
		       const struct prom_rules *r)
{
	if (h->count == 0 || isnan(from) || isnan(to))
		return NAN;
	if (from >= to)
		return 0;
	struct end lower = { .x = from }, upper = { .x = to };
	bool custom = r->exponential && is_custom(h);
	bool linear = custom || !r->exponential;
	/* The server keeps all custom buckets on the positive side. */
	struct sides sides = custom ? (struct sides){ false, true }
				    : sides_of(h);
	double rank = 0;
	for (size_t i = 0; i < h->nr; i++) {
		struct native_bucket b = h->bucket[i];
		bool zero = b.lo <= 0 && b.hi >= 0;
		if (zero)
			cut_at_zero(&b, sides);
		native_end(&lower, &b, rank, linear || zero, r);
		native_end(&upper, &b, rank, linear || zero, r);
		rank += b.count;
	}
	bool counted = r->nan_observations && isnan(h->sum);
	return share(&lower, &upper, counted ? rank : h->count, h->count);
}

double native_avg(const struct histogram *h)
{
	return h->sum / h->count;
}

void sum_add(struct sum *s, double v)
{
	double t = s->s + v;
	if (isinf(t))
		s->c = 0;
	else if (fabs(s->s) >= fabs(v))
		s->c += (s->s - t) + v;
	else
		s->c += (v - t) + s->s;
	s->s = t;
}

double sum_value(const struct sum *s)
{
	return s->s + s->c;
}

double prom_sum(const double *v, size_t nr, const struct prom_rules *r)
{
	if (nr == 0)
		return NAN;
	struct sum s = { v[0], 0 };
	for (size_t i = 1; i < nr; i++) {
		if (r->kahan_sum)
			sum_add(&s, v[i]);
		else
			s.s += v[i];
	}
	return r->kahan_sum ? sum_value(&s) : s.s;
}

/* An infinite mean stays unless the other infinity or NAN comes. */
static bool mean_stays(double mean, double v)
{
	return isinf(mean) && !isnan(v) && (!isinf(v) || (mean > 0) == (v > 0));
}

static double running_avg(const double *v, size_t nr)
{
	double mean = v[0];
	for (size_t i = 1; i < nr; i++) {
		double n = (double)(i + 1);
		if (!mean_stays(mean, v[i]))
			mean += v[i] / n - mean / n;
	}
	return mean;
}

/* One more into a running mean of n - 1 values. */
static void move_mean(struct sum *mean, double v, double n, bool scaled)
{
	if (scaled) {
		double q = (n - 1) / n;
		*mean = (struct sum){ q * mean->s, q * mean->c };
		sum_add(mean, v / n);
	} else if (!mean_stays(mean->s, v)) {
		double now = mean->s + mean->c;
		sum_add(mean, v / n - now / n);
	}
}

void mean_add(struct mean *m, double v, const struct prom_rules *r)
{
	double n = ++m->n;
	if (n == 1) {
		m->s = (struct sum){ v, 0 };
		return;
	}
	if (!m->running) {
		struct sum next = m->s;
		sum_add(&next, v);
		if (!isinf(next.s)) {
			m->s = next;
			return;
		}
		m->running = true;
		m->s = (struct sum){ m->s.s / (n - 1), m->s.c / (n - 1) };
	}
	move_mean(&m->s, v, n, r->avg_apart);
}

double mean_value(const struct mean *m, const struct prom_rules *r)
{
	if (m->running)
		return sum_value(&m->s);
	return r->avg_apart ? m->s.s / m->n + m->s.c / m->n
			    : sum_value(&m->s) / m->n;
}

double prom_avg(const double *v, size_t nr, const struct prom_rules *r)
{
	if (nr == 0)
		return NAN;
	if (!r->kahan_avg)
		return running_avg(v, nr);
	struct mean m = { 0 };
	for (size_t i = 0; i < nr; i++)
		mean_add(&m, v[i], r);
	return mean_value(&m, r);
}

const struct histogram *histogram_copy(const struct histogram *h,
				       struct arena *a)
{
	struct histogram *copy = arena_alloc(a, sizeof(*copy));
	size_t size = h->nr * sizeof(*h->bucket);
	struct native_bucket *b = arena_alloc(a, size);
	if (!copy || !b)
		return NULL;
	if (size)
		memcpy(b, h->bucket, size);
	*copy = *h;
	copy->bucket = b;
	return copy;
}
