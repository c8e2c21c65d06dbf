/* Batches of a recording one after the other, and an index of its ticks. */
#include "record/reader.h"

#include "base/mem.h"
#include "record/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How far a frame may be behind a beginning that was destroyed. */
#define SEARCH ((uint64_t)64 << 10)

struct place {
	uint64_t at;
	struct frame_head head;
	size_t ticks; /* up to the end of this frame */
};

struct reader {
	struct scan scan;
	struct place *place; /* the frames with batches */
	size_t nr, cap;
	time_ms *tick;       /* never going back */
	size_t nr_ticks, cap_ticks;
	size_t next;         /* place to be decoded next */
	struct buf raw;      /* payload of the one before, */
	size_t used;         /* read up to here */
	uint64_t unusable;   /* bytes of whole frames that made no batch */
};

static void add_tick(struct reader *r, time_ms at)
{
	if (r->nr_ticks && at < r->tick[r->nr_ticks - 1])
		at = r->tick[r->nr_ticks - 1];
	MEM_ROOM(r->tick, r->nr_ticks, r->cap_ticks);
	r->tick[r->nr_ticks++] = at;
}

static bool is_time(time_ms t)
{
	return t >= -RECORD_TIME_MAX && t <= RECORD_TIME_MAX;
}

/* Frames that came since the last call; of other types only their room. */
static bool index_more(struct reader *r)
{
	struct frame_head h;
	uint64_t at;
	size_t before = r->nr;
	while (scan_next(&r->scan, &h, &at)) {
		if (h.type != FRAME_BATCHES || !is_time(h.at))
			continue;
		if (h.flags & FRAME_TICK)
			add_tick(r, h.at);
		MEM_ROOM(r->place, r->nr, r->cap);
		r->place[r->nr++] = (struct place){
			.at = at, .head = h, .ticks = r->nr_ticks,
		};
	}
	return r->nr > before;
}

/* A destroyed beginning is forgiven if a whole frame follows soon. */
static int check_header(struct reader *r, const char *path, struct err *e)
{
	size_t n = r->scan.size < RECORD_HEADER ? (size_t)r->scan.size
						: RECORD_HEADER;
	const uint8_t *p = scan_view(&r->scan, 0, n);
	unsigned major = 0;
	enum record_header kind =
		p ? record_header_read(p, n, &major) : RECORD_FOREIGN;
	if (kind == RECORD_NEWER)
		return err_set(e, EXIT_FILE,
			       "%s is a recording of format %u, and this redtop"
			       " reads up to %d: use a newer one", path, major,
			       RECORD_MAJOR);
	if (kind == RECORD_OURS)
		r->scan.at = RECORD_HEADER;
	if (kind != RECORD_FOREIGN)
		return 0;
	struct frame_head h;
	uint64_t at = 0, size = r->scan.size;
	if (size > SEARCH)
		r->scan.size = SEARCH;
	bool found = scan_next(&r->scan, &h, &at);
	r->scan.size = size;
	r->scan.at = 0;
	r->scan.skipped = 0;
	if (found)
		return 0;
	return err_set(e, EXIT_FILE,
		       size ? "%s is not a redtop recording"
			    : "%s is empty, not a redtop recording", path);
}

static struct reader *reader_start(struct reader *r, const char *path,
				   struct err *e)
{
	if (check_header(r, path, e) < 0) {
		reader_close(r);
		return NULL;
	}
	index_more(r);
	return r;
}

struct reader *reader_open(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		err_set(e, EXIT_FILE, "%s cannot be read: %s", path,
			strerror(errno));
		return NULL;
	}
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		err_set(e, EXIT_FILE, "%s is not a file: a recording is", path);
		close(fd);
		return NULL;
	}
	struct reader *r = mem_zero(1, sizeof(*r));
	scan_file(&r->scan, fd);
	return reader_start(r, path, e);
}

struct reader *reader_bytes(const void *bytes, size_t n, struct err *e)
{
	struct reader *r = mem_zero(1, sizeof(*r));
	scan_bytes(&r->scan, bytes, n);
	return reader_start(r, "this", e);
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	if (r->scan.fd >= 0)
		close(r->scan.fd);
	scan_release(&r->scan);
	buf_release(&r->raw);
	free(r->place);
	free(r->tick);
	free(r);
}

static void load(struct reader *r)
{
	const struct place *p = &r->place[r->next++];
	size_t n = (size_t)p->head.head + p->head.len;
	const uint8_t *bytes = scan_view(&r->scan, p->at, n);
	r->used = 0;
	if (bytes && frame_payload(bytes, &p->head, &r->raw))
		return;
	buf_clear(&r->raw);
	r->unusable += n;
}

/* Whether a frame follows that is no part of what comes behind `ticks`. */
static bool has_next(const struct reader *r, size_t ticks)
{
	if (r->next >= r->nr)
		return false;
	return (r->next ? r->place[r->next - 1].ticks : 0) < ticks;
}

struct batch *reader_next_until(struct reader *r, size_t ticks)
{
	for (;;) {
		const uint8_t *body;
		size_t n;
		while (item_next(&r->raw, &r->used, &body, &n)) {
			struct batch *b = item_decode(body, n);
			if (b)
				return b;
			r->unusable += n;
		}
		buf_clear(&r->raw);
		r->used = 0;
		if (!has_next(r, ticks))
			return NULL;
		load(r);
	}
}

struct batch *reader_next(struct reader *r)
{
	return reader_next_until(r, SIZE_MAX);
}

void reader_rewind(struct reader *r)
{
	r->next = 0;
	r->used = 0;
	r->unusable = 0;
	buf_clear(&r->raw);
}

bool reader_refresh(struct reader *r)
{
	return scan_refresh(&r->scan) && index_more(r);
}

size_t reader_ticks(const struct reader *r, const time_ms **at)
{
	*at = r->tick;
	return r->nr_ticks;
}

void reader_seek_tick(struct reader *r, size_t index)
{
	reader_rewind(r);
	while (r->next < r->nr && r->place[r->next].ticks <= index)
		r->next++;
	if (r->next < r->nr)
		r->next++;
}

uint64_t reader_lost(const struct reader *r)
{
	uint64_t tail = r->scan.size > r->scan.at ? r->scan.size - r->scan.at
						  : 0;
	return r->scan.skipped + tail + r->unusable;
}
