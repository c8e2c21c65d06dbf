/* Who carries what is new: values of labels with the share of the new errors
 * (or slow requests, or requests) that is theirs, the worst first. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is the news: it decides which numbers stand before and after. */
enum news { NEWS_ERRORS, NEWS_SLOW, NEWS_RATE };

enum col { C_NAME, C_REQUESTS, C_BEFORE, C_ARROW, C_AFTER, C_TIMES, C_BAR,
	   C_SHARE, C_NR };

/* Shown from a width of the screen on; the bar takes what the name leaves. */
static const struct column_def {
	const char *head;
	int width, gap, from;
} defs[C_NR] = {
	[C_NAME] = { "where", 0, 0, 0 },
	[C_REQUESTS] = { "requests", 8, 2, 70 },
	[C_BEFORE] = { "before", 8, 2, 50 },
	[C_ARROW] = { "", 1, 2, 50 },
	[C_AFTER] = { "after", 8, 1, 40 },
	[C_TIMES] = { "times", 6, 2, 76 },
	[C_BAR] = { "", 0, 4, 90 },
	[C_SHARE] = { "share", 7, 1, 0 },
};

#define NAME_MIN 16
#define NAME_MAX 46
#define BAR_MAX 46
#define BAR_MIN 10
#define EMPTY 4
#define ROW_NAME 160
/* A share so far beyond that of the requests stands out. */
#define STANDS_OUT 0.25
/* A value that nearly all requests have says nothing by itself. */
#define NEARLY_ALL 0.9

struct row {
	bool selected;
	struct sign sign;
	char name[ROW_NAME], text[C_NR][NUMBER_TEXT + 2];
	double share;
	uint8_t bar;
};

struct changedtable {
	uint64_t stamp;
	int w, h;
	int x[C_NR], width[C_NR];  /* width 0: not shown */
	enum news news;
	struct row *row;
	size_t nr, cap, top;
	bool focused;
	struct spans left, right, rest, empty[EMPTY];
};

/* ---- what is the news --------------------------------------------------- */

static double share_of(const struct changed_row *r, enum news n)
{
	return n == NEWS_ERRORS ? r->share_of_new_errors
	       : n == NEWS_SLOW ? r->share_of_new_slow : r->share_of_new_rate;
}

/* Failures are told before slowness where both say nearly the same. */
#define MUCH 0.05

/* Of the worst row the share that made it the worst. */
static enum news news_of(const struct changed *c)
{
	enum news best = c->new_errors > 0 ? NEWS_ERRORS
			 : c->new_slow > 0 ? NEWS_SLOW : NEWS_RATE;

	if (!c->nr)
		return best;
	double most = share_of(&c->row[0], best);
	for (int n = NEWS_ERRORS; n <= NEWS_RATE; n++) {
		double x = share_of(&c->row[0], (enum news)n);
		if (!isnan(x) && (isnan(most) || x > most + MUCH)) {
			most = x;
			best = (enum news)n;
		}
	}
	return best;
}

/* What a service no longer gets is as much news as what it gets more. */
static const char *news_name(const struct changed *c, enum news n)
{
	static const char *const names[] = { "new errors", "new slow requests",
					     "new requests" };
	return n == NEWS_RATE && c->new_rate < 0 ? "lost requests" : names[n];
}

/* ---- columns ------------------------------------------------------------ */

static int name_width(const struct changed_row *r)
{
	return text_width(r->label) + 1 + text_width(r->value);
}

static void place_columns(struct changedtable *t, const struct changed *c,
			  int w)
{
	int fixed = 3 + 1, want = NAME_MIN, x = 3;

	for (size_t i = 0; c && i < c->nr; i++)
		if (name_width(&c->row[i]) > want)
			want = name_width(&c->row[i]);
	want = want > NAME_MAX ? NAME_MAX : want;
	for (int k = C_REQUESTS; k < C_NR; k++)
		if (w >= defs[k].from)
			fixed += defs[k].width + defs[k].gap;
	int name = w - fixed, bar = 0;
	if (w >= defs[C_BAR].from) {
		bar = name - want;
		bar = bar < BAR_MIN ? BAR_MIN : bar > BAR_MAX ? BAR_MAX : bar;
		name -= bar;
	}
	t->x[C_NAME] = x;
	t->width[C_NAME] = name < 1 ? 1 : name;
	x += t->width[C_NAME];
	for (int k = C_REQUESTS; k < C_NR; k++) {
		t->width[k] = 0;
		if (w < defs[k].from)
			continue;
		x += defs[k].gap;
		t->x[k] = x;
		t->width[k] = k == C_BAR ? bar : defs[k].width;
		x += t->width[k];
	}
}

/* ---- rows --------------------------------------------------------------- */

static const char *value_text(enum news n, double v, char out[NUMBER_TEXT])
{
	return n == NEWS_ERRORS ? format_percent(v, out)
	       : n == NEWS_SLOW ? format_latency(v, out) : format_rate(v, out);
}

static void before_after(const struct changed_row *r, enum news n, double v[2])
{
	v[0] = n == NEWS_ERRORS ? r->errors_before
	       : n == NEWS_SLOW ? r->p99_before : r->rate_before;
	v[1] = n == NEWS_ERRORS ? r->errors_during
	       : n == NEWS_SLOW ? r->p99_during : r->rate_during;
}

static void times_text(double before, double after, char *out, size_t size)
{
	double times = after / before;

	if (!(before > 0) || isnan(times))
		snprintf(out, size, "–");
	else if (times >= 999.5)
		snprintf(out, size, ">999x");
	else
		snprintf(out, size, "%.*fx", times < 9.95 ? 1 : 0, times);
}

/* A value that was not there before is an event of its own; it is told from
 * what fails by its sign's colour and by the word "new". */
static struct sign sign_of(const struct changed_row *r, enum news n)
{
	double share = share_of(r, n);

	if (r->fresh || r->gone)
		return (struct sign){ "◆", R_EVENT, "" };
	if (share - r->requests_share > STANDS_OUT &&
	    r->requests_share <= NEARLY_ALL)
		return (struct sign){ "▲", n == NEWS_RATE ? R_WARN : R_CRIT,
				      "" };
	if (share > 2 * r->requests_share && share > 0.02)
		return (struct sign){ "◆", R_WARN, "" };
	return (struct sign){ "·", R_OK, "" };
}

static void fill_row(struct row *row, const struct view *v, size_t at,
		     enum news n)
{
	const struct changed_row *r = &v->changed->row[at];
	struct spans name = { 0 };
	char text[NUMBER_TEXT];
	double x[2];

	memset(row, 0, sizeof(*row));
	row->selected = at == v->selected_change;
	row->sign = sign_of(r, n);
	row->bar = (uint8_t)(row->sign.role == R_OK ? R_DIM : row->sign.role);
	row->share = share_of(r, n);
	spans_add(&name, R_TEXT, 0, "%.60s=%.90s", r->label, r->value);
	memcpy(row->name, name.s[0].text, ROW_NAME - 1);
	before_after(r, n, x);
	format_percent(r->requests_share, row->text[C_REQUESTS]);
	strcpy(row->text[C_BEFORE], r->fresh ? "new" : value_text(n, x[0],
								  text));
	strcpy(row->text[C_AFTER], r->gone ? "gone" : value_text(n, x[1],
								 text));
	times_text(r->fresh || r->gone ? NAN : x[0], x[1], row->text[C_TIMES],
		   sizeof(row->text[C_TIMES]));
	format_percent(row->share, row->text[C_SHARE]);
}

/* ---- sentences ---------------------------------------------------------- */

static void build_title(struct changedtable *t, const struct changed *c)
{
	t->left.nr = t->right.nr = 0;
	if (!c || !c->nr) {
		spans_add(&t->left, R_BRIGHT, 0, "who carries what is new");
		return;
	}
	size_t nr = c->nr + c->nr_more;
	spans_add(&t->left, R_BRIGHT, 0, "who carries the %s",
		  news_name(c, t->news));
	spans_add(&t->left, R_DIM, 2, " %zu label value%s compared in %u "
		  "quer%s", nr, nr == 1 ? "" : "s", c->answer->queries,
		  c->answer->queries == 1 ? "y" : "ies");
	spans_add(&t->right, R_DIM, 1, "share of the %s",
		  news_name(c, t->news));
}

static void sum_up(struct changedtable *t, const struct changed *c)
{
	size_t end = t->top + t->nr;

	t->rest.nr = 0;
	if (!c || !c->nr)
		return;
	if (t->top)
		spans_add(&t->rest, R_DIM, 0, "%zu worse above   ", t->top);
	if (end < c->nr)
		spans_add(&t->rest, R_DIM, 0, "%zu below   ", c->nr - end);
	if (c->nr_more)
		spans_add(&t->rest, R_DIM, 1, "%zu more value%s, each spread "
			  "as before", c->nr_more, c->nr_more == 1 ? "" : "s");
}

static double ratio_of(const double part[2], const double all[2], int i)
{
	return all[i] > 0 ? part[i] / all[i] : NAN;
}

/* The service as a whole, before and after: that it did not change is an
 * answer too. */
static void say_whole(struct spans *sp, const struct change_answer *a)
{
	const struct change_count *all = &a->all;
	double before = (double)(a->want.before_to - a->want.before_from) / 1e3;
	double during = (double)(a->want.during_to - a->want.during_from) / 1e3;
	char x[NUMBER_TEXT], y[NUMBER_TEXT];

	spans_add(sp, R_DIM, 0, "errors ");
	spans_add(sp, R_TEXT, 0, "%s → %s",
		  format_percent(ratio_of(all->errors, all->requests, 0), x),
		  format_percent(ratio_of(all->errors, all->requests, 1), y));
	if (!isnan(all->p99[0]) || !isnan(all->p99[1])) {
		spans_add(sp, R_DIM, 1, "   p99 ");
		spans_add(sp, R_TEXT, 1, "%s → %s",
			  format_latency(all->p99[0], x),
			  format_latency(all->p99[1], y));
	}
	spans_add(sp, R_DIM, 2, "   rate ");
	spans_add(sp, R_TEXT, 2, "%s → %s/s",
		  format_rate(before > 0 ? all->requests[0] / before : NAN, x),
		  format_rate(during > 0 ? all->requests[1] / during : NAN, y));
}

static void say_empty(struct changedtable *t, const struct view *v)
{
	const struct changed *c = v->changed;

	for (int i = 0; i < EMPTY; i++)
		t->empty[i].nr = 0;
	if (c && c->nr)
		return;
	if (!c) {
		spans_add(&t->empty[0], R_DIM, 0, v->comparing
			  ? "comparing…" : "nothing was compared");
		return;
	}
	if (c->answer->fault && !c->answer->nr) {
		spans_add(&t->empty[0], R_WARN, 0, "%.200s", c->answer->fault);
		return;
	}
	spans_add(&t->empty[0], R_OK, 0, "✓ ");
	spans_add(&t->empty[0], R_TEXT, 0, "nothing stands out");
	spans_add(&t->empty[0], R_DIM, 1, ": %zu label value%s compared, each "
		  "carries what it did before", c->nr_more ? c->nr_more
		  : c->answer->nr, c->answer->nr == 1 ? "" : "s");
	say_whole(&t->empty[1], c->answer);
}

/* ---- widget ------------------------------------------------------------- */

#define HEAD 2 /* title, column heads */

static void scroll(struct changedtable *t, const struct view *v, int h)
{
	size_t all = v->changed ? v->changed->nr : 0;
	size_t room = h > HEAD ? (size_t)(h - HEAD) : 0;

	if (room && v->changed && (all > room || (v->changed->nr_more &&
						  all == room)))
		room--; /* the last line sums up */
	if (room > t->cap) {
		t->row = mem_grow(t->row, room, sizeof(*t->row));
		t->cap = room;
	}
	t->nr = all < room ? all : room;
	size_t sel = v->selected_change < all ? v->selected_change : 0;
	if (sel < t->top)
		t->top = sel;
	if (t->nr && sel >= t->top + t->nr)
		t->top = sel - t->nr + 1;
	if (t->top + t->nr > all)
		t->top = all - t->nr;
}

static bool changedtable_update(void *state, const struct view *v, int w, int h)
{
	struct changedtable *t = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	t->focused = v->focused;
	t->news = v->changed ? news_of(v->changed) : NEWS_ERRORS;
	place_columns(t, v->changed, w);
	scroll(t, v, h);
	for (size_t i = 0; i < t->nr; i++)
		fill_row(&t->row[i], v, t->top + i, t->news);
	build_title(t, v->changed);
	sum_up(t, v->changed);
	say_empty(t, v);
	return true;
}

static void draw_heads(const struct changedtable *t, struct surface *s)
{
	draw_text(s, 1, 1, R_DIM, defs[C_NAME].head);
	for (int c = C_REQUESTS; c < C_NR; c++)
		if (t->width[c])
			draw_field(s, t->x[c], 1, t->width[c], R_DIM,
				   c == C_BEFORE && t->news == NEWS_SLOW
				   ? "~p99" : defs[c].head);
}

static enum role role_of(const struct row *r, int c)
{
	if (c == C_AFTER)
		return r->sign.role == R_CRIT || r->sign.role == R_WARN
			       ? r->sign.role : R_TEXT;
	return c == C_SHARE || c == C_TIMES || c == C_REQUESTS ? R_TEXT : R_DIM;
}

static void draw_row(const struct changedtable *t, struct surface *s,
		     const struct row *r, int y)
{
	if (r->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	draw_text(s, 1, y, r->sign.role, r->sign.glyph);
	surface_text_max(s, t->x[C_NAME], y, t->width[C_NAME],
			 STYLE(r->selected || r->sign.role == R_CRIT
			       ? R_BRIGHT : R_TEXT), r->name);
	if (t->width[C_ARROW])
		draw_text(s, t->x[C_ARROW], y, R_DIM, "→");
	if (t->width[C_BAR])
		draw_bar(s, t->x[C_BAR], y, t->width[C_BAR], r->share,
			 (enum role)r->bar);
	for (int c = C_REQUESTS; c < C_NR; c++)
		if (t->width[c] && *r->text[c])
			draw_field(s, t->x[c], y, t->width[c], role_of(r, c),
				   r->text[c]);
}

static void changedtable_draw(const void *state, struct surface *s)
{
	const struct changedtable *t = state;
	int y = HEAD;

	if (s->w != t->w || s->h != t->h)
		return;
	struct surface win = surface_window(s, 1, 0, s->w - 2, 1);
	draw_title(&win, &t->left, &t->right, t->focused);
	for (int i = 0; i < EMPTY && t->empty[0].nr; i++)
		spans_row(s, 1 + i, i ? 3 : 1, s->w - 1, &t->empty[i], NULL);
	if (t->empty[0].nr)
		return;
	draw_heads(t, s);
	for (size_t i = 0; i < t->nr; i++)
		draw_row(t, s, &t->row[i], y++);
	if (t->rest.nr && y < s->h)
		spans_row(s, y, 3, s->w - 1, &t->rest, NULL);
}

static void changedtable_close(void *state)
{
	struct changedtable *t = state;

	free(t->row);
}

const struct widget_ops changedtable_widget = {
	.name = "changedtable",
	.help = "which label values carry the new errors, the worst first",
	.state_size = sizeof(struct changedtable),
	.min_w = 20, .min_h = 3,
	.update = changedtable_update,
	.draw = changedtable_draw,
	.close = changedtable_close,
};
