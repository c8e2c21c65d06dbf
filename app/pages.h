/* Where each widget of a page stands, for any size. */
#ifndef APP_PAGES_H
#define APP_PAGES_H

#include "widgets/widget.h"

#define SLOTS_MAX 24

struct file_widget;
struct file_page;

struct slot {
	const char *kind;
	int x, y, w, h;
	bool focusable; /* Tab stops here, f fills the screen with it */
	const struct file_widget *of; /* of a dashboard file's page, or NULL */
};

/* The smallest size with a verdict and a table; below it: "too small". */
#define PAGE_MIN_W 40
#define PAGE_MIN_H 8

/* What a layout depends on beside the size. */
struct page_needs {
	size_t rows;    /* lines the table would like */
	size_t blind;   /* sources to tell of because none answers; 0: some do */
	bool replay;    /* the scrub bar has names above and hours below */
	size_t slos, thresholds, resources; /* rows of their lists */
	size_t changes, notes; /* rows of what changed, what is ruled out */
	const struct file_page *own; /* of PAGE_OWN */
};

/* Fills out[] from top to bottom; returns how many. */
size_t page_layout(enum page p, int w, int h, const struct page_needs *n,
		   struct slot *out);
/* The same page with one widget on all of the body. */
size_t page_layout_full(const struct slot *one, int w, int h,
			const struct page_needs *n, struct slot *out);
/* Cells of the overview's latency chart at this size, without its scale: what
 * a range is fitted to; and of the widest chart of any page: what data must
 * reach back for. */
int page_chart_cells(int w, int h);
int page_widest_cells(int w, int h);

#endif
