#include "app/rulesfile.h"

#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct rules rules_of_spec(const struct spec *s, struct arena *a)
{
	struct slo_def *d = arena_alloc(a, (s->nr_slos + 1) * sizeof(*d));
	for (size_t i = 0; i < s->nr_slos; i++) {
		d[i] = s->slo[i].def;
		if (!s->slo[i].nr_unsupported)
			continue;
		d[i].errors = d[i].total = d[i].ratio = d[i].recorded = NULL;
	}
	return (struct rules){ .slo = d, .nr_slos = s->nr_slos,
			       .threshold = s->threshold,
			       .nr_thresholds = s->nr_thresholds };
}

struct text {
	char *s;
	size_t len;
};

static int wrong(const char *path, size_t errors, struct err *e)
{
	return err_set(e, EXIT_FILE, "%.200s: %zu error%s; nothing was judged",
		       path, errors, errors == 1 ? "" : "s");
}

static int take_spec(struct rulesfile *r, const char *path,
		     const struct document *doc, enum spec_kind kind,
		     bool quiet, struct err *e)
{
	struct spec *s = r->spec = spec_read(doc, kind);
	for (size_t i = 0; i < s->nr_problems; i++) {
		const struct spec_problem *p = &s->problem[i];
		if (p->error || !quiet)
			fprintf(stderr, "%s:%d: %s%s\n", path, p->line,
				p->error ? "" : "warning: ", p->text);
	}
	r->rules = rules_of_spec(s, &r->arena);
	return s->errors ? wrong(path, s->errors, e) : 0;
}

static int take_dash(struct rulesfile *r, const char *path,
		     const struct text *t, bool quiet, struct err *e)
{
	struct dashfile *f = r->dash = dashfile_parse(path, t->s, t->len);
	for (size_t i = 0; i < f->nr_problems; i++) {
		struct buf b;
		buf_init(&b, 0);
		problem_print(f, &f->problem[i], &b);
		if (f->problem[i].error || !quiet)
			fprintf(stderr, "%s\n", buf_text(&b));
		buf_release(&b);
	}
	r->rules.slo = dashfile_slos(f, &r->arena, &r->rules.nr_slos);
	r->rules.threshold = dashfile_thresholds(f, &r->arena,
						 &r->rules.nr_thresholds);
	r->rules.pack = dashfile_pack(f, &r->arena);
	return f->errors ? wrong(path, f->errors, e) : 0;
}

static int stat_dir(const char *path, struct stat *out)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	if (!slash)
		return stat(".", out);
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path + 1), path);
	return stat(dir, out);
}

/* Not blocking: a FIFO holds nobody up. Who may write here says who is woken,
 * whatever kind of file it is. */
static int open_trusted(const char *path, bool *group, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat file, dir;
	const char *why;
	if (fd < 0 || fstat(fd, &file) < 0 || stat_dir(path, &dir) < 0)
		why = strerror(errno);
	else
		why = dashfile_distrust(&file, &dir, geteuid());
	*group = !why && file.st_mode & S_IWGRP;
	if (!why)
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(e, EXIT_FILE, "%.200s: %s", path, why);
}

/* One byte more than is taken, so that a larger file is seen to be. */
static int read_whole(const char *path, int fd, struct text *t, struct err *e)
{
	ssize_t n;
	t->s = mem_alloc(LIMIT_FILE + 2);
	while (t->len <= LIMIT_FILE &&
	       (n = read(fd, t->s + t->len, LIMIT_FILE + 1 - t->len)) != 0) {
		if (n < 0 && errno != EINTR)
			return err_set(e, EXIT_FILE, "%.200s: %s", path,
				       strerror(errno));
		t->len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int take(struct rulesfile *r, const char *path, const struct text *t,
		bool quiet, struct err *e)
{
	struct document doc;
	if (document_parse(&doc, path, t->s, t->len, e) < 0)
		return -1;
	enum spec_kind kind = spec_kind_of(&doc);
	int code = kind == SPEC_NONE
		   ? take_dash(r, path, t, quiet, e)
		   : take_spec(r, path, &doc, kind, quiet, e);
	document_release(&doc);
	return code;
}

int rulesfile_load(struct rulesfile *r, const char *path, bool quiet,
		   struct err *e)
{
	struct text t = { 0 };
	bool group;
	*r = (struct rulesfile){ .dash = NULL };
	arena_init(&r->arena, 0);
	int fd = open_trusted(path, &group, e);
	if (fd < 0)
		return -1;
	if (group && !quiet)
		fprintf(stderr, "%s:1: warning: its group may write to this "
			"file; chmod g-w makes it yours\n", path);
	int code = read_whole(path, fd, &t, e);
	close(fd);
	if (code == 0)
		code = take(r, path, &t, quiet, e);
	free(t.s);
	return code;
}

void rulesfile_release(struct rulesfile *r)
{
	spec_free(r->spec);
	if (r->dash)
		dashfile_free(r->dash);
	arena_release(&r->arena);
}
