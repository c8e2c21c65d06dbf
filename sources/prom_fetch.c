#include "sources/prom_fetch.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* A worker is woken for this many bytes, or for the end. */
#define PIECE ((size_t)128 << 10)
/* What one answer may hold as points. */
#define ANSWER_ARENA ((size_t)256 << 20)

struct prom_fetch {
	uv_work_t work;
	uv_loop_t *loop;
	struct http_request *request; /* NULL once it is done */
	struct http_result http;
	bool http_done, busy, read_done, paused;
	atomic_bool cancelled;
	struct buf pending;           /* the loop's */
	struct buf piece;             /* the worker's, while busy */
	bool last;                    /* the piece is the last one */
	struct prom_parser *parser;   /* of a query */
	struct batch *batch;
	struct buf document;          /* else */
	cJSON *tree;
	enum fault fault;
	struct err why;
	bool passing, transport;
	prom_answered answered;
	void *arg;
};

/* ---- on the worker ---------------------------------------------------- */

static const char *member(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(object, name));
}

static void read_document(struct prom_fetch *f)
{
	const struct buf *d = &f->document;
	f->tree = cJSON_ParseWithLength(buf_text(d), d->len);
	const char *status = member(f->tree, "status");
	if (f->http.status / 100 == 2 && status &&
	    strcmp(status, "success") == 0)
		return;
	if (!f->tree && f->http.status / 100 == 2 &&
	    buf_text(d)[strspn(buf_text(d), " \t\r\n")] == '{') {
		f->fault = FAULT_BAD_ANSWER;
		err_set(&f->why, EXIT_UNREACHABLE,
			"the answer is not whole (%zu bytes of JSON)", d->len);
		return;
	}
	const char *text = member(f->tree, "error");
	f->passing = prom_fault_passing(f->http.status, text);
	f->fault = prom_fault(f->http.status, member(f->tree, "errorType"),
			      text, buf_text(d), d->len, &f->why);
}

static void end_query(struct prom_fetch *f)
{
	f->fault = prom_parser_end(f->parser, f->http.status,
				   f->http.content_type, &f->why);
	f->passing = f->fault != FAULT_NONE &&
		     prom_fault_passing(f->http.status, f->why.text);
}

static void on_work(uv_work_t *work)
{
	struct prom_fetch *f = work->data;
	const struct buf *p = &f->piece;
	if (atomic_load(&f->cancelled))
		return;
	if (f->parser) {
		prom_parser_feed(f->parser, buf_text(p), p->len);
		if (f->last)
			end_query(f);
		return;
	}
	buf_add(&f->document, buf_text(p), p->len);
	if (f->last)
		read_document(f);
}

/* ---- on the loop ------------------------------------------------------ */

static void fetch_free(struct prom_fetch *f)
{
	prom_parser_free(f->parser);
	batch_free(f->batch);
	cJSON_Delete(f->tree);
	buf_release(&f->pending);
	buf_release(&f->piece);
	buf_release(&f->document);
	free(f);
}

static void finish(struct prom_fetch *f)
{
	if (atomic_load(&f->cancelled)) {
		f->fault = FAULT_CANCELLED;
		err_set(&f->why, EXIT_UNREACHABLE, "cancelled");
	}
	if (f->fault == FAULT_REDIRECT && *f->http.location)
		f->fault = prom_redirect(f->http.status, f->http.location,
					 &f->why);
	struct prom_answer a = {
		.fault = f->fault, .why = f->why, .passing = f->passing,
		.transport = f->transport, .tree = f->tree, .http = &f->http,
		.mono_us = f->http.sent_us + f->http.took_us,
		.dropped = f->parser ? prom_parser_dropped(f->parser) : 0,
	};
	if (f->fault == FAULT_NONE) {
		a.batch = f->batch;
		f->batch = NULL;
	}
	prom_parser_free(f->parser);
	f->parser = NULL;
	f->answered(&a, f->arg);
	fetch_free(f);
}

static void on_worked(uv_work_t *work, int status);

static void give(struct prom_fetch *f)
{
	struct buf empty = f->piece;
	f->piece = f->pending;
	f->pending = empty;
	buf_clear(&f->pending);
	f->last = f->http_done;
	f->busy = true;
	uv_queue_work(f->loop, &f->work, on_work, on_worked);
	if (f->paused && f->request) {
		f->paused = false;
		http_pause(f->request, false);
	}
}

/* What is next: more to read, or the end. */
static void go_on(struct prom_fetch *f)
{
	if (f->busy)
		return;
	bool stop = atomic_load(&f->cancelled) || f->http.fault != FAULT_NONE;
	if (f->http_done && (stop || f->read_done))
		finish(f);
	else if (!stop && (f->http_done || f->pending.len >= PIECE))
		give(f);
}

static void on_worked(uv_work_t *work, int status)
{
	struct prom_fetch *f = work->data;
	(void)status;
	f->busy = false;
	f->read_done |= f->last;
	go_on(f);
}

static bool on_data(struct http_request *r, const char *bytes, size_t n,
		    void *arg)
{
	struct prom_fetch *f = arg;
	buf_add(&f->pending, bytes, n);
	if (f->pending.len > PROM_FETCH_AHEAD && f->busy && !f->paused) {
		f->paused = true;
		http_pause(r, true);
	}
	go_on(f);
	return true;
}

static void on_done(struct http_request *r, const struct http_result *res,
		    void *arg)
{
	struct prom_fetch *f = arg;
	(void)r;
	f->request = NULL;
	f->http = *res;
	f->http_done = true;
	if (res->fault != FAULT_NONE) {
		f->fault = res->fault;
		f->transport = true;
		f->passing = res->fault == FAULT_NETWORK;
		err_set(&f->why, EXIT_UNREACHABLE, "%s", res->text);
	}
	go_on(f);
}

struct prom_fetch *prom_fetch_start(struct http *http, struct uv_loop_s *loop,
				    const struct http_ask *request,
				    const struct prom_ask *ask,
				    prom_answered answered, void *arg)
{
	struct prom_fetch *f = mem_zero(1, sizeof(*f));
	f->loop = loop;
	f->work.data = f;
	f->answered = answered;
	f->arg = arg;
	atomic_init(&f->cancelled, false);
	buf_init(&f->pending, 0);
	buf_init(&f->piece, 0);
	buf_init(&f->document, LIMIT_TREE_BODY);
	if (ask) {
		f->batch = batch_new(ANSWER_ARENA);
		f->parser = prom_parser_new(ask, f->batch, &f->cancelled);
	}
	struct http_ask a = *request;
	a.max_body = ask ? LIMIT_BODY : LIMIT_TREE_BODY;
	a.on_data = on_data;
	a.on_done = on_done;
	a.arg = f;
	f->request = http_start(http, &a);
	return f;
}

void prom_fetch_cancel(struct prom_fetch *f)
{
	atomic_store(&f->cancelled, true);
	if (f->request)
		http_cancel(f->request);
}
