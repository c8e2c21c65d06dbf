#include "app/spec_promql.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- words ------------------------------------------------------------- */

static bool is_start(char c)
{
	return isalpha((unsigned char)c) || c == '_' || c == ':';
}

static bool is_more(char c)
{
	return is_start(c) || isdigit((unsigned char)c);
}

static const char *behind_space(const char *s)
{
	for (;;) {
		s += strspn(s, " \t\r\n");
		if (*s != '#')
			return s;
		s += strcspn(s, "\n");
	}
}

/* Behind the string that begins at s, or NULL. */
static const char *behind_string(const char *s)
{
	char quote = *s++;
	for (; *s && *s != quote; s++)
		if (*s == '\\' && quote != '`' && s[1])
			s++;
	return *s ? s + 1 : NULL;
}

static const char *behind_number(const char *s)
{
	while (is_more(*s) || *s == '.') {
		bool power = (*s == 'e' || *s == 'E') &&
			     (s[1] == '-' || s[1] == '+') &&
			     isdigit((unsigned char)s[2]);
		s += power ? 2 : 1;
	}
	return s;
}

static const char *behind_name(const char *s)
{
	while (is_more(*s))
		s++;
	return s;
}

static const char *behind_sign(const char *s)
{
	static const char *const two[] = { "=~", "!~", "!=", "==", ">=",
					   "<=" };
	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
		if (strncmp(s, two[i], 2) == 0)
			return s + 2;
	return s + 1;
}

void query_next(const char **at, struct query_word *w)
{
	const char *s = behind_space(*at), *end;
	w->s = s;
	if (!*s) {
		w->kind = WORD_END;
		end = s;
	} else if (is_start(*s)) {
		w->kind = WORD_NAME;
		end = behind_name(s);
	} else if (*s == '$' && is_start(s[1])) {
		w->kind = WORD_VARIABLE;
		end = behind_name(s + 1);
	} else if (isdigit((unsigned char)*s) ||
		   (*s == '.' && isdigit((unsigned char)s[1]))) {
		w->kind = WORD_NUMBER;
		end = behind_number(s);
	} else if (strchr("\"'`", *s)) {
		end = behind_string(s);
		w->kind = end ? WORD_STRING : WORD_SIGN;
		if (!end)
			end = s + strlen(s);
	} else {
		w->kind = WORD_SIGN;
		end = behind_sign(s);
	}
	w->n = (size_t)(end - s);
	*at = end;
}

static bool is(const struct query_word *w, const char *text)
{
	return w->n == strlen(text) && strncmp(w->s, text, w->n) == 0;
}

static bool is_any(const struct query_word *w, const char *const *list)
{
	for (; w->kind == WORD_NAME && *list; list++)
		if (w->n == strlen(*list) &&
		    strncasecmp(w->s, *list, w->n) == 0)
			return true;
	return false;
}

static bool is_grouping(const struct query_word *w)
{
	static const char *const words[] = { "by", "without", "on", "ignoring",
					     "group_left", "group_right",
					     NULL };
	return is_any(w, words);
}

static bool is_reserved(const struct query_word *w)
{
	static const char *const words[] = { "and", "or", "unless", "bool",
					     "offset", "atan2", "inf", "nan",
					     "default", "if", "ifnot", "limit",
					     "keep_metric_names", NULL };
	return is_any(w, words);
}

static struct query_word peek(const char *at)
{
	struct query_word w;
	query_next(&at, &w);
	return w;
}

bool query_has_word(const char *query, const char *word)
{
	const char *const list[] = { word, NULL };
	struct query_word w;
	do {
		query_next(&query, &w);
		if (is_any(&w, list))
			return true;
	} while (w.kind != WORD_END);
	return false;
}

/* ---- selectors --------------------------------------------------------- */

const struct query_matcher *selector_matcher(const struct query_selector *s,
					     const char *label)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->m[i].label_n == strlen(label) &&
		    strncmp(s->m[i].label, label, s->m[i].label_n) == 0)
			return &s->m[i];
	return NULL;
}

bool matcher_is(const struct query_matcher *m, const char *op,
		const char *value)
{
	return strcmp(m->op, op) == 0 && m->value_n == strlen(value) &&
	       strncmp(m->value, value, m->value_n) == 0;
}

bool selector_name_is(const struct query_selector *s, const char *name)
{
	return s->name && s->name_n == strlen(name) &&
	       strncmp(s->name, name, s->name_n) == 0;
}

bool selector_ends(const struct query_selector *s, const char *suffix)
{
	size_t n = strlen(suffix);
	return s->name && s->name_n > n &&
	       strncmp(s->name + s->name_n - n, suffix, n) == 0;
}

static bool is_op(const struct query_word *w)
{
	return is(w, "=") || is(w, "!=") || is(w, "=~") || is(w, "!~");
}

/* What stands in a string, or a word as such. */
static const char *inner(const struct query_word *w, size_t *n)
{
	bool quoted = w->kind == WORD_STRING;
	*n = w->n - (quoted ? 2 : 0);
	return w->s + quoted;
}

static bool read_matcher(const char **at, const struct query_word *label,
			 struct query_selector *s)
{
	struct query_word op = peek(*at), value;
	struct query_matcher m = { 0 };
	m.label = inner(label, &m.label_n);
	if (label->kind == WORD_STRING && (is(&op, ",") || is(&op, "}"))) {
		s->name = m.label;
		s->name_n = m.label_n;
		return true;
	}
	query_next(at, &op);
	query_next(at, &value);
	if (!is_op(&op) || value.kind != WORD_STRING)
		return false;
	memcpy(m.op, op.s, op.n);
	m.value = inner(&value, &m.value_n);
	if (m.label_n == 8 && strncmp(m.label, "__name__", 8) == 0 &&
	    strcmp(m.op, "=") == 0) {
		s->name = m.value;
		s->name_n = m.value_n;
		return true;
	}
	if (s->nr == QUERY_MATCHERS)
		return false;
	s->m[s->nr++] = m;
	return true;
}

static bool read_matchers(const char **at, struct query_selector *s)
{
	struct query_word w;
	for (;;) {
		query_next(at, &w);
		if (is(&w, "}"))
			return true;
		if (is(&w, ","))
			continue;
		if ((w.kind != WORD_NAME && w.kind != WORD_STRING) ||
		    !read_matcher(at, &w, s))
			return false;
	}
}

/* A selector that begins with the word w, which was read. */
static bool read_selector(const char **at, const struct query_word *w,
			  struct query_selector *s)
{
	*s = (struct query_selector){ .s = w->s };
	if (w->kind == WORD_NAME) {
		struct query_word open = peek(*at);
		s->name = w->s;
		s->name_n = w->n;
		if (is(&open, "("))
			return false;
		if (is(&open, "{")) {
			query_next(at, &open);
			if (!read_matchers(at, s))
				return false;
		}
	} else if (!is(w, "{") || !read_matchers(at, s)) {
		return false;
	}
	s->n = (size_t)(*at - s->s);
	return true;
}

int query_selector(const char *query, struct query_selector *out,
		   struct err *e)
{
	static const char want[] = "expected a selector alone, as in "
				   "requests_total{job=\"api\"}";
	const char *at = query;
	struct query_word w, next;
	query_next(&at, &w);
	next = peek(at);
	if (w.kind == WORD_END)
		return err_set(e, EXIT_FILE, "%s", want);
	if (w.kind == WORD_NAME && (is(&next, "(") || is_grouping(&next)))
		return err_set(e, EXIT_FILE, "%s; %.*s() is put around it by "
			       "itself", want, w.n > 40 ? 40 : (int)w.n, w.s);
	if (!read_selector(&at, &w, out))
		return err_set(e, EXIT_FILE, "%s", want);
	query_next(&at, &next);
	if (is(&next, "["))
		return err_set(e, EXIT_FILE, "%s; the window is put behind it "
			       "by itself", want);
	if (next.kind != WORD_END)
		return err_set(e, EXIT_FILE, "%s, without '%.*s' behind it",
			       want, next.n > 40 ? 40 : (int)next.n, next.s);
	return 0;
}

/* ---- what stands around them ------------------------------------------- */

/* Behind the bracket that closes the one that was read. */
static bool behind_bracket(const char **at, const char *open,
			   const char *close)
{
	struct query_word w;
	for (int depth = 1; depth > 0;) {
		query_next(at, &w);
		if (w.kind == WORD_END)
			return false;
		depth += is(&w, open) - is(&w, close);
	}
	return true;
}

/* Behind "by (x)" and the like, if it stands here. */
static bool behind_grouping(const char **at)
{
	struct query_word w = peek(*at);
	if (!is_grouping(&w))
		return true;
	query_next(at, &w);
	w = peek(*at);
	if (!is(&w, "("))
		return true;
	query_next(at, &w);
	return behind_bracket(at, "(", ")");
}

static bool at_end(const char *at)
{
	return peek(at).kind == WORD_END;
}

bool query_sum(const char *query, struct query_selector *out, bool *bare)
{
	static const char *const sum[] = { "sum", NULL };
	const char *at = query;
	struct query_word w;
	query_next(&at, &w);
	*bare = !is_any(&w, sum);
	if (*bare)
		return read_selector(&at, &w, out) && at_end(at);
	if (!behind_grouping(&at))
		return false;
	query_next(&at, &w);
	if (!is(&w, "("))
		return false;
	query_next(&at, &w);
	if (!read_selector(&at, &w, out))
		return false;
	query_next(&at, &w);
	return is(&w, ")") && behind_grouping(&at) && at_end(at);
}

bool query_is_one(const char *query)
{
	const char *at = query;
	struct query_selector s;
	struct query_word w;
	bool bare;
	if (query_sum(query, &s, &bare))
		return true;
	query_next(&at, &w);
	if (w.kind != WORD_NAME && !is(&w, "("))
		return false;
	if (w.kind == WORD_NAME) {
		if (!behind_grouping(&at))
			return false;
		query_next(&at, &w);
	}
	return is(&w, "(") && behind_bracket(&at, "(", ")") &&
	       behind_grouping(&at) && at_end(at);
}

/* A name that is no metric: of a function, an aggregation, an operator. */
static bool is_other(const char *at, const struct query_word *w)
{
	struct query_word next = peek(at);
	return is(&next, "(") || is_reserved(w) ||
	       (is_grouping(&next) && !is_grouping(w));
}

bool query_selectors(const char *query, struct query_selector *out, size_t max,
		     size_t *nr)
{
	struct query_word w;
	*nr = 0;
	for (;;) {
		struct query_word next = peek(query);
		if (is_grouping(&next)) {
			if (!behind_grouping(&query))
				return false;
			continue;
		}
		query_next(&query, &w);
		if (w.kind == WORD_END)
			return true;
		if (is(&w, "[")) {
			if (!behind_bracket(&query, "[", "]"))
				return false;
			continue;
		}
		if (w.kind == WORD_NAME ? is_other(query, &w) : !is(&w, "{"))
			continue;
		if (*nr == max || !read_selector(&query, &w, &out[(*nr)++]))
			return false;
	}
}
