/* The simulated shop's catalog: one shape of metrics a kind of service, all
 * different, so that every part of a screen has something to show; and what it
 * runs on, one shape a kind. */
#include "sources/demo_catalog.h"

#include "sources/demo_resource.h"
#include "sources/demo_story.h"

enum { SHAPE_EDGE = 1, SHAPE_HTTP, SHAPE_OTEL, SHAPE_GRPC, SHAPE_PROXY,
       SHAPE_MAIL, SHAPE_CLIENT, SHAPE_POOL, SHAPE_CACHE, SHAPE_RESOURCE };

#define INTERVAL 5000 /* what a server would scrape at */
#define WINDOW 60000  /* max(60 s, 4 intervals) */

#define RATE(by, metric) \
	"sum by (" by ") (rate(" metric "[$__rate_interval]))"
#define OVER(by, metric, window) \
	"sum by (" by ") (rate(" metric "[" window "]))"
/* Of the one service that stands for $__service; label is that of its value. */
#define ONE(label, by, metric) \
	"sum by (" label ", " by ") (rate(" metric "{" label \
	"=$__service}[$__rate_interval]))"
#define COMMON .interval = INTERVAL, .window = WINDOW

static const struct shape shapes[] = {
	{ .id = SHAPE_EDGE, .label = "ingress", COMMON,
	  .metric = "nginx_ingress_controller_request_duration_seconds",
	  .error_metric = "nginx_ingress_controller_request_duration_seconds"
			  "_count",
	  .error_matcher = "status=~\"5..\"", .status_label = "status",
	  .status = STATUS_HTTP, .layer = LAYER_EDGE, .unit = UNIT_SECONDS,
	  .method = METHOD_HISTOGRAM,
	  .question = {
#define M "nginx_ingress_controller_request_duration_seconds"
		  [RED_RATE] = RATE("ingress, status", M "_count"),
		  [RED_BUCKETS] = RATE("ingress, le", M "_bucket"),
		  [RED_SUM] = RATE("ingress", M "_sum"),
		  [RED_BURN_5M] = OVER("ingress, status", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("ingress, status", M "_count", "1h"),
		  [RED_ROUTES] = ONE("ingress", "path, status", M "_count"),
		  [RED_ROUTE_BUCKETS] = ONE("ingress", "path, le",
					   M "_bucket"),
#undef M
	  } },
	{ .id = SHAPE_HTTP, .label = "job", COMMON,
	  .metric = "http_request_duration_seconds",
	  .error_metric = "http_request_duration_seconds_count",
	  .error_matcher = "status=~\"5..\"", .status_label = "status",
	  .status = STATUS_HTTP, .layer = LAYER_APP, .unit = UNIT_SECONDS,
	  .method = METHOD_HISTOGRAM,
	  .question = {
#define M "http_request_duration_seconds"
		  [RED_RATE] = RATE("job, status", M "_count"),
		  [RED_BUCKETS] = RATE("job, le", M "_bucket"),
		  [RED_SUM] = RATE("job", M "_sum"),
		  [RED_BURN_5M] = OVER("job, status", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("job, status", M "_count", "1h"),
		  [RED_ROUTES] = ONE("job", "route, status", M "_count"),
		  [RED_ROUTE_BUCKETS] = ONE("job", "route, le",
					   M "_bucket"),
		  [RED_VERSION] = "count by (job, version, region) "
			"(build_info)",
#undef M
	  } },
	{ .id = SHAPE_OTEL, .label = "job", COMMON,
	  .metric = "http_server_duration_milliseconds",
	  .error_metric = "http_server_duration_milliseconds_count",
	  .error_matcher = "code=~\"5..\"", .status_label = "code",
	  .status = STATUS_HTTP, .layer = LAYER_APP,
	  .unit = UNIT_MILLISECONDS, .method = METHOD_HISTOGRAM,
	  .question = {
#define M "http_server_duration_milliseconds"
		  [RED_RATE] = RATE("job, code", M "_count"),
		  [RED_BUCKETS] = RATE("job, le", M "_bucket"),
		  [RED_SUM] = RATE("job", M "_sum"),
		  [RED_BURN_5M] = OVER("job, code", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("job, code", M "_count", "1h"),
		  [RED_ROUTES] = ONE("job", "http_route, code", M "_count"),
		  [RED_ROUTE_BUCKETS] = ONE("job", "http_route, le",
					   M "_bucket"),
		  [RED_VERSION] = "count by (job, version, region) "
			"(target_info)",
#undef M
	  } },
	{ .id = SHAPE_GRPC, .label = "job", COMMON,
	  .metric = "grpc_server_handling_seconds",
	  .error_metric = "grpc_server_handled_total",
	  .error_matcher = "grpc_code=~\"Unknown|DeadlineExceeded|"
		"Unimplemented|Internal|Unavailable|DataLoss\"",
	  .status_label = "grpc_code", .status = STATUS_GRPC,
	  .layer = LAYER_APP, .unit = UNIT_SECONDS, .method = METHOD_NATIVE,
	  .question = {
#define E "grpc_server_handled_total"
		  [RED_RATE] = "sum by (job) (histogram_count(rate("
			"grpc_server_handling_seconds[$__rate_interval])))",
		  [RED_ERRORS] = RATE("job, grpc_code", E),
		  [RED_NATIVE] = RATE("job", "grpc_server_handling_seconds"),
		  [RED_SUM] = "sum by (job) (histogram_sum(rate("
			"grpc_server_handling_seconds[$__rate_interval])))",
		  [RED_BURN_5M] = OVER("job, grpc_code", E, "5m"),
		  [RED_BURN_1H] = OVER("job, grpc_code", E, "1h"),
		  [RED_ROUTES] = ONE("job", "grpc_method, grpc_code", E),
#undef E
	  } },
	{ .id = SHAPE_PROXY, .label = "proxy", COMMON,
	  .metric = "haproxy_backend_http_responses_total",
	  .error_metric = "haproxy_backend_http_responses_total",
	  .error_matcher = "code=\"5xx\"", .status_label = "code",
	  .status = STATUS_HTTP, .layer = LAYER_APP, .unit = UNIT_SECONDS,
	  .method = METHOD_NONE, .note = "no histogram",
	  .question = {
#define E "haproxy_backend_http_responses_total"
		  [RED_RATE] = RATE("proxy, code", E),
		  [RED_MEAN] = "avg by (proxy) ("
			"haproxy_backend_response_time_average_seconds)",
		  [RED_BURN_5M] = OVER("proxy, code", E, "5m"),
		  [RED_BURN_1H] = OVER("proxy, code", E, "1h"),
#undef E
	  } },
	{ .id = SHAPE_MAIL, .label = "job", COMMON,
	  .metric = "mail_send_seconds", .error_metric = "mail_send_seconds"
							 "_count",
	  .error_matcher = "outcome=\"SERVER_ERROR\"",
	  .status_label = "outcome", .status = STATUS_OUTCOME,
	  .layer = LAYER_APP, .unit = UNIT_SECONDS, .method = METHOD_SUMMARY,
	  .question = {
#define M "mail_send_seconds"
		  [RED_RATE] = RATE("job, outcome", M "_count"),
		  [RED_QUANTILE] = "max by (job, quantile) (" M ")",
		  [RED_SUM] = RATE("job", M "_sum"),
		  [RED_BURN_5M] = OVER("job, outcome", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("job, outcome", M "_count", "1h"),
		  [RED_ROUTES] = ONE("job", "operation, outcome", M "_count"),
#undef M
	  } },
	{ .id = SHAPE_CLIENT, .label = "peer", COMMON,
	  .metric = "http_client_request_duration_seconds",
	  .error_metric = "http_client_request_duration_seconds_count",
	  .error_matcher = "status=~\"5..\"", .status_label = "status",
	  .status = STATUS_HTTP, .layer = LAYER_DEPENDENCY,
	  .unit = UNIT_SECONDS, .method = METHOD_HISTOGRAM,
	  .question = {
#define M "http_client_request_duration_seconds"
		  [RED_RATE] = RATE("peer, status", M "_count"),
		  [RED_BUCKETS] = RATE("peer, le", M "_bucket"),
		  [RED_SUM] = RATE("peer", M "_sum"),
		  [RED_BURN_5M] = OVER("peer, status", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("peer, status", M "_count", "1h"),
		  [RED_ROUTES] = ONE("peer", "uri, status", M "_count"),
		  [RED_ROUTE_BUCKETS] = ONE("peer", "uri, le",
					   M "_bucket"),
#undef M
	  } },
	{ .id = SHAPE_POOL, .label = "pool", COMMON,
	  .metric = "db_client_operation_duration_seconds",
	  .error_metric = "db_client_operation_duration_seconds_count",
	  .error_matcher = "success=\"false\"", .status_label = "success",
	  .status = STATUS_SUCCESS, .layer = LAYER_DEPENDENCY,
	  .unit = UNIT_SECONDS, .method = METHOD_HISTOGRAM,
	  .question = {
#define M "db_client_operation_duration_seconds"
		  [RED_RATE] = RATE("pool, success", M "_count"),
		  [RED_BUCKETS] = RATE("pool, le", M "_bucket"),
		  [RED_SUM] = RATE("pool", M "_sum"),
		  [RED_BURN_5M] = OVER("pool, success", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("pool, success", M "_count", "1h"),
		  [RED_ROUTES] = ONE("pool", "operation, success",
				     M "_count"),
		  [RED_ROUTE_BUCKETS] = ONE("pool", "operation, le",
					    M "_bucket"),
#undef M
	  } },
	{ .id = SHAPE_CACHE, .label = "cache", COMMON,
	  .metric = "cache_operation_seconds",
	  .error_metric = "cache_operation_seconds_count",
	  .error_matcher = "outcome=\"SERVER_ERROR\"",
	  .status_label = "outcome", .status = STATUS_OUTCOME,
	  .layer = LAYER_DEPENDENCY, .unit = UNIT_SECONDS,
	  .method = METHOD_SUMMARY,
	  .question = {
#define M "cache_operation_seconds"
		  [RED_RATE] = RATE("cache, outcome", M "_count"),
		  [RED_QUANTILE] = "max by (cache, quantile) (" M ")",
		  [RED_SUM] = RATE("cache", M "_sum"),
		  [RED_BURN_5M] = OVER("cache, outcome", M "_count", "5m"),
		  [RED_BURN_1H] = OVER("cache, outcome", M "_count", "1h"),
		  [RED_ROUTES] = ONE("cache", "operation, outcome",
				     M "_count"),
#undef M
	  } },
#define RESOURCE(kind, by) .id = SHAPE_RESOURCE + (kind), .label = by, \
	.layer = LAYER_DEPENDENCY, COMMON
#define CONSUMED(what) "sum by (table) (aws_dynamodb_consumed_" what \
	"_capacity_units_sum / 60)"
#define PROVISIONED(what) "max by (table) (aws_dynamodb_provisioned_" what \
	"_capacity_units_average)"
	{ RESOURCE(KIND_POOL, "pool"), .metric = "db_client_connections_usage",
	  .question = {
		  [RED_USED] = "sum by (pool) (db_client_connections_usage{"
			"state=\"used\"})",
		  [RED_LIMIT] = "sum by (pool) (db_client_connections_max)",
	  } },
	{ RESOURCE(KIND_CPU, "instance"), .metric = "node_cpu_seconds_total",
	  .question = {
		  [RED_USED] = "1 - avg by (instance) (rate("
			"node_cpu_seconds_total{mode=\"idle\"}"
			"[$__rate_interval]))",
	  } },
	{ RESOURCE(KIND_MEMORY, "instance"),
	  .metric = "node_memory_MemAvailable_bytes",
	  .question = {
		  [RED_USED] = "sum by (instance) (node_memory_MemTotal_bytes"
			" - node_memory_MemAvailable_bytes)",
		  [RED_LIMIT] = "sum by (instance) ("
			"node_memory_MemTotal_bytes)",
	  } },
	{ RESOURCE(KIND_DISK, "instance"),
	  .metric = "node_disk_io_time_seconds_total",
	  .question = {
		  [RED_USED] = "max by (instance) (rate("
			"node_disk_io_time_seconds_total"
			"[$__rate_interval]))",
	  } },
	{ RESOURCE(KIND_TABLE_READ, "table"),
	  .metric = "aws_dynamodb_consumed_read_capacity_units_sum",
	  .question = {
		  [RED_USED] = CONSUMED("read"),
		  [RED_LIMIT] = PROVISIONED("read"),
	  } },
	{ RESOURCE(KIND_TABLE_WRITE, "table"),
	  .metric = "aws_dynamodb_consumed_write_capacity_units_sum",
	  .question = {
		  [RED_USED] = CONSUMED("write"),
		  [RED_LIMIT] = PROVISIONED("write"),
	  } },
};

#define NR_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

uint32_t demo_resource_shape(int kind)
{
	return SHAPE_RESOURCE + (uint32_t)kind;
}

/* Nobody has promised anything about the acquirer: it has no objective. */
static const struct service_def defs[] = {
	[DEMO_EDGE] = { "edge", "edge", SHAPE_EDGE, .999, 0 },
	[DEMO_WEB] = { "web", "web", SHAPE_HTTP, .999, 0 },
	[DEMO_CHECKOUT] = { "checkout", "checkout", SHAPE_HTTP, .999, .3 },
	[DEMO_PAYMENT] = { "payment", "payment", SHAPE_HTTP, .9995, .5 },
	[DEMO_CART] = { "cart", "cart", SHAPE_OTEL, .999, .25 },
	[DEMO_SEARCH] = { "search", "search", SHAPE_OTEL, .999, .1 },
	[DEMO_RECOMMENDATION] = { "recommendation", "recommendation",
				  SHAPE_GRPC, .99, 0 },
	[DEMO_INVENTORY] = { "inventory", "inventory", SHAPE_PROXY, .995, 0 },
	[DEMO_EMAIL] = { "email", "email", SHAPE_MAIL, .99, 0 },
	[DEMO_ACQUIRER] = { "acquirer", "acquirer", SHAPE_CLIENT, 0, 0 },
	[DEMO_ORDERS_DB] = { "orders-db", "orders-db", SHAPE_POOL, .999, 0 },
	[DEMO_CART_CACHE] = { "cart-cache", "cart-cache", SHAPE_CACHE,
			      .999, 0 },
#define USED(id, of, kind, from, over, most) \
	{ .name = id, .value = of, .shape = SHAPE_RESOURCE + (kind), \
	  .warn = from, .crit = over, .limit = most }
	USED("pool:orders-db", "orders-db", KIND_POOL, .75, .90, 0),
	USED("pool:catalog", "catalog", KIND_POOL, .75, .90, 0),
	USED("pool:mail", "mail", KIND_POOL, .75, .90, 0),
	USED("cpu:node-07", "node-07", KIND_CPU, .70, .85, 1),
	USED("cpu:node-12", "node-12", KIND_CPU, .70, .85, 1),
	USED("cpu:node-02", "node-02", KIND_CPU, .70, .85, 1),
	USED("cpu:pg-orders", "pg-orders", KIND_CPU, .70, .85, 1),
	USED("memory:node-31", "node-31", KIND_MEMORY, .75, .90, 0),
	USED("memory:node-12", "node-12", KIND_MEMORY, .75, .90, 0),
	USED("memory:redis-main", "redis-main", KIND_MEMORY, .70, .80, 0),
	USED("disk:pg-orders", "pg-orders", KIND_DISK, .80, .95, 1),
	USED("disk:node-31", "node-31", KIND_DISK, .80, .95, 1),
	USED("dynamodb:user_data:read", "user_data", KIND_TABLE_READ, .70, .85,
	     0),
	USED("dynamodb:session_data:read", "session_data", KIND_TABLE_READ,
	     .70, .85, 0),
	USED("dynamodb:analytics:read", "analytics", KIND_TABLE_READ, .70, .85,
	     0),
	USED("dynamodb:user_data:write", "user_data", KIND_TABLE_WRITE, .70,
	     .85, 0),
	USED("dynamodb:session_data:write", "session_data", KIND_TABLE_WRITE,
	     .70, .85, 0),
	USED("dynamodb:analytics:write", "analytics", KIND_TABLE_WRITE, .70,
	     .85, 0),
};

const struct catalog demo_catalog = {
	.nr_shapes = NR_SHAPES, .shape = shapes,
	.nr_services = sizeof(defs) / sizeof(defs[0]), .service = defs,
	.families = NR_SHAPES,
};

/* The http services have a bound at checkout's limit of 300 ms. */
static const char *const bounds_http[] = {
	"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.15", "0.25",
	"0.3", "0.5", "0.75", "1", "2", "2.5", "5", "10", "+Inf", NULL };
static const char *const bounds_go[] = {
	"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5",
	"5", "10", "+Inf", NULL };
static const char *const bounds_otel[] = {
	"2", "5", "10", "25", "50", "75", "100", "250", "500", "750", "1000",
	"2500", "5000", "+Inf", NULL };

static const char *const bounds_pool[] = {
	"0.0005", "0.001", "0.002", "0.005", "0.01", "0.025", "0.05", "0.1",
	"0.25", "0.5", "1", "+Inf", NULL };

const char *const *demo_bounds(uint32_t shape)
{
	return shape == SHAPE_HTTP ? bounds_http
	     : shape == SHAPE_OTEL ? bounds_otel
	     : shape == SHAPE_POOL ? bounds_pool : bounds_go;
}

const char *demo_route_label(uint32_t shape)
{
	static const char *const labels[NR_SHAPES + 1] = {
		[SHAPE_EDGE] = "path", [SHAPE_HTTP] = "route",
		[SHAPE_OTEL] = "http_route", [SHAPE_GRPC] = "grpc_method",
		[SHAPE_MAIL] = "operation", [SHAPE_CLIENT] = "uri",
		[SHAPE_POOL] = "operation", [SHAPE_CACHE] = "operation",
	};
	return labels[shape];
}
