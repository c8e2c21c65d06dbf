/* Bytes of strangers: whatever a server, a file or a name says, nothing but
 * our own sequences reaches the terminal, a file or a pipe; and random answers
 * end in an exit code and whole JSON. */
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

/* ---- what may come out ------------------------------------------------------ */

enum allowed { PLAIN, SGR };

/* Stands in everything hostile, so that its effect would be seen. */
#define ESC "\x1b"
#define MARK "zq9"
#define EVIL_RAW ESC "]0;" MARK "\a" ESC "[31m" "\xe2\x80\xae" "\xc2\x9b" "31m" \
		 "\xe2\x80\x8b" "\x7f" "\xff" "\b"
/* The same in JSON, where C0 must be escaped. */
#define EVIL_JSON "\\u001b]0;" MARK "\\u0007\\u001b[31m\\u202e\\u009b31m\\u200b" \
		  "\\u007f\\b"

/* Past one SGR sequence, or 0. */
static size_t sgr(const char *s)
{
	if (s[0] != '\x1b' || s[1] != '[')
		return 0;
	size_t n = 2 + strspn(s + 2, "0123456789;:");
	return s[n] == 'm' ? n + 1 : 0;
}

/* Every code point is harmless, beside newlines and, where allowed, SGR. */
static void check_bytes(const char *what, const struct buf *b,
			enum allowed allowed)
{
	const char *s = buf_text(b);
	for (size_t i = 0; i < b->len;) {
		uint32_t cp;
		size_t n = allowed == SGR ? sgr(s + i) : 0;
		if (n || s[i] == '\n') {
			i += n ? n : 1;
			continue;
		}
		n = text_next(s + i, b->len - i, &cp);
		if (cp > 0x10ffff || !text_code_point_is_clean(cp))
			fail_msg("%s: U+%04X at byte %zu: %.40s", what, cp, i,
				 s + i);
		i += n;
	}
}

static void check_outputs(const char *source, const char *what, bool shown)
{
	static const struct {
		const char *format;
		enum allowed allowed;
	} t[] = { { "text", PLAIN }, { "ansi", SGR }, { "svg", PLAIN },
		  { "json", PLAIN } };
	for (size_t i = 0; i < 4; i++) {
		struct run r = { 0 };
		RUN(&r, "snapshot", source, "--format", t[i].format, "-v",
		    "--timeout", "5s", "--size", "160x50");
		run_start(&r);
		run_end(&r);
		assert_in_range(r.code, 0, 77);
		check_bytes(what, &r.out, t[i].allowed);
		check_bytes(what, &r.err, PLAIN);
		/* Visible, not swallowed. */
		if (shown && !strstr(buf_text(&r.out), MARK)
		    && !strstr(buf_text(&r.err), MARK))
			fail_msg("%s: nothing of it in %s: %s", what,
				 t[i].format, buf_text(&r.err));
		run_free(&r);
	}
}

/* ---- of a server ------------------------------------------------------------ */

static void spoil_labels(struct shop *s, const struct evil_ask *a,
			 struct evil_answer *out)
{
	(void)s;
	(void)a;
	shop_replace(out, "svc-001", "svc-" EVIL_JSON);
}

/* The raw bytes, where a server forgot to escape them. */
static void spoil_raw(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	(void)s;
	(void)a;
	shop_replace(out, "svc-001", "svc-" EVIL_RAW);
}

static void spoil_names(struct shop *s, const struct evil_ask *a,
			struct evil_answer *out)
{
	(void)s;
	(void)a;
	shop_replace(out, FAKE_METRIC, FAKE_METRIC EVIL_JSON);
}

static void spoil_version(struct shop *s, const struct evil_ask *a,
			  struct evil_answer *out)
{
	(void)s;
	(void)a;
	shop_replace(out, "2.42.0", "2.42.0" EVIL_JSON);
}

static void say_error(struct shop *s, const struct evil_ask *a,
		      struct evil_answer *out)
{
	(void)a;
	out->status = s->number;
	out->type = s->number == 502 ? "text/plain" : "application/json";
	buf_clear(&out->body);
	buf_str(&out->body, s->text);
}

static void spoil_warnings(struct shop *s, const struct evil_ask *a,
			   struct evil_answer *out)
{
	(void)s;
	if (!shop_is_data(a) || !out->body.len)
		return;
	shop_cut(out, out->body.len - 1);
	buf_str(&out->body, ",\"warnings\":[\"" EVIL_JSON "\"],\"infos\":[\""
		EVIL_JSON "\"]}");
}

static void raw_head(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	(void)a;
	buf_clear(&out->body);
	buf_str(&out->raw, s->text);
	out->after = EVIL_FIN;
}

static void a_stranger_on_a_server_writes_to_the_terminal(void **state)
{
	static const struct {
		const char *what;
		shop_spoil spoil;
		int number;
		const char *text;
		bool shown;
	} t[] = {
		{ "labels", spoil_labels, 0, NULL, true },
		{ "raw labels", spoil_raw, 0, NULL, false },
		{ "metric names", spoil_names, 0, NULL, false },
		{ "version", spoil_version, 0, NULL, false },
		{ "warnings", spoil_warnings, 0, NULL, true },
		{ "JSON error", say_error, 422, "{\"status\":\"error\","
		  "\"errorType\":\"bad_data\",\"error\":\"" EVIL_JSON "\"}",
		  true },
		{ "error type", say_error, 422, "{\"status\":\"error\","
		  "\"errorType\":\"" EVIL_JSON "\",\"error\":\"x\"}", false },
		{ "text error", say_error, 502, "no " EVIL_RAW "\n", true },
		{ "HTML title", say_error, 200, "<html><title>" EVIL_RAW
		  "</title>", true },
		{ "reason phrase", raw_head, 0, "HTTP/1.1 500 " EVIL_RAW "\r\n"
		  "Content-Length: 0\r\n\r\n", false },
		{ "location", raw_head, 0, "HTTP/1.1 302 x\r\nLocation: "
		  "http://x/" EVIL_RAW "\r\nContent-Length: 0\r\n\r\n", true },
		{ "authenticate", raw_head, 0, "HTTP/1.1 401 x\r\n"
		  "WWW-Authenticate: Basic realm=\"" EVIL_RAW "\"\r\n"
		  "Content-Length: 0\r\n\r\n", false },
		{ "type", raw_head, 0, "HTTP/1.1 200 x\r\nContent-Type: "
		  EVIL_RAW "\r\nContent-Length: 2\r\n\r\n{}", false },
		{ "no HTTP", raw_head, 0, "SSH-2.0-" EVIL_RAW "\r\n", false },
		{ "length", raw_head, 0, "HTTP/1.1 200 x\r\nContent-Length: "
		  EVIL_RAW "\r\n\r\n{}", false },
		{ "date", raw_head, 0, "HTTP/1.1 429 x\r\nDate: " EVIL_RAW
		  "\r\nRetry-After: " EVIL_RAW "\r\nContent-Length: 0\r\n\r\n",
		  false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct shop s = { .spoil = t[i].spoil, .number = t[i].number,
				  .text = t[i].text };
		shop_start(&s);
		check_outputs(s.url, t[i].what, t[i].shown);
		shop_stop(&s);
	}
}

/* ---- of files and words ----------------------------------------------------- */

static void check_words(const char *what, const char *const *words, bool shown)
{
	struct run r = { 0 };
	run_words(&r, words);
	run_start(&r);
	run_end(&r);
	assert_int_not_equal(r.code, 0);
	assert_true(r.code < 128);
	check_bytes(what, &r.out, PLAIN);
	check_bytes(what, &r.err, PLAIN);
	if (shown && !strstr(buf_text(&r.err), MARK))
		fail_msg("%s: nothing of it in: %s", what, buf_text(&r.err));
	run_free(&r);
}

static void a_name_writes_to_the_terminal(void **state)
{
	static const struct {
		const char *what, *words[8];
		bool shown;
	} t[] = {
		{ "recording", { "snapshot", EVIL_RAW ".redtop" }, true },
		{ "source", { "snapshot", EVIL_RAW "://x" }, true },
		{ "host", { "snapshot", "http://" MARK EVIL_RAW "/x",
			    "--timeout", "1s" }, false },
		{ "command", { EVIL_RAW }, true },
		{ "option", { "snapshot", "demo", "--" EVIL_RAW }, true },
		{ "theme", { "snapshot", "demo", "--theme", EVIL_RAW }, true },
		{ "theme file", { "snapshot", "demo", "--theme",
				  "/tmp/" EVIL_RAW }, true },
		{ "time", { "snapshot", "demo", "--at", EVIL_RAW }, true },
		{ "size", { "snapshot", "demo", "--size", EVIL_RAW }, true },
		{ "page", { "snapshot", "demo", "--page", EVIL_RAW }, true },
		{ "format", { "snapshot", "demo", "--format", EVIL_RAW }, true },
		{ "keys", { "snapshot", "demo", "--keys", EVIL_RAW }, true },
		{ "service", { "snapshot", "demo", "--service", EVIL_RAW },
		  true },
		{ "match", { "snapshot", "demo", "--match", EVIL_RAW }, true },
		{ "objective", { "snapshot", "demo", "--objective", EVIL_RAW },
		  true },
		{ "timeout", { "snapshot", "demo", "--timeout", EVIL_RAW },
		  true },
		{ "range", { "snapshot", "demo", "--range", EVIL_RAW }, true },
		{ "help", { "help", EVIL_RAW }, true },
		{ "file", { "record", "demo", "-o", "/nowhere/" EVIL_RAW,
			    "--for", "1s" }, true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		check_words(t[i].what, t[i].words, t[i].shown);
}

static void write_file(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fwrite(bytes, 1, n, f);
	fclose(f);
}

static void a_file_writes_to_the_terminal(void **state)
{
	char dir[] = "/tmp/redtop-hostile-XXXXXX", path[200];
	static const char theme[] = "name " EVIL_RAW "\n" EVIL_RAW " = "
		EVIL_RAW "\ntext = \"" EVIL_RAW "\"\n[" EVIL_RAW "]\n";
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.theme", dir);
	write_file(path, theme, sizeof(theme) - 1);
	check_words("theme", (const char *[]){ "snapshot", "demo", "--theme",
					       path, NULL }, false);
	unlink(path);
	snprintf(path, sizeof(path), "%s/" EVIL_RAW ".redtop", dir);
	write_file(path, EVIL_RAW, sizeof(EVIL_RAW) - 1);
	check_words("recording", (const char *[]){ "snapshot", path, NULL },
		    true);
	unlink(path);
	rmdir(dir);
}

static void a_recording_writes_to_the_terminal(void **state)
{
	struct shop s = { .spoil = spoil_labels };
	char dir[] = "/tmp/redtop-hostile-XXXXXX", path[200];
	struct run r = { 0 };
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/" EVIL_RAW ".redtop", dir);
	shop_start(&s);
	RUN(&r, "record", s.url, "-o", path, "--every", "1s", "--for", "2s");
	run_start(&r);
	run_end(&r);
	assert_int_equal(r.code, 0);
	check_bytes("record", &r.out, PLAIN);
	check_bytes("record", &r.err, PLAIN);
	run_free(&r);
	shop_stop(&s);
	check_outputs(path, "replay", true);
	unlink(path);
	rmdir(dir);
}

/* ---- in the live screen ------------------------------------------------------ */

/* No string sequence (OSC, DCS, APC, PM, SOS) and no C1 at all: what redtop
 * itself sends is CSI, charset switches and single escapes. */
static void check_stream(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == 0x1b && i + 1 < n && strchr("]PX^_", s[i + 1]))
			fail_msg("ESC %c at byte %zu", s[i + 1], i);
		if (c < ' ' && !strchr("\x1b\r\n\b\x0e\x0f\t", c))
			fail_msg("0x%02x at byte %zu", c, i);
		assert_int_not_equal(c, 0x7f);
	}
	assert_null(memmem(s, n, "\xe2\x80\xae", 3));
	assert_null(memmem(s, n, "\xe2\x80\x8b", 3));
	assert_null(memmem(s, n, "\xc2\x9b", 2));
	assert_null(memmem(s, n, "\a", 1));
}

static void a_label_writes_to_the_live_terminal(void **state)
{
	struct shop s = { .spoil = spoil_labels };
	const char *redtop = getenv("REDTOP");
	(void)state;
	shop_start(&s);
	const char *argv[] = { redtop && *redtop ? redtop : "./redtop", s.url,
			       NULL };
	const char *env[] = { "HOME=/dev/null", "XDG_CONFIG_HOME",
			      "XDG_STATE_HOME", NULL };
	struct pty *p = pty_start(&(struct pty_options){
		.argv = argv, .env = env, .w = 160, .h = 50 });
	assert_true(pty_wait_text(p, "svc-000", 20000));
	assert_true(pty_wait_text(p, MARK, 20000));
	static const char *const keys[] = { "j", "Enter", "Esc", "6", "8", "1",
					    "e", "Esc", "/", "z", "Enter" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		pty_press(p, keys[i]);
		pty_read(p, 60);
	}
	s.spoil = say_error;
	s.number = 422;
	s.text = "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\""
		 EVIL_JSON "\"}";
	pty_press(p, "Esc");
	pty_press(p, "r");
	pty_read(p, 500);
	pty_press(p, "Ctrl-C");
	assert_int_equal(pty_exit(p, 20000), 0);
	size_t n;
	const char *raw = pty_raw(p, &n);
	check_stream(raw, n);
	pty_free(p);
	shop_stop(&s);
}

/* What the environment says, on the start page and in the notice after it. */
static void the_environment_writes_to_the_terminal(void **state)
{
	static const char *const env[][7] = {
		{ "TERM=" EVIL_RAW, "HOME=/dev/null", "PROMETHEUS_URL", NULL },
		{ "PROMETHEUS_URL=http://127.0.0.1:1/" EVIL_RAW,
		  "HOME=/dev/null", NULL },
		{ "HOME=/tmp/" EVIL_RAW, "XDG_CONFIG_HOME=" EVIL_RAW,
		  "XDG_DATA_HOME=" EVIL_RAW, "XDG_STATE_HOME=" EVIL_RAW, NULL },
	};
	const char *redtop = getenv("REDTOP");
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const char *argv[] = { redtop && *redtop ? redtop : "./redtop",
				       i == 0 ? "demo" : NULL, NULL };
		struct pty *p = pty_start(&(struct pty_options){
			.argv = argv, .env = env[i], .w = 100, .h = 30 });
		assert_true(pty_wait_text(p, i ? "demo" : "LIVE", 20000));
		static const char *const keys[] = { "R", ":", "Esc", "?" };
		for (size_t k = 0; k < 4; k++) {
			pty_press(p, keys[k]);
			pty_read(p, 60);
		}
		pty_press(p, "Ctrl-C");
		assert_int_equal(pty_exit(p, 20000), 0);
		size_t n;
		const char *raw = pty_raw(p, &n);
		check_stream(raw, n);
		pty_free(p);
	}
}

/* ---- answers at random -------------------------------------------------------- */

static uint32_t random_of(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(*seed >> 8) * below) >> 24);
}

static const char *const tokens[] = {
	"null", "true", "[]", "{}", "\"\"", "-1", "1e999", "-0", "\"NaN\"",
	"99999999999999999999999999", "\"\\ud800\"", "[[[[[[", "]]]]", "}",
	"\"\\u0000\"", "\"+Inf\"", "1e-400", "\"1e308\"", "{\"a\":1,\"a\":2}",
	"\xff\xfe", "\"\xe2\x80\xae\"", ",", ":", "\"job\":5", "\"value\":7",
};

/* In place of some token: a number, a text, a value of another type. */
static void put_token(struct evil_answer *out, uint32_t *seed)
{
	size_t n = out->body.len, at = random_of(seed, (uint32_t)n);
	size_t len = 1 + strcspn(out->body.s + at + (at < n), ",]}:");
	struct buf b;
	buf_init(&b, 0);
	buf_add(&b, out->body.s, at);
	buf_str(&b, tokens[random_of(seed, sizeof(tokens) / sizeof(*tokens))]);
	if (at + len < n)
		buf_add(&b, out->body.s + at + len, n - at - len);
	shop_put(out, &b);
}

static void flip_bytes(struct evil_answer *out, uint32_t *seed)
{
	for (uint32_t i = random_of(seed, 8) + 1; i > 0; i--)
		out->body.s[random_of(seed, (uint32_t)out->body.len)] =
			(char)random_of(seed, 256);
}

static void repeat_part(struct evil_answer *out, uint32_t *seed)
{
	uint32_t n = (uint32_t)out->body.len, from = random_of(seed, n);
	uint32_t len = random_of(seed, n - from) + 1;
	struct buf b;
	buf_init(&b, 0);
	buf_add(&b, out->body.s, from + len);
	for (uint32_t i = random_of(seed, 30); i > 0; i--)
		buf_add(&b, out->body.s + from, len);
	buf_add(&b, out->body.s + from + len, n - from - len);
	shop_put(out, &b);
}

static void spoil_at_random(struct shop *s, const struct evil_ask *a,
			    struct evil_answer *out)
{
	uint32_t seed = (uint32_t)s->number * 7919u + s->asked * 104729u;
	(void)a;
	random_of(&seed, 2);
	if (random_of(&seed, 3) == 0 || out->body.len < 2)
		return;
	for (uint32_t i = random_of(&seed, 3) + 1; i > 0; i--) {
		switch (random_of(&seed, 7)) {
		case 0:
			shop_cut(out, random_of(&seed, (uint32_t)out->body.len)
				      + 1);
			break;
		case 1:
			flip_bytes(out, &seed);
			break;
		case 2:
			repeat_part(out, &seed);
			break;
		case 3:
			out->status = (int)random_of(&seed, 600);
			out->status += out->status < 100 ? 200 : 0;
			break;
		default:
			put_token(out, &seed);
		}
	}
}

#define MUTATIONS 200

static void a_broken_server_breaks_the_command(void **state)
{
	unsigned codes[3] = { 0 };
	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct shop s = { .spoil = spoil_at_random, .number = i };
		struct run r = { 0 };
		shop_start(&s);
		RUN(&r, "snapshot", s.url, "--format", "json", "--timeout",
		    "5s");
		run_start(&r);
		run_end(&r);
		if (r.code != 0 && r.code != 69 && r.code != 77)
			fail_msg("seed %d: exit %d: %s", i, r.code,
				 buf_text(&r.err));
		if (!r.json)
			fail_msg("seed %d: no JSON: %.200s", i,
				 buf_text(&r.out));
		codes[r.code == 0 ? 0 : r.code == 69 ? 1 : 2]++;
		check_bytes("JSON", &r.out, PLAIN);
		check_bytes("stderr", &r.err, PLAIN);
		assert_true(r.ms < 5000 + (RUN_SANITIZED ? 30000 : 5000));
		assert_true(r.rss_kb < (RUN_SANITIZED ? 10 : 1) * RUN_RSS_KB);
		run_free(&r);
		shop_stop(&s);
	}
	/* Some answers were good enough and some were not. */
	assert_true(codes[0] > 10 && codes[1] > 10);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stranger_on_a_server_writes_to_the_terminal),
		cmocka_unit_test(a_name_writes_to_the_terminal),
		cmocka_unit_test(a_file_writes_to_the_terminal),
		cmocka_unit_test(a_recording_writes_to_the_terminal),
		cmocka_unit_test(a_label_writes_to_the_live_terminal),
		cmocka_unit_test(the_environment_writes_to_the_terminal),
		cmocka_unit_test(a_broken_server_breaks_the_command),
	};
	if (run_is_ours(argc, argv))
		return run_ours(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	if (getenv("HOSTILE_TEST"))
		cmocka_set_test_filter(getenv("HOSTILE_TEST"));
	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
