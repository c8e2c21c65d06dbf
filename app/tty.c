#include "app/tty.h"

#include "base/mem.h"
#include "tui/screen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

struct tty {
	int fd;
	struct termios saved;
	bool raw;
};

/* A signal handler can reach nothing else: one terminal a process. */
static struct tty *volatile guarded;

#define RESCUE_STACK ((size_t)64 << 10)

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

struct tty *tty_open(struct err *e)
{
	const char *name = isatty(STDOUT_FILENO) ? ttyname(STDOUT_FILENO)
						 : ttyname(STDIN_FILENO);
	int fd = open(name ? name : "/dev/tty",
		      O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct tty *t = mem_zero(1, sizeof(*t));
	t->fd = fd;
	if (fd < 0 || tcgetattr(fd, &t->saved) < 0) {
		err_set(e, EXIT_USAGE, "no terminal: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		free(t);
		return NULL;
	}
	return t;
}

void tty_close(struct tty *t)
{
	if (!t)
		return;
	if (guarded == t)
		tty_unguard();
	tty_restore(t);
	close(t->fd);
	free(t);
}

int tty_fd(const struct tty *t)
{
	return t->fd;
}

void tty_raw(struct tty *t)
{
	struct termios raw = t->saved;
	raw.c_iflag &= (tcflag_t) ~(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | IEXTEN);
	raw.c_lflag |= ISIG;
	raw.c_oflag &= (tcflag_t)~OPOST;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(t->fd, TCSANOW, &raw);
	t->raw = true;
}

void tty_restore(struct tty *t)
{
	if (t->raw)
		tcsetattr(t->fd, TCSANOW, &t->saved);
	t->raw = false;
}

void tty_size(const struct tty *t, int *w, int *h)
{
	struct winsize ws = { 0 };
	if (ioctl(t->fd, TIOCGWINSZ, &ws) < 0)
		ws = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	*w = ws.ws_col ? ws.ws_col : 1;
	*h = ws.ws_row ? ws.ws_row : 1;
}

ssize_t tty_write(struct tty *t, const char *s, size_t n)
{
	ssize_t k = write(t->fd, s, n);
	if (k >= 0)
		return k;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000
	       + (now.tv_nsec - since->tv_nsec) / 1000000;
}

size_t tty_write_within(struct tty *t, const char *s, size_t n, int ms)
{
	struct timespec start;
	size_t done = 0;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (done < n) {
		ssize_t k = tty_write(t, s + done, n - done);
		if (k < 0)
			break;
		done += (size_t)k;
		if (k > 0)
			continue;
		long left = ms - elapsed_ms(&start);
		struct pollfd p = { .fd = t->fd, .events = POLLOUT };
		if (left <= 0 || poll(&p, 1, (int)left) == 0
		    || (p.revents & (POLLERR | POLLHUP)))
			break;
	}
	return done;
}

void tty_rescue(void)
{
	struct tty *t = guarded;
	if (!t)
		return;
	guarded = NULL;
	ssize_t n = write(t->fd, screen_rescue, screen_rescue_len);
	(void)n;
	tcsetattr(t->fd, TCSANOW, &t->saved);
}

/* SA_RESETHAND has put the default back: raising again ends the process by
 * that very signal. */
static void on_crash(int signum)
{
	tty_rescue();
	raise(signum);
}

void tty_guard(struct tty *t)
{
	static char stack[RESCUE_STACK];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_crash,
				.sa_flags = SA_ONSTACK | (int)SA_RESETHAND };
	guarded = t;
	mem_dying = tty_rescue;
	sigaltstack(&ss, NULL);
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		sigaction(crashes[i], &sa, NULL);
}

void tty_unguard(void)
{
	guarded = NULL;
	mem_dying = NULL;
}
