/* What changed in the simulated shop, counted: labels add up, and in every shop
 * the value that is to blame can be found by plain arithmetic. */
#include "sources/demo_draw.h"
#include "model/changed.h"
#include "record/reader.h"
#include "record/writer.h"
#include "tests/unit/shops.h"

#include <stdio.h>
#include <unistd.h>

#define SEEDS 20
#define ONSET ((time_ms)70000)

static time_ms deploy(void)
{
	return demo_deploy_at
	       + time_floor(demo_fixed_now - demo_deploy_at, DEMO_PERIOD);
}

static struct shop *seeded(int i, const char **label, const char **value)
{
	char where[24];
	snprintf(where, sizeof(where), "demo:%d", i);
	demo_planted(demo_seed(where), label, value);
	return shop_open(where);
}

static const struct change_answer *asked(struct shop *s,
					 const struct change_want *w,
					 time_ms at)
{
	const struct change_answer *a = NULL;
	shop_want(s, &(struct want){ .at = at, .change = w });
	for (size_t i = 0; i < s->nr; i++)
		if (s->batch[i]->change)
			a = s->batch[i]->change;
	return a;
}

/* A quarter of an hour before the onset, and the time since then. */
static const struct change_answer *trouble(struct shop *s, time_ms since)
{
	time_ms onset = deploy() + ONSET;
	return asked(s, &(struct change_want){
		"checkout", onset - 15 * MINUTE, onset, onset, onset + since,
		NAN, NULL },
		onset + since);
}

/* An hour without trouble, its last quarter beside what was before. */
static const struct change_answer *quiet(struct shop *s, const char *service,
					 time_ms after)
{
	time_ms to = deploy() + after, cut = to - 15 * MINUTE;
	return asked(s, &(struct change_want){
		service, cut - 15 * MINUTE, cut, cut, to,
		NAN, NULL }, to);
}

/* Every label's values are the service's requests, errors and slow ones. */
static void check_sums(const struct change_answer *a)
{
	for (size_t i = 0; i < a->nr;) {
		struct change_count sum = { 0 };
		size_t values = 0;
		for (const char *l = a->count[i].label;
		     i < a->nr && strcmp(a->count[i].label, l) == 0; i++) {
			const struct change_count *c = &a->count[i];
			values++;
			for (int k = 0; k < 2; k++) {
				assert_true(c->requests[k] >= 0);
				assert_true(c->errors[k] <= c->requests[k]);
				assert_true(c->requests[k]
					    == floor(c->requests[k]));
				sum.requests[k] += c->requests[k];
				sum.errors[k] += c->errors[k];
				sum.slow[k] += c->slow[k];
			}
		}
		assert_true(values >= 2);
		for (int k = 0; k < 2; k++) {
			assert_true(sum.requests[k] == a->all.requests[k]);
			assert_true(sum.errors[k] == a->all.errors[k]);
			if (!isnan(a->slow_over))
				assert_true(sum.slow[k] == a->all.slow[k]);
		}
	}
}

static double beyond(const double *what, const double *requests)
{
	double usual = requests[0] > 0 ? what[0] / requests[0] : 0;
	return what[1] - usual * requests[1];
}

static double new_errors(const struct change_count *c)
{
	return beyond(c->errors, c->requests);
}

static double share_of_new(const struct change_answer *a,
			   const struct change_count *c)
{
	return new_errors(c) / new_errors(&a->all);
}

static double share_of_slow(const struct change_answer *a,
			    const struct change_count *c)
{
	return beyond(c->slow, c->requests)
	       / beyond(a->all.slow, a->all.requests);
}

static double requests_share(const struct change_answer *a,
			     const struct change_count *c)
{
	return c->requests[1] / a->all.requests[1];
}

static const struct change_count *count_of(const struct change_answer *a,
					   const char *label,
					   const char *value)
{
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->count[i].label, label) == 0
		    && strcmp(a->count[i].value, value) == 0)
			return &a->count[i];
	fail_msg("no %s=%s", label, value);
	return NULL;
}

static void check_blame(const struct change_answer *a, const char *label,
			const char *value, bool found)
{
	const struct change_count *bad = count_of(a, label, value);
	double excess = share_of_new(a, bad) - requests_share(a, bad);
	assert_true(within(share_of_new(a, bad), .84, .98));
	if (found)
		assert_true(within(share_of_slow(a, bad), .75, 1));
	assert_true(excess > .35);
	for (size_t i = 0; i < a->nr; i++) {
		const struct change_count *c = &a->count[i];
		if (c != bad && requests_share(a, c) <= .9)
			assert_true(share_of_new(a, c) - requests_share(a, c)
				    < .05);
	}
}

static void the_one_to_blame_has_nine_tenths_of_the_new_errors(void **state)
{
	(void)state;
	static const time_ms since[] = { 3 * MINUTE, 10 * MINUTE, 46 * MINUTE };
	for (int i = 0; i < SEEDS; i++) {
		const char *label, *value;
		struct shop *s = seeded(i, &label, &value);
		for (int k = 0; k < 3; k++) {
			const struct change_answer *a = trouble(s, since[k]);
			check_sums(a);
			check_blame(a, label, value, k > 0);
		}
		shop_close(s);
	}
}

static double burn_of_checkout(struct shop *s, enum slo_window w, time_ms at)
{
	shop_want(s, &(struct want){ .at = at });
	double bad = shop_value(s, question_own(QUESTION_SLO, 0,
				slo_part(ASK_ERRORS, w)), true, at);
	double all = shop_value(s, question_own(QUESTION_SLO, 0,
				slo_part(ASK_TOTAL, w)), true, at);
	return bad / all / (1 - .999);
}

/* Whatever the trouble is, it pages within three minutes, and not before. */
static void every_trouble_pages(void **state)
{
	(void)state;
	for (int i = 0; i < SEEDS; i++) {
		const char *label, *value;
		struct shop *s = seeded(i, &label, &value);
		time_ms onset = deploy() + ONSET, late = onset + 3 * MINUTE;
		assert_true(burn_of_checkout(s, SLO_5M, onset) < 1);
		assert_true(burn_of_checkout(s, SLO_1H, onset) < 1);
		assert_true(burn_of_checkout(s, SLO_5M, late) > 14.4);
		assert_true(burn_of_checkout(s, SLO_1H, late) > 14.4);
		shop_close(s);
	}
}

/* The open page of the service must name the route that the comparison does. */
static void the_page_blames_the_same_route(void **state)
{
	(void)state;
	size_t shops = 0;
	for (int i = 0; i < 3 * SEEDS; i++) {
		const char *label, *value, *route, *status;
		struct shop *s = seeded(i, &label, &value);
		double bad = 0, all = 0;
		shop_want(s, &(struct want){ .at = demo_fixed_now,
			.selected = "checkout", .details = true });
		for (size_t k = 0; k < s->batch[1]->nr; k++) {
			const struct frame *f = &s->batch[1]->frame[k];
			route = labels_get(&f->labels, "route");
			status = labels_get(&f->labels, "status");
			if (!status || status[0] != '5')
				continue;
			all += f->v[0];
			bad += strcmp(route, value) == 0 ? f->v[0] : 0;
		}
		assert_true(all > 1);
		if (strcmp(label, "route") == 0) {
			assert_true(bad / all > .8);
			shops++;
		}
		shop_close(s);
	}
	assert_true(shops > 3);
}

/* Of the pictures: /pay is 8 % of the requests. */
static void the_pictured_route_stands_out(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	const struct change_answer *a = trouble(s, 46 * MINUTE);
	check_sums(a);
	const struct change_count *pay = count_of(a, "route", "/pay");
	assert_true(within(requests_share(a, pay), .078, .082));
	assert_true(share_of_new(a, pay) > .4);
	assert_true(share_of_slow(a, pay) > .9);
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->count[i].label, "route") == 0
		    && &a->count[i] != pay)
			assert_true(share_of_new(a, &a->count[i])
				    < requests_share(a, &a->count[i]) + .05);
	assert_true(share_of_new(a, count_of(a, "upstream", "acquirer")) > .4);
	assert_true(share_of_new(a, count_of(a, "version", "v842")) > .98);
	/* Once the breaker is open the rest is fine. */
	time_ms open = deploy() + 5 * MINUTE;
	a = asked(s, &(struct change_want){ "checkout",
		deploy() - 10 * MINUTE, deploy(), open, open + 40 * MINUTE,
		NAN, NULL },
		open + 40 * MINUTE);
	check_sums(a);
	assert_true(within(share_of_new(a, count_of(a, "route", "/pay")), .88,
			   .94));
	shop_close(s);
}

/* Like chance: the values' errors are apart, but none far from its share. */
static void quiet_hours_look_quiet(void **state)
{
	(void)state;
	size_t apart = 0, values = 0;
	for (int i = 0; i < SEEDS; i++) {
		const char *label, *value;
		struct shop *s = seeded(i, &label, &value);
		time_ms after = (time_ms)(92 + i % 5 * 6) * MINUTE;
		const struct change_answer *a = quiet(s, "checkout", after);
		check_sums(a);
		assert_true(within(a->all.errors[1] / a->all.errors[0], .7,
				   1.4));
		for (size_t k = 0; k < a->nr; k++) {
			const struct change_count *c = &a->count[k];
			double want = a->all.requests[1] * c->requests[0]
				      / a->all.requests[0];
			double r = (c->requests[1] - want)
				   / sqrt(want + c->requests[0]);
			double e = (c->errors[1] - c->errors[0])
				   / sqrt(c->errors[1] + c->errors[0] + 1);
			assert_true(fabs(r) < 5.5);
			assert_true(fabs(e) < 5.5);
			apart += fabs(e) > .5;
			values++;
		}
		shop_close(s);
	}
	assert_true(apart > values / 4);
}

static void every_service_can_be_compared(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:4");
	for (int i = 0; i < DEMO_SERVICES; i++) {
		const char *name = demo_catalog.service[i].name;
		const struct change_answer *a = quiet(s, name, 90 * MINUTE);
		check_sums(a);
		assert_string_equal(a->want.service, name);
		assert_true(a->nr >= 10);
		assert_true(a->all.requests[1] > 0);
		assert_true(within(a->rate_last_week * 900
				   / a->all.requests[1], .9, 1.1));
		assert_true(isnan(a->slow_over) == isnan(a->all.slow[1]));
	}
	assert_null(asked(s, &(struct change_want){ "nobody", 0, 1, 1, 2,
		NAN, NULL },
			  demo_fixed_now));
	shop_close(s);
}

/* The counts are those of the rows: the requests of the span. */
static void counts_are_what_the_rows_showed(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:3");
	time_ms to = deploy() + 10 * MINUTE;
	const struct change_answer *a = asked(s, &(struct change_want){
		"checkout", to - 20 * MINUTE, to - 5 * MINUTE, to - 5 * MINUTE,
		to,
		NAN, NULL }, to);
	double errors = a->all.errors[1], total = a->all.requests[1];
	shop_want(s, &(struct want){ .at = to });
	double rate = shop_value(s, question_own(QUESTION_SLO, 0,
				 slo_part(ASK_TOTAL, SLO_5M)), true, to);
	double bad = shop_value(s, question_own(QUESTION_SLO, 0,
				slo_part(ASK_ERRORS, SLO_5M)), true, to);
	assert_true(fabs(rate * 300 - total) < 1);
	assert_true(fabs(bad * 300 - errors) < 2);
	shop_close(s);
}

static void a_look_two_seconds_later_is_nearly_the_same(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:1");
	double before[64] = { 0 };
	for (time_ms t = 10 * MINUTE; t < 11 * MINUTE; t += 2000) {
		const struct change_answer *a = trouble(s, t);
		for (size_t i = 0; i < a->nr; i++) {
			double e = a->count[i].errors[1];
			if (t > 10 * MINUTE)
				assert_true(fabs(e - before[i])
					    < 20 + .02 * e);
			before[i] = e;
		}
	}
	shop_close(s);
}

static bool says(const struct change_answer *a, const char *part)
{
	for (size_t i = 0; i < a->nr_events; i++)
		if (strstr(a->event[i].text, part))
			return true;
	return false;
}

static void versions_are_told_where_they_changed(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	const struct change_answer *a = trouble(s, 10 * MINUTE);
	assert_true(says(a, "v841 → v842 on the first instance"));
	assert_true(says(a, "v842 on 12 of 12 instances"));
	for (size_t i = 1; i < a->nr_events; i++)
		assert_true(a->event[i].at >= a->event[i - 1].at);
	a = quiet(s, "checkout", 90 * MINUTE);
	assert_false(says(a, "v842"));
	assert_true(a->nr_notes >= 3);
	shop_close(s);
}

static void the_culprit(int seed, bool *first, bool *quiet_hour)
{
	static struct changed c;
	const char *label, *value;
	struct shop *s = seeded(seed, &label, &value);
	const struct change_answer *a = trouble(s, 20 * MINUTE);
	changed_rank(a, deploy() + ONSET, &c);
	*first = c.nr && strcmp(c.row[0].label, label) == 0
		 && strcmp(c.row[0].value, value) == 0;
	if (!*first)
		print_message("seed %d: %s=%s, not %s=%s\n", seed,
			      c.nr ? c.row[0].label : "-",
			      c.nr ? c.row[0].value : "-", label, value);
	a = quiet(s, "checkout", (time_ms)(92 + seed % 5 * 6) * MINUTE);
	changed_rank(a, TIME_NONE, &c);
	*quiet_hour = c.nr == 0;
	if (c.nr)
		print_message("seed %d: quiet, yet %s=%s\n", seed,
			      c.row[0].label, c.row[0].value);
	shop_close(s);
}

static void somebody_innocent_is_named(void **state)
{
	(void)state;
	int right = 0, silent = 0;
	for (int i = 0; i < SEEDS; i++) {
		bool first, quiet_hour;
		the_culprit(i, &first, &quiet_hour);
		right += first;
		silent += quiet_hour;
	}
	assert_int_equal(right, SEEDS);
	assert_int_equal(silent, SEEDS);
}

static void write_down(const struct shop *s, const char *path)
{
	struct err e = { 0 };
	struct writer *w = writer_open(path, s->batch[0]->at, "test", &e);
	if (!w)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < s->nr; i++)
		assert_int_equal(writer_add(w, s->batch[i], &e), 0);
	assert_int_equal(writer_close(w, &e), 0);
}

/* The first row of what was written down; false: there is none. */
static bool named(const char *path, char label[64], char value[64])
{
	static struct changed c;
	struct err e = { 0 };
	struct batch *b;
	struct reader *r = reader_open(path, &e);
	if (!r)
		fail_msg("%s", e.text);
	c.nr = 0;
	while ((b = reader_next(r)) != NULL) {
		if (b->change) {
			changed_rank(b->change, b->change->want.during_from,
				     &c);
			snprintf(label, 64, "%s", c.nr ? c.row[0].label : "");
			snprintf(value, 64, "%s", c.nr ? c.row[0].value : "");
		}
		batch_free(b);
	}
	reader_close(r);
	return c.nr > 0;
}

static void a_recording_names_somebody_else(void **state)
{
	(void)state;
	char path[] = "/tmp/redtop-changed-XXXXXX";
	int fd = mkstemp(path), right = 0, silent = 0;
	assert_true(fd >= 0);
	close(fd);
	for (int i = 0; i < SEEDS; i++) {
		const char *label, *value;
		char l[64] = "", v[64] = "";
		struct shop *s = seeded(i, &label, &value);
		assert_non_null(trouble(s, 20 * MINUTE));
		unlink(path);
		write_down(s, path);
		right += named(path, l, v) && strcmp(l, label) == 0
			 && strcmp(v, value) == 0;
		assert_non_null(quiet(s, "checkout", 98 * MINUTE));
		unlink(path);
		write_down(s, path);
		silent += !named(path, l, v);
		shop_close(s);
	}
	unlink(path);
	assert_int_equal(right, SEEDS);
	assert_int_equal(silent, SEEDS);
}

static void odd_spans_are_refused_with_a_sentence(void **state)
{
	(void)state;
	static const struct change_want odd[] = {
		{ "checkout", 5, 5, 5, 5,
		  NAN, NULL },
		{ "checkout", 10, 5, 5, 10,
		  NAN, NULL },
		{ "checkout", 0, 99999999999999, 5, 10,
		  NAN, NULL },
		{ "checkout", INT64_MIN, 1, 5, 10,
		  NAN, NULL },
		{ "checkout", INT64_MIN, INT64_MIN + 1, 5, 10,
		  NAN, NULL },
		{ "checkout", 5, 10, INT64_MAX - 1, INT64_MAX,
		  NAN, NULL },
	};
	struct shop *s = shop_open("");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_non_null(asked(s, &odd[i], demo_fixed_now)->fault);
	const struct change_answer *a = asked(s, &(struct change_want){
		"email", deploy() + 38 * MINUTE, deploy() + 40 * MINUTE,
		deploy() + 40 * MINUTE, deploy() + 42 * MINUTE,
		NAN, NULL },
		deploy() + 42 * MINUTE);
	assert_true(a->all.requests[1] == 0 && a->nr == 0);
	assert_true(isnan(a->rate_last_week));
	shop_close(s);
}

static void draws_keep_the_sum_and_the_mean(void **state)
{
	(void)state;
	static const double weight[] = { 5, 0, 1, 94, 0 };
	double sum[5] = { 0 };
	for (uint64_t key = 0; key < 2000; key++) {
		double v[5], n = key % 2 ? 40 : 4000;
		draw_split(n, weight, 5, key * 977, v);
		assert_true(v[0] + v[1] + v[2] + v[3] + v[4] == n);
		assert_true(v[1] == 0 && v[4] == 0);
		for (int i = 0; i < 5; i++)
			sum[i] += v[i];
	}
	assert_true(within(sum[0] / 2000 / 2020, .048, .052));
	assert_true(within(sum[2] / 2000 / 2020, .0092, .0108));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_one_to_blame_has_nine_tenths_of_the_new_errors),
		cmocka_unit_test(every_trouble_pages),
		cmocka_unit_test(the_page_blames_the_same_route),
		cmocka_unit_test(the_pictured_route_stands_out),
		cmocka_unit_test(quiet_hours_look_quiet),
		cmocka_unit_test(every_service_can_be_compared),
		cmocka_unit_test(counts_are_what_the_rows_showed),
		cmocka_unit_test(a_look_two_seconds_later_is_nearly_the_same),
		cmocka_unit_test(versions_are_told_where_they_changed),
		cmocka_unit_test(somebody_innocent_is_named),
		cmocka_unit_test(a_recording_names_somebody_else),
		cmocka_unit_test(odd_spans_are_refused_with_a_sentence),
		cmocka_unit_test(draws_keep_the_sum_and_the_mean),
	};
	return cmocka_run_group_tests_name("demo_changed", tests, NULL, NULL);
}
