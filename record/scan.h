/* Where the whole frames of a recording are: from one to the next, over
 * damage to the next sync whose hash is right, up to a tail that is torn or
 * still being written. Bytes are read through a window and not mapped: a file
 * that is cut short under a mapping ends the program. */
#ifndef RECORD_SCAN_H
#define RECORD_SCAN_H

#include "record/format.h"

struct scan {
	int fd;               /* borrowed; -1: in memory */
	const uint8_t *bytes; /* borrowed, or the window of the file */
	uint8_t *window;
	size_t cap, len;      /* of the window, and what it holds */
	uint64_t start;       /* offset of bytes[0] */
	uint64_t size;        /* of the file */

	uint64_t at;          /* behind the last whole frame */
	uint64_t skipped;     /* bytes jumped over before it */
	uint64_t budget;      /* bytes that wrong hashes may still cost */
};

void scan_file(struct scan *s, int fd);
void scan_bytes(struct scan *s, const void *bytes, size_t n);
void scan_release(struct scan *s);
/* n bytes at an offset, valid until the next call; NULL where there are not
 * as many. */
const uint8_t *scan_view(struct scan *s, uint64_t at, size_t n);
/* Looks at the file's size again; true if it has changed. */
bool scan_refresh(struct scan *s);
/* The next whole frame of any type and its offset, or false: `at` stays in
 * front of what is there and not (yet) whole. */
bool scan_next(struct scan *s, struct frame_head *h, uint64_t *offset);

#endif
