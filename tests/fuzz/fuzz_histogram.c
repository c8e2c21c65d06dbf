/* Bytes as buckets. Odd input (any doubles) must only come back; tame input
 * (counts that rise, bounds apart) must give a value inside its bracket. */
#include "model/histogram.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX 64

struct bytes {
	const uint8_t *p;
	size_t n;
};

static uint8_t take(struct bytes *b)
{
	if (!b->n)
		return 0;
	b->n--;
	return *b->p++;
}

static double take_double(struct bytes *b)
{
	double v = 0;
	size_t n = b->n < sizeof(v) ? b->n : sizeof(v);
	memcpy(&v, b->p, n);
	b->p += n;
	b->n -= n;
	return v;
}

static const struct prom_rules *take_rules(struct bytes *b)
{
	static const char *const versions[] = { "2.42", "2.53", "3.0", "3.4",
						"3.5", "3.8", "3.14" };
	return prom_rules(versions[take(b) % 7]);
}

static void check_inside(struct quantile q)
{
	if (!isfinite(q.value) || isnan(q.lo))
		return;
	double slack = 1e-14 * (fabs(q.lo) + fabs(q.hi));
	if (!(q.value >= q.lo - slack && q.value <= q.hi + slack))
		abort();
}

static void odd(struct bytes *in, const struct prom_rules *r)
{
	struct bucket b[BUCKETS_MAX], again[BUCKETS_MAX];
	struct native_bucket n[BUCKETS_MAX];
	double v[BUCKETS_MAX], q = take_double(in);
	double from = take_double(in), to = take_double(in);
	struct histogram h = { take_double(in), take_double(in), 0, n };
	size_t nr = 0;
	for (; nr < BUCKETS_MAX && in->n; nr++) {
		n[nr].rule = take(in) % 5;
		n[nr].lo = b[nr].le = take_double(in);
		n[nr].hi = take_double(in);
		n[nr].count = b[nr].count = v[nr] = take_double(in);
	}
	h.nr = nr;
	memcpy(again, b, sizeof(b));
	classic_quantile(q, b, nr, r);
	classic_fraction(from, to, again, nr, r);
	native_quantile(q, &h, r);
	native_fraction(from, to, &h, r);
	native_avg(&h);
	prom_sum(v, nr, r);
	prom_avg(v, nr, r);
	struct arena a;
	arena_init(&a, 4096);
	const struct histogram *c = histogram_copy(&h, &a);
	if (c && nr && memcmp(c->bucket, n, nr * sizeof(*n)) != 0)
		abort();
	arena_release(&a);
}

static void tame_classic(struct bytes *in, double q, double from, double to,
			 const struct prom_rules *r)
{
	struct bucket b[BUCKETS_MAX], again[BUCKETS_MAX];
	double le = take(in) - 20.0, count = 0;
	size_t nr = 0;
	while (nr + 1 < BUCKETS_MAX && in->n > 1) {
		count += take(in);
		b[nr++] = (struct bucket){ le, count };
		le += (1 + take(in)) / 16.0;
	}
	b[nr++] = (struct bucket){ INFINITY, count + take(in) };
	memcpy(again, b, sizeof(b));
	check_inside(classic_quantile(q, b, nr, r));
	double share = classic_fraction(from, to, again, nr, r);
	if (!isnan(share) && !(share >= -1e-14 && share <= 1 + 1e-14))
		abort();
}

static void tame_native(struct bytes *in, double q, double from, double to,
			const struct prom_rules *r)
{
	struct native_bucket b[BUCKETS_MAX];
	int schema = take(in) % 13 - 4, at = (int)take(in) - 128;
	struct histogram h = { 0, 1, 0, b };
	while (h.nr < BUCKETS_MAX && in->n > 1) {
		double count = 1 + take(in);
		h.count += count;
		b[h.nr++] = (struct native_bucket){
			0, exp2(ldexp(at, -schema)),
			exp2(ldexp(at + 1, -schema)), count };
		at += 1 + take(in) % 4;
		if (ldexp(at + 1, -schema) > 1000)
			break;
	}
	check_inside(native_quantile(q, &h, r));
	double share = native_fraction(from, to, &h, r);
	if (!isnan(share) && !(share >= -1e-14 && share <= 1 + 1e-14))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	const struct prom_rules *r = take_rules(&in);
	uint8_t way = take(&in) % 3;
	if (way == 0) {
		odd(&in, r);
		return 0;
	}
	double q = take(&in) / 255.0, from = take(&in) - 30.0;
	double to = from + take(&in) / 8.0;
	if (way == 1)
		tame_classic(&in, q, from, to, r);
	else
		tame_native(&in, q, from, to, r);
	return 0;
}
