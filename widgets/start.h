/* What the start page offers. */
#ifndef WIDGETS_START_H
#define WIDGETS_START_H

enum start_group { START_LOOK, START_FOUND, START_RECENT, START_TYPE, START_NR };

/* A line of the start page; the strings are the caller's. Rows of START_TYPE
 * are for reading, the others are opened by Enter. */
struct start_row {
	enum start_group group;
	const char *source; /* what Enter opens: "demo", a URL, a path */
	const char *shown;  /* "redtop demo", "http://localhost:9090" */
	const char *what;   /* "a small shop with an incident" */
	const char *note;   /* right-aligned: "no network", "ready" */
};

#endif
