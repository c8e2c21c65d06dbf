/* Sources on a loop: when they are asked, what becomes of their batches. */
#ifndef APP_SESSION_H
#define APP_SESSION_H

#include "app/options.h"
#include "model/source.h"

#include <uv.h>

struct session;

struct session_hooks {
	/* A batch came; borrowed. */
	void (*batch)(const struct batch *b, void *arg);
	/* A poll of one source ended. */
	void (*polled)(struct source *src, void *arg);
	/* What to ask now; false: do not ask (paused). */
	bool (*want)(struct want *w, void *arg);
	void *arg;
};

/* Opens all sources of the command line. NULL with a sentence; what was open
 * by then closes itself from the loop. */
struct session *session_new(uv_loop_t *loop, const struct options *o,
			    const struct session_hooks *h, struct err *e);
/* Ends polls, closes sources; frees itself from the loop, then calls done. */
void session_close(struct session *s, void (*done)(void *arg), void *arg);

/* Asks all sources now (one that is being asked is asked again after); with
 * `restart` what is under way is cancelled first. */
void session_poll(struct session *s, bool restart);
/* Polls go on by themselves, each at its source's period. */
void session_start(struct session *s);
/* The machine was suspended (the session notices by itself): what is under
 * way is dropped, and each source is asked once, now. */
void session_slept(struct session *s);
/* Ends what is under way: polled() follows. */
void session_cancel(struct session *s);
/* Sources whose poll has not ended. */
size_t session_busy(const struct session *s);
size_t session_sources(const struct session *s);
struct source *session_source(struct session *s, size_t i);
/* The one replay source, or NULL. */
struct source *session_replay(struct session *s);

/* Wall and monotonic clocks, in ms: the only place that reads them beside the
 * sources. */
time_ms clock_wall(void);
time_ms clock_mono(void);

#endif
