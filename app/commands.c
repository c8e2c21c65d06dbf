#include "app/commands.h"

#include "app/dash.h"
#include "sources/http.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

const struct command commands[] = {
	{ "", "[SOURCE...]", "the live screen; without a source, the start page",
	  IN_LIVE | IN_SNAPSHOT, false, run_live },
	{ "demo", "", "a small shop with an incident, simulated; no network",
	  IN_LIVE | IN_SNAPSHOT, false, run_demo },
	{ "snapshot", "SOURCE...", "one frame without a terminal: text, ansi, svg "
	  "or json", IN_SNAPSHOT, true, run_snapshot },
	{ "record", "SOURCE... -o FILE", "record to a file, headless", IN_RECORD,
	  true, run_record },
	{ "status", "SOURCE...", "one line for the chat: the worst service; "
	  "--every repeats it", IN_STATUS, true, run_status },
	{ "doctor", "[SOURCE...]", "what this terminal, host and network can do, "
	  "and what is wrong", IN_DOCTOR, false, run_doctor },
	{ "check", "-c FILE", "is a dashboard file right: all problems at once, "
	  "text or json", IN_CHECK, false, run_check },
	{ "config", "[--show-origin]", "what holds: flags, environment, files, "
	  "defaults", IN_CONFIG, false, run_config },
	{ "help", "[WORD]", "every command, option, key, widget and source", 0,
	  false, run_help },
	{ "version", "", "the version", 0, false, run_version },
	{ "man", "", "the manual page (roff) on stdout", 0, false, run_man },
	{ "completion", "", "completion for bash on stdout", 0, false,
	  run_completion },
	{ 0 },
};

static const char *const later[] = {
	"report", "verdict", "plan", "import", NULL,
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

bool command_is_later(const char *name)
{
	for (size_t i = 0; later[i]; i++)
		if (strcmp(later[i], name) == 0)
			return true;
	return false;
}

static bool names_utf8(const char *locale)
{
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}

const char *locale_wanted(const char **variable)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);
		*variable = names[i];
		if (v && *v)
			return v;
	}
	*variable = NULL;
	return "C";
}

enum graph locale_graph(const struct options *o)
{
	const char *variable;
	if (!setlocale(LC_CTYPE, "") && names_utf8(locale_wanted(&variable)))
		setlocale(LC_CTYPE, "C.UTF-8");
	if (o->ascii || strcasecmp(nl_langinfo(CODESET), "UTF-8") != 0)
		return GRAPH_ASCII;
	const char *graph = getenv("REDTOP_GRAPH");
	if (o->low || (graph && strcmp(graph, "block") == 0))
		return GRAPH_BLOCK;
	return GRAPH_BRAILLE;
}

bool no_color(const struct options *o)
{
	const char *v = getenv("NO_COLOR");
	return o->no_color || (v && *v);
}

int options_theme(const struct options *o, struct theme *t, struct err *e)
{
	return theme_load(o->theme ? o->theme : no_color(o) ? "mono" : "ember", t,
			  e);
}

void source_title(const char *source, char *out, size_t size)
{
	struct buf b;
	if (!strstr(source, "://")) {
		const char *slash = strrchr(source, '/');
		snprintf(out, size, "%s", slash ? slash + 1 : source);
		return;
	}
	buf_init(&b, size - 1);
	http_url_shown(source, &b);
	const char *host = strstr(buf_text(&b), "://");
	snprintf(out, size, "%s", host ? host + 3 : buf_text(&b));
	size_t n = strlen(out);
	while (n && out[n - 1] == '/')
		out[--n] = '\0';
	buf_release(&b);
}

void headless_want(const struct options *o, struct want *w)
{
	dash_reach(o->w, o->h, o->range, &w->step, &w->back);
}

int recordings_path(char *out, size_t size, struct err *e)
{
	const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (xdg && *xdg == '/')
		snprintf(out, size, "%s/redtop", xdg);
	else if (home && *home == '/')
		snprintf(out, size, "%s/.local/share/redtop", home);
	else
		return err_set(e, EXIT_WRITE, "no HOME to put a recording into; "
			       "redtop record SOURCE -o FILE says where");
	return 0;
}

int recordings_dir(char *out, size_t size, struct err *e)
{
	if (recordings_path(out, size, e) < 0)
		return -1;
	for (char *p = out + 1;; p++) {
		if (*p != '/' && *p)
			continue;
		char c = *p;
		*p = '\0';
		if (mkdir(out, 0700) < 0 && errno != EEXIST) {
			err_set(e, EXIT_WRITE, "cannot make %.200s: %s", out,
				strerror(errno));
			*p = c;
			return -1;
		}
		*p = c;
		if (!c)
			return 0;
	}
}
