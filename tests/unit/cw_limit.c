/* Thresholds over metrics of CloudWatch: which sets are asked, and what is told
 * of their periods. */
#include "sources/cw_limit.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MINUTE ((time_ms)60000)
#define FIVES  (5 * MINUTE)
#define TEN (INT64_C(489610) * 60 * MINUTE)
#define NOW (TEN + 7 * MINUTE + 20000)
#define CPU "AWS/EC2 CPUUtilization Average"

struct world {
	struct arena arena;
	struct cw_metrics metrics;
	struct cw_limits limits;
	struct cw_hold hold;
	struct batch *b;
};

static void list(struct world *w, const char *space, const char *name,
		 const char *dim, const char *value, const char *more)
{
	struct cw_metrics *m = &w->metrics;
	struct cw_dimension *d = arena_alloc(&w->arena, 2 * sizeof(*d));
	d[0] = (struct cw_dimension){ dim, arena_strdup(&w->arena, value) };
	d[1] = (struct cw_dimension){ "Zone", more };
	MEM_ROOM(m->metric, m->nr, m->cap);
	m->metric[m->nr++] = (struct cw_metric){
		.space = space, .name = name, .dim = d, .nr = more ? 2 : 1 };
}

static void open_world(struct world *w)
{
	*w = (struct world){ .b = batch_new(0) };
	arena_init(&w->arena, 0);
	cw_metrics_init(&w->metrics);
	list(w, "AWS/EC2", "CPUUtilization", "Instance", "i-1", "a");
	list(w, "AWS/EC2", "CPUUtilization", "Instance", "i-2", NULL);
	list(w, "AWS/EC2", "CPUUtilization", "Instance", "i-1", NULL);
	list(w, "AWS/EC2", "NetworkIn", "Instance", "i-1", NULL);
	list(w, "AWS/RDS", "CPUUtilization", "Instance", "i-1", NULL);
}

static void find(struct world *w, const struct threshold_def *d, size_t nr)
{
	cw_metrics_sort(&w->metrics);
	cw_limits_find(&w->limits, &w->metrics, d, nr, &w->arena);
}

static void renew(struct world *w)
{
	batch_free(w->b);
	w->b = batch_new(0);
}

static void close_world(struct world *w)
{
	batch_free(w->b);
	cw_hold_release(&w->hold);
	cw_metrics_release(&w->metrics);
	arena_release(&w->arena);
}

/* Values of the five minutes from TEN - 10 minutes on, of set i. */
static void tell(struct world *w, size_t i, const double *v, size_t nr,
		 time_ms asked)
{
	struct cw_limit *l = &w->limits.of[0];
	time_ms t[8], from = TEN - 2 * FIVES;
	if (!l->hold) {
		cw_hold_init(&w->hold, FIVES);
		cw_hold_fit(&w->hold, TEN - 40 * FIVES, TEN + 2 * FIVES);
		l->hold = &w->hold;
	}
	for (size_t k = 0; k < nr; k++)
		t[k] = from + (time_ms)k * FIVES;
	struct cw_result r = { .nr = nr, .t = t, .v = (double *)v };
	cw_hold_take(&w->hold, cw_hold_line(&w->hold, l->key[i], true),
		     TEN - 40 * FIVES, TEN + 2 * FIVES, &r, asked);
}

static const struct threshold_def cpu = {
	.id = "cpu", .cloudwatch = CPU, .period = FIVES, .m = 1, .n = 1,
	.clear = (double)NAN, .clear_after = 1,
};

/* ---- sets ---------------------------------------------------------- */

static void an_instance_is_not_asked(void **state)
{
	(void)state;
	struct world w;
	open_world(&w);
	find(&w, &cpu, 1);
	assert_int_equal(w.limits.nr, 1);
	const struct cw_limit *l = &w.limits.of[0];
	assert_int_equal(l->service->nr, 3);
	/* Of one dimension first. */
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(l->service->part[i].metric.nr, i < 2 ? 1 : 2);
		assert_int_equal(l->labels[i].nr, i < 2 ? 1 : 2);
		assert_string_equal(l->service->part[i].stat, "Average");
	}
	assert_string_equal(labels_get(&l->labels[0], "Instance"), "i-1");
	assert_string_equal(labels_get(&l->labels[1], "Instance"), "i-2");
	assert_int_equal(l->service->part[0].weight, CW_WANTED);
	close_world(&w);
}

static void a_fleet_empties_the_purse(void **state)
{
	(void)state;
	struct world w;
	char id[20];
	open_world(&w);
	for (int i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "j-%03d", i);
		list(&w, "AWS/EC2", "CPUUtilization", "Instance", id, NULL);
	}
	find(&w, &cpu, 1);
	assert_int_equal(w.limits.of[0].service->nr, CW_LIMIT_SETS);
	assert_int_equal(w.limits.nr_notes, 1);
	assert_non_null(strstr(w.limits.note[0], "more than 20"));
	close_world(&w);
}

static void a_threshold_that_cannot_be_asked_says_nothing(void **state)
{
	(void)state;
	static const struct threshold_def d[] = {
		{ .id = "query", .query = "up", .period = FIVES },
		{ .id = "words", .cloudwatch = "CPUUtilization Average",
		  .period = FIVES },
		{ .id = "seconds", .cloudwatch = CPU, .period = 90000 },
		{ .id = "nowhere", .cloudwatch = "AWS/EC2 Nothing Sum",
		  .period = FIVES },
		{ .id = "fine", .cloudwatch = CPU, .period = FIVES },
	};
	struct world w;
	open_world(&w);
	find(&w, d, COUNT(d));
	assert_int_equal(w.limits.nr, 1);
	assert_int_equal(w.limits.of[0].index, 4);
	assert_int_equal(w.limits.nr_notes, 3);
	assert_non_null(strstr(w.limits.note[0], "threshold words"));
	assert_non_null(strstr(w.limits.note[1], "whole minutes"));
	assert_non_null(strstr(w.limits.note[2], "not listed"));
	close_world(&w);
}

static void a_metric_is_listed_twice(void **state)
{
	(void)state;
	static const struct threshold_def d[] = {
		{ .id = "a", .cloudwatch = CPU },
		{ .id = "b", .cloudwatch = "AWS/EC2 CPUUtilization p99" },
		{ .id = "c", .query = "up" },
		{ .id = "d", .cloudwatch = "My Own Space  Depth Maximum " },
		{ .id = "e", .cloudwatch = "AWS/CloudFront 5xxErrorRate "
					   "Average" },
	};
	struct world w;
	struct cw_ask a;
	open_world(&w);
	assert_true(cw_limit_ask(d, 0, &w.arena, &a));
	assert_string_equal(a.list.space, "AWS/EC2");
	assert_string_equal(a.list.metric, "CPUUtilization");
	assert_null(a.region);
	assert_false(a.needed);
	assert_false(cw_limit_ask(d, 1, &w.arena, &a));
	assert_false(cw_limit_ask(d, 2, &w.arena, &a));
	assert_true(cw_limit_ask(d, 3, &w.arena, &a));
	assert_string_equal(a.list.space, "My Own Space");
	assert_string_equal(a.list.metric, "Depth");
	assert_true(cw_limit_ask(d, 4, &w.arena, &a));
	assert_string_equal(a.region, "us-east-1");
	close_world(&w);
}

static void a_fifth_period_takes_the_place_of_another(void **state)
{
	(void)state;
	struct threshold_def d[6];
	struct world w;
	open_world(&w);
	for (size_t i = 0; i < COUNT(d); i++) {
		d[i] = cpu;
		d[i].period = MINUTE * (time_ms)(i < 5 ? i + 1 : 1);
	}
	find(&w, d, COUNT(d));
	assert_int_equal(w.limits.nr, 5);
	assert_int_equal(w.limits.nr_grids, CW_LIMIT_GRIDS);
	assert_int_equal(w.limits.of[4].index, 5);
	assert_int_equal(w.limits.of[4].grid, 0);
	assert_int_equal(w.limits.nr_notes, 1);
	close_world(&w);
}

/* ---- answers ------------------------------------------------------- */

static void a_period_that_lasts_is_judged(void **state)
{
	(void)state;
	struct world w;
	open_world(&w);
	find(&w, &cpu, 1);
	/* [9:50), [9:55), [10:00), and of [10:05) two minutes. */
	for (size_t i = 0; i < 3; i++)
		tell(&w, i, (double[]){ 50, 60, 70, 95 }, 4, NOW);
	assert_true(cw_limit_points(&w.limits.of[0], NOW, TIME_NONE, w.b)
		    == TEN + FIVES);
	assert_int_equal(w.b->nr, 3);
	assert_true(w.b->step == FIVES && !w.b->instant);
	const struct frame *f = &w.b->frame[0];
	assert_int_equal(question_kind(f->question), QUESTION_THRESHOLD);
	assert_int_equal(question_part(f->question), THRESHOLD_POINTS);
	assert_string_equal(labels_get(&f->labels, "Instance"), "i-1");
	assert_int_equal(f->nr, 3);
	assert_true(f->t[2] == TEN + FIVES && f->v[2] == 70);
	/* Once. */
	renew(&w);
	assert_true(cw_limit_points(&w.limits.of[0], NOW, TEN + FIVES, w.b)
		    == TIME_NONE);
	cw_limits_now(&w.limits, NOW, w.b);
	assert_true(w.b->instant);
	assert_int_equal(w.b->nr, 3);
	assert_int_equal(question_part(w.b->frame[0].question), THRESHOLD_NOW);
	assert_true(w.b->frame[0].v[0] == 95 && w.b->frame[0].t[0] == NOW);
	close_world(&w);
}

static void a_period_is_judged_as_it_ends(void **state)
{
	(void)state;
	struct world w;
	time_ms early = TEN + FIVES + 30000;
	open_world(&w);
	find(&w, &cpu, 1);
	for (size_t i = 0; i < 3; i++)
		tell(&w, i, (double[]){ 50, 60, 70 }, 3, early);
	assert_true(cw_limit_points(&w.limits.of[0], early, TIME_NONE, w.b)
		    == TEN);
	assert_int_equal(w.b->frame[0].nr, 2);
	close_world(&w);
}

static void half_of_an_answer_is_missing_data(void **state)
{
	(void)state;
	struct world w;
	open_world(&w);
	find(&w, &cpu, 1);
	for (size_t i = 0; i < 3; i++)
		tell(&w, i, (double[]){ 50, 60, 70 }, 3, NOW);
	w.hold.line[1].unsure = true;
	assert_true(cw_limit_points(&w.limits.of[0], NOW, TIME_NONE, w.b)
		    == TIME_NONE);
	cw_limits_now(&w.limits, NOW, w.b);
	assert_int_equal(w.b->nr_asked, 0);
	/* What is forbidden is left out, and the others go on. */
	renew(&w);
	w.hold.line[1].unsure = false;
	w.hold.line[1].forbidden = true;
	assert_true(cw_limit_points(&w.limits.of[0], NOW, TIME_NONE, w.b)
		    == TEN + FIVES);
	assert_int_equal(w.b->nr, 2);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instance_is_not_asked),
		cmocka_unit_test(a_fleet_empties_the_purse),
		cmocka_unit_test(
			a_threshold_that_cannot_be_asked_says_nothing),
		cmocka_unit_test(a_metric_is_listed_twice),
		cmocka_unit_test(a_fifth_period_takes_the_place_of_another),
		cmocka_unit_test(a_period_that_lasts_is_judged),
		cmocka_unit_test(a_period_is_judged_as_it_ends),
		cmocka_unit_test(half_of_an_answer_is_missing_data),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
