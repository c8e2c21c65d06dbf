/* Appends batches to a recording: one writev() a tick, 0600, never through a
 * symbolic link, never over a file that is not a recording. */
#ifndef RECORD_WRITER_H
#define RECORD_WRITER_H

#include "base/err.h"
#include "model/batch.h"

struct writer;

/* Creates the file, or appends to an existing recording (a torn tail is left
 * behind a resync point; the gap is written as an event). Codes: EXIT_WRITE
 * for a path that cannot be written, is no regular file, is a link, or is not
 * a recording. `started`: wall time; `version`: of the program. */
struct writer *writer_open(const char *path, time_ms started,
			   const char *version, struct err *e);
/* Buffers; a batch with `tick` writes everything so far with one writev().
 * FAULT_CANCELLED batches are not written. After a failed write the recording
 * stays readable to its last whole tick; -1 with a sentence (EXIT_WRITE), and
 * all later calls fail likewise. */
int writer_add(struct writer *w, const struct batch *b, struct err *e);
int writer_flush(struct writer *w, struct err *e);
/* Flushes, syncs, frees. */
int writer_close(struct writer *w, struct err *e);
uint64_t writer_bytes(const struct writer *w);
unsigned writer_ticks(const struct writer *w);

#endif
