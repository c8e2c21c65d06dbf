#include "sources/prom_plan.h"

#include "base/limits.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MAX_SHAPES 40

/* Shapes with all questions, each with so many services. */
struct world {
	struct catalog catalog;
	struct shape shape[MAX_SHAPES];
	struct service_def *service;
	char name[MAX_SHAPES * 400][16];
};

static struct world *world_new(size_t shapes, size_t services)
{
	struct world *w = mem_zero(1, sizeof(*w));
	w->service = mem_zero(shapes * services, sizeof(*w->service));
	for (size_t i = 0; i < shapes; i++) {
		w->shape[i] = (struct shape){
			.id = (uint32_t)i + 1, .label = "job", .metric = "x",
			.interval = 15000, .window = 60000,
			.question = {
				[RED_RATE] = "sum by (job, code) (rate(x_count"
					     "[$__rate_interval]))",
				[RED_BUCKETS] = "sum by (job, le) (rate(x_bucket"
						"{a=\"b\"}[$__rate_interval]))",
				[RED_QUANTILE] = "max by (job, quantile) (x{"
						 "quantile!=\"\"})",
				[RED_BURN_5M] = "sum by (job) (rate(x_count[5m]))",
				[RED_VERSION] = "count by (job, version) (b)",
			},
		};
		for (size_t k = 0; k < services; k++) {
			size_t n = i * services + k;
			snprintf(w->name[n], sizeof(w->name[n]), "s%zu", n);
			w->service[n] = (struct service_def){
				.name = w->name[n], .value = w->name[n],
				.shape = (uint32_t)i + 1,
			};
		}
	}
	w->catalog = (struct catalog){ .nr_shapes = shapes, .shape = w->shape,
				       .nr_services = shapes * services,
				       .service = w->service };
	return w;
}

static void world_free(struct world *w)
{
	free(w->service);
	free(w);
}

static char *query_of(const struct prom_pack *p)
{
	struct buf b;
	buf_init(&b, 0);
	prom_pack_query(p, &b);
	return b.s;
}

static void rows_wait_for_rates_alone(void **state)
{
	(void)state;
	struct world *w = world_new(3, 5);
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog });
	assert_int_equal(plan.nr, 3);
	assert_int_equal(plan.pack[0].nr, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(plan.pack[0].item[i].id % 16, RED_RATE);
	assert_int_equal(plan.pack[0].window, 60000);
	char *q = query_of(&plan.pack[0]);
	static const char begin[] = "label_replace(sum by (job, code) (rate("
		"x_count[1m])),\"redtop_q\",\"16\",\"\",\"\") or label_replace(";
	assert_int_equal(strncmp(q, begin, sizeof(begin) - 1), 0);
	free(q);
	prom_plan_release(&plan);
	world_free(w);
}

static void packs_stay_within_their_bounds(void **state)
{
	(void)state;
	struct world *w = world_new(40, 200);
	for (int range = 0; range < 2; range++) {
		struct prom_plan plan = { 0 };
		struct prom_plan_ask ask = { .catalog = &w->catalog };
		size_t items = 0;
		if (range) {
			ask.step = 15000;
			ask.span = 3600000;
		}
		prom_plan(&plan, &ask);
		for (size_t i = 0; i < plan.nr; i++) {
			const struct prom_pack *p = &plan.pack[i];
			char *q = query_of(p);
			assert_true(p->nr >= 1 && p->nr <= 16);
			assert_true(strlen(q) <= LIMIT_QUERY);
			assert_null(strstr(q, "$__"));
			if (range && p->nr > 1)
				assert_true(p->answer <= 8 << 20);
			/* Buckets of 200 services go alone. */
			if (p->item[0].id % 16 == RED_BUCKETS)
				assert_int_equal(p->nr, 1);
			items += p->nr;
			free(q);
		}
		assert_int_equal(items, 40 * 5);
		prom_plan_release(&plan);
	}
	world_free(w);
}

static void an_open_page_asks_for_one_service(void **state)
{
	(void)state;
	struct world *w = world_new(3, 2);
	struct prom_plan plan = { 0 };
	w->shape[1].question[RED_ROUTES] =
		"sum by (job, code, path) (rate(x_count{job=$__service}"
		"[$__rate_interval]))";
	w->shape[1].question[RED_ROUTE_BUCKETS] =
		"sum by (job, le, path) (rate(x_bucket{job=$__service}"
		"[$__rate_interval]))";
	w->service[3].value = "a \"b\\";
	prom_plan_routes(&plan, &w->catalog, "s3");
	assert_int_equal(plan.nr, 1);
	const struct prom_pack *p = &plan.pack[0];
	assert_int_equal(p->nr, 2);
	assert_int_equal(p->item[0].id, question_id(2, RED_ROUTES));
	assert_int_equal(p->item[1].id, question_id(2, RED_ROUTE_BUCKETS));
	assert_string_equal(p->item[0].text, "sum by (job, code, path) (rate("
			    "x_count{job=\"a \\\"b\\\\\"}[1m]))");
	assert_int_equal(p->window, 60000);
	assert_string_equal(p->label, "job");
	assert_int_equal(p->nr_only, 1);
	assert_string_equal(p->only[0], "a \"b\\");
	/* Halves are still about that service alone. */
	struct prom_pack rest = prom_pack_split(&plan.pack[0]);
	assert_string_equal(rest.label, "job");
	assert_string_equal(rest.only[0], p->only[0]);
	prom_pack_release(&rest);
	prom_plan_release(&plan);
	/* Not the rows, whose questions these are not. */
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog });
	for (size_t i = 0; i < plan.nr; i++)
		for (size_t k = 0; k < plan.pack[i].nr; k++)
			assert_true(plan.pack[i].item[k].id % 16 < RED_ROUTES);
	prom_plan_release(&plan);
	prom_plan_routes(&plan, &w->catalog, "s0");   /* has no such question */
	prom_plan_routes(&plan, &w->catalog, "gone");
	prom_plan_routes(&plan, &w->catalog, "");
	assert_int_equal(plan.nr, 0);
	prom_plan_release(&plan);
	world_free(w);
}

static void routes_too_long_for_one_query_are_two(void **state)
{
	(void)state;
	struct world *w = world_new(1, 1);
	struct prom_plan plan = { 0 };
	char *text = mem_zero(1, 12001);
	memset(text, 'x', 12000);
	w->shape[0].question[RED_ROUTES] = text;
	w->shape[0].question[RED_ROUTE_BUCKETS] = text;
	prom_plan_routes(&plan, &w->catalog, "s0");
	assert_int_equal(plan.nr, 2);
	for (size_t i = 0; i < 2; i++) {
		char *q = query_of(&plan.pack[i]);
		assert_true(strlen(q) <= LIMIT_QUERY);
		assert_int_equal(plan.pack[i].nr, 1);
		assert_string_equal(plan.pack[i].only[0], "s0");
		free(q);
	}
	prom_plan_release(&plan);
	free(text);
	world_free(w);
}

static void windows_are_not_mixed(void **state)
{
	(void)state;
	struct world *w = world_new(4, 2);
	w->shape[1].window = w->shape[3].window = 240000;
	w->shape[1].interval = w->shape[3].interval = 60000;
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog,
						  .step = 30000, .span = 900000 });
	for (size_t i = 0; i < plan.nr; i++) {
		char *q = query_of(&plan.pack[i]);
		assert_false(strstr(q, "[1m]") && strstr(q, "[4m]"));
		if (strstr(q, "[4m]"))
			assert_int_equal(plan.pack[i].window, 240000);
		free(q);
	}
	prom_plan_release(&plan);
	/* A wide step widens the window: nothing falls between two points. */
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog,
						  .step = 300000, .span = 3600000 });
	char *q = query_of(&plan.pack[0]);
	assert_non_null(strstr(q, "[5m15s]"));
	free(q);
	prom_plan_release(&plan);
	world_free(w);
}

static void gauges_between_points_are_not_lost(void **state)
{
	(void)state;
	struct world *w = world_new(1, 1);
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog,
						  .step = 60000, .span = 900000 });
	bool seen = false;
	for (size_t i = 0; i < plan.nr; i++)
		for (size_t k = 0; k < plan.pack[i].nr; k++)
			seen |= strcmp(plan.pack[i].item[k].text,
				       "max by (job, quantile) (max_over_time("
				       "x{quantile!=\"\"}[1m]))") == 0;
	assert_true(seen);
	prom_plan_release(&plan);
	world_free(w);
}

static bool restricts(const struct world *w, time_ms span, time_ms reach)
{
	static const char *const visible[] = { "s0", NULL };
	struct prom_plan plan = { 0 };
	bool any = false;
	prom_plan(&plan, &(struct prom_plan_ask){
		.catalog = &w->catalog, .visible = visible, .step = 15000,
		.span = span, .reach = reach });
	for (size_t i = 0; i < plan.nr; i++)
		any |= plan.pack[i].label != NULL;
	prom_plan_release(&plan);
	return any;
}

static void a_chart_of_a_large_server_keeps_its_past(void **state)
{
	(void)state;
	struct world *w = world_new(1, 800);
	assert_false(restricts(w, 60000, 60000));
	assert_true(restricts(w, 7200000, 7200000));
	assert_true(restricts(w, 60000, 7200000));
	world_free(w);
}

static void many_buckets_name_the_visible_rows(void **state)
{
	(void)state;
	struct world *w = world_new(2, 3);
	w->shape[0].visible_only = true;
	const char *visible[] = { "s1", "s4", "s2", NULL };
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog,
						  .visible = visible });
	size_t found = 0;
	for (size_t i = 0; i < plan.nr; i++) {
		const struct prom_pack *p = &plan.pack[i];
		if (!p->label)
			continue;
		found++;
		assert_int_equal(p->nr, 1);
		assert_int_equal(p->nr_only, 2);
		assert_string_equal(p->only[0], "s1");
		assert_string_equal(p->item[0].text, "sum by (job, le) (rate("
			"x_bucket{a=\"b\",job=~\"s1|s2\"}[1m]))");
	}
	assert_int_equal(found, 1);
	prom_plan_release(&plan);
	/* Nobody to be seen: nothing to ask. */
	visible[0] = NULL;
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog,
						  .visible = visible });
	for (size_t i = 0; i < plan.nr; i++)
		for (size_t k = 0; k < plan.pack[i].nr; k++)
			assert_int_not_equal(plan.pack[i].item[k].id,
					     question_id(1, RED_BUCKETS));
	prom_plan_release(&plan);
	world_free(w);
}

static void halves_hold_all_questions(void **state)
{
	(void)state;
	struct world *w = world_new(5, 1);
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = &w->catalog });
	struct prom_pack rest = prom_pack_split(&plan.pack[0]);
	assert_int_equal(plan.pack[0].nr, 2);
	assert_int_equal(rest.nr, 3);
	assert_int_equal(rest.item[0].id, question_id(3, RED_RATE));
	struct prom_pack twin = prom_pack_copy(&rest);
	assert_string_equal(twin.item[2].text, rest.item[2].text);
	prom_pack_release(&twin);
	prom_pack_release(&rest);
	prom_plan_release(&plan);
	world_free(w);
}

static void times_are_exact_and_short(void **state)
{
	(void)state;
	static const struct { time_ms t; const char *want; } t[] = {
		{ 1795486930410, "1795486930.41" },
		{ 1795486930000, "1795486930" }, { 1795486930007, "1795486930.007" },
		{ 1795486930070, "1795486930.07" }, { 1795486930700, "1795486930.7" },
		{ 500, "0.5" }, { 1, "0.001" }, { 15000, "15" },
	};
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		buf_clear(&b);
		prom_seconds(t[i].t, &b);
		assert_string_equal(b.s, t[i].want);
	}
	buf_release(&b);
}

/* ---- deploys -------------------------------------------------------------- */

#define POINTS 12

/* A series of one version: '#' where it is there. */
static struct frame version(struct batch *b, const char *name, const char *map)
{
	struct label *l = arena_alloc(&b->arena, 2 * sizeof(*l));
	time_ms *t = arena_alloc(&b->arena, POINTS * sizeof(*t));
	double *v = arena_alloc(&b->arena, POINTS * sizeof(*v));
	l[0] = (struct label){ "job", "s0" };
	l[1] = (struct label){ "version", name };
	struct frame f = { .question = question_id(1, RED_VERSION),
			   .labels = { 2, l }, .t = t, .v = v };
	for (size_t i = 0; map[i]; i++)
		if (map[i] == '#') {
			t[f.nr] = 1000 * (time_ms)i;
			v[f.nr++] = 1;
		}
	return f;
}

static void a_deploy_is_a_version_that_takes_over(void **state)
{
	(void)state;
	static const struct {
		const char *v1, *v2;
		size_t events;
		time_ms at;
		const char *text;
	} t[] = {
		{ "######......", "......######", 1, 6000, "deploy v1 → v2" },
		{ "########....", "......######", 1, 6000, "deploy v1 → v2" },
		{ "......######", "######......", 1, 6000, "deploy v2 → v1" },
		{ "######......", ".......#####", 0, 0, NULL }, /* a gap */
		{ "######.#####", "............", 0, 0, NULL },
		{ "############", "#####.######", 0, 0, NULL }, /* a lost scrape */
		{ "############", "############", 0, 0, NULL },
		{ "............", "......######", 0, 0, NULL }, /* new service */
		{ "##..........", ".###########", 0, 0, NULL }, /* at the edge */
	};
	struct world *w = world_new(1, 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct batch *b = batch_new(0);
		struct frame f[2] = { version(b, "v1", t[i].v1),
				      version(b, "v2", t[i].v2) };
		b->from = 0;
		b->to = 1000 * (POINTS - 1);
		b->step = 1000;
		b->frame = f;
		b->nr = 2;
		prom_deploys(b, &w->catalog);
		assert_int_equal(b->nr_events, t[i].events);
		if (t[i].events) {
			assert_int_equal(b->event[0].at, t[i].at);
			assert_string_equal(b->event[0].text, t[i].text);
			assert_string_equal(b->event[0].service, "s0");
		}
		batch_free(b);
	}
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_wait_for_rates_alone),
		cmocka_unit_test(packs_stay_within_their_bounds),
		cmocka_unit_test(an_open_page_asks_for_one_service),
		cmocka_unit_test(routes_too_long_for_one_query_are_two),
		cmocka_unit_test(windows_are_not_mixed),
		cmocka_unit_test(gauges_between_points_are_not_lost),
		cmocka_unit_test(many_buckets_name_the_visible_rows),
		cmocka_unit_test(halves_hold_all_questions),
		cmocka_unit_test(times_are_exact_and_short),
		cmocka_unit_test(a_chart_of_a_large_server_keeps_its_past),
		cmocka_unit_test(a_deploy_is_a_version_that_takes_over),
	};
	return cmocka_run_group_tests_name("prom_plan", tests, NULL, NULL);
}
