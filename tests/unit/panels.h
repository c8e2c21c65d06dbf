/* Panels as text, and at any size, for tests of widgets. */
#ifndef TESTS_UNIT_PANELS_H
#define TESTS_UNIT_PANELS_H

#include "base/mem.h"
#include "widgets/widget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void *state_of(const struct widget_ops *ops)
{
	return mem_zero(1, ops->state_size);
}

static inline void free_state(const struct widget_ops *ops, void *state)
{
	if (ops->close)
		ops->close(state);
	free(state);
}

/* The caller frees the surface. */
static inline struct surface *draw_view(const struct view *v, const char *kind,
					int w, int h, enum graph g)
{
	const struct widget_ops *ops = widget_find(kind);
	struct surface *out = surface_new(w, h, g);

	assert_non_null(ops);
	void *state = state_of(ops);
	ops->update(state, v, w, h);
	ops->draw(state, out);
	free_state(ops, state);
	return out;
}

/* A row as text, trailing blanks cut; good until the next call. */
static inline const char *row_text(const struct surface *s, int y)
{
	static char line[8000];
	char cell[40];
	size_t n = 0;

	for (int x = 0; x < s->w; x++) {
		const struct cell *c = surface_cell(s, x, y);
		if (!c || !c->width)
			continue;
		size_t k = surface_cell_text(s, c, cell);
		memcpy(line + n, cell, k);
		n += k;
	}
	while (n && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	return line;
}

static inline void assert_row(const struct surface *s, int y, const char *want)
{
	assert_string_equal(row_text(s, y), want);
}

static inline void assert_has(const struct surface *s, int y, const char *part)
{
	const char *line = row_text(s, y);

	if (!strstr(line, part))
		fail_msg("row %d is '%s', without '%s'", y, line, part);
}

static inline bool anywhere(const struct surface *s, const char *part)
{
	for (int y = 0; y < s->h; y++)
		if (strstr(row_text(s, y), part))
			return true;
	return false;
}

/* ---- any size ----------------------------------------------------------- */

#define EDGE 2
#define SENTINEL '~'

static inline void check_edges(const struct surface *s, const char *kind, int w,
			       int h)
{
	for (int y = 0; y < s->h; y++)
		for (int x = 0; x < s->w; x++) {
			bool in = x >= EDGE && x < EDGE + w && y >= EDGE &&
				  y < EDGE + h;
			if (!in && surface_cell(s, x, y)->ch != SENTINEL)
				fail_msg("%s at %dx%d draws outside", kind, w,
					 h);
		}
}

/* A widget that has drawn other sizes before, in the middle of a screen,
 * against one that is new and has the screen for itself. */
static inline void try_size(const struct widget_ops *ops, void *kept,
			    const struct view *v, int w, int h, enum graph g)
{
	struct surface *a = surface_new(w + 2 * EDGE, h + 2 * EDGE, g);
	struct surface *b = surface_new(w, h, g);
	void *fresh = state_of(ops);

	for (int y = 0; y < a->h; y++)
		surface_run(a, 0, y, a->w, SENTINEL, STYLE(R_TEXT));
	struct surface in = surface_window(a, EDGE, EDGE, w, h);
	for (int y = 0; y < in.h; y++)
		surface_run(&in, 0, y, in.w, ' ', STYLE(R_TEXT));
	ops->update(kept, v, w, h);
	ops->update(fresh, v, w, h);
	ops->draw(kept, &in);
	ops->draw(fresh, b);
	check_edges(a, ops->name, w, h);
	for (int y = 0; y < h; y++)
		if (!surface_row_equal(&in, b, y))
			fail_msg("%s at %dx%d depends on its past", ops->name,
				 w, h);
	free_state(ops, fresh);
	surface_free(a);
	surface_free(b);
}

static inline void try_widget(const struct widget_ops *ops,
			      const struct view *v)
{
	static const int widths[] = { 0, 1, 2, 3, 5, 7, 12, 18, 19, 20, 24, 31,
				      40, 57, 60, 66, 78, 80, 99, 116, 120,
				      130, 150, 200 };
	static const int heights[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 15, 22,
				       31, 38, 45, 50 };
	void *kept = state_of(ops);
	int k = 0;

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++)
		for (size_t j = 0; j < sizeof(heights) / sizeof(*heights); j++)
			try_size(ops, kept, v, widths[i], heights[j],
				 (enum graph)(k++ % 3));
	free_state(ops, kept);
}

#endif
