/* The search path, its order, and what follows from what was read. */
#include "app/config.h"

#include "app/commands.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- which files ------------------------------------------------------- */

/* Relative paths in these variables are invalid (XDG 0.8). */
static const char *directory(const char *variable)
{
	const char *v = getenv(variable);
	return v && *v == '/' ? v : NULL;
}

static bool user_file(char *out, size_t size)
{
	const char *xdg = directory("XDG_CONFIG_HOME");
	const char *home = directory("HOME");
	if (xdg)
		snprintf(out, size, "%s/redtop/redtop.yaml", xdg);
	else if (home)
		snprintf(out, size, "%s/.config/redtop/redtop.yaml", home);
	return xdg || home;
}

/* The first of the system's directories that has one. */
static bool system_file(char *out, size_t size)
{
	const char *dirs = getenv("XDG_CONFIG_DIRS");
	if (!dirs || !*dirs)
		dirs = "/etc/xdg";
	while (*dirs) {
		size_t n = strcspn(dirs, ":");
		if (*dirs == '/') {
			snprintf(out, size, "%.*s/redtop/redtop.yaml", (int)n,
				 dirs);
			if (access(out, F_OK) == 0)
				return true;
		}
		dirs += n + (dirs[n] == ':');
	}
	return false;
}

/* A searched file that nobody made, or that cannot even be looked for, is
 * none. */
static int add_file(struct config *c, const char *path, bool searched,
		    struct err *e)
{
	struct err why = { 0 };
	bool missing = false;
	if (searched && access(path, F_OK) < 0)
		return 0;
	struct dashfile *f = strcmp(path, "/dev/null") == 0
				     ? dashfile_parse(path, "", 0)
				     : dashfile_load(path, &missing, &why);
	if (!f && searched && missing)
		return 0;
	if (!f) {
		if (e)
			*e = why;
		return -1;
	}
	c->file[c->nr++] = f;
	c->errors += f->errors;
	for (int s = 0; s < SECTION_NR; s++)
		if (f->section[s])
			c->of[s] = f;
	return 0;
}

static void collect_charts(struct config *c)
{
	size_t nr;
	const struct file_page *page = config_pages(c, &nr);
	c->chart = arena_alloc(&c->arena, (FILE_CHARTS_MAX + 1) *
						  sizeof(*c->chart));
	for (size_t p = 0; p < nr; p++)
		for (size_t r = 0; r < page[p].nr; r++)
			for (size_t k = 0; k < page[p].row[r].nr; k++) {
				const char *q = page[p].row[r].widget[k].query;
				size_t i = 0;
				while (q && i < c->nr_charts &&
				       strcmp(c->chart[i], q) != 0)
					i++;
				if (q && i == c->nr_charts &&
				    i < FILE_CHARTS_MAX)
					c->chart[c->nr_charts++] = q;
			}
}

struct config *config_load(const char *explicit, struct err *e)
{
	struct config *c = mem_zero(1, sizeof(*c));
	const char *env = getenv("REDTOP_CONFIG");
	char path[4096];
	int r = 0;
	arena_init(&c->arena, 0);
	if (!explicit && env && *env)
		explicit = env;
	if (system_file(path, sizeof(path)))
		r = add_file(c, path, true, e);
	if (r == 0 && user_file(path, sizeof(path)))
		r = add_file(c, path, true, e);
	if (r == 0 && explicit)
		r = add_file(c, explicit, false, e);
	if (r < 0) {
		config_free(c);
		return NULL;
	}
	collect_charts(c);
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nr; i++)
		dashfile_free(c->file[i]);
	arena_release(&c->arena);
	free(c);
}

void config_complain(const struct config *c, bool warnings)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct dashfile *f = c->file[i];
		for (size_t k = 0; k < f->nr_problems; k++) {
			struct buf b;
			if (!f->problem[k].error && !warnings)
				continue;
			buf_init(&b, 0);
			problem_print(f, &f->problem[k], &b);
			fprintf(stderr, "redtop: %s\n", buf_text(&b));
			buf_release(&b);
		}
	}
}

void config_complaint(const struct config *c, char *out, size_t size)
{
	snprintf(out, size, "%s", "");
	for (size_t i = 0; i < c->nr; i++)
		if (c->file[i]->errors) {
			dashfile_complaint(c->file[i], out, size);
			return;
		}
}

/* ---- what it says to the options --------------------------------------- */

const struct file_page *config_pages(const struct config *c, size_t *nr)
{
	const struct dashfile *f = c ? c->of[SECTION_PAGES] : NULL;
	*nr = f ? f->nr_pages : 0;
	return f ? f->page : NULL;
}

const struct file_source *config_source(const struct config *c, size_t i)
{
	const struct dashfile *f = c ? c->of[SECTION_SOURCES] : NULL;
	return f && i < f->nr_sources ? &f->source[i] : NULL;
}

static const char *source_word(const struct file_source *s, struct arena *a)
{
	if (s->kind == FILE_DEMO)
		return arena_printf(a, "demo%s%.100s", s->url ? ":" : "",
				    s->url ? s->url : "");
	if (s->kind == FILE_CLOUDWATCH)
		return "cloudwatch";
	return s->url ? s->url : s->urls[0];
}

static void take_sources(struct config *c, struct options *o)
{
	if (o->nr_sources || strcmp(o->command->name, "demo") == 0)
		return;
	for (size_t i = 0; i < SOURCES_MAX && config_source(c, i); i++) {
		o->source[o->nr_sources++] =
			source_word(config_source(c, i), &c->arena);
		o->from_file = true;
	}
}

static int find_page(const struct config *c, struct options *o, struct err *e)
{
	const char *names[FILE_PAGES_MAX + PAGE_START + 1] = { 0 };
	size_t nr, n = 0;
	const struct file_page *page = config_pages(c, &nr);
	if (!o->own_page)
		return 0;
	for (size_t i = 0; i < nr; i++) {
		if (page[i].name && strcmp(page[i].name, o->own_page) == 0) {
			o->page = PAGE_OWN;
			o->own = i;
			o->paged = true;
			return 0;
		}
		if (page[i].name)
			names[n++] = page[i].name;
	}
	for (int p = 0; p < PAGE_START; p++)
		names[n++] = page_name((enum page)p);
	const char *near = text_nearest(o->own_page, names);
	return err_set(e, EXIT_USAGE, "no page '%.40s'%s%s%s; pages are "
		       "overview, service, changed, saturation, slo, events, "
		       "net%s",
		       o->own_page,
		       near ? ", did you mean '" : "", near ? near : "",
		       near ? "'" : "", nr ? ", and the file's" : "");
}

int config_apply(struct config *c, struct options *o, struct err *e)
{
	const struct dashfile *theme = c ? c->of[SECTION_THEME] : NULL;
	o->config = c;
	if (theme && !o->theme && !no_color(o))
		o->theme = theme->theme;
	if (c)
		take_sources(c, o);
	if (find_page(c, o, e) < 0)
		return -1;
	if (o->command->needs_source && o->nr_sources == 0)
		return err_set(e, EXIT_USAGE, "redtop %s needs a source: a "
			       "URL, cloudwatch, demo, or a recording",
			       o->command->name);
	return 0;
}

/* ---- what it says to the sources --------------------------------------- */

/* A service without a source belongs to the first that is asked queries; one
 * that is only an objective to all. */
static bool is_of(const struct config *c, const struct file_service *s,
		  size_t i)
{
	const struct file_source *src = config_source(c, i);
	if (s->source)
		return src && src->name && strcmp(src->name, s->source) == 0;
	return !s->rate || i == 0;
}

static enum layer layer_of(const char *word)
{
	for (int l = 0; word && l < LAYER_NR; l++)
		if (strcmp(word, layer_name((enum layer)l)) == 0)
			return (enum layer)l;
	return LAYER_APP;
}

void config_source_options(const struct config *c, size_t i,
			   struct source_options *out, struct arena *a)
{
	static const char window[] = "$__rate_interval";
	const struct dashfile *f = c ? c->of[SECTION_SERVICES] : NULL;
	struct manual_service *m = f ? arena_alloc(a, (f->nr_services + 1) *
							      sizeof(*m))
				     : NULL;
	out->manual = m;
	for (size_t k = 0; f && k < f->nr_services; k++) {
		const struct file_service *s = &f->service[k];
		if (!s->rate || !is_of(c, s, i))
			continue;
		m[out->nr_manual++] = (struct manual_service){
			.name = s->name, .layer = layer_of(s->layer_word),
			.rate = dashfile_windowed(s->rate, window, a),
			.errors = dashfile_windowed(s->errors, window, a),
			.buckets = dashfile_windowed(s->buckets, window, a),
		};
	}
	if (c) {
		out->chart = c->chart;
		out->nr_charts = c->nr_charts;
	}
}

double config_objective(const struct config *c, size_t i, const char *service)
{
	const struct dashfile *f = c ? c->of[SECTION_SERVICES] : NULL;
	const struct file_source *src = config_source(c, i);
	for (size_t k = 0; f && k < f->nr_services; k++) {
		const struct file_service *s = &f->service[k];
		if (s->objective > 0 && is_of(c, s, i) &&
		    strcmp(s->name, service) == 0)
			return s->objective;
	}
	return src ? src->objective : 0;
}

struct dash_file config_dash_file(const struct config *c)
{
	const struct dashfile *keys = c ? c->of[SECTION_KEYS] : NULL;
	struct dash_file f = { .key = keys ? keys->key : NULL,
			       .nr_keys = keys ? keys->nr_keys : 0 };
	f.page = config_pages(c, &f.nr_pages);
	return f;
}

/* ---- is a reload a new start? ------------------------------------------ */

static bool same_node(const struct node *a, const struct node *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->nr != b->nr)
		return false;
	if (a->kind == NODE_SCALAR)
		return strcmp(a->text, b->text) == 0 && a->plain == b->plain;
	for (size_t i = 0; i < a->nr; i++)
		if (!same_node(a->item[i], b->item[i]) ||
		    (a->kind == NODE_MAP &&
		     strcmp(a->key[i]->text, b->key[i]->text) != 0))
			return false;
	return true;
}

bool config_same_sources(const struct config *a, const struct config *b)
{
	static const enum section asked[] = { SECTION_SOURCES,
					      SECTION_SERVICES };
	for (size_t i = 0; i < 2; i++) {
		enum section s = asked[i];
		if (!same_node(a->of[s] ? a->of[s]->section[s] : NULL,
			       b->of[s] ? b->of[s]->section[s] : NULL))
			return false;
	}
	if (a->nr_charts != b->nr_charts)
		return false;
	for (size_t i = 0; i < a->nr_charts; i++)
		if (strcmp(a->chart[i], b->chart[i]) != 0)
			return false;
	return true;
}
