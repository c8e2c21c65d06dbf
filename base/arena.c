#include "base/arena.h"

#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ARENA_CHUNK
#define ARENA_CHUNK ((size_t)16 << 10)
#endif

struct arena_chunk {
	struct arena_chunk *next;
	alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){ .max = max };
}

void arena_release(struct arena *a)
{
	struct arena_chunk *c = a->chunk;
	while (c) {
		struct arena_chunk *next = c->next;
		free(c);
		c = next;
	}
	arena_init(a, a->max);
}

/* Chunks double up to 1 MiB, so that a small answer costs a small chunk. */
static size_t chunk_size(const struct arena *a, size_t size)
{
	size_t want = a->size ? a->size * 2 : ARENA_CHUNK;
	if (want > (size_t)1 << 20)
		want = (size_t)1 << 20;
	return size > want ? size : want;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > (size_t)1 << 40)
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!a->chunk || size > a->size - a->used) {
		size_t n = chunk_size(a, size);
		if (a->max && a->total + n > a->max)
			n = size;
		if (a->max && a->total + n > a->max)
			return NULL;
		struct arena_chunk *c = mem_alloc(sizeof(*c) + n);
		c->next = a->chunk;
		a->chunk = c;
		a->size = n;
		a->used = 0;
		a->total += n;
	}
	void *p = a->chunk->data + a->used;
	a->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
	if (p)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	char *p = arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
