/* What the panels of an objective share: how it is called, the words of its
 * target, budget and burn. Nothing else in widgets/ asks the model for the
 * past of an objective. */
#ifndef WIDGETS_OBJECTIVE_H
#define WIDGETS_OBJECTIVE_H

#include "widgets/lines.h"

#define OBJECTIVE_NAME 112

/* Of one: its id, with the service before it where the id does not say it. */
const char *objective_name(const struct slo_row *r, char out[OBJECTIVE_NAME]);
/* "99.9%", "99% <300ms". */
const char *objective_target(const struct slo_row *r,
			     char out[2 * NUMBER_TEXT]);
/* " by 1m" where slices of time are counted and not requests, " default" where
 * nobody promised it; else "". */
const char *objective_method(const struct slo_row *r, char out[TIME_TEXT]);
/* "99.9% of requests answered without errors, rolling 30d": the window is of
 * `group`. */
void spans_promise(struct spans *sp, const struct slo_row *r, int group);
/* "30d", "4w" as "28d"; "" where there is none. */
const char *objective_period(const struct slo_row *r, char out[TIME_TEXT]);
/* Nobody wrote it down: what was found is judged by the default. */
bool objective_implicit(const struct slo_row *r);
/* It fires nothing, has data or no traffic, and is under 1x in every window. */
bool objective_calm(const struct slo_row *r);
struct sign sign_of_objective(const struct slo_row *r);

/* The tier that fires and counts (an armed one before others), or NULL. */
const struct slo_tier *objective_firing(const struct slo_row *r);
/* What pages: the factor of its first tier that does. */
double objective_page(const struct slo_row *r);

/* "63.2%"; what is overspent in words: "41.0% over". */
const char *budget_text(double remaining, char out[NUMBER_TEXT + 8]);
enum role budget_role(double remaining);
/* "~1d 6h", "lasts", "gone", "–". */
const char *gone_text(const struct slo_row *r, char out[TIME_TEXT + 4]);
/* A burn's ground: over 14.4x, 6x, 1x; else R_DEFAULT. */
enum role burn_ground(double burn);

/* The row that a panel is about: the selected one of the SLO page, elsewhere
 * the worst of the selected service; or NULL. */
const struct slo_row *view_objective(const struct view *v);
/* The worst promised objective of a service that has a budget, or NULL. */
const struct slo_row *view_budget(const struct view *v,
				  const struct red_row *r);

/* Burn over 5m and 1h as lines of a chart. */
void objective_lines(struct lines *l, struct chart *c,
		     const struct slo_row *r);
void objective_left_cells(const struct slo_row *r, enum slo_window w, time_ms from,
		     time_ms span, struct column *out, size_t columns);
void objective_burndown(const struct slo_row *r, double *out, size_t nr);
size_t objective_spenders(const struct slo_row *r, struct slo_spender *out,
			  size_t max);
const char *objective_window(enum slo_window w);
/* What changed in one line; `out` keeps its memory. */
const char *changed_words(const struct changed *c, struct buf *out);

#endif
