/* Which dashboard files hold, and what they say to the options and to the
 * sources. Of a section the most important file that has it says all. */
#ifndef APP_CONFIG_H
#define APP_CONFIG_H

#include "app/dash.h"
#include "app/dashfile.h"
#include "app/options.h"

#define CONFIG_FILES 4

struct config {
	struct dashfile *file[CONFIG_FILES]; /* the least important first */
	size_t nr;
	const struct dashfile *own;          /* -c or $REDTOP_CONFIG; or NULL */
	const struct dashfile *of[SECTION_NR]; /* or NULL */
	struct spec *spec;                   /* -c of another tool, or NULL */
	struct arena arena;
	size_t errors, nr_charts;
	const char **chart;                  /* the queries, each once */
};

struct spec; /* app/spec.h */

/* The system's file, the user's, and `explicit` (-c) or $REDTOP_CONFIG, where
 * they exist; NULL with EXIT_FILE if one is not to be used at all or the last
 * is missing. Look at ->errors then. */
struct config *config_load(const char *explicit, struct err *e);
void config_free(struct config *c);
/* All problems, each a line, to stderr; warnings only if `warnings`. */
void config_complain(const struct config *c, bool warnings);
/* One sentence: the first error and how many more. */
void config_complaint(const struct config *c, char *out, size_t size);

/* Where the dashboard of that name stands: the user's, the system's, those that
 * are shipped. -1 with EXIT_USAGE and the nearest one. */
int config_dashboard(const char *name, char *out, size_t size, struct err *e);

/* The file of --dashboard, which counts more than the searched ones and less
 * than -c; theme and sources where no flag says otherwise; then what could not
 * be judged before: whether there is a source, whether there is the page. The
 * strings stay the config's. */
int config_apply(struct config *c, struct options *o, struct err *e);

/* The file's source in whose place the options' i-th stands, or NULL. */
const struct file_source *config_source(const struct config *c, size_t i);
/* What the source is to ask beside what it finds: arrays in the arena.
 * Objectives and thresholds go to every source, unless the service they are of
 * stands by hand at another. */
void config_source_options(const struct config *c, size_t i,
			   struct source_options *out, struct arena *a);
/* The objective of a service of the i-th source, or 0. */
double config_objective(const struct config *c, size_t i, const char *service);
/* True if both ask the same of the same sources. */
bool config_same_sources(const struct config *a, const struct config *b);

/* Pages and keys, for the dashboard. */
struct dash_file config_dash_file(const struct config *c);
/* The pages; NULL where there are none. */
const struct file_page *config_pages(const struct config *c, size_t *nr);

#endif
