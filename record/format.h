/* The bytes of a recording, as docs/format.md has them: how a batch becomes an
 * item, items become a frame, and back. No I/O here. What is read is
 * untrusted: every count is bounded by the bytes that are left before it is
 * believed, every text is cleaned again, every time and enumerator checked. */
#ifndef RECORD_FORMAT_H
#define RECORD_FORMAT_H

#include "base/buf.h"
#include "model/batch.h"

#define RECORD_MAGIC "\x89RTOP\r\n\x1a"
#define RECORD_MAGIC_SIZE 8
#define RECORD_MAJOR 1
#define RECORD_MINOR 0
#define RECORD_HEADER 64 /* bytes before the first frame */
#define FRAME_SYNC "\xf5RT1"
#define FRAME_SYNC_SIZE 4
#define FRAME_HEADER 32
#define FRAME_HEADER_MAX 1024 /* a newer minor version may have more */
/* Times of a recording lie before the year 10000. */
#define RECORD_TIME_MAX INT64_C(253402300800000)

enum { FRAME_BATCHES = 1 };             /* frame types */
enum { FRAME_TICK = 1, FRAME_ZSTD = 2 };/* flags */

struct frame_head {
	uint8_t type, flags;
	uint16_t head;     /* bytes before the payload */
	uint32_t len, raw; /* of the payload, as stored and decompressed */
	time_ms at;        /* of its last batch */
	uint64_t hash;
};

enum record_header {
	RECORD_OURS,
	RECORD_NEWER,   /* a later major version */
	RECORD_DAMAGED, /* it was one: frames can still be looked for */
	RECORD_FOREIGN,
};

/* The file's header. `version` is the program's and may be cut. */
void record_header(uint8_t out[RECORD_HEADER], time_ms started,
		   const char *version);
/* `n` bytes of a file's beginning; *major is set for RECORD_NEWER. */
enum record_header record_header_read(const uint8_t *p, size_t n,
				      unsigned *major);

/* Whether FRAME_HEADER bytes can be a frame's header: the sync and lengths
 * within the ceilings. Says nothing yet about the hash. */
bool frame_head_read(const uint8_t *p, struct frame_head *h);
/* The hash of a whole frame of h->head + h->len bytes is right. */
bool frame_is_whole(const uint8_t *p, const struct frame_head *h);
/* Appends a frame that holds `raw`, compressed if that makes it smaller. */
void frame_build(struct buf *out, const struct buf *raw, unsigned flags,
		 time_ms at);
/* The payload of a whole frame, decompressed; `raw` is cleared first. */
bool frame_payload(const uint8_t *p, const struct frame_head *h,
		   struct buf *raw);

/* Appends the batch as an item: its length, then its body. */
void item_encode(const struct batch *b, struct buf *out);
/* The next item of a payload from *at on: false at the end, or where the
 * length is not to be believed. */
bool item_next(const struct buf *raw, size_t *at, const uint8_t **body,
	       size_t *n);
/* A batch from an item's body, or NULL if there is anything wrong in it. */
struct batch *item_decode(const uint8_t *body, size_t n);

/* Shared by both directions. */
void put_varint(struct buf *out, uint64_t v);
static inline uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}
static inline int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}
/* Bits of a batch's flags and of a series' flags. */
enum {
	ITEM_INSTANT = 1, ITEM_RESET = 2, ITEM_TICK = 4, ITEM_PARTIAL = 8,
	ITEM_STATUS = 16, ITEM_CATALOG = 32, ITEM_ENDPOINTS = 64,
	ITEM_CLOUD = 128, /* what a monitor of an account says beside all that */
	ITEM_OWN = 256,   /* objectives, thresholds, what was compared */
};
enum { SHAPE_SPARSE = 1 };
/* Of an objective's flags and a threshold's. */
enum { SLO_COUNTS = 1, SLO_DERIVED = 2, SLO_IMPLICIT = 4, SLO_GROUPED = 8,
       SLO_LABELLED = 16 };
enum { THRESHOLD_WARNS = 1, THRESHOLD_CRITICAL = 2, THRESHOLD_ALERT = 4 };
enum { SERIES_NATIVE = 1, SERIES_SAME_TIMES = 2, SERIES_GRID = 4 };

#endif
