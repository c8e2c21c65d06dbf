/* What viewers on one host share: answers that were paid for once, and what
 * was spent today. Files under $XDG_CACHE_HOME/redtop/cloudwatch, one a key,
 * with a lock each; a dead holder's lock is free. No secret is in them. All
 * functions may touch a slow disk: call them on a worker, on several at once
 * if you like. */
#ifndef SOURCES_CW_CACHE_H
#define SOURCES_CW_CACHE_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

#include <stdint.h>

struct cw_cache;

/* `dir` NULL: the user's own (XDG_CACHE_HOME, HOME). Never fails: without a
 * directory that is ours alone nothing is shared, and cw_cache_why() says so.
 * A directory that is removed later is made anew. */
struct cw_cache *cw_cache_open(const char *dir);
/* Writes into the bill what is not there yet (50 ms at most). */
void cw_cache_close(struct cw_cache *c);
const char *cw_cache_why(const struct cw_cache *c); /* NULL: it works */

/* A key of parts (ends in NULL): a file name that is a hash. */
#define CW_KEY 48
void cw_key(char out[CW_KEY], const char *what, const char *const *part);

/* The lock of a key: a descriptor >= 0, CW_BUSY while another process has it,
 * CW_ALONE where there is nothing to share (unlocking it is harmless). Never
 * waits. Also CW_BUSY for the blink in which a sweep looks at an old one. */
enum { CW_BUSY = -1, CW_ALONE = -2 };
int cw_lock(struct cw_cache *c, const char *key);
void cw_unlock(int lock);

/* Appends the payload and sets when it was fetched. False: there is none, or
 * it is broken, of another version, or of more than a minute after `now` (then
 * it is as if there was none). `unless` is the fetch time of what the caller
 * holds: if the file has just that, nothing is read, *at = unless. TIME_NONE:
 * read in any case. */
bool cw_cache_read(struct cw_cache *c, const char *key, time_ms now,
		   time_ms unless, struct buf *out, time_ms *at);
/* Replaces it whole, or leaves what was there: a cache that cannot be written
 * is no fault. */
void cw_cache_write(struct cw_cache *c, const char *key, time_ms at,
		    const struct buf *payload);
/* Removes what is older than a day. */
void cw_cache_sweep(struct cw_cache *c, time_ms now);

/* The bill of the day (UTC) of `now`: adds, and returns the sum of all who
 * share, which never goes down within a day. NULL only asks. Waits 50 ms at
 * most for others; what could not be written by then is in the sum all the
 * same, and in the file with the next call. */
struct cw_spent {
	uint64_t metrics, calls; /* calls: those that are not GetMetricData */
};
struct cw_spent cw_cache_spend(struct cw_cache *c, time_ms now,
			       const struct cw_spent *add);

#endif
