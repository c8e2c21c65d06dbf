/* Calendar windows of objectives: wall time in the zone of who promised. */
#include "model/slo.h"

#include "base/zone.h"

#include <time.h>

#define DAY       ((time_ms)86400000)
#define YEAR_LAST (INT64_C(253402300799) * 1000) /* the end of 9999 */
#define EVERY_MAX 1000

/* A unit is so many days or so many months. */
static const struct unit { int days, months; } units[] = {
	[CALENDAR_DAY]     = { .days = 1 },
	[CALENDAR_WEEK]    = { .days = 7 },
	[CALENDAR_MONTH]   = { .months = 1 },
	[CALENDAR_QUARTER] = { .months = 3 },
	[CALENDAR_YEAR]    = { .months = 12 },
};

/* How a def's windows follow one another, in wall time. */
struct windows {
	time_ms start;
	int64_t days, months;
};

static struct tm split(time_ms wall)
{
	time_t s = (time_t)(time_floor(wall, 1000) / 1000);
	struct tm tm = { 0 };
	gmtime_r(&s, &tm);
	return tm;
}

static int days_in(int year, int month)
{
	struct tm last = { .tm_year = year, .tm_mon = month + 1, .tm_mday = 0 };
	timegm(&last);
	return last.tm_mday;
}

static time_ms wall_begin(const struct windows *w, int64_t k)
{
	if (w->days)
		return w->start + k * w->days * DAY;
	struct tm tm = split(w->start);
	int64_t month = tm.tm_year * INT64_C(12) + tm.tm_mon + k * w->months;
	tm.tm_year = (int)(time_floor(month, 12) / 12);
	tm.tm_mon = (int)(month - time_floor(month, 12));
	int most = days_in(tm.tm_year, tm.tm_mon);
	tm.tm_mday = tm.tm_mday > most ? most : tm.tm_mday;
	return (time_ms)timegm(&tm) * 1000 + w->start -
	       time_floor(w->start, 1000);
}

static time_ms begin(const struct windows *w, const struct zone *z, int64_t k)
{
	time_ms wall = wall_begin(w, k), second = time_floor(wall, 1000);
	return zone_moment(z, second / 1000) * 1000 + wall - second;
}

/* The window of a clock that shows UTC, as if it had begun on the first of its
 * month: the right one is near. */
static int64_t guess(const struct windows *w, time_ms at)
{
	if (w->days)
		return time_floor(at - w->start, w->days * DAY) /
		       (w->days * DAY);
	struct tm a = split(w->start), b = split(at);
	int64_t months = (b.tm_year - a.tm_year) * INT64_C(12) + b.tm_mon -
			 a.tm_mon;
	return time_floor(months, w->months) / w->months;
}

static void find(const struct windows *w, const struct zone *z, time_ms at,
		 time_ms *from, time_ms *to)
{
	int64_t k = guess(w, at);
	while (begin(w, z, k) > at)
		k--;
	while (begin(w, z, k + 1) <= at)
		k++;
	*from = begin(w, z, k);
	*to = begin(w, z, k + 1);
}

static bool is_a_year(time_ms t)
{
	return t >= -YEAR_LAST && t <= YEAR_LAST;
}

int slo_bounds(const struct slo_def *d, time_ms at, time_ms *from, time_ms *to,
	       struct err *e)
{
	*from = at - d->period;
	*to = at;
	if (d->calendar <= CALENDAR_NONE || d->calendar > CALENDAR_YEAR)
		return 0;
	if (!is_a_year(at) || !is_a_year(d->calendar_start))
		return err_set(e, EXIT_FILE,
			       "objective '%.100s': its calendar begins, or is "
			       "looked at, beyond the year 9999; correct its "
			       "start time", d->id ? d->id : "");
	int every = d->calendar_every < 1           ? 1
		    : d->calendar_every > EVERY_MAX ? EVERY_MAX
						    : d->calendar_every;
	struct windows w = {
		.start = d->calendar_start,
		.days = (int64_t)units[d->calendar].days * every,
		.months = (int64_t)units[d->calendar].months * every,
	};
	struct zone z;
	int rc = zone_load(&z, NULL, d->zone, e);
	if (rc == 0)
		find(&w, &z, at, from, to);
	zone_release(&z);
	return rc;
}
