/* Steps, windows and ranges as Grafana and Prometheus reckon them, so that a
 * number here is the number there. Pure. */
#ifndef SOURCES_INTERVAL_H
#define SOURCES_INTERVAL_H

#include "base/clock.h"

#include <stdbool.h>

/* Grafana's rounding of an interval to one that people like. */
time_ms interval_round(time_ms t);
/* $__interval: the step that shows `range` in at most max_points, never under
 * min (15 s if 0), never over 11,000 points. */
time_ms interval_step(time_ms range, long max_points, time_ms min);
/* $__rate_interval: max(step + scrape, 4 * scrape); scrape 0 is 15 s. */
time_ms interval_rate(time_ms step, time_ms scrape);
/* The window of a row: max(60 s, 4 * scrape). */
time_ms interval_window(time_ms scrape);
/* The window of a chart's point: nothing between two points is left out. */
time_ms interval_range_window(time_ms window, time_ms step, time_ms scrape);

/* Prometheus' own default. */
#define INTERVAL_DEFAULT ((time_ms)60000)

/* How many samples of `up` the last 10, 5, 1 minutes and 15 seconds hold (0:
 * unknown). */
struct interval_counts {
	double in_10m, in_5m, in_1m, in_15s;
};
/* The scrape interval behind them: a nice one where one fits. A server that
 * is younger than 10 minutes is judged by its shorter windows. *guessed says
 * that it is not certain; without any count it is Prometheus' 1 m. */
time_ms interval_scrape(const struct interval_counts *c, bool *guessed);

/* What a chart holds of its source. All TIME_NONE or 0 at first. */
struct range_held {
	time_ms step, from, to;
	time_ms whole_at; /* when the whole window was asked last */
};
struct range_plan {
	time_ms from, to, step;
	bool whole;
};
#define RANGE_WHOLE_EVERY ((time_ms)600000)
#define RANGE_MAX_STEPS 11000

/* What to ask at `at` (server's clock): multiples of step, to <= at, at most
 * 11,000 steps; only the tail that may still change where the rest is held. */
struct range_plan range_plan(const struct range_held *h, time_ms at,
			     time_ms back, time_ms step, time_ms tail,
			     bool whole);
/* The plan was answered at `at`. */
void range_answered(struct range_held *h, const struct range_plan *p,
		    time_ms at);

/* The server's clock minus ours, from Date headers: every answer bounds it,
 * and the bounds intersect. */
struct clock_offset {
	time_ms lo, hi; /* inclusive; lo > hi: nothing known */
};
void clock_offset_init(struct clock_offset *o);
/* An answer with this Date (whole seconds) was asked and whole at these local
 * times. Bounds that contradict the old ones replace them. */
void clock_offset_learn(struct clock_offset *o, time_ms date, time_ms sent,
			time_ms received);
/* Our clock was set forward by so much. */
void clock_offset_jumped(struct clock_offset *o, time_ms by);
/* 0 where 0 is possible, else the middle; *known is false before an answer. */
time_ms clock_offset_value(const struct clock_offset *o, bool *known);

#endif
