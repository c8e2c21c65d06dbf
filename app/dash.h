/* The whole dashboard without a terminal: batches in, keys in, frames out.
 * Golden tests, `redtop snapshot` and the live screen are its readers. */
#ifndef APP_DASH_H
#define APP_DASH_H

#include "model/source.h"
#include "widgets/start.h"
#include "widgets/widget.h"

struct dash;

struct file_page;
struct file_key;

/* What a dashboard file says to the screen; borrowed. */
struct dash_file {
	const struct file_page *page;
	size_t nr_pages;
	const struct file_key *key;
	size_t nr_keys;
};

struct dash_options {
	int w, h;
	enum graph graph;
	enum page page;
	time_ms range;          /* of the charts */
	double objective;       /* 0: none */
	time_ms now;            /* wall time at the start */
	const char *title;      /* "demo", "127.0.0.1:9090"; copied */
	bool replay;            /* the source is a recording */
	bool played;            /* on a terminal: the scrub bar of a replay is
				   taller than a live one, which a snapshot's
				   (equal to the live server's) must not be */
	time_ms at;             /* shows that moment; TIME_NONE: live */
	bool staged;            /* `at` is the demo's own now: looks live */
	const char *service;    /* selected first, or NULL */
	const char *theme;      /* name, for the theme menu */
	struct dash_file file;
	size_t own;             /* PAGE_OWN: which page of the file */
	const struct start_row *start; /* of the start page, or NULL */
	size_t nr_start;
};

/* What a key asked of whoever runs the dashboard. Taken by dash_request(). */
enum request {
	REQUEST_NONE,
	REQUEST_QUIT,
	REQUEST_POLL,    /* the want changed, or `r`: ask now, afresh */
	REQUEST_ASK,     /* more is wanted: ask after what is under way */
	REQUEST_REPAINT,
	REQUEST_SUSPEND,
	REQUEST_RECORD,  /* start or stop */
	REQUEST_OPEN,    /* dash_opened() says what */
	REQUEST_THEME,   /* dash_theme() says which */
	REQUEST_RELOAD,  /* read the dashboard files again */
};

struct dash *dash_new(const struct dash_options *o);
void dash_free(struct dash *d);

void dash_batch(struct dash *d, const struct batch *b);
void dash_key(struct dash *d, int key);
/* A pasted character: goes into an open input line, fires nothing. */
void dash_paste(struct dash *d, int code_point);
enum request dash_request(struct dash *d);
const char *dash_opened(const struct dash *d);
const char *dash_theme(const struct dash *d);

/* Another file; a page that is gone becomes the overview. */
void dash_set_file(struct dash *d, const struct dash_file *f);
/* What stands for the session, to begin another dashboard with. */
void dash_place(const struct dash *d, enum page *page, size_t *own,
		const char **service);

void dash_resize(struct dash *d, int w, int h);
void dash_graph(struct dash *d, enum graph g);
/* Time passes: `mono` is a monotonic clock in ms. Moves a playing replay,
 * judges sources. True if a want changed (ask now). */
bool dash_tick(struct dash *d, time_ms mono);
/* A service that has begun to page since the call before, once; NULL: none.
 * What pages already when there is something to see first is no news, nor is
 * the past. */
const char *dash_paged(struct dash *d);
/* Draws what changed. True if the picture may have changed. */
bool dash_frame(struct dash *d);
const struct surface *dash_surface(const struct dash *d);

/* What to ask of the sources now; its strings live until the next call of
 * any function here. */
void dash_want(struct dash *d, struct want *out);
/* Step and reach of the charts of a frame of this size and range. */
void dash_reach(int w, int h, time_ms range, time_ms *step, time_ms *back);
/* False while paused: nothing is polled, and nothing applied. */
/* True if the dispatch table has the key: a test holds it against the table
 * that the help is printed from. */
bool dash_knows_key(int key);
bool dash_polling(const struct dash *d);
bool dash_replaying(const struct dash *d);
/* The replay source behind t, T and the scrub bar's gaps (borrowed). */
void dash_set_replay(struct dash *d, const struct source *src);

/* For the net page and the header. */
struct dash_costs {
	double out_bytes_per_s, cpu_ratio, rss_bytes, key_ms, frame_bytes;
	const char *term;
	double link_ms;         /* to the terminal and back; NAN: not known */
	const char *link;       /* by what frames are paced; static */
};
void dash_costs(struct dash *d, const struct dash_costs *c);
/* One line in place of the reason row until the next key; NULL clears. */
void dash_notice(struct dash *d, const char *text);
void dash_recording(struct dash *d, const char *path);

/* For JSON: the view as last computed, and where each widget stands. */
const struct view *dash_view(const struct dash *d);
struct store *dash_store(struct dash *d);
time_ms dash_range(const struct dash *d);
struct dash_slot {
	const char *kind;
	char title[80];
	int x, y, w, h;
};
size_t dash_slots(const struct dash *d, struct dash_slot *out, size_t max);

#endif
