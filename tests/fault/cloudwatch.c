/* `redtop snapshot cloudwatch` of accounts that a test wrote down: what is
 * asked, what it costs, what is made of what comes, and of what does not. */
#include "tests/fault/shop.h" /* whose server scene.h then shares */

#include "tests/fault/scene.h"

#define LB "AWS/ApplicationELB"
#define GATEWAY "AWS/ApiGateway"
#define LAMBDA "AWS/Lambda"
#define DYNAMO "AWS/DynamoDB"
#define CDN "AWS/CloudFront"
#define BALANCER(name) "LoadBalancer=app/" name "/50dc6c495c0c9188"
#define TOKEN "FwoGZXIvYXdzEXAMPLE//TOKEN+=="
#define NONE ((double)NAN)
#define ANY (-1.)         /* not looked at */

/* In seconds 0.01 to 1: p50 0.5, p95 0.95, p99 0.99, mean 0.505. */
#define TEN(t) t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7, t + 8, t + 9, \
	t + 10
static const double centiseconds[] = {
	TEN(0), TEN(10), TEN(20), TEN(30), TEN(40), TEN(50), TEN(60), TEN(70),
	TEN(80), TEN(90),
};

static size_t hundred(const struct cloud_metric *m, int64_t minute,
		      struct cloud_sample out[CLOUD_SAMPLES])
{
	(void)minute;
	for (size_t i = 0; i < COUNT(centiseconds); i++)
		out[i] = (struct cloud_sample){ centiseconds[i] * m->value, 1 };
	return COUNT(centiseconds);
}

#define IN_SECONDS .unit = "Seconds", .minute = hundred, .value = 0.01
#define IN_MS .unit = "Milliseconds", .minute = hundred, .value = 10

/* ---- an account that stands still ---------------------------------------- */

#define SHOP BALANCER("shop-alb")
#define QUIET BALANCER("quiet-alb")
#define IDLE BALANCER("idle-alb")
#define DOWN BALANCER("down-alb")
#define WORSE BALANCER("worse-alb")
#define REST "ApiName=orders-api"
#define HTTP "ApiId=a1b2c3d4e5"
#define CARD "FunctionName=charge-card"
#define CART "Operation=GetItem,TableName=cart"
#define EDGE "DistributionId=E2QWRUHAPOMQZL,Region=Global"

static struct cloud_metric steady_metrics[] = {
	{ LB, "RequestCount", SHOP, "Count", .count = 1200 },
	{ LB, "HTTPCode_Target_5XX_Count", SHOP, "Count", .count = 60 },
	{ LB, "HTTPCode_Target_4XX_Count", SHOP, "Count", .count = 100 },
	{ LB, "HTTPCode_ELB_5XX_Count", SHOP, "Count", .count = 30 },
	{ LB, "HTTPCode_ELB_503_Count", SHOP, "Count", .count = 20 },
	{ LB, "TargetResponseTime", SHOP, IN_SECONDS },
	{ LB, "RequestCount", SHOP ",TargetGroup=targetgroup/a/1", "Count",
	  .count = 777 },
	{ LB, "RequestCount", "AvailabilityZone=eu-west-1a," SHOP, "Count",
	  .count = 333 },
	{ LB, "TargetResponseTime", SHOP ",TargetGroup=targetgroup/a/1",
	  "Seconds", .value = 7 },
	{ LB, "RequestCount", QUIET, "Count", .count = 600 },
	{ LB, "TargetResponseTime", QUIET, "Seconds", .value = 0.05 },
	/* Nothing for two hours: steady_begin(). */
	{ LB, "RequestCount", IDLE, "Count", .count = 60, .to = 1 },
	{ LB, "TargetResponseTime", IDLE, "Seconds", .value = 1, .to = 1 },
	{ LB, "RequestCount", DOWN, "Count", .count = 60, .to = 1 },
	{ LB, "HTTPCode_ELB_5XX_Count", DOWN, "Count", .count = 300 },
	{ LB, "RequestCount", WORSE, "Count", .count = 60 },
	{ LB, "HTTPCode_ELB_5XX_Count", WORSE, "Count", .count = 600 },
	{ GATEWAY, "Count", REST, "Count", .count = 300 },
	{ GATEWAY, "5XXError", REST, "Count", .count = 3 },
	{ GATEWAY, "Count", REST ",Stage=prod", "Count", .count = 300 },
	{ GATEWAY, "5XXError", REST ",Stage=prod", "Count", .count = 3 },
	{ GATEWAY, "4XXError", REST ",Stage=prod", "Count", .count = 90 },
	{ GATEWAY, "Latency", REST ",Stage=prod", IN_MS },
	{ GATEWAY, "Count", HTTP, "Count", .count = 120 },
	{ GATEWAY, "Count", HTTP ",Stage=$default", "Count", .count = 120 },
	{ GATEWAY, "5xx", HTTP ",Stage=$default", "Count", .count = 12 },
	{ GATEWAY, "4xx", HTTP ",Stage=$default", "Count", .count = 60 },
	{ GATEWAY, "Latency", HTTP ",Stage=$default", IN_MS },
	{ LAMBDA, "Invocations", CARD, "Count", .count = 600 },
	{ LAMBDA, "Errors", CARD, "Count", .count = 6 },
	{ LAMBDA, "Throttles", CARD, "Count", .count = 60 },
	{ LAMBDA, "Duration", CARD, IN_MS },
	{ DYNAMO, "SuccessfulRequestLatency", CART, IN_MS },
	{ DYNAMO, "SystemErrors", CART, "Count", .count = 2 },
	{ DYNAMO, "ThrottledRequests", CART, "Count", .count = 3 },
	{ DYNAMO, "SuccessfulRequestLatency",
	  "Operation=GetItem,TableName=sessions", IN_MS },
	{ DYNAMO, "SuccessfulRequestLatency",
	  "Operation=PutItem,TableName=sessions", IN_MS },
	{ DYNAMO, "SystemErrors", "Operation=PutItem,TableName=sessions",
	  "Count", .count = 1 },
	{ DYNAMO, "ConsumedReadCapacityUnits", "TableName=cart", "Count",
	  .count = 3000 },
	{ DYNAMO, "ProvisionedReadCapacityUnits", "TableName=cart", "Count",
	  .value = 100 },
	{ "AWS/RDS", "CPUUtilization", "DBInstanceIdentifier=shop-db",
	  "Percent", .value = 42 },
	{ CDN, "Requests", EDGE, .region = "us-east-1", .count = 6000 },
	{ CDN, "5xxErrorRate", EDGE, "Percent", .region = "us-east-1",
	  .value = 2.5 },
	/* Long gone: nobody should ask for it. */
	{ LB, "RequestCount", BALANCER("gone-alb"), "Count", .count = 9,
	  .to = 2 },
};

static const struct {
	const char *name;
	double rate, ratio, p50, p99, mean;
	bool quiet;              /* notraffic */
} steady_rows[] = {
	{ "shop-alb", 1220 / 60., 90 / 1220., .5, .99, .505, false },
	{ "quiet-alb", 10, 0, .05, .05, .05, false },
	{ "idle-alb", NONE, NONE, NONE, NONE, NONE, true },
	{ "down-alb", 5, 1, NONE, NONE, NONE, false },
	{ "worse-alb", 10, 1, NONE, NONE, NONE, false },
	{ "orders-api/prod", 5, .01, .5, .99, .505, false },
	{ "a1b2c3d4e5/$default", 2, .1, .5, .99, .505, false },
	{ "charge-card", 10, .01, .5, .99, .505, false },
	{ "cart", 105 / 60., 5 / 105., .5, .99, .505, false },
	{ "sessions", 201 / 60., 1 / 201., NONE, NONE, ANY, false },
	{ "E2QWRUHAPOMQZL", 100, .025, NONE, NONE, NONE, false },
};

static struct cloud_alarm steady_alarms[] = {
	{ "shop-5xx", "ALARM", .reason = "Threshold Crossed: 3 datapoints" },
	{ "shop-latency", "OK", .reason = "Threshold Crossed: none" },
	{ "db-cpu", "INSUFFICIENT_DATA",
	  .reason = "Unchecked: Initial alarm creation" },
	{ "shop-is-down", "ALARM", "shop-5xx went to ALARM",
	  .rule = "ALARM(\"shop-5xx\")" },
};

/* Run once, looked at by many. */
static struct scene steady = {
	.metric = steady_metrics, .nr = COUNT(steady_metrics),
	.alarm = steady_alarms, .nr_alarms = COUNT(steady_alarms),
	.token = TOKEN,
};
static time_ms steady_now;

static time_ms machine_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (time_ms)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void steady_begin(void)
{
	time_ms now = steady_now = time_floor(machine_now(), 1000);
	for (size_t i = 0; i < COUNT(steady_metrics); i++) {
		time_ms *to = &steady_metrics[i].to;
		*to = *to == 1 ? now - 2 * STAT_HOUR :
		      *to == 2 ? now - 5 * STAT_HOUR : *to;
	}
	for (size_t i = 0; i < COUNT(steady_alarms); i++) {
		steady_alarms[i].updated = now - 60000;
		steady_alarms[i].transitioned = now - 12 * CLOUD_MINUTE;
	}
	steady_alarms[1].transitioned = now - 3 * STAT_DAY;
	scene_play(&steady);
}

/* ---- accounts of one balancer -------------------------------------------- */

#define ONE_RATE 20.
#define ONE_RATIO .05

static const struct cloud_metric one_metrics[] = {
	{ LB, "RequestCount", SHOP, "Count", .count = 1200 },
	{ LB, "HTTPCode_Target_5XX_Count", SHOP, "Count", .count = 60 },
	{ LB, "TargetResponseTime", SHOP, IN_SECONDS },
};

#define ONE .metric = one_metrics, .nr = COUNT(one_metrics)

/* Whole: nothing of it is missing or twice. */
static void check_one(struct scene *s)
{
	cJSON *row = scene_row(s, "shop-alb");
	assert_value(scene_number(row, "rate"), ONE_RATE);
	assert_value(scene_number(row, "error_ratio"), ONE_RATIO);
	assert_value(scene_percentile(row, "p50"), .5);
	assert_value(scene_percentile(row, "p95"), .95);
	assert_value(scene_percentile(row, "p99"), .99);
	assert_value(scene_number(row, "mean"), .505);
}

static void check_whole(struct scene *s)
{
	scene_ends(s, 0, "up");
	check_one(s);
}

static size_t calls_of(struct scene *s, enum cloud_operation o)
{
	return (size_t)fake_aws_bill(s->fake).by[o];
}

/* ---- 1: signatures and clocks -------------------------------------------- */

static void a_signature_is_refused(void **state)
{
	(void)state;
	struct scene s = { ONE };
	scene_play(&s);
	check_whole(&s);
	assert_int_equal(fake_aws_bill(s.fake).unsigned_, 0);
	assert_true(fake_aws_calls(s.fake) > 0);
	scene_close(&s);
}

static void the_token_of_a_session_is_not_signed(void **state)
{
	(void)state;
	scene_ends(&steady, 0, "up");
	assert_int_equal(fake_aws_bill(steady.fake).unsigned_, 0);
	assert_string_equal(json_text(scene_source(&steady), "credentials"),
			    "env");
}

static void check_skew(time_ms skew)
{
	struct scene s = { ONE, .knobs.skew = skew };
	scene_play(&s);
	check_whole(&s);
	double shown = scene_number(scene_source(&s), "skew_s");
	assert_true(fabs(shown - (double)skew / 1000) < 5);
	/* What was under way, once; not every call of the poll. */
	assert_in_range(fake_aws_bill(s.fake).unsigned_, 1, 8);
	scene_close(&s);
}

static void a_clock_ten_minutes_off_hides_the_account(void **state)
{
	(void)state;
	check_skew(10 * CLOUD_MINUTE);
	check_skew(-10 * CLOUD_MINUTE);
}

static void a_clock_that_is_off_is_not_said(void **state)
{
	(void)state;
	struct scene s = { ONE, .knobs.skew = 90000 };
	scene_play(&s);
	check_whole(&s);
	assert_int_equal(fake_aws_bill(s.fake).unsigned_, 0);
	double shown = scene_number(scene_source(&s), "skew_s");
	assert_true(shown > 85 && shown < 95);
	scene_close(&s);
}

static void doctor_does_not_say_what_is_wrong(void **state)
{
	(void)state;
	struct scene s = { ONE, .knobs.skew = 10 * CLOUD_MINUTE };
	scene_open(&s);
	RUN(&s.run, "doctor", "cloudwatch", "--region", ACCOUNT_REGION,
	    "--format", "json", "--timeout", SCENE_TIMEOUT);
	run_start(&s.run);
	run_end(&s.run);
	assert_non_null(s.run.json);
	cJSON *aws = json_get(s.run.json, "aws");
	assert_string_equal(json_text(aws, "provider"), "env");
	assert_string_equal(json_text(aws, "region"), ACCOUNT_REGION);
	scene_must_say(json_text(aws, "endpoint"), "127.0.0.1");
	assert_true(fabs(scene_number(aws, "skew_s") - 600) < 5);
	assert_null(strstr(buf_text(&s.run.out), ACCOUNT_SECRET));
	/* Also while everything that it would show is in the cache. */
	run_free(&s.run);
	s.run = (struct run){ 0 };
	RUN(&s.run, "doctor", "cloudwatch", "--region", ACCOUNT_REGION,
	    "--format", "json", "--timeout", SCENE_TIMEOUT);
	run_start(&s.run);
	run_end(&s.run);
	aws = json_get(s.run.json, "aws");
	assert_true(fabs(scene_number(aws, "skew_s") - 600) < 5);
	scene_close(&s);
}

static void a_wrong_key_is_tried_without_end(void **state)
{
	(void)state;
	struct scene s = { ONE, .secret = "not/the/one" };
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	assert_in_range(fake_aws_calls(s.fake), 1, 6);
	assert_null(strstr(buf_text(&s.run.out), "not/the/one"));
	scene_close(&s);
}

/* ---- 3: the wire --------------------------------------------------------- */

static void a_request_is_not_what_the_service_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < fake_aws_calls(steady.fake); i++) {
		struct cloud_call c = fake_aws_call(steady.fake, i);
		if (!strcasestr(c.head, "\r\nx-amzn-query-mode: true\r\n"))
			fail_msg("%s", c.head);
		assert_true(c.operation < CLOUD_OPERATIONS);
		assert_null(c.refused);
	}
	assert_true(calls_of(&steady, CLOUD_GET_METRIC_DATA) > 0);
	assert_true(calls_of(&steady, CLOUD_LIST_METRICS) > 0);
	assert_true(calls_of(&steady, CLOUD_DESCRIBE_ALARMS) > 0);
}

/* Batches of one period, rising, aligned to it. */
static void check_batch(cJSON *body)
{
	double period = 0;
	cJSON *q, *list = json_get(body, "MetricDataQueries");
	assert_in_range(cJSON_GetArraySize(list), 1, 500);
	assert_string_equal(json_text(body, "ScanBy"), "TimestampAscending");
	cJSON_ArrayForEach(q, list) {
		double p = scene_number(json_get(q, "MetricStat"), "Period");
		assert_true(!period || p == period);
		period = p;
	}
	assert_true(fmod(scene_number(body, "StartTime"), period) == 0);
	assert_true(fmod(scene_number(body, "EndTime"), period) == 0);
}

static void periods_straddle_their_boundaries(void **state)
{
	(void)state;
	size_t nr = 0;
	for (size_t i = 0; i < fake_aws_calls(steady.fake); i++) {
		cJSON *body = scene_body(&steady, i, CLOUD_GET_METRIC_DATA);
		if (!body)
			continue;
		check_batch(body);
		cJSON_Delete(body);
		nr++;
	}
	assert_true(nr > 0);
}

/* The points as CloudWatch estimates them: range / period of each query. */
static double estimated(cJSON *body)
{
	double range = scene_number(body, "EndTime")
		       - scene_number(body, "StartTime");
	double sum = 0;
	cJSON *q;
	cJSON_ArrayForEach(q, json_get(body, "MetricDataQueries"))
		sum += range / scene_number(json_get(q, "MetricStat"),
					    "Period");
	return sum;
}

/* In no second more than that. */
static void check_pace(struct scene *s, enum cloud_operation o, double most)
{
	size_t first = 0, nr = fake_aws_calls(s->fake);
	double in_second = 0;
	for (size_t i = 0; i < nr; i++) {
		struct cloud_call c = fake_aws_call(s->fake, i);
		in_second += c.operation == o;
		for (struct cloud_call old;
		     (old = fake_aws_call(s->fake, first)).at_us
		     < c.at_us - 1000000; first++)
			in_second -= old.operation == o;
		assert_true(in_second <= most);
	}
}

static void check_points_pace(struct scene *s, double most)
{
	size_t nr = fake_aws_calls(s->fake);
	for (size_t i = 0; i < nr; i++) {
		int64_t at = fake_aws_call(s->fake, i).at_us;
		double sum = 0;
		for (size_t k = i; k < nr && fake_aws_call(s->fake, k).at_us
					     < at + 1000000; k++) {
			cJSON *b = scene_body(s, k, CLOUD_GET_METRIC_DATA);
			sum += b ? estimated(b) : 0;
			cJSON_Delete(b);
		}
		assert_true(sum <= most);
	}
}

/* Below the account's quotas, which all its tools share. */
static void we_are_the_tool_that_throttles_the_others(void **state)
{
	(void)state;
	struct account a;
	account_new(&a, machine_now(), 200);
	struct scene s = { .metric = a.metric, .nr = a.nr, .timeout = "28s" };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	scene_row(&s, "shop-alb");
	scene_row(&s, "more-199");
	for (size_t i = 0; i < fake_aws_calls(s.fake); i++)
		assert_true(fake_aws_call(s.fake, i).metrics <= 500);
	check_pace(&s, CLOUD_GET_METRIC_DATA, 50 - 1);
	check_pace(&s, CLOUD_LIST_METRICS, 25 - 1);
	check_pace(&s, CLOUD_DESCRIBE_ALARMS, 9 - 1);
	check_points_pace(&s, 180000 - 1);
	scene_close(&s);
	account_free(&a);
}

static void points_on_later_pages_are_lost(void **state)
{
	(void)state;
	struct scene s = { ONE };
	scene_play(&s);
	size_t once = calls_of(&s, CLOUD_GET_METRIC_DATA);
	scene_close(&s);
	s = (struct scene){ ONE, .knobs.page_points = 100 };
	scene_play(&s);
	check_whole(&s);
	assert_true(calls_of(&s, CLOUD_GET_METRIC_DATA) > once);
	scene_close(&s);
}

static void metrics_on_later_pages_are_lost(void **state)
{
	(void)state;
	struct scene s = { .metric = steady_metrics,
			   .nr = COUNT(steady_metrics),
			   .knobs.page_metrics = 2 };
	scene_play(&s);
	scene_ends(&s, 0, "up");
	for (size_t i = 0; i < COUNT(steady_rows); i++)
		scene_row(&s, steady_rows[i].name);
	scene_close(&s);
}

static void alarms_on_later_pages_are_lost(void **state)
{
	(void)state;
	struct scene s = { ONE, .alarm = steady_alarms,
			   .nr_alarms = COUNT(steady_alarms),
			   .knobs.page_alarms = 1 };
	scene_play(&s);
	check_whole(&s);
	assert_int_equal(cJSON_GetArraySize(json_get(s.run.json, "alarms")),
			 COUNT(steady_alarms));
	scene_close(&s);
}

static void a_repeating_token_hangs_or_doubles(void **state)
{
	(void)state;
	struct scene s = { ONE, .alarm = steady_alarms,
			   .nr_alarms = COUNT(steady_alarms),
			   .knobs.same_token = true };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	check_one(&s);
	assert_int_equal(cJSON_GetArraySize(json_get(s.run.json, "alarms")),
			 COUNT(steady_alarms));
	assert_true(fake_aws_calls(s.fake) <= 60);
	scene_close(&s);
}

static void half_an_answer_passes_for_the_whole(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "partial",
		.metric = "HTTPCode_Target_5XX_Count" } } };
	scene_play(&s);
	scene_ends(&s, 0, "partial");
	assert_true(scene_warns(&s, "HTTPCode_Target_5XX_Count"));
	assert_true(fake_aws_calls(s.fake) <= 60);
	scene_close(&s);
}

static void one_internal_error_loses_a_service(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "internal",
		.metric = "RequestCount", .times = 1 } } };
	scene_play(&s);
	check_whole(&s);
	scene_close(&s);
}

static void an_internal_error_without_end_is_asked_without_end(void **state)
{
	(void)state;
	struct scene s = { .metric = steady_metrics,
			   .nr = COUNT(steady_metrics),
			   .trouble = { { "internal", .metric = "RequestCount",
					  .dims = SHOP } } };
	scene_play(&s);
	scene_ends(&s, 0, "partial");
	cJSON *row = scene_row(&s, "shop-alb");
	assert_value(scene_number(row, "error_ratio"), NONE);
	assert_string_not_equal(json_text(row, "state"), "notraffic");
	assert_value(scene_number(scene_row(&s, "quiet-alb"), "rate"), 10);
	assert_true(fake_aws_calls(s.fake) <= 60);
	scene_close(&s);
}

static void a_forbidden_metric_takes_its_service_along(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "forbidden",
		.metric = "TargetResponseTime" } } };
	scene_play(&s);
	scene_ends(&s, 0, "partial");
	cJSON *row = scene_row(&s, "shop-alb");
	assert_value(scene_number(row, "rate"), ONE_RATE);
	assert_value(scene_number(row, "error_ratio"), ONE_RATIO);
	assert_value(scene_percentile(row, "p99"), NONE);
	scene_must_say(json_text(json_get(row, "p99"), "note"), "forbidden");
	assert_true(scene_warns(&s, "TargetResponseTime"));
	scene_close(&s);
}

static void a_forbidden_count_reads_as_no_traffic(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "forbidden",
		.metric = "RequestCount" } } };
	scene_play(&s);
	cJSON *row = scene_row(&s, "shop-alb");
	assert_value(scene_number(row, "rate"), NONE);
	assert_value(scene_number(row, "error_ratio"), NONE);
	assert_string_not_equal(json_text(row, "state"), "notraffic");
	assert_string_not_equal(json_text(row, "state"), "ok");
	assert_true(scene_warns(&s, "RequestCount"));
	scene_close(&s);
}

static void forbidden_errors_read_as_no_errors(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "forbidden",
		.metric = "HTTPCode_Target_5XX_Count" } } };
	scene_play(&s);
	cJSON *row = scene_row(&s, "shop-alb");
	assert_value(scene_number(row, "rate"), ONE_RATE);
	assert_value(scene_number(row, "error_ratio"), NONE);
	assert_true(scene_warns(&s, "HTTPCode_Target_5XX_Count"));
	scene_close(&s);
}

static void a_message_of_the_service_is_swallowed(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = {
		{ "message", .operation = "GetMetricData" },
		{ "units", .metric = "TargetResponseTime" } } };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	check_one(&s);
	assert_true(scene_warns(&s, "Maximum number of allowed metrics"));
	assert_true(scene_warns(&s, "Multiple units"));
	scene_close(&s);
}

static void check_passing(const char *what, const char *operation, int times)
{
	struct scene s = { ONE, .trouble = { { what, .operation = operation,
					       .times = times } } };
	scene_play(&s);
	check_whole(&s);
	assert_int_equal(fake_aws_bill(s.fake).refused, times);
	scene_close(&s);
}

static void one_throttled_call_loses_data(void **state)
{
	(void)state;
	check_passing("throttle", "GetMetricData", 2);
	check_passing("throttle-query", "ListMetrics", 1);
	check_passing("limit", "DescribeAlarms", 1);
}

static void one_server_error_loses_data(void **state)
{
	(void)state;
	check_passing("error-500", "GetMetricData", 1);
	check_passing("error-502", "ListMetrics", 1);
	check_passing("error-503", "DescribeAlarms", 1);
}

/* A token that has gone stale: from the first page on, once. */
static void a_stale_token_loses_data(void **state)
{
	(void)state;
	struct scene s = { ONE, .knobs.page_points = 100,
			   .trouble = { { "invalid-token", .after = 1,
				.operation = "GetMetricData", .times = 1 } } };
	scene_play(&s);
	check_whole(&s);
	scene_close(&s);
}

static void a_retry_does_not_wait_as_long_as_told(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "throttle", .times = 1,
		.operation = "GetMetricData", .retry_after_ms = 2500 } } };
	int64_t refused = 0, next = 0;
	scene_play(&s);
	check_whole(&s);
	for (size_t i = 0; i < fake_aws_calls(s.fake); i++) {
		struct cloud_call c = fake_aws_call(s.fake, i);
		if (c.operation != CLOUD_GET_METRIC_DATA)
			continue;
		if (c.refused)
			refused = c.at_us;
		else if (refused && !next)
			next = c.at_us;
	}
	assert_true(refused && next - refused >= 2500000);
	scene_close(&s);
}

static void endless_throttling_hangs_or_hammers(void **state)
{
	(void)state;
	struct scene s = { ONE, .timeout = "8s",
			   .trouble = { { "throttle" } } };
	scene_play(&s);
	scene_ends(&s, 69, "throttled");
	assert_int_equal(scene_rates(&s), 0);
	assert_in_range(fake_aws_calls(s.fake), 2, 60);
	assert_true(s.run.ms < 8000 + 3000 * SCENE_SLOW);
	scene_close(&s);
}

static void throttled_alarms_take_the_services_along(void **state)
{
	(void)state;
	struct scene s = { ONE, .timeout = "8s", .trouble = { { "throttle",
		.operation = "DescribeAlarms" } } };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	assert_string_not_equal(scene_state(&s), "up");
	check_one(&s);
	assert_true(scene_warns(&s, "alarms")
		    || strcasestr(scene_error(&s), "alarms"));
	scene_close(&s);
}

/* What comes in place of every answer, and what it is. */
static const struct useless {
	const char *what, *state;
	int code;
	const char *says;
} useless[] = {
	{ "page", "down", 69, "web page" },
	{ "empty", "down", 69, "" },
	{ "not-json", "down", 69, "" },
	{ "array", "down", 69, "" },
	{ "wrong-shape", "down", 69, "" },
	{ "truncate", "down", 69, "" },
	{ "cut", "down", 69, "" },
	{ "reset", "down", 69, "" },
	{ "nothing", "down", 69, "" },
	{ "redirect", "down", 69, "redirect" },
	{ "error-500", "down", 69, "" },
	{ "error-502", "down", 69, "502" },
	{ "error-503", "down", 69, "503" },
	{ "hang", "down", 69, "no answer" },
	{ "endless", "down", 69, "too big" },
	{ "invalid", "down", 69, "ValidationE" },
	{ "login", "auth", 77, "" },
	{ "denied", "auth", 77, "cloudwatch:" },
	{ "expired", "auth", 77, "expired" },
	{ "unrecognized", "auth", 77, "" },
	{ "signature", "auth", 77, "" },
};

static bool is_useless(struct scene *s, const struct useless *u)
{
	size_t calls = fake_aws_calls(s->fake);
	const char *error = scene_error(s);
	return s->run.code == u->code && strcmp(scene_state(s), u->state) == 0
	       && *error && strlen(error) <= 300 && strstr(error, u->says)
	       && strstr(buf_text(&s->run.err), error)
	       && scene_rates(s) == 0 && calls >= 1 && calls <= 60
	       && s->run.ms < 5000 + 10000 * SCENE_SLOW
	       && s->run.rss_kb < RUN_RSS_KB * SCENE_SLOW;
}

static void an_answer_that_cannot_be_used_passes(void **state)
{
	(void)state;
	struct scene s[COUNT(useless)];
	unsigned bad = 0;
	for (size_t i = 0; i < COUNT(useless); i++) {
		s[i] = (struct scene){ ONE, .timeout = "5s",
				       .trouble = { { useless[i].what } } };
		scene_open(&s[i]);
		scene_start(&s[i]);
	}
	for (size_t i = 0; i < COUNT(useless); i++)
		run_end(&s[i].run);
	/* All of them, so that one does not hide the others. */
	for (size_t i = 0; i < COUNT(useless); i++) {
		bool fine = is_useless(&s[i], &useless[i]);
		print_message("%s %s: exit %d, %s, %zu calls: %s\n",
			      fine ? "ok  " : "FAIL", useless[i].what,
			      s[i].run.code, scene_state(&s[i]),
			      fake_aws_calls(s[i].fake), scene_error(&s[i]));
		bad += !fine;
		scene_close(&s[i]);
	}
	assert_int_equal(bad, 0);
}

static void odd_numbers_become_rates(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		bool readable;    /* by who is lenient, and then rightly */
	} odd[] = { { "nan", false }, { "unpaired", false },
		    { "iso-times", true } };
	for (size_t i = 0; i < COUNT(odd); i++) {
		struct scene s = { ONE, .timeout = "5s", .trouble = { {
			odd[i].what, .operation = "GetMetricData" } } };
		scene_play(&s);
		assert_true(s.run.code == 0 || s.run.code == 69);
		cJSON *row = scene_service(&s, "shop-alb");
		double rate = row ? scene_number(row, "rate") : NONE;
		bool right = scene_is(rate, ONE_RATE);
		assert_true(isnan(rate) || right);
		if (strcmp(scene_state(&s), "up") == 0)
			assert_true(odd[i].readable && right);
		scene_close(&s);
	}
}

static void a_name_writes_to_the_terminal(void **state)
{
	(void)state;
#define EVIL_NAME "ev\x1b]0;pwned\x07il\xe2\x80\xae"
	static const struct cloud_metric m[] = {
		{ LB, "RequestCount", BALANCER(EVIL_NAME), .count = 60 },
		{ LAMBDA, "Invocations", "FunctionName=" EVIL_NAME,
		  .count = 60 },
	};
	static const struct cloud_alarm x[] = {
		{ EVIL_NAME, "ALARM", EVIL_NAME, .updated = 1,
		  .transitioned = 1 },
	};
	static const char *const formats[] = { "text", "ansi", "svg", "json" };
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct scene s = { .metric = m, .nr = 2, .alarm = x,
				   .nr_alarms = 1, .format = formats[i] };
		scene_play(&s);
		assert_int_equal(s.run.code, 0);
		assert_null(strstr(buf_text(&s.run.out), "\x1b]"));
		assert_null(strchr(buf_text(&s.run.out), '\x07'));
		assert_null(strstr(buf_text(&s.run.out), "\xe2\x80\xae"));
		assert_null(strchr(buf_text(&s.run.err), '\x1b'));
		assert_non_null(strstr(buf_text(&s.run.out), "pwned"));
		scene_close(&s);
	}
}

/* ---- 4: what the numbers mean -------------------------------------------- */

/* Every minute has its own count, tenth of errors, and latency. */
static double coded(int64_t minute)
{
	return (double)(minute % 1000 + 1);
}

static size_t coded_count(const struct cloud_metric *m, int64_t minute,
			  struct cloud_sample out[CLOUD_SAMPLES])
{
	out[0] = (struct cloud_sample){ 1, 60 * coded(minute) * m->value };
	return 1;
}

static size_t coded_latency(const struct cloud_metric *m, int64_t minute,
			    struct cloud_sample out[CLOUD_SAMPLES])
{
	(void)m;
	out[0] = (struct cloud_sample){ coded(minute) / 1000, 98 };
	out[1] = (struct cloud_sample){ coded(minute) / 500, 2 };
	return 2;
}

static const struct cloud_metric coded_metrics[] = {
	{ LB, "RequestCount", SHOP, "Count", .minute = coded_count,
	  .value = 1 },
	{ LB, "HTTPCode_Target_5XX_Count", SHOP, "Count",
	  .minute = coded_count, .value = .1 },
	{ LB, "TargetResponseTime", SHOP, "Seconds",
	  .minute = coded_latency },
};

#define CODED .metric = coded_metrics, .nr = COUNT(coded_metrics)

/* Of the whole minutes [from, to), once all is known. */
static double truth(const struct cloud_metric *m, const char *stat,
		    time_ms from, time_ms to)
{
	struct stat_points p = { 0 };
	struct stat_what w = { 0 };
	struct cloud_knobs k = { 0 };
	assert_true(stat_parse(stat, &w));
	stat_series(&p, m, &k, &w, from, to, to - from, to + CLOUD_MINUTE);
	double v = p.nr == 1 ? p.v[0] : NONE;
	stat_points_release(&p);
	return v;
}

/* The end of the minutes whose requests the row shows. */
static time_ms shown_end(cJSON *row, time_ms latest)
{
	double rate = scene_number(row, "rate");
	time_ms window = (time_ms)scene_number(row, "window_s") * 1000;
	time_ms e = time_floor(latest, CLOUD_MINUTE) + CLOUD_MINUTE;
	assert_true(window >= CLOUD_MINUTE && window % CLOUD_MINUTE == 0);
	for (int i = 0; i < 30; i++, e -= CLOUD_MINUTE)
		if (scene_is(truth(&coded_metrics[0], "Sum", e - window, e)
			     / (double)window * 1000, rate))
			return e;
	fail_msg("a rate of %g is of no whole minutes", rate);
	return TIME_NONE;
}

/* All of a row is of the same minutes. Returns their end. */
static time_ms check_minutes(struct scene *s, time_ms latest)
{
	const struct cloud_metric *latency = &coded_metrics[2];
	cJSON *row = scene_row(s, "shop-alb");
	time_ms e = shown_end(row, latest);
	time_ms b = e - (time_ms)scene_number(row, "window_s") * 1000;
	assert_value(scene_number(row, "error_ratio"), .1);
	assert_value(scene_percentile(row, "p50"), truth(latency, "p50", b, e));
	assert_value(scene_percentile(row, "p95"), truth(latency, "p95", b, e));
	assert_value(scene_percentile(row, "p99"), truth(latency, "p99", b, e));
	assert_value(scene_number(row, "mean"),
		     truth(latency, "Average", b, e));
	return e;
}

static void rate_and_percentiles_are_of_different_minutes(void **state)
{
	(void)state;
	struct scene s = { CODED };
	scene_play(&s);
	scene_ends(&s, 0, "up");
	time_ms now = machine_now(), e = check_minutes(&s, now);
	assert_true(e <= now - CLOUD_MINUTE);
	assert_true(e >= now - 10 * CLOUD_MINUTE);
	scene_close(&s);
}

static void a_past_moment_shows_other_minutes(void **state)
{
	(void)state;
	static const time_ms back[] = { 5 * CLOUD_MINUTE, STAT_HOUR,
					26 * STAT_HOUR };
	for (size_t i = 0; i < COUNT(back); i++) {
		char at[40];
		time_ms t = machine_now() / 1000 * 1000 - back[i];
		snprintf(at, sizeof(at), "@%lld", (long long)t / 1000);
		struct scene s = { CODED, .words = { "--at", at } };
		scene_play(&s);
		scene_ends(&s, 0, "up");
		time_ms e = check_minutes(&s, t);
		assert_true(e <= t && e >= t - 10 * CLOUD_MINUTE);
		scene_close(&s);
	}
}

static void check_age(time_ms age, double period)
{
	char at[40];
	time_ms t = time_floor(machine_now() - age, STAT_HOUR);
	snprintf(at, sizeof(at), "@%lld", (long long)t / 1000);
	struct scene s = { ONE, .words = { "--at", at } };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	check_one(&s);
	for (size_t i = 0; i < fake_aws_calls(s.fake); i++) {
		cJSON *q, *b = scene_body(&s, i, CLOUD_GET_METRIC_DATA);
		cJSON_ArrayForEach(q, json_get(b, "MetricDataQueries"))
			assert_true(fmod(scene_number(json_get(q, "MetricStat"),
						      "Period"), period) == 0);
		cJSON_Delete(b);
	}
	scene_close(&s);
}

static void an_old_moment_is_empty(void **state)
{
	(void)state;
	check_age(20 * STAT_DAY, 300);
	check_age(70 * STAT_DAY, 3600);
}

/* At any second of the minute. */
static void a_minute_that_lasts_reads_as_a_drop(void **state)
{
	(void)state;
	struct scene s = { ONE };
	scene_play(&s);
	check_whole(&s);
	for (int second = 1; second < 60; second += 19) {
		fake_aws_turn(s.fake, &(struct cloud_knobs){
			.at = time_floor(machine_now(), CLOUD_MINUTE)
			      + second * 1000 });
		scene_remove(s.home);
		assert_int_equal(mkdir(s.home, 0700), 0);
		scene_replay(&s);
		check_one(&s);
	}
	scene_close(&s);
}

/* CloudWatch hears of a minute up to two after its end; the server counts from
 * its beginning. */
static void a_late_minute_reads_as_no_traffic(void **state)
{
	(void)state;
	struct scene s = { ONE, .knobs.lag = 3 * CLOUD_MINUTE };
	scene_play(&s);
	scene_ends(&s, 0, "up");
	check_one(&s);
	scene_close(&s);
}

/* The first answer was of minutes that still grew; the second comes a period
 * later, by the same cache. */
static struct scene restated = { ONE, .knobs = { .settle = STAT_HOUR,
						 .settling = .5 } };
static time_ms restated_at;

static void restated_begin(void)
{
	static char at[40];
	restated_at = machine_now();
	snprintf(at, sizeof(at), "@%lld", (long long)restated_at / 1000 - 120);
	restated.words[0] = "--at";
	restated.words[1] = at;
	scene_play(&restated);
}

static void a_restated_minute_stays_as_it_was(void **state)
{
	(void)state;
	struct cloud_knobs settled = { 0 };
	assert_int_equal(restated.run.code, 0);
	assert_value(scene_number(scene_row(&restated, "shop-alb"), "rate"),
		     ONE_RATE / 2);
	fake_aws_turn(restated.fake, &settled);
	while (machine_now() < restated_at + 62000)
		usleep(200000);
	scene_environment(&restated);
	scene_replay(&restated);
	check_whole(&restated);
}

/* What each row of the account that stands still shows. */
static void check_steady(const char *name)
{
	size_t i = 0;
	while (strcmp(steady_rows[i].name, name) != 0)
		i++;
	cJSON *row = scene_row(&steady, name);
	assert_value(scene_number(row, "rate"), steady_rows[i].rate);
	assert_value(scene_number(row, "error_ratio"), steady_rows[i].ratio);
	assert_value(scene_percentile(row, "p50"), steady_rows[i].p50);
	assert_value(scene_percentile(row, "p99"), steady_rows[i].p99);
	if (steady_rows[i].mean != ANY)
		assert_value(scene_number(row, "mean"), steady_rows[i].mean);
	assert_int_equal(strcmp(json_text(row, "state"), "notraffic") == 0,
			 steady_rows[i].quiet);
}

static void absent_errors_read_as_unknown(void **state)
{
	(void)state;
	check_steady("quiet-alb");
}

static void absent_requests_read_as_health(void **state)
{
	(void)state;
	check_steady("idle-alb");
}

static void errors_of_the_balancer_itself_are_left_out(void **state)
{
	(void)state;
	check_steady("shop-alb");
}

static void an_outage_reads_as_no_traffic(void **state)
{
	(void)state;
	check_steady("down-alb");
}

static void more_errors_than_requests_exceed_one(void **state)
{
	(void)state;
	check_steady("worse-alb");
}

static void mistakes_of_callers_count_or_milliseconds_are_seconds(void **state)
{
	(void)state;
	check_steady("orders-api/prod");
	check_steady("a1b2c3d4e5/$default");
	/* The same requests, not a second time. */
	assert_null(scene_service(&steady, "orders-api"));
	assert_null(scene_service(&steady, "a1b2c3d4e5"));
}

static void throttled_invocations_count_as_errors(void **state)
{
	(void)state;
	check_steady("charge-card");
}

static void throttled_reads_of_a_table_are_left_out(void **state)
{
	(void)state;
	check_steady("cart");
}

static void percentiles_of_two_operations_are_averaged(void **state)
{
	(void)state;
	check_steady("sessions");
	assert_true(*json_text(json_get(scene_row(&steady, "sessions"), "p99"),
			       "note") != '\0');
}

static void the_edge_is_asked_in_the_wrong_region(void **state)
{
	(void)state;
	size_t nr = 0;
	check_steady("E2QWRUHAPOMQZL");
	for (size_t i = 0; i < fake_aws_calls(steady.fake); i++) {
		struct cloud_call c = fake_aws_call(steady.fake, i);
		bool edge = strstr(c.body, CDN) != NULL;
		nr += edge;
		assert_string_equal(c.region, edge ? "us-east-1"
						   : ACCOUNT_REGION);
	}
	assert_true(nr >= 2);
}

/* ---- 5: what is found ---------------------------------------------------- */

static bool is_asked(struct scene *s, const char *part)
{
	for (size_t i = 0; i < fake_aws_calls(s->fake); i++) {
		struct cloud_call c = fake_aws_call(s->fake, i);
		if (c.operation == CLOUD_GET_METRIC_DATA
		    && strstr(c.body, part))
			return true;
	}
	return false;
}

static void a_split_by_zone_or_group_is_a_service(void **state)
{
	(void)state;
	assert_false(is_asked(&steady, "AvailabilityZone"));
	assert_int_equal(cJSON_GetArraySize(json_get(steady.run.json,
						     "services")),
			 COUNT(steady_rows));
}

static void what_is_long_gone_is_listed_and_paid_for(void **state)
{
	(void)state;
	assert_null(scene_service(&steady, "gone-alb"));
	assert_false(is_asked(&steady, "gone-alb"));
	for (size_t i = 0; i < fake_aws_calls(steady.fake); i++) {
		cJSON *b = scene_body(&steady, i, CLOUD_LIST_METRICS);
		if (b)
			assert_string_equal(json_text(b, "RecentlyActive"),
					    "PT3H");
		cJSON_Delete(b);
	}
}

static void check_layer(struct scene *s, const char *name, const char *layer,
			const char *metric)
{
	cJSON *row = scene_row(s, name);
	assert_string_equal(json_text(row, "layer"), layer);
	assert_string_equal(json_text(row, "metric"), metric);
	assert_string_equal(json_text(row, "source"),
			    json_text(scene_source(s), "name"));
}

static void a_service_does_not_say_what_it_is(void **state)
{
	(void)state;
	check_layer(&steady, "shop-alb", "edge", LB " TargetResponseTime");
	check_layer(&steady, "orders-api/prod", "edge", GATEWAY " Latency");
	check_layer(&steady, "charge-card", "app", LAMBDA " Duration");
	check_layer(&steady, "cart", "dependency",
		    DYNAMO " SuccessfulRequestLatency");
	scene_must_say(json_text(scene_row(&steady, "shop-alb"),
				 "error_metric"), "HTTPCode_ELB_5XX_Count");
}

static void check_resource(struct scene *s, const char *id, double used,
			   double limit, double ratio)
{
	cJSON *r = json_find(s->run.json, "saturation", "id", id);
	assert_non_null(r);
	assert_value(scene_number(r, "used"), used);
	assert_value(scene_number(r, "limit"), limit);
	assert_value(scene_number(r, "ratio"), ratio);
}

static void a_full_table_or_database_is_not_seen(void **state)
{
	(void)state;
	check_resource(&steady, "dynamodb:cart:read", 50, 100, .5);
	cJSON *cpu = json_find(steady.run.json, "saturation", "id",
			       "rds:shop-db:cpu");
	assert_non_null(cpu);
	assert_value(scene_number(cpu, "ratio"), .42);
}

static void caches_queues_and_containers_are_not_asked(void **state)
{
	(void)state;
	static const struct cloud_metric m[] = {
		{ "AWS/ElastiCache", "EngineCPUUtilization",
		  "CacheClusterId=sessions-001", "Percent", .value = 30 },
		{ "AWS/ElastiCache", "EngineCPUUtilization",
		  "CacheClusterId=sessions-001,CacheNodeId=0001", "Percent",
		  .value = 30 },
		{ "AWS/DAX", "CPUUtilization", "ClusterId=cart-dax", "Percent",
		  .value = 20 },
		{ "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName=mail",
		  "Seconds", .value = 12 },
		{ "AWS/SQS", "ApproximateNumberOfMessagesVisible",
		  "QueueName=mail", "Count", .value = 7 },
		{ "ECS/ContainerInsights", "CpuUtilized",
		  "ClusterName=shop,ServiceName=web", "None", .value = 100 },
		{ "ECS/ContainerInsights", "CpuReserved",
		  "ClusterName=shop,ServiceName=web", "None", .value = 400 },
		{ LB, "RequestCount", SHOP, "Count", .count = 60 },
	};
	static const char *const spaces[] = { "AWS/ElastiCache", "AWS/DAX",
		"AWS/SQS", "ECS/ContainerInsights" };
	struct scene s = { .metric = m, .nr = COUNT(m) };
	scene_play(&s);
	scene_ends(&s, 0, "up");
	for (size_t i = 0; i < COUNT(spaces); i++)
		if (!is_asked(&s, spaces[i]))
			fail_msg("%s is not asked", spaces[i]);
	assert_in_range(cJSON_GetArraySize(json_get(s.run.json, "saturation")),
			4, 10);
	scene_close(&s);
}

static void an_empty_account_hangs_or_lies(void **state)
{
	(void)state;
	struct scene s = { .timeout = "8s" };
	scene_play(&s);
	assert_true(s.run.code == 0 || s.run.code == 69);
	assert_int_equal(cJSON_GetArraySize(json_get(s.run.json, "services")),
			 0);
	assert_true(fake_aws_calls(s.fake) <= 30);
	scene_close(&s);
}

/* ---- 6: alarms ----------------------------------------------------------- */

static void an_alarm_is_missing_or_judged_anew(void **state)
{
	(void)state;
	static const char *const states[] = { "alarm", "ok", "insufficient",
					      "alarm" };
	for (size_t i = 0; i < COUNT(steady_alarms); i++) {
		const struct cloud_alarm *x = &steady_alarms[i];
		char since[TIME_TEXT];
		cJSON *a = json_find(steady.run.json, "alarms", "name",
				     x->name);
		assert_non_null(a);
		assert_string_equal(json_text(a, "state"), states[i]);
		assert_string_equal(json_text(a, "since"),
				    time_iso(x->transitioned, since));
		assert_string_equal(json_text(a, "reason"), x->reason);
		assert_string_equal(json_text(a, "source"),
				    json_text(scene_source(&steady), "name"));
	}
}

static void a_change_of_an_alarm_is_no_event(void **state)
{
	(void)state;
	char changed[TIME_TEXT];
	time_iso(steady_alarms[0].transitioned, changed);
	cJSON *e, *events = json_get(steady.run.json, "events");
	size_t nr = 0;
	cJSON_ArrayForEach(e, events) {
		if (strcmp(json_text(e, "kind"), "alarm") != 0)
			continue;
		/* Days ago is not in the range. */
		assert_null(strstr(json_text(e, "text"), "shop-latency"));
		if (strstr(json_text(e, "text"), "shop-5xx")) {
			assert_string_equal(json_text(e, "at"), changed);
			nr++;
		}
	}
	assert_int_equal(nr, 1);
}

/* ---- 7: money ------------------------------------------------------------ */

static void check_bill(struct scene *s)
{
	struct cloud_bill bill = fake_aws_bill(s->fake);
	cJSON *source = scene_source(s), *cost = json_get(source, "cost");
	assert_value(scene_number(source, "requests"), (double)bill.requests);
	assert_value(scene_number(cost, "metrics"), (double)bill.metrics);
}

static void the_bill_is_not_what_was_sent(void **state)
{
	(void)state;
	check_bill(&steady);
	struct scene s = { ONE, .knobs = { .page_points = 100,
					   .page_alarms = 1 },
			   .alarm = steady_alarms,
			   .nr_alarms = COUNT(steady_alarms) };
	scene_play(&s);
	check_bill(&s);
	scene_close(&s);
}

/* Twenty services, nothing known of them before. */
static struct account shop_account;
static struct scene shop = { .token = TOKEN };

static void shop_begin(void)
{
	account_new(&shop_account, machine_now(), 0);
	shop.metric = shop_account.metric;
	shop.nr = shop_account.nr;
	shop.alarm = shop_account.alarm;
	shop.nr_alarms = shop_account.cloud.nr_alarms;
	scene_play(&shop);
}

static void a_cold_start_costs_too_much(void **state)
{
	(void)state;
	struct cloud_bill bill = fake_aws_bill(shop.fake);
	print_message("%d requests, %d metrics\n", (int)bill.requests,
		      (int)bill.metrics);
	scene_ends(&shop, 0, "up");
	assert_in_range(bill.requests, 3, 30);
	assert_in_range(bill.metrics, 60, 450);
	check_bill(&shop);
}

static void a_service_of_twenty_is_missing_or_twice(void **state)
{
	(void)state;
	cJSON *e;
	int nr = 0;
	scene_source(&shop);
	cJSON_ArrayForEach(e, json_get(shop.run.json, "services")) {
		scene_row(&shop, json_text(e, "name"));
		nr++;
	}
	assert_int_equal(nr, ACCOUNT_SERVICES);
	for (size_t i = 0; i < COUNT(shop_balancers); i++)
		scene_row(&shop, shop_balancers[i].name);
	assert_string_equal(json_text(scene_row(&shop, "nightly-report"),
				      "state"), "notraffic");
	/* All but the one that is idle. */
	assert_int_equal(scene_rates(&shop), ACCOUNT_SERVICES - 1);
}

static void a_month_is_not_thirty_days(void **state)
{
	(void)state;
	cJSON *cost = json_get(scene_source(&shop), "cost");
	double hour = scene_number(cost, "usd_per_hour");
	assert_true(hour > 0 && hour < 10);
	assert_value(scene_number(cost, "usd_per_month"), hour * 24 * 30);
}

static void nobody_sees_what_it_costs(void **state)
{
	(void)state;
	struct scene s = { ONE, .format = "text" };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	scene_must_say(buf_text(&s.run.out), "$");
	s.words[0] = "--page";
	s.words[1] = "net";
	scene_replay(&s);
	scene_must_say(buf_text(&s.run.out), "$");
	scene_must_say(buf_text(&s.run.out), "month");
	scene_close(&s);
}

/* ---- 8: beside another source -------------------------------------------- */

static void check_beside(struct scene *s, struct shop *prom)
{
	shop_start(prom);
	s->beside = prom->url;
	scene_play(s);
	assert_int_equal(s->run.code, 0);
	assert_string_equal(json_text(json_source(&s->run, "prom"), "state"),
			    "up");
	assert_value(scene_number(json_get(s->run.json, "range"), "step_s"),
		     rint(scene_number(json_get(s->run.json, "range"),
				       "step_s")));
	assert_true(scene_number(scene_row(s, "svc-000"), "rate") > 0);
	assert_string_equal(json_text(scene_row(s, "svc-000"), "source"),
			    "prom");
}

static void two_sources_do_not_stand_in_one_table(void **state)
{
	(void)state;
	struct shop prom = { 0 };
	struct scene s = { CODED };
	check_beside(&s, &prom);
	assert_string_equal(scene_state(&s), "up");
	check_minutes(&s, machine_now());
	cJSON *cloud = scene_source(&s), *p = json_source(&s.run, "prom");
	assert_true(scene_number(cloud, "age_s") >= 0);
	assert_true(scene_number(p, "age_s") >= 0);
	scene_close(&s);
	shop_stop(&prom);
}

static void one_source_takes_the_other_along(void **state)
{
	(void)state;
	static const char *const what[] = { "throttle", "hang", "denied" };
	for (size_t i = 0; i < COUNT(what); i++) {
		struct shop prom = { 0 };
		struct scene s = { ONE, .timeout = "5s",
				   .trouble = { { what[i] } } };
		check_beside(&s, &prom);
		assert_string_not_equal(scene_state(&s), "up");
		assert_string_not_equal(scene_state(&s), "partial");
		assert_null(scene_service(&s, "shop-alb"));
		scene_close(&s);
		shop_stop(&prom);
	}
}

/* ---- credentials --------------------------------------------------------- */

static void no_credentials_are_not_said(void **state)
{
	(void)state;
	struct scene s = { ONE, .keyless = true };
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	scene_must_say(scene_error(&s), "credentials");
	assert_int_equal(fake_aws_calls(s.fake), 0);
	scene_close(&s);
}

static void check_process(const char *command, const char *timeout, long ms)
{
	char config[300];
	struct scene s = { ONE, .keyless = true, .timeout = timeout };
	snprintf(config, sizeof(config), "[default]\ncredential_process = %s\n",
		 command);
	scene_write(&s, ".aws/config", config);
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	scene_must_say(scene_error(&s), "process");
	assert_true(s.run.ms < ms * SCENE_SLOW);
	assert_int_equal(fake_aws_calls(s.fake), 0);
	scene_close(&s);
}

static void a_hung_credential_process_hangs_redtop(void **state)
{
	(void)state;
	check_process("sleep 60", "2s", 2000 + 3000);
}

static void garbage_of_a_credential_process_passes(void **state)
{
	(void)state;
	check_process("echo hunter2", NULL, 15000);
	check_process("false", NULL, 15000);
	check_process("/nonexistent/helper", NULL, 15000);
	check_process("echo {\"Version\":1}", NULL, 15000);
}

static void a_denied_operation_takes_the_others_along(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "denied",
		.operation = "DescribeAlarms" } } };
	scene_play(&s);
	scene_ends(&s, 0, "partial");
	check_one(&s);
	assert_true(scene_warns(&s, "DescribeAlarms"));
	scene_close(&s);
}

static void a_denial_does_not_name_what_is_missing(void **state)
{
	(void)state;
	struct scene s = { ONE, .trouble = { { "denied",
		.operation = "GetMetricData" } } };
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	scene_must_say(scene_error(&s), "GetMetricData");
	assert_int_equal(scene_rates(&s), 0);
	scene_close(&s);
}

static void an_expired_token_is_not_named(void **state)
{
	(void)state;
	struct scene s = { ONE, .token = TOKEN,
			   .trouble = { { "expired" } } };
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	scene_must_say(scene_error(&s), "expired");
	assert_in_range(fake_aws_calls(s.fake), 1, 6);
	scene_close(&s);
}

static void a_bad_profile_file_is_guessed_at(void **state)
{
	(void)state;
	struct scene s = { ONE, .keyless = true };
	scene_write(&s, ".aws/config", "[default]\nregion = eu-west-1\n"
		    "[profile broken\nregion = eu-west-1\n");
	scene_play(&s);
	assert_int_equal(s.run.code, 65);
	scene_must_say(buf_text(&s.run.err), "config:3:");
	assert_int_equal(fake_aws_calls(s.fake), 0);
	scene_close(&s);
}

static void an_expired_login_is_not_named(void **state)
{
	(void)state;
	struct scene s = { ONE, .keyless = true };
	scene_write(&s, ".aws/config", "[default]\nsso_session = corp\n"
		    "sso_account_id = 123456789012\nsso_role_name = ops\n"
		    "[sso-session corp]\nsso_region = eu-west-1\n"
		    "sso_start_url = https://corp.awsapps.com/start\n");
	/* SHA-1 of "corp" */
	scene_write(&s, ".aws/sso/cache/"
		    "ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
		    "{\"startUrl\":\"https://corp.awsapps.com/start\","
		    "\"region\":\"eu-west-1\",\"accessToken\":\"hunter2\","
		    "\"expiresAt\":\"2020-01-01T00:00:00Z\"}");
	scene_play(&s);
	scene_ends(&s, 77, "auth");
	scene_must_say(scene_error(&s), "aws sso login");
	assert_null(strstr(buf_text(&s.run.out), "hunter2"));
	assert_null(strstr(buf_text(&s.run.err), "hunter2"));
	scene_close(&s);
}

/* Who signed, where the environment has keys and a profile, too. */
static void check_signer(const char *const *words, const char *profile,
			 const char *id)
{
	struct scene s = { ONE };
	for (size_t i = 0; words[i]; i++)
		s.words[i] = words[i];
	scene_write(&s, ".aws/credentials", "[ops]\n"
		    "aws_access_key_id = AKIDPROFILE\n"
		    "aws_secret_access_key = of/the/profile\n");
	scene_open(&s);
	struct cloud_account both[2] = { s.account, s.account };
	both[1].id = "AKIDPROFILE";
	both[1].secret = "of/the/profile";
	fake_aws_accounts(s.fake, both, 2);
	if (profile)
		setenv("AWS_PROFILE", profile, 1);
	scene_start(&s);
	run_end(&s.run);
	check_whole(&s);
	for (size_t i = 0; i < fake_aws_calls(s.fake); i++)
		assert_string_equal(fake_aws_call(s.fake, i).id, id);
	assert_string_equal(json_text(scene_source(&s), "credentials"),
			    strcmp(id, ACCOUNT_ID) ? "profile:ops" : "env");
	scene_close(&s);
}

static void the_profile_asked_for_is_overruled(void **state)
{
	(void)state;
	static const char *const ops[] = { "--profile", "ops", NULL };
	static const char *const none[] = { NULL };
	check_signer(ops, NULL, "AKIDPROFILE");
	check_signer(none, "ops", ACCOUNT_ID);
}

static void a_secret_is_left_behind(void **state)
{
	(void)state;
	char command[200];
	scene_ends(&shop, 0, "up");
	snprintf(command, sizeof(command), "! grep -rqF -e '%s' -e '%s' '%s'",
		 ACCOUNT_SECRET, TOKEN, shop.home);
	assert_int_equal(system(command), 0);
	assert_null(strstr(buf_text(&shop.run.out), ACCOUNT_SECRET));
	assert_null(strstr(buf_text(&shop.run.out), TOKEN));
	assert_null(strstr(buf_text(&shop.run.err), ACCOUNT_SECRET));
	assert_null(strstr(buf_text(&shop.run.err), TOKEN));
}

/* ---- recordings ---------------------------------------------------------- */

static void a_recording_shows_something_else(void **state)
{
	(void)state;
	char file[120];
	struct scene s = { .metric = steady_metrics,
			   .nr = COUNT(steady_metrics),
			   .alarm = steady_alarms,
			   .nr_alarms = COUNT(steady_alarms) };
	scene_open(&s);
	snprintf(file, sizeof(file), "%s/cloud.redtop", s.home);
	RUN(&s.run, "record", "cloudwatch", "--region", ACCOUNT_REGION, "-o",
	    file, "--for", "6s");
	run_start(&s.run);
	run_end(&s.run);
	assert_int_equal(s.run.code, 0);
	run_free(&s.run);
	s.run = (struct run){ 0 };
	RUN(&s.run, "snapshot", file, "--format", "json");
	run_start(&s.run);
	run_end(&s.run);
	assert_int_equal(s.run.code, 0);
	for (size_t i = 0; i < COUNT(steady_rows); i++) {
		cJSON *row = json_find(s.run.json, "services", "name",
				       steady_rows[i].name);
		assert_non_null(row);
		assert_value(scene_number(row, "rate"), steady_rows[i].rate);
		assert_value(scene_number(row, "error_ratio"),
			     steady_rows[i].ratio);
		assert_value(scene_percentile(row, "p99"), steady_rows[i].p99);
	}
	assert_int_equal(cJSON_GetArraySize(json_get(s.run.json, "alarms")),
			 COUNT(steady_alarms));
	scene_close(&s);
}

/* ---- objectives ---------------------------------------------------------- */

/* One in twenty fails, and seven in ten take longer than 300 ms. */
static const char objectives[] =
	"slos:\n"
	"- {id: answers, service: shop-alb, objective: 99.9}\n"
	"- {id: quick, service: shop-alb, objective: 90, latency: 300ms}\n"
	"- {id: beyond, service: checkout, objective: 99}\n";

/* The burns of an objective's row, of windows from 5 m to 3 d. */
static void check_burns(struct scene *s, const char *id, double want)
{
	const char *at = strstr(buf_text(&s->run.out), id);
	if (!at)
		fail_msg("no %s in: %s", id, buf_text(&s->run.out));
	at = strchr(at, '%') + 1; /* behind the objective */
	at += strncmp(at, " <300ms", 7) == 0 ? 7 : 0;
	for (int i = 0; i < 7; i++) {
		char *end;
		double got = strtod(at, &end);
		if (*end != 'x' || fabs(got - want) > want / 100)
			fail_msg("%s: window %d of %.80s", id, i, at);
		at = end + 1;
	}
}

static size_t asked_of(struct scene *s, double period, const char *stat)
{
	size_t nr = 0;
	for (size_t i = 0; i < fake_aws_calls(s->fake); i++) {
		cJSON *q, *body = scene_body(s, i, CLOUD_GET_METRIC_DATA);
		cJSON_ArrayForEach(q, json_get(body, "MetricDataQueries")) {
			cJSON *m = json_get(q, "MetricStat");
			nr += scene_number(m, "Period") == period
			      && strcmp(json_text(m, "Stat"), stat) == 0;
		}
		cJSON_Delete(body);
	}
	return nr;
}

static void an_objective_does_not_burn(void **state)
{
	(void)state;
	char file[SCENE_HOME + 20];
	struct scene s = { ONE, .format = "text" };
	scene_write(&s, "slo.yaml", objectives);
	snprintf(file, sizeof(file), "%s/slo.yaml", s.home);
	const char *const words[8] = { "-c", file, "--page", "slo", "--size",
				       "160x50" };
	memcpy(s.words, words, sizeof(words));
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	check_burns(&s, "shop-alb answers", 50);
	check_burns(&s, "shop-alb quick", 7);
	scene_must_say(buf_text(&s.run.out), "PAGE");
	/* Each once, at the period of its grid. */
	assert_int_equal(asked_of(&s, 60, "PR(:0.3)"), 1);
	assert_int_equal(asked_of(&s, 300, "PR(:0.3)"), 1);
	assert_int_equal(asked_of(&s, 3600, "PR(:0.3)"), 1);
	assert_int_equal(asked_of(&s, 300, "Sum"), 4);
	assert_int_equal(asked_of(&s, 3600, "Sum"), 4);
	/* And not again by the next viewer. */
	scene_replay(&s);
	check_burns(&s, "shop-alb answers", 50);
	check_burns(&s, "shop-alb quick", 7);
	assert_int_equal(asked_of(&s, 300, "PR(:0.3)"), 1);
	assert_int_equal(asked_of(&s, 3600, "Sum"), 4);
	scene_close(&s);
}

static const struct cloud_metric machines[] = {
	{ LB, "RequestCount", SHOP, "Count", .count = 1200 },
	{ "AWS/EC2", "CPUUtilization", "InstanceId=i-0aaa", "Percent",
	  .value = 91 },
	{ "AWS/EC2", "CPUUtilization", "InstanceId=i-0bbb", "Percent",
	  .value = 40 },
	{ "AWS/EC2", "NetworkIn", "InstanceId=i-0aaa", "Bytes", .value = 7 },
};

static void a_machine_over_its_limit_is_not_seen(void **state)
{
	(void)state;
	char file[SCENE_HOME + 20];
	struct scene s = { .metric = machines, .nr = COUNT(machines),
			   .format = "text" };
	scene_write(&s, "limits.yaml",
		    "thresholds:\n"
		    "- id: cpu\n"
		    "  cloudwatch: AWS/EC2 CPUUtilization Average\n"
		    "  period: 5m\n"
		    "  critical: {above: 85}\n");
	snprintf(file, sizeof(file), "%s/limits.yaml", s.home);
	const char *const words[8] = { "-c", file, "--page", "saturation",
				       "--size", "160x40" };
	memcpy(s.words, words, sizeof(words));
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	const char *hot = strstr(buf_text(&s.run.out), "i-0aaa");
	const char *cool = strstr(buf_text(&s.run.out), "i-0bbb");
	if (!hot || !cool || hot > cool)
		fail_msg("%s", buf_text(&s.run.out));
	assert_int_equal(asked_of(&s, 300, "Average"), 2);
	scene_replay(&s);
	assert_int_equal(asked_of(&s, 300, "Average"), 2);
	scene_close(&s);
}

/* ---- all ----------------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	restated_begin();
	steady_begin();
	shop_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	scene_close(&restated);
	scene_close(&steady);
	scene_close(&shop);
	account_free(&shop_account);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signature_is_refused),
		cmocka_unit_test(the_token_of_a_session_is_not_signed),
		cmocka_unit_test(a_clock_ten_minutes_off_hides_the_account),
		cmocka_unit_test(a_clock_that_is_off_is_not_said),
		cmocka_unit_test(doctor_does_not_say_what_is_wrong),
		cmocka_unit_test(a_wrong_key_is_tried_without_end),
		cmocka_unit_test(a_request_is_not_what_the_service_documents),
		cmocka_unit_test(periods_straddle_their_boundaries),
		cmocka_unit_test(we_are_the_tool_that_throttles_the_others),
		cmocka_unit_test(points_on_later_pages_are_lost),
		cmocka_unit_test(metrics_on_later_pages_are_lost),
		cmocka_unit_test(alarms_on_later_pages_are_lost),
		cmocka_unit_test(a_repeating_token_hangs_or_doubles),
		cmocka_unit_test(half_an_answer_passes_for_the_whole),
		cmocka_unit_test(one_internal_error_loses_a_service),
		cmocka_unit_test(
			an_internal_error_without_end_is_asked_without_end),
		cmocka_unit_test(a_forbidden_metric_takes_its_service_along),
		cmocka_unit_test(a_forbidden_count_reads_as_no_traffic),
		cmocka_unit_test(forbidden_errors_read_as_no_errors),
		cmocka_unit_test(a_message_of_the_service_is_swallowed),
		cmocka_unit_test(one_throttled_call_loses_data),
		cmocka_unit_test(one_server_error_loses_data),
		cmocka_unit_test(a_stale_token_loses_data),
		cmocka_unit_test(a_retry_does_not_wait_as_long_as_told),
		cmocka_unit_test(endless_throttling_hangs_or_hammers),
		cmocka_unit_test(throttled_alarms_take_the_services_along),
		cmocka_unit_test(an_answer_that_cannot_be_used_passes),
		cmocka_unit_test(odd_numbers_become_rates),
		cmocka_unit_test(a_name_writes_to_the_terminal),
		cmocka_unit_test(rate_and_percentiles_are_of_different_minutes),
		cmocka_unit_test(a_past_moment_shows_other_minutes),
		cmocka_unit_test(an_old_moment_is_empty),
		cmocka_unit_test(a_minute_that_lasts_reads_as_a_drop),
		cmocka_unit_test(a_late_minute_reads_as_no_traffic),
		cmocka_unit_test(absent_errors_read_as_unknown),
		cmocka_unit_test(absent_requests_read_as_health),
		cmocka_unit_test(errors_of_the_balancer_itself_are_left_out),
		cmocka_unit_test(an_outage_reads_as_no_traffic),
		cmocka_unit_test(more_errors_than_requests_exceed_one),
		cmocka_unit_test(
			mistakes_of_callers_count_or_milliseconds_are_seconds),
		cmocka_unit_test(throttled_invocations_count_as_errors),
		cmocka_unit_test(throttled_reads_of_a_table_are_left_out),
		cmocka_unit_test(percentiles_of_two_operations_are_averaged),
		cmocka_unit_test(the_edge_is_asked_in_the_wrong_region),
		cmocka_unit_test(a_split_by_zone_or_group_is_a_service),
		cmocka_unit_test(what_is_long_gone_is_listed_and_paid_for),
		cmocka_unit_test(a_service_does_not_say_what_it_is),
		cmocka_unit_test(a_full_table_or_database_is_not_seen),
		cmocka_unit_test(caches_queues_and_containers_are_not_asked),
		cmocka_unit_test(an_empty_account_hangs_or_lies),
		cmocka_unit_test(an_alarm_is_missing_or_judged_anew),
		cmocka_unit_test(a_change_of_an_alarm_is_no_event),
		cmocka_unit_test(the_bill_is_not_what_was_sent),
		cmocka_unit_test(a_cold_start_costs_too_much),
		cmocka_unit_test(a_service_of_twenty_is_missing_or_twice),
		cmocka_unit_test(a_month_is_not_thirty_days),
		cmocka_unit_test(nobody_sees_what_it_costs),
		cmocka_unit_test(two_sources_do_not_stand_in_one_table),
		cmocka_unit_test(one_source_takes_the_other_along),
		cmocka_unit_test(no_credentials_are_not_said),
		cmocka_unit_test(a_hung_credential_process_hangs_redtop),
		cmocka_unit_test(garbage_of_a_credential_process_passes),
		cmocka_unit_test(a_denied_operation_takes_the_others_along),
		cmocka_unit_test(a_denial_does_not_name_what_is_missing),
		cmocka_unit_test(an_expired_token_is_not_named),
		cmocka_unit_test(a_bad_profile_file_is_guessed_at),
		cmocka_unit_test(an_expired_login_is_not_named),
		cmocka_unit_test(the_profile_asked_for_is_overruled),
		cmocka_unit_test(a_secret_is_left_behind),
		cmocka_unit_test(a_recording_shows_something_else),
		cmocka_unit_test(a_restated_minute_stays_as_it_was),
		cmocka_unit_test(an_objective_does_not_burn),
		cmocka_unit_test(a_machine_over_its_limit_is_not_seen),
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("cloudwatch", tests, begin, end);
}
