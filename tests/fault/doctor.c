/* redtop doctor and redtop status against servers that misbehave: what is
 * wrong is said, in time, and no secret is. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "tests/fault/evil_tls.c"
#include "tests/fault/fake_prom.c"

#include <cjson/cJSON.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define main redtop_main
#include "app/main.c"
#undef main

#define GUARD 30
#define WORDS 16
#define CA_FILE "TEST_CA_FILE"

/* A sanitized build looks into redtop too. */
#ifdef __SANITIZE_ADDRESS__
#define INSIDE true
#else
#define INSIDE false
#endif

/* As redtop itself this program trusts a test's CA: libcurl meets this
 * function before OpenSSL's. */
int X509_STORE_load_file(X509_STORE *store, const char *file)
{
	const char *own = getenv(CA_FILE);
	return X509_STORE_load_file_ex(store, own ? own : file, NULL, NULL);
}

#define HANG_DNS "TEST_HANG_DNS"

/* Likewise a DNS server that is gone. */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	typedef int lookup(const char *, const char *, const struct addrinfo *,
			   struct addrinfo **);
	lookup *real;
	while (getenv(HANG_DNS) && node && strstr(node, "hang"))
		pause();
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, res);
}

struct run {
	int code;        /* or 128 + signal */
	double seconds;
	struct buf out, err;
	cJSON *json;
};

static const char *self;

/* Variables of the tester's own would decide otherwise. */
static void clean_environment(void)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY",
		"HTTPS_PROXY", "HTTP_PROXY", "no_proxy", "NO_PROXY",
		"PROMETHEUS_URL", "REDTOP_TOKEN", "REDTOP_GRAPH", "NO_COLOR",
		"REDTOP_CONFIG", "AWS_PROFILE", "AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LC_ALL",
		"LC_CTYPE", CA_FILE, HANG_DNS,
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	/* The command line's words live as long as the process. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LANG", "C.UTF-8", 1);
	setenv("HOME", "/nonexistent", 1);
	setenv("XDG_DATA_HOME", "/tmp", 1);
	setenv("XDG_CONFIG_DIRS", "/nonexistent", 1);
}

static void take(int fd, struct buf *out)
{
	char bytes[4096];
	ssize_t n;
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)n);
	close(fd);
}

static int scratch(void)
{
	char path[] = "/tmp/redtop-doctor-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	return fd;
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t start(const char *const *words, bool ours, int out, int err)
{
	const char *redtop = getenv("REDTOP"), *argv[WORDS + 3] = { 0 };
	size_t n = 0;
	argv[n++] = ours ? self : redtop ? redtop : "./redtop";
	if (ours)
		argv[n++] = "as-redtop";
	for (; *words && n < WORDS; words++)
		argv[n++] = *words;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	int null = open("/dev/null", O_RDONLY);
	dup2(null, 0);
	dup2(out, 1);
	dup2(err, 2);
	execv(argv[0], (char *const *)(const void *)argv);
	_exit(127);
}

static int wait_for(pid_t pid)
{
	int status;
	for (double end = now_s() + GUARD; now_s() < end; usleep(5000))
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	fail_msg("it hangs");
	return -1;
}

static void run_as(struct run *r, bool ours, const char *const *words)
{
	int out = scratch(), err = scratch();
	double began = now_s();
	*r = (struct run){ 0 };
	r->code = wait_for(start(words, ours, out, err));
	r->seconds = now_s() - began;
	buf_init(&r->out, 0);
	buf_init(&r->err, 0);
	take(out, &r->out);
	take(err, &r->err);
	r->json = cJSON_Parse(buf_text(&r->out));
}

#define RUN(r, ...) \
	run_as(r, INSIDE, (const char *const[]){ __VA_ARGS__, NULL })

static void run_free(struct run *r)
{
	cJSON_Delete(r->json);
	buf_release(&r->out);
	buf_release(&r->err);
}

/* "sources.0.tls.verified" */
static const cJSON *at(const struct run *r, const char *path)
{
	const cJSON *j = r->json;
	char word[64];
	assert_non_null(j);
	for (int n; *path; path += n + (path[n] == '.')) {
		n = (int)strcspn(path, ".");
		snprintf(word, sizeof(word), "%.*s", n, path);
		j = cJSON_IsArray(j)
			    ? cJSON_GetArrayItem(j, atoi(word))
			    : cJSON_GetObjectItemCaseSensitive(j, word);
		if (!j)
			fail_msg("no %s in %s", path, buf_text(&r->out));
	}
	return j;
}

static const char *text_at(const struct run *r, const char *path)
{
	const char *s = cJSON_GetStringValue(at(r, path));
	if (!s)
		fail_msg("%s is no text in %s", path, buf_text(&r->out));
	return s;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in: %s", part, text);
}

static void lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in: %s", part, text);
}

/* ---- the contract -------------------- */

static void a_key_of_the_contract_is_missing(void **state)
{
	(void)state;
	static const char *const keys[] = {
		"schema", "terminal.term", "terminal.colors",
		"terminal.charset", "terminal.size", "terminal.graph",
		"terminal.fallback", "network.proxy", "network.ca",
		"network.skew_s", "aws.provider", "aws.region", "aws.endpoint",
		"aws.skew_s", "aws.note", "config.file", "config.problems",
		"libraries.curl", "libraries.uv", "libraries.ncurses",
		"libraries.cjson", "libraries.zstd", "libraries.xxhash",
		"libraries.utf8proc", "libraries.yaml", "libraries.openssl",
		"credentials", "problems", "sources.0.name", "sources.0.url",
		"sources.0.state", "sources.0.error", "sources.0.took_ms",
		"sources.0.skew_s", "sources.0.identity", "sources.0.dns.host",
		"sources.0.tls.used", "sources.0.tls.verified",
		"sources.0.proxy.url", "recordings.writable",
	};
	struct run r;
	clean_environment();
	RUN(&r, "doctor", "demo", "--format", "json");
	assert_int_equal(r.code, 0);
	assert_string_equal(buf_text(&r.err), "");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		at(&r, keys[i]);
	assert_string_equal(text_at(&r, "schema"), "redtop.doctor/1");
	assert_string_equal(text_at(&r, "terminal.graph"), "braille");
	assert_int_equal(at(&r, "terminal.colors")->valueint, 256);
	assert_string_equal(text_at(&r, "sources.0.state"), "up");
	assert_true(cJSON_IsNull(at(&r, "aws.provider")));
	run_free(&r);
}

static void a_healthy_source_is_blamed(void **state)
{
	(void)state;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 5 });
	struct run r;
	clean_environment();
	RUN(&r, "doctor", fake_prom_url(f), "--format", "json");
	assert_int_equal(r.code, 0);
	assert_string_equal(text_at(&r, "sources.0.state"), "up");
	assert_string_equal(text_at(&r, "sources.0.name"), "prom");
	has(text_at(&r, "sources.0.identity"), "Prometheus");
	assert_true(cJSON_IsNull(at(&r, "sources.0.error")));
	assert_true(at(&r, "sources.0.took_ms")->valuedouble > 0);
	assert_string_equal(text_at(&r, "sources.0.dns.address"), "127.0.0.1");
	assert_int_equal(cJSON_GetArraySize(at(&r, "problems")), 0);
	run_free(&r);
	/* A bare doctor asks what a bare redtop would. */
	setenv("PROMETHEUS_URL", fake_prom_url(f), 1);
	RUN(&r, "doctor");
	assert_int_equal(r.code, 0);
	has(buf_text(&r.out), "state       up");
	has(buf_text(&r.out), "no problems");
	run_free(&r);
	fake_prom_stop(f);
}

/* Everything like this path, or with the status or the page that stands in
 * its place. */
static void behave(const struct evil_ask *a, struct evil_answer *out, void *arg)
{
	const char *path = *(const char **)arg;
	(void)a;
	if (*path == '/') {
		out->behave = path;
		return;
	}
	out->status = *path == '<' ? 200 : atoi(path);
	out->type = *path == '<' ? "text/html" : "text/plain";
	buf_str(&out->body, path);
}

/* ---- servers -------------------- */

static void unreachable_is_not_said_in_which_way(void **state)
{
	(void)state;
	static const struct {
		const char *path, *state, *error;
		int code;
	} t[] = {
		{ "/redirect", "down", "redirect", 69 },
		{ "/login", "auth", "login", 77 },
		{ "401", "auth", "401", 77 },
		{ "403", "auth", "403", 77 },
		{ "429", "throttled", "429", 69 },
		{ "502", "down", "502", 69 },
		{ "<html><title>Shop</title>hello", "down", "Shop", 69 },
		{ "/rst", "down", "reset", 69 },
		{ "/nothing", "down", "without an answer", 69 },
		{ "/not-http", "down", "", 69 },
	};
	struct run r;
	clean_environment();
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		const char *path = t[i].path;
		struct evil_thread *e = evil_thread_start(behave, &path);
		char url[EVIL_URL];
		evil_url(evil_thread_server(e), "", url);
		RUN(&r, "doctor", url, "--format", "json", "--timeout", "5s");
		if (r.code != t[i].code)
			fail_msg("%s ends with %d: %s", path, r.code,
				 buf_text(&r.out));
		assert_string_equal(text_at(&r, "sources.0.state"), t[i].state);
		has(text_at(&r, "sources.0.error"), t[i].error);
		has(text_at(&r, "problems.0.what"), "prom: ");
		assert_true(strlen(text_at(&r, "problems.0.do")) > 8);
		run_free(&r);
		evil_thread_stop(e);
	}
}

static void a_closed_port_is_not_called_one(void **state)
{
	(void)state;
	struct run r;
	clean_environment();
	RUN(&r, "doctor", "http://127.0.0.1:1", "--format", "json");
	assert_int_equal(r.code, 69);
	assert_string_equal(text_at(&r, "sources.0.error"),
			    "connection refused: http://127.0.0.1:1");
	assert_string_equal(text_at(&r, "problems.0.do"),
			    "is it running, and on this port?");
	run_free(&r);
	RUN(&r, "doctor", "http://redtop.invalid", "/nonexistent.redtop",
	    "--format", "json", "--timeout", "5s");
	assert_int_equal(r.code, 69);
	has(text_at(&r, "sources.0.error"), "host name not found");
	assert_string_equal(text_at(&r, "sources.0.dns.host"),
			    "redtop.invalid");
	assert_true(cJSON_IsString(at(&r, "sources.0.dns.error")));
	has(text_at(&r, "sources.1.error"), "/nonexistent.redtop");
	run_free(&r);
}

static void an_expired_certificate_is_any_certificate(void **state)
{
	(void)state;
	static const struct {
		enum evil_cert kind;
		const char *error;
		bool verified;
	} t[] = {
		{ CERT_EXPIRED_YESTERDAY, "certificate expired", false },
		{ CERT_OF_ANOTHER_HOST, "for another host", false },
		{ CERT_OF_ANOTHER_CA, "unknown CA", false },
	};
	struct run r;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char ca[] = "/tmp/redtop-doctor-ca-XXXXXX", url[64];
		int fd = mkstemp(ca);
		struct evil_tls *e = evil_tls_start(t[i].kind, ca);
		clean_environment();
		setenv(CA_FILE, ca, 1);
		snprintf(url, sizeof(url), "https://127.0.0.1:%d",
			 evil_tls_port(e));
		run_as(&r, true, (const char *const[]){ "doctor", url,
			"--format", "json", "--timeout", "5s", NULL });
		assert_int_equal(r.code, 69);
		has(text_at(&r, "sources.0.error"), t[i].error);
		assert_true(cJSON_IsTrue(at(&r, "sources.0.tls.used")));
		assert_true(cJSON_IsFalse(at(&r, "sources.0.tls.verified")));
		run_free(&r);
		evil_tls_stop(e);
		close(fd);
		unlink(ca);
	}
	unsetenv(CA_FILE);
}

static void a_server_that_hangs_hangs_the_doctor(void **state)
{
	(void)state;
	static const char *const paths[] = { "/hang", "/endless" };
	struct run r;
	clean_environment();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const char *path = paths[i];
		struct evil_thread *e = evil_thread_start(behave, &path);
		char url[EVIL_URL];
		evil_url(evil_thread_server(e), "", url);
		/* The healthy one beside it is told as such. */
		RUN(&r, "doctor", url, "demo", "--format", "json", "--timeout",
		    "1s");
		assert_int_equal(r.code, 69);
		assert_true(r.seconds < 10);
		assert_string_equal(text_at(&r, "sources.0.state"), "down");
		assert_string_equal(text_at(&r, "sources.1.state"), "up");
		run_free(&r);
		evil_thread_stop(e);
	}
}

static void a_dead_name_server_hangs_the_doctor(void **state)
{
	(void)state;
	struct run r;
	clean_environment();
	setenv(HANG_DNS, "1", 1);
	run_as(&r, true, (const char *const[]){ "doctor",
		"http://hang.invalid:9090", "demo", "--format", "json",
		"--timeout", "1s", NULL });
	unsetenv(HANG_DNS);
	assert_int_equal(r.code, 69);
	assert_true(r.seconds < 10);
	has(text_at(&r, "sources.0.error"), " within ");
	assert_string_equal(text_at(&r, "sources.0.dns.error"),
			    "not answered in time");
	assert_string_equal(text_at(&r, "sources.1.state"), "up");
	run_free(&r);
}

static void late(const struct evil_ask *a, struct evil_answer *out, void *arg)
{
	time_t t = time(NULL) + 90;
	char date[64];
	(void)a;
	(void)arg;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&t));
	buf_printf(&out->head, "Date: %s\r\n", date);
	evil_json(out, "{\"status\":\"success\",\"data\":[]}");
}

static void a_wrong_clock_is_not_noticed(void **state)
{
	(void)state;
	struct evil_thread *e = evil_thread_start(late, NULL);
	char url[EVIL_URL];
	struct run r;
	clean_environment();
	evil_url(evil_thread_server(e), "", url);
	RUN(&r, "doctor", url, "--format", "json");
	double skew = at(&r, "sources.0.skew_s")->valuedouble;
	assert_true(skew > 80 && skew < 100);
	assert_true(at(&r, "network.skew_s")->valuedouble == skew);
	has(buf_text(&r.out), "clock is ");
	has(buf_text(&r.out), "check NTP");
	/* It answers, and that is all. */
	has(buf_text(&r.out), "no metrics of requests");
	run_free(&r);
	evil_thread_stop(e);
}

/* ---- what is printed -------------------- */

#define TOKEN "tok3n-tok3n"
#define PASSWORD "pa55-w0rd"

static void a_secret_is_shown_to_whoever_reads_the_report(void **state)
{
	(void)state;
	static const char *const formats[] = { "text", "json" };
	struct run r;
	clean_environment();
	setenv("REDTOP_TOKEN", TOKEN, 1);
	setenv("AWS_SECRET_ACCESS_KEY", TOKEN, 1);
	setenv("AWS_SESSION_TOKEN", TOKEN, 1);
	setenv("https_proxy", "http://u:" PASSWORD "@127.0.0.1:1/x?" TOKEN, 1);
	for (size_t i = 0; i < 2; i++) {
		RUN(&r, "doctor", "http://u:" PASSWORD "@127.0.0.1:1/p?k="
		    TOKEN, "https://u:" PASSWORD "@redtop.invalid", "nothing:"
		    "//u:" PASSWORD "@h", "--format", formats[i], "--timeout",
		    "5s");
		/* A user in the URL and a token: one too many. */
		assert_true(r.code == 77);
		has(buf_text(&r.out), "REDTOP_TOKEN");
		has(buf_text(&r.out), "AWS_SESSION_TOKEN");
		has(buf_text(&r.out), "http://127.0.0.1:1");
		lacks(buf_text(&r.out), TOKEN);
		lacks(buf_text(&r.out), PASSWORD);
		lacks(buf_text(&r.err), TOKEN);
		lacks(buf_text(&r.err), PASSWORD);
		run_free(&r);
	}
}

static void check_lines(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[512];
		assert_true(n < sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		if (text_width(line) > 80 || !text_is_clean(line))
			fail_msg("'%s'", line);
		text += n + (text[n] == '\n');
	}
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x7f || (*s != '\n' && *s < ' '))
			return false;
	return true;
}

static void the_report_does_not_fit_or_breaks_the_terminal(void **state)
{
	(void)state;
	static const char *const locales[] = { "C", "C.UTF-8", "xx_YY.UTF-8",
					       "xx_YY.ISO-8859-1" };
	static char longest[600];
	struct run r;
	memset(longest, 'x', sizeof(longest) - 1);
	memcpy(longest, "http://", 7);
	memcpy(longest + 200, ".x.invalid/", 11);
	for (size_t i = 0; i < sizeof(locales) / sizeof(locales[0]); i++) {
		clean_environment();
		setenv("LANG", locales[i], 1);
		setenv("TERM", "\x1b]0;pwned\a", 1);
		setenv("REDTOP_CONFIG", "/\xff\x1b[31m", 1);
		RUN(&r, "doctor", longest, "http://127.0.0.1:1", "demo",
		    "--timeout", "5s");
		assert_int_equal(r.code, 69);
		check_lines(buf_text(&r.out));
		bool plain = i == 0 || i == 3;
		assert_true(is_ascii(buf_text(&r.out)) == plain);
		has(buf_text(&r.out), "pwned");
		if (i >= 2)
			has(buf_text(&r.out), "is not installed");
		run_free(&r);
	}
}

static void a_terminal_without_a_name_is_no_finding(void **state)
{
	(void)state;
	struct run r;
	clean_environment();
	setenv("TERM", "dumb", 1);
	RUN(&r, "doctor", "--format", "json");
	assert_int_equal(r.code, 0);
	has(text_at(&r, "problems.0.what"), "TERM");
	run_free(&r);
	setenv("TERM", "no-such-terminal", 1);
	RUN(&r, "doctor", "--format", "json", "--ascii");
	has(text_at(&r, "terminal.fallback"), "no-such-terminal");
	assert_string_equal(text_at(&r, "terminal.graph"), "ascii");
	run_free(&r);
	RUN(&r, "doctor", "--format", "svg");
	assert_int_equal(r.code, 64);
	run_free(&r);
}

/* ---- redtop status -------------------- */

static void the_status_of_a_dead_source_is_silence(void **state)
{
	(void)state;
	struct run r;
	clean_environment();
	RUN(&r, "status", "http://u:" PASSWORD "@127.0.0.1:1");
	assert_int_equal(r.code, 69);
	has(buf_text(&r.out), "Z prom down since ");
	has(buf_text(&r.out), "connection refused: http://127.0.0.1:1");
	lacks(buf_text(&r.out), PASSWORD);
	assert_true(r.out.len <= 200);
	assert_ptr_equal(strchr(buf_text(&r.out), '\n'),
			 r.out.s + r.out.len - 1);
	run_free(&r);
	const char *path = "401";
	struct evil_thread *e = evil_thread_start(behave, &path);
	char url[EVIL_URL];
	evil_url(evil_thread_server(e), "", url);
	RUN(&r, "status", url);
	assert_int_equal(r.code, 77);
	has(buf_text(&r.out), "Z prom auth since ");
	run_free(&r);
	evil_thread_stop(e);
}

static void the_line_tells_another_story_than_the_json(void **state)
{
	(void)state;
	static const char *const at_words[] = { "-60m", "-45m", "-20m", "now" };
	struct run line, frame;
	clean_environment();
	for (size_t i = 0; i < sizeof(at_words) / sizeof(at_words[0]); i++) {
		const char *when = at_words[i];
		char burn[64];
		RUN(&frame, "snapshot", "demo", "--at", when, "--format",
		    "json");
		RUN(&line, "status", "demo", "--at", when);
		assert_int_equal(line.code, 0);
		const char *text = buf_text(&line.out);
		has(text, text_at(&frame, "at"));
		has(text, text_at(&frame, "services.0.name"));
		double b = at(&frame, "services.0.burn.5m")->valuedouble;
		snprintf(burn, sizeof(burn), " burn %s (",
			 format_burn(b, (char[NUMBER_TEXT]){ 0 }));
		if (b < 99)
			has(text, burn);
		run_free(&frame);
		run_free(&line);
	}
}

static void a_repeated_status_cannot_be_ended(void **state)
{
	(void)state;
	static const int signals[] = { SIGINT, SIGTERM };
	static const char *const words[] = { "status", "URL", "--every",
					     "100ms", NULL };
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3 });
	clean_environment();
	for (size_t i = 0; i < 2; i++) {
		const char *argv[5];
		int out = scratch(), err = scratch(), code;
		char bytes[800];
		memcpy(argv, words, sizeof(argv));
		argv[1] = fake_prom_url(f);
		pid_t pid = start(argv, INSIDE, out, err);
		/* Three lines, however long they take. */
		double end = now_s() + GUARD;
		while (now_s() < end && lseek(out, 0, SEEK_END) < 250)
			usleep(10000);
		kill(pid, signals[i]);
		code = wait_for(pid);
		assert_int_equal(code, signals[i] == SIGINT ? 0
							    : 128 + SIGTERM);
		ssize_t n = pread(out, bytes, sizeof(bytes) - 1, 0);
		assert_true(n > 0);
		bytes[n] = '\0';
		has(bytes, " svc-00");
		has(bytes, " burn ");
		close(out);
		close(err);
	}
	fake_prom_stop(f);
}

static void a_server_that_dies_leaves_the_old_line(void **state)
{
	(void)state;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3 });
	const char *argv[] = { "status", fake_prom_url(f), "--every", "100ms",
			       "--timeout", "2s", NULL };
	int out = scratch(), err = scratch();
	struct buf all;
	clean_environment();
	buf_init(&all, 0);
	pid_t pid = start(argv, INSIDE, out, err);
	double end = now_s() + GUARD;
	while (now_s() < end && lseek(out, 0, SEEK_END) < 250)
		usleep(10000);
	fake_prom_stop(f);
	while (now_s() < end && !strstr(buf_text(&all), " stale since ")) {
		char bytes[4096];
		ssize_t n = pread(out, bytes, sizeof(bytes), (off_t)all.len);
		if (n > 0)
			buf_add(&all, bytes, (size_t)n);
		else
			usleep(10000);
	}
	kill(pid, SIGINT);
	assert_int_equal(wait_for(pid), 0);
	has(buf_text(&all), "Z prom stale since ");
	has(buf_text(&all), ": connection ");
	has(buf_text(&all), "; last: svc-00");
	buf_release(&all);
	close(out);
	close(err);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_of_the_contract_is_missing),
		cmocka_unit_test(a_healthy_source_is_blamed),
		cmocka_unit_test(unreachable_is_not_said_in_which_way),
		cmocka_unit_test(a_closed_port_is_not_called_one),
		cmocka_unit_test(an_expired_certificate_is_any_certificate),
		cmocka_unit_test(a_server_that_hangs_hangs_the_doctor),
		cmocka_unit_test(a_dead_name_server_hangs_the_doctor),
		cmocka_unit_test(a_wrong_clock_is_not_noticed),
		cmocka_unit_test(a_secret_is_shown_to_whoever_reads_the_report),
		cmocka_unit_test(
			the_report_does_not_fit_or_breaks_the_terminal),
		cmocka_unit_test(a_terminal_without_a_name_is_no_finding),
		cmocka_unit_test(the_status_of_a_dead_source_is_silence),
		cmocka_unit_test(the_line_tells_another_story_than_the_json),
		cmocka_unit_test(a_repeated_status_cannot_be_ended),
		cmocka_unit_test(a_server_that_dies_leaves_the_old_line),
	};
	self = argv[0];
	if (argc > 1 && strcmp(argv[1], "as-redtop") == 0) {
		argv[1] = argv[0];
		return redtop_main(argc - 1, argv + 1);
	}
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("doctor", tests, NULL, NULL);
}
