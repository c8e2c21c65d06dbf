/* STS speaks the Query protocol only: a form goes in, XML comes back. */
#ifndef SOURCES_AWS_STS_H
#define SOURCES_AWS_STS_H

#include "sources/aws_grant.h"

/* AssumeRole, or with `token` AssumeRoleWithWebIdentity. */
struct aws_sts_ask {
	const char *role_arn, *session_name;
	const char *external_id; /* or NULL */
	const char *token;       /* or NULL */
	int duration_s;          /* 0: the role's own */
};

/* Appends the form; with a token it is a secret. */
void aws_sts_form(const struct aws_sts_ask *a, struct buf *out);

/* An answer. 0: keys, in g; 1: an error document, its `code` ("AccessDenied";
 * "" if that cannot be shown); -1: neither, with a clause. A document type,
 * and so any entity of its own, is refused; so is what is nested or as large
 * as no answer is. */
int aws_sts_read(const char *text, size_t n, struct aws_grant *g,
		 char code[AWS_WORD], char why[AWS_WHY]);

#endif
