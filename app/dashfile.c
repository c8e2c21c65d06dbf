/* From a YAML tree to structs by the table of options; every problem is
 * noted, none ends the reading. */
#include "app/dashfile_private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/http_config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- problems ---------------------------------------------------------- */

const char *dashfile_clean(struct dashfile *f, const char *s, size_t max)
{
	struct buf b;
	buf_init(&b, max);
	text_clean(&b, s, strlen(s));
	const char *out = arena_strdup(&f->arena, buf_text(&b));
	buf_release(&b);
	return out ? out : "";
}

static void note(struct dashfile *f, int line, int column, bool error,
		 const char *text)
{
	if (error)
		f->errors++;
	else
		f->warnings++;
	if (f->nr_problems == PROBLEMS_MAX)
		return;
	const char *own = dashfile_clean(f, text, LIMIT_SENTENCE);
	size_t i = f->nr_problems++;
	for (; i > 0 && f->problem[i - 1].line > line; i--)
		f->problem[i] = f->problem[i - 1];
	f->problem[i] = (struct problem){ line, column, error, own };
}

void dashfile_say(struct dashfile *f, const struct node *at, bool error,
		  const char *fmt, ...)
{
	char text[LIMIT_SENTENCE * 2];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	note(f, at ? at->line : 1, at ? at->column : 1, error, text);
}

const char *dashfile_near(struct dashfile *f, const char *word,
			  const char *const *names)
{
	const char *near = text_nearest(word, names);
	const char *out = near ? arena_printf(&f->arena,
					      ", did you mean '%s'?", near)
			       : "";
	return out ? out : "";
}

void problem_print(const struct dashfile *f, const struct problem *p,
		   struct buf *out)
{
	buf_printf(out, "%s:%d: %s%s", f->path, p->line,
		   p->error ? "" : "warning: ", p->text);
}

void dashfile_complaint(const struct dashfile *f, char *out, size_t size)
{
	for (size_t i = 0; i < f->nr_problems; i++) {
		const struct problem *p = &f->problem[i];
		if (!p->error)
			continue;
		int n = snprintf(out, size, "%s:%d: %s", f->path, p->line,
				 p->text);
		if (f->errors > 1 && n > 0 && (size_t)n < size)
			snprintf(out + n, size - (size_t)n, " (and %zu more)",
				 f->errors - 1);
		return;
	}
	snprintf(out, size, "%s is fine", f->path);
}

/* ---- one value --------------------------------------------------------- */

static const char *kind_word(const struct node *n)
{
	return n->kind == NODE_MAP ? "a map" : n->kind == NODE_LIST ? "a list"
	       : node_text(n) ? "a text" : "nothing";
}

static void expected(struct dashfile *f, const struct file_option *o,
		     const struct node *n, const char *what)
{
	const char *text = node_text(n);
	if (text)
		dashfile_say(f, n, true, "%s '%s': expected %s", o->name,
			     dashfile_clean(f, text, 60), what);
	else
		dashfile_say(f, n, true, "%s: expected %s, not %s", o->name,
			     what, kind_word(n));
}

static const char *text_of(struct dashfile *f, const struct file_option *o,
			   const struct node *n)
{
	const char *s = node_text(n);
	if (!s || !*s) {
		expected(f, o, n, "a text");
		return NULL;
	}
	return dashfile_clean(f, s, LIMIT_LABEL_VALUE);
}

/* One line: comments go, line ends become blanks; what stands in quotes
 * stays. */
static const char *query_of(struct dashfile *f, const struct file_option *o,
			    const struct node *n)
{
	const char *s = node_text(n);
	struct buf b;
	char quote = 0;
	if (!s || !*s) {
		expected(f, o, n, "a query");
		return NULL;
	}
	buf_init(&b, 0);
	for (; *s; s++) {
		if (!quote && *s == '#') {
			while (s[1] && s[1] != '\n')
				s++;
			continue;
		}
		if (quote && quote != '`' && *s == '\\' && s[1])
			buf_char(&b, *s++);
		else if (quote ? *s == quote : strchr("\"'`", *s) != NULL)
			quote = quote ? 0 : *s;
		buf_char(&b, *s == '\n' || *s == '\t' || *s == '\r' ? ' ' : *s);
	}
	while (b.len && b.s[b.len - 1] == ' ')
		b.s[--b.len] = '\0';
	const char *out = NULL;
	if (b.len > LIMIT_QUERY / 2)
		dashfile_say(f, n, true, "%s: a query of %zu bytes, more than "
			     "%zu", o->name, b.len, LIMIT_QUERY / 2);
	else if (!text_is_clean(buf_text(&b)))
		dashfile_say(f, n, true, "%s: a query with characters that "
			     "cannot be shown", o->name);
	else
		out = arena_strdup(&f->arena, buf_text(&b));
	buf_release(&b);
	return out;
}

static const char *choice_of(struct dashfile *f, const struct file_option *o,
			     const struct node *n)
{
	const char *s = node_text(n);
	for (size_t i = 0; s && o->choices[i]; i++)
		if (strcmp(s, o->choices[i]) == 0)
			return o->choices[i];
	if (!s) {
		expected(f, o, n, "a word");
		return NULL;
	}
	for (size_t i = 0; o->later && o->later[i]; i++)
		if (strcmp(s, o->later[i]) == 0) {
			dashfile_say(f, n, true, "%s %s is not in this version",
				     o->name, s);
			return NULL;
		}
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	for (size_t i = 0; o->choices[i]; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", o->choices[i]);
	const char *near = dashfile_near(f, s, o->choices);
	dashfile_say(f, n, true, "unknown %s '%s'%s%s%s", o->name,
		     dashfile_clean(f, s, 60), near,
		     *near ? "" : "; it is one of ",
		     *near ? "" : buf_text(&b));
	buf_release(&b);
	return NULL;
}

static bool number_of(const struct node *n, const char *tail, double *out)
{
	const char *s = node_text(n);
	char *end, text[80];
	size_t k = s ? strlen(s) : 0;
	if (k && s[k - 1] == '%' && *tail)
		k--;
	if (!k || k > 40 || strspn(s, "+-.0123456789eE") < k)
		return false;
	snprintf(text, sizeof(text), "%.*s%s", (int)k, s, tail);
	*out = strtod(text, &end);
	return !*end && isfinite(*out);
}

/* 99.9 is 0.999, exactly as one would write it. */
static void percent_of(struct dashfile *f, const struct file_option *o,
		       const struct node *n, double *out)
{
	double v;
	if (!number_of(n, "e-2", &v) || !(v > 0 && v < 1)) {
		expected(f, o, n, "a percentage between 0 and 100, as in 99.9");
		return;
	}
	if (v < 0.01)
		dashfile_say(f, n, false, "%s %s is %g %%; 99.9 is written for "
			     "99.9 %%", o->name, node_text(n), v * 100);
	*out = v;
}

static void whole_of(struct dashfile *f, const struct file_option *o,
		     const struct node *n, long *out)
{
	double v;
	char text[80];
	if (number_of(n, "", &v) && v == floor(v) && v >= o->min &&
	    v <= o->max) {
		*out = (long)v;
		return;
	}
	snprintf(text, sizeof(text), "a whole number from %g to %g", o->min,
		 o->max);
	expected(f, o, n, text);
}

static void usd_of(struct dashfile *f, const struct file_option *o,
		   const struct node *n, double *out)
{
	double v;
	if (number_of(n, "", &v) && v > 0 && v <= 1e6)
		*out = v;
	else
		expected(f, o, n, "dollars above 0, as in 1.00; a source that "
			 "may cost nothing is left out");
}

static void time_of(struct dashfile *f, const struct file_option *o,
		    const struct node *n, time_ms *out)
{
	const char *s = node_text(n);
	char lo[TIME_TEXT], hi[TIME_TEXT], text[128];
	time_ms t;
	if (s && duration_parse(s, &t, NULL) == 0 && (double)t >= o->min &&
	    (double)t <= o->max) {
		*out = t;
		return;
	}
	snprintf(text, sizeof(text), "a time from %s to %s, as in 5m",
		 time_duration((time_ms)o->min, lo),
		 time_duration((time_ms)o->max, hi));
	expected(f, o, n, text);
}

static void level_of(struct dashfile *f, const struct file_option *o,
		     const struct node *n, struct file_level *out)
{
	static const char *const names[] = { "above", "below", NULL };
	*out = (struct file_level){ true, NAN, NAN };
	if (n->kind != NODE_MAP || !n->nr) {
		expected(f, o, n, "{above: N}, {below: N}, or both");
		return;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const char *name = n->key[i]->text;
		double *to = strcmp(name, "above") == 0 ? &out->above
			     : strcmp(name, "below") == 0 ? &out->below : NULL;
		if (!to)
			dashfile_say(f, n->key[i], true,
				     "unknown key '%s' in %s%s",
				     dashfile_clean(f, name, 60), o->name,
				     dashfile_near(f, name, names));
		else if (!number_of(n->item[i], "", to))
			dashfile_say(f, n->item[i], true,
				     "%s of %s: expected a number", name,
				     o->name);
	}
	if (out->below >= out->above)
		dashfile_say(f, n, true, "%s: below %g and above %g is always",
			     o->name, out->below, out->above);
}

static const char *const *urls_of(struct dashfile *f,
				  const struct file_option *o,
				  const struct node *n)
{
	if (n->kind != NODE_LIST || !n->nr || n->nr > 64) {
		expected(f, o, n, "a list of URLs");
		return NULL;
	}
	const char **url = arena_alloc(&f->arena, (n->nr + 1) * sizeof(*url));
	size_t nr = 0;
	for (size_t i = 0; url && i < n->nr; i++) {
		const char *s = node_text(n->item[i]);
		if (s)
			url[nr++] = s;
		else
			expected(f, o, n->item[i], "a URL");
	}
	return url;
}

/* As Prometheus names labels. */
static bool is_label(const char *s)
{
	size_t n = s ? strlen(s) : 0;
	return n && n <= LIMIT_LABEL_NAME && !strchr("0123456789", *s) &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_") == n;
}

static const char *const *labels_of(struct dashfile *f,
				    const struct file_option *o,
				    const struct node *n)
{
	if (n->kind != NODE_LIST || !n->nr || n->nr > LIMIT_LABELS) {
		expected(f, o, n, "a list of labels");
		return NULL;
	}
	const char **label = arena_alloc(&f->arena,
					 (n->nr + 1) * sizeof(*label));
	size_t nr = 0;
	for (size_t i = 0; label && i < n->nr; i++) {
		const char *s = node_text(n->item[i]);
		if (is_label(s))
			label[nr++] = s;
		else
			expected(f, o, n->item[i], "the name of a label");
	}
	return label;
}

/* AWS/EC2 CPUUtilization Average; custom metrics may have blanks inside. */
static const char *metric_of(struct dashfile *f, const struct file_option *o,
			     const struct node *n)
{
	static const char *const stats[] = { "Average", "Sum", "Minimum",
					     "Maximum", "SampleCount", NULL };
	const char *s = node_text(n) ? text_of(f, o, n) : NULL;
	const char *metric = s ? strchr(s, ' ') : NULL;
	const char *stat = s ? strrchr(s, ' ') : NULL;
	if (!metric || stat - metric < 2 || metric == s) {
		expected(f, o, n, "namespace, metric and statistic, as in "
			 "AWS/EC2 CPUUtilization Average");
		return NULL;
	}
	stat++;
	bool known = *stat == 'p' && stat[1] && strlen(stat) < 7 &&
		     strspn(stat + 1, "0123456789.") == strlen(stat + 1);
	for (size_t i = 0; stats[i]; i++)
		known |= strcmp(stat, stats[i]) == 0;
	if (known)
		return s;
	const char *near = dashfile_near(f, stat, stats);
	dashfile_say(f, n, true, "%s: unknown statistic '%.40s'%s", o->name,
		     stat, *near ? near : "; it is one of Average, Sum, "
					  "Minimum, Maximum, SampleCount, p99");
	return NULL;
}

/* ---- calendars --------------------------------------------------------- */

static const char *const calendar_keys[] = { "start", "unit", "every", "zone",
					     NULL };
static const char *const calendar_units[] = {
	[CALENDAR_NONE] = "",       [CALENDAR_DAY] = "day",
	[CALENDAR_WEEK] = "week",   [CALENDAR_MONTH] = "month",
	[CALENDAR_QUARTER] = "quarter", [CALENDAR_YEAR] = "year", NULL,
};

static void start_of(struct dashfile *f, const struct node *n, time_ms *out)
{
	const char *s = node_text(n);
	if (s && strchr(s, '-') && strspn(s, "0123456789-:T ") == strlen(s) &&
	    time_parse(s, 0, out, NULL) == 0)
		return;
	dashfile_say(f, n, true, "start of calendar: expected a time of its "
		     "zone, as in 2026-01-01 00:00");
}

static void unit_of(struct dashfile *f, const struct node *n,
		    enum calendar_unit *out)
{
	const char *s = node_text(n);
	for (int u = CALENDAR_DAY; s && u <= CALENDAR_YEAR; u++)
		if (strcmp(s, calendar_units[u]) == 0) {
			*out = (enum calendar_unit)u;
			return;
		}
	const char *near = s ? dashfile_near(f, s, calendar_units + 1) : "";
	dashfile_say(f, n, true, "unknown unit '%s' of calendar%s",
		     s ? dashfile_clean(f, s, 40) : "",
		     *near ? near : "; it is one of day, week, month, "
				    "quarter, year");
}

/* Whether this machine knows it is asked when it is needed. */
static void zone_of(struct dashfile *f, const struct node *n, const char **out)
{
	const char *s = node_text(n);
	size_t k = s ? strlen(s) : 0;
	if (k && k <= 64 && *s != '/' && !strstr(s, "..") &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789_+-/") == k) {
		*out = s;
		return;
	}
	dashfile_say(f, n, true, "zone of calendar: expected a name as in "
		     "Europe/Berlin");
}

static void every_of(struct dashfile *f, const struct node *n, int *out)
{
	double v;
	if (number_of(n, "", &v) && v == floor(v) && v >= 1 && v <= 366)
		*out = (int)v;
	else
		dashfile_say(f, n, true, "every of calendar: expected a whole "
			     "number from 1 to 366");
}

static void calendar_of(struct dashfile *f, const struct file_option *o,
			const struct node *n, struct file_calendar *out)
{
	*out = (struct file_calendar){ .given = true, .every = 1 };
	if (n->kind != NODE_MAP) {
		expected(f, o, n, "{start: 2026-01-01 00:00, unit: month}");
		return;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const char *key = n->key[i]->text;
		const struct node *v = n->item[i];
		if (strcmp(key, "start") == 0)
			start_of(f, v, &out->start);
		else if (strcmp(key, "unit") == 0)
			unit_of(f, v, &out->unit);
		else if (strcmp(key, "every") == 0)
			every_of(f, v, &out->every);
		else if (strcmp(key, "zone") == 0)
			zone_of(f, v, &out->zone);
		else
			dashfile_say(f, n->key[i], true, "unknown key '%s' in "
				     "%s%s", dashfile_clean(f, key, 60),
				     o->name, dashfile_near(f, key,
							    calendar_keys));
	}
	for (size_t i = 0; i < 2; i++)
		if (!node_get(n, calendar_keys[i]))
			dashfile_say(f, n, true, "%s: '%s' is missing", o->name,
				     calendar_keys[i]);
}

static const char *web_of(struct dashfile *f, const struct file_option *o,
			  const struct node *n)
{
	const char *s = node_text(n);
	if (s && (strncmp(s, "http://", 7) == 0 ||
		  strncmp(s, "https://", 8) == 0) && !strpbrk(s, " \t\n"))
		return text_of(f, o, n);
	expected(f, o, n, "a URL, as in https://wiki/runbook");
	return NULL;
}

/* ---- items ------------------------------------------------------------- */

static void read_rows(struct dashfile *f, const struct file_option *o,
		      const struct node *n, struct file_page *page);

static void read_value(struct dashfile *f, const struct file_option *o,
		       const struct node *n, void *item)
{
	void *to = (char *)item + o->at;
	switch (o->type) {
	case OPTION_TEXT:
		*(const char **)to = text_of(f, o, n);
		break;
	case OPTION_URL:
		*(const char **)to = web_of(f, o, n);
		break;
	case OPTION_METRIC:
		*(const char **)to = metric_of(f, o, n);
		break;
	case OPTION_LABELS:
		*(const char *const **)to = labels_of(f, o, n);
		break;
	case OPTION_CALENDAR:
		calendar_of(f, o, n, to);
		break;
	case OPTION_QUERY:
		*(const char **)to = query_of(f, o, n);
		break;
	case OPTION_CHOICE:
		*(const char **)to = choice_of(f, o, n);
		break;
	case OPTION_URLS:
		*(const char *const **)to = urls_of(f, o, n);
		break;
	case OPTION_BOOL:
		if (!node_bool(n, to))
			expected(f, o, n, "true or false");
		break;
	case OPTION_WHOLE:
		whole_of(f, o, n, to);
		break;
	case OPTION_NUMBER:
		if (!number_of(n, "", to))
			expected(f, o, n, "a number");
		break;
	case OPTION_USD:
		usd_of(f, o, n, to);
		break;
	case OPTION_TIME:
		time_of(f, o, n, to);
		break;
	case OPTION_PERCENT:
		percent_of(f, o, n, to);
		break;
	case OPTION_LEVEL:
		level_of(f, o, n, to);
		break;
	case OPTION_TREE:
		*(const struct node **)to = n;
		break;
	case OPTION_ROWS:
		read_rows(f, o, n, item);
		break;
	}
}

static void set_default(struct dashfile *f, const struct file_option *o,
			void *item)
{
	struct node n = { .kind = NODE_SCALAR, .text = o->fallback,
			  .plain = true };
	if (o->fallback)
		read_value(f, o, &n, item);
	else if (o->type == OPTION_NUMBER)
		*(double *)((char *)item + o->at) = NAN;
}

static const struct file_option *option_of(const char *section,
					   const char *name)
{
	for (const struct file_option *o = file_options; o->name; o++)
		if (strcmp(o->section, section) == 0 &&
		    strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

static void unknown_key(struct dashfile *f, const char *section,
			const struct node *key)
{
	const char *names[32];
	size_t nr = 0;
	for (const struct file_option *o = file_options; o->name; o++)
		if (strcmp(o->section, section) == 0 && nr < 31)
			names[nr++] = o->name;
	names[nr] = NULL;
	dashfile_say(f, key, true, "unknown key '%s' in %s%s",
		     dashfile_clean(f, key->text, 60), section,
		     dashfile_near(f, key->text, names));
}

static void read_item(struct dashfile *f, const char *section,
		      const struct node *n, void *item)
{
	((struct place *)item)->node = n;
	for (const struct file_option *o = file_options; o->name; o++) {
		if (strcmp(o->section, section) != 0)
			continue;
		set_default(f, o, item);
		if (o->required && n->kind == NODE_MAP && !node_get(n, o->name))
			dashfile_say(f, n, true, "%s: '%s' is missing", section,
				     o->name);
	}
	if (n->kind != NODE_MAP) {
		dashfile_say(f, n, true, "%s: expected {key: value, ...}, not "
			     "%s", section, kind_word(n));
		return;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const struct file_option *o = option_of(section,
							n->key[i]->text);
		if (o)
			read_value(f, o, n->item[i], item);
		else
			unknown_key(f, section, n->key[i]);
	}
}

static void read_row(struct dashfile *f, const struct node *n,
		     struct file_row *row, size_t *left)
{
	struct file_widget *w = arena_alloc(&f->arena, n->nr * sizeof(*w));
	row->widget = w;
	for (size_t i = 0; w && i < n->nr; i++) {
		if (!*left) {
			dashfile_say(f, n->item[i], true, "more than %d "
				     "widgets on one page", WIDGETS_MAX);
			return;
		}
		--*left;
		read_item(f, "widget", n->item[i], &w[row->nr++]);
	}
}

static void read_rows(struct dashfile *f, const struct file_option *o,
		      const struct node *n, struct file_page *page)
{
	size_t left = WIDGETS_MAX;
	if (n->kind != NODE_LIST || !n->nr) {
		expected(f, o, n, "a list of rows, each a list of widgets");
		return;
	}
	struct file_row *row = arena_alloc(&f->arena, n->nr * sizeof(*row));
	page->row = row;
	for (size_t i = 0; row && i < n->nr; i++) {
		if (n->item[i]->kind != NODE_LIST || !n->item[i]->nr)
			dashfile_say(f, n->item[i], true, "a row: expected a "
				     "list of widgets, [{widget: ...}, ...]");
		else
			read_row(f, n->item[i], &row[page->nr++], &left);
	}
}

/* ---- sections ---------------------------------------------------------- */

static void check_unique(struct dashfile *f, const char *section,
			 const char *items, size_t nr, size_t size)
{
	for (const struct file_option *o = file_options; o->name; o++) {
		if (!o->unique || strcmp(o->section, section) != 0)
			continue;
		for (size_t i = 1; i < nr; i++)
			for (size_t k = 0; k < i; k++) {
				const char *const *a = (const void *)
					(items + i * size + o->at);
				const char *const *b = (const void *)
					(items + k * size + o->at);
				if (!*a || !*b || strcmp(*a, *b) != 0)
					continue;
				const struct place *pa = (const void *)
					(items + i * size);
				const struct place *pb = (const void *)
					(items + k * size);
				dashfile_say(f, pa->node, true, "%s: '%.60s' "
					     "stands twice; it is also on line "
					     "%d", section, *a, pb->node->line);
				break;
			}
	}
}

static void *read_list(struct dashfile *f, enum section s, size_t size,
		       size_t max, size_t *nr)
{
	const struct node *n = f->section[s];
	const char *name = file_sections[s].name;
	*nr = 0;
	if (!n || (n->kind == NODE_SCALAR && !node_text(n)))
		return NULL;
	if (n->kind != NODE_LIST) {
		dashfile_say(f, n, true, "%s: expected a list, %s, not %s",
			     name, file_sections[s].shape, kind_word(n));
		return NULL;
	}
	if (n->nr > max)
		dashfile_say(f, n->item[max], true, "%s: more than %zu", name,
			     max);
	*nr = n->nr < max ? n->nr : max;
	char *items = arena_alloc(&f->arena, (*nr + 1) * size);
	if (!items) {
		*nr = 0;
		return NULL;
	}
	for (size_t i = 0; i < *nr; i++)
		read_item(f, name, n->item[i], items + i * size);
	check_unique(f, name, items, *nr, size);
	return items;
}

#define READ(section, items, nr, max)                                          \
	((items) = read_list(f, section, sizeof(*(items)), max, &(nr)))

static void read_sections(struct dashfile *f)
{
	READ(SECTION_SOURCES, f->source, f->nr_sources, 16);
	READ(SECTION_SERVICES, f->service, f->nr_services, 200);
	READ(SECTION_SLOS, f->slo, f->nr_slos, 1000);
	READ(SECTION_THRESHOLDS, f->threshold, f->nr_thresholds, 1000);
	READ(SECTION_PAGES, f->page, f->nr_pages, FILE_PAGES_MAX);
	const struct node *theme = f->section[SECTION_THEME];
	if (theme && !(f->theme = node_text(theme)))
		dashfile_say(f, theme, true, "theme: expected a name, not %s",
			     kind_word(theme));
}

static void read_top(struct dashfile *f, const struct node *top)
{
	const char *names[SECTION_NR + 1] = { 0 };
	for (int s = 0; s < SECTION_NR; s++)
		names[s] = file_sections[s].name;
	if (top->kind != NODE_MAP) {
		if (node_text(top) || top->kind == NODE_LIST)
			dashfile_say(f, top, true, "a dashboard file is a map "
				     "of sources, services, slos, thresholds, "
				     "pages, theme, keys; this is %s",
				     kind_word(top));
		return;
	}
	for (size_t i = 0; i < top->nr; i++) {
		const char *key = top->key[i]->text;
		int s = 0;
		while (s < SECTION_NR && strcmp(names[s], key) != 0)
			s++;
		if (s < SECTION_NR)
			f->section[s] = top->item[i];
		else
			dashfile_say(f, top->key[i], true, "unknown key '%s'%s",
				     dashfile_clean(f, key, 60),
				     dashfile_near(f, key, names));
	}
	read_sections(f);
	dashfile_check(f);
}

static struct dashfile *file_new(const char *path)
{
	struct dashfile *f = mem_zero(1, sizeof(*f));
	arena_init(&f->arena, 0);
	f->path = dashfile_clean(f, path, LIMIT_SENTENCE);
	f->problem = mem_zero(PROBLEMS_MAX, sizeof(*f->problem));
	return f;
}

struct dashfile *dashfile_parse(const char *path, const char *text, size_t len)
{
	struct dashfile *f = file_new(path);
	struct err e;
	int line = 1, column = 1, used = 0;
	/* A short name, so that the sentence is whole and its place known. */
	if (document_parse(&f->doc, "f", text, len, &e) < 0) {
		sscanf(e.text, "f:%d:%d: %n", &line, &column, &used);
		note(f, line, column, true, e.text + used);
		return f;
	}
	if (f->doc.nr > 1)
		dashfile_say(f, f->doc.root[1], true, "a dashboard file is one "
			     "document; this one has %zu", f->doc.nr);
	if (f->doc.nr)
		read_top(f, f->doc.root[0]);
	return f;
}

void dashfile_free(struct dashfile *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->nr_sources; i++)
		http_config_free(f->source[i].http);
	if (f->doc.file)
		document_release(&f->doc);
	arena_release(&f->arena);
	free(f->problem);
	free(f);
}

/* ---- files ------------------------------------------------------------- */

const char *dashfile_distrust(const struct stat *file, const struct stat *dir,
			      uid_t user)
{
	if (!S_ISREG(file->st_mode))
		return "not a regular file";
	if (file->st_mode & S_IWOTH)
		return "everybody may write to it, so it is not used; chmod "
		       "o-w makes it yours";
	if (file->st_uid != user && file->st_uid != 0 &&
	    file->st_uid != dir->st_uid)
		return "it belongs to neither you, root, nor the owner of its "
		       "directory, so it is not used";
	return NULL;
}

static int stat_dir(const char *path, struct stat *out)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	if (!slash)
		return stat(".", out);
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1), path);
	return stat(dir, out);
}

static struct dashfile *read_fd(int fd, const char *path)
{
	char *text = mem_alloc(LIMIT_FILE + 2);
	size_t len = 0;
	ssize_t n;
	while (len <= LIMIT_FILE &&
	       (n = read(fd, text + len, LIMIT_FILE + 1 - len)) > 0)
		len += (size_t)n;
	struct dashfile *f = dashfile_parse(path, text, len);
	free(text);
	return f;
}

/* Not blocking: a FIFO is no dashboard file. */
struct dashfile *dashfile_load(const char *path, bool *missing, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat file, dir;
	const char *why = NULL;
	*missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (fd < 0 || fstat(fd, &file) < 0 || stat_dir(path, &dir) < 0)
		why = strerror(errno);
	else
		why = dashfile_distrust(&file, &dir, geteuid());
	struct dashfile *f = NULL;
	if (why)
		err_set(e, EXIT_FILE, "%.200s: %s", path, why);
	else
		f = read_fd(fd, path);
	if (f && (file.st_mode & S_IWGRP))
		dashfile_say(f, NULL, false, "its group may write to this "
			     "file; chmod g-w makes it yours");
	if (fd >= 0)
		close(fd);
	return f;
}
