/* The rows of objectives and thresholds from inside: objective.c (what was
 * answered), objective_cells.c (a period's cells), objective_store.c (what is
 * held of a service), threshold_rows.c. */
#ifndef MODEL_OBJECTIVE_PRIVATE_H
#define MODEL_OBJECTIVE_PRIVATE_H

#include "model/objective.h"

/* ASK_ERRORS .. ASK_RECORDED */
#define ASKS (ASK_RECORDED + 1)

/* objective.c: */
/* How long an instant over `span` counts. */
time_ms objective_oldest(const struct store_source *src, time_ms span);
/* Name and value of labels as words of a group. */
struct group_words {
	char *out;               /* SLO_GROUP bytes */
	size_t len;
};
void group_add(struct group_words *w, const char *name, const char *value);
/* The series of a question in the group of `like`, or NULL. */
const struct series *objective_series(const struct store_slo *s,
				      const struct series *like,
				      enum slo_ask a, unsigned span);
/* Fewer than none were not counted: such errors are not known, such a total or
 * ratio is none. What a subtraction leaves of two equal numbers is 0. */
void objective_trust(struct slo_input *in);

/* What is slower than the limit, from an objective's buckets over a span: at
 * the moment of the instants (no older than `oldest`), or at a point. `least`
 * is the ratio of the edge above the limit, NAN where the limit is an edge.
 * Not there where there are none. */
struct slo_input objective_slow(const struct store_slo *s,
				const struct series *like, unsigned span,
				bool points, time_ms at, time_ms oldest,
				double *least);
/* Any series of the buckets over a span, or NULL. */
const struct series *objective_bucket(const struct store_slo *s,
				      const struct series *like,
				      unsigned span);
bool objective_source_answers(const struct store_source *src);
void column_put(struct column *c, double v);

/* objective_cells.c: */
/* The cells that end in (from, to], counted; none where nobody knows of errors.
 * What a rolling period of occurrences has is on the stack: rows are read for
 * every frame. */
#define CELLS_NEAR 1500
struct cells {
	struct slo_cell near[CELLS_NEAR];
	struct slo_cell *cell;
	size_t nr;
};
void objective_cells(const struct store_slo *s, const struct series *like,
		     time_ms from, time_ms to, struct cells *out);
void cells_release(struct cells *c);

/* objective_store.c: */
/* The service of a name, rather of this source; NULL. */
const struct service *objective_service(const struct store *st,
					const struct store_source *src,
					const char *name);
/* Whether its history can stand for the objective's answers. */
bool objective_can_use(const struct slo_def *d, const struct service *s);
/* Reads all windows, and the budget of span before `at`, from it; returns the
 * newest moment of it, or TIME_NONE. */
time_ms objective_from_store(const struct slo_def *d, const struct service *s,
			     time_ms at, time_ms span,
			     struct slo_reading window[SLO_WINDOWS],
			     struct slo_budget *budget);
/* A measure over the grid points in (from, to], as thresholds mean it; NAN: no
 * data. `s` is of a resource for MEASURE_USED. */
double objective_measure(const struct service *s,
			 const struct threshold_def *d, time_ms from,
			 time_ms to);

#endif
