/* The page of resources: how far each is on its way to critical, the nearest
 * first. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum col { C_NAME, C_KIND, C_BAR, C_USE, C_OF, C_WARN, C_CRIT, C_SINCE, C_NR };

/* Shown from a width of the screen on. */
static const struct column_def {
	const char *head;
	int width, from;
} defs[C_NR] = {
	[C_NAME] = { "resource", 0, 0 },
	[C_KIND] = { "kind", 10, 100 },
	[C_BAR] = { "", 0, 60 },
	[C_USE] = { "use", 7, 0 },
	[C_OF] = { "of", 12, 76 },
	[C_WARN] = { "warn", 5, 90 },
	[C_CRIT] = { "crit", 5, 90 },
	[C_SINCE] = { "since", 6, 50 },
};

#define NAME_MIN 16
#define NAME_MAX 44
#define BAR_MIN 12
#define BAR_MAX 60
/* The bar ends at half beyond critical. */
#define BAR_ENDS 1.5
/* Lines in place of rows. */
#define EMPTY 3

struct row {
	bool selected, loud;
	struct sign sign;
	double nearness;     /* NAN: no bar */
	enum role role;      /* of the bar and the use */
	char name[192], text[C_NR][NUMBER_TEXT * 2 + 2];
};

struct saturation {
	uint64_t stamp;
	int w, h;
	int x[C_NR], width[C_NR]; /* width 0: not shown */
	struct row *row;
	size_t nr, cap, top;
	struct spans summary, rest, empty[EMPTY];
};

/* ---- columns ------------------------------------------------------------ */

/* Bytes of an id's first part, which says what kind of thing it is ("pool" of
 * "pool:primary"); 0: it does not. */
static size_t kind_length(const char *id)
{
	const char *colon = strchr(id, ':');

	if (!colon || colon == id || !colon[1] ||
	    text_width(id) - text_width(colon) > defs[C_KIND].width)
		return 0;
	return (size_t)(colon - id);
}

/* Where kinds have a column of their own, the name begins after it. */
static const char *name_of(const struct resource *r, bool kinds)
{
	const char *id = r->service->name;
	size_t n = kinds ? kind_length(id) : 0;

	return n ? id + n + 1 : id;
}

static int longest_name(const struct view *v, bool kinds)
{
	int most = NAME_MIN;

	for (size_t i = 0; i < v->nr_resources; i++) {
		int w = text_width(name_of(&v->resource[i], kinds));
		if (w > most)
			most = w;
	}
	return most > NAME_MAX ? NAME_MAX : most;
}

/* The name gets what the longest needs, the bar what is left over. */
static void place_columns(struct saturation *t, const struct view *v, int w)
{
	bool kinds = w >= defs[C_KIND].from;
	int fixed = 3 + 1, name = longest_name(v, kinds), x = 3;

	if (kinds)
		fixed += defs[C_KIND].width + 2;
	for (int c = C_USE; c < C_NR; c++)
		fixed += w >= defs[c].from ? defs[c].width + 1 : 0;
	bool bar = w >= defs[C_BAR].from;
	if (name > w - fixed - (bar ? BAR_MIN + 2 : 0))
		name = w - fixed - (bar ? BAR_MIN + 2 : 0);
	if (name < 1)
		name = 1;
	for (int c = 0; c < C_NR; c++) {
		int width = c == C_NAME ? name : defs[c].width;
		t->width[c] = 0;
		if (w < defs[c].from)
			continue;
		if (c == C_KIND)
			x++;
		if (c == C_BAR) {
			x++;
			width = w - fixed - name - 2;
			width = width > BAR_MAX ? BAR_MAX : width;
		}
		t->x[c] = x;
		t->width[c] = width;
		x += width + 1;
	}
	/* What a wide screen has beyond that stays at the right. */
}

/* ---- rows --------------------------------------------------------------- */

static struct sign sign_of(const struct resource *r)
{
	static const struct sign signs[RESOURCE_STATES] = {
		[RESOURCE_CRIT] = { "▲", R_CRIT, "" },
		[RESOURCE_WARN] = { "◆", R_WARN, "" },
		[RESOURCE_OK] = { "·", R_OK, "" },
		[RESOURCE_NODATA] = { "○", R_STALE, "" },
	};

	return signs[r->state];
}

static void share_text(double share, char *out, size_t size)
{
	if (share > 0)
		snprintf(out, size, "%.3g%%", share * 100);
	else
		snprintf(out, size, "–");
}

static void use_texts(struct row *row, const struct resource *r)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT], *use = row->text[C_USE];
	size_t size = sizeof(row->text[C_USE]);

	if (r->state == RESOURCE_NODATA)
		snprintf(use, size, "no data");
	else if (isnan(r->ratio))
		snprintf(use, size, "%s", format_rate(r->used, a));
	else
		format_percent(r->ratio, use);
	if (isnan(r->limit))
		snprintf(row->text[C_OF], size, "–");
	else if (r->limit == 1) /* a share: the percentage says it all */
		row->text[C_OF][0] = '\0';
	else
		snprintf(row->text[C_OF], size, "%s/%s",
			 format_rate(r->used, a), format_rate(r->limit, b));
}

/* "orders:cpu" is "orders cpu" where "rds" stands beside it; a port stays with
 * its host. */
static void name_texts(struct row *row, const struct resource *r, bool kinds)
{
	const char *id = r->service->name, *name = name_of(r, kinds);
	size_t n = text_fit(name, NAME_MAX + 1);
	size_t kind = kinds ? kind_length(id) : 0;

	snprintf(row->name, sizeof(row->name), "%.*s",
		 n < sizeof(row->name) ? (int)n : 0, name);
	snprintf(row->text[C_KIND], sizeof(row->text[C_KIND]), "%.*s",
		 (int)kind, id);
	for (char *at = row->name; kind && *at; at++)
		if (*at == ':' && !isdigit((unsigned char)at[1]))
			*at = ' ';
}

static void fill_row(struct row *row, const struct view *v, size_t at,
		     bool kinds)
{
	const struct resource *r = &v->resource[at];

	memset(row, 0, sizeof(*row));
	/* Beside thresholds the list that the keys move has the bar. */
	row->selected = at == v->selected_resource &&
			(v->focused || !v->nr_thresholds);
	row->sign = sign_of(r);
	row->loud = row->selected || r->state <= RESOURCE_WARN;
	row->nearness = r->nearness;
	row->role = r->state == RESOURCE_CRIT ? R_CRIT
		    : r->state == RESOURCE_WARN ? R_WARN
		    : r->state == RESOURCE_OK ? R_BAR : R_STALE;
	if (!service_answers(r->service))
		row->role = row->sign.role = R_STALE;
	name_texts(row, r, kinds);
	use_texts(row, r);
	share_text(r->warn, row->text[C_WARN], sizeof(row->text[C_WARN]));
	share_text(r->crit, row->text[C_CRIT], sizeof(row->text[C_CRIT]));
	moment_text(r->since, v->now, row->text[C_SINCE]);
}

/* ---- sentences ---------------------------------------------------------- */

static void count_states(const struct view *v, size_t nr[RESOURCE_STATES])
{
	for (size_t i = 0; i < v->nr_resources; i++)
		nr[v->resource[i].state]++;
}

static void summarise(struct saturation *t, const struct view *v)
{
	size_t nr[RESOURCE_STATES] = { 0 };
	struct spans *s = &t->summary;

	s->nr = 0;
	if (!v->nr_resources)
		return;
	count_states(v, nr);
	if (nr[RESOURCE_CRIT])
		spans_add(s, R_CRIT, 0, "%zu over critical   ",
			  nr[RESOURCE_CRIT]);
	if (nr[RESOURCE_WARN])
		spans_add(s, R_WARN, 0, "%zu over warning   ",
			  nr[RESOURCE_WARN]);
	if (!nr[RESOURCE_CRIT] && !nr[RESOURCE_WARN])
		spans_add(s, R_TEXT, 0, "none over its limits   ");
	spans_add(s, R_DIM, 1, "%zu of %zu below", nr[RESOURCE_OK],
		  v->nr_resources);
	if (nr[RESOURCE_NODATA])
		spans_add(s, R_DIM, 2, ", %zu without data",
			  nr[RESOURCE_NODATA]);
}

/* Who could know of resources, and what it says. */
static void say_empty(struct saturation *t, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src);
	struct health h = health_of(v);
	bool cloud = false;

	for (int i = 0; i < EMPTY; i++)
		t->empty[i].nr = 0;
	if (v->nr_resources)
		return;
	for (size_t i = 0; i < n; i++)
		cloud |= strcmp(src[i]->kind, "cloudwatch") == 0 &&
			 src[i]->catalog;
	if (h.nothing_yet) {
		spans_add(&t->empty[0], R_DIM, 0, "asking %.40s",
			  src[0]->name);
		return;
	}
	spans_add(&t->empty[0], R_TEXT, 0, "no resources are known here");
	spans_add(&t->empty[1], R_DIM, 0, "CloudWatch brings RDS, DynamoDB, "
		  "ElastiCache, DAX and SQS;");
	spans_add(&t->empty[2], R_DIM, 0, "%s", cloud
		  ? "it answers, and found none that reported of late"
		  : "a Prometheus hosts, pools, databases and caches whose "
		    "exporters it scrapes");
}

static void sum_up(struct saturation *t, const struct view *v)
{
	size_t end = t->top + t->nr;
	char text[NUMBER_TEXT];

	t->rest.nr = 0;
	if (t->top)
		spans_add(&t->rest, R_DIM, 0, "%zu nearer above   ", t->top);
	if (end >= v->nr_resources)
		return;
	const struct resource *next = &v->resource[end];
	spans_add(&t->rest, R_DIM, 0, "%zu more", v->nr_resources - end);
	if (!isnan(next->nearness))
		spans_add(&t->rest, R_DIM, 1, ", the nearest at %s of critical",
			  format_percent(next->nearness, text));
}

/* ---- widget ------------------------------------------------------------- */

#define HEAD 4 /* summary, blank, title, column heads */

static void scroll(struct saturation *t, const struct view *v, int h)
{
	size_t room = h > HEAD ? (size_t)(h - HEAD) : 0;

	if (v->nr_resources > room && room)
		room--; /* the last line sums up */
	if (room > t->cap) {
		t->row = mem_grow(t->row, room, sizeof(*t->row));
		t->cap = room;
	}
	t->nr = v->nr_resources < room ? v->nr_resources : room;
	if (v->selected_resource < t->top)
		t->top = v->selected_resource;
	if (t->nr && v->selected_resource >= t->top + t->nr)
		t->top = v->selected_resource - t->nr + 1;
	if (t->top + t->nr > v->nr_resources)
		t->top = v->nr_resources - t->nr;
}

static bool saturation_update(void *state, const struct view *v, int w, int h)
{
	struct saturation *t = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	place_columns(t, v, w);
	scroll(t, v, h);
	for (size_t i = 0; i < t->nr; i++)
		fill_row(&t->row[i], v, t->top + i, t->width[C_KIND] > 0);
	summarise(t, v);
	sum_up(t, v);
	say_empty(t, v);
	return true;
}

static int critical_at(const struct saturation *t)
{
	return t->x[C_BAR] + (int)lround(t->width[C_BAR] / BAR_ENDS);
}

static void draw_heads(const struct saturation *t, struct surface *s, int y)
{
	draw_text(s, t->x[C_NAME], y, R_DIM, defs[C_NAME].head);
	if (t->width[C_KIND])
		draw_text(s, t->x[C_KIND], y, R_DIM, defs[C_KIND].head);
	for (int c = C_USE; c < C_NR; c++)
		if (t->width[c])
			draw_field(s, t->x[c], y, t->width[c], R_DIM,
				   defs[c].head);
	if (!t->width[C_BAR])
		return;
	draw_text(s, t->x[C_BAR], y, R_DIM, "0");
	if (t->width[C_BAR] >= 16)
		draw_text(s, critical_at(t) - 4, y, R_DIM, "critical");
}

static void draw_row(const struct saturation *t, struct surface *s,
		     const struct row *r, int y)
{
	if (r->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	draw_text(s, 1, y, r->sign.role, r->sign.glyph);
	surface_text_max(s, t->x[C_NAME], y, t->width[C_NAME],
			 STYLE(r->loud ? R_BRIGHT : R_TEXT), r->name);
	if (t->width[C_KIND])
		draw_text(s, t->x[C_KIND], y, R_DIM, r->text[C_KIND]);
	if (t->width[C_BAR] && !isnan(r->nearness))
		draw_bar(s, t->x[C_BAR], y, t->width[C_BAR],
			 r->nearness / BAR_ENDS, r->role);
	if (t->width[C_BAR])
		surface_put(s, critical_at(t), y, 0x2502, STYLE(R_LIMIT));
	enum role use = r->role == R_BAR ? R_TEXT : r->role;
	for (int c = C_USE; c < C_NR; c++)
		if (t->width[c])
			draw_field(s, t->x[c], y, t->width[c],
				   c == C_USE ? use
				   : c == C_OF || c == C_SINCE ? R_TEXT : R_DIM,
				   r->text[c]);
}

static void draw_head(const struct saturation *t, struct surface *s)
{
	struct spans left = { 0 };
	struct surface win = surface_window(s, 1, 2, s->w - 2, 1);

	spans_row(s, 0, 1, s->w - 1, &t->summary, NULL);
	spans_add(&left, R_BRIGHT, 0, "distance to critical");
	spans_add(&left, R_DIM, 1, " nearest first");
	spans_add(&left, R_DIM, 2, "; each bar on the scale of its own "
		  "critical value");
	draw_title(&win, &left, NULL, false);
	draw_heads(t, s, 3);
}

static void saturation_draw(const void *state, struct surface *s)
{
	const struct saturation *t = state;

	if (s->w != t->w || s->h != t->h)
		return;
	for (int i = 0; i < EMPTY && t->empty[0].nr; i++)
		spans_row(s, i, 3, s->w - 1, &t->empty[i], NULL);
	if (t->empty[0].nr)
		return;
	draw_head(t, s);
	for (size_t i = 0; i < t->nr; i++)
		draw_row(t, s, &t->row[i], HEAD + (int)i);
	if (t->rest.nr)
		spans_row(s, HEAD + (int)t->nr, 3, s->w - 1, &t->rest, NULL);
}

static void saturation_close(void *state)
{
	struct saturation *t = state;

	free(t->row);
}

const struct widget_ops saturation_widget = {
	.name = "saturation",
	.help = "the page of resources: how near each is to critical",
	.state_size = sizeof(struct saturation),
	.min_w = 20, .min_h = 3,
	.update = saturation_update,
	.draw = saturation_draw,
	.close = saturation_close,
};
