/* Credentials and transport in the shape of Prometheus' http_config, and ours:
 * `password_command`, `credentials_command`, `client_secret_command` (an argv
 * list, no shell) and `allow_plain_http`. Reads no secret: those are read when
 * a request needs them (sources/http_auth.h). */
#ifndef SOURCES_HTTP_CONFIG_H
#define SOURCES_HTTP_CONFIG_H

#include "base/buf.h"
#include "base/document.h"

/* At most one of them is set. */
struct http_secret {
	const char *value, *file;
	const char *const *command; /* argv, ends in NULL */
};

/* One line for each value, in their order. */
struct http_header {
	const char *name;
	struct http_secret value;
	bool secret;            /* not one of `values` */
};

struct http_tls {
	struct http_secret ca, cert, key; /* PEM; no commands */
	const char *server_name;
	bool insecure;
	int min, max;           /* 0: ours; else 10, 11, 12, 13 */
};

enum http_proxy_from { PROXY_ENVIRONMENT, PROXY_NONE, PROXY_URL };

struct http_proxy {
	enum http_proxy_from from;
	const char *url;        /* with userinfo: never shown */
	const char *no_proxy;
	struct http_header *connect;
	size_t nr_connect;
};

enum http_login { LOGIN_NONE, LOGIN_BASIC, LOGIN_TOKEN, LOGIN_OAUTH2 };

struct http_param { const char *name, *value; };

/* NULL and zero are what the file leaves out. Everything lives in `arena`. */
struct http_config {
	struct arena arena;
	enum http_login login;
	struct http_secret user;   /* of basic: no command */
	struct http_secret secret; /* password, token or client secret */
	const char *scheme;        /* of LOGIN_TOKEN: "Bearer" */
	struct {
		const char *client_id, *token_url;
		const char *const *scopes;         /* ends in NULL, or NULL */
		struct http_param *param;
		size_t nr_params;
		struct http_config *transport;     /* of the token request */
	} oauth2;
	struct http_header *header;
	size_t nr_headers;
	struct http_tls tls;
	struct http_proxy proxy;
	bool allow_plain_http;
	const char *origin;        /* what to name in sentences: the file's
				      name, or REDTOP_TOKEN */
	int secret_line;           /* of a secret that stands in the file
				      itself, 0: none does */
};

/* An empty one, for credentials without a file. */
struct http_config *http_config_new(const char *origin);
/* Reads a mapping of document `file`, whose folder relative paths are in. All
 * that is wrong is appended to `errors`, what is accepted without effect to
 * `warnings`, each a line `file:line:column: sentence`. NULL when anything is
 * wrong. `n` NULL or null: an empty one. */
struct http_config *http_config_read(const struct node *n, const char *file,
				     struct buf *errors, struct buf *warnings);
/* A file of its own. Refused too if anyone may write it, if it belongs to
 * neither us nor root, or if others may read it while a secret stands in it;
 * one that its group may write is a warning. */
struct http_config *http_config_load(const char *file, struct buf *errors,
				     struct buf *warnings);
void http_config_free(struct http_config *c); /* also NULL */

/* -1 with a sentence when asking `url` would let a secret of `c` be read on
 * the way (plain http, not loopback), or when the URL holds a user too. */
int http_config_check(const struct http_config *c, const char *url,
		      struct err *e);
/* "basic", "bearer", "oauth2", "none": for people. */
const char *http_config_login(const struct http_config *c);
/* "token_file /run/t", "password_command pass", never a value; "" without. */
void http_config_shown(const struct http_config *c, struct buf *out);

#endif
