/* The page about ourselves: what each source costs and says, what is held,
 * and what this terminal gets; and the panel of sources for when they are
 * down. */
#include "widgets/draw.h"

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
	[N_RETRIES] = { "retries", 8, 90, false },
	[N_DROPPED] = { "dropped", 8, 110, false },
	[N_NEXT] = { "next", 9, 50, false },
};

struct nrow {
	struct sign sign;
	bool bad;
	char name[64], what[64];
	char text[N_NR][TIME_TEXT];
	struct spans note[3]; /* error, warning, info */
	int nr_notes;
};

struct pair {
	const char *label;
	struct spans text;
};
#define PAIRS 8

struct net {
	uint64_t stamp;
	int w, h;
	struct spans summary, found, memory, terminal;
	struct nrow *row;
	size_t nr, cap;
	struct pair left[PAIRS], right[PAIRS];
	int nr_left, nr_right;
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

static void try_text(const struct store_source *s, time_ms now,
		     char out[2 * TIME_TEXT])
{
	char span[TIME_TEXT];

	if (s->failures && s->next != TIME_NONE && s->next > now)
		snprintf(out, 2 * TIME_TEXT, "try %u in %.20s",
			 s->failures + 1, time_span(s->next - now, span));
	else if (s->failures)
		snprintf(out, 2 * TIME_TEXT, "try %u now", s->failures + 1);
	else
		next_text(s, now, out);
}

static void add_note(struct nrow *r, enum role role, const char *what,
		     const char *text)
{
	if (r->nr_notes >= 3)
		return;
	struct spans *sp = &r->note[r->nr_notes++];
	sp->nr = 0;
	spans_add(sp, role, 0, "%.60s%s: ", r->name, what);
	spans_add(sp, R_DIM, 0, "%s", text);
}

static void fill_notes(struct nrow *r, const struct store_source *s)
{
	char text[120];

	r->nr_notes = 0;
	if (s->error && s->state != SOURCE_UP)
		add_note(r, r->sign.role, "", s->error);
	if (s->nr_warnings)
		add_note(r, R_WARN, " warns", s->warning[0]);
	if (s->catalog && s->catalog->note)
		add_note(r, R_WARN, "", s->catalog->note);
	if (fabs(s->skew_s) > 2) {
		snprintf(text, sizeof(text), "its clock is %.1fs %s, and used",
			 fabs(s->skew_s), s->skew_s > 0 ? "ahead" : "behind");
		add_note(r, R_WARN, "", text);
	}
	if (s->nr_infos)
		add_note(r, R_DIM, " says", s->info[0]);
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
}

/* ---- sentences ---------------------------------------------------------- */

static void summarise(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src), answer = 0;
	uint64_t requests = 0, bytes = 0;
	char text[NUMBER_TEXT];

	for (size_t i = 0; i < nr; i++) {
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
	if (!isnan(v->out_bytes_per_s)) {
		spans_add(&n->summary, R_TEXT, 4, "   %s/s",
			  format_bytes(v->out_bytes_per_s, text));
		spans_add(&n->summary, R_DIM, 4, " to this terminal");
	}
}

static struct spans *add_pair(struct pair *p, int *nr, const char *label)
{
	struct pair *q = &p[*nr < PAIRS ? (*nr)++ : PAIRS - 1];

	q->label = label;
	q->text.nr = 0;
	return &q->text;
}

static void discovery(struct net *n, const struct view *v)
{
	const struct store_source *const *src;
	size_t nr = view_sources(v, &src);

	n->nr_left = 0;
	for (size_t i = 0; i < nr && i < 3; i++) {
		const struct catalog *c = src[i]->catalog;
		struct spans *sp = add_pair(n->left, &n->nr_left, "found");
		if (!c) {
			spans_add(sp, R_DIM, 0, "%.40s: not discovered yet",
				  src[i]->name);
			continue;
		}
		spans_add(sp, R_TEXT, 0, "%zu services in %d requests",
			  c->nr_services, c->requests);
		sp = add_pair(n->left, &n->nr_left, "families");
		spans_add(sp, R_TEXT, 0, "%d known", c->families);
		spans_add(sp, R_DIM, 1, ", %d candidates rejected", c->unknown);
	}
}

static void memory(struct net *n, const struct view *v)
{
	char text[NUMBER_TEXT], at[TIME_TEXT];
	struct spans *sp;

	if (!v->store)
		return;
	time_ms oldest = store_oldest(v->store);
	sp = add_pair(n->left, &n->nr_left, "memory");
	spans_add(sp, R_TEXT, 0, "%s",
		  format_bytes((double)store_bytes(v->store), text));
	spans_add(sp, R_DIM, 1, " in %zu series, %s points",
		  store_series_count(v->store),
		  format_rate((double)store_points(v->store), at));
	sp = add_pair(n->left, &n->nr_left, "reaches");
	if (oldest == TIME_NONE)
		spans_add(sp, R_DIM, 0, "nothing is held yet");
	else
		spans_add(sp, R_TEXT, 0, "back to %s", time_hms(oldest, at));
}

static void number_pair(struct net *n, const char *label, const char *value,
			const char *about)
{
	struct spans *sp = add_pair(n->right, &n->nr_right, label);

	spans_add(sp, R_TEXT, 0, "%-8s", value);
	spans_add(sp, R_DIM, 1, " %s", about);
}

static void process(struct net *n, const struct view *v)
{
	char text[NUMBER_TEXT];

	n->nr_right = 0;
	if (!isnan(v->out_bytes_per_s)) {
		char rate[NUMBER_TEXT + 4];
		snprintf(rate, sizeof(rate), "%s/s",
			 format_bytes(v->out_bytes_per_s, text));
		number_pair(n, "bytes", rate, "to this terminal");
	}
	if (!isnan(v->frame_bytes))
		number_pair(n, "frame", format_bytes(v->frame_bytes, text),
			    "the newest one");
	if (!isnan(v->key_ms)) {
		format_latency(v->key_ms / 1e3, text);
		number_pair(n, "key", text, "to the screen");
	}
	if (!isnan(v->cpu_ratio))
		number_pair(n, "cpu", format_percent(v->cpu_ratio, text),
			    "of one core");
	if (!isnan(v->rss_bytes))
		number_pair(n, "resident", format_bytes(v->rss_bytes, text),
			    "memory of this process");
	struct spans *sp = add_pair(n->right, &n->nr_right, "recording");
	spans_add(sp, v->recording ? R_TEXT : R_DIM, 0, "%.200s",
		  v->recording ? v->recording : "off");
	sp = add_pair(n->right, &n->nr_right, "telemetry");
	spans_add(sp, R_DIM, 0, "none; nothing is sent but these queries");
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
	const struct store_source *const *src;
	n->nr = view_sources(v, &src);
	if (n->nr > n->cap) {
		n->row = mem_grow(n->row, n->nr, sizeof(*n->row));
		n->cap = n->nr;
	}
	for (size_t i = 0; i < n->nr; i++)
		fill_source(&n->row[i], v, src[i]);
	summarise(n, v);
	discovery(n, v);
	memory(n, v);
	process(n, v);
	n->terminal.nr = 0;
	spans_add(&n->terminal, R_BRIGHT, 0, "this terminal");
	if (v->term)
		spans_add(&n->terminal, R_DIM, 1, " %.200s", v->term);
	return true;
}

static void title_at(struct surface *s, int x, int y, int w,
		     const struct spans *left, const struct spans *right)
{
	struct surface win = surface_window(s, x, y, w, 1);

	draw_title(&win, left, right, false);
}

/* Columns from left to right as they fit; each keeps its place in all rows. */
static void draw_columns(const struct net *n, struct surface *s, int y,
			 const struct nrow *r)
{
	int x = 3;

	for (int c = 0; c < N_NR; c++) {
		const struct ncol_def *d = &ncols[c];
		if (n->w < d->from || x + d->width > n->w - 1)
			continue;
		const char *text = !r ? d->head : c == N_SOURCE ? r->name
				   : c == N_WHAT ? r->what : r->text[c];
		enum role role = !r ? R_DIM
				 : c == N_SOURCE && r->bad ? R_BRIGHT
				 : c == N_STATE ? r->sign.role
				 : c == N_WHAT || c == N_NEXT ? R_DIM : R_TEXT;
		if (d->left)
			surface_text_max(s, x, y, d->width, STYLE(role), text);
		else
			draw_field(s, x, y, d->width, role, text);
		x += d->width + (d->left ? 1 : 0);
	}
}

static int draw_sources(const struct net *n, struct surface *s, int y)
{
	struct spans left = { 0 }, right = { 0 };

	spans_add(&left, R_BRIGHT, 0, "sources");
	spans_add(&right, R_DIM, 1, "redtop only reads");
	title_at(s, 1, y++, s->w - 2, &left, &right);
	draw_columns(n, s, y++, NULL);
	for (size_t i = 0; i < n->nr && y < s->h; i++, y++) {
		draw_text(s, 1, y, n->row[i].sign.role, n->row[i].sign.glyph);
		draw_columns(n, s, y, &n->row[i]);
	}
	for (size_t i = 0; i < n->nr; i++)
		for (int k = 0; k < n->row[i].nr_notes && y < s->h; k++)
			spans_row(s, y++, 3, s->w - 1, &n->row[i].note[k],
				  NULL);
	return y + 1;
}

static int draw_pairs(struct surface *s, int x, int y, int w,
		      const struct pair *p, int nr)
{
	for (int i = 0; i < nr && y < s->h; i++, y++) {
		draw_text(s, x, y, R_DIM, p[i].label);
		spans_row(s, y, x + 11, x + w, &p[i].text, NULL);
	}
	return y + 1;
}

static void net_draw(const void *state, struct surface *s)
{
	const struct net *n = state;
	struct spans held = { 0 };
	bool wide = s->w >= 100;
	int half = wide ? (s->w - 5) / 2 : s->w - 2;

	if (s->w != n->w || s->h != n->h)
		return;
	spans_row(s, 0, 1, s->w - 1, &n->summary, NULL);
	int y = draw_sources(n, s, 2);
	spans_add(&held, R_BRIGHT, 0, "held");
	spans_add(&held, R_DIM, 1, " found, and kept in memory");
	title_at(s, 1, y, half, &held, NULL);
	int below = draw_pairs(s, 1, y + 1, half, n->left, n->nr_left);
	int x = wide ? 4 + half : 1, top = wide ? y : below;
	int w = s->w - 1 - x;
	title_at(s, x, top, w, &n->terminal, NULL);
	draw_pairs(s, x, top + 1, w, n->right, n->nr_right);
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

/* ---- the panel of sources ----------------------------------------------- */

struct source_lines {
	struct sign sign;
	char name[64], url[96], next[2 * TIME_TEXT];
	struct spans answer, carries;
	char error[4 * 100];
};

struct sources {
	uint64_t stamp;
	struct source_lines *line;
	size_t nr, cap;
};

static size_t carried(const struct view *v, const struct store_source *src)
{
	size_t n = 0;

	for (size_t i = 0; i < v->nr_all; i++)
		n += v->all[i].service->source == src;
	return n;
}

static void fill_lines(struct source_lines *l, const struct view *v,
		       const struct store_source *s)
{
	char at[TIME_TEXT], ago[TIME_TEXT];

	l->sign = sign_of_source(s);
	cut(l->name, sizeof(l->name), s->name, 16);
	cut(l->url, sizeof(l->url), s->url, 40);
	cut(l->error, sizeof(l->error), s->error ? s->error : l->sign.word,
	    (int)sizeof(l->error) / 4);
	try_text(s, v->now, l->next);
	l->answer.nr = l->carries.nr = 0;
	if (s->answered == TIME_NONE) {
		spans_add(&l->answer, R_DIM, 0, "never answered");
	} else {
		spans_add(&l->answer, R_DIM, 0, "last answer ");
		spans_add(&l->answer, R_TEXT, 0, "%s",
			  time_hms(s->answered, at));
		spans_add(&l->answer, R_DIM, 1, ", %s ago",
			  time_span(v->now - s->answered, ago));
	}
	spans_add(&l->carries, R_DIM, 2, "carries %zu services", carried(v, s));
}

static bool sources_update(void *state, const struct view *v, int w, int h)
{
	struct sources *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct store_source *const *src;

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->nr = view_sources(v, &src);
	if (d->nr > d->cap) {
		d->line = mem_grow(d->line, d->nr, sizeof(*d->line));
		d->cap = d->nr;
	}
	for (size_t i = 0; i < d->nr; i++)
		fill_lines(&d->line[i], v, src[i]);
	return true;
}

static void sources_draw(const void *state, struct surface *s)
{
	const struct sources *d = state;
	struct spans left = { 0 }, right = { 0 };
	bool wide = s->w >= 100;
	int x = 20, mid = x + 42;

	spans_add(&left, R_BRIGHT, 0, "sources");
	spans_add(&right, R_DIM, 1, "next try");
	title_at(s, 1, 0, s->w - 2, &left, &right);
	for (size_t i = 0; i < d->nr && 2 * (int)i + 1 < s->h; i++) {
		const struct source_lines *l = &d->line[i];
		int y = 1 + 2 * (int)i, end = s->w - 1;
		draw_text(s, 1, y, l->sign.role, l->sign.glyph);
		draw_text(s, 3, y, R_BRIGHT, l->name);
		int next = end - text_width(l->next);
		draw_text(s, next, y, R_TEXT, l->next);
		int from = wide ? mid : x;
		if (wide)
			draw_text(s, x, y, R_DIM, l->url);
		surface_text_max(s, from, y, next - from - 2,
				 STYLE(l->sign.role), l->error);
		spans_row(s, y + 1, x, wide ? mid - 2 : end, &l->answer, NULL);
		if (wide)
			spans_row(s, y + 1, mid, end, &l->carries, NULL);
	}
}

static void sources_close(void *state)
{
	struct sources *d = state;

	free(d->line);
}

const struct widget_ops sources_widget = {
	.name = "sources",
	.help = "why each source does not answer, and when it is asked again",
	.state_size = sizeof(struct sources),
	.min_w = 40, .min_h = 3,
	.update = sources_update,
	.draw = sources_draw,
	.close = sources_close,
};
