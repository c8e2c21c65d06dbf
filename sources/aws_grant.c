#include "sources/aws_grant.h"

#include "base/limits.h"
#include "base/mem.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ------------------------------------------------------------- */

void aws_secret_init(struct buf *b, size_t n)
{
	buf_init(b, n);
	b->s = mem_zero(n + 1, 1);
	b->cap = n + 1;
}

void aws_secret_release(struct buf *b)
{
	if (b->s)
		explicit_bzero(b->s, b->cap);
	buf_release(b);
}

void aws_grant_init(struct aws_grant *g)
{
	*g = (struct aws_grant){ .expires = TIME_NONE };
}

void aws_grant_release(struct aws_grant *g)
{
	aws_secret_release(&g->id);
	aws_secret_release(&g->secret);
	aws_secret_release(&g->token);
	aws_grant_init(g);
}

void aws_grant_move(struct aws_grant *to, struct aws_grant *from)
{
	aws_grant_release(to);
	*to = *from;
	aws_grant_init(from);
}

struct aws_keys aws_grant_keys(const struct aws_grant *g)
{
	return (struct aws_keys){
		.id = buf_text(&g->id), .secret = buf_text(&g->secret),
		.token = g->token.len ? g->token.s : NULL,
	};
}

/* ---- what a key can be -------------------------------------------------- */

/* What goes into a header: a key that holds a line end would write its own. */
static bool is_plain(const char *s)
{
	size_t n = 0;
	while (s[n] > ' ' && s[n] < 0x7f)
		n++;
	return !s[n] && n <= LIMIT_CREDENTIALS;
}

static bool take(struct buf *to, const char *s, const char *what, bool needed,
		 char why[AWS_WHY])
{
	if (!s || !*s) {
		if (needed)
			snprintf(why, AWS_WHY, "lacks %s", what);
		return !needed;
	}
	if (!is_plain(s)) {
		snprintf(why, AWS_WHY, "holds no usable %s", what);
		return false;
	}
	aws_secret_init(to, strlen(s));
	buf_str(to, s);
	return true;
}

/* By the names that this provider gives them. */
static bool take_all(struct aws_grant *g, const struct aws_keys *k,
		     const char *id, const char *secret, const char *token,
		     bool token_needed, char why[AWS_WHY])
{
	aws_grant_release(g);
	if (take(&g->id, k->id, id, true, why)
	    && take(&g->secret, k->secret, secret, true, why)
	    && take(&g->token, k->token, token, token_needed, why))
		return true;
	aws_grant_release(g);
	return false;
}

bool aws_grant_set(struct aws_grant *g, const struct aws_keys *k,
		   char why[AWS_WHY])
{
	return take_all(g, k, "access key id", "secret access key",
			"session token", false, why);
}

/* ---- JSON --------------------------------------------------------------- */

static void overwrite(cJSON *n)
{
	for (; n; n = n->next) {
		if (n->valuestring)
			explicit_bzero(n->valuestring, strlen(n->valuestring));
		overwrite(n->child);
	}
}

void aws_tree_free(cJSON *tree)
{
	overwrite(tree);
	cJSON_Delete(tree);
}

cJSON *aws_tree(const char *text, size_t n)
{
	cJSON *tree = cJSON_ParseWithLength(text, n);
	if (cJSON_IsObject(tree))
		return tree;
	aws_tree_free(tree);
	return NULL;
}

const char *aws_member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, name));
}

void aws_word(const char *s, char out[AWS_WORD])
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_."
			     "abcdefghijklmnopqrstuvwxyz");
	out[0] = '\0';
	if (s[n] == '\0' && n < AWS_WORD)
		memcpy(out, s, n + 1);
}

void aws_error_word(const cJSON *tree, char out[AWS_WORD])
{
	static const char *const names[] = { "Code", "code", "__type",
					     "error" };
	out[0] = '\0';
	for (size_t i = 0; !out[0] && i < sizeof(names) / sizeof(*names); i++) {
		const char *s = aws_member(tree, names[i]);
		const char *hash = s ? strchr(s, '#') : NULL;
		if (s)
			aws_word(hash ? hash + 1 : s, out);
	}
}

bool aws_time(const char *s, time_ms *out)
{
	char iso[TIME_TEXT];
	size_t n = s ? strlen(s) : 0;
	/* time_parse() also takes what people type: -10m, 14:05. */
	if (n < 19 || n >= sizeof(iso) || s[4] != '-' || s[10] != 'T')
		return false;
	strcpy(iso, s);
	if (strcmp(iso + n - 3, "UTC") == 0)
		strcpy(iso + n - 3, "Z");
	return time_parse(iso, 0, out, NULL) == 0;
}

/* Members' names; NULL: there is no such thing. */
static const struct shape {
	const char *within;      /* the member in which all others stand */
	const char *id, *secret, *token, *expires, *account;
	bool renewed;            /* token and end are never left out */
	bool versioned;
} shapes[] = {
	[AWS_JSON_PROCESS] = { NULL, "AccessKeyId", "SecretAccessKey",
			       "SessionToken", "Expiration", "AccountId",
			       false, true },
	[AWS_JSON_CONTAINER] = { NULL, "AccessKeyId", "SecretAccessKey",
				 "Token", "Expiration", "AccountId",
				 true, false },
	[AWS_JSON_IMDS] = { NULL, "AccessKeyId", "SecretAccessKey",
			    "Token", "Expiration", "AccountId", true, false },
	[AWS_JSON_SSO] = { "roleCredentials", "accessKeyId", "secretAccessKey",
			   "sessionToken", "expiration", NULL, true, false },
};

/* ISO-8601, or milliseconds since 1970. */
static bool read_end(const cJSON *end, time_ms *out)
{
	if (!cJSON_IsNumber(end))
		return aws_time(cJSON_GetStringValue(end), out);
	if (!(end->valuedouble > 0) || end->valuedouble > 1e15)
		return false;
	*out = (time_ms)end->valuedouble;
	return true;
}

static void read_account(struct aws_grant *g, const char *s)
{
	size_t n = s ? strspn(s, "0123456789") : 0;
	if (n && !s[n] && n < sizeof(g->account))
		memcpy(g->account, s, n + 1);
}

static bool read_members(struct aws_grant *g, const struct shape *shape,
			 const cJSON *tree, char why[AWS_WHY])
{
	const cJSON *end = cJSON_GetObjectItemCaseSensitive(tree,
							    shape->expires);
	struct aws_keys k = {
		.id = aws_member(tree, shape->id),
		.secret = aws_member(tree, shape->secret),
		.token = aws_member(tree, shape->token),
	};
	if (!take_all(g, &k, shape->id, shape->secret, shape->token,
		      shape->renewed, why))
		return false;
	if (shape->account)
		read_account(g, aws_member(tree, shape->account));
	if ((!end || cJSON_IsNull(end)) && !shape->renewed)
		return true;
	if (end && read_end(end, &g->expires))
		return true;
	snprintf(why, AWS_WHY, "%s %s", end ? "holds no usable" : "lacks",
		 shape->expires);
	aws_grant_release(g);
	return false;
}

bool aws_grant_read(struct aws_grant *g, enum aws_json kind, const char *text,
		    size_t n, char why[AWS_WHY])
{
	const struct shape *shape = &shapes[kind];
	cJSON *tree = aws_tree(text, n);
	const cJSON *version = cJSON_GetObjectItemCaseSensitive(tree,
								"Version");
	const cJSON *in = shape->within
		? cJSON_GetObjectItemCaseSensitive(tree, shape->within) : tree;
	bool ok = false;
	aws_grant_release(g);
	if (!tree)
		snprintf(why, AWS_WHY, "is no JSON object");
	else if (shape->versioned && !(cJSON_IsNumber(version)
				       && version->valuedouble == 1))
		snprintf(why, AWS_WHY, "lacks \"Version\": 1");
	else
		ok = read_members(g, shape, in, why);
	aws_tree_free(tree);
	return ok;
}

/* ---- hashes ------------------------------------------------------------- */

void aws_hash(const char *s, char out[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	if (EVP_Digest(s, strlen(s), raw, NULL, EVP_sha256(), NULL) != 1)
		mem_die();
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", raw[i]);
}
