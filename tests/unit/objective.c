/* Rows of objectives and thresholds, from batches by hand: what a person on
 * call would be told. */
#include "model/objective.h"

#include "base/mem.h"
#include "tests/unit/batches.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND ((time_ms)1000)
#define HOUR ((time_ms)3600 * SECOND)
#define DAY (24 * HOUR)
#define NOW (BASE / DAY * DAY + 10 * HOUR)
#define RATE question_id(1, RED_RATE)
#define BUCKETS question_id(1, RED_BUCKETS)
#define SLO(ask, span) question_own(QUESTION_SLO, 0, slo_part(ask, span))
#define POINTS question_own(QUESTION_THRESHOLD, 0, THRESHOLD_POINTS)
#define LATEST question_own(QUESTION_THRESHOLD, 0, THRESHOLD_NOW)

static void near(double have, double want)
{
	if (fabs(have - want) > 1e-9 * fmax(1, fabs(want)))
		fail_msg("%.17g is not %.17g", have, want);
}

static const struct slo_def usual = {
	.id = "up", .service = "api", .objective = 0.999, .period = 30 * DAY,
	.errors = "errors", .total = "total",
};
static const struct threshold_def limit = {
	.id = "cpu", .query = "cpu", .period = 60 * SECOND, .m = 1, .n = 1,
	.warning = { true, 70, NAN }, .critical = { true, 85, NAN },
	.clear = NAN, .clear_after = 1, .unit = "%",
};

/* A source with one objective, one threshold, and the service api. */
static struct store *stocked(const struct slo_def *slo,
			     const struct threshold_def *t)
{
	static const struct shape shape = {
		.id = 1, .label = "job", .metric = "m", .status_label = "code",
		.status = STATUS_HTTP, .method = METHOD_HISTOGRAM,
		.interval = 15000, .window = 60000,
		.question = { [RED_RATE] = "rate", [RED_BUCKETS] = "b" },
	};
	static const struct service_def api = { .name = "api", .value = "api",
						.shape = 1 };
	struct store *st = store_new(0);
	struct batch *b = batch_of("prom", NOW);
	struct catalog c = {
		.nr_shapes = 1, .shape = &shape, .nr_services = 1,
		.service = &api, .nr_slos = slo ? 1 : 0, .slo = slo,
		.nr_thresholds = t ? 1 : 0, .threshold = t,
	};
	b->catalog = &c;
	apply(st, b);
	store_declare(st, "prom", 15 * SECOND);
	return st;
}

/* Ends a poll: the source answers. */
static void poll_ok(struct store *st, time_ms at)
{
	struct batch *b = batch_instant(at);
	ask_for(b, question_id(1, RED_VERSION));
	b->tick = true;
	apply(st, b);
}

static void add_now(struct batch *b, uint32_t question, const char *name,
		    const char *value, double v)
{
	add_points(b, add_own(b, question, name, value), b->at, 1, &v);
	if (isnan(v)) {
		struct frame *f = (struct frame *)&b->frame[b->nr - 1];
		double *own = (double *)f->v;
		own[0] = v;
		((time_ms *)f->t)[0] = b->at;
		f->nr = 1;
	}
}

/* Errors and total of every window; NAN: the question has no series. */
static void say(struct store *st, time_ms at, double errors, double total)
{
	struct batch *b = batch_instant(at);
	for (unsigned w = 0; w < SLO_WINDOWS; w++) {
		ask_for(b, SLO(ASK_ERRORS, w));
		ask_for(b, SLO(ASK_TOTAL, w));
		if (!isnan(errors))
			add_now(b, SLO(ASK_ERRORS, w), NULL, NULL, errors);
		if (!isnan(total))
			add_now(b, SLO(ASK_TOTAL, w), NULL, NULL, total);
	}
	b->tick = true;
	apply(st, b);
}

static const struct store_slo *slo_of(const struct store *st)
{
	const struct store_slo *const *s;
	assert_int_equal(store_slos(st, &s), 1);
	return s[0];
}

static struct slo_row row_at(const struct store *st, time_ms at)
{
	struct slo_row r;
	assert_int_equal(slo_rows(st, slo_of(st), at, at - 6 * HOUR, &r, 1), 1);
	return r;
}

/* ---- windows and states ------------------------------------------------- */

static void a_healthy_objective_looks_broken(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say(st, NOW, 0.05, 100);
	struct slo_row r = row_at(st, NOW + 5 * SECOND);
	assert_int_equal(r.window[SLO_5M].state, SLO_IS_OK);
	near(r.window[SLO_3D].burn, 0.5);
	near(r.window[SLO_1H].total_per_s, 100);
	assert_int_equal(r.verdict, SLO_FINE);
	assert_int_equal(r.state, STATE_OK);
	assert_int_equal(r.from, SLO_FROM_QUERY);
	assert_string_equal(r.group, "");
	assert_string_equal(r.name, "api");
	assert_true(r.at == NOW && r.age == 5 * SECOND);
	assert_true(r.since == TIME_NONE && !r.asking && !r.fault);
	store_free(st);
}

static void no_error_series_reads_as_no_data(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say(st, NOW, NAN, 100);
	struct slo_row r = row_at(st, NOW);
	assert_int_equal(r.window[SLO_5M].state, SLO_NOERRORS);
	near(r.window[SLO_5M].burn, 0);
	assert_int_equal(r.state, STATE_OK);
	store_free(st);
}

/* A failed query is not a healthy service. */
static void unasked_errors_read_as_none(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_instant(NOW);
	add_now(b, SLO(ASK_TOTAL, SLO_5M), NULL, NULL, 100);
	apply(st, b);
	poll_ok(st, NOW);
	struct slo_row r = row_at(st, NOW);
	assert_int_equal(r.window[SLO_5M].state, SLO_NODATA);
	assert_true(isnan(r.window[SLO_5M].burn));
	assert_int_equal(r.state, STATE_NODATA);
	store_free(st);
}

static void silence_reads_as_health(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say(st, NOW, 0, 0);
	struct slo_row r = row_at(st, NOW);
	assert_int_equal(r.window[SLO_5M].state, SLO_NOTRAFFIC);
	assert_int_equal(r.state, STATE_NOTRAFFIC);
	say(st, NOW + STEP, NAN, NAN);
	r = row_at(st, NOW + STEP);
	assert_int_equal(r.window[SLO_5M].state, SLO_NODATA);
	assert_int_equal(r.state, STATE_NODATA);
	assert_true(isnan(r.window[SLO_1H].error_ratio));
	store_free(st);
}

static void an_outage_does_not_page(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say(st, NOW, 2, 100);
	struct slo_row r = row_at(st, NOW);
	near(r.window[SLO_5M].burn, 20);
	assert_true(r.tier[0].firing && r.tier[0].armed);
	assert_int_equal(r.verdict, SLO_PAGE);
	assert_int_equal(r.state, STATE_PAGE);
	/* A slow burn is a ticket. */
	say(st, NOW + STEP, 0.4, 100);
	r = row_at(st, NOW + STEP);
	assert_int_equal(r.verdict, SLO_TICKET);
	assert_int_equal(r.state, STATE_TICKET);
	store_free(st);
}

static void what_nobody_promised_pages(void **state)
{
	(void)state;
	struct slo_def d = usual;
	d.implicit = true;
	struct store *st = stocked(&d, NULL);
	say(st, NOW, 2, 100);
	assert_int_equal(row_at(st, NOW).verdict, SLO_PAGE);
	assert_int_equal(row_at(st, NOW).state, STATE_CRIT);
	say(st, NOW + STEP, 0.4, 100);
	assert_int_equal(row_at(st, NOW + STEP).state, STATE_WARN);
	store_free(st);
}

static void an_old_answer_counts_for_ever(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say(st, NOW, 2, 100);
	time_ms last = NOW + 15 * 60 * SECOND;
	assert_int_equal(row_at(st, last).state, STATE_PAGE);
	assert_int_equal(row_at(st, last + 1).state, STATE_NODATA);
	/* And who does not answer is not healthy. */
	struct batch *b = batch_instant(NOW + STEP);
	b->fault = FAULT_REFUSED;
	b->error = "refused";
	b->tick = true;
	apply(st, b);
	assert_int_equal(row_at(st, NOW + STEP).state, STATE_STALE);
	near(row_at(st, NOW + STEP).window[SLO_5M].burn, 20);
	store_free(st);
}

static void the_past_shows_what_came_later(void **state)
{
	(void)state;
	static const double bad[] = { 0, 2, 2, 2 }, all[] = { 100, 100, 100,
							      100 };
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_range(NOW - 3 * STEP, NOW);
	for (int i = 0; i < 2; i++) {
		unsigned w = i ? SLO_1H : SLO_5M;
		add_points(b, add_own(b, SLO(ASK_ERRORS, w), NULL, NULL),
			   NOW - 3 * STEP, 4, bad);
		add_points(b, add_own(b, SLO(ASK_TOTAL, w), NULL, NULL),
			   NOW - 3 * STEP, 4, all);
	}
	apply(st, b);
	say(st, NOW, 2, 100);
	struct slo_row r = row_at(st, NOW - 3 * STEP + 1);
	assert_true(r.at == NOW - 3 * STEP);
	near(r.window[SLO_5M].burn, 0);
	assert_int_equal(r.window[SLO_6H].state, SLO_NODATA);
	r = row_at(st, NOW - STEP);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.since == NOW - 2 * STEP);
	/* It began before anybody looked. */
	slo_rows(st, slo_of(st), NOW, NOW - 2 * STEP, &r, 1);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.since == TIME_NONE);
	store_free(st);
}

static void the_burn_chart_is_empty(void **state)
{
	(void)state;
	static const double bad[] = { 0, 2, NAN, 1 }, all[] = { 100, 100, 100,
								NAN };
	struct column c[3];
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_range(NOW - 3 * STEP, NOW);
	add_points(b, add_own(b, SLO(ASK_ERRORS, SLO_5M), NULL, NULL),
		   NOW - 3 * STEP, 4, bad);
	add_points(b, add_own(b, SLO(ASK_TOTAL, SLO_5M), NULL, NULL),
		   NOW - 3 * STEP, 4, all);
	apply(st, b);
	struct slo_row r = row_at(st, NOW);
	slo_columns(&r, SLO_5M, NOW - 3 * STEP, 2 * STEP, c, 3);
	near(c[0].min, 0);
	near(c[0].max, 20);
	near(c[0].mean, 10);
	/* Absent errors beside a total are none; without a total no point. */
	near(c[1].max, 0);
	assert_int_equal(c[1].nr, 1);
	assert_int_equal(c[2].nr, 0);
	slo_columns(&r, SLO_1H, NOW - 3 * STEP, STEP, c, 3);
	assert_int_equal(c[0].nr + c[1].nr + c[2].nr, 0);
	store_free(st);
}

/* ---- recorded, groups --------------------------------------------------- */

static void what_the_server_records_is_asked_again(void **state)
{
	(void)state;
	struct slo_def d = usual;
	d.recorded = "slo:sli_error:ratio_rate$window";
	struct store *st = stocked(&d, NULL);
	struct batch *b = batch_instant(NOW);
	struct frame *f = add_own(b, SLO(ASK_RECORDED, SLO_5M), NULL, NULL);
	struct label l[] = {
		{ "__name__", "slo:sli_error:ratio_rate5m" }, { "slo", "up" },
		{ "sloth_id", "api-up" }, { "zone", "a" },
	};
	const double ratio = 0.003;
	f->labels = (struct labels){ 4, l };
	f->nr = 1;
	f->t = &b->at;
	f->v = &ratio;
	add_now(b, SLO(ASK_ERRORS, SLO_1H), "zone", "a", 1);
	add_now(b, SLO(ASK_TOTAL, SLO_1H), "zone", "a", 100);
	apply(st, b);
	poll_ok(st, NOW);
	struct slo_row r = row_at(st, NOW);
	assert_int_equal(r.from, SLO_FROM_RECORDED);
	assert_string_equal(slo_from_name(r.from), "recorded");
	assert_string_equal(r.group, "zone=\"a\"");
	assert_true(r.window[SLO_5M].recorded && !r.window[SLO_1H].recorded);
	near(r.window[SLO_5M].burn, 3);
	near(r.window[SLO_1H].burn, 10);
	/* 0/0 of the rule is no traffic; a rule that is gone is no data. */
	b = batch_instant(NOW + STEP);
	add_now(b, SLO(ASK_RECORDED, SLO_5M), "zone", "a", NAN);
	apply(st, b);
	assert_int_equal(row_at(st, NOW + STEP).window[SLO_5M].state,
			 SLO_NOTRAFFIC);
	assert_int_equal(row_at(st, NOW + STEP).state, STATE_NOTRAFFIC);
	b = batch_instant(NOW + 2 * STEP);
	ask_for(b, SLO(ASK_RECORDED, SLO_5M));
	apply(st, b);
	assert_int_equal(row_at(st, NOW + 2 * STEP).state, STATE_NODATA);
	store_free(st);
}

static void one_bad_handler_hides_behind_good_ones(void **state)
{
	(void)state;
	static const char *const group[] = { "handler", NULL };
	struct slo_def d = usual;
	struct slo_row r[3];
	d.group = group;
	struct store *st = stocked(&d, NULL);
	struct batch *b = batch_instant(NOW);
	for (unsigned w = 0; w < SLO_WINDOWS; w++) {
		add_now(b, SLO(ASK_TOTAL, w), "handler", "/pay", 50);
		add_now(b, SLO(ASK_TOTAL, w), "handler", "/cart", 50);
		add_now(b, SLO(ASK_ERRORS, w), "handler", "/pay", 1);
	}
	b->tick = true;
	apply(st, b);
	assert_int_equal(slo_rows(st, slo_of(st), NOW, NOW - HOUR, r, 3), 2);
	qsort(r, 2, sizeof(*r), slo_row_compare);
	assert_string_equal(r[0].group, "handler=\"/pay\"");
	assert_int_equal(r[0].state, STATE_PAGE);
	assert_string_equal(r[1].group, "handler=\"/cart\"");
	assert_int_equal(r[1].window[SLO_5M].state, SLO_NOERRORS);
	assert_int_equal(r[1].state, STATE_OK);
	/* There are more than there is room for. */
	r[1].def = NULL;
	assert_int_equal(slo_rows(st, slo_of(st), NOW, NOW - HOUR, r, 1), 2);
	assert_null(r[1].def);
	store_free(st);
}

static void a_long_label_breaks_the_group(void **state)
{
	(void)state;
	char value[400];
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_instant(NOW);
	for (size_t i = 0; i + 2 < sizeof(value); i += 2)
		memcpy(value + i, "\xc3\xb6", 3);
	add_now(b, SLO(ASK_TOTAL, SLO_5M), "path", value, 1);
	apply(st, b);
	struct slo_row r = row_at(st, NOW);
	assert_true(strlen(r.group) < SLO_GROUP);
	assert_true(strlen(r.group) > SLO_GROUP - 4);
	/* Cut between characters. */
	assert_int_equal((unsigned char)r.group[strlen(r.group) - 1], 0xb6);
	store_free(st);
}

/* ---- the budget --------------------------------------------------------- */

/* The cells of a period of 30 d are hours: two rows of 720. */
static void say_cells(struct store *st, size_t nr, const double *errors,
		      const double *total)
{
	time_ms from = NOW - (time_ms)(nr - 1) * HOUR;
	struct batch *b = batch_range(from, NOW);
	add_grid(b, add_own(b, SLO(ASK_ERRORS, SLO_SPAN_CELL), NULL, NULL),
		 from, HOUR, nr, errors);
	add_grid(b, add_own(b, SLO(ASK_TOTAL, SLO_SPAN_CELL), NULL, NULL),
		 from, HOUR, nr, total);
	apply(st, b);
}

static void an_overspent_budget_is_shown_as_empty(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_instant(NOW);
	add_now(b, SLO(ASK_ERRORS, SLO_SPAN_PERIOD), NULL, NULL, 0.2);
	add_now(b, SLO(ASK_TOTAL, SLO_SPAN_PERIOD), NULL, NULL, 100);
	add_now(b, SLO(ASK_TOTAL, SLO_SPAN_COVER), NULL, NULL,
		(double)(NOW - 3 * DAY) / 1000);
	apply(st, b);
	say(st, NOW, 0.05, 100);
	struct slo_row r = row_at(st, NOW);
	near(r.budget.remaining, -1);
	near(r.budget.coverage_s, 3 * 86400);
	near(r.budget.total, 100.0 * 30 * 86400);
	assert_true(r.period_from == NOW - 30 * DAY);
	near(r.exhaustion.entire, 2 * 30 * 86400.0);
	near(r.exhaustion.remaining, 0);
	/* Absent errors of the whole period are none. */
	b = batch_instant(NOW + STEP);
	ask_for(b, SLO(ASK_ERRORS, SLO_SPAN_PERIOD));
	add_now(b, SLO(ASK_TOTAL, SLO_SPAN_PERIOD), NULL, NULL, 100);
	apply(st, b);
	near(row_at(st, NOW + STEP).budget.remaining, 1);
	store_free(st);
}

/* 10 of 720 hours had errors: 6 in a row, and 4. */
static void fill_cells(double errors[720], double total[720])
{
	for (int i = 0; i < 720; i++) {
		bool bad = (i >= 100 && i < 106) || (i >= 500 && i < 504);
		total[i] = 1;
		errors[i] = bad ? i < 200 ? 0.05 : 0.1 : 0;
	}
}

static void nobody_sees_what_spent_the_budget(void **state)
{
	(void)state;
	double errors[720], total[720], left[30];
	struct slo_spender s[4];
	struct store *st = stocked(&usual, NULL);
	fill_cells(errors, total);
	say_cells(st, 720, errors, total);
	say(st, NOW, 0, 1);
	struct slo_row r = row_at(st, NOW);
	/* 0.3 + 0.4 hours of errors, 0.72 allowed. */
	near(r.budget.remaining, 1 - 0.7 / 0.72);
	near(r.budget.coverage_s, 30 * 86400);
	assert_int_equal(slo_spenders(&r, s, 4), 2);
	near(s[0].share, 0.4 / 0.7);
	near(s[0].budget, 0.4 / 0.72);
	time_ms first = NOW - 719 * HOUR;
	assert_true(s[0].from == first + 499 * HOUR);
	assert_true(s[0].to == first + 503 * HOUR);
	near(s[1].share, 0.3 / 0.7);
	assert_int_equal(slo_spenders(&r, s, 1), 1);
	near(s[0].share, 0.4 / 0.7);
	/* Each part ends a day later. */
	slo_burndown(&r, left, 30);
	near(left[3], 1);
	near(left[4], 1 - 0.3 / 0.120);
	near(left[29], r.budget.remaining);
	store_free(st);
}

static void a_young_service_has_a_full_month(void **state)
{
	(void)state;
	double errors[24], total[24], left[30];
	struct store *st = stocked(&usual, NULL);
	for (int i = 0; i < 24; i++) {
		errors[i] = 0;
		total[i] = i < 12 ? NAN : 5;
	}
	say_cells(st, 24, errors, total);
	say(st, NOW, 0, 5);
	struct slo_row r = row_at(st, NOW);
	near(r.budget.coverage_s, 12 * 3600);
	near(r.budget.remaining, 1);
	near(r.budget.total, 12 * 3600 * 5);
	slo_burndown(&r, left, 30);
	assert_true(isnan(left[28]));
	near(left[29], 1);
	store_free(st);
}

static void cells_without_errors_asked_are_good(void **state)
{
	(void)state;
	static const double total[] = { 1, 1, 1 };
	struct slo_spender s;
	struct store *st = stocked(&usual, NULL);
	struct batch *b = batch_range(NOW - 2 * HOUR, NOW);
	add_grid(b, add_own(b, SLO(ASK_TOTAL, SLO_SPAN_CELL), NULL, NULL),
		 NOW - 2 * HOUR, HOUR, 3, total);
	apply(st, b);
	struct slo_row r = row_at(st, NOW);
	assert_true(isnan(r.budget.remaining));
	b = batch_range(NOW - 2 * HOUR, NOW);
	ask_for(b, SLO(ASK_ERRORS, SLO_SPAN_CELL));
	apply(st, b);
	r = row_at(st, NOW);
	near(r.budget.remaining, 1);
	assert_int_equal(slo_spenders(&r, &s, 1), 0);
	store_free(st);
}

static void slices_are_counted_as_requests(void **state)
{
	(void)state;
	double errors[60], total[60], left[2];
	struct slo_def d = usual;
	d.method = SLO_TIMESLICES;
	d.slice = 60 * SECOND;
	d.slice_target = 0.95;
	d.objective = 0.9;
	d.period = HOUR;
	struct store *st = stocked(&d, NULL);
	/* The minute with the most requests is the bad one. */
	for (int i = 0; i < 60; i++) {
		total[i] = i == 50 ? 1000 : 1;
		errors[i] = i == 50 ? 100 : 0.01;
	}
	time_ms from = NOW - 59 * 60 * SECOND;
	struct batch *b = batch_range(from, NOW);
	add_grid(b, add_own(b, SLO(ASK_ERRORS, SLO_SPAN_CELL), NULL, NULL),
		 from, 60 * SECOND, 60, errors);
	add_grid(b, add_own(b, SLO(ASK_TOTAL, SLO_SPAN_CELL), NULL, NULL),
		 from, 60 * SECOND, 60, total);
	apply(st, b);
	say(st, NOW, 0, 1);
	struct slo_row r = row_at(st, NOW);
	near(r.budget.remaining, 1 - 1.0 / 60 / 0.1);
	near(r.budget.total, 60);
	slo_burndown(&r, left, 2);
	near(left[0], 1);
	near(left[1], r.budget.remaining);
	store_free(st);
}

static void a_calendar_day_takes_yesterdays_errors(void **state)
{
	(void)state;
	double errors[48], total[48], left[24];
	struct slo_def d = usual;
	d.calendar = CALENDAR_DAY;
	d.calendar_every = 1;
	d.period = DAY;
	struct store *st = stocked(&d, NULL);
	/* Cells of a day are two minutes. */
	time_ms cell = slo_cell(&d), from = NOW - 47 * cell;
	assert_true(cell == 120 * SECOND);
	time_ms midnight = NOW - 10 * HOUR;
	struct batch *b = batch_range(midnight - 24 * cell,
				      midnight + 23 * cell);
	for (int i = 0; i < 48; i++) {
		total[i] = 1;
		errors[i] = i < 25 ? 1 : 0;
	}
	from = midnight - 24 * cell;
	add_grid(b, add_own(b, SLO(ASK_ERRORS, SLO_SPAN_CELL), NULL, NULL),
		 from, cell, 48, errors);
	add_grid(b, add_own(b, SLO(ASK_TOTAL, SLO_SPAN_CELL), NULL, NULL),
		 from, cell, 48, total);
	apply(st, b);
	say(st, NOW, 0, 1);
	struct slo_row r = row_at(st, NOW);
	assert_true(r.period_from == midnight);
	near(r.budget.remaining, 1);
	/* The hour that ends at midnight is yesterday's, the next today's. */
	slo_burndown(&r, left, 24);
	near(left[13], 1 - 1 / 0.001);
	near(left[14], 1);
	d.zone = "Nowhere/Atlantis";
	struct store *lost = stocked(&d, NULL);
	assert_non_null(row_at(lost, NOW).fault);
	store_free(lost);
	store_free(st);
}

/* ---- what the store holds ----------------------------------------------- */

/* `nr` grid points up to NOW: 100 requests a second, `bad` of them failed. */
static void say_grid(struct store *st, size_t nr, double bad)
{
	double *v = mem_zero(2 * nr, sizeof(*v));
	time_ms from = NOW - (time_ms)(nr - 1) * STEP;
	struct batch *b = batch_range(from, NOW);
	for (size_t i = 0; i < nr; i++) {
		v[i] = 100 - bad;
		v[nr + i] = bad;
	}
	add_points(b, add_frame(b, RATE, "api", "code", "200"), from, nr, v);
	add_points(b, add_frame(b, RATE, "api", "code", "500"), from, nr,
		   v + nr);
	apply(st, b);
	free(v);
}

static void a_recording_without_answers_says_nothing(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say_grid(st, 260, 2); /* 65 minutes */
	poll_ok(st, NOW);
	struct slo_row r = row_at(st, NOW + 5 * SECOND);
	assert_int_equal(r.from, SLO_FROM_STORE);
	assert_string_equal(slo_from_name(r.from), "store");
	assert_true(r.window[SLO_5M].from_store);
	near(r.window[SLO_5M].burn, 20);
	near(r.window[SLO_1H].burn, 20);
	near(r.window[SLO_1H].total_per_s, 100);
	assert_int_equal(r.window[SLO_2H].state, SLO_NODATA);
	assert_int_equal(r.state, STATE_PAGE);
	assert_true(r.at == NOW && r.age == 5 * SECOND);
	/* An hour of a month says nothing about its budget. */
	assert_true(isnan(r.budget.remaining));
	near(r.budget.coverage_s, 260 * 15);
	struct column c;
	slo_columns(&r, SLO_5M, NOW - STEP, 2 * STEP, &c, 1);
	assert_int_equal(c.nr, 0); /* it holds no burn of its own */
	/* An answer, once there is one, wins. */
	say(st, NOW, 0, 100);
	assert_int_equal(row_at(st, NOW).from, SLO_FROM_QUERY);
	store_free(st);
}

static void a_short_calendar_period_has_no_long_window(void **state)
{
	(void)state;
	struct slo_def d = usual;
	d.period = 10 * 60 * SECOND;
	d.objective = 0.9;
	struct store *st = stocked(&d, NULL);
	say_grid(st, 250, 2);
	poll_ok(st, NOW);
	struct slo_row r = row_at(st, NOW);
	near(r.window[SLO_1H].burn, 0.2);
	near(r.budget.remaining, 0.8);
	near(r.budget.total, 600 * 100);
	near(r.budget.coverage_s, 600);
	store_free(st);
}

static void a_hole_in_the_history_is_a_whole_window(void **state)
{
	(void)state;
	struct store *st = stocked(&usual, NULL);
	say_grid(st, 15, 2); /* of 20 */
	poll_ok(st, NOW);
	struct slo_row r = row_at(st, NOW);
	assert_int_equal(r.window[SLO_5M].state, SLO_NODATA);
	assert_int_equal(r.state, STATE_NODATA);
	store_free(st);
}

static void a_slow_service_is_judged_by_its_failures(void **state)
{
	(void)state;
	static const char *const le[] = { "0.1", "0.5", "+Inf" };
	struct slo_def d = usual;
	double v[20];
	d.latency = 0.1;
	d.objective = 0.9;
	struct store *st = stocked(&d, NULL);
	struct batch *b = batch_range(NOW - 19 * STEP, NOW);
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < 20; i++)
			v[i] = k == 0 ? 60 : k == 1 ? 90 : 100;
		add_points(b, add_frame(b, BUCKETS, "api", "le", le[k]),
			   NOW - 19 * STEP, 20, v);
	}
	apply(st, b);
	say_grid(st, 20, 0);
	poll_ok(st, NOW);
	near(row_at(st, NOW).window[SLO_5M].error_ratio, 0.4);
	store_free(st);
}

static void an_unknown_service_is_no_reason(void **state)
{
	(void)state;
	struct slo_def d = usual;
	d.service = "nobody";
	struct store *st = stocked(&d, NULL);
	struct slo_row r = row_at(st, NOW);
	assert_true(r.asking && !r.fault);
	poll_ok(st, NOW);
	r = row_at(st, NOW);
	assert_false(r.asking);
	assert_string_equal(r.fault, "its service is not known here");
	assert_int_equal(r.state, STATE_NODATA);
	store_free(st);
}

/* Asked of a recording that does not know it. */
static void an_answer_to_another_objective_is_taken(void **state)
{
	(void)state;
	struct slo_def other = usual;
	other.id = "other";
	struct store *st = stocked(&other, NULL);
	struct slo_row r;
	say(st, NOW, 0, 100);
	say_grid(st, 20, 2);
	struct store_slo own = { .def = &usual,
				 .source = store_source(st, "prom") };
	assert_int_equal(slo_rows(st, &own, NOW, NOW - HOUR, &r, 1), 1);
	assert_int_equal(r.from, SLO_FROM_STORE);
	near(r.window[SLO_5M].burn, 20);
	own.source = NULL;
	assert_int_equal(slo_rows(st, &own, NOW, NOW - HOUR, &r, 1), 1);
	near(r.window[SLO_5M].burn, 20);
	struct store_threshold no = { .def = &limit };
	struct threshold_row t;
	assert_int_equal(threshold_rows(st, &no, NOW, &t, 1), 1);
	assert_int_equal(t.state.level, LEVEL_NODATA);
	store_free(st);
}

static void a_service_without_objective_has_no_row(void **state)
{
	(void)state;
	struct store *st = stocked(NULL, NULL);
	struct red_row red;
	struct slo_row r;
	say_grid(st, 20, 2);
	poll_ok(st, NOW);
	service_row(service_named(st, "api"), NOW, NULL, &red);
	red.burn_5m = 20;
	red.burn_1h = 16;
	red.state = STATE_CRIT;
	slo_row_of_service(&red, &r);
	assert_string_equal(r.name, "api");
	near(r.window[SLO_5M].burn, 20);
	assert_true(r.tier[0].firing);
	assert_int_equal(r.state, STATE_CRIT);
	assert_true(r.def->implicit && isnan(r.budget.remaining));
	double left[3];
	struct slo_spender s;
	slo_burndown(&r, left, 3);
	assert_true(isnan(left[2]));
	assert_int_equal(slo_spenders(&r, &s, 1), 0);
	store_free(st);
}

static void the_worst_objective_stands_last(void **state)
{
	(void)state;
	struct slo_def a = usual, b = usual;
	b.id = "b";
	struct slo_row r[] = {
		{ .def = &b, .state = STATE_OK, .budget.remaining = 0.2 },
		{ .def = &a, .state = STATE_OK, .budget.remaining = NAN },
		{ .def = &a, .state = STATE_OK, .budget.remaining = -1 },
		{ .def = &a, .state = STATE_PAGE },
		{ .def = &b, .state = STATE_PAGE },
	};
	r[4].window[SLO_5M].burn = r[4].window[SLO_1H].burn = 20;
	qsort(r, 5, sizeof(*r), slo_row_compare);
	assert_string_equal(r[0].def->id, "b");
	assert_int_equal(r[1].state, STATE_PAGE);
	near(r[2].budget.remaining, -1);
	near(r[3].budget.remaining, 0.2);
	assert_true(isnan(r[4].budget.remaining));
}

/* ---- thresholds --------------------------------------------------------- */

static const struct store_threshold *threshold_of(const struct store *st)
{
	const struct store_threshold *const *t;
	assert_int_equal(store_thresholds(st, &t), 1);
	return t[0];
}

static struct threshold_row threshold_at(const struct store *st, time_ms at)
{
	struct threshold_row r;
	assert_int_equal(threshold_rows(st, threshold_of(st), at, &r, 1), 1);
	return r;
}

static void say_points(struct store *st, const char *name, const char *value,
		       size_t nr, const double *v)
{
	time_ms from = NOW - (time_ms)(nr - 1) * 60 * SECOND;
	struct batch *b = batch_range(from, NOW);
	add_grid(b, add_own(b, POINTS, name, value), from, 60 * SECOND, nr, v);
	apply(st, b);
}

static void a_full_disk_is_not_told(void **state)
{
	(void)state;
	static const double v[] = { 50, 60, 90, 91 };
	struct store *st = stocked(NULL, &limit);
	struct threshold_row r = threshold_at(st, NOW);
	assert_int_equal(r.state.level, LEVEL_NODATA);
	assert_true(r.asking && isnan(r.nearness));
	say_points(st, NULL, NULL, 4, v);
	struct batch *b = batch_instant(NOW + 20 * SECOND);
	add_now(b, LATEST, NULL, NULL, 40);
	apply(st, b);
	poll_ok(st, NOW + 20 * SECOND);
	r = threshold_at(st, NOW + 25 * SECOND);
	assert_int_equal(r.state.level, LEVEL_CRITICAL);
	near(r.state.value, 91);
	near(r.state.limit, 85);
	near(r.state.provisional, 40);
	assert_true(r.state.since == NOW - 60 * SECOND);
	near(r.nearness, 91.0 / 85);
	assert_string_equal(r.group, "");
	assert_false(r.asking);
	/* Looked at from the past. */
	r = threshold_at(st, NOW - 90 * SECOND);
	assert_int_equal(r.state.level, LEVEL_OK);
	assert_true(isnan(r.state.provisional));
	store_free(st);
}

static void each_disk_is_judged_as_one(void **state)
{
	(void)state;
	static const double low[] = { 50, 50 }, high[] = { 50, 75 };
	struct threshold_row r[3];
	struct store *st = stocked(NULL, &limit);
	time_ms from = NOW - 60 * SECOND;
	struct batch *b = batch_range(from, NOW);
	add_grid(b, add_own(b, POINTS, "disk", "sda"), from, 60 * SECOND, 2,
		 low);
	add_grid(b, add_own(b, POINTS, "disk", "sdb"), from, 60 * SECOND, 2,
		 high);
	apply(st, b);
	b = batch_instant(NOW);
	add_now(b, LATEST, "disk", "sdb", 76);
	add_now(b, LATEST, "disk", "new", 10);
	apply(st, b);
	assert_int_equal(threshold_rows(st, threshold_of(st), NOW, r, 3), 3);
	qsort(r, 3, sizeof(*r), threshold_row_compare);
	assert_string_equal(r[0].group, "disk=\"sdb\"");
	assert_int_equal(r[0].state.level, LEVEL_WARNING);
	near(r[0].state.provisional, 76);
	assert_string_equal(r[1].group, "disk=\"new\"");
	assert_int_equal(r[1].state.level, LEVEL_NODATA);
	assert_string_equal(r[2].group, "disk=\"sda\"");
	assert_int_equal(r[2].state.level, LEVEL_OK);
	store_free(st);
}

static void a_quiet_alert_reads_as_no_data(void **state)
{
	(void)state;
	static const double v[] = { 1, 1, 1 };
	struct threshold_def d = limit;
	d.alert = true;
	d.hold = 120 * SECOND;
	d.warning.given = false;
	struct store *st = stocked(NULL, &d);
	poll_ok(st, NOW);
	struct threshold_row r = threshold_at(st, NOW);
	assert_int_equal(r.state.level, LEVEL_NODATA);
	assert_string_equal(r.fault, "nobody answers its query");
	struct batch *b = batch_instant(NOW);
	ask_for(b, LATEST);
	apply(st, b);
	r = threshold_at(st, NOW);
	assert_int_equal(r.state.level, LEVEL_OK);
	assert_null(r.fault);
	say_points(st, "pod", "a", 3, v);
	r = threshold_at(st, NOW);
	assert_int_equal(r.state.level, LEVEL_CRITICAL);
	assert_true(threshold_at(st, NOW - 60 * SECOND).state.pending);
	store_free(st);
}

/* ---- measures ----------------------------------------------------------- */

static struct threshold_row measured(const struct store *st, time_ms at)
{
	struct threshold_row r;
	assert_int_equal(threshold_rows(st, threshold_of(st), at, &r, 1), 1);
	return r;
}

static struct threshold_def measure(enum threshold_measure m, const char *unit)
{
	struct threshold_def d = limit;
	d.query = NULL;
	d.measure = m;
	d.unit = unit;
	return d;
}

/* Four points a period. In the last one a second with few requests has all
 * the errors. */
static void say_uneven(struct store *st)
{
	double ok[40], bad[40];
	time_ms from = NOW - 39 * STEP;
	struct batch *b = batch_range(from, NOW);
	for (int i = 0; i < 40; i++) {
		ok[i] = i == 39 ? 1 : 97;
		bad[i] = i == 39 ? 3 : 1;
	}
	add_points(b, add_frame(b, RATE, "api", "code", "200"), from, 40, ok);
	add_points(b, add_frame(b, RATE, "api", "code", "500"), from, 40, bad);
	apply(st, b);
	poll_ok(st, NOW);
}

static void a_quiet_second_weighs_like_a_busy_one(void **state)
{
	(void)state;
	struct threshold_def d = measure(MEASURE_ERRORS, "%");
	struct store *st = stocked(NULL, &d);
	say_uneven(st);
	struct threshold_row r = measured(st, NOW);
	near(r.state.value, 100 * 6.0 / 298);
	assert_string_equal(r.name, "api");
	assert_string_equal(r.group, "service=\"api\"");
	assert_int_equal(r.state.level, LEVEL_OK);
	store_free(st);
	d.measure = MEASURE_SUCCESS;
	d.service = "api";
	st = stocked(NULL, &d);
	say_uneven(st);
	r = measured(st, NOW);
	near(r.state.value, 100 - 100 * 6.0 / 298);
	assert_string_equal(r.group, "");
	assert_int_equal(r.state.level, LEVEL_CRITICAL);
	store_free(st);
	d.measure = MEASURE_RATE;
	st = stocked(NULL, &d);
	say_uneven(st);
	near(measured(st, NOW).state.value, 298.0 / 4);
	/* Half a period on: the one before is judged, the half is told. */
	r = measured(st, NOW - 2 * STEP);
	near(r.state.value, 98);
	near(r.state.provisional, 98);
	store_free(st);
}

static void percentiles_of_a_period_are_averaged(void **state)
{
	(void)state;
	static const char *const le[] = { "0.1", "0.2", "+Inf" };
	struct threshold_def d = measure(MEASURE_P50, "ms");
	struct store *st = stocked(NULL, &d);
	time_ms from = NOW - 39 * STEP;
	struct batch *b = batch_range(from, NOW);
	double v[40];
	/* Busy and fast three times of four, then slow with few requests. */
	for (int k = 0; k < 3; k++) {
		for (int i = 0; i < 40; i++)
			v[i] = i % 4 == 3 ? k == 0 ? 0 : 4 : 100;
		add_points(b, add_frame(b, BUCKETS, "api", "le", le[k]), from,
			   40, v);
	}
	apply(st, b);
	say_grid(st, 40, 0);
	poll_ok(st, NOW);
	struct threshold_row r = measured(st, NOW);
	/* 304 in all, half is 152, of 300 in the first bucket. */
	near(r.state.value, 1000 * 0.1 * 152 / 300);
	store_free(st);
}

static void half_a_period_is_judged_as_one(void **state)
{
	(void)state;
	struct threshold_def d = measure(MEASURE_RATE, "");
	struct store *st = stocked(NULL, &d);
	say_grid(st, 6, 0); /* the period before has two of four */
	poll_ok(st, NOW);
	assert_int_equal(measured(st, NOW).state.level, LEVEL_CRITICAL);
	assert_true(measured(st, NOW).state.since == NOW);
	/* The grid has not come to the end of the next one yet. */
	near(measured(st, NOW + 62 * SECOND).state.value, 100);
	assert_true(isnan(measured(st, NOW + HOUR).state.value));
	store_free(st);
}

static void a_full_table_is_not_told(void **state)
{
	(void)state;
	static const struct shape shape = {
		.id = 1, .label = "id", .metric = "m",
		.question = { [RED_USED] = "used" },
	};
	static const struct service_def table = {
		.name = "table:write", .value = "t", .shape = 1, .limit = 50,
	};
	static const double v[] = { 5, 5, 5, 5, 5, 45, 10, 10 };
	struct threshold_def d = measure(MEASURE_USED, "%");
	struct store *st = store_new(0);
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = 1, .service = &table,
			     .nr_thresholds = 1, .threshold = &d };
	struct batch *b = batch_range(NOW - 7 * STEP, NOW);
	b->catalog = &c;
	add_points(b, add_own(b, question_id(1, RED_USED), "id", "t"),
		   NOW - 7 * STEP, 8, v);
	b->tick = true;
	apply(st, b);
	struct threshold_row r = measured(st, NOW);
	near(r.state.value, 90);
	assert_int_equal(r.state.level, LEVEL_CRITICAL);
	assert_string_equal(r.group, "resource=\"table:write\"");
	assert_string_equal(r.name, "table:write");
	near(measured(st, NOW - 60 * SECOND).state.value, 10);
	store_free(st);
}

/* One point in the period: the number that the chart has there. */
static void a_native_histogram_has_another_percentile(void **state)
{
	(void)state;
	static const struct shape shape = {
		.id = 1, .label = "job", .metric = "m",
		.method = METHOD_NATIVE, .unit = UNIT_MILLISECONDS,
		.question = { [RED_RATE] = "r", [RED_NATIVE] = "n" },
	};
	static const struct service_def api = { .name = "api", .value = "api",
						.shape = 1 };
	struct native_bucket k[] = { { 0, 1, 2, 10 }, { 0, 2, 4, 5 },
				     { 0, 8, 16, 1 } };
	struct threshold_def d = measure(MEASURE_P95, "s");
	struct store *st = store_new(0);
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = 1, .service = &api,
			     .nr_thresholds = 1, .threshold = &d };
	struct batch *b = batch_range(NOW - 7 * STEP, NOW);
	struct histogram h[] = { { 16, 30, 3, k } };
	struct frame *f = add_frame(b, question_id(1, RED_NATIVE), "api", NULL,
				    NULL);
	b->catalog = &c;
	f->t = &b->to;
	f->h = h;
	f->nr = 1;
	b->tick = true;
	apply(st, b);
	double p95 = service_at(service_named(st, "api"), M_P95, NOW);
	assert_true(p95 > 0.002 && p95 < 0.016);
	near(measured(st, NOW).state.value, p95);
	store_free(st);
}

static void what_measures_nothing_is_fine(void **state)
{
	(void)state;
	struct threshold_def d = measure(MEASURE_USED, "%");
	struct store *st = stocked(NULL, &d);
	poll_ok(st, NOW);
	struct threshold_row r = measured(st, NOW);
	assert_int_equal(r.state.level, LEVEL_NODATA);
	assert_non_null(r.fault);
	assert_int_equal(threshold_rows(st, threshold_of(st), NOW, NULL, 0), 1);
	store_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_objective_looks_broken),
		cmocka_unit_test(no_error_series_reads_as_no_data),
		cmocka_unit_test(unasked_errors_read_as_none),
		cmocka_unit_test(silence_reads_as_health),
		cmocka_unit_test(an_outage_does_not_page),
		cmocka_unit_test(what_nobody_promised_pages),
		cmocka_unit_test(an_old_answer_counts_for_ever),
		cmocka_unit_test(the_past_shows_what_came_later),
		cmocka_unit_test(the_burn_chart_is_empty),
		cmocka_unit_test(what_the_server_records_is_asked_again),
		cmocka_unit_test(one_bad_handler_hides_behind_good_ones),
		cmocka_unit_test(a_long_label_breaks_the_group),
		cmocka_unit_test(an_overspent_budget_is_shown_as_empty),
		cmocka_unit_test(nobody_sees_what_spent_the_budget),
		cmocka_unit_test(a_young_service_has_a_full_month),
		cmocka_unit_test(cells_without_errors_asked_are_good),
		cmocka_unit_test(slices_are_counted_as_requests),
		cmocka_unit_test(a_calendar_day_takes_yesterdays_errors),
		cmocka_unit_test(a_recording_without_answers_says_nothing),
		cmocka_unit_test(a_short_calendar_period_has_no_long_window),
		cmocka_unit_test(a_hole_in_the_history_is_a_whole_window),
		cmocka_unit_test(a_slow_service_is_judged_by_its_failures),
		cmocka_unit_test(an_unknown_service_is_no_reason),
		cmocka_unit_test(an_answer_to_another_objective_is_taken),
		cmocka_unit_test(a_service_without_objective_has_no_row),
		cmocka_unit_test(the_worst_objective_stands_last),
		cmocka_unit_test(a_full_disk_is_not_told),
		cmocka_unit_test(each_disk_is_judged_as_one),
		cmocka_unit_test(a_quiet_alert_reads_as_no_data),
		cmocka_unit_test(a_quiet_second_weighs_like_a_busy_one),
		cmocka_unit_test(percentiles_of_a_period_are_averaged),
		cmocka_unit_test(half_a_period_is_judged_as_one),
		cmocka_unit_test(a_full_table_is_not_told),
		cmocka_unit_test(a_native_histogram_has_another_percentile),
		cmocka_unit_test(what_measures_nothing_is_fine),
	};
	return cmocka_run_group_tests_name("objective", tests, NULL, NULL);
}
