/* Rows 1 and 2 of every page: who is how bad since when, and what is known
 * about why. */
#include "widgets/objective.h"

#include "base/limits.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct verdict {
	uint64_t stamp;
	enum role ground;      /* R_DEFAULT: nothing is wrong */
	int w;
	struct spans left, right, why, hint;
	struct buf changed;    /* what changed, in one line */
};

/* On a filled row there are two roles, on a plain one the usual. */
static void bold(struct verdict *d, int group, const char *text)
{
	spans_add(&d->left, d->ground ? R_ON_ALERT : R_BRIGHT, group, "%s",
		  text);
}

static void soft(struct verdict *d, int group, const char *text)
{
	spans_add(&d->left, d->ground ? R_ON_ALERT_DIM : R_DIM, group, "%s",
		  text);
}

static void since(struct verdict *d, time_ms at, time_ms now)
{
	char text[TIME_TEXT];
	enum role dim = d->ground ? R_ON_ALERT_DIM : R_DIM;
	enum role loud = d->ground ? R_ON_ALERT : R_TEXT;

	if (at == TIME_NONE)
		return;
	spans_add(&d->right, dim, 2, "since ");
	spans_add(&d->right, loud, 2, "%s", time_hm(at, text));
	spans_add(&d->right, dim, 4, ", ");
	spans_add(&d->right, loud, 4, "%s", time_span(now - at, text));
}

static void hint(struct verdict *d, const char *key, const char *what)
{
	spans_add(&d->hint, R_BRIGHT, 5, "%s", key);
	spans_add(&d->hint, R_DIM, 5, " %s", what);
}

/* Monitors judge by rules of their own: how many say so stands beside what is
 * seen here. */
static void alarms(struct verdict *d, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src), nr = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < src[i]->nr_alarms; k++)
			nr += alarm_is_on(&src[i]->alarm[k]);
	if (!nr)
		return;
	spans_add(&d->why, R_FAINT, 2, "%s", d->why.nr ? "  ·  " : "");
	spans_add(&d->why, R_WARN, 2, "%zu in ALARM", nr);
}

/* What a day's limit does to what is seen here. */
static void savings(struct verdict *d, const struct view *v, int group)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);

	for (size_t i = 0; i < n; i++) {
		if (!src[i]->priced || !src[i]->cost.saving)
			continue;
		spans_add(&d->why, R_FAINT, group, "%s",
			  d->why.nr ? "  ·  " : "");
		spans_add(&d->why, R_WARN, group, "%.40s: %.120s",
			  src[i]->name, src[i]->cost.saving);
	}
}

/* ---- nothing is known --------------------------------------------------- */

static void blind(struct verdict *d, const struct view *v,
		  const struct health *h)
{
	char text[TIME_TEXT], line[80], burn[NUMBER_TEXT];

	d->ground = R_ALERT;
	snprintf(line, sizeof(line), "○ BLIND  %zu of %zu source%s down",
		 h->down, h->nr, h->nr == 1 ? "" : "s");
	bold(d, 0, line);
	if (h->newest != TIME_NONE) {
		soft(d, 2, "  ·  the newest numbers are ");
		snprintf(line, sizeof(line), "%s old",
			 time_span(v->now - h->newest, text));
		bold(d, 2, line);
	}
	soft(d, 3, "  ·  no service can be judged");
	spans_add(&d->right, R_ON_ALERT_DIM, 1, "since ");
	spans_add(&d->right, R_ON_ALERT, 1, "%s",
		  h->since == TIME_NONE ? "the start"
					: time_hm(h->since, text));
	hint(d, "8", "sources");
	if (h->newest == TIME_NONE) {
		const struct store_source *const *src;
		size_t n = view_sources(v, &src);
		spans_add(&d->why, R_DIM, 0, "%s",
			  n && src[0]->error ? src[0]->error
					     : "nothing was ever answered");
		return;
	}
	spans_add(&d->why, R_DIM, 0, "last known at %s",
		  time_hms(h->newest, text));
	const struct red_row *worst = NULL;
	for (size_t i = 0; i < v->nr_all; i++)
		if (!isnan(v->all[i].burn_5m) &&
		    (!worst || v->all[i].burn_5m > worst->burn_5m))
			worst = &v->all[i];
	if (!worst)
		return;
	spans_add(&d->why, R_DIM, 1, ": ");
	spans_add(&d->why, R_TEXT, 1, "%s%s",
		  worst->burn_5m > BURN_PAGE ? "▲ " : "", worst->service->name);
	spans_add(&d->why, R_DIM, 1, " burned %s",
		  burn_words(worst->burn_5m, burn));
	spans_add(&d->why, R_DIM, 2, "; whether it still does is not known");
}

/* Who is asked, and what each has found so far. */
static void progress(struct verdict *d, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);

	for (size_t i = 0; i < n && i < 4; i++) {
		const struct catalog *c = src[i]->catalog;
		int group = i ? (int)i + 2 : 0;
		spans_add(&d->why, R_TEXT, group, "%s%.40s", i ? "   " : "",
			  src[i]->name);
		if (src[i]->error)
			spans_add(&d->why, R_WARN, group, ": %.100s",
				  src[i]->error);
		else if (!c)
			spans_add(&d->why, R_DIM, group,
				  ": looking for services");
		else
			spans_add(&d->why, R_DIM, group,
				  ": %zu service%s found", catalog_services(c),
				  catalog_services(c) == 1 ? "" : "s");
	}
	if (v->nr_all)
		spans_add(&d->why, R_DIM, 2,
			  "; judged when their burn is known");
}

static void asking(struct verdict *d, const struct view *v)
{
	size_t rates = 0, full = 0;

	for (size_t i = 0; i < v->nr_all; i++) {
		const struct red_row *r = &v->all[i];
		rates += isnan(r->rate) ? 0 : 1;
		full += isnan(r->error_ratio) || isnan(r->p99.value) ? 0 : 1;
	}
	spans_add(&d->left, R_STALE, 0, "○ ");
	bold(d, 0, "no verdict yet");
	if (v->nr_all) {
		soft(d, 1, "   rates of ");
		spans_add(&d->left, R_TEXT, 1, "%zu of %zu", rates, v->nr_all);
		soft(d, 2, v->nr_all == 1 ? " service, errors and latency of "
					  : " services, errors and latency of ");
		spans_add(&d->left, R_TEXT, 2, "%zu of %zu", full, v->nr_all);
	}
	spans_add(&d->right, R_DIM, 3, "every key works");
	progress(d, v);
}

/* ---- all is well -------------------------------------------------------- */

static const struct red_row *worst_burn(const struct view *v)
{
	const struct red_row *worst = NULL;

	for (size_t i = 0; i < v->nr_all; i++)
		if (!isnan(v->all[i].burn_1h) &&
		    (!worst || v->all[i].burn_1h > worst->burn_1h))
			worst = &v->all[i];
	return worst;
}

static void last_change(struct verdict *d, const struct view *v)
{
	const struct event *const *e;
	char at[TIME_TEXT];
	int group = d->why.nr ? 4 : 0;

	spans_add(&d->why, R_FAINT, group, "%s", d->why.nr ? "  ·  " : "");

	for (size_t i = view_events(v, &e); i-- > 0;) {
		if (e[i]->kind != EVENT_DEPLOY || e[i]->at > v->now)
			continue;
		spans_add(&d->why, R_DIM, group, "last change ");
		spans_add(&d->why, R_TEXT, group, "%.60s%s%.120s at %s",
			  e[i]->service ? e[i]->service : "",
			  e[i]->service ? " " : "", e[i]->text,
			  time_hm(e[i]->at, at));
		return;
	}
	spans_add(&d->why, R_DIM, group, "no change seen since %s",
		  time_hm(v->held_from > 0 ? v->held_from : v->started, at));
}

/* `burning`: one of them burns more than its budget allows, or still did
 * within the hour, without firing a tier. */
static void calm_words(char *line, size_t size, size_t all, size_t judged,
		       bool assumed, bool burning)
{
	const char *what = assumed ? "the default objective"
			   : judged == 1 ? "its objective" : "their objectives";

	if (burning && all == 1)
		snprintf(line, size, "The one service fires no alarm");
	else if (burning)
		snprintf(line, size, "None of %zu services fires an alarm",
			 judged);
	else if (!all)
		snprintf(line, size, "no services found");
	else if (!judged && all == 1)
		snprintf(line, size, "the one service cannot be judged");
	else if (!judged)
		snprintf(line, size, "none of %zu services can be judged", all);
	else if (all == 1)
		snprintf(line, size, "The one service is inside %s", what);
	else if (judged < all)
		snprintf(line, size, "%zu of %zu services judged, %s inside "
			 "%s", judged, all, judged == 1 ? "it is" : "all",
			 what);
	else
		snprintf(line, size, "All %zu services inside %s", judged,
			 what);
}

static void calm(struct verdict *d, const struct view *v)
{
	size_t judged = 0, seen = 0;
	char line[120], text[NUMBER_TEXT];
	bool assumed = true;

	for (size_t i = 0; i < v->nr_all; i++) {
		const struct red_row *r = &v->all[i];
		judged += !isnan(r->error_ratio) || r->state == STATE_NOTRAFFIC;
		seen += r->state != STATE_NODATA && r->state != STATE_STALE;
		assumed = assumed && r->objective_from == OBJECTIVE_DEFAULT;
	}
	spans_add(&d->left, judged ? R_OK : R_STALE, 0,
		  judged ? "✓ " : "○ ");
	const struct red_row *worst = worst_burn(v);
	bool burning = judged && worst && worst->burn_1h > 1;
	calm_words(line, sizeof(line), v->nr_all, judged, assumed, burning);
	bold(d, 0, line);
	if (judged && worst) {
		soft(d, 2, "   worst burn ");
		spans_add(&d->left, R_TEXT, 2, "%.60s %s",
			  worst->service->name,
			  burn_words(worst->burn_1h, text));
		soft(d, 2, " over 1h");
		if (burning && worst->burn_5m <= 1)
			soft(d, 3, ", recovering");
	}
	if (v->nr_all)
		spans_add(&d->hint, R_DIM, 3, "%zu of %zu reporting", seen,
			  v->nr_all);
	savings(d, v, 0);
	last_change(d, v);
	alarms(d, v);
}

/* ---- something is wrong ------------------------------------------------- */

/* What is left of it, and for how long at the rate of the last hour. */
static void budget_left(struct verdict *d, const struct slo_row *o)
{
	char text[NUMBER_TEXT + 8], gone[TIME_TEXT + 4];

	soft(d, 6, "  ·  ");
	if (!(o->budget.remaining > 0)) {
		soft(d, 6, "budget gone, ");
		bold(d, 6, budget_text(o->budget.remaining, text));
		return;
	}
	bold(d, 6, budget_text(o->budget.remaining, text));
	soft(d, 6, " left");
	gone_text(o, gone);
	if (*gone != '~')
		return;
	soft(d, 7, ", gone in ");
	bold(d, 7, gone);
}

/* A tier of an objective that somebody promised fires: its own burn, and the
 * budget. A ticket is about its long window. */
static bool by_tier(struct verdict *d, const struct slo_row *o)
{
	const struct slo_tier *t = o ? objective_firing(o) : NULL;
	char text[NUMBER_TEXT];

	if (!t || !t->armed)
		return false;
	soft(d, 1, "  burn");
	soft(d, 5, "s its error budget");
	soft(d, 1, " ");
	bold(d, 1, burn_words(t->page ? t->burn_brief : t->burn_lasting,
			      text));
	soft(d, 5, " too fast");
	if (!t->page) {
		soft(d, 4, " over ");
		soft(d, 4, objective_window(t->lasting));
	}
	budget_left(d, o);
	return true;
}

/* What of its thresholds is breached: the worst one, and how many more. */
static void by_threshold(struct verdict *d, const struct view *v,
			 const struct red_row *r)
{
	const struct threshold_row *worst = NULL;
	char value[UNIT_TEXT], limit[LIMIT_TEXT];
	size_t more = 0;

	for (size_t i = 0; i < v->nr_thresholds; i++) {
		const struct threshold_row *t = &v->threshold[i];
		if (!t->def->service ||
		    strcmp(t->def->service, r->service->name) ||
		    (t->state.level != LEVEL_CRITICAL &&
		     t->state.level != LEVEL_WARNING))
			continue;
		more += worst != NULL;
		worst = worst ? worst : t;
	}
	if (!worst)
		return;
	spans_add(&d->left, R_ON_ALERT_DIM, 1, "  %.60s ", worst->def->id);
	bold(d, 1, unit_text(worst->state.value, worst->def->unit, value));
	spans_add(&d->left, R_ON_ALERT_DIM, 3, " %s",
		  limit_text(worst, limit));
	if (more)
		spans_add(&d->left, R_ON_ALERT_DIM, 4, "  ·  %zu more", more);
}

static void how_bad(struct verdict *d, const struct view *v,
		    const struct red_row *r)
{
	const struct slo_row *o = view_budget(v, r);
	char a[NUMBER_TEXT], b[NUMBER_TEXT], line[160];

	if (by_tier(d, o))
		return;
	if (r->burn_5m > 1 || r->burn_1h > 1) {
		bool hour = isnan(r->burn_5m) ||
			     (r->burn_1h > r->burn_5m && r->burn_5m <= 1);
		soft(d, 1, "  burn");
		soft(d, 5, "s its error budget");
		soft(d, 1, " ");
		bold(d, 1, burn_words(hour ? r->burn_1h : r->burn_5m, a));
		soft(d, 5, " too fast");
		if (isnan(r->burn_1h) || hour) {
			if (o)
				budget_left(d, o);
			return;
		}
		bool page = r->burn_1h > BURN_PAGE;
		soft(d, 6, page ? "  ·  " : "  ·  no page yet: ");
		bold(d, 6, burn_words(r->burn_1h, b));
		soft(d, 6, page ? " over 1h" : " over 1h is under 14.4x");
		return;
	}
	if (r->latency_limit > 0 && r->p99.value > r->latency_limit) {
		soft(d, 2, "  p99 ");
		snprintf(line, sizeof(line), "%s%s",
			 method_tilde(r->p99.method),
			 format_latency(r->p99.value, a));
		bold(d, 2, line);
		snprintf(line, sizeof(line), ", its limit is %s",
			 format_bound(r->latency_limit, b));
		soft(d, 2, line);
		return;
	}
	by_threshold(d, v, r);
}

/* The newest deploy of the service within a quarter of an hour before. */
static const struct event *deploy_before(const struct view *v,
					 const struct red_row *r)
{
	const struct event *const *e;

	for (size_t i = view_events(v, &e); i-- > 0;)
		if (e[i]->kind == EVENT_DEPLOY && e[i]->service &&
		    !strcmp(e[i]->service, r->service->name) &&
		    e[i]->at <= r->since && r->since - e[i]->at <= 900000)
			return e[i];
	return NULL;
}

static void numbers(struct verdict *d, const struct red_row *r)
{
	char a[NUMBER_TEXT], b[2 * NUMBER_TEXT];

	if (!isnan(r->error_ratio)) {
		spans_add(&d->why, R_DIM, 0, "errors ");
		spans_add(&d->why, R_TEXT, 0, "%s",
			  format_percent(r->error_ratio, a));
		spans_add(&d->why, R_DIM, 1, " of %s/s",
			  format_rate(r->rate, a));
	}
	if (isnan(r->p99.value))
		return;
	spans_add(&d->why, R_DIM, 2, "%sp99 ", d->why.nr ? "  ·  " : "");
	spans_add(&d->why, R_TEXT, 2, "%s%s", method_tilde(r->p99.method),
		  quantile_text(&r->p99, a));
	if (*bucket_text(&r->p99, b))
		spans_add(&d->why, R_DIM, 3, " (%s)", b);
}

/* What the comparison of this very service found, or "". */
static const char *found(struct verdict *d, const struct view *v,
			 const struct red_row *r)
{
	const struct changed *c = v->changed;

	if (!c || !c->nr || !c->answer->want.service ||
	    strcmp(c->answer->want.service, r->service->name))
		return "";
	d->changed.max = LIMIT_SENTENCE;
	return changed_words(c, &d->changed);
}

/* A row that is too narrow keeps the first half of the sentence whole. */
static void say_found(struct verdict *d, const char *text)
{
	static const char *const joints[] = { "  ·  ", "; ", ", " };
	const char *at = NULL;

	for (size_t i = 0; !at && i < sizeof(joints) / sizeof(*joints); i++)
		at = strstr(text, joints[i]);
	if (!at)
		at = text + strlen(text);
	spans_add(&d->why, R_TEXT, 0, "%.*s", (int)(at - text), text);
	spans_add(&d->why, R_TEXT, 6, "%s", at);
}

static bool compares(const struct view *v, const struct red_row *r)
{
	const struct store_source *src = r->service->source;

	return v->page != PAGE_CHANGED && v->mode == MODE_LIVE &&
	       (!src || strcmp(src->kind, "cloudwatch"));
}

static void reason(struct verdict *d, const struct view *v,
		   const struct red_row *r, size_t others)
{
	char text[TIME_TEXT];
	const char *changed = found(d, v, r);
	const struct event *e = r->since == TIME_NONE ? NULL
						      : deploy_before(v, r);

	if (*changed) {
		say_found(d, changed);
	} else if (e) {
		spans_add(&d->why, R_DIM, 0, "began ");
		spans_add(&d->why, R_TEXT, 0, "~%s after %s",
			  time_span(r->since - e->at, text),
			  strncmp(e->text, "deploy", 6) ? "deploy " : "");
		spans_add(&d->why, R_EVENT, 0, "%.80s", e->text);
		spans_add(&d->why, R_DIM, 1, " at %s", time_hm(e->at, text));
	} else {
		numbers(d, r);
	}
	if (others) {
		spans_add(&d->why, R_FAINT, 4, "  ·  ");
		spans_add(&d->why, R_DIM, 4, "%zu more not ok", others);
	}
	alarms(d, v);
	savings(d, v, 3);
	if (compares(v, r))
		hint(d, "w", "what changed");
	else if (v->page == PAGE_OVERVIEW)
		hint(d, "Enter", "service");
}

static void bad(struct verdict *d, const struct view *v,
		const struct red_row *r)
{
	struct sign sign = sign_of_state(r->state);
	char line[400], text[TIME_TEXT];
	size_t others = 0;

	for (size_t i = 1; i < v->nr_all; i++)
		others += v->all[i].state <= STATE_STALE;
	d->ground = sign.role == R_CRIT ? R_PAGE : R_ALERT;
	/* A long name leaves room for how bad it is. */
	int room = d->w - 34 > 16 ? d->w - 34 : 16;
	const char *name = r->service->name;
	size_t n = text_fit(name, room < 60 ? room : 60);
	snprintf(line, sizeof(line), "%s %s  %.*s%s", sign.glyph, sign.word,
		 (int)n, name, name[n] ? "…" : "");
	bold(d, 0, line);
	if (r->state == STATE_STALE) {
		soft(d, 2, "  last values ");
		snprintf(line, sizeof(line), "%s old",
			 age_text(r->age, text));
		bold(d, 2, line);
		const struct store_source *src = r->service->source;
		spans_add(&d->why, R_DIM, 0, "%.40s: ", src->name);
		spans_add(&d->why, R_TEXT, 0, "%s",
			  src->error ? src->error : "no answer");
		hint(d, "8", "sources");
		return;
	}
	how_bad(d, v, r);
	since(d, r->since, v->now);
	reason(d, v, r, others);
}

/* The page tier of the worst service that the recording knows of later. */
static const struct event *page_after(const struct view *v)
{
	const struct event *const *e;
	size_t n = view_events(v, &e);

	if (!v->nr_all || v->all[0].state == STATE_PAGE ||
	    v->all[0].state == STATE_CRIT)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (e[i]->at > v->now && e[i]->kind == EVENT_SLO &&
		    e[i]->severity == SEVERITY_CRIT && e[i]->service &&
		    !strcmp(e[i]->service, v->all[0].service->name))
			return e[i];
	return NULL;
}

/* A replay says which moment its reason is about, and what came of it. */
static void as_it_was(struct verdict *d, const struct view *v)
{
	struct spans rest = d->why;
	const struct event *page = page_after(v);
	char at[TIME_TEXT], span[TIME_TEXT];

	int group = page ? 0 : 6;
	d->why.nr = 0;
	spans_add(&d->why, R_DIM, group, "as it was at %s",
		  time_hms(v->now, at));
	if (page) {
		spans_add(&d->why, R_DIM, 1, "; the page came ");
		spans_add(&d->why, R_TEXT, 1, "%s later",
			  time_span(page->at - v->now, span));
		spans_add(&d->why, R_DIM, 2, ", at %s",
			  time_hm(page->at, at));
	}
	if (rest.nr)
		spans_add(&d->why, R_DIM, 6, "; ");
	for (int i = 0; i < rest.nr && d->why.nr < SPANS_MAX; i++) {
		d->why.s[d->why.nr] = rest.s[i];
		if (page)
			d->why.s[d->why.nr].group = 6;
		d->why.nr++;
	}
	d->hint.nr = 0;
	if (v->held_to > v->now)
		hint(d, "0", "to the newest");
}

static void judge(struct verdict *d, const struct view *v)
{
	struct health h = health_of(v);
	bool live = v->mode != MODE_REPLAY;

	if (live && h.blind)
		blind(d, v, &h);
	else if (h.nothing_yet)
		asking(d, v);
	else if (v->nr_all && v->all[0].asking)
		asking(d, v);
	else if (v->nr_all && v->all[0].state <= STATE_STALE)
		bad(d, v, &v->all[0]);
	else
		calm(d, v);
}

static bool verdict_update(void *state, const struct view *v, int w, int h)
{
	struct verdict *d = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->ground = R_DEFAULT;
	d->w = w;
	d->left.nr = d->right.nr = d->why.nr = d->hint.nr = 0;
	judge(d, v);
	if (v->notice) {
		d->why.nr = d->hint.nr = 0;
		spans_add(&d->why, R_TEXT, 0, "%s", v->notice);
	} else if (v->mode == MODE_REPLAY) {
		as_it_was(d, v);
	}
	return true;
}

static void verdict_draw(const void *state, struct surface *s)
{
	const struct verdict *d = state;

	if (d->ground)
		surface_ground(s, 0, 0, s->w, 1, d->ground);
	spans_row(s, 0, 1, s->w - 1, &d->left, &d->right);
	spans_row(s, 1, 3, s->w - 1, &d->why, &d->hint);
}

static void verdict_close(void *state)
{
	struct verdict *d = state;

	buf_release(&d->changed);
}

const struct widget_ops verdict_widget = {
	.name = "verdict",
	.help = "who is how bad since when, and what changed",
	.state_size = sizeof(struct verdict),
	.min_w = 1, .min_h = 1,
	.update = verdict_update,
	.draw = verdict_draw,
	.close = verdict_close,
};
