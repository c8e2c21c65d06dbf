/* OpenSLO: v1, v1alpha, v2alpha. It says nothing of how a query is asked over
 * a window, so only what leaves no choice is evaluated. */
#include "app/spec_private.h"

#include "app/spec_promql.h"
#include "base/limits.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- other objects of the file ----------------------------------------- */

static bool is_kind(const struct node *n, const char *kind)
{
	const char *s = node_text(node_get(n, "kind"));
	return s && strcmp(s, kind) == 0;
}

static const char *name_of(const struct node *n)
{
	return node_text(node_get(node_get(n, "metadata"), "name"));
}

static const struct node *find(const struct spec_reader *r, const char *kind,
			       const char *name)
{
	for (size_t i = 0; i < r->nr; i++) {
		const char *s = name_of(r->object[i]);
		if (s && strcmp(s, name) == 0 && is_kind(r->object[i], kind))
			return r->object[i];
	}
	return NULL;
}

/* The first key of a list ("a b") that a map has. */
static const struct node *any_of(const struct node *map, const char *keys)
{
	char key[64];
	while (*keys) {
		size_t n = strcspn(keys, " ");
		snprintf(key, sizeof(key), "%.*s", (int)n, keys);
		const struct node *v = node_get(map, key);
		if (v)
			return v;
		keys += n + (keys[n] == ' ');
	}
	return NULL;
}

/* ---- one metric -------------------------------------------------------- */

static bool asks_promql(const char *type)
{
	static const char *const types[] = { "prometheus", "promql", "cortex",
					     "thanos", "mimir",
					     "victoriametrics", NULL };
	for (size_t i = 0; types[i]; i++)
		if (strcasecmp(type, types[i]) == 0)
			return true;
	return false;
}

/* The type of a source by its name: as the file's DataSource says, else by the
 * name itself. */
static const char *type_of_ref(const struct spec_reader *r, const char *ref)
{
	const struct node *source = find(r, "DataSource", ref);
	const char *type;
	type = node_text(node_get(node_get(source, "spec"), "type"));
	return type ? type : asks_promql(ref) ? ref : NULL;
}

/* The spec of a metric that PromQL can be asked for, or NULL after a reason.
 * v1: metricSource {metricSourceRef, type, spec}; v2alpha: dataSourceRef,
 * dataSourceSpec {type}, spec; v1alpha: source, queryType, query. */
static const struct node *promql_spec(struct spec_reader *r,
				      struct spec_slo *x,
				      const struct node *metric)
{
	const struct node *source = node_get(metric, "metricSource");
	const struct node *base = source ? source : metric;
	const struct node *of = node_get(metric, "dataSourceSpec");
	const struct node *at = any_of(of ? of : base, "type queryType");
	const struct node *ref = any_of(base, "metricSourceRef dataSourceRef "
					      "source");
	const struct node *spec = node_get(base, "spec");
	const char *type = node_text(at);
	if (!type && node_text(ref)) {
		at = ref;
		type = type_of_ref(r, node_text(ref));
	}
	if (!type && node_text(ref))
		spec_refuse(r, x, ref, "source '%.60s' is not in this file, so "
			    "nothing says that it is asked in PromQL",
			    node_text(ref));
	else if (!type)
		spec_refuse(r, x, base, "the source has no type; write type: "
			    "Prometheus");
	else if (!asks_promql(type))
		spec_refuse(r, x, at, "source type %.60s cannot be asked",
			    type);
	else
		return spec ? spec : base;
	return NULL;
}

static const char *read_query(struct spec_reader *r, struct spec_slo *x,
			      const struct node *metric,
			      const struct node **at)
{
	const struct node *spec = promql_spec(r, x, metric);
	if (!spec)
		return NULL;
	*at = any_of(spec, "query promql expr");
	if (*at)
		return spec_query(r, x, *at, "query");
	spec_fault(r, x, spec, "'query' is missing; write query: "
		   "sum(requests_total)");
	return NULL;
}

/* ---- a window in a query ----------------------------------------------- */

static bool has_window(const char *q)
{
	return strstr(q, "$window") != NULL;
}

static bool is_rate(const char *q)
{
	return query_has_word(q, "rate") || query_has_word(q, "increase");
}

/* The rate goes inside the sum: resets of single counters are lost in it. */
static const char *rated(struct spec_reader *r, struct spec_slo *x,
			 const struct node *at, const char *q)
{
	struct query_selector s;
	bool bare;
	if (has_window(q) && is_rate(q))
		return q;
	if (is_rate(q))
		spec_refuse(r, x, at, "counter: true, and the query has a "
			    "window of its own; write [{{.window}}] there, or "
			    "sum(SELECTOR) alone");
	else if (!query_sum(q, &s, &bare))
		spec_refuse(r, x, at, "counter: true, and the query is not "
			    "sum(SELECTOR): the rate cannot be put inside it; "
			    "write rate(SELECTOR[{{.window}}]) where it "
			    "belongs");
	else if (bare)
		return arena_printf(&r->s->arena, "sum(rate(%s[$window]))", q);
	else
		return arena_printf(&r->s->arena, "%.*srate(%.*s[$window])%s",
				    (int)(s.s - q), q, (int)s.n, s.s,
				    s.s + s.n);
	return NULL;
}

static const char *windowed(struct spec_reader *r, struct spec_slo *x,
			    const struct node *at, const char *q, bool counter)
{
	if (!q || counter)
		return q ? rated(r, x, at, q) : NULL;
	if (has_window(q))
		return q;
	spec_refuse(r, x, at, "the query has no {{.window}} and counter is "
		    "not true: nothing says how it is counted over a window");
	return NULL;
}

static const char *enclosed(struct spec_reader *r, const char *q)
{
	return query_is_one(q) ? q : arena_printf(&r->s->arena, "(%s)", q);
}

/* ---- indicators -------------------------------------------------------- */

static bool is_counter(const struct node *ratio)
{
	bool on = false;
	return node_bool(any_of(ratio, "counter incremental"), &on) && on;
}

static void read_raw(struct spec_reader *r, struct spec_slo *x,
		     const struct node *ratio)
{
	const struct node *at = node_get(ratio, "raw");
	const struct node *n = node_get(ratio, "rawType");
	const char *type = node_text(n);
	const char *q = read_query(r, x, at, &at);
	bool success = type && strcmp(type, "success") == 0;
	if (!success && !(type && strcmp(type, "failure") == 0)) {
		spec_fault(r, x, n ? n : ratio, "'rawType' is %s; write "
			   "rawType: success (or failure)",
			   type ? "neither success nor failure" : "missing");
		return;
	}
	q = windowed(r, x, at, q, false);
	if (q)
		x->def.ratio = success ? arena_printf(&r->s->arena, "1 - (%s)",
						      q) : q;
	struct spec_asked one = { at, "raw", q };
	spec_lint_query(r, &one);
}

static void read_ratio(struct spec_reader *r, struct spec_slo *x,
		       const struct node *n)
{
	const struct node *good = node_get(n, "good"), *bad;
	bool counter = is_counter(n);
	spec_known(r, n, "the ratio", "counter good bad total raw rawType "
		   "incremental");
	if (node_get(n, "raw")) {
		read_raw(r, x, n);
		return;
	}
	bad = node_get(n, "bad");
	if ((!good && !bad) || !node_get(n, "total")) {
		spec_fault(r, x, n, "a ratio needs good (or bad) and total");
		return;
	}
	struct spec_asked part = { bad ? bad : good, bad ? "bad" : "good",
				   NULL };
	struct spec_asked all = { node_get(n, "total"), "total", NULL };
	const char *p = read_query(r, x, part.at, &part.at);
	const char *t = read_query(r, x, all.at, &all.at);
	part.query = p = windowed(r, x, part.at, p, counter);
	all.query = x->def.total = t = windowed(r, x, all.at, t, counter);
	if (bad)
		x->def.errors = p;
	else if (p && t)
		x->def.errors = arena_printf(&r->s->arena, "%s - %s",
					     enclosed(r, t), enclosed(r, p));
	x->def.counts = spec_counts(t);
	spec_lint_query(r, &part);
	spec_lint_query(r, &all);
	spec_lint_part(r, &part, &all);
}

static void read_threshold(struct spec_reader *r, struct spec_slo *x,
			   const struct node *n)
{
	size_t before = x->nr_unsupported;
	const struct node *at = n;
	const char *q = read_query(r, x, n, &at);
	if (x->nr_unsupported == before || q)
		spec_refuse(r, x, n, "a thresholdMetric compares a value and "
			    "counts no events, so no error ratio of a window "
			    "follows from it; write a ratioMetric");
}

/* The spec of an indicator, here or of an SLI by name. */
static const struct node *indicator_of(struct spec_reader *r,
				       struct spec_slo *x,
				       const struct node *spec)
{
	const struct node *own = any_of(spec, "indicator sli");
	const struct node *ref = any_of(spec, "indicatorRef sliRef");
	const struct node *sli;
	if (own)
		return node_get(own, "spec") ? node_get(own, "spec") : own;
	if (!node_text(ref))
		return NULL;
	sli = find(r, "SLI", node_text(ref));
	if (!sli)
		spec_refuse(r, x, ref, "SLI '%.80s' is not in this file",
			    node_text(ref));
	return node_get(sli, "spec");
}

static void read_indicator(struct spec_reader *r, struct spec_slo *x,
			   const struct node *spec,
			   const struct node *objective)
{
	size_t before = x->nr_unsupported;
	const struct node *n = indicator_of(r, x, spec);
	const struct node *ratio = any_of(n, "ratioMetric");
	const struct node *threshold = any_of(n, "thresholdMetric");
	if (!ratio)
		ratio = node_get(objective, "ratioMetrics");
	if (ratio)
		read_ratio(r, x, ratio);
	else if (threshold)
		read_threshold(r, x, threshold);
	else if (x->nr_unsupported == before)
		spec_fault(r, x, n ? n : spec, "the indicator is missing; "
			   "write indicator: {spec: {ratioMetric: {counter: "
			   "true, good: ..., total: ...}}}");
}

/* ---- time windows ------------------------------------------------------ */

#define DAY ((time_ms)86400000)

static const struct unit {
	char letter;
	const char *word;        /* of v1alpha */
	time_ms ms;              /* nominal */
	enum calendar_unit calendar;
} units[] = {
	{ 's', "Second", 1000, CALENDAR_NONE },
	{ 'm', "Minute", 60000, CALENDAR_NONE },
	{ 'h', "Hour", 3600000, CALENDAR_NONE },
	{ 'd', "Day", DAY, CALENDAR_DAY },
	{ 'w', "Week", 7 * DAY, CALENDAR_WEEK },
	{ 'M', "Month", 30 * DAY, CALENDAR_MONTH },
	{ 'Q', "Quarter", 90 * DAY, CALENDAR_QUARTER },
	{ 'Y', "Year", 365 * DAY, CALENDAR_YEAR },
};

#define UNITS (sizeof(units) / sizeof(units[0]))

struct duration {
	long count;
	const struct unit *unit;
};

static bool read_count(const char *s, long *out)
{
	size_t n = s ? strspn(s, "0123456789") : 0;
	if (!n || n > 4)
		return false;
	*out = strtol(s, NULL, 10);
	return *out > 0;
}

/* 30d, 1M; the case of the letter counts. */
static bool read_shorthand(const char *s, struct duration *d)
{
	if (!read_count(s, &d->count))
		return false;
	s += strspn(s, "0123456789");
	for (size_t i = 1; i < UNITS; i++)
		if (*s == units[i].letter && !s[1]) {
			d->unit = &units[i];
			return true;
		}
	return false;
}

static bool read_words(const struct node *n, struct duration *d)
{
	const char *word = node_text(node_get(n, "unit"));
	size_t len = word ? strlen(word) : 0;
	if (!read_count(node_text(node_get(n, "count")), &d->count))
		return false;
	if (len > 1 && word[len - 1] == 's')
		len--;
	for (size_t i = 0; i < UNITS; i++)
		if (len == strlen(units[i].word) &&
		    strncasecmp(word, units[i].word, len) == 0) {
			d->unit = &units[i];
			return true;
		}
	return false;
}

static int64_t days_of(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400, of = y - era * 400;
	int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of * 365 + of / 4 - of / 100 + day - 719468;
}

/* 2022-01-01 12:00:00, or with a T; a wall time. */
static bool read_start(const char *s, time_ms *out)
{
	int y, mo, d, h, mi, sec, n = 0;
	char between;
	if (!s || sscanf(s, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &y, &mo, &d,
			 &between, &h, &mi, &sec, &n) != 7)
		return false;
	if ((s[n] && strcmp(s + n, "Z") != 0) ||
	    (between != ' ' && between != 'T') || y < 1970 || mo < 1 ||
	    mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 ||
	    mi > 59 || sec < 0 || sec > 59)
		return false;
	*out = days_of(y, mo, d) * DAY +
	       ((h * 60 + mi) * 60 + sec) * (time_ms)1000;
	return true;
}

static bool is_zone(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	if (!n || n > 64 || *s == '/' || strstr(s, ".."))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("/_+-", s[i]))
			return false;
	return true;
}

static void read_calendar(struct spec_reader *r, struct spec_slo *x,
			  const struct node *n, const struct duration *d)
{
	const struct node *start = node_get(n, "startTime");
	const struct node *zone = node_get(n, "timeZone");
	spec_known(r, n, "calendar", "startTime timeZone");
	if (d->unit->calendar == CALENDAR_NONE)
		spec_refuse(r, x, n, "a calendar window has days, weeks, "
			    "months, quarters or years, as in 1M");
	if (!read_start(node_text(start), &x->def.calendar_start))
		spec_fault(r, x, start ? start : n, "'startTime' is %s; write "
			   "startTime: 2022-01-01 00:00:00", node_text(start)
			   ? "no such time" : "missing");
	if (node_text(zone) && is_zone(node_text(zone)))
		x->def.zone = spec_clean(r, node_text(zone), 0);
	else if (node_text(zone))
		spec_fault(r, x, zone, "timeZone '%.60s' is none; write "
			   "timeZone: America/New_York", node_text(zone));
	x->def.calendar = d->unit->calendar;
	x->def.calendar_every = (int)d->count;
}

static void read_span(struct spec_reader *r, struct spec_slo *x,
		      const struct node *n)
{
	const struct node *at = any_of(n, "duration count");
	const struct node *calendar = node_get(n, "calendar");
	const struct node *rolling = node_get(n, "isRolling");
	struct duration d = { 0 };
	bool rolls = !calendar, fine = node_get(n, "duration")
		? read_shorthand(node_text(at), &d) : read_words(n, &d);
	spec_known(r, n, "the time window",
		   "duration isRolling calendar count unit");
	if (!fine) {
		spec_fault(r, x, at ? at : n, "the time window: expected a "
			   "duration as in 28d or 1M (m is minutes, M "
			   "months)");
		return;
	}
	x->def.period = d.count * d.unit->ms;
	if (rolling && !node_bool(rolling, &rolls))
		spec_fault(r, x, rolling, "isRolling is true or false");
	if (d.unit->letter == 'm' && (calendar || !rolls))
		spec_say(r, at, false, "duration %ldm is %ld minute%s; %ld "
			 "month%s would be %ldM", d.count, d.count,
			 d.count == 1 ? "" : "s", d.count,
			 d.count == 1 ? "" : "s", d.count);
	if (!rolls && calendar)
		read_calendar(r, x, calendar, &d);
	else if (!rolls)
		spec_fault(r, x, rolling, "a window that does not roll needs "
			   "calendar: {startTime: ..., timeZone: ...}");
	else if (calendar)
		spec_say(r, calendar, false, "the window rolls, so its "
			 "calendar is not read");
}

static void read_time_window(struct spec_reader *r, struct spec_slo *x,
			     const struct node *spec)
{
	const struct node *n = any_of(spec, "timeWindow timeWindows");
	if (!n || (n->kind == NODE_SCALAR && !node_text(n))) {
		spec_say(r, spec, false, "no timeWindow: 30 days that roll are "
			 "taken");
		return;
	}
	if (n->kind == NODE_LIST && n->nr > 1)
		spec_say(r, n->item[1], false, "OpenSLO has one time window; "
			 "the first is taken");
	read_span(r, x, n->kind == NODE_LIST && n->nr ? n->item[0] : n);
}

/* ---- objectives -------------------------------------------------------- */

static void read_method(struct spec_reader *r, struct spec_slo *x,
			const struct node *spec)
{
	static const char *const names[] = {
		[SLO_OCCURRENCES] = "Occurrences",
		[SLO_TIMESLICES] = "Timeslices",
		[SLO_RATIO_TIMESLICES] = "RatioTimeslices",
	};
	const struct node *n = node_get(spec, "budgetingMethod");
	const char *s = node_text(n);
	if (!s)
		return;
	for (int m = SLO_OCCURRENCES; m <= SLO_RATIO_TIMESLICES; m++)
		if (strcasecmp(s, names[m]) == 0) {
			x->def.method = (enum slo_method)m;
			return;
		}
	spec_fault(r, x, n, "budgetingMethod '%.40s' is none of Occurrences, "
		   "Timeslices, RatioTimeslices", s);
}

static void read_slices(struct spec_reader *r, struct spec_slo *x,
			const struct node *n)
{
	const struct node *span = node_get(n, "timeSliceWindow");
	const struct node *target = node_get(n, "timeSliceTarget");
	struct duration d;
	if (x->def.method == SLO_OCCURRENCES)
		return;
	if (!node_text(span))
		spec_say(r, n, false, "no timeSliceWindow: slices of 1m are "
			 "taken");
	else if (read_shorthand(node_text(span), &d))
		x->def.slice = d.count * d.unit->ms;
	else
		spec_fault(r, x, span, "timeSliceWindow '%.40s': expected a "
			   "duration as in 1m", node_text(span));
	if (x->def.method != SLO_TIMESLICES)
		return;
	if (!node_text(target))
		spec_say(r, n, false, "no timeSliceTarget: a slice is good "
			 "where it meets the objective");
	else if (!spec_number(target, "", &x->def.slice_target) ||
		 !(x->def.slice_target > 0 && x->def.slice_target <= 1))
		spec_fault(r, x, target, "timeSliceTarget '%.40s': expected a "
			   "ratio above 0, at most 1", node_text(target));
}

static void read_target(struct spec_reader *r, struct spec_slo *x,
			const struct node *n)
{
	const struct node *target = node_get(n, "target");
	double v;
	if (!node_text(target) && node_get(n, "targetPercent")) {
		spec_percent(r, x, n, "targetPercent");
	} else if (!node_text(target)) {
		spec_fault(r, x, target ? target : n, "'target' is missing; "
			   "write target: 0.999, or targetPercent: 99.9");
	} else if (!spec_number(target, "", &v) || !(v > 0 && v <= 1)) {
		spec_fault(r, x, target, "target '%.40s': expected a ratio "
			   "above 0 and below 1, as in 0.999; 99.9 is a "
			   "targetPercent", node_text(target));
	} else {
		if (v < 0.01)
			spec_say(r, target, false, "target %.40s is %g %%; "
				 "0.999 is written for 99.9 %%",
				 node_text(target), v * 100);
		spec_objective(r, x, target, v);
	}
}

#define SUFFIX 80

/* What tells this objective from the others of its SLO. */
static char *suffix_of(const struct node *n, size_t which, char out[SUFFIX])
{
	const char *s = node_text(node_get(n, "displayName"));
	size_t len = 0;
	for (; s && *s && len < SUFFIX - 2; s++) {
		if (isalnum((unsigned char)*s))
			out[len++] = (char)tolower((unsigned char)*s);
		else if (len && out[len - 1] != '-')
			out[len++] = '-';
	}
	while (len && out[len - 1] == '-')
		len--;
	out[len] = '\0';
	if (!len)
		snprintf(out, SUFFIX, "%zu", which + 1);
	return out;
}

/* Those before it with the same words: then its number is added. */
static bool is_taken(const struct node *list, size_t which, const char *suffix)
{
	char other[SUFFIX];
	for (size_t i = 0; i < which; i++)
		if (strcmp(suffix_of(list->item[i], i, other), suffix) == 0)
			return true;
	return false;
}

static void name_it(struct spec_reader *r, struct spec_slo *x,
		    const struct node *slo, const struct node *list,
		    size_t which)
{
	const char *name = name_of(slo);
	struct arena *a = &r->s->arena;
	char suffix[SUFFIX];
	if (!name || !*name)
		return;
	name = spec_clean(r, name, LIMIT_LABEL_VALUE);
	x->def.id = name;
	if (!list || list->nr < 2)
		return;
	suffix_of(list->item[which], which, suffix);
	x->def.id = is_taken(list, which, suffix)
		? arena_printf(a, "%s-%s-%zu", name, suffix, which + 1)
		: arena_printf(a, "%s-%s", name, suffix);
}

static void check_composite(struct spec_reader *r, struct spec_slo *x,
			    const struct node *objective)
{
	const struct node *n = any_of(objective, "compositeWeight indicator "
				      "indicatorRef sli sliRef");
	if (n)
		spec_refuse(r, x, n, "a composite of several indicators cannot "
			    "be evaluated");
}

static void read_objective(struct spec_reader *r, const struct node *slo,
			   const struct node *list, size_t which)
{
	const struct node *spec = node_get(slo, "spec");
	const struct node *n = list ? list->item[which] : NULL;
	const struct node *service = any_of(spec, "service serviceRef");
	struct spec_slo x = spec_begin(r, n ? n : slo);
	name_it(r, &x, slo, list, which);
	if (!x.def.id)
		spec_fault(r, &x, slo, "metadata: 'name' is missing; write "
			   "name: checkout-availability");
	x.def.service = spec_line(r, service);
	x.def.what = spec_line(r, node_get(spec, "description"));
	spec_known(r, n, "objectives", "displayName op value target "
		   "targetPercent timeSliceTarget timeSliceWindow indicator "
		   "indicatorRef sli sliRef compositeWeight ratioMetrics");
	if (n)
		check_composite(r, &x, n);
	if (!x.nr_unsupported)
		read_indicator(r, &x, spec, n);
	read_time_window(r, &x, spec);
	read_method(r, &x, spec);
	if (!x.def.service)
		spec_fault(r, &x, service ? service : spec, "'service' is "
			   "missing; write service: checkout");
	if (n) {
		read_target(r, &x, n);
		read_slices(r, &x, n);
	} else if (x.nr_unsupported) {
		spec_refuse(r, &x, spec, "there are no objectives");
	} else {
		spec_fault(r, &x, spec, "'objectives' is missing; write "
			   "objectives: [{target: 0.999}]");
	}
	spec_end(r, &x);
}

static void read_slo(struct spec_reader *r, const struct node *slo)
{
	const struct node *spec = node_get(slo, "spec");
	const struct node *list = node_get(spec, "objectives");
	spec_known(r, slo, "SLO", "apiVersion kind metadata spec");
	if (!spec || spec->kind != NODE_MAP) {
		spec_fault(r, NULL, spec ? spec : slo, "'spec' is missing; "
			   "write spec: {service: ..., indicator: ..., "
			   "objectives: [...]}");
		return;
	}
	spec_known(r, spec, "spec", "description service serviceRef indicator "
		   "indicatorRef sli sliRef timeWindow timeWindows "
		   "budgetingMethod objectives alertPolicies");
	if (!list || list->kind != NODE_LIST || !list->nr) {
		if (!spec_full(r, slo))
			read_objective(r, slo, NULL, 0);
		return;
	}
	for (size_t i = 0; i < list->nr && !spec_full(r, list->item[i]); i++)
		read_objective(r, slo, list, i);
}

static void check_version(struct spec_reader *r, const struct node *n)
{
	const struct node *at = node_get(n, "apiVersion");
	const char *s = node_text(at), *v = s ? strchr(s, '/') : NULL;
	if (v && strcmp(v, "/v1") != 0 && strcmp(v, "/v1alpha") != 0 &&
	    strcmp(v, "/v2alpha") != 0)
		spec_say(r, at, false, "apiVersion '%.60s' is read as "
			 "openslo/v1", s);
}

static void read_object(struct spec_reader *r, const struct node *n)
{
	static const char *const others[] = {
		"SLI", "DataSource", "Service", "AlertPolicy",
		"AlertCondition", "AlertNotificationTarget",
	};
	const struct node *kind = node_get(n, "kind");
	check_version(r, n);
	if (is_kind(n, "SLO")) {
		read_slo(r, n);
		return;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_kind(n, others[i]))
			return;
	spec_say(r, kind ? kind : n, false, "kind '%.60s' of OpenSLO is not "
		 "known; it is not read", node_text(kind) ? node_text(kind)
		 : "");
}

void spec_openslo(struct spec_reader *r)
{
	for (size_t i = 0; i < r->nr; i++)
		read_object(r, r->object[i]);
}
