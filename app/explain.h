/* Boxes that float over a page: where a number comes from, lists, and the
 * command line. */
#ifndef APP_EXPLAIN_H
#define APP_EXPLAIN_H

#include "widgets/widget.h"

/* `e`: query, window, bucket, method, source, age and the curl line that asks
 * the same, for the selected service at the crosshair or now. */
void explain_draw(struct surface *s, const struct view *v);
/* A small list with one row chosen. `names` ends in NULL. */
void explain_list(struct surface *s, const char *title,
		  const char *const *names, size_t chosen);

/* A text in a box as wide as the screen. */
void explain_text(struct surface *s, const char *title, const char *text);

struct palette_row {
	const char *name, *args, *help;
};
/* The commands of the `:` line (app/dash.c). */
size_t palette_rows(const struct palette_row **out, size_t max);
/* The open `:` line with the commands that fit what is typed. */
void explain_command(struct surface *s, const char *text);

#endif
