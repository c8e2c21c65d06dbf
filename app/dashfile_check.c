/* What is wrong between the options, items and sections of a file. */
#include "app/dashfile_private.h"

#include "app/dash.h"
#include "app/explain.h"
#include "app/kinds.h"
#include "base/key.h"
#include "base/limits.h"
#include "base/text.h"
#include "sources/http.h"
#include "sources/http_config.h"
#include "tui/theme.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The node of an item's option, for its line; else the item's own. */
static const struct node *where(const struct place *p, const char *option)
{
	const struct node *n = node_get(p->node, option);
	return n ? n : p->node;
}

/* ---- sources ----------------------------------------------------------- */

static void check_url(struct dashfile *f, const struct node *at,
		      const char *url)
{
	struct err e;
	size_t n = strlen(url);
	if (http_url_check(url, &e) < 0)
		dashfile_say(f, at, true, "%s", e.text);
	else if (n >= 8 && strcmp(url + n - 8, "/metrics") == 0)
		dashfile_say(f, at, true, "scraping a /metrics page directly "
			     "is not in this version; give the base URL of a "
			     "Prometheus");
}

static const char *const kind_names[] = {
	[FILE_PROMETHEUS] = "prometheus", [FILE_DEMO] = "demo",
	[FILE_RECORDING] = "recording", [FILE_CLOUDWATCH] = "cloudwatch",
};

static enum file_kind kind_named(const char *word)
{
	for (int k = 0; k <= FILE_CLOUDWATCH; k++)
		if (strcmp(kind_names[k], word) == 0)
			return (enum file_kind)k;
	return FILE_PROMETHEUS;
}

static void tell_kind(struct dashfile *f, struct file_source *s)
{
	struct err e;
	const char *rest;
	if (s->kind_word) {
		s->kind = kind_named(s->kind_word);
		return;
	}
	const char *url = s->url ? s->url : s->urls ? s->urls[0] : NULL;
	const struct source_ops *ops = url ? kind_of(url, &rest, &e) : NULL;
	if (url && !ops)
		dashfile_say(f, where(&s->at, s->url ? "url" : "urls"), true,
			     "%s", e.text);
	s->kind = ops ? kind_named(ops->name) : FILE_PROMETHEUS;
	if (s->kind == FILE_DEMO || s->kind == FILE_CLOUDWATCH)
		s->url = *rest ? rest : NULL;
}

static void check_place(struct dashfile *f, const struct file_source *s)
{
	if (s->url && s->urls) {
		dashfile_say(f, where(&s->at, "urls"), true,
			     "url and urls; give one of them");
	} else if (s->kind == FILE_PROMETHEUS && !s->url && !s->urls) {
		if (!node_get(s->at.node, "url") &&
		    !node_get(s->at.node, "urls"))
			dashfile_say(f, s->at.node, true, "sources: 'url' is "
				     "missing");
	} else if (s->kind == FILE_RECORDING && !s->url) {
		dashfile_say(f, s->at.node, true, "sources: a recording needs "
			     "its path as url");
	} else if (s->kind != FILE_PROMETHEUS && s->urls) {
		dashfile_say(f, where(&s->at, "urls"), true,
			     "only a prometheus has several endpoints");
	}
}

static const char region_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static void check_aws(struct dashfile *f, const struct file_source *s)
{
	static const char *const only[] = { "region", "profile",
					    "max_usd_per_day" };
	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		if (s->kind != FILE_CLOUDWATCH && node_get(s->at.node, only[i]))
			dashfile_say(f, where(&s->at, only[i]), true,
				     "only a cloudwatch source has a %s",
				     only[i]);
	size_t n = s->region ? strlen(s->region) : 1;
	if (n > 32 || (s->region && strspn(s->region, region_letters) != n))
		dashfile_say(f, where(&s->at, "region"), true, "region '%.40s'"
			     ": expected a region of AWS, as in eu-west-1",
			     s->region);
	if (s->kind == FILE_CLOUDWATCH && s->url)
		check_url(f, where(&s->at, "url"), s->url);
}

/* The lines of the http_config reader, each `file:line:column: sentence`, as
 * problems of this file. */
static void say_lines(struct dashfile *f, const struct buf *lines, bool error)
{
	size_t head = strlen(f->doc.file);
	for (const char *l = buf_text(lines), *next; *l; l = next) {
		int n = (int)strcspn(l, "\n"), used = 0;
		struct node at = { .line = 1, .column = 1 };
		next = l + n + (l[n] == '\n');
		if (strncmp(l, f->doc.file, head) == 0 &&
		    sscanf(l + head, ":%d:%d: %n", &at.line, &at.column,
			   &used) == 2)
			dashfile_say(f, &at, error, "%.*s",
				     n - (int)head - used, l + head + used);
		else
			dashfile_say(f, &at, error, "%.*s", n, l);
	}
}

static void check_http(struct dashfile *f, struct file_source *s)
{
	const struct node *n = s->http_config;
	struct buf errors, warnings;
	if (!n || (n->kind == NODE_SCALAR && !node_text(n)))
		return;
	buf_init(&errors, 0);
	buf_init(&warnings, 0);
	s->http = http_config_read(n, f->doc.file, &errors, &warnings);
	if (s->http && s->allow_plain_http)
		s->http->allow_plain_http = true;
	say_lines(f, &errors, true);
	say_lines(f, &warnings, false);
	struct stat st;
	if (s->http && s->http->secret_line && stat(f->doc.file, &st) == 0 &&
	    (st.st_mode & 077))
		dashfile_say(f, n, true, "a secret stands here and others may "
			     "read the file; chmod 600 it, or use a *_file");
	buf_release(&errors);
	buf_release(&warnings);
}

static void check_source(struct dashfile *f, struct file_source *s)
{
	const struct node *kind = node_get(s->at.node, "kind");
	if (!kind || s->kind_word)
		tell_kind(f, s);
	for (int p = 0; s->policy_word && p <= POLICY_RANDOM; p++) {
		static const char *const words[] = { "least-loaded",
						     "roundrobin", "random" };
		if (strcmp(s->policy_word, words[p]) == 0)
			s->policy = (enum endpoint_policy)p;
	}
	if (kind && !s->kind_word)
		return;
	check_place(f, s);
	check_aws(f, s);
	check_http(f, s);
	if (s->kind != FILE_PROMETHEUS)
		return;
	if (s->url && s->kind_word)
		check_url(f, where(&s->at, "url"), s->url);
	for (size_t i = 0; s->urls && s->urls[i]; i++)
		check_url(f, where(&s->at, "urls")->item[i], s->urls[i]);
}

/* ---- services ---------------------------------------------------------- */

static bool has_window(const char *query)
{
	return strstr(query, "$window") || strstr(query, "${window}") ||
	       strstr(query, "$__rate_interval") ||
	       strstr(query, "${__rate_interval}");
}

static void wants_window(struct dashfile *f, const struct place *p,
			 const char *option, const char *query,
			 const char *what)
{
	if (query && !has_window(query))
		dashfile_say(f, where(p, option), false, "%s without $window: "
			     "%s", option, what);
}

static const struct file_source *source_of(struct dashfile *f,
					   const struct file_service *s)
{
	const char *names[17] = { 0 };
	size_t nr = 0;
	if (!s->source)
		return f->nr_sources == 1 ? &f->source[0] : NULL;
	for (size_t i = 0; i < f->nr_sources; i++) {
		const char *name = f->source[i].name;
		if (name && strcmp(name, s->source) == 0)
			return &f->source[i];
		if (name && nr < 16)
			names[nr++] = name;
	}
	if (f->section[SECTION_SOURCES])
		dashfile_say(f, where(&s->at, "source"), true,
			     "no source '%.60s'%s", s->source,
			     dashfile_near(f, s->source, names));
	return NULL;
}

static void check_service(struct dashfile *f, const struct file_service *s)
{
	const struct file_source *src = source_of(f, s);
	const char *query = s->errors ? "errors"
			    : s->buckets ? "buckets" : NULL;
	if (!node_get(s->at.node, "rate") && query)
		dashfile_say(f, where(&s->at, query), true, "%s without a "
			     "rate: there is nothing to compare with", query);
	if (s->at.node->kind == NODE_MAP && !query &&
	    !node_get(s->at.node, "rate") &&
	    !node_get(s->at.node, "objective"))
		dashfile_say(f, s->at.node, true, "services: '%.60s' has "
			     "neither a rate nor an objective",
			     s->name ? s->name : "");
	wants_window(f, &s->at, "rate", s->rate, "the same number for all "
		     "spans");
	wants_window(f, &s->at, "errors", s->errors, "no burn can be told "
		     "from it");
	wants_window(f, &s->at, "buckets", s->buckets, "the same percentiles "
		     "for all spans");
	if (!s->rate)
		return;
	if (!s->source && f->nr_sources > 1)
		dashfile_say(f, s->at.node, true, "services: which source is "
			     "asked for '%.60s'? There are %zu",
			     s->name ? s->name : "", f->nr_sources);
	if (src && src->kind != FILE_PROMETHEUS)
		dashfile_say(f, where(&s->at, "rate"), true,
			     "a %s answers no queries", kind_names[src->kind]);
}

/* One source may have a name once. */
static void check_same(struct dashfile *f, size_t i)
{
	const struct file_service *a = &f->service[i];
	for (size_t k = 0; a->name && k < i; k++) {
		const struct file_service *b = &f->service[k];
		bool same = a->source && b->source
				    ? strcmp(a->source, b->source) == 0
				    : !a->source && !b->source;
		if (!same || !b->name || strcmp(a->name, b->name) != 0)
			continue;
		dashfile_say(f, a->at.node, true, "services: '%.60s' stands "
			     "twice; it is also on line %d", a->name,
			     b->at.node->line);
		return;
	}
}

/* ---- objectives and limits --------------------------------------------- */

/* What is of objectives without queries of their own, or of some methods. */
static void check_slo_only(struct dashfile *f, const struct file_slo *s)
{
	bool queries = node_get(s->at.node, "error_query") ||
		       node_get(s->at.node, "total_query");
	bool whole = !s->method || strcmp(s->method, "occurrences") == 0;
	if (queries && s->latency)
		dashfile_say(f, where(&s->at, "latency"), true, "latency is of "
			     "an objective without queries; here error_query "
			     "says what is bad");
	if (whole && s->slice)
		dashfile_say(f, where(&s->at, "slice"), true,
			     "slice is of timeslices and ratio-timeslices");
	if (s->slice_target > 0 && (whole || s->method[0] == 'r'))
		dashfile_say(f, where(&s->at, "slice_target"), true,
			     "slice_target is of timeslices");
	if (s->calendar.given && node_get(s->at.node, "period"))
		dashfile_say(f, where(&s->at, "calendar"), true, "period and "
			     "calendar; give one of them");
}

static void check_slo(struct dashfile *f, const struct file_slo *s)
{
	static const char *const why = "the same for every window";
	const struct node *n = s->at.node;
	bool errors = node_get(n, "error_query") != NULL;
	bool total = node_get(n, "total_query") != NULL;
	wants_window(f, &s->at, "error_query", s->error_query, why);
	wants_window(f, &s->at, "total_query", s->total_query, why);
	wants_window(f, &s->at, "recorded", s->recorded, why);
	check_slo_only(f, s);
	if (errors != total)
		dashfile_say(f, where(&s->at, errors ? "error_query"
						     : "total_query"), true,
			     "'%s' is missing: a ratio has both",
			     errors ? "total_query" : "error_query");
	else if (n->kind == NODE_MAP && !errors && !node_get(n, "service") &&
		 !node_get(n, "recorded"))
		dashfile_say(f, n, true, "slos: '%.60s' needs a service, whose "
			     "requests count, or error_query and total_query",
			     s->id ? s->id : "");
}

/* A limit beyond which it is critical before it is a warning. */
static void check_levels(struct dashfile *f, const struct file_threshold *t)
{
	if (!t->warning.given || !t->critical.given)
		return;
	if (t->critical.above < t->warning.above ||
	    t->critical.below > t->warning.below)
		dashfile_say(f, where(&t->at, "critical"), false,
			     "critical is met before warning");
}

static void check_what(struct dashfile *f, const struct file_threshold *t)
{
	const struct node *n = t->at.node;
	bool query = node_get(n, "query"), measure = node_get(n, "measure");
	if (query && measure)
		dashfile_say(f, where(&t->at, "measure"), true, "query and "
			     "measure; give one of them");
	else if (n->kind == NODE_MAP && !query && !measure &&
		 !node_get(n, "cloudwatch"))
		dashfile_say(f, n, true, "thresholds: '%.60s' needs a query, a "
			     "measure, or a cloudwatch metric",
			     t->id ? t->id : "");
}

/* The first is what a measure has if nobody says another. */
static const struct {
	const char *measure, *unit[4];
} measured[] = {
	{ "rate", { "/s" } },
	{ "errors", { "%", "ratio" } },
	{ "success", { "%", "ratio" } },
	{ "used", { "%", "ratio" } },
	{ "p50", { "ms", "s", "us" } },
	{ "p95", { "ms", "s", "us" } },
	{ "p99", { "ms", "s", "us" } },
};

static void check_unit(struct dashfile *f, struct file_threshold *t)
{
	size_t i = 0, n = sizeof(measured) / sizeof(measured[0]);
	if (!t->measure || (!t->unit && node_get(t->at.node, "unit")))
		return;
	while (i < n && strcmp(measured[i].measure, t->measure) != 0)
		i++;
	if (i == n)
		return;
	const char *const *unit = measured[i].unit;
	if (!t->unit) {
		t->unit = unit[0];
		return;
	}
	for (size_t k = 0; k < 4 && unit[k]; k++)
		if (strcmp(unit[k], t->unit) == 0)
			return;
	dashfile_say(f, where(&t->at, "unit"), true, "a unit of %s is %s%s%s%s"
		     "%s", t->measure, unit[0], unit[1] ? ", " : "",
		     unit[1] ? unit[1] : "", unit[2] ? ", " : "",
		     unit[2] ? unit[2] : "");
}

static void check_threshold(struct dashfile *f, struct file_threshold *t)
{
	check_what(f, t);
	check_unit(f, t);
	const struct file_level *l = t->critical.given ? &t->critical
						       : &t->warning;
	if (!node_get(t->at.node, "warning") &&
	    !node_get(t->at.node, "critical") && t->at.node->kind == NODE_MAP)
		dashfile_say(f, t->at.node, true, "thresholds: '%.60s' needs a "
			     "warning or a critical level", t->id ? t->id : "");
	if (t->m > t->n)
		dashfile_say(f, where(&t->at, "m"), true, "m %ld of n %ld: m "
			     "is at most n", t->m, t->n);
	check_levels(f, t);
	if (isnan(t->clear) || !l->given)
		return;
	if (t->clear > l->above || t->clear < l->below)
		dashfile_say(f, where(&t->at, "clear"), true, "clear %g is on "
			     "the bad side of the limit", t->clear);
}

/* ---- pages ------------------------------------------------------------- */

static const char *const page_widgets[] = {
	"chart", "latency", "throughput", "errors", "burn", "burnchart", "heat",
	"events", "table", "routes", NULL,
};

static bool is_listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static const struct file_threshold *limit_of(const struct dashfile *f,
					     const char *query)
{
	for (size_t i = 0; i < f->nr_thresholds; i++)
		if (f->threshold[i].query &&
		    dashfile_same_query(f->threshold[i].query, query))
			return &f->threshold[i];
	return NULL;
}

static void check_chart(struct dashfile *f, struct file_widget *w)
{
	if (!w->query) {
		if (!node_get(w->at.node, "query"))
			dashfile_say(f, w->at.node, true, "a chart needs a "
				     "query");
		return;
	}
	w->limit = limit_of(f, w->query);
	if (f->nr_charts++ == FILE_CHARTS_MAX)
		dashfile_say(f, w->at.node, true, "more than %d charts",
			     FILE_CHARTS_MAX);
	if (strstr(w->query, "$window"))
		dashfile_say(f, where(&w->at, "query"), true, "$window is of "
			     "services; a chart has $__rate_interval");
}

static void check_widget(struct dashfile *f, struct file_widget *w)
{
	static const char *const only[] = { "query", "title", "unit" };
	if (!w->kind)
		return;
	if (!is_listed(page_widgets, w->kind)) {
		const char *near = dashfile_near(f, w->kind, page_widgets);
		dashfile_say(f, where(&w->at, "widget"), true,
			     "unknown widget '%.60s'%s%s", w->kind, near,
			     *near ? "" : "; widgets are chart, latency, "
			     "throughput, errors, burn, burnchart, heat, "
			     "events, table, routes");
		return;
	}
	if (strcmp(w->kind, "chart") == 0) {
		check_chart(f, w);
		return;
	}
	for (size_t i = 0; i < sizeof(only) / sizeof(only[0]); i++)
		if (node_get(w->at.node, only[i]))
			dashfile_say(f, where(&w->at, only[i]), true,
				     "only a chart has a %s", only[i]);
}

static void check_page(struct dashfile *f, const struct file_page *p)
{
	for (int i = 0; p->name && i < PAGE_NR; i++)
		if (i <= PAGE_START &&
		    strcmp(p->name, page_name((enum page)i)) == 0)
			dashfile_say(f, where(&p->at, "name"), true, "page "
				     "'%.60s' is there already; choose another "
				     "name", p->name);
	for (size_t i = 0; i < p->nr; i++)
		for (size_t k = 0; k < p->row[i].nr; k++)
			check_widget(f, (struct file_widget *)
					&p->row[i].widget[k]);
}

/* ---- theme and keys ---------------------------------------------------- */

static void check_theme(struct dashfile *f)
{
	struct theme t;
	struct err e;
	if (f->theme && theme_load(f->theme, &t, &e) < 0)
		dashfile_say(f, f->section[SECTION_THEME], true, "%s", e.text);
}

static const char *near_key(struct dashfile *f, const char *word)
{
	const char *names[64];
	size_t nr = 0;
	for (int k = 1; k < 128; k++)
		if (*key_name(k))
			names[nr++] = key_name(k);
	for (int k = K_UP; k <= K_F12 && nr < 63; k++)
		names[nr++] = key_name(k);
	names[nr] = NULL;
	return dashfile_near(f, word, names);
}

static bool is_command(const char *text, const char **names)
{
	const struct palette_row *row[64];
	size_t n = palette_rows(row, 63), used = strcspn(text, " ");
	for (size_t i = 0; i < n; i++)
		names[i] = row[i]->name;
	names[n] = NULL;
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == used &&
		    strncmp(names[i], text, used) == 0)
			return true;
	return false;
}

static void check_action(struct dashfile *f, const struct node *n,
			 struct file_key *k)
{
	const char *names[64], *text = node_text(n);
	char word[32];
	if (!text || !*text) {
		dashfile_say(f, n, true, "expected a key or a command");
		return;
	}
	bool colon = *text == ':' && text[1];
	k->other = colon ? 0 : key_of_name(text);
	if (k->other && dash_knows_key(k->other))
		return;
	k->other = 0;
	k->command = dashfile_clean(f, text + colon, LIMIT_SENTENCE / 2);
	if (is_command(k->command, names))
		return;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(k->command, " "),
		 k->command);
	const char *near = dashfile_near(f, word, names);
	dashfile_say(f, n, true, "'%s' is neither a key that does something "
		     "nor a command%s", word, *near ? near : near_key(f, word));
}

static void check_keys(struct dashfile *f)
{
	const struct node *n = f->section[SECTION_KEYS];
	if (!n || (n->kind == NODE_SCALAR && !node_text(n)))
		return;
	if (n->kind != NODE_MAP) {
		dashfile_say(f, n, true, "keys: expected {KEY: WHAT, ...}");
		return;
	}
	f->key = arena_alloc(&f->arena, (n->nr + 1) * sizeof(*f->key));
	for (size_t i = 0; i < n->nr; i++) {
		struct file_key *k = &f->key[f->nr_keys];
		const char *name = n->key[i]->text;
		k->at.node = n->key[i];
		k->key = key_of_name(name);
		if (k->key == K_CTRL_C)
			dashfile_say(f, n->key[i], true, "Ctrl-C always quits");
		else if (!k->key)
			dashfile_say(f, n->key[i], true, "no key '%s'%s",
				     dashfile_clean(f, name, 60),
				     near_key(f, name));
		check_action(f, n->item[i], k);
		f->nr_keys++;
	}
}

void dashfile_check(struct dashfile *f)
{
	for (size_t i = 0; i < f->nr_sources; i++)
		check_source(f, &f->source[i]);
	for (size_t i = 0; i < f->nr_services; i++) {
		check_service(f, &f->service[i]);
		check_same(f, i);
	}
	for (size_t i = 0; i < f->nr_slos; i++)
		check_slo(f, &f->slo[i]);
	for (size_t i = 0; i < f->nr_thresholds; i++)
		check_threshold(f, &f->threshold[i]);
	for (size_t i = 0; i < f->nr_pages; i++)
		check_page(f, &f->page[i]);
	check_theme(f);
	check_keys(f);
}
