/* The answer of a Prometheus-style query API, read as its bytes arrive: a
 * push parser for the envelope {"status","data":{"resultType","result"},
 * "warnings","infos","errorType","error"} with matrix, vector, scalar and
 * string results, native histograms included. Memory is O(series) beyond the
 * points; every ceiling is in base/limits.h. Pure: no I/O, no clock.
 * Format: https://prometheus.io/docs/prometheus/latest/querying/api/ */
#ifndef SOURCES_PROM_PARSE_H
#define SOURCES_PROM_PARSE_H

#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"

#include <stdatomic.h>

/* The label that carries the question when several are asked as one. */
#define PROM_TAG "redtop_q"

/* A const copy of the request: what the answer is checked against. */
struct prom_ask {
	uint32_t question;   /* of all frames, unless tagged */
	bool tagged;         /* PROM_TAG holds the question's id in decimal; it
				is taken out of the labels */
	bool instant;        /* one point a series, stored at `at` whatever
				time the server prints (VM stamps its own) */
	time_ms at, from, to, step;
};

struct prom_parser;

/* Frames, warnings and infos go into `out` (its arena), which stays the
 * caller's. `cancel` (may be NULL) is looked at every 64 kB. */
struct prom_parser *prom_parser_new(const struct prom_ask *ask,
				    struct batch *out,
				    const atomic_bool *cancel);
void prom_parser_free(struct prom_parser *p);
/* Any pieces, also single bytes. After the first fault the rest is ignored. */
void prom_parser_feed(struct prom_parser *p, const char *bytes, size_t n);
/* The document must be whole and only white space may follow it. On success
 * out->nr, frame, warning, info, partial and the dropped count are set and
 * FAULT_NONE is returned. A `status:"error"` body gives the fault by its
 * errorType and text (prom_fault with HTTP status `status`); anything that is
 * not this API gives FAULT_BAD_ANSWER or FAULT_NOT_API; in both cases `why`
 * holds one clean sentence part without the URL, e.g. "bad query: 1:4: parse
 * error: unexpected end" or "a web page, not the API (HTML: Node Exporter)".
 * `out` is then as it was. A frame never has 0 points: a series without any
 * leaves none. A series with values and histograms is two frames. */
enum fault prom_parser_end(struct prom_parser *p, long status,
			   const char *content_type, struct err *why);
/* Points, series, repeated or foreign times dropped so far. */
unsigned prom_parser_dropped(const struct prom_parser *p);

/* Appends text from a server as one clean line. */
void prom_line(struct buf *out, const char *s, size_t n);

/* Classifies an answer that is not a success: HTTP status, errorType and text
 * together (status alone does not tell). Writes the sentence part into why,
 * short enough for a name and a URL before it in LIMIT_SENTENCE.
 * error_type and text may be NULL (not JSON); body is the answer's first
 * bytes for HTML titles and plain-text reasons; body and text are any bytes.
 * Never FAULT_NONE, whatever the status. */
enum fault prom_fault(long status, const char *error_type, const char *text,
		      const char *body, size_t len, struct err *why);
/* A redirect that says where to: FAULT_AUTH when it leads to a login, else
 * FAULT_REDIRECT. */
enum fault prom_redirect(long status, const char *location, struct err *why);
/* True where one retry may help: 429, 502, 503, 504, and the texts that hide
 * a passing fault in a 422: `text` is the server's or prom_fault's sentence. */
bool prom_fault_passing(long status, const char *text);

#endif
