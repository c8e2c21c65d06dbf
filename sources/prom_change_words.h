/* The words of a comparison: a question of one service's routes, asked by
 * other labels, over another span, with one more matcher. Pure. */
#ifndef SOURCES_PROM_CHANGE_WORDS_H
#define SOURCES_PROM_CHANGE_WORDS_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>

/* `AGG by (...) (OPEN}CLOSE`, where a matcher may stand before the brace. */
struct change_words {
	char *agg, *open, *close;
	bool native;  /* it counts what histograms hold */
	bool ranges;  /* buckets are by `vmrange` and become ones by le */
};

/* Reads RED_ROUTES or RED_ROUTE_BUCKETS. False for NULL, and for what is
 * worded in another way: there is nothing to release then. */
bool change_words_read(struct change_words *w, const char *question,
		       const char *service);
void change_words_release(struct change_words *w);

/* The selector of its series alone: name{matchers} */
void change_words_selector(const struct change_words *w, struct buf *out);
/* The rate of them all by a label (NULL: the service as a whole), over a span.
 * `matcher` may be NULL. */
void change_words_rate(const struct change_words *w, const char *label,
		       const char *matcher, time_ms span, struct buf *out);
/* The histograms: classic ones by label and le, native ones by label. */
void change_words_buckets(const struct change_words *w, const char *label,
			  const char *matcher, time_ms span, struct buf *out);
/* What share of the requests was not slower than the edge, in the metric's
 * unit. False where buckets have to be counted instead. */
bool change_words_share(const struct change_words *w, const char *label,
			const char *matcher, double edge, time_ms span,
			struct buf *out);

/* Appends a question to a query of tagged ones, joined by `or`. */
void change_words_join(struct buf *query, const struct buf *question,
		       uint32_t id);

#endif
