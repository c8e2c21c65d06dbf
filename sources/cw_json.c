#include "sources/cw_json.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/decimal.h"
#include "sources/prom_parse.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MAX 253402300800.0 /* the year 10000 */
#define ISO_MAX ((size_t)40)

void cw_json_init(struct cw_json *w, const char *bytes, size_t n)
{
	*w = (struct cw_json){ .bytes = n ? bytes : "", .n = n };
	json_push_init(&w->j);
	json_push_feed(&w->j, w->bytes, n);
}

void cw_json_release(struct cw_json *w)
{
	json_push_release(&w->j);
}

/* ---- tokens ------------------------------------------------------------- */

enum json_token cw_json_next(struct cw_json *w)
{
	if (w->why)
		return JSON_BROKEN;
	enum json_token t = json_push_next(&w->j);
	return t == JSON_MORE ? JSON_BROKEN : t;
}

void cw_json_skip(struct cw_json *w, enum json_token t)
{
	int depth = 0;
	for (; t != JSON_BROKEN; t = cw_json_next(w)) {
		depth += t == JSON_OBJECT || t == JSON_ARRAY;
		depth -= t == JSON_OBJECT_END || t == JSON_ARRAY_END;
		if (depth == 0)
			return;
	}
}

bool cw_json_is(const struct cw_json *w, const char *word)
{
	return w->j.n == strlen(word) && memcmp(w->j.s, word, w->j.n) == 0;
}

static cw_json_reader *reader_of(struct cw_json *w, const struct cw_field *f)
{
	for (; f->name; f++)
		if (cw_json_is(w, f->name))
			return f->read;
	w->foreign++;
	return NULL;
}

bool cw_json_object(struct cw_json *w, enum json_token t,
		    const struct cw_field *f, void *to)
{
	if (t != JSON_OBJECT) {
		cw_json_skip(w, t);
		return false;
	}
	while (cw_json_next(w) == JSON_KEY) {
		cw_json_reader *read = reader_of(w, f);
		w->value = (size_t)json_push_at(&w->j);
		t = cw_json_next(w);
		if (read && t != JSON_BROKEN)
			read(w, t, to);
		else
			cw_json_skip(w, t);
	}
	return true;
}

bool cw_json_list(struct cw_json *w, enum json_token t, cw_json_reader *item,
		  void *to)
{
	if (t != JSON_ARRAY) {
		cw_json_skip(w, t);
		return false;
	}
	while ((t = cw_json_next(w)) != JSON_ARRAY_END && t != JSON_BROKEN)
		item(w, t, to);
	return true;
}

/* ---- values ------------------------------------------------------------- */

static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

const char *cw_json_text(struct cw_json *w, enum json_token t, size_t max,
			 struct arena *a)
{
	if (t != JSON_STRING) {
		cw_json_skip(w, t);
		return NULL;
	}
	/* Nearly all of them. */
	if (w->j.n <= max && is_plain(w->j.s, w->j.n))
		return arena_strndup(a, w->j.s, w->j.n);
	struct buf b;
	buf_init(&b, max);
	text_clean(&b, w->j.s, w->j.n);
	const char *s = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return s;
}

static time_ms time_of_number(const char *s, size_t n)
{
	double v;
	if (!decimal_parse(s, n, &v) || !(v >= 0 && v < SECONDS_MAX))
		return TIME_NONE;
	return (time_ms)(v * 1000 + 0.5);
}

static time_ms time_of_text(const char *s, size_t n)
{
	char text[ISO_MAX];
	time_ms t;
	if (n >= sizeof(text) || memchr(s, '\0', n))
		return TIME_NONE;
	memcpy(text, s, n);
	text[n] = '\0';
	/* time_parse() also knows words that depend on a clock. */
	return n && strchr(text, 'T') && time_parse(text, 0, &t, NULL) == 0
		       && t >= 0 ? t : TIME_NONE;
}

time_ms cw_json_time(struct cw_json *w, enum json_token t)
{
	if (t == JSON_NUMBER)
		return time_of_number(w->j.s, w->j.n);
	if (t == JSON_STRING)
		return time_of_text(w->j.s, w->j.n);
	cw_json_skip(w, t);
	return TIME_NONE;
}

double cw_json_number(struct cw_json *w, enum json_token t)
{
	double v;
	if (t == JSON_NUMBER)
		return decimal_parse(w->j.s, w->j.n, &v) && isfinite(v) ? v
									: NAN;
	cw_json_skip(w, t);
	return NAN;
}

/* Of a text that was cut: it stands whole between the member's name and where
 * the reader is now. */
static char *long_text(struct cw_json *w)
{
	const char *end = w->bytes + json_push_at(&w->j);
	const char *s = w->bytes + w->value;
	s = memchr(s, '"', (size_t)(end - s));
	size_t n = (size_t)(end - s);
	if (n > LIMIT_TOKEN + 2 || memmem(s, n, "\\u0000", 6))
		return NULL;
	if (!memchr(s, '\\', n))
		return mem_strndup(s + 1, n - 2);
	cJSON *j = cJSON_ParseWithLength(s, n);
	const char *text = cJSON_GetStringValue(j);
	char *copy = text ? mem_strdup(text) : NULL;
	cJSON_Delete(j);
	return copy;
}

char *cw_json_token(struct cw_json *w, enum json_token t)
{
	char *s = NULL;
	if (t != JSON_STRING) {
		cw_json_skip(w, t);
		return NULL;
	}
	if (w->j.n == 0)
		return NULL;
	/* One that changes on its way asks for another page, or for the first
	 * one again. */
	if (!memchr(w->j.s, '\0', w->j.n))
		s = w->j.cut ? long_text(w) : mem_strndup(w->j.s, w->j.n);
	if (!s)
		w->why = "its NextToken cannot be sent back";
	return s;
}

/* ---- the document ------------------------------------------------------- */

static bool is_web_page(const struct cw_json *w)
{
	size_t i = 0;
	while (i < w->n && memchr(" \t\r\n", w->bytes[i], 4))
		i++;
	return i < w->n && w->bytes[i] == '<';
}

bool cw_json_is_login(const char *bytes, size_t n)
{
	n = n < LIMIT_ERROR_BODY ? n : LIMIT_ERROR_BODY;
	return prom_fault(200, NULL, NULL, bytes, n, NULL) == FAULT_AUTH;
}

static int say(const struct cw_json *w, struct err *e)
{
	if (w->why)
		return err_set(e, EXIT_UNREACHABLE, "the answer is not what "
			       "was asked for: %s", w->why);
	if (is_web_page(w) && cw_json_is_login(w->bytes, w->n))
		return err_set(e, EXIT_REFUSED, "the answer is a login page, "
			       "not the API's: a proxy wants to know who asks");
	if (is_web_page(w))
		return err_set(e, EXIT_UNREACHABLE, "the answer is a web page "
			       "or XML, not the API's JSON");
	if (w->n == 0)
		return err_set(e, EXIT_UNREACHABLE, "the answer is empty");
	return err_set(e, EXIT_UNREACHABLE, "the answer cannot be read at "
		       "byte %llu: %s",
		       (unsigned long long)json_push_at(&w->j),
		       w->j.why ? w->j.why : "it ends in the middle");
}

int cw_json_read(struct cw_json *w, const struct cw_field *f, void *to,
		 struct err *e)
{
	enum json_token t = cw_json_next(w);
	if (!cw_json_object(w, t, f, to) && t != JSON_BROKEN)
		w->why = "it is no object";
	if (!w->why)
		json_push_next(&w->j);
	return w->why || !json_push_whole(&w->j) ? say(w, e) : 0;
}
