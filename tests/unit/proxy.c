/* Which proxy curl would take: what doctor says must be what happens. */
#include "app/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {
	"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy",
	"ALL_PROXY", "no_proxy", "NO_PROXY",
};

static void clear(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static void a_host_goes_the_other_way_than_curl(void **state)
{
	(void)state;
	static const struct {
		const char *host, *list;
		bool spared;
	} t[] = {
		{ "prom.shop", "*", true },
		{ "prom.shop", "shop", true },
		{ "prom.shop", ".shop", true },
		{ "prom.shop", "SHOP", true },
		{ "prom.shop.", "shop", true },
		{ "prom.shop", "other, prom.shop", true },
		{ "prom.shop", "other prom.shop.", true },
		{ "prom.shop", "om.shop", false },
		{ "promshop", "shop", false },
		{ "shop", "prom.shop", false },
		{ "prom.shop", "", false },
		{ "prom.shop", ",,", false },
		{ "10.1.2.3", "10.1.2.3", true },
		{ "10.1.2.3", "10.0.0.0/8", true },
		{ "10.1.2.3", "10.1.2.0/31", false },
		{ "10.1.2.1", "10.1.2.0/31", true },
		{ "11.1.2.3", "10.0.0.0/8", false },
		{ "10.1.2.3", "2.3", false },
		{ "10.1.2.3", "10.0.0.0/99", false },
		{ "[fd00::1]", "fd00::/16", true },
		{ "[fd00::1]", "fe00::/16", false },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (proxy_is_spared(t[i].host, t[i].list) != t[i].spared)
			fail_msg("%s in '%s'", t[i].host, t[i].list);
}

static void a_variable_is_read_that_curl_does_not_read(void **state)
{
	(void)state;
	clear();
	assert_null(proxy_of("http://prom.shop").value);
	setenv("HTTP_PROXY", "http://cgi", 1);
	assert_null(proxy_of("http://prom.shop").value);
	setenv("ALL_PROXY", "http://all", 1);
	assert_string_equal(proxy_of("http://prom.shop").value, "http://all");
	assert_string_equal(proxy_of("https://prom.shop").variable,
			    "ALL_PROXY");
	setenv("http_proxy", "http://one", 1);
	assert_string_equal(proxy_of("http://prom.shop").variable,
			    "http_proxy");
	assert_string_equal(proxy_of("https://prom.shop").variable,
			    "ALL_PROXY");
	setenv("HTTPS_PROXY", "http://two", 1);
	assert_string_equal(proxy_of("https://prom.shop").value, "http://two");
	setenv("NO_PROXY", "prom.shop", 1);
	struct proxy p = proxy_of("https://prom.shop:9090/x");
	assert_null(p.value);
	assert_string_equal(p.variable, "NO_PROXY");
	assert_non_null(proxy_of("https://prom.else").value);
	unsetenv("NO_PROXY");
	assert_null(proxy_of("http://127.0.0.1:9090").value);
	assert_null(proxy_of("https://[::1]:9090").value);
	assert_null(proxy_of("http://localhost").value);
	clear();
}

static void the_proxys_password_is_shown(void **state)
{
	(void)state;
	static const char *const t[][2] = {
		{ "http://bob:hunter2@proxy:3128", "http://proxy:3128" },
		{ "http://bob:hun@ter2@proxy:3128/", "http://proxy:3128" },
		{ "bob:hunter2@proxy:3128", "proxy:3128" },
		{ "socks5h://proxy", "socks5h://proxy" },
		{ "proxy:3128?hunter2", "proxy:3128" },
		{ "http://bob:hun://ter2@proxy", "http://proxy" },
		{ "a@b://hunter2", "" },
		{ "http://pro\x1bxy", "http://pro\\x1bxy" },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b;
		buf_init(&b, 0);
		proxy_shown(t[i][0], &b);
		assert_string_equal(buf_text(&b), t[i][1]);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_goes_the_other_way_than_curl),
		cmocka_unit_test(a_variable_is_read_that_curl_does_not_read),
		cmocka_unit_test(the_proxys_password_is_shown),
	};
	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
