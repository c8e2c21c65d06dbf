#include "sources/demo_draw.h"

#include "sources/demo_trouble.h"

#include <math.h>

/* An expectation below that is drawn exactly, others are nearly normal. */
#define FEW 30
#define FEW_MOST 400

/* 0..1, neither of them. */
static double uniform(uint64_t key)
{
	return ((double)(trouble_mix(key) >> 12) + .5) * 0x1p-52;
}

static double normal(uint64_t key)
{
	return sqrt(-2 * log(uniform(key)))
	       * cos(2 * M_PI * uniform(~key));
}

static double draw_few(double n, double p, double u)
{
	double chance = exp(n * log1p(-p)), k = 0;
	for (; u > chance && k < n && k < FEW_MOST; k++) {
		u -= chance;
		chance *= (n - k) / (k + 1) * (p / (1 - p));
	}
	return k;
}

double draw_binomial(double n, double p, uint64_t key)
{
	if (!(n > 0) || !(p > 0))
		return 0;
	if (p >= 1)
		return n;
	if (p > .5)
		return n - draw_binomial(n, 1 - p, key);
	if (n * p < FEW)
		return draw_few(n, p, uniform(key));
	double v = round(n * p + normal(key) * sqrt(n * p * (1 - p)));
	return v < 0 ? 0 : v > n ? n : v;
}

void draw_split(double n, const double *weight, size_t nr, uint64_t key,
		double *out)
{
	double left = 0;
	for (size_t i = 0; i < nr; i++)
		left += weight[i];
	for (size_t i = 0; i < nr; i++) {
		double p = left > 0 ? weight[i] / left : 0;
		/* The rest of the weights may be 0 but for rounding. */
		if (i + 1 == nr || weight[i] >= left)
			p = 1;
		out[i] = draw_binomial(n, p, key + i);
		n -= out[i];
		left -= weight[i];
	}
}
