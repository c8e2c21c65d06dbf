/* A grid of cells between widgets and the terminal. Widgets write, the screen
 * and the exporters read. Writing outside is allowed and does nothing. */
#ifndef TUI_SURFACE_H
#define TUI_SURFACE_H

#include "tui/glyph.h"
#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 8 bytes, no pointer, never a colour. `ch` is a code point, or, with
 * CELL_CLUSTER set, an index into the surface's table of clusters (a base and
 * its combining marks). width 2 is followed by a cell of width 0. */
#define CELL_CLUSTER 0x80000000u
struct cell {
	uint32_t ch;
	uint8_t role, ground, width, pad;
};

struct clusters;

/* The whole grid or a window of it (surface_window): windows share cells. */
struct surface {
	struct cell *cell;       /* of the top left corner */
	int w, h, stride;
	enum graph graph;        /* how charts draw; GRAPH_ASCII: ASCII only */
	struct clusters *clusters;
};

/* An owning surface; blank cells are spaces of R_TEXT on R_DEFAULT. */
struct surface *surface_new(int w, int h, enum graph g);
void surface_free(struct surface *s);
/* Keeps what fits, blanks the rest; sizes are clamped to 0..LIMIT. */
void surface_resize(struct surface *s, int w, int h);
void surface_clear(struct surface *s);
/* A window clipped to s; its coordinates start at 0,0. */
struct surface surface_window(const struct surface *s, int x, int y, int w,
			      int h);

/* All that write text: a ground of R_DEFAULT keeps the ground that is there;
 * surface_ground() sets it. */

/* One code point. Asserts that it is clean (base/text.h): control and bidi
 * characters never get past this line; in release builds they become '?'.
 * With GRAPH_ASCII anything beyond ASCII is replaced by glyph_ascii(). A wide
 * character that does not fit becomes a space; its ASCII twin is two signs, so
 * that a measured layout holds. A combining mark joins the cell before. U+2800
 * (no dot) is a space. Returns cells used, also where nothing is seen. */
int surface_put(struct surface *s, int x, int y, uint32_t ch, struct style st);
/* UTF-8 text, cut at the right edge at a character (never half a wide one).
 * Returns cells used. */
int surface_text(struct surface *s, int x, int y, struct style st,
		 const char *utf8);
/* The same, at most `cells`; longer text is cut and ends in `…`. */
int surface_text_max(struct surface *s, int x, int y, int cells,
		     struct style st, const char *utf8);
/* Ends at x_end (exclusive), right-aligned. Returns its first column. */
int surface_text_right(struct surface *s, int x_end, int y, struct style st,
		       const char *utf8);
int surface_printf(struct surface *s, int x, int y, struct style st,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* n times the same code point to the right. */
void surface_run(struct surface *s, int x, int y, int n, uint32_t ch,
		 struct style st);
/* Changes the ground (and not the text) of a rectangle. */
void surface_ground(struct surface *s, int x, int y, int w, int h,
		    enum role ground);
/* Makes everything recede (roles become R_STALE, grounds default), as behind
 * the help. */
void surface_recede(struct surface *s);

/* NULL outside. */
const struct cell *surface_cell(const struct surface *s, int x, int y);
/* The cell's text as UTF-8 into out (NUL-terminated); returns bytes. */
size_t surface_cell_text(const struct surface *s, const struct cell *c,
			 char out[40]);
bool surface_row_equal(const struct surface *a, const struct surface *b, int y);
/* b becomes a's picture (same size, copied clusters). */
void surface_copy(struct surface *to, const struct surface *from);
/* One row of it, which both have; widths are equal. */
void surface_copy_row(struct surface *to, const struct surface *from, int y);

#endif
