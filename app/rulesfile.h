/* A file of objectives or thresholds, of whatever kind: a dashboard file, or
 * one of Sloth, Pyrra, OpenSLO or Prometheus' rules. */
#ifndef APP_RULESFILE_H
#define APP_RULESFILE_H

#include "app/dashfile.h"
#include "app/judge.h"
#include "app/spec.h"

struct rulesfile {
	struct arena arena;      /* of the rules' arrays */
	struct dashfile *dash;   /* one of these two */
	struct spec *spec;
	struct rules rules;
};

/* Says every problem on stderr (warnings unless `quiet`); -1 with a sentence
 * (EXIT_FILE) where the file cannot be used. Release it in any case. */
int rulesfile_load(struct rulesfile *r, const char *path, bool quiet,
		   struct err *e);
void rulesfile_release(struct rulesfile *r);

/* What a spec says, as rules: what cannot be evaluated is among them, without
 * queries. Arrays in the arena, the rest stays the spec's. */
struct rules rules_of_spec(const struct spec *s, struct arena *a);

#endif
