/* What the parts of discovery share: the names (discover.c), what they say of
 * a job (discover_pick.c), and what is asked then (discover_shape.c). */
#ifndef SOURCES_DISCOVER_PARTS_H
#define SOURCES_DISCOVER_PARTS_H

#include "base/buf.h"
#include "sources/discover.h"
#include "sources/families.h"
#include "sources/interval.h"

#define MAX_COUNTERS 4
#define MAX_WORD 64 /* of the families' lists */

/* The tags of the questions: which leg of a query a series belongs to. */
enum leg {
	LEG_LABELS = 1, LEG_BUCKETS, LEG_BOUNDS, LEG_RANGES, LEG_NOW,
	LEG_BEFORE, LEG_10M, LEG_5M, LEG_1M,
	LEG_15S, LEG_NR
};

/* A family of metrics that are there. */
struct candidate {
	const char *base;            /* of durations, or NULL */
	const struct family *family; /* or NULL: found by the rule */
	const char *count, *bucket, *bare, *sum; /* names that exist */
	const char *counter[MAX_COUNTERS];
	size_t counters;
	const char *mean;
	enum unit unit;
	bool unit_known;
	int order;
};

/* A series count, an activity, or a bound, by name and job. */
struct row {
	const char *name, *job;
	struct labels labels;
	double value;
	bool native;
};

struct rows {
	struct row *row;
	size_t nr, cap;
};

/* A job, found by the hash of its name. Beyond the ceiling jobs are left out
 * and counted: what follows compares each with each. */
#define DISCOVER_JOBS 4096
#define DISCOVER_SLOTS (4 * DISCOVER_JOBS)

struct scrape {
	const char *job;
	struct interval_counts counts;
};

struct discover {
	struct arena arena;
	struct buf match;
	bool victoria;
	char **name;
	size_t nr, cap;
	const char **build;  /* names of metrics that tell a version */
	size_t builds, builds_cap;
	struct candidate *candidate;
	size_t candidates, candidates_cap;
	int rejected;
	struct rows leg[LEG_NR];
	struct scrape scrape[DISCOVER_JOBS];
	size_t scrapes;
	uint16_t slot[DISCOVER_SLOTS]; /* index + 1 */
};

struct words {
	const char **word;
	size_t nr, cap;
};

/* Once. */
void words_add(struct words *l, const char *word);

/* NULL: nothing is known of it. */
const struct scrape *discover_scrape(const struct discover *d, const char *job);

/* The metric whose rate is the rate of requests. */
const char *candidate_main(const struct candidate *c);

/* The rows of one metric of one job (job NULL: of all). */
const struct row *discover_rows(const struct discover *d, enum leg leg,
				const char *name, const char *job, size_t *nr);
double discover_total(const struct discover *d, enum leg leg, const char *name,
		      const char *job);
/* The jobs that have a metric. */
void discover_jobs(const struct discover *d, const char *name,
		   struct words *l);

/* What would be asked for a job: equal picks become one shape. */
struct pick {
	const struct candidate *c;
	const char *job;
	enum method method;
	const char *rate;       /* metric of RED_RATE */
	const char *errors;     /* metric with the status, or NULL */
	const char *status;     /* its label, or NULL */
	enum status_kind kind;
	int form;
	const char *service;    /* label, "job" by default */
	const char *keep_rate, *keep_errors; /* matchers, "" */
	const char *mean;
	bool vmrange;
	enum unit unit;
	bool unit_guessed;
	const char *note;
	time_ms interval;
	bool interval_guessed;
	double activity;
	int words;
};

/* Its services are named by a label of their own. */
bool pick_own_label(const struct pick *p);
enum layer pick_layer(const struct pick *p);
/* By everything that changes the words of a question. */
int pick_compare(const struct pick *a, const struct pick *b);

struct picks {
	struct pick *pick;
	size_t nr, cap;
};

/* The best family of every job; those that are asked alike side by side. The
 * caller frees `pick`. */
struct picks discover_pick(struct discover *d);

/* The shape of picks that are asked alike, without its id. */
struct shape discover_shape(struct discover *d, const struct pick *p,
			    size_t nr, struct arena *a);
/* Shapes that ask the same as one of before keep its id. */
void discover_number(struct shape *sh, size_t nr,
		     const struct catalog *before);
bool discover_same_text(const char *a, const char *b);
bool discover_same_questions(const struct shape *a, const struct shape *b);

struct services {
	struct service_def *def;
	size_t nr, cap, dropped;
};
void services_add(struct discover *d, const struct pick *p, size_t nr,
		  const struct shape *sh, struct services *out);
/* Copies the texts and tells apart what has the same name. */
void services_name(struct services *s, const struct shape *sh, size_t shapes,
		   struct arena *a);

#endif
