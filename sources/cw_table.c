/* The discovery list. A kind says which dimensions its metrics have (exactly
 * those: splits by zone, target group or method are not services), what it is
 * called, and which metrics it is made of.
 * Names: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html */
#include "sources/cw_table.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIMS_MAX 3
#define PARTS_MAX 12
#define SEEN_MAX 4
#define EAST "us-east-1"
#define MS 1e-3
#define PERCENT 1e-2

/* ---- what is listed ------------------------------------------------------------ */

#define LIST(space, metric, dimension, needed) \
	{ { space, metric, dimension }, NULL, needed }

static const struct cw_ask asks[] = {
	LIST("AWS/ApplicationELB", "RequestCount", "LoadBalancer", true),
	/* A balancer without any target has no requests. */
	LIST("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer",
	     true),
	LIST("AWS/NetworkELB", "NewFlowCount", "LoadBalancer", false),
	LIST("AWS/ApiGateway", "Count", NULL, true),
	LIST("AWS/Lambda", "Invocations", "FunctionName", true),
	/* A function that is throttled away has no invocations. */
	LIST("AWS/Lambda", "Throttles", "FunctionName", false),
	LIST("AWS/DynamoDB", "SuccessfulRequestLatency", "TableName", true),
	LIST("AWS/DynamoDB", "ThrottledRequests", "TableName", false),
	LIST("AWS/DynamoDB", "SystemErrors", "TableName", false),
	LIST("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", false),
	{ { "AWS/CloudFront", "Requests", "DistributionId" }, EAST, false },
	LIST("AWS/ECS", "RequestCount", "DiscoveryName", false),
	LIST("ECS/ContainerInsights", "CpuUtilized", "ServiceName", false),
	LIST("ContainerInsights", "pod_cpu_utilization_over_pod_limit",
	     "Service", false),
	LIST("AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", false),
	LIST("AWS/ElastiCache", "CPUUtilization", "CacheClusterId", false),
	LIST("AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId",
	     false),
	LIST("AWS/DAX", "CPUUtilization", "ClusterId", false),
	LIST("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName",
	     false),
};

bool cw_table_ask(size_t i, struct cw_ask *out)
{
	if (i >= sizeof(asks) / sizeof(asks[0]))
		return false;
	*out = asks[i];
	return true;
}

/* ---- kinds ---------------------------------------------------------------------- */

enum naming {
	NAME_PLAIN,      /* values of the dimensions, joined by '/' */
	NAME_BALANCER,   /* the middle of app/NAME/HASH */
	NAME_FIRST,      /* the first dimension alone */
};

struct part_row {
	enum cw_role role;
	enum cw_weight weight;
	const char *metric, *stat;
	double scale;
	bool per_second;
};

struct kind {
	const char *word;              /* tells namesakes apart */
	const char *space;
	const char *dim[DIMS_MAX];     /* sorted; those that name it first
					  are in `naming` order below */
	const char *order[DIMS_MAX];   /* of the name's parts */
	enum naming naming;
	const char *id;                /* of a resource: "rds:%s:cpu" */
	enum layer layer;
	const char *metric, *error_metric, *note;
	const char *region;
	bool no_requests;
	double warn, crit, limit;
	const char *seen[SEEN_MAX];    /* one of them is listed */
	const char *unless[DIMS_MAX];  /* not where these dimensions exist
					  with the same first value */
	struct part_row part[PARTS_MAX];
};

#define LATENCY(metric, scale) \
	{ CW_P99, CW_WANTED, metric, "p99", scale, false }, \
	{ CW_P95, CW_WANTED, metric, "p95", scale, false }, \
	{ CW_P50, CW_WANTED, metric, "p50", scale, false }, \
	{ CW_MEAN, CW_NICE, metric, "Average", scale, false }
#define COUNT(role, weight, metric) { role, weight, metric, "Sum", 1, true }

#define API(errors5, errors4) \
	COUNT(CW_REQUESTS, CW_NEEDED, "Count"), \
	COUNT(CW_ERRORS, CW_NEEDED, errors5), \
	COUNT(CW_4XX, CW_NICE, errors4), LATENCY("Latency", MS)

#define NO_RED .no_requests = true, \
	.note = "Container Insights counts no requests"

static const struct kind kinds[] = {
	{ .word = "alb", .space = "AWS/ApplicationELB",
	  .dim = { "LoadBalancer" }, .naming = NAME_BALANCER,
	  .layer = LAYER_EDGE, .metric = "TargetResponseTime",
	  .error_metric = "HTTPCode_Target_5XX_Count + "
			  "HTTPCode_ELB_5XX_Count",
	  .seen = { "RequestCount", "HTTPCode_ELB_5XX_Count",
		    "HTTPCode_Target_5XX_Count", "TargetResponseTime" },
	  .part = { COUNT(CW_REQUESTS, CW_NEEDED, "RequestCount"),
		    COUNT(CW_REQUESTS_MORE, CW_NEEDED,
			  "HTTPCode_ELB_503_Count"),
		    COUNT(CW_ERRORS, CW_NEEDED, "HTTPCode_Target_5XX_Count"),
		    COUNT(CW_ERRORS, CW_NEEDED, "HTTPCode_ELB_5XX_Count"),
		    COUNT(CW_4XX, CW_NICE, "HTTPCode_Target_4XX_Count"),
		    LATENCY("TargetResponseTime", 1) } },
	{ .word = "nlb", .space = "AWS/NetworkELB",
	  .dim = { "LoadBalancer" }, .naming = NAME_BALANCER,
	  .layer = LAYER_EDGE, .metric = "NewFlowCount",
	  .note = "a network load balancer measures flows, no latency",
	  .seen = { "NewFlowCount" },
	  .part = { COUNT(CW_REQUESTS, CW_NEEDED, "NewFlowCount") } },
	{ .word = "api", .space = "AWS/ApiGateway",
	  .dim = { "ApiName", "Stage" }, .order = { "ApiName", "Stage" },
	  .layer = LAYER_EDGE, .metric = "Latency",
	  .error_metric = "5XXError", .seen = { "Count", "Latency" },
	  .part = { API("5XXError", "4XXError") } },
	{ .word = "api", .space = "AWS/ApiGateway", .dim = { "ApiName" },
	  .layer = LAYER_EDGE, .metric = "Latency",
	  .error_metric = "5XXError", .seen = { "Count", "Latency" },
	  .unless = { "ApiName", "Stage" },
	  .part = { API("5XXError", "4XXError") } },
	{ .word = "api", .space = "AWS/ApiGateway",
	  .dim = { "ApiId", "Stage" }, .order = { "ApiId", "Stage" },
	  .layer = LAYER_EDGE, .metric = "Latency", .error_metric = "5xx",
	  .seen = { "Count", "Latency" }, .part = { API("5xx", "4xx") } },
	{ .word = "api", .space = "AWS/ApiGateway", .dim = { "ApiId" },
	  .layer = LAYER_EDGE, .metric = "Latency", .error_metric = "5xx",
	  .seen = { "Count", "Latency" }, .unless = { "ApiId", "Stage" },
	  .part = { API("5xx", "4xx") } },
	{ .word = "lambda", .space = "AWS/Lambda", .dim = { "FunctionName" },
	  .layer = LAYER_APP, .metric = "Duration", .error_metric = "Errors",
	  .seen = { "Invocations", "Errors", "Duration", "Throttles" },
	  .part = { COUNT(CW_REQUESTS, CW_NEEDED, "Invocations"),
		    COUNT(CW_ERRORS, CW_NEEDED, "Errors"),
		    LATENCY("Duration", MS) } },
	/* Its parts are those of each operation: add_operations(). */
	{ .word = "dynamodb", .space = "AWS/DynamoDB",
	  .dim = { "Operation", "TableName" }, .order = { "TableName" },
	  .naming = NAME_FIRST, .layer = LAYER_DEPENDENCY,
	  .metric = "SuccessfulRequestLatency",
	  .error_metric = "SystemErrors + ThrottledRequests",
	  .seen = { "SuccessfulRequestLatency", "ThrottledRequests",
		    "SystemErrors" } },
	{ .word = "cloudfront", .space = "AWS/CloudFront",
	  .dim = { "DistributionId", "Region" },
	  .order = { "DistributionId" }, .naming = NAME_FIRST,
	  .layer = LAYER_EDGE, .region = EAST, .metric = "Requests",
	  .error_metric = "5xxErrorRate",
	  .note = "CloudFront gives no latency without additional metrics",
	  .seen = { "Requests" },
	  .part = { COUNT(CW_REQUESTS, CW_NEEDED, "Requests"),
		    { CW_ERROR_PERCENT, CW_NEEDED, "5xxErrorRate", "Average",
		      PERCENT, false } } },
	{ .word = "ecs", .space = "AWS/ECS", .dim = { "DiscoveryName" },
	  .layer = LAYER_MESH, .metric = "TargetResponseTime",
	  .error_metric = "HTTPCode_Target_5XX_Count",
	  .seen = { "RequestCount" },
	  .part = { COUNT(CW_REQUESTS, CW_NEEDED, "RequestCount"),
		    COUNT(CW_ERRORS, CW_NEEDED, "HTTPCode_Target_5XX_Count"),
		    LATENCY("TargetResponseTime", MS) } },
	{ .word = "ecs", .space = "ECS/ContainerInsights",
	  .dim = { "ClusterName", "ServiceName" },
	  .order = { "ClusterName", "ServiceName" }, .layer = LAYER_APP,
	  .metric = "CpuUtilized", NO_RED, .seen = { "CpuUtilized" } },
	{ .word = "eks", .space = "ContainerInsights",
	  .dim = { "ClusterName", "Namespace", "Service" },
	  .order = { "ClusterName", "Namespace", "Service" },
	  .layer = LAYER_APP, .metric = "pod_cpu_utilization_over_pod_limit",
	  NO_RED, .seen = { "pod_cpu_utilization_over_pod_limit" } },

	/* Resources. Of the attempts, those that were throttled. */
	{ .space = "AWS/Lambda", .dim = { "FunctionName" },
	  .id = "lambda:%s:throttles", .metric = "Throttles",
	  .warn = 0.001, .crit = 0.05, .seen = { "Invocations", "Throttles" },
	  .part = { COUNT(CW_USED, CW_NICE, "Throttles"),
		    COUNT(CW_REQUESTS, CW_NICE, "Invocations") } },
	{ .space = "AWS/DynamoDB", .dim = { "TableName" },
	  .id = "dynamodb:%s:read", .metric = "ConsumedReadCapacityUnits",
	  .warn = 0.7, .crit = 0.85, .seen = { "ConsumedReadCapacityUnits" },
	  .part = { COUNT(CW_USED, CW_NICE, "ConsumedReadCapacityUnits"),
		    { CW_LIMIT, CW_NICE, "ProvisionedReadCapacityUnits",
		      "Average", 1, false } } },
	{ .space = "AWS/DynamoDB", .dim = { "TableName" },
	  .id = "dynamodb:%s:write", .metric = "ConsumedWriteCapacityUnits",
	  .warn = 0.7, .crit = 0.85, .seen = { "ConsumedReadCapacityUnits",
					       "ConsumedWriteCapacityUnits" },
	  .part = { COUNT(CW_USED, CW_NICE, "ConsumedWriteCapacityUnits"),
		    { CW_LIMIT, CW_NICE, "ProvisionedWriteCapacityUnits",
		      "Average", 1, false } } },
	{ .space = "ECS/ContainerInsights",
	  .dim = { "ClusterName", "ServiceName" },
	  .order = { "ClusterName", "ServiceName" }, .id = "ecs:%s:cpu",
	  .metric = "CpuUtilized", .warn = 0.75, .crit = 0.9,
	  .seen = { "CpuUtilized" },
	  .part = { { CW_USED, CW_NICE, "CpuUtilized", "Average", 1, false },
		    { CW_LIMIT, CW_NICE, "CpuReserved", "Average", 1,
		      false } } },
	{ .space = "ECS/ContainerInsights",
	  .dim = { "ClusterName", "ServiceName" },
	  .order = { "ClusterName", "ServiceName" }, .id = "ecs:%s:memory",
	  .metric = "MemoryUtilized", .warn = 0.75, .crit = 0.9,
	  .seen = { "CpuUtilized" },
	  .part = { { CW_USED, CW_NICE, "MemoryUtilized", "Average", 1,
		      false },
		    { CW_LIMIT, CW_NICE, "MemoryReserved", "Average", 1,
		      false } } },
	{ .space = "ContainerInsights",
	  .dim = { "ClusterName", "Namespace", "Service" },
	  .order = { "ClusterName", "Namespace", "Service" },
	  .id = "eks:%s:cpu", .metric = "pod_cpu_utilization_over_pod_limit",
	  .warn = 0.75, .crit = 0.9, .limit = 1,
	  .seen = { "pod_cpu_utilization_over_pod_limit" },
	  .part = { { CW_USED, CW_NICE, "pod_cpu_utilization_over_pod_limit",
		      "Average", PERCENT, false } } },
	{ .space = "ContainerInsights",
	  .dim = { "ClusterName", "Namespace", "Service" },
	  .order = { "ClusterName", "Namespace", "Service" },
	  .id = "eks:%s:memory",
	  .metric = "pod_memory_utilization_over_pod_limit",
	  .warn = 0.75, .crit = 0.9, .limit = 1,
	  .seen = { "pod_cpu_utilization_over_pod_limit" },
	  .part = { { CW_USED, CW_NICE,
		      "pod_memory_utilization_over_pod_limit", "Average",
		      PERCENT, false } } },
	{ .space = "AWS/RDS", .dim = { "DBInstanceIdentifier" },
	  .id = "rds:%s:cpu", .metric = "CPUUtilization", .warn = 0.7,
	  .crit = 0.85, .limit = 1, .seen = { "CPUUtilization" },
	  .part = { { CW_USED, CW_NICE, "CPUUtilization", "Average", PERCENT,
		      false } } },
	{ .space = "AWS/RDS", .dim = { "DBInstanceIdentifier" },
	  .id = "rds:%s:connections", .metric = "DatabaseConnections",
	  .seen = { "CPUUtilization", "DatabaseConnections" },
	  .part = { { CW_USED, CW_NICE, "DatabaseConnections", "Average", 1,
		      false } } },
	{ .space = "AWS/ElastiCache", .dim = { "CacheClusterId" },
	  .id = "elasticache:%s:cpu", .metric = "EngineCPUUtilization",
	  .warn = 0.7, .crit = 0.9, .limit = 1,
	  .seen = { "CPUUtilization", "EngineCPUUtilization" },
	  /* The later one wins where a cache has it: Redis is one thread. */
	  .part = { { CW_USED, CW_NICE, "CPUUtilization", "Average", PERCENT,
		      false },
		    { CW_USED, CW_NICE, "EngineCPUUtilization", "Average",
		      PERCENT, false } } },
	{ .space = "AWS/ElastiCache", .dim = { "CacheClusterId" },
	  .id = "elasticache:%s:memory",
	  .metric = "DatabaseMemoryUsagePercentage", .warn = 0.7,
	  .crit = 0.8, .limit = 1,
	  .seen = { "CPUUtilization", "EngineCPUUtilization" },
	  .part = { { CW_USED, CW_NICE, "DatabaseMemoryUsagePercentage",
		      "Average", PERCENT, false } } },
	{ .space = "AWS/DAX", .dim = { "ClusterId" }, .id = "dax:%s:cpu",
	  .metric = "CPUUtilization", .warn = 0.7, .crit = 0.9, .limit = 1,
	  .seen = { "CPUUtilization" },
	  .part = { { CW_USED, CW_NICE, "CPUUtilization", "Average", PERCENT,
		      false } } },
	{ .space = "AWS/SQS", .dim = { "QueueName" }, .id = "sqs:%s:age",
	  .metric = "ApproximateAgeOfOldestMessage",
	  .seen = { "ApproximateNumberOfMessagesVisible" },
	  .part = { { CW_USED, CW_NICE, "ApproximateAgeOfOldestMessage",
		      "Maximum", 1, false } } },
	{ .space = "AWS/SQS", .dim = { "QueueName" }, .id = "sqs:%s:depth",
	  .metric = "ApproximateNumberOfMessagesVisible",
	  .seen = { "ApproximateNumberOfMessagesVisible" },
	  .part = { { CW_USED, CW_NICE,
		      "ApproximateNumberOfMessagesVisible", "Maximum", 1,
		      false } } },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- matching -------------------------------------------------------------------- */

static size_t nr_dims(const char *const dim[DIMS_MAX])
{
	size_t n = 0;
	while (n < DIMS_MAX && dim[n])
		n++;
	return n;
}

static bool has_dims(const struct cw_metric *m,
		     const char *const dim[DIMS_MAX])
{
	size_t n = nr_dims(dim);
	if (m->nr != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(m->dim[i].name, dim[i]) != 0
		    || !*m->dim[i].value)
			return false;
	return true;
}

static bool fits(const struct kind *k, const struct cw_metric *m)
{
	bool seen = false;
	if (strcmp(m->space, k->space) != 0 || !has_dims(m, k->dim))
		return false;
	for (int i = 0; i < SEEN_MAX && k->seen[i]; i++)
		seen |= strcmp(m->name, k->seen[i]) == 0;
	return seen;
}

/* A stage's row stands for its API. */
static bool is_split(const struct kind *k, const struct cw_metric *m,
		     const struct cw_metrics *all)
{
	for (size_t i = 0; k->unless[0] && i < all->nr; i++)
		if (strcmp(all->metric[i].space, k->space) == 0
		    && has_dims(&all->metric[i], k->unless)
		    && strcmp(all->metric[i].dim[0].value,
			      m->dim[0].value) == 0)
			return true;
	return false;
}

/* ---- building --------------------------------------------------------------------- */

struct build {
	struct arena *a;
	const struct cw_metrics *m;
	struct cw_service *s;
	size_t nr;
	bool *used;              /* of each metric */
};

static const char *clean(const char *s, struct arena *a)
{
	struct buf b;
	buf_init(&b, LIMIT_LABEL_VALUE);
	text_clean(&b, s, strlen(s));
	s = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return s;
}

static const char *balancer_name(const char *value, struct arena *a)
{
	const char *from = strchr(value, '/'), *to;
	if (!from)
		return value;
	to = strchr(++from, '/');
	return to && to > from ? arena_strndup(a, from, (size_t)(to - from))
			       : from;
}

static const char *name_of(const struct kind *k, const struct cw_metric *m,
			   struct arena *a)
{
	const char *const *order = k->order[0] ? k->order : k->dim;
	struct buf b;
	if (k->naming == NAME_BALANCER)
		return balancer_name(m->dim[0].value, a);
	if (k->naming == NAME_FIRST)
		return cw_dimension(m, k->order[0]);
	buf_init(&b, LIMIT_LABEL_VALUE);
	for (size_t i = 0; i < nr_dims(order); i++)
		buf_printf(&b, "%s%s", i ? "/" : "",
			   cw_dimension(m, order[i]));
	const char *name = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return name;
}

static const char *id_of(const struct kind *k, const char *name,
			 struct arena *a)
{
	const char *at = strstr(k->id, "%s");
	return arena_printf(a, "%.*s%s%s", (int)(at - k->id), k->id, name,
			    at + 2);
}

/* "AWS/ApplicationELB" is "ApplicationELB" on the bill. */
static const char *short_space(const char *space)
{
	return strncmp(space, "AWS/", 4) == 0 ? space + 4 : space;
}

static struct cw_metric copy_metric(const struct cw_metric *m,
				    const char *name, struct arena *a)
{
	struct cw_dimension *d = arena_alloc(a, (m->nr + 1) * sizeof(*d));
	for (size_t i = 0; i < m->nr; i++)
		d[i] = (struct cw_dimension){
			arena_strdup(a, m->dim[i].name),
			arena_strdup(a, m->dim[i].value) };
	return (struct cw_metric){ arena_strdup(a, m->space), name, m->nr, d };
}

static struct cw_part part_of(const struct part_row *r,
			      const struct cw_metric *like)
{
	struct cw_part p = { r->role, r->weight, *like, r->stat,
			     r->per_second, r->scale };
	p.metric.name = r->metric;
	return p;
}

static void add_parts(struct build *b, struct cw_service *s,
		      const struct part_row *row, size_t max,
		      const struct cw_metric *m)
{
	struct cw_metric own = copy_metric(m, m->name, b->a);
	struct cw_part *p = arena_alloc(b->a, (s->nr + max) * sizeof(*p));
	if (s->nr)
		memcpy(p, s->part, s->nr * sizeof(*p));
	for (size_t i = 0; i < max && row[i].metric; i++)
		p[s->nr++] = part_of(&row[i], &own);
	s->part = p;
}

/* The first of a kind that a metric belongs to; `like` names it. */
static struct cw_service *add_service(struct build *b, const struct kind *k,
				      const struct cw_metric *like)
{
	struct cw_service *s = &b->s[b->nr++];
	const char *name = clean(name_of(k, like, b->a), b->a);
	*s = (struct cw_service){
		.name = k->id ? id_of(k, name, b->a)
			      : name,
		.resource = k->id != NULL, .layer = k->layer,
		.metric = arena_printf(b->a, "%s %s", k->space, k->metric),
		.error_metric = k->error_metric
				? arena_printf(b->a, "%s %s", k->space,
					       k->error_metric) : NULL,
		.note = k->note, .space = short_space(k->space),
		.region = k->region, .counts_errors = k->error_metric != NULL,
		.counts_requests = !k->id && !k->no_requests,
		.warn = k->warn, .crit = k->crit, .limit = k->limit,
	};
	s->key = k->id ? s->name
		       : arena_printf(b->a, "%s/%s", short_space(k->space),
				      k->naming == NAME_BALANCER
					      ? clean(like->dim[0].value, b->a)
					      : name);
	add_parts(b, s, k->part, PARTS_MAX, like);
	return s;
}

/* ---- tables of DynamoDB ------------------------------------------------------------ */

static const struct part_row operation[] = {
	{ CW_REQUESTS, CW_NEEDED, "SuccessfulRequestLatency", "SampleCount",
	  1, true },
	COUNT(CW_ERRORS_IN_TOTAL, CW_NEEDED, "SystemErrors"),
	COUNT(CW_ERRORS_IN_TOTAL, CW_NEEDED, "ThrottledRequests"),
};
static const struct part_row operation_latency[] = {
	LATENCY("SuccessfulRequestLatency", MS),
};
#define OPERATION (sizeof(operation) / sizeof(operation[0]))
#define OPERATION_LATENCY \
	(sizeof(operation_latency) / sizeof(operation_latency[0]))

static bool is_table(const struct kind *k)
{
	return strcmp(k->space, "AWS/DynamoDB") == 0 && !k->id;
}

/* Each operation once, whichever of its metrics is listed. */
static void add_operations(struct build *b, struct cw_service *s,
			   const struct kind *k, const char *table)
{
	const struct cw_metric *one = NULL;
	const char *known[64];
	size_t nr = 0;
	for (size_t i = 0; i < b->m->nr; i++) {
		const struct cw_metric *m = &b->m->metric[i];
		if (!fits(k, m)
		    || strcmp(cw_dimension(m, "TableName"), table) != 0)
			continue;
		const char *op = cw_dimension(m, "Operation");
		size_t at = 0;
		b->used[i] = true;
		while (at < nr && strcmp(known[at], op) != 0)
			at++;
		if (at < nr || nr == sizeof(known) / sizeof(known[0]))
			continue;
		known[nr++] = op;
		add_parts(b, s, operation, OPERATION, m);
		one = m;
	}
	if (nr == 1)
		add_parts(b, s, operation_latency, OPERATION_LATENCY, one);
	else
		s->note = "several operations: their percentiles cannot be "
			  "merged";
}

/* ---- all of it ---------------------------------------------------------------------- */

static bool is_same(const struct kind *k, const struct cw_metric *a,
		    const struct cw_metric *b)
{
	if (is_table(k))
		return strcmp(cw_dimension(a, "TableName"),
			      cw_dimension(b, "TableName")) == 0;
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->dim[i].value, b->dim[i].value) != 0)
			return false;
	return true;
}

static bool is_new(const struct kind *k, const struct cw_metric *m,
		   const struct cw_metric *const *of, size_t nr)
{
	/* Sorted by name, then dimensions: namesakes are few names apart. */
	for (size_t i = nr; i-- > 0;)
		if (is_same(k, of[i], m))
			return false;
	return true;
}

static bool find_kind(struct build *b, const struct kind *k)
{
	const struct cw_metric **of = mem_zero(b->m->nr + 1, sizeof(*of));
	size_t nr = 0;
	for (size_t i = 0; i < b->m->nr && b->nr < LIMIT_SERVICES; i++) {
		const struct cw_metric *m = &b->m->metric[i];
		if (!fits(k, m))
			continue;
		b->used[i] = true;
		if (is_split(k, m, b->m) || !is_new(k, m, of, nr))
			continue;
		of[nr++] = m;
		struct cw_service *s = add_service(b, k, m);
		if (is_table(k))
			add_operations(b, s, k, cw_dimension(m, "TableName"));
	}
	free(of);
	return nr > 0;
}

/* The kind that comes first in the table keeps a name that two have. */
static void part_namesakes(struct build *b, const size_t *kind_of)
{
	for (size_t i = 0; i < b->nr; i++)
		for (size_t k = 0; k < i && !b->s[i].resource; k++)
			if (strcmp(b->s[k].name, b->s[i].name) == 0) {
				b->s[i].name = arena_printf(
					b->a, "%s (%s)", b->s[i].name,
					kinds[kind_of[i]].word);
				break;
			}
}

struct cw_found cw_table_find(const struct cw_metrics *m, struct arena *a)
{
	struct build b = { .a = a, .m = m };
	struct cw_found f = { 0 };
	size_t *kind_of = mem_zero(LIMIT_SERVICES + 1, sizeof(*kind_of));
	b.s = arena_alloc(a, (LIMIT_SERVICES + 1) * sizeof(*b.s));
	b.used = mem_zero(m->nr + 1, sizeof(*b.used));
	for (size_t k = 0; k < KINDS; k++) {
		size_t first = b.nr;
		f.families += find_kind(&b, &kinds[k]) && !kinds[k].id;
		for (size_t i = first; i < b.nr; i++)
			kind_of[i] = k;
	}
	part_namesakes(&b, kind_of);
	for (size_t i = 0; i < m->nr; i++)
		f.unknown += !b.used[i];
	f.service = b.s;
	f.nr = b.nr;
	free(kind_of);
	free(b.used);
	return f;
}
