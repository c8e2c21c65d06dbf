#include "sources/families.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void strangers_are_judged_by_their_names(void **state)
{
	(void)state;
	static const char *const servers[] = {
		"loki_request_duration_seconds",
		"cortex_request_duration_seconds",
		"gitlab_workhorse_http_request_duration_seconds",
		"myapp_rpc_latency_ms", "shop_request_latency_microseconds",
		"alertmanager_http_request_duration_seconds",
		"dns_lookup_duration", "api.response.time",
	};
	static const char *const others[] = {
		"http_client_requests_seconds", "db_query_duration_seconds",
		"workqueue_work_duration_seconds", "go_gc_duration_seconds",
		"argocd_git_request_duration_seconds",
		"coredns_forward_request_duration_seconds",
		"cortex_kv_request_duration_seconds",
		"tempo_memcache_request_duration_seconds",
		"prometheus_sd_kubernetes_http_request_duration_seconds",
		"http_request_size_bytes", "prometheus_engine_query_duration_seconds",
		"scrape_duration_seconds", "etcd_request_duration_seconds",
		"rest_client_request_duration_seconds", "http_requests_in_flight",
	};
	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
		assert_true(family_is_timing(servers[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(family_is_timing(others[i]));
	assert_true(family_is_counter("http_requests_total"));
	assert_true(family_is_counter("grpc_server_handled_total"));
	assert_false(family_is_counter("promhttp_metric_handler_requests_total"));
	assert_false(family_is_counter("node_nfs_requests_total"));
	assert_false(family_is_counter("http_requests"));
}

static void a_unit_is_read_from_its_token(void **state)
{
	(void)state;
	static const struct { const char *name; int unit; } t[] = {
		{ "a_seconds", UNIT_SECONDS }, { "a_ms", UNIT_MILLISECONDS },
		{ "a_milliseconds", UNIT_MILLISECONDS },
		{ "a_microseconds", UNIT_MICROSECONDS },
		{ "a_usec", UNIT_MICROSECONDS }, { "a_us", UNIT_MICROSECONDS },
		{ "a_seconds_by_view", UNIT_SECONDS }, { "a_time", -1 },
		{ "terms_items", -1 },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		enum unit u;
		bool has = family_unit(t[i].name, &u);
		assert_int_equal(has ? (int)u : -1, t[i].unit);
	}
}

static void rows_are_found_by_name_and_suffix(void **state)
{
	(void)state;
	assert_non_null(family_of("istio_request_duration_milliseconds"));
	assert_ptr_equal(
		family_of("shop_prom_ex_phoenix_http_request_duration_milliseconds")->status,
		family_of("x_prom_ex_phoenix_http_request_duration_milliseconds")->status);
	assert_int_equal(
		family_of("shop_prom_ex_phoenix_http_request_duration_milliseconds")->unit,
		UNIT_MILLISECONDS);
	assert_non_null(family_of("actix_web_prom_http_requests_duration_seconds"));
	assert_null(family_of("http_client_requests_seconds"));
}

static void values_tell_what_a_label_means(void **state)
{
	(void)state;
	static const struct {
		const char *label, *values;
		enum status_kind kind;
		int form;
	} t[] = {
		{ "code", "200 404 500", STATUS_HTTP, STATUS_FORM_PLAIN },
		{ "code", "200 0", STATUS_HTTP, STATUS_FORM_PLAIN },
		{ "status", "2xx 5xx", STATUS_HTTP, STATUS_FORM_PLAIN },
		{ "envoy_response_code_class", "2 4 5", STATUS_HTTP, STATUS_FORM_NUMBER },
		{ "rpc_grpc_status_code", "0 2 14", STATUS_GRPC, STATUS_FORM_NUMBER },
		{ "grpc_code", "OK Internal NotFound", STATUS_GRPC, STATUS_FORM_PLAIN },
		{ "statusCode", "OK UNAVAILABLE", STATUS_GRPC, STATUS_FORM_UPPER },
		{ "rcode", "NOERROR NXDOMAIN", STATUS_RCODE, STATUS_FORM_PLAIN },
		{ "classification", "success failure", STATUS_FAILURE, STATUS_FORM_PLAIN },
		{ "success", "true false", STATUS_SUCCESS, STATUS_FORM_PLAIN },
		{ "error", "false", STATUS_ERROR, STATUS_FORM_PLAIN },
		{ "outcome", "SUCCESS SERVER_ERROR", STATUS_OUTCOME, STATUS_FORM_PLAIN },
		{ "status", "active idle", STATUS_NONE, 0 },
		{ "code", "", STATUS_NONE, 0 },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		char word[8][64];
		const char *v[8];
		size_t n = 0;
		int form = 0;
		while (n < 8 && word_at(t[i].values, n, word[n], 64)) {
			v[n] = word[n];
			n++;
		}
		assert_int_equal(status_of_values(t[i].label, v, n, &form), t[i].kind);
		assert_int_equal(form, t[i].form);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strangers_are_judged_by_their_names),
		cmocka_unit_test(a_unit_is_read_from_its_token),
		cmocka_unit_test(rows_are_found_by_name_and_suffix),
		cmocka_unit_test(values_tell_what_a_label_means),
	};
	return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
