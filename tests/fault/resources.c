/* A Prometheus that scrapes hosts alone, and one that is asked for them at a
 * bad moment: what of them stays on the page. */
#include "sources/prometheus.h"

#include "base/mem.h"
#include "model/resource.h"
#include "sources/prom_resources.h"
#include "tests/fault/evil.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <cmocka.h>

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct evil *evil;
	struct source src;
	struct store *store;
	time_ms at;
	bool away, refuses;  /* all; the list of hosts */
	unsigned names, lists, polls;
};

/* Two hosts for each question of the query: a quarter is used. */
static void answer(struct evil_answer *out, const char *query)
{
	const char *p = query;
	size_t nr = 0;
	evil_json(out, "{\"status\":\"success\",\"data\":{\"resultType\":"
		  "\"vector\",\"result\":[");
	while ((p = strstr(p, "\"redtop_q\",\""))) {
		unsigned id = (unsigned)atoi(p += 12);
		bool used = id % 16 == RED_USED;
		for (int i = 0; i < 2; i++)
			buf_printf(&out->body, "%s{\"metric\":{\"redtop_q\":"
				   "\"%u\",\"instance\":\"h%d:9100\"},\"value\":"
				   "[1,\"%d\"]}", nr++ ? "," : "", id, i,
				   used ? 25 : 100);
	}
	buf_str(&out->body, "]}}");
}

static void script(const struct evil_ask *ask, struct evil_answer *out,
		   void *arg)
{
	struct rig *r = arg;
	struct buf q;
	bool names = strstr(ask->path, "__name__") != NULL;
	buf_init(&q, 0);
	evil_form(ask, "query", &q);
	bool list = strstr(buf_text(&q), "count by (instance)") != NULL;
	r->names += names;
	r->lists += list;
	if (r->away)
		out->behave = "/rst";
	else if (names)
		evil_json(out, "{\"status\":\"success\",\"data\":[\"up\","
			  "\"node_memory_MemTotal_bytes\","
			  "\"node_memory_MemAvailable_bytes\"]}");
	else if (!q.len)
		out->status = 404;
	else if (list && r->refuses)
		out->status = 500;
	else
		answer(out, buf_text(&q));
	buf_release(&q);
}

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct rig *r = arg;
	b->source = src->name;
	r->at = b->at;
	store_apply(r->store, b);
	batch_free(b);
}

static void on_ended(struct source *src, void *arg)
{
	(void)src;
	((struct rig *)arg)->polls++;
}

static void on_closed(struct source *src, void *arg)
{
	(void)src;
	(void)arg;
}

static void on_watchdog(uv_timer_t *t)
{
	(void)t;
	fail_msg("the loop hangs");
}

static void rig_open(struct rig *r)
{
	char url[EVIL_URL];
	uv_loop_init(&r->loop);
	uv_timer_init(&r->loop, &r->watchdog);
	uv_timer_start(&r->watchdog, on_watchdog, 30000, 0);
	uv_unref((uv_handle_t *)&r->watchdog);
	r->evil = evil_new(&r->loop, script, r);
	r->store = store_new(0);
	r->src = (struct source){
		.ops = &prometheus_ops, .loop = &r->loop, .name = "prom",
		.state = mem_zero(1, prometheus_ops.state_size),
		.opt = { .timeout = 2000 }, .sink = sink, .ended = on_ended,
		.closed = on_closed, .arg = r,
	};
	assert_int_equal(prometheus_ops.open(&r->src,
			evil_url(r->evil, "", url), NULL), 0);
}

static void poll_once(struct rig *r)
{
	struct want w = { .at = TIME_NONE };
	unsigned polls = r->polls;
	prometheus_ops.poll(&r->src, &w);
	while (r->polls == polls)
		uv_run(&r->loop, UV_RUN_ONCE);
}

static void rig_close(struct rig *r)
{
	prometheus_ops.close(&r->src);
	evil_close(r->evil, NULL, NULL);
	uv_close((uv_handle_t *)&r->watchdog, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	store_free(r->store);
	free(r->src.state);
	free(r->src.url);
}

static void are_two_a_quarter_full(const struct rig *r)
{
	const struct service *const *s;
	struct resource x;
	assert_int_equal(store_services(r->store, &s), 0);
	assert_int_equal(store_resources(r->store, &s), 2);
	for (size_t i = 0; i < 2; i++) {
		resource_read(s[i], r->at, r->at - 60000, &x);
		assert_true(x.ratio == 0.25);
		assert_int_equal(x.state, RESOURCE_OK);
	}
	assert_int_equal(store_source(r->store, "prom")->state, SOURCE_UP);
}

static void hosts_alone_are_no_services(void **state)
{
	(void)state;
	struct rig r = { 0 };
	rig_open(&r);
	poll_once(&r);
	are_two_a_quarter_full(&r);
	const struct catalog *c = store_source(r.store, "prom")->catalog;
	assert_int_equal(prom_resources_without(c), 0);
	assert_int_equal(c->families, 0);
	/* There is something to ask: no need to look around every time. */
	assert_int_equal(r.names, 1);
	poll_once(&r);
	are_two_a_quarter_full(&r);
	assert_int_equal(r.names, 1);
	rig_close(&r);
}

static void a_refused_list_empties_no_page(void **state)
{
	(void)state;
	struct rig r = { 0 };
	rig_open(&r);
	poll_once(&r);
	r.away = true;
	poll_once(&r);
	assert_int_equal(store_source(r.store, "prom")->state, SOURCE_STALE);
	/* It may have come back as another one. */
	r.away = false;
	r.refuses = true;
	unsigned lists = r.lists;
	poll_once(&r);
	assert_true(r.lists > lists);
	are_two_a_quarter_full(&r);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_alone_are_no_services),
		cmocka_unit_test(a_refused_list_empties_no_page),
	};
	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
