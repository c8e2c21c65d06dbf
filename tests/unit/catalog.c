#include "model/catalog.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void errors_are_the_servers_fault_alone(void **state)
{
	(void)state;
	static const struct {
		enum status_kind kind;
		const char *value;
		enum status_class want;
	} t[] = {
		{ STATUS_HTTP, "200", CLASS_OK }, { STATUS_HTTP, "404", CLASS_4XX },
		{ STATUS_HTTP, "503", CLASS_ERROR }, { STATUS_HTTP, "5xx", CLASS_ERROR },
		{ STATUS_HTTP, "4xx", CLASS_4XX }, { STATUS_HTTP, "5", CLASS_ERROR },
		{ STATUS_HTTP, "429", CLASS_4XX }, { STATUS_HTTP, NULL, CLASS_OK },
		{ STATUS_HTTP, "", CLASS_OK }, { STATUS_HTTP, "50", CLASS_OK },
		{ STATUS_GRPC, "OK", CLASS_OK }, { STATUS_GRPC, "Internal", CLASS_ERROR },
		{ STATUS_GRPC, "UNAVAILABLE", CLASS_ERROR },
		{ STATUS_GRPC, "DEADLINE_EXCEEDED", CLASS_ERROR },
		{ STATUS_GRPC, "NotFound", CLASS_4XX }, { STATUS_GRPC, "CANCELLED", CLASS_4XX },
		{ STATUS_GRPC, "0", CLASS_OK }, { STATUS_GRPC, "2", CLASS_ERROR },
		{ STATUS_GRPC, "4", CLASS_ERROR }, { STATUS_GRPC, "12", CLASS_ERROR },
		{ STATUS_GRPC, "13", CLASS_ERROR }, { STATUS_GRPC, "14", CLASS_ERROR },
		{ STATUS_GRPC, "15", CLASS_ERROR }, { STATUS_GRPC, "5", CLASS_4XX },
		{ STATUS_GRPC, "16", CLASS_4XX }, { STATUS_GRPC, "17", CLASS_OK },
		{ STATUS_RCODE, "NOERROR", CLASS_OK }, { STATUS_RCODE, "NXDOMAIN", CLASS_OK },
		{ STATUS_RCODE, "SERVFAIL", CLASS_ERROR }, { STATUS_RCODE, "REFUSED", CLASS_ERROR },
		{ STATUS_FAILURE, "failure", CLASS_ERROR }, { STATUS_FAILURE, "success", CLASS_OK },
		{ STATUS_SUCCESS, "false", CLASS_ERROR }, { STATUS_SUCCESS, "true", CLASS_OK },
		{ STATUS_ERROR, "true", CLASS_ERROR }, { STATUS_ERROR, "false", CLASS_OK },
		{ STATUS_OUTCOME, "SERVER_ERROR", CLASS_ERROR },
		{ STATUS_OUTCOME, "CLIENT_ERROR", CLASS_4XX },
		{ STATUS_OUTCOME, "SUCCESS", CLASS_OK }, { STATUS_NONE, "500", CLASS_OK },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		assert_int_equal(status_class(t[i].kind, t[i].value), t[i].want);
}

static void a_server_finds_the_same_errors(void **state)
{
	(void)state;
	static const struct {
		enum status_kind kind;
		const char *label;
		int form;
		const char *want;
	} t[] = {
		{ STATUS_HTTP, "status", 0, "status=~\"5..\"" },
		{ STATUS_HTTP, "c_class", STATUS_FORM_NUMBER, "c_class=\"5\"" },
		{ STATUS_HTTP, "http.status", 0, "\"http.status\"=~\"5..\"" },
		{ STATUS_GRPC, "c", STATUS_FORM_NUMBER, "c=~\"2|4|12|13|14|15\"" },
		{ STATUS_FAILURE, "classification", 0, "classification=\"failure\"" },
		{ STATUS_SUCCESS, "success", 0, "success=\"false\"" },
		{ STATUS_NONE, "code", 0, "" },
	};
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		buf_clear(&b);
		status_matcher(t[i].kind, t[i].label, t[i].form, &b);
		assert_string_equal(buf_text(&b), t[i].want);
	}
	/* Every spelling in a matcher is an error to status_class, too. */
	for (int form = STATUS_FORM_PLAIN; form <= STATUS_FORM_UPPER; form++) {
		buf_clear(&b);
		status_matcher(STATUS_GRPC, "c", form, &b);
		char *s = strchr(b.s, '"') + 1;
		*strchr(s, '"') = '\0';
		int nr = 0;
		for (char *p = strtok(s, "|"); p; p = strtok(NULL, "|"), nr++)
			assert_int_equal(status_class(STATUS_GRPC, p), CLASS_ERROR);
		assert_int_equal(nr, 6);
	}
	buf_release(&b);
}

static void words_in_json_stay_what_they_are(void **state)
{
	(void)state;
	assert_string_equal(layer_name(LAYER_EDGE), "edge");
	assert_string_equal(layer_name(LAYER_DEPENDENCY), "dependency");
	assert_string_equal(method_name(METHOD_SERVER), "server");
	assert_string_equal(method_name(METHOD_NONE), "none");
	for (int r = 0; r < RED_ROLES; r++)
		assert_true(*red_role_name((enum red_role)r));
	assert_true(unit_scale(UNIT_MILLISECONDS) == 1e-3);
	assert_true(unit_scale(UNIT_MICROSECONDS) == 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_the_servers_fault_alone),
		cmocka_unit_test(a_server_finds_the_same_errors),
		cmocka_unit_test(words_in_json_stay_what_they_are),
	};
	return cmocka_run_group_tests_name("catalog", tests, NULL, NULL);
}
