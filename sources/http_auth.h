/* What a client's requests carry of its http_config: files are read for each
 * request, commands run and OAuth2 tokens are fetched when there is none that
 * holds. Nothing of it is ever shown. */
#ifndef SOURCES_HTTP_AUTH_H
#define SOURCES_HTTP_AUTH_H

#include "base/clock.h"
#include "sources/http_config.h"

#include <stdint.h>

struct curl_slist;
struct http_auth;
struct uv_loop_s;

enum auth { AUTH_READY, AUTH_WAIT, AUTH_FAILED };

/* ready() is called from the loop when what was waited for came, or did not
 * come. The config is borrowed. */
struct http_auth *http_auth_new(struct uv_loop_s *loop,
				const struct http_config *c,
				void (*ready)(void *arg), void *arg);
/* Ends what is under way, then calls closed(arg), from the loop. */
void http_auth_close(struct http_auth *a, void (*closed)(void *arg), void *arg);

/* Can a request begin? AUTH_WAIT: ask again after ready(), with `waited` true, or give up;
 * AUTH_FAILED, with a sentence, only for those who waited. */
enum auth http_auth_ask(struct http_auth *a, bool waited, struct err *e);
/* Appends the header lines; only after AUTH_READY. `print` becomes their
 * fingerprint. -1 with a sentence: a file cannot be read. */
int http_auth_add(struct http_auth *a, struct curl_slist **lines,
		  uint64_t *print, struct err *e);
/* A request with that fingerprint got a 401: forgets what was fetched. True if
 * the next try would carry something else. */
bool http_auth_refused(struct http_auth *a, uint64_t print);
/* Overwrites the lines, then frees them. */
void http_auth_free_lines(struct curl_slist *lines);

#endif
