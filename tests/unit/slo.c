#include "model/slo.h"

#include "base/limits.h"
#include "base/zone.h"
#include "model/catalog.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUR ((time_ms)3600000)
#define DAY  (24 * HOUR)
#define NOW  (INT64_C(1763000000000) / DAY * DAY)

static const struct slo_def month = { .id = "shop", .objective = .999,
				      .period = 30 * DAY };

static void near(double have, double want)
{
	if (!(fabs(have - want) <= 1e-9 * fmax(1, fabs(want))))
		fail_msg("%.17g, not %.17g", have, want);
}

static struct slo_value of(double v)
{
	return (struct slo_value){ .there = true, .v = v };
}

static struct slo_reading read_hour(const struct slo_def *d,
				    struct slo_input in)
{
	struct slo_reading r;
	slo_read_window(d, HOUR, &in, &r);
	return r;
}

/* All windows alike. */
static void fill(const struct slo_def *d, struct slo_input in,
		 struct slo_reading window[SLO_WINDOWS])
{
	for (size_t w = 0; w < SLO_WINDOWS; w++)
		slo_read_window(d, slo_spans[w], &in, &window[w]);
}

/* ---- words -------------------------------------------------------------- */

static void a_script_reads_another_word(void **state)
{
	(void)state;
	assert_string_equal(slo_state_name(SLO_IS_OK), "ok");
	assert_string_equal(slo_state_name(SLO_NOERRORS), "noerrors");
	assert_string_equal(slo_state_name(SLO_NOTRAFFIC), "notraffic");
	assert_string_equal(slo_state_name(SLO_NODATA), "nodata");
	assert_string_equal(slo_verdict_name(SLO_PAGE), "page");
	assert_string_equal(slo_verdict_name(SLO_TICKET), "ticket");
	assert_string_equal(slo_verdict_name(SLO_VERDICT_NODATA), "nodata");
	assert_string_equal(slo_verdict_name(SLO_VERDICT_NOTRAFFIC),
			    "notraffic");
	assert_string_equal(slo_verdict_name(SLO_FINE), "ok");
	assert_string_equal(slo_method_name(SLO_OCCURRENCES), "occurrences");
	assert_string_equal(slo_method_name(SLO_TIMESLICES), "timeslices");
	assert_string_equal(slo_method_name(SLO_RATIO_TIMESLICES),
			    "ratio-timeslices");
	assert_string_equal(slo_window_name(SLO_WINDOWS), "unknown");
}

static void a_window_is_asked_under_another_name(void **state)
{
	(void)state;
	static const char *const names[SLO_WINDOWS] = {
		"5m", "30m", "1h", "2h", "6h", "1d", "3d",
	};
	for (unsigned w = 0; w < SLO_WINDOWS; w++) {
		time_ms span;
		assert_string_equal(slo_window_name(w), names[w]);
		assert_int_equal(duration_parse(names[w], &span, NULL), 0);
		assert_true(slo_spans[w] == span);
		assert_int_equal(slo_window_of(span), w);
	}
	assert_int_equal(slo_window_of(4 * HOUR), SLO_WINDOWS);
}

/* ---- windows ------------------------------------------------------------ */

static void a_ratio_burns_at_another_rate(void **state)
{
	(void)state;
	struct slo_reading r = read_hour(&month, (struct slo_input){
		.errors = of(.5), .total = of(40) });
	assert_int_equal(r.state, SLO_IS_OK);
	near(r.error_ratio, .0125);
	near(r.burn, 12.5);
	near(r.err_per_s, .5);
	near(r.total_per_s, 40);
	near(r.total, 40 * 3600);
	assert_false(r.recorded || r.from_store);
}

static void health_without_an_error_series_is_unknown(void **state)
{
	(void)state;
	struct slo_reading r = read_hour(&month,
					 (struct slo_input){ .total = of(2) });
	assert_int_equal(r.state, SLO_NOERRORS);
	assert_true(r.error_ratio == 0 && r.burn == 0 && r.err_per_s == 0);
	near(r.total_per_s, 2);
	/* An error series of 0 is no absent one. */
	r = read_hour(&month, (struct slo_input){ .errors = of(0),
						  .total = of(2) });
	assert_int_equal(r.state, SLO_IS_OK);
	assert_true(r.error_ratio == 0);
}

static void a_night_without_traffic_is_perfect_or_broken(void **state)
{
	(void)state;
	struct slo_reading r = read_hour(&month, (struct slo_input){
		.errors = of(0), .total = of(0) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(isnan(r.error_ratio) && isnan(r.burn));
	assert_true(r.total_per_s == 0 && r.err_per_s == 0 && r.total == 0);
	r = read_hour(&month, (struct slo_input){ .total = of(0) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	r = read_hour(&month, (struct slo_input){ .total = of(NAN) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(isnan(r.total_per_s) && isnan(r.burn));
	/* Errors of two families where only one counts requests. */
	r = read_hour(&month, (struct slo_input){ .errors = of(1),
						  .total = of(0) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(isnan(r.burn));
}

static void a_target_that_is_gone_looks_healthy(void **state)
{
	(void)state;
	struct slo_reading r = read_hour(&month, (struct slo_input){ 0 });
	assert_int_equal(r.state, SLO_NODATA);
	assert_true(isnan(r.err_per_s) && isnan(r.total_per_s) &&
		    isnan(r.error_ratio) && isnan(r.burn) && isnan(r.total));
	r = read_hour(&month, (struct slo_input){ .errors = of(1) });
	assert_int_equal(r.state, SLO_NODATA);
	assert_true(isnan(r.burn));
	r = read_hour(&month, (struct slo_input){ .errors = of(NAN),
						  .total = of(2) });
	assert_int_equal(r.state, SLO_NODATA);
	assert_true(isnan(r.burn) && isnan(r.err_per_s));
	near(r.total_per_s, 2);
}

static void what_rules_recorded_is_not_believed(void **state)
{
	(void)state;
	struct slo_reading r = read_hour(&month, (struct slo_input){
		.recorded = of(.002), .errors = of(.5), .total = of(1) });
	assert_true(r.recorded);
	assert_int_equal(r.state, SLO_IS_OK);
	near(r.error_ratio, .002);
	near(r.burn, 2);
	near(r.err_per_s, .5);
	/* Alone, and with the requests. */
	r = read_hour(&month, (struct slo_input){ .recorded = of(.002) });
	near(r.burn, 2);
	assert_true(isnan(r.err_per_s) && isnan(r.total));
	r = read_hour(&month, (struct slo_input){ .recorded = of(.002),
						  .total = of(100) });
	near(r.err_per_s, .2);
	/* A recorded NaN is a 0/0, whatever else there is. */
	r = read_hour(&month, (struct slo_input){ .recorded = of(NAN),
						  .total = of(2) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(r.recorded && isnan(r.burn));
	/* Not recorded: as if there was no rule. */
	r = read_hour(&month, (struct slo_input){ .errors = of(.5),
						  .total = of(1) });
	assert_false(r.recorded);
	near(r.burn, 500);
}

static void a_ready_made_ratio_needs_a_total(void **state)
{
	(void)state;
	struct slo_def raw = month;
	raw.ratio = "error_ratio";
	struct slo_reading r = read_hour(&raw, (struct slo_input){
		.ratio = of(.01) });
	assert_int_equal(r.state, SLO_IS_OK);
	near(r.burn, 10);
	assert_true(isnan(r.total_per_s) && isnan(r.total));
	r = read_hour(&raw, (struct slo_input){ .ratio = of(NAN) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(isnan(r.error_ratio));
	r = read_hour(&raw, (struct slo_input){ .ratio = of(INFINITY) });
	assert_int_equal(r.state, SLO_NOTRAFFIC);
	assert_true(isnan(r.error_ratio) && isnan(r.burn));
	assert_int_equal(read_hour(&raw, (struct slo_input){ 0 }).state,
			 SLO_NODATA);
	/* Counted errors are more than a ratio; a ratio is more than none. */
	r = read_hour(&raw, (struct slo_input){ .ratio = of(.01),
		.errors = of(.5), .total = of(10) });
	near(r.error_ratio, .05);
	r = read_hour(&raw, (struct slo_input){ .ratio = of(.01),
						.total = of(10) });
	near(r.error_ratio, .01);
	near(r.err_per_s, .1);
}

static void a_gauge_gets_requests_per_second(void **state)
{
	(void)state;
	struct slo_def gauge = month;
	gauge.counts = true;
	struct slo_reading r = read_hour(&gauge, (struct slo_input){
		.errors = of(3), .total = of(240) });
	near(r.error_ratio, .0125);
	assert_true(isnan(r.err_per_s) && isnan(r.total_per_s));
	near(r.total, 240);
}

static void nothing_may_fail_and_json_is_infinite(void **state)
{
	(void)state;
	struct slo_def all = month;
	all.objective = 1;
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	struct slo_budget b;
	struct slo_input in = { .errors = of(.1), .total = of(1) };
	fill(&all, in, w);
	near(w[SLO_1H].error_ratio, .1);
	assert_true(isnan(w[SLO_1H].burn));
	slo_read_tiers(&all, w, t);
	assert_false(t[0].firing);
	assert_true(isnan(t[0].one_error) && isnan(t[0].fires_in));
	slo_read_budget(&all, 30 * DAY, &in, 86400, &b);
	assert_true(isnan(b.remaining));
	/* Nor does what a server says make anything infinite. */
	in = (struct slo_input){ .errors = of(INFINITY),
				 .total = of(INFINITY) };
	fill(&month, in, w);
	assert_true(isnan(w[0].total_per_s) && isnan(w[0].err_per_s));
	slo_read_budget(&month, 30 * DAY, &in, INFINITY, &b);
	assert_true(isnan(b.remaining) && isnan(b.failures_left));
	near(b.coverage_s, 30 * 86400);
}

/* ---- tiers -------------------------------------------------------------- */

static void read_alike(const struct slo_def *d, double ratio, double rate,
		       struct slo_tier tier[SLO_TIERS])
{
	struct slo_reading w[SLO_WINDOWS];
	fill(d, (struct slo_input){ .errors = of(ratio * rate),
				    .total = of(rate) }, w);
	slo_read_tiers(d, w, tier);
}

static void tiers_of_28_days_fire_at_30_days_factors(void **state)
{
	(void)state;
	static const double of_30[SLO_TIERS] = { 14.4, 6, 3, 1 };
	static const double of_28[SLO_TIERS] = { 13.44, 5.6, 2.8, 2.8 / 3 };
	struct slo_def d = month;
	struct slo_tier t[SLO_TIERS];
	read_alike(&d, 0, 1, t);
	for (size_t i = 0; i < SLO_TIERS; i++) {
		assert_true(t[i].factor == of_30[i]);
		assert_int_equal(t[i].page, i < 2);
		assert_int_equal(t[i].brief, slo_tiers[i].brief);
		assert_int_equal(t[i].lasting, slo_tiers[i].lasting);
	}
	d.period = 28 * DAY;
	read_alike(&d, 0, 1, t);
	for (size_t i = 0; i < SLO_TIERS; i++)
		near(t[i].factor, of_28[i]);
}

static void a_teams_own_tiers_are_ignored(void **state)
{
	(void)state;
	struct slo_def d = month;
	d.tier[0] = (struct slo_tier_def){ false, SLO_30M, SLO_2H, .05 };
	d.tier[1] = (struct slo_tier_def){ true, SLO_WINDOWS, SLO_2H, .05 };
	struct slo_tier t[SLO_TIERS];
	read_alike(&d, .5, 100, t);
	near(t[0].factor, 18);
	near(t[0].burn_brief, 500);
	assert_true(t[0].firing);
	for (size_t i = 1; i < SLO_TIERS; i++)
		assert_true(isnan(t[i].factor) && !t[i].firing && !t[i].armed);
	struct slo_reading w[SLO_WINDOWS];
	fill(&d, (struct slo_input){ .errors = of(50), .total = of(100) }, w);
	assert_int_equal(slo_judge(w, t), SLO_TICKET);
}

static void a_burn_of_exactly_the_factor_fires(void **state)
{
	(void)state;
	static const double objectives[] = { .99, .995, .999, .9995, .9999 };
	for (size_t i = 0; i < sizeof(objectives) / sizeof(*objectives); i++) {
		struct slo_def d = month;
		d.objective = objectives[i];
		double budget = slo_error_budget(&d);
		struct slo_tier t[SLO_TIERS];
		read_alike(&d, 1 * budget, 1e6, t);
		assert_false(t[3].firing);
		assert_true(t[3].armed);
		read_alike(&d, 1.000001 * budget, 1e6, t);
		assert_true(t[3].firing);
		assert_false(t[2].firing);
	}
}

static void one_window_alone_pages(void **state)
{
	(void)state;
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	fill(&month, (struct slo_input){ .total = of(100) }, w);
	w[SLO_5M].burn = 100;
	slo_read_tiers(&month, w, t);
	assert_false(t[0].firing);
	w[SLO_1H].burn = 15;
	slo_read_tiers(&month, w, t);
	assert_true(t[0].firing);
	assert_true(t[0].fires_in == 0);
	w[SLO_5M].burn = 14.4;
	slo_read_tiers(&month, w, t);
	assert_false(t[0].firing);
	w[SLO_5M].burn = 15;
	w[SLO_1H].burn = 14.4;
	slo_read_tiers(&month, w, t);
	assert_false(t[0].firing);
	w[SLO_5M].burn = NAN;
	slo_read_tiers(&month, w, t);
	assert_false(t[0].firing);
	assert_true(isnan(t[0].fires_in));
}

/* Six requests an hour at 99 %: the one error is 16.7 times the budget. */
static void one_error_at_night_wakes_somebody(void **state)
{
	(void)state;
	struct slo_def d = month;
	d.objective = .99;
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	fill(&d, (struct slo_input){ .errors = of(1. / 3600),
				     .total = of(6. / 3600) }, w);
	w[SLO_6H].burn = 2;
	slo_read_tiers(&d, w, t);
	near(t[0].one_error, 100. / 6);
	assert_true(t[0].firing);
	assert_false(t[0].armed);
	/* 14.4 x .01 x 6 is 0.86 of an error; 3 x .01 x 144 is 4.3. */
	assert_true(t[2].firing && t[2].armed);
	near(t[2].one_error, 100. / 144);
	assert_int_equal(slo_judge(w, t), SLO_TICKET);

	/* "1 error = 12x": 25 requests at 99.67 %. */
	d.objective = 1 - 1. / 300;
	fill(&d, (struct slo_input){ .total = of(25. / 3600) }, w);
	slo_read_tiers(&d, w, t);
	assert_true(fabs(t[0].one_error - 12) < 1e-6);
	assert_true(t[0].armed);
	/* Exactly one may fail before it fires: 8 x .125 x 1. */
	struct slo_def one = d;
	one.objective = .875;
	one.tier[0] = (struct slo_tier_def){ true, SLO_5M, SLO_1H, 8. / 720 };
	fill(&one, (struct slo_input){ .total = of(1. / 3600) }, w);
	w[SLO_1H].total = 1;
	slo_read_tiers(&one, w, t);
	assert_true(t[0].armed);
	near(t[0].one_error, 8);
	/* Where nobody counts requests, nobody can say that there are few. */
	fill(&d, (struct slo_input){ .ratio = of(.5) }, w);
	slo_read_tiers(&d, w, t);
	assert_true(t[0].armed && t[0].firing && isnan(t[0].one_error));
	assert_int_equal(slo_judge(w, t), SLO_PAGE);
	fill(&d, (struct slo_input){ .total = of(0) }, w);
	slo_read_tiers(&d, w, t);
	assert_false(t[0].armed);
	assert_true(isnan(t[0].one_error));
}

static void silence_outranks_a_page(void **state)
{
	(void)state;
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	fill(&month, (struct slo_input){ .errors = of(4), .total = of(100) },
	     w);
	slo_read_tiers(&month, w, t);
	assert_int_equal(slo_judge(w, t), SLO_PAGE);
	w[SLO_5M] = read_hour(&month, (struct slo_input){ 0 });
	slo_read_tiers(&month, w, t);
	/* The half hour still holds the outage. */
	assert_true(t[1].firing && !t[0].firing);
	assert_int_equal(slo_judge(w, t), SLO_PAGE);
	w[SLO_30M] = w[SLO_5M];
	slo_read_tiers(&month, w, t);
	assert_int_equal(slo_judge(w, t), SLO_TICKET);
	w[SLO_2H] = w[SLO_6H] = w[SLO_5M];
	slo_read_tiers(&month, w, t);
	assert_int_equal(slo_judge(w, t), SLO_VERDICT_NODATA);
	w[SLO_5M] = read_hour(&month, (struct slo_input){ .total = of(0) });
	assert_int_equal(slo_judge(w, t), SLO_VERDICT_NOTRAFFIC);
	w[SLO_5M] = read_hour(&month, (struct slo_input){ .total = of(1) });
	assert_int_equal(slo_judge(w, t), SLO_FINE);
}

/* ---- an outage, second by second ---------------------------------------- */

#define WARM  (4 * 86400) /* healthy seconds before it */
#define AFTER 21600
#define STEP  15

/* Constant traffic; `share` fails from WARM on, for `lasts` seconds. */
static double ratio_of(int at, int span, double share, int lasts)
{
	int from = at - span > WARM ? at - span : WARM;
	int to = at < WARM + lasts ? at : WARM + lasts;
	return to > from ? share * (to - from) / span : 0;
}

static void read_outage(int at, double share, int lasts,
			struct slo_reading w[SLO_WINDOWS],
			struct slo_tier t[SLO_TIERS])
{
	for (unsigned i = 0; i < SLO_WINDOWS; i++) {
		int span = (int)(slo_spans[i] / 1000);
		double ratio = ratio_of(at, span, share, lasts);
		slo_read_window(&month, slo_spans[i], &(struct slo_input){
			.errors = of(200 * ratio), .total = of(200) }, &w[i]);
	}
	slo_read_tiers(&month, w, t);
}

/* Seconds until the first evaluation that pages, -1: none does. */
static int pages_after(double share, int lasts)
{
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	for (int d = 0; d <= AFTER; d += STEP) {
		read_outage(WARM + d, share, lasts, w, t);
		if (slo_judge(w, t) == SLO_PAGE)
			return d;
	}
	return -1;
}

static void an_outage_pages_too_late_or_a_blip_does(void **state)
{
	(void)state;
	int d = pages_after(.3, AFTER);
	assert_true(d > 172.8 && d <= 172.8 + STEP);
	d = pages_after(.02, AFTER);
	assert_true(d >= 2592 && d <= 2592 + STEP);
	d = pages_after(1, AFTER);
	assert_true(d > 51.84 && d <= 51.84 + STEP);
	assert_int_equal(pages_after(.02, 240), -1);
	/* And that is because of the hour: 5 minutes alone are over. */
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	read_outage(WARM + 240, .02, 240, w, t);
	assert_true(w[SLO_5M].burn > t[0].factor);
}

static void the_time_to_the_page_is_invented(void **state)
{
	(void)state;
	struct slo_reading w[SLO_WINDOWS];
	struct slo_tier t[SLO_TIERS];
	/* After five minutes the 5 m window says the truth: what is left of
	 * the 43 minutes. */
	for (int d = 300; d < 2592; d += 300) {
		read_outage(WARM + d, .02, AFTER, w, t);
		/* The hour is modelled as losing what it holds evenly. */
		double e = .02 * d / 3600;
		near(t[0].fires_in, (.0144 - e) / (.02 - e) * 3600);
		assert_true(t[0].fires_in >= 2592 - d);
		/* Of 6 h: 6 x, later than the half hour's. */
		e = .02 * d / 21600;
		near(t[1].fires_in, (.006 - e) / (.02 - e) * 21600);
	}
	/* Nothing bad before: exact. */
	read_outage(WARM, 0, 0, w, t);
	assert_true(t[0].fires_in == INFINITY);
	w[SLO_5M].burn = 20;
	slo_read_tiers(&month, w, t);
	near(t[0].fires_in, 2592);
	w[SLO_5M].burn = 14.4;
	slo_read_tiers(&month, w, t);
	assert_true(t[0].fires_in == INFINITY);
	/* The later of both decides: here the brief one. */
	fill(&month, (struct slo_input){ .errors = of(7), .total = of(1000) },
	     w);
	w[SLO_5M].burn = 8;
	w[SLO_30M].burn = 2;
	slo_read_tiers(&month, w, t);
	near(t[1].fires_in, 4. / 6 * 1800);
}

/* ---- the budget --------------------------------------------------------- */

static struct slo_budget budget_of(const struct slo_def *d, time_ms span,
				   struct slo_input in, double coverage)
{
	struct slo_budget b;
	slo_read_budget(d, span, &in, coverage, &b);
	return b;
}

static void a_budget_is_of_other_requests(void **state)
{
	(void)state;
	struct slo_budget b = budget_of(&month, 30 * DAY, (struct slo_input){
		.errors = of(.01), .total = of(40) }, 2592000);
	near(b.total, 40 * 2592000.);
	near(b.bad, 25920);
	near(b.remaining, .75);
	near(b.failures_left, (103680 - 25920) / .999);
	near(b.coverage_s, 2592000);
	/* What may still fail, if only it comes: then all is gone. */
	near((b.bad + b.failures_left) / (b.total + b.failures_left), .001);
}

static void an_overspent_budget_stops_at_zero(void **state)
{
	(void)state;
	struct slo_budget b = budget_of(&month, 30 * DAY, (struct slo_input){
		.errors = of(.12), .total = of(40) }, 2592000);
	near(b.remaining, -2);
	assert_true(b.failures_left < 0);
	near(b.failures_left, (103680 - 311040) / .999);
}

/* rate(x[30d]) of 3 d at 40 a second is a tenth of it, and events are that by
 * 30 d. */
static void three_days_of_data_count_a_tenth(void **state)
{
	(void)state;
	struct slo_budget b = budget_of(&month, 30 * DAY, (struct slo_input){
		.errors = of(.001), .total = of(4) }, 259200);
	near(b.total, 40 * 259200.);
	near(b.bad, 2592);
	near(b.remaining, .75);
	near(b.coverage_s, 259200);
	/* More cannot be covered than was asked; less than nothing neither. */
	b = budget_of(&month, DAY, (struct slo_input){ .total = of(4) }, 1e9);
	near(b.coverage_s, 86400);
	near(b.remaining, 1);
	b = budget_of(&month, DAY, (struct slo_input){ .total = of(4) }, -1);
	near(b.coverage_s, 0);
	b = budget_of(&month, DAY, (struct slo_input){ .total = of(4) }, NAN);
	assert_true(isnan(b.coverage_s));
}

static void a_budget_without_numbers_is_whole(void **state)
{
	(void)state;
	struct slo_budget b = budget_of(&month, 30 * DAY,
					(struct slo_input){ 0 }, NAN);
	assert_true(isnan(b.remaining) && isnan(b.failures_left) &&
		    isnan(b.bad) && isnan(b.total));
	b = budget_of(&month, 30 * DAY, (struct slo_input){ .total = of(0) },
		      60);
	assert_true(isnan(b.remaining));
	near(b.failures_left, 0);
	/* Of a ratio only the share is known. */
	b = budget_of(&month, 30 * DAY,
		      (struct slo_input){ .ratio = of(.0004) }, 60);
	near(b.remaining, .6);
	assert_true(isnan(b.total) && isnan(b.failures_left));
	b = budget_of(&month, 30 * DAY, (struct slo_input){ .ratio = of(NAN) },
		      60);
	assert_true(isnan(b.remaining));
	/* What rules recorded of the period may be of another method. */
	b = budget_of(&month, 30 * DAY,
		      (struct slo_input){ .recorded = of(.0004) }, 60);
	assert_true(isnan(b.remaining));
	struct slo_def gauge = month;
	gauge.counts = true;
	b = budget_of(&gauge, 30 * DAY, (struct slo_input){
		.errors = of(30), .total = of(40000) }, 60);
	near(b.total, 40000);
	near(b.bad, 30);
	near(b.remaining, .25);
}

/* ---- slices ------------------------------------------------------------- */

static struct slo_def sliced(enum slo_method m)
{
	struct slo_def d = month;
	d.objective = .9;
	d.period = DAY;
	d.method = m;
	return d;
}

/* Four minutes and a gap: fine, busy and half broken, silent, lightly broken;
 * nothing for one; all broken. */
static const struct slo_cell minutes[] = {
	{ NOW + 60000, NAN, 100 },   { NOW + 120000, 500, 1000 },
	{ NOW + 180000, NAN, 0 },    { NOW + 240000, 1, 10 },
	{ NOW + 300000, NAN, NAN },  { NOW + 360000, 10, 10 },
};
#define MINUTES (sizeof(minutes) / sizeof(minutes[0]))

static void slices_are_counted_as_requests(void **state)
{
	(void)state;
	struct slo_def d = sliced(SLO_TIMESLICES);
	struct slo_budget b;
	slo_budget_of_slices(&d, minutes, MINUTES, &b);
	/* A tenth of the fourth is bad, and so it is just good. */
	near(b.total, 4);
	near(b.bad, 2);
	near(b.remaining, 1 - .5 / .1);
	near(b.failures_left, (.4 - 2) / .9);
	near(b.coverage_s, 360);
	d.slice_target = .95;
	slo_budget_of_slices(&d, minutes, MINUTES, &b);
	near(b.bad, 3);
	d.slice_target = .4;
	slo_budget_of_slices(&d, minutes, MINUTES, &b);
	near(b.bad, 1);

	d = sliced(SLO_RATIO_TIMESLICES);
	slo_budget_of_slices(&d, minutes, MINUTES, &b);
	near(b.total, 4);
	near(b.bad, .5 + .1 + 1);
	near(b.remaining, 1 - 1.6 / 4 / .1);

	d = sliced(SLO_OCCURRENCES);
	slo_budget_of_slices(&d, minutes, MINUTES, &b);
	near(b.total, 1120);
	near(b.bad, 511);
}

static void slices_of_nothing_are_good(void **state)
{
	(void)state;
	struct slo_def d = sliced(SLO_TIMESLICES);
	struct slo_budget b;
	slo_budget_of_slices(&d, minutes, 0, &b);
	assert_true(isnan(b.remaining) && isnan(b.coverage_s));
	slo_budget_of_slices(&d, &minutes[4], 1, &b);
	assert_true(isnan(b.remaining) && isnan(b.total));
	slo_budget_of_slices(&d, &minutes[2], 1, &b);
	assert_true(isnan(b.remaining));
	near(b.total, 0);
	near(b.coverage_s, 60);
	const struct slo_cell odd[] = {
		{ NOW + 60000, INFINITY, 10 }, { NOW + 120000, 1, INFINITY },
		{ NOW + 180000, 1, -1 },       { NOW + 240000, 1, 10 },
	};
	for (unsigned m = SLO_OCCURRENCES; m <= SLO_RATIO_TIMESLICES; m++) {
		d.method = (enum slo_method)m;
		slo_budget_of_slices(&d, odd, 4, &b);
		near(b.total, m == SLO_OCCURRENCES ? 10 : 1);
		near(b.remaining, m == SLO_TIMESLICES ? 1 : 0);
	}
}

static void a_period_is_asked_in_too_many_cells(void **state)
{
	(void)state;
	static const struct {
		enum slo_method method;
		time_ms period, slice, cell;
	} rows[] = {
		{ SLO_OCCURRENCES, 30 * DAY, 0, HOUR },
		{ SLO_OCCURRENCES, 28 * DAY, 0, 56 * 60000 },
		{ SLO_OCCURRENCES, 7 * DAY, 0, 14 * 60000 },
		{ SLO_OCCURRENCES, 31 * DAY, 0, 62 * 60000 },
		{ SLO_OCCURRENCES, HOUR, 0, 60000 },
		{ SLO_OCCURRENCES, 12 * HOUR + 1, 0, 120000 },
		{ SLO_OCCURRENCES, 30 * DAY, 300000, HOUR },
		{ SLO_OCCURRENCES, 0, 0, 60000 },
		{ SLO_TIMESLICES, 7 * DAY, 0, 60000 },
		{ SLO_TIMESLICES, 7 * DAY, 300000, 300000 },
		{ SLO_TIMESLICES, 30 * DAY, 0, 240000 },
		{ SLO_RATIO_TIMESLICES, 30 * DAY, 300000, 300000 },
		{ SLO_RATIO_TIMESLICES, 90 * DAY, 300000, 900000 },
		{ SLO_TIMESLICES, 30 * DAY, -5, 240000 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slo_def d = { .objective = .99, .period = rows[i].period,
				     .method = rows[i].method,
				     .slice = rows[i].slice };
		assert_int_equal(slo_cell(&d), rows[i].cell);
	}
	for (time_ms p = HOUR; p <= 400 * DAY; p += 5 * HOUR + 7) {
		struct slo_def d = { .period = p, .method = SLO_TIMESLICES };
		time_ms cell = slo_cell(&d);
		assert_true(p <= cell * (time_ms)LIMIT_POINTS);
		assert_true(cell % 60000 == 0);
		assert_true(cell == 60000 ||
			    p > (cell - 60000) * (time_ms)LIMIT_POINTS);
	}
	struct slo_def odd = { .period = INT64_MAX, .method = SLO_TIMESLICES };
	assert_true(slo_cell(&odd) > 0);
}

/* ---- exhaustion --------------------------------------------------------- */

static struct slo_exhaustion exhaust(const struct slo_def *d, double ratio,
				     double rate, double remaining,
				     const struct slo_cell *cell, size_t nr)
{
	struct slo_reading hour = read_hour(d, (struct slo_input){
		.errors = of(ratio * rate), .total = of(rate) });
	struct slo_budget b = { .remaining = remaining };
	struct slo_exhaustion x;
	slo_read_exhaustion(d, &hour, &b, cell, nr, NOW, &x);
	return x;
}

static void the_budget_is_gone_at_another_time(void **state)
{
	(void)state;
	struct slo_exhaustion x = exhaust(&month, .002, 10, .5, NULL, 0);
	near(x.entire, 15 * 86400);
	near(x.remaining, 7.5 * 86400);
	assert_true(isnan(x.rolling));
	/* Spent is spent, burning or not. */
	x = exhaust(&month, .002, 10, -.5, NULL, 0);
	near(x.entire, 15 * 86400);
	assert_true(x.remaining == 0);
	x = exhaust(&month, 0, 10, 0, NULL, 0);
	assert_true(isnan(x.entire) && x.remaining == 0);
	/* Never at this rate; not known. */
	x = exhaust(&month, 0, 10, .5, NULL, 0);
	assert_true(isnan(x.entire) && isnan(x.remaining));
	x = exhaust(&month, 0, 0, .5, NULL, 0);
	assert_true(isnan(x.entire) && isnan(x.remaining));
	x = exhaust(&month, .002, 10, NAN, NULL, 0);
	near(x.entire, 15 * 86400);
	assert_true(isnan(x.remaining));
}

#define CELLS 720

/* A month in which 10 a second came and hour `bad` failed by `ratio`. */
static void a_month(struct slo_cell cell[CELLS], size_t bad, double ratio)
{
	for (size_t i = 0; i < CELLS; i++)
		cell[i] = (struct slo_cell){
			.at = NOW - 30 * DAY + (time_ms)(i + 1) * HOUR,
			.errors = i == bad ? 36000 * ratio : 0,
			.total = 36000,
		};
}

static void errors_that_expire_still_weigh(void **state)
{
	(void)state;
	static struct slo_cell cell[CELLS];
	/* Half of the budget went in the first hour, which goes out at once;
	 * so all of it is there to be burnt twice as fast: 15 days. */
	a_month(cell, 0, .36);
	struct slo_exhaustion x = exhaust(&month, .002, 10, .5, cell, CELLS);
	near(x.rolling, 15 * 86400);
	near(x.remaining, 7.5 * 86400);
	/* It went in the last hour: that stays, and 7.5 days are left. */
	a_month(cell, CELLS - 1, .36);
	x = exhaust(&month, .002, 10, .5, cell, CELLS);
	near(x.rolling, 7.5 * 86400);
	/* In the fifth day: gone before it helps the second time. */
	a_month(cell, 24 * 5 - 1, .36);
	x = exhaust(&month, .002, 10, .5, cell, CELLS);
	near(x.rolling, 15 * 86400);
	/* On the tenth day it would help, but 7.5 days are over before. */
	a_month(cell, 24 * 10 - 1, .36);
	x = exhaust(&month, .002, 10, .5, cell, CELLS);
	near(x.rolling, 7.5 * 86400);
	/* Just the budget's rate fills a clean month and never more; what is
	 * older than the last hour goes out in time. */
	a_month(cell, 0, 0);
	x = exhaust(&month, .0009, 10, 1, cell, CELLS);
	assert_true(isnan(x.rolling));
	near(x.remaining, 30 * 86400 / .9);
	/* What is older than the period is gone, what is newer than the
	 * moment is not yet. */
	a_month(cell, CELLS - 1, .36);
	static struct slo_cell more[CELLS + 2];
	memcpy(more + 1, cell, sizeof(cell));
	more[0] = (struct slo_cell){ NOW - 30 * DAY, 36000, 36000 };
	more[CELLS + 1] = (struct slo_cell){ NOW + HOUR, 36000, 36000 };
	x = exhaust(&month, .002, 10, .5, more, CELLS + 2);
	near(x.rolling, 7.5 * 86400);
	/* Overspent already. */
	a_month(cell, CELLS / 2, .73);
	x = exhaust(&month, .0001, 10, -.1, cell, CELLS);
	assert_true(x.rolling == 0);
	/* Nobody knows the hour. */
	x = exhaust(&month, 0, 0, .5, cell, CELLS);
	assert_true(isnan(x.rolling));
	/* A calendar's errors stay till its end. */
	struct slo_def calendar = month;
	calendar.calendar = CALENDAR_MONTH;
	x = exhaust(&calendar, .002, 10, .5, cell, CELLS);
	assert_true(isnan(x.rolling));
}

/* Every second of the next month, by hand. */
static double by_hand(const struct slo_cell cell[CELLS], double ratio,
		      double rate)
{
	double bad = 0, total = 0;
	for (size_t i = 0; i < CELLS; i++) {
		bad += cell[i].errors;
		total += cell[i].total;
	}
	for (int s = 0; s < CELLS * 3600; s++) {
		if (bad >= .001 * total)
			return s;
		bad += ratio * rate - cell[s / 3600].errors / 3600;
		total += rate - cell[s / 3600].total / 3600;
	}
	return NAN;
}

static void a_quiet_night_is_overlooked_in_what_expires(void **state)
{
	(void)state;
	static struct slo_cell cell[CELLS];
	unsigned seed = 7;
	int never = 0, gone = 0;
	for (int turn = 0; turn < 40; turn++) {
		for (size_t i = 0; i < CELLS; i++) {
			seed = seed * 1103515245u + 12345u;
			double n = 1000 + (seed >> 16) % 30000;
			seed = seed * 1103515245u + 12345u;
			cell[i] = (struct slo_cell){
				.at = NOW - 30 * DAY + (time_ms)(i + 1) * HOUR,
				.errors = n * ((seed >> 16) % 170) * 1e-5,
				.total = n,
			};
		}
		double ratio = .0008 + .00004 * turn;
		double want = by_hand(cell, ratio, 4);
		double have = exhaust(&month, ratio, 4, .1, cell,
				      CELLS).rolling;
		if (isnan(want)) {
			assert_true(isnan(have));
			never++;
		} else {
			assert_true(fabs(have - want) <= 1);
			gone++;
		}
	}
	assert_true(never > 2 && gone > 2);
}

static void slices_expire_as_requests(void **state)
{
	(void)state;
	static struct slo_cell cell[1440];
	struct slo_def d = sliced(SLO_TIMESLICES);
	/* 72 bad minutes of a day of 1,440 that may have 144. */
	for (size_t i = 0; i < 1440; i++)
		cell[i] = (struct slo_cell){
			.at = NOW - DAY + (time_ms)(i + 1) * 60000,
			.errors = i >= 1368 ? 60 : 0, .total = 60,
		};
	/* From now on each minute is bad, however lightly over its target. */
	struct slo_exhaustion x = exhaust(&d, .11, 1, .5, cell, 1440);
	near(x.rolling, 72 * 60);
	/* Every minute is good enough. */
	x = exhaust(&d, .1, 1, .5, cell, 1440);
	assert_true(isnan(x.rolling));
	d.method = SLO_RATIO_TIMESLICES;
	x = exhaust(&d, .2, 1, .5, cell, 1440);
	near(x.rolling, 72 / .2 * 60);
	/* Requests that nobody counts come as they did. */
	d.method = SLO_OCCURRENCES;
	d.period = 12 * HOUR;
	struct slo_reading hour = read_hour(&d, (struct slo_input){
		.ratio = of(.2) });
	struct slo_budget b = { .remaining = 0 };
	slo_read_exhaustion(&d, &hour, &b, cell + 648, 720, NOW - 72 * 60000,
			    &x);
	near(x.rolling, 720 * .1 / .2 * 60);
	/* On average of the minutes that said something: 60 in each, also
	 * where the oldest third did not. 240 minutes nothing goes out, from
	 * then on there are 720 with 43,200: 360 minutes of 12 are 10 %. */
	for (size_t i = 648; i < 888; i++)
		cell[i].total = NAN;
	slo_read_exhaustion(&d, &hour, &b, cell + 648, 720, NOW - 72 * 60000,
			    &x);
	near(x.rolling, 360 * 60);
}

/* ---- calendars ---------------------------------------------------------- */

static time_ms utc(int year, int mon, int day, int h)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = mon - 1,
			 .tm_mday = day, .tm_hour = h };
	return (time_ms)timegm(&tm) * 1000;
}

static void zones_or_skip(const char *zone)
{
	struct zone z;
	struct err e;
	int rc = zone_load(&z, NULL, zone, &e);
	zone_release(&z);
	if (rc == 0)
		return;
	print_message("SKIPPED: %s\n", e.text);
	skip();
}

static struct slo_def calendar(enum calendar_unit u, int every, time_ms start,
			       const char *zone)
{
	struct slo_def d = month;
	d.calendar = u;
	d.calendar_every = every;
	d.calendar_start = start;
	d.zone = zone;
	return d;
}

static void window_is(const struct slo_def *d, time_ms at, time_ms from,
		      time_ms to)
{
	time_ms f, t;
	struct err e;
	char have[TIME_TEXT], want[TIME_TEXT];
	if (slo_bounds(d, at, &f, &t, &e))
		fail_msg("%s", e.text);
	assert_string_equal(time_iso(f, have), time_iso(from, want));
	assert_string_equal(time_iso(t, have), time_iso(to, want));
}

static void a_rolling_period_begins_at_a_midnight(void **state)
{
	(void)state;
	window_is(&month, NOW + 5, NOW + 5 - 30 * DAY, NOW + 5);
}

static void a_month_is_of_thirty_days(void **state)
{
	(void)state;
	struct slo_def d = calendar(CALENDAR_MONTH, 1, utc(2024, 1, 1, 0),
				    NULL);
	time_ms february = utc(2024, 2, 1, 0), march = utc(2024, 3, 1, 0);
	window_is(&d, utc(2024, 2, 29, 23), february, march);
	window_is(&d, february, february, march);
	window_is(&d, march - 1, february, march);
	window_is(&d, march, march, utc(2024, 4, 1, 0));
	window_is(&d, utc(2025, 2, 10, 0), utc(2025, 2, 1, 0),
		  utc(2025, 3, 1, 0));
	/* Before the start too. */
	window_is(&d, utc(2023, 11, 30, 0), utc(2023, 11, 1, 0),
		  utc(2023, 12, 1, 0));
	/* The 31st: of shorter months the last day, and then the 31st again. */
	d.calendar_start = utc(2024, 1, 31, 12) + 7;
	window_is(&d, utc(2024, 3, 1, 0), utc(2024, 2, 29, 12) + 7,
		  utc(2024, 3, 31, 12) + 7);
	window_is(&d, utc(2024, 4, 30, 12), utc(2024, 3, 31, 12) + 7,
		  utc(2024, 4, 30, 12) + 7);
}

static void quarters_weeks_and_years_are_mistaken(void **state)
{
	(void)state;
	struct slo_def d = calendar(CALENDAR_QUARTER, 1, utc(2026, 1, 1, 0),
				    "UTC");
	window_is(&d, utc(2026, 11, 25, 10), utc(2026, 10, 1, 0),
		  utc(2027, 1, 1, 0));
	d = calendar(CALENDAR_QUARTER, 2, utc(2026, 4, 1, 0), "UTC");
	window_is(&d, utc(2026, 3, 31, 23), utc(2025, 10, 1, 0),
		  utc(2026, 4, 1, 0));
	d = calendar(CALENDAR_YEAR, 1, utc(2024, 2, 29, 0), "Etc/UTC");
	window_is(&d, utc(2025, 3, 1, 0), utc(2025, 2, 28, 0),
		  utc(2026, 2, 28, 0));
	d = calendar(CALENDAR_WEEK, 1, utc(2026, 11, 23, 0), "");
	window_is(&d, utc(2026, 11, 29, 23), utc(2026, 11, 23, 0),
		  utc(2026, 11, 30, 0));
	d = calendar(CALENDAR_WEEK, 4, utc(2026, 11, 23, 0), NULL);
	window_is(&d, utc(2026, 11, 22, 0), utc(2026, 10, 26, 0),
		  utc(2026, 11, 23, 0));
	d = calendar(CALENDAR_DAY, 0, utc(2026, 11, 23, 6), NULL);
	window_is(&d, utc(2026, 11, 25, 5), utc(2026, 11, 24, 6),
		  utc(2026, 11, 25, 6));
}

static void a_day_with_a_clock_change_has_24_hours(void **state)
{
	(void)state;
	zones_or_skip("Europe/Berlin");
	zones_or_skip("America/New_York");
	struct slo_def d = calendar(CALENDAR_DAY, 1, utc(2025, 1, 1, 0),
				    "Europe/Berlin");
	/* 30 March has 23 hours, 26 October 25. */
	window_is(&d, utc(2025, 3, 30, 12), utc(2025, 3, 29, 23),
		  utc(2025, 3, 30, 22));
	window_is(&d, utc(2025, 10, 26, 12), utc(2025, 10, 25, 22),
		  utc(2025, 10, 26, 23));
	window_is(&d, utc(2025, 10, 26, 22) + 1, utc(2025, 10, 25, 22),
		  utc(2025, 10, 26, 23));
	/* Beyond every table of a file: by its rule. */
	window_is(&d, utc(2060, 7, 1, 12), utc(2060, 6, 30, 22),
		  utc(2060, 7, 1, 22));
	window_is(&d, utc(2060, 12, 1, 12), utc(2060, 11, 30, 23),
		  utc(2060, 12, 1, 23));
	/* At half past two: never on 30 March, twice on 26 October. */
	d.calendar_start = utc(2025, 1, 1, 2) + 30 * 60000;
	window_is(&d, utc(2025, 3, 30, 1) + 30 * 60000,
		  utc(2025, 3, 30, 1) + 30 * 60000,
		  utc(2025, 3, 31, 0) + 30 * 60000);
	window_is(&d, utc(2025, 10, 26, 1) + 30 * 60000,
		  utc(2025, 10, 26, 0) + 30 * 60000,
		  utc(2025, 10, 27, 1) + 30 * 60000);
	window_is(&d, utc(2025, 10, 26, 1) + 15 * 60000,
		  utc(2025, 10, 26, 0) + 30 * 60000,
		  utc(2025, 10, 27, 1) + 30 * 60000);

	d = calendar(CALENDAR_DAY, 1, utc(2025, 1, 1, 0), "America/New_York");
	window_is(&d, utc(2025, 3, 9, 12), utc(2025, 3, 9, 5),
		  utc(2025, 3, 10, 4));
	window_is(&d, utc(2025, 11, 2, 12), utc(2025, 11, 2, 4),
		  utc(2025, 11, 3, 5));
}

static void a_month_begins_at_somebody_elses_midnight(void **state)
{
	(void)state;
	zones_or_skip("Europe/Berlin");
	zones_or_skip("America/New_York");
	struct slo_def d = calendar(CALENDAR_MONTH, 1, utc(2025, 1, 1, 0),
				    "Europe/Berlin");
	window_is(&d, utc(2025, 3, 15, 0), utc(2025, 2, 28, 23),
		  utc(2025, 3, 31, 22));
	window_is(&d, utc(2025, 3, 31, 22) - 1, utc(2025, 2, 28, 23),
		  utc(2025, 3, 31, 22));
	window_is(&d, utc(2025, 3, 31, 22), utc(2025, 3, 31, 22),
		  utc(2025, 4, 30, 22));
	window_is(&d, utc(2025, 10, 31, 22) + 1, utc(2025, 9, 30, 22),
		  utc(2025, 10, 31, 23));
	d = calendar(CALENDAR_QUARTER, 1, utc(2025, 1, 1, 0),
		     "America/New_York");
	window_is(&d, utc(2025, 11, 25, 0), utc(2025, 10, 1, 4),
		  utc(2026, 1, 1, 5));
	/* In London April has come, here the last hour of February's. */
	d = calendar(CALENDAR_MONTH, 1, utc(2025, 1, 31, 23),
		     "America/New_York");
	window_is(&d, utc(2025, 4, 1, 2), utc(2025, 3, 1, 4),
		  utc(2025, 4, 1, 3));
	d = calendar(CALENDAR_WEEK, 1, utc(2025, 1, 6, 0), "America/New_York");
	window_is(&d, utc(2025, 11, 2, 12), utc(2025, 10, 27, 4),
		  utc(2025, 11, 3, 5));
}

static void windows_overlap_or_leave_a_gap(void **state)
{
	(void)state;
	zones_or_skip("Europe/Berlin");
	for (enum calendar_unit u = CALENDAR_DAY; u <= CALENDAR_YEAR; u++) {
		struct slo_def d = calendar(u, 1, utc(2025, 1, 31, 2) + 1,
					    "Europe/Berlin");
		time_ms from, to, next, at = utc(2023, 12, 1, 0);
		for (int i = 0; i < 400; i++, at = to) {
			assert_int_equal(slo_bounds(&d, at, &from, &to, NULL),
					 0);
			assert_true(from <= at && at < to);
			assert_true(i == 0 || from == at);
			assert_int_equal(slo_bounds(&d, to - 1, &from, &next,
						    NULL), 0);
			assert_true(next == to);
		}
	}
}

static void a_zone_nobody_knows_is_taken_for_utc(void **state)
{
	(void)state;
	time_ms from, to;
	struct err e;
	struct slo_def d = calendar(CALENDAR_MONTH, 1, NOW, "Europe/Atlantis");
	assert_int_equal(slo_bounds(&d, NOW, &from, &to, &e), -1);
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "Europe/Atlantis"));
	d.zone = "../../../etc/passwd";
	assert_int_equal(slo_bounds(&d, NOW, &from, &to, &e), -1);
	assert_non_null(strstr(e.text, "no name of a time zone"));
	d = calendar(CALENDAR_MONTH, 1, INT64_MAX, NULL);
	assert_int_equal(slo_bounds(&d, NOW, &from, &to, &e), -1);
	assert_non_null(strstr(e.text, "'shop'"));
	d = calendar(CALENDAR_YEAR, INT32_MAX, utc(2025, 1, 1, 0), NULL);
	window_is(&d, NOW, utc(2025, 1, 1, 0), utc(3025, 1, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_reads_another_word),
		cmocka_unit_test(a_window_is_asked_under_another_name),
		cmocka_unit_test(a_ratio_burns_at_another_rate),
		cmocka_unit_test(health_without_an_error_series_is_unknown),
		cmocka_unit_test(a_night_without_traffic_is_perfect_or_broken),
		cmocka_unit_test(a_target_that_is_gone_looks_healthy),
		cmocka_unit_test(what_rules_recorded_is_not_believed),
		cmocka_unit_test(a_ready_made_ratio_needs_a_total),
		cmocka_unit_test(a_gauge_gets_requests_per_second),
		cmocka_unit_test(nothing_may_fail_and_json_is_infinite),
		cmocka_unit_test(tiers_of_28_days_fire_at_30_days_factors),
		cmocka_unit_test(a_teams_own_tiers_are_ignored),
		cmocka_unit_test(a_burn_of_exactly_the_factor_fires),
		cmocka_unit_test(one_window_alone_pages),
		cmocka_unit_test(one_error_at_night_wakes_somebody),
		cmocka_unit_test(silence_outranks_a_page),
		cmocka_unit_test(an_outage_pages_too_late_or_a_blip_does),
		cmocka_unit_test(the_time_to_the_page_is_invented),
		cmocka_unit_test(a_budget_is_of_other_requests),
		cmocka_unit_test(an_overspent_budget_stops_at_zero),
		cmocka_unit_test(three_days_of_data_count_a_tenth),
		cmocka_unit_test(a_budget_without_numbers_is_whole),
		cmocka_unit_test(slices_are_counted_as_requests),
		cmocka_unit_test(slices_of_nothing_are_good),
		cmocka_unit_test(a_period_is_asked_in_too_many_cells),
		cmocka_unit_test(the_budget_is_gone_at_another_time),
		cmocka_unit_test(errors_that_expire_still_weigh),
		cmocka_unit_test(a_quiet_night_is_overlooked_in_what_expires),
		cmocka_unit_test(slices_expire_as_requests),
		cmocka_unit_test(a_rolling_period_begins_at_a_midnight),
		cmocka_unit_test(a_month_is_of_thirty_days),
		cmocka_unit_test(quarters_weeks_and_years_are_mistaken),
		cmocka_unit_test(a_day_with_a_clock_change_has_24_hours),
		cmocka_unit_test(a_month_begins_at_somebody_elses_midnight),
		cmocka_unit_test(windows_overlap_or_leave_a_gap),
		cmocka_unit_test(a_zone_nobody_knows_is_taken_for_utc),
	};
	return cmocka_run_group_tests_name("slo", tests, NULL, NULL);
}
