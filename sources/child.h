/* Runs a program that prints a secret: without a shell, a terminal or an input,
 * in a group of its own that is killed when it takes too long. It gets our
 * environment without what is a secret of ours. */
#ifndef SOURCES_CHILD_H
#define SOURCES_CHILD_H

#include "base/clock.h"

#include <stddef.h>

struct uv_loop_s;
struct child;

/* Bytes that it may print. */
#define CHILD_MAX ((size_t)64 << 10)

enum child_end {
	CHILD_DONE,      /* it ended with 0 */
	CHILD_UNSTARTED, CHILD_LATE,
	CHILD_LOUD,      /* it printed more than CHILD_MAX */
	CHILD_FAILED     /* another status, or a signal */
};

/* done() is called once, from the loop, when the process is dead: with what it
 * printed (overwritten afterwards) and a clause for people, such as "ended
 * with 1"; NULL with CHILD_DONE. */
struct child *child_start(
	struct uv_loop_s *loop, const char *const *argv, time_ms timeout,
	void (*done)(const char *out, size_t n, enum child_end end,
		     const char *why, void *arg),
	void *arg);
/* Kills it; done() is not called. It frees itself from the loop. */
void child_cancel(struct child *c);

#endif
