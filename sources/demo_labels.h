/* By what the requests of a simulated service can be told apart, and how they
 * spread over the values: at every moment each label's values add up to the
 * service. */
#ifndef SOURCES_DEMO_LABELS_H
#define SOURCES_DEMO_LABELS_H

#include "sources/demo_story.h"

enum demo_label { LABEL_ROUTE, LABEL_METHOD, LABEL_VERSION, LABEL_INSTANCE,
		  LABEL_ZONE, LABEL_REGION, LABEL_UPSTREAM, LABEL_CLIENT,
		  DEMO_LABELS };
#define DEMO_VALUES 12 /* at most, of one label */

struct demo_values {
	const char *name;          /* of the label; NULL: it has none such */
	size_t nr;
	const char *value[DEMO_VALUES];
	double speed[DEMO_VALUES]; /* durations, relative to the service's */
};
void demo_values(const struct story *st, enum demo_service s,
		 enum demo_label l, struct demo_values *out);

/* Shares at a moment, each adds up to 1: of the requests, of the usual errors,
 * of the incident's errors and of its slow requests. */
struct demo_spread {
	double requests[DEMO_VALUES], usual[DEMO_VALUES], errors[DEMO_VALUES],
	       slow[DEMO_VALUES];
};
void demo_spread(const struct story *st, enum demo_service s,
		 enum demo_label l, time_ms t, const struct story_moment *m,
		 struct demo_spread *out);

#endif
