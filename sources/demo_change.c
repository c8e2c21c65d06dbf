#include "sources/demo_change.h"

#include "sources/demo.h"
#include "sources/demo_catalog.h"
#include "sources/demo_draw.h"
#include "sources/demo_labels.h"
#include "sources/demo_trouble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEP ((time_ms)5000)
/* Moments that a span is looked at, at most. */
#define MOMENTS 1440
#define WEEK ((time_ms)604800000)
/* A time that can be counted with, either way. */
#define LATEST (INT64_MAX / 4)
/* Beyond that nobody looks for the first instance. */
#define VERSIONS_MOST ((time_ms)86400000)
/* Traffic that moved by more than that is news. */
#define NEWS .1

/* ---- a span, added up --------------------------------------------------- */

/* The durations of a mix of requests: sums over the requests. */
struct mix {
	double requests, median, sigma, slow, slow_median, slow_sigma;
};

/* Expected, of the service and by value of each label. */
struct tally {
	double requests, usual, fresh, slow, fresh_slow;
};

struct span {
	const struct story *story;
	enum demo_service s;
	const struct shape *shape;
	double slow_over;
	time_ms from, to;
	struct tally all, by[DEMO_LABELS][DEMO_VALUES];
	struct mix mix, mix_by[DEMO_LABELS][DEMO_VALUES];
};

static void add_mix(struct mix *x, const struct story_moment *m,
		    double requests, double speed, double slow)
{
	x->requests += requests;
	x->median += requests * m->median * speed;
	x->sigma += requests * m->sigma;
	x->slow += slow;
	x->slow_median += requests * m->slow_median;
	x->slow_sigma += requests * m->slow_sigma;
}

/* Errors of the service: the usual ones and the incident's, shares. */
static void error_shares(const struct span *x, const struct story_moment *m,
			 double *usual, double *fresh)
{
	const char *code;
	*usual = *fresh = 0;
	for (size_t c = 0; (code = story_code(x->s, c)) != NULL; c++) {
		if (status_class(x->shape->status, code) != CLASS_ERROR)
			continue;
		*usual += m->share[c] - m->hurt[c];
		*fresh += m->hurt[c];
	}
}

/* The share beyond the limit among requests that wait for nothing. */
static double usual_slow(const struct span *x, const struct story_moment *m,
			 double speed)
{
	struct story_moment own = *m;
	own.median *= speed;
	own.slow = 0;
	return 1 - story_below(&own, x->slow_over);
}

static void add_label(struct span *x, enum demo_label l, time_ms t,
		      const struct story_moment *m, const struct tally *add)
{
	struct demo_values v;
	struct demo_spread s;
	double slow = 0;
	demo_values(x->story, x->s, l, &v);
	if (!v.name)
		return;
	demo_spread(x->story, x->s, l, t, m, &s);
	for (size_t i = 0; i < v.nr; i++)
		slow += s.requests[i] * usual_slow(x, m, v.speed[i]);
	for (size_t i = 0; i < v.nr; i++) {
		struct tally *y = &x->by[l][i];
		double own = s.requests[i] * usual_slow(x, m, v.speed[i]);
		y->requests += add->requests * s.requests[i];
		y->usual += add->usual * s.usual[i];
		y->fresh += add->fresh * s.errors[i];
		y->slow += slow > 0 ? add->slow * own / slow : 0;
		y->fresh_slow += add->fresh_slow * s.slow[i];
		add_mix(&x->mix_by[l][i], m, add->requests * s.requests[i],
			v.speed[i], add->requests * m->slow * s.slow[i]);
	}
}

/* `seconds` of the service as it is at t. */
static void add_moment(struct span *x, time_ms t, double seconds)
{
	struct story_moment m;
	double usual, fresh, slow;
	story_at(x->story, x->s, t, &m);
	if (!m.present)
		return;
	error_shares(x, &m, &usual, &fresh);
	slow = usual_slow(x, &m, 1) * (1 - m.slow);
	struct tally add = {
		.requests = m.rate * seconds,
		.usual = m.rate * seconds * usual,
		.fresh = m.rate * seconds * fresh,
		.slow = m.rate * seconds * slow,
		.fresh_slow = m.rate * seconds
			      * (1 - story_below(&m, x->slow_over) - slow),
	};
	x->all.requests += add.requests;
	x->all.usual += add.usual;
	x->all.fresh += add.fresh;
	x->all.slow += add.slow;
	x->all.fresh_slow += add.fresh_slow;
	add_mix(&x->mix, &m, add.requests, 1, add.requests * m.slow);
	for (int l = 0; l < DEMO_LABELS; l++)
		add_label(x, (enum demo_label)l, t, &m, &add);
}

/* In the steps of the trailing averages, so that both count the same. */
static void add_span(struct span *x)
{
	time_ms step = time_ceil((x->to - x->from) / MOMENTS + 1, STEP);
	time_ms at = time_floor(x->from, step);
	for (; at < x->to; at += step) {
		time_ms from = at > x->from ? at : x->from;
		time_ms to = at + step < x->to ? at + step : x->to;
		add_moment(x, at + step / 2, (double)(to - from) / 1000);
	}
}

/* ---- percentiles -------------------------------------------------------- */

static double p99_of(const struct mix *x)
{
	double n = x->requests, lo = 1e-6, hi = 1e3;
	if (!(n > 0))
		return NAN;
	struct story_moment m = {
		.median = x->median / n, .sigma = x->sigma / n,
		.slow = x->slow / n, .slow_median = x->slow_median / n,
		.slow_sigma = x->slow_sigma / n,
	};
	for (int i = 0; i < 60; i++) {
		double mid = sqrt(lo * hi);
		if (story_below(&m, mid) < .99)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

/* Something above the service's usual p99 that its buckets can tell. */
static double slow_over(const struct story *st, enum demo_service s, time_ms t)
{
	const struct service_def *d = &demo_catalog.service[s];
	const struct shape *sh = &demo_catalog.shape[d->shape - 1];
	const char *const *le = demo_bounds(sh->id);
	struct story_moment m;
	if (sh->method != METHOD_HISTOGRAM && sh->method != METHOD_NATIVE)
		return NAN;
	if (d->latency_limit > 0)
		return d->latency_limit;
	story_calm_at(st, s, t, &m);
	double p99 = story_quantile(&m, 2.3263478740408408);
	while (strtod(*le, NULL) * unit_scale(sh->unit) < p99)
		le++;
	return strtod(*le, NULL) * unit_scale(sh->unit);
}

/* ---- counts ------------------------------------------------------------- */

struct drawing {
	const struct span *span[2];
	bool timed;              /* something is known of durations */
	uint64_t key;
	struct change_count *count;
	size_t nr;
};

enum what { DRAW_REQUESTS, DRAW_USUAL, DRAW_FRESH, DRAW_SLOW, DRAW_FRESH_SLOW,
	    DRAWS };

static double part_of(const struct tally *t, enum what w)
{
	const double parts[DRAWS] = { t->requests, t->usual, t->fresh, t->slow,
				      t->fresh_slow };
	return parts[w];
}

static void draw_part(const struct drawing *d, int k, enum demo_label l,
		      size_t nr, enum what w, double out[DEMO_VALUES])
{
	const struct span *x = d->span[k];
	double weight[DEMO_VALUES];
	uint64_t key = trouble_mix(d->key + (uint64_t)(x->from / 60000) * 64
				   + (uint64_t)l * 8 + (uint64_t)w);
	for (size_t i = 0; i < nr; i++)
		weight[i] = part_of(&x->by[l][i], w);
	draw_split(round(part_of(&x->all, w)), weight, nr, key, out);
}

/* No value has more of them than requests: the others take what is beyond. */
static void keep_inside(double *v, const double *requests, size_t nr)
{
	double beyond = 0;
	for (size_t i = 0; i < nr; i++)
		if (v[i] > requests[i]) {
			beyond += v[i] - requests[i];
			v[i] = requests[i];
		}
	for (size_t i = 0; i < nr && beyond > 0; i++) {
		double room = requests[i] - v[i];
		double take = room < beyond ? room : beyond;
		v[i] += take;
		beyond -= take;
	}
}

static void draw_label(struct drawing *d, int k, enum demo_label l, size_t nr,
		       struct change_count *c)
{
	double v[DRAWS][DEMO_VALUES];
	for (int w = 0; w < DRAWS; w++)
		draw_part(d, k, l, nr, (enum what)w, v[w]);
	for (size_t i = 0; i < nr; i++) {
		v[DRAW_USUAL][i] += v[DRAW_FRESH][i];
		v[DRAW_SLOW][i] += v[DRAW_FRESH_SLOW][i];
	}
	keep_inside(v[DRAW_USUAL], v[DRAW_REQUESTS], nr);
	keep_inside(v[DRAW_SLOW], v[DRAW_REQUESTS], nr);
	for (size_t i = 0; i < nr; i++) {
		c[i].requests[k] = v[DRAW_REQUESTS][i];
		c[i].errors[k] = v[DRAW_USUAL][i];
		c[i].slow[k] = d->timed ? v[DRAW_SLOW][i] : NAN;
		c[i].p99[k] = d->timed ? p99_of(&d->span[k]->mix_by[l][i])
				       : NAN;
	}
}

/* A value that neither span has is none; one value alone tells nothing. */
static size_t worth_telling(struct change_count *c, size_t nr)
{
	size_t kept = 0;
	for (size_t i = 0; i < nr; i++)
		if (c[i].requests[0] > 0 || c[i].requests[1] > 0)
			c[kept++] = c[i];
	return kept >= 2 ? kept : 0;
}

static void count_label(struct drawing *d, enum demo_label l)
{
	struct change_count *c = d->count + d->nr;
	struct demo_values v;
	demo_values(d->span[0]->story, d->span[0]->s, l, &v);
	if (!v.name)
		return;
	for (size_t i = 0; i < v.nr; i++)
		c[i] = (struct change_count){ .label = v.name,
					      .value = v.value[i] };
	for (int k = 0; k < 2; k++)
		draw_label(d, k, l, v.nr, c);
	d->nr += worth_telling(c, v.nr);
}

static void count_all(const struct drawing *d, struct change_count *c)
{
	*c = (struct change_count){ .label = "", .value = "" };
	for (int k = 0; k < 2; k++) {
		const struct span *x = d->span[k];
		c->requests[k] = round(x->all.requests);
		c->errors[k] = round(x->all.usual) + round(x->all.fresh);
		c->slow[k] = d->timed ? round(x->all.slow)
					+ round(x->all.fresh_slow) : NAN;
		c->p99[k] = d->timed ? p99_of(&x->mix) : NAN;
	}
}

/* ---- what happened ------------------------------------------------------ */

#define MAX_EVENTS 32
#define MAX_NOTES 8

struct telling {
	struct arena *arena;
	struct change_answer *a;
	struct event *event;
	const char **note;
	time_ms from, to;
};

static void tell(struct telling *x, enum event_kind kind, time_ms at,
		 const char *tag, const char *text)
{
	if (at < x->from || at > x->to || x->a->nr_events >= MAX_EVENTS)
		return;
	size_t i = x->a->nr_events++;
	for (; i > 0 && x->event[i - 1].at > at; i--)
		x->event[i] = x->event[i - 1];
	x->event[i] = (struct event){
		.at = at, .until = TIME_NONE, .kind = kind,
		.severity = SEVERITY_INFO, .service = x->a->want.service,
		.text = text, .tag = tag };
}

static void note(struct telling *x, const char *text)
{
	x->note[x->a->nr_notes++] = text;
}

static int instances_of(const struct story *st, enum demo_service s,
			size_t slot, time_ms t)
{
	int n = 0;
	for (size_t r = 0; r < DEMO_REGIONS; r++)
		n += story_instances(st, s, slot, r, t);
	return n;
}

/* Which version an instance has is seen when it is scraped. */
static void tell_versions(struct telling *x, const struct story *st,
			  enum demo_service s)
{
	const char *before = story_version(st, s, 0);
	const char *after = before ? story_version(st, s, 1) : NULL;
	int had = after ? instances_of(st, s, 1, x->from) : 0;
	if (x->to - x->from > VERSIONS_MOST)
		return;
	for (time_ms t = x->from; after && t <= x->to; t += STEP) {
		int n = instances_of(st, s, 1, t);
		int all = n + instances_of(st, s, 0, t);
		bool still = n == instances_of(st, s, 1, t + STEP);
		if (n > 0 && had == 0)
			tell(x, EVENT_DEPLOY, t, after, arena_printf(x->arena,
				"%s → %s on the first instance",
				before, after));
		else if (n != had && still)
			tell(x, EVENT_DEPLOY, t, after, arena_printf(x->arena,
				"%s on %d of %d instances", after, n, all));
		had = n;
	}
}

static const char *percent(struct arena *arena, double change)
{
	/* No "-0%". */
	return arena_printf(arena, "traffic %+.0f%%",
			    round(change * 100) + 0.0);
}

static void tell_traffic(struct telling *x)
{
	const struct change_answer *a = x->a;
	double span = (double)(a->want.during_to - a->want.during_from) / 1000;
	double change = a->all.requests[1] / span / a->rate_last_week - 1;
	if (isnan(change))
		return;
	if (fabs(change) < NEWS)
		note(x, percent(x->arena, change));
	else
		tell(x, EVENT_TRAFFIC, a->want.during_from, NULL,
		     arena_printf(x->arena, "%s against last week",
				  percent(x->arena, change)));
}

/* What the story tells of it stands in the batches' events. */
static bool has_event(const struct telling *x, const struct story *st,
		      int kind)
{
	const struct story_event *e;
	size_t nr = story_events(st, &e);
	for (size_t i = 0; i < nr; i++) {
		time_ms phase = demo_deploy_at + e[i].after;
		time_ms at = phase + time_ceil(x->from - phase, DEMO_PERIOD);
		if (e[i].kind == kind && at <= x->to
		    && strcmp(e[i].service, x->a->want.service) == 0)
			return true;
	}
	return false;
}

static void note_regions(struct telling *x)
{
	double share[DEMO_REGIONS] = { 0 };
	const struct change_answer *a = x->a;
	for (size_t i = 0; i < a->nr; i++)
		for (size_t r = 0; r < DEMO_REGIONS; r++)
			if (strcmp(a->count[i].value, story_region(r)) == 0)
				share[r] = a->count[i].requests[1]
					   / a->all.requests[1] * 100;
	if (share[0] > 0 && share[1] > 0)
		note(x, arena_printf(x->arena, "region mix %.0f/%.0f",
				     share[0], share[1]));
}

static void tell_unchanged(struct telling *x, const struct story *st,
			   enum demo_service s)
{
	int all = instances_of(st, s, 0, x->to) + instances_of(st, s, 1, x->to);
	if (!has_event(x, st, EVENT_RESTART))
		note(x, "no restart");
	if (!has_event(x, st, EVENT_CONFIG))
		note(x, "configuration not reloaded");
	if (all > 0)
		note(x, arena_printf(x->arena, "instances %d of %d", all, all));
	note_regions(x);
	note(x, "not known: feature flags");
}

static void tell_all(struct arena *arena, struct change_answer *a,
		     const struct story *st, enum demo_service s)
{
	struct telling x = {
		.arena = arena, .a = a,
		.event = arena_alloc(arena, MAX_EVENTS * sizeof(*x.event)),
		.note = arena_alloc(arena, MAX_NOTES * sizeof(*x.note)),
		.from = a->want.before_from, .to = a->want.during_to,
	};
	a->event = x.event;
	a->note = x.note;
	tell_versions(&x, st, s);
	tell_traffic(&x);
	tell_unchanged(&x, st, s);
}

/* ---- the answer --------------------------------------------------------- */

static enum demo_service service_named(const char *name)
{
	int s = 0;
	while (s < DEMO_SERVICES
	       && (!name || strcmp(demo_catalog.service[s].name, name) != 0))
		s++;
	return (enum demo_service)s;
}

static struct span *span_of(const struct story *st, enum demo_service s,
			    double over, time_ms from, time_ms to,
			    struct arena *arena)
{
	struct span *x = arena_alloc(arena, sizeof(*x));
	*x = (struct span){
		.story = st, .s = s, .from = from, .to = to,
		.slow_over = isnan(over) ? INFINITY : over,
		.shape = &demo_catalog.shape[demo_catalog.service[s].shape - 1],
	};
	add_span(x);
	return x;
}

/* Last week was the same but for a little. */
static double last_week(const struct span *x, uint64_t key)
{
	double span = (double)(x->to - x->from) / 1000;
	double little = draw_binomial(1000, .5, key + 7) / 500 - 1;
	return x->all.requests > 0
		? x->all.requests / span * (1 + little * .3) : NAN;
}

static bool is_span(time_ms from, time_ms to)
{
	return to > -LATEST && to < LATEST && from < to && from >= to - WEEK;
}

const struct change_answer *demo_change(const struct story *st,
					const struct change_want *w,
					struct arena *arena)
{
	struct change_answer *a = arena_alloc(arena, sizeof(*a));
	enum demo_service s = service_named(w->service);
	if (s == DEMO_SERVICES)
		return NULL;
	*a = (struct change_answer){ .want = *w, .slow_over = NAN,
				     .rate_last_week = NAN };
	a->want.service = demo_catalog.service[s].name;
	if (!is_span(w->before_from, w->before_to)
	    || !is_span(w->during_from, w->during_to)) {
		a->fault = "the spans to compare are empty, or over a week";
		return a;
	}
	a->slow_over = slow_over(st, s, w->before_from);
	struct drawing d = {
		.span = { span_of(st, s, a->slow_over, w->before_from,
				  w->before_to, arena),
			  span_of(st, s, a->slow_over, w->during_from,
				  w->during_to, arena) },
		.timed = !isnan(a->slow_over),
		.key = trouble_mix(story_seed(st) + (uint64_t)s),
		.count = arena_alloc(arena, DEMO_LABELS * DEMO_VALUES
					    * sizeof(*d.count)),
	};
	count_all(&d, &a->all);
	for (int l = 0; l < DEMO_LABELS; l++)
		count_label(&d, (enum demo_label)l);
	a->nr = d.nr;
	a->count = d.count;
	a->rate_last_week = last_week(d.span[1], d.key);
	tell_all(arena, a, st, s);
	return a;
}
