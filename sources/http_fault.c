/* Every way a transfer ends badly is a row: what is seen, the fault it is,
 * and what a person reads: "WHAT: WHERE; NOW". */
#include "sources/http_fault.h"

#include "base/number.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* X509_V_ERR_*, which CURLINFO_SSL_VERIFYRESULT hands through. */
enum {
	CERT_NO_ISSUER = 2,
	CERT_NOT_YET = 9,
	CERT_EXPIRED = 10,
	CERT_SELF_SIGNED = 18,
	CERT_SELF_SIGNED_CHAIN = 19,
	CERT_NO_LOCAL_ISSUER = 20,
	CERT_UNVERIFIED_LEAF = 21,
	CERT_REVOKED = 23,
};

enum extra { NOTHING, WITHIN, DETAIL, CAME, CEILING };

struct cause {
	long key;
	const char *words;  /* in libcurl's text, beside the key */
	enum fault fault;
	enum extra extra;
	const char *what, *now;
};

static const struct cause by_words[] = {
	/* libcurl compares names itself; OpenSSL has no verdict then. */
	{ CURLE_PEER_FAILED_VERIFICATION, "target host", FAULT_TLS, NOTHING,
	  "certificate is for another host", "use the name it was made for" },
	{ CURLE_SSL_CONNECT_ERROR, "wrong version number", FAULT_TLS, NOTHING,
	  "no TLS on this port", "try http:// or another port" },
	{ CURLE_SSL_CONNECT_ERROR, "protocol version", FAULT_TLS, NOTHING,
	  "only TLS older than 1.2 offered", "update the server" },
	{ CURLE_SSL_CONNECT_ERROR, "unsupported protocol", FAULT_TLS, NOTHING,
	  "only TLS older than 1.2 offered", "update the server" },
	{ CURLE_RECV_ERROR, "certificate required", FAULT_TLS, NOTHING,
	  "a client certificate is wanted",
	  "name cert_file and key_file in an --http-config file" },
	{ CURLE_RECV_ERROR, "alert unknown ca", FAULT_TLS, NOTHING,
	  "the client certificate is refused", "ask who runs the server" },
	{ CURLE_RECV_ERROR, "bad certificate", FAULT_TLS, NOTHING,
	  "the client certificate is refused", "ask who runs the server" },
	{ CURLE_RECV_ERROR, "chunked-encoding", FAULT_BAD_ANSWER, NOTHING,
	  "broken HTTP answer (chunks)", "check server and proxies" },
	{ CURLE_RECV_ERROR, "response 407", FAULT_AUTH, NOTHING,
	  "the proxy wants credentials", "check https_proxy" },
	{ CURLE_RECV_ERROR, "CONNECT", FAULT_NETWORK, DETAIL,
	  "the proxy does not connect", "check https_proxy, no_proxy" },
};

static const struct cause by_code[] = {
	{ CURLE_URL_MALFORMAT, NULL, FAULT_NAME, NOTHING,
	  "not an http(s) URL", "write http://host:port" },
	{ CURLE_COULDNT_RESOLVE_HOST, NULL, FAULT_NAME, NOTHING,
	  "host name not found", "check the name and this machine's DNS" },
	{ CURLE_COULDNT_RESOLVE_PROXY, NULL, FAULT_NAME, NOTHING,
	  "the proxy's name not found", "check http_proxy, all_proxy" },
	{ CURLE_UNSUPPORTED_PROTOCOL, NULL, FAULT_NOT_API, NOTHING,
	  "not an HTTP server", "check the port" },
	{ CURLE_GOT_NOTHING, NULL, FAULT_NETWORK, NOTHING,
	  "connection closed without an answer", "check server and proxies" },
	{ CURLE_SEND_ERROR, NULL, FAULT_NETWORK, NOTHING,
	  "connection lost while asking", "check server and proxies" },
	{ CURLE_RECV_ERROR, NULL, FAULT_NETWORK, CAME,
	  "connection reset", "check server and proxies" },
	{ CURLE_PARTIAL_FILE, NULL, FAULT_NETWORK, CAME,
	  "answer cut short", "check server and proxies" },
	{ CURLE_WEIRD_SERVER_REPLY, NULL, FAULT_BAD_ANSWER, DETAIL,
	  "broken HTTP answer", "check the port" },
	{ CURLE_BAD_CONTENT_ENCODING, NULL, FAULT_BAD_ANSWER, NOTHING,
	  "broken compression", "check server and proxies" },
	{ CURLE_FILESIZE_EXCEEDED, NULL, FAULT_TOO_BIG, CEILING,
	  "answer too big", "ask for less: a shorter range, fewer series" },
	/* Only a line of a head without end makes libcurl say this: memory
	 * that ran out has ended the program. */
	{ CURLE_OUT_OF_MEMORY, NULL, FAULT_TOO_BIG, NOTHING,
	  "answer's head too big", "check server and proxies" },
	{ CURLE_SSL_CONNECT_ERROR, NULL, FAULT_TLS, DETAIL,
	  "TLS handshake failed", "check the port, and TLS on the server" },
	{ CURLE_SSL_CERTPROBLEM, NULL, FAULT_TLS, DETAIL,
	  "client certificate or key not usable",
	  "check cert_file and key_file" },
	{ CURLE_SSL_CACERT_BADFILE, NULL, FAULT_TLS, NOTHING,
	  "the CA file cannot be read", "check its path and rights" },
};

static const struct cause by_cut[] = {
	{ CUT_BODY, NULL, FAULT_TOO_BIG, CEILING,
	  "answer too big", "ask for less: a shorter range, fewer series" },
	{ CUT_HEAD, NULL, FAULT_TOO_BIG, NOTHING,
	  "answer's head too big", "check server and proxies" },
	{ CUT_READER, NULL, FAULT_TOO_BIG, CAME,
	  "answer too big to keep",
	  "ask for less: a shorter range, fewer series" },
};

static const struct cause by_errno[] = {
	{ ECONNREFUSED, NULL, FAULT_REFUSED, NOTHING,
	  "connection refused", "is it running, and on this port?" },
	{ ECONNRESET, NULL, FAULT_NETWORK, NOTHING,
	  "connection reset", "check server and proxies" },
	{ EHOSTUNREACH, NULL, FAULT_NETWORK, NOTHING,
	  "no route to the host", "check the network and firewalls" },
	{ ENETUNREACH, NULL, FAULT_NETWORK, NOTHING,
	  "network unreachable", "check this machine's network" },
	{ ETIMEDOUT, NULL, FAULT_TIMEOUT, NOTHING,
	  "no answer to connecting", "host down, or a firewall drops it" },
	{ EACCES, NULL, FAULT_NETWORK, NOTHING,
	  "connecting is forbidden here", "check this machine's firewall" },
	{ EPERM, NULL, FAULT_NETWORK, NOTHING,
	  "connecting is forbidden here", "check this machine's firewall" },
	{ EMFILE, NULL, FAULT_NETWORK, NOTHING,
	  "too many open files here", "raise ulimit -n" },
	{ EADDRNOTAVAIL, NULL, FAULT_NETWORK, NOTHING,
	  "no free local port", "too many connections on this machine" },
};

static const struct cause by_certificate[] = {
	{ CERT_EXPIRED, NULL, FAULT_TLS, NOTHING,
	  "certificate expired", "renew it on the server" },
	{ CERT_NOT_YET, NULL, FAULT_TLS, NOTHING,
	  "certificate not valid yet", "compare both machines' clocks" },
	{ CERT_NO_ISSUER, NULL, FAULT_TLS, NOTHING,
	  "certificate from an unknown CA", "install that CA on this machine" },
	{ CERT_NO_LOCAL_ISSUER, NULL, FAULT_TLS, NOTHING,
	  "certificate from an unknown CA", "install that CA on this machine" },
	{ CERT_UNVERIFIED_LEAF, NULL, FAULT_TLS, NOTHING,
	  "certificate from an unknown CA", "install that CA on this machine" },
	{ CERT_SELF_SIGNED_CHAIN, NULL, FAULT_TLS, NOTHING,
	  "certificate from an unknown CA", "install that CA on this machine" },
	{ CERT_SELF_SIGNED, NULL, FAULT_TLS, NOTHING,
	  "certificate signed by itself, unknown here",
	  "install it on this machine" },
	{ CERT_REVOKED, NULL, FAULT_TLS, NOTHING,
	  "certificate revoked", "renew it on the server" },
};

static const struct cause by_phase[] = {
	{ PHASE_NAME, NULL, FAULT_TIMEOUT, WITHIN,
	  "name lookup not answered", "check this machine's DNS" },
	{ PHASE_CONNECT, NULL, FAULT_TIMEOUT, WITHIN,
	  "no connection", "host down, or a firewall drops it" },
	{ PHASE_TLS, NULL, FAULT_TIMEOUT, WITHIN,
	  "no TLS handshake", "check the port, and TLS on the server" },
	{ PHASE_WAIT, NULL, FAULT_TIMEOUT, WITHIN,
	  "no answer", "the server is busy or hangs" },
	{ PHASE_ANSWER, NULL, FAULT_TIMEOUT, WITHIN,
	  "answer not whole", "the server or the network is slow" },
};

static const struct cause no_certificate = {
	.fault = FAULT_TLS, .extra = DETAIL,
	.what = "certificate not accepted", .now = "check it on the server",
};

static const struct cause no_connection = {
	.fault = FAULT_NETWORK, .extra = DETAIL,
	.what = "no connection", .now = "check the network and firewalls",
};

static const struct cause unknown = {
	.fault = FAULT_NETWORK, .extra = DETAIL,
	.what = "transfer failed", .now = "check server and proxies",
};

static const struct cause *find(const struct cause *row, size_t nr, long key,
				const char *text)
{
	for (; nr; nr--, row++)
		if (row->key == key
		    && (!row->words || strstr(text, row->words)))
			return row;
	return NULL;
}

#define FIND(table, key, text) \
	find(table, sizeof(table) / sizeof(table[0]), (long)(key), text)

static const struct cause *classify(const struct http_end *end)
{
	const struct cause *c = NULL, *otherwise = &unknown;
	if (end->cut)
		return FIND(by_cut, end->cut, "");
	if (end->code == CURLE_OPERATION_TIMEDOUT)
		return FIND(by_phase, end->phase, "");
	c = FIND(by_words, end->code, end->detail);
	if (c)
		return c;
	if (end->code == CURLE_PEER_FAILED_VERIFICATION) {
		c = FIND(by_certificate, end->verify, "");
		otherwise = &no_certificate;
	} else if (end->code == CURLE_COULDNT_CONNECT) {
		c = FIND(by_errno, end->os_errno, "");
		otherwise = &no_connection;
	} else {
		c = FIND(by_code, end->code, "");
	}
	return c ? c : otherwise;
}

/* OpenSSL's errors are a row of fields; the last one is for people. */
static void add_detail(struct buf *out, const char *s)
{
	const char *last = strrchr(s, ':');
	if (last && last[1])
		s = last + 1;
	s += strspn(s, " ");
	if (!*s)
		return;
	struct buf clean;
	buf_init(&clean, 80);
	text_clean(&clean, s, strlen(s));
	buf_printf(out, " (%s)", buf_text(&clean));
	buf_release(&clean);
}

static void add_came(struct buf *out, const struct http_end *end)
{
	char came[NUMBER_TEXT], of[NUMBER_TEXT];
	format_bytes((double)end->body_bytes, came);
	if (end->length > 0)
		buf_printf(out, " (%s of %s came)", came,
			   format_bytes((double)end->length, of));
	else
		buf_printf(out, " (%s came)", came);
}

/* Who did not let us connect, where that is not the server itself. libcurl
 * says "Failed to connect to HOST port N ...". */
static void add_proxy(struct buf *out, const struct http_end *end)
{
	char host[64];
	if (end->code != CURLE_COULDNT_CONNECT
	    || sscanf(end->detail, "Failed to connect to %63s port", host) != 1
	    || strstr(end->where, host))
		return;
	struct buf clean;
	buf_init(&clean, 64);
	text_clean(&clean, host, strlen(host));
	buf_printf(out, " (proxy %s)", buf_text(&clean));
	buf_release(&clean);
}

static void add_extra(struct buf *out, enum extra x, const struct http_end *end)
{
	char text[NUMBER_TEXT > TIME_TEXT ? NUMBER_TEXT : TIME_TEXT];
	switch (x) {
	case NOTHING:
		break;
	case WITHIN:
		buf_printf(out, " within %s",
			   time_within(end->timeout, text));
		break;
	case DETAIL:
		add_detail(out, end->detail);
		break;
	case CAME:
		add_came(out, end);
		break;
	case CEILING:
		buf_printf(out, " (over %s)",
			   format_bytes((double)end->max_body, text));
		break;
	}
}

enum fault http_fault(const struct http_end *end, struct buf *text)
{
	const struct cause *c = classify(end);
	struct buf where;
	buf_init(&where, 120);
	text_clean(&where, end->where, strlen(end->where));
	buf_str(text, c->what);
	add_extra(text, c->extra, end);
	add_proxy(text, end);
	buf_printf(text, ": %s%s; %s", buf_text(&where),
		   where.full ? "…" : "", c->now);
	buf_release(&where);
	return c->fault;
}
