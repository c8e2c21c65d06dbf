/* The push parser and cJSON on the same large answer, each in a process of
 * its own, so that the peaks of memory are their own. */
#include "tests/bench/child.h"
#include "sources/prom_parse.h"

#include <cjson/cJSON.h>
#include <sys/mman.h>

#define ANSWER_SERVICES 200
#define ANSWER_POINTS 241
#define ANSWER_STEP ((time_ms)15000)
#define ANSWER_FROM ((time_ms)1795486920000)
#define ANSWER_TO (ANSWER_FROM + (ANSWER_POINTS - 1) * ANSWER_STEP)
#define DECODES 5

/* As the answer would come: in pieces that nobody keeps. */
static size_t decode_pushed(int fd)
{
	static char piece[65536];
	struct prom_ask ask = { .question = 18, .from = ANSWER_FROM,
				.to = ANSWER_TO, .step = ANSWER_STEP };
	struct batch *b = batch_new(0);
	struct prom_parser *p = prom_parser_new(&ask, b, NULL);
	struct err e;
	size_t points = 0;
	for (ssize_t n; (n = read(fd, piece, sizeof(piece))) > 0;)
		prom_parser_feed(p, piece, (size_t)n);
	if (prom_parser_end(p, 200, "application/json", &e) != FAULT_NONE)
		return 0;
	for (size_t i = 0; i < b->nr; i++)
		points += b->frame[i].nr;
	return points;
}

/* Its tree needs the whole text, and is no series yet: that would come on
 * top. */
static size_t decode_tree(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = malloc((size_t)size + 1);
	size_t got = 0, points = 0;
	lseek(fd, 0, SEEK_SET);
	for (ssize_t n; (n = read(fd, text + got, (size_t)size - got)) > 0;)
		got += (size_t)n;
	text[got] = '\0';
	cJSON *tree = cJSON_ParseWithLength(text, got), *series;
	cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
	cJSON_ArrayForEach(series,
			   cJSON_GetObjectItemCaseSensitive(data, "result"))
		points += (size_t)cJSON_GetArraySize(
			cJSON_GetObjectItemCaseSensitive(series, "values"));
	return points;
}

/* What runs in the process of its own: `bench --decode push|tree`, the answer
 * on 3, the result on 4. */
static int decode_child(const char *how)
{
	struct decoded d = { .points = 0 };
	double rss = memory_of(getpid(), "VmRSS"), since = now_us();
	d.points = strcmp(how, "push") == 0 ? decode_pushed(3) : decode_tree(3);
	d.took_us = now_us() - since;
	d.rss = memory_of(getpid(), "VmHWM") - rss;
	return write(4, &d, sizeof(d)) == sizeof(d) ? 0 : 1;
}

static int answer_file(size_t *bytes)
{
	struct buf b;
	buf_init(&b, 0);
	fake_prom_buckets(&b, ANSWER_SERVICES, ANSWER_FROM, ANSWER_TO,
			  ANSWER_STEP);
	int fd = memfd_create("answer", 0);
	*bytes = b.len;
	if (fd < 0 || write(fd, b.s, b.len) != (ssize_t)b.len)
		die("a file for the answer");
	buf_release(&b);
	return fd;
}

static void bench_decode(struct results *r, const struct home *h)
{
	static char note[80];
	struct samples took[2] = { { .nr = 0 }, { .nr = 0 } };
	struct samples rss[2] = { { .nr = 0 }, { .nr = 0 } };
	static const char *const how[] = { "push", "tree" };
	size_t bytes, points = 0;
	(void)h;
	int fd = answer_file(&bytes);
	for (int i = 0; i < 2 * DECODES; i++) {
		struct decoded d = decoded_in_child(fd, "--decode", how[i % 2]);
		sample(&took[i % 2], (double)bytes / d.took_us);
		sample(&rss[i % 2], d.rss);
		if (points && points != d.points)
			fprintf(stderr, "bench: %zu points and %zu\n", points,
				d.points);
		points = d.points;
	}
	close(fd);
	snprintf(note, sizeof(note), "an answer of %.1f MB, %zu points",
		 (double)bytes / 1e6, points);
	struct result *x = result_add(r, "decode.mb_per_s",
				      percentile(&took[0], 0.5), "MB/s");
	x->note = note;
	result_peer(x, "cJSON", percentile(&took[1], 0.5));
	x = result_add(r, "decode.rss_bytes", percentile(&rss[0], 0.5), "B");
	x->note = "its peak; cJSON's with the text it needs";
	result_peer(x, "cJSON", percentile(&rss[1], 0.5));
}
