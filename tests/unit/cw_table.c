/* What is asked of CloudWatch, what it is taken for, and the arithmetic. */
#include "sources/cw_table.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define NONE ((double)NAN)
#define MINUTE ((time_ms)60000)
#define LB "AWS/ApplicationELB"
#define GATEWAY "AWS/ApiGateway"
#define SHOP "LoadBalancer=app/shop-alb/50dc6c495c0c9188"

/* "Space Metric Name=value,Name=value": what ListMetrics would say. */
static void list(struct cw_metrics *m, const char *text)
{
	struct cw_dimension dim[40];
	struct cw_metric x = { .dim = dim };
	char *s = arena_strdup(&m->arena, text), *save = NULL;
	x.space = strtok_r(s, " ", &save);
	x.name = strtok_r(NULL, " ", &save);
	for (char *w; (w = strtok_r(NULL, ",", &save));) {
		char *eq = strchr(w, '=');
		*eq = '\0';
		dim[x.nr++] = (struct cw_dimension){ w, eq + 1 };
	}
	struct cw_dimension *own =
		arena_alloc(&m->arena, (x.nr + 1) * sizeof(*own));
	memcpy(own, dim, x.nr * sizeof(*own));
	x.dim = own;
	MEM_ROOM(m->metric, m->nr, m->cap);
	m->metric[m->nr++] = x;
}

struct account {
	struct cw_metrics metrics;
	struct arena arena;
	struct cw_found found;
};

static void account_open(struct account *a)
{
	cw_metrics_init(&a->metrics);
	arena_init(&a->arena, 0);
}

static void account_find(struct account *a)
{
	cw_metrics_sort(&a->metrics);
	a->found = cw_table_find(&a->metrics, &a->arena);
}

static void account_new(struct account *a, const char *const *text)
{
	account_open(a);
	for (; *text; text++)
		list(&a->metrics, *text);
	account_find(a);
}

static void account_free(struct account *a)
{
	cw_metrics_release(&a->metrics);
	arena_release(&a->arena);
}

#define ACCOUNT(a, ...)                                                        \
	account_new(a, (const char *const[]){ __VA_ARGS__, NULL })

static const struct cw_service *get(const struct account *a, const char *name)
{
	for (size_t i = 0; i < a->found.nr; i++)
		if (strcmp(a->found.service[i].name, name) == 0)
			return &a->found.service[i];
	for (size_t i = 0; i < a->found.nr; i++)
		print_error("there is %s\n", a->found.service[i].name);
	fail_msg("there is no %s", name);
	return NULL;
}

/* What a part reads: metric, statistic, value. */
struct point {
	const char *metric, *stat;
	double v;
};

/* Points that no part wants fail, so that a wrong name cannot pass. */
static struct cw_red red(const struct cw_service *s, time_ms period,
			 const struct point *p, size_t nr)
{
	double *value = mem_alloc((s->nr + 1) * sizeof(*value));
	struct cw_red out;
	size_t used = 0;
	for (size_t i = 0; i < s->nr; i++) {
		value[i] = NAN;
		for (size_t k = 0; k < nr; k++) {
			if (strcmp(s->part[i].metric.name, p[k].metric) != 0
			    || strcmp(s->part[i].stat, p[k].stat) != 0)
				continue;
			value[i] = p[k].v;
			used |= (size_t)1 << k;
		}
	}
	assert_int_equal(used, ((size_t)1 << nr) - 1);
	cw_table_red(s, value, period, &out);
	free(value);
	return out;
}

#define RED(s, ...)                                                            \
	red(s, MINUTE, (const struct point[]){ __VA_ARGS__ },                  \
	    COUNT(((const struct point[]){ __VA_ARGS__ })))
/* A period in which nothing was told. */
#define SILENCE(s) red(s, MINUTE, NULL, 0)

static void near(double got, double expected)
{
	if (isnan(expected) ? isnan(got)
			    : fabs(got - expected)
				      <= 1e-12 * fmax(1, fabs(expected)))
		return;
	fail_msg("%g is not %g", got, expected);
}

static void is_rate(struct cw_red r, double total, double errors)
{
	near(r.total, total);
	near(r.errors, errors);
	assert_int_equal(r.any, !isnan(total));
}

/* ---- load balancers -------------------------------------------------- */

static void balancer(struct account *a)
{
	ACCOUNT(a, LB " RequestCount " SHOP);
}

static void errors_of_the_balancer_itself_are_left_out(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	const struct cw_service *s = get(&a, "shop-alb");
	is_rate(RED(s, { "RequestCount", "Sum", 1200 },
		    { "HTTPCode_Target_5XX_Count", "Sum", 60 },
		    { "HTTPCode_ELB_5XX_Count", "Sum", 30 },
		    { "HTTPCode_ELB_503_Count", "Sum", 20 }),
		1220 / 60., 90 / 60.);
	assert_string_equal(s->error_metric, LB " HTTPCode_Target_5XX_Count + "
			    "HTTPCode_ELB_5XX_Count");
	assert_true(s->counts_errors && s->counts_requests && !s->resource);
	account_free(&a);
}

static void more_errors_than_requests_exceed_one(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	is_rate(RED(get(&a, "shop-alb"), { "RequestCount", "Sum", 60 },
		    { "HTTPCode_ELB_5XX_Count", "Sum", 600 }), 10, 10);
	account_free(&a);
}

static void an_outage_reads_as_no_traffic(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	const struct cw_service *s = get(&a, "shop-alb");
	is_rate(RED(s, { "HTTPCode_ELB_5XX_Count", "Sum", 300 }), 5, 5);
	is_rate(RED(s, { "HTTPCode_ELB_5XX_Count", "Sum", 300 },
		    { "HTTPCode_ELB_503_Count", "Sum", 240 }), 5, 5);
	is_rate(RED(s, { "HTTPCode_ELB_503_Count", "Sum", 240 }), 4, 4);
	account_free(&a);
}

static void a_balancer_that_only_fails_is_not_found(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, LB " HTTPCode_ELB_5XX_Count " SHOP);
	assert_int_equal(a.found.nr, 1);
	assert_string_equal(get(&a, "shop-alb")->key,
			    LB " " SHOP);
	account_free(&a);
}

static void absent_errors_read_as_unknown(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	struct cw_red r = RED(get(&a, "shop-alb"),
			      { "RequestCount", "Sum", 600 });
	is_rate(r, 10, 0);
	near(r.other, 0);
	account_free(&a);
}

static void absent_requests_read_as_health(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	const struct cw_service *s = get(&a, "shop-alb");
	is_rate(SILENCE(s), NONE, NONE);
	is_rate(RED(s, { "HTTPCode_ELB_4XX_Count", "Sum", 9 }), NONE, NONE);
	is_rate(RED(s, { "HTTPCode_ELB_5XX_Count", "Sum", 0 }), NONE, NONE);
	near(SILENCE(s).other, NONE);
	/* A zero that was told is one. */
	is_rate(RED(s, { "RequestCount", "Sum", 0 }), 0, 0);
	account_free(&a);
}

static void mistakes_of_callers_count_as_errors(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	struct cw_red r = RED(get(&a, "shop-alb"),
			      { "RequestCount", "Sum", 600 },
			      { "HTTPCode_Target_4XX_Count", "Sum", 90 },
			      { "HTTPCode_ELB_4XX_Count", "Sum", 30 });
	is_rate(r, 10, 0);
	near(r.other, 2);
	account_free(&a);
}

static void percentiles_are_of_the_wrong_metric_or_unit(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, LB " RequestCount " SHOP,
		"AWS/Lambda Invocations FunctionName=charge-card");
	struct cw_red r = RED(get(&a, "shop-alb"),
			      { "TargetResponseTime", "p50", .5 },
			      { "TargetResponseTime", "p95", .95 },
			      { "TargetResponseTime", "p99", .99 },
			      { "TargetResponseTime", "Average", .505 });
	near(r.p50, .5);
	near(r.p95, .95);
	near(r.p99, .99);
	near(r.mean, .505);
	r = RED(get(&a, "charge-card"), { "Duration", "p50", 500 },
		{ "Duration", "p95", 950 }, { "Duration", "p99", 990 },
		{ "Duration", "Average", 505 });
	near(r.p50, .5);
	near(r.p95, .95);
	near(r.p99, .99);
	near(r.mean, .505);
	assert_string_equal(get(&a, "shop-alb")->metric,
			    LB " TargetResponseTime");
	assert_string_equal(get(&a, "charge-card")->metric,
			    "AWS/Lambda Duration");
	account_free(&a);
}

static void longer_periods_are_taken_for_minutes(void **state)
{
	(void)state;
	struct account a;
	balancer(&a);
	const struct point p[] = { { "RequestCount", "Sum", 1200 },
				   { "HTTPCode_Target_5XX_Count", "Sum", 300 },
				   { "TargetResponseTime", "p99", .99 } };
	struct cw_red r = red(get(&a, "shop-alb"), 5 * MINUTE, p, COUNT(p));
	is_rate(r, 4, 1);
	near(r.p99, .99);
	account_free(&a);
}

static void a_split_by_zone_or_group_is_a_service(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, LB " RequestCount " SHOP,
		LB " RequestCount AvailabilityZone=eu-west-1a," SHOP,
		LB " RequestCount " SHOP ",TargetGroup=targetgroup/a/1",
		LB " RequestCount AvailabilityZone=eu-west-1a," SHOP
		   ",TargetGroup=targetgroup/a/1",
		LB " RequestCount LoadBalancer=net/shop-nlb/1",
		"AWS/Lambda Invocations FunctionName=f,Resource=f:live",
		"AWS/Lambda Invocations",
		GATEWAY " Count ApiName=a,Method=GET,Resource=/,Stage=s",
		"AWS/ElastiCache CPUUtilization "
		"CacheClusterId=c,CacheNodeId=0001",
		"AWS/DAX CPUUtilization ClusterId=c,NodeId=c-a",
		"AWS/DynamoDB ConsumedReadCapacityUnits "
		"GlobalSecondaryIndexName=g,TableName=t");
	assert_int_equal(a.found.nr, 1);
	assert_int_equal(a.found.families, 1);
	assert_int_equal(a.found.unknown, 10);
	assert_int_equal(get(&a, "shop-alb")->part[0].metric.nr, 1);
	account_free(&a);
}

static void connections_pass_for_requests_with_percentiles(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/NetworkELB NewFlowCount LoadBalancer=net/tcp/1",
		"AWS/NetworkELB NewFlowCount "
		"AvailabilityZone=a,LoadBalancer=net/tcp/1");
	const struct cw_service *s = get(&a, "tcp");
	assert_int_equal(a.found.nr, 1);
	struct cw_red r = RED(s, { "NewFlowCount", "Sum", 120 });
	is_rate(r, 2, NONE);
	near(r.other, NONE);
	near(r.p99, NONE);
	assert_false(s->counts_errors);
	assert_null(s->error_metric);
	assert_non_null(s->note);
	assert_string_equal(s->metric, "AWS/NetworkELB NewFlowCount");
	account_free(&a);
}

/* ---- gateways -------------------------------------------------------- */

static void an_api_is_there_twice_or_without_its_stage(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, GATEWAY " Count ApiName=orders-api",
		GATEWAY " Count ApiName=orders-api,Stage=prod",
		GATEWAY " Count ApiName=orders-api,Stage=test",
		GATEWAY " Count ApiName=old-api",
		GATEWAY " Count ApiId=a1b2c3d4e5",
		GATEWAY " Count ApiId=a1b2c3d4e5,Stage=$default",
		GATEWAY " Count ApiId=f6",
		GATEWAY " ConnectCount ApiId=socket,Stage=prod");
	assert_int_equal(a.found.nr, 5);
	get(&a, "orders-api/prod");
	get(&a, "orders-api/test");
	get(&a, "old-api");
	get(&a, "a1b2c3d4e5/$default");
	get(&a, "f6");
	assert_int_equal(a.found.unknown, 1);
	account_free(&a);
}

static void an_http_api_is_asked_for_a_rest_apis_metrics(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, GATEWAY " Count ApiName=orders-api,Stage=prod",
		GATEWAY " Count ApiId=a1,Stage=$default");
	struct cw_red r = RED(get(&a, "orders-api/prod"),
			      { "Count", "Sum", 300 }, { "5XXError", "Sum", 3 },
			      { "4XXError", "Sum", 90 },
			      { "Latency", "p99", 990 });
	is_rate(r, 5, .05);
	near(r.other, 1.5);
	near(r.p99, .99);
	r = RED(get(&a, "a1/$default"), { "Count", "Sum", 120 },
		{ "5xx", "Sum", 12 }, { "4xx", "Sum", 60 },
		{ "Latency", "p99", 990 });
	is_rate(r, 2, .2);
	near(r.other, 1);
	near(r.p99, .99);
	account_free(&a);
}

/* ---- functions, tables, the edge ------------------------------------- */

static void throttled_invocations_count_as_errors(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/Lambda Invocations FunctionName=charge-card");
	is_rate(RED(get(&a, "charge-card"), { "Invocations", "Sum", 600 },
		    { "Errors", "Sum", 6 }), 10, .1);
	const struct cw_service *s = get(&a, "lambda:charge-card:throttles");
	struct cw_red r = RED(s, { "Invocations", "Sum", 599 },
			      { "Throttles", "Sum", 1 });
	assert_true(s->resource && !s->counts_requests);
	is_rate(r, NONE, NONE);
	near(r.used, 1 / 60.);
	near(r.limit, 10);
	assert_true(r.used / r.limit >= s->warn && s->warn > 0);
	assert_true(r.used / r.limit < s->crit && s->crit < 1);
	/* None are told where there were none; all of them, without any
	 * invocation. */
	r = RED(s, { "Invocations", "Sum", 600 });
	near(r.used, 0);
	near(r.limit, 10);
	r = RED(s, { "Throttles", "Sum", 60 });
	near(r.used, 1);
	near(r.limit, 1);
	near(SILENCE(s).used, NONE);
	account_free(&a);
}

#define TABLE "AWS/DynamoDB SuccessfulRequestLatency Operation="

static void throttled_reads_of_a_table_are_left_out(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, TABLE "GetItem,TableName=cart");
	const struct cw_service *s = get(&a, "cart");
	is_rate(RED(s, { "SuccessfulRequestLatency", "SampleCount", 100 },
		    { "SystemErrors", "Sum", 2 },
		    { "ThrottledRequests", "Sum", 3 }), 105 / 60., 5 / 60.);
	/* All of them: no success is told. */
	is_rate(RED(s, { "ThrottledRequests", "Sum", 60 }), 1, 1);
	near(RED(s, { "SuccessfulRequestLatency", "p99", 990 }).p99, .99);
	assert_null(s->note);
	assert_int_equal(s->layer, LAYER_DEPENDENCY);
	account_free(&a);
}

static void percentiles_of_two_operations_are_averaged(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, TABLE "GetItem,TableName=sessions",
		TABLE "PutItem,TableName=sessions",
		TABLE "GetItem,TableName=cart");
	const struct cw_service *s = get(&a, "sessions");
	assert_int_equal(a.found.nr, 2);
	for (size_t i = 0; i < s->nr; i++)
		assert_true(s->part[i].role < CW_P50);
	assert_string_equal(s->note, "several operations: percentiles cannot "
			    "be merged");
	/* Both operations have the same values here: twice as many. */
	is_rate(RED(s, { "SuccessfulRequestLatency", "SampleCount", 90 },
		    { "ThrottledRequests", "Sum", 30 }), 4, 1);
	assert_int_equal(s->part[0].metric.nr, 2);
	assert_string_equal(s->key, "AWS/DynamoDB TableName=sessions");
	account_free(&a);
}

#define EDGE " DistributionId=E2QW,Region=Global"

static void the_edge_is_asked_in_the_wrong_region(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/CloudFront Requests" EDGE,
		"AWS/CloudFront BytesDownloaded" EDGE,
		"AWS/CloudFront Requests DistributionId=E2QW,Region=Other");
	const struct cw_service *s = get(&a, "E2QW");
	assert_int_equal(a.found.nr, 1);
	assert_string_equal(s->region, "us-east-1");
	is_rate(RED(s, { "Requests", "Sum", 6000 },
		    { "5xxErrorRate", "Average", 2.5 }), 100, 2.5);
	is_rate(RED(s, { "Requests", "Sum", 6000 }), 100, 0);
	is_rate(RED(s, { "5xxErrorRate", "Average", 0 }), NONE, NONE);
	assert_non_null(s->note);
	account_free(&a);
}

static void latency_that_costs_extra_is_asked_in_vain(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/CloudFront Requests" EDGE,
		"AWS/CloudFront OriginLatency" EDGE);
	const struct cw_service *s = get(&a, "E2QW");
	near(RED(s, { "OriginLatency", "p99", 990 }).p99, .99);
	assert_null(s->note);
	assert_string_equal(s->metric, "AWS/CloudFront OriginLatency");
	account_free(&a);
	ACCOUNT(&a, "AWS/CloudFront Requests" EDGE);
	s = get(&a, "E2QW");
	assert_int_equal(s->nr, 2);
	assert_string_equal(s->metric, "AWS/CloudFront Requests");
	account_free(&a);
}

/* ---- resources ------------------------------------------------------- */

static void capacity_is_compared_with_another_unit(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/DynamoDB ConsumedReadCapacityUnits TableName=cart",
		"AWS/DynamoDB ConsumedWriteCapacityUnits TableName=cart",
		"AWS/DynamoDB ProvisionedReadCapacityUnits TableName=cart",
		"AWS/DynamoDB ProvisionedWriteCapacityUnits TableName=cart");
	struct cw_red r = RED(get(&a, "dynamodb:cart:read"),
			      { "ConsumedReadCapacityUnits", "Sum", 3000 },
			      { "ProvisionedReadCapacityUnits", "Average",
				100 });
	near(r.used, 50);
	near(r.limit, 100);
	r = RED(get(&a, "dynamodb:cart:write"),
		{ "ConsumedWriteCapacityUnits", "Sum", 600 },
		{ "ProvisionedWriteCapacityUnits", "Average", 0 });
	near(r.used, 10);
	near(r.limit, NONE);
	r = RED(get(&a, "dynamodb:cart:read"),
		{ "ConsumedReadCapacityUnits", "Sum", 600 });
	near(r.limit, NONE);
	near(get(&a, "dynamodb:cart:read")->limit, 0);
	account_free(&a);
}

static void a_table_on_demand_pays_for_capacity_it_has_not(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/DynamoDB ConsumedReadCapacityUnits TableName=cart",
		"AWS/DynamoDB ProvisionedReadCapacityUnits "
		"GlobalSecondaryIndexName=i,TableName=cart");
	const struct cw_service *s = get(&a, "dynamodb:cart:read");
	assert_int_equal(s->nr, 1);
	near(RED(s, { "ConsumedReadCapacityUnits", "Sum", 60 }).used, 1);
	account_free(&a);
}

static void per_cent_reads_as_a_hundred_times_too_full(void **state)
{
	(void)state;
	static const struct {
		const char *metric, *id, *part;
	} t[] = {
		{ "AWS/RDS CPUUtilization DBInstanceIdentifier=db",
		  "rds:db:cpu", "CPUUtilization" },
		{ "AWS/ElastiCache CPUUtilization CacheClusterId=c",
		  "elasticache:c:cpu", "CPUUtilization" },
		{ "AWS/ElastiCache EngineCPUUtilization CacheClusterId=c",
		  "elasticache:c:cpu", "EngineCPUUtilization" },
		{ "AWS/ElastiCache EngineCPUUtilization CacheClusterId=c",
		  "elasticache:c:memory", "DatabaseMemoryUsagePercentage" },
		{ "AWS/DAX CPUUtilization ClusterId=d", "dax:d:cpu",
		  "CPUUtilization" },
		{ "ContainerInsights pod_cpu_utilization_over_pod_limit "
		  "ClusterName=c,Namespace=n,Service=s", "eks:c/n/s:cpu",
		  "pod_cpu_utilization_over_pod_limit" },
		{ "ContainerInsights pod_memory_utilization_over_pod_limit "
		  "ClusterName=c,Namespace=n,Service=s", "eks:c/n/s:memory",
		  "pod_memory_utilization_over_pod_limit" },
	};
	for (size_t i = 0; i < COUNT(t); i++) {
		struct account a;
		ACCOUNT(&a, t[i].metric);
		const struct cw_service *s = get(&a, t[i].id);
		near(RED(s, { t[i].part, "Average", 42 }).used, .42);
		near(s->limit, 1);
		assert_true(s->resource && s->warn >= .7 && s->crit > s->warn
			    && s->crit < 1);
		account_free(&a);
	}
}

static void the_one_busy_core_of_a_cache_hides_behind_idle_ones(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/ElastiCache CPUUtilization CacheClusterId=redis",
		"AWS/ElastiCache EngineCPUUtilization CacheClusterId=redis",
		"AWS/ElastiCache CPUUtilization CacheClusterId=memcached");
	assert_int_equal(a.found.nr, 3);
	assert_string_equal(
		get(&a, "elasticache:redis:cpu")->part[0].metric.name,
		"EngineCPUUtilization");
	assert_string_equal(
		get(&a, "elasticache:memcached:cpu")->part[0].metric.name,
		"CPUUtilization");
	account_free(&a);
}

static void a_limit_is_made_up(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/RDS CPUUtilization DBInstanceIdentifier=db",
		"AWS/SQS ApproximateNumberOfMessagesVisible QueueName=mail");
	static const struct point t[] = {
		{ "DatabaseConnections", "Average", 40 },
		{ "DiskQueueDepth", "Average", 3 },
		{ "ApproximateAgeOfOldestMessage", "Maximum", 12 },
		{ "ApproximateNumberOfMessagesVisible", "Maximum", 7 },
	};
	static const char *const id[] = { "rds:db:connections",
		"rds:db:disk-queue", "sqs:mail:age", "sqs:mail:depth" };
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct cw_service *s = get(&a, id[i]);
		struct cw_red r = red(s, MINUTE, &t[i], 1);
		near(r.used, t[i].v);
		near(r.limit, NONE);
		near(s->limit + s->warn + s->crit, 0);
	}
	account_free(&a);
}

#define WEB " ClusterName=shop,ServiceName=web"

static void tasks_that_are_gone_are_not_seen(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "ECS/ContainerInsights RunningTaskCount" WEB);
	const struct cw_service *s = get(&a, "ecs:shop/web:tasks-missing");
	/* Nothing is reserved for it: it has no CPU, and is there. */
	get(&a, "shop/web");
	assert_int_equal(a.found.nr, 2);
	struct cw_red r = RED(s, { "DesiredTaskCount", "Average", 4 },
			      { "RunningTaskCount", "Average", 3 });
	near(r.used, 1);
	near(r.limit, 4);
	assert_true(r.used / r.limit >= s->crit && s->crit > 0);
	/* None at all is the worst, and still has a ratio. */
	r = RED(s, { "DesiredTaskCount", "Average", 4 },
		{ "RunningTaskCount", "Average", 0 });
	near(r.used / r.limit, 1);
	r = RED(s, { "DesiredTaskCount", "Average", 4 },
		{ "RunningTaskCount", "Average", 6 });
	near(r.used, 0);
	/* Half of the answer is none. */
	near(RED(s, { "DesiredTaskCount", "Average", 4 }).used, NONE);
	near(RED(s, { "RunningTaskCount", "Average", 4 }).used, NONE);
	account_free(&a);
}

static void a_container_has_no_cpu_or_memory(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "ECS/ContainerInsights CpuUtilized" WEB,
		"ECS/ContainerInsights CpuUtilized ClusterName=shop");
	struct cw_red r = RED(get(&a, "ecs:shop/web:cpu"),
			      { "CpuUtilized", "Average", 100 },
			      { "CpuReserved", "Average", 400 });
	near(r.used / r.limit, .25);
	r = RED(get(&a, "ecs:shop/web:memory"),
		{ "MemoryUtilized", "Average", 100 },
		{ "MemoryReserved", "Average", 0 });
	near(r.used, 100);
	near(r.limit, NONE);
	account_free(&a);
}

static void a_container_pretends_to_count_requests(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "ECS/ContainerInsights CpuUtilized" WEB,
		"ContainerInsights pod_cpu_utilization_over_pod_limit "
		"ClusterName=c,Namespace=n,Service=s");
	static const char *const name[] = { "shop/web", "c/n/s" };
	for (size_t i = 0; i < COUNT(name); i++) {
		const struct cw_service *s = get(&a, name[i]);
		assert_false(s->resource || s->counts_requests
			     || s->counts_errors);
		assert_string_equal(s->note, "Container Insights counts no "
				    "requests");
		is_rate(SILENCE(s), NONE, NONE);
	}
	account_free(&a);
}

static void rejected_connections_are_not_seen(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, LB " RejectedConnectionCount " SHOP);
	const struct cw_service *s = get(&a, "alb:shop-alb:rejected");
	struct cw_red r = RED(s, { "RejectedConnectionCount", "Sum", 1 },
			      { "NewConnectionCount", "Sum", 99 });
	near(r.used / r.limit, .01);
	assert_true(r.used / r.limit >= s->warn && s->warn > 0);
	near(RED(s, { "NewConnectionCount", "Sum", 99 }).used, 0);
	account_free(&a);
}

/* One of the lists that are taken would name it. */
static bool is_asked_for(const char *space, const char *metric,
			 const char *dimension)
{
	struct cw_ask a;
	for (size_t i = 0; cw_table_ask(i, &a); i++)
		if (strcmp(a.list.space, space) == 0
		    && (!a.list.metric || strcmp(a.list.metric, metric) == 0)
		    && (!a.list.dimension
			|| strcmp(a.list.dimension, dimension) == 0))
			return true;
	return false;
}

static void what_only_fails_or_has_no_limit_is_never_listed(void **state)
{
	(void)state;
	static const char *const t[][3] = {
		{ LB, "HTTPCode_ELB_5XX_Count", "LoadBalancer" },
		{ "AWS/DynamoDB", "ThrottledRequests", "TableName" },
		{ "AWS/DynamoDB", "SystemErrors", "TableName" },
		{ "AWS/DynamoDB", "ProvisionedReadCapacityUnits",
		  "TableName" },
		{ "ECS/ContainerInsights", "RunningTaskCount", "ServiceName" },
		{ "ContainerInsights", "pod_memory_utilization_over_pod_limit",
		  "Service" },
		{ "ContainerInsights", "service_number_of_running_pods",
		  "Service" },
	};
	for (size_t i = 0; i < COUNT(t); i++)
		if (!is_asked_for(t[i][0], t[i][1], t[i][2]))
			fail_msg("%s %s is in no list", t[i][0], t[i][1]);
}

/* Of three and a half million calls of an hour. */
static void a_single_throttle_is_too_few_to_be_seen(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/Lambda Invocations FunctionName=f");
	const struct cw_service *s = get(&a, "lambda:f:throttles");
	struct cw_red r = RED(s, { "Throttles", "Sum", 1 },
			      { "Invocations", "Sum", 3.5e6 });
	assert_true(r.used / r.limit >= s->warn);
	r = RED(s, { "Throttles", "Sum", 0 }, { "Invocations", "Sum", 60 });
	assert_true(r.used / r.limit < s->warn);
	account_free(&a);
}

/* ---- names ----------------------------------------------------------- */

static void two_services_have_one_name(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, TABLE "GetItem,TableName=orders",
		"AWS/Lambda Invocations FunctionName=orders",
		LB " RequestCount LoadBalancer=app/orders/1",
		LB " RequestCount LoadBalancer=app/orders/2",
		"AWS/NetworkELB NewFlowCount LoadBalancer=net/orders/1");
	assert_string_equal(get(&a, "orders")->space, "Lambda");
	assert_string_equal(get(&a, "orders (dynamodb)")->space, "DynamoDB");
	assert_string_equal(get(&a, "orders (nlb)")->space, "NetworkELB");
	get(&a, "orders (alb)");
	get(&a, "orders (alb) (" LB " LoadBalancer=app/orders/2)");
	account_free(&a);
}

static void names_change_with_the_order_of_the_list(void **state)
{
	(void)state;
	static const char *const metric[] = {
		TABLE "GetItem,TableName=orders",
		TABLE "PutItem,TableName=orders",
		"AWS/Lambda Invocations FunctionName=orders",
		LB " RequestCount LoadBalancer=app/orders/1",
		LB " HTTPCode_ELB_5XX_Count LoadBalancer=app/orders/1",
		GATEWAY " Count ApiName=orders",
		GATEWAY " Count ApiName=orders,Stage=prod",
	};
	struct account first, again;
	account_open(&first);
	account_open(&again);
	for (size_t i = 0; i < COUNT(metric); i++) {
		list(&first.metrics, metric[i]);
		list(&again.metrics, metric[COUNT(metric) - 1 - i]);
	}
	account_find(&first);
	account_find(&again);
	assert_int_equal(first.found.nr, 5);
	assert_int_equal(again.found.nr, 5);
	for (size_t i = 0; i < first.found.nr; i++) {
		const struct cw_service *x = &first.found.service[i];
		const struct cw_service *y = &again.found.service[i];
		assert_string_equal(x->name, y->name);
		assert_string_equal(x->key, y->key);
		assert_int_equal(x->nr, y->nr);
		for (size_t k = 0; k < x->nr; k++)
			assert_int_equal(cw_metric_compare(
				&x->part[k].metric, &y->part[k].metric), 0);
	}
	account_free(&first);
	account_free(&again);
}

static void odd_names_are_cut_or_fall_together(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, LB " RequestCount LoadBalancer=app/odd",
		LB " RequestCount LoadBalancer=app//1",
		LB " RequestCount LoadBalancer=classic",
		LB " RequestCount LoadBalancer=",
		"AWS/Lambda Invocations FunctionName=");
	assert_int_equal(a.found.nr, 2);
	get(&a, "odd");
	get(&a, "app//1");
	assert_int_equal(a.found.unknown, 3);
	account_free(&a);
}

static void a_name_writes_to_the_terminal_or_is_asked_for_wrongly(void **state)
{
	(void)state;
	struct account a;
	ACCOUNT(&a, "AWS/Lambda Invocations FunctionName=e\x1b]0;x\a\u202e",
		"AWS/Lambda Invocations FunctionName=e\\x1b]0;x\a\u202e");
	assert_int_equal(a.found.nr, 4);
	for (size_t i = 0; i < a.found.nr; i++) {
		const struct cw_service *s = &a.found.service[i];
		assert_true(text_is_clean(s->name) && text_is_clean(s->key));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(a.found.service[k].key, s->key);
			assert_string_not_equal(a.found.service[k].name,
						s->name);
		}
	}
	assert_string_equal(a.found.service[0].part[0].metric.dim[0].value,
			    "e\x1b]0;x\a\u202e");
	account_free(&a);
}

/* ---- what it costs --------------------------------------------------- */

static void too_much_is_asked_to_find_the_services(void **state)
{
	(void)state;
	struct cw_ask a;
	size_t nr = 0;
	for (; cw_table_ask(nr, &a); nr++) {
		assert_non_null(a.list.space);
		assert_true(a.list.metric || a.list.dimension);
		if (strcmp(a.list.space, "AWS/CloudFront") == 0) {
			assert_string_equal(a.region, "us-east-1");
			assert_false(a.needed);
		} else {
			/* Else a list that failed is kept as an empty one. */
			assert_null(a.region);
			assert_true(a.needed);
		}
	}
	assert_in_range(nr, 14, 17);
	assert_false(cw_table_ask(nr, &a));
	assert_false(cw_table_ask(SIZE_MAX, &a));
}

static int compare_parts(const void *a, const void *b)
{
	const struct cw_part *x = *(const struct cw_part *const *)a;
	const struct cw_part *y = *(const struct cw_part *const *)b;
	int c = cw_metric_compare(&x->metric, &y->metric);
	return c ? c : strcmp(x->stat, y->stat);
}

/* What is asked in one poll: what two want is asked once. `space` NULL: all. */
static size_t questions(const struct account *a, const char *space)
{
	const struct cw_part *part[1000];
	size_t nr = 0, kept = 0;
	for (size_t i = 0; i < a->found.nr; i++) {
		const struct cw_service *s = &a->found.service[i];
		for (size_t k = 0; k < s->nr; k++)
			if (!space || strcmp(s->space, space) == 0)
				part[nr++] = &s->part[k];
	}
	assert_in_range(nr, 1, COUNT(part));
	qsort(part, nr, sizeof(*part), compare_parts);
	for (size_t i = 0; i < nr; i++)
		kept += !i || compare_parts(&part[i - 1], &part[i]) != 0;
	return kept;
}

static void twenty_services_cost_more_than_said(void **state)
{
	(void)state;
	struct account a;
	char text[200];
	account_open(&a);
	for (int i = 0; i < 6; i++) {
		snprintf(text, sizeof(text),
			 LB " RequestCount LoadBalancer=app/lb%d/1", i);
		list(&a.metrics, text);
		snprintf(text, sizeof(text),
			 "AWS/Lambda Invocations FunctionName=fn%d", i);
		list(&a.metrics, text);
	}
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text),
			 GATEWAY " Count ApiName=api%d,Stage=prod", i);
		list(&a.metrics, text);
	}
	static const char *const ops[] = { "GetItem", "PutItem", "Query",
					   "UpdateItem", "DeleteItem" };
	for (size_t i = 0; i < 4 * COUNT(ops); i++) {
		snprintf(text, sizeof(text), TABLE "%s,TableName=t%zu",
			 ops[i % COUNT(ops)], i / COUNT(ops));
		list(&a.metrics, text);
	}
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof(text), "AWS/DynamoDB Consumed%s"
			 "CapacityUnits TableName=t%d", i & 1 ? "Read"
			 : "Write", i / 2);
		list(&a.metrics, text);
	}
	list(&a.metrics, "AWS/CloudFront Requests" EDGE);
	account_find(&a);
	size_t services = 0;
	for (size_t i = 0; i < a.found.nr; i++)
		services += !a.found.service[i].resource;
	assert_int_equal(services, 20);
	assert_int_equal(questions(&a, "ApplicationELB"), 6 * 10);
	assert_int_equal(questions(&a, "Lambda"), 6 * 7);
	assert_int_equal(questions(&a, "ApiGateway"), 3 * 7);
	assert_int_equal(questions(&a, "DynamoDB"), 4 * (5 * 3 + 2));
	assert_int_equal(questions(&a, "CloudFront"), 2);
	assert_int_equal(questions(&a, NULL), 193);
	account_free(&a);
}

static void what_matters_is_paused_first(void **state)
{
	(void)state;
	static const enum cw_weight weight[CW_ROLES] = {
		[CW_P99] = CW_WANTED, [CW_P50] = CW_NICE, [CW_P95] = CW_NICE,
		[CW_MEAN] = CW_NICE, [CW_4XX] = CW_NICE,
	};
	struct account a;
	ACCOUNT(&a, LB " RequestCount " SHOP, TABLE "GetItem,TableName=t",
		"AWS/Lambda Invocations FunctionName=f",
		"AWS/CloudFront Requests" EDGE,
		"AWS/RDS CPUUtilization DBInstanceIdentifier=db");
	for (size_t i = 0; i < a.found.nr; i++)
		for (size_t k = 0; k < a.found.service[i].nr; k++) {
			const struct cw_part *p =
				&a.found.service[i].part[k];
			if (a.found.service[i].resource)
				assert_true(p->weight != CW_NEEDED);
			else
				assert_int_equal(p->weight, weight[p->role]);
		}
	account_free(&a);
}

/* ---- what should not be there ---------------------------------------- */

static void a_flood_of_metrics_hangs_or_is_paid_for(void **state)
{
	(void)state;
	struct account a;
	char text[100];
	account_open(&a);
	for (int i = 0; i < 30000; i++) {
		snprintf(text, sizeof(text), "AWS/Lambda Invocations "
			 "FunctionName=f%d", i);
		list(&a.metrics, text);
		snprintf(text, sizeof(text), TABLE "o%d,TableName=t", i);
		list(&a.metrics, text);
	}
	account_find(&a);
	assert_int_equal(a.found.nr, LIMIT_SERVICES);
	/* 30000 functions with their throttles, and a table. */
	assert_int_equal(a.found.dropped, 60001 - LIMIT_SERVICES);
	for (size_t i = 0; i < a.found.nr; i++)
		assert_true(a.found.service[i].nr < 150);
	account_free(&a);
}

/* DynamoDB has sixteen: more are no reason to pay for them. */
static void operations_without_end_are_paid_for(void **state)
{
	(void)state;
	struct account a;
	char text[100];
	account_open(&a);
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), TABLE "o%d,TableName=t", i);
		list(&a.metrics, text);
	}
	account_find(&a);
	assert_int_equal(a.found.nr, 1);
	assert_in_range(get(&a, "t")->nr, 48, 100);
	assert_in_range(a.found.dropped, 9900, 9984);
	account_free(&a);
}

static void metrics_of_others_are_services(void **state)
{
	(void)state;
	struct account a;
	struct buf b;
	account_open(&a);
	buf_init(&b, 0);
	buf_str(&b, LB " RequestCount ");
	for (int i = 0; i < 30; i++)
		buf_printf(&b, "%sD%02d=v", i ? "," : "", i);
	list(&a.metrics, b.s);
	list(&a.metrics, "Custom/Shop RequestCount " SHOP);
	list(&a.metrics, "AWS/EC2 CPUUtilization InstanceId=i-1");
	list(&a.metrics, LB " ConsumedLCUs " SHOP);
	account_find(&a);
	assert_int_equal(a.found.nr, 0);
	assert_int_equal(a.found.families, 0);
	assert_int_equal(a.found.unknown, 4);
	buf_release(&b);
	account_free(&a);
}

static void an_empty_account_is_no_account(void **state)
{
	(void)state;
	struct account a;
	account_open(&a);
	account_find(&a);
	assert_int_equal(a.found.nr, 0);
	account_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_the_balancer_itself_are_left_out),
		cmocka_unit_test(more_errors_than_requests_exceed_one),
		cmocka_unit_test(an_outage_reads_as_no_traffic),
		cmocka_unit_test(a_balancer_that_only_fails_is_not_found),
		cmocka_unit_test(absent_errors_read_as_unknown),
		cmocka_unit_test(absent_requests_read_as_health),
		cmocka_unit_test(mistakes_of_callers_count_as_errors),
		cmocka_unit_test(percentiles_are_of_the_wrong_metric_or_unit),
		cmocka_unit_test(longer_periods_are_taken_for_minutes),
		cmocka_unit_test(a_split_by_zone_or_group_is_a_service),
		cmocka_unit_test(connections_pass_for_requests_with_percentiles),
		cmocka_unit_test(an_api_is_there_twice_or_without_its_stage),
		cmocka_unit_test(an_http_api_is_asked_for_a_rest_apis_metrics),
		cmocka_unit_test(throttled_invocations_count_as_errors),
		cmocka_unit_test(throttled_reads_of_a_table_are_left_out),
		cmocka_unit_test(percentiles_of_two_operations_are_averaged),
		cmocka_unit_test(the_edge_is_asked_in_the_wrong_region),
		cmocka_unit_test(latency_that_costs_extra_is_asked_in_vain),
		cmocka_unit_test(capacity_is_compared_with_another_unit),
		cmocka_unit_test(
			a_table_on_demand_pays_for_capacity_it_has_not),
		cmocka_unit_test(
			what_only_fails_or_has_no_limit_is_never_listed),
		cmocka_unit_test(a_single_throttle_is_too_few_to_be_seen),
		cmocka_unit_test(per_cent_reads_as_a_hundred_times_too_full),
		cmocka_unit_test(
			the_one_busy_core_of_a_cache_hides_behind_idle_ones),
		cmocka_unit_test(a_limit_is_made_up),
		cmocka_unit_test(tasks_that_are_gone_are_not_seen),
		cmocka_unit_test(a_container_has_no_cpu_or_memory),
		cmocka_unit_test(a_container_pretends_to_count_requests),
		cmocka_unit_test(rejected_connections_are_not_seen),
		cmocka_unit_test(two_services_have_one_name),
		cmocka_unit_test(names_change_with_the_order_of_the_list),
		cmocka_unit_test(odd_names_are_cut_or_fall_together),
		cmocka_unit_test(
			a_name_writes_to_the_terminal_or_is_asked_for_wrongly),
		cmocka_unit_test(too_much_is_asked_to_find_the_services),
		cmocka_unit_test(twenty_services_cost_more_than_said),
		cmocka_unit_test(what_matters_is_paused_first),
		cmocka_unit_test(a_flood_of_metrics_hangs_or_is_paid_for),
		cmocka_unit_test(operations_without_end_are_paid_for),
		cmocka_unit_test(metrics_of_others_are_services),
		cmocka_unit_test(an_empty_account_is_no_account),
	};
	return cmocka_run_group_tests_name("cw_table", tests, NULL, NULL);
}
