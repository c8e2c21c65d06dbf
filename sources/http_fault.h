/* How a transfer ended, as a fault and one sentence for a person. Pure. */
#ifndef SOURCES_HTTP_FAULT_H
#define SOURCES_HTTP_FAULT_H

#include "base/buf.h"
#include "model/batch.h"

#include <curl/curl.h>

/* Which ceiling of ours ended it. */
enum http_cut { CUT_NONE, CUT_BODY, CUT_HEAD, CUT_READER };

/* How far it came. */
enum http_phase {
	PHASE_NAME, PHASE_CONNECT, PHASE_TLS, PHASE_WAIT, PHASE_ANSWER
};

struct http_end {
	CURLcode code;
	enum http_cut cut;
	enum http_phase phase;
	long os_errno;       /* of connect() */
	long verify;         /* OpenSSL's verdict on the certificate */
	const char *detail;  /* libcurl's own words, not clean */
	const char *where;   /* scheme://host:port, not clean */
	time_ms timeout;
	size_t max_body;
	uint64_t body_bytes; /* came */
	int64_t length;      /* promised by Content-Length, -1: none */
};

/* Appends the sentence to text, whose ceiling it respects. */
enum fault http_fault(const struct http_end *end, struct buf *text);

#endif
