#include "base/number.h"

#include "base/mem.h"

#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer numbers are real but rare: they take the heap. */
#define NUMBER_MAX 128

/* The C locale is static in the library: nothing is allocated or freed. */
static locale_t c_locale(void)
{
	return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* Under another locale the point may be a comma. */
__attribute__((format(printf, 2, 3)))
static char *print(char *out, const char *fmt, ...)
{
	va_list ap;
	locale_t before = uselocale(c_locale());
	va_start(ap, fmt);
	vsnprintf(out, NUMBER_TEXT, fmt, ap);
	va_end(ap);
	uselocale(before);
	return out;
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

/* ASCII only: in Turkish the small letter of I is another one. */
static bool is_word_any_case(const char *s, const char *lower)
{
	for (; *s && *lower; s++, lower++)
		if ((*s >= 'A' && *s <= 'Z' ? *s + 32 : *s) != *lower)
			return false;
	return *s == *lower;
}

static bool is_decimal_char(char c)
{
	return (c >= '0' && c <= '9') || (c && strchr("+-.eE", c));
}

/* All of s[0..n), which strtod would not stop at. */
static bool read_double(const char *s, size_t n, double *out)
{
	char copy[NUMBER_MAX], *end;
	char *text = n < sizeof(copy) ? copy : mem_alloc(n + 1);
	memcpy(text, s, n);
	text[n] = '\0';
	*out = strtod_l(text, &end, c_locale());
	bool whole = n > 0 && end == text + n;
	if (text != copy)
		free(text);
	return whole;
}

bool number_parse(const char *s, size_t n, double *out)
{
	if (is_word(s, n, "NaN")) {
		*out = NAN;
		return true;
	}
	if (is_word(s, n, "+Inf") || is_word(s, n, "Inf")) {
		*out = INFINITY;
		return true;
	}
	if (is_word(s, n, "-Inf")) {
		*out = -INFINITY;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		if (!is_decimal_char(s[i]))
			return false;
	return read_double(s, n, out);
}

static bool is_digit(char c, bool hex)
{
	return hex ? isxdigit((unsigned char)c) : isdigit((unsigned char)c);
}

/* s without sign and, for hexadecimal, prefix. An underscore stands between
 * two digits, or right after the prefix. Returns the length without them. */
static size_t strip_underscores(const char *s, bool hex, char *out)
{
	size_t n = 0;
	for (size_t i = 0; s[i]; i++) {
		if (s[i] != '_') {
			out[n++] = s[i];
			continue;
		}
		bool before = i > 0 ? is_digit(s[i - 1], hex) : hex;
		if (!before || !is_digit(s[i + 1], hex))
			return 0;
	}
	return n;
}

static bool is_mantissa(const char *s, bool hex)
{
	return is_digit(*s, hex) || (*s == '.' && is_digit(s[1], hex))
	       || (*s == '_' && hex);
}

bool number_parse_go(const char *s, double *out)
{
	const char *p = s + (*s == '+' || *s == '-');
	if (is_word_any_case(p, "inf") || is_word_any_case(p, "infinity")) {
		*out = *s == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (is_word_any_case(s, "nan")) {
		*out = NAN;
		return true;
	}
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	p += hex ? 2 : 0;
	if ((hex && !strpbrk(p, "pP")) || !is_mantissa(p, hex))
		return false;
	size_t head = (size_t)(p - s), size = strlen(s) + 1;
	char copy[NUMBER_MAX];
	char *text = size <= sizeof(copy) ? copy : mem_alloc(size);
	memcpy(text, s, head);
	size_t n = strip_underscores(p, hex, text + head);
	bool good = n && read_double(text, head + n, out) && !isinf(*out);
	if (text != copy)
		free(text);
	return good;
}

char *number_shortest(double v, char out[NUMBER_TEXT])
{
	if (isnan(v))
		return strcpy(out, "NaN");
	if (isinf(v))
		return strcpy(out, v > 0 ? "+Inf" : "-Inf");
	for (int digits = 15; digits <= 17; digits++) {
		print(out, "%.*g", digits, v);
		if (strtod_l(out, NULL, c_locale()) == v)
			break;
	}
	return out;
}

/* Three significant digits where |v| < 999.5. */
static char *three(double v, char *out, const char *suffix)
{
	double size = fabs(v);
	int places = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
	return print(out, "%.*f%s", places, v, suffix);
}

static char *unknown(char *out)
{
	return strcpy(out, "–");
}

/* In the first unit where v is below 1000. */
static char *scaled(double v, const char *const *suffixes, bool one_place,
		    char *out)
{
	while (v >= 999.5 && suffixes[1]) {
		v /= 1000;
		suffixes++;
	}
	if (v >= 999.5)
		return print(out, ">999%s", *suffixes);
	if (one_place && v < 9.995)
		return print(out, "%.1f%s", v, *suffixes);
	return three(v, out, *suffixes);
}

/* Below zero there is no rate; if one comes, it keeps the width. */
static char *negative_rate(double v, char *out)
{
	static const char *const suffixes[] = { "", "k", "M", "G", "T" };
	size_t i = 0;
	if (v > -0.005)
		return strcpy(out, ">-.01");
	for (; v <= -999.5 && i < 5; i++)
		v /= 1000;
	if (i == 0)
		return three(v, out, "");
	if (i == 5)
		return strcpy(out, "<-1P");
	return print(out, v > -9.95 ? "%.1f%s" : "%.0f%s", v, suffixes[i]);
}

char *format_rate(double v, char out[NUMBER_TEXT])
{
	static const char *const suffixes[] = { "", "k", "M", "G", "T", NULL };
	if (isnan(v))
		return unknown(out);
	if (isinf(v))
		return strcpy(out, v > 0 ? "+Inf" : "-Inf");
	if (v == 0)
		return strcpy(out, "0");
	if (v < 0)
		return negative_rate(v, out);
	if (v < 0.005)
		return strcpy(out, "<.01");
	return scaled(v, suffixes, false, out);
}

char *format_bytes(double v, char out[NUMBER_TEXT])
{
	static const char *const suffixes[] = { "kB", "MB", "GB", "TB", NULL };
	if (isnan(v))
		return unknown(out);
	if (v < 0)
		return strcpy(out, "<0B");
	if (v < 999.5)
		return print(out, "%.0fB", v);
	return scaled(v / 1000, suffixes, true, out);
}

/* From 100 s on, where seconds alone say little. */
static char *long_latency(double s, char *out)
{
	double h = s / 3600, d = s / 86400;
	if (s < 5999.5)
		return print(out, "%.0fm%02.0fs", floor(round(s) / 60),
			     fmod(round(s), 60));
	if (h < 99.95)
		return print(out, "%.1fh", h);
	return d < 999.5 ? three(d, out, "d") : strcpy(out, ">999d");
}

char *format_latency(double s, char out[NUMBER_TEXT])
{
	if (isnan(s))
		return unknown(out);
	if (isinf(s))
		return strcpy(out, s > 0 ? "+Inf" : "-Inf");
	if (s == 0)
		return strcpy(out, "0ms");
	if (s < 0)
		return strcpy(out, "<0s");
	double us = s * 1e6, ms = s * 1e3;
	if (us < 0.5)
		return strcpy(out, "<1us");
	if (us < 999.5)
		return print(out, "%.0fus", us);
	if (ms < 9.95)
		return print(out, "%.1fms", ms);
	if (ms < 999.5)
		return print(out, "%.0fms", ms);
	return s < 99.95 ? three(s, out, "s") : long_latency(s, out);
}

char *format_percent(double r, char out[NUMBER_TEXT])
{
	double p = r * 100;
	if (isnan(r))
		return unknown(out);
	if (r == 0)
		return strcpy(out, "0%");
	if (fabs(p) < 0.005)
		return strcpy(out, p > 0 ? "<.01%" : ">-.01%");
	if (r < 1 && p >= 99.95)
		return strcpy(out, "99.9%");
	if (fabs(p) >= 999.5)
		return strcpy(out, p > 0 ? ">999%" : "<-999%");
	return three(p, out, "%");
}

char *format_burn(double b, char out[NUMBER_TEXT])
{
	if (isnan(b))
		return unknown(out);
	if (b == 0)
		return strcpy(out, "0.0x");
	if (fabs(b) < 0.05)
		return strcpy(out, b > 0 ? "<.1x" : ">-.1x");
	if (b >= 999.95)
		return strcpy(out, ">999x");
	return b < -99.95 ? strcpy(out, "<-99x") : print(out, "%.1fx", b);
}

char *format_bound(double s, char out[NUMBER_TEXT])
{
	double size = fabs(s);
	if (isnan(s))
		return unknown(out);
	if (isinf(s))
		return strcpy(out, s > 0 ? "+Inf" : "-Inf");
	if (s == 0)
		return strcpy(out, "0");
	/* At 999.5 "%.3g" would turn to an exponent. */
	if (size < 999.5e-6)
		return print(out, "%.3gus", s * 1e6);
	if (size < 999.5e-3)
		return print(out, "%.3gms", s * 1e3);
	return print(out, size < 9999.5 ? "%.4gs" : "%.9gs", s);
}

char *format_objective(double r, char out[NUMBER_TEXT])
{
	return isnan(r) ? unknown(out) : print(out, "%.10g%%", r * 100);
}
