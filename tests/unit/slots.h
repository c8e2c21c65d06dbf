/* What holds of every layout, for the test of all sizes and the fuzz target. */
#ifndef TESTS_UNIT_SLOTS_H
#define TESTS_UNIT_SLOTS_H

#include "app/pages.h"

#include <stdbool.h>
#include <string.h>

static inline bool slots_overlap(const struct slot *a, const struct slot *b)
{
	return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h
	       && b->y < a->y + a->h;
}

static inline const struct slot *slot_of(const struct slot *s, size_t nr,
					 const char *kind)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(s[i].kind, kind) == 0)
			return &s[i];
	return NULL;
}

/* What is wrong with it, or NULL. */
static inline const char *slots_wrong(const struct slot *s, size_t nr, int w,
				      int h)
{
	if (nr > SLOTS_MAX)
		return "too many";
	for (size_t i = 0; i < nr; i++) {
		if (s[i].w < 1 || s[i].h < 1)
			return "an empty one";
		if (s[i].x < 0 || s[i].y < 0 || s[i].x + s[i].w > w
		    || s[i].y + s[i].h > h)
			return "one outside of the screen";
		for (size_t k = 0; k < i; k++)
			if (slots_overlap(&s[i], &s[k]))
				return "two over one another";
	}
	return NULL;
}

#endif
