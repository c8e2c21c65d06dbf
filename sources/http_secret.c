#include "sources/http_secret.h"

#include "base/mem.h"
#include "base/text.h"
#include "sources/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	struct child *child;
	char *program;           /* clean */
	void (*done)(const char *secret, const char *why, void *arg);
	void *arg;
};

static void command_free(struct secret_command *s)
{
	free(s->program);
	free(s);
}

static void fail(struct secret_command *s, const char *what, const char *now)
{
	char why[300];
	snprintf(why, sizeof(why), "the command for the credentials %s: %s; %s",
		 what, s->program, now);
	s->done(NULL, why, s->arg);
}

static void take(struct secret_command *s, const char *out, size_t n)
{
	char *copy = mem_zero(n + 1, 1), what[80];
	memcpy(copy, out, n);
	const char *text = trim(copy), *why = unusable(text, n);
	snprintf(what, sizeof(what), "printed what %s", why ? why : "");
	if (why)
		fail(s, *text ? what : "printed nothing",
		     "run it by hand to see why");
	else
		s->done(text, NULL, s->arg);
	explicit_bzero(copy, n);
	free(copy);
}

static void on_child(const char *out, size_t n, enum child_end end,
		     const char *why, void *arg)
{
	static const char *const now[] = {
		[CHILD_UNSTARTED] = "check its path",
		[CHILD_LATE] = "it must not ask anybody",
		[CHILD_LOUD] = "it shall print the secret",
		[CHILD_FAILED] = "run it by hand to see why",
	};
	struct secret_command *s = arg;
	if (end == CHILD_DONE)
		take(s, out, n);
	else
		fail(s, why, now[end]);
	command_free(s);
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
	s->done = done;
	s->arg = arg;
	s->child = child_start(loop, argv, timeout, on_child, s);
	return s;
}

void secret_command_cancel(struct secret_command *s)
{
	child_cancel(s->child);
	command_free(s);
}
