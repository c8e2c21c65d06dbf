/* A recording as a source like any other. want.at seeks: batches up to the
 * newest tick at or before it are emitted (from the start after a reset batch
 * when going back); TIME_NONE means the end. The emitted batches keep the
 * recorded sources' names and their ticks; the last one of a poll is a tick in
 * any case. Nothing is emitted where the same tick stands already; before the
 * first tick a FAULT_FILE (of the first recorded source, or of the replay's
 * own name) says when it begins. A poll is answered within the call, and
 * opening reads the file once. */
#ifndef RECORD_REPLAY_H
#define RECORD_REPLAY_H

#include "model/source.h"

extern const struct source_ops replay_ops;

/* For keys t and T: the tick before / after `at`, or TIME_NONE. */
time_ms replay_tick_before(const struct source *src, time_ms at);
time_ms replay_tick_after(const struct source *src, time_ms at);
/* Stretches without ticks that are longer than three usual distances: drawn
 * as gaps in the scrub bar. Returns how many, at most max. */
struct replay_gap {
	time_ms from, to;
};
size_t replay_gaps(const struct source *src, struct replay_gap *out, size_t max);

#endif
