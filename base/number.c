#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_MAX 512

static bool is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

bool number_parse(const char *s, size_t n, double *out)
{
	char copy[NUMBER_MAX];
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
	if (n == 0 || n >= sizeof(copy))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]) && !strchr("+-.eE", s[i]))
			return false;
	memcpy(copy, s, n);
	copy[n] = '\0';
	char *end;
	*out = strtod(copy, &end);
	return *end == '\0';
}

/* Underscores are allowed between digits only, as Go's base-0 literals. */
static bool strip_underscores(const char *s, char *out, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; s[i]; i++) {
		if (n + 1 >= max)
			return false;
		if (s[i] != '_') {
			out[n++] = s[i];
			continue;
		}
		bool before = i > 0
			      && (isxdigit((unsigned char)s[i - 1])
				  || (i > 1 && strchr("xX", s[i - 1])));
		if (!before || !isxdigit((unsigned char)s[i + 1]))
			return false;
	}
	out[n] = '\0';
	return n > 0;
}

bool number_parse_go(const char *s, double *out)
{
	char copy[NUMBER_MAX];
	if (!strip_underscores(s, copy, sizeof(copy)))
		return false;
	const char *p = copy + (*copy == '+' || *copy == '-');
	if (strcasecmp(p, "inf") == 0 || strcasecmp(p, "infinity") == 0) {
		*out = *copy == '-' ? -INFINITY : INFINITY;
		return true;
	}
	if (strcasecmp(copy, "nan") == 0) {
		*out = NAN;
		return true;
	}
	bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
	if (hex && !strpbrk(p, "pP"))
		return false;
	if (!isdigit((unsigned char)*p)
	    && !(*p == '.' && isdigit((unsigned char)p[1])))
		return false;
	char *end;
	errno = 0;
	*out = strtod(copy, &end);
	return *end == '\0' && !isinf(*out);
}

char *number_shortest(double v, char out[NUMBER_TEXT])
{
	if (isnan(v))
		return strcpy(out, "NaN");
	if (isinf(v))
		return strcpy(out, v > 0 ? "+Inf" : "-Inf");
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, NUMBER_TEXT, "%.*g", digits, v);
		if (strtod(out, NULL) == v)
			break;
	}
	return out;
}

/* Three significant digits of 0 <= v < 1000, "%.*f". Rounding may carry to
 * 1000: the caller asks `carries` first. */
static char *three(double v, char *out, const char *suffix)
{
	int places = v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
	snprintf(out, NUMBER_TEXT, "%.*f%s", places, v, suffix);
	return out;
}

static char *unknown(char *out)
{
	return strcpy(out, "–");
}

static char *scaled(double v, double base, const char *const *suffixes,
		    char *out)
{
	while (fabs(v) >= 999.5 && suffixes[1]) {
		v /= base;
		suffixes++;
	}
	if (fabs(v) >= 999.5)
		snprintf(out, NUMBER_TEXT, ">999%s", *suffixes);
	else
		three(v, out, *suffixes);
	return out;
}

char *format_rate(double v, char out[NUMBER_TEXT])
{
	static const char *const suffixes[] = { "", "k", "M", "G", "T", NULL };
	if (isnan(v))
		return unknown(out);
	if (v == 0)
		return strcpy(out, "0");
	if (v > 0 && v < 0.005)
		return strcpy(out, "<.01");
	return scaled(v, 1000, suffixes, out);
}

char *format_bytes(double v, char out[NUMBER_TEXT])
{
	static const char *const suffixes[] = { "B", "kB", "MB", "GB", "TB", NULL };
	if (isnan(v))
		return unknown(out);
	if (v < 999.5) {
		snprintf(out, NUMBER_TEXT, "%.0fB", v);
		return out;
	}
	return scaled(v, 1000, suffixes, out);
}

char *format_latency(double s, char out[NUMBER_TEXT])
{
	if (isnan(s))
		return unknown(out);
	if (isinf(s))
		return strcpy(out, s > 0 ? "+Inf" : "-Inf");
	if (s == 0)
		return strcpy(out, "0ms");
	double ms = s * 1e3;
	if (ms < 0.9995)
		snprintf(out, NUMBER_TEXT, "%.0fus", s * 1e6);
	else if (ms < 9.95)
		snprintf(out, NUMBER_TEXT, "%.1fms", ms);
	else if (ms < 999.5)
		snprintf(out, NUMBER_TEXT, "%.0fms", ms);
	else if (s < 99.95)
		three(s, out, "s");
	else if (s < 5999.5)
		snprintf(out, NUMBER_TEXT, "%.0fm%02.0fs",
			 floor(round(s) / 60), fmod(round(s), 60));
	else
		snprintf(out, NUMBER_TEXT, "%.1fh", s / 3600);
	return out;
}

char *format_percent(double r, char out[NUMBER_TEXT])
{
	double p = r * 100;
	if (isnan(r))
		return unknown(out);
	if (p == 0)
		return strcpy(out, "0%");
	if (p > 0 && p < 0.005)
		return strcpy(out, "<.01%");
	if (r < 1 && p >= 99.95)
		return strcpy(out, "99.9%");
	if (fabs(p) >= 9999.5)
		return strcpy(out, ">999%");
	return three(p, out, "%");
}

char *format_burn(double b, char out[NUMBER_TEXT])
{
	if (isnan(b))
		return unknown(out);
	if (b >= 999.95)
		return strcpy(out, ">999x");
	if (b > 0 && b < 0.05)
		return strcpy(out, "<.1x");
	snprintf(out, NUMBER_TEXT, "%.1fx", b);
	return out;
}

char *format_bound(double s, char out[NUMBER_TEXT])
{
	if (isnan(s))
		return unknown(out);
	if (isinf(s))
		return strcpy(out, s > 0 ? "+Inf" : "-Inf");
	if (s == 0)
		return strcpy(out, "0");
	if (fabs(s) < 1e-3)
		snprintf(out, NUMBER_TEXT, "%.3gus", s * 1e6);
	else if (fabs(s) < 1)
		snprintf(out, NUMBER_TEXT, "%.3gms", s * 1e3);
	else
		snprintf(out, NUMBER_TEXT, "%.4gs", s);
	return out;
}

char *format_objective(double r, char out[NUMBER_TEXT])
{
	snprintf(out, NUMBER_TEXT, "%.6g%%", r * 100);
	return out;
}
