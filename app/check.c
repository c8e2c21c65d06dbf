/* redtop check -c FILE: is a file what it is meant to be? */
#include "app/commands.h"
#include "app/dashfile.h"
#include "base/mem.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Files of other tools, which are told apart by their first keys. */
static const struct foreign {
	const char *kind, *key, *value, *name;
} foreign[] = {
	{ "sloth", "version", "prometheus/v1", "a Sloth file" },
	{ "sloth", "apiVersion", "sloth.slok.dev/", "a Sloth file" },
	{ "sloth", "apiVersion", "monitoring.spotify.com/", "an AlertWindows "
	  "file" },
	{ "pyrra", "apiVersion", "pyrra.dev/", "a Pyrra file" },
	{ "openslo", "apiVersion", "openslo/", "an OpenSLO file" },
	{ "rules", "groups", NULL, "a rule file" },
};

static const struct foreign *foreign_of(const struct dashfile *f)
{
	const struct node *top = f->doc.nr ? f->doc.root[0] : NULL;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		const struct node *n = node_get(top, foreign[i].key);
		const char *s = node_text(n), *v = foreign[i].value;
		if (n && (!v || (s && strncmp(s, v, strlen(v)) == 0)))
			return &foreign[i];
	}
	return NULL;
}

/* ---- JSON -------------------------------------------------------------- */

static cJSON *must(cJSON *j)
{
	if (!j)
		mem_die();
	return j;
}

static void put_text(cJSON *o, const char *name, const char *s)
{
	cJSON_AddItemToObject(o, name, must(s ? cJSON_CreateString(s)
					      : cJSON_CreateNull()));
}

static void put_number(cJSON *o, const char *name, double v)
{
	cJSON_AddItemToObject(o, name, must(isfinite(v) ? cJSON_CreateNumber(v)
							: cJSON_CreateNull()));
}

static cJSON *put_list(cJSON *o, const char *name)
{
	cJSON *list = must(cJSON_CreateArray());
	cJSON_AddItemToObject(o, name, list);
	return list;
}

static cJSON *put_item(cJSON *list)
{
	cJSON *o = must(cJSON_CreateObject());
	cJSON_AddItemToArray(list, o);
	return o;
}

static void put_slo(cJSON *list, struct dashfile *f, const struct file_slo *s)
{
	cJSON *o = put_item(list);
	put_text(o, "id", s->id);
	put_text(o, "service", s->service);
	put_number(o, "objective", s->objective > 0 ? s->objective : NAN);
	put_number(o, "period_s", (double)s->period / 1000);
	put_text(o, "method", s->method);
	put_text(o, "error_query",
		 dashfile_windowed(s->error_query, "5m", &f->arena));
	put_text(o, "total_query",
		 dashfile_windowed(s->total_query, "5m", &f->arena));
	cJSON *why = put_list(o, "unsupported");
	if (s->method && strcmp(s->method, "occurrences") != 0) {
		char text[160];
		const struct node *n = node_get(s->at.node, "method");
		snprintf(text, sizeof(text), "line %d: method %s is not in "
			 "this version", n ? n->line : s->at.node->line,
			 s->method);
		cJSON_AddItemToArray(why, must(cJSON_CreateString(text)));
	}
}

static void put_level(cJSON *list, const struct file_threshold *t,
		      const char *level, const struct file_level *l)
{
	if (!l->given)
		return;
	cJSON *o = put_item(list);
	put_text(o, "id", t->id);
	put_text(o, "level", level);
	put_number(o, "above", l->above);
	put_number(o, "below", l->below);
	put_number(o, "period_s", (double)t->period / 1000);
	put_number(o, "m", (double)t->m);
	put_number(o, "n", (double)t->n);
	put_text(o, "missing", t->missing);
}

static void put_problem(cJSON *list, int line, int column, bool error,
			const char *text)
{
	cJSON *o = put_item(list);
	put_number(o, "line", line);
	put_number(o, "column", column);
	put_text(o, "severity", error ? "error" : "warning");
	put_text(o, "text", text);
}

static void print_json(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);
	if (!text)
		mem_die();
	puts(text);
	free(text);
	cJSON_Delete(o);
}

static cJSON *new_answer(const char *file, const char *kind)
{
	cJSON *o = must(cJSON_CreateObject());
	put_text(o, "schema", "redtop.check/1");
	put_text(o, "file", file);
	put_text(o, "kind", kind);
	return o;
}

static void tell_json(struct dashfile *f)
{
	cJSON *o = new_answer(f->path, "redtop");
	cJSON *slos = put_list(o, "slos"), *limits = put_list(o, "thresholds");
	cJSON *problems = put_list(o, "problems");
	for (size_t i = 0; i < f->nr_slos; i++)
		put_slo(slos, f, &f->slo[i]);
	for (size_t i = 0; i < f->nr_thresholds; i++) {
		const struct file_threshold *t = &f->threshold[i];
		put_level(limits, t, "warning", &t->warning);
		put_level(limits, t, "critical", &t->critical);
	}
	for (size_t i = 0; i < f->nr_problems; i++) {
		const struct problem *p = &f->problem[i];
		put_problem(problems, p->line, p->column, p->error, p->text);
	}
	print_json(o);
}

/* A file of which there is only one thing to say. */
static void tell_one(const char *file, const char *kind, const char *text,
		     bool json)
{
	if (!json) {
		printf("%s:1: %s\n", file, text);
		return;
	}
	cJSON *o = new_answer(file, kind);
	put_list(o, "slos");
	put_list(o, "thresholds");
	put_problem(put_list(o, "problems"), 1, 1, true, text);
	print_json(o);
}

/* ---- text -------------------------------------------------------------- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_text(const struct dashfile *f)
{
	for (size_t i = 0; i < f->nr_problems; i++) {
		struct buf b;
		buf_init(&b, 0);
		problem_print(f, &f->problem[i], &b);
		puts(buf_text(&b));
		buf_release(&b);
	}
	if (f->errors + f->warnings > f->nr_problems)
		printf("%s: and %zu more\n", f->path,
		       f->errors + f->warnings - f->nr_problems);
	if (f->errors)
		printf("%s: %zu error%s, %zu warning%s\n", f->path, f->errors,
		       plural(f->errors), f->warnings, plural(f->warnings));
	else
		printf("%s: fine; %zu source%s, %zu service%s, %zu slo%s, %zu "
		       "threshold%s, %zu page%s\n", f->path, f->nr_sources,
		       plural(f->nr_sources), f->nr_services,
		       plural(f->nr_services), f->nr_slos, plural(f->nr_slos),
		       f->nr_thresholds, plural(f->nr_thresholds), f->nr_pages,
		       plural(f->nr_pages));
}

static int check(const char *path, bool json)
{
	struct err e = { 0 };
	bool missing;
	struct dashfile *f = dashfile_load(path, &missing, &e);
	if (!f && json) {
		tell_one(path, "redtop", e.text, true);
		return EXIT_FILE;
	}
	if (!f)
		return complain(&e);
	int code = f->errors ? EXIT_FILE : EXIT_FINE;
	const struct foreign *other = foreign_of(f);
	if (other) {
		char text[80];
		snprintf(text, sizeof(text), "%s: not in this version",
			 other->name);
		tell_one(f->path, other->kind, text, json);
		code = EXIT_FILE;
	} else if (json) {
		tell_json(f);
	} else {
		tell_text(f);
	}
	dashfile_free(f);
	return code;
}

int run_check(struct options *o)
{
	bool json = o->format == FORMAT_JSON;
	if (o->nr_sources)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check takes its file as -c FILE" });
	if (!o->file)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check needs -c FILE" });
	if (!json && o->format != FORMAT_TEXT)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check has --format text and json" });
	return check(o->file, json);
}
