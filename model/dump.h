/* What memory holds, as batches again: `R` saves the past it did not record. */
#ifndef MODEL_DUMP_H
#define MODEL_DUMP_H

#include "model/store.h"

/* Per source: its catalog and status, one range with all points held, one
 * instant, the last with tick. Borrowed by the callback; stops at -1. */
int store_dump(const struct store *st,
	       int (*emit)(const struct batch *b, void *arg), void *arg);

#endif
