/* `redtop check --slo` and `--thresholds`, and pages of objectives, against a
 * server that is spoiled and files of strangers: exit codes, JSON that is whole
 * in every case, and no number that nobody counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "tests/fault/run.h"
#include "tests/fault/shop.h"
#include "tests/pty/pty.c"

#include <math.h>
#include <sys/stat.h>

#define AT 1763001000  /* s; a whole 5 m */
#define AT_WORD "@1763001000"
#define SLOW (RUN_SANITIZED ? 10 : 1)
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- a case ----------------------------------------------------------------- */

#define ROOM 64

static char root[ROOM];

static void remove_root(void)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	if (strncmp(root, "/tmp/redtop-slo-", 16) == 0 && system(command) != 0)
		fprintf(stderr, "%s is left\n", root);
}

static const char *in_root(const char *name, char out[ROOM * 2])
{
	if (!*root) {
		strcpy(root, "/tmp/redtop-slo-XXXXXX");
		assert_non_null(mkdtemp(root));
		atexit(remove_root);
	}
	snprintf(out, ROOM * 2, "%s/%s", root, name);
	return out;
}

static void write_file(const char *path, const void *text, size_t n)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	fclose(f);
}

struct hearing {
	/* What there is. */
	const struct fake_row *own;
	const char *behave;    /* every answer like this path of evil.h */
	shop_spoil spoil;
	int number;            /* a status, for it */
	const char *text;      /* of the file */
	/* What is typed. */
	const char *what;      /* NULL: --slo */
	const char *at;        /* NULL: AT_WORD */
	const char *timeout;   /* NULL: 10s */
	const char *source;    /* NULL: the server */
	const char *words[8];
	/* Made. */
	struct shop shop;
	struct run run;
	char path[ROOM * 2];
};

static void hear(struct hearing *h)
{
	h->shop.fake.opt.own = h->own;
	h->shop.behave = h->behave;
	h->shop.spoil = h->spoil;
	h->shop.number = h->number;
	shop_start(&h->shop);
	if (h->text)
		write_file(in_root("slo.yml", h->path), h->text,
			   strlen(h->text));
	RUN(&h->run, "check", "-c", h->path, h->what ? h->what : "--slo",
	    "--source", h->source ? h->source : h->shop.url, "--at",
	    h->at ? h->at : AT_WORD, "--format", "json", "--timeout",
	    h->timeout ? h->timeout : "10s");
	run_words(&h->run, h->words);
	run_start(&h->run);
	run_end(&h->run);
}

static void close_hearing(struct hearing *h)
{
	run_free(&h->run);
	shop_stop(&h->shop);
}

/* Every answer is of the same status. */
static void say_status(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	(void)a;
	out->status = s->number;
	out->type = "text/plain";
	buf_clear(&out->body);
	buf_str(&out->body, "no\n");
}

static void say_page(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	(void)s;
	(void)a;
	out->status = 200;
	out->type = "text/html";
	buf_clear(&out->body);
	buf_str(&out->body, "<html><title>Welcome</title></html>");
}

static void show(const struct hearing *h)
{
	/* cmocka's own printing ends after a kilobyte. */
	printf("exit %d after %ld ms\nstderr: %s\nstdout: %.4000s\n",
	       h->run.code, h->run.ms, buf_text(&h->run.err),
	       buf_text(&h->run.out));
	fflush(stdout);
}

static void must(const struct hearing *h, bool holds, const char *what)
{
	if (holds)
		return;
	show(h);
	fail_msg("%s", what);
}
#define MUST(h, holds) must(h, holds, #holds)

static void ends_with(const struct hearing *h, int code)
{
	if (h->run.code != code) {
		show(h);
		fail_msg("exit %d, not %d", h->run.code, code);
	}
}

static bool says(const struct hearing *h, const char *part)
{
	return strcasestr(buf_text(&h->run.err), part) != NULL;
}

static void must_say(const struct hearing *h, const char *part)
{
	if (!says(h, part)) {
		show(h);
		fail_msg("no '%s' on stderr", part);
	}
}

static size_t times(const char *text, const char *part)
{
	size_t n = 0;
	while ((text = strstr(text, part))) {
		n++;
		text += strlen(part);
	}
	return n;
}

static cJSON *list_of(const struct hearing *h, const char *name)
{
	cJSON *l = h->run.json ? json_get(h->run.json, name) : NULL;
	must(h, cJSON_IsArray(l), name);
	return l;
}

static cJSON *slo_of(const struct hearing *h, const char *id)
{
	list_of(h, "slos");
	cJSON *o = json_find(h->run.json, "slos", "id", id);
	must(h, o != NULL, id);
	return o;
}

static cJSON *rule_of(const struct hearing *h, const char *id)
{
	list_of(h, "rules");
	cJSON *o = json_find(h->run.json, "rules", "id", id);
	must(h, o != NULL, id);
	return o;
}

static cJSON *window_of(const struct hearing *h, const char *id,
			const char *window)
{
	cJSON *w = json_get(json_get(slo_of(h, id), "windows"), window);
	must(h, w != NULL, window);
	return w;
}

/* The member must be there: a number, or null, which is NAN. */
static double number_of(const struct hearing *h, cJSON *o, const char *name)
{
	cJSON *n = json_get(o, name);
	must(h, cJSON_IsNumber(n) || cJSON_IsNull(n), name);
	return cJSON_IsNumber(n) ? n->valuedouble : (double)NAN;
}

static void number_is(const struct hearing *h, cJSON *o, const char *name,
		      double want)
{
	double got = number_of(h, o, name);
	if (isnan(want) ? isnan(got)
			: fabs(got - want) <= 1e-9 * fmax(1, fabs(want)))
		return;
	show(h);
	fail_msg("%s is %.17g, not %.17g", name, got, want);
}

static void text_is(const struct hearing *h, cJSON *o, const char *name,
		    const char *want)
{
	if (strcmp(json_text(o, name), want) == 0)
		return;
	show(h);
	fail_msg("%s is '%s', not '%s'", name, json_text(o, name), want);
}

static void state_is(const struct hearing *h, const char *id,
		     const char *state)
{
	text_is(h, slo_of(h, id), "state", state);
}

static void window_is(const struct hearing *h, const char *id,
		      const char *window, double ratio, const char *state)
{
	cJSON *w = window_of(h, id, window);
	text_is(h, w, "state", state);
	number_is(h, w, "error_ratio", ratio);
}

/* ---- what is asked ---------------------------------------------------------- */

static double three_days_before(int group, time_ms t)
{
	(void)group;
	return (double)t / 1000 - 3 * 86400;
}

#define COVER { "timestamp(", .at = three_days_before }
#define SLO(id)                                                         \
	"  - {id: " id ", service: svc-000, objective: 99.9,\n"         \
	"     error_query: 'sum(rate(" id "_bad[$window]))',\n"         \
	"     total_query: 'sum(rate(" id "_all[$window]))'}\n"
#define ONE "slos:\n" SLO("shop")

/* All is well, 1 of 10,000 fails. */
static const struct fake_row fine[] = {
	COVER,
	{ "_bad[", .value = "0.01" },
	{ "_all[", .value = "100" },
	{ 0 },
};

/* ---- exit codes ------------------------------------------------------------- */

static void a_calm_objective_ends_with_an_alarm(void **state)
{
	struct hearing h = { .own = fine, .text = ONE };
	(void)state;
	hear(&h);
	ends_with(&h, 0);
	state_is(&h, "shop", "ok");
	text_is(&h, h.run.json, "schema", "redtop.slo/1");
	text_is(&h, h.run.json, "at", "2025-11-13T02:30:00Z");
	window_is(&h, "shop", "5m", 0.0001, "ok");
	window_is(&h, "shop", "3d", 0.0001, "ok");
	number_is(&h, window_of(&h, "shop", "1h"), "burn", 0.1);
	number_is(&h, json_get(slo_of(&h, "shop"), "budget"), "remaining", 0.9);
	number_is(&h, json_get(slo_of(&h, "shop"), "budget"), "coverage_s",
		  3 * 86400);
	MUST(&h, h.run.err.len == 0);
	close_hearing(&h);
}

static void the_worst_of_many_is_not_the_exit_code(void **state)
{
	static const struct fake_row page[] = {
		COVER,
		{ "page_bad[", .value = "5" },
		{ "ticket_bad[5m]", .value = "0.001" },
		{ "ticket_bad[30m]", .value = "0.001" },
		{ "ticket_bad[1h]", .value = "0.001" },
		{ "ticket_bad[", .value = "0.4" },
		{ "gone_", .absent = true },
		{ "_bad[", .value = "0.01" },
		{ "_all[", .value = "100" },
		{ 0 },
	};
	static const struct {
		const char *text;
		int code;
	} t[] = {
		{ "slos:\n" SLO("gone") SLO("ticket") SLO("page") SLO("shop"),
		  2 },
		{ "slos:\n" SLO("gone") SLO("ticket") SLO("shop"), 1 },
		{ "slos:\n" SLO("shop") SLO("gone"), 3 },
		{ "slos:\n" SLO("shop"), 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = page, .text = t[i].text };
		hear(&h);
		ends_with(&h, t[i].code);
		if (t[i].code == 2) {
			state_is(&h, "page", "page");
			state_is(&h, "ticket", "ticket");
			state_is(&h, "gone", "nodata");
			state_is(&h, "shop", "ok");
		}
		close_hearing(&h);
	}
}

static void a_server_that_is_gone_is_taken_for_nodata(void **state)
{
	static const struct {
		const char *behave, *source;
		shop_spoil spoil;
		int number, code;
		const char *part;
	} t[] = {
		{ NULL, "http://127.0.0.1:1", NULL, 0, 69, "refused" },
		{ "/hang", NULL, NULL, 0, 69, "within" },
		{ "/rst", NULL, NULL, 0, 69, "reset" },
		{ "/login", NULL, NULL, 0, 77, "login" },
		{ NULL, NULL, say_page, 0, 69, "a web page" },
		{ NULL, NULL, say_status, 500, 69, "500" },
		{ NULL, NULL, say_status, 401, 77, "401" },
		{ NULL, NULL, say_status, 403, 77, "403" },
		{ NULL, NULL, say_status, 429, 69, "429" },
	};
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(t); i++) {
		bool slo = i % 2 == 0;
		struct hearing h = {
			.own = fine, .behave = t[i / 2].behave,
			.source = t[i / 2].source, .timeout = "2s",
			.spoil = t[i / 2].spoil, .number = t[i / 2].number,
			.what = slo ? "--slo" : "--thresholds",
			.text = ONE "thresholds:\n"
				"  - {id: cpu, query: 'cpu[$period]', "
				"critical: {above: 85}, period: 5m}\n",
		};
		hear(&h);
		ends_with(&h, t[i / 2].code);
		must_say(&h, t[i / 2].part);
		MUST(&h, h.run.ms < 4000 * SLOW);
		text_is(&h, h.run.json, "schema",
			slo ? "redtop.slo/1" : "redtop.thresholds/1");
		if (slo) {
			state_is(&h, "shop", "nodata");
			number_is(&h, window_of(&h, "shop", "5m"), "burn", NAN);
		} else {
			text_is(&h, rule_of(&h, "cpu"), "level", "nodata");
			number_is(&h, rule_of(&h, "cpu"), "value", NAN);
		}
		close_hearing(&h);
	}
}

static void a_broken_file_is_judged(void **state)
{
	static const struct {
		const char *text, *part;
	} t[] = {
		{ "slos:\n  - {id: shop, objective: 101, error_query: 'a', "
		  "total_query: 'b'}\n", "slo.yml:2" },
		{ "slos: [\n", "slo.yml:" },
		{ "version: prometheus/v1\nservice: shop\nslos:\n"
		  "  - name: a\n    objective: nine\n    sli: {events: "
		  "{error_query: x, total_query: y}}\n", "slo.yml:" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = fine, .text = t[i].text };
		hear(&h);
		ends_with(&h, 65);
		must_say(&h, t[i].part);
		MUST(&h, h.shop.asked == 0);
		close_hearing(&h);
	}
}

static void run_alone(struct run *r, const char *const *words)
{
	run_words(r, words);
	run_start(r);
	run_end(r);
}

static void a_wrong_command_line_is_guessed_at(void **state)
{
	char path[ROOM * 2];
	in_root("slo.yml", path);
	const char *const t[][10] = {
		{ "check", "-c", path, "--slo" },
		{ "check", "-c", path, "--thresholds" },
		{ "check", "-c", path, "--source", "http://127.0.0.1:1" },
		{ "check", "--slo", "--source", "http://127.0.0.1:1" },
		{ "check", "-c", path, "--slo", "--source" },
		{ "check", "-c", path, "--slo", "--source",
		  "http://127.0.0.1:1", "--at", "yesterday" },
		{ "check", "-c", path, "--slow", "--source",
		  "http://127.0.0.1:1" },
		{ "check", "-c", path, "--slo", "--source",
		  "http://127.0.0.1:1", "--format", "svg" },
		{ "check", "-c", path, "--at", "now" },
	};
	(void)state;
	write_file(path, ONE, strlen(ONE));
	for (size_t i = 0; i < COUNT(t); i++) {
		struct run r = { 0 };
		run_alone(&r, t[i]);
		if (r.code != 64 || r.out.len || !r.err.len)
			fail_msg("row %zu: exit %d: %s%s", i, r.code,
				 buf_text(&r.err), buf_text(&r.out));
		run_free(&r);
	}
}

/* ---- queries that fail ------------------------------------------------------ */

#define TEN                                                             \
	SLO("s0") SLO("s1") SLO("s2") SLO("s3") SLO("s4") SLO("s5")     \
	SLO("s6") SLO("s7") SLO("s8") SLO("s9")
#define REFUSAL                                                         \
	"{\"status\":\"error\",\"errorType\":\"execution\","            \
	"\"error\":\"zq9 many-to-many matching not allowed\"}"

static void one_bad_query_takes_ten_good_ones_along(void **state)
{
	static const int codes[] = { 422, 400 };
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		const struct fake_row own[] = {
			{ "poor_bad", .status = codes[i], .body = REFUSAL },
			COVER,
			{ "_bad[", .value = "0.01" },
			{ "_all[", .value = "100" },
			{ 0 },
		};
		struct hearing h = { .own = own,
				     .text = "slos:\n" SLO("poor") TEN };
		hear(&h);
		ends_with(&h, 3);
		state_is(&h, "poor", "nodata");
		window_is(&h, "poor", "5m", NAN, "nodata");
		for (int k = 0; k < 10; k++) {
			char id[] = { 's', (char)('0' + k), '\0' };
			state_is(&h, id, "ok");
			window_is(&h, id, "3d", 0.0001, "ok");
		}
		MUST(&h, times(buf_text(&h.run.err), "zq9") == 1);
		must_say(&h, "poor");
		close_hearing(&h);
	}
}

static void a_query_that_takes_too_long_is_a_number(void **state)
{
	static const struct {
		struct fake_row row;
		const char *part;
	} t[] = {
		{ { "poor_bad", .behave = "/hang" }, "within" },
		{ { "poor_bad", .behave = "/huge" }, "too big" },
		{ { "poor_bad", .status = 503, .body = "{\"status\":\"error\","
		    "\"errorType\":\"timeout\",\"error\":\"query timed out "
		    "in expression evaluation\"}" }, "timed out" },
		{ { "poor_bad", .status = 200, .body = "{\"status\":"
		    "\"success\",\"data\":{\"resultType\":\"scalar\","
		    "\"result\":[1763001000,\"7\"]}}" }, "tag" },
		{ { "poor_bad", .status = 200, .body = "{\"status\":"
		    "\"success\",\"data\":{\"resultType\":\"string\","
		    "\"result\":[1763001000,\"7\"]}}" }, NULL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row own[] = {
			t[i].row, COVER,
			{ "_bad[", .value = "0.01" },
			{ "_all[", .value = "100" },
			{ 0 },
		};
		struct hearing h = { .own = own, .timeout = "3s",
				     .text = "slos:\n" SLO("poor") };
		hear(&h);
		MUST(&h, h.run.code == 3 || h.run.code == 69);
		state_is(&h, "poor", "nodata");
		number_is(&h, window_of(&h, "poor", "5m"), "burn", NAN);
		number_is(&h, window_of(&h, "poor", "5m"), "err_per_s", NAN);
		if (t[i].part)
			must_say(&h, t[i].part);
		MUST(&h, h.run.ms < 5000 * SLOW);
		close_hearing(&h);
	}
}

/* ---- values that are strange ------------------------------------------------ */

static void nothing_and_nobody_look_like_a_calm_service(void **state)
{
	static const struct {
		const char *bad, *all;   /* NULL: absent */
		double ratio;
		const char *window, *state;
		int code;
	} t[] = {
		{ "0.01", "100", 0.0001, "ok", "ok", 0 },
		{ NULL, "100", 0, "noerrors", "ok", 0 },
		{ "0", "100", 0, "ok", "ok", 0 },
		{ "1", NULL, NAN, "nodata", "nodata", 3 },
		{ NULL, NULL, NAN, "nodata", "nodata", 3 },
		{ "0", "0", NAN, "notraffic", "notraffic", 0 },
		{ NULL, "0", NAN, "notraffic", "notraffic", 0 },
		{ "NaN", "100", NAN, "nodata", "nodata", 3 },
		{ "0.01", "NaN", NAN, "notraffic", "notraffic", 0 },
		{ "+Inf", "100", NAN, "nodata", "nodata", 3 },
		{ "1", "+Inf", NAN, "notraffic", "notraffic", 0 },
		{ "-1", "100", NAN, "nodata", "nodata", 3 },
		{ "-1e-12", "100", 0, "ok", "ok", 0 },
		{ "1", "-100", NAN, "nodata", "nodata", 3 },
		{ "-Inf", "100", NAN, "nodata", "nodata", 3 },
		{ "0.01", "-Inf", NAN, "nodata", "nodata", 3 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row own[] = {
			COVER,
			{ "_bad[", .value = t[i].bad, .absent = !t[i].bad },
			{ "_all[", .value = t[i].all, .absent = !t[i].all },
			{ 0 },
		};
		struct hearing h = { .own = own, .text = ONE };
		hear(&h);
		ends_with(&h, t[i].code);
		state_is(&h, "shop", t[i].state);
		window_is(&h, "shop", "5m", t[i].ratio, t[i].window);
		number_is(&h, json_get(slo_of(&h, "shop"), "budget"),
			  "remaining", 1 - t[i].ratio / 0.001);
		close_hearing(&h);
	}
}

static void a_label_of_a_stranger_breaks_the_answer(void **state)
{
	static const char labels[] =
		"\"path\":\"\\u001b]0;zq9\\u0007\\u202e\\u200b \\\"q\\\" \\\\n\"";
	static const struct fake_row own[] = {
		{ "_bad[", .labels = { labels }, .value = "0.01" },
		{ "_all[", .labels = { labels }, .value = "100" },
		{ "cpu", .labels = { labels }, .value = "90" },
		{ 0 },
	};
	static const char *const formats[] = { "json", "text" };
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct hearing h = {
			.own = own, .what = i < 2 ? "--slo" : "--thresholds",
			.text = ONE "thresholds:\n  - {id: cpu, query: 'cpu', "
				"critical: {above: 85}, period: 5m}\n",
			.words = { "--format", formats[i % 2] },
		};
		hear(&h);
		ends_with(&h, i < 2 ? 0 : 2);
		MUST(&h, strstr(buf_text(&h.run.out), "zq9") != NULL);
		for (size_t k = 0; k < h.run.out.len;) {
			const char *s = buf_text(&h.run.out) + k;
			uint32_t cp;
			size_t n = text_next(s, h.run.out.len - k, &cp);
			MUST(&h, *s == '\n' || text_code_point_is_clean(cp));
			k += n;
		}
		if (i % 2 == 0)
			MUST(&h, h.run.json != NULL);
		/* It does not end its own quotes. */
		MUST(&h, strstr(buf_text(&h.run.out), i % 2
				? " \\\"q\\\" " : " \\\\\\\"q\\\\\\\" ")
				 != NULL);
		close_hearing(&h);
	}
}

/* What differs beyond the 200th byte of a name is still another group. */
static void long_labels_make_one_group_of_two(void **state)
{
	char path[400], one[500], two[500];
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(one, sizeof(one), "\"path\":\"%s1\"", path);
	snprintf(two, sizeof(two), "\"path\":\"%s2\"", path);
	const struct fake_row own[] = {
		{ "timestamp(", .absent = true },
		{ "_bad[", .labels = { two }, .value = "5" },
		{ "_all[", .labels = { one, two }, .value = "100" },
		{ 0 },
	};
	struct hearing h = { .own = own, .text = ONE };
	(void)state;
	hear(&h);
	ends_with(&h, 2);
	MUST(&h, cJSON_GetArraySize(list_of(&h, "slos")) == 2);
	MUST(&h, times(buf_text(&h.run.out), "\"state\":\"page\"") == 1);
	close_hearing(&h);
}

static double bad_of_group(int group, time_ms t)
{
	(void)t;
	return group == 777 ? 5 : 0.01;
}

static void a_thousand_groups_hide_the_one_that_burns(void **state)
{
	static const struct fake_row own[] = {
		{ "timestamp(", .labels = { "\"path\":\"/p%d\"" },
		  .groups = 1000, .at = three_days_before },
		{ "_bad[", .labels = { "\"path\":\"/p%d\"" }, .groups = 1000,
		  .at = bad_of_group },
		{ "_all[", .labels = { "\"path\":\"/p%d\"" }, .groups = 1000,
		  .value = "100" },
		{ 0 },
	};
	struct hearing h = { .own = own, .text = ONE, .timeout = "20s" };
	(void)state;
	hear(&h);
	ends_with(&h, 2);
	MUST(&h, cJSON_GetArraySize(list_of(&h, "slos")) == 1000);
	MUST(&h, times(buf_text(&h.run.out), "\"state\":\"page\"") == 1);
	MUST(&h, h.run.ms < 5000 * SLOW);
	MUST(&h, RUN_SANITIZED || h.run.rss_kb < RUN_RSS_KB);
	close_hearing(&h);
}

/* Its routes of last week are no routes now. */
static void a_route_that_is_gone_is_missed_for_a_month(void **state)
{
	static const struct fake_row own[] = {
		{ "_bad[", .absent = true },
		{ "[30d", .labels = { "\"path\":\"/old\"",
				     "\"path\":\"/new\"" }, .value = "90" },
		{ "_all[", .labels = { "\"path\":\"/new\"" }, .value = "100" },
		{ 0 },
	};
	struct hearing h = { .own = own, .text = ONE };
	(void)state;
	hear(&h);
	ends_with(&h, 0);
	MUST(&h, cJSON_GetArraySize(list_of(&h, "slos")) == 1);
	close_hearing(&h);
}

static void a_histogram_is_taken_for_a_number(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		{ "_bad[", .histograms = true, .value = "7" },
		{ "_all[", .value = "100" },
		{ "cpu", .histograms = true, .value = "90" },
		{ 0 },
	};
	struct hearing h = { .own = own, .text = ONE };
	struct hearing th = {
		.own = own, .what = "--thresholds",
		.text = "thresholds:\n  - {id: cpu, query: 'cpu', "
			"critical: {above: 85}, period: 5m}\n",
	};
	(void)state;
	hear(&h);
	ends_with(&h, 3);
	window_is(&h, "shop", "5m", NAN, "nodata");
	close_hearing(&h);
	hear(&th);
	ends_with(&th, 3);
	number_is(&th, rule_of(&th, "cpu"), "value", NAN);
	close_hearing(&th);
}

/* ---- counts, and what rules recorded ---------------------------------------- */

#define PROBES                                                          \
	"apiVersion: pyrra.dev/v1alpha1\n"                              \
	"kind: ServiceLevelObjective\n"                                 \
	"metadata: {name: probes}\n"                                    \
	"spec:\n"                                                       \
	"  target: '99'\n"                                              \
	"  window: 4w\n"                                                \
	"  indicator: {bool_gauge: {metric: probe_success, "            \
	"grouping: [target]}}\n"

static void counts_are_shown_as_a_rate(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		{ "- sum_over_time(", .labels = { "\"target\":\"a\"" },
		  .value = "2" },
		{ "count_over_time(probe", .labels = { "\"target\":\"a\"" },
		  .value = "20" },
		{ 0 },
	};
	struct hearing h = { .own = own, .text = PROBES };
	(void)state;
	hear(&h);
	cJSON *w = window_of(&h, "probes", "5m");
	number_is(&h, w, "err_per_s", NAN);
	number_is(&h, w, "total_per_s", NAN);
	number_is(&h, w, "error_ratio", 0.1);
	number_is(&h, json_get(slo_of(&h, "probes"), "budget"), "failures_left",
		  (0.01 * 20 - 2) / 0.99);
	close_hearing(&h);
}

#define SLOTH                                                           \
	"version: prometheus/v1\nservice: svc-000\nslos:\n"             \
	"  - name: shop\n    objective: 99.9\n"                         \
	"    sli: {events: {error_query: 'sum(rate(_bad[{{.window}}]))'," \
	" total_query: 'sum(rate(_all[{{.window}}]))'}}\n"             \
	"    alerting: {page_alert: {disable: true}, "                  \
	"ticket_alert: {disable: true}}\n"
#define RECORDED "\"sloth_id\":\"svc-000-shop\",\"sloth_service\":"     \
	"\"svc-000\",\"sloth_slo\":\"shop\",\"sloth_window\":\"5m\""

static void what_rules_recorded_is_mistaken(void **state)
{
	static const struct {
		const char *five, *other; /* recorded; NULL: gone */
		const char *all;          /* raw; NULL: gone */
		double ratio;             /* of 5 m */
		const char *window, *from;
		double hour;              /* ratio of 1 h */
		int code;
	} t[] = {
		{ "0.0003", "0.0002", "100", 0.0003, "ok", "recorded", 0.0002,
		  0 },
		{ "NaN", "0.0002", "100", NAN, "notraffic", "recorded", 0.0002,
		  0 },
		{ NULL, "0.0002", "100", 0.0001, "ok", "recorded", 0.0002, 0 },
		{ "0.0003", NULL, "100", 0.0003, "ok", "recorded", 0.0001, 0 },
		{ NULL, NULL, "100", 0.0001, "ok", "query", 0.0001, 0 },
		{ "0.0003", "0.0002", NULL, 0.0003, "ok", "recorded", 0.0002,
		  0 },
		{ "0.0003", NULL, NULL, 0.0003, "ok", "recorded", NAN, 0 },
		{ NULL, NULL, NULL, NAN, "nodata", "query", NAN, 3 },
		{ "-0.5", "0.0002", NULL, NAN, "nodata", "recorded", 0.0002,
		  3 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row own[] = {
			COVER,
			{ "ratio_rate5m", .labels = { RECORDED },
			  .value = t[i].five, .absent = !t[i].five },
			{ "ratio_rate", .labels = { RECORDED },
			  .value = t[i].other, .absent = !t[i].other },
			{ "_bad[", .value = "0.01", .absent = !t[i].all },
			{ "_all[", .value = t[i].all, .absent = !t[i].all },
			{ 0 },
		};
		struct hearing h = { .own = own, .text = SLOTH };
		hear(&h);
		ends_with(&h, t[i].code);
		window_is(&h, "svc-000-shop", "5m", t[i].ratio, t[i].window);
		text_is(&h, slo_of(&h, "svc-000-shop"), "from", t[i].from);
		number_is(&h, window_of(&h, "svc-000-shop", "1h"),
			  "error_ratio", t[i].hour);
		MUST(&h, cJSON_GetArraySize(list_of(&h, "slos")) == 1);
		close_hearing(&h);
	}
}

/* ---- moments ---------------------------------------------------------------- */

/* The server's clock is ten minutes behind. */
static void be_late(struct shop *s, const struct evil_ask *a,
		    struct evil_answer *out)
{
	char date[64];
	time_t t = time(NULL) - 600;
	struct tm tm;
	(void)s;
	(void)a;
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT",
		 gmtime_r(&t, &tm));
	buf_printf(&out->head, "Date: %s\r\n", date);
}

static double nothing_after_server_now(int group, time_ms t)
{
	(void)group;
	return t / 1000 <= time(NULL) - 595 ? 0.01 : (double)NAN;
}

static double hundred_until_server_now(int group, time_ms t)
{
	(void)group;
	return t / 1000 <= time(NULL) - 595 ? 100 : (double)NAN;
}

static void a_clock_that_is_off_asks_for_the_future(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		{ "_bad[", .at = nothing_after_server_now },
		{ "_all[", .at = hundred_until_server_now },
		{ 0 },
	};
	static const struct {
		const char *at;
		int ago;
	} t[] = { { "now", 600 }, { "-20m", 1200 } };
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = own, .text = ONE, .at = t[i].at,
				     .spoil = be_late };
		time_ms at;
		struct err e;
		hear(&h);
		MUST(&h, time_parse(json_text(h.run.json, "at"), (time_ms)time(NULL) * 1000,
				    &at, &e) == 0);
		double off = (double)((time_ms)time(NULL) * 1000 - at) / 1000 - t[i].ago;
		if (fabs(off) > 20) {
			show(&h);
			fail_msg("%s is off by %g s", t[i].at, off);
		}
		ends_with(&h, 0);
		window_is(&h, "shop", "5m", 0.0001, "ok");
		close_hearing(&h);
	}
}

/* ---- thresholds ------------------------------------------------------------- */

#define MINUTE 60

/* High, and nothing for more periods than an evaluation looks at. */
static double gone_of_late(int group, time_ms ms)
{
	int64_t t = ms / 1000;
	(void)group;
	return t > AT - 5 * 300 ? (double)NAN : 90;
}

static void a_missing_period_reads_as_a_good_one(void **state)
{
	static const struct fake_row own[] = {
		{ "cpu", .at = gone_of_late },
		{ 0 },
	};
	static const struct {
		const char *missing, *level;
		int code;
	} t[] = {
		{ "missing", "nodata", 3 }, { "notBreaching", "ok", 0 },
		{ "breaching", "critical", 2 }, { "ignore", "critical", 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		char text[300];
		snprintf(text, sizeof(text), "thresholds:\n  - {id: cpu, "
			 "query: 'cpu', critical: {above: 85}, period: 5m, "
			 "missing: %s}\n", t[i].missing);
		struct hearing h = { .own = own, .what = "--thresholds",
				     .text = text };
		hear(&h);
		ends_with(&h, t[i].code);
		text_is(&h, rule_of(&h, "cpu"), "level", t[i].level);
		number_is(&h, rule_of(&h, "cpu"), "value", NAN);
		number_is(&h, rule_of(&h, "cpu"), "provisional", NAN);
		close_hearing(&h);
	}
}

static double unfinished(int group, time_ms ms)
{
	(void)group;
	return ms / 1000 % 300 ? 97 : 10;
}

/* The state changes at the end of a period, the screen at once. */
static void an_unfinished_period_is_judged_or_not_shown(void **state)
{
	static const struct fake_row own[] = {
		{ "cpu", .at = unfinished },
		{ 0 },
	};
	struct hearing h = {
		.own = own, .what = "--thresholds", .at = "@1763001100",
		.text = "thresholds:\n  - {id: cpu, query: 'cpu', "
			"warning: {above: 70}, critical: {above: 85}, "
			"period: 5m}\n",
	};
	(void)state;
	hear(&h);
	ends_with(&h, 0);
	cJSON *r = rule_of(&h, "cpu");
	text_is(&h, r, "level", "ok");
	number_is(&h, r, "value", 10);
	number_is(&h, r, "limit", 70);
	number_is(&h, r, "provisional", 97);
	number_is(&h, r, "period_s", 300);
	close_hearing(&h);
}

static double one_of_three(int group, time_ms ms)
{
	return group == 1 ? 90 : ms / 1000 >= AT - 300 ? 75 : 10;
}

static void the_worst_series_of_a_threshold_is_lost(void **state)
{
	static const struct fake_row own[] = {
		{ "cpu", .labels = { "\"host\":\"h%d\"" }, .groups = 3,
		  .at = one_of_three },
		{ 0 },
	};
	struct hearing h = {
		.own = own, .what = "--thresholds",
		.text = "thresholds:\n  - {id: cpu, query: 'cpu', "
			"warning: {above: 70}, critical: {above: 85}, "
			"period: 5m, m: 2, n: 3}\n",
	};
	(void)state;
	hear(&h);
	ends_with(&h, 2);
	MUST(&h, cJSON_GetArraySize(list_of(&h, "rules")) == 3);
	cJSON *r, *rules = list_of(&h, "rules");
	cJSON_ArrayForEach(r, rules) {
		bool worst = strstr(json_text(r, "labels"), "h1") != NULL;
		text_is(&h, r, "level", worst ? "critical" : "warning");
		number_is(&h, r, "m", 2);
		number_is(&h, r, "n", 3);
		if (!worst)
			text_is(&h, r, "since", "2025-11-13T02:30:00Z");
	}
	close_hearing(&h);
}

#define ALERT(more)                                                     \
	"groups:\n- name: shop\n  interval: 1m\n  rules:\n"             \
	"  - alert: Slow\n    expr: slow > 1\n    for: 5m\n" more        \
	"    labels: {severity: critical}\n"

static double since_minutes(int minutes, time_ms ms)
{
	return ms / 1000 > AT - minutes * MINUTE ? 1.5 : (double)NAN;
}

static double for_three(int group, time_ms ms)
{
	(void)group;
	return since_minutes(3, ms);
}

static double for_nine(int group, time_ms ms)
{
	(void)group;
	return since_minutes(9, ms);
}

/* Until two minutes ago. */
static double for_nine_until_two(int group, time_ms ms)
{
	return ms / 1000 > AT - 2 * MINUTE ? (double)NAN
					   : for_nine(group, ms);
}

static double with_gaps(int group, time_ms ms)
{
	return ms / 1000 / 60 % 3 == 0 ? (double)NAN : for_nine(group, ms);
}

static double with_gaps_of_late(int group, time_ms ms)
{
	return ms / 1000 < AT - 9 * MINUTE ? 1.5 : with_gaps(group, ms);
}

static void a_pending_alert_wakes_somebody(void **state)
{
	static const struct {
		double (*at)(int group, time_ms t);
		const char *text, *level;
		bool pending;
		int code;
	} t[] = {
		{ for_three, ALERT(""), "ok", true, 0 },
		{ for_nine, ALERT(""), "critical", false, 2 },
		{ for_nine_until_two, ALERT(""), "ok", false, 0 },
		{ for_nine_until_two, ALERT("    keep_firing_for: 10m\n"),
		  "critical", false, 2 },
		{ with_gaps, ALERT("    keep_firing_for: 10m\n"), "ok", false,
		  0 },
		{ with_gaps_of_late, ALERT("    keep_firing_for: 10m\n"),
		  "critical", false, 2 },
		{ with_gaps_of_late, ALERT(""), "ok", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row own[] = {
			{ "slow", .labels = { "\"host\":\"a\"" },
			  .at = t[i].at },
			{ 0 },
		};
		struct hearing h = { .own = own, .what = "--thresholds",
				     .text = t[i].text };
		hear(&h);
		ends_with(&h, t[i].code);
		cJSON *r = rule_of(&h, "Slow");
		text_is(&h, r, "level", t[i].level);
		MUST(&h, cJSON_IsTrue(json_get(r, "pending")) == t[i].pending);
		close_hearing(&h);
	}
}

static void a_strange_value_of_a_limit_is_a_good_one(void **state)
{
	static const struct {
		const char *value, *text, *level;
		int code;
		double shown;
	} t[] = {
#define LIMIT(way) "thresholds:\n  - {id: cpu, query: 'slow', "         \
	"critical: {" way "}, period: 5m}\n"
		{ "NaN", LIMIT("above: 85"), "nodata", 3, NAN },
		{ "+Inf", LIMIT("above: 85"), "critical", 2, NAN },
		{ "-Inf", LIMIT("above: 85"), "ok", 0, NAN },
		{ "-Inf", LIMIT("below: 85"), "critical", 2, NAN },
		{ "85", LIMIT("above: 85"), "ok", 0, 85 },
		{ "1e308", LIMIT("above: 85"), "critical", 2, 1e308 },
		/* An alert is true where there is an answer, whatever it is. */
		{ "NaN", ALERT(""), "critical", 2, NAN },
		{ "0", ALERT(""), "critical", 2, 0 },
#undef LIMIT
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct fake_row own[] = {
			{ "slow", .value = t[i].value },
			{ 0 },
		};
		struct hearing h = { .own = own, .what = "--thresholds",
				     .text = t[i].text };
		hear(&h);
		const cJSON *r = list_of(&h, "rules")->child;
		const cJSON *v = cJSON_GetObjectItem(r, "value");
		assert_int_equal(h.run.code, t[i].code);
		assert_string_equal(cJSON_GetStringValue(
			cJSON_GetObjectItem(r, "level")), t[i].level);
		if (isnan(t[i].shown))
			assert_true(cJSON_IsNull(v));
		else
			assert_true(cJSON_GetNumberValue(v) == t[i].shown);
		close_hearing(&h);
	}
}

/* ---- files ------------------------------------------------------------------ */

#define SLOTH_HEAD "version: prometheus/v1\nservice: svc-000\nslos:\n"
#define SLOTH_ONE(name)                                                 \
	"  - name: " name "\n    objective: 99.9\n"                      \
	"    sli: {events: {error_query: 'sum(rate(_bad[{{.window}}]))'," \
	" total_query: 'sum(rate(_all[{{.window}}]))'}}\n"

static void judge_file(struct hearing *h, const char *name)
{
	in_root(name, h->path);
	hear(h);
}

static void whoever_may_write_the_file_silences_the_pager(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		int code;
		const char *part;
	} t[] = {
		{ ONE, 0666, 65, "everybody may write" },
		{ SLOTH_HEAD SLOTH_ONE("shop"), 0666, 65,
		  "everybody may write" },
		{ ONE, 0660, 0, "its group may write" },
		{ SLOTH_HEAD SLOTH_ONE("shop"), 0660, 0, "its group may write" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = fine };
		char path[ROOM * 2];
		write_file(in_root("open.yml", path), t[i].text,
			   strlen(t[i].text));
		assert_int_equal(chmod(path, t[i].mode), 0);
		judge_file(&h, "open.yml");
		ends_with(&h, t[i].code);
		must_say(&h, t[i].part);
		MUST(&h, !t[i].code || h.shop.asked == 0);
		close_hearing(&h);
	}
}

static void what_is_no_file_hangs_the_pager(void **state)
{
	char path[ROOM * 2];
	(void)state;
	assert_int_equal(mkfifo(in_root("fifo.yml", path), 0600), 0);
	assert_int_equal(mkdir(in_root("dir.yml", path), 0700), 0);
	static const char *const names[] = { "fifo.yml", "dir.yml",
					     "none.yml" };
	for (size_t i = 0; i < COUNT(names); i++) {
		struct hearing h = { .own = fine, .timeout = "2s" };
		judge_file(&h, names[i]);
		ends_with(&h, 65);
		must_say(&h, names[i]);
		MUST(&h, h.run.out.len == 0 && h.run.ms < 2000 * SLOW);
		close_hearing(&h);
	}
}

static void a_monstrous_file_eats_the_memory(void **state)
{
	static const struct {
		const char *before, *again;
		size_t times;
		const char *part;
	} t[] = {
		{ ONE "#", "a", 1100000, "more than 1 MB" },
		{ "slos: ", "[", 100000, "nested too deep" },
		{ "slos: ", "{a: ", 100000, "nested too deep" },
		{ "slos:\n", "  - x\n", 60000, "" },
		{ SLOTH_HEAD, "  - x\n", 60000, "" },
		{ "version: prometheus/v1\nslos: &a [*a, *a]\n", " ", 1, "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = fine };
		char path[ROOM * 2];
		struct buf b;
		buf_init(&b, 0);
		buf_str(&b, t[i].before);
		for (size_t k = 0; k < t[i].times; k++)
			buf_str(&b, t[i].again);
		write_file(in_root("big.yml", path), buf_text(&b), b.len);
		buf_release(&b);
		judge_file(&h, "big.yml");
		ends_with(&h, 65);
		must_say(&h, t[i].part);
		must_say(&h, "big.yml");
		MUST(&h, h.run.err.len < 64000);
		MUST(&h, h.run.ms < 3000 * SLOW);
		MUST(&h, RUN_SANITIZED || h.run.rss_kb < RUN_RSS_KB);
		close_hearing(&h);
	}
}

static void an_editor_of_another_kind_spoils_the_file(void **state)
{
	static const struct {
		const char *text;
		int code;
	} t[] = {
		{ "\xef\xbb\xbf" ONE, 0 },
		{ "\xef\xbb\xbf" SLOTH_HEAD SLOTH_ONE("shop"), 0 },
		{ "version: prometheus/v1\r\nservice: svc-000\r\nslos:\r\n"
		  "  - name: shop\r\n    objective: 99.9\r\n    sli:\r\n"
		  "      events:\r\n"
		  "        error_query: sum(rate(_bad[{{.window}}]))\r\n"
		  "        total_query: sum(rate(_all[{{.window}}]))\r\n", 0 },
		{ "slos:\n\t- {id: shop}\n", 65 },
		{ ONE "\x01", 65 },
		{ ONE "# \xff\n", 65 },
		{ "slos:\n" SLO("shop") SLO("shop"), 65 },
		{ SLOTH_HEAD SLOTH_ONE("shop") SLOTH_ONE("shop"), 65 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = fine, .text = t[i].text };
		hear(&h);
		ends_with(&h, t[i].code);
		MUST(&h, t[i].code == 0 || h.run.out.len == 0);
		if (t[i].code)
			must_say(&h, "slo.yml:");
		else
			MUST(&h, h.run.err.len == 0);
		close_hearing(&h);
	}
}

static void an_emptied_file_is_a_promise_kept(void **state)
{
	static const char *const texts[] = { "", "slos: []\n",
					     "theme: ember\n" };
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(texts); i++) {
		struct hearing h = {
			.own = fine, .text = texts[i / 2],
			.what = i % 2 ? "--slo" : "--thresholds",
		};
		hear(&h);
		ends_with(&h, 3);
		must_say(&h, i % 2 ? "no objectives" : "no thresholds");
		MUST(&h, cJSON_GetArraySize(list_of(&h, i % 2 ? "slos"
							: "rules")) == 0);
		close_hearing(&h);
	}
}

static void a_thousand_objectives_are_more_than_it_can_judge(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		{ "s777_bad[", .value = "5" },
		{ "_bad[", .value = "0.01" },
		{ "_all[", .value = "100" },
		{ 0 },
	};
	struct hearing h = { .own = own, .timeout = "25s" };
	char path[ROOM * 2];
	struct buf b;
	(void)state;
	buf_init(&b, 0);
	buf_str(&b, "slos:\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "  - {id: s%d, service: svc-000, objective: 99.9,"
			   " error_query: 'rate(s%d_bad[$window])', "
			   "total_query: 'rate(s%d_all[$window])'}\n", i, i, i);
	write_file(in_root("many.yml", path), buf_text(&b), b.len);
	buf_release(&b);
	judge_file(&h, "many.yml");
	printf("%zu questions, %ld ms\n", (size_t)h.shop.asked, h.run.ms);
	ends_with(&h, 2);
	MUST(&h, cJSON_GetArraySize(list_of(&h, "slos")) == 1000);
	MUST(&h, times(buf_text(&h.run.out), "\"state\":\"page\"") == 1);
	state_is(&h, "s777", "page");
	MUST(&h, RUN_SANITIZED || h.run.rss_kb < RUN_RSS_KB);
	close_hearing(&h);
}

/* ---- what changed ----------------------------------------------------------- */

static void refuse_labels(struct shop *s, const struct evil_ask *a,
			  struct evil_answer *out)
{
	if (!strstr(a->path, "/labels"))
		return;
	say_status(s, a, out);
}

/* Every second question of a comparison; the overview asks first. */
static void fail_half(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	struct buf query;
	buf_init(&query, 0);
	bool labels = strstr(a->path, "/labels") != NULL;
	evil_form(a, "query", &query);
	if (labels)
		evil_json(out, "{\"status\":\"success\",\"data\":[\"job\","
			  "\"code\",\"route\",\"pod\"]}");
	else if (strstr(buf_text(&query), "route") && s->asked % 2)
		say_status(s, a, out);
	buf_release(&query);
}

static void tell_labels(struct shop *s, const struct evil_ask *a,
			struct evil_answer *out)
{
	(void)s;
	if (strstr(a->path, "/labels"))
		evil_json(out, "{\"status\":\"success\",\"data\":[\"job\","
			  "\"code\",\"route\",\"pod\"]}");
}

static void see_page(struct hearing *h, const char *const *words)
{
	h->shop.fake.opt.own = h->own;
	h->shop.behave = h->behave;
	h->shop.spoil = h->spoil;
	h->shop.number = h->number;
	shop_start(&h->shop);
	RUN(&h->run, "snapshot", h->shop.url, "--at", AT_WORD, "--timeout",
	    "10s");
	if (h->text) {
		write_file(in_root("slo.yml", h->path), h->text,
			   strlen(h->text));
		RUN(&h->run, "-c", h->path);
	}
	run_words(&h->run, words);
	run_start(&h->run);
	run_end(&h->run);
}

static unsigned overview_asks(void)
{
	static const char *const words[] = { "--format", "json", NULL };
	struct hearing h = { .own = NULL };
	see_page(&h, words);
	unsigned n = h.shop.asked;
	close_hearing(&h);
	return n;
}

static void a_comparison_that_fails_takes_the_page_along(void **state)
{
	static const char *const words[] = { "--page", "changed", "--service",
					     "svc-001", "--format", "json",
					     NULL };
	static const struct {
		shop_spoil spoil;
		int number;
		bool whole;
	} t[] = {
		{ tell_labels, 0, true }, { refuse_labels, 404, false },
		{ refuse_labels, 403, false }, { refuse_labels, 500, false },
		{ fail_half, 500, false }, { fail_half, 422, false },
	};
	static const char *const keys[] = { "before", "during", "rows",
					    "events", "queries" };
	(void)state;
	unsigned overview = overview_asks();
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .spoil = t[i].spoil,
				     .number = t[i].number };
		see_page(&h, words);
		ends_with(&h, 0);
		cJSON *c = json_get(h.run.json, "changed");
		text_is(&h, c, "service", "svc-001");
		for (size_t k = 0; k < COUNT(keys); k++)
			MUST(&h, json_get(c, keys[k]) != NULL);
		MUST(&h, cJSON_GetArraySize(json_get(c, "rows")) == 0);
		MUST(&h, !*json_text(c, "fault") == t[i].whole);
		MUST(&h, h.shop.asked <= overview + 12);
		number_is(&h, c, "queries", h.shop.asked - overview);
		cJSON *s = json_find(h.run.json, "services", "name", "svc-001");
		MUST(&h, s && cJSON_IsNumber(json_get(s, "rate")));
		close_hearing(&h);
	}
}

/* One that is not there, one that nobody asks for, one of a person's own
 * queries: none is an answer about another. */
static void a_comparison_is_of_another_service(void **state)
{
	static const struct fake_row own[] = {
		{ "hand", .value = "7" },
		{ 0 },
	};
	static const char hand[] =
		"services:\n  - {name: hand, rate: 'sum(rate(hand[$window]))'}\n";
	static const struct {
		const char *words[8], *service;
	} t[] = {
		{ { "--page", "changed", "--service", "nosuch", "--format",
		    "json" }, NULL },
		{ { "--page", "changed", "--service", "", "--format", "json" },
		  NULL },
		{ { "--page", "changed", "--service", "hand", "--format",
		    "json" }, "hand" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct hearing h = { .own = own, .spoil = tell_labels,
				     .text = hand };
		see_page(&h, t[i].words);
		cJSON *c = json_get(h.run.json, "changed");
		ends_with(&h, t[i].service ? 0 : 64);
		if (!t[i].service)
			must_say(&h, "no service");
		if (t[i].service) {
			text_is(&h, c, "service", t[i].service);
			number_is(&h, c, "queries", 0);
			MUST(&h, *json_text(c, "fault") != '\0');
		}
		close_hearing(&h);
	}
}

/* ---- recordings ------------------------------------------------------------- */

static void record(struct hearing *h, const char *file, char path[ROOM * 2])
{
	struct run r = { 0 };
	h->shop.fake.opt.own = h->own;
	shop_start(&h->shop);
	RUN(&r, "record", h->shop.url, "-o", in_root(file, path), "--every",
	    "1s", "--for", RUN_SANITIZED ? "6s" : "3s", "--timeout", "10s");
	if (h->text) {
		write_file(in_root("slo.yml", h->path), h->text,
			   strlen(h->text));
		RUN(&r, "-c", h->path);
	}
	run_start(&r);
	run_end(&r);
	if (r.code)
		fail_msg("record: exit %d: %s", r.code, buf_text(&r.err));
	run_free(&r);
	/* Whoever is asked from now on did not hear the incident. */
	shop_stop(&h->shop);
}

static void replay(struct hearing *h, const char *const *words)
{
	run_free(&h->run);
	h->run = (struct run){ 0 };
	run_words(&h->run, words);
	run_start(&h->run);
	run_end(&h->run);
}

static bool prints(const struct hearing *h, const char *part)
{
	return strstr(buf_text(&h->run.out), part) != NULL;
}

static void a_replay_knows_more_or_less_than_was_recorded(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		{ "gone_", .absent = true },
		{ "page_bad[", .value = "5" },
		{ "_bad[", .value = "0.01" },
		{ "_all[", .value = "100" },
		{ "cpu", .value = "90" },
		{ 0 },
	};
	static const char judged[] =
		"slos:\n" SLO("gone") SLO("page") SLO("shop")
		"thresholds:\n  - {id: cpu, query: 'cpu', "
		"critical: {above: 85}, period: 1m}\n";
	struct hearing h = { .own = own, .text = judged };
	char path[ROOM * 2];
	(void)state;
	record(&h, "incident.redtop", path);
	const char *const slo[] = { "check", "-c", h.path, "--slo", "--source",
				    path, "--format", "json", NULL };
	const char *const limit[] = { "check", "-c", h.path, "--thresholds",
				      "--source", path, "--format", "json",
				      NULL };
	const char *const page[] = { "snapshot", path, "--page", "slo", NULL };
	replay(&h, slo);
	ends_with(&h, 2);
	state_is(&h, "page", "page");
	state_is(&h, "shop", "ok");
	window_is(&h, "shop", "3d", 0.0001, "ok");
	state_is(&h, "gone", "nodata");
	window_is(&h, "gone", "5m", NAN, "nodata");
	text_is(&h, slo_of(&h, "shop"), "from", "query");
	replay(&h, limit);
	ends_with(&h, 2);
	text_is(&h, rule_of(&h, "cpu"), "level", "critical");
	number_is(&h, rule_of(&h, "cpu"), "value", 90);
	replay(&h, page);
	ends_with(&h, 0);
	MUST(&h, prints(&h, "svc-000 page") && prints(&h, "50.0x"));
	MUST(&h, prints(&h, "svc-000 gone"));
	run_free(&h.run);
}

static void a_recording_without_objectives_is_no_answer(void **state)
{
	struct hearing h = { .own = NULL };
	char path[ROOM * 2], file[ROOM * 2];
	static const char text[] =
		"slos:\n" SLO("shop")
		"  - {id: other, service: nobody, objective: 99.9, error_query:"
		" 'b[$window]', total_query: 'a[$window]'}\n"
		"thresholds:\n  - {id: cpu, query: 'cpu', "
		"critical: {above: 85}, period: 1m}\n";
	(void)state;
	record(&h, "plain.redtop", path);
	write_file(in_root("later.yml", file), text, strlen(text));
	const char *const slo[] = { "check", "-c", file, "--slo", "--source",
				    path, "--format", "json", NULL };
	const char *const limit[] = { "check", "-c", file, "--thresholds",
				      "--source", path, "--format", "json",
				      NULL };
	const char *const page[] = { "snapshot", path, "--page", "slo", NULL };
	replay(&h, slo);
	ends_with(&h, 3);
	/* Two hours are held of the service, and said of no longer window. */
	text_is(&h, slo_of(&h, "shop"), "from", "store");
	MUST(&h, number_of(&h, window_of(&h, "shop", "1h"), "error_ratio") > 0);
	window_is(&h, "shop", "6h", NAN, "nodata");
	number_is(&h, json_get(slo_of(&h, "shop"), "budget"), "remaining", NAN);
	state_is(&h, "other", "nodata");
	window_is(&h, "other", "5m", NAN, "nodata");
	must_say(&h, "other: its service is not known here");
	replay(&h, limit);
	ends_with(&h, 3);
	text_is(&h, rule_of(&h, "cpu"), "level", "nodata");
	must_say(&h, "cpu: nobody answers its query");
	replay(&h, page);
	ends_with(&h, 0);
	MUST(&h, prints(&h, "no objectives here"));
	run_free(&h.run);
}

/* ---- a page while the server dies ------------------------------------------- */

#define SOON 20000 /* ms: what must happen, on however slow a machine */

static void wait_for(struct pty *p, const char *part)
{
	if (!pty_wait_text(p, part, SOON))
		fail_msg("no '%s' in:\n%.900s", part, pty_screen(p));
}

/* Its numbers stay as they were, are as old as they are, and keys work. */
static void still_burns(struct pty *p)
{
	assert_true(pty_shows(p, "svc-000 page"));
	assert_true(pty_shows(p, "50.0x"));
	assert_true(pty_shows(p, "0.1x"));
	assert_true(pty_shows(p, "largest first"));
	pty_press(p, "1");
	assert_true(pty_wait_gone(p, "alert tiers", 2000 * SLOW));
	pty_press(p, "5");
	assert_true(pty_wait_text(p, "alert tiers", 2000 * SLOW));
}

static void a_dead_server_takes_the_objectives_along(void **state)
{
	static const struct fake_row own[] = {
		COVER,
		/* Scraped each second: asked each five. */
		{ "count_over_time(up", "[10m]", { "\"job\":\"svc-000\"" },
		  .value = "600" },
		{ "count_over_time(up", "[5m]", { "\"job\":\"svc-000\"" },
		  .value = "300" },
		{ "count_over_time(up", "[1m]", { "\"job\":\"svc-000\"" },
		  .value = "60" },
		{ "count_over_time(up", "[15s]", { "\"job\":\"svc-000\"" },
		  .value = "15" },
		{ "page_bad[", .value = "5" },
		{ "_bad[", .value = "0.01" },
		{ "_all[", .value = "100" },
		{ 0 },
	};
	static const char text[] = "slos:\n" SLO("page") SLO("shop");
	const char *redtop = getenv("REDTOP");
	struct hearing h = { .own = own };
	(void)state;
	write_file(in_root("live.yml", h.path), text, strlen(text));
	h.shop.fake.opt.own = own;
	shop_start(&h.shop);
	struct pty *p = pty_start(&(struct pty_options){
		.argv = (const char *[]){
			redtop && *redtop ? redtop : "./redtop", h.shop.url,
			"-c", h.path, "-d", "1s", "--timeout", "2s", NULL },
		.w = 120, .h = 40 });
	wait_for(p, "LIVE");
	pty_press(p, "5");
	wait_for(p, "svc-000 page");
	wait_for(p, "50.0x");
	wait_for(p, "still burning");
	h.shop.behave = "/hang";
	wait_for(p, "STALE");
	still_burns(p);
	h.shop.behave = "/rst-early";
	wait_for(p, " network");
	still_burns(p);
	h.shop.behave = NULL;
	wait_for(p, "LIVE");
	still_burns(p);
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, 2000 * SLOW), 0);
	pty_free(p);
	shop_stop(&h.shop);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_calm_objective_ends_with_an_alarm),
		cmocka_unit_test(the_worst_of_many_is_not_the_exit_code),
		cmocka_unit_test(a_server_that_is_gone_is_taken_for_nodata),
		cmocka_unit_test(a_broken_file_is_judged),
		cmocka_unit_test(a_wrong_command_line_is_guessed_at),
		cmocka_unit_test(one_bad_query_takes_ten_good_ones_along),
		cmocka_unit_test(a_query_that_takes_too_long_is_a_number),
		cmocka_unit_test(nothing_and_nobody_look_like_a_calm_service),
		cmocka_unit_test(a_label_of_a_stranger_breaks_the_answer),
		cmocka_unit_test(long_labels_make_one_group_of_two),
		cmocka_unit_test(a_thousand_groups_hide_the_one_that_burns),
		cmocka_unit_test(a_route_that_is_gone_is_missed_for_a_month),
		cmocka_unit_test(a_histogram_is_taken_for_a_number),
		cmocka_unit_test(counts_are_shown_as_a_rate),
		cmocka_unit_test(what_rules_recorded_is_mistaken),
		cmocka_unit_test(a_clock_that_is_off_asks_for_the_future),
		cmocka_unit_test(a_missing_period_reads_as_a_good_one),
		cmocka_unit_test(an_unfinished_period_is_judged_or_not_shown),
		cmocka_unit_test(the_worst_series_of_a_threshold_is_lost),
		cmocka_unit_test(a_pending_alert_wakes_somebody),
		cmocka_unit_test(a_strange_value_of_a_limit_is_a_good_one),
		cmocka_unit_test(whoever_may_write_the_file_silences_the_pager),
		cmocka_unit_test(what_is_no_file_hangs_the_pager),
		cmocka_unit_test(a_monstrous_file_eats_the_memory),
		cmocka_unit_test(an_editor_of_another_kind_spoils_the_file),
		cmocka_unit_test(an_emptied_file_is_a_promise_kept),
		cmocka_unit_test(a_thousand_objectives_are_more_than_it_can_judge),
		cmocka_unit_test(a_comparison_that_fails_takes_the_page_along),
		cmocka_unit_test(a_comparison_is_of_another_service),
		cmocka_unit_test(a_replay_knows_more_or_less_than_was_recorded),
		cmocka_unit_test(a_recording_without_objectives_is_no_answer),
		cmocka_unit_test(a_dead_server_takes_the_objectives_along),
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN); /* as a server does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
