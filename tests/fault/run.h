/* Redtop run once as a child, and what it cost. The test program is also the
 * stopwatch around it (`measured`), and, where libc or OpenSSL must lie to it,
 * redtop itself (`as-redtop`): its main() begins with
 *
 *	if (run_is_ours(argc, argv))
 *		return run_ours(argc, argv);
 */
#ifndef TESTS_FAULT_RUN_H
#define TESTS_FAULT_RUN_H

#include "base/buf.h"
#include "base/mem.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define main redtop_main
#include "app/main.c"
#undef main

#ifdef __SANITIZE_ADDRESS__
#define RUN_SANITIZED true
#else
#define RUN_SANITIZED false
#endif

#define RUN_WORDS 24
#define RUN_GUARD 30    /* s: it hangs */
#define RUN_RSS_KB (96 * 1024)

struct run {
	const char *argv[RUN_WORDS + 4];
	size_t nr;
	bool within;    /* redtop inside of this program */
	pid_t pid;
	int out_fd, err_fd, rss_fd;
	struct timespec began;
	/* When it has ended: */
	int code;       /* exit status, or 128 + signal */
	long ms, rss_kb;
	struct buf out, err;
	cJSON *json;    /* of out, or NULL */
};

/* Words end with NULL. */
#define RUN(r, ...) run_words(r, (const char *const[]){ __VA_ARGS__, NULL })

static inline void run_words(struct run *r, const char *const *words)
{
	for (; *words && r->nr < RUN_WORDS; words++)
		r->argv[r->nr++] = *words;
}

static inline int run_file(void)
{
	return memfd_create("run", 0);
}

/* Behind a fork of a program with threads nothing may be allocated: one of
 * them may have held the allocator's lock, and the sanitizer's stays locked. */
static inline void run_exec(struct run *r)
{
	const char *argv[RUN_WORDS + 4] = { "run", "measured", NULL };
	const char *redtop = getenv("REDTOP");
	char fd[16];
	size_t n = 2;
	alarm(RUN_GUARD);
	snprintf(fd, sizeof(fd), "%d", r->rss_fd);
	argv[n++] = fd;
	if (r->within || RUN_SANITIZED) {
		argv[n++] = "/proc/self/exe";
		argv[n++] = "as-redtop";
	} else {
		argv[n++] = redtop && *redtop ? redtop : "./redtop";
	}
	for (size_t i = 0; i < r->nr && n + 1 < RUN_WORDS + 4; i++)
		argv[n++] = r->argv[i];
	setpgid(0, 0);
	dup2(r->out_fd, STDOUT_FILENO);
	dup2(r->err_fd, STDERR_FILENO);
	execv("/proc/self/exe", (char *const *)argv);
	_exit(127);
}

static inline void run_start(struct run *r)
{
	r->out_fd = run_file();
	r->err_fd = run_file();
	r->rss_fd = run_file();
	buf_init(&r->out, 0);
	buf_init(&r->err, 0);
	/* What the command line owns lives as long as the program. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
	clock_gettime(CLOCK_MONOTONIC, &r->began);
	r->pid = fork();
	if (r->pid == 0)
		run_exec(r);
}

static inline void run_read(int fd, struct buf *out)
{
	char piece[65536];
	ssize_t n;
	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(out, piece, (size_t)n);
	close(fd);
}

static inline void run_end(struct run *r)
{
	struct timespec now;
	struct buf rss;
	int status = 0;
	while (waitpid(r->pid, &status, 0) < 0)
		;
	clock_gettime(CLOCK_MONOTONIC, &now);
	kill(-r->pid, SIGKILL); /* if the guard rang */
	r->ms = (now.tv_sec - r->began.tv_sec) * 1000
		+ (now.tv_nsec - r->began.tv_nsec) / 1000000;
	r->code = WIFEXITED(status) ? WEXITSTATUS(status)
				    : 128 + WTERMSIG(status);
	run_read(r->out_fd, &r->out);
	run_read(r->err_fd, &r->err);
	buf_init(&rss, 0);
	run_read(r->rss_fd, &rss);
	r->rss_kb = atol(buf_text(&rss));
	buf_release(&rss);
	r->json = cJSON_ParseWithOpts(buf_text(&r->out), NULL, 0);
}

static inline void run_free(struct run *r)
{
	cJSON_Delete(r->json);
	buf_release(&r->out);
	buf_release(&r->err);
}

static inline bool run_is_ours(int argc, char **argv)
{
	return argc > 2 && (strcmp(argv[1], "measured") == 0
			    || strcmp(argv[1], "as-redtop") == 0);
}

/* A fork of a small process: what Linux calls the largest size of a child
 * includes what it was before exec(). */
static inline int run_measured(char **argv)
{
	struct rusage u;
	int status = 0, fd = atoi(argv[2]);
	char text[32];
	pid_t pid = fork();
	if (pid == 0) {
		close(fd);
		execv(argv[3], argv + 3);
		_exit(127);
	}
	wait4(pid, &status, 0, &u);
	snprintf(text, sizeof(text), "%ld", u.ru_maxrss);
	if (write(fd, text, strlen(text)) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

static inline int run_ours(int argc, char **argv)
{
	if (strcmp(argv[1], "measured") == 0)
		return run_measured(argv);
	argv[1] = argv[0];
	return redtop_main(argc - 1, argv + 1);
}

/* ---- what the JSON says ------------------------------------------------- */

static inline cJSON *json_get(cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static inline const char *json_text(cJSON *o, const char *name)
{
	const char *s = cJSON_GetStringValue(json_get(o, name));
	return s ? s : "";
}

/* The element of a list whose member is that text, or NULL. */
static inline cJSON *json_find(cJSON *root, const char *list, const char *member,
			       const char *text)
{
	cJSON *e, *l = json_get(root, list);
	cJSON_ArrayForEach(e, l)
		if (strcmp(json_text(e, member), text) == 0)
			return e;
	return NULL;
}

static inline cJSON *json_source(struct run *r, const char *name)
{
	return json_find(r->json, "sources", "name", name);
}

#endif
