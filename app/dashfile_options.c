/* Every option of a dashboard file: a row checks it, gives its default and
 * documents it. */
#include "app/dashfile.h"

#include <stddef.h>

const struct file_section file_sections[SECTION_NR] = {
	[SECTION_SOURCES] = { "sources", "[{...}]", "where the data is; "
			      "sources of the command line take their places" },
	[SECTION_SERVICES] = { "services", "[{...}]", "services by hand, or an "
			       "objective for one that is found" },
	[SECTION_SLOS] = { "slos", "[{...}]", "objectives: of a service's "
			   "own requests, or with queries" },
	[SECTION_THRESHOLDS] = { "thresholds", "[{...}]", "limits over "
				 "periods, drawn as lines in charts of the "
				 "same query" },
	[SECTION_PAGES] = { "pages", "[{...}]", "pages of your own; keys 3 5 7 "
			    "9 or :page NAME" },
	[SECTION_THEME] = { "theme", "NAME", "ember, paper, contrast, mono, or "
			    "a theme file" },
	[SECTION_KEYS] = { "keys", "{KEY: WHAT}", "a key for another key or a "
			   "command, as in {F5: r, x: goto -10m}" },
};

static const char *const source_kind_words[] = {
	"prometheus", "cloudwatch", "demo", "recording", NULL,
};
static const char *const source_kinds_later[] = {
	"exposition", "alertmanager", NULL,
};
static const char *const policies[] = { "least-loaded", "roundrobin", "random",
					NULL };
static const char *const layers[] = { "edge", "mesh", "app", "dependency",
				      NULL };
static const char *const methods[] = { "occurrences", "timeslices",
				       "ratio-timeslices", NULL };
static const char *const missings[] = { "missing", "notBreaching", "breaching",
					"ignore", NULL };
static const char *const measures[] = { "rate", "errors", "success", "p50",
					"p95", "p99", "used", NULL };
static const char *const units[] = { "number", "s", "ms", "us", "/s", "%",
				     "ratio", "bytes", "x", NULL };

#define DAY ((double)86400000)
#define AT(kind, field) .at = offsetof(struct file_##kind, field)

const struct file_option file_options[] = {
	{ "sources", "name", "NAME", "what the source is called", OPTION_TEXT,
	  AT(source, name), .unique = true },
	{ "sources", "kind", "KIND", "prometheus, cloudwatch, demo, or "
	  "recording; told from the url if left out", OPTION_CHOICE,
	  AT(source, kind_word),
	  .choices = source_kind_words, .later = source_kinds_later },
	{ "sources", "url", "URL", "base URL; the path of a recording; the "
	  "seed of a demo; of cloudwatch an endpoint, or left out",
	  OPTION_TEXT, AT(source, url) },
	{ "sources", "urls", "[URL, URL]", "several endpoints of the same data",
	  OPTION_URLS, AT(source, urls) },
	{ "sources", "policy", "WORD", "which endpoint is asked next: "
	  "least-loaded, roundrobin, random", OPTION_CHOICE,
	  AT(source, policy_word), .fallback = "least-loaded",
	  .choices = policies },
	{ "sources", "objective", "PERCENT", "of its services that have none "
	  "of their own", OPTION_PERCENT, AT(source, objective) },
	{ "sources", "region", "REGION", "of cloudwatch; without it AWS_REGION "
	  "or the profile's", OPTION_TEXT, AT(source, region) },
	{ "sources", "profile", "NAME", "of cloudwatch: whose keys in "
	  "~/.aws/config", OPTION_TEXT, AT(source, profile) },
	{ "sources", "max_usd_per_day", "USD", "what asking cloudwatch may "
	  "cost a day, at the list price", OPTION_USD, AT(source, max_usd),
	  .fallback = "1.00" },
	{ "sources", "http_config", "{...}", "credentials and transport in the "
	  "shape of Prometheus' http_config", OPTION_TREE, AT(source, http_config) },
	{ "sources", "allow_plain_http", "BOOL", "a token may go over plain "
	  "http", OPTION_BOOL, AT(source, allow_plain_http),
	  .fallback = "false" },

	{ "services", "name", "NAME", "as it stands in the table", OPTION_TEXT,
	  AT(service, name), .required = true },
	{ "services", "source", "NAME", "the source that is asked; may be left "
	  "out where there is one", OPTION_TEXT, AT(service, source) },
	{ "services", "layer", "LAYER", "edge, mesh, app, dependency",
	  OPTION_CHOICE, AT(service, layer_word), .fallback = "app",
	  .choices = layers },
	{ "services", "rate", "QUERY", "requests a second, with $window, as in "
	  "rate(x_total[$window])", OPTION_QUERY, AT(service, rate) },
	{ "services", "errors", "QUERY", "failed requests a second, with "
	  "$window", OPTION_QUERY, AT(service, errors) },
	{ "services", "buckets", "QUERY", "bucket rates by le, in seconds, "
	  "with $window", OPTION_QUERY, AT(service, buckets) },
	{ "services", "objective", "PERCENT", "availability, as in 99.9",
	  OPTION_PERCENT, AT(service, objective) },

	{ "slos", "id", "NAME", "what the objective is called", OPTION_TEXT,
	  AT(slo, id), .required = true, .unique = true },
	{ "slos", "service", "NAME", "whose objective it is", OPTION_TEXT,
	  AT(slo, service) },
	{ "slos", "objective", "PERCENT", "as in 99.9", OPTION_PERCENT,
	  AT(slo, objective), .required = true },
	{ "slos", "period", "TIME", "of the error budget", OPTION_TIME,
	  AT(slo, period), .fallback = "30d", .min = DAY / 24,
	  .max = 366 * DAY },
	{ "slos", "calendar", "{start, unit, every, zone}", "a budget that "
	  "begins anew, in place of period, as in {start: 2026-01-01 00:00, "
	  "unit: month, every: 1, zone: Europe/Berlin}", OPTION_CALENDAR,
	  AT(slo, calendar) },
	{ "slos", "error_query", "QUERY", "errors over [$window]; without "
	  "queries what the service's row counts", OPTION_QUERY,
	  AT(slo, error_query) },
	{ "slos", "total_query", "QUERY", "all requests over [$window]",
	  OPTION_QUERY, AT(slo, total_query) },
	{ "slos", "latency", "TIME", "without queries: bad is what is slower, "
	  "as in 300ms", OPTION_TIME, AT(slo, latency), .min = 1,
	  .max = DAY / 24 },
	{ "slos", "recorded", "SELECTOR", "error ratios that rules on the "
	  "server record, with $window in the name", OPTION_QUERY,
	  AT(slo, recorded) },
	{ "slos", "group", "[LABEL, ...]", "labels that tell its groups apart; "
	  "without it all of an answer's do", OPTION_LABELS, AT(slo, group) },
	{ "slos", "method", "WORD", "occurrences, timeslices, ratio-timeslices",
	  OPTION_CHOICE, AT(slo, method), .fallback = "occurrences",
	  .choices = methods },
	{ "slos", "slice", "TIME", "of timeslices and ratio-timeslices (1m)",
	  OPTION_TIME, AT(slo, slice), .min = DAY / 1440, .max = DAY },
	{ "slos", "slice_target", "PERCENT", "of timeslices: a slice with so "
	  "many good requests is good (the objective)", OPTION_PERCENT,
	  AT(slo, slice_target) },
	{ "slos", "what", "TEXT", "one line for who is on call", OPTION_TEXT,
	  AT(slo, what) },
	{ "slos", "runbook", "URL", "where it says what to do", OPTION_URL,
	  AT(slo, runbook) },

	{ "thresholds", "id", "NAME", "what the limit is called", OPTION_TEXT,
	  AT(threshold, id), .required = true, .unique = true },
	{ "thresholds", "query", "QUERY", "one value, or one a label set; "
	  "$period in it is the period", OPTION_QUERY, AT(threshold, query) },
	{ "thresholds", "measure", "WORD", "in place of a query, what a row "
	  "says: rate, errors, success, p50, p95, p99, used", OPTION_CHOICE,
	  AT(threshold, measure), .choices = measures },
	{ "thresholds", "cloudwatch", "METRIC", "what a cloudwatch source is "
	  "asked, as in AWS/EC2 CPUUtilization Average", OPTION_METRIC,
	  AT(threshold, cloudwatch) },
	{ "thresholds", "service", "NAME", "whose limit it is; of a measure "
	  "left out: each one's", OPTION_TEXT, AT(threshold, service) },
	{ "thresholds", "unit", "UNIT", "of the limits, as of a chart; of a "
	  "measure /s, % or ratio, ms or s or us (the first)", OPTION_CHOICE,
	  AT(threshold, unit), .choices = units },
	{ "thresholds", "warning", "{above: N, below: N}", "strictly above, "
	  "strictly below, or both", OPTION_LEVEL, AT(threshold, warning) },
	{ "thresholds", "critical", "{above: N, below: N}", "the same, worse",
	  OPTION_LEVEL, AT(threshold, critical) },
	{ "thresholds", "period", "TIME", "one value each", OPTION_TIME,
	  AT(threshold, period), .fallback = "5m", .min = 1000, .max = DAY },
	{ "thresholds", "m", "N", "so many of the last n breach", OPTION_WHOLE,
	  AT(threshold, m), .fallback = "1", .min = 1, .max = 100 },
	{ "thresholds", "n", "N", "periods that are looked at", OPTION_WHOLE,
	  AT(threshold, n), .fallback = "1", .min = 1, .max = 100 },
	{ "thresholds", "missing", "WORD", "what a period without data is: "
	  "missing, notBreaching, breaching, ignore", OPTION_CHOICE,
	  AT(threshold, missing), .fallback = "missing", .choices = missings },
	{ "thresholds", "clear", "N", "the level on the good side that ends it "
	  "(the limit itself)", OPTION_NUMBER, AT(threshold, clear) },
	{ "thresholds", "clear_after", "N", "periods on the good side that end "
	  "it", OPTION_WHOLE, AT(threshold, clear_after), .fallback = "1",
	  .min = 1, .max = 100 },
	{ "thresholds", "what", "TEXT", "one line for who is on call",
	  OPTION_TEXT, AT(threshold, what) },
	{ "thresholds", "runbook", "URL", "where it says what to do",
	  OPTION_URL, AT(threshold, runbook) },

	{ "pages", "name", "NAME", "of the page", OPTION_TEXT, AT(page, name),
	  .required = true, .unique = true },
	{ "pages", "rows", "[[{...}, ...], ...]", "widgets side by side, from "
	  "top to bottom", OPTION_ROWS, AT(page, row), .required = true },

	{ "widget", "widget", "KIND", "chart, latency, throughput, errors, "
	  "burn, burnchart, heat, events, table, routes", OPTION_TEXT,
	  AT(widget, kind), .required = true },
	{ "widget", "title", "TEXT", "of a chart", OPTION_TEXT,
	  AT(widget, title) },
	{ "widget", "query", "QUERY", "of a chart; $__interval, "
	  "$__rate_interval and $__range are as in Grafana", OPTION_QUERY,
	  AT(widget, query) },
	{ "widget", "unit", "UNIT", "of a chart: number, s, ms, us, /s, %, "
	  "ratio, bytes, x", OPTION_CHOICE, AT(widget, unit),
	  .fallback = "number", .choices = units },
	{ "widget", "weight", "N", "its share of the width, and its row's of "
	  "the height", OPTION_WHOLE, AT(widget, weight), .fallback = "1",
	  .min = 1, .max = 100 },
	{ "widget", "min_w", "COLUMNS", "narrower, and one of its row leaves",
	  OPTION_WHOLE, AT(widget, min_w), .fallback = "24", .min = 8,
	  .max = 500 },
	{ "widget", "min_h", "ROWS", "lower, and one of its page leaves",
	  OPTION_WHOLE, AT(widget, min_h), .fallback = "4", .min = 2,
	  .max = 200 },
	{ "widget", "priority", "N", "the lowest leaves first where there is "
	  "not room for all", OPTION_WHOLE, AT(widget, priority),
	  .fallback = "0", .min = -100, .max = 100 },
	{ 0 },
};
