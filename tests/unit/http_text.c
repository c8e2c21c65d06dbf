#include "sources/http.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void check_shown(const char *url, const char *want)
{
	struct buf b;
	buf_init(&b, 0);
	http_url_shown(url, &b);
	assert_string_equal(buf_text(&b), want);
	assert_true(text_is_clean(buf_text(&b)));
	buf_release(&b);
}

static void passwords_stay_off_the_screen(void **state)
{
	static const struct { const char *url, *want; } rows[] = {
		{ "http://prom:9090", "http://prom:9090" },
		{ "http://prom:9090/", "http://prom:9090" },
		{ "http://prom:9090/a/b/", "http://prom:9090/a/b/" },
		{ "http://u:s3cret@prom:9090/x", "http://prom:9090/x" },
		{ "https://s3cret@prom/x?a=s3cret#s3cret", "https://prom/x" },
		{ "http://u:s3%40ret@prom/", "http://prom" },
		{ "http://u:p@s3cret@prom/", "http://prom/" },
		{ "http://u:s3/cret@prom/x", "http://prom/x" },
		{ "http://u:s3?cret@prom/x", "http://prom/x" },
		{ "http://u:s3#cret@prom:99999/x", "http://prom:99999/x" },
		{ "http:///u:s3cret@x", "http://x" },
		{ "u:s3cret@prom:9090/x?y", "prom:9090/x" },
		{ "ftp://u:s3cret@prom/x", "ftp://prom/x" },
		{ "s3cret@://x", "://x" },
		{ "prom:9090", "prom:9090" },
		{ "", "" },
		{ "http://[::1]:9090/", "http://[::1]:9090" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_shown(rows[i].url, rows[i].want);
}

static void an_address_cannot_steer_the_terminal(void **state)
{
	(void)state;
	check_shown("http://h/\x1b]0;x\x07", "http://h/\\x1b]0;x\\x07");
	check_shown("\x1b[2J", "\\x1b[2J");
	check_shown("http://h/\xe2\x80\xae" "x", "http://h/\\u{202e}x");
}

static void check_join(const char *base, const char *path, const char *want)
{
	struct buf b;
	buf_init(&b, 0);
	http_url_join(base, path, &b);
	assert_string_equal(buf_text(&b), want);
	buf_release(&b);
}

static void a_slash_too_many_does_not_lose_the_query(void **state)
{
	(void)state;
	check_join("http://h:9", "/api", "http://h:9/api");
	check_join("http://h:9/", "/api", "http://h:9/api");
	check_join("http://h:9///", "//api", "http://h:9/api");
	check_join("http://h/p", "api", "http://h/p/api");
	check_join("http://h/p/", "/api", "http://h/p/api");
	check_join("http://u:p@h/p/?x=/#y", "/api?z=1",
		   "http://u:p@h/p/api?z=1");
	check_join("http://h/", "", "http://h");
	check_join("http://", "/api", "http:///api");
}

static void a_query_survives_the_form(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	http_encode(&b, "a+b &%#=;\"\n\xc3\xa9~-._Z9{}[]/?");
	assert_string_equal(buf_text(&b), "a%2Bb%20%26%25%23%3D%3B%22%0A%C3%A9"
			    "~-._Z9%7B%7D%5B%5D%2F%3F");
	buf_release(&b);
}

static void check_refused(const char *url, const char *words)
{
	struct err e = { 0 };
	assert_int_equal(http_url_check(url, &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_true(text_is_clean(e.text));
	assert_null(strstr(e.text, "s3cret"));
	if (!strstr(e.text, words))
		fail_msg("%s: no \"%s\" in \"%s\"", url, words, e.text);
}

static void a_wrong_address_is_explained(void **state)
{
	char longest[5000];
	(void)state;
	check_refused("", "empty");
	check_refused("prom:9090", "did you mean http://prom:9090?");
	check_refused("u:s3cret@prom:9090", "did you mean http://prom:9090?");
	check_refused("ftp://u:s3cret@prom/", "neither http:// nor https://");
	check_refused("file:///etc/passwd", "neither http:// nor https://");
	check_refused("http://u:s3cret@prom:99999/", "port");
	check_refused("http://prom:0/", "port");
	check_refused("http://prom:x/", "port");
	check_refused("http://", "host");
	check_refused("http:///x", "host");
	check_refused("http://a b/", "");
	check_refused("http://prom/a b", "space or a control character");
	check_refused("http://prom/\x1b[2J", "control character");
	check_refused("http://u%0as3cret@prom/", "control character");
	check_refused("http://u:s3cret%0d%0a@prom/", "control character");
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "http://", 7);
	longest[sizeof(longest) - 1] = '\0';
	check_refused(longest, "longer");
}

static void a_good_address_is_taken(void **state)
{
	static const char *const urls[] = {
		"http://127.0.0.1:9090", "https://prom", "HTTP://prom/x/",
		"http://u:p%20w@prom:80/x?y=z", "http://[::1]:9090/",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_int_equal(http_url_check(urls[i], NULL), 0);
}

static void this_machine_is_never_asked_through_a_proxy(void **state)
{
	static const struct { const char *url; bool loopback, skips; }
	rows[] = {
		{ "http://localhost:9090", true, true },
		{ "http://LOCALHOST./", true, true },
		{ "http://prom.localhost/", true, true },
		{ "http://notlocalhost/", false, false },
		{ "http://localhost.example/", false, false },
		{ "http://127.0.0.1", true, true },
		{ "http://127.9.8.7", true, true },
		{ "http://0x7f.1/", true, true },
		{ "http://0.0.0.0:9090", true, true },
		{ "http://u:p@[::1]:9090/x", true, true },
		{ "http://[::ffff:127.0.0.1]/", true, true },
		{ "http://128.0.0.1", false, false },
		{ "http://127.0.0.1.example", false, false },
		{ "http://169.254.169.254/latest", false, true },
		{ "http://169.255.0.1/", false, false },
		{ "http://[fe80::1%25eth0]/", false, true },
		{ "http://[fe80::1]:9/", false, true },
		{ "http://[2001:db8::1]/", false, false },
		{ "http://prom@127.0.0.1@shop.example/", false, false },
		{ "http://prom:9090", false, false },
		{ "127.0.0.1:9090", false, false },
		{ "", false, false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (http_url_is_loopback(rows[i].url) != rows[i].loopback
		    || http_url_skips_proxy(rows[i].url) != rows[i].skips)
			fail_msg("%s", rows[i].url);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_stay_off_the_screen),
		cmocka_unit_test(an_address_cannot_steer_the_terminal),
		cmocka_unit_test(a_slash_too_many_does_not_lose_the_query),
		cmocka_unit_test(a_query_survives_the_form),
		cmocka_unit_test(a_wrong_address_is_explained),
		cmocka_unit_test(a_good_address_is_taken),
		cmocka_unit_test(this_machine_is_never_asked_through_a_proxy),
	};
	return cmocka_run_group_tests_name("http_text", tests, NULL, NULL);
}
