#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NOW_MAX (INT64_MAX / 2)

static const struct unit {
	const char *suffix;
	time_ms ms;
} units[] = {
	{ "ms", 1 },          { "s", 1000 },       { "m", 60000 },
	{ "h", 3600000 },     { "d", 86400000 },   { "w", 604800000 },
};

/* At the ends of the range the nearest multiple that is still a time. */
time_ms time_floor(time_ms t, time_ms step)
{
	if (step <= 0)
		return t;
	time_ms r = t % step;
	if (r >= 0)
		return t - r;
	return t - r < INT64_MIN + step ? t - r : t - r - step;
}

time_ms time_ceil(time_ms t, time_ms step)
{
	if (step <= 0)
		return t;
	time_ms r = t % step;
	if (r <= 0)
		return t - r;
	return t - r > INT64_MAX - step ? t - r : t - r + step;
}

static struct tm split(time_ms t)
{
	time_t s = (time_t)(t / 1000 - (t % 1000 < 0));
	struct tm tm = { 0 };
	gmtime_r(&s, &tm);
	return tm;
}

char *time_iso(time_ms t, char out[TIME_TEXT])
{
	struct tm tm = split(t);
	int ms = (int)((t % 1000 + 1000) % 1000);
	/* strftime does not pad a year. */
	int n = snprintf(out, TIME_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d",
			 tm.tm_year + 1900LL, tm.tm_mon + 1, tm.tm_mday,
			 tm.tm_hour, tm.tm_min, tm.tm_sec);
	snprintf(out + n, (size_t)(TIME_TEXT - n), ms ? ".%03dZ" : "Z", ms);
	return out;
}

char *time_hms(time_ms t, char out[TIME_TEXT])
{
	struct tm tm = split(t);
	strftime(out, TIME_TEXT, "%H:%M:%S", &tm);
	return out;
}

char *time_hm(time_ms t, char out[TIME_TEXT])
{
	struct tm tm = split(t);
	strftime(out, TIME_TEXT, "%H:%M", &tm);
	return out;
}

/* "3d 4h", "3d": the smaller unit only where it says something. */
static char *two_units(int64_t big, char unit, int64_t small, char next,
		       char *out)
{
	if (small)
		snprintf(out, TIME_TEXT, "%" PRId64 "%c %" PRId64 "%c", big,
			 unit, small, next);
	else
		snprintf(out, TIME_TEXT, "%" PRId64 "%c", big, unit);
	return out;
}

char *time_span(time_ms span, char out[TIME_TEXT])
{
	int64_t s = span / 1000;
	if (span < 0)
		return strcpy(out, "0s");
	if (s < 1)
		return strcpy(out, "<1s");
	if (s < 90)
		return two_units(s, 's', 0, 0, out);
	if (s < 3600)
		return two_units(s / 60, 'm', 0, 0, out);
	if (s < 86400)
		return two_units(s / 3600, 'h', s / 60 % 60, 'm', out);
	return two_units(s / 86400, 'd', s / 3600 % 24, 'h', out);
}

char *time_duration(time_ms span, char out[TIME_TEXT])
{
	size_t n = 0;
	out[0] = '\0';
	for (size_t i = sizeof(units) / sizeof(units[0]) - 1; i-- > 0;) {
		if (span < units[i].ms)
			continue;
		n += (size_t)snprintf(out + n, TIME_TEXT - n, "%" PRId64 "%s",
				      span / units[i].ms, units[i].suffix);
		span %= units[i].ms;
	}
	if (n == 0)
		snprintf(out, TIME_TEXT, "0s");
	return out;
}

char *time_within(time_ms deadline, char out[TIME_TEXT])
{
	return time_duration(time_ceil(deadline, deadline < 1000 ? 100 : 1000),
			     out);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits with at most one point; strtod would take exponents, hexadecimal
 * and the locale's comma. *s moves behind them. */
static bool read_decimal(const char **s, double *out)
{
	const char *p = *s;
	double v = 0, scale = 1;
	int digits = 0;
	for (; is_digit(*p); p++, digits++)
		v = v * 10 + (*p - '0');
	if (*p == '.') {
		for (p++; is_digit(*p); p++, digits++) {
			if (scale > 1e12)
				continue;
			scale *= 10;
			v = v * 10 + (*p - '0');
		}
	}
	*out = v / scale;
	*s = p;
	return digits > 0;
}

static const struct unit *read_unit(const char **s)
{
	size_t n = 0;
	while ((*s)[n] >= 'a' && (*s)[n] <= 'z')
		n++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].suffix) == n
		    && memcmp(units[i].suffix, *s, n) == 0) {
			*s += n;
			return &units[i];
		}
	}
	return NULL;
}

static bool read_duration(const char *s, time_ms *out)
{
	double total = 0, v;
	const char *p = s;
	do {
		bool first = p == s;
		if (!read_decimal(&p, &v))
			return false;
		const struct unit *u = read_unit(&p);
		/* A bare number is seconds. */
		if (!u && (!first || *p))
			return false;
		total += v * (double)(u ? u->ms : 1000);
	} while (*p);
	if (!(total < 1e15))
		return false;
	*out = (time_ms)(total + 0.5);
	return true;
}

int duration_parse(const char *s, time_ms *out, struct err *e)
{
	if (read_duration(s, out))
		return 0;
	return err_set(e, EXIT_USAGE,
		       "'%.60s' is not a duration; expected for example 30s, "
		       "5m, 1h30m", s);
}

/* Exactly so many digits. */
static bool read_digits(const char **s, int digits, int *out)
{
	int v = 0;
	for (int i = 0; i < digits; i++) {
		if (!is_digit((*s)[i]))
			return false;
		v = v * 10 + ((*s)[i] - '0');
	}
	*out = v;
	*s += digits;
	return true;
}

static bool read_char(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* hh:mm[:ss[.fraction]], also h:mm, as milliseconds of the day. */
static bool read_clock(const char **s, time_ms *out)
{
	int h, m, sec = 0;
	double part = 0;
	if ((!read_digits(s, 2, &h) && !read_digits(s, 1, &h))
	    || !read_char(s, ':') || !read_digits(s, 2, &m) || h > 23 || m > 59)
		return false;
	if (read_char(s, ':')) {
		if (!read_digits(s, 2, &sec) || sec > 60)
			return false;
		if (**s == '.' && !read_decimal(s, &part))
			return false;
	}
	*out = ((h * 60 + m) * 60 + sec) * (time_ms)1000
	       + (time_ms)(part * 1000 + 0.5);
	return true;
}

/* The most recent hh:mm[:ss] before now. */
static bool parse_clock(const char *s, time_ms now, time_ms *out)
{
	time_ms t;
	if (!read_clock(&s, &t) || *s)
		return false;
	t += time_floor(now, 86400000);
	*out = t > now ? t - 86400000 : t;
	return true;
}

/* Z, +hh, +hhmm, +hh:mm; nothing is UTC. */
static bool parse_zone(const char *s, time_ms *offset)
{
	int h, m = 0;
	char sign = *s;
	*offset = 0;
	if (*s == '\0' || strcmp(s, "Z") == 0 || strcmp(s, "z") == 0)
		return true;
	if (!read_char(&s, '+') && !read_char(&s, '-'))
		return false;
	if (!read_digits(&s, 2, &h))
		return false;
	read_char(&s, ':');
	if (*s && !read_digits(&s, 2, &m))
		return false;
	if (*s || h > 23 || m > 59)
		return false;
	*offset = (h * 60 + m) * (time_ms)60000 * (sign == '-' ? -1 : 1);
	return true;
}

static bool parse_iso(const char *s, time_ms *out)
{
	int y, mo, d;
	if (!read_digits(&s, 4, &y) || !read_char(&s, '-')
	    || !read_digits(&s, 2, &mo) || !read_char(&s, '-')
	    || !read_digits(&s, 2, &d))
		return false;
	struct tm tm = { .tm_year = y - 1900, .tm_mon = mo - 1, .tm_mday = d };
	time_ms t = (time_ms)timegm(&tm) * 1000, of_day = 0, offset;
	/* The 30th of February has become another day. */
	if (tm.tm_mday != d || tm.tm_mon != mo - 1)
		return false;
	if ((read_char(&s, 'T') || read_char(&s, 't') || read_char(&s, ' '))
	    && !read_clock(&s, &of_day))
		return false;
	if (!parse_zone(s, &offset))
		return false;
	*out = t + of_day - offset;
	return true;
}

/* @1763000000, @1763000000.123, @-5 */
static bool parse_unix(const char *s, time_ms *out)
{
	double v;
	if (!read_char(&s, '@'))
		return false;
	bool before = read_char(&s, '-');
	if (!read_decimal(&s, &v) || *s || v >= 1e11)
		return false;
	*out = (time_ms)(v * 1000 + 0.5) * (before ? -1 : 1);
	return true;
}

int time_parse(const char *s, time_ms now, time_ms *out, struct err *e)
{
	time_ms span;
	if (strcmp(s, "now") == 0) {
		*out = now;
		return 0;
	}
	/* A clock that far off is not ours to correct, only to survive. */
	now = now < -NOW_MAX ? -NOW_MAX : now > NOW_MAX ? NOW_MAX : now;
	if (*s == '-' && read_duration(s + 1, &span)) {
		*out = now - span;
		return 0;
	}
	if (parse_unix(s, out) || parse_clock(s, now, out) || parse_iso(s, out))
		return 0;
	return err_set(e, EXIT_USAGE,
		       "'%.60s' is not a time; expected now, -10m, 14:05, "
		       "@1763000000 or 2026-11-23T14:32:05Z", s);
}
