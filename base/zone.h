/* A time zone of the IANA database: what its clocks show at a moment, and which
 * moment they show something at. Read from the machine's TZif files (RFC 8536)
 * and not by TZ and tzset(), so that two zones can be known at once. */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZONE_DIR "/usr/share/zoneinfo"

/* When clocks change, every year, as a POSIX TZ string says it. */
struct zone_rule {
	enum { ZONE_MONTH_DAY, ZONE_JULIAN, ZONE_DAY } kind;
	int month, week, day;    /* M3.5.0: March, last, Sunday; J60; 59 */
	int32_t at;              /* seconds of that day, also negative */
};

struct zone_change {
	int64_t at;              /* seconds since 1970, UTC */
	int32_t offset;          /* from then on: seconds east of UTC */
};

struct zone {
	int32_t first;           /* offset before any change */
	size_t nr;
	struct zone_change *change; /* rising */
	/* After the last change: `standard`, and from `begins` to `ends` of a
	 * year `daylight`. */
	bool rules, changes;     /* there are such; it has two offsets */
	int32_t standard, daylight;
	struct zone_rule begins, ends;
};

/* UTC (also for NULL and "") needs no file. A name is words of letters, digits
 * and -+_ with / between them, so that none leaves `dir`; NULL: ZONE_DIR. 0, or
 * -1 with a sentence. The caller releases it, also after -1. */
int zone_load(struct zone *z, const char *dir, const char *name,
	      struct err *e);
/* The same of the bytes of a file; `name` is what a sentence calls it. */
int zone_read(struct zone *z, const void *bytes, size_t n, const char *name,
	      struct err *e);
void zone_release(struct zone *z);

/* Seconds east of UTC at a moment. */
int32_t zone_offset(const struct zone *z, int64_t utc);
/* The moment at which a clock shows `wall` (seconds, as if it were UTC). Shown
 * twice: the first one. Never shown: what the clock would have shown had it not
 * been changed yet. */
int64_t zone_moment(const struct zone *z, int64_t wall);

#endif
