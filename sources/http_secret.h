/* Secrets from files and commands. */
#ifndef SOURCES_HTTP_SECRET_H
#define SOURCES_HTTP_SECRET_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"

struct uv_loop_s;
struct secret_command;

/* Bytes of a secret; more is refused. */
#define SECRET_MAX ((size_t)64 << 10)

/* Appends what the file holds now, without the white space around it. -1 with
 * a sentence (EXIT_REFUSED) that never repeats it: also if it is empty or has
 * more than one line, and, where `secret`, if others may read or own it. */
int secret_file(const char *path, bool secret, struct buf *out, struct err *e);
/* The same rule for a file that somebody else reads. */
int secret_file_is_ours(const char *path, struct err *e);

/* Runs a program without a shell, a terminal, an input, or the secrets of our
 * environment; what it prints is the secret. done() is called once, from the
 * loop: `why` is NULL or a sentence. */
struct secret_command *secret_command_start(
	struct uv_loop_s *loop, const char *const *argv, time_ms timeout,
	void (*done)(const char *secret, const char *why, void *arg),
	void *arg);
/* Kills it; done() is not called. It frees itself from the loop. */
void secret_command_cancel(struct secret_command *s);

#endif
