/* A real Prometheus scrapes itself, a node exporter, and an exporter of every
 * known family. What redtop finds and computes is held against the server's
 * own answers to PromQL that this file writes by itself. */
#include "base/mem.h"
#include "model/resource.h"
#include "model/routes.h"
#include "model/service.h"
#include "sources/prometheus.h"
#include "tests/real/lab.c"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SCRAPES 18  /* of each job, before it is looked at */

struct real {
	struct lab lab;
	struct store *store;
	const struct catalog *catalog;
	time_ms at;
	struct source_options opt;
};

#define ask(l, ...) lab_ask(&(l)->lab, __VA_ARGS__)

static void same(const char *what, const char *service, double got, double want)
{
	bool ok = (isnan(got) && isnan(want)) || got == want ||
		  fabs(got - want) <= 1e-9 * fabs(want);
	if (!ok)
		print_message("%s of %s: %.17g, the server says %.17g\n", what,
			      service, got, want);
	assert_true(ok);
}

/* ---- redtop's word ------------------------------------------------------- */

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct real *l = arg;
	b->source = src->name;
	if (b->error)
		print_message("%s\n", b->error);
	if (b->nr_asked)
		l->at = b->at;
	store_apply(l->store, b);
	batch_free(b);
}

static void ended(struct source *src, void *arg)
{
	(void)arg;
	src->ops->close(src);
}

static void closed(struct source *src, void *arg)
{
	(void)src;
	(void)arg;
}

/* `page`: the service whose page is open, or NULL. */
static void poll_once(struct real *l, const char *url, time_ms at,
		      const char *page)
{
	uv_loop_t loop;
	uv_loop_init(&loop);
	struct source src = {
		.ops = &prometheus_ops, .loop = &loop, .name = "prom",
		.state = mem_zero(1, prometheus_ops.state_size),
		.opt = l->opt,
		.sink = sink, .ended = ended, .closed = closed, .arg = l,
	};
	src.opt.timeout = 10000;
	struct want w = { .at = at, .back = 60000, .step = 5000,
			  .charts = true, .whole = true,
			  .selected = page, .details = page != NULL };
	assert_int_equal(src.ops->open(&src, url, NULL), 0);
	src.ops->poll(&src, &w);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	free(src.state);
	free(src.url);
}

/* ---- the lab ------------------------------------------------------------- */

static const char *program;

static int start(void **state)
{
	struct real *l = mem_zero(1, sizeof(*l));
	*state = l;
	lab_start(&l->lab, program);
	/* Every job has been scraped often enough for rates. */
	lab_wait(&l->lab, SCRAPES);
	l->store = store_new(0);
	poll_once(l, l->lab.url, TIME_NONE, "prometheus");
	const struct store_source *p = store_source(l->store, "prom");
	assert_non_null(p);
	assert_non_null(p->catalog);
	l->catalog = p->catalog;
	return 0;
}

static int stop(void **state)
{
	struct real *l = *state;
	lab_stop(&l->lab);
	store_free(l->store);
	free(l);
	return 0;
}

/* ---- what must be found -------------------------------------------------- */

/* `pick`: matchers that the truth is asked with. */
static const struct truth {
	const char *service, *metric, *errors, *matcher, *pick, *error_pick;
	enum method method;
	enum unit unit;
	enum layer layer;
} truths[] = {
#define JOB(x) "job=\"" x "\"", "job=\"" x "\""
#define COUNTED(x) x, x "_count"
#define HTTP(label) label "=~\"5..\""
#define GRPC "grpc_code=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|" \
	     "Unavailable|DataLoss\""
	{ "go", COUNTED("http_request_duration_seconds"), HTTP("code"), JOB("go"),
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "express", COUNTED("http_request_duration_seconds"),
	  HTTP("status_code"), JOB("express"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "flagger", COUNTED("http_request_duration_seconds"), HTTP("status"),
	  JOB("flagger"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "fastapi", "http_request_duration_seconds", "http_requests_total",
	  HTTP("status"), JOB("fastapi"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "dotnet", COUNTED("http_request_duration_seconds"), HTTP("code"),
	  JOB("dotnet"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "flask", COUNTED("flask_http_request_duration_seconds"),
	  HTTP("status"), JOB("flask"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "spring", COUNTED("http_server_requests_seconds"), HTTP("status"),
	  JOB("spring"), METHOD_NONE, UNIT_SECONDS, LAYER_APP },
	{ "otel", COUNTED("http_server_request_duration_seconds"),
	  HTTP("http_response_status_code"), JOB("otel"),
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "otel-old", COUNTED("http_server_duration_milliseconds"),
	  HTTP("http_status_code"), JOB("otel-old"),
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP },
	{ "otel-older", COUNTED("http_server_duration"),
	  HTTP("http_status_code"), JOB("otel-older"),
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP },
	{ "otel-rpc", COUNTED("rpc_server_duration_milliseconds"),
	  "rpc_grpc_status_code=~\"2|4|12|13|14|15\"", JOB("otel-rpc"),
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP },
	{ "grpc-go", "grpc_server_handling_seconds", "grpc_server_handled_total",
	  GRPC, JOB("grpc-go"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "grpc-go-bare", "grpc_server_handled_total", "grpc_server_handled_total",
	  GRPC, JOB("grpc-go-bare"), METHOD_NONE, UNIT_SECONDS, LAYER_APP },
	{ "grpc-java", COUNTED("grpc_server_processing_duration_seconds"),
	  "statusCode=~\"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|"
	  "UNAVAILABLE|DATA_LOSS\"", JOB("grpc-java"),
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "cart", COUNTED("istio_request_duration_milliseconds"),
	  HTTP("response_code"), "reporter=\"destination\"",
	  "reporter=\"destination\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH },
	{ "search", "envoy_cluster_upstream_rq_time", "envoy_cluster_upstream_rq_xx",
	  "envoy_response_code_class=\"5\"", JOB("envoy"),
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH },
	{ "web", "response_latency_ms", "response_total",
	  "classification=\"failure\"", "direction=\"inbound\"",
	  "direction=\"inbound\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH },
	{ "shop", COUNTED("nginx_ingress_controller_request_duration_seconds"),
	  HTTP("status"), JOB("ingress-nginx"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE },
	{ "pay@docker", COUNTED("traefik_service_request_duration_seconds"),
	  HTTP("code"), JOB("traefik"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE },
	{ "orders", "kong_request_latency_ms", "kong_http_requests_total",
	  HTTP("code"), JOB("kong"), METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_EDGE },
	{ "apisix", "apisix_http_latency", "apisix_http_status", HTTP("code"),
	  "type=\"request\"", "job=\"apisix\"",
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_EDGE },
	{ "static", "haproxy_backend_http_responses_total",
	  "haproxy_backend_http_responses_total", HTTP("code"), JOB("haproxy"),
	  METHOD_NONE, UNIT_SECONDS, LAYER_EDGE },
	{ "nginx", "nginx_http_requests_total", NULL, NULL, JOB("nginx"),
	  METHOD_NONE, UNIT_SECONDS, LAYER_EDGE },
	{ "caddy", COUNTED("caddy_http_request_duration_seconds"), HTTP("code"),
	  "handler=\"subroute\"", "handler=\"subroute\"",
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE },
	{ "skipper", COUNTED("skipper_response_duration_seconds"), HTTP("code"),
	  JOB("skipper"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE },
	{ "osm", "osm_request_duration_ms", "osm_request_total",
	  HTTP("response_code"), JOB("osm"), METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH },
	{ "hubble", "hubble_http_request_duration_seconds",
	  "hubble_http_requests_total", HTTP("status"), "reporter=\"server\"",
	  "reporter=\"server\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_MESH },
	{ "apiserver", "apiserver_request_duration_seconds",
	  "apiserver_request_total", HTTP("code"), "verb!~\"WATCH|CONNECT\"",
	  "verb!~\"WATCH|CONNECT\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "coredns", "coredns_dns_request_duration_seconds",
	  "coredns_dns_responses_total", "rcode=~\"SERVFAIL|REFUSED\"",
	  JOB("coredns"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_DEPENDENCY },
	{ "django", "django_http_requests_latency_seconds_by_view_method",
	  "django_http_responses_total_by_status_total", HTTP("status"),
	  JOB("django"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "vertx", COUNTED("vertx_http_server_response_time_seconds"),
	  HTTP("code"), JOB("vertx"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "axum", COUNTED("axum_http_requests_duration_seconds"),
	  HTTP("status"), JOB("axum"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "phoenix",
	  COUNTED("shop_prom_ex_phoenix_http_request_duration_milliseconds"),
	  HTTP("status"), JOB("phoenix"), METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP },
	{ "gokit", COUNTED("catalogue_request_latency_microseconds"),
	  "success=\"false\"", JOB("gokit"), METHOD_SUMMARY, UNIT_MICROSECONDS, LAYER_APP },
	{ "vm", "vm_http_request_duration_seconds", NULL, NULL, JOB("vm"),
	  METHOD_NONE, UNIT_SECONDS, LAYER_APP },
	{ "loki", COUNTED("loki_request_duration_seconds"),
	  HTTP("status_code"), JOB("loki"), METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
	{ "prometheus", "prometheus_http_request_duration_seconds",
	  "prometheus_http_requests_total", HTTP("code"), JOB("prometheus"),
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP },
};

static const struct service *find(const struct real *l, const char *name)
{
	const struct service *const *s;
	size_t nr = store_services(l->store, &s);
	for (size_t i = 0; i < nr; i++)
		if (strcmp(s[i]->name, name) == 0)
			return s[i];
	print_message("no service %s\n", name);
	fail();
	return NULL;
}

static void every_family_is_found_as_what_it_is(void **state)
{
	const struct real *l = *state;
	for (size_t i = 0; i < COUNT(truths); i++) {
		const struct truth *t = &truths[i];
		const struct shape *sh = find(l, t->service)->shape;
		assert_string_equal(sh->metric, t->metric);
		if (t->errors) {
			assert_string_equal(sh->error_metric, t->errors);
			assert_string_equal(sh->error_matcher, t->matcher);
		} else {
			assert_null(sh->error_metric);
		}
		assert_int_equal(sh->method, t->method);
		assert_int_equal(sh->unit, t->unit);
		assert_int_equal(sh->layer, t->layer);
		assert_int_equal(sh->interval, 1000);
		assert_int_equal(sh->window, 60000);
		assert_false(sh->unit_guessed);
	}
}

static void nothing_else_is_taken_for_a_service(void **state)
{
	const struct real *l = *state;
	const struct service *const *s;
	size_t nr = store_services(l->store, &s);
	for (size_t i = 0; i < nr; i++) {
		bool expected = false;
		for (size_t k = 0; k < COUNT(truths); k++)
			expected |= strcmp(truths[k].service, s[i]->name) == 0;
		if (!expected)
			print_message("%s is no service\n", s[i]->name);
		assert_true(expected);
	}
	assert_int_equal(nr, COUNT(truths));
	assert_true(l->catalog->unknown >= 3);
	assert_true(l->catalog->requests <= 6);
	const char *identity = store_source(l->store, "prom")->identity;
	assert_int_equal(strncmp(identity, "Prometheus 2.", 13), 0);
}

static double scale(const struct truth *t)
{
	return unit_scale(t->unit);
}

static bool has_durations(const struct truth *t)
{
	return t->method != METHOD_NONE || strcmp(t->service, "spring") == 0 ||
	       strcmp(t->service, "vm") == 0;
}

static void check_row(const struct real *l, const struct truth *t)
{
	struct red_row row;
	struct red_options o = { 0 };
	const char *count = has_durations(t) ? "_count" : "";
	const char *name = t->service;
	service_row(find(l, name), l->at, &o, &row);
	same("rate", name, row.rate,
	     ask(l, l->at, "sum(rate(%s%s{%s}[60s]))", t->metric, count, t->pick));
	if (t->errors) {
		same("error ratio", name, row.error_ratio,
		     ask(l, l->at, "(sum(rate(%s{%s,%s}[60s])) or vector(0)) / "
			 "sum(rate(%s{%s}[60s]))", t->errors, t->error_pick,
			 t->matcher, t->errors, t->error_pick));
		same("burn 5m", name, row.burn_5m * (1 - row.objective),
		     ask(l, l->at, "(sum(rate(%s{%s,%s}[5m])) or vector(0)) / "
			 "sum(rate(%s{%s}[5m]))", t->errors, t->error_pick,
			 t->matcher, t->errors, t->error_pick));
	}
	if (has_durations(t))
		same("mean", name, row.mean, scale(t) *
		     ask(l, l->at, "sum(rate(%s_sum{%s}[60s])) / "
			 "sum(rate(%s_count{%s}[60s]))", t->metric, t->pick,
			 t->metric, t->pick));
	const double got[] = { row.p50.value, row.p95.value, row.p99.value };
	static const char *const q[] = { "0.5", "0.95", "0.99" };
	for (size_t i = 0; i < COUNT(q) && t->method == METHOD_HISTOGRAM; i++)
		same(q[i], name, got[i], scale(t) *
		     ask(l, l->at, "histogram_quantile(%s, sum by (le) "
			 "(rate(%s_bucket{%s}[60s])))", q[i], t->metric, t->pick));
	if (t->method == METHOD_SUMMARY)
		same("0.99", name, row.p99.value, scale(t) *
		     ask(l, l->at, "max(%s{quantile=\"0.99\",%s})", t->metric,
			 t->pick));
}

static void rows_equal_the_servers_own_answers(void **state)
{
	const struct real *l = *state;
	for (size_t i = 0; i < COUNT(truths); i++)
		check_row(l, &truths[i]);
}

static void charts_equal_the_servers_own_answers(void **state)
{
	const struct real *l = *state;
	const struct truth *t = &truths[0];
	const struct service *s = find(l, t->service);
	time_ms grid = service_grid(s, l->at);
	assert_true(grid != TIME_NONE);
	assert_int_equal(grid % 5000, 0);
	assert_true(l->at - grid < 5000);
	same("rate", t->service, service_at(s, M_RATE, grid),
	     ask(l, grid, "sum(rate(%s_count{%s}[60s]))", t->metric, t->pick));
	same("p99", t->service, service_at(s, M_P99, grid),
	     ask(l, grid, "histogram_quantile(0.99, sum by (le) (rate("
		 "%s_bucket{%s}[60s])))", t->metric, t->pick));
}

static void check_route(const struct real *l, const struct truth *t,
			const struct route_row *row)
{
	char handler[200];
	snprintf(handler, sizeof(handler), "%s,handler=\"%s\"", t->pick,
		 row->name);
	same("rate", row->name, row->rate,
	     ask(l, l->at, "sum(rate(%s{%s}[60s]))", t->errors,
		     handler));
	same("error ratio", row->name, row->error_ratio,
	     ask(l, l->at, "(sum(rate(%s{%s,%s}[60s])) or vector(0)) "
		     "/ sum(rate(%s{%s}[60s]))", t->errors, handler, t->matcher,
		     t->errors, handler));
	same("p99", row->name, row->p99.value,
	     ask(l, l->at, "histogram_quantile(0.99, sum by (le) "
		     "(rate(%s_bucket{%s}[60s])))", t->metric, handler));
}

static void check_routes(const struct real *l, const char *name)
{
	struct route_row row[256];
	const char *label;
	const struct truth *t = truths;
	while (strcmp(t->service, name) != 0)
		t++;
	size_t nr = service_routes(find(l, name), l->at, row, COUNT(row),
				   &label);
	assert_true(nr >= 2);
	assert_string_equal(label, "handler");
	assert_true((double)nr == ask(l, l->at,
		"count(sum by (handler) (rate(%s{%s}[60s])))", t->errors,
		t->pick));
	for (size_t i = 0; i < nr; i++)
		check_route(l, t, &row[i]);
}

static void routes_equal_the_servers_own_answers(void **state)
{
	const struct real *l = *state;
	struct route_row row[8];
	const char *label;
	check_routes(l, "prometheus");
	/* Only of the page that is open, and only where a label tells. */
	assert_int_equal(service_routes(find(l, "fastapi"), l->at, row, 8,
					&label), 0);
	struct real again = *l;
	again.store = store_new(0);
	poll_once(&again, l->lab.url, l->at, "fastapi");
	check_routes(&again, "fastapi");
	store_free(again.store);
	again.store = store_new(0);
	poll_once(&again, l->lab.url, l->at, "go");
	assert_int_equal(service_routes(find(&again, "go"), l->at, row, 8,
					&label), 0);
	assert_int_equal(store_source(again.store, "prom")->state, SOURCE_UP);
	store_free(again.store);
}

/* What a person writes by hand for a service that is found, too. */
static void a_service_by_hand_equals_the_found_one(void **state)
{
#define GO(suffix, more) \
	"rate(http_request_duration_seconds_" suffix "{job=\"go\"" more "}" \
	"[$__rate_interval])"
	static const struct manual_service manual[] = {
		{ .name = "by-hand", .layer = LAYER_EDGE, .rate = GO("count", ""),
		  .errors = GO("count", ",code=~\"5..\""),
		  .buckets = GO("bucket", "") },
		/* In place of the found one. */
		{ .name = "flask", .rate = "vector(7)" },
		{ .name = "wrong", .rate = "sum(" },
	};
	static const char *const chart[] = {
		"count(up)", "sum(rate(http_request_duration_seconds_count"
			     "{job=\"go\"}[$__rate_interval])) * $__range_s",
	};
	const struct real *l = *state;
	struct real own = { .store = store_new(0),
			    .opt = { .manual = manual, .nr_manual = 3,
				     .chart = chart, .nr_charts = 2 } };
	struct red_row a, b;
	struct red_options o = { 0 };
	poll_once(&own, l->lab.url, l->at, NULL);
	service_row(find(l, "go"), l->at, &o, &a);
	service_row(find(&own, "by-hand"), l->at, &o, &b);
	same("rate", "by-hand", b.rate, a.rate);
	same("error ratio", "by-hand", b.error_ratio, a.error_ratio);
	same("p99", "by-hand", b.p99.value, a.p99.value);
	same("burn", "by-hand", b.burn_1h, a.burn_1h);
	assert_true(b.error_ratio > 0 && b.p99.value > 0 && b.burn_1h > 0);
	service_row(find(&own, "flask"), l->at, &o, &b);
	same("rate", "flask", b.rate, 7);
	/* One bad query is one bad query. */
	const struct store_source *p = store_source(own.store, "prom");
	assert_int_equal(p->state, SOURCE_PARTIAL);
	assert_true(p->nr_warnings > 0);
	assert_non_null(strstr(p->warning[0], "rate of wrong"));
	const struct service *const *c;
	assert_int_equal(store_charts(own.store, &c), 2);
	assert_int_equal(c[0]->nr[RED_CHART], 1);
	same("count(up)", "chart", c[0]->series[RED_CHART][0]->now_v,
	     ask(l, l->at, "count(up)"));
	/* Scraped every second, in steps of 5 s: 6 s, as Grafana has it. */
	same("rate", "chart", c[1]->series[RED_CHART][0]->now_v,
	     ask(l, l->at, "sum(rate(http_request_duration_seconds_count"
			   "{job=\"go\"}[6s])) * 60"));
	assert_true(c[1]->series[RED_CHART][0]->nr > 1);
	store_free(own.store);
}

/* ---- resources ----------------------------------------------------------- */

/* The one of a kind, of the only host. */
static struct resource resource_of(const struct real *l, const char *what)
{
	const struct service *const *s;
	size_t nr = store_resources(l->store, &s);
	struct resource r = { 0 };
	char id[80];
	snprintf(id, sizeof(id), "host:127.0.0.1:%d:%s", l->lab.node_port,
		 what);
	for (size_t i = 0; i < nr && !r.service; i++)
		if (strcmp(s[i]->name, id) == 0)
			resource_read(s[i], l->at, l->at - 60000, &r);
	if (!r.service)
		print_message("no resource %s\n", id);
	assert_non_null(r.service);
	return r;
}

static void resources_equal_the_servers_own_answers(void **state)
{
	const struct real *l = *state;
	struct resource r = resource_of(l, "cpu");
	same("use", "cpu", r.used,
	     ask(l, l->at, "1 - sum(rate(node_cpu_seconds_total{mode=~"
		 "\"idle|iowait|steal\"}[60s])) / count(node_cpu_seconds_total{"
		 "mode=\"idle\"})"));
	assert_true(r.ratio >= 0 && r.ratio <= 1 && r.ratio == r.used);
	assert_true(r.warn == 0.70 && r.crit == 0.85);
	/* The past of `since` is there, too. */
	assert_true(r.service->series[RED_USED][0]->nr > 1);
	r = resource_of(l, "memory");
	same("use", "memory", r.used,
	     ask(l, l->at, "node_memory_MemTotal_bytes - "
		 "node_memory_MemAvailable_bytes"));
	same("limit", "memory", r.limit,
	     ask(l, l->at, "node_memory_MemTotal_bytes"));
	assert_true(r.ratio > 0 && r.ratio < 1);
	assert_true(r.service->series[RED_LIMIT][0]->nr > 1);
	/* A server that has none of what is asked for is none's. */
	const struct service *const *s;
	size_t nr = store_resources(l->store, &s);
	for (size_t i = 0; i < nr; i++)
		assert_true(strncmp(s[i]->name, "redis:", 6) != 0 &&
			    strncmp(s[i]->name, "pool:", 5) != 0);
}

/* The same moment, asked again later. */
static void the_past_is_answered_as_it_was(void **state)
{
	struct real *l = *state;
	struct real again = *l;
	again.store = store_new(0);
	poll_once(&again, l->lab.url, l->at, NULL);
	assert_int_equal(again.at, l->at);
	for (size_t i = 0; i < COUNT(truths); i++) {
		struct red_row a, b;
		struct red_options o = { 0 };
		const char *name = truths[i].service;
		service_row(find(l, name), l->at, &o, &a);
		service_row(find(&again, name), l->at, &o, &b);
		same("rate", name, b.rate, a.rate);
		same("error ratio", name, b.error_ratio, a.error_ratio);
		same("p99", name, b.p99.value, a.p99.value);
	}
	store_free(again.store);
}

static void another_server_is_named_for_what_it_is(void **state)
{
	const struct real *l = *state;
	struct real other = { .store = store_new(0) };
	char url[64];
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", l->lab.node_port);
	poll_once(&other, url, TIME_NONE, NULL);
	const struct store_source *p = store_source(other.store, "prom");
	assert_int_equal(p->state, SOURCE_DOWN);
	assert_int_equal(p->fault, FAULT_NOT_API);
	assert_non_null(strstr(p->error, "Node Exporter"));
	store_free(other.store);
}

int main(int argc, char **argv)
{
	(void)argc;
	program = argv[0];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_family_is_found_as_what_it_is),
		cmocka_unit_test(nothing_else_is_taken_for_a_service),
		cmocka_unit_test(rows_equal_the_servers_own_answers),
		cmocka_unit_test(charts_equal_the_servers_own_answers),
		cmocka_unit_test(routes_equal_the_servers_own_answers),
		cmocka_unit_test(a_service_by_hand_equals_the_found_one),
		cmocka_unit_test(resources_equal_the_servers_own_answers),
		cmocka_unit_test(the_past_is_answered_as_it_was),
		cmocka_unit_test(another_server_is_named_for_what_it_is),
	};
	return cmocka_run_group_tests_name("real prometheus", tests, start,
					   stop);
}
