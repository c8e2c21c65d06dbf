/* Credentials and transport against a server that looks at what arrives. */
#include "sources/http.h"

#include "base/mem.h"
#include "sources/http_config.h"
#include "sources/http_secret.h"
#include "tests/fault/evil.c"
#include "tests/fault/evil_tls.c"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define PATIENCE ((time_ms)30000)

/* ---- a loop, a server, a client ----------------------------------------- */

struct seen {
	unsigned nr, tokens;      /* requests; of them for a token */
	char head[4096];          /* of the last one that was for no token */
	char token_head[4096], token_body[2048];
	const char *accept;       /* this line, else 401; NULL: anything */
	const char *rotate_path, *rotate_text; /* written at a 401 */
	unsigned refuse;          /* so many requests get a 401 first */
	const char *expires;      /* JSON of expires_in; NULL: none */
	const char *token_answer; /* JSON in place of a token */
	int token_status;         /* not 0: its status */
	bool form_only;           /* the client must stand in the form */
};

struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct evil *evil;
	struct http *http;
	struct http_config *config;
	struct seen seen;
	bool http_gone;
};

struct get {
	struct rig *rig;
	struct http_result res;
	unsigned done;
	struct buf body;
};

static void write_mode(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static void answer_token(struct seen *s, const struct evil_ask *a,
			 struct evil_answer *out)
{
	s->tokens++;
	snprintf(s->token_head, sizeof(s->token_head), "%s", a->head);
	snprintf(s->token_body, sizeof(s->token_body), "%s", a->body);
	if (s->form_only && strstr(a->head, "Authorization:")) {
		evil_json(out, "{\"error\":\"invalid_client\"}");
		out->status = 401;
	} else if (s->token_answer) {
		evil_json(out, "%s", s->token_answer);
		out->status = s->token_status ? s->token_status : 200;
	} else {
		evil_json(out, "{\"access_token\":\"tok-%u\",\"token_type\":"
			  "\"bearer\"%s%s}", s->tokens,
			  s->expires ? ",\"expires_in\":" : "",
			  s->expires ? s->expires : "");
	}
}

static void script(const struct evil_ask *a, struct evil_answer *out, void *arg)
{
	struct seen *s = arg;
	if (strcmp(a->path, "/token") == 0) {
		answer_token(s, a, out);
		return;
	}
	s->nr++;
	snprintf(s->head, sizeof(s->head), "%s", a->head);
	if (strcmp(a->method, "CONNECT") == 0) {
		out->status = 403;
		return;
	}
	bool refused = s->accept && !strstr(a->head, s->accept);
	if (s->refuse) {
		s->refuse--;
		refused = true;
	}
	if (!refused) {
		evil_json(out, "{\"fine\":%u}", s->nr);
		return;
	}
	out->status = 401;
	buf_str(&out->body, "no");
	if (s->rotate_path)
		write_mode(s->rotate_path, s->rotate_text, 0600);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("the loop hangs");
}

static void add_client(struct rig *rig, const char *yaml)
{
	struct document d;
	struct buf errors, warnings;
	struct err e;
	buf_init(&errors, 0);
	buf_init(&warnings, 0);
	assert_int_equal(document_parse(&d, "/etc/f", yaml, strlen(yaml), &e),
			 0);
	rig->config = http_config_read(d.nr ? d.root[0] : NULL, "/etc/f",
				       &errors, &warnings);
	if (!rig->config)
		fail_msg("%s: %s", yaml, buf_text(&errors));
	document_release(&d);
	buf_release(&errors);
	buf_release(&warnings);
	rig->http = http_new(&rig->loop, &(struct http_options){
		.config = rig->config });
	rig->http_gone = false;
}

static void on_http_closed(void *arg)
{
	struct rig *rig = arg;
	rig->http_gone = true;
}

static void drop_client(struct rig *rig)
{
	http_close(rig->http, on_http_closed, rig);
	while (!rig->http_gone)
		uv_run(&rig->loop, UV_RUN_ONCE);
	http_config_free(rig->config);
}

__attribute__((format(printf, 2, 3)))
static void client(struct rig *rig, const char *fmt, ...)
{
	char yaml[2048];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(yaml, sizeof(yaml), fmt, ap);
	va_end(ap);
	if (rig->http)
		drop_client(rig);
	add_client(rig, yaml);
}

static void rig_init(struct rig *rig)
{
	memset(rig, 0, sizeof(*rig));
	assert_int_equal(uv_loop_init(&rig->loop), 0);
	uv_timer_init(&rig->loop, &rig->watchdog);
	uv_timer_start(&rig->watchdog, on_watchdog, 60000, 0);
	uv_unref((uv_handle_t *)&rig->watchdog);
	rig->evil = evil_new(&rig->loop, script, &rig->seen);
}

static void rig_release(struct rig *rig)
{
	drop_client(rig);
	evil_close(rig->evil, NULL, NULL);
	uv_close((uv_handle_t *)&rig->watchdog, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&rig->loop), 0);
}

static bool on_data(struct http_request *r, const char *bytes, size_t n,
		    void *arg)
{
	struct get *g = arg;
	(void)r;
	buf_add(&g->body, bytes, n);
	return true;
}

static void on_done(struct http_request *r, const struct http_result *res,
		    void *arg)
{
	struct get *g = arg;
	(void)r;
	g->done++;
	g->res = *res;
}

static void start_url(struct rig *rig, struct get *g, const char *url,
		      time_ms timeout)
{
	memset(g, 0, sizeof(*g));
	buf_init(&g->body, 0);
	g->rig = rig;
	http_start(rig->http, &(struct http_ask){
		.url = url, .timeout = timeout, .on_data = on_data,
		.on_done = on_done, .arg = g });
}

static void finish_get(struct get *g)
{
	while (!g->done)
		uv_run(&g->rig->loop, UV_RUN_ONCE);
	assert_int_equal(g->done, 1);
}

static void get_url(struct rig *rig, struct get *g, const char *url)
{
	start_url(rig, g, url, PATIENCE);
	finish_get(g);
}

static void start(struct rig *rig, struct get *g)
{
	char url[EVIL_URL];
	start_url(rig, g, evil_url(rig->evil, "/x", url), PATIENCE);
}

/* What came is fine, and the server saw this line. */
static void check_line(struct rig *rig, const char *line)
{
	struct get g;
	start(rig, &g);
	finish_get(&g);
	if (g.res.fault || g.res.status != 200)
		fail_msg("%s: %ld %s", line, g.res.status, g.res.text);
	if (!strstr(rig->seen.head, line))
		fail_msg("%s: not in %s", line, rig->seen.head);
	assert_memory_equal(buf_text(&g.body), "{\"fine\":", 8);
	buf_release(&g.body);
}

/* It is a fault of credentials with these words, and nobody was asked. */
static void check_refused(struct rig *rig, const char *words)
{
	struct get g;
	unsigned before = rig->seen.nr;
	start(rig, &g);
	finish_get(&g);
	if (g.res.fault != FAULT_AUTH || !strstr(g.res.text, words)
	    || !strchr(g.res.text, ';'))
		fail_msg("%s: %d %s", words, (int)g.res.fault, g.res.text);
	assert_int_equal(rig->seen.nr, before);
	assert_null(strstr(g.res.text, "s3cret"));
	buf_release(&g.body);
}

/* A secret's file. */
static void make_file(char *path, const char *text)
{
	strcpy(path, "/tmp/redtop-secret-XXXXXX");
	close(mkstemp(path));
	write_mode(path, text, 0600);
}

/* ---- what arrives ------------------------------------------------------- */

static void each_login_arrives_as_the_server_wants_it(void **state)
{
	static const struct { const char *yaml, *line; } rows[] = {
		{ "basic_auth: {username: ann, password: 'pa:ss'}",
		  "\r\nAuthorization: Basic YW5uOnBhOnNz\r\n" },
		{ "basic_auth: {username: a, password: b}",
		  "\r\nAuthorization: Basic YTpi\r\n" },
		{ "authorization: {credentials: abc}",
		  "\r\nAuthorization: Bearer abc\r\n" },
		{ "authorization: {type: Token, credentials: abc}",
		  "\r\nAuthorization: Token abc\r\n" },
		{ "bearer_token: abc", "\r\nAuthorization: Bearer abc\r\n" },
		{ "http_headers: {X-Scope-OrgID: {values: [shop]}}",
		  "\r\nX-Scope-OrgID: shop\r\n" },
		{ "http_headers: {X-Many: {values: [a], secrets: [b]}}",
		  "\r\nX-Many: a\r\nX-Many: b\r\n" },
		{ "http_headers: {X-Empty: {values: ['']}}",
		  "\r\nX-Empty:\r\n" },
		{ "authorization: {credentials_command: "
		  "[/bin/sh, -c, 'echo; echo \" a b \"']}",
		  "\r\nAuthorization: Bearer a b\r\n" },
		{ "basic_auth: {username: a, password_command: [/bin/echo, b]}",
		  "\r\nAuthorization: Basic YTpi\r\n" },
	};
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client(&rig, "%s", rows[i].yaml);
		check_line(&rig, rows[i].line);
		check_line(&rig, rows[i].line);
	}
	rig_release(&rig);
}

static void a_rotated_token_is_used_at_the_next_request(void **state)
{
	char path[64];
	struct rig rig;
	(void)state;
	make_file(path, "one\n");
	rig_init(&rig);
	client(&rig, "authorization: {credentials_file: %s}", path);
	check_line(&rig, "Authorization: Bearer one\r\n");
	write_mode(path, "  two\r\n\n", 0600);
	check_line(&rig, "Authorization: Bearer two\r\n");
	unlink(path);
	check_refused(&rig, "cannot be read (No such file or directory)");
	write_mode(path, "six", 0600);
	check_line(&rig, "Authorization: Bearer six\r\n");
	rig_release(&rig);
	unlink(path);
}

static void a_refused_token_is_read_again_before_anyone_is_told(void **state)
{
	char path[64];
	struct rig rig;
	struct get g;
	(void)state;
	make_file(path, "old");
	rig_init(&rig);
	client(&rig, "bearer_token_file: %s", path);
	rig.seen.accept = "Bearer new";
	rig.seen.rotate_path = path;
	rig.seen.rotate_text = "new";
	check_line(&rig, "Authorization: Bearer new\r\n");
	assert_int_equal(rig.seen.nr, 2);
	/* The same one again is not tried again: its 401 is told. */
	rig.seen.accept = "Bearer newer";
	start(&rig, &g);
	finish_get(&g);
	assert_int_equal(g.res.status, 401);
	assert_string_equal(buf_text(&g.body), "no");
	assert_int_equal(rig.seen.nr, 3);
	buf_release(&g.body);
	rig_release(&rig);
	unlink(path);
}

static void a_file_that_others_can_read_is_not_used(void **state)
{
	char path[64];
	struct rig rig;
	(void)state;
	make_file(path, "s3cret");
	rig_init(&rig);
	client(&rig, "bearer_token_file: %s", path);
	chmod(path, 0640);
	check_refused(&rig, "can be read or written by others; chmod 600");
	chmod(path, 0602);
	check_refused(&rig, "can be read or written by others");
	chmod(path, 0400);
	check_line(&rig, "Bearer s3cret\r\n");
	write_mode(path, " \n", 0600);
	check_refused(&rig, "is empty");
	write_mode(path, "s3cret\nX-Evil: 1", 0600);
	check_refused(&rig, "more than one line");
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		check_refused(&rig, "belongs to somebody else");
	}
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	check_refused(&rig, "is not a file");
	client(&rig, "bearer_token_file: /dev/zero");
	check_refused(&rig, "is not a file");
	client(&rig, "http_headers: {X-Key: {files: [%s]}}", path);
	check_refused(&rig, "is not a file");
	rig_release(&rig);
	unlink(path);
}

/* ---- commands ----------------------------------------------------------- */

static void a_command_runs_once_and_again_when_refused(void **state)
{
	char path[64], text[64];
	struct rig rig;
	(void)state;
	make_file(path, "");
	rig_init(&rig);
	client(&rig, "authorization:\n  credentials_command:\n"
	       "  - /bin/sh\n  - -c\n  - echo x >>%s; echo t$(wc -l <%s)\n",
	       path, path);
	check_line(&rig, "Authorization: Bearer t1\r\n");
	check_line(&rig, "Authorization: Bearer t1\r\n");
	rig.seen.refuse = 1;
	check_line(&rig, "Authorization: Bearer t2\r\n");
	FILE *f = fopen(path, "r");
	size_t n = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_int_equal(n, 4);
	rig_release(&rig);
	unlink(path);
}

static void a_command_that_fails_says_how(void **state)
{
	static const struct { const char *argv, *words; } rows[] = {
		{ "/bin/false", "the command for the credentials ended with 1: "
		  "/bin/false; run it by hand" },
		{ "/bin/sh, -c, 'kill -9 $$'", "was ended by signal 9" },
		{ "/nonexistent/pass", "cannot be run (no such file or "
		  "directory): /nonexistent/pass" },
		{ "/bin/true", "printed nothing" },
		{ "/bin/sh, -c, 'echo s3cret; echo b'", "more than one line" },
		{ "/bin/cat, /dev/zero", "prints more than 64 kB" },
	};
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		client(&rig, "authorization: {credentials_command: [%s]}",
		       rows[i].argv);
		check_refused(&rig, rows[i].words);
		check_refused(&rig, rows[i].words);
	}
	rig_release(&rig);
}

static void a_command_that_hangs_ends_with_the_request(void **state)
{
	char path[64], text[32] = "", url[EVIL_URL];
	struct rig rig;
	struct get g;
	(void)state;
	make_file(path, "");
	rig_init(&rig);
	client(&rig, "authorization: {credentials_command: "
	       "[/bin/sh, -c, 'echo $$ >%s; exec sleep 600']}", path);
	start_url(&rig, &g, evil_url(rig.evil, "/x", url), 400);
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_AUTH);
	assert_non_null(strstr(g.res.text, "no credentials within 400ms: "
			       "http://127.0.0.1:"));
	buf_release(&g.body);
	/* One that is under way does not outlive its client. */
	start(&rig, &g);
	for (int i = 0; i < 5; i++)
		uv_run(&rig.loop, UV_RUN_NOWAIT);
	rig_release(&rig);
	assert_int_equal(g.done, 1);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	buf_release(&g.body);
	FILE *f = fopen(path, "r");
	if (fgets(text, sizeof(text), f) && atoi(text) > 1)
		assert_int_equal(kill(-atoi(text), 0), -1);
	fclose(f);
	unlink(path);
}

static void on_secret(const char *secret, const char *why, void *arg)
{
	assert_null(secret);
	snprintf(arg, 300, "%s", why);
}

static void a_command_has_its_own_deadline(void **state)
{
	static const char *const argv[] = { "/bin/sleep", "600", NULL };
	char why[300] = "";
	uv_loop_t loop;
	(void)state;
	uv_loop_init(&loop);
	secret_command_start(&loop, argv, 100, on_secret, why);
	uv_run(&loop, UV_RUN_DEFAULT); /* until it is dead */
	assert_string_equal(why, "the command for the credentials did not end "
			    "within 100ms: /bin/sleep; it must not ask "
			    "anybody");
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_hasty_request_does_not_end_the_others(void **state)
{
	struct rig rig;
	struct get hasty, other;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig);
	client(&rig, "authorization: {credentials_command: [/bin/sh, -c, "
	       "'sleep 0.5; echo late']}");
	start_url(&rig, &hasty, evil_url(rig.evil, "/x", url), 50);
	start(&rig, &other);
	finish_get(&hasty);
	assert_int_equal(hasty.res.fault, FAULT_AUTH);
	assert_int_equal(other.done, 0);
	finish_get(&other);
	assert_int_equal(other.res.status, 200);
	assert_non_null(strstr(rig.seen.head, "Bearer late\r\n"));
	buf_release(&hasty.body);
	buf_release(&other.body);
	rig_release(&rig);
}

static void a_command_is_told_none_of_our_secrets(void **state)
{
	struct rig rig;
	(void)state;
	setenv("REDTOP_TOKEN", "s3cret", 1);
	setenv("PROMETHEUS_URL", "http://a:s3cret@prom", 1);
	setenv("REDTOP_OTHER", "kept", 1);
	rig_init(&rig);
	client(&rig, "basic_auth: {username: s3cret, password_command: "
	       "[/bin/sh, -c, 'echo \"<$(env | grep -c s3cret)$REDTOP_OTHER"
	       "$(grep -c s3cret /proc/$$/cmdline)>\"']}");
	/* s3cret:<0kept1>: one in its own command line, of its own text */
	check_line(&rig, "Authorization: Basic czNjcmV0Ojwwa2VwdDE+\r\n");
	rig_release(&rig);
	unsetenv("REDTOP_TOKEN");
	unsetenv("PROMETHEUS_URL");
	unsetenv("REDTOP_OTHER");
}

static void a_command_has_none_of_our_connections(void **state)
{
	struct rig rig;
	char line[64];
	(void)state;
	rig_init(&rig);
	client(&rig, "authorization: {credentials_command: [/bin/sh, -c, "
	       "'echo x$(ls -l /proc/self/fd | grep -c socket)']}");
	/* libcurl's own pair, and what the test was born with */
	check_line(&rig, "Authorization: Bearer x");
	snprintf(line, sizeof(line), "%.32s",
		 strstr(rig.seen.head, "Authorization: Bearer x"));
	line[strcspn(line, "\r")] = '\0';
	strcat(line, "\r\n");
	rig.seen.refuse = 1; /* now there is one that waits for the next */
	check_line(&rig, line);
	assert_int_equal(evil_connections(rig.evil), 1);
	rig_release(&rig);
}

/* ---- OAuth2 ------------------------------------------------------------- */

static void oauth2(struct rig *rig, const char *more)
{
	char url[EVIL_URL];
	client(rig, "oauth2: {client_id: 'a b', client_secret: 's3cret%%', "
	       "token_url: '%s'%s}", evil_url(rig->evil, "/token", url), more);
}

static void wait_ms(struct rig *rig, uint64_t ms)
{
	uint64_t end = uv_hrtime() + ms * 1000000;
	while (uv_hrtime() < end) {
		uv_run(&rig->loop, UV_RUN_NOWAIT);
		usleep(1000);
	}
}

static void an_oauth2_token_is_fetched_kept_and_renewed(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	rig.seen.expires = "3600";
	oauth2(&rig, ", scopes: [read, all], endpoint_params: {resource: "
	       "'x y'}");
	check_line(&rig, "Authorization: Bearer tok-1\r\n");
	check_line(&rig, "Authorization: Bearer tok-1\r\n");
	assert_int_equal(rig.seen.tokens, 1);
	/* a%20b:s3cret%25 */
	assert_non_null(strstr(rig.seen.token_head, "\r\nAuthorization: Basic "
			       "YSUyMGI6czNjcmV0JTI1\r\n"));
	assert_string_equal(rig.seen.token_body,
			    "grant_type=client_credentials&scope=read%20all"
			    "&resource=x%20y");
	/* Refused: a new one, and nobody notices. */
	rig.seen.refuse = 1;
	check_line(&rig, "Authorization: Bearer tok-2\r\n");
	/* Old: a new one before anything is asked with it. */
	rig.seen.expires = "0.2";
	oauth2(&rig, "");
	check_line(&rig, "Authorization: Bearer tok-3\r\n");
	wait_ms(&rig, 250);
	unsigned before = rig.seen.nr;
	check_line(&rig, "Authorization: Bearer tok-4\r\n");
	assert_int_equal(rig.seen.nr, before + 1);
	rig_release(&rig);
}

static void requests_at_once_share_one_token(void **state)
{
	struct rig rig;
	struct get g[5];
	(void)state;
	rig_init(&rig);
	oauth2(&rig, "");
	for (int i = 0; i < 5; i++)
		start(&rig, &g[i]);
	for (int i = 0; i < 5; i++) {
		finish_get(&g[i]);
		assert_int_equal(g[i].res.status, 200);
		buf_release(&g[i].body);
	}
	assert_int_equal(rig.seen.tokens, 1);
	rig_release(&rig);
}

static void a_client_that_must_stand_in_the_form_does(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	rig.seen.form_only = true;
	oauth2(&rig, "");
	check_line(&rig, "Authorization: Bearer tok-2\r\n");
	assert_non_null(strstr(rig.seen.token_body, "&client_id=a%20b"
			       "&client_secret=s3cret%25"));
	rig.seen.refuse = 1; /* and it is remembered */
	check_line(&rig, "Authorization: Bearer tok-3\r\n");
	rig_release(&rig);
}

static void a_token_that_is_not_to_be_had_is_one_sentence(void **state)
{
	static const struct { int status; const char *json, *words; } rows[] = {
		{ 401, "{\"error\":\"invalid_client\",\"error_description\":"
		  "\"s3cret is wrong\"}", "the OAuth2 server refuses this "
		  "client (invalid_client): http://127.0.0.1:" },
		{ 403, "{\"error\":\"S3cret \"}", "refuses this client (403)" },
		{ 503, "", "no OAuth2 token (503): http://127.0.0.1:" },
		{ 302, "", "no OAuth2 token (302)" },
		{ 200, "{}", "no token in the OAuth2 server's answer" },
		{ 200, "<html>", "no token in the OAuth2 server's answer" },
		{ 200, "{\"access_token\":\"a\\r\\nb\"}", "no token in" },
		{ 200, "{\"access_token\":\"s3cret\",\"token_type\":\"mac\"}",
		  "of a kind that is not known here (mac)" },
	};
	struct rig rig;
	(void)state;
	rig_init(&rig);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig.seen.token_answer = rows[i].json;
		rig.seen.token_status = rows[i].status;
		oauth2(&rig, "");
		check_refused(&rig, rows[i].words);
		check_refused(&rig, rows[i].words);
	}
	client(&rig, "oauth2: {client_id: a, client_secret: s3cret, token_url: "
	       "'http://127.0.0.1:9/'}");
	check_refused(&rig, "no OAuth2 token: connection refused: "
		      "http://127.0.0.1:9");
	client(&rig, "oauth2: {client_id: a, client_secret_file: /nonexistent, "
	       "token_url: 'http://127.0.0.1:9/'}");
	check_refused(&rig, "/nonexistent cannot be read");
	rig_release(&rig);
}

static void a_secret_of_oauth2_may_come_from_a_command(void **state)
{
	struct rig rig;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig);
	client(&rig, "oauth2: {client_id: a, client_secret_command: "
	       "[/bin/echo, b], token_url: '%s'}",
	       evil_url(rig.evil, "/token", url));
	check_line(&rig, "Authorization: Bearer tok-1\r\n");
	assert_non_null(strstr(rig.seen.token_head, "Basic YTpi\r\n"));
	rig_release(&rig);
}

/* ---- TLS ---------------------------------------------------------------- */

struct secure {
	struct rig rig;
	struct evil_tls *tls;
	char ca[64], url[EVIL_URL];
};

static void secure_init(struct secure *s, enum evil_cert kind)
{
	rig_init(&s->rig);
	make_file(s->ca, "");
	s->tls = evil_tls_start(kind, s->ca);
	snprintf(s->url, sizeof(s->url), "https://127.0.0.1:%d/x",
		 evil_tls_port(s->tls));
}

static void secure_release(struct secure *s)
{
	char path[80];
	rig_release(&s->rig);
	evil_tls_stop(s->tls);
	unlink(s->ca);
	snprintf(path, sizeof(path), "%s.crt", s->ca);
	unlink(path);
	snprintf(path, sizeof(path), "%s.key", s->ca);
	unlink(path);
}

/* words NULL: fine */
static void check_tls(struct secure *s, enum fault fault, const char *words)
{
	struct get g;
	get_url(&s->rig, &g, s->url);
	if (g.res.fault != fault || (words && !strstr(g.res.text, words)))
		fail_msg("%s: %d %s", words, (int)g.res.fault, g.res.text);
	if (!fault)
		assert_string_equal(buf_text(&g.body), "{}");
	buf_release(&g.body);
}

static void a_ca_file_replaces_the_roots(void **state)
{
	struct secure s;
	char pem[4096];
	(void)state;
	secure_init(&s, CERT_GOOD);
	client(&s.rig, "tls_config: {ca_file: %s}", s.ca);
	check_tls(&s, FAULT_NONE, NULL);
	FILE *f = fopen(s.ca, "r");
	size_t n = fread(pem, 1, sizeof(pem) - 1, f);
	fclose(f);
	pem[n] = '\0';
	char yaml[4300] = "tls_config:\n  ca: |\n";
	for (char *line = strtok(pem, "\n"); line; line = strtok(NULL, "\n"))
		snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml),
			 "    %s\n", line);
	drop_client(&s.rig);
	add_client(&s.rig, yaml);
	check_tls(&s, FAULT_NONE, NULL);
	client(&s.rig, "{}");
	check_tls(&s, FAULT_TLS, "unknown CA");
	client(&s.rig, "tls_config: {ca_file: /nonexistent}");
	check_tls(&s, FAULT_TLS, "the CA file cannot be read");
	client(&s.rig, "tls_config: {insecure_skip_verify: true}");
	check_tls(&s, FAULT_NONE, NULL);
	client(&s.rig, "tls_config: {ca_file: %s, min_version: TLS12, "
	       "max_version: TLS12}", s.ca);
	check_tls(&s, FAULT_NONE, NULL);
	secure_release(&s);
	secure_init(&s, CERT_OF_ANOTHER_CA);
	client(&s.rig, "tls_config: {ca_file: %s}", s.ca);
	check_tls(&s, FAULT_TLS, "certificate from an unknown CA");
	secure_release(&s);
	secure_init(&s, CERT_GOOD_BUT_TLS_1_1);
	client(&s.rig, "tls_config: {ca_file: %s}", s.ca);
	check_tls(&s, FAULT_TLS, "older than 1.2");
	secure_release(&s);
}

static void a_server_name_is_checked_in_place_of_the_host(void **state)
{
	struct secure s;
	char host[64];
	(void)state;
	secure_init(&s, CERT_OF_ANOTHER_HOST);
	client(&s.rig, "tls_config: {ca_file: %s}", s.ca);
	check_tls(&s, FAULT_TLS, "another host");
	client(&s.rig, "tls_config: {ca_file: %s, server_name: shop.example}",
	       s.ca);
	check_tls(&s, FAULT_NONE, NULL);
	assert_string_equal(evil_tls_name(s.tls), "shop.example");
	snprintf(host, sizeof(host), "\r\nHost: 127.0.0.1:%d\r\n",
		 evil_tls_port(s.tls));
	assert_non_null(strstr(evil_tls_request(s.tls), host));
	client(&s.rig, "tls_config: {ca_file: %s, server_name: other.example}",
	       s.ca);
	check_tls(&s, FAULT_TLS, "another host");
	secure_release(&s);
}

static void a_client_certificate_is_shown_when_wanted(void **state)
{
	struct secure s;
	char key[80];
	(void)state;
	secure_init(&s, CERT_GOOD_BUT_WANTS_ONE);
	client(&s.rig, "tls_config: {ca_file: %s}", s.ca);
	check_tls(&s, FAULT_TLS, "a client certificate is wanted");
	client(&s.rig, "tls_config: {ca_file: %s, cert_file: %s.crt, key_file: "
	       "%s.key}\nbearer_token: t", s.ca, s.ca, s.ca);
	check_tls(&s, FAULT_NONE, NULL);
	assert_non_null(strstr(evil_tls_request(s.tls), "Bearer t\r\n"));
	snprintf(key, sizeof(key), "%s.key", s.ca);
	chmod(key, 0644);
	check_tls(&s, FAULT_AUTH, "can be read or written by others");
	write_mode(key, "nonsense", 0600);
	client(&s.rig, "tls_config: {ca_file: %s, cert_file: %s.crt, key_file: "
	       "%s.key}", s.ca, s.ca, s.ca);
	check_tls(&s, FAULT_TLS, "client certificate or key not usable");
	secure_release(&s);
}

/* ---- the way ------------------------------------------------------------ */

static void a_secret_is_not_sent_where_it_can_be_read(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig);
	client(&rig, "{bearer_token: s3cret, proxy_url: 'http://127.0.0.1:%d'}",
	       evil_port(rig.evil));
	get_url(&rig, &g, "http://prom.example/x");
	assert_int_equal(g.res.fault, FAULT_AUTH);
	if (!strstr(g.res.text, "plain http: http://prom.example;"))
		fail_msg("%s", g.res.text);
	assert_int_equal(rig.seen.nr, 0);
	buf_release(&g.body);
	rig_release(&rig);
}

static void a_proxy_is_asked_in_place_of_the_server(void **state)
{
	struct rig rig;
	struct get g;
	int port;
	(void)state;
	rig_init(&rig);
	port = evil_port(rig.evil);
	setenv("no_proxy", "prom.example", 1); /* not for a proxy_url */
	client(&rig, "{bearer_token: t, allow_plain_http: true, "
	       "proxy_url: 'http://ann:pw@127.0.0.1:%d'}", port);
	get_url(&rig, &g, "http://prom.example/x");
	assert_int_equal(g.res.status, 200);
	assert_non_null(strstr(rig.seen.head, "GET http://prom.example/x "));
	assert_non_null(strstr(rig.seen.head,
			       "\r\nProxy-Authorization: Basic YW5uOnB3\r\n"));
	buf_release(&g.body);
	/* A tunnel: the proxy is told its own headers, and no others. */
	client(&rig, "{bearer_token: s3cret, proxy_url: 'http://127.0.0.1:%d', "
	       "proxy_connect_header: {X-Way: [out]}, "
	       "http_headers: {X-Key: {secrets: [s3cret]}}}", port);
	get_url(&rig, &g, "https://prom.example/x");
	assert_int_equal(g.res.fault, FAULT_NETWORK);
	assert_non_null(strstr(rig.seen.head, "CONNECT prom.example:443"));
	assert_non_null(strstr(rig.seen.head, "\r\nX-Way: out\r\n"));
	assert_null(strstr(rig.seen.head, "s3cret"));
	buf_release(&g.body);
	unsetenv("no_proxy");
	rig_release(&rig);
}

static void no_proxy_goes_the_straight_way(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig);
	client(&rig, "{proxy_url: 'http://127.0.0.1:9', no_proxy: "
	       "'127.0.0.0/8'}");
	check_line(&rig, "GET /x HTTP");
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	client(&rig, "{proxy_from_environment: false}");
	check_line(&rig, "GET /x HTTP");
	client(&rig, "{proxy_from_environment: true}");
	check_line(&rig, "GET /x HTTP"); /* loopback */
	unsetenv("http_proxy");
	rig_release(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_login_arrives_as_the_server_wants_it),
		cmocka_unit_test(a_rotated_token_is_used_at_the_next_request),
		cmocka_unit_test(
			a_refused_token_is_read_again_before_anyone_is_told),
		cmocka_unit_test(a_file_that_others_can_read_is_not_used),
		cmocka_unit_test(a_command_runs_once_and_again_when_refused),
		cmocka_unit_test(a_command_that_fails_says_how),
		cmocka_unit_test(a_command_that_hangs_ends_with_the_request),
		cmocka_unit_test(a_command_has_its_own_deadline),
		cmocka_unit_test(a_hasty_request_does_not_end_the_others),
		cmocka_unit_test(a_command_is_told_none_of_our_secrets),
		cmocka_unit_test(a_command_has_none_of_our_connections),
		cmocka_unit_test(an_oauth2_token_is_fetched_kept_and_renewed),
		cmocka_unit_test(requests_at_once_share_one_token),
		cmocka_unit_test(a_client_that_must_stand_in_the_form_does),
		cmocka_unit_test(a_token_that_is_not_to_be_had_is_one_sentence),
		cmocka_unit_test(a_secret_of_oauth2_may_come_from_a_command),
		cmocka_unit_test(a_ca_file_replaces_the_roots),
		cmocka_unit_test(a_server_name_is_checked_in_place_of_the_host),
		cmocka_unit_test(a_client_certificate_is_shown_when_wanted),
		cmocka_unit_test(a_secret_is_not_sent_where_it_can_be_read),
		cmocka_unit_test(a_proxy_is_asked_in_place_of_the_server),
		cmocka_unit_test(no_proxy_goes_the_straight_way),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
