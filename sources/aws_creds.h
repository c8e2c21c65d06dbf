/* Credentials as the AWS SDKs find them: a chain of providers, each a row of a
 * table, asked in order until one has keys. They are fetched when they are
 * needed, renewed before they expire, and never shown. */
#ifndef SOURCES_AWS_CREDS_H
#define SOURCES_AWS_CREDS_H

#include "base/clock.h"
#include "base/limits.h"
#include "model/batch.h"
#include "sources/aws_settings.h"
#include "sources/sigv4.h"

struct aws_creds;
struct http_config;
struct uv_loop_s;

struct aws_creds_options {
	struct uv_loop_s *loop;
	const struct aws_settings *settings; /* borrowed */
	const struct http_config *http;      /* proxies, roots; or NULL */
	time_ms (*wall)(void);               /* NULL: the system's clock */
};

/* How asking ended. Strings are valid until the next call of any function
 * here; the keys until aws_creds_close(), or an hour after others took their
 * place. */
struct aws_creds_answer {
	enum fault fault;        /* FAULT_NONE; FAULT_AUTH: none, refused,
				    expired; FAULT_TIMEOUT; FAULT_CANCELLED */
	char text[LIMIT_SENTENCE + 1]; /* names the provider and the next
				    step; "" without a fault */
	int code;                /* EXIT_REFUSED, or EXIT_FILE for a bad file */
	struct aws_keys keys;
	time_ms expires;         /* TIME_NONE: never */
	const char *provider;    /* CONTRACTS: env, profile:NAME, assume-role,
				    web-identity, sso, process, container,
				    imds */
	const char *identity;    /* whose keys these are, the same in every
				    process that shares a cache: no secret */
	const char *region;      /* of the instance, where only IMDS knows;
				    or NULL */
};

struct aws_creds *aws_creds_new(const struct aws_creds_options *o);
/* done() is called exactly once, from the loop, at the latest after `timeout`
 * milliseconds. One at a time. Keys that hold are given without asking again;
 * those that expire within 15 minutes are renewed meanwhile, at most once a
 * minute, and are given until that brought others or they have expired. */
void aws_creds_get(struct aws_creds *c, time_ms timeout,
		   void (*done)(const struct aws_creds_answer *a, void *arg),
		   void *arg);
/* done() follows with FAULT_CANCELLED. Harmless without a get. */
void aws_creds_cancel(struct aws_creds *c);
/* The service refused these keys: true if the next get may bring others (it
 * then asks the provider again). */
bool aws_creds_refused(struct aws_creds *c);
/* Our clock is so far behind the server's (ms): expiry and STS are judged by
 * the server's. What an answer of STS says of its clock replaces it. */
void aws_creds_skew(struct aws_creds *c, time_ms skew);
/* Ends what is under way (done() is called), then closed(arg) from the loop. */
void aws_creds_close(struct aws_creds *c, void (*closed)(void *arg),
		     void *arg);

/* What `doctor` prints: one a provider, in the order of the chain, after a
 * get. `why`: "won", "not set", "HTTP 404 from ...": never a secret. */
struct aws_creds_step {
	const char *provider, *why;
	bool won, failed; /* failed: it was meant to have keys and had none */
};
size_t aws_creds_steps(const struct aws_creds *c,
		       const struct aws_creds_step **out);

#endif
