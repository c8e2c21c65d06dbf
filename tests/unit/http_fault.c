#include "sources/http_fault.h"

#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static enum fault say(struct http_end end, char out[LIMIT_SENTENCE + 1])
{
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	if (!end.detail)
		end.detail = "";
	if (!end.where)
		end.where = "http://prom:9090";
	enum fault f = http_fault(&end, &b);
	strcpy(out, buf_text(&b));
	assert_false(b.full);
	assert_true(text_is_clean(out));
	buf_release(&b);
	return f;
}

static void why_connecting_failed_is_told_apart(void **state)
{
	static const struct { long no; enum fault fault; const char *words; }
	rows[] = {
		{ ECONNREFUSED, FAULT_REFUSED, "connection refused: " },
		{ EHOSTUNREACH, FAULT_NETWORK, "no route to the host: " },
		{ ENETUNREACH, FAULT_NETWORK, "network unreachable: " },
		{ ETIMEDOUT, FAULT_TIMEOUT, "no answer to connecting: " },
		{ EMFILE, FAULT_NETWORK, "ulimit -n" },
		{ EACCES, FAULT_NETWORK, "forbidden here" },
		{ 0, FAULT_NETWORK, "no connection (why): " },
	};
	char text[LIMIT_SENTENCE + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum fault f = say((struct http_end){
			.code = CURLE_COULDNT_CONNECT, .os_errno = rows[i].no,
			.detail = "curl: why" }, text);
		assert_int_equal(f, rows[i].fault);
		if (!strstr(text, rows[i].words))
			fail_msg("%s: %s", rows[i].words, text);
	}
}

static void three_bad_certificates_are_three_sentences(void **state)
{
	static const struct { long verify; const char *detail, *words; }
	rows[] = {
		{ 10, "certificate has expired", "certificate expired: " },
		{ 9, "not yet valid", "not valid yet: " },
		{ 1, "SSL: certificate subject name 'x' does not match target "
		  "host name 'y'", "for another host: " },
		{ 20, "unable to get local issuer", "unknown CA: " },
		{ 19, "self-signed in chain", "unknown CA: " },
		{ 18, "self-signed", "signed by itself" },
		{ 23, "revoked", "revoked: " },
		{ 66, "SSL certificate problem: EE certificate key too weak",
		  "(EE certificate key too weak): " },
	};
	char text[LIMIT_SENTENCE + 1];
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum fault f = say((struct http_end){
			.code = CURLE_PEER_FAILED_VERIFICATION,
			.verify = rows[i].verify, .detail = rows[i].detail },
			text);
		assert_int_equal(f, FAULT_TLS);
		if (!strstr(text, rows[i].words))
			fail_msg("%s: %s", rows[i].words, text);
	}
}

static void every_library_error_is_a_short_clean_sentence(void **state)
{
	char hostile[600], text[LIMIT_SENTENCE + 1];
	(void)state;
	for (size_t i = 0; i + 1 < sizeof(hostile); i++)
		hostile[i] = "\x1b[2J\xe2\x80\xae\xff \xf0\x9f\x98\x80"[i % 13];
	hostile[sizeof(hostile) - 1] = '\0';
	for (int code = 1; code < CURL_LAST; code++) {
		for (int phase = PHASE_NAME; phase <= PHASE_ANSWER; phase++) {
			enum fault f = say((struct http_end){
				.code = (CURLcode)code,
				.phase = (enum http_phase)phase,
				.detail = hostile, .where = hostile,
				.timeout = 86399999, .max_body = SIZE_MAX,
				.body_bytes = UINT64_MAX, .length = INT64_MAX,
				.verify = code, .os_errno = code }, text);
			assert_true(f > FAULT_NONE && f < FAULT_CANCELLED);
			assert_non_null(strstr(text, ": "));
			assert_non_null(strstr(text, "; "));
		}
	}
}

static void a_dead_proxy_is_not_blamed_on_the_server(void **state)
{
	char text[LIMIT_SENTENCE + 1];
	(void)state;
	say((struct http_end){ .code = CURLE_COULDNT_CONNECT,
	    .os_errno = ECONNREFUSED, .detail = "Failed to connect to squid "
	    "port 3128 after 0 ms: Couldn't connect to server" }, text);
	assert_non_null(strstr(text, "refused (proxy squid): http://prom:9"));
	say((struct http_end){ .code = CURLE_COULDNT_CONNECT,
	    .os_errno = ECONNREFUSED, .detail = "Failed to connect to prom "
	    "port 9090 after 0 ms: Couldn't connect to server" }, text);
	assert_null(strstr(text, "proxy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(why_connecting_failed_is_told_apart),
		cmocka_unit_test(three_bad_certificates_are_three_sentences),
		cmocka_unit_test(every_library_error_is_a_short_clean_sentence),
		cmocka_unit_test(a_dead_proxy_is_not_blamed_on_the_server),
	};
	return cmocka_run_group_tests_name("http_fault", tests, NULL, NULL);
}
