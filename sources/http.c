/* A curl multi handle whose sockets and timer are libuv's.
 *
 * Handles are added to and taken from it in one place, pump(), which an idle
 * handle calls in the next turn of the loop: libcurl forbids it within its
 * callbacks, and whoever cancels, starts or closes may stand in one. */
#include "sources/http.h"

#include "base/mem.h"
#include "base/text.h"
#include "sources/http_auth.h"
#include "sources/http_fault.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <uv.h>

#if LIBCURL_VERSION_NUM < 0x075700
#error "libcurl 7.87 or newer: without CURLOPT_QUICK_EXIT a dead DNS server \
stops the loop for seconds"
#endif

/* Connections that wait for a next request. libcurl asks again by itself when
 * one of them turns out dead before any byte of an answer, up to five times:
 * fewer than that, so the last try is always on a new connection. */
#define IDLE_CONNECTIONS 4

#define RETRY_MAX ((time_ms)600000)

struct http {
	uv_loop_t *loop;
	CURLM *multi;
	const struct http_config *config; /* or NULL, as auth then is */
	struct http_auth *auth;
	struct curl_slist *proxy_headers;
	/* Of libcurl; of who waits for credentials; of whose answer should
	 * have begun. */
	uv_timer_t timer, patience, answers;
	uv_idle_t idle;
	unsigned handles;            /* of libuv, not yet closed */
	struct http_request *first, **last;
	char *user_agent, *ca_file;  /* ca_file may be NULL */
	bool compress;
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* A socket of libcurl's that libuv watches. */
struct watch {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
	int events;
};

struct http_request {
	struct http *http;
	struct http_request *next;
	CURL *easy;
	CURLcode broken;     /* it cannot start */
	bool added;          /* to the multi handle */
	bool cancelled;
	bool paused;         /* asked for */
	bool stopped;        /* libcurl knows */
	bool waited;         /* for credentials */
	bool judged, again;  /* a 401: looked at; one more try makes sense */
	uint64_t print;      /* of the credentials it went with */
	struct curl_slist *headers;
	char *authorization, *host_line; /* header lines, or NULL */
	struct curl_slist *lines;        /* the asker's */
	struct curl_slist *connect_to;
	enum http_cut cut;
	size_t head_bytes;
	size_t max_body;
	time_ms timeout, connect_timeout, answer_timeout;
	int64_t began_us;
	char *where;
	char detail[CURL_ERROR_SIZE];
	char retry_after[64], retry_ms[24], date[64];
	bool (*on_data)(struct http_request *r, const char *bytes, size_t n,
			void *arg);
	void (*on_done)(struct http_request *r, const struct http_result *res,
			void *arg);
	void *arg;
	struct http_result res;
};

/* What every request has; credentials and proxies get their rows in
 * prepare(), from the options. */
static const struct { CURLoption option; long value; } fixed[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_QUICK_EXIT, 1 },
	{ CURLOPT_NOPROGRESS, 1 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	/* HTTP/2 of 7.88 may report cut bodies as whole. */
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_HTTP09_ALLOWED, 0 },
	{ CURLOPT_HTTPAUTH, CURLAUTH_BASIC },
	{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
	{ CURLOPT_HEADEROPT, CURLHEADER_SEPARATE },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
	{ CURLOPT_TCP_KEEPALIVE, 1 },
};

static void set_string(CURL *easy, CURLoption option, const char *s)
{
	if (curl_easy_setopt(easy, option, s) == CURLE_OUT_OF_MEMORY)
		mem_die();
}

/* Clean, cut at a character to fit. */
static void clean_into(char *dst, size_t size, const char *s, size_t n)
{
	struct buf b;
	buf_init(&b, size - 1);
	text_clean(&b, s, n);
	memcpy(dst, buf_text(&b), b.len);
	dst[b.len] = '\0';
	buf_release(&b);
}

/* The head of an answer, line by line. */

static const struct field {
	const char *name;
	size_t offset, size;
} fields[] = {
#define FIELD(header, member) { header, offsetof(struct http_request, member), \
	sizeof(((struct http_request *)0)->member) }
	FIELD("content-type", res.content_type),
	FIELD("location", res.location),
	FIELD("www-authenticate", res.www_authenticate),
	FIELD("x-amzn-query-error", res.query_error),
	FIELD("x-amzn-requestid", res.request_id),
	FIELD("retry-after", retry_after),
	FIELD("x-amz-retry-after", retry_ms),
	FIELD("date", date),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static void head_begins(struct http_request *r, const char *line, size_t n)
{
	const char *space = memchr(line, ' ', n);
	char digits[4] = "";
	if (space && (size_t)(line + n - space) > 3)
		memcpy(digits, space + 1, 3);
	r->res.status = strtol(digits, NULL, 10);
	for (size_t i = 0; i < FIELDS; i++)
		((char *)r)[fields[i].offset] = '\0';
}

static void head_field(struct http_request *r, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	if (!colon)
		return;
	const char *value = colon + 1, *end = line + n;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && strchr(" \t\r\n", end[-1]))
		end--;
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[i];
		char *dst = (char *)r + f->offset;
		if (strlen(f->name) == (size_t)(colon - line) && !*dst
		    && strncasecmp(f->name, line, strlen(f->name)) == 0)
			clean_into(dst, f->size, value, (size_t)(end - value));
	}
}

static size_t on_header(char *line, size_t size, size_t nr, void *arg)
{
	struct http_request *r = arg;
	size_t n = size * nr;
	r->head_bytes += n;
	if (r->head_bytes > LIMIT_HEADERS) {
		r->cut = CUT_HEAD;
		return 0;
	}
	if (n > 5 && strncasecmp(line, "HTTP/", 5) == 0)
		head_begins(r, line, n);
	else
		head_field(r, line, n);
	return n;
}

/* A 401 whose body nobody needs, because other credentials are at hand. */
static bool is_again(struct http_request *r)
{
	if (r->res.status == 401 && r->http->auth && !r->judged
	    && !r->authorization) {
		r->judged = true;
		r->again = http_auth_refused(r->http->auth, r->print);
	}
	return r->again;
}

static size_t on_body(char *bytes, size_t size, size_t nr, void *arg)
{
	struct http_request *r = arg;
	size_t n = size * nr;
	if (r->cancelled || r->cut)
		return CURL_WRITEFUNC_ERROR;
	if (is_again(r))
		return n;
	if (r->paused) {
		r->stopped = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (n > r->max_body - r->res.body_bytes) {
		r->cut = CUT_BODY;
		return CURL_WRITEFUNC_ERROR;
	}
	r->res.body_bytes += n;
	if (r->on_data && !r->on_data(r, bytes, n, r->arg)) {
		r->cut = CUT_READER;
		return CURL_WRITEFUNC_ERROR;
	}
	return n;
}

/* The end of a request. */

static enum http_phase phase_of(const struct http_request *r)
{
	curl_off_t name = 0, before = 0;
	long port = 0; /* CONNECT_TIME counts the TLS handshake in */
	if (r->head_bytes)
		return PHASE_ANSWER;
	curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T, &before);
	if (before)
		return PHASE_WAIT;
	curl_easy_getinfo(r->easy, CURLINFO_NAMELOOKUP_TIME_T, &name);
	curl_easy_getinfo(r->easy, CURLINFO_LOCAL_PORT, &port);
	return !name ? PHASE_NAME : port ? PHASE_TLS : PHASE_CONNECT;
}

/* The deadline that it missed there. */
static time_ms deadline_of(const struct http_request *r, enum http_phase phase)
{
	time_ms part = phase < PHASE_WAIT ? r->connect_timeout
		       : phase == PHASE_WAIT ? r->answer_timeout : 0;
	return part && part < r->timeout ? part : r->timeout;
}

static void say_fault(struct http_request *r, CURLcode rc)
{
	struct http_end end = {
		.code = rc,
		.cut = r->cut,
		.detail = r->detail,
		.where = r->where,
		.timeout = r->timeout,
		.max_body = r->max_body,
		.body_bytes = r->res.body_bytes,
		.length = -1,
	};
	if (r->easy) {
		curl_off_t length = -1;
		end.phase = phase_of(r);
		end.timeout = deadline_of(r, end.phase);
		curl_easy_getinfo(r->easy, CURLINFO_OS_ERRNO, &end.os_errno);
		curl_easy_getinfo(r->easy, CURLINFO_SSL_VERIFYRESULT,
				  &end.verify);
		curl_easy_getinfo(r->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T,
				  &length);
		end.length = length;
	}
	struct buf text;
	buf_init(&text, LIMIT_SENTENCE);
	r->res.fault = http_fault(&end, &text);
	memcpy(r->res.text, buf_text(&text), text.len + 1);
	buf_release(&text);
}

static time_ms http_date(const char *s)
{
	/* curl_getdate also reads a lone weekday, or a number. */
	if (!strchr(s, ':'))
		return TIME_NONE;
	time_t t = curl_getdate(s, NULL);
	return t == (time_t)-1 ? TIME_NONE : (time_ms)t * 1000;
}

static time_ms retry_after(const char *s, const char *ms, time_ms server_now)
{
	size_t digits = strspn(ms, "0123456789");
	time_ms wait;
	if (digits && !ms[digits]) {
		wait = digits > 9 ? RETRY_MAX : (time_ms)atol(ms);
		return wait > RETRY_MAX ? RETRY_MAX : wait;
	}
	digits = strspn(s, "0123456789");
	if (digits && !s[digits]) {
		wait = digits > 9 ? RETRY_MAX : (time_ms)atol(s) * 1000;
	} else {
		time_ms at = http_date(s);
		if (at == TIME_NONE)
			return -1;
		wait = at - (server_now != TIME_NONE ? server_now
			     : (time_ms)time(NULL) * 1000);
	}
	return wait < 0 ? 0 : wait > RETRY_MAX ? RETRY_MAX : wait;
}

static void measure(struct http_request *r)
{
	curl_off_t wire = 0, connect = 0, tls = 0;
	long head = 0, opened = 0;
	CURL *e = r->easy;
	curl_easy_getinfo(e, CURLINFO_SIZE_DOWNLOAD_T, &wire);
	curl_easy_getinfo(e, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(e, CURLINFO_NUM_CONNECTS, &opened);
	curl_easy_getinfo(e, CURLINFO_CONNECT_TIME_T, &connect);
	curl_easy_getinfo(e, CURLINFO_APPCONNECT_TIME_T, &tls);
	if (tls > connect)
		connect = tls;
	r->res.wire_bytes = (uint64_t)wire + (uint64_t)head;
	r->res.reused = opened == 0 && r->head_bytes > 0;
	r->res.connect_us = opened ? connect : 0;
	r->res.took_us = (int64_t)(uv_hrtime() / 1000) - r->res.sent_us;
}

static void unlink_request(struct http_request *r)
{
	struct http *h = r->http;
	struct http_request **at = &h->first;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (h->last == &r->next)
		h->last = at;
}

static void free_request(struct http_request *r)
{
	curl_easy_cleanup(r->easy);
	http_auth_free_lines(r->headers);
	http_auth_free_lines(r->lines);
	curl_slist_free_all(r->connect_to);
	if (r->authorization)
		explicit_bzero(r->authorization, strlen(r->authorization));
	free(r->authorization);
	free(r->host_line);
	free(r->where);
	free(r);
}

static void pump(uv_idle_t *idle);

static void wake(struct http *h)
{
	uv_idle_start(&h->idle, pump);
}

/* As if nothing had been asked yet. */
static void start_over(struct http_request *r)
{
	r->res = (struct http_result){ 0 };
	r->detail[0] = '\0';
	r->retry_after[0] = r->retry_ms[0] = r->date[0] = '\0';
	r->head_bytes = 0;
	r->cut = CUT_NONE;
	r->added = r->again = r->stopped = r->waited = false;
	wake(r->http);
}

static void finish(struct http_request *r, CURLcode rc)
{
	if (r->added) {
		curl_multi_remove_handle(r->http->multi, r->easy);
		measure(r);
	}
	if (!r->cancelled && is_again(r)) {
		start_over(r);
		return;
	}
	r->res.date = http_date(r->date);
	r->res.retry_after = retry_after(r->retry_after, r->retry_ms,
					 r->res.date);
	if (r->cancelled) {
		r->res.fault = FAULT_CANCELLED;
		strcpy(r->res.text, "cancelled");
	} else if (!r->res.fault && (rc != CURLE_OK || r->cut)) {
		say_fault(r, rc);
	}
	unlink_request(r);
	r->on_done(r, &r->res, r->arg);
	free_request(r);
}

/* Hands finished transfers out. Only outside of libcurl's callbacks. */
static void reap(struct http *h)
{
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(h->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode rc = m->data.result;
		char *r = NULL;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
		finish((struct http_request *)(void *)r, rc);
	}
}

/* libcurl's sockets and timer. */

static void act(struct http *h, curl_socket_t fd, int what)
{
	int running;
	curl_multi_socket_action(h->multi, fd, what, &running);
	reap(h);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	/* Reading tells what the error is, and what came before it. */
	int what = status < 0 ? CURL_CSELECT_ERR | CURL_CSELECT_IN : 0;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(w->http, w->fd, what);
	/* libuv has stopped at the error; libcurl may not be through. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll))
		uv_poll_start(poll, w->events, on_poll);
}

static void on_timer(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;
	(void)multi;
	/* A timer of 0 that starts itself again keeps libuv 1.44 from I/O. */
	if (ms < 0)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timer, ms ? (uint64_t)ms : 1, 0);
	return 0;
}

static void handle_closed(struct http *h)
{
	if (--h->handles)
		return;
	void (*closed)(void *) = h->closed;
	void *arg = h->closed_arg;
	curl_slist_free_all(h->proxy_headers);
	free(h->user_agent);
	free(h->ca_file);
	free(h);
	curl_global_cleanup();
	if (closed)
		closed(arg);
}

static void on_handle_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	struct http *h = w->http;
	free(w);
	handle_closed(h);
}

static struct watch *watch_new(struct http *h, curl_socket_t fd)
{
	struct watch *w = mem_zero(1, sizeof(*w));
	if (uv_poll_init_socket(h->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->http = h;
	w->fd = fd;
	h->handles++;
	curl_multi_assign(h->multi, fd, w);
	return w;
}

/* At once: a new handle for the same number must not meet the old one. */
static void watch_close(struct watch *w)
{
	curl_multi_assign(w->http->multi, w->fd, NULL);
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		      void *known)
{
	struct watch *w = known;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			watch_close(w);
		return 0;
	}
	/* A failure here would end all transfers of the client: one that is
	 * not watched ends by its deadline instead. */
	if (!w && !(w = watch_new(arg, fd)))
		return 0;
	w->events = (what & CURL_POLL_IN ? UV_READABLE : 0)
		    | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_poll_start(&w->poll, w->events, on_poll);
	return 0;
}

/* Requests whose answer should have begun. libcurl has no such deadline. */

static void on_answers(uv_timer_t *timer)
{
	struct http *h = timer->data;
	int64_t now = (int64_t)(uv_hrtime() / 1000), soonest = INT64_MAX;
	for (struct http_request *r = h->first, *next; r; r = next) {
		curl_off_t before = 0;
		next = r->next;
		if (!r->answer_timeout || !r->added || r->head_bytes)
			continue;
		curl_easy_getinfo(r->easy, CURLINFO_PRETRANSFER_TIME_T,
				  &before);
		int64_t left = r->answer_timeout * 1000;
		if (before)
			left += r->res.sent_us + before - now;
		if (left <= 0)
			finish(r, CURLE_OPERATION_TIMEDOUT);
		else if (left < soonest)
			soonest = left;
	}
	if (soonest != INT64_MAX)
		uv_timer_start(timer, on_answers,
			       (uint64_t)(soonest / 1000 + 1), 0);
}

/* Everything that was asked for since the last turn. */

static void on_auth_closed(void *arg)
{
	handle_closed(arg);
}

static void teardown(struct http *h)
{
	curl_multi_cleanup(h->multi);
	if (h->auth)
		http_auth_close(h->auth, on_auth_closed, h);
	uv_close((uv_handle_t *)&h->timer, on_handle_closed);
	uv_close((uv_handle_t *)&h->patience, on_handle_closed);
	uv_close((uv_handle_t *)&h->answers, on_handle_closed);
	uv_close((uv_handle_t *)&h->idle, on_handle_closed);
}

static void add_line(struct http_request *r, const char *line)
{
	r->headers = curl_slist_append(r->headers, line);
	if (!r->headers)
		mem_die();
}

static void refuse(struct http_request *r, const struct err *e)
{
	r->res.fault = FAULT_AUTH;
	clean_into(r->res.text, sizeof(r->res.text), e->text, strlen(e->text));
	finish(r, CURLE_OK);
}

static time_ms left_of(const struct http_request *r)
{
	int64_t now = (int64_t)(uv_hrtime() / 1000);
	time_ms left = r->timeout - (now - r->began_us) / 1000;
	return left > 1 ? left : 1;
}

static void on_patience(uv_timer_t *timer)
{
	wake(timer->data);
}

/* It is looked at again when it has waited as long as it may, at the latest. */
static void wait_more(struct http_request *r)
{
	uv_timer_t *t = &r->http->patience;
	uint64_t left = (uint64_t)left_of(r);
	struct err e;
	char span[TIME_TEXT];
	if (r->waited && left <= 1) {
		err_set(&e, EXIT_REFUSED, "no credentials within %s: %.160s; "
			"their command or token server is slow",
			time_within(r->timeout, span), r->where);
		refuse(r, &e);
		return;
	}
	r->waited = true;
	if (!uv_is_active((uv_handle_t *)t) || uv_timer_get_due_in(t) > left)
		uv_timer_start(t, on_patience, left, 0);
}

/* -1: it must wait, or has ended. */
static int add_credentials(struct http_request *r)
{
	struct http *h = r->http;
	struct err e;
	switch (http_auth_ask(h->auth, r->waited, &e)) {
	case AUTH_WAIT:
		wait_more(r);
		return -1;
	case AUTH_FAILED:
		refuse(r, &e);
		return -1;
	case AUTH_READY:
		break;
	}
	if (http_auth_add(h->auth, &r->headers, &r->print, &e) == 0)
		return 0;
	refuse(r, &e);
	return -1;
}

static void begin(struct http_request *r)
{
	http_auth_free_lines(r->headers);
	r->headers = NULL;
	if (r->http->auth && !r->authorization && add_credentials(r) < 0)
		return;
	/* No "Expect: 100-continue": servers that ignore it cost a second. */
	add_line(r, "Expect:");
	if (r->authorization)
		add_line(r, r->authorization);
	if (r->host_line)
		add_line(r, r->host_line);
	for (const struct curl_slist *l = r->lines; l; l = l->next)
		add_line(r, l->data);
	curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)left_of(r));
	r->res.sent_us = (int64_t)(uv_hrtime() / 1000);
	if (curl_multi_add_handle(r->http->multi, r->easy) != CURLM_OK) {
		finish(r, CURLE_FAILED_INIT);
		return;
	}
	r->added = true;
	if (r->answer_timeout)
		uv_timer_start(&r->http->answers, on_answers, 1, 0);
}

/* libcurl hands over what it kept from within, and drops what an error there
 * was, so that is looked at here. */
static void resume(struct http_request *r)
{
	r->stopped = false;
	CURLcode rc = curl_easy_pause(r->easy, CURLPAUSE_CONT);
	if (rc != CURLE_OK || r->cut)
		finish(r, rc);
}

static void settle(struct http_request *r)
{
	if (r->cancelled)
		finish(r, CURLE_ABORTED_BY_CALLBACK);
	else if (r->broken)
		finish(r, r->broken);
	else if (!r->added)
		begin(r);
	else if (r->stopped && !r->paused)
		resume(r);
}

static void pump(uv_idle_t *idle)
{
	struct http *h = idle->data;
	uv_idle_stop(idle);
	/* on_done may add requests at the end, and takes none away. */
	for (struct http_request *r = h->first, *next; r; r = next) {
		next = r->next;
		settle(r);
	}
	act(h, CURL_SOCKET_TIMEOUT, 0);
	if (h->closing && !h->first)
		teardown(h);
}

/* The request's options. */

static CURLcode set_user(CURL *easy, CURLU *u, CURLUPart part,
			 CURLoption option)
{
	char *s = NULL;
	CURLUcode rc = curl_url_get(u, part, &s, CURLU_URLDECODE);
	if (rc == CURLUE_NO_USER || rc == CURLUE_NO_PASSWORD)
		return CURLE_OK;
	if (rc != CURLUE_OK)
		return CURLE_URL_MALFORMAT;
	set_string(easy, option, s);
	curl_free(s);
	return curl_url_set(u, part, NULL, 0) == CURLUE_OK
	       ? CURLE_OK : CURLE_URL_MALFORMAT;
}

/* TLS shall meet another name than the one in the URL: the URL gets that name,
 * the connection goes where it went, and the Host header stays. */
static CURLcode set_server_name(struct http_request *r, CURLU *u,
				const char *name)
{
	char *host = NULL, *port = NULL, *shown = NULL;
	struct buf b;
	CURLcode rc = CURLE_URL_MALFORMAT;
	buf_init(&b, 0);
	curl_url_get(u, CURLUPART_PORT, &shown, 0);
	if (curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK
	    && curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT)
	       == CURLUE_OK
	    && curl_url_set(u, CURLUPART_HOST, name, 0) == CURLUE_OK) {
		buf_printf(&b, "Host: %s%s%s", host, shown ? ":" : "",
			   shown ? shown : "");
		r->host_line = mem_strdup(buf_text(&b));
		buf_clear(&b);
		buf_printf(&b, "%s:%s:%s:%s", name, port, host, port);
		r->connect_to = curl_slist_append(NULL, buf_text(&b));
		rc = curl_easy_setopt(r->easy, CURLOPT_CONNECT_TO,
				      r->connect_to);
	}
	buf_release(&b);
	curl_free(host);
	curl_free(port);
	curl_free(shown);
	return rc;
}

static CURLcode set_address(struct http_request *r, CURLU *u, const char *url)
{
	const struct http_config *c = r->http->config;
	CURL *easy = r->easy;
	if (strncasecmp(url, "http://", 7) && strncasecmp(url, "https://", 8))
		return CURLE_URL_MALFORMAT;
	if (curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK
	    || set_user(easy, u, CURLUPART_USER, CURLOPT_USERNAME)
	    || set_user(easy, u, CURLUPART_PASSWORD, CURLOPT_PASSWORD))
		return CURLE_URL_MALFORMAT;
	if (c && c->tls.server_name && strncasecmp(url, "https", 5) == 0
	    && set_server_name(r, u, c->tls.server_name))
		return CURLE_URL_MALFORMAT;
	char *s = NULL;
	if (curl_url_get(u, CURLUPART_URL, &s, 0) != CURLUE_OK)
		return CURLE_URL_MALFORMAT;
	set_string(easy, CURLOPT_URL, s);
	curl_free(s);
	return CURLE_OK;
}

static CURLcode set_url(struct http_request *r, const char *url)
{
	CURLU *u = curl_url();
	if (!u)
		mem_die();
	CURLcode rc = set_address(r, u, url);
	curl_url_cleanup(u);
	return rc;
}

/* A command for credentials must not have our connections. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose,
				 struct curl_sockaddr *a)
{
	(void)arg;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static void set_answer(struct http_request *r)
{
	CURL *e = r->easy;
	curl_easy_setopt(e, CURLOPT_PRIVATE, (char *)r);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->detail);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	if (r->connect_timeout)
		curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
				 (long)r->connect_timeout);
	curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)r->max_body);
}

/* A file of PEM, or its text, which the config keeps. */
static void set_pem(CURL *e, const struct http_secret *s, CURLoption file,
		    CURLoption text)
{
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };
	if (s->file)
		set_string(e, file, s->file);
	if (!s->value)
		return;
	blob.data = (void *)s->value;
	blob.len = strlen(s->value);
	curl_easy_setopt(e, text, &blob);
}

static long tls_version(int min, int max)
{
	static const long lowest[] = {
		CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_TLSv1_1,
		CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_TLSv1_3,
	};
	static const long highest[] = {
		CURL_SSLVERSION_MAX_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_1,
		CURL_SSLVERSION_MAX_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_3,
	};
	if (!min)
		min = max && max < 12 ? max : 12;
	return lowest[min - 10] | (max ? highest[max - 10] : 0);
}

/* What a config may say replaces the system's roots. */
static void set_roots(CURL *e, const struct http_secret *ca)
{
	set_pem(e, ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB);
	set_pem(e, ca, CURLOPT_PROXY_CAINFO, CURLOPT_PROXY_CAINFO_BLOB);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
}

static void set_tls(CURL *e, const struct http_tls *t)
{
	if (t->ca.file || t->ca.value)
		set_roots(e, &t->ca);
	set_pem(e, &t->cert, CURLOPT_SSLCERT, CURLOPT_SSLCERT_BLOB);
	set_pem(e, &t->key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, tls_version(t->min, t->max));
	if (t->insecure) {
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_proxy(const struct http *h, CURL *e, const char *url,
		      bool never)
{
	const struct http_proxy *p = h->config ? &h->config->proxy : NULL;
	if (never) {
		set_string(e, CURLOPT_PROXY, "");
	} else if (p && p->from == PROXY_URL) {
		set_string(e, CURLOPT_PROXY, p->url);
		set_string(e, CURLOPT_NOPROXY, p->no_proxy ? p->no_proxy : "");
	} else if ((p && p->from == PROXY_NONE) || http_url_skips_proxy(url)) {
		set_string(e, CURLOPT_PROXY, "");
	}
	if (h->proxy_headers)
		curl_easy_setopt(e, CURLOPT_PROXYHEADER, h->proxy_headers);
}

static CURLcode prepare(struct http_request *r, const struct http_ask *ask)
{
	const struct http *h = r->http;
	CURL *e = r->easy;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		curl_easy_setopt(e, fixed[i].option, fixed[i].value);
	set_answer(r);
	set_string(e, CURLOPT_PROTOCOLS_STR, "http,https");
	set_string(e, CURLOPT_USERAGENT, h->user_agent);
	/* "identity" also reads what a proxy compresses unasked. */
	set_string(e, CURLOPT_ACCEPT_ENCODING,
		   h->compress ? "gzip" : "identity");
	if (h->ca_file)
		set_roots(e, &(struct http_secret){ .file = h->ca_file });
	if (h->config)
		set_tls(e, &h->config->tls);
	set_proxy(h, e, ask->url, ask->no_proxy);
	if (ask->body || ask->method)
		set_string(e, CURLOPT_COPYPOSTFIELDS,
			   ask->body ? ask->body : "");
	if (ask->method)
		set_string(e, CURLOPT_CUSTOMREQUEST, ask->method);
	return set_url(r, ask->url);
}

/* scheme://host:port */
static char *where_of(const char *url)
{
	struct buf b;
	buf_init(&b, 0);
	http_url_shown(url, &b);
	const char *s = buf_text(&b), *host = strstr(s, "://");
	host = host ? host + 3 : s;
	char *where = mem_strndup(s, (size_t)(host - s) + strcspn(host, "/"));
	buf_release(&b);
	return where;
}

static struct curl_slist *copy_lines(const char *const *line)
{
	struct curl_slist *all = NULL;
	for (; line && *line; line++) {
		all = curl_slist_append(all, *line);
		if (!all)
			mem_die();
	}
	return all;
}

static char *authorization_line(const char *value)
{
	struct buf b;
	if (!value)
		return NULL;
	buf_init(&b, 0);
	buf_printf(&b, "Authorization: %s", value);
	return b.s;
}

/* Ends it, from the loop, when its credentials could be read on the way. */
static void check_way(struct http_request *r, const char *url)
{
	struct err e;
	const struct http_config *c = r->http->config;
	if (!c || http_config_check(c, url, &e) == 0)
		return;
	r->broken = CURLE_LOGIN_DENIED;
	r->res.fault = FAULT_AUTH;
	clean_into(r->res.text, sizeof(r->res.text), e.text, strlen(e.text));
}

struct http_request *http_start(struct http *h, const struct http_ask *ask)
{
	struct http_request *r = mem_zero(1, sizeof(*r));
	r->http = h;
	r->max_body = ask->max_body ? ask->max_body : LIMIT_BODY;
	r->timeout = ask->timeout > 0 ? ask->timeout : 1;
	r->connect_timeout = ask->connect_timeout;
	r->answer_timeout = ask->answer_timeout;
	r->where = where_of(ask->url);
	r->on_data = ask->on_data;
	r->on_done = ask->on_done;
	r->arg = ask->arg;
	r->cancelled = h->closing;
	r->began_us = r->res.sent_us = (int64_t)(uv_hrtime() / 1000);
	r->authorization = authorization_line(ask->authorization);
	r->lines = copy_lines(ask->lines);
	r->easy = curl_easy_init();
	if (!r->easy)
		mem_die();
	r->broken = prepare(r, ask);
	check_way(r, ask->url);
	*h->last = r;
	h->last = &r->next;
	wake(h);
	return r;
}

void http_cancel(struct http_request *r)
{
	r->cancelled = true;
	wake(r->http);
}

void http_pause(struct http_request *r, bool paused)
{
	r->paused = paused;
	if (!paused && r->stopped)
		wake(r->http);
}

long http_status(const struct http_request *r)
{
	return r->res.status;
}

const char *http_content_type(const struct http_request *r)
{
	return r->res.content_type;
}

unsigned http_in_flight(const struct http *h)
{
	unsigned nr = 0;
	for (const struct http_request *r = h->first; r; r = r->next)
		nr++;
	return nr;
}

static void set_multi(struct http *h)
{
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS,
			  (long)IDLE_CONNECTIONS);
	/* No CURLMOPT_MAX_HOST_CONNECTIONS: waiting for a slot would count
	 * against the deadline. Whoever asks bounds what is in flight. */
}

static void on_ready(void *arg)
{
	wake(arg);
}

static void set_config(struct http *h, const struct http_config *c)
{
	const struct http_proxy *p = &c->proxy;
	struct buf line;
	h->config = c;
	h->auth = http_auth_new(h->loop, c, on_ready, h);
	h->handles++;
	buf_init(&line, 0);
	for (size_t i = 0; i < p->nr_connect; i++) {
		buf_clear(&line);
		buf_printf(&line, "%s: %s", p->connect[i].name,
			   p->connect[i].value.value);
		h->proxy_headers = curl_slist_append(h->proxy_headers,
						     buf_text(&line));
	}
	buf_release(&line);
}

static void *grow(void *p, size_t size)
{
	return mem_grow(p, size, 1);
}

/* libcurl out of memory says that a server cannot be reached, or worse. */
static void init_curl(void)
{
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, free, grow,
				 mem_strdup, mem_zero) != CURLE_OK)
		mem_die();
}

struct http *http_new(struct uv_loop_s *loop, const struct http_options *o)
{
	struct http *h = mem_zero(1, sizeof(*h));
	init_curl();
	h->loop = loop;
	h->last = &h->first;
	h->user_agent = mem_strdup(o->user_agent ? o->user_agent
				   : "redtop/" REDTOP_VERSION);
	h->ca_file = o->ca_file ? mem_strdup(o->ca_file) : NULL;
	h->compress = o->compress;
	h->multi = curl_multi_init();
	if (!h->multi)
		mem_die();
	set_multi(h);
	uv_timer_init(loop, &h->timer);
	uv_timer_init(loop, &h->patience);
	uv_timer_init(loop, &h->answers);
	uv_idle_init(loop, &h->idle);
	h->timer.data = h->patience.data = h->answers.data = h;
	h->idle.data = h;
	h->handles = 4;
	if (o->config)
		set_config(h, o->config);
	return h;
}

void http_close(struct http *h, void (*closed)(void *arg), void *arg)
{
	h->closing = true;
	h->closed = closed;
	h->closed_arg = arg;
	for (struct http_request *r = h->first; r; r = r->next)
		r->cancelled = true;
	wake(h);
}
