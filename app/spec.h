/* Files of objectives and rules that people own: Sloth (prometheus/v1, the
 * CRD, AlertWindows), Pyrra, OpenSLO (v1, v1alpha, v2alpha) and Prometheus'
 * rule files. What is read becomes the same structs that a dashboard file
 * gives. Untrusted: base/document.h reads the YAML.
 *
 * Sloth: https://sloth.dev/specs/, Pyrra: its CRD v1alpha1, OpenSLO:
 * https://github.com/OpenSLO/OpenSLO, rules: the documentation of Prometheus'
 * recording and alerting rules. */
#ifndef APP_SPEC_H
#define APP_SPEC_H

#include "base/document.h"
#include "model/slo.h"
#include "model/threshold.h"

enum spec_kind { SPEC_NONE, SPEC_SLOTH, SPEC_PYRRA, SPEC_OPENSLO, SPEC_RULES };
const char *spec_kind_name(enum spec_kind k); /* as CONTRACTS writes */

struct spec_problem {
	int line, column;
	bool error;
	const char *text;        /* clean, one line, without the place */
};

/* An objective and why it cannot be evaluated, if so. Without a reason it can:
 * it has an id, an objective, a period, and queries. `where` is always given.
 *
 * Ids: Sloth SERVICE-NAME, Pyrra NAME, OpenSLO NAME. An OpenSLO file with
 * several objectives in one SLO has NAME-WORDS for each, of its displayName
 * ("SLA 99" is sla-99), or NAME-1, NAME-2 of those without one. */
struct spec_slo {
	struct slo_def def;      /* of an unsupported one: what is known */
	int line;
	size_t nr_unsupported;   /* each "line 12: ..." */
	const char *unsupported[8];
};

struct spec {
	struct arena arena;      /* owns all texts */
	enum spec_kind kind;
	size_t nr_slos, nr_thresholds, nr_problems, errors, warnings;
	struct spec_slo *slo;
	/* Of rule files: alerts. Those that cannot be evaluated are problems.
	 * An id is the alert's name; where several have one name, with its
	 * severity or a number behind it. */
	struct threshold_def *threshold;
	size_t nr_recordings;    /* recording rules, which are only counted */
	struct spec_problem *problem; /* sorted by line */
};

/* What a document is by its first keys, looking at all documents of the file
 * (and into a list at its root); SPEC_NONE: a dashboard file, or nothing
 * known. */
enum spec_kind spec_kind_of(const struct document *d);
/* Never NULL; the document is only needed during the call. */
struct spec *spec_read(const struct document *d, enum spec_kind kind);
void spec_free(struct spec *s);

#endif
