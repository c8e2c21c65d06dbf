/* Panels of objectives, thresholds and changes against rows that are made by
 * hand: checkout pages, payments is a ticket, search has overspent, mail is
 * silent, gateway was promised nothing. */
#include "tests/unit/panels.h"

#include "widgets/objective.h"

#include "base/mem.h"
#include "base/text.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW ((time_ms)1795617125000) /* 2026-11-25T14:32:05Z */
#define ONSET (NOW - 2400000)
#define DAY ((time_ms)86400000)
#define ROWS 12

/* ---- objectives --------------------------------------------------------- */

static const struct store_source prom = {
	.name = "prom-a", .kind = "prometheus", .url = "",
	.state = SOURCE_UP, .answered = NOW, .down_since = TIME_NONE,
	.settled = NOW, .step = 15000, .range_to = NOW, .skew_s = NAN,
};

static const struct slo_def defs[] = {
	{ .id = "checkout-availability", .service = "checkout",
	  .objective = 0.999, .period = 30 * DAY,
	  .errors = "sum(rate(http_requests_total{code=~\"5..\"}[$window]))",
	  .total = "sum(rate(http_requests_total[$window]))",
	  .where = "slo.yml:12" },
	{ .id = "payments", .service = "payments", .objective = 0.999,
	  .period = 30 * DAY, .ratio = "job:errors:ratio$window",
	  .runbook = "https://runbooks/payments" },
	{ .id = "latency", .service = "checkout", .objective = 0.99,
	  .period = 30 * DAY, .latency = 0.3, .derived = true },
	{ .id = "search-slices", .service = "search", .objective = 0.95,
	  .period = 28 * DAY, .method = SLO_TIMESLICES, .slice = 60000,
	  .errors = "bad", .total = "all" },
	{ .id = "mail-delivered", .service = "mail", .objective = 0.995,
	  .period = 30 * DAY, .recorded = "slo:sli_error:ratio_rate$window" },
	{ .id = "gateway", .service = "gateway", .objective = 0.999,
	  .period = 30 * DAY, .implicit = true, .derived = true },
	{ .id = "cart", .service = "cart", .objective = 0.999,
	  .period = 30 * DAY },
};
#define DEFS ((int)(sizeof(defs) / sizeof(*defs)))

static const double burns[][SLO_WINDOWS] = {
	{ 19.1, 19.5, 14.8, 7.6, 3.2, .9, .5 },
	{ 1.4, 1.3, 1.3, 1.3, 1.3, 3.2, 1.1 },
	{ 2.9, 2.6, 2.0, 1.1, .5, .2, .2 },
	{ .3, .3, .2, .2, .2, .2, .2 },
	{ NAN, NAN, NAN, NAN, NAN, NAN, NAN },
	{ .4, .4, .4, .4, .4, .3, .3 },
	{ .2, .2, .1, .1, .1, .1, 0 },
};
static const double left[] = { .632, .084, .811, -.412, .941, .921, .98 };

static const enum service_state states[] = {
	STATE_PAGE, STATE_TICKET, STATE_OK, STATE_OK, STATE_NODATA, STATE_OK,
	STATE_OK,
};

static void fill_tiers(struct slo_row *r)
{
	static const struct slo_tier tiers[SLO_TIERS] = {
		{ true, SLO_5M, SLO_1H, 14.4, 0, 0, true, 0.2, false,
		  INFINITY },
		{ true, SLO_30M, SLO_6H, 6, 0, 0, true, 0.2, false, 3060 },
		{ false, SLO_2H, SLO_1D, 3, 0, 0, true, 0.2, false, 23460 },
		{ false, SLO_6H, SLO_3D, 1, 0, 0, true, 0.2, false, 42840 },
	};

	for (int i = 0; i < SLO_TIERS; i++) {
		struct slo_tier *t = &r->tier[i];
		*t = tiers[i];
		t->burn_brief = r->window[t->brief].burn;
		t->burn_lasting = r->window[t->lasting].burn;
		t->firing = t->burn_brief > t->factor &&
			    t->burn_lasting > t->factor;
		if (!(r->window[SLO_5M].burn > 1))
			t->fires_in = isnan(t->burn_brief) ? NAN : INFINITY;
		if (t->firing)
			t->fires_in = 0;
	}
}

static void fill_slo(struct slo_row *r, struct store_slo *s, int k)
{
	const struct slo_def *d = &defs[k];

	*s = (struct store_slo){ .def = d, .source = &prom };
	*r = (struct slo_row){
		.def = d, .source = &prom, .slo = s, .name = d->service,
		.from = k == 4 ? SLO_FROM_RECORDED : SLO_FROM_QUERY,
		.state = states[k], .since = k == 0 ? ONSET : TIME_NONE,
		.at = NOW, .period_from = NOW - d->period,
		.verdict = k == 0 ? SLO_PAGE : k == 1 ? SLO_TICKET
			   : k == 4 ? SLO_VERDICT_NODATA : SLO_FINE,
	};
	for (int w = 0; w < SLO_WINDOWS; w++)
		r->window[w] = (struct slo_reading){
			.state = isnan(burns[k][w]) ? SLO_NODATA : SLO_IS_OK,
			.err_per_s = NAN, .total_per_s = NAN, .total = NAN,
			.error_ratio = burns[k][w] * (1 - d->objective),
			.burn = burns[k][w],
		};
	fill_tiers(r);
	r->budget = (struct slo_budget){
		.remaining = left[k], .coverage_s = (double)d->period / 1e3,
		.failures_left = left[k] * 1200, .bad = NAN, .total = NAN,
	};
	double remaining = left[k] > 0 ? left[k] * (double)d->period / 1e3 /
					 burns[k][SLO_1H] : NAN;
	r->exhaustion = (struct slo_exhaustion){ NAN, remaining, NAN };
}

/* ---- thresholds --------------------------------------------------------- */

static const struct threshold_def limits[] = {
	{ .id = "disk-sda", .critical = { true, 85, NAN },
	  .warning = { true, 70, NAN }, .period = 60000, .m = 3, .n = 5,
	  .unit = "%", .runbook = "https://runbooks/disk",
	  .what = "the disk of the database fills up" },
	{ .id = "hits", .critical = { true, NAN, 0.8 }, .period = 300000,
	  .m = 1, .n = 1, .unit = "ratio" },
	{ .id = "QueueGrows", .alert = true, .hold = 300000, .period = 60000,
	  .critical = { true, 0, NAN }, .m = 1, .n = 1 },
};

static void fill_thresholds(struct threshold_row *t)
{
	for (int i = 0; i < 3; i++)
		t[i] = (struct threshold_row){
			.def = &limits[i], .source = &prom, .nearness = 1.1,
			.state = { LEVEL_OK, 0.97, 0.8, NOW - 7200000, NAN,
				   LEVEL_OK, false },
		};
	t[0].state = (struct threshold_state){ LEVEL_CRITICAL, 91.2, 85,
					       NOW - 600000, 92.5,
					       LEVEL_CRITICAL, false };
	strcpy(t[0].group, "instance=\"db-1\"");
	t[2].state = (struct threshold_state){ LEVEL_NODATA, NAN, NAN,
					       TIME_NONE, NAN, LEVEL_NODATA,
					       false };
}

/* ---- changes ------------------------------------------------------------ */

static const struct event seen[] = {
	{ ONSET - 70000, TIME_NONE, EVENT_DEPLOY, SEVERITY_INFO, "checkout",
	  "v841 → v842", "v842" },
	{ ONSET + 50000, TIME_NONE, EVENT_RESTART, SEVERITY_WARN, "checkout",
	  "3 of 12 instances", NULL },
};
static const char *const notes[] = { "traffic +1%", "instances 12 of 12",
				     "not known: feature flags" };

static const struct change_answer answer = {
	.want = { "checkout", ONSET - 900000, ONSET, ONSET, NOW },
	.queries = 4, .slow_over = 0.3,
	.all = { "", "", { 360000, 960000 }, { 70, 18400 }, { 900, 2400 },
		 { .2, .9 } },
	.nr = 36, .nr_events = 2, .event = seen, .nr_notes = 3, .note = notes,
	.rate_last_week = NAN,
};

static void fill_changed(struct changed *c)
{
	static const struct changed_row rows[] = {
		{ "route", "/pay", .91, .88, .01, .0004, .218, .31, 1.9, .08,
		  33, 34, .83, false, false },
		{ "version", "v842", 1, 1, .5, NAN, .0191, NAN, .9, 1, 0, 400,
		  0, true, false },
		{ "region", "eu-west", .52, .5, .5, .0002, .0194, .3, .9, .517,
		  207, 209, .003, false, false },
	};

	*c = (struct changed){ .answer = &answer, .nr = 3, .nr_more = 30,
			       .new_errors = 7.5, .new_slow = 2, .new_rate = 1,
			       .onset = ONSET, .cause = 0 };
	memcpy(c->row, rows, sizeof(rows));
}

/* ---- the view ----------------------------------------------------------- */

struct desk {
	struct slo_row slo[ROWS];
	struct store_slo held[ROWS];
	struct threshold_row threshold[3];
	struct changed changed;
	struct service service;
	struct shape shape;
	struct red_row row;
	struct view view;
};

static struct desk *open_desk(enum page page)
{
	struct desk *d = mem_zero(1, sizeof(*d));

	for (int i = 0; i < ROWS; i++)
		fill_slo(&d->slo[i], &d->held[i], i < DEFS ? i : DEFS - 1);
	fill_thresholds(d->threshold);
	fill_changed(&d->changed);
	d->shape = (struct shape){ .id = 1, .label = "job",
				   .layer = LAYER_APP };
	d->service = (struct service){ .name = "checkout", .shape = &d->shape,
				       .source = &prom };
	d->row = (struct red_row){
		.service = &d->service, .at = NOW, .rate = 400,
		.error_ratio = 0.0191, .burn_5m = 19.1, .burn_1h = 14.8,
		.objective = 0.999, .objective_from = OBJECTIVE_SPEC,
		.state = STATE_PAGE, .since = ONSET, .mean = NAN,
		.p50.value = NAN, .p95.value = NAN, .p99.value = NAN,
	};
	d->view = (struct view){
		.page = page, .now = NOW, .edge = NOW, .dot = 60000,
		.cursor = TIME_NONE, .step = 15000,
		.held_from = NOW - 9000000, .held_to = NOW, .filter = "",
		.title = "shop/prod", .started = NOW - 800, .speed = 1,
		.key_ms = NAN, .link_ms = NAN, .out_bytes_per_s = NAN,
		.cpu_ratio = NAN, .rss_bytes = NAN, .frame_bytes = NAN,
		.row = &d->row, .all = &d->row, .nr_rows = 1, .nr_all = 1,
		.sel = &d->row, .slo = d->slo, .nr_slos = ROWS,
		.worst_slo = &d->slo[0], .threshold = d->threshold,
		.nr_thresholds = 3, .changed = &d->changed,
	};
	return d;
}

static struct surface *draw(const struct desk *d, const char *kind, int w,
			    int h, enum graph g)
{
	return draw_view(&d->view, kind, w, h, g);
}

/* The ground where a text stands. */
static enum role ground_of(const struct surface *s, int y, const char *part)
{
	const char *line = row_text(s, y), *at = strstr(line, part);

	assert_non_null(at);
	char before[400];
	size_t n = (size_t)(at - line);
	assert_true(n < sizeof(before));
	memcpy(before, line, n);
	before[n] = '\0';
	return (enum role)surface_cell(s, text_width(before), y)->ground;
}

/* ---- the table ---------------------------------------------------------- */

static void the_worst_objective_is_not_first(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_row(s, 0, "   objective              target              5m   30m"
			 "    1h    2h    6h    1d    3d   budget"
			 "                 gone in");
	assert_row(s, 1, "▌▲ checkout-availability  99.9%            19.1x 19.5x"
			 " 14.8x  7.6x  3.2x  0.9x  0.5x   ━━━━━━╸───      63.2%"
			 "  ~1d 6h");
	assert_has(s, 2, " ◆ payments               99.9%             1.4x  1.3x");
	assert_has(s, 2, "━─────────      8.40%  ~1d 22h");
	assert_has(s, 3, " · checkout latency       99% <300ms ");
	surface_free(s);
	free(d);
}

static void how_fast_a_window_burns_is_not_shaded(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_int_equal(ground_of(s, 1, "19.5x"), R_BURN14);
	assert_int_equal(ground_of(s, 1, "7.6x"), R_BURN6);
	assert_int_equal(ground_of(s, 1, "3.2x"), R_BURN1);
	assert_int_equal(ground_of(s, 1, "0.9x"), R_SELECT);
	assert_int_equal(ground_of(s, 3, "0.5x"), R_DEFAULT);
	surface_free(s);
	free(d);
}

static void a_spent_budget_looks_like_an_empty_one(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_has(s, 4, " · search-slices          95% by 1m ");
	assert_has(s, 4, "────────── 41.2% over  gone");
	surface_free(s);
	free(d);
}

static void no_data_looks_like_zero(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_has(s, 5, " ○ mail-delivered         99.5%                –     –"
			 "     –     –     –     –     –   ━━━━━━━━━╸      94.1%"
			 "  –");
	surface_free(s);
	free(d);
}

static void what_nobody_promised_looks_promised(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->view.selected_slo = 5;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_has(s, 6, "▌· gateway                99.9% default");
	surface_free(s);
	s = draw(d, "slohead", 120, 1, GRAPH_BRAILLE);
	assert_row(s, 0, " ▌ gateway   99.9% of requests answered without "
			 "errors: the default, nobody promised it");
	surface_free(s);
	free(d);
}

static void what_is_well_is_not_summed_up(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_has(s, 9, " · 4 more objectives, all under 1x in every window");
	assert_has(s, 9, "a window is shaded over   1x   6x 14.4x");
	surface_free(s);
	d->slo[8].window[SLO_3D].burn = NAN;
	s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);
	assert_has(s, 9, " · 4 more objectives, all under 1x   ");
	surface_free(s);
	s = draw(d, "slos", 120, 4, GRAPH_BRAILLE);
	assert_has(s, 3, " · 10 more objectives, 1 over 1x in a window, 1 "
			 "overspent, 1 without data");
	surface_free(s);
	d->view.selected_slo = 11;
	s = draw(d, "slos", 120, 4, GRAPH_BRAILLE);
	assert_has(s, 2, "▌· cart ");
	assert_has(s, 3, "10 worse above");
	surface_free(s);
	free(d);
}

static void a_narrow_screen_changes_a_number(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 80, 6, GRAPH_BRAILLE);

	assert_row(s, 0, "   objective              target         5m    1h    "
			 "6h    3d      budget gone");
	assert_row(s, 1, "▌▲ checkout-availability  99.9%       19.1x 14.8x  "
			 "3.2x  0.5x       63.2% ~1d");
	surface_free(s);
	s = draw(d, "slos", 60, 6, GRAPH_BRAILLE);
	assert_row(s, 1, "▌▲ checkout-availabili… 99.9%       19.1x 14.8x       "
			 "63.2%");
	surface_free(s);
	free(d);
}

static void groups_of_an_objective_look_alike(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	strcpy(d->slo[0].group, "handler=\"/pay\"");
	struct surface *s = draw(d, "slos", 120, 6, GRAPH_BRAILLE);

	assert_has(s, 1, "checko… handler=\"/pay\"");
	surface_free(s);
	free(d);
}

static void a_fault_of_an_objective_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->slo[0].fault = "total_query: parse error: unexpected )";
	struct surface *s = draw(d, "slos", 120, 6, GRAPH_BRAILLE);

	assert_has(s, 1, "total_query: parse error: unexpected )");
	surface_free(s);
	s = draw(d, "slomethod", 60, 7, GRAPH_BRAILLE);
	assert_row(s, 1, "fault     total_query: parse error: unexpected )");
	surface_free(s);
	s = draw(d, "slohead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "cannot be evaluated");
	surface_free(s);
	free(d);
}

static void what_is_asked_and_not_answered_looks_unknown(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->slo[4].asking = true;
	d->slo[4].budget.remaining = NAN;
	struct surface *s = draw(d, "slos", 120, 10, GRAPH_BRAILLE);

	assert_has(s, 5, "…     …     …     …     …     …     …");
	surface_free(s);
	free(d);
}

static void the_way_to_a_first_objective_is_not_told(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->view.nr_slos = 0;
	struct surface *s = draw(d, "slos", 80, 18, GRAPH_BRAILLE);

	assert_row(s, 0, "   no objectives here: nobody promised anything yet");
	assert_row(s, 2, "     slos: [{id: pay, objective: 99.9,");
	assert_has(s, 3, "error_query: 'sum(rate(http_requests_total"
			 "{code=~\"5..\"}[$window]))',");
	assert_true(anywhere(s, "Sloth, Pyrra and OpenSLO files are read as "
				"they are: -c FILE"));
	surface_free(s);
	free(d);
}

static void a_screen_without_colours_or_unicode_says_less(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slos", 80, 6, GRAPH_ASCII);

	assert_row(s, 1, "|! checkout-availability  99.9%       19.1x 14.8x  "
			 "3.2x  0.5x       63.2% ~1d");
	assert_has(s, 2, " + payments ");
	surface_free(s);
	free(d);
}

/* ---- about one objective ------------------------------------------------ */

static void what_is_promised_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slohead", 120, 1, GRAPH_BRAILLE);

	assert_row(s, 0, " ▌ checkout-availability   99.9% of requests answered "
			 "without errors, rolling 30d                    "
			 "▲ PAGE since 13:52");
	surface_free(s);
	d->view.selected_slo = 2;
	s = draw(d, "slohead", 120, 1, GRAPH_BRAILLE);
	assert_row(s, 0, " ▌ checkout latency   99% of requests faster than "
			 "300ms, rolling 30d");
	surface_free(s);
	d->view.selected_slo = 3;
	s = draw(d, "slohead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "95% of slices of 1m good, rolling 28d");
	surface_free(s);
	free(d);
}

static void which_tier_fires_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "tiers", 57, 5, GRAPH_BRAILLE);

	assert_has(s, 0, "alert tiers a tier fires when both windows are over");
	assert_row(s, 1, "page     5m 19.1x  &  1h 14.8x  > 14.4x    ▲ firing "
			 "13:52");
	assert_row(s, 2, "page    30m 19.5x  &  6h  3.2x  >  6.0x     fires in "
			 "~51m");
	assert_row(s, 3, "ticket   2h  7.6x  &  1d  0.9x  >  3.0x  fires in "
			 "~6h 31m");
	surface_free(s);
	d->view.selected_slo = 1;
	s = draw(d, "tiers", 57, 5, GRAPH_BRAILLE);
	assert_has(s, 4, "ticket   6h  1.3x  &  3d  1.1x  >  1.0x");
	assert_has(s, 4, "◆ firing");
	surface_free(s);
	free(d);
}

static void one_lone_error_pages(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->slo[0].tier[0].armed = false;
	d->slo[0].tier[0].one_error = 12;
	d->slo[0].tier[3].armed = false;
	d->slo[0].tier[3].one_error = 12;
	struct surface *s = draw(d, "tiers", 78, 5, GRAPH_BRAILLE);

	assert_has(s, 1, "◆ over, not armed: 1 error = 12.0x");
	assert_has(s, 4, "  not armed: 1 error = 12.0x");
	surface_free(s);
	free(d);
}

static void how_far_a_calm_tier_is_from_firing_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->view.selected_slo = 6;
	struct surface *s = draw(d, "tiers", 57, 5, GRAPH_BRAILLE);

	assert_has(s, 1, "· ok, 14.3x below");
	surface_free(s);
	d->view.selected_slo = 4;
	s = draw(d, "tiers", 57, 5, GRAPH_BRAILLE);
	assert_has(s, 1, "page     5m     –  &  1h     –  > 14.4x");
	assert_has(s, 1, "○ no data");
	surface_free(s);
	free(d);
}

static void how_it_is_counted_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slomethod", 70, 8, GRAPH_BRAILLE);

	assert_row(s, 1, "bad       sum(rate(http_requests_total{code=~\"5..\"}"
			 "[$window]))");
	assert_row(s, 2, "all       sum(rate(http_requests_total[$window]))");
	assert_row(s, 3, "method    by requests (weighted), not by minutes");
	assert_row(s, 4, "coverage  100% of 30d");
	assert_row(s, 5, "source    prom-a, asked of the server; slo.yml:12");
	assert_row(s, 6, "left      758 more failures spend it");
	surface_free(s);
	d->view.selected_slo = 3;
	d->slo[3].budget.coverage_s = 3.2 * 86400;
	s = draw(d, "slomethod", 70, 8, GRAPH_BRAILLE);
	assert_has(s, 3, "by slices of 1m, good from 95% on; not by requests");
	assert_row(s, 4, "coverage  3d 4h of 28d; the budget is of what there "
			 "is");
	assert_has(s, 6, "left      nothing; 494 failures more than allowed");
	surface_free(s);
	free(d);
}

static void half_a_query_is_shown(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "slomethod", 57, 7, GRAPH_BRAILLE);

	assert_row(s, 1, "bad       a query of 52 characters, slo.yml:12");
	surface_free(s);
	d->view.selected_slo = 1;
	s = draw(d, "slomethod", 57, 7, GRAPH_BRAILLE);
	assert_row(s, 1, "ratio     job:errors:ratio$window");
	surface_free(s);
	free(d);
}

/* Nothing of the past is held here: titles stand, and the panels say so. */
static void a_panel_without_a_past_is_empty(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	struct surface *s = draw(d, "sloburn", 80, 10, GRAPH_BRAILLE);
	assert_has(s, 0, "burn rate ──");
	assert_has(s, 0, "5m 19.1x  1h 14.8x  page over 14.4x in both");
	assert_has(s, 9, "13:30");
	surface_free(s);
	s = draw(d, "burndown", 60, 10, GRAPH_BRAILLE);
	assert_has(s, 0, "budget left 30d, rolling ──");
	assert_has(s, 0, " 63.2%");
	assert_true(anywhere(s, "no history yet"));
	assert_has(s, 9, "11-19");
	assert_has(s, 9, "now");
	surface_free(s);
	s = draw(d, "spenders", 110, 4, GRAPH_BRAILLE);
	assert_has(s, 0, "what spent the budget ──");
	assert_row(s, 1, "nothing stands out: no stretch of it was over budget");
	surface_free(s);
	s = draw(d, "burnstrip", 80, 3, GRAPH_BRAILLE);
	assert_has(s, 0, "burn by window ──");
	assert_row(s, 1, "   5m");
	assert_row(s, 2, "   1h");
	surface_free(s);
	d->view.selected_slo = 3;
	s = draw(d, "burndown", 60, 10, GRAPH_BRAILLE);
	assert_has(s, 0, "budget left 28d, rolling ──");
	assert_has(s, 0, " 41.2% over");
	surface_free(s);
	free(d);
}

/* ---- thresholds --------------------------------------------------------- */

static void a_breached_limit_is_not_seen(void **state)
{
	struct desk *d = open_desk(PAGE_SATURATION);
	(void)state;
	d->view.pack = "node";
	struct surface *s = draw(d, "limits", 100, 6, GRAPH_BRAILLE);

	assert_has(s, 0, "limits pack node ");
	assert_has(s, 0, "1 critical   1 no data   1 of 3 ok");
	assert_has(s, 2, "▲ disk-sda instance=\"db-1\"");
	assert_has(s, 2, "91.2%    > 85.0%   … 92.5% critical 14:22  "
			 "3 of 5 x 1m");
	assert_has(s, 3, "97.0%    < 80.0%           ok       12:32  5m");
	assert_has(s, 4, "no data         for 5m");
	assert_row(s, 5, "  the disk of the database fills up   runbook "
			 "https://runbooks/disk");
	surface_free(s);
	s = draw(d, "limits", 36, 4, GRAPH_BRAILLE);
	assert_has(s, 2, "▲ disk-sda");
	assert_has(s, 2, "91.2% critical");
	surface_free(s);
	free(d);
}

static void the_kind_of_a_resource_is_part_of_its_name(void **state)
{
	static const char *const ids[] = { "dynamodb:user_data:write",
					   "pool:primary", "queue" };
	struct desk *d = open_desk(PAGE_SATURATION);
	struct service services[3];
	struct resource resources[3];
	(void)state;
	for (int i = 0; i < 3; i++) {
		services[i] = d->service;
		services[i].name = ids[i];
		resources[i] = (struct resource){
			&services[i], NOW, 0, 40, 50, 0.8, 0.7, 0.9, 0.89,
			RESOURCE_WARN, NOW - 60000,
		};
	}
	d->view.resource = resources;
	d->view.nr_resources = 3;
	d->view.nr_thresholds = 0;
	struct surface *s = draw(d, "saturation", 120, 8, GRAPH_BRAILLE);
	assert_has(s, 3, "   resource          kind        0 ");
	assert_has(s, 4, "▌◆ user_data write   dynamodb    ━");
	assert_has(s, 5, " ◆ primary           pool        ━");
	assert_has(s, 6, " ◆ queue                         ━");
	surface_free(s);
	/* The keys move the thresholds: one bar, not two. */
	d->view.nr_thresholds = 3;
	s = draw(d, "saturation", 120, 8, GRAPH_BRAILLE);
	assert_has(s, 4, " ◆ user_data write ");
	surface_free(s);
	d->view.focused = true;
	s = draw(d, "saturation", 80, 8, GRAPH_BRAILLE);
	assert_has(s, 4, "▌◆ dynamodb:user_data:write ");
	surface_free(s);
	free(d);
}

/* ---- what changed ------------------------------------------------------- */

static void who_carries_the_new_errors_is_not_first(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	(void)state;
	struct surface *s = draw(d, "changedhead", 120, 1, GRAPH_BRAILLE);

	assert_has(s, 0, " checkout  compared: 15m before 13:52 with everything "
			 "since 13:52, the first bad minute");
	assert_has(s, 0, "4 queries");
	surface_free(s);
	s = draw(d, "changedtable", 120, 6, GRAPH_BRAILLE);
	assert_has(s, 0, " who carries the new errors 33 label values compared "
			 "in 4 queries ");
	assert_has(s, 0, "share of the new errors");
	assert_has(s, 2, "▌▲ route=/pay ");
	assert_has(s, 2, "8.00%     0.04%  →    21.8%    545x");
	assert_has(s, 2, "91.0%");
	assert_has(s, 3, " ◆ version=v842");
	assert_has(s, 3, "new  →    1.91%       –");
	assert_has(s, 4, " · region=eu-west");
	assert_has(s, 5, "   30 more values, each spread as before");
	surface_free(s);
	s = draw(d, "changedtable", 60, 6, GRAPH_BRAILLE);
	assert_has(s, 2, "▌▲ route=/pay ");
	assert_has(s, 2, "0.04%  →    21.8%   91.0%");
	surface_free(s);
	free(d);
}

static void slowness_is_told_in_errors(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	(void)state;
	for (int i = 0; i < 3; i++)
		d->changed.row[i].share_of_new_errors = NAN;
	d->changed.new_errors = 0;
	struct surface *s = draw(d, "changedtable", 120, 6, GRAPH_BRAILLE);

	assert_has(s, 0, "share of the new slow requests");
	assert_has(s, 2, "310ms  →    1.90s    6.1x");
	surface_free(s);
	free(d);
}

static void lost_traffic_is_called_new(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	(void)state;
	for (int i = 0; i < 3; i++) {
		d->changed.row[i].share_of_new_errors = NAN;
		d->changed.row[i].share_of_new_slow = NAN;
	}
	d->changed.new_errors = d->changed.new_slow = 0;
	d->changed.new_rate = -30;
	struct surface *s = draw(d, "changedtable", 120, 6, GRAPH_BRAILLE);

	assert_has(s, 0, " who carries the lost requests ");
	assert_has(s, 0, "share of the lost requests");
	surface_free(s);
	free(d);
}

static void that_nothing_changed_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	(void)state;
	d->changed.nr = 0;
	d->changed.nr_more = 36;
	d->changed.onset = TIME_NONE;
	struct surface *s = draw(d, "changedtable", 120, 6, GRAPH_BRAILLE);

	assert_row(s, 1, " ✓ nothing stands out: 36 label values compared, each "
			 "carries what it did before");
	assert_row(s, 2, "   errors 0.02% → 1.92%   p99 200ms → 900ms   rate 400"
			 " → 400/s");
	surface_free(s);
	s = draw(d, "changedhead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "with the newest 40m; no trouble began in it");
	surface_free(s);
	free(d);
}

static void why_nothing_is_compared_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	struct store_source cloud = prom;
	(void)state;
	d->view.changed = NULL;
	d->view.comparing = true;
	struct surface *s = draw(d, "changedhead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, " checkout  … comparing before and after");
	surface_free(s);
	d->view.comparing = false;
	d->view.mode = MODE_REPLAY;
	s = draw(d, "changedhead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "○ not recorded: nobody compared at this moment");
	surface_free(s);
	d->view.mode = MODE_LIVE;
	cloud.kind = "cloudwatch";
	d->service.source = &cloud;
	s = draw(d, "changedhead", 120, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "○ not compared: CloudWatch has no labels");
	surface_free(s);
	free(d);
}

static void what_happened_around_the_onset_is_out_of_order(void **state)
{
	struct desk *d = open_desk(PAGE_CHANGED);
	(void)state;
	struct surface *s = draw(d, "changedevents", 100, 5, GRAPH_BRAILLE);

	assert_has(s, 1, "13:50:55     −70s  ◆ deploy checkout v841 → v842 ");
	assert_has(s, 1, "the cause");
	assert_has(s, 2, "13:52:05       0s  ▲ first bad minute");
	assert_has(s, 3, "13:52:55     +50s  ◆ restart checkout 3 of 12 "
			 "instances");
	surface_free(s);
	/* What is nearest to the onset stays. */
	s = draw(d, "changedevents", 100, 3, GRAPH_BRAILLE);
	assert_has(s, 0, "1 farther away");
	assert_has(s, 1, "first bad minute");
	surface_free(s);
	s = draw(d, "ruledout", 100, 3, GRAPH_BRAILLE);
	assert_row(s, 1, "· traffic +1%         · instances 12 of 12");
	assert_row(s, 2, "○ not known: feature flags");
	surface_free(s);
	free(d);
}

/* ---- header, verdict, keys ---------------------------------------------- */

static void the_verdict_does_not_say_what_is_left(void **state)
{
	struct desk *d = open_desk(PAGE_OVERVIEW);
	(void)state;
	d->view.changed = NULL;
	struct surface *s = draw(d, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_row(s, 0, " ▲ PAGE  checkout  burns its error budget 19.1x too "
			 "fast  ·  63.2% left, gone in ~1d 6h                "
			 "since 13:52, 40m");
	assert_has(s, 1, "w what changed");
	surface_free(s);
	s = draw(d, "verdict", 80, 2, GRAPH_BRAILLE);
	assert_row(s, 0, " ▲ PAGE  checkout  burns its error budget 19.1x too "
			 "fast       since 13:52, 40m");
	surface_free(s);
	d->slo[0].budget.remaining = -0.5;
	s = draw(d, "verdict", 120, 2, GRAPH_BRAILLE);
	assert_has(s, 0, "budget gone, 50.0% over");
	surface_free(s);
	free(d);
}

static void a_ticket_reads_like_a_page(void **state)
{
	struct desk *d = open_desk(PAGE_OVERVIEW);
	(void)state;
	d->service.name = "payments";
	d->row.state = STATE_TICKET;
	d->row.burn_5m = 1.4;
	d->row.burn_1h = 1.3;
	d->view.changed = NULL;
	struct surface *s = draw(d, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(s, 0, " ◆ TICKET  payments  burns its error budget 1.1x too "
			 "fast over 3d  ·  8.40% left, gone in ~1d 22h");
	surface_free(s);
	free(d);
}

static void which_threshold_is_breached_is_not_said(void **state)
{
	struct desk *d = open_desk(PAGE_OVERVIEW);
	struct threshold_def mine = limits[0];
	(void)state;
	mine.service = "checkout";
	d->threshold[0].def = &mine;
	d->view.nr_slos = 0;
	d->view.changed = NULL;
	d->row.state = STATE_CRIT;
	d->row.burn_5m = d->row.burn_1h = 0.2;
	struct surface *s = draw(d, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(s, 0, " ▲ CRIT  checkout  disk-sda 91.2% > 85.0%");
	surface_free(s);
	free(d);
}

static void what_nobody_promised_has_a_budget_in_the_verdict(void **state)
{
	struct desk *d = open_desk(PAGE_OVERVIEW);
	struct slo_def found = defs[0];
	(void)state;
	found.implicit = true;
	d->slo[0].def = &found;
	d->slo[2].budget.remaining = NAN;
	d->row.state = STATE_CRIT;
	d->view.changed = NULL;
	struct surface *s = draw(d, "verdict", 120, 2, GRAPH_BRAILLE);

	assert_has(s, 0, " ▲ CRIT  checkout  burns its error budget 19.1x too "
			 "fast  ·  14.8x over 1h");
	surface_free(s);
	free(d);
}

static void the_header_does_not_say_what_the_page_is_about(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->view.pack = "node";
	struct surface *s = draw(d, "header", 120, 1, GRAPH_BRAILLE);

	assert_has(s, 0, "shop/prod  pack node   ● LIVE 14:32:05Z   burn 1h 44m"
			 " · budget 30d   worst 19.1x checkout");
	surface_free(s);
	s = draw(d, "header", 80, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "   burn, budget 30d ");
	surface_free(s);
	d->view.page = PAGE_CHANGED;
	s = draw(d, "header", 80, 1, GRAPH_BRAILLE);
	assert_has(s, 0, "   15m before · 40m after ");
	surface_free(s);
	free(d);
}

/* ---- every size --------------------------------------------------------- */

static const char *const kinds[] = {
	"slos", "slohead", "sloburn", "burnstrip", "burndown", "tiers",
	"slomethod", "spenders", "limits", "changedhead", "changedtable",
	"changedevents", "ruledout", "header", "verdict", "keys", "help",
};

static void try_kinds(const struct view *v)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		assert_non_null(widget_find(kinds[i]));
		try_widget(widget_find(kinds[i]), v);
	}
}

static void a_size_breaks_a_panel(void **state)
{
	static const enum page pages[] = { PAGE_SLO, PAGE_CHANGED,
					   PAGE_SATURATION, PAGE_OVERVIEW };
	(void)state;
	for (int p = 0; p < 4; p++) {
		struct desk *d = open_desk(pages[p]);
		d->view.cursor = p == 1 ? NOW - 600000 : TIME_NONE;
		if (p == 2)
			d->slo[0].state = STATE_STALE;
		try_kinds(&d->view);
		d->view.nr_slos = d->view.nr_thresholds = 0;
		d->view.worst_slo = NULL;
		d->view.changed = NULL;
		try_kinds(&d->view);
		free(d);
	}
}

static void a_frame_allocates(void **state)
{
	(void)state;
	for (int p = 0; p < 2; p++) {
		struct desk *d = open_desk(p ? PAGE_CHANGED : PAGE_SLO);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			const struct widget_ops *ops = widget_find(kinds[i]);
			void *st = state_of(ops);
			ops->update(st, &d->view, 100, 20);
			size_t before = mallinfo2().uordblks;
			d->view.now += 1000;
			assert_true(ops->update(st, &d->view, 100, 20) ||
				    !strcmp(kinds[i], "help"));
			assert_int_equal(mallinfo2().uordblks, before);
			free_state(ops, st);
		}
		free(d);
	}
}

static void ascii_has_other_signs(void **state)
{
	(void)state;
	for (int p = 0; p < 2; p++) {
		struct desk *d = open_desk(p ? PAGE_CHANGED : PAGE_SLO);
		for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
			struct surface *s = draw(d, kinds[i], 110, 12,
						 GRAPH_ASCII);
			for (int y = 0; y < s->h; y++)
				for (int x = 0; x < s->w; x++)
					if (surface_cell(s, x, y)->ch > 0x7e)
						fail_msg("%s", kinds[i]);
			surface_free(s);
		}
		free(d);
	}
}

/* A row may come without anything that is known of its objective. */
static void a_row_without_a_definition_crashes(void **state)
{
	struct desk *d = open_desk(PAGE_SLO);
	(void)state;
	d->slo[0].def = NULL;
	d->slo[0].source = NULL;
	d->slo[0].name = NULL;
	d->view.nr_slos = 1;
	static const char *const plain[] = { "slos", "slohead", "tiers",
					     "slomethod", "header", "verdict" };
	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		surface_free(draw(d, plain[i], 120, 8, GRAPH_BRAILLE));
	struct surface *s = draw(d, "slos", 120, 3, GRAPH_BRAILLE);
	assert_has(s, 1, "19.1x");
	surface_free(s);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_objective_is_not_first),
		cmocka_unit_test(how_fast_a_window_burns_is_not_shaded),
		cmocka_unit_test(a_spent_budget_looks_like_an_empty_one),
		cmocka_unit_test(no_data_looks_like_zero),
		cmocka_unit_test(what_nobody_promised_looks_promised),
		cmocka_unit_test(what_is_well_is_not_summed_up),
		cmocka_unit_test(a_narrow_screen_changes_a_number),
		cmocka_unit_test(groups_of_an_objective_look_alike),
		cmocka_unit_test(a_fault_of_an_objective_is_not_said),
		cmocka_unit_test(what_is_asked_and_not_answered_looks_unknown),
		cmocka_unit_test(the_way_to_a_first_objective_is_not_told),
		cmocka_unit_test(a_screen_without_colours_or_unicode_says_less),
		cmocka_unit_test(what_is_promised_is_not_said),
		cmocka_unit_test(which_tier_fires_is_not_said),
		cmocka_unit_test(one_lone_error_pages),
		cmocka_unit_test(how_far_a_calm_tier_is_from_firing_is_not_said),
		cmocka_unit_test(how_it_is_counted_is_not_said),
		cmocka_unit_test(half_a_query_is_shown),
		cmocka_unit_test(a_panel_without_a_past_is_empty),
		cmocka_unit_test(a_breached_limit_is_not_seen),
		cmocka_unit_test(the_kind_of_a_resource_is_part_of_its_name),
		cmocka_unit_test(who_carries_the_new_errors_is_not_first),
		cmocka_unit_test(slowness_is_told_in_errors),
		cmocka_unit_test(lost_traffic_is_called_new),
		cmocka_unit_test(that_nothing_changed_is_not_said),
		cmocka_unit_test(why_nothing_is_compared_is_not_said),
		cmocka_unit_test(what_happened_around_the_onset_is_out_of_order),
		cmocka_unit_test(the_verdict_does_not_say_what_is_left),
		cmocka_unit_test(a_ticket_reads_like_a_page),
		cmocka_unit_test(which_threshold_is_breached_is_not_said),
		cmocka_unit_test(what_nobody_promised_has_a_budget_in_the_verdict),
		cmocka_unit_test(the_header_does_not_say_what_the_page_is_about),
		cmocka_unit_test(a_size_breaks_a_panel),
		cmocka_unit_test(a_frame_allocates),
		cmocka_unit_test(ascii_has_other_signs),
		cmocka_unit_test(a_row_without_a_definition_crashes),
	};
	return cmocka_run_group_tests_name("slo_widgets", tests, NULL, NULL);
}
