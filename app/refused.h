/* A source that could not be opened because nobody gave it credentials that
 * hold: it stands among the others, and says so at every poll, so that a
 * snapshot is printed and the others go on. */
#ifndef APP_REFUSED_H
#define APP_REFUSED_H

#include "model/source.h"

/* The kind in its place; `of` names it. `src->state` becomes an `err` with
 * the sentence. */
struct source_ops refused_ops(const struct source_ops *of);

#endif
