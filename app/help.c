/* Help, manual page and completion, printed from the tables that parse. */
#include "app/commands.h"
#include "app/dashfile.h"
#include "app/kinds.h"
#include "base/text.h"
#include "widgets/keys.h"

#include <stdio.h>
#include <string.h>

static void pad_to(int used, int column)
{
	printf("%*s", used < column ? column - used : 2, "");
}

static void print_command(const struct command *c)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "  redtop%s%s%s%s",
			 *c->name ? " " : "", c->name, *c->args ? " " : "",
			 c->args);
	fputs(line, stdout);
	pad_to(n, 34);
	puts(c->help);
}

static void print_option(const struct option_row *r)
{
	char line[96];
	int n;
	if (r->letter)
		n = snprintf(line, sizeof(line), "  -%c, --%s%s%s", r->letter,
			     r->name, r->arg ? " " : "", r->arg ? r->arg : "");
	else
		n = snprintf(line, sizeof(line), "      --%s%s%s", r->name,
			     r->arg ? " " : "", r->arg ? r->arg : "");
	fputs(line, stdout);
	pad_to(n, 34);
	puts(r->help);
}

static bool shows(const struct option_row *r, unsigned where)
{
	return (r->where & where) != 0;
}

static void print_options(const char *title, unsigned where)
{
	printf("\n%s\n", title);
	for (const struct option_row *r = option_rows; r->name; r++)
		if (shows(r, where))
			print_option(r);
}

static void print_key(const struct key_row *r)
{
	printf("  %s", r->keys);
	pad_to(2 + text_width(r->keys), 16);
	puts(r->help);
}

static void print_keys(void)
{
	for (int g = 0; g < KEY_GROUPS; g++) {
		printf("\nKeys: %s\n", key_group_name((enum key_group)g));
		for (const struct key_row *r = key_rows; r->keys; r++)
			if (r->group == (enum key_group)g)
				print_key(r);
	}
}

static void print_source(const struct source_ops *s)
{
	printf("  %-14s  %s\n", s->name, s->help);
}

/* ---- dashboard files ---------------------------------------------------------- */

static void file_default(const struct file_option *o, char *out, size_t size)
{
	if (o->required)
		snprintf(out, size, "; needed");
	else if (o->fallback)
		snprintf(out, size, " (%s)", o->fallback);
	else
		out[0] = '\0';
}

static void print_file_option(const struct file_option *o)
{
	char name[96], fallback[64];
	int n = snprintf(name, sizeof(name), "  %s.%s: %s", o->section, o->name,
			 o->arg);
	file_default(o, fallback, sizeof(fallback));
	fputs(name, stdout);
	pad_to(n, 34);
	printf("%s%s\n", o->help, fallback);
}

static void print_file_section(const struct file_section *s)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "  %s: %s", s->name, s->shape);
	fputs(name, stdout);
	pad_to(n, 34);
	puts(s->help);
	for (const struct file_option *o = file_options; o->name; o++)
		if (strcmp(o->section, s->name) == 0 ||
		    (strcmp(o->section, "widget") == 0 &&
		     strcmp(s->name, "pages") == 0))
			print_file_option(o);
}

static int print_file_word(const char *word)
{
	int found = 0;
	bool all = strcmp(word, "file") == 0;
	for (int s = 0; s < SECTION_NR; s++)
		if (all || strcmp(file_sections[s].name, word) == 0) {
			found++;
			print_file_section(&file_sections[s]);
		}
	for (const struct file_option *o = file_options; o->name && !all; o++)
		if (strcmp(o->name, word) == 0) {
			found++;
			print_file_option(o);
		}
	return found;
}

static void print_all(void)
{
	puts("redtop: top for services. Rate, errors, latency percentiles and "
	     "burn of what a\nPrometheus knows, recorded and replayed.\n");
	puts("Commands");
	for (const struct command *c = commands; c->name; c++)
		print_command(c);
	puts("\nSources");
	for (size_t i = 0; source_kinds[i]; i++)
		print_source(source_kinds[i]);
	print_options("Options", IN_ALL);
	print_options("Options of snapshot", IN_SNAPSHOT);
	print_options("Options of record", IN_RECORD);
	print_options("Options of check", IN_CHECK);
	print_options("Options of config", IN_CONFIG);
	print_keys();
	puts("\nExit codes: 0 fine, 64 command line, 65 file, 69 source not "
	     "reached,\n71 memory, 74 writing, 77 credentials. TIME is now, -10m, "
	     "14:05, @1763000000\nor ISO-8601, UTC. redtop help WORD says more "
	     "about a word;\nredtop help file lists what a dashboard file may "
	     "say.");
}

/* One of "Space p", whole. */
static bool names_key(const struct key_row *r, const char *word)
{
	size_t n = strlen(word);
	const char *at = r->keys;
	while (n && (at = strstr(at, word))) {
		if ((at == r->keys || at[-1] == ' ')
		    && (at[n] == '\0' || at[n] == ' '))
			return true;
		at++;
	}
	return false;
}

/* Everything a word can be; a word may be several things. */
static int print_word(const char *word)
{
	int found = 0;
	const char *bare = word;
	while (*bare == '-' && bare[1])
		bare++;
	for (const struct command *c = commands; c->name; c++) {
		if (strcmp(c->name, word) != 0
		    && !(strcmp(word, "redtop") == 0 && !*c->name))
			continue;
		found++;
		print_command(c);
		if (c->where)
			print_options("Options", c->where);
		print_options("Options of all commands", IN_ALL);
	}
	for (const struct option_row *r = option_rows; r->name; r++)
		if (strcmp(r->name, bare) == 0
		    || (r->letter && bare[0] == r->letter && !bare[1])) {
			found++;
			print_option(r);
		}
	for (size_t i = 0; source_kinds[i]; i++)
		if (strcmp(source_kinds[i]->name, word) == 0) {
			found++;
			print_source(source_kinds[i]);
		}
	for (size_t i = 0; widget_kinds[i]; i++)
		if (strcmp(widget_kinds[i]->name, word) == 0) {
			found++;
			printf("  %-14s  widget: %s\n", widget_kinds[i]->name,
			       widget_kinds[i]->help);
		}
	for (const struct key_row *r = key_rows; r->keys; r++) {
		if (names_key(r, word)) {
			found++;
			print_key(r);
		}
	}
	if (strcmp(word, "keys") == 0) {
		found++;
		print_keys();
	}
	return found + print_file_word(word);
}

static int unknown_word(const char *word)
{
	const char *names[256];
	size_t n = 0;
	struct err e;
	for (const struct command *c = commands; c->name && n < 100; c++)
		if (*c->name)
			names[n++] = c->name;
	for (const struct option_row *r = option_rows; r->name && n < 100; r++)
		names[n++] = r->name;
	for (size_t i = 0; widget_kinds[i] && n < 126; i++)
		names[n++] = widget_kinds[i]->name;
	for (int s = 0; s < SECTION_NR && n < 254; s++)
		names[n++] = file_sections[s].name;
	for (const struct file_option *f = file_options; f->name && n < 254; f++)
		names[n++] = f->name;
	names[n] = NULL;
	const char *near = text_nearest(word, names);
	if (command_is_later(word))
		err_set(&e, EXIT_USAGE, "%s is not in this version", word);
	else
		err_set(&e, EXIT_USAGE, "nothing is called '%.60s'%s%s%s", word,
			near ? ", did you mean '" : "", near ? near : "",
			near ? "'?" : "");
	return complain(&e);
}

int run_help(struct options *o)
{
	if (!o->word) {
		print_all();
		return EXIT_FINE;
	}
	return print_word(o->word) ? EXIT_FINE : unknown_word(o->word);
}

int run_version(struct options *o)
{
	(void)o;
	puts("redtop " REDTOP_VERSION);
	return EXIT_FINE;
}

/* ---- the manual page ---------------------------------------------------------- */

static void roff(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\e", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else
			putchar(*s);
	}
}

static void roff_term(const char *term, const char *more, const char *help)
{
	fputs(".TP\n.B ", stdout);
	roff(term);
	if (more && *more) {
		fputs(" \\fI", stdout);
		roff(more);
		fputs("\\fR", stdout);
	}
	putchar('\n');
	roff(help);
	putchar('\n');
}

static void man_options(void)
{
	char term[64];
	puts(".SH OPTIONS");
	for (const struct option_row *r = option_rows; r->name; r++) {
		if (r->letter)
			snprintf(term, sizeof(term), "-%c, --%s", r->letter,
				 r->name);
		else
			snprintf(term, sizeof(term), "--%s", r->name);
		roff_term(term, r->arg, r->help);
	}
}

static void man_file(void)
{
	puts(".SH DASHBOARD FILES\nYAML, given by \\-c FILE or "
	     "$REDTOP_CONFIG, else $XDG_CONFIG_HOME/redtop/redtop.yaml "
	     "(~/.config) and /etc/xdg/redtop/redtop.yaml; of a section the "
	     "first of them that has it says all. Ctrl\\-R reads them again. "
	     "A file that everybody may write to is refused. In services "
	     "and slos $window is the window of the rates, in thresholds "
	     "$period the period. \\-\\-dashboard NAME takes NAME.yaml of "
	     "the same directories, or a shipped one; it counts less than "
	     "\\-c FILE.");
	for (int s = 0; s < SECTION_NR; s++) {
		roff_term(file_sections[s].name, file_sections[s].shape,
			  file_sections[s].help);
		for (const struct file_option *o = file_options; o->name; o++) {
			char term[96], text[256], fallback[64];
			bool widget = strcmp(o->section, "widget") == 0;
			if (strcmp(o->section, file_sections[s].name) != 0 &&
			    !(widget && s == SECTION_PAGES))
				continue;
			file_default(o, fallback, sizeof(fallback));
			snprintf(term, sizeof(term), "%s.%s", o->section,
				 o->name);
			snprintf(text, sizeof(text), "%s%s", o->help, fallback);
			roff_term(term, o->arg, text);
		}
	}
}

static void man_exit(void)
{
	static const struct {
		const char *code, *when;
	} rows[] = {
		{ "0", "fine; also q and Ctrl-C in the live screen" },
		{ "64", "the command line is wrong" },
		{ "65", "a file cannot be used as what it was given for" },
		{ "69", "a source cannot be reached, or did not answer usefully "
			"within the deadline" },
		{ "71", "out of memory, files or threads" },
		{ "74", "writing a file failed, or it exists and is not ours" },
		{ "77", "credentials were refused, expired, or missing" },
	};
	puts(".SH EXIT STATUS");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		roff_term(rows[i].code, NULL, rows[i].when);
}

int run_man(struct options *o)
{
	char term[96];
	(void)o;
	puts(".TH REDTOP 1 \"\" \"redtop " REDTOP_VERSION "\" \"User Commands\"");
	puts(".SH NAME\nredtop \\- top for services: rate, errors, duration, burn");
	puts(".SH SYNOPSIS");
	for (const struct command *c = commands; c->name; c++) {
		snprintf(term, sizeof(term), "redtop%s%s", *c->name ? " " : "",
			 c->name);
		fputs(".B ", stdout);
		roff(term);
		fputs(" \\fR", stdout);
		roff(c->args);
		fputs("\n.br\n", stdout);
	}
	puts(".SH DESCRIPTION\nShows rate, errors and latency percentiles of "
	     "every service that a Prometheus\\-style server or CloudWatch "
	     "knows, without "
	     "configuration; records what it shows to one file, and replays "
	     "it. It never changes what it watches.");
	puts(".SH COMMANDS");
	for (const struct command *c = commands; c->name; c++) {
		snprintf(term, sizeof(term), "redtop%s%s", *c->name ? " " : "",
			 c->name);
		roff_term(term, c->args, c->help);
	}
	puts(".SH SOURCES");
	for (size_t i = 0; source_kinds[i]; i++)
		roff_term(source_kinds[i]->name, NULL, source_kinds[i]->help);
	man_options();
	man_file();
	puts(".SH KEYS");
	for (const struct key_row *r = key_rows; r->keys; r++)
		roff_term(r->keys, NULL, r->help);
	man_exit();
	puts(".SH ENVIRONMENT");
	roff_term("PROMETHEUS_URL", NULL, "the source of a bare redtop without a "
		  "terminal; offered on the start page");
	roff_term("REDTOP_CONFIG", NULL, "a dashboard file, as -c");
	roff_term("AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, ...", NULL,
		  "of cloudwatch: the names that the AWS SDKs read");
	roff_term("NO_COLOR", NULL, "no colours");
	roff_term("http_proxy, https_proxy, all_proxy, no_proxy", NULL,
		  "as curl reads them, but never for loopback and link-local "
		  "addresses");
	return EXIT_FINE;
}

/* ---- completion ------------------------------------------------------------------ */

int run_completion(struct options *o)
{
	(void)o;
	puts("# bash completion of redtop; install as "
	     "share/bash-completion/completions/redtop");
	puts("_redtop()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	     "prev=${COMP_WORDS[COMP_CWORD-1]}\n\tcase $prev in");
	puts("\t--format) COMPREPLY=($(compgen -W 'text ansi svg json' -- "
	     "\"$cur\")); return ;;");
	puts("\t--page) COMPREPLY=($(compgen -W 'overview service saturation "
	     "events net' -- "
	     "\"$cur\")); return ;;");
	puts("\t-c|--config) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;");
	puts("\t--dashboard) COMPREPLY=($(compgen -W 'seed-app seed-database "
	     "seed-infrastructure seed-loadtest seed-search seed-video' -- "
	     "\"$cur\")); return ;;");
	puts("\t--theme) COMPREPLY=($(compgen -W 'ember paper contrast mono' -- "
	     "\"$cur\")); return ;;");
	puts("\tesac\n\tcase $cur in");
	fputs("\t-*) COMPREPLY=($(compgen -W '", stdout);
	for (const struct option_row *r = option_rows; r->name; r++)
		printf("--%s ", r->name);
	puts("' -- \"$cur\")) ;;");
	fputs("\t*) COMPREPLY=($(compgen -f -X '!*.redtop' -- \"$cur\"))\n"
	      "\t\t[ \"$COMP_CWORD\" -eq 1 ] && COMPREPLY+=($(compgen -W '",
	      stdout);
	for (const struct command *c = commands; c->name; c++)
		if (*c->name)
			printf("%s ", c->name);
	puts("cloudwatch' -- \"$cur\")) ;;\n\tesac\n}\ncomplete -o filenames -F _redtop "
	     "redtop");
	return EXIT_FINE;
}
