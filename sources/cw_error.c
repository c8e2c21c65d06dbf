/* What an answer that is not 200 means. The header of the query protocol has
 * the last word on the code; codes are compared without namespace and without
 * what follows a colon. The event loop waits for this: only the first bytes
 * are looked at. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/text.h"
#include "sources/cw_json.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * and the sets of botocore's standard retries and smithy's clock skew. */
static const struct code_row {
	const char *code; /* '*' at the end: a beginning */
	enum cw_error_kind kind;
} codes[] = {
	{ "Throttling*", CW_ERROR_THROTTLED },
	{ "ThrottledException", CW_ERROR_THROTTLED },
	{ "RequestThrottled*", CW_ERROR_THROTTLED },
	{ "TooManyRequests*", CW_ERROR_THROTTLED },
	{ "ProvisionedThroughputExceeded*", CW_ERROR_THROTTLED },
	{ "TransactionInProgressException", CW_ERROR_THROTTLED },
	{ "RequestLimitExceeded", CW_ERROR_THROTTLED },
	{ "BandwidthLimitExceeded", CW_ERROR_THROTTLED },
	{ "LimitExceeded*", CW_ERROR_THROTTLED },
	{ "SlowDown", CW_ERROR_THROTTLED },
	{ "PriorRequestNotComplete", CW_ERROR_THROTTLED },
	{ "EC2ThrottledException", CW_ERROR_THROTTLED },
	{ "RequestTimeTooSkewed", CW_ERROR_SKEW },
	{ "RequestExpired", CW_ERROR_SKEW },
	{ "RequestInTheFuture", CW_ERROR_SKEW },
	{ "InvalidSignature*", CW_ERROR_SKEW },
	{ "SignatureDoesNotMatch*", CW_ERROR_SKEW },
	{ "AuthFailure", CW_ERROR_SKEW },
	{ "UnrecognizedClient*", CW_ERROR_CREDENTIALS },
	{ "InvalidClientTokenId*", CW_ERROR_CREDENTIALS },
	{ "InvalidAccessKeyId*", CW_ERROR_CREDENTIALS },
	{ "ExpiredToken*", CW_ERROR_CREDENTIALS },
	{ "InvalidToken*", CW_ERROR_CREDENTIALS },
	{ "TokenRefreshRequired", CW_ERROR_CREDENTIALS },
	{ "MissingAuthenticationToken*", CW_ERROR_CREDENTIALS },
	{ "IncompleteSignature*", CW_ERROR_CREDENTIALS },
	{ "OptInRequired", CW_ERROR_DENIED },
	{ "AccessDenied*", CW_ERROR_DENIED },
	{ "Unauthorized*", CW_ERROR_DENIED },
	{ "NotAuthorized*", CW_ERROR_DENIED },
	{ "InternalServiceError", CW_ERROR_PASSING },
	{ "InternalServiceFault", CW_ERROR_PASSING },
	{ "InternalFailure", CW_ERROR_PASSING },
	{ "InternalServerError", CW_ERROR_PASSING },
	{ "InternalError", CW_ERROR_PASSING },
	{ "ServiceUnavailable*", CW_ERROR_PASSING },
	{ "RequestTimeout*", CW_ERROR_PASSING },
	{ "InvalidNextToken*", CW_ERROR_TOKEN },
};

/* Where no code is known. The first row that fits decides. */
static const struct status_row {
	long lo, hi;
	enum cw_error_kind kind;
	enum fault fault;
	const char *say;  /* where the answer says nothing; or NULL */
} statuses[] = {
	{ 200, 299, CW_ERROR_QUERY, FAULT_BAD_ANSWER, NULL },
	{ 300, 399, CW_ERROR_QUERY, FAULT_REDIRECT,
	  "a redirect, not followed" },
	{ 401, 401, CW_ERROR_CREDENTIALS, FAULT_AUTH, NULL },
	{ 403, 403, CW_ERROR_DENIED, FAULT_AUTH, NULL },
	{ 407, 407, CW_ERROR_QUERY, FAULT_AUTH,
	  "the proxy wants credentials: check https_proxy" },
	{ 408, 408, CW_ERROR_PASSING, FAULT_SERVER, NULL },
	{ 429, 429, CW_ERROR_THROTTLED, FAULT_THROTTLED, NULL },
	{ 501, 501, CW_ERROR_QUERY, FAULT_SERVER, NULL },
	{ 505, 505, CW_ERROR_QUERY, FAULT_SERVER, NULL },
	{ 500, 599, CW_ERROR_PASSING, FAULT_SERVER, NULL },
	{ 0, 0, CW_ERROR_QUERY, FAULT_BAD_QUERY, NULL }, /* all others */
};

static const enum fault faults[] = {
	[CW_ERROR_THROTTLED] = FAULT_THROTTLED,
	[CW_ERROR_SKEW] = FAULT_AUTH,
	[CW_ERROR_DENIED] = FAULT_AUTH,
	[CW_ERROR_CREDENTIALS] = FAULT_AUTH,
	[CW_ERROR_PASSING] = FAULT_SERVER,
	[CW_ERROR_TOKEN] = FAULT_BAD_QUERY,
	[CW_ERROR_QUERY] = FAULT_BAD_QUERY,
};

/* ---- texts -------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **s, size_t *n)
{
	for (; *n && is_space(**s); ++*s)
		--*n;
	while (*n && is_space((*s)[*n - 1]))
		--*n;
}

static void clean_into(char *out, size_t size, const char *s, size_t n)
{
	struct buf b;
	buf_init(&b, size - 1);
	text_clean(&b, s, n);
	memcpy(out, buf_text(&b), b.len + 1);
	buf_release(&b);
}

/* "ns#Code:http://…" and "Code;Sender". What has none leaves it as it is. */
static void put_code(struct cw_error *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strchr(":;,", s[i]))
			n = i;
	const char *hash = memchr(s, '#', n);
	n -= hash ? (size_t)(hash + 1 - s) : 0;
	s = hash ? hash + 1 : s;
	trim(&s, &n);
	if (n)
		clean_into(out->code, sizeof(out->code), s, n);
}

/* Its first line: after it a refused signature comes with what was signed, the
 * session's token too. */
static void put_message(struct cw_error *out, const char *s, size_t n)
{
	trim(&s, &n);
	const char *end = memchr(s, '\n', n);
	n = end ? (size_t)(end - s) : n;
	trim(&s, &n);
	if (n)
		clean_into(out->message, sizeof(out->message), s, n);
}

/* ---- JSON --------------------------------------------------------------- */

static void read_code(struct cw_json *w, enum json_token t, void *to)
{
	if (t == JSON_STRING)
		put_code(to, w->j.s, w->j.n);
	cw_json_skip(w, t);
}

/* A second name for what `__type` says. */
static void read_other_code(struct cw_json *w, enum json_token t, void *to)
{
	struct cw_error *out = to;
	if (t == JSON_STRING && !*out->code)
		put_code(to, w->j.s, w->j.n);
	cw_json_skip(w, t);
}

static void read_message(struct cw_json *w, enum json_token t, void *to)
{
	if (t == JSON_STRING)
		put_message(to, w->j.s, w->j.n);
	cw_json_skip(w, t);
}

static const struct cw_field error_fields[] = {
	{ "__type", read_code },
	{ "code", read_other_code },
	{ "message", read_message },
	{ "Message", read_message },
	{ 0 },
};

/* What came before a fault in it holds too. */
static void read_json(struct cw_error *out, const char *bytes, size_t n)
{
	struct cw_json w;
	cw_json_init(&w, bytes, n);
	cw_json_read(&w, error_fields, out, NULL);
	cw_json_release(&w);
}

/* ---- XML and HTML ------------------------------------------------------- */

/* <Code>Throttling</Code> of the query protocol: what a proxy in front, or a
 * stand-in, may still say. */
static const char *xml_text(const char *bytes, size_t n, const char *tag,
			    size_t *length)
{
	char open[24], close[24];
	snprintf(open, sizeof(open), "<%s>", tag);
	snprintf(close, sizeof(close), "</%s>", tag);
	const char *s = memmem(bytes, n, open, strlen(open));
	if (!s)
		return NULL;
	s += strlen(open);
	const char *end = memmem(s, n - (size_t)(s - bytes), close,
				 strlen(close));
	*length = end ? (size_t)(end - s) : 0;
	return end ? s : NULL;
}

static void read_xml(struct cw_error *out, const char *bytes, size_t n)
{
	size_t length;
	const char *s = xml_text(bytes, n, "Code", &length);
	if (s)
		put_code(out, s, length);
	s = xml_text(bytes, n, "Message", &length);
	if (s)
		put_message(out, s, length);
}

static bool begins(const char *s, size_t n, const char *word)
{
	return n >= strlen(word) && strncasecmp(s, word, strlen(word)) == 0;
}

static const char login_page[] = "a login page, not the API";

/* What is said of one; NULL: it is none. */
static const char *web_page(const char *type, const char *s, size_t n)
{
	if (!begins(type, strlen(type), "text/html") && !begins(s, n, "<html")
	    && !begins(s, n, "<!doctype html"))
		return NULL;
	return cw_json_is_login(s, n) ? login_page : "a web page, not the API";
}

/* ---- what it means ------------------------------------------------------ */

static bool fits(const char *pattern, const char *code)
{
	size_t n = strlen(pattern);
	if (pattern[n - 1] == '*')
		return strncmp(pattern, code, n - 1) == 0;
	return strcmp(pattern, code) == 0;
}

static bool by_code(struct cw_error *out)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (!fits(codes[i].code, out->code))
			continue;
		out->kind = codes[i].kind;
		out->fault = faults[out->kind];
		return true;
	}
	return false;
}

static void by_status(long status, const char *page, struct cw_error *out)
{
	const struct status_row *r = statuses;
	while (r->lo && (status < r->lo || status > r->hi))
		r++;
	out->kind = r->kind;
	out->fault = r->fault;
	if (!*out->code)
		snprintf(out->code, sizeof(out->code), "HTTP %ld", status);
	if (!*out->message && (page || r->say))
		snprintf(out->message, sizeof(out->message), "%s",
			 r->say ? r->say : page);
	if (r->fault != FAULT_BAD_QUERY)
		return;
	/* The code of it over JSON is not written down anywhere. */
	if (strncmp(out->message, "Rate exceeded", 13) == 0) {
		out->kind = CW_ERROR_THROTTLED;
		out->fault = FAULT_THROTTLED;
	} else if (page) {
		out->fault = page == login_page ? FAULT_AUTH : FAULT_NOT_API;
	}
}

void cw_error_read(long status, const char *query_error,
		   const char *content_type, const char *bytes, size_t n,
		   struct cw_error *out)
{
	*out = (struct cw_error){ .kind = CW_ERROR_QUERY };
	n = n < LIMIT_ERROR_BODY ? n : LIMIT_ERROR_BODY;
	trim(&bytes, &n);
	const char *page = web_page(content_type ? content_type : "", bytes,
				    n);
	if (n && bytes[0] == '<')
		read_xml(out, bytes, n);
	else
		read_json(out, bytes, n);
	if (query_error)
		put_code(out, query_error, strlen(query_error));
	if (!by_code(out))
		by_status(status, page, out);
}
