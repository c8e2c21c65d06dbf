/* What a SOURCE on the command line is. The one place that sees sources/ and
 * record/ together. */
#ifndef APP_KINDS_H
#define APP_KINDS_H

#include "model/source.h"

/* One visible array, ends in NULL: prometheus, cloudwatch, demo, recording. */
extern const struct source_ops *const source_kinds[];

/* The kind of `text` and, in *where, what its open() wants. NULL with a
 * sentence: EXIT_USAGE for what is not built yet or is no source. */
const struct source_ops *kind_of(const char *text, const char **where,
				 struct err *e);

/* The kind of that name. */
const struct source_ops *source_kind(const char *name);

#endif
