/* Row 0 of every page: whose screen, which mode and moment, which sources. */
#include "widgets/draw.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct header {
	uint64_t stamp;
	bool replay;
	struct spans left, right;
};

static void add_mode(struct header *hd, const struct view *v,
		     const struct health *h)
{
	char at[TIME_TEXT];
	struct spans *l = &hd->left;

	if (v->mode == MODE_REPLAY) {
		spans_add(l, R_ON_ALERT, 0, "   %s REPLAY %sZ",
			  v->playing ? "▸" : "‖", time_hms(v->now, at));
		return;
	}
	if (h->nothing_yet && v->mode == MODE_LIVE) {
		elapsed_text(v->now - v->started, at);
		spans_add(l, R_STALE, 0, "   ○");
		spans_add(l, R_BRIGHT, 0, " ASKING%s", *at ? at + 1 : "");
		return;
	}
	bool stale = h->blind;
	const char *word = v->mode == MODE_PAUSED ? "PAUSED"
			   : stale ? "STALE" : "LIVE";
	spans_add(l, v->mode == MODE_PAUSED ? R_EVENT : stale ? R_WARN : R_OK,
		  0, v->mode == MODE_PAUSED ? "   ‖" : stale ? "   ○" : "   ●");
	spans_add(l, R_BRIGHT, 0, " %s %sZ", word, time_hms(v->now, at));
}

/* Who burns fastest, where that is more than its budget allows. */
static void add_worst(struct header *hd, const struct view *v, int w)
{
	const char *name = v->worst_slo ? v->worst_slo->name : NULL;
	double burn = v->worst_slo ? v->worst_slo->window[SLO_5M].burn : NAN;
	char text[NUMBER_TEXT];

	if (!v->worst_slo && v->nr_all) {
		name = v->all[0].service->name;
		burn = v->all[0].burn_5m;
	}
	if (w < 120 || !name || !(burn > 1) || v->mode == MODE_REPLAY)
		return;
	spans_add(&hd->left, R_DIM, 9, "   worst ");
	spans_add(&hd->left, burn > BURN_PAGE ? R_CRIT : R_WARN, 9, "%s",
		  burn_words(burn, text));
	spans_add(&hd->left, R_DIM, 9, " %.40s", name);
}

static void add_budget(struct header *hd, const struct view *v, time_ms range,
		       int w)
{
	const struct slo_row *o = view_selected_slo(v);
	char span[TIME_TEXT], period[TIME_TEXT];

	if (!o || !o->def || o->def->period <= 0)
		return;
	time_duration(o->def->period, period);
	if (w >= 100)
		spans_add(&hd->left, R_DIM, 6, "   burn %s · budget %s",
			  time_span(range, span), period);
	else
		spans_add(&hd->left, R_DIM, 6, "   burn, budget %s", period);
}

static void add_compared(struct header *hd, const struct view *v)
{
	char before[TIME_TEXT], after[TIME_TEXT];

	if (!v->changed) {
		if (v->comparing)
			spans_add(&hd->left, R_DIM, 6, "   comparing…");
		return;
	}
	const struct change_want *c = &v->changed->answer->want;
	spans_add(&hd->left, R_DIM, 6, "   %s before · %s after",
		  time_span(c->before_to - c->before_from, before),
		  time_span(c->during_to - c->during_from, after));
}

/* The range that a chart of half the screen shows, and its grain. */
static void add_range(struct header *hd, const struct view *v, int w)
{
	char span[TIME_TEXT], dot[TIME_TEXT];
	bool replay = v->mode == MODE_REPLAY;
	int cells = w >= 160 ? w / 3 - 9 : w >= 100 ? w / 2 - 8 : w - 8;

	if (replay) {
		if (v->playing)
			spans_add(&hd->left, R_ON_ALERT_DIM, 5, "   %gx",
				  v->speed);
		else
			spans_add(&hd->left, R_ON_ALERT_DIM, 5, "   paused");
		if (v->held_to > v->now)
			spans_add(&hd->left, R_ON_ALERT_DIM, 7,
				  " · %s before the end",
				  time_span(v->held_to - v->now, span));
		return;
	}
	if (v->page == PAGE_EVENTS) {
		spans_add(&hd->left, R_DIM, 6, "   %s · %zu events",
			  time_span(v->held_to - v->held_from, span),
			  v->nr_events);
		return;
	}
	if (v->page == PAGE_SATURATION) {
		spans_add(&hd->left, R_DIM, 6, "   %zu resource%s",
			  v->nr_resources, v->nr_resources == 1 ? "" : "s");
		if (v->nr_thresholds)
			spans_add(&hd->left, R_DIM, 7, " · %zu limit%s",
				  v->nr_thresholds,
				  v->nr_thresholds == 1 ? "" : "s");
		return;
	}
	if (v->page == PAGE_CHANGED) {
		add_compared(hd, v);
		return;
	}
	if (cells < 1 || v->dot <= 0 || v->page == PAGE_NET)
		return;
	if (v->page == PAGE_SLO) {
		add_budget(hd, v, 2 * v->dot * cells, w);
		return;
	}
	spans_add(&hd->left, R_DIM, 6, "   %s",
		  time_span(2 * v->dot * cells, span));
	if (w >= 100)
		spans_add(&hd->left, R_DIM, 7, " · %s a dot",
			  time_duration(v->dot, dot));
}

/* host:port and the path of a URL */
static const char *host_of(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host + 3 : url;
}

/* What the identity says beyond the name: of "CloudWatch eu-west-1" the
 * region, which tells two of them apart. */
static const char *region_of(const struct store_source *s)
{
	size_t n = strlen(s->kind);

	if (!s->priced || !s->identity || !n ||
	    strncasecmp(s->identity, s->kind, n) != 0 || s->identity[n] != ' ')
		return NULL;
	return s->identity + n + 1;
}

/* What the limit does now stands below, where there is room for it. */
static void add_cost(struct spans *r, const struct store_source *s, int w)
{
	const struct source_cost *c = &s->cost;
	char usd[NUMBER_TEXT];

	spans_add(r, c->saving ? R_WARN : R_DIM, 4, " %s/h",
		  usd_text(c->usd_per_hour, usd));
	if (c->saving)
		spans_add(r, R_WARN, 4, ", limit");
	if (w >= 100)
		spans_add(r, R_DIM, 7, ", %s today",
			  usd_text(c->usd_today, usd));
}

static void add_source(struct spans *r, const struct store_source *s, int w)
{
	struct sign sign = sign_of_source(s);
	char took[NUMBER_TEXT];
	bool well = s->state == SOURCE_UP || s->state == SOURCE_PARTIAL;
	const char *region = region_of(s);

	spans_add(r, sign.role, 2, "%s%s", r->nr ? "   " : "", sign.glyph);
	spans_add(r, R_TEXT, 2, " %.40s", s->name);
	if (s->endpoint && s->nr_endpoints > 1)
		spans_add(r, R_DIM, 5, " from %.48s", host_of(s->endpoint));
	if (region)
		spans_add(r, R_DIM, 5, " %.24s", region);
	else if (s->identity && w >= 100)
		spans_add(r, R_DIM, 8, " %.40s", s->identity);
	if (s->priced)
		add_cost(r, s, w);
	if (well && s->took_us > 0 && !s->priced)
		spans_add(r, R_DIM, 4, " %s",
			  format_latency((double)s->took_us / 1e6, took));
	if (s->state != SOURCE_UP)
		spans_add(r, sign.role, 3, " %s", sign.word);
	if (fabs(s->skew_s) > 2)
		spans_add(r, R_WARN, 3, " clock %+.0fs", s->skew_s);
	if (s->catalog && s->catalog->note && w >= 100)
		spans_add(r, R_WARN, 8, " %.80s", s->catalog->note);
}

/* Group 1 in place of group 2 when the names do not fit: how many. */
static void add_count(struct spans *r, const struct health *h, int w)
{
	if (h->down) {
		spans_add(r, R_CRIT, 1, "○");
		spans_add(r, R_TEXT, 1, " %zu of %zu down", h->down, h->nr);
	} else {
		spans_add(r, h->nothing_yet ? R_STALE : R_OK, 1,
			  h->nothing_yet ? "○" : "●");
		spans_add(r, R_TEXT, 1, w < 80	       ? " %zu"
					: h->nr == 1 ? " %zu source"
						     : " %zu sources",
			  h->nr);
	}
}

static void add_help(struct spans *r, bool replay)
{
	spans_add(r, replay ? R_ON_ALERT : R_BRIGHT, 0, "%s?",
		  r->nr ? "   " : "");
	spans_add(r, replay ? R_ON_ALERT_DIM : R_DIM, 0, " help");
}

static void add_sources(struct header *hd, const struct view *v,
			const struct health *h, int w)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);
	struct spans names = { 0 };

	for (size_t i = 0; i < n && i < 6; i++)
		add_source(&names, src[i], w);
	add_help(&names, false);
	struct spans bare = names, l = hd->left;
	int nr = 0;
	for (int i = 0; i < bare.nr; i++)
		if (bare.s[i].group <= 3)
			bare.s[nr++] = bare.s[i];
	bare.nr = nr;
	nr = 0;
	for (int i = 0; i < l.nr; i++)
		if (l.s[i].group < 7)
			l.s[nr++] = l.s[i];
	l.nr = nr;
	hd->right = names;
	if (n <= 6 && w >= 70 &&
	    spans_width(&l) + 3 + spans_width(&bare) <= w - 2)
		return;
	hd->right.nr = 0;
	if (n)
		add_count(&hd->right, h, w);
	add_help(&hd->right, false);
}

static void add_title(struct header *hd, const struct view *v)
{
	const char *title = v->title ? v->title : "";
	const char *slash = strchr(title, '/');
	bool replay = hd->replay;

	spans_add(&hd->left, replay ? R_ON_ALERT : R_BRIGHT, 0, "redtop");
	if (v->page == PAGE_START) {
		spans_add(&hd->left, R_DIM, 1, "  no dashboard yet");
		return;
	}
	if (replay || !*title)
		return;
	if (slash && slash == strrchr(title, '/')) {
		spans_add(&hd->left, R_TEXT, 5, "  %.*s",
			  (int)(slash - title), title);
		spans_add(&hd->left, R_DIM, 5, "%.60s", slash);
	} else {
		spans_add(&hd->left, R_TEXT, 5, "  %.80s", title);
	}
	if (v->pack)
		spans_add(&hd->left, R_DIM, 7, "  pack %.40s", v->pack);
}

/* The recording, how long it is, and how often it saw nothing. */
static void add_recording(struct header *hd, const struct view *v)
{
	const struct event *const *e;
	size_t n = view_events(v, &e), gaps = 0;
	char span[TIME_TEXT];

	for (size_t i = 0; i < n; i++)
		gaps += e[i]->kind == EVENT_GAP;
	spans_add(&hd->right, R_ON_ALERT, 3, "%.60s",
		  v->title ? v->title : "");
	spans_add(&hd->right, R_ON_ALERT_DIM, 6, "  %s",
		  time_span(v->held_to - v->held_from, span));
	if (gaps)
		spans_add(&hd->right, R_ON_ALERT_DIM, 6, ", %zu gap%s", gaps,
			  gaps == 1 ? "" : "s");
	add_help(&hd->right, true);
}

static bool header_update(void *state, const struct view *v, int w, int h)
{
	struct header *hd = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == hd->stamp)
		return false;
	hd->stamp = stamp;
	hd->replay = v->mode == MODE_REPLAY;
	hd->left.nr = hd->right.nr = 0;
	add_title(hd, v);
	if (v->page == PAGE_START) {
		add_help(&hd->right, false);
		return true;
	}
	struct health health = health_of(v);
	add_mode(hd, v, &health);
	add_range(hd, v, w);
	add_worst(hd, v, w);
	if (view_slow_link(v))
		spans_add(&hd->left, R_WARN, 2, "   link %.1fs",
			  v->link_ms / 1e3);
	if (v->recording)
		spans_add(&hd->left, R_BRIGHT, 4, "   rec %.60s", v->recording);
	if (hd->replay)
		add_recording(hd, v);
	else
		add_sources(hd, v, &health, w);
	return true;
}

static void header_draw(const void *state, struct surface *s)
{
	const struct header *hd = state;

	surface_ground(s, 0, 0, s->w, 1, hd->replay ? R_REPLAY : R_HEADER);
	spans_row(s, 0, 1, s->w - 1, &hd->left, &hd->right);
}

const struct widget_ops header_widget = {
	.name = "header",
	.help = "mode, moment and sources, on every page",
	.state_size = sizeof(struct header),
	.min_w = 1, .min_h = 1,
	.update = header_update,
	.draw = header_draw,
};
