/* Objectives that CloudWatch answers: what is asked, what is summed, and what
 * is said where nobody knows. */
#include "sources/cw_slo.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MINUTE ((time_ms)60000)
#define FIVES  (5 * MINUTE)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define NONE ((double)NAN)
#define LB "AWS/ApplicationELB "
#define SHOP " LoadBalancer=app/shop-alb/50dc6c495c0c9188"

/* Ten in the morning, and seven minutes and some. */
#define TEN (INT64_C(489600) * HOUR + 10 * HOUR)
#define NOW (TEN + 7 * MINUTE + 20000)
#define JUDGED (TEN + 6 * MINUTE)

/* ---- an account --------------------------------------------------------- */

static void list(struct cw_metrics *m, const char *text)
{
	struct cw_dimension *dim = arena_alloc(&m->arena, 4 * sizeof(*dim));
	struct cw_metric x = { .dim = dim };
	char *s = arena_strdup(&m->arena, text), *save = NULL;
	x.space = strtok_r(s, " ", &save);
	x.name = strtok_r(NULL, " ", &save);
	for (char *w; (w = strtok_r(NULL, ",", &save));) {
		char *eq = strchr(w, '=');
		*eq = '\0';
		dim[x.nr++] = (struct cw_dimension){ w, eq + 1 };
	}
	MEM_ROOM(m->metric, m->nr, m->cap);
	m->metric[m->nr++] = x;
}

struct world {
	struct arena arena;
	struct cw_metrics metrics;
	struct cw_found found;
	struct cw_slos slos;
	struct cw_hold hold[CW_GRIDS];
	struct batch *b;
};

static const char *const account[] = {
	LB "RequestCount" SHOP,
	"AWS/ApiGateway Count ApiName=api,Stage=prod",
	"AWS/Lambda Invocations FunctionName=thumbs",
	"AWS/NetworkELB NewFlowCount LoadBalancer=net/tcp/1",
	"AWS/DynamoDB SuccessfulRequestLatency Operation=GetItem,TableName=cart",
	"AWS/DynamoDB SuccessfulRequestLatency Operation=PutItem,TableName=cart",
	"AWS/RDS CPUUtilization DBInstanceIdentifier=db",
};

static const time_ms period_of[CW_GRIDS] = { MINUTE, FIVES, HOUR };

static void open_grid(struct world *w, int g, time_ms from, time_ms to)
{
	cw_hold_init(&w->hold[g], period_of[g]);
	cw_hold_fit(&w->hold[g], from, to);
	for (size_t i = 0; i < w->slos.nr; i++)
		w->slos.of[i].hold[g] = &w->hold[g];
}

static void open_world(struct world *w, const struct slo_def *d, size_t nr)
{
	*w = (struct world){ 0 };
	cw_metrics_init(&w->metrics);
	arena_init(&w->arena, 0);
	for (size_t i = 0; i < COUNT(account); i++)
		list(&w->metrics, account[i]);
	cw_metrics_sort(&w->metrics);
	w->found = cw_table_find(&w->metrics, &w->arena);
	cw_slos_find(&w->slos, &w->found, d, nr, &w->arena);
}

static void renew(struct world *w)
{
	batch_free(w->b);
	w->b = batch_new(0);
}

static void close_world(struct world *w)
{
	batch_free(w->b);
	for (int g = 0; g < CW_GRIDS; g++)
		cw_hold_release(&w->hold[g]);
	cw_metrics_release(&w->metrics);
	arena_release(&w->arena);
}

/* The part of an objective that asks this metric. */
static size_t part(const struct cw_slo *s, const char *metric)
{
	for (size_t i = 0; i < s->service->nr; i++)
		if (strcmp(s->service->part[i].metric.name, metric) == 0)
			return i;
	fail_msg("%s is not asked", metric);
	return 0;
}

typedef double each(time_ms begin, double k);

static double always(time_ms begin, double k)
{
	(void)begin;
	return k;
}

/* What an answer at `asked` about [from, to) brought. */
static void told_until(struct world *w, int g, const char *metric,
		       time_ms from, time_ms to, time_ms asked, each *f,
		       double k)
{
	const struct cw_slo *s = &w->slos.of[0];
	struct cw_hold *h = &w->hold[g];
	struct cw_line *l = cw_hold_line(h, s->key[part(s, metric)], true);
	size_t nr = 0, most = (size_t)((to - from) / h->period);
	time_ms *t = mem_zero(most + 1, sizeof(*t));
	double *v = mem_zero(most + 1, sizeof(*v));
	for (time_ms at = from; f && at < to; at += h->period) {
		if (isnan(f(at, k)))
			continue;
		t[nr] = at;
		v[nr++] = f(at, k);
	}
	cw_hold_take(h, l, from, to,
		     &(struct cw_result){ .t = t, .v = v, .nr = nr }, asked);
	free(t);
	free(v);
}

static void told(struct world *w, int g, const char *metric, time_ms from,
		 time_ms to, each *f, double k)
{
	told_until(w, g, metric, from, to, NOW, f, k);
}

static const char *const alb_parts[] = {
	"RequestCount", "HTTPCode_ELB_503_Count", "HTTPCode_Target_5XX_Count",
	"HTTPCode_ELB_5XX_Count",
};

/* Asked, and silent. */
static void asked_alb(struct world *w, int g, time_ms from, time_ms to)
{
	open_grid(w, g, from, to);
	for (size_t i = 0; i < COUNT(alb_parts); i++)
		told(w, g, alb_parts[i], from, to, NULL, 0);
}

#define SLO_OF(name) .id = name "-slo", .service = name, .derived = true,      \
	.objective = 0.999, .period = 30 * DAY

static const struct slo_def shop = { SLO_OF("shop-alb") };

/* The last 75 minutes, 74 hours and 31 days. */
static void asked_all(struct world *w, const struct slo_def *d)
{
	open_world(w, d, 1);
	asked_alb(w, CW_MINUTES, TEN - 68 * MINUTE, TEN + 8 * MINUTE);
	asked_alb(w, CW_FIVES, TEN - 74 * HOUR, TEN + 10 * MINUTE);
	asked_alb(w, CW_HOURS, TEN - 31 * DAY, TEN + HOUR);
}

/* ---- what came of it ---------------------------------------------------- */

static bool is_asked(const struct world *w, enum slo_ask a, unsigned span)
{
	uint32_t id = question_own(QUESTION_SLO, w->slos.of[0].index,
				   slo_part(a, span));
	for (size_t i = 0; i < w->b->nr_asked; i++)
		if (w->b->asked[i] == id)
			return true;
	return false;
}

static const struct frame *frame_of(const struct world *w, enum slo_ask a,
				    unsigned span)
{
	uint32_t id = question_own(QUESTION_SLO, w->slos.of[0].index,
				   slo_part(a, span));
	for (size_t i = 0; i < w->b->nr; i++)
		if (w->b->frame[i].question == id)
			return &w->b->frame[i];
	return NULL;
}

static double value(const struct world *w, enum slo_ask a, unsigned span)
{
	const struct frame *f = frame_of(w, a, span);
	return f ? f->v[0] : NONE;
}

static void now(struct world *w)
{
	renew(w);
	cw_slos_now(&w->slos, NOW, JUDGED, w->b);
	assert_true(w->b->instant);
}

static void near_to(double got, double want)
{
	if (!(fabs(got - want) <= 1e-9 * fmax(1, fabs(want))))
		fail_msg("%.17g is not %.17g", got, want);
}

/* ---- windows ------------------------------------------------------------ */

static double from_ten(time_ms begin, double k)
{
	return begin >= TEN ? k : NAN;
}

static void a_window_counts_what_is_outside_of_it(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 600);
	told(&w, CW_MINUTES, "HTTPCode_Target_5XX_Count", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, from_ten, 30);
	now(&w);
	/* Of [10:01, 10:06), [9:36, 10:06), [9:06, 10:06). */
	near_to(value(&w, ASK_TOTAL, SLO_5M), 10);
	near_to(value(&w, ASK_ERRORS, SLO_5M), 0.5);
	near_to(value(&w, ASK_TOTAL, SLO_30M), 10);
	near_to(value(&w, ASK_ERRORS, SLO_30M), 6 * 30 / 1800.);
	near_to(value(&w, ASK_ERRORS, SLO_1H), 6 * 30 / 3600.);
	assert_true(frame_of(&w, ASK_TOTAL, SLO_1H)->t[0] == JUDGED);
	close_world(&w);
}

static void a_balancer_without_errors_has_no_objective(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 600);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_5M), 10);
	near_to(value(&w, ASK_ERRORS, SLO_5M), 0);
	close_world(&w);
}

static double in_gaps(time_ms begin, double k)
{
	return begin / MINUTE % 2 ? k : NAN;
}

/* A minute of which nothing was told had no requests. */
static void a_minute_that_is_missing_counts_as_its_neighbour(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, in_gaps, 600);
	told(&w, CW_MINUTES, "HTTPCode_ELB_5XX_Count", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, in_gaps, 6);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_30M), 5);
	near_to(value(&w, ASK_ERRORS, SLO_30M), 0.05);
	close_world(&w);
}

static void a_silent_service_has_kept_its_objective(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	now(&w);
	for (unsigned s = 0; s < SLO_WINDOWS; s++) {
		assert_true(is_asked(&w, ASK_TOTAL, s));
		assert_null(frame_of(&w, ASK_TOTAL, s));
		assert_null(frame_of(&w, ASK_ERRORS, s));
	}
	close_world(&w);
}

static void what_nobody_asked_is_called_silence(void **state)
{
	(void)state;
	struct world w;
	open_world(&w, &shop, 1);
	asked_alb(&w, CW_MINUTES, TEN - 20 * MINUTE, TEN + 8 * MINUTE);
	told(&w, CW_MINUTES, "RequestCount", TEN - 20 * MINUTE,
	     TEN + 8 * MINUTE, always, 600);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_5M), 10);
	for (unsigned s = SLO_30M; s < SLO_SPANS; s++)
		assert_false(is_asked(&w, ASK_TOTAL, s));
	close_world(&w);
}

static void errors_that_are_forbidden_are_none(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 600);
	const struct cw_slo *s = &w.slos.of[0];
	const char *key = s->key[part(s, "HTTPCode_Target_5XX_Count")];
	cw_hold_line(&w.hold[CW_MINUTES], key, false)->forbidden = true;
	cw_hold_line(&w.hold[CW_FIVES], key, false)->forbidden = true;
	cw_hold_line(&w.hold[CW_HOURS], key, false)->forbidden = true;
	now(&w);
	assert_int_equal(w.b->nr_asked, 0);
	close_world(&w);
}

static void half_of_an_answer_halves_the_burn(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	const struct cw_slo *s = &w.slos.of[0];
	const char *key = s->key[part(s, "HTTPCode_Target_5XX_Count")];
	cw_hold_line(&w.hold[CW_MINUTES], key, false)->unsure = true;
	now(&w);
	/* The fives were whole, up to 10:05. */
	assert_true(is_asked(&w, ASK_ERRORS, SLO_30M));
	cw_hold_line(&w.hold[CW_FIVES], key, false)->unsure = true;
	now(&w);
	assert_false(is_asked(&w, ASK_ERRORS, SLO_30M));
	close_world(&w);
}

/* The minute from 10:05 on was asked about at 10:06:20; nobody asked again. */
static void a_minute_that_still_fills_is_judged(void **state)
{
	(void)state;
	struct world w;
	open_world(&w, &shop, 1);
	open_grid(&w, CW_MINUTES, TEN - 68 * MINUTE, TEN + 8 * MINUTE);
	for (size_t i = 0; i < COUNT(alb_parts); i++)
		told_until(&w, CW_MINUTES, alb_parts[i], TEN - 68 * MINUTE,
			   TEN + 7 * MINUTE, NOW - MINUTE, i ? NULL : always,
			   600);
	now(&w);
	assert_true(frame_of(&w, ASK_TOTAL, SLO_5M)->t[0]
		    == JUDGED - MINUTE);
	/* Eleven minutes later nothing of it is news. */
	renew(&w);
	cw_slos_now(&w.slos, NOW + 11 * MINUTE, JUDGED + 11 * MINUTE, w.b);
	assert_int_equal(w.b->nr_asked, 0);
	close_world(&w);
}

/* ---- long windows ------------------------------------------------------- */

static double by_hour(time_ms begin, double k)
{
	return k * (double)(begin / HOUR % 24 + 1);
}

/* Whole fives up to 10:05, of which the newest is only known by minutes. */
static void a_long_window_waits_for_the_coarse_grid(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 60);
	for (size_t i = 0; i < COUNT(alb_parts); i++)
		told_until(&w, CW_FIVES, alb_parts[i], TEN - 74 * HOUR,
			   TEN - 20 * MINUTE, TEN - 24 * MINUTE,
			   i ? NULL : always, 300);
	told_until(&w, CW_FIVES, "HTTPCode_Target_5XX_Count", TEN - 74 * HOUR,
		   TEN - 20 * MINUTE, TEN - 24 * MINUTE, by_hour, 1);
	told(&w, CW_MINUTES, "HTTPCode_Target_5XX_Count", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, from_ten, 3);
	now(&w);
	for (unsigned s = SLO_2H; s < SLO_WINDOWS; s++) {
		near_to(value(&w, ASK_TOTAL, s), 1);
		assert_true(frame_of(&w, ASK_TOTAL, s)->t[0]
			    == TEN + 5 * MINUTE);
	}
	/* [8:05, 8:55) are ten fives of 9 errors; from then on minutes have
	 * the say, and they have errors from 10:00 on. */
	near_to(value(&w, ASK_ERRORS, SLO_2H), (10 * 9 + 5 * 3) / 7200.);
	close_world(&w);
}

static double since_two_days(time_ms begin, double k)
{
	return begin >= TEN - 2 * DAY ? k : NAN;
}

static void a_budget_forgets_what_only_hours_know(void **state)
{
	(void)state;
	struct world w;
	time_ms end = TEN + 5 * MINUTE;
	asked_all(&w, &shop);
	told(&w, CW_HOURS, "RequestCount", TEN - 31 * DAY, TEN + HOUR, always,
	     3600);
	told(&w, CW_HOURS, "HTTPCode_Target_5XX_Count", TEN - 31 * DAY,
	     TEN + HOUR, by_hour, 1);
	told(&w, CW_FIVES, "RequestCount", TEN - 74 * HOUR,
	     TEN + 10 * MINUTE, always, 300);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 60);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_PERIOD), 1);
	/* 30 d end at 10:05, so 55/60 of the first hour are in; the errors of
	 * the last 74 h are not in the fives, which have the say. */
	double sum = 0;
	for (time_ms t = TEN - 30 * DAY; t < TEN - 74 * HOUR; t += HOUR)
		sum += by_hour(t, 1);
	sum -= by_hour(TEN - 30 * DAY, 1) * 5 / 60;
	near_to(value(&w, ASK_ERRORS, SLO_SPAN_PERIOD),
		sum / (30 * 86400));
	assert_true(frame_of(&w, ASK_TOTAL, SLO_SPAN_PERIOD)->t[0] == end);
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_COVER),
		(double)(end - 30 * DAY) / 1000);
	close_world(&w);
}

static void two_days_of_data_are_called_thirty(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_HOURS, "RequestCount", TEN - 31 * DAY, TEN + HOUR,
	     since_two_days, 3600);
	told(&w, CW_FIVES, "RequestCount", TEN - 74 * HOUR,
	     TEN + 10 * MINUTE, since_two_days, 300);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_COVER),
		(double)(TEN - 2 * DAY) / 1000);
	/* Counted over thirty days, however many had data; minutes are
	 * silent from 8:52 on, and the five minutes there are whole. */
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_PERIOD),
		(2 * 86400. - 65 * 60) / (30 * 86400));
	close_world(&w);
}

/* A calendar's period is what it has had so far. */
static void a_month_that_began_today_is_thirty_days_old(void **state)
{
	(void)state;
	struct slo_def d = shop;
	struct world w;
	d.calendar = CALENDAR_MONTH;
	d.calendar_every = 1;
	d.calendar_start = TEN - 4 * HOUR;
	asked_all(&w, &d);
	assert_true(w.slos.reach[CW_HOURS] > 31 * DAY + HOUR);
	told(&w, CW_FIVES, "RequestCount", TEN - 74 * HOUR,
	     TEN + 10 * MINUTE, always, 300);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 60);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_PERIOD), 1);
	near_to(value(&w, ASK_TOTAL, SLO_SPAN_COVER),
		(double)(TEN - 4 * HOUR) / 1000);
	close_world(&w);
}

/* ---- points ------------------------------------------------------------- */

static void the_budgets_past_is_not_told(void **state)
{
	(void)state;
	struct world w;
	asked_all(&w, &shop);
	told(&w, CW_HOURS, "RequestCount", TEN - 31 * DAY, TEN + HOUR, always,
	     3600);
	told(&w, CW_HOURS, "HTTPCode_Target_5XX_Count", TEN - 31 * DAY,
	     TEN + HOUR, by_hour, 36);
	told(&w, CW_FIVES, "RequestCount", TEN - 74 * HOUR,
	     TEN + 10 * MINUTE, always, 300);
	told(&w, CW_MINUTES, "RequestCount", TEN - 68 * MINUTE,
	     TEN + 8 * MINUTE, always, 60);
	renew(&w);
	time_ms last = cw_slo_cells(&w.slos.of[0], NOW, JUDGED, TIME_NONE,
				    w.b);
	const struct frame *f = frame_of(&w, ASK_TOTAL, SLO_SPAN_CELL);
	const struct frame *e = frame_of(&w, ASK_ERRORS, SLO_SPAN_CELL);
	assert_true(last == TEN);
	assert_true(w.b->step == HOUR && w.b->to == TEN && !w.b->instant);
	assert_true(w.b->from == TEN - 30 * DAY + HOUR);
	assert_int_equal(f->nr, 720);
	assert_true(f->t[0] == w.b->from && f->t[719] == TEN);
	near_to(f->v[0], 1);
	near_to(e->v[0], by_hour(TEN - 30 * DAY, 1) / 100);
	near_to(e->v[719], 0);
	/* The newest again, when there is a newer one. */
	renew(&w);
	assert_true(cw_slo_cells(&w.slos.of[0], NOW, JUDGED, last, w.b)
		    == TIME_NONE);
	assert_int_equal(w.b->nr_asked, 0);
	renew(&w);
	assert_true(cw_slo_cells(&w.slos.of[0], NOW, JUDGED, last - HOUR, w.b)
		    == TEN);
	assert_int_equal(frame_of(&w, ASK_TOTAL, SLO_SPAN_CELL)->nr, 2);
	close_world(&w);
}

static void a_chart_of_burns_has_points_that_nobody_knows(void **state)
{
	(void)state;
	struct world w;
	struct cw_axis x = { .from = TEN - 10 * MINUTE, .to = TEN + 8 * MINUTE,
			     .step = MINUTE, .judged = JUDGED,
			     .settled = JUDGED };
	open_world(&w, &shop, 1);
	asked_alb(&w, CW_MINUTES, TEN - 62 * MINUTE, TEN + 8 * MINUTE);
	told(&w, CW_MINUTES, "RequestCount", TEN - 62 * MINUTE,
	     TEN + 8 * MINUTE, always, 600);
	told(&w, CW_MINUTES, "HTTPCode_Target_5XX_Count", TEN - 62 * MINUTE,
	     TEN + 8 * MINUTE, from_ten, 60);
	renew(&w);
	cw_slos_range(&w.slos, &x, w.b);
	const struct frame *e = frame_of(&w, ASK_ERRORS, SLO_5M);
	assert_int_equal(e->nr, 17); /* 9:50 to 10:06 */
	assert_true(e->t[0] == TEN - 10 * MINUTE && e->t[16] == JUDGED);
	near_to(e->v[10], 0);
	near_to(e->v[12], 2 * 60 / 300.);
	near_to(e->v[16], 1);
	e = frame_of(&w, ASK_ERRORS, SLO_1H);
	assert_int_equal(e->nr, 9);  /* an hour is known from 9:58 on */
	assert_true(e->t[0] == TEN - 2 * MINUTE);
	assert_true(w.b->step == MINUTE && w.b->settled == JUDGED);
	close_world(&w);
}

/* ---- latency ------------------------------------------------------------ */

static void check_rank(const char *service, double latency, const char *metric,
		       const char *stat)
{
	struct slo_def d = { .id = "x", .service = service, .derived = true,
			     .objective = 0.99, .period = 7 * DAY,
			     .latency = latency };
	struct world w;
	open_world(&w, &d, 1);
	assert_int_equal(w.slos.nr, 1);
	const struct cw_slo *s = &w.slos.of[0];
	assert_string_equal(s->service->part[part(s, metric)].stat, stat);
	assert_true(cw_slo_asks(s, CW_MINUTES));
	for (size_t i = 0; i < s->service->nr; i++)
		assert_false(cw_is_error(s->service->part[i].role));
	close_world(&w);
}

static void a_limit_is_asked_in_another_unit(void **state)
{
	(void)state;
	check_rank("shop-alb", 0.3, "TargetResponseTime", "PR(:0.3)");
	check_rank("api/prod", 0.25, "Latency", "PR(:250)");
	check_rank("thumbs", 1.5, "Duration", "PR(:1500)");
	check_rank("thumbs", 0.0000005, "Duration", "PR(:0.0005)");
}

static const struct slo_def quick = { SLO_OF("shop-alb"), .latency = 0.3 };

static double late_at_ten(time_ms begin, double k)
{
	return begin >= TEN ? k : 100;
}

static void slow_requests_are_good(void **state)
{
	(void)state;
	struct world w;
	time_ms from = TEN - 68 * MINUTE, to = TEN + 8 * MINUTE;
	open_world(&w, &quick, 1);
	open_grid(&w, CW_MINUTES, from, to);
	told(&w, CW_MINUTES, "HTTPCode_ELB_503_Count", from, to, NULL, 0);
	told(&w, CW_MINUTES, "RequestCount", from, to, always, 600);
	told(&w, CW_MINUTES, "TargetResponseTime", from, to, late_at_ten, 90);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_5M), 10);
	near_to(value(&w, ASK_ERRORS, SLO_5M), 1);
	near_to(value(&w, ASK_ERRORS, SLO_1H), 6 * 60 / 3600.);
	/* Minutes of requests that nobody timed say nothing. */
	told(&w, CW_MINUTES, "TargetResponseTime", from, to, from_ten, 90);
	now(&w);
	near_to(value(&w, ASK_TOTAL, SLO_30M), 6 * 600 / 1800.);
	near_to(value(&w, ASK_ERRORS, SLO_30M), 6 * 60 / 1800.);
	told(&w, CW_MINUTES, "TargetResponseTime", from, to, NULL, 0);
	now(&w);
	assert_true(is_asked(&w, ASK_TOTAL, SLO_30M));
	assert_int_equal(w.b->nr, 0);
	close_world(&w);
}

/* ---- which are answered ------------------------------------------------- */

static const struct slo_def mixed[] = {
	{ SLO_OF("checkout") },
	{ SLO_OF("shop-alb") },
	{ SLO_OF("tcp") },
	{ SLO_OF("cart"), .latency = 0.02 },
	{ .id = "asked", .service = "thumbs", .errors = "x", .total = "y",
	  .objective = 0.9, .period = DAY },
	{ SLO_OF("api/prod"), .latency = 0.5 },
	{ SLO_OF("rds:db:cpu") },
};

static void an_objective_is_answered_for_another(void **state)
{
	(void)state;
	struct world w;
	struct source_options o = { .slo = mixed, .nr_slos = COUNT(mixed),
				    .pack = "aws.yaml" };
	open_world(&w, mixed, COUNT(mixed));
	assert_int_equal(w.slos.nr, 2);
	assert_int_equal(w.slos.of[0].index, 1);
	assert_int_equal(w.slos.of[1].index, 5);
	assert_int_equal(w.slos.nr_notes, 2);
	assert_non_null(strstr(w.slos.note[0], "tcp counts no errors"));
	assert_non_null(strstr(w.slos.note[1], "cart has no latency"));
	const struct catalog none = { .version = "7" };
	const struct catalog *c = cw_slos_catalog(&none, &w.slos, &o,
						  &w.arena);
	assert_int_equal(c->nr_slos, COUNT(mixed));
	for (size_t i = 0; i < COUNT(mixed); i++)
		assert_string_equal(c->slo[i].id, mixed[i].id);
	assert_null(c->slo[0].errors);
	assert_string_equal(c->slo[4].errors, "x");
	assert_non_null(strstr(c->slo[1].errors, "HTTPCode_Target_5XX_Count"));
	assert_non_null(strstr(c->slo[1].total, "RequestCount Sum"));
	assert_non_null(strstr(c->slo[5].errors, "PR(:500)"));
	assert_string_equal(c->pack, "aws.yaml");
	assert_string_equal(c->version, "7");
	close_world(&w);
}

static void slices_are_judged_by_coarser_points(void **state)
{
	(void)state;
	struct slo_def d = shop;
	struct world w;
	d.method = SLO_TIMESLICES;
	d.slice = MINUTE;
	asked_all(&w, &d);
	assert_int_equal(w.slos.nr_notes, 1);
	now(&w);
	assert_true(is_asked(&w, ASK_TOTAL, SLO_5M));
	assert_false(is_asked(&w, ASK_TOTAL, SLO_SPAN_PERIOD));
	renew(&w);
	assert_true(cw_slo_cells(&w.slos.of[0], NOW, JUDGED, TIME_NONE, w.b)
		    == TIME_NONE);
	close_world(&w);
	d.slice = FIVES;
	open_world(&w, &d, 1);
	assert_int_equal(w.slos.nr_notes, 0);
	assert_true(w.slos.reach[CW_FIVES] > 30 * DAY);
	assert_true(w.slos.reach[CW_HOURS] == 0);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_window_counts_what_is_outside_of_it),
		cmocka_unit_test(a_balancer_without_errors_has_no_objective),
		cmocka_unit_test(
			a_minute_that_is_missing_counts_as_its_neighbour),
		cmocka_unit_test(a_silent_service_has_kept_its_objective),
		cmocka_unit_test(what_nobody_asked_is_called_silence),
		cmocka_unit_test(errors_that_are_forbidden_are_none),
		cmocka_unit_test(half_of_an_answer_halves_the_burn),
		cmocka_unit_test(a_minute_that_still_fills_is_judged),
		cmocka_unit_test(a_long_window_waits_for_the_coarse_grid),
		cmocka_unit_test(a_budget_forgets_what_only_hours_know),
		cmocka_unit_test(two_days_of_data_are_called_thirty),
		cmocka_unit_test(a_month_that_began_today_is_thirty_days_old),
		cmocka_unit_test(the_budgets_past_is_not_told),
		cmocka_unit_test(a_chart_of_burns_has_points_that_nobody_knows),
		cmocka_unit_test(a_limit_is_asked_in_another_unit),
		cmocka_unit_test(slow_requests_are_good),
		cmocka_unit_test(an_objective_is_answered_for_another),
		cmocka_unit_test(slices_are_judged_by_coarser_points),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
