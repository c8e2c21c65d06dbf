/* The service table: one row a service, sorted by burn, what does not fit
 * summed up in its last line. */
#include "widgets/chart.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum col { C_NAME, C_FROM, C_EACH, C_RATE, C_RSPARK, C_ERRORS, C_ESPARK,
	   C_P50, C_P95, C_P99, C_BURN5, C_BURN1, C_SINCE, C_STATE,
	   C_VERSION, C_CHANGED, C_NR };

/* Head and width of a column; `left`: its text begins at its left edge; sort:
 * view.sort_column that orders by it. */
static const struct column_def {
	const char *head;
	int width, sort;
	bool left;
} defs[C_NR] = {
	[C_NAME] = { "service", 0, 1, true },
	[C_FROM] = { "from", 0, -1, true },
	[C_EACH] = { "each", 4, -1, false },
	[C_RATE] = { "rate/s", 5, 2, false },
	[C_RSPARK] = { "", 8, -1, true },
	[C_ERRORS] = { "errors", 6, 3, false },
	[C_ESPARK] = { "", 8, -1, true },
	[C_P50] = { "~p50", 6, -1, false },
	[C_P95] = { "~p95", 6, -1, false },
	[C_P99] = { "~p99", 6, 4, false },
	[C_BURN5] = { "burn 5m", 6, 5, false },
	[C_BURN1] = { "1h", 6, -1, false },
	[C_SINCE] = { "since", 5, -1, true },
	[C_STATE] = { "state", 7, 0, true },
	[C_VERSION] = { "version", 12, -1, true },
	[C_CHANGED] = { "changed", 7, -1, true },
};

/* What is dropped first: the gap before each column, -1 where it is not
 * shown, from a width of the screen on. */
static const struct layout {
	int from;
	signed char gap[C_NR];
} layouts[] = {
	/*    service from each rate errors p50 p95 p99 burn 1h since state */
	{ 160, { 0, -1, -1, 1, 1, 2, 1, 3, 2, 2, 5, 2, 5, 3, 5, 3 } },
	{ 118, { 0, -1, -1, 1, 1, 1, 1, 2, 1, 1, 3, 1, 3, 2, -1, -1 } },
	{ 100, { 0, -1, -1, 1, 1, 1, -1, 1, 0, 0, 2, 0, 3, 2, -1, -1 } },
	{ 76, { 0, -1, -1, 1, -1, 1, -1, 0, 0, 0, 2, 0, -1, 3, -1, -1 } },
	{ 56, { 0, -1, -1, -1, -1, 1, -1, -1, -1, 3, 3, -1, -1, 6, -1, -1 } },
	{ 0, { 0, -1, -1, -1, -1, 1, -1, -1, -1, -1, 2, -1, -1, 2, -1, -1 } },
};

/* Of several sources, where there is room: whose row it is, and how often it
 * has a point, in place of one sparkline. */
static const struct layout several[] = {
	{ 160, { 0, 2, 1, 2, 1, 2, -1, 3, 2, 2, 5, 2, 5, 3, 5, 3 } },
	{ 118, { 0, 2, 1, 2, 1, 1, -1, 2, 1, 1, 3, 1, 3, 2, -1, -1 } },
};

#define NAME_MIN 12
#define NAME_MAX 44
#define SPARK_MAX 16

struct field {
	uint8_t role;
	char text[28];
};

struct row {
	bool selected, loud, grey;
	struct sign sign;
	char name[192], mean[48];
	struct field f[C_NR];
	uint8_t rate[SPARK_MAX], errors[SPARK_MAX], role[SPARK_MAX];
};

struct table {
	uint64_t stamp;
	int w, h;
	int x[C_NR], width[C_NR]; /* width 0: not shown */
	int sparks, from_w;
	bool ages, filter_open, mixed; /* some percentiles are no estimates */
	int sort;
	char filter[192];
	size_t top;
	struct row *row;
	size_t nr, cap;
	struct spans last, empty;
};

/* ---- columns ------------------------------------------------------------ */

static const struct layout *layout_for(int w, bool many)
{
	const struct layout *l = layouts;

	for (size_t i = 0; many && i < 2; i++)
		if (w >= several[i].from)
			return &several[i];
	while (w < l->from)
		l++;
	return l;
}

#define FROM_MAX 14

/* Of the sources that rows are of; 0: it is one, or none. */
static int longest_source(const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);
	int most = 4;

	for (size_t i = 0; i < n; i++)
		if (text_width(src[i]->name) > most)
			most = text_width(src[i]->name);
	return n < 2 ? 0 : most > FROM_MAX ? FROM_MAX : most;
}

static int longest_name(const struct view *v)
{
	int most = NAME_MIN;

	for (size_t i = 0; i < v->nr_all; i++) {
		int w = text_width(v->all[i].service->name);
		if (w > most)
			most = w;
	}
	return most > NAME_MAX ? NAME_MAX : most;
}

static int width_of(const struct table *t, int c, int spark)
{
	return c == C_RSPARK || c == C_ESPARK ? spark
	       : c == C_FROM ? t->from_w : defs[c].width;
}

/* -1: not shown. A tilde of its own leaves no blank in a percentile. */
static int gap_of(const struct table *t, const struct layout *l, int c)
{
	bool full = t->mixed && c >= C_P50 && c <= C_P99 && l->gap[c] == 0;

	return full ? 1 : l->gap[c];
}

static int fixed_width(const struct table *t, const struct layout *l,
		       int spark)
{
	int w = 3;

	for (int c = 1; c < C_NR; c++)
		if (l->gap[c] >= 0)
			w += gap_of(t, l, c) + width_of(t, c, spark);
	return w;
}

/* The name takes what the longest one needs, sparklines are 16 cells where
 * that leaves room, and the rest goes between the groups. */
static void place_columns(struct table *t, const struct view *v, int w)
{
	static const uint8_t groups[] = { C_ERRORS, C_P50, C_BURN5, C_SINCE,
					  C_VERSION, C_CHANGED };
	t->from_w = longest_source(v);
	const struct layout *l = layout_for(w, t->from_w > 0);
	int want = longest_name(v), spark = 8, extra[C_NR] = { 0 };

	if (l->gap[C_ESPARK] >= 0 &&
	    w - 1 - fixed_width(t, l, SPARK_MAX) >= want)
		spark = SPARK_MAX;
	int room = w - 1 - fixed_width(t, l, spark);
	int name = room < want + 2 || w < 160 ? room : want + 2;
	if (name < 1)
		name = 1;
	for (int left = room - name, k = 0; left > 0 && k < 36; k++) {
		int c = groups[k % 6];
		if (l->gap[c] < 0)
			continue;
		extra[c]++;
		left--;
	}
	t->sparks = spark;
	int x = 3;
	for (int c = 0; c < C_NR; c++) {
		t->width[c] = 0;
		if (l->gap[c] < 0)
			continue;
		t->width[c] = c == C_NAME ? name : width_of(t, c, spark);
		x += gap_of(t, l, c) + extra[c];
		t->x[c] = x;
		x += t->width[c];
	}
}

/* ---- cells -------------------------------------------------------------- */

static void set(struct row *r, enum col c, enum role role, const char *text)
{
	r->f[c].role = (uint8_t)(r->grey ? R_STALE : role);
	size_t n = strlen(text), max = sizeof(r->f[c].text) - 1;
	memcpy(r->f[c].text, text, n > max ? 0 : n);
	r->f[c].text[n > max ? 0 : n] = '\0';
}

/* `…` asked and not answered, `–` not known. */
static void set_number(struct row *r, enum col c, const struct red_row *from,
		       double v, enum role role, const char *text)
{
	if (!isnan(v))
		set(r, c, role, text);
	else
		set(r, c, R_STALE, from->asking ? "…" : "–");
}

/* The head of the column has the tilde, unless it is not true of all. */
static void set_quantile(struct row *r, enum col c, const struct red_row *from,
			 const struct red_quantile *q, bool bad, bool mixed)
{
	char text[NUMBER_TEXT], both[NUMBER_TEXT + 2];
	bool open = isinf(q->hi) && q->hi > 0;

	snprintf(both, sizeof(both), "%s%s",
		 mixed && !open ? method_tilde(q->method) : "",
		 quantile_text(q, text));
	set_number(r, c, from, open ? q->lo : q->value, bad ? R_CRIT : R_TEXT,
		   both);
}

static enum role burn_text(double burn)
{
	return burn > BURN_PAGE ? R_CRIT : burn > 1 ? R_WARN :
	       burn < 0.05 ? R_STALE : R_TEXT;
}

static void set_source(struct row *r, const struct red_row *from)
{
	const struct store_source *src = from->service->source;
	time_ms each = from->service->shape->interval;
	char text[32];

	snprintf(text, sizeof(text), "%.*s",
		 (int)text_fit(src->name, FROM_MAX) > 27 ? 0
		 : (int)text_fit(src->name, FROM_MAX), src->name);
	set(r, C_FROM, R_DIM, text);
	each = each > 0 ? each : src->step;
	if (each > 0 && each < 600000)
		snprintf(text, sizeof(text), "%ds", (int)(each / 1000));
	else
		text[0] = '\0';
	set(r, C_EACH, R_DIM, text);
}

static void set_values(struct row *r, const struct red_row *from, bool mixed)
{
	char text[NUMBER_TEXT];
	double budget = 1 - from->objective, limit = from->latency_limit;
	bool failing = from->error_ratio > BURN_PAGE * budget;
	bool slow = limit > 0 &&
		    (from->p99.value > limit ||
		     (isinf(from->p99.hi) && from->p99.lo >= limit));

	set_number(r, C_RATE, from, from->rate,
		   from->rate == 0 ? R_STALE : R_TEXT,
		   format_rate(from->rate, text));
	size_t n = strlen(r->f[C_RATE].text);
	if (n && n < 5 && strchr("0123456789", r->f[C_RATE].text[n - 1]))
		strcat(r->f[C_RATE].text, " "); /* the suffix has a column */
	if (!strcmp(r->f[C_RATE].text, "–") || !strcmp(r->f[C_RATE].text, "…"))
		strcat(r->f[C_RATE].text, " ");
	set_number(r, C_ERRORS, from, from->error_ratio,
		   failing ? R_CRIT : from->error_ratio == 0 ? R_STALE : R_TEXT,
		   format_percent(from->error_ratio, text));
	set_quantile(r, C_P50, from, &from->p50, false, mixed);
	set_quantile(r, C_P95, from, &from->p95, false, mixed);
	set_quantile(r, C_P99, from, &from->p99, slow, mixed);
	set_number(r, C_BURN5, from, from->burn_5m, burn_text(from->burn_5m),
		   burn_words(from->burn_5m, text));
	set_number(r, C_BURN1, from, from->burn_1h, burn_text(from->burn_1h),
		   burn_words(from->burn_1h, text));
}

static void set_mean(struct row *r, const struct red_row *from)
{
	char text[NUMBER_TEXT];

	r->mean[0] = '\0';
	if (!from->service->shape->question[RED_RATE] && from->p99.note)
		snprintf(r->mean, sizeof(r->mean), "%.*s",
			 (int)text_fit(from->p99.note, 40) > 47 ? 0
			 : (int)text_fit(from->p99.note, 40), from->p99.note);
	if (from->p99.method != METHOD_NONE || isnan(from->mean))
		return;
	snprintf(r->mean, sizeof(r->mean), "mean %s (no p99)",
		 format_latency(from->mean, text));
}

static void short_age(time_ms age, char out[TIME_TEXT])
{
	char *blank;

	age_text(age, out);
	blank = strchr(out, ' ');
	if (blank)
		*blank = '\0';
}

static void set_since(struct table *t, struct row *r, const struct view *v,
		      const struct red_row *from)
{
	char text[TIME_TEXT];

	if (t->ages && from->state != STATE_OK) {
		if (from->age == TIME_NONE)
			return;
		short_age(from->age, text);
		set(r, C_SINCE, R_TEXT, text);
		r->f[C_SINCE].role = R_TEXT;
		return;
	}
	time_ms at = from->since;
	if (from->state == STATE_STALE)
		at = from->at;
	set(r, C_SINCE, from->state == STATE_NODATA ? R_STALE : R_TEXT,
	    moment_text(at, v->now, text));
}

static void set_version(struct row *r, const struct view *v,
			const struct red_row *from)
{
	const struct event *const *e;
	struct version ver = version_of(from->service, v->now);
	char text[TIME_TEXT], cut[28] = "";

	memcpy(cut, ver.name, text_fit(ver.name, 12) < sizeof(cut)
				      ? text_fit(ver.name, 12) : 0);
	for (size_t i = view_events(v, &e); i-- > 0;) {
		if (e[i]->kind != EVENT_DEPLOY || e[i]->at > v->now ||
		    !e[i]->service ||
		    strcmp(e[i]->service, from->service->name))
			continue;
		bool fresh = v->now - e[i]->at < 3600000;
		set(r, C_VERSION, fresh ? R_EVENT : R_DIM, cut);
		set(r, C_CHANGED, fresh ? R_EVENT : R_DIM,
		    moment_text(e[i]->at, v->now, text));
		return;
	}
	set(r, C_VERSION, R_DIM, cut);
}

/* ---- sparklines --------------------------------------------------------- */

/* Eight or sixteen pieces of the time that a chart shows, at absolute times. */
struct pieces {
	time_ms from, span;
	size_t nr;
	bool open;   /* the last one may still change */
};

static struct pieces pieces_of(const struct table *t, const struct view *v,
			       const struct service *s)
{
	struct pieces p = { .nr = (size_t)t->sparks,
			    .span = v->dot * 96 / t->sparks };

	if (p.span < 1)
		p.span = 1;
	p.from = time_floor(v->edge, p.span) - (t->sparks - 1) * p.span;
	p.open = p.from + t->sparks * p.span > view_settled(v, s->source);
	return p;
}

static void spark_rate(struct row *r, const struct pieces *p,
		       const struct column *col)
{
	double most = 0;

	for (size_t i = 0; i < p->nr; i++)
		if (col[i].nr && col[i].mean > most)
			most = col[i].mean;
	for (size_t i = 0; i < p->nr; i++)
		r->rate[i] = !col[i].nr ? 0 : most > 0
			? (uint8_t)fmax(1, round(col[i].mean / most * 6)) : 1;
	if (p->open && col[p->nr - 1].nr)
		r->rate[p->nr - 1] = SPARK_OPEN;
}

static void spark_errors(struct row *r, const struct pieces *p,
			 const struct column *col, double budget)
{
	for (size_t i = 0; i < p->nr; i++) {
		double burn = col[i].nr ? col[i].mean / budget : NAN;
		r->errors[i] = (uint8_t)burn_level(burn);
		r->role[i] = (uint8_t)burn_role(burn);
	}
	if (p->open && col[p->nr - 1].nr)
		r->errors[p->nr - 1] = SPARK_OPEN;
}

static void set_sparks(struct table *t, struct row *r, const struct view *v,
		       const struct red_row *from)
{
	struct column col[SPARK_MAX];
	struct pieces p = pieces_of(t, v, from->service);

	time_ms step = from->service->source->step;

	service_columns(from->service, M_RATE, p.from, p.span, col, p.nr);
	chart_hold(col, (int)p.nr, p.from, p.span, step, v->now);
	spark_rate(r, &p, col);
	if (!t->width[C_ESPARK])
		return;
	service_columns(from->service, M_ERROR_RATIO, p.from, p.span, col,
			p.nr);
	chart_hold(col, (int)p.nr, p.from, p.span, step, v->now);
	spark_errors(r, &p, col, 1 - from->objective);
}

static void fill_row(struct table *t, struct row *r, const struct view *v,
		     size_t at)
{
	const struct red_row *from = &v->row[at];

	memset(r, 0, sizeof(*r));
	r->selected = at == v->selected;
	r->sign = sign_of_state(from->state);
	if (from->asking)
		r->sign = (struct sign){ "○", R_STALE, "…" };
	r->loud = r->selected || from->state <= STATE_WARN ||
		  (t->ages && from->burn_5m > 1);
	r->grey = from->state == STATE_STALE || from->state == STATE_NODATA;
	snprintf(r->name, sizeof(r->name), "%.*s",
		 (int)text_fit(from->service->name, NAME_MAX + 1) > 190 ? 0
		 : (int)text_fit(from->service->name, NAME_MAX + 1),
		 from->service->name);
	set_source(r, from);
	set_values(r, from, t->mixed);
	set_mean(r, from);
	set_since(t, r, v, from);
	set(r, C_STATE, r->sign.role, r->sign.word);
	if (t->width[C_VERSION])
		set_version(r, v, from);
	if (t->width[C_RSPARK])
		set_sparks(t, r, v, from);
}

/* ---- the last line ------------------------------------------------------ */

struct rest {
	size_t nr, bad, stale, asking, rated;
	double rate;
	const struct red_row *worst, *burning;
};

static struct rest rest_of(const struct table *t, const struct view *v)
{
	struct rest s = { 0 };

	for (size_t i = 0; i < v->nr_rows; i++) {
		const struct red_row *r = &v->row[i];
		if (i >= t->top && i < t->top + t->nr)
			continue;
		s.nr++;
		s.bad += r->state <= STATE_WARN;
		s.stale += !r->asking && (r->state == STATE_STALE ||
					  r->state == STATE_NODATA);
		s.asking += r->asking;
		s.rated += isnan(r->rate) ? 0 : 1;
		s.rate += isnan(r->rate) ? 0 : r->rate;
		if (!s.worst || r->state < s.worst->state)
			s.worst = r;
		if (!isnan(r->burn_1h) &&
		    (!s.burning || r->burn_1h > s.burning->burn_1h))
			s.burning = r;
	}
	return s;
}

static void sum_up(struct table *t, const struct view *v)
{
	struct rest s = rest_of(t, v);
	char text[NUMBER_TEXT];

	t->last.nr = 0;
	if (t->filter[0])
		spans_add(&t->last, R_DIM, 0, "  %zu of %zu match   ",
			  v->nr_rows, v->nr_all);
	if (!s.nr)
		return;
	struct sign sign = sign_of_state(s.worst->state);
	if (s.asking == s.nr)
		sign = (struct sign){ "○", R_STALE, "" };
	if (!t->filter[0])
		spans_add(&t->last, sign.role, 0, "%s ", sign.glyph);
	spans_add(&t->last, R_DIM, 0, "%zu more", s.nr);
	if (s.bad)
		spans_add(&t->last, sign.role, 0, ", %zu not ok", s.bad);
	else if (s.stale)
		spans_add(&t->last, R_DIM, 0, ", %zu without new data",
			  s.stale);
	else if (s.asking < s.nr)
		spans_add(&t->last, R_DIM, 0, " healthy");
	else if (!s.rated)
		spans_add(&t->last, R_DIM, 0, ", asked next");
	if (t->width[C_RATE] && s.rated)
		spans_add(&t->last, R_DIM, 3, "  %s/s",
			  format_rate(s.rate, text));
	if (s.burning && s.asking < s.nr) {
		spans_add(&t->last, R_DIM, 2, "  worst burn %.60s %s",
			  s.burning->service->name,
			  burn_words(s.burning->burn_1h, text));
		spans_add(&t->last, R_DIM, 4, " over 1h");
	}
}

static void say_empty(struct table *t, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);
	struct health h = health_of(v);

	t->empty.nr = 0;
	if (v->nr_rows)
		return;
	if (t->filter[0]) {
		spans_add(&t->empty, R_TEXT, 0, "no service matches \"%s\"",
			  t->filter);
		spans_add(&t->empty, R_DIM, 0, "  of %zu   Esc clears it",
			  v->nr_all);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (src[i]->error && src[i]->state != SOURCE_UP) {
			spans_add(&t->empty, R_CRIT, 0, "%.40s: %s",
				  src[i]->name, src[i]->error);
			return;
		}
	if (h.nothing_yet)
		spans_add(&t->empty, R_DIM, 0, "asking %.40s%s", src[0]->name,
			  elapsed_text(v->now - v->started,
				       (char[TIME_TEXT]){ 0 }));
	else if (n && src[0]->catalog && v->nr_resources)
		spans_add(&t->empty, R_TEXT, 0, "no services found, and %zu "
			  "resource%s: key 4 shows how full", v->nr_resources,
			  v->nr_resources == 1 ? "" : "s");
	else if (n && src[0]->catalog)
		spans_add(&t->empty, R_TEXT, 0, "no services found: none of "
			  "%d families tells requests or their latency",
			  src[0]->catalog->families + src[0]->catalog->unknown);
	else
		spans_add(&t->empty, R_DIM, 0, "no services yet");
}

/* ---- widget ------------------------------------------------------------- */

/* As little scrolling as keeps the selected row in sight. */
static void scroll(struct table *t, const struct view *v, int h)
{
	size_t room = h > 1 ? (size_t)h - 1 : 0;

	if (v->nr_rows > room || t->filter[0])
		room = room ? room - 1 : 0; /* the last line sums up */
	t->nr = v->nr_rows < room ? v->nr_rows : room;
	if (t->nr == 0) {
		t->top = 0;
		return;
	}
	if (v->selected < t->top)
		t->top = v->selected;
	if (v->selected >= t->top + t->nr)
		t->top = v->selected - t->nr + 1;
	if (t->top + t->nr > v->nr_rows)
		t->top = v->nr_rows - t->nr;
}

static void make_room(struct table *t, int h)
{
	size_t want = h > 0 ? (size_t)h : 1;

	if (want <= t->cap)
		return;
	t->row = mem_grow(t->row, want, sizeof(*t->row));
	t->cap = want;
}

static bool all_stale(const struct view *v)
{
	for (size_t i = 0; i < v->nr_all; i++)
		if (v->all[i].state != STATE_STALE &&
		    v->all[i].state != STATE_NODATA)
			return false;
	return v->nr_all && v->all[0].state == STATE_STALE;
}

static bool any_exact(const struct view *v)
{
	for (size_t i = 0; i < v->nr_all; i++)
		if (v->all[i].service->shape->method == METHOD_SERVER)
			return true;
	return false;
}

static bool table_update(void *state, const struct view *v, int w, int h)
{
	struct table *t = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	t->filter_open = v->filter_open;
	t->sort = v->sort_column;
	t->ages = all_stale(v);
	t->mixed = any_exact(v);
	const char *filter = v->filter ? v->filter : "";
	size_t n = text_fit(filter, 60);
	snprintf(t->filter, sizeof(t->filter), "%.*s",
		 n < sizeof(t->filter) ? (int)n : 0, filter);
	place_columns(t, v, w);
	scroll(t, v, h);
	make_room(t, h);
	for (size_t i = 0; i < t->nr; i++)
		fill_row(t, &t->row[i], v, t->top + i);
	sum_up(t, v);
	say_empty(t, v);
	return true;
}

static void draw_head(const struct table *t, struct surface *s)
{
	for (int c = 0; c < C_NR; c++) {
		if (!t->width[c])
			continue;
		const char *head = c == C_SINCE && t->ages ? "age"
							   : defs[c].head;
		if (t->mixed && *head == '~')
			head++;
		enum role r = t->sort > 0 && t->sort == defs[c].sort ? R_BRIGHT
								     : R_DIM;
		if (defs[c].left)
			draw_text(s, t->x[c], 0, r, head);
		else
			surface_text_right(s, t->x[c] + t->width[c], 0,
					   STYLE(r), head);
	}
}

/* The filter stands where the names are. */
static void draw_filter(const struct table *t, struct surface *s)
{
	if (!t->filter_open && !t->filter[0])
		return;
	int w = t->width[C_NAME];
	surface_run(s, t->x[C_NAME], 0, w, ' ', STYLE(R_TEXT));
	int room = w - 2, at = t->x[C_NAME];
	at += draw_text(s, at, 0, R_BRIGHT, "/");
	at += surface_text_max(s, at, 0, room, STYLE(R_BRIGHT), t->filter);
	if (t->filter_open && at < t->x[C_NAME] + w)
		surface_put(s, at, 0, '_', STYLE(R_BRIGHT));
}

static void draw_percentiles(const struct table *t, struct surface *s,
			     const struct row *r, int y)
{
	int from = t->x[C_P50], end = t->x[C_P99] + t->width[C_P99];

	if (from == t->x[C_ERRORS] + t->width[C_ERRORS])
		from++; /* two values never touch */

	if (!t->width[C_P99])
		return;
	if (r->mean[0] && t->width[C_P50]) {
		enum role role = r->grey ? R_STALE : R_DIM;
		char brief[48];
		snprintf(brief, sizeof(brief), "%.*s",
			 (int)strcspn(r->mean, "("), r->mean);
		if (text_width(r->mean) <= end - from)
			draw_text(s, from, y, role, r->mean);
		else if (text_width(brief) <= end - from)
			draw_text(s, from, y, role, brief);
		else if (r->mean[strlen(brief)] == '\0')
			surface_text_max(s, from, y, end - from, STYLE(role),
					 brief);
		return;
	}
	for (int c = C_P50; c <= C_P99; c++)
		if (t->width[c])
			draw_field(s, t->x[c], y, t->width[c],
				   (enum role)r->f[c].role, r->f[c].text);
}

static void draw_row(const struct table *t, struct surface *s,
		     const struct row *r, int y)
{
	if (r->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	draw_text(s, 1, y, r->sign.role, r->sign.glyph);
	surface_text_max(s, t->x[C_NAME], y, t->width[C_NAME],
			 STYLE(r->loud ? R_BRIGHT : r->grey ? R_STALE : R_TEXT),
			 r->name);
	for (int c = C_FROM; c < C_NR; c++) {
		if (!t->width[c] || (c >= C_P50 && c <= C_P99))
			continue;
		const struct field *f = &r->f[c];
		if (defs[c].left)
			surface_text_max(s, t->x[c], y, t->width[c],
					 STYLE(f->role), f->text);
		else
			draw_field(s, t->x[c], y, t->width[c],
				   (enum role)f->role, f->text);
	}
	draw_percentiles(t, s, r, y);
	for (int i = 0; i < t->sparks; i++) {
		if (t->width[C_RSPARK])
			draw_spark(s, t->x[C_RSPARK] + i, y, r->rate[i],
				   r->grey ? R_STALE : R_SPARK);
		if (t->width[C_ESPARK])
			draw_spark(s, t->x[C_ESPARK] + i, y, r->errors[i],
				   r->grey ? R_STALE : (enum role)r->role[i]);
	}
}

static void table_draw(const void *state, struct surface *s)
{
	const struct table *t = state;

	if (s->w != t->w || s->h != t->h || s->h < 1)
		return;
	draw_head(t, s);
	draw_filter(t, s);
	for (size_t i = 0; i < t->nr; i++)
		draw_row(t, s, &t->row[i], (int)i + 1);
	int y = (int)t->nr + 1;
	struct spans none = { 0 };
	if (t->empty.nr && y < s->h)
		spans_row(s, y, 3, s->w - 1, &t->empty, &none);
	else if (t->last.nr && y < s->h)
		spans_row(s, y, 1, s->w - 1, &t->last, &none);
}

static void table_close(void *state)
{
	struct table *t = state;

	free(t->row);
}

const struct widget_ops table_widget = {
	.name = "table",
	.help = "every service: rate, errors, percentiles, burn",
	.state_size = sizeof(struct table),
	.min_w = 1, .min_h = 1,
	.update = table_update,
	.draw = table_draw,
	.close = table_close,
};
