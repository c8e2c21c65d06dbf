/* Profile files: the vectors that the AWS SDKs share, and what a person on call
 * writes beside them. */
#include "sources/aws_profile.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define VECTORS "tests/data/aws-config-vectors/profile-parser-tests.json"

static int add(struct aws_files *f, const char *file, bool credentials,
	       const char *text, struct err *e)
{
	if (!text)
		return 0;
	size_t n = strlen(text);
	char *own = mem_strndup(text, n); /* no byte too many is read */
	int rc = aws_files_read(f, file, credentials, own, n, e);
	explicit_bzero(own, n);
	free(own);
	return rc;
}

static int read_both(struct aws_files *f, const char *config,
		     const char *credentials, struct err *e)
{
	aws_files_init(f);
	if (add(f, "config", false, config, e) < 0)
		return -1;
	return add(f, "credentials", true, credentials, e);
}

static void read_config(struct aws_files *f, const char *text)
{
	struct err e = { 0 };
	if (read_both(f, text, NULL, &e) < 0)
		fail_msg("%s\nis refused: %s", text, e.text);
}

/* ---- the vectors -------------------------------------------------------- */

static void check_section(const char *test, const struct aws_files *f,
			  enum aws_section_kind kind, const cJSON *want)
{
	const struct aws_section *s = aws_section(f, kind, want->string);
	if (!s)
		fail_msg("%s: %s is missing", test, want->string);
	const cJSON *p;
	size_t nr = 0;
	cJSON_ArrayForEach(p, want) {
		const char *value = aws_value(s, p->string);
		if (!value || strcmp(value, cJSON_GetStringValue(p)) != 0)
			fail_msg("%s: %s is '%s'", test, p->string,
				 value ? value : "(missing)");
		nr++;
	}
	if (s->nr != nr)
		fail_msg("%s: %zu properties in %s", test, s->nr, s->name);
}

static void check_sections(const char *test, const struct aws_files *f,
			   enum aws_section_kind kind, const cJSON *want)
{
	const cJSON *s;
	size_t nr = 0;
	cJSON_ArrayForEach(s, want)
		check_section(test, f, kind, s);
	for (size_t i = 0; i < f->nr; i++)
		nr += f->section[i].kind == kind;
	if (nr != (size_t)cJSON_GetArraySize(want))
		fail_msg("%s: %zu sections of kind %d", test, nr, (int)kind);
}

/* Their words and ours. The mistake is always in the last line. */
static void check_error(const char *test, const char *text, const char *theirs,
			const struct err *e)
{
	static const struct { const char *theirs, *ours; } words[] = {
		{ "Profile definition must end with ']'",
		  "a section's name that does not end in ']'" },
		{ "Expected a profile definition", "text before any section" },
		{ "Property did not have a name", "a property without a name" },
		{ "Expected an '=' sign defining a property",
		  "a line without a '='" },
		{ "Expected a property definition",
		  "an indented line without a '=' that continues nothing" },
		{ "Expected an '=' sign defining a sub-property",
		  "a sub-property without a '='" },
		{ "Sub-property did not have a name",
		  "a sub-property without a name" },
	};
	char want[300];
	int line = 1;
	for (const char *s = text; *s; s++)
		line += *s == '\n';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strncmp(theirs, words[i].theirs,
			    strlen(words[i].theirs)) != 0)
			continue;
		snprintf(want, sizeof(want), "config:%d: %s, ", line,
			 words[i].ours);
		if (strncmp(e->text, want, strlen(want)) != 0)
			fail_msg("%s: %s", test, e->text);
		assert_non_null(strstr(e->text, " was expected"));
		assert_int_equal(e->code, EXIT_FILE);
		return;
	}
	fail_msg("%s: no words for '%s'", test, theirs);
}

static const cJSON *item(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItem(o, name);
}

static void check_vector(const cJSON *t)
{
	const cJSON *in = item(t, "input"), *out = item(t, "output");
	const char *name = cJSON_GetStringValue(item(t, "name"));
	const char *config = cJSON_GetStringValue(item(in, "configFile"));
	const char *wrong = cJSON_GetStringValue(item(out, "errorContaining"));
	struct aws_files f;
	struct err e = { 0 };
	int rc = read_both(&f, config, cJSON_GetStringValue(
			   item(in, "credentialsFile")), &e);
	if (rc != (wrong ? -1 : 0))
		fail_msg("%s: %d %s", name, rc, e.text);
	if (wrong) {
		check_error(name, config, wrong, &e);
	} else {
		out = item(out, "config");
		check_sections(name, &f, AWS_PROFILE, item(out, "profiles"));
		check_sections(name, &f, AWS_SSO_SESSION,
			       item(out, "sso_sessions"));
	}
	aws_files_release(&f);
}

static void a_profile_means_something_else_than_to_the_aws_cli(void **state)
{
	const cJSON *t;
	int nr = 0;
	(void)state;
	FILE *file = fopen(VECTORS, "rb");
	assert_non_null(file);
	char *text = mem_zero(1, 65536);
	assert_true(fread(text, 1, 65535, file) > 20000);
	fclose(file);
	cJSON *all = cJSON_Parse(text);
	assert_non_null(all);
	cJSON_ArrayForEach(t, item(all, "tests")) {
		check_vector(t);
		nr++;
	}
	assert_int_equal(nr, 65);
	cJSON_Delete(all);
	free(text);
}

/* ---- what the vectors leave out ----------------------------------------- */

static void an_sso_session_and_own_endpoints_are_not_found(void **state)
{
	struct aws_files f;
	(void)state;
	read_config(&f, "[default]\nservices = local\n"
		    "[sso-session corp]\nsso_region = eu-west-1\n"
		    "[services local]\n"
		    "cloudwatch =\n"
		    "  endpoint_url = http://127.0.0.1:1/ # moto\n"
		    "  # indented comments are comments\n"
		    "  Other=x\n"
		    "sts =\n"
		    "  endpoint_url = http://127.0.0.1:2\n"
		    "  endpoint_url = http://127.0.0.1:3\n");
	const struct aws_section *s = aws_section(&f, AWS_SERVICES, "local");
	assert_non_null(s);
	assert_string_equal(aws_sub_value(s, "cloudwatch", "endpoint_url"),
			    "http://127.0.0.1:1/");
	assert_string_equal(aws_sub_value(s, "cloudwatch", "other"), "x");
	assert_string_equal(aws_sub_value(s, "sts", "endpoint_url"),
			    "http://127.0.0.1:3");
	assert_null(aws_sub_value(s, "sts", "other"));
	assert_null(aws_sub_value(s, "s3", "endpoint_url"));
	assert_null(aws_sub_value(NULL, "s3", "endpoint_url"));
	assert_int_equal(aws_property(s, "cloudwatch")->sub[1].line, 9);
	assert_string_equal(aws_value(aws_section(&f, AWS_SSO_SESSION, "corp"),
				      "sso_region"), "eu-west-1");
	assert_null(aws_section(&f, AWS_PROFILE, "corp"));
	aws_files_release(&f);
}

static void a_file_that_works_elsewhere_is_refused(void **state)
{
	static const struct { const char *text, *profile, *value; } rows[] = {
		{ "\xef\xbb\xbf[default]\nk = v\n", "default", "v" },
		{ "[default]\n  k = v\n  other = w\n", "default", "v" },
		{ "[default]\n  other = w\n\tk = v\n [profile x]\n",
		  "default", "v" },
		{ "  [default]\n  k = v", "default", "v" },
		{ "[profile \"a b\"]\nk = v", "a b", "v" },
		{ "[profile 'a']\nk = v", "a", "v" },
		{ "[profile gr\xc3\xbc\xc3\x9f" "e]\nk = v",
		  "gr\xc3\xbc\xc3\x9f" "e", "v" },
		{ "[default]\r\nk = v\r\n\r\n# c\r\n", "default", "v" },
		{ "[default]\nk = v #c\n # c\n", "default", "v" },
		{ "[default]\nk=\"v\"\n", "default", "\"v\"" },
		{ "[default]\nk = # c\n", "default", "" },
		{ "[default]\nin valid =\n  a = b\nk = v", "default", "v" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aws_files f;
		read_config(&f, rows[i].text);
		const char *value = aws_value(
			aws_section(&f, AWS_PROFILE, rows[i].profile), "k");
		if (!value || strcmp(value, rows[i].value) != 0)
			fail_msg("%s: '%s'", rows[i].text, value ? value : "");
		aws_files_release(&f);
	}
}

static void a_mistake_has_no_place(void **state)
{
	static const struct { const char *text; bool credentials;
			      const char *want; } rows[] = {
		{ "\n# c\n[default", false,
		  "f:3: a section's name that does not end in ']', [default] "
		  "or [profile NAME] was expected" },
		{ "[default", true,
		  "f:1: a section's name that does not end in ']', [NAME] was "
		  "expected" },
		{ "[default] k = v", true,
		  "f:1: something behind the ']' of a section, a comment or "
		  "nothing was expected" },
		{ "[a]\r\n\r\nk v\r\n", true,
		  "f:3: a line without a '=', NAME = VALUE was expected" },
		{ "[a]\nk = a\rb", true,
		  "f:2: a control character, a line of text was expected" },
		{ "[a]\nk = a\n \x1b[2J", true,
		  "f:3: a control character, a line of text was expected" },
		{ "[a]\nk =\n a = b\n c", true,
		  "f:4: a sub-property without a '=', an indented NAME = VALUE "
		  "was expected" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aws_files f;
		struct err e = { 0 };
		aws_files_init(&f);
		assert_int_equal(add(&f, "f", rows[i].credentials,
				     rows[i].text, &e), -1);
		assert_string_equal(e.text, rows[i].want);
		assert_int_equal(e.code, EXIT_FILE);
		aws_files_release(&f);
	}
}

static void a_binary_file_is_read_as_keys(void **state)
{
	static const char nul[] = "[a]\nk = v\0w\n", wide[] = "[\0a\0]\0\n\0";
	struct aws_files f;
	struct err e = { 0 };
	(void)state;
	aws_files_init(&f);
	assert_int_equal(aws_files_read(&f, "f", true, nul, sizeof(nul) - 1,
					&e), -1);
	assert_string_equal(e.text, "f:2: a NUL character, a text file was "
			    "expected");
	aws_files_release(&f);
	assert_int_equal(aws_files_read(&f, "f", true, wide, sizeof(wide) - 1,
					&e), -1);
	assert_string_equal(e.text, "f:1: a NUL character, a text file was "
			    "expected");
	aws_files_release(&f);
}

/* A key without its name, or in the place of one. */
static void a_secret_gets_into_a_sentence(void **state)
{
	static const char *const rows[] = {
		"[a]\nSECRET", "SECRET", "SECRET = 1", "[SECRET", "[a] SECRET",
		"[a]\nSECRET =\n SECRET", "[a]\nk =\n SECRET", "[a]\n SECRET",
		"[a]\n= SECRET", "[a]\nk = SECRET\x01", "[a]\nk =\n = SECRET",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct aws_files f;
		struct err e = { 0 };
		aws_files_init(&f);
		assert_int_equal(add(&f, "f", true, rows[i], &e), -1);
		assert_null(strstr(e.text, "SECRET"));
		aws_files_release(&f);
	}
}

static void where_a_value_is_from_is_unknown(void **state)
{
	struct aws_files f;
	struct err e = { 0 };
	(void)state;
	assert_int_equal(read_both(&f, "\n[profile a]\nk = 1\nregion = r\n",
				   "# c\n[a]\nk = 2\n", &e), 0);
	const struct aws_section *s = aws_section(&f, AWS_PROFILE, "a");
	assert_string_equal(s->file, "config");
	assert_int_equal(s->line, 2);
	assert_string_equal(aws_property(s, "k")->file, "credentials");
	assert_int_equal(aws_property(s, "k")->line, 3);
	assert_string_equal(aws_value(s, "k"), "2");
	assert_string_equal(aws_property(s, "region")->file, "config");
	aws_files_release(&f);
}

static void a_section_in_the_wrong_form_is_forgotten(void **state)
{
	struct aws_files f;
	struct err e = { 0 };
	(void)state;
	assert_int_equal(read_both(&f, "[a]\n[profile b c]\n[default]\nx = 1\n"
				   "[profile default]\n", "[profile d]\n", &e),
			 0);
	assert_non_null(aws_section(&f, AWS_STRAY, "a"));
	assert_non_null(aws_section(&f, AWS_STRAY, "profile b c"));
	assert_non_null(aws_section(&f, AWS_STRAY, "profile d"));
	assert_int_equal(aws_section(&f, AWS_STRAY, "default")->line, 3);
	assert_int_equal(aws_section(&f, AWS_PROFILE, "default")->line, 5);
	assert_null(aws_value(aws_section(&f, AWS_PROFILE, "default"), "x"));
	aws_files_release(&f);
}

static void check_refused(const struct buf *text, const char *want)
{
	struct aws_files f;
	struct err e = { 0 };
	aws_files_init(&f);
	assert_int_equal(aws_files_read(&f, "f", true, buf_text(text),
					text->len, &e), -1);
	assert_string_equal(e.text, want);
	assert_int_equal(e.code, EXIT_FILE);
	aws_files_release(&f);
}

static void a_huge_file_hangs_the_program(void **state)
{
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "[p%d]\n", i);
	check_refused(&b, "f:10001: more than 10000 sections with this one, "
		      "delete some or name another file");
	buf_clear(&b);
	buf_str(&b, "[a]\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "k%d=\n", i);
	check_refused(&b, "f:1002: more than 1000 properties in one section "
		      "with this one, delete some");
	buf_clear(&b);
	buf_str(&b, "[a]\nk =\n");
	for (int i = 0; i < 20000; i++)
		buf_printf(&b, " k%d=\n", i);
	check_refused(&b, "f:1003: more than 1000 properties in one section "
		      "with this one, delete some");
	buf_clear(&b);
	while (b.len <= LIMIT_FILE)
		buf_str(&b, "# a comment\n");
	check_refused(&b, "f: it is larger than 1024 kB, name another file");
	buf_release(&b);
}

/* What is overwritten is the only copy of the file. */
static void a_secret_stays_in_memory(void **state)
{
	struct aws_files f;
	(void)state;
	read_config(&f, "[default]\naws_secret_access_key = SECRET\n -more\n"
		    "s =\n k = SECRET\n");
	const struct aws_section *s = aws_section(&f, AWS_PROFILE, "default");
	const char *first = aws_value(s, "aws_secret_access_key");
	const char *sub = aws_sub_value(s, "s", "k");
	const char *from = f.section[0].name;
	assert_string_equal(first, "SECRET\n-more");
	assert_string_equal(sub, "SECRET");
	/* One block: header, values, and the copy for sub-properties. */
	assert_true(first > from && first - from < 200);
	assert_true(sub > first && sub - first < 200);
	aws_files_release(&f);
	assert_null(f.text);
	assert_int_equal(f.nr, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_profile_means_something_else_than_to_the_aws_cli),
		cmocka_unit_test(
			an_sso_session_and_own_endpoints_are_not_found),
		cmocka_unit_test(a_file_that_works_elsewhere_is_refused),
		cmocka_unit_test(a_mistake_has_no_place),
		cmocka_unit_test(a_binary_file_is_read_as_keys),
		cmocka_unit_test(a_secret_gets_into_a_sentence),
		cmocka_unit_test(where_a_value_is_from_is_unknown),
		cmocka_unit_test(a_section_in_the_wrong_form_is_forgotten),
		cmocka_unit_test(a_huge_file_hangs_the_program),
		cmocka_unit_test(a_secret_stays_in_memory),
	};
	return cmocka_run_group_tests_name("aws_profile", tests, NULL, NULL);
}
