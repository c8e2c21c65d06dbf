/* One source with several endpoints, some of them bad: what still answers,
 * who is told to, and what is said when nobody does. */
#include "sources/prometheus.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/store.h"
#include "tests/fault/fake_prom.c"
#include "tests/fault/fake_prom.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define REPLICAS 3
#define BATCHES 400
#define TIMEOUT 8000

/* One server: a Prometheus, until it is told to be something else. */
struct replica {
	struct fake_prom prom;
	struct evil *evil;
	char url[EVIL_URL];
	const char *behave;      /* like this path of evil.c */
	int status;              /* of everything, 0: fine */
	const char *body, *head;
	const char *slow_word;   /* a query with it takes slow_ms */
	int slow_ms;
	bool bad_query;          /* every query is a parse error */
	unsigned asked, queries, probed;
};

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct replica r[REPLICAS];
	size_t nr;
	const char *urls[REPLICAS + 1];
	struct source src;
	struct want want;
	struct store *store;
	struct batch *batch[BATCHES];
	size_t batches, polls;
	struct batch *end;
	bool closed;
};

static void replica_script(const struct evil_ask *a, struct evil_answer *out,
			   void *arg)
{
	struct replica *r = arg;
	bool query = strncmp(a->path, "/api/v1/query", 13) == 0;
	struct buf q;
	r->asked++;
	r->queries += query;
	r->probed += strstr(a->path, "buildinfo") != NULL;
	if (r->behave) {
		out->behave = r->behave;
		return;
	}
	if (r->status || (query && r->bad_query)) {
		out->status = r->status ? r->status : 400;
		buf_str(&out->body, r->status ? r->body :
			"{\"status\":\"error\",\"errorType\":\"bad_data\","
			"\"error\":\"1:2: parse error: no such thing\"}");
		if (r->head)
			buf_str(&out->head, r->head);
		return;
	}
	fake_script(a, out, &r->prom);
	buf_init(&q, 0);
	if (r->slow_word && evil_form(a, "query", &q)
	    && strstr(buf_text(&q), r->slow_word))
		out->delay_ms = r->slow_ms;
	buf_release(&q);
}

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct rig *r = arg;
	if (!b->source)
		b->source = src->name;
	assert_int_equal(b->error != NULL, b->fault != FAULT_NONE);
	store_apply(r->store, b);
	assert_true(r->batches < BATCHES);
	r->batch[r->batches++] = b;
	if (b->tick)
		r->end = b;
}

static void on_ended(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	r->polls++;
	uv_stop(&r->loop);
}

static void on_closed(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	r->closed = true;
}

static void on_watchdog(uv_timer_t *t)
{
	(void)t;
	fail_msg("the loop hangs");
}

static void serve(struct rig *r, size_t i)
{
	struct replica *x = &r->r[i];
	x->prom.opt.services = 3;
	pthread_mutex_init(&x->prom.lock, NULL);
	x->evil = evil_new(&r->loop, replica_script, x);
	evil_url(x->evil, "", x->url);
}

/* Nobody listens there any more. */
static void on_gone(void *arg)
{
	*(bool *)arg = true;
}

static void leave(struct rig *r, size_t i)
{
	bool gone = false;
	evil_close(r->r[i].evil, on_gone, &gone);
	r->r[i].evil = NULL;
	while (!gone)
		uv_run(&r->loop, UV_RUN_ONCE);
}

static void rig_open_at(struct rig *r, size_t nr, enum endpoint_policy policy,
			const char *first)
{
	struct err e = { 0 };
	memset(r, 0, sizeof(*r));
	assert_int_equal(uv_loop_init(&r->loop), 0);
	uv_timer_init(&r->loop, &r->watchdog);
	uv_timer_start(&r->watchdog, on_watchdog, 60000, 0);
	uv_unref((uv_handle_t *)&r->watchdog);
	r->nr = nr;
	for (size_t i = 0; i < nr; i++) {
		serve(r, i);
		if (i)
			r->urls[i - 1] = r->r[i].url;
		else if (first)
			snprintf(r->r[0].url, EVIL_URL, first,
				 evil_port(r->r[0].evil));
	}
	r->store = store_new(0);
	r->src = (struct source){
		.ops = &prometheus_ops, .loop = &r->loop, .name = "prom",
		.state = mem_zero(1, prometheus_ops.state_size),
		.opt = { .timeout = TIMEOUT, .urls = r->urls,
			 .policy = policy },
		.sink = sink, .ended = on_ended, .closed = on_closed, .arg = r,
	};
	assert_int_equal(prometheus_ops.open(&r->src, r->r[0].url, &e), 0);
	r->want = (struct want){ .at = TIME_NONE, .back = 900000,
				 .step = 15000, .charts = true };
}

static void rig_open(struct rig *r, size_t nr, enum endpoint_policy policy)
{
	rig_open_at(r, nr, policy, NULL);
}

static void poll_once(struct rig *r)
{
	size_t polls = r->polls;
	prometheus_ops.poll(&r->src, &r->want);
	while (r->polls == polls)
		uv_run(&r->loop, UV_RUN_DEFAULT);
}

/* Until what is beside the polls is over, or its pause. */
static void on_nap(uv_timer_t *t)
{
	uv_stop(t->loop);
}

static void nap(struct rig *r, uint64_t ms)
{
	uv_timer_t t;
	uv_timer_init(&r->loop, &t);
	uv_timer_start(&t, on_nap, ms, 0);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&t, NULL);
	uv_run(&r->loop, UV_RUN_NOWAIT);
}

static void rig_close(struct rig *r)
{
	prometheus_ops.close(&r->src);
	for (size_t i = 0; i < r->nr; i++)
		if (r->r[i].evil)
			evil_close(r->r[i].evil, NULL, NULL);
	uv_close((uv_handle_t *)&r->watchdog, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_true(r->closed);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	for (size_t i = 0; i < r->batches; i++)
		batch_free(r->batch[i]);
	for (size_t i = 0; i < r->nr; i++) {
		free(r->r[i].prom.ask);
		pthread_mutex_destroy(&r->r[i].prom.lock);
	}
	store_free(r->store);
	free(r->src.state);
	free(r->src.url);
}

/* ---- what is seen ------------------------------------------------------ */

static const struct store_source *source(const struct rig *r)
{
	return store_source(r->store, "prom");
}

static size_t events(const struct rig *r, const char *word)
{
	const struct event *const *e;
	size_t n = store_events(r->store, &e), found = 0;
	for (size_t i = 0; i < n; i++)
		found += e[i]->kind == EVENT_SOURCE
			 && strstr(e[i]->text, word) != NULL;
	return found;
}

/* Rows, charts, a source that is up, and who said so. */
static void assert_answered_by(const struct rig *r, size_t i)
{
	const struct service *const *s;
	const struct store_source *p = source(r);
	assert_int_equal(r->end->fault, FAULT_NONE);
	assert_false(r->end->partial);
	assert_int_equal(p->state, SOURCE_UP);
	assert_int_equal(store_services(r->store, &s), 3);
	assert_int_equal(s[0]->series[RED_RATE][0]->now_t, r->end->at);
	assert_true(s[0]->series[RED_RATE][0]->nr > 50);
	assert_string_equal(p->endpoint, r->r[i].url);
}

static size_t attempts(const struct rig *r, size_t i, enum fault fault)
{
	size_t found = 0;
	for (size_t k = 0; k < r->batches; k++) {
		const struct source_status *s = r->batch[k]->status;
		for (size_t n = 0; s && n < s->nr_attempts; n++)
			found += s->attempt[n].fault == fault
				 && strcmp(s->attempt[n].url, r->r[i].url) == 0;
	}
	return found;
}

/* ---- one of them is bad ------------------------------------------------ */

static void a_dead_replica_hides_nothing(void **state)
{
	static const struct {
		const char *behave;
		int status;
		const char *body, *head;
		enum fault fault;
		const char *reason;
	} t[] = {
		{ "refused", 0, NULL, NULL, FAULT_REFUSED,
		  "connection refused" },
		{ NULL, 500, "no", NULL, FAULT_SERVER,
		  "the server failed (500)" },
		{ NULL, 502, "no", NULL, FAULT_SERVER,
		  "the proxy reaches no server behind it (502)" },
		{ NULL, 503, "Service Unavailable", NULL, FAULT_STARTING,
		  "the server is starting" },
		{ NULL, 429, "slow down", "Retry-After: 120\r\n",
		  FAULT_THROTTLED,
		  "the server asks for fewer requests (429)" },
		{ "/rst", 0, NULL, NULL, FAULT_NETWORK, "connection reset" },
		{ "/nothing", 0, NULL, NULL, FAULT_NETWORK,
		  "connection closed without an answer" },
		{ "/truncated", 0, NULL, NULL, FAULT_NETWORK, "" },
		{ "/hang", 0, NULL, NULL, FAULT_TIMEOUT,
		  "no answer within 500ms" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rig r;
		char said[EVIL_URL * 3];
		rig_open(&r, 2, POLICY_LEAST_LOADED);
		r.r[0].behave = t[i].behave;
		r.r[0].status = t[i].status;
		r.r[0].body = t[i].body;
		r.r[0].head = t[i].head;
		if (t[i].behave && *t[i].behave != '/')
			leave(&r, 0);
		/* The deadline of one request did not pass meanwhile. */
		uint64_t began = uv_hrtime();
		poll_once(&r);
		assert_answered_by(&r, 1);
		assert_true((uv_hrtime() - began) / 1000000 < TIMEOUT);
		assert_true(attempts(&r, 0, t[i].fault) > 0);
		assert_true(attempts(&r, 1, FAULT_NONE) > 4);
		assert_int_equal(attempts(&r, 1, t[i].fault), 0);
		assert_int_equal(source(&r)->nr_endpoints, 2);
		assert_int_equal(source(&r)->endpoints[0].last.fault,
				 t[i].fault);
		assert_true(source(&r)->endpoints[0].failures > 0);
		assert_true(source(&r)->endpoints[1].latency_us > 0);
		assert_true(source(&r)->retries > 0);
		/* Told once, with the reason, and not again. */
		snprintf(said, sizeof(said), "prom answers from %s (%s: %s",
			 r.r[1].url, r.r[0].url, t[i].reason);
		assert_int_equal(events(&r, said), 1);
		poll_once(&r);
		poll_once(&r);
		assert_answered_by(&r, 1);
		assert_int_equal(events(&r, "answers from"), 1);
		/* Its Retry-After is its own. */
		assert_int_equal(r.src.wait, 0);
		rig_close(&r);
	}
}

static void a_wrong_first_url_hides_nothing(void **state)
{
	static const struct {
		const char *url;
		enum fault fault;
	} t[] = {
		{ "https://127.0.0.1:%d", FAULT_TLS },
		{ "http://no-such-host.invalid:%d", FAULT_NAME },
	};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r;
		rig_open_at(&r, 2, POLICY_LEAST_LOADED, t[i].url);
		poll_once(&r);
		assert_answered_by(&r, 1);
		/* Where no name server answers at all, that is found. */
		assert_true(attempts(&r, 0, t[i].fault)
			    + attempts(&r, 0, FAULT_TIMEOUT) > 0);
		assert_int_equal(events(&r, "answers from"), 1);
		rig_close(&r);
	}
}

static void a_hanging_replica_is_waited_for_once(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	r.r[0].behave = "/hang";
	poll_once(&r);
	assert_answered_by(&r, 1);
	assert_int_equal(r.r[0].asked, 1);
	poll_once(&r);
	assert_int_equal(r.r[0].queries, 0);
	rig_close(&r);
}

static void one_that_hangs_later_costs_no_rows(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 3, POLICY_ROUND_ROBIN);
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	for (size_t i = 0; i < 3; i++)
		assert_true(r.r[i].asked > 0);
	assert_int_equal(events(&r, "answers from"), 0);
	r.r[0].behave = r.r[1].behave = "/hang";
	poll_once(&r);
	assert_answered_by(&r, 2);
	assert_int_equal(events(&r, "answers from"), 1);
	rig_close(&r);
}

static void a_replica_that_comes_back_is_used_again(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	r.r[0].status = 500;
	r.r[0].body = "no";
	poll_once(&r);
	assert_answered_by(&r, 1);
	unsigned asked = r.r[0].queries;
	r.r[0].status = 0;
	for (int i = 0; i < 20 && r.r[0].queries == asked; i++) {
		nap(&r, 300);
		poll_once(&r);
	}
	assert_true(r.r[0].queries > asked);
	assert_int_equal(source(&r)->endpoints[0].circuit, CIRCUIT_CLOSED);
	assert_int_equal(source(&r)->endpoints[0].last.fault, FAULT_NONE);
	/* The other one still answers: that is no news. */
	assert_answered_by(&r, 1);
	assert_int_equal(events(&r, "answers from"), 1);
	/* Now that one goes, and the first takes over. */
	leave(&r, 1);
	poll_once(&r);
	assert_answered_by(&r, 0);
	assert_int_equal(events(&r, "answers from"), 2);
	rig_close(&r);
}

static void a_circuit_opens_and_no_question_goes_there(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	r.r[0].status = 503;
	r.r[0].body = "no";
	for (int i = 0; i < 40; i++) {
		poll_once(&r);
		if (source(&r)->endpoints[0].circuit != CIRCUIT_CLOSED)
			break;
		nap(&r, 200);
	}
	assert_int_not_equal(source(&r)->endpoints[0].circuit, CIRCUIT_CLOSED);
	unsigned asked = r.r[0].queries;
	for (int i = 0; i < 5; i++)
		poll_once(&r);
	assert_int_equal(r.r[0].queries, asked);
	assert_answered_by(&r, 1);
	rig_close(&r);
}

/* Both take a second for one question: whoever is asked first is cut off, the
 * last one left is not. */
static void slow_replicas_still_answer(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	for (size_t i = 0; i < 2; i++) {
		r.r[i].slow_word = "_bucket";
		r.r[i].slow_ms = 900;
	}
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	assert_false(r.end->partial);
	assert_int_equal(source(&r)->state, SOURCE_UP);
	rig_close(&r);
}

/* The only one that lives is slow: cut off for the dead one's sake, it is
 * asked again. */
static void slow_beside_dead_still_answers(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	r.r[0].slow_word = "_count";
	r.r[0].slow_ms = 900;
	leave(&r, 1);
	poll_once(&r);
	assert_answered_by(&r, 0);
	rig_close(&r);
}

/* ---- what does not move us on ------------------------------------------ */

static void a_bad_question_is_asked_of_one(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_ROUND_ROBIN);
	r.want.charts = false;
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_NONE);
	/* Each question alone is asked once, whoever it is asked of. */
	unsigned good = r.r[0].queries + r.r[1].queries;
	r.r[0].bad_query = r.r[1].bad_query = true;
	uint64_t retries = source(&r)->retries;
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_BAD_QUERY);
	assert_int_equal(source(&r)->retries, retries);
	assert_true(r.r[0].queries + r.r[1].queries > good);
	assert_int_equal(source(&r)->endpoints[0].circuit, CIRCUIT_CLOSED);
	assert_int_equal(events(&r, "answers from"), 0);
	rig_close(&r);
}

static void refused_credentials_are_not_tried_elsewhere(void **state)
{
	static const int status[] = { 401, 403 };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct rig r;
		rig_open(&r, 2, POLICY_LEAST_LOADED);
		for (size_t k = 0; k < 2; k++) {
			r.r[k].status = status[i];
			r.r[k].body = "no";
		}
		poll_once(&r);
		assert_int_equal(r.end->fault, FAULT_AUTH);
		assert_int_equal(source(&r)->state, SOURCE_AUTH);
		assert_int_equal(source(&r)->retries, 0);
		assert_null(strstr(r.end->error, "no endpoint"));
		rig_close(&r);
	}
}

/* ---- nobody is left ---------------------------------------------------- */

static void all_dead_is_one_sentence_that_names_all(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 3, POLICY_LEAST_LOADED);
	leave(&r, 0);
	r.r[1].status = 500;
	r.r[1].body = "no";
	r.r[2].behave = "/rst";
	poll_once(&r);
	assert_true(r.end->fault != FAULT_NONE);
	assert_int_equal(source(&r)->state, SOURCE_DOWN);
	const char *error = source(&r)->error;
	assert_non_null(strstr(error, "no endpoint answers"));
	for (size_t i = 0; i < 3; i++)
		assert_non_null(strstr(error, r.r[i].url));
	assert_non_null(strstr(error, "connection refused"));
	assert_non_null(strstr(error, "500"));
	assert_non_null(strstr(error, "connection reset"));
	assert_non_null(strstr(error, "; check"));
	/* One of them comes back. */
	r.r[1].status = 0;
	poll_once(&r);
	assert_answered_by(&r, 1);
	rig_close(&r);
}

static void all_hanging_ends_with_the_deadline(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	r.src.opt.timeout = 1500;
	r.r[0].behave = r.r[1].behave = "/hang";
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_TIMEOUT);
	assert_int_equal(source(&r)->state, SOURCE_DOWN);
	assert_non_null(strstr(r.end->error, r.r[0].url));
	assert_non_null(strstr(r.end->error, r.r[1].url));
	rig_close(&r);
}

static void all_throttling_waits_for_the_soonest(void **state)
{
	struct rig r;
	(void)state;
	rig_open(&r, 2, POLICY_LEAST_LOADED);
	for (size_t i = 0; i < 2; i++) {
		r.r[i].status = 429;
		r.r[i].body = "slow down";
		r.r[i].head = i ? "Retry-After: 40\r\n"
				: "Retry-After: 300\r\n";
	}
	poll_once(&r);
	assert_int_equal(r.end->fault, FAULT_THROTTLED);
	assert_int_equal(source(&r)->state, SOURCE_THROTTLED);
	assert_int_equal(r.src.wait, 40000);
	rig_close(&r);
}

/* ---- the command line's and files' mistakes ---------------------------- */

static void a_bad_second_url_is_refused_at_once(void **state)
{
	static const char *const urls[] = { "ftp://x", NULL };
	const char *many[LIMIT_ENDPOINTS + 1] = { NULL };
	uv_loop_t loop;
	struct err e = { 0 };
	(void)state;
	uv_loop_init(&loop);
	struct source src = { .ops = &prometheus_ops, .loop = &loop,
			      .opt = { .urls = urls },
			      .state = mem_zero(1, prometheus_ops.state_size) };
	assert_int_equal(prometheus_ops.open(&src, "http://x", &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	for (size_t i = 0; i < LIMIT_ENDPOINTS; i++)
		many[i] = "http://y";
	src.opt.urls = many;
	assert_int_equal(prometheus_ops.open(&src, "http://x", &e), -1);
	assert_non_null(strstr(e.text, "at most 16"));
	free(src.state);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_replica_hides_nothing),
		cmocka_unit_test(a_wrong_first_url_hides_nothing),
		cmocka_unit_test(a_hanging_replica_is_waited_for_once),
		cmocka_unit_test(one_that_hangs_later_costs_no_rows),
		cmocka_unit_test(a_replica_that_comes_back_is_used_again),
		cmocka_unit_test(a_circuit_opens_and_no_question_goes_there),
		cmocka_unit_test(slow_replicas_still_answer),
		cmocka_unit_test(slow_beside_dead_still_answers),
		cmocka_unit_test(a_bad_question_is_asked_of_one),
		cmocka_unit_test(refused_credentials_are_not_tried_elsewhere),
		cmocka_unit_test(all_dead_is_one_sentence_that_names_all),
		cmocka_unit_test(all_hanging_ends_with_the_deadline),
		cmocka_unit_test(all_throttling_waits_for_the_soonest),
		cmocka_unit_test(a_bad_second_url_is_refused_at_once),
	};
	return cmocka_run_group_tests_name("endpoints", tests, NULL, NULL);
}
