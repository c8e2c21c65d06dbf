/* An HTTPS server on 127.0.0.1 whose certificate is wrong on purpose, in a
 * thread of its own. */
#ifndef TESTS_FAULT_EVIL_TLS_H
#define TESTS_FAULT_EVIL_TLS_H

enum evil_cert {
	CERT_GOOD,
	CERT_EXPIRED_YESTERDAY,
	CERT_FROM_TOMORROW,
	CERT_OF_ANOTHER_HOST,
	CERT_OF_ANOTHER_CA,
	CERT_OF_ITSELF,
	CERT_GOOD_BUT_TLS_1_1,
	CERT_GOOD_BUT_WANTS_ONE, /* of the client: ca_path.crt and .key, which
				    are written too (0600) */
};

struct evil_tls;

/* Writes the CA that the client shall trust to ca_path. */
struct evil_tls *evil_tls_start(enum evil_cert kind, const char *ca_path);
/* The last request whole, up to 4 kB, and the server name it was asked for;
 * valid once its answer has come. */
const char *evil_tls_request(const struct evil_tls *t);
const char *evil_tls_name(const struct evil_tls *t);
int evil_tls_port(const struct evil_tls *t);
/* Another certificate from the next handshake on, of the same CA. */
void evil_tls_rotate(struct evil_tls *t, enum evil_cert kind);
void evil_tls_stop(struct evil_tls *t);

#endif
