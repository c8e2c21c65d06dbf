#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct unit {
	const char *suffix;
	time_ms ms;
} units[] = {
	{ "ms", 1 },          { "s", 1000 },       { "m", 60000 },
	{ "h", 3600000 },     { "d", 86400000 },   { "w", 604800000 },
};

time_ms time_floor(time_ms t, time_ms step)
{
	time_ms r = t % step;
	return r < 0 ? t - r - step : t - r;
}

time_ms time_ceil(time_ms t, time_ms step)
{
	return -time_floor(-t, step);
}

static struct tm split(time_ms t)
{
	time_t s = (time_t)(time_floor(t, 1000) / 1000);
	struct tm tm = { 0 };
	gmtime_r(&s, &tm);
	return tm;
}

char *time_iso(time_ms t, char out[TIME_TEXT])
{
	struct tm tm = split(t);
	int ms = (int)(t - time_floor(t, 1000));
	size_t n = strftime(out, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	if (ms)
		n += (size_t)snprintf(out + n, TIME_TEXT - n, ".%03d", ms);
	snprintf(out + n, TIME_TEXT - n, "Z");
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

char *time_span(time_ms span, char out[TIME_TEXT])
{
	int64_t s = span / 1000;
	if (span < 0)
		snprintf(out, TIME_TEXT, "0s");
	else if (s < 1)
		snprintf(out, TIME_TEXT, "<1s");
	else if (s < 90)
		snprintf(out, TIME_TEXT, "%" PRId64 "s", s);
	else if (s < 3600)
		snprintf(out, TIME_TEXT, "%" PRId64 "m", s / 60);
	else if (s < 86400)
		snprintf(out, TIME_TEXT, s / 60 % 60 ? "%" PRId64 "h %" PRId64 "m"
						     : "%" PRId64 "h",
			 s / 3600, s / 60 % 60);
	else
		snprintf(out, TIME_TEXT, s / 3600 % 24 ? "%" PRId64 "d %" PRId64 "h"
						       : "%" PRId64 "d",
			 s / 86400, s / 3600 % 24);
	return out;
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

static const struct unit *unit_of(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].suffix) == n
		    && memcmp(units[i].suffix, s, n) == 0)
			return &units[i];
	return NULL;
}

int duration_parse(const char *s, time_ms *out, struct err *e)
{
	double total = 0;
	const char *p = s;
	while (*p) {
		char *end;
		if (!isdigit((unsigned char)*p) && *p != '.')
			goto bad;
		double v = strtod(p, &end);
		if (end == p)
			goto bad;
		size_t n = 0;
		while (isalpha((unsigned char)end[n]))
			n++;
		const struct unit *u = unit_of(end, n);
		if (n == 0 && *end == '\0' && p == s)
			u = unit_of("s", 1);
		if (!u)
			goto bad;
		total += v * (double)u->ms;
		p = end + n;
	}
	if (p == s || !(total < 1e15))
		goto bad;
	*out = (time_ms)(total + 0.5);
	return 0;
bad:
	return err_set(e, EXIT_USAGE,
		       "'%.60s' is not a duration; expected for example 30s, 5m, "
		       "1h30m", s);
}

/* The most recent hh:mm[:ss] before now. */
static bool parse_clock(const char *s, time_ms now, time_ms *out)
{
	int h, m, sec = 0, n = 0;
	if (sscanf(s, "%2d:%2d%n", &h, &m, &n) != 2)
		return false;
	if (s[n] == ':') {
		int k = 0;
		if (sscanf(s + n, ":%2d%n", &sec, &k) != 1)
			return false;
		n += k;
	}
	if (s[n] || h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59)
		return false;
	time_ms day = time_floor(now, 86400000);
	time_ms t = day + ((h * 60 + m) * 60 + sec) * (time_ms)1000;
	*out = t > now ? t - 86400000 : t;
	return true;
}

static bool parse_zone(const char *s, time_ms *offset)
{
	int h, m = 0, n = 0;
	*offset = 0;
	if (*s == '\0' || strcmp(s, "Z") == 0 || strcmp(s, "z") == 0)
		return true;
	if (*s != '+' && *s != '-')
		return false;
	if (sscanf(s + 1, "%2d:%2d%n", &h, &m, &n) == 2 && s[1 + n] == '\0')
		;
	else if (sscanf(s + 1, "%2d%2d%n", &h, &m, &n) == 2 && !s[1 + n])
		;
	else
		return false;
	*offset = (h * 60 + m) * (time_ms)60000 * (*s == '-' ? -1 : 1);
	return true;
}

static bool parse_iso(const char *s, time_ms *out)
{
	int y, mo, d, h = 0, mi = 0, sec = 0, n = 0, k = 0;
	if (sscanf(s, "%4d-%2d-%2d%n", &y, &mo, &d, &n) != 3 || n != 10)
		return false;
	s += n;
	double part = 0;
	if (*s == 'T' || *s == 't' || *s == ' ') {
		if (sscanf(s + 1, "%2d:%2d%n", &h, &mi, &n) != 2)
			return false;
		s += 1 + n;
		if (*s == ':') {
			if (sscanf(s + 1, "%2d%n", &sec, &k) != 1)
				return false;
			s += 1 + k;
		}
		if (*s == '.') {
			char *end;
			part = strtod(s, &end);
			s = end;
		}
	}
	time_ms offset;
	if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 60
	    || h < 0 || mi < 0 || sec < 0 || !parse_zone(s, &offset))
		return false;
	struct tm tm = { .tm_year = y - 1900, .tm_mon = mo - 1, .tm_mday = d,
			 .tm_hour = h, .tm_min = mi, .tm_sec = sec };
	time_t t = timegm(&tm);
	if (tm.tm_mday != d)
		return false;
	*out = (time_ms)t * 1000 + (time_ms)(part * 1000 + 0.5) - offset;
	return true;
}

int time_parse(const char *s, time_ms now, time_ms *out, struct err *e)
{
	if (strcmp(s, "now") == 0) {
		*out = now;
		return 0;
	}
	if (*s == '-' && isdigit((unsigned char)s[1])) {
		time_ms span;
		if (duration_parse(s + 1, &span, NULL) == 0) {
			*out = now - span;
			return 0;
		}
	}
	if (*s == '@') {
		char *end;
		errno = 0;
		double v = strtod(s + 1, &end);
		if (end != s + 1 && !*end && !errno && v > -1e11 && v < 1e11) {
			*out = (time_ms)(v * 1000 + (v < 0 ? -0.5 : 0.5));
			return 0;
		}
	}
	if (parse_clock(s, now, out) || parse_iso(s, out))
		return 0;
	return err_set(e, EXIT_USAGE,
		       "'%.60s' is not a time; expected now, -10m, 14:05, "
		       "@1763000000 or 2026-11-23T14:32:05Z", s);
}
