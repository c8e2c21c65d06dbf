/* A surface as text, ANSI (SGR only) and SVG. */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "base/buf.h"
#include "tui/surface.h"
#include "tui/theme.h"

/* Exactly h lines, trailing blanks cut, no escapes. */
void export_text(const struct surface *s, struct buf *out);
/* The same with SGR only, a blank that has a ground stays; each line ends
 * reset. colors 0: no escapes. */
void export_ansi(const struct surface *s, const struct theme *t, int colors,
		 struct buf *out);
/* A picture of it, 10x20 pixels a cell: blocks, rules, dots and signs as
 * shapes (fonts leave gaps, and most have no braille), all else one <text> a
 * run of one style, XML-escaped, monospace. */
void export_svg(const struct surface *s, const struct theme *t,
		struct buf *out);
/* The roles of each cell, for golden tests: a legend of those used, h lines of
 * one letter a cell; then the same for the grounds. A role's letter never
 * changes with what else is on the screen. */
void export_roles(const struct surface *s, struct buf *out);

#endif
