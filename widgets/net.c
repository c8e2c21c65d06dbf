/* The page about ourselves: what each source costs and says, what is held,
 * what the ceilings are and what this terminal gets. */
#include "widgets/draw.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table of sources ----------------------------------------------- */

enum ncol { N_SOURCE, N_WHAT, N_STATE, N_REQUESTS, N_BYTES, N_GZIP, N_TOOK,
	    N_MAX, N_RETRIES, N_DROPPED, N_NEXT, N_NR };

/* Shown from a width of the screen on. */
static const struct ncol_def {
	const char *head;
	int width, from;
	bool left;
} ncols[N_NR] = {
	[N_SOURCE] = { "source", 18, 0, true },
	[N_WHAT] = { "what", 24, 110, true },
	[N_STATE] = { "state", 10, 0, true },
	[N_REQUESTS] = { "requests", 8, 60, false },
	[N_BYTES] = { "in", 7, 70, false },
	[N_GZIP] = { "gzip", 6, 100, false },
	[N_TOOK] = { "took", 7, 40, false },
	[N_MAX] = { "max", 7, 100, false },
	[N_RETRIES] = { "retries", 8, 76, false },
	[N_DROPPED] = { "dropped", 8, 86, false },
	[N_NEXT] = { "next", 9, 50, false },
};

#define NOTES 5
#define ENDS 8

struct note {
	uint8_t role;
	char who[80], text[LIMIT_SENTENCE + 4];
};

/* One of several endpoints. */
struct nend {
	uint8_t role;
	bool answers;
	char url[80], about[160];
};

struct nrow {
	struct nend end[ENDS];
	int nr_ends;
	struct sign sign;
	bool bad;
	char name[64], what[64];
	char text[N_NR][TIME_TEXT];
	struct note note[NOTES];
	int nr_notes;
};

/* A line of a panel: a name, words, a bar, a value at the right. */
struct fact {
	char name[220], about[160], value[NUMBER_TEXT];
	double used;          /* 0..1, or NAN: no bar */
	uint8_t role;         /* of about */
};

#define FACTS 16
struct panel {
	const char *title;    /* static */
	char about[220], head[24];
	int name_w, nr;
	struct fact fact[FACTS];
};

enum which { P_TIMES, P_CEILINGS, P_FOUND, P_COST, P_TERMINAL, P_FAMILIES,
	     P_ATTEMPTS, P_NR };

struct net {
	uint64_t stamp;
	int w, h, x[N_NR];      /* of the columns, -1: not shown */
	struct spans summary;
	struct nrow *row;
	size_t nr, cap;
	struct panel panel[P_NR];
};

static void cut(char *out, size_t size, const char *text, int cells)
{
	size_t n = text_fit(text, cells);

	if (n >= size)
		n = 0;
	memcpy(out, text, n);
	out[n] = '\0';
}

static void next_text(const struct store_source *s, time_ms now,
		      char out[TIME_TEXT])
{
	char span[TIME_TEXT];

	if (s->next == TIME_NONE || s->next <= 0)
		snprintf(out, TIME_TEXT, "–");
	else
		snprintf(out, TIME_TEXT, "in %.20s",
			 time_span(s->next > now ? s->next - now : 0, span));
}

static void add_note(struct nrow *r, enum role role, const char *what,
		     const char *text)
{
	if (r->nr_notes >= NOTES)
		return;
	struct note *n = &r->note[r->nr_notes++];
	n->role = (uint8_t)role;
	snprintf(n->who, sizeof(n->who), "%.60s%s: ", r->name, what);
	cut(n->text, sizeof(n->text), text, (int)LIMIT_SENTENCE);
}

/* What it said of the newest answers: why it fails first, chatter last. */
static void fill_notes(struct nrow *r, const struct store_source *s)
{
	char text[120], at[TIME_TEXT];

	r->nr_notes = 0;
	if (s->error && s->state != SOURCE_UP)
		add_note(r, r->sign.role, "", s->error);
	if (s->catalog && s->catalog->note)
		add_note(r, R_WARN, "", s->catalog->note);
	if (fabs(s->skew_s) > 2) {
		snprintf(text, sizeof(text), "its clock is %.1fs %s, and used",
			 fabs(s->skew_s), s->skew_s > 0 ? "ahead" : "behind");
		add_note(r, R_WARN, "", text);
	}
	for (size_t i = 0; i < s->nr_warnings && i < 3; i++)
		add_note(r, R_WARN, " warns", s->warning[i]);
	if (s->warned && !s->nr_warnings) {
		snprintf(text, sizeof(text), " warned at %s",
			 time_hms(s->warned_at, at));
		add_note(r, R_DIM, text, s->warned);
	}
	for (size_t i = 0; i < s->nr_infos && i < 2; i++)
		add_note(r, R_DIM, " says", s->info[i]);
}

static void fill_end(struct nend *n, const struct view *v,
		     const struct store_source *s,
		     const struct store_endpoint *e)
{
	char took[NUMBER_TEXT] = "", ago[TIME_TEXT] = "", load[24] = "";
	bool failing = e->last.at != TIME_NONE && e->last.fault != FAULT_NONE;

	n->role = failing || e->circuit != CIRCUIT_CLOSED ? R_WARN
		  : e->last.at == TIME_NONE ? R_STALE : R_OK;
	n->answers = s->endpoint && strcmp(s->endpoint, e->url) == 0;
	cut(n->url, sizeof(n->url), e->url, 40);
	if (e->latency_us >= 0)
		format_latency((double)e->latency_us / 1e6, took);
	if (e->in_flight)
		snprintf(load, sizeof(load), "%u at once", e->in_flight);
	if (e->failed.at != TIME_NONE)
		time_span(v->now > e->failed.at ? v->now - e->failed.at : 0,
			  ago);
	snprintf(n->about, sizeof(n->about), "%s%s  %s  %s%s%s%s%s%s",
		 n->answers ? "answers  " : "",
		 e->circuit != CIRCUIT_CLOSED ? circuit_name(e->circuit)
		 : failing ? "failing" : e->last.at == TIME_NONE ? "not asked"
		 : "well", *took ? took : "–", load, *ago ? "  " : "",
		 *ago ? fault_name(e->failed.fault) : "", *ago ? " " : "", ago,
		 *ago ? " ago" : "");
}

static void fill_ends(struct nrow *r, const struct view *v,
		      const struct store_source *s)
{
	r->nr_ends = 0;
	for (size_t i = 0; i < s->nr_endpoints && s->nr_endpoints > 1; i++)
		if (r->nr_ends < ENDS)
			fill_end(&r->end[r->nr_ends++], v, s, &s->endpoints[i]);
}

static void count_text(uint64_t n, char out[TIME_TEXT])
{
	snprintf(out, TIME_TEXT, "%llu", (unsigned long long)n);
}

static void fill_source(struct nrow *r, const struct view *v,
			const struct store_source *s)
{
	char (*t)[TIME_TEXT] = r->text;

	memset(r, 0, sizeof(*r));
	r->sign = sign_of_source(s);
	r->bad = s->state != SOURCE_UP && s->state != SOURCE_ASKING;
	cut(r->name, sizeof(r->name), s->name, 18);
	cut(r->what, sizeof(r->what), s->identity ? s->identity : s->kind, 24);
	cut(t[N_STATE], TIME_TEXT, r->sign.word, 10);
	count_text(s->requests, t[N_REQUESTS]);
	format_bytes((double)s->bytes, t[N_BYTES]);
	snprintf(t[N_GZIP], TIME_TEXT, "–");
	if (s->bytes && s->body_bytes > s->bytes)
		snprintf(t[N_GZIP], TIME_TEXT, "%.1fx",
			 (double)s->body_bytes / (double)s->bytes);
	format_latency(s->took_us > 0 ? (double)s->took_us / 1e6 : NAN,
		       t[N_TOOK]);
	format_latency(s->took_max_us > 0 ? (double)s->took_max_us / 1e6 : NAN,
		       t[N_MAX]);
	count_text(s->retries, t[N_RETRIES]);
	count_text(s->dropped, t[N_DROPPED]);
	next_text(s, v->now, t[N_NEXT]);
	if (s->failures)
		snprintf(t[N_NEXT], TIME_TEXT, "try %u", s->failures + 1);
	fill_notes(r, s);
	fill_ends(r, v, s);
}

/* ---- sentences ---------------------------------------------------------- */

static void summarise(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src), answer = 0;
	uint64_t requests = 0, bytes = 0;
	char text[NUMBER_TEXT];
	double usd = 0;

	for (size_t i = 0; i < nr; i++) {
		usd += src[i]->priced ? src[i]->cost.usd_per_hour : 0;
		answer += src[i]->state == SOURCE_UP ||
			  src[i]->state == SOURCE_PARTIAL;
		requests += src[i]->requests;
		bytes += src[i]->bytes;
	}
	n->summary.nr = 0;
	spans_add(&n->summary, R_BRIGHT, 0, "%zu of %zu source%s answer%s",
		  answer, nr, nr == 1 ? "" : "s", nr == 1 ? "s" : "");
	spans_add(&n->summary, R_DIM, 2, "   %llu requests",
		  (unsigned long long)requests);
	spans_add(&n->summary, R_TEXT, 3, "   %s",
		  format_bytes((double)bytes, text));
	spans_add(&n->summary, R_DIM, 3, " in");
	if (usd > 0) {
		spans_add(&n->summary, R_TEXT, 1, "   %s",
			  usd_text(usd, text));
		spans_add(&n->summary, R_DIM, 1, " an hour");
	}
	if (!isnan(v->out_bytes_per_s)) {
		spans_add(&n->summary, R_TEXT, 4, "   %s/s",
			  format_bytes(v->out_bytes_per_s, text));
		spans_add(&n->summary, R_DIM, 4, " to this terminal");
	}
}

/* ---- panels ------------------------------------------------------------- */

static struct panel *open_panel(struct net *n, enum which p, const char *title,
				const char *about, const char *head)
{
	struct panel *q = &n->panel[p];

	q->title = title;
	q->nr = 0;
	q->name_w = 13;
	snprintf(q->about, sizeof(q->about), "%s", about);
	snprintf(q->head, sizeof(q->head), "%s", head);
	return q;
}

/* The line to fill; the last one is filled again where there are too many. */
static struct fact *add_fact(struct panel *p, const char *name)
{
	struct fact *f = &p->fact[p->nr < FACTS ? p->nr++ : FACTS - 1];

	snprintf(f->name, sizeof(f->name), "%.*s",
		 (int)text_fit(name, 52), name);
	f->about[0] = f->value[0] = '\0';
	f->used = NAN;
	f->role = R_DIM;
	return f;
}

static void say_times(struct panel *p, const struct view *v,
		      const struct store_source *s)
{
	char a[TIME_TEXT], b[TIME_TEXT];
	struct fact *f = add_fact(p, s->name);

	if (s->answered == TIME_NONE)
		snprintf(f->about, sizeof(f->about), "nothing answered yet");
	else
		snprintf(f->about, sizeof(f->about), "newest answer %s, %s ago",
			 time_hms(s->answered, a),
			 time_span(v->now > s->answered ? v->now - s->answered
							: 0, b));
	if (s->period > 0)
		snprintf(f->value, sizeof(f->value), "every %s",
			 time_duration(s->period, a));
	if (!isnan(s->skew_s) && fabs(s->skew_s) <= 2) {
		f = add_fact(p, "");
		snprintf(f->about, sizeof(f->about),
			 "its clock is %.1fs %s, and used", fabs(s->skew_s),
			 s->skew_s < 0 ? "behind" : "ahead");
	}
	if (s->step <= 0 || s->range_to == TIME_NONE)
		return;
	f = add_fact(p, "");
	snprintf(f->about, sizeof(f->about), "charts in steps of %s, rates "
		 "over %s", time_duration(s->step, a),
		 time_duration(s->window > 0 ? s->window : s->step, b));
	f = add_fact(p, "");
	snprintf(f->about, sizeof(f->about), "asked back to %s, settled up to "
		 "%s", time_hm(s->range_from, a),
		 time_hms(view_settled(v, s), b));
}

static void times(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src);
	struct panel *p = open_panel(n, P_TIMES, "times",
				     " how fresh, how fine", "asked");

	for (size_t i = 0; i < nr; i++)
		say_times(p, v, src[i]);
}

/* Whole things: 601, 11k, 1.2M. */
static const char *count_words(double n, char out[NUMBER_TEXT])
{
	if (n < 10000)
		snprintf(out, NUMBER_TEXT, "%.0f", n);
	else if (n < 999500)
		snprintf(out, NUMBER_TEXT, "%.3gk", n / 1e3);
	else
		snprintf(out, NUMBER_TEXT, "%.3gM", n / 1e6);
	return out;
}

/* `lost`: what found no room there, or had to leave. */
static void add_ceiling(struct panel *p, const char *who, const char *what,
			double max, double used, const char *lost, uint64_t nr)
{
	char text[NUMBER_TEXT];
	struct fact *f = add_fact(p, who);
	bool bytes = max == (double)LIMIT_STORE;

	snprintf(f->about, sizeof(f->about), "%s, %s", what,
		 bytes ? format_bytes(max, text) : count_words(max, text));
	if (bytes)
		format_bytes(used, f->value);
	else
		count_words(used, f->value);
	f->used = used / max;
	if (nr)
		snprintf(add_fact(p, "")->about, sizeof(f->about),
			 "met: %s %s", count_words((double)nr, text), lost);
}

static void ceilings(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	const struct service *const *all;
	const struct event *const *e;
	size_t nr = view_sources(v, &src);
	struct panel *p = open_panel(n, P_CEILINGS, "ceilings",
				     " what is allowed", "used");

	for (size_t i = 0; i < nr && i < 4; i++)
		if (src[i]->step > 0 && src[i]->range_to != TIME_NONE)
			add_ceiling(p, src[i]->name, "points a query",
				    (double)LIMIT_POINTS,
				    (double)((src[i]->range_to -
					      src[i]->range_from) /
					     src[i]->step + 1),
				    "dropped", src[i]->dropped);
	if (!v->store)
		return;
	const struct store_losses *lost = store_losses(v->store);
	add_ceiling(p, "redtop", "memory", (double)LIMIT_STORE,
		    (double)store_bytes(v->store), "oldest points let go",
		    lost->points);
	add_ceiling(p, "", "series", (double)LIMIT_SERIES,
		    (double)store_series_count(v->store), "times refused",
		    lost->series);
	add_ceiling(p, "", "services", (double)LIMIT_SERVICES,
		    (double)store_services(v->store, &all), "", 0);
	add_ceiling(p, "", "events", (double)LIMIT_EVENTS,
		    (double)store_events(v->store, &e), "oldest let go",
		    lost->events);
}

static void say_points(struct panel *p, const struct view *v,
		       const struct store_source *s)
{
	char text[NUMBER_TEXT];
	size_t points, nr = store_source_series(v->store, s, &points);

	snprintf(add_fact(p, "")->about, sizeof(p->fact->about),
		 "%s points in %zu series", count_words((double)points, text),
		 nr);
}

static void say_found(struct panel *p, const struct store_source *s)
{
	const struct catalog *c = s->catalog;
	struct fact *f = add_fact(p, s->name);

	if (!c) {
		snprintf(f->about, sizeof(f->about), "not discovered yet");
		return;
	}
	snprintf(f->about, sizeof(f->about), "%zu service%s, %d famil%s",
		 catalog_services(c), catalog_services(c) == 1 ? "" : "s",
		 c->families,
		 c->families == 1 ? "y" : "ies");
	if (!c->requests)
		return;
	f = add_fact(p, "");
	snprintf(f->about, sizeof(f->about),
		 "%d candidate%s rejected, %d request%s", c->unknown,
		 c->unknown == 1 ? "" : "s", c->requests,
		 c->requests == 1 ? "" : "s");
}

static void found(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src);
	char text[NUMBER_TEXT];
	struct panel *p = open_panel(n, P_FOUND, "held",
				     " found, and kept in memory", "");

	for (size_t i = 0; i < nr; i++) {
		say_found(p, src[i]);
		/* Of the only source all points are. */
		if (v->store && nr > 1)
			say_points(p, v, src[i]);
	}
	if (!v->store)
		return;
	time_ms oldest = store_oldest(v->store);
	struct fact *f = add_fact(p, "memory");
	snprintf(f->about, sizeof(f->about), "%s points in %zu series",
		 count_words((double)store_points(v->store), text),
		 store_series_count(v->store));
	format_bytes((double)store_bytes(v->store), f->value);
	f = add_fact(p, "reaches");
	if (oldest == TIME_NONE)
		snprintf(f->about, sizeof(f->about), "nothing is held yet");
	else
		snprintf(f->about, sizeof(f->about),
			 "back to %s without asking",
			 time_hms(oldest, (char[TIME_TEXT]){ 0 }));
}

static void say(struct panel *p, const char *name, const char *value,
		const char *about)
{
	snprintf(add_fact(p, name)->about, sizeof(p->fact->about), "%-9s %s",
		 value, about);
}

static void terminal(struct net *n, const struct view *v)
{
	char text[NUMBER_TEXT], about[220] = "", head[24] = "";

	if (v->term && *v->term)
		snprintf(about, sizeof(about), " %.200s", v->term);
	if (!isnan(v->out_bytes_per_s))
		snprintf(head, sizeof(head), "%.16s/s",
			 format_bytes(v->out_bytes_per_s, text));
	struct panel *p = open_panel(n, P_TERMINAL, "this terminal", about,
				     head);
	if (v->frame_bytes > 0)
		say(p, "frame", format_bytes(v->frame_bytes, text),
		    "the newest one");
	if (!isnan(v->key_ms))
		say(p, "key", format_latency(v->key_ms / 1e3, text),
		    "to the screen");
	if (v->link)
		say(p, "link", isnan(v->link_ms) ? "-"
		    : format_latency(v->link_ms / 1e3, text), v->link);
	if (!isnan(v->cpu_ratio))
		say(p, "cpu", format_percent(v->cpu_ratio, text),
		    "of one core");
	if (!isnan(v->rss_bytes))
		say(p, "resident", format_bytes(v->rss_bytes, text),
		    "memory of this process");
	snprintf(add_fact(p, "recording")->about, sizeof(p->fact->about),
		 "%.120s", v->recording ? v->recording : "off");
	snprintf(add_fact(p, "telemetry")->about, sizeof(p->fact->about),
		 "none; nothing is sent but these queries");
}

/* What is asked of which namespace; the last line has what found no room. */
static void cost_parts(struct panel *p, const struct source_cost *c, int room)
{
	unsigned metrics = 0;
	double usd = 0;

	for (size_t i = 0; i < c->nr_parts; i++) {
		const struct cost_part *part = &c->part[i];
		bool last = (int)i >= room - 1 && i + 1 < c->nr_parts;
		if (last || metrics) {
			metrics += part->metrics;
			usd += part->usd_per_hour;
			continue;
		}
		struct fact *f = add_fact(p, part->name ? part->name : "–");
		snprintf(f->about, sizeof(f->about), "%u metrics a poll",
			 part->metrics);
		snprintf(f->value, sizeof(f->value), "$%.4f",
			 part->usd_per_hour);
	}
	if (!metrics)
		return;
	struct fact *f = add_fact(p, "others");
	snprintf(f->about, sizeof(f->about), "%u metrics a poll", metrics);
	snprintf(f->value, sizeof(f->value), "$%.4f", usd);
}

/* Who pays, how much, what it may be, and what that does now. */
static void say_cost(struct panel *p, const struct store_source *s, int room)
{
	const struct source_cost *c = &s->cost;
	char a[NUMBER_TEXT], b[NUMBER_TEXT];
	struct fact *f = add_fact(p, s->name);

	snprintf(f->about, sizeof(f->about), "%s a month of 30 days",
		 usd_text(c->usd_per_hour * 720, a));
	snprintf(f->value, sizeof(f->value), "%s/h",
		 usd_text(c->usd_per_hour, b));
	f = add_fact(p, "today");
	if (c->usd_max > 0) {
		snprintf(f->about, sizeof(f->about), "of %s a day",
			 usd_text(c->usd_max, a));
		f->used = c->usd_today / c->usd_max;
	} else {
		snprintf(f->about, sizeof(f->about), "no limit is set");
	}
	usd_text(c->usd_today, f->value);
	if (c->saving) {
		f = add_fact(p, "limit");
		f->role = R_WARN;
		cut(f->about, sizeof(f->about), c->saving, 150);
	}
	if (s->credentials) {
		f = add_fact(p, "credentials");
		snprintf(f->about, sizeof(f->about), "%.80s", s->credentials);
	}
	cost_parts(p, c, room);
}

static void cost(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src);
	struct panel *p = open_panel(n, P_COST, "what it costs",
				     " estimated; today: of all viewers",
				     "$ an hour");
	int priced = 0;

	p->name_w = 17;
	for (size_t i = 0; i < nr; i++)
		priced += src[i]->priced;
	for (size_t i = 0; i < nr; i++)
		if (src[i]->priced)
			say_cost(p, src[i], (FACTS - 4 * priced) / priced);
}

static size_t services_of(const struct catalog *c, uint32_t shape)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nr_services; i++)
		n += c->service[i].shape == shape;
	return n;
}

/* Where each service has a shape of its own, the metric is the family; the
 * first shape that has it stands for all. */
static bool is_first(const struct catalog *c, size_t k)
{
	const char *metric = c->shape[k].metric;

	for (size_t i = 0; c->shape[k].settle && metric && i < k; i++)
		if (c->shape[i].metric && !strcmp(c->shape[i].metric, metric))
			return false;
	return true;
}

static size_t services_alike(const struct catalog *c, size_t k)
{
	const struct shape *sh = &c->shape[k];
	size_t n = services_of(c, sh->id);

	for (size_t i = k + 1; sh->settle && sh->metric && i < c->nr_shapes;
	     i++)
		if (c->shape[i].metric &&
		    !strcmp(c->shape[i].metric, sh->metric))
			n += services_of(c, c->shape[i].id);
	return n;
}

static void families(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src);
	char every[TIME_TEXT];
	struct panel *p = open_panel(n, P_FAMILIES, "families",
				     " what was recognised", "services");

	p->name_w = 50;
	for (size_t i = 0; i < nr; i++) {
		const struct catalog *c = src[i]->catalog;
		for (size_t k = 0; c && k < c->nr_shapes; k++) {
			const struct shape *sh = &c->shape[k];
			if (!is_first(c, k))
				continue;
			struct fact *f = add_fact(p, sh->metric ? sh->metric
							       : "–");
			snprintf(f->about, sizeof(f->about), "%s%s",
				 sh->interval_guessed ? "~" : "",
				 time_duration(sh->interval > 0 ? sh->interval
							: src[i]->step, every));
			snprintf(f->value, sizeof(f->value), "%zu",
				 services_alike(c, k));
		}
	}
}

#define TRIES 8

/* Of all sources with several endpoints, the newest first. */
static size_t newest_tries(const struct view *v,
			   const struct source_attempt *try[TRIES])
{
	const struct store_source *const *src;
	size_t sources = view_sources(v, &src), nr = 0;

	for (size_t i = 0; i < sources; i++)
		for (size_t k = 0; k < src[i]->nr_attempts; k++) {
			const struct source_attempt *a = &src[i]->attempt[k];
			size_t at = nr;
			while (at > 0 && try[at - 1]->at < a->at)
				at--;
			if (at == TRIES)
				continue;
			nr += nr < TRIES;
			memmove(try + at + 1, try + at,
				(nr - at - 1) * sizeof(*try));
			try[at] = a;
		}
	return nr;
}

static const char *url_host(const char *url)
{
	const char *host = strstr(url, "://");

	return host ? host + 3 : url;
}

static void attempts(struct net *n, const struct view *v)
{
	const struct source_attempt *try[TRIES];
	size_t nr = newest_tries(v, try);
	char url[TRIES][80], text[NUMBER_TEXT];
	int wide = 0;
	struct panel *p = open_panel(n, P_ATTEMPTS, "attempts",
				     " the newest first", "took");

	p->name_w = 10;
	for (size_t i = 0; i < nr; i++) {
		cut(url[i], sizeof(url[i]), url_host(try[i]->url), 26);
		if (wide < text_width(url[i]))
			wide = text_width(url[i]);
	}
	for (size_t i = 0; i < nr; i++) {
		const struct source_attempt *a = try[i];
		struct fact *f = add_fact(p, time_hms(a->at, text));
		snprintf(f->about, sizeof(f->about), "%.79s%*s  %.40s", url[i],
			 wide - text_width(url[i]), "",
			 a->fault == FAULT_NONE ? "answered"
						: fault_name(a->fault));
		format_latency(a->took_us < 0 ? NAN : (double)a->took_us / 1e6,
			       f->value);
	}
}

/* Columns as they fit; what is left over goes between the numbers. */
static void place_columns(struct net *n)
{
	int x = 3, numbers = 0;

	for (int c = 0; c < N_NR; c++) {
		const struct ncol_def *d = &ncols[c];
		n->x[c] = -1;
		if (n->w < d->from || x + d->width > n->w - 1)
			continue;
		n->x[c] = x;
		x += d->width + (d->left ? 1 : 0);
		numbers += !d->left;
	}
	int spare = n->w - 1 - x;
	for (int c = 0, k = 0; c < N_NR && numbers; c++)
		if (n->x[c] >= 0 && !ncols[c].left)
			n->x[c] += spare * ++k / numbers;
}

static bool net_update(void *state, const struct view *v, int w, int h)
{
	struct net *n = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == n->stamp)
		return false;
	n->stamp = stamp;
	n->w = w;
	n->h = h;
	place_columns(n);
	const struct store_source *const *src;
	n->nr = view_sources(v, &src);
	if (n->nr > n->cap) {
		n->row = mem_grow(n->row, n->nr, sizeof(*n->row));
		n->cap = n->nr;
	}
	for (size_t i = 0; i < n->nr; i++)
		fill_source(&n->row[i], v, src[i]);
	summarise(n, v);
	times(n, v);
	ceilings(n, v);
	found(n, v);
	cost(n, v);
	terminal(n, v);
	families(n, v);
	attempts(n, v);
	return true;
}

static void title_at(struct surface *s, int x, int y, int w,
		     const struct spans *left, const struct spans *right)
{
	struct surface win = surface_window(s, x, y, w, 1);

	draw_title(&win, left, right, false);
}

static void draw_columns(const struct net *n, struct surface *s, int y,
			 const struct nrow *r)
{
	for (int c = 0; c < N_NR; c++) {
		const struct ncol_def *d = &ncols[c];
		const char *text = !r ? d->head : c == N_SOURCE ? r->name
				   : c == N_WHAT ? r->what : r->text[c];
		enum role role = !r ? R_DIM
				 : c == N_SOURCE && r->bad ? R_BRIGHT
				 : c == N_STATE ? r->sign.role
				 : c == N_WHAT || c == N_NEXT ? R_DIM : R_TEXT;
		if (n->x[c] < 0)
			continue;
		if (d->left)
			surface_text_max(s, n->x[c], y, d->width, STYLE(role),
					 text);
		else
			draw_field(s, n->x[c], y, d->width, role, text);
	}
}

/* What sources say takes a third of the page at most. */
static int draw_notes(const struct net *n, struct surface *s, int y)
{
	int end = y + (s->h - y) / 3;

	for (size_t i = 0; i < n->nr; i++)
		for (int k = 0; k < n->row[i].nr_notes && y < end; k++, y++) {
			const struct note *note = &n->row[i].note[k];
			int x = 3 + draw_text(s, 3, y, (enum role)note->role,
					      note->who);
			surface_text_max(s, x, y, s->w - 1 - x, STYLE(R_DIM),
					 note->text);
		}
	return y;
}

static int draw_ends(struct surface *s, int y, const struct nrow *r)
{
	for (int i = 0; i < r->nr_ends && y < s->h; i++, y++) {
		const struct nend *e = &r->end[i];
		int x = 5 + text_width(e->url) + 2;
		draw_text(s, 3, y, (enum role)e->role,
			  e->role == R_OK ? "●" : "○");
		surface_text_max(s, 5, y, 40,
				 STYLE(e->answers ? R_BRIGHT : R_TEXT), e->url);
		surface_text_max(s, x, y, s->w - 1 - x, STYLE(R_DIM),
				 e->about);
	}
	return y;
}

static int draw_sources(const struct net *n, struct surface *s, int y)
{
	struct spans left = { 0 }, right = { 0 };

	spans_add(&left, R_BRIGHT, 0, "sources");
	spans_add(&right, R_DIM, 1, "redtop only reads");
	title_at(s, 1, y++, s->w - 2, &left, &right);
	draw_columns(n, s, y++, NULL);
	for (size_t i = 0; i < n->nr && y < s->h; i++) {
		draw_text(s, 1, y, n->row[i].sign.role, n->row[i].sign.glyph);
		draw_columns(n, s, y, &n->row[i]);
		y = draw_ends(s, y + 1, &n->row[i]);
	}
	return draw_notes(n, s, y) + 1;
}

#define BAR 10

static void draw_fact(struct surface *s, int x, int y, int w, int name_w,
		      const struct fact *f)
{
	int value = text_width(f->value), end = x + w - value;
	bool bar = !isnan(f->used) && w > name_w + BAR + 30;

	if (name_w > w - value - 8)
		name_w = w - value - 8;
	surface_text_max(s, x, y, name_w - 1, STYLE(R_TEXT), f->name);
	draw_text(s, end, y, f->used > 0.8 ? R_WARN : R_TEXT, f->value);
	if (bar) {
		end = x + w - 8 - BAR;
		draw_bar(s, end, y, BAR, f->used,
			 f->used > 0.8 ? R_WARN : R_BAR);
	}
	x += name_w;
	if (end - x > 1)
		surface_text_max(s, x, y, end - x - 1, STYLE(f->role),
				 f->about);
}

/* Returns the row after the panel and a blank one. */
static int draw_panel(struct surface *s, int x, int y, int w,
		      const struct panel *p)
{
	struct spans left = { 0 }, right = { 0 };

	if (!p->nr || y + 1 >= s->h)
		return y;
	spans_add(&left, R_BRIGHT, 0, "%s", p->title);
	if (*p->about)
		spans_add(&left, R_DIM, 1, "%s", p->about);
	if (*p->head)
		spans_add(&right, R_DIM, 0, "%s", p->head);
	title_at(s, x, y++, w, &left, &right);
	for (int i = 0; i < p->nr && y < s->h; i++)
		draw_fact(s, x, y++, w, p->name_w, &p->fact[i]);
	return y + 1;
}

static void net_draw(const void *state, struct surface *s)
{
	const struct net *n = state;
	bool wide = s->w >= 100;
	int half = wide ? (s->w - 5) / 2 : s->w - 2;

	if (s->w != n->w || s->h != n->h)
		return;
	spans_row(s, 0, 1, s->w - 1, &n->summary, NULL);
	int y = draw_sources(n, s, 2), top = y;
	if (!wide) /* what is paid for comes first */
		y = draw_panel(s, 1, y, half, &n->panel[P_COST]);
	for (int p = P_TIMES; p <= P_FOUND; p++)
		y = draw_panel(s, 1, y, half, &n->panel[p]);
	int x = wide ? 1 + half + 3 : 1, left = y;
	y = wide ? top : y;
	for (int p = wide ? P_COST : P_TERMINAL; p <= P_FAMILIES; p++)
		y = draw_panel(s, x, y, s->w - 1 - x, &n->panel[p]);
	/* Where there is more room, or nowhere. */
	const struct panel *tries = &n->panel[P_ATTEMPTS];
	if (wide && left < y) {
		x = 1;
		y = left;
	}
	if (s->h - y > (tries->nr < 3 ? tries->nr : 3))
		draw_panel(s, x, y, x > 1 ? s->w - 1 - x : half, tries);
}

static void net_close(void *state)
{
	struct net *n = state;

	free(n->row);
}

const struct widget_ops net_widget = {
	.name = "net",
	.help = "what each source costs, what is held, what the terminal gets",
	.state_size = sizeof(struct net),
	.min_w = 20, .min_h = 3,
	.update = net_update,
	.draw = net_draw,
	.close = net_close,
};
