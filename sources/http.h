/* HTTP on the loop: libcurl's multi interface through libuv. One client a
 * source; connections are kept. Redirects are never followed, bodies have
 * ceilings (also after decompression), every request one deadline. */
#ifndef SOURCES_HTTP_H
#define SOURCES_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "model/batch.h"

struct uv_loop_s;
struct http;
struct http_config;
struct http_request;

/* What went over the wire, and how it ended. Valid during on_done only. */
struct http_result {
	enum fault fault;       /* FAULT_NONE: an HTTP answer came whole, of any
				   status; else a transport fault */
	char text[LIMIT_SENTENCE + 1]; /* its clean sentence: what, where, what
				   now; "" without a fault. Where is
				   scheme://host:port, so that one outage reads
				   the same whichever path met it first */
	long status;            /* HTTP status, 0 without an answer */
	char content_type[128];
	char location[256];     /* clean */
	char www_authenticate[128];
	char query_error[128];  /* x-amzn-query-error: "Throttling;Sender" */
	char request_id[80];    /* x-amzn-requestid */
	time_ms retry_after;    /* ms, clamped to 0..10 min; -1: none. Of
				   Retry-After, or x-amz-retry-after (ms) */
	time_ms date;           /* of the Date header, TIME_NONE: none */
	int64_t sent_us;        /* monotonic start */
	int64_t took_us;        /* whole */
	int64_t connect_us;     /* until connected; 0 where reused */
	uint64_t wire_bytes, body_bytes;
	bool reused;            /* connection */
};

struct http_ask {
	const char *url;        /* may hold userinfo: used, never shown */
	const char *method;     /* NULL: GET, or POST with a body; PUT, POST send
				   an empty body where there is none */
	const char *body;       /* NULL: GET. Copied. A form, unless `lines`
				   name another Content-Type */
	const char *const *lines; /* header lines "name: value", ends in NULL;
				   or NULL. Copied, overwritten when freed */
	bool no_proxy;          /* whatever the config or environment says */
	const char *authorization; /* the header's value, or NULL. Copied */
	size_t max_body;        /* 0: LIMIT_BODY. Beyond it: FAULT_TOO_BIG */
	time_ms timeout;        /* whole request, milliseconds */
	time_ms connect_timeout;/* of it for name, connection and TLS; 0: all */
	time_ms answer_timeout; /* from there until an answer begins; 0: all */
	/* Called with pieces of the decoded body as they arrive, on the loop;
	 * false cuts the transfer (FAULT_TOO_BIG). `status` and `type` are of
	 * the answer's head. */
	bool (*on_data)(struct http_request *r, const char *bytes, size_t n,
			void *arg);
	/* Exactly once, also after http_cancel (FAULT_CANCELLED). The request
	 * is gone afterwards. */
	void (*on_done)(struct http_request *r, const struct http_result *res,
			void *arg);
	void *arg;
};

struct http_options {
	const char *user_agent; /* NULL: redtop/VERSION */
	const char *ca_file;    /* in place of the system's; NULL: those */
	/* Credentials and transport, or NULL: none. Borrowed until closed.
	 * A secret that cannot be had, or would be readable on the way, ends
	 * the request with FAULT_AUTH; a 401 is asked once more when a file
	 * has changed, a command runs again or there is a new token. */
	const struct http_config *config;
	bool compress;          /* gzip; off for loopback */
};

struct http *http_new(struct uv_loop_s *loop, const struct http_options *o);
/* Cancels what is under way (on_done is called, from the loop), closes all
 * handles, then calls closed(arg); the client is freed. After this call only
 * on_done may still use it. May be called from any callback. */
void http_close(struct http *h, void (*closed)(void *arg), void *arg);
/* NULL never: a request that cannot start ends in on_done from the loop.
 * This and the next two may be called from any callback; nothing is called
 * back before they return. */
struct http_request *http_start(struct http *h, const struct http_ask *ask);
/* No on_data any more; on_done follows in the next turn of the loop. */
void http_cancel(struct http_request *r);
/* Stops and resumes reading from the connection (a decoder is behind). No
 * on_data while paused; the deadline goes on. */
void http_pause(struct http_request *r, bool paused);
/* HTTP status and Content-Type of the head, valid from the first on_data. */
long http_status(const struct http_request *r);
const char *http_content_type(const struct http_request *r);
unsigned http_in_flight(const struct http *h);

/* Appends s percent-encoded: everything but unreserved characters. */
void http_encode(struct buf *out, const char *s);
/* The URL without userinfo, query and fragment, clean, for people. */
void http_url_shown(const char *url, struct buf *out);
/* base + path without ever making `//`, whatever slashes base ends in; the
 * base's query string is dropped. Appended to out, userinfo kept. */
void http_url_join(const char *base, const char *path, struct buf *out);
/* Checks that it is an absolute http(s) URL; -1 with a sentence, EXIT_USAGE. */
int http_url_check(const char *url, struct err *e);
bool http_url_is_loopback(const char *url);
/* Loopback and link-local addresses are never asked through a proxy, whatever
 * the environment says. */
bool http_url_skips_proxy(const char *url);

#endif
