/* The routes of one service: its requests broken down by the label that names
 * them. Held only while the service's page is open. */
#ifndef MODEL_ROUTES_H
#define MODEL_ROUTES_H

#include "model/service.h"

struct route_row {
	const char *name;      /* the label's value; "" is shown as (none) */
	double rate;           /* requests/s */
	double error_ratio;    /* NAN: no requests or no status label */
	struct red_quantile p99;
};

/* Rows at `at`, the one with most errors a second first, then by rate, then by
 * name; returns how many, at most max, and in *label which label it is (NULL:
 * nothing is held). 0 if no label tells routes apart. */
size_t service_routes(const struct service *s, time_ms at,
		      struct route_row *out, size_t max, const char **label);

#endif
