/* Files of objectives that people own: what each of 26 real ones means, read
 * by eye from the file and written here, and what is said of a wrong one. */
#include "app/spec.h"

#include "app/dashfile.h"
#include "base/text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DATA "tests/data/slo-specs/"
#define DAYS(n) ((n) * (time_ms)86400000)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the real files ---------------------------------------------------- */

struct meant {
	const char *id, *service;
	double objective;
	time_ms period;
	enum slo_method method;
	const char *errors, *total, *ratio; /* of a 5 m window */
	const char *reason[4];
};

struct real {
	const char *file;
	enum spec_kind kind;
	struct meant slo[3];
	size_t alerts;
	/* All that is said of it; every line of it is right. */
	struct { int line; const char *text; } said[8];
};

#define ANY18 "line 18: source type Any cannot be asked"
#define ANY23 "line 23: source type Any cannot be asked"
#define NOCALENDAR "line 30: a calendar window has days, weeks, months, " \
		   "quarters or years, as in 1M"
#define NOSOURCE(line) "line " line ": source 'datadog-datasource' is not " \
		       "in this file, so nothing says that it is asked in " \
		       "PromQL"
#define HTTP "http_request_duration_seconds_count{job=\"myservice\""
#define BAD_HTTP "sum(rate(" HTTP ",code=~\"(5..|429)\"}[5m]))"
#define ALL_HTTP "sum(rate(" HTTP "}[5m]))"
#define NGINX "namespace=\"lastfm\",ingress=\"lastfm\",service=\"lastfm\""
#define CONNECT "sum by (service, method) (rate(connect_server_requests_" \
		"duration_seconds{job=\"pyrra\",code=\"ok\"}[5m]))"

static const struct real reals[] = {
	{ "openslo-v1-gosdk-alert-policies.yaml", SPEC_OPENSLO, { { 0 } }, 0,
	  { { 0 } } },
	{ "openslo-v1-gosdk-data-sources.yaml", SPEC_OPENSLO, { { 0 } }, 0,
	  { { 0 } } },
	{ "openslo-v1-gosdk-slis.yaml", SPEC_OPENSLO, { { 0 } }, 0,
	  { { 0 } } },
	{ "openslo-v1-gosdk-slos.yaml", SPEC_OPENSLO,
	  { { "web-availability", "web", 0.995, DAYS(7), SLO_TIMESLICES,
	      "sum(rate(http_requests{k8s_cluster=\"prod\",component=\"web\"}"
	      "[5m])) - sum(rate(http_requests{k8s_cluster=\"prod\","
	      "component=\"web\",code=~\"2xx|4xx\"}[5m]))",
	      "sum(rate(http_requests{k8s_cluster=\"prod\",component=\"web\"}"
	      "[5m]))", NULL, { 0 } } }, 0, { { 0 } } },
	{ "openslo-v1-occurrences-threshold.yaml", SPEC_OPENSLO,
	  { { "search-slo", "web-shop", 0.99, DAYS(14), SLO_OCCURRENCES, NULL,
	      NULL, NULL, { "line 17: source type Any cannot be asked" } } },
	  0, { { 17, "source type Any" } } },
	{ "openslo-v1-ratio-timeslices.yaml", SPEC_OPENSLO,
	  { { "main-page", "web-shop", 0.99, DAYS(14), SLO_RATIO_TIMESLICES,
	      NULL, NULL, NULL, { ANY18, ANY23 } } },
	  0, { { 18, "source type Any" }, { 23, "source type Any" } } },
	/* A contract by months that says minutes. */
	{ "openslo-v1-timeslices.yaml", SPEC_OPENSLO,
	  { { "service-availability-internal-objective", "web-availability",
	      0.995, 60000, SLO_TIMESLICES, NULL, NULL, NULL,
	      { ANY18, ANY23, NOCALENDAR } },
	    { "service-availability-sla", "web-availability", 0.99, 60000,
	      SLO_TIMESLICES, NULL, NULL, NULL,
	      { ANY18, ANY23, NOCALENDAR } } },
	  0, { { 18, "source type Any" }, { 23, "source type Any" },
	       { 27, "1m is 1 minute; 1 month would be 1M" },
	       { 30, "a calendar window has days" } } },
	{ "openslo-v1alpha-getting-started.yml", SPEC_OPENSLO,
	  { { "sloth-slo-my-service", "my-service", 0.999, DAYS(30),
	      SLO_OCCURRENCES, ALL_HTTP " - sum(rate(" HTTP ",code!~\"(5..|"
	      "429)\"}[5m]))", ALL_HTTP, NULL, { 0 } } }, 0, { { 0 } } },
	{ "openslo-v2alpha-gosdk-slos.yaml", SPEC_OPENSLO,
	  { { "foo-slo", "foo", 0.98, DAYS(30), SLO_OCCURRENCES, NULL, NULL,
	      NULL, { NOSOURCE("14"), NOSOURCE("18") } },
	    { "bar-slo", "bar", 0, DAYS(30), SLO_OCCURRENCES, NULL, NULL, NULL,
	      { "line 37: source type redshift cannot be asked",
		"line 29: there are no objectives" } } },
	  0, { { 6, "no timeWindow" }, { 14, "datadog-datasource" },
	       { 18, "datadog-datasource" }, { 29, "no timeWindow" },
	       { 29, "no objectives" }, { 37, "redshift" } } },
	{ "pyrra-apiserver-read-resource-latency.yaml", SPEC_PYRRA,
	  { { "apiserver-read-resource-latency", NULL, 0.99, DAYS(14),
	      SLO_OCCURRENCES,
	      "sum(rate(apiserver_request_sli_duration_seconds_count{"
	      "verb=~\"LIST|GET\"}[5m])) - sum(rate(apiserver_request_sli_"
	      "duration_seconds_bucket{verb=~\"LIST|GET\",le=\"0.1\"}[5m]))",
	      "sum(rate(apiserver_request_sli_duration_seconds_count{"
	      "verb=~\"LIST|GET\"}[5m]))", NULL, { 0 } } }, 0, { { 0 } } },
	{ "pyrra-caddy-latency.yaml", SPEC_PYRRA,
	  { { "caddy-response-latency", "caddy", 0.9, DAYS(28),
	      SLO_OCCURRENCES,
	      "sum(rate(caddy_http_response_duration_seconds_count{job="
	      "\"caddy\",handler=\"subroute\",code!~\"5..\"}[5m])) - sum("
	      "rate(caddy_http_response_duration_seconds_bucket{job="
	      "\"caddy\",handler=\"subroute\",code!~\"5..\",le=\"0.05\"}"
	      "[5m]))",
	      "sum(rate(caddy_http_response_duration_seconds_count{job="
	      "\"caddy\",handler=\"subroute\",code!~\"5..\"}[5m]))", NULL,
	      { 0 } } }, 0, { { 0 } } },
	{ "pyrra-connect-latency-native.yaml", SPEC_PYRRA,
	  { { "pyrra-connect-latency", "pyrra", 0.99, DAYS(14),
	      SLO_OCCURRENCES,
	      "(1 - histogram_fraction(0, 0.2, " CONNECT ")) * "
	      "histogram_count(" CONNECT ")", "histogram_count(" CONNECT ")",
	      NULL, { 0 } } }, 0, { { 0 } } },
	/* Its author meant all requests: 1 s for 90 % of them. */
	{ "pyrra-nginx-two-docs.yaml", SPEC_PYRRA,
	  { { "nginx-api-errors", NULL, 0.999, DAYS(28), SLO_OCCURRENCES,
	      "sum(rate(nginx_ingress_controller_requests{" NGINX ",status=~"
	      "\"5..\"}[5m]))",
	      "sum(rate(nginx_ingress_controller_requests{" NGINX "}[5m]))",
	      NULL, { 0 } },
	    { "nginx-api-latency", NULL, 0.9, DAYS(28), SLO_OCCURRENCES,
	      "sum(rate(nginx_ingress_controller_request_duration_seconds_"
	      "count{" NGINX "}[5m])) - sum(rate(nginx_ingress_controller_"
	      "request_duration_seconds_bucket{" NGINX ",status=~\"5..\","
	      "le=\"1\"}[5m]))",
	      "sum(rate(nginx_ingress_controller_request_duration_seconds_"
	      "count{" NGINX "}[5m]))", NULL, { 0 } } },
	  0, { { 31, "success has status=~\"5..\" and total has not" } } },
	{ "pyrra-probe-success-boolgauge.yaml", SPEC_PYRRA,
	  { { "prometheus-blackbox-probe-success", NULL, 0.99, DAYS(7),
	      SLO_OCCURRENCES,
	      "sum by (target) (count_over_time(probe_success[5m]) - "
	      "sum_over_time(probe_success[5m]))",
	      "sum by (target) (count_over_time(probe_success[5m]))", NULL,
	      { 0 } } }, 0, { { 0 } } },
	{ "pyrra-prometheus-http-ratio-grouping.yaml", SPEC_PYRRA,
	  { { "prometheus-api-query", NULL, 0.99, DAYS(7), SLO_OCCURRENCES,
	      "sum by (handler) (rate(prometheus_http_requests_total{"
	      "handler=~\"/api.*\",code=~\"5..\"}[5m]))",
	      "sum by (handler) (rate(prometheus_http_requests_total{"
	      "handler=~\"/api.*\"}[5m]))", NULL, { 0 } } }, 0, { { 0 } } },
	/* A correction is recorded for the windows of alerts and not for the
	 * period, where the query would find no errors at all. */
	{ "sloth-GENERATED-denominator-corrected-rules.yaml", SPEC_RULES,
	  { { "svc01-slo1", "svc01", 0.999, DAYS(30), SLO_OCCURRENCES,
	      "slo:numerator_correction:ratio5m{sloth_id=\"svc01-slo1\", "
	      "sloth_service=\"svc01\", sloth_slo=\"slo1\"} * on() " BAD_HTTP,
	      ALL_HTTP, NULL,
	      { "line 18: its errors are what other rules record for some "
		"windows only, so no budget follows from them" } } },
	  2, { { 18, "what other rules record" } } },
	{ "sloth-GENERATED-getting-started-rules.yml", SPEC_RULES,
	  { { "myservice-requests-availability", "myservice", 0.999, DAYS(30),
	      SLO_OCCURRENCES, BAD_HTTP, ALL_HTTP, NULL, { 0 } } }, 2,
	  { { 0 } } },
	{ "sloth-alertwindows-7d.yaml", SPEC_SLOTH, { { 0 } }, 0, { { 0 } } },
	{ "sloth-getting-started.yml", SPEC_SLOTH,
	  { { "myservice-requests-availability", "myservice", 0.999, DAYS(30),
	      SLO_OCCURRENCES, BAD_HTTP, ALL_HTTP, NULL, { 0 } } }, 0,
	  { { 0 } } },
	{ "sloth-home-wifi.yml", SPEC_SLOTH,
	  { { "home-wifi-good-wifi-client-satisfaction", "home-wifi", 0.95,
	      DAYS(30), SLO_OCCURRENCES,
	      "sum_over_time((count(unifipoller_client_satisfaction_ratio < "
	      "0.75))[5m:]) OR on() vector(0)",
	      "sum_over_time((count(unifipoller_client_satisfaction_ratio))"
	      "[5m:])", NULL, { 0 } },
	    { "home-wifi-risk-wifi-client-satisfaction", "home-wifi", 0.999,
	      DAYS(30), SLO_OCCURRENCES,
	      "sum_over_time((count(unifipoller_client_satisfaction_ratio < "
	      "0.5))[5m:]) OR on() vector(0)",
	      "sum_over_time((count(unifipoller_client_satisfaction_ratio))"
	      "[5m:])", NULL, { 0 } } }, 0, { { 0 } } },
	{ "sloth-k8s-getting-started.yml", SPEC_SLOTH,
	  { { "myservice-requests-availability", "myservice", 0.999, DAYS(30),
	      SLO_OCCURRENCES, BAD_HTTP, ALL_HTTP, NULL, { 0 } } }, 0,
	  { { 0 } } },
	{ "sloth-kubernetes-apiserver.yml", SPEC_SLOTH,
	  { { "k8s-apiserver-requests-availability", "k8s-apiserver", 0.999,
	      DAYS(30), SLO_OCCURRENCES,
	      "sum(rate(apiserver_request_total{code=~\"(5..|429)\"}[5m]))",
	      "sum(rate(apiserver_request_total[5m]))", NULL, { 0 } },
	    { "k8s-apiserver-requests-latency", "k8s-apiserver", 0.99,
	      DAYS(30), SLO_OCCURRENCES,
	      "( sum(rate(apiserver_request_duration_seconds_count{verb!="
	      "\"WATCH\"}[5m])) - sum(rate(apiserver_request_duration_"
	      "seconds_bucket{le=\"0.4\",verb!=\"WATCH\"}[5m])) )",
	      "sum(rate(apiserver_request_duration_seconds_count{verb!="
	      "\"WATCH\"}[5m]))", NULL, { 0 } } }, 0, { { 0 } } },
	{ "sloth-multifile.yml", SPEC_SLOTH,
	  { { "myservice-requests-availability", "myservice", 0.999, DAYS(30),
	      SLO_OCCURRENCES, BAD_HTTP, ALL_HTTP, NULL, { 0 } },
	    { "myservice2-requests-availability", "myservice2", 0.9999,
	      DAYS(30), SLO_OCCURRENCES, BAD_HTTP, ALL_HTTP, NULL, { 0 } } },
	  0, { { 0 } } },
	{ "sloth-plugin-getting-started.yml", SPEC_SLOTH,
	  { { "myservice-requests-availability", "myservice", 0.999, DAYS(30),
	      SLO_OCCURRENCES, NULL, NULL, NULL,
	      { "line 14: the SLI plugin 'getting_started_availability' is a "
		"program that only Sloth runs; write its queries as events"
	      } } },
	  0, { { 14, "getting_started_availability" } } },
	{ "sloth-raw-home-wifi.yml", SPEC_SLOTH,
	  { { "home-wifi-wifi-client-satisfaction", "home-wifi", 0.95,
	      DAYS(30), SLO_OCCURRENCES, NULL, NULL,
	      "1 - ( sum(sum_over_time(unifipoller_client_satisfaction_ratio"
	      "[5m])) / sum(count_over_time(unifipoller_client_satisfaction_"
	      "ratio[5m])) )", { 0 } } }, 0, { { 0 } } },
	/* Prometheus does not know the function; who has VictoriaMetrics may
	 * ask it all the same. */
	{ "sloth-victoria-metrics.yml", SPEC_SLOTH,
	  { { "foo-bar-grpc-latency-percentile-90", "foo-bar", 0.9, DAYS(30),
	      SLO_OCCURRENCES,
	      "1 - histogram_share(0.2, sum by (vmrange) (rate(requests_"
	      "duration_seconds_bucket{container_name=\"foo-bar-grpc\", "
	      "agent_dc=\"dc_sl\"}[5m])))", "vector(1)[5m]", NULL, { 0 } },
	    { "foo-bar-grpc-latency-percentile-99", "foo-bar", 0.99, DAYS(30),
	      SLO_OCCURRENCES,
	      "1 - histogram_share(0.4, sum by (vmrange) (rate(requests_"
	      "duration_seconds_bucket{container_name=\"foo-bar-grpc\", "
	      "agent_dc=\"dc_sl\"}[5m])))", "vector(1)[5m]", NULL, { 0 } } },
	  0, { { 27, "histogram_share() is MetricsQL" },
	       { 44, "histogram_share() is MetricsQL" } } },
};

static struct spec *load(const char *name)
{
	char path[200];
	struct document d;
	struct err e;
	snprintf(path, sizeof(path), DATA "%s", name);
	if (document_load(&d, path, &e) < 0)
		fail_msg("%s", e.text);
	struct spec *s = spec_read(&d, spec_kind_of(&d));
	document_release(&d);
	return s;
}

static void same_text(const char *file, const char *what, const char *have,
		      const char *want)
{
	if (!have != !want || (have && strcmp(have, want) != 0))
		fail_msg("%s: %s is '%s', not '%s'", file, what,
			 have ? have : "nothing", want ? want : "nothing");
}

static void same_query(struct spec *s, const char *file, const char *have,
		       const char *want)
{
	same_text(file, "a query",
		  dashfile_windowed(have, "5m", &s->arena), want);
}

static void same_slo(struct spec *s, const char *file,
		     const struct spec_slo *x, const struct meant *m)
{
	size_t n = 0;
	same_text(file, "id", x->def.id, m->id);
	same_text(file, "service", x->def.service, m->service);
	if (fabs(x->def.objective - m->objective) > 1e-12)
		fail_msg("%s: objective %.17g", file, x->def.objective);
	if (x->def.period != m->period || x->def.method != m->method)
		fail_msg("%s: period or method of %s", file, m->id);
	same_query(s, file, x->def.errors, m->errors);
	same_query(s, file, x->def.total, m->total);
	same_query(s, file, x->def.ratio, m->ratio);
	for (; n < COUNT(m->reason) && m->reason[n]; n++)
		same_text(file, "a reason", n < x->nr_unsupported
			  ? x->unsupported[n] : NULL, m->reason[n]);
	if (x->nr_unsupported != n)
		fail_msg("%s: and %s", file, x->unsupported[n]);
}

static void the_file_of_a_team_means_something_else(void **state)
{
	(void)state;
	assert_int_equal(COUNT(reals), 26);
	for (size_t i = 0; i < COUNT(reals); i++) {
		const struct real *w = &reals[i];
		struct spec *s = load(w->file);
		size_t nr = 0;
		assert_int_equal(s->kind, w->kind);
		assert_int_equal(s->nr_thresholds, w->alerts);
		for (; nr < COUNT(w->slo) && w->slo[nr].id; nr++)
			if (nr < s->nr_slos)
				same_slo(s, w->file, &s->slo[nr], &w->slo[nr]);
		if (s->nr_slos != nr)
			fail_msg("%s: %zu objectives", w->file, s->nr_slos);
		spec_free(s);
	}
}

static void a_real_file_is_blamed_for_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reals); i++) {
		const struct real *w = &reals[i];
		struct spec *s = load(w->file);
		size_t n = 0;
		assert_int_equal(s->errors, 0);
		for (; n < COUNT(w->said) && w->said[n].line; n++)
			if (n >= s->nr_problems ||
			    s->problem[n].line != w->said[n].line ||
			    !strstr(s->problem[n].text, w->said[n].text))
				fail_msg("%s:%d: '%s' is not said, but '%s'",
					 w->file, w->said[n].line,
					 w->said[n].text, n < s->nr_problems
					 ? s->problem[n].text : "nothing");
		if (s->nr_problems != n)
			fail_msg("%s:%d: and %s", w->file, s->problem[n].line,
				 s->problem[n].text);
		spec_free(s);
	}
}

/* ---- mistakes ---------------------------------------------------------- */

static struct spec *read_text(const char *text)
{
	struct document d;
	struct err e;
	if (document_parse(&d, "f", text, strlen(text), &e) < 0)
		fail_msg("%s: %s", text, e.text);
	struct spec *s = spec_read(&d, spec_kind_of(&d));
	document_release(&d);
	return s;
}

#define SLOTH "version: prometheus/v1\nservice: api\nslos:\n"
#define EVENTS(bad, all) "- name: up\n  objective: 99\n  sli: {events: {" \
	"error_query: '" bad "',\n    total_query: '" all "'}}\n"
#define PYRRA "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n" \
	"metadata: {name: api}\nspec:\n  target: '99'\n  window: 4w\n" \
	"  indicator:\n"
#define OPENSLO_HEAD(version) "apiVersion: openslo/" version "\nkind: SLO\n" \
	"metadata: {name: api}\nspec:\n  service: api\n"
#define WEEKS "  timeWindow: [{duration: 4w, isRolling: true}]\n"
#define SOURCE(q) "{metricSource: {type: prometheus, spec: {query: '" q "'}}}"
#define RATIO(counter, good, all) "  indicator: {spec: {ratioMetric: {" \
	"counter: " counter ",\n    good: " SOURCE(good) ",\n    total: " \
	SOURCE(all) "}}}\n"
#define TARGET "  objectives: [{target: 0.99}]\n"
#define OPENSLO(counter, good, all) OPENSLO_HEAD("v1") WEEKS \
	RATIO(counter, good, all) TARGET
#define RULES "groups:\n- name: g\n  rules:\n"

static const struct mistake {
	const char *text;
	int line;
	bool error;
	const char *sentence;
} mistakes[] = {
	/* Sloth */
	{ SLOTH EVENTS("rate(a[{{.window}}])", "rate(b[5m])"), 7, false,
	  "total_query without {{.window}}" },
	{ "version: prometheus/v1\nslos:\n" EVENTS("a[{{.window}}]",
	  "b[{{.window}}]"), 1, true, "'service' is missing" },
	{ "version: prometheus/v1\nservice: -x\nslos: [{name: a}]", 2, true,
	  "service '-x': Sloth takes letters" },
	{ "version: prometheus/v1\nservice: x\nslos: []", 3, true,
	  "'slos' is missing" },
	{ "version: prometheus/v1\nservice: api\nsols: []\n", 3, false,
	  "unknown key 'sols' in a Sloth file, did you mean 'slos'?" },
	{ SLOTH "- {name: up, objective: 99}", 4, true,
	  "'sli' needs events" },
	{ SLOTH "- name: up\n  sli: {raw: {error_ratio_query: "
	  "'a[{{.window}}]'}}", 4, true, "'objective' is missing" },
	{ SLOTH "- name: up\n  objective: 120\n  sli: {raw: "
	  "{error_ratio_query: 'a[{{.window}}]'}}", 5, true,
	  "objective '120': expected a percentage" },
	{ SLOTH "- name: up\n  objective: 0.999\n  sli: {raw: "
	  "{error_ratio_query: 'a[{{.window}}]'}}", 5, false,
	  "objective 0.999 is 0.999 %" },
	{ SLOTH "- name: up\n  objective: 100\n  sli: {raw: "
	  "{error_ratio_query: 'a[{{.window}}]'}}", 5, false,
	  "100 % leaves no budget" },
	{ SLOTH "- name: up\n  objective: 99\n  sli: {events: "
	  "{errorQuery: 'a[{{.window}}]',\n    total_query: "
	  "'b[{{.window}}]'}}", 6, false, "did you mean 'error_query'?" },
	{ SLOTH "- name: up\n  objective: 99\n  sli: {events: "
	  "{total_query: 'b[{{.window}}]'}}", 6, true,
	  "'error_query' is missing" },
	{ SLOTH EVENTS("rate(a{x=\"{{ .Site }}\"}[{{.window}}])",
	  "rate(a[{{.window}}])"), 6, false,
	  "the template '{{ .Site }}" },
	{ SLOTH EVENTS("rate(a[{{.window}}])", "rate(a[{{.window}}])"), 6,
	  false, "error_query and total_query are the same" },
	{ SLOTH EVENTS("rate(a{job=\"x\",code=\"500\"}[{{.window}}])",
	  "rate(a{job=\"y\"}[{{.window}}])"), 6, false,
	  "error_query has job=\"x\" and total_query job=\"y\"" },
	{ SLOTH EVENTS("rate(e{job=\"x\"}[{{.window}}])",
	  "rate(a{job=\"y\"}[{{.window}}])"), 6, false,
	  "error_query has job=\"x\" and total_query job=\"y\"" },
	{ SLOTH EVENTS("rate(a{code=\"500\"}[{{.window}}])",
	  "rate(a{job=\"y\"}[{{.window}}])"), 6, false,
	  "error_query has no job=\"y\" as total_query has" },
	{ SLOTH EVENTS("sum(rate(a_bucket[{{.window}}]))",
	  "sum(rate(b[{{.window}}]))"), 6, false,
	  "'a_bucket' without le counts every bucket" },
	{ SLOTH EVENTS("sum(rate(a_count[{{.window}}])) - "
	  "sum(rate(a_bucket{le=\"100ms\"}[{{.window}}]))",
	  "sum(rate(a_count[{{.window}}]))"), 6, false,
	  "le=\"100ms\" is no number" },
	{ SLOTH EVENTS("sum(rate(a_count[{{.window}}])) - "
	  "sum(rate(a_bucket{le=\"1\",code=\"200\"}[{{.window}}]))",
	  "sum(rate(a_count[{{.window}}]))"), 6, false,
	  "the bucket has code=\"200\" and total_query has not" },
	{ SLOTH EVENTS("a[{{.window}}]", "b[{{.window}}]")
	  EVENTS("a[{{.window}}]", "b[{{.window}}]"), 8, true,
	  "objective 'api-up' stands twice; it is also on line 4" },
	{ "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec:\n"
	  "  sloPeriod: 7d\n  page: {quick: {errorBudgetPercent: 8, "
	  "shortWindow: 10m, longWindow: 1h}}", 5, false,
	  "shortWindow 10m is not asked for" },
	{ "apiVersion: sloth.slok.dev/v1\nkind: AlertWindows\nspec: {}", 1,
	  true, "'sloPeriod' is missing" },
	/* Pyrra */
	{ PYRRA "    ratio:\n      errors: {metric: 'rate(a[5m])'}\n"
	  "      total: {metric: a}", 9, true,
	  "rate() is put around it by itself" },
	{ PYRRA "    ratio:\n      errors: {metric: 'a[5m]'}\n"
	  "      total: {metric: a}", 9, true, "the window is put behind it" },
	{ PYRRA "    ratio:\n      errors: {metric: a - b}\n"
	  "      total: {metric: a}", 9, true, "without '-' behind it" },
	{ PYRRA "    ratio:\n      errors: {metric: 'a{code=5}'}\n"
	  "      total: {metric: a}", 9, true, "expected a selector alone" },
	{ PYRRA "    ratio:\n      total: {metric: a}", 9, true,
	  "'errors: metric' is missing" },
	{ PYRRA "    latency:\n      success: {metric: a_bucket}\n"
	  "      total: {metric: a_count}", 9, true,
	  "'a_bucket' without le counts every bucket" },
	{ PYRRA "    latency:\n      success: {metric: 'a_bucket{le=\"1s\"}'}"
	  "\n      total: {metric: a_count}", 9, true, "le=\"1s\": expected a "
	  "bound" },
	{ PYRRA "    latency:\n      success: {metric: 'a_bucket{le=\"1\"}'}"
	  "\n      total: {metric: 'a_count{job=\"x\"}'}", 9, false,
	  "success has no job=\"x\" as total has" },
	{ PYRRA "    latency:\n      success: {metric: 'a_bucket{le=\"1\"}'}"
	  "\n      total: {metric: b_count}", 9, false, "two histograms" },
	{ PYRRA "    latncy: {}", 8, false, "did you mean 'latency'?" },
	{ PYRRA "    latencyNative: {latency: fast, total: {metric: a}}", 8,
	  true, "'latency' is no duration" },
	{ "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\n"
	  "metadata: {name: a}\nspec:\n  target: '99'\n  window: month\n"
	  "  indicator: {bool_gauge: {metric: up}}", 6, true,
	  "'window' is no duration; write window: 4w" },
	/* OpenSLO */
	{ OPENSLO("true", "sum(a) / 2", "sum(b)"), 8, false,
	  "the rate cannot be put inside it" },
	{ OPENSLO("true", "sum(rate(a[5m]))", "sum(b)"), 8, false,
	  "has a window of its own" },
	{ OPENSLO("false", "sum(a)", "sum(b)"), 8, false,
	  "has no {{.window}} and counter is not true" },
	{ OPENSLO("true", "sum(a)", "sum(a)"), 8, false,
	  "good and total are the same" },
	{ OPENSLO_HEAD("v1") WEEKS "  indicatorRef: other\n" TARGET, 7, false,
	  "SLI 'other' is not in this file" },
	{ OPENSLO_HEAD("v1") WEEKS "  indicator: {spec: {thresholdMetric: "
	  SOURCE("a") "}}\n" TARGET, 7, false, "counts no events" },
	{ OPENSLO_HEAD("v1") WEEKS RATIO("true", "a{x=\"1\"}", "a")
	  "  objectives:\n  - {target: 99.9}", 11, true,
	  "99.9 is a targetPercent" },
	{ OPENSLO_HEAD("v1") WEEKS RATIO("true", "a{x=\"1\"}", "a")
	  "  objectives:\n  - {target: 0.9, compositeWeight: 1}", 11, false,
	  "a composite of several indicators" },
	{ OPENSLO_HEAD("v1") WEEKS RATIO("true", "a{x=\"1\"}", "a"), 5, true,
	  "'objectives' is missing" },
	{ OPENSLO_HEAD("v1") "  timeWindow:\n  - {duration: 4 weeks}\n"
	  RATIO("true", "a{x=\"1\"}", "a") TARGET, 7, true,
	  "expected a duration as in 28d or 1M" },
	{ OPENSLO_HEAD("v1") "  timeWindow:\n  - {duration: 1M, isRolling: "
	  "false}\n" RATIO("true", "a{x=\"1\"}", "a") TARGET, 7, true,
	  "needs calendar" },
	{ "apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec:\n"
	  "  budgetingMethod: Seldom\n" WEEKS TARGET, 5, true,
	  "budgetingMethod 'Seldom' is none of" },
	/* rules */
	{ RULES "  - {alert: a, record: b, expr: up}", 4, true,
	  "record and alert" },
	{ RULES "  - {expr: up}", 4, true, "neither record nor alert" },
	{ RULES "  - {alert: a}", 4, true, "'expr' is missing" },
	{ RULES "  - {alert: a, expr: up, for: long}", 4, true,
	  "for 'long': expected a duration" },
	{ RULES "  - {alert: a, expr: up, fro: 5m}", 4, false,
	  "unknown key 'fro' in a rule, did you mean 'for'?" },
	{ RULES "  - {alert: a, expr: 'up{job=\"{{ .Job }}\"} == 0'}", 4,
	  false, "alert 'a' cannot be evaluated" },
	{ "groups: 3", 1, true, "'groups' is missing" },
	/* and between them */
	{ SLOTH EVENTS("a[{{.window}}]", "b[{{.window}}]") "---\ngroups: []",
	  9, false, "this belongs to a rules file" },
};

static void a_mistake_is_told_elsewhere_or_not_at_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		struct spec *s = read_text(m->text);
		bool found = false;
		for (size_t k = 0; k < s->nr_problems; k++)
			found = found || (s->problem[k].line == m->line &&
					  s->problem[k].error == m->error &&
					  strstr(s->problem[k].text,
						 m->sentence));
		for (size_t k = 0; !found && k < s->nr_problems; k++)
			print_message("f:%d: %d %s\n", s->problem[k].line,
				      s->problem[k].error, s->problem[k].text);
		if (!found)
			fail_msg("%d: '%s' is not said of\n%s", m->line,
				 m->sentence, m->text);
		spec_free(s);
	}
}

static void a_good_file_is_doubted(void **state)
{
	static const char *const good[] = {
		/* Errors have a metric of their own, or more labels, or a
		 * narrower value than the total's. */
		SLOTH EVENTS("rate(errors_total[{{.window}}])",
			     "rate(a{code!=\"404\"}[{{.window}}])"),
		SLOTH EVENTS("rate(a{job=\"x\",code=\"500\"}[{{ .window }}])",
			     "rate(a{job=\"x\",code=~\"2..|5..\"}"
			     "[{{.window}}])"),
		SLOTH EVENTS("rate(a{job=~\"x|y\",c=\"5\"}[{{- .window -}}])",
			     "rate(a{job=\"x\"}[{{.window}}])"),
		SLOTH EVENTS("rate(a{c=\"5\"}[{{.window}}])",
			     "rate(a{job=~\".+\"}[{{.window}}])"),
		SLOTH EVENTS("sum(rate(a{c=\"5\"}[{{.window}}])) or "
			     "0 * sum(rate(a[{{.window}}]))",
			     "sum(rate(a[{{.window}}]))"),
		SLOTH EVENTS("1 - histogram_fraction(0, 1, sum by (le) "
			     "(rate(a_bucket[{{.window}}])))",
			     "sum(rate(b[{{.window}}]))"),
		PYRRA "    ratio:\n      success: {metric: 'a{code=\"200\"}'}"
		"\n      total: {metric: a}",
		PYRRA "    ratio: {errors: {metric: '{\"a.b\",c=\"5\"}'}, "
		"total: {metric: '{\"a.b\"}'}}",
		OPENSLO("true", "sum by (x) (a{c=\"2\"})", "sum(a) by (x)"),
		OPENSLO("false", "sum(rate(a{c=\"2\"}[{{.window}}]))",
			"sum(rate(a[{{.window}}]))"),
		RULES "  - {alert: a, expr: up == 0, for: 0m, annotations: "
		"{summary: '{{ $labels.job }} is down'}}",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct spec *s = read_text(good[i]);
		if (s->nr_problems)
			fail_msg("f:%d: %s\n%s", s->problem[0].line,
				 s->problem[0].text, good[i]);
		assert_int_equal(s->nr_slos + s->nr_thresholds, 1);
		for (size_t k = 0; k < s->nr_slos; k++)
			assert_int_equal(s->slo[k].nr_unsupported, 0);
		spec_free(s);
	}
}

/* ---- queries ----------------------------------------------------------- */

static void asks(const char *text, const char *errors, const char *total)
{
	struct spec *s = read_text(text);
	assert_int_equal(s->nr_slos, 1);
	same_text(text, "errors", s->slo[0].def.errors, errors);
	same_text(text, "total", s->slo[0].def.total, total);
	spec_free(s);
}

static void a_sum_of_counters_hides_their_resets(void **state)
{
	(void)state;
	asks(OPENSLO("true", "sum by (x) (a{c=\"2\"})", "sum(a) by (x)"),
	     "sum(rate(a[$window])) by (x) - sum by (x) "
	     "(rate(a{c=\"2\"}[$window]))", "sum(rate(a[$window])) by (x)");
	asks(OPENSLO("true", "a{c=\"2\"}", "sum without(i)(a)"),
	     "sum without(i)(rate(a[$window])) - "
	     "sum(rate(a{c=\"2\"}[$window]))",
	     "sum without(i)(rate(a[$window]))");
	/* What has its rate is left as it is. */
	asks(OPENSLO("true", "sum(increase(a{c=\"2\"}[$window]))",
		     "sum(increase(a[{{.window}}])) + 1"),
	     "(sum(increase(a[$window])) + 1) - "
	     "sum(increase(a{c=\"2\"}[$window]))",
	     "sum(increase(a[$window])) + 1");
}

static void a_ratio_is_that_of_the_good_ones(void **state)
{
	static const struct { const char *type, *ratio; } rows[] = {
		{ "success", "1 - (avg_over_time(r[$window]))" },
		{ "failure", "avg_over_time(r[$window])" },
	};
	char text[600];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), OPENSLO_HEAD("v1") WEEKS
			 "  indicator: {spec: {ratioMetric: {rawType: %s, raw: "
			 SOURCE("avg_over_time(r[{{.window}}])") "}}}\n"
			 TARGET, rows[i].type);
		struct spec *s = read_text(text);
		assert_int_equal(s->slo[0].nr_unsupported, 0);
		same_text(text, "ratio", s->slo[0].def.ratio, rows[i].ratio);
		spec_free(s);
	}
}

static void bad_requests_are_subtracted_once_more(void **state)
{
	(void)state;
	asks(OPENSLO_HEAD("v1") WEEKS "  indicator: {spec: {ratioMetric: {"
	     "counter: true, bad: " SOURCE("sum(a{c=\"5\"})") ", total: "
	     SOURCE("sum(a)") "}}}\n" TARGET,
	     "sum(rate(a{c=\"5\"}[$window]))", "sum(rate(a[$window]))");
	asks(PYRRA "    ratio: {success: {metric: ok}, total: {metric: a}}",
	     "sum(rate(a[$window])) - sum(rate(ok[$window]))",
	     "sum(rate(a[$window]))");
	asks(PYRRA "    ratio: {errors: {metric: e}, success: {metric: ok}}",
	     "sum(rate(e[$window]))",
	     "sum(rate(e[$window])) + sum(rate(ok[$window]))");
}

static void a_query_changes_where_its_line_ends(void **state)
{
	(void)state;
	asks(SLOTH "- name: up\n  objective: 99\n  sli:\n    events:\n"
	     "      error_query: |\n        # what failed\n"
	     "        sum(  rate(a{p=\"#  x\"}[{{ .window}}])) # all\n\n"
	     "          or\n        vector(0)\n      total_query: \" "
	     "rate(a[{{.window }}]) \"\n",
	     "sum(  rate(a{p=\"#  x\"}[$window])) or vector(0)",
	     "rate(a[$window])");
}

static void an_indicator_of_the_same_file_is_not_found(void **state)
{
	(void)state;
	asks("- apiVersion: openslo/v1\n  kind: SLO\n  metadata: {name: a}\n"
	     "  spec:\n    service: s\n    indicatorRef: i\n    timeWindow: "
	     "[{duration: 4w}]\n    objectives: [{targetPercent: 99}]\n"
	     "- apiVersion: openslo/v1\n  kind: SLI\n  metadata: {name: i}\n"
	     "  spec: {ratioMetric: {counter: true, good: {metricSource: "
	     "{metricSourceRef: m, spec: {query: ok}}}, total: "
	     "{metricSource: {metricSourceRef: m, spec: {query: a}}}}}\n"
	     "- apiVersion: openslo/v1\n  kind: DataSource\n  metadata: "
	     "{name: m}\n  spec: {type: Thanos}\n",
	     "sum(rate(a[$window])) - sum(rate(ok[$window]))",
	     "sum(rate(a[$window]))");
}

/* ---- what is recorded, and how it is judged ---------------------------- */

static void same_names(const char *const *have, const char *want)
{
	char all[300] = "";
	for (size_t i = 0; have && have[i]; i++) {
		strcat(all, i ? " " : "");
		strcat(all, have[i]);
	}
	assert_string_equal(all, want);
}

static void what_the_server_has_recorded_is_not_found(void **state)
{
	(void)state;
	struct spec *s = load("sloth-kubernetes-apiserver.yml");
	const struct slo_def *d = &s->slo[1].def;
	assert_string_equal(d->recorded, "slo:sli_error:ratio_rate$window"
			    "{sloth_id=\"k8s-apiserver-requests-latency\"}");
	same_names(d->own_labels, "cluster component category sloth_id "
		   "sloth_service sloth_slo sloth_window");
	assert_true(d->latency == 0.4);
	assert_true(s->slo[0].def.latency == 0);
	assert_string_equal(d->where, DATA "sloth-kubernetes-apiserver.yml:48");
	assert_non_null(strstr(d->runbook, "kubeapilatencyhigh"));
	spec_free(s);
	s = load("pyrra-prometheus-http-ratio-grouping.yaml");
	d = &s->slo[0].def;
	assert_string_equal(d->recorded, "prometheus_http_requests:burnrate"
			    "$window{slo=\"prometheus-api-query\"}");
	same_names(d->group, "handler");
	same_names(d->own_labels, "slo");
	spec_free(s);
	s = load("pyrra-caddy-latency.yaml");
	d = &s->slo[0].def;
	assert_string_equal(d->recorded, "caddy_http_response_duration_seconds"
			    ":burnrate$window{slo=\"caddy-response-latency\"}");
	same_names(d->own_labels, "slo job handler");
	assert_true(d->latency == 0.05);
	assert_null(d->group);
	spec_free(s);
	/* What is grouped by tells rows apart, also where it is one value. */
	s = read_text("apiVersion: pyrra.dev/v1alpha1\n"
		      "kind: ServiceLevelObjective\nmetadata: {name: a, "
		      "labels: {role: x, pyrra.dev/team: t}}\nspec:\n"
		      "  target: '99'\n  window: 4w\n  indicator: {ratio: {"
		      "errors: {metric: e}, total: {metric: 'a_total{job="
		      "\"j\",env=\"p\",c!=\"1\"}'}, grouping: [job]}}\n");
	d = &s->slo[0].def;
	assert_int_equal(s->nr_problems, 0);
	same_names(d->own_labels, "slo team env");
	same_names(d->group, "job");
	assert_string_equal(d->service, "j");
	assert_string_equal(d->recorded, "a:burnrate$window{slo=\"a\"}");
	spec_free(s);
	s = load("sloth-GENERATED-getting-started-rules.yml");
	d = &s->slo[0].def;
	assert_string_equal(d->recorded, "slo:sli_error:ratio_rate$window"
			    "{sloth_id=\"myservice-requests-availability\"}");
	same_names(d->own_labels, "cmd owner repo sloth_id sloth_service "
		   "sloth_slo sloth_window tier");
	assert_int_equal(s->nr_recordings, 15);
	spec_free(s);
}

static void what_is_counted_is_shown_per_second(void **state)
{
	static const struct { const char *file; bool counts; } rows[] = {
		{ "pyrra-probe-success-boolgauge.yaml", true },
		{ "sloth-home-wifi.yml", true },
		{ "sloth-getting-started.yml", false },
		{ "pyrra-connect-latency-native.yaml", false },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct spec *s = load(rows[i].file);
		assert_int_equal(s->slo[0].def.counts, rows[i].counts);
		spec_free(s);
	}
}

#define WINDOWS "---\napiVersion: sloth.slok.dev/v1\nkind: AlertWindows\n" \
	"spec:\n  sloPeriod: 7d\n  page:\n    quick: {errorBudgetPercent: 8," \
	" shortWindow: 5m, longWindow: 1h}\n    slow: {errorBudgetPercent: " \
	"12.5, shortWindow: %s, longWindow: 6h}\n  ticket:\n    quick: " \
	"{errorBudgetPercent: 20, shortWindow: 2h, longWindow: 1d}\n    slow:" \
	" {errorBudgetPercent: 42, shortWindow: 6h, longWindow: 3d}\n"

static void a_team_is_paged_by_other_windows_than_its_own(void **state)
{
	char text[2000];
	(void)state;
	snprintf(text, sizeof(text), SLOTH EVENTS("a[{{.window}}]",
		 "b[{{.window}}]") WINDOWS, "30m");
	struct spec *s = read_text(text);
	const struct slo_def *d = &s->slo[0].def;
	static const struct slo_tier_def want[SLO_TIERS] = {
		{ true, SLO_5M, SLO_1H, 0.08 },
		{ true, SLO_30M, SLO_6H, 0.125 },
		{ false, SLO_2H, SLO_1D, 0.2 },
		{ false, SLO_6H, SLO_3D, 0.42 },
	};
	assert_int_equal(s->nr_problems, 0);
	assert_true(d->period == DAYS(7));
	for (size_t i = 0; i < SLO_TIERS; i++) {
		assert_int_equal(d->tier[i].page, want[i].page);
		assert_int_equal(d->tier[i].brief, want[i].brief);
		assert_int_equal(d->tier[i].lasting, want[i].lasting);
		assert_true(d->tier[i].share == want[i].share);
	}
	spec_free(s);
	/* A window that is not asked for is no other one. */
	snprintf(text, sizeof(text), SLOTH EVENTS("a[{{.window}}]",
		 "b[{{.window}}]") WINDOWS, "45m");
	s = read_text(text);
	assert_int_equal(s->errors, 0);
	assert_int_equal(s->slo[0].nr_unsupported, 1);
	assert_non_null(strstr(s->slo[0].unsupported[0], "line 9: the "
			       "AlertWindows"));
	spec_free(s);
}

static void a_month_begins_on_another_day(void **state)
{
	static const struct {
		const char *window;
		time_ms period;
		enum calendar_unit unit;
		int every;
	} rows[] = {
		{ "1M", DAYS(30), CALENDAR_MONTH, 1 },
		{ "2Q", DAYS(180), CALENDAR_QUARTER, 2 },
		{ "1Y", DAYS(365), CALENDAR_YEAR, 1 },
		{ "2w", DAYS(14), CALENDAR_WEEK, 2 },
		{ "1d", DAYS(1), CALENDAR_DAY, 1 },
	};
	char text[900];
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), OPENSLO_HEAD("v1")
			 "  timeWindow: [{duration: %s, isRolling: false, "
			 "calendar: {startTime: 2022-02-01 12:30:15, timeZone: "
			 "America/New_York}}]\n" RATIO("true", "ok", "a")
			 TARGET, rows[i].window);
		struct spec *s = read_text(text);
		const struct slo_def *d = &s->slo[0].def;
		assert_int_equal(s->nr_problems, 0);
		assert_true(d->period == rows[i].period);
		assert_int_equal(d->calendar, rows[i].unit);
		assert_int_equal(d->calendar_every, rows[i].every);
		assert_string_equal(d->zone, "America/New_York");
		/* date -u -d '2022-02-01 12:30:15' +%s */
		assert_true(d->calendar_start == 1643718615000);
		spec_free(s);
	}
}

static void a_rolling_window_waits_for_a_calendar(void **state)
{
	(void)state;
	struct spec *s = load("openslo-v1-gosdk-slos.yaml");
	assert_int_equal(s->slo[0].def.calendar, CALENDAR_WEEK);
	assert_true(s->slo[0].def.slice == 60000);
	assert_true(s->slo[0].def.slice_target == 0.95);
	spec_free(s);
	s = load("openslo-v1alpha-getting-started.yml");
	assert_int_equal(s->slo[0].def.calendar, CALENDAR_NONE);
	assert_null(s->slo[0].def.zone);
	spec_free(s);
}

static void two_objectives_have_one_name(void **state)
{
	static const char *const ids[] = { "api-sla-99", "api-2",
					   "api-sla-99-3", NULL };
	(void)state;
	struct spec *s = read_text(
		OPENSLO_HEAD("v1") WEEKS RATIO("true", "ok", "a")
		"  objectives:\n  - {displayName: ' SLA: 99 ', target: 0.99}\n"
		"  - {target: 0.9}\n  - {displayName: sla 99, target: 0.8}\n");
	assert_int_equal(s->errors, 0);
	assert_int_equal(s->nr_slos, 3);
	for (size_t i = 0; ids[i]; i++)
		assert_string_equal(s->slo[i].def.id, ids[i]);
	spec_free(s);
}

/* ---- alerts ------------------------------------------------------------ */

static void an_alert_of_prometheus_is_another_here(void **state)
{
	(void)state;
	struct spec *s = read_text(
		"groups:\n- name: g\n  interval: 15s\n  rules:\n"
		"  - record: a\n    expr: b\n"
		"  - alert: Full\n    expr: |\n      disk_used\n"
		"      / disk_size > 0.9\n    for: 1h30m\n"
		"    keep_firing_for: 5m\n    labels: {severity: PAGE, "
		"service: shop}\n    annotations:\n      summary: the disk\n"
		"      runbook_url: http://r\n"
		"  - {alert: Down, expr: up == 0, labels: {severity: info, "
		"job: '{{ $labels.job }}'}}\n");
	const struct threshold_def *t = s->threshold;
	assert_int_equal(s->nr_problems, 0);
	assert_int_equal(s->nr_thresholds, 2);
	assert_int_equal(s->nr_recordings, 1);
	assert_string_equal(t->id, "Full");
	assert_string_equal(t->query, "disk_used / disk_size > 0.9");
	assert_true(t->alert && t->period == 15000);
	assert_true(t->hold == 5400000 && t->keep == 300000);
	assert_true(t->critical.given && !t->warning.given);
	assert_true(isnan(t->critical.above) && isnan(t->critical.below));
	assert_string_equal(t->service, "shop");
	assert_string_equal(t->what, "the disk");
	assert_string_equal(t->runbook, "http://r");
	assert_string_equal(t->where, "f:7");
	t++;
	assert_true(t->warning.given && !t->critical.given);
	assert_true(t->hold == 0 && t->keep == 0 && isnan(t->clear));
	assert_null(t->service);
	assert_int_equal(t->m, 1);
	assert_int_equal(t->n, 1);
	spec_free(s);
}

static void two_alerts_have_one_name(void **state)
{
	(void)state;
	struct spec *s = load("sloth-GENERATED-getting-started-rules.yml");
	assert_string_equal(s->threshold[0].id, "MyServiceHighErrorRate-page");
	assert_true(s->threshold[0].critical.given);
	assert_true(s->threshold[0].period == 60000);
	assert_string_equal(s->threshold[0].service, "myservice");
	assert_string_equal(s->threshold[1].id,
			    "MyServiceHighErrorRate-ticket");
	assert_true(s->threshold[1].warning.given);
	spec_free(s);
	s = read_text(RULES "  - {alert: a, expr: x}\n  - {alert: a, expr: y}\n"
		      "  - {alert: b, expr: z}\n");
	assert_string_equal(s->threshold[0].id, "a-1");
	assert_string_equal(s->threshold[1].id, "a-2");
	assert_string_equal(s->threshold[2].id, "b");
	spec_free(s);
}

static void rules_that_differ_by_window_are_one_query(void **state)
{
	static const char form[] =
		"groups:\n- name: g\n  rules:\n"
		"  - record: slo:objective:ratio\n    expr: vector(0.99)\n"
		"    labels: {sloth_id: a-b}\n"
		"  - record: slo:sli_error:ratio_rate5m\n"
		"    expr: (sum(rate(e[5m]))) / (sum(rate(a[5m])))\n"
		"    labels: {sloth_id: a-b}\n"
		"  - record: slo:sli_error:ratio_rate1h\n"
		"    expr: (sum(rate(%s[1h]))) / (sum(rate(a[1h])))\n"
		"    labels: {sloth_id: a-b}\n";
	char text[800];
	(void)state;
	snprintf(text, sizeof(text), form, "e");
	asks(text, "sum(rate(e[$window]))", "sum(rate(a[$window]))");
	snprintf(text, sizeof(text), form, "other");
	struct spec *s = read_text(text);
	assert_int_equal(s->slo[0].nr_unsupported, 1);
	assert_string_equal(s->slo[0].unsupported[0], "line 8: the rules for "
			    "5m and 1h differ in more than the window");
	spec_free(s);
}

/* ---- anything ---------------------------------------------------------- */

static void what_a_file_is_depends_on_its_order(void **state)
{
	static const struct {
		const char *text;
		enum spec_kind kind;
	} rows[] = {
		{ "a: 1", SPEC_NONE }, { "[1]", SPEC_NONE }, { "", SPEC_NONE },
		{ "sources: []\nslos: []", SPEC_NONE },
		{ "---\n---\nversion: prometheus/v1", SPEC_SLOTH },
		{ "- a: 1\n- apiVersion: openslo/v1", SPEC_OPENSLO },
		{ "apiVersion: openslo.com/v2alpha", SPEC_OPENSLO },
		{ "apiVersion: v1\nkind: List\nitems:\n- apiVersion: "
		  "pyrra.dev/v1alpha1", SPEC_PYRRA },
		{ "apiVersion: monitoring.coreos.com/v1", SPEC_RULES },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct document d;
		assert_int_equal(document_parse(&d, "f", rows[i].text,
						strlen(rows[i].text), NULL),
				 0);
		assert_int_equal(spec_kind_of(&d), rows[i].kind);
		document_release(&d);
	}
	assert_string_equal(spec_kind_name(SPEC_SLOTH), "sloth");
	assert_string_equal(spec_kind_name(SPEC_PYRRA), "pyrra");
	assert_string_equal(spec_kind_name(SPEC_OPENSLO), "openslo");
	assert_string_equal(spec_kind_name(SPEC_RULES), "rules");
	assert_string_equal(spec_kind_name(SPEC_NONE), "redtop");
}

/* A file of a thousand and one: refused, not cut. */
static void a_large_file_is_cut_in_silence(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	buf_str(&b, "groups: [{name: g, rules: [");
	for (int i = 0; i <= 1000; i++)
		buf_printf(&b, "{alert: a%d, expr: x},\n", i);
	buf_str(&b, "]}]");
	struct spec *s = read_text(buf_text(&b));
	assert_int_equal(s->nr_thresholds, 1000);
	assert_int_equal(s->errors, 1);
	assert_int_equal(s->problem[0].line, 1001);
	assert_string_equal(s->problem[0].text, "more than 1000 alerts");
	spec_free(s);
	buf_clear(&b);
	buf_str(&b, SLOTH);
	for (int i = 0; i <= 1005; i++)
		buf_printf(&b, "- {name: up%d, objective: 99, sli: {raw: "
			   "{error_ratio_query: 'r[{{.window}}]'}}}\n", i);
	s = read_text(buf_text(&b));
	assert_int_equal(s->nr_slos, 1000);
	assert_int_equal(s->errors, 1);
	assert_int_equal(s->problem[0].line, 1004);
	assert_string_equal(s->problem[0].text, "more than 1000 objectives");
	spec_free(s);
	buf_release(&b);
}

static void an_escape_reaches_the_terminal(void **state)
{
	(void)state;
	struct spec *s = read_text(
		"version: prometheus/v1\nservice: \"a\\e[2Jb\"\n"
		"\"k\\e[2J\": 1\nslos:\n- {name: up, objective: \"\\e[31m\", "
		"description: \"d\\e[0m\", sli: {raw: {error_ratio_query: "
		"\"a\\e[1m\"}}}");
	assert_true(s->errors > 0);
	for (size_t i = 0; i < s->nr_problems; i++)
		assert_true(text_is_clean(s->problem[i].text));
	assert_true(text_is_clean(s->slo[0].def.what));
	assert_null(s->slo[0].def.ratio);
	spec_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_of_a_team_means_something_else),
		cmocka_unit_test(a_real_file_is_blamed_for_nothing),
		cmocka_unit_test(a_mistake_is_told_elsewhere_or_not_at_all),
		cmocka_unit_test(a_good_file_is_doubted),
		cmocka_unit_test(a_sum_of_counters_hides_their_resets),
		cmocka_unit_test(a_ratio_is_that_of_the_good_ones),
		cmocka_unit_test(bad_requests_are_subtracted_once_more),
		cmocka_unit_test(a_query_changes_where_its_line_ends),
		cmocka_unit_test(an_indicator_of_the_same_file_is_not_found),
		cmocka_unit_test(what_the_server_has_recorded_is_not_found),
		cmocka_unit_test(what_is_counted_is_shown_per_second),
		cmocka_unit_test(a_team_is_paged_by_other_windows_than_its_own),
		cmocka_unit_test(a_month_begins_on_another_day),
		cmocka_unit_test(a_rolling_window_waits_for_a_calendar),
		cmocka_unit_test(two_objectives_have_one_name),
		cmocka_unit_test(an_alert_of_prometheus_is_another_here),
		cmocka_unit_test(two_alerts_have_one_name),
		cmocka_unit_test(rules_that_differ_by_window_are_one_query),
		cmocka_unit_test(what_a_file_is_depends_on_its_order),
		cmocka_unit_test(a_large_file_is_cut_in_silence),
		cmocka_unit_test(an_escape_reaches_the_terminal),
	};
	return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
