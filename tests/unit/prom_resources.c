#include "sources/prom_resources.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/resource.h"
#include "sources/discover.h"
#include "sources/prom_manual.h"
#include "sources/prom_plan.h"
#include "tests/unit/batches.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const all_names[] = {
	"node_cpu_seconds_total", "node_memory_MemAvailable_bytes",
	"node_memory_MemTotal_bytes", "node_disk_io_time_seconds_total",
	"node_network_receive_bytes_total", "node_network_transmit_bytes_total",
	"node_network_speed_bytes", "pgbouncer_pools_server_active_connections",
	"pgbouncer_databases_pool_size", "hikaricp_connections_active",
	"hikaricp_connections_max", "go_sql_stats_connections_in_use",
	"go_sql_stats_connections_max_open", "go_sql_in_use_connections",
	"go_sql_max_open_connections", "pg_stat_activity_count",
	"pg_settings_max_connections", "mysql_global_status_threads_connected",
	"mysql_global_variables_max_connections", "redis_memory_used_bytes",
	"redis_memory_max_bytes", "redis_connected_clients",
	"redis_config_maxclients", "memcached_current_bytes",
	"memcached_limit_bytes", "memcached_current_connections",
	"memcached_max_connections", "node_filesystem_size_bytes",
	"node_filesystem_avail_bytes", "process_open_fds", "process_max_fds",
};
#define NAMES (sizeof(all_names) / sizeof(all_names[0]))

struct world {
	struct prom_resources *r;
	struct arena arena;
	struct catalog found;
	struct shape shape;
	struct service_def service;
};

static struct world *world_new(const char *match)
{
	struct world *w = mem_zero(1, sizeof(*w));
	w->r = prom_resources_new(match);
	arena_init(&w->arena, 0);
	w->shape = (struct shape){ .id = 3, .label = "job", .metric = "x",
				   .interval = 10000, .window = 60000,
				   .question = { [RED_RATE] = "rate" } };
	w->service = (struct service_def){ .name = "api", .value = "api",
					   .shape = 3 };
	w->found = (struct catalog){ .nr_shapes = 1, .nr_services = 1,
				     .shape = &w->shape,
				     .service = &w->service, .families = 1 };
	return w;
}

static void world_free(struct world *w)
{
	prom_resources_free(w->r);
	arena_release(&w->arena);
	free(w);
}

static void name_all(struct prom_resources *r)
{
	for (size_t i = 0; i < NAMES; i++)
		prom_resources_name(r, all_names[i]);
}

/* The tag under which a metric's resources are listed: asked, not assumed. */
static uint32_t tag_of(const char *metric)
{
	struct prom_resources *r = prom_resources_new(NULL);
	struct buf q;
	char begin[80];
	buf_init(&q, 0);
	name_all(r);
	assert_true(prom_resources_ask(r, 0, &q));
	snprintf(begin, sizeof(begin), ") (%s", metric);
	const char *at = strstr(q.s, begin);
	assert_non_null(at);
	at = strstr(at, "\"redtop_q\",\"");
	assert_non_null(at);
	uint32_t tag = (uint32_t)atoi(at + 12);
	assert_true(tag > 0);
	buf_release(&q);
	prom_resources_free(r);
	return tag;
}

static void tell(struct world *w, const char *metric, const char *name1,
		 const char *value1, const char *name2, const char *value2)
{
	struct label l[2] = { { name1, value1 }, { name2, value2 } };
	time_ms t = BASE;
	double v = 1;
	struct frame f = { .question = tag_of(metric),
			   .labels = { name2 ? 2 : 1, l },
			   .nr = 1, .t = &t, .v = &v };
	labels_sort(l, f.labels.nr);
	prom_resources_take(w->r, &f);
}

static void tell_host(struct world *w, const char *metric, const char *host)
{
	tell(w, metric, "instance", host, NULL, NULL);
}

static const struct catalog *add(struct world *w)
{
	return prom_resources_add(w->r, &w->found, NULL, 0, &w->arena);
}

static const struct service_def *named(const struct catalog *c,
				       const char *name)
{
	for (size_t i = 0; i < c->nr_services; i++)
		if (strcmp(c->service[i].name, name) == 0)
			return &c->service[i];
	print_message("no %s\n", name);
	fail();
	return NULL;
}

static const struct shape *shape_of(const struct catalog *c,
				    const struct service_def *d)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == d->shape)
			return &c->shape[i];
	fail();
	return NULL;
}

/* ---- what is asked ------------------------------------------------------- */

static void half_an_exporter_is_asked_for_nothing(void **state)
{
	(void)state;
	struct buf q;
	buf_init(&q, 0);
	/* Each alone; and what one begins like. */
	for (size_t i = 0; i < NAMES; i++) {
		struct world *w = world_new(NULL);
		bool whole = strcmp(all_names[i], "node_cpu_seconds_total") == 0
			     || strstr(all_names[i], "disk_io_time");
		prom_resources_name(w->r, all_names[i]);
		assert_true(prom_resources_ask(w->r, 0, &q) == whole);
		world_free(w);
	}
	struct world *w = world_new(NULL);
	prom_resources_name(w->r, "redis_memory_used_bytes");
	prom_resources_name(w->r, "redis_memory_max_bytes_total");
	prom_resources_name(w->r, "redis_memory_max");
	prom_resources_name(w->r, "");
	assert_false(prom_resources_ask(w->r, 0, &q));
	assert_ptr_equal(add(w), &w->found);
	world_free(w);
	buf_release(&q);
}

/* Where a server tells no names but by a query. */
static void a_guarded_server_has_resources_too(void **state)
{
	(void)state;
	struct buf q;
	char word[80];
	buf_init(&q, 0);
	discover_ask_names("{a=\"b\"}", &q);
	for (size_t i = 0; i < NAMES; i++) {
		snprintf(word, sizeof(word), "|%s", all_names[i]);
		const char *at = strstr(q.s, word);
		assert_non_null(at);
		assert_non_null(strchr("|\"", at[strlen(word)]));
	}
	assert_string_equal(strchr(q.s, '\0') - 9, "\",a=\"b\"})");
	buf_release(&q);
}

static void the_list_is_one_short_query(void **state)
{
	(void)state;
	struct world *w = world_new("{cluster=\"eu\"}");
	struct buf q;
	char want[400];
	buf_init(&q, 0);
	prom_resources_name(w->r, "redis_memory_max_bytes");
	prom_resources_name(w->r, "redis_memory_used_bytes");
	prom_resources_name(w->r, "hikaricp_connections_active");
	prom_resources_name(w->r, "hikaricp_connections_max");
	assert_true(prom_resources_ask(w->r, 0, &q));
	snprintf(want, sizeof(want),
		 "label_replace(count by (instance,pool) (hikaricp_connections_"
		 "active{cluster=\"eu\"}),\"redtop_q\",\"%u\",\"\",\"\") or "
		 "label_replace(count by (instance) (redis_memory_max_bytes{"
		 "cluster=\"eu\"} > 0),\"redtop_q\",\"%u\",\"\",\"\")",
		 tag_of("hikaricp_connections_active"),
		 tag_of("redis_memory_max_bytes"));
	assert_string_equal(q.s, want);
	assert_false(prom_resources_ask(w->r, 1, &q));
	world_free(w);
	buf_release(&q);
}

static void long_matchers_split_the_list(void **state)
{
	(void)state;
	char match[2000];
	struct buf q;
	size_t parts = 0, nr = 0;
	memset(match, 'a', sizeof(match) - 1);
	memcpy(match, "{pod=\"", 6);
	strcpy(match + sizeof(match) - 3, "\"}");
	struct world *w = world_new(match);
	name_all(w->r);
	buf_init(&q, 0);
	for (; prom_resources_ask(w->r, nr, &q); nr++) {
		assert_true(q.len <= LIMIT_QUERY);
		assert_int_equal(strncmp(q.s, "label_replace(", 14), 0);
		for (const char *s = q.s; (s = strstr(s, "redtop_q")); s++)
			parts++;
	}
	assert_true(nr > 1);
	/* Seventeen kinds, and how often hosts are scraped. */
	assert_int_equal(parts, 17 + 4);
	world_free(w);
	buf_release(&q);
}

/* Every name of a metric is followed by braces that end in the matcher. */
static void is_narrowed(const char *query, const char *matcher)
{
	size_t seen = 0;
	for (size_t i = 0; i < NAMES; i++)
		for (const char *s = query; (s = strstr(s, all_names[i])); ) {
			s += strlen(all_names[i]);
			if (*s == '_')
				continue;
			assert_int_equal(*s, '{');
			const char *end = strstr(s, matcher);
			assert_non_null(end);
			/* Nearer than the next selector. */
			const char *next = strchr(s + 1, '{');
			assert_true(!next || end < next);
			assert_int_equal(end[strlen(matcher)], '}');
			seen++;
		}
	assert_true(seen > 0);
}

static void tell_of_every_kind(struct world *w)
{
	static const char *const labels[] = { "database", "pool", "db_name",
					      "mountpoint" };
	name_all(w->r);
	for (uint32_t tag = 1; tag <= 17; tag++) {
		struct label l[6] = { { "instance", "a:1" }, { "job", "j" } };
		time_ms t = BASE;
		double v = 1;
		for (size_t i = 0; i < 4; i++)
			l[i + 2] = (struct label){ labels[i], "x" };
		struct frame f = { .question = tag, .labels = { 6, l },
				   .nr = 1, .t = &t, .v = &v };
		labels_sort(l, 6);
		prom_resources_take(w->r, &f);
	}
}

static void a_matcher_reaches_every_selector(void **state)
{
	(void)state;
	struct world *w = world_new("cluster=\"eu{}\",");
	struct buf q;
	buf_init(&q, 0);
	tell_of_every_kind(w);
	assert_true(prom_resources_ask(w->r, 0, &q));
	is_narrowed(q.s, "cluster=\"eu{}\"");
	const struct catalog *c = add(w);
	assert_int_equal(c->nr_shapes, 1 + 17);
	assert_int_equal(c->nr_services, 1 + 17);
	for (size_t i = 1; i < c->nr_shapes; i++) {
		const struct shape *sh = &c->shape[i];
		is_narrowed(sh->question[RED_USED], "cluster=\"eu{}\"");
		if (sh->question[RED_LIMIT])
			is_narrowed(sh->question[RED_LIMIT],
				    "cluster=\"eu{}\"");
		assert_null(strstr(sh->question[RED_USED], "{}{"));
	}
	world_free(w);
	buf_release(&q);
}

/* ---- what is found ------------------------------------------------------- */

static void a_host_is_what_is_used_of_how_much(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	name_all(w->r);
	tell_host(w, "node_cpu_seconds_total", "10.0.0.7:9100");
	tell_host(w, "node_memory_MemTotal_bytes", "10.0.0.7:9100");
	const struct catalog *c = add(w);
	const struct service_def *cpu = named(c, "host:10.0.0.7:9100:cpu");
	assert_string_equal(cpu->value, "10.0.0.7:9100");
	assert_true(cpu->warn == 0.70 && cpu->crit == 0.85);
	/* A share has no series that says of how much. */
	assert_true(cpu->limit == 1);
	const struct shape *sh = shape_of(c, cpu);
	assert_string_equal(sh->label, "instance");
	assert_string_equal(sh->metric, "node_cpu_seconds_total");
	assert_string_equal(sh->question[RED_USED],
		"clamp_min(1 - avg by (instance) (sum without (mode) (rate("
		"node_cpu_seconds_total{mode=~\"idle|iowait|steal\"}"
		"[$__rate_interval]))), 0)");
	assert_null(sh->question[RED_LIMIT]);
	const struct service_def *memory = named(c,
						 "host:10.0.0.7:9100:memory");
	assert_true(memory->warn == 0.75 && memory->crit == 0.90);
	assert_true(memory->limit == 0);
	sh = shape_of(c, memory);
	assert_string_equal(sh->question[RED_USED],
		"max by (instance) (node_memory_MemTotal_bytes - "
		"node_memory_MemAvailable_bytes)");
	assert_string_equal(sh->question[RED_LIMIT],
		"max by (instance) (node_memory_MemTotal_bytes)");
	/* No kind without one of it. */
	assert_int_equal(c->nr_shapes, 3);
	/* Services are what they were. */
	assert_ptr_equal(c->service[0].name, w->service.name);
	assert_int_equal(prom_resources_without(c), 1);
	assert_int_equal(c->families, 1);
	world_free(w);
}

static void pools_of_one_name_are_told_apart(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	name_all(w->r);
	tell(w, "pgbouncer_pools_server_active_connections", "instance", "b:1",
	     "database", "orders");
	tell(w, "hikaricp_connections_active", "instance", "c:1", "pool",
	     "HikariPool-1");
	tell(w, "hikaricp_connections_active", "instance", "d:1", "pool",
	     "HikariPool-1");
	tell(w, "hikaricp_connections_active", "instance", "d:1", "pool", "");
	tell(w, "hikaricp_connections_active", "instance", "", "pool", "");
	const struct catalog *c = add(w);
	assert_int_equal(c->nr_services, 1 + 4);
	const struct service_def *d = named(c, "pool:orders");
	assert_string_equal(d->value, "b:1 orders");
	const struct shape *sh = shape_of(c, d);
	assert_string_equal(sh->question[RED_USED],
		"label_join(max by (instance, database) (pgbouncer_pools_server"
		"_active_connections{database!=\"pgbouncer\"}),\"redtop_name\","
		"\" \",\"instance\",\"database\")");
	assert_string_equal(sh->label, "redtop_name");
	assert_string_equal(named(c, "pool:c:1:HikariPool-1")->value,
			    "c:1 HikariPool-1");
	named(c, "pool:d:1:HikariPool-1");
	/* One of no name is its host's. */
	assert_string_equal(named(c, "pool:d:1:")->value, "d:1 ");
	world_free(w);
}

static void answers_reach_the_page(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	struct store *st = store_new(0);
	const struct service *const *s;
	struct resource r;
	name_all(w->r);
	tell(w, "node_filesystem_size_bytes", "instance", "b:1", "mountpoint",
	     "/data");
	struct batch *b = batch_instant(BASE);
	b->catalog = add(w);
	uint32_t id = b->catalog->shape[1].id;
	add_frame(b, question_id(id, RED_USED), "x", "redtop_name",
		  "b:1 /data");
	add_frame(b, question_id(id, RED_LIMIT), "x", "redtop_name",
		  "b:1 /data");
	static const double used = 90, limit = 100;
	add_points(b, (struct frame *)&b->frame[0], BASE, 1, &used);
	add_points(b, (struct frame *)&b->frame[1], BASE, 1, &limit);
	store_apply(st, b);
	batch_free(b);
	assert_int_equal(store_services(st, &s), 1);
	assert_int_equal(store_resources(st, &s), 1);
	resource_read(s[0], BASE, BASE - 3600000, &r);
	assert_string_equal(r.service->name, "filesystem:b:1:/data");
	assert_true(r.ratio == 0.9);
	assert_int_equal(r.state, RESOURCE_WARN);
	store_free(st);
	world_free(w);
}

static void slowly_scraped_hosts_have_long_windows(void **state)
{
	(void)state;
	static const double counts[] = { 20, 10, 2, 0 };
	struct world *w = world_new(NULL);
	time_ms t = BASE;
	struct buf q;
	buf_init(&q, 0);
	prom_resources_name(w->r, "node_cpu_seconds_total");
	assert_true(prom_resources_ask(w->r, 0, &q));
	const char *at = strstr(q.s, "label_replace(max(count_over_time(node_"
				"cpu_seconds_total{cpu=\"0\",mode=\"idle\"}"
				"[10m])),\"redtop_q\",\"");
	assert_non_null(at);
	uint32_t tag = (uint32_t)atoi(strstr(at, "\"redtop_q\"") + 12);
	for (size_t i = 0; i < 4; i++)
		prom_resources_take(w->r, &(struct frame){
			.question = tag + (uint32_t)i, .nr = 1, .t = &t,
			.v = &counts[i] });
	tell_host(w, "node_cpu_seconds_total", "a:1");
	const struct catalog *c = add(w);
	assert_int_equal(c->shape[1].interval, 30000);
	assert_int_equal(c->shape[1].window, 120000);
	buf_release(&q);
	world_free(w);
}

/* ---- ceilings ------------------------------------------------------------ */

static void a_large_fleet_hides_no_database(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	char host[40];
	name_all(w->r);
	for (int i = 0; i < 2000; i++) {
		snprintf(host, sizeof(host), "n%04d \"a.b\":9100", i);
		tell_host(w, "node_cpu_seconds_total", host);
	}
	tell_host(w, "redis_memory_max_bytes", "cache:1");
	w->found.note = "slow";
	const struct catalog *c = add(w);
	named(c, "redis:cache:1:memory");
	const struct service_def *cpu = named(c, "host:n0000 \"a.b\":9100:cpu");
	size_t nr = c->nr_services - 1;
	assert_true(nr > 100 && nr <= LIMIT_RESOURCES);
	char note[100];
	snprintf(note, sizeof(note), "slow; %zu resources beyond the first %zu "
		 "are not shown", 2001 - nr, nr);
	assert_string_equal(c->note, note);
	/* Those alone are asked for, and quoted twice: as text, as regexp. */
	const char *q = shape_of(c, cpu)->question[RED_USED];
	assert_non_null(strstr(q, "{mode=~\"idle|iowait|steal\",instance=~\""
			       "n0000 \\\"a\\\\.b\\\":9100|n0001 \\\"a"));
	snprintf(host, sizeof(host), "n%04zu ", nr - 1);
	assert_null(strstr(q, host));
	snprintf(host, sizeof(host), "n%04zu ", nr - 2);
	assert_non_null(strstr(q, host));
	struct prom_plan plan = { 0 };
	prom_plan(&plan, &(struct prom_plan_ask){ .catalog = c });
	for (size_t i = 0; i < plan.nr; i++) {
		struct buf b;
		buf_init(&b, 0);
		prom_pack_query(&plan.pack[i], &b);
		assert_true(b.len <= LIMIT_QUERY);
		buf_release(&b);
	}
	prom_plan_release(&plan);
	world_free(w);
}

static void five_hundred_are_kept_of_all_kinds(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	char host[40];
	name_all(w->r);
	for (int i = 0; i < 600; i++) {
		snprintf(host, sizeof(host), "n%d", i);
		tell_host(w, "node_cpu_seconds_total", host);
		tell_host(w, "redis_memory_max_bytes", host);
	}
	const struct catalog *c = add(w);
	assert_int_equal(c->nr_services, 1 + LIMIT_RESOURCES);
	/* Services, also those by hand, have their places first. */
	w->found.nr_services = 0;
	c = prom_resources_add(w->r, &w->found, NULL, LIMIT_SERVICES - 10,
			       &w->arena);
	assert_int_equal(c->nr_services, 10);
	c = prom_resources_add(w->r, &w->found, NULL, LIMIT_SERVICES + 1,
			       &w->arena);
	assert_int_equal(c->nr_services, 0);
	world_free(w);
}

static void names_too_long_to_come_back_are_left_out(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	char path[LIMIT_LABEL_VALUE + 1];
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	name_all(w->r);
	tell(w, "node_filesystem_size_bytes", "instance", "a:1", "mountpoint",
	     path);
	assert_ptr_equal(add(w), &w->found);
	world_free(w);
}

/* ---- the next discovery -------------------------------------------------- */

static void a_lost_answer_loses_no_resource(void **state)
{
	(void)state;
	struct world *old = world_new(NULL), *w = world_new(NULL);
	name_all(old->r);
	tell_host(old, "node_cpu_seconds_total", "a:1");
	tell_host(old, "node_memory_MemTotal_bytes", "a:1");
	const struct catalog *before = add(old);
	name_all(w->r);
	prom_resources_failed(w->r);
	const struct catalog *c = prom_resources_add(w->r, &w->found, before,
						     0, &w->arena);
	const struct service_def *was = named(before, "host:a:1:memory");
	const struct shape *sh = shape_of(before, was);
	char question[200];
	snprintf(question, sizeof(question), "%s", sh->question[RED_LIMIT]);
	/* It outlives the one before. */
	world_free(old);
	assert_int_equal(c->nr_services, 3);
	assert_int_equal(c->nr_shapes, 3);
	named(c, "api");
	named(c, "host:a:1:cpu");
	sh = shape_of(c, named(c, "host:a:1:memory"));
	assert_string_equal(sh->question[RED_LIMIT], question);
	/* What was not there before is not there now. */
	assert_ptr_equal(add(w), &w->found);
	world_free(w);
}

static void what_is_asked_by_hand_stays_behind(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	static const char *const chart[] = { "up" };
	struct source_options o = { .chart = chart, .nr_charts = 1 };
	struct catalog room;
	name_all(w->r);
	tell_host(w, "node_cpu_seconds_total", "a:1");
	const struct catalog *c = prom_manual(add(w), &o, NULL, &w->arena);
	assert_int_equal(c->nr_shapes, 3);
	assert_int_equal(c->shape[1].id / PROM_RESOURCE_ID, 1);
	assert_int_equal(c->shape[2].id, PROM_MANUAL_ID);
	/* Services are numbered as if neither was there. */
	c = prom_manual_without(c, &room);
	assert_int_equal(c->nr_shapes, 1);
	assert_int_equal(c->shape[0].id, 3);
	world_free(w);
}

static void rows_and_charts_ask_for_use_and_limit(void **state)
{
	(void)state;
	struct world *w = world_new(NULL);
	name_all(w->r);
	tell_host(w, "node_cpu_seconds_total", "a:1");
	tell_host(w, "pg_settings_max_connections", "p:1");
	const struct catalog *c = add(w);
	uint32_t cpu = question_id(named(c, "host:a:1:cpu")->shape, RED_USED);
	uint32_t pg = named(c, "postgres:p:1:connections")->shape;
	for (int range = 0; range < 2; range++) {
		struct prom_plan plan = { 0 };
		struct prom_plan_ask ask = { .catalog = c };
		if (range) {
			ask.step = 60000;
			ask.span = 3600000;
		}
		unsigned seen = 0;
		prom_plan(&plan, &ask);
		for (size_t i = 0; i < plan.nr; i++)
			for (size_t k = 0; k < plan.pack[i].nr; k++) {
				const struct prom_item *x =
					&plan.pack[i].item[k];
				assert_null(strstr(x->text, "$__"));
				seen |= x->id == cpu ? 1u : 0;
				seen |= x->id == question_id(pg, RED_USED)
					? 2u : 0;
				seen |= x->id == question_id(pg, RED_LIMIT)
					? 4u : 0;
				if (x->id == cpu)
					assert_non_null(strstr(x->text,
						range ? "}[1m10s]" : "}[1m]"));
			}
		assert_int_equal(seen, 7);
		/* Services are asked for first. */
		assert_int_equal(plan.pack[0].item[0].id,
				 question_id(3, RED_RATE));
		assert_int_equal(plan.pack[0].nr, 1);
		prom_plan_release(&plan);
	}
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_an_exporter_is_asked_for_nothing),
		cmocka_unit_test(a_guarded_server_has_resources_too),
		cmocka_unit_test(the_list_is_one_short_query),
		cmocka_unit_test(long_matchers_split_the_list),
		cmocka_unit_test(a_matcher_reaches_every_selector),
		cmocka_unit_test(a_host_is_what_is_used_of_how_much),
		cmocka_unit_test(pools_of_one_name_are_told_apart),
		cmocka_unit_test(answers_reach_the_page),
		cmocka_unit_test(slowly_scraped_hosts_have_long_windows),
		cmocka_unit_test(a_large_fleet_hides_no_database),
		cmocka_unit_test(five_hundred_are_kept_of_all_kinds),
		cmocka_unit_test(names_too_long_to_come_back_are_left_out),
		cmocka_unit_test(a_lost_answer_loses_no_resource),
		cmocka_unit_test(what_is_asked_by_hand_stays_behind),
		cmocka_unit_test(rows_and_charts_ask_for_use_and_limit),
	};
	return cmocka_run_group_tests_name("prom_resources", tests, NULL, NULL);
}
