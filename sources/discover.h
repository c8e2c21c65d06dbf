/* Finds the services behind a Prometheus-style server: from the names of its
 * metrics and a few counts to a catalog. Pure: it says what to ask and is
 * told what came. Method and measurements: a known family is a row of
 * sources/families.h, others are recognised by their names; the status label
 * is resolved per metric and job from the values that were seen. */
#ifndef SOURCES_DISCOVER_H
#define SOURCES_DISCOVER_H

#include "model/batch.h"

/* Bucket series of one shape beyond which percentiles are asked for visible
 * rows only. */
#define DISCOVER_MANY_BUCKETS 50000

struct discover;

/* `match` is --match or NULL; borrowed until free. */
struct discover *discover_new(const char *match);
void discover_free(struct discover *d);

/* Names first, in any order, then discover_names_end(). */
void discover_name(struct discover *d, const char *name);
void discover_names_end(struct discover *d);
/* The server knows prometheus_buckets() for histograms by `vmrange`. */
void discover_victoria(struct discover *d, bool yes);

/* What to ask then. Every question is tagged (sources/prom_parse.h) and asked
 * as an instant; i counts from 0, false: no more of it. `out` is cleared. */
bool discover_ask_counts(const struct discover *d, size_t i, struct buf *out);
bool discover_ask_activity(const struct discover *d, size_t i, struct buf *out);
void discover_ask_intervals(const struct discover *d, struct buf *out);
/* Where label values are refused: the same names by a query (untagged). */
void discover_ask_names(const char *match, struct buf *out);

/* What came: frames of any of these questions. */
void discover_take(struct discover *d, const struct frame *f);

/* The catalog, in the arena. Shapes that ask the same as one of `before`
 * (may be NULL) keep its id. `requests` is noted in it. */
const struct catalog *discover_finish(struct discover *d, int requests,
				      const char *version,
				      const struct catalog *before,
				      struct arena *a);
bool catalog_equal(const struct catalog *a, const struct catalog *b);

#endif
