/* The program when memory runs out at each of its allocations in turn: it
 * ends with 71 and says so, or goes on and shows what it would have shown.
 *
 * TORTURE=all tries every one; else the first 500 and 500 drawn from the rest
 * by a fixed seed. */
#include "tests/fault/fake_prom.c"
#include "tests/pty/redtop.h"

#include <sys/mman.h>

#define FIRST 500
#define DRAWN 500
#define FEW 5       /* a fifth of both, where most is another's */
#define GONE 100    /* draws of memory that does not come back */
#define HANGS 60    /* s: an end that does not come */
#define STORY "@1763649000"

static const char said[] = "redtop: out of memory\n";
/* Memory for a thread is asked for by the C library, which does not tell. */
static const char unthreaded[] = "redtop: no thread can be started here, and "
	"answers are read by threads: memory, ";

/* What it wrote with nothing refused, and in the C library's own locale: one
 * that finds no memory for its tables is a plain one. */
struct subject {
	const char *name;
	const char *argv[10];
	bool few;
	struct buf out, plain;
	unsigned long allocations;
};

struct run {
	pid_t pid;
	unsigned long at;
	bool all;
	int out, err;
};

static const char *starve_so(void)
{
	static char path[512];
	const char *build = getenv("REDTOP_BUILD");
	snprintf(path, sizeof(path), "%s/tests/torture/starve.so",
		 build && *build ? build : "build");
	return path;
}

static int memory_file(void)
{
	int fd = memfd_create("torture", MFD_CLOEXEC);
	if (fd < 0)
		die("memfd_create");
	return fd;
}

static void set_child(const struct run *r, const char *locale,
		      const char *count)
{
	char at[32];
	snprintf(at, sizeof(at), "%lu%s", r->at, r->all ? "+" : "");
	setenv("LD_PRELOAD", starve_so(), 1);
	setenv("LC_ALL", locale, 1);
	setenv("HOME", "/dev/null", 1);
	if (r->at)
		setenv("STARVE_MALLOC", at, 1);
	if (count)
		setenv("STARVE_COUNT", count, 1);
	dup2(r->out, STDOUT_FILENO);
	dup2(r->err, STDERR_FILENO);
	alarm(HANGS);
}

static void run_start(struct run *r, const struct subject *s,
		      const char *locale, const char *count)
{
	r->out = memory_file();
	r->err = memory_file();
	r->pid = fork();
	if (r->pid < 0)
		die("fork");
	if (r->pid)
		return;
	set_child(r, locale, count);
	execvp(redtop(), (char *const *)(const void *)s->argv);
	_exit(127);
}

static void read_all(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n;
	lseek(fd, 0, SEEK_SET);
	buf_clear(out);
	buf_str(out, "");
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_add(out, piece, (size_t)n);
	close(fd);
}

/* Rows that tell the clock and how long an answer took are of the moment. */
static void drop_moment(struct buf *b)
{
	struct buf kept;
	buf_init(&kept, 0);
	buf_str(&kept, "");
	for (const char *s = buf_text(b); *s;) {
		size_t n = strcspn(s, "\n");
		if (!memmem(s, n, "PAUSED", 6))
			buf_add(&kept, s, n + (s[n] == '\n'));
		s += n + (s[n] == '\n');
	}
	buf_release(b);
	*b = kept;
}

static unsigned long read_count(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "r");
	if (f && fscanf(f, "%lu", &n) != 1)
		n = 0;
	if (f)
		fclose(f);
	return n;
}

static int status_of(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

static void sated(struct subject *s, const char *locale, struct buf *out)
{
	char count[] = "/tmp/redtop-torture-XXXXXX";
	struct buf err;
	struct run r = { 0 };
	buf_init(&err, 0);
	buf_init(out, 0);
	close(mkstemp(count));
	run_start(&r, s, locale, count);
	int code = status_of(r.pid);
	read_all(r.out, out);
	read_all(r.err, &err);
	s->allocations = read_count(count);
	unlink(count);
	if (code)
		fail_msg("%s: exit %d: %s", s->name, code, buf_text(&err));
	drop_moment(out);
	buf_release(&err);
}

static void judge(struct run *r, const struct subject *s, int code)
{
	struct buf out, err;
	buf_init(&out, 0);
	buf_init(&err, 0);
	read_all(r->out, &out);
	read_all(r->err, &err);
	drop_moment(&out);
	bool died = code == 71 && out.len == 0
		    && (strcmp(buf_text(&err), said) == 0
			|| strncmp(buf_text(&err), unthreaded,
				   strlen(unthreaded)) == 0);
	bool went_on = code == 0 && err.len == 0
		       && (strcmp(buf_text(&out), buf_text(&s->out)) == 0
			   || strcmp(buf_text(&out), buf_text(&s->plain)) == 0);
	if (!died && !went_on)
		fail_msg("%s, allocation %lu%s: exit %d\n%s\n%s", s->name,
			 r->at, r->all ? " and all after it" : "", code,
			 buf_text(&err), buf_text(&out));
	buf_release(&out);
	buf_release(&err);
}

/* A few at a time. */
struct batch_of_runs {
	struct run run[8];
	size_t nr, max;
};

static void finish_first(struct batch_of_runs *b, const struct subject *s)
{
	struct run r = b->run[0];
	memmove(b->run, b->run + 1, --b->nr * sizeof(r));
	judge(&r, s, status_of(r.pid));
}

static void starve(struct batch_of_runs *b, const struct subject *s,
		   unsigned long at, bool all)
{
	if (b->nr == b->max)
		finish_first(b, s);
	struct run *r = &b->run[b->nr];
	*r = (struct run){ .at = at, .all = all };
	run_start(r, s, "C.UTF-8", NULL);
	b->nr++;
}

static unsigned long draw(unsigned *seed, unsigned long from, unsigned long to)
{
	*seed = *seed * 1664525u + 1013904223u;
	return from + (*seed >> 4) % (to - from + 1);
}

static void torture(struct subject *s)
{
	const char *wish = getenv("TORTURE");
	bool every = wish && strcmp(wish, "all") == 0;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct batch_of_runs b = { .max = cores > 8 ? 8 : cores < 1 ? 1
							: (size_t)cores };
	unsigned seed = 7;
	sated(s, "C", &s->plain);
	sated(s, "C.UTF-8", &s->out);
	/* Fewer would mean that nothing was refused at all. */
	assert_true(s->allocations > FIRST);
	int part = s->few ? FEW : 1;
	unsigned long first = (unsigned long)(FIRST / part);
	unsigned long end = every ? s->allocations : first;
	for (unsigned long at = 1; at <= end; at++)
		starve(&b, s, at, false);
	for (int i = 0; !every && i < DRAWN / part; i++)
		starve(&b, s, draw(&seed, first + 1, s->allocations), false);
	for (unsigned long at = 1; every && at <= s->allocations; at++)
		starve(&b, s, at, true);
	for (int i = 0; !every && i < GONE / part; i++)
		starve(&b, s, draw(&seed, 1, s->allocations), true);
	while (b.nr)
		finish_first(&b, s);
	printf("%s: %lu allocations, seed 7\n", s->name, s->allocations);
	buf_release(&s->out);
	buf_release(&s->plain);
}

static void a_snapshot_without_memory_says_so(void **state)
{
	(void)state;
	torture(&(struct subject){ .name = "demo",
		.argv = { redtop(), "snapshot", "demo", NULL } });
	torture(&(struct subject){ .name = "demo as json", .few = true,
		.argv = { redtop(), "snapshot", "demo", "--format", "json",
			  NULL } });
}

static void a_snapshot_of_a_server_without_memory_says_so(void **state)
{
	(void)state;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3 });
	torture(&(struct subject){ .name = "prometheus",
		.argv = { redtop(), "snapshot", fake_prom_url(f), "--at", STORY,
			  NULL } });
	fake_prom_stop(f);
}

static bool has_ended_or_drawn(struct pty *p, void *arg)
{
	(void)arg;
	return p->eof || pty_shows(p, "q quit");
}

static void a_replay_without_memory_says_so(void **state)
{
	(void)state;
	char dir[] = "/tmp/redtop-torture-XXXXXX", line[600], file[64];
	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(file, sizeof(file), "%s/a.redtop", dir);
	snprintf(line, sizeof(line), "%s record demo -o %s --for 1s", redtop(),
		 file);
	assert_int_equal(system(line), 0);
	torture(&(struct subject){ .name = "recording", .few = true,
		.argv = { redtop(), "snapshot", file, NULL } });
	unlink(file);
	rmdir(dir);
}

/* Opens most of what the keys open, so that there is something to allocate. */
static int look_around(struct pty *p)
{
	static const char *const keys[] = { "?", "Esc", "2", "6", "8", "1", "/",
					    "c", "Esc", ":", "Esc", "F2", "Esc",
					    "+", "-" };
	pty_wait(p, has_ended_or_drawn, NULL, 1000);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		pty_press(p, keys[i]);
		pty_read(p, 5);
	}
	pty_resize(p, 100, 30);
	pty_read(p, 50);
	pty_press(p, "q");
	return pty_exit(p, SOON);
}

static struct pty *start_starved(const char *what)
{
	char preload[600];
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", starve_so());
	const char *env[] = { AT_HOME, preload, what, NULL };
	return start("demo", env, NULL, 80, 24);
}

static unsigned long live_allocations(void)
{
	char path[] = "/tmp/redtop-torture-XXXXXX", what[64];
	close(mkstemp(path));
	snprintf(what, sizeof(what), "STARVE_COUNT=%s", path);
	struct pty *p = start_starved(what);
	assert_int_equal(look_around(p), 0);
	pty_free(p);
	unsigned long n = read_count(path);
	unlink(path);
	return n;
}

static bool says_why(const char *raw)
{
	const char *at = strstr(raw, "redtop: out of memory\r\n");
	return at && at[strlen("redtop: out of memory\r\n")] == '\0';
}

/* Whether a screen was left by an end for want of memory. */
static bool torture_live(unsigned long at, bool all)
{
	char what[64];
	size_t n;
	snprintf(what, sizeof(what), "STARVE_MALLOC=%lu%s", at, all ? "+" : "");
	struct pty *p = start_starved(what);
	int code = look_around(p);
	const char *raw = pty_raw(p, &n);
	if ((code != 0 && code != 71) || (code == 71 && !says_why(raw))
	    || !pty_is_whole(p))
		fail_msg("%s: exit %d\n%s", what, code, pty_screen(p));
	bool left = code == 71 && strstr(raw, "\033[?1049h");
	pty_free(p);
	return left;
}

static void the_terminal_is_whole_when_memory_is_gone(void **state)
{
	(void)state;
	unsigned seed = 3;
	unsigned long total = live_allocations();
	int left = 0;
	assert_true(total > FIRST);
	for (int i = 0; i < 40; i++)
		torture_live(draw(&seed, 1, FIRST), i % 2);
	for (int i = 0; i < 40; i++)
		left += torture_live(draw(&seed, total - total / 5, total),
				     i % 2);
	assert_true(left > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_snapshot_without_memory_says_so),
		cmocka_unit_test(a_snapshot_of_a_server_without_memory_says_so),
		cmocka_unit_test(a_replay_without_memory_says_so),
		cmocka_unit_test(the_terminal_is_whole_when_memory_is_gone),
	};
	return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}
