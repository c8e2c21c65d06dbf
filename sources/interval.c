#include "sources/interval.h"

#include <math.h>

#define SECOND ((time_ms)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* github.com/grafana/grafana packages/grafana-data rangeutil.roundInterval */
static const struct rounding {
	time_ms below, to;
} roundings[] = {
	{ 15, 10 }, { 35, 20 }, { 75, 50 }, { 150, 100 }, { 350, 200 },
	{ 750, 500 },
	{ 1500, SECOND }, { 3500, 2 * SECOND }, { 7500, 5 * SECOND },
	{ 12500, 10 * SECOND }, { 17500, 15 * SECOND }, { 25000, 20 * SECOND },
	{ 45000, 30 * SECOND },
	{ 90000, MINUTE }, { 210000, 2 * MINUTE }, { 450000, 5 * MINUTE },
	{ 750000, 10 * MINUTE }, { 1050000, 15 * MINUTE },
	{ 1500000, 20 * MINUTE }, { 2700000, 30 * MINUTE },
	{ 5400000, HOUR }, { 9000000, 2 * HOUR }, { 16200000, 3 * HOUR },
	{ 32400000, 6 * HOUR }, { 86400000, 12 * HOUR },
	{ 7 * DAY, DAY }, { 21 * DAY, 7 * DAY }, { 42 * DAY, 30 * DAY },
};

time_ms interval_round(time_ms t)
{
	for (size_t i = 0; i < COUNT(roundings); i++)
		if (t < roundings[i].below)
			return roundings[i].to;
	return 365 * DAY;
}

static time_ms larger(time_ms a, time_ms b)
{
	return a > b ? a : b;
}

time_ms interval_step(time_ms range, long max_points, time_ms min)
{
	if (min <= 0)
		min = 15 * SECOND;
	time_ms step = min;
	if (max_points > 0)
		step = larger(step, interval_round(range / max_points));
	for (size_t i = 0; range / step > RANGE_MAX_STEPS; i++)
		step = i < COUNT(roundings) ? larger(step, roundings[i].to)
					    : step * 2;
	return step;
}

time_ms interval_rate(time_ms step, time_ms scrape)
{
	if (scrape <= 0)
		scrape = 15 * SECOND;
	return larger(step + scrape, 4 * scrape);
}

time_ms interval_window(time_ms scrape)
{
	return larger(MINUTE, 4 * scrape);
}

time_ms interval_range_window(time_ms window, time_ms step, time_ms scrape)
{
	return larger(window, step + scrape);
}

static const time_ms nice[] = {
	100, 200, 250, 500, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000,
	10000, 12000, 15000, 20000, 25000, 30000, 40000, 45000, 60000, 90000,
	120000, 150000, 180000, 240000, 300000, 600000,
};

/* Both ends of a window may hold a sample: n of them are n or n - 1 apart. */
static time_ms spacing(time_ms window, double n)
{
	double lo = (double)window / n * 0.995;
	double hi = n > 1.5 ? (double)window / (n - 1) * 1.005
			    : (double)window;
	for (size_t i = 0; i < COUNT(nice); i++)
		if ((double)nice[i] >= lo && (double)nice[i] <= hi)
			return nice[i];
	return larger(1, (time_ms)llround((double)window / n));
}

time_ms interval_scrape(const struct interval_counts *c, bool *guessed)
{
	*guessed = false;
	if (!(c->in_10m >= 1)) {
		*guessed = true;
		return INTERVAL_DEFAULT;
	}
	if (c->in_10m > c->in_5m * 1.8)
		return spacing(10 * MINUTE, c->in_10m);
	if (c->in_5m > 0 && c->in_10m > c->in_5m + 1)
		return spacing(5 * MINUTE, c->in_5m);
	/* Younger than five minutes. */
	*guessed = !(c->in_5m > c->in_1m + 1) || c->in_1m < 3;
	if (*guessed && c->in_15s >= 3)
		return spacing(15 * SECOND, c->in_15s);
	if (c->in_1m >= 2)
		return spacing(MINUTE, c->in_1m);
	return MINUTE;
}

struct range_plan range_plan(const struct range_held *h, time_ms at,
			     time_ms back, time_ms step, time_ms tail,
			     bool whole)
{
	struct range_plan p = { .step = step, .to = time_floor(at, step) };
	p.from = time_floor(at - back, step);
	if ((p.to - p.from) / step > RANGE_MAX_STEPS)
		p.from = p.to - RANGE_MAX_STEPS * step;
	p.whole = whole || h->step != step || h->to > p.to ||
		  h->from > p.from || p.to - h->to > tail ||
		  at - h->whole_at >= RANGE_WHOLE_EVERY ||
		  at < h->whole_at;
	time_ms from = time_floor(p.to - tail, step);
	if (!p.whole && from > p.from)
		p.from = from;
	return p;
}

void range_answered(struct range_held *h, const struct range_plan *p,
		    time_ms at)
{
	if (p->whole) {
		h->step = p->step;
		h->from = p->from;
		h->whole_at = at;
	}
	h->to = p->to;
}

void clock_offset_init(struct clock_offset *o)
{
	*o = (struct clock_offset){ .lo = 1, .hi = 0 };
}

void clock_offset_learn(struct clock_offset *o, time_ms date, time_ms sent,
			time_ms received)
{
	/* The head was written at some moment of [date, date + 1 s). */
	struct clock_offset n = { .lo = date - received,
				  .hi = date + SECOND - 1 - sent };
	if (o->lo <= o->hi) {
		struct clock_offset both = {
			.lo = larger(n.lo, o->lo),
			.hi = n.hi < o->hi ? n.hi : o->hi,
		};
		if (both.lo <= both.hi)
			n = both;
	}
	*o = n;
}

void clock_offset_jumped(struct clock_offset *o, time_ms by)
{
	o->lo -= by;
	o->hi -= by;
}

time_ms clock_offset_value(const struct clock_offset *o, bool *known)
{
	*known = o->lo <= o->hi;
	if (!*known || (o->lo <= 0 && o->hi >= 0))
		return 0;
	return o->lo + (o->hi - o->lo) / 2;
}
