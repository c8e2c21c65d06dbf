/* One kind of widget a file: const model in, cells out. */
#ifndef WIDGETS_WIDGET_H
#define WIDGETS_WIDGET_H

#include "base/err.h"
#include "model/changed.h"
#include "model/objective.h"
#include "model/resource.h"
#include "model/service.h"
#include "tui/surface.h"

/* PAGE_OWN: one of the dashboard file's. */
enum page { PAGE_OVERVIEW, PAGE_SERVICE, PAGE_CHANGED, PAGE_SATURATION,
	    PAGE_SLO, PAGE_EVENTS, PAGE_NET, PAGE_START, PAGE_OWN, PAGE_NR };
const char *page_name(enum page p);

enum mode { MODE_LIVE, MODE_PAUSED, MODE_REPLAY };

struct start_row;

/* What the file says of one chart; the query's series are in the store. */
#define CHART_LIMITS 4
struct chart_spec {
	const char *title, *query, *unit; /* title "": the query */
	int nr_limits;
	struct {
		double at;
		bool critical, below;
	} limit[CHART_LIMITS];
};

/* All that a widget may know. The core fills it before update(); everything
 * is borrowed until the next frame. */
struct view {
	const struct store *store;
	enum page page;
	enum mode mode;
	bool playing;        /* replay runs */
	double speed;        /* of replay */
	time_ms now;         /* what the rows are evaluated at */
	time_ms edge;        /* the newest moment of the charts; = now unless
				panned */
	time_ms dot;         /* time of one dot column (half a cell) */
	time_ms cursor;      /* the crosshair, or TIME_NONE */
	time_ms step;        /* of the points held */
	time_ms held_from, held_to; /* the scrub bar's ends */

	/* Rows after sorting and filtering. */
	const struct red_row *row;
	size_t nr_rows, selected;   /* selected < nr_rows, or 0 */
	size_t nr_all;              /* before the filter */
	const struct red_row *all;  /* all rows, in CONTRACTS' order */
	const struct red_row *sel;  /* the selected row, or NULL */
	const char *filter;         /* "" when there is none */
	bool filter_open;           /* the person is typing into it */
	int sort_column;            /* 0: by state and burn */

	const struct event *const *event; /* those of the page, oldest first */
	size_t nr_events, selected_event;

	/* Resources, the nearest to critical first. */
	const struct resource *resource;
	size_t nr_resources, selected_resource;

	/* Objectives, the worst first; those under 1x in every window last. */
	const struct slo_row *slo;
	size_t nr_slos, selected_slo;
	const struct slo_row *worst_slo;  /* the header's, or NULL */
	/* Thresholds, the worst first. */
	const struct threshold_row *threshold;
	size_t nr_thresholds, selected_threshold;
	const char *pack;           /* the active pack's name, or NULL */
	/* Of the selected service, or NULL: not compared. `comparing`: asked,
	 * no answer yet. */
	const struct changed *changed;
	bool comparing;
	size_t selected_change;

	bool focused;        /* this widget has the focus (set per widget) */
	const struct chart_spec *chart; /* what a chart shows (likewise) */
	const char *own;     /* the name of PAGE_OWN, or NULL */
	const char *title;   /* of the dashboard: "demo", "prom-a", a file */
	const char *notice;  /* one line for the reason row or NULL: wins */
	const char *recording;/* the file being written, or NULL */
	time_ms started;     /* when this redtop started */
	/* What the process itself costs, for the net page; NAN: not known. */
	double out_bytes_per_s, cpu_ratio, rss_bytes, key_ms, frame_bytes;
	double link_ms;      /* to the terminal and back; NAN: not known */
	const char *link;    /* by what frames are paced, or NULL */
	const char *term;    /* "xterm-256color, 120x40, 256 colours, braille" */

	/* The start page (widgets/start.h). */
	const struct start_row *start;
	size_t nr_start, selected_start;
};

/* The way to the terminal is so long that a person waits for it. */
static inline bool view_slow_link(const struct view *v)
{
	return v->link_ms > 500;
}

/* What a key did in a widget. */
enum reply { REPLY_IGNORED, REPLY_DONE };

/* Widgets of whole rows (header, verdict, table, selected, crumbs, sources,
 * eventlist, net, start, scrub, keys, toosmall) are given all columns and
 * keep the margin of one column themselves; column 0 belongs to the selection
 * bar. Panels (latency, throughput, errors, burn, burnchart, heat, events) are
 * given their rectangle without margin (gutters are 3 columns). help is given
 * the whole screen and draws a box in its middle. */
struct widget_ops {
	const char *name, *help;
	size_t state_size;   /* the core allocates, zeroed, and frees */
	int min_w, min_h;    /* below it the widget is dropped whole */

	/* Reads the model into the state, for a size; true if the picture
	 * changes. May grow its own buffers when the size grows, allocates
	 * nothing otherwise. */
	bool (*update)(void *state, const struct view *v, int w, int h);
	/* Const and total (any size, also 0x0): same state, same size, same
	 * cells. The surface is cleared before. */
	void (*draw)(const void *state, struct surface *s);
	enum reply (*key)(void *state, int key); /* may be NULL */
	void (*close)(void *state);              /* may be NULL */
};

/* One visible array, ends in NULL. */
extern const struct widget_ops *const widget_kinds[];
const struct widget_ops *widget_find(const char *name);

/* The time axis of a chart with `cells` columns of two dots: tied to absolute
 * time, so that old points never move: the right edge is the next multiple,
 * after v->edge, of a round time near (and at most) a quarter of the width,
 * and jumps by that ("page"), so charts of nearly one width page together.
 * `from` is a multiple of a cell (2 x dot). */
struct axis {
	time_ms from, dot, cell, to;
	int cells;
};
struct axis axis_of(const struct view *v, int cells);
/* The column of a time in cells, or -1. */
int axis_cell(const struct axis *a, time_ms t);

#endif
