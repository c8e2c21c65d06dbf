/* A dashboard file while it is read: dashfile.c (options to structs),
 * dashfile_check.c (what only the whole shows), dashfile_options.c (the
 * table), dashfile_defs.c (structs to the model's). */
#ifndef APP_DASHFILE_PRIVATE_H
#define APP_DASHFILE_PRIVATE_H

#include "app/dashfile.h"

/* Notes a problem at a node (NULL: the file's first line). */
void dashfile_say(struct dashfile *f, const struct node *at, bool error,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* ", did you mean 'x'?" or "". */
const char *dashfile_near(struct dashfile *f, const char *word,
			  const char *const *names);
/* For sentences and screens: clean, cut. Never NULL. */
const char *dashfile_clean(struct dashfile *f, const char *s, size_t max);

/* Whether two queries ask the same, whatever they call their span (a chart has
 * $__rate_interval where a threshold has $period) and however they are laid
 * out. */
bool dashfile_same_query(const char *a, const char *b);

/* What is wrong between options, items and sections. */
void dashfile_check(struct dashfile *f);

#endif
