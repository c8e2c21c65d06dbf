/* The terminal itself: its modes, its bytes, and how it is left whole. */
#ifndef APP_TTY_H
#define APP_TTY_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tty;

/* Opens the terminal of stdin or stdout by an own file description, so that
 * non-blocking is ours alone; does not change its modes. NULL: no terminal. */
struct tty *tty_open(struct err *e);
/* Restores the modes; closes. */
void tty_close(struct tty *t);
int tty_fd(const struct tty *t);
/* Raw input with signals kept (Ctrl-C and Ctrl-Z work whatever the loop
 * does), and back. */
void tty_raw(struct tty *t);
void tty_restore(struct tty *t);
/* Columns and rows, at least 1. */
void tty_size(const struct tty *t, int *w, int *h);
/* Bytes written, 0 when it does not take any now, -1 when it is gone. */
ssize_t tty_write(struct tty *t, const char *s, size_t n);
/* Writes what it can within ms; for the end sequence. Returns how much. */
size_t tty_write_within(struct tty *t, const char *s, size_t n, int ms);
/* A crash or the end of memory restores this terminal first. One terminal a
 * process. */
void tty_guard(struct tty *t);
void tty_unguard(void);
/* What the guard does, without allocating. */
void tty_rescue(void);

#endif
