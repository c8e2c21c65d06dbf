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
	const char *state;
	int code;               /* of the command when it is alone */
	const char *says[4];    /* parts of the sentence */
	bool within;            /* redtop inside of this program */
	bool warns;             /* says it in warnings, data comes */
};

static void check_cost(const struct run *r)
{
	assert_true(r->ms < TIMEOUT_MS + GRACE_MS);
	assert_true(r->rss_kb > 0);
	if (!RUN_SANITIZED)
		assert_true(r->rss_kb < RUN_RSS_KB);
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
	if (!getenv("CATALOGUE_PRINT"))
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
		assert_int_equal(cJSON_GetArraySize(json_get(alone.json,
							     "services")), 0);
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
	const char *t = strstr(buf_text(&query), "\"redtop_q\",\"");
	if (t)
		sscanf(t, "\"redtop_q\",\"%15[0-9]", tag);
	buf_release(&query);
	if (!t)
		return;
	buf_clear(&out->body);
	buf_printf(&out->body, "{\"status\":\"success\",\"data\":{\"resultType\""
		   ":\"%s\",\"result\":[", range ? "matrix" : "vector");
	for (int i = 0; i < s->number; i++)
		buf_printf(&out->body, "%s{\"metric\":{\"redtop_q\":\"%s\","
			   "\"job\":\"j%d\"},\"%s\":[%s1,\"1\"]%s}",
			   i ? "," : "", tag, i,
			   range ? "values" : "value", range ? "[" : "",
			   range ? "]" : "");
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
	check_spoiled(say_series, 1000000, NULL, &(struct fault_case){
		.state = "partial", .warns = true, .says = { "series" } });
	check_spoiled(say_label, 10 << 20, NULL, &(struct fault_case){
		.state = "up" });
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_misspelt_name_takes_the_other_sources_along),
		cmocka_unit_test(a_dead_dns_server_holds_up_the_command),
		cmocka_unit_test(a_server_that_is_down_is_waited_for),
		cmocka_unit_test(a_firewall_that_drops_is_waited_for_for_ever),
		cmocka_unit_test(a_bad_certificate_is_skipped_or_not_explained),
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
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (getenv("CATALOGUE_TEST"))
		cmocka_set_test_filter(getenv("CATALOGUE_TEST"));
	return cmocka_run_group_tests_name("catalogue", tests, NULL, NULL);
}
