/* An answer of CloudWatch, walked without a tree: an object is read by a table
 * of its members, in any order, and what no row names is skipped whatever it
 * holds. The first fault ends the walk. */
#ifndef SOURCES_CW_JSON_H
#define SOURCES_CW_JSON_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "sources/json_push.h"

struct cw_json {
	struct json_push j;   /* its s and n are the text of the token */
	const char *bytes;
	size_t n;
	size_t value;         /* where a member's value begins, or before */
	size_t foreign;       /* members that no row named */
	const char *why;      /* what is wrong, set by a reader; or NULL */
};

/* Reads the value that begins with the token t, all of it. */
typedef void cw_json_reader(struct cw_json *w, enum json_token t, void *to);
struct cw_field {
	const char *name;     /* NULL ends a table */
	cw_json_reader *read;
};

/* Borrows the bytes. */
void cw_json_init(struct cw_json *w, const char *bytes, size_t n);
void cw_json_release(struct cw_json *w);
/* The document: an object, and nothing but white space after it. -1 with a
 * sentence (EXIT_UNREACHABLE, EXIT_REFUSED for a login page); some of it was
 * read then. */
int cw_json_read(struct cw_json *w, const struct cw_field *f, void *to,
		 struct err *e);

/* For readers. Once there is a fault every token is JSON_BROKEN. */
enum json_token cw_json_next(struct cw_json *w);
void cw_json_skip(struct cw_json *w, enum json_token t);
/* False, and skipped: it is no object, no list. */
bool cw_json_object(struct cw_json *w, enum json_token t,
		    const struct cw_field *f, void *to);
bool cw_json_list(struct cw_json *w, enum json_token t, cw_json_reader *item,
		  void *to);

/* Of the token; they skip what is none. */
bool cw_json_is(const struct cw_json *w, const char *word);
/* Clean, at most `max` bytes; NULL: no text. */
const char *cw_json_text(struct cw_json *w, enum json_token t, size_t max,
			 struct arena *a);
/* Seconds since 1970, or ISO-8601 as some stand-ins write. TIME_NONE: neither,
 * or beyond the year 9999. */
time_ms cw_json_time(struct cw_json *w, enum json_token t);
/* NAN: no number, or one that no double holds. */
double cw_json_number(struct cw_json *w, enum json_token t);
/* A member's text as it came, to be sent back: longer than JSON_TEXT_MAX, not
 * than LIMIT_TOKEN, which is a fault. NULL: none, or empty. Caller frees. */
char *cw_json_token(struct cw_json *w, enum json_token t);

/* Whether a web page asks who one is: a proxy stands before the API. */
bool cw_json_is_login(const char *bytes, size_t n);

#endif
