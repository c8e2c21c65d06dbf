/* Keys of a container: ECS and EKS name the URL in the environment, and, where
 * others could reach it, a token. */
#include "sources/aws_ask.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT ((time_ms)2000)
#define TRIES 3

#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

/* ---- where -------------------------------------------------------------- */

int aws_container_url(const struct aws_settings *s, struct buf *url,
		      struct err *e)
{
	const char *path = aws_env(s, RELATIVE_URI);
	const char *full = aws_env(s, FULL_URI);
	struct buf shown;
	if (path && path[0] != '/')
		return err_set(e, EXIT_REFUSED, RELATIVE_URI " does not begin "
			       "with '/'; it is set by ECS, do not change it");
	if (path) {
		buf_printf(url, "http://169.254.170.2%s", path);
		return 0;
	}
	if (!full)
		return 1;
	buf_str(url, full);
	if (aws_container_host_allowed(full))
		return 0;
	buf_init(&shown, 80);
	http_url_shown(full, &shown);
	err_set(e, EXIT_REFUSED, FULL_URI ": a token may not go to %s; https, "
		"a loopback address, 169.254.170.2, 169.254.170.23 or "
		"[fd00:ec2::23] was expected", buf_text(&shown));
	buf_release(&shown);
	return -1;
}

/* ---- the token ---------------------------------------------------------- */

static int bad_token(struct err *e, const char *from, const char *what)
{
	return err_set(e, EXIT_REFUSED, "%s %s; the container's platform "
		       "writes it, ask who runs it", from, what);
}

static int check_token(const struct buf *token, const char *from,
		       struct err *e)
{
	if (!token->len)
		return bad_token(e, from, "is empty");
	if (token->full || strlen(token->s) != token->len)
		return bad_token(e, from, "holds no token");
	if (strpbrk(token->s, "\r\n"))
		return bad_token(e, from, "holds a line end, which no token "
				 "may");
	return 0;
}

/* It rotates, so it is read every time. */
static int read_token_file(const struct aws_settings *s, const char *path,
			   struct buf *token, struct err *e)
{
	struct buf text;
	struct err why;
	char from[160];
	buf_init(&text, 0);
	int rc = s->outside->read(path, &text, &why, s->outside->arg);
	snprintf(from, sizeof(from), TOKEN_FILE " (%.100s)", path);
	if (rc == 0)
		buf_add(token, buf_text(&text), text.len);
	aws_secret_release(&text);
	if (rc)
		return bad_token(e, from, rc > 0 ? "is not there"
				 : "cannot be read");
	return check_token(token, from, e);
}

static int read_token(const struct aws_settings *s, struct buf *token,
		      struct err *e)
{
	const char *path = aws_env(s, TOKEN_FILE);
	const char *value = aws_env(s, TOKEN);
	if (path)
		return read_token_file(s, path, token, e);
	if (!value)
		return 0;
	buf_str(token, value);
	return check_token(token, TOKEN, e);
}

/* ---- the request -------------------------------------------------------- */

static void refused(struct aws_ask *a, long status)
{
	struct cJSON *tree = aws_tree(a->body.s, a->body.len);
	char word[AWS_WORD];
	aws_error_word(tree, word);
	aws_tree_free(tree);
	aws_ask_failed(a, EXIT_REFUSED, "the container's credentials are "
		       "refused (HTTP %ld%s%s); check the task's or pod's role",
		       status, *word ? " " : "", word);
}

static void on_answer(struct aws_ask *a, const struct http_result *res)
{
	char why[AWS_WHY];
	if (res->fault)
		aws_ask_failed(a, EXIT_REFUSED, "no credentials of the "
			       "container: %s", res->text);
	else if (res->status != 200)
		refused(a, res->status);
	else if (!aws_grant_read(&a->grant, AWS_JSON_CONTAINER, a->body.s,
				 a->body.len, why))
		aws_ask_failed(a, EXIT_REFUSED, "the container's credentials "
			       "are of no use: the answer %s; check the task's "
			       "or pod's role", why);
	else
		aws_ask_got(a);
}

static void ask(struct aws_ask *a)
{
	static const char *const lines[] = { "Accept: application/json",
					     NULL };
	struct buf url, token;
	struct err e;
	char hash[65];
	buf_init(&url, 0);
	aws_secret_init(&token, LIMIT_CREDENTIALS);
	if (aws_container_url(a->settings, &url, &e)
	    || read_token(a->settings, &token, &e) < 0) {
		aws_ask_failed(a, EXIT_REFUSED, "%s", e.text);
	} else {
		aws_hash(buf_text(&url), hash); /* who knows it, may ask */
		aws_ask_identify(a, "container", hash);
		aws_ask_send(a, &(struct aws_call){
			.http = { .url = buf_text(&url), .lines = lines,
				  .authorization = token.len ? token.s : NULL,
				  .no_proxy = true },
			.timeout = TIMEOUT, .tries = TRIES,
			.then = on_answer });
	}
	aws_secret_release(&token);
	buf_release(&url);
}

void aws_container_ask(struct aws_ask *a)
{
	struct err e;
	struct buf url;
	buf_init(&url, 0);
	int rc = aws_container_url(a->settings, &url, &e);
	buf_release(&url);
	if (rc > 0) /* credential_source = EcsContainer */
		aws_ask_failed(a, EXIT_REFUSED, "profile '%.40s' wants keys of "
			       "a container, but neither " RELATIVE_URI " nor "
			       FULL_URI " is set; run it in one, or name "
			       "another credential_source",
			       a->chain.section->name);
	else
		aws_ask_step(a, ask);
}
