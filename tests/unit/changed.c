#include "model/changed.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define T0 INT64_C(1763000000000)
#define MINUTE ((time_ms)60000)

/* ---- chance ------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static double unit(uint64_t *seed)
{
	return (double)(next(seed) >> 11) * 0x1p-53;
}

static double between(uint64_t *seed, double lo, double hi)
{
	return lo + (hi - lo) * unit(seed);
}

static double bell(uint64_t *seed)
{
	double u = 1 - unit(seed);
	return sqrt(-2 * log(u)) * cos(6.283185307179586 * unit(seed));
}

static double poisson(uint64_t *seed, double mean)
{
	if (mean > 50)
		return fmax(0, round(mean + sqrt(mean) * bell(seed)));
	double limit = exp(-mean), p = unit(seed), n = 0;
	for (; p > limit; n++)
		p *= unit(seed);
	return n;
}

/* ---- a service that is made up ------------------------------------------ */

/* A request has a route (and by that an upstream), a method, a client and an
 * instance (and by that a zone and a version). */
enum dimension { ROUTE, METHOD, CLIENT, INSTANCE, UPSTREAM, ZONE, VERSION,
		 DIMENSIONS };
#define DRAWN UPSTREAM /* those before are drawn, the others follow */

static const struct kind {
	const char *label;
	size_t nr;
	double share[12];
	const char *value[12];
} kinds[DIMENSIONS] = {
	[ROUTE] = { "route", 8, { .30, .20, .15, .12, .10, .08, .04, .01 },
		    { "/", "/search", "/item", "/basket", "/login", "/pay",
		      "/refund", "/admin" } },
	[METHOD] = { "method", 4, { .55, .35, .07, .03 },
		     { "GET", "POST", "PUT", "DELETE" } },
	[CLIENT] = { "client", 6, { .40, .25, .15, .10, .07, .03 },
		     { "web", "ios", "android", "partner", "batch", "bot" } },
	[INSTANCE] = { "instance", 12,
		       { .083, .083, .083, .083, .083, .083, .083, .083, .084,
			 .084, .084, .084 },
		       { "i-00", "i-01", "i-02", "i-03", "i-04", "i-05",
			 "i-06", "i-07", "i-08", "i-09", "i-10", "i-11" } },
	[UPSTREAM] = { "upstream", 4, { 0 },
		       { "catalog", "users", "acquirer", "mail" } },
	[ZONE] = { "zone", 3, { 0 }, { "a", "b", "c" } },
	[VERSION] = { "version", 2, { 0 }, { "v841", "v842" } },
};
static const size_t upstream_of[] = { 0, 0, 0, 1, 1, 2, 2, 3 };

static size_t follows(enum dimension d, const size_t *drawn)
{
	if (d == UPSTREAM)
		return upstream_of[drawn[ROUTE]];
	if (d == ZONE)
		return drawn[INSTANCE] % 3;
	return d == VERSION ? drawn[INSTANCE] < 4 : drawn[d];
}

#define VALUES 64
#define SPANS 2

struct world {
	uint64_t seed;
	double rate, chronic, slow; /* of the service, before */
	double wobble;              /* of each value's traffic */
	double minutes[SPANS];
	double level[SPANS];        /* of all traffic: the hour of the day */
	double times[DIMENSIONS][12]; /* traffic during, by value */
	bool planted;
	enum dimension where;
	size_t which;
	double failing, slowing;    /* of its requests */
	bool whole;                 /* of all requests instead */

	struct change_count count[VALUES];
	struct change_answer answer;
	double requests[SPANS][DIMENSIONS][12], errors[SPANS][DIMENSIONS][12],
		slows[SPANS][DIMENSIONS][12], all[SPANS][3];
};

static void world_init(struct world *w, uint64_t seed)
{
	*w = (struct world){ .seed = seed, .rate = 100, .chronic = 0.0004,
			     .slow = 0.006, .minutes = { 15, 15 },
			     .level = { 1, 1 } };
	for (size_t d = 0; d < DIMENSIONS; d++)
		for (size_t i = 0; i < 12; i++)
			w->times[d][i] = 1;
}

static size_t draw(struct world *w, enum dimension d, int span)
{
	double u = 0;
	size_t i = 0;
	for (size_t k = 0; k < kinds[d].nr; k++)
		u += w->requests[span][d][k];
	u *= unit(&w->seed);
	for (; i + 1 < kinds[d].nr; i++)
		if ((u -= w->requests[span][d][i]) < 0)
			break;
	return i;
}

/* Requests that happened, among all or those of the culprit. */
static void add(struct world *w, int span, double n, bool culprit,
		double to[DIMENSIONS][12], double *sum)
{
	for (*sum += n; n > 0; n--) {
		size_t v[DIMENSIONS], tries = 0;
		do
			for (int d = 0; d < DRAWN; d++)
				v[d] = draw(w, (enum dimension)d, span);
		while (culprit && follows(w->where, v) != w->which &&
		       ++tries < 10000);
		for (int d = 0; d < DIMENSIONS; d++)
			to[d][follows((enum dimension)d, v)]++;
	}
}

static void add_traffic(struct world *w, int span)
{
	double n = w->rate * w->minutes[span] * 60 * w->level[span], boost = 1;
	for (int d = 0; d < DRAWN && span; d++) {
		double sum = 0;
		for (size_t i = 0; i < kinds[d].nr; i++)
			sum += kinds[d].share[i] * w->times[d][i];
		boost = fmax(boost, sum); /* others sum up to one */
	}
	w->all[span][0] = poisson(&w->seed, n * boost);
	for (int d = 0; d < DRAWN; d++) {
		double p[12], sum = 0;
		for (size_t i = 0; i < kinds[d].nr; i++) {
			p[i] = kinds[d].share[i] *
			       (1 + w->wobble * bell(&w->seed)) *
			       (span ? w->times[d][i] : 1);
			sum += p[i] = fmax(p[i], 0);
		}
		for (size_t i = 0; i < kinds[d].nr; i++)
			w->requests[span][d][i] = poisson(
				&w->seed, w->all[span][0] * p[i] / sum);
	}
	for (size_t i = 0; i < kinds[ROUTE].nr; i++)
		w->requests[span][UPSTREAM][upstream_of[i]] +=
			w->requests[span][ROUTE][i];
	for (size_t i = 0; i < 12; i++) {
		double more = w->requests[span][INSTANCE][i];
		w->requests[span][ZONE][i % 3] += more;
		w->requests[span][VERSION][i < 4] += more;
	}
}

static void add_trouble(struct world *w)
{
	double n = w->whole ? w->all[1][0]
			    : w->requests[1][w->where][w->which];
	add(w, 1, poisson(&w->seed, n * w->failing), !w->whole, w->errors[1],
	    &w->all[1][1]);
	add(w, 1, poisson(&w->seed, n * w->slowing), !w->whole, w->slows[1],
	    &w->all[1][2]);
}

static void tell(struct world *w)
{
	struct change_answer *a = &w->answer;
	*a = (struct change_answer){
		.want = { .service = "checkout", .before_from = T0,
			  .before_to = T0 + (time_ms)(w->minutes[0] * 60000) },
		.slow_over = 0.5, .count = w->count,
		.rate_last_week = NAN, .all = { .label = "", .value = "" },
	};
	a->want.during_from = a->want.before_to;
	a->want.during_to = a->want.during_from +
			    (time_ms)(w->minutes[1] * 60000);
	for (int d = 0; d < DIMENSIONS; d++)
		for (size_t i = 0; i < kinds[d].nr; i++)
			w->count[a->nr++] = (struct change_count){
				.label = kinds[d].label,
				.value = kinds[d].value[i],
				.requests = { w->requests[0][d][i],
					      w->requests[1][d][i] },
				.errors = { w->errors[0][d][i],
					    w->errors[1][d][i] },
				.slow = { w->slows[0][d][i],
					  w->slows[1][d][i] },
				.p99 = { NAN, NAN },
			};
	for (int k = 0; k < SPANS; k++) {
		a->all.requests[k] = w->all[k][0];
		a->all.errors[k] = w->all[k][1];
		a->all.slow[k] = w->all[k][2];
		a->all.p99[k] = NAN;
	}
}

static void happen(struct world *w)
{
	for (int k = 0; k < SPANS; k++) {
		add_traffic(w, k);
		double n = w->all[k][0];
		add(w, k, poisson(&w->seed, n * w->chronic), false,
		    w->errors[k], &w->all[k][1]);
		add(w, k, poisson(&w->seed, n * w->slow), false, w->slows[k],
		    &w->all[k][2]);
	}
	if (w->planted)
		add_trouble(w);
	tell(w);
}

/* ---- the culprit comes first -------------------------------------------- */

static void plant(struct world *w, enum dimension where)
{
	uint64_t *s = &w->seed;
	w->planted = true;
	w->where = where;
	do
		w->which = next(s) % kinds[where].nr;
	while (where == UPSTREAM && w->which == 3); /* of one route: a tie */
	w->rate = exp(between(s, log(20), log(150)));
	w->chronic = between(s, 0, 0.003);
	w->wobble = 0.03;
	w->minutes[0] = 15;
	w->minutes[1] = between(s, 4, 20);
	w->level[1] = between(s, 0.85, 1.15);
}

static bool is_first(const struct world *w, const struct changed *c)
{
	return c->nr && strcmp(c->row[0].label, kinds[w->where].label) == 0 &&
	       strcmp(c->row[0].value, kinds[w->where].value[w->which]) == 0;
}

enum trouble { FAILING, SLOWING, JUMPING };

static void incidents(enum dimension where, enum trouble what)
{
	int first = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct world w;
		struct changed c;
		world_init(&w, seed * 1000 + where * 10 + what);
		plant(&w, where);
		double much = between(&w.seed, 0.1, 0.6);
		w.failing = what == FAILING ? much : 0;
		w.slowing = what == SLOWING ? much : 0;
		double share = kinds[where].share[w.which];
		if (what == JUMPING)
			w.times[where][w.which] =
				1 + between(&w.seed, 0.9, 2) / share;
		happen(&w);
		changed_rank(&w.answer, w.answer.want.during_from, &c);
		first += is_first(&w, &c);
	}
	if (first < 198)
		fail_msg("%s first in %d of 200", kinds[where].label, first);
}

static void the_wrong_value_is_accused_of_errors(void **state)
{
	(void)state;
	for (int d = 0; d < DIMENSIONS; d++)
		incidents((enum dimension)d, FAILING);
}

static void the_wrong_value_is_accused_of_being_slow(void **state)
{
	(void)state;
	for (int d = 0; d < DIMENSIONS; d++)
		incidents((enum dimension)d, SLOWING);
}

static void the_wrong_value_is_accused_of_traffic(void **state)
{
	(void)state;
	incidents(CLIENT, JUMPING);
	incidents(ROUTE, JUMPING);
	incidents(METHOD, JUMPING);
}

/* ---- quiet hours -------------------------------------------------------- */

#ifndef QUIET
#define QUIET 400 /* of each kind */
#endif

static void expect_quiet(struct world *w)
{
	struct changed c;
	struct buf b;
	happen(w);
	changed_rank(&w->answer, TIME_NONE, &c);
	buf_init(&b, 0);
	changed_sentence(&c, &b);
	if (c.nr)
		fail_msg("%s=%s: errors %g slow %g rate %g of %g, %g/s",
			 c.row[0].label, c.row[0].value,
			 c.row[0].share_of_new_errors,
			 c.row[0].share_of_new_slow,
			 c.row[0].share_of_new_rate, c.row[0].requests_share,
			 w->rate);
	assert_string_equal(buf_text(&b), "");
	buf_release(&b);
}

static void quiet_hours_accuse_somebody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= QUIET; seed++) {
		struct world w;
		world_init(&w, seed); /* busy */
		w.rate = between(&w.seed, 50, 2000);
		w.chronic = between(&w.seed, 0, 0.001);
		w.slow = 0.001;
		w.wobble = 0.05;
		expect_quiet(&w);
		world_init(&w, seed + 1000); /* hardly any traffic */
		w.rate = exp(between(&w.seed, log(0.01), log(2)));
		w.chronic = between(&w.seed, 0, 0.05);
		w.minutes[1] = between(&w.seed, 2, 15);
		expect_quiet(&w);
		world_init(&w, seed + 2000); /* chronic errors */
		w.chronic = between(&w.seed, 0.01, 0.2);
		w.rate = between(&w.seed, 5, 50);
		expect_quiet(&w);
		world_init(&w, seed + 3000); /* the hour of the day */
		w.level[0] = between(&w.seed, 0.85, 1.15);
		w.level[1] = between(&w.seed, 0.85, 1.15);
		w.minutes[1] = between(&w.seed, 5, 60);
		w.wobble = 0.05;
		expect_quiet(&w);
		world_init(&w, seed + 4000); /* a deploy that does nothing */
		w.chronic = between(&w.seed, 0, 0.02);
		for (size_t i = 4; i < 12; i++)
			w.times[INSTANCE][i] = 0;
		for (size_t i = 0; i < 4; i++)
			w.times[INSTANCE][i] = 3;
		expect_quiet(&w);
	}
}

/* ---- boundaries --------------------------------------------------------- */

/* Counts as they are written down, of two quarters of an hour. */
struct sheet {
	struct change_count count[VALUES];
	struct event event[4];
	struct change_answer answer;
	struct changed out;
};

static void sheet_init(struct sheet *s, double n, double e0, double e1)
{
	*s = (struct sheet){ .answer = {
		.want = { "checkout", T0, T0 + 15 * MINUTE, T0 + 15 * MINUTE,
			  T0 + 30 * MINUTE },
		.slow_over = NAN, .rate_last_week = NAN,
		.all = { "", "", { n, n }, { e0, e1 }, { NAN, NAN },
			 { NAN, NAN } } } };
	s->answer.count = s->count;
	s->answer.event = s->event;
}

static void put(struct sheet *s, const char *label, const char *value,
		double n0, double n1, double e0, double e1)
{
	s->count[s->answer.nr++] = (struct change_count){
		label, value, { n0, n1 }, { e0, e1 }, { NAN, NAN },
		{ NAN, NAN } };
}

static const struct changed *rank(struct sheet *s)
{
	changed_rank(&s->answer, T0 + 15 * MINUTE, &s->out);
	return &s->out;
}

static const struct changed_row *row_of(struct sheet *s, const char *value)
{
	const struct changed *c = rank(s);
	for (size_t i = 0; i < c->nr; i++)
		if (strcmp(c->row[i].value, value) == 0)
			return &c->row[i];
	return NULL;
}

static void near(double have, double want)
{
	if (!(fabs(have - want) < 1e-9))
		fail_msg("%.17g, not %.17g", have, want);
}

/* As on the screen that everybody has seen: one route, what it calls, and a
 * version that all have. */
static void pay_fails(struct sheet *s)
{
	sheet_init(s, 100000, 40, 1910);
	put(s, "route", "/pay", 8000, 8000, 4, 1741);
	put(s, "route", "/basket/confirm", 10000, 10000, 2, 110);
	put(s, "route", "/", 82000, 82000, 34, 59);
	put(s, "upstream", "acquirer", 7800, 7800, 4, 1690);
	put(s, "version", "v841", 100000, 0, 40, 0);
	put(s, "version", "v842", 0, 100000, 0, 1910);
	put(s, "region", "eu-west", 51700, 51700, 20, 994);
	put(s, "region", "us-east", 48300, 48300, 20, 916);
	put(s, "status", "500", 40, 1910, 40, 1910);
	put(s, "code", "500", 40, 1910, 40, 1910);
	put(s, "le", "0.5", 90000, 90000, 0, 1900);
	put(s, "namespace", "shop", 100000, 100000, 40, 1910);
}

static void rows_are_in_another_order(void **state)
{
	(void)state;
	static const char *const want[] = {
		"/pay", "acquirer", "eu-west", "us-east", "/basket/confirm",
		"v842" };
	struct sheet s;
	pay_fails(&s);
	const struct changed *c = rank(&s);
	assert_int_equal(c->nr, NR(want));
	for (size_t i = 0; i < NR(want); i++)
		assert_string_equal(c->row[i].value, want[i]);
	assert_int_equal(c->nr_more, 2);
	const struct changed_row *r = &c->row[0];
	near(r->share_of_new_errors, 1737.0 / 1870);
	near(r->requests_share, 0.08);
	near(r->excess, 1737.0 / 1870 - 0.08);
	near(r->errors_before, 4.0 / 8000);
	near(r->errors_during, 1741.0 / 8000);
	assert_true(isnan(r->share_of_new_slow));
	assert_true(isnan(r->share_of_new_rate));
	near(c->new_errors, 1870.0 / 900);
	near(c->new_rate, 0);
	assert_true(isnan(c->new_slow));
	assert_true(c->row[5].fresh);
	near(c->row[5].share_of_new_errors, 1);
	assert_true(isnan(c->row[5].errors_before));
}

static void a_constant_label_is_a_cause(void **state)
{
	(void)state;
	static const char *const none[] = { "status", "code", "le",
					    "namespace" };
	struct sheet s;
	pay_fails(&s);
	const struct changed *c = rank(&s);
	for (size_t i = 0; i < c->nr; i++)
		for (size_t k = 0; k < NR(none); k++)
			assert_string_not_equal(c->row[i].label, none[k]);
	/* One value of a label that not all have tells something. */
	assert_non_null(row_of(&s, "acquirer"));
}

static void the_same_split_hides_behind_a_wider_one(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 10000, 0, 500);
	put(&s, "zone", "b", 1000, 1000, 0, 500);
	put(&s, "zone", "a", 9000, 9000, 0, 0);
	put(&s, "dependency", "mail", 1000, 1000, 0, 500);
	put(&s, "dependency", "users", 9000, 9000, 0, 0);
	put(&s, "method", "PUT", 2000, 2000, 0, 550);
	put(&s, "method", "GET", 8000, 8000, 0, 0);
	const struct changed *c = rank(&s);
	assert_int_equal(c->nr, 3);
	assert_string_equal(c->row[0].value, "mail");
	assert_string_equal(c->row[1].value, "b");
	assert_string_equal(c->row[2].value, "PUT");
	/* As much too many errors, of fewer requests. */
	sheet_init(&s, 100000, 0, 1000);
	put(&s, "client", "bot", 10000, 10000, 0, 1000);
	put(&s, "client", "web", 90000, 90000, 0, 0);
	put(&s, "zone", "c", 5000, 5000, 0, 950);
	put(&s, "zone", "d", 95000, 95000, 0, 50);
	c = rank(&s);
	near(c->row[0].excess, c->row[1].excess);
	assert_string_equal(c->row[0].value, "c");
}

static void instances_hide_their_version(void **state)
{
	(void)state;
	static char name[40][8];
	struct sheet s;
	sheet_init(&s, 40000, 40, 540);
	for (int i = 0; i < 40; i++) {
		snprintf(name[i], sizeof(name[i]), "i-%02d", i);
		put(&s, "instance", name[i], 1000, 1000, 1, i < 10 ? 51 : 1);
	}
	put(&s, "version", "v841", 40000, 30000, 40, 30);
	put(&s, "version", "v842", 0, 10000, 0, 510);
	const struct changed *c = rank(&s);
	assert_string_equal(c->row[0].value, "v842");
	assert_int_equal(c->nr, 11);
}

static void what_all_do_alike_stands_out(void **state)
{
	(void)state;
	size_t rows = 0;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct world w;
		struct changed c;
		struct buf b;
		world_init(&w, seed);
		w.planted = w.whole = true;
		w.rate = exp(between(&w.seed, log(0.2), log(100)));
		w.failing = between(&w.seed, 0.02, 0.5);
		happen(&w);
		changed_rank(&w.answer, T0 + 15 * MINUTE, &c);
		rows += c.nr;
		for (size_t i = 0; i < c.nr; i++)
			assert_true(c.row[i].share_of_new_errors <=
				    c.row[i].requests_share + CHANGE_EXCESS);
		buf_init(&b, 0);
		changed_sentence(&c, &b);
		assert_string_equal(buf_text(&b), "");
		buf_release(&b);
	}
	assert_true(rows > 300); /* it is shown that they do */
}

/* 19 of 24 is what comes of a half now and then. */
static void a_half_of_few_errors_stands_out(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 1000, 0, 24);
	put(&s, "zone", "a", 500, 500, 0, 19);
	put(&s, "zone", "b", 500, 500, 0, 5);
	assert_null(row_of(&s, "a"));
	sheet_init(&s, 1000, 0, 240);
	put(&s, "zone", "a", 500, 500, 0, 190);
	put(&s, "zone", "b", 500, 500, 0, 50);
	assert_non_null(row_of(&s, "a"));
}

static void what_is_carried_along_fills_the_screen(void **state)
{
	(void)state;
	static const char *const name[] = { "a", "b", "c", "d", "e", "f" };
	struct sheet s;
	sheet_init(&s, 6000, 0, 600);
	for (size_t i = 0; i < NR(name); i++)
		put(&s, "zone", name[i], 1000, 1000, 0, 100);
	assert_int_equal(rank(&s)->nr, 4);
	assert_int_equal(s.out.nr_more, 2);
}

static void one_error_of_twenty_is_news(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 20, 0, 1);
	put(&s, "route", "/a", 10, 10, 0, 1);
	put(&s, "route", "/b", 10, 10, 0, 0);
	assert_int_equal(rank(&s)->nr, 0);
	/* Five times as many requests that all fail are. */
	sheet_init(&s, 200, 0, 40);
	put(&s, "route", "/a", 40, 40, 0, 40);
	put(&s, "route", "/b", 160, 160, 0, 0);
	assert_string_equal(rank(&s)->row[0].value, "/a");
	/* So many requests that a tenth of a permille is significant. */
	sheet_init(&s, 1e8, 10000, 30000);
	put(&s, "route", "/a", 5e7, 5e7, 5000, 25000);
	put(&s, "route", "/b", 5e7, 5e7, 5000, 5000);
	assert_int_equal(rank(&s)->nr, 0);
}

/* A route so small that the service's errors are as many as by chance. */
static void a_small_route_that_fails_is_not_found(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 90000, 900, 990);
	put(&s, "route", "/admin", 100, 100, 1, 96);
	put(&s, "route", "/", 89900, 89900, 899, 894);
	const struct changed *c = rank(&s);
	assert_int_equal(c->nr, 1);
	assert_string_equal(c->row[0].value, "/admin");
	near(c->row[0].share_of_new_errors, 1);
}

static void errors_that_are_always_there_are_news(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 100000, 5000, 5100);
	put(&s, "route", "/old", 10000, 10000, 4900, 5000);
	put(&s, "route", "/", 90000, 90000, 100, 100);
	assert_int_equal(rank(&s)->nr, 0);
	/* More of the same traffic is no new error. */
	put(&s, "client", "bot", 1000, 1400, 500, 700);
	put(&s, "client", "web", 99000, 98600, 4500, 4400);
	assert_int_equal(rank(&s)->nr, 0);
}

/* New pods of an old version: nothing is known of them but the service. */
static void new_names_are_accused_of_old_errors(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 100000, 1000, 1000);
	put(&s, "pod", "a-1", 50000, 0, 500, 0);
	put(&s, "pod", "a-2", 50000, 0, 500, 0);
	put(&s, "pod", "b-1", 0, 50000, 0, 500);
	put(&s, "pod", "b-2", 0, 50000, 0, 500);
	assert_int_equal(rank(&s)->nr, 0);
	/* Seen for its first seconds before: still new, and 20 times worse. */
	s.count[3].errors[1] = 10000;
	s.answer.all.errors[1] = 10500;
	s.count[3].requests[0] = 700;
	s.count[3].errors[0] = 7;
	const struct changed_row *r = row_of(&s, "b-2");
	assert_non_null(r);
	assert_true(r->fresh);
	near(r->excess, r->share_of_new_errors - 0.5);
	assert_true(r->share_of_new_errors > 0.93);
}

/* It was rolled out 70 s before the trouble, and counted for as long. */
static void a_version_of_a_minute_is_an_old_one(void **state)
{
	(void)state;
	struct sheet s;
	struct buf b;
	buf_init(&b, 0);
	sheet_init(&s, 90000, 40, 1840);
	put(&s, "version", "v841", 83000, 0, 37, 0);
	put(&s, "version", "v842", 7000, 90000, 3, 1840);
	assert_false(row_of(&s, "v842")->fresh);
	s.event[s.answer.nr_events++] = (struct event){
		.at = T0 + 15 * MINUTE - 70000, .kind = EVENT_DEPLOY,
		.service = "checkout", .text = "v841 → v842", .tag = "v842" };
	assert_true(row_of(&s, "v842")->fresh);
	changed_sentence(&s.out, &b);
	assert_string_equal(buf_text(&b),
			    "errors began ~70s after deploy v841 → v842 at "
			    "02:27  ·  version=v842 has 100% of the new "
			    "errors");
	s.event[0].service = "search"; /* has a version of that name, too */
	assert_false(row_of(&s, "v842")->fresh);
	buf_release(&b);
}

static void odd_counts_break_the_ranking(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 0, 0, 0);
	put(&s, "route", "/a", 0, 0, 0, 0);
	assert_int_equal(rank(&s)->nr, 0);
	assert_true(isnan(s.out.new_errors));
	pay_fails(&s);
	put(&s, "host", "x", NAN, 1000, NAN, 1000);
	put(&s, "host", "y", 1000, NAN, NAN, NAN);
	put(&s, "host", "z", (double)INFINITY, -1, -5, (double)INFINITY);
	put(&s, "host", "u", NAN, NAN, NAN, NAN);
	const struct changed *c = rank(&s);
	assert_string_equal(c->row[0].value, "/pay");
	for (size_t i = 0; i < c->nr; i++) {
		assert_true(c->row[i].share_of_new_errors >= 0);
		assert_true(c->row[i].share_of_new_errors <= 1);
	}
	/* Spans that are none. */
	s.answer.want.before_to = s.answer.want.before_from;
	assert_int_equal(rank(&s)->nr, 0);
	/* Nothing is known of errors. */
	sheet_init(&s, 1000, NAN, NAN);
	put(&s, "route", "/a", 500, 500, NAN, NAN);
	put(&s, "route", "/b", 500, 500, NAN, NAN);
	assert_int_equal(rank(&s)->nr, 0);
	assert_true(isnan(s.out.new_errors));
}

static void more_rows_than_there_is_room_for(void **state)
{
	(void)state;
	static struct change_count many[2000];
	static char name[2000][8];
	struct sheet s;
	sheet_init(&s, 2000000, 0, 0);
	for (size_t i = 0; i < 2000; i++) {
		snprintf(name[i], sizeof(name[i]), "%zu", i);
		many[i] = (struct change_count){
			"path", name[i], { 1000, 1000 },
			{ 0, i < 40 ? 25 + (double)i : 0 }, { NAN, NAN },
			{ NAN, NAN } };
		s.answer.all.errors[1] += many[i].errors[1];
	}
	s.answer.count = many;
	s.answer.nr = 2000;
	const struct changed *c = rank(&s);
	assert_true(c->nr > 8 && c->nr <= CHANGE_ROWS);
	assert_int_equal(c->nr + c->nr_more, 2000);
	assert_string_equal(c->row[0].value, "39");
}

/* ---- traffic ------------------------------------------------------------ */

static bool is_traffic(double during, double before, double last_week)
{
	struct sheet s;
	sheet_init(&s, 0, 0, 0);
	s.answer.all.requests[0] = before * 900;
	s.answer.all.requests[1] = during * 900;
	s.answer.rate_last_week = last_week;
	return changed_is_traffic(&s.answer);
}

static void traffic_is_an_event_at_another_rate(void **state)
{
	(void)state;
	assert_false(is_traffic(1500, 1000, NAN));
	assert_true(is_traffic(1501, 1000, NAN));
	assert_false(is_traffic(1500, 10, 1000));
	assert_true(is_traffic(1501, 5000, 1000));
	assert_false(is_traffic(0.3, 0.2, NAN));
	assert_false(is_traffic(100, 0, NAN));
	assert_true(is_traffic(1501, 1000, 0)); /* no history */
	assert_false(is_traffic(NAN, 1000, NAN));
}

static void traffic_is_told_in_other_words(void **state)
{
	(void)state;
	struct sheet s;
	struct buf b;
	buf_init(&b, 0);
	sheet_init(&s, 90000, 0, 0);
	s.answer.rate_last_week = 99;
	changed_traffic(&s.answer, &b);
	assert_string_equal(buf_text(&b), "traffic +1% against last week");
	buf_clear(&b);
	s.answer.rate_last_week = NAN;
	changed_traffic(&s.answer, &b);
	assert_string_equal(buf_text(&b), "traffic +0% against before");
	buf_clear(&b);
	s.answer.all.requests[1] = 45000;
	changed_traffic(&s.answer, &b);
	assert_string_equal(buf_text(&b), "traffic -50% against before");
	buf_clear(&b);
	s.answer.all.requests[0] = 0;
	changed_traffic(&s.answer, &b);
	assert_string_equal(buf_text(&b), "");
	buf_release(&b);
}

static void opening_hours_are_a_change(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 9000, 0, 0);
	s.answer.all.requests[1] = 36000;
	put(&s, "client", "web", 8000, 8000, 0, 0);
	put(&s, "client", "bot", 1000, 28000, 0, 0);
	const struct changed *c = rank(&s);
	assert_string_equal(c->row[0].value, "bot");
	near(c->row[0].share_of_new_rate, 1);
	near(c->new_rate, 30);
	s.answer.rate_last_week = 39; /* then it was so, too */
	assert_int_equal(rank(&s)->nr, 0);
	/* More than last week, but it was before already. */
	s.answer.rate_last_week = 10;
	s.answer.all.requests[0] = 33000;
	s.count[1].requests[0] = 25000;
	assert_true(changed_is_traffic(&s.answer));
	assert_int_equal(rank(&s)->nr, 0);
}

static void lost_traffic_is_not_told(void **state)
{
	(void)state;
	struct sheet s;
	struct buf b;
	buf_init(&b, 0);
	sheet_init(&s, 90000, 0, 0);
	s.answer.all.requests[1] = 50000;
	put(&s, "zone", "a", 45000, 45000, 0, 0);
	put(&s, "zone", "b", 45000, 5000, 0, 0);
	const struct changed *c = rank(&s);
	assert_string_equal(c->row[0].value, "b");
	near(c->new_rate, -40000.0 / 900);
	changed_sentence(c, &b);
	assert_string_equal(buf_text(&b), "zone=b has 100% of the lost traffic");
	s.answer.rate_last_week = 60; /* as every evening */
	assert_int_equal(rank(&s)->nr, 0);
	s.answer.rate_last_week = NAN;
	/* Others took over: nothing is lost. */
	s.count[0].requests[1] = 85000;
	s.answer.all.requests[1] = 90000;
	assert_int_equal(rank(&s)->nr, 0);
	/* All of it is gone. */
	s.count[0].requests[1] = s.count[1].requests[1] = 0;
	s.answer.all.requests[1] = 0;
	c = rank(&s);
	for (size_t i = 0; i < c->nr; i++)
		assert_true(c->row[i].excess <= CHANGE_EXCESS);
	buf_release(&b);
}

/* New pods for old ones while traffic doubles: the traffic is the news. */
static void pods_that_were_replaced_brought_the_traffic(void **state)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, 40000, 0, 0);
	s.answer.all.requests[1] = 80000;
	for (int i = 0; i < 4; i++) {
		static const char *const old[] = { "a", "b", "c", "d" };
		static const char *const new[] = { "e", "f", "g", "h" };
		put(&s, "pod", old[i], 10000, 0, 0, 0);
		put(&s, "pod", new[i], 0, 20000, 0, 0);
	}
	put(&s, "client", "bot", 1000, 37000, 0, 0);
	put(&s, "client", "web", 39000, 43000, 0, 0);
	const struct changed *c = rank(&s);
	assert_string_equal(c->row[0].value, "bot");
	for (size_t i = 1; i < c->nr; i++)
		assert_true(c->row[i].excess < 0.01);
}

/* ---- the cause ---------------------------------------------------------- */

static void deploy(struct sheet *s, const char *service, time_ms before)
{
	s->event[s->answer.nr_events++] = (struct event){
		.at = T0 + 15 * MINUTE - before, .until = TIME_NONE,
		.kind = EVENT_DEPLOY, .service = service,
		.text = "deploy v841 → v842", .tag = "v842" };
}

static int cause_of(const char *service, time_ms before)
{
	struct sheet s;
	pay_fails(&s);
	deploy(&s, service, before);
	return rank(&s)->cause;
}

static void a_deploy_is_blamed_that_is_innocent(void **state)
{
	(void)state;
	assert_int_equal(cause_of("checkout", 70000), 0);
	assert_int_equal(cause_of("checkout", 15 * MINUTE), 0);
	assert_int_equal(cause_of("checkout", 15 * MINUTE + 1), -1);
	assert_int_equal(cause_of("checkout", 1), 0);
	assert_int_equal(cause_of("checkout", 0), -1);
	assert_int_equal(cause_of("checkout", -1), -1);
	assert_int_equal(cause_of("search", 70000), -1);
	assert_int_equal(cause_of(NULL, 70000), -1);
	/* Nothing else is called one. */
	struct sheet s;
	pay_fails(&s);
	deploy(&s, "checkout", 70000);
	s.event[0].kind = EVENT_RESTART;
	assert_int_equal(rank(&s)->cause, -1);
	/* Without an onset nobody knows what was first. */
	s.event[0].kind = EVENT_DEPLOY;
	changed_rank(&s.answer, TIME_NONE, &s.out);
	assert_int_equal(s.out.cause, -1);
	/* Where nothing is new there is nothing to blame it for. */
	sheet_init(&s, 1000, 1, 1);
	deploy(&s, "checkout", 70000);
	assert_int_equal(rank(&s)->cause, -1);
}

/* A quarter of the instances have the new version. */
static int cause_of_canary(double old, double new)
{
	struct sheet s;
	sheet_init(&s, 40000, 20, old + new);
	put(&s, "version", "v841", 40000, 30000, 20, old);
	put(&s, "version", "v842", 0, 10000, 0, new);
	deploy(&s, "checkout", 70000);
	return rank(&s)->cause;
}

static void a_deploy_is_blamed_for_what_it_did_not_touch(void **state)
{
	(void)state;
	assert_int_equal(cause_of_canary(20, 500), 0);
	assert_int_equal(cause_of_canary(500, 10), -1);
	assert_int_equal(cause_of_canary(750, 250), -1); /* both alike */
	assert_int_equal(cause_of_canary(1500, 500), -1);
	assert_int_equal(cause_of_canary(600, 400), -1);
}

static void the_newest_of_two_deploys_goes_free(void **state)
{
	(void)state;
	struct sheet s;
	pay_fails(&s);
	deploy(&s, "checkout", 60000);
	deploy(&s, "checkout", 600000);
	deploy(&s, "search", 1000);
	assert_int_equal(rank(&s)->cause, 0);
}

static void the_reason_is_told_in_other_words(void **state)
{
	(void)state;
	struct sheet s;
	struct buf b;
	buf_init(&b, 0);
	pay_fails(&s);
	changed_sentence(rank(&s), &b);
	assert_string_equal(buf_text(&b),
			    "route=/pay has 92.9% of the new errors");
	buf_clear(&b);
	deploy(&s, "checkout", 70000);
	changed_sentence(rank(&s), &b);
	assert_string_equal(buf_text(&b),
			    "errors began ~70s after deploy v841 → v842 at "
			    "02:27  ·  route=/pay has 92.9% of the new "
			    "errors");
	/* A version that all have, and nothing else. */
	buf_clear(&b);
	sheet_init(&s, 10000, 0, 500);
	put(&s, "version", "v841", 10000, 0, 0, 0);
	put(&s, "version", "v842", 0, 10000, 0, 500);
	changed_sentence(rank(&s), &b);
	assert_string_equal(buf_text(&b),
			    "version=v842 has 100% of the new errors");
	buf_clear(&b);
	sheet_init(&s, 10000, 0, 0);
	put(&s, "zone", "a", 5000, 5000, 0, 0);
	put(&s, "zone", "b", 5000, 5000, 0, 0);
	s.answer.all.slow[0] = 10;
	s.answer.all.slow[1] = 1010;
	for (int i = 0; i < 2; i++) {
		s.count[i].slow[0] = 5;
		s.count[i].slow[1] = i ? 1005 : 5;
	}
	changed_sentence(rank(&s), &b);
	assert_string_equal(buf_text(&b),
			    "zone=b has 100% of the new slow requests");
	buf_release(&b);
}

static void a_long_value_floods_the_line(void **state)
{
	(void)state;
	static char value[1000];
	struct sheet s;
	struct buf b;
	for (size_t i = 0; i + 2 < sizeof(value); i += 2)
		memcpy(value + i, "ü", 2);
	buf_init(&b, 0);
	sheet_init(&s, 10000, 0, 500);
	put(&s, "route", value, 1000, 1000, 0, 500);
	put(&s, "route", "/", 9000, 9000, 0, 0);
	changed_sentence(rank(&s), &b);
	assert_true(text_width(buf_text(&b)) < 120);
	assert_true(text_is_clean(buf_text(&b)));
	buf_release(&b);
}

/* ---- windows ------------------------------------------------------------ */

static void expect_windows(time_ms onset, time_ms at, time_ms range,
			   time_ms before, time_ms during)
{
	struct change_want w = { .service = "checkout" };
	changed_windows(onset, at, range, &w);
	assert_string_equal(w.service, "checkout");
	assert_true(w.during_to == at);
	assert_true(w.during_from == w.before_to);
	assert_int_equal(w.during_to - w.during_from, during);
	assert_int_equal(w.before_to - w.before_from, before);
}

static void other_times_are_compared(void **state)
{
	(void)state;
	time_ms at = T0, hour = 60 * MINUTE;
	expect_windows(at - 46 * MINUTE, at, hour, 15 * MINUTE, 46 * MINUTE);
	expect_windows(TIME_NONE, at, hour, 15 * MINUTE, 15 * MINUTE);
	expect_windows(TIME_NONE, at, 0, 15 * MINUTE, 15 * MINUTE);
	expect_windows(TIME_NONE, at, 10 * MINUTE, 5 * MINUTE, 5 * MINUTE);
	expect_windows(TIME_NONE, at, MINUTE, 2 * MINUTE, 2 * MINUTE);
	/* A rate needs scrapes. */
	expect_windows(at - 20000, at, hour, 15 * MINUTE, 2 * MINUTE);
	expect_windows(at + 20000, at, hour, 15 * MINUTE, 15 * MINUTE);
}

/* ---- the onset ---------------------------------------------------------- */

#define POINTS 240

struct course {
	struct change_point p[POINTS];
	size_t nr;
	time_ms step;
	double rate, calm;
	uint64_t seed;
};

/* Points of a rate over a minute, each from the pieces of a step that it is
 * made of. `level` of each step. */
static void observe(struct course *c, const double *level)
{
	double k[POINTS + 4], n[POINTS + 4];
	size_t over = c->step < MINUTE ? (size_t)(MINUTE / c->step) : 1;
	for (size_t i = 0; i < c->nr + over; i++) {
		double r = level[i < over ? 0 : i - over];
		double mean = c->rate * (double)c->step / 1000;
		n[i] = poisson(&c->seed, mean);
		k[i] = fmin(n[i], poisson(&c->seed, mean * r));
	}
	for (size_t i = 0; i < c->nr; i++) {
		double errors = 0, requests = 0;
		for (size_t j = i + 1; j <= i + over; j++) {
			errors += k[j];
			requests += n[j];
		}
		c->p[i] = (struct change_point){
			.at = T0 + (time_ms)i * c->step,
			.ratio = requests > 0 ? errors / requests : NAN,
			.rate = requests * 1000 /
				((double)c->step * (double)over) };
	}
}

static void course_init(struct course *c, uint64_t seed)
{
	*c = (struct course){ .seed = seed };
	c->step = next(&c->seed) % 2 ? 15000 : 60000;
	c->nr = 60 + next(&c->seed) % (POINTS - 60);
	c->rate = exp(between(&c->seed, log(50), log(1000)));
	c->calm = between(&c->seed, 0.0001, 0.0008);
}

/* Begins at a point, grows for `ramp` to `bad`. */
static void trouble(const struct course *c, double *level, size_t begin,
		    time_ms ramp, double bad)
{
	for (size_t i = begin; i < c->nr; i++) {
		time_ms since = ((time_ms)(i - begin) + 1) * c->step;
		double part = ramp ? fmin(1, (double)since / (double)ramp) : 1;
		level[i] = c->calm + part * (bad - c->calm);
	}
}

static void calm_down(const struct course *c, double *level)
{
	for (size_t i = 0; i < c->nr; i++)
		level[i] = c->calm;
}

static void expect_onset(time_ms ramp, double bad)
{
	int good = 0;
	for (uint64_t seed = 1; seed <= 500; seed++) {
		struct course c;
		double level[POINTS];
		course_init(&c, seed * 7 + (uint64_t)ramp);
		size_t begin = 10 + next(&c.seed) % (c.nr - 20);
		calm_down(&c, level);
		trouble(&c, level, begin, ramp, bad);
		observe(&c, level);
		time_ms at = changed_onset(c.p, c.nr);
		time_ms off = at == TIME_NONE ? TIME_NONE
			: at - (T0 + (time_ms)begin * c.step);
		good += off >= -2 * c.step && off <= 2 * c.step;
	}
	if (good < 498)
		fail_msg("ramp %d to %g: %d of 500", (int)ramp, bad, good);
}

static void trouble_began_at_another_time(void **state)
{
	(void)state;
	expect_onset(0, 0.02);
	expect_onset(MINUTE, 0.02);
	expect_onset(0, 0.3);
	expect_onset(MINUTE, 0.3);
	expect_onset(0, 1);
}

static void trouble_before_the_chart_is_missed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct course c;
		double level[POINTS];
		course_init(&c, seed);
		calm_down(&c, level);
		trouble(&c, level, 0, 0, between(&c.seed, 0.02, 0.5));
		observe(&c, level);
		assert_true(changed_onset(c.p, c.nr) == T0);
	}
}

static void quiet_hours_have_an_onset(void **state)
{
	(void)state;
	int none = 0;
	for (uint64_t seed = 1; seed <= 10000; seed++) {
		struct course c;
		double level[POINTS];
		course_init(&c, seed);
		c.rate = exp(between(&c.seed, log(0.05), log(2000)));
		c.calm = exp(between(&c.seed, log(1e-5), log(0.01)));
		for (size_t i = 0; i < c.nr; i++)
			level[i] = c.calm * (1 + 0.15 * sin((double)i / 40));
		observe(&c, level);
		none += changed_onset(c.p, c.nr) == TIME_NONE;
	}
	assert_true(none >= 9950);
}

/* Errors come in bursts: what a client tries again fails again. */
static void bursts_have_an_onset(void **state)
{
	(void)state;
	int none = 0;
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		struct course c;
		double level[POINTS];
		course_init(&c, seed);
		for (size_t i = 0; i < c.nr; i++)
			level[i] = 0.002 * exp(0.8 * bell(&c.seed));
		observe(&c, level);
		none += changed_onset(c.p, c.nr) == TIME_NONE;
	}
	if (none < 1990)
		fail_msg("%d of 2000 have none", none);
}

static void four_errors_are_trouble(void **state)
{
	(void)state;
	struct change_point p[60];
	for (size_t i = 0; i < NR(p); i++)
		p[i] = (struct change_point){ T0 + (time_ms)i * MINUTE,
					      i < 58 ? 0 : 0.2, 10.0 / 60 };
	assert_true(changed_onset(p, NR(p)) == TIME_NONE);
	p[58].ratio = p[59].ratio = 0.5;
	assert_true(changed_onset(p, NR(p)) == p[58].at);
}

static void trouble_that_is_over_goes_on(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct course c;
		double level[POINTS];
		course_init(&c, seed);
		size_t begin = 5 + next(&c.seed) % 15;
		calm_down(&c, level);
		for (size_t i = begin; i < begin + 10; i++)
			level[i] = 0.05;
		observe(&c, level);
		assert_true(changed_onset(c.p, c.nr) == TIME_NONE);
		/* and its second time is what counts */
		trouble(&c, level, c.nr - 12, 0, 0.05);
		observe(&c, level);
		time_ms want = T0 + (time_ms)(c.nr - 12) * c.step;
		time_ms at = changed_onset(c.p, c.nr);
		assert_true(at >= want - 2 * c.step && at <= want + 2 * c.step);
	}
}

static void holes_break_the_onset(void **state)
{
	(void)state;
	struct course c;
	double level[POINTS];
	course_init(&c, 4);
	calm_down(&c, level);
	trouble(&c, level, 40, 0, 0.1);
	observe(&c, level);
	for (size_t i = 0; i < c.nr; i += 7)
		c.p[i].ratio = NAN;
	for (size_t i = 3; i < c.nr; i += 11)
		c.p[i].rate = i % 2 ? NAN : 0;
	time_ms at = changed_onset(c.p, c.nr);
	assert_true(at >= T0 + 38 * c.step && at <= T0 + 43 * c.step);
	for (size_t i = 0; i < c.nr; i++)
		c.p[i].ratio = NAN;
	assert_true(changed_onset(c.p, c.nr) == TIME_NONE);
	assert_true(changed_onset(c.p, 0) == TIME_NONE);
	assert_true(changed_onset(c.p, 1) == TIME_NONE);
	for (size_t i = 0; i < c.nr; i++)
		c.p[i] = (struct change_point){ T0, 1e300, 1e300 };
	(void)changed_onset(c.p, c.nr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wrong_value_is_accused_of_errors),
		cmocka_unit_test(the_wrong_value_is_accused_of_being_slow),
		cmocka_unit_test(the_wrong_value_is_accused_of_traffic),
		cmocka_unit_test(quiet_hours_accuse_somebody),
		cmocka_unit_test(rows_are_in_another_order),
		cmocka_unit_test(a_constant_label_is_a_cause),
		cmocka_unit_test(the_same_split_hides_behind_a_wider_one),
		cmocka_unit_test(instances_hide_their_version),
		cmocka_unit_test(what_all_do_alike_stands_out),
		cmocka_unit_test(a_half_of_few_errors_stands_out),
		cmocka_unit_test(what_is_carried_along_fills_the_screen),
		cmocka_unit_test(one_error_of_twenty_is_news),
		cmocka_unit_test(a_small_route_that_fails_is_not_found),
		cmocka_unit_test(errors_that_are_always_there_are_news),
		cmocka_unit_test(new_names_are_accused_of_old_errors),
		cmocka_unit_test(a_version_of_a_minute_is_an_old_one),
		cmocka_unit_test(odd_counts_break_the_ranking),
		cmocka_unit_test(more_rows_than_there_is_room_for),
		cmocka_unit_test(traffic_is_an_event_at_another_rate),
		cmocka_unit_test(traffic_is_told_in_other_words),
		cmocka_unit_test(opening_hours_are_a_change),
		cmocka_unit_test(lost_traffic_is_not_told),
		cmocka_unit_test(pods_that_were_replaced_brought_the_traffic),
		cmocka_unit_test(a_deploy_is_blamed_that_is_innocent),
		cmocka_unit_test(a_deploy_is_blamed_for_what_it_did_not_touch),
		cmocka_unit_test(the_newest_of_two_deploys_goes_free),
		cmocka_unit_test(the_reason_is_told_in_other_words),
		cmocka_unit_test(a_long_value_floods_the_line),
		cmocka_unit_test(other_times_are_compared),
		cmocka_unit_test(trouble_began_at_another_time),
		cmocka_unit_test(trouble_before_the_chart_is_missed),
		cmocka_unit_test(quiet_hours_have_an_onset),
		cmocka_unit_test(bursts_have_an_onset),
		cmocka_unit_test(four_errors_are_trouble),
		cmocka_unit_test(trouble_that_is_over_goes_on),
		cmocka_unit_test(holes_break_the_onset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
