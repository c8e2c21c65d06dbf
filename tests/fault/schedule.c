/* When sources are asked: after a stop, a sleep, a clock that was set, a
 * server that asks for peace, failures. */
#include "app/session.h"

#include "base/mem.h"
#include "tests/fault/fake_prom.c"
#include "tests/fault/fake_prom.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define EVERY 150
#define POLLS 200
#define SOURCES 5

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct fake_prom prom;
	struct evil *evil[SOURCES];
	size_t nr;
	struct session *session;
	struct options options;
	/* what the server does */
	int status;
	const char *head;
	bool hang;
	/* what happened */
	time_ms begun[POLLS], ended[POLLS];
	size_t begins, ends, until;
	struct {
		time_ms at, real, next;
		double skew_s;
		enum fault fault;
	} tick[POLLS];
	size_t ticks;
	bool closed;
};

static void script(const struct evil_ask *a, struct evil_answer *out,
		   void *arg)
{
	struct rig *r = arg;
	time_t now = (time_t)(clock_wall() / 1000);
	char date[64];
	strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
		 gmtime(&now));
	if (r->hang) {
		out->behave = "/hang";
		return;
	}
	if (r->status) {
		out->status = r->status;
		buf_str(&out->body, "not now");
	} else {
		fake_script(a, out, &r->prom);
	}
	buf_str(&out->head, date);
	if (r->head)
		buf_str(&out->head, r->head);
}

static void on_batch(const struct batch *b, void *arg)
{
	struct rig *r = arg;
	if (!b->tick)
		return;
	assert_true(r->ticks < POLLS);
	r->tick[r->ticks].at = b->at;
	r->tick[r->ticks].real = clock_wall();
	r->tick[r->ticks].skew_s = b->status->skew_s;
	r->tick[r->ticks].next = b->status->next;
	r->tick[r->ticks++].fault = b->fault;
}

static void on_polled(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	assert_true(r->ends < POLLS);
	r->ended[r->ends++] = clock_mono();
	if (r->ends >= r->until)
		uv_stop(&r->loop);
}

static bool on_want(struct want *w, void *arg)
{
	struct rig *r = arg;
	assert_true(r->begins < POLLS);
	r->begun[r->begins++] = clock_mono();
	*w = (struct want){ .at = TIME_NONE };
	return true;
}

static void on_watchdog(uv_timer_t *t)
{
	(void)t;
	fail_msg("the loop hangs");
}

static void on_done(void *arg)
{
	*(bool *)arg = true;
}

/* r is zero but for what the server does. */
static void rig_open(struct rig *r, size_t nr, time_ms every)
{
	static char url[SOURCES][EVIL_URL];
	struct session_hooks hooks = { on_batch, on_polled, on_want, r };
	struct err e = { 0 };
	assert_int_equal(uv_loop_init(&r->loop), 0);
	uv_timer_init(&r->loop, &r->watchdog);
	uv_timer_start(&r->watchdog, on_watchdog, 60000, 0);
	uv_unref((uv_handle_t *)&r->watchdog);
	pthread_mutex_init(&r->prom.lock, NULL);
	r->prom.opt.services = 2;
	r->nr = nr;
	r->options = (struct options){ .timeout = 5000, .every = every };
	for (size_t i = 0; i < nr; i++) {
		r->evil[i] = evil_new(&r->loop, script, r);
		r->options.source[i] = evil_url(r->evil[i], "", url[i]);
		r->options.nr_sources++;
	}
	r->session = session_new(&r->loop, &r->options, &hooks, &e);
	assert_non_null(r->session);
	session_start(r->session);
}

/* Until so many polls more have ended. */
static void run_polls(struct rig *r, size_t more)
{
	r->until = r->ends + more;
	while (r->ends < r->until)
		uv_run(&r->loop, UV_RUN_DEFAULT);
}

static void on_nap(uv_timer_t *t)
{
	*(bool *)t->data = true;
	uv_stop(t->loop);
}

static void nap(struct rig *r, uint64_t ms)
{
	bool over = false;
	uv_timer_t t = { .data = &over };
	uv_timer_init(&r->loop, &t);
	uv_timer_start(&t, on_nap, ms, 0);
	r->until = SIZE_MAX;
	while (!over)
		uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&t, NULL);
	uv_run(&r->loop, UV_RUN_NOWAIT);
}

static void rig_close(struct rig *r)
{
	r->hang = false;
	r->until = SIZE_MAX;
	session_close(r->session, on_done, &r->closed);
	for (size_t i = 0; i < r->nr; i++)
		evil_close(r->evil[i], NULL, NULL);
	uv_close((uv_handle_t *)&r->watchdog, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_true(r->closed);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	free(r->prom.ask);
	pthread_mutex_destroy(&r->prom.lock);
}

/* ---- stops ------------------------------------------------------------- */

/* Another process stops this one for a while. */
static pid_t stop_me(int ms)
{
	pid_t child = fork();
	if (child)
		return child;
	kill(getppid(), SIGSTOP);
	usleep((unsigned)ms * 1000);
	kill(getppid(), SIGCONT);
	_exit(0);
}

static void a_program_that_was_stopped_polls_once(void **state)
{
	struct rig r = { 0 };
	size_t gap = 0;
	int status;
	(void)state;
	rig_open(&r, 1, EVERY);
	run_polls(&r, 2);
	size_t before = r.begins;
	pid_t child = stop_me(10 * EVERY);
	assert_true(child > 0);
	run_polls(&r, 5);
	assert_int_equal(waitpid(child, &status, 0), child);
	for (size_t i = before; i < r.begins; i++)
		if (r.begun[i] - r.begun[i - 1] > 9 * EVERY)
			gap = i;
	/* It was stopped, and of the ten that it missed one is caught up. */
	assert_int_not_equal(gap, 0);
	for (size_t i = before; i < r.begins; i++)
		assert_true(r.begun[i] - r.begun[i - 1] >= EVERY - 2);
	/* A stop of its clock is none of the server's. */
	assert_true(r.tick[r.ticks - 1].skew_s == 0);
	rig_close(&r);
}

static void after_a_sleep_each_source_is_asked_once(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_open(&r, 2, 3600000);
	run_polls(&r, 2);
	assert_int_equal(r.begins, 2);
	session_slept(r.session);
	run_polls(&r, 2);
	nap(&r, 300);
	assert_int_equal(r.begins, 4);
	assert_int_equal(r.ends, 4);
	rig_close(&r);
}

/* The connection of before leads nowhere. */
static void what_a_sleep_cut_off_is_not_waited_for(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_open(&r, 1, 3600000);
	run_polls(&r, 1);
	r.hang = true;
	session_poll(r.session, false);
	nap(&r, 50);
	assert_int_equal(session_busy(r.session), 1);
	r.hang = false;
	session_slept(r.session);
	run_polls(&r, 2);
	nap(&r, 100);
	assert_int_equal(r.begins, 3);
	assert_int_equal(r.tick[r.ticks - 1].fault, FAULT_NONE);
	rig_close(&r);
}

/* ---- clocks ------------------------------------------------------------ */

/* A function without an argument has its state nowhere else. */
static time_ms set_by;

static time_ms set_clock(void)
{
	return clock_wall() + set_by;
}

static void a_clock_that_is_set_moves_only_the_skew(void **state)
{
	static const time_ms jumps[] = { 3600000, -7200000, 86400000 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig r = { 0 };
		set_by = 0;
		rig_open(&r, 1, EVERY);
		session_source(r.session, 0)->wall = set_clock;
		run_polls(&r, 3);
		assert_true(r.tick[r.ticks - 1].skew_s == 0);
		size_t before = r.begins, tick = r.ticks;
		set_by = jumps[i];
		run_polls(&r, 4);
		for (size_t k = before; k < r.begins; k++) {
			time_ms gap = r.begun[k] - r.begun[k - 1];
			assert_true(gap >= EVERY - 2 && gap < 20 * EVERY);
		}
		/* What is asked is about the server's time, at once. */
		for (size_t k = tick; k < r.ticks; k++) {
			time_ms off = r.tick[k].at - r.tick[k].real;
			assert_int_equal(r.tick[k].fault, FAULT_NONE);
			assert_true(off > -5000 && off < 5000);
			assert_true(r.tick[k].at > r.tick[k - 1].at);
			double skew = r.tick[k].skew_s
				      + (double)jumps[i] / 1000;
			assert_true(skew > -3 && skew < 3);
		}
		rig_close(&r);
	}
	set_by = 0;
}

/* ---- servers that want peace ------------------------------------------- */

static void retry_after_is_waited_for(void **state)
{
	static const int status[] = { 429, 503 };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r = { .status = status[i],
				 .head = "Retry-After: 3\r\n" };
		rig_open(&r, 1, EVERY);
		run_polls(&r, 1);
		assert_true(r.tick[0].next - r.tick[0].real >= 2990);
		r.status = 0;
		run_polls(&r, 2);
		assert_true(r.begun[1] - r.ended[0] >= 2990);
		/* And forgotten. */
		assert_true(r.begun[2] - r.ended[1] < 2990);
		rig_close(&r);
	}
}

static void retry_after_for_ever_is_ten_minutes(void **state)
{
	static const char *const heads[] = {
		"Retry-After: 99999999999999999999\r\n",
		"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
	};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r = { .status = 429, .head = heads[i] };
		rig_open(&r, 1, EVERY);
		run_polls(&r, 1);
		assert_int_equal(session_source(r.session, 0)->wait, 600000);
		rig_close(&r);
	}
}

static void retry_after_in_the_past_is_none(void **state)
{
	static const char past[] =
		"Retry-After: Thu, 01 Jan 1970 00:00:01 GMT\r\n";
	struct rig r = { .status = 429, .head = past };
	(void)state;
	rig_open(&r, 1, EVERY);
	run_polls(&r, 2);
	assert_true(r.begun[1] - r.ended[0] < 2000);
	rig_close(&r);
}

static void failures_are_tried_less_and_less(void **state)
{
	struct rig r = { .status = 500 };
	(void)state;
	rig_open(&r, 1, EVERY);
	run_polls(&r, 3);
	time_ms first = r.begun[1] - r.ended[0];
	time_ms second = r.begun[2] - r.ended[1];
	assert_true(first >= 899);
	assert_true(second >= 1799);
	r.status = 0;
	run_polls(&r, 2);
	assert_true(r.begun[4] - r.ended[3] < 899);
	rig_close(&r);
}

static void who_fails_together_comes_back_apart(void **state)
{
	struct rig r = { .status = 500 };
	(void)state;
	rig_open(&r, SOURCES, EVERY);
	run_polls(&r, 2 * SOURCES);
	/* The first tries were made at once, the second ones were not. */
	time_ms spread = r.begun[2 * SOURCES - 1] - r.begun[SOURCES];
	assert_true(spread > 2);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_was_stopped_polls_once),
		cmocka_unit_test(after_a_sleep_each_source_is_asked_once),
		cmocka_unit_test(what_a_sleep_cut_off_is_not_waited_for),
		cmocka_unit_test(a_clock_that_is_set_moves_only_the_skew),
		cmocka_unit_test(retry_after_is_waited_for),
		cmocka_unit_test(retry_after_for_ever_is_ten_minutes),
		cmocka_unit_test(retry_after_in_the_past_is_none),
		cmocka_unit_test(failures_are_tried_less_and_less),
		cmocka_unit_test(who_fails_together_comes_back_apart),
	};
	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
