/* What is certainly not meant. A warning that is wrong teaches people not to
 * read warnings, so what cannot be told from the text is passed over. */
#include "app/spec_private.h"

#include "app/spec_promql.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SELECTORS_MAX 4

/* ---- one query --------------------------------------------------------- */

static const char *const metricsql[] = {
	"alias", "any", "buckets_limit", "bottomk_avg", "bottomk_last",
	"bottomk_max", "bottomk_median", "bottomk_min", "count_eq_over_time",
	"count_gt_over_time", "count_le_over_time", "count_ne_over_time",
	"default_rollup", "distinct", "geomean", "histogram_avg_over_time",
	"histogram_share", "increase_prometheus", "increase_pure",
	"increases_over_time", "interpolate", "keep_last_value",
	"keep_next_value", "label_copy", "label_del", "label_keep",
	"label_map", "label_move", "label_set", "label_transform", "lag",
	"lifetime", "median_over_time", "mode_over_time", "outliersk",
	"prometheus_buckets", "quantiles", "quantiles_over_time", "range_avg",
	"range_max", "range_min", "range_quantile", "range_sum",
	"rate_over_sum", "rate_prometheus", "remove_resets", "rollup",
	"rollup_increase", "rollup_rate", "running_avg", "running_max",
	"running_sum", "share_gt_over_time", "share_le_over_time",
	"smooth_exponential", "sum2", "sum_eq_over_time", "topk_avg",
	"topk_last", "topk_max",
	"topk_median", "topk_min", "tmax_over_time", "tmin_over_time", "union",
	"zscore", NULL,
};

static const char *named(const struct query_word *w, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == w->n &&
		    strncasecmp(*list, w->s, w->n) == 0)
			return *list;
	return NULL;
}

static const char *foreign_call(const char *query)
{
	struct query_word w, next;
	for (;;) {
		query_next(&query, &w);
		if (w.kind == WORD_END)
			return NULL;
		const char *at = query;
		query_next(&at, &next);
		const char *name = w.kind == WORD_NAME && next.n == 1 &&
				   *next.s == '(' ? named(&w, metricsql) : NULL;
		if (name)
			return name;
	}
}

static bool is_number(const struct query_matcher *m, double *out)
{
	char text[NUMBER_TEXT];
	if (strcmp(m->op, "=") != 0 || m->value_n >= sizeof(text))
		return false;
	memcpy(text, m->value, m->value_n);
	text[m->value_n] = '\0';
	return number_parse_go(text, out);
}

/* Buckets that nothing chooses from, or a bound that is none. */
static void check_bucket(struct spec_reader *r, const struct spec_asked *q,
			 const struct query_selector *s)
{
	const struct query_matcher *le = selector_matcher(s, "le");
	double bound;
	if (!selector_ends(s, "_bucket"))
		return;
	if (le && strcmp(le->op, "=") == 0 && !is_number(le, &bound))
		spec_say(r, q->at, false, "%s: le=\"%.*s\" is no number, so no "
			 "bucket has it", q->name,
			 le->value_n > 40 ? 40 : (int)le->value_n, le->value);
	if (le || query_has_word(q->query, "le") ||
	    query_has_word(q->query, "vmrange") ||
	    strstr(q->query, "histogram"))
		return;
	spec_say(r, q->at, false, "%s: '%.*s' without le counts every bucket",
		 q->name, s->name_n > 80 ? 80 : (int)s->name_n, s->name);
}

void spec_lint_query(struct spec_reader *r, const struct spec_asked *q)
{
	struct query_selector s[SELECTORS_MAX];
	size_t nr = 0;
	if (!q->query)
		return;
	if (!strstr(q->query, "$window"))
		spec_say(r, q->at, false, "%s without {{.window}}: the same "
			 "number for every window", q->name);
	const char *foreign = foreign_call(q->query);
	if (foreign)
		spec_say(r, q->at, false, "%s: %s() is MetricsQL, which only "
			 "VictoriaMetrics answers", q->name, foreign);
	if (!query_selectors(q->query, s, SELECTORS_MAX, &nr))
		return;
	for (size_t i = 0; i < nr; i++)
		check_bucket(r, q, &s[i]);
}

/* ---- two selectors ----------------------------------------------------- */

static bool same_text(const char *a, size_t n, const char *b, size_t k)
{
	return n == k && strncmp(a, b, n) == 0;
}

static bool same_label(const struct query_matcher *a,
		       const struct query_matcher *b)
{
	return same_text(a->label, a->label_n, b->label, b->label_n);
}

static bool is_matcher(const struct query_matcher *m, const char *label)
{
	return same_text(m->label, m->label_n, label, strlen(label));
}

static bool has(const struct query_selector *s, const struct query_matcher *m)
{
	for (size_t i = 0; i < s->nr; i++)
		if (same_label(&s->m[i], m) &&
		    strcmp(s->m[i].op, m->op) == 0 &&
		    same_text(s->m[i].value, s->m[i].value_n, m->value,
			      m->value_n))
			return true;
	return false;
}

static bool knows_label(const struct query_selector *s,
			const struct query_matcher *m)
{
	for (size_t i = 0; i < s->nr; i++)
		if (same_label(&s->m[i], m))
			return true;
	return false;
}

#define MATCHER_TEXT 120

static char *told(const struct query_matcher *m, char out[MATCHER_TEXT])
{
	snprintf(out, MATCHER_TEXT, "%.*s%s\"%.*s\"",
		 m->label_n > 40 ? 40 : (int)m->label_n, m->label, m->op,
		 m->value_n > 60 ? 60 : (int)m->value_n, m->value);
	return out;
}

/* ---- a part and the whole ---------------------------------------------- */

/* One that series without the label do not meet. */
static bool restricts(const struct query_matcher *m)
{
	return m->value_n > 0 && !matcher_is(m, "=~", ".*") &&
	       !matcher_is(m, "=~", ".+");
}

static const struct query_matcher *
contradiction(const struct query_selector *s, const struct query_matcher *m)
{
	for (size_t i = 0; i < s->nr; i++)
		if (same_label(&s->m[i], m) && strcmp(s->m[i].op, "=") == 0 &&
		    strcmp(m->op, "=") == 0 &&
		    !same_text(s->m[i].value, s->m[i].value_n, m->value,
			       m->value_n))
			return &s->m[i];
	return NULL;
}

/* Of two metrics labels need not mean the same, except whose they are. */
static void check_subset(struct spec_reader *r, const struct spec_asked *part,
			 const struct query_selector *p,
			 const struct spec_asked *whole,
			 const struct query_selector *w)
{
	bool one = p->name && w->name &&
		   same_text(p->name, p->name_n, w->name, w->name_n);
	char a[MATCHER_TEXT], b[MATCHER_TEXT];
	for (size_t i = 0; i < w->nr; i++) {
		const struct query_matcher *m = &w->m[i];
		const struct query_matcher *other = contradiction(p, m);
		if (other && (one || is_matcher(m, "job"))) {
			spec_say(r, part->at, false, "%s has %s and %s %s: the "
				 "one is no part of the other", part->name,
				 told(other, a), whole->name, told(m, b));
			return;
		}
		if (one && restricts(m) && !knows_label(p, m)) {
			spec_say(r, part->at, false, "%s has no %s as %s has: "
				 "it counts what is no part of it", part->name,
				 told(m, a), whole->name);
			return;
		}
	}
}

/* ---- latency ----------------------------------------------------------- */

static bool same_histogram(const struct query_selector *bucket,
			   const struct query_selector *count)
{
	if (!selector_ends(bucket, "_bucket") ||
	    !selector_ends(count, "_count"))
		return true;
	return same_text(bucket->name, bucket->name_n - 7, count->name,
			 count->name_n - 6);
}

static const struct query_matcher *
missing_in(const struct query_selector *s, const struct query_selector *of)
{
	for (size_t i = 0; i < of->nr; i++)
		if (!is_matcher(&of->m[i], "le") && !has(s, &of->m[i]))
			return &of->m[i];
	return NULL;
}

static void check_fast(struct spec_reader *r, const struct node *at,
		       const char *fast, const struct query_selector *f,
		       const char *total, const struct query_selector *t)
{
	const struct query_matcher *more = missing_in(t, f);
	const struct query_matcher *less = missing_in(f, t);
	char a[MATCHER_TEXT], b[MATCHER_TEXT];
	if (!same_histogram(f, t))
		spec_say(r, at, false, "%s counts '%.*s' and %s '%.*s': two "
			 "histograms", fast, f->name_n > 80 ? 80
			 : (int)f->name_n, f->name, total,
			 t->name_n > 80 ? 80 : (int)t->name_n, t->name);
	else if (more && less)
		spec_say(r, at, false, "%s has %s and %s %s: what is fast is "
			 "counted of others than all", fast, told(more, a),
			 total, told(less, b));
	else if (more)
		spec_say(r, at, false, "%s has %s and %s has not: whatever "
			 "else is counted as slow", fast, told(more, a), total);
	else if (less)
		spec_say(r, at, false, "%s has no %s as %s has: others are "
			 "counted as fast", fast, told(less, a), total);
}

void spec_lint_latency(struct spec_reader *r, const struct spec_asked *fast,
		       const struct spec_asked *total)
{
	struct query_selector f, t;
	size_t nf = 0, nt = 0;
	if (!fast->query || !total->query ||
	    !query_selectors(fast->query, &f, 1, &nf) || nf != 1 ||
	    !query_selectors(total->query, &t, 1, &nt) || nt != 1)
		return;
	check_fast(r, fast->at, fast->name, &f, total->name, &t);
}

/* Of count - bucket{le}: the bucket, or NULL. */
static const struct query_selector *
bucket_of(const struct query_selector *s, size_t nr)
{
	double bound;
	if (nr != 2)
		return NULL;
	const struct query_selector *b = &s[1];
	const struct query_matcher *le = selector_matcher(b, "le");
	return selector_ends(b, "_bucket") && selector_ends(&s[0], "_count") &&
	       le && is_number(le, &bound) ? b : NULL;
}

double spec_latency_of(const char *errors)
{
	struct query_selector s[2];
	const struct query_selector *b;
	size_t nr = 0;
	double bound = 0;
	if (!query_selectors(errors, s, 2, &nr))
		return 0;
	b = bucket_of(s, nr);
	if (!b || !is_number(selector_matcher(b, "le"), &bound))
		return 0;
	return bound > 0 && bound < 1e9 ? bound : 0;
}

static bool has_any(const char *query, const char *const *words)
{
	for (; *words; words++)
		if (query_has_word(query, *words))
			return true;
	return false;
}

bool spec_counts(const char *total)
{
	static const char *const rates[] = { "rate", "irate", "deriv", NULL };
	static const char *const counts[] = { "increase", "sum_over_time",
					      "count_over_time", NULL };
	return total && !has_any(total, rates) && has_any(total, counts);
}

void spec_lint_part(struct spec_reader *r, const struct spec_asked *part,
		    const struct spec_asked *whole)
{
	struct query_selector p[2], w;
	size_t np = 0, nw = 0;
	if (!part->query || !whole->query)
		return;
	if (strcmp(part->query, whole->query) == 0) {
		spec_say(r, part->at, false, "%s and %s are the same",
			 part->name, whole->name);
		return;
	}
	if (!query_selectors(part->query, p, 2, &np) ||
	    !query_selectors(whole->query, &w, 1, &nw) || nw != 1)
		return;
	const struct query_selector *bucket = bucket_of(p, np);
	if (bucket)
		check_fast(r, part->at, "the bucket", bucket, whole->name, &w);
	else if (np == 1)
		check_subset(r, part, &p[0], whole, &w);
}
