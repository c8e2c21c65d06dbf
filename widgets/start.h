/* The rows of the start page: what can be opened. */
#ifndef WIDGETS_START_H
#define WIDGETS_START_H

#include <stdbool.h>

enum start_group { START_DEMO, START_FOUND, START_RECENT, START_GROUPS };

/* All text is clean and borrowed while the page shows. */
struct start_row {
	enum start_group group; /* rows stand in the order of their groups */
	const char *source;     /* what Enter opens: "demo", a URL, a path */
	const char *label;      /* "redtop demo", or NULL: the source */
	const char *about;      /* "a small shop with an incident" */
	const char *state;      /* right: "ready", "no network", or NULL */
	bool ready;             /* the state is good news */
};

#endif
