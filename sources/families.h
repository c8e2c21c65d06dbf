/* The metric families by which services are recognised: a row each, and the
 * rule for those that no row names. Pure. */
#ifndef SOURCES_FAMILIES_H
#define SOURCES_FAMILIES_H

#include "model/catalog.h"

/* Lists are words parted by spaces, the preferred one first. */
struct family {
	const char *name;    /* base of the duration family; `*x`: any name
				that ends in x; NULL: there is none */
	const char *counter; /* companions that count by status, or NULL */
	const char *mean;    /* a ready-made mean, or NULL */
	enum unit unit;
	enum layer layer;
	const char *status;  /* labels; NULL: status_labels */
	const char *service; /* labels that name a service; NULL: job */
	const char *keep;    /* a label under which the same request is counted
				more than once, then the values to keep */
	const char *exclude; /* a matcher for what is no request, or NULL */
};
extern const struct family families[];
extern const size_t families_nr;

/* Where a status may stand, in families that no row says more about. */
extern const char *const status_labels[]; /* ends in NULL */

/* The row of a duration family's base name, or NULL. */
const struct family *family_of(const char *base);

/* Without a row: does the base name look like durations of requests that a
 * service answers? Outbound clients, queues, databases do not. */
bool family_is_timing(const char *base);
/* Is it any duration at all: a candidate that can be rejected? */
bool family_is_duration(const char *base);
/* Does a counter count requests, answers or calls? */
bool family_is_counter(const char *name);
/* The unit in a name; false where there is none. */
bool family_unit(const char *base, enum unit *out);
/* How well the name says "requests of a service"; more is better. */
int family_words(const char *base);

/* The i-th word of a list, copied; false behind the last. */
bool word_at(const char *list, size_t i, char *out, size_t size);

/* What the values of a label say: the kind of status and the form of its
 * matcher. STATUS_NONE where they are no status. */
enum status_kind status_of_values(const char *label, const char *const *value,
				  size_t nr, int *form);

#endif
