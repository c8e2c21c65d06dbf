/* Lines of a chart: braille dots, each dot column a fixed piece of time drawn
 * from its smallest to its largest value. */
#ifndef WIDGETS_LINES_H
#define WIDGETS_LINES_H

#include "widgets/chart.h"

#define LINES_MAX 3

/* Heights of one dot column in quarters of a row above the plot's edge; lo >
 * hi: nothing there. */
struct dot {
	int16_t lo, hi;
	uint8_t role;
};

/* The worst first: where lines share a cell, the first one names it. */
struct lines {
	int nr;
	struct dot *dot[LINES_MAX];
	struct column *column[LINES_MAX];
	uint8_t role[LINES_MAX];
	bool *has;
	int cap;          /* cells */
	double min, max;  /* over all that was read */
};

/* Reads the columns of `nr` measures for the chart's axis. */
void lines_read(struct lines *l, struct chart *c, const struct service *s,
		const enum measure *what, int nr);
/* The same of what is read line by line. */
typedef void lines_reader(const void *arg, int line, time_ms from, time_ms span,
			  struct column *out, size_t columns);
void lines_read_by(struct lines *l, struct chart *c, lines_reader *read,
		   const void *arg, int nr);
/* The same of series, each value times `scale`. */
void lines_read_series(struct lines *l, struct chart *c,
		       const struct series *const *s, int nr, double scale);
/* Turns them into dots; a value over `crit` (0: none) of a line whose bit is
 * set in `judged` is R_CRIT. */
void lines_place(struct lines *l, const struct chart *c,
		 const struct scale *sc, double crit, unsigned judged);
void lines_draw(const struct lines *l, const struct chart *c,
		const struct scale *sc, struct surface *s);
void lines_close(struct lines *l);

#endif
