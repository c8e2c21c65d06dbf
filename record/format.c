/* The frame around the items: header, hash, compression. */
#include "record/format.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zstd.h>

#define ZSTD_LEVEL 3
#define FRAME_HASHED (FRAME_SYNC_SIZE + 8) /* where the hashed bytes begin */

static void put_le(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p, int bytes)
{
	uint64_t v = 0;
	for (int i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

void put_varint(struct buf *out, uint64_t v)
{
	char b[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		b[n++] = (char)(v | 0x80);
	b[n++] = (char)v;
	buf_add(out, b, n);
}

void record_header(uint8_t out[RECORD_HEADER], time_ms started,
		   const char *version)
{
	memset(out, 0, RECORD_HEADER);
	memcpy(out, RECORD_MAGIC, RECORD_MAGIC_SIZE);
	put_le(out + 8, RECORD_MAJOR, 2);
	put_le(out + 10, RECORD_MINOR, 2);
	put_le(out + 12, RECORD_HEADER, 4);
	put_le(out + 16, (uint64_t)started, 8);
	memcpy(out + 24, version, strnlen(version, 15));
	put_le(out + 56, XXH3_64bits(out, 56), 8);
}

enum record_header record_header_read(const uint8_t *p, size_t n,
				      unsigned *major)
{
	if (n < RECORD_MAGIC_SIZE
	    || memcmp(p, RECORD_MAGIC, RECORD_MAGIC_SIZE) != 0)
		return RECORD_FOREIGN;
	if (n < RECORD_HEADER || get_le(p + 56, 8) != XXH3_64bits(p, 56))
		return RECORD_DAMAGED;
	*major = (unsigned)get_le(p + 8, 2);
	return *major > RECORD_MAJOR ? RECORD_NEWER : RECORD_OURS;
}

bool frame_head_read(const uint8_t *p, struct frame_head *h)
{
	if (memcmp(p, FRAME_SYNC, FRAME_SYNC_SIZE) != 0)
		return false;
	*h = (struct frame_head){
		.hash = get_le(p + FRAME_SYNC_SIZE, 8),
		.type = p[12],
		.flags = p[13],
		.head = (uint16_t)get_le(p + 14, 2),
		.len = (uint32_t)get_le(p + 16, 4),
		.raw = (uint32_t)get_le(p + 20, 4),
		.at = (time_ms)get_le(p + 24, 8),
	};
	return h->head >= FRAME_HEADER && h->head <= FRAME_HEADER_MAX
	       && h->len <= LIMIT_FRAME && h->raw <= LIMIT_FRAME;
}

/* Over everything behind the hash. */
static uint64_t hash_frame(const uint8_t *p, size_t n)
{
	return XXH3_64bits(p + FRAME_HASHED, n - FRAME_HASHED);
}

bool frame_is_whole(const uint8_t *p, const struct frame_head *h)
{
	return hash_frame(p, (size_t)h->head + h->len) == h->hash;
}

void frame_build(struct buf *out, const struct buf *raw, unsigned flags,
		 time_ms at)
{
	size_t bound = ZSTD_compressBound(raw->len);
	char *packed = mem_alloc(bound);
	size_t n = ZSTD_compress(packed, bound, buf_text(raw), raw->len,
				 ZSTD_LEVEL);
	bool smaller = !ZSTD_isError(n) && n < raw->len;
	const char *payload = smaller ? packed : buf_text(raw);
	if (!smaller)
		n = raw->len;

	uint8_t head[FRAME_HEADER] = { 0 };
	memcpy(head, FRAME_SYNC, FRAME_SYNC_SIZE);
	head[12] = FRAME_BATCHES;
	head[13] = (uint8_t)(flags | (smaller ? FRAME_ZSTD : 0));
	put_le(head + 14, FRAME_HEADER, 2);
	put_le(head + 16, n, 4);
	put_le(head + 20, raw->len, 4);
	put_le(head + 24, (uint64_t)at, 8);

	size_t start = out->len;
	buf_add(out, head, sizeof(head));
	buf_add(out, payload, n);
	free(packed);
	uint8_t *frame = (uint8_t *)out->s + start;
	put_le(frame + FRAME_SYNC_SIZE, hash_frame(frame, FRAME_HEADER + n),
	       8);
}

bool frame_payload(const uint8_t *p, const struct frame_head *h,
		   struct buf *raw)
{
	const uint8_t *payload = p + h->head;
	buf_clear(raw);
	if (!(h->flags & FRAME_ZSTD)) {
		buf_add(raw, payload, h->len);
		return h->raw == h->len;
	}
	/* A header can claim what its bytes cannot give: ask zstd first. */
	if (ZSTD_getFrameContentSize(payload, h->len) != h->raw)
		return false;
	if (raw->cap <= h->raw) {
		raw->cap = (size_t)h->raw + 1;
		raw->s = mem_grow(raw->s, raw->cap, 1);
	}
	ZSTD_DCtx *context = ZSTD_createDCtx();
	if (!context) /* nothing is wrong with the file */
		mem_die();
	size_t n = ZSTD_decompressDCtx(context, raw->s, h->raw, payload,
				       h->len);
	ZSTD_freeDCtx(context);
	if (ZSTD_isError(n) || n != h->raw)
		return false;
	raw->len = n;
	raw->s[n] = '\0';
	return true;
}

bool item_next(const struct buf *raw, size_t *at, const uint8_t **body,
	       size_t *n)
{
	const uint8_t *p = (const uint8_t *)raw->s;
	uint64_t len = 0;
	for (unsigned shift = 0;; shift += 7) {
		if (*at >= raw->len || shift > 28)
			return false;
		uint8_t c = p[(*at)++];
		len |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			break;
	}
	if (len > raw->len - *at)
		return false;
	*body = p + *at;
	*n = (size_t)len;
	*at += *n;
	return true;
}
