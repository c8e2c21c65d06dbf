/* Sample values read quickly: number_parse() (base/number.h) to the last
 * bit, several times faster for what servers print. */
#ifndef SOURCES_DECIMAL_H
#define SOURCES_DECIMAL_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

bool decimal_parse(const char *s, size_t n, double *out);
/* A JSON number of seconds, any decimals, as milliseconds, rounded to the
 * nearest. TIME_NONE for one beyond any calendar. */
time_ms decimal_seconds(const char *s, size_t n);

#endif
