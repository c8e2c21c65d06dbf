/* A state machine in two layers: `expect` is the grammar between tokens,
 * `lex` the token that the last piece ended in. A token that lies whole in
 * its piece is handed out in place; only others are copied. */
#include "sources/json_push.h"

#include "base/limits.h"

#include <string.h>

enum { TOP, VALUE, VALUE_OR_END, KEY, KEY_OR_END, COLON, NEXT, NOTHING };
enum { LEX_NONE, LEX_STRING, LEX_ESCAPE, LEX_HEX, LEX_NUMBER, LEX_WORD };

_Static_assert(LIMIT_NESTING <= 64, "a level is a bit of `objects`");

void json_push_init(struct json_push *j)
{
	*j = (struct json_push){ .expect = TOP };
	buf_init(&j->text, JSON_TEXT_MAX);
}

void json_push_release(struct json_push *j)
{
	buf_release(&j->text);
}

void json_push_feed(struct json_push *j, const char *s, size_t n)
{
	j->before += (uint64_t)(j->p - j->begin);
	j->begin = j->p = s;
	j->end = s + n;
}

uint64_t json_push_at(const struct json_push *j)
{
	return j->before + (uint64_t)(j->p - j->begin);
}

bool json_push_whole(const struct json_push *j)
{
	return !j->why && j->expect == NOTHING;
}

static enum json_token broken(struct json_push *j, const char *why)
{
	j->why = why;
	return JSON_BROKEN;
}

/* The token is all of [start, p), behind what earlier pieces left. */
static void take(struct json_push *j, const char *start)
{
	size_t n = (size_t)(j->p - start);
	if (j->text.len == 0) {
		j->cut = n > JSON_TEXT_MAX;
		j->s = start;
		j->n = j->cut ? JSON_TEXT_MAX : n;
		return;
	}
	buf_add(&j->text, start, n);
	j->cut = j->text.full;
	j->s = j->text.s;
	j->n = j->text.len;
}

static enum json_token end_value(struct json_push *j, enum json_token token)
{
	j->lex = LEX_NONE;
	j->expect = NEXT;
	return token;
}

static enum json_token end_string(struct json_push *j, const char *start)
{
	take(j, start);
	j->p++;
	if (!j->key)
		return end_value(j, JSON_STRING);
	j->lex = LEX_NONE;
	j->expect = COLON;
	return JSON_KEY;
}

/* A first half without its second has no character: it is shown as what it
 * is. */
static void flush_high(struct json_push *j)
{
	if (j->high)
		buf_printf(&j->text, "\\u{%x}", j->high);
	j->high = 0;
}

static bool is_high(uint32_t u)
{
	return u >= 0xd800 && u < 0xdc00;
}

static bool is_low(uint32_t u)
{
	return u >= 0xdc00 && u < 0xe000;
}

static void add_unit(struct json_push *j, uint32_t u)
{
	if (is_low(u) && j->high) {
		buf_utf8(&j->text, 0x10000 + ((j->high - 0xd800) << 10)
					   + (u - 0xdc00));
		j->high = 0;
		return;
	}
	flush_high(j);
	if (is_high(u))
		j->high = u;
	else if (is_low(u))
		buf_printf(&j->text, "\\u{%x}", u);
	else
		buf_utf8(&j->text, u);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte after a backslash, or a digit of \uXXXX. False: broken. */
static bool escape(struct json_push *j, char c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (j->lex == LEX_HEX) {
		int digit = hex_digit(c);
		if (digit < 0)
			return false;
		j->hex = j->hex << 4 | (uint32_t)digit;
		if (--j->hex_left == 0) {
			j->lex = LEX_STRING;
			add_unit(j, j->hex);
		}
		return true;
	}
	if (c == 'u') {
		j->lex = LEX_HEX;
		j->hex_left = 4;
		j->hex = 0;
		return true;
	}
	const char *at = c ? strchr(from, c) : NULL;
	if (!at)
		return false;
	flush_high(j);
	buf_char(&j->text, to[at - from]);
	j->lex = LEX_STRING;
	return true;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\';
}

static enum json_token read_string(struct json_push *j)
{
	for (;;) {
		const char *start = j->p;
		if (j->lex == LEX_STRING)
			while (j->p < j->end && is_plain(*j->p))
				j->p++;
		if (j->p > start || (j->p < j->end && *j->p == '"'
				     && j->lex == LEX_STRING))
			flush_high(j);
		if (j->p < j->end && *j->p == '"' && j->lex == LEX_STRING)
			return end_string(j, start);
		buf_add(&j->text, start, (size_t)(j->p - start));
		if (j->p == j->end)
			return JSON_MORE;
		if (j->lex != LEX_STRING) {
			if (!escape(j, *j->p))
				return broken(j, "an escape that JSON has not");
		} else if (*j->p == '\\') {
			j->lex = LEX_ESCAPE;
		} else {
			return broken(j, "a control character in a text");
		}
		j->p++;
	}
}

static const char *digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static bool is_number(const char *p, const char *end)
{
	p += p < end && *p == '-';
	const char *start = p;
	p = digits(p, end);
	if (p == start || (*start == '0' && p > start + 1))
		return false;
	if (p < end && *p == '.') {
		start = ++p;
		p = digits(p, end);
		if (p == start)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		start = p;
		p = digits(p, end);
		if (p == start)
			return false;
	}
	return p == end;
}

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+'
	       || c == 'e' || c == 'E';
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static enum json_token end_word(struct json_push *j)
{
	static const struct {
		const char *word;
		enum json_token token;
	} words[] = { { "true", JSON_TRUE }, { "false", JSON_FALSE },
		      { "null", JSON_NULL } };
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (j->n == strlen(words[i].word)
		    && memcmp(j->s, words[i].word, j->n) == 0)
			return end_value(j, words[i].token);
	return broken(j, "a word that JSON has not");
}

static enum json_token read_bare(struct json_push *j)
{
	bool number = j->lex == LEX_NUMBER;
	const char *start = j->p;
	while (j->p < j->end
	       && (number ? is_number_byte(*j->p) : is_word_byte(*j->p)))
		j->p++;
	if (j->p == j->end) {
		buf_add(&j->text, start, (size_t)(j->p - start));
		return JSON_MORE;
	}
	take(j, start);
	if (!number)
		return end_word(j);
	if (j->cut || !is_number(j->s, j->s + j->n))
		return broken(j, "a number that JSON has not");
	return end_value(j, JSON_NUMBER);
}

static enum json_token resume(struct json_push *j)
{
	return j->lex >= LEX_NUMBER ? read_bare(j) : read_string(j);
}

static enum json_token start(struct json_push *j, unsigned char lex)
{
	j->lex = lex;
	buf_clear(&j->text);
	return resume(j);
}

static enum json_token start_string(struct json_push *j, bool key)
{
	j->p++;
	j->key = key;
	j->high = 0;
	return start(j, LEX_STRING);
}

static uint64_t level(const struct json_push *j)
{
	return (uint64_t)1 << (j->depth - 1);
}

static enum json_token open_level(struct json_push *j, bool object)
{
	if (j->depth == LIMIT_NESTING)
		return broken(j, "nested too deep");
	j->p++;
	j->depth++;
	j->objects = object ? j->objects | level(j) : j->objects & ~level(j);
	j->expect = object ? KEY_OR_END : VALUE_OR_END;
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token close_level(struct json_push *j)
{
	bool object = j->objects & level(j);
	if (*j->p != (object ? '}' : ']'))
		return broken(j, object ? "a comma or } is missing"
					: "a comma or ] is missing");
	j->p++;
	j->depth--;
	j->expect = j->depth ? NEXT : NOTHING;
	return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static enum json_token value(struct json_push *j)
{
	char c = *j->p;
	if (c == '{' || c == '[')
		return open_level(j, c == '{');
	if (j->expect == TOP)
		return broken(j, "no JSON object");
	if (c == '"')
		return start_string(j, false);
	if (c == '-' || (c >= '0' && c <= '9'))
		return start(j, LEX_NUMBER);
	if (is_word_byte(c))
		return start(j, LEX_WORD);
	return broken(j, "a value is missing");
}

static bool is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

enum json_token json_push_next(struct json_push *j)
{
	if (j->why)
		return JSON_BROKEN;
	if (j->lex)
		return resume(j);
	for (;; j->p++) {
		while (j->p < j->end && is_white(*j->p))
			j->p++;
		if (j->p == j->end)
			return JSON_MORE;
		char c = *j->p;
		switch (j->expect) {
		case NEXT:
			if (c != ',')
				return close_level(j);
			j->expect = j->objects & level(j) ? KEY : VALUE;
			break;
		case COLON:
			if (c != ':')
				return broken(j, "a colon is missing");
			j->expect = VALUE;
			break;
		case KEY_OR_END:
			if (c == '}')
				return close_level(j);
			/* fall through */
		case KEY:
			if (c != '"')
				return broken(j, "a key is missing");
			return start_string(j, true);
		case NOTHING:
			return broken(j, "more after the end");
		case VALUE_OR_END:
			if (c == ']')
				return close_level(j);
			/* fall through */
		default:
			return value(j);
		}
	}
}
