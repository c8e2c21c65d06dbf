/* The series of one answer on their way into frames: labels made clean,
 * points checked against what was asked, twins found, ceilings kept and what
 * is beyond them counted. */
#ifndef SOURCES_PROM_SERIES_H
#define SOURCES_PROM_SERIES_H

#include "base/err.h"
#include "model/batch.h"
#include "sources/prom_parse.h"

/* What was left out. */
enum prom_drop {
	DROP_OUTSIDE, DROP_REPEATED, DROP_OLDER, DROP_POINTS, DROP_SERIES,
	DROP_LABELS, DROP_HISTOGRAMS, DROP_MEMORY, DROPS
};

struct prom_series;

/* Labels and points go into `arena`; both are borrowed. */
struct prom_series *prom_series_new(const struct prom_ask *ask,
				    struct arena *arena);
void prom_series_free(struct prom_series *s);

/* One series: begin, then in any order labels (a name, then its value) and
 * points, then end. Texts are any bytes; `cut`: already shorter than sent. */
void prom_series_begin(struct prom_series *s);
void prom_series_name(struct prom_series *s, const char *text, size_t n,
		      bool cut);
void prom_series_value(struct prom_series *s, const char *text, size_t n,
		       bool cut);
void prom_series_point(struct prom_series *s, time_ms t, double v);
/* The buckets of a histogram, then itself; they are sorted here. */
void prom_series_bucket(struct prom_series *s, const struct native_bucket *b);
void prom_series_histogram(struct prom_series *s, time_ms t, double count,
			   double sum);
/* False with a sentence part: the answer is bad. */
bool prom_series_end(struct prom_series *s, struct err *why);

/* The frames so far, until the next call. */
const struct frame *prom_series_frames(const struct prom_series *s,
				       size_t *nr);
uint64_t prom_series_dropped(const struct prom_series *s, enum prom_drop d);
/* "12 points outside the asked range dropped", in the arena; NULL where
 * nothing was dropped. */
const char *prom_series_warning(const struct prom_series *s,
				enum prom_drop d);

#endif
