/* Discovery told of any names, labels and counts: a line is a name, or
 * `leg name label=value ... count` as the answers to its questions would be. */
#include "base/buf.h"
#include "base/text.h"
#include "sources/discover.h"
#include "sources/prom_plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LABELS 8

static void tell_frame(struct discover *d, char *line)
{
	struct label label[MAX_LABELS];
	struct frame f = { .nr = 1, .labels = { .l = label } };
	struct histogram h = { .count = 1 };
	time_ms t = 0;
	double v = 1;
	char *save = NULL;
	f.question = (uint32_t)strtoul(strtok_r(line, " ", &save), NULL, 10);
	for (char *w; (w = strtok_r(NULL, " ", &save));) {
		char *eq = strchr(w, '=');
		if (!eq) {
			v = strtod(w, NULL);
		} else if (f.labels.nr < MAX_LABELS && eq > w && eq[1]) {
			*eq = '\0';
			label[f.labels.nr++] = (struct label){ w, eq + 1 };
		}
	}
	f.t = &t;
	f.v = &v;
	if (v < 0) {
		f.v = NULL;
		f.h = &h;
	}
	/* Answers have sorted, unique labels. */
	if (labels_sort(label, f.labels.nr))
		discover_take(d, &f);
}

static void ask_everything(struct discover *d)
{
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; discover_ask_counts(d, i, &b); i++)
		if (b.len > 20000)
			abort();
	for (size_t i = 0; discover_ask_activity(d, i, &b); i++)
		if (b.len > 20000)
			abort();
	discover_ask_intervals(d, &b);
	buf_release(&b);
}

static void plan_everything(const struct catalog *c)
{
	struct prom_plan plan = { 0 };
	const char *visible[] = { c->nr_services ? c->service[0].name : NULL,
				  NULL };
	for (int i = 0; i < 4; i++) {
		struct prom_plan_ask ask = {
			.catalog = c, .visible = i & 1 ? visible : NULL,
			.step = i & 2 ? 15000 : 0, .span = i & 2 ? 900000 : 0,
		};
		prom_plan(&plan, &ask);
		for (size_t k = 0; k < plan.nr; k++) {
			struct buf b;
			buf_init(&b, 0);
			prom_pack_query(&plan.pack[k], &b);
			buf_release(&b);
		}
		prom_plan_release(&plan);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct discover *d = discover_new("{a=\"b\"}");
	struct buf text;
	bool named = false;
	if (size > 1 << 16)
		size = 1 << 16;
	buf_init(&text, 0);
	for (size_t at = 0; at < size;) {
		const char *s = (const char *)data + at;
		const char *end = memchr(s, '\n', size - at);
		size_t n = end ? (size_t)(end - s) : size - at;
		at += n + 1;
		buf_clear(&text);
		text_clean(&text, s, n);
		if (!text.len)
			continue;
		if (text.s[0] < '0' || text.s[0] > '9') {
			if (!named)
				discover_name(d, text.s);
			continue;
		}
		if (!named)
			discover_names_end(d);
		named = true;
		tell_frame(d, text.s);
	}
	if (!named)
		discover_names_end(d);
	ask_everything(d);
	struct arena a, again;
	arena_init(&a, 0);
	arena_init(&again, 0);
	const struct catalog *c = discover_finish(d, 5, "2.42.0", NULL, &a);
	const struct catalog *same = discover_finish(d, 5, "2.42.0", c, &again);
	if (!catalog_equal(c, same))
		abort();
	plan_everything(c);
	arena_release(&a);
	arena_release(&again);
	buf_release(&text);
	discover_free(d);
	return 0;
}
