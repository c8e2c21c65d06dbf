/* Which profile, region and endpoints: asked of an environment and of files
 * that stand here. */
#include "sources/aws_settings.h"

#include "base/limits.h"
#include "base/mem.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define VECTORS "tests/data/aws-config-vectors/"

/* ---- a world ------------------------------------------------------------ */

struct world {
	const char *env[24];     /* "NAME=value", ends in NULL */
	const char *config, *credentials; /* texts, or NULL: not there */
	char asked[2][200];      /* the paths that were read */
	size_t nr_asked;
};

static const char *world_env(const char *name, void *arg)
{
	struct world *w = arg;
	size_t n = strlen(name);
	for (size_t i = 0; w->env[i]; i++)
		if (strncmp(w->env[i], name, n) == 0 && w->env[i][n] == '=')
			return w->env[i] + n + 1;
	return NULL;
}

static int world_read(const char *path, struct buf *out, struct err *e,
		      void *arg)
{
	struct world *w = arg;
	const char *text = w->nr_asked ? w->credentials : w->config;
	assert_true(w->nr_asked < 2);
	snprintf(w->asked[w->nr_asked++], sizeof(w->asked[0]), "%s", path);
	if (text && strcmp(text, "unreadable") == 0)
		return err_set(e, EXIT_FILE, "%s cannot be read", path);
	buf_str(out, text ? text : "");
	return text ? 0 : 1;
}

struct run {
	struct world w;
	struct aws_outside outside;
	struct aws_settings s;
	struct err e;
	int rc;
};

static struct aws_settings *load(struct run *r, const struct world *w,
				 const char *profile, const char *region)
{
	*r = (struct run){ .w = *w };
	r->outside = (struct aws_outside){ world_env, world_read, &r->w };
	r->rc = aws_settings_load(&r->s, &r->outside, profile, region, &r->e);
	return &r->s;
}

static struct aws_settings *good(struct run *r, const struct world *w,
				 const char *profile, const char *region)
{
	load(r, w, profile, region);
	if (r->rc < 0)
		fail_msg("%s", r->e.text);
	return &r->s;
}

static void check_refused(const struct world *w, const char *profile,
			  const char *region, int code, const char *want)
{
	struct run r;
	load(&r, w, profile, region);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.e.text, want);
	assert_int_equal(r.e.code, code);
	aws_settings_release(&r.s); /* harmless */
}

static cJSON *vectors(const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), VECTORS "%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	char *text = mem_zero(1, 65536);
	assert_true(fread(text, 1, 65535, f) > 1000);
	fclose(f);
	cJSON *all = cJSON_Parse(text);
	assert_non_null(all);
	free(text);
	return all;
}

static const char *text_of(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(o, name));
}

/* "NAME=value" of an object, for a world to keep. */
static size_t env_of(const cJSON *o, struct arena *a, struct world *w)
{
	const cJSON *v;
	size_t nr = 0;
	cJSON_ArrayForEach(v, o) {
		assert_true(nr < 20);
		w->env[nr++] = arena_printf(a, "%s=%s", v->string,
					    v->valuestring);
	}
	return nr;
}

/* ---- where the files are ------------------------------------------------ */

/* The rows of Windows hold here too, with our separator and without its home
 * variables: the account's directory takes their place. */
static const char *our_path(struct arena *a, const char *path,
			    const char *home_of_theirs)
{
	char *ours = arena_strdup(a, path);
	size_t n = home_of_theirs ? strlen(home_of_theirs) : 0;
	if (n && strncmp(ours, home_of_theirs, n) == 0)
		ours = arena_printf(a, "%s%s", getpwuid(getuid())->pw_dir,
				    ours + n);
	for (char *c = strchr(ours, '\\'); c; c = strchr(c, '\\'))
		*c = '/';
	return ours;
}

static void check_location(const cJSON *t, struct arena *a)
{
	struct world w = { .config = "[profile other]\n" };
	struct run r;
	const cJSON *env = cJSON_GetObjectItem(t, "environment");
	bool windows = strcmp(text_of(t, "platform"), "windows") == 0;
	const char *profile = text_of(t, "profile");
	env_of(env, a, &w);
	for (size_t i = 0; windows && w.env[i]; i++)
		w.env[i] = our_path(a, w.env[i], NULL);
	const char *theirs = windows && !text_of(env, "HOME")
			     ? "C:\\users\\user" : NULL;
	good(&r, &w, NULL, NULL);
	assert_int_equal(r.w.nr_asked, 2);
	assert_string_equal(r.w.asked[0], our_path(a, text_of(
		t, "configLocation"), theirs));
	assert_string_equal(r.w.asked[1], our_path(a, text_of(
		t, "credentialsLocation"), theirs));
	assert_string_equal(r.s.config_path, r.w.asked[0]);
	assert_string_equal(r.s.credentials_path, r.w.asked[1]);
	assert_string_equal(r.s.profile, profile ? profile : "default");
	aws_settings_release(&r.s);
}

static void the_files_of_somebody_else_are_read(void **state)
{
	const cJSON *t;
	struct arena a;
	int nr = 0;
	(void)state;
	cJSON *all = vectors("file-location-tests.json");
	arena_init(&a, 0);
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(all, "tests")) {
		check_location(t, &a);
		nr++;
	}
	assert_int_equal(nr, 9);
	arena_release(&a);
	cJSON_Delete(all);
}

static void a_tilde_is_a_directory(void **state)
{
	struct world w = { .env = { "HOME=/h/", "AWS_CONFIG_FILE=~/c",
				    "AWS_SHARED_CREDENTIALS_FILE=x~/c",
				    "AWS_CA_BUNDLE=~/ca.pem" } };
	struct run r;
	(void)state;
	good(&r, &w, NULL, NULL);
	assert_string_equal(r.w.asked[0], "/h/c");
	assert_string_equal(r.w.asked[1], "x~/c");
	assert_string_equal(r.s.ca_bundle, "/h/ca.pem");
	assert_string_equal(r.s.home, "/h/");
	aws_settings_release(&r.s);
}

/* ---- profile ------------------------------------------------------------ */

static void the_profile_is_not_the_one_that_was_named(void **state)
{
	static const struct { const char *flag, *env[3], *want, *from;
			      bool asked; } rows[] = {
		{ NULL, { 0 }, "default", "", false },
		{ NULL, { "AWS_PROFILE=" }, "default", "", false },
		{ NULL, { "AWS_DEFAULT_PROFILE=a" }, "a",
		  "AWS_DEFAULT_PROFILE", false },
		{ NULL, { "AWS_DEFAULT_PROFILE=a", "AWS_PROFILE=b" }, "b",
		  "AWS_PROFILE", false },
		{ "c", { "AWS_DEFAULT_PROFILE=a", "AWS_PROFILE=b" }, "c",
		  "--profile", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { .config = "[profile a]\n[profile b]\n",
				   .credentials = "[c]\n" };
		struct run r;
		memcpy(w.env, rows[i].env, sizeof(rows[i].env));
		good(&r, &w, rows[i].flag, NULL);
		assert_string_equal(r.s.profile, rows[i].want);
		assert_string_equal(r.s.profile_from, rows[i].from);
		assert_int_equal(r.s.profile_asked, rows[i].asked);
		assert_int_equal(r.s.section != NULL, *rows[i].from != '\0');
		aws_settings_release(&r.s);
	}
}

static void a_mistyped_profile_asks_for_other_credentials(void **state)
{
	struct world w = {
		.env = { "HOME=/h", "AWS_PROFILE=prdo" },
		.config = "[profile prod]\n[staging]\n[profile a b]\n",
		.credentials = "[profile dev]\n[in valid]\n",
	};
	struct world none = { .env = { "HOME=/h" } };
	(void)state;
	check_refused(&w, NULL, NULL, EXIT_REFUSED,
		      "profile 'prdo' (AWS_PROFILE) is neither in "
		      "/h/.aws/config nor in /h/.aws/credentials, did you mean "
		      "'prod'?");
	check_refused(&w, "staging", NULL, EXIT_REFUSED,
		      "profile 'staging' (--profile) is not there: "
		      "/h/.aws/config:2 has [staging], which must be "
		      "[profile staging]");
	check_refused(&w, "dev", NULL, EXIT_REFUSED,
		      "profile 'dev' (--profile) is not there: "
		      "/h/.aws/credentials:1 has [profile dev], which must be "
		      "[dev]");
	check_refused(&w, "a b", NULL, EXIT_REFUSED,
		      "profile 'a b' (--profile) is not there: "
		      "/h/.aws/config:3 has [profile a b], which must be "
		      "[profile \"a b\"]");
	check_refused(&w, "in valid", NULL, EXIT_REFUSED,
		      "profile 'in valid' (--profile) is neither in "
		      "/h/.aws/config nor in /h/.aws/credentials, add it there "
		      "or name another");
	check_refused(&none, "\x1b[2J", NULL, EXIT_REFUSED,
		      "profile '\\x1b[2J' (--profile) is neither in "
		      "/h/.aws/config nor in /h/.aws/credentials, add it there "
		      "or name another");
	check_refused(&none, "", NULL, EXIT_REFUSED,
		      "profile '' (--profile) is neither in /h/.aws/config nor "
		      "in /h/.aws/credentials, add it there or name another");
}

static void a_bad_file_is_passed_over(void **state)
{
	struct world config = { .env = { "HOME=/h" }, .config = "\nk = v\n" };
	struct world credentials = { .env = { "HOME=/h" },
				     .credentials = "[a]\nSECRET\n" };
	struct world locked = { .env = { "HOME=/h" },
				.config = "unreadable" };
	struct world lost = { .env = { "HOME=/h" },
			      .config = "[default]\n\nservices = x\n" };
	struct run r;
	(void)state;
	check_refused(&config, NULL, NULL, EXIT_FILE,
		      "/h/.aws/config:2: text before any section, [default] or "
		      "[profile NAME] was expected");
	check_refused(&credentials, NULL, NULL, EXIT_FILE,
		      "/h/.aws/credentials:2: a line without a '=', NAME = "
		      "VALUE was expected");
	check_refused(&locked, NULL, NULL, EXIT_FILE,
		      "/h/.aws/config cannot be read");
	check_refused(&lost, NULL, NULL, EXIT_FILE,
		      "/h/.aws/config:3: services: there is no [services NAME] "
		      "of that name in the config file");
	/* No file at all is none. */
	good(&r, &(struct world){ .env = { "HOME=/h" } }, NULL, NULL);
	assert_null(r.s.section);
	assert_null(r.s.region);
	assert_null(r.s.ca_bundle);
	aws_settings_release(&r.s);
}

/* ---- region ------------------------------------------------------------- */

static void the_wrong_region_is_asked(void **state)
{
	static const struct { const char *flag, *env[3], *config, *want,
			      *from; } rows[] = {
		{ NULL, { 0 }, "[default]\nregion = p-1\n", "p-1",
		  "profile default" },
		{ NULL, { "AWS_DEFAULT_REGION=d-1" },
		  "[default]\nregion = p-1\n", "d-1", "AWS_DEFAULT_REGION" },
		{ NULL, { "AWS_DEFAULT_REGION=d-1", "AWS_REGION=r-1" },
		  "[default]\nregion = p-1\n", "r-1", "AWS_REGION" },
		{ "f-1", { "AWS_DEFAULT_REGION=d-1", "AWS_REGION=r-1" },
		  "[default]\nregion = p-1\n", "f-1", "--region" },
		{ NULL, { "AWS_REGION=", "AWS_PROFILE=x" },
		  "[profile x]\nregion = x-1\n", "x-1", "profile x" },
		{ "f-1", { "AWS_REGION=/evil" },
		  "[default]\nregion = evil/\n", "f-1", "--region" },
		{ NULL, { 0 }, "[default]\nregion =\n", NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { .config = rows[i].config };
		struct run r;
		memcpy(w.env, rows[i].env, sizeof(rows[i].env));
		good(&r, &w, NULL, rows[i].flag);
		if (rows[i].want)
			assert_string_equal(r.s.region, rows[i].want);
		else
			assert_null(r.s.region);
		assert_string_equal(r.s.region_from, rows[i].from);
		aws_settings_release(&r.s);
	}
}

static void a_region_leads_to_another_host(void **state)
{
	static const char *const rows[] = {
		"", "evil.com/", "x.evil.com", "EU-WEST-1", "eu west", "a@b",
		"eu-west-1\n", "123456789012345678901234567890123", "\xc3\xa9",
	};
	struct world file = { .env = { "HOME=/h" },
			      .config = "[default]\nregion = evil.com/\n" };
	struct world env = { .env = { "HOME=/h", "AWS_REGION=x@evil.com" } };
	struct run r;
	struct buf url;
	const char *from;
	(void)state;
	buf_init(&url, 0);
	good(&r, &(struct world){ 0 }, NULL, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run other;
		assert_false(aws_region_valid(rows[i]));
		load(&other, &(struct world){ 0 }, NULL, rows[i]);
		assert_int_equal(other.rc, -1);
		assert_int_equal(other.e.code, EXIT_USAGE);
		assert_int_equal(aws_endpoint(&r.s, "portal.sso", rows[i],
					      &url, &from, &r.e), -1);
		assert_int_equal(r.e.code, EXIT_USAGE);
	}
	assert_string_equal(buf_text(&url), "");
	assert_true(aws_region_valid("12345678901234567890123456789012"));
	check_refused(&file, NULL, NULL, EXIT_FILE,
		      "/h/.aws/config:2: region: it is no region, small "
		      "letters, digits and '-' were expected, as in eu-west-1");
	check_refused(&env, NULL, NULL, EXIT_USAGE,
		      "AWS_REGION: it is no region, small letters, digits and "
		      "'-' were expected, as in eu-west-1");
	aws_settings_release(&r.s);
}

/* ---- endpoints ---------------------------------------------------------- */

static void check_endpoint(const struct world *w, const char *service,
			   const char *region, const char *want,
			   const char *want_from)
{
	struct run r;
	struct buf url;
	const char *from = NULL;
	buf_init(&url, 0);
	good(&r, w, NULL, NULL);
	if (aws_endpoint(&r.s, service, region, &url, &from, &r.e) < 0)
		fail_msg("%s: %s", want, r.e.text);
	assert_string_equal(buf_text(&url), want);
	assert_string_equal(from, want_from);
	buf_release(&url);
	aws_settings_release(&r.s);
}

static void check_no_endpoint(const struct world *w, const char *region,
			      int code, const char *want)
{
	struct run r;
	struct buf url;
	const char *from;
	buf_init(&url, 0);
	good(&r, w, NULL, NULL);
	assert_int_equal(aws_endpoint(&r.s, "monitoring", region, &url, &from,
				      &r.e), -1);
	assert_string_equal(r.e.text, want);
	assert_int_equal(r.e.code, code);
	assert_string_equal(buf_text(&url), "");
	aws_settings_release(&r.s);
}

/* As botocore 1.43.11's rules say. */
static void a_partition_has_another_name(void **state)
{
	static const struct { const char *service, *region; bool fips, dual;
			      const char *want; } rows[] = {
		{ "monitoring", "eu-west-1", 0, 0,
		  "https://monitoring.eu-west-1.amazonaws.com" },
		{ "monitoring", "us-east-1", 1, 1,
		  "https://monitoring-fips.us-east-1.api.aws" },
		{ "monitoring", "us-east-1", 1, 0,
		  "https://monitoring-fips.us-east-1.amazonaws.com" },
		{ "monitoring", "us-east-1", 0, 1,
		  "https://monitoring.us-east-1.api.aws" },
		{ "monitoring", "cn-north-1", 0, 0,
		  "https://monitoring.cn-north-1.amazonaws.com.cn" },
		{ "monitoring", "cn-north-1", 1, 0,
		  "https://monitoring-fips.cn-north-1.amazonaws.com.cn" },
		{ "monitoring", "cn-northwest-1", 0, 1, "https://monitoring."
		  "cn-northwest-1.api.amazonwebservices.com.cn" },
		{ "monitoring", "cn-north-1", 1, 1, "https://monitoring-fips."
		  "cn-north-1.api.amazonwebservices.com.cn" },
		{ "monitoring", "us-gov-west-1", 0, 0,
		  "https://monitoring.us-gov-west-1.amazonaws.com" },
		{ "monitoring", "us-gov-west-1", 1, 0,
		  "https://monitoring.us-gov-west-1.amazonaws.com" },
		{ "monitoring", "us-gov-east-1", 0, 1,
		  "https://monitoring.us-gov-east-1.api.aws" },
		{ "monitoring", "us-gov-east-1", 1, 1,
		  "https://monitoring.us-gov-east-1.api.aws" },
		{ "monitoring", "us-iso-east-1", 0, 0,
		  "https://monitoring.us-iso-east-1.c2s.ic.gov" },
		{ "monitoring", "us-iso-east-1", 1, 1,
		  "https://monitoring-fips.us-iso-east-1.api.aws.ic.gov" },
		{ "monitoring", "us-isob-east-1", 1, 0,
		  "https://monitoring-fips.us-isob-east-1.sc2s.sgov.gov" },
		{ "monitoring", "us-isob-east-1", 0, 1,
		  "https://monitoring.us-isob-east-1.api.aws.scloud" },
		{ "monitoring", "us-isof-south-1", 0, 0,
		  "https://monitoring.us-isof-south-1.csp.hci.ic.gov" },
		{ "monitoring", "us-isof-south-1", 0, 1,
		  "https://monitoring.us-isof-south-1.api.aws.hci.ic.gov" },
		{ "monitoring", "eu-isoe-west-1", 0, 0,
		  "https://monitoring.eu-isoe-west-1.cloud.adc-e.uk" },
		{ "monitoring", "eu-isoe-west-1", 0, 1,
		  "https://monitoring.eu-isoe-west-1.api.cloud-aws.adc-e.uk" },
		{ "monitoring", "eusc-de-east-1", 0, 0,
		  "https://monitoring.eusc-de-east-1.amazonaws.eu" },
		{ "monitoring", "eusc-de-east-1", 1, 1, "https://monitoring-"
		  "fips.eusc-de-east-1.api.amazonwebservices.eu" },
		{ "monitoring", "xx-west-9", 0, 0,
		  "https://monitoring.xx-west-9.amazonaws.com" },
		{ "sts", "eu-west-1", 0, 0,
		  "https://sts.eu-west-1.amazonaws.com" },
		{ "sts", "us-east-1", 1, 0,
		  "https://sts-fips.us-east-1.amazonaws.com" },
		{ "sts", "us-east-1", 1, 1,
		  "https://sts-fips.us-east-1.api.aws" },
		{ "sts", "us-gov-west-1", 1, 0,
		  "https://sts.us-gov-west-1.amazonaws.com" },
		{ "sts", "us-gov-west-1", 1, 1,
		  "https://sts-fips.us-gov-west-1.api.aws" },
		{ "sts", "cn-north-1", 0, 0,
		  "https://sts.cn-north-1.amazonaws.com.cn" },
		{ "portal.sso", "eu-west-1", 0, 0,
		  "https://portal.sso.eu-west-1.amazonaws.com" },
		{ "portal.sso", "eu-west-1", 1, 1,
		  "https://portal.sso-fips.eu-west-1.api.aws" },
		{ "portal.sso", "us-gov-west-1", 1, 0,
		  "https://portal.sso.us-gov-west-1.amazonaws.com" },
		{ "oidc", "eu-west-1", 1, 0,
		  "https://oidc-fips.eu-west-1.amazonaws.com" },
		{ "oidc", "us-gov-west-1", 1, 1,
		  "https://oidc-fips.us-gov-west-1.api.aws" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { 0 };
		size_t nr = 0;
		if (rows[i].fips)
			w.env[nr++] = "AWS_USE_FIPS_ENDPOINT=true";
		if (rows[i].dual)
			w.env[nr++] = "AWS_USE_DUALSTACK_ENDPOINT=TRUE";
		check_endpoint(&w, rows[i].service, rows[i].region,
			       rows[i].want, "region");
	}
}

static void an_emulator_is_passed_over_for_the_real_account(void **state)
{
	static const char all[] =
		"[default]\nservices = here\nendpoint_url = http://p:1/\n"
		"[services here]\n"
		"cloudwatch =\n  endpoint_url = http://s:1/a/\n"
		"sso_oidc =\n  endpoint_url = http://s:2\n";
	static const char plain[] = "[default]\nendpoint_url = http://p:1\n"
		"ignore_configured_endpoint_urls = true\n";
	static const struct { const char *env[4], *config, *service, *want,
			      *from; } rows[] = {
		{ { "AWS_ENDPOINT_URL_CLOUDWATCH=http://c:1",
		    "AWS_ENDPOINT_URL=http://e:1" }, all, "monitoring",
		  "http://c:1", "AWS_ENDPOINT_URL_CLOUDWATCH" },
		{ { "AWS_ENDPOINT_URL_CLOUDWATCH=http://c:1",
		    "AWS_ENDPOINT_URL=http://e:1/" }, all, "sts",
		  "http://e:1", "AWS_ENDPOINT_URL" },
		{ { "AWS_ENDPOINT_URL_STS=https://t/x//" }, all, "sts",
		  "https://t/x", "AWS_ENDPOINT_URL_STS" },
		{ { "AWS_ENDPOINT_URL_SSO=http://o:1",
		    "AWS_ENDPOINT_URL_SSO_OIDC=http://o:2" }, all,
		  "portal.sso", "http://o:1", "AWS_ENDPOINT_URL_SSO" },
		{ { "AWS_ENDPOINT_URL_SSO=http://o:1",
		    "AWS_ENDPOINT_URL_SSO_OIDC=http://o:2" }, all, "oidc",
		  "http://o:2", "AWS_ENDPOINT_URL_SSO_OIDC" },
		{ { 0 }, all, "monitoring", "http://s:1/a", "services here" },
		{ { 0 }, all, "oidc", "http://s:2", "services here" },
		{ { 0 }, all, "sts", "http://p:1", "profile default" },
		{ { "AWS_ENDPOINT_URL=" }, all, "sts", "http://p:1",
		  "profile default" },
		{ { "AWS_ENDPOINT_URL=http://e:1" }, all, "monitoring",
		  "http://e:1", "AWS_ENDPOINT_URL" },
		{ { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
		    "AWS_ENDPOINT_URL=http://e:1" }, all, "sts",
		  "https://sts.r-1.amazonaws.com", "region" },
		{ { 0 }, plain, "sts", "https://sts.r-1.amazonaws.com",
		  "region" },
		{ { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=false" }, plain,
		  "sts", "http://p:1", "profile default" },
		{ { "AWS_ENDPOINT_URL=http://u:pw@e:1" }, NULL, "sts",
		  "http://u:pw@e:1", "AWS_ENDPOINT_URL" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world w = { .config = rows[i].config };
		memcpy(w.env, rows[i].env, sizeof(rows[i].env));
		check_endpoint(&w, rows[i].service, "r-1", rows[i].want,
			       rows[i].from);
	}
}

static void a_wish_for_fips_is_dropped_in_silence(void **state)
{
	struct world fips = { .env = { "AWS_USE_FIPS_ENDPOINT=true",
				       "AWS_ENDPOINT_URL=http://e:1" } };
	struct world dual = { .env = { "HOME=/h" }, .config = "[default]\n"
			      "use_dualstack_endpoint = true\n"
			      "endpoint_url = http://e:1\n" };
	struct world yes = { .env = { "AWS_USE_FIPS_ENDPOINT=yes" } };
	struct world one = { .env = { "HOME=/h" }, .config = "[default]\n"
			     "use_fips_endpoint = 1\n" };
	struct world off = { .env = { "AWS_USE_FIPS_ENDPOINT=false" },
			     .config = "[default]\n"
			     "use_fips_endpoint = true\n" };
	(void)state;
	check_no_endpoint(&fips, "r-1", EXIT_USAGE,
			  "AWS_ENDPOINT_URL: an endpoint of one's own has no "
			  "FIPS variant, unset use_fips_endpoint "
			  "(AWS_USE_FIPS_ENDPOINT) or this");
	check_no_endpoint(&dual, "r-1", EXIT_FILE,
			  "/h/.aws/config:3: endpoint_url: an endpoint of "
			  "one's own has no dual stack variant, unset "
			  "use_dualstack_endpoint (AWS_USE_DUALSTACK_ENDPOINT) "
			  "or this");
	check_refused(&yes, NULL, NULL, EXIT_USAGE,
		      "AWS_USE_FIPS_ENDPOINT: true or false was expected");
	check_refused(&one, NULL, NULL, EXIT_FILE,
		      "/h/.aws/config:2: use_fips_endpoint: true or false was "
		      "expected");
	check_endpoint(&off, "sts", "r-1", "https://sts.r-1.amazonaws.com",
		       "region");
}

static void an_endpoint_that_is_none_is_asked(void **state)
{
	struct world env = { .env = { "AWS_ENDPOINT_URL=u:S3CRET@h:1" } };
	struct world file = { .env = { "HOME=/h" }, .config = "[default]\n"
			      "services = x\n[services x]\ncloudwatch =\n"
			      " endpoint_url = http://h:99999\n" };
	struct world none = { .config = "[default]\n" };
	(void)state;
	check_no_endpoint(&env, "r-1", EXIT_USAGE,
			  "AWS_ENDPOINT_URL: 'h:1' has no scheme, did you mean "
			  "http://h:1?");
	check_no_endpoint(&file, "r-1", EXIT_FILE,
			  "/h/.aws/config:5: endpoint_url: 'http://h:99999' is "
			  "no URL: its port is not a number from 1 to 65535");
	check_no_endpoint(&none, NULL, EXIT_USAGE,
			  "no region is set: --region, AWS_REGION or region in "
			  "profile default");
}

/* ---- the instance and the container ------------------------------------- */

/* What their client takes as an option of its own is the environment here. */
static void check_imds(const cJSON *t, struct arena *a)
{
	struct world w = { 0 };
	struct run r;
	struct buf url;
	const cJSON *result = cJSON_GetObjectItem(t, "result");
	const char *want = text_of(result, "Ok");
	size_t nr = env_of(cJSON_GetObjectItem(t, "env"), a, &w);
	if (text_of(t, "endpoint_override"))
		w.env[nr++] = arena_printf(a, "AWS_EC2_METADATA_SERVICE_"
			"ENDPOINT=%s", text_of(t, "endpoint_override"));
	if (text_of(t, "mode_override"))
		w.env[nr++] = arena_printf(a, "AWS_EC2_METADATA_SERVICE_"
			"ENDPOINT_MODE=%s", text_of(t, "mode_override"));
	w.config = text_of(cJSON_GetObjectItem(t, "fs"), "config");
	buf_init(&url, 0);
	good(&r, &w, NULL, NULL);
	assert_int_equal(aws_imds_endpoint(&r.s, &url, &r.e), want ? 0 : -1);
	if (want) {
		buf_str(&url, "/latest/api/token");
		assert_string_equal(buf_text(&url), want);
	} else {
		assert_int_equal(r.e.code, w.config ? EXIT_FILE : EXIT_USAGE);
		assert_string_equal(buf_text(&url), "");
	}
	buf_release(&url);
	aws_settings_release(&r.s);
}

static void the_instance_is_asked_at_the_wrong_address(void **state)
{
	const cJSON *t;
	struct arena a;
	int nr = 0;
	(void)state;
	cJSON *all = vectors("imds-endpoint-tests.json");
	arena_init(&a, 0);
	cJSON_ArrayForEach(t, cJSON_GetObjectItem(all, "tests")) {
		check_imds(t, &a);
		nr++;
	}
	assert_int_equal(nr, 14);
	arena_release(&a);
	cJSON_Delete(all);
}

static void a_wrong_instance_address_is_not_explained(void **state)
{
	struct world mode = { .env = { "HOME=/h" }, .config = "[default]\n"
			      "ec2_metadata_service_endpoint_mode = IPv7\n" };
	struct world uri = { .env = { "AWS_EC2_METADATA_SERVICE_ENDPOINT="
				      "http://not a uri" } };
	struct run r;
	struct buf url;
	(void)state;
	buf_init(&url, 0);
	good(&r, &mode, NULL, NULL);
	assert_int_equal(aws_imds_endpoint(&r.s, &url, &r.e), -1);
	assert_string_equal(r.e.text, "/h/.aws/config:2: "
			    "ec2_metadata_service_endpoint_mode: IPv4 or IPv6 "
			    "was expected");
	aws_settings_release(&r.s);
	good(&r, &uri, NULL, NULL);
	assert_int_equal(aws_imds_endpoint(&r.s, &url, &r.e), -1);
	assert_string_equal(r.e.text, "AWS_EC2_METADATA_SERVICE_ENDPOINT: "
			    "'http://not a uri' is no URL: it holds a space or "
			    "a control character");
	aws_settings_release(&r.s);
}

static void a_token_is_sent_to_a_stranger(void **state)
{
	static const struct { const char *url; bool allowed; } rows[] = {
		{ "https://anything.example/x", true },
		{ "http://127.0.0.1:1234/x", true },
		{ "http://127.9.9.9/", true },
		{ "http://[::1]:80/", true },
		{ "http://localhost:80/", true },
		{ "http://LOCALHOST/", true },
		{ "http://169.254.170.2/v2/x", true },
		{ "http://169.254.170.23/v1/credentials", true },
		{ "http://[fd00:ec2::23]/v1/credentials", true },
		{ "http://[FD00:EC2:0::23]/", true },
		{ "http://169.254.169.254/", false },
		{ "http://169.254.170.3/", false },
		{ "http://[fd00:ec2::254]/", false },
		{ "http://127.0.0.1.evil.example/", false },
		{ "http://localhost.evil.example/", false },
		{ "http://evil.localhost/", false },
		{ "http://169.254.170.2@evil.example/", false },
		{ "http://evil.example/169.254.170.2", false },
		{ "http://evil.example#169.254.170.2", false },
		{ "http:///169.254.170.2/", false },
		{ "http://0.0.0.0/", false },
		{ "http://10.0.0.1/", false },
		{ "ftp://127.0.0.1/", false },
		{ "file:///etc/passwd", false },
		{ "//127.0.0.1/", false },
		{ "127.0.0.1", false },
		{ "http://127.0.0.1/\r\nHost: x", false },
		{ "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (aws_container_host_allowed(rows[i].url) != rows[i].allowed)
			fail_msg("%s", rows[i].url);
}

/* ---- the process' own --------------------------------------------------- */

static void put_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(text, 1, n, f);
	fclose(f);
}

static void check_read(const char *path, int rc, const char *want)
{
	struct buf b;
	struct err e = { 0 };
	buf_init(&b, 0);
	buf_str(&b, "before ");
	assert_int_equal(aws_outside.read(path, &b, &e, NULL), rc);
	if (rc == 0)
		assert_string_equal(buf_text(&b), want);
	if (rc < 0) {
		assert_non_null(strstr(e.text, want));
		assert_int_equal(e.code, EXIT_FILE);
	}
	buf_release(&b);
}

static void a_strange_file_hangs_the_program(void **state)
{
	char dir[] = "/tmp/redtop-aws-XXXXXX", path[64], fifo[64];
	char *big = mem_zero(1, LIMIT_FILE + 1);
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/config", dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	check_read(path, 1, NULL);
	put_file(path, "[a]\n", 4);
	check_read(path, 0, "before [a]\n");
	snprintf(fifo, sizeof(fifo), "%s/config/x", dir);
	check_read(fifo, 1, NULL);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	check_read(fifo, -1, "it is not a file");
	check_read(dir, -1, "it is not a file");
	check_read("/dev/null", 0, "before ");
	check_read("/dev/zero", -1, "it is larger than 1 MB");
	memset(big, '#', LIMIT_FILE + 1);
	put_file(path, big, LIMIT_FILE + 1);
	check_read(path, -1, "it is larger than 1 MB");
	if (geteuid() != 0) {
		chmod(path, 0);
		check_read(path, -1, "Permission denied");
	}
	free(big);
	unlink(path);
	unlink(fifo);
	rmdir(dir);
}

static void the_environment_of_the_process_is_not_read(void **state)
{
	struct aws_settings s;
	struct err e = { 0 };
	(void)state;
	setenv("AWS_CONFIG_FILE", "/dev/null", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/at/all", 1);
	setenv("AWS_REGION", "eu-west-1", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "True", 1);
	unsetenv("AWS_PROFILE");
	unsetenv("AWS_DEFAULT_PROFILE");
	unsetenv("AWS_USE_FIPS_ENDPOINT");
	assert_int_equal(aws_settings_load(&s, &aws_outside, NULL, NULL, &e),
			 0);
	assert_string_equal(s.region, "eu-west-1");
	assert_string_equal(s.config_path, "/dev/null");
	assert_true(aws_env_true(&s, "AWS_EC2_METADATA_DISABLED"));
	assert_false(aws_env_true(&s, "AWS_REGION"));
	assert_null(aws_env(&s, "AWS_PROFILE"));
	aws_settings_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_files_of_somebody_else_are_read),
		cmocka_unit_test(a_tilde_is_a_directory),
		cmocka_unit_test(the_profile_is_not_the_one_that_was_named),
		cmocka_unit_test(a_mistyped_profile_asks_for_other_credentials),
		cmocka_unit_test(a_bad_file_is_passed_over),
		cmocka_unit_test(the_wrong_region_is_asked),
		cmocka_unit_test(a_region_leads_to_another_host),
		cmocka_unit_test(a_partition_has_another_name),
		cmocka_unit_test(
			an_emulator_is_passed_over_for_the_real_account),
		cmocka_unit_test(a_wish_for_fips_is_dropped_in_silence),
		cmocka_unit_test(an_endpoint_that_is_none_is_asked),
		cmocka_unit_test(the_instance_is_asked_at_the_wrong_address),
		cmocka_unit_test(a_wrong_instance_address_is_not_explained),
		cmocka_unit_test(a_token_is_sent_to_a_stranger),
		cmocka_unit_test(a_strange_file_hangs_the_program),
		cmocka_unit_test(the_environment_of_the_process_is_not_read),
	};
	return cmocka_run_group_tests_name("aws_settings", tests, NULL, NULL);
}
