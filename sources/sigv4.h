/* AWS Signature Version 4 in the Authorization header. libcurl 7.88 signs
 * headers that it then does not send and cannot be given a date, so clocks
 * that are wrong could not be corrected; hence our own.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
#ifndef SOURCES_SIGV4_H
#define SOURCES_SIGV4_H

#include "base/buf.h"
#include "base/clock.h"

struct aws_keys {
	const char *id, *secret;
	const char *token;        /* of a session, or NULL */
};

struct sigv4_field {
	const char *name, *value;
};

/* What is signed. Everything is borrowed for the call. */
struct sigv4_ask {
	const char *method;       /* "POST" */
	const char *path;         /* as sent, without the query; "" is "/" */
	const char *query;        /* as sent, without '?'; NULL or "": none */
	/* All header fields that are signed beside those that signing adds:
	 * host at least. Any order and case; a name may stand twice. */
	const struct sigv4_field *field;
	size_t nr_fields;
	const char *body;         /* NULL: empty */
	size_t body_len;
	const char *region, *service;
	time_ms at;               /* the server's clock; whole seconds count */
	bool hash_header;         /* adds x-amz-content-sha256 */
	bool raw_path;            /* `//` and `..` stay as they are; it is
				     encoded again all the same */
	bool token_unsigned;      /* x-amz-security-token is sent unsigned */
};

/* What has to be sent beside the fields. Release it: that overwrites. */
struct sigv4 {
	char date[17];            /* x-amz-date: 20150830T123600Z */
	char hash[65];            /* of the body, hex: x-amz-content-sha256 */
	char signature[65];
	struct buf canonical, to_sign; /* for tests and explanations; neither
					  holds the secret key */
	struct buf authorization; /* the header's value */
};

void sigv4_sign(const struct sigv4_ask *a, const struct aws_keys *k,
		struct sigv4 *out);
void sigv4_release(struct sigv4 *s);

#endif
