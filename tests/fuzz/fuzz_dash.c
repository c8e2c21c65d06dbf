/* Any keys, sizes and answers in any order: the dashboard draws a frame of the
 * size it was given, and asks for what can be asked. */
#include "app/dash.h"
#include "app/pages.h"
#include "base/key.h"
#include "base/mem.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP ((time_ms)15000)
#define BASE ((time_ms)1763000000 * 1000 / STEP * STEP)
#define SERVICES 24
#define POINTS 8

struct bytes {
	const uint8_t *at;
	size_t left;
};

static int take(struct bytes *b)
{
	if (b->left == 0)
		return 0;
	b->left--;
	return *b->at++;
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* ---- answers ---------------------------------------------------------- */

static const char *const names[] = {
	"checkout", "cart", "a",
	"payments-with-a-name-too-long-for-any-column-of-the-table",
	"\u65e5\u672c\u8a9e", "caf\u00e9", "x/y", "0",
};

static const double values[] = {
	0, 1, -1, 0.001, 100, 5e-324, 1e308, -1e308, 0.5, 1e6, 12.5, 1e-9,
};

static double value(struct bytes *b)
{
	int v = take(b);
	if (v == 255)
		return NAN;
	if (v == 254)
		return INFINITY;
	return values[v % (int)(sizeof(values) / sizeof(values[0]))];
}

static const struct shape shapes[] = {
	{ .id = 1, .label = "job", .metric = "http_request_duration_seconds",
	  .error_metric = "http_requests_total",
	  .error_matcher = "status=~\"5..\"", .status_label = "status",
	  .status = STATUS_HTTP, .layer = LAYER_APP, .method = METHOD_HISTOGRAM,
	  .interval = 15000, .window = 60000,
	  .question = { [RED_RATE] = "a", [RED_BUCKETS] = "b", [RED_SUM] = "c",
			[RED_BURN_5M] = "d", [RED_BURN_1H] = "e",
			[RED_VERSION] = "f", [RED_ROUTES] = "g" } },
	{ .id = 2, .label = "job", .metric = "rpc", .status_label = "code",
	  .status = STATUS_GRPC, .layer = LAYER_MESH, .unit = UNIT_MILLISECONDS,
	  .method = METHOD_SUMMARY, .interval = 60000, .window = 240000,
	  .interval_guessed = true, .unit_guessed = true,
	  .question = { [RED_RATE] = "h", [RED_ERRORS] = "i",
			[RED_QUANTILE] = "j", [RED_MEAN] = "k" } },
	{ .id = 3, .label = "job", .metric = "dns", .layer = LAYER_DEPENDENCY,
	  .method = METHOD_NONE, .note = "no histogram", .interval = 15000,
	  .window = 60000, .visible_only = true,
	  .question = { [RED_RATE] = "l" } },
	{ .id = 4, .label = "job", .metric = "AWS/Lambda Duration",
	  .status_label = "error", .status = STATUS_ERROR,
	  .method = METHOD_SERVER, .sparse = true, .settle = 60000,
	  .window = 60000,
	  .question = { [RED_RATE] = "m", [RED_ERRORS] = "n",
			[RED_QUANTILE] = "o", [RED_BURN_5M] = "p",
			[RED_BURN_1H] = "q" } },
	{ .id = 5, .label = "job", .metric = "AWS/RDS CPUUtilization",
	  .settle = 60000, .window = 60000,
	  .question = { [RED_USED] = "r", [RED_LIMIT] = "s" } },
};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void name_of(int i, char out[128])
{
	snprintf(out, 128, i < 8 ? "%s" : "%s-%d", names[i % 8], i);
}

static void add_catalog(struct bytes *b, struct batch *a)
{
	struct catalog *c = arena_alloc(&a->arena, sizeof(*c));
	size_t nr = (size_t)take(b) % SERVICES;
	struct service_def *def = arena_alloc(&a->arena,
					      (nr + 1) * sizeof(*def));
	char name[128];
	for (size_t i = 0; i < nr; i++) {
		name_of(take(b) % SERVICES, name);
		def[i].name = def[i].value = arena_strdup(&a->arena, name);
		def[i].shape = 1 + (uint32_t)take(b) % SHAPES;
		def[i].objective = i % 3 ? 0 : 0.99;
		def[i].warn = i % 2 ? 0.7 : 0;
		def[i].crit = i % 3 ? 0.85 : 0;
		def[i].limit = i % 4 ? 100 : 0;
	}
	*c = (struct catalog){ .version = "2.42.0", .nr_shapes = SHAPES,
			       .shape = shapes, .nr_services = nr,
			       .service = def, .requests = take(b) };
	a->catalog = c;
}

/* The label beside job that the role's series differ by. */
static const char *label_of(enum red_role role, struct bytes *b, char out[32])
{
	static const char *const codes[] = { "200", "404", "503", "OK",
					     "Internal", "" };
	static const char *const bounds[] = { "0.1", "0.5", "1", "+Inf", "x",
					      "0.10" };
	int v = take(b) % 6;
	snprintf(out, 32, "%s", role == RED_BUCKETS ? bounds[v]
		 : role == RED_QUANTILE ? (v % 2 ? "0.99" : "0.5") : codes[v]);
	return role == RED_BUCKETS ? "le" : role == RED_QUANTILE ? "quantile"
	       : role == RED_VERSION ? "version" : v % 2 ? "status" : "code";
}

static void add_frame(struct bytes *b, struct batch *a, struct frame *f,
		      uint32_t question)
{
	char name[128], text[32];
	struct label *l = arena_alloc(&a->arena, 2 * sizeof(*l));
	time_ms *t = arena_alloc(&a->arena, POINTS * sizeof(*t));
	double *v = arena_alloc(&a->arena, POINTS * sizeof(*v));
	name_of(take(b) % SERVICES, name);
	l[0] = (struct label){ "job", arena_strdup(&a->arena, name) };
	const char *label = label_of((enum red_role)(question % 16), b, text);
	l[1] = (struct label){ label, arena_strdup(&a->arena, text) };
	labels_sort(l, 2);
	f->question = question;
	f->labels = (struct labels){ 2, l };
	f->t = t;
	f->v = v;
	if (a->instant) {
		t[0] = a->at;
		v[0] = value(b);
		f->nr = 1;
		return;
	}
	int from = take(b) % POINTS;
	for (time_ms at = a->from + from * STEP; at <= a->to && f->nr < POINTS;
	     at += STEP) {
		t[f->nr] = at;
		v[f->nr++] = value(b);
	}
}

static void add_frames(struct bytes *b, struct batch *a)
{
	size_t nr = 1 + (size_t)take(b) % 12;
	const struct shape *s = &shapes[(size_t)take(b) % SHAPES];
	int role = take(b) % RED_ROLES;
	while (!s->question[role])
		role = (role + 1) % RED_ROLES;
	uint32_t *asked = arena_alloc(&a->arena, sizeof(*asked));
	struct frame *f = arena_alloc(&a->arena, nr * sizeof(*f));
	asked[0] = question_id(s->id, (enum red_role)role);
	a->asked = asked;
	a->nr_asked = 1;
	for (size_t i = 0; i < nr; i++)
		add_frame(b, a, &f[i], asked[0]);
	a->frame = f;
	a->nr = nr;
}

static void add_event(struct bytes *b, struct batch *a)
{
	struct event *e = arena_alloc(&a->arena, sizeof(*e));
	char name[128];
	name_of(take(b) % SERVICES, name);
	*e = (struct event){
		.at = a->at - take(b) * STEP, .until = TIME_NONE,
		.kind = (enum event_kind)(take(b) % EVENT_KINDS),
		.severity = (enum severity)(take(b) % 3),
		.service = take(b) % 2 ? arena_strdup(&a->arena, name) : NULL,
		.text = "something happened", .tag = take(b) % 2 ? "v8" : NULL,
	};
	a->event = e;
	a->nr_events = 1;
}

static void add_alarms(struct bytes *b, struct batch *a)
{
	size_t nr = (size_t)take(b) % 12;
	struct alarm *l = arena_alloc(&a->arena, (nr + 1) * sizeof(*l));
	char name[128];
	for (size_t i = 0; i < nr; i++) {
		name_of(take(b) % SERVICES, name);
		l[i] = (struct alarm){
			arena_strdup(&a->arena, name),
			(enum alarm_state)(take(b) % ALARM_STATES),
			i % 3 ? a->at - (time_ms)i * STEP : TIME_NONE,
			i % 2 ? "3 of 3 points" : NULL,
		};
	}
	a->alarms = true;
	a->alarm = l;
	a->nr_alarms = nr;
}

static void add_bill(struct bytes *b, struct batch *a)
{
	struct source_status *s = arena_alloc(&a->arena, sizeof(*s));
	struct source_cost *c = arena_alloc(&a->arena, sizeof(*c));
	struct cost_part *p = arena_alloc(&a->arena, 20 * sizeof(*p));
	for (size_t i = 0; i < 20; i++)
		p[i] = (struct cost_part){ "ApplicationELB", 33, value(b) };
	*c = (struct source_cost){
		.metrics = 83, .usd_per_hour = value(b), .usd_today = value(b),
		.usd_max = value(b), .nr_parts = (size_t)take(b) % 20,
		.part = p, .saving = take(b) % 2 ? "asked every 2m" : NULL,
	};
	*s = (struct source_status){ .kind = "cloudwatch", .next = a->at,
				     .identity = "CloudWatch eu-west-1",
				     .period = 60000, .cost = c };
	a->status = s;
}

static void answer(struct bytes *b, struct dash *d, time_ms *now)
{
	struct batch *a = batch_new(0);
	int what = take(b);
	*now += (take(b) % 8 - 1) * STEP;
	a->source = what & 1 ? "prom" : "prom-2";
	a->at = *now;
	a->instant = what & 2;
	a->to = a->settled = *now / STEP * STEP;
	a->from = a->instant ? a->to : a->to - (take(b) % 200) * STEP;
	a->step = STEP;
	a->window = 60000;
	a->tick = what & 4;
	a->partial = what & 8;
	a->reset = take(b) == 7;
	if (what & 16)
		add_catalog(b, a);
	if (what & 32)
		add_event(b, a);
	if (what >= 0xe0) {
		a->fault = (enum fault)(1 + take(b) % (FAULT_NR - 1));
		a->error = "it did not answer; look there";
	} else {
		add_frames(b, a);
	}
	if (what % 7 == 0)
		add_alarms(b, a);
	if (what % 5 == 0)
		add_bill(b, a);
	dash_batch(d, a);
	batch_free(a);
}

/* ---- what a person does ----------------------------------------------- */

static void press(struct bytes *b, struct dash *d)
{
	int v = take(b);
	dash_key(d, v < 128 ? v : v < 200 ? K_UP + v % (K_F12 - K_UP + 1)
					  : 0x3040 + v);
}

static void resize(struct bytes *b, struct dash *d)
{
	int w = take(b), h = take(b);
	if (w == 255)
		w = 1000;
	dash_resize(d, w ? w : 1, h % 120 ? h % 120 : 1);
}

static void drain(struct dash *d)
{
	for (int i = 0; dash_request(d) != REQUEST_NONE; i++)
		must(i < 100);
}

static void check(struct dash *d)
{
	struct want w = { .at = TIME_NONE };
	struct dash_slot s[SLOTS_MAX];
	dash_frame(d);
	const struct surface *f = dash_surface(d);
	must(f && f->w >= 1 && f->h >= 1);
	size_t nr = dash_slots(d, s, SLOTS_MAX);
	for (size_t i = 0; i < nr; i++)
		must(s[i].x >= 0 && s[i].y >= 0 && s[i].x + s[i].w <= f->w
		     && s[i].y + s[i].h <= f->h);
	dash_want(d, &w);
	must(w.step > 0 && w.back >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	time_ms now = BASE, mono = 1000;
	struct dash_options o = {
		.w = 120, .h = 40, .range = 3600000, .title = "fuzz",
		.at = TIME_NONE, .now = BASE, .theme = "ember",
		.graph = (enum graph)(take(&b) % 3),
	};
	struct dash *d = dash_new(&o);
	store_declare(dash_store(d), "prom", 15000);
	for (int steps = 0; b.left && steps < 400; steps++) {
		switch (take(&b) % 8) {
		case 0: case 1: case 2:
			press(&b, d);
			break;
		case 3: case 4:
			answer(&b, d, &now);
			break;
		case 5:
			resize(&b, d);
			break;
		case 6:
			mono += take(&b) * 1000;
			dash_tick(d, mono);
			break;
		default:
			dash_paste(d, take(&b) + 0x20);
		}
		drain(d);
		if (steps % 4 == 0)
			check(d);
	}
	check(d);
	dash_free(d);
	return 0;
}
