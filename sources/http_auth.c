#include "sources/http_auth.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/http.h"
#include "sources/http_secret.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <uv.h>

/* A command, or a token request: less than the 10 s of a request, so that its
 * own sentence is heard. */
#define FETCH_MAX ((time_ms)8000)
#define TOKEN_LIFE ((time_ms)300000)  /* of one that does not say it */
#define TOKEN_MARGIN ((time_ms)30000) /* renewed so long before its end, or
					 a tenth of its life */

struct http_auth {
	uv_loop_t *loop;
	const struct http_config *c;
	void (*ready)(void *arg);
	void *arg;
	char *output;                 /* of the command, or NULL */
	char *token;                  /* of OAuth2, or NULL */
	time_ms expires;              /* by alive() */
	struct secret_command *command; /* under way, or NULL */
	struct http *http;            /* of token requests, or NULL */
	struct http_request *request; /* under way, or NULL */
	struct buf answer;
	bool in_form, proven;         /* how the client names itself there */
	bool failed;
	struct err why;               /* then */
	void (*closed)(void *arg);
	void *closed_arg;
};

/* Counts while the machine sleeps, as the server does. */
static time_ms alive(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void forget(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

static void buf_wipe(struct buf *b)
{
	if (b->s)
		explicit_bzero(b->s, b->cap);
	buf_release(b);
}

/* The secret as it is now. A command's has been fetched. */
static int read_secret(const struct http_auth *a, const struct http_secret *s,
		       bool secret, struct buf *out, struct err *e)
{
	if (s->file)
		return secret_file(s->file, secret, out, e);
	if (s->command)
		buf_str(out, a->output ? a->output : "");
	else if (s->value)
		buf_str(out, s->value);
	return 0;
}

static void add_base64(struct buf *out, const char *s, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i += 3) {
		unsigned v = (unsigned)(unsigned char)s[i] << 16;
		if (i + 1 < n)
			v |= (unsigned)(unsigned char)s[i + 1] << 8;
		if (i + 2 < n)
			v |= (unsigned char)s[i + 2];
		buf_char(out, digits[v >> 18]);
		buf_char(out, digits[v >> 12 & 63]);
		buf_char(out, i + 1 < n ? digits[v >> 6 & 63] : '=');
		buf_char(out, i + 2 < n ? digits[v & 63] : '=');
	}
}

/* ---- fetching ----------------------------------------------------------- */

static void next(struct http_auth *a);

static void fail(struct http_auth *a, const char *text)
{
	a->failed = true;
	err_set(&a->why, EXIT_REFUSED, "%s", text);
	a->ready(a->arg);
}

static void on_command(const char *secret, const char *why, void *arg)
{
	struct http_auth *a = arg;
	a->command = NULL;
	if (why) {
		fail(a, why);
		return;
	}
	a->output = mem_strdup(secret);
	next(a);
}

static void form_field(struct buf *out, const char *name, const char *value)
{
	if (out->len)
		buf_char(out, '&');
	http_encode(out, name);
	buf_char(out, '=');
	http_encode(out, value);
}

static void write_form(const struct http_auth *a, const char *secret,
		       struct buf *out)
{
	const struct http_config *c = a->c;
	const char *const *scope = c->oauth2.scopes;
	struct buf scopes;
	buf_init(&scopes, 0);
	form_field(out, "grant_type", "client_credentials");
	for (; scope && *scope; scope++)
		buf_printf(&scopes, "%s%s", scopes.len ? " " : "", *scope);
	if (scopes.len)
		form_field(out, "scope", buf_text(&scopes));
	buf_release(&scopes);
	for (size_t i = 0; i < c->oauth2.nr_params; i++)
		form_field(out, c->oauth2.param[i].name,
			   c->oauth2.param[i].value);
	if (a->in_form) {
		form_field(out, "client_id", c->oauth2.client_id);
		form_field(out, "client_secret", secret);
	}
}

/* "Basic ...", of both encoded, as RFC 6749 2.3.1 has it. */
static void write_client(const struct http_auth *a, const char *secret,
			 struct buf *out)
{
	struct buf pair;
	buf_init(&pair, 0);
	http_encode(&pair, a->c->oauth2.client_id);
	buf_char(&pair, ':');
	http_encode(&pair, secret);
	buf_str(out, "Basic ");
	add_base64(out, pair.s, pair.len);
	buf_wipe(&pair);
}

static void token_failed(struct http_auth *a, const char *what,
			 const char *detail, const char *now)
{
	struct buf where, text;
	buf_init(&where, 100);
	buf_init(&text, LIMIT_SENTENCE);
	http_url_shown(a->c->oauth2.token_url, &where);
	buf_str(&text, what);
	if (detail && *detail) {
		struct buf clean;
		buf_init(&clean, 40);
		text_clean(&clean, detail, strlen(detail));
		buf_printf(&text, " (%s)", buf_text(&clean));
		buf_release(&clean);
	}
	buf_printf(&text, ": %s; %s", buf_text(&where), now);
	fail(a, buf_text(&text));
	buf_release(&text);
	buf_release(&where);
}

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool is_token(const char *s)
{
	if (!s || !*s || strlen(s) > SECRET_MAX)
		return false;
	while (*s > ' ' && *s < 0x7f)
		s++;
	return !*s;
}

static time_ms life_of(const cJSON *tree)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(tree, "expires_in");
	const char *s = cJSON_GetStringValue(n);
	double v = s ? strtod(s, NULL) : cJSON_IsNumber(n) ? n->valuedouble : 0;
	if (!(v > 0))
		return TOKEN_LIFE;
	return v > 86400 ? 86400000 : (time_ms)(v * 1000);
}

static void take_token(struct http_auth *a, const cJSON *tree)
{
	const char *token = member(tree, "access_token");
	const char *type = member(tree, "token_type");
	if (!is_token(token)) {
		token_failed(a, "no token in the OAuth2 server's answer", NULL,
			     "check token_url");
		return;
	}
	if (type && strcasecmp(type, "bearer") != 0) {
		token_failed(a, "an OAuth2 token of a kind that is not known "
			     "here", type, "ask for a bearer token");
		return;
	}
	time_ms life = life_of(tree);
	time_ms margin = life / 10 < TOKEN_MARGIN ? life / 10 : TOKEN_MARGIN;
	a->token = mem_strdup(token);
	a->expires = alive() + life - margin;
	a->proven = true;
	next(a);
}

/* Of the answer only the registered error word is shown: descriptions may
 * repeat what was sent. */
static void token_refused(struct http_auth *a, long status, const cJSON *tree)
{
	char code[16];
	const char *word = member(tree, "error");
	bool plain = word && strlen(word) < 40
		     && word[strspn(word, "abcdefghijklmnopqrstuvwxyz_")]
				== '\0';
	snprintf(code, sizeof(code), "%ld", status);
	if (!a->proven)
		a->in_form = false;
	if (status >= 500 || status == 404 || status < 400) {
		token_failed(a, "no OAuth2 token", code, "check token_url, and "
			     "that server");
		return;
	}
	if (a->c->secret.command)
		forget(&a->output);
	token_failed(a, "the OAuth2 server refuses this client",
		     plain ? word : code, "check client_id, its secret and "
		     "scopes");
}

static void token_start(struct http_auth *a);

static bool on_answer(struct http_request *r, const char *bytes, size_t n,
		      void *arg)
{
	struct http_auth *a = arg;
	(void)r;
	buf_add(&a->answer, bytes, n);
	return true;
}

static void token_answered(struct http_auth *a, const struct http_result *res)
{
	cJSON *tree = cJSON_ParseWithLength(buf_text(&a->answer),
					    a->answer.len);
	bool refused = res->status == 400 || res->status == 401;
	if (res->status / 100 == 2) {
		take_token(a, tree);
	} else if (refused && !a->in_form && !a->proven) {
		a->in_form = true; /* some know the client only there */
		token_start(a);
	} else {
		token_refused(a, res->status, tree);
	}
	cJSON_Delete(tree);
}

static void on_token(struct http_request *r, const struct http_result *res,
		     void *arg)
{
	struct http_auth *a = arg;
	char text[LIMIT_SENTENCE + 20];
	(void)r;
	a->request = NULL;
	if (res->fault == FAULT_CANCELLED)
		return;
	if (res->fault == FAULT_NONE) {
		token_answered(a, res);
		return;
	}
	snprintf(text, sizeof(text), "no OAuth2 token: %s", res->text);
	fail(a, text);
}

static void token_start(struct http_auth *a)
{
	struct buf secret, form, client;
	struct err e;
	buf_init(&secret, 0);
	buf_init(&form, 0);
	buf_init(&client, 0);
	if (read_secret(a, &a->c->secret, true, &secret, &e) < 0) {
		buf_wipe(&secret);
		fail(a, e.text);
		return;
	}
	write_form(a, buf_text(&secret), &form);
	if (!a->in_form)
		write_client(a, buf_text(&secret), &client);
	if (!a->http)
		a->http = http_new(a->loop, &(struct http_options){
			.config = a->c->oauth2.transport });
	buf_clear(&a->answer);
	a->request = http_start(a->http, &(struct http_ask){
		.url = a->c->oauth2.token_url, .body = buf_text(&form),
		.authorization = client.s, .max_body = SECRET_MAX * 2,
		.timeout = FETCH_MAX, .on_data = on_answer,
		.on_done = on_token, .arg = a });
	buf_wipe(&client);
	buf_wipe(&form);
	buf_wipe(&secret);
}

static bool has_output(const struct http_auth *a)
{
	return !a->c->secret.command || a->output;
}

/* What a request needs is here. */
static bool holds(const struct http_auth *a)
{
	return a->c->login == LOGIN_OAUTH2
	       ? a->token && alive() < a->expires : has_output(a);
}

static void next(struct http_auth *a)
{
	if (holds(a)) {
		a->ready(a->arg);
	} else if (!has_output(a)) {
		a->command = secret_command_start(a->loop, a->c->secret.command,
						  FETCH_MAX, on_command, a);
	} else {
		forget(&a->token);
		token_start(a);
	}
}

enum auth http_auth_ask(struct http_auth *a, bool waited, struct err *e)
{
	if (holds(a))
		return AUTH_READY;
	if (a->command || a->request)
		return AUTH_WAIT;
	if (a->failed && waited) {
		*e = a->why;
		return AUTH_FAILED;
	}
	a->failed = false;
	next(a);
	return AUTH_WAIT;
}

/* ---- the lines ---------------------------------------------------------- */

static void add_line(struct curl_slist **lines, uint64_t *print,
		     const struct buf *line)
{
	for (size_t i = 0; i < line->len; i++)
		*print = (*print ^ (unsigned char)line->s[i])
			 * UINT64_C(1099511628211);
	*lines = curl_slist_append(*lines, buf_text(line));
	if (!*lines)
		mem_die();
}

static int write_basic(const struct http_auth *a, struct buf *out,
		       struct err *e)
{
	struct buf pair;
	buf_init(&pair, 0);
	int rc = read_secret(a, &a->c->user, false, &pair, e);
	buf_char(&pair, ':');
	if (rc == 0)
		rc = read_secret(a, &a->c->secret, true, &pair, e);
	buf_str(out, "Authorization: Basic ");
	add_base64(out, pair.s, pair.len);
	buf_wipe(&pair);
	return rc;
}

static int write_login(const struct http_auth *a, struct buf *out,
		       struct err *e)
{
	switch (a->c->login) {
	case LOGIN_BASIC:
		return write_basic(a, out, e);
	case LOGIN_TOKEN:
		buf_printf(out, "Authorization: %s ", a->c->scheme);
		return read_secret(a, &a->c->secret, true, out, e);
	case LOGIN_OAUTH2:
		buf_printf(out, "Authorization: Bearer %s",
			   a->token ? a->token : "");
		return 0;
	case LOGIN_NONE:
		break;
	}
	return 0;
}

static int add_header(const struct http_auth *a, const struct http_header *h,
		      struct curl_slist **lines, uint64_t *print, struct err *e)
{
	struct buf line;
	buf_init(&line, 0);
	buf_printf(&line, "%s: ", h->name);
	size_t before = line.len;
	int rc = read_secret(a, &h->value, true, &line, e);
	if (line.len == before) { /* libcurl's way to say an empty one */
		buf_clear(&line);
		buf_printf(&line, "%s;", h->name);
	}
	if (rc == 0)
		add_line(lines, print, &line);
	buf_wipe(&line);
	return rc;
}

int http_auth_add(struct http_auth *a, struct curl_slist **lines,
		  uint64_t *print, struct err *e)
{
	const struct http_config *c = a->c;
	struct buf line;
	*print = UINT64_C(14695981039346656037);
	if (c->tls.key.file && secret_file_is_ours(c->tls.key.file, e) < 0)
		return -1;
	for (size_t i = 0; i < c->nr_headers; i++)
		if (add_header(a, &c->header[i], lines, print, e) < 0)
			return -1;
	buf_init(&line, 0);
	int rc = write_login(a, &line, e);
	if (rc == 0 && line.len)
		add_line(lines, print, &line);
	buf_wipe(&line);
	return rc;
}

void http_auth_free_lines(struct curl_slist *lines)
{
	for (struct curl_slist *l = lines; l; l = l->next)
		explicit_bzero(l->data, strlen(l->data));
	curl_slist_free_all(lines);
}

bool http_auth_refused(struct http_auth *a, uint64_t print)
{
	struct curl_slist *lines = NULL;
	struct err e;
	uint64_t now = 0;
	bool fetched = a->c->login == LOGIN_OAUTH2 || a->c->secret.command;
	if (a->command || a->request)
		return true;
	bool same = http_auth_add(a, &lines, &now, &e) < 0 || now == print;
	http_auth_free_lines(lines);
	if (fetched && same) {
		forget(&a->token);
		if (a->c->login != LOGIN_OAUTH2)
			forget(&a->output);
	}
	return fetched || !same;
}

/* ---- the whole ---------------------------------------------------------- */

struct http_auth *http_auth_new(struct uv_loop_s *loop,
				const struct http_config *c,
				void (*ready)(void *arg), void *arg)
{
	struct http_auth *a = mem_zero(1, sizeof(*a));
	a->loop = loop;
	a->c = c;
	a->ready = ready;
	a->arg = arg;
	buf_init(&a->answer, 0);
	return a;
}

static void release(void *arg)
{
	struct http_auth *a = arg;
	void (*closed)(void *) = a->closed;
	void *closed_arg = a->closed_arg;
	forget(&a->output);
	forget(&a->token);
	buf_wipe(&a->answer);
	free(a);
	closed(closed_arg);
}

void http_auth_close(struct http_auth *a, void (*closed)(void *arg), void *arg)
{
	a->closed = closed;
	a->closed_arg = arg;
	if (a->command)
		secret_command_cancel(a->command);
	if (a->http)
		http_close(a->http, release, a);
	else
		release(a);
}
