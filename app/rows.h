/* Where the widgets of a dashboard file's page stand, for any size. Pure. */
#ifndef APP_ROWS_H
#define APP_ROWS_H

#include "app/dashfile.h"
#include "app/pages.h"

/* Places the page's widgets into columns x..x+w and rows y0..y1 of out[],
 * beginning at *nr. Where there is not room for all, the widget with the
 * lowest priority leaves, the last of equals first. */
void rows_place(const struct file_page *p, int x, int w, int y0, int y1,
		struct slot *out, size_t *nr);

#endif
