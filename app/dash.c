/* The dashboard without a terminal: rows, events, widgets and frames. */
#include "app/dash_private.h"

#include "app/dashfile.h"
#include "app/explain.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "tui/theme.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void dash_ask(struct dash *d, enum request r)
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

void dash_copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
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

/* Shell's, because qsort allocates once there are many rows. */
void dash_sort(void *base, size_t nr, size_t size,
	       int (*cmp)(const void *a, const void *b, void *arg), void *arg)
{
	static const size_t gaps[] = { 701, 301, 132, 57, 23, 10, 4, 1 };
	char *a = base, one[DASH_ELEMENT];
	for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
		size_t gap = gaps[g] * size;
		for (size_t i = gap; i < nr * size; i += size) {
			size_t k = i;
			memcpy(one, a + i, size);
			for (; k >= gap && cmp(a + k - gap, one, arg) > 0;
			     k -= gap)
				memcpy(a + k, a + k - gap, size);
			memcpy(a + k, one, size);
		}
	}
}

static int compare_rows(const void *a, const void *b, void *arg)
{
	(void)arg;
	return red_row_compare(a, b);
}

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

static void build_all(struct dash *d, time_ms now)
{
	const struct service *const *s;
	size_t n = store_services(d->store, &s);
	struct red_options o = { .from = now - d->range };
	rows_room(d, n);
	for (size_t i = 0; i < n; i++)
		service_row(s[i], now, &o, &d->all[i]);
	d->nr_all = n;
}

static void build_rows(struct dash *d)
{
	size_t n = d->nr_all;
	dash_sort(d->all, n, sizeof(*d->all), compare_rows, NULL);
	d->nr_rows = 0;
	for (size_t i = 0; i < n; i++)
		if (row_matches(d, &d->all[i]))
			d->rows[d->nr_rows++] = d->all[i];
	if (d->sort)
		dash_sort(d->rows, d->nr_rows, sizeof(*d->rows), compare_column,
		     &d->sort);
}

size_t dash_selected(const struct dash *d)
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
	if (d->page == PAGE_SERVICE || d->page == PAGE_CHANGED)
		for (size_t i = 0; i < d->nr_all; i++)
			if (strcmp(d->all[i].service->name, d->selected) == 0)
				return &d->all[i];
	return d->nr_rows ? &d->rows[dash_selected(d)] : NULL;
}

static int compare_resources(const void *a, const void *b, void *arg)
{
	(void)arg;
	return resource_compare(a, b);
}

static void build_resources(struct dash *d, time_ms now)
{
	const struct service *const *s;
	size_t n = store_resources(d->store, &s);
	if (n > d->cap_resources) {
		d->cap_resources = n + 16;
		d->resources = mem_grow(d->resources, d->cap_resources,
					sizeof(*d->resources));
	}
	for (size_t i = 0; i < n; i++)
		resource_read(s[i], now, now - d->range, &d->resources[i]);
	d->nr_resources = n;
	dash_sort(d->resources, n, sizeof(*d->resources), compare_resources, NULL);
}

size_t dash_selected_resource(const struct dash *d)
{
	for (size_t i = 0; i < d->nr_resources; i++)
		if (strcmp(d->resources[i].service->name, d->resource) == 0)
			return i;
	return 0;
}

static void keep_derived(const struct event *e, void *arg)
{
	struct dash *d = arg;
	if (d->nr_derived >= LIMIT_EVENTS)
		return;
	MEM_ROOM(d->derived, d->nr_derived, d->cap_derived);
	d->derived[d->nr_derived++] = *e;
}

static int compare_events(const void *p, const void *q, void *arg)
{
	(void)arg;
	const struct event *x = *(const struct event *const *)p;
	const struct event *y = *(const struct event *const *)q;
	const char *a = x->service ? x->service : "";
	const char *b = y->service ? y->service : "";
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int r = strcmp(x->text, y->text);
	return r ? r : strcmp(a, b);
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
	dash_sort(d->events, d->nr_events, sizeof(*d->events), compare_events,
	     NULL);
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
	return step ? step : dash_step(d->v.dot);
}

static enum mode mode_of(const struct dash *d)
{
	if (d->replay)
		return MODE_REPLAY;
	return d->live || d->staged ? MODE_LIVE : MODE_PAUSED;
}

static const struct file_page *own_page(const struct dash *d)
{
	return d->own < d->file.nr_pages ? &d->file.page[d->own] : NULL;
}

bool dash_details(const struct dash *d)
{
	const struct file_page *p = own_page(d);
	if (d->page != PAGE_OWN)
		return d->page == PAGE_SERVICE;
	for (size_t r = 0; p && r < p->nr; r++)
		for (size_t i = 0; i < p->row[r].nr; i++)
			if (strcmp(p->row[r].widget[i].kind, "routes") == 0)
				return true;
	return false;
}

static void build_view(struct dash *d)
{
	struct view *v = &d->v;
	time_ms now = dash_now(d);
	v->store = d->store;
	v->page = d->page;
	v->own = d->page == PAGE_OWN ? own_page(d)->name : NULL;
	v->mode = mode_of(d);
	v->playing = d->playing;
	v->speed = d->speed;
	v->now = now;
	v->edge = now - d->pan;
	v->dot = dash_dot(d->range, page_chart_cells(d->surface->w, d->surface->h));
	v->cursor = d->cursor;
	v->step = held_step(d);
	v->held_from = held_from(d, now);
	v->held_to = d->replay && d->replay_src
			     && d->replay_src->newest != TIME_NONE
			     ? d->replay_src->newest
			     : d->latest > now ? d->latest : now;
	build_all(d, now);
	dash_build_objectives(d, now);
	build_rows(d);
	v->row = d->rows;
	v->nr_rows = d->nr_rows;
	v->all = d->all;
	v->nr_all = d->nr_all;
	v->selected = dash_selected(d);
	v->sel = selected(d);
	v->filter = d->line == LINE_FILTER ? d->text : d->filter;
	v->filter_open = d->line == LINE_FILTER;
	v->sort_column = d->sort;
	build_resources(d, now);
	v->resource = d->resources;
	v->nr_resources = d->nr_resources;
	v->selected_resource = dash_selected_resource(d);
	build_events(d, now);
	v->event = d->events;
	v->nr_events = d->nr_events;
	v->selected_event = d->selected_event;
	dash_build_changed(d, now);
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

/* Sources, if none of them answers. */
static size_t blind_sources(const struct dash *d)
{
	const struct store_source *const *s;
	size_t n = store_sources(d->store, &s);
	for (size_t i = 0; i < n; i++)
		if (s[i]->state == SOURCE_UP || s[i]->state == SOURCE_PARTIAL
		    || s[i]->state == SOURCE_ASKING)
			return 0;
	return n;
}

static size_t changes_of(const struct dash *d)
{
	return d->v.changed ? d->v.changed->nr : 0;
}

static size_t notes_of(const struct dash *d)
{
	return d->v.changed ? d->v.changed->answer->nr_notes : 0;
}

static bool same_needs(const struct page_needs *a, const struct page_needs *b)
{
	return a->rows == b->rows && a->blind == b->blind
	       && a->slos == b->slos && a->thresholds == b->thresholds
	       && a->resources == b->resources && a->changes == b->changes
	       && a->notes == b->notes;
}

static struct page_needs needs_of(const struct dash *d)
{
	return (struct page_needs){ .rows = d->nr_all,
				    .blind = blind_sources(d),
				    .replay = d->replay && d->played,
				    .slos = d->nr_slos,
				    .thresholds = d->nr_thresholds,
				    .resources = d->nr_resources,
				    .changes = changes_of(d),
				    .notes = notes_of(d),
				    .own = own_page(d) };
}

static void add_limits(struct chart_spec *c, const struct file_level *l,
		       bool critical)
{
	const double at[] = { l->above, l->below };
	for (int i = 0; l->given && i < 2; i++) {
		if (isnan(at[i]) || c->nr_limits == CHART_LIMITS)
			continue;
		c->limit[c->nr_limits].at = at[i];
		c->limit[c->nr_limits].critical = critical;
		c->limit[c->nr_limits++].below = i == 1;
	}
}

static struct chart_spec chart_of(const struct file_widget *w)
{
	struct chart_spec c = { .title = w->title ? w->title : "",
				.query = w->query ? w->query : "",
				.unit = w->unit };
	if (w->limit) {
		add_limits(&c, &w->limit->critical, true);
		add_limits(&c, &w->limit->warning, false);
	}
	return c;
}

static void lay_out(struct dash *d)
{
	struct slot slots[SLOTS_MAX];
	struct page_needs needs = needs_of(d);
	int w = d->surface->w, h = d->surface->h;
	struct slot one = { .kind = NULL };
	if (d->full && d->focus < d->nr_built)
		one = d->built[d->focus].slot;
	const char *full = one.kind;
	size_t n = full ? page_layout_full(&one, w, h, &needs, slots)
			: page_layout(d->page, w, h, &needs, slots);
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
		if (slots[i].of)
			d->chart[d->nr_built - 1] = chart_of(slots[i].of);
		if (full && strcmp(slots[i].kind, full) == 0)
			d->focus = d->nr_built - 1;
	}
	d->laid = true;
}

void dash_focus(struct dash *d, int direction)
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
		d->v.chart = b->slot.of ? &d->chart[i] : NULL;
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

/* The other pages have a row for it. */
static void draw_start_notice(struct dash *d)
{
	struct style warn = { .role = R_WARN };
	if (d->page == PAGE_START && d->notice[0])
		surface_text_max(d->surface, 2, d->surface->h - 2,
				 d->surface->w - 4, warn, d->notice);
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
	case POPUP_STATUS:
		explain_text(d->surface, "status", d->notice);
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
	build_view(d);
	struct page_needs needs = needs_of(d);
	if (!same_needs(&needs, &d->needs))
		d->laid = false;
	if (!d->laid)
		lay_out(d);
	d->needs = needs;
	draw_slots(d);
	draw_start_notice(d);
	draw_popup(d);
	d->generation = store_generation(d->store);
	d->dirty = false;
	return true;
}

const struct surface *dash_surface(const struct dash *d)
{
	return d->surface;
}

void dash_page(struct dash *d, enum page p)
{
	if (p == d->page)
		return;
	d->back = d->page;
	d->page = p;
	if (dash_details(d) || p == PAGE_CHANGED || p == PAGE_SLO)
		dash_ask(d, REQUEST_ASK);
	if (d->back == PAGE_CHANGED && d->v.comparing) {
		/* Nobody waits for it any more. */
		d->change_asked = 0;
		dash_ask(d, REQUEST_POLL);
	}
	d->full = false;
	d->laid = false;
	d->focus = 0;
	d->event_chosen = false;
}

void dash_own_page(struct dash *d, size_t i)
{
	if (i >= d->file.nr_pages)
		return;
	if (d->page == PAGE_OWN && d->own != i)
		d->page = d->back; /* so that it is another page */
	d->own = i;
	dash_page(d, PAGE_OWN);
}

void dash_set_file(struct dash *d, const struct dash_file *f)
{
	bool own = d->page == PAGE_OWN;
	d->file = *f;
	d->full = d->laid = false;
	d->focus = 0;
	for (size_t i = 0; i < d->nr_built; i++)
		d->built[i].slot.of = NULL;
	if (own && !own_page(d))
		dash_page(d, PAGE_OVERVIEW);
	dash_dirty(d);
}

void dash_place(const struct dash *d, enum page *page, size_t *own,
		const char **service)
{
	*page = d->page;
	*own = d->own;
	*service = d->selected;
}

/* ---- from outside ------------------------------------------------------------------ */

/* True if rows or events of the view may be gone: keys and dash_want() look at
 * them before the next frame. */
static bool forgets(const struct dash *d, const struct batch *b)
{
	const struct event *const *told;
	return b->catalog || b->reset
	       || store_events(d->store, &told) >= LIMIT_EVENTS;
}

/* A source that judges whole minutes tells of the last one before the moment
 * it was asked for. */
static bool is_of_moment(const struct dash *d, const struct batch *b)
{
	if (d->replay || d->live || b->at == d->at)
		return true;
	return d->asked == d->at && b->at < d->at
	       && d->at - b->at <= ROW_OLDEST;
}

void dash_batch(struct dash *d, const struct batch *b)
{
	if (!is_of_moment(d, b) && !b->catalog)
		return;
	store_apply(d->store, b);
	if (forgets(d, b))
		build_view(d);
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
	dash_dirty(d);
}

/* The rows near the selected one, more than any table shows. */
static const char *const *visible_rows(struct dash *d)
{
	size_t span = (size_t)d->surface->h, at = dash_selected(d), n = 0;
	size_t i = at > span ? at - span : 0;
	for (; i < d->nr_rows && i <= at + span && n + 1 < VISIBLE_MAX; i++)
		d->visible[n++] = d->rows[i].service->name;
	d->visible[n] = NULL;
	return d->visible;
}

/* The page tier burns, whether or not somebody promised the objective. */
static bool is_paging(const struct dash *d)
{
	for (size_t i = 0; i < d->nr_all; i++)
		if (d->all[i].state == STATE_PAGE
		    || d->all[i].state == STATE_CRIT)
			return true;
	return false;
}

/* As far as panels reach; only whole rows reach farther. */
static time_ms dash_near(const struct dash *d)
{
	int cells = page_chart_cells(d->surface->w, d->surface->h);
	time_ms near = dash_dot(d->range, cells) * 2 * (cells + 1);
	return near > d->range ? near : d->range;
}

void dash_want(struct dash *d, struct want *out)
{
	time_ms step, back;
	if (d->live || d->pending)
		d->asked = d->live ? TIME_NONE : d->at;
	dash_reach(d->surface->w, d->surface->h, d->range, &step, &back);
	*out = (struct want){
		.at = d->live ? TIME_NONE : d->at,
		.back = back + d->pan,
		.near = dash_near(d) + d->pan,
		.step = step,
		.range = d->range,
		.charts = true,
		.whole = d->whole,
		.hurry = d->pending,
		.selected = d->v.sel ? d->v.sel->service->name : d->selected,
		.details = dash_details(d),
		.visible = visible_rows(d),
		.slos = d->page == PAGE_SLO,
		.implied = d->page == PAGE_SLO,
		.change = dash_compare(d),
		.paging = is_paging(d),
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
	dash_copy(d->term, sizeof(d->term), c->term);
	bool was_slow = view_slow_link(&d->v);
	d->v.link_ms = c->link_ms;
	d->v.link = c->link;
	if (d->page == PAGE_NET || was_slow || view_slow_link(&d->v))
		dash_dirty(d);
}

/* File names and errors may hold any byte. */
static void copy_clean(char *out, size_t size, const char *s)
{
	struct buf b;
	buf_init(&b, size - 1);
	text_clean(&b, s ? s : "", s ? strlen(s) : 0);
	dash_copy(out, size, buf_text(&b));
	buf_release(&b);
}

void dash_notice(struct dash *d, const char *text)
{
	copy_clean(d->notice, sizeof(d->notice), text);
	d->dirty = true;
}

void dash_recording(struct dash *d, const char *path)
{
	copy_clean(d->recording, sizeof(d->recording), path);
	dash_dirty(d);
}

void dash_resize(struct dash *d, int w, int h)
{
	surface_resize(d->surface, w, h);
	d->laid = false;
	dash_dirty(d);
	dash_ask(d, REQUEST_POLL);
}

void dash_graph(struct dash *d, enum graph g)
{
	d->surface->graph = g;
	dash_dirty(d);
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
		if (b->slot.of && strcmp(b->ops->name, "chart") == 0)
			dash_copy(out[n].title, sizeof(out[n].title),
				  b->slot.of->title ? b->slot.of->title
						    : "chart");
		else if (b->slot.focusable && d->v.sel
		    && strcmp(b->ops->name, "table") != 0
		    && strcmp(b->ops->name, "events") != 0)
			snprintf(out[n].title, sizeof(out[n].title), "%s · %.48s",
				 b->ops->name, d->v.sel->service->name);
		else
			dash_copy(out[n].title, sizeof(out[n].title),
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
	d->file = o->file;
	d->own = o->own;
	d->page = o->page == PAGE_OWN && !own_page(d) ? PAGE_OVERVIEW : o->page;
	d->replay = o->replay;
	d->played = o->played;
	d->live = !o->replay && o->at == TIME_NONE;
	d->at = o->at;
	d->staged = o->staged;
	d->pending = !d->live;
	d->speed = 1;
	d->latest = o->now;
	d->range = d->range0 = o->range;
	d->cursor = d->asked = TIME_NONE;
	d->start = o->start;
	d->nr_start = o->nr_start;
	d->dirty = true;
	copy_clean(d->title, sizeof(d->title), o->title);
	dash_copy(d->selected, sizeof(d->selected), o->service);
	dash_copy(d->theme, sizeof(d->theme), o->theme ? o->theme : "ember");
	d->v.out_bytes_per_s = d->v.cpu_ratio = d->v.rss_bytes = NAN;
	d->v.key_ms = d->v.frame_bytes = d->v.link_ms = NAN;
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
	dash_objectives_free(d);
	store_free(d->store);
	surface_free(d->surface);
	free(d->all);
	free(d->rows);
	free(d->resources);
	free(d->derived);
	free(d->events);
	free(d);
}
