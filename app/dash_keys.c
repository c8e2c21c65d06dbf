/* Keys: a table of what each does. */
#include "app/dash_private.h"

#include "app/status.h"
#include "app/dashfile.h"
#include "base/key.h"
#include "base/text.h"
#include "tui/theme.h"

#include <stdio.h>
#include <string.h>

static void select_row(struct dash *d, long to)
{
	if (d->nr_rows == 0)
		return;
	if (to < 0)
		to = 0;
	if (to >= (long)d->nr_rows)
		to = (long)d->nr_rows - 1;
	dash_copy(d->selected, sizeof(d->selected),
		  d->rows[to].service->name);
	if (dash_details(d))
		dash_ask(d, REQUEST_ASK);
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

static void select_resource(struct dash *d, long to)
{
	if (d->nr_resources == 0)
		return;
	if (to < 0)
		to = 0;
	if (to >= (long)d->nr_resources)
		to = (long)d->nr_resources - 1;
	dash_copy(d->resource, sizeof(d->resource),
		  d->resources[to].service->name);
}

/* The thresholds stand above the resources. */
static void select_saturation(struct dash *d, long by)
{
	const struct built *b = d->focus < d->nr_built ? &d->built[d->focus]
							: NULL;
	if (b && strcmp(b->slot.kind, "limits") == 0)
		dash_select_threshold(d, (long)dash_selected_threshold(d) + by);
	else
		select_resource(d, (long)dash_selected_resource(d) + by);
}

static void select_change(struct dash *d, long to)
{
	size_t nr = d->v.changed ? d->v.changed->nr : 0;
	if (nr)
		d->selected_change = to < 0 ? 0 : (size_t)to >= nr ? nr - 1
								   : (size_t)to;
}

/* Only what can be opened; the rows to read are the last. */
static void select_start(struct dash *d, long to)
{
	size_t n = d->nr_start;
	while (n && d->start[n - 1].group == START_TYPE)
		n--;
	if (to >= (long)n)
		to = (long)n - 1;
	d->start_at = to > 0 ? (size_t)to : 0;
}

/* Events are listed newest first. */
static void move(struct dash *d, long by)
{
	if (d->page == PAGE_EVENTS)
		select_event(d, (long)d->selected_event - by);
	else if (d->page == PAGE_START)
		select_start(d, (long)d->start_at + by);
	else if (d->page == PAGE_SATURATION)
		select_saturation(d, by);
	else if (d->page == PAGE_SLO)
		dash_select_slo(d, (long)dash_selected_slo(d) + by);
	else if (d->page == PAGE_CHANGED)
		select_change(d, (long)d->selected_change + by);
	else
		select_row(d, (long)dash_selected(d) + by);
}

static void move_end(struct dash *d, bool last)
{
	move(d, last ? (long)LIMIT_EVENTS : -(long)LIMIT_EVENTS);
}

static void enter(struct dash *d)
{
	if (d->page == PAGE_START && d->start_at < d->nr_start) {
		dash_copy(d->opened, sizeof(d->opened),
			  d->start[d->start_at].source);
		dash_ask(d, REQUEST_OPEN);
	} else if (d->page == PAGE_EVENTS && d->selected_event < d->nr_events) {
		const struct event *e = d->events[d->selected_event];
		time_ms t = e->at;
		if (e->service)
			dash_copy(d->selected, sizeof(d->selected), e->service);
		dash_page(d, PAGE_OVERVIEW);
		if (d->replay)
			dash_goto(d, t);
		else
			d->cursor = time_floor(t, d->v.dot * 2);
	} else if (d->page == PAGE_SLO && d->nr_slos) {
		dash_select_slo(d, (long)dash_selected_slo(d));
		dash_page(d, PAGE_SERVICE);
	} else if ((d->page == PAGE_OVERVIEW || d->page == PAGE_OWN) &&
		   d->nr_rows) {
		select_row(d, (long)dash_selected(d));
		dash_page(d, PAGE_SERVICE);
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
		dash_page(d, PAGE_OVERVIEW);
	} else if (d->filter[0]) {
		d->filter[0] = '\0';
	}
}

static void jump_event(struct dash *d, int direction)
{
	time_ms now = d->cursor != TIME_NONE && !d->replay ? d->cursor
							    : dash_now(d);
	const struct event *best = NULL;
	for (size_t i = 0; i < d->nr_events; i++) {
		const struct event *e = d->events[i];
		time_ms t = d->replay ? e->at : time_floor(e->at, d->v.dot * 2);
		if (direction > 0 ? t > now && (!best || e->at < best->at)
				  : t < now && (!best || e->at >= best->at))
			best = e;
	}
	if (!best && direction > 0 && d->replay && d->replay_src)
		dash_live(d);
	if (!best)
		return;
	if (d->replay)
		dash_goto(d, best->at);
	else
		d->cursor = time_floor(best->at, d->v.dot * 2);
}

static void next_match(struct dash *d, int direction)
{
	size_t n = d->nr_rows, at = dash_selected(d);
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
	dash_copy(d->text, sizeof(d->text), text);
}

static void open_themes(struct dash *d)
{
	const char *const *names = theme_names();
	d->popup = POPUP_THEMES;
	d->theme_at = 0;
	dash_copy(d->theme_before, sizeof(d->theme_before), d->theme);
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], d->theme) == 0)
			d->theme_at = i;
}

static void full_screen(struct dash *d)
{
	if (!d->full && (d->focus >= d->nr_built
			 || !d->built[d->focus].slot.focusable))
		dash_focus(d, 1);
	d->full = !d->full;
	d->laid = false;
}

static void reset_view(struct dash *d)
{
	d->range = d->range0;
	d->laid = false;
	dash_live(d);
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
		dash_copy(d->theme, sizeof(d->theme), d->theme_before);
		dash_ask(d, REQUEST_THEME);
		return;
	}
	dash_copy(d->theme, sizeof(d->theme), names[d->theme_at]);
	dash_ask(d, REQUEST_THEME);
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
			dash_copy(d->filter, sizeof(d->filter), d->text);
		else
			dash_command(d);
		break;
	case K_BACKSPACE:
	case 8:
		line_erase(d);
		break;
	case K_TAB:
		if (line == LINE_COMMAND)
			dash_complete(d);
		break;
	case 21: /* Ctrl-U */
		d->text[0] = '\0';
		break;
	default:
		line_add(d, key);
	}
}

static void k_quit(struct dash *d) { dash_ask(d, REQUEST_QUIT); }
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
static void k_left(struct dash *d) { dash_move_cursor(d, -1); }
static void k_right(struct dash *d) { dash_move_cursor(d, 1); }
static void k_zoom_in(struct dash *d) { dash_zoom(d, 1); }
static void k_zoom_out(struct dash *d) { dash_zoom(d, -1); }
static void k_pan_back(struct dash *d) { dash_pan(d, -1); }
static void k_pan_forth(struct dash *d) { dash_pan(d, 1); }
static void k_tick_forth(struct dash *d) { dash_step_time(d, 1); }
static void k_tick_back(struct dash *d) { dash_step_time(d, -1); }
static void k_event_back(struct dash *d) { jump_event(d, -1); }
static void k_event_forth(struct dash *d) { jump_event(d, 1); }
static void k_slower(struct dash *d) { speed(d, 0.5); }
static void k_faster(struct dash *d) { speed(d, 2); }
static void k_record(struct dash *d) { dash_ask(d, REQUEST_RECORD); }
static void k_repaint(struct dash *d) { dash_ask(d, REQUEST_REPAINT); }
static void k_focus(struct dash *d) { dash_focus(d, 1); }
static void k_unfocus(struct dash *d) { dash_focus(d, -1); }
static void k_overview(struct dash *d) { dash_page(d, PAGE_OVERVIEW); }
static void k_service(struct dash *d) { dash_page(d, PAGE_SERVICE); }
static void k_events(struct dash *d) { dash_page(d, PAGE_EVENTS); }
static void k_saturation(struct dash *d) { dash_page(d, PAGE_SATURATION); }
static void k_net(struct dash *d) { dash_page(d, PAGE_NET); }
static void k_slo(struct dash *d) { dash_page(d, PAGE_SLO); }
static void k_own(struct dash *d) { dash_own_page(d, 0); }

/* The others in turn. */
static void k_own_next(struct dash *d)
{
	size_t nr = d->file.nr_pages;
	if (nr)
		dash_own_page(d, d->page == PAGE_OWN ? (d->own + 1) % nr
						     : nr > 1 ? 1 : 0);
}

/* Of the selected service; again: back to where one came from. */
static void k_changed(struct dash *d)
{
	if (d->page == PAGE_CHANGED) {
		dash_page(d, d->back);
		return;
	}
	if (d->nr_rows && d->page != PAGE_SERVICE)
		select_row(d, (long)dash_selected(d));
	d->selected_change = 0;
	dash_page(d, PAGE_CHANGED);
}
static void k_reload(struct dash *d) { dash_ask(d, REQUEST_RELOAD); }

static void k_sort(struct dash *d)
{
	d->sort = (d->sort + 1) % SORT_COLUMNS;
}

/* As a notice, which is one row; where it does not fit, in a box. */
static void k_status(struct dash *d)
{
	struct buf line;
	buf_init(&line, STATUS_MAX);
	status_line(&d->v, &line);
	dash_notice(d, buf_text(&line));
	if (text_width(buf_text(&line)) > d->surface->w - 4)
		d->popup = POPUP_STATUS;
	buf_release(&line);
}

static void k_poll(struct dash *d)
{
	d->whole = true;
	dash_ask(d, REQUEST_POLL);
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
	{ ' ', dash_pause, false },{ 'p', dash_pause, false },
	{ 't', k_tick_forth, false },   { 'T', k_tick_back, false },
	{ '[', k_event_back, false },   { ']', k_event_forth, false },
	{ '<', k_slower, false },       { '>', k_faster, false },
	{ 'R', k_record, false },       { 'r', k_poll, false },
	{ 's', k_sort, false },         { 'f', full_screen, false },
	{ K_TAB, k_focus, false },      { K_BACKTAB, k_unfocus, false },
	{ '1', k_overview, false },     { '2', k_service, false },
	{ '4', k_saturation, false },   { '6', k_events, false },
	{ '8', k_net, false },          { 'y', k_status, false },
	{ '3', k_changed, false },      { '5', k_slo, false },
	{ 'w', k_changed, false },
	{ '7', k_own, false },          { '9', k_own_next, false },
	{ K_CTRL_R, k_reload, false },
};

/* What the dashboard file makes of a key; false: a command, which has run. */
static bool rebind(struct dash *d, int *key)
{
	for (size_t i = 0; i < d->file.nr_keys; i++) {
		const struct file_key *k = &d->file.key[i];
		if (k->key != *key)
			continue;
		*key = k->other;
		if (k->other)
			return true;
		dash_copy(d->text, sizeof(d->text), k->command);
		dash_command(d);
		return false;
	}
	return true;
}

void dash_key(struct dash *d, int key)
{
	dash_dirty(d);
	d->notice[0] = '\0';
	if (key == K_CTRL_C) {
		dash_ask(d, REQUEST_QUIT);
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
	if (d->page != PAGE_START && !rebind(d, &key))
		return;
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
	dash_dirty(d);
}

bool dash_knows_key(int key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key == key)
			return true;
	return false;
}
