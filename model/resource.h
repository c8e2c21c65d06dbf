/* What is used of a resource, of how much, and how near that is to the limits
 * that somebody set: CONTRACTS' `saturation`. A pure function of the store and
 * a moment. */
#ifndef MODEL_RESOURCE_H
#define MODEL_RESOURCE_H

#include "model/store.h"

enum resource_state { RESOURCE_CRIT, RESOURCE_WARN, RESOURCE_OK,
		      RESOURCE_NODATA, RESOURCE_STATES };
const char *resource_state_name(enum resource_state s); /* as CONTRACTS writes */

struct resource {
	const struct service *service; /* its name is the id */
	time_ms at, age;       /* of the values, as in a row; age TIME_NONE:
				  there are none */
	double used, limit;    /* NAN: not known */
	double ratio;          /* used / limit; NAN without a limit */
	double warn, crit;     /* ratios; 0: nobody set one */
	double nearness;       /* 1 at critical; NAN: cannot be told */
	enum resource_state state;
	time_ms since;         /* the first grid point of the trailing run that
				  is as bad, inside from..at; TIME_NONE: ok, or
				  longer than held */
};

void resource_read(const struct service *s, time_ms at, time_ms from,
		   struct resource *out);
/* The nearest to critical first, those without data last. */
int resource_compare(const void *a, const void *b);

#endif
