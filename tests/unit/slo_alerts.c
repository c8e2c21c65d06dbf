/* Raw counters in, the alerts and budgets of a real Prometheus out. */
#include "model/slo.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define DATA "tests/data/slo-oracle/"
#define T0   INT64_C(1740960000000)
#define STEP INT64_C(60000)
#define DAY  INT64_C(86400000)

/* ---- samples ------------------------------------------------------------ */

struct raw {
	char key[160];
	size_t nr, cap;
	struct sample {
		time_ms t;
		double v;
		/* Of all samples up to this one: what resets hid, and v. */
		double hidden, sum;
	} *s;
};

struct data {
	size_t nr, cap;
	struct raw *raw;
};

static struct raw *series_of(struct data *d, const char *key)
{
	if (d->nr && strcmp(d->raw[d->nr - 1].key, key) == 0)
		return &d->raw[d->nr - 1];
	MEM_ROOM(d->raw, d->nr, d->cap);
	struct raw *r = &d->raw[d->nr++];
	*r = (struct raw){ 0 };
	assert_true(strlen(key) < sizeof(r->key));
	memcpy(r->key, key, strlen(key));
	return r;
}

static void add_line(struct data *d, char *line)
{
	char *value = strchr(line, ' ');
	if (line[0] == '#' || !value)
		return;
	*value++ = '\0';
	char *at = strchr(value, ' ');
	assert_non_null(at);
	struct raw *r = series_of(d, line);
	MEM_ROOM(r->s, r->nr, r->cap);
	struct sample *s = &r->s[r->nr];
	*s = (struct sample){ .t = llround(strtod(at, NULL) * 1000),
			      .v = strtod(value, NULL) };
	s->sum = s->v;
	if (r->nr++ == 0)
		return;
	s->sum += s[-1].sum;
	s->hidden = s[-1].hidden + (s->v < s[-1].v ? s[-1].v : 0);
	assert_true(s->t > s[-1].t);
}

static struct data load(const char *file)
{
	struct data d = { 0 };
	char line[512];
	gzFile f = gzopen(file, "rb");
	if (!f)
		fail_msg("%s cannot be read", file);
	while (gzgets(f, line, sizeof(line)))
		add_line(&d, line);
	assert_int_equal(gzclose(f), Z_OK);
	return d;
}

static void drop(struct data *d)
{
	for (size_t i = 0; i < d->nr; i++)
		free(d->raw[i].s);
	free(d->raw);
}

/* The number of samples before t. */
static size_t before(const struct raw *r, time_ms t)
{
	size_t lo = 0, hi = r->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (r->s[mid].t < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* rate() of a counter over [at - span, at], as before 2.51. */
static bool rate(const struct raw *r, time_ms span, time_ms at, double *out)
{
	size_t lo = before(r, at - span), hi = before(r, at + 1);
	if (hi - lo < 2)
		return false;
	const struct sample *a = &r->s[lo], *b = &r->s[hi - 1];
	double inc = b->v - a->v + (b->hidden - a->hidden);
	double start = (double)(a->t - (at - span)) / 1000;
	double end = (double)(at - b->t) / 1000;
	double sampled = (double)(b->t - a->t) / 1000;
	double each = sampled / (double)(hi - lo - 1);
	if (inc > 0 && a->v >= 0)
		start = fmin(start, sampled * (a->v / inc));
	if (start >= each * 1.1)
		start = each / 2;
	if (end >= each * 1.1)
		end = each / 2;
	double factor = (sampled + start + end) / sampled;
	*out = inc * (factor / ((double)span / 1000));
	return true;
}

/* sum(rate()) of all series that begin with `key` and have `label` in it. */
static struct slo_value sum_rate(const struct data *d, const char *key,
				 const char *label, time_ms span, time_ms at)
{
	struct slo_value sum = { 0 };
	for (size_t i = 0; i < d->nr; i++) {
		double v;
		const char *k = d->raw[i].key;
		if (strncmp(k, key, strlen(key)) != 0 || !strstr(k, label) ||
		    !rate(&d->raw[i], span, at, &v))
			continue;
		sum.there = true;
		sum.v += v;
	}
	return sum;
}

/* ---- objectives --------------------------------------------------------- */

static const struct objective {
	const char *id;
	double objective;
	const char *total;       /* what a series begins with */
	const char *errors;      /* a label of those that failed; or */
	const char *good;        /* what those begin with that did not, */
	const char *good_label;
	bool gauge;              /* or 1 is good, and each sample counts */
} objectives[] = {
	{ .id = "checkout-availability", .objective = .999,
	  .total = "http_requests_total{job=\"checkout\"",
	  .errors = "code=\"5" },
	{ .id = "checkout-latency", .objective = .99,
	  .total = "http_request_duration_seconds_count{job=\"checkout\"",
	  .good = "http_request_duration_seconds_bucket{job=\"checkout\"",
	  .good_label = "le=\"0.25\"" },
	{ .id = "reports-availability", .objective = .99,
	  .total = "http_requests_total{job=\"reports\"",
	  .errors = "code=\"5" },
	{ .id = "search-availability", .objective = .995,
	  .total = "http_requests_total{job=\"search\"",
	  .errors = "code=\"5" },
	{ .id = "idle-availability", .objective = .999,
	  .total = "http_requests_total{job=\"idle\"",
	  .errors = "code=\"5" },
	{ .id = "aligned-availability", .objective = .999,
	  .total = "http_requests_total{job=\"aligned\"",
	  .errors = "code=\"5" },
	{ .id = "probe-bool", .objective = .99,
	  .total = "probe_success{job=\"blackbox\"", .gauge = true },
};
#define OBJECTIVES (sizeof(objectives) / sizeof(objectives[0]))

/* count_over_time(), and it less sum_over_time(). */
static struct slo_input count_gauge(const struct data *d, const char *key,
				    time_ms span, time_ms at)
{
	struct slo_input in = { 0 };
	for (size_t i = 0; i < d->nr; i++) {
		const struct raw *r = &d->raw[i];
		size_t lo = before(r, at - span), hi = before(r, at + 1);
		if (strncmp(r->key, key, strlen(key)) != 0 || hi == lo)
			continue;
		double sum = r->s[hi - 1].sum - r->s[lo].sum + r->s[lo].v;
		in.total.there = in.errors.there = true;
		in.total.v += (double)(hi - lo);
		in.errors.v += (double)(hi - lo) - sum;
	}
	return in;
}

static struct slo_input ask(const struct data *d, const struct objective *o,
			    time_ms span, time_ms at)
{
	struct slo_input in = { 0 };
	if (o->gauge)
		return count_gauge(d, o->total, span, at);
	in.total = sum_rate(d, o->total, "", span, at);
	if (o->errors) {
		in.errors = sum_rate(d, o->total, o->errors, span, at);
		return in;
	}
	struct slo_value good = sum_rate(d, o->good, o->good_label, span, at);
	in.errors.there = in.total.there && good.there;
	in.errors.v = in.total.v - good.v;
	return in;
}

static struct slo_def def_of(const struct objective *o)
{
	return (struct slo_def){ .id = o->id, .objective = o->objective,
				 .period = 30 * DAY, .counts = o->gauge };
}

static enum slo_verdict evaluate(const struct data *d,
				 const struct objective *o, time_ms at,
				 struct slo_tier tier[SLO_TIERS])
{
	struct slo_reading w[SLO_WINDOWS];
	struct slo_def def = def_of(o);
	for (size_t i = 0; i < SLO_WINDOWS; i++) {
		struct slo_input in = ask(d, o, slo_spans[i], at);
		slo_read_window(&def, slo_spans[i], &in, &w[i]);
	}
	slo_read_tiers(&def, w, tier);
	return slo_judge(w, tier);
}

/* ---- alerts ------------------------------------------------------------- */

/* The four tiers, then any that pages, any ticket. */
#define KINDS 6
static const char *const kinds[KINDS] = {
	"5m/1h", "30m/6h", "2h/1d", "6h/3d", "page", "ticket",
};

#define INTERVALS 200
struct intervals {
	size_t nr;
	struct interval {
		size_t objective, kind;
		time_ms from, to;
	} of[INTERVALS];
};

static void note(struct intervals *x, size_t objective, size_t kind, time_ms at)
{
	for (size_t i = 0; i < x->nr; i++)
		if (x->of[i].objective == objective &&
		    x->of[i].kind == kind && x->of[i].to == at - STEP) {
			x->of[i].to = at;
			return;
		}
	assert_true(x->nr < INTERVALS);
	x->of[x->nr++] = (struct interval){ objective, kind, at, at };
}

static void note_all(struct intervals *x, size_t objective, time_ms at,
		     const struct slo_tier tier[SLO_TIERS])
{
	bool fires[KINDS] = { 0 };
	for (size_t i = 0; i < SLO_TIERS; i++) {
		fires[i] = tier[i].firing;
		fires[tier[i].page ? 4 : 5] |= tier[i].firing;
	}
	for (size_t k = 0; k < KINDS; k++)
		if (fires[k])
			note(x, objective, k, at);
}

static bool expected(const struct interval *x, const char *id,
		     const char *kind, time_ms from, time_ms to)
{
	return strcmp(objectives[x->objective].id, id) == 0 &&
	       strcmp(kinds[x->kind], kind) == 0 && x->from == from &&
	       x->to == to;
}

static void tiers_fire_a_minute_off(void **state)
{
	const struct data *d = *state;
	static struct intervals x;
	for (size_t o = 0; o < OBJECTIVES; o++)
		for (time_ms at = T0; at <= T0 + 78 * 3600000; at += STEP) {
			struct slo_tier tier[SLO_TIERS];
			evaluate(d, &objectives[o], at, tier);
			note_all(&x, o, at, tier);
		}

	char id[64], kind[16];
	long long from, to;
	size_t rows = 0, wrong = 0;
	FILE *f = fopen(DATA "expected-alerts.csv", "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%63[^\n]\n", id), 1);
	while (fscanf(f, "%63[^,],%15[^,],%lld,%lld\n", id, kind, &from,
		      &to) == 4) {
		size_t i = 0;
		while (i < x.nr && !expected(&x.of[i], id, kind, from * 1000,
					     to * 1000))
			i++;
		rows++;
		if (i < x.nr)
			continue;
		wrong++;
		print_error("missing: %s %s %lld-%lld\n", id, kind, from, to);
	}
	fclose(f);
	assert_int_equal(rows, 54);
	assert_int_equal(wrong, 0);
	assert_int_equal(x.nr, rows);
}

static void one_error_of_six_requests_wakes_somebody(void **state)
{
	const struct data *d = *state;
	const struct objective *reports = &objectives[2];
	struct slo_tier t[SLO_TIERS];
	time_ms first = INT64_C(1741119660) * 1000;
	assert_string_equal(reports->id, "reports-availability");
	assert_int_not_equal(evaluate(d, reports, first, t), SLO_PAGE);
	assert_true(t[0].firing && !t[0].armed);
	assert_true(t[0].one_error > t[0].factor);
	/* Six hours have requests enough: no lone error fires that tier. */
	assert_int_equal(evaluate(d, reports, INT64_C(1741123200) * 1000, t),
			 SLO_PAGE);
	assert_true(t[1].firing && t[1].armed);
}

/* ---- budgets ------------------------------------------------------------ */

/* The generator's minutes that end in (at - 30 d, at]: cells of a minute. What
 * it counted in one stands in the sample 20.333 s after its end. */
static size_t minutes_of(const struct data *d, time_ms at,
			 struct slo_cell *cell)
{
	const struct raw *ok = &d->raw[0], *bad = &d->raw[1];
	size_t nr = 0;
	for (size_t i = 1; i < ok->nr; i++) {
		time_ms end = ok->s[i].t - 20333;
		assert_true(bad->s[i].t == ok->s[i].t);
		if (end <= at - 30 * DAY || end > at)
			continue;
		double e = bad->s[i].v - bad->s[i - 1].v;
		cell[nr++] = (struct slo_cell){
			.at = end, .errors = e,
			.total = e + ok->s[i].v - ok->s[i - 1].v,
		};
	}
	return nr;
}

#define SHOP   "shop_requests_total{"
#define SHOP_5 "code=\"500\""

/* What Sloth's rule recorded each minute of [at - 30 d, at]. */
static size_t ratios_of(const struct data *d, time_ms at,
			struct slo_cell *cell)
{
	size_t nr = 0;
	for (time_ms t = at - 30 * DAY; t <= at; t += STEP) {
		struct slo_value e = sum_rate(d, SHOP, SHOP_5, 300000, t);
		struct slo_value n = sum_rate(d, SHOP, "", 300000, t);
		if (e.there && n.v > 0)
			cell[nr++] = (struct slo_cell){ .at = t,
							.errors = e.v / n.v,
							.total = 1 };
	}
	return nr;
}

#define CELLS (30 * 1440 + 1)

static struct slo_budget by_cells(const struct data *d, time_ms at,
				  enum slo_method method,
				  size_t (*cells)(const struct data *, time_ms,
						  struct slo_cell *))
{
	struct slo_cell *cell = mem_zero(CELLS, sizeof(*cell));
	struct slo_def def = { .objective = .999, .period = 30 * DAY,
			       .method = method };
	struct slo_budget b;
	slo_budget_of_slices(&def, cell, cells(d, at, cell), &b);
	free(cell);
	return b;
}

static struct slo_budget by_rates(const struct data *d, time_ms at,
				  bool increase)
{
	struct slo_def def = { .objective = .999, .period = 30 * DAY,
			       .counts = increase };
	struct slo_input in = {
		.errors = sum_rate(d, SHOP, SHOP_5, 30 * DAY, at),
		.total = sum_rate(d, SHOP, "", 30 * DAY, at),
	};
	if (increase) {
		in.errors.v *= 30 * 86400;
		in.total.v *= 30 * 86400;
	}
	struct slo_budget b;
	slo_read_budget(&def, 30 * DAY, &in, 30 * 86400, &b);
	return b;
}

/* In the order of the file. */
static struct slo_budget defined(const struct data *d, size_t how, time_ms at)
{
	switch (how) {
	case 0: /* occurrences: every request weighs alike, from its events */
		return by_cells(d, at, SLO_OCCURRENCES, minutes_of);
	case 1: /* ratio-timeslices: every minute weighs alike */
		return by_cells(d, at, SLO_RATIO_TIMESLICES, minutes_of);
	case 2: /* timeslices: minutes that missed 99.9 % */
		return by_cells(d, at, SLO_TIMESLICES, minutes_of);
	case 3: /* occurrences, as a server's rate() counts them */
		return by_rates(d, at, false);
	case 4: /* occurrences, as its increase() does */
		return by_rates(d, at, true);
	default: /* the average of the 5 m ratios of every minute */
		return by_cells(d, at, SLO_RATIO_TIMESLICES, ratios_of);
	}
}

/* Errors of the minute that is in no sample, by the difference; one that had
 * as many requests as a minute has on average. */
static double missing_minute(const struct slo_budget *b, double ratio)
{
	double minute = b->total / (30 * 1440 - 1);
	return (ratio * (b->total + minute) - b->bad) / minute;
}

static void check_row(const struct data *d, size_t how, time_ms at,
		      double ratio, double remaining)
{
	struct slo_budget b = defined(d, how, at);
	if (at == T0 && how < 3) {
		double e = missing_minute(&b, ratio);
		assert_true(e > -1e-6 && e < .002);
		return;
	}
	if (fabs(b.bad / b.total / ratio - 1) > 1e-12 ||
	    fabs(b.remaining - remaining) > 1e-12 * fmax(1, fabs(remaining)))
		fail_msg("definition %zu: %.17g, not %.17g", how, b.remaining,
			 remaining);
}

static void a_budget_is_one_of_another_method(void **state)
{
	(void)state;
	struct data d = load(DATA "d35.om.gz");
	char line[512];
	size_t rows = 0;
	assert_int_equal(d.nr, 2);
	FILE *f = fopen(DATA "expected-period30d.csv", "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	while (fgets(line, sizeof(line), f)) {
		double ratio, burn, remaining;
		/* The definition may have commas; four numbers end the row. */
		char *numbers = line + strlen(line);
		for (int commas = 0; commas < 4 && numbers > line;)
			commas += *--numbers == ',';
		assert_int_equal(sscanf(numbers, ",%lf,%lf,%lf", &ratio, &burn,
					&remaining), 3);
		check_row(&d, rows % 6, strtoll(line, NULL, 10) * 1000, ratio,
			  remaining);
		rows++;
	}
	fclose(f);
	assert_int_equal(rows, 12);
	drop(&d);
}

static int setup(void **state)
{
	static struct data d;
	d = load(DATA "d3.om.gz");
	*state = &d;
	return d.nr == 39 ? 0 : -1;
}

static int teardown(void **state)
{
	drop(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiers_fire_a_minute_off),
		cmocka_unit_test(one_error_of_six_requests_wakes_somebody),
		cmocka_unit_test(a_budget_is_one_of_another_method),
	};
	return cmocka_run_group_tests_name("slo_alerts", tests, setup,
					   teardown);
}
