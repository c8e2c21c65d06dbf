/* Dashboard files: read, checked as a whole, kept. One table of options
 * checks, gives defaults, and prints `redtop help` and the manual page. */
#ifndef APP_DASHFILE_H
#define APP_DASHFILE_H

#include "base/document.h"
#include "model/source.h"

#include <sys/stat.h>

/* Of one file; further ones are counted. */
#define PROBLEMS_MAX 200
#define WIDGETS_MAX 20      /* of one page */
#define FILE_PAGES_MAX 32
#define FILE_CHARTS_MAX 64  /* of all pages */

struct problem {
	int line, column;
	bool error;              /* or a warning */
	const char *text;        /* clean, one line, without the place */
};

/* Where an item stands in its file. Every kind of item begins with it. */
struct place {
	const struct node *node;
};

enum file_kind { FILE_PROMETHEUS, FILE_DEMO, FILE_RECORDING, FILE_CLOUDWATCH };

struct file_source {
	struct place at;
	const char *name, *kind_word, *url, *policy_word;
	const char *const *urls; /* ends in NULL; or NULL */
	double objective;        /* 0..1, or 0 */
	bool allow_plain_http;
	const char *region, *profile; /* of AWS, or NULL */
	double max_usd;          /* a day */
	const struct node *http_config; /* or NULL */
	/* what follows: */
	enum file_kind kind;
	enum endpoint_policy policy;
	struct http_config *http; /* of http_config, or NULL; owned */
};

struct file_service {
	struct place at;
	const char *name, *source, *layer_word, *rate, *errors, *buckets;
	double objective;
};

/* A calendar window, in place of a period that rolls. */
struct file_calendar {
	bool given;
	enum calendar_unit unit;
	int every;
	time_ms start;           /* a wall time, as if it were UTC */
	const char *zone;        /* or NULL: UTC */
};

struct file_slo {
	struct place at;
	const char *id, *service, *error_query, *total_query, *method;
	double objective;
	time_ms period;
	time_ms latency, slice;  /* 0: none */
	double slice_target;     /* 0..1, 0: none */
	struct file_calendar calendar;
	const char *const *group;  /* ends in NULL; or NULL */
	const char *recorded, *what, *runbook; /* or NULL */
};

/* NAN where there is none. */
struct file_level {
	bool given;
	double above, below;
};

struct file_threshold {
	struct place at;
	const char *id, *query, *missing;
	const char *measure, *cloudwatch; /* or NULL */
	const char *service, *unit, *what, *runbook; /* or NULL */
	struct file_level warning, critical;
	time_ms period;
	long m, n, clear_after;
	double clear;            /* NAN: the limit itself */
};

struct file_widget {
	struct place at;
	const char *kind, *title, *query, *unit;
	long weight, min_w, min_h, priority;
	const struct file_threshold *limit; /* whose query is the same */
};

struct file_row {
	size_t nr;
	const struct file_widget *widget;
};

struct file_page {
	struct place at;
	const char *name;
	size_t nr;
	const struct file_row *row;
};

struct file_key {
	struct place at;
	int key;
	int other;               /* the key it stands for, or 0 and: */
	const char *command;     /* "goto -10m" */
};

enum section {
	SECTION_SOURCES, SECTION_SERVICES, SECTION_SLOS, SECTION_THRESHOLDS,
	SECTION_PAGES, SECTION_THEME, SECTION_KEYS, SECTION_NR
};

struct dashfile {
	struct document doc;
	struct arena arena;
	const char *path;        /* clean; as given */
	const struct node *section[SECTION_NR]; /* NULL: not in this file */
	struct file_source *source;
	struct file_service *service;
	struct file_slo *slo;
	struct file_threshold *threshold;
	struct file_page *page;
	struct file_key *key;
	size_t nr_sources, nr_services, nr_slos, nr_thresholds, nr_pages,
		nr_keys;
	const char *theme;       /* or NULL */
	struct problem *problem; /* sorted by line */
	size_t nr_problems, errors, warnings;
	size_t nr_charts;
};

/* Reads all of it, whatever is wrong: look at ->errors. Never NULL. */
struct dashfile *dashfile_parse(const char *path, const char *text,
				size_t len);
/* NULL with EXIT_FILE where the file cannot be read or is not to be trusted
 * (*missing: there is none). */
struct dashfile *dashfile_load(const char *path, bool *missing,
			       struct err *e);
void dashfile_free(struct dashfile *f);

/* Whose word is taken: not that of a file that all may write, or that belongs
 * to neither the user, root, nor the owner of its directory. NULL, or why
 * not. */
const char *dashfile_distrust(const struct stat *file, const struct stat *dir,
			      uid_t user);

/* `file:line: sentence`, without a newline. */
void problem_print(const struct dashfile *f, const struct problem *p,
		   struct buf *out);
/* The first error and how many more there are, as one sentence. */
void dashfile_complaint(const struct dashfile *f, char *out, size_t size);

/* A query with `$window`, `${window}` or `$__rate_interval` written as this
 * span. */
const char *dashfile_windowed(const char *query, const char *window,
			      struct arena *a);

/* What the file says of objectives and thresholds, as sources take it. Arrays
 * and what is made for them are in the arena, other strings stay the file's.
 * Where a query says `$__rate_interval`, or a threshold's `$window`, it stands
 * as `$window` or `$period`. */
struct slo_def *dashfile_slos(const struct dashfile *f, struct arena *a,
			      size_t *nr);
struct threshold_def *dashfile_thresholds(const struct dashfile *f,
					  struct arena *a, size_t *nr);
/* The file's name without directory and .yaml, as on screens. */
const char *dashfile_pack(const struct dashfile *f, struct arena *a);

/* ---- the table --------------------------------------------------------- */

enum option_type {
	OPTION_TEXT, OPTION_QUERY, OPTION_URL, OPTION_URLS, OPTION_CHOICE,
	OPTION_BOOL, OPTION_WHOLE, OPTION_NUMBER, OPTION_TIME, OPTION_PERCENT,
	OPTION_USD, OPTION_LEVEL, OPTION_ROWS, OPTION_TREE, OPTION_LABELS,
	OPTION_CALENDAR, OPTION_METRIC,
};

struct file_option {
	const char *section;     /* "sources"; of a page's rows: "widget" */
	const char *name, *arg, *help;
	enum option_type type;
	size_t at;               /* in the item's struct */
	const char *fallback;    /* as one would write it, or NULL: none */
	const char *const *choices;  /* ends in NULL */
	const char *const *later;    /* known words, not in this version */
	double min, max;         /* OPTION_WHOLE; milliseconds of OPTION_TIME */
	bool required, unique;
};
extern const struct file_option file_options[]; /* ends with name NULL */

struct file_section {
	const char *name, *shape, *help;
};
extern const struct file_section file_sections[SECTION_NR];

#endif
