/* One question to CloudWatch's API: signed, sent, read on a worker, paged,
 * tried again. All calls of a source share a client, which keeps the quota. */
#ifndef SOURCES_CW_REQUEST_H
#define SOURCES_CW_REQUEST_H

#include "sources/aws_settings.h"
#include "sources/cw_api.h"
#include "sources/cw_quota.h"
#include "sources/http.h"
#include "sources/interval.h"
#include "sources/sigv4.h"

#include <uv.h>

struct cw_request;

/* Throttled answers without any other between them: then it is given up. */
#define CW_THROTTLES_MAX 8u

struct cw_client {
	struct uv_loop_s *loop;
	struct http *http;
	const struct aws_settings *settings;
	time_ms (*wall)(void);       /* NULL: the system's */
	/* What is signed with: set before a call starts, copied by nobody. */
	struct aws_keys keys;
	char region[40];             /* the source's */
	const char *endpoint;        /* asked in place of all others; or NULL */
	time_ms deadline;            /* uv_now() at which every call is late */
	time_ms timeout;             /* of one request */

	struct cw_quota quota;
	struct clock_offset offset;  /* the server's clock */
	uint64_t seed;
	uv_timer_t timer;            /* for calls that wait */
	struct cw_request *first, **last;
	unsigned in_flight, throttles[CW_CALLS];
	bool stopped;                /* nothing more is sent */
	/* The keys were refused, or there is nobody: no other question would
	 * fare better in this poll. */
	bool dead, dead_refused;
	enum fault dead_fault;
	struct cw_error dead_error;
	char dead_text[LIMIT_SENTENCE + 1];
	/* Since somebody set them to 0. */
	unsigned requests, retries;
	uint64_t metrics, cheap;     /* cheap: calls that are no GetMetricData */
	uint64_t bytes, body_bytes;
	int64_t took_us;             /* of the newest answer */
};

struct cw_request {
	/* The question; strings are borrowed until done(). */
	enum cw_call kind;
	const char *region;          /* NULL: the client's */
	struct cw_list list;
	bool recently;
	const struct cw_query *query;
	size_t nr;
	const bool *later;           /* queries that another request has the
					say about; or NULL: none */
	time_ms from, to;
	void (*done)(struct cw_request *c, void *arg); /* once, from the loop */
	void *arg;

	/* The answer: one of them, and how it ended. */
	struct cw_data data;
	struct cw_metrics metrics;
	struct cw_alarms alarms;
	enum fault fault;
	struct cw_error error;       /* where CloudWatch answered with one */
	bool refused;                /* the keys: others may do */
	bool repeated;               /* a token came twice: paging ended there */
	time_ms retry_after;         /* the server asked for it; -1 */
	char text[LIMIT_SENTENCE + 1];

	/* Private. */
	struct cw_client *client;
	struct cw_request *next;
	struct http_request *request;
	struct buf body;
	uv_work_t work;
	struct err bad;
	int rc;
	unsigned attempt;
	time_ms skew;                /* that it was signed with */
	bool sent, working, skewed, queued, fresh;
	uint64_t not_before;
	size_t nr_tokens, cap_tokens;
	uint64_t *token;             /* hashes of those that came */
	char *page;                  /* the token that is asked for, or NULL */
};

void cw_client_init(struct cw_client *c);
/* No call may be under way; closed(arg) from the loop. The http client is the
 * owner's. */
void cw_client_close(struct cw_client *c, uv_close_cb closed);
/* The server's clock, as far as it is known; *skew in ms. */
time_ms cw_client_now(const struct cw_client *c);
bool cw_client_skew(const struct cw_client *c, time_ms *skew);

/* Zeroed but for the question. */
void cw_request_start(struct cw_client *client, struct cw_request *c);
/* All calls end soon, with FAULT_CANCELLED where they are not done. */
void cw_client_stop(struct cw_client *c);
void cw_request_release(struct cw_request *c);

#endif
