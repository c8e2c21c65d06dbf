/* What all charts share: where the plot is, its scale, time axis, marks, gaps
 * and helper lines. */
#ifndef WIDGETS_CHART_H
#define WIDGETS_CHART_H

#include "widgets/draw.h"

/* Columns left of the plot: five for a label and a blank. */
#define CHART_LABELS 6
#define CHART_MARKS 16

enum number { NUMBER_LATENCY, NUMBER_RATE, NUMBER_PERCENT, NUMBER_BURN,
	      NUMBER_BYTES };

/* Where values stand, in rows above the plot's lower edge. Linear: row k is
 * k x unit, at its centre (lines) or its lower edge (areas), so that the
 * limit is exactly a row. Log: factor 3 every two rows around `anchor`. */
struct scale {
	enum number number;
	double unit;
	int every;       /* a label on every so many rows */
	bool centre, log;
	double anchor;   /* log: the value at the centre of anchor_row */
	int anchor_row;
	double limit;    /* 0: none */
	int limit_row;   /* -1: not exactly a row, so not drawn */
};
struct scale scale_linear(enum number n, double max, double limit, int rows,
			  bool centre);
struct scale scale_log(enum number n, double min, double max, double limit,
		       int rows);
double scale_height(const struct scale *sc, double v);
/* The label of row k (from below), or "". */
const char *scale_label(const struct scale *sc, int k, char out[NUMBER_TEXT]);

struct mark {
	int cell;
	char tag[24];
};

enum cell_flag {
	CELL_GAP = 1,    /* nothing was seen, between two that were */
	CELL_OPEN = 2,   /* may still change */
};

struct chart {
	struct axis axis;
	int w, h;        /* of the panel */
	int x, rows;     /* plot: first column; rows 1..rows, axis row below */
	int cursor;      /* column of the crosshair, or -1 */
	time_ms cursor_at;
	bool stale;      /* nothing newer is known: all of it is grey */
	bool asking;
	bool waiting;    /* the rows are there, the past is asked next */
	time_ms stale_age;
	int dead_from;   /* stale: first column after the last value, or -1 */
	char asking_of[64];
	time_ms asking_for;
	time_ms now;     /* nothing newer is drawn, also when it is held */
	time_ms open_at; /* what is newer may still change */
	time_ms point;   /* distance of the points held */
	bool grains;     /* other sources have another one */
	int nr_marks;
	struct mark mark[CHART_MARKS];
	uint8_t *flag;   /* a byte a column */
	int cap;
};

/* Geometry, marks and ages for a panel of w x h; keeps the buffer. */
void chart_update(struct chart *c, const struct view *v, int w, int h);
void chart_close(struct chart *c);
/* Flags a column; `has` says which columns have data. */
void chart_flags(struct chart *c, const bool *has);
/* True where a column that ends at `end` is not settled. */
bool chart_open(const struct chart *c, time_ms end);

/* Points that are held farther apart than a column is wide are no gaps: each
 * stands for as long as such a point lasts, until the next and not beyond
 * `now`. Columns begin at from + i x width. */
void chart_hold(struct column *col, int nr, time_ms from, time_ms width,
		time_ms point, time_ms now);
/* " 60s" behind a title: what one point is, where the sources on the screen
 * differ in it. */
void chart_grain(const struct chart *c, struct spans *left);

/* Helper lines, marks, gaps, labels and the axis row: before the data. */
void chart_draw_back(const struct chart *c, struct surface *s,
		     const struct scale *sc);
/* `no data` where a stale source left nothing; the limit's name at the end of
 * its line where no data stands there. */
void chart_draw_front(const struct chart *c, struct surface *s,
		      const struct scale *sc, const char *limit_text);
/* The axis row alone, for lanes: columns x.. of row y. */
void draw_axis(struct surface *s, int x, int y, const struct axis *a,
	       const struct mark *mark, int nr_marks);

/* Title pieces common to all: "at 13:48:00", "last values 4m old", "asking
 * prom-a". True if the values are to be left out. */
bool chart_title(const struct chart *c, struct spans *right);

#endif
