#include "sources/cw_ladder.h"

#include "base/clock.h"

#include <math.h>

/* ---- what is known ------------------------------------------------------ */

static time_ms later(time_ms a, time_ms b)
{
	return a > b ? a : b;
}

static time_ms sooner(time_ms a, time_ms b)
{
	return a < b ? a : b;
}

static void narrow(struct cw_ladder *l, int g, const struct cw_line *line)
{
	time_ms p = l->lines[g].hold->period;
	if (!line || line->asked == TIME_NONE || line->forbidden
	    || line->unsure) {
		l->to[g] = l->from[g];
		return;
	}
	time_ms judged = time_floor(line->asked - CW_JUDGED_AFTER, p);
	l->from[g] = later(l->from[g], time_ceil(line->from, p));
	l->to[g] = sooner(l->to[g], sooner(time_floor(line->to, p), judged));
}

void cw_ladder_init(struct cw_ladder *l, const struct cw_service *s,
		    const char **key,
		    const struct cw_hold *const hold[CW_GRIDS])
{
	*l = (struct cw_ladder){ 0 };
	for (int g = 0; g < CW_GRIDS; g++) {
		if (!hold[g])
			continue;
		l->member[g] = (struct cw_member){ .service = s, .key = key };
		cw_lines_init(&l->lines[g], &l->member[g], hold[g]);
		l->to[g] = s->nr ? INT64_MAX : 0;
		for (size_t i = 0; i < s->nr; i++)
			narrow(l, g, l->lines[g].line[i]);
		l->to[g] = later(l->from[g], l->to[g]);
	}
}

void cw_ladder_release(struct cw_ladder *l)
{
	for (int g = 0; g < CW_GRIDS; g++)
		cw_lines_release(&l->lines[g]);
}

time_ms cw_ladder_end(const struct cw_ladder *l)
{
	time_ms end = TIME_NONE;
	for (int g = 0; g < CW_GRIDS; g++)
		if (l->from[g] < l->to[g])
			end = end == TIME_NONE ? l->to[g]
					       : later(end, l->to[g]);
	return end;
}

/* ---- sums --------------------------------------------------------------- */

/* One period, and what it counted in a second; any: somebody told. */
struct step {
	time_ms begin, end;
	double errors, total;
	bool any;
};

static bool has_limit(const struct cw_service *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->part[i].role == CW_WITHIN)
			return true;
	return false;
}

static void read_period(struct cw_lines *l, struct step *out)
{
	struct cw_red r;
	cw_lines_red(l, out->begin, &r);
	out->total = r.total;
	out->errors = r.errors;
	if (has_limit(l->m->service))
		out->errors = r.total * (1 - r.within);
	out->any = r.any && !isnan(out->errors) && !isnan(out->total);
}

/* The period that holds t, of the finest grid that knows it. */
static bool step_at(struct cw_ladder *l, time_ms t, time_ms longest,
		    struct step *out)
{
	for (int g = 0; g < CW_GRIDS; g++) {
		if (t < l->from[g] || t >= l->to[g])
			continue;
		time_ms p = l->lines[g].hold->period;
		if (p > longest)
			continue;
		out->begin = time_floor(t, p);
		out->end = out->begin + p;
		read_period(&l->lines[g], out);
		return true;
	}
	return false;
}

bool cw_ladder_sum(struct cw_ladder *l, time_ms from, time_ms to,
		   time_ms longest, struct cw_sum *out)
{
	struct step s;
	*out = (struct cw_sum){ 0 };
	for (time_ms t = from; t < to; t = s.end) {
		if (!step_at(l, t, longest, &s))
			return false;
		if (!s.any)
			continue;
		double seconds = (double)(sooner(s.end, to) - t) / 1000;
		out->any = true;
		out->errors += s.errors * seconds;
		out->total += s.total * seconds;
	}
	return from < to;
}

bool cw_ladder_first(struct cw_ladder *l, time_ms from, time_ms to,
		     time_ms *out)
{
	struct step s;
	*out = TIME_NONE;
	for (time_ms t = from; t < to; t = s.end) {
		if (!step_at(l, t, INT64_MAX, &s))
			return false;
		if (!s.any)
			continue;
		*out = later(s.begin, from);
		return true;
	}
	return from < to;
}
