/* The labels of a series, as plain text in a batch and interned in the
 * store. Sorted by name, names unique, no empty value (absent = empty). All
 * text is clean (base/text.h). */
#ifndef MODEL_LABELS_H
#define MODEL_LABELS_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct label {
	const char *name, *value;
};

struct labels {
	size_t nr;
	const struct label *l;
};

/* The value, or NULL. */
const char *labels_get(const struct labels *ls, const char *name);
bool labels_equal(const struct labels *a, const struct labels *b);
uint64_t labels_hash(const struct labels *ls);
/* Sorts in place by name; returns false if a name stands twice. */
bool labels_sort(struct label *l, size_t nr);
/* A deep copy into an arena without the label `skip` (may be NULL). Its `l`
 * is NULL with nr > 0 never: at the arena's ceiling nr is 0 and false. */
bool labels_copy(const struct labels *ls, const char *skip, struct arena *a,
		 struct labels *out);
/* {job="api",code="200"}, appended. */
void labels_print(const struct labels *ls, struct buf *out);

#endif
