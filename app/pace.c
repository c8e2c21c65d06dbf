#include "app/pace.h"

#include <math.h>
#include <string.h>

#define LOST_AFTER 10000   /* ms without an answer, at most */
#define LOST_LEAST 2000
#define LOST_FACTOR 8      /* times the usual delay */
#define TRIES 6            /* lost in a row: it does not answer any more */
#define ASKED_LONG_AGO 5000
#define GRACE 2000         /* at the start all is shown as it comes */
#define YOUNG_GAP 50

#define BLIND_GAP 500      /* ms between frames, and bytes a second, */
#define BLIND_BPS 4000.0   /* where nobody says what has arrived */
#define BLIND_DEPTH 8000.0 /* a page at once */
#define KEY_DEPTH 16000.0
#define LOW_GAP 1000

#define SMALL 300          /* bytes whose own time on the line is little */
#define LARGE 1000         /* bytes that tell the speed */
#define PIECE 3300         /* with a row on top below what a pty takes at once */
#define PIECE_LEAST 1000
#define PIECE_MOST 16000
#define PIECE_MS 400       /* on the line */
#define ROW_LEAST 200
#define OUT_MOST 64

bool pace_is_mux(const char *tmux, const char *sty, const char *term)
{
	return (tmux && *tmux) || (sty && *sty)
	       || (term && (strncmp(term, "screen", 6) == 0
			    || strncmp(term, "tmux", 4) == 0));
}

bool pace_is_mux_kind(int kind)
{
	return kind == 83 || kind == 84;
}

/* Until it has answered once, nobody knows. */
static bool is_mute(const struct pace *p)
{
	return !p->proven || p->lost >= TRIES;
}

static bool is_blind(const struct pace *p)
{
	return p->mux || is_mute(p);
}

/* Bytes a second, 0: no limit. */
static double allowance(const struct pace *p)
{
	if (!is_blind(p))
		return p->max_bps;
	return p->max_bps > 0 ? fmin(p->max_bps, BLIND_BPS) : BLIND_BPS;
}

static double depth(const struct pace *p)
{
	if (p->max_bps > 0)
		return fmax(fmin(p->max_bps / 2, BLIND_DEPTH), ROW_LEAST);
	return BLIND_DEPTH;
}

static void fill(struct pace *p, time_ms now)
{
	if (now > p->filled)
		p->tokens += allowance(p) * (double)(now - p->filled) / 1000;
	p->tokens = fmin(p->tokens, depth(p));
	p->filled = now;
}

void pace_init(struct pace *p, const struct pace_options *o, time_ms now)
{
	*p = (struct pace){ .mux = o->mux, .remote = o->remote,
			    .gap = o->low ? LOW_GAP : 0,
			    .max_bps = (double)o->max_bps, .first = TIME_NONE,
			    .asked = now, .last = now - LOW_GAP,
			    .delay = NAN, .speed = NAN, .heard = now,
			    .filled = now };
	p->tokens = depth(p);
}

void pace_mux(struct pace *p, time_ms now)
{
	fill(p, now);
	p->mux = true;
}

/* Twice as long after each loss. */
static time_ms answer_within(const struct pace *p)
{
	double ms = fmax(LOST_FACTOR * p->delay, LOST_LEAST);
	ms = ldexp(ms, p->lost < TRIES ? p->lost : TRIES);
	return (time_ms)fmin(ms, LOST_AFTER);
}

static bool is_waiting(const struct pace *p)
{
	return p->out > p->late && !is_mute(p);
}

static time_ms later(time_ms a, time_ms b)
{
	return a > b ? a : b;
}

/* Answers come in order, so one that is late is not taken for the next; where
 * it was lost, and the next one's taken for it, that shows here. */
static void give_up(struct pace *p, time_ms now)
{
	if (!is_waiting(p)
	    || now - later(p->asked, p->heard) < answer_within(p))
		return;
	if (p->skipped) {
		p->out = p->late = 0;
		return;
	}
	p->late = p->out;
	p->lost++;
	if (is_mute(p)) {
		p->filled = now;
		p->tokens = depth(p);
	}
}

/* Until there are bytes again. A key is not kept waiting; far away it may
 * borrow what some pages take, and nothing from the user's own limit. */
static time_ms until_filled(const struct pace *p, bool urgent)
{
	double rate = allowance(p), least = 0;
	if (urgent && p->max_bps <= 0)
		least = p->mux && p->remote ? -KEY_DEPTH : -INFINITY;
	if (rate <= 0 || p->tokens > least)
		return 0;
	return (time_ms)((least - p->tokens) / rate * 1000) + 1;
}

time_ms pace_wait(struct pace *p, time_ms now, bool urgent)
{
	time_ms wait = 0;
	give_up(p, now);
	fill(p, now);
	if (is_waiting(p))
		wait = later(wait, later(p->asked, p->heard) + answer_within(p)
			     - now);
	wait = later(wait, until_filled(p, urgent));
	bool young = p->first == TIME_NONE || now - p->first < GRACE;
	time_ms gap = is_blind(p) ? later(p->gap, young ? YOUNG_GAP : BLIND_GAP)
				  : p->gap;
	if (!urgent)
		wait = later(wait, p->last + gap - now);
	return later(wait, 0);
}

size_t pace_room(struct pace *p, time_ms now)
{
	double room = PIECE;
	fill(p, now);
	if (!is_blind(p) && !isnan(p->speed))
		room = fmin(fmax(p->speed * PIECE_MS / 1000, PIECE_LEAST),
			    PIECE_MOST);
	if (p->max_bps > 0)
		room = fmin(room, fmax(p->tokens, ROW_LEAST));
	return (size_t)room;
}

void pace_sent(struct pace *p, time_ms now, size_t bytes)
{
	fill(p, now);
	if (allowance(p) > 0)
		p->tokens -= (double)bytes;
	if (p->max_bps <= 0 && !(p->mux && p->remote))
		p->tokens = fmax(p->tokens, -BLIND_DEPTH);
	if (p->out < OUT_MOST)
		p->out++;
	if (is_mute(p))
		p->late = p->out;
	p->skipped = false;
	p->asked = p->last = now;
	p->bytes = bytes;
	if (p->first == TIME_NONE)
		p->first = now;
}

static double mixed(double old, double new, double weight)
{
	return isnan(old) ? new : old + (new - old) * weight;
}

/* What a small piece takes is the line's length, what a large one takes beyond
 * that its width. */
static void learn(struct pace *p, double took)
{
	p->delay = mixed(p->delay, took, 0.25);
	if (p->bytes <= SMALL)
		p->base = p->base <= 0 || took < p->base
			  ? took : mixed(p->base, took, 0.05);
	if (p->bytes >= LARGE)
		p->speed = mixed(p->speed, (double)p->bytes * 1000
					   / fmax(took - p->base, 1), 0.5);
}

/* Of several that are under way it is not the newest one's; the others will
 * come, since this one did. */
void pace_answered(struct pace *p, time_ms now)
{
	if (p->first == TIME_NONE)
		return;
	if (p->out == 1)
		learn(p, (double)(now - p->asked));
	else if (!p->proven)
		p->delay = (double)(now - p->first);
	p->proven = true;
	p->lost = 0;
	p->heard = now;
	p->out -= p->out > 0;
	p->late = 0;
	p->skipped = p->out > 0;
}

void pace_forget(struct pace *p)
{
	p->out = p->late = 0;
}

bool pace_is_owed(const struct pace *p, time_ms now)
{
	if (p->out == 0)
		return false;
	return p->proven ? now - p->asked < LOST_AFTER
			 : now - p->first < ASKED_LONG_AGO;
}

double pace_delay(const struct pace *p)
{
	return p->delay;
}

const char *pace_text(const struct pace *p)
{
	if (p->max_bps > 0)
		return "there and back; --max-bps paces";
	if (p->mux)
		return "tmux, screen: 2 frames/s, 4kB/s";
	if (is_mute(p))
		return "no answers: 2 frames/s, 4kB/s";
	return "there and back; paces frames";
}
