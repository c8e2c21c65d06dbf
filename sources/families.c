#include "sources/families.h"

#include "base/buf.h"

#include <ctype.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define LIMIT_WORD 64 /* bytes of a word in the lists below */

/* Of several rows that fit one service label, the first wins: `service` of a
 * proxy before its entry points. */
const struct family families[] = {
	/* Web frameworks and libraries. The status label of the first differs
	 * by library under the same name, so it is resolved per job. */
	{ .name = "http_request_duration_seconds",
	  .counter = "http_requests_total http_requests_received_total",
	  .layer = LAYER_APP },
	{ .name = "flask_http_request_duration_seconds",
	  .counter = "flask_http_request_total", .layer = LAYER_APP,
	  .status = "status" },
	{ .name = "http_server_requests_seconds", .layer = LAYER_APP,
	  .status = "status outcome" },
	{ .name = "http_server_request_duration_seconds", .layer = LAYER_APP,
	  .status = "http_response_status_code" },
	{ .name = "http.server.request.duration", .layer = LAYER_APP,
	  .status = "http.response.status_code http_response_status_code" },
	{ .name = "http_server_duration_milliseconds",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_APP,
	  .status = "http_status_code" },
	{ .name = "http_server_duration", .unit = UNIT_MILLISECONDS,
	  .layer = LAYER_APP, .status = "http_status_code" },
	{ .name = "rpc_server_duration_milliseconds",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_APP,
	  .status = "rpc_grpc_status_code" },
	{ .name = "grpc_server_handling_seconds",
	  .counter = "grpc_server_handled_total", .layer = LAYER_APP,
	  .status = "grpc_code" },
	{ .name = "grpc_server_processing_duration_seconds",
	  .layer = LAYER_APP, .status = "statusCode" },
	{ .name = "django_http_requests_latency_seconds_by_view_method",
	  .counter = "django_http_responses_total_by_status_total",
	  .layer = LAYER_APP, .status = "status" },
	{ .name = "vertx_http_server_response_time_seconds",
	  .layer = LAYER_APP, .status = "code" },
	{ .name = "axum_http_requests_duration_seconds", .layer = LAYER_APP,
	  .status = "status" },
	{ .name = "*_http_requests_duration_seconds", .layer = LAYER_APP,
	  .status = "status code" },
	{ .name = "*_prom_ex_phoenix_http_request_duration_milliseconds",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_APP, .status = "status" },
	{ .name = "apiserver_request_duration_seconds",
	  .counter = "apiserver_request_total", .layer = LAYER_APP,
	  .status = "code", .exclude = "verb!~\"WATCH|CONNECT\"" },
	{ .name = "prometheus_http_request_duration_seconds",
	  .counter = "prometheus_http_requests_total", .layer = LAYER_APP,
	  .status = "code" },
	{ .name = "vm_http_request_duration_seconds", .layer = LAYER_APP },

	/* Meshes: a proxy reports many services. */
	{ .name = "istio_request_duration_milliseconds",
	  .counter = "istio_requests_total", .unit = UNIT_MILLISECONDS,
	  .layer = LAYER_MESH, .status = "response_code",
	  .service = "destination_service_name destination_workload "
		     "destination_canonical_service destination_app "
		     "destination_service",
	  .keep = "reporter destination waypoint source" },
	{ .name = "envoy_cluster_upstream_rq_time",
	  .counter = "envoy_cluster_upstream_rq envoy_cluster_upstream_rq_xx",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_MESH,
	  .status = "envoy_response_code envoy_response_code_class",
	  .service = "envoy_cluster_name" },
	{ .name = "envoy_http_downstream_rq_time",
	  .counter = "envoy_http_downstream_rq_xx",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_MESH,
	  .status = "envoy_response_code_class",
	  .service = "envoy_http_conn_manager_prefix" },
	{ .name = "response_latency_ms", .counter = "response_total",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_MESH,
	  .status = "classification status_code",
	  .service = "deployment statefulset daemonset app",
	  .keep = "direction inbound" },
	{ .name = "osm_request_duration_ms", .counter = "osm_request_total",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_MESH,
	  .status = "response_code" },
	{ .name = "hubble_http_request_duration_seconds",
	  .counter = "hubble_http_requests_total", .layer = LAYER_MESH,
	  .status = "status", .keep = "reporter server" },

	/* Edges. */
	{ .name = "nginx_ingress_controller_request_duration_seconds",
	  .counter = "nginx_ingress_controller_requests",
	  .layer = LAYER_EDGE, .status = "status",
	  .service = "ingress exported_service service" },
	{ .name = "traefik_service_request_duration_seconds",
	  .counter = "traefik_service_requests_total", .layer = LAYER_EDGE,
	  .status = "code", .service = "service exported_service" },
	{ .name = "traefik_backend_request_duration_seconds",
	  .counter = "traefik_backend_requests_total", .layer = LAYER_EDGE,
	  .status = "code", .service = "backend" },
	{ .name = "traefik_router_request_duration_seconds",
	  .counter = "traefik_router_requests_total", .layer = LAYER_EDGE,
	  .status = "code", .service = "router" },
	{ .name = "traefik_entrypoint_request_duration_seconds",
	  .counter = "traefik_entrypoint_requests_total", .layer = LAYER_EDGE,
	  .status = "code", .service = "entrypoint" },
	{ .name = "kong_request_latency_ms",
	  .counter = "kong_http_requests_total",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_EDGE, .status = "code",
	  .service = "service exported_service" },
	{ .name = "kong_kong_latency_ms", .counter = "kong_http_requests_total",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_EDGE, .status = "code",
	  .service = "service exported_service" },
	{ .name = "kong_upstream_latency_ms",
	  .counter = "kong_http_requests_total",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_EDGE, .status = "code",
	  .service = "service exported_service" },
	{ .name = "apisix_http_latency", .counter = "apisix_http_status",
	  .unit = UNIT_MILLISECONDS, .layer = LAYER_EDGE, .status = "code",
	  .keep = "type request" },
	{ .counter = "haproxy_backend_http_responses_total",
	  .mean = "haproxy_backend_response_time_average_seconds",
	  .layer = LAYER_EDGE, .status = "code", .service = "proxy backend" },
	{ .counter = "nginx_http_requests_total", .layer = LAYER_EDGE },
	{ .name = "caddy_http_request_duration_seconds", .layer = LAYER_EDGE,
	  .status = "code",
	  .keep = "handler subroute reverse_proxy php file_server "
		  "static_response" },
	{ .name = "skipper_response_duration_seconds", .layer = LAYER_EDGE,
	  .status = "code" },
	{ .name = "skipper_serve_route_duration_seconds",
	  .layer = LAYER_EDGE, .status = "code" },

	{ .name = "coredns_dns_request_duration_seconds",
	  .counter = "coredns_dns_responses_total",
	  .layer = LAYER_DEPENDENCY, .status = "rcode" },

	/* Names that the rule would find, were they not so odd. */
	{ .name = "litellm_request_total_latency_metric", .layer = LAYER_APP },
	{ .name = "keycloak_request_duration", .layer = LAYER_APP,
	  .unit = UNIT_MILLISECONDS },
};
const size_t families_nr = COUNT(families);

const char *const status_labels[] = {
	"code", "status", "status_code", "http_status_code",
	"http_response_status_code", "response_code", "http_code",
	"envoy_response_code", "envoy_response_code_class", "grpc_code",
	"grpc_status", "rpc_grpc_status_code", "grpc_response_status",
	"statusCode", "rcode", "classification", "outcome", "success",
	"error", "result", NULL,
};

bool word_at(const char *list, size_t i, char *out, size_t size)
{
	if (!list)
		return false;
	for (const char *p = list;; i--) {
		p += strspn(p, " ");
		size_t n = strcspn(p, " ");
		if (n == 0 || n >= size)
			return false;
		if (i == 0) {
			memcpy(out, p, n);
			out[n] = '\0';
			return true;
		}
		p += n;
	}
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n > m && strcmp(s + n - m, suffix) == 0;
}

const struct family *family_of(const char *base)
{
	for (size_t i = 0; i < families_nr; i++) {
		const char *name = families[i].name;
		if (name && strcmp(name, base) == 0)
			return &families[i];
	}
	for (size_t i = 0; i < families_nr; i++) {
		const char *name = families[i].name;
		if (name && *name == '*' && ends_with(base, name + 1))
			return &families[i];
	}
	return NULL;
}

static bool has_word(const char *list, const char *word)
{
	char w[LIMIT_WORD];
	for (size_t i = 0; word_at(list, i, w, sizeof(w)); i++)
		if (strcmp(w, word) == 0)
			return true;
	return false;
}

/* Parts of a name between `_`, `.`, `:` are tokens. */
static bool has_token(const char *name, const char *const *tokens)
{
	for (const char *p = name; *p;) {
		size_t n = strcspn(p, "_.:");
		for (size_t i = 0; tokens[i]; i++)
			if (strlen(tokens[i]) == n &&
			    strncmp(p, tokens[i], n) == 0)
				return true;
		p += n;
		p += strspn(p, "_.:");
	}
	return false;
}

static bool has_part(const char *name, const char *const *parts)
{
	for (size_t i = 0; parts[i]; i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

/* Measured on 399 real names: no server's family is lost by these. */
static const char *const foreign[] = {
	"client", "clients", "outbound", "egress", "db", "sql", "gc",
	"workqueue", "queue", "scrape", "tsdb", "wal", "cache", "size",
	"bytes", "query", "queries", "body", "connect", "connection", "header",
	"headers", "forward", "forwarder", "kv", "memcache", "memcached",
	"redis", "git", "sd", "dialer", "promhttp", "storage", "objstore",
	"bucket", "s3", "gcs", "dynamo", "consul", "etcd", "memberlist",
	"webhook", "admission", "authentication", "authorization",
	"flowcontrol", "cloudprovider", "notifications",
	"postgres", "mysql", "mongodb", "kafka", "pool", "lock", "wait",
	"retry", "retries", "downstream", "upstream", "proxysql", "probe",
	"rest", "compaction", "gossip", "peer", "nfs", "nfsd", "ldap", "smtp",
	NULL,
};
static const char *const requests[] = {
	"http", "rpc", "request", "response", "rq", "dns", NULL,
};
static const char *const durations[] = {
	"duration", "latency", "time", "handling", "processing", "elapsed",
	NULL,
};

/* Without a unit a name ends in what it measures. */
static const struct {
	const char *token;
	enum unit unit;
} unit_tokens[] = {
	{ "seconds", UNIT_SECONDS }, { "secs", UNIT_SECONDS },
	{ "sec", UNIT_SECONDS },
	{ "milliseconds", UNIT_MILLISECONDS }, { "ms", UNIT_MILLISECONDS },
	{ "millis", UNIT_MILLISECONDS }, { "msec", UNIT_MILLISECONDS },
	{ "microseconds", UNIT_MICROSECONDS }, { "us", UNIT_MICROSECONDS },
	{ "usec", UNIT_MICROSECONDS }, { "micros", UNIT_MICROSECONDS },
};

bool family_unit(const char *base, enum unit *out)
{
	for (size_t i = 0; i < COUNT(unit_tokens); i++) {
		const char *one[] = { unit_tokens[i].token, NULL };
		if (has_token(base, one)) {
			*out = unit_tokens[i].unit;
			return true;
		}
	}
	return false;
}

bool family_is_duration(const char *base)
{
	enum unit unit;
	return has_part(base, durations) || family_unit(base, &unit);
}

bool family_is_timing(const char *base)
{
	return has_part(base, requests) && family_is_duration(base) &&
	       !has_token(base, foreign);
}

bool family_is_counter(const char *name)
{
	static const char *const words[] = {
		"request", "response", "rq", "handled", "calls", NULL
	};
	return ends_with(name, "_total") && has_part(name, words) &&
	       !has_token(name, foreign);
}

int family_words(const char *base)
{
	static const char *const protocol[] = { "http", "rpc", NULL };
	static const char *const server[] = { "server", NULL };
	static const char *const request[] = { "request", "response", "rq",
					       "handling", NULL };
	return 2 * has_part(base, protocol) + has_part(base, server) +
	       has_part(base, request);
}

static bool is_code(const char *v)
{
	return strlen(v) == 3 && v[0] >= '1' && v[0] <= '5' &&
	       isdigit((unsigned char)v[1]) && isdigit((unsigned char)v[2]);
}

static bool is_class(const char *v)
{
	return strlen(v) == 3 && v[0] >= '1' && v[0] <= '5' &&
	       (strcmp(v + 1, "xx") == 0 || strcmp(v + 1, "XX") == 0);
}

static bool is_digit_class(const char *v)
{
	return strlen(v) == 1 && *v >= '1' && *v <= '5';
}

static bool is_grpc_number(const char *v)
{
	size_t n = strlen(v);
	return (n == 1 && isdigit((unsigned char)*v)) ||
	       (n == 2 && *v == '1' && v[1] >= '0' && v[1] <= '6');
}

static bool is_one_of(const char *v, const char *list)
{
	return has_word(list, v);
}

static bool is_grpc_name(const char *v)
{
	return is_one_of(v, "OK Canceled Unknown InvalidArgument "
		"DeadlineExceeded NotFound AlreadyExists PermissionDenied "
		"ResourceExhausted FailedPrecondition Aborted OutOfRange "
		"Unimplemented Internal Unavailable DataLoss Unauthenticated");
}

static bool is_grpc_upper(const char *v)
{
	return is_one_of(v, "OK CANCELLED UNKNOWN INVALID_ARGUMENT "
		"DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
		"RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE "
		"UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
		"UNAUTHENTICATED");
}

static bool is_rcode(const char *v)
{
	return is_one_of(v, "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED "
		"YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE BADVERS BADSIG");
}

static bool is_failure(const char *v)
{
	return is_one_of(v, "success failure");
}

static bool is_truth(const char *v)
{
	return is_one_of(v, "true false");
}

static bool is_outcome(const char *v)
{
	return is_one_of(v, "SUCCESS CLIENT_ERROR SERVER_ERROR REDIRECTION "
			    "INFORMATIONAL UNKNOWN");
}

/* Ordered: what reads two ways is taken for the first. Four of five values
 * must fit; the rest are oddities like `0` for a caller that hung up. */
static const struct {
	bool (*fits)(const char *v);
	enum status_kind kind;
	int form;
	const char *label; /* must be part of the label's name, or NULL */
} readings[] = {
	{ is_grpc_number, STATUS_GRPC,    STATUS_FORM_NUMBER, "grpc" },
	{ is_code,        STATUS_HTTP,    STATUS_FORM_PLAIN,  NULL },
	{ is_class,       STATUS_HTTP,    STATUS_FORM_PLAIN,  NULL },
	{ is_digit_class, STATUS_HTTP,    STATUS_FORM_NUMBER, "class" },
	{ is_outcome,     STATUS_OUTCOME, STATUS_FORM_PLAIN,  "outcome" },
	{ is_grpc_name,   STATUS_GRPC,    STATUS_FORM_PLAIN,  NULL },
	{ is_grpc_upper,  STATUS_GRPC,    STATUS_FORM_UPPER,  NULL },
	{ is_rcode,       STATUS_RCODE,   STATUS_FORM_PLAIN,  NULL },
	{ is_failure,     STATUS_FAILURE, STATUS_FORM_PLAIN,  NULL },
	{ is_outcome,     STATUS_OUTCOME, STATUS_FORM_PLAIN,  NULL },
	{ is_truth,       STATUS_SUCCESS, STATUS_FORM_PLAIN,  "success" },
	{ is_truth,       STATUS_ERROR,   STATUS_FORM_PLAIN,  "error" },
	{ is_grpc_number, STATUS_GRPC,    STATUS_FORM_NUMBER, "code" },
};

enum status_kind status_of_values(const char *label, const char *const *value,
				  size_t nr, int *form)
{
	for (size_t r = 0; r < COUNT(readings) && nr > 0; r++) {
		if (readings[r].label && !strstr(label, readings[r].label))
			continue;
		size_t fit = 0;
		for (size_t i = 0; i < nr; i++)
			fit += readings[r].fits(value[i]);
		/* Among codes an odd value is common: one code is enough. */
		bool enough = readings[r].fits == is_code ? fit > 0
							  : fit * 5 >= nr * 4;
		if (enough && fit > 0) {
			*form = readings[r].form;
			return readings[r].kind;
		}
	}
	return STATUS_NONE;
}
