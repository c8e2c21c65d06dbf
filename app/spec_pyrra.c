/* Pyrra: pyrra.dev/v1alpha1, ServiceLevelObjective. */
#include "app/spec_private.h"

#include "app/spec_promql.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/promql.h"

#include <string.h>

struct grouping {
	const char *by;          /* " by (a, b) ", or "" */
	struct spec_names names;
};

/* A metric of an indicator. */
struct metric {
	const struct node *at;
	const char *text;        /* the selector; NULL: not usable */
	struct query_selector s;
};

static void read_grouping(struct spec_reader *r, struct spec_slo *x,
			  const struct node *indicator, struct grouping *g)
{
	const struct node *n = node_get(indicator, "grouping");
	struct buf b;
	g->by = "";
	if (!n || (n->kind == NODE_SCALAR && !node_text(n)))
		return;
	if (n->kind != NODE_LIST) {
		spec_fault(r, x, n, "grouping: expected a list of labels");
		return;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const char *s = node_text(n->item[i]);
		if (s && promql_is_label(s))
			spec_name_add(r, &g->names, s);
		else
			spec_fault(r, x, n->item[i], "grouping: '%.60s' is no "
				   "label", s ? s : "");
	}
	if (!g->names.nr)
		return;
	buf_init(&b, 0);
	for (size_t i = 0; i < g->names.nr; i++)
		buf_printf(&b, "%s%s", i ? ", " : " by (", g->names.name[i]);
	buf_str(&b, ") ");
	g->by = arena_strdup(&r->s->arena, buf_text(&b));
	buf_release(&b);
}

/* {metric: SELECTOR} below a key of the indicator, or the key `metric`. */
static struct metric read_metric(struct spec_reader *r, struct spec_slo *x,
				 const struct node *indicator, const char *key)
{
	struct metric m = { 0 };
	const struct node *n = key ? node_get(indicator, key) : indicator;
	const struct node *at = node_get(n, "metric");
	struct err e;
	m.at = at ? at : n ? n : indicator;
	if (key)
		spec_known(r, n, key, "metric");
	if (!node_text(at)) {
		spec_fault(r, x, m.at, "'%s%smetric' is missing; write "
			   "metric: requests_total{job=\"api\"}",
			   key ? key : "", key ? ": " : "");
		return m;
	}
	const char *text = spec_query(r, x, at, "metric");
	if (!text)
		return m;
	if (query_selector(text, &m.s, &e) < 0)
		spec_fault(r, x, at, "metric: %s", e.text);
	else
		m.text = text;
	return m;
}

static const char *sum_rate(struct spec_reader *r, const struct grouping *g,
			    const struct metric *m)
{
	if (!m->text)
		return NULL;
	return arena_printf(&r->s->arena, "sum%s(rate(%s[$window]))", g->by,
			    m->text);
}

static const char *joined(struct spec_reader *r, const char *a, const char *op,
			  const char *b)
{
	return a && b ? arena_printf(&r->s->arena, "%s %s %s", a, op, b) : NULL;
}

/* As the rules call it, without what says that it counts. */
static void name_recorded(struct spec_reader *r, struct spec_slo *x,
			  const struct metric *m)
{
	static const char *const ends[] = { "_total", "_count", "_bucket" };
	struct query_selector s = m->s;
	char name[LIMIT_LABEL_NAME];
	if (!m->text || !x->def.id || !s.name || s.name_n >= sizeof(name))
		return;
	for (size_t i = 0; i < 3; i++)
		if (selector_ends(&s, ends[i]))
			s.name_n -= strlen(ends[i]);
	memcpy(name, s.name, s.name_n);
	name[s.name_n] = '\0';
	if (promql_is_metric(name))
		x->def.recorded = arena_printf(&r->s->arena, "%s:burnrate"
					       "$window{slo=%s}", name,
					       spec_quoted(r, x->def.id));
}

/* What the rules add: slo, labels that say so, and the total's equalities
 * that are not grouped by. */
static void name_labels(struct spec_reader *r, struct spec_slo *x,
			const struct node *labels, const struct metric *m,
			const struct grouping *g)
{
	static const char prefix[] = "pyrra.dev/";
	struct spec_names own = { 0 };
	char label[LIMIT_LABEL_NAME];
	spec_name_add(r, &own, "slo");
	for (size_t i = 0; labels && labels->kind == NODE_MAP &&
			   i < labels->nr; i++)
		if (strncmp(labels->key[i]->text, prefix,
			    sizeof(prefix) - 1) == 0)
			spec_name_add(r, &own, labels->key[i]->text +
					       sizeof(prefix) - 1);
	for (size_t i = 0; m->text && i < m->s.nr; i++) {
		const struct query_matcher *q = &m->s.m[i];
		bool grouped = false;
		if (strcmp(q->op, "=") != 0 || q->label_n >= sizeof(label))
			continue;
		memcpy(label, q->label, q->label_n);
		label[q->label_n] = '\0';
		for (size_t k = 0; k < g->names.nr; k++)
			grouped = grouped ||
				  strcmp(g->names.name[k], label) == 0;
		if (!grouped)
			spec_name_add(r, &own, label);
	}
	x->def.own_labels = spec_names(r, &own);
	x->def.group = spec_names(r, &g->names);
}

/* A service in the table is a job. */
static void name_service(struct spec_reader *r, struct spec_slo *x,
			 const struct metric *m)
{
	const struct query_matcher *job;
	char text[LIMIT_LABEL_VALUE];
	job = m->text ? selector_matcher(&m->s, "job") : NULL;
	if (!job || strcmp(job->op, "=") != 0 || !job->value_n ||
	    job->value_n >= sizeof(text) ||
	    memchr(job->value, '\\', job->value_n))
		return;
	memcpy(text, job->value, job->value_n);
	text[job->value_n] = '\0';
	x->def.service = spec_clean(r, text, 0);
}

/* ---- indicators -------------------------------------------------------- */

static struct spec_asked asked(const struct metric *m, const char *name)
{
	return (struct spec_asked){ m->at, name, m->text };
}

/* Any two of errors, success and total. */
static struct metric read_ratio(struct spec_reader *r, struct spec_slo *x,
				const struct node *n, const struct grouping *g)
{
	bool errors = node_get(n, "errors"), success = node_get(n, "success");
	bool total = node_get(n, "total");
	struct metric part = read_metric(r, x, n, success && !errors
					 ? "success" : "errors");
	struct metric all = read_metric(r, x, n, success && errors && !total
					? "success" : "total");
	const char *one = sum_rate(r, g, &part), *two = sum_rate(r, g, &all);
	spec_known(r, n, "ratio", "errors success total grouping");
	if (errors && success && total)
		spec_fault(r, x, n, "ratio has errors, success and total; two "
			   "of them say it");
	x->def.errors = errors ? one : joined(r, two, "-", one);
	x->def.total = errors && success ? joined(r, one, "+", two) : two;
	if (total) {
		struct spec_asked p = asked(&part, errors ? "errors"
					    : "success");
		struct spec_asked w = asked(&all, "total");
		spec_lint_part(r, &p, &w);
	}
	return errors && success ? part : all;
}

static void read_bound(struct spec_reader *r, struct spec_slo *x,
		       const struct metric *m)
{
	const struct query_matcher *le;
	char text[NUMBER_TEXT] = "";
	if (!m->text)
		return;
	le = selector_matcher(&m->s, "le");
	if (!le) {
		spec_fault(r, x, m->at, "success: '%.60s' without le counts "
			   "every bucket; write le=\"0.1\" into it", m->text);
		return;
	}
	if (le->value_n < sizeof(text))
		memcpy(text, le->value, le->value_n);
	if (strcmp(le->op, "=") != 0 ||
	    !number_parse_go(text, &x->def.latency))
		spec_fault(r, x, m->at, "success: le%s\"%.*s\": expected a "
			   "bound in seconds, as in le=\"0.1\"", le->op,
			   le->value_n > 40 ? 40 : (int)le->value_n,
			   le->value);
}

static struct metric read_latency(struct spec_reader *r, struct spec_slo *x,
				  const struct node *n,
				  const struct grouping *g)
{
	struct metric fast = read_metric(r, x, n, "success");
	struct metric all = read_metric(r, x, n, "total");
	struct spec_asked f = asked(&fast, "success");
	struct spec_asked t = asked(&all, "total");
	spec_known(r, n, "latency", "success total grouping");
	read_bound(r, x, &fast);
	spec_lint_latency(r, &f, &t);
	x->def.total = sum_rate(r, g, &all);
	x->def.errors = joined(r, x->def.total, "-", sum_rate(r, g, &fast));
	return all;
}

static struct metric read_native(struct spec_reader *r, struct spec_slo *x,
				 const struct node *n,
				 const struct grouping *g)
{
	const struct node *latency = node_get(n, "latency");
	struct metric all = read_metric(r, x, n, "total");
	const char *rate = sum_rate(r, g, &all);
	char bound[NUMBER_TEXT];
	time_ms span;
	spec_known(r, n, "latencyNative", "latency total grouping");
	if (!spec_span(node_text(latency), &span)) {
		spec_fault(r, x, latency ? latency : n, "'latency' is %s; "
			   "write latency: 200ms", node_text(latency)
			   ? "no duration" : "missing");
		return all;
	}
	x->def.latency = (double)span / 1000;
	if (!rate)
		return all;
	x->def.total = arena_printf(&r->s->arena, "histogram_count(%s)", rate);
	x->def.errors = arena_printf(&r->s->arena, "(1 - histogram_fraction(0, "
				     "%s, %s)) * %s",
				     number_shortest(x->def.latency, bound),
				     rate, x->def.total);
	return all;
}

static struct metric read_bool(struct spec_reader *r, struct spec_slo *x,
			       const struct node *n, const struct grouping *g)
{
	struct metric m = read_metric(r, x, n, NULL);
	spec_known(r, n, "bool_gauge", "metric grouping");
	x->def.counts = true;
	if (!m.text)
		return m;
	x->def.errors = arena_printf(&r->s->arena, "sum%s(count_over_time(%s"
				     "[$window]) - sum_over_time(%s[$window]))",
				     g->by, m.text, m.text);
	x->def.total = arena_printf(&r->s->arena, "sum%s(count_over_time(%s"
				    "[$window]))", g->by, m.text);
	return m;
}

static const struct indicator {
	const char *name;
	struct metric (*read)(struct spec_reader *r, struct spec_slo *x,
			      const struct node *n, const struct grouping *g);
} indicators[] = {
	{ "ratio", read_ratio }, { "latency", read_latency },
	{ "latencyNative", read_native }, { "bool_gauge", read_bool },
};

static void read_indicator(struct spec_reader *r, struct spec_slo *x,
			   const struct node *spec, const struct node *labels)
{
	const struct node *parent = node_get(spec, "indicator"), *n = NULL;
	const struct indicator *found = NULL;
	struct grouping g = { .by = "" };
	spec_known(r, parent, "indicator",
		   "ratio latency latencyNative bool_gauge");
	for (size_t i = 0; i < 4; i++) {
		const struct node *own = node_get(parent, indicators[i].name);
		if (own && found)
			spec_fault(r, x, own, "indicator has %s and %s; it is "
				   "one of them", found->name,
				   indicators[i].name);
		if (own && !found) {
			n = own;
			found = &indicators[i];
		}
	}
	if (!found) {
		spec_fault(r, x, parent ? parent : spec, "'indicator' needs "
			   "one of ratio, latency, latencyNative, bool_gauge");
		return;
	}
	read_grouping(r, x, n, &g);
	struct metric m = found->read(r, x, n, &g);
	name_recorded(r, x, &m);
	name_labels(r, x, labels, &m, &g);
	name_service(r, x, &m);
}

/* ---- objectives -------------------------------------------------------- */

static void read_window(struct spec_reader *r, struct spec_slo *x,
			const struct node *spec)
{
	const struct node *n = node_get(spec, "window");
	const char *s = node_text(n);
	if (!spec_span(s, &x->def.period))
		spec_fault(r, x, n ? n : spec, "'window' is %s; write window: "
			   "4w", s ? "no duration" : "missing");
}

static const char *runbook_of(struct spec_reader *r, const struct node *meta)
{
	const struct node *a = node_get(meta, "annotations");
	const struct node *n = node_get(a, "pyrra.dev/runbook_url");
	return spec_line(r, n ? n : node_get(a, "pyrra.dev/runbook"));
}

static void read_object(struct spec_reader *r, const struct node *n)
{
	const char *kind = node_text(node_get(n, "kind"));
	const struct node *meta = node_get(n, "metadata");
	const struct node *spec = node_get(n, "spec");
	const struct node *name = node_get(meta, "name");
	struct spec_slo x = spec_begin(r, n);
	if (!kind || strcmp(kind, "ServiceLevelObjective") != 0) {
		spec_say(r, n, false, "kind '%.60s' of Pyrra is not known; it "
			 "is not read", kind ? kind : "");
		return;
	}
	spec_known(r, n, "ServiceLevelObjective",
		   "apiVersion kind metadata spec status");
	spec_known(r, spec, "spec", "description target window indicator "
		   "alerting performanceOverAccuracy");
	if (node_text(name) && *node_text(name) &&
	    text_is_clean(node_text(name)))
		x.def.id = spec_clean(r, node_text(name), 0);
	else
		spec_fault(r, &x, name ? name : meta ? meta : n, "metadata: "
			   "'name' is missing; write name: api-errors");
	x.def.runbook = runbook_of(r, meta);
	if (!spec || spec->kind != NODE_MAP) {
		spec_fault(r, &x, spec ? spec : n, "'spec' is missing; write "
			   "spec: {target: '99.9', window: 4w, indicator: "
			   "...}");
	} else {
		spec_percent(r, &x, spec, "target");
		read_window(r, &x, spec);
		x.def.what = spec_line(r, node_get(spec, "description"));
		read_indicator(r, &x, spec, node_get(meta, "labels"));
	}
	spec_end(r, &x);
}

void spec_pyrra(struct spec_reader *r)
{
	for (size_t i = 0; i < r->nr && !spec_full(r, r->object[i]); i++)
		read_object(r, r->object[i]);
}
