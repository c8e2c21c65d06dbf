/* The data behind a frame, as scripts get it: redtop.snapshot/1. */
#ifndef APP_JSON_H
#define APP_JSON_H

#include "app/dash.h"
#include "base/buf.h"

/* `replay`: sources are shown as recordings. Ends with a newline. */
void json_snapshot(struct dash *d, bool replay, struct buf *out);

#endif
