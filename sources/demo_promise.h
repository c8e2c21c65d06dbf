/* What the simulated shop has promised, and how often it was broken: errors
 * and requests of any span, as seen from a moment. Pure.
 *
 * Of the two hours before that moment everything is as the story tells it. The
 * weeks before were calm but for three old incidents, so that a budget of 30
 * days has something to tell: the story repeats too often for that. They stand
 * at the same ages every day, counted from midnight UTC. */
#ifndef SOURCES_DEMO_PROMISE_H
#define SOURCES_DEMO_PROMISE_H

#include "model/batch.h"
#include "sources/demo_story.h"

/* The objectives of the shop's own. */
size_t demo_slos(const struct slo_def **out);

/* Whose requests an objective is about, by the service it names, or that its
 * queries name in quotes; DEMO_SERVICES: nobody's here. */
enum demo_service promise_service(const struct slo_def *d);

/* Of one service and limit, ready to be counted. Borrows the story. */
struct promise;
struct promise *promise_new(const struct story *st, const struct slo_def *d,
			    enum demo_service s);
void promise_free(struct promise *p);

struct promise_count {
	double errors, total;    /* requests */
	bool there;              /* samples exist in it */
};
/* Of (from, to], which is not after `seen`. */
void promise_count(const struct promise *p, time_ms from, time_ms to,
		   time_ms seen, struct promise_count *out);

/* Whether there is a series of its failures. */
bool promise_can_fail(const struct promise *p);

/* The first moment that anybody who looks from `seen` has data of. */
time_ms promise_cover(time_ms period, time_ms seen);
/* Old incidents are where they are while this stays. */
time_ms promise_day(time_ms seen);

/* The old incidents as events, the oldest first: their number. */
#define PROMISE_EVENTS 3
void promise_events(time_ms seen, struct event out[PROMISE_EVENTS]);

#endif
