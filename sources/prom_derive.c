#include "sources/prom_derive.h"

#include "sources/prom_recorded.h"
#include "sources/promql.h"

#include <stdio.h>
#include <string.h>

#define IMPLICIT_OBJECTIVE 0.999
#define IMPLICIT_MAX 64
#define DAY_MS ((time_ms)86400000)

/* ---- selectors ---------------------------------------------------------- */

/* What stands in rate(...[ of a question; false: it has no such form. */
static bool selector_of(const char *question, const char **at, size_t *n)
{
	const char *from = question ? strstr(question, "rate(") : NULL;
	const char *end = from ? strrchr(from, '[') : NULL;
	if (!end || end[-1] == ')')
		return false;
	*at = from + 5;
	*n = (size_t)(end - *at);
	return true;
}

/* rate(x{a="b"}[$window]) with more matchers; NULL: not of that form. */
static const char *rate_with(const char *question, const char *const *matcher,
			     size_t nr, struct arena *a)
{
	const char *sel;
	size_t n;
	struct buf b;
	if (!selector_of(question, &sel, &n))
		return NULL;
	bool braces = n && sel[n - 1] == '}', open = !braces;
	buf_init(&b, 0);
	buf_str(&b, "rate(");
	buf_add(&b, sel, n - braces);
	for (size_t i = 0; i < nr; i++) {
		if (!matcher[i] || !*matcher[i])
			continue;
		buf_str(&b, open ? "{" : ",");
		buf_str(&b, matcher[i]);
		open = false;
	}
	buf_str(&b, open ? "[$window])" : "}[$window])");
	const char *out = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return out;
}

static bool is_native(const struct shape *sh, const char *question)
{
	return sh->method == METHOD_NATIVE
	       && strstr(question, "histogram_count(") != NULL;
}

/* Requests a second, those that match. `by`: a label, or NULL. */
static const char *counted(const struct shape *sh, const char *by,
			   const char *const *matcher, size_t nr,
			   struct arena *a)
{
	const char *question = sh->question[RED_BURN_5M];
	const char *rate = question ? rate_with(question, matcher, nr, a) : NULL;
	const char *around = rate && is_native(sh, question)
			     ? arena_printf(a, "histogram_count(%s)", rate)
			     : rate;
	if (!around)
		return NULL;
	return by ? arena_printf(a, "sum by (%s) (%s)", by, around)
		  : arena_printf(a, "sum(%s)", around);
}

/* ---- one service -------------------------------------------------------- */

static const struct shape *shape_of(const struct catalog *c, uint32_t id)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == id)
			return &c->shape[i];
	return NULL;
}

static const struct service_def *service_of(const struct catalog *c,
					    const char *name)
{
	for (size_t i = 0; name && i < c->nr_services; i++)
		if (strcmp(c->service[i].name, name) == 0)
			return &c->service[i];
	return NULL;
}

static const char *in_window(const char *query, struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	promql_window(&b, query, "$window");
	const char *out = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return out;
}

static bool derive_manual(struct slo_def *d, const struct source_options *o,
			  struct arena *a)
{
	for (size_t i = 0; i < o->nr_manual; i++) {
		const struct manual_service *m = &o->manual[i];
		if (strcmp(m->name, d->service) != 0)
			continue;
		if (d->latency > 0 && m->buckets) {
			d->buckets = in_window(m->buckets, a);
		} else if (d->latency <= 0 && m->errors) {
			d->errors = in_window(m->errors, a);
			d->total = in_window(m->rate, a);
		}
		return true;
	}
	return false;
}

static void derive_failed(struct slo_def *d, const struct shape *sh,
			  const char *service, struct arena *a)
{
	const char *bad[] = { service, sh->error_matcher };
	if (!sh->error_matcher)
		return;
	d->errors = counted(sh, NULL, bad, 2, a);
	d->total = counted(sh, NULL, bad, 1, a);
}

static void derive_slow(struct slo_def *d, const struct shape *sh,
			const char *service, struct arena *a)
{
	const char *rate;
	double limit = d->latency / unit_scale(sh->unit);
	if (sh->method == METHOD_HISTOGRAM) {
		rate = rate_with(sh->question[RED_BUCKETS], &service, 1, a);
		d->bucket_unit = unit_scale(sh->unit);
		d->buckets = rate ? arena_printf(a, "sum by (le) (%s)", rate)
				  : NULL;
	} else if (sh->method == METHOD_NATIVE) {
		rate = rate_with(sh->question[RED_NATIVE], &service, 1, a);
		if (!rate)
			return;
		d->total = arena_printf(a, "histogram_count(sum(%s))", rate);
		d->errors = arena_printf(a, "(1 - histogram_fraction(0, %.17g, "
					 "sum(%s))) * histogram_count(sum(%s))",
					 limit, rate, rate);
	}
}

static void derive(struct slo_def *d, const struct catalog *c,
		   const struct source_options *o, struct arena *a)
{
	const struct service_def *s = service_of(c, d->service);
	const struct shape *sh = s ? shape_of(c, s->shape) : NULL;
	struct buf b;
	if (derive_manual(d, o, a) || !sh)
		return;
	buf_init(&b, 0);
	promql_equal(&b, sh->label, s->value);
	if (d->latency > 0)
		derive_slow(d, sh, buf_text(&b), a);
	else
		derive_failed(d, sh, buf_text(&b), a);
	buf_release(&b);
}

/* ---- what nobody wrote -------------------------------------------------- */

static bool imply(struct slo_def *d, const struct shape *sh,
		  const struct source_options *o, struct arena *a)
{
	const char *bad[] = { sh->error_matcher };
	struct buf by;
	if (!sh->error_matcher || !sh->question[RED_BURN_5M])
		return false;
	const char **group = arena_alloc(a, 2 * sizeof(*group));
	group[0] = sh->label;
	group[1] = NULL;
	buf_init(&by, 0);
	promql_label(&by, sh->label);
	*d = (struct slo_def){
		.id = "availability",
		.objective = o->objective > 0 ? o->objective
					      : IMPLICIT_OBJECTIVE,
		.period = 30 * DAY_MS, .implicit = true, .group = group,
		.errors = counted(sh, buf_text(&by), bad, 1, a),
		.total = counted(sh, buf_text(&by), NULL, 0, a),
	};
	buf_release(&by);
	return d->errors && d->total;
}

/* What sums or counts over the window is no rate a second. */
static bool counts_over(const struct slo_def *d)
{
	const char *q = d->total;
	return q && (strstr(q, "_over_time(") || strstr(q, "increase("))
	       && !strstr(q, "rate(");
}

static bool is_known(const struct source_options *o, const char *id)
{
	for (size_t i = 0; i < o->nr_slos; i++)
		if (strcmp(o->slo[i].id, id) == 0)
			return true;
	return false;
}

const struct slo_def *prom_derive(const struct catalog *c,
				  const struct source_options *o,
				  const struct prom_recorded *recorded,
				  struct arena *a, size_t *nr)
{
	size_t implied = 0, told = 0;
	const struct slo_def *rules =
		recorded ? prom_recorded_slos(recorded, a, &told) : NULL;
	struct slo_def *d = arena_alloc(a, (o->nr_slos + told + IMPLICIT_MAX)
						   * sizeof(*d));
	*nr = o->nr_slos;
	for (size_t i = 0; i < o->nr_slos; i++) {
		d[i] = o->slo[i];
		d[i].counts |= counts_over(&d[i]);
		if (d[i].derived)
			derive(&d[i], c, o, a);
	}
	for (size_t i = 0; i < told; i++)
		if (!is_known(o, rules[i].id))
			d[(*nr)++] = rules[i];
	for (size_t i = 0; i < c->nr_shapes && implied < IMPLICIT_MAX; i++)
		if (imply(&d[*nr], &c->shape[i], o, a)) {
			(*nr)++;
			implied++;
		}
	return d;
}
