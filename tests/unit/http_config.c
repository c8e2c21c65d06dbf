/* Files in the shape of Prometheus' http_config: what they mean, and every
 * mistake with its place. */
#include "sources/http_config.h"

#include "base/mem.h"

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

struct read {
	struct http_config *c;
	struct buf errors, warnings;
};

static void read_text(struct read *r, const char *file, const char *text)
{
	struct document d;
	struct err e;
	buf_init(&r->errors, 0);
	buf_init(&r->warnings, 0);
	assert_int_equal(document_parse(&d, file, text, strlen(text), &e), 0);
	r->c = http_config_read(d.nr ? d.root[0] : NULL, file, &r->errors,
				&r->warnings);
	document_release(&d); /* nothing of it may be borrowed */
}

static void release(struct read *r)
{
	http_config_free(r->c);
	buf_release(&r->errors);
	buf_release(&r->warnings);
}

static struct http_config *good(struct read *r, const char *text)
{
	read_text(r, "/etc/r/f", text);
	if (!r->c)
		fail_msg("%s: %s", text, buf_text(&r->errors));
	return r->c;
}

static void a_file_that_promtool_takes_is_taken(void **state)
{
	struct read r;
	(void)state;
	struct http_config *c = good(&r,
		"oauth2:\n"
		"  client_id: redtop\n"
		"  client_secret_file: secrets/id\n"
		"  scopes: [read, metrics]\n"
		"  token_url: https://sso.example/token\n"
		"  endpoint_params: {resource: prom, n: 1}\n"
		"  tls_config: {ca_file: /etc/ca.pem}\n"
		"  proxy_url: http://proxy:3128\n"
		"tls_config:\n"
		"  ca_file: ca.pem\n"
		"  cert_file: me.crt\n"
		"  key_file: me.key\n"
		"  server_name: prom.internal\n"
		"  min_version: TLS13\n"
		"proxy_url: socks5h://127.0.0.1:1080\n"
		"no_proxy: .internal,10.0.0.0/8\n"
		"proxy_connect_header: {X-Way: [out]}\n"
		"follow_redirects: false\n"
		"enable_http2: true\n"
		"http_headers:\n"
		"  X-Scope-OrgID: {values: [shop]}\n"
		"  X-Key: {files: [key], secrets: [s]}\n");
	assert_int_equal(c->login, LOGIN_OAUTH2);
	assert_string_equal(c->secret.file, "/etc/r/secrets/id");
	assert_string_equal(c->oauth2.scopes[1], "metrics");
	assert_null(c->oauth2.scopes[2]);
	assert_int_equal(c->oauth2.nr_params, 2);
	assert_string_equal(c->oauth2.param[1].value, "1");
	assert_string_equal(c->oauth2.transport->tls.ca.file, "/etc/ca.pem");
	assert_int_equal(c->oauth2.transport->proxy.from, PROXY_URL);
	assert_string_equal(c->tls.ca.file, "/etc/r/ca.pem");
	assert_string_equal(c->tls.key.file, "/etc/r/me.key");
	assert_int_equal(c->tls.min, 13);
	assert_int_equal(c->tls.max, 0);
	assert_int_equal(c->proxy.from, PROXY_URL);
	assert_string_equal(c->proxy.connect[0].value.value, "out");
	assert_int_equal(c->nr_headers, 3);
	assert_string_equal(c->header[0].name, "X-Scope-OrgID");
	assert_false(c->header[0].secret);
	assert_true(c->header[1].secret);
	assert_string_equal(c->header[2].value.file, "/etc/r/key");
	assert_string_equal(buf_text(&r.warnings), "");
	release(&r);
}

static void every_login_is_known_by_its_own_key(void **state)
{
	static const struct { const char *text, *login, *shown; } rows[] = {
		{ "", "none", "" },
		{ "{}", "none", "" },
		{ "basic_auth: {username: a, password: b}", "basic",
		  "password of /etc/r/f" },
		{ "basic_auth: {username_file: a, password_command: [pass, x]}",
		  "basic", "password_command pass" },
		{ "authorization: {credentials_file: t}", "bearer",
		  "credentials_file /etc/r/t" },
		{ "authorization: {type: Token, credentials_command: [x]}",
		  "bearer", "credentials_command x" },
		{ "bearer_token: abc", "bearer", "credentials of /etc/r/f" },
		{ "bearer_token_file: /t", "bearer", "credentials_file /t" },
		{ "oauth2: {client_id: i, client_secret: s, token_url: "
		  "'http://127.0.0.1/'}", "oauth2",
		  "client_secret of /etc/r/f" },
		{ "basic_auth: ~", "none", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		struct buf shown;
		struct http_config *c = good(&r, rows[i].text);
		buf_init(&shown, 0);
		http_config_shown(c, &shown);
		assert_string_equal(http_config_login(c), rows[i].login);
		assert_string_equal(buf_text(&shown), rows[i].shown);
		buf_release(&shown);
		release(&r);
	}
}

static const struct { const char *text, *lines; } mistakes[] = {
	{ "- a\n", "f:1:1: http_config: a mapping was expected" },
	{ "basic_aut: {}\n",
	  "f:1:1: unknown key 'basic_aut' in http_config, did you mean "
	  "'basic_auth'?" },
	{ "tls_config:\n  ca_fil: x\n",
	  "f:2:3: unknown key 'ca_fil' in tls_config, did you mean "
	  "'ca_file'?" },
	{ "basic_auth: {username: a, password: x, password_file: b}\n",
	  "f:1:55: at most one of password, password_file and "
	  "password_command" },
	{ "basic_auth: {username: a, username_file: b, password: c}\n",
	  "f:1:42: at most one of username and username_file" },
	{ "basic_auth: {username: 'a:b', password: c}\n",
	  "f:1:24: username: it holds a colon" },
	{ "basic_auth: {password: c}\n",
	  "f:1:13: basic_auth needs a username or a username_file" },
	{ "basic_auth: {username: a, password_ref: c}\n",
	  "f:1:41: password_ref: secret managers are not known here" },
	{ "basic_auth: {username: a, password: b}\nbearer_token: t\n",
	  "f:2:15: at most one of basic_auth, authorization, oauth2, "
	  "bearer_token and bearer_token_file" },
	{ "authorization: {credentials: a}\noauth2: {client_id: i, "
	  "client_secret: s, token_url: 'https://x/'}\n",
	  "f:2:9: at most one of basic_auth, authorization" },
	{ "authorization: {type: basic, credentials: a}\n",
	  "f:1:23: type: it cannot be basic; use basic_auth" },
	{ "authorization: {type: 'a b', credentials: a}\n",
	  "f:1:23: type: a word was expected" },
	{ "authorization: {}\n", "f:1:16: authorization needs credentials" },
	{ "authorization: {credentials: a, credentials_file: b}\n",
	  "f:1:51: at most one of credentials, credentials_file" },
	{ "authorization: {credentials_command: 'pass x'}\n",
	  "f:1:38: credentials_command: a list of program and arguments" },
	{ "authorization: {credentials_command: []}\n",
	  "f:1:38: credentials_command: a list of program and arguments" },
	{ "authorization: {credentials: \"a\\r\\nX-Evil: 1\"}\n",
	  "f:1:30: credentials: it holds a line end" },
	{ "authorization: {credentials: [a]}\n",
	  "f:1:30: credentials: a text was expected" },
	{ "oauth2: {client_secret: s}\n", "f:1:9: oauth2 needs a client_id" },
	{ "oauth2: {client_secret: s}\n", "f:1:9: oauth2 needs a token_url" },
	{ "oauth2: {client_id: i, token_url: 'https://x/'}\n",
	  "f:1:9: oauth2 needs a client_secret" },
	{ "oauth2: {client_id: i, client_secret: s, token_url: sso}\n",
	  "f:1:53: token_url: 'sso' has no scheme" },
	{ "oauth2: {grant_type: x}\n",
	  "f:1:22: grant_type: only the client credentials grant" },
	{ "oauth2: {claims: {a: b}}\n", "f:1:18: claims: only the client" },
	{ "oauth2:\n  tls_config: {cert_file: c}\n",
	  "f:2:15: a client certificate needs its key" },
	{ "oauth2: {scopes: a}\n", "f:1:18: scopes: a list was expected" },
	{ "oauth2: {endpoint_params: a}\n",
	  "f:1:27: endpoint_params: a mapping" },
	{ "tls_config: {cert_file: c}\n",
	  "f:1:13: a client certificate needs its key: key_file is missing" },
	{ "tls_config: {key_file: c}\n",
	  "f:1:13: a client key needs its certificate" },
	{ "tls_config: {ca: x}\n", "f:1:18: ca: PEM text was expected" },
	{ "tls_config: {ca_ref: x}\n", "f:1:22: ca_ref: secret managers" },
	{ "tls_config: {min_version: TLS14}\n",
	  "f:1:27: min_version: TLS10, TLS11, TLS12 or TLS13 was expected, "
	  "did you mean TLS1" },
	{ "tls_config: {min_version: TLS13, max_version: TLS12}\n",
	  "f:1:47: max_version is older than min_version" },
	{ "tls_config: {server_name: 'a:443'}\n",
	  "f:1:27: server_name: a host name alone" },
	{ "tls_config: {insecure_skip_verify: perhaps}\n",
	  "f:1:36: insecure_skip_verify: true or false was expected" },
	{ "proxy_url: ftp://x\n", "f:1:12: proxy_url: a URL was expected" },
	{ "no_proxy: a\n", "f:1:11: no_proxy needs a proxy_url" },
	{ "proxy_url: http://p:1\nproxy_from_environment: true\n",
	  "f:2:25: proxy_from_environment excludes proxy_url and no_proxy" },
	{ "proxy_connect_header: {X-A: [b]}\n",
	  "f:1:23: proxy_connect_header needs a proxy_url" },
	{ "http_headers: {Authorization: {values: [a]}}\n",
	  "f:1:16: Authorization cannot be set by http_headers" },
	{ "http_headers: {content-length: {values: ['1']}}\n",
	  "f:1:16: content-length cannot be set" },
	{ "http_headers: {HOST: {values: ['1']}}\n",
	  "f:1:16: HOST cannot be set" },
	{ "http_headers: {X-Amz-Date: {values: ['1']}}\n",
	  "f:1:16: X-Amz-Date cannot be set" },
	{ "http_headers: {'X Y': {values: ['1']}}\n",
	  "f:1:16: 'X Y' is no name of a header" },
	{ "http_headers: {X-Y: a}\n", "f:1:21: X-Y: expected values, secrets" },
	{ "http_headers: {X-Y: {value: [a]}}\n",
	  "f:1:22: unknown key 'value' in a header, did you mean 'values'?" },
	{ "http_headers: {X-Y: {values: a}}\n",
	  "f:1:30: values: a list was expected" },
	{ "http_headers: {X-Y: {values: [\"a\\nb\"]}}\n",
	  "f:1:31: values: it holds a line end" },
	{ "http_headers: [a]\n", "f:1:15: http_headers: a mapping" },
	{ "follow_redirects: 3\n", "f:1:19: follow_redirects: true or false" },
	{ "enable_http2: 3\n", "f:1:15: enable_http2: true or false" },
	{ "allow_plain_http: 3\n", "f:1:19: allow_plain_http: true or false" },
};

static void every_mistake_is_told_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct read r;
		read_text(&r, "f", mistakes[i].text);
		if (r.c || !strstr(buf_text(&r.errors), mistakes[i].lines))
			fail_msg("%s: %s, not %s", mistakes[i].text,
				 buf_text(&r.errors), mistakes[i].lines);
		release(&r);
	}
}

static void all_mistakes_are_told_at_once_and_no_secret(void **state)
{
	struct read r;
	(void)state;
	read_text(&r, "f", "basic_auth: {username: a, password: [s3cret]}\n"
			   "bearer_token: \"s3cret\\x01\"\n"
			   "tls_config: {min_version: s3cret}\n"
			   "follow: yes\n");
	assert_null(r.c);
	size_t lines = 0;
	for (const char *s = buf_text(&r.errors); *s; s++)
		lines += *s == '\n';
	assert_int_equal(lines, 5);
	assert_null(strstr(buf_text(&r.errors), "s3cret"));
	release(&r);
}

static void what_has_no_effect_here_is_said(void **state)
{
	static const struct { const char *text, *words; } rows[] = {
		{ "follow_redirects: true\n", "f:1:19: follow_redirects: "
		  "redirects are never followed" },
		{ "tls_config: {insecure_skip_verify: true}\n",
		  "f:1:36: insecure_skip_verify: who stands between" },
		{ "basic_auth: {username: a}\n", "f:1:13: basic_auth has no "
		  "password" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		good(&r, rows[i].text);
		if (!strstr(buf_text(&r.warnings), rows[i].words))
			fail_msg("%s: %s", rows[i].words,
				 buf_text(&r.warnings));
		release(&r);
	}
}

static void a_secret_over_plain_http_needs_a_word(void **state)
{
	static const struct {
		const char *text, *url, *words; /* NULL: fine */
	} rows[] = {
		{ "bearer_token: t", "http://prom:9090", "over plain http: "
		  "http://prom:9090; use https, or allow_plain_http: true" },
		{ "bearer_token: t", "https://prom", NULL },
		{ "bearer_token: t", "http://127.0.0.1:9090", NULL },
		{ "bearer_token: t", "http://localhost:9090", NULL },
		{ "bearer_token: t\nallow_plain_http: true", "http://prom",
		  NULL },
		{ "basic_auth: {username: a, password: b}", "http://prom",
		  "plain http" },
		{ "http_headers: {X: {secrets: [a]}}", "http://prom",
		  "plain http" },
		{ "http_headers: {X-Scope-OrgID: {values: [a]}}",
		  "http://prom", NULL },
		{ "tls_config: {ca_file: x}", "http://prom", NULL },
		{ "bearer_token: t\nproxy_url: 'http://proxy:1'",
		  "http://127.0.0.1:9090", "plain http" },
		{ "bearer_token: t\nproxy_url: 'socks5h://127.0.0.1:1'",
		  "http://127.0.0.1:9090", NULL },
		{ "oauth2: {client_id: i, client_secret: s, token_url: "
		  "'http://sso/t'}", "https://prom", "http://sso; use" },
		{ "bearer_token: t", "https://ann:s3cret@prom",
		  "a user in the URL and other credentials" },
		{ "http_headers: {X: {values: [a]}}", "http://ann:x@prom",
		  NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct read r;
		struct err e = { 0 };
		int rc = http_config_check(good(&r, rows[i].text), rows[i].url,
					   &e);
		if ((rc < 0) != (rows[i].words != NULL)
		    || (rc < 0 && (e.code != EXIT_REFUSED
				   || !strstr(e.text, rows[i].words))))
			fail_msg("%s %s: %s", rows[i].text, rows[i].url,
				 e.text);
		assert_null(strstr(e.text, "s3cret"));
		release(&r);
	}
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static void check_load(const char *path, const char *text, mode_t mode,
		       const char *words)
{
	struct buf errors, warnings;
	buf_init(&errors, 0);
	buf_init(&warnings, 0);
	write_file(path, text, mode);
	struct http_config *c = http_config_load(path, &errors, &warnings);
	if ((c != NULL) == (words != NULL)
	    || (words && !strstr(buf_text(&errors), words)))
		fail_msg("%s: %s", text, buf_text(&errors));
	http_config_free(c);
	buf_release(&errors);
	buf_release(&warnings);
}

static void a_file_that_others_may_change_is_refused(void **state)
{
	char path[] = "/tmp/redtop-config-XXXXXX";
	(void)state;
	close(mkstemp(path));
	check_load(path, "bearer_token: t\n", 0600, NULL);
	check_load(path, "bearer_token: t\n", 0644, ":1: a secret stands here");
	check_load(path, "bearer_token_file: t\n", 0644, NULL);
	check_load(path, "bearer_token_file: t\n", 0664, NULL);
	check_load(path, "bearer_token_file: t\n", 0646, "others may write");
	check_load(path, "proxy_url: http://a:b@p:1\n", 0644,
		   "a secret stands here");
	check_load(path, "a: [\n", 0600, ":2:");
	check_load(path, "---\n{}\n---\n{}\n", 0600, "more than one document");
	check_load(path, "", 0600, NULL);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, 0), 0);
		check_load(path, "{}\n", 0600, "belongs to somebody else");
	}
	unlink(path);
	struct buf errors;
	buf_init(&errors, 0);
	assert_null(http_config_load("/nonexistent/f", &errors, &errors));
	assert_non_null(strstr(buf_text(&errors), "No such file"));
	buf_release(&errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_promtool_takes_is_taken),
		cmocka_unit_test(every_login_is_known_by_its_own_key),
		cmocka_unit_test(every_mistake_is_told_with_its_place),
		cmocka_unit_test(all_mistakes_are_told_at_once_and_no_secret),
		cmocka_unit_test(what_has_no_effect_here_is_said),
		cmocka_unit_test(a_secret_over_plain_http_needs_a_word),
		cmocka_unit_test(a_file_that_others_may_change_is_refused),
	};
	return cmocka_run_group_tests_name("http_config", tests, NULL, NULL);
}
