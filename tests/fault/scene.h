/* `redtop snapshot cloudwatch --format json` of an account in fake_aws, with a
 * home directory of its own and nothing of the tester's environment.
 *
 *	struct scene s = { .metric = m, .nr = COUNT(m) };
 *	scene_play(&s);
 *	... s.run.code, s.run.json, fake_aws_bill(s.fake) ...
 *	scene_close(&s);
 */
#ifndef TESTS_FAULT_SCENE_H
#define TESTS_FAULT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/run.h"
#include "tests/fault/fake_aws.c"
#include "tests/fault/fake_account.h"

#include <math.h>
#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SCENE_HOME 64
#define SCENE_TIMEOUT "20s"
#define SCENE_SLOW (RUN_SANITIZED ? 10 : 1)

struct scene {
	/* What there is. */
	const struct cloud_metric *metric;
	size_t nr;
	const struct cloud_alarm *alarm;
	size_t nr_alarms;
	const char *token;         /* of the session; NULL: none */
	struct cloud_knobs knobs;
	struct cloud_trouble trouble[4];
	/* What is typed. */
	const char *words[8];      /* after the common ones */
	const char *timeout;       /* NULL: SCENE_TIMEOUT */
	const char *format;        /* NULL: json */
	bool keyless;              /* no keys in the environment */
	const char *secret;        /* another than the account's */
	const char *beside;        /* one more source, before cloudwatch */
	const char *url;           /* of another server; NULL: fake_aws */
	/* Made; a home that is set before is kept and not removed. */
	char home[SCENE_HOME];
	bool borrowed_home;
	struct cloud_account account;
	struct fake_aws *fake;
	struct run run;
};

/* ---- files --------------------------------------------------------------- */

/* All homes of this program are in here; a test that fails leaves its own to
 * the end. */
static char scene_root[SCENE_HOME];

static inline void scene_remove(const char *dir)
{
	char command[100];
	assert_int_equal(strncmp(dir, "/tmp/redtop-cloud-", 18), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	assert_int_equal(system(command), 0);
}

static inline void scene_remove_root(void)
{
	scene_remove(scene_root);
}

static inline void scene_new_home(char home[SCENE_HOME])
{
	if (!*scene_root) {
		strcpy(scene_root, "/tmp/redtop-cloud-XXXXXX");
		assert_non_null(mkdtemp(scene_root));
		atexit(scene_remove_root);
	}
	snprintf(home, SCENE_HOME, "%.40s/XXXXXX", scene_root);
	assert_non_null(mkdtemp(home));
}

/* `path` below the home; directories are made. */
static inline void scene_write(struct scene *s, const char *path,
			       const char *text)
{
	char whole[200];
	if (!*s->home)
		scene_new_home(s->home);
	snprintf(whole, sizeof(whole), "%s/%s", s->home, path);
	for (char *at = whole + strlen(s->home) + 1; (at = strchr(at, '/'));
	     at++) {
		*at = '\0';
		mkdir(whole, 0700);
		*at = '/';
	}
	FILE *f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f);
}

/* ---- running ------------------------------------------------------------- */

extern char **environ;

static inline void scene_environment(const struct scene *s)
{
	static const char *const gone[] = {
		"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY",
		"HTTPS_PROXY", "ALL_PROXY", "no_proxy", "NO_PROXY",
		"PROMETHEUS_URL", "REDTOP_CONFIG", "REDTOP_TOKEN", "LC_ALL",
		"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
		"XDG_STATE_HOME",
	};
	char name[128];
	for (size_t i = 0; environ[i];) {
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(environ[i], "="), environ[i]);
		if (strncmp(name, "AWS_", 4) == 0)
			unsetenv(name);
		else
			i++;
	}
	for (size_t i = 0; i < COUNT(gone); i++)
		unsetenv(gone[i]);
	setenv("XDG_CONFIG_DIRS", "/nonexistent", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("HOME", s->home, 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_ENDPOINT_URL", s->url ? s->url : fake_aws_url(s->fake), 1);
	if (s->keyless)
		return;
	setenv("AWS_ACCESS_KEY_ID", ACCOUNT_ID, 1);
	setenv("AWS_SECRET_ACCESS_KEY", s->secret ? s->secret : ACCOUNT_SECRET,
	       1);
	if (s->token)
		setenv("AWS_SESSION_TOKEN", s->token, 1);
}

static inline void scene_serve(struct scene *s)
{
	s->account = (struct cloud_account){
		.id = ACCOUNT_ID, .secret = ACCOUNT_SECRET, .token = s->token,
		.region = ACCOUNT_REGION, .metric = s->metric, .nr = s->nr,
		.alarm = s->alarm, .nr_alarms = s->nr_alarms,
	};
	s->fake = fake_aws_start(&s->account, 1);
	fake_aws_turn(s->fake, &s->knobs);
	for (size_t i = 0; i < COUNT(s->trouble) && s->trouble[i].what; i++)
		fake_aws_trouble(s->fake, &s->trouble[i]);
}

static inline void scene_open(struct scene *s)
{
	if (!s->url)
		scene_serve(s);
	if (!*s->home)
		scene_new_home(s->home);
	scene_environment(s);
}

/* Once more with the same server and home: after run_free(). */
static inline void scene_start(struct scene *s)
{
	s->run = (struct run){ 0 };
	RUN(&s->run, "snapshot");
	if (s->beside)
		RUN(&s->run, s->beside);
	RUN(&s->run, "cloudwatch", "--region", ACCOUNT_REGION, "--format",
	    s->format ? s->format : "json", "--timeout",
	    s->timeout ? s->timeout : SCENE_TIMEOUT);
	run_words(&s->run, s->words);
	run_start(&s->run);
}

static inline void scene_play(struct scene *s)
{
	scene_open(s);
	scene_start(s);
	run_end(&s->run);
}

static inline void scene_replay(struct scene *s)
{
	run_free(&s->run);
	scene_start(s);
	run_end(&s->run);
}

static inline void scene_close(struct scene *s)
{
	run_free(&s->run);
	if (s->fake)
		fake_aws_stop(s->fake);
	if (!s->borrowed_home)
		scene_remove(s->home);
}

/* ---- what came of it ----------------------------------------------------- */

/* The member must be there: a number, or null, which is NAN. */
static inline double scene_number(cJSON *o, const char *name)
{
	cJSON *n = json_get(o, name);
	assert_non_null(n);
	assert_true(cJSON_IsNumber(n) || cJSON_IsNull(n));
	return cJSON_IsNumber(n) ? n->valuedouble : (double)NAN;
}

static inline cJSON *scene_source(struct scene *s)
{
	cJSON *e = s->run.json ? json_find(s->run.json, "sources", "kind",
					   "cloudwatch") : NULL;
	if (!e)
		print_message("exit %d, stderr: %s\nstdout: %s\n", s->run.code,
			      buf_text(&s->run.err), buf_text(&s->run.out));
	assert_non_null(e);
	return e;
}

static inline const char *scene_state(struct scene *s)
{
	return json_text(scene_source(s), "state");
}

static inline const char *scene_error(struct scene *s)
{
	return json_text(scene_source(s), "error");
}

/* The only service of that name; NULL: there is none. */
static inline cJSON *scene_service(struct scene *s, const char *name)
{
	cJSON *e, *found = NULL;
	scene_source(s);
	cJSON_ArrayForEach(e, json_get(s->run.json, "services")) {
		if (strcmp(json_text(e, "name"), name) != 0)
			continue;
		assert_null(found);
		found = e;
	}
	return found;
}

static inline cJSON *scene_row(struct scene *s, const char *name)
{
	cJSON *row = scene_service(s, name);
	if (!row)
		print_message("no service %s in: %s\n", name,
			      buf_text(&s->run.out));
	assert_non_null(row);
	return row;
}

static inline double scene_percentile(cJSON *row, const char *p)
{
	cJSON *o = json_get(row, p);
	assert_non_null(o);
	if (!cJSON_IsNull(json_get(o, "value")))
		assert_string_equal(json_text(o, "unit"), "s");
	return scene_number(o, "value");
}

static inline bool scene_is(double got, double want)
{
	return isnan(want) ? isnan(got)
			   : fabs(got - want) <= 1e-9 * fmax(1, fabs(want));
}

#define assert_value(got, want)                                           \
	do {                                                              \
		double got_ = (got), want_ = (want);                      \
		if (!scene_is(got_, want_))                               \
			fail_msg(#got " is %.17g, not %.17g", got_, want_);\
	} while (0)

static inline bool scene_warns(struct scene *s, const char *part)
{
	cJSON *w;
	cJSON_ArrayForEach(w, json_get(scene_source(s), "warnings"))
		if (strcasestr(cJSON_GetStringValue(w), part))
			return true;
	return false;
}

static inline void scene_must_say(const char *text, const char *part)
{
	if (!strcasestr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

/* How it ended: the JSON is there in every case, the sentence is short and
 * stands on stderr, too. */
static inline void scene_ends(struct scene *s, int code, const char *state)
{
	const char *error = scene_error(s);
	if (s->run.code != code || strcmp(scene_state(s), state) != 0)
		fail_msg("exit %d, %s, not %d, %s: %s", s->run.code,
			 scene_state(s), code, state, error);
	assert_true(strlen(error) <= 300);
	assert_null(strchr(error, '\n'));
	if (code) {
		assert_true(*error != '\0');
		assert_non_null(strstr(buf_text(&s->run.err), error));
	}
}

static inline size_t scene_rates(struct scene *s)
{
	size_t nr = 0;
	cJSON *e;
	scene_source(s);
	cJSON_ArrayForEach(e, json_get(s->run.json, "services"))
		if (cJSON_IsNumber(json_get(e, "rate")))
			nr++;
	return nr;
}

/* The body of a call, or NULL: caller deletes it. */
static inline cJSON *scene_body(struct scene *s, size_t i,
				enum cloud_operation o)
{
	struct cloud_call c = fake_aws_call(s->fake, i);
	return c.operation == o ? cJSON_Parse(c.body) : NULL;
}

#endif
