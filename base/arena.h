/* A bump allocator with a ceiling: one owner, freed at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
	size_t used, size;         /* of the newest chunk */
	size_t total, max;         /* bytes taken from malloc, and its ceiling */
};

/* `max` 0: no ceiling. Allocates nothing. */
void arena_init(struct arena *a, size_t max);
void arena_release(struct arena *a);
/* Aligned for any type, zeroed. NULL only beyond the ceiling: outside data
 * never ends the program. */
void *arena_alloc(struct arena *a, size_t size);
/* Copies; NUL-terminated. NULL beyond the ceiling. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
