/* A growing string with a ceiling. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/* `s` is NUL-terminated whenever it is not NULL; `buf_text` is safe always.
 * At the ceiling what does not fit is dropped and `full` is set. */
struct buf {
	char *s;
	size_t len, cap, max;
	bool full;
};

void buf_init(struct buf *b, size_t max); /* max 0: no ceiling */
void buf_release(struct buf *b);
void buf_clear(struct buf *b);            /* keeps the memory */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_utf8(struct buf *b, unsigned code_point);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
const char *buf_text(const struct buf *b); /* "" when empty */

#endif
