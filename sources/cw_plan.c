/* Which numbers a poll needs: a group for each period, and how far back. */
#include "sources/cw_parts.h"

#include <inttypes.h>
#include <stdio.h>

#define BURN_BACK    HOUR
#define BACK_DEFAULT HOUR
#define MINUTES_BACK (6 * HOUR + 30 * MINUTE) /* charts of minutes */
/* Minutes fill what they lack: the rows' hold an hour of them, five minutes
 * three days. */
#define FIVES_EVERY  (30 * MINUTE)
#define HOURS_EVERY  (6 * HOUR)

static time_ms tier(time_ms age)
{
	return age > 63 * DAY ? HOUR : age > 15 * DAY ? 5 * MINUTE : MINUTE;
}

/* One point a dot of the chart (a quarter of it is the step), never finer than
 * what is kept. */
static time_ms chart_period(const struct want *w, time_ms back, time_ms least)
{
	static const time_ms nice[] = { 6 * HOUR, HOUR, 15 * MINUTE,
					5 * MINUTE };
	if (back <= MINUTES_BACK)
		return least;
	for (size_t i = 0; i < sizeof(nice) / sizeof(nice[0]); i++)
		if (nice[i] <= 4 * w->step && nice[i] > least)
			return nice[i];
	return least > 5 * MINUTE ? least : 5 * MINUTE;
}

static void set_group(struct cw *c, int i, time_ms period, time_ms from,
		      time_ms to, bool past)
{
	struct group *g = &c->group[i];
	bool own = cw_kind_of(c, g) >= FIVES;
	char a[32], b[32], p[32];
	if (g->hold.period != period || g->past || past) {
		cw_hold_release(&g->hold);
		cw_hold_init(&g->hold, period);
		g->t.held_at = TIME_NONE;
	}
	g->used = true;
	g->past = past;
	g->from = time_floor(from, period);
	g->to = past ? time_floor(to, period) : time_ceil(to, period);
	g->fresh_for = period > c->src->period ? period : c->src->period;
	snprintf(p, sizeof(p), "%" PRId64, period);
	snprintf(a, sizeof(a), "%" PRId64, past ? g->from
					   : own ? to - from : 0);
	snprintf(b, sizeof(b), "%" PRId64, past ? g->to : 0);
	cw_key(g->t.key, own ? "slo" : "data", (const char *const[]){
		c->identity, c->shown, g->region ? g->region
						 : c->client.region,
		p, a, b, NULL });
}

static bool has_slo(const struct cw *c, const struct group *g)
{
	const struct cw_slos *s = &c->found.slos;
	for (size_t i = 0; i < s->nr; i++)
		if (cw_is_ours(c, g, s->of[i].service)
		    && cw_asks_slo(c, g, &s->of[i]))
			return true;
	return false;
}

/* The coarse grids of objectives: one file a reach, so that viewers of other
 * files do not cut each other's. */
static void set_grid(struct cw *c, int i, enum cw_grid grid, time_ms every)
{
	time_ms at = c->poll.at, back = c->found.slos.reach[grid];
	time_ms period = grid == CW_HOURS ? HOUR
			 : tier(cw_server_now(c) - (at - back));
	if (!has_slo(c, &c->group[i]))
		return;
	set_group(c, i, period > 5 * MINUTE ? period : 5 * MINUTE, at - back,
		  at, c->poll.want.at != TIME_NONE);
	if (c->group[i].fresh_for < every)
		c->group[i].fresh_for = every;
}

static bool has_limit(const struct cw *c, const struct group *g, int grid)
{
	const struct cw_limits *l = &c->found.limits;
	for (size_t i = 0; i < l->nr; i++)
		if (l->of[i].grid == grid && cw_is_ours(c, g, l->of[i].service))
			return true;
	return false;
}

static void set_limits(struct cw *c, int first)
{
	const struct cw_limits *l = &c->found.limits;
	time_ms at = c->poll.at;
	for (int i = 0; i < l->nr_grids; i++)
		if (has_limit(c, &c->group[first + i], i))
			set_group(c, first + i, l->period[i],
				  at - l->reach[i], at,
				  c->poll.want.at != TIME_NONE);
}

void cw_set_groups(struct cw *c)
{
	struct poll *o = &c->poll;
	const struct want *w = &o->want;
	bool past = w->at != TIME_NONE;
	bool charts = w->charts && w->step > 0 && !w->only_slos;
	time_ms now = cw_server_now(c), at = o->at;
	time_ms back = w->near > 0 ? w->near
		       : w->back > 0 ? w->back : BACK_DEFAULT;
	time_ms row = tier(now - (at - BURN_BACK - LOOK_BACK));
	time_ms fine = tier(now - (at - back - BURN_BACK));
	time_ms step = charts ? chart_period(w, back, fine) : row;
	time_ms judged = now - CW_JUDGED_AFTER < at ? now - CW_JUDGED_AFTER
						    : at;
	time_ms rows_back = BURN_BACK + LOOK_BACK + row;
	bool both = step == row && charts;
	o->axis = (struct cw_axis){
		.judged = time_floor(judged, row), .window = row,
		.oldest = at - LOOK_BACK > judged - LOOK_BACK - HOUR
				  ? at - LOOK_BACK : judged - LOOK_BACK,
		.settled = time_floor(now - CW_JUDGED_AFTER, row),
		.step = charts ? step : 0,
		.from = time_ceil(at - back, step),
		.to = past ? time_floor(at, step) : time_ceil(at, step),
	};
	if (row == HOUR)
		o->axis.oldest = o->axis.judged;
	for (int i = 0; i < GROUPS; i++)
		c->group[i].used = false;
	bool east = false;
	for (size_t i = 0; i < c->found.list.nr; i++)
		east |= cw_is_ours(c, &c->group[EAST_ROWS],
				   c->found.member[i].service);
	for (int k = ROWS; k <= EAST_ROWS; k += EAST_ROWS) {
		set_limits(c, k + LIMITS);
		if (k == EAST_ROWS && !east)
			continue;
		set_group(c, k, row, both ? at - back - BURN_BACK
					  : at - rows_back, at, past);
		if (charts && !both)
			set_group(c, k + CHARTS, step,
				  at - back - BURN_BACK, at, past);
		set_grid(c, k + FIVES, CW_FIVES, FIVES_EVERY);
		set_grid(c, k + HOURS, CW_HOURS, HOURS_EVERY);
	}
}
