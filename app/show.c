/* redtop config [--show-origin]: what holds, and who said so. */
#include "app/commands.h"
#include "app/config.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct show {
	const struct options *o;
	bool origin;
};

static void line(const struct show *s, const char *name, const char *value,
		 const char *origin)
{
	struct buf b;
	buf_init(&b, 0);
	text_clean(&b, value, strlen(value));
	if (s->origin)
		printf("%-32s %-32s %s\n", name, buf_text(&b), origin);
	else
		printf("%-32s %s\n", name, buf_text(&b));
	buf_release(&b);
}

/* ---- flags and the environment ----------------------------------------- */

static void span_text(time_ms t, char out[TIME_TEXT])
{
	if (t)
		time_duration(t, out);
	else
		snprintf(out, TIME_TEXT, "its own");
}

static const char *value_of(const struct options *o, const char *name,
			    char text[TIME_TEXT])
{
	if (strcmp(name, "delay") == 0)
		return span_text(o->period, text), text;
	if (strcmp(name, "timeout") == 0)
		return span_text(o->timeout, text), text;
	if (strcmp(name, "range") == 0)
		return span_text(o->range, text), text;
	if (strcmp(name, "match") == 0)
		return o->match ? o->match : "{}";
	if (strcmp(name, "objective") == 0)
		return format_objective(o->objective > 0 ? o->objective : 0.999,
					text);
	if (strcmp(name, "region") == 0)
		return o->region;
	if (strcmp(name, "profile") == 0)
		return o->profile;
	if (strcmp(name, "ascii") == 0)
		return o->ascii ? "true" : "false";
	if (strcmp(name, "no-color") == 0)
		return no_color(o) ? "true" : "false";
	return NULL;
}

static void show_options(const struct show *s)
{
	for (const struct option_row *r = option_rows; r->name; r++) {
		char text[TIME_TEXT], origin[64];
		const char *v = value_of(s->o, r->name, text);
		bool given = s->o->given >> (r - option_rows) & 1;
		bool env = strcmp(r->name, "no-color") == 0 && no_color(s->o);
		snprintf(origin, sizeof(origin), "%s%s",
			 given ? "flag --" : env ? "environment NO_COLOR"
						 : "default",
			 given ? r->name : "");
		if (v)
			line(s, r->name, v, origin);
	}
}

static void show_theme(const struct show *s)
{
	const struct config *c = s->o->config;
	const struct dashfile *f = c->of[SECTION_THEME];
	char origin[512] = "default";
	const char *theme = s->o->theme;
	if (theme && f && theme == f->theme)
		snprintf(origin, sizeof(origin), "%.400s:%d", f->path,
			 f->section[SECTION_THEME]->line);
	else if (theme)
		snprintf(origin, sizeof(origin), "flag --theme");
	else if (no_color(s->o))
		snprintf(origin, sizeof(origin), "environment NO_COLOR");
	line(s, "theme", theme ? theme : no_color(s->o) ? "mono" : "ember",
	     origin);
}

/* A secret's value is nobody's business. */
static const struct {
	const char *name;
	bool secret, url;
} variables[] = {
	{ "REDTOP_CONFIG", false, false }, { "PROMETHEUS_URL", false, true },
	{ "REDTOP_TOKEN", true, false },   { "REDTOP_GRAPH", false, false },
	{ "NO_COLOR", false, false },      { "http_proxy", false, true },
	{ "https_proxy", false, true },    { "all_proxy", false, true },
	{ "no_proxy", false, false },      { "AWS_PROFILE", false, false },
	{ "AWS_REGION", false, false },
	{ "AWS_DEFAULT_REGION", false, false },
	{ "AWS_ENDPOINT_URL", false, true },
	{ "AWS_ENDPOINT_URL_CLOUDWATCH", false, true },
	{ "AWS_ACCESS_KEY_ID", true, false },
	{ "AWS_SECRET_ACCESS_KEY", true, false },
	{ "AWS_SESSION_TOKEN", true, false },
};

static void show_environment(const struct show *s)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *v = getenv(variables[i].name);
		char name[64];
		struct buf b;
		if (!v || !*v)
			continue;
		buf_init(&b, 0);
		if (variables[i].secret)
			buf_str(&b, "(set)");
		else if (variables[i].url)
			http_url_shown(v, &b);
		else
			buf_str(&b, v);
		snprintf(name, sizeof(name), "$%s", variables[i].name);
		line(s, name, buf_text(&b), "environment");
		buf_release(&b);
	}
}

/* ---- sources and the rest of the files --------------------------------- */

static void show_command_line(const struct show *s)
{
	for (size_t i = 0; !s->o->from_file && i < s->o->nr_sources; i++) {
		char name[32];
		struct buf b;
		buf_init(&b, 0);
		http_url_shown(s->o->source[i], &b);
		snprintf(name, sizeof(name), "sources[%zu]", i);
		line(s, name, buf_text(&b), "command line");
		buf_release(&b);
	}
}

static void value_text(const struct node *n, bool url, struct buf *out)
{
	if (n->kind == NODE_SCALAR && url)
		http_url_shown(n->text, out);
	else if (n->kind == NODE_SCALAR)
		buf_str(out, n->text);
	for (size_t i = 0; n->kind == NODE_LIST && i < n->nr; i++) {
		buf_str(out, i ? ", " : "[");
		value_text(n->item[i], url, out);
	}
	for (size_t i = 0; n->kind == NODE_MAP && i < n->nr; i++) {
		buf_printf(out, "%s%s: ", i ? ", " : "{", n->key[i]->text);
		value_text(n->item[i], url, out);
	}
	if (n->kind != NODE_SCALAR)
		buf_str(out, n->kind == NODE_LIST ? n->nr ? "]" : "[]"
			     : n->nr ? "}" : "{}");
}

static void show_node(const struct show *s, const struct dashfile *f,
		      const char *name, const struct node *n, bool url)
{
	char origin[512];
	struct buf b;
	buf_init(&b, 2000);
	value_text(n, url, &b);
	snprintf(origin, sizeof(origin), "%.400s:%d", f->path, n->line);
	line(s, name, buf_text(&b), origin);
	buf_release(&b);
}

/* The options of an item: what the file says, else the table's default. */
static void show_item(const struct show *s, const struct dashfile *f,
		      const char *section, size_t i, const struct node *item)
{
	for (const struct file_option *o = file_options; o->name; o++) {
		char name[96];
		const struct node *n = node_get(item, o->name);
		if (strcmp(o->section, section) != 0)
			continue;
		snprintf(name, sizeof(name), "%s[%zu].%s", section, i, o->name);
		if (n && o->type == OPTION_TREE)
			line(s, name, "{...}", f->path);
		else if (n)
			show_node(s, f, name, n,
				  strncmp(o->name, "url", 3) == 0);
		else if (o->fallback)
			line(s, name, o->fallback, "default");
	}
}

static void show_section(const struct show *s, enum section section)
{
	const struct dashfile *f = s->o->config->of[section];
	const struct node *n = f ? f->section[section] : NULL;
	const char *name = file_sections[section].name;
	if (!n || section == SECTION_THEME)
		return;
	if (section == SECTION_SOURCES && !s->o->from_file && s->o->nr_sources)
		return;
	for (size_t i = 0; i < n->nr; i++) {
		char key[96];
		if (n->kind == NODE_LIST) {
			show_item(s, f, name, i, n->item[i]);
			continue;
		}
		snprintf(key, sizeof(key), "%s.%.60s", name, n->key[i]->text);
		show_node(s, f, key, n->item[i], false);
	}
}

int run_config(struct options *o)
{
	struct show s = { o, o->origin };
	show_options(&s);
	show_theme(&s);
	show_environment(&s);
	show_command_line(&s);
	for (int i = 0; i < SECTION_NR; i++)
		show_section(&s, (enum section)i);
	for (size_t i = 0; i < o->config->nr; i++)
		printf("# read: %s\n", o->config->file[i]->path);
	return EXIT_FINE;
}
