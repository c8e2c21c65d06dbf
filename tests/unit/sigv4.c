/* AWS' own suite, byte by byte, and what it leaves out. */
#include "sources/sigv4.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SUITE "tests/data/aws-sigv4-suite"

static const struct aws_keys example = {
	"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", NULL,
};

static char *load(const char *dir, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), SUITE "/%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is not there", path);
	char *s = mem_zero(1, 65536);
	size_t n = fread(s, 1, 65535, f);
	fclose(f);
	assert_true(n > 0);
	return s;
}

/* ---- the suite ---------------------------------------------------------- */

/* A request.txt, cut into its parts where it stands. */
struct request {
	char *text;
	struct sigv4_field field[16];
	struct sigv4_ask ask;
};

static void read_line(struct request *r, char *line)
{
	char *colon = strchr(line, ':');
	assert_non_null(colon);
	*colon = '\0';
	assert_true(r->ask.nr_fields < 16);
	r->field[r->ask.nr_fields++] = (struct sigv4_field){ line, colon + 1 };
}

static void read_target(struct request *r, char *line)
{
	char *path = strchr(line, ' '), *version = strrchr(line, ' ');
	assert_string_equal(version, " HTTP/1.1");
	*path++ = *version = '\0';
	r->ask.method = line;
	r->ask.path = path;
	char *query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	r->ask.query = query;
}

static void read_request(struct request *r, const char *dir)
{
	*r = (struct request){ .text = load(dir, "request.txt") };
	char *body = strstr(r->text, "\n\n"), *s = r->text, *end;
	if (body) {
		*body = '\0';
		r->ask.body = body + 2;
		r->ask.body_len = strlen(body + 2);
	}
	for (bool first = true; s && *s; s = end, first = false) {
		end = strchr(s, '\n');
		while (end && (end[1] == ' ' || end[1] == '\t'))
			end = strchr(end + 1, '\n'); /* a folded line */
		if (end)
			*end++ = '\0';
		if (first)
			read_target(r, s);
		else
			read_line(r, s);
	}
	r->ask.field = r->field;
}

static const char *text_of(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(o, name));
}

static void read_context(const cJSON *c, struct sigv4_ask *a,
			 struct aws_keys *k)
{
	const cJSON *keys = cJSON_GetObjectItem(c, "credentials");
	struct tm tm = { 0 };
	assert_non_null(strptime(text_of(c, "timestamp"), "%FT%TZ", &tm));
	a->at = (time_ms)timegm(&tm) * 1000 + 999;
	a->region = text_of(c, "region");
	a->service = text_of(c, "service");
	a->raw_path = cJSON_IsFalse(cJSON_GetObjectItem(c, "normalize"));
	a->hash_header = cJSON_IsTrue(cJSON_GetObjectItem(c, "sign_body"));
	a->token_unsigned = cJSON_IsTrue(
		cJSON_GetObjectItem(c, "omit_session_token"));
	k->id = text_of(keys, "access_key_id");
	k->secret = text_of(keys, "secret_access_key");
	k->token = text_of(keys, "token");
}

static void check_text(const char *dir, const char *file, const char *got)
{
	char *want = load(dir, file);
	if (strcmp(got, want) != 0)
		fail_msg("%s/%s:\n%s\nis not what was made:\n%s", dir, file,
			 want, got);
	free(want);
}

/* What goes out is what the suite's signed request carries. */
static void check_sent(const char *dir, const struct sigv4 *s)
{
	char *want = load(dir, "header-signed-request.txt"), line[2048];
	snprintf(line, sizeof(line), "\nAuthorization:%s\n",
		 buf_text(&s->authorization));
	assert_non_null(strstr(want, line));
	snprintf(line, sizeof(line), "\nX-Amz-Date:%s\n", s->date);
	assert_non_null(strstr(want, line));
	free(want);
}

static void check_case(const char *dir)
{
	struct request r;
	struct aws_keys k;
	struct sigv4 s;
	char *text = load(dir, "context.json");
	cJSON *context = cJSON_Parse(text);
	assert_non_null(context);
	read_request(&r, dir);
	read_context(context, &r.ask, &k);
	sigv4_sign(&r.ask, &k, &s);
	check_text(dir, "header-canonical-request.txt", buf_text(&s.canonical));
	check_text(dir, "header-string-to-sign.txt", buf_text(&s.to_sign));
	check_text(dir, "header-signature.txt", s.signature);
	check_sent(dir, &s);
	sigv4_release(&s);
	cJSON_Delete(context);
	free(r.text);
	free(text);
}

static void a_request_of_the_suite_would_be_refused(void **state)
{
	unsigned nr = 0;
	struct dirent *e;
	DIR *d = opendir(SUITE);
	(void)state;
	assert_non_null(d);
	while ((e = readdir(d))) {
		if (*e->d_name == '.' || strchr(e->d_name, '.'))
			continue;
		check_case(e->d_name);
		nr++;
	}
	closedir(d);
	assert_int_equal(nr, 38);
}

/* ---- what the suite leaves out ------------------------------------------ */

static const struct sigv4_field host = { "Host", "h" };

static const struct sigv4_ask vanilla = {
	.method = "GET", .path = "/", .field = &host, .nr_fields = 1,
	.region = "eu-west-1", .service = "monitoring",
	.at = 1440938160000,
};

static void check_canonical(const struct sigv4_ask *a, const char *want)
{
	struct sigv4 s;
	sigv4_sign(a, &example, &s);
	if (strncmp(buf_text(&s.canonical), want, strlen(want)) != 0)
		fail_msg("not\n%s\nbut\n%s", want, buf_text(&s.canonical));
	sigv4_release(&s);
}

static void a_query_in_another_order_is_another_query(void **state)
{
	static const struct { const char *query, *want; } rows[] = {
		{ "a-=1&a=2", "a=2&a-=1" },
		{ "a=2&a=1&a=10", "a=1&a=10&a=2" },
		{ "a", "a=" },
		{ "&a&&b&", "a=&b=" },
		{ "a=b=c", "a=b%3Dc" },
		{ "a=%7e%2fx", "a=~%2Fx" },
		{ "a=()[] +", "a=%28%29%5B%5D%20%2B" },
		{ "a=%zz%4", "a=%25zz%254" },
		{ "a=%", "a=%25" },
		{ "%61=1", "a=1" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sigv4_ask a = vanilla;
		char want[200];
		a.query = rows[i].query;
		snprintf(want, sizeof(want), "GET\n/\n%s\nhost:", rows[i].want);
		check_canonical(&a, want);
	}
}

static void a_path_is_encoded_as_the_service_does_it(void **state)
{
	static const struct { const char *path, *want; } rows[] = {
		{ "", "/" },
		{ "/a%20b", "/a%2520b" }, /* once more than what is sent */
		{ "/a:b", "/a%3Ab" },
		{ "/../..", "/" },
		{ "/a/b/..", "/a" },
		{ "/a/./b/../c/", "/a/c/" },
		{ "/service/X/operation/Y", "/service/X/operation/Y" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sigv4_ask a = vanilla;
		char want[200];
		a.path = rows[i].path;
		snprintf(want, sizeof(want), "GET\n%s\n\nhost:", rows[i].want);
		check_canonical(&a, want);
	}
}

static void a_name_that_begins_another_comes_first(void **state)
{
	static const struct sigv4_field field[] = {
		{ "X-Amz-Meta_B", "2" }, { "x-amz-meta-b", "1" },
		{ "X-AMZ-META", " a\t b " }, { "x-empty", "" }, { "HOST", "h" },
	};
	struct sigv4_ask a = vanilla;
	(void)state;
	a.field = field;
	a.nr_fields = 5;
	check_canonical(&a, "GET\n/\n\nhost:h\nx-amz-date:20150830T123600Z\n"
			"x-amz-meta:a b\nx-amz-meta-b:1\nx-amz-meta_b:2\n"
			"x-empty:\n\nhost;x-amz-date;x-amz-meta;x-amz-meta-b;"
			"x-amz-meta_b;x-empty\n");
}

static void a_clock_of_nonsense_ends_nothing(void **state)
{
	static const struct { time_ms at; const char *want; } rows[] = {
		{ TIME_NONE, "19700101T000000Z" },
		{ -1, "19700101T000000Z" },
		{ INT64_MAX, "99991231T235959Z" },
		{ 1763000000999, "20251113T021320Z" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sigv4_ask a = vanilla;
		struct sigv4 s;
		a.at = rows[i].at;
		sigv4_sign(&a, &example, &s);
		assert_string_equal(s.date, rows[i].want);
		sigv4_release(&s);
	}
}

static void a_body_with_nul_is_hashed_whole(void **state)
{
	struct sigv4_ask a = vanilla;
	struct sigv4 s;
	(void)state;
	a.body = "a\0b";
	a.body_len = 3;
	sigv4_sign(&a, &example, &s);
	assert_string_equal(s.hash, "59b271ae1bbcb1d31d41929817f4b16f"
			    "b439eb4f31520b5ad1d5ce98920a7138");
	sigv4_release(&s);
}

/* 500 queries are 154 kB; a query string of that size has 20,000 parts. */
static void a_large_request_holds_up_the_screen(void **state)
{
	struct sigv4_ask a = vanilla;
	struct sigv4 s;
	struct buf query;
	(void)state;
	buf_init(&query, 0);
	for (int i = 0; i < 20000; i++)
		buf_printf(&query, "&p%05d=%d", i * 7919 % 20000, i);
	a.query = buf_text(&query);
	a.body = query.s;
	a.body_len = query.len;
	clock_t start = clock();
	sigv4_sign(&a, &example, &s);
	double took = (double)(clock() - start) / CLOCKS_PER_SEC;
	assert_true(took < 0.5); /* 15 ms; minutes were it quadratic */
	assert_non_null(strstr(buf_text(&s.canonical),
			       "\np00000=0&p00001="));
	sigv4_release(&s);
	buf_release(&query);
}

static bool holds(const struct buf *b, const char *s)
{
	return strstr(buf_text(b), s) != NULL;
}

static void a_secret_is_left_behind(void **state)
{
	struct sigv4_ask a = vanilla;
	struct aws_keys k = example;
	struct sigv4 s;
	static const struct sigv4 none;
	(void)state;
	k.token = "TOKEN";
	sigv4_sign(&a, &k, &s);
	assert_false(holds(&s.canonical, k.secret));
	assert_false(holds(&s.to_sign, k.secret));
	assert_false(holds(&s.to_sign, k.token));
	assert_false(holds(&s.authorization, k.secret));
	assert_false(holds(&s.authorization, k.token));
	assert_true(holds(&s.canonical, "x-amz-security-token:TOKEN\n"));
	sigv4_release(&s);
	assert_memory_equal(&s, &none, sizeof(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_of_the_suite_would_be_refused),
		cmocka_unit_test(a_query_in_another_order_is_another_query),
		cmocka_unit_test(a_path_is_encoded_as_the_service_does_it),
		cmocka_unit_test(a_name_that_begins_another_comes_first),
		cmocka_unit_test(a_clock_of_nonsense_ends_nothing),
		cmocka_unit_test(a_body_with_nul_is_hashed_whole),
		cmocka_unit_test(a_large_request_holds_up_the_screen),
		cmocka_unit_test(a_secret_is_left_behind),
	};
	return cmocka_run_group_tests_name("sigv4", tests, NULL, NULL);
}
