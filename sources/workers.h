/* The threads that read answers. */
#ifndef SOURCES_WORKERS_H
#define SOURCES_WORKERS_H

#include "base/err.h"

struct uv_loop_s;

/* libuv aborts where its pool cannot have a thread, so that is tried first:
 * EXIT_MEMORY with a sentence if there can be none; the pool becomes smaller
 * if there can be few. Before the first uv_queue_work(). */
int workers_start(struct uv_loop_s *loop, struct err *e);

#endif
