#include "sources/promql.h"

#include <ctype.h>
#include <string.h>

static bool is_word(const char *s, const char *more)
{
	if (!*s || isdigit((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

bool promql_is_metric(const char *s)
{
	return is_word(s, "_:");
}

bool promql_is_label(const char *s)
{
	return is_word(s, "_");
}

static void escaped(struct buf *out, char c)
{
	if (c == '\n')
		buf_str(out, "\\n");
	else if (c == '"' || c == '\\')
		buf_add(out, (char[]){ '\\', c }, 2);
	else
		buf_char(out, c);
}

void promql_quote(struct buf *out, const char *value)
{
	buf_char(out, '"');
	for (; *value; value++)
		escaped(out, *value);
	buf_char(out, '"');
}

void promql_label(struct buf *out, const char *label)
{
	if (promql_is_label(label))
		buf_str(out, label);
	else
		promql_quote(out, label);
}

void promql_equal(struct buf *out, const char *label, const char *value)
{
	promql_label(out, label);
	buf_char(out, '=');
	promql_quote(out, value);
}

static void alternatives(struct buf *out, const char *const *value, size_t nr)
{
	buf_char(out, '"');
	for (size_t i = 0; i < nr; i++) {
		if (i > 0)
			buf_char(out, '|');
		for (const char *p = value[i]; *p; p++) {
			if (strchr("\\.+*?()|[]{}^$", *p))
				buf_str(out, "\\\\");
			escaped(out, *p);
		}
	}
	buf_char(out, '"');
}

void promql_among(struct buf *out, const char *label, bool not,
		  const char *const *value, size_t nr)
{
	promql_label(out, label);
	if (nr == 1) {
		buf_str(out, not ? "!=" : "=");
		promql_quote(out, value[0]);
		return;
	}
	buf_str(out, not ? "!~" : "=~");
	alternatives(out, value, nr);
}

static void matchers(struct buf *out, bool first, const char *const *matcher,
		     size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (!matcher[i] || !*matcher[i])
			continue;
		if (!first)
			buf_char(out, ',');
		buf_str(out, matcher[i]);
		first = false;
	}
}

static bool any(const char *const *matcher, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (matcher[i] && *matcher[i])
			return true;
	return false;
}

void promql_selector(struct buf *out, const char *name,
		     const char *const *matcher, size_t nr)
{
	bool plain = promql_is_metric(name);
	if (plain)
		buf_str(out, name);
	if (plain && !any(matcher, nr))
		return;
	buf_char(out, '{');
	if (!plain)
		promql_quote(out, name);
	matchers(out, plain, matcher, nr);
	buf_char(out, '}');
}

void promql_names(struct buf *out, const char *const *name, size_t names,
		  const char *const *matcher, size_t nr)
{
	if (names == 1) {
		promql_selector(out, name[0], matcher, nr);
		return;
	}
	buf_str(out, "{__name__=~");
	alternatives(out, name, names);
	matchers(out, false, matcher, nr);
	buf_char(out, '}');
}

void promql_inner(struct buf *out, const char *match)
{
	if (!match)
		return;
	const char *end = match + strlen(match);
	while (match < end && isspace((unsigned char)*match))
		match++;
	while (end > match && isspace((unsigned char)end[-1]))
		end--;
	if (end - match >= 2 && *match == '{' && end[-1] == '}')
		match++, end--;
	while (end > match && (isspace((unsigned char)end[-1]) ||
			       end[-1] == ','))
		end--;
	buf_add(out, match, (size_t)(end - match));
}

/* What follows a string that begins here. */
static const char *behind_string(const char *s)
{
	char quote = *s++;
	for (; *s && *s != quote; s++)
		if (*s == '\\' && quote != '`' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* Inside strings a variable is text: of a label value of the server's. */
static void fill_in(struct buf *out, const char *text, const char *variable,
		    const char *value)
{
	size_t n = strlen(variable);
	while (*text) {
		const char *next = text + 1;
		if (strchr("\"'`", *text)) {
			next = behind_string(text);
		} else if (strncmp(text, variable, n) == 0) {
			buf_str(out, value);
			text += n;
			continue;
		}
		buf_add(out, text, (size_t)(next - text));
		text = next;
	}
}

void promql_window(struct buf *out, const char *text, const char *window)
{
	fill_in(out, text, "$__rate_interval", window);
}

void promql_service(struct buf *out, const char *text, const char *value)
{
	struct buf quoted;
	buf_init(&quoted, 0);
	promql_quote(&quoted, value);
	fill_in(out, text, "$__service", buf_text(&quoted));
	buf_release(&quoted);
}
