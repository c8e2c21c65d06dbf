/* Several viewers of one account on one host: they pay once, and what one of
 * them does wrong costs no other its answer. */
#include "tests/fault/scene.h"

#define SHARE 1.05

/* Three with one home: two at once, then one more. */
static struct account shop;
static struct scene alone, viewers[3];
static struct cloud_bill bill_alone, bill_shared;

static void scene_of_shop(struct scene *s)
{
	*s = (struct scene){
		.metric = shop.metric, .nr = shop.nr, .alarm = shop.alarm,
		.nr_alarms = shop.cloud.nr_alarms,
	};
}

/* The same server and home, as another terminal has them. */
static struct scene beside(const struct scene *s)
{
	struct scene other = *s;
	other.borrowed_home = true;
	other.url = fake_aws_url(s->fake);
	other.fake = NULL;
	return other;
}

static int begin(void **state)
{
	(void)state;
	account_new(&shop, (time_ms)time(NULL) * 1000, 0);
	scene_of_shop(&alone);
	scene_play(&alone);
	bill_alone = fake_aws_bill(alone.fake);
	scene_of_shop(&viewers[0]);
	scene_open(&viewers[0]);
	viewers[1] = beside(&viewers[0]);
	viewers[2] = beside(&viewers[0]);
	scene_start(&viewers[0]);
	scene_start(&viewers[1]);
	run_end(&viewers[0].run);
	run_end(&viewers[1].run);
	scene_start(&viewers[2]);
	run_end(&viewers[2].run);
	bill_shared = fake_aws_bill(viewers[0].fake);
	return 0;
}

static int end(void **state)
{
	(void)state;
	scene_close(&viewers[2]);
	scene_close(&viewers[1]);
	scene_close(&viewers[0]);
	scene_close(&alone);
	account_free(&shop);
	return 0;
}

static void three_viewers_pay_three_times(void **state)
{
	(void)state;
	print_message("one: %d requests, %d metrics; three: %d, %d\n",
		      (int)bill_alone.requests, (int)bill_alone.metrics,
		      (int)bill_shared.requests, (int)bill_shared.metrics);
	scene_ends(&alone, 0, "up");
	assert_true(bill_alone.requests > 0 && bill_alone.metrics > 0);
	assert_true((double)bill_shared.requests
		    <= SHARE * (double)bill_alone.requests);
	assert_true((double)bill_shared.metrics
		    <= SHARE * (double)bill_alone.metrics);
}

static void who_did_not_pay_sees_less(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(viewers); i++) {
		struct scene *v = &viewers[i];
		scene_ends(v, 0, "up");
		assert_int_equal(cJSON_GetArraySize(json_get(v->run.json,
							     "services")),
				 ACCOUNT_SERVICES);
		assert_int_equal(cJSON_GetArraySize(json_get(v->run.json,
							     "alarms")),
				 shop.cloud.nr_alarms);
		assert_int_equal(scene_rates(v), ACCOUNT_SERVICES - 1);
	}
}

static void the_bills_of_three_are_not_what_was_sent(void **state)
{
	(void)state;
	double requests = 0, metrics = 0;
	for (size_t i = 0; i < COUNT(viewers); i++) {
		cJSON *s = scene_source(&viewers[i]);
		requests += scene_number(s, "requests");
		metrics += scene_number(json_get(s, "cost"), "metrics");
	}
	assert_value(requests, (double)bill_shared.requests);
	assert_value(metrics, (double)bill_shared.metrics);
}

/* ---- who holds what the others wait for ---------------------------------- */

static void wait_for_calls(const struct scene *s, size_t nr)
{
	for (int i = 0; i < 1000 && fake_aws_calls(s->fake) < nr; i++)
		usleep(10000);
	assert_true(fake_aws_calls(s->fake) >= nr);
}

/* The first one is stopped by a signal while it waits for answers. */
static void check_stopped(int signal)
{
	struct scene first, second;
	scene_of_shop(&first);
	first.knobs.delay_ms = 400;
	scene_open(&first);
	scene_start(&first);
	wait_for_calls(&first, 2);
	assert_int_equal(kill(-first.run.pid, signal), 0);
	second = beside(&first);
	scene_start(&second);
	run_end(&second.run);
	kill(-first.run.pid, SIGKILL);
	run_end(&first.run);
	scene_ends(&second, 0, "up");
	assert_int_equal(scene_rates(&second), ACCOUNT_SERVICES - 1);
	scene_close(&second);
	scene_close(&first);
}

static void a_dead_viewer_blocks_the_others(void **state)
{
	(void)state;
	check_stopped(SIGKILL);
}

static void a_stopped_viewer_blocks_the_others(void **state)
{
	(void)state;
	check_stopped(SIGSTOP);
}

/* ---- whose answers they are ---------------------------------------------- */

#define SPACE "AWS/Lambda"
#define CART "FunctionName=cart"

static const struct cloud_metric ours[] = {
	{ SPACE, "Invocations", CART, "Count", .count = 600 },
	{ SPACE, "Duration", CART, "Milliseconds", .value = 100 },
};
static const struct cloud_metric theirs[] = {
	{ SPACE, "Invocations", CART, "Count", .count = 60 },
	{ SPACE, "Duration", CART, "Milliseconds", .value = 900 },
};

static void check_cart(struct scene *s, double rate, double p99)
{
	scene_ends(s, 0, "up");
	cJSON *row = scene_row(s, "cart");
	assert_value(scene_number(row, "rate"), rate);
	assert_value(scene_percentile(row, "p99"), p99);
}

static void another_account_is_shown_as_ours(void **state)
{
	(void)state;
	struct scene s = { .metric = ours, .nr = 2 };
	scene_play(&s);
	check_cart(&s, 10, .1);
	struct cloud_account both[2] = { s.account, s.account };
	both[1].id = "AKIDOTHER";
	both[1].metric = theirs;
	fake_aws_accounts(s.fake, both, 2);
	setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER", 1);
	scene_replay(&s);
	check_cart(&s, 1, .9);
	scene_close(&s);
}

static void another_region_is_shown_as_ours(void **state)
{
	(void)state;
	static const struct cloud_metric both[] = {
		{ SPACE, "Invocations", CART, "Count", .count = 600 },
		{ SPACE, "Duration", CART, "Milliseconds", .value = 100 },
		{ SPACE, "Invocations", CART, "Count", .count = 60,
		  .region = "eu-north-1" },
		{ SPACE, "Duration", CART, "Milliseconds", .value = 900,
		  .region = "eu-north-1" },
	};
	struct scene s = { .metric = both, .nr = COUNT(both) };
	scene_play(&s);
	check_cart(&s, 10, .1);
	run_free(&s.run);
	s.run = (struct run){ 0 };
	RUN(&s.run, "snapshot", "cloudwatch", "--region", "eu-north-1",
	    "--format", "json");
	run_start(&s.run);
	run_end(&s.run);
	check_cart(&s, 1, .9);
	scene_close(&s);
}

/* ---- what the disk does -------------------------------------------------- */

static void a_broken_cache_is_believed(void **state)
{
	(void)state;
	static const char *const spoil[] = {
		"echo garbage >\"$f\"", ": >\"$f\"",
		"head -c 40 \"$f\" >\"$f\".x; cat \"$f\".x >\"$f\"; "
		"rm \"$f\".x",
	};
	struct scene s = { .metric = ours, .nr = 2 };
	scene_play(&s);
	for (size_t i = 0; i < COUNT(spoil); i++) {
		char command[400];
		snprintf(command, sizeof(command), "n=0; for f in $(find '%s' "
			 "-type f); do %s; n=1; done; [ $n = 1 ]", s.home,
			 spoil[i]);
		/* Something is there to be spoiled. */
		assert_int_equal(system(command), 0);
		scene_replay(&s);
		check_cart(&s, 10, .1);
	}
	scene_close(&s);
}

static void without_a_home_there_is_no_answer(void **state)
{
	(void)state;
	struct scene s = { .metric = ours, .nr = 2, .borrowed_home = true,
			   .home = "/dev/null" };
	scene_play(&s);
	assert_int_equal(s.run.code, 0);
	assert_value(scene_number(scene_row(&s, "cart"), "rate"), 10);
	scene_close(&s);
}

static void others_read_what_we_see(void **state)
{
	(void)state;
	char command[200];
	scene_ends(&viewers[0], 0, "up");
	/* What is kept is in a directory of ours alone. */
	snprintf(command, sizeof(command), "[ -n \"$(find '%s' -type d -name "
		 "cloudwatch ! -perm /077)\" ]", viewers[0].home);
	assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_viewers_pay_three_times),
		cmocka_unit_test(who_did_not_pay_sees_less),
		cmocka_unit_test(the_bills_of_three_are_not_what_was_sent),
		cmocka_unit_test(a_dead_viewer_blocks_the_others),
		cmocka_unit_test(a_stopped_viewer_blocks_the_others),
		cmocka_unit_test(another_account_is_shown_as_ours),
		cmocka_unit_test(another_region_is_shown_as_ours),
		cmocka_unit_test(a_broken_cache_is_believed),
		cmocka_unit_test(without_a_home_there_is_no_answer),
		cmocka_unit_test(others_read_what_we_see),
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("cloudwatch_share", tests, begin,
					   end);
}
