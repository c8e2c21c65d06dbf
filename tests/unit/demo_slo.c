/* The simulated shop's objectives and limits: what a budget says there is what
 * its requests were, from whichever window it is looked at. */
#include "base/limits.h"
#include "sources/demo_promise.h"
#include "sources/demo_resource.h"
#include "tests/unit/shops.h"

#define GRID ((time_ms)30000)
/* A moment of the grid, and of the charts. */
#define NOW time_floor(demo_fixed_now, GRID)

static void ask_all(struct shop *s, time_ms at)
{
	shop_want(s, &(struct want){ .at = at, .slos = true, .whole = true });
}

static size_t index_of(const char *id)
{
	const struct slo_def *d;
	size_t nr = demo_slos(&d);
	for (size_t i = 0; i < nr; i++)
		if (strcmp(d[i].id, id) == 0)
			return i;
	fail_msg("no objective %s", id);
	return 0;
}

static uint32_t asks(size_t i, enum slo_ask a, unsigned span)
{
	return question_own(QUESTION_SLO, i, slo_part(a, span));
}

static double errors_in(const struct shop *s, const char *id, unsigned span,
			time_ms t)
{
	return shop_value(s, asks(index_of(id), ASK_ERRORS, span), true, t);
}

static double total_in(const struct shop *s, const char *id, unsigned span,
		       time_ms t)
{
	return shop_value(s, asks(index_of(id), ASK_TOTAL, span), true, t);
}

static double ratio_in(const struct shop *s, const char *id, unsigned span,
		       time_ms t)
{
	return errors_in(s, id, span, t) / total_in(s, id, span, t);
}

static double budget_left(const struct shop *s, const struct slo_def *d)
{
	return 1 - ratio_in(s, d->id, SLO_SPAN_PERIOD, NOW)
		   / (1 - d->objective);
}

static void budgets_read_as_in_the_picture(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	const struct slo_def *d;
	size_t nr = demo_slos(&d);
	ask_all(s, NOW);
	for (size_t i = 0; i < nr; i++) {
		double left = strcmp(d[i].id, "search-availability") == 0
			      ? 1 : budget_left(s, &d[i]);
		if (strcmp(d[i].id, "checkout-availability") == 0)
			assert_true(within(left, .61, .65));
		else if (strcmp(d[i].id, "payment-availability") == 0)
			assert_true(within(left, .06, .10));
		else
			assert_true(within(left, .45, 1));
	}
	shop_close(s);
}

/* A budget that is another one each hour would be nobody's. */
static void budgets_stay_over_the_day(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	const struct slo_def *d;
	demo_slos(&d);
	for (time_ms t = 0; t < 2 * DAY; t += 37 * MINUTE) {
		time_ms at = time_floor(NOW + t, GRID);
		ask_all(s, at);
		double checkout = 1 - ratio_in(s, "checkout-availability",
					       SLO_SPAN_PERIOD, at) / .001;
		assert_true(within(checkout, .58, .68));
		assert_true(within(1 - ratio_in(s, "payment-availability",
						SLO_SPAN_PERIOD, at) / .001,
				   .05, .12));
	}
	shop_close(s);
}

/* From 2 h on only what is the newest is the story. */
static void a_window_is_the_sum_of_the_smaller_ones(void **state)
{
	(void)state;
	static const char *const ids[] = { "checkout-availability",
		"checkout-latency", "payment-availability", "cart-latency" };
	struct shop *s = shop_open("demo:5");
	for (size_t k = 0; k < 4; k++)
		for (time_ms ago = 0; ago < 3 * HOUR; ago += 47 * MINUTE) {
			time_ms at = NOW - time_floor(ago, GRID);
			double errors = 0, total = 0;
			for (time_ms t = 0; t < 2 * HOUR; t += 5 * MINUTE) {
				ask_all(s, at - t);
				errors += errors_in(s, ids[k], SLO_5M, at - t);
				total += total_in(s, ids[k], SLO_5M, at - t);
			}
			ask_all(s, at);
			double have = errors_in(s, ids[k], SLO_2H, at) * 24;
			assert_true(fabs(have / errors - 1) < 1e-9);
			have = total_in(s, ids[k], SLO_2H, at) * 24;
			assert_true(fabs(have / total - 1) < 1e-9);
		}
	shop_close(s);
}

static void before_the_story_the_shop_was_calm(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	ask_all(s, NOW);
	double two = errors_in(s, "checkout-availability", SLO_2H, NOW) * 2;
	double six = errors_in(s, "checkout-availability", SLO_6H, NOW) * 6;
	double day = errors_in(s, "checkout-availability", SLO_1D, NOW) * 24;
	double three = errors_in(s, "checkout-availability", SLO_3D, NOW) * 72;
	double calm = total_in(s, "checkout-availability", SLO_2H, NOW) * .0002;
	assert_true(two > 30 * calm);
	assert_true(within((six - two) / calm, 3.9, 4.1));
	assert_true(within((day - six) / calm, 17.7, 18.3));
	assert_true(within((three - day) / calm, 47.5, 48.5));
	shop_close(s);
}

/* The page of objectives and the table must not contradict each other. */
static void an_objective_burns_as_its_row(void **state)
{
	(void)state;
	struct shop *s = shop_open("demo:2");
	const struct service_def *d = &demo_catalog.service[DEMO_CHECKOUT];
	for (time_ms t = 0; t < DEMO_PERIOD; t += 7 * MINUTE + 1000) {
		time_ms at = demo_fixed_now + t;
		double errors = 0, total = 0;
		shop_want(s, &(struct want){ .at = at });
		const struct batch *b = s->batch[s->nr - 1];
		for (size_t i = 0; i < b->nr; i++) {
			const struct frame *f = &b->frame[i];
			const char *job = labels_get(&f->labels, "job");
			const char *st = labels_get(&f->labels, "status");
			if (f->question != question_id(d->shape, RED_BURN_5M)
			    || !job || strcmp(job, "checkout") != 0)
				continue;
			total += f->v[0];
			errors += st[0] == '5' ? f->v[0] : 0;
		}
		double e = errors_in(s, "checkout-availability", SLO_5M, at);
		double a = total_in(s, "checkout-availability", SLO_5M, at);
		assert_true(fabs(e / errors - 1) < 1e-6);
		assert_true(fabs(a / total - 1) < 1e-6);
	}
	shop_close(s);
}

/* ---- cells -------------------------------------------------------------- */

static const struct frame *cells_of(const struct shop *s, const char *id,
				    enum slo_ask a)
{
	uint32_t want = asks(index_of(id), a, SLO_SPAN_CELL);
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr; k++)
			if (s->batch[i]->frame[k].question == want
			    && !s->batch[i]->instant)
				return &s->batch[i]->frame[k];
	return NULL;
}

static void cells_are_what_the_budget_was_spent_in(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	double sum = 0, total = 0;
	time_ms at = time_floor(NOW, HOUR);
	ask_all(s, at);
	const struct frame *e = cells_of(s, "checkout-availability",
					 ASK_ERRORS);
	const struct frame *t = cells_of(s, "checkout-availability", ASK_TOTAL);
	assert_int_equal(e->nr, 718); /* of 720: 86 minutes are not there */
	assert_int_equal(e->t[717], at);
	for (size_t i = 0; i < e->nr; i++) {
		sum += e->v[i] * 3600;
		total += t->v[i] * 3600;
	}
	double span = (double)(30 * DAY - 86 * MINUTE) / 1000;
	double errors = span * errors_in(s, "checkout-availability",
					 SLO_SPAN_PERIOD, at);
	/* All but the hour that is there in part. */
	assert_true(within(1 - sum / errors, 0, .001));
	assert_true(within(total / span / total_in(s, "checkout-availability",
						   SLO_SPAN_PERIOD, at),
			   .998, 1));
	shop_close(s);
}

static double bad_in(const struct frame *e, time_ms from, time_ms to)
{
	double sum = 0;
	for (size_t i = 0; i < e->nr; i++)
		if (e->t[i] > from && e->t[i] < to + HOUR)
			sum += e->v[i];
	return sum;
}

/* What spent the budget is found where it is told to have been. */
static void old_incidents_stand_where_they_are_told(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	size_t told = 0;
	ask_all(s, NOW);
	const struct frame *e = cells_of(s, "checkout-availability",
					 ASK_ERRORS);
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr_events; k++) {
			const struct event *x = &s->batch[i]->event[k];
			if (x->until == TIME_NONE)
				continue;
			time_ms took = x->until - x->at;
			assert_true(bad_in(e, x->at, x->until)
				    > 10 * bad_in(e, x->at - DAY,
						  x->at - DAY + took));
			told++;
		}
	assert_int_equal(told, 3);
	shop_close(s);
}

/* One that looks on for a day holds what one that comes anew is told. */
static void old_cells_grow_calm_in_time(void **state)
{
	(void)state;
	struct shop *live = shop_open(""), *anew = shop_open("");
	uint32_t id = asks(index_of("checkout-availability"), ASK_ERRORS,
			   SLO_SPAN_CELL);
	static double held[24 * 40];
	time_ms base = time_floor(NOW, HOUR) - 31 * DAY;
	for (time_ms at = NOW; at < NOW + 11 * HOUR; at += 13 * MINUTE) {
		shop_want(live, &(struct want){ .at = at, .slos = true });
		for (time_ms t = base; t <= at; t += HOUR) {
			double v = shop_value(live, id, false, t);
			if (!isnan(v))
				held[(t - base) / HOUR] = v;
		}
		const struct frame *f = cells_of(live, "checkout-availability",
						 ASK_ERRORS);
		bool new_day = at == NOW || promise_day(at)
				> promise_day(at - 13 * MINUTE);
		assert_true(!f || (new_day ? f->nr > 700 : f->nr <= 4));
	}
	time_ms last = NOW + time_floor(11 * HOUR - 1, 13 * MINUTE);
	ask_all(anew, last);
	const struct frame *f = cells_of(anew, "checkout-availability",
					 ASK_ERRORS);
	assert_true(f->nr > 700);
	for (size_t i = 0; i < f->nr; i++)
		assert_true(f->v[i] == held[(f->t[i] - base) / HOUR]);
	shop_close(live);
	shop_close(anew);
}

/* ---- a recording, charts ------------------------------------------------ */

/* Every own instant of a fresh look is what the last ticks said. */
static void a_recording_has_what_a_fresh_look_has(void **state)
{
	(void)state;
	struct shop *live = shop_open(""), *anew = shop_open("");
	static double held[64][SLO_SPANS][2];
	static time_ms held_at[64][SLO_SPANS][2];
	time_ms at = NOW - 7000;
	for (; at < NOW + 69000; at += 2000) {
		size_t frames = 0;
		shop_want(live, &(struct want){ .at = at });
		for (size_t k = 0; k < live->batch[0]->nr; k++) {
			const struct frame *f = &live->batch[0]->frame[k];
			if (!question_is_own(f->question))
				continue;
			unsigned part = question_part(f->question);
			size_t i = question_index(f->question);
			held[i][part & 15][part >> 4] = f->v[0];
			held_at[i][part & 15][part >> 4] = f->t[0];
			frames++;
		}
		assert_true(at == NOW - 7000 || at % GRID < 2000
			    || frames <= 8);
	}
	at -= 2000;
	shop_want(anew, &(struct want){ .at = at });
	size_t compared = 0;
	for (size_t n = 0; n < anew->nr; n++)
		for (size_t k = 0; k < anew->batch[n]->nr; k++) {
			const struct frame *f = &anew->batch[n]->frame[k];
			unsigned part = question_part(f->question);
			size_t i = question_index(f->question);
			if (!question_is_own(f->question))
				continue;
			assert_true(held[i][part & 15][part >> 4] == f->v[0]);
			assert_true(held_at[i][part & 15][part >> 4]
				    == f->t[0]);
			compared++;
		}
	assert_true(compared > 200);
	shop_close(live);
	shop_close(anew);
}

static void a_burn_chart_ends_at_the_number(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	size_t points = 0;
	shop_want(s, &(struct want){ .at = NOW, .back = HOUR, .step = 15000,
				     .charts = true });
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr; k++) {
			const struct frame *f = &s->batch[i]->frame[k];
			if (s->batch[i]->instant
			    || !question_is_own(f->question))
				continue;
			assert_int_equal(s->batch[i]->step, 15000);
			for (size_t q = 0; q < s->batch[i]->nr_asked; q++)
				assert_true(question_is_own(
					s->batch[i]->asked[q]));
			double v = shop_value(s, f->question, true, NOW);
			if (f->t[f->nr - 1] == NOW)
				assert_true(fabs(f->v[f->nr - 1] - v) < 1e-9);
			points += f->nr;
		}
	assert_true(points > 10000);
	shop_close(s);
}

static void without_samples_a_window_says_nothing(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	const char *id = "email-delivered";
	ask_all(s, NOW);
	for (unsigned w = 0; w < SLO_WINDOWS; w++) {
		assert_true(shop_asked(s->batch[1], asks(index_of(id),
							 ASK_TOTAL, w)));
		/* Silent since 14:21: like at a server, a longer window still
		 * reaches what was before. */
		assert_int_equal(isnan(total_in(s, id, w, NOW)), w == SLO_5M);
	}
	assert_true(total_in(s, id, SLO_SPAN_PERIOD, NOW) > 2);
	time_ms idle = time_floor(NOW + 43 * MINUTE, GRID);
	ask_all(s, idle);
	assert_true(fabs(total_in(s, id, SLO_5M, idle)) < 1e-9);
	assert_true(fabs(errors_in(s, id, SLO_5M, idle)) < 1e-9);
	/* Nothing there can fail: no series, and no zero. */
	assert_true(isnan(errors_in(s, "search-availability", SLO_5M, idle)));
	assert_true(total_in(s, "search-availability", SLO_5M, idle) > 1000);
	shop_close(s);
}

static void all_but_86_minutes_is_covered(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	ask_all(s, demo_fixed_now);
	double at = shop_value(s, asks(0, ASK_TOTAL, SLO_SPAN_COVER), true,
			       NOW);
	assert_true(at * 1000 == (double)(NOW - 30 * DAY + 86 * MINUTE));
	shop_close(s);
}

/* ---- objectives of files ------------------------------------------------ */

#define RATE(match) "sum(rate(http_request_duration_seconds_count{" match \
	"}[$window]))"

static const struct slo_def files[] = {
	{ .id = "derived", .service = "payment", .objective = .99,
	  .period = 7 * DAY, .derived = true },
	{ .id = "by-query", .objective = .99, .period = 28 * DAY,
	  .errors = RATE("job=\"cart\",code=~\"5..\""),
	  .total = RATE("job=\"cart\"") },
	{ .id = "slow", .objective = .99, .period = 30 * DAY,
	  .errors = RATE("job=\"search\"") " - "
		"sum(rate(http_server_duration_milliseconds_bucket{"
		"job=\"search\",le=\"100\"}[$window]))",
	  .total = RATE("job=\"search\"") },
	{ .id = "ratio", .objective = .99, .period = 30 * DAY,
	  .ratio = RATE("job=\"web\",status=~\"5..\"") " / "
		   RATE("job=\"web\"") },
	{ .id = "slices", .service = "checkout", .objective = .99,
	  .period = 30 * DAY, .derived = true, .method = SLO_TIMESLICES,
	  .slice = MINUTE },
	{ .id = "unknown", .service = "billing", .objective = .99,
	  .period = 30 * DAY, .derived = true },
	{ .id = "cart-availability", .service = "cart", .objective = .95,
	  .period = 30 * DAY, .derived = true },
};

static size_t file_index(const struct shop *s, const char *id)
{
	const struct catalog *c = shop_catalog(s);
	size_t at = c->nr_slos;
	for (size_t i = 0; i < c->nr_slos; i++)
		if (strcmp(c->slo[i].id, id) == 0) {
			assert_int_equal(at, c->nr_slos);
			at = i;
		}
	assert_true(at < c->nr_slos);
	return at;
}

static double of_file(const struct shop *s, const char *id, enum slo_ask a,
		      unsigned span)
{
	return shop_value(s, asks(file_index(s, id), a, span), true, NOW);
}

static void objectives_of_files_are_answered(void **state)
{
	(void)state;
	struct shop *s = shop_with("", (struct source_options){
		.slo = files, .nr_slos = sizeof(files) / sizeof(files[0]) });
	ask_all(s, NOW);
	assert_true(of_file(s, "derived", ASK_ERRORS, SLO_1H)
		    == of_file(s, "payment-availability", ASK_ERRORS, SLO_1H));
	assert_true(within(of_file(s, "by-query", ASK_ERRORS, SLO_1H)
			   / of_file(s, "by-query", ASK_TOTAL, SLO_1H),
			   .00015, .00025));
	assert_true(of_file(s, "slow", ASK_ERRORS, SLO_1H)
		    == of_file(s, "search-latency", ASK_ERRORS, SLO_1H));
	assert_true(within(of_file(s, "ratio", ASK_RATIO, SLO_1D), .0001,
			   .00014));
	assert_true(isnan(of_file(s, "ratio", ASK_ERRORS, SLO_1D)));
	assert_true(shop_catalog(s)->slo[file_index(s, "cart-availability")]
			    .objective == .95);
	for (size_t i = 0; i < s->nr; i++)
		for (size_t q = 0; q < s->batch[i]->nr_asked; q++)
			assert_false(question_is_own(s->batch[i]->asked[q])
				     && question_index(s->batch[i]->asked[q])
					== file_index(s, "unknown"));
	shop_close(s);
}

static void slices_of_a_month_come_whole(void **state)
{
	(void)state;
	struct shop *s = shop_with("", (struct source_options){
		.slo = files, .nr_slos = sizeof(files) / sizeof(files[0]) });
	size_t slices = 0;
	time_ms last = TIME_NONE;
	ask_all(s, NOW);
	uint32_t id = asks(file_index(s, "slices"), ASK_TOTAL, SLO_SPAN_CELL);
	time_ms cell = slo_cell(&shop_catalog(s)->slo[file_index(s, "slices")]);
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr; k++) {
			const struct frame *f = &s->batch[i]->frame[k];
			assert_true(f->nr <= LIMIT_POINTS);
			if (f->question != id)
				continue;
			assert_true(last == TIME_NONE
				    || f->t[0] == last + cell);
			last = f->t[f->nr - 1];
			slices += f->nr;
		}
	/* All but the gap. */
	assert_true(slices >= (size_t)(30 * DAY / cell) - 24
		    && slices < (size_t)(30 * DAY / cell));
	assert_true(last == time_floor(NOW, cell));
	shop_close(s);
}

static void who_asks_for_objectives_gets_no_rows(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	shop_want(s, &(struct want){ .at = NOW, .only_slos = true });
	for (size_t i = 0; i < s->nr; i++)
		for (size_t q = 0; q < s->batch[i]->nr_asked; q++)
			assert_true(question_is_own(s->batch[i]->asked[q]));
	assert_true(ratio_in(s, "checkout-availability", SLO_1H, NOW) > .01);
	assert_non_null(cells_of(s, "checkout-availability", ASK_TOTAL));
	assert_non_null(s->batch[s->nr - 1]->status);
	shop_close(s);
}

/* ---- thresholds --------------------------------------------------------- */

#define LEVEL(limit) .critical = { .given = true, .above = limit, \
	.below = NAN }, .period = 5 * MINUTE, .m = 1, .n = 1, .clear = NAN, \
	.clear_after = 1
#define IDLE "rate(node_cpu_seconds_total{mode=\"idle\"}[$period])"

static const struct threshold_def limits[] = {
	{ .id = "pool", LEVEL(45),
	  .query = "db_client_connections_usage{pool=\"orders-db\"}" },
	{ .id = "hosts", LEVEL(70),
	  .query = "100 * (1 - avg by (instance) (" IDLE "))" },
	{ .id = "busiest", LEVEL(.7), .query = "max(1 - " IDLE ")" },
	{ .id = "unknown", LEVEL(1), .query = "kafka_lag_messages" },
	{ .id = "latency", LEVEL(1), .measure = MEASURE_P99,
	  .service = "checkout" },
	{ .id = "alert", LEVEL(0), .alert = true, .hold = 10 * MINUTE,
	  .query = "db_client_connections_usage{pool=\"orders-db\"} / "
		   "db_client_connections_max > 0.8" },
};

static struct shop *limited(void)
{
	return shop_with("", (struct source_options){
		.threshold = limits, .pack = "shop",
		.nr_thresholds = sizeof(limits) / sizeof(limits[0]) });
}

static double judged(const struct shop *s, size_t i, time_ms t)
{
	return shop_value(s, question_own(QUESTION_THRESHOLD, i,
					  THRESHOLD_POINTS), false, t);
}

static double judged_now(const struct shop *s, size_t i, time_ms t)
{
	return shop_value(s, question_own(QUESTION_THRESHOLD, i,
					  THRESHOLD_NOW), true, t);
}

static void a_limit_is_judged_at_the_ends_of_periods(void **state)
{
	(void)state;
	struct shop *s = limited();
	time_ms to = time_floor(NOW, 5 * MINUTE);
	shop_want(s, &(struct want){ .at = NOW });
	assert_string_equal(shop_catalog(s)->pack, "shop");
	assert_int_equal(shop_catalog(s)->nr_thresholds, 6);
	/* 48 of 50 since the onset at 13:45, 21 before it. */
	assert_true(within(judged(s, 0, to), 46, 50));
	assert_true(within(judged(s, 0, to - 50 * MINUTE), 18, 24));
	assert_true(within(judged_now(s, 0, NOW), 46, 50));
	assert_true(isnan(judged(s, 0, to + 5 * MINUTE)));
	assert_true(judged(s, 0, to - 24 * 5 * MINUTE) > 0);
	assert_true(within(judged(s, 2, to), .5, .7));
	/* One value a host. */
	size_t hosts = 0;
	for (size_t i = 0; i < s->nr; i++)
		for (size_t k = 0; k < s->batch[i]->nr; k++) {
			const struct frame *f = &s->batch[i]->frame[k];
			if (f->question != question_own(QUESTION_THRESHOLD, 1,
							THRESHOLD_NOW))
				continue;
			assert_non_null(labels_get(&f->labels, "instance"));
			assert_true(within(f->v[0], 20, 80));
			hosts++;
		}
	assert_int_equal(hosts, 4);
	shop_close(s);
}

/* What is not known has no data, which is not the same as not asked. */
static void what_nobody_measures_has_no_data(void **state)
{
	(void)state;
	struct shop *s = limited();
	size_t unknown = 0;
	shop_want(s, &(struct want){ .at = NOW });
	for (size_t i = 0; i < s->nr; i++)
		for (size_t q = 0; q < s->batch[i]->nr_asked; q++) {
			uint32_t id = s->batch[i]->asked[q];
			if (!question_is_own(id)
			    || question_kind(id) != QUESTION_THRESHOLD)
				continue;
			unknown += question_index(id) == 3;
			assert_int_not_equal(question_index(id), 4);
		}
	assert_int_equal(unknown, 2);
	assert_true(isnan(judged_now(s, 3, NOW)));
	shop_close(s);
}

static void an_alert_is_true_only_while_it_holds(void **state)
{
	(void)state;
	struct shop *s = limited();
	time_ms to = time_floor(NOW, 5 * MINUTE);
	shop_want(s, &(struct want){ .at = NOW });
	assert_true(within(judged(s, 5, to), .9, 1));
	assert_true(isnan(judged(s, 5, to - 50 * MINUTE)));
	shop_close(s);
}

static void a_period_is_judged_once(void **state)
{
	(void)state;
	struct shop *s = limited();
	size_t points = 0;
	time_ms at = NOW;
	shop_want(s, &(struct want){ .at = at });
	for (; at < NOW + 21 * MINUTE; at += 30000) {
		shop_want(s, &(struct want){ .at = at });
		for (size_t i = 0; i < s->nr; i++)
			for (size_t k = 0; k < s->batch[i]->nr; k++)
				if (s->batch[i]->frame[k].question
				    == question_own(QUESTION_THRESHOLD, 0,
						    THRESHOLD_POINTS))
					points += s->batch[i]->frame[k].nr;
	}
	assert_int_equal(points, 4);
	shop_close(s);
}

/* ---- resources ---------------------------------------------------------- */

static double used(const struct shop *s, const char *id, enum red_role role,
		   time_ms t)
{
	const struct catalog *c = &demo_catalog;
	for (size_t i = 0; i < c->nr_services; i++) {
		const struct service_def *d = &c->service[i];
		const struct shape *sh = &c->shape[d->shape - 1];
		if (strcmp(d->name, id) != 0)
			continue;
		const struct batch *b = s->batch[s->nr - 1];
		for (size_t k = 0; k < b->nr; k++) {
			const struct frame *f = &b->frame[k];
			const char *v = labels_get(&f->labels, sh->label);
			if (f->question == question_id(sh->id, role) && v
			    && strcmp(v, d->value) == 0 && f->t[0] == t)
				return f->v[0];
		}
	}
	return NAN;
}

/* The catalog and the resources are two lists of the same. */
static void every_resource_has_its_values(void **state)
{
	(void)state;
	const struct demo_resource *r;
	size_t nr = demo_resources(&r);
	struct shop *s = shop_open("demo:6");
	assert_int_equal(demo_catalog.nr_services, DEMO_SERVICES + nr);
	for (time_ms t = 0; t < DEMO_PERIOD; t += 7 * MINUTE) {
		shop_want(s, &(struct want){ .at = NOW + t });
		for (size_t i = 0; i < nr; i++) {
			const struct service_def *d =
				&demo_catalog.service[DEMO_SERVICES + i];
			assert_string_equal(d->name, r[i].id);
			assert_string_equal(d->value, r[i].value);
			double limit = d->limit > 0 ? d->limit
				: used(s, d->name, RED_LIMIT, NOW + t);
			double v = used(s, d->name, RED_USED, NOW + t) / limit;
			assert_true(limit == r[i].limit);
			/* A calm shop is nowhere near critical. */
			assert_true(within(v, .04, d->crit - .02));
		}
	}
	shop_close(s);
}

static void the_pool_of_the_pictures_runs_full(void **state)
{
	(void)state;
	struct shop *s = shop_open("");
	time_ms before = time_floor(NOW - 50 * MINUTE, GRID);
	shop_want(s, &(struct want){ .at = demo_fixed_now });
	assert_true(used(s, "pool:orders-db", RED_USED, demo_fixed_now) == 48);
	assert_true(used(s, "pool:orders-db", RED_LIMIT, demo_fixed_now)
		    == 50);
	shop_want(s, &(struct want){ .at = before });
	assert_true(within(used(s, "pool:orders-db", RED_USED, before), 18,
			   24));
	shop_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budgets_read_as_in_the_picture),
		cmocka_unit_test(budgets_stay_over_the_day),
		cmocka_unit_test(a_window_is_the_sum_of_the_smaller_ones),
		cmocka_unit_test(before_the_story_the_shop_was_calm),
		cmocka_unit_test(an_objective_burns_as_its_row),
		cmocka_unit_test(cells_are_what_the_budget_was_spent_in),
		cmocka_unit_test(old_incidents_stand_where_they_are_told),
		cmocka_unit_test(old_cells_grow_calm_in_time),
		cmocka_unit_test(a_recording_has_what_a_fresh_look_has),
		cmocka_unit_test(a_burn_chart_ends_at_the_number),
		cmocka_unit_test(without_samples_a_window_says_nothing),
		cmocka_unit_test(all_but_86_minutes_is_covered),
		cmocka_unit_test(objectives_of_files_are_answered),
		cmocka_unit_test(slices_of_a_month_come_whole),
		cmocka_unit_test(who_asks_for_objectives_gets_no_rows),
		cmocka_unit_test(a_limit_is_judged_at_the_ends_of_periods),
		cmocka_unit_test(what_nobody_measures_has_no_data),
		cmocka_unit_test(an_alert_is_true_only_while_it_holds),
		cmocka_unit_test(a_period_is_judged_once),
		cmocka_unit_test(every_resource_has_its_values),
		cmocka_unit_test(the_pool_of_the_pictures_runs_full),
	};
	return cmocka_run_group_tests_name("demo_slo", tests, NULL, NULL);
}
