/* The simulated shop as a source: the story's rates, asked as a server would
 * be asked and answered at once. It is the shortest complete source: a catalog
 * first, then with every poll an instant batch for the rows, one for the routes
 * of the service whose page is open, a range batch for the charts, and what
 * objectives ask (demo_own.h). */
#include "sources/demo.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/demo_catalog.h"
#include "sources/demo_change.h"
#include "sources/demo_own.h"
#include "sources/demo_resource.h"
#include "sources/demo_routes.h"
#include "sources/demo_story.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POLL_PERIOD 2000
#define DEPLOY_AHEAD 40000
#define SEED_MAX 64

/* A summary's quantiles in standard deviations from the median. */
static const struct ready {
	const char *quantile;
	double z;
} ready[] = {
	{ "0.5", 0 }, { "0.95", 1.6448536269514722 },
	{ "0.99", 2.3263478740408408 },
};

/* ---- answering --------------------------------------------------------- */

#define MAX_FRAMES (DEMO_SERVICES * 48 + 2 * 64)
#define MAX_ROUTE_FRAMES (DEMO_ROUTES * (DEMO_CODES + DEMO_BOUNDS))

struct demo {
	uint64_t seed;
	struct story *story;
	struct demo_own *own;
	bool started;
	time_ms offset;           /* story = wall + offset */
	time_ms from, to, step;   /* of the range held by the store; step 0 */
	time_ms told;             /* events up to here have been emitted */
};

/* The batch being filled, and the service that is being answered for. */
struct answer {
	struct batch *b;
	const struct story *story;
	struct frame *frame;
	size_t nr;
	const time_ms *t;
	size_t nr_t;
	enum demo_service s;
	const struct shape *shape;
	struct story_moment *m;   /* at each of t */
	bool details;             /* the routes, and nothing but them */
};

/* The frame's labels: the service's, and of the others those with a name. */
static struct labels labels_and(struct answer *a, struct label one,
				struct label two)
{
	struct label *l = arena_alloc(&a->b->arena, 3 * sizeof(*l));
	const struct label all[] = {
		{ a->shape->label, demo_catalog.service[a->s].value }, one, two,
	};
	size_t n = 0;
	for (size_t i = 0; i < 3; i++)
		if (all[i].name)
			l[n++] = all[i];
	labels_sort(l, n);
	return (struct labels){ n, l };
}

static struct labels labels_of(struct answer *a, const char *name,
			       const char *value)
{
	return labels_and(a, (struct label){ name, value },
			  (struct label){ NULL, NULL });
}

static double *values(struct answer *a)
{
	return arena_alloc(&a->b->arena, a->nr_t * sizeof(double));
}

static void push(struct answer *a, enum red_role role, struct labels labels,
		 size_t nr, const time_ms *t, const double *v,
		 const struct histogram *h)
{
	if (nr == 0)
		return;
	a->frame[a->nr++] = (struct frame){
		.question = question_id(a->shape->id, role), .labels = labels,
		.nr = nr, .t = t, .v = v, .h = h,
	};
}

/* Adds a series. NAN: the server would have no point there. */
static void push_values(struct answer *a, enum red_role role,
			struct labels labels, double *v)
{
	size_t n = 0;
	for (size_t i = 0; i < a->nr_t; i++)
		n += isnan(v[i]) ? 0 : 1;
	if (n == a->nr_t) {
		push(a, role, labels, n, a->t, v, NULL);
		return;
	}
	time_ms *t = arena_alloc(&a->b->arena, n * sizeof(*t) + 1);
	n = 0;
	for (size_t i = 0; i < a->nr_t; i++) {
		if (isnan(v[i]))
			continue;
		t[n] = a->t[i];
		v[n++] = v[i];
	}
	push(a, role, labels, n, t, v, NULL);
}

static void answer_status(struct answer *a, enum red_role role)
{
	const char *code;
	for (size_t c = 0; (code = story_code(a->s, c)) != NULL; c++) {
		double *v = values(a);
		for (size_t i = 0; i < a->nr_t; i++) {
			const struct story_moment *m = &a->m[i];
			v[i] = m->present ? m->rate * m->share[c] : NAN;
		}
		push_values(a, role,
			    labels_of(a, a->shape->status_label, code), v);
	}
}

static void answer_rate(struct answer *a, enum red_role role)
{
	if (!a->shape->question[RED_ERRORS]) {
		answer_status(a, role);
		return;
	}
	double *v = values(a);
	for (size_t i = 0; i < a->nr_t; i++)
		v[i] = a->m[i].present ? a->m[i].rate : NAN;
	push_values(a, role, labels_of(a, NULL, NULL), v);
}

static void answer_buckets(struct answer *a, enum red_role role)
{
	const char *const *le = demo_bounds(a->shape->id);
	double unit = unit_scale(a->shape->unit);
	for (; *le; le++) {
		double bound = strtod(*le, NULL) * unit, *v = values(a);
		for (size_t i = 0; i < a->nr_t; i++) {
			const struct story_moment *m = &a->m[i];
			v[i] = !m->present ? NAN
			     : isinf(bound) ? m->rate
			     : m->rate * story_below(m, bound);
		}
		push_values(a, role, labels_of(a, "le", *le), v);
	}
}

/* Schema 2: four buckets to a doubling, from 1 ms to 1 s; the outermost take
 * what lies beyond them. */
#define NATIVE_FIRST (-40)
#define NATIVE_NR 40

static struct histogram native_at(struct arena *arena,
				  const struct story_moment *m)
{
	struct native_bucket *b = arena_alloc(arena, NATIVE_NR * sizeof(*b));
	struct histogram h = { m->rate, m->rate * story_mean(m), 0, b };
	double below = 0;
	for (int i = 0; i < NATIVE_NR && m->rate > 0; i++) {
		double lo = exp2((NATIVE_FIRST + i) / 4.0);
		double hi = exp2((NATIVE_FIRST + i + 1) / 4.0);
		double f = i + 1 < NATIVE_NR ? story_below(m, hi) : 1;
		if (f > below)
			b[h.nr++] = (struct native_bucket){
				0, lo, hi, m->rate * (f - below) };
		below = fmax(f, below);
	}
	return h;
}

static void answer_native(struct answer *a, enum red_role role)
{
	struct histogram *h = arena_alloc(&a->b->arena, a->nr_t * sizeof(*h));
	for (size_t i = 0; i < a->nr_t; i++)
		h[i] = native_at(&a->b->arena, &a->m[i]);
	push(a, role, labels_of(a, NULL, NULL), a->nr_t, a->t, NULL, h);
}

static void answer_quantile(struct answer *a, enum red_role role)
{
	double unit = unit_scale(a->shape->unit);
	for (size_t q = 0; q < sizeof(ready) / sizeof(ready[0]); q++) {
		double *v = values(a);
		for (size_t i = 0; i < a->nr_t; i++) {
			const struct story_moment *m = &a->m[i];
			v[i] = m->present && m->rate > 0
				? story_quantile(m, ready[q].z) / unit : NAN;
		}
		push_values(a, role,
			    labels_of(a, "quantile", ready[q].quantile), v);
	}
}

static void answer_duration(struct answer *a, enum red_role role)
{
	double unit = unit_scale(a->shape->unit), *v = values(a);
	for (size_t i = 0; i < a->nr_t; i++) {
		const struct story_moment *m = &a->m[i];
		double weight = role == RED_SUM ? m->rate : 1;
		v[i] = m->present ? story_mean(m) * weight / unit : NAN;
	}
	push_values(a, role, labels_of(a, NULL, NULL), v);
}

static void answer_burn(struct answer *a, enum red_role role)
{
	time_ms window = role == RED_BURN_5M ? 300000 : 3600000;
	const char *code;
	for (size_t c = 0; (code = story_code(a->s, c)) != NULL; c++) {
		double *v = values(a);
		for (size_t i = 0; i < a->nr_t; i++)
			v[i] = !a->m[i].present ? NAN
			     : story_average(a->story, a->s, c, a->t[i],
					     window);
		push_values(a, role,
			    labels_of(a, a->shape->status_label, code), v);
	}
}

static void answer_region(struct answer *a, enum red_role role, size_t slot,
			  size_t region)
{
	double *v = values(a);
	for (size_t i = 0; i < a->nr_t; i++) {
		int n = story_instances(a->story, a->s, slot, region, a->t[i]);
		v[i] = n ? (double)n : NAN;
	}
	const char *version = story_version(a->story, a->s, slot);
	push_values(a, role, labels_and(a,
		(struct label){ "version", version },
		(struct label){ "region", story_region(region) }), v);
}

static void answer_version(struct answer *a, enum red_role role)
{
	for (size_t k = 0; story_version(a->story, a->s, k); k++)
		for (size_t r = 0; r < DEMO_REGIONS; r++)
			answer_region(a, role, k, r);
}

/* The routes are asked for one moment only. */
static void push_one(struct answer *a, enum red_role role,
		     const struct demo_route *r, const char *name,
		     const char *value, double share)
{
	double *v = values(a);
	const char *label = demo_route_label(a->shape->id);
	*v = a->m->present ? a->m->rate * share : NAN;
	push_values(a, role, labels_and(a, (struct label){ label, r->name },
					(struct label){ name, value }), v);
}

static void answer_routes(struct answer *a, enum red_role role)
{
	double share[DEMO_ROUTES][DEMO_CODES];
	const struct demo_route *r = a->m->route;
	size_t nr = a->m->nr_routes;
	const char *code;
	demo_routes_share(a->m, share);
	for (size_t i = 0; i < nr; i++)
		for (size_t c = 0; (code = story_code(a->s, c)) != NULL; c++)
			push_one(a, role, &r[i], a->shape->status_label, code,
				 share[i][c]);
}

static void answer_route_buckets(struct answer *a, enum red_role role)
{
	double below[DEMO_ROUTES][DEMO_BOUNDS], bound[DEMO_BOUNDS];
	double unit = unit_scale(a->shape->unit);
	const char *const *le = demo_bounds(a->shape->id);
	const struct demo_route *r = a->m->route;
	size_t nr = a->m->nr_routes, n = 0;
	for (; le[n]; n++)
		bound[n] = strtod(le[n], NULL) * unit;
	demo_routes_below(a->m, bound, n, below);
	for (size_t i = 0; i < nr; i++)
		for (size_t k = 0; k < n; k++)
			push_one(a, role, &r[i], "le", le[k], below[i][k]);
}

static void (*const answers[RED_ROLES])(struct answer *, enum red_role) = {
	[RED_RATE] = answer_rate,
	[RED_ERRORS] = answer_status,
	[RED_BUCKETS] = answer_buckets,
	[RED_NATIVE] = answer_native,
	[RED_QUANTILE] = answer_quantile,
	[RED_SUM] = answer_duration,
	[RED_MEAN] = answer_duration,
	[RED_BURN_5M] = answer_burn,
	[RED_BURN_1H] = answer_burn,
	[RED_VERSION] = answer_version,
	[RED_ROUTES] = answer_routes,
	[RED_ROUTE_BUCKETS] = answer_route_buckets,
};

static bool is_detail(int role)
{
	return role == RED_ROUTES || role == RED_ROUTE_BUCKETS;
}

static void ask_everything(struct batch *b)
{
	const struct catalog *c = &demo_catalog;
	uint32_t *asked = arena_alloc(&b->arena, c->nr_shapes * RED_ROLES
						 * sizeof(*asked));
	for (size_t i = 0; i < c->nr_shapes; i++)
		for (int r = 0; r < RED_ROLES; r++)
			if (c->shape[i].question[r] && !is_detail(r))
				asked[b->nr_asked++] = question_id(
					c->shape[i].id, (enum red_role)r);
	b->asked = asked;
}

static void answer_service(struct answer *a, enum demo_service s)
{
	a->s = s;
	a->shape = &demo_catalog.shape[demo_catalog.service[s].shape - 1];
	for (size_t i = 0; i < a->nr_t; i++)
		story_at(a->story, s, a->t[i], &a->m[i]);
	for (int r = 0; r < RED_ROLES; r++)
		if (a->shape->question[r] && is_detail(r) == a->details)
			answers[r](a, (enum red_role)r);
}

static void push_resource(struct answer *a, enum red_role role,
			  const struct demo_resource *r)
{
	double *v = values(a);
	struct label *l = arena_alloc(&a->b->arena, sizeof(*l));
	*l = (struct label){ a->shape->label, r->value };
	for (size_t i = 0; i < a->nr_t; i++)
		v[i] = role == RED_LIMIT ? r->limit
		     : demo_resource_used(a->story, r, a->t[i]);
	push_values(a, role, (struct labels){ 1, l }, v);
}

static void answer_resources(struct answer *a)
{
	const struct demo_resource *r;
	size_t nr = demo_resources(&r);
	for (size_t i = 0; i < nr; i++) {
		uint32_t shape = demo_resource_shape((int)r[i].kind);
		a->shape = &demo_catalog.shape[shape - 1];
		push_resource(a, RED_USED, &r[i]);
		if (a->shape->question[RED_LIMIT])
			push_resource(a, RED_LIMIT, &r[i]);
	}
}

static void answer_all(struct batch *b, const struct story *story,
		       const time_ms *t, size_t nr_t)
{
	struct answer a = {
		.b = b, .story = story, .t = t, .nr_t = nr_t,
		.frame = arena_alloc(&b->arena,
				     MAX_FRAMES * sizeof(*a.frame)),
		.m = mem_alloc(nr_t * sizeof(*a.m)),
	};
	ask_everything(b);
	for (int s = 0; s < DEMO_SERVICES; s++)
		answer_service(&a, (enum demo_service)s);
	answer_resources(&a);
	free(a.m);
	b->frame = a.frame;
	b->nr = a.nr;
}

/* False: that service is not known, or nothing tells its routes apart. */
static bool answer_details(struct batch *b, const struct story *story,
			   const time_ms *t, const char *name)
{
	const struct catalog *c = &demo_catalog;
	struct story_moment m;
	struct answer a = { .b = b, .story = story, .t = t, .nr_t = 1, .m = &m,
			    .details = true };
	size_t s = 0;
	while (s < DEMO_SERVICES && strcmp(c->service[s].name, name) != 0)
		s++;
	if (s == DEMO_SERVICES)
		return false;
	const struct shape *sh = &c->shape[c->service[s].shape - 1];
	uint32_t *asked = arena_alloc(&b->arena, 2 * sizeof(*asked));
	for (int r = RED_ROUTES; r <= RED_ROUTE_BUCKETS; r++)
		if (sh->question[r])
			asked[b->nr_asked++] = question_id(sh->id,
							   (enum red_role)r);
	a.frame = arena_alloc(&b->arena, MAX_ROUTE_FRAMES * sizeof(*a.frame));
	answer_service(&a, (enum demo_service)s);
	b->asked = asked;
	b->only = c->service[s].value;
	b->frame = a.frame;
	b->nr = a.nr;
	return b->nr_asked > 0;
}

/* ---- batches ------------------------------------------------------------ */

static const char *copied(struct batch *b, const char *text)
{
	return text ? arena_strdup(&b->arena, text) : NULL;
}

/* The events of from..to, the newest ones if they are too many. */
static void tell(struct batch *b, const struct story *st, time_ms from,
		 time_ms to)
{
	const struct story_event *row;
	size_t rows = story_events(st, &row);
	time_ms oldest = to - (time_ms)(LIMIT_EVENTS / rows) * DEMO_PERIOD;
	from = from > oldest ? from : oldest;
	size_t periods = (size_t)((to - from) / DEMO_PERIOD) + 2;
	struct event *e = arena_alloc(&b->arena, rows * periods * sizeof(*e));
	for (size_t i = 0; i < rows; i++) {
		time_ms phase = demo_deploy_at + row[i].after;
		time_ms at = phase + time_ceil(from - phase, DEMO_PERIOD);
		for (; at <= to; at += DEMO_PERIOD)
			e[b->nr_events++] = (struct event){
				.at = at, .until = TIME_NONE,
				.kind = (enum event_kind)row[i].kind,
				.severity = (enum severity)row[i].severity,
				.service = row[i].service,
				.text = copied(b, row[i].text),
				.tag = copied(b, row[i].tag),
			};
	}
	b->event = e;
}

static struct batch *batch_at(time_ms at)
{
	struct batch *b = batch_new(0);
	b->at = at;
	b->window = demo_catalog.shape[0].window;
	b->settled = at;
	return b;
}

static void say_status(struct batch *b)
{
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	*s = (struct source_status){
		.kind = "demo", .url = "", .identity = "simulated",
		.skew_s = NAN, .next = b->at + POLL_PERIOD,
		.period = POLL_PERIOD,
	};
	b->status = s;
}

static struct batch *moment_batch(time_ms at)
{
	struct batch *b = batch_at(at);
	b->instant = true;
	b->from = b->to = at;
	return b;
}

static const time_ms *one_moment(struct batch *b)
{
	time_ms *t = arena_alloc(&b->arena, sizeof(*t));
	*t = b->at;
	return t;
}

static struct batch *instant_batch(const struct demo *d, time_ms at)
{
	struct batch *b = moment_batch(at);
	say_status(b);
	answer_all(b, d->story, one_moment(b), 1);
	return b;
}

static void emit_details(struct source *src, time_ms at, const char *name)
{
	const struct demo *d = src->state;
	struct batch *b = moment_batch(at);
	if (answer_details(b, d->story, one_moment(b), name))
		source_emit(src, b);
	else
		batch_free(b);
}

static struct batch *range_batch(const struct demo *d, time_ms at,
				 time_ms from, time_ms to, time_ms step)
{
	struct batch *b = batch_at(at);
	size_t n = (size_t)((to - from) / step) + 1;
	time_ms *t = arena_alloc(&b->arena, n * sizeof(*t));
	for (size_t i = 0; i < n; i++)
		t[i] = from + (time_ms)i * step;
	b->from = from;
	b->to = to;
	b->step = step;
	b->settled = to;
	answer_all(b, d->story, t, n);
	return b;
}

/* The part of the charts that is still unknown to the store, or all of it.
 * False: nothing new has come. */
static bool next_range(struct demo *d, const struct want *w, time_ms at,
		       time_ms *from, time_ms *to)
{
	time_ms step = w->step, back = w->back > 0 ? w->back : 0;
	if (back / step > (time_ms)LIMIT_POINTS - 2)
		back = step * ((time_ms)LIMIT_POINTS - 2);
	*to = time_floor(at, step);
	*from = time_floor(at - back, step);
	bool tail = !w->whole && step == d->step && *from >= d->from
		    && *from <= d->to + step && *to >= d->to;
	if (tail)
		*from = d->to + step;
	else
		d->from = *from;
	d->step = step;
	d->to = *to;
	return *from <= *to;
}

static time_ms wall_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

time_ms demo_offset(time_ms wall_now)
{
	time_ms wall = time_floor(wall_now, 1000);
	time_ms ahead = demo_deploy_at - DEPLOY_AHEAD - wall;
	time_ms offset = ahead - time_floor(ahead, DEMO_PERIOD);
	return offset > DEMO_PERIOD / 2 ? offset - DEMO_PERIOD : offset;
}

/* The story's own now, in whole seconds. */
static time_ms live(struct demo *d)
{
	time_ms wall = wall_clock();
	if (!d->started)
		d->offset = demo_offset(wall);
	d->started = true;
	return time_floor(wall + d->offset, 1000);
}

static void emit_catalog(struct source *src, time_ms at)
{
	const struct demo *d = src->state;
	struct batch *b = moment_batch(at);
	demo_own_catalog(d->own, b);
	say_status(b);
	source_emit(src, b);
}

/* What has happened since the poll before, or inside the charts. */
static void tell_news(struct demo *d, struct batch *b, bool whole,
		      time_ms from)
{
	bool news = !whole && d->told != TIME_NONE && d->told <= b->at
		    && d->told >= from;
	tell(b, d->story, news ? d->told : from, b->at);
	d->told = b->at;
}

static void emit_change(struct source *src, time_ms at,
			const struct change_want *w)
{
	const struct demo *d = src->state;
	struct batch *b = moment_batch(at);
	b->change = demo_change(d->story, w, &b->arena);
	if (b->change)
		source_emit(src, b);
	else
		batch_free(b);
}

/* Objectives alone: no rows and no charts of them. */
static void poll_own(struct source *src, const struct want *w, time_ms at)
{
	struct demo *d = src->state;
	struct batch *b = moment_batch(at);
	demo_own_emit(d->own, src, w, at, 0, -1);
	say_status(b);
	b->tick = true;
	source_emit(src, b);
	source_end(src);
}

static void poll_all(struct source *src, const struct want *w, time_ms at)
{
	struct demo *d = src->state;
	time_ms from = 0, to = -1, whole = d->from;
	bool charts = w->charts && w->step > 0;
	bool news = charts && next_range(d, w, at, &from, &to);
	if (w->details && w->selected)
		emit_details(src, at, w->selected);
	if (w->change)
		emit_change(src, at, w->change);
	demo_own_emit(d->own, src, w, at, from, to);
	struct batch *b = instant_batch(d, at);
	if (news) {
		source_emit(src, b);
		b = range_batch(d, at, from, to, w->step);
	}
	if (charts)
		tell_news(d, b, w->whole || d->from != whole, d->from);
	b->tick = true;
	source_emit(src, b);
	source_end(src);
}

/* Everything is emitted and the poll ended before this returns: the source
 * needs no handle, and a poll can never be found under way. */
static void demo_poll(struct source *src, const struct want *w)
{
	struct demo *d = src->state;
	time_ms at = w->at == TIME_NONE ? live(d) : w->at;
	bool first = !d->story;
	if (first) {
		d->story = story_new(d->seed);
		d->own = demo_own_new(d->story, &src->opt);
	}
	if (first || w->whole)
		emit_catalog(src, at);
	if (w->only_slos)
		poll_own(src, w, at);
	else
		poll_all(src, w, at);
}

/* ---- open and close ----------------------------------------------------- */

static const char *seed_text(const char *where)
{
	if (!where || strcmp(where, "demo") == 0)
		return "";
	return strncmp(where, "demo:", 5) == 0 ? where + 5 : where;
}

/* FNV-1a of the text. */
uint64_t demo_seed(const char *where)
{
	const char *text = seed_text(where);
	uint64_t h = 0xcbf29ce484222325u;
	if (!*text)
		return STORY_SEED;
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

/* `where`: "", "demo", "demo:SEED" or SEED, any text. */
static int demo_open(struct source *src, const char *where, struct err *e)
{
	struct demo *d = src->state;
	const char *seed = seed_text(where);
	if (strlen(seed) > SEED_MAX)
		return err_set(e, EXIT_USAGE,
			       "the demo's seed is longer than %d bytes",
			       SEED_MAX);
	d->seed = demo_seed(where);
	d->told = TIME_NONE;
	src->period = POLL_PERIOD;
	src->interval = demo_catalog.shape[0].interval;
	src->newest = src->oldest = TIME_NONE;
	return 0;
}

static void demo_cancel(struct source *src)
{
	(void)src;
}

static void demo_close(struct source *src)
{
	struct demo *d = src->state;
	demo_own_free(d->own);
	story_free(d->story);
	d->own = NULL;
	d->story = NULL;
	source_closed(src);
}

const struct source_ops demo_ops = {
	.name = "demo",
	.help = "a small shop with an incident, simulated",
	.state_size = sizeof(struct demo),
	.open = demo_open,
	.poll = demo_poll,
	.cancel = demo_cancel,
	.close = demo_close,
};
