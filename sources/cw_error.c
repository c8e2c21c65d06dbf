/* What an answer that is not 200 means. The header of the query protocol has
 * the last word on the code; codes are compared without namespace and without
 * what follows a colon. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * and the sets of botocore's standard retries and smithy's clock skew. */
static const struct row {
	const char *code; /* '*' at the end: a beginning */
	enum cw_error_kind kind;
} rows[] = {
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

static bool fits(const char *pattern, const char *code)
{
	size_t n = strlen(pattern);
	if (pattern[n - 1] == '*')
		return strncmp(pattern, code, n - 1) == 0;
	return strcmp(pattern, code) == 0;
}

static bool kind_of(const char *code, enum cw_error_kind *out)
{
	for (size_t i = 0; *code && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!fits(rows[i].code, code))
			continue;
		*out = rows[i].kind;
		return true;
	}
	return false;
}

static enum fault fault_of(enum cw_error_kind k)
{
	switch (k) {
	case CW_ERROR_THROTTLED:
		return FAULT_THROTTLED;
	case CW_ERROR_SKEW:
	case CW_ERROR_DENIED:
	case CW_ERROR_CREDENTIALS:
		return FAULT_AUTH;
	case CW_ERROR_PASSING:
		return FAULT_SERVER;
	default:
		return FAULT_BAD_QUERY;
	}
}

static void clean_into(char *out, size_t size, const char *s, size_t n)
{
	struct buf b;
	buf_init(&b, size - 1);
	text_clean(&b, s, n);
	memcpy(out, buf_text(&b), b.len + 1);
	buf_release(&b);
}

/* "ns#Code:http://…" and "Code;Sender". */
static void put_code(struct cw_error *out, const char *s)
{
	const char *hash = strchr(s, '#');
	s = hash ? hash + 1 : s;
	clean_into(out->code, sizeof(out->code), s, strcspn(s, ":;"));
}

static void read_json(struct cw_error *out, const char *bytes, size_t n)
{
	cJSON *root = n <= LIMIT_TREE_BODY ? cJSON_ParseWithLength(bytes, n)
					   : NULL;
	const char *type = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(root, "__type"));
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(root, "message"));
	if (!type)
		type = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(root, "code"));
	if (!text)
		text = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(root, "Message"));
	if (type)
		put_code(out, type);
	if (text)
		clean_into(out->message, sizeof(out->message), text,
			   strlen(text));
	cJSON_Delete(root);
}

/* <Code>Throttling</Code> of the query protocol: what a proxy in front, or a
 * stand-in, may still say. */
static void read_xml(char *out, size_t size, const char *tag,
		     const char *bytes, size_t n)
{
	char open[24], close[24];
	snprintf(open, sizeof(open), "<%s>", tag);
	snprintf(close, sizeof(close), "</%s>", tag);
	const char *a = memmem(bytes, n, open, strlen(open));
	if (!a)
		return;
	a += strlen(open);
	const char *b = memmem(a, n - (size_t)(a - bytes), close,
			       strlen(close));
	if (b)
		clean_into(out, size, a, (size_t)(b - a));
}

static bool is_web_page(const char *type, const char *bytes, size_t n)
{
	size_t space = 0;
	if (strncasecmp(type, "text/html", 9) == 0)
		return true;
	while (space < n && strchr(" \t\r\n", bytes[space]) && bytes[space])
		space++;
	return n - space > 5
	       && (strncasecmp(bytes + space, "<html", 5) == 0
		   || strncasecmp(bytes + space, "<!doc", 5) == 0);
}

static void by_status(long status, const char *type, const char *bytes,
		      size_t n, struct cw_error *out)
{
	bool page = is_web_page(type, bytes, n);
	out->kind = status == 429 ? CW_ERROR_THROTTLED
		    : status == 401 ? CW_ERROR_CREDENTIALS
		    : status == 403 ? CW_ERROR_DENIED
		    : status >= 500 && status != 501 ? CW_ERROR_PASSING
		    : CW_ERROR_QUERY;
	out->fault = fault_of(out->kind);
	if (status >= 300 && status < 400)
		out->fault = FAULT_REDIRECT;
	else if (page && out->kind == CW_ERROR_QUERY)
		out->fault = FAULT_NOT_API;
	if (!*out->code)
		snprintf(out->code, sizeof(out->code), "HTTP %ld", status);
	if (!*out->message && status >= 300 && status < 400)
		strcpy(out->message, "a redirect, not followed");
	else if (!*out->message && page)
		strcpy(out->message, "a web page, not the API");
}

void cw_error_read(long status, const char *query_error,
		   const char *content_type, const char *bytes, size_t n,
		   struct cw_error *out)
{
	*out = (struct cw_error){ .kind = CW_ERROR_QUERY };
	if (n && bytes[0] == '<') {
		read_xml(out->code, sizeof(out->code), "Code", bytes, n);
		read_xml(out->message, sizeof(out->message), "Message", bytes,
			 n);
	} else {
		read_json(out, bytes, n);
	}
	if (query_error && *query_error)
		put_code(out, query_error);
	if (kind_of(out->code, &out->kind))
		out->fault = fault_of(out->kind);
	else
		by_status(status, content_type ? content_type : "", bytes, n,
			  out);
}
