/* Reads a recording: untrusted bytes, every length bounded before it is
 * believed, unknown frames skipped, damage jumped over to the next frame whose
 * hash is right, a torn tail tolerated (it may still grow). */
#ifndef RECORD_READER_H
#define RECORD_READER_H

#include "base/err.h"
#include "model/batch.h"

struct reader;

/* EXIT_FILE: not a recording (what was found), or of a newer format. */
struct reader *reader_open(const char *path, struct err *e);
/* The same over bytes in memory (borrowed), for tests and fuzzing. */
struct reader *reader_bytes(const void *bytes, size_t n, struct err *e);
void reader_close(struct reader *r);

/* The next batch (caller frees), or NULL at the end of what is there now; a
 * file that grows gives more later. Batches carry their source's name. */
struct batch *reader_next(struct reader *r);
/* Back to the first batch. */
void reader_rewind(struct reader *r);
/* Looks at the file again (it may have grown); true if there is more. */
bool reader_refresh(struct reader *r);

/* The ticks, in the order of the file: built by one scan at open and by
 * refresh. Where a clock was set back a tick has the time of the one before,
 * so that the times never go back. */
size_t reader_ticks(const struct reader *r, const time_ms **at);
/* The next batch is the first one behind tick `index`. */
void reader_seek_tick(struct reader *r, size_t index);
/* As reader_next(), but NULL also once the first `ticks` ticks are given. */
struct batch *reader_next_until(struct reader *r, size_t ticks);
/* Bytes that could not be used (damage, torn tail). */
uint64_t reader_lost(const struct reader *r);

#endif
