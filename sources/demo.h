/* A small shop going through an incident, simulated: a pure function of
 * (seed, story time), period 2 h. Any range is answerable at once. */
#ifndef SOURCES_DEMO_H
#define SOURCES_DEMO_H

#include "model/source.h"

extern const struct source_ops demo_ops;

/* Story time at which the deploy of v842 lands, ms after a period's start. */
extern const time_ms demo_deploy_at;
#define DEMO_PERIOD ((time_ms)7200000)
/* `snapshot demo` without --at: 14:32:05Z of this day. */
extern const time_ms demo_fixed_now;
/* The whole-second offset that a live start at wall time `now` uses so that
 * the deploy is 40 s ahead: story = wall + offset. */
time_ms demo_offset(time_ms wall_now);

/* The seed that "demo", "demo:SEED" or SEED means. */
uint64_t demo_seed(const char *where);
/* Which label and value of checkout the incident of a seed is about. */
void demo_planted(uint64_t seed, const char **label, const char **value);

#endif
