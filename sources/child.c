#include "sources/child.h"

#include "base/buf.h"
#include "base/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* What a process leaves behind may hold its pipe; whatever itself wrote is in
 * it by then. */
#define LINGER ((uint64_t)100)
#define WHY 100

struct child {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned open;           /* handles */
	bool exited, drained, over;
	int64_t status;
	int signal;
	enum child_end end;
	char why[WHY];           /* "" so far */
	struct buf out;          /* a secret: never moved */
	char piece[4096];
	void (*done)(const char *out, size_t n, enum child_end end,
		     const char *why, void *arg);
	void *arg;
};

static void on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;
	if (--c->open)
		return;
	explicit_bzero(c->out.s, c->out.cap);
	explicit_bzero(c->piece, sizeof(c->piece));
	buf_release(&c->out);
	free(c);
}

static void end(struct child *c)
{
	c->over = true;
	uv_close((uv_handle_t *)&c->pipe, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	/* One that was killed is still to be waited for. */
	if (c->exited)
		uv_close((uv_handle_t *)&c->process, on_closed);
}

static void finish(struct child *c)
{
	if (!c->why[0] && (c->signal || c->status)) {
		c->end = CHILD_FAILED;
		snprintf(c->why, sizeof(c->why), "%s %d", c->signal
			 ? "was ended by signal" : "ended with",
			 c->signal ? c->signal : (int)c->status);
	}
	c->done(buf_text(&c->out), c->out.len, c->end,
		c->why[0] ? c->why : NULL, c->arg);
	end(c);
}

static void kill_group(struct child *c)
{
	if (!c->exited && c->process.pid > 0)
		kill(-c->process.pid, SIGKILL);
}

static void on_linger(uv_timer_t *timer)
{
	finish(timer->data);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signum)
{
	struct child *c = process->data;
	c->exited = true;
	c->status = status;
	c->signal = signum;
	if (c->over)
		uv_close((uv_handle_t *)process, on_closed);
	else if (c->drained || c->why[0])
		finish(c);
	else
		uv_timer_start(&c->timer, on_linger, LINGER, 0);
}

/* finish() follows when it is dead. */
static void give_up(struct child *c, enum child_end why, const char *text)
{
	if (c->why[0])
		return;
	c->end = why;
	snprintf(c->why, sizeof(c->why), "%s", text);
	uv_timer_stop(&c->timer);
	kill_group(c);
	if (c->exited)
		finish(c);
}

static void on_late(uv_timer_t *timer)
{
	struct child *c = timer->data;
	char span[TIME_TEXT], why[WHY];
	time_ms limit = (time_ms)uv_timer_get_repeat(timer);
	snprintf(why, sizeof(why), "did not end within %s",
		 time_within(limit, span));
	give_up(c, CHILD_LATE, why);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct child *c = handle->data;
	(void)size;
	*out = uv_buf_init(c->piece, sizeof(c->piece));
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *b)
{
	struct child *c = pipe->data;
	if (c->over || c->why[0])
		return;
	if (n > 0)
		buf_add(&c->out, b->base, (size_t)n);
	if (c->out.full) {
		give_up(c, CHILD_LOUD, "prints more than 64 kB");
	} else if (n < 0) {
		c->drained = true;
		if (c->exited)
			finish(c);
	}
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

static int spawn(struct child *c, uv_loop_t *loop, const char *const *argv)
{
	char **env = own_environment();
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&c->pipe },
		{ .flags = UV_IGNORE },
	};
	/* Detached: a group of its own, and no terminal to draw upon. */
	uv_process_options_t o = {
		.exit_cb = on_exit_of, .file = argv[0], .args = (char **)argv,
		.env = env, .flags = UV_PROCESS_DETACHED,
		.stdio_count = 3, .stdio = stdio,
	};
	int rc = uv_spawn(loop, &c->process, &o);
	free(env);
	return rc;
}

static void on_unspawned(uv_timer_t *timer)
{
	struct child *c = timer->data;
	c->end = CHILD_UNSTARTED;
	snprintf(c->why, sizeof(c->why), "cannot be run (%.50s)",
		 uv_strerror((int)c->status));
	finish(c);
}

struct child *child_start(
	struct uv_loop_s *loop, const char *const *argv, time_ms timeout,
	void (*done)(const char *out, size_t n, enum child_end end,
		     const char *why, void *arg),
	void *arg)
{
	struct child *c = mem_zero(1, sizeof(*c));
	buf_init(&c->out, CHILD_MAX);
	c->out.s = mem_zero(CHILD_MAX + 1, 1);
	c->out.cap = CHILD_MAX + 1;
	c->done = done;
	c->arg = arg;
	c->open = 3;
	uv_pipe_init(loop, &c->pipe, 0);
	uv_timer_init(loop, &c->timer);
	c->pipe.data = c->timer.data = c->process.data = c;
	int rc = spawn(c, loop, argv);
	if (rc < 0) { /* said from the loop, like everything else */
		c->exited = true;
		c->status = rc;
		uv_timer_start(&c->timer, on_unspawned, 0, 0);
		return c;
	}
	uv_timer_start(&c->timer, on_late, (uint64_t)timeout,
		       (uint64_t)timeout);
	uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
	return c;
}

void child_cancel(struct child *c)
{
	kill_group(c);
	end(c);
}
