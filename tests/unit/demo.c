/* The simulated shop: the same story for everyone, at any range. */
#include "sources/demo.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/routes.h"
#include "model/service.h"
#include "sources/demo_catalog.h"
#include "sources/demo_story.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_BATCHES 16
#define MINUTE ((time_ms)60000)
#define HOUR (60 * MINUTE)
#define ONSET ((time_ms)70000)
#define ROLLBACK ((time_ms)3360000)

static const char *const seeds[] = { "", "demo:1", "demo:2", "demo:friday",
				     "pager", "demo:\xc3\xa9t\xc3\xa9", NULL };

/* A source, what it emitted in the newest poll, and a store that got it all. */
struct shop {
	struct source src;
	struct store *store;
	struct batch *batch[MAX_BATCHES];
	size_t nr;
	int ends, closes;
};

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct shop *s = arg;
	(void)src;
	assert_int_equal(s->ends, 0);
	assert_true(s->nr < MAX_BATCHES);
	s->batch[s->nr++] = b;
	store_apply(s->store, b);
}

static void ended(struct source *src, void *arg)
{
	(void)src;
	((struct shop *)arg)->ends++;
}

static void closed(struct source *src, void *arg)
{
	(void)src;
	((struct shop *)arg)->closes++;
}

static void shop_forget(struct shop *s)
{
	for (size_t i = 0; i < s->nr; i++)
		batch_free(s->batch[i]);
	s->nr = 0;
	s->ends = 0;
}

static struct shop *shop_open(const char *where)
{
	struct shop *s = mem_zero(1, sizeof(*s));
	s->store = store_new(0);
	s->src = (struct source){
		.ops = &demo_ops, .name = (char *)"demo", .url = (char *)"",
		.state = mem_zero(1, demo_ops.state_size), .sink = sink,
		.ended = ended, .closed = closed, .arg = s,
	};
	assert_int_equal(demo_ops.open(&s->src, where, NULL), 0);
	return s;
}

static void shop_close(struct shop *s)
{
	shop_forget(s);
	demo_ops.close(&s->src);
	assert_int_equal(s->closes, 1);
	store_free(s->store);
	free(s->src.state);
	free(s);
}

static void shop_want(struct shop *s, const struct want *w)
{
	shop_forget(s);
	demo_ops.poll(&s->src, w);
	assert_int_equal(s->ends, 1);
	assert_true(s->nr > 0);
	for (size_t i = 0; i < s->nr; i++)
		assert_int_equal(s->batch[i]->tick, i + 1 == s->nr);
}

static void shop_poll(struct shop *s, time_ms at, time_ms back, time_ms step)
{
	shop_want(s, &(struct want){ .at = at, .back = back, .step = step,
				     .charts = back > 0 });
}

static bool is_own(const struct batch *b)
{
	return b->nr_asked && question_is_own(b->asked[0]);
}

/* The newest poll's answer of a kind for rows, or NULL. */
static const struct batch *answer(const struct shop *s, bool instant)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->batch[i]->instant == instant && s->batch[i]->nr
		    && !is_own(s->batch[i]))
			return s->batch[i];
	return NULL;
}

static time_ms deploy_of(time_ms t)
{
	return demo_deploy_at + time_floor(t - demo_deploy_at, DEMO_PERIOD);
}

static const struct frame *frame_like(const struct batch *b,
				      const struct frame *f)
{
	for (size_t i = 0; i < b->nr; i++)
		if (b->frame[i].question == f->question
		    && labels_equal(&b->frame[i].labels, &f->labels))
			return &b->frame[i];
	return NULL;
}

static struct red_row row_of(const struct shop *s, const char *name, time_ms at)
{
	const struct service *const *all;
	struct red_row r = { 0 };
	size_t n = store_services(s->store, &all);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			service_row(all[i], at,
				    &(struct red_options){ .from = at - HOUR },
				    &r);
	assert_non_null(r.service);
	return r;
}

static struct red_row row_at(struct shop *s, const char *name, time_ms at)
{
	shop_poll(s, at, 0, 0);
	return row_of(s, name, at);
}

static char *printed(const struct shop *s)
{
	struct buf out;
	buf_init(&out, 0);
	for (size_t i = 0; i < s->nr; i++)
		batch_print(s->batch[i], &out);
	char *text = mem_strdup(buf_text(&out));
	buf_release(&out);
	return text;
}

static char *told(const char *where)
{
	struct shop *s = shop_open(where);
	shop_poll(s, demo_fixed_now, HOUR, 15000);
	char *text = printed(s);
	shop_close(s);
	return text;
}

static void two_people_with_one_seed_see_the_same(void **state)
{
	(void)state;
	for (const char *const *seed = seeds; *seed; seed++) {
		char *a = told(*seed), *b = told(*seed);
		assert_string_equal(a, b);
		free(a);
		free(b);
	}
	char *a = told(""), *b = told("demo"), *c = told("demo:");
	assert_string_equal(a, b);
	assert_string_equal(a, c);
	free(a);
	free(b);
	free(c);
}

static void two_shops_do_not_have_the_same_trouble(void **state)
{
	(void)state;
	const char *label, *value, *kinds[16];
	size_t nr = 0;
	demo_planted(demo_seed("demo"), &label, &value);
	assert_string_equal(label, "route");
	assert_string_equal(value, "/pay");
	for (int i = 0; i < 60; i++) {
		char where[24];
		size_t k = 0;
		snprintf(where, sizeof(where), "demo:%d", i);
		demo_planted(demo_seed(where), &label, &value);
		assert_true(value && *value);
		while (k < nr && strcmp(kinds[k], label) != 0)
			k++;
		if (k == nr)
			kinds[nr++] = label;
	}
	assert_int_equal(nr, 6);
}

static bool is_told(const struct shop *s, enum event_kind kind,
		    const char *service, const char *part)
{
	const struct event *const *e;
	size_t n = store_events(s->store, &e);
	for (size_t i = 0; i < n; i++)
		if (e[i]->kind == kind && strcmp(e[i]->service, service) == 0
		    && strstr(e[i]->text, part))
			return true;
	return false;
}

/* Who reads the events of a shop whose zone fails sees no deploy to blame. */
static void only_a_version_to_blame_is_deployed(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		char where[24];
		const char *label, *value;
		snprintf(where, sizeof(where), "demo:%d", i);
		demo_planted(demo_seed(where), &label, &value);
		bool ours = strcmp(label, "route") == 0
			    || strcmp(label, "version") == 0;
		struct shop *s = shop_open(where);
		shop_poll(s, demo_fixed_now, HOUR, 15000);
		assert_int_equal(is_told(s, EVENT_DEPLOY, "checkout", " → "),
				 ours);
		assert_true(is_told(s, EVENT_THRESHOLD, "checkout", "rise"));
		assert_false(is_told(s, EVENT_THRESHOLD, "checkout", value));
		shop_close(s);
	}
}

static void another_seed_is_another_shop(void **state)
{
	(void)state;
	for (size_t i = 0; seeds[i]; i++)
		for (size_t k = 0; k < i; k++) {
			char *a = told(seeds[i]), *b = told(seeds[k]);
			assert_string_not_equal(a, b);
			free(a);
			free(b);
		}
	char *a = told("demo:7"), *b = told("7");
	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void a_seed_without_end_is_refused(void **state)
{
	(void)state;
	struct source src = { .state = mem_zero(1, demo_ops.state_size) };
	struct err e = { 0 };
	char seed[200] = "demo:";
	memset(seed + 5, 'x', sizeof(seed) - 6);
	assert_int_equal(demo_ops.open(&src, seed, &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "seed"));
	free(src.state);
}

/* Every point of `b` is the same double in the other answer. */
static void assert_points_in(const struct batch *b, const struct batch *all)
{
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		const struct frame *g = frame_like(all, f);
		assert_non_null(g);
		for (size_t p = 0, q = 0; p < f->nr; p++, q++) {
			while (q < g->nr && g->t[q] < f->t[p])
				q++;
			assert_true(q < g->nr && g->t[q] == f->t[p]);
			if (f->v)
				assert_true(f->v[p] == g->v[q]);
			else
				assert_true(f->h[p].count == g->h[q].count
					    && f->h[p].sum == g->h[q].sum);
		}
	}
}

static void a_point_does_not_move_when_zooming(void **state)
{
	(void)state;
	struct shop *wide = shop_open(""), *s = shop_open("");
	time_ms at = deploy_of(demo_fixed_now) + 65 * MINUTE;
	shop_poll(wide, at, 3 * HOUR, 5000);
	static const struct { time_ms before, back, step; } asked[] = {
		{ 0, HOUR, 15000 }, { 0, 10 * MINUTE, 5000 },
		{ 37 * MINUTE, HOUR, 60000 }, { 64 * MINUTE, MINUTE, 10000 },
		{ 0, 2 * HOUR, 30000 },
	};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		shop_poll(s, at - asked[i].before, asked[i].back,
			  asked[i].step);
		assert_points_in(answer(s, false), answer(wide, false));
		assert_points_in(answer(s, true), answer(wide, false));
	}
	shop_close(s);
	shop_close(wide);
}

/* Buckets rise with their bound and the last one holds every request. */
static void check_buckets(const struct batch *b, const struct shape *sh,
			  const char *service)
{
	const struct frame *last = NULL;
	double total[64] = { 0 };
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		const char *of = labels_get(&f->labels, sh->label);
		if (!of || strcmp(of, service) != 0)
			continue;
		assert_true(f->nr < 64);
		if (f->question == question_id(sh->id, RED_RATE))
			for (size_t p = 0; p < f->nr; p++)
				total[p] += f->v[p];
		if (f->question != question_id(sh->id, RED_BUCKETS))
			continue;
		for (size_t p = 0; last && p < f->nr; p++)
			assert_true(f->v[p] >= last->v[p]);
		last = f;
	}
	assert_non_null(last);
	assert_string_equal(labels_get(&last->labels, "le"), "+Inf");
	for (size_t p = 0; p < last->nr; p++) {
		assert_true(total[p] > 0);
		assert_true(fabs(last->v[p] / total[p] - 1) < 1e-12);
	}
}

static void percentiles_come_from_whole_histograms(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:2");
	shop_poll(s, demo_fixed_now, 2 * HOUR, 150000);
	const struct batch *b = answer(s, false);
	size_t checked = 0;
	for (size_t i = 0; i < demo_catalog.nr_services; i++) {
		const struct service_def *d = &demo_catalog.service[i];
		const struct shape *sh = &demo_catalog.shape[d->shape - 1];
		if (sh->method != METHOD_HISTOGRAM)
			continue;
		check_buckets(b, sh, d->value);
		checked++;
	}
	assert_int_equal(checked, 8);
	shop_close(s);
}

static void a_native_histogram_holds_every_request(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	shop_poll(s, demo_fixed_now, 2 * HOUR, 60000);
	const struct batch *b = answer(s, false);
	size_t points = 0;
	for (size_t i = 0; i < b->nr; i++)
		for (size_t p = 0; b->frame[i].h && p < b->frame[i].nr; p++) {
			const struct histogram *h = &b->frame[i].h[p];
			double sum = 0, edge = 0;
			for (size_t k = 0; k < h->nr; k++) {
				assert_true(h->bucket[k].lo >= edge);
				edge = h->bucket[k].hi;
				sum += h->bucket[k].count;
			}
			assert_true(fabs(sum / h->count - 1) < 1e-9);
			points++;
		}
	assert_int_equal(points, 121);
	shop_close(s);
}

static void the_limit_of_checkout_is_a_bucket_bound(void **state)
{
	(void)state;
	const struct service_def *d = &demo_catalog.service[DEMO_CHECKOUT];
	bool found = false;
	assert_true(d->latency_limit > 0);
	for (const char *const *le = demo_bounds(d->shape); *le; le++)
		found |= strtod(*le, NULL) == d->latency_limit;
	assert_true(found);
}

static enum service_state checkout_at(struct shop *s, time_ms at)
{
	return row_at(s, "checkout", at).state;
}

static void the_page_fires_within_three_minutes(void **state)
{
	(void)state;
	for (const char *const *seed = seeds; *seed; seed++) {
		struct shop *s = shop_open(*seed);
		time_ms deploy = deploy_of(demo_fixed_now), fired = 0;
		for (time_ms t = -30 * MINUTE; t < ONSET; t += 30000)
			assert_int_equal(checkout_at(s, deploy + t), STATE_OK);
		for (time_ms t = ONSET; t < ONSET + 3 * MINUTE; t += 1000)
			if (checkout_at(s, deploy + t) == STATE_PAGE) {
				fired = t;
				break;
			}
		assert_true(fired > ONSET + 60000);
		for (time_ms t = fired; t <= ROLLBACK; t += 5000)
			assert_int_equal(checkout_at(s, deploy + t),
					 STATE_PAGE);
		time_ms over = deploy + ROLLBACK + 10 * MINUTE;
		assert_int_equal(checkout_at(s, over), STATE_OK);
		shop_close(s);
	}
}

/* The burn that a server would compute from rates two seconds apart. */
static double burn_by_hand(struct shop *s, time_ms at, time_ms window)
{
	double errors = 0, total = 0;
	for (time_ms t = at - window + 1000; t < at; t += 2000) {
		struct red_row r = row_at(s, "checkout", t);
		errors += r.by_class[CLASS_ERROR];
		total += r.rate;
	}
	return errors / total / (1 - .999);
}

static void burn_is_the_average_of_what_was_shown(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	static const time_ms after[] = { 150000, 213000, 500000, 3400000,
					 4500000, 7199000 };
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		time_ms at = deploy_of(demo_fixed_now) + after[i];
		struct red_row r = row_at(s, "checkout", at);
		double five = burn_by_hand(s, at, 5 * MINUTE);
		double hour = burn_by_hand(s, at, HOUR);
		assert_true(fabs(r.burn_5m / five - 1) < .01);
		assert_true(fabs(r.burn_1h / hour - 1) < .01);
	}
	shop_close(s);
}

static void the_deploy_is_40_s_ahead_of_every_start(void **state)
{
	(void)state;
	for (time_ms wall = 1700000000000; wall < 1700000000000 + 30 * HOUR;
	     wall += 7919 * 13) {
		time_ms offset = demo_offset(wall);
		time_ms story = time_floor(wall + offset, 1000);
		assert_int_equal(offset % 1000, 0);
		assert_true(offset > -DEMO_PERIOD && offset < DEMO_PERIOD);
		assert_int_equal(deploy_of(story) + DEMO_PERIOD - story, 40000);
	}
	struct shop *s = shop_open("");
	shop_poll(s, TIME_NONE, HOUR, 15000);
	time_ms at = s->batch[0]->at;
	assert_int_equal(deploy_of(at) + DEMO_PERIOD - at, 40000);
	shop_poll(s, TIME_NONE, HOUR, 15000);
	assert_int_equal(s->batch[0]->at % 1000, 0);
	assert_true(s->batch[0]->at >= at);
	shop_close(s);
}

static bool within(double v, double lo, double hi)
{
	return v >= lo && v <= hi;
}

static void the_picture_shows_the_incident(void **state)
{
	(void)state;
	char text[TIME_TEXT];
	struct shop *s = shop_open("");
	shop_poll(s, demo_fixed_now, HOUR, 15000);
	assert_string_equal(time_iso(demo_fixed_now, text),
			    "2026-11-23T14:32:05Z");
	assert_string_equal(time_hms(deploy_of(demo_fixed_now), text),
			    "13:44:00");
	struct red_row r = row_of(s, "checkout", demo_fixed_now);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(within(r.rate, 405, 419));
	assert_true(within(r.error_ratio, .0186, .0197));
	assert_true(within(r.p50.value, .044, .047));
	assert_true(within(r.p95.value, .170, .184));
	assert_true(within(r.p99.value, .900, .930));
	assert_true(r.p99.lo == .75 && r.p99.hi == 1);
	assert_true(within(r.burn_5m, 18.6, 19.6));
	assert_true(within(r.burn_1h, 15, 32));
	assert_int_equal(r.objective_from, OBJECTIVE_CONFIG);
	assert_string_equal(time_hms(r.since, text), "13:45:15");
	r = row_of(s, "email", demo_fixed_now);
	assert_int_equal(r.state, STATE_NODATA);
	assert_string_equal(time_hms(r.since, text), "14:21:00");
	r = row_of(s, "payment", demo_fixed_now);
	assert_true(within(r.burn_5m, 1.3, 1.5) && within(r.burn_1h, 1.3, 1.5));
	r = row_of(s, "acquirer", demo_fixed_now);
	assert_int_equal(r.state, STATE_CRIT);
	assert_true(within(r.error_ratio, .20, .24));
	shop_close(s);
}

/* ---- the page of one service -------------------------------------------- */

static void shop_page(struct shop *s, time_ms at, const char *service)
{
	shop_want(s, &(struct want){ .at = at, .selected = service,
				     .details = true });
}

static const struct batch *details(const struct shop *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->batch[i]->only)
			return s->batch[i];
	return NULL;
}

/* Of the moment, by status or by bound: the routes' sum beside the rows'. */
static void check_sums(const struct shop *s, const struct service_def *d,
		       enum red_role of_routes, enum red_role of_rows,
		       const char *by, double tolerance)
{
	const struct batch *b = details(s), *rows = s->batch[s->nr - 1];
	const char *key = demo_catalog.shape[d->shape - 1].label;
	size_t compared = 0;
	for (size_t i = 0; i < rows->nr; i++) {
		const struct frame *f = &rows->frame[i];
		const char *of = labels_get(&f->labels, key);
		const char *value = labels_get(&f->labels, by);
		if (f->question != question_id(d->shape, of_rows)
		    || !of || strcmp(of, d->value) != 0)
			continue;
		double sum = 0;
		for (size_t k = 0; k < b->nr; k++) {
			const struct frame *g = &b->frame[k];
			const char *v = labels_get(&g->labels, by);
			if (g->question == question_id(d->shape, of_routes)
			    && v && strcmp(v, value) == 0)
				sum += g->v[0];
		}
		assert_true(fabs(sum - f->v[0]) <= tolerance * f->v[0]
						   + 1e-9);
		compared++;
	}
	assert_true(compared >= 2);
}

static void the_routes_are_the_whole_service(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:1");
	size_t with_routes = 0;
	for (size_t i = 0; i < demo_catalog.nr_services; i++) {
		const struct service_def *d = &demo_catalog.service[i];
		const struct shape *sh = &demo_catalog.shape[d->shape - 1];
		for (time_ms t = 0; t < DEMO_PERIOD; t += 61000) {
			shop_page(s, demo_fixed_now + t, d->name);
			if (!sh->question[RED_ROUTES])
				assert_null(details(s));
			if (!details(s) || !details(s)->nr)
				continue;
			bool apart = sh->question[RED_ERRORS] != NULL;
			check_sums(s, d, RED_ROUTES,
				   apart ? RED_ERRORS : RED_RATE,
				   sh->status_label, 1e-12);
			if (sh->question[RED_ROUTE_BUCKETS])
				check_sums(s, d, RED_ROUTE_BUCKETS,
					   RED_BUCKETS, "le", 1e-3);
			with_routes += t == 0;
		}
	}
	assert_int_equal(with_routes, 10);
	shop_close(s);
}

static void no_route_has_fewer_than_no_requests(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	for (time_ms t = 0; t < DEMO_PERIOD; t += 30000)
		for (size_t i = 0; i < demo_catalog.nr_services; i++) {
			shop_page(s, demo_fixed_now + t,
				  demo_catalog.service[i].name);
			const struct batch *b = details(s);
			for (size_t k = 0; b && k < b->nr; k++) {
				assert_true(b->frame[k].v[0] >= 0);
				assert_true(isfinite(b->frame[k].v[0]));
			}
		}
	shop_close(s);
}

static size_t routes_at(struct shop *s, const char *service, time_ms at,
			struct route_row *out, size_t max, const char **label)
{
	const struct service *const *all;
	shop_page(s, at, service);
	size_t n = store_services(s->store, &all);
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, service) == 0)
			return service_routes(all[i], at, out, max, label);
	return 0;
}

static void the_page_of_checkout_names_the_route(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	struct route_row r[8];
	const char *label;
	assert_int_equal(routes_at(s, "checkout", demo_fixed_now, r, 8,
				   &label), 6);
	assert_string_equal(label, "route");
	assert_string_equal(r[0].name, "/pay");
	assert_true(within(r[0].rate, 32, 34));
	assert_true(within(r[0].error_ratio, .21, .226));
	assert_true(within(r[0].p99.value, 1.7, 2));
	assert_string_equal(r[1].name, "/basket/confirm");
	assert_true(within(r[1].rate, 40, 42.4));
	assert_true(within(r[1].error_ratio, .009, .013));
	assert_true(within(r[1].p99.value, .25, .5));
	for (size_t i = 2; i < 6; i++) {
		assert_true(r[i].error_ratio < .002);
		assert_true(r[i].p99.value < .25);
	}
	time_ms before = deploy_of(demo_fixed_now) - MINUTE;
	routes_at(s, "checkout", before, r, 8, &label);
	for (size_t i = 0; i < 6; i++) {
		assert_true(r[i].error_ratio < .002);
		assert_true(r[i].p99.value < .5);
	}
	shop_close(s);
}

static void every_page_names_its_routes_its_own_way(void **state)
{
	(void)state;
	static const struct {
		const char *service, *label;
		size_t nr;
	} all[] = {
		{ "edge", "path", 5 }, { "web", "route", 5 },
		{ "payment", "route", 5 }, { "cart", "http_route", 4 },
		{ "recommendation", "grpc_method", 4 },
		{ "acquirer", "uri", 4 }, { "orders-db", "operation", 5 },
		{ "cart-cache", "operation", 4 }, { "inventory", NULL, 0 },
	};
	struct shop *s = shop_open("");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct route_row r[8];
		const char *label = NULL;
		assert_int_equal(routes_at(s, all[i].service, demo_fixed_now, r,
					   8, &label), all[i].nr);
		assert_true(label == all[i].label
			    || strcmp(label, all[i].label) == 0);
	}
	shop_close(s);
}

static void routes_are_asked_for_one_open_page_only(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	shop_want(s, &(struct want){ .at = demo_fixed_now, .back = HOUR,
				     .step = 15000, .charts = true,
				     .selected = "checkout" });
	assert_null(details(s));
	shop_want(s, &(struct want){ .at = demo_fixed_now, .details = true });
	assert_null(details(s));
	shop_page(s, demo_fixed_now, "");
	assert_null(details(s));
	shop_page(s, demo_fixed_now, "no such service");
	assert_null(details(s));
	shop_page(s, demo_fixed_now, "checkout");
	const struct batch *b = details(s);
	assert_non_null(b);
	assert_true(b->instant && b->at == demo_fixed_now);
	assert_string_equal(b->only, "checkout");
	assert_int_equal(b->nr_asked, 2);
	shop_close(s);
}

static void latency_follows_the_new_version(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms deploy = deploy_of(demo_fixed_now);
	assert_true(within(row_at(s, "checkout", deploy - 40000).p99.value,
			   .18, .25));
	assert_true(within(row_at(s, "checkout", deploy + ONSET).p99.value,
			   .18, .25));
	assert_true(within(row_at(s, "checkout", deploy + ONSET
				  + 90000).p99.value, .85, 1));
	assert_true(within(row_at(s, "checkout", deploy + ROLLBACK
				  + MINUTE).p99.value, .18, .25));
	shop_close(s);
}

static void healthy_services_stay_quiet(void **state)
{
	(void)state;
	static const char *const names[] = { "edge", "web", "payment", "cart",
		"search", "recommendation", "inventory", "orders-db",
		"cart-cache", NULL };
	struct shop *s = shop_open("demo:1");
	for (time_ms t = 0; t < DEMO_PERIOD; t += 97000)
		for (size_t i = 0; names[i]; i++) {
			struct red_row r = row_at(s, names[i],
						  demo_fixed_now + t);
			assert_int_equal(r.state, STATE_OK);
			if (r.latency_limit > 0)
				assert_true(r.p99.value < r.latency_limit);
		}
	shop_close(s);
}

static void the_pool_of_the_database_feels_the_incident(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms deploy = deploy_of(demo_fixed_now);
	struct red_row calm = row_at(s, "orders-db", deploy);
	struct red_row hit = row_at(s, "orders-db", demo_fixed_now);
	assert_true(hit.error_ratio > 5 * calm.error_ratio);
	assert_true(hit.p99.value > 1.2 * calm.p99.value);
	assert_int_equal(hit.state, STATE_OK);
	struct red_row cache = row_at(s, "cart-cache", demo_fixed_now);
	assert_int_equal(cache.p99.method, METHOD_SUMMARY);
	assert_true(within(cache.p50.value, 200e-6, 400e-6));
	assert_true(cache.p99.value < 1e-3);
	shop_close(s);
}

/* The day of the shop takes two hours, an hour of it is seen. */
static void an_hour_of_traffic_is_no_flat_line(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	for (size_t i = 0; i < DEMO_SERVICES; i++) {
		const char *name = demo_catalog.service[i].name;
		double lo = INFINITY, hi = 0;
		for (time_ms t = -HOUR; t <= 0; t += MINUTE) {
			double v = row_at(s, name, demo_fixed_now + t).rate;
			if (isnan(v))
				continue;
			lo = fmin(lo, v);
			hi = fmax(hi, v);
		}
		assert_true(within(hi / lo, 1.08, 1.8));
	}
	shop_close(s);
}

static void every_kind_of_row_occurs(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms at = deploy_of(demo_fixed_now) + 5000000;
	struct red_row r = row_at(s, "email", at);
	assert_int_equal(r.state, STATE_NOTRAFFIC);
	assert_true(isnan(r.error_ratio) && isnan(r.p99.value));
	r = row_at(s, "email", demo_fixed_now - HOUR);
	assert_int_equal(r.p99.method, METHOD_SUMMARY);
	assert_true(within(r.p99.value, .3, 1.2));
	r = row_at(s, "inventory", at);
	assert_string_equal(r.p99.note, "no histogram");
	assert_true(isnan(r.p99.value) && within(r.mean, .015, .03));
	r = row_at(s, "recommendation", at);
	assert_int_equal(r.p99.method, METHOD_NATIVE);
	assert_true(within(r.p99.value, .06, .12));
	assert_true(within(r.error_ratio, .001, .003));
	r = row_at(s, "cart", at);
	assert_true(within(r.p50.value, .008, .02));
	assert_true(within(r.mean, .008, .03));
	r = row_at(s, "search", at);
	assert_true(r.error_ratio == 0);
	shop_close(s);
}

static void the_story_repeats_every_two_hours(void **state)
{
	(void)state;
	struct shop *a = shop_open("demo:3"), *b = shop_open("demo:3");
	shop_poll(a, demo_fixed_now, HOUR, 15000);
	shop_poll(b, demo_fixed_now - 36 * DEMO_PERIOD, HOUR, 15000);
	const struct batch *x = answer(a, false), *y = answer(b, false);
	assert_int_equal(x->nr, y->nr);
	for (size_t i = 0; i < x->nr; i++) {
		const struct frame *f = &x->frame[i], *g = &y->frame[i];
		assert_int_equal(f->nr, g->nr);
		if (f->v)
			assert_memory_equal(f->v, g->v, f->nr * sizeof(*f->v));
	}
	assert_int_equal(x->nr_events, y->nr_events);
	shop_close(a);
	shop_close(b);
}

static void check_steady(struct shop *s, const char *service)
{
	double before = row_at(s, service, demo_fixed_now).rate;
	size_t moved = 0;
	for (time_ms t = 2000; t < DEMO_PERIOD; t += 2000) {
		double v = row_at(s, service, demo_fixed_now + t).rate;
		assert_true(fabs(v / before - 1) < .006);
		moved += v != before;
		before = v;
	}
	assert_int_equal(moved, DEMO_PERIOD / 2000 - 1);
}

static void the_newest_values_move_without_jumps(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	check_steady(s, "web");
	check_steady(s, "payment");
	check_steady(s, "cart");
	check_steady(s, "recommendation");
	shop_close(s);
}

static double instances(const struct batch *b, const char *version,
			const char *region)
{
	double sum = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const char *v = labels_get(&b->frame[i].labels, "version");
		const char *r = labels_get(&b->frame[i].labels, "region");
		if (v && r && strcmp(v, version) == 0 && strcmp(r, region) == 0)
			sum += b->frame[i].v[0];
	}
	return sum;
}

static void the_version_line_follows_the_rollout(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms deploy = deploy_of(demo_fixed_now);
	static const struct { time_ms after; int eu, us; } at[] = {
		{ -1000, 0, 0 }, { 0, 0, 0 }, { 5000, 1, 0 }, { 25000, 3, 3 },
		{ 50000, 6, 6 }, { ROLLBACK, 6, 6 },
		{ ROLLBACK + 25000, 3, 3 }, { ROLLBACK + 50000, 0, 0 },
	};
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		shop_poll(s, deploy + at[i].after, 0, 0);
		const struct batch *b = answer(s, true);
		assert_true(instances(b, "v842", "eu-west") == at[i].eu);
		assert_true(instances(b, "v842", "us-east") == at[i].us);
		assert_true(instances(b, "v841", "eu-west") == 6 - at[i].eu);
		assert_true(instances(b, "v841", "us-east") == 6 - at[i].us);
	}
	shop_close(s);
}

static void a_tick_asks_for_what_is_new_only(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms at = demo_fixed_now, to = time_floor(at, 15000);
	shop_poll(s, at, HOUR, 15000);
	assert_int_equal(s->nr, 5);
	assert_non_null(s->batch[0]->catalog);
	assert_int_equal(answer(s, false)->from, time_floor(at - HOUR, 15000));
	assert_int_equal(answer(s, false)->to, to);
	shop_poll(s, at + 2000, HOUR, 15000);
	assert_null(answer(s, false));
	assert_null(s->batch[0]->catalog);
	shop_poll(s, at + 40000, HOUR, 15000);
	assert_int_equal(answer(s, false)->from, to + 15000);
	assert_int_equal(answer(s, false)->to, to + 45000);
	shop_poll(s, at + 40000, 2 * HOUR, 15000);
	assert_int_equal(answer(s, false)->from,
			 time_floor(at + 40000 - 2 * HOUR, 15000));
	shop_poll(s, at + 40000, 2 * HOUR, 30000);
	assert_int_equal(answer(s, false)->step, 30000);
	shop_poll(s, at - HOUR, HOUR, 30000);
	assert_int_equal(answer(s, false)->to, time_floor(at - HOUR, 30000));
	shop_poll(s, at + 10 * HOUR, HOUR, 30000);
	assert_int_equal(answer(s, false)->from,
			 time_floor(at + 9 * HOUR, 30000));
	shop_want(s, &(struct want){ .at = at + 10 * HOUR, .back = HOUR,
				     .step = 30000, .charts = true,
				     .whole = true });
	assert_int_equal(answer(s, false)->from,
			 time_floor(at + 9 * HOUR, 30000));
	assert_non_null(s->batch[0]->catalog);
	shop_close(s);
}

static void every_question_of_the_catalog_is_answered(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	shop_poll(s, demo_fixed_now - HOUR, HOUR, 15000);
	for (int instant = 0; instant < 2; instant++) {
		const struct batch *b = answer(s, instant);
		size_t asked = 0;
		for (size_t i = 0; i < demo_catalog.nr_shapes; i++)
			for (int r = 0; r < RED_ROLES; r++)
				if (demo_catalog.shape[i].question[r]
				    && r != RED_ROUTES
				    && r != RED_ROUTE_BUCKETS)
					asked++;
		assert_int_equal(b->nr_asked, asked);
		for (size_t q = 0; q < b->nr_asked; q++) {
			bool found = false;
			for (size_t i = 0; i < b->nr; i++)
				found |= b->frame[i].question == b->asked[q];
			assert_true(found);
		}
	}
	for (size_t i = 0; i < demo_catalog.nr_shapes; i++)
		assert_int_equal(demo_catalog.shape[i].id, i + 1);
	shop_close(s);
}

static void no_event_is_lost_or_told_twice(void **state)
{
	(void)state;
	struct shop *live = shop_open(""), *whole = shop_open("");
	time_ms from = demo_fixed_now - HOUR, to = from + 3 * HOUR;
	for (time_ms t = from; t <= to; t += 2000)
		shop_poll(live, t, HOUR, 15000);
	shop_poll(whole, to, to - from + HOUR, 15000);
	const struct event *const *a, *const *b;
	size_t n = store_events(live->store, &a);
	assert_int_equal(n, store_events(whole->store, &b));
	assert_true(n >= 14);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(a[i]->at, b[i]->at);
		assert_string_equal(a[i]->text, b[i]->text);
		assert_true(a[i]->at >= from - HOUR && a[i]->at <= to);
	}
	shop_close(live);
	shop_close(whole);
}

static void an_event_is_never_told_before_it_happens(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms deploy = deploy_of(demo_fixed_now);
	const struct event *const *e;
	shop_poll(s, deploy - 1000, HOUR, 15000);
	size_t n = store_events(s->store, &e);
	for (size_t i = 0; i < n; i++)
		assert_true(e[i]->at < deploy);
	shop_poll(s, deploy, HOUR, 15000);
	assert_int_equal(store_events(s->store, &e), n + 1);
	assert_int_equal(e[n]->kind, EVENT_DEPLOY);
	assert_string_equal(e[n]->tag, "v842");
	assert_string_equal(e[n]->service, "checkout");
	shop_close(s);
}

static void no_range_is_too_odd(void **state)
{
	(void)state;
	static const struct want odd[] = {
		{ .at = 0, .back = HOUR, .step = 15000, .charts = true },
		{ .at = -123456789, .back = HOUR, .step = 7, .charts = true },
		{ .at = 1, .back = -5, .step = 15000, .charts = true },
		{ .at = 5000, .back = 0, .step = 0, .charts = true },
		{ .at = 99999999999999, .back = 9999999999999,
		  .step = 86400000, .charts = true },
		{ .at = 1795444325001, .back = 100 * HOUR, .step = 1,
		  .charts = true },
	};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct shop *s = shop_open("");
		shop_want(s, &odd[i]);
		const struct batch *b = answer(s, false);
		for (size_t k = 0; b && k < b->nr; k++)
			assert_true(b->frame[k].nr <= LIMIT_POINTS);
		for (size_t k = 0; k < s->nr; k++)
			assert_true(s->batch[k]->nr_events <= LIMIT_EVENTS);
		shop_close(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_people_with_one_seed_see_the_same),
		cmocka_unit_test(another_seed_is_another_shop),
		cmocka_unit_test(two_shops_do_not_have_the_same_trouble),
		cmocka_unit_test(only_a_version_to_blame_is_deployed),
		cmocka_unit_test(a_seed_without_end_is_refused),
		cmocka_unit_test(a_point_does_not_move_when_zooming),
		cmocka_unit_test(percentiles_come_from_whole_histograms),
		cmocka_unit_test(a_native_histogram_holds_every_request),
		cmocka_unit_test(the_limit_of_checkout_is_a_bucket_bound),
		cmocka_unit_test(the_page_fires_within_three_minutes),
		cmocka_unit_test(burn_is_the_average_of_what_was_shown),
		cmocka_unit_test(the_deploy_is_40_s_ahead_of_every_start),
		cmocka_unit_test(the_picture_shows_the_incident),
		cmocka_unit_test(the_routes_are_the_whole_service),
		cmocka_unit_test(no_route_has_fewer_than_no_requests),
		cmocka_unit_test(the_page_of_checkout_names_the_route),
		cmocka_unit_test(every_page_names_its_routes_its_own_way),
		cmocka_unit_test(routes_are_asked_for_one_open_page_only),
		cmocka_unit_test(latency_follows_the_new_version),
		cmocka_unit_test(healthy_services_stay_quiet),
		cmocka_unit_test(the_pool_of_the_database_feels_the_incident),
		cmocka_unit_test(an_hour_of_traffic_is_no_flat_line),
		cmocka_unit_test(every_kind_of_row_occurs),
		cmocka_unit_test(the_story_repeats_every_two_hours),
		cmocka_unit_test(the_newest_values_move_without_jumps),
		cmocka_unit_test(the_version_line_follows_the_rollout),
		cmocka_unit_test(a_tick_asks_for_what_is_new_only),
		cmocka_unit_test(every_question_of_the_catalog_is_answered),
		cmocka_unit_test(no_event_is_lost_or_told_twice),
		cmocka_unit_test(an_event_is_never_told_before_it_happens),
		cmocka_unit_test(no_range_is_too_odd),
	};
	return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
