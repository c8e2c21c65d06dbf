/* Signature Version 4 as its reader sees it: everything is recomputed from the
 * bytes of the request, with OpenSSL and nothing of redtop's.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
#ifndef TESTS_FAULT_FAKE_AWS_SIGN_H
#define TESTS_FAULT_FAKE_AWS_SIGN_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tests/fault/evil.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define SIGN_PATIENCE ((time_ms)5 * 60000) /* between the clocks */

/* What the Authorization header says, and the keys it should be made with. */
struct sign {
	char id[129], date[9], region[64], service[64];
	char fields[1024], signature[65];
	const char *secret, *token;
	/* When it is refused: */
	const char *type;       /* __type */
	char message[300];
};

static int sign_refuse(struct sign *s, const char *type, const char *message)
{
	s->type = type;
	snprintf(s->message, sizeof(s->message), "%s", message);
	return -1;
}

#define SIGN_CORAL "com.amazon.coral.service#"
#define SIGN_INCOMPLETE SIGN_CORAL "IncompleteSignatureException"
#define SIGN_INVALID SIGN_CORAL "InvalidSignatureException"
#define SIGN_UNKNOWN SIGN_CORAL "UnrecognizedClientException"

/* ---- header lines -------------------------------------------------------- */

/* The next line of that name from `at` on: its value and length. */
static const char *sign_line(const char *at, const char *name, size_t *n)
{
	size_t len = strlen(name);
	while ((at = strstr(at, "\r\n"))) {
		at += 2;
		if (strncasecmp(at, name, len) == 0 && at[len] == ':') {
			at += len + 1;
			*n = strcspn(at, "\r");
			return at;
		}
	}
	return NULL;
}

/* Outer blanks go, a run of inner ones is one. */
static void sign_trim(struct buf *out, const char *s, size_t n)
{
	size_t i = 0;
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	while (i < n && (s[i] == ' ' || s[i] == '\t'))
		i++;
	for (; i < n; i++)
		if (s[i] != ' ' || s[i - 1] != ' ')
			buf_char(out, s[i]);
}

/* All lines of a name, joined; false: there is none. */
static bool sign_field(const struct evil_ask *a, const char *name,
		       struct buf *out)
{
	size_t n;
	bool any = false;
	const char *at = a->head;
	for (; (at = sign_line(at, name, &n)); any = true) {
		if (any)
			buf_char(out, ',');
		sign_trim(out, at, n);
	}
	return any;
}

/* The first line of a name into a small buffer, "" without one. */
static char *sign_text(const struct evil_ask *a, const char *name, char *out,
		       size_t size)
{
	struct buf b;
	buf_init(&b, 0);
	sign_field(a, name, &b);
	snprintf(out, size, "%s", buf_text(&b));
	buf_release(&b);
	return out;
}

/* ---- what the header says ------------------------------------------------ */

/* `NAME=value` up to a comma. */
static bool sign_part(const char *text, const char *name, char *out,
		      size_t size)
{
	const char *at = strstr(text, name);
	size_t n = at ? strcspn(at + strlen(name), ", ") : 0;
	if (n == 0 || n >= size)
		return false;
	memcpy(out, at + strlen(name), n);
	out[n] = '\0';
	return true;
}

static int sign_parse(struct sign *s, const struct evil_ask *a)
{
	char text[2048], scope[300], end[32];
	sign_text(a, "authorization", text, sizeof(text));
	if (!*text)
		return sign_refuse(s, SIGN_CORAL "MissingAuthenticationTokenEx"
				   "ception", "Missing Authentication Token");
	if (strncmp(text, "AWS4-HMAC-SHA256 ", 17) != 0
	    || !sign_part(text, "Credential=", scope, sizeof(scope))
	    || !sign_part(text, "SignedHeaders=", s->fields, sizeof(s->fields))
	    || !sign_part(text, "Signature=", s->signature,
			  sizeof(s->signature)))
		return sign_refuse(s, SIGN_INCOMPLETE, "Authorization header "
				   "requires 'Credential', 'SignedHeaders' and "
				   "'Signature' parameters.");
	if (sscanf(scope, "%128[^/]/%8[0-9]/%63[^/]/%63[^/]/%31s", s->id,
		   s->date, s->region, s->service, end) != 5
	    || strcmp(end, "aws4_request") != 0)
		return sign_refuse(s, SIGN_INCOMPLETE, "Credential must have "
				   "exactly 5 slash-delimited elements.");
	if (strcmp(s->service, "monitoring") != 0)
		return sign_refuse(s, SIGN_INVALID, "Credential should be "
				   "scoped to correct service: 'monitoring'.");
	return 0;
}

/* ---- clocks -------------------------------------------------------------- */

/* "20261123T181102Z" */
static time_ms sign_time(const char *s)
{
	struct tm tm = { 0 };
	char z;
	if (strlen(s) != 16
	    || sscanf(s, "%4d%2d%2dT%2d%2d%2d%c", &tm.tm_year, &tm.tm_mon,
		      &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		      &z) != 7 || z != 'Z')
		return TIME_NONE;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (time_ms)timegm(&tm) * 1000;
}

static char *sign_stamp(time_ms t, char out[40])
{
	time_t s = (time_t)(t / 1000);
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(out, 40, "%Y%m%dT%H%M%SZ", &tm);
	return out;
}

static int sign_clock(struct sign *s, const char *date, time_ms now)
{
	char far[40], ours[40], text[300];
	time_ms at = sign_time(date);
	if (at == TIME_NONE)
		return sign_refuse(s, SIGN_INCOMPLETE, "Date must be in "
				   "ISO-8601 'basic format'.");
	if (strncmp(date, s->date, 8) != 0)
		return sign_refuse(s, SIGN_INVALID, "Date in Credential scope "
				   "does not match YYYYMMDD from ISO-8601 "
				   "version of date from HTTP.");
	time_ms off = at - now;
	if (off >= -SIGN_PATIENCE && off <= SIGN_PATIENCE)
		return 0;
	sign_stamp(now + (off < 0 ? -SIGN_PATIENCE : SIGN_PATIENCE), far);
	snprintf(text, sizeof(text), "Signature %s: %s is %s than %s (%s %c 5 "
		 "min.)", off < 0 ? "expired" : "not yet current", date,
		 off < 0 ? "now earlier" : "still later", far,
		 sign_stamp(now, ours), off < 0 ? '-' : '+');
	return sign_refuse(s, SIGN_INVALID, text);
}

/* ---- the signature ------------------------------------------------------- */

static void sign_hex(const unsigned char *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
}

static void sign_hash(const char *bytes, size_t n, char out[65])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_Digest(bytes, n, md, &len, EVP_sha256(), NULL);
	sign_hex(md, len, out);
}

static void sign_mac(const void *key, size_t n, const char *text,
		     unsigned char out[32])
{
	unsigned len = 32;
	HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)text,
	     strlen(text), out, &len);
}

static bool sign_has(const struct sign *s, const char *name, size_t n)
{
	for (const char *at = s->fields; *at;) {
		size_t len = strcspn(at, ";");
		if (len == n && strncasecmp(at, name, n) == 0)
			return true;
		at += len + (at[len] == ';');
	}
	return false;
}

/* Host, and whatever is called x-amz-..., must be signed. */
static bool sign_covers(const struct sign *s, const struct evil_ask *a)
{
	const char *at = a->head;
	if (!sign_has(s, "host", 4))
		return false;
	while ((at = strstr(at, "\r\n"))) {
		at += 2;
		if (strncasecmp(at, "x-amz-", 6) == 0
		    && !sign_has(s, at, strcspn(at, ":\r")))
			return false;
	}
	return true;
}

/* False: a header that is signed did not come, or they are out of order. */
static bool sign_canonical(const struct sign *s, const struct evil_ask *a,
			   struct buf *out)
{
	char hash[65], fields[sizeof(s->fields)], *rest = NULL;
	const char *before = "";
	buf_printf(out, "%s\n%s\n%s\n", a->method, a->path, a->query);
	memcpy(fields, s->fields, sizeof(fields));
	for (char *name = strtok_r(fields, ";", &rest); name;
	     name = strtok_r(NULL, ";", &rest)) {
		buf_printf(out, "%s:", name);
		if (strcmp(before, name) >= 0 || !sign_field(a, name, out))
			return false;
		for (const char *c = name; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				return false;
		buf_char(out, '\n');
		before = name;
	}
	sign_hash(a->body, strlen(a->body), hash);
	buf_printf(out, "\n%s\n%s", s->fields, hash);
	return true;
}

static void sign_compute(const struct sign *s, const char *date,
			 const struct buf *canonical, char out[65])
{
	unsigned char key[32], next[32];
	struct buf text;
	char hash[65];
	buf_init(&text, 0);
	buf_printf(&text, "AWS4%s", s->secret);
	sign_mac(text.s, text.len, s->date, key);
	sign_mac(key, 32, s->region, next);
	sign_mac(next, 32, s->service, key);
	sign_mac(key, 32, "aws4_request", next);
	buf_clear(&text);
	sign_hash(buf_text(canonical), canonical->len, hash);
	buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s",
		   date, s->date, s->region, s->service, hash);
	sign_mac(next, 32, text.s, key);
	sign_hex(key, 32, out);
	buf_release(&text);
}

static int sign_compare(struct sign *s, const struct evil_ask *a,
			const char *date)
{
	char want[65] = "", claimed[80], hash[65];
	struct buf canonical;
	buf_init(&canonical, 0);
	if (sign_covers(s, a) && sign_canonical(s, a, &canonical))
		sign_compute(s, date, &canonical, want);
	buf_release(&canonical);
	sign_hash(a->body, strlen(a->body), hash);
	sign_text(a, "x-amz-content-sha256", claimed, sizeof(claimed));
	if (strcmp(want, s->signature) == 0
	    && (!*claimed || strcmp(claimed, hash) == 0))
		return 0;
	return sign_refuse(s, SIGN_INVALID, "The request signature we "
			   "calculated does not match the signature you "
			   "provided. Check your AWS Secret Access Key and "
			   "signing method. Consult the service documentation "
			   "for details.");
}

/* Of a request whose header was parsed and whose keys were found (secret NULL:
 * there are none of that id). */
static int sign_check(struct sign *s, const struct evil_ask *a, time_ms now)
{
	char date[40], token[4096];
	static const char unknown[] = "The security token included in the "
				      "request is invalid.";
	if (!s->secret)
		return sign_refuse(s, SIGN_UNKNOWN, unknown);
	sign_text(a, "x-amz-date", date, sizeof(date));
	if (sign_clock(s, date, now) != 0)
		return -1;
	sign_text(a, "x-amz-security-token", token, sizeof(token));
	if (strcmp(token, s->token ? s->token : "") != 0)
		return sign_refuse(s, SIGN_UNKNOWN, unknown);
	return sign_compare(s, a, date);
}

#endif
