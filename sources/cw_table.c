/* A row of the table is a kind of service or resource; everything that was
 * listed under just its dimensions is one of that kind. Which statistics mean
 * anything stands in the tables of metrics at
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html */
#include "sources/cw_table.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define PARTS_MAX 12
#define DIMENSIONS_OF_ROW 3
#define FOUND_BY 3
/* Members of one service: operations of a table, of which AWS has sixteen. */
#define MEMBERS_MAX 32
#define CLASH_PASSES 3

/* ---- the table ------------------------------------------------------- */

enum only {
	ALWAYS,
	WHEN_ONE,    /* where the service has one member */
	WHEN_LISTED  /* where the metric exists: it costs extra, or needs a
			switch */
};

struct part_row {
	enum cw_role role;
	const char *metric, *stat;
	double scale; /* 0: 1 */
	enum only only;
};

enum kind {
	ALB, NLB, REST_STAGE, REST, HTTP_STAGE, HTTP, CLOUDFRONT, LAMBDA, ECS,
	EKS, TABLE,
	TABLE_READ, TABLE_WRITE, RDS_CPU, RDS_CONNECTIONS, RDS_QUEUE,
	CACHE_ENGINE, CACHE_CPU, CACHE_MEMORY, DAX_CPU, QUEUE_AGE, QUEUE_DEPTH,
	LAMBDA_THROTTLES, ALB_REJECTED, ECS_CPU, ECS_MEMORY, ECS_TASKS,
	EKS_CPU, EKS_MEMORY,
	KINDS
};

struct row {
	const char *word;       /* tells apart what has the same name */
	const char *space;
	/* Exactly these dimensions; the first `own` tell a service. */
	const char *dim[DIMENSIONS_OF_ROW];
	size_t own;             /* 0: all */
	const char *prefix;     /* of the first's value, or NULL */
	const char *must;       /* the last's value, or NULL */
	/* What it is found by, any of them; none: by any of its parts. */
	const char *by[FOUND_BY];
	enum kind unless;       /* that has the same first value; 0: none */
	/* %0, %1, %2: a dimension's value; %m: NAME of app/NAME/HASH. */
	const char *name;
	enum layer layer;
	enum cw_weight weight;  /* of a resource */
	double warn, crit, limit;
	const char *note;       /* where no percentile is asked */
	const char *region;
	struct part_row part[PARTS_MAX];
};

/* Of what a number is used for: see cw_table.h. */
#define BUSY .warn = 0.70, .crit = 0.85
#define FULL .warn = 0.75, .crit = 0.90
#define ANY .warn = CW_ANY, .crit = 0.05
#define PER_CENT 0.01, ALWAYS

#define TIMES(metric, scale, only)                                             \
	{ CW_P50, metric, "p50", scale, only },                                \
	{ CW_P95, metric, "p95", scale, only },                                \
	{ CW_P99, metric, "p99", scale, only },                                \
	{ CW_MEAN, metric, "Average", scale, only }

#define REST_PARTS                                                             \
	{ { CW_REQUESTS, "Count", "Sum", 1, ALWAYS },                          \
	  { CW_ERRORS, "5XXError", "Sum", 1, ALWAYS },                         \
	  { CW_4XX, "4XXError", "Sum", 1, ALWAYS },                            \
	  TIMES("Latency", 1e-3, ALWAYS) }
#define HTTP_PARTS                                                             \
	{ { CW_REQUESTS, "Count", "Sum", 1, ALWAYS },                          \
	  { CW_ERRORS, "5xx", "Sum", 1, ALWAYS },                              \
	  { CW_4XX, "4xx", "Sum", 1, ALWAYS },                                 \
	  TIMES("Latency", 1e-3, ALWAYS) }
#define CAPACITY(used, most)                                                   \
	{ { CW_USED, used, "Sum", 1, ALWAYS },                                 \
	  { CW_LIMIT, most, "Average", 1, WHEN_LISTED } }
#define SHARE(used, most)                                                      \
	{ { CW_USED, used, "Average", 1, ALWAYS },                             \
	  { CW_LIMIT, most, "Average", 1, ALWAYS } }
#define REFUSED(refused, done)                                                 \
	{ { CW_USED, refused, "Sum", 1, ALWAYS },                              \
	  { CW_REQUESTS, done, "Sum", 1, ALWAYS } }
#define ONE(metric, stat, ...) { { CW_USED, metric, stat, __VA_ARGS__ } }

#define INSIGHTS_NOTE "Container Insights counts no requests"
#define ECS_SPACE "ECS/ContainerInsights"
#define EKS_SPACE "ContainerInsights"
#define ECS_DIMENSIONS { "ClusterName", "ServiceName" }
#define EKS_DIMENSIONS { "ClusterName", "Namespace", "Service" }

/* Services first: at the ceiling resources are left out before them. */
static const struct row rows[KINDS] = {
	[ALB] = {
		.word = "alb", .space = "AWS/ApplicationELB",
		.dim = { "LoadBalancer" }, .prefix = "app/", .name = "%m",
		.layer = LAYER_EDGE,
		/* Requests that no target was chosen for are not in
		 * RequestCount; the balancer answers them with 503. */
		.part = {
			{ CW_REQUESTS, "RequestCount", "Sum", 1, ALWAYS },
			{ CW_REQUESTS_MORE, "HTTPCode_ELB_503_Count", "Sum",
			  1, ALWAYS },
			{ CW_ERRORS, "HTTPCode_Target_5XX_Count", "Sum", 1,
			  ALWAYS },
			{ CW_ERRORS, "HTTPCode_ELB_5XX_Count", "Sum", 1,
			  ALWAYS },
			{ CW_4XX, "HTTPCode_Target_4XX_Count", "Sum", 1,
			  ALWAYS },
			{ CW_4XX, "HTTPCode_ELB_4XX_Count", "Sum", 1, ALWAYS },
			TIMES("TargetResponseTime", 1, ALWAYS),
		},
	},
	[NLB] = {
		.word = "nlb", .space = "AWS/NetworkELB",
		.dim = { "LoadBalancer" }, .prefix = "net/", .name = "%m",
		.layer = LAYER_EDGE,
		.note = "a network load balancer counts connections and times "
			"none",
		.part = { { CW_REQUESTS, "NewFlowCount", "Sum", 1, ALWAYS } },
	},
	[REST_STAGE] = {
		.word = "api", .space = "AWS/ApiGateway",
		.dim = { "ApiName", "Stage" }, .name = "%0/%1",
		.layer = LAYER_EDGE, .part = REST_PARTS,
	},
	[REST] = {
		.word = "api", .space = "AWS/ApiGateway", .dim = { "ApiName" },
		.unless = REST_STAGE, .name = "%0", .layer = LAYER_EDGE,
		.part = REST_PARTS,
	},
	[HTTP_STAGE] = {
		.word = "http api", .space = "AWS/ApiGateway",
		.dim = { "ApiId", "Stage" }, .name = "%0/%1",
		.layer = LAYER_EDGE, .part = HTTP_PARTS,
	},
	[HTTP] = {
		.word = "http api", .space = "AWS/ApiGateway",
		.dim = { "ApiId" }, .unless = HTTP_STAGE, .name = "%0",
		.layer = LAYER_EDGE, .part = HTTP_PARTS,
	},
	[CLOUDFRONT] = {
		.word = "cloudfront", .space = "AWS/CloudFront",
		.dim = { "DistributionId", "Region" }, .own = 1,
		.must = "Global", .name = "%0", .layer = LAYER_EDGE,
		.region = "us-east-1",
		.note = "no percentiles: switch on the distribution's "
			"additional metrics",
		.part = {
			{ CW_REQUESTS, "Requests", "Sum", 1, ALWAYS },
			{ CW_ERROR_PERCENT, "5xxErrorRate", "Average", 1,
			  ALWAYS },
			{ CW_P50, "OriginLatency", "p50", 1e-3, WHEN_LISTED },
			{ CW_P95, "OriginLatency", "p95", 1e-3, WHEN_LISTED },
			{ CW_P99, "OriginLatency", "p99", 1e-3, WHEN_LISTED },
		},
	},
	[LAMBDA] = {
		.word = "lambda", .space = "AWS/Lambda",
		.dim = { "FunctionName" }, .name = "%0", .layer = LAYER_APP,
		.part = {
			{ CW_REQUESTS, "Invocations", "Sum", 1, ALWAYS },
			{ CW_ERRORS, "Errors", "Sum", 1, ALWAYS },
			TIMES("Duration", 1e-3, ALWAYS),
		},
	},
	[ECS] = {
		.word = "ecs", .space = ECS_SPACE, .dim = ECS_DIMENSIONS,
		/* Without a reservation a task has no CpuUtilized. */
		.by = { "RunningTaskCount", "CpuUtilized" }, .name = "%0/%1",
		.layer = LAYER_APP, .note = INSIGHTS_NOTE,
	},
	[EKS] = {
		.word = "eks", .space = EKS_SPACE, .dim = EKS_DIMENSIONS,
		/* A pod that has no limit of the one may have the other. */
		.by = { "service_number_of_running_pods",
			"pod_cpu_utilization_over_pod_limit",
			"pod_memory_utilization_over_pod_limit" },
		.name = "%0/%1/%2", .layer = LAYER_APP, .note = INSIGHTS_NOTE,
	},
	[TABLE] = {
		.word = "dynamodb", .space = "AWS/DynamoDB",
		.dim = { "TableName", "Operation" }, .own = 1, .name = "%0",
		.layer = LAYER_DEPENDENCY,
		.note = "several operations: percentiles cannot be merged",
		/* Its latency has a sample for each request that succeeded. */
		.part = {
			{ CW_REQUESTS, "SuccessfulRequestLatency",
			  "SampleCount", 1, ALWAYS },
			{ CW_ERRORS_IN_TOTAL, "SystemErrors", "Sum", 1,
			  ALWAYS },
			{ CW_ERRORS_IN_TOTAL, "ThrottledRequests", "Sum", 1,
			  ALWAYS },
			TIMES("SuccessfulRequestLatency", 1e-3, WHEN_ONE),
		},
	},
	[TABLE_READ] = {
		.word = "read", .space = "AWS/DynamoDB",
		.dim = { "TableName" }, .by = { "ConsumedReadCapacityUnits" },
		.name = "dynamodb:%0:read", .layer = LAYER_DEPENDENCY,
		.weight = CW_WANTED, BUSY,
		.part = CAPACITY("ConsumedReadCapacityUnits",
				 "ProvisionedReadCapacityUnits"),
	},
	[TABLE_WRITE] = {
		.word = "write", .space = "AWS/DynamoDB",
		.dim = { "TableName" }, .by = { "ConsumedWriteCapacityUnits" },
		.name = "dynamodb:%0:write", .layer = LAYER_DEPENDENCY,
		.weight = CW_WANTED, BUSY,
		.part = CAPACITY("ConsumedWriteCapacityUnits",
				 "ProvisionedWriteCapacityUnits"),
	},
	[RDS_CPU] = {
		.word = "cpu", .space = "AWS/RDS",
		.dim = { "DBInstanceIdentifier" }, .by = { "CPUUtilization" },
		.name = "rds:%0:cpu", .layer = LAYER_DEPENDENCY,
		.weight = CW_WANTED, BUSY, .limit = 1,
		.part = ONE("CPUUtilization", "Average", PER_CENT),
	},
	[RDS_CONNECTIONS] = {
		.word = "connections", .space = "AWS/RDS",
		.dim = { "DBInstanceIdentifier" }, .by = { "CPUUtilization" },
		.name = "rds:%0:connections", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE,
		.part = ONE("DatabaseConnections", "Average", 1, ALWAYS),
	},
	[RDS_QUEUE] = {
		.word = "disk-queue", .space = "AWS/RDS",
		.dim = { "DBInstanceIdentifier" }, .by = { "CPUUtilization" },
		.name = "rds:%0:disk-queue", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE,
		.part = ONE("DiskQueueDepth", "Average", 1, ALWAYS),
	},
	/* A Redis runs on one core: the machine's CPU hides that it is full. */
	[CACHE_ENGINE] = {
		.word = "cpu", .space = "AWS/ElastiCache",
		.dim = { "CacheClusterId" }, .name = "elasticache:%0:cpu",
		.layer = LAYER_DEPENDENCY, .weight = CW_NICE, BUSY,
		.limit = 1,
		.part = ONE("EngineCPUUtilization", "Average", PER_CENT),
	},
	[CACHE_CPU] = {
		.word = "cpu", .space = "AWS/ElastiCache",
		.dim = { "CacheClusterId" }, .unless = CACHE_ENGINE,
		.name = "elasticache:%0:cpu", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE, BUSY, .limit = 1,
		.part = ONE("CPUUtilization", "Average", PER_CENT),
	},
	[CACHE_MEMORY] = {
		.word = "memory", .space = "AWS/ElastiCache",
		.dim = { "CacheClusterId" }, .by = { "EngineCPUUtilization" },
		.name = "elasticache:%0:memory", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE, FULL, .limit = 1,
		.part = ONE("DatabaseMemoryUsagePercentage", "Average",
			    PER_CENT),
	},
	[DAX_CPU] = {
		.word = "cpu", .space = "AWS/DAX", .dim = { "ClusterId" },
		.name = "dax:%0:cpu", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE, BUSY, .limit = 1,
		.part = ONE("CPUUtilization", "Average", PER_CENT),
	},
	[QUEUE_AGE] = {
		.word = "age", .space = "AWS/SQS", .dim = { "QueueName" },
		.by = { "ApproximateNumberOfMessagesVisible" },
		.name = "sqs:%0:age", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE,
		.part = ONE("ApproximateAgeOfOldestMessage", "Maximum", 1,
			    ALWAYS),
	},
	[QUEUE_DEPTH] = {
		.word = "depth", .space = "AWS/SQS", .dim = { "QueueName" },
		.name = "sqs:%0:depth", .layer = LAYER_DEPENDENCY,
		.weight = CW_NICE,
		.part = ONE("ApproximateNumberOfMessagesVisible", "Maximum",
			    1, ALWAYS),
	},
	[LAMBDA_THROTTLES] = {
		.word = "throttles", .space = "AWS/Lambda",
		.dim = { "FunctionName" }, .by = { "Invocations" },
		.name = "lambda:%0:throttles", .layer = LAYER_APP,
		.weight = CW_NICE, ANY,
		.part = REFUSED("Throttles", "Invocations"),
	},
	[ALB_REJECTED] = {
		.word = "rejected", .space = "AWS/ApplicationELB",
		.dim = { "LoadBalancer" }, .prefix = "app/",
		.name = "alb:%m:rejected", .layer = LAYER_EDGE,
		.by = { "RejectedConnectionCount" }, .weight = CW_NICE, ANY,
		.part = REFUSED("RejectedConnectionCount",
				"NewConnectionCount"),
	},
	[ECS_CPU] = {
		.word = "cpu", .space = ECS_SPACE, .dim = ECS_DIMENSIONS,
		.by = { "CpuUtilized" }, .name = "ecs:%0/%1:cpu",
		.layer = LAYER_APP, .weight = CW_NICE, BUSY,
		.part = SHARE("CpuUtilized", "CpuReserved"),
	},
	[ECS_MEMORY] = {
		.word = "memory", .space = ECS_SPACE, .dim = ECS_DIMENSIONS,
		.by = { "CpuUtilized" }, .name = "ecs:%0/%1:memory",
		.layer = LAYER_APP, .weight = CW_NICE, FULL,
		.part = SHARE("MemoryUtilized", "MemoryReserved"),
	},
	/* What is missing of them: at none running nothing else is a ratio. */
	[ECS_TASKS] = {
		.word = "tasks-missing", .space = ECS_SPACE,
		.dim = ECS_DIMENSIONS, .by = { "RunningTaskCount" },
		.name = "ecs:%0/%1:tasks-missing", .layer = LAYER_APP,
		.weight = CW_NICE, .crit = CW_ANY,
		.part = {
			{ CW_USED, "DesiredTaskCount", "Average", 1, ALWAYS },
			{ CW_USED, "RunningTaskCount", "Average", -1, ALWAYS },
			{ CW_LIMIT, "DesiredTaskCount", "Average", 1,
			  ALWAYS },
		},
	},
	[EKS_CPU] = {
		.word = "cpu", .space = EKS_SPACE, .dim = EKS_DIMENSIONS,
		.name = "eks:%0/%1/%2:cpu", .layer = LAYER_APP,
		.weight = CW_NICE, BUSY, .limit = 1,
		.part = ONE("pod_cpu_utilization_over_pod_limit", "Average",
			    PER_CENT),
	},
	[EKS_MEMORY] = {
		.word = "memory", .space = EKS_SPACE, .dim = EKS_DIMENSIONS,
		.name = "eks:%0/%1/%2:memory", .layer = LAYER_APP,
		.weight = CW_NICE, FULL, .limit = 1,
		.part = ONE("pod_memory_utilization_over_pod_limit",
			    "Average", PER_CENT),
	},
};

/* One metric stands for all of its service, so that a page of 500 holds many
 * services; errors alone are listed apart only where they come without it.
 * A role may not see another region; in its own there is one permission for
 * all, so that one list that fails is a list that is missing. */
static const struct cw_ask asks[] = {
	{ { "AWS/ApplicationELB", "RequestCount", "LoadBalancer" },
	  NULL, true },
	{ { "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer" },
	  NULL, true },
	{ { "AWS/ApiGateway", "Count", NULL }, NULL, true },
	{ { "AWS/Lambda", "Invocations", "FunctionName" }, NULL, true },
	/* All of it: an operation may have nothing but throttled requests, and
	 * what is provisioned is asked only where anything is. */
	{ { "AWS/DynamoDB", NULL, "TableName" }, NULL, true },
	{ { "AWS/NetworkELB", "NewFlowCount", "LoadBalancer" }, NULL, true },
	{ { "AWS/CloudFront", NULL, "DistributionId" }, "us-east-1", false },
	{ { ECS_SPACE, "RunningTaskCount", "ServiceName" }, NULL, true },
	{ { ECS_SPACE, "CpuUtilized", "ServiceName" }, NULL, true },
	{ { EKS_SPACE, NULL, "Service" }, NULL, true },
	{ { "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier" },
	  NULL, true },
	{ { "AWS/ElastiCache", "EngineCPUUtilization", "CacheClusterId" },
	  NULL, true },
	{ { "AWS/ElastiCache", "CPUUtilization", "CacheClusterId" },
	  NULL, true },
	{ { "AWS/DAX", "CPUUtilization", "ClusterId" }, NULL, true },
	{ { "AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName" },
	  NULL, true },
	{ { "AWS/ApplicationELB", "RejectedConnectionCount", "LoadBalancer" },
	  NULL, true },
};

bool cw_table_ask(size_t i, struct cw_ask *out)
{
	if (i >= COUNT(asks))
		return false;
	*out = asks[i];
	return true;
}

/* ---- what was listed, by row ----------------------------------------- */

static size_t dimensions_of(const struct row *r)
{
	size_t nr = 0;
	while (nr < DIMENSIONS_OF_ROW && r->dim[nr])
		nr++;
	return nr;
}

static size_t own_of(const struct row *r)
{
	return r->own ? r->own : dimensions_of(r);
}

static bool has_dimensions(const struct row *r, const struct cw_metric *m)
{
	size_t nr = dimensions_of(r);
	if (m->nr != nr)
		return false;
	for (size_t i = 0; i < nr; i++) {
		const char *v = cw_dimension(m, r->dim[i]);
		if (!v || !*v)
			return false;
	}
	const char *first = cw_dimension(m, r->dim[0]);
	const char *last = cw_dimension(m, r->dim[nr - 1]);
	if (r->prefix && strncmp(first, r->prefix, strlen(r->prefix)) != 0)
		return false;
	return !r->must || strcmp(last, r->must) == 0;
}

static bool has_part(const struct row *r, const char *metric)
{
	for (size_t i = 0; i < PARTS_MAX && r->part[i].metric; i++)
		if (strcmp(r->part[i].metric, metric) == 0)
			return true;
	return false;
}

static bool is_by(const struct row *r, const char *metric)
{
	for (size_t i = 0; i < FOUND_BY && r->by[i]; i++)
		if (strcmp(r->by[i], metric) == 0)
			return true;
	return false;
}

/* Something that was listed, and the row that it is of. */
struct hit {
	enum kind kind;
	const char *value[DIMENSIONS_OF_ROW];
	const struct cw_metric *metric;
};

struct hits {
	struct hit *hit;
	size_t nr, cap;
};

static void add_hit(struct hits *h, enum kind k, const struct cw_metric *m)
{
	MEM_ROOM(h->hit, h->nr, h->cap);
	struct hit *x = &h->hit[h->nr++];
	*x = (struct hit){ .kind = k, .metric = m };
	for (size_t i = 0; i < dimensions_of(&rows[k]); i++)
		x->value[i] = cw_dimension(m, rows[k].dim[i]);
}

/* False: no row wants it. */
static bool find_rows(struct hits *h, const struct cw_metric *m)
{
	bool wanted = false;
	for (int k = 0; k < KINDS; k++) {
		const struct row *r = &rows[k];
		if (strcmp(m->space, r->space) != 0 || !has_dimensions(r, m))
			continue;
		bool part = has_part(r, m->name);
		bool found = r->by[0] ? is_by(r, m->name) : part;
		if (found)
			add_hit(h, (enum kind)k, m);
		wanted |= part || found;
	}
	return wanted;
}

static int compare_values(const struct hit *a, const struct hit *b, size_t nr)
{
	int c = 0;
	for (size_t i = 0; i < nr && c == 0; i++)
		c = strcmp(a->value[i], b->value[i]);
	return c;
}

static int compare_hits(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return compare_values(x, y, dimensions_of(&rows[x->kind]));
}

/* A service is once there, by however many of its metrics it was found. */
static void sort_hits(struct hits *h)
{
	size_t kept = 0;
	if (h->nr)
		qsort(h->hit, h->nr, sizeof(*h->hit), compare_hits);
	for (size_t i = 0; i < h->nr; i++)
		if (i == 0 || compare_hits(&h->hit[kept - 1], &h->hit[i]) != 0)
			h->hit[kept++] = h->hit[i];
	h->nr = kept;
}

/* Whether a row has something with this first value. */
static bool has_first(const struct hits *h, enum kind k, const char *value)
{
	size_t lo = 0, hi = h->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct hit *x = &h->hit[mid];
		int c = x->kind != k ? (x->kind < k ? -1 : 1)
				     : strcmp(x->value[0], value);
		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* ---- a service of its members ---------------------------------------- */

static void put_middle(struct buf *out, const char *value)
{
	const char *slash = strchr(value, '/');
	const char *name = slash && slash[1] ? slash + 1 : value;
	size_t n = strcspn(name, "/");
	if (n)
		buf_add(out, name, n);
	else
		buf_str(out, value);
}

/* Values are asked for as they came, and shown clean. */
static char *clean(const struct buf *b, struct arena *a)
{
	struct buf out;
	buf_init(&out, 0);
	text_clean(&out, buf_text(b), b->len);
	char *text = arena_strdup(a, buf_text(&out));
	buf_release(&out);
	return text;
}

static char *name_of(const struct hit *h, struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	for (const char *s = rows[h->kind].name; *s; s++) {
		if (*s != '%')
			buf_char(&b, *s);
		else if (*++s == 'm')
			put_middle(&b, h->value[0]);
		else
			buf_str(&b, h->value[*s - '0']);
	}
	char *name = clean(&b, a);
	buf_release(&b);
	return name;
}

/* A comma in a value must not read as the next dimension, nor a backslash as
 * what makes a text clean. */
static void put_value(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == ',' || *s == '%' || *s == '\\')
			buf_printf(out, "%%%02X", (unsigned)*s);
		else
			buf_char(out, *s);
	}
}

/* "AWS/DynamoDB TableName=cart", of a resource with its word. */
static char *key_of(const struct hit *h, bool resource, struct arena *a)
{
	const struct row *r = &rows[h->kind];
	struct buf b;
	buf_init(&b, 0);
	buf_printf(&b, "%s ", r->space);
	for (size_t i = 0; i < own_of(r); i++) {
		buf_printf(&b, "%s%s=", i ? "," : "", r->dim[i]);
		put_value(&b, h->value[i]);
	}
	if (resource)
		buf_printf(&b, " %s", r->word);
	char *key = clean(&b, a);
	buf_release(&b);
	return key;
}

static bool is_error(enum cw_role role)
{
	return role == CW_ERRORS || role == CW_ERRORS_IN_TOTAL
	       || role == CW_ERROR_PERCENT;
}

static bool is_percentile(enum cw_role role)
{
	return role >= CW_P50 && role <= CW_P99;
}

static bool is_resource(enum kind k)
{
	return k >= TABLE_READ;
}

static enum cw_weight weight_of(enum kind k, enum cw_role role)
{
	if (is_resource(k))
		return rows[k].weight;
	return role == CW_P99 ? CW_WANTED
	       : role >= CW_4XX ? CW_NICE : CW_NEEDED;
}

static char *error_metric(const struct row *r, struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < PARTS_MAX && r->part[i].metric; i++) {
		if (!is_error(r->part[i].role))
			continue;
		if (b.len)
			buf_str(&b, " + ");
		else
			buf_printf(&b, "%s ", r->space);
		buf_str(&b, r->part[i].metric);
	}
	char *text = b.len ? arena_strdup(a, b.s) : NULL;
	buf_release(&b);
	return text;
}

static int compare_to_key(const void *key, const void *metric)
{
	return cw_metric_compare(key, metric);
}

static bool is_listed(const struct cw_metrics *all, const struct cw_metric *m)
{
	return bsearch(m, all->metric, all->nr, sizeof(*m), compare_to_key);
}

/* What lives as long as the arena. */
static struct cw_metric own_metric(const struct hit *h, struct arena *a)
{
	const struct cw_metric *m = h->metric;
	struct cw_dimension *dim = arena_alloc(a, m->nr * sizeof(*dim));
	for (size_t i = 0; i < m->nr; i++)
		dim[i] = (struct cw_dimension){
			arena_strdup(a, m->dim[i].name),
			arena_strdup(a, m->dim[i].value),
		};
	return (struct cw_metric){ .space = rows[h->kind].space, .nr = m->nr,
				   .dim = dim };
}

static bool is_count(const char *stat)
{
	return strcmp(stat, "Sum") == 0 || strcmp(stat, "SampleCount") == 0;
}

struct finder {
	const struct cw_metrics *all;
	struct arena *arena;
	struct hits hits;
	struct cw_service *service;
	size_t nr;
};

/* The parts of one member, behind those of the members before. */
static size_t add_parts(struct finder *f, const struct hit *h, bool one,
			struct cw_part *part, size_t nr)
{
	const struct row *r = &rows[h->kind];
	struct cw_metric m = own_metric(h, f->arena);
	for (size_t i = 0; i < PARTS_MAX && r->part[i].metric; i++) {
		const struct part_row *p = &r->part[i];
		m.name = p->metric;
		if ((p->only == WHEN_ONE && !one)
		    || (p->only == WHEN_LISTED && !is_listed(f->all, &m)))
			continue;
		part[nr++] = (struct cw_part){
			.role = p->role, .weight = weight_of(h->kind, p->role),
			.metric = m, .stat = p->stat,
			.per_second = is_count(p->stat), .scale = p->scale,
		};
	}
	return nr;
}

static const struct cw_part *first_percentile(const struct cw_service *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (is_percentile(s->part[i].role))
			return &s->part[i];
	return NULL;
}

static const char *space_of(const struct row *r)
{
	return strncmp(r->space, "AWS/", 4) == 0 ? r->space + 4 : r->space;
}

/* h[0..nr) are its members. */
static void add_service(struct finder *f, const struct hit *h, size_t nr)
{
	const struct row *r = &rows[h->kind];
	struct arena *a = f->arena;
	bool resource = is_resource(h->kind);
	size_t members = nr < MEMBERS_MAX ? nr : MEMBERS_MAX, parts = 0;
	struct cw_part *part = arena_alloc(a, (members * PARTS_MAX + 1)
						      * sizeof(*part));
	for (size_t i = 0; i < members; i++)
		parts = add_parts(f, &h[i], nr == 1, part, parts);
	struct cw_service *s = &f->service[f->nr++];
	*s = (struct cw_service){
		.name = name_of(h, a), .key = key_of(h, resource, a),
		.resource = resource, .layer = r->layer,
		.error_metric = error_metric(r, a), .space = space_of(r),
		.region = r->region, .warn = r->warn, .crit = r->crit,
		.limit = r->limit, .nr = parts, .part = part,
	};
	for (size_t i = 0; i < parts; i++) {
		s->counts_requests |= part[i].role == CW_REQUESTS && !resource;
		s->counts_errors |= is_error(part[i].role);
	}
	const struct cw_part *p = first_percentile(s);
	s->note = p ? NULL : r->note;
	s->metric = arena_printf(a, "%s %s", r->space,
				 p ? p->metric.name : parts
				 ? part[0].metric.name : r->by[0]);
}

/* ---- names that are not twice there ---------------------------------- */

struct named {
	struct cw_service *service;
	enum kind kind;
};

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->service->name, y->service->name);
	bool app = x->service->layer == LAYER_APP;
	if (c == 0 && app != (y->service->layer == LAYER_APP))
		return app ? -1 : 1;
	return c ? c : strcmp(x->service->key, y->service->key);
}

/* The application keeps the plain name, the others are told apart by what they
 * are; of one kind, and in the end, by their keys. False: there is nothing to
 * do. */
static bool tell_apart(struct named *n, size_t nr, int pass, struct arena *a)
{
	bool any = false;
	const struct named *plain = NULL;
	const char *name = "";
	if (nr)
		qsort(n, nr, sizeof(*n), compare_named);
	for (size_t i = 0; i < nr; i++) {
		struct cw_service *s = n[i].service;
		if (!plain || strcmp(name, s->name) != 0) {
			plain = &n[i];
			name = s->name;
			continue;
		}
		bool by_key = pass || plain->kind == n[i].kind;
		s->name = arena_printf(a, "%s (%s)", s->name,
				       by_key ? s->key : rows[n[i].kind].word);
		any = true;
	}
	return any;
}

static void name_all(struct named *n, size_t nr, struct arena *a)
{
	for (int pass = 0; pass < CLASH_PASSES; pass++)
		if (!tell_apart(n, nr, pass, a))
			return;
}

/* ---- finding --------------------------------------------------------- */

/* Hits of the same service from i on. */
static size_t members_of(const struct hits *h, size_t i)
{
	size_t nr = 1, own = own_of(&rows[h->hit[i].kind]);
	while (i + nr < h->nr && h->hit[i + nr].kind == h->hit[i].kind
	       && compare_values(&h->hit[i], &h->hit[i + nr], own) == 0)
		nr++;
	return nr;
}

static bool is_replaced(const struct hits *h, const struct hit *x)
{
	enum kind by = rows[x->kind].unless;
	return by && has_first(h, by, x->value[0]);
}

static size_t count_services(const struct hits *h)
{
	size_t nr = 0;
	for (size_t i = 0; i < h->nr; i += members_of(h, i))
		nr++;
	return nr < LIMIT_SERVICES ? nr : LIMIT_SERVICES;
}

struct cw_found cw_table_find(const struct cw_metrics *m, struct arena *a)
{
	struct finder f = { .all = m, .arena = a };
	struct cw_found out = { 0 };
	bool seen[KINDS] = { 0 };
	for (size_t i = 0; i < m->nr; i++)
		out.unknown += !find_rows(&f.hits, &m->metric[i]);
	sort_hits(&f.hits);
	size_t most = count_services(&f.hits), nr;
	f.service = arena_alloc(a, (most + 1) * sizeof(*f.service));
	struct named *named = mem_zero(most, sizeof(*named));
	for (size_t i = 0; i < f.hits.nr; i += nr) {
		const struct hit *h = &f.hits.hit[i];
		nr = members_of(&f.hits, i);
		if (is_replaced(&f.hits, h))
			continue;
		if (f.nr == most) {
			out.dropped++;
			continue;
		}
		named[f.nr] = (struct named){ &f.service[f.nr], h->kind };
		add_service(&f, h, nr);
		out.dropped += nr > MEMBERS_MAX ? nr - MEMBERS_MAX : 0;
		out.families += !seen[h->kind];
		seen[h->kind] = true;
	}
	name_all(named, f.nr, a);
	free(named);
	free(f.hits.hit);
	out.nr = f.nr;
	out.service = f.service;
	return out;
}
