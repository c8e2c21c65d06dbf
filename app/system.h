/* What the system may refuse at the start: memory and files. */
#ifndef APP_SYSTEM_H
#define APP_SYSTEM_H

#include "base/err.h"

#include <uv.h>

/* From here on libuv and cJSON end the program when they find no memory, as
 * its own allocations do: with 71 and the terminal whole. Before anything
 * else. (libcurl: http_new().) */
void system_memory(void);
/* uv_loop_init(), which aborts where files run out: EXIT_MEMORY with a
 * sentence instead. */
int system_loop(uv_loop_t *loop, struct err *e);

#endif
