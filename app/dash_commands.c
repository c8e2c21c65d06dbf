/* The `:` line: a table of commands. */
#include "app/dash_private.h"

#include "app/dashfile.h"
#include "app/explain.h"
#include "base/text.h"
#include "tui/theme.h"

#include <stdio.h>
#include <string.h>

static void cmd_goto(struct dash *d, const char *arg)
{
	struct err e;
	time_ms t, now = d->replay && d->replay_src ? d->replay_src->newest
						    : d->latest;
	if (strcmp(arg, "now") == 0)
		dash_live(d);
	else if (time_parse(arg, now, &t, &e) == 0)
		dash_goto(d, t);
	else
		dash_notice(d, e.text);
}

static void cmd_theme(struct dash *d, const char *arg)
{
	struct theme t;
	struct err e;
	if (theme_load(arg, &t, &e) < 0) {
		dash_notice(d, e.text);
		return;
	}
	dash_copy(d->theme, sizeof(d->theme), arg);
	dash_ask(d, REQUEST_THEME);
}

static bool open_page(struct dash *d, const char *name)
{
	for (int p = 0; p < PAGE_START; p++)
		if (strcmp(page_name((enum page)p), name) == 0) {
			dash_page(d, (enum page)p);
			return true;
		}
	for (size_t i = 0; i < d->file.nr_pages; i++)
		if (strcmp(d->file.page[i].name, name) == 0) {
			dash_own_page(d, i);
			return true;
		}
	return false;
}

static void cmd_page(struct dash *d, const char *arg)
{
	if (open_page(d, arg))
		return;
	size_t n = (size_t)snprintf(d->notice, sizeof(d->notice), "pages are "
				    "overview, service, changed, saturation, "
				    "slo, events, net");
	for (size_t i = 0; i < d->file.nr_pages && n < sizeof(d->notice); i++)
		n += (size_t)snprintf(d->notice + n, sizeof(d->notice) - n,
				      ", %s", d->file.page[i].name);
}

static void cmd_alarms(struct dash *d, const char *arg)
{
	const struct store_source *const *src;
	size_t n = store_sources(d->store, &src), known = 0;
	(void)arg;
	for (size_t i = 0; i < n; i++)
		known += src[i]->alarms_known;
	if (known)
		dash_page(d, PAGE_EVENTS);
	else
		dash_notice(d, "no source here tells of alarms; cloudwatch "
			    "does");
}

static void cmd_range(struct dash *d, const char *arg)
{
	struct err e;
	time_ms range;
	if (duration_parse(arg, &range, &e) < 0) {
		dash_notice(d, e.text);
	} else if (range < 60000 || range > (time_ms)90 * 86400000) {
		dash_notice(d, "a range is between 1m and 90d");
	} else {
		d->range = range;
		d->laid = false;
		dash_ask(d, REQUEST_POLL);
	}
}

static void cmd_service(struct dash *d, const char *arg)
{
	for (size_t i = 0; i < d->nr_all; i++)
		if (strcmp(d->all[i].service->name, arg) == 0) {
			dash_copy(d->selected, sizeof(d->selected), arg);
			dash_page(d, PAGE_SERVICE);
			return;
		}
	dash_notice(d, "no service of that name");
}

static void cmd_filter(struct dash *d, const char *arg)
{
	dash_copy(d->filter, sizeof(d->filter), arg);
}

static void cmd_open(struct dash *d, const char *arg)
{
	if (d->page != PAGE_START) {
		dash_notice(d, "a source is opened on the start page, or by: redtop "
			  "SOURCE");
	} else if (*arg) {
		dash_copy(d->opened, sizeof(d->opened), arg);
		dash_ask(d, REQUEST_OPEN);
	}
}

static void cmd_record(struct dash *d, const char *arg)
{
	(void)arg;
	dash_ask(d, REQUEST_RECORD);
}

static void cmd_reload(struct dash *d, const char *arg)
{
	(void)arg;
	dash_ask(d, REQUEST_RELOAD);
}

static void cmd_quit(struct dash *d, const char *arg)
{
	(void)arg;
	dash_ask(d, REQUEST_QUIT);
}

static void cmd_help(struct dash *d, const char *arg)
{
	(void)arg;
	d->popup = POPUP_HELP;
}

static const struct {
	struct palette_row row;
	void (*run)(struct dash *d, const char *arg);
} palette[] = {
	{ { "goto", "TIME", "go to a time: 14:05, -10m, now" }, cmd_goto },
	{ { "theme", "NAME", "ember, paper, contrast, mono, or a file" },
	  cmd_theme },
	{ { "page", "NAME", "overview, service, saturation, events, net, or "
	    "the file's" }, cmd_page },
	{ { "alarms", "", "what the sources' own alarms say" }, cmd_alarms },
	{ { "range", "SPAN", "how much time the charts show: 15m, 1h, 6h" },
	  cmd_range },
	{ { "service", "NAME", "open a service" }, cmd_service },
	{ { "filter", "TEXT", "rows with this text; empty: all" }, cmd_filter },
	{ { "open", "SOURCE", "a URL, cloudwatch, demo, or a recording" },
	  cmd_open },
	{ { "record", "", "start or stop recording" }, cmd_record },
	{ { "reload", "", "read the dashboard file again" }, cmd_reload },
	{ { "help", "", "what the keys do" }, cmd_help },
	{ { "quit", "", "leave" }, cmd_quit },
};
#define NR_PALETTE (sizeof(palette) / sizeof(palette[0]))

size_t palette_rows(const struct palette_row **out, size_t max)
{
	size_t n = 0;
	for (; n < NR_PALETTE && n < max; n++)
		out[n] = &palette[n].row;
	return n;
}

void dash_command(struct dash *d)
{
	const char *names[NR_PALETTE + 1] = { 0 };
	char word[32] = "";
	int used = 0;
	sscanf(d->text, "%31s%n", word, &used);
	const char *arg = d->text + used;
	while (*arg == ' ')
		arg++;
	for (size_t i = 0; i < NR_PALETTE; i++) {
		names[i] = palette[i].row.name;
		if (strcmp(word, names[i]) == 0) {
			palette[i].run(d, arg);
			return;
		}
	}
	if (!word[0])
		return;
	if (d->page == PAGE_START && strpbrk(word, ":/.")) {
		cmd_open(d, d->text);
		return;
	}
	if (d->page != PAGE_START && open_page(d, word))
		return;
	const char *near = text_nearest(word, names);
	snprintf(d->notice, sizeof(d->notice), "no command '%s'%s%s%s", word,
		 near ? ", did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
}

void dash_complete(struct dash *d)
{
	size_t n = strlen(d->text);
	for (size_t i = 0; i < NR_PALETTE; i++)
		if (n && strncmp(palette[i].row.name, d->text, n) == 0) {
			snprintf(d->text, sizeof(d->text), "%s ",
				 palette[i].row.name);
			return;
		}
}
