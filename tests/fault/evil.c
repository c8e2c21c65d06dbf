/* The hostile server: an answer is bytes, bytes again, and what follows.
 *
 * It has no main: a test includes it (`#include "tests/fault/evil.c"`) and
 * links zlib. */
#include "tests/fault/evil.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

struct evil {
	uv_tcp_t listener;
	uv_loop_t *loop;
	evil_script script;
	void *arg;
	int port;
	struct evil_conn *first;
	bool closing, listener_closed;
	void (*closed)(void *arg);
	void *closed_arg;
	atomic_uint requests, connections, open, left;
};

struct evil_conn {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	struct evil *evil;
	struct evil_conn *next;
	unsigned handles;
	bool closing;
	struct buf in;
	size_t asked;             /* bytes of `in` that the request took */
	unsigned nr;              /* requests seen */
	bool answering, written;
	struct evil_answer answer;
	struct buf out;
	size_t sent, writing;
	uint64_t again;
};

/* Forms. */

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at;
	if (c >= 'A' && c <= 'F')
		c = (char)(c + 32);
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static void form_decode(const char *s, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && i + 2 < n && hex_value(s[i + 1]) >= 0
		    && hex_value(s[i + 2]) >= 0) {
			buf_char(out, (char)(hex_value(s[i + 1]) * 16
					     + hex_value(s[i + 2])));
			i += 2;
		} else {
			buf_char(out, s[i] == '+' ? ' ' : s[i]);
		}
	}
}

static bool form_find(const char *form, const char *name, struct buf *out)
{
	size_t n = strlen(name);
	while (*form) {
		size_t len = strcspn(form, "&");
		if (len > n && form[n] == '=' && strncmp(form, name, n) == 0) {
			form_decode(form + n + 1, len - n - 1, out);
			return true;
		}
		form += len + (form[len] == '&');
	}
	return false;
}

bool evil_form(const struct evil_ask *ask, const char *name, struct buf *out)
{
	return form_find(ask->query, name, out)
	       || form_find(ask->body, name, out);
}

long evil_number(const struct evil_ask *ask, const char *name, long otherwise)
{
	struct buf b;
	buf_init(&b, 0);
	long v = evil_form(ask, name, &b) ? atol(buf_text(&b)) : otherwise;
	buf_release(&b);
	return v;
}

void evil_json(struct evil_answer *out, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *s = mem_alloc((size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(ap);
	va_end(again);
	out->status = 200;
	buf_add(&out->body, s, (size_t)n);
	free(s);
}

/* Compression. */

static void deflate_into(struct buf *out, const struct buf *in, int bits,
			 int flush)
{
	z_stream z = { .next_in = (Bytef *)in->s, .avail_in = (uInt)in->len };
	unsigned char piece[4096];
	deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY);
	do {
		z.next_out = piece;
		z.avail_out = sizeof(piece);
		deflate(&z, flush);
		buf_add(out, piece, sizeof(piece) - z.avail_out);
	} while (z.avail_out == 0);
	deflateEnd(&z);
}

/* 1 MiB of zeros as deflate blocks that may be repeated: each forgets what
 * came before. */
static void bomb_segment(struct buf *out)
{
	struct buf zeros;
	buf_init(&zeros, 0);
	for (int i = 0; i < 1 << 20; i++)
		buf_char(&zeros, '\0');
	deflate_into(out, &zeros, -15, Z_FULL_FLUSH);
	buf_release(&zeros);
}

/* Behaviours. */

static void do_ok(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	evil_json(out, "{\"status\":\"success\",\"data\":{}}");
}

static void do_empty(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	out->status = 200;
}

static void do_gzip(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	out->gzip = true;
}

static void do_echo(const struct evil_ask *a, struct evil_answer *out)
{
	out->status = 200;
	out->type = "text/plain";
	buf_str(&out->body, a->head);
	buf_str(&out->body, "\n");
	buf_str(&out->body, a->body);
}

static void send_html(struct evil_answer *out, int status, const char *title)
{
	out->status = status;
	out->type = "text/html; charset=utf-8";
	buf_printf(&out->body, "<!DOCTYPE html>\n<html><head><title>%s</title>"
		   "</head><body><h1>%s</h1></body></html>\n", title, title);
}

static void do_login(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_html(out, 200, "Sign in to your account");
}

static void do_type(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	out->type = "image/png\x1b]0;pwned\x07";
}

static void do_status(const struct evil_ask *a, struct evil_answer *out)
{
	int code = (int)evil_number(a, "code", 500);
	char title[32];
	snprintf(title, sizeof(title), "%d Status", code);
	send_html(out, code, title);
}

static void do_redirect(const struct evil_ask *a, struct evil_answer *out)
{
	do_status(a, out);
	out->status = (int)evil_number(a, "code", 302);
	buf_str(&out->head, "Location: /ok\r\n");
}

static void do_redirect_login(const struct evil_ask *a, struct evil_answer *out)
{
	do_redirect(a, out);
	buf_clear(&out->head);
	buf_str(&out->head, "Location: https://sso.example/login?next=%2F\r\n");
}

static void do_auth(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	out->status = 401;
	out->type = "text/plain";
	buf_str(&out->head, "WWW-Authenticate: Basic realm=\"shop\"\r\n");
	buf_str(&out->body, "Unauthorized\n");
}

static void send_header(const struct evil_ask *a, struct evil_answer *out,
		       const char *header, const char *field)
{
	buf_printf(&out->head, "%s: ", header);
	evil_form(a, field, &out->head);
	buf_str(&out->head, "\r\n");
}

static void do_retry(const struct evil_ask *a, struct evil_answer *out)
{
	out->status = (int)evil_number(a, "code", 429);
	send_header(a, out, "Retry-After", "after");
}

static void do_date(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	send_header(a, out, "Date", "is");
}

static void do_delay(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	out->delay_ms = (int)evil_number(a, "ms", 50);
}

static void do_hang(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	out->status = 200;
	out->delay_ms = 3600 * 1000;
}

static void do_slow(const struct evil_ask *a, struct evil_answer *out)
{
	out->status = 200;
	for (int i = 0; i < 1000; i++)
		buf_char(&out->body, ' ');
	buf_str(&out->raw, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		buf_char(&out->again, ' ');
	out->again_nr = 1;
	out->piece = 1;
	out->piece_ms = (int)evil_number(a, "ms", 5);
}

static void do_slow_head(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	out->piece = 1;
	out->piece_ms = (int)evil_number(a, "ms", 5);
}

static void send_raw(struct evil_answer *out, const char *bytes,
		enum evil_after after)
{
	out->status = 200;
	buf_str(&out->raw, bytes);
	out->after = after;
}

static void do_nothing(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "", EVIL_FIN);
	out->no_length = true;
	out->promised = -1;
}

static void do_rst_early(const struct evil_ask *a, struct evil_answer *out)
{
	do_nothing(a, out);
	out->after = EVIL_RESET;
}

static void do_rst(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"stat",
	    EVIL_RESET);
}

static void do_truncated(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"stat",
	    EVIL_FIN);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void do_chunk_cut(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, CHUNKED "7\r\n{\"statu\r\n", EVIL_FIN);
}

static void do_chunk_bad(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, CHUNKED "zz\r\n{\"statu\r\n", EVIL_HANG);
}

static void do_die(const struct evil_ask *a, struct evil_answer *out)
{
	if (a->nr == 1)
		do_ok(a, out);
	else
		do_nothing(a, out);
}

static void do_gzip_bad(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	buf_str(&out->head, "Content-Encoding: gzip\r\n");
}

static void do_not_http(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", EVIL_HANG);
}

static void do_head_bad(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nContent-Length: banana\r\n\r\n{}",
	    EVIL_FIN);
}

static void send_again(struct evil_answer *out, const char *bytes, uint64_t nr)
{
	buf_str(&out->again, bytes);
	out->again_nr = nr;
}

static void do_headers(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\n", EVIL_FIN);
	send_again(out, "X-Filler: 01234567890123456789012345678901234567\r\n",
	      UINT64_MAX);
}

static void do_header_line(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nX-Filler: ", EVIL_FIN);
	send_again(out, "0123456789012345678901234567890123456789", UINT64_MAX);
}

static void do_go_on(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 100 Continue\r\n\r\n", EVIL_FIN);
	send_again(out, "HTTP/1.1 100 Continue\r\n\r\n", UINT64_MAX);
}

static void fill_again(struct evil_answer *out, size_t n)
{
	while (out->again.len < n)
		buf_str(&out->again, "0123456789abcdef");
}

static void do_endless(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, CHUNKED, EVIL_FIN);
	buf_str(&out->again, "4000\r\n");
	fill_again(out, 0x4000 + 6);
	out->again.len = 0x4000 + 6;
	buf_str(&out->again, "\r\n");
	out->again_nr = UINT64_MAX;
}

static void do_huge(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
	    EVIL_KEEP);
	fill_again(out, 0x4000);
	out->again_nr = 65536;
}

static void do_bomb(const struct evil_ask *a, struct evil_answer *out)
{
	(void)a;
	send_raw(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n",
		 EVIL_FIN);
	buf_add(&out->raw, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	bomb_segment(&out->again);
	out->again_nr = 1024;
}

static void do_keep_close(const struct evil_ask *a, struct evil_answer *out)
{
	do_ok(a, out);
	buf_str(&out->head, "Connection: keep-alive\r\n");
	out->after = EVIL_FIN;
}

static const struct {
	const char *path;
	void (*answer)(const struct evil_ask *a, struct evil_answer *out);
} evil_behaviours[] = {
	{ "/ok", do_ok },
	{ "/empty", do_empty },
	{ "/gzip", do_gzip },
	{ "/echo", do_echo },
	{ "/login", do_login },
	{ "/type", do_type },
	{ "/status", do_status },
	{ "/redirect", do_redirect },
	{ "/redirect-login", do_redirect_login },
	{ "/auth", do_auth },
	{ "/retry", do_retry },
	{ "/date", do_date },
	{ "/delay", do_delay },
	{ "/hang", do_hang },
	{ "/slow", do_slow },
	{ "/slow-head", do_slow_head },
	{ "/nothing", do_nothing },
	{ "/rst-early", do_rst_early },
	{ "/rst", do_rst },
	{ "/truncated", do_truncated },
	{ "/chunk-cut", do_chunk_cut },
	{ "/chunk-bad", do_chunk_bad },
	{ "/die", do_die },
	{ "/gzip-bad", do_gzip_bad },
	{ "/not-http", do_not_http },
	{ "/head-bad", do_head_bad },
	{ "/headers", do_headers },
	{ "/header-line", do_header_line },
	{ "/continue", do_go_on },
	{ "/endless", do_endless },
	{ "/huge", do_huge },
	{ "/bomb", do_bomb },
	{ "/keep-close", do_keep_close },
};

static void send_behaviour(const struct evil_ask *a, const char *path,
		   struct evil_answer *out)
{
	for (size_t i = 0; i < sizeof(evil_behaviours)
			       / sizeof(evil_behaviours[0]); i++) {
		if (strcmp(evil_behaviours[i].path, path) == 0) {
			evil_behaviours[i].answer(a, out);
			return;
		}
	}
	out->status = 404;
	out->type = "text/plain; charset=utf-8";
	buf_str(&out->body, "404 page not found\n");
}

/* Connections. */

static void answer_release(struct evil_answer *a)
{
	buf_release(&a->head);
	buf_release(&a->body);
	buf_release(&a->raw);
	buf_release(&a->again);
}

static void evil_gone(struct evil *e)
{
	if (!e->closing || !e->listener_closed || e->first)
		return;
	void (*closed)(void *) = e->closed;
	void *arg = e->closed_arg;
	free(e);
	if (closed)
		closed(arg);
}

static void on_conn_closed(uv_handle_t *handle)
{
	struct evil_conn *c = handle->data;
	struct evil *e = c->evil;
	if (--c->handles)
		return;
	struct evil_conn **at = &e->first;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	e->open--;
	answer_release(&c->answer);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
	evil_gone(e);
}

static void conn_close(struct evil_conn *c, bool reset)
{
	if (c->closing)
		return;
	c->closing = true;
	uv_close((uv_handle_t *)&c->timer, on_conn_closed);
	if (!reset || uv_tcp_close_reset(&c->tcp, on_conn_closed) != 0)
		uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void conn_reset(uv_timer_t *timer)
{
	conn_close(timer->data, true);
}

/* The bytes of head and body. */
static void answer_assemble(struct evil_answer *a, struct buf *out)
{
	struct buf packed;
	if (a->raw.len || a->promised < 0) {
		buf_add(out, buf_text(&a->raw), a->raw.len);
		return;
	}
	buf_init(&packed, 0);
	buf_printf(out, "HTTP/1.1 %d Status\r\nContent-Type: %s\r\n", a->status,
		   a->type ? a->type : "application/json");
	if (a->gzip) {
		deflate_into(&packed, &a->body, 15 + 16, Z_FINISH);
		buf_str(out, "Content-Encoding: gzip\r\n");
	} else {
		buf_add(&packed, buf_text(&a->body), a->body.len);
	}
	buf_add(out, buf_text(&a->head), a->head.len);
	if (a->chunked)
		buf_str(out, "Transfer-Encoding: chunked\r\n");
	else if (!a->no_length)
		buf_printf(out, "Content-Length: %lld\r\n", a->promised
			   ? (long long)a->promised : (long long)packed.len);
	buf_str(out, "\r\n");
	if (a->chunked && packed.len)
		buf_printf(out, "%zx\r\n", packed.len);
	buf_add(out, buf_text(&packed), packed.len);
	if (a->chunked)
		buf_str(out, packed.len ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
	buf_release(&packed);
}

static void conn_step(struct evil_conn *c);
static void conn_ask(struct evil_conn *c);

static void on_conn_step(uv_timer_t *timer)
{
	conn_step(timer->data);
}

static void on_conn_written(uv_write_t *w, int error)
{
	struct evil_conn *c = w->data;
	if (c->closing)
		return;
	if (error) {
		c->evil->left++;
		conn_close(c, false);
		return;
	}
	c->sent += c->writing;
	if (c->answer.piece)
		uv_timer_start(&c->timer, on_conn_step,
			       (uint64_t)c->answer.piece_ms, 0);
	else
		conn_step(c);
}

static void after_answer(struct evil_conn *c)
{
	switch (c->answer.after) {
	case EVIL_KEEP:
		c->answering = false;
		answer_release(&c->answer);
		buf_clear(&c->out);
		memmove(c->in.s, c->in.s + c->asked, c->in.len - c->asked + 1);
		c->in.len -= c->asked;
		conn_ask(c);
		break;
	case EVIL_FIN:
		conn_close(c, false);
		break;
	case EVIL_RESET: /* after what was written has arrived */
		uv_timer_start(&c->timer, conn_reset, 20, 0);
		break;
	case EVIL_HANG:
		break;
	}
}

static void conn_step(struct evil_conn *c)
{
	if (c->closing)
		return;
	if (c->sent == c->out.len && c->again < c->answer.again_nr) {
		if (c->again++ == 0) {
			buf_clear(&c->out);
			buf_add(&c->out, c->answer.again.s,
				c->answer.again.len);
			while (c->answer.again_nr == UINT64_MAX
			       && c->out.len < 16384)
				buf_add(&c->out, c->answer.again.s,
					c->answer.again.len);
		}
		c->sent = 0;
	}
	if (c->sent == c->out.len) {
		after_answer(c);
		return;
	}
	size_t n = c->out.len - c->sent;
	if (c->answer.piece && n > c->answer.piece)
		n = c->answer.piece;
	uv_buf_t b = uv_buf_init(c->out.s + c->sent, (unsigned)n);
	c->writing = n;
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1,
		     on_conn_written) != 0)
		conn_close(c, false);
}

static void conn_answer(struct evil_conn *c, const struct evil_ask *a)
{
	struct evil *e = c->evil;
	c->answer = (struct evil_answer){ 0 };
	c->answering = true;
	c->sent = 0;
	c->again = 0;
	e->requests++;
	if (e->script)
		e->script(a, &c->answer, e->arg);
	if (c->answer.behave)
		send_behaviour(a, c->answer.behave, &c->answer);
	else if (!c->answer.status)
		send_behaviour(a, a->path, &c->answer);
	buf_clear(&c->out);
	answer_assemble(&c->answer, &c->out);
	if (c->answer.delay_ms)
		uv_timer_start(&c->timer, on_conn_step,
			       (uint64_t)c->answer.delay_ms, 0);
	else
		conn_step(c);
}

static size_t content_length(const char *head)
{
	for (const char *line = head; line; line = strstr(line, "\r\n")) {
		line += line == head ? 0 : 2;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			return strtoul(line + 15, NULL, 10);
	}
	return 0;
}

/* Answers the next whole request of c->in, if there is one. */
static void conn_ask(struct evil_conn *c)
{
	if (c->answering || c->closing || !c->in.len)
		return;
	if (c->in.s[0] == 0x16) { /* TLS: answered as plain servers do */
		c->asked = c->in.len;
		conn_answer(c, &(struct evil_ask){ .method = "", .path = "",
			    .query = "", .head = "", .body = "",
			    .nr = ++c->nr });
		return;
	}
	const char *end = strstr(c->in.s, "\r\n\r\n");
	if (!end)
		return;
	size_t n = (size_t)(end + 4 - c->in.s);
	char *head = mem_strndup(c->in.s, n - 2);
	size_t body_n = content_length(head);
	if (c->in.len >= n + body_n) {
		char *body = mem_strndup(c->in.s + n, body_n);
		char *line = mem_strndup(head, strcspn(head, "\r"));
		char *rest = NULL, *method = strtok_r(line, " ", &rest);
		char *path = strtok_r(NULL, " ", &rest);
		char *query = path ? strchr(path, '?') : NULL;
		if (query)
			*query++ = '\0';
		c->asked = n + body_n;
		conn_answer(c, &(struct evil_ask){
			.method = method ? method : "",
			.path = path ? path : "", .query = query ? query : "",
			.head = head, .body = body, .nr = ++c->nr });
		free(body);
		free(line);
	}
	free(head);
}

static void on_conn_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	(void)suggested;
	*out = uv_buf_init(mem_alloc(65536), 65536);
}

static void on_conn_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct evil_conn *c = stream->data;
	if (n > 0) {
		buf_add(&c->in, b->base, (size_t)n);
		conn_ask(c);
	} else if (n < 0) {
		if (c->answering && !c->closing)
			c->evil->left++;
		conn_close(c, false);
	}
	free(b->base);
}

static void on_connection(uv_stream_t *listener, int error)
{
	struct evil *e = listener->data;
	if (error)
		return;
	struct evil_conn *c = mem_zero(1, sizeof(*c));
	c->evil = e;
	c->next = e->first;
	e->first = c;
	e->connections++;
	e->open++;
	uv_tcp_init(e->loop, &c->tcp);
	uv_timer_init(e->loop, &c->timer);
	c->tcp.data = c->timer.data = c;
	c->handles = 2;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0) {
		conn_close(c, false);
		return;
	}
	uv_tcp_nodelay(&c->tcp, 1);
	uv_read_start((uv_stream_t *)&c->tcp, on_conn_alloc, on_conn_read);
}

struct evil *evil_new(uv_loop_t *loop, evil_script script, void *arg)
{
	struct evil *e = mem_zero(1, sizeof(*e));
	struct sockaddr_in a;
	int n = sizeof(a);
	e->loop = loop;
	e->script = script;
	e->arg = arg;
	uv_tcp_init(loop, &e->listener);
	e->listener.data = e;
	uv_ip4_addr("127.0.0.1", 0, &a);
	uv_tcp_bind(&e->listener, (struct sockaddr *)&a, 0);
	if (uv_listen((uv_stream_t *)&e->listener, 128, on_connection) != 0)
		abort();
	uv_tcp_getsockname(&e->listener, (struct sockaddr *)&a, &n);
	e->port = ntohs(a.sin_port);
	return e;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct evil *e = handle->data;
	e->listener_closed = true;
	evil_gone(e);
}

void evil_close(struct evil *e, void (*closed)(void *arg), void *arg)
{
	e->closing = true;
	e->closed = closed;
	e->closed_arg = arg;
	for (struct evil_conn *c = e->first; c; c = c->next)
		conn_close(c, false);
	uv_close((uv_handle_t *)&e->listener, on_listener_closed);
}

int evil_port(const struct evil *e)
{
	return e->port;
}

char *evil_url(const struct evil *e, const char *path, char out[EVIL_URL])
{
	snprintf(out, EVIL_URL, "http://127.0.0.1:%d%s", e->port, path);
	return out;
}

unsigned evil_requests(const struct evil *e)
{
	return e->requests;
}

unsigned evil_connections(const struct evil *e)
{
	return e->connections;
}

unsigned evil_open(const struct evil *e)
{
	return e->open;
}

unsigned evil_left(const struct evil *e)
{
	return e->left;
}

/* A thread around it. */

struct evil_thread {
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t stop;
	struct evil *evil;
};

static void on_thread_stop(uv_async_t *stop)
{
	struct evil_thread *t = stop->data;
	evil_close(t->evil, NULL, NULL);
	uv_close((uv_handle_t *)stop, NULL);
}

static void thread_run(void *arg)
{
	struct evil_thread *t = arg;
	uv_run(&t->loop, UV_RUN_DEFAULT);
}

struct evil_thread *evil_thread_start(evil_script script, void *arg)
{
	struct evil_thread *t = mem_zero(1, sizeof(*t));
	uv_loop_init(&t->loop);
	uv_async_init(&t->loop, &t->stop, on_thread_stop);
	t->stop.data = t;
	t->evil = evil_new(&t->loop, script, arg);
	uv_thread_create(&t->thread, thread_run, t);
	return t;
}

const struct evil *evil_thread_server(const struct evil_thread *t)
{
	return t->evil;
}

void evil_thread_stop(struct evil_thread *t)
{
	uv_async_send(&t->stop);
	uv_thread_join(&t->thread);
	uv_loop_close(&t->loop);
	free(t);
}
