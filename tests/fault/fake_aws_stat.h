/* Statistics as CloudWatch makes them of what was measured: periods, rounding,
 * retention, and Sum to PR(a:b) over weighted samples. */
#ifndef TESTS_FAULT_FAKE_AWS_STAT_H
#define TESTS_FAULT_FAKE_AWS_STAT_H

#include "base/mem.h"
#include "tests/fault/fake_aws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAT_HOUR ((time_ms)3600000)
#define STAT_DAY (24 * STAT_HOUR)

enum stat_kind { STAT_SUM, STAT_COUNT, STAT_AVERAGE, STAT_MINIMUM,
		 STAT_MAXIMUM, STAT_PERCENTILE, STAT_RANK };

struct stat_what {
	enum stat_kind kind;
	double a, b;           /* per cent; bounds, the lower one exclusive */
};

static const struct {
	const char *name;
	enum stat_kind kind;
} stat_names[] = {
	{ "Sum", STAT_SUM },           { "SampleCount", STAT_COUNT },
	{ "Average", STAT_AVERAGE },   { "Minimum", STAT_MINIMUM },
	{ "Maximum", STAT_MAXIMUM },
};

/* An empty bound is none. False: no statistic that is known here. */
static bool stat_range(const char *s, struct stat_what *out)
{
	char *end;
	out->kind = STAT_RANK;
	out->a = *s == ':' ? -(double)INFINITY : strtod(s, &end);
	s = *s == ':' ? s : end;
	if (*s++ != ':')
		return false;
	out->b = *s == ')' ? (double)INFINITY : strtod(s, &end);
	s = *s == ')' ? s : end;
	return strcmp(s, ")") == 0 && out->a < out->b
	       && (isfinite(out->a) || isfinite(out->b));
}

static bool stat_parse(const char *s, struct stat_what *out)
{
	char *end = NULL;
	for (size_t i = 0; i < sizeof(stat_names) / sizeof(*stat_names); i++)
		if (strcmp(s, stat_names[i].name) == 0) {
			out->kind = stat_names[i].kind;
			return true;
		}
	if (strncmp(s, "PR(", 3) == 0)
		return stat_range(s + 3, out);
	if (*s != 'p' || s[1] < '0' || s[1] > '9')
		return false;
	out->kind = STAT_PERCENTILE;
	out->a = strtod(s + 1, &end);
	return *end == '\0' && out->a <= 100;
}

/* ---- samples ------------------------------------------------------------- */

struct stat_samples {
	size_t nr, cap;
	struct cloud_sample *at;
};

static size_t stat_minute(const struct cloud_metric *m, int64_t minute,
			  struct cloud_sample out[CLOUD_SAMPLES])
{
	time_ms t = minute * CLOUD_MINUTE;
	if ((m->every > 1 && minute % m->every) || (m->from && t < m->from)
	    || (m->to && t >= m->to))
		return 0;
	if (m->minute)
		return m->minute(m, minute, out);
	for (size_t i = 0; i < m->nr && i < CLOUD_SAMPLES; i++)
		out[i] = (struct cloud_sample){ m->sample[i], 1 };
	if (m->nr)
		return m->nr < CLOUD_SAMPLES ? m->nr : CLOUD_SAMPLES;
	out[0] = m->count > 0 ? (struct cloud_sample){ 1, m->count }
			      : (struct cloud_sample){ m->value, 1 };
	return 1;
}

/* What is known at `now` of a minute: a share of it while it lasts and until
 * it has settled. */
static double stat_share(const struct cloud_knobs *k, time_ms t, time_ms now)
{
	time_ms age = now - t;
	double share = 1;
	if (age <= 0 || age <= k->lag)
		return 0;
	if (age < CLOUD_MINUTE)
		share = (double)age / (double)CLOUD_MINUTE;
	if (k->settling > 0 && age < CLOUD_MINUTE + k->settle)
		share *= k->settling;
	return share;
}

static int stat_by_value(const void *a, const void *b)
{
	const struct cloud_sample *x = a, *y = b;
	return (x->value > y->value) - (x->value < y->value);
}

static void stat_gather(struct stat_samples *s, const struct cloud_metric *m,
			const struct cloud_knobs *k, time_ms from, time_ms to,
			time_ms now)
{
	struct cloud_sample minute[CLOUD_SAMPLES];
	s->nr = 0;
	for (time_ms t = time_ceil(from, CLOUD_MINUTE); t < to;
	     t += CLOUD_MINUTE) {
		double share = stat_share(k, t, now);
		size_t n = share > 0 ? stat_minute(m, t / CLOUD_MINUTE, minute)
				     : 0;
		for (size_t i = 0; i < n; i++) {
			MEM_ROOM(s->at, s->nr, s->cap);
			s->at[s->nr] = minute[i];
			s->at[s->nr++].weight *= share;
		}
	}
	if (s->nr > 1)
		qsort(s->at, s->nr, sizeof(*s->at), stat_by_value);
}

/* The least value that so many per cent of all are not above. */
static double stat_percentile(const struct stat_samples *s, double p,
			      double all)
{
	double seen = 0;
	for (size_t i = 0; i < s->nr; i++) {
		seen += s->at[i].weight;
		if (seen >= all * p / 100 * (1 - 1e-12))
			return s->at[i].value;
	}
	return s->at[s->nr - 1].value;
}

/* A count is whole, whatever its parts summed up to. */
static double stat_whole(double n)
{
	return fabs(n - rint(n)) < 1e-6 ? rint(n) : n;
}

/* Of at least one sample, sorted. */
static double stat_value(const struct stat_samples *s,
			 const struct stat_what *w)
{
	double sum = 0, all = 0, within = 0;
	for (size_t i = 0; i < s->nr; i++) {
		sum += s->at[i].value * s->at[i].weight;
		all += s->at[i].weight;
		if (s->at[i].value > w->a && s->at[i].value <= w->b)
			within += s->at[i].weight;
	}
	switch (w->kind) {
	case STAT_SUM:        return sum;
	case STAT_COUNT:      return stat_whole(all);
	case STAT_AVERAGE:    return sum / all;
	case STAT_MINIMUM:    return s->at[0].value;
	case STAT_MAXIMUM:    return s->at[s->nr - 1].value;
	case STAT_PERCENTILE: return stat_percentile(s, w->a, all);
	default:              return stat_whole(100 * within / all);
	}
}

/* ---- points -------------------------------------------------------------- */

struct stat_points {
	size_t nr, cap, cap_v;
	time_ms *t;
	double *v;
};

static void stat_points_release(struct stat_points *p)
{
	free(p->t);
	free(p->v);
}

/* By age of the start: what it is rounded down to, and what the period must
 * be a multiple of, lest there be no data. */
static time_ms stat_rounding(time_ms age)
{
	return age < 15 * STAT_DAY ? CLOUD_MINUTE :
	       age < 63 * STAT_DAY ? 5 * CLOUD_MINUTE : STAT_HOUR;
}

static time_ms stat_retention(time_ms age)
{
	return age <= 3 * STAT_HOUR ? 1000 :
	       age <= 15 * STAT_DAY ? CLOUD_MINUTE :
	       age <= 63 * STAT_DAY ? 5 * CLOUD_MINUTE : STAT_HOUR;
}

/* Points at the beginnings of periods, rising. */
static void stat_series(struct stat_points *out, const struct cloud_metric *m,
			const struct cloud_knobs *k, const struct stat_what *w,
			time_ms from, time_ms to, time_ms period, time_ms now)
{
	struct stat_samples s = { 0 };
	from = time_floor(from, stat_rounding(now - from));
	if (period % stat_retention(now - from))
		to = from;
	for (time_ms t = from; t < to && t <= now; t += period) {
		stat_gather(&s, m, k, t, t + period, now);
		if (!s.nr)
			continue;
		MEM_ROOM(out->t, out->nr, out->cap);
		MEM_ROOM(out->v, out->nr, out->cap_v);
		out->t[out->nr] = t;
		out->v[out->nr++] = stat_value(&s, w);
	}
	free(s.at);
}

#endif
