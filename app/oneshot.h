/* One poll of every source without a terminal, into a dashboard: what
 * `snapshot` and a pipe get. */
#ifndef APP_ONESHOT_H
#define APP_ONESHOT_H

#include "app/dash.h"
#include "app/options.h"

struct oneshot;

/* Opens the sources and asks them once; ends within o->timeout. NULL with a
 * sentence if a source cannot be opened. */
struct oneshot *oneshot_run(const struct options *o, enum graph g, struct err *e);
struct dash *oneshot_dash(struct oneshot *s);
bool oneshot_replay(const struct oneshot *s);
/* Asks again (a key changed what is wanted), within what is left of the
 * time. */
void oneshot_again(struct oneshot *s);
/* CONTRACTS: 0, 69 or 77 by the sources' states. Says on stderr the errors of
 * sources that are not up (unless -q) and, with -v, warnings and costs. */
int oneshot_code(struct oneshot *s, const struct options *o);
/* The same, a while later, with as much time again. */
void oneshot_renew(struct oneshot *s, time_ms timeout);
void oneshot_free(struct oneshot *s);

#endif
