#include "sources/aws_sts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/http.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES ((size_t)160)

/* ---- the form ----------------------------------------------------------- */

static void field(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, "&%s=", name);
	http_encode(out, value);
}

void aws_sts_form(const struct aws_sts_ask *a, struct buf *out)
{
	char duration[16];
	snprintf(duration, sizeof(duration), "%d", a->duration_s);
	buf_printf(out, "Action=%s&Version=2011-06-15", a->token
		   ? "AssumeRoleWithWebIdentity" : "AssumeRole");
	field(out, "RoleArn", a->role_arn);
	field(out, "RoleSessionName", a->session_name);
	field(out, "ExternalId", a->external_id);
	field(out, "DurationSeconds", a->duration_s ? duration : NULL);
	field(out, "WebIdentityToken", a->token);
}

/* ---- the answer --------------------------------------------------------- */

enum field { F_NONE, F_ID, F_SECRET, F_TOKEN, F_EXPIRES, F_CODE, F_NR };

static const struct { const char *path; enum field field; } paths[] = {
#define CREDENTIALS(action, name) \
	"/" action "Response/" action "Result/Credentials/" name
#define ACTION(action) \
	{ CREDENTIALS(action, "AccessKeyId"), F_ID }, \
	{ CREDENTIALS(action, "SecretAccessKey"), F_SECRET }, \
	{ CREDENTIALS(action, "SessionToken"), F_TOKEN }, \
	{ CREDENTIALS(action, "Expiration"), F_EXPIRES }
	ACTION("AssumeRole"),
	ACTION("AssumeRoleWithWebIdentity"),
	{ "/ErrorResponse/Error/Code", F_CODE },
	/* As older services and gateways before them have it. */
	{ "/Response/Errors/Error/Code", F_CODE },
};

struct reader {
	XML_Parser parser;
	struct buf path;              /* of the element, in its ceiling */
	size_t above[LIMIT_NESTING];  /* its length at each element's start */
	size_t depth;
	enum field at;
	struct buf value[F_NR];       /* secrets */
	bool seen[F_NR];
	const char *wrong;            /* a clause, or NULL */
};

static void stop(struct reader *r, const char *wrong)
{
	r->wrong = wrong;
	XML_StopParser(r->parser, XML_FALSE);
}

/* Answers may stand in a namespace with a prefix. */
static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

static enum field field_at(const struct buf *path)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!path->full && strcmp(paths[i].path, path->s) == 0)
			return paths[i].field;
	return F_NONE;
}

static void XMLCALL on_start(void *arg, const XML_Char *name,
			     const XML_Char **attributes)
{
	struct reader *r = arg;
	(void)attributes;
	if (r->depth == LIMIT_NESTING) {
		stop(r, "is nested too deeply");
		return;
	}
	if (r->at) {
		stop(r, "holds elements within a value");
		return;
	}
	r->above[r->depth++] = r->path.len;
	buf_char(&r->path, '/');
	buf_str(&r->path, local(name));
	r->at = field_at(&r->path);
	if (r->at && r->seen[r->at])
		stop(r, "says the same twice");
	r->seen[r->at] = true;
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;
	(void)name;
	if (r->wrong) /* one that was not counted in */
		return;
	r->path.len = r->above[--r->depth];
	r->path.s[r->path.len] = '\0';
	r->path.full = false;
	r->at = F_NONE;
}

static void XMLCALL on_text(void *arg, const XML_Char *s, int n)
{
	struct reader *r = arg;
	if (!r->at || n <= 0)
		return;
	if (!r->value[r->at].s)
		aws_secret_init(&r->value[r->at], LIMIT_CREDENTIALS);
	buf_add(&r->value[r->at], s, (size_t)n);
}

/* Entities can only be declared in one. */
static void XMLCALL on_doctype(void *arg, const XML_Char *name,
			       const XML_Char *system, const XML_Char *public,
			       int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(arg, "has a document type");
}

/* Given as one piece and in UTF-8, so that expat keeps no copy of it. */
static bool parse(struct reader *r, const char *text, size_t n)
{
	r->parser = XML_ParserCreate("UTF-8");
	if (!r->parser)
		mem_die();
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	enum XML_Status rc = XML_Parse(r->parser, text, (int)n, XML_TRUE);
	if (rc != XML_STATUS_OK
	    && XML_GetErrorCode(r->parser) == XML_ERROR_NO_MEMORY)
		mem_die();
	XML_ParserFree(r->parser);
	if (rc != XML_STATUS_OK && !r->wrong)
		r->wrong = "is no XML";
	return !r->wrong;
}

static const char *value(const struct reader *r, enum field f)
{
	return r->value[f].len ? r->value[f].s : NULL;
}

static bool take_keys(const struct reader *r, struct aws_grant *g,
		      char why[AWS_WHY])
{
	struct aws_keys k = { .id = value(r, F_ID),
			      .secret = value(r, F_SECRET),
			      .token = value(r, F_TOKEN) };
	time_ms expires;
	if (!k.token || !value(r, F_EXPIRES)) {
		snprintf(why, AWS_WHY, "lacks %s", k.token ? "Expiration"
			 : k.id ? "SessionToken" : "Credentials");
		return false;
	}
	if (!aws_time(value(r, F_EXPIRES), &expires)) {
		snprintf(why, AWS_WHY, "holds no usable Expiration");
		return false;
	}
	if (!aws_grant_set(g, &k, why))
		return false;
	g->expires = expires;
	return true;
}

static int judge(const struct reader *r, struct aws_grant *g,
		 char code[AWS_WORD], char why[AWS_WHY])
{
	if (r->seen[F_CODE]) {
		aws_word(value(r, F_CODE) ? value(r, F_CODE) : "", code);
		return 1;
	}
	return take_keys(r, g, why) ? 0 : -1;
}

int aws_sts_read(const char *text, size_t n, struct aws_grant *g,
		 char code[AWS_WORD], char why[AWS_WHY])
{
	struct reader r = { 0 };
	int rc = -1;
	code[0] = '\0';
	aws_grant_release(g);
	if (n > LIMIT_CREDENTIALS) {
		snprintf(why, AWS_WHY, "is larger than 64 kB");
		return -1;
	}
	buf_init(&r.path, PATH_MAX_BYTES);
	if (memchr(text, '\0', n)) /* UTF-16, which expat would guess */
		snprintf(why, AWS_WHY, "is no XML");
	else if (parse(&r, text, n))
		rc = judge(&r, g, code, why);
	else
		snprintf(why, AWS_WHY, "%s", r.wrong);
	for (size_t i = 0; i < F_NR; i++)
		aws_secret_release(&r.value[i]);
	buf_release(&r.path);
	return rc;
}
