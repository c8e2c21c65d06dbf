/* When trouble began: a series of ratios is cut where its level changes, and
 * the last levels that stand out from the calm before them are one run. */
#include "model/changed.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define WINDOW 60000.0    /* ms that a point's rates are over, at least */
#define CUT 30            /* likelihood ratio: 5.5 deviations */
#define MAX_PLATEAUS 24
#define MIN_POINTS 2      /* of a level */
#define HANDFUL 5         /* errors beyond what there was */
#define REACH 8           /* points that a ramp is followed back */
#define PAGE_RATIO 0.0144 /* a page of the default objective, 14.4 x 0.1 % */

/* Points that have data, and sums of what is before each. */
struct course {
	size_t nr;
	struct change_point *p;
	double *requests, *errors; /* nr + 1 */
	double repeats;  /* how often a request is counted, times how much more
			    the ratios scatter than Poisson's */
};

struct plateau {
	size_t from, to;
	double ratio;
};

static double requests_in(const struct course *c, size_t from, size_t to)
{
	return c->requests[to] - c->requests[from];
}

static double errors_in(const struct course *c, size_t from, size_t to)
{
	return c->errors[to] - c->errors[from];
}

static double ratio_in(const struct course *c, size_t from, size_t to)
{
	return errors_in(c, from, to) / requests_in(c, from, to);
}

static double weight(const struct course *c, size_t i)
{
	return requests_in(c, i, i + 1);
}

static double share_log(double k, double share)
{
	return k > 0 ? k * log(share) : 0;
}

/* How much better two levels explain two stretches than one does. */
static double gain(const struct course *c, size_t from, size_t cut, size_t to)
{
	double r = ratio_in(c, from, to);
	double a = ratio_in(c, from, cut), b = ratio_in(c, cut, to);
	if (!(r > 0))
		return 0;
	return 2 * (share_log(errors_in(c, from, cut), a / r) +
		    share_log(errors_in(c, cut, to), b / r)) / c->repeats;
}

static time_ms finest_step(const struct course *c)
{
	time_ms step = 0;
	for (size_t i = 1; i < c->nr; i++) {
		time_ms d = c->p[i].at - c->p[i - 1].at;
		if (d > 0 && (!step || d < step))
			step = d;
	}
	return step;
}

static int compare_numbers(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* The scatter of points that share no request, as a multiple of what counting
 * alone brings. A median, so that steps do not count. */
static double scatter(const struct course *c, size_t lag)
{
	double *d = mem_zero(c->nr, sizeof(*d)), out = 1;
	size_t nr = 0;
	for (size_t i = 0; i + lag < c->nr; i++) {
		double x = c->p[i].ratio, y = c->p[i + lag].ratio;
		double var = (x + y) / 2 *
			     (1 / weight(c, i) + 1 / weight(c, i + lag));
		d[nr++] = var > 0 ? (x - y) * (x - y) / var : 0;
	}
	qsort(d, nr, sizeof(*d), compare_numbers);
	if (nr >= 8)
		out = fmax(1, d[nr / 2] / 0.455);
	free(d);
	return out;
}

static bool is_known(const struct change_point *p)
{
	return p->ratio >= 0 && isfinite(p->ratio) && p->rate > 0 &&
	       isfinite(p->rate);
}

static void course_init(struct course *c, const struct change_point *p,
			size_t nr)
{
	*c = (struct course){
		.p = mem_zero(nr, sizeof(*c->p)),
		.requests = mem_zero(nr + 1, sizeof(double)),
		.errors = mem_zero(nr + 1, sizeof(double)),
	};
	for (size_t i = 0; i < nr; i++)
		if (is_known(&p[i]))
			c->p[c->nr++] = p[i];
	double step = (double)finest_step(c), window = fmax(step, WINDOW);
	for (size_t i = 0; i < c->nr; i++) {
		double n = c->p[i].rate * window / 1000;
		c->requests[i + 1] = c->requests[i] + n;
		c->errors[i + 1] = c->errors[i] + n * c->p[i].ratio;
	}
	double over = step > 0 ? window / step : 1;
	c->repeats = over * scatter(c, (size_t)ceil(over));
}

static void course_release(struct course *c)
{
	free(c->p);
	free(c->requests);
	free(c->errors);
}

static double best_cut(const struct course *c, const struct plateau *l,
		       size_t *at)
{
	double best = 0;
	for (size_t i = l->from + MIN_POINTS; i + MIN_POINTS <= l->to; i++) {
		double g = gain(c, l->from, i, l->to);
		if (g > best) {
			best = g;
			*at = i;
		}
	}
	return best;
}

/* Cuts where it gains the most, until nothing is gained. */
static size_t find_plateaus(const struct course *c, struct plateau *l)
{
	size_t nr = 1;
	l[0] = (struct plateau){ 0, c->nr, 0 };
	while (nr < MAX_PLATEAUS) {
		size_t worst = 0, cut = 0, at = 0;
		double best = 0;
		for (size_t i = 0; i < nr; i++) {
			double g = best_cut(c, &l[i], &at);
			if (g > best) {
				best = g;
				worst = i;
				cut = at;
			}
		}
		if (best < CUT)
			break;
		for (size_t i = nr++; i > worst + 1; i--)
			l[i] = l[i - 1];
		l[worst + 1] = (struct plateau){ cut, l[worst].to, 0 };
		l[worst].to = cut;
	}
	for (size_t i = 0; i < nr; i++)
		l[i].ratio = ratio_in(c, l[i].from, l[i].to);
	return nr;
}

static bool is_raised(const struct course *c, size_t i, double base,
		      double level)
{
	double n = weight(c, i), expected = n * base;
	double beyond = n * c->p[i].ratio - expected;
	return c->p[i].ratio >= base + (level - base) / 10 &&
	       beyond > 2.5 * sqrt(expected + 1);
}

/* The first level of the trailing run, or nr. */
static size_t find_run(const struct course *c, const struct plateau *l,
		       size_t nr, const struct plateau **base)
{
	const struct plateau *calm = &l[0], *last = &l[nr - 1];
	for (size_t i = 0; i + 1 < nr; i++)
		if (l[i].ratio < calm->ratio)
			calm = &l[i];
	size_t run = nr - 1;
	double raised = calm->ratio + (last->ratio - calm->ratio) / 4;
	if (nr < 2 || !changed_is_visible(calm->ratio, last->ratio))
		return nr;
	while (l[run - 1].ratio >= raised)
		run--;
	double n = requests_in(c, l[run].from, c->nr);
	double beyond = errors_in(c, l[run].from, c->nr) - n * calm->ratio;
	*base = calm;
	return beyond / c->repeats >= HANDFUL ? run : nr;
}

/* As bad as a page from its first quarter to its last. */
static bool is_bad_throughout(const struct course *c)
{
	for (size_t i = 0; i < 4; i++)
		if (ratio_in(c, c->nr * i / 4, c->nr * (i + 1) / 4) <
		    PAGE_RATIO)
			return false;
	return errors_in(c, 0, c->nr) / c->repeats >= 2 * HANDFUL;
}

static time_ms find_onset(const struct course *c)
{
	struct plateau l[MAX_PLATEAUS];
	const struct plateau *base = NULL;
	size_t nr = find_plateaus(c, l), run = find_run(c, l, nr, &base);
	if (run == nr)
		return is_bad_throughout(c) ? c->p[0].at : TIME_NONE;
	size_t at = l[run].from;
	for (size_t i = 0; i < REACH && at > base->from + 1 &&
	     is_raised(c, at - 1, base->ratio, l[nr - 1].ratio); i++)
		at--;
	return c->p[at].at;
}

time_ms changed_onset(const struct change_point *p, size_t nr)
{
	struct course c;
	course_init(&c, p, nr);
	time_ms at = c.nr >= 2 * MIN_POINTS ? find_onset(&c) : TIME_NONE;
	course_release(&c);
	return at;
}
