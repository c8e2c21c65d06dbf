/* Burn rates of raw counters that the store holds, against what a real server
 * said of the same samples: 7 objectives, 7 windows, 731 moments. */
#include "tests/openmetrics.h"

#include "model/rate.h"
#include "model/slo.h"

#include <cjson/cJSON.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define DATA "tests/data/slo-oracle/"
#define ROWS 35819
#define TOLERANCE 1e-9
#define SERVER "2.42.0" /* who answered */
#define SERIES_MAX 16
#define MATCHERS_MAX 4

/* ---- queries: sum(FN(METRIC{MATCHERS}[RANGE])), or one less another ----- */

enum function { FN_RATE, FN_COUNT, FN_SUM };

/* One sum over the series that the store holds. */
struct term {
	enum function fn;
	time_ms range;
	size_t nr;
	const struct series *series[SERIES_MAX];
};

struct query {
	size_t nr;           /* terms: one, or one less another */
	struct term term[2];
};

struct text {
	const char *s;
};

static void expect(struct text *at, const char *word)
{
	size_t n = strlen(word);
	if (strncmp(at->s, word, n) != 0)
		fail_msg("'%s' instead of '%s'", at->s, word);
	at->s += n;
}

static bool take(struct text *at, const char *word)
{
	size_t n = strlen(word);
	if (strncmp(at->s, word, n) != 0)
		return false;
	at->s += n;
	return true;
}

static const char *until(struct text *at, const char *end, char *out,
			 size_t room)
{
	size_t n = strcspn(at->s, end);
	assert_true(n < room);
	memcpy(out, at->s, n);
	out[n] = '\0';
	at->s += n;
	return out;
}

struct matcher {
	char name[64], value[64];
	bool regex;
};

static struct matcher read_matcher(struct text *at)
{
	struct matcher m = { 0 };
	until(at, "=", m.name, sizeof(m.name));
	expect(at, "=");
	m.regex = take(at, "~");
	expect(at, "\"");
	until(at, "\"", m.value, sizeof(m.value));
	expect(at, "\"");
	return m;
}

static bool matches(const struct matcher *m, const struct labels *ls)
{
	const char *v = labels_get(ls, m->name);
	if (!m->regex)
		return v && strcmp(v, m->value) == 0;
	char whole[80];
	regex_t re;
	snprintf(whole, sizeof(whole), "^(%s)$", m->value);
	assert_int_equal(regcomp(&re, whole, REG_EXTENDED | REG_NOSUB), 0);
	bool yes = v && regexec(&re, v, 0, NULL, 0) == 0;
	regfree(&re);
	return yes;
}

static enum function read_function(struct text *at)
{
	if (take(at, "rate("))
		return FN_RATE;
	if (take(at, "count_over_time("))
		return FN_COUNT;
	expect(at, "sum_over_time(");
	return FN_SUM;
}

static void select_series(struct term *t, const struct store *st,
			  const char *metric, const struct matcher *m,
			  size_t nr)
{
	assert_string_equal(m[0].name, "job");
	const struct service *s = om_service(st, metric, m[0].value);
	assert_non_null(s);
	for (size_t i = 0; i < s->nr[RED_CHART]; i++) {
		const struct series *x = s->series[RED_CHART][i];
		size_t k = 0;
		while (k < nr && matches(&m[k], &x->labels))
			k++;
		if (k < nr)
			continue;
		assert_true(t->nr < SERIES_MAX);
		t->series[t->nr++] = x;
	}
	assert_true(t->nr > 0);
}

static struct term read_term(struct text *at, const struct store *st)
{
	struct term t = { 0 };
	struct matcher m[MATCHERS_MAX];
	char metric[128], range[16];
	struct err e;
	size_t nr = 0;
	expect(at, "sum(");
	t.fn = read_function(at);
	until(at, "{", metric, sizeof(metric));
	expect(at, "{");
	do {
		assert_true(nr < MATCHERS_MAX);
		m[nr++] = read_matcher(at);
	} while (take(at, ","));
	expect(at, "}[");
	until(at, "]", range, sizeof(range));
	expect(at, "]))");
	assert_int_equal(duration_parse(range, &t.range, &e), 0);
	select_series(&t, st, metric, m, nr);
	return t;
}

static struct query read_query(const cJSON *window, const char *name,
			       const struct store *st)
{
	struct query q = { 0 };
	struct text at = { cJSON_GetStringValue(
		cJSON_GetObjectItem(window, name)) };
	assert_non_null(at.s);
	bool two = take(&at, "(");
	q.term[q.nr++] = read_term(&at, st);
	if (two) {
		expect(&at, " - ");
		q.term[q.nr++] = read_term(&at, st);
		expect(&at, ")");
	}
	assert_string_equal(at.s, "");
	return q;
}

static bool ask_series(const struct term *t, const struct series *s, time_ms at,
		       const struct prom_rules *r, double *out)
{
	if (t->fn == FN_RATE)
		return rate_over(RATE_RATE, s->t, s->v, s->nr, t->range, at, r,
				 out);
	return rate_over_time(t->fn == FN_COUNT ? OVER_COUNT : OVER_SUM,
			      s->t, s->v, s->nr, t->range, at, r, out);
}

static struct slo_value ask_term(const struct term *t, time_ms at,
				 const struct prom_rules *r)
{
	double v[SERIES_MAX];
	size_t n = 0;
	for (size_t i = 0; i < t->nr; i++)
		n += ask_series(t, t->series[i], at, r, &v[n]);
	return (struct slo_value){ n > 0, prom_sum(v, n, r) };
}

static struct slo_value ask(const struct query *q, time_ms at,
			    const struct prom_rules *r)
{
	struct slo_value a = ask_term(&q->term[0], at, r);
	if (q->nr < 2)
		return a;
	struct slo_value b = ask_term(&q->term[1], at, r);
	return (struct slo_value){ a.there && b.there, a.v - b.v };
}

/* ---- rows ---------------------------------------------------------------- */

enum cell { ERRORS, TOTAL, RATIO, BURN, COLUMNS };

struct row {
	char slo[64], window[8];
	time_ms at;
	struct slo_value want[COLUMNS];
};

static void compute(const struct query *errors, const struct query *total,
		    double objective, time_ms at, const struct prom_rules *r,
		    struct slo_value out[COLUMNS])
{
	struct slo_value e = ask(errors, at, r), n = ask(total, at, r);
	bool both = e.there && n.there;
	out[ERRORS] = e;
	out[TOTAL] = n;
	out[RATIO] = (struct slo_value){ both, e.v / n.v };
	out[BURN] = (struct slo_value){ both, e.v / n.v / (1 - objective) };
}

static bool same(struct slo_value have, struct slo_value want)
{
	if (!have.there || !want.there)
		return have.there == want.there;
	if (isnan(have.v) || isnan(want.v))
		return isnan(have.v) && isnan(want.v);
	return fabs(have.v - want.v) <= TOLERANCE * fabs(want.v);
}

static struct slo_value read_cell(char **at)
{
	struct slo_value v = { 0 };
	size_t n = strcspn(*at, ",\r\n");
	v.there = n > 0;
	if (v.there)
		assert_true(number_parse(*at, n, &v.v));
	*at += n + ((*at)[n] == ',');
	return v;
}

static bool next_row(gzFile f, struct row *r)
{
	char line[256];
	if (!gzgets(f, line, sizeof(line)))
		return false;
	long long at;
	int n = 0;
	if (sscanf(line, "%63[^,],%7[^,],%lld,%n", r->slo, r->window, &at, &n)
	    != 3)
		fail_msg("not a row: %s", line);
	r->at = (time_ms)at * 1000;
	char *s = line + n;
	for (int c = 0; c < COLUMNS; c++)
		r->want[c] = read_cell(&s);
	return true;
}

/* ---- the whole table ----------------------------------------------------- */

struct lab {
	struct openmetrics om;
	struct store *st;
	cJSON *queries;
};

static cJSON *load_json(const char *path)
{
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	char *text = mem_zero(1, 1 << 20);
	size_t n = fread(text, 1, (1 << 20) - 1, f);
	cJSON *tree = cJSON_ParseWithLength(text, n);
	fclose(f);
	free(text);
	return tree;
}

static int set_up(void **state)
{
	struct lab *lab = mem_zero(1, sizeof(*lab));
	*state = lab;
	if (!om_load(&lab->om, DATA "d3.om.gz"))
		return -1;
	lab->st = om_store(&lab->om, SERVER, 6 * 3600000, 600000);
	lab->queries = load_json(DATA "queries.json");
	return lab->queries ? 0 : -1;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	store_free(lab->st);
	om_release(&lab->om);
	cJSON_Delete(lab->queries);
	free(lab);
	return 0;
}

struct count {
	size_t rows, wrong, absent, nan;
	time_ms first; /* wrong row */
};

/* The queries of the row's objective and window. */
struct pair {
	char slo[64], window[8];
	double objective;
	struct query errors, total;
};

static void pair_of(struct pair *p, const struct lab *lab, const struct row *r)
{
	if (strcmp(p->slo, r->slo) == 0 && strcmp(p->window, r->window) == 0)
		return;
	const cJSON *slos = cJSON_GetObjectItem(lab->queries, "slos");
	const cJSON *slo = cJSON_GetObjectItem(slos, r->slo);
	const cJSON *w = cJSON_GetObjectItem(
		cJSON_GetObjectItem(slo, "windows"), r->window);
	assert_non_null(w);
	strcpy(p->slo, r->slo);
	strcpy(p->window, r->window);
	p->objective = cJSON_GetObjectItem(slo, "objective")->valuedouble / 100;
	p->errors = read_query(w, "err", lab->st);
	p->total = read_query(w, "total", lab->st);
}

static void complain(const struct row *r, const struct slo_value *have)
{
	fprintf(stderr, "%s %s %lld:", r->slo, r->window,
		(long long)r->at / 1000);
	for (int c = 0; c < COLUMNS; c++)
		fprintf(stderr, " %.17g%s not %.17g%s", have[c].v,
			have[c].there ? "" : " (absent)", r->want[c].v,
			r->want[c].there ? "" : " (absent)");
	fprintf(stderr, "\n");
}

static void count_row(struct count *n, const struct row *r,
		      const struct slo_value have[COLUMNS], bool aloud)
{
	bool right = true;
	for (int c = 0; c < COLUMNS; c++)
		right &= same(have[c], r->want[c]);
	n->rows++;
	n->absent += !have[RATIO].there;
	n->nan += have[RATIO].there && isnan(have[RATIO].v);
	if (right)
		return;
	if (n->wrong++ == 0 || r->at < n->first)
		n->first = r->at;
	if (aloud && n->wrong <= 5)
		complain(r, have);
}

/* Of one objective, or NULL: all, but not of `but`. */
static struct count compare(const struct lab *lab, const char *only,
			    const char *but, const struct prom_rules *rules,
			    bool aloud)
{
	struct count n = { 0 };
	struct row r;
	struct pair p = { 0 };
	char head[256];
	gzFile f = gzopen(DATA "expected-d3.csv.gz", "rb");
	assert_non_null(f);
	assert_non_null(gzgets(f, head, sizeof(head)));
	while (next_row(f, &r)) {
		struct slo_value have[COLUMNS];
		if ((only && strcmp(r.slo, only) != 0)
		    || (but && strcmp(r.slo, but) == 0))
			continue;
		pair_of(&p, lab, &r);
		compute(&p.errors, &p.total, p.objective, r.at, rules, have);
		count_row(&n, &r, have, aloud);
	}
	gzclose(f);
	return n;
}

static void samples_get_lost_on_their_way_into_the_store(void **state)
{
	const struct lab *lab = *state;
	assert_int_equal(lab->om.nr, 39);
	assert_int_equal(lab->om.samples, 720917);
	assert_int_equal(store_points(lab->st), 720917);
	assert_int_equal(store_series_count(lab->st), 39);
	assert_int_equal(store_losses(lab->st)->points, 0);
}

static void burn_rates_from_the_store_differ_from_the_servers(void **state)
{
	const struct lab *lab = *state;
	const struct store_source *src = store_source(lab->st, "openmetrics");
	assert_int_equal(src->rules->since, prom_rules(SERVER)->since);
	struct count n = compare(lab, NULL, NULL, prom_rules(SERVER), true);
	assert_int_equal(n.rows, ROWS);
	assert_int_equal(n.wrong, 0);
	assert_int_equal(n.absent, 1525);
	assert_int_equal(n.nan, 615);
}

/* Of one objective alone samples lie on the edges of windows. */
static void the_wrong_edge_of_a_window_would_not_be_noticed(void **state)
{
	const struct lab *lab = *state;
	const char *edge = "aligned-availability";
	struct prom_rules open = *prom_rules(SERVER);
	open.left_open = true;
	struct count n = compare(lab, edge, NULL, &open, false);
	assert_int_equal(n.rows, ROWS / 7);
	assert_true(n.wrong > n.rows / 2);
	n = compare(lab, NULL, edge, &open, true);
	assert_int_equal(n.rows, ROWS - ROWS / 7);
	assert_int_equal(n.wrong, 0);
}

static struct om_series *om_by_key(struct lab *lab, const char *key)
{
	struct om_series *s = om_find(&lab->om, key);
	assert_non_null(s);
	return s;
}

/* One sample is one error more, and is then corrected. */
static void one_wrong_sample_would_not_be_noticed(void **state)
{
	struct lab *lab = *state;
	const char *slo = "search-availability";
	struct om_series *s = om_by_key(
		lab, "http_requests_total{job=\"search\",instance=\"x\","
		     "code=\"500\"}");
	size_t i = s->nr / 2;
	double v = s->v[i];
	s->v[i] = v + 1;
	om_tell(lab->st, &lab->om, s->metric, s->t[i], s->t[i]);
	struct count n = compare(lab, slo, NULL, prom_rules(SERVER), false);
	assert_int_equal(n.rows, ROWS / 7);
	assert_true(n.wrong > 0 && n.wrong < n.rows);
	assert_true(n.first >= s->t[i]);
	s->v[i] = v;
	om_tell(lab->st, &lab->om, s->metric, s->t[i], s->t[i]);
	n = compare(lab, slo, NULL, prom_rules(SERVER), true);
	assert_int_equal(n.wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_get_lost_on_their_way_into_the_store),
		cmocka_unit_test(
			burn_rates_from_the_store_differ_from_the_servers),
		cmocka_unit_test(
			the_wrong_edge_of_a_window_would_not_be_noticed),
		cmocka_unit_test(one_wrong_sample_would_not_be_noticed),
	};
	return cmocka_run_group_tests_name("slo_store", tests, set_up,
					   tear_down);
}
