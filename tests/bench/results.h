/* What was measured: a row each, printed as a table or as one JSON object. */
#ifndef TESTS_BENCH_RESULTS_H
#define TESTS_BENCH_RESULTS_H

#include <math.h>
#include <stddef.h>
#include <stdbool.h>

#define RESULTS_MAX 96

struct result {
	const char *key, *unit;
	double value;          /* NAN: could not be measured */
	const char *peer;      /* NULL: none */
	double peer_value;
	const char *peer2;     /* a second one, in the table and in the JSON */
	double peer2_value;
	const char *note;      /* "over 60 s"; static, or NULL */
};

struct results {
	struct result row[RESULTS_MAX];
	size_t nr;
	int seconds;           /* that a minute lasts */
};

static inline struct result *result_add(struct results *r, const char *key,
					double value, const char *unit)
{
	struct result *x = &r->row[r->nr < RESULTS_MAX ? r->nr++
						       : RESULTS_MAX - 1];
	*x = (struct result){ .key = key, .unit = unit, .value = value,
			      .peer_value = NAN, .peer2_value = NAN };
	return x;
}

/* Only a peer that was there and answered is one. */
static inline void result_peer(struct result *x, const char *name, double value)
{
	if (isnan(value))
		return;
	if (!x->peer) {
		x->peer = name;
		x->peer_value = value;
	} else {
		x->peer2 = name;
		x->peer2_value = value;
	}
}

#endif
