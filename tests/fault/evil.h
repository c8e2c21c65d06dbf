/* A hostile HTTP server for tests, on 127.0.0.1 and a free port.
 *
 *	struct evil *e = evil_new(loop, NULL, NULL);
 *	char url[EVIL_URL];
 *	evil_url(e, "/rst", url);       ask it: the path says how it behaves
 *	evil_close(e, NULL, NULL);      then run the loop until all is closed
 *
 * It lives in the caller's loop, or, where the caller blocks or the client is
 * another process, in a thread of its own (evil_thread_start).
 *
 * The paths that behave (evil_behaviours[] in evil.c has one row each):
 *	/ok /empty /gzip /echo /login /type        answers that come whole
 *	/status?code=503  /redirect?code=302  /redirect-login  /auth
 *	/retry?after=120  /date?is=...             any text as the header
 *	/delay?ms=200  /hang  /slow?ms=5  /slow-head?ms=5
 *	/nothing  /rst-early  /rst  /truncated  /chunk-cut  /die
 *	/chunk-bad  /gzip-bad  /not-http  /head-bad
 *	/headers  /header-line  /continue  /endless  /huge  /bomb
 *	/keep-close
 * any other path: 404, text.
 *
 * Scripted: a function that is asked first. It builds a fake Prometheus in a
 * few lines:
 *
 *	static void script(const struct evil_ask *a, struct evil_answer *out,
 *			   void *arg)
 *	{
 *		struct buf query;
 *		buf_init(&query, 0);
 *		if (strcmp(a->path, "/api/v1/query") == 0
 *		    && evil_form(a, "query", &query)
 *		    && strcmp(buf_text(&query), "up") == 0)
 *			evil_json(out, "{\"status\":\"success\",...}");
 *		buf_release(&query);
 *	}
 *
 * A script that leaves out->status 0 leaves the path to the table above, and
 * `out->behave = "/rst"` behaves like that path whatever was asked. Everything
 * a row of the table can do, a script can: the fields of struct evil_answer. */
#ifndef TESTS_FAULT_EVIL_H
#define TESTS_FAULT_EVIL_H

#include "base/buf.h"

#include <stdint.h>
#include <uv.h>

#define EVIL_URL 256

struct evil;

/* One request. Valid during the script's call. */
struct evil_ask {
	const char *method;   /* "GET" */
	const char *path;     /* "/api/v1/query", without the query string */
	const char *query;    /* after the `?`, undecoded; "" */
	const char *head;     /* request line and header lines, whole */
	const char *body;     /* undecoded; "" */
	unsigned nr;          /* of this request on its connection, from 1 */
};

enum evil_after { EVIL_KEEP, EVIL_FIN, EVIL_RESET, EVIL_HANG };

/* What comes back. All zero but `status` is a plain, whole, kept-alive
 * answer. The buffers are ready for use, and freed by the server. */
struct evil_answer {
	int status;
	const char *behave;   /* a path of the table above instead; static */
	const char *type;     /* Content-Type; NULL: application/json */
	struct buf head;      /* further header lines, each with its \r\n */
	struct buf body;
	struct buf raw;       /* not empty: sent in place of head and body */
	struct buf again;     /* sent after that, */
	uint64_t again_nr;    /* so many times */
	bool chunked, gzip;
	bool no_length;       /* neither Content-Length nor chunks */
	int64_t promised;     /* not 0: the Content-Length that is claimed */
	int delay_ms;         /* before the first byte */
	size_t piece;         /* not 0: bytes sent at once, */
	int piece_ms;         /* with this pause between them */
	enum evil_after after;
};

typedef void (*evil_script)(const struct evil_ask *ask,
			    struct evil_answer *out, void *arg);

/* script may be NULL. */
struct evil *evil_new(uv_loop_t *loop, evil_script script, void *arg);
/* Closes listener and connections, then calls closed(arg) (may be NULL);
 * the server is gone. */
void evil_close(struct evil *e, void (*closed)(void *arg), void *arg);
int evil_port(const struct evil *e);
/* "http://127.0.0.1:PORT/path". Returns out. */
char *evil_url(const struct evil *e, const char *path, char out[EVIL_URL]);

/* Since the start; readable from any thread. */
unsigned evil_requests(const struct evil *e);
unsigned evil_connections(const struct evil *e);
unsigned evil_open(const struct evil *e);  /* connections, now */
unsigned evil_left(const struct evil *e);  /* closed by the client while an
					      answer was under way */

/* The decoded value of a form field, from the URL or the body. */
bool evil_form(const struct evil_ask *ask, const char *name, struct buf *out);
long evil_number(const struct evil_ask *ask, const char *name, long otherwise);
/* 200 with this body; printf-like for the ones with numbers. */
void evil_json(struct evil_answer *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same server in a thread with its own loop: the script runs there. */
struct evil_thread;
struct evil_thread *evil_thread_start(evil_script script, void *arg);
const struct evil *evil_thread_server(const struct evil_thread *t);
void evil_thread_stop(struct evil_thread *t);

#endif
