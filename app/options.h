/* The command line: one table of options and one of commands parse it, print
 * `redtop help`, the man page and the completion. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "widgets/widget.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOURCES_MAX 16

struct http_config; /* sources/http_config.h */

enum format { FORMAT_TEXT, FORMAT_ANSI, FORMAT_SVG, FORMAT_JSON };

struct config;
struct rules; /* app/judge.h */

struct options {
	const struct command *command;
	const char *file;        /* -c, or NULL */
	const char *dashboard;   /* --dashboard, or NULL */
	const struct config *config; /* what holds; set by config_apply() */
	bool from_file;          /* the sources are the file's */
	const char *own_page;    /* --page NAME that is not a built-in one */
	size_t own;              /* PAGE_OWN: which of the file's */
	uint64_t given;          /* bits: rows of the table that were given */
	bool origin;             /* config --show-origin */
	const char *source[SOURCES_MAX]; /* userinfo still in URLs */
	size_t nr_sources;       /* of the command line, else the file's */
	const char *word;        /* of `help` */
	time_ms period;          /* -d, 0: the source's own */
	const char *match;
	double objective;        /* 0..1, or 0 */
	time_ms timeout;         /* 10 s unless given */
	const char *http_config, *token_file, *cacert; /* files, or NULL */
	const struct http_config *http; /* made of them; or NULL */
	const char *region, *profile;   /* of AWS, or NULL */
	const char *theme;
	bool ascii, no_color, no_mouse, low, bell, verbose, quiet;
	long max_bps;
	/* snapshot */
	const char *at;          /* TIME, or NULL */
	time_ms range;           /* 1 h unless given */
	int w, h;                /* 120x40 unless given */
	bool sized;
	enum page page;
	bool paged;
	const char *service, *keys;
	enum format format;
	/* check */
	bool slo, thresholds;
	size_t nr_against;       /* of the sources: by --source */
	const struct rules *rules; /* beside the file's, or NULL */
	/* record */
	const char *out;
	time_ms every, duration;
};

/* What a command may be given; bits of struct option_row.where. */
enum where { IN_ALL = 1, IN_SNAPSHOT = 2, IN_RECORD = 4, IN_LIVE = 8,
	     IN_CHECK = 16, IN_CONFIG = 32, IN_STATUS = 256, IN_DOCTOR = 512 };

struct option_row {
	const char *name;        /* without dashes */
	char letter;             /* or 0 */
	const char *arg;         /* "SECONDS", or NULL for a flag */
	const char *help;
	unsigned where;
	int (*set)(struct options *o, const char *arg, struct err *e);
};
extern const struct option_row option_rows[]; /* ends with name NULL */

struct command {
	const char *name;        /* "" is `redtop SOURCE` */
	const char *args;        /* "SOURCE… -o FILE" */
	const char *help;
	unsigned where;          /* options beside IN_ALL */
	bool needs_source;       /* judged once dashboard files are read */
	int (*run)(struct options *o);
};
extern const struct command commands[]; /* ends with name NULL */

/* The bit of an option's row in options.given. */
uint64_t option_bit(const char *name);

/* 0, or -1 with a sentence (EXIT_USAGE) that names the word and the nearest
 * right one. `--help`, `-h` and `--version` become commands. */
int options_parse(int argc, char **argv, struct options *o, struct err *e);

/* Prints "redtop: sentence" to stderr and returns the code. */
int complain(const struct err *e);

#endif
