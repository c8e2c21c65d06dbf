/* Any bytes as a recording, and once more as if their hashes were right: a
 * fuzzer does not find XXH3, an attacker computes it. What comes out goes into
 * a store, whose objectives and thresholds are read. */
#include "record/format.h"
#include "record/reader.h"

#include "base/buf.h"
#include "model/dump.h"
#include "model/objective.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 4
#define COLUMNS 16

static void look_at(const struct slo_row *r)
{
	struct column column[COLUMNS];
	struct slo_spender spender[ROWS];
	double left[COLUMNS];
	if (strlen(r->group) >= SLO_GROUP)
		abort();
	slo_columns(r, SLO_5M, r->at - COLUMNS * 1000, 1000, column, COLUMNS);
	slo_burndown(r, left, COLUMNS);
	if (slo_spenders(r, spender, ROWS) > ROWS)
		abort();
}

static void judge(const struct store *st, time_ms at)
{
	const struct store_slo *const *s;
	const struct store_threshold *const *t;
	size_t slos = store_slos(st, &s), thresholds = store_thresholds(st, &t);
	struct slo_row row[ROWS];
	struct threshold_row limit[ROWS];
	for (size_t i = 0; i < slos; i++) {
		size_t n = slo_rows(st, s[i], at, at - 3600000, row, ROWS);
		for (size_t k = 0; k < n && k < ROWS; k++)
			look_at(&row[k]);
	}
	for (size_t i = 0; i < thresholds; i++)
		threshold_rows(st, t[i], at, limit, ROWS);
}

static int take(const struct batch *b, void *arg)
{
	store_apply(arg, b);
	return 0;
}

/* What is held can be saved, and is as much. */
static void keep(const struct batch *b)
{
	struct store *st = store_new(1 << 20), *copy = store_new(1 << 20);
	if (b->source) {
		store_apply(st, b);
		judge(st, b->at);
		judge(st, b->at + 100000);
		store_dump(st, take, copy);
		judge(copy, b->at);
	}
	store_free(st);
	store_free(copy);
}

static void read_all(const uint8_t *data, size_t size)
{
	struct err e;
	struct reader *r = reader_bytes(data, size, &e);
	if (!r) {
		if (e.code != EXIT_FILE || !e.text[0])
			abort();
		return;
	}
	const time_ms *at;
	size_t nr = reader_ticks(r, &at);
	for (size_t i = 1; i < nr; i++)
		if (at[i] < at[i - 1])
			abort();
	struct buf text = { .max = 1 << 20 };
	for (struct batch *b; (b = reader_next(r)); batch_free(b))
		batch_print(b, &text);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.s[i] < ' ' && text.s[i] != '\n')
			abort();
	buf_release(&text);
	if (nr)
		reader_seek_tick(r, nr / 2);
	batch_free(reader_next(r));
	reader_lost(r);
	reader_close(r);
}

static void seal(uint8_t *p, size_t n)
{
	for (size_t i = 0; i + FRAME_HEADER <= n; i++) {
		struct frame_head h;
		if (!frame_head_read(p + i, &h)
		    || (size_t)h.head + h.len > n - i)
			continue;
		size_t len = (size_t)h.head + h.len;
		uint64_t hash = XXH3_64bits(p + i + 12, len - 12);
		for (int k = 0; k < 8; k++)
			p[i + 4 + (size_t)k] = (uint8_t)(hash >> 8 * k);
		i += len - 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch *b = item_decode(data, size);
	if (b)
		keep(b);
	batch_free(b);
	read_all(data, size);
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	seal(copy, size);
	read_all(copy, size);
	free(copy);
	return 0;
}
