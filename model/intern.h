/* One copy of every text: equal pointers mean equal strings. */
#ifndef MODEL_INTERN_H
#define MODEL_INTERN_H

#include "base/arena.h"

#include <stddef.h>

struct intern {
	struct arena arena;
	const char **slot;
	size_t nr, cap;
};

void intern_init(struct intern *in);
void intern_release(struct intern *in);
/* Stays valid until intern_release(). NULL stays NULL. */
const char *intern(struct intern *in, const char *s);

#endif
