/* Times and durations as people and scripts write them. Nothing here reads a
 * clock: `now` is always an argument. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z; a duration in the same unit. */
typedef int64_t time_ms;

#define TIME_NONE INT64_MIN

/* Room for any result of the functions below, NUL included. */
#define TIME_TEXT 40

/* "2026-11-23T14:32:05Z", with ".123" before the Z where it is not a whole
 * second. Returns `out`. */
char *time_iso(time_ms t, char out[TIME_TEXT]);
/* "14:32:05" and "14:32", UTC. */
char *time_hms(time_ms t, char out[TIME_TEXT]);
char *time_hm(time_ms t, char out[TIME_TEXT]);
/* "46m", "1h 42m", "3d 4h", "70s", "<1s": at most two units, cut not rounded. */
char *time_span(time_ms span, char out[TIME_TEXT]);
/* "15s", "1m", "90s" -> "1m30s", "250ms": what PromQL and our own flags read
 * back exactly. */
char *time_duration(time_ms span, char out[TIME_TEXT]);

/* A deadline as people set it, rounded up: "2s" of 1850 ms, "300ms" of 290. */
char *time_within(time_ms deadline, char out[TIME_TEXT]);

/* CONTRACTS' TIME: `now`, `-10m`, `14:05` (the most recent one before `now`,
 * UTC), `@1763000000`, ISO-8601 (UTC without a zone). 0, or -1 with a
 * sentence of code EXIT_USAGE. */
int time_parse(const char *s, time_ms now, time_ms *out, struct err *e);
/* `15s`, `1m30s`, `1.5h`, `250ms`, `2d`, a bare number is seconds. Not
 * negative. 0, or -1 with a sentence of code EXIT_USAGE. */
int duration_parse(const char *s, time_ms *out, struct err *e);

/* Rounds towards minus infinity / plus infinity to a multiple of step. */
time_ms time_floor(time_ms t, time_ms step);
time_ms time_ceil(time_ms t, time_ms step);

#endif
