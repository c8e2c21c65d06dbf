/* Keys of a role from STS, with the keys of another or with a token. */
#include "sources/aws_ask.h"
#include "sources/aws_sts.h"
#include "sources/http_secret.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT ((time_ms)5000)
#define TRIES 3
/* Signatures are good for five minutes: up to here no clock is corrected. */
#define SKEW_MAX ((time_ms)240000)

#define FORM "application/x-www-form-urlencoded; charset=utf-8"

static const char *role_arn(const struct aws_ask *a)
{
	return a->web ? a->chain.web.role_arn
		      : a->chain.role[a->nr_assumed].arn;
}

/* ---- the answer --------------------------------------------------------- */

/* What a person does about it; the last is for all others. */
static const struct {
	const char *code;
	bool clock;              /* may be our clock: judged anew, once */
	bool passing;            /* asked again */
	const char *now;
} refusals[] = {
	{ "AccessDenied", false, false, "check the role's trust policy, and "
	  "that these keys may assume it" },
	{ "SignatureDoesNotMatch", true, false, "check the secret access key, "
	  "and this machine's clock" },
	{ "RequestExpired", true, false, "set this machine's clock" },
	{ "RequestTimeTooSkewed", true, false, "set this machine's clock" },
	{ "ExpiredToken", true, false, "renew what it is assumed with" },
	{ "ExpiredTokenException", true, false,
	  "renew what it is assumed with" },
	{ "InvalidClientTokenId", false, false, "AWS does not know the access "
	  "key that it is assumed with; check that" },
	{ "InvalidIdentityToken", false, false, "check the token file, and "
	  "the identity provider of the account" },
	{ "IDPRejectedClaim", false, false, "check the token file, and "
	  "the identity provider of the account" },
	{ "IDPCommunicationError", false, true, "the identity provider does "
	  "not answer AWS; try again later" },
	{ "RegionDisabledException", false, false, "activate STS in that "
	  "region, or choose another one (--region)" },
	{ "ValidationError", false, false, "check role_arn, role_session_name, "
	  "external_id and duration_seconds" },
	{ "Throttling", false, true, "too many ask for roles; try again "
	  "later" },
	{ "ThrottlingException", false, true, "too many ask for roles; try "
	  "again later" },
	{ NULL, false, false, "check the role, and the keys it is assumed "
	  "with" },
};

/* Our clock is set right by STS', for it judges the signatures. True if that
 * changed something. */
static bool set_clock(struct aws_ask *a, const struct http_result *res)
{
	time_ms off = res->date == TIME_NONE ? 0
		      : res->date - aws_ask_now(a);
	if (off > -SKEW_MAX && off < SKEW_MAX)
		return false;
	a->skew = res->date - a->wall();
	return true;
}

static void refused(struct aws_ask *a, const struct http_result *res,
		    const char *code)
{
	size_t i = 0;
	bool moved = set_clock(a, res);
	while (refusals[i].code && strcmp(refusals[i].code, code) != 0)
		i++;
	if (refusals[i].clock && moved && !a->corrected) {
		a->corrected = true;
		aws_ask_step(a, a->step);
		return;
	}
	if (refusals[i].passing && aws_ask_again(a))
		return;
	aws_ask_failed(a, EXIT_REFUSED, "STS refuses role %.100s (%s); %s",
		       role_arn(a), *code ? code : "no reason",
		       refusals[i].now);
}

static void taken(struct aws_ask *a, const struct http_result *res)
{
	set_clock(a, res);
	aws_ask_identify(a, "role", role_arn(a));
	a->nr_assumed += !a->web;
	a->web = false;
	aws_ask_got(a);
}

static void on_answer(struct aws_ask *a, const struct http_result *res)
{
	char code[AWS_WORD], why[AWS_WHY];
	if (res->fault) {
		aws_ask_failed(a, EXIT_REFUSED, "no keys of role %.100s: %s",
			       role_arn(a), res->text);
		return;
	}
	struct aws_grant g;
	aws_grant_init(&g);
	int rc = aws_sts_read(a->body.s, a->body.len, &g, code, why);
	if (rc == 0 && res->status == 200) {
		aws_grant_move(&a->grant, &g);
		taken(a, res);
	} else if (rc == 1) {
		refused(a, res, code);
	} else {
		aws_ask_failed(a, EXIT_REFUSED, "no keys of role %.100s: STS' "
			       "answer (HTTP %ld) %s; check AWS_ENDPOINT_URL_"
			       "STS, and proxies", role_arn(a), res->status,
			       rc == 0 ? "holds keys, yet is none" : why);
	}
	aws_grant_release(&g);
}

/* ---- the request -------------------------------------------------------- */

struct post {
	struct buf url, host;
	const char *path;        /* within url */
	char region[AWS_REGION];
	struct buf form;         /* a secret, as these two: */
	struct buf date_line, token_line;
};

static void post_init(struct post *p)
{
	buf_init(&p->url, 0);
	buf_init(&p->host, 0);
	aws_secret_init(&p->form, LIMIT_CREDENTIALS * 4);
	aws_secret_init(&p->date_line, 40);
	aws_secret_init(&p->token_line, LIMIT_CREDENTIALS + 40);
}

static void post_release(struct post *p)
{
	buf_release(&p->url);
	buf_release(&p->host);
	aws_secret_release(&p->form);
	aws_secret_release(&p->date_line);
	aws_secret_release(&p->token_line);
}

/* As it is sent: the port only where it is not the scheme's own. */
static void add_host(const char *authority, size_t n, bool tls,
		     struct buf *host)
{
	const char *own = tls ? ":443" : ":80";
	const char *at = memrchr(authority, '@', n);
	size_t skip = at ? (size_t)(at + 1 - authority) : 0;
	buf_add(host, authority + skip, n - skip);
	if (host->len > strlen(own)
	    && strcmp(host->s + host->len - strlen(own), own) == 0) {
		host->len -= strlen(own);
		host->s[host->len] = '\0';
	}
}

/* Without any region STS is in us-east-1, as it used to be for all. */
static int address(const struct aws_ask *a, struct post *p, struct err *e)
{
	const struct aws_settings *s = a->settings;
	const char *from;
	snprintf(p->region, sizeof(p->region), "%s", s->region ? s->region
		 : a->region[0] ? a->region : "us-east-1");
	if (aws_endpoint(s, "sts", p->region, &p->url, &from, e) < 0)
		return -1;
	const char *authority = strstr(p->url.s, "://") + 3;
	size_t n = strcspn(authority, "/");
	add_host(authority, n, strncasecmp(p->url.s, "https", 5) == 0,
		 &p->host);
	if (!authority[n])
		buf_char(&p->url, '/');
	p->path = strchr(strstr(p->url.s, "://") + 3, '/');
	return 0;
}

static void sign(const struct aws_ask *a, struct post *p, struct sigv4 *out)
{
	const struct sigv4_field fields[] = {
		{ "host", buf_text(&p->host) }, { "content-type", FORM },
	};
	struct aws_keys k = aws_grant_keys(&a->grant);
	sigv4_sign(&(struct sigv4_ask){
		.method = "POST", .path = p->path,
		.field = fields, .nr_fields = 2, .body = p->form.s,
		.body_len = p->form.len, .region = p->region, .service = "sts",
		.at = aws_ask_now(a) }, &k, out);
	buf_printf(&p->date_line, "X-Amz-Date: %s", out->date);
	if (k.token)
		buf_printf(&p->token_line, "X-Amz-Security-Token: %s", k.token);
}

/* `sts` with a token is not signed. */
static void post(struct aws_ask *a, const struct aws_sts_ask *sts)
{
	struct post p;
	struct sigv4 signature = { 0 };
	struct err e;
	post_init(&p);
	aws_sts_form(sts, &p.form);
	if (p.form.full)
		err_set(&e, EXIT_FILE, "role %.100s is too long to be asked "
			"for; check role_arn and external_id", sts->role_arn);
	if (p.form.full || address(a, &p, &e) < 0) {
		aws_ask_failed(a, e.code, "%s", e.text);
		post_release(&p);
		return;
	}
	if (!sts->token)
		sign(a, &p, &signature);
	const char *lines[] = { "Content-Type: " FORM, NULL, NULL, NULL };
	if (p.date_line.len)
		lines[1] = p.date_line.s;
	if (p.token_line.len)
		lines[2] = p.token_line.s;
	aws_ask_send(a, &(struct aws_call){
		.http = { .url = p.url.s, .body = p.form.s, .lines = lines,
			  .authorization = sts->token ? NULL
				: buf_text(&signature.authorization) },
		.timeout = TIMEOUT, .tries = TRIES, .then = on_answer });
	if (!sts->token)
		sigv4_release(&signature);
	post_release(&p);
}

/* ---- the two ways ------------------------------------------------------- */

static const char *session_name(const struct aws_ask *a, const char *named,
				char own[40])
{
	snprintf(own, 40, "redtop-%lld", (long long)aws_ask_now(a) / 1000);
	return named ? named : own;
}

static void ask_role(struct aws_ask *a)
{
	const struct aws_role *r = &a->chain.role[a->nr_assumed];
	char own[40];
	post(a, &(struct aws_sts_ask){
		.role_arn = r->arn, .external_id = r->external_id,
		.session_name = session_name(a, r->session_name, own),
		.duration_s = r->duration_s });
}

void aws_role_ask(struct aws_ask *a)
{
	a->web = false;
	aws_ask_step(a, ask_role);
}

/* The file is read for each try: it rotates. */
static void ask_web(struct aws_ask *a)
{
	const struct aws_web *w = &a->chain.web;
	struct buf token;
	struct err e;
	char own[40];
	aws_secret_init(&token, LIMIT_CREDENTIALS);
	if (secret_file(w->token_file, false, &token, &e) < 0)
		aws_ask_failed(a, EXIT_REFUSED, "no keys of role %.100s: "
			       "token file %s", w->role_arn, e.text);
	else
		post(a, &(struct aws_sts_ask){
			.role_arn = w->role_arn, .token = token.s,
			.session_name = session_name(a, w->session_name,
						     own) });
	aws_secret_release(&token);
}

void aws_web_ask(struct aws_ask *a)
{
	a->web = true;
	aws_ask_step(a, ask_web);
}
