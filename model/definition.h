/* Definitions of objectives and thresholds, and what was compared: deep
 * copies, and whether two definitions ask the same. */
#ifndef MODEL_DEFINITION_H
#define MODEL_DEFINITION_H

#include "model/batch.h"

/* All their texts and lists are in the arena. */
struct slo_def own_copy_slo(const struct slo_def *d, struct arena *a);
struct threshold_def own_copy_threshold(const struct threshold_def *d,
					struct arena *a);
/* No more of anything than its ceiling. */
const struct change_answer *change_copy(const struct change_answer *c,
					struct arena *a);

/* What was answered to one answers the other: a text for people may differ,
 * and what only says how an answer is read. */
bool slo_def_same(const struct slo_def *a, const struct slo_def *b);
bool threshold_def_same(const struct threshold_def *a,
			     const struct threshold_def *b);

#endif
