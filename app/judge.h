/* `redtop check --slo` and `--thresholds`: what a file promises, judged once
 * against a source. */
#ifndef APP_JUDGE_H
#define APP_JUDGE_H

#include "app/options.h"
#include "model/objective.h"

/* What is judged; borrowed. */
struct rules {
	const struct slo_def *slo;
	size_t nr_slos;
	const struct threshold_def *threshold;
	size_t nr_thresholds;
	const char *pack;
};

/* Reads the options' file, asks --source, or else the file's own sources, once,
 * prints one line a rule (or one object) and returns CONTRACTS' exit code: 69
 * and 77 before 1 to 3. */
int judge(struct options *o);

#endif
