/* Rows of recorded server answers: what the server said, what we say. For
 * tests/oracle.c, tests/unit/histogram.c and rate.c, hence all static. */
#ifndef TESTS_ORACLE_H
#define TESTS_ORACLE_H

#include "base/number.h"
#include "model/histogram.h"
#include "model/rate.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORACLE_COLUMNS 5

static const char *const oracle_columns[ORACLE_COLUMNS] = {
	"2.42", "2.53", "3.0", "3.5", "3.14",
};

/* One question, and the file it stands in. */
struct oracle_row {
	const cJSON *file, *row;
	const char *column;
	const struct prom_rules *rules;
};

enum oracle_kind {
	ORACLE_NUMBER,
	ORACLE_NO_SERIES, /* the server answers with an empty vector */
	ORACLE_HIDDEN,    /* the API does not show what decides */
};

struct oracle_answer {
	enum oracle_kind kind;
	double value;
	double lo, hi; /* the bracket of a quantile */
};

static double oracle_number(const cJSON *item)
{
	double v;
	const char *s = cJSON_GetStringValue(item);
	if (!s || !number_parse(s, strlen(s), &v)) {
		fprintf(stderr, "oracle: '%s' is not a number\n", s ? s : "");
		exit(2);
	}
	return v;
}

static const char *oracle_string(const cJSON *row, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(row, name));
	return s ? s : "";
}

static double oracle_field(const struct oracle_row *r, const char *name)
{
	return oracle_number(cJSON_GetObjectItem(r->row, name));
}

/* Whole milliseconds. */
static time_ms oracle_time(const cJSON *item)
{
	if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 0x1p53)) {
		fprintf(stderr, "oracle: a time is missing\n");
		exit(2);
	}
	return (time_ms)item->valuedouble;
}

static time_ms oracle_ms(const struct oracle_row *r, const char *name)
{
	return oracle_time(cJSON_GetObjectItem(r->row, name));
}

static bool oracle_same(double a, double b, double tolerance)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	if (memcmp(&a, &b, sizeof(a)) == 0)
		return true;
	if (tolerance == 0 || isinf(a) || isinf(b))
		return false;
	return fabs(a - b) <= tolerance * fabs(b) || fabs(a - b) <= 1e-15;
}

/* The buckets whose `le` is a number, as the caller of the model picks them. */
static struct bucket *oracle_buckets(const struct oracle_row *r, size_t *nr)
{
	const cJSON *list = cJSON_GetObjectItem(r->row, "buckets"), *pair;
	struct bucket *b =
		calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*b));
	*nr = 0;
	cJSON_ArrayForEach(pair, list) {
		const cJSON *le = cJSON_GetArrayItem(pair, 0);
		if (!number_parse_go(cJSON_GetStringValue(le), &b[*nr].le))
			continue;
		b[(*nr)++].count = oracle_number(cJSON_GetArrayItem(pair, 1));
	}
	return b;
}

static struct oracle_answer oracle_classic_quantile(const struct oracle_row *r)
{
	size_t nr;
	struct bucket *b = oracle_buckets(r, &nr);
	struct quantile q = classic_quantile(oracle_field(r, "q"), b, nr,
					     r->rules);
	free(b);
	return (struct oracle_answer){ nr ? ORACLE_NUMBER : ORACLE_NO_SERIES,
				       q.value, q.lo, q.hi };
}

static struct oracle_answer oracle_classic_fraction(const struct oracle_row *r)
{
	size_t nr;
	struct bucket *b = oracle_buckets(r, &nr);
	bool answers = nr && r->rules->classic_fraction;
	double v = classic_fraction(oracle_field(r, "from"),
				    oracle_field(r, "to"), b, nr, r->rules);
	free(b);
	return (struct oracle_answer){
		answers ? ORACLE_NUMBER : ORACLE_NO_SERIES, v, NAN, NAN };
}

/* The histogram as this column's API printed it, or NULL. */
static const cJSON *oracle_printed(const struct oracle_row *r)
{
	char key[64];
	const char *id = oracle_string(r->row, "id");
	const char *end = strrchr(id, '-');
	snprintf(key, sizeof(key), "%.*s", (int)(end ? end - id : 0), id);
	const cJSON *form, *server;
	cJSON_ArrayForEach(form, cJSON_GetObjectItem(
				cJSON_GetObjectItem(r->file, "api"), key)) {
		cJSON_ArrayForEach(server, cJSON_GetObjectItem(form, "servers"))
			if (strcmp(server->valuestring, r->column) == 0)
				return cJSON_GetObjectItem(form, "histogram");
	}
	return NULL;
}

static struct histogram oracle_histogram(const cJSON *printed,
					 struct native_bucket **owned)
{
	const cJSON *list = cJSON_GetObjectItem(printed, "buckets"), *row;
	struct native_bucket *b =
		calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*b));
	size_t nr = 0;
	cJSON_ArrayForEach(row, list) {
		b[nr++] = (struct native_bucket){
			(uint8_t)cJSON_GetArrayItem(row, 0)->valueint,
			oracle_number(cJSON_GetArrayItem(row, 1)),
			oracle_number(cJSON_GetArrayItem(row, 2)),
			oracle_number(cJSON_GetArrayItem(row, 3)),
		};
	}
	*owned = b;
	return (struct histogram){
		oracle_number(cJSON_GetObjectItem(printed, "count")),
		oracle_number(cJSON_GetObjectItem(printed, "sum")), nr, b,
	};
}

static bool oracle_has_zero(const cJSON *counts)
{
	const cJSON *count;
	cJSON_ArrayForEach(count, counts)
		if (oracle_number(count) == 0)
			return true;
	return false;
}

/* 2.x interpolates in empty buckets, which its API leaves out. */
static bool oracle_has_empty_bucket(const struct oracle_row *r)
{
	const cJSON *index = cJSON_GetObjectItem(r->row, "set");
	const cJSON *sets = cJSON_GetObjectItem(r->file, "sets");
	const cJSON *series, *sample;
	cJSON_ArrayForEach(series, cJSON_GetArrayItem(sets, index->valueint))
		cJSON_ArrayForEach(sample, series) {
			const cJSON *h = cJSON_GetArrayItem(sample, 1);
			if (oracle_has_zero(cJSON_GetObjectItem(h, "pbuckets"))
			    || oracle_has_zero(
				       cJSON_GetObjectItem(h, "nbuckets")))
				return true;
		}
	return false;
}

static double oracle_native_field(const struct oracle_row *r,
				  const struct histogram *h, const char *fn)
{
	if (strcmp(fn, "histogram_quantile") == 0)
		return native_quantile(oracle_field(r, "q"), h, r->rules).value;
	if (strcmp(fn, "histogram_fraction") == 0)
		return native_fraction(oracle_field(r, "from"),
				       oracle_field(r, "to"), h, r->rules);
	if (strcmp(fn, "histogram_count") == 0)
		return h->count;
	return strcmp(fn, "histogram_sum") == 0 ? h->sum : native_avg(h);
}

static struct oracle_answer oracle_native(const struct oracle_row *r)
{
	const cJSON *printed = oracle_printed(r);
	const cJSON *want = cJSON_GetObjectItem(
		cJSON_GetObjectItem(r->row, "answers"), r->column);
	const char *fn = oracle_string(r->row, "fn");
	if (!printed)
		return (struct oracle_answer){ cJSON_IsNull(want)
			? ORACLE_NO_SERIES : ORACLE_HIDDEN, NAN, NAN, NAN };
	const cJSON *q = cJSON_GetObjectItem(r->row, "q");
	bool at_an_end = q && (oracle_number(q) == 0 || oracle_number(q) == 1);
	if (!r->rules->exponential && at_an_end && cJSON_IsString(want)
	    && strcmp(want->valuestring, "NaN") == 0
	    && oracle_has_empty_bucket(r))
		return (struct oracle_answer){ ORACLE_HIDDEN, NAN, NAN, NAN };
	struct native_bucket *owned;
	struct histogram h = oracle_histogram(printed, &owned);
	double v = oracle_native_field(r, &h, fn);
	free(owned);
	return (struct oracle_answer){ ORACLE_NUMBER, v, NAN, NAN };
}

static struct oracle_answer oracle_sum(const struct oracle_row *r)
{
	const cJSON *list = cJSON_GetObjectItem(r->row, "values"), *item;
	const char *fn = oracle_string(r->row, "fn");
	double *v = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*v));
	size_t nr = 0;
	cJSON_ArrayForEach(item, list)
		v[nr++] = oracle_number(item);
	double x = strcmp(fn, "sum") == 0 ? prom_sum(v, nr, r->rules)
					  : prom_avg(v, nr, r->rules);
	free(v);
	return (struct oracle_answer){ ORACLE_NUMBER, x, NAN, NAN };
}

/* The samples of one series, those outside of the window too. */
struct oracle_samples {
	size_t nr;
	time_ms *t;
	double *v;
};

static struct oracle_samples oracle_samples(const struct oracle_row *r)
{
	const cJSON *list = cJSON_GetObjectItem(r->row, "samples"), *pair;
	size_t room = (size_t)cJSON_GetArraySize(list) + 1;
	struct oracle_samples s = { 0, calloc(room, sizeof(*s.t)),
				    calloc(room, sizeof(*s.v)) };
	cJSON_ArrayForEach(pair, list) {
		const cJSON *v = cJSON_GetArrayItem(pair, 1);
		const char *text = cJSON_GetStringValue(v);
		bool stale = text && strcmp(text, "stale") == 0;
		s.t[s.nr] = oracle_time(cJSON_GetArrayItem(pair, 0));
		s.v[s.nr++] = stale ? rate_stale_marker() : oracle_number(v);
	}
	return s;
}

static void oracle_samples_free(struct oracle_samples *s)
{
	free(s->t);
	free(s->v);
}

static struct oracle_answer oracle_maybe(bool there, double v)
{
	return (struct oracle_answer){ there ? ORACLE_NUMBER : ORACLE_NO_SERIES,
				       v, NAN, NAN };
}

/* Which of the names is the row's function. */
static size_t oracle_name(const struct oracle_row *r, const char *const *names)
{
	size_t i = 0;
	while (names[i + 1]
	       && strcmp(names[i], oracle_string(r->row, "fn")) != 0)
		i++;
	return i;
}

static struct oracle_answer oracle_rate(const struct oracle_row *r)
{
	static const char *const names[] = {
		[RATE_RATE] = "rate", [RATE_INCREASE] = "increase",
		[RATE_DELTA] = "delta", [RATE_IRATE] = "irate",
		[RATE_IDELTA] = "idelta", NULL,
	};
	enum rate_function f = (enum rate_function)oracle_name(r, names);
	struct oracle_samples s = oracle_samples(r);
	double v = NAN;
	bool there = rate_over(f, s.t, s.v, s.nr, oracle_ms(r, "range_ms"),
			       oracle_ms(r, "t_ms"), r->rules, &v);
	oracle_samples_free(&s);
	return oracle_maybe(there, v);
}

static struct oracle_answer oracle_over(const struct oracle_row *r)
{
	static const char *const names[] = {
		[OVER_SUM] = "sum_over_time", [OVER_COUNT] = "count_over_time",
		[OVER_AVG] = "avg_over_time", [OVER_MIN] = "min_over_time",
		[OVER_MAX] = "max_over_time", NULL,
	};
	enum rate_aggregate f = (enum rate_aggregate)oracle_name(r, names);
	struct oracle_samples s = oracle_samples(r);
	double v = NAN;
	bool there = rate_over_time(f, s.t, s.v, s.nr, oracle_ms(r, "range_ms"),
				    oracle_ms(r, "t_ms"), r->rules, &v);
	oracle_samples_free(&s);
	return oracle_maybe(there, v);
}

static struct oracle_answer oracle_instant(const struct oracle_row *r)
{
	struct oracle_samples s = oracle_samples(r);
	double v = NAN;
	bool there = rate_instant(s.t, s.v, s.nr, RATE_LOOKBACK,
				  oracle_ms(r, "t_ms"), r->rules, &v);
	oracle_samples_free(&s);
	return oracle_maybe(there, v);
}

/* A function is known by its name and by what its rows carry. */
static const struct oracle_fn {
	const char *fn, *carries;
	struct oracle_answer (*ask)(const struct oracle_row *r);
	double tolerance; /* of 3.x, whose native answers pass logarithms */
} oracle_fns[] = {
	{ "histogram_quantile", "buckets", oracle_classic_quantile, 0 },
	{ "histogram_fraction", "buckets", oracle_classic_fraction, 0 },
	{ "histogram_quantile", "set", oracle_native, 1e-13 },
	{ "histogram_fraction", "set", oracle_native, 1e-13 },
	{ "histogram_count", "set", oracle_native, 0 },
	{ "histogram_sum", "set", oracle_native, 0 },
	{ "histogram_avg", "set", oracle_native, 0 },
	{ "sum", "values", oracle_sum, 0 },
	{ "avg", "values", oracle_sum, 0 },
	{ "rate", "samples", oracle_rate, 0 },
	{ "increase", "samples", oracle_rate, 0 },
	{ "delta", "samples", oracle_rate, 0 },
	{ "irate", "samples", oracle_rate, 0 },
	{ "idelta", "samples", oracle_rate, 0 },
	{ "selector", "samples", oracle_instant, 0 },
	{ "sum_over_time", "samples", oracle_over, 0 },
	{ "count_over_time", "samples", oracle_over, 0 },
	{ "avg_over_time", "samples", oracle_over, 0 },
	{ "min_over_time", "samples", oracle_over, 0 },
	{ "max_over_time", "samples", oracle_over, 0 },
};
#define ORACLE_FNS (sizeof(oracle_fns) / sizeof(oracle_fns[0]))

/* NULL for a function that is not built. */
static const struct oracle_fn *oracle_fn_of(const cJSON *row)
{
	const char *fn = oracle_string(row, "fn");
	for (size_t i = 0; i < ORACLE_FNS; i++)
		if (strcmp(oracle_fns[i].fn, fn) == 0
		    && cJSON_GetObjectItem(row, oracle_fns[i].carries))
			return &oracle_fns[i];
	return NULL;
}

enum oracle_verdict { ORACLE_RIGHT, ORACLE_WRONG, ORACLE_UNSEEN };

/* Brackets are given for the newest column only; null: nothing to print. */
static bool oracle_bracket_right(const struct oracle_row *r,
				 const struct oracle_answer *a)
{
	const cJSON *lo = cJSON_GetObjectItem(r->row, "lower");
	const cJSON *hi = cJSON_GetObjectItem(r->row, "upper");
	if (!lo || strcmp(r->column, oracle_columns[ORACLE_COLUMNS - 1]) != 0)
		return true;
	if (cJSON_IsNull(lo))
		return a->kind == ORACLE_NO_SERIES
		       || (isnan(a->lo) && isnan(a->hi));
	return a->lo == oracle_number(lo) && a->hi == oracle_number(hi);
}

static enum oracle_verdict oracle_ask(const struct oracle_row *r,
				      const struct oracle_fn *f)
{
	const cJSON *want = cJSON_GetObjectItem(
		cJSON_GetObjectItem(r->row, "answers"), r->column);
	struct oracle_answer a = f->ask(r);
	if (a.kind == ORACLE_HIDDEN)
		return ORACLE_UNSEEN;
	bool right = oracle_bracket_right(r, &a);
	if (cJSON_IsNull(want))
		right &= a.kind == ORACLE_NO_SERIES;
	else
		right &= a.kind == ORACLE_NUMBER
			 && oracle_same(a.value, oracle_number(want),
					r->rules->exponential ? f->tolerance
							      : 0);
	if (!right)
		fprintf(stderr, "%s %s: %s, not %.17g (%g .. %g)\n",
			oracle_string(r->row, "id"), r->column,
			cJSON_IsNull(want) ? "no series" : want->valuestring,
			a.value, a.lo, a.hi);
	return right ? ORACLE_RIGHT : ORACLE_WRONG;
}

/* What came out for one function of one file. */
struct oracle_count {
	size_t rows, right;  /* right in every column asked */
	size_t asked[ORACLE_COLUMNS], fine[ORACLE_COLUMNS];
	size_t unseen;       /* answers that the API cannot tell */
};

static void oracle_ask_columns(const cJSON *file, const cJSON *row,
			       const struct oracle_fn *f,
			       struct oracle_count *n)
{
	bool right = true;
	const cJSON *answers = cJSON_GetObjectItem(row, "answers");
	for (size_t c = 0; c < ORACLE_COLUMNS; c++) {
		if (!cJSON_GetObjectItem(answers, oracle_columns[c]))
			continue;
		struct oracle_row r = { file, row, oracle_columns[c],
					prom_rules(oracle_columns[c]) };
		enum oracle_verdict v = oracle_ask(&r, f);
		if (v == ORACLE_UNSEEN) {
			n->unseen++;
			continue;
		}
		n->asked[c]++;
		n->fine[c] += v == ORACLE_RIGHT;
		right &= v == ORACLE_RIGHT;
	}
	n->rows++;
	n->right += right;
}

/* The whole file as a tree, or NULL with a sentence on stderr. */
static cJSON *oracle_load(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return NULL;
	}
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	rewind(f);
	char *text = n < 0 ? NULL : malloc((size_t)n + 1);
	cJSON *tree = NULL;
	if (text && fread(text, 1, (size_t)n, f) == (size_t)n)
		tree = cJSON_ParseWithLength(text, (size_t)n);
	if (!tree)
		fprintf(stderr, "%s: not a JSON document\n", path);
	free(text);
	fclose(f);
	return tree;
}

/* All rows of one function of one kept file; false: it cannot be read, or has
 * a row whose function is not built. */
static inline bool oracle_count_rows(const char *path, const char *fn,
				     struct oracle_count *n)
{
	cJSON *file = oracle_load(path);
	const cJSON *row;
	bool built = file != NULL;
	cJSON_ArrayForEach(row, cJSON_GetObjectItem(file, "cases")) {
		const struct oracle_fn *f = oracle_fn_of(row);
		built &= f != NULL;
		if (f && strcmp(f->fn, fn) == 0)
			oracle_ask_columns(file, row, f, n);
	}
	cJSON_Delete(file);
	return built;
}

/* splitmix64 */
static inline uint64_t oracle_next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* From 0 to 1. */
static inline double oracle_unit(uint64_t *seed)
{
	return (double)(oracle_next(seed) >> 11) * 0x1p-53;
}

#endif
