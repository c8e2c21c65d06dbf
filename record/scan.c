#include "record/scan.h"

#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW ((size_t)256 << 10)
/* A hostile file could hold a false header every few bytes, each of them
 * claiming a long frame; beyond this and the file's own size nobody looks. */
#define BUDGET ((uint64_t)1 << 30)

void scan_file(struct scan *s, int fd)
{
	*s = (struct scan){ .fd = fd, .budget = BUDGET };
	scan_refresh(s);
}

void scan_bytes(struct scan *s, const void *bytes, size_t n)
{
	*s = (struct scan){
		.fd = -1, .bytes = bytes, .len = n, .size = n,
		.budget = BUDGET + n,
	};
}

void scan_release(struct scan *s)
{
	free(s->window);
	s->window = NULL;
}

/* What was read before may have been cut off and written anew. */
bool scan_refresh(struct scan *s)
{
	struct stat st;
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return false;
	bool changed = (uint64_t)st.st_size != s->size;
	s->size = (uint64_t)st.st_size;
	s->budget = BUDGET + s->size;
	s->len = 0;
	return changed;
}

static void fill(struct scan *s, uint64_t at, size_t n)
{
	size_t want = n > WINDOW ? n : WINDOW;
	if (want > s->cap) {
		s->window = mem_grow(s->window, want, 1);
		s->cap = want;
	}
	s->bytes = s->window;
	s->start = at;
	for (s->len = 0; s->len < want;) {
		ssize_t k = pread(s->fd, s->window + s->len, want - s->len,
				  (off_t)(at + s->len));
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		s->len += (size_t)k;
	}
}

const uint8_t *scan_view(struct scan *s, uint64_t at, size_t n)
{
	if (at > s->size || n > s->size - at)
		return NULL;
	bool inside = at >= s->start && at - s->start <= s->len
		      && n <= s->len - (at - s->start);
	if (!inside && s->fd < 0)
		return NULL;
	if (!inside)
		fill(s, at, n);
	size_t skip = (size_t)(at - s->start);
	return n <= s->len - skip ? s->bytes + skip : NULL;
}

static bool whole_at(struct scan *s, uint64_t at, struct frame_head *h)
{
	const uint8_t *p = scan_view(s, at, FRAME_HEADER);
	if (!p || !frame_head_read(p, h))
		return false;
	size_t n = (size_t)h->head + h->len;
	if (n > s->budget)
		return false;
	p = scan_view(s, at, n);
	if (!p)
		return false;
	if (frame_is_whole(p, h))
		return true;
	s->budget -= n;
	return false;
}

/* How far the window reaches from `at` on; a new one if that is not far. */
static size_t within(const struct scan *s, uint64_t at)
{
	uint64_t left = s->size - at, n = WINDOW;
	if (at >= s->start && at - s->start < s->len
	    && s->len - (at - s->start) >= FRAME_HEADER)
		n = s->len - (at - s->start);
	return (size_t)(n < left ? n : left);
}

/* The next sync at or behind `at`; the file's size if there is none. */
static uint64_t find_sync(struct scan *s, uint64_t at)
{
	while (at < s->size && s->size - at >= FRAME_HEADER) {
		size_t n = within(s, at);
		const uint8_t *p = scan_view(s, at, n);
		if (!p)
			break;
		const uint8_t *found = memmem(p, n, FRAME_SYNC,
					      FRAME_SYNC_SIZE);
		if (found)
			return at + (uint64_t)(found - p);
		at += n - (FRAME_SYNC_SIZE - 1);
	}
	return s->size;
}

bool scan_next(struct scan *s, struct frame_head *h, uint64_t *offset)
{
	uint64_t at = s->at;
	while (!whole_at(s, at, h)) {
		at = find_sync(s, at + 1);
		if (at >= s->size)
			return false;
	}
	s->skipped += at - s->at;
	s->at = at + h->head + h->len;
	*offset = at;
	return true;
}
