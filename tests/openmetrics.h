/* Samples of an OpenMetrics file, for tests that want raw counters, and their
 * way into a store. All static, as in tests/oracle.h. */
#ifndef TESTS_OPENMETRICS_H
#define TESTS_OPENMETRICS_H

#include "base/mem.h"
#include "base/number.h"
#include "model/store.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define OM_LINE 4096
#define OM_LABELS 32
#define OM_METRICS 32

struct om_series {
	const char *key;          /* as written: name{labels} */
	size_t metric;            /* index of its name */
	struct labels labels;     /* sorted, without the name */
	size_t nr, cap;
	time_ms *t;               /* rising */
	double *v;
};

struct openmetrics {
	struct arena arena;
	size_t nr, cap, samples;
	struct om_series *series;
	size_t nr_metrics;
	const char *metric[OM_METRICS];
};

/* "..." with \\, \" and \n, unescaped in place; NULL if it does not end. */
static inline char *om_text(char **at)
{
	char *s = *at, *out, *start;
	if (*s++ != '"')
		return NULL;
	start = out = s;
	for (; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			*out++ = *s == 'n' ? '\n' : *s;
			continue;
		}
		*out++ = *s;
	}
	if (!*s)
		return NULL;
	*at = s + 1;
	*out = '\0';
	return start;
}

/* {a="b",...}: *at moves behind it. */
static inline bool om_labels(struct openmetrics *om, char **at,
			     struct labels *out)
{
	struct label *l = arena_alloc(&om->arena, OM_LABELS * sizeof(*l));
	size_t nr = 0;
	char *s = *at + 1;
	while (*s != '}') {
		size_t n = strcspn(s, "=}");
		if (s[n] != '=' || nr == OM_LABELS)
			return false;
		l[nr].name = arena_strndup(&om->arena, s, n);
		s += n + 1;
		const char *value = om_text(&s);
		if (!value)
			return false;
		l[nr++].value = arena_strdup(&om->arena, value);
		if (*s == ',')
			s++;
		else if (*s != '}')
			return false;
	}
	*at = s + 1;
	*out = (struct labels){ nr, l };
	return labels_sort(l, nr);
}

/* Files are grouped by series: mostly it is the one before. */
static inline struct om_series *om_find(struct openmetrics *om, const char *key)
{
	for (size_t i = om->nr; i-- > 0;)
		if (strcmp(om->series[i].key, key) == 0)
			return &om->series[i];
	return NULL;
}

/* OM_METRICS: too many. */
static inline size_t om_metric(struct openmetrics *om, const char *name)
{
	size_t i = 0;
	while (i < om->nr_metrics && strcmp(om->metric[i], name) != 0)
		i++;
	if (i == om->nr_metrics && i < OM_METRICS) {
		om->metric[i] = arena_strdup(&om->arena, name);
		om->nr_metrics++;
	}
	return i;
}

static inline struct om_series *om_add(struct openmetrics *om, char *key)
{
	struct om_series s = { .key = arena_strdup(&om->arena, key) };
	char *at = key + strcspn(key, "{");
	if (*at && (!om_labels(om, &at, &s.labels) || *at))
		return NULL;
	key[strcspn(key, "{")] = '\0';
	s.metric = om_metric(om, key);
	if (s.metric == OM_METRICS)
		return NULL;
	MEM_ROOM(om->series, om->nr, om->cap);
	om->series[om->nr] = s;
	return &om->series[om->nr++];
}

static inline bool om_put(struct om_series *s, time_ms t, double v)
{
	if (s->nr && t <= s->t[s->nr - 1])
		return false;
	if (s->nr == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 1024;
		s->t = mem_grow(s->t, s->cap, sizeof(*s->t));
		s->v = mem_grow(s->v, s->cap, sizeof(*s->v));
	}
	s->t[s->nr] = t;
	s->v[s->nr++] = v;
	return true;
}

/* Where the value begins: behind the blank that no quote holds. */
static inline char *om_value(char *line)
{
	bool quoted = false;
	for (char *s = line; *s; s++) {
		if (*s == '\\' && quoted && s[1])
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == ' ' && !quoted)
			return s;
	}
	return NULL;
}

/* name{labels} value seconds */
static inline bool om_sample(struct openmetrics *om, char *line)
{
	double v, at;
	char *s = om_value(line);
	if (!s)
		return false;
	*s++ = '\0';
	size_t n = strcspn(s, " ");
	if (s[n] != ' ' || !number_parse(s, n, &v))
		return false;
	s += n + 1;
	if (!number_parse(s, strcspn(s, " "), &at) || !(fabs(at) < 1e12))
		return false;
	struct om_series *x = om_find(om, line);
	if (!x)
		x = om_add(om, line);
	om->samples++;
	return x && om_put(x, llround(at * 1000), v);
}

static inline void om_release(struct openmetrics *om)
{
	for (size_t i = 0; i < om->nr; i++) {
		free(om->series[i].t);
		free(om->series[i].v);
	}
	free(om->series);
	arena_release(&om->arena);
}

/* The whole file, compressed or not. False with a sentence on stderr. */
static inline bool om_load(struct openmetrics *om, const char *path)
{
	char line[OM_LINE];
	size_t at = 0;
	bool good = true;
	*om = (struct openmetrics){ 0 };
	arena_init(&om->arena, 0);
	gzFile f = gzopen(path, "rb");
	while (good && f && gzgets(f, line, sizeof(line))) {
		at++;
		size_t n = strcspn(line, "\n");
		good = n + 1 < sizeof(line);
		line[n] = '\0';
		if (good && n && line[0] != '#')
			good = om_sample(om, line);
	}
	if (!good || !f || !gzeof(f))
		fprintf(stderr, "%s:%zu: cannot be read\n", path, at);
	good = good && f && gzeof(f);
	if (f)
		gzclose(f);
	return good;
}

/* ---- into a store -------------------------------------------------------- */

/* The charts' question whose answer is all series of a metric. */
static inline uint32_t om_question(size_t metric)
{
	return question_id((uint32_t)metric + 1, RED_CHART);
}

/* What names the service: the label `job`. */
static inline const char *om_job(const struct om_series *s)
{
	const char *job = labels_get(&s->labels, "job");
	return job ? job : "";
}

static inline bool om_has_service(const struct catalog *c, uint32_t shape,
				  const char *job)
{
	for (size_t i = 0; i < c->nr_services; i++)
		if (c->service[i].shape == shape
		    && strcmp(c->service[i].value, job) == 0)
			return true;
	return false;
}

/* A shape a metric, a service a metric and job. Lives in the arena of om. */
static inline const struct catalog *om_catalog(struct openmetrics *om,
					       const char *version)
{
	struct catalog *c = arena_alloc(&om->arena, sizeof(*c));
	struct shape *sh = arena_alloc(&om->arena,
				       (om->nr_metrics + 1) * sizeof(*sh));
	struct service_def *def = arena_alloc(&om->arena,
					      (om->nr + 1) * sizeof(*def));
	*c = (struct catalog){ .version = version, .shape = sh, .service = def,
			       .nr_shapes = om->nr_metrics };
	for (size_t i = 0; i < om->nr_metrics; i++)
		sh[i] = (struct shape){
			.id = (uint32_t)i + 1, .label = "job",
			.metric = om->metric[i],
			.question = { [RED_CHART] = om->metric[i] },
		};
	for (size_t i = 0; i < om->nr; i++) {
		const struct om_series *s = &om->series[i];
		uint32_t shape = (uint32_t)s->metric + 1;
		if (!om_has_service(c, shape, om_job(s)))
			def[c->nr_services++] = (struct service_def){
				.name = om_job(s), .value = om_job(s),
				.shape = shape };
	}
	return c;
}

static inline size_t om_lower(const struct om_series *s, time_ms from)
{
	size_t lo = 0, hi = s->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->t[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* One answer: all samples of a metric in from..to, which replace what the
 * store holds of that time. */
static inline void om_tell(struct store *st, const struct openmetrics *om,
			   size_t metric, time_ms from, time_ms to)
{
	uint32_t asked = om_question(metric);
	struct batch *b = batch_new(0);
	struct frame *f = arena_alloc(&b->arena, (om->nr + 1) * sizeof(*f));
	b->source = "openmetrics";
	b->at = b->to = b->settled = to;
	b->from = from;
	b->nr_asked = 1;
	b->asked = &asked;
	b->frame = f;
	for (size_t i = 0; i < om->nr; i++) {
		const struct om_series *s = &om->series[i];
		size_t a = om_lower(s, from), n = om_lower(s, to + 1) - a;
		if (s->metric == metric && n)
			f[b->nr++] = (struct frame){ asked, s->labels, n,
						     s->t + a, s->v + a, NULL };
	}
	store_apply(st, b);
	batch_free(b);
}

/* The whole file, in answers that bring `span` and, once more, what they have
 * in common with the one before. */
static inline struct store *om_store(struct openmetrics *om,
				     const char *version, time_ms span,
				     time_ms overlap)
{
	time_ms first = INT64_MAX, last = INT64_MIN;
	for (size_t i = 0; i < om->nr; i++) {
		const struct om_series *s = &om->series[i];
		first = s->t[0] < first ? s->t[0] : first;
		last = s->t[s->nr - 1] > last ? s->t[s->nr - 1] : last;
	}
	struct store *st = store_new(0);
	struct batch *b = batch_new(0);
	b->source = "openmetrics";
	b->at = first;
	b->catalog = om_catalog(om, version);
	store_apply(st, b);
	batch_free(b);
	for (time_ms at = first; at <= last; at += span)
		for (size_t i = 0; i < om->nr_metrics; i++)
			om_tell(st, om, i, at - overlap, at + span - 1);
	return st;
}

/* The series of a metric and a job, as the store holds them. */
static inline const struct service *om_service(const struct store *st,
					       const char *metric,
					       const char *job)
{
	const struct service *const *s;
	size_t n = store_charts(st, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->shape->question[RED_CHART], metric) == 0
		    && strcmp(s[i]->def->value, job) == 0)
			return s[i];
	return NULL;
}

#endif
