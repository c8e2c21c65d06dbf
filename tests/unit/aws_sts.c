/* Answers of STS, and the JSON of the other providers: keys, or a clause that
 * gives nothing away. */
#include "sources/aws_sts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define XMLNS "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\""
#define CREDENTIALS \
	"<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>" \
	"<SecretAccessKey>wJalrXUtnFEMI/K7MDENG+s3cret=</SecretAccessKey>" \
	"<SessionToken>AQoDYXdzEPT//////////wEX</SessionToken>" \
	"<Expiration>2026-11-23T19:29:53Z</Expiration></Credentials>"
#define ANSWER(action, inner) \
	"<" action "Response " XMLNS ">\n  <" action "Result>\n" inner \
	"</" action "Result>\n  <ResponseMetadata>" \
	"<RequestId>c6104cbe</RequestId></ResponseMetadata></" action \
	"Response>"

static int read_xml(const char *text, size_t n, struct aws_grant *g,
		    char code[AWS_WORD], char why[AWS_WHY])
{
	char *own = mem_strndup(text, n); /* no byte too many is read */
	own = mem_grow(own, n ? n : 1, 1);
	why[0] = '\0';
	int rc = aws_sts_read(own, n, g, code, why);
	free(own);
	return rc;
}

static void check_keys(const char *text)
{
	struct aws_grant g;
	char code[AWS_WORD], why[AWS_WHY];
	aws_grant_init(&g);
	if (read_xml(text, strlen(text), &g, code, why))
		fail_msg("%s\n%s %s", text, code, why);
	assert_string_equal(buf_text(&g.id), "ASIAEXAMPLE");
	assert_string_equal(buf_text(&g.secret),
			    "wJalrXUtnFEMI/K7MDENG+s3cret=");
	assert_string_equal(buf_text(&g.token), "AQoDYXdzEPT//////////wEX");
	assert_true(g.expires == INT64_C(1795462193000));
	aws_grant_release(&g);
}

static void keys_of_a_role_are_not_found_in_the_answer(void **state)
{
	(void)state;
	check_keys(ANSWER("AssumeRole", "<AssumedRoleUser><Arn>arn:x</Arn>"
			  "<AssumedRoleId>ARO:s</AssumedRoleId>"
			  "</AssumedRoleUser>" CREDENTIALS
			  "<PackedPolicySize>6</PackedPolicySize>"));
	check_keys(ANSWER("AssumeRoleWithWebIdentity",
			  "<SubjectFromWebIdentityToken>sub"
			  "</SubjectFromWebIdentityToken>" CREDENTIALS
			  "<Audience>a</Audience>"));
	check_keys("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
		   "<!-- by a proxy --><s:AssumeRoleResponse xmlns:s=\"u\">"
		   "<s:AssumeRoleResult><s:Credentials>"
		   "<s:AccessKeyId>ASIA&#69;XAMPLE</s:AccessKeyId>"
		   "<s:SecretAccessKey>"
		   "<![CDATA[wJalrXUtnFEMI/K7MDENG+s3cret=]]>"
		   "</s:SecretAccessKey>"
		   "<s:SessionToken>AQoDYXdzEPT//////////wEX</s:SessionToken>"
		   "<s:Expiration>2026-11-23T19:29:53.000Z</s:Expiration>"
		   "</s:Credentials></s:AssumeRoleResult>"
		   "</s:AssumeRoleResponse>");
}

static void a_refusal_does_not_say_its_code(void **state)
{
	static const struct { const char *text, *code; } t[] = {
		{ "<ErrorResponse " XMLNS "><Error><Type>Sender</Type>"
		  "<Code>AccessDenied</Code><Message>User: arn:x "
		  "is not authorized</Message></Error>"
		  "<RequestId>x</RequestId></ErrorResponse>", "AccessDenied" },
		{ "<Response><Errors><Error><Code>InvalidClientTokenId</Code>"
		  "</Error></Errors></Response>", "InvalidClientTokenId" },
		{ "<ErrorResponse><Error><Code>\x1b]0;x</Code></Error>"
		  "</ErrorResponse>", NULL },
		{ "<ErrorResponse><Error><Code>a s3cret 123</Code></Error>"
		  "</ErrorResponse>", "" },
		{ "<ErrorResponse><Error><Code/></Error></ErrorResponse>", "" },
		{ "<ErrorResponse><Error><Code>Averyverylongcode"
		  "thatgoesonandonandonandonandonandonandonandonandon</Code>"
		  "</Error></ErrorResponse>", "" },
	};
	struct aws_grant g;
	char code[AWS_WORD], why[AWS_WHY];
	(void)state;
	aws_grant_init(&g);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int rc = read_xml(t[i].text, strlen(t[i].text), &g, code, why);
		assert_int_equal(rc, t[i].code ? 1 : -1);
		if (t[i].code)
			assert_string_equal(code, t[i].code);
		assert_int_equal(g.id.len, 0);
	}
}

static void check_bad(const char *text, size_t n, const char *words)
{
	struct aws_grant g;
	char code[AWS_WORD], why[AWS_WHY];
	aws_grant_init(&g);
	int rc = read_xml(text, n, &g, code, why);
	if (rc != -1 || !strstr(why, words))
		fail_msg("%.200s\n%d '%s' is not '%s'", text, rc, why, words);
	assert_int_equal(g.id.len + g.secret.len + g.token.len, 0);
	assert_null(strstr(why, "s3cret"));
}

static void xml_that_attacks_is_believed_or_expanded(void **state)
{
	static const struct { const char *text, *words; } t[] = {
		{ "", "is no XML" },
		{ "{\"AccessKeyId\":\"s3cret\"}", "is no XML" },
		{ "<html><body>Sign in</body></html>", "lacks Credentials" },
		{ "<html><br>Sign in</html>", "is no XML" },
		{ ANSWER("AssumeRole", ""), "lacks Credentials" },
		{ ANSWER("AssumeRole", "<Credentials><AccessKeyId>s3cret"
			 "</AccessKeyId></Credentials>"),
		  "lacks SessionToken" },
		{ ANSWER("AssumeRole", CREDENTIALS CREDENTIALS),
		  "says the same twice" },
		{ ANSWER("GetSessionToken", CREDENTIALS),
		  "lacks Credentials" },
		{ "<x>" ANSWER("AssumeRole", CREDENTIALS) "</x>",
		  "lacks Credentials" },
		{ ANSWER("AssumeRole", "<Credentials><AccessKeyId>A<b/>"
			 "</AccessKeyId></Credentials>"),
		  "holds elements within a value" },
		{ "<!DOCTYPE x [<!ENTITY a \"s3cret\"><!ENTITY b \"&a;&a;\">]>"
		  "<x>&b;</x>", "has a document type" },
		{ "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>",
		  "has a document type" },
		{ "<x>&b;</x>", "is no XML" },
		{ ANSWER("AssumeRole", "<Credentials><AccessKeyId>A"
			 "</AccessKeyId><SecretAccessKey>s3cret&#10;X-Evil: 1"
			 "</SecretAccessKey><SessionToken>t</SessionToken>"
			 "<Expiration>2026-11-23T19:29:53Z</Expiration>"
			 "</Credentials>"),
		  "holds no usable secret access key" },
		{ ANSWER("AssumeRole", "<Credentials><AccessKeyId>A"
			 "</AccessKeyId><SecretAccessKey>s"
			 "</SecretAccessKey><SessionToken>t</SessionToken>"
			 "<Expiration>-10m</Expiration></Credentials>"),
		  "holds no usable Expiration" },
	};
	static const char utf16[] = "<\0x\0/\0>\0";
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check_bad(t[i].text, strlen(t[i].text), t[i].words);
	check_bad(utf16, sizeof(utf16) - 1, "is no XML");
	check_bad("<x\0>", 4, "is no XML");
}

static void a_deep_or_large_answer_costs_more_than_it_may(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	for (int i = 0; i <= LIMIT_NESTING; i++)
		buf_str(&b, "<x>");
	check_bad(b.s, b.len, "is nested too deeply");
	buf_clear(&b);
	for (int i = 0; i < LIMIT_NESTING; i++)
		buf_str(&b, "<x>");
	buf_str(&b, "<y/>");
	check_bad(b.s, b.len, "is nested too deeply");
	buf_clear(&b);
	buf_str(&b, "<ErrorResponse><Error><Code>");
	while (b.len <= LIMIT_CREDENTIALS)
		buf_char(&b, 'A');
	check_bad(b.s, b.len, "is larger than 64 kB");
	buf_release(&b);
}

/* A cut answer is none, wherever it is cut. */
static void half_an_answer_is_taken_for_a_whole_one(void **state)
{
	static const char whole[] = ANSWER("AssumeRole", CREDENTIALS);
	struct aws_grant g;
	char code[AWS_WORD], why[AWS_WHY];
	(void)state;
	aws_grant_init(&g);
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(read_xml(whole, n, &g, code, why), -1);
	assert_int_equal(g.id.len, 0);
}

static void a_role_is_asked_for_without_what_the_profile_says(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	aws_sts_form(&(struct aws_sts_ask){
		.role_arn = "arn:aws:iam::111122223333:role/ReadOnly",
		.session_name = "perf", .external_id = "ext-1",
		.duration_s = 900 }, &b);
	assert_string_equal(b.s, "Action=AssumeRole&Version=2011-06-15"
		"&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2FReadOnly"
		"&RoleSessionName=perf&ExternalId=ext-1&DurationSeconds=900");
	buf_clear(&b);
	aws_sts_form(&(struct aws_sts_ask){ .role_arn = "arn:x",
		.session_name = "a@b", .token = "e.y-J_&=" }, &b);
	assert_string_equal(b.s, "Action=AssumeRoleWithWebIdentity"
		"&Version=2011-06-15&RoleArn=arn%3Ax&RoleSessionName=a%40b"
		"&WebIdentityToken=e.y-J_%26%3D");
	buf_release(&b);
}

/* ---- JSON --------------------------------------------------------------- */

#define KEYS "\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s3cret\""
#define END "\"Expiration\":\"2026-11-23T18:30:00Z\""

static void keys_in_json_are_read_otherwise_than_the_tools_do(void **state)
{
	static const time_ms at = INT64_C(1795458600000);
	static const struct {
		enum aws_json kind;
		const char *text, *token, *account;
		time_ms expires;
	} t[] = {
		{ AWS_JSON_PROCESS, "{\"Version\":1," KEYS "}", "", "",
		  TIME_NONE },
		{ AWS_JSON_PROCESS, "{\"Version\":1," KEYS ",\"Expiration\":"
		  "null,\"SessionToken\":null}", "", "", TIME_NONE },
		{ AWS_JSON_PROCESS, " {\"Version\":1," KEYS ",\"SessionToken\":"
		  "\"t\",\"AccountId\":\"111122223333\",\"Expiration\":"
		  "\"2026-11-23T19:30:00+01:00\"}\n", "t", "111122223333", at },
		{ AWS_JSON_CONTAINER, "{\"RoleArn\":\"arn\"," KEYS
		  ",\"Token\":\"t\"," END "}", "t", "", at },
		{ AWS_JSON_IMDS, "{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\","
		  KEYS ",\"Token\":\"t\"," END "}", "t", "", at },
		{ AWS_JSON_SSO, "{\"roleCredentials\":{\"accessKeyId\":\"A\","
		  "\"secretAccessKey\":\"s3cret\",\"sessionToken\":\"t\","
		  "\"expiration\":1795458600000}}", "t", "", at },
	};
	struct aws_grant g;
	char why[AWS_WHY] = "";
	(void)state;
	aws_grant_init(&g);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!aws_grant_read(&g, t[i].kind, t[i].text,
				    strlen(t[i].text), why))
			fail_msg("%s: %s", t[i].text, why);
		assert_string_equal(buf_text(&g.secret), "s3cret");
		assert_string_equal(buf_text(&g.token), t[i].token);
		assert_string_equal(g.account, t[i].account);
		assert_true(g.expires == t[i].expires);
	}
	aws_grant_release(&g);
}

static void json_that_is_no_keys_is_taken_for_keys(void **state)
{
	static const struct {
		enum aws_json kind;
		const char *text, *words;
	} t[] = {
		{ AWS_JSON_PROCESS, "", "is no JSON object" },
		{ AWS_JSON_PROCESS, "s3cret", "is no JSON object" },
		{ AWS_JSON_PROCESS, "[\"s3cret\"]", "is no JSON object" },
		{ AWS_JSON_PROCESS, "{" KEYS "}", "lacks \"Version\": 1" },
		{ AWS_JSON_PROCESS, "{\"Version\":2," KEYS "}",
		  "lacks \"Version\": 1" },
		{ AWS_JSON_PROCESS, "{\"Version\":\"1\"," KEYS "}",
		  "lacks \"Version\": 1" },
		{ AWS_JSON_PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\"}",
		  "lacks SecretAccessKey" },
		{ AWS_JSON_PROCESS, "{\"Version\":1,\"AccessKeyId\":7,"
		  "\"SecretAccessKey\":\"s3cret\"}", "lacks AccessKeyId" },
		{ AWS_JSON_PROCESS, "{\"Version\":1,\"AccessKeyId\":\"A\","
		  "\"SecretAccessKey\":\"s3cret\\r\\nX-Evil: 1\"}",
		  "holds no usable SecretAccessKey" },
		{ AWS_JSON_PROCESS, "{\"Version\":1," KEYS
		  ",\"Expiration\":\"tomorrow\"}",
		  "holds no usable Expiration" },
		{ AWS_JSON_CONTAINER, "{" KEYS "," END "}", "lacks Token" },
		{ AWS_JSON_IMDS, "{" KEYS ",\"Token\":\"t\"}",
		  "lacks Expiration" },
		{ AWS_JSON_SSO, "{\"accessKeyId\":\"A\"}",
		  "lacks accessKeyId" },
		{ AWS_JSON_SSO, "{\"roleCredentials\":{\"accessKeyId\":\"A\","
		  "\"secretAccessKey\":\"s3cret\",\"sessionToken\":\"t\","
		  "\"expiration\":1e300}}", "holds no usable expiration" },
	};
	struct aws_grant g;
	char why[AWS_WHY];
	(void)state;
	aws_grant_init(&g);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		why[0] = '\0';
		if (aws_grant_read(&g, t[i].kind, t[i].text,
				   strlen(t[i].text), why)
		    || !strstr(why, t[i].words))
			fail_msg("%s: '%s'", t[i].text, why);
		assert_null(strstr(why, "s3cret"));
		assert_int_equal(g.id.len + g.secret.len, 0);
	}
}

static void an_error_in_json_loses_its_word_or_shows_more(void **state)
{
	static const struct { const char *text, *word; } t[] = {
		{ "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
		  "AssumeRoleUnauthorizedAccess" },
		{ "{\"code\":\"AccessDenied\",\"message\":\"s3cret\"}",
		  "AccessDenied" },
		{ "{\"__type\":\"com.amazonaws.sso#UnauthorizedException\"}",
		  "UnauthorizedException" },
		{ "{\"error\":\"invalid_grant\",\"error_description\":\"x\"}",
		  "invalid_grant" },
		{ "{\"error\":\"\\u001b]0;s3cret\"}", "" },
		{ "{\"error\":[\"x\"]}", "" },
		{ "{}", "" },
	};
	char word[AWS_WORD];
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cJSON *tree = aws_tree(t[i].text, strlen(t[i].text));
		aws_error_word(tree, word);
		assert_string_equal(word, t[i].word);
		aws_tree_free(tree);
	}
	aws_error_word(NULL, word);
	assert_string_equal(word, "");
}

static void times_that_the_aws_tools_write_are_not_read(void **state)
{
	static const struct { const char *text; bool fine; } t[] = {
		{ "2026-11-23T18:30:00Z", true },
		{ "2026-11-23T18:30:00UTC", true },
		{ "2026-11-23T18:30:00", true },
		{ "2026-11-23T18:30:00+00:00", true },
		{ "2026-11-23T18:30:00.000000+00:00", true },
		{ "now", false }, { "-10m", false }, { "14:05", false },
		{ "@1795458600", false }, { "", false },
		{ "2026-02-30T18:30:00Z", false },
		{ "@-50-11-23T18:30:00Z", false },
		{ "2026-11-23T18:30:00Z0000000000000000000000000", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		time_ms at = 0;
		if (aws_time(t[i].text, &at) != t[i].fine
		    || (t[i].fine && at != INT64_C(1795458600000)))
			fail_msg("%s: %lld", t[i].text, (long long)at);
	}
	assert_false(aws_time(NULL, &(time_ms){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_a_role_are_not_found_in_the_answer),
		cmocka_unit_test(a_refusal_does_not_say_its_code),
		cmocka_unit_test(xml_that_attacks_is_believed_or_expanded),
		cmocka_unit_test(a_deep_or_large_answer_costs_more_than_it_may),
		cmocka_unit_test(half_an_answer_is_taken_for_a_whole_one),
		cmocka_unit_test(
			a_role_is_asked_for_without_what_the_profile_says),
		cmocka_unit_test(
			keys_in_json_are_read_otherwise_than_the_tools_do),
		cmocka_unit_test(json_that_is_no_keys_is_taken_for_keys),
		cmocka_unit_test(an_error_in_json_loses_its_word_or_shows_more),
		cmocka_unit_test(times_that_the_aws_tools_write_are_not_read),
	};
	return cmocka_run_group_tests_name("aws_sts", tests, NULL, NULL);
}
