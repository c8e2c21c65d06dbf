/* What Prometheus computes from the raw samples of one series, to the last
 * bit: the selectors and functions of PromQL that see samples. Rules: the
 * Prometheus documentation, promql/functions.go and engine.go at each
 * release's tag; prom_rules() says which hold. Pure; allocates nothing.
 *
 * Samples rise in time. A stale marker (NaN with the bits
 * 0x7ff0000000000002) is no sample; any other NaN is one. */
#ifndef MODEL_RATE_H
#define MODEL_RATE_H

#include "base/clock.h"
#include "model/histogram.h"

#include <stdbool.h>
#include <stddef.h>

#define RATE_LOOKBACK ((time_ms)300000) /* of an instant selector */

double rate_stale_marker(void);
bool rate_is_stale(double v);

enum rate_function { RATE_RATE, RATE_INCREASE, RATE_DELTA, RATE_IRATE,
		     RATE_IDELTA };

/* f(x[range]) at t over the samples of one series (all of it or any part that
 * holds the window). False: no series in the answer. `range` in ms, above 0. */
bool rate_over(enum rate_function f, const time_ms *t, const double *v,
	       size_t nr, time_ms range, time_ms at,
	       const struct prom_rules *r, double *out);

/* sum_over_time, count_over_time, avg_over_time, min_, max_ of the window. */
enum rate_aggregate { OVER_SUM, OVER_COUNT, OVER_AVG, OVER_MIN, OVER_MAX };
bool rate_over_time(enum rate_aggregate f, const time_ms *t, const double *v,
		    size_t nr, time_ms range, time_ms at,
		    const struct prom_rules *r, double *out);

/* x at t: the newest sample that lookback reaches. */
bool rate_instant(const time_ms *t, const double *v, size_t nr,
		  time_ms lookback, time_ms at, const struct prom_rules *r,
		  double *out);

#endif
