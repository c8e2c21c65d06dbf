/* The commands, each in a file of its own; the table is in app/commands.c. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/options.h"
#include "tui/glyph.h"
#include "tui/theme.h"

const struct command *command_find(const char *name); /* or NULL */
/* Promised by the product, not built yet. */
bool command_is_later(const char *name);

/* All return an exit code and have said what was wrong on stderr. */
int run_live(struct options *o);
int run_demo(struct options *o);
int run_snapshot(struct options *o);
int run_record(struct options *o);
int run_status(struct options *o);
int run_doctor(struct options *o);
int run_check(struct options *o);
int run_config(struct options *o);
int run_help(struct options *o);
int run_version(struct options *o);
int run_man(struct options *o);
int run_completion(struct options *o);

/* What the locale and --ascii allow; sets LC_CTYPE (never LC_NUMERIC). */
enum graph locale_graph(const struct options *o);
/* The theme of the options and the environment. */
int options_theme(const struct options *o, struct theme *t, struct err *e);
bool no_color(const struct options *o);
/* A source as a short title: "demo", "127.0.0.1:9090", "incident.redtop". */
void source_title(const char *source, char *out, size_t size);

/* What a recorder without a screen asks for: the charts of a snapshot. */
struct want;
void headless_want(const struct options *o, struct want *w);

/* The locale that the environment names, and the variable that does (NULL:
 * none). */
const char *locale_wanted(const char **variable);
/* Where recordings go; -1 with a sentence. Makes nothing. */
int recordings_path(char *out, size_t size, struct err *e);
/* $XDG_DATA_HOME/redtop, made 0700; -1 with a sentence. */
int recordings_dir(char *out, size_t size, struct err *e);

#endif
