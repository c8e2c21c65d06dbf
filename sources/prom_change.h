/* How a Prometheus-style server is asked what changed of one service, and what
 * is made of the answers (struct change_answer). Pure: it says what to ask and
 * is told what came, like sources/discover.h. At most CHANGE_QUERIES requests:
 *
 *   labels of the service's series, and the rate a week ago       2
 *   by each label: requests and errors during; events             2 + 2
 *   the same before; what was slow, in both                       2 + 2
 *   the 99th percentiles of the few values that came of it        2
 *
 * A query of all labels that would be too long goes as two, and labels for
 * which there is no room then are left out. What fails leaves the rest whole:
 * the answer's `fault` is its sentence. */
#ifndef SOURCES_PROM_CHANGE_H
#define SOURCES_PROM_CHANGE_H

#include "model/batch.h"

struct cJSON;
struct prom_change;

struct prom_change_input {
	const struct catalog *catalog; /* with the service; borrowed until
					  prom_change_free() */
	struct change_want want;       /* its strings are copied */
	const char *match;             /* --match, or NULL */
	/* Slow is what takes longer than this bound of a bucket: seconds, and
	 * the text of its `le` (NULL for native histograms). NAN: there is
	 * none. Best is the next above the 99th percentile before. */
	double slow_over;
	const char *slow_le;
};

enum prom_change_kind {
	CHANGE_DOCUMENT, /* `text` is path and fields, below the server's URL */
	CHANGE_INSTANT,  /* a query at `at`; frames are tagged */
	CHANGE_RANGE,    /* a query over from..to; likewise */
};
struct prom_change_ask {
	unsigned id;     /* what its answer is told with */
	enum prom_change_kind kind;
	const char *text;/* lives as long as the comparison */
	time_ms at, from, to, step;
};

struct prom_change *prom_change_new(const struct prom_change_input *in);
void prom_change_free(struct prom_change *c);

/* The next request that can be sent now. False: none, until an answer came or
 * for good. */
bool prom_change_next(struct prom_change *c, struct prom_change_ask *out);
/* All that there is to ask was asked, and told. */
bool prom_change_done(struct prom_change *c);

/* Each request is told once, by one of these. The tree of a document; a query's
 * batch, whose frames are borrowed for the call; or why there is none, as one
 * clean sentence part. */
void prom_change_labels(struct prom_change *c, unsigned id,
			const struct cJSON *tree);
void prom_change_take(struct prom_change *c, unsigned id,
		      const struct batch *answer);
void prom_change_failed(struct prom_change *c, unsigned id, const char *why);

/* What is known by now, in the arena. NULL at its ceiling. */
const struct change_answer *prom_change_finish(const struct prom_change *c,
					       struct arena *a);

#endif
