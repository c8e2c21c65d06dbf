/* The search path, its order, and what follows from what was read. */
#include "app/config.h"

#include "app/commands.h"
#include "app/rulesfile.h"
#include "app/spec.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
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

#define PATH 4096
#define PLACES 32

/* Directories, the first counts most. */
struct places {
	char dir[PLACES][PATH];
	size_t nr;
};

static void add_place(struct places *p, const char *dir, size_t n,
		      const char *below)
{
	if (p->nr == PLACES || *dir != '/' || n + strlen(below) >= PATH)
		return;
	snprintf(p->dir[p->nr++], PATH, "%.*s%s", (int)n, dir, below);
}

static void add_places(struct places *p, const char *variable,
		       const char *otherwise, const char *below)
{
	const char *dirs = getenv(variable);
	if (!dirs || !*dirs)
		dirs = otherwise;
	while (*dirs) {
		size_t n = strcspn(dirs, ":");
		add_place(p, dirs, n, below);
		dirs += n + (dirs[n] == ':');
	}
}

static void add_user(struct places *p)
{
	const char *xdg = directory("XDG_CONFIG_HOME");
	const char *home = directory("HOME");
	if (xdg)
		add_place(p, xdg, strlen(xdg), "/redtop");
	else if (home)
		add_place(p, home, strlen(home), "/.config/redtop");
}

/* The first of the places that has the file. */
static bool find_file(const struct places *p, const char *name, char *out,
		      size_t size)
{
	for (size_t i = 0; i < p->nr; i++) {
		int n = snprintf(out, size, "%s/%s.yaml", p->dir[i], name);
		if (n > 0 && (size_t)n < size && access(out, F_OK) == 0)
			return true;
	}
	return false;
}

static bool find_user(struct places *p, char *out, size_t size)
{
	p->nr = 0;
	add_user(p);
	return find_file(p, "redtop", out, size);
}

static bool find_system(struct places *p, char *out, size_t size)
{
	p->nr = 0;
	add_places(p, "XDG_CONFIG_DIRS", "/etc/xdg", "/redtop");
	return find_file(p, "redtop", out, size);
}

/* Shipped ones stand where the program does: beside it in its source, and in
 * PREFIX/share of PREFIX/bin. */
static void add_shipped(struct places *p)
{
	char exe[PATH];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		size_t dir = (size_t)(strrchr(exe, '/') - exe);
		add_place(p, exe, dir, "/../share/redtop/dashboards");
		add_place(p, exe, dir, "/dashboards");
	}
	add_places(p, "XDG_DATA_DIRS", "/usr/local/share:/usr/share",
		   "/redtop/dashboards");
}

/* ---- dashboards by name ------------------------------------------------ */

#define DASHBOARDS 200 /* that are compared with a name nobody knows */

struct names {
	const char *name[DASHBOARDS + 1];
	size_t nr;
	struct arena arena;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct names *l, const char *file)
{
	size_t n = strlen(file);
	if (n <= 5 || strcmp(file + n - 5, ".yaml") != 0 ||
	    l->nr == DASHBOARDS || strcmp(file, "redtop.yaml") == 0)
		return;
	const char *name = arena_strndup(&l->arena, file, n - 5);
	for (size_t i = 0; i < l->nr; i++)
		if (strcmp(l->name[i], name) == 0)
			return;
	l->name[l->nr++] = name;
}

static void list_names(const struct places *p, struct names *l)
{
	for (size_t i = 0; i < p->nr; i++) {
		DIR *dir = opendir(p->dir[i]);
		for (const struct dirent *d; dir && (d = readdir(dir));)
			add_name(l, d->d_name);
		if (dir)
			closedir(dir);
	}
	qsort(l->name, l->nr, sizeof(l->name[0]), by_name);
}

static int unknown_dashboard(const struct places *p, const char *name,
			     struct err *e)
{
	struct names l = { .nr = 0 };
	struct buf b;
	arena_init(&l.arena, 0);
	buf_init(&b, LIMIT_SENTENCE / 2);
	list_names(p, &l);
	const char *near = text_nearest(name, l.name);
	for (size_t i = 0; i < l.nr; i++)
		buf_printf(&b, "%s%s", i ? ", " : "; there are ", l.name[i]);
	err_set(e, EXIT_USAGE, "no dashboard '%.60s'%s%s%s", name,
		near ? ", did you mean '" : buf_text(&b), near ? near : "",
		near ? "'?" : "");
	buf_release(&b);
	arena_release(&l.arena);
	return -1;
}

int config_dashboard(const char *name, char *out, size_t size, struct err *e)
{
	struct places *p = mem_zero(1, sizeof(*p));
	add_user(p);
	add_places(p, "XDG_CONFIG_DIRS", "/etc/xdg", "/redtop");
	add_shipped(p);
	bool plain = *name && *name != '.' && !strchr(name, '/');
	int r = plain && find_file(p, name, out, size)
			? 0 : unknown_dashboard(p, name, e);
	free(p);
	return r;
}

/* ---- the files that hold ----------------------------------------------- */

/* A searched file that nobody made, or that cannot even be looked for, is
 * none. */
/* Objectives of another tool; what cannot be read is for the reader of
 * dashboard files to say. */
static bool take_spec(struct config *c, const char *path)
{
	struct document doc;
	struct err unsaid;
	if (document_load(&doc, path, &unsaid) < 0)
		return false;
	enum spec_kind kind = spec_kind_of(&doc);
	if (kind != SPEC_NONE) {
		c->spec = spec_read(&doc, kind);
		c->errors += c->spec->errors;
	}
	document_release(&doc);
	return kind != SPEC_NONE;
}

static int add_file(struct config *c, const char *path, bool searched,
		    struct err *e)
{
	struct err why = { 0 };
	bool missing = false;
	if (searched && access(path, F_OK) < 0)
		return 0;
	bool none = strcmp(path, "/dev/null") == 0
		    || (!searched && take_spec(c, path));
	struct dashfile *f = none ? dashfile_parse(path, "", 0)
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
	c->nr_charts = 0;
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
	struct places *p = mem_zero(1, sizeof(*p));
	char path[PATH + 16];
	int r = 0;
	arena_init(&c->arena, 0);
	if (!explicit && env && *env)
		explicit = env;
	if (find_system(p, path, sizeof(path)))
		r = add_file(c, path, true, e);
	if (r == 0 && find_user(p, path, sizeof(path)))
		r = add_file(c, path, true, e);
	free(p);
	if (r == 0 && explicit && (r = add_file(c, explicit, false, e)) == 0)
		c->own = c->file[c->nr - 1];
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
	if (c->spec)
		spec_free(c->spec);
	arena_release(&c->arena);
	free(c);
}

static void complain_spec(const struct config *c, bool warnings)
{
	for (size_t i = 0; c->spec && i < c->spec->nr_problems; i++) {
		const struct spec_problem *p = &c->spec->problem[i];
		if (p->error || warnings)
			fprintf(stderr, "redtop: %s:%d: %s%s\n", c->own->path,
				p->line, p->error ? "" : "warning: ", p->text);
	}
}

void config_complain(const struct config *c, bool warnings)
{
	complain_spec(c, warnings);
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
	for (size_t i = 0; c->spec && i < c->spec->nr_problems; i++)
		if (c->spec->problem[i].error) {
			snprintf(out, size, "%s:%d: %s", c->own->path,
				 c->spec->problem[i].line,
				 c->spec->problem[i].text);
			return;
		}
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

/* Before the file of -c, whose sections win. */
static void insert_file(struct config *c, struct dashfile *f)
{
	size_t i = c->nr++;
	if (c->own) {
		c->file[i] = c->file[i - 1];
		i--;
	}
	c->file[i] = f;
	for (int s = 0; s < SECTION_NR; s++)
		if (f->section[s] && (!c->own || c->of[s] != c->own))
			c->of[s] = f;
	collect_charts(c);
}

static int take_dashboard(struct config *c, const char *name, struct err *e)
{
	char path[PATH + 80], text[300];
	bool missing;
	if (config_dashboard(name, path, sizeof(path), e) < 0)
		return -1;
	struct dashfile *f = dashfile_load(path, &missing, e);
	if (!f)
		return -1;
	if (f->errors) {
		dashfile_complaint(f, text, sizeof(text));
		dashfile_free(f);
		return err_set(e, EXIT_FILE, "%s", text);
	}
	insert_file(c, f);
	return 0;
}

int config_apply(struct config *c, struct options *o, struct err *e)
{
	if (c && o->dashboard && take_dashboard(c, o->dashboard, e) < 0)
		return -1;
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

/* A service by hand that names its source is asked of no other, nor is what
 * was promised of it. */
static bool is_asked(const struct config *c, const char *service, size_t i)
{
	const struct dashfile *f = c->of[SECTION_SERVICES];
	bool elsewhere = false;
	for (size_t k = 0; f && service && k < f->nr_services; k++) {
		const struct file_service *s = &f->service[k];
		if (!s->name || !s->source || strcmp(s->name, service) != 0)
			continue;
		if (is_of(c, s, i))
			return true;
		elsewhere = true;
	}
	return !elsewhere;
}

/* Those of the other tool come behind the dashboard's. */
static void promise_spec(const struct config *c, struct source_options *out,
			 struct arena *a)
{
	struct rules r = rules_of_spec(c->spec, a);
	size_t slos = out->nr_slos, limits = out->nr_thresholds;
	struct slo_def *d = arena_alloc(a, (slos + r.nr_slos + 1)
						   * sizeof(*d));
	struct threshold_def *t = arena_alloc(a, (limits + r.nr_thresholds + 1)
							 * sizeof(*t));
	if (slos)
		memcpy(d, out->slo, slos * sizeof(*d));
	if (limits)
		memcpy(t, out->threshold, limits * sizeof(*t));
	if (r.nr_slos)
		memcpy(d + slos, r.slo, r.nr_slos * sizeof(*d));
	if (r.nr_thresholds)
		memcpy(t + limits, r.threshold, r.nr_thresholds * sizeof(*t));
	out->slo = d;
	out->nr_slos = slos + r.nr_slos;
	out->threshold = t;
	out->nr_thresholds = limits + r.nr_thresholds;
}

static void promise(const struct config *c, size_t i,
		    struct source_options *out, struct arena *a)
{
	const struct dashfile *slos = c->of[SECTION_SLOS];
	const struct dashfile *limits = c->of[SECTION_THRESHOLDS];
	size_t nr = 0, kept = 0;
	struct slo_def *d = slos ? dashfile_slos(slos, a, &nr) : NULL;
	for (size_t k = 0; k < nr; k++)
		if (is_asked(c, d[k].service, i))
			d[kept++] = d[k];
	out->slo = d;
	out->nr_slos = kept;
	nr = kept = 0;
	struct threshold_def *t =
		limits ? dashfile_thresholds(limits, a, &nr) : NULL;
	for (size_t k = 0; k < nr; k++)
		if (is_asked(c, t[k].service, i))
			t[kept++] = t[k];
	out->threshold = t;
	out->nr_thresholds = kept;
	out->pack = kept ? t[0].pack : NULL;
	if (c->spec)
		promise_spec(c, out, a);
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
		promise(c, i, out, a);
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
	static const enum section asked[] = {
		SECTION_SOURCES, SECTION_SERVICES, SECTION_SLOS,
		SECTION_THRESHOLDS,
	};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
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
