/* Which endpoint is asked next, and for how long: choice, circuits, deadlines,
 * by example and by chance. */
#include "sources/endpoints.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void make(struct endpoints *es, size_t nr, unsigned limit,
		 enum endpoint_policy policy)
{
	endpoints_init(es, policy, 7);
	for (size_t i = 0; i < nr; i++) {
		char url[40];
		snprintf(url, sizeof(url), "http://host-%zu", i);
		endpoints_add(es, url, url, limit);
	}
}

static void end(struct endpoints *es, size_t i, enum fault fault, int64_t took,
		time_ms now)
{
	struct endpoint_end e = {
		.fault = fault, .failed = endpoint_failed(fault, 0),
		.took_us = took, .connect_us = fault == FAULT_NONE ? 1000 : 0,
		.retry_after = -1, .reason = "for a reason",
	};
	endpoint_begin(&es->at[i]);
	endpoints_end(es, &es->at[i], &e, now);
}

/* ---- choice ------------------------------------------------------------- */

static void the_least_loaded_then_the_quickest_is_asked(void **state)
{
	static const unsigned busy[] = { 15, 10, 10, 29, 10 };
	static const double latency[] = { 1, 9, 4, .1, 4 };
	struct endpoints es;
	(void)state;
	make(&es, 5, 30, POLICY_LEAST_LOADED);
	for (size_t i = 0; i < 5; i++) {
		es.at[i].in_flight = busy[i];
		es.at[i].latency_us = latency[i] * 1000;
	}
	assert_int_equal(endpoints_pick(&es, 0), 2);
	for (size_t i = 0; i < 5; i++) {
		es.at[i].in_flight = 0;
		es.at[i].latency_us = 1000;
	}
	assert_int_equal(endpoints_pick(&es, 0), 0);
	endpoints_release(&es);
}

static void load_is_measured_by_what_each_can_take(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	es.at[1].limit = 8;
	es.at[0].in_flight = 1;
	es.at[1].in_flight = 3;
	es.at[0].latency_us = 1;
	es.at[1].latency_us = 1000;
	assert_int_equal(endpoints_pick(&es, 0), 1);
	endpoints_release(&es);
}

static void a_dead_one_without_load_does_not_win(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 4, 2, POLICY_LEAST_LOADED);
	end(&es, 2, FAULT_NONE, 90000, 0);
	es.at[2].in_flight = 2;
	end(&es, 1, FAULT_NONE, 5, 0);
	end(&es, 1, FAULT_REFUSED, 5, 0);
	end(&es, 3, FAULT_NONE, 5, 0);
	for (int i = 0; i < ENDPOINT_OPENS; i++)
		end(&es, 3, FAULT_REFUSED, 5, 0);
	/* Busy and well, unmeasured, failed, open. */
	assert_int_equal(endpoints_pick(&es, 0), 2);
	assert_int_equal(endpoints_pick(&es, 1 << 2), 0);
	assert_int_equal(endpoints_pick(&es, 1 << 2 | 1), 1);
	assert_int_equal(endpoints_pick(&es, 1 << 2 | 1 | 1 << 1), 3);
	assert_int_equal(endpoints_pick(&es, 15), -1);
	assert_true(endpoints_all(&es, 15));
	assert_false(endpoints_all(&es, 14));
	endpoints_release(&es);
}

static void round_robin_goes_round(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 3, 2, POLICY_ROUND_ROBIN);
	for (int i = 0; i < 6; i++)
		assert_int_equal(endpoints_pick(&es, 0), i % 3);
	for (size_t i = 0; i < 3; i++)
		end(&es, i, FAULT_NONE, (int64_t)(i + 1) * 1000, 0);
	for (int i = 0; i < 9; i++)
		assert_int_equal(endpoints_pick(&es, 0), i % 3);
	end(&es, 1, FAULT_REFUSED, 1, 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(endpoints_pick(&es, 0), i % 2 ? 2 : 0);
	endpoints_release(&es);
}

static void random_asks_all_about_equally(void **state)
{
	struct endpoints es, same;
	int count[4] = { 0 };
	(void)state;
	make(&es, 4, 2, POLICY_RANDOM);
	make(&same, 4, 2, POLICY_RANDOM);
	for (size_t i = 0; i < 4; i++) {
		end(&es, i, FAULT_NONE, (int64_t)(i + 1) * 1000, 0);
		end(&same, i, FAULT_NONE, (int64_t)(i + 1) * 1000, 0);
	}
	for (int i = 0; i < 4000; i++) {
		int k = endpoints_pick(&es, 0);
		assert_int_equal(k, endpoints_pick(&same, 0));
		count[k]++;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(count[i], 850, 1150);
	endpoints_release(&es);
	endpoints_release(&same);
}

/* ---- circuits ------------------------------------------------------------ */

static void three_failures_in_a_row_open_the_circuit(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	end(&es, 0, FAULT_TIMEOUT, 1, 0);
	end(&es, 0, FAULT_TLS, 1, 0);
	end(&es, 0, FAULT_NONE, 1, 0);
	end(&es, 0, FAULT_NETWORK, 1, 0);
	end(&es, 0, FAULT_SERVER, 1, 0);
	assert_int_equal(es.at[0].circuit, CIRCUIT_CLOSED);
	assert_int_equal(es.at[0].failures, 2);
	end(&es, 0, FAULT_STARTING, 1, 0);
	assert_int_equal(es.at[0].circuit, CIRCUIT_OPEN);
	assert_int_equal(es.at[0].fault, FAULT_STARTING);
	assert_string_equal(es.at[0].reason, "for a reason");
	end(&es, 0, FAULT_NONE, 1, 0);
	assert_int_equal(es.at[0].circuit, CIRCUIT_CLOSED);
	assert_int_equal(es.at[0].failures, 0);
	endpoints_release(&es);
}

static void pauses_grow_to_a_minute_and_differ(void **state)
{
	struct endpoints a, b;
	time_ms before = 0;
	bool differ = false;
	(void)state;
	make(&a, 2, 2, POLICY_LEAST_LOADED);
	make(&b, 2, 2, POLICY_LEAST_LOADED);
	b.seed = 8;
	for (int i = 0; i < 30; i++) {
		time_ms mean = i < 6 ? (time_ms)1000 << i : 60000;
		end(&a, 0, FAULT_REFUSED, 1, 1000);
		end(&b, 0, FAULT_REFUSED, 1, 1000);
		time_ms pause = a.at[0].not_before - 1000;
		assert_true(pause >= mean * 4 / 5 && pause <= mean * 6 / 5);
		assert_true(i > 5 || pause > before);
		differ |= a.at[0].not_before != b.at[0].not_before;
		before = pause;
	}
	assert_true(differ);
	endpoints_release(&a);
	endpoints_release(&b);
}

static void one_probe_at_a_time_after_the_pause(void **state)
{
	struct endpoints es;
	struct endpoint *e = es.at;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	assert_false(endpoints_probe_due(&es, e, 0));
	end(&es, 1, FAULT_NONE, 1, 0);
	/* Nobody knows how quick it is. */
	assert_true(endpoints_probe_due(&es, e, 0));
	for (int i = 0; i < ENDPOINT_OPENS; i++)
		end(&es, 0, FAULT_REFUSED, 1, 0);
	assert_false(endpoints_probe_due(&es, e, e->not_before - 1));
	assert_true(endpoints_probe_due(&es, e, e->not_before));
	endpoint_probe(e);
	assert_int_equal(e->circuit, CIRCUIT_HALF_OPEN);
	assert_false(endpoints_probe_due(&es, e, e->not_before));
	assert_int_equal(endpoints_pick(&es, 0), 1);
	time_ms now = e->not_before;
	endpoints_end(&es, e, &(struct endpoint_end){
		.fault = FAULT_TIMEOUT, .failed = true,
		.retry_after = -1 }, now);
	assert_int_equal(e->circuit, CIRCUIT_OPEN);
	assert_true(e->not_before > now);
	endpoint_probe(e);
	endpoints_end(&es, e, &(struct endpoint_end){
		.fault = FAULT_CANCELLED, .retry_after = -1 }, now);
	assert_int_equal(e->circuit, CIRCUIT_OPEN);
	endpoint_probe(e);
	endpoints_end(&es, e, &(struct endpoint_end){ .took_us = 3 }, now);
	assert_int_equal(e->circuit, CIRCUIT_CLOSED);
	assert_int_equal(e->in_flight, 0);
	endpoints_release(&es);
}

static void a_single_endpoint_is_never_probed(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 1, 2, POLICY_LEAST_LOADED);
	for (int i = 0; i < 9; i++)
		end(&es, 0, FAULT_REFUSED, 1, 0);
	assert_false(endpoints_probe_due(&es, es.at, INT64_MAX));
	assert_int_equal(endpoints_pick(&es, 0), 0);
	endpoints_release(&es);
}

static void who_asks_to_be_left_alone_is(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	end(&es, 0, FAULT_NONE, 1, 0);
	endpoint_begin(es.at);
	endpoints_end(&es, es.at, &(struct endpoint_end){
		.fault = FAULT_THROTTLED, .failed = true,
		.retry_after = 90000 }, 5000);
	assert_int_equal(es.at[0].circuit, CIRCUIT_OPEN);
	assert_int_equal(es.at[0].not_before, 95000);
	assert_int_equal(endpoints_pick(&es, 0), 1);
	endpoints_release(&es);
}

/* ---- deadlines --------------------------------------------------------- */

static void connecting_fails_fast_where_others_are_left(void **state)
{
	static const struct { int64_t us; time_ms ms; } t[] = {
		{ 0, 2000 }, { 1, 100 }, { 33000, 100 }, { 40000, 120 },
		{ 700000, 2100 },
	};
	struct endpoints es, one;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	make(&one, 1, 2, POLICY_LEAST_LOADED);
	for (size_t i = 0; i < 5; i++) {
		es.at[0].connect_us = one.at[0].connect_us = t[i].us;
		assert_int_equal(endpoints_connect_timeout(&es, es.at, 0),
				 t[i].ms);
		/* The last one left, or the only one. */
		assert_int_equal(endpoints_connect_timeout(&es, es.at, 2),
				 2000);
		assert_int_equal(endpoints_connect_timeout(&one, one.at, 0),
				 2000);
	}
	endpoints_release(&es);
	endpoints_release(&one);
}

static void a_slow_server_is_given_its_usual_time(void **state)
{
	struct endpoints es;
	(void)state;
	make(&es, 2, 2, POLICY_LEAST_LOADED);
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 0), 500);
	end(&es, 0, FAULT_NONE, 2000000, 0);
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 0), 6000);
	/* The last one has all there is. */
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 2), 0);
	for (int i = 0; i < 60; i++)
		end(&es, 0, FAULT_NONE, 1000, 0);
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 0), 500);
	/* Cut off, it gets more the next time. */
	end(&es, 0, FAULT_TIMEOUT, 500000, 0);
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 0), 1500);
	/* Nobody is cut off for one whose circuit is open. */
	for (int i = 0; i < ENDPOINT_OPENS; i++)
		end(&es, 1, FAULT_REFUSED, 1, 0);
	assert_int_equal(endpoints_answer_timeout(&es, es.at, 0), 0);
	endpoints_release(&es);
}

static void only_an_endpoints_own_failures_move_us_on(void **state)
{
	static const struct {
		enum fault fault;
		long status;
		bool failed;
	} t[] = {
		{ FAULT_REFUSED, 0, true }, { FAULT_NAME, 0, true },
		{ FAULT_TIMEOUT, 0, true }, { FAULT_TLS, 0, true },
		{ FAULT_NETWORK, 0, true }, { FAULT_NETWORK, 200, true },
		{ FAULT_SERVER, 500, true }, { FAULT_SERVER, 502, true },
		{ FAULT_STARTING, 503, true }, { FAULT_TIMEOUT, 503, true },
		{ FAULT_THROTTLED, 429, true }, { FAULT_BAD_ANSWER, 200, true },
		{ FAULT_NONE, 200, false }, { FAULT_BAD_QUERY, 400, false },
		{ FAULT_BAD_QUERY, 422, false }, { FAULT_TIMEOUT, 422, false },
		{ FAULT_TIMEOUT, 408, false }, { FAULT_SERVER, 499, false },
		{ FAULT_AUTH, 401, false }, { FAULT_AUTH, 403, false },
		{ FAULT_NOT_API, 404, false }, { FAULT_NOT_API, 405, false },
		{ FAULT_NOT_API, 501, false }, { FAULT_REDIRECT, 302, false },
		{ FAULT_TOO_BIG, 413, false }, { FAULT_TOO_BIG, 422, false },
		{ FAULT_BAD_ANSWER, 400, false }, { FAULT_CANCELLED, 0, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		assert_int_equal(endpoint_failed(t[i].fault, t[i].status),
				 t[i].failed);
}

/* ---- by chance --------------------------------------------------------- */

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return *seed >> 33;
}

static int rank(const struct endpoints *es, size_t i)
{
	const struct endpoint *e = &es->at[i];
	return e->circuit != CIRCUIT_CLOSED ? 3 : e->failures ? 2
	       : es->policy == POLICY_LEAST_LOADED && isnan(e->latency_us);
}

static void whoever_is_picked_no_better_one_was_left(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct endpoints es;
		uint64_t s = seed, tried;
		size_t nr = 1 + next(&s) % LIMIT_ENDPOINTS;
		time_ms now = 0;
		make(&es, nr, 2, (enum endpoint_policy)(next(&s) % 3));
		for (int k = 0; k < 40; k++) {
			struct endpoint *e = &es.at[next(&s) % nr];
			enum fault f = next(&s) % 2 ? FAULT_NONE
						    : FAULT_TIMEOUT;
			now += (time_ms)(next(&s) % 5000);
			if (next(&s) % 3)
				end(&es, (size_t)(e - es.at), f,
				    (int64_t)next(&s) % 1000000, now);
			else if (endpoints_probe_due(&es, e, now))
				endpoint_probe(e);
			else
				endpoint_begin(e);
			tried = next(&s) & (((uint64_t)1 << nr) - 1);
			int i = endpoints_pick(&es, tried);
			assert_int_equal(i < 0, endpoints_all(&es, tried));
			assert_true(i < (int)nr);
			for (size_t o = 0; i >= 0 && o < nr; o++)
				if (!(tried >> o & 1))
					assert_true(rank(&es, (size_t)i)
						    <= rank(&es, o));
			if (i >= 0)
				assert_false(tried >> i & 1);
			assert_true(endpoints_connect_timeout(&es, e, tried)
				    >= 100);
			time_ms w = endpoints_answer_timeout(&es, e, tried);
			assert_true(w == 0 || w >= 500);
		}
		endpoints_release(&es);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_loaded_then_the_quickest_is_asked),
		cmocka_unit_test(load_is_measured_by_what_each_can_take),
		cmocka_unit_test(a_dead_one_without_load_does_not_win),
		cmocka_unit_test(round_robin_goes_round),
		cmocka_unit_test(random_asks_all_about_equally),
		cmocka_unit_test(three_failures_in_a_row_open_the_circuit),
		cmocka_unit_test(pauses_grow_to_a_minute_and_differ),
		cmocka_unit_test(one_probe_at_a_time_after_the_pause),
		cmocka_unit_test(a_single_endpoint_is_never_probed),
		cmocka_unit_test(who_asks_to_be_left_alone_is),
		cmocka_unit_test(connecting_fails_fast_where_others_are_left),
		cmocka_unit_test(a_slow_server_is_given_its_usual_time),
		cmocka_unit_test(only_an_endpoints_own_failures_move_us_on),
		cmocka_unit_test(whoever_is_picked_no_better_one_was_left),
	};
	return cmocka_run_group_tests_name("endpoints", tests, NULL, NULL);
}
