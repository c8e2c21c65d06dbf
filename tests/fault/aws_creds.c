/* Credentials from every provider, over loopback servers that also lie, hang
 * and refuse; what a user sees then, and what nobody may ever see. */
#include "sources/aws_creds.h"

#include "base/mem.h"
#include "base/text.h"
#include "sources/aws_ask.h"
#include "sources/aws_words.h"
#include "sources/aws_sso_file.h"
#include "tests/fault/fake_creds.c"

#include <cjson/cJSON.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define PATIENCE ((time_ms)20000)
#define MINUTE ((time_ms)60000)
#define NOON ((time_ms)1795435200000) /* 2026-11-23T12:00:00Z */

#define ROLE "arn:aws:iam::" FAKE_ACCOUNT ":role/ReadOnly"

/* ---- a loop, a server, a home, credentials ------------------------------ */

static time_ms now_ms;

static time_ms wall(void)
{
	return now_ms;
}

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct fake_creds *fake;
	char home[64], url[EVIL_URL];
	struct { char name[48], value[512]; } env[24];
	size_t nr_env;
	struct aws_outside outside;
	struct aws_settings settings;
	struct aws_creds *creds; /* or NULL */
	bool gone;
};

struct got {
	struct aws_creds_answer a;
	char provider[96], identity[300], region[64];
	char id[64], secret[128], token[128];
	unsigned done;
	long ms;
};

static const char *env_of_rig(const char *name, void *arg)
{
	const struct rig *rig = arg;
	for (size_t i = 0; i < rig->nr_env; i++)
		if (strcmp(rig->env[i].name, name) == 0)
			return rig->env[i].value;
	return NULL;
}

static int read_of_rig(const char *path, struct buf *out, struct err *e,
		       void *arg)
{
	(void)arg;
	return aws_outside.read(path, out, e, NULL);
}

__attribute__((format(printf, 3, 4)))
static void set(struct rig *rig, const char *name, const char *fmt, ...)
{
	size_t i = 0;
	va_list ap;
	while (i < rig->nr_env && strcmp(rig->env[i].name, name) != 0)
		i++;
	assert_true(i < sizeof(rig->env) / sizeof(rig->env[0]));
	rig->nr_env += i == rig->nr_env;
	strcpy(rig->env[i].name, name);
	va_start(ap, fmt);
	vsnprintf(rig->env[i].value, sizeof(rig->env[i].value), fmt, ap);
	va_end(ap);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("the loop hangs");
}

static void path_in(const struct rig *rig, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", rig->home, name);
}

__attribute__((format(printf, 3, 4)))
static void write_file(struct rig *rig, const char *name, const char *fmt, ...)
{
	char path[256];
	va_list ap;
	path_in(rig, name, path);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
}

static void make_folder(const struct rig *rig, const char *name)
{
	char path[256];
	path_in(rig, name, path);
	assert_int_equal(mkdir(path, 0700), 0);
}

/* No instance around, and a region, unless a test wants it otherwise. */
static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	now_ms = NOON;
	assert_int_equal(uv_loop_init(&rig->loop), 0);
	uv_timer_init(&rig->loop, &rig->watchdog);
	uv_timer_start(&rig->watchdog, on_watchdog, 60000, 0);
	uv_unref((uv_handle_t *)&rig->watchdog);
	rig->fake = fake_creds_new(&rig->loop, wall);
	fake_creds_url(rig->fake, "", rig->url);
	strcpy(rig->home, "/tmp/redtop-creds-XXXXXX");
	assert_non_null(mkdtemp(rig->home));
	make_folder(rig, ".aws");
	make_folder(rig, ".aws/sso");
	make_folder(rig, ".aws/sso/cache");
	rig->outside = (struct aws_outside){ env_of_rig, read_of_rig, rig };
	set(rig, "HOME", "%s", rig->home);
	set(rig, "AWS_REGION", "eu-west-1");
	set(rig, "AWS_ENDPOINT_URL", "%s", rig->url);
	set(rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "%s", rig->url);
	set(rig, "AWS_EC2_METADATA_DISABLED", "true");
}

/* Not UV_RUN_ONCE, which sleeps after a timer that did all there was to do. */
static void turn(struct rig *rig)
{
	if (!uv_run(&rig->loop, UV_RUN_NOWAIT))
		fail_msg("nothing is under way any more");
	usleep(200);
}

static void on_gone_creds(void *arg)
{
	struct rig *rig = arg;
	rig->gone = true;
}

static void drop(struct rig *rig)
{
	if (!rig->creds)
		return;
	rig->gone = false;
	aws_creds_close(rig->creds, on_gone_creds, rig);
	while (!rig->gone)
		turn(rig);
	aws_settings_release(&rig->settings);
	rig->creds = NULL;
}

/* Credentials as the files and the environment are now. */
static void ready(struct rig *rig, const char *profile)
{
	struct err e;
	drop(rig);
	if (aws_settings_load(&rig->settings, &rig->outside, profile, NULL,
			      &e) < 0)
		fail_msg("%s", e.text);
	rig->creds = aws_creds_new(&(struct aws_creds_options){
		.loop = &rig->loop, .settings = &rig->settings,
		.wall = wall });
}

static void rig_release(struct rig *rig)
{
	char command[128];
	drop(rig);
	fake_creds_close(rig->fake);
	uv_close((uv_handle_t *)&rig->watchdog, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&rig->loop), 0);
	snprintf(command, sizeof(command), "rm -rf %s", rig->home);
	assert_int_equal(system(command), 0);
}

static void copy(char *to, size_t size, const char *s)
{
	snprintf(to, size, "%s", s ? s : "");
}

static void on_got(const struct aws_creds_answer *a, void *arg)
{
	struct got *g = arg;
	g->done++;
	g->a = *a;
	copy(g->provider, sizeof(g->provider), a->provider);
	copy(g->identity, sizeof(g->identity), a->identity);
	copy(g->region, sizeof(g->region), a->region);
	copy(g->id, sizeof(g->id), a->keys.id);
	copy(g->secret, sizeof(g->secret), a->keys.secret);
	copy(g->token, sizeof(g->token), a->keys.token);
}

static void check_harmless(const char *s)
{
	if (strstr(s, FAKE_MARK) || !text_is_clean(s)
	    || strlen(s) > LIMIT_SENTENCE)
		fail_msg("shown: %s", s);
}

/* Nothing secret stands in what is shown, whatever happened. */
static void check_shown(struct rig *rig, const struct got *g)
{
	const struct aws_creds_step *step;
	size_t nr = aws_creds_steps(rig->creds, &step);
	check_harmless(g->a.text);
	check_harmless(g->identity);
	if (g->id[0] && strstr(g->identity, g->id))
		fail_msg("identity: %s", g->identity);
	for (size_t i = 0; i < nr; i++) {
		check_harmless(step[i].why);
		check_harmless(step[i].provider);
		assert_true(step[i].why[0]);
		assert_false(step[i].won && step[i].failed);
	}
}

static long since(uint64_t began)
{
	return (long)((uv_hrtime() - began) / 1000000);
}

static void get_within(struct rig *rig, struct got *g, time_ms timeout)
{
	uint64_t began = uv_hrtime();
	memset(g, 0, sizeof(*g));
	aws_creds_get(rig->creds, timeout, on_got, g);
	assert_int_equal(g->done, 0); /* never at once */
	while (!g->done)
		turn(rig);
	g->ms = since(began);
	assert_int_equal(g->done, 1);
	check_shown(rig, g);
}

/* Lets what is under way go on. */
static void settle(struct rig *rig, uint64_t ms)
{
	uint64_t began = uv_hrtime();
	while (since(began) < (long)ms) {
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(200);
	}
}

static void get(struct rig *rig, struct got *g)
{
	get_within(rig, g, PATIENCE);
}

/* Keys of this provider, with this id. */
static void check_id(struct rig *rig, const char *provider, const char *id)
{
	struct got g;
	char want[128];
	get(rig, &g);
	if (g.a.fault)
		fail_msg("%s: %s", provider, g.a.text);
	assert_string_equal(g.provider, provider);
	assert_string_equal(g.id, id);
	snprintf(want, sizeof(want), FAKE_SECRET "%s", id);
	assert_string_equal(g.secret, want);
	assert_string_equal(g.a.text, "");
	assert_int_equal(g.a.code, 0);
	assert_true(g.identity[0]);
}

static const struct aws_creds_step *winner(struct rig *rig)
{
	const struct aws_creds_step *step, *won = NULL;
	size_t nr = aws_creds_steps(rig->creds, &step);
	for (size_t i = 0; i < nr; i++) {
		assert_false(won && step[i].won);
		if (step[i].won)
			won = &step[i];
	}
	return won;
}

/* New keys that the fake gave. */
static void check_new(struct rig *rig, const char *provider)
{
	unsigned before = rig->fake->given;
	struct got g;
	get(rig, &g);
	if (g.a.fault)
		fail_msg("%s: %s", provider, g.a.text);
	assert_true(rig->fake->given > before);
	assert_string_equal(g.provider, provider);
	assert_string_equal(g.id, rig->fake->last_id);
	assert_memory_equal(g.token, FAKE_TOKEN, strlen(FAKE_TOKEN));
	assert_string_equal(g.token + strlen(FAKE_TOKEN), g.id);
	assert_true(g.a.expires == now_ms + rig->fake->ahead
		    + rig->fake->life);
	assert_int_equal(rig->fake->bad_signatures, 0);
	assert_non_null(winner(rig));
	assert_string_equal(winner(rig)->provider, provider);
}

/* It fails with these words, and says what to do. */
static void check_code(struct rig *rig, int code, const char *words)
{
	struct got g;
	get(rig, &g);
	if (g.a.fault != FAULT_AUTH || g.a.code != code
	    || !strstr(g.a.text, words)
	    || !(strstr(g.a.text, "; ") || strstr(g.a.text, "did you mean")))
		fail_msg("'%s' is not in %d %d '%s'", words, (int)g.a.fault,
			 g.a.code, g.a.text);
	assert_null(g.a.keys.id);
	assert_null(winner(rig));
}

static void check_fail(struct rig *rig, const char *words)
{
	check_code(rig, EXIT_REFUSED, words);
}

/* Forgets how often it was asked, and how it misbehaved. */
static void well_again(struct rig *rig)
{
	memset(rig->fake->part, 0, sizeof(rig->fake->part));
}

static unsigned asked(const struct rig *rig)
{
	unsigned nr = 0;
	for (size_t i = 0; i < FAKE_KINDS; i++)
		nr += rig->fake->part[i].asked;
	return nr;
}

/* ---- environment and files ---------------------------------------------- */

static void set_keys(struct rig *rig, const char *id)
{
	set(rig, "AWS_ACCESS_KEY_ID", "%s", id);
	set(rig, "AWS_SECRET_ACCESS_KEY", FAKE_SECRET "%s", id);
}

static void write_keys(struct rig *rig, const char *file, const char *section,
		       const char *id)
{
	write_file(rig, file, "[%s]\naws_access_key_id = %s\n"
		   "aws_secret_access_key = " FAKE_SECRET "%s\n",
		   section, id, id);
}

static void keys_at_hand_are_not_those_of_the_aws_tools(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	write_keys(&rig, ".aws/credentials", "default", "AKIAFILE");
	write_keys(&rig, ".aws/config", "profile b", "AKIACONFIG");
	ready(&rig, NULL);
	check_id(&rig, "profile:default", "AKIAFILE");
	ready(&rig, "b");
	check_id(&rig, "profile:b", "AKIACONFIG");
	set_keys(&rig, "AKIAENV");
	ready(&rig, NULL);
	check_id(&rig, "env", "AKIAENV");
	ready(&rig, "b"); /* --profile beats the environment's keys */
	check_id(&rig, "profile:b", "AKIACONFIG");
	set(&rig, "AWS_PROFILE", "b"); /* AWS_PROFILE does not */
	ready(&rig, NULL);
	check_id(&rig, "env", "AKIAENV");
	set(&rig, "AWS_ACCESS_KEY_ID", "%s", "");
	ready(&rig, NULL);
	check_id(&rig, "profile:b", "AKIACONFIG");
	assert_int_equal(asked(&rig), 0);
	rig_release(&rig);
}

static void keys_at_hand_that_cannot_be_used_are_passed_over(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	write_keys(&rig, ".aws/credentials", "default", "AKIAFILE");
	set(&rig, "AWS_ACCESS_KEY_ID", "AKIAENV");
	ready(&rig, NULL);
	check_fail(&rig, "AWS_SECRET_ACCESS_KEY is not set in the environment, "
		   "AWS_ACCESS_KEY_ID is; set both");
	set(&rig, "AWS_SECRET_ACCESS_KEY", FAKE_MARK "\r\nX-Evil: 1");
	ready(&rig, NULL);
	check_fail(&rig, "holds no usable secret access key; set it again");
	set(&rig, "AWS_ACCESS_KEY_ID", "%s", "");
	write_file(&rig, ".aws/credentials", "[default]\n"
		   "aws_secret_access_key = " FAKE_MARK "\n");
	ready(&rig, NULL);
	check_code(&rig, EXIT_FILE, ".aws/credentials:2: profile 'default' "
		   "has aws_secret_access_key without aws_access_key_id; add");
	write_file(&rig, ".aws/credentials", "[default]\n"
		   "aws_access_key_id = A\naws_secret_access_key = "
		   FAKE_MARK " x\n");
	ready(&rig, NULL);
	check_code(&rig, EXIT_FILE, ".aws/credentials:2: profile 'default' "
		   "holds no usable secret access key; write it again");
	rig_release(&rig);
}

static void without_any_credentials_nobody_says_what_to_do(void **state)
{
	struct rig rig;
	struct got g;
	const struct aws_creds_step *step;
	(void)state;
	rig_init(&rig);
	ready(&rig, NULL);
	check_fail(&rig, "no AWS credentials found: nothing in the "
		   "environment, profile 'default' or of a container, and "
		   "AWS_EC2_METADATA_DISABLED is set; run aws configure");
	assert_int_equal(aws_creds_steps(rig.creds, &step), 11);
	assert_string_equal(step[0].provider, "env");
	assert_string_equal(step[0].why, "AWS_ACCESS_KEY_ID is not set");
	assert_string_equal(step[10].provider, "imds");
	assert_string_equal(step[10].why, "AWS_EC2_METADATA_DISABLED is set");
	/* A machine that is no instance: nothing listens there. */
	set(&rig, "AWS_EC2_METADATA_DISABLED", "%s", "");
	set(&rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
	set(&rig, "AWS_REGION", "%s", "");
	ready(&rig, NULL);
	get(&rig, &g);
	assert_int_equal(g.a.code, EXIT_REFUSED);
	assert_non_null(strstr(g.a.text, "there is no instance metadata; run "
			       "aws configure"));
	assert_true(g.ms < 1000);
	write_file(&rig, ".aws/config", "[profile p]\nregion = eu-west-1\n");
	ready(&rig, "p");
	check_fail(&rig, "found: nothing in profile 'p' or of a container");
	rig_release(&rig);
}

static void the_identity_differs_between_two_runs(void **state)
{
	char first[300];
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	set_keys(&rig, "AKIAENV");
	ready(&rig, NULL);
	get(&rig, &g);
	strcpy(first, g.identity);
	ready(&rig, NULL);
	get(&rig, &g);
	assert_string_equal(g.identity, first);
	set_keys(&rig, "AKIAENW");
	ready(&rig, NULL);
	get(&rig, &g);
	assert_string_not_equal(g.identity, first);
	rig_release(&rig);
}

/* ---- a process ---------------------------------------------------------- */

#define PROCESS_KEYS "{\"Version\":1,\"AccessKeyId\":\"AKIAPROC\"," \
	"\"SecretAccessKey\":\"" FAKE_SECRET "AKIAPROC\"}"

/* A script of this text, with a blank in its name, and a secret as word. */
__attribute__((format(printf, 2, 3)))
static void process(struct rig *rig, const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_file(rig, "a script.sh", "%s\n", text);
	write_file(rig, ".aws/config", "[default]\nregion = eu-west-1\n"
		   "credential_process = /bin/sh \"%s/a script.sh\" "
		   "--password " FAKE_MARK " 'two words'\n", rig->home);
	ready(rig, NULL);
}

static int pid_in(const struct rig *rig, const char *name)
{
	char path[256];
	int pid = 0;
	path_in(rig, name, path);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static void a_process_that_gives_keys_is_not_understood(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	setenv("REDTOP_TEST_WORD", "from the environment", 1);
	process(&rig, "[ \"$1 $2 $3 $#\" = '--password " FAKE_MARK
		" two words 3' ] || exit 3\n"
		"[ \"$REDTOP_TEST_WORD\" = 'from the environment' ] || exit 4\n"
		"[ -t 0 ] && exit 5\n"
		"(: </dev/tty) 2>/dev/null && exit 6\n"
		"echo noise >&2\necho '" PROCESS_KEYS "'");
	check_id(&rig, "process", "AKIAPROC");
	get(&rig, &g);
	assert_string_equal(g.identity, "process:default");
	assert_string_equal(g.token, "");
	assert_true(g.a.expires == TIME_NONE);
	/* What it leaves behind does not hold the answer up. */
	process(&rig, "sleep 30 & echo $! >%s/child\necho '" PROCESS_KEYS "'",
		rig.home);
	get(&rig, &g);
	assert_string_equal(g.id, "AKIAPROC");
	assert_true(g.ms < 5000);
	kill(pid_in(&rig, "child"), SIGKILL);
	rig_release(&rig);
}

static void a_process_that_fails_is_believed_or_shown(void **state)
{
	static const struct { const char *text, *words; } t[] = {
		{ "exit 1", "ended with 1: /bin/sh; run it by hand" },
		{ "echo " FAKE_MARK "; exit 1", "ended with 1" },
		{ "echo " FAKE_MARK " >&2; exit 127", "ended with 127" },
		{ "kill -9 $$", "was ended by signal 9" },
		{ "true", "printed nothing" },
		{ "echo " FAKE_MARK, "printed what is no JSON object" },
		{ "echo '{\"Version\":1,\"AccessKeyId\":\"" FAKE_MARK "\"}'",
		  "printed what lacks SecretAccessKey" },
		{ "echo '{\"Version\":3}'", "lacks \"Version\": 1" },
		{ "head -c 10000000 /dev/zero | tr '\\0' x",
		  "prints more than 64 kB" },
		{ "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccess"
		  "Key\":\"" FAKE_MARK "\",\"SessionToken\":\"t\","
		  "\"Expiration\":\"2026-11-23T11:59:59Z\"}'",
		  "the keys of process have expired (2026-11-23T11:59:59Z)" },
	};
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		process(&rig, "%s", t[i].text);
		check_fail(&rig, t[i].words);
	}
	write_file(&rig, ".aws/config", "[default]\ncredential_process = "
		   "/nonexistent/x " FAKE_MARK "\n");
	ready(&rig, NULL);
	check_fail(&rig, "cannot be run (no such file or directory): "
		   "/nonexistent/x; run it by hand");
	write_file(&rig, ".aws/config", "[default]\ncredential_process = "
		   "TOKEN=" FAKE_MARK " x\n");
	ready(&rig, NULL);
	check_fail(&rig, "cannot be run (no such file or directory); run it");
	write_file(&rig, ".aws/config", "[default]\ncredential_process = "
		   "x '" FAKE_MARK "\n");
	ready(&rig, NULL);
	check_code(&rig, EXIT_FILE, ".aws/config:2: credential_process of "
		   "profile 'default' has an open quote; mend it");
	rig_release(&rig);
}

/* Also a corpse, as long as it was not buried. */
static bool is_there(const struct rig *rig, const char *name)
{
	return kill(pid_in(rig, name), 0) == 0;
}

/* One whose parent died is buried by whoever got it. */
static bool is_alive(const struct rig *rig, const char *name)
{
	char path[256], state = '?';
	int pid = pid_in(rig, name);
	FILE *f;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	assert_int_equal(fscanf(f, "%*d %*s %c", &state), 1);
	fclose(f);
	return state != 'Z' && state != 'X';
}

struct hung {
	struct rig *rig;
	struct got got;
	bool there;              /* when it was said that it hangs */
};

static void on_hung(const struct aws_creds_answer *a, void *arg)
{
	struct hung *h = arg;
	h->there = is_there(h->rig, "parent");
	on_got(a, &h->got);
}

static void a_process_that_hangs_outlives_its_time(void **state)
{
	struct rig rig;
	struct hung h = { .rig = &rig };
	struct got g;
	(void)state;
	rig_init(&rig);
	process(&rig, "trap '' TERM HUP INT\necho $$ >%s/parent\n"
		"sleep 1000 &\necho $! >%s/child\nwhile :; do sleep 1000; done",
		rig.home, rig.home);
	uint64_t began = uv_hrtime();
	aws_creds_get(rig.creds, 1500, on_hung, &h);
	while (!h.got.done)
		turn(&rig);
	assert_true(since(began) <= 1500);
	assert_false(h.there);
	check_shown(&rig, &h.got);
	assert_int_equal(h.got.a.fault, FAULT_AUTH);
	assert_int_equal(h.got.a.code, EXIT_REFUSED);
	assert_non_null(strstr(h.got.a.text,
			       "did not end within 2s: /bin/sh; "));
	settle(&rig, 50);
	assert_false(is_alive(&rig, "child"));
	/* The same where nobody waits any more. */
	char path[256];
	path_in(&rig, "parent", path);
	assert_int_equal(unlink(path), 0);
	ready(&rig, NULL);
	memset(&g, 0, sizeof(g));
	aws_creds_get(rig.creds, PATIENCE, on_got, &g);
	while (access(path, F_OK) != 0)
		turn(&rig);
	settle(&rig, 50);
	assert_true(is_alive(&rig, "parent"));
	aws_creds_cancel(rig.creds);
	settle(&rig, 100);
	assert_int_equal(g.done, 1);
	assert_int_equal(g.a.fault, FAULT_CANCELLED);
	assert_false(is_alive(&rig, "parent"));
	rig_release(&rig);
}

static void words_of_a_command_are_split_otherwise_than_by_a_shell(void **state)
{
	static const struct { const char *command, *words, *why; } t[] = {
		{ "a b  c", "[a][b][c]", NULL },
		{ "  a\t'b c' ", "[a][b c]", NULL },
		{ "a \"b \\\" \\\\ \\n c\"", "[a][b \" \\ \\n c]", NULL },
		{ "a\\ b c\\'d", "[a b][c'd]", NULL },
		{ "a'b'\"c\"d", "[abcd]", NULL },
		{ "a '' \"\"", "[a][][]", NULL },
		{ "a $HOME `x` *;|", "[a][$HOME][`x`][*;|]", NULL },
		{ "a '\\'", "[a][\\]", NULL },
		{ "a 'b", NULL, "has an open quote" },
		{ "a \"b\\\"", NULL, "has an open quote" },
		{ "a b\\", NULL, "ends with a backslash" },
		{ "", NULL, "names no program" },
		{ " \n", NULL, "names no program" },
		{ "''", NULL, "names no program" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *why = NULL;
		char **words = aws_words(t[i].command, &why);
		struct buf all;
		buf_init(&all, 0);
		for (size_t k = 0; words && words[k]; k++)
			buf_printf(&all, "[%s]", words[k]);
		if (t[i].words)
			assert_string_equal(buf_text(&all), t[i].words);
		else
			assert_string_equal(why, t[i].why);
		assert_int_equal(!words, !t[i].words);
		buf_release(&all);
		aws_words_free(words);
	}
	struct buf many;
	const char *why = NULL;
	buf_init(&many, 0);
	for (size_t i = 0; i <= LIMIT_WORDS; i++)
		buf_str(&many, "a ");
	assert_null(aws_words(many.s, &why));
	assert_string_equal(why, "has more than 256 words");
	buf_release(&many);
}

/* ---- roles -------------------------------------------------------------- */

static void role_of_keys(struct rig *rig, const char *more)
{
	write_keys(rig, ".aws/credentials", "base", "AKIABASE");
	write_file(rig, ".aws/config", "[default]\nregion = eu-west-1\n"
		   "role_arn = " ROLE "\nsource_profile = base\n%s", more);
	ready(rig, NULL);
}

static void a_role_is_assumed_with_other_words_than_the_profiles(void **state)
{
	const char *body;
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	role_of_keys(&rig, "role_session_name = oncall\nexternal_id = ext-1\n"
		     "duration_seconds = 900\n");
	check_new(&rig, "assume-role");
	assert_string_equal(rig.fake->part[FAKE_STS].body,
		"Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam"
		"%3A%3A111122223333%3Arole%2FReadOnly&RoleSessionName=oncall"
		"&ExternalId=ext-1&DurationSeconds=900");
	assert_null(strstr(rig.fake->part[FAKE_STS].head, FAKE_MARK));
	get(&rig, &g);
	assert_string_equal(g.identity, "role:" ROLE);
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 1);
	role_of_keys(&rig, "");
	check_new(&rig, "assume-role");
	body = rig.fake->part[FAKE_STS].body;
	assert_non_null(strstr(body, "&RoleSessionName=redtop-1795435200"));
	assert_null(strstr(body, "ExternalId"));
	assert_null(strstr(body, "DurationSeconds"));
	rig_release(&rig);
}

static void a_role_upon_a_role_is_assumed_with_the_wrong_keys(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	write_keys(&rig, ".aws/credentials", "base", "AKIABASE");
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "source_profile = middle\n[profile middle]\n"
		   "role_arn = arn:aws:iam::1:role/m\nsource_profile = base\n");
	ready(&rig, NULL);
	check_new(&rig, "assume-role");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 2);
	assert_non_null(strstr(rig.fake->part[FAKE_STS].body, "ReadOnly"));
	assert_non_null(strstr(rig.fake->part[FAKE_STS].head,
			       "X-Amz-Security-Token: " FAKE_TOKEN
			       "ASIASTSEXAMPLE0001"));
	get(&rig, &g);
	assert_string_equal(g.identity, "role:" ROLE);
	rig_release(&rig);
}

static void check_source(struct rig *rig, const char *source, const char *id)
{
	well_again(rig);
	write_file(rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "credential_source = %s\n", source);
	ready(rig, "default"); /* so that env is a source only */
	check_new(rig, "assume-role");
	if (!strstr(rig->fake->part[FAKE_STS].head, id))
		fail_msg("%s: %s", id, rig->fake->part[FAKE_STS].head);
}

static void a_role_does_not_find_what_it_stands_upon(void **state)
{
	char url[EVIL_URL];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	set_keys(&rig, "AKIAENV");
	check_source(&rig, "Environment", "Credential=AKIAENV/");
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s",
	    fake_creds_url(rig.fake, "/creds", url));
	check_source(&rig, "EcsContainer", "Credential=ASIAECSEXAMPLE");
	set(&rig, "AWS_EC2_METADATA_DISABLED", "%s", "");
	check_source(&rig, "Ec2InstanceMetadata", "Credential=ASIAIMDSEXAMPLE");
	set(&rig, "AWS_EC2_METADATA_DISABLED", "true");
	ready(&rig, "default");
	check_fail(&rig, "no keys for role " ROLE ": AWS_EC2_METADATA_DISABLED "
		   "is set; run this on an instance");
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s", "");
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "credential_source = EcsContainer\n");
	ready(&rig, "default");
	check_fail(&rig, "profile 'default' wants keys of a container");
	set(&rig, "AWS_ACCESS_KEY_ID", "%s", "");
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "credential_source = Environment\n");
	ready(&rig, "default");
	check_fail(&rig, "AWS_ACCESS_KEY_ID is not set in the environment");
	rig_release(&rig);
}

static const char denied[] = "<ErrorResponse><Error><Code>AccessDenied</Code>"
	"<Message>" FAKE_MARK "</Message></Error></ErrorResponse>";
static const char invalid[] = "<ErrorResponse><Error>"
	"<Code>InvalidClientTokenId</Code></Error></ErrorResponse>";
static const char throttled[] = "<ErrorResponse><Error><Code>Throttling</Code>"
	"</Error></ErrorResponse>";

static void a_role_that_is_refused_is_passed_over_in_silence(void **state)
{
	static const struct { int status; const char *answer, *words; } t[] = {
		{ 403, denied, "STS refuses role " ROLE " (AccessDenied); "
		  "check the role's trust policy" },
		{ 403, invalid, "(InvalidClientTokenId); AWS does not know" },
		{ 400, throttled, "(Throttling); too many" },
		{ 200, "<html>" FAKE_MARK "</html>", "STS' answer (HTTP 200) "
		  "lacks Credentials; check AWS_ENDPOINT_URL_STS" },
		{ 200, "{\"x\":\"" FAKE_MARK "\"}", "(HTTP 200) is no XML" },
		{ 302, "", "(HTTP 302) is no XML" },
		{ 503, FAKE_MARK, "(HTTP 503) is no XML" },
	};
	char url[EVIL_URL];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	/* There would be others. */
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s",
	    fake_creds_url(rig.fake, "/creds", url));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		well_again(&rig);
		role_of_keys(&rig, "");
		rig.fake->part[FAKE_STS].status = t[i].status;
		rig.fake->part[FAKE_STS].answer = t[i].answer;
		check_fail(&rig, t[i].words);
		assert_int_equal(rig.fake->part[FAKE_STS].asked,
				 t[i].answer == throttled || t[i].status == 503
				 ? 3 : 1);
	}
	assert_int_equal(rig.fake->part[FAKE_CONTAINER].asked, 0);
	/* A moment's trouble is none. */
	well_again(&rig);
	role_of_keys(&rig, "");
	rig.fake->part[FAKE_STS].behave = "/rst";
	rig.fake->part[FAKE_STS].times = 2;
	check_new(&rig, "assume-role");
	set(&rig, "AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
	ready(&rig, NULL);
	check_fail(&rig, "no keys of role " ROLE ": ");
	set(&rig, "AWS_ENDPOINT_URL_STS", "nonsense");
	ready(&rig, NULL);
	check_fail(&rig, "AWS_ENDPOINT_URL_STS");
	rig_release(&rig);
}

static void a_clock_that_is_wrong_costs_the_role(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	role_of_keys(&rig, "");
	rig.fake->ahead = 2 * 60 * MINUTE;
	check_new(&rig, "assume-role");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 2);
	/* The next one knows. */
	now_ms += 61 * MINUTE;
	check_new(&rig, "assume-role");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 3);
	/* As the source learned it before. */
	well_again(&rig);
	rig.fake->ahead = -3 * 60 * MINUTE;
	ready(&rig, NULL);
	aws_creds_skew(rig.creds, -3 * 60 * MINUTE);
	check_new(&rig, "assume-role");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 1);
	rig_release(&rig);
}

static void a_role_of_all_kinds_of_bases_has_no_region(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	set(&rig, "AWS_REGION", "%s", "");
	set(&rig, "AWS_EC2_METADATA_DISABLED", "%s", "");
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "credential_source = Ec2InstanceMetadata\n");
	ready(&rig, NULL);
	check_new(&rig, "assume-role");
	assert_non_null(strstr(rig.fake->part[FAKE_STS].head,
			       "/eu-north-1/sts/aws4_request"));
	assert_int_equal(rig.fake->part[FAKE_PUT].asked, 1);
	get(&rig, &g);
	assert_string_equal(g.region, "eu-north-1");
	set(&rig, "AWS_REGION", "eu-west-1");
	ready(&rig, NULL);
	check_new(&rig, "assume-role");
	get(&rig, &g);
	assert_string_equal(g.region, "");
	rig_release(&rig);
}

/* ---- web identity ------------------------------------------------------- */

static void a_token_of_a_pod_is_not_taken_as_it_stands(void **state)
{
	char path[256];
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	write_file(&rig, "jwt", " " FAKE_JWT "\n\n");
	path_in(&rig, "jwt", path);
	set(&rig, "AWS_WEB_IDENTITY_TOKEN_FILE", "%s", path);
	ready(&rig, NULL);
	check_fail(&rig, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN "
		   "is not; set both");
	set(&rig, "AWS_ROLE_ARN", ROLE);
	set(&rig, "AWS_ROLE_SESSION_NAME", "pod");
	ready(&rig, NULL);
	check_new(&rig, "web-identity");
	assert_null(strstr(rig.fake->part[FAKE_STS].head, "Authorization"));
	assert_non_null(strstr(rig.fake->part[FAKE_STS].body,
			       "&RoleSessionName=pod&WebIdentityToken="
			       FAKE_JWT));
	get(&rig, &g);
	assert_string_equal(g.identity, "role:" ROLE);
	/* --profile leaves the environment alone. */
	write_keys(&rig, ".aws/credentials", "b", "AKIAFILE");
	ready(&rig, "b");
	check_id(&rig, "profile:b", "AKIAFILE");
	/* It rotates: each renewal reads it. */
	ready(&rig, NULL);
	check_new(&rig, "web-identity");
	write_file(&rig, "jwt", "other");
	now_ms += 61 * MINUTE;
	check_fail(&rig, "STS refuses role " ROLE " (InvalidIdentityToken); "
		   "check the token file");
	write_file(&rig, "jwt", FAKE_JWT);
	check_new(&rig, "web-identity");
	rig_release(&rig);
}

static void a_token_file_that_cannot_be_read_is_not_named(void **state)
{
	char path[256];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	path_in(&rig, "jwt", path);
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "web_identity_token_file = %s\n", path);
	ready(&rig, NULL);
	check_fail(&rig, "/jwt cannot be read (No such file or directory); "
		   "check its path");
	write_file(&rig, "jwt", "a\nb");
	ready(&rig, NULL);
	check_fail(&rig, "/jwt holds more than one line");
	write_file(&rig, "jwt", FAKE_JWT);
	ready(&rig, NULL);
	check_new(&rig, "web-identity");
	/* A role upon it. */
	write_file(&rig, ".aws/config", "[default]\nrole_arn = " ROLE "\n"
		   "source_profile = web\n[profile web]\n"
		   "role_arn = arn:aws:iam::1:role/w\n"
		   "web_identity_token_file = %s\n", path);
	ready(&rig, NULL);
	well_again(&rig);
	check_new(&rig, "assume-role");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 2);
	assert_non_null(strstr(rig.fake->part[FAKE_STS].body, "ReadOnly"));
	rig_release(&rig);
}

/* ---- SSO ---------------------------------------------------------------- */

static void sso_profile(struct rig *rig, bool session)
{
	write_file(rig, ".aws/config", "[profile dev]\n"
		   "sso_account_id = " FAKE_ACCOUNT "\n"
		   "sso_role_name = Read Only\n%s\n%s\n"
		   "sso_region = eu-west-1\n"
		   "sso_start_url = https://x.awsapps.com/start\n",
		   session ? "sso_session = corp" : "",
		   session ? "[sso-session corp]" : "");
}

static void sso_path(const struct rig *rig, bool session, char out[256])
{
	struct buf path;
	buf_init(&path, 0);
	aws_sso_path(rig->home, session ? "corp"
		     : "https://x.awsapps.com/start", &path);
	snprintf(out, 256, "%s", path.s + strlen(rig->home) + 1);
	buf_release(&path);
}

/* As aws sso login leaves it. */
static void sso_login(struct rig *rig, bool session, time_ms life,
		      const char *more)
{
	char path[256], iso[TIME_TEXT];
	sso_path(rig, session, path);
	write_file(rig, path, "{\"startUrl\":\"https://x.awsapps.com/start\","
		   "\"region\":\"eu-west-1\",\"accessToken\":\"" FAKE_SSO_TOKEN
		   "%u\",\"expiresAt\":\"%s\"%s%s}", rig->fake->renewals,
		   time_iso(now_ms + life, iso), *more ? "," : "", more);
}

static void sso_renewable(struct rig *rig, time_ms life)
{
	char more[512];
	snprintf(more, sizeof(more), "\"clientId\":\"client\",\"clientSecret\":"
		 "\"" FAKE_MARK "-client\",\"registrationExpiresAt\":"
		 "\"2027-01-01T00:00:00Z\",\"refreshToken\":\"" FAKE_REFRESH
		 "%u\",\"kept\":[1]", rig->fake->renewals);
	sso_login(rig, true, life, more);
}

static void the_file_of_a_login_has_another_name(void **state)
{
	struct buf path;
	(void)state;
	buf_init(&path, 0);
	/* printf admin | sha1sum, as the AWS CLI writes it. */
	aws_sso_path("/home/u/", "admin", &path);
	assert_string_equal(path.s, "/home/u/.aws/sso/cache/"
			    "d033e22ae348aeb5660fc2140aec35850c4da997.json");
	buf_release(&path);
}

static void a_login_by_sso_is_not_found(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	for (int session = 0; session < 2; session++) {
		sso_profile(&rig, session);
		sso_login(&rig, session, 60 * MINUTE, "");
		ready(&rig, "dev");
		check_new(&rig, "sso");
		assert_non_null(strstr(rig.fake->part[FAKE_SSO].head,
			"GET /federation/credentials?role_name=Read%20Only"
			"&account_id=" FAKE_ACCOUNT " HTTP/1.1\r\n"));
		assert_null(strstr(rig.fake->part[FAKE_SSO].head,
				   "Authorization"));
		get(&rig, &g);
		assert_string_equal(g.identity, "sso:" FAKE_ACCOUNT
				    "/Read Only");
	}
	assert_int_equal(rig.fake->part[FAKE_OIDC].asked, 0);
	rig_release(&rig);
}

static void an_sso_session_that_is_over_does_not_name_the_login(void **state)
{
	static const char login[] = "; run aws sso login --profile dev";
	char path[256], words[128];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	sso_profile(&rig, true);
	ready(&rig, "dev");
	snprintf(words, sizeof(words), "the SSO session of profile 'dev' was "
		 "never begun here%s", login);
	check_fail(&rig, words);
	sso_login(&rig, true, -1000, "");
	ready(&rig, "dev");
	snprintf(words, sizeof(words), "the SSO session of profile 'dev' has "
		 "expired%s", login);
	check_fail(&rig, words);
	assert_int_equal(asked(&rig), 0);
	sso_login(&rig, true, -1000, "\"clientId\":\"client\",\"clientSecret\":"
		  "\"" FAKE_MARK "-client\",\"registrationExpiresAt\":"
		  "\"2026-11-23T11:59:00Z\",\"refreshToken\":\"" FAKE_REFRESH
		  "0\"");
	check_fail(&rig, words);
	assert_int_equal(asked(&rig), 0);
	sso_login(&rig, true, 60 * MINUTE, "");
	rig.fake->renewals = 5; /* it knows another token */
	check_fail(&rig, "is no longer accepted; run aws sso login");
	sso_path(&rig, true, path);
	write_file(&rig, path, "%s", "{\"accessToken\":\"" FAKE_MARK "\"}");
	check_fail(&rig, "holds no SSO token; run aws sso login --profile dev");
	write_file(&rig, path, "%s", "{\"accessToken\":\"a\\r\\nX-Evil: "
		   FAKE_MARK "\",\"expiresAt\":\"2027-01-01T00:00:00Z\"}");
	check_fail(&rig, "holds no SSO token; run aws sso login --profile dev");
	rig_release(&rig);
}

static void an_sso_role_that_is_not_ours_is_not_named(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	sso_profile(&rig, false);
	sso_login(&rig, false, 60 * MINUTE, "");
	rig.fake->part[FAKE_SSO].status = 403;
	rig.fake->part[FAKE_SSO].answer = "{\"__type\":\"ForbiddenException\","
		"\"message\":\"" FAKE_MARK "\"}";
	ready(&rig, "dev");
	check_fail(&rig, "SSO refuses role 'Read Only' in account "
		   FAKE_ACCOUNT " (HTTP 403 ForbiddenException) to profile "
		   "'dev'; check sso_account_id");
	rig.fake->part[FAKE_SSO].status = 200;
	rig.fake->part[FAKE_SSO].answer = FAKE_MARK;
	check_fail(&rig, "the answer is no JSON object; check sso_region");
	rig.fake->part[FAKE_SSO].behave = "/truncated";
	check_fail(&rig, "no SSO keys for profile 'dev': ");
	write_file(&rig, ".aws/config", "[profile dev]\nsso_session = c\n"
		   "[sso-session c]\nsso_region = eu-west-1\n"
		   "sso_start_url = https://x\n");
	ready(&rig, "dev");
	check_code(&rig, EXIT_FILE, "has sso_session without sso_account_id");
	rig_release(&rig);
}

static cJSON *read_cache(struct rig *rig, const char *path)
{
	char whole[512], text[4096];
	struct stat st;
	snprintf(whole, sizeof(whole), "%s/%s", rig->home, path);
	FILE *f = fopen(whole, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(stat(whole, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	return cJSON_Parse(text);
}

static void check_member(const cJSON *tree, const char *name, const char *want)
{
	assert_string_equal(cJSON_GetStringValue(
		cJSON_GetObjectItem(tree, name)), want);
}

static void an_sso_session_ends_though_it_could_be_renewed(void **state)
{
	char path[256];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	sso_profile(&rig, true);
	sso_path(&rig, true, path);
	sso_renewable(&rig, -1000);
	ready(&rig, "dev");
	check_new(&rig, "sso");
	assert_int_equal(rig.fake->renewals, 1);
	cJSON *tree = read_cache(&rig, path);
	check_member(tree, "accessToken", FAKE_SSO_TOKEN "1");
	check_member(tree, "refreshToken", FAKE_REFRESH "1");
	check_member(tree, "expiresAt", "2026-11-23T13:00:00Z");
	check_member(tree, "clientSecret", FAKE_MARK "-client");
	check_member(tree, "startUrl", "https://x.awsapps.com/start");
	assert_true(cJSON_IsArray(cJSON_GetObjectItem(tree, "kept")));
	cJSON_Delete(tree);
	/* The next one uses what was written. */
	ready(&rig, "dev");
	check_new(&rig, "sso");
	assert_int_equal(rig.fake->renewals, 1);
	/* Soon over: renewed too, and good meanwhile. */
	sso_renewable(&rig, 14 * MINUTE);
	ready(&rig, "dev");
	check_new(&rig, "sso");
	assert_int_equal(rig.fake->renewals, 2);
	well_again(&rig);
	sso_renewable(&rig, 14 * MINUTE);
	rig.fake->part[FAKE_OIDC].status = 400;
	ready(&rig, "dev");
	check_new(&rig, "sso");
	sso_renewable(&rig, -1000);
	ready(&rig, "dev");
	check_fail(&rig, "has expired; run aws sso login --profile dev");
	rig.fake->part[FAKE_OIDC].behave = "/nothing";
	check_fail(&rig, "the SSO session of profile 'dev' cannot be renewed");
	rig_release(&rig);
}

/* Two viewers renew at the same time: the second one's token is spent. */
static void a_renewal_that_another_won_ends_the_session(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	sso_profile(&rig, true);
	sso_renewable(&rig, -1000);
	ready(&rig, "dev");
	rig.fake->part[FAKE_OIDC].behave = "/delay"; /* no token in it */
	memset(&g, 0, sizeof(g));
	aws_creds_get(rig.creds, PATIENCE, on_got, &g);
	while (!rig.fake->part[FAKE_OIDC].asked)
		turn(&rig);
	rig.fake->renewals = 7;
	sso_renewable(&rig, 60 * MINUTE);
	while (!g.done)
		turn(&rig);
	assert_string_equal(g.a.text, "");
	assert_string_equal(g.provider, "sso");
	rig_release(&rig);
}

static void a_token_that_cannot_be_written_is_kept_secret(void **state)
{
	char path[256], folder[256];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	sso_profile(&rig, true);
	sso_path(&rig, true, path);
	sso_renewable(&rig, -1000);
	ready(&rig, "dev");
	struct got g;
	memset(&g, 0, sizeof(g));
	rig.fake->part[FAKE_OIDC].asked = 0;
	aws_creds_get(rig.creds, PATIENCE, on_got, &g);
	while (!rig.fake->part[FAKE_OIDC].asked)
		turn(&rig);
	path_in(&rig, ".aws/sso", folder);
	path_in(&rig, ".aws/away", path);
	assert_int_equal(rename(folder, path), 0);
	while (!g.done)
		turn(&rig);
	assert_string_equal(g.a.text, "");
	check_shown(&rig, &g);
	assert_string_equal(winner(&rig)->why, "won; the renewed token could "
			    "not be written: No such file or directory");
	rig_release(&rig);
}

/* ---- containers --------------------------------------------------------- */

static void container(struct rig *rig, const char *path)
{
	char url[EVIL_URL];
	set(rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s",
	    fake_creds_url(rig->fake, path, url));
	ready(rig, NULL);
}

static void a_container_gets_no_keys(void **state)
{
	char path[256], first[300];
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	container(&rig, "/creds?id=" FAKE_MARK);
	check_new(&rig, "container");
	assert_null(strstr(rig.fake->part[FAKE_CONTAINER].head,
			   "Authorization"));
	get(&rig, &g);
	strcpy(first, g.identity);
	container(&rig, "/creds?id=other");
	get(&rig, &g);
	assert_string_not_equal(g.identity, first);
	rig.fake->container_token = "Basic " FAKE_MARK;
	set(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic " FAKE_MARK);
	container(&rig, "/creds");
	check_new(&rig, "container");
	/* The file beats the variable, and is read every time. */
	path_in(&rig, "token", path);
	write_file(&rig, "token", FAKE_MARK "-old");
	set(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "%s", path);
	rig.fake->container_token = FAKE_MARK "-old";
	container(&rig, "/creds");
	check_new(&rig, "container");
	write_file(&rig, "token", FAKE_MARK "-new");
	rig.fake->container_token = FAKE_MARK "-new";
	now_ms += 61 * MINUTE;
	check_new(&rig, "container");
	rig_release(&rig);
}

static void a_containers_token_goes_where_it_may_not(void **state)
{
	char path[256];
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	set(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "%s", FAKE_MARK);
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	    "http://user:" FAKE_MARK "@192.0.2.1/creds?x=" FAKE_MARK);
	ready(&rig, NULL);
	get(&rig, &g);
	assert_true(g.ms < 1000);
	check_fail(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI: a token may not "
		   "go to http://192.0.2.1/creds; https, a loopback");
	set(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN", FAKE_MARK "\r\nX: y");
	container(&rig, "/creds");
	check_fail(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN holds a line end");
	path_in(&rig, "token", path);
	set(&rig, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "%s", path);
	container(&rig, "/creds");
	check_fail(&rig, "/token) is not there; ");
	write_file(&rig, "token", FAKE_MARK "\n");
	check_fail(&rig, "/token) holds a line end, which no token may; ");
	write_file(&rig, "token", "%s", "");
	check_fail(&rig, "/token) is empty; ");
	set(&rig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "nonsense");
	ready(&rig, NULL);
	check_fail(&rig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not");
	assert_int_equal(asked(&rig), 0);
	rig_release(&rig);
}

static void a_task_asks_another_address_than_its_own(void **state)
{
	struct rig rig;
	struct buf url;
	struct err e;
	(void)state;
	rig_init(&rig);
	ready(&rig, NULL);
	buf_init(&url, 0);
	assert_int_equal(aws_container_url(&rig.settings, &url, &e), 1);
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/x");
	assert_int_equal(aws_container_url(&rig.settings, &url, &e), 0);
	assert_string_equal(url.s, "http://127.0.0.1/x");
	buf_clear(&url);
	set(&rig, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/creds/u");
	assert_int_equal(aws_container_url(&rig.settings, &url, &e), 0);
	assert_string_equal(url.s, "http://169.254.170.2/v2/creds/u");
	buf_release(&url);
	rig_release(&rig);
}

static void a_container_that_refuses_is_passed_over(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	set(&rig, "AWS_EC2_METADATA_DISABLED", "%s", ""); /* another could */
	rig.fake->container_token = "other";
	container(&rig, "/creds");
	check_fail(&rig, "the container's credentials are refused (HTTP 403 "
		   "AccessDenied); check the task's or pod's role");
	assert_int_equal(rig.fake->part[FAKE_CONTAINER].asked, 1);
	well_again(&rig);
	rig.fake->container_token = NULL;
	rig.fake->part[FAKE_CONTAINER].status = 500;
	check_fail(&rig, "refused (HTTP 500); ");
	assert_int_equal(rig.fake->part[FAKE_CONTAINER].asked, 3);
	well_again(&rig);
	rig.fake->part[FAKE_CONTAINER].status = 503;
	rig.fake->part[FAKE_CONTAINER].times = 2;
	check_new(&rig, "container");
	assert_int_equal(rig.fake->part[FAKE_CONTAINER].asked, 3);
	well_again(&rig);
	ready(&rig, NULL);
	rig.fake->part[FAKE_CONTAINER].status = 200;
	rig.fake->part[FAKE_CONTAINER].answer = "{\"AccessKeyId\":\""
						FAKE_MARK "\"}";
	check_fail(&rig, "the answer lacks SecretAccessKey; ");
	assert_int_equal(rig.fake->part[FAKE_PUT].asked, 0);
	rig_release(&rig);
}

/* ---- instance metadata -------------------------------------------------- */

static void instance(struct rig *rig)
{
	set(rig, "AWS_EC2_METADATA_DISABLED", "%s", "");
	ready(rig, NULL);
}

static void an_instance_gets_no_keys(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	rig.fake->needs_token = true;
	set(&rig, "AWS_REGION", "%s", "");
	instance(&rig);
	check_new(&rig, "imds");
	assert_int_equal(rig.fake->part[FAKE_PUT].asked, 1);
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 0);
	get(&rig, &g);
	assert_string_equal(g.region, "eu-north-1");
	/* The role, and the account, of which only a hash is left. */
	assert_memory_equal(g.identity, "imds:bastion:", 13);
	assert_int_equal(strlen(g.identity), 13 + 12);
	assert_null(strstr(g.identity, FAKE_ACCOUNT));
	rig.fake->part[FAKE_INFO].status = 404;
	instance(&rig);
	get(&rig, &g);
	assert_string_equal(g.identity, "imds:bastion");
	rig_release(&rig);
}

static void an_older_instance_gets_no_keys(void **state)
{
	static const int statuses[] = { 403, 404, 405 };
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < 3; i++) {
		well_again(&rig);
		rig.fake->part[FAKE_PUT].status = statuses[i];
		instance(&rig);
		check_new(&rig, "imds");
		assert_null(strstr(rig.fake->part[FAKE_KEYS].head,
				   "x-aws-ec2-metadata-token"));
	}
	set(&rig, "AWS_EC2_METADATA_V1_DISABLED", "true");
	instance(&rig);
	check_fail(&rig, "instance metadata knows no token (IMDSv2) and IMDSv1 "
		   "is disabled (AWS_EC2_METADATA_V1_DISABLED); ");
	set(&rig, "AWS_EC2_METADATA_V1_DISABLED", "false");
	write_file(&rig, ".aws/config", "[default]\n"
		   "ec2_metadata_v1_disabled = true\n");
	instance(&rig);
	check_fail(&rig, "IMDSv1 is disabled");
	rig_release(&rig);
}

/* The token's packets do not reach a container behind one more hop. */
static void a_container_on_an_instance_hangs_or_does_not_say_why(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	rig.fake->part[FAKE_PUT].behave = "/hang";
	instance(&rig);
	get(&rig, &g);
	assert_string_equal(g.provider, "imds");
	assert_true(g.ms >= 900 && g.ms < 2500);
	assert_int_equal(rig.fake->part[FAKE_PUT].asked, 1);
	rig.fake->needs_token = true;
	instance(&rig);
	check_fail(&rig, "instance metadata wants a token (IMDSv2) and gives "
		   "none here; in a container, raise the instance's hop limit "
		   "to 2");
	set(&rig, "AWS_EC2_METADATA_V1_DISABLED", "true");
	instance(&rig);
	check_fail(&rig, "in a container, raise the instance's hop limit");
	/* Whatever hangs, there is an end. */
	well_again(&rig);
	rig.fake->part[FAKE_ROLES].behave = "/hang";
	instance(&rig);
	get(&rig, &g);
	assert_true(g.ms < 2500);
	assert_int_equal(g.a.fault, FAULT_AUTH);
	well_again(&rig);
	rig.fake->part[FAKE_INFO].behave = "/hang";
	instance(&rig);
	check_new(&rig, "imds");
	rig_release(&rig);
}

static void an_instance_without_a_role_is_not_told_apart(void **state)
{
	static const struct {
		enum fake_kind kind;
		int status;
		const char *answer, *words;
	} t[] = {
		{ FAKE_ROLES, 404, "", "and instance metadata knows no role of "
		  "this instance; run aws configure" },
		{ FAKE_ROLES, 200, "", "instance metadata knows no role" },
		{ FAKE_ROLES, 200, "<html>" FAKE_MARK "</html>",
		  "instance metadata answers what is no role" },
		{ FAKE_ROLES, 500, "", "instance metadata names no role "
		  "(HTTP 500); " },
		{ FAKE_PUT, 200, "<html> " FAKE_MARK "</html>", "what answers "
		  "instead of instance metadata gives no token" },
		{ FAKE_PUT, 400, "", "instance metadata answers HTTP 400; " },
		{ FAKE_PUT, 302, "", "instance metadata answers HTTP 302; " },
		{ FAKE_KEYS, 200, "{\"Code\":\"AssumeRoleUnauthorizedAccess\","
		  "\"Message\":\"" FAKE_MARK "\"}", "the instance's role "
		  "'bastion' gives no keys: AssumeRoleUnauthorizedAccess; "
		  "check the role" },
		{ FAKE_KEYS, 200, FAKE_MARK, "the answer is no JSON object; " },
		{ FAKE_KEYS, 404, "", "gives no keys of role 'bastion' "
		  "(HTTP 404); " },
	};
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		well_again(&rig);
		rig.fake->part[t[i].kind].status = t[i].status;
		rig.fake->part[t[i].kind].answer = t[i].answer;
		instance(&rig);
		check_fail(&rig, t[i].words);
	}
	set(&rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense");
	instance(&rig);
	check_fail(&rig, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	rig_release(&rig);
}

static void keys_of_the_instance_go_through_a_proxy(void **state)
{
	char url[EVIL_URL];
	struct rig rig;
	(void)state;
	rig_init(&rig);
	struct evil *proxy = evil_new(&rig.loop, NULL, NULL);
	evil_url(proxy, "", url);
	setenv("http_proxy", url, 1);
	setenv("all_proxy", url, 1);
	setenv("no_proxy", "", 1);
	instance(&rig);
	check_new(&rig, "imds");
	container(&rig, "/creds");
	check_new(&rig, "container");
	/* A config's own one is for the sources. */
	struct http_config *c = http_config_new("test");
	c->proxy.from = PROXY_URL;
	c->proxy.url = url;
	c->login = LOGIN_TOKEN;
	c->secret.value = FAKE_MARK;
	c->scheme = "Bearer";
	set(&rig, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "%s", "");
	instance(&rig);
	drop(&rig);
	struct err e;
	assert_int_equal(aws_settings_load(&rig.settings, &rig.outside, NULL,
					   NULL, &e), 0);
	rig.creds = aws_creds_new(&(struct aws_creds_options){
		.loop = &rig.loop, .settings = &rig.settings, .wall = wall,
		.http = c });
	check_new(&rig, "imds");
	assert_null(strstr(rig.fake->part[FAKE_KEYS].head, "Bearer"));
	assert_int_equal(evil_connections(proxy), 0);
	/* STS does go through it. */
	role_of_keys(&rig, "");
	drop(&rig);
	assert_int_equal(aws_settings_load(&rig.settings, &rig.outside, NULL,
					   NULL, &e), 0);
	rig.creds = aws_creds_new(&(struct aws_creds_options){
		.loop = &rig.loop, .settings = &rig.settings, .wall = wall,
		.http = c });
	check_fail(&rig, "no keys of role " ROLE);
	assert_true(evil_connections(proxy) > 0);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("no_proxy");
	drop(&rig);
	http_config_free(c);
	evil_close(proxy, NULL, NULL);
	rig_release(&rig);
}

/* ---- time --------------------------------------------------------------- */

static void keys_are_asked_for_again_while_they_hold(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	role_of_keys(&rig, "");
	check_new(&rig, "assume-role");
	now_ms += 44 * MINUTE;
	get(&rig, &g);
	assert_string_equal(g.id, "ASIASTSEXAMPLE0001");
	settle(&rig, 50);
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 1);
	/* Within 15 minutes: the old ones at once, new ones meanwhile. */
	now_ms += 2 * MINUTE;
	get(&rig, &g);
	assert_string_equal(g.id, "ASIASTSEXAMPLE0001");
	settle(&rig, 200);
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 2);
	get(&rig, &g);
	assert_string_equal(g.id, "ASIASTSEXAMPLE0002");
	assert_int_equal(rig.fake->part[FAKE_STS].asked, 2);
	rig_release(&rig);
}

static void a_renewal_that_fails_takes_keys_that_hold(void **state)
{
	static const char *const ways[] = { "/rst", "/hang", "/auth" };
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < 3; i++) {
		now_ms = NOON;
		well_again(&rig);
		role_of_keys(&rig, "");
		check_new(&rig, "assume-role");
		time_ms end = now_ms + 60 * MINUTE;
		rig.fake->part[FAKE_STS].behave = ways[i];
		for (now_ms += 46 * MINUTE; now_ms < end; now_ms += MINUTE) {
			get_within(&rig, &g, 1000);
			if (g.a.fault || g.ms > 900)
				fail_msg("%s %ld ms: %s", ways[i], g.ms,
					 g.a.text);
			settle(&rig, 20);
		}
		get_within(&rig, &g, 1000);
		assert_int_not_equal(g.a.fault, FAULT_NONE);
		assert_int_equal(g.a.code, EXIT_REFUSED);
		assert_null(g.a.keys.id);
		assert_true(g.ms <= 1100);
		/* And back again. */
		rig.fake->part[FAKE_STS].behave = NULL;
		check_new(&rig, "assume-role");
	}
	rig_release(&rig);
}

static void one_renewal_follows_upon_the_other(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	rig.fake->life = 14 * MINUTE; /* due from the start */
	role_of_keys(&rig, "");
	check_new(&rig, "assume-role");
	for (int i = 0; i < 20; i++) {
		now_ms += 5000;
		get(&rig, &g);
		assert_int_equal(g.a.fault, FAULT_NONE);
		settle(&rig, 5);
	}
	settle(&rig, 100);
	assert_true(rig.fake->part[FAKE_STS].asked >= 2);
	assert_true(rig.fake->part[FAKE_STS].asked <= 3);
	rig_release(&rig);
}

static void keys_in_use_are_overwritten_by_new_ones(void **state)
{
	struct rig rig;
	struct got first, g;
	(void)state;
	rig_init(&rig);
	role_of_keys(&rig, "");
	get(&rig, &first);
	for (int i = 0; i < 5; i++) {
		now_ms += 61 * MINUTE;
		get(&rig, &g);
		assert_ptr_not_equal(g.a.keys.id, first.a.keys.id);
	}
	/* A request may be on its way with them. */
	assert_string_equal(first.a.keys.id, first.id);
	assert_string_equal(first.a.keys.secret, first.secret);
	rig_release(&rig);
}

static void an_instance_stops_while_its_metadata_is_down(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	instance(&rig);
	check_new(&rig, "imds");
	rig.fake->part[FAKE_PUT].behave = "/nothing";
	now_ms += 61 * MINUTE;
	for (int i = 0; i < 60; i++) {
		get(&rig, &g);
		if (g.a.fault)
			fail_msg("after %d min: %s", i, g.a.text);
		assert_string_equal(g.id, "ASIAIMDSEXAMPLE0001");
		assert_true(g.a.expires > now_ms);
		assert_true(g.a.expires <= now_ms + 25 * MINUTE);
		settle(&rig, 5);
		now_ms += MINUTE;
	}
	assert_true(rig.fake->part[FAKE_PUT].asked > 2);
	assert_true(rig.fake->part[FAKE_PUT].asked <= 60);
	/* It is up again, and gives what has expired. */
	well_again(&rig);
	rig.fake->life = -MINUTE;
	instance(&rig);
	get(&rig, &g);
	assert_int_equal(g.a.fault, FAULT_NONE);
	assert_true(g.a.expires > now_ms + 16 * MINUTE);
	rig_release(&rig);
}

/* ---- refused keys ------------------------------------------------------- */

static void refused_keys_are_given_out_again(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	role_of_keys(&rig, "");
	assert_false(aws_creds_refused(rig.creds)); /* there are none */
	check_new(&rig, "assume-role");
	assert_true(aws_creds_refused(rig.creds));
	check_new(&rig, "assume-role");
	assert_true(aws_creds_refused(rig.creds));
	rig.fake->part[FAKE_STS].behave = "/auth";
	get(&rig, &g);
	assert_int_equal(g.a.fault, FAULT_AUTH); /* not the refused ones */
	rig.fake->part[FAKE_STS].behave = NULL;
	check_new(&rig, "assume-role");
	/* One that gives the same again is not asked at every request. */
	process(&rig, "echo x >>%s/runs; echo '" PROCESS_KEYS "'", rig.home);
	check_id(&rig, "process", "AKIAPROC");
	assert_true(aws_creds_refused(rig.creds));
	check_id(&rig, "process", "AKIAPROC");
	assert_false(aws_creds_refused(rig.creds));
	now_ms += 2 * MINUTE;
	assert_true(aws_creds_refused(rig.creds));
	rig_release(&rig);
}

static void keys_that_were_mended_in_the_file_are_not_noticed(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	write_keys(&rig, ".aws/credentials", "default", "AKIAOLD");
	ready(&rig, NULL);
	check_id(&rig, "profile:default", "AKIAOLD");
	assert_false(aws_creds_refused(rig.creds));
	check_id(&rig, "profile:default", "AKIAOLD");
	write_file(&rig, ".aws/credentials", "nonsense\n");
	assert_false(aws_creds_refused(rig.creds));
	write_keys(&rig, ".aws/credentials", "default", "AKIANEW");
	assert_true(aws_creds_refused(rig.creds));
	check_id(&rig, "profile:default", "AKIANEW");
	assert_false(aws_creds_refused(rig.creds));
	set_keys(&rig, "AKIAENV");
	ready(&rig, NULL);
	check_id(&rig, "env", "AKIAENV");
	assert_false(aws_creds_refused(rig.creds));
	rig_release(&rig);
}

/* ---- ends --------------------------------------------------------------- */

/* One of each that asks over the network, and whom it asks. */
static const struct {
	enum fake_kind kind;
	const char *name;
} networks[] = {
	{ FAKE_STS, "role" }, { FAKE_STS, "web" }, { FAKE_CONTAINER, "ecs" },
	{ FAKE_KEYS, "imds" }, { FAKE_SSO, "sso" }, { FAKE_OIDC, "renewal" },
};
#define NETWORKS (sizeof(networks) / sizeof(networks[0]))

static void prepare_network(struct rig *rig, const char *name)
{
	char path[256];
	if (strcmp(name, "role") == 0) {
		role_of_keys(rig, "");
	} else if (strcmp(name, "web") == 0) {
		path_in(rig, "jwt", path);
		write_file(rig, "jwt", FAKE_JWT);
		write_file(rig, ".aws/config", "[default]\nrole_arn = " ROLE
			   "\nweb_identity_token_file = %s\n", path);
		ready(rig, NULL);
	} else if (strcmp(name, "ecs") == 0) {
		container(rig, "/creds");
	} else if (strcmp(name, "imds") == 0) {
		instance(rig);
	} else {
		sso_profile(rig, true);
		if (strcmp(name, "sso") == 0)
			sso_login(rig, true, 60 * MINUTE, "");
		else
			sso_renewable(rig, -1000);
		ready(rig, "dev");
	}
}

static void an_answer_without_end_hangs_or_fills_the_memory(void **state)
{
	static const char *const ways[] = {
		"/endless", "/huge", "/headers", "/header-line", "/continue",
		"/slow", "/slow-head", "/hang", "/bomb", "/nothing", "/rst",
		"/truncated", "/not-http", "/gzip-bad", "/redirect-login",
		"/login", "/empty",
	};
	(void)state;
	for (size_t n = 0; n < NETWORKS; n++) {
		struct rig rig;
		struct got g;
		rig_init(&rig);
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			well_again(&rig);
			rig.fake->part[networks[n].kind].behave = ways[i];
			prepare_network(&rig, networks[n].name);
			get_within(&rig, &g, 600);
			if (!g.a.fault || g.ms > 700
			    || g.a.code != EXIT_REFUSED)
				fail_msg("%s %s: %ld ms %s", networks[n].name,
					 ways[i], g.ms, g.a.text);
		}
		rig_release(&rig);
	}
}

static void whoever_leaves_is_called_twice_or_never(void **state)
{
	(void)state;
	for (size_t n = 0; n < 2 * NETWORKS; n++) {
		struct rig rig;
		struct got g = { 0 };
		enum fake_kind kind = networks[n / 2].kind;
		rig_init(&rig);
		rig.fake->part[kind].behave = "/hang";
		prepare_network(&rig, networks[n / 2].name);
		aws_creds_cancel(rig.creds); /* harmless */
		aws_creds_get(rig.creds, PATIENCE, on_got, &g);
		while (!rig.fake->part[kind].asked)
			turn(&rig);
		if (n % 2)
			aws_creds_cancel(rig.creds);
		else
			drop(&rig);
		assert_int_equal(g.done, n % 2 ? 0 : 1);
		while (!g.done)
			turn(&rig);
		assert_int_equal(g.a.fault, FAULT_CANCELLED);
		if (n % 2) { /* and it can be asked anew */
			rig.fake->part[kind].behave = NULL;
			check_new(&rig, n / 2 == 0 ? "assume-role"
				  : n / 2 == 1 ? "web-identity"
				  : n / 2 == 2 ? "container"
				  : n / 2 == 3 ? "imds" : "sso");
		}
		assert_int_equal(g.done, 1);
		rig_release(&rig);
	}
}

static void a_deadline_is_for_each_step_and_not_for_all(void **state)
{
	struct rig rig;
	struct got g;
	(void)state;
	rig_init(&rig);
	rig.fake->part[FAKE_STS].behave = "/hang";
	role_of_keys(&rig, "");
	for (time_ms timeout = 1; timeout <= 1000; timeout *= 10) {
		get_within(&rig, &g, timeout);
		assert_int_not_equal(g.a.fault, FAULT_NONE);
		assert_int_equal(g.a.code, EXIT_REFUSED);
		assert_true(g.ms <= timeout + 100);
	}
	rig_release(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_at_hand_are_not_those_of_the_aws_tools),
		cmocka_unit_test(
			keys_at_hand_that_cannot_be_used_are_passed_over),
		cmocka_unit_test(
			without_any_credentials_nobody_says_what_to_do),
		cmocka_unit_test(the_identity_differs_between_two_runs),
		cmocka_unit_test(a_process_that_gives_keys_is_not_understood),
		cmocka_unit_test(a_process_that_fails_is_believed_or_shown),
		cmocka_unit_test(a_process_that_hangs_outlives_its_time),
		cmocka_unit_test(
			words_of_a_command_are_split_otherwise_than_by_a_shell),
		cmocka_unit_test(
			a_role_is_assumed_with_other_words_than_the_profiles),
		cmocka_unit_test(
			a_role_upon_a_role_is_assumed_with_the_wrong_keys),
		cmocka_unit_test(a_role_does_not_find_what_it_stands_upon),
		cmocka_unit_test(
			a_role_that_is_refused_is_passed_over_in_silence),
		cmocka_unit_test(a_clock_that_is_wrong_costs_the_role),
		cmocka_unit_test(a_role_of_all_kinds_of_bases_has_no_region),
		cmocka_unit_test(a_token_of_a_pod_is_not_taken_as_it_stands),
		cmocka_unit_test(
			a_token_file_that_cannot_be_read_is_not_named),
		cmocka_unit_test(the_file_of_a_login_has_another_name),
		cmocka_unit_test(a_login_by_sso_is_not_found),
		cmocka_unit_test(
			an_sso_session_that_is_over_does_not_name_the_login),
		cmocka_unit_test(an_sso_role_that_is_not_ours_is_not_named),
		cmocka_unit_test(
			an_sso_session_ends_though_it_could_be_renewed),
		cmocka_unit_test(a_renewal_that_another_won_ends_the_session),
		cmocka_unit_test(
			a_token_that_cannot_be_written_is_kept_secret),
		cmocka_unit_test(a_container_gets_no_keys),
		cmocka_unit_test(a_containers_token_goes_where_it_may_not),
		cmocka_unit_test(a_task_asks_another_address_than_its_own),
		cmocka_unit_test(a_container_that_refuses_is_passed_over),
		cmocka_unit_test(an_instance_gets_no_keys),
		cmocka_unit_test(an_older_instance_gets_no_keys),
		cmocka_unit_test(
			a_container_on_an_instance_hangs_or_does_not_say_why),
		cmocka_unit_test(
			an_instance_without_a_role_is_not_told_apart),
		cmocka_unit_test(keys_of_the_instance_go_through_a_proxy),
		cmocka_unit_test(keys_are_asked_for_again_while_they_hold),
		cmocka_unit_test(a_renewal_that_fails_takes_keys_that_hold),
		cmocka_unit_test(one_renewal_follows_upon_the_other),
		cmocka_unit_test(keys_in_use_are_overwritten_by_new_ones),
		cmocka_unit_test(an_instance_stops_while_its_metadata_is_down),
		cmocka_unit_test(refused_keys_are_given_out_again),
		cmocka_unit_test(
			keys_that_were_mended_in_the_file_are_not_noticed),
		cmocka_unit_test(
			an_answer_without_end_hangs_or_fills_the_memory),
		cmocka_unit_test(whoever_leaves_is_called_twice_or_never),
		cmocka_unit_test(a_deadline_is_for_each_step_and_not_for_all),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("aws_creds", tests, NULL, NULL);
}
