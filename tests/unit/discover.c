#include "sources/discover.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/promql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Series as text: `name{label=value,label=value}`, parted by blanks. Every
 * name is told, then every series as the server would count it. */
struct line {
	char text[400];
	char *name;
	struct label label[16];
	size_t nr;
	double value;
};

static void read_line(const char *s, size_t n, const char *job, struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->value = 10;
	memcpy(l->text, s, n);
	l->name = l->text;
	char *p = strchr(l->text, '{');
	l->label[l->nr++] = (struct label){ "job", job };
	for (char *save = NULL, *w = p ? strtok_r(p, "{,}", &save) : NULL; w;
	     w = strtok_r(NULL, "{,}", &save)) {
		char *eq = strchr(w, '=');
		*eq = '\0';
		if (strcmp(w, "job") == 0)
			l->label[0].value = eq + 1;
		else if (strcmp(w, "count") == 0)
			l->value = atof(eq + 1);
		else
			l->label[l->nr++] = (struct label){ w, eq + 1 };
	}
	if (p)
		*p = '\0';
	l->label[l->nr++] = (struct label){ "__name__", l->name };
	labels_sort(l->label, l->nr);
}

static void tell(struct discover *d, const struct line *l, uint32_t leg,
		 double v)
{
	time_ms t = 0;
	struct frame f = { .question = leg, .labels = { l->nr, l->label },
			   .nr = 1, .t = &t, .v = &v };
	struct histogram h = { .count = v };
	for (size_t i = 0; i < l->nr; i++)
		if (strcmp(l->label[i].name, "native") == 0 && leg == 5) {
			f.v = NULL;
			f.h = &h;
		}
	discover_take(d, &f);
}

static void each(struct discover *d, const char *series, const char *job,
		 void (*f)(struct discover *, const struct line *))
{
	for (const char *p = series; *p;) {
		size_t n = strcspn(p, " ");
		if (n) {
			struct line l;
			read_line(p, n, job, &l);
			f(d, &l);
		}
		p += n;
		p += strspn(p, " ");
	}
}

static void tell_name(struct discover *d, const struct line *l)
{
	discover_name(d, l->name);
}

static void tell_counts(struct discover *d, const struct line *l)
{
	size_t n = strlen(l->name);
	if (n > 7 && strcmp(l->name + n - 7, "_bucket") == 0) {
		struct labels ls = { l->nr, l->label };
		tell(d, l, 2, l->value);
		tell(d, l, 3, l->value);
		if (labels_get(&ls, "vmrange"))
			tell(d, l, 4, l->value);
		return;
	}
	tell(d, l, 1, l->value);
	tell(d, l, 5, l->value);
	tell(d, l, 6, 0);
}

static void tell_interval(struct discover *d, const char *job, double per_10m)
{
	struct line l;
	read_line("up", 2, job, &l);
	tell(d, &l, 7, per_10m);
	tell(d, &l, 8, per_10m / 2);
	tell(d, &l, 9, per_10m / 10);
}

static const struct catalog *find(const char *series, const char *match,
				  struct arena *a)
{
	struct discover *d = discover_new(match);
	arena_init(a, 0);
	each(d, series, "shop", tell_name);
	discover_names_end(d);
	each(d, series, "shop", tell_counts);
	tell_interval(d, "shop", 40);
	const struct catalog *c = discover_finish(d, 4, "2.42.0", NULL, a);
	discover_free(d);
	return c;
}

static const struct known {
	const char *series;
	const char *metric, *errors, *matcher;
	enum method method;
	enum unit unit;
	enum layer layer;
	const char *label;
} rows[] = {
#define HIST(x, l) x "_bucket{le=1} " x "_sum{" l "} " x "_count{" l "} "
	{ HIST("http_request_duration_seconds", "code=200"),
	  "http_request_duration_seconds", "http_request_duration_seconds_count",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("http_request_duration_seconds", "status_code=200"),
	  "http_request_duration_seconds", "http_request_duration_seconds_count",
	  "status_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("http_request_duration_seconds", "handler=a") "http_requests_total{status=2xx}",
	  "http_request_duration_seconds", "http_requests_total",
	  "status=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("flask_http_request_duration_seconds", "status=200"),
	  "flask_http_request_duration_seconds", "flask_http_request_duration_seconds_count",
	  "status=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ "http_server_requests_seconds_count{status=200,outcome=SUCCESS} "
	  "http_server_requests_seconds_sum{status=200} http_server_requests_seconds_max",
	  "http_server_requests_seconds", "http_server_requests_seconds_count",
	  "status=~\"5..\"", METHOD_NONE, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("http_server_request_duration_seconds", "http_response_status_code=200"),
	  "http_server_request_duration_seconds", "http_server_request_duration_seconds_count",
	  "http_response_status_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("http.server.request.duration", "http.response.status_code=200"),
	  "http.server.request.duration", "http.server.request.duration_count",
	  "\"http.response.status_code\"=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("http_server_duration_milliseconds", "http_status_code=200"),
	  "http_server_duration_milliseconds", "http_server_duration_milliseconds_count",
	  "http_status_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP, "job" },
	{ HIST("http_server_duration", "http_status_code=200"),
	  "http_server_duration", "http_server_duration_count",
	  "http_status_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP, "job" },
	{ HIST("rpc_server_duration_milliseconds", "rpc_grpc_status_code=2"),
	  "rpc_server_duration_milliseconds", "rpc_server_duration_milliseconds_count",
	  "rpc_grpc_status_code=~\"2|4|12|13|14|15\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP, "job" },
	{ HIST("grpc_server_handling_seconds", "grpc_method=a")
	  "grpc_server_handled_total{grpc_code=OK} grpc_server_started_total",
	  "grpc_server_handling_seconds", "grpc_server_handled_total",
	  "grpc_code=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss\"",
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ "grpc_server_handled_total{grpc_code=OK} grpc_server_started_total",
	  "grpc_server_handled_total", "grpc_server_handled_total",
	  "grpc_code=~\"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss\"",
	  METHOD_NONE, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("grpc_server_processing_duration_seconds", "statusCode=UNAVAILABLE"),
	  "grpc_server_processing_duration_seconds", "grpc_server_processing_duration_seconds_count",
	  "statusCode=~\"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS\"",
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("istio_request_duration_milliseconds",
	       "response_code=200,reporter=destination,destination_service_name=cart")
	  HIST("istio_request_duration_milliseconds",
	       "response_code=200,reporter=source,destination_service_name=cart")
	  "istio_requests_total{response_code=200,reporter=source,destination_service_name=cart}",
	  "istio_request_duration_milliseconds", "istio_request_duration_milliseconds_count",
	  "response_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH,
	  "destination_service_name" },
	{ HIST("envoy_cluster_upstream_rq_time", "envoy_cluster_name=cart")
	  "envoy_cluster_upstream_rq_xx{envoy_cluster_name=cart,envoy_response_code_class=5}",
	  "envoy_cluster_upstream_rq_time", "envoy_cluster_upstream_rq_xx",
	  "envoy_response_code_class=\"5\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH,
	  "envoy_cluster_name" },
	{ HIST("response_latency_ms", "direction=inbound,deployment=cart")
	  "response_total{classification=success,direction=inbound,deployment=cart} "
	  "response_total{classification=failure,direction=outbound,deployment=cart}",
	  "response_latency_ms", "response_total", "classification=\"failure\"",
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH, "deployment" },
	{ HIST("nginx_ingress_controller_request_duration_seconds", "status=200,ingress=shop")
	  "nginx_ingress_controller_requests{status=200,ingress=shop}",
	  "nginx_ingress_controller_request_duration_seconds",
	  "nginx_ingress_controller_request_duration_seconds_count",
	  "status=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE, "ingress" },
	{ HIST("traefik_service_request_duration_seconds", "code=200,service=a@docker")
	  HIST("traefik_entrypoint_request_duration_seconds", "code=200,entrypoint=web,count=999"),
	  "traefik_service_request_duration_seconds",
	  "traefik_service_request_duration_seconds_count",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE, "service" },
	{ HIST("kong_request_latency_ms", "service=a") HIST("kong_kong_latency_ms", "service=a")
	  "kong_http_requests_total{code=200,service=a}",
	  "kong_request_latency_ms", "kong_http_requests_total",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_EDGE, "service" },
	{ HIST("apisix_http_latency", "type=request") HIST("apisix_http_latency", "type=upstream")
	  "apisix_http_status{code=200}", "apisix_http_latency", "apisix_http_status",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_EDGE, "job" },
	{ "haproxy_backend_http_responses_total{proxy=web,code=5xx} "
	  "haproxy_backend_response_time_average_seconds{proxy=web} "
	  "haproxy_frontend_http_responses_total{proxy=web,code=5xx}",
	  "haproxy_backend_http_responses_total", "haproxy_backend_http_responses_total",
	  "code=~\"5..\"", METHOD_NONE, UNIT_SECONDS, LAYER_EDGE, "proxy" },
	{ "nginx_http_requests_total", "nginx_http_requests_total", NULL, NULL,
	  METHOD_NONE, UNIT_SECONDS, LAYER_EDGE, "job" },
	{ HIST("caddy_http_request_duration_seconds", "code=200,handler=subroute")
	  HIST("caddy_http_request_duration_seconds", "code=200,handler=reverse_proxy"),
	  "caddy_http_request_duration_seconds", "caddy_http_request_duration_seconds_count",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE, "job" },
	{ HIST("skipper_serve_route_duration_seconds", "code=200"),
	  "skipper_serve_route_duration_seconds", "skipper_serve_route_duration_seconds_count",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_EDGE, "job" },
	{ HIST("osm_request_duration_ms", "a=b") "osm_request_total{response_code=200}",
	  "osm_request_duration_ms", "osm_request_total", "response_code=~\"5..\"",
	  METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_MESH, "job" },
	{ HIST("hubble_http_request_duration_seconds", "reporter=server")
	  "hubble_http_requests_total{status=200,reporter=server} "
	  "hubble_http_requests_total{status=200,reporter=client}",
	  "hubble_http_request_duration_seconds", "hubble_http_requests_total",
	  "status=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_MESH, "job" },
	{ HIST("apiserver_request_duration_seconds", "verb=GET")
	  "apiserver_request_total{code=200,verb=GET}",
	  "apiserver_request_duration_seconds", "apiserver_request_total", "code=~\"5..\"",
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("coredns_dns_request_duration_seconds", "zone=a")
	  "coredns_dns_responses_total{rcode=NOERROR}",
	  "coredns_dns_request_duration_seconds", "coredns_dns_responses_total",
	  "rcode=~\"SERVFAIL|REFUSED\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_DEPENDENCY, "job" },
	{ HIST("prometheus_http_request_duration_seconds", "handler=a")
	  "prometheus_http_requests_total{code=200} promhttp_metric_handler_requests_total{code=200}",
	  "prometheus_http_request_duration_seconds", "prometheus_http_requests_total",
	  "code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("django_http_requests_latency_seconds_by_view_method", "view=a")
	  "django_http_responses_total_by_status_total{status=200}",
	  "django_http_requests_latency_seconds_by_view_method",
	  "django_http_responses_total_by_status_total", "status=~\"5..\"",
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("shop_prom_ex_phoenix_http_request_duration_milliseconds", "status=200"),
	  "shop_prom_ex_phoenix_http_request_duration_milliseconds",
	  "shop_prom_ex_phoenix_http_request_duration_milliseconds_count",
	  "status=~\"5..\"", METHOD_HISTOGRAM, UNIT_MILLISECONDS, LAYER_APP, "job" },
	{ "cart_request_latency_microseconds{success=true,quantile=0.99} "
	  "cart_request_latency_microseconds_count{success=true} "
	  "cart_request_latency_microseconds_sum{success=true}",
	  "cart_request_latency_microseconds", "cart_request_latency_microseconds_count",
	  "success=\"false\"", METHOD_SUMMARY, UNIT_MICROSECONDS, LAYER_APP, "job" },
	{ "vm_http_request_duration_seconds_bucket{vmrange=1} "
	  "vm_http_request_duration_seconds_count vm_http_request_duration_seconds_sum",
	  "vm_http_request_duration_seconds", NULL, NULL, METHOD_NONE, UNIT_SECONDS,
	  LAYER_APP, "job" },
	{ HIST("loki_request_duration_seconds", "status_code=200"),
	  "loki_request_duration_seconds", "loki_request_duration_seconds_count",
	  "status_code=~\"5..\"", METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ HIST("litellm_request_total_latency_metric", "a=b"),
	  "litellm_request_total_latency_metric", NULL, NULL,
	  METHOD_HISTOGRAM, UNIT_SECONDS, LAYER_APP, "job" },
	{ "lab_request_seconds{native=1,code=200}", "lab_request_seconds",
	  "lab_request_seconds", "code=~\"5..\"", METHOD_NATIVE, UNIT_SECONDS, LAYER_APP, "job" },
};

static void every_known_family_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct known *k = &rows[i];
		struct arena a;
		const struct catalog *c = find(k->series, NULL, &a);
		if (c->nr_shapes != 1)
			print_message("row %zu: %s\n", i, k->metric);
		assert_int_equal(c->nr_shapes, 1);
		assert_int_equal(c->nr_services, 1);
		const struct shape *s = &c->shape[0];
		assert_string_equal(s->metric, k->metric);
		assert_string_equal(s->label, k->label);
		assert_int_equal(s->method, k->method);
		assert_int_equal(s->unit, k->unit);
		assert_int_equal(s->layer, k->layer);
		assert_int_equal(s->unit_guessed, false);
		if (k->errors) {
			assert_string_equal(s->error_metric, k->errors);
			assert_string_equal(s->error_matcher, k->matcher);
			assert_non_null(s->question[RED_BURN_5M]);
		} else {
			assert_null(s->error_metric);
			assert_null(s->question[RED_BURN_5M]);
		}
		assert_non_null(s->question[RED_RATE]);
		assert_non_null(s->question[RED_ROUTES]);
		assert_int_equal(s->question[RED_ROUTE_BUCKETS] != NULL,
				 k->method == METHOD_HISTOGRAM);
		assert_int_equal(s->question[RED_BUCKETS] != NULL,
				 k->method == METHOD_HISTOGRAM);
		assert_int_equal(s->note != NULL, k->method == METHOD_NONE);
		assert_int_equal(s->interval, 15000);
		assert_int_equal(s->window, 60000);
		arena_release(&a);
	}
}

static void questions_ask_for_one_of_each_request(void **state)
{
	(void)state;
	struct arena a;
	const struct {
		const char *series;
		enum red_role role;
		const char *want;
	} t[] = {
		{ HIST("http_request_duration_seconds", "code=200"), RED_RATE,
		  "sum by (job, code) (rate(http_request_duration_seconds_count"
		  "{namespace=\"x\"}[$__rate_interval]))" },
		{ HIST("http_request_duration_seconds", "code=200"), RED_BUCKETS,
		  "sum by (job, le) (rate(http_request_duration_seconds_bucket"
		  "{namespace=\"x\"}[$__rate_interval]))" },
		{ HIST("http_request_duration_seconds", "code=200"), RED_BURN_1H,
		  "sum by (job, code) (rate(http_request_duration_seconds_count"
		  "{namespace=\"x\"}[1h]))" },
		{ HIST("apiserver_request_duration_seconds", "verb=GET")
		  "apiserver_request_total{code=200}", RED_ERRORS,
		  "sum by (job, code) (rate(apiserver_request_total"
		  "{verb!~\"WATCH|CONNECT\",namespace=\"x\"}[$__rate_interval]))" },
		{ HIST("http.server.request.duration", "http.response.status_code=200"),
		  RED_RATE, "sum by (job, \"http.response.status_code\") (rate("
		  "{\"http.server.request.duration_count\",namespace=\"x\"}"
		  "[$__rate_interval]))" },
		{ "lab_request_seconds{native=1,code=200}", RED_RATE,
		  "sum by (job, code) (histogram_count(rate(lab_request_seconds"
		  "{namespace=\"x\"}[$__rate_interval])))" },
		{ "lab_request_seconds{native=1,code=200}", RED_NATIVE,
		  "sum by (job) (rate(lab_request_seconds"
		  "{namespace=\"x\"}[$__rate_interval]))" },
		{ rows[13].series, RED_BUCKETS,
		  "sum by (destination_service_name, le) (rate("
		  "istio_request_duration_milliseconds_bucket"
		  "{reporter=\"destination\",namespace=\"x\"}[$__rate_interval]))" },
#define ROUTES "route, http_route, handler, uri, path, endpoint, view, url, " \
	       "operation, rpc_method, grpc_method, resource"
		{ HIST("http_request_duration_seconds", "code=200"), RED_ROUTES,
		  "sum by (job, code, " ROUTES ") (rate("
		  "http_request_duration_seconds_count{namespace=\"x\","
		  "job=$__service}[$__rate_interval]))" },
		{ HIST("http_request_duration_seconds", "code=200"),
		  RED_ROUTE_BUCKETS, "sum by (job, le, " ROUTES ") (rate("
		  "http_request_duration_seconds_bucket{namespace=\"x\","
		  "job=$__service}[$__rate_interval]))" },
		{ HIST("apiserver_request_duration_seconds", "verb=GET")
		  "apiserver_request_total{code=200}", RED_ROUTES,
		  "sum by (job, code, " ROUTES ") (rate(apiserver_request_total"
		  "{verb!~\"WATCH|CONNECT\",namespace=\"x\",job=$__service}"
		  "[$__rate_interval]))" },
		{ HIST("caddy_http_request_duration_seconds", "code=200,handler=subroute"),
		  RED_ROUTE_BUCKETS, "sum by (job, le, route, http_route, uri, "
		  "path, endpoint, view, url, operation, rpc_method, "
		  "grpc_method, resource) (rate(caddy_http_request_duration_"
		  "seconds_bucket{handler=\"subroute\",namespace=\"x\","
		  "job=$__service}[$__rate_interval]))" },
		{ "lab_request_seconds{native=1,code=200}", RED_ROUTES,
		  "sum by (job, code, " ROUTES ") (histogram_count(rate("
		  "lab_request_seconds{namespace=\"x\",job=$__service}"
		  "[$__rate_interval])))" },
		{ rows[13].series, RED_ROUTES,
		  "sum by (destination_service_name, response_code, " ROUTES
		  ") (rate(istio_request_duration_milliseconds_count"
		  "{reporter=\"destination\",namespace=\"x\","
		  "destination_service_name=$__service}[$__rate_interval]))" },
		{ "nginx_http_requests_total", RED_ROUTES, "sum by (job, "
		  ROUTES ") (rate(nginx_http_requests_total{namespace=\"x\","
		  "job=$__service}[$__rate_interval]))" },
		{ HIST("http_request_duration_seconds", "code=200") "shop_build_info{version=1} go_build_info",
		  RED_VERSION, "count by (job, version) (shop_build_info"
		  "{job=\"shop\",version!=\"\",namespace=\"x\"})" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct catalog *c = find(t[i].series, "{namespace=\"x\"}", &a);
		assert_int_equal(c->nr_shapes, 1);
		assert_string_equal(c->shape[0].question[t[i].role], t[i].want);
		arena_release(&a);
	}
}

static void distractors_are_no_services(void **state)
{
	(void)state;
	struct arena a;
	const struct catalog *c = find(
		HIST("http_client_requests_seconds", "status=200")
		HIST("db_query_duration_seconds", "code=200")
		HIST("workqueue_work_duration_seconds", "name=a")
		"promhttp_metric_handler_requests_total{code=200} "
		"node_nfs_requests_total up "
		HIST("http_request_size_bytes", "code=200"), NULL, &a);
	assert_int_equal(c->nr_services, 0);
	assert_int_equal(c->families, 0);
	assert_int_equal(c->unknown, 3);
	arena_release(&a);
}

static void each_job_has_its_own_status_label(void **state)
{
	(void)state;
	struct arena a;
	const struct catalog *c = find(
		HIST("http_request_duration_seconds", "code=200,job=a")
		HIST("http_request_duration_seconds", "status_code=200,job=b")
		HIST("http_request_duration_seconds", "code=500,job=c")
		HIST("grpc_server_handling_seconds", "job=c,count=900")
		"grpc_server_handled_total{grpc_code=OK,job=c,count=900}", NULL, &a);
	assert_int_equal(c->nr_shapes, 3);
	assert_int_equal(c->nr_services, 3);
	/* c is busier with gRPC; a and b are told apart by job */
	assert_string_equal(c->shape[0].status_label, "code");
	assert_non_null(strstr(c->shape[0].question[RED_RATE], "job=\"a\""));
	assert_string_equal(c->shape[1].status_label, "status_code");
	assert_non_null(strstr(c->shape[1].question[RED_RATE], "job=\"b\""));
	assert_string_equal(c->shape[2].metric, "grpc_server_handling_seconds");
	assert_null(strstr(c->shape[2].question[RED_RATE], "job="));
	assert_string_equal(c->service[2].name, "c");
	arena_release(&a);
}

static void a_unit_is_guessed_from_the_bounds(void **state)
{
	(void)state;
	struct arena a;
	const struct catalog *c = find(
		"shop_request_latency_bucket{le=5} shop_request_latency_bucket{le=2500} "
		"shop_request_latency_bucket{le=+Inf} shop_request_latency_sum "
		"shop_request_latency_count{code=200}", NULL, &a);
	assert_int_equal(c->nr_shapes, 1);
	assert_int_equal(c->shape[0].unit, UNIT_MILLISECONDS);
	assert_true(c->shape[0].unit_guessed);
	arena_release(&a);
	c = find("shop_request_latency_bucket{le=0.005} "
		 "shop_request_latency_bucket{le=10} shop_request_latency_sum "
		 "shop_request_latency_count{code=200}", NULL, &a);
	assert_int_equal(c->shape[0].unit, UNIT_SECONDS);
	arena_release(&a);
}

static void many_buckets_are_asked_for_what_is_seen(void **state)
{
	(void)state;
	struct arena a;
	const struct catalog *c = find(
		"http_request_duration_seconds_bucket{le=1,count=61000} "
		"http_request_duration_seconds_sum{code=200} "
		"http_request_duration_seconds_count{code=200}", NULL, &a);
	assert_true(c->shape[0].visible_only);
	assert_string_equal(c->note,
			    "percentiles of visible rows only: 61k bucket series");
	arena_release(&a);
}

static void a_name_that_clashes_says_what_it_is(void **state)
{
	(void)state;
	struct arena a;
	const struct catalog *c = find(
		HIST("http_request_duration_seconds", "code=200,job=cart")
		HIST("istio_request_duration_milliseconds",
		     "job=mesh,response_code=200,destination_service_name=cart"),
		NULL, &a);
	assert_int_equal(c->nr_services, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(c->service[i].value, "cart");
		assert_string_equal(c->service[i].name,
			c->shape[i].layer == LAYER_APP ? "cart" :
			"cart (mesh istio_request_duration_milliseconds)");
	}
	arena_release(&a);
}

static void ids_stay_while_the_questions_do(void **state)
{
	(void)state;
	struct arena a, b;
	const char *one = HIST("http_request_duration_seconds", "code=200,job=a");
	const struct catalog *x = find(one, NULL, &a);
	struct discover *d = discover_new(NULL);
	char more[2000];
	snprintf(more, sizeof(more), "%s%s", HIST("flask_http_request_duration_seconds",
						  "status=200,job=b"), one);
	arena_init(&b, 0);
	each(d, more, "", tell_name);
	discover_names_end(d);
	each(d, more, "", tell_counts);
	const struct catalog *y = discover_finish(d, 4, "2.42.0", x, &b);
	discover_free(d);
	assert_int_equal(y->nr_shapes, 2);
	assert_int_equal(y->shape[0].id, x->shape[0].id);
	assert_int_not_equal(y->shape[1].id, x->shape[0].id);
	assert_false(catalog_equal(x, y));
	assert_true(catalog_equal(x, x));
	/* no `up`: the interval is a guess */
	assert_true(y->shape[0].interval_guessed);
	assert_int_equal(y->shape[0].window, 240000);
	arena_release(&a);
	arena_release(&b);
}

static void thousands_of_names_still_fit_questions(void **state)
{
	(void)state;
	struct discover *d = discover_new("{a=\"b\"}");
	char name[100];
	for (int i = 0; i < 1000; i++) {
		static const char *const suffix[] = { "count", "sum", "bucket" };
		for (int k = 0; k < 3; k++) {
			snprintf(name, sizeof(name), "app%d_http_request_duration_seconds_%s",
				 i, suffix[k]);
			discover_name(d, name);
		}
	}
	discover_names_end(d);
	struct buf b;
	buf_init(&b, 0);
	size_t i = 0, legs[5] = { 0 }, bytes = 0;
	while (discover_ask_counts(d, i, &b)) {
		assert_true(b.len <= LIMIT_QUERY);
		bytes += b.len;
		legs[1] += strstr(b.s, "_count|app") != NULL;
		legs[2] += strstr(b.s, "_bucket|app") != NULL;
		assert_non_null(strstr(b.s, "a=\"b\""));
		i++;
	}
	assert_true(i >= 5 && legs[1] >= 3 && legs[2] >= 3);
	assert_true(bytes > 90000);
	buf_release(&b);
	discover_free(d);
}

static void activity_is_asked_of_the_same_counters_twice(void **state)
{
	(void)state;
	struct discover *d = discover_new("{a=\"b\"}");
	discover_name(d, "http_request_duration_seconds_count");
	discover_name(d, "http_request_duration_seconds_sum");
	discover_name(d, "http_request_duration_seconds_bucket");
	discover_names_end(d);
	struct buf b;
	buf_init(&b, 0);
	assert_true(discover_ask_activity(d, 0, &b));
	assert_string_equal(b.s, "label_replace(sum by (__name__,job)("
		"http_request_duration_seconds_count{a=\"b\"}),\"redtop_q\","
		"\"5\",\"\",\"\") or label_replace(sum by (__name__,job)("
		"http_request_duration_seconds_count{a=\"b\"} offset 1m),"
		"\"redtop_q\",\"6\",\"\",\"\")");
	assert_false(discover_ask_activity(d, 1, &b));
	buf_release(&b);
	discover_free(d);
}

static void hostile_values_stay_inside_their_quotes(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	const char *v[] = { "a.b|c\"\n\\", "x" };
	promql_among(&b, "job", true, v, 2);
	assert_string_equal(b.s, "job!~\"a\\\\.b\\\\|c\\\"\\n\\\\\\\\|x\"");
	buf_clear(&b);
	promql_equal(&b, "service.name", "q\"} or vector(1)");
	assert_string_equal(b.s, "\"service.name\"=\"q\\\"} or vector(1)\"");
	buf_clear(&b);
	promql_window(&b, "rate(x[$__rate_interval]) / rate(y[$__rate_interval])", "1m");
	assert_string_equal(b.s, "rate(x[1m]) / rate(y[1m])");
	buf_clear(&b);
	/* A label value that looks like a variable is a value. */
	promql_service(&b, "x{a=\"$__service\\\"$__service\",b='$__service',"
		       "c=`\\`,job=$__service}", "q\"} or\n\\$__service");
	assert_string_equal(b.s, "x{a=\"$__service\\\"$__service\","
			    "b='$__service',c=`\\`,job=\"q\\\"} or\\n\\\\"
			    "$__service\"}");
	buf_clear(&b);
	promql_service(&b, "x{a=\"$__service", "open");
	assert_string_equal(b.s, "x{a=\"$__service");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_family_is_found),
		cmocka_unit_test(questions_ask_for_one_of_each_request),
		cmocka_unit_test(distractors_are_no_services),
		cmocka_unit_test(each_job_has_its_own_status_label),
		cmocka_unit_test(a_unit_is_guessed_from_the_bounds),
		cmocka_unit_test(many_buckets_are_asked_for_what_is_seen),
		cmocka_unit_test(a_name_that_clashes_says_what_it_is),
		cmocka_unit_test(ids_stay_while_the_questions_do),
		cmocka_unit_test(thousands_of_names_still_fit_questions),
		cmocka_unit_test(activity_is_asked_of_the_same_counters_twice),
		cmocka_unit_test(hostile_values_stay_inside_their_quotes),
	};
	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
