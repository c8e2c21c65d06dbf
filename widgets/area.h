/* Areas of a chart: eighth blocks, one cell a piece of time, layers stacked
 * with the worst at the bottom. */
#ifndef WIDGETS_AREA_H
#define WIDGETS_AREA_H

#include "widgets/chart.h"

#define AREA_LAYERS 3

struct area {
	int nr;                      /* layers, from below */
	int16_t *top[AREA_LAYERS];   /* a layer's upper edge, in eighths */
	struct column *column[AREA_LAYERS];
	bool *has;
	char ascii[AREA_LAYERS];     /* what a layer is made of in ASCII */
	/* The colour of a cell of a layer. */
	enum role (*shade)(const struct area *a, const struct chart *c,
			   int layer, int cell, int row);
	const struct scale *scale;
	int cap;
};

/* Reads the means of measures as columns of cells; `has` follows the last. */
void area_read(struct area *a, struct chart *c, const struct service *s,
	       const enum measure *what, int nr);
/* Stacks the columns: layer i stands on what is below it, except that the
 * last one is the whole. */
void area_stack(struct area *a, const struct chart *c, const struct scale *sc);
void area_draw(const struct area *a, const struct chart *c, struct surface *s);
void area_close(struct area *a);

#endif
