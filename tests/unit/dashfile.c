/* Dashboard files: what is wrong is told where it stands, all at once; what is
 * right does what it says. */
#include "app/dashfile.h"

#include "app/commands.h"
#include "app/config.h"
#include "app/rows.h"
#include "base/key.h"
#include "base/mem.h"
#include "sources/prom_manual.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct dashfile *parse(const char *text)
{
	return dashfile_parse("f", text, strlen(text));
}

static struct dashfile *fine(const char *text)
{
	struct dashfile *f = parse(text);
	char why[300];
	dashfile_complaint(f, why, sizeof(why));
	if (f->errors)
		fail_msg("%s", why);
	return f;
}

/* All problems, a line each. */
static char *problems_of(const struct dashfile *f)
{
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < f->nr_problems; i++) {
		problem_print(f, &f->problem[i], &b);
		buf_char(&b, '\n');
	}
	return b.s ? b.s : mem_strdup("");
}

static void says(const char *text, const char *sentence)
{
	struct dashfile *f = parse(text);
	char *all = problems_of(f);
	if (!strstr(all, sentence))
		fail_msg("'%s' says '%s', not '%s'", text, all, sentence);
	free(all);
	dashfile_free(f);
}

/* ---- what is wrong ----------------------------------------------------- */

#define SLO "slos:\n- {id: a, service: s, objective: 99, "
#define LIMIT "thresholds:\n- {id: a, warning: {above: 1}, "

static void a_mistake_is_told_elsewhere_or_not_at_all(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "soruces: []", "f:1: unknown key 'soruces', did you mean "
		  "'sources'?" },
		{ "[1]", "f:1: a dashboard file is a map" },
		{ "a: [", "f:2: " },
		{ "theme: embre", "no theme 'embre', did you mean 'ember'?" },
		{ "theme: [ember]", "theme: expected a name, not a list" },
		{ "sources: 3", "sources: expected a list" },
		{ "sources:\n- {name: a, url: 'http://h', polcy: random}",
		  "f:2: unknown key 'polcy' in sources, did you mean "
		  "'policy'?" },
		{ "sources:\n- {name: a, url: 'http://h', policy: radom}",
		  "unknown policy 'radom', did you mean 'random'?" },
		{ "sources:\n- {kind: cloudwatch, max_usd_per_day: 0}",
		  "f:2: max_usd_per_day '0': expected dollars above 0" },
		{ "sources:\n- {kind: cloudwatch, max_usd_per_day: -1}",
		  "f:2: max_usd_per_day '-1': expected dollars above 0" },
		{ "sources:\n- {kind: cloudwatch, max_usd_per_day: much}",
		  "f:2: max_usd_per_day 'much': expected dollars above 0" },
		{ "sources:\n- {kind: cloudwatch, region: 'eu west'}",
		  "f:2: region 'eu west': expected a region of AWS" },
		{ "sources:\n- {kind: cloudwatch, url: 'ftp://h'}", "f:2: " },
		{ "sources:\n- {kind: cloudwatch, urls: ['http://h']}",
		  "several endpoints" },
		{ "sources:\n- {url: 'http://h', region: eu-west-1}",
		  "f:2: only a cloudwatch source has a region" },
		{ "sources:\n- {kind: demo, max_usd_per_day: 2}",
		  "f:2: only a cloudwatch source has a max_usd_per_day" },
		{ "sources: [{kind: cloudwatch}]\n"
		  "services:\n- {name: a, rate: 'rate(x[$window])'}",
		  "a cloudwatch answers no queries" },
		{ "sources:\n- {kind: exposition, url: 'http://h/metrics'}",
		  "not in this version" },
		{ "sources:\n- {url: 'http://h/metrics'}",
		  "not in this version" },
		{ "sources:\n- {kind: prometheus, url: 'http://h/metrics'}",
		  "not in this version" },
		{ "sources:\n- {kind: prometheus, url: 'hppt://h'}", "f:2: " },
		{ "sources:\n- {name: a}", "'url' is missing" },
		{ "sources:\n- {kind: recording}", "needs its path" },
		{ "sources:\n- {url: 'http://h', urls: ['http://i']}",
		  "url and urls" },
		{ "sources:\n- {kind: demo, urls: ['http://i']}",
		  "several endpoints" },
		{ "sources:\n- {name: a, kind: demo}\n- {name: a, kind: demo}",
		  "f:3: sources: 'a' stands twice; it is also on line 2" },
		{ "services:\n- {name: a, objective: 120}",
		  "expected a percentage between 0 and 100" },
		{ "services:\n- {name: a, objective: 0.999}",
		  "f:2: warning: objective 0.999 is 0.999 %" },
		{ "services:\n- {rate: 'x[$window]'}", "'name' is missing" },
		{ "services:\n- {name: a}", "neither a rate nor an objective" },
		{ "services:\n- {name: a, errors: 'x[$window]'}",
		  "errors without a rate" },
		{ "services:\n- {name: a, rate: 'rate(x[5m])'}",
		  "warning: rate without $window" },
		{ "services:\n- {name: a, layer: appp, objective: 99}",
		  "unknown layer 'appp', did you mean 'app'?" },
		{ "sources: [{name: prom, url: 'http://h'}]\n"
		  "services:\n- {name: a, source: prmo, objective: 99}",
		  "f:3: no source 'prmo', did you mean 'prom'?" },
		{ "sources: [{kind: demo}]\n"
		  "services:\n- {name: a, rate: 'rate(x[$window])'}",
		  "a demo answers no queries" },
		{ "sources: [{name: a, url: 'http://h'}, {name: b, url: "
		  "'http://i'}]\nservices:\n- {name: x, rate: 'y[$window]'}",
		  "f:3: services: which source is asked for 'x'?" },
		{ "services:\n- {name: a, objective: 99}\n- {name: a, "
		  "objective: 98}", "f:3: services: 'a' stands twice" },
		{ "slos:\n- {id: a, objective: 99, total_query: 'y[$window]'}",
		  "f:2: 'error_query' is missing: a ratio has both" },
		{ "slos:\n- {id: a, objective: 99}", "needs a service" },
		{ "slos:\n- {id: a, objective: 99, error_query: 'x[5m]', "
		  "total_query: 'y[$window]'}", "warning: error_query without" },
		{ SLO "latency: 300ms, error_query: 'x[$window]', "
		  "total_query: 'y[$window]'}", "latency is of an objective" },
		{ SLO "latency: fast}", "latency 'fast': expected a time" },
		{ SLO "slice: 5m}", "f:2: slice is of timeslices" },
		{ SLO "method: ratio-timeslices, slice_target: 99}",
		  "slice_target is of timeslices" },
		{ SLO "method: timeslices, slice: 10s}", "a time from 1m" },
		{ SLO "method: timeslice}", "did you mean 'timeslices'?" },
		{ SLO "group: handler}", "expected a list of labels" },
		{ SLO "group: ['a b']}", "the name of a label" },
		{ SLO "recorded: 'x:ratio_rate5m'}", "recorded without $window" },
		{ SLO "runbook: 'javascript:x'}", "expected a URL" },
		{ SLO "calendar: month}", "calendar 'month': expected {start" },
		{ SLO "calendar: {unit: month}}", "'start' is missing" },
		{ SLO "calendar: {start: '2026-01-01'}}", "'unit' is missing" },
		{ SLO "calendar: {start: '2026-02-30', unit: month}}",
		  "start of calendar: expected a time" },
		{ SLO "calendar: {start: '2026-01-01 00:00Z', unit: month}}",
		  "start of calendar: expected a time" },
		{ SLO "calendar: {start: '2026-01-01', unit: moth}}",
		  "unknown unit 'moth' of calendar, did you mean 'month'?" },
		{ SLO "calendar: {start: '2026-01-01', unit: day, every: 0}}",
		  "every of calendar: expected a whole number" },
		{ SLO "calendar: {start: '2026-01-01', unit: day, zone: "
		  "../../etc/passwd}}", "zone of calendar: expected a name" },
		{ SLO "calendar: {start: '2026-01-01', unit: day, zoen: x}}",
		  "unknown key 'zoen' in calendar, did you mean 'zone'?" },
		{ SLO "period: 7d, calendar: {start: '2026-01-01', unit: "
		  "month}}", "period and calendar" },
		{ "slos:\n- {id: a, objective: 99, period: 30x, error_query: "
		  "'x[$window]', total_query: 'y[$window]'}",
		  "period '30x': expected a time from" },
		{ "thresholds:\n- {id: a, query: up}",
		  "needs a warning or a critical level" },
		{ "thresholds:\n- {id: a, query: up, warning: {abve: 1}}",
		  "unknown key 'abve' in warning, did you mean 'above'?" },
		{ "thresholds:\n- {id: a, query: up, warning: {above: x}}",
		  "above of warning: expected a number" },
		{ "thresholds:\n- {id: a, query: up, warning: {above: 1, "
		  "below: 2}}", "is always" },
		{ "thresholds:\n- {id: a, query: up, warning: {above: 1}, m: "
		  "3, n: 2}", "m 3 of n 2" },
		{ "thresholds:\n- {id: a, query: up, warning: {above: 1}, "
		  "clear: 2}", "on the bad side" },
		{ "thresholds:\n- {id: a, query: up, warning: {above: 1}, "
		  "missing: noData}", "unknown missing 'noData'" },
		{ LIMIT "}", "needs a query, a measure, or a cloudwatch" },
		{ LIMIT "query: up, measure: p99}", "query and measure" },
		{ LIMIT "measure: p98}", "f:2: unknown measure 'p98'" },
		{ LIMIT "measure: p99, unit: '%'}", "a unit of p99 is ms, s, "
		  "us" },
		{ LIMIT "measure: rate, unit: ratio}", "a unit of rate is /s" },
		{ LIMIT "cloudwatch: CPUUtilization}", "namespace, metric and "
		  "statistic, as in AWS/EC2 CPUUtilization Average" },
		{ LIMIT "cloudwatch: AWS/EC2 CPUUtilization Averag}",
		  "unknown statistic 'Averag', did you mean 'Average'?" },
		{ LIMIT "query: up, cloudwach: x}", "did you mean "
		  "'cloudwatch'?" },
		{ LIMIT "query: up, for: 5m}", "unknown key 'for' in "
		  "thresholds" },
		{ "pages:\n- {name: net, rows: [[{widget: heat}]]}",
		  "page 'net' is there already" },
		{ "pages:\n- {name: a, rows: [[{widget: haet}]]}",
		  "f:2: unknown widget 'haet', did you mean 'heat'?" },
		{ "pages:\n- {name: a, rows: [[{widget: chart}]]}",
		  "a chart needs a query" },
		{ "pages:\n- {name: a, rows: [[{widget: heat, query: up}]]}",
		  "only a chart has a query" },
		{ "pages:\n- {name: a, rows: [[{widget: heat, min_w: 3}]]}",
		  "a whole number from 8 to 500" },
		{ "pages:\n- {name: a, rows: [{widget: heat}]}", "a row: " },
		{ "pages:\n- {name: a, rows: []}", "a list of rows" },
		{ "keys: {F55: r}", "no key 'F55', did you mean 'F5'?" },
		{ "keys: {x: gto}", "'gto' is neither a key that does "
		  "something nor a command, did you mean 'goto'?" },
		{ "keys: {Ctrl-C: r}", "Ctrl-C always quits" },
		{ "keys: [x]", "keys: expected {KEY: WHAT, ...}" },
		{ "theme: ember\n---\ntheme: paper\n", "one document" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		says(rows[i].text, rows[i].sentence);
}

static void one_mistake_hides_the_others(void **state)
{
	struct dashfile *f = parse("theme: embre\n"
				   "colour: red\n"
				   "sources:\n"
				   "  - {nmae: a, kind: demo}\n"
				   "keys: {F55: nosuch}\n"
				   "slos: [{id: a}]\n");
	(void)state;
	assert_int_equal(f->errors, 7);
	for (size_t i = 1; i < f->nr_problems; i++)
		assert_true(f->problem[i - 1].line <= f->problem[i].line);
	char text[300];
	dashfile_complaint(f, text, sizeof(text));
	assert_non_null(strstr(text, "f:1: no theme 'embre'"));
	assert_non_null(strstr(text, "(and 6 more)"));
	dashfile_free(f);
}

static void a_login_is_read_with_its_mistakes(void **state)
{
	(void)state;
	says("sources:\n- url: http://127.0.0.1:9090\n  http_config:\n"
	     "    basic_auht: {username: a}\n", "f:4: ");
	says("sources:\n- url: http://127.0.0.1:9090\n  http_config:\n"
	     "    basic_auht: {username: a}\n", "did you mean 'basic_auth'");
	struct dashfile *f = parse("sources:\n- url: http://127.0.0.1:9090\n"
				   "  http_config: {authorization: "
				   "{credentials_file: /nosuch}}\n");
	assert_int_equal(f->errors, 0);
	assert_non_null(f->source[0].http);
	dashfile_free(f);
}

static void a_name_breaks_the_terminal(void **state)
{
	struct dashfile *f = parse("pages:\n- name: \"a\\e[2Jb\"\n  rows: "
				   "[[{widget: heat}]]\n");
	(void)state;
	assert_int_equal(f->errors, 0);
	assert_string_equal(f->page[0].name, "a\\x1b[2Jb");
	dashfile_free(f);
	says("services:\n- {name: a, rate: \"x\\e[$window]\"}",
	     "characters that cannot be shown");
}

/* ---- what is right ----------------------------------------------------- */

static void an_example_that_ships_is_wrong(void **state)
{
	static const char *const files[] = {
		"dashboards/shop.yaml", "dashboards/regions.yaml",
		"dashboards/by-hand.yaml",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		struct err e = { 0 };
		bool missing;
		struct dashfile *f = dashfile_load(files[i], &missing, &e);
		if (!f)
			fail_msg("%s", e.text);
		char why[300];
		dashfile_complaint(f, why, sizeof(why));
		if (f->errors)
			fail_msg("%s", why);
		assert_true(f->nr_sources > 0);
		dashfile_free(f);
	}
}

static void a_value_is_read_as_another(void **state)
{
	struct dashfile *f = fine(
		"sources:\n"
		"- {name: a, urls: ['http://h', 'http://i'], policy: random,\n"
		"   objective: 99.9}\n"
		"- {name: d, kind: demo, url: 7}\n"
		"services:\n"
		"- name: s\n"
		"  source: a\n"
		"  layer: edge\n"
		"  rate: |\n"
		"    sum(rate(x{p=\"#1\"}[$window])) # by path\n"
		"    + 1\n"
		"  objective: 99.95%\n"
		"thresholds:\n"
		"- {id: t, query: up, critical: {below: 0.5}, m: 2, n: 3}\n");
	(void)state;
	assert_int_equal(f->source[0].policy, POLICY_RANDOM);
	assert_int_equal(f->source[0].kind, FILE_PROMETHEUS);
	assert_string_equal(f->source[0].urls[1], "http://i");
	assert_null(f->source[0].urls[2]);
	assert_true(f->source[0].objective == 0.999);
	assert_int_equal(f->source[1].kind, FILE_DEMO);
	assert_string_equal(f->service[0].rate,
			    "sum(rate(x{p=\"#1\"}[$window]))  + 1");
	assert_true(f->service[0].objective == 0.9995);
	assert_true(isnan(f->threshold[0].critical.above));
	assert_true(f->threshold[0].critical.below == 0.5);
	assert_false(f->threshold[0].warning.given);
	assert_int_equal(f->threshold[0].m, 2);
	assert_int_equal(f->threshold[0].period, 300000);
	assert_string_equal(f->threshold[0].missing, "missing");
	dashfile_free(f);
}

static void a_default_is_not_what_the_help_says(void **state)
{
	(void)state;
	for (const struct file_option *o = file_options; o->name; o++) {
		char text[400];
		if (!o->fallback || strcmp(o->section, "widget") == 0)
			continue;
		snprintf(text, sizeof(text), "%s:\n- {%s: '%s'}\n", o->section,
			 o->name, o->fallback);
		struct dashfile *f = parse(text);
		for (size_t i = 0; i < f->nr_problems; i++)
			assert_true(strncmp(f->problem[i].text, o->name,
					    strlen(o->name)) != 0);
		assert_true(*o->help && *o->arg);
		dashfile_free(f);
	}
}

static void a_query_of_the_slo_keeps_its_window(void **state)
{
	struct arena a;
	(void)state;
	arena_init(&a, 0);
	assert_string_equal(dashfile_windowed("x[$window] / y[$window]", "5m",
					      &a), "x[5m] / y[5m]");
	assert_string_equal(dashfile_windowed("x", "5m", &a), "x");
	assert_null(dashfile_windowed(NULL, "5m", &a));
	arena_release(&a);
}

static void an_objective_is_asked_as_another(void **state)
{
	struct dashfile *f = fine(
		"slos:\n"
		"- {id: a, service: s, objective: 99.9, error_query: "
		"'rate(e[$__rate_interval])', total_query: "
		"'rate(t[${window}])', group: [handler, code],\n"
		"   recorded: 'slo:ratio_rate$window{id=\"a\"}', what: checks "
		"out, runbook: 'https://h/a'}\n"
		"- {id: b, service: s, objective: 99, latency: 300ms,\n"
		"   calendar: {start: 2026-01-01 00:00, unit: quarter, every: "
		"2, zone: Europe/Berlin}}\n"
		"- {id: c, objective: 95, period: 7d, method: timeslices, "
		"slice: 5m, slice_target: 90,\n"
		"   error_query: 'sum(increase(e[$window]))', total_query: "
		"'sum(increase(t[$window]))'}\n");
	struct arena a;
	size_t nr;
	(void)state;
	arena_init(&a, 0);
	assert_int_equal(f->warnings, 0);
	struct slo_def *d = dashfile_slos(f, &a, &nr);
	assert_int_equal(nr, 3);
	assert_string_equal(d[0].id, "a");
	assert_string_equal(d[0].errors, "rate(e[$window])");
	assert_string_equal(d[0].total, "rate(t[$window])");
	assert_string_equal(d[0].recorded, "slo:ratio_rate$window{id=\"a\"}");
	assert_string_equal(d[0].group[1], "code");
	assert_null(d[0].group[2]);
	assert_string_equal(d[0].what, "checks out");
	assert_string_equal(d[0].runbook, "https://h/a");
	assert_string_equal(d[0].where, "f:2");
	assert_true(d[0].objective == 0.999 && !d[0].derived && !d[0].counts);
	assert_true(d[0].period == (time_ms)30 * 86400000);
	assert_int_equal(d[0].calendar, CALENDAR_NONE);
	assert_true(d[1].derived && d[1].latency == 0.3 && !d[1].errors);
	assert_int_equal(d[1].calendar, CALENDAR_QUARTER);
	assert_int_equal(d[1].calendar_every, 2);
	assert_true(d[1].calendar_start == INT64_C(1767225600000));
	assert_true(d[1].period == (time_ms)180 * 86400000);
	assert_string_equal(d[1].zone, "Europe/Berlin");
	assert_int_equal(d[2].method, SLO_TIMESLICES);
	assert_true(d[2].slice == 300000 && d[2].slice_target == 0.9);
	assert_true(d[2].counts && !d[2].service && !d[2].derived);
	arena_release(&a);
	dashfile_free(f);
}

static void a_limit_is_asked_as_another(void **state)
{
	struct dashfile *f = fine(
		"thresholds:\n"
		"- {id: cpu, query: 'rate(c[$__rate_interval])', cloudwatch: "
		"AWS/EC2 CPUUtilization Average, unit: '%', service: s,\n"
		"   warning: {above: 70}, critical: {above: 85}, period: 1m, "
		"m: 2, n: 3, missing: ignore, clear: 63, clear_after: 4}\n"
		"- {id: p99, measure: p99, critical: {above: 2000}}\n"
		"- {id: ok, measure: success, unit: ratio, warning: {below: "
		"0.99}}\n"
		"- {id: q, cloudwatch: AWS/EBS VolumeQueueLength p99.9, "
		"warning: {above: 1}}\n");
	struct arena a;
	size_t nr;
	(void)state;
	arena_init(&a, 0);
	assert_int_equal(f->warnings, 0);
	struct threshold_def *d = dashfile_thresholds(f, &a, &nr);
	assert_int_equal(nr, 4);
	assert_string_equal(d[0].query, "rate(c[$period])");
	assert_string_equal(d[0].cloudwatch, "AWS/EC2 CPUUtilization Average");
	assert_string_equal(d[0].unit, "%");
	assert_string_equal(d[0].service, "s");
	assert_string_equal(d[0].pack, "f");
	assert_string_equal(d[0].where, "f:2");
	assert_true(d[0].warning.given && d[0].warning.above == 70);
	assert_true(isnan(d[0].warning.below) && d[0].critical.above == 85);
	assert_true(d[0].m == 2 && d[0].n == 3 && d[0].period == 60000);
	assert_true(d[0].clear == 63 && d[0].clear_after == 4);
	assert_int_equal(d[0].missing, MISSING_IGNORE);
	assert_int_equal(d[0].measure, MEASURE_NONE);
	assert_int_equal(d[1].measure, MEASURE_P99);
	assert_string_equal(d[1].unit, "ms");
	assert_true(!d[1].warning.given && isnan(d[1].clear));
	assert_null(d[1].query);
	assert_int_equal(d[2].measure, MEASURE_SUCCESS);
	assert_string_equal(d[2].unit, "ratio");
	assert_string_equal(d[3].cloudwatch, "AWS/EBS VolumeQueueLength p99.9");
	assert_null(d[3].unit);
	arena_release(&a);
	dashfile_free(f);
}

static void a_chart_has_no_line_at_its_limit(void **state)
{
	struct dashfile *f = fine(
		"thresholds:\n"
		"- {id: a, query: 'rate(x[$period])', warning: {above: 1}}\n"
		"pages:\n- name: p\n  rows:\n"
		"  - - {widget: chart, query: 'rate(x[$__rate_interval])'}\n"
		"    - {widget: chart, query: 'rate(y[$__rate_interval])'}\n"
		"    - {widget: chart, query: 'rate(x[5m])'}\n");
	const struct file_widget *w = f->page[0].row[0].widget;
	(void)state;
	assert_ptr_equal(w[0].limit, &f->threshold[0]);
	assert_null(w[1].limit);
	assert_null(w[2].limit);
	dashfile_free(f);
}

/* ---- whose file it is -------------------------------------------------- */

static void another_user_writes_what_is_asked(void **state)
{
	struct stat file = { .st_mode = S_IFREG | 0644, .st_uid = 1000 };
	struct stat dir = { .st_mode = S_IFDIR | 0755, .st_uid = 1000 };
	(void)state;
	assert_null(dashfile_distrust(&file, &dir, 1000));
	assert_null(dashfile_distrust(&file, &dir, 1001));
	dir.st_uid = 1001;
	assert_non_null(dashfile_distrust(&file, &dir, 1001));
	file.st_uid = 0;
	assert_null(dashfile_distrust(&file, &dir, 1001));
	file.st_mode = S_IFREG | 0666;
	assert_non_null(strstr(dashfile_distrust(&file, &dir, 1001), "chmod"));
	file.st_mode = S_IFREG | 0664;
	assert_null(dashfile_distrust(&file, &dir, 1001));
	file.st_mode = S_IFIFO | 0600;
	assert_non_null(dashfile_distrust(&file, &dir, 1001));
}

/* ---- the search path --------------------------------------------------- */


static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void made(char *out, size_t size, const char *dir, const char *name)
{
	snprintf(out, size, "%s/%s", dir, name);
	assert_int_equal(mkdir(out, 0700), 0);
}

static void the_wrong_file_wins(void **state)
{
	char dir[] = "/tmp/redtop-config-XXXXXX", user[128], sys[128], in[192];
	char path[256], own[192];
	struct err e = { 0 };
	(void)state;
	assert_non_null(mkdtemp(dir));
	made(user, sizeof(user), dir, "user");
	made(in, sizeof(in), user, "redtop");
	snprintf(path, sizeof(path), "%s/redtop.yaml", in);
	put_file(path, "theme: paper\nkeys: {x: r}\n");
	made(sys, sizeof(sys), dir, "sys");
	made(in, sizeof(in), sys, "redtop");
	snprintf(path, sizeof(path), "%s/redtop.yaml", in);
	put_file(path, "theme: mono\nsources: [{kind: demo, name: sys}]\n");
	snprintf(own, sizeof(own), "%s/own.yaml", dir);
	put_file(own, "theme: contrast\n");
	setenv("XDG_CONFIG_HOME", user, 1);
	setenv("XDG_CONFIG_DIRS", sys, 1);
	unsetenv("REDTOP_CONFIG");

	struct config *c = config_load(NULL, &e);
	assert_non_null(c);
	assert_string_equal(c->of[SECTION_THEME]->theme, "paper");
	assert_string_equal(config_source(c, 0)->name, "sys");
	assert_int_equal(config_dash_file(c).nr_keys, 1);
	config_free(c);

	setenv("REDTOP_CONFIG", own, 1);
	c = config_load(NULL, &e);
	assert_string_equal(c->of[SECTION_THEME]->theme, "contrast");
	struct options o = { .command = command_find("snapshot") };
	assert_int_equal(config_apply(c, &o, &e), 0);
	assert_string_equal(o.theme, "contrast");
	assert_string_equal(o.source[0], "demo");
	/* A flag wins, and a source takes the file's place. */
	o = (struct options){ .command = command_find("snapshot"),
			      .theme = "mono", .source = { "http://h" },
			      .nr_sources = 1 };
	assert_int_equal(config_apply(c, &o, &e), 0);
	assert_string_equal(o.theme, "mono");
	assert_int_equal(o.nr_sources, 1);
	config_free(c);

	/* Relative paths in these variables are invalid. */
	setenv("XDG_CONFIG_HOME", "user", 1);
	setenv("HOME", "home", 1);
	unsetenv("REDTOP_CONFIG");
	c = config_load(NULL, &e);
	assert_string_equal(c->of[SECTION_THEME]->theme, "mono");
	config_free(c);

	setenv("XDG_CONFIG_DIRS", "/dev/null", 1);
	c = config_load("/nowhere/at/all.yaml", &e);
	assert_null(c);
	assert_int_equal(e.code, EXIT_FILE);
	chmod(own, 0666);
	assert_null(config_load(own, &e));
	assert_int_equal(e.code, EXIT_FILE);
	c = config_load(NULL, &e);
	assert_non_null(c);
	assert_int_equal(c->nr, 0);
	config_free(c);
	char rm[128];
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	assert_int_equal(system(rm), 0);
}

static struct config *config_of(struct dashfile *f)
{
	struct config *c = mem_zero(1, sizeof(*c));
	arena_init(&c->arena, 0);
	c->file[c->nr++] = f;
	for (int s = 0; s < SECTION_NR; s++)
		c->of[s] = f->section[s] ? f : NULL;
	return c;
}

/* ---- check and config ------------------------------------------------------ */

/* What a command says on stdout, and its code. */
static char *printed(int (*run)(struct options *o), struct options *o,
		     int *code)
{
	FILE *f = tmpfile();
	assert_non_null(f);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(f), STDOUT_FILENO);
	*code = run(o);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	long n = ftell(f);
	n = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : n;
	char *s = calloc(1, (size_t)n + 1);
	rewind(f);
	assert_int_equal(fread(s, 1, (size_t)n, f), (size_t)n);
	fclose(f);
	return s;
}

static cJSON *check_json(const char *text, int *code)
{
	char path[] = "/tmp/redtop-check-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	put_file(path, text);
	struct options o = { .file = path, .format = FORMAT_JSON };
	char *s = printed(run_check, &o, code);
	cJSON *j = cJSON_Parse(s);
	if (!j)
		fail_msg("no JSON: %s", s);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    j, "schema")), "redtop.check/1");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    j, "file")), path);
	free(s);
	unlink(path);
	return j;
}

static const cJSON *item(const cJSON *j, const char *list, int i)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(j, list), i);
}

static double number(const cJSON *j, const char *name)
{
	const cJSON *n = cJSON_GetObjectItem(j, name);
	return cJSON_IsNumber(n) ? n->valuedouble : NAN;
}

static const char *word(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	return s ? s : "(none)";
}

static void a_script_reads_another_check(void **state)
{
	int code;
	cJSON *j = check_json(
		"slos:\n"
		"- {id: a, service: s, objective: 99.9, period: 7d,\n"
		"   error_query: 'e[$window]', total_query: 't[$window]'}\n"
		"thresholds:\n"
		"- {id: cpu, query: up, warning: {above: 70}, critical: "
		"{above: 85, below: 1}, period: 1m, m: 2, n: 3}\n", &code);
	(void)state;
	assert_int_equal(code, EXIT_FINE);
	assert_string_equal(word(j, "kind"), "redtop");
	const cJSON *slo = item(j, "slos", 0), *t = item(j, "thresholds", 1);
	assert_true(number(slo, "objective") == 0.999);
	assert_true(number(slo, "period_s") == 604800);
	assert_string_equal(word(slo, "method"), "occurrences");
	assert_string_equal(word(slo, "error_query"), "e[5m]");
	assert_string_equal(word(slo, "total_query"), "t[5m]");
	assert_string_equal(word(t, "level"), "critical");
	assert_true(number(t, "above") == 85 && number(t, "below") == 1);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(
		item(j, "thresholds", 0), "below")));
	assert_true(number(t, "m") == 2 && number(t, "n") == 3);
	cJSON_Delete(j);

	j = check_json("theme: ember\nkeys:\n  F5: nosuch\n", &code);
	assert_int_equal(code, EXIT_FILE);
	const cJSON *p = item(j, "problems", 0);
	assert_true(number(p, "line") == 3 && number(p, "column") == 7);
	assert_string_equal(word(p, "severity"), "error");
	cJSON_Delete(j);

	j = check_json("version: prometheus/v1\nservice: xy\nslos: []\n",
		       &code);
	assert_int_equal(code, EXIT_FILE);
	assert_string_equal(word(j, "kind"), "sloth");
	assert_non_null(strstr(word(item(j, "problems", 0), "text"),
			       "slos"));
	cJSON_Delete(j);
	j = check_json("groups: []\n", &code);
	assert_string_equal(word(j, "kind"), "rules");
	cJSON_Delete(j);
	j = check_json("", &code);
	assert_int_equal(code, EXIT_FINE);
	cJSON_Delete(j);
}

static void nobody_knows_who_said_so(void **state)
{
	struct config *c = config_of(fine(
		"sources:\n- {name: a, url: 'http://u:secret@h'}\n"
		"theme: paper\n"));
	struct options o = { .command = command_find("config"),
			     .origin = true, .timeout = 5000, .range = 60000,
			     .given = option_bit("timeout") };
	struct err e;
	int code;
	(void)state;
	setenv("REDTOP_TOKEN", "hush", 1);
	assert_int_equal(config_apply(c, &o, &e), 0);
	char *s = printed(run_config, &o, &code);
	assert_int_equal(code, EXIT_FINE);
	static const char *const rows[][3] = {
		{ "theme", "paper", "f:3" }, { "timeout", "5s", "flag" },
		{ "range", "1m", "default" },
		{ "sources[0].policy", "least-loaded", "default" },
		{ "sources[0].url", "http://h", "f:2" },
		{ "$REDTOP_TOKEN", "(set)", "environment" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *at = strstr(s, rows[i][0]);
		const char *end = at ? strchr(at, '\n') : NULL;
		const char *value = at ? strstr(at, rows[i][1]) : NULL;
		const char *from = value ? strstr(value, rows[i][2]) : NULL;
		if (!from || from > end)
			fail_msg("%s is not %s by %s: %s", rows[i][0],
				 rows[i][1], rows[i][2], s);
	}
	assert_null(strstr(s, "hush"));
	assert_null(strstr(s, "secret"));
	free(s);
	config_free(c);
}

/* ---- what it says to a source ------------------------------------------ */

static void an_account_is_asked_in_another_region(void **state)
{
	struct dashfile *f = fine(
		"sources:\n"
		"- {name: eu, kind: cloudwatch, region: eu-west-1, profile: "
		"ops, max_usd_per_day: 2.5}\n"
		"- {kind: cloudwatch, url: 'http://127.0.0.1:4566'}\n");
	struct config *c = config_of(f);
	struct options o = { .command = command_find("snapshot") };
	(void)state;
	assert_int_equal(f->source[0].kind, FILE_CLOUDWATCH);
	assert_string_equal(f->source[0].region, "eu-west-1");
	assert_string_equal(f->source[0].profile, "ops");
	assert_true(f->source[0].max_usd == 2.5);
	assert_null(f->source[0].url);
	assert_true(f->source[1].max_usd == 1);
	assert_null(f->source[1].region);
	assert_int_equal(config_apply(c, &o, NULL), 0);
	assert_int_equal(o.nr_sources, 2);
	assert_string_equal(o.source[0], "cloudwatch");
	assert_string_equal(o.source[1], "cloudwatch");
	config_free(c);
}

static void a_service_is_asked_of_the_wrong_source(void **state)
{
	struct config *c = config_of(fine(
		"sources:\n"
		"- {name: a, url: 'http://h', objective: 99}\n"
		"- {name: b, url: 'http://i'}\n"
		"services:\n"
		"- {name: x, source: b, rate: 'rx[$window]', objective: 99.5}\n"
		"- {name: y, objective: 98}\n"));
	struct source_options a = { .match = NULL }, b = a;
	(void)state;
	config_source_options(c, 0, &a, &c->arena);
	config_source_options(c, 1, &b, &c->arena);
	assert_int_equal(a.nr_manual, 0);
	assert_int_equal(b.nr_manual, 1);
	assert_string_equal(b.manual[0].rate, "rx[$__rate_interval]");
	assert_true(config_objective(c, 0, "x") == 0.99);
	assert_true(config_objective(c, 1, "x") == 0.995);
	assert_true(config_objective(c, 0, "y") == 0.98);
	assert_true(config_objective(c, 1, "z") == 0);
	config_free(c);
}

static void a_promise_is_asked_of_the_wrong_source(void **state)
{
	struct config *c = config_of(fine(
		"sources:\n- {name: a, url: 'http://h'}\n"
		"- {name: b, url: 'http://i'}\n"
		"services:\n- {name: x, source: b, rate: 'rx[$window]'}\n"
		"slos:\n- {id: x, service: x, objective: 99}\n"
		"- {id: y, service: y, objective: 99}\n"
		"thresholds:\n"
		"- {id: x, measure: p99, service: x, warning: {above: 1}}\n"
		"- {id: any, measure: p99, warning: {above: 1}}\n"));
	struct source_options a = { .match = NULL }, b = a;
	(void)state;
	config_source_options(c, 0, &a, &c->arena);
	config_source_options(c, 1, &b, &c->arena);
	assert_int_equal(a.nr_slos, 1);
	assert_string_equal(a.slo[0].id, "y");
	assert_int_equal(a.nr_thresholds, 1);
	assert_string_equal(a.threshold[0].id, "any");
	assert_string_equal(a.pack, "f");
	assert_int_equal(b.nr_slos, 2);
	assert_string_equal(b.slo[0].id, "x");
	assert_int_equal(b.nr_thresholds, 2);
	config_free(c);
	c = config_of(fine("theme: ember\n"));
	a = (struct source_options){ .match = NULL };
	config_source_options(c, 0, &a, &c->arena);
	assert_true(!a.nr_slos && !a.nr_thresholds && !a.pack);
	config_free(c);
}

static void a_reload_asks_for_the_old_limits(void **state)
{
	static const char *const texts[] = {
		"thresholds: [{id: a, query: up, warning: {above: 1}}]\n",
		"thresholds: [{id: a, query: up, warning: {above: 2}}]\n",
		"slos: [{id: a, service: s, objective: 99}]\n",
		"slos: [{id: a, service: s, objective: 98}]\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t k = 0; k < COUNT(texts); k++) {
			struct config *a = config_of(fine(texts[i]));
			struct config *b = config_of(fine(texts[k]));
			assert_int_equal(config_same_sources(a, b), i == k);
			config_free(a);
			config_free(b);
		}
}

static void the_dashboard_wins_over_the_file_at_hand(void **state)
{
	char dir[] = "/tmp/redtop-config-XXXXXX", in[128], own[128], path[256];
	struct err e = { 0 };
	(void)state;
	assert_non_null(mkdtemp(dir));
	made(in, sizeof(in), dir, "redtop");
	snprintf(path, sizeof(path), "%s/redtop.yaml", in);
	put_file(path, "theme: paper\nkeys: {x: r}\n");
	snprintf(path, sizeof(path), "%s/latency.yaml", in);
	put_file(path, "theme: mono\n"
		       "thresholds: [{id: a, query: up, warning: {above: 1}}]\n"
		       "pages: [{name: p, rows: [[{widget: chart, query: up}]]}]"
		       "\n");
	snprintf(path, sizeof(path), "%s/wrong.yaml", in);
	put_file(path, "theme: mnoo\n");
	snprintf(own, sizeof(own), "%s/own.yaml", dir);
	put_file(own, "theme: contrast\nthresholds: []\n");
	setenv("XDG_CONFIG_HOME", dir, 1);
	setenv("XDG_CONFIG_DIRS", "/nowhere", 1);
	unsetenv("REDTOP_CONFIG");

	struct options o = { .command = command_find("snapshot"),
			     .dashboard = "latency", .source = { "demo" },
			     .nr_sources = 1 };
	struct config *c = config_load(NULL, &e);
	assert_int_equal(config_apply(c, &o, &e), 0);
	assert_string_equal(o.theme, "mono");
	assert_int_equal(config_dash_file(c).nr_keys, 1);
	assert_int_equal(c->nr_charts, 1);
	struct source_options s = { .match = NULL };
	config_source_options(c, 0, &s, &c->arena);
	assert_int_equal(s.nr_thresholds, 1);
	assert_string_equal(s.pack, "latency");
	assert_string_equal(s.threshold[0].pack, "latency");
	config_free(c);

	o.theme = NULL;
	c = config_load(own, &e);
	assert_int_equal(config_apply(c, &o, &e), 0);
	assert_string_equal(o.theme, "contrast");
	assert_string_equal(c->of[SECTION_PAGES]->page[0].name, "p");
	s = (struct source_options){ .match = NULL };
	config_source_options(c, 0, &s, &c->arena);
	assert_int_equal(s.nr_thresholds, 0);
	config_free(c);

	static const struct {
		const char *name;
		int code;
		const char *sentence;
	} bad[] = {
		{ "latnecy", EXIT_USAGE, "no dashboard 'latnecy', did you mean "
		  "'latency'?" },
		{ "zzz", EXIT_USAGE, "; there are latency, wrong" },
		{ "../own", EXIT_USAGE, "no dashboard '../own'" },
		{ "", EXIT_USAGE, "no dashboard ''" },
		{ "wrong", EXIT_FILE, "wrong.yaml:1: no theme 'mnoo'" },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		o.dashboard = bad[i].name;
		c = config_load(NULL, &e);
		assert_int_equal(config_apply(c, &o, &e), -1);
		assert_int_equal(e.code, bad[i].code);
		if (!strstr(e.text, bad[i].sentence))
			fail_msg("'%s', not '%s'", e.text, bad[i].sentence);
		config_free(c);
	}
	char rm[128];
	snprintf(rm, sizeof(rm), "rm -r %s", dir);
	assert_int_equal(system(rm), 0);
}

static void a_service_by_hand_stands_beside_the_found_one(void **state)
{
	static const struct shape shapes[] = {
		{ .id = 1, .label = "job", .metric = "m", .interval = 30000,
		  .window = 120000,
		  .question = { [RED_RATE] = "q[$__rate_interval]" } },
	};
	static const struct service_def defs[] = {
		{ .name = "a", .value = "a", .shape = 1 },
		{ .name = "b", .value = "b", .shape = 1 },
	};
	static const struct catalog found = { .nr_shapes = 1, .shape = shapes,
					      .nr_services = 2,
					      .service = defs };
	static const struct manual_service manual[] = {
		{ .name = "b", .rate = "sum(r{a=\")\"}[$__rate_interval])",
		  .errors = "e[$__rate_interval]" },
	};
	static const char *const chart[] = { "up" };
	struct source_options o = { .manual = manual, .nr_manual = 1,
				    .chart = chart, .nr_charts = 1 };
	struct arena a;
	struct catalog room;
	(void)state;
	arena_init(&a, 0);
	const struct catalog *c = prom_manual(&found, &o, NULL, &a);
	assert_int_equal(c->nr_shapes, 3);
	assert_int_equal(c->nr_services, 3);
	assert_string_equal(c->service[0].name, "a");
	assert_string_equal(c->service[1].name, "b");
	assert_int_equal(c->service[1].shape, PROM_MANUAL_ID);
	assert_int_equal(c->shape[1].window, 120000);
	assert_non_null(strstr(c->shape[1].question[RED_BURN_1H], "e[1h]"));
	assert_non_null(strstr(c->shape[1].question[RED_BURN_1H],
			       "clamp_min(sum(r{a=\")\"}[1h])-"));
	assert_string_equal(c->shape[1].question[RED_RATE], manual[0].rate);
	assert_string_equal(c->shape[2].question[RED_CHART], "up");
	assert_int_equal(prom_manual_without(c, &room)->nr_shapes, 1);
	/* Nothing by hand: the very same. */
	assert_ptr_equal(prom_manual(&found, &(struct source_options){ 0 },
				     NULL, &a)->shape, found.shape);
	arena_release(&a);
}

static void a_chart_asks_another_span_than_grafana(void **state)
{
	static const struct {
		const char *query, *want;
	} rows[] = {
		{ "rate(x[$__rate_interval])", "rate(x[1m])" },
		{ "x[$__interval] y[${__interval}]", "x[20s] y[20s]" },
		{ "x[$__range] $__range_s $__range_ms", "x[1h] 3600 3600000" },
		{ "$__interval_ms $foo $", "20000 $foo $" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;
		buf_init(&b, 0);
		prom_chart_query(rows[i].query, 20000, 15000, 3600000, &b);
		assert_string_equal(buf_text(&b), rows[i].want);
		buf_release(&b);
	}
	/* The larger of step + scrape and four scrapes. */
	struct buf b;
	buf_init(&b, 0);
	prom_chart_query("$__rate_interval", 120000, 15000, 1, &b);
	assert_string_equal(buf_text(&b), "2m15s");
	buf_release(&b);
}

/* ---- pages ------------------------------------------------------------- */

static void widgets_of_a_page_overlap(void **state)
{
	struct dashfile *f = fine(
		"pages:\n- name: a\n  rows:\n"
		"    - [{widget: latency, weight: 3}, {widget: heat}, {widget: "
		"events, priority: -1}]\n"
		"    - [{widget: table, weight: 2, priority: 9}]\n"
		"    - [{widget: chart, query: up, min_w: 40, min_h: 8}]\n");
	(void)state;
	for (int w = 8; w < 220; w += 3)
		for (int h = 1; h < 70; h++) {
			struct slot s[SLOTS_MAX];
			size_t n = 0;
			rows_place(&f->page[0], 1, w - 2, 4, 4 + h, s, &n);
			assert_true(n >= 1 && n <= 5);
			for (size_t i = 0; i < n; i++) {
				assert_true(s[i].x >= 1 && s[i].w > 0);
				assert_true(s[i].x + s[i].w <= w - 1);
				assert_true(s[i].y >= 4 && s[i].h > 0);
				assert_true(s[i].y + s[i].h <= 4 + h);
				for (size_t k = 0; k < i; k++)
					assert_true(s[k].x + s[k].w < s[i].x ||
						    s[k].y + s[k].h < s[i].y);
			}
		}
	struct slot s[SLOTS_MAX];
	size_t n = 0;
	rows_place(&f->page[0], 1, 198, 4, 60, s, &n);
	assert_int_equal(n, 5);
	n = 0;
	/* The least important leaves first, the most important stays. */
	rows_place(&f->page[0], 1, 60, 4, 60, s, &n);
	assert_int_equal(n, 4);
	n = 0;
	rows_place(&f->page[0], 1, 60, 4, 9, s, &n);
	assert_int_equal(n, 1);
	assert_string_equal(s[0].kind, "table");
	dashfile_free(f);
}

static void a_key_of_the_file_does_nothing(void **state)
{
	struct dashfile *f = fine("keys: {x: '6', y: 'page net', z: ':range "
				  "15m', 6: q}\n"
				  "pages:\n- {name: own, rows: [[{widget: "
				  "heat}]]}\n");
	struct config *c = config_of(f);
	struct dash *d = dash_new(&(struct dash_options){
		.w = 80, .h = 24, .range = 3600000, .at = TIME_NONE,
		.now = 1700000000000, .file = config_dash_file(c) });
	(void)state;
	dash_key(d, 'x');
	dash_frame(d);
	assert_int_equal(dash_view(d)->page, PAGE_EVENTS);
	dash_key(d, 'y');
	dash_frame(d);
	assert_int_equal(dash_view(d)->page, PAGE_NET);
	dash_key(d, 'z');
	assert_int_equal(dash_range(d), 900000);
	dash_key(d, '7');
	dash_frame(d);
	assert_int_equal(dash_view(d)->page, PAGE_OWN);
	assert_string_equal(dash_view(d)->own, "own");
	dash_key(d, '9'); /* there is no second one */
	assert_int_equal(dash_view(d)->page, PAGE_OWN);
	while (dash_request(d) != REQUEST_NONE)
		;
	dash_key(d, '6');
	assert_int_equal(dash_request(d), REQUEST_QUIT);
	dash_key(d, K_CTRL_R);
	assert_int_equal(dash_request(d), REQUEST_RELOAD);
	/* A reload without the page: it is not shown any more. */
	dash_set_file(d, &(struct dash_file){ 0 });
	dash_frame(d);
	assert_int_equal(dash_view(d)->page, PAGE_OVERVIEW);
	dash_free(d);
	config_free(c);
}

static void a_chart_stands_in_the_table_of_services(void **state)
{
	static const struct shape shape = {
		.id = PROM_MANUAL_ID, .label = "x", .metric = "a chart",
		.question = { [RED_CHART] = "up" },
	};
	static const struct service_def def = { .name = "up", .value = "",
						.shape = PROM_MANUAL_ID };
	static const struct catalog catalog = { .nr_shapes = 1, .shape = &shape,
						.nr_services = 1,
						.service = &def };
	static const struct label label = { "instance", "h" };
	static const time_ms t = 1700000000000;
	static const double v = 7;
	uint32_t asked = question_id(PROM_MANUAL_ID, RED_CHART);
	struct frame frame = { .question = asked, .labels = { 1, &label },
			       .nr = 1, .t = &t, .v = &v };
	struct batch *b = batch_new(0);
	struct store *st = store_new(0);
	const struct service *const *s;
	(void)state;
	b->source = "p";
	b->at = t;
	b->instant = b->tick = true;
	b->catalog = &catalog;
	b->asked = &asked;
	b->nr_asked = 1;
	b->frame = &frame;
	b->nr = 1;
	store_apply(st, b);
	assert_int_equal(store_services(st, &s), 0);
	assert_int_equal(store_charts(st, &s), 1);
	assert_int_equal(s[0]->nr[RED_CHART], 1);
	assert_true(s[0]->series[RED_CHART][0]->now_v == 7);
	batch_free(b);
	store_free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mistake_is_told_elsewhere_or_not_at_all),
		cmocka_unit_test(one_mistake_hides_the_others),
		cmocka_unit_test(a_login_is_read_with_its_mistakes),
		cmocka_unit_test(an_objective_is_asked_as_another),
		cmocka_unit_test(a_limit_is_asked_as_another),
		cmocka_unit_test(a_chart_has_no_line_at_its_limit),
		cmocka_unit_test(a_promise_is_asked_of_the_wrong_source),
		cmocka_unit_test(a_reload_asks_for_the_old_limits),
		cmocka_unit_test(the_dashboard_wins_over_the_file_at_hand),
		cmocka_unit_test(a_name_breaks_the_terminal),
		cmocka_unit_test(an_example_that_ships_is_wrong),
		cmocka_unit_test(a_value_is_read_as_another),
		cmocka_unit_test(a_default_is_not_what_the_help_says),
		cmocka_unit_test(a_query_of_the_slo_keeps_its_window),
		cmocka_unit_test(another_user_writes_what_is_asked),
		cmocka_unit_test(the_wrong_file_wins),
		cmocka_unit_test(a_script_reads_another_check),
		cmocka_unit_test(nobody_knows_who_said_so),
		cmocka_unit_test(an_account_is_asked_in_another_region),
		cmocka_unit_test(a_service_is_asked_of_the_wrong_source),
		cmocka_unit_test(a_service_by_hand_stands_beside_the_found_one),
		cmocka_unit_test(a_chart_asks_another_span_than_grafana),
		cmocka_unit_test(widgets_of_a_page_overlap),
		cmocka_unit_test(a_key_of_the_file_does_nothing),
		cmocka_unit_test(a_chart_stands_in_the_table_of_services),
	};
	return cmocka_run_group_tests_name("dashfile", tests, NULL, NULL);
}
