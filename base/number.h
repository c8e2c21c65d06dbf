/* Numbers as servers write them and as people read them. The format of a
 * number never depends on the locale or on the width of the screen. */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

#define NUMBER_TEXT 40

/* A sample value as the Prometheus API prints it, all of s[0..n): decimal or
 * exponent form of any length, NaN, +Inf, -Inf, Inf. False for anything else:
 * empty, spaces, hexadecimal, trailing bytes. */
bool number_parse(const char *s, size_t n, double *out);

/* Go's strconv.ParseFloat, which reads the label `le`: also hexadecimal with
 * an exponent, underscores only as base prefix allows... as measured:
 * "1_0" is 10, "0x1p0" is 1, "inf" and "Infinity" are +Inf, "1e-400" is 0;
 * "0x10", "1e400", " 2", "2s", "2,5", "10_", "_10", "1__0" and "" are not
 * numbers. */
bool number_parse_go(const char *s, double *out);

/* The shortest of %.15g %.16g %.17g that reads back as the same double; NaN,
 * +Inf, -Inf. Returns out. */
char *number_shortest(double v, char out[NUMBER_TEXT]);

/* At most 3 significant digits, no padding; "–" for NaN (not known).
 *   rate     412  96.4  3.21k  1.20M  0.05   exact zero "0"
 *   latency  45ms  6.0ms  1.91s  320us  2m05s  (seconds in)
 *   percent  1.91%  21.8%  100%  <.01%  0%    (ratio 0..1 in)
 *   burn     19.1x  0.2x  >999x
 *   bytes    1.1kB  40.2kB  3.0MB  */
char *format_rate(double per_second, char out[NUMBER_TEXT]);
char *format_latency(double seconds, char out[NUMBER_TEXT]);
char *format_percent(double ratio, char out[NUMBER_TEXT]);
char *format_burn(double burn, char out[NUMBER_TEXT]);
char *format_bytes(double bytes, char out[NUMBER_TEXT]);
/* A bound of a bucket in the same units, without trailing zeros: 750ms, 1s,
 * 2.5s, 300ms. */
char *format_bound(double seconds, char out[NUMBER_TEXT]);
/* An objective: 0.999 -> "99.9%". */
char *format_objective(double ratio, char out[NUMBER_TEXT]);

#endif
