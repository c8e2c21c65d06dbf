/* What a bare `redtop` offers: the demo, what the environment names, recent
 * recordings. Asks loopback only. */
#ifndef APP_START_H
#define APP_START_H

#include "widgets/start.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct start_list;

struct start_list *start_new(void);
const struct start_row *start_rows(const struct start_list *s, size_t *nr);
/* Looks whether anything listens on the usual loopback ports; `changed` is
 * called when a row became ready. */
void start_probe(struct start_list *s, uv_loop_t *loop,
		 void (*changed)(void *arg), void *arg);
/* Closes probes; the list is freed from the loop. */
void start_free(struct start_list *s);

#endif
