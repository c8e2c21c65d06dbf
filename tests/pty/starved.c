/* The program without what it is used to: files, threads, a disk that takes
 * what is written, a home, standard files. */
#include "tests/fault/fake_prom.c"
#include "tests/pty/redtop.h"

#include <sys/stat.h>

/* A directory of this test, and what a command in it said: both streams. */
struct room {
	char dir[64];
	struct buf said;
	struct fake_prom *prom;
};

static void use(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0)
		die("setenv");
}

static int enter(void **state)
{
	struct room *r = mem_zero(1, sizeof(*r));
	char program[4096], so[8192], where[4096];
	const char *build = getenv("REDTOP_BUILD");
	snprintf(r->dir, sizeof(r->dir), "/tmp/redtop-starved-XXXXXX");
	if (!mkdtemp(r->dir) || !realpath(redtop(), program)
	    || !getcwd(where, sizeof(where)))
		die("a place to starve in");
	build = build && *build ? build : "build";
	snprintf(so, sizeof(so), "%s%s%s/tests/torture/starve.so",
		 *build == '/' ? "" : where, *build == '/' ? "" : "/", build);
	r->prom = fake_prom_start(&(struct fake_prom_options){ .services = 3 });
	use("R", program);
	use("SO", so);
	use("D", r->dir);
	use("U", fake_prom_url(r->prom));
	use("LC_ALL", "C.UTF-8");
	buf_init(&r->said, 0);
	*state = r;
	return 0;
}

static int leave(void **state)
{
	struct room *r = *state;
	if (system("rm -rf \"$D\"") != 0)
		return -1;
	fake_prom_stop(r->prom);
	buf_release(&r->said);
	free(r);
	return 0;
}

/* The exit status of a shell's line; what it said is in r->said. Hanging is
 * an end by SIGALRM, 142. */
static int sh(struct room *r, const char *line)
{
	char script[2048], piece[4096];
	snprintf(script, sizeof(script), "exec 2>&1 </dev/null; cd \"$D\"; %s",
		 line);
	FILE *f = popen(script, "r");
	size_t n;
	if (!f)
		die("popen");
	buf_clear(&r->said);
	buf_str(&r->said, "");
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&r->said, piece, n);
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

struct line {
	const char *script;
	int code;
	const char *says;   /* NULL: nothing is looked for */
};

static void run_lines(struct room *r, const struct line *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int code = sh(r, rows[i].script);
		if (code != rows[i].code
		    || (rows[i].says
			&& !strstr(buf_text(&r->said), rows[i].says)))
			fail_msg("%s\nexit %d, wanted %d and '%s' in\n%s",
				 rows[i].script, code, rows[i].code,
				 rows[i].says ? rows[i].says : "",
				 buf_text(&r->said));
	}
}

#define RUN_LINES(r, rows) run_lines(r, rows, sizeof(rows) / sizeof(rows[0]))

static void sixteen_files_are_enough(void **state)
{
	static const struct line rows[] = {
		{ "ulimit -n 16; $R snapshot demo", 0, "checkout" },
		{ "ulimit -n 16; $R snapshot $U", 0, "svc-002" },
		{ "ulimit -n 16; $R record $U -o few.redtop --for 1s", 0, NULL },
		{ "ulimit -n 16; $R snapshot few.redtop", 0, "svc-002" },
	};
	RUN_LINES(*state, rows);
}

static void fewer_files_are_a_sentence(void **state)
{
	static const struct line rows[] = {
		{ "ulimit -n 10; $R snapshot demo", 71, "ulimit -n 64" },
		{ "ulimit -n 10; $R snapshot $U", 71, "ulimit -n 64" },
		{ "ulimit -n 10; $R record demo -o none.redtop", 71,
		  "the limit is 10" },
		{ "ls none.redtop", 2, NULL },
	};
	RUN_LINES(*state, rows);
}

static bool live_or_ended(struct pty *p, void *arg)
{
	(void)arg;
	return p->eof || (pty_shows(p, "LIVE") && pty_shows(p, "rate/s")
			  && strstr(pty_row(p, p->h - 1), "q quit"));
}

/* At every limit it works, or ends with a sentence and the terminal whole. */
static void the_live_screen_needs_few_files(void **state)
{
	struct room *r = *state;
	char script[512];
	int worked = 0;
	for (int limit = 7; limit <= 20; limit++) {
		snprintf(script, sizeof(script), "ulimit -n %d; exec $R %s",
			 limit, limit % 2 ? "demo" : fake_prom_url(r->prom));
		const char *argv[] = { "sh", "-c", script, NULL };
		const char *env[] = { AT_HOME, NULL };
		struct pty *p = pty_start(&(struct pty_options){
			.argv = argv, .env = env });
		assert_true(pty_wait(p, live_or_ended, NULL, SOON));
		bool ended = p->eof;
		if (!ended)
			pty_press(p, "q");
		int code = pty_exit(p, SOON);
		if (ended ? code != 71 || !pty_shows(p, "ulimit -n")
			  : code != 0)
			fail_msg("%s: exit %d\n%s", script, code,
				 pty_screen(p));
		assert_true(pty_is_whole(p));
		worked += !ended;
		if (limit >= 16)
			assert_false(ended);
		pty_free(p);
	}
	assert_in_range(worked, 5, 13);
}

static void no_threads_are_a_sentence(void **state)
{
	static const struct line rows[] = {
		{ "STARVE_THREADS=0 LD_PRELOAD=$SO $R snapshot $U", 71,
		  "no thread can be started" },
		{ "STARVE_THREADS=0 LD_PRELOAD=$SO $R record $U -o x.redtop "
		  "--for 1s", 71, "no thread can be started" },
		{ "STARVE_THREADS=0 LD_PRELOAD=$SO $R snapshot demo", 0,
		  "checkout" },
		{ "STARVE_THREADS=1 LD_PRELOAD=$SO $R snapshot $U", 0,
		  "svc-002" },
		{ "STARVE_THREADS=3 LD_PRELOAD=$SO $R snapshot $U", 0,
		  "svc-002" },
	};
	RUN_LINES(*state, rows);
}

static void a_disk_that_fails_ends_a_recording_and_keeps_it(void **state)
{
	static const struct {
		const char *when, *says;
		bool holds;   /* something to replay */
	} rows[] = {
		{ "STARVE_WRITE=3:28", "the disk is full, so recording has "
		  "stopped", true },
		{ "STARVE_WRITE=3:28/", "the disk is full", true },
		{ "STARVE_WRITE=3:122", "the disk is full", true },
		{ "STARVE_WRITE=3:5", "Input/output error, so recording has "
		  "stopped", true },
		{ "STARVE_WRITE=4:5/", "Input/output error", true },
		{ "STARVE_WRITE=1:28", "the disk is full, so nothing is "
		  "recorded\n", false },
		{ "STARVE_SYNC=5", "its end may be lost", true },
	};
	struct room *r = *state;
	char script[512];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(script, sizeof(script), "rm -f full.redtop; %s "
			 "LD_PRELOAD=$SO $R record demo -o full.redtop "
			 "--every 100ms --for %s", rows[i].when,
			 strstr(rows[i].when, "SYNC") ? "1s" : "60s");
		const struct line lines[] = {
			{ script, 74, rows[i].says },
			{ "$R snapshot full.redtop", rows[i].holds ? 0 : 65,
			  rows[i].holds ? "checkout" : "cannot be read" },
		};
		RUN_LINES(r, lines);
	}
}

static void read_clock(struct pty *p, char out[9])
{
	const char *at = strstr(pty_row(p, 0), "LIVE ");
	assert_non_null(at);
	snprintf(out, 9, "%.8s", at + strlen("LIVE "));
}

static bool clock_moved(struct pty *p, void *clock)
{
	const char *at = strstr(pty_row(p, 0), "LIVE ");
	return at && strncmp(at + strlen("LIVE "), clock, 8) != 0;
}

/* With a terminal: the screen says it once and goes on. */
static void a_full_disk_does_not_end_the_watch(void **state)
{
	struct room *r = *state;
	static const struct {
		const char *when, *says;
	} rows[] = {
		{ "STARVE_WRITE=3:28", "the disk is full" },
		{ "STARVE_WRITE=3:5/", "Input/output error" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char preload[4200], data[128], clock[9];
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s",
			 getenv("SO"));
		snprintf(data, sizeof(data), "XDG_DATA_HOME=%s/live%zu",
			 r->dir, i);
		const char *env[] = { AT_HOME, data, preload, rows[i].when,
				      NULL };
		struct pty *p = start("demo", env, NULL, 120, 40);
		assert_true(wait_overview(p));
		pty_press(p, "R");
		assert_true(pty_wait_text(p, rows[i].says, SOON));
		assert_true(pty_wait_text(p, "LIVE", SOON));
		read_clock(p, clock);
		assert_true(pty_wait(p, clock_moved, clock, SOON));
		assert_false(pty_shows(p, "REC"));
		quit(p);
		const struct line replay[] = {
			{ i ? "$R snapshot live1/redtop/*.redtop"
			    : "$R snapshot live0/redtop/*.redtop", 0,
			  "checkout" },
		};
		RUN_LINES(r, replay);
	}
}

static void what_is_not_ours_is_not_written_to(void **state)
{
	static const struct line rows[] = {
		{ "ln -s target.redtop link.redtop; $R record demo -o "
		  "link.redtop --for 1s", 74, "is a symbolic link" },
		{ "ls target.redtop", 2, NULL },
		{ "mkfifo pipe.redtop; $R record demo -o pipe.redtop --for 1s",
		  74, "not a regular file" },
		{ "mkdir place.redtop; $R record demo -o place.redtop --for 1s",
		  74, "is a directory" },
		{ "echo mine >mine.redtop; $R record demo -o mine.redtop "
		  "--for 1s", 74, "exists and is not a recording" },
		{ "cat mine.redtop", 0, "mine\n" },
		{ "$R record demo -o /dev/full --for 1s", 74, "/dev/full" },
		{ "$R record demo -o /nowhere/at/all.redtop --for 1s", 74,
		  "/nowhere/at/all.redtop" },
		{ "$R snapshot pipe.redtop", 65, "pipe.redtop" },
		{ "$R snapshot place.redtop", 65, "place.redtop" },
	};
	RUN_LINES(*state, rows);
}

static void a_missing_home_is_said_when_it_is_needed(void **state)
{
	(void)state;
	static const struct {
		const char *home, *says;
	} rows[] = {
		{ "HOME", "no HOME to put a recording into" },
		{ "HOME=", "no HOME to put a recording into" },
		{ "HOME=here", "no HOME to put a recording into" },
		{ "HOME=/dev/null", "cannot make /dev/null/.local" },
		{ "HOME=/proc", "cannot make /proc/.local" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *env[] = { AT_HOME, rows[i].home,
				      "TMPDIR=/nowhere", NULL };
		struct pty *p = start("demo", env, NULL, 120, 40);
		assert_true(wait_overview(p));
		pty_press(p, "R");
		assert_true(pty_wait_text(p, rows[i].says, SOON));
		assert_true(pty_shows(p, "rate/s"));
		quit(p);
		p = start(NULL, env, NULL, 80, 24);
		assert_true(pty_wait_text(p, "redtop demo", SOON));
		quit(p);
	}
}

static void an_empty_environment_is_enough(void **state)
{
	static const struct line rows[] = {
		{ "env -i $R snapshot demo", 0, "checkout" },
		{ "env -i $R snapshot $U", 0, "svc-002" },
		{ "env -i $R record demo -o bare.redtop --for 1s", 0, NULL },
		{ "env -i $R", 64, "no source and no terminal" },
	};
	RUN_LINES(*state, rows);
}

static void a_frame_that_is_not_written_is_an_error(void **state)
{
	static const struct line rows[] = {
		{ "$R snapshot demo >/dev/full", 74, "No space left" },
		{ "$R snapshot demo --format json >/dev/full", 74,
		  "No space left" },
		{ "$R help >/dev/full", 74, "No space left" },
		{ "$R man >/dev/full", 74, "No space left" },
		{ "$R version >/dev/full", 74, "No space left" },
		{ "$R snapshot demo >&-", 74, "writing the frame" },
		{ "$R version >&-", 74, "writing to stdout" },
	};
	RUN_LINES(*state, rows);
}

/* A recording must never land in the place of stdout. */
static void closed_standard_files_do_no_harm(void **state)
{
	static const struct line rows[] = {
		{ "$R snapshot demo <&-", 0, "checkout" },
		{ "$R snapshot $U <&-", 0, "svc-002" },
		{ "$R snapshot demo <&- >&- 2>&-", 74, NULL },
		{ "$R snapshot demo --format json 2>&- <&-", 0, "checkout" },
		{ "$R record demo -o shut.redtop --for 1s <&- >&- 2>&-", 0,
		  NULL },
		{ "$R snapshot shut.redtop", 0, "checkout" },
		{ "$R record $U -o shut2.redtop --for 1s <&- >&- 2>&-", 0,
		  NULL },
		{ "$R snapshot shut2.redtop", 0, "svc-002" },
		{ "$R demo <&- >&-", 74, NULL },
	};
	RUN_LINES(*state, rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixteen_files_are_enough),
		cmocka_unit_test(fewer_files_are_a_sentence),
		cmocka_unit_test(the_live_screen_needs_few_files),
		cmocka_unit_test(no_threads_are_a_sentence),
		cmocka_unit_test(
			a_disk_that_fails_ends_a_recording_and_keeps_it),
		cmocka_unit_test(a_full_disk_does_not_end_the_watch),
		cmocka_unit_test(what_is_not_ours_is_not_written_to),
		cmocka_unit_test(a_missing_home_is_said_when_it_is_needed),
		cmocka_unit_test(an_empty_environment_is_enough),
		cmocka_unit_test(a_frame_that_is_not_written_is_an_error),
		cmocka_unit_test(closed_standard_files_do_no_harm),
	};
	return cmocka_run_group_tests_name("starved", tests, enter, leave);
}
