/* Keys that a provider gave, and the JSON in which most of them give. What
 * holds them is overwritten when released. */
#ifndef SOURCES_AWS_GRANT_H
#define SOURCES_AWS_GRANT_H

#include "base/buf.h"
#include "base/clock.h"
#include "sources/sigv4.h"

struct cJSON;

struct aws_grant {
	struct buf id, secret, token; /* token empty: there is none */
	time_ms expires;              /* TIME_NONE: never */
	char account[16];             /* digits, or "" */
};

/* A clause about an answer ("lacks SecretAccessKey"), and a word of an error
 * ("AccessDenied"): letters and points, so that it can be shown. */
#define AWS_WHY 80
#define AWS_WORD 64

/* A buffer that never moves what is written into it, at most n bytes. */
void aws_secret_init(struct buf *b, size_t n);
void aws_secret_release(struct buf *b);

void aws_grant_init(struct aws_grant *g);
void aws_grant_release(struct aws_grant *g);
/* Copies; token may be NULL or "". False, with a clause, when one of them
 * cannot be what it should be; g is then empty. */
bool aws_grant_set(struct aws_grant *g, const struct aws_keys *k,
		   char why[AWS_WHY]);
/* `to` is released first, `from` is empty then. */
void aws_grant_move(struct aws_grant *to, struct aws_grant *from);
/* Borrowed from g. */
struct aws_keys aws_grant_keys(const struct aws_grant *g);

/* Whose JSON it is. */
enum aws_json { AWS_JSON_PROCESS, AWS_JSON_CONTAINER, AWS_JSON_IMDS,
		AWS_JSON_SSO };

/* Keys from text[0..n). False with a clause that quotes nothing of it. */
bool aws_grant_read(struct aws_grant *g, enum aws_json kind, const char *text,
		    size_t n, char why[AWS_WHY]);

/* The tree of a text that holds secrets; NULL: it is no JSON object. */
struct cJSON *aws_tree(const char *text, size_t n);
void aws_tree_free(struct cJSON *tree);
/* A member that is a string, or NULL. */
const char *aws_member(const struct cJSON *object, const char *name);
/* The word by which a JSON error names itself, without its namespace; "" if
 * there is none that can be shown. */
void aws_error_word(const struct cJSON *tree, char out[AWS_WORD]);
/* Copies s if it is such a word, else "". */
void aws_word(const char *s, char out[AWS_WORD]);

/* A moment in the ways that the AWS tools write it; false: it is none. */
bool aws_time(const char *s, time_ms *out);
/* 64 hexadecimal digits of the SHA-256 of s. */
void aws_hash(const char *s, char out[65]);

#endif
