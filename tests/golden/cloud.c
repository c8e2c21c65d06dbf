/* Screens of an account at CloudWatch, alone and beside a Prometheus: batches
 * in, text and roles out. REDTOP_GOLDEN=write makes the expected files anew:
 * look at the diff. */
#include "app/dash.h"
#include "app/json.h"
#include "base/key.h"
#include "tests/unit/cloud.h"
#include "tui/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-11-23T14:32:05Z */
#define NOW ((time_ms)1795444325000)

enum { BOTH = 1, OVER = 2, ALARMS = 4, FAILING = 8, BARE = 16, REFUSED = 32,
       SLOW = 64 };

static const struct screen_case {
	const char *name;
	int w, h;
	enum page page;
	unsigned how;
	const char *keys;
	enum graph graph;
	time_ms range;       /* 0: 1h */
} cases[] = {
	{ .name = "cloud-80x24", .w = 80, .h = 24 },
	{ .name = "cloud-120x40", .w = 120, .h = 40 },
	{ .name = "cloud-80x24-ascii", .w = 80, .h = 24,
	  .graph = GRAPH_ASCII },
	{ .name = "cloud-late-120x40", .w = 120, .h = 40, .how = SLOW },
	{ .name = "cloud-both-80x24", .w = 80, .h = 24, .how = BOTH },
	{ .name = "cloud-both-120x40", .w = 120, .h = 40, .how = BOTH },
	{ .name = "cloud-both-200x50", .w = 200, .h = 50, .how = BOTH },
	{ .name = "cloud-both-15m-120x40", .w = 120, .h = 40, .how = BOTH,
	  .range = 900000 },
	{ .name = "cloud-both-ascii-120x40", .w = 120, .h = 40, .how = BOTH,
	  .graph = GRAPH_ASCII },
	{ .name = "cloud-over-80x24", .w = 80, .h = 24, .how = OVER },
	{ .name = "cloud-over-120x40", .w = 120, .h = 40, .how = OVER },
	{ .name = "cloud-over-net-80x24", .w = 80, .h = 24, .how = OVER,
	  .page = PAGE_NET },
	{ .name = "cloud-over-net-120x40", .w = 120, .h = 40,
	  .how = OVER | BOTH, .page = PAGE_NET },
	{ .name = "cloud-net-120x40", .w = 120, .h = 40, .page = PAGE_NET },
	{ .name = "cloud-net-80x24-ascii", .w = 80, .h = 24, .page = PAGE_NET,
	  .graph = GRAPH_ASCII },
	{ .name = "cloud-alarms-120x40", .w = 120, .h = 40, .how = ALARMS },
	{ .name = "cloud-alarms-80x24", .w = 80, .h = 24, .how = ALARMS },
	{ .name = "cloud-paging-120x40", .w = 120, .h = 40,
	  .how = ALARMS | FAILING },
	{ .name = "cloud-events-120x40", .w = 120, .h = 40,
	  .how = ALARMS | FAILING, .page = PAGE_EVENTS },
	{ .name = "cloud-events-80x24", .w = 80, .h = 24, .how = ALARMS,
	  .page = PAGE_EVENTS },
	{ .name = "cloud-events-80x24-ascii", .w = 80, .h = 24, .how = ALARMS,
	  .page = PAGE_EVENTS, .graph = GRAPH_ASCII },
	{ .name = "cloud-service-120x40", .w = 120, .h = 40,
	  .page = PAGE_SERVICE },
	{ .name = "saturation-120x40", .w = 120, .h = 40,
	  .page = PAGE_SATURATION },
	{ .name = "saturation-80x24", .w = 80, .h = 24,
	  .page = PAGE_SATURATION, .keys = "j" },
	{ .name = "saturation-80x24-ascii", .w = 80, .h = 24,
	  .page = PAGE_SATURATION, .graph = GRAPH_ASCII },
	{ .name = "saturation-60x15", .w = 60, .h = 15,
	  .page = PAGE_SATURATION },
	{ .name = "saturation-200x50", .w = 200, .h = 50,
	  .page = PAGE_SATURATION },
	{ .name = "saturation-none-80x24", .w = 80, .h = 24,
	  .page = PAGE_SATURATION, .how = BARE },
	{ .name = "cloud-refused-120x40", .w = 120, .h = 40, .how = REFUSED },
};

/* ---- a Prometheus beside it ------------------------------------------- */

#define PROM_STEP ((time_ms)15000)

static const struct shape prom_shape = {
	.id = 1, .label = "job", .metric = "http_request_duration_seconds",
	.error_metric = "http_request_duration_seconds_count",
	.status_label = "code", .status = STATUS_HTTP, .layer = LAYER_APP,
	.method = METHOD_HISTOGRAM, .interval = 15000, .window = 60000,
	.question = { [RED_RATE] = "r", [RED_BUCKETS] = "b", [RED_SUM] = "s",
		      [RED_BURN_5M] = "5", [RED_BURN_1H] = "1" },
};
static const struct service_def prom_defs[] = {
	{ .name = "checkout", .value = "checkout", .shape = 1,
	  .objective = 0.999, .latency_limit = 0.5 },
	{ .name = "cart", .value = "cart", .shape = 1 },
};
static const struct catalog prom_catalog = {
	.version = "2.42.0", .nr_shapes = 1, .shape = &prom_shape,
	.nr_services = 2, .service = prom_defs, .requests = 4, .families = 1,
};

static const struct prom_row {
	enum red_role role;
	const char *label, *value;
	double k;
} prom_rows[] = {
	{ RED_RATE, "code", "200", 1 },     { RED_RATE, "code", "500", 4e-4 },
	{ RED_BUCKETS, "le", "0.05", 0.7 }, { RED_BUCKETS, "le", "0.25", 0.97 },
	{ RED_BUCKETS, "le", "0.5", 0.998 },{ RED_BUCKETS, "le", "+Inf", 1 },
	{ RED_SUM, NULL, NULL, 0.051 },
	{ RED_BURN_5M, "code", "200", 1 },  { RED_BURN_5M, "code", "500", 4e-4 },
	{ RED_BURN_1H, "code", "200", 1 },  { RED_BURN_1H, "code", "500", 4e-4 },
};
#define PROM_ROWS (sizeof(prom_rows) / sizeof(*prom_rows))

static double prom_rate(int job, time_ms t)
{
	return (job ? 80 : 400) * (1 + 0.2 * cloud_wave(t / PROM_STEP, 150));
}

static void prom_frame(struct batch *b, struct frame *f,
		       const struct prom_row *r, int job)
{
	size_t max = (size_t)((b->to - b->from) / PROM_STEP) + 1;
	struct label *l = arena_alloc(&b->arena, 2 * sizeof(*l));
	time_ms *t = arena_alloc(&b->arena, max * sizeof(*t));
	double *v = arena_alloc(&b->arena, max * sizeof(*v));
	l[0] = (struct label){ "job", prom_defs[job].value };
	l[1] = (struct label){ r->label, r->value };
	*f = (struct frame){ .question = question_id(1, r->role), .t = t,
			     .v = v, .labels = { r->label ? 2 : 1, l } };
	labels_sort(l, f->labels.nr);
	for (time_ms at = b->from; at <= b->to; at += PROM_STEP) {
		t[f->nr] = at;
		v[f->nr++] = prom_rate(job, at) * r->k;
	}
}

static struct batch *prom_batch(time_ms from, time_ms to, bool instant)
{
	struct batch *b = batch_new(0);
	struct frame *f = arena_alloc(&b->arena,
				      2 * PROM_ROWS * sizeof(*f));
	uint32_t *asked = arena_alloc(&b->arena, PROM_ROWS * sizeof(*asked));
	b->source = "prom";
	b->at = NOW;
	b->from = from;
	b->to = b->settled = to;
	b->step = PROM_STEP;
	b->window = 60000;
	b->instant = instant;
	for (size_t i = 0; i < PROM_ROWS; i++) {
		asked[i] = question_id(1, prom_rows[i].role);
		for (int job = 0; job < 2; job++)
			prom_frame(b, &f[b->nr++], &prom_rows[i], job);
	}
	b->frame = f;
	b->asked = asked;
	b->nr_asked = PROM_ROWS;
	return b;
}

static void into_dash(struct batch *b, void *dash)
{
	dash_batch(dash, b);
	batch_free(b);
}

static void prom_poll(struct dash *d)
{
	static const struct source_status status = {
		.kind = "prometheus", .url = "http://127.0.0.1:9090",
		.identity = "Prometheus 2.42.0", .took_us = 12000,
		.skew_s = 0.1, .requests = 9, .bytes = 40211,
		.body_bytes = 310000, .next = NOW + 15000, .period = 15000,
	};
	time_ms edge = time_floor(NOW, PROM_STEP);
	struct batch *b = prom_batch(edge - 3 * 3600000, edge, false);
	b->catalog = &prom_catalog;
	into_dash(b, d);
	b = prom_batch(NOW, NOW, true);
	b->status = &status;
	b->tick = true;
	into_dash(b, d);
}

/* ---- screens ------------------------------------------------------------ */

static void refuse(struct dash *d)
{
	static const struct source_status status = {
		.kind = "cloudwatch", .skew_s = NAN, .requests = 1,
		.next = NOW + 2000, .period = 60000,
		.url = "https://monitoring.eu-west-1.amazonaws.com",
		.identity = "CloudWatch eu-west-1",
	};
	struct batch *b = batch_new(0);
	b->source = "cloudwatch";
	b->at = NOW;
	b->tick = true;
	b->fault = FAULT_AUTH;
	b->error = "no credentials for AWS: environment, ~/.aws and the "
		   "instance have none; aws configure makes some, --profile "
		   "names others";
	b->status = &status;
	into_dash(b, d);
}

static struct dash *show(const struct screen_case *c)
{
	struct dash_options o = {
		.w = c->w, .h = c->h, .graph = c->graph, .page = c->page,
		.range = c->range ? c->range : 3600000, .now = NOW,
		.title = c->how & BOTH ? "shop" : "", .at = TIME_NONE,
	};
	struct cloud cloud = {
		.now = c->how & SLOW ? NOW - 130000 : NOW,
		.alarms = c->how & ALARMS, .failing = c->how & FAILING,
		.cost = c->how & OVER ? &cloud_cost_over : NULL,
	};
	struct dash *d = dash_new(&o);
	char keys[64];
	if (c->how & BOTH)
		store_declare(dash_store(d), "prom", 15000);
	if (!(c->how & BARE))
		store_declare(dash_store(d), "cloudwatch", 60000);
	dash_tick(d, 1000);
	if (c->how & (BOTH | BARE))
		prom_poll(d);
	if (c->how & REFUSED)
		refuse(d);
	else if (!(c->how & BARE))
		cloud_poll(&cloud, into_dash, d);
	if (c->how & SLOW) {
		struct batch *b = cloud_batch(&cloud, NOW);
		b->instant = b->tick = true;
		into_dash(b, d);
	}
	dash_frame(d);
	snprintf(keys, sizeof(keys), "%s", c->keys ? c->keys : "");
	for (char *k = strtok(keys, " "); k; k = strtok(NULL, " ")) {
		dash_key(d, key_of_name(k));
		dash_frame(d);
	}
	return d;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *s = calloc(1, 1 << 20);
	size_t n = fread(s, 1, (1 << 20) - 1, f);
	s[n] = '\0';
	fclose(f);
	return s;
}

static void compare(const char *name, const char *ext, const struct buf *got)
{
	char path[256];
	snprintf(path, sizeof(path), "tests/golden/expected/%s.%s", name, ext);
	const char *mode = getenv("REDTOP_GOLDEN");
	bool write = mode && strcmp(mode, "write") == 0;
	char *want = write ? NULL : read_file(path);
	if (want && strcmp(want, buf_text(got)) == 0) {
		free(want);
		return;
	}
	char bad[256];
	snprintf(bad, sizeof(bad), "build/golden-%s.%s", name, ext);
	FILE *f = fopen(write ? path : bad, "wb");
	assert_non_null(f);
	fwrite(buf_text(got), 1, got->len, f);
	fclose(f);
	free(want);
	if (!write)
		fail_msg("the screen is not as expected: diff %s %s", path,
			 bad);
}

static void check_screen(void **state)
{
	const struct screen_case *c = *state;
	struct buf text, roles;
	struct dash *d = show(c);
	buf_init(&text, 0);
	buf_init(&roles, 0);
	export_text(dash_surface(d), &text);
	export_roles(dash_surface(d), &roles);
	compare(c->name, "txt", &text);
	compare(c->name, "roles", &roles);
	buf_release(&text);
	buf_release(&roles);
	dash_free(d);
}

static void json_of_an_account_stays_what_scripts_parse(void **state)
{
	static const struct screen_case c = { .w = 120, .h = 40,
					      .how = ALARMS | FAILING };
	struct buf out;
	(void)state;
	struct dash *d = show(&c);
	buf_init(&out, 0);
	json_snapshot(d, false, &out);
	compare("cloud", "json", &out);
	buf_release(&out);
	dash_free(d);
}

#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	static struct CMUnitTest tests[NR_CASES + 1];
	size_t n = 0;
	for (; n < NR_CASES; n++)
		tests[n] = (struct CMUnitTest){ cases[n].name, check_screen,
						NULL, NULL,
						(void *)&cases[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		json_of_an_account_stays_what_scripts_parse);
	return _cmocka_run_group_tests("cloud", tests, n, NULL, NULL);
}
