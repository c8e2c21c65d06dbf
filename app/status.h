/* One line for the chat: what `redtop status` prints and `y` shows. */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "base/buf.h"
#include "widgets/widget.h"

/* Bytes of the line, without its newline. */
#define STATUS_MAX ((size_t)199)

/* Appends UTC time, state, worst service, burn, errors, p99, since; or what
 * keeps it from being known. Clean, without a newline. */
void status_line(const struct view *v, struct buf *out);

#endif
