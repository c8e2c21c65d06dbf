/* Memory that is there or the program is not: running out ends it with 71
 * after `mem_dying` (if set) has put the terminal back. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* The one hook of the process: called once, before the sentence. It must not
 * allocate. */
extern void (*mem_dying)(void);

/* All return memory the caller frees with free(). Sizes are checked for
 * overflow; a size of 0 gives a valid pointer. */
void *mem_alloc(size_t size);
void *mem_zero(size_t nr, size_t size);
void *mem_grow(void *p, size_t nr, size_t size);
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* Writes "redtop: out of memory" to stderr and ends with 71. */
_Noreturn void mem_die(void);

/* Makes room for one more in an array that doubles. */
#define MEM_ROOM(array, nr, cap)                                               \
	do {                                                                   \
		if ((nr) >= (cap)) {                                           \
			(cap) = (cap) ? (cap)*2 : 8;                           \
			(array) = mem_grow((array), (cap), sizeof(*(array)));  \
		}                                                              \
	} while (0)

#endif
