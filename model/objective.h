/* Objectives and thresholds as rows of screens and JSON: what the store holds
 * of them, read at a moment. The counterpart of model/service.h. */
#ifndef MODEL_OBJECTIVE_H
#define MODEL_OBJECTIVE_H

#include "model/service.h"
#include "model/slo.h"
#include "model/threshold.h"

enum slo_from { SLO_FROM_RECORDED, SLO_FROM_QUERY, SLO_FROM_STORE };
const char *slo_from_name(enum slo_from f); /* recorded, query, store */

#define SLO_GROUP 200 /* bytes of a group's words */

struct slo_row {
	const struct slo_def *def;
	const struct store_source *source;
	const struct store_slo *slo;
	const char *name;        /* of the service, or NULL */
	char group[SLO_GROUP];   /* handler="/api/v1/query"; "" for one alone */
	const struct series *like;     /* one of the group's, or NULL */
	const struct service *service; /* of SLO_FROM_STORE: whose history it
					  is; else NULL */
	enum slo_from from;
	struct slo_reading window[SLO_WINDOWS];
	struct slo_tier tier[SLO_TIERS];
	struct slo_budget budget;
	struct slo_exhaustion exhaustion;
	enum slo_verdict verdict;
	/* As a state of a service: an objective that nobody promised is crit
	 * and warn instead of page and ticket. */
	enum service_state state;
	time_ms since;           /* first chart point of the run in which the
				    worst firing tier fires; TIME_NONE */
	time_ms at, age;         /* of the 5 m window's answer */
	time_ms period_from;     /* of the budget's window */
	bool asking;             /* not answered yet */
	const char *fault;       /* why it cannot be evaluated, or NULL */
};

/* All rows of one objective (one a group) at a moment, at most max; returns
 * how many there are. `from`: how far back `since` looks. Where its source
 * has answered nothing of it, what the store holds of its service speaks. */
size_t slo_rows(const struct store *st, const struct store_slo *s, time_ms at,
		time_ms from, struct slo_row *out, size_t max);
/* A row of a service that has no objective of its own: its 5 m and 1 h at the
 * default. For the SLO page. */
void slo_row_of_service(const struct red_row *r, struct slo_row *out);
/* Worst first: state, then the smaller of the 5 m and 1 h burn, then budget
 * left, then id and group. */
int slo_row_compare(const void *a, const void *b);

/* Burn of a window (SLO_5M, SLO_1H) as columns of a chart. */
void slo_columns(const struct slo_row *r, enum slo_window w, time_ms from,
		 time_ms span, struct column *out, size_t columns);
/* What was left of the budget at the end of each of nr equal parts of the
 * period that ends at r->at (NAN: not known). */
void slo_burndown(const struct slo_row *r, double *out, size_t nr);
/* What spent the most of it: runs of cells over budget, the largest first;
 * returns how many it wrote. */
struct slo_spender {
	time_ms from, to;
	double share;            /* of what is spent */
	double budget;           /* of the whole budget */
};
size_t slo_spenders(const struct slo_row *r, struct slo_spender *out,
		    size_t max);

struct threshold_row {
	const struct threshold_def *def;
	const struct store_source *source;
	const char *name;        /* of the service or resource, or NULL */
	char group[SLO_GROUP];   /* as above */
	struct threshold_state state;
	double nearness;         /* 1 at critical; NAN */
	bool asking;
	const char *fault;
};
/* One a label set; of a measure one a service, or one a resource. */
size_t threshold_rows(const struct store *st, const struct store_threshold *t,
		      time_ms at, struct threshold_row *out, size_t max);
/* Worst first: critical, warning, nodata, ok; then nearness, then id. */
int threshold_row_compare(const void *a, const void *b);

#endif
