/* Keys and region of an EC2 instance: its metadata service gives a token by a
 * PUT, which does not come through proxies and few containers, and then what
 * is asked for with it. Where no token can be had, the first version of the
 * service needs none. */
#include "sources/aws_ask.h"

#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TIMEOUT ((time_ms)1000)
#define TRIES 1

#define TTL "x-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN "x-aws-ec2-metadata-token: "
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define PROFILE "/latest/meta-data/iam/info"
#define REGION "/latest/meta-data/placement/region"

/* ---- words -------------------------------------------------------------- */

/* The first line, if it is printable and has no spaces. */
static size_t word_of(const struct buf *b)
{
	size_t n = 0;
	while (n < b->len && b->s[n] > ' ' && b->s[n] < 0x7f)
		n++;
	return n == b->len || b->s[n] == '\n' || b->s[n] == '\r' ? n : 0;
}

static bool is_role(const char *s, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789_+=,.@-";
	return n > 0 && n < 72 && strspn(s, letters) >= n;
}

static bool is_v1_forbidden(const struct aws_ask *a)
{
	const char *value = aws_value(a->settings->section,
				      "ec2_metadata_v1_disabled");
	return aws_env_true(a->settings, "AWS_EC2_METADATA_V1_DISABLED")
	       || (value && strcasecmp(value, "true") == 0);
}

/* ---- requests ----------------------------------------------------------- */

/* The base URL was read once already, so it can be read. */
static void get(struct aws_ask *a, const char *path, const char *more,
		void (*then)(struct aws_ask *a, const struct http_result *res))
{
	struct buf base, url, line;
	const char *lines[] = { NULL, NULL };
	buf_init(&base, 0);
	buf_init(&url, 0);
	aws_secret_init(&line, a->imds.token.len + sizeof(TOKEN));
	aws_imds_endpoint(a->settings, &base, NULL);
	http_url_join(buf_text(&base), path, &url);
	buf_str(&url, more);
	if (a->imds.token.len) {
		buf_printf(&line, TOKEN "%s", a->imds.token.s);
		lines[0] = line.s;
	}
	aws_ask_send(a, &(struct aws_call){
		.http = { .url = buf_text(&url), .lines = lines,
			  .no_proxy = true },
		.timeout = TIMEOUT, .tries = TRIES, .then = then });
	aws_secret_release(&line);
	buf_release(&url);
	buf_release(&base);
}

/* ---- the token ---------------------------------------------------------- */

/* It was met, and this is how: the keys are not asked for any more. */
static void settle(struct aws_ask *a, enum aws_end end, const char *why)
{
	a->imds.met = true;
	a->imds.end = end;
	err_set(&a->imds.why, EXIT_REFUSED, "%s", why);
}

/* A clause. */
static const char *unreachable(const struct http_result *res)
{
	switch (res->fault) {
	case FAULT_TIMEOUT:
		return "instance metadata does not answer";
	case FAULT_REFUSED:
	case FAULT_NETWORK:
		return "there is no instance metadata";
	default:
		return "instance metadata cannot be asked";
	}
}

static void without_token(struct aws_ask *a)
{
	if (!is_v1_forbidden(a)) {
		a->imds.met = true;
		return;
	}
	settle(a, AWS_FAILED, a->imds.silent
	       ? "instance metadata gives no token (IMDSv2) and IMDSv1 is "
		 "disabled (AWS_EC2_METADATA_V1_DISABLED); in a container, "
		 "raise the instance's hop limit to 2"
	       : "instance metadata knows no token (IMDSv2) and IMDSv1 is "
		 "disabled (AWS_EC2_METADATA_V1_DISABLED); use an instance "
		 "with IMDSv2");
}

static void take_token(struct aws_ask *a)
{
	size_t n = word_of(&a->body);
	if (!n) {
		settle(a, AWS_ABSENT, "what answers instead of instance "
		       "metadata gives no token");
		return;
	}
	a->imds.met = true;
	aws_secret_init(&a->imds.token, n);
	buf_add(&a->imds.token, a->body.s, n);
}

static void on_token(struct aws_ask *a, const struct http_result *res)
{
	char why[64];
	/* Connected, but no answer: its packets do not live long enough. */
	a->imds.silent = res->fault == FAULT_TIMEOUT && res->connect_us > 0;
	if (a->imds.silent || res->status == 403 || res->status == 404
	    || res->status == 405) {
		without_token(a);
	} else if (res->fault) {
		settle(a, AWS_ABSENT, unreachable(res));
	} else if (res->status != 200) {
		snprintf(why, sizeof(why), "instance metadata answers HTTP %ld",
			 res->status);
		settle(a, AWS_ABSENT, why);
	} else {
		take_token(a);
	}
	a->imds.next(a);
}

static void ask_token(struct aws_ask *a)
{
	static const char *const lines[] = { TTL, NULL };
	struct buf base, url;
	buf_init(&base, 0);
	buf_init(&url, 0);
	aws_imds_endpoint(a->settings, &base, NULL);
	http_url_join(buf_text(&base), "/latest/api/token", &url);
	aws_ask_send(a, &(struct aws_call){
		.http = { .url = buf_text(&url), .method = "PUT",
			  .lines = lines, .no_proxy = true },
		.timeout = TIMEOUT, .tries = TRIES, .then = on_token });
	buf_release(&url);
	buf_release(&base);
}

/* next() is called when it has been met, now or before. */
static void meet(struct aws_ask *a, void (*next)(struct aws_ask *a))
{
	struct buf url;
	struct err e;
	buf_init(&url, 0);
	if (!a->imds.met
	    && aws_env_true(a->settings, "AWS_EC2_METADATA_DISABLED"))
		settle(a, AWS_ABSENT, "AWS_EC2_METADATA_DISABLED is set");
	if (!a->imds.met && aws_imds_endpoint(a->settings, &url, &e) < 0) {
		settle(a, AWS_FAILED, e.text);
		a->imds.why.code = e.code;
	}
	buf_release(&url);
	a->imds.next = next;
	if (a->imds.met)
		next(a);
	else
		aws_ask_step(a, ask_token);
}

/* ---- keys --------------------------------------------------------------- */

/* Two accounts may have a role of one name. */
static void identify(struct aws_ask *a, const char *account)
{
	char hash[65], name[96];
	snprintf(name, sizeof(name), "%s", a->imds.role);
	if (account) {
		aws_hash(account, hash);
		snprintf(name, sizeof(name), "%s:%.12s", a->imds.role, hash);
	}
	aws_ask_identify(a, "imds", name);
}

/* arn:aws:iam::111122223333:instance-profile/x */
static void on_profile(struct aws_ask *a, const struct http_result *res)
{
	cJSON *tree = res->fault || res->status != 200 ? NULL
		      : aws_tree(a->body.s, a->body.len);
	const char *s = aws_member(tree, "InstanceProfileArn");
	char account[16] = "";
	for (int i = 0; s && i < 4; i++) {
		s = strchr(s, ':');
		s = s ? s + 1 : NULL;
	}
	size_t n = s ? strspn(s, "0123456789") : 0;
	if (n && n < sizeof(account) && s[n] == ':')
		memcpy(account, s, n);
	identify(a, *account ? account : NULL);
	aws_tree_free(tree);
	aws_ask_got(a);
}

static void ask_profile(struct aws_ask *a)
{
	get(a, PROFILE, "", on_profile);
}

static void keys_refused(struct aws_ask *a)
{
	cJSON *tree = aws_tree(a->body.s, a->body.len);
	char word[AWS_WORD];
	aws_error_word(tree, word);
	aws_tree_free(tree);
	aws_ask_failed(a, EXIT_REFUSED, "the instance's role '%.64s' gives no "
		       "keys%s%s; check the role and its trust policy, or "
		       "attach another one", a->imds.role,
		       *word ? ": " : "", word);
}

static bool is_success(const struct aws_ask *a)
{
	cJSON *tree = aws_tree(a->body.s, a->body.len);
	const char *code = aws_member(tree, "Code");
	bool yes = !code || strcmp(code, "Success") == 0;
	aws_tree_free(tree);
	return yes;
}

static void on_keys(struct aws_ask *a, const struct http_result *res)
{
	char why[AWS_WHY];
	if (res->fault)
		aws_ask_failed(a, EXIT_REFUSED, "no keys of the instance's "
			       "role '%.64s': %s", a->imds.role, res->text);
	else if (res->status != 200)
		aws_ask_failed(a, EXIT_REFUSED, "instance metadata gives no "
			       "keys of role '%.64s' (HTTP %ld); check the "
			       "instance's role", a->imds.role, res->status);
	else if (!is_success(a))
		keys_refused(a);
	else if (!aws_grant_read(&a->grant, AWS_JSON_IMDS, a->body.s,
				 a->body.len, why))
		aws_ask_failed(a, EXIT_REFUSED, "instance metadata's keys of "
			       "role '%.64s' are of no use: the answer %s; "
			       "check the instance's role", a->imds.role, why);
	else
		aws_ask_step(a, ask_profile);
}

static void ask_keys(struct aws_ask *a)
{
	get(a, ROLES, a->imds.role, on_keys);
}

static void take_role(struct aws_ask *a)
{
	size_t n = word_of(&a->body);
	if (!is_role(a->body.s, n)) {
		aws_ask_absent(a, "instance metadata %s", a->body.len
			       ? "answers what is no role" : "knows no role "
			       "of this instance");
		return;
	}
	memcpy(a->imds.role, a->body.s, n);
	a->imds.role[n] = '\0';
	aws_ask_step(a, ask_keys);
}

static void on_roles(struct aws_ask *a, const struct http_result *res)
{
	bool v2 = a->imds.token.len > 0;
	if (res->fault && !v2)
		aws_ask_absent(a, "%s", unreachable(res));
	else if (res->fault)
		aws_ask_failed(a, EXIT_REFUSED, "no role of the instance: %s",
			       res->text);
	else if (res->status == 200)
		take_role(a);
	else if (res->status == 404)
		aws_ask_absent(a, "instance metadata knows no role of this "
			       "instance");
	else if (res->status == 401 && !v2)
		aws_ask_failed(a, EXIT_REFUSED, "instance metadata wants a "
			       "token (IMDSv2) and gives none here; in a "
			       "container, raise the instance's hop limit to "
			       "2 (aws ec2 modify-instance-metadata-options)");
	else
		aws_ask_failed(a, EXIT_REFUSED, "instance metadata names no "
			       "role (HTTP %ld); check that something else "
			       "does not answer for it", res->status);
}

static void ask_roles(struct aws_ask *a)
{
	get(a, ROLES, "", on_roles);
}

static void on_met(struct aws_ask *a)
{
	if (a->imds.end == AWS_GOT)
		aws_ask_step(a, ask_roles);
	else if (a->imds.end == AWS_ABSENT)
		aws_ask_absent(a, "%s", a->imds.why.text);
	else
		aws_ask_failed(a, a->imds.why.code, "%s", a->imds.why.text);
}

void aws_imds_ask(struct aws_ask *a)
{
	meet(a, on_met);
}

/* ---- the region --------------------------------------------------------- */

static void on_region(struct aws_ask *a, const struct http_result *res)
{
	char region[AWS_REGION] = "";
	size_t n = res->fault || res->status != 200 ? 0 : word_of(&a->body);
	if (n && n < sizeof(region))
		memcpy(region, a->body.s, n);
	if (aws_region_valid(region))
		memcpy(a->region, region, sizeof(region));
	a->imds.region_done(a);
}

static void ask_region(struct aws_ask *a)
{
	get(a, REGION, "", on_region);
}

static void on_met_for_region(struct aws_ask *a)
{
	if (a->imds.end == AWS_GOT)
		aws_ask_step(a, ask_region);
	else
		a->imds.region_done(a);
}

void aws_imds_region(struct aws_ask *a, void (*done)(struct aws_ask *a))
{
	a->imds.region_done = done;
	meet(a, on_met_for_region);
}
