/* Batches are buffered as items and become one frame a tick. */
#include "record/writer.h"

#include "base/limits.h"
#include "base/mem.h"
#include "record/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A poll that brings more is split over several frames. */
#define FRAME_FULL ((size_t)16 << 20)

struct writer {
	int fd;
	char *path;
	off_t size;          /* the file, up to its last whole tick */
	uint64_t bytes;
	unsigned ticks;
	struct buf items;    /* of the frame to come */
	struct buf frames;   /* closed, not yet written */
	time_ms at;          /* of the newest item, or when it began */
	time_ms last;        /* tick of a recording that is continued, or
				TIME_NONE: there is no gap to tell of */
	struct err failed;   /* code 0: not */
};

static int fail(struct writer *w, struct err *e, const char *doing)
{
	const char *why = strerror(errno);
	if (errno == ENOSPC || errno == EDQUOT)
		why = "the disk is full";
	else if (errno == EFBIG)
		why = "the file may not grow any more";
	err_set(&w->failed, EXIT_WRITE,
		"%s: %s, so %s%s", w->path, why, doing, w->size
		? "; what is recorded until then can be replayed" : "");
	if (e)
		*e = w->failed;
	return -1;
}

/* Everything or nothing: what a full disk took of a tick is cut off again,
 * and where that fails too the reader steps over it. */
static int write_whole(struct writer *w, void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		struct iovec part = { (char *)bytes + done, n - done };
		ssize_t k = writev(w->fd, &part, 1);
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			int why = k < 0 ? errno : ENOSPC;
			if (done && ftruncate(w->fd, w->size) < 0)
				w->size += (off_t)done;
			errno = why;
			return -1;
		}
		done += (size_t)k;
	}
	w->size += (off_t)n;
	w->bytes += n;
	return 0;
}

/* The time of the last tick that is whole, and where writing goes on. */
static void find_last(struct writer *w)
{
	struct scan s;
	struct frame_head h;
	uint64_t at;
	scan_file(&s, w->fd);
	w->size = (off_t)s.size;
	while (scan_next(&s, &h, &at))
		if (h.type == FRAME_BATCHES && h.flags & FRAME_TICK)
			w->last = h.at;
	scan_release(&s);
}

static const char *why_not(int error)
{
	switch (error) {
	case ELOOP:
		return "is a symbolic link, and a recording is never written"
		       " through one";
	case EISDIR:
		return "is a directory";
	case ENXIO:
		return "is not a regular file";
	default:
		return NULL;
	}
}

static int cannot(struct err *e, const char *path)
{
	const char *why = why_not(errno);
	if (why)
		return err_set(e, EXIT_WRITE, "%s %s", path, why);
	return err_set(e, EXIT_WRITE, "%s cannot be written: %s", path,
		       strerror(errno));
}

/* Only what is certainly a recording of this user is continued. */
static int check_existing(int fd, const char *path, struct err *e)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return cannot(e, path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EXIT_WRITE, "%s is not a regular file", path);
	if (st.st_uid != geteuid())
		return err_set(e, EXIT_WRITE, "%s belongs to somebody else",
			       path);
	uint8_t head[RECORD_HEADER];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	unsigned major = 0;
	switch (record_header_read(head, n < 0 ? 0 : (size_t)n, &major)) {
	case RECORD_FOREIGN:
		return err_set(e, EXIT_WRITE,
			       "%s exists and is not a recording: it is left"
			       " as it is", path);
	case RECORD_NEWER:
		return err_set(e, EXIT_WRITE,
			       "%s is a recording of the newer format %u: it"
			       " is left as it is", path, major);
	default:
		return 0;
	}
}

/* Two writers would be told apart by nobody. A file system without locks
 * takes one on trust. */
static int lock(int fd, const char *path, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	return err_set(e, EXIT_WRITE,
		       "%s is being written by another redtop", path);
}

static int open_existing(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC
				    | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return cannot(e, path);
	if (check_existing(fd, path, e) == 0 && lock(fd, path, e) == 0)
		return fd;
	close(fd);
	return -1;
}

static int create(struct writer *w, time_ms started, const char *version,
		  struct err *e)
{
	uint8_t head[RECORD_HEADER];
	record_header(head, started, version);
	lock(w->fd, w->path, NULL);
	if (write_whole(w, head, sizeof(head)) == 0)
		return 0;
	fail(w, e, "nothing is recorded");
	unlink(w->path);
	return -1;
}

static void writer_free(struct writer *w)
{
	close(w->fd);
	buf_release(&w->items);
	buf_release(&w->frames);
	free(w->path);
	free(w);
}

struct writer *writer_open(const char *path, time_ms started,
			   const char *version, struct err *e)
{
	int fd = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC
				    | O_CREAT | O_EXCL, 0600);
	bool exists = fd < 0 && errno == EEXIST;
	if (exists)
		fd = open_existing(path, e);
	else if (fd < 0)
		cannot(e, path);
	if (fd < 0)
		return NULL;

	struct writer *w = mem_zero(1, sizeof(*w));
	w->fd = fd;
	w->path = mem_strdup(path);
	w->last = TIME_NONE;
	w->at = started;
	if (exists)
		find_last(w);
	else if (create(w, started, version, e) < 0) {
		writer_free(w);
		return NULL;
	}
	return w;
}

/* Told by the clock of the first batch: a server's, or a story's, and not
 * ours. */
static void add_gap(struct writer *w, const struct batch *first)
{
	char span[TIME_TEXT];
	if (w->last == TIME_NONE || first->at <= w->last)
		return;
	struct batch *b = batch_new(0);
	struct event gap = {
		.at = w->last,
		.until = first->at,
		.kind = EVENT_GAP,
		.text = arena_printf(&b->arena, "nothing recorded for %s",
				     time_span(first->at - w->last, span)),
	};
	b->source = first->source;
	b->at = first->at;
	b->from = b->to = b->settled = TIME_NONE;
	b->nr_events = 1;
	b->event = &gap;
	item_encode(b, &w->items);
	batch_free(b);
}

static void close_frame(struct writer *w, unsigned flags)
{
	frame_build(&w->frames, &w->items, flags, w->at);
	buf_clear(&w->items);
}

static bool fits(struct writer *w, const struct batch *b)
{
	size_t before = w->items.len;
	item_encode(b, &w->items);
	if (w->items.len <= LIMIT_FRAME)
		return true;
	w->items.len = before;
	return false;
}

/* Beyond the ceiling of a frame nobody could read it: that it came is said,
 * and its numbers are left out. */
static void add_item(struct writer *w, const struct batch *b)
{
	if (fits(w, b))
		return;
	if (w->items.len)
		close_frame(w, 0);
	if (fits(w, b))
		return;
	static const char *const why[] = {
		"this answer was too big for a recording",
	};
	struct batch small = *b;
	small.nr = small.nr_asked = 0;
	small.partial = true;
	small.nr_warnings = 1;
	small.warning = why;
	item_encode(&small, &w->items);
}

int writer_add(struct writer *w, const struct batch *b, struct err *e)
{
	if (w->failed.code) {
		if (e)
			*e = w->failed;
		return -1;
	}
	if (b->fault == FAULT_CANCELLED)
		return 0;
	struct batch timed = *b;
	if (timed.at == TIME_NONE)
		timed.at = w->at;
	add_gap(w, &timed);
	w->last = TIME_NONE;
	add_item(w, &timed);
	w->at = timed.at;
	if (!b->tick) {
		if (w->items.len > FRAME_FULL)
			close_frame(w, 0);
		return 0;
	}
	close_frame(w, FRAME_TICK);
	if (writer_flush(w, e) < 0)
		return -1;
	w->ticks++;
	return 0;
}

int writer_flush(struct writer *w, struct err *e)
{
	if (w->failed.code) {
		if (e)
			*e = w->failed;
		return -1;
	}
	if (w->items.len)
		close_frame(w, 0);
	if (w->frames.len == 0)
		return 0;
	if (write_whole(w, w->frames.s, w->frames.len) < 0)
		return fail(w, e, "recording has stopped");
	buf_clear(&w->frames);
	return 0;
}

int writer_close(struct writer *w, struct err *e)
{
	int rc = writer_flush(w, e);
	if (rc == 0 && fdatasync(w->fd) < 0 && errno != EINVAL)
		rc = fail(w, e, "its end may be lost");
	writer_free(w);
	return rc;
}

uint64_t writer_bytes(const struct writer *w)
{
	return w->bytes;
}

unsigned writer_ticks(const struct writer *w)
{
	return w->ticks;
}
