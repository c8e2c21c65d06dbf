/* A surface as text, ANSI (SGR only) and SVG. */
#ifndef TUI_EXPORT_H
#define TUI_EXPORT_H

#include "base/buf.h"
#include "tui/surface.h"
#include "tui/theme.h"

/* Exactly h lines, trailing blanks cut, no escapes. */
void export_text(const struct surface *s, struct buf *out);
/* The same with SGR only; each line ends reset. colors 0: no escapes. */
void export_ansi(const struct surface *s, const struct theme *t, int colors,
		 struct buf *out);
/* A picture of it: one <text> run a style, all text XML-escaped, monospace. */
void export_svg(const struct surface *s, const struct theme *t, struct buf *out);
/* The roles of each cell, for golden tests: one letter a cell from a legend
 * printed first. */
void export_roles(const struct surface *s, struct buf *out);

#endif
