/* Widgets against a small shop that is built by hand: checkout fails and slows
 * down 40 minutes ago after a deploy, edge has no histogram, mail is idle. */
#include "tests/unit/panels.h"

#include "widgets/chart.h"
#include "widgets/keys.h"
#include "widgets/start.h"

#include "base/mem.h"
#include "base/text.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((time_ms)1795617125000) /* 2026-11-25T14:32:05Z */
#define STEP 15000
#define POINTS 600
#define ONSET (NOW - 2400000)

/* ---- the shop ----------------------------------------------------------- */

#define BOUNDS 6

static const struct shape shapes[] = {
	{ .id = 1, .label = "job", .metric = "http_request_duration_seconds",
	  .error_metric = "http_request_duration_seconds_count",
	  .error_matcher = "status=~\"5..\"", .status_label = "status",
	  .status = STATUS_HTTP, .layer = LAYER_APP,
	  .method = METHOD_HISTOGRAM, .interval = STEP, .window = 60000,
	  .question = { [RED_RATE] = "rate", [RED_BUCKETS] = "buckets",
			[RED_BURN_5M] = "burn5m", [RED_BURN_1H] = "burn1h",
			[RED_VERSION] = "version", [RED_ROUTES] = "routes",
			[RED_ROUTE_BUCKETS] = "route buckets" } },
	{ .id = 2, .label = "job", .metric = "edge_requests_total",
	  .status_label = "code", .status = STATUS_HTTP, .layer = LAYER_EDGE,
	  .method = METHOD_NONE, .note = "no histogram", .interval = STEP,
	  .window = 60000,
	  .question = { [RED_RATE] = "rate2", [RED_SUM] = "sum2",
			[RED_BURN_5M] = "burn5m2",
			[RED_BURN_1H] = "burn1h2" } },
};

static const struct service_def defs[] = {
	{ .name = "checkout", .value = "checkout", .shape = 1,
	  .objective = 0.999, .latency_limit = 0.5 },
	{ .name = "mail", .value = "mail", .shape = 1 },
	{ .name = "検索-é-service-with-a-very-long-name-nobody-can-read",
	  .value = "long", .shape = 1 },
	{ .name = "edge", .value = "edge", .shape = 2 },
};

struct shop {
	struct store *store;
	struct red_row row[4];
	struct view view;
};

enum shop_state { SHOP_INCIDENT, SHOP_CALM, SHOP_ASKING, SHOP_FOUND, SHOP_ROWS,
		  SHOP_BLIND, SHOP_EMPTY, SHOP_STATES };

struct maker {
	struct batch *b;
	struct frame frame[64];
	uint32_t asked[16];
	time_ms t[POINTS];
	size_t nr_t;
	enum shop_state state;
};

static bool bad_at(const struct maker *m, const char *service, time_ms t)
{
	return m->state != SHOP_CALM && t >= ONSET &&
	       !strcmp(service, "checkout");
}

/* A missing stretch: nothing was seen for ten minutes. */
static bool seen_at(time_ms t)
{
	return t < NOW - 5400000 || t >= NOW - 4800000;
}

static double rate_of(const char *service)
{
	return !strcmp(service, "mail") ? 0 : !strcmp(service, "edge") ? 3000
								       : 400;
}

typedef double (*value)(const struct maker *m, const char *service, int which,
			time_ms t);

static double requests(const struct maker *m, const char *service, int which,
		       time_ms t)
{
	double all = rate_of(service), errors = bad_at(m, service, t) ? 0.02
								      : 0.0001;
	return which ? all * errors : all * (1 - errors);
}

static double buckets(const struct maker *m, const char *service, int which,
		      time_ms t)
{
	static const double fast[] = { .5, .9, 1, 1, 1, 1 };
	static const double slow[] = { .5, .8, .95, .96, .995, 1 };
	return rate_of(service) * (bad_at(m, service, t) ? slow : fast)[which];
}

static double seconds(const struct maker *m, const char *service, int which,
		      time_ms t)
{
	(void)m;
	(void)which;
	(void)t;
	return rate_of(service) * 0.0041;
}

static double one(const struct maker *m, const char *service, int which,
		  time_ms t)
{
	(void)m;
	(void)service;
	(void)which;
	(void)t;
	return 12;
}

static void add_frame(struct maker *m, const struct service_def *d,
		      enum red_role role, const char *name, const char *text,
		      value v, int which)
{
	struct arena *a = &m->b->arena;
	struct label *l = arena_alloc(a, 2 * sizeof(*l));
	double *y = arena_alloc(a, POINTS * sizeof(*y));
	time_ms *t = arena_alloc(a, POINTS * sizeof(*t));
	size_t n = 0;

	l[0] = (struct label){ "job", d->value };
	l[1] = (struct label){ name, text };
	labels_sort(l, name ? 2 : 1);
	for (size_t i = 0; i < m->nr_t; i++) {
		if (!m->b->instant && !seen_at(m->t[i]))
			continue;
		t[n] = m->t[i];
		y[n++] = v(m, d->name, which, m->t[i]);
	}
	m->frame[m->b->nr++] = (struct frame){
		.question = question_id(d->shape, role),
		.labels = { name ? 2 : 1, l }, .nr = n, .t = t, .v = y,
	};
}

static void fill(struct maker *m)
{
	static const char *const le[] = { "0.05", "0.1", "0.25", "0.5", "1",
					  "+Inf" };
	static const char *const code[] = { "200", "503" };
	static const enum red_role counted[] = { RED_RATE, RED_BURN_5M,
						 RED_BURN_1H };

	for (size_t i = 0; i < 4; i++) {
		const struct service_def *d = &defs[i];
		for (int r = 0; r < 3; r++)
			for (int c = 0; c < 2; c++)
				add_frame(m, d, counted[r], d->shape == 1
					  ? "status" : "code", code[c],
					  requests, c);
		for (int b = 0; b < BOUNDS && d->shape == 1; b++)
			add_frame(m, d, RED_BUCKETS, "le", le[b], buckets, b);
		if (d->shape == 2)
			add_frame(m, d, RED_SUM, NULL, NULL, seconds, 0);
		else
			add_frame(m, d, RED_VERSION, "version", "v842", one, 0);
	}
	m->b->frame = m->frame;
	for (uint32_t s = 1; s <= 2; s++)
		for (int r = 0; r < RED_ROUTES; r++)
			if (shapes[s - 1].question[r])
				m->asked[m->b->nr_asked++] =
					question_id(s, (enum red_role)r);
	m->b->asked = m->asked;
}

static const struct event told[] = {
	{ ONSET - 70000, TIME_NONE, EVENT_DEPLOY, SEVERITY_INFO, "checkout",
	  "v841 → v842", "v842" },
	{ ONSET, NOW, EVENT_SLO, SEVERITY_CRIT, "checkout",
	  "page burn 14.4x in 5m & 1h", "page" },
	{ NOW - 600000, TIME_NONE, EVENT_NOTE, SEVERITY_INFO, NULL,
	  "\"waiting for anna\"", NULL },
};

static const struct source_status up = {
	.kind = "prometheus", .url = "http://127.0.0.1:9090",
	.identity = "Prometheus 2.42.0", .took_us = 12000, .skew_s = 0.1,
	.requests = 9, .bytes = 40000, .body_bytes = 120000,
	.next = NOW + 3000, .period = STEP,
};

static const struct catalog cat = {
	.version = "2.42.0", .nr_shapes = 2, .nr_services = 4,
	.shape = shapes, .service = defs, .requests = 4, .families = 2,
};

/* Discovery is over, and nothing was asked yet. */
static void send_catalog(struct store *st)
{
	struct batch *b = batch_new(0);

	b->source = "prom-a";
	b->at = NOW;
	b->catalog = &cat;
	b->status = &up;
	store_apply(st, b);
	batch_free(b);
}

static void send(struct store *st, struct maker *m, bool instant)
{
	m->b = batch_new(0);
	m->b->source = "prom-a";
	m->b->at = NOW;
	m->b->instant = instant;
	m->b->tick = instant;
	m->b->catalog = &cat;
	m->b->status = &up;
	m->nr_t = instant ? 1 : POINTS;
	for (size_t i = 0; i < m->nr_t; i++)
		m->t[i] = instant ? NOW : time_floor(NOW, STEP) -
			  (time_ms)(POINTS - 1 - i) * STEP;
	if (!instant) {
		m->b->from = m->t[0];
		m->b->to = m->t[POINTS - 1];
		m->b->step = STEP;
		m->b->settled = m->b->to;
		m->b->window = 60000;
		m->b->event = told;
		m->b->nr_events = 3;
	}
	fill(m);
	store_apply(st, m->b);
	batch_free(m->b);
}

/* ---- routes of checkout ------------------------------------------------- */

struct route {
	const char *name;
	double ok, errors, slow; /* requests/s; slow: of those, over 0.5 s */
};

static const struct route shop_routes[] = {
	{ "/pay", 26, 7.2, 10 }, { "/basket/confirm", 40.8, .4, 0 },
	{ "/basket", 201, .02, 0 }, { "", 1200, 0, 0 }, { "/idle", 0, 0, 0 },
};

static void add_route(struct maker *m, enum red_role role, const char *label,
		      const char *route, const char *name, const char *text,
		      double v)
{
	struct arena *a = &m->b->arena;
	struct label *l = arena_alloc(a, 3 * sizeof(*l));
	time_ms *t = arena_alloc(a, sizeof(*t));
	double *y = arena_alloc(a, sizeof(*y));

	l[0] = (struct label){ "job", "checkout" };
	l[1] = (struct label){ label, route };
	l[2] = (struct label){ name, text };
	labels_sort(l, 3);
	*t = NOW;
	*y = v;
	m->frame[m->b->nr++] = (struct frame){
		.question = question_id(1, role), .labels = { 3, l }, .nr = 1,
		.t = t, .v = y,
	};
}

static void send_routes(struct store *st, const char *label,
			const struct route *r, size_t nr)
{
	static const uint32_t asked[] = { 16 + RED_ROUTES,
					  16 + RED_ROUTE_BUCKETS };
	struct maker *m = mem_zero(1, sizeof(*m));

	m->b = batch_new(0);
	m->b->source = "prom-a";
	m->b->at = NOW;
	m->b->instant = true;
	m->b->only = "checkout";
	m->b->asked = asked;
	m->b->nr_asked = 2;
	m->b->frame = m->frame;
	for (size_t i = 0; i < nr; i++) {
		double all = r[i].ok + r[i].errors;
		add_route(m, RED_ROUTES, label, r[i].name, "status", "200",
			  r[i].ok);
		add_route(m, RED_ROUTES, label, r[i].name, "status", "503",
			  r[i].errors);
		add_route(m, RED_ROUTE_BUCKETS, label, r[i].name, "le", "0.5",
			  all - r[i].slow);
		add_route(m, RED_ROUTE_BUCKETS, label, r[i].name, "le", "1",
			  all);
		add_route(m, RED_ROUTE_BUCKETS, label, r[i].name, "le", "+Inf",
			  all);
	}
	store_apply(st, m->b);
	batch_free(m->b);
	free(m);
}

static void send_fault(struct store *st)
{
	struct batch *b = batch_new(0);

	b->source = "prom-a";
	b->at = NOW;
	b->fault = FAULT_REFUSED;
	b->error = "http://127.0.0.1:9090: connection refused, is it running?";
	b->tick = true;
	store_apply(st, b);
	batch_free(b);
}

static void judge(struct shop *s)
{
	const struct service *const *all;
	struct red_options o = { .from = NOW - 7200000 };
	size_t n = store_services(s->store, &all);

	assert_true(n <= 4);
	for (size_t i = 0; i < n; i++)
		service_row(all[i], s->view.now, &o, &s->row[i]);
	qsort(s->row, n, sizeof(*s->row), red_row_compare);
	s->view.row = s->view.all = s->row;
	s->view.nr_rows = s->view.nr_all = n;
	s->view.sel = n ? &s->row[s->view.selected] : NULL;
	s->view.nr_events = store_events(s->store, &s->view.event);
}

static const struct start_row starts[] = {
	{ START_LOOK, "demo", "redtop demo", "a small shop with an incident",
	  "no network" },
	{ START_FOUND, "http://localhost:9090", NULL, "Prometheus 2.42",
	  "ready" },
	{ START_TYPE, NULL, "redtop URL", "Prometheus, Thanos, Mimir", NULL },
};

static struct shop *open_shop(enum shop_state state)
{
	struct shop *s = mem_zero(1, sizeof(*s));
	struct maker *m = mem_zero(1, sizeof(*m));

	m->state = state;
	s->store = store_new(0);
	s->view = (struct view){
		.store = s->store, .now = NOW, .edge = NOW, .dot = 60000,
		.cursor = TIME_NONE, .step = STEP, .held_from = NOW - 9000000,
		.held_to = NOW, .filter = "", .title = "shop/prod",
		.started = NOW - 800, .speed = 1, .key_ms = NAN,
		.link_ms = NAN,
		.out_bytes_per_s = 1100, .cpu_ratio = NAN, .rss_bytes = NAN,
		.frame_bytes = NAN, .term = "xterm-256color, 120x40",
		.start = starts, .nr_start = 3,
	};
	store_declare(s->store, "prom-a", STEP);
	if (state == SHOP_INCIDENT || state == SHOP_CALM ||
	    state == SHOP_BLIND) {
		send(s->store, m, false);
		send(s->store, m, true);
	}
	if (state == SHOP_FOUND)
		send_catalog(s->store);
	if (state == SHOP_ROWS)
		send(s->store, m, true);
	if (state == SHOP_BLIND) {
		s->view.now = s->view.edge = s->view.held_to = NOW + 255000;
		send_fault(s->store);
		store_clock(s->store, s->view.now);
	}
	if (state == SHOP_EMPTY)
		send_fault(s->store);
	free(m);
	judge(s);
	return s;
}

static void close_shop(struct shop *s)
{
	store_free(s->store);
	free(s);
}

/* ---- drawing ------------------------------------------------------------ */

static struct surface *draw(const struct shop *s, const char *kind, int w,
			    int h, enum graph g)
{
	return draw_view(&s->view, kind, w, h, g);
}

static enum role role_at(const struct surface *s, int x, int y)
{
	const struct cell *c = surface_cell(s, x, y);

	assert_non_null(c);
	return (enum role)c->role;
}

/* ---- every widget, every size ------------------------------------------- */

static void any_size_is_drawn_inside_and_the_same_twice(void **state)
{
	(void)state;
	for (int st = 0; st < SHOP_STATES; st++) {
		struct shop *s = open_shop((enum shop_state)st);
		s->view.page = (enum page)(st % PAGE_NR);
		if (st == SHOP_INCIDENT)
			send_routes(s->store, "route", shop_routes, 5);
		judge(s);
		s->view.cursor = st == SHOP_CALM ? NOW - 3600000 : TIME_NONE;
		s->view.mode = st == SHOP_CALM ? MODE_REPLAY : MODE_LIVE;
		for (size_t i = 0; widget_kinds[i]; i++)
			try_widget(widget_kinds[i], &s->view);
		close_shop(s);
	}
}

/* ---- words -------------------------------------------------------------- */

static void the_verdict_names_who_how_bad_and_since_when(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, " ▲ PAGE  checkout  burns its error budget 20.0x too "
			 "fast");
	assert_has(d, 0, "since 13:52, 39m");
	assert_has(d, 1, "   began ~");
	assert_has(d, 1, "after deploy v841 → v842 at 13:50");
	assert_int_equal(surface_cell(d, 0, 0)->ground, R_PAGE);
	surface_free(d);
	d = draw(s, "verdict", 60, 2, GRAPH_BRAILLE);
	assert_row(d, 0, " ▲ PAGE  checkout  burn 20.0x              "
			 "since 13:52, 39m");
	surface_free(d);
	close_shop(s);
}

static void a_long_name_does_not_push_out_how_bad_it_is(void **state)
{
	static const struct service_def long_def = {
		.name = "checkout-and-payments-backend-production-eu-west-1-v2",
	};
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct service other = *s->row[0].service;
	other.name = long_def.name;
	s->row[0].service = &other;

	static const int sizes[] = { 60, 80, 100, 120 };
	for (int i = 0; i < 4; i++) {
		struct surface *d = draw(s, "verdict", sizes[i], 2,
					 GRAPH_BRAILLE);
		assert_has(d, 0, " ▲ PAGE  checkout-and-pay");
		assert_has(d, 0, "20.0x");
		surface_free(d);
	}
	close_shop(s);
}

/* An hour that was bad is not "inside the objectives". */
static void what_still_burns_over_an_hour_is_not_called_fine(void **state)
{
	struct shop *s = open_shop(SHOP_CALM);
	(void)state;
	s->row[0].burn_1h = 34.9;
	s->row[0].burn_5m = 0.1;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, "None of 4 services fires an alarm");
	assert_has(d, 0, "34.9x over 1h, recovering");
	surface_free(d);
	close_shop(s);
}

static void a_calm_verdict_is_not_filled(void **state)
{
	struct shop *s = open_shop(SHOP_CALM);
	(void)state;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, " ✓ All ");
	assert_int_equal(surface_cell(d, 0, 0)->ground, R_DEFAULT);
	assert_has(d, 1, "last change checkout v841 → v842 at 13:50");
	surface_free(d);
	close_shop(s);
}

static void blindness_is_said_and_never_called_live(void **state)
{
	struct shop *s = open_shop(SHOP_BLIND);
	(void)state;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, " ○ BLIND  1 of 1 source down  ·  the newest numbers "
			 "are 4m");
	assert_int_equal(surface_cell(d, 0, 0)->ground, R_ALERT);
	surface_free(d);
	d = draw(s, "header", 120, 1, GRAPH_BRAILLE);
	assert_has(d, 0, "○ STALE 14:36:20Z");
	assert_has(d, 0, "○ prom-a");
	assert_has(d, 0, "refused");
	surface_free(d);
	d = draw(s, "table", 120, 8, GRAPH_BRAILLE);
	assert_has(d, 0, "age");
	assert_true(anywhere(d, "STALE"));
	surface_free(d);
	d = draw(s, "latency", 57, 10, GRAPH_BRAILLE);
	assert_has(d, 0, "last values 4m");
	surface_free(d);
	d = draw(s, "sources", 120, 5, GRAPH_BRAILLE);
	assert_has(d, 1, "connection refused");
	surface_free(d);
	close_shop(s);
}

static void before_the_first_answer_nothing_is_judged(void **state)
{
	struct shop *s = open_shop(SHOP_ASKING);
	(void)state;
	struct surface *d = draw(s, "header", 120, 1, GRAPH_BRAILLE);

	assert_has(d, 0, "○ ASKING 0.8s");
	surface_free(d);
	d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);
	assert_has(d, 0, "○ no verdict yet");
	surface_free(d);
	d = draw(s, "table", 120, 8, GRAPH_BRAILLE);
	assert_has(d, 1, "asking prom-a, 0.8s");
	surface_free(d);
	static const char *const kinds[] = { "latency", "throughput", "errors",
					     "burnchart", "heat" };
	for (int i = 0; i < 5; i++) {
		d = draw(s, kinds[i], 57, 8, GRAPH_BRAILLE);
		assert_has(d, 0, "asking prom-a, 0.8s");
		surface_free(d);
	}
	close_shop(s);
}

static void between_discovery_and_answers_it_says_what_is_there(void **state)
{
	struct shop *s = open_shop(SHOP_FOUND);
	(void)state;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, " ○ no verdict yet   rates of 0 of 4 services");
	assert_row(d, 1, "   prom-a: 4 services found; judged when their burn "
			 "is known");
	surface_free(d);
	d = draw(s, "table", 120, 4, GRAPH_BRAILLE);
	assert_has(d, 1, "○ ");
	assert_has(d, 1, "…");
	assert_false(anywhere(d, "ok"));
	assert_row(d, 3, " ○ 2 more, asked next");
	surface_free(d);
	d = draw(s, "burn", 58, 7, GRAPH_BRAILLE);
	assert_has(d, 1, "5m     …  &  1h     …");
	surface_free(d);
	d = draw(s, "latency", 58, 9, GRAPH_BRAILLE);
	assert_has(d, 0, "asking prom-a, 0.8s");
	surface_free(d);
	close_shop(s);
}

/* The rows of the first answer are judged before the past is there. */
static void rows_come_before_the_past(void **state)
{
	struct shop *s = open_shop(SHOP_ROWS);
	(void)state;
	struct surface *d = draw(s, "table", 120, 6, GRAPH_BRAILLE);

	assert_has(d, 1, "checkout");
	assert_has(d, 1, "20.0x  20.0x");
	surface_free(d);
	d = draw(s, "latency", 58, 9, GRAPH_BRAILLE);
	assert_has(d, 0, "p99 ~929ms");
	assert_true(anywhere(d, "asked next"));
	surface_free(d);
	close_shop(s);
}

static void one_service_is_not_spoken_of_as_many(void **state)
{
	struct shop *s = open_shop(SHOP_CALM);
	(void)state;
	s->view.nr_all = s->view.nr_rows = 1;
	struct surface *d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(d, 0, " ✓ The one service is inside ");
	surface_free(d);
	close_shop(s);
}

static void a_source_that_never_answered_says_why(void **state)
{
	struct shop *s = open_shop(SHOP_EMPTY);
	(void)state;
	struct surface *d = draw(s, "table", 120, 8, GRAPH_BRAILLE);

	assert_has(d, 1, "prom-a: http://127.0.0.1:9090: connection refused");
	surface_free(d);
	close_shop(s);
}

static void an_event_does_not_say_its_kind_twice(void **state)
{
	static const struct event e[] = {
		{ 0, 0, EVENT_DEPLOY, SEVERITY_INFO, "checkout",
		  "v841 → v842", NULL },
		{ 0, 0, EVENT_DEPLOY, SEVERITY_INFO, "checkout",
		  "rollback v842 → v841", NULL },
		{ 0, 0, EVENT_RESTART, SEVERITY_INFO, "cart",
		  "instance cart-4 restarted", NULL },
	};
	static const char *const want[] = {
		"deploy checkout v841 → v842", "checkout rollback v842 → v841",
		"cart instance cart-4 restarted",
	};
	(void)state;

	for (int i = 0; i < 3; i++) {
		struct spans sp = { 0 };
		spans_event(&sp, R_TEXT, &e[i]);
		assert_string_equal(sp.s[0].text, want[i]);
	}
}

static void a_long_identity_leaves_before_a_name_does(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	s->view.title = "prometheus.monitoring.svc.cluster.local:9090";
	struct surface *d = draw(s, "header", 120, 1, GRAPH_BRAILLE);

	assert_has(d, 0, "● prom-a 12ms   ? help");
	assert_has(d, 0, s->view.title);
	surface_free(d);
	close_shop(s);
}

static void the_header_has_mode_moment_range_and_sources(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "header", 120, 1, GRAPH_BRAILLE);

	assert_row(d, 0, " redtop  shop/prod   ● LIVE 14:32:05Z   1h 44m · "
			 "1m a dot                      ● prom-a "
			 "Prometheus 2.42.0 12ms   ? help");
	surface_free(d);
	d = draw(s, "header", 60, 1, GRAPH_BRAILLE);
	assert_row(d, 0, " redtop  shop/prod   ● LIVE 14:32:05Z          "
			 "● 1   ? help");
	surface_free(d);
	close_shop(s);
}

/* ---- the table ---------------------------------------------------------- */

static void the_table_keeps_its_columns(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "table", 120, 6, GRAPH_BRAILLE);

	assert_has(d, 0, "   service");
	assert_has(d, 0, "~p50   ~p95   ~p99  burn 5m     1h   since  state");
	assert_has(d, 1, "▌▲ checkout");
	assert_has(d, 1, "400  ▆▆▆▆");
	assert_has(d, 1, " 2.00% ");
	assert_has(d, 1, "20.0x  20.0x   13:52  PAGE");
	assert_int_equal(surface_cell(d, 60, 1)->ground, R_SELECT);
	assert_int_equal(surface_cell(d, 60, 2)->ground, R_DEFAULT);
	assert_true(anywhere(d, "mean 4.1ms (no p99)"));
	assert_true(anywhere(d, "idle"));
	surface_free(d);
	close_shop(s);
}

/* What stands in a row is a whole word of the widest one, or a cut name. */
static void no_number_is_cut_or_touched_at_any_width(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;

	struct surface *wide = draw(s, "table", 300, 6, GRAPH_BRAILLE);
	for (int w = 40; w <= 220; w++) {
		struct surface *d = draw(s, "table", w, 6, GRAPH_BRAILLE);
		for (int y = 1; y <= 4; y++) {
			char line[8000], all[sizeof(line) + 2];
			snprintf(line, sizeof(line), "%s", row_text(d, y));
			assert_null(strstr(line, "%m"));
			snprintf(all, sizeof(all), " %s ", row_text(wide, y));
			for (char *t = strtok(line, " "); t;
			     t = strtok(NULL, " ")) {
				char word[400];
				if (strstr(t, "…") || strstr(t, "▁") ||
				    strstr(t, "▆") || strstr(t, "mean") ||
				    !strcmp(t, "–") ||
				    strstr(t, "ms"))
					continue;
				snprintf(word, sizeof(word), " %s ", t);
				if (!strstr(all, word))
					fail_msg("%d wide: '%s' in '%s'", w, t,
						 row_text(d, y));
			}
		}
		surface_free(d);
	}
	surface_free(wide);
	close_shop(s);
}

static void the_newest_piece_of_a_spark_is_open(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "table", 120, 6, GRAPH_BRAILLE);
	int open = 0;

	for (int x = 0; x < 120; x++)
		if (surface_cell(d, x, 1)->ch == 0x2591) {
			assert_int_equal(role_at(d, x, 1), R_STALE);
			assert_int_not_equal(surface_cell(d, x - 1, 1)->ch,
					     0x2591);
			open++;
		}
	assert_int_equal(open, 2);
	surface_free(d);
	close_shop(s);
}

static void zero_requests_are_grey(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "table", 120, 6, GRAPH_BRAILLE);
	int y = 1;

	while (y < 5 && !strstr(row_text(d, y), "mail"))
		y++;
	assert_has(d, y, "idle");
	int x = 3;
	while (x < 60 && surface_cell(d, x, y)->ch != '0')
		x++;
	assert_int_equal(surface_cell(d, x, y)->ch, '0');
	assert_int_equal(role_at(d, x, y), R_STALE);
	surface_free(d);
	close_shop(s);
}

static void what_does_not_fit_is_summed_up(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "table", 120, 4, GRAPH_BRAILLE);

	assert_has(d, 3, "2 more healthy");
	surface_free(d);
	s->view.selected = 3;
	judge(s);
	d = draw(s, "table", 120, 4, GRAPH_BRAILLE);
	assert_has(d, 2, "▌");
	assert_has(d, 3, "▲ 2 more, 1 not ok");
	surface_free(d);
	close_shop(s);
}

static void what_is_typed_into_the_filter_is_seen(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	s->view.filter = "chec";
	s->view.filter_open = true;
	s->view.nr_rows = 1;

	struct surface *d = draw(s, "table", 80, 5, GRAPH_BRAILLE);
	assert_has(d, 0, "/chec_");
	assert_has(d, 2, "1 of 4 match");
	surface_free(d);
	s->view.nr_rows = 0;
	s->view.sel = NULL;
	d = draw(s, "table", 80, 5, GRAPH_BRAILLE);
	assert_has(d, 1, "no service matches \"chec\"");
	surface_free(d);
	close_shop(s);
}

/* ---- charts ------------------------------------------------------------- */

static void the_limit_is_exactly_a_row(void **state)
{
	static const double limits[] = { .05, .1, .25, .3, .5, 1, 2.5, .0144 };
	(void)state;

	for (size_t i = 0; i < 8; i++)
		for (double f = 0.1; f < 4; f += 0.3)
			for (int rows = 4; rows < 30; rows++) {
				struct scale sc = scale_linear(NUMBER_LATENCY,
							       f * limits[i],
							       limits[i], rows,
							       rows % 2);
				assert_true(sc.limit_row > 0);
				assert_true(sc.limit_row < rows);
				double at = sc.limit_row * sc.unit;
				assert_true(fabs(at - limits[i]) < 1e-9);
				assert_true(scale_height(&sc, f * limits[i]) <=
					    rows + 0.001);
			}
}

static void a_chart_pages_at_round_times_together(void **state)
{
	struct view v = { .edge = NOW, .dot = 60000 };
	(void)state;
	struct axis a = axis_of(&v, 51), b = axis_of(&v, 52);

	assert_int_equal(a.to, b.to);
	assert_true(a.to > NOW && a.to - NOW <= (a.to - a.from) / 4);
	assert_int_equal(a.from % a.cell, 0);
	assert_int_equal(axis_cell(&a, a.from), 0);
	assert_int_equal(axis_cell(&a, a.to), -1);
	assert_int_equal(axis_cell(&a, a.to - 1), 50);
	assert_int_equal(axis_cell(&a, TIME_NONE), -1);
}

/* Old points neither move nor change as time goes on by a dot. */
static void old_points_stay_where_they_are(void **state)
{
	static const char *const kinds[] = { "latency", "throughput", "errors",
					     "burnchart", "heat" };
	(void)state;

	for (size_t k = 0; k < 5; k++) {
		struct shop *s = open_shop(SHOP_INCIDENT);
		s->view.now = s->view.edge = NOW - 600000;
		judge(s);
		struct surface *a = draw(s, kinds[k], 57, 10, GRAPH_BRAILLE);
		struct axis ax = axis_of(&s->view, 51);
		int newest = 6 + axis_cell(&ax, s->view.now);
		s->view.now = s->view.edge += 60000;
		assert_int_equal(axis_of(&s->view, 51).from, ax.from);
		judge(s);
		struct surface *b = draw(s, kinds[k], 57, 10, GRAPH_BRAILLE);
		for (int y = 1; y < 10; y++)
			for (int x = 0; x < newest - 1; x++)
				assert_memory_equal(surface_cell(a, x, y),
						    surface_cell(b, x, y),
						    sizeof(struct cell));
		surface_free(a);
		surface_free(b);
		close_shop(s);
	}
}

static bool is_helper(uint32_t ch)
{
	return ch == ' ' || ch == 0xB7 || ch == 0x2508 || ch == 0x254C ||
	       ch == 0x2581 || ch == 0x250A;
}

static void a_gap_is_empty_and_never_bridged(void **state)
{
	static const char *const kinds[] = { "latency", "throughput", "heat" };
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct axis ax = axis_of(&s->view, 51);
	int from = axis_cell(&ax, NOW - 5400000) + 1;
	int to = axis_cell(&ax, NOW - 4800000) - 1;

	assert_true(from >= 0 && to > from + 1);
	for (size_t k = 0; k < 3; k++) {
		struct surface *d = draw(s, kinds[k], 57, 10, GRAPH_BRAILLE);
		for (int x = 6 + from; x <= 6 + to; x++)
			for (int y = 1; y < 9; y++) {
				uint32_t ch = surface_cell(d, x, y)->ch;
				assert_true(ch == ' ' || ch == 0xB7);
			}
		assert_int_equal(surface_cell(d, 6 + from, 5)->ch, 0xB7);
		surface_free(d);
	}
	close_shop(s);
}

static void what_may_still_change_is_grey(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct axis ax = axis_of(&s->view, 51);
	int newest = 6 + axis_cell(&ax, NOW);

	struct surface *d = draw(s, "throughput", 57, 10, GRAPH_BRAILLE);
	assert_int_equal(surface_cell(d, newest, 8)->ch, 0x2591);
	assert_int_equal(role_at(d, newest, 8), R_STALE);
	assert_int_not_equal(role_at(d, newest - 1, 8), R_STALE);
	surface_free(d);
	d = draw(s, "latency", 57, 10, GRAPH_BRAILLE);
	bool grey = false;
	for (int y = 1; y < 9; y++)
		if (!is_helper(surface_cell(d, newest, y)->ch))
			grey |= role_at(d, newest, y) == R_STALE;
	assert_true(grey);
	surface_free(d);
	close_shop(s);
}

static void the_latency_title_has_values_and_bucket(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "latency", 57, 10, GRAPH_BRAILLE);

	assert_row(d, 0, "latency ──── p50 ~50ms  p95 ~250ms  p99 ~929ms "
			 "(500ms–1s)");
	assert_has(d, 9, "▴v842");
	assert_true(anywhere(d, "p99 < 500ms"));
	surface_free(d);
	s->view.cursor = NOW - 1200000;
	d = draw(s, "latency", 78, 10, GRAPH_BRAILLE);
	assert_has(d, 0, "at 14:12:05   p99 ~929ms in 500ms–1s  p95 ~250ms  "
			 "p50 ~50ms");
	assert_true(anywhere(d, "│"));
	surface_free(d);
	close_shop(s);
}

static void the_crosshair_reads_a_bucket_as_it_was_counted(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	s->view.cursor = NOW - 1200000;
	struct surface *d = draw(s, "heat", 90, 10, GRAPH_BRAILLE);

	assert_has(d, 0, "at 14:12:05   500ms–1s 14.0/s 3.50%  slower than "
			 "500ms 4.00%");
	surface_free(d);
	d = draw(s, "heat", 57, 10, GRAPH_BRAILLE);
	assert_has(d, 0, "at 14:12  500ms–1s 14.0/s 3.50%");
	surface_free(d);
	close_shop(s);
}

static void a_service_without_histogram_shows_its_mean(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(s->row[i].service->name, "edge"))
			s->view.sel = &s->row[i];

	struct surface *d = draw(s, "latency", 57, 10, GRAPH_BRAILLE);
	assert_has(d, 0, "mean 4.1ms  no histogram");
	surface_free(d);
	d = draw(s, "heat", 57, 10, GRAPH_BRAILLE);
	assert_has(d, 0, "no histogram");
	surface_free(d);
	close_shop(s);
}

static void the_worst_class_is_at_the_bottom(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct axis ax = axis_of(&s->view, 51);
	int x = 6 + axis_cell(&ax, NOW - 600000);
	struct surface *d = draw(s, "throughput", 57, 10, GRAPH_BRAILLE);

	assert_row(d, 0, "throughput ────────────── 5xx 8.00  2xx3xx 392  "
			 "all 400/s");
	assert_int_equal(role_at(d, x, 8), R_S5);
	assert_int_equal(surface_cell(d, x, 8)->ground, R_AREA1);
	surface_free(d);
	d = draw(s, "errors", 57, 7, GRAPH_BRAILLE);
	assert_has(d, 0, "2.00%  14.4x is 1.44%, since 13:52");
	surface_free(d);
	close_shop(s);
}

static void the_objective_is_named_as_what_it_is(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "burn", 58, 7, GRAPH_BRAILLE);

	assert_has(d, 0, "SLO burn ─");
	assert_has(d, 0, "99.9% objective");
	assert_has(d, 1, "page     5m 20.0x  &  1h 20.0x  > 14.4x");
	assert_has(d, 1, "▲ FIRING");
	surface_free(d);
	s->view.sel = &s->row[1];
	d = draw(s, "burn", 58, 7, GRAPH_BRAILLE);
	assert_has(d, 0, "99.9% default objective");
	surface_free(d);
	close_shop(s);
}

/* ---- routes ------------------------------------------------------------- */

static void routes_name_the_one_that_fails(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	send_routes(s->store, "route", shop_routes, 5);
	judge(s);
	struct surface *d = draw(s, "routes", 48, 7, GRAPH_BRAILLE);

	assert_row(d, 0, "routes ────────────────── rate/s  errors    ~p99");
	assert_row(d, 1, "▲ /pay                     33.2    21.7%   983ms");
	assert_row(d, 2, "◆ /basket/confirm          41.2    0.97%   495ms");
	assert_row(d, 3, "· /basket                   201    0.01%   495ms");
	assert_row(d, 4, "· (none)                   1.20k      0%   495ms");
	assert_row(d, 5, "· /idle                       0        –       –");
	assert_row(d, 6, "");
	assert_int_equal(role_at(d, 0, 1), R_CRIT);
	surface_free(d);
	close_shop(s);
}

static void routes_that_do_not_fit_are_summed_up(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	send_routes(s->store, "http_route", shop_routes, 5);
	judge(s);
	struct surface *d = draw(s, "routes", 60, 3, GRAPH_BRAILLE);

	assert_has(d, 0, "routes by http_route ─");
	assert_has(d, 1, "▲ /pay");
	assert_row(d, 2, "· 4 more                               1.44k   "
			 "0.03%");
	surface_free(d);
	d = draw(s, "routes", 24, 2, GRAPH_BRAILLE);
	assert_row(d, 0, "routes ────────── errors");
	assert_row(d, 1, "◆ 5 more           0.52%");
	surface_free(d);
	close_shop(s);
}

static void routes_say_why_there_are_none(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "routes", 48, 5, GRAPH_BRAILLE);

	assert_row(d, 1, "…");
	surface_free(d);
	send_routes(s->store, "zone", shop_routes, 2);
	judge(s);
	d = draw(s, "routes", 48, 5, GRAPH_BRAILLE);
	assert_row(d, 1, "no label tells routes apart");
	surface_free(d);
	for (size_t i = 0; i < 4; i++)
		if (!strcmp(s->row[i].service->name, "edge"))
			s->view.sel = &s->row[i];
	d = draw(s, "routes", 48, 5, GRAPH_BRAILLE);
	assert_row(d, 1, "not asked: this family has no labels for it");
	surface_free(d);
	close_shop(s);
}

/* A minute in the past has no routes: only instants are held. */
static void routes_of_another_time_are_not_shown(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	send_routes(s->store, "route", shop_routes, 5);
	s->view.now = s->view.edge = NOW - 600000;
	s->view.mode = MODE_PAUSED;
	judge(s);
	struct surface *d = draw(s, "routes", 48, 5, GRAPH_BRAILLE);

	assert_row(d, 1, "only the newest moment has routes");
	surface_free(d);
	close_shop(s);
}

/* ---- events, scrub bar, keys, popups ------------------------------------ */

static void events_are_newest_first_with_their_signs(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "events", 58, 4, GRAPH_BRAILLE);

	assert_row(d, 1, "14:22  ▸ \"waiting for anna\"");
	assert_has(d, 2, "13:52  ▲ checkout page burn 14.4x in 5m & 1h");
	assert_has(d, 3, "13:50  ◆ deploy checkout v841 → v842");
	surface_free(d);
	s->view.page = PAGE_EVENTS;
	s->view.selected_event = 0;
	d = draw(s, "eventlist", 120, 34, GRAPH_BRAILLE);
	assert_has(d, 0, "3 events");
	assert_true(anywhere(d, "▌13:50:55"));
	assert_true(anywhere(d, "deploy checkout v841 → v842 13:50:55, "
				"selected"));
	assert_true(anywhere(d, "errors 0.01% → 2.00%"));
	surface_free(d);
	close_shop(s);
}

static void the_scrub_bar_shows_held_seen_and_marks(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "scrub", 120, 1, GRAPH_BRAILLE);

	assert_has(d, 0, " LIVE 12:02 ─");
	assert_has(d, 0, "━");
	assert_has(d, 0, "◆");
	assert_has(d, 0, "▲");
	assert_has(d, 0, " 14:32:05");
	surface_free(d);
	s->view.mode = MODE_REPLAY;
	s->view.now = s->view.edge = NOW - 1800000;
	d = draw(s, "scrub", 120, 3, GRAPH_BRAILLE);
	assert_has(d, 1, "‖ 12:02");
	assert_has(d, 1, "█");
	assert_has(d, 0, "14:02");
	assert_has(d, 2, "╵13:00");
	surface_free(d);
	close_shop(s);
}

static void a_replay_says_its_moment_its_gaps_and_what_came(void **state)
{
	static const struct event gap = {
		NOW - 5400000, NOW - 4800000, EVENT_GAP, SEVERITY_INFO, NULL,
		"nothing recorded for 10m", NULL,
	};
	const struct event *all[] = { &gap, &told[0], &told[1] };
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	s->view.mode = MODE_REPLAY;
	s->view.title = "a.redtop";
	s->view.now = s->view.edge = ONSET - 60000;
	judge(s);
	s->view.event = all;
	s->view.nr_events = 3;
	s->view.all = s->view.row = s->view.sel;
	while (strcmp(s->view.all->service->name, "checkout"))
		s->view.all++;

	struct surface *d = draw(s, "header", 120, 1, GRAPH_BRAILLE);
	assert_has(d, 0, "‖ REPLAY 13:51:05Z");
	assert_has(d, 0, "a.redtop  2h 30m, 1 gap   ? help");
	surface_free(d);
	d = draw(s, "verdict", 120, 2, GRAPH_BRAILLE);
	assert_has(d, 1, "as it was at 13:51:05; the page came 60s later, at "
			 "13:52");
	surface_free(d);
	d = draw(s, "scrub", 120, 3, GRAPH_BRAILLE);
	assert_has(d, 0, "13:02 gap");
	assert_has(d, 1, "━····");
	surface_free(d);
	close_shop(s);
}

static void every_key_of_the_key_line_is_explained(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;

	for (int p = 0; p < PAGE_NR; p++) {
		s->view.page = (enum page)p;
		struct surface *d = draw(s, "keys", 200, 1, GRAPH_BRAILLE);
		struct surface *small = draw(s, "keys", 60, 1, GRAPH_BRAILLE);
		assert_has(d, 0, "? help");
		assert_has(small, 0, "? help");
		for (int x = 0; x < d->w; x++) {
			char key[40];
			if (role_at(d, x, 0) != R_BRIGHT ||
			    surface_cell(d, x, 0)->ch == ' ')
				continue;
			surface_cell_text(d, surface_cell(d, x, 0), key);
			bool known = false;
			for (const struct key_row *r = key_rows; r->keys; r++)
				known |= strstr(r->keys, key) != NULL;
			assert_true(known);
		}
		surface_free(d);
		surface_free(small);
	}
	close_shop(s);
}

static void the_help_names_every_key_of_a_page(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	static const int sizes[2][2] = { { 120, 40 }, { 80, 24 } };

	for (int i = 0; i < 2; i++) {
		struct surface *d = draw(s, "help", sizes[i][0], sizes[i][1],
					 GRAPH_BRAILLE);
		for (const struct key_row *r = key_rows; r->keys; r++)
			if (r->pages & ON(PAGE_OVERVIEW) &&
			    !anywhere(d, r->help))
				fail_msg("'%s' is not in the help", r->keys);
		assert_true(anywhere(d, "help: overview"));
		surface_free(d);
	}
	close_shop(s);
}

static void the_start_page_offers_and_selects(void **state)
{
	struct shop *s = open_shop(SHOP_EMPTY);
	(void)state;
	s->view.page = PAGE_START;
	s->view.selected_start = 1;
	struct surface *d = draw(s, "start", 80, 22, GRAPH_BRAILLE);

	assert_true(anywhere(d, "    redtop demo                  a small shop "
				"with an incident    no network"));
	assert_true(anywhere(d, "  ▌ http://localhost:9090"));
	assert_true(anywhere(d, "type it yourself ─"));
	surface_free(d);
	close_shop(s);
}

static void too_small_still_has_the_verdict(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	struct surface *d = draw(s, "toosmall", 32, 6, GRAPH_BRAILLE);

	assert_row(d, 0, " redtop  ● LIVE 14:32:05Z");
	assert_row(d, 1, " ▲ PAGE  checkout  burn 20.0x");
	assert_row(d, 3, " redtop needs 40x8, this is 32x6");
	surface_free(d);
	close_shop(s);
}

static void the_net_page_says_what_a_source_costs(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	s->view.page = PAGE_NET;
	s->view.frame_bytes = 1000;
	s->view.key_ms = 6;
	s->view.cpu_ratio = 0.002;
	s->view.rss_bytes = 6.1e6;
	struct surface *d = draw(s, "net", 120, 34, GRAPH_BRAILLE);

	assert_has(d, 0, " 1 of 1 source answers   18 requests");
	assert_true(anywhere(d, "Prometheus 2.42.0"));
	assert_true(anywhere(d, "3.0x"));
	assert_true(anywhere(d, "4 services, 2 families"));
	assert_true(anywhere(d, "0 candidates rejected, 4 requests"));
	assert_true(anywhere(d, "newest answer 14:32:05, <1s ago"));
	assert_true(anywhere(d, "its clock is 0.1s ahead, and used"));
	assert_true(anywhere(d, "charts in steps of 15s, rates over 1m"));
	assert_true(anywhere(d, "points a query, 11k"));
	assert_true(anywhere(d, "http_request_duration_seconds"));
	assert_true(anywhere(d, "this terminal xterm-256color, 120x40 ─"));
	assert_true(anywhere(d, "key          6.0ms     to the screen"));
	assert_true(anywhere(d, "resident     6.1MB     memory"));
	surface_free(d);
	close_shop(s);
}

static void the_net_page_repeats_what_a_source_says(void **state)
{
	static const char *const warns[] = { "the answer may be incomplete",
					     "results were truncated" };
	static const char *const says[] = { "metric might not be a counter" };
	struct shop *s = open_shop(SHOP_INCIDENT);
	struct batch *b = batch_new(0);
	(void)state;
	b->source = "prom-a";
	b->at = NOW;
	b->tick = true;
	b->warning = warns;
	b->nr_warnings = 2;
	b->info = says;
	b->nr_infos = 1;
	store_apply(s->store, b);
	batch_free(b);
	struct surface *d = draw(s, "net", 120, 34, GRAPH_BRAILLE);

	assert_true(anywhere(d, "prom-a warns: the answer may be incomplete"));
	assert_true(anywhere(d, "prom-a warns: results were truncated"));
	assert_true(anywhere(d, "prom-a says: metric might not be a counter"));
	surface_free(d);
	/* The next poll does not say why something was dropped: it was said. */
	b = batch_new(0);
	b->source = "prom-a";
	b->at = NOW + 60000;
	b->tick = true;
	store_apply(s->store, b);
	batch_free(b);
	d = draw(s, "net", 120, 34, GRAPH_BRAILLE);
	assert_false(anywhere(d, "prom-a warns: "));
	assert_true(anywhere(d, "prom-a warned at 14:32:05: results were "
				"truncated"));
	surface_free(d);
	close_shop(s);
}

static void a_ceiling_that_was_met_is_not_seen(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	struct source_status lossy = up;
	struct batch *b = batch_new(0);
	(void)state;
	struct surface *d = draw(s, "net", 80, 34, GRAPH_BRAILLE);
	assert_false(anywhere(d, "met: "));
	assert_true(anywhere(d, "retries"));
	surface_free(d);
	lossy.dropped = 1234;
	b->source = "prom-a";
	b->at = NOW;
	b->status = &lossy;
	store_apply(s->store, b);
	batch_free(b);
	d = draw(s, "net", 120, 34, GRAPH_BRAILLE);
	assert_true(anywhere(d, "met: 1234 dropped"));
	assert_true(anywhere(d, " dropped "));
	surface_free(d);
	/* Of several sources each says what it holds. */
	store_declare(s->store, "prom-b", STEP);
	d = draw(s, "net", 120, 40, GRAPH_BRAILLE);
	assert_true(anywhere(d, " 0 points in 0 series"));
	surface_free(d);
	close_shop(s);
}

/* Two replicas, of which the first is dead. */
static void send_endpoints(struct store *st)
{
	static const struct source_endpoint ends[] = {
		{ "http://a.prod:9090", CIRCUIT_OPEN, -1, 0 },
		{ "http://b.prod:9090", CIRCUIT_CLOSED, 12000, 2 },
	};
	static const struct source_attempt tried[] = {
		{ "http://a.prod:9090", FAULT_REFUSED, 300, NOW - 12000 },
		{ "http://b.prod:9090", FAULT_NONE, 12000, NOW - 12000 },
	};
	struct source_status status = up;
	struct batch *b = batch_new(0);

	status.endpoint = "http://b.prod:9090";
	status.endpoints = ends;
	status.attempt = tried;
	status.nr_endpoints = status.nr_attempts = 2;
	b->source = "prom-a";
	b->at = NOW;
	b->tick = true;
	b->status = &status;
	store_apply(st, b);
	batch_free(b);
}

static void several_endpoints_are_told_apart(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;
	send_endpoints(s->store);
	struct surface *d = draw(s, "net", 120, 34, GRAPH_BRAILLE);

	assert_has(d, 5, "   ○ http://a.prod:9090  open  –    refused 12s ago");
	assert_has(d, 6, "   ● http://b.prod:9090  answers  well  12ms  "
			 "2 at once");
	surface_free(d);
	d = draw(s, "header", 160, 1, GRAPH_BRAILLE);
	assert_has(d, 0, "● prom-a from b.prod:9090 Prometheus 2.42.0");
	surface_free(d);
	close_shop(s);
}

static void attempts_are_listed_where_there_is_room(void **state)
{
	struct source_attempt more[9];
	struct source_status status = up;
	struct shop *s = open_shop(SHOP_INCIDENT);
	struct surface *d = draw(s, "net", 120, 40, GRAPH_BRAILLE);
	(void)state;

	assert_false(anywhere(d, "attempts"));
	surface_free(d);
	send_endpoints(s->store);
	d = draw(s, "net", 120, 40, GRAPH_BRAILLE);
	assert_true(anywhere(d, "attempts the newest first ─"));
	assert_true(anywhere(d, "14:31:53  b.prod:9090  answered"));
	assert_true(anywhere(d, "14:31:53  a.prod:9090  refused"));
	surface_free(d);
	for (int i = 0; i < 9; i++)
		more[i] = (struct source_attempt){
			"http://a.prod:9090", FAULT_TIMEOUT, 30000,
			NOW - 9000 + i * 1000,
		};
	status.attempt = more;
	status.nr_attempts = 9;
	struct batch *b = batch_new(0);
	b->source = "prom-a";
	b->at = NOW;
	b->tick = true;
	b->status = &status;
	store_apply(s->store, b);
	batch_free(b);
	d = draw(s, "net", 120, 40, GRAPH_BRAILLE);
	assert_true(anywhere(d, "14:32:04  a.prod:9090  timeout"));
	assert_true(anywhere(d, "14:31:57  a.prod:9090  timeout"));
	assert_false(anywhere(d, "14:31:56  a.prod:9090"));
	surface_free(d);
	/* Three at least, or none. */
	for (int h = 3; h <= 40; h++) {
		d = draw(s, "net", 120, h, GRAPH_BRAILLE);
		assert_true(anywhere(d, "attempts the newest")
			    == anywhere(d, "14:32:02  a.prod:9090  timeout"));
		surface_free(d);
	}
	d = draw(s, "net", 80, 24, GRAPH_BRAILLE);
	assert_true(anywhere(d, "http://a.prod:9090"));
	assert_false(anywhere(d, "attempts"));
	surface_free(d);
	close_shop(s);
}

/* ---- promises of the interface ------------------------------------------ */

/* A roll-out under way: v2 leads only when both regions are added up. */
static void a_rollout_is_counted_over_its_regions(void **state)
{
	static const struct {
		const char *region, *version;
		double nr;
	} row[] = {
		{ "eu", "v1", 1 }, { "eu", "v2", 3 }, { "eu-west", "v1", 4 },
		{ "eu-west", "v2", 3 }, { "us-east", "v0", 0 },
	};
	struct label l[5][3];
	struct series se[5], *list[5];
	struct service s = { .shape = &shapes[0], .nr = { [RED_VERSION] = 5 },
			     .series = { [RED_VERSION] = list } };
	(void)state;

	for (size_t i = 0; i < 5; i++) {
		l[i][0] = (struct label){ "job", "checkout" };
		l[i][1] = (struct label){ "region", row[i].region };
		l[i][2] = (struct label){ "version", row[i].version };
		se[i] = (struct series){ .labels = { 3, l[i] }, .now_t = NOW,
					 .now_v = row[i].nr };
		list[i] = &se[i];
	}
	struct version v = version_of(&s, NOW);
	assert_string_equal(v.name, "v2");
	assert_int_equal(v.on, 6);
	assert_int_equal(v.of, 11);
	assert_string_equal(v.regions, "eu eu-west");
	v = version_of(NULL, NOW);
	assert_string_equal(v.regions, "");
	assert_int_equal(v.of, 0);
}

static void an_unchanged_view_is_not_computed_again(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;

	for (size_t i = 0; widget_kinds[i]; i++) {
		const struct widget_ops *ops = widget_kinds[i];
		void *st = state_of(ops);
		if (strcmp(ops->name, "help") && strcmp(ops->name, "start")) {
			assert_true(ops->update(st, &s->view, 100, 20));
			assert_false(ops->update(st, &s->view, 100, 20));
		}
		free_state(ops, st);
	}
	close_shop(s);
}

static void a_frame_of_the_same_size_allocates_nothing(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;

	for (size_t i = 0; widget_kinds[i]; i++) {
		const struct widget_ops *ops = widget_kinds[i];
		void *st = state_of(ops);
		ops->update(st, &s->view, 100, 20);
		size_t before = mallinfo2().uordblks;
		s->view.now += 1000;
		ops->update(st, &s->view, 100, 20);
		assert_int_equal(mallinfo2().uordblks, before);
		free_state(ops, st);
	}
	close_shop(s);
}

/* In LANG=C every cell of every widget is one ASCII sign. */
static void ascii_is_ascii(void **state)
{
	struct shop *s = open_shop(SHOP_INCIDENT);
	(void)state;

	for (size_t i = 0; widget_kinds[i]; i++) {
		struct surface *d = draw(s, widget_kinds[i]->name, 120, 20,
					 GRAPH_ASCII);
		for (int y = 0; y < d->h; y++)
			for (const char *p = row_text(d, y); *p; p++)
				assert_true(*p >= ' ' && *p < 0x7f);
		surface_free(d);
	}
	close_shop(s);
}

static void a_bill_is_rounded_to_nothing(void **state)
{
	(void)state;
	static const struct {
		double usd;
		const char *text;
	} t[] = {
		{ 0, "$0.00" }, { 0.0498, "$0.05" }, { 0.0024, "$0.0024" },
		{ 0.00002, "$0.00002" }, { 1.2, "$1.20" }, { 35.856, "$35.86" },
		{ 123.4, "$123" }, { NAN, "–" },
	};
	char text[NUMBER_TEXT];
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_string_equal(usd_text(t[i].usd, text), t[i].text);
}

/* A minute's point is a run of columns, not a dot between gaps; what nobody
 * measured for longer than a point lasts stays empty. */
static void a_point_a_minute_is_drawn_as_dust(void **state)
{
	(void)state;
	struct column col[16];
	static const char *const want = "aaaabbbb....cccc";
	for (size_t i = 0; i < 16; i++)
		col[i] = (struct column){ INFINITY, -INFINITY, NAN, 0 };
	col[0] = (struct column){ 1, 1, 1, 1 };
	col[4] = (struct column){ 2, 2, 2, 1 };
	col[12] = (struct column){ 3, 3, 3, 1 };
	chart_hold(col, 16, 0, 15000, 60000, 15 * 15000);
	for (size_t i = 0; i < 16; i++) {
		assert_int_equal(col[i].nr, want[i] != '.');
		if (col[i].nr)
			assert_true(col[i].max == want[i] - 'a' + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bill_is_rounded_to_nothing),
		cmocka_unit_test(a_point_a_minute_is_drawn_as_dust),
		cmocka_unit_test(any_size_is_drawn_inside_and_the_same_twice),
		cmocka_unit_test(the_verdict_names_who_how_bad_and_since_when),
		cmocka_unit_test(a_long_name_does_not_push_out_how_bad_it_is),
		cmocka_unit_test(what_still_burns_over_an_hour_is_not_called_fine),
		cmocka_unit_test(a_calm_verdict_is_not_filled),
		cmocka_unit_test(blindness_is_said_and_never_called_live),
		cmocka_unit_test(before_the_first_answer_nothing_is_judged),
		cmocka_unit_test(between_discovery_and_answers_it_says_what_is_there),
		cmocka_unit_test(rows_come_before_the_past),
		cmocka_unit_test(one_service_is_not_spoken_of_as_many),
		cmocka_unit_test(a_source_that_never_answered_says_why),
		cmocka_unit_test(an_event_does_not_say_its_kind_twice),
		cmocka_unit_test(a_long_identity_leaves_before_a_name_does),
		cmocka_unit_test(the_header_has_mode_moment_range_and_sources),
		cmocka_unit_test(the_table_keeps_its_columns),
		cmocka_unit_test(no_number_is_cut_or_touched_at_any_width),
		cmocka_unit_test(the_newest_piece_of_a_spark_is_open),
		cmocka_unit_test(zero_requests_are_grey),
		cmocka_unit_test(what_does_not_fit_is_summed_up),
		cmocka_unit_test(what_is_typed_into_the_filter_is_seen),
		cmocka_unit_test(the_limit_is_exactly_a_row),
		cmocka_unit_test(a_chart_pages_at_round_times_together),
		cmocka_unit_test(old_points_stay_where_they_are),
		cmocka_unit_test(a_gap_is_empty_and_never_bridged),
		cmocka_unit_test(what_may_still_change_is_grey),
		cmocka_unit_test(the_latency_title_has_values_and_bucket),
		cmocka_unit_test(the_crosshair_reads_a_bucket_as_it_was_counted),
		cmocka_unit_test(a_service_without_histogram_shows_its_mean),
		cmocka_unit_test(the_worst_class_is_at_the_bottom),
		cmocka_unit_test(the_objective_is_named_as_what_it_is),
		cmocka_unit_test(routes_name_the_one_that_fails),
		cmocka_unit_test(routes_that_do_not_fit_are_summed_up),
		cmocka_unit_test(routes_say_why_there_are_none),
		cmocka_unit_test(routes_of_another_time_are_not_shown),
		cmocka_unit_test(events_are_newest_first_with_their_signs),
		cmocka_unit_test(the_scrub_bar_shows_held_seen_and_marks),
		cmocka_unit_test(
			a_replay_says_its_moment_its_gaps_and_what_came),
		cmocka_unit_test(every_key_of_the_key_line_is_explained),
		cmocka_unit_test(the_help_names_every_key_of_a_page),
		cmocka_unit_test(the_start_page_offers_and_selects),
		cmocka_unit_test(too_small_still_has_the_verdict),
		cmocka_unit_test(the_net_page_says_what_a_source_costs),
		cmocka_unit_test(the_net_page_repeats_what_a_source_says),
		cmocka_unit_test(a_ceiling_that_was_met_is_not_seen),
		cmocka_unit_test(several_endpoints_are_told_apart),
		cmocka_unit_test(attempts_are_listed_where_there_is_room),
		cmocka_unit_test(a_rollout_is_counted_over_its_regions),
		cmocka_unit_test(an_unchanged_view_is_not_computed_again),
		cmocka_unit_test(a_frame_of_the_same_size_allocates_nothing),
		cmocka_unit_test(ascii_is_ascii),
	};

	return cmocka_run_group_tests_name("widgets", tests, NULL, NULL);
}
