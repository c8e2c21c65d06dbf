/* Several viewers of one account on one host, in simulated time: what is paid
 * for once is not paid for again. */
#include "tests/fault/fake_aws.c"
#include "tests/fault/fake_account.h"

#include "sources/cloudwatch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#define START ((time_ms)1764072005000)
#define SPAN  ((time_ms)600000)

static time_ms simulated;

static time_ms wall(void)
{
	return simulated;
}

struct viewer {
	struct source src;
	time_ms due;
	unsigned polls, ticks, faults;
	uint64_t metrics, requests;
	size_t services;
	bool ended, closed;
};

static void on_batch(struct source *src, struct batch *b, void *arg)
{
	struct viewer *v = arg;
	(void)src;
	v->ticks += b->tick;
	v->faults += b->fault != FAULT_NONE;
	if (b->fault != FAULT_NONE)
		print_message("%s\n", b->error);
	if (b->catalog)
		v->services = b->catalog->nr_services;
	if (b->status) {
		v->requests += b->status->requests;
		v->metrics += b->status->cost->metrics;
	}
	batch_free(b);
}

static void on_ended(struct source *src, void *arg)
{
	(void)src;
	((struct viewer *)arg)->ended = true;
}

static void on_closed(struct source *src, void *arg)
{
	(void)src;
	((struct viewer *)arg)->closed = true;
}

static void viewer_open(struct viewer *v, uv_loop_t *loop, time_ms due)
{
	struct err e;
	*v = (struct viewer){ .due = due };
	v->src = (struct source){
		.ops = &cloudwatch_ops, .loop = loop, .wall = wall,
		.state = calloc(1, cloudwatch_ops.state_size),
		.name = strdup("cloudwatch"), .newest = TIME_NONE,
		.oldest = TIME_NONE, .sink = on_batch, .ended = on_ended,
		.closed = on_closed, .arg = v,
		.opt = { .region = "eu-west-1", .max_usd = -1 },
	};
	if (v->src.ops->open(&v->src, "cloudwatch", &e) < 0)
		fail_msg("%s", e.text);
}

static void viewer_poll(struct viewer *v, struct fake_aws *f)
{
	struct want w = { .at = TIME_NONE, .back = 7200000, .step = 15000,
			  .range = 3600000, .charts = true,
			  .deadline = 10000 };
	simulated = v->due;
	fake_aws_turn(f, &(struct cloud_knobs){ .at = simulated });
	v->ended = false;
	v->src.ops->poll(&v->src, &w);
	while (!v->ended)
		uv_run(v->src.loop, UV_RUN_ONCE);
	v->polls++;
	v->due += v->src.period;
}

static void viewer_close(struct viewer *v)
{
	v->src.ops->close(&v->src);
	while (!v->closed)
		uv_run(v->src.loop, UV_RUN_ONCE);
	free(v->src.state);
	free(v->src.name);
	free(v->src.url);
}

/* A fresh HOME, ten minutes of so many viewers: the server's bill. */
static struct cloud_bill watch(size_t nr, struct viewer *v)
{
	static const time_ms offset[] = { 0, 20000, 35000 };
	char home[] = "/tmp/redtop-viewers-XXXXXX", command[80];
	struct account shop = { 0 };
	account_new(&shop, START, 0);
	const struct cloud_account *a = &shop.cloud;
	struct fake_aws *f = fake_aws_start(a, 1);
	uv_loop_t loop;
	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	setenv("AWS_ENDPOINT_URL", fake_aws_url(f), 1);
	setenv("AWS_ACCESS_KEY_ID", a->id, 1);
	setenv("AWS_SECRET_ACCESS_KEY", a->secret, 1);
	unsetenv("AWS_SESSION_TOKEN");
	unsetenv("XDG_CACHE_HOME");
	uv_loop_init(&loop);
	simulated = START;
	for (size_t i = 0; i < nr; i++)
		viewer_open(&v[i], &loop, START + offset[i]);
	for (;;) {
		struct viewer *next = &v[0];
		for (size_t i = 1; i < nr; i++)
			if (v[i].due < next->due)
				next = &v[i];
		if (next->due > START + SPAN)
			break;
		viewer_poll(next, f);
	}
	for (size_t i = 0; i < nr; i++)
		viewer_close(&v[i]);
	assert_int_equal(uv_loop_close(&loop), 0);
	struct cloud_bill bill = fake_aws_bill(f);
	fake_aws_stop(f);
	account_free(&shop);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	assert_int_equal(system(command), 0);
	return bill;
}

static void two_viewers_and_a_recorder_pay_three_times(void **state)
{
	struct viewer one[1], three[3];
	(void)state;
	struct cloud_bill alone = watch(1, one);
	struct cloud_bill all = watch(3, three);
	uint64_t requests = 0, metrics = 0;
	print_message("alone %llu requests, %llu metrics; three %llu, %llu\n",
		      (unsigned long long)alone.requests,
		      (unsigned long long)alone.metrics,
		      (unsigned long long)all.requests,
		      (unsigned long long)all.metrics);
	assert_int_equal(one[0].faults, 0);
	assert_int_equal(one[0].polls, 11);
	assert_true(one[0].services >= 20);
	assert_true(alone.metrics > 1000);
	assert_int_equal(alone.refused, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(three[i].faults, 0);
		assert_true(three[i].polls >= 10);
		assert_int_equal(three[i].services, one[0].services);
		requests += three[i].requests;
		metrics += three[i].metrics;
	}
	/* Each knows what it sent. */
	assert_true(requests == all.requests);
	assert_true(metrics == all.metrics);
	assert_true((double)all.requests <= 1.05 * (double)alone.requests);
	assert_true((double)all.metrics <= 1.05 * (double)alone.metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_viewers_and_a_recorder_pay_three_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
