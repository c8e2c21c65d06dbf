#include "sources/http_secret.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* ---- text --------------------------------------------------------------- */

/* The text without the white space around it; cuts s. */
static char *trim(char *s)
{
	s += strspn(s, " \t\r\n");
	size_t n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* Why it cannot go into a header, or NULL. `n` bytes were read. */
static const char *unusable(const char *s, size_t n)
{
	if (n > SECRET_MAX)
		return "holds more than 64 kB";
	if (!*s)
		return "is empty";
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return "holds more than one line of text";
	return NULL;
}

/* ---- files -------------------------------------------------------------- */

static int refuse(const char *path, const char *why, const char *now,
		  struct err *e)
{
	struct buf shown;
	buf_init(&shown, 160);
	text_clean(&shown, path, strlen(path));
	err_set(e, EXIT_REFUSED, "%s %s; %s", buf_text(&shown), why, now);
	buf_release(&shown);
	return -1;
}

static int check_stat(const char *path, const struct stat *st, bool secret,
		      struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return refuse(path, "is not a file", "name the file with the "
			      "secret", e);
	if (secret && st->st_uid != geteuid() && st->st_uid != 0)
		return refuse(path, "belongs to somebody else", "make it yours "
			      "(chown)", e);
	if (secret && (st->st_mode & 077))
		return refuse(path, "can be read or written by others",
			      "chmod 600 it", e);
	return 0;
}

/* Never waits, whatever stands there. */
static int open_checked(const char *path, bool secret, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		char why[100];
		snprintf(why, sizeof(why), "cannot be read (%s)",
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return refuse(path, why, "check its path and rights", e);
	}
	if (check_stat(path, &st, secret, e) == 0)
		return fd;
	close(fd);
	return -1;
}

int secret_file_is_ours(const char *path, struct err *e)
{
	int fd = open_checked(path, true, e);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int secret_file(const char *path, bool secret, struct buf *out, struct err *e)
{
	int fd = open_checked(path, secret, e), rc = 0;
	if (fd < 0)
		return -1;
	char *text = mem_zero(1, SECRET_MAX + 2);
	size_t n = 0;
	for (ssize_t k; n <= SECRET_MAX; n += (size_t)k) {
		k = read(fd, text + n, SECRET_MAX + 1 - n);
		if (k <= 0)
			break;
	}
	close(fd);
	bool cut = strlen(text) < n;
	char *s = trim(text);
	const char *why = cut ? "holds a NUL character" : unusable(s, n);
	if (why)
		rc = refuse(path, why, "write the secret into it", e);
	else
		buf_str(out, s);
	explicit_bzero(text, SECRET_MAX + 2);
	free(text);
	return rc;
}

/* ---- commands ----------------------------------------------------------- */

struct secret_command {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned open;           /* handles */
	bool exited, drained, over;
	int64_t status;
	int signal;
	char *program;           /* clean */
	struct buf out;
	char piece[4096];
	void (*done)(const char *secret, const char *why, void *arg);
	void *arg;
};

static void on_closed(uv_handle_t *handle)
{
	struct secret_command *s = handle->data;
	if (--s->open)
		return;
	if (s->out.s)
		explicit_bzero(s->out.s, s->out.len);
	explicit_bzero(s->piece, sizeof(s->piece));
	buf_release(&s->out);
	free(s->program);
	free(s);
}

static void end(struct secret_command *s)
{
	s->over = true;
	if (!s->exited && s->process.pid > 0)
		kill(-s->process.pid, SIGKILL);
	uv_close((uv_handle_t *)&s->pipe, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
	/* One that was killed is still to be waited for. */
	if (s->exited || s->process.pid <= 0)
		uv_close((uv_handle_t *)&s->process, on_closed);
}

static void fail(struct secret_command *s, const char *what, const char *now)
{
	char why[300];
	snprintf(why, sizeof(why), "the command for the credentials %s: %s; %s",
		 what, s->program, now);
	s->done(NULL, why, s->arg);
	end(s);
}

static void finish(struct secret_command *s)
{
	static const char now[] = "run it by hand to see why";
	char what[80];
	char *text = s->out.s ? s->out.s : (char[]){ "" };
	const char *why;
	if (s->signal || s->status) {
		snprintf(what, sizeof(what), "%s %d", s->signal
			 ? "was ended by signal" : "ended with",
			 s->signal ? s->signal : (int)s->status);
		fail(s, what, now);
		return;
	}
	text = trim(text);
	why = unusable(text, s->out.len);
	if (why) {
		snprintf(what, sizeof(what), "printed what %s", why);
		fail(s, *text ? what : "printed nothing", now);
		return;
	}
	s->done(text, NULL, s->arg);
	end(s);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signum)
{
	struct secret_command *s = process->data;
	s->exited = true;
	s->status = status;
	s->signal = signum;
	if (s->over)
		uv_close((uv_handle_t *)process, on_closed);
	else if (s->drained)
		finish(s);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct secret_command *s = handle->data;
	(void)size;
	*out = uv_buf_init(s->piece, sizeof(s->piece));
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *b)
{
	struct secret_command *s = pipe->data;
	if (s->over)
		return;
	if (n > 0)
		buf_add(&s->out, b->base, (size_t)n);
	if (n > 0 && s->out.len > SECRET_MAX) {
		fail(s, "prints more than 64 kB", "it shall print the secret");
	} else if (n < 0) {
		s->drained = true;
		if (s->exited)
			finish(s);
	}
}

static void on_late(uv_timer_t *timer)
{
	struct secret_command *s = timer->data;
	char span[TIME_TEXT], what[80];
	time_ms limit = (time_ms)uv_timer_get_repeat(timer);
	if (s->exited) { /* something that it started holds the pipe */
		finish(s);
		return;
	}
	snprintf(what, sizeof(what), "did not end within %s",
		 time_within(limit, span));
	fail(s, what, "it must not ask anybody");
}

/* Ours may hold secrets that are none of its business. */
static char **own_environment(void)
{
	static const char *const hidden[] = { "REDTOP_TOKEN=",
					      "PROMETHEUS_URL=" };
	size_t n = 0, kept = 0;
	while (environ[n])
		n++;
	char **own = mem_zero(n + 1, sizeof(*own));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], hidden[0], strlen(hidden[0])) != 0
		    && strncmp(environ[i], hidden[1], strlen(hidden[1])) != 0)
			own[kept++] = environ[i];
	return own;
}

static int spawn(struct secret_command *s, uv_loop_t *loop,
		 const char *const *argv)
{
	char **env = own_environment();
	size_t n = 0;
	while (argv[n])
		n++;
	char **args = mem_zero(n + 1, sizeof(*args));
	for (size_t i = 0; i < n; i++)
		args[i] = (char *)argv[i];
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&s->pipe },
		{ .flags = UV_IGNORE },
	};
	/* Detached: a group of its own, and no terminal to draw upon. */
	uv_process_options_t o = {
		.exit_cb = on_exit_of, .file = args[0], .args = args,
		.env = env, .flags = UV_PROCESS_DETACHED,
		.stdio_count = 3, .stdio = stdio,
	};
	int rc = uv_spawn(loop, &s->process, &o);
	free(args);
	free(env);
	return rc;
}

static void on_unspawned(uv_timer_t *timer)
{
	struct secret_command *s = timer->data;
	char what[100];
	snprintf(what, sizeof(what), "cannot be run (%s)",
		 uv_strerror((int)s->status));
	fail(s, what, "check its path");
}

struct secret_command *secret_command_start(
	struct uv_loop_s *loop, const char *const *argv, time_ms timeout,
	void (*done)(const char *secret, const char *why, void *arg),
	void *arg)
{
	struct secret_command *s = mem_zero(1, sizeof(*s));
	struct buf program;
	buf_init(&program, 80);
	text_clean(&program, argv[0], strlen(argv[0]));
	s->program = mem_strdup(buf_text(&program));
	buf_release(&program);
	buf_init(&s->out, 0);
	s->done = done;
	s->arg = arg;
	s->open = 3;
	uv_pipe_init(loop, &s->pipe, 0);
	uv_timer_init(loop, &s->timer);
	s->pipe.data = s->timer.data = s->process.data = s;
	int rc = spawn(s, loop, argv);
	if (rc < 0) { /* said from the loop, like everything else */
		s->process.pid = 0;
		s->status = rc;
		uv_timer_start(&s->timer, on_unspawned, 0, 0);
		return s;
	}
	uv_timer_start(&s->timer, on_late, (uint64_t)timeout,
		       (uint64_t)timeout);
	uv_read_start((uv_stream_t *)&s->pipe, on_alloc, on_read);
	return s;
}

void secret_command_cancel(struct secret_command *s)
{
	end(s);
}
