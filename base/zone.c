#include "base/zone.h"

#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY         86400
#define OFFSET_MAX  (26 * 3600)
#define FAR         ((int64_t)1 << 40) /* beyond it years are no int */
#define HEADER      44
#define NAME_LONGEST 100

/* What is left of a file, or of its last line. */
struct cut {
	const unsigned char *p;
	size_t n;
	bool bad;
};

static const unsigned char *take(struct cut *c, size_t n)
{
	static const unsigned char none[8];
	if (n > c->n) {
		c->bad = true;
		c->n = 0;
		return none;
	}
	const unsigned char *p = c->p;
	c->p += n;
	c->n -= n;
	return p;
}

static uint64_t big_endian(struct cut *c, size_t width)
{
	const unsigned char *p = take(c, width);
	uint64_t v = 0;
	for (size_t i = 0; i < width; i++)
		v = v << 8 | p[i];
	return v;
}

/* ---- the rule of later years: CET-1CEST,M3.5.0,M10.5.0/3 ---------------- */

static bool next_is(struct cut *c, char ch)
{
	if (c->bad || c->n == 0 || *c->p != (unsigned char)ch)
		return false;
	take(c, 1);
	return true;
}

static bool letter(int ch)
{
	return (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
}

static bool digit(int ch)
{
	return ch >= '0' && ch <= '9';
}

static int number(struct cut *c, int most)
{
	int v = 0;
	if (c->n == 0 || !digit(*c->p))
		c->bad = true;
	while (!c->bad && c->n && digit(*c->p) && v <= most)
		v = v * 10 + *take(c, 1) - '0';
	if (v > most)
		c->bad = true;
	return v;
}

static void abbreviation(struct cut *c)
{
	if (next_is(c, '<')) {
		while (c->n && *c->p != '>')
			take(c, 1);
		take(c, 1);
		return;
	}
	if (c->n == 0 || !letter(*c->p))
		c->bad = true;
	while (c->n && letter(*c->p))
		take(c, 1);
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t clock_time(struct cut *c, int hours)
{
	int sign = next_is(c, '-') ? -1 : 1;
	if (sign > 0)
		next_is(c, '+');
	int s = number(c, hours) * 3600;
	if (next_is(c, ':'))
		s += number(c, 59) * 60;
	if (next_is(c, ':'))
		s += number(c, 59);
	return sign * s;
}

static int between(struct cut *c, int least, int most)
{
	int v = number(c, most);
	if (v < least)
		c->bad = true;
	return v;
}

static struct zone_rule rule(struct cut *c)
{
	struct zone_rule r = { .at = 2 * 3600 };
	if (!next_is(c, ','))
		c->bad = true;
	if (next_is(c, 'M')) {
		r.month = between(c, 1, 12);
		c->bad |= !next_is(c, '.');
		r.week = between(c, 1, 5);
		c->bad |= !next_is(c, '.');
		r.day = between(c, 0, 6);
	} else if (next_is(c, 'J')) {
		r.kind = ZONE_JULIAN;
		r.day = between(c, 1, 365);
	} else {
		r.kind = ZONE_DAY;
		r.day = between(c, 0, 365);
	}
	if (next_is(c, '/'))
		r.at = clock_time(c, 167);
	return r;
}

static void read_rules(struct zone *z, struct cut *c)
{
	abbreviation(c);
	z->standard = -clock_time(c, 24);
	z->rules = true;
	if (c->n == 0)
		return;
	abbreviation(c);
	z->daylight = z->standard + 3600;
	if (c->n && *c->p != ',')
		z->daylight = -clock_time(c, 24);
	z->begins = rule(c);
	z->ends = rule(c);
	z->changes = true;
	c->bad |= c->n > 0;
}

/* ---- the file ----------------------------------------------------------- */

/* The counts of a header, in its order. */
struct counts {
	size_t isut, isstd, leap, time, type, chars;
};

static size_t size(const struct counts *k, size_t width)
{
	return k->time * (width + 1) + k->type * 6 + k->chars +
	       k->leap * (width + 4) + k->isstd + k->isut;
}

/* The version, 0 for what is no zone file. */
static int header(struct cut *c, struct counts *k)
{
	const unsigned char *p = take(c, 20);
	if (c->bad || memcmp(p, "TZif", 4) != 0)
		return 0;
	size_t *each[] = { &k->isut, &k->isstd, &k->leap,
			   &k->time, &k->type, &k->chars };
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		*each[i] = (size_t)big_endian(c, 4);
		if (*each[i] > LIMIT_ZONE)
			c->bad = true;
	}
	return c->bad || k->type == 0 ? 0 : p[4] ? p[4] - '0' : 1;
}

static int32_t type_offset(const unsigned char *types, size_t i, struct cut *c)
{
	struct cut one = { .p = types + i * 6, .n = 4 };
	int32_t offset = (int32_t)(uint32_t)big_endian(&one, 4);
	if (offset > -OFFSET_MAX && offset < OFFSET_MAX)
		return offset;
	c->bad = true;
	return 0;
}

static void read_changes(struct zone *z, struct cut *c, const struct counts *k)
{
	struct cut at = { .p = take(c, k->time * 8), .n = k->time * 8 };
	const unsigned char *of = take(c, k->time);
	const unsigned char *types = take(c, k->type * 6);
	take(c, k->chars + k->leap * 12 + k->isstd + k->isut);
	if (c->bad)
		return;
	z->first = type_offset(types, 0, c);
	z->change = mem_zero(k->time, sizeof(*z->change));
	for (; z->nr < k->time && !c->bad; z->nr++) {
		struct zone_change *x = &z->change[z->nr];
		x->at = (int64_t)big_endian(&at, 8);
		if (of[z->nr] >= k->type || (z->nr && x->at <= x[-1].at))
			c->bad = true;
		else
			x->offset = type_offset(types, of[z->nr], c);
	}
}

static void read_footer(struct zone *z, struct cut *c)
{
	c->bad |= !next_is(c, '\n');
	const unsigned char *end = c->n ? memchr(c->p, '\n', c->n) : NULL;
	if (!end)
		c->bad = true;
	if (c->bad || end == c->p)
		return;
	c->n = (size_t)(end - c->p);
	read_rules(z, c);
}

static int unusable(const char *name, struct err *e)
{
	return err_set(e, EXIT_FILE,
		       "time zone '%.100s': its file is not one that can be "
		       "read (TZif 2 or later); install tzdata anew", name);
}

int zone_read(struct zone *z, const void *bytes, size_t n, const char *name,
	      struct err *e)
{
	*z = (struct zone){ 0 };
	struct cut c = { .p = bytes, .n = n };
	struct counts k;
	if (n > LIMIT_ZONE || header(&c, &k) < 2)
		return unusable(name, e);
	take(&c, size(&k, 4));
	if (header(&c, &k) < 2)
		return unusable(name, e);
	read_changes(z, &c, &k);
	if (!c.bad)
		read_footer(z, &c);
	return c.bad ? unusable(name, e) : 0;
}

void zone_release(struct zone *z)
{
	free(z->change);
	*z = (struct zone){ 0 };
}

/* A word begins with a letter or a digit, so none is "..". */
static bool name_is_safe(const char *name)
{
	char before = '/';
	if (strlen(name) > NAME_LONGEST)
		return false;
	for (const char *p = name; *p; before = *p++) {
		bool word = letter(*p) || digit(*p);
		if (!word && (before == '/' || !strchr("-+_/", *p)))
			return false;
	}
	return before != '/';
}

static bool is_utc(const char *name)
{
	static const char *const names[] = { "", "UTC", "Etc/UTC", "Z" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

int zone_load(struct zone *z, const char *dir, const char *name,
	      struct err *e)
{
	*z = (struct zone){ 0 };
	if (!name || is_utc(name))
		return 0;
	if (!name_is_safe(name))
		return err_set(e, EXIT_FILE,
			       "'%.100s' is no name of a time zone; write it "
			       "as Europe/Berlin", name);
	char path[512];
	int len = snprintf(path, sizeof(path), "%s/%s", dir ? dir : ZONE_DIR,
			   name);
	FILE *f = len < (int)sizeof(path) ? fopen(path, "rbe") : NULL;
	if (!f)
		return err_set(e, EXIT_FILE,
			       "time zone '%.100s' is not known here (%.200s: "
			       "%s); check its name, or install tzdata", name,
			       path, strerror(errno));
	char *bytes = mem_alloc(LIMIT_ZONE + 1);
	size_t n = fread(bytes, 1, LIMIT_ZONE + 1, f);
	fclose(f);
	int rc = zone_read(z, bytes, n, name, e);
	free(bytes);
	return rc;
}

/* ---- reading it --------------------------------------------------------- */

/* Days since 1970. Months may be beyond the year. */
static int64_t day_of(int year, int month, int day)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1,
			 .tm_mday = day };
	return timegm(&tm) / DAY;
}

static int weekday(int64_t day)
{
	return (int)(((day + 4) % 7 + 7) % 7);
}

static int64_t rule_day(const struct zone_rule *r, int year)
{
	int64_t first = day_of(year, 1, 1);
	bool leap = day_of(year + 1, 1, 1) - first == 366;
	if (r->kind == ZONE_DAY)
		return first + r->day;
	if (r->kind == ZONE_JULIAN)
		return first + r->day - 1 + (leap && r->day > 59);
	int64_t day = day_of(year, r->month, 1);
	day += (r->day - weekday(day) + 7) % 7 + 7 * (r->week - 1);
	return day < day_of(year, r->month + 1, 1) ? day : day - 7;
}

static int32_t by_rules(const struct zone *z, int64_t utc)
{
	if (!z->changes || utc > FAR || utc < -FAR)
		return z->standard;
	time_t local = (time_t)(utc + z->standard);
	struct tm tm = { 0 };
	gmtime_r(&local, &tm);
	int year = tm.tm_year + 1900;
	int64_t begins = rule_day(&z->begins, year) * DAY + z->begins.at -
			 z->standard;
	int64_t ends = rule_day(&z->ends, year) * DAY + z->ends.at -
		       z->daylight;
	bool daylight = begins < ends ? utc >= begins && utc < ends
				      : utc >= begins || utc < ends;
	return daylight ? z->daylight : z->standard;
}

int32_t zone_offset(const struct zone *z, int64_t utc)
{
	size_t lo = 0, hi = z->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (z->change[mid].at <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == z->nr && z->rules)
		return by_rules(z, utc);
	return lo ? z->change[lo - 1].offset : z->first;
}

int64_t zone_moment(const struct zone *z, int64_t wall)
{
	int32_t before = zone_offset(z, wall - DAY);
	int32_t after = zone_offset(z, wall + DAY);
	int64_t first = wall - before, second = wall - after;
	if (zone_offset(z, first) != before && zone_offset(z, second) == after)
		return second;
	return first;
}
