/* Prometheus' rule files: alerts, and what Sloth has made of its objectives. */
#include "app/spec_private.h"

#include "app/dashfile.h"
#include "app/spec_promql.h"
#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char group_keys[] = "name interval limit query_offset labels "
				 "rules partial_response_strategy "
				 "source_tenants type concurrency params "
				 "eval_offset eval_delay";
static const char rule_keys[] = "record alert expr for keep_firing_for labels "
				"annotations";

/* Its list of groups, or NULL. */
static const struct node *groups_of(const struct node *object)
{
	const struct node *n = node_get(object, "groups");
	if (!n)
		n = node_get(node_get(object, "spec"), "groups");
	return n && n->kind == NODE_LIST ? n : NULL;
}

static const struct node *rules_of(const struct node *group)
{
	const struct node *n = node_get(group, "rules");
	return n && n->kind == NODE_LIST ? n : NULL;
}

static const char *label_of(const struct node *rule, const char *label)
{
	return node_text(node_get(node_get(rule, "labels"), label));
}

/* ---- alerts ------------------------------------------------------------ */

/* What tells alerts of one name apart, by place in spec.threshold. */
struct alerts {
	const char **severity;
};

static bool is_critical(const char *severity)
{
	static const char *const words[] = { "critical", "page", "error",
					     "emergency" };
	for (size_t i = 0; severity && i < sizeof(words) / sizeof(words[0]);
	     i++)
		if (strcasecmp(severity, words[i]) == 0)
			return true;
	return false;
}

static void read_span(struct spec_reader *r, const struct node *map,
		      const char *key, time_ms *out)
{
	const struct node *n = node_get(map, key);
	const char *s = node_text(n);
	time_ms span;
	if (!s)
		return;
	if (spec_span(s, &span))
		*out = span;
	else if (*s == '0' && strlen(s) <= 2)
		*out = 0;
	else
		spec_fault(r, NULL, n, "%s '%.40s': expected a duration as in "
			   "5m", key, s);
}

/* A label's value, where the rule says it and no series fills it in. */
static const char *service_of(struct spec_reader *r, const struct node *rule)
{
	static const char *const labels[] = { "sloth_service", "service",
					      "job" };
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		const char *s = label_of(rule, labels[i]);
		if (s && !strstr(s, "{{"))
			return spec_clean(r, s, LIMIT_LABEL_VALUE);
	}
	return NULL;
}

/* What Sloth recorded names its service in every selector. */
static const char *service_asked(struct spec_reader *r, const char *query)
{
	struct query_selector s[8];
	const struct query_matcher *m;
	char text[LIMIT_LABEL_NAME];
	size_t nr = 0;
	if (!query_selectors(query, s, 8, &nr) || !nr)
		return NULL;
	m = selector_matcher(&s[0], "sloth_service");
	if (!m || strcmp(m->op, "=") != 0 || !m->value_n ||
	    m->value_n >= sizeof(text))
		return NULL;
	memcpy(text, m->value, m->value_n);
	text[m->value_n] = '\0';
	return spec_clean(r, text, 0);
}

static const char *annotation(struct spec_reader *r, const struct node *rule,
			      const char *one, const char *other)
{
	const struct node *a = node_get(rule, "annotations");
	const struct node *n = node_get(a, one);
	return spec_line(r, n ? n : node_get(a, other));
}

static void read_alert(struct spec_reader *r, const struct node *rule,
		       time_ms interval, struct alerts *a)
{
	const struct node *expr = node_get(rule, "expr");
	const char *sloth = label_of(rule, "sloth_severity");
	const char *own = label_of(rule, "severity");
	const char *name = spec_line(r, node_get(rule, "alert"));
	const char *query = spec_expr(r, NULL, expr, "expr");
	struct threshold_def *t;
	if (!name)
		spec_fault(r, NULL, rule, "'alert' has no name");
	if (!name || !query)
		return;
	if (strstr(query, "{{") || strstr(query, "$window")) {
		spec_say(r, expr, false, "alert '%.80s' cannot be evaluated: "
			 "its expr is a template that something else fills in",
			 name);
		return;
	}
	t = spec_threshold(r, rule);
	if (!t)
		return;
	t->id = name;
	t->query = query;
	t->alert = true;
	t->period = interval;
	read_span(r, rule, "for", &t->hold);
	read_span(r, rule, "keep_firing_for", &t->keep);
	*(is_critical(own) || is_critical(sloth) ? &t->critical
	  : &t->warning) = (struct level){ true, NAN, NAN };
	t->service = service_of(r, rule);
	if (!t->service)
		t->service = service_asked(r, query);
	t->what = annotation(r, rule, "summary", "description");
	t->runbook = annotation(r, rule, "runbook_url", "runbook");
	a->severity[r->s->nr_thresholds - 1] = sloth ? sloth : own;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* Of alerts of one name: how many have this severity too, and which of all
 * this one is. */
static size_t like_it(const struct spec *s, const struct alerts *a, size_t i,
		      const char *const *name, size_t *nr, size_t *which)
{
	size_t severity = 0;
	*nr = *which = 0;
	for (size_t k = 0; k < s->nr_thresholds; k++) {
		if (!same(name[k], name[i]))
			continue;
		++*nr;
		*which += k <= i;
		severity += same(a->severity[k], a->severity[i]);
	}
	return severity;
}

static void tell_apart(struct spec_reader *r, const struct alerts *a)
{
	struct spec *s = r->s;
	const char **name = mem_zero(s->nr_thresholds + 1, sizeof(*name));
	size_t nr, which;
	for (size_t i = 0; i < s->nr_thresholds; i++)
		name[i] = s->threshold[i].id;
	for (size_t i = 0; i < s->nr_thresholds; i++) {
		size_t severity = like_it(s, a, i, name, &nr, &which);
		if (nr < 2)
			continue;
		s->threshold[i].id = severity == 1
			? arena_printf(&s->arena, "%s-%s", name[i],
				       spec_clean(r, a->severity[i], 60))
			: arena_printf(&s->arena, "%s-%zu", name[i], which);
	}
	free(name);
}

/* ---- what Sloth has made ----------------------------------------------- */

static bool is_record(const struct node *rule, const char *record,
		      const char *id)
{
	return same(node_text(node_get(rule, "record")), record) &&
	       same(label_of(rule, "sloth_id"), id);
}

static const struct node *find_rule(const struct spec_reader *r,
				    const char *record, const char *id)
{
	for (size_t i = 0; i < r->nr; i++) {
		const struct node *groups = groups_of(r->object[i]);
		for (size_t g = 0; groups && g < groups->nr; g++) {
			const struct node *l = rules_of(groups->item[g]);
			for (size_t k = 0; l && k < l->nr; k++)
				if (is_record(l->item[k], record, id))
					return l->item[k];
		}
	}
	return NULL;
}

/* vector(0.999), as a number of 12 digits: Sloth's arithmetic leaves tails. */
static double vector_of(const struct node *rule)
{
	const char *s = node_text(node_get(rule, "expr"));
	double v;
	char text[40], *end;
	if (!s || sscanf(s, " vector(%39[0-9.e+-])", text) != 1)
		return NAN;
	v = strtod(text, &end);
	if (*end || !isfinite(v))
		return NAN;
	snprintf(text, sizeof(text), "%.12g", v);
	return strtod(text, NULL);
}

/* A query of 5m with $window in its place, also in names of what other rules
 * record (*named). */
static const char *template_of(struct spec_reader *r, const char *query,
			       size_t n, bool *named)
{
	const char *at = query, *copied = query, *end = query + n;
	bool open = false;
	struct query_word w;
	struct buf b;
	buf_init(&b, 0);
	for (query_next(&at, &w); w.kind != WORD_END && w.s < end;
	     query_next(&at, &w)) {
		bool five = w.n >= 2 && strncmp(w.s + w.n - 2, "5m", 2) == 0;
		bool name = five && w.kind == WORD_NAME &&
			    memchr(w.s, ':', w.n);
		if (name || (five && open && w.kind == WORD_NUMBER &&
			     w.n == 2)) {
			buf_add(&b, copied, (size_t)(w.s + w.n - 2 - copied));
			buf_str(&b, "$window");
			copied = w.s + w.n;
			*named = *named || name;
		}
		open = w.kind == WORD_SIGN && *w.s == '[';
	}
	buf_add(&b, copied, (size_t)(end - copied));
	const char *out = arena_strdup(&r->s->arena, buf_text(&b));
	buf_release(&b);
	return out;
}

/* What stands in the brackets that *at begins with; *at moves behind them. */
static bool in_brackets(const char **at, const char **from, const char **to)
{
	struct query_word w;
	int depth = 0;
	do {
		query_next(at, &w);
		if (w.kind == WORD_END)
			return false;
		if (w.kind == WORD_SIGN && w.n == 1)
			depth += (*w.s == '(') - (*w.s == ')');
		if (depth == 1 && *w.s == '(' && w.kind == WORD_SIGN && !*from)
			*from = w.s + 1;
		if (!*from)
			return false;
	} while (depth > 0);
	*to = w.s;
	while (*to > *from && (*to)[-1] == ' ')
		--*to;
	*from += strspn(*from, " ");
	return *to > *from;
}

struct quotient {
	const char *errors, *errors_end, *total, *total_end;
};

/* (errors) / (total) */
static bool is_quotient(const char *expr, struct quotient *q)
{
	const char *at = expr;
	struct query_word w;
	*q = (struct quotient){ 0 };
	if (!in_brackets(&at, &q->errors, &q->errors_end))
		return false;
	query_next(&at, &w);
	if (w.n != 1 || *w.s != '/' ||
	    !in_brackets(&at, &q->total, &q->total_end))
		return false;
	query_next(&at, &w);
	return w.kind == WORD_END;
}

/* The template must be that of another window too. */
static bool is_confirmed(struct spec_reader *r, const char *expr,
			 const char *id)
{
	const struct node *rule = find_rule(r, "slo:sli_error:ratio_rate1h",
					    id);
	const char *other, *own;
	bool named = false;
	if (!rule)
		return false;
	other = spec_expr(r, NULL, node_get(rule, "expr"), "expr");
	own = dashfile_windowed(template_of(r, expr, strlen(expr), &named),
				"1h", &r->s->arena);
	return other && own && strcmp(own, other) == 0;
}

static void read_queries(struct spec_reader *r, struct spec_slo *x,
			 const struct node *at, const char *expr)
{
	struct quotient q;
	bool named = false;
	if (is_quotient(expr, &q)) {
		x->def.errors = template_of(r, q.errors, (size_t)
					    (q.errors_end - q.errors), &named);
		x->def.total = template_of(r, q.total, (size_t)
					   (q.total_end - q.total), &named);
		x->def.latency = spec_latency_of(x->def.errors);
		x->def.counts = spec_counts(x->def.total);
	} else {
		x->def.ratio = template_of(r, expr, strlen(expr), &named);
	}
	if (named)
		spec_refuse(r, x, at, "its errors are what other rules record "
			    "for some windows only, so no budget follows from "
			    "them");
	else if (!is_confirmed(r, expr, x->def.id))
		spec_refuse(r, x, at, "the rules for 5m and 1h differ in more "
			    "than the window");
}

static void read_recorded(struct spec_reader *r, const struct node *rule)
{
	const char *id = label_of(rule, "sloth_id");
	const struct node *expr = node_get(rule, "expr");
	struct spec_slo x = spec_begin(r, rule);
	struct spec_names own = { 0 };
	double days, objective;
	if (!id || !*id || spec_full(r, rule))
		return;
	x.def.id = spec_clean(r, id, LIMIT_LABEL_VALUE);
	x.def.service = service_of(r, rule);
	objective = vector_of(find_rule(r, "slo:objective:ratio", id));
	days = vector_of(find_rule(r, "slo:time_period:days", id));
	if (days > 0 && days <= 3650)
		x.def.period = (time_ms)(days * 86400000);
	if (objective > 0 && objective < 1)
		x.def.objective = objective;
	else
		spec_refuse(r, &x, rule, "its objective is not recorded in "
			    "this file (slo:objective:ratio)");
	x.def.recorded = arena_printf(&r->s->arena, "slo:sli_error:ratio_rate"
				      "$window{sloth_id=%s}",
				      spec_quoted(r, x.def.id));
	spec_name_keys(r, &own, node_get(rule, "labels"));
	x.def.own_labels = spec_names(r, &own);
	const char *query = spec_expr(r, &x, expr, "expr");
	if (query)
		read_queries(r, &x, expr, query);
	spec_end(r, &x);
}

/* ---- groups ------------------------------------------------------------ */

static void read_rule(struct spec_reader *r, const struct node *rule,
		      time_ms interval, struct alerts *a)
{
	const char *record = node_text(node_get(rule, "record"));
	const char *alert = node_text(node_get(rule, "alert"));
	if (rule->kind != NODE_MAP) {
		spec_fault(r, NULL, rule, "a rule: expected {alert: ..., expr: "
			   "...}, or record");
		return;
	}
	spec_known(r, rule, "a rule", rule_keys);
	if (!record == !alert)
		spec_fault(r, NULL, rule, "a rule has %s; it is one of them",
			   record ? "record and alert"
			   : "neither record nor alert");
	else if (!node_get(rule, "expr"))
		spec_fault(r, NULL, rule, "'expr' is missing; write expr: "
			   "up == 0");
	else if (alert)
		read_alert(r, rule, interval, a);
	else
		r->s->nr_recordings++;
	if (record && strcmp(record, "slo:sli_error:ratio_rate5m") == 0 &&
	    !alert && node_get(rule, "expr"))
		read_recorded(r, rule);
}

static void read_group(struct spec_reader *r, const struct node *group,
		       struct alerts *a)
{
	const struct node *rules = node_get(group, "rules");
	time_ms interval = 60000;
	if (group->kind != NODE_MAP) {
		spec_fault(r, NULL, group, "a group: expected {name: ..., "
			   "rules: [...]}");
		return;
	}
	spec_known(r, group, "a group", group_keys);
	if (!node_text(node_get(group, "name")))
		spec_fault(r, NULL, group, "a group: 'name' is missing; write "
			   "name: checkout");
	read_span(r, group, "interval", &interval);
	if (interval <= 0)
		interval = 60000;
	if (rules && !rules_of(group) && node_text(rules))
		spec_fault(r, NULL, rules, "rules: expected a list");
	rules = rules_of(group);
	for (size_t i = 0; rules && i < rules->nr; i++)
		read_rule(r, rules->item[i], interval, a);
}

static void read_object(struct spec_reader *r, const struct node *n,
			struct alerts *a)
{
	const struct node *groups = groups_of(n);
	const char *kind = node_text(node_get(n, "kind"));
	if (!node_get(n, "groups") &&
	    (!kind || strcmp(kind, "PrometheusRule") != 0)) {
		spec_say(r, n, false, "kind '%.60s' has no rules; it is not "
			 "read", kind ? kind : "");
		return;
	}
	if (node_get(n, "groups"))
		spec_known(r, n, "a rule file", "groups namespace");
	if (!groups)
		spec_fault(r, NULL, n, "'groups' is missing; write groups: "
			   "[{name: ..., rules: [...]}]");
	for (size_t i = 0; groups && i < groups->nr; i++)
		read_group(r, groups->item[i], a);
}

void spec_rules(struct spec_reader *r)
{
	struct alerts a = { mem_zero(LIMIT_SPEC_ITEMS, sizeof(char *)) };
	for (size_t i = 0; i < r->nr; i++)
		read_object(r, r->object[i], &a);
	tell_apart(r, &a);
	free(a.severity);
}
