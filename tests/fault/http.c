/* The client against a hostile server: every fault ends in one on_done with
 * its fault and its sentence, and the loop closes clean. */
#include "sources/http.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/fault/evil.c"
#include "tests/fault/evil_tls.c"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

#define SECOND ((time_ms)1000)
#define PATIENCE (30 * SECOND)
#define MB 1000000

/* A loop with a server and a client in it. */
struct rig {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct evil *evil;
	struct http *http;
	bool http_gone;
};

/* One request and what became of it. */
struct get {
	struct rig *rig;
	struct http_request *r;  /* NULL once done */
	struct http_result res;
	unsigned done, data_calls;
	struct buf body;
	size_t pause_at, cancel_at, refuse_at, close_at; /* body bytes, 0: no */
	bool cancelled;
	const struct evil *outlive; /* our loop stands still until its
				       connections are closed */
};

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("the loop hangs");
}

static void rig_init(struct rig *rig, const struct http_options *o,
		     evil_script script)
{
	memset(rig, 0, sizeof(*rig));
	assert_int_equal(uv_loop_init(&rig->loop), 0);
	uv_timer_init(&rig->loop, &rig->watchdog);
	uv_timer_start(&rig->watchdog, on_watchdog, 60000, 0);
	uv_unref((uv_handle_t *)&rig->watchdog);
	rig->evil = evil_new(&rig->loop, script, NULL);
	rig->http = http_new(&rig->loop, o ? o : &(struct http_options){ 0 });
}

static void on_http_closed(void *arg)
{
	struct rig *rig = arg;
	rig->http_gone = true;
}

static void rig_release(struct rig *rig)
{
	if (rig->http)
		http_close(rig->http, on_http_closed, rig);
	while (!rig->http_gone)
		uv_run(&rig->loop, UV_RUN_ONCE);
	evil_close(rig->evil, NULL, NULL);
	uv_close((uv_handle_t *)&rig->watchdog, NULL);
	uv_run(&rig->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&rig->loop), 0);
}

static void rig_close_http(struct rig *rig)
{
	http_close(rig->http, on_http_closed, rig);
	rig->http = NULL;
}

static bool on_data(struct http_request *r, const char *bytes, size_t n,
		    void *arg)
{
	struct get *g = arg;
	assert_ptr_equal(r, g->r);
	assert_false(g->cancelled);
	assert_true(http_status(r) >= 200);
	g->data_calls++;
	buf_add(&g->body, bytes, n);
	while (g->outlive && evil_open(g->outlive))
		usleep(1000);
	if (g->pause_at && g->body.len >= g->pause_at) {
		http_pause(r, true);
		g->pause_at = 0;
	}
	if (g->cancel_at && g->body.len >= g->cancel_at) {
		http_cancel(r);
		g->cancelled = true;
	}
	if (g->close_at && g->body.len >= g->close_at) {
		rig_close_http(g->rig);
		g->cancelled = true;
	}
	return !g->refuse_at || g->body.len < g->refuse_at;
}

static void on_done(struct http_request *r, const struct http_result *res,
		    void *arg)
{
	struct get *g = arg;
	(void)r;
	g->done++;
	g->r = NULL;
	g->res = *res;
}

static void start_url(struct rig *rig, struct get *g, const char *url,
		      const char *form, time_ms timeout, size_t max_body)
{
	memset(g, 0, sizeof(*g));
	buf_init(&g->body, 0);
	g->rig = rig;
	g->r = http_start(rig->http, &(struct http_ask){
		.url = url, .body = form, .timeout = timeout,
		.max_body = max_body, .on_data = on_data, .on_done = on_done,
		.arg = g });
	assert_non_null(g->r);
	assert_int_equal(g->done, 0);
}

static void start(struct rig *rig, struct get *g, const char *path)
{
	char url[EVIL_URL];
	start_url(rig, g, evil_url(rig->evil, path, url), NULL, PATIENCE, 0);
}

static void turn(struct rig *rig)
{
	uv_run(&rig->loop, UV_RUN_ONCE);
}

static void finish_get(struct get *g)
{
	while (!g->done)
		turn(g->rig);
	assert_int_equal(g->done, 1);
}

static void get_release(struct get *g)
{
	buf_release(&g->body);
}

static void get(struct rig *rig, struct get *g, const char *path)
{
	start(rig, g, path);
	finish_get(g);
}

static bool contains(const char *text, const char *words)
{
	return strstr(text, words) != NULL;
}

/* Faults and their sentences. */

static const struct fault_row {
	const char *path;
	enum fault fault;
	const char *words;
	size_t max_body;
} fault_rows[] = {
	{ "/nothing", FAULT_NETWORK, "closed without an answer", 0 },
	{ "/rst-early", FAULT_NETWORK, "connection reset", 0 },
	{ "/rst", FAULT_NETWORK, "connection reset (6B of 1.0kB came)", 0 },
	{ "/truncated", FAULT_NETWORK, "cut short (6B of 1.0kB came)", 0 },
	{ "/chunk-cut", FAULT_NETWORK, "cut short (7B came)", 0 },
	{ "/chunk-bad", FAULT_BAD_ANSWER, "chunks", 0 },
	{ "/gzip-bad", FAULT_BAD_ANSWER, "broken compression", 0 },
	{ "/not-http", FAULT_NOT_API, "not an HTTP server", 0 },
	{ "/head-bad", FAULT_BAD_ANSWER, "broken HTTP answer", 0 },
	{ "/headers", FAULT_TOO_BIG, "head too big", 0 },
	{ "/header-line", FAULT_TOO_BIG, "head too big", 0 },
	{ "/continue", FAULT_TOO_BIG, "head too big", 0 },
	{ "/endless", FAULT_TOO_BIG, "answer too big (over 1.0MB)", MB },
	{ "/huge", FAULT_TOO_BIG, "answer too big (over 1.0MB)", MB },
	{ "/bomb", FAULT_TOO_BIG, "answer too big (over 1.0MB)", MB },
};
#define FAULT_ROWS (sizeof(fault_rows) / sizeof(fault_rows[0]))

static void check_sentence(const struct get *g, enum fault fault,
			   const char *words, const char *where)
{
	const char *text = g->res.text;
	if (g->res.fault != fault || !contains(text, words))
		fail_msg("fault %d, \"%s\" for \"%s\"", g->res.fault, text,
			 words);
	assert_true(strlen(text) <= LIMIT_SENTENCE);
	assert_true(text_is_clean(text));
	assert_true(contains(text, where));
	assert_true(contains(text, "; "));
	assert_false(contains(text, "s3cret"));
}

static void start_with_user(struct rig *rig, struct get *g, const char *path,
			    time_ms timeout, size_t max_body)
{
	char url[EVIL_URL];
	snprintf(url, sizeof(url), "http://u:s3cret@127.0.0.1:%d%s",
		 evil_port(rig->evil), path);
	start_url(rig, g, url, NULL, timeout, max_body);
}

static void a_slow_answer_ends_at_the_deadline(void **state)
{
	static const struct { const char *path, *words; } rows[] = {
		{ "/hang", "no answer within 1s:" },
		{ "/slow-head?ms=100", "no answer within 1s:" },
		{ "/slow", "answer not whole within 1s:" },
	};
	struct rig rig;
	struct get g[3];
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (size_t i = 0; i < 3; i++)
		start_with_user(&rig, &g[i], rows[i].path, SECOND, 0);
	for (size_t i = 0; i < 3; i++) {
		finish_get(&g[i]);
		check_sentence(&g[i], FAULT_TIMEOUT, rows[i].words,
			       "http://127.0.0.1:");
		get_release(&g[i]);
	}
	rig_release(&rig);
}

static void every_fault_is_told_once_and_in_its_own_words(void **state)
{
	struct rig rig;
	struct get g[FAULT_ROWS];
	char where[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	evil_url(rig.evil, "", where);
	for (size_t i = 0; i < FAULT_ROWS; i++)
		start_with_user(&rig, &g[i], fault_rows[i].path, PATIENCE,
				fault_rows[i].max_body);
	assert_int_equal(http_in_flight(rig.http), FAULT_ROWS);
	for (size_t i = 0; i < FAULT_ROWS; i++) {
		finish_get(&g[i]);
		check_sentence(&g[i], fault_rows[i].fault, fault_rows[i].words,
			       where);
		assert_true(g[i].res.body_bytes == g[i].body.len);
		get_release(&g[i]);
	}
	assert_int_equal(http_in_flight(rig.http), 0);
	rig_release(&rig);
	for (size_t i = 0; i < FAULT_ROWS; i++)
		assert_int_equal(g[i].done, 1);
}

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	getsockname(fd, (struct sockaddr *)&a, &n);
	close(fd);
	return ntohs(a.sin_port);
}

static void check_url(const char *url, enum fault fault, const char *words,
		      const char *where)
{
	struct rig rig;
	struct get g;
	rig_init(&rig, NULL, NULL);
	start_url(&rig, &g, url, NULL, PATIENCE, 0);
	finish_get(&g);
	check_sentence(&g, fault, words, where);
	assert_int_equal(g.res.status, 0);
	get_release(&g);
	rig_release(&rig);
}

static void a_server_that_is_down_reads_as_refused(void **state)
{
	char url[EVIL_URL], where[EVIL_URL];
	int port = free_port();
	(void)state;
	snprintf(url, sizeof(url), "http://u:s3cret@127.0.0.1:%d/x", port);
	snprintf(where, sizeof(where), "http://127.0.0.1:%d;", port);
	check_url(url, FAULT_REFUSED, "connection refused", where);
}

static void a_misspelt_host_reads_as_name_not_found(void **state)
{
	/* A label of 70 letters: refused by the resolver itself, so that no
	 * network is needed. */
	(void)state;
	check_url("http://u:s3cret@aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeee"
		  "eeeeeeffffffffffgggggggggg.invalid:9/x",
		  FAULT_NAME, "host name not found", "http://aaaaaaaaaabbb");
}

/* A socket that listens and never accepts. Returns it. */
static int deaf_server(int backlog, struct sockaddr_in *a)
{
	socklen_t n = sizeof(*a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	*a = (struct sockaddr_in){ .sin_family = AF_INET };
	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)a, n), 0);
	assert_int_equal(listen(fd, backlog), 0);
	getsockname(fd, (struct sockaddr *)a, &n);
	return fd;
}

static void check_deaf(const char *scheme, const struct sockaddr_in *a,
		       const char *words)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	rig_init(&rig, NULL, NULL);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%d/x", scheme,
		 ntohs(a->sin_port));
	start_url(&rig, &g, url, NULL, 300, 0);
	finish_get(&g);
	check_sentence(&g, FAULT_TIMEOUT, words, scheme);
	rig_release(&rig);
}

static void how_far_it_came_before_the_deadline_is_told(void **state)
{
	struct sockaddr_in a;
	int filler[8], fd;
	(void)state;
	fd = deaf_server(8, &a);
	check_deaf("http", &a, "no answer within 300ms");
	check_deaf("https", &a, "no TLS handshake within 300ms");
	close(fd);
	/* A full backlog answers no SYN any more. */
	fd = deaf_server(0, &a);
	for (int i = 0; i < 8; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	check_deaf("http", &a, "no connection within 300ms");
	check_deaf("https", &a, "no connection within 300ms");
	for (int i = 0; i < 8; i++)
		close(filler[i]);
	close(fd);
}

static void check_part(const struct sockaddr_in *a, time_ms connect,
		       time_ms answer, const char *words)
{
	struct rig rig;
	struct get g = { 0 };
	char url[EVIL_URL];
	rig_init(&rig, NULL, NULL);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", ntohs(a->sin_port));
	g.rig = &rig;
	buf_init(&g.body, 0);
	g.r = http_start(rig.http, &(struct http_ask){
		.url = url, .timeout = PATIENCE, .connect_timeout = connect,
		.answer_timeout = answer, .on_data = on_data,
		.on_done = on_done, .arg = &g });
	finish_get(&g);
	check_sentence(&g, FAULT_TIMEOUT, words, "http");
	get_release(&g);
	rig_release(&rig);
}

/* Where others are left to ask, nobody is waited for to the end. */
static void parts_of_a_request_have_their_own_deadlines(void **state)
{
	struct sockaddr_in a;
	int filler[8], fd;
	(void)state;
	fd = deaf_server(8, &a);
	check_part(&a, 2000, 200, "no answer within 200ms");
	close(fd);
	fd = deaf_server(0, &a);
	for (int i = 0; i < 8; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	/* The time for an answer begins with the connection. */
	check_part(&a, 300, 50, "no connection within 300ms");
	for (int i = 0; i < 8; i++)
		close(filler[i]);
	close(fd);
}

static void an_answer_that_began_may_take_its_time(void **state)
{
	struct rig rig;
	struct get g = { 0 };
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	g.rig = &rig;
	buf_init(&g.body, 0);
	g.r = http_start(rig.http, &(struct http_ask){
		.url = evil_url(rig.evil, "/slow?ms=1", url),
		.timeout = PATIENCE, .answer_timeout = 200,
		.on_data = on_data, .on_done = on_done, .arg = &g });
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_NONE);
	assert_true(g.res.took_us > 200000);
	get_release(&g);
	rig_release(&rig);
}

/* A DNS server that does not answer, without one: this getaddrinfo stands
 * before libc's for all of the program. */
static sem_t dns_answers;
static atomic_uint dns_asked, dns_done;

int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **out)
{
	if (strcmp(name, "blackhole.invalid") == 0) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += 20;
		dns_asked++;
		sem_timedwait(&dns_answers, &until);
		dns_done++;
		return EAI_AGAIN;
	}
	int (*libc)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	*(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
	return libc(name, service, hints, out);
}

static void start_blackhole(struct rig *rig, struct get *g, time_ms timeout)
{
	unsigned asked = dns_asked;
	start_url(rig, g, "http://blackhole.invalid/x", NULL, timeout, 0);
	while (dns_asked == asked && !g->done)
		turn(rig);
}

static void a_dead_dns_server_does_not_freeze_the_screen(void **state)
{
	struct rig rig;
	struct get g, other;
	(void)state;
	sem_init(&dns_answers, 0, 0);
	rig_init(&rig, NULL, NULL);
	start_blackhole(&rig, &g, 300);
	get(&rig, &other, "/ok");
	assert_int_equal(other.res.fault, FAULT_NONE);
	get_release(&other);
	finish_get(&g);
	check_sentence(&g, FAULT_TIMEOUT, "name lookup not answered within "
		       "300ms", "http://blackhole.invalid;");
	start_blackhole(&rig, &g, PATIENCE);
	http_cancel(g.r);
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	start_blackhole(&rig, &g, PATIENCE);
	rig_release(&rig); /* quits while it waits */
	assert_int_equal(g.done, 1);
	assert_int_equal(dns_asked, 3);
	assert_int_equal(dns_done, 0);
	for (int i = 0; i < 3; i++)
		sem_post(&dns_answers);
	while (dns_done < 3)
		usleep(1000);
}

static void an_address_that_is_none_ends_in_a_sentence(void **state)
{
	(void)state;
	check_url("prom:9090", FAULT_NAME, "not an http(s) URL", "prom:9090");
	check_url("ftp://u:s3cret@prom/", FAULT_NAME, "not an http(s) URL",
		  "ftp://prom");
	check_url("file:///etc/passwd", FAULT_NAME, "not an http(s) URL", "");
	check_url("http://u:s3cret%0a@prom/", FAULT_NAME, "not an http(s) URL",
		  "http://prom");
	check_url("", FAULT_NAME, "not an http(s) URL", "");
}

static void check_certificate(enum evil_cert kind, enum fault fault,
			      const char *words)
{
	char ca[] = "/tmp/redtop-ca-XXXXXX", url[EVIL_URL];
	struct rig rig;
	struct get g;
	close(mkstemp(ca));
	struct evil_tls *t = evil_tls_start(kind, ca);
	rig_init(&rig, &(struct http_options){ .ca_file = ca }, NULL);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/x", evil_tls_port(t));
	start_url(&rig, &g, url, NULL, PATIENCE, 0);
	finish_get(&g);
	if (fault == FAULT_NONE) {
		assert_int_equal(g.res.fault, FAULT_NONE);
		assert_string_equal(buf_text(&g.body), "{}");
	} else {
		check_sentence(&g, fault, words, "https://127.0.0.1:");
	}
	get_release(&g);
	rig_release(&rig);
	evil_tls_stop(t);
	unlink(ca);
}

static void a_bad_certificate_says_what_is_wrong(void **state)
{
	(void)state;
	check_certificate(CERT_GOOD, FAULT_NONE, "");
	check_certificate(CERT_EXPIRED_YESTERDAY, FAULT_TLS, "expired");
	check_certificate(CERT_FROM_TOMORROW, FAULT_TLS, "not valid yet");
	check_certificate(CERT_OF_ANOTHER_HOST, FAULT_TLS, "another host");
	check_certificate(CERT_OF_ANOTHER_CA, FAULT_TLS, "unknown CA");
	check_certificate(CERT_OF_ITSELF, FAULT_TLS, "signed by itself");
	check_certificate(CERT_GOOD_BUT_TLS_1_1, FAULT_TLS, "older than 1.2");
}

static void https_on_a_plain_port_says_try_http(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/",
		 evil_port(rig.evil));
	start_url(&rig, &g, url, NULL, PATIENCE, 0);
	finish_get(&g);
	check_sentence(&g, FAULT_TLS, "try http://", "https://127.0.0.1:");
	get_release(&g);
	rig_release(&rig);
}

static void a_missing_ca_file_is_named(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, &(struct http_options){ .ca_file = "/nonexistent/ca" },
		 NULL);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/",
		 evil_port(rig.evil));
	start_url(&rig, &g, url, NULL, PATIENCE, 0);
	finish_get(&g);
	check_sentence(&g, FAULT_TLS, "CA file cannot be read", "https://");
	get_release(&g);
	rig_release(&rig);
}

/* Answers. */

static void an_answer_of_any_status_comes_whole(void **state)
{
	static const int codes[] = { 200, 204, 400, 403, 404, 422, 429, 500,
				     502, 503, 504 };
	struct rig rig;
	struct get g;
	char path[64];
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(path, sizeof(path), "/status?code=%d", codes[i]);
		get(&rig, &g, path);
		assert_int_equal(g.res.fault, FAULT_NONE);
		assert_string_equal(g.res.text, "");
		assert_int_equal(g.res.status, codes[i]);
		assert_string_equal(g.res.content_type,
				    "text/html; charset=utf-8");
		if (codes[i] != 204)
			assert_true(contains(buf_text(&g.body), "<title>"));
		get_release(&g);
	}
	get(&rig, &g, "/empty");
	assert_int_equal(g.res.status, 200);
	assert_int_equal(g.data_calls, 0);
	get_release(&g);
	rig_release(&rig);
}

static void a_redirect_is_shown_and_never_followed(void **state)
{
	static const int codes[] = { 301, 302, 303, 307, 308 };
	struct rig rig;
	struct get g;
	char path[64], url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		snprintf(path, sizeof(path), "/redirect?code=%d", codes[i]);
		start_url(&rig, &g, evil_url(rig.evil, path, url), "query=up",
			  PATIENCE, 0);
		finish_get(&g);
		assert_int_equal(g.res.fault, FAULT_NONE);
		assert_int_equal(g.res.status, codes[i]);
		assert_string_equal(g.res.location, "/ok");
		get_release(&g);
	}
	get(&rig, &g, "/redirect-login");
	assert_string_equal(g.res.location,
			    "https://sso.example/login?next=%2F");
	get_release(&g);
	assert_int_equal(evil_requests(rig.evil), 6);
	rig_release(&rig);
}

static void the_head_is_read_and_harmless(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	get(&rig, &g, "/auth");
	assert_int_equal(g.res.status, 401);
	assert_string_equal(g.res.www_authenticate, "Basic realm=\"shop\"");
	assert_string_equal(buf_text(&g.body), "Unauthorized\n");
	get_release(&g);
	get(&rig, &g, "/type");
	assert_string_equal(g.res.content_type, "image/png\\x1b]0;pwned\\x07");
	get_release(&g);
	get(&rig, &g, "/date?is=Wed,+21+Oct+2015+07:28:00+GMT");
	assert_true(g.res.date == 1445412480 * SECOND);
	get_release(&g);
	get(&rig, &g, "/date?is=banana");
	assert_true(g.res.date == TIME_NONE);
	get_release(&g);
	get(&rig, &g, "/ok");
	assert_true(g.res.date == TIME_NONE);
	assert_true(g.res.retry_after == -1);
	get_release(&g);
	rig_release(&rig);
}

static void waiting_as_long_as_the_server_says_has_an_end(void **state)
{
	static const struct { const char *after; time_ms want; } rows[] = {
		{ "120", 120 * SECOND }, { "0", 0 },
		{ "1000000000", 600 * SECOND },
		{ "99999999999999999999999", 600 * SECOND },
		{ "banana", -1 }, { "-5", -1 }, { "1.5", -1 }, { "", -1 },
		{ "12+s", -1 }, { "Fri", -1 }, { "2015", 600 * SECOND },
		{ "Wed,+21+Oct+2015+07:28:00+GMT", 0 },
		{ "Fri,+21+Oct+2095+07:28:00+GMT", 600 * SECOND },
	};
	struct rig rig;
	struct get g;
	char path[128];
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(path, sizeof(path), "/retry?after=%s", rows[i].after);
		get(&rig, &g, path);
		assert_int_equal(g.res.status, 429);
		if (g.res.retry_after != rows[i].want)
			fail_msg("'%s': %lld", rows[i].after,
				 (long long)g.res.retry_after);
		get_release(&g);
	}
	rig_release(&rig);
}

static void a_date_to_retry_at(const struct evil_ask *a,
			       struct evil_answer *out, void *arg)
{
	(void)a;
	(void)arg;
	out->status = 503;
	buf_str(&out->head, "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\n"
		"Retry-After: Wed, 21 Oct 2015 07:29:30 GMT\r\n");
}

static void a_clock_that_is_off_does_not_change_the_wait(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, a_date_to_retry_at);
	get(&rig, &g, "/");
	assert_int_equal(g.res.retry_after, 90 * SECOND);
	get_release(&g);
	rig_release(&rig);
}

static void a_query_arrives_as_it_was_asked(void **state)
{
	struct rig rig;
	struct get g;
	struct buf form;
	char url[EVIL_URL];
	(void)state;
	buf_init(&form, 0);
	buf_str(&form, "query=");
	while (form.len < 200000)
		http_encode(&form, "sum by (le) (rate(x{a=\"b+c&d\"}[5m]))");
	rig_init(&rig, NULL, NULL);
	start_url(&rig, &g, evil_url(rig.evil, "/echo?a=%2B", url),
		  buf_text(&form), PATIENCE, 0);
	finish_get(&g);
	assert_true(contains(buf_text(&g.body),
			     "POST /echo?a=%2B HTTP/1.1\r\n"));
	assert_true(contains(buf_text(&g.body), "Content-Type: application/"
			     "x-www-form-urlencoded\r\n"));
	assert_true(contains(buf_text(&g.body), buf_text(&form)));
	assert_false(contains(buf_text(&g.body), "Expect:"));
	assert_true(contains(buf_text(&g.body), "User-Agent: redtop/"));
	assert_false(contains(buf_text(&g.body), "Authorization:"));
	get_release(&g);
	buf_release(&form);
	rig_release(&rig);
}

static void a_password_in_the_address_is_used(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	snprintf(url, sizeof(url), "http://u%%40x:p%%3Aw@127.0.0.1:%d/echo",
		 evil_port(rig.evil));
	start_url(&rig, &g, url, NULL, PATIENCE, 0);
	finish_get(&g);
	/* u@x:p:w */
	assert_true(contains(buf_text(&g.body),
			     "Authorization: Basic dUB4OnA6dw==\r\n"));
	get_release(&g);
	rig_release(&rig);
}

static void a_compressed_answer_is_read_asked_for_or_not(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	for (int compress = 0; compress < 2; compress++) {
		rig_init(&rig, &(struct http_options){ .compress = compress },
			 NULL);
		get(&rig, &g, "/gzip");
		assert_string_equal(buf_text(&g.body),
				    "{\"status\":\"success\",\"data\":{}}");
		assert_true(g.res.body_bytes == g.body.len);
		get_release(&g);
		get(&rig, &g, "/echo");
		assert_true(contains(buf_text(&g.body),
				     "Accept-Encoding: gzip\r\n") == compress);
		get_release(&g);
		rig_release(&rig);
	}
}

static long peak_kb(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void an_endless_answer_leaves_the_memory_alone(void **state)
{
	static const char *const paths[] = { "/bomb", "/endless", "/huge",
					     "/headers", "/header-line" };
	struct rig rig;
	struct get g;
	(void)state;
	long before = peak_kb();
	rig_init(&rig, NULL, NULL);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char url[EVIL_URL];
		start_url(&rig, &g, evil_url(rig.evil, paths[i], url), NULL,
			  PATIENCE, 4000000);
		finish_get(&g);
		assert_int_equal(g.res.fault, FAULT_TOO_BIG);
		assert_true(g.body.len <= 4000000);
		get_release(&g);
	}
	rig_release(&rig);
	assert_true(peak_kb() - before < 64 * 1024);
}

static void a_reader_that_has_enough_ends_the_transfer(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	start(&rig, &g, "/endless");
	g.refuse_at = 100000;
	finish_get(&g);
	check_sentence(&g, FAULT_TOO_BIG, "answer too big to keep", "http://");
	assert_true(g.body.len < 100000 + 20000);
	get_release(&g);
	rig_release(&rig);
}

/* Connections. */

static void one_connection_carries_a_whole_dashboard(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (int i = 0; i < 24; i++) {
		get(&rig, &g, "/ok");
		assert_int_equal(g.res.status, 200);
		assert_true(g.res.reused == (i > 0));
		assert_true((g.res.connect_us > 0) == (i == 0));
		assert_true(g.res.took_us > 0);
		assert_true(g.res.wire_bytes > g.res.body_bytes);
		get_release(&g);
	}
	assert_int_equal(evil_requests(rig.evil), 24);
	assert_int_equal(evil_connections(rig.evil), 1);
	rig_release(&rig);
}

static void a_hanging_question_holds_up_no_other(void **state)
{
	struct rig rig;
	struct get hang[8], g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (int i = 0; i < 8; i++)
		start(&rig, &hang[i], "/hang");
	for (int i = 0; i < 20; i++) {
		get(&rig, &g, "/ok");
		assert_int_equal(g.res.fault, FAULT_NONE);
		get_release(&g);
	}
	assert_int_equal(http_in_flight(rig.http), 8);
	rig_release(&rig);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(hang[i].done, 1);
		assert_int_equal(hang[i].res.fault, FAULT_CANCELLED);
	}
}

static void a_dead_connection_in_the_pool_is_no_outage(void **state)
{
	struct rig rig;
	struct get g, several[8];
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (int i = 0; i < 6; i++) {
		start_url(&rig, &g, evil_url(rig.evil, "/die", url),
			  i % 2 ? "query=up" : NULL, PATIENCE, 0);
		finish_get(&g);
		assert_int_equal(g.res.fault, FAULT_NONE);
		assert_int_equal(g.res.status, 200);
		get_release(&g);
	}
	for (int i = 0; i < 8; i++)
		start(&rig, &several[i], "/delay");
	for (int i = 0; i < 8; i++) {
		finish_get(&several[i]);
		get_release(&several[i]);
	}
	get(&rig, &g, "/die"); /* all that wait are dead */
	assert_int_equal(g.res.status, 200);
	get_release(&g);
	for (int i = 0; i < 3; i++) {
		get(&rig, &g, "/keep-close");
		assert_int_equal(g.res.status, 200);
		get_release(&g);
	}
	rig_release(&rig);
}

static void proxied(const struct evil_ask *a, struct evil_answer *out,
		    void *arg)
{
	(void)arg;
	out->behave = strncmp(a->path, "http://", 7) == 0 ? "/echo" : "/ok";
}

static void the_proxy_is_for_others_than_this_machine(void **state)
{
	struct rig rig;
	struct get g;
	char proxy[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, proxied);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
		 evil_port(rig.evil));
	setenv("http_proxy", proxy, 1);
	setenv("https_proxy", proxy, 1);
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	start_url(&rig, &g, "http://u:s3cret@shop.invalid/x", NULL, PATIENCE,
		  0);
	finish_get(&g);
	assert_int_equal(g.res.status, 200);
	assert_true(contains(buf_text(&g.body), "GET http://shop.invalid/x "));
	get_release(&g);
	get(&rig, &g, "/echo");
	assert_string_equal(buf_text(&g.body),
			    "{\"status\":\"success\",\"data\":{}}");
	get_release(&g);
	rig_release(&rig);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", free_port());
	setenv("http_proxy", proxy, 1);
	rig_init(&rig, NULL, NULL);
	get(&rig, &g, "/ok");
	assert_int_equal(g.res.status, 200);
	get_release(&g);
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	rig_release(&rig);
}

static void a_proxy_that_refuses_is_named(void **state)
{
	struct rig rig;
	struct get g;
	char proxy[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d",
		 evil_port(rig.evil));
	setenv("https_proxy", proxy, 1);
	start_url(&rig, &g, "https://shop.invalid/x", NULL, PATIENCE, 0);
	finish_get(&g);
	check_sentence(&g, FAULT_NETWORK, "proxy", "https://shop.invalid");
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%d", free_port());
	setenv("https_proxy", proxy, 1);
	start_url(&rig, &g, "https://shop.invalid/x", NULL, PATIENCE, 0);
	finish_get(&g);
	check_sentence(&g, FAULT_REFUSED, "refused (proxy 127.0.0.1)",
		       "https://shop.invalid;");
	unsetenv("https_proxy");
	rig_release(&rig);
}

static void much_then_reset(const struct evil_ask *a, struct evil_answer *out,
			    void *arg)
{
	(void)a;
	(void)arg;
	buf_str(&out->raw, "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n");
	while (out->raw.len < 60000)
		buf_char(&out->raw, 'x');
	out->status = 200;
	out->after = EVIL_RESET;
}

static void a_reset_behind_unread_bytes_is_seen_at_once(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	struct evil_thread *t = evil_thread_start(much_then_reset, NULL);
	const struct evil *e = evil_thread_server(t);
	rig_init(&rig, NULL, NULL);
	start_url(&rig, &g, evil_url(e, "/", url), NULL, PATIENCE, 0);
	g.outlive = e;
	finish_get(&g);
	check_sentence(&g, FAULT_NETWORK, "connection reset (", "http://");
	get_release(&g);
	rig_release(&rig);
	evil_thread_stop(t);
}

/* Pausing. */

#define BIG 3000000

static char big_letter(int i)
{
	return (char)('a' + (i % 26 * 7 + i / 1000) % 26);
}

static void big_body(const struct evil_ask *a, struct evil_answer *out,
		     void *arg)
{
	(void)arg;
	out->status = 200;
	out->gzip = contains(a->path, "gzip");
	out->chunked = contains(a->path, "chunked");
	for (int i = 0; i < BIG; i++)
		buf_char(&out->body, big_letter(i));
}

static void check_paused(struct rig *rig, const char *path)
{
	struct get g;
	start(rig, &g, path);
	for (unsigned rounds = 0; rounds < 20; rounds++) {
		g.pause_at = g.body.len + 100000;
		while (g.pause_at && !g.done)
			turn(rig);
		unsigned calls = g.data_calls;
		for (int i = 0; i < 5 && !g.done; i++) {
			uv_run(&rig->loop, UV_RUN_NOWAIT);
			assert_int_equal(g.data_calls, calls);
		}
		if (!g.done)
			http_pause(g.r, false);
	}
	g.pause_at = 0;
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_NONE);
	assert_int_equal(g.body.len, BIG);
	for (int i = 0; i < BIG; i += 997)
		assert_int_equal(g.body.s[i], big_letter(i));
	get_release(&g);
}

static void a_slow_decoder_loses_no_byte(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig, NULL, big_body);
	check_paused(&rig, "/plain");
	check_paused(&rig, "/chunked");
	check_paused(&rig, "/gzip");
	check_paused(&rig, "/gzip-chunked");
	rig_release(&rig);
}

static void a_paused_answer_still_ends(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	rig_init(&rig, NULL, NULL);
	start_url(&rig, &g, evil_url(rig.evil, "/endless", url), NULL, 300, 0);
	g.pause_at = 1;
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_TIMEOUT);
	get_release(&g);
	start(&rig, &g, "/endless");
	g.pause_at = 1;
	while (g.pause_at)
		turn(&rig);
	http_cancel(g.r);
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	get_release(&g);
	/* The ceiling is met while resuming. */
	start_url(&rig, &g, evil_url(rig.evil, "/bomb", url), NULL, PATIENCE,
		  40000);
	g.pause_at = 1;
	while (g.pause_at)
		turn(&rig);
	turn(&rig);
	http_pause(g.r, false);
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_TOO_BIG);
	get_release(&g);
	rig_release(&rig);
}

/* Ending early. */

static void cancelling_tells_the_server_to_stop(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	start(&rig, &g, "/hang");
	while (!evil_requests(rig.evil))
		turn(&rig);
	http_cancel(g.r);
	assert_int_equal(g.done, 0);
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	while (!evil_left(rig.evil))
		turn(&rig);
	rig_release(&rig);
}

static void nothing_comes_after_a_cancel(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, big_body);
	start(&rig, &g, "/gzip");
	g.cancel_at = 1;
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	assert_int_equal(g.data_calls, 1);
	get_release(&g);
	start(&rig, &g, "/plain"); /* before it began */
	http_cancel(g.r);
	http_cancel(g.r);
	g.cancelled = true;
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	rig_release(&rig);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16 & 0x7fff;
}

static void on_pause_over(uv_timer_t *timer)
{
	(void)timer;
}

/* Lets the loop run for about so long. */
static void run_for(struct rig *rig, unsigned ms)
{
	uv_timer_t t;
	uv_timer_init(&rig->loop, &t);
	uv_timer_start(&t, on_pause_over, ms, 0);
	while (uv_is_active((uv_handle_t *)&t))
		turn(rig);
	uv_close((uv_handle_t *)&t, NULL);
	uv_run(&rig->loop, UV_RUN_NOWAIT);
}

static const char *const any_path[] = {
	"/ok", "/gzip", "/hang", "/slow?ms=1", "/slow-head?ms=1", "/nothing",
	"/rst", "/rst-early", "/truncated", "/chunk-cut", "/chunk-bad",
	"/endless", "/bomb", "/delay?ms=10", "/die", "/keep-close", "/echo",
	"/headers", "/redirect",
};
#define ANY_PATHS (sizeof(any_path) / sizeof(any_path[0]))
#define STORM 150

static void a_storm_of_cancels_leaves_nothing_behind(void **state)
{
	struct rig rig;
	static struct get g[STORM];
	unsigned seed = 6;
	(void)state;
	rig_init(&rig, NULL, NULL);
	for (int i = 0; i < STORM; i++) {
		char url[EVIL_URL];
		start_url(&rig, &g[i], evil_url(rig.evil,
			  any_path[next_random(&seed) % ANY_PATHS], url),
			  next_random(&seed) % 3 ? NULL : "query=up", PATIENCE,
			  500000);
		for (unsigned turns = next_random(&seed) % 4; turns; turns--)
			uv_run(&rig.loop, UV_RUN_NOWAIT);
		struct get *victim = &g[next_random(&seed) % (unsigned)(i + 1)];
		if (victim->r) {
			http_cancel(victim->r);
			victim->cancelled = true;
		}
	}
	run_for(&rig, 50);
	rig_close_http(&rig);
	for (int i = 0; i < STORM; i++)
		g[i].cancelled |= g[i].r != NULL;
	rig_release(&rig);
	for (int i = 0; i < STORM; i++) {
		assert_int_equal(g[i].done, 1);
		assert_true((g[i].res.fault == FAULT_CANCELLED)
			    == g[i].cancelled);
		get_release(&g[i]);
	}
}

static void quitting_is_clean_whatever_the_server_does(void **state)
{
	struct rig rig;
	struct get g, idle;
	(void)state;
	for (size_t i = 0; i < ANY_PATHS; i++) {
		for (unsigned turns = 0; turns < 8; turns++) {
			rig_init(&rig, NULL, NULL);
			get(&rig, &idle, "/ok");
			start(&rig, &g, any_path[i]);
			for (unsigned t = 0; t < turns; t++)
				uv_run(&rig.loop, UV_RUN_NOWAIT);
			if (turns == 7)
				run_for(&rig, 15);
			rig_close_http(&rig);
			g.cancelled = true;
			rig_release(&rig);
			assert_int_equal(g.done, 1);
			get_release(&g);
			get_release(&idle);
		}
	}
}

static void quitting_within_an_answer_is_clean(void **state)
{
	struct rig rig;
	struct get g;
	(void)state;
	rig_init(&rig, NULL, NULL);
	start(&rig, &g, "/endless");
	g.close_at = 20000;
	finish_get(&g);
	assert_int_equal(g.res.fault, FAULT_CANCELLED);
	get_release(&g);
	rig_release(&rig);
	rig_init(&rig, NULL, NULL); /* and before anything was asked */
	rig_release(&rig);
}

struct chain {
	struct rig *rig;
	unsigned left, done, last_fault;
	bool closes;
	char url[EVIL_URL];
};

static void on_link_done(struct http_request *r, const struct http_result *res,
			 void *arg)
{
	struct chain *c = arg;
	(void)r;
	c->done++;
	c->last_fault = res->fault;
	if (c->left-- == 0)
		return;
	if (c->closes && c->left == 0)
		rig_close_http(c->rig);
	else
		http_start(c->rig->http, &(struct http_ask){
			.url = c->url, .timeout = PATIENCE,
			.on_done = on_link_done, .arg = c });
}

static void one_answer_may_ask_the_next_or_quit(void **state)
{
	struct rig rig;
	(void)state;
	for (int closes = 0; closes < 2; closes++) {
		rig_init(&rig, NULL, NULL);
		struct chain c = { .rig = &rig, .left = 10, .closes = closes };
		evil_url(rig.evil, "/ok", c.url);
		http_start(rig.http, &(struct http_ask){
			.url = c.url, .timeout = PATIENCE,
			.on_done = on_link_done, .arg = &c });
		while (c.done < 10u + !closes)
			turn(&rig);
		assert_int_equal(c.last_fault, FAULT_NONE);
		assert_int_equal(evil_connections(rig.evil), 1);
		rig_release(&rig);
	}
}

static void asking_while_quitting_is_harmless(void **state)
{
	struct rig rig;
	(void)state;
	rig_init(&rig, NULL, NULL);
	struct http *h = rig.http;
	struct chain c = { .rig = &rig, .left = 3 };
	evil_url(rig.evil, "/hang", c.url);
	http_start(h, &(struct http_ask){ .url = c.url, .timeout = PATIENCE,
		   .on_done = on_link_done, .arg = &c });
	run_for(&rig, 5);
	http_close(h, on_http_closed, &rig);
	while (!rig.http_gone)
		turn(&rig);
	assert_int_equal(c.done, 4);
	assert_int_equal(c.last_fault, FAULT_CANCELLED);
	rig.http = NULL;
	rig_release(&rig);
}

static void a_server_in_a_thread_answers_too(void **state)
{
	struct rig rig;
	struct get g;
	char url[EVIL_URL];
	(void)state;
	struct evil_thread *t = evil_thread_start(proxied, NULL);
	const struct evil *e = evil_thread_server(t);
	rig_init(&rig, NULL, NULL);
	start_url(&rig, &g, evil_url(e, "/x", url), "a=b", PATIENCE, 0);
	finish_get(&g);
	assert_int_equal(g.res.status, 200);
	assert_int_equal(evil_requests(e), 1);
	get_release(&g);
	rig_release(&rig);
	evil_thread_stop(t);
}

int main(void)
{
	static const char *const proxies[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		"ALL_PROXY", "no_proxy", "NO_PROXY",
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slow_answer_ends_at_the_deadline),
		cmocka_unit_test(every_fault_is_told_once_and_in_its_own_words),
		cmocka_unit_test(a_server_that_is_down_reads_as_refused),
		cmocka_unit_test(a_misspelt_host_reads_as_name_not_found),
		cmocka_unit_test(how_far_it_came_before_the_deadline_is_told),
		cmocka_unit_test(parts_of_a_request_have_their_own_deadlines),
		cmocka_unit_test(an_answer_that_began_may_take_its_time),
		cmocka_unit_test(a_dead_dns_server_does_not_freeze_the_screen),
		cmocka_unit_test(an_address_that_is_none_ends_in_a_sentence),
		cmocka_unit_test(a_bad_certificate_says_what_is_wrong),
		cmocka_unit_test(https_on_a_plain_port_says_try_http),
		cmocka_unit_test(a_missing_ca_file_is_named),
		cmocka_unit_test(an_answer_of_any_status_comes_whole),
		cmocka_unit_test(a_redirect_is_shown_and_never_followed),
		cmocka_unit_test(the_head_is_read_and_harmless),
		cmocka_unit_test(waiting_as_long_as_the_server_says_has_an_end),
		cmocka_unit_test(a_clock_that_is_off_does_not_change_the_wait),
		cmocka_unit_test(a_query_arrives_as_it_was_asked),
		cmocka_unit_test(a_password_in_the_address_is_used),
		cmocka_unit_test(a_compressed_answer_is_read_asked_for_or_not),
		cmocka_unit_test(an_endless_answer_leaves_the_memory_alone),
		cmocka_unit_test(a_reader_that_has_enough_ends_the_transfer),
		cmocka_unit_test(one_connection_carries_a_whole_dashboard),
		cmocka_unit_test(a_hanging_question_holds_up_no_other),
		cmocka_unit_test(a_dead_connection_in_the_pool_is_no_outage),
		cmocka_unit_test(a_reset_behind_unread_bytes_is_seen_at_once),
		cmocka_unit_test(the_proxy_is_for_others_than_this_machine),
		cmocka_unit_test(a_proxy_that_refuses_is_named),
		cmocka_unit_test(a_slow_decoder_loses_no_byte),
		cmocka_unit_test(a_paused_answer_still_ends),
		cmocka_unit_test(cancelling_tells_the_server_to_stop),
		cmocka_unit_test(nothing_comes_after_a_cancel),
		cmocka_unit_test(a_storm_of_cancels_leaves_nothing_behind),
		cmocka_unit_test(quitting_is_clean_whatever_the_server_does),
		cmocka_unit_test(quitting_within_an_answer_is_clean),
		cmocka_unit_test(one_answer_may_ask_the_next_or_quit),
		cmocka_unit_test(asking_while_quitting_is_harmless),
		cmocka_unit_test(a_server_in_a_thread_answers_too),
	};
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
		unsetenv(proxies[i]);
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
