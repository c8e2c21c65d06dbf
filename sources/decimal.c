/* A decimal is a whole number w times a power of ten. Where both are exact in
 * a machine format, one multiplication or division rounds once, as strtod
 * does (Clinger 1990). That holds in double for w <= 2^53 and 10^22; and in
 * the x87's 64-bit format for any w of 19 digits and 10^27, if the result is
 * not half way between two doubles, where rounding twice could differ. */
#include "sources/decimal.h"

#include "base/number.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && LDBL_MANT_DIG == 64
#define WIDE_TEN 27
typedef long double wide;
#else
#define WIDE_TEN 22
typedef double wide;
#endif

static const wide tens[] = {
	1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,	 1e7L,	1e8L,  1e9L,
	1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
	1e20L, 1e21L, 1e22L,
#if WIDE_TEN == 27
	1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
#endif
};

struct decimal {
	bool negative;
	uint64_t w;
	int digits; /* of w */
	int ten;    /* power */
};

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* At most 19 digits, which always fit. */
static const char *read_digits(const char *p, const char *end,
			       struct decimal *d)
{
	for (; is_digit(p, end) && d->digits < 19; p++) {
		d->w = d->w * 10 + (uint64_t)(*p - '0');
		d->digits += d->w != 0;
	}
	return p;
}

static const char *read_exponent(const char *p, const char *end, int *ten)
{
	p++;
	bool minus = p < end && *p == '-';
	p += p < end && (*p == '-' || *p == '+');
	int e = 0;
	if (!is_digit(p, end))
		return NULL;
	for (; is_digit(p, end) && e < 1000; p++)
		e = e * 10 + (*p - '0');
	*ten += minus ? -e : e;
	return p;
}

/* False where the slow way must decide. */
static bool read_decimal(const char *p, const char *end, struct decimal *d)
{
	d->negative = p < end && *p == '-';
	p += d->negative;
	const char *start = p;
	p = read_digits(p, end, d);
	bool any = p > start;
	if (p < end && *p == '.') {
		start = ++p;
		p = read_digits(p, end, d);
		any |= p > start;
		d->ten = -(int)(p - start);
	}
	if (any && p < end && (*p == 'e' || *p == 'E'))
		p = read_exponent(p, end, &d->ten);
	return any && p == end;
}

static bool once_rounded(const struct decimal *d, double *out)
{
	if (d->w == 0) {
		*out = 0;
		return true;
	}
	if (d->w > (uint64_t)1 << 53 || d->ten < -22 || d->ten > 22)
		return false;
	double w = (double)d->w;
	*out = d->ten < 0 ? w / (double)tens[-d->ten] : w * (double)tens[d->ten];
	return true;
}

static bool wide_rounded(const struct decimal *d, double *out)
{
#if WIDE_TEN == 27
	if (d->ten < -WIDE_TEN || d->ten > WIDE_TEN)
		return false;
	wide w = (wide)d->w;
	w = d->ten < 0 ? w / tens[-d->ten] : w * tens[d->ten];
	uint64_t mantissa;
	memcpy(&mantissa, &w, sizeof(mantissa));
	if ((mantissa & 0x7ff) == 0x400)
		return false;
	*out = (double)w;
	return true;
#else
	(void)d;
	(void)out;
	return false;
#endif
}

bool decimal_parse(const char *s, size_t n, double *out)
{
	struct decimal d = { 0 };
	if (!read_decimal(s, s + n, &d)
	    || !(once_rounded(&d, out) || wide_rounded(&d, out)))
		return number_parse(s, n, out);
	if (d.negative)
		*out = -*out;
	return true;
}

time_ms decimal_seconds(const char *s, size_t n)
{
	static const time_ms scale[] = { 1000, 100, 10, 1 };
	struct decimal d = { 0 };
	if (read_decimal(s, s + n, &d) && d.ten <= 0 && d.ten >= -3
	    && d.digits <= 15) {
		time_ms t = (time_ms)d.w * scale[-d.ten];
		return d.negative ? -t : t;
	}
	double v;
	if (!number_parse(s, n, &v) || !(fabs(v) < 1e13))
		return TIME_NONE;
	return llround(v * 1000);
}
