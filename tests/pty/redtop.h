/* The program in a terminal, for the tests beside this file: how it is
 * started, and what they wait for. Includes the terminal itself. */
#ifndef TESTS_PTY_REDTOP_H
#define TESTS_PTY_REDTOP_H

#include "tests/pty/pty.c"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SOON 15000  /* ms: what must happen, on however slow a machine */
#define PROMPT 2000 /* ms: what the contract promises in 50 to 500 */

/* No file, server or setting of whoever runs the tests is seen, and nothing
 * can be written, not even by root. */
#define AT_HOME                                                            \
	"HOME=/dev/null", "XDG_DATA_HOME", "XDG_CONFIG_HOME",           \
	"XDG_STATE_HOME", "XDG_CACHE_HOME", "PROMETHEUS_URL",              \
	"REDTOP_CONFIG", "XDG_CONFIG_DIRS=/dev/null",                      \
	"REDTOP_GRAPH", "http_proxy", "HTTP_PROXY", "all_proxy",           \
	"ALL_PROXY"

static inline const char *redtop(void)
{
	const char *path = getenv("REDTOP");
	return path && *path ? path : "./redtop";
}

/* `argument` NULL: bare redtop. `env` NULL: only AT_HOME. */
static inline struct pty *start(const char *argument, const char *const *env,
				const char *term, int w, int h)
{
	static const char *const home[] = { AT_HOME, NULL };
	const char *argv[] = { redtop(), argument, NULL };
	return pty_start(&(struct pty_options){ .argv = argv,
						.env = env ? env : home,
						.term = term, .w = w, .h = h });
}

struct in_row {
	int y;
	const char *text;
};

static inline bool row_has(struct pty *p, void *arg)
{
	const struct in_row *at = arg;
	return strstr(pty_row(p, at->y), at->text) != NULL;
}

static inline bool wait_row(struct pty *p, int y, const char *text, int ms)
{
	struct in_row at = { y, text };
	return or_print(p, pty_wait(p, row_has, &at, ms), text);
}

/* The key line of the overview stands in the last row: a whole frame. */
static inline bool wait_overview(struct pty *p)
{
	return pty_wait_text(p, "LIVE", SOON) && pty_wait_text(p, "rate/s", SOON)
	       && wait_row(p, p->h - 1, "q quit", SOON)
	       && pty_wait_gone(p, "waiting", SOON);
}

static inline struct pty *start_demo(int w, int h)
{
	struct pty *p = start("demo", NULL, NULL, w, h);
	assert_true(wait_overview(p));
	return p;
}

/* What is not moved by time: the same screen until a key comes. */
static inline struct pty *start_paused_demo(int w, int h)
{
	struct pty *p = start_demo(w, h);
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "PAUSED", PROMPT));
	assert_true(pty_wait_quiet(p, 300, SOON));
	return p;
}

/* Caller frees. */
static inline char *screen_copy(struct pty *p)
{
	return mem_strdup(pty_screen(p));
}

static inline bool is_screen(struct pty *p, void *screen)
{
	return strcmp(pty_screen(p), screen) == 0;
}

static inline bool wait_screen(struct pty *p, char *screen, int ms)
{
	return or_print(p, pty_wait(p, is_screen, screen, ms), screen);
}

/* What stands there is what a redraw from nothing puts there. */
static inline void assert_screen_is_whole(struct pty *p)
{
	char *picture = screen_copy(p);
	pty_press(p, "Ctrl-L");
	assert_true(pty_wait_quiet(p, 300, SOON));
	assert_string_equal(pty_screen(p), picture);
	free(picture);
}

/* `q` ends it with 0 and leaves the terminal as it was. */
static inline void quit(struct pty *p)
{
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_true(pty_is_whole(p));
	pty_free(p);
}

/* The row of the chosen service or line, or -1. */
static inline int marked_row(struct pty *p)
{
	for (int y = 0; y < p->h; y++)
		if (strncmp(pty_row(p, y), "▌", strlen("▌")) == 0)
			return y;
	return -1;
}

static inline bool mark_is_at(struct pty *p, void *y)
{
	return marked_row(p) == *(int *)y;
}

static inline bool wait_mark(struct pty *p, int y)
{
	return or_print(p, pty_wait(p, mark_is_at, &y, PROMPT), "the mark");
}

/* Accepts (the kernel does) and never answers. Returns the socket. */
static inline int hanging_server(char url[64])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0
	    || listen(fd, 64) < 0
	    || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		die("a server");
	snprintf(url, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

#endif
