/* The dashboard without a terminal. */
#include "app/dash.h"

#include "app/explain.h"
#include "app/pages.h"
#include "base/key.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "record/replay.h"
#include "tui/theme.h"
#include "widgets/keys.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 256
#define VISIBLE_MAX 256

/* What an open input line is for. */
enum line { LINE_NONE, LINE_FILTER, LINE_COMMAND };
enum popup { POPUP_NONE, POPUP_HELP, POPUP_EXPLAIN, POPUP_THEMES };

struct built {
	struct slot slot;
	const struct widget_ops *ops;
	void *state;
};

struct dash {
	struct store *store;
	struct surface *surface;
	struct view v;
	enum graph graph;
	enum page page, back;
	bool full;
	size_t focus;

	/* time */
	bool replay, live, playing, staged;
	bool pending;          /* a moment was asked for and is not here yet */
	bool whole, ticked;
	double speed;
	time_ms at;            /* shown when not live */
	double exact;          /* of a playing replay, ms */
	time_ms latest, latest_mono, mono;
	time_ms range, range0, pan;
	time_ms cursor;
	const struct source *replay_src;

	/* rows and events */
	struct red_row *all, *rows;
	size_t nr_all, nr_rows, cap_rows;
	char selected[LIMIT_LABEL_VALUE + 1];
	const char *visible[VISIBLE_MAX];
	int sort;
	struct event *derived;
	size_t nr_derived, cap_derived;
	const struct event **events;
	size_t nr_events, cap_events, selected_event;
	bool event_chosen;

	/* input */
	enum line line;
	char text[LINE_MAX_BYTES], filter[LINE_MAX_BYTES];
	enum popup popup;
	size_t theme_at;
	char theme[64], theme_before[64];
	const struct start_row *start;
	size_t nr_start, start_at;
	char opened[1024];

	enum request request[8];
	size_t nr_requests;

	struct built built[SLOTS_MAX];
	size_t nr_built;
	struct built kept[SLOTS_MAX * 2]; /* states of other pages' widgets */
	size_t nr_kept;
	bool laid, dirty;
	uint64_t generation;

	char title[128], notice[512], recording[1024];
	char term[160];
};

static void ask(struct dash *d, enum request r)
{
	for (size_t i = 0; i < d->nr_requests; i++)
		if (d->request[i] == r)
			return;
	if (d->nr_requests < sizeof(d->request) / sizeof(d->request[0]))
		d->request[d->nr_requests++] = r;
}

enum request dash_request(struct dash *d)
{
	if (d->nr_requests == 0)
		return REQUEST_NONE;
	enum request r = d->request[0];
	memmove(d->request, d->request + 1,
		--d->nr_requests * sizeof(d->request[0]));
	return r;
}

const char *dash_opened(const struct dash *d)
{
	return d->opened;
}

const char *dash_theme(const struct dash *d)
{
	return d->theme;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* ---- time --------------------------------------------------------------- */

static const time_ms ranges[] = {
	300000,    900000,    1800000,   3600000,   10800000,  21600000,
	43200000,  86400000,  172800000, 604800000,
};
#define NR_RANGES (sizeof(ranges) / sizeof(ranges[0]))

static const time_ms dots[] = {
	1000,    2000,    5000,    10000,   15000,    30000,   60000,
	120000,  300000,  600000,  900000,  1800000,  3600000, 7200000,
	10800000, 21600000, 43200000, 86400000,
};

/* The page jumps by a quarter, so three quarters always show the past. */
static time_ms dot_of(time_ms range, int cells)
{
	size_t n = sizeof(dots) / sizeof(dots[0]);
	for (size_t i = 0; i < n; i++)
		if (dots[i] * cells * 2 * 3 / 4 >= range)
			return dots[i];
	return dots[n - 1];
}

static time_ms step_of(time_ms dot)
{
	if (dot >= 60000)
		return dot / 4;
	return dot < 15000 ? dot : 15000;
}

static time_ms shown_now(const struct dash *d)
{
	if (!d->live)
		return d->at;
	return d->latest;
}

static void dirty(struct dash *d)
{
	d->dirty = true;
}

static void go_live(struct dash *d)
{
	d->pan = 0;
	d->cursor = TIME_NONE;
	d->playing = false;
	if (d->replay) {
		d->at = d->replay_src ? d->replay_src->newest : d->at;
		d->exact = (double)d->at;
		d->pending = true;
	} else {
		d->live = true;
		d->whole = true;
		d->pending = false;
	}
	ask(d, REQUEST_POLL);
}

/* Shows a moment; asks for it. */
static void go_to(struct dash *d, time_ms t)
{
	if (!d->replay && t >= d->latest) {
		go_live(d);
		return;
	}
	if (d->replay && d->replay_src) {
		if (d->replay_src->oldest != TIME_NONE && t < d->replay_src->oldest)
			t = d->replay_src->oldest;
		if (d->replay_src->newest != TIME_NONE && t > d->replay_src->newest)
			t = d->replay_src->newest;
	}
	d->live = d->staged = false;
	d->at = t;
	d->exact = (double)t;
	d->pending = true;
	ask(d, REQUEST_POLL);
}

static void pause_or_resume(struct dash *d)
{
	if (d->replay) {
		if (!d->playing && d->replay_src && d->at >= d->replay_src->newest)
			go_to(d, d->replay_src->oldest);
		d->playing = !d->playing;
		d->exact = (double)d->at;
		return;
	}
	if (!d->live) {
		go_live(d);
		return;
	}
	d->at = shown_now(d);
	d->live = false;
	d->pending = false;
}

static void step_time(struct dash *d, int direction)
{
	time_ms t = TIME_NONE, now = shown_now(d);
	d->playing = false;
	if (d->replay && d->replay_src) {
		t = direction > 0 ? replay_tick_after(d->replay_src, now)
				  : replay_tick_before(d->replay_src, now);
	} else {
		time_ms step = d->v.step ? d->v.step : step_of(d->v.dot);
		t = direction > 0 ? time_floor(now, step) + step
				  : time_floor(now - 1, step);
	}
	if (t != TIME_NONE)
		go_to(d, t);
}

static void zoom(struct dash *d, int direction)
{
	size_t i = 0;
	while (i + 1 < NR_RANGES && ranges[i] < d->range)
		i++;
	if (direction > 0 && i > 0)
		i--;
	else if (direction < 0 && i + 1 < NR_RANGES)
		i++;
	if (d->range == ranges[i])
		return;
	d->range = ranges[i];
	d->laid = false;
	d->pending |= !d->live && !d->replay;
	ask(d, REQUEST_POLL);
}

static void pan(struct dash *d, int direction)
{
	time_ms quarter = (time_ms)page_chart_cells(d->v.dot ? d->surface->w : 80,
						    d->surface->h) * d->v.dot / 2;
	d->pan += direction < 0 ? quarter : -quarter;
	if (d->pan < 0)
		d->pan = 0;
	if (d->pan > (time_ms)400 * 86400000)
		d->pan = (time_ms)400 * 86400000;
	d->pending |= !d->live && !d->replay;
	ask(d, REQUEST_POLL);
}

static void move_cursor(struct dash *d, int direction)
{
	time_ms cell = d->v.dot * 2;
	if (d->cursor == TIME_NONE)
		d->cursor = time_floor(d->v.edge, cell) + (direction > 0 ? 0 : cell);
	d->cursor += direction * cell;
	if (d->cursor > d->v.edge)
		d->cursor = TIME_NONE;
	time_ms oldest = d->v.edge - (time_ms)page_widest_cells(
		d->surface->w, d->surface->h) * cell;
	if (d->cursor != TIME_NONE && d->cursor < oldest)
		d->cursor = oldest;
}

/* ---- rows and events ------------------------------------------------------ */

static double sort_value(const struct red_row *r, int column)
{
	switch (column) {
	case 2:
		return r->rate;
	case 3:
		return r->error_ratio;
	case 4:
		return r->p99.value;
	case 5:
		return r->burn_5m;
	default:
		return 0;
	}
}

#define SORT_COLUMNS 6

static int compare_column(const void *a, const void *b, void *arg)
{
	const struct red_row *x = a, *y = b;
	int column = *(int *)arg;
	if (column >= 2) {
		double u = sort_value(x, column), v = sort_value(y, column);
		if (isnan(u) != isnan(v))
			return isnan(u) ? 1 : -1;
		if (!isnan(u) && u != v)
			return u > v ? -1 : 1;
	}
	return strcmp(x->service->name, y->service->name);
}

/* Case-insensitive for ASCII: what a person types into a filter. */
static bool contains(const char *text, const char *part)
{
	return !*part || strcasestr(text, part) != NULL;
}

static bool row_matches(const struct dash *d, const struct red_row *r)
{
	const char *f = d->line == LINE_FILTER ? d->text : d->filter;
	return contains(r->service->name, f)
	       || contains(layer_name(r->service->shape->layer), f)
	       || contains(service_state_name(r->state), f);
}

static void rows_room(struct dash *d, size_t n)
{
	if (n <= d->cap_rows)
		return;
	d->cap_rows = n + 16;
	d->all = mem_grow(d->all, d->cap_rows, sizeof(*d->all));
	d->rows = mem_grow(d->rows, d->cap_rows, sizeof(*d->rows));
}

static void build_rows(struct dash *d, time_ms now)
{
	const struct service *const *s;
	size_t n = store_services(d->store, &s);
	struct red_options o = { .from = now - d->range };
	rows_room(d, n);
	for (size_t i = 0; i < n; i++)
		service_row(s[i], now, &o, &d->all[i]);
	d->nr_all = n;
	qsort(d->all, n, sizeof(*d->all), red_row_compare);
	d->nr_rows = 0;
	for (size_t i = 0; i < n; i++)
		if (row_matches(d, &d->all[i]))
			d->rows[d->nr_rows++] = d->all[i];
	if (d->sort)
		qsort_r(d->rows, d->nr_rows, sizeof(*d->rows), compare_column,
			&d->sort);
}

static size_t selected_row(const struct dash *d)
{
	for (size_t i = 0; i < d->nr_rows; i++)
		if (strcmp(d->rows[i].service->name, d->selected) == 0)
			return i;
	return 0;
}

/* What the service page is about: the selected one, also when a filter or a
 * reload took it out of the rows. */
static const struct red_row *selected(const struct dash *d)
{
	if (d->page == PAGE_SERVICE)
		for (size_t i = 0; i < d->nr_all; i++)
			if (strcmp(d->all[i].service->name, d->selected) == 0)
				return &d->all[i];
	return d->nr_rows ? &d->rows[selected_row(d)] : NULL;
}

static void keep_derived(const struct event *e, void *arg)
{
	struct dash *d = arg;
	if (d->nr_derived >= LIMIT_EVENTS)
		return;
	MEM_ROOM(d->derived, d->nr_derived, d->cap_derived);
	d->derived[d->nr_derived++] = *e;
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = *(const struct event *const *)a;
	const struct event *y = *(const struct event *const *)b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return strcmp(x->text, y->text);
}

static bool event_matches(const struct dash *d, const struct event *e)
{
	const char *f = d->line == LINE_FILTER ? d->text : d->filter;
	return d->page != PAGE_EVENTS || contains(e->text, f)
	       || contains(e->service ? e->service : "", f)
	       || contains(event_kind_name(e->kind), f);
}

static void add_event(struct dash *d, const struct event *e)
{
	if (!event_matches(d, e))
		return;
	MEM_ROOM(d->events, d->nr_events, d->cap_events);
	d->events[d->nr_events++] = e;
}

/* What is told plus what the data shows, up to now. */
static void build_events(struct dash *d, time_ms now)
{
	const struct event *const *told;
	size_t n = store_events(d->store, &told);
	time_ms held = d->v.held_from;
	d->nr_derived = d->nr_events = 0;
	for (size_t i = 0; i < d->nr_all; i++)
		service_events(d->all[i].service, now - d->range, now,
			       keep_derived, d);
	for (size_t i = 0; i < n; i++)
		if (told[i]->at <= now && told[i]->at >= held)
			add_event(d, told[i]);
	for (size_t i = 0; i < d->nr_derived; i++)
		add_event(d, &d->derived[i]);
	if (d->nr_events)
		qsort(d->events, d->nr_events, sizeof(*d->events),
		      compare_events);
	if (!d->event_chosen || d->selected_event >= d->nr_events)
		d->selected_event = d->nr_events ? d->nr_events - 1 : 0;
}

/* ---- the view -------------------------------------------------------------- */

static time_ms held_from(const struct dash *d, time_ms now)
{
	const struct store_source *const *s;
	size_t n = store_sources(d->store, &s);
	time_ms from = now - d->range;
	if (d->replay && d->replay_src && d->replay_src->oldest != TIME_NONE)
		return d->replay_src->oldest < from ? d->replay_src->oldest : from;
	for (size_t i = 0; i < n; i++)
		if (s[i]->range_from != TIME_NONE && s[i]->range_from < from)
			from = s[i]->range_from;
	return from;
}

static time_ms held_step(const struct dash *d)
{
	const struct store_source *const *s;
	size_t n = store_sources(d->store, &s);
	time_ms step = 0;
	for (size_t i = 0; i < n; i++)
		if (s[i]->step && (!step || s[i]->step < step))
			step = s[i]->step;
	return step ? step : step_of(d->v.dot);
}

static enum mode mode_of(const struct dash *d)
{
	if (d->replay)
		return MODE_REPLAY;
	return d->live || d->staged ? MODE_LIVE : MODE_PAUSED;
}

static void build_view(struct dash *d)
{
	struct view *v = &d->v;
	time_ms now = shown_now(d);
	v->store = d->store;
	v->page = d->page;
	v->mode = mode_of(d);
	v->playing = d->playing;
	v->speed = d->speed;
	v->now = now;
	v->edge = now - d->pan;
	v->dot = dot_of(d->range, page_chart_cells(d->surface->w, d->surface->h));
	v->cursor = d->cursor;
	v->step = held_step(d);
	v->held_from = held_from(d, now);
	v->held_to = d->replay && d->replay_src
			     && d->replay_src->newest != TIME_NONE
			     ? d->replay_src->newest
			     : d->latest > now ? d->latest : now;
	build_rows(d, now);
	v->row = d->rows;
	v->nr_rows = d->nr_rows;
	v->all = d->all;
	v->nr_all = d->nr_all;
	v->selected = selected_row(d);
	v->sel = selected(d);
	v->filter = d->line == LINE_FILTER ? d->text : d->filter;
	v->filter_open = d->line == LINE_FILTER;
	v->sort_column = d->sort;
	build_events(d, now);
	v->event = d->events;
	v->nr_events = d->nr_events;
	v->selected_event = d->selected_event;
	v->title = d->title;
	v->notice = d->notice[0] ? d->notice : NULL;
	v->recording = d->recording[0] ? d->recording : NULL;
	v->term = d->term;
	v->start = d->start;
	v->nr_start = d->nr_start;
	v->selected_start = d->start_at;
}

/* ---- widgets ---------------------------------------------------------------- */

static void *take_state(struct dash *d, const struct widget_ops *ops)
{
	for (size_t i = 0; i < d->nr_kept; i++)
		if (d->kept[i].ops == ops) {
			void *state = d->kept[i].state;
			d->kept[i] = d->kept[--d->nr_kept];
			return state;
		}
	return mem_zero(1, ops->state_size);
}

static void drop_state(struct built *b)
{
	if (b->ops->close)
		b->ops->close(b->state);
	free(b->state);
}

static void keep_state(struct dash *d, const struct built *b)
{
	if (d->nr_kept == sizeof(d->kept) / sizeof(d->kept[0]))
		drop_state(&d->kept[--d->nr_kept]);
	d->kept[d->nr_kept++] = *b;
}

static void lay_out(struct dash *d)
{
	struct slot slots[SLOTS_MAX];
	int w = d->surface->w, h = d->surface->h;
	const char *full = d->full && d->focus < d->nr_built
				   ? d->built[d->focus].slot.kind : NULL;
	size_t n = full ? page_layout_full(full, w, h, slots)
			: page_layout(d->page, w, h, d->nr_all, slots);
	for (size_t i = 0; i < d->nr_built; i++)
		keep_state(d, &d->built[i]);
	d->nr_built = 0;
	for (size_t i = 0; i < n; i++) {
		const struct widget_ops *ops = widget_find(slots[i].kind);
		if (!ops)
			continue;
		d->built[d->nr_built++] = (struct built){
			.slot = slots[i], .ops = ops,
			.state = take_state(d, ops),
		};
		if (full && strcmp(slots[i].kind, full) == 0)
			d->focus = d->nr_built - 1;
	}
	d->laid = true;
}

static void move_focus(struct dash *d, int direction)
{
	for (size_t i = 0; i < d->nr_built; i++) {
		d->focus = (d->focus + d->nr_built + (size_t)(direction + 1) - 1)
			   % d->nr_built;
		if (d->built[d->focus].slot.focusable)
			return;
	}
}

static void draw_slots(struct dash *d)
{
	surface_clear(d->surface);
	for (size_t i = 0; i < d->nr_built; i++) {
		struct built *b = &d->built[i];
		struct surface s = surface_window(d->surface, b->slot.x,
						  b->slot.y, b->slot.w,
						  b->slot.h);
		d->v.focused = b->slot.focusable && i == d->focus;
		b->ops->update(b->state, &d->v, b->slot.w, b->slot.h);
		b->ops->draw(b->state, &s);
	}
}

/* ---- popups ------------------------------------------------------------------ */

static void draw_help(struct dash *d)
{
	const struct widget_ops *ops = widget_find("help");
	if (!ops)
		return;
	void *state = take_state(d, ops);
	ops->update(state, &d->v, d->surface->w, d->surface->h);
	ops->draw(state, d->surface);
	keep_state(d, &(struct built){ .ops = ops, .state = state });
}

static void draw_popup(struct dash *d)
{
	switch (d->popup) {
	case POPUP_HELP:
		surface_recede(d->surface);
		draw_help(d);
		break;
	case POPUP_EXPLAIN:
		explain_draw(d->surface, &d->v);
		break;
	case POPUP_THEMES:
		explain_list(d->surface, "theme", theme_names(), d->theme_at);
		break;
	default:
		break;
	}
	if (d->line == LINE_COMMAND)
		explain_command(d->surface, d->text);
}

bool dash_frame(struct dash *d)
{
	if (!d->dirty && d->generation == store_generation(d->store))
		return false;
	size_t before = d->nr_all;
	build_view(d);
	if (before != d->nr_all)
		d->laid = false;
	if (!d->laid)
		lay_out(d);
	draw_slots(d);
	draw_popup(d);
	d->generation = store_generation(d->store);
	d->dirty = false;
	return true;
}

const struct surface *dash_surface(const struct dash *d)
{
	return d->surface;
}

/* ---- commands of the `:` line -------------------------------------------------- */

static void set_page(struct dash *d, enum page p)
{
	if (p == d->page)
		return;
	d->back = d->page;
	d->page = p;
	if (p == PAGE_SERVICE)
		ask(d, REQUEST_ASK);
	d->full = false;
	d->laid = false;
	d->focus = 0;
	d->event_chosen = false;
}

static void notice(struct dash *d, const char *text)
{
	copy_text(d->notice, sizeof(d->notice), text);
}

static void cmd_goto(struct dash *d, const char *arg)
{
	struct err e;
	time_ms t, now = d->replay && d->replay_src ? d->replay_src->newest
						    : d->latest;
	if (strcmp(arg, "now") == 0)
		go_live(d);
	else if (time_parse(arg, now, &t, &e) == 0)
		go_to(d, t);
	else
		notice(d, e.text);
}

static void cmd_theme(struct dash *d, const char *arg)
{
	struct theme t;
	struct err e;
	if (theme_load(arg, &t, &e) < 0) {
		notice(d, e.text);
		return;
	}
	copy_text(d->theme, sizeof(d->theme), arg);
	ask(d, REQUEST_THEME);
}

static void cmd_page(struct dash *d, const char *arg)
{
	for (int p = 0; p < PAGE_START; p++)
		if (strcmp(page_name((enum page)p), arg) == 0) {
			set_page(d, (enum page)p);
			return;
		}
	notice(d, "pages are overview, service, events, net");
}

static void cmd_range(struct dash *d, const char *arg)
{
	struct err e;
	time_ms range;
	if (duration_parse(arg, &range, &e) < 0) {
		notice(d, e.text);
	} else if (range < 60000 || range > (time_ms)90 * 86400000) {
		notice(d, "a range is between 1m and 90d");
	} else {
		d->range = range;
		d->laid = false;
		ask(d, REQUEST_POLL);
	}
}

static void cmd_service(struct dash *d, const char *arg)
{
	for (size_t i = 0; i < d->nr_all; i++)
		if (strcmp(d->all[i].service->name, arg) == 0) {
			copy_text(d->selected, sizeof(d->selected), arg);
			set_page(d, PAGE_SERVICE);
			return;
		}
	notice(d, "no service of that name");
}

static void cmd_filter(struct dash *d, const char *arg)
{
	copy_text(d->filter, sizeof(d->filter), arg);
}

static void cmd_open(struct dash *d, const char *arg)
{
	if (d->page != PAGE_START) {
		notice(d, "a source is opened on the start page, or by: redtop "
			  "SOURCE");
	} else if (*arg) {
		copy_text(d->opened, sizeof(d->opened), arg);
		ask(d, REQUEST_OPEN);
	}
}

static void cmd_record(struct dash *d, const char *arg)
{
	(void)arg;
	ask(d, REQUEST_RECORD);
}

static void cmd_quit(struct dash *d, const char *arg)
{
	(void)arg;
	ask(d, REQUEST_QUIT);
}

static void cmd_help(struct dash *d, const char *arg)
{
	(void)arg;
	d->popup = POPUP_HELP;
}

static const struct {
	struct palette_row row;
	void (*run)(struct dash *d, const char *arg);
} palette[] = {
	{ { "goto", "TIME", "go to a time: 14:05, -10m, now" }, cmd_goto },
	{ { "theme", "NAME", "ember, paper, contrast, mono, or a file" },
	  cmd_theme },
	{ { "page", "NAME", "overview, service, events, net" }, cmd_page },
	{ { "range", "SPAN", "how much time the charts show: 15m, 1h, 6h" },
	  cmd_range },
	{ { "service", "NAME", "open a service" }, cmd_service },
	{ { "filter", "TEXT", "rows with this text; empty: all" }, cmd_filter },
	{ { "open", "SOURCE", "a URL, demo, or a recording" }, cmd_open },
	{ { "record", "", "start or stop recording" }, cmd_record },
	{ { "help", "", "what the keys do" }, cmd_help },
	{ { "quit", "", "leave" }, cmd_quit },
};
#define NR_PALETTE (sizeof(palette) / sizeof(palette[0]))

size_t palette_rows(const struct palette_row **out, size_t max)
{
	size_t n = 0;
	for (; n < NR_PALETTE && n < max; n++)
		out[n] = &palette[n].row;
	return n;
}

static void run_command(struct dash *d)
{
	const char *names[NR_PALETTE + 1] = { 0 };
	char word[32] = "";
	int used = 0;
	sscanf(d->text, "%31s%n", word, &used);
	const char *arg = d->text + used;
	while (*arg == ' ')
		arg++;
	for (size_t i = 0; i < NR_PALETTE; i++) {
		names[i] = palette[i].row.name;
		if (strcmp(word, names[i]) == 0) {
			palette[i].run(d, arg);
			return;
		}
	}
	if (!word[0])
		return;
	if (d->page == PAGE_START && strpbrk(word, ":/.")) {
		cmd_open(d, d->text);
		return;
	}
	const char *near = text_nearest(word, names);
	snprintf(d->notice, sizeof(d->notice), "no command '%s'%s%s%s", word,
		 near ? ", did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
}

static void complete(struct dash *d)
{
	size_t n = strlen(d->text);
	for (size_t i = 0; i < NR_PALETTE; i++)
		if (n && strncmp(palette[i].row.name, d->text, n) == 0) {
			snprintf(d->text, sizeof(d->text), "%s ",
				 palette[i].row.name);
			return;
		}
}

/* ---- keys ----------------------------------------------------------------------- */

static void select_row(struct dash *d, long to)
{
	if (d->nr_rows == 0)
		return;
	if (to < 0)
		to = 0;
	if (to >= (long)d->nr_rows)
		to = (long)d->nr_rows - 1;
	copy_text(d->selected, sizeof(d->selected),
		  d->rows[to].service->name);
	if (d->page == PAGE_SERVICE)
		ask(d, REQUEST_ASK);
}

static void select_event(struct dash *d, long to)
{
	if (d->nr_events == 0)
		return;
	d->event_chosen = true;
	if (to < 0)
		to = 0;
	if (to >= (long)d->nr_events)
		to = (long)d->nr_events - 1;
	d->selected_event = (size_t)to;
}

/* Events are listed newest first. */
static void move(struct dash *d, long by)
{
	if (d->page == PAGE_EVENTS)
		select_event(d, (long)d->selected_event - by);
	else if (d->page == PAGE_START && d->nr_start)
		d->start_at = by > 0
			? d->start_at + 1 < d->nr_start ? d->start_at + 1
							: d->start_at
			: d->start_at ? d->start_at - 1 : 0;
	else
		select_row(d, (long)selected_row(d) + by);
}

static void move_end(struct dash *d, bool last)
{
	move(d, last ? (long)LIMIT_EVENTS : -(long)LIMIT_EVENTS);
}

static void enter(struct dash *d)
{
	if (d->page == PAGE_START && d->start_at < d->nr_start) {
		copy_text(d->opened, sizeof(d->opened),
			  d->start[d->start_at].source);
		ask(d, REQUEST_OPEN);
	} else if (d->page == PAGE_EVENTS && d->selected_event < d->nr_events) {
		const struct event *e = d->events[d->selected_event];
		time_ms t = e->at;
		if (e->service)
			copy_text(d->selected, sizeof(d->selected), e->service);
		set_page(d, PAGE_OVERVIEW);
		if (d->replay)
			go_to(d, t);
		else
			d->cursor = time_floor(t, d->v.dot * 2);
	} else if (d->page == PAGE_OVERVIEW && d->nr_rows) {
		select_row(d, (long)selected_row(d));
		set_page(d, PAGE_SERVICE);
	}
}

static void escape(struct dash *d)
{
	if (d->full) {
		d->full = false;
		d->laid = false;
	} else if (d->cursor != TIME_NONE) {
		d->cursor = TIME_NONE;
	} else if (d->page != PAGE_OVERVIEW && d->page != PAGE_START) {
		set_page(d, PAGE_OVERVIEW);
	} else if (d->filter[0]) {
		d->filter[0] = '\0';
	}
}

static void jump_event(struct dash *d, int direction)
{
	time_ms now = d->cursor != TIME_NONE && !d->replay ? d->cursor
							    : shown_now(d);
	const struct event *best = NULL;
	for (size_t i = 0; i < d->nr_events; i++) {
		const struct event *e = d->events[i];
		time_ms t = d->replay ? e->at : time_floor(e->at, d->v.dot * 2);
		if (direction > 0 ? t > now && (!best || e->at < best->at)
				  : t < now && (!best || e->at >= best->at))
			best = e;
	}
	if (!best && direction > 0 && d->replay && d->replay_src)
		go_live(d);
	if (!best)
		return;
	if (d->replay)
		go_to(d, best->at);
	else
		d->cursor = time_floor(best->at, d->v.dot * 2);
}

static void next_match(struct dash *d, int direction)
{
	size_t n = d->nr_rows, at = selected_row(d);
	if (n)
		select_row(d, (long)((at + n + (size_t)(direction + 1) - 1) % n));
}

static void speed(struct dash *d, double factor)
{
	if (!d->replay)
		return;
	d->speed *= factor;
	if (d->speed < 0.25)
		d->speed = 0.25;
	if (d->speed > 64)
		d->speed = 64;
}

static void open_line(struct dash *d, enum line line, const char *text)
{
	d->line = line;
	copy_text(d->text, sizeof(d->text), text);
}

static void open_themes(struct dash *d)
{
	const char *const *names = theme_names();
	d->popup = POPUP_THEMES;
	d->theme_at = 0;
	copy_text(d->theme_before, sizeof(d->theme_before), d->theme);
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], d->theme) == 0)
			d->theme_at = i;
}

static void full_screen(struct dash *d)
{
	if (!d->full && (d->focus >= d->nr_built
			 || !d->built[d->focus].slot.focusable))
		move_focus(d, 1);
	d->full = !d->full;
	d->laid = false;
}

static void reset_view(struct dash *d)
{
	d->range = d->range0;
	d->laid = false;
	go_live(d);
}

static void popup_key(struct dash *d, int key)
{
	const char *const *names = theme_names();
	if (d->popup != POPUP_THEMES) {
		d->popup = POPUP_NONE;
		return;
	}
	switch (key) {
	case K_DOWN:
	case 'j':
	case K_F2:
		if (names[d->theme_at + 1])
			d->theme_at++;
		else if (key == K_F2)
			d->theme_at = 0;
		break;
	case K_UP:
	case 'k':
		if (d->theme_at)
			d->theme_at--;
		break;
	case K_ENTER:
		d->popup = POPUP_NONE;
		return;
	default:
		d->popup = POPUP_NONE;
		copy_text(d->theme, sizeof(d->theme), d->theme_before);
		ask(d, REQUEST_THEME);
		return;
	}
	copy_text(d->theme, sizeof(d->theme), names[d->theme_at]);
	ask(d, REQUEST_THEME);
}

static void line_add(struct dash *d, int key)
{
	struct buf b;
	size_t n = strlen(d->text);
	if (key < ' ' || key >= 0x110000 || key == K_BACKSPACE
	    || !text_code_point_is_clean((uint32_t)key))
		return;
	buf_init(&b, 0);
	buf_utf8(&b, (unsigned)key);
	if (n + b.len < sizeof(d->text))
		memcpy(d->text + n, buf_text(&b), b.len + 1);
	buf_release(&b);
}

static void line_erase(struct dash *d)
{
	size_t n = strlen(d->text);
	while (n && ((unsigned char)d->text[n - 1] & 0xc0) == 0x80)
		n--;
	d->text[n ? n - 1 : 0] = '\0';
}

static void line_key(struct dash *d, int key)
{
	enum line line = d->line;
	switch (key) {
	case K_ESC:
		d->line = LINE_NONE;
		break;
	case K_ENTER:
		d->line = LINE_NONE;
		if (line == LINE_FILTER)
			copy_text(d->filter, sizeof(d->filter), d->text);
		else
			run_command(d);
		break;
	case K_BACKSPACE:
	case 8:
		line_erase(d);
		break;
	case K_TAB:
		if (line == LINE_COMMAND)
			complete(d);
		break;
	case 21: /* Ctrl-U */
		d->text[0] = '\0';
		break;
	default:
		line_add(d, key);
	}
}

static void k_quit(struct dash *d) { ask(d, REQUEST_QUIT); }
static void k_help(struct dash *d) { d->popup = POPUP_HELP; }
static void k_explain(struct dash *d) { d->popup = POPUP_EXPLAIN; }
static void k_down(struct dash *d) { move(d, 1); }
static void k_up(struct dash *d) { move(d, -1); }
static void k_pgdn(struct dash *d) { move(d, 10); }
static void k_pgup(struct dash *d) { move(d, -10); }
static void k_first(struct dash *d) { move_end(d, false); }
static void k_last(struct dash *d) { move_end(d, true); }
static void k_filter(struct dash *d) { open_line(d, LINE_FILTER, d->filter); }
static void k_command(struct dash *d) { open_line(d, LINE_COMMAND, ""); }
static void k_goto(struct dash *d) { open_line(d, LINE_COMMAND, "goto "); }
static void k_next(struct dash *d) { next_match(d, 1); }
static void k_previous(struct dash *d) { next_match(d, -1); }
static void k_left(struct dash *d) { move_cursor(d, -1); }
static void k_right(struct dash *d) { move_cursor(d, 1); }
static void k_zoom_in(struct dash *d) { zoom(d, 1); }
static void k_zoom_out(struct dash *d) { zoom(d, -1); }
static void k_pan_back(struct dash *d) { pan(d, -1); }
static void k_pan_forth(struct dash *d) { pan(d, 1); }
static void k_tick_forth(struct dash *d) { step_time(d, 1); }
static void k_tick_back(struct dash *d) { step_time(d, -1); }
static void k_event_back(struct dash *d) { jump_event(d, -1); }
static void k_event_forth(struct dash *d) { jump_event(d, 1); }
static void k_slower(struct dash *d) { speed(d, 0.5); }
static void k_faster(struct dash *d) { speed(d, 2); }
static void k_record(struct dash *d) { ask(d, REQUEST_RECORD); }
static void k_repaint(struct dash *d) { ask(d, REQUEST_REPAINT); }
static void k_focus(struct dash *d) { move_focus(d, 1); }
static void k_unfocus(struct dash *d) { move_focus(d, -1); }
static void k_overview(struct dash *d) { set_page(d, PAGE_OVERVIEW); }
static void k_service(struct dash *d) { set_page(d, PAGE_SERVICE); }
static void k_events(struct dash *d) { set_page(d, PAGE_EVENTS); }
static void k_net(struct dash *d) { set_page(d, PAGE_NET); }

static void k_sort(struct dash *d)
{
	d->sort = (d->sort + 1) % SORT_COLUMNS;
}

static void k_poll(struct dash *d)
{
	d->whole = true;
	ask(d, REQUEST_POLL);
}

static const struct {
	int key;
	void (*run)(struct dash *d);
	bool on_start; /* the start page has it too */
} keys[] = {
	{ 'q', k_quit, true },          { K_CTRL_C, k_quit, true },
	{ '?', k_help, true },          { K_F1, k_help, true },
	{ 'j', k_down, true },          { K_DOWN, k_down, true },
	{ 'k', k_up, true },            { K_UP, k_up, true },
	{ 'g', k_first, true },         { K_HOME, k_first, true },
	{ 'G', k_last, true },          { K_END, k_last, true },
	{ K_PGDN, k_pgdn, true },       { K_PGUP, k_pgup, true },
	{ K_ENTER, enter, true },       { K_ESC, escape, true },
	{ K_F2, open_themes, true },    { K_CTRL_L, k_repaint, true },
	{ '/', k_filter, false },       { ':', k_command, true },
	{ 'n', k_next, false },         { 'N', k_previous, false },
	{ 'b', k_goto, false },         { 'e', k_explain, false },
	{ K_LEFT, k_left, false },      { K_RIGHT, k_right, false },
	{ '+', k_zoom_in, false },      { '=', k_zoom_in, false },
	{ '-', k_zoom_out, false },     { 'h', k_pan_back, false },
	{ 'l', k_pan_forth, false },    { '0', reset_view, false },
	{ ' ', pause_or_resume, false },{ 'p', pause_or_resume, false },
	{ 't', k_tick_forth, false },   { 'T', k_tick_back, false },
	{ '[', k_event_back, false },   { ']', k_event_forth, false },
	{ '<', k_slower, false },       { '>', k_faster, false },
	{ 'R', k_record, false },       { 'r', k_poll, false },
	{ 's', k_sort, false },         { 'f', full_screen, false },
	{ K_TAB, k_focus, false },      { K_BACKTAB, k_unfocus, false },
	{ '1', k_overview, false },     { '2', k_service, false },
	{ '6', k_events, false },       { '8', k_net, false },
};

void dash_key(struct dash *d, int key)
{
	dirty(d);
	d->notice[0] = '\0';
	if (key == K_CTRL_C) {
		ask(d, REQUEST_QUIT);
		return;
	}
	if (d->line != LINE_NONE) {
		line_key(d, key);
		return;
	}
	if (d->popup != POPUP_NONE) {
		popup_key(d, key);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == key
		    && (d->page != PAGE_START || keys[i].on_start)) {
			keys[i].run(d);
			return;
		}
}

void dash_paste(struct dash *d, int code_point)
{
	if (d->line == LINE_NONE)
		return;
	line_add(d, code_point);
	dirty(d);
}

bool dash_knows_key(int key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == key)
			return true;
	return false;
}

/* ---- from outside ------------------------------------------------------------------ */

void dash_batch(struct dash *d, const struct batch *b)
{
	bool of_moment = d->replay || d->live || b->at == d->at;
	if (!of_moment && !b->catalog)
		return;
	store_apply(d->store, b);
	if (!b->tick)
		return;
	d->pending = false;
	d->whole = false;
	if (b->fault == FAULT_CANCELLED)
		return;
	if (d->replay) {
		if (!d->playing)
			d->at = b->at;
	} else if (d->live && (!d->ticked || b->at > d->latest)) {
		d->latest = b->at;
		d->latest_mono = d->mono;
	}
	d->ticked = true;
	dirty(d);
}

bool dash_tick(struct dash *d, time_ms mono)
{
	time_ms passed = d->mono > 0 ? mono - d->mono : 0;
	d->mono = mono;
	if (d->latest_mono == 0)
		d->latest_mono = mono;
	if (d->replay && d->playing && d->replay_src) {
		d->exact += (double)passed * d->speed;
		d->at = (time_ms)d->exact;
		if (d->at >= d->replay_src->newest) {
			d->at = d->replay_src->newest;
			d->playing = d->replay_src->opt.follow;
		}
		dirty(d);
		return true;
	}
	if (d->live) {
		time_ms now = d->latest + (mono - d->latest_mono);
		uint64_t before = store_generation(d->store);
		store_clock(d->store, now);
		if (before != store_generation(d->store))
			dirty(d);
	}
	return false;
}

void dash_reach(int w, int h, time_ms range, time_ms *step, time_ms *back)
{
	int cells = page_chart_cells(w, h);
	time_ms dot = dot_of(range, cells);
	int widest = page_widest_cells(w, h);
	*step = step_of(dot);
	*back = dot * 2 * (widest + widest / 4);
	if (*back < range)
		*back = range;
}

/* The rows near the selected one, more than any table shows. */
static const char *const *visible_rows(struct dash *d)
{
	size_t span = (size_t)d->surface->h, at = selected_row(d), n = 0;
	size_t i = at > span ? at - span : 0;
	for (; i < d->nr_rows && i <= at + span && n + 1 < VISIBLE_MAX; i++)
		d->visible[n++] = d->rows[i].service->name;
	d->visible[n] = NULL;
	return d->visible;
}

void dash_want(struct dash *d, struct want *out)
{
	time_ms step, back;
	dash_reach(d->surface->w, d->surface->h, d->range, &step, &back);
	*out = (struct want){
		.at = d->live ? TIME_NONE : d->at,
		.back = back + d->pan,
		.step = step,
		.charts = true,
		.whole = d->whole,
		.hurry = d->pending,
		.selected = d->v.sel ? d->v.sel->service->name : d->selected,
		.details = d->page == PAGE_SERVICE,
		.visible = visible_rows(d),
	};
}

bool dash_polling(const struct dash *d)
{
	return d->live || d->pending || d->playing;
}

bool dash_replaying(const struct dash *d)
{
	return d->replay;
}

void dash_set_replay(struct dash *d, const struct source *src)
{
	d->replay_src = src;
	if (d->at == TIME_NONE && src->newest != TIME_NONE)
		d->at = src->newest;
	d->exact = (double)d->at;
}

void dash_costs(struct dash *d, const struct dash_costs *c)
{
	d->v.out_bytes_per_s = c->out_bytes_per_s;
	d->v.cpu_ratio = c->cpu_ratio;
	d->v.rss_bytes = c->rss_bytes;
	d->v.key_ms = c->key_ms;
	d->v.frame_bytes = c->frame_bytes;
	copy_text(d->term, sizeof(d->term), c->term);
	if (d->page == PAGE_NET)
		dirty(d);
}

void dash_notice(struct dash *d, const char *text)
{
	notice(d, text);
	dirty(d);
}

void dash_recording(struct dash *d, const char *path)
{
	copy_text(d->recording, sizeof(d->recording), path);
	dirty(d);
}

void dash_resize(struct dash *d, int w, int h)
{
	surface_resize(d->surface, w, h);
	d->laid = false;
	dirty(d);
	ask(d, REQUEST_POLL);
}

void dash_graph(struct dash *d, enum graph g)
{
	d->surface->graph = g;
	dirty(d);
}

const struct view *dash_view(const struct dash *d)
{
	return &d->v;
}

struct store *dash_store(struct dash *d)
{
	return d->store;
}

time_ms dash_range(const struct dash *d)
{
	return d->range;
}

size_t dash_slots(const struct dash *d, struct dash_slot *out, size_t max)
{
	size_t n = 0;
	for (; n < d->nr_built && n < max; n++) {
		const struct built *b = &d->built[n];
		out[n] = (struct dash_slot){ .kind = b->ops->name,
					     .x = b->slot.x, .y = b->slot.y,
					     .w = b->slot.w, .h = b->slot.h };
		if (b->slot.focusable && d->v.sel
		    && strcmp(b->ops->name, "table") != 0
		    && strcmp(b->ops->name, "events") != 0)
			snprintf(out[n].title, sizeof(out[n].title), "%s · %.48s",
				 b->ops->name, d->v.sel->service->name);
		else
			copy_text(out[n].title, sizeof(out[n].title),
				  b->ops->name);
	}
	return n;
}

struct dash *dash_new(const struct dash_options *o)
{
	struct dash *d = mem_zero(1, sizeof(*d));
	d->store = store_new(0);
	store_objective(d->store, o->objective);
	d->surface = surface_new(o->w, o->h, o->graph);
	d->page = o->page;
	d->replay = o->replay;
	d->live = !o->replay && o->at == TIME_NONE;
	d->at = o->at;
	d->staged = o->staged;
	d->pending = !d->live;
	d->speed = 1;
	d->latest = o->now;
	d->range = d->range0 = o->range;
	d->cursor = TIME_NONE;
	d->start = o->start;
	d->nr_start = o->nr_start;
	d->dirty = true;
	copy_text(d->title, sizeof(d->title), o->title);
	copy_text(d->selected, sizeof(d->selected), o->service);
	copy_text(d->theme, sizeof(d->theme), o->theme ? o->theme : "ember");
	d->v.out_bytes_per_s = d->v.cpu_ratio = d->v.rss_bytes = NAN;
	d->v.key_ms = d->v.frame_bytes = NAN;
	d->v.started = o->now;
	return d;
}

void dash_free(struct dash *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nr_built; i++)
		drop_state(&d->built[i]);
	for (size_t i = 0; i < d->nr_kept; i++)
		drop_state(&d->kept[i]);
	store_free(d->store);
	surface_free(d->surface);
	free(d->all);
	free(d->rows);
	free(d->derived);
	free(d->events);
	free(d);
}
