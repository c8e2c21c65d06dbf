/* What widgets share: runs of text that drop whole, titles on a thin rule,
 * scales, sparklines, signs of states. Pure functions of their arguments. */
#ifndef WIDGETS_DRAW_H
#define WIDGETS_DRAW_H

#include "base/number.h"
#include "widgets/widget.h"

/* A line of text in pieces, each with a role. Pieces of group 0 stay; the
 * others leave a line that is too narrow as whole groups, the highest number
 * first. */
#define SPANS_MAX 32
#define SPAN_TEXT 320
struct span {
	uint8_t role, group;
	char text[SPAN_TEXT];
};
struct spans {
	int nr;
	struct span s[SPANS_MAX];
};

void spans_add(struct spans *sp, enum role r, int group, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int spans_width(const struct spans *sp);
void spans_drop(struct spans *sp, int group);
/* Drops groups of both until they fit into w with a gap between; if that is
 * not enough the right ones go. Either may be NULL. */
void spans_fit(struct spans *left, struct spans *right, int w, int gap);
/* Returns the cells used; nothing is written at or beyond x + max. */
int spans_draw(struct surface *s, int x, int y, int max,
	       const struct spans *sp);
/* Both, fitted into the columns from..to of row y. */
void spans_row(struct surface *s, int y, int from, int to,
	       const struct spans *left, const struct spans *right);

/* A panel's first row: bold title (the first piece of `left`), a thin rule (a
 * heavy one when focused), values at the right. */
void draw_title(struct surface *s, const struct spans *left,
		const struct spans *right, bool focused);

/* Text of a line in a role. */
int draw_text(struct surface *s, int x, int y, enum role r, const char *text);
/* Right-aligned in the field [x, x+w); dropped whole if it is wider. */
void draw_field(struct surface *s, int x, int y, int w, enum role r,
		const char *text);

/* A bar of w cells in half cells, `━╸─`. */
void draw_bar(struct surface *s, int x, int y, int w, double ratio,
	      enum role r);

/* One cell of a sparkline: level 0 (nothing) .. 6, or still open. */
#define SPARK_OPEN 7
void draw_spark(struct surface *s, int x, int y, int level, enum role r);

/* A burn as a level of a sparkline on the fixed scale 0..14.4x; its role. */
int burn_level(double burn);
enum role burn_role(double burn);

/* At most three digits: 19.1x, 0.2x, 217x. */
const char *burn_words(double burn, char out[NUMBER_TEXT]);

/* The sign, role and word of a state. */
struct sign {
	const char *glyph;
	enum role role;
	const char *word;
};
struct sign sign_of_state(enum service_state st);
struct sign sign_of_source(const struct store_source *src);
struct sign sign_of_event(const struct event *e);
/* ALARM, firing ...: as a monitor writes it. */
struct sign sign_of_alarm(const struct alarm *a);
/* It has gone off: ALARM or firing. */
bool alarm_is_on(const struct alarm *a);
/* "deploy checkout v841 → v842": the kind where the text does not say it. */
void spans_event(struct spans *sp, enum role r, const struct event *e);

/* "4m" or "1h 2m": an age in words; "" for TIME_NONE. */
const char *age_text(time_ms age, char out[TIME_TEXT]);
/* A moment of the last day by its time, an older one by its date; "" for
 * TIME_NONE. */
const char *moment_text(time_ms at, time_ms now, char out[TIME_TEXT]);
/* ", 0.8s", or "" while it is less than a tenth of a second. */
const char *elapsed_text(time_ms t, char out[TIME_TEXT]);
/* "45ms", "–", ">4s" of a percentile. */
const char *quantile_text(const struct red_quantile *q,
			  char out[NUMBER_TEXT]);
/* "~" before percentiles that are read from buckets or taken over several, ""
 * before those that the server has computed. */
const char *method_tilde(enum method m);
/* "750ms–1s", or "" where no bucket decided. */
const char *bucket_text(const struct red_quantile *q,
			char out[2 * NUMBER_TEXT]);
/* A threshold's value: units that charts know have forms of their own (91.2%,
 * 45ms, 3.0MB), others stand behind the number. */
#define UNIT_TEXT (NUMBER_TEXT + 16)
const char *unit_text(double v, const char *unit, char out[UNIT_TEXT]);
/* "> 85.0%", "< 80.0%": the limit that is breached or the nearest, "". */
#define LIMIT_TEXT (UNIT_TEXT + 4)
const char *limit_text(const struct threshold_row *r, char out[LIMIT_TEXT]);
/* Dollars as on a bill: $0.05, $1.20, $36; what is less than a cent keeps two
 * digits: $0.0024. */
const char *usd_text(double usd, char out[NUMBER_TEXT]);
/* The version that most instances run, how many of how many run it, and the
 * regions in which they are, as in "eu-west us-east"; "": not known. */
struct version {
	char name[64];
	int on, of;
	char regions[64];
};
struct version version_of(const struct service *s, time_ms at);

/* Counts of the sources; blind: none is of use any more, asking: nothing came
 * yet. */
struct health {
	size_t nr, up, down, asking;
	bool blind, nothing_yet;
	time_ms since, newest;
};
struct health health_of(const struct view *v);
/* Sources and events of a view, or none. */
size_t view_sources(const struct view *v,
		    const struct store_source *const **out);
size_t view_events(const struct view *v, const struct event *const **out);
/* The objective that the SLO page is about, or NULL: another page, or none. */
const struct slo_row *view_selected_slo(const struct view *v);
/* The service that the panels of a page are about, and its source; or NULL. */
const char *view_service_name(const struct view *v);
const struct store_source *view_source(const struct view *v);
/* What is newer than this may still change in the source's answers. */
time_ms view_settled(const struct view *v, const struct store_source *src);

/* A cheap picture of everything a view can change in a widget. Equal: the
 * update may be left out. */
uint64_t view_stamp(const struct view *v, int w, int h);

#endif
