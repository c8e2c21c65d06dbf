/* What a cell becomes with so many colours. Where a ground cannot be shown,
 * what depends on it is drawn otherwise: the lower and upper part of a stacked
 * cell, half rows of a heat map, the bar beside the selected name. */
#ifndef TUI_PAINT_H
#define TUI_PAINT_H

#include "tui/surface.h"
#include "tui/theme.h"

struct paint {
	uint32_t ch; /* as in struct cell, of the same width */
	struct look look;
};

struct paint paint_cell(const struct theme *t, const struct cell *c,
			int colors);

#endif
