/* An account as CloudWatch tells of it, for tests: a load balancer, a
 * function, a table, a network load balancer that counts connections only, and
 * a cluster without requests; what their owner pays for; alarms; the bill.
 * Points every 60 s stand for the minute that ended, the newest is not whole,
 * and rows are of the end of the newest whole one. */
#ifndef TESTS_CLOUD_H
#define TESTS_CLOUD_H

#include "model/store.h"

#include <math.h>
#include <string.h>

#define CLOUD_STEP ((time_ms)60000)
/* Ids of the shapes: each service has its own. */
enum { CLOUD_ALB = 1, CLOUD_LAMBDA, CLOUD_TABLE, CLOUD_NLB, CLOUD_ECS,
       CLOUD_WRITE, CLOUD_CPU, CLOUD_READ, CLOUD_QUEUE };

#define CLOUD_ASKED                                                            \
	[RED_RATE] = "Sum", [RED_ERRORS] = "Sum", [RED_BURN_5M] = "Sum",       \
	[RED_BURN_1H] = "Sum"
#define CLOUD_SHAPE .label = "service", .window = 60000, .settle = 60000
#define CLOUD_RED                                                              \
	CLOUD_SHAPE, .sparse = true, .status_label = "error",                  \
	.status = STATUS_ERROR, .method = METHOD_SERVER

static const struct shape cloud_shapes[] = {
	{ CLOUD_RED, .id = CLOUD_ALB, .layer = LAYER_EDGE,
	  .metric = "AWS/ApplicationELB TargetResponseTime",
	  .error_metric = "AWS/ApplicationELB HTTPCode_Target_5XX_Count + "
			  "HTTPCode_ELB_5XX_Count",
	  .question = { CLOUD_ASKED, [RED_QUANTILE] = "p50 p95 p99",
			[RED_MEAN] = "Average" } },
	{ CLOUD_RED, .id = CLOUD_LAMBDA, .layer = LAYER_APP,
	  .metric = "AWS/Lambda Duration",
	  .error_metric = "AWS/Lambda Errors",
	  .question = { CLOUD_ASKED, [RED_QUANTILE] = "p50 p95 p99",
			[RED_MEAN] = "Average" } },
	{ CLOUD_SHAPE, .sparse = true, .id = CLOUD_TABLE,
	  .layer = LAYER_DEPENDENCY, .status_label = "error",
	  .status = STATUS_ERROR, .method = METHOD_NONE,
	  .metric = "AWS/DynamoDB SuccessfulRequestLatency",
	  .error_metric = "AWS/DynamoDB SystemErrors + ThrottledRequests",
	  .note = "several operations",
	  .question = { CLOUD_ASKED, [RED_MEAN] = "Average" } },
	{ CLOUD_SHAPE, .sparse = true, .id = CLOUD_NLB, .layer = LAYER_EDGE,
	  .metric = "AWS/NetworkELB NewFlowCount", .note = "flows only",
	  .question = { [RED_RATE] = "Sum" } },
	{ CLOUD_SHAPE, .id = CLOUD_ECS, .layer = LAYER_APP,
	  .metric = "ECS/ContainerInsights RunningTaskCount",
	  .note = "it counts no requests",
	  .question = { [RED_VERSION] = "Average" } },
	{ CLOUD_SHAPE, .sparse = true, .id = CLOUD_WRITE,
	  .metric = "AWS/DynamoDB ConsumedWriteCapacityUnits",
	  .question = { [RED_USED] = "Sum", [RED_LIMIT] = "Average" } },
	{ CLOUD_SHAPE, .id = CLOUD_CPU, .metric = "AWS/RDS CPUUtilization",
	  .question = { [RED_USED] = "Average" } },
	{ CLOUD_SHAPE, .sparse = true, .id = CLOUD_READ,
	  .metric = "AWS/DynamoDB ConsumedReadCapacityUnits",
	  .question = { [RED_USED] = "Sum", [RED_LIMIT] = "Average" } },
	{ CLOUD_SHAPE, .id = CLOUD_QUEUE,
	  .metric = "AWS/SQS ApproximateNumberOfMessagesVisible",
	  .question = { [RED_USED] = "Maximum" } },
};

#define CLOUD_DEF(text, id) .name = text, .value = text, .shape = id
static const struct service_def cloud_defs[] = {
	{ CLOUD_DEF("shop-alb", CLOUD_ALB), .objective = 0.999,
	  .latency_limit = 0.6 },
	{ CLOUD_DEF("thumbs", CLOUD_LAMBDA) },
	{ CLOUD_DEF("sessions", CLOUD_TABLE) },
	{ CLOUD_DEF("tcp-nlb", CLOUD_NLB) },
	{ CLOUD_DEF("workers", CLOUD_ECS) },
	{ CLOUD_DEF("dynamodb:sessions:write", CLOUD_WRITE), .warn = 0.7,
	  .crit = 0.85 },
	{ CLOUD_DEF("rds:orders:cpu", CLOUD_CPU), .warn = 0.7, .crit = 0.85,
	  .limit = 100 },
	{ CLOUD_DEF("dynamodb:sessions:read", CLOUD_READ), .warn = 0.7,
	  .crit = 0.85 },
	{ CLOUD_DEF("sqs:jobs:depth", CLOUD_QUEUE) },
};

static const struct catalog cloud_catalog = {
	.nr_shapes = sizeof(cloud_shapes) / sizeof(*cloud_shapes),
	.shape = cloud_shapes,
	.nr_services = sizeof(cloud_defs) / sizeof(*cloud_defs),
	.service = cloud_defs,
	.requests = 7, .families = 6, .unknown = 3,
};

static const struct cost_part cloud_parts[] = {
	{ "ApplicationELB", 33, 0.0198 }, { "DynamoDB", 18, 0.0108 },
	{ "Lambda", 18, 0.0108 }, { "SQS", 14, 0.0084 },
};
static const struct source_cost cloud_cost = {
	.metrics = 83, .usd_per_hour = 0.0498, .usd_today = 0.3,
	.usd_max = 2, .nr_parts = 4, .part = cloud_parts,
};
static const struct source_cost cloud_cost_over = {
	.metrics = 83, .usd_per_hour = 0.0249, .usd_today = 0.85,
	.usd_max = 1, .nr_parts = 4, .part = cloud_parts,
	.saving = "85% of $1.00 a day is spent: asked every 2m",
};

/* What the poll is to show. */
struct cloud {
	time_ms now;
	const char *source;      /* NULL: "cloudwatch" */
	bool again;              /* not the first: no catalog */
	bool failing;            /* shop-alb burns its budget */
	bool alarms, silent;     /* silent: nobody asked anything */
	bool no_resources;
	const struct source_cost *cost;
};

/* The end of the newest whole minute. */
static inline time_ms cloud_judged(time_ms now)
{
	return time_floor(now, CLOUD_STEP) - CLOUD_STEP;
}

static inline struct batch *cloud_batch(const struct cloud *c, time_ms at)
{
	struct batch *b = batch_new(0);
	b->source = c->source ? c->source : "cloudwatch";
	b->at = b->from = b->to = at;
	b->settled = cloud_judged(c->now);
	b->step = CLOUD_STEP;
	b->window = CLOUD_STEP;
	return b;
}

#define CLOUD_FRAMES 64

/* The value of a series at the end of a minute; NAN: there is none. */
typedef double cloud_value(const struct cloud *c, int64_t minute, double k);

static inline void cloud_add(struct batch *b, const struct cloud *c,
			     uint32_t question, const char *label,
			     const char *value, cloud_value *f, double k)
{
	struct frame *fr = (struct frame *)b->frame;
	uint32_t *asked = (uint32_t *)b->asked;
	size_t max = (size_t)((b->to - b->from) / CLOUD_STEP) + 1;
	if (!fr) {
		b->frame = fr = arena_alloc(&b->arena,
					    CLOUD_FRAMES * sizeof(*fr));
		b->asked = asked = arena_alloc(&b->arena,
					       CLOUD_FRAMES * sizeof(*asked));
	}
	if (!b->nr_asked || asked[b->nr_asked - 1] != question)
		asked[b->nr_asked++] = question;
	struct label *l = arena_alloc(&b->arena, 2 * sizeof(*l));
	time_ms *t = arena_alloc(&b->arena, max * sizeof(*t));
	double *v = arena_alloc(&b->arena, max * sizeof(*v));
	const char *service = "";
	for (size_t i = 0; i < cloud_catalog.nr_services; i++)
		if (cloud_defs[i].shape == question / 16)
			service = cloud_defs[i].value;
	l[0] = (struct label){ "service", service };
	l[1] = (struct label){ label, value };
	struct frame *own = &fr[b->nr];
	*own = (struct frame){ .question = question, .t = t, .v = v,
			       .labels = { label ? 2 : 1, l } };
	labels_sort(l, own->labels.nr);
	for (time_ms at = b->from; at <= b->to; at += CLOUD_STEP) {
		double x = f(c, at / CLOUD_STEP, k);
		if (isnan(x))
			continue;
		t[own->nr] = at;
		v[own->nr++] = x;
	}
	b->nr += own->nr > 0;
}

/* A wave of so many minutes, between 0 and 1. */
static inline double cloud_wave(int64_t minute, int minutes)
{
	return 0.5 + 0.5 * sin((double)minute * 6.283185307 / minutes);
}

/* The minute that ended last has less than half of its requests yet. */
static inline double cloud_part_of(const struct cloud *c, int64_t minute)
{
	return minute * CLOUD_STEP > cloud_judged(c->now) ? 0.4 : 1;
}

static inline double cloud_rate(const struct cloud *c, int64_t m, double k)
{
	if (c->silent)
		return NAN;
	return k * (1 + 0.3 * cloud_wave(m, 37) + 0.1 * cloud_wave(m, 5))
	       * cloud_part_of(c, m);
}

/* From a quarter of an hour before. */
static inline double cloud_ratio(const struct cloud *c, int64_t m)
{
	bool bad = c->failing && m > c->now / CLOUD_STEP - 15;
	return bad ? 0.021 : 0.0004;
}

static inline double cloud_errors(const struct cloud *c, int64_t m, double k)
{
	return cloud_rate(c, m, k) * cloud_ratio(c, m);
}

static inline double cloud_ok(const struct cloud *c, int64_t m, double k)
{
	return cloud_rate(c, m, k) * (1 - cloud_ratio(c, m));
}

static inline double cloud_latency(const struct cloud *c, int64_t m, double k)
{
	return c->silent ? NAN : k * (1 + 0.2 * cloud_wave(m, 23));
}

static inline double cloud_used(const struct cloud *c, int64_t m, double k)
{
	int64_t ago = c->now / CLOUD_STEP - m;
	return ago < 20 ? k : k * 0.75;
}

static inline double cloud_steady(const struct cloud *c, int64_t m, double k)
{
	(void)c;
	(void)m;
	return k;
}

static inline void cloud_red(struct batch *b, const struct cloud *c, int shape,
			     double rate, double p99)
{
	static const struct {
		const char *q;
		double of_p99;
	} quantiles[] = { { "0.5", 0.09 }, { "0.95", 0.4 }, { "0.99", 1 } };
	static const enum red_role counts[] = { RED_ERRORS, RED_BURN_5M,
						RED_BURN_1H };
	uint32_t id = (uint32_t)shape;
	cloud_add(b, c, question_id(id, RED_RATE), NULL, NULL, cloud_rate,
		  rate);
	for (size_t i = 0; i < 3; i++) {
		uint32_t q = question_id(id, counts[i]);
		cloud_add(b, c, q, "error", "true", cloud_errors, rate);
		cloud_add(b, c, q, "error", "false", cloud_ok, rate);
	}
	for (size_t i = 0; i < 3 && p99 > 0; i++)
		cloud_add(b, c, question_id(id, RED_QUANTILE), "quantile",
			  quantiles[i].q, cloud_latency,
			  p99 * quantiles[i].of_p99);
	cloud_add(b, c, question_id(id, RED_MEAN), NULL, NULL, cloud_latency,
		  p99 > 0 ? p99 * 0.15 : 0.0029);
}

static inline void cloud_numbers(struct batch *b, const struct cloud *c)
{
	cloud_red(b, c, CLOUD_ALB, 80, 0.4);
	cloud_red(b, c, CLOUD_LAMBDA, 25, 0.6);
	cloud_red(b, c, CLOUD_TABLE, 2000, 0);
	cloud_add(b, c, question_id(CLOUD_NLB, RED_RATE), NULL, NULL,
		  cloud_rate, 12);
	if (c->no_resources)
		return;
	cloud_add(b, c, question_id(CLOUD_WRITE, RED_USED), NULL, NULL,
		  cloud_used, 41000);
	cloud_add(b, c, question_id(CLOUD_WRITE, RED_LIMIT), NULL, NULL,
		  cloud_steady, 50000);
	cloud_add(b, c, question_id(CLOUD_CPU, RED_USED), NULL, NULL,
		  cloud_used, 91);
	cloud_add(b, c, question_id(CLOUD_QUEUE, RED_USED), NULL, NULL,
		  cloud_used, 1840);
}

static inline void cloud_add_alarms(struct batch *b, const struct cloud *c)
{
	struct alarm *a = arena_alloc(&b->arena, 5 * sizeof(*a));
	a[0] = (struct alarm){ "rds-replica-lag", ALARM_OK,
			       c->now - 13680000, NULL };
	a[1] = (struct alarm){ "sqs-orders-age", ALARM_ALARM,
			       c->now - 1200000, "Threshold Crossed: 3 of 3 "
			       "points over 120" };
	a[2] = (struct alarm){ "ses-bounce-rate", ALARM_INSUFFICIENT,
			       c->now - 660000, NULL };
	a[3] = (struct alarm){ "user_data write", ALARM_ALARM,
			       c->now - 2040000, "Threshold Crossed: 5 of 5 "
			       "points over 70" };
	a[4] = (struct alarm){ "lambda-errors", ALARM_OK, TIME_NONE, NULL };
	b->alarms = true;
	b->alarm = a;
	b->nr_alarms = 5;
	struct event *e = arena_alloc(&b->arena, sizeof(*e));
	*e = (struct event){ c->now - 1200000, TIME_NONE, EVENT_ALARM,
			     SEVERITY_WARN, NULL, "sqs-orders-age ALARM",
			     NULL };
	b->event = e;
	b->nr_events = 1;
}

static inline struct source_status *cloud_status(struct batch *b,
						 const struct cloud *c)
{
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	*s = (struct source_status){
		.kind = "cloudwatch",
		.url = "https://monitoring.eu-west-1.amazonaws.com",
		.identity = "CloudWatch eu-west-1", .took_us = 182000,
		.skew_s = 0.1, .requests = 2, .bytes = 1400,
		.body_bytes = 8600, .next = c->now + 60000, .period = 60000,
		.credentials = "imds",
		.cost = c->cost ? c->cost : &cloud_cost,
	};
	return s;
}

/* A whole poll, as batches: the sink frees them. */
static inline void cloud_poll(const struct cloud *c,
			      void (*sink)(struct batch *b, void *arg),
			      void *arg)
{
	time_ms at = cloud_judged(c->now);
	struct batch *b = cloud_batch(c, c->now);
	if (!c->again)
		b->catalog = &cloud_catalog;
	if (c->alarms)
		cloud_add_alarms(b, c);
	sink(b, arg);
	b = cloud_batch(c, c->now);
	b->to = time_floor(c->now, CLOUD_STEP);
	b->from = b->to - 180 * CLOUD_STEP;
	cloud_numbers(b, c);
	sink(b, arg);
	b = cloud_batch(c, at);
	b->instant = true;
	cloud_numbers(b, c);
	sink(b, arg);
	b = cloud_batch(c, c->now);
	b->instant = b->tick = true;
	b->status = cloud_status(b, c);
	sink(b, arg);
}

static inline void cloud_into(struct batch *b, void *store)
{
	store_apply(store, b);
	batch_free(b);
}

#endif
