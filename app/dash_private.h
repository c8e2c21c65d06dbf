/* The dashboard's state, shared by the files that make it: dash.c (rows and
 * frames), dash_time.c (moments and spans), dash_keys.c, dash_commands.c. */
#ifndef APP_DASH_PRIVATE_H
#define APP_DASH_PRIVATE_H

#include "app/dash.h"
#include "app/pages.h"
#include "base/limits.h"
#include "base/number.h"

#define LINE_MAX_BYTES 256
#define VISIBLE_MAX 256
/* What `s` goes through: state, name, rate, errors, p99, burn. */
#define SORT_COLUMNS 6

/* Services that page at once and are told apart. */
#define PAGING_MAX 64

/* What an open input line is for. */
enum line { LINE_NONE, LINE_FILTER, LINE_COMMAND };
enum popup { POPUP_NONE, POPUP_HELP, POPUP_EXPLAIN, POPUP_THEMES,
	     POPUP_STATUS };

struct built {
	struct slot slot;
	const struct widget_ops *ops;
	void *state;
};

struct dash {
	struct store *store;
	struct surface *surface;
	struct view v;
	enum graph graph;
	enum page page, back;
	struct dash_file file;  /* pages and keys of the dashboard file */
	size_t own;             /* which page PAGE_OWN is */
	struct chart_spec chart[SLOTS_MAX]; /* of the layout that stands */
	bool full;
	size_t focus;

	/* time */
	bool replay, played, live, playing, staged;
	bool pending;          /* a moment was asked for and is not here yet */
	bool whole, ticked;
	double speed;
	time_ms at;            /* shown when not live */
	double exact;          /* of a playing replay, ms */
	time_ms latest, latest_mono, mono;
	time_ms range, range0, pan;
	time_ms cursor;
	time_ms asked;         /* the moment that sources were asked for */
	const struct source *replay_src;

	/* rows and events */
	struct red_row *all, *rows;
	size_t nr_all, nr_rows, cap_rows;
	char selected[LIMIT_LABEL_VALUE + 1];
	const char *visible[VISIBLE_MAX];
	int sort;
	struct event *derived;
	size_t nr_derived, cap_derived;
	const struct event **events;
	size_t nr_events, cap_events, selected_event;
	bool event_chosen;
	struct resource *resources;
	size_t nr_resources, cap_resources;
	char resource[LIMIT_LABEL_VALUE + 1]; /* the selected one */

	/* objectives, thresholds, what changed */
	struct slo_row *slos;
	size_t nr_slos, cap_slos;
	struct {
		uint64_t generation;
		time_ms now, range;
		bool any;
	} judged;                              /* what the rows are of */
	char slo[LIMIT_LABEL_VALUE + 1];       /* the selected one: id, group */
	struct threshold_row *thresholds;
	size_t nr_thresholds, cap_thresholds;
	char threshold[LIMIT_LABEL_VALUE + 1];
	struct changed changed;
	const struct change_answer *ranked;    /* what `changed` is of */
	time_ms ranked_to, ranked_onset;
	char change_service[LIMIT_LABEL_VALUE + 1];
	char change_le[NUMBER_TEXT];
	struct change_want change_want;        /* as it was asked last */
	time_ms change_asked;                  /* mono; 0: not yet */
	time_ms onset;
	size_t selected_change;
	char onset_of[LIMIT_LABEL_VALUE + 1];

	uint64_t paging[PAGING_MAX];           /* hashes of names */
	size_t nr_paging;
	bool watching;                         /* for pages that begin */

	/* input */
	enum line line;
	char text[LINE_MAX_BYTES], filter[LINE_MAX_BYTES];
	enum popup popup;
	size_t theme_at;
	char theme[64], theme_before[64];
	const struct start_row *start;
	size_t nr_start, start_at;
	char opened[1024];

	enum request request[8];
	size_t nr_requests;

	struct built built[SLOTS_MAX];
	size_t nr_built;
	struct built kept[SLOTS_MAX * 2]; /* states of other pages' widgets */
	size_t nr_kept;
	struct page_needs needs; /* of the layout that stands */
	bool laid, dirty;
	uint64_t generation;

	char title[128], notice[512], recording[1024];
	char term[160];
};

/* Sorts elements of at most DASH_ELEMENT bytes, without memory. */
#define DASH_ELEMENT 4096
_Static_assert(sizeof(struct slo_row) <= DASH_ELEMENT, "DASH_ELEMENT");
void dash_sort(void *base, size_t nr, size_t size,
	       int (*cmp)(const void *a, const void *b, void *arg), void *arg);
void dash_ask(struct dash *d, enum request r);
void dash_copy(char *to, size_t size, const char *from);
void dash_dirty(struct dash *d);
void dash_page(struct dash *d, enum page p);
/* The i-th page of the dashboard file, if it has so many. */
void dash_own_page(struct dash *d, size_t i);
/* True if the page shows routes. */
bool dash_details(const struct dash *d);
/* Index of the selected row, 0 if it is not among the rows. */
size_t dash_selected(const struct dash *d);
size_t dash_selected_resource(const struct dash *d);
void dash_focus(struct dash *d, int direction);

/* dash_objectives.c: rows of objectives and thresholds, their word in the
 * services' rows, and the comparison. */
void dash_build_objectives(struct dash *d, time_ms now);
void dash_build_changed(struct dash *d, time_ms now);
/* What is to be compared now, or NULL. */
const struct change_want *dash_compare(struct dash *d);
size_t dash_selected_slo(const struct dash *d);
size_t dash_selected_threshold(const struct dash *d);
void dash_select_slo(struct dash *d, long to);
void dash_select_threshold(struct dash *d, long to);
void dash_objectives_free(struct dash *d);

/* dash_time.c */
time_ms dash_dot(time_ms range, int cells);
time_ms dash_step(time_ms dot);
/* The moment the rows are of. */
time_ms dash_now(const struct dash *d);
void dash_live(struct dash *d);
void dash_goto(struct dash *d, time_ms t);
void dash_pause(struct dash *d);
void dash_step_time(struct dash *d, int direction);
void dash_zoom(struct dash *d, int direction);
void dash_pan(struct dash *d, int direction);
void dash_move_cursor(struct dash *d, int direction);

/* dash_commands.c: runs and completes d->text. */
void dash_command(struct dash *d);
void dash_complete(struct dash *d);

#endif
