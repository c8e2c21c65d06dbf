/* One connection after the other: handshake, a request, an answer. Included by
 * tests like evil.c; links libssl and libcrypto. */
#include "tests/fault/evil_tls.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define DAY 86400L

struct evil_tls {
	SSL_CTX *_Atomic ctx, *old; /* old: before the last rotation */
	X509 *ca;
	EVP_PKEY *ca_key;
	char ca_path[200];
	int fd, port;
	char request[4097], name[256];
	pthread_t thread;
};

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	X509_add_ext(cert, x, -1);
	X509_EXTENSION_free(x);
}

static X509 *make_cert(const char *name, EVP_PKEY *key, X509 *ca,
		       EVP_PKEY *ca_key, const char *san, long from, long to)
{
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ca ? 2 : 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
				   MBSTRING_ASC, (const unsigned char *)name,
				   -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(ca ? ca : cert));
	X509_set_pubkey(cert, key);
	if (san)
		add_extension(cert, NID_subject_alt_name, san);
	else
		add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	X509_sign(cert, ca_key, EVP_sha256());
	return cert;
}

static const struct {
	const char *san;
	long from, to;
} kinds[] = {
	[CERT_GOOD] = { "IP:127.0.0.1", -DAY, DAY },
	[CERT_EXPIRED_YESTERDAY] = { "IP:127.0.0.1", -9 * DAY, -DAY },
	[CERT_FROM_TOMORROW] = { "IP:127.0.0.1", DAY, 9 * DAY },
	[CERT_OF_ANOTHER_HOST] = { "DNS:shop.example", -DAY, DAY },
	[CERT_OF_ANOTHER_CA] = { "IP:127.0.0.1", -DAY, DAY },
	[CERT_OF_ITSELF] = { "IP:127.0.0.1", -DAY, DAY },
	[CERT_GOOD_BUT_TLS_1_1] = { "IP:127.0.0.1", -DAY, DAY },
	[CERT_GOOD_BUT_WANTS_ONE] = { "IP:127.0.0.1", -DAY, DAY },
};

static void write_ca(X509 *ca, const char *path)
{
	FILE *f = fopen(path, "w");
	PEM_write_X509(f, ca);
	fclose(f);
}

/* Only who has this certificate is let in. */
static void want_client(SSL_CTX *ctx, X509 *ca, EVP_PKEY *ca_key,
			const char *ca_path)
{
	char path[256];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = make_cert("redtop", key, ca, ca_key, "DNS:redtop", -DAY,
			       DAY);
	snprintf(path, sizeof(path), "%s.crt", ca_path);
	write_ca(cert, path);
	snprintf(path, sizeof(path), "%s.key", ca_path);
	FILE *f = fopen(path, "w");
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
	chmod(path, 0600);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), ca);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER
			   | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static SSL_CTX *equip(struct evil_tls *t, enum evil_cert kind)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *other_key = EVP_EC_gen("P-256");
	X509 *other = make_cert("other CA", other_key, NULL, other_key, NULL,
				-DAY, DAY);
	bool alone = kind == CERT_OF_ITSELF;
	bool foreign = kind == CERT_OF_ANOTHER_CA;
	X509 *cert = make_cert("prom", key,
			       alone ? NULL : foreign ? other : t->ca,
			       alone ? key : foreign ? other_key : t->ca_key,
			       kinds[kind].san, kinds[kind].from,
			       kinds[kind].to);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	if (kind == CERT_GOOD_BUT_TLS_1_1) {
		SSL_CTX_set_security_level(ctx, 0);
		SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	}
	if (kind == CERT_GOOD_BUT_WANTS_ONE)
		want_client(ctx, t->ca, t->ca_key, t->ca_path);
	X509_free(cert);
	X509_free(other);
	EVP_PKEY_free(other_key);
	EVP_PKEY_free(key);
	return ctx;
}

void evil_tls_rotate(struct evil_tls *t, enum evil_cert kind)
{
	SSL_CTX_free(t->old);
	t->old = t->ctx;
	t->ctx = equip(t, kind);
}

/* Else a reset would overtake the alert that says why. */
static void wait_for_end(int fd)
{
	char piece[512];
	struct timeval limit = { .tv_sec = 5 };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	shutdown(fd, SHUT_WR);
	while (read(fd, piece, sizeof(piece)) > 0)
		;
}

static void serve(struct evil_tls *t, SSL *ssl)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
				     "Connection: close\r\n\r\n{}";
	size_t n = 0;
	if (SSL_accept(ssl) == 1
	    && SSL_read_ex(ssl, t->request, sizeof(t->request) - 1, &n)) {
		const char *name = SSL_get_servername(
			ssl, TLSEXT_NAMETYPE_host_name);
		t->request[n] = '\0';
		snprintf(t->name, sizeof(t->name), "%s", name ? name : "");
		SSL_write(ssl, answer, sizeof(answer) - 1);
		SSL_shutdown(ssl);
	} else {
		wait_for_end(SSL_get_fd(ssl));
	}
}

static void *run_tls(void *arg)
{
	struct evil_tls *t = arg;
	for (;;) {
		int fd = accept(t->fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		SSL *ssl = SSL_new(t->ctx);
		SSL_set_fd(ssl, fd);
		serve(t, ssl);
		SSL_free(ssl);
		close(fd);
	}
}

struct evil_tls *evil_tls_start(enum evil_cert kind, const char *ca_path)
{
	struct evil_tls *t = mem_zero(1, sizeof(*t));
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	t->ca_key = EVP_EC_gen("P-256");
	t->ca = make_cert("shop CA", t->ca_key, NULL, t->ca_key, NULL, -DAY,
			  DAY);
	write_ca(t->ca, ca_path);
	snprintf(t->ca_path, sizeof(t->ca_path), "%s", ca_path);
	t->ctx = equip(t, kind);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(t->fd, (struct sockaddr *)&a, n) != 0
	    || listen(t->fd, 16) != 0)
		abort();
	getsockname(t->fd, (struct sockaddr *)&a, &n);
	t->port = ntohs(a.sin_port);
	pthread_create(&t->thread, NULL, run_tls, t);
	return t;
}

const char *evil_tls_request(const struct evil_tls *t)
{
	return t->request;
}

const char *evil_tls_name(const struct evil_tls *t)
{
	return t->name;
}

int evil_tls_port(const struct evil_tls *t)
{
	return t->port;
}

void evil_tls_stop(struct evil_tls *t)
{
	shutdown(t->fd, SHUT_RDWR);
	pthread_join(t->thread, NULL);
	close(t->fd);
	SSL_CTX_free(t->ctx);
	SSL_CTX_free(t->old);
	X509_free(t->ca);
	EVP_PKEY_free(t->ca_key);
	free(t);
}
