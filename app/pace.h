/* When the next piece of a frame may be sent, and how much of it. Pure: times
 * come in, in ms of a steady clock.
 *
 * A terminal that answers for itself says when it has drawn a piece: the next
 * one waits for that, so at most one is under way, whatever buffers lie
 * between. Inside tmux or screen the answer comes from there and says nothing
 * of the link: then bytes and frames a second are limited, as they are for a
 * terminal that does not answer at all. */
#ifndef APP_PACE_H
#define APP_PACE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct pace {
	bool mux;            /* something between us and the terminal answers */
	bool remote;         /* and the terminal is on another host */
	time_ms gap;         /* between frames that no key asked for */
	double max_bps;      /* 0: no limit by the user */

	int out;             /* questions without an answer, */
	int late;            /* and of those the ones not waited for */
	bool skipped;        /* an answer came that was taken for a late one */
	time_ms heard;       /* when the newest came */
	int lost;            /* in a row */
	bool proven;         /* it has answered once */
	time_ms first;       /* when it was asked first, or TIME_NONE */
	time_ms asked, last; /* the newest question, the newest bytes */
	size_t bytes;        /* of the newest piece */

	double delay;        /* ms there and back, smoothed; NAN */
	double base;         /* the same of small pieces; 0: none yet */
	double speed;        /* bytes a second of the link; NAN */

	double tokens;       /* bytes that may be sent now; negative: debt */
	time_ms filled;
};

struct pace_options {
	bool mux, low;
	bool remote;         /* by ssh */
	long max_bps;        /* 0: none */
};

/* tmux or screen by the environment: $TMUX, $STY, $TERM; each may be NULL. */
bool pace_is_mux(const char *tmux, const char *sty, const char *term);
/* And by the number in ESC[>84;0;0c. */
bool pace_is_mux_kind(int kind);

void pace_init(struct pace *p, const struct pace_options *o, time_ms now);
/* It has turned out to be inside tmux or screen. */
void pace_mux(struct pace *p, time_ms now);

/* Milliseconds until the next piece may start, 0: now. A key, a new size and
 * the rest of a frame are urgent: they wait for the answer where one is to be
 * expected, not for the gap. */
time_ms pace_wait(struct pace *p, time_ms now, bool urgent);
/* How many bytes it should have at most. */
size_t pace_room(struct pace *p, time_ms now);
/* It was sent, with a question at its end. */
void pace_sent(struct pace *p, time_ms now, size_t bytes);
void pace_answered(struct pace *p, time_ms now);
/* Nobody will answer what was asked: the terminal was somebody else's. */
void pace_forget(struct pace *p);
/* An answer is under way: it would fall into the shell. */
bool pace_is_owed(const struct pace *p, time_ms now);

/* Milliseconds there and back; NAN: nothing is known. */
double pace_delay(const struct pace *p);
/* By what it is paced, for a person. */
const char *pace_text(const struct pace *p);

#endif
