/* PromQL written so that every server reads it: names and values quoted only
 * where they must be. Pure. */
#ifndef SOURCES_PROMQL_H
#define SOURCES_PROMQL_H

#include "base/buf.h"

/* True for [a-zA-Z_:][a-zA-Z0-9_:]*, which needs no quotes as a metric. */
bool promql_is_metric(const char *s);
/* The same without the colon: a label. */
bool promql_is_label(const char *s);

/* A label where one stands: plain, or "quoted". */
void promql_label(struct buf *out, const char *label);
/* "value" with quote, backslash and newline escaped. */
void promql_quote(struct buf *out, const char *value);
/* label="value" */
void promql_equal(struct buf *out, const char *label, const char *value);
/* label=~"a|b" (or !~), values escaped as text; one value: label="a". */
void promql_among(struct buf *out, const char *label, bool not,
		  const char *const *value, size_t nr);
/* name{matchers}, or {"odd.name",matchers}. Matchers that are NULL or "" are
 * left out. */
void promql_selector(struct buf *out, const char *name,
		     const char *const *matcher, size_t nr);
/* {__name__=~"a|b",matchers}; one plain name as such. */
void promql_names(struct buf *out, const char *const *name, size_t names,
		  const char *const *matcher, size_t nr);
/* The inner text of '{namespace="shop"}'; "" for NULL. */
void promql_inner(struct buf *out, const char *match);
/* text with every $__rate_interval replaced by the window, */
void promql_window(struct buf *out, const char *text, const char *window);
/* and every $__service by the quoted value. What stands in strings stays. */
void promql_service(struct buf *out, const char *text, const char *value);

#endif
