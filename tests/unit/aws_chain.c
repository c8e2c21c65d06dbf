/* Where a profile's keys come from: the role chains that the AWS SDKs share as
 * vectors, and what they leave open. */
#include "sources/aws_chain.h"

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

#define VECTORS "tests/data/aws-config-vectors/assume-role-tests.json"

static void read_files(struct aws_files *f, const char *config,
		       const char *credentials)
{
	struct err e = { 0 };
	aws_files_init(f);
	if (aws_files_read(f, "config", false, config, strlen(config), &e) < 0
	    || (credentials
		&& aws_files_read(f, "credentials", true, credentials,
				  strlen(credentials), &e) < 0))
		fail_msg("%s", e.text);
}

/* ---- the vectors -------------------------------------------------------- */

static void write_sections(struct buf *out, const cJSON *all, const char *kind)
{
	const cJSON *s, *p;
	cJSON_ArrayForEach(s, all) {
		buf_printf(out, "[%s %s]\n", kind, s->string);
		cJSON_ArrayForEach(p, s)
			buf_printf(out, "%s = %s\n", p->string,
				   p->valuestring);
	}
}

static void add_text(cJSON *to, const char *name, const char *value)
{
	if (value)
		cJSON_AddStringToObject(to, name, value);
}

static void write_base(const struct aws_chain *c, cJSON *link)
{
	static const char *const sources[] = {
		[AWS_BASE_ENV] = "Environment",
		[AWS_BASE_CONTAINER] = "EcsContainer",
		[AWS_BASE_IMDS] = "Ec2InstanceMetadata",
	};
	cJSON *o;
	switch (c->base) {
	case AWS_BASE_KEYS:
		o = cJSON_AddObjectToObject(link, "AccessKey");
		add_text(o, "access_key_id", c->keys.id);
		add_text(o, "secret_access_key", c->keys.secret);
		add_text(o, "session_token", c->keys.token);
		add_text(o, "account_id", c->account);
		break;
	case AWS_BASE_WEB:
		o = cJSON_AddObjectToObject(link, "WebIdentityToken");
		add_text(o, "role_arn", c->web.role_arn);
		add_text(o, "web_identity_token_file", c->web.token_file);
		add_text(o, "role_session_name", c->web.session_name);
		break;
	case AWS_BASE_SSO:
		o = cJSON_AddObjectToObject(link, "Sso");
		add_text(o, "sso_session", c->sso.session);
		add_text(o, "sso_account_id", c->sso.account);
		add_text(o, "sso_role_name", c->sso.role);
		add_text(o, "sso_region", c->sso.region);
		add_text(o, "sso_start_url", c->sso.start_url);
		break;
	case AWS_BASE_ENV:
	case AWS_BASE_CONTAINER:
	case AWS_BASE_IMDS:
		add_text(link, "NamedSource", sources[c->base]);
		break;
	default:
		fail_msg("base %d", (int)c->base);
	}
}

static cJSON *write_chain(const struct aws_chain *c)
{
	cJSON *all = cJSON_CreateArray(), *link = cJSON_CreateObject();
	write_base(c, link);
	cJSON_AddItemToArray(all, link);
	for (size_t i = 0; i < c->nr_roles; i++) {
		link = cJSON_CreateObject();
		cJSON *o = cJSON_AddObjectToObject(link, "AssumeRole");
		add_text(o, "role_arn", c->role[i].arn);
		add_text(o, "role_session_name", c->role[i].session_name);
		add_text(o, "external_id", c->role[i].external_id);
		cJSON_AddItemToArray(all, link);
	}
	return all;
}

/* Their words, how it ended here, and ours. */
static const struct refusal {
	const char *theirs;
	int rc;
	const char *ours;
} refusals[] = {
	{ "profile must contain `source_profile`", -1,
	  "config:2: profile 'A' has role_arn without source_profile or "
	  "credential_source; add it" },
	{ "profile contained both source_profile and credential_source", -1,
	  "config:4: profile 'A' has both source_profile and "
	  "credential_source; keep one" },
	{ "profile missing aws_secret_access_key", -1,
	  "config:5: profile 'B' has aws_access_key_id without "
	  "aws_secret_access_key; add it" },
	{ "profile missing aws_access_key_id", -1,
	  "config:5: profile 'B' has aws_secret_access_key without "
	  "aws_access_key_id; add it" },
	{ "profile `B` did not contain credential information", -1,
	  "config:4: profile 'B' has no credentials; give it keys" },
	{ "profile `A` did not contain credential information", 1,
	  "config:1: profile 'A' has no credentials; give it keys" },
	{ "could not find source profile B referenced from A", -1,
	  "config:3: profile 'A' names source_profile 'B', which is not "
	  "there; add it" },
	{ "No profiles were defined", 1,
	  "there is no profile 'A'; run aws configure" },
	{ "profile formed an infinite loop", -1,
	  "config:1: profile 'A' leads back to itself by source_profile" },
	{ "`role_arn` was missing", -1,
	  "config:2: profile 'A' has web_identity_token_file without role_arn; "
	  "add it" },
	{ "if `sso_role_name` is set, then `sso_account_id` must also be set",
	  -1, "config:3: profile 'A' has sso_role_name without "
	  "sso_account_id; add it" },
	{ "if `sso_account_id` is set, then `sso_role_name` must also be set",
	  -1, "config:3: profile 'A' has sso_account_id without "
	  "sso_role_name; add it" },
	{ "`sso_region` can only be specified in the [sso-session] config when "
	  "a session name is given", -1, "config:3: with sso_session, "
	  "sso_region belongs into [sso-session A]; move it there" },
	{ "sso-session named `oops` (referenced by profile `A`) was not found",
	  -1, "config:2: profile 'A' names sso_session 'oops', which is not "
	  "there; add [sso-session oops]" },
};

static void check_refusal(const char *docs, const char *theirs, int rc,
			  const struct err *e)
{
	const struct refusal *r = refusals;
	const struct refusal *end = r + sizeof(refusals) / sizeof(*r);
	while (r < end && strcmp(r->theirs, theirs) != 0)
		r++;
	if (r == end)
		fail_msg("%s: a refusal that is new: %s", docs, theirs);
	if (rc != r->rc || strncmp(e->text, r->ours, strlen(r->ours)) != 0)
		fail_msg("%s: %d '%s'", docs, rc, e->text);
	if (rc < 0)
		assert_int_equal(e->code, EXIT_FILE);
}

static void check_vector(const cJSON *test)
{
	const char *docs = cJSON_GetStringValue(
		cJSON_GetObjectItem(test, "docs"));
	const cJSON *input = cJSON_GetObjectItem(test, "input");
	const cJSON *output = cJSON_GetObjectItem(test, "output");
	const char *theirs = cJSON_GetStringValue(
		cJSON_GetObjectItem(output, "Error"));
	struct aws_files f;
	struct aws_chain c;
	struct err e = { 0 };
	struct buf ini;
	buf_init(&ini, 0);
	write_sections(&ini, cJSON_GetObjectItem(input, "profiles"),
		       "profile");
	write_sections(&ini, cJSON_GetObjectItem(input, "sso_sessions"),
		       "sso-session");
	read_files(&f, buf_text(&ini), NULL);
	int rc = aws_chain_find(&f, "credentials", cJSON_GetStringValue(
		cJSON_GetObjectItem(input, "selected_profile")), &c, &e);
	if (theirs) {
		check_refusal(docs, theirs, rc, &e);
	} else {
		if (rc)
			fail_msg("%s: %s", docs, e.text);
		cJSON *ours = write_chain(&c);
		if (!cJSON_Compare(ours, cJSON_GetObjectItem(output,
							     "ProfileChain"),
				   true))
			fail_msg("%s: %s", docs, cJSON_Print(ours));
		cJSON_Delete(ours);
	}
	aws_files_release(&f);
	buf_release(&ini);
}

static void a_role_gets_other_keys_than_with_the_aws_tools(void **state)
{
	static char text[32 << 10];
	FILE *file = fopen(VECTORS, "r");
	const cJSON *test;
	(void)state;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	cJSON *tests = cJSON_Parse(text);
	assert_int_equal(cJSON_GetArraySize(tests), 28);
	cJSON_ArrayForEach(test, tests)
		check_vector(test);
	cJSON_Delete(tests);
}

/* ---- beside them -------------------------------------------------------- */

static void check_base(const char *config, const char *credentials,
		       enum aws_base base, bool in_config)
{
	struct aws_files f;
	struct aws_chain c;
	struct err e = { 0 };
	read_files(&f, config, credentials);
	if (aws_chain_find(&f, "credentials", "default", &c, &e))
		fail_msg("%s\n%s", config, e.text);
	if (c.base != base || c.in_config != in_config)
		fail_msg("%s\n%d %d", config, (int)c.base, c.in_config);
	aws_files_release(&f);
}

static void a_profile_with_two_kinds_of_keys_uses_the_wrong_one(void **state)
{
	static const char keys[] = "[default]\naws_access_key_id = AKIA\n"
				   "aws_secret_access_key = s\n";
	static const char process[] = "[default]\ncredential_process = p\n"
				      "aws_access_key_id = AKIB\n"
				      "aws_secret_access_key = s\n";
	static const char sso[] = "[default]\ncredential_process = p\n"
		"sso_account_id = 1\nsso_role_name = r\n"
		"sso_start_url = https://x\nsso_region = us-east-1\n";
	static const char token[] = "[default]\nsso_session = s\n"
		"[sso-session s]\nsso_start_url = https://x\n"
		"sso_region = us-east-1\n";
	static const char both[] = "[default]\nsso_session = s\n"
		"credential_process = p\n"
		"[sso-session s]\nsso_start_url = https://x\n"
		"sso_region = us-east-1\n";
	(void)state;
	check_base("", keys, AWS_BASE_KEYS, false);
	check_base(keys, NULL, AWS_BASE_KEYS, true);
	check_base(process, NULL, AWS_BASE_PROCESS, false);
	check_base(process, keys, AWS_BASE_KEYS, false);
	check_base(sso, NULL, AWS_BASE_SSO, false);
	check_base(sso, keys, AWS_BASE_SSO, false);
	check_base(token, NULL, AWS_BASE_SSO, false);
	check_base(token, keys, AWS_BASE_KEYS, false);
	check_base(both, NULL, AWS_BASE_PROCESS, false);
}

static void check_wrong(const char *config, int code, const char *words)
{
	struct aws_files f;
	struct aws_chain c;
	struct err e = { 0 };
	read_files(&f, config, NULL);
	int rc = aws_chain_find(&f, "credentials", "default", &c, &e);
	if (rc >= 0 || e.code != code || !strstr(e.text, words)
	    || strncmp(e.text, "config:", 7) != 0 || !text_is_clean(e.text)
	    || strlen(e.text) > LIMIT_SENTENCE)
		fail_msg("%s\n%d %d %s", config, rc, e.code, e.text);
	assert_null(strstr(e.text, "s3cret"));
	aws_files_release(&f);
}

#define ROLE "[default]\nrole_arn = arn:x\nsource_profile = b\n"

static void a_mistake_in_a_profile_does_not_say_where_it_is(void **state)
{
	static const struct { const char *config, *words; int code; } t[] = {
		{ "[default]\nrole_arn = arn:x\ncredential_source = Ec2\n",
		  "config:3: credential_source 'Ec2' is not known; "
		  "Environment, Ec2InstanceMetadata or EcsContainer",
		  EXIT_FILE },
		{ ROLE "mfa_serial = arn:mfa\n", "aws sso login",
		  EXIT_REFUSED },
		{ ROLE "mfa_serial = arn:mfa\n", "credential_process",
		  EXIT_REFUSED },
		{ ROLE "duration_seconds = 1h\n", "config:4: duration_seconds "
		  "'1h' of profile 'default' cannot be; 900 to 43200",
		  EXIT_FILE },
		{ ROLE "duration_seconds = 899\n", "900 to 43200", EXIT_FILE },
		{ ROLE "duration_seconds = 43201\n", "900 to 43200",
		  EXIT_FILE },
		{ ROLE "duration_seconds = 4294968196\n", "900 to 43200",
		  EXIT_FILE },
		{ "[default]\nlogin_session = arn:x\n", "aws login, which is "
		  "not supported here; use aws sso login", EXIT_REFUSED },
		{ "[default]\nsso_account_id = 1\nsso_role_name = r\n",
		  "without sso_region", EXIT_FILE },
		{ "[default]\nsso_session = s\nsso_account_id = 1\n"
		  "sso_role_name = r\n[sso-session s]\n"
		  "sso_region = us-east-1\n", "config:5: [sso-session s] "
		  "lacks sso_start_url", EXIT_FILE },
		{ "[default]\naws_secret_access_key = s3cret\n",
		  "without aws_access_key_id", EXIT_FILE },
		{ "[default]\naws_access_key_id = A\naws_secret_access_key =\n",
		  "without aws_secret_access_key", EXIT_FILE },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check_wrong(t[i].config, t[i].code, t[i].words);
}

static void write_roles(struct buf *out, size_t nr)
{
	buf_str(out, ROLE);
	for (size_t i = 0; i + 1 < nr; i++)
		buf_printf(out, "[profile %c]\nrole_arn = arn:%zu\n"
			   "source_profile = %c\n", (char)('b' + i), i,
			   (char)('c' + i));
	buf_printf(out, "[profile %c]\naws_access_key_id = A\n"
		   "aws_secret_access_key = s3cret\n",
		   (char)('a' + nr));
}

static void a_long_chain_of_roles_is_walked_for_ever(void **state)
{
	struct aws_files f;
	struct aws_chain c;
	struct err e = { 0 };
	struct buf ini;
	(void)state;
	buf_init(&ini, 0);
	write_roles(&ini, LIMIT_ROLES);
	read_files(&f, buf_text(&ini), NULL);
	assert_int_equal(aws_chain_find(&f, "credentials", "default", &c, &e),
			 0);
	assert_int_equal(c.nr_roles, LIMIT_ROLES);
	assert_string_equal(c.role[LIMIT_ROLES - 1].arn, "arn:x");
	assert_string_equal(c.role[LIMIT_ROLES - 2].arn, "arn:0");
	aws_files_release(&f);
	buf_clear(&ini);
	write_roles(&ini, LIMIT_ROLES + 1);
	check_wrong(buf_text(&ini), EXIT_FILE, "more than 8 roles");
	buf_release(&ini);
}

static void a_role_loses_its_session_or_how_long_it_lasts(void **state)
{
	struct aws_files f;
	struct aws_chain c;
	struct err e = { 0 };
	(void)state;
	read_files(&f, ROLE "duration_seconds = 900\nexternal_id = x-1\n"
		   "role_session_name = oncall\n",
		   "[b]\naws_access_key_id = A\naws_secret_access_key = s\n"
		   "aws_session_token = t\n");
	assert_int_equal(aws_chain_find(&f, "credentials", "default", &c, &e),
			 0);
	assert_int_equal(c.role[0].duration_s, 900);
	assert_string_equal(c.role[0].session_name, "oncall");
	assert_string_equal(c.role[0].external_id, "x-1");
	assert_string_equal(c.role[0].profile, "default");
	assert_string_equal(c.section->name, "b");
	assert_string_equal(c.keys.token, "t");
	aws_files_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_role_gets_other_keys_than_with_the_aws_tools),
		cmocka_unit_test(
			a_profile_with_two_kinds_of_keys_uses_the_wrong_one),
		cmocka_unit_test(
			a_mistake_in_a_profile_does_not_say_where_it_is),
		cmocka_unit_test(a_long_chain_of_roles_is_walked_for_ever),
		cmocka_unit_test(
			a_role_loses_its_session_or_how_long_it_lasts),
	};
	return cmocka_run_group_tests_name("aws_chain", tests, NULL, NULL);
}
