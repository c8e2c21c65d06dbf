/* Two spans of a simulated service compared: counts by all of its labels. */
#ifndef SOURCES_DEMO_CHANGE_H
#define SOURCES_DEMO_CHANGE_H

#include "model/batch.h"
#include "sources/demo_story.h"

/* In the arena; NULL: there is no such service. The counts are the story's,
 * added up, whole, and drawn as chance would have them: every label's values
 * add up to the service. The same spans give the same counts, and a span that
 * only ends a little later nearly the same. */
const struct change_answer *demo_change(const struct story *st,
					const struct change_want *w,
					struct arena *arena);

#endif
