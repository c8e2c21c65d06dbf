/* JSON read as its bytes arrive: pieces of any size go in, tokens come out,
 * strictly by RFC 8259 except that the top must be an object or an array.
 * Nothing is kept but the token under way; it is the reader of every answer
 * that may be large. */
#ifndef SOURCES_JSON_PUSH_H
#define SOURCES_JSON_PUSH_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a text that are kept, more is cut: above the longest label (also
 * when cleaning turns three bytes into one) and the longest number. */
#define JSON_TEXT_MAX ((size_t)4096)

enum json_token {
	JSON_MORE,    /* the piece is used up */
	JSON_BROKEN,  /* `why` says how; it stays so */
	JSON_OBJECT, JSON_OBJECT_END, JSON_ARRAY, JSON_ARRAY_END,
	JSON_KEY, JSON_STRING, JSON_NUMBER,
	JSON_TRUE, JSON_FALSE, JSON_NULL
};

struct json_push {
	/* Of JSON_KEY, JSON_STRING, JSON_NUMBER, until the next call: any
	 * bytes, NUL too, without a NUL at the end. Not clean: what is no
	 * UTF-8 is as it came, a lone surrogate is the text \u{d800}. */
	const char *s;
	size_t n;
	bool cut;         /* longer than JSON_TEXT_MAX */
	const char *why;  /* NULL, or what is wrong with the document */

	/* Private. */
	const char *begin, *p, *end;
	uint64_t before;  /* bytes of earlier pieces */
	uint64_t objects; /* a bit a level: object, not array */
	int depth;
	unsigned char expect, lex;
	bool key;
	unsigned hex_left;
	uint32_t hex, high;
	struct buf text;
};

void json_push_init(struct json_push *j);
void json_push_release(struct json_push *j);
/* The next piece, borrowed until JSON_MORE (or JSON_BROKEN) comes. */
void json_push_feed(struct json_push *j, const char *s, size_t n);
enum json_token json_push_next(struct json_push *j);
/* The document has ended, and nothing but white space came after it. */
bool json_push_whole(const struct json_push *j);
/* Bytes read so far; after JSON_BROKEN the place of the fault. */
uint64_t json_push_at(const struct json_push *j);

#endif
