/* Runs a profile's credential_process: without a shell, a terminal or an
 * input, in a group of its own that is killed when it takes too long. It gets
 * the whole environment, as the SDKs give it. */
#ifndef SOURCES_AWS_PROCESS_H
#define SOURCES_AWS_PROCESS_H

#include "base/clock.h"

#include <stddef.h>

struct uv_loop_s;
struct aws_process;

/* The words of a command as a POSIX shell splits them: quotes and backslashes,
 * nothing is expanded. The list ends in NULL, and may hold secrets. NULL, with
 * a clause, when a quote is open or there is no word. */
char **aws_words(const char *command, const char **why);
void aws_words_free(char **words); /* overwrites; also NULL */

/* done() is called once, from the loop, when the process is dead: with what it
 * printed, or with a clause ("ended with 1") as `why`. */
struct aws_process *aws_process_start(
	struct uv_loop_s *loop, char *const *words, time_ms timeout,
	void (*done)(const char *out, size_t n, const char *why, void *arg),
	void *arg);
/* Kills it; done() is not called. It frees itself from the loop. */
void aws_process_cancel(struct aws_process *p);

#endif
