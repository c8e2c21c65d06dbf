#include "model/intern.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *s)
{
	uint64_t h = 1469598103934665603u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h ^ h >> 32;
}

void intern_init(struct intern *in)
{
	*in = (struct intern){ 0 };
	arena_init(&in->arena, 0);
}

void intern_release(struct intern *in)
{
	free(in->slot);
	arena_release(&in->arena);
	intern_init(in);
}

static const char **find(const struct intern *in, const char *s)
{
	size_t i = hash(s) & (in->cap - 1);
	while (in->slot[i] && strcmp(in->slot[i], s) != 0)
		i = (i + 1) & (in->cap - 1);
	return &in->slot[i];
}

static void grow(struct intern *in)
{
	struct intern old = *in;
	in->cap = old.cap ? old.cap * 2 : 256;
	in->slot = mem_zero(in->cap, sizeof(*in->slot));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i])
			*find(in, old.slot[i]) = old.slot[i];
	free(old.slot);
}

const char *intern(struct intern *in, const char *s)
{
	if (!s)
		return NULL;
	if (in->nr * 2 >= in->cap)
		grow(in);
	const char **slot = find(in, s);
	if (!*slot) {
		*slot = arena_strdup(&in->arena, s);
		in->nr++;
	}
	return *slot;
}
