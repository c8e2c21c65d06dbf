/* What is on the screen, recorded with R and seen again. */
#include "tests/pty/redtop.h"

#include <dirent.h>
#include <sys/stat.h>

/* Of this run: a directory, and the recording in it. */
struct place {
	char dir[64], data[96], xdg[128], file[384];
};

static void find_recording(struct place *at)
{
	DIR *d = opendir(at->data);
	assert_non_null(d);
	at->file[0] = '\0';
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		assert_string_equal(at->file, "");
		snprintf(at->file, sizeof(at->file), "%s/%s", at->data,
			 e->d_name);
	}
	closedir(d);
	assert_string_not_equal(at->file, "");
}

static void remove_place(struct place *at)
{
	DIR *d = opendir(at->data);
	char path[384];
	for (struct dirent *e; d && (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", at->data, e->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(at->data);
	rmdir(at->dir);
}

static void make_place(struct place *at)
{
	snprintf(at->dir, sizeof(at->dir), "/tmp/redtop-pty-XXXXXX");
	if (!mkdtemp(at->dir))
		die("mkdtemp");
	snprintf(at->data, sizeof(at->data), "%s/redtop", at->dir);
	snprintf(at->xdg, sizeof(at->xdg), "XDG_DATA_HOME=%s", at->dir);
}

static struct pty *start_recording(struct place *at)
{
	const char *env[] = { AT_HOME, at->xdg, NULL };
	struct pty *p = start("demo", env, NULL, 120, 40);
	assert_true(wait_overview(p));
	pty_press(p, "R");
	assert_true(pty_wait_text(p, "recording to", PROMPT));
	return p;
}

static bool clock_moved(struct pty *p, void *row)
{
	return strcmp(pty_row(p, 0), row) != 0;
}

/* A poll is on the screen, and so in the file. */
static void wait_polls(struct pty *p, int n)
{
	char row[512];
	while (n--) {
		snprintf(row, sizeof(row), "%s", pty_row(p, 0));
		assert_true(pty_wait(p, clock_moved, row, SOON));
	}
}

static int record(void **state)
{
	struct place *at = mem_zero(1, sizeof(*at));
	*state = at;
	make_place(at);
	umask(0);
	struct pty *p = start_recording(at);
	wait_polls(p, 3);
	pty_press(p, "R");
	assert_true(pty_wait_text(p, "recorded", PROMPT));
	assert_true(pty_shows(p, " polls"));
	quit(p);
	find_recording(at);
	return 0;
}

static int forget(void **state)
{
	remove_place(*state);
	free(*state);
	return 0;
}

static mode_t mode_of_path(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void a_recording_is_for_its_owner_only(void **state)
{
	const struct place *at = *state;
	assert_int_equal(mode_of_path(at->data), 0700);
	assert_int_equal(mode_of_path(at->file), 0600);
	assert_string_equal(at->file + strlen(at->file) - 7, ".redtop");
}

static struct pty *start_replay(const struct place *at)
{
	struct pty *p = start(at->file, NULL, NULL, 120, 40);
	assert_true(wait_row(p, 0, "REPLAY", SOON));
	assert_true(pty_wait_text(p, "rate/s", SOON));
	assert_true(wait_row(p, 39, "Space play", SOON));
	assert_true(pty_wait_quiet(p, 200, SOON));
	return p;
}

static bool is_at(struct pty *p, void *clock)
{
	char now[16] = "";
	const char *word = strstr(pty_row(p, 0), "REPLAY ");
	if (word)
		snprintf(now, sizeof(now), "%.8s", word + strlen("REPLAY "));
	return strcmp(now, clock) == 0;
}

static bool is_elsewhere(struct pty *p, void *clock)
{
	return !is_at(p, clock);
}

static void read_clock(struct pty *p, char out[16])
{
	const char *word = strstr(pty_row(p, 0), "REPLAY ");
	assert_non_null(word);
	snprintf(out, 16, "%.8s", word + strlen("REPLAY "));
}

/* Presses a key that moves in time; says where that leads. */
static void step(struct pty *p, const char *key, char out[16])
{
	char before[16];
	read_clock(p, before);
	pty_press(p, key);
	assert_true(or_print(p, pty_wait(p, is_elsewhere, before, PROMPT), key));
	assert_true(pty_wait_quiet(p, 50, PROMPT));
	read_clock(p, out);
}

static void a_replay_begins_at_its_newest_poll_and_steps(void **state)
{
	char newest[16], one[16], two[16], at[16];
	struct pty *p = start_replay(*state);
	assert_true(pty_shows(p, "paused"));
	assert_false(pty_shows(p, "LIVE"));
	read_clock(p, newest);
	assert_true(pty_wait_quiet(p, 100, PROMPT));
	char *picture = screen_copy(p);
	step(p, "T", one);
	assert_true(pty_wait_text(p, "before the end", PROMPT));
	step(p, "T", two);
	step(p, "t", at);
	assert_string_equal(at, one);
	step(p, "t", at);
	assert_string_equal(at, newest);
	assert_true(wait_screen(p, picture, PROMPT));
	step(p, "T", at);
	step(p, "T", at);
	assert_string_equal(at, two);
	step(p, "0", at);
	assert_string_equal(at, newest);
	assert_true(wait_screen(p, picture, PROMPT));
	free(picture);
	quit(p);
}

static void a_replay_plays_to_its_end(void **state)
{
	char newest[16], at[16];
	struct pty *p = start_replay(*state);
	read_clock(p, newest);
	char *picture = screen_copy(p);
	step(p, "T", at);
	step(p, "T", at);
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "▸ REPLAY", PROMPT));
	assert_true(pty_wait(p, is_at, newest, SOON));
	assert_true(wait_row(p, 0, "‖ REPLAY", SOON));
	assert_true(wait_screen(p, picture, PROMPT));
	/* From the end it begins again, and stops where it is told to. */
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "▸ REPLAY", PROMPT));
	assert_true(pty_wait(p, is_elsewhere, newest, PROMPT));
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "‖ REPLAY", PROMPT));
	read_clock(p, at);
	assert_true(pty_wait_quiet(p, 1200, SOON));
	assert_true(is_at(p, at));
	free(picture);
	quit(p);
}

static void a_replay_is_no_source_for_a_recording(void **state)
{
	struct pty *p = start_replay(*state);
	pty_press(p, "R");
	assert_true(pty_wait_text(p, "a recording already", PROMPT));
	quit(p);
}

static void the_start_page_lists_a_recording(void **state)
{
	struct place *at = *state;
	const char *env[] = { AT_HOME, at->xdg, NULL };
	const char *name = strrchr(at->file, '/') + 1;
	struct pty *p = start(NULL, env, NULL, 120, 40);
	assert_true(pty_wait_text(p, name, SOON));
	/* The newest: just below what is found on this host. */
	for (int i = 0; i < 3; i++)
		pty_press(p, "j");
	pty_press(p, "Enter");
	assert_true(wait_row(p, 0, "REPLAY", SOON));
	assert_true(pty_wait_text(p, "rate/s", SOON));
	quit(p);
}

/* However it ends while recording, the file can be seen again. */
static void an_end_while_recording_loses_nothing(void **state)
{
	(void)state;
	static const int ends[] = { 0, SIGTERM, SIGHUP, SIGKILL };
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct place at = { 0 };
		char row[512], clock[16], end[16];
		make_place(&at);
		struct pty *p = start_recording(&at);
		wait_polls(p, 1);
		snprintf(row, sizeof(row), "%s", pty_row(p, 0));
		snprintf(clock, sizeof(clock), "%.8s",
			 strstr(row, "LIVE ") + strlen("LIVE "));
		if (ends[i])
			pty_signal(p, ends[i]);
		else
			pty_press(p, "q");
		assert_int_equal(pty_exit(p, PROMPT), ends[i] ? 128 + ends[i] : 0);
		pty_free(p);
		find_recording(&at);
		p = start_replay(&at);
		read_clock(p, end);
		assert_true(strcmp(end, clock) >= 0);
		quit(p);
		remove_place(&at);
	}
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
	(void)state;
	static const char *const env[] = { AT_HOME, "XDG_DATA_HOME=/proc", NULL };
	struct pty *p = start("demo", env, NULL, 120, 40);
	assert_true(wait_overview(p));
	pty_press(p, "R");
	assert_true(pty_wait_text(p, "cannot make /proc/redtop", PROMPT));
	assert_true(pty_wait_text(p, "rate/s", PROMPT));
	quit(p);
}

static void a_file_that_is_no_recording_is_refused(void **state)
{
	(void)state;
	struct pty *p = start("tests/pty/replay.c", NULL, NULL, 120, 40);
	assert_int_equal(pty_exit(p, SOON), 65);
	assert_true(pty_shows(p, "tests/pty/replay.c"));
	assert_false(pty_alternate(p));
	pty_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recording_is_for_its_owner_only),
		cmocka_unit_test(a_replay_begins_at_its_newest_poll_and_steps),
		cmocka_unit_test(a_replay_plays_to_its_end),
		cmocka_unit_test(a_replay_is_no_source_for_a_recording),
		cmocka_unit_test(the_start_page_lists_a_recording),
		cmocka_unit_test(an_end_while_recording_loses_nothing),
		cmocka_unit_test(a_place_that_cannot_be_written_is_named),
		cmocka_unit_test(a_file_that_is_no_recording_is_refused),
	};
	return cmocka_run_group_tests_name("replay", tests, record, forget);
}
