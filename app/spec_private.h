/* Files of objectives while they are read: spec.c (what all have in common),
 * spec_sloth.c, spec_pyrra.c, spec_openslo.c, spec_rules.c (a format each),
 * spec_lint.c (what is certainly not meant). */
#ifndef APP_SPEC_PRIVATE_H
#define APP_SPEC_PRIVATE_H

#include "app/spec.h"

struct spec_reader {
	const struct document *doc;
	struct spec *s;
	size_t cap_slos, cap_thresholds;
	/* The maps of all documents; a list at a root and `kind: List` are
	 * opened. */
	const struct node **object;
	size_t nr;
	bool full;               /* and it was said */
};

/* What an object is by its apiVersion, version or keys. */
enum spec_kind spec_object_kind(const struct node *n);

/* ---- saying ------------------------------------------------------------ */

/* Notes a problem at a node (NULL: the file's first line). */
void spec_say(struct spec_reader *r, const struct node *at, bool error,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* A reason why x cannot be evaluated, and the same as a warning. */
void spec_refuse(struct spec_reader *r, struct spec_slo *x,
		 const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same as an error: the file cannot be used. x may be NULL. */
void spec_fault(struct spec_reader *r, struct spec_slo *x,
		const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Warns of keys of a map that are none of `words` ("a b c"). */
void spec_known(struct spec_reader *r, const struct node *map,
		const char *what, const char *words);

/* ---- values ------------------------------------------------------------ */

/* For sentences: clean, cut; lasts. Never NULL. */
const char *spec_clean(struct spec_reader *r, const char *s, size_t max);
/* One clean line of a text, or NULL. */
const char *spec_line(struct spec_reader *r, const struct node *n);
/* One line of PromQL, `$window` where {{.window}} stood; NULL after a fault.
 * A template that is left is a reason. */
const char *spec_query(struct spec_reader *r, struct spec_slo *x,
		       const struct node *n, const char *name);
/* The same without looking for templates. */
const char *spec_expr(struct spec_reader *r, struct spec_slo *x,
		      const struct node *n, const char *name);
/* A decimal number; `tail` "e-2" reads a percentage exactly. */
bool spec_number(const struct node *n, const char *tail, double *out);
/* A duration as Prometheus writes it, 4w, 1h30m, above 0. */
bool spec_span(const char *s, time_ms *out);
/* An objective in percent below `map`; faults where there is none. */
void spec_percent(struct spec_reader *r, struct spec_slo *x,
		  const struct node *map, const char *key);
/* 100 % leaves no budget: a reason. */
void spec_objective(struct spec_reader *r, struct spec_slo *x,
		    const struct node *at, double v);
#define LIMIT_NAMES 64
/* Names without repetition; more than there is room for are left out. */
struct spec_names {
	size_t nr;
	const char *name[LIMIT_NAMES];
};
void spec_name_add(struct spec_reader *r, struct spec_names *l,
		   const char *name);
void spec_name_keys(struct spec_reader *r, struct spec_names *l,
		    const struct node *map);
/* Ends in NULL; NULL where there is no name. */
const char *const *spec_names(struct spec_reader *r,
			      const struct spec_names *l);
/* "quoted" for PromQL. */
const char *spec_quoted(struct spec_reader *r, const char *value);

/* ---- objectives -------------------------------------------------------- */

/* No further objective is taken; said once. Asked before one is begun. */
bool spec_full(struct spec_reader *r, const struct node *at);
struct spec_slo spec_begin(struct spec_reader *r, const struct node *at);
/* Keeps it. Two of one id are an error. */
void spec_end(struct spec_reader *r, struct spec_slo *x);
/* NULL at the ceiling. */
struct threshold_def *spec_threshold(struct spec_reader *r,
				     const struct node *at);

/* ---- formats ----------------------------------------------------------- */

void spec_sloth(struct spec_reader *r);
void spec_pyrra(struct spec_reader *r);
void spec_openslo(struct spec_reader *r);
void spec_rules(struct spec_reader *r);

/* ---- what is certainly not meant --------------------------------------- */

/* A query and where it stands. */
struct spec_asked {
	const struct node *at;
	const char *name, *query;  /* the query may be NULL */
};
/* Of one query with a window. */
void spec_lint_query(struct spec_reader *r, const struct spec_asked *q);
/* A part and the whole: errors and total, good and total. */
void spec_lint_part(struct spec_reader *r, const struct spec_asked *part,
		    const struct spec_asked *whole);
/* What was faster than `le` and all. */
void spec_lint_latency(struct spec_reader *r, const struct spec_asked *fast,
		       const struct spec_asked *total);
/* The bound of a query of the form count - bucket{le}, in seconds, or 0. */
double spec_latency_of(const char *errors);
/* It counts over the window and is no rate. */
bool spec_counts(const char *total);

#endif
