#include "app/spec_private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/promql.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a file is ---------------------------------------------------- */

static const struct mark {
	enum spec_kind kind;
	const char *key, *value; /* its beginning, or NULL: any */
} marks[] = {
	{ SPEC_SLOTH, "version", "prometheus/" },
	{ SPEC_SLOTH, "apiVersion", "sloth.slok.dev/" },
	{ SPEC_PYRRA, "apiVersion", "pyrra.dev/" },
	{ SPEC_OPENSLO, "apiVersion", "openslo/" },
	{ SPEC_OPENSLO, "apiVersion", "openslo.com/" },
	{ SPEC_RULES, "apiVersion", "monitoring.coreos.com/" },
	{ SPEC_RULES, "groups", NULL },
};

const char *spec_kind_name(enum spec_kind k)
{
	static const char *const names[] = {
		[SPEC_NONE] = "redtop", [SPEC_SLOTH] = "sloth",
		[SPEC_PYRRA] = "pyrra", [SPEC_OPENSLO] = "openslo",
		[SPEC_RULES] = "rules",
	};
	return k >= SPEC_NONE && k <= SPEC_RULES ? names[k] : "unknown";
}

enum spec_kind spec_object_kind(const struct node *n)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const struct node *v = node_get(n, marks[i].key);
		const char *want = marks[i].value, *s = node_text(v);
		if (v && (!want || (s && strncmp(s, want, strlen(want)) == 0)))
			return marks[i].kind;
	}
	return SPEC_NONE;
}

/* A list that stands for its items: at a root, or of kind ...List. */
static const struct node *items_of(const struct node *n)
{
	const char *kind = node_text(node_get(n, "kind"));
	const struct node *items = node_get(n, "items");
	size_t len = kind ? strlen(kind) : 0;
	if (n->kind == NODE_LIST)
		return n;
	if (len >= 4 && strcmp(kind + len - 4, "List") == 0 && items &&
	    items->kind == NODE_LIST)
		return items;
	return NULL;
}

enum spec_kind spec_kind_of(const struct document *d)
{
	enum spec_kind kind = SPEC_NONE;
	for (size_t i = 0; i < d->nr && kind == SPEC_NONE; i++) {
		const struct node *list = items_of(d->root[i]);
		kind = list ? SPEC_NONE : spec_object_kind(d->root[i]);
		for (size_t k = 0; list && k < list->nr; k++)
			if (kind == SPEC_NONE)
				kind = spec_object_kind(list->item[k]);
	}
	return kind;
}

/* ---- problems ---------------------------------------------------------- */

const char *spec_clean(struct spec_reader *r, const char *s, size_t max)
{
	struct buf b;
	buf_init(&b, max);
	text_clean(&b, s, strlen(s));
	const char *out = arena_strdup(&r->s->arena, buf_text(&b));
	buf_release(&b);
	return out ? out : "";
}

/* What several objectives have in common is said once. */
static bool is_told(const struct spec *s, int line, const char *text)
{
	for (size_t i = 0; i < s->nr_problems; i++)
		if (s->problem[i].line == line &&
		    strcmp(s->problem[i].text, text) == 0)
			return true;
	return false;
}

static const char *note(struct spec_reader *r, const struct node *at,
			bool error, const char *fmt, va_list ap)
{
	struct spec *s = r->s;
	char text[LIMIT_SENTENCE * 2];
	vsnprintf(text, sizeof(text), fmt, ap);
	const char *own = spec_clean(r, text, LIMIT_SENTENCE);
	int line = at ? at->line : 1, column = at ? at->column : 1;
	if (is_told(s, line, own))
		return own;
	if (error)
		s->errors++;
	else
		s->warnings++;
	if (s->nr_problems == LIMIT_PROBLEMS)
		return own;
	size_t i = s->nr_problems++;
	for (; i > 0 && s->problem[i - 1].line > line; i--)
		s->problem[i] = s->problem[i - 1];
	s->problem[i] = (struct spec_problem){ line, column, error, own };
	return own;
}

void spec_say(struct spec_reader *r, const struct node *at, bool error,
	      const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	note(r, at, error, fmt, ap);
	va_end(ap);
}

static void reason(struct spec_reader *r, struct spec_slo *x,
		   const struct node *at, const char *text)
{
	size_t max = sizeof(x->unsupported) / sizeof(x->unsupported[0]);
	if (x->nr_unsupported < max)
		x->unsupported[x->nr_unsupported++] =
			arena_printf(&r->s->arena, "line %d: %s",
				     at ? at->line : 1, text);
}

void spec_refuse(struct spec_reader *r, struct spec_slo *x,
		 const struct node *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	reason(r, x, at, note(r, at, false, fmt, ap));
	va_end(ap);
}

void spec_fault(struct spec_reader *r, struct spec_slo *x,
		const struct node *at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *text = note(r, at, true, fmt, ap);
	va_end(ap);
	if (x)
		reason(r, x, at, text);
}

#define WORDS_MAX 24

void spec_known(struct spec_reader *r, const struct node *map,
		const char *what, const char *words)
{
	char all[512];
	const char *names[WORDS_MAX + 1];
	size_t nr = 0;
	if (!map || map->kind != NODE_MAP)
		return;
	snprintf(all, sizeof(all), "%s", words);
	for (char *save, *w = strtok_r(all, " ", &save); w && nr < WORDS_MAX;
	     w = strtok_r(NULL, " ", &save))
		names[nr++] = w;
	names[nr] = NULL;
	for (size_t i = 0; i < map->nr; i++) {
		const char *key = map->key[i]->text;
		size_t k = 0;
		while (k < nr && strcmp(names[k], key) != 0)
			k++;
		if (k < nr)
			continue;
		const char *near = text_nearest(key, names);
		spec_say(r, map->key[i], false, "unknown key '%.60s' in "
			 "%s%s%s%s", key, what, near ? ", did you mean '" : "",
			 near ? near : "", near ? "'?" : "; it is not read");
	}
}

/* ---- values ------------------------------------------------------------ */

const char *spec_line(struct spec_reader *r, const struct node *n)
{
	const char *s = node_text(n);
	struct buf b;
	if (!s)
		return NULL;
	buf_init(&b, LIMIT_LABEL_VALUE);
	for (; *s; s++) {
		bool space = strchr(" \t\r\n", *s) != NULL;
		if (!space)
			buf_char(&b, *s);
		else if (b.len && b.s[b.len - 1] != ' ')
			buf_char(&b, ' ');
	}
	while (b.len && b.s[b.len - 1] == ' ')
		b.s[--b.len] = '\0';
	const char *out = b.len ? spec_clean(r, b.s, LIMIT_LABEL_VALUE) : NULL;
	buf_release(&b);
	return out;
}

/* White space and comments: a blank where a line ends, else as it is. */
static const char *add_space(struct buf *b, const char *s)
{
	const char *end = s;
	bool broken = false;
	for (;;) {
		size_t n = strspn(end, " \t\r\n");
		broken = broken || memchr(end, '\n', n) || end[n] == '#';
		end += n;
		if (*end != '#')
			break;
		end += strcspn(end, "\n");
	}
	if (!b->len || !*end)
		return end;
	for (size_t n = broken ? 1 : (size_t)(end - s); n > 0; n--)
		buf_char(b, ' ');
	return end;
}

static void join_lines(struct buf *b, const char *s)
{
	char quote = 0;
	while (*s) {
		if (!quote && strchr(" \t\r\n#", *s)) {
			s = add_space(b, s);
			continue;
		}
		if (quote && quote != '`' && *s == '\\' && s[1])
			buf_char(b, *s++);
		else if (quote ? *s == quote : strchr("\"'`", *s) != NULL)
			quote = quote ? 0 : *s;
		buf_char(b, strchr("\t\r\n", *s) ? ' ' : *s);
		s++;
	}
}

/* Behind {{ .window }}, or NULL. */
static const char *behind_window(const char *s)
{
	static const char word[] = ".window";
	if (strncmp(s, "{{", 2) != 0)
		return NULL;
	s += 2;
	s += *s == '-';
	s += strspn(s, " ");
	if (strncmp(s, word, sizeof(word) - 1) != 0)
		return NULL;
	s += sizeof(word) - 1;
	s += strspn(s, " ");
	s += *s == '-';
	return strncmp(s, "}}", 2) == 0 ? s + 2 : NULL;
}

static void put_window(struct buf *b, const char *s)
{
	while (*s) {
		const char *end = behind_window(s);
		if (end)
			buf_str(b, "$window");
		else
			buf_char(b, *s);
		s = end ? end : s + 1;
	}
}

const char *spec_expr(struct spec_reader *r, struct spec_slo *x,
		      const struct node *n, const char *name)
{
	const char *s = node_text(n), *out = NULL;
	struct buf joined, b;
	if (!s || !*s) {
		spec_fault(r, x, n, "%s: expected a query", name);
		return NULL;
	}
	buf_init(&joined, 0);
	buf_init(&b, 0);
	join_lines(&joined, s);
	put_window(&b, buf_text(&joined));
	if (!b.len)
		spec_fault(r, x, n, "%s: expected a query", name);
	else if (b.len > LIMIT_QUERY / 2)
		spec_fault(r, x, n, "%s: a query of %zu bytes, more than %zu",
			   name, b.len, LIMIT_QUERY / 2);
	else if (!text_is_clean(b.s))
		spec_fault(r, x, n, "%s: a query with characters that cannot "
			   "be shown", name);
	else
		out = arena_strdup(&r->s->arena, b.s);
	buf_release(&joined);
	buf_release(&b);
	return out;
}

const char *spec_query(struct spec_reader *r, struct spec_slo *x,
		       const struct node *n, const char *name)
{
	const char *q = spec_expr(r, x, n, name);
	const char *rest = q ? strstr(q, "{{") : NULL;
	if (rest)
		spec_refuse(r, x, n, "%s: the template '%.30s' is not filled "
			    "in here, only {{.window}} is", name, rest);
	return q;
}

bool spec_number(const struct node *n, const char *tail, double *out)
{
	const char *s = node_text(n);
	char *end, text[80];
	size_t k = s ? strlen(s) : 0;
	if (!k || k > 40 || strspn(s, "+-.0123456789") < k)
		return false;
	snprintf(text, sizeof(text), "%s%s", s, tail);
	*out = strtod(text, &end);
	return !*end && isfinite(*out);
}

bool spec_span(const char *s, time_ms *out)
{
	static const struct { const char *name; time_ms ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 }, { "w", 7 * (time_ms)86400000 },
		{ "y", 365 * (time_ms)86400000 },
	};
	*out = 0;
	while (s && *s) {
		time_ms v = 0;
		size_t digits = strspn(s, "0123456789"), i = 0;
		if (!digits || digits > 9)
			return false;
		for (; digits > 0; digits--)
			v = v * 10 + (*s++ - '0');
		size_t n = strspn(s, "mshdwy");
		while (i < 7 && (strlen(units[i].name) != n ||
				 strncmp(units[i].name, s, n) != 0))
			i++;
		if (i == 7 || v > 10 * units[6].ms / units[i].ms)
			return false;
		*out += v * units[i].ms;
		s += n;
	}
	return *out > 0;
}

void spec_objective(struct spec_reader *r, struct spec_slo *x,
		    const struct node *at, double v)
{
	x->def.objective = v;
	if (v >= 1)
		spec_refuse(r, x, at, "an objective of 100 %% leaves no budget "
			    "to burn");
}

void spec_percent(struct spec_reader *r, struct spec_slo *x,
		  const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);
	const char *s = node_text(n);
	double v;
	if (!s) {
		spec_fault(r, x, n ? n : map, "'%s' is missing; write %s: 99.9",
			   key, key);
	} else if (!spec_number(n, "e-2", &v) || !(v > 0 && v <= 1)) {
		spec_fault(r, x, n, "%s '%.40s': expected a percentage above 0 "
			   "and below 100, as in 99.9", key, s);
	} else {
		if (v < 0.01)
			spec_say(r, n, false, "%s %.40s is %g %%; 99.9 is "
				 "written for 99.9 %%", key, s, v * 100);
		spec_objective(r, x, n, v);
	}
}

void spec_name_add(struct spec_reader *r, struct spec_names *l,
		   const char *name)
{
	for (size_t i = 0; i < l->nr; i++)
		if (strcmp(l->name[i], name) == 0)
			return;
	if (l->nr < LIMIT_NAMES)
		l->name[l->nr++] = spec_clean(r, name, LIMIT_LABEL_NAME);
}

void spec_name_keys(struct spec_reader *r, struct spec_names *l,
		    const struct node *map)
{
	for (size_t i = 0; map && map->kind == NODE_MAP && i < map->nr; i++)
		spec_name_add(r, l, map->key[i]->text);
}

const char *const *spec_names(struct spec_reader *r,
			      const struct spec_names *l)
{
	const char **out;
	if (!l->nr)
		return NULL;
	out = arena_alloc(&r->s->arena, (l->nr + 1) * sizeof(*out));
	if (out)
		memcpy(out, l->name, l->nr * sizeof(*out));
	return out;
}

const char *spec_quoted(struct spec_reader *r, const char *value)
{
	struct buf b;
	buf_init(&b, 0);
	promql_quote(&b, value);
	const char *out = arena_strdup(&r->s->arena, buf_text(&b));
	buf_release(&b);
	return out;
}

/* ---- objectives and alerts --------------------------------------------- */

static const char *where_of(struct spec_reader *r, const struct node *at)
{
	return arena_printf(&r->s->arena, "%s:%d",
			    spec_clean(r, r->doc->file, LIMIT_SENTENCE),
			    at->line);
}

struct spec_slo spec_begin(struct spec_reader *r, const struct node *at)
{
	return (struct spec_slo){
		.def = { .where = where_of(r, at), .period = 30 * 86400000LL },
		.line = at->line,
	};
}

static void check_twice(struct spec_reader *r, struct spec_slo *x)
{
	const struct node at = { .line = x->line, .column = 1 };
	for (size_t i = 0; x->def.id && i < r->s->nr_slos; i++) {
		const struct spec_slo *other = &r->s->slo[i];
		if (!other->def.id || strcmp(other->def.id, x->def.id) != 0)
			continue;
		spec_fault(r, x, &at, "objective '%.80s' stands twice; it is "
			   "also on line %d", x->def.id, other->line);
		return;
	}
}

static bool is_whole(const struct slo_def *d)
{
	return d->id && d->objective > 0 && d->objective < 1 && d->period > 0 &&
	       (d->ratio || (d->errors && d->total));
}

static bool is_long(const char *query)
{
	return query && strlen(query) > LIMIT_QUERY / 2;
}

bool spec_full(struct spec_reader *r, const struct node *at)
{
	if (r->s->nr_slos < LIMIT_SPEC_ITEMS)
		return false;
	if (!r->full)
		spec_fault(r, NULL, at, "more than %zu objectives",
			   LIMIT_SPEC_ITEMS);
	r->full = true;
	return true;
}

void spec_end(struct spec_reader *r, struct spec_slo *x)
{
	struct spec *s = r->s;
	const struct node at = { .line = x->line, .column = 1 };
	check_twice(r, x);
	if (is_long(x->def.errors) || is_long(x->def.total) ||
	    is_long(x->def.ratio))
		spec_refuse(r, x, &at, "a query of more than %zu bytes",
			    LIMIT_QUERY / 2);
	if (!x->nr_unsupported && !is_whole(&x->def))
		spec_refuse(r, x, &at, "there is no query to evaluate");
	MEM_ROOM(s->slo, s->nr_slos, r->cap_slos);
	s->slo[s->nr_slos++] = *x;
}

struct threshold_def *spec_threshold(struct spec_reader *r,
				     const struct node *at)
{
	struct spec *s = r->s;
	if (s->nr_thresholds == LIMIT_SPEC_ITEMS) {
		if (!r->full)
			spec_fault(r, NULL, at, "more than %zu alerts",
				   LIMIT_SPEC_ITEMS);
		r->full = true;
		return NULL;
	}
	MEM_ROOM(s->threshold, s->nr_thresholds, r->cap_thresholds);
	struct threshold_def *t = &s->threshold[s->nr_thresholds++];
	*t = (struct threshold_def){
		.m = 1, .n = 1, .clear = NAN, .clear_after = 1, .unit = "",
		.warning = { false, NAN, NAN }, .critical = { false, NAN, NAN },
		.where = where_of(r, at),
	};
	return t;
}

/* ---- reading ----------------------------------------------------------- */

static void add_object(struct spec_reader *r, const struct node *n,
		       enum spec_kind kind)
{
	enum spec_kind own = spec_object_kind(n);
	if (n->kind == NODE_SCALAR && !node_text(n))
		return;
	if (n->kind != NODE_MAP || own == SPEC_NONE) {
		spec_say(r, n, false, "this is nothing of a %s file; it is "
			 "not read", spec_kind_name(kind));
	} else if (own != kind) {
		spec_say(r, n, false, "this belongs to a %s file; the rest is "
			 "%s, and it is not read", spec_kind_name(own),
			 spec_kind_name(kind));
	} else if (r->nr == LIMIT_SPEC_OBJECTS) {
		spec_fault(r, NULL, n, "more than %zu objects",
			   LIMIT_SPEC_OBJECTS);
		r->nr++;
	} else if (r->nr < LIMIT_SPEC_OBJECTS) {
		r->object[r->nr++] = n;
	}
}

static void collect(struct spec_reader *r, enum spec_kind kind)
{
	for (size_t i = 0; i < r->doc->nr; i++) {
		const struct node *root = r->doc->root[i];
		const struct node *list = items_of(root);
		if (!list)
			add_object(r, root, kind);
		for (size_t k = 0; list && k < list->nr; k++)
			add_object(r, list->item[k], kind);
	}
	if (r->nr > LIMIT_SPEC_OBJECTS)
		r->nr = LIMIT_SPEC_OBJECTS;
}

struct spec *spec_read(const struct document *d, enum spec_kind kind)
{
	static void (*const formats[])(struct spec_reader *) = {
		[SPEC_SLOTH] = spec_sloth, [SPEC_PYRRA] = spec_pyrra,
		[SPEC_OPENSLO] = spec_openslo, [SPEC_RULES] = spec_rules,
	};
	struct spec *s = mem_zero(1, sizeof(*s));
	struct spec_reader r = { .doc = d, .s = s };
	arena_init(&s->arena, 0);
	s->kind = kind;
	s->problem = mem_zero(LIMIT_PROBLEMS, sizeof(*s->problem));
	if (kind == SPEC_NONE)
		return s;
	r.object = mem_zero(LIMIT_SPEC_OBJECTS, sizeof(struct node *));
	collect(&r, kind);
	formats[kind](&r);
	free(r.object);
	return s;
}

void spec_free(struct spec *s)
{
	if (!s)
		return;
	arena_release(&s->arena);
	free(s->slo);
	free(s->threshold);
	free(s->problem);
	free(s);
}
