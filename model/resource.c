#include "model/resource.h"

#include "model/service.h"

#include <math.h>
#include <string.h>

const char *resource_state_name(enum resource_state s)
{
	static const char *const names[RESOURCE_STATES] = {
		[RESOURCE_CRIT] = "crit", [RESOURCE_WARN] = "warn",
		[RESOURCE_OK] = "ok", [RESOURCE_NODATA] = "nodata",
	};
	return (unsigned)s < RESOURCE_STATES ? names[s] : "unknown";
}

/* Of a resource there is one series a role; were there more, the largest use
 * and the smallest limit would be what matters. */
static double used_at(const struct service *s, time_ms t)
{
	double v = NAN;
	for (size_t i = 0; i < s->nr[RED_USED]; i++)
		v = fmax(v, series_at(s->series[RED_USED][i], t));
	return v >= 0 ? v : NAN;
}

/* The newest value that is not too old: limits are told less often. */
static double newest(const struct series *x, time_ms t)
{
	size_t k = x->v ? series_lower(x, t + 1) : 0;
	time_ms at = k ? x->t[k - 1] : TIME_NONE;
	double v = k ? x->v[k - 1] : NAN;
	if (x->now_t <= t && x->now_t > at && !isnan(x->now_v)) {
		at = x->now_t;
		v = x->now_v;
	}
	return at != TIME_NONE && t - at <= ROW_OLDEST ? v : NAN;
}

static double limit_at(const struct service *s, time_ms t)
{
	double v = NAN;
	for (size_t i = 0; i < s->nr[RED_LIMIT]; i++)
		v = fmin(v, newest(s->series[RED_LIMIT][i], t));
	if (!(v > 0))
		v = s->def->limit;
	return v > 0 ? v : NAN;
}

static double ratio_at(const struct service *s, time_ms t)
{
	return used_at(s, t) / limit_at(s, t);
}

static enum resource_state state_of(const struct resource *r)
{
	if (isnan(r->used))
		return RESOURCE_NODATA;
	if (r->crit > 0 && r->ratio >= r->crit)
		return RESOURCE_CRIT;
	if (r->warn > 0 && r->ratio >= r->warn)
		return RESOURCE_WARN;
	return RESOURCE_OK;
}

/* The next point of any of its series at or after t, or TIME_NONE. */
static time_ms next_point(const struct service *s, time_ms t)
{
	time_ms best = TIME_NONE;
	for (size_t i = 0; i < s->nr[RED_USED]; i++) {
		const struct series *x = s->series[RED_USED][i];
		size_t k = series_lower(x, t);
		if (k < x->nr && (best == TIME_NONE || x->t[k] < best))
			best = x->t[k];
	}
	return best;
}

/* Unknown when it began before `from`. */
static time_ms bad_since(const struct resource *r, time_ms from, time_ms to)
{
	double least = r->state == RESOURCE_CRIT ? r->crit : r->warn;
	time_ms since = TIME_NONE;
	bool good_before = false;
	for (time_ms t = next_point(r->service, from); t != TIME_NONE && t <= to;
	     t = next_point(r->service, t + 1)) {
		double ratio = ratio_at(r->service, t);
		if (isnan(ratio))
			continue;
		if (ratio < least) {
			good_before = true;
			since = TIME_NONE;
		} else if (since == TIME_NONE && good_before) {
			since = t;
		}
	}
	return since;
}

/* How far the way to critical is gone; where nobody said what that is, to a
 * warning, or to the limit itself. */
static double nearness_of(const struct resource *r)
{
	return r->ratio / (r->crit > 0 ? r->crit : r->warn > 0 ? r->warn : 1);
}

void resource_read(const struct service *s, time_ms at, time_ms from,
		   struct resource *out)
{
	*out = (struct resource){
		.service = s, .at = at, .age = TIME_NONE, .used = NAN,
		.limit = NAN, .ratio = NAN, .warn = s->def->warn,
		.crit = s->def->crit, .since = TIME_NONE,
	};
	time_ms t = service_moment(s, RED_USED, at);
	if (t != TIME_NONE) {
		out->at = t;
		out->age = at - t;
		out->used = used_at(s, t);
	}
	out->limit = limit_at(s, out->at);
	out->ratio = out->used / out->limit;
	out->nearness = nearness_of(out);
	out->state = state_of(out);
	if (out->state == RESOURCE_CRIT || out->state == RESOURCE_WARN)
		out->since = bad_since(out, from, service_settled(s, at));
}

static double order(const struct resource *r)
{
	return r->state == RESOURCE_NODATA ? -2
	       : isnan(r->nearness) ? -1 : r->nearness;
}

int resource_compare(const void *a, const void *b)
{
	const struct resource *x = a, *y = b;
	if (order(x) != order(y))
		return order(x) > order(y) ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	return strcmp(x->service->name, y->service->name);
}
