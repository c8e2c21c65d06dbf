#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	free(b->s);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->s)
		b->s[0] = '\0';
}

static void room(struct buf *b, size_t n)
{
	if (b->cap - b->len > n)
		return;
	size_t cap = b->cap ? b->cap : 64;
	while (cap - b->len <= n)
		cap *= 2;
	b->s = mem_grow(b->s, cap, 1);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *bytes, size_t n)
{
	if (b->max && n > b->max - b->len) {
		n = b->max - b->len;
		b->full = true;
	}
	if (n == 0 && b->s)
		return;
	room(b, n);
	if (n)
		memcpy(b->s + b->len, bytes, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_utf8(struct buf *b, unsigned u)
{
	char s[4];
	size_t n = 0;
	if (u < 0x80) {
		s[n++] = (char)u;
	} else if (u < 0x800) {
		s[n++] = (char)(0xc0 | u >> 6);
		s[n++] = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		s[n++] = (char)(0xe0 | u >> 12);
		s[n++] = (char)(0x80 | (u >> 6 & 0x3f));
		s[n++] = (char)(0x80 | (u & 0x3f));
	} else {
		s[n++] = (char)(0xf0 | (u >> 18 & 7));
		s[n++] = (char)(0x80 | (u >> 12 & 0x3f));
		s[n++] = (char)(0x80 | (u >> 6 & 0x3f));
		s[n++] = (char)(0x80 | (u & 0x3f));
	}
	if (b->max && n > b->max - b->len)
		b->full = true;
	else
		buf_add(b, s, n);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
		return;
	}
	char *big = mem_alloc((size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(big, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_add(b, big, (size_t)n);
	free(big);
}

const char *buf_text(const struct buf *b)
{
	return b->s ? b->s : "";
}
