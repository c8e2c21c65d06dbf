#include "sources/aws_ask.h"

#include "base/text.h"
#include "sources/child.h"
#include "sources/aws_sso_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PAUSE ((uint64_t)100) /* before the second try; then twice that */

/* ---- clocks ------------------------------------------------------------- */

time_ms aws_ask_now(const struct aws_ask *a)
{
	return a->wall() + a->skew;
}

static time_ms left(const struct aws_ask *a)
{
	return (a->until_us - (int64_t)(uv_hrtime() / 1000)) / 1000;
}

time_ms aws_ask_left(const struct aws_ask *a, time_ms most)
{
	time_ms all = left(a), margin = all / 10 < 100 ? all / 10 : 100;
	time_ms may = all - margin;
	return may < 1 ? 1 : may < most ? may : most;
}

/* ---- ends --------------------------------------------------------------- */

static void end(struct aws_ask *a, enum aws_end how)
{
	a->step = NULL;
	a->then = NULL;
	explicit_bzero(a->body.s, a->body.cap);
	buf_clear(&a->body);
	a->done(a, how);
}

void aws_ask_got(struct aws_ask *a)
{
	end(a, AWS_GOT);
}

static void say(struct aws_ask *a, int code, const char *fmt, va_list ap)
{
	char text[sizeof(a->why.text)];
	vsnprintf(text, sizeof(text), fmt, ap);
	err_set(&a->why, code, "%s", text);
}

void aws_ask_absent(struct aws_ask *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(a, EXIT_REFUSED, fmt, ap);
	va_end(ap);
	end(a, AWS_ABSENT);
}

void aws_ask_failed(struct aws_ask *a, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(a, code == EXIT_FILE ? EXIT_FILE : EXIT_REFUSED, fmt, ap);
	va_end(ap);
	end(a, AWS_FAILED);
}

void aws_ask_identify(struct aws_ask *a, const char *kind, const char *name)
{
	char hash[65];
	if (strlen(kind) + strlen(name) + 2 > sizeof(a->identity)
	    || !text_is_clean(name)) {
		aws_hash(name, hash);
		name = hash;
	}
	snprintf(a->identity, sizeof(a->identity), "%s:%s", kind, name);
}

/* ---- steps -------------------------------------------------------------- */

static void on_pause(uv_timer_t *timer)
{
	struct aws_ask *a = timer->data;
	a->step(a);
}

void aws_ask_step(struct aws_ask *a, void (*step)(struct aws_ask *a))
{
	a->step = step;
	a->tries = 0;
	step(a);
}

bool aws_ask_again(struct aws_ask *a)
{
	uint64_t pause = PAUSE << (a->tries - 1);
	if (a->tries >= a->max_tries || left(a) < (time_ms)pause * 2)
		return false;
	uv_timer_start(&a->pause, on_pause, pause, 0);
	return true;
}

static bool is_passing(const struct http_result *res)
{
	return res->fault == FAULT_TIMEOUT || res->fault == FAULT_NETWORK
	       || res->fault == FAULT_REFUSED || res->status == 429
	       || res->status >= 500;
}

static bool on_data(struct http_request *r, const char *bytes, size_t n,
		    void *arg)
{
	struct aws_ask *a = arg;
	if (r == a->request)
		buf_add(&a->body, bytes, n);
	return r == a->request && !a->body.full;
}

static void on_done(struct http_request *r, const struct http_result *res,
		    void *arg)
{
	struct aws_ask *a = arg;
	if (r != a->request) /* given up since */
		return;
	a->request = NULL;
	if (!is_passing(res) || !aws_ask_again(a))
		a->then(a, res);
}

static void ensure_http(struct aws_ask *a)
{
	if (!a->http)
		a->http = http_new(a->loop, &(struct http_options){
			.ca_file = a->settings->ca_bundle,
			.config = a->configured ? &a->transport : NULL });
}

void aws_ask_send(struct aws_ask *a, const struct aws_call *call)
{
	struct http_ask ask = call->http;
	ensure_http(a);
	a->tries++;
	a->max_tries = call->tries;
	a->then = call->then;
	explicit_bzero(a->body.s, a->body.cap);
	buf_clear(&a->body);
	ask.timeout = ask.connect_timeout = aws_ask_left(a, call->timeout);
	ask.max_body = LIMIT_CREDENTIALS;
	ask.on_data = on_data;
	ask.on_done = on_done;
	ask.arg = a;
	a->request = http_start(a->http, &ask);
}

/* ---- the whole ---------------------------------------------------------- */

/* Proxies and roots are wanted of it, not the login, which is another
 * server's. */
static void take_transport(struct aws_ask *a, const struct http_config *c)
{
	static const struct http_secret none;
	a->configured = c != NULL;
	if (!c)
		return;
	a->transport = *c;
	a->transport.login = LOGIN_NONE;
	a->transport.user = a->transport.secret = none;
	memset(&a->transport.oauth2, 0, sizeof(a->transport.oauth2));
	a->transport.header = NULL;
	a->transport.nr_headers = 0;
	a->transport.tls.cert = a->transport.tls.key = none;
	a->transport.tls.server_name = NULL;
	a->transport.secret_line = 0;
}

void aws_ask_init(struct aws_ask *a, struct uv_loop_s *loop,
		  const struct aws_settings *s, const struct http_config *http,
		  time_ms (*wall)(void))
{
	*a = (struct aws_ask){ .loop = loop, .settings = s, .wall = wall };
	take_transport(a, http);
	uv_timer_init(loop, &a->pause);
	a->pause.data = a;
	aws_secret_init(&a->body, LIMIT_CREDENTIALS);
	aws_grant_init(&a->grant);
}

static void forget(struct aws_ask *a)
{
	aws_secret_release(&a->imds.token);
	memset(&a->imds, 0, sizeof(a->imds));
	aws_sso_token_free(a->sso);
	a->sso = NULL;
	aws_grant_release(&a->grant);
	explicit_bzero(a->body.s, a->body.cap);
	buf_clear(&a->body);
}

void aws_ask_begin(struct aws_ask *a, time_ms timeout)
{
	forget(a);
	a->nr_assumed = 0;
	a->until_us = (int64_t)(uv_hrtime() / 1000) + timeout * 1000;
	a->identity[0] = a->note[0] = '\0';
	a->why = (struct err){ 0 };
	a->corrected = false;
}

void aws_ask_stop(struct aws_ask *a)
{
	uv_timer_stop(&a->pause);
	if (a->request)
		http_cancel(a->request);
	if (a->process)
		child_cancel(a->process);
	a->request = NULL;
	a->process = NULL;
	a->step = NULL;
	forget(a);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct aws_ask *a = handle->data;
	aws_secret_release(&a->body);
	a->closed(a->closed_arg);
}

static void on_http_closed(void *arg)
{
	struct aws_ask *a = arg;
	uv_close((uv_handle_t *)&a->pause, on_timer_closed);
}

void aws_ask_close(struct aws_ask *a, void (*closed)(void *arg), void *arg)
{
	a->closed = closed;
	a->closed_arg = arg;
	aws_ask_stop(a);
	if (a->http)
		http_close(a->http, on_http_closed, a);
	else
		on_http_closed(a);
}
