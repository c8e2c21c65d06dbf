/* redtop check: what scripts and people read of a file of objectives. */
#include "app/commands.h"
#include "base/err.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DATA "tests/data/slo-specs/"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What the command says on stdout, and its code. */
static char *printed(const char *path, enum format format, int *code)
{
	struct options o = { .file = path, .format = format };
	FILE *f = tmpfile();
	assert_non_null(f);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(fileno(f), STDOUT_FILENO);
	*code = run_check(&o);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	long n = ftell(f);
	char *s = calloc(1, (size_t)n + 1);
	rewind(f);
	assert_int_equal(fread(s, 1, (size_t)n, f), (size_t)n);
	fclose(f);
	return s;
}

static cJSON *json_of(const char *path, int *code)
{
	char *s = printed(path, FORMAT_JSON, code);
	cJSON *j = cJSON_Parse(s);
	if (!j)
		fail_msg("%s: no JSON: %s", path, s);
	free(s);
	return j;
}

static const char *word(const cJSON *j, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
}

static const cJSON *item(const cJSON *j, const char *list, int i)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(j, list), i);
}

static int count(const cJSON *j, const char *list)
{
	const cJSON *l = cJSON_GetObjectItem(j, list);
	assert_true(cJSON_IsArray(l));
	return cJSON_GetArraySize(l);
}

static double number(const cJSON *j, const char *name)
{
	const cJSON *n = cJSON_GetObjectItem(j, name);
	return cJSON_IsNumber(n) ? n->valuedouble : NAN;
}

static bool is_null(const cJSON *j, const char *name)
{
	return cJSON_IsNull(cJSON_GetObjectItem(j, name));
}

/* A file in a directory of its own; gone with forget(). */
static char place[40];

static const char *written(const char *text, mode_t mode)
{
	static char path[80];
	snprintf(place, sizeof(place), "/tmp/redtop-check-XXXXXX");
	assert_non_null(mkdtemp(place));
	snprintf(path, sizeof(path), "%s/slo.yml", place);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void forget(const char *path)
{
	unlink(path);
	rmdir(place);
}

static void a_script_reads_another_kind_or_code(void **state)
{
	static const struct {
		const char *file, *kind;
		int slos, thresholds, problems;
	} rows[] = {
		{ DATA "sloth-getting-started.yml", "sloth", 1, 0, 0 },
		{ DATA "sloth-alertwindows-7d.yaml", "sloth", 0, 0, 0 },
		{ DATA "sloth-plugin-getting-started.yml", "sloth", 1, 0, 1 },
		{ DATA "pyrra-nginx-two-docs.yaml", "pyrra", 2, 0, 1 },
		{ DATA "openslo-v1-timeslices.yaml", "openslo", 2, 0, 4 },
		{ DATA "openslo-v1-gosdk-slis.yaml", "openslo", 0, 0, 0 },
		{ DATA "sloth-GENERATED-getting-started-rules.yml", "rules",
		  1, 2, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int code;
		cJSON *j = json_of(rows[i].file, &code);
		assert_int_equal(code, EXIT_FINE);
		assert_string_equal(word(j, "schema"), "redtop.check/1");
		assert_string_equal(word(j, "file"), rows[i].file);
		assert_string_equal(word(j, "kind"), rows[i].kind);
		assert_int_equal(count(j, "slos"), rows[i].slos);
		assert_int_equal(count(j, "thresholds"), rows[i].thresholds);
		assert_int_equal(count(j, "problems"), rows[i].problems);
		cJSON_Delete(j);
	}
}

static void an_objective_of_sloth_is_another_in_json(void **state)
{
	int code;
	(void)state;
	cJSON *j = json_of(DATA "sloth-raw-home-wifi.yml", &code);
	const cJSON *s = item(j, "slos", 0);
	assert_string_equal(word(s, "id"),
			    "home-wifi-wifi-client-satisfaction");
	assert_string_equal(word(s, "service"), "home-wifi");
	assert_string_equal(word(s, "method"), "occurrences");
	assert_true(number(s, "objective") == 0.95);
	assert_true(number(s, "period_s") == 2592000);
	/* The ratio stands where errors do. */
	assert_non_null(strstr(word(s, "error_query"), "_ratio[5m])) / sum("));
	assert_true(is_null(s, "total_query"));
	assert_int_equal(count(s, "unsupported"), 0);
	cJSON_Delete(j);
}

static void what_cannot_be_evaluated_is_left_out(void **state)
{
	int code;
	(void)state;
	cJSON *j = json_of(DATA "openslo-v2alpha-gosdk-slos.yaml", &code);
	const cJSON *s = item(j, "slos", 1), *p = item(j, "problems", 5);
	assert_int_equal(code, EXIT_FINE);
	assert_string_equal(word(s, "id"), "bar-slo");
	assert_true(is_null(s, "objective") && is_null(s, "error_query"));
	assert_string_equal(cJSON_GetStringValue(item(s, "unsupported", 0)),
			    "line 37: source type redshift cannot be asked");
	assert_true(number(p, "line") == 37 && number(p, "column") == 19);
	assert_string_equal(word(p, "severity"), "warning");
	assert_string_equal(word(p, "text"), "source type redshift cannot be "
			    "asked");
	cJSON_Delete(j);
}

static void an_alert_is_another_threshold_in_json(void **state)
{
	int code;
	(void)state;
	cJSON *j = json_of(DATA "sloth-GENERATED-getting-started-rules.yml",
			   &code);
	const cJSON *t = item(j, "thresholds", 0);
	assert_string_equal(word(t, "id"), "MyServiceHighErrorRate-page");
	assert_string_equal(word(t, "level"), "critical");
	assert_true(is_null(t, "above") && is_null(t, "below"));
	assert_true(number(t, "period_s") == 60);
	assert_true(number(t, "m") == 1 && number(t, "n") == 1);
	assert_string_equal(word(t, "missing"), "missing");
	assert_string_equal(word(item(j, "thresholds", 1), "level"),
			    "warning");
	cJSON_Delete(j);
}

static void a_wrong_file_passes(void **state)
{
	int code;
	(void)state;
	const char *path = written("version: prometheus/v1\nservice: api\n"
				   "slos:\n- {name: up, objective: 99}\n",
				   0600);
	cJSON *j = json_of(path, &code);
	const cJSON *p = item(j, "problems", 0);
	assert_int_equal(code, EXIT_FILE);
	assert_string_equal(word(j, "kind"), "sloth");
	assert_string_equal(word(p, "severity"), "error");
	assert_true(number(p, "line") == 4);
	assert_int_equal(count(item(j, "slos", 0), "unsupported"), 1);
	cJSON_Delete(j);
	char *s = printed(path, FORMAT_TEXT, &code), want[200];
	assert_int_equal(code, EXIT_FILE);
	snprintf(want, sizeof(want), "%s:4: 'sli' needs events: "
		 "{error_query: ..., total_query: ...}\n", path);
	assert_int_equal(strncmp(s, want, strlen(want)), 0);
	snprintf(want, sizeof(want), "\n%s: 1 error, 0 warnings\n", path);
	assert_non_null(strstr(s, want));
	free(s);
	forget(path);
}

static void people_read_no_line_of_an_objective(void **state)
{
	int code;
	(void)state;
	char *s = printed(DATA "pyrra-nginx-two-docs.yaml", FORMAT_TEXT, &code);
	assert_int_equal(code, EXIT_FINE);
	assert_string_equal(s,
		DATA "pyrra-nginx-two-docs.yaml:31: warning: success has "
		"status=~\"5..\" and total has not: whatever else is counted "
		"as slow\n"
		"nginx-api-errors  99.9% over 28d  by occurrences  "
		DATA "pyrra-nginx-two-docs.yaml:1\n"
		"nginx-api-latency  90% over 28d  by occurrences  "
		DATA "pyrra-nginx-two-docs.yaml:20\n"
		DATA "pyrra-nginx-two-docs.yaml: fine; pyrra, 2 slos, 0 "
		"alerts, 0 recording rules, 1 warning\n");
	free(s);
	s = printed(DATA "openslo-v1-ratio-timeslices.yaml", FORMAT_TEXT,
		    &code);
	assert_non_null(strstr(s, "\nmain-page  99% over 14d  by "
			       "ratio-timeslices  " DATA "openslo-v1-ratio-"
			       "timeslices.yaml:31  cannot be evaluated\n"));
	free(s);
}

static void anybody_may_change_what_pages(void **state)
{
	int code;
	(void)state;
	const char *path = written("version: prometheus/v1\n", 0666);
	cJSON *j = json_of(path, &code);
	assert_int_equal(code, EXIT_FILE);
	assert_non_null(strstr(word(item(j, "problems", 0), "text"),
			       "everybody may write to it"));
	cJSON_Delete(j);
	forget(path);
}

/* Opening a FIFO without a writer would wait for one. */
static void a_fifo_hangs_the_check(void **state)
{
	int code;
	(void)state;
	const char *path = written("", 0600);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	cJSON *j = json_of(path, &code);
	assert_int_equal(code, EXIT_FILE);
	assert_non_null(strstr(word(item(j, "problems", 0), "text"),
			       "not a regular file"));
	cJSON_Delete(j);
	forget(path);
}

static void a_dashboard_is_taken_for_something_else(void **state)
{
	int code;
	(void)state;
	const char *path = written("sources: [{name: a, kind: demo}]\n"
				   "thresholds:\n- {id: cpu, query: up, "
				   "warning: {above: 1}, period: 5m}\n", 0600);
	cJSON *j = json_of(path, &code);
	assert_int_equal(code, EXIT_FINE);
	assert_string_equal(word(j, "kind"), "redtop");
	assert_true(number(item(j, "thresholds", 0), "above") == 1);
	assert_true(number(item(j, "thresholds", 0), "period_s") == 300);
	cJSON_Delete(j);
	forget(path);
	path = written("a: [", 0600);
	j = json_of(path, &code);
	assert_int_equal(code, EXIT_FILE);
	assert_string_equal(word(j, "kind"), "redtop");
	cJSON_Delete(j);
	forget(path);
}

static void a_script_reads_two_documents_as_one(void **state)
{
	struct options o = { .file = DATA "sloth-getting-started.yml",
			     .format = FORMAT_JSON, .slo = true,
			     .thresholds = true };
	(void)state;
	assert_int_equal(run_check(&o), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_reads_another_kind_or_code),
		cmocka_unit_test(an_objective_of_sloth_is_another_in_json),
		cmocka_unit_test(what_cannot_be_evaluated_is_left_out),
		cmocka_unit_test(an_alert_is_another_threshold_in_json),
		cmocka_unit_test(a_wrong_file_passes),
		cmocka_unit_test(people_read_no_line_of_an_objective),
		cmocka_unit_test(anybody_may_change_what_pages),
		cmocka_unit_test(a_fifo_hangs_the_check),
		cmocka_unit_test(a_dashboard_is_taken_for_something_else),
		cmocka_unit_test(a_script_reads_two_documents_as_one),
	};
	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
