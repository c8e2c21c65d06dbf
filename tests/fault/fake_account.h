/* The account of a shop for fake_aws: twenty services (load balancers, APIs of
 * both kinds, functions, tables, a distribution), databases, queues, alarms,
 * with traffic that follows the clock. Every metric also stands there split by
 * zone, target group, method, as the real ones do. The same minute always holds
 * the same. */
#ifndef TESTS_FAULT_FAKE_ACCOUNT_H
#define TESTS_FAULT_FAKE_ACCOUNT_H

#include "base/mem.h"
#include "tests/fault/fake_aws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ACCOUNT_ID "AKIDEXAMPLE"
#define ACCOUNT_SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define ACCOUNT_REGION "eu-west-1"
#define ACCOUNT_SERVICES 20
#define ACCOUNT_LATENCIES 100 /* samples of a minute */

/* What a service's metrics are drawn from. */
struct traffic {
	const char *name;
	double rate;           /* requests a second */
	double errors;         /* of them */
	double median;         /* seconds */
	unsigned seed;
};

struct account {
	struct cloud_account cloud;
	struct cloud_metric *metric;
	size_t nr, cap;
	char **text;           /* dimensions and what else was made */
	size_t nr_text, cap_text;
	struct cloud_alarm alarm[8];
};

/* ---- drawing ------------------------------------------------------------- */

/* 0 to 1, the same for the same. */
static double account_noise(const struct traffic *t, int64_t minute)
{
	uint64_t h = (uint64_t)minute * 0x9e3779b97f4a7c15u + t->seed;
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
	return (double)((h ^ (h >> 31)) >> 11) / (double)(1ULL << 53);
}

/* In a minute. */
static double account_requests(const struct traffic *t, int64_t minute)
{
	double day = 2 * 3.14159265358979 * (double)(minute % 1440) / 1440;
	return floor(t->rate * 60 * (1 + 0.25 * sin(day + t->seed)
				     + 0.1 * account_noise(t, minute)));
}

static double account_errors(const struct traffic *t, int64_t minute)
{
	return floor(account_requests(t, minute) * t->errors
		     + 0.9 * account_noise(t, minute + 7));
}

/* `value` of the metric is its share of them. */
static size_t draw_requests(const struct cloud_metric *m, int64_t minute,
			    struct cloud_sample out[CLOUD_SAMPLES])
{
	double n = floor(account_requests(m->arg, minute) * m->value);
	out[0] = (struct cloud_sample){ 1, n };
	return n > 0;
}

/* Absent when there are none. */
static size_t draw_errors(const struct cloud_metric *m, int64_t minute,
			  struct cloud_sample out[CLOUD_SAMPLES])
{
	double n = floor(account_errors(m->arg, minute) * m->value);
	out[0] = (struct cloud_sample){ 1, n };
	return n > 0;
}

/* One measurement a request: 1 of an error, else 0. */
static size_t draw_failed(const struct cloud_metric *m, int64_t minute,
			  struct cloud_sample out[CLOUD_SAMPLES])
{
	double n = account_requests(m->arg, minute);
	double bad = floor(account_errors(m->arg, minute) * m->value);
	out[0] = (struct cloud_sample){ 0, n - bad };
	out[1] = (struct cloud_sample){ 1, bad };
	return n <= 0 ? 0 : bad > 0 ? 2 : 1;
}

/* `value` is the unit: 1 of seconds, 1000 of milliseconds. */
static size_t draw_latency(const struct cloud_metric *m, int64_t minute,
			   struct cloud_sample out[CLOUD_SAMPLES])
{
	const struct traffic *t = m->arg;
	double n = account_requests(t, minute);
	double middle = t->median * (0.9 + 0.2 * account_noise(t, minute + 3));
	for (int i = 0; i < ACCOUNT_LATENCIES; i++) {
		double p = (i + 0.5) / ACCOUNT_LATENCIES;
		out[i].value = m->value * middle * cbrt(p / (1 - p));
		out[i].weight = n / ACCOUNT_LATENCIES;
	}
	return n > 0 ? ACCOUNT_LATENCIES : 0;
}

static size_t draw_gauge(const struct cloud_metric *m, int64_t minute,
			 struct cloud_sample out[CLOUD_SAMPLES])
{
	out[0].value = m->value * (0.9 + 0.2 * account_noise(m->arg, minute));
	out[0].weight = 1;
	return 1;
}

static size_t draw_error_rate(const struct cloud_metric *m, int64_t minute,
			      struct cloud_sample out[CLOUD_SAMPLES])
{
	double n = account_requests(m->arg, minute);
	out[0].value = n > 0 ? 100 * m->value * account_errors(m->arg, minute)
				/ n : 0;
	out[0].weight = 1;
	return n > 0;
}

/* ---- what each kind of service reports ----------------------------------- */

struct account_part {
	const char *name, *unit;
	size_t (*draw)(const struct cloud_metric *m, int64_t minute,
		       struct cloud_sample out[CLOUD_SAMPLES]);
	double value;
};

static const struct account_part account_alb[] = {
	{ "RequestCount", "Count", draw_requests, 1 },
	{ "HTTPCode_Target_2XX_Count", "Count", draw_requests, .96 },
	{ "HTTPCode_Target_4XX_Count", "Count", draw_requests, .03 },
	{ "HTTPCode_Target_5XX_Count", "Count", draw_errors, 1 },
	{ "TargetResponseTime", "Seconds", draw_latency, 1 },
	{ 0 },
};

/* Of the load balancer alone. */
static const struct account_part account_alb_only[] = {
	{ "HTTPCode_ELB_5XX_Count", "Count", draw_errors, .2 },
	{ "HTTPCode_ELB_503_Count", "Count", draw_errors, .1 },
	{ "HTTPCode_ELB_4XX_Count", "Count", draw_requests, .002 },
	{ "ActiveConnectionCount", "Count", draw_gauge, 900 },
	{ "NewConnectionCount", "Count", draw_requests, .3 },
	{ "ConsumedLCUs", "Count", draw_gauge, 4 },
	{ "ProcessedBytes", "Bytes", draw_gauge, 4e6 },
	{ 0 },
};

static const struct account_part account_targets[] = {
	{ "HealthyHostCount", "Count", draw_gauge, 4 },
	{ "UnHealthyHostCount", "Count", draw_gauge, 0 },
	{ "RequestCountPerTarget", "None", draw_requests, .25 },
	{ 0 },
};

static const struct account_part account_rest[] = {
	{ "Count", "Count", draw_requests, 1 },
	{ "4XXError", "Count", draw_failed, 2 },
	{ "5XXError", "Count", draw_failed, 1 },
	{ "Latency", "Milliseconds", draw_latency, 1000 },
	{ "IntegrationLatency", "Milliseconds", draw_latency, 900 },
	{ 0 },
};

static const struct account_part account_http[] = {
	{ "Count", "Count", draw_requests, 1 },
	{ "4xx", "Count", draw_failed, 2 },
	{ "5xx", "Count", draw_failed, 1 },
	{ "Latency", "Milliseconds", draw_latency, 1000 },
	{ "IntegrationLatency", "Milliseconds", draw_latency, 900 },
	{ "DataProcessed", "Bytes", draw_gauge, 3e5 },
	{ 0 },
};

static const struct account_part account_function[] = {
	{ "Invocations", "Count", draw_requests, 1 },
	{ "Errors", "Count", draw_failed, 1 },
	{ "Throttles", "Count", draw_failed, .1 },
	{ "Duration", "Milliseconds", draw_latency, 1000 },
	{ "ConcurrentExecutions", "Count", draw_gauge, 7 },
	{ 0 },
};

static const struct account_part account_operation[] = {
	{ "SuccessfulRequestLatency", "Milliseconds", draw_latency, 1000 },
	{ "SystemErrors", "Count", draw_errors, .2 },
	{ "ThrottledRequests", "Count", draw_errors, .8 },
	{ "ReturnedItemCount", "Count", draw_requests, 3 },
	{ 0 },
};

static const struct account_part account_table[] = {
	{ "ConsumedReadCapacityUnits", "Count", draw_requests, .5 },
	{ "ConsumedWriteCapacityUnits", "Count", draw_requests, .2 },
	{ 0 },
};

static const struct account_part account_provisioned[] = {
	{ "ProvisionedReadCapacityUnits", "Count", draw_gauge, 100 },
	{ "ProvisionedWriteCapacityUnits", "Count", draw_gauge, 50 },
	{ 0 },
};

static const struct account_part account_distribution[] = {
	{ "Requests", "None", draw_requests, 1 },
	{ "BytesDownloaded", "None", draw_gauge, 5e8 },
	{ "TotalErrorRate", "Percent", draw_error_rate, 3 },
	{ "4xxErrorRate", "Percent", draw_error_rate, 2 },
	{ "5xxErrorRate", "Percent", draw_error_rate, 1 },
	{ 0 },
};

static const struct account_part account_database[] = {
	{ "CPUUtilization", "Percent", draw_gauge, 40 },
	{ "DatabaseConnections", "Count", draw_gauge, 60 },
	{ "FreeableMemory", "Bytes", draw_gauge, 2e9 },
	{ "FreeStorageSpace", "Bytes", draw_gauge, 4e10 },
	{ "ReadLatency", "Seconds", draw_gauge, .002 },
	{ "WriteLatency", "Seconds", draw_gauge, .004 },
	{ "DiskQueueDepth", "Count", draw_gauge, .3 },
	{ 0 },
};

static const struct account_part account_queue[] = {
	{ "ApproximateNumberOfMessagesVisible", "Count", draw_gauge, 30 },
	{ "ApproximateAgeOfOldestMessage", "Seconds", draw_gauge, 12 },
	{ "NumberOfMessagesSent", "Count", draw_requests, 1 },
	{ "NumberOfMessagesReceived", "Count", draw_requests, 1 },
	{ 0 },
};

/* ---- the shop ------------------------------------------------------------ */

/* Kept by the account. */
static const char *account_text(struct account *a, char *s)
{
	MEM_ROOM(a->text, a->nr_text, a->cap_text);
	return a->text[a->nr_text++] = s;
}

__attribute__((format(printf, 2, 3)))
static const char *account_dims(struct account *a, const char *fmt, ...)
{
	struct buf b;
	char s[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	buf_init(&b, 0);
	buf_str(&b, s);
	return account_text(a, b.s);
}

static void account_add(struct account *a, const char *space,
			const struct account_part *part, const char *dims,
			const struct traffic *t, const char *region)
{
	for (; part->name; part++) {
		MEM_ROOM(a->metric, a->nr, a->cap);
		a->metric[a->nr++] = (struct cloud_metric){
			.space = space, .name = part->name, .dims = dims,
			.unit = part->unit, .region = region,
			.value = part->value, .minute = part->draw, .arg = t,
		};
	}
}

static void account_balancer(struct account *a, const struct traffic *t)
{
	static const char space[] = "AWS/ApplicationELB";
	const char *lb = account_dims(a, "LoadBalancer=app/%s/50dc6c495c0c%04x",
				      t->name, t->seed);
	account_add(a, space, account_alb, lb, t, NULL);
	account_add(a, space, account_alb_only, lb, t, NULL);
	for (int group = 0; group < 2; group++) {
		const char *d = account_dims(a, "%s,TargetGroup=targetgroup/%s"
					     "-%d/73e2d6bc24d8a067", lb,
					     t->name, group);
		account_add(a, space, account_alb, d, t, NULL);
		account_add(a, space, account_targets, d, t, NULL);
	}
	for (char zone = 'a'; zone <= 'c'; zone++)
		account_add(a, space, account_alb,
			    account_dims(a, "AvailabilityZone=" ACCOUNT_REGION
					 "%c,%s", zone, lb), t, NULL);
}

static void account_gateway(struct account *a, const struct traffic *t,
			    bool rest)
{
	static const char space[] = "AWS/ApiGateway";
	const struct account_part *p = rest ? account_rest : account_http;
	const char *id = rest ? "ApiName" : "ApiId";
	const char *stage = rest ? "prod" : "$default";
	account_add(a, space, p, account_dims(a, "%s=%s", id, t->name), t,
		    NULL);
	account_add(a, space, p, account_dims(a, "%s=%s,Stage=%s", id, t->name,
					      stage), t, NULL);
	if (rest)
		account_add(a, space, p,
			    account_dims(a, "ApiName=%s,Method=GET,Resource=/x,"
					 "Stage=%s", t->name, stage), t, NULL);
}

static void account_lambda(struct account *a, const struct traffic *t)
{
	static const char space[] = "AWS/Lambda";
	account_add(a, space, account_function,
		    account_dims(a, "FunctionName=%s", t->name), t, NULL);
	account_add(a, space, account_function,
		    account_dims(a, "FunctionName=%s,Resource=%s", t->name,
				 t->name), t, NULL);
}

static void account_dynamo(struct account *a, const struct traffic *t,
			   int operations, bool provisioned)
{
	static const char space[] = "AWS/DynamoDB";
	static const char *const names[] = { "GetItem", "PutItem", "Query" };
	const char *table = account_dims(a, "TableName=%s", t->name);
	for (int i = 0; i < operations; i++)
		account_add(a, space, account_operation,
			    account_dims(a, "Operation=%s,%s", names[i], table),
			    t, NULL);
	account_add(a, space, account_table, table, t, NULL);
	size_t before = a->nr;
	if (provisioned)
		account_add(a, space, account_provisioned, table, t, NULL);
	while (before < a->nr)
		a->metric[before++].every = 5;
}

static const struct traffic shop_balancers[] = {
	{ "shop-alb", 120, .002, .04, 1 },
	{ "checkout-alb", 30, .04, .09, 2 },
	{ "search-alb", 80, .0005, .03, 3 },
	{ "admin-alb", 2, 0, .12, 4 },
	{ "media-alb", 200, .0001, .02, 5 },
};
static const struct traffic shop_rest[] = {
	{ "orders-api", 25, .003, .08, 6 },
	{ "partner-api", 4, .01, .2, 7 },
};
static const struct traffic shop_http[] = {
	{ "a1b2c3d4e5", 15, .001, .05, 8 },
	{ "f6g7h8i9j0", 9, 0, .04, 9 },
};
static const struct traffic shop_functions[] = {
	{ "resize-image", 12, .001, .3, 10 },
	{ "send-mail", 3, .02, .5, 11 },
	{ "charge-card", 6, .004, .7, 12 },
	{ "index-products", 1, 0, 2, 13 },
	{ "webhook", 8, .0005, .06, 14 },
	{ "nightly-report", 0, 0, 30, 15 }, /* idle */
};
static const struct {
	struct traffic t;
	int operations;
	bool provisioned;
} shop_tables[] = {
	{ { "cart", 60, .001, .004, 16 }, 1, true },
	{ { "sessions", 150, 0, .003, 17 }, 2, false },
	{ { "orders", 20, .002, .006, 18 }, 3, true },
	{ { "events", 90, 0, .005, 19 }, 1, false },
};
static const struct traffic shop_edge = { "E2QWRUHAPOMQZL", 400, .0008, 0, 20 };
static const struct traffic shop_databases[] = {
	{ .name = "shop-primary", .seed = 21 },
	{ .name = "shop-replica", .seed = 22 },
};
static const struct traffic shop_queues[] = {
	{ .name = "mail", .rate = 3, .seed = 23 },
	{ .name = "thumbnails", .rate = 12, .seed = 24 },
};

#define SHOP_EACH(list) \
	for (size_t i = 0; i < sizeof(list) / sizeof(*(list)); i++)

static void account_services(struct account *a)
{
	SHOP_EACH(shop_balancers)
		account_balancer(a, &shop_balancers[i]);
	SHOP_EACH(shop_rest)
		account_gateway(a, &shop_rest[i], true);
	SHOP_EACH(shop_http)
		account_gateway(a, &shop_http[i], false);
	SHOP_EACH(shop_functions)
		account_lambda(a, &shop_functions[i]);
	SHOP_EACH(shop_tables)
		account_dynamo(a, &shop_tables[i].t, shop_tables[i].operations,
			       shop_tables[i].provisioned);
	account_add(a, "AWS/CloudFront", account_distribution,
		    account_dims(a, "DistributionId=%s,Region=Global",
				 shop_edge.name), &shop_edge, "us-east-1");
}

static void account_resources(struct account *a)
{
	SHOP_EACH(shop_databases)
		account_add(a, "AWS/RDS", account_database,
			    account_dims(a, "DBInstanceIdentifier=%s",
					 shop_databases[i].name),
			    &shop_databases[i], NULL);
	SHOP_EACH(shop_queues)
		account_add(a, "AWS/SQS", account_queue,
			    account_dims(a, "QueueName=%s",
					 shop_queues[i].name),
			    &shop_queues[i], NULL);
}

/* Relative to when the account is made. */
static void account_alarms(struct account *a, time_ms now)
{
	static const char over[] = "Threshold Crossed: 2 out of the last 3 "
		"datapoints were greater than the threshold (5.0).";
	const struct cloud_alarm alarms[] = {
		{ "checkout-5xx", "ALARM", over, NULL, now - 60000,
		  now - 12 * 60000 },
		{ "shop-5xx", "OK", "Threshold Crossed: no datapoints were "
		  "greater than the threshold (5.0).", NULL, now - 300000,
		  now - 3 * 86400000 },
		{ "shop-latency", "OK", "", NULL, now - 300000,
		  now - 20 * 60000 },
		{ "db-cpu", "INSUFFICIENT_DATA", "Unchecked: Initial alarm "
		  "creation", NULL, now - 86400000, 0 },
		{ "checkout-is-down", "ALARM", "arn:aws:cloudwatch:eu-west-1:"
		  "123456789012:alarm:checkout-5xx transitioned to ALARM",
		  "ALARM(\"checkout-5xx\") AND NOT ALARM(\"db-cpu\")",
		  now - 11 * 60000, now - 11 * 60000 },
	};
	a->cloud.nr_alarms = sizeof(alarms) / sizeof(*alarms);
	memcpy(a->alarm, alarms, sizeof(alarms));
}

/* `more` load balancers beside the twenty services. */
static inline void account_new(struct account *a, time_ms now, int more)
{
	*a = (struct account){ 0 };
	account_services(a);
	account_resources(a);
	for (int i = 0; i < more; i++) {
		struct traffic *t = mem_zero(1, sizeof(*t));
		account_text(a, (char *)t);
		*t = (struct traffic){ account_dims(a, "more-%03d", i),
				       5 + i % 40, .001, .05,
				       (unsigned)(100 + i) };
		account_balancer(a, t);
	}
	account_alarms(a, now);
	a->cloud.id = ACCOUNT_ID;
	a->cloud.secret = ACCOUNT_SECRET;
	a->cloud.region = ACCOUNT_REGION;
	a->cloud.metric = a->metric;
	a->cloud.nr = a->nr;
	a->cloud.alarm = a->alarm;
}

static inline void account_free(struct account *a)
{
	for (size_t i = 0; i < a->nr_text; i++)
		free(a->text[i]);
	free(a->text);
	free(a->metric);
}

#endif
