/* The moment a dashboard shows, and how much time its charts span. */
#include "app/dash_private.h"

#include "record/replay.h"

#include <stddef.h>

#define ASKING_STEP 200

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
time_ms dash_dot(time_ms range, int cells)
{
	size_t n = sizeof(dots) / sizeof(dots[0]);
	for (size_t i = 0; i < n; i++)
		if (dots[i] * cells * 2 * 3 / 4 >= range)
			return dots[i];
	return dots[n - 1];
}

time_ms dash_step(time_ms dot)
{
	if (dot >= 60000)
		return dot / 4;
	return dot < 15000 ? dot : 15000;
}

time_ms dash_now(const struct dash *d)
{
	/* A recording without a moment in it has none to show. */
	if (!d->live && d->at != TIME_NONE)
		return d->at;
	return d->latest;
}

void dash_dirty(struct dash *d)
{
	d->dirty = true;
}

void dash_live(struct dash *d)
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
	dash_ask(d, REQUEST_POLL);
}

/* Shows a moment; asks for it. */
void dash_goto(struct dash *d, time_ms t)
{
	if (!d->replay && t >= d->latest) {
		dash_live(d);
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
	dash_ask(d, REQUEST_POLL);
}

void dash_pause(struct dash *d)
{
	if (d->replay) {
		if (!d->playing && d->replay_src && d->at >= d->replay_src->newest)
			dash_goto(d, d->replay_src->oldest);
		d->playing = !d->playing;
		d->exact = (double)d->at;
		return;
	}
	if (!d->live) {
		dash_live(d);
		return;
	}
	d->at = dash_now(d);
	d->live = false;
	d->pending = false;
}

void dash_step_time(struct dash *d, int direction)
{
	time_ms t = TIME_NONE, now = dash_now(d);
	d->playing = false;
	if (d->replay && d->replay_src) {
		t = direction > 0 ? replay_tick_after(d->replay_src, now)
				  : replay_tick_before(d->replay_src, now);
	} else {
		time_ms step = d->v.step ? d->v.step : dash_step(d->v.dot);
		t = direction > 0 ? time_floor(now, step) + step
				  : time_floor(now - 1, step);
	}
	if (t != TIME_NONE)
		dash_goto(d, t);
}

void dash_zoom(struct dash *d, int direction)
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
	dash_ask(d, REQUEST_POLL);
}

void dash_pan(struct dash *d, int direction)
{
	time_ms quarter = (time_ms)page_chart_cells(d->v.dot ? d->surface->w : 80,
						    d->surface->h) * d->v.dot / 2;
	d->pan += direction < 0 ? quarter : -quarter;
	if (d->pan < 0)
		d->pan = 0;
	if (d->pan > (time_ms)400 * 86400000)
		d->pan = (time_ms)400 * 86400000;
	d->pending |= !d->live && !d->replay;
	dash_ask(d, REQUEST_POLL);
}

void dash_move_cursor(struct dash *d, int direction)
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
			d->pending = true;
		}
		dash_dirty(d);
		return true;
	}
	if (d->live && !d->ticked) {
		/* Nothing answered yet: how long it has been asked is shown. */
		d->latest = d->v.started
			    + time_floor(mono - d->latest_mono, ASKING_STEP);
		dash_dirty(d);
	} else if (d->live) {
		time_ms now = d->latest + (mono - d->latest_mono);
		uint64_t before = store_generation(d->store);
		store_clock(d->store, now);
		if (before != store_generation(d->store))
			dash_dirty(d);
	}
	return false;
}

void dash_reach(int w, int h, time_ms range, time_ms *step, time_ms *back)
{
	int cells = page_chart_cells(w, h);
	time_ms dot = dash_dot(range, cells);
	int widest = page_widest_cells(w, h);
	*step = dash_step(dot);
	*back = dot * 2 * (widest + 1);
	if (*back < range)
		*back = range;
}
