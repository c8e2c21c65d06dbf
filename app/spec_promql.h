/* PromQL as far as files of objectives need it: words, vector selectors, and
 * what stands around them. It judges no query: what it does not understand it
 * says nothing about. Pure; all texts point into the query. */
#ifndef APP_SPEC_PROMQL_H
#define APP_SPEC_PROMQL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum query_word_kind { WORD_END, WORD_NAME, WORD_NUMBER, WORD_STRING,
		       WORD_VARIABLE, WORD_SIGN };

struct query_word {
	enum query_word_kind kind;
	const char *s;
	size_t n;
};

/* The next word at *at, which moves behind it; comments are passed over. A
 * string without an end is a WORD_SIGN of all the rest. */
void query_next(const char **at, struct query_word *w);
/* Some word of the query outside strings, whatever its case. */
bool query_has_word(const char *query, const char *word);

struct query_matcher {
	const char *label, *value; /* without quotes, as written */
	size_t label_n, value_n;
	char op[3];                /* "=", "!=", "=~", "!~" */
};

#define QUERY_MATCHERS 32

struct query_selector {
	const char *s, *name;      /* all of it; `name` may be NULL */
	size_t n, name_n, nr;
	struct query_matcher m[QUERY_MATCHERS]; /* without the name's */
};

const struct query_matcher *selector_matcher(const struct query_selector *s,
					     const char *label); /* or NULL */
bool matcher_is(const struct query_matcher *m, const char *op,
		const char *value);
bool selector_name_is(const struct query_selector *s, const char *name);
bool selector_ends(const struct query_selector *s, const char *suffix);

/* NAME{label="value", ...} and nothing else; -1 with what else it is. */
int query_selector(const char *query, struct query_selector *out,
		   struct err *e);
/* `sum(SELECTOR)`, also with by or without, or a selector alone (*bare). */
bool query_sum(const char *query, struct query_selector *out, bool *bare);
/* One call or aggregation or selector: needs no parentheses. */
bool query_is_one(const char *query);
/* All vector selectors of a query, at most max. False where it cannot be read
 * or has more. */
bool query_selectors(const char *query, struct query_selector *out, size_t max,
		     size_t *nr);

#endif
