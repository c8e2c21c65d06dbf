/* Which characters charts may use, and the ASCII twin of every sign. */
#ifndef TUI_GLYPH_H
#define TUI_GLYPH_H

#include "base/buf.h"

#include <stdint.h>

enum graph { GRAPH_BRAILLE, GRAPH_BLOCK, GRAPH_ASCII };
const char *graph_name(enum graph g); /* braille, block, ascii */

/* The ASCII sign that stands for a code point in LANG=C: ▲ ! ◆ + · . ○ -
 * ● o ▌ | ━ = ─ - ╌ - ┈ . ┊ : → > – - … ~ and so on; '?' for what has none. */
char glyph_ascii(uint32_t code_point);
/* Appends s with the twins of its signs; marks have none. */
void glyph_plain(struct buf *out, const char *s);

/* Braille dots of a cell: bit (row 0..3, column 0..1) -> U+2800 + mask. */
uint8_t braille_dot(int column, int row);
/* ▁▂▃▄▅▆▇█ for 1..8 eighths, ' ' for 0. */
uint32_t block_eighth(int eighths);

#endif
