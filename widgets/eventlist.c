/* The page of events: a lane a kind over all that is held, the list with the
 * newest first, and what is known about the selected one. */
#include "widgets/chart.h"

#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_X 13

enum lane { LANE_PAGES, LANE_ALARMS, LANE_STATE, LANE_DEPLOYS, LANE_NOTES,
	    LANE_SOURCES, LANE_NR };

static const struct lane_def {
	const char *name;
	unsigned kinds;
} lanes[LANE_NR] = {
	{ "pages", 1u << EVENT_SLO },
	{ "alarms", 1u << EVENT_ALARM },
	{ "state", 1u << EVENT_THRESHOLD | 1u << EVENT_TRAFFIC },
	{ "deploys", 1u << EVENT_DEPLOY | 1u << EVENT_RESTART |
		     1u << EVENT_CONFIG },
	{ "notes", 1u << EVENT_NOTE },
	{ "sources", 1u << EVENT_SOURCE | 1u << EVENT_GAP },
};

/* One cell of a lane; what is later or worse stays. */
struct lane_cell {
	uint8_t role, rank;
	uint32_t ch;
};

struct item {
	bool selected;
	char time[TIME_TEXT], onset[TIME_TEXT + 4], then[TIME_TEXT + 4];
	struct sign sign;
	struct spans text;
	const char *kind;    /* static */
};

/* An alarm that is not ok. */
struct aline {
	const struct alarm *a;
	const char *source;  /* where there are several, or NULL */
	struct sign sign;
	struct spans text, right;
};

struct eventlist {
	uint64_t stamp;
	int w, h;
	struct axis axis;
	int selected_cell;
	struct spans counts, shown;
	struct lane_cell *cell;
	size_t cap_cells;
	bool *deploy;
	struct item *item;
	size_t nr, cap, first, hidden_newer, hidden_older;
	time_ms onset;
	int list_y, lanes_y, detail_y;  /* rows, -1: not shown */
	struct spans title, hint;
	struct spans detail[4];
	const char *label[4];
	int nr_details;
	char from[TIME_TEXT];
	int alarms_y, nr_alarms;        /* rows of alarms that are not ok */
	struct spans alarms;            /* how many are how; 0: none known */
	struct aline *alarm;            /* ALARMS_SHOWN of them */
};

#define ALARMS_SHOWN 6

static enum lane lane_of(const struct event *e)
{
	for (int i = 0; i < LANE_NR; i++)
		if (lanes[i].kinds >> e->kind & 1)
			return (enum lane)i;
	return LANE_NOTES;
}

/* ---- what fits: the list first, then the lanes, then the details -------- */

static void place(struct eventlist *l)
{
	int y = 2, list;

	l->lanes_y = l->detail_y = l->alarms_y = -1;
	if (l->alarms.nr) {
		int most = l->h / 5 < ALARMS_SHOWN ? l->h / 5 : ALARMS_SHOWN;
		l->nr_alarms = l->nr_alarms > most ? most : l->nr_alarms;
		l->alarms_y = y;
		y += 2 + l->nr_alarms;
	}
	if (l->h - y >= 20) {
		l->lanes_y = y;
		y += LANE_NR + 3;
	}
	l->list_y = y;
	list = l->h - y;
	if (list >= 14) {
		l->detail_y = l->h - 6;
		list = l->detail_y - 1 - y;
	}
	list -= 2;
	size_t want = list > 0 ? (size_t)list : 0;
	if (want > l->cap) {
		l->item = mem_grow(l->item, want, sizeof(*l->item));
		l->cap = want;
	}
	l->nr = want;
}

/* ---- alarms: those that are not ok, the newest first -------------------- */

static int alarm_rank(const struct alarm *a)
{
	return alarm_is_on(a) ? 0 : a->state == ALARM_PENDING ? 1 : 2;
}

static bool alarm_before(const struct alarm *a, const struct alarm *b)
{
	if (alarm_rank(a) != alarm_rank(b))
		return alarm_rank(a) < alarm_rank(b);
	return a->since > b->since;
}

static void keep_alarm(struct eventlist *l, const struct alarm *a,
		       const char *source)
{
	size_t at = (size_t)l->nr_alarms;

	while (at > 0 && alarm_before(a, l->alarm[at - 1].a))
		at--;
	if (at == ALARMS_SHOWN)
		return;
	l->nr_alarms += l->nr_alarms < ALARMS_SHOWN;
	for (size_t i = (size_t)l->nr_alarms - 1; i > at; i--)
		l->alarm[i] = l->alarm[i - 1];
	l->alarm[at].a = a;
	l->alarm[at].source = source;
}

static void say_alarm(struct aline *line, const struct view *v)
{
	const struct alarm *a = line->a;
	char at[TIME_TEXT], span[TIME_TEXT];

	line->sign = sign_of_alarm(a);
	line->text.nr = line->right.nr = 0;
	spans_add(&line->text, R_TEXT, 0, "%.120s", a->name);
	if (line->source)
		spans_add(&line->text, R_DIM, 3, "  %.40s", line->source);
	if (a->reason)
		spans_add(&line->text, R_DIM, 0, "  %.200s", a->reason);
	spans_add(&line->right, line->sign.role, 0, "%s", line->sign.word);
	if (a->since == TIME_NONE)
		return;
	spans_add(&line->right, R_DIM, 1, " since ");
	spans_add(&line->right, R_TEXT, 1, "%s",
		  moment_text(a->since, v->now, at));
	spans_add(&line->right, R_DIM, 2, ", %s",
		  time_span(v->now > a->since ? v->now - a->since : 0, span));
}

static void count_alarms(struct eventlist *l, const size_t nr[ALARM_STATES])
{
	size_t on = nr[ALARM_ALARM] + nr[ALARM_FIRING];

	spans_add(&l->alarms, on ? R_WARN : R_DIM, 0, "%zu in ALARM", on);
	if (nr[ALARM_PENDING])
		spans_add(&l->alarms, R_DIM, 1, ", %zu pending",
			  nr[ALARM_PENDING]);
	if (nr[ALARM_INSUFFICIENT])
		spans_add(&l->alarms, R_DIM, 2, ", %zu without data",
			  nr[ALARM_INSUFFICIENT]);
	spans_add(&l->alarms, R_DIM, 1, ", %zu ok", nr[ALARM_OK]);
}

static void find_alarms(struct eventlist *l, const struct view *v)
{
	const struct store_source *const *src;
	size_t n = view_sources(v, &src), tell = 0, nr[ALARM_STATES] = { 0 };
	bool known = false;

	l->alarms.nr = l->nr_alarms = 0;
	if (!l->alarm)
		l->alarm = mem_zero(ALARMS_SHOWN, sizeof(*l->alarm));
	for (size_t i = 0; i < n; i++)
		tell += src[i]->alarms_known;
	for (size_t i = 0; i < n; i++) {
		known |= src[i]->alarms_known;
		for (size_t k = 0; k < src[i]->nr_alarms; k++) {
			const struct alarm *a = &src[i]->alarm[k];
			nr[a->state]++;
			if (a->state != ALARM_OK)
				keep_alarm(l, a, tell > 1 ? src[i]->name
							  : NULL);
		}
	}
	if (known)
		count_alarms(l, nr);
}

/* ---- lanes -------------------------------------------------------------- */

static struct lane_cell *at_lane(const struct eventlist *l, int lane, int cell)
{
	return &l->cell[(size_t)lane * (size_t)l->axis.cells + (size_t)cell];
}

static void find_axis(struct eventlist *l, const struct view *v)
{
	int cells = l->w - 1 - LANE_X;
	time_ms span = v->held_to - v->held_from;

	if (cells < 0)
		cells = 0;
	l->axis = (struct axis){ .from = v->held_from, .cells = cells };
	if (cells && span > 0)
		l->axis.cell = (span + cells) / cells;
	if (l->axis.cell < 1)
		l->axis.cell = 1000;
	l->axis.dot = l->axis.cell / 2;
	l->axis.to = l->axis.from + cells * l->axis.cell;
	size_t want = (size_t)cells * LANE_NR;
	if (want > l->cap_cells) {
		l->cell = mem_grow(l->cell, want, sizeof(*l->cell));
		l->deploy = mem_grow(l->deploy, want, sizeof(*l->deploy));
		l->cap_cells = want;
	}
	for (size_t i = 0; i < want; i++)
		l->cell[i] = (struct lane_cell){ R_GRID, 0, 0x2508 };
	for (int i = 0; i < cells; i++)
		l->deploy[i] = false;
}

static void put(struct eventlist *l, int lane, int cell, enum role r, int rank,
		uint32_t ch)
{
	struct lane_cell *c = at_lane(l, lane, cell);

	if (rank >= c->rank)
		*c = (struct lane_cell){ (uint8_t)r, (uint8_t)rank, ch };
}

static void add_to_lane(struct eventlist *l, const struct view *v,
			const struct event *e)
{
	struct sign sign = sign_of_event(e);
	int lane = (int)lane_of(e), cell = axis_cell(&l->axis, e->at);
	uint32_t ch;

	if (cell < 0)
		return;
	if (e->kind == EVENT_DEPLOY)
		l->deploy[cell] = true;
	if (e->until != TIME_NONE && e->until > e->at) {
		bool still = e->until >= v->now - 2 * (v->step > 60000
						       ? v->step : 60000);
		int end = axis_cell(&l->axis, still ? v->now : e->until);
		enum role r = sign.role == R_CRIT ? R_ERR3
			      : sign.role == R_WARN ? R_LIMIT : R_FAINT;
		for (int i = cell + 1; i <= end && i < l->axis.cells; i++)
			put(l, lane, i, r, 1, still ? 0x2501 : 0x2500);
	}
	text_next(sign.glyph, strlen(sign.glyph), &ch);
	put(l, lane, cell, sign.role, 2 + (int)e->severity, ch);
}

/* ---- the list ----------------------------------------------------------- */

static void signed_span(time_ms t, char out[TIME_TEXT + 4])
{
	char text[TIME_TEXT];

	snprintf(out, TIME_TEXT + 4, "%s%s", t < 0 ? "−" : t ? "+" : "",
		 t ? time_span(t < 0 ? -t : t, text) : "0s");
}

static void fill_item(struct eventlist *l, struct item *it,
		      const struct view *v, size_t index)
{
	const struct event *e = v->event[index];
	char span[TIME_TEXT];

	it->selected = index == v->selected_event;
	if (v->now - e->at < 86400000) {
		time_hms(e->at, it->time);
	} else {
		char iso[TIME_TEXT];
		snprintf(it->time, sizeof(it->time), "%.5s",
			 time_iso(e->at, iso) + 5);
	}
	it->onset[0] = it->then[0] = '\0';
	if (l->onset != TIME_NONE)
		signed_span(e->at - l->onset, it->onset);
	else
		snprintf(it->onset, sizeof(it->onset), "%s ago",
			 time_span(v->now - e->at, span));
	if (e->until != TIME_NONE && e->until > e->at)
		snprintf(it->then, sizeof(it->then), "for %s",
			 time_span(e->until - e->at, span));
	it->sign = sign_of_event(e);
	it->kind = event_kind_name(e->kind);
	it->text.nr = 0;
	spans_event(&it->text, it->selected ? R_BRIGHT : R_TEXT, e);
}

/* Row 0 of the list is the newest; the selected one stays in sight. */
static void fill_list(struct eventlist *l, const struct view *v)
{
	size_t n = v->nr_events, room = l->nr;

	l->nr = n < room ? n : room;
	size_t sel = n ? n - 1 - (v->selected_event < n ? v->selected_event
							: n - 1) : 0;
	if (sel < l->first)
		l->first = sel;
	if (l->nr && sel >= l->first + l->nr)
		l->first = sel - l->nr + 1;
	if (l->first + l->nr > n)
		l->first = n - l->nr;
	for (size_t i = 0; i < l->nr; i++)
		fill_item(l, &l->item[i], v, n - 1 - l->first - i);
	l->hidden_newer = l->first;
	l->hidden_older = n - l->nr - l->first;
}

static void count(struct eventlist *l, const struct view *v)
{
	size_t n[LANE_NR] = { 0 };

	l->counts.nr = l->shown.nr = 0;
	for (size_t i = 0; i < v->nr_events; i++)
		n[lane_of(v->event[i])]++;
	spans_add(&l->counts, R_TEXT, 0, "%zu events", v->nr_events);
	for (int i = 0; i < LANE_NR; i++)
		spans_add(&l->counts, n[i] ? R_TEXT : R_DIM, 1 + i, "   %s %zu",
			  lanes[i].name, n[i]);
	spans_add(&l->shown, R_BRIGHT, 0, "/");
	if (v->filter && v->filter[0])
		spans_add(&l->shown, R_TEXT, 0, " %.80s%s", v->filter,
			  v->filter_open ? "_" : "");
	else
		spans_add(&l->shown, R_DIM, 0, v->filter_open
			  ? " _" : " no text filter");
}

/* ---- the selected one --------------------------------------------------- */

static const struct service *find_service(const struct view *v,
					  const char *name)
{
	const struct service *const *s;
	size_t n = v->store ? store_services(v->store, &s) : 0;

	for (size_t i = 0; name && i < n; i++)
		if (!strcmp(s[i]->name, name))
			return s[i];
	return NULL;
}

static struct spans *add_detail(struct eventlist *l, const char *label)
{
	struct spans *sp = &l->detail[l->nr_details];

	sp->nr = 0;
	l->label[l->nr_details++] = label;
	return sp;
}

static void before_after(struct eventlist *l, const struct view *v,
			 const struct event *e)
{
	const struct service *s = find_service(v, e->service);
	time_ms step = v->step > 0 ? v->step : 60000;
	char a[NUMBER_TEXT], b[NUMBER_TEXT];

	if (!s)
		return;
	time_ms after = e->at + 300000 < v->now ? e->at + 300000 : v->now;
	time_ms t0 = service_grid(s, e->at - step), t1 = service_grid(s, after);
	if (t0 == TIME_NONE || t1 == TIME_NONE)
		return;
	struct spans *sp = add_detail(l, "before, after");
	spans_add(sp, R_TEXT, 0, "errors %s → %s",
		  format_percent(service_at(s, M_ERROR_RATIO, t0), a),
		  format_percent(service_at(s, M_ERROR_RATIO, t1), b));
	spans_add(sp, R_TEXT, 2, "   %sp99 %s → %s",
		  method_tilde(s->shape->method),
		  format_latency(service_at(s, M_P99, t0), a),
		  format_latency(service_at(s, M_P99, t1), b));
	spans_add(sp, R_TEXT, 3, "   rate %s → %s/s",
		  format_rate(service_at(s, M_RATE, t0), a),
		  format_rate(service_at(s, M_RATE, t1), b));
	spans_add(sp, R_DIM, 4, "   (just before, %s after)",
		  time_span(after - e->at, (char[TIME_TEXT]){ 0 }));
}

static void near_it(struct eventlist *l, const struct view *v,
		    const struct event *e)
{
	size_t others = 0;
	char text[TIME_TEXT];
	struct spans *sp = add_detail(l, "near it");

	for (size_t i = 0; i < v->nr_events; i++)
		others += v->event[i] != e &&
			  llabs((long long)(v->event[i]->at - e->at)) <= 600000;
	if (l->onset != TIME_NONE && e->at <= l->onset &&
	    l->onset - e->at <= 900000)
		spans_add(sp, R_TEXT, 1, "first bad minute %s later; ",
			  time_span(l->onset - e->at, text));
	if (others)
		spans_add(sp, R_TEXT, 0, "%zu other event%s within 10m", others,
			  others == 1 ? "" : "s");
	else
		spans_add(sp, R_TEXT, 0, "nothing else within 10m");
}

static void describe(struct eventlist *l, const struct view *v)
{
	char at[TIME_TEXT];

	l->title.nr = l->hint.nr = l->nr_details = 0;
	l->selected_cell = -1;
	if (!v->nr_events || v->selected_event >= v->nr_events)
		return;
	const struct event *e = v->event[v->selected_event];
	l->selected_cell = axis_cell(&l->axis, e->at);
	spans_event(&l->title, R_BRIGHT, e);
	spans_add(&l->title, R_DIM, 2, " %s, selected", time_hms(e->at, at));
	spans_add(&l->hint, R_BRIGHT, 3, "Enter");
	spans_add(&l->hint, R_DIM, 3, " this moment in every chart");
	struct spans *sp = add_detail(l, "kind");
	spans_add(sp, R_TEXT, 0, "%s, %s", event_kind_name(e->kind),
		  severity_name(e->severity));
	if (e->service)
		spans_add(sp, R_TEXT, 0, ", of service %.120s", e->service);
	before_after(l, v, e);
	near_it(l, v, e);
}

/* ---- widget ------------------------------------------------------------- */

static bool eventlist_update(void *state, const struct view *v, int w, int h)
{
	struct eventlist *l = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == l->stamp)
		return false;
	l->stamp = stamp;
	l->w = w;
	l->h = h;
	l->onset = v->nr_all && v->all[0].state <= STATE_WARN ? v->all[0].since
							      : TIME_NONE;
	time_hm(v->held_from, l->from);
	find_alarms(l, v);
	place(l);
	for (int i = 0; i < l->nr_alarms; i++)
		say_alarm(&l->alarm[i], v);
	find_axis(l, v);
	for (size_t i = 0; l->lanes_y >= 0 && i < v->nr_events; i++)
		add_to_lane(l, v, v->event[i]);
	fill_list(l, v);
	count(l, v);
	describe(l, v);
	return true;
}

static void title_row(struct surface *s, int y, const struct spans *left,
		      const struct spans *right)
{
	struct surface win = surface_window(s, 1, y, s->w - 2, 1);

	draw_title(&win, left, right, false);
}

/* Reasons give way before states and times do. */
static void draw_alarms(const struct eventlist *l, struct surface *s)
{
	struct spans left = { 0 };
	int y = l->alarms_y;

	spans_add(&left, R_BRIGHT, 0, "alarms");
	title_row(s, y++, &left, &l->alarms);
	for (int i = 0; i < l->nr_alarms; i++, y++) {
		const struct aline *a = &l->alarm[i];
		struct spans right = a->right;
		if (l->w < 60)
			spans_drop(&right, 2);
		int end = s->w - 1 - spans_width(&right);
		draw_text(s, 1, y, a->sign.role, a->sign.glyph);
		spans_draw(s, 3, y, end - 3 - 2, &a->text);
		spans_draw(s, end, y, s->w - end, &right);
	}
}

static void draw_lanes(const struct eventlist *l, struct surface *s)
{
	struct spans left = { 0 }, right = { 0 };
	int y = l->lanes_y;

	spans_add(&left, R_BRIGHT, 0, "lanes");
	spans_add(&left, R_DIM, 1, " %s to now", l->from);
	spans_add(&right, R_DIM, 2, "━ still so   ─ over   ");
	spans_add(&right, R_EVENT, 3, "┊");
	spans_add(&right, R_DIM, 3, " deploy   ");
	spans_add(&right, R_CROSSHAIR, 4, "│");
	spans_add(&right, R_DIM, 4, " selected");
	title_row(s, y, &left, &right);
	for (int i = 0; i < LANE_NR; i++) {
		draw_text(s, 1, y + 1 + i, R_TEXT, lanes[i].name);
		for (int c = 0; c < l->axis.cells; c++) {
			struct lane_cell k = *at_lane(l, i, c);
			if (!k.rank && l->deploy[c])
				k = (struct lane_cell){ R_EVENT, 0, 0x250A };
			if (k.rank < 2 && c == l->selected_cell)
				k = (struct lane_cell){ R_CROSSHAIR, 0,
							0x2502 };
			surface_put(s, LANE_X + c, y + 1 + i, k.ch,
				    STYLE(k.role));
		}
	}
	draw_axis(s, LANE_X, y + 1 + LANE_NR, &l->axis, NULL, 0);
}

static void draw_item(const struct eventlist *l, struct surface *s,
		      const struct item *it, int y)
{
	bool wide = l->w >= 100;
	struct spans right = { 0 };

	if (it->selected) {
		surface_ground(s, 0, y, s->w, 1, R_SELECT);
		surface_put(s, 0, y, 0x258C, STYLE(R_BRIGHT));
	}
	draw_text(s, 1, y, R_DIM, it->time);
	int x = 10;
	if (l->w >= 60) {
		draw_field(s, 10, y, 10, R_TEXT, it->onset);
		x = 22;
	}
	draw_text(s, x, y, it->sign.role, it->sign.glyph);
	if (wide)
		spans_add(&right, R_DIM, 0, "%-10s", it->kind);
	spans_add(&right, R_DIM, 0, "%*s%s",
		  wide ? 12 - text_width(it->then) : 0, "", it->then);
	spans_row(s, y, x + 2, s->w - 1, &it->text, &right);
}

static void draw_list(const struct eventlist *l, struct surface *s)
{
	struct spans left = { 0 }, right = { 0 };
	int y = l->list_y;

	spans_add(&left, R_BRIGHT, 0, "newest first");
	if (l->hidden_newer)
		spans_add(&left, R_DIM, 2, " %zu newer above", l->hidden_newer);
	if (l->hidden_older)
		spans_add(&right, R_DIM, 3, "%zu older below   ",
			  l->hidden_older);
	spans_add(&right, R_DIM, 2, l->onset == TIME_NONE
		  ? "age" : "time from the first bad minute");
	title_row(s, y++, &left, &right);
	draw_text(s, 1, y, R_DIM, "time");
	if (l->w >= 60)
		draw_field(s, 10, y, 10, R_DIM,
			   l->onset == TIME_NONE ? "age" : "from onset");
	draw_text(s, l->w >= 60 ? 24 : 12, y, R_DIM, "what");
	if (l->w >= 100)
		draw_text(s, l->w - 23, y, R_DIM, "kind");
	surface_text_right(s, l->w - 1, y++, STYLE(R_DIM), "lasted");
	for (size_t i = 0; i < l->nr; i++)
		draw_item(l, s, &l->item[i], y++);
	if (!l->nr)
		draw_text(s, 3, y, R_DIM, "nothing happened yet");
}

static void eventlist_draw(const void *state, struct surface *s)
{
	const struct eventlist *l = state;

	if (s->w != l->w || s->h != l->h)
		return;
	spans_row(s, 0, 1, s->w - 1, &l->counts, &l->shown);
	if (l->alarms_y >= 0)
		draw_alarms(l, s);
	if (l->lanes_y >= 0)
		draw_lanes(l, s);
	draw_list(l, s);
	if (l->detail_y < 0 || !l->title.nr)
		return;
	title_row(s, l->detail_y, &l->title, &l->hint);
	for (int i = 0; i < l->nr_details; i++) {
		draw_text(s, 1, l->detail_y + 1 + i, R_DIM, l->label[i]);
		spans_row(s, l->detail_y + 1 + i, 16, s->w - 1, &l->detail[i],
			  NULL);
	}
}

static void eventlist_close(void *state)
{
	struct eventlist *l = state;

	free(l->cell);
	free(l->deploy);
	free(l->alarm);
	free(l->item);
}

const struct widget_ops eventlist_widget = {
	.name = "eventlist",
	.help = "the page of events: lanes, list, what is known of one",
	.state_size = sizeof(struct eventlist),
	.min_w = 20, .min_h = 3,
	.update = eventlist_update,
	.draw = eventlist_draw,
	.close = eventlist_close,
};
