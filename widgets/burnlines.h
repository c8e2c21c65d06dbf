/* Burn over 5m and 1h as two lines against what pages: the chart of a service
 * and of an objective. */
#ifndef WIDGETS_BURNLINES_H
#define WIDGETS_BURNLINES_H

#include "widgets/lines.h"

struct burnlines {
	uint64_t stamp;
	struct chart chart;
	struct lines lines;      /* 5m, 1h */
	struct scale scale;
	struct spans left, right;
	bool focused;
};

/* True if there is something new: then the chart is laid out, the titles are
 * empty and nothing has been read. */
bool burnlines_begin(struct burnlines *b, const struct view *v, int w, int h);
/* Places the lines that were read: linear if `page` is exactly a row, else
 * log. */
void burnlines_place(struct burnlines *b, double page);
/* "5m 19.1x" or "  1h 14.8x" behind the title; `line` is 0 or 1. */
void burnlines_value(struct burnlines *b, int line, double burn, double page);
void burnlines_draw(const void *state, struct surface *s);
void burnlines_close(void *state);

#endif
