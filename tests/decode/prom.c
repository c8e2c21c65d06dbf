/* Answers of real servers (tests/data/prom-samples, SOURCE.md) through the
 * push parser: what each must become stands in tests/decode/expected/prom.txt
 * (`build/tests/decode/prom --update` writes it anew: read the difference). */
#include "sources/prom_parse.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SAMPLES "tests/data/prom-samples/"
#define EXPECTED "tests/decode/expected/prom.txt"
#define AT ((time_ms)1795485930000)

/* What was asked; the default is an instant at AT. */
static const struct sample {
	const char *file;
	time_ms from, to, step; /* step 0: an instant at `to` */
} samples[] = {
	{ .file = "alerts-p253.http" },
	{ .file = "buildinfo-p242.http" },
	{ .file = "buildinfo-p253.http" },
	{ .file = "buildinfo-vm1112.http" },
	{ .file = "buildinfo-vm179.http" },
	{ .file = "error-401-tls253.http" },
	{ .file = "error-403-html-nginx-post.http" },
	{ .file = "error-405-p253.http" },
	{ .file = "error-502-html-nginx.http" },
	{ .file = "error-503-starting-p253.http" },
	{ .file = "error-agent-mode-agent253.http" },
	{ .file = "error-many-to-many-p253.http" },
	{ .file = "error-max-samples-small253.http" },
	{ .file = "error-parse-p253.http" },
	{ .file = "error-parse-vm1112.http" },
	{ .file = "error-timeout-422-p253.http" },
	{ .file = "error-timeout-503-p253.http" },
	{ .file = "error-too-many-points-p253.http" },
	{ .file = "error-unknown-path-p253.http" },
	{ .file = "error-unknown-path-vm1112.http" },
	{ .file = "html-200-wrong-server-node.http" },
	{ .file = "label-values-p253.http" },
	{ .file = "label-values-utf8-vm1112.http" },
	{ .file = "labels-limit-p253.http" },
	{ "large-rate-buckets-range-vm1112.http.gz", 1795486020000,
	  1795486920000, 15000 },
	{ "large-raw-buckets-range-p253.http.gz", 1795486020000,
	  1795486920000, 15000 },
	{ "matrix-gap-p253.http", 1795485630000, AT, 5000 },
	{ "matrix-instant-subrange-vm1112.http", AT - 10000, AT, 1 },
	{ "matrix-mixed-values-and-histograms-p253.http", 1795485885000, AT,
	  15000 },
	{ "matrix-nan-inf-p253.http", 1795485870000, AT, 15000 },
	{ "matrix-native-histogram-p253.http", 1795485870000, AT, 15000 },
	{ "matrix-range-p253.http", 1795485630000, AT, 15000 },
	{ "matrix-range-vm1112.http", 1795485630000, AT, 15000 },
	{ .file = "metadata-p253.http" },
	{ .file = "metadata-vm1112.http" },
	{ "range-future-end-p253.http", 1795486950000, 1795487880000, 15000 },
	{ "range-sub-second-step-p253.http", 1795486975250, 1795486980000,
	  500 },
	{ "range-unaligned-start-vm1112.http", 1795486373300, 1795486673300,
	  5000 },
	{ .file = "redirect-301-nginx.http" },
	{ .file = "rules-p253.http" },
	{ .file = "scalar-p253.http", .to = AT + 123 },
	{ .file = "scalar-vm1112.http", .to = AT + 123 },
	{ .file = "series-p253.http" },
	{ .file = "stats-all-p253.http" },
	{ .file = "status-config-p253.http" },
	{ .file = "status-flags-p253.http" },
	{ .file = "string-p253.http" },
	{ .file = "targets-p253.http" },
	{ .file = "vector-empty-p253.http" },
	{ .file = "vector-gzip-body-p253.http", .to = 1795486980000 },
	{ .file = "vector-native-histogram-p253.http" },
	{ .file = "vector-odd-labels-p253.http" },
	{ .file = "vector-odd-labels-vm1112.http" },
	{ .file = "vector-odd-values-p253.http" },
	{ .file = "vector-odd-values-vm1112.http" },
	{ .file = "vector-utf8-names-vm1112.http", .to = 1795487055000 },
	{ .file = "vm-trace.http" },
	{ .file = "vm-vmrange.http" },
	{ .file = "warnings-noncounter-p253.http" },
	{ .file = "warnings-quantile-p253.http" },
};
#define SAMPLES_NR (sizeof(samples) / sizeof(*samples))

struct answer {
	long status;
	char type[128];
	struct buf all;
	const char *body;
	size_t len;
};

static void read_all(FILE *f, struct buf *out)
{
	char piece[4096];
	assert_non_null(f);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(out, piece, n);
}

static void run(const char *fmt, const char *path, size_t skip,
		struct buf *out)
{
	char command[512];
	snprintf(command, sizeof(command), fmt, skip, path);
	FILE *f = popen(command, "r");
	read_all(f, out);
	assert_int_equal(pclose(f), 0);
}

static void split(struct answer *a)
{
	char *end = strstr(a->all.s, "\r\n\r\n");
	assert_non_null(end);
	a->body = end + 4;
	a->len = a->all.len - (size_t)(a->body - a->all.s);
	assert_int_equal(sscanf(a->all.s, "HTTP/1.1 %ld", &a->status), 1);
	const char *type = strstr(a->all.s, "Content-Type: ");
	if (type && type < end)
		sscanf(type, "Content-Type: %127[^\r]", a->type);
}

static void load(const struct sample *s, struct answer *a)
{
	char path[256];
	snprintf(path, sizeof(path), SAMPLES "%s", s->file);
	*a = (struct answer){ 0 };
	if (strstr(path, ".gz")) {
		run("tail -c +%zu %s | gzip -dc", path, 1, &a->all);
		split(a);
		return;
	}
	FILE *f = fopen(path, "rb");
	read_all(f, &a->all);
	fclose(f);
	split(a);
	if (!strstr(a->all.s, "Content-Encoding: gzip"))
		return;
	size_t at = (size_t)(a->body - a->all.s) + 1;
	struct buf body;
	buf_init(&body, 0);
	run("tail -c +%zu %s | gzip -dc", path, at, &body);
	buf_release(&a->all);
	a->all = body;
	a->body = body.s;
	a->len = body.len;
}

static struct prom_ask ask_of(const struct sample *s)
{
	struct prom_ask ask = { .question = 7, .instant = !s->step,
				.at = s->to ? s->to : AT, .from = s->from,
				.to = s->to, .step = s->step };
	return ask;
}

/* Pieces of `piece` bytes, 0: of sizes that depend on *seed. */
static enum fault decode(const struct sample *s, const struct answer *a,
			 size_t len, size_t piece, unsigned *seed,
			 struct batch *b, struct err *why)
{
	struct prom_ask ask = ask_of(s);
	struct prom_parser *p = prom_parser_new(&ask, b, NULL);
	char *copy = mem_alloc(len + 1);
	for (size_t at = 0, n; at < len; at += n) {
		n = piece ? piece : 1 + (size_t)rand_r(seed) % 97;
		n = n < len - at ? n : len - at;
		/* Of its own, so that a read behind a piece is found. */
		memcpy(copy, a->body + at, n);
		prom_parser_feed(p, copy, n);
		memset(copy, 'x', n);
	}
	enum fault f = prom_parser_end(p, a->status, a->type, why);
	free(copy);
	prom_parser_free(p);
	return f;
}

static void print_points(const struct batch *b, struct buf *out)
{
	size_t points = 0;
	double sum = 0;
	for (size_t i = 0; i < b->nr; i++) {
		points += b->frame[i].nr;
		for (size_t k = 0; k < b->frame[i].nr; k++)
			sum += b->frame[i].v[k];
	}
	buf_printf(out, "%zu frames, %zu points, sum %.17g\n", b->nr, points,
		   sum);
}

static void print(const struct sample *s, const struct answer *a,
		  size_t piece, unsigned *seed, struct buf *out)
{
	struct batch *b = batch_new(0);
	struct prom_ask ask = ask_of(s);
	struct err why = { 0 };
	b->fault = decode(s, a, a->len, piece, seed, b, &why);
	b->error = b->fault ? why.text : NULL;
	b->instant = ask.instant;
	b->at = ask.at;
	b->from = ask.from;
	b->to = ask.to;
	b->step = ask.step;
	if (b->nr > 1000)
		print_points(b, out);
	else
		batch_print(b, out);
	batch_free(b);
}

static void answers_of_real_servers_are_read_wrongly(void **state)
{
	(void)state;
	struct buf got, expected;
	buf_init(&got, 0);
	buf_init(&expected, 0);
	for (size_t i = 0; i < SAMPLES_NR; i++) {
		struct answer a;
		load(&samples[i], &a);
		buf_printf(&got, "== %s\n", samples[i].file);
		print(&samples[i], &a, a.len + 1, NULL, &got);
		buf_release(&a.all);
	}
	if (*state) {
		FILE *out = fopen(EXPECTED, "w");
		fputs(buf_text(&got), out);
		fclose(out);
	}
	FILE *f = fopen(EXPECTED, "rb");
	read_all(f, &expected);
	fclose(f);
	assert_string_equal(buf_text(&got), buf_text(&expected));
	buf_release(&got);
	buf_release(&expected);
}

static void an_answer_depends_on_how_it_was_cut_into_packets(void **state)
{
	(void)state;
	unsigned seed = 1;
	for (size_t i = 0; i < SAMPLES_NR; i++) {
		struct answer a;
		struct buf whole, piece;
		buf_init(&whole, 0);
		buf_init(&piece, 0);
		load(&samples[i], &a);
		print(&samples[i], &a, a.len + 1, NULL, &whole);
		for (size_t n = 0; n < (a.len > 99999 ? 2 : 8); n++) {
			buf_clear(&piece);
			print(&samples[i], &a, n, &seed, &piece);
			assert_string_equal(buf_text(&piece), buf_text(&whole));
		}
		buf_release(&whole);
		buf_release(&piece);
		buf_release(&a.all);
	}
}

static void an_answer_that_broke_off_is_taken_for_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAMPLES_NR; i++) {
		struct answer a;
		load(&samples[i], &a);
		while (a.len && strchr("\r\n", a.body[a.len - 1]))
			a.len--;
		bool json = a.body[0] == '{' && a.status == 200;
		size_t step = a.len > 2000 ? a.len / 500 : 1;
		if (a.len > 1000000)
			step = a.len / 40;
		for (size_t n = 0; n < a.len; n += step) {
			struct batch *b = batch_new(0);
			struct err why = { 0 };
			enum fault f = decode(&samples[i], &a, n, n, NULL, b,
					      &why);
			assert_int_not_equal(f, FAULT_NONE);
			if (json)
				assert_int_equal(f, FAULT_BAD_ANSWER);
			assert_true(*why.text);
			assert_int_equal(b->nr, 0);
			batch_free(b);
		}
		buf_release(&a.all);
	}
}

static void update(void **state)
{
	static bool yes = true;
	*state = &yes;
	answers_of_real_servers_are_read_wrongly(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest updates[] = { cmocka_unit_test(update) };
	if (argc > 1 && strcmp(argv[1], "--update") == 0)
		return cmocka_run_group_tests_name("prom", updates, NULL, NULL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_of_real_servers_are_read_wrongly),
		cmocka_unit_test(
			an_answer_depends_on_how_it_was_cut_into_packets),
		cmocka_unit_test(an_answer_that_broke_off_is_taken_for_whole),
	};
	return cmocka_run_group_tests_name("prom", tests, NULL, NULL);
}
