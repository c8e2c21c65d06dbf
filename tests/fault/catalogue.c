/* Every network fault of the catalogue (docs/faults.md), end to end: `redtop
 * snapshot` of a server that has it, alone and beside a healthy one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/fault/run.h"
#include "tests/fault/shop.h"
#include "tests/fault/evil_tls.c"
#include "sources/http.h"

#include <dlfcn.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/x509.h>
#include <sys/socket.h>

/* ---- lies of the libraries, to redtop within this program --------------- */

int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **out)
{
	if (strcmp(name, "blackhole.invalid") == 0) {
		sleep(RUN_GUARD);
		return EAI_AGAIN;
	}
	if (strcmp(name, "misspelt.invalid") == 0)
		return EAI_NONAME;
	int (*libc)(const char *, const char *, const struct addrinfo *,
		    struct addrinfo **);
	*(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
	return libc(name, service, hints, out);
}

/* The test's CA stands for those of the machine. */
int X509_STORE_load_file(X509_STORE *store, const char *file)
{
	const char *ours = getenv("REDTOP_TEST_CA");
	int (*openssl)(X509_STORE *, const char *);
	*(void **)&openssl = dlsym(RTLD_NEXT, "X509_STORE_load_file");
	return openssl(store, ours ? ours : file);
}

/* ---- one fault ---------------------------------------------------------- */

#define TIMEOUT "2s"
#define TIMEOUT_MS 2000
#define GRACE_MS 3000   /* on a machine with much else to do */

struct fault_case {
	const char *state;      /* NULL: any, but a bounded one */
	int code;               /* of the command when it is alone */
	const char *says[4];    /* parts of the sentence */
	bool within;            /* redtop inside of this program */
	bool warns;             /* says it in warnings, data comes */
};

static void check_cost(const struct run *r)
{
	assert_true(r->ms < TIMEOUT_MS + (RUN_SANITIZED ? 10 : 1) * GRACE_MS);
	assert_true(r->rss_kb > 0);
	/* ASan keeps what was freed. */
	assert_true(r->rss_kb < (RUN_SANITIZED ? 10 : 1) * RUN_RSS_KB);
}

/* One line, short, and no byte that a terminal obeys. */
static void check_sentence(const char *s)
{
	assert_true(strlen(s) <= 300);
	for (; *s; s++)
		assert_true((unsigned char)*s >= ' ' && *s != 0x7f);
}

static bool says(cJSON *source, const struct fault_case *c, const char *part)
{
	cJSON *w;
	if (!c->warns)
		return strstr(json_text(source, "error"), part) != NULL;
	cJSON_ArrayForEach(w, json_get(source, "warnings"))
		if (strstr(cJSON_GetStringValue(w), part))
			return true;
	return false;
}

static void check_source(struct run *r, const struct fault_case *c)
{
	cJSON *s = json_source(r, "prom");
	assert_non_null(s);
	if (getenv("CATALOGUE_PRINT")) {
		char *w = cJSON_PrintUnformatted(json_get(s, "warnings"));
		printf("%ld ms, %ld kB, exit %d, %s: %s %s\n", r->ms, r->rss_kb,
		       r->code, json_text(s, "state"), json_text(s, "error"), w);
		free(w);
		return;
	}
	if (c->state)
		assert_string_equal(json_text(s, "state"), c->state);
	check_sentence(json_text(s, "error"));
	for (size_t i = 0; i < 4 && c->says[i]; i++)
		if (!says(s, c, c->says[i]))
			fail_msg("no '%s' in: %s", c->says[i],
				 cJSON_PrintUnformatted(s));
}

static void check_healthy(struct run *r)
{
	cJSON *e;
	int nr = 0;
	assert_string_equal(json_text(json_source(r, "prom-2"), "state"), "up");
	cJSON_ArrayForEach(e, json_get(r->json, "services"))
		if (strcmp(json_text(e, "source"), "prom-2") == 0) {
			assert_true(cJSON_GetNumberValue(json_get(e, "rate")) > 0);
			nr++;
		}
	assert_int_equal(nr, 3);
}

/* What holds nothing usable carries no rates. */
static void check_no_rates(struct run *r)
{
	cJSON *e;
	cJSON_ArrayForEach(e, json_get(r->json, "services"))
		assert_true(cJSON_IsNull(json_get(e, "rate")));
}

/* The bad one alone, and, at the same time, beside a healthy one. */
static void check_url(const char *url, const struct fault_case *c)
{
	struct shop healthy = { 0 };
	struct run alone = { .within = c->within };
	struct run both = { .within = c->within };
	shop_start(&healthy);
	RUN(&alone, "snapshot", url, "--format", "json", "--timeout", TIMEOUT);
	RUN(&both, "snapshot", url, healthy.url, "--format", "json",
	    "--timeout", TIMEOUT);
	run_start(&alone);
	run_start(&both);
	run_end(&alone);
	run_end(&both);
	assert_non_null(alone.json);
	assert_non_null(both.json);
	check_source(&alone, c);
	check_source(&both, c);
	if (!getenv("CATALOGUE_PRINT") && c->state)
		assert_int_equal(alone.code, c->code);
	assert_int_equal(both.code, 0);
	check_healthy(&both);
	check_cost(&alone);
	check_cost(&both);
	/* What is told on stderr is told there too. */
	if (*json_text(json_source(&alone, "prom"), "error"))
		assert_non_null(strstr(buf_text(&alone.err), json_text(
			json_source(&alone, "prom"), "error")));
	if (c->code)
		check_no_rates(&alone);
	run_free(&alone);
	run_free(&both);
	shop_stop(&healthy);
}

static void check_behaves(const char *path, const struct fault_case *c)
{
	struct shop bad = { .behave = path };
	shop_start(&bad);
	check_url(bad.url, c);
	shop_stop(&bad);
}

static void check_spoiled(shop_spoil spoil, int number, const char *text,
			  const struct fault_case *c)
{
	struct shop bad = { .spoil = spoil, .number = number, .text = text };
	shop_start(&bad);
	check_url(bad.url, c);
	shop_stop(&bad);
}

/* ---- 1-4: names and connections ------------------------------------------ */

static void a_misspelt_name_takes_the_other_sources_along(void **state)
{
	(void)state;
	check_url("http://misspelt.invalid:9090", &(struct fault_case){
		.state = "down", .code = 69, .within = true,
		.says = { "host name not found", "misspelt.invalid:9090",
			  "check the name" } });
}

static void a_dead_dns_server_holds_up_the_command(void **state)
{
	(void)state;
	check_url("http://blackhole.invalid:9090", &(struct fault_case){
		.state = "down", .code = 69, .within = true,
		.says = { "name lookup not answered within",
			  "check this machine's DNS" } });
}

/* A socket that nobody accepts from; its port. */
static int deaf(int backlog, int *fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof(a);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(*fd, (struct sockaddr *)&a, n), 0);
	if (backlog >= 0)
		assert_int_equal(listen(*fd, backlog), 0);
	getsockname(*fd, (struct sockaddr *)&a, &n);
	return ntohs(a.sin_port);
}

static void a_server_that_is_down_is_waited_for(void **state)
{
	char url[64];
	int fd;
	(void)state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", deaf(-1, &fd));
	check_url(url, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "connection refused", "127.0.0.1:",
			  "is it running" } });
	close(fd);
}

/* A full queue drops what knocks, as a firewall does. */
static void a_firewall_that_drops_is_waited_for_for_ever(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	char url[64];
	int fd, filler[8], port = deaf(0, &fd);
	(void)state;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)port);
	for (int i = 0; i < 8; i++) {
		filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC
				   | SOCK_NONBLOCK, 0);
		connect(filler[i], (struct sockaddr *)&a, sizeof(a));
	}
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	check_url(url, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "no connection within", "a firewall drops it" } });
	for (int i = 0; i < 8; i++)
		close(filler[i]);
	close(fd);
}

/* ---- 5: certificates ----------------------------------------------------- */

static void a_bad_certificate_is_skipped_or_not_explained(void **state)
{
	static const struct {
		enum evil_cert kind;
		const char *what, *now;
	} t[] = {
		{ CERT_EXPIRED_YESTERDAY, "certificate expired", "renew it" },
		{ CERT_FROM_TOMORROW, "certificate not valid yet", "clocks" },
		{ CERT_OF_ANOTHER_HOST, "certificate is for another host",
		  "use the name" },
		{ CERT_OF_ANOTHER_CA, "certificate from an unknown CA",
		  "install that CA" },
		{ CERT_OF_ITSELF, "certificate signed by itself", "install it" },
		{ CERT_GOOD_BUT_TLS_1_1, "only TLS older than 1.2",
		  "update the server" },
	};
	char url[64], ca[] = "/tmp/redtop-ca-XXXXXX";
	(void)state;
	close(mkstemp(ca));
	setenv("REDTOP_TEST_CA", ca, 1);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct evil_tls *s = evil_tls_start(t[i].kind, ca);
		snprintf(url, sizeof(url), "https://127.0.0.1:%d",
			 evil_tls_port(s));
		check_url(url, &(struct fault_case){
			.state = "down", .code = 69, .within = true,
			.says = { t[i].what, t[i].now, url } });
		evil_tls_stop(s);
	}
	unsetenv("REDTOP_TEST_CA");
	unlink(ca);
}

struct asked {
	enum fault fault;
	char text[LIMIT_SENTENCE + 1];
	bool done;
};

static bool on_data(struct http_request *r, const char *bytes, size_t n,
		    void *arg)
{
	(void)r, (void)bytes, (void)n, (void)arg;
	return true;
}

static void on_done(struct http_request *r, const struct http_result *res,
		    void *arg)
{
	struct asked *a = arg;
	(void)r;
	a->fault = res->fault;
	snprintf(a->text, sizeof(a->text), "%s", res->text);
	a->done = true;
}

static struct asked ask_again(uv_loop_t *loop, struct http *http,
			      const char *url)
{
	struct asked a = { 0 };
	http_start(http, &(struct http_ask){ .url = url, .timeout = 10000,
		.on_data = on_data, .on_done = on_done, .arg = &a });
	while (!a.done)
		uv_run(loop, UV_RUN_ONCE);
	return a;
}

static void a_new_certificate_ends_the_session(void **state)
{
	static const struct {
		enum evil_cert kind;
		enum fault fault;
		const char *says;
	} t[] = {
		{ CERT_GOOD, FAULT_NONE, "" },
		{ CERT_GOOD, FAULT_NONE, "" },
		{ CERT_EXPIRED_YESTERDAY, FAULT_TLS, "certificate expired" },
		{ CERT_OF_ANOTHER_CA, FAULT_TLS, "unknown CA" },
		{ CERT_GOOD, FAULT_NONE, "" },
	};
	char url[64], ca[] = "/tmp/redtop-ca-XXXXXX";
	uv_loop_t loop;
	(void)state;
	close(mkstemp(ca));
	uv_loop_init(&loop);
	struct evil_tls *s = evil_tls_start(CERT_GOOD, ca);
	struct http *http = http_new(&loop, &(struct http_options){
		.ca_file = ca });
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", evil_tls_port(s));
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (i)
			evil_tls_rotate(s, t[i].kind);
		struct asked a = ask_again(&loop, http, url);
		assert_int_equal(a.fault, t[i].fault);
		assert_non_null(strstr(a.text, t[i].says));
	}
	http_close(http, NULL, NULL);
	while (uv_run(&loop, UV_RUN_DEFAULT))
		;
	uv_loop_close(&loop);
	evil_tls_stop(s);
	unlink(ca);
}

/* ---- 7-9: answers that do not come, or not whole ------------------------- */

static void slow_everything(struct shop *s, const struct evil_ask *a,
			    struct evil_answer *out)
{
	(void)a;
	out->piece = 1;
	out->piece_ms = s->number;
}

static void a_slow_server_holds_up_the_command(void **state)
{
	(void)state;
	check_spoiled(slow_everything, 40, NULL, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "answer not whole within", "127.0.0.1:" } });
	check_behaves("/slow", &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "answer not whole within", "slow" } });
}

static void a_hanging_server_holds_up_the_command(void **state)
{
	(void)state;
	check_behaves("/hang", &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "no answer within", "hangs" } });
}

static void a_cut_answer_is_taken_for_whole(void **state)
{
	(void)state;
	check_behaves("/truncated", &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "answer cut short (6B of 1.0kB came)" } });
	check_behaves("/chunk-cut", &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "answer cut short (7B came)" } });
}

/* ---- 10-12: not what was asked for --------------------------------------- */

static void cut_json(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	if (!s->number || shop_is_data(a))
		shop_cut(out, out->body.len * 2 / 3);
}

static void half_a_json_document_is_an_empty_chart(void **state)
{
	(void)state;
	check_spoiled(cut_json, 0, NULL, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "the answer is not whole", "127.0.0.1:",
			  "check server and proxies" } });
	check_spoiled(cut_json, 1, NULL, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "the answer ends too early", "127.0.0.1:" } });
}

static void say_page(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	(void)a;
	buf_clear(&out->body);
	out->status = s->number;
	out->type = "text/html";
	buf_str(&out->body, s->text);
}

static void a_web_page_reads_as_a_syntax_error(void **state)
{
	(void)state;
	check_spoiled(say_page, 200, "<html><title>Welcome to nginx!</title>",
		      &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "a web page, not the API", "Welcome to nginx!" } });
	check_behaves("/login", &(struct fault_case){
		.state = "auth", .code = 77,
		.says = { "login page", "Sign in to your account" } });
}

static void redirect(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	(void)a;
	buf_clear(&out->body);
	out->status = s->number;
	buf_printf(&out->head, "Location: %s\r\n", s->text);
}

static void a_redirect_is_followed_to_a_stranger(void **state)
{
	struct shop stranger = { 0 };
	char to[EVIL_URL + 40];
	(void)state;
	shop_start(&stranger);
	snprintf(to, sizeof(to), "%s/login?next=%%2F", stranger.url);
	check_spoiled(redirect, 302, to, &(struct fault_case){
		.state = "auth", .code = 77,
		.says = { "sent to a login (302 to ", "/login)" } });
	check_spoiled(redirect, 307, stranger.url, &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "a redirect (307 to ", stranger.url,
			  "not followed" } });
	assert_int_equal(stranger.asked, 0);
	shop_stop(&stranger);
}

/* ---- 13-16: what the server says of itself -------------------------------- */

static void say_status(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	(void)a;
	buf_clear(&out->body);
	out->status = s->number;
	out->type = "text/plain";
	buf_str(&out->body, "no\n");
	if (s->text)
		buf_str(&out->head, s->text);
}

static void refused_credentials_are_tried_again_and_again(void **state)
{
	static const int codes[] = { 401, 403, 407 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct shop bad = { .spoil = say_status, .number = codes[i] };
		char code[8];
		snprintf(code, sizeof(code), "(%d)", codes[i]);
		shop_start(&bad);
		check_url(bad.url, &(struct fault_case){
			.state = "auth", .code = 77, .says = { code } });
		/* Two commands; each POST that is refused may be one GET. */
		assert_in_range(bad.asked, 2, 12);
		shop_stop(&bad);
	}
}

static void a_busy_server_is_pressed_on(void **state)
{
	static const char *const after[] = {
		"Retry-After: 120\r\n", "Retry-After: 1000000000\r\n",
		"Retry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\n",
		"Retry-After: soon\r\n", "Retry-After: -5\r\n", NULL,
	};
	(void)state;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		struct shop bad = { .spoil = say_status, .number = 429,
				    .text = after[i] };
		shop_start(&bad);
		check_url(bad.url, &(struct fault_case){
			.state = "throttled", .code = 69,
			.says = { "fewer requests (429)" } });
		assert_in_range(bad.asked, 2, 12);
		shop_stop(&bad);
	}
}

static void a_failing_server_is_stormed(void **state)
{
	static const struct {
		int code;
		const char *says;
	} t[] = {
		{ 500, "the server failed (500)" },
		{ 502, "reaches no server behind it (502)" },
		{ 503, "(503)" },
		{ 504, "in time (504)" },
	};
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct shop bad = { .spoil = say_status, .number = t[i].code };
		shop_start(&bad);
		check_url(bad.url, &(struct fault_case){
			.state = "down", .code = 69, .says = { t[i].says } });
		assert_in_range(bad.asked, 2, 20);
		shop_stop(&bad);
	}
}

static void say_json(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	if (!shop_is_data(a))
		return;
	buf_clear(&out->body);
	out->status = 200;
	buf_str(&out->body, s->text);
}

/* Words before the last brace of good answers. */
static void add_words(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	if (!shop_is_data(a) || !out->body.len)
		return;
	shop_cut(out, out->body.len - 1);
	buf_str(&out->body, s->text);
	buf_char(&out->body, '}');
}

static void an_error_or_a_warning_goes_unseen(void **state)
{
	(void)state;
	check_spoiled(say_json, 0, "{\"status\":\"error\",\"errorType\":"
		      "\"internal\",\"error\":\"the disk is gone\"}",
		      &(struct fault_case){
		.state = "down", .code = 69, .says = { "the disk is gone" } });
	check_spoiled(add_words, 0, ",\"warnings\":[\"store eu-1 is silent\"]",
		      &(struct fault_case){
		.state = "partial", .warns = true,
		.says = { "store eu-1 is silent" } });
	check_spoiled(add_words, 0, ",\"isPartial\":true", &(struct fault_case){
		.state = "partial", .warns = true, .says = { "part" } });
	check_spoiled(add_words, 0, ",\"infos\":[\"PromQL info: a name\"]",
		      &(struct fault_case){ .state = "up" });
}

/* ---- 17-21: too much ------------------------------------------------------ */

static void a_gzip_bomb_eats_the_memory(void **state)
{
	(void)state;
	check_behaves("/bomb", &(struct fault_case){
		.state = "down", .code = 69, .says = { "too big", "over" } });
}

static void an_endless_answer_eats_the_memory(void **state)
{
	static const char *const path[] = { "/huge", "/endless" };
	(void)state;
	for (size_t i = 0; i < 2; i++)
		check_behaves(path[i], &(struct fault_case){
			.state = "down", .code = 69, .says = { "too big" } });
}

static void an_endless_head_eats_the_memory(void **state)
{
	static const char *const path[] = { "/headers", "/header-line",
					    "/continue" };
	(void)state;
	for (size_t i = 0; i < 3; i++)
		check_behaves(path[i], &(struct fault_case){
			.state = "down", .code = 69,
			.says = { "head too big" } });
}

static void a_reset_is_taken_for_the_end(void **state)
{
	(void)state;
	check_behaves("/rst", &(struct fault_case){
		.state = "down", .code = 69, .says = { "connection reset" } });
	check_behaves("/rst-early", &(struct fault_case){
		.state = "down", .code = 69, .says = { "connection reset" } });
}

static void say_depth(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	if (!shop_is_data(a))
		return;
	buf_clear(&out->body);
	for (int i = 0; i < s->number; i++)
		buf_str(&out->body, s->text);
}

static void say_label(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	struct buf b;
	if (!shop_is_data(a) || !out->body.len)
		return;
	buf_init(&b, 0);
	buf_str(&b, "\"svc-001");
	for (int i = 0; i < s->number / 16; i++)
		buf_str(&b, "0123456789abcdef");
	buf_char(&b, '"');
	/* Once an answer is bad enough. */
	char *at = strstr(out->body.s, "\"svc-001\"");
	if (at) {
		char *rest = mem_strdup(at + 9);
		shop_cut(out, (size_t)(at - out->body.s));
		buf_add(&out->body, b.s, b.len);
		buf_str(&out->body, rest);
		free(rest);
	}
	buf_release(&b);
}

static void say_series(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	if (!shop_is_data(a) || !out->body.len)
		return;
	bool range = strstr(a->path, "range");
	char tag[16] = "1";
	struct buf query;
	buf_init(&query, 0);
	evil_form(a, "query", &query);
	const char *mark = strstr(buf_text(&query), "\"redtop_q\",\"");
	if (mark)
		sscanf(mark, "\"redtop_q\",\"%15[0-9]", tag);
	bool finding = strstr(buf_text(&query), "count by")
		       || strstr(buf_text(&query), "count_over");
	buf_release(&query);
	const char *kind = finding ? "finding" : range ? "charts" : "rows";
	if (!mark || strcmp(kind, s->text) != 0)
		return;
	time_ms from = fake_time(a, range ? "start" : "time"), step = 1, to = from;
	if (range && (step = fake_time(a, "step")) > 0)
		to = fake_time(a, "end");
	buf_clear(&out->body);
	buf_printf(&out->body, "{\"status\":\"success\",\"data\":{\"resultType\""
		   ":\"%s\",\"result\":[", range ? "matrix" : "vector");
	for (int i = 0; i < s->number; i++) {
		buf_printf(&out->body, "%s{\"metric\":{\"redtop_q\":\"%s\","
			   "\"job\":\"svc-%03d\",\"code\":\"%d\"},"
			   "\"value%s", i ? "," : "", tag, i % 3, i,
			   range ? "s\":[" : "\":");
		for (time_ms t = from; t <= to; t += step) {
			buf_str(&out->body, t > from ? "," : "");
			fake_point(&out->body, t, i + 0.25);
		}
		buf_str(&out->body, range ? "]}" : "}");
	}
	buf_str(&out->body, "]}}");
}

static void a_monstrous_document_eats_the_memory(void **state)
{
	(void)state;
	check_spoiled(say_depth, 100000, "[", &(struct fault_case){
		.state = "down", .code = 69,
		.says = { "not a Prometheus API: [[" } });
	check_spoiled(say_depth, 100000, "{\"data\":", &(struct fault_case){
		.state = "down", .code = 69, .says = { "nested too deep" } });
	check_spoiled(say_series, 120000, "finding", &(struct fault_case){
		.state = "partial", .warns = true,
		.says = { "finding services: 20000 series above the ceiling" } });
	check_spoiled(say_series, 120000, "rows", &(struct fault_case){
		.state = "partial", .warns = true,
		.says = { "20000 series above the ceiling dropped" } });
	/* What comes of it within the time is up to the machine. */
	check_spoiled(say_series, 700000, "finding", &(struct fault_case){ 0 });
	check_spoiled(say_series, 700000, "rows", &(struct fault_case){ 0 });
	check_spoiled(say_series, 9000, "charts", &(struct fault_case){ 0 });
	check_spoiled(say_label, 10 << 20, NULL, &(struct fault_case){
		.state = "partial", .warns = true,
		.says = { "1 label above the ceiling cut" } });
}

/* ---- 22-25: what cannot be ------------------------------------------------ */

static cJSON *service(struct run *r, const char *name)
{
	return json_find(r->json, "services", "name", name);
}

static bool is_null(cJSON *o, const char *name)
{
	return cJSON_IsNull(json_get(o, name));
}

static void snapshot_of(struct run *r, struct shop *s, const char *format)
{
	if (r->nr == 0)
		RUN(r, "snapshot");
	RUN(r, s->url, "--timeout", "10s", "--format", format);
	run_start(r);
	run_end(r);
}

static void write_text(struct buf *b, double t, const char *v, const char *text)
{
	(void)v;
	buf_printf(b, "[%.3f,\"%s\"]", t, text);
}

static void say_values(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	if (!shop_is_finding(a))
		shop_points(out, s->text, write_text);
}

static void a_value_that_is_none_reads_as_zero(void **state)
{
	static const char *const values[] = { "NaN", "+Inf", "-Inf", "1e999",
					      "-1e999" };
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct shop s = { .spoil = say_values, .text = values[i] };
		struct run r = { 0 };
		shop_start(&s);
		snapshot_of(&r, &s, "json");
		assert_int_equal(r.code, 0);
		cJSON *svc = service(&r, "svc-000");
		assert_non_null(svc);
		assert_true(is_null(svc, "rate"));
		assert_true(is_null(svc, "error_ratio"));
		assert_true(is_null(json_get(svc, "p99"), "value"));
		assert_null(strstr(buf_text(&r.out), "inf"));
		assert_null(strstr(buf_text(&r.out), "nan"));
		run_free(&r);
		shop_stop(&s);
	}
}

static void a_minus_before_zero_is_shown(void **state)
{
	struct shop s = { .spoil = say_values, .text = "-0" };
	struct run r = { 0 };
	(void)state;
	shop_start(&s);
	snapshot_of(&r, &s, "json");
	cJSON *svc = service(&r, "svc-000");
	assert_true(cJSON_GetNumberValue(json_get(svc, "rate")) == 0);
	assert_string_equal(json_text(svc, "state"), "notraffic");
	assert_null(strstr(buf_text(&r.out), "-0,"));
	run_free(&r);
	shop_stop(&s);
}

static void what_is_no_number_passes_for_one(void **state)
{
	static const char *const values[] = { "", "12x", "0x10", "null" };
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		check_spoiled(say_values, 0, values[i], &(struct fault_case){
			.state = "down", .code = 69,
			.says = { "check server and proxies" } });
}

static void rename_bucket(struct shop *s, const struct evil_ask *a,
			  struct evil_answer *out)
{
	if (!shop_is_finding(a))
		shop_replace(out, "\"le\":\"+Inf\"", s->text);
}

static void write_falling(struct buf *b, double t, const char *v,
			  const char *text)
{
	(void)text;
	/* Each larger one is smaller. */
	buf_printf(b, "[%.3f,\"%.17g\"]", t, 1000 / (strtod(v, NULL) + 0.001));
}

static void turn_buckets(struct shop *s, const struct evil_ask *a,
			 struct evil_answer *out)
{
	(void)s;
	if (strstr(buf_text(&out->body), "\"le\":") && !shop_is_finding(a))
		shop_points(out, NULL, write_falling);
}

/* A percentile is a number in its bucket or not there; the rate is not
 * touched by it. */
static void check_percentiles(shop_spoil spoil, const char *text, bool rate)
{
	static const char *const name[] = { "p50", "p95", "p99" };
	struct shop s = { .spoil = spoil, .text = text };
	struct run r = { 0 };
	shop_start(&s);
	snapshot_of(&r, &s, "json");
	assert_non_null(r.json);
	cJSON *svc = service(&r, "svc-000");
	assert_non_null(svc);
	if (rate)
		assert_true(cJSON_GetNumberValue(json_get(svc, "rate")) > 0);
	else
		assert_true(is_null(svc, "rate"));
	for (size_t i = 0; i < 3; i++) {
		cJSON *q = json_get(svc, name[i]);
		double v = cJSON_GetNumberValue(json_get(q, "value"));
		double lo = cJSON_GetNumberValue(json_get(q, "lo"));
		double hi = cJSON_GetNumberValue(json_get(q, "hi"));
		if (is_null(q, "value"))
			continue;
		assert_true(v >= 0 && isfinite(v));
		assert_true(is_null(q, "lo") || lo <= v + 1e-9);
		assert_true(is_null(q, "hi") || hi >= v - 1e-9);
	}
	run_free(&r);
	shop_stop(&s);
}

static void a_broken_histogram_makes_a_percentile_up(void **state)
{
	(void)state;
	check_percentiles(rename_bucket, "\"le\":\"20\"", true);
	check_percentiles(rename_bucket, "\"le\":\"10\"", true); /* twice */
	check_percentiles(rename_bucket, "\"le\":\"ten\"", true);
	check_percentiles(rename_bucket, "\"le\":\"NaN\"", true);
	check_percentiles(rename_bucket, "\"le\":\"-1\"", true);
	check_percentiles(rename_bucket, "\"el\":\"1\"", true);
	check_percentiles(turn_buckets, NULL, true);
}

static void a_rate_below_zero_is_shown(void **state)
{
	(void)state;
	check_percentiles(say_values, "-5", false);
}

static void write_twice(struct buf *b, double t, const char *v,
			const char *text)
{
	(void)text;
	buf_printf(b, "[%.3f,\"%s\"],[%.3f,\"99999\"]", t, v, t);
}

static void write_back(struct buf *b, double t, const char *v, const char *text)
{
	(void)text;
	buf_printf(b, "[%.3f,\"%s\"],[%.3f,\"99999\"]", t, v, t - 60);
}

static void write_ahead(struct buf *b, double t, const char *v,
			const char *text)
{
	(void)text;
	buf_printf(b, "[%.3f,\"%s\"],[%.3f,\"99999\"]", t, v, t + 1e6);
}

static void add_points(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	static void (*const how[])(struct buf *, double, const char *,
				   const char *) = {
		write_twice, write_back, write_ahead,
	};
	if (strstr(a->path, "range"))
		shop_points(out, NULL, how[s->number]);
}

static void a_point_of_another_time_is_drawn(void **state)
{
	static const char *const says_what[] = {
		"repeated", "back", "outside the asked range",
	};
	(void)state;
	for (int i = 0; i < 3; i++)
		check_spoiled(add_points, i, NULL, &(struct fault_case){
			.state = "partial", .warns = true,
			.says = { says_what[i], "dropped" } });
}

static void say_nothing(struct shop *s, const struct evil_ask *a,
			struct evil_answer *out)
{
	if (shop_is_finding(a))
		return;
	buf_clear(&out->body);
	buf_printf(&out->body, "{\"status\":\"success\",\"data\":{"
		   "\"resultType\":\"%s\",\"result\":[]}}",
		   strstr(a->path, "range") ? "matrix" : "vector");
	(void)s;
}

static void hide_errors(struct shop *s, const struct evil_ask *a,
			struct evil_answer *out)
{
	if (!shop_is_finding(a))
		shop_replace(out, "\"code\":\"500\"", s->text);
}

/* Gone, at rest, without errors: three words, and never the same. */
static void nothing_and_zero_look_alike(void **state)
{
	static const struct {
		shop_spoil spoil;
		const char *text, *state, *shown;
	} t[] = {
		{ say_nothing, "", "nodata", "NO DATA" },
		{ say_values, "0", "notraffic", "idle" },
		{ hide_errors, "\"code\":\"204\"", "ok", "ok" },
	};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct shop s = { .spoil = t[i].spoil, .text = t[i].text };
		struct run json = { 0 }, text = { 0 };
		shop_start(&s);
		snapshot_of(&json, &s, "json");
		snapshot_of(&text, &s, "text");
		cJSON *svc = service(&json, "svc-000");
		assert_string_equal(json_text(svc, "state"), t[i].state);
		if (getenv("CATALOGUE_PRINT"))
			printf("%s\n", buf_text(&text.out));
		assert_int_equal(is_null(svc, "rate"), i == 0);
		assert_int_equal(is_null(svc, "error_ratio"), i < 2);
		assert_non_null(strstr(buf_text(&text.out), t[i].shown));
		for (size_t k = 0; k < 2; k++)
			assert_true(k == i || !strstr(buf_text(&text.out),
						      t[k].shown));
		run_free(&json);
		run_free(&text);
		shop_stop(&s);
	}
}

/* ---- 26, 28: clocks --------------------------------------------------------- */

static void say_date(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	time_t now = time(NULL) + s->number;
	struct tm tm;
	char date[64];
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(&out->head, "Date: %s\r\n", date);
	if (shop_is_finding(a))
		return;
	time_ms t = fake_time(a, strstr(a->path, "range") ? "end" : "time");
	if (llabs(t / 1000 - now) > 120)
		s->strange++;
}

static void a_clock_that_is_off_shifts_what_is_asked(void **state)
{
	static const int off[] = { 3600, -3600, 1 };
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct shop s = { .spoil = say_date, .number = off[i] };
		struct run json = { 0 }, text = { 0 };
		shop_start(&s);
		snapshot_of(&json, &s, "json");
		snapshot_of(&text, &s, "text");
		cJSON *source = json_source(&json, "prom");
		double skew = cJSON_GetNumberValue(json_get(source, "skew_s"));
		if (getenv("CATALOGUE_PRINT"))
			printf("%g\n%s\n", skew, buf_text(&text.out));
		assert_string_equal(json_text(source, "state"), "up");
		assert_true(fabs(skew - off[i]) < 5);
		assert_int_equal(s.strange, 0);
		assert_int_equal(strstr(buf_text(&text.out), "clock") != NULL,
				 i < 2);
		assert_true(cJSON_GetNumberValue(json_get(
			service(&json, "svc-000"), "rate")) > 0);
		run_free(&json);
		run_free(&text);
		shop_stop(&s);
	}
}

static void the_clock_of_the_country_shifts_the_picture(void **state)
{
	static const char *const zones[] = { "UTC", "America/New_York",
					     "Australia/Lord_Howe",
					     "XXX3YYY,M3.2.0/0,M11.1.0/0" };
	static const char *const at[] = {
		"2026-11-01T06:00:00Z",  /* a New Yorker's hour comes twice */
		"2026-03-08T07:00:00Z",  /* or not at all */
		"2028-02-29T23:59:59Z", "2016-12-31T23:59:59Z",
	};
	struct shop s = { 0 };
	(void)state;
	shop_start(&s);
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct buf first;
		buf_init(&first, 0);
		for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
			struct run r = { 0 };
			setenv("TZ", zones[z], 1);
			RUN(&r, "snapshot", "--at", at[i], "--range", "3h");
			snapshot_of(&r, &s, "json");
			unsetenv("TZ");
			assert_int_equal(r.code, 0);
			cJSON *range = json_get(r.json, "range");
			cJSON *svc = service(&r, "svc-000");
			assert_non_null(svc);
			struct buf now;
			buf_init(&now, 0);
			buf_printf(&now, "%s %s %s %.17g",
				   json_text(r.json, "at"),
				   json_text(range, "from"),
				   json_text(range, "to"),
				   cJSON_GetNumberValue(json_get(svc, "rate")));
			if (z == 0)
				buf_str(&first, buf_text(&now));
			assert_string_equal(buf_text(&now), buf_text(&first));
			assert_string_equal(json_text(r.json, "at"), at[i]);
			buf_release(&now);
			run_free(&r);
		}
		buf_release(&first);
	}
	shop_stop(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelt_name_takes_the_other_sources_along),
		cmocka_unit_test(a_dead_dns_server_holds_up_the_command),
		cmocka_unit_test(a_server_that_is_down_is_waited_for),
		cmocka_unit_test(a_firewall_that_drops_is_waited_for_for_ever),
		cmocka_unit_test(a_bad_certificate_is_skipped_or_not_explained),
		cmocka_unit_test(a_new_certificate_ends_the_session),
		cmocka_unit_test(a_slow_server_holds_up_the_command),
		cmocka_unit_test(a_hanging_server_holds_up_the_command),
		cmocka_unit_test(a_cut_answer_is_taken_for_whole),
		cmocka_unit_test(half_a_json_document_is_an_empty_chart),
		cmocka_unit_test(a_web_page_reads_as_a_syntax_error),
		cmocka_unit_test(a_redirect_is_followed_to_a_stranger),
		cmocka_unit_test(refused_credentials_are_tried_again_and_again),
		cmocka_unit_test(a_busy_server_is_pressed_on),
		cmocka_unit_test(a_failing_server_is_stormed),
		cmocka_unit_test(an_error_or_a_warning_goes_unseen),
		cmocka_unit_test(a_gzip_bomb_eats_the_memory),
		cmocka_unit_test(an_endless_answer_eats_the_memory),
		cmocka_unit_test(an_endless_head_eats_the_memory),
		cmocka_unit_test(a_reset_is_taken_for_the_end),
		cmocka_unit_test(a_monstrous_document_eats_the_memory),
		cmocka_unit_test(a_value_that_is_none_reads_as_zero),
		cmocka_unit_test(a_minus_before_zero_is_shown),
		cmocka_unit_test(what_is_no_number_passes_for_one),
		cmocka_unit_test(a_broken_histogram_makes_a_percentile_up),
		cmocka_unit_test(a_rate_below_zero_is_shown),
		cmocka_unit_test(a_point_of_another_time_is_drawn),
		cmocka_unit_test(nothing_and_zero_look_alike),
		cmocka_unit_test(a_clock_that_is_off_shifts_what_is_asked),
		cmocka_unit_test(the_clock_of_the_country_shifts_the_picture),
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (getenv("CATALOGUE_TEST"))
		cmocka_set_test_filter(getenv("CATALOGUE_TEST"));
	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
