/* The token that `aws sso login` leaves in ~/.aws/sso/cache, and that whoever
 * renews it puts back: the only secret that is written anywhere. */
#ifndef SOURCES_AWS_SSO_FILE_H
#define SOURCES_AWS_SSO_FILE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

struct cJSON;

/* Strings are borrowed from the tree, which keeps what we do not know. */
struct aws_sso_token {
	struct cJSON *tree;
	const char *access;
	time_ms expires;
	/* NULL, all, where it cannot be renewed. */
	const char *refresh, *client_id, *client_secret;
	time_ms registered_until; /* TIME_NONE: not said */
};

/* Appends the file's path: the SHA-1 of the session's name, or of the start
 * URL where there is no session. */
void aws_sso_path(const char *home, const char *name, struct buf *out);
/* NULL: it is no such token. */
struct aws_sso_token *aws_sso_token_read(const char *text, size_t n);
void aws_sso_token_free(struct aws_sso_token *t); /* overwrites; also NULL */
/* Takes what the answer to a renewal says. False: it says nothing usable. */
bool aws_sso_token_renew(struct aws_sso_token *t, const char *text, size_t n,
			 time_ms now);
/* In place of the old file, at once, for its owner's eyes only. -1 with a
 * clause. */
int aws_sso_token_write(const struct aws_sso_token *t, const char *path,
			struct err *e);

#endif
