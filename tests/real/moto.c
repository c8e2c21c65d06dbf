/* `redtop snapshot cloudwatch` of a moto server: others' word on CloudWatch.
 * It knows basic statistics and alarms and no percentile (HTTP 500), and is
 * not on every machine. */
#include "tests/fault/scene.h"
#include "tests/real/lab.c"

#define TARGET "X-Amz-Target: GraniteServiceVersion20100801."
#define BALANCER "[{\"Name\":\"LoadBalancer\",\"Value\":" \
	"\"app/shop-alb/50dc6c495c0c9188\"}]"
#define FUNCTION "[{\"Name\":\"FunctionName\",\"Value\":\"cart\"}]"
#define BACK 75          /* minutes of data before now, and */
#define AHEAD 10         /* after it: tests take a while */

static struct {
	pid_t pid;
	char url[64];
	time_ms began;
	struct scene scene;
} moto;

/* ---- the server ---------------------------------------------------------- */

/* Where it is, or false. */
static bool find_moto(char out[400])
{
	const char *path = getenv("PATH");
	for (const char *at = path; at && *at; at += *at == ':') {
		int n = (int)strcspn(at, ":");
		snprintf(out, 400, "%.*s/moto_server", n, at);
		at += n;
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static long post(const char *operation, const char *body, struct buf *answer)
{
	char target[120];
	long status = 0;
	CURL *c = curl_easy_init();
	struct curl_slist *head = NULL;
	snprintf(target, sizeof(target), TARGET "%s", operation);
	head = curl_slist_append(head, target);
	head = curl_slist_append(head,
				 "Content-Type: application/x-amz-json-1.0");
	/* It reads the region there, and checks nothing. */
	head = curl_slist_append(head, "Authorization: AWS4-HMAC-SHA256 "
		"Credential=" ACCOUNT_ID "/20260101/" ACCOUNT_REGION
		"/monitoring/aws4_request, SignedHeaders=host, Signature=0");
	curl_easy_setopt(c, CURLOPT_URL, moto.url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, answer);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(head);
	curl_easy_cleanup(c);
	return status;
}

static void must_post(const char *operation, const char *body)
{
	struct buf answer;
	buf_init(&answer, 0);
	long status = post(operation, body, &answer);
	if (status != 200)
		print_message("%s: %ld %s\n", operation, status,
			      buf_text(&answer));
	assert_int_equal(status, 200);
	buf_release(&answer);
}

/* `values`: members of each minute's datum. */
static void put(const char *space, const char *name, const char *dims,
		const char *unit, const char *values)
{
	struct buf b;
	time_ms minute = time_floor(moto.began, CLOUD_MINUTE);
	buf_init(&b, 0);
	buf_printf(&b, "{\"Namespace\":\"%s\",\"MetricData\":[", space);
	for (int i = -BACK; i <= AHEAD; i++)
		buf_printf(&b, "%s{\"MetricName\":\"%s\",\"Dimensions\":%s,"
			   "\"Timestamp\":%lld,\"Unit\":\"%s\",%s}",
			   i > -BACK ? "," : "", name, dims,
			   (long long)(minute + i * CLOUD_MINUTE) / 1000, unit,
			   values);
	buf_str(&b, "]}");
	must_post("PutMetricData", buf_text(&b));
	buf_release(&b);
}

static void put_all(void)
{
	put("AWS/ApplicationELB", "RequestCount", BALANCER, "Count",
	    "\"Value\":1200");
	put("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", BALANCER,
	    "Count", "\"Value\":60");
	put("AWS/ApplicationELB", "TargetResponseTime", BALANCER, "Seconds",
	    "\"Values\":[0.1,0.3],\"Counts\":[3,1]");
	put("AWS/Lambda", "Invocations", FUNCTION, "Count", "\"Value\":90");
	put("AWS/Lambda", "Errors", FUNCTION, "Count", "\"Value\":9");
	must_post("PutMetricAlarm", "{\"AlarmName\":\"shop-5xx\",\"MetricName\""
		  ":\"HTTPCode_Target_5XX_Count\",\"Namespace\":"
		  "\"AWS/ApplicationELB\",\"Statistic\":\"Sum\",\"Period\":60,"
		  "\"EvaluationPeriods\":1,\"Threshold\":5000,"
		  "\"ComparisonOperator\":\"GreaterThanThreshold\","
		  "\"Dimensions\":" BALANCER "}");
	/* Its own judgement would be another. */
	must_post("SetAlarmState", "{\"AlarmName\":\"shop-5xx\",\"StateValue\":"
		  "\"ALARM\",\"StateReason\":\"said by hand\"}");
}

static int begin(void **state)
{
	char path[400], port[16], probe[100];
	(void)state;
	assert_true(find_moto(path));
	curl_global_init(CURL_GLOBAL_DEFAULT);
	snprintf(port, sizeof(port), "%d", free_port());
	snprintf(moto.url, sizeof(moto.url), "http://127.0.0.1:%s", port);
	snprintf(probe, sizeof(probe), "%s/moto-api/", moto.url);
	moto.pid = lab_run("/dev/null", (char *[]){ path, "-H", "127.0.0.1",
						    "-p", port, NULL });
	wait_for(probe);
	moto.began = (time_ms)time(NULL) * 1000;
	put_all();
	moto.scene.url = moto.url;
	scene_play(&moto.scene);
	return 0;
}

static int end(void **state)
{
	(void)state;
	scene_close(&moto.scene);
	lab_end(moto.pid);
	return 0;
}

/* ---- what redtop makes of it --------------------------------------------- */

static void rates_go_with_the_percentiles(void **state)
{
	(void)state;
	cJSON *row = scene_row(&moto.scene, "shop-alb");
	assert_int_equal(moto.scene.run.code, 0);
	assert_value(scene_number(row, "rate"), 20);
	assert_value(scene_number(row, "error_ratio"), .05);
	row = scene_row(&moto.scene, "cart");
	assert_value(scene_number(row, "rate"), 1.5);
	assert_value(scene_number(row, "error_ratio"), .1);
}

static void missing_percentiles_are_not_said(void **state)
{
	(void)state;
	cJSON *row = scene_row(&moto.scene, "shop-alb");
	assert_string_equal(scene_state(&moto.scene), "partial");
	assert_true(cJSON_GetArraySize(json_get(scene_source(&moto.scene),
						"warnings")) > 0);
	assert_value(scene_percentile(row, "p50"), (double)NAN);
	assert_value(scene_percentile(row, "p99"), (double)NAN);
}

static void an_alarm_is_missing_or_judged_anew(void **state)
{
	(void)state;
	time_ms since = TIME_NONE;
	struct err e = { 0 };
	cJSON *a = json_find(moto.scene.run.json, "alarms", "name", "shop-5xx");
	assert_non_null(a);
	assert_string_equal(json_text(a, "state"), "alarm");
	assert_string_equal(json_text(a, "reason"), "said by hand");
	assert_int_equal(time_parse(json_text(a, "since"), 0, &since, &e), 0);
	assert_true(since >= moto.began - 1000
		    && since <= moto.began + LAB_PATIENCE * 1000);
}

static void moto_server_is_not_installed_here_skipped(void **state)
{
	(void)state;
	print_message("moto_server is not in PATH: nothing was tested\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_go_with_the_percentiles),
		cmocka_unit_test(missing_percentiles_are_not_said),
		cmocka_unit_test(an_alarm_is_missing_or_judged_anew),
	};
	const struct CMUnitTest skipped[] = {
		cmocka_unit_test(moto_server_is_not_installed_here_skipped),
	};
	char path[400];
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (!find_moto(path))
		return cmocka_run_group_tests_name("moto", skipped, NULL, NULL);
	return cmocka_run_group_tests_name("moto", tests, begin, end);
}
