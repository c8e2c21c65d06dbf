/* Whole numbers as chance would have them, decided by a key: the same key and
 * nearly the same expectation give nearly the same number. */
#ifndef SOURCES_DEMO_DRAW_H
#define SOURCES_DEMO_DRAW_H

#include <stddef.h>
#include <stdint.h>

/* How many of n are hit by chance p each. */
double draw_binomial(double n, double p, uint64_t key);
/* Spreads n, a whole number, over nr values by weight. The sum stays. */
void draw_split(double n, const double *weight, size_t nr, uint64_t key,
		double *out);

#endif
