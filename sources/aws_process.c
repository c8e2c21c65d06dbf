#include "sources/aws_process.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/aws_grant.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* What a process leaves behind may hold its pipe; whatever itself wrote is in
 * it by then. */
#define LINGER ((uint64_t)100)

/* ---- words -------------------------------------------------------------- */

struct splitter {
	const char *at;
	char *out;               /* never longer than what is read */
	const char *why;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands after a backslash. */
static void take_escaped(struct splitter *s)
{
	if (*s->at)
		*s->out++ = *s->at++;
	else
		s->why = "ends with a backslash";
}

static void take_quoted(struct splitter *s, char quote)
{
	while (*s->at && *s->at != quote) {
		char c = *s->at++;
		bool escape = c == '\\' && quote == '"' && *s->at
			      && strchr("\"\\", *s->at);
		*s->out++ = escape ? *s->at++ : c;
	}
	if (*s->at)
		s->at++;
	else
		s->why = "has an open quote";
}

static void take_word(struct splitter *s)
{
	while (*s->at && !is_space(*s->at) && !s->why) {
		char c = *s->at++;
		if (c == '\\')
			take_escaped(s);
		else if (c == '"' || c == '\'')
			take_quoted(s, c);
		else
			*s->out++ = c;
	}
	*s->out++ = '\0';
}

/* The words lie in one piece behind the list. */
char **aws_words(const char *command, const char **why)
{
	size_t n = strlen(command) + 2, nr = 0;
	char **words = mem_zero((LIMIT_WORDS + 1) * sizeof(*words) + n, 1);
	struct splitter s = { .at = command,
			      .out = (char *)(words + LIMIT_WORDS + 1) };
	for (;;) {
		while (is_space(*s.at))
			s.at++;
		if (!*s.at || s.why)
			break;
		if (nr == LIMIT_WORDS) {
			s.why = "has more than 256 words";
			break;
		}
		words[nr++] = s.out;
		take_word(&s);
	}
	if (!s.why && (!nr || !*words[0]))
		s.why = "names no program";
	if (!s.why)
		return words;
	*why = s.why;
	aws_words_free(words);
	return NULL;
}

void aws_words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		explicit_bzero(words[i], strlen(words[i]));
	free(words);
}

/* ---- the process -------------------------------------------------------- */

struct aws_process {
	uv_process_t process;
	uv_pipe_t pipe;
	uv_timer_t timer;
	unsigned open;           /* handles */
	bool exited, drained, over;
	int64_t status;
	int signal;
	char why[AWS_WHY];       /* "" so far */
	struct buf out;          /* a secret */
	char piece[4096];
	void (*done)(const char *out, size_t n, const char *why, void *arg);
	void *arg;
};

static void on_closed(uv_handle_t *handle)
{
	struct aws_process *p = handle->data;
	if (--p->open)
		return;
	aws_secret_release(&p->out);
	explicit_bzero(p->piece, sizeof(p->piece));
	free(p);
}

static void end(struct aws_process *p)
{
	p->over = true;
	uv_close((uv_handle_t *)&p->pipe, on_closed);
	uv_close((uv_handle_t *)&p->timer, on_closed);
	/* One that was killed is still to be waited for. */
	if (p->exited)
		uv_close((uv_handle_t *)&p->process, on_closed);
}

static void finish(struct aws_process *p)
{
	if (!p->why[0] && (p->signal || p->status))
		snprintf(p->why, sizeof(p->why), "%s %d", p->signal
			 ? "was ended by signal" : "ended with",
			 p->signal ? p->signal : (int)p->status);
	p->done(buf_text(&p->out), p->out.len, p->why[0] ? p->why : NULL,
		p->arg);
	end(p);
}

static void kill_group(struct aws_process *p)
{
	if (!p->exited && p->process.pid > 0)
		kill(-p->process.pid, SIGKILL);
}

static void on_linger(uv_timer_t *timer)
{
	finish(timer->data);
}

static void on_exit_of(uv_process_t *process, int64_t status, int signum)
{
	struct aws_process *p = process->data;
	p->exited = true;
	p->status = status;
	p->signal = signum;
	if (p->over)
		uv_close((uv_handle_t *)process, on_closed);
	else if (p->drained || p->why[0])
		finish(p);
	else
		uv_timer_start(&p->timer, on_linger, LINGER, 0);
}

/* finish() follows when it is dead. */
static void give_up(struct aws_process *p, const char *why)
{
	if (p->why[0])
		return;
	snprintf(p->why, sizeof(p->why), "%s", why);
	uv_timer_stop(&p->timer);
	kill_group(p);
	if (p->exited)
		finish(p);
}

static void on_late(uv_timer_t *timer)
{
	struct aws_process *p = timer->data;
	char span[TIME_TEXT], why[AWS_WHY];
	time_ms limit = (time_ms)uv_timer_get_repeat(timer);
	snprintf(why, sizeof(why), "did not end within %s",
		 time_within(limit, span));
	give_up(p, why);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
	struct aws_process *p = handle->data;
	(void)size;
	*out = uv_buf_init(p->piece, sizeof(p->piece));
}

static void on_read(uv_stream_t *pipe, ssize_t n, const uv_buf_t *b)
{
	struct aws_process *p = pipe->data;
	if (p->over || p->why[0])
		return;
	if (n > 0)
		buf_add(&p->out, b->base, (size_t)n);
	if (p->out.full) {
		give_up(p, "prints more than 64 kB");
	} else if (n < 0) {
		p->drained = true;
		if (p->exited)
			finish(p);
	}
}

static int spawn(struct aws_process *p, uv_loop_t *loop, char *const *words)
{
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		  .data.stream = (uv_stream_t *)&p->pipe },
		{ .flags = UV_IGNORE },
	};
	/* Detached: a group of its own, and no terminal to draw upon. */
	uv_process_options_t o = {
		.exit_cb = on_exit_of, .file = words[0], .args = (char **)words,
		.flags = UV_PROCESS_DETACHED, .stdio_count = 3, .stdio = stdio,
	};
	return uv_spawn(loop, &p->process, &o);
}

static void on_unspawned(uv_timer_t *timer)
{
	struct aws_process *p = timer->data;
	snprintf(p->why, sizeof(p->why), "cannot be run (%.50s)",
		 uv_strerror((int)p->status));
	finish(p);
}

struct aws_process *aws_process_start(
	struct uv_loop_s *loop, char *const *words, time_ms timeout,
	void (*done)(const char *out, size_t n, const char *why, void *arg),
	void *arg)
{
	struct aws_process *p = mem_zero(1, sizeof(*p));
	aws_secret_init(&p->out, LIMIT_CREDENTIALS);
	p->done = done;
	p->arg = arg;
	p->open = 3;
	uv_pipe_init(loop, &p->pipe, 0);
	uv_timer_init(loop, &p->timer);
	p->pipe.data = p->timer.data = p->process.data = p;
	int rc = spawn(p, loop, words);
	if (rc < 0) { /* said from the loop, like everything else */
		p->exited = true;
		p->status = rc;
		uv_timer_start(&p->timer, on_unspawned, 0, 0);
		return p;
	}
	uv_timer_start(&p->timer, on_late, (uint64_t)timeout,
		       (uint64_t)timeout);
	uv_read_start((uv_stream_t *)&p->pipe, on_alloc, on_read);
	return p;
}

void aws_process_cancel(struct aws_process *p)
{
	kill_group(p);
	end(p);
}
