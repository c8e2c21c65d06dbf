/* One question on its way: the request on the loop, the answer read on a
 * worker as its bytes arrive. */
#ifndef SOURCES_PROM_FETCH_H
#define SOURCES_PROM_FETCH_H

#include "sources/http.h"
#include "sources/prom_parse.h"

struct cJSON;
struct prom_fetch;

/* Bytes that may wait for the worker before the connection is paused. */
#define PROM_FETCH_AHEAD ((size_t)4 << 20)

struct prom_answer {
	enum fault fault;
	struct err why;          /* without a fault: empty */
	bool passing;            /* one retry may help */
	bool transport;          /* `why` is a whole sentence, place included */
	struct batch *batch;     /* of a query: the receiver's; else NULL */
	unsigned dropped;
	const struct cJSON *tree;/* of a document; valid during the call */
	const struct http_result *http;
	int64_t mono_us;         /* monotonic time when it was whole */
};

typedef void (*prom_answered)(struct prom_answer *a, void *arg);

/* `ask` NULL: a document, which is read as a tree. Answered once, from the
 * loop, also after prom_fetch_cancel (FAULT_CANCELLED). */
struct prom_fetch *prom_fetch_start(struct http *http, struct uv_loop_s *loop,
				    const struct http_ask *request,
				    const struct prom_ask *ask,
				    prom_answered answered, void *arg);
void prom_fetch_cancel(struct prom_fetch *f);

#endif
