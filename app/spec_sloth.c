/* Sloth: prometheus/v1, the CRD PrometheusServiceLevel, and AlertWindows. */
#include "app/spec_private.h"

#include <ctype.h>
#include <string.h>

/* The same file in the two spellings. */
struct dialect {
	const char *top, *errors, *total, *ratio, *page, *ticket;
	const char *slo, *events, *raw, *alerting;
};

static const struct dialect snake = {
	.top = "version service labels slos slo_plugins",
	.slo = "name description objective labels sli alerting plugins "
	       "slo_plugins",
	.errors = "error_query", .total = "total_query",
	.ratio = "error_ratio_query", .page = "page_alert",
	.ticket = "ticket_alert", .events = "error_query total_query",
	.raw = "error_ratio_query",
	.alerting = "name labels annotations page_alert ticket_alert",
};

static const struct dialect camel = {
	.top = "service labels slos sloPlugins",
	.slo = "name description objective labels sli alerting plugins "
	       "sloPlugins",
	.errors = "errorQuery", .total = "totalQuery",
	.ratio = "errorRatioQuery", .page = "pageAlert",
	.ticket = "ticketAlert", .events = "errorQuery totalQuery",
	.raw = "errorRatioQuery",
	.alerting = "name labels annotations pageAlert ticketAlert",
};

/* ---- AlertWindows ------------------------------------------------------ */

/* What all objectives of the file are judged by. */
struct windows {
	const struct node *at;   /* NULL: not in this file */
	time_ms period;
	struct slo_tier_def tier[SLO_TIERS];
	bool usable;
};

static enum slo_window window_of(time_ms span)
{
	static const time_ms spans[SLO_WINDOWS] = {
		[SLO_5M] = 300000, [SLO_30M] = 1800000, [SLO_1H] = 3600000,
		[SLO_2H] = 7200000, [SLO_6H] = 21600000, [SLO_1D] = 86400000,
		[SLO_3D] = 259200000,
	};
	int w = 0;
	while (w < SLO_WINDOWS && spans[w] != span)
		w++;
	return (enum slo_window)w;
}

static bool read_window(struct spec_reader *r, const struct node *map,
			const char *key, enum slo_window *out)
{
	const struct node *n = node_get(map, key);
	const char *s = node_text(n);
	time_ms span;
	if (!spec_span(s, &span)) {
		spec_say(r, n ? n : map, true, "'%s' is %s; write %s: 1h", key,
			 s ? "no duration" : "missing", key);
		return false;
	}
	*out = window_of(span);
	if (*out == SLO_WINDOWS)
		spec_say(r, n, false, "%s %.40s is not asked for; it is one of "
			 "5m, 30m, 1h, 2h, 6h, 1d, 3d", key, s);
	return *out != SLO_WINDOWS;
}

static bool read_tier(struct spec_reader *r, const struct node *map,
		      const struct node *parent, const char *name,
		      struct slo_tier_def *out)
{
	static const char share[] = "errorBudgetPercent";
	const struct node *n = node_get(map, share);
	if (!map || map->kind != NODE_MAP) {
		spec_say(r, map ? map : parent, true, "'%s' is missing; write "
			 "%s: {errorBudgetPercent: 2, shortWindow: 5m, "
			 "longWindow: 1h}", name, name);
		return false;
	}
	spec_known(r, map, name, "errorBudgetPercent shortWindow longWindow");
	bool brief = read_window(r, map, "shortWindow", &out->brief);
	bool lasting = read_window(r, map, "longWindow", &out->lasting);
	if (!spec_number(n, "e-2", &out->share) ||
	    !(out->share > 0 && out->share <= 1)) {
		spec_say(r, n ? n : map, true, "%s: expected a percentage "
			 "above 0, at most 100, as in %s: 2", share, share);
		return false;
	}
	if (brief && lasting && out->brief >= out->lasting) {
		spec_say(r, map, true, "%s: the short window is not shorter "
			 "than the long one", name);
		return false;
	}
	return brief && lasting;
}

static void read_windows(struct spec_reader *r, const struct node *n,
			 struct windows *w)
{
	static const struct { const char *severity, *name; } tiers[] = {
		{ "page", "quick" }, { "page", "slow" },
		{ "ticket", "quick" }, { "ticket", "slow" },
	};
	const struct node *spec = node_get(n, "spec");
	const struct node *period = node_get(spec, "sloPeriod");
	if (w->at) {
		spec_say(r, n, false, "AlertWindows also stand on line %d, and "
			 "hold; these do not", w->at->line);
		return;
	}
	w->at = n;
	w->usable = true;
	spec_known(r, n, "AlertWindows", "apiVersion kind metadata spec");
	spec_known(r, spec, "spec", "sloPeriod page ticket");
	if (!spec_span(node_text(period), &w->period)) {
		spec_say(r, period ? period : n, true, "'sloPeriod' is %s; "
			 "write sloPeriod: 30d", node_text(period)
			 ? "no duration" : "missing");
		w->usable = false;
	}
	for (size_t i = 0; i < SLO_TIERS; i++) {
		const struct node *s = node_get(spec, tiers[i].severity);
		w->tier[i].page = i < 2;
		if (!read_tier(r, node_get(s, tiers[i].name), s ? s : n,
			       tiers[i].name, &w->tier[i]))
			w->usable = false;
	}
}

/* ---- objectives -------------------------------------------------------- */

struct file {
	const struct dialect *is;
	const char *service;     /* NULL: not usable */
	const struct node *labels;
	const struct windows *windows;
};

/* As Sloth checks it. */
static bool is_name(const char *s)
{
	size_t n = strlen(s);
	for (size_t i = 0; i < n; i++) {
		bool end = i == 0 || i == n - 1;
		if (!isalnum((unsigned char)s[i]) &&
		    (end || !strchr("-_.", s[i])))
			return false;
	}
	return n > 1 && n <= 200;
}

static const char *read_name(struct spec_reader *r, struct spec_slo *x,
			     const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);
	const char *s = node_text(n);
	if (s && is_name(s))
		return spec_clean(r, s, 0);
	if (s)
		spec_fault(r, x, n, "%s '%.60s': Sloth takes letters, digits, "
			   "'-', '_' and '.', with a letter or digit at both "
			   "ends", key, s);
	else
		spec_fault(r, x, n ? n : map, "'%s' is missing; write %s: %s",
			   key, key, strcmp(key, "service") == 0
			   ? "checkout" : "availability");
	return NULL;
}

static const char *read_query(struct spec_reader *r, struct spec_slo *x,
			      const struct node *map, const char *key,
			      const struct node **at)
{
	*at = node_get(map, key);
	if (*at)
		return spec_query(r, x, *at, key);
	spec_fault(r, x, map, "'%s' is missing; write %s: "
		   "sum(rate(requests_total[{{.window}}]))", key, key);
	return NULL;
}

static void read_events(struct spec_reader *r, const struct dialect *is,
			const struct node *n, struct spec_slo *x)
{
	struct spec_asked bad = { .name = is->errors };
	struct spec_asked all = { .name = is->total };
	spec_known(r, n, "events", is->events);
	x->def.errors = bad.query = read_query(r, x, n, is->errors, &bad.at);
	x->def.total = all.query = read_query(r, x, n, is->total, &all.at);
	spec_lint_query(r, &bad);
	spec_lint_query(r, &all);
	spec_lint_part(r, &bad, &all);
	x->def.counts = spec_counts(all.query);
	if (bad.query)
		x->def.latency = spec_latency_of(bad.query);
}

static void read_sli(struct spec_reader *r, const struct dialect *is,
		     const struct node *slo, struct spec_slo *x)
{
	const struct node *sli = node_get(slo, "sli");
	const struct node *events = node_get(sli, "events");
	const struct node *raw = node_get(sli, "raw");
	const struct node *plugin = node_get(sli, "plugin");
	struct spec_asked ratio = { .name = is->ratio };
	spec_known(r, sli, "sli", "events raw plugin");
	if (!!events + !!raw + !!plugin > 1)
		spec_fault(r, x, sli, "sli has more than one of events, raw "
			   "and plugin");
	if (plugin) {
		const char *id = node_text(node_get(plugin, "id"));
		spec_refuse(r, x, plugin, "the SLI plugin '%.80s' is a program "
			    "that only Sloth runs; write its queries as "
			    "events", id ? id : "");
	} else if (events) {
		read_events(r, is, events, x);
	} else if (raw) {
		spec_known(r, raw, "raw", is->raw);
		x->def.ratio = ratio.query = read_query(r, x, raw, is->ratio,
							&ratio.at);
		spec_lint_query(r, &ratio);
	} else {
		spec_fault(r, x, sli ? sli : slo, "'sli' needs events: {%s: "
			   "..., %s: ...}", is->errors, is->total);
	}
}

static const char *runbook_of(struct spec_reader *r, const struct node *map)
{
	const struct node *a = node_get(map, "annotations");
	const struct node *n = node_get(a, "runbook_url");
	return spec_line(r, n ? n : node_get(a, "runbook"));
}

static void read_alerting(struct spec_reader *r, const struct dialect *is,
			  const struct node *n, struct spec_slo *x)
{
	static const char alert[] = "disable labels annotations";
	const struct node *page = node_get(n, is->page);
	spec_known(r, n, "alerting", is->alerting);
	spec_known(r, page, is->page, alert);
	spec_known(r, node_get(n, is->ticket), is->ticket, alert);
	x->def.runbook = runbook_of(r, page);
	if (!x->def.runbook)
		x->def.runbook = runbook_of(r, n);
}

static void apply_windows(struct spec_reader *r, const struct windows *w,
			  struct spec_slo *x)
{
	if (!w->at)
		return;
	if (w->usable) {
		x->def.period = w->period;
		memcpy(x->def.tier, w->tier, sizeof(w->tier));
		return;
	}
	spec_refuse(r, x, w->at, "the AlertWindows of this file cannot be used "
		    "for '%.80s'", x->def.id ? x->def.id : "");
}

static void read_slo(struct spec_reader *r, const struct file *f,
		     const struct node *n)
{
	static const char *const own[] = { "sloth_id", "sloth_service",
					   "sloth_slo", "sloth_window" };
	struct spec_slo x = spec_begin(r, n);
	struct arena *a = &r->s->arena;
	struct spec_names labels = { 0 };
	if (n->kind != NODE_MAP) {
		spec_fault(r, NULL, n, "an objective: expected {name, "
			   "objective, sli, ...}");
		return;
	}
	spec_known(r, n, "slos", f->is->slo);
	const char *name = read_name(r, &x, n, "name");
	x.def.service = f->service;
	if (f->service && name) {
		x.def.id = arena_printf(a, "%s-%s", f->service, name);
		x.def.recorded = arena_printf(a, "slo:sli_error:ratio_rate"
					      "$window{sloth_id=\"%s\"}",
					      x.def.id);
	}
	spec_percent(r, &x, n, "objective");
	x.def.what = spec_line(r, node_get(n, "description"));
	read_sli(r, f->is, n, &x);
	read_alerting(r, f->is, node_get(n, "alerting"), &x);
	spec_name_keys(r, &labels, f->labels);
	spec_name_keys(r, &labels, node_get(n, "labels"));
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		spec_name_add(r, &labels, own[i]);
	x.def.own_labels = spec_names(r, &labels);
	apply_windows(r, f->windows, &x);
	if (!f->service)
		spec_refuse(r, &x, n, "its service is not known");
	spec_end(r, &x);
}

static void read_file(struct spec_reader *r, const struct node *n,
		      const struct dialect *is, const struct windows *w)
{
	const struct node *slos = node_get(n, "slos");
	struct file f = { .is = is, .windows = w,
			  .labels = node_get(n, "labels") };
	spec_known(r, n, is == &snake ? "a Sloth file" : "spec", is->top);
	f.service = read_name(r, NULL, n, "service");
	if (!slos || slos->kind != NODE_LIST || !slos->nr) {
		spec_fault(r, NULL, slos ? slos : n, "'slos' is missing; write "
			   "slos: [{name: availability, objective: 99.9, sli: "
			   "{events: {...}}}]");
		return;
	}
	for (size_t i = 0; i < slos->nr && !spec_full(r, slos->item[i]); i++)
		read_slo(r, &f, slos->item[i]);
}

static bool is_windows(const struct node *n)
{
	const char *kind = node_text(node_get(n, "kind"));
	return kind && strcmp(kind, "AlertWindows") == 0;
}

static void read_object(struct spec_reader *r, const struct node *n,
			const struct windows *w)
{
	const struct node *spec = node_get(n, "spec");
	const struct node *version = node_get(n, "version");
	const char *kind = node_text(node_get(n, "kind"));
	if (version && node_text(version)) {
		if (strcmp(node_text(version), "prometheus/v1") != 0)
			spec_say(r, version, false, "version '%.40s' is read "
				 "as prometheus/v1", node_text(version));
		read_file(r, n, &snake, w);
	} else if (!kind || strcmp(kind, "PrometheusServiceLevel") != 0) {
		spec_say(r, n, false, "kind '%.60s' of Sloth is not known; it "
			 "is not read", kind ? kind : "");
	} else if (!spec || spec->kind != NODE_MAP) {
		spec_fault(r, NULL, spec ? spec : n, "'spec' is missing; write "
			   "spec: {service: ..., slos: [...]}");
	} else {
		spec_known(r, n, "PrometheusServiceLevel",
			   "apiVersion kind metadata spec status");
		read_file(r, spec, &camel, w);
	}
}

void spec_sloth(struct spec_reader *r)
{
	struct windows w = { 0 };
	for (size_t i = 0; i < r->nr; i++)
		if (is_windows(r->object[i]))
			read_windows(r, r->object[i], &w);
	for (size_t i = 0; i < r->nr; i++)
		if (!is_windows(r->object[i]))
			read_object(r, r->object[i], &w);
}
