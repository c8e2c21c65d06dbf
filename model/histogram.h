/* Histograms, classic and native, and what Prometheus computes from them, to
 * the last bit. Rules: the Prometheus documentation of histogram_quantile and
 * histogram_fraction, promql/quantile.go at each release's tag. */
#ifndef MODEL_HISTOGRAM_H
#define MODEL_HISTOGRAM_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which release's rules hold; a row of a table in histogram.c. */
struct prom_rules {
	int since;               /* version as major*100 + minor: 242, 300, 314 */
	bool native_backward;    /* 2.46: q >= 0.5 counts from the upper end */
	bool monotonic_tolerance;/* 2.49: differences under 1e-12 are ignored */
	bool zero_after;         /* 2.51: zero point limits after the 1.1 test */
	bool kahan_sum;          /* 2.54 */
	bool kahan_avg;          /* 2.55 */
	bool left_open;          /* 3.0 */
	bool range_cut;          /* 3.0 to 3.4: [1118ms] is 1117 ms */
	bool exponential;        /* 3.0: interpolation of native histograms */
	bool classic_fraction;   /* 3.4 */
	bool nan_observations;   /* 3.5 */
	bool avg_apart;          /* 3.5: avg() divides sum and rest apart */
	bool native_zero;        /* 3.6: zero point for native histograms */
	bool fraction_open;      /* 3.8: a first bucket without lower bound */
	bool kahan_native;       /* 3.10 */
	bool fraction_ratio;     /* 3.14: n * (part / width) */
};

/* Rules for a version text ("2.42.0"); the newest for one that cannot be
 * read, NULL or "". Never NULL. */
const struct prom_rules *prom_rules(const char *version);

/* One classic bucket: its upper bound and the cumulative count. */
struct bucket {
	double le, count;
};

/* A native histogram in the form that the HTTP API prints: buckets not
 * cumulative, rising, empty ones left out. */
struct native_bucket {
	uint8_t rule; /* 0 (lo,hi]  1 [lo,hi)  2 (lo,hi)  3 [lo,hi] */
	double lo, hi, count;
};

struct histogram {
	double count, sum;
	size_t nr;
	const struct native_bucket *bucket;
};

/* A quantile and the bucket it fell into. `lo` may be -Inf and `hi` +Inf;
 * both are NAN where no bucket decided (value NAN or ±Inf by rule). */
struct quantile {
	double value, lo, hi;
};

/* histogram_quantile(q, b). `b` is scratch: it is sorted, merged and repaired
 * in place (NAN bounds not allowed; equal bounds are added). nr 0 gives NAN
 * (there would be no series). */
struct quantile classic_quantile(double q, struct bucket *b, size_t nr,
				 const struct prom_rules *r);
/* histogram_fraction(from, to, b): the share of observations between, NAN
 * where the server says NaN or where the rules do not know the function.
 * `b` is scratch likewise. */
double classic_fraction(double from, double to, struct bucket *b, size_t nr,
			const struct prom_rules *r);

struct quantile native_quantile(double q, const struct histogram *h,
				const struct prom_rules *r);
double native_fraction(double from, double to, const struct histogram *h,
		       const struct prom_rules *r);
double native_avg(const struct histogram *h); /* sum / count */

/* sum() and avg() of the server, in the given order. */
double prom_sum(const double *v, size_t nr, const struct prom_rules *r);
double prom_avg(const double *v, size_t nr, const struct prom_rules *r);
/* Our own sums: always Kahan-Neumaier, the newest rules. */
struct sum {
	double s, c;
};
void sum_add(struct sum *s, double v);
double sum_value(const struct sum *s);
/* prom_avg() of one value after the other, from kahan_avg on. */
struct mean {
	struct sum s;
	double n;
	bool running; /* the sum overflowed: s is the mean */
};
void mean_add(struct mean *m, double v, const struct prom_rules *r);
double mean_value(const struct mean *m, const struct prom_rules *r); /* n > 0 */

/* A deep copy into an arena; NULL at its ceiling. */
const struct histogram *histogram_copy(const struct histogram *h,
				       struct arena *a);

#endif
