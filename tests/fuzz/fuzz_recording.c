/* Any bytes as a recording, and once more as if their hashes were right: a
 * fuzzer does not find XXH3, an attacker computes it. */
#include "record/format.h"
#include "record/reader.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	batch_free(item_decode(data, size));
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
