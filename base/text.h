/* UTF-8 from outside: read strictly, made harmless once, measured by one
 * table (utf8proc, Unicode 15) whatever the locale says. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The next code point of s[0..n), strict UTF-8 (no overlong forms, no
 * surrogates, nothing beyond U+10FFFF). Returns its bytes, 1 with *out =
 * 0xFFFFFFFF for a byte that is none, 0 when n is 0. */
size_t text_next(const char *s, size_t n, uint32_t *out);

/* Cells of a code point on a terminal: 0 for combining marks, 1, or 2. */
int text_cell_width(uint32_t code_point);
/* Cells of a clean string. */
int text_width(const char *s);

/* Appends s[0..n) to out so that any terminal, file or picture may have it:
 * controls (C0, DEL, C1), format characters (bidi, zero width, BOM, tags),
 * line and paragraph separators, surrogates, private use, unassigned, variation
 * selectors, fillers and what terminals give different widths become visible
 * escapes such as \x1b or \u{202e}; bytes that are no UTF-8 become \xNN; odd
 * spaces become a space; at most two combining marks stay on a base and none
 * leads. A backslash stays as it is. Stops at a character once out->max is
 * reached. Returns true if anything was changed. This is the one sanitiser: called at ingestion by every decoder
 * and reader of files. */
bool text_clean(struct buf *out, const char *s, size_t n);

/* True if every code point of s is one that text_clean leaves alone. */
bool text_is_clean(const char *s);
/* The same question about one code point (marks are clean). */
bool text_code_point_is_clean(uint32_t code_point);

/* Bytes of the longest prefix of s that fits into `cells`. */
size_t text_fit(const char *s, int cells);

/* The candidate that is nearest to word (Damerau-Levenshtein, at most a third
 * of its length), or NULL. `names` ends in NULL. For "did you mean". */
const char *text_nearest(const char *word, const char *const *names);

#endif
