/* One asking of one provider of credentials: what all of them need of the
 * network, the clock and the loop. Only the sources/aws_*.c that are providers,
 * and aws_creds.c, which chooses among them, know this. */
#ifndef SOURCES_AWS_ASK_H
#define SOURCES_AWS_ASK_H

#include "sources/aws_chain.h"
#include "sources/aws_grant.h"
#include "sources/aws_settings.h"
#include "sources/http.h"
#include "sources/http_config.h"

#include <uv.h>

#define AWS_IDENTITY 256
#define AWS_REGION 64

/* Keys, in `grant`; nothing there, `why` is a clause; wrong, `why` is a
 * sentence. */
enum aws_end { AWS_GOT, AWS_ABSENT, AWS_FAILED };

struct aws_ask {
	/* For good. */
	struct uv_loop_s *loop;
	const struct aws_settings *settings;
	time_ms (*wall)(void);
	time_ms skew;                 /* added to it: the server's clock */
	void (*done)(struct aws_ask *a, enum aws_end end);
	struct http *http;            /* or NULL: not needed so far */
	struct http_config transport; /* without anything secret */
	bool configured;              /* transport counts */
	char region[AWS_REGION];      /* of the instance; "": not known */
	uv_timer_t pause;             /* between two tries */
	void (*closed)(void *arg);
	void *closed_arg;

	/* Of this asking. */
	struct aws_chain chain;
	size_t nr_assumed;            /* of the chain's roles */
	int64_t until_us;             /* by uv_hrtime() */
	struct aws_grant grant;
	char identity[AWS_IDENTITY];
	struct err why;
	bool web;                     /* a role is asked for with a token */
	bool corrected;               /* the clock, once */
	struct {
		bool met;             /* it was asked for its token */
		enum aws_end end;     /* then: AWS_GOT, or how it ended */
		struct err why;       /* otherwise */
		bool silent;          /* the token request was not answered */
		struct buf token;     /* empty: the first version */
		char role[72];
		void (*next)(struct aws_ask *a);
		void (*region_done)(struct aws_ask *a); /* or NULL */
	} imds;
	struct aws_sso_token *sso;    /* or NULL */
	char note[AWS_WHY];           /* for `doctor`: "" or a clause */

	/* Of its step: what is under way. */
	void (*step)(struct aws_ask *a);
	void (*then)(struct aws_ask *a, const struct http_result *res);
	unsigned tries, max_tries;
	struct http_request *request;
	struct child *process;
	struct buf body;              /* of the answer: a secret */
};

void aws_ask_init(struct aws_ask *a, struct uv_loop_s *loop,
		  const struct aws_settings *s, const struct http_config *http,
		  time_ms (*wall)(void));
/* Everything of the last asking is forgotten. */
void aws_ask_begin(struct aws_ask *a, time_ms timeout);
/* Ends what is under way; done() is not called. */
void aws_ask_stop(struct aws_ask *a);
/* The same for good; closed() follows from the loop. */
void aws_ask_close(struct aws_ask *a, void (*closed)(void *arg), void *arg);

/* The server's clock. */
time_ms aws_ask_now(const struct aws_ask *a);
/* What a step may take of the time that is left, at most `most`: a little less
 * than all, so that its own sentence is heard. */
time_ms aws_ask_left(const struct aws_ask *a, time_ms most);

/* ---- for providers ------------------------------------------------------ */

/* A step is a function that sends one request, and is called again for each
 * try. */
void aws_ask_step(struct aws_ask *a, void (*step)(struct aws_ask *a));
struct aws_call {
	struct http_ask http;    /* without timeout, ceiling and callbacks */
	time_ms timeout;         /* of each try */
	unsigned tries;
	/* With what came after the last try, in `body`. */
	void (*then)(struct aws_ask *a, const struct http_result *res);
};
void aws_ask_send(struct aws_ask *a, const struct aws_call *call);
/* The step again, after a pause; false: there is no try or no time left. */
bool aws_ask_again(struct aws_ask *a);

void aws_ask_got(struct aws_ask *a);
void aws_ask_absent(struct aws_ask *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* `code` as in struct aws_creds_answer. */
void aws_ask_failed(struct aws_ask *a, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whose keys these are: KIND:NAME, or its hash where that is long or odd. */
void aws_ask_identify(struct aws_ask *a, const char *kind, const char *name);

/* ---- providers ---------------------------------------------------------- */

void aws_env_ask(struct aws_ask *a);
void aws_keys_ask(struct aws_ask *a);      /* of the chain */
void aws_process_ask(struct aws_ask *a);   /* of the chain */
void aws_sso_ask(struct aws_ask *a);       /* of the chain */
void aws_web_ask(struct aws_ask *a);       /* of chain.web */
void aws_container_ask(struct aws_ask *a);
void aws_imds_ask(struct aws_ask *a);
/* Assumes the next role of the chain with the keys in `grant`. */
void aws_role_ask(struct aws_ask *a);
/* Fills in `region` where it can; done() is called in any case. */
void aws_imds_region(struct aws_ask *a, void (*done)(struct aws_ask *a));

/* Appends the container's URL. 0; 1: none is set; -1 with a sentence. */
int aws_container_url(const struct aws_settings *s, struct buf *url,
		      struct err *e);

#endif
