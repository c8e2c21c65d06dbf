/* Keys of IAM Identity Center: `aws sso login` leaves a token, the token brings
 * keys of a role in an account. A token that ends soon is renewed where it can
 * be. */
#include "sources/aws_ask.h"
#include "sources/aws_sso_file.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT ((time_ms)5000)
#define TRIES 3
#define RENEW ((time_ms)900000) /* before its end, as botocore does */

#define TOKEN "x-amz-sso_bearer_token: "

static const char *profile(const struct aws_ask *a)
{
	return a->chain.section->name;
}

static void login(struct aws_ask *a, const char *why)
{
	aws_ask_failed(a, EXIT_REFUSED, "the SSO session of profile '%.40s' "
		       "%s; run aws sso login --profile %.40s", profile(a),
		       why, profile(a));
}

/* ---- keys --------------------------------------------------------------- */

static void keys_refused(struct aws_ask *a, long status)
{
	const struct aws_sso *sso = &a->chain.sso;
	cJSON *tree = aws_tree(a->body.s, a->body.len);
	char word[AWS_WORD];
	aws_error_word(tree, word);
	aws_tree_free(tree);
	if (status == 401)
		login(a, "is no longer accepted");
	else
		aws_ask_failed(a, EXIT_REFUSED, "SSO refuses role '%.64s' in "
			       "account %.16s (HTTP %ld%s%s) to profile "
			       "'%.40s'; check sso_account_id and "
			       "sso_role_name, or ask for that role",
			       sso->role, sso->account, status,
			       *word ? " " : "", word, profile(a));
}

static void on_keys(struct aws_ask *a, const struct http_result *res)
{
	char why[AWS_WHY];
	if (res->fault)
		aws_ask_failed(a, EXIT_REFUSED, "no SSO keys for profile "
			       "'%.40s': %s", profile(a), res->text);
	else if (res->status != 200)
		keys_refused(a, res->status);
	else if (!aws_grant_read(&a->grant, AWS_JSON_SSO, a->body.s,
				 a->body.len, why))
		aws_ask_failed(a, EXIT_REFUSED, "SSO's keys for profile "
			       "'%.40s' are of no use: the answer %s; check "
			       "sso_region, and proxies", profile(a), why);
	else
		aws_ask_got(a);
}

static void ask_keys(struct aws_ask *a)
{
	const struct aws_sso *sso = &a->chain.sso;
	struct buf base, url, line;
	struct err e;
	const char *from;
	char name[AWS_IDENTITY];
	snprintf(name, sizeof(name), "%.16s/%.128s", sso->account, sso->role);
	aws_ask_identify(a, "sso", name);
	buf_init(&base, 0);
	buf_init(&url, 0);
	aws_secret_init(&line, LIMIT_CREDENTIALS + sizeof(TOKEN));
	buf_printf(&line, TOKEN "%s", a->sso->access);
	const char *lines[] = { line.s, NULL };
	if (aws_endpoint(a->settings, "portal.sso", sso->region, &base, &from,
			 &e) < 0) {
		aws_ask_failed(a, e.code, "%s", e.text);
	} else {
		http_url_join(base.s, "/federation/credentials", &url);
		buf_str(&url, "?role_name=");
		http_encode(&url, sso->role);
		buf_str(&url, "&account_id=");
		http_encode(&url, sso->account);
		aws_ask_send(a, &(struct aws_call){
			.http = { .url = url.s, .lines = lines },
			.timeout = TIMEOUT, .tries = TRIES, .then = on_keys });
	}
	aws_secret_release(&line);
	buf_release(&url);
	buf_release(&base);
}

/* ---- the token ---------------------------------------------------------- */

static void path_of(const struct aws_ask *a, struct buf *out)
{
	const struct aws_sso *sso = &a->chain.sso;
	aws_sso_path(a->settings->home, sso->session ? sso->session
		     : sso->start_url, out);
}

/* NULL with `absent`, or with `e` said (a clause). */
static struct aws_sso_token *read_file(const struct aws_ask *a, bool *absent,
				       struct err *e)
{
	const struct aws_outside *o = a->settings->outside;
	struct aws_sso_token *t = NULL;
	struct buf path, text;
	buf_init(&path, 0);
	buf_init(&text, 0);
	path_of(a, &path);
	int rc = o->read(path.s, &text, e, o->arg);
	*absent = rc > 0;
	if (rc == 0)
		t = aws_sso_token_read(buf_text(&text), text.len);
	if (rc == 0 && !t)
		err_set(e, EXIT_REFUSED, "%.160s holds no SSO token", path.s);
	aws_secret_release(&text);
	buf_release(&path);
	return t;
}

static bool holds(const struct aws_ask *a)
{
	return a->sso->expires > aws_ask_now(a);
}

/* Somebody else may have renewed it at the same time, and so taken what it is
 * renewed with. */
static void read_again(struct aws_ask *a)
{
	struct err e;
	bool absent;
	struct aws_sso_token *t = read_file(a, &absent, &e);
	if (t && t->expires > a->sso->expires) {
		aws_sso_token_free(a->sso);
		a->sso = t;
	} else {
		aws_sso_token_free(t);
	}
}

static void keep(struct aws_ask *a)
{
	struct buf path;
	struct err e;
	buf_init(&path, 0);
	path_of(a, &path);
	if (aws_sso_token_write(a->sso, path.s, &e) < 0)
		snprintf(a->note, sizeof(a->note), "the renewed token could "
			 "not be written: %.36s", e.text);
	buf_release(&path);
}

static void on_renewed(struct aws_ask *a, const struct http_result *res)
{
	bool renewed = !res->fault && res->status == 200
		&& aws_sso_token_renew(a->sso, a->body.s, a->body.len,
				       aws_ask_now(a));
	if (renewed)
		keep(a);
	else
		read_again(a);
	if (holds(a))
		aws_ask_step(a, ask_keys);
	else if (res->fault)
		aws_ask_failed(a, EXIT_REFUSED, "the SSO session of profile "
			       "'%.40s' cannot be renewed: %s", profile(a),
			       res->text);
	else
		login(a, "has expired");
}

static void write_renewal(const struct aws_sso_token *t, struct buf *out)
{
	static const char *const names[] = { "clientId", "clientSecret",
					     "refreshToken" };
	const char *const values[] = { t->client_id, t->client_secret,
				       t->refresh };
	cJSON *o = cJSON_CreateObject();
	if (!o || !cJSON_AddStringToObject(o, "grantType", "refresh_token"))
		mem_die();
	for (size_t i = 0; i < 3; i++)
		if (!cJSON_AddStringToObject(o, names[i], values[i]))
			mem_die();
	char *text = cJSON_PrintUnformatted(o);
	if (!text)
		mem_die();
	buf_str(out, text);
	explicit_bzero(text, strlen(text));
	cJSON_free(text);
	aws_tree_free(o);
}

static void renew(struct aws_ask *a)
{
	static const char *const lines[] = { "Content-Type: application/json",
					     NULL };
	struct buf base, url, body;
	struct err e;
	const char *from;
	buf_init(&base, 0);
	buf_init(&url, 0);
	aws_secret_init(&body, LIMIT_CREDENTIALS * 8);
	write_renewal(a->sso, &body);
	if (aws_endpoint(a->settings, "oidc", a->chain.sso.region, &base,
			 &from, &e) < 0) {
		aws_ask_failed(a, e.code, "%s", e.text);
	} else {
		http_url_join(base.s, "/token", &url);
		aws_ask_send(a, &(struct aws_call){
			.http = { .url = url.s, .body = body.s,
				  .lines = lines },
			.timeout = TIMEOUT, .tries = TRIES,
			.then = on_renewed });
	}
	aws_secret_release(&body);
	buf_release(&url);
	buf_release(&base);
}

static bool is_renewable(const struct aws_ask *a)
{
	const struct aws_sso_token *t = a->sso;
	return t->refresh && (t->registered_until == TIME_NONE
			      || t->registered_until > aws_ask_now(a));
}

static void begin(struct aws_ask *a)
{
	if (a->sso->expires - aws_ask_now(a) < RENEW && is_renewable(a))
		aws_ask_step(a, renew);
	else if (holds(a))
		aws_ask_step(a, ask_keys);
	else
		login(a, "has expired");
}

void aws_sso_ask(struct aws_ask *a)
{
	struct err e;
	bool absent;
	if (!a->chain.sso.account) {
		aws_ask_failed(a, EXIT_FILE, "%.120s:%d: profile '%.40s' has "
			       "sso_session without sso_account_id and "
			       "sso_role_name; add them (aws configure sso)",
			       a->chain.section->file, a->chain.section->line,
			       profile(a));
		return;
	}
	if (!a->settings->home) {
		aws_ask_failed(a, EXIT_REFUSED, "there is no home, and so no "
			       "SSO token of profile '%.40s'; set HOME",
			       profile(a));
		return;
	}
	a->sso = read_file(a, &absent, &e);
	if (a->sso)
		begin(a);
	else if (absent)
		login(a, "was never begun here");
	else
		aws_ask_failed(a, EXIT_REFUSED, "%.*s; run aws sso login "
			       "--profile %.40s", (int)strcspn(e.text, ";"),
			       e.text, profile(a));
}
