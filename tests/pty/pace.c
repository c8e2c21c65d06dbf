/* Slow lines, and terminals that do not answer: what is shown is new, whole
 * and in the order that matters. */
#include "tests/pty/redtop.h"

#define SLOW 8000 /* bytes a second */

static struct pty *start_slow(const char *const *argv, const char *term,
			      int bps, int delay, int w, int h)
{
	static const char *const home[] = { AT_HOME, "TMUX", "STY",
					    "SSH_TTY=/dev/pts/0", NULL };
	return pty_start(&(struct pty_options){ .argv = argv, .env = home,
						.term = term, .w = w, .h = h,
						.bps = bps, .delay_ms = delay });
}

static struct pty *demo(const char *option, const char *value, int bps)
{
	const char *argv[] = { redtop(), "demo", option, value, NULL };
	return start_slow(argv, NULL, bps, 0, 120, 40);
}

static size_t questions(struct pty *p)
{
	size_t n, nr = 0;
	for (const char *s = pty_raw(p, &n); (s = strstr(s, "\033[5n")); s++)
		nr++;
	return nr;
}

static size_t written(struct pty *p)
{
	size_t n;
	pty_raw(p, &n);
	return n + p->line.len - p->taken;
}

static bool table_is_there(struct pty *p, void *arg)
{
	(void)arg;
	return strstr(pty_row(p, 0), "LIVE") && strstr(pty_row(p, 4), "rate/s");
}

/* Header, verdict and table stand while the last row is still under way. */
static void what_matters_comes_first(void **state)
{
	(void)state;
	struct pty *p = demo(NULL, NULL, SLOW);
	assert_true(pty_wait(p, table_is_there, NULL, SOON));
	assert_null(strstr(pty_row(p, 39), "q quit"));
	assert_true(wait_row(p, 39, "q quit", SOON));
	/* So it is on another page: it is drawn from the top down. */
	pty_press(p, "6");
	assert_true(pty_wait_text(p, "newest first", SOON));
	assert_true(pty_wait_quiet(p, 600, SOON));
	pty_press(p, "1");
	assert_true(wait_row(p, 4, "rate/s", SOON));
	assert_true(pty_wait_quiet(p, 600, SOON));
	char *picture = screen_copy(p);
	assert_non_null(strstr(picture, "q quit"));
	free(picture);
	quit(p);
}

static void keys_do_not_queue_behind_old_pictures(void **state)
{
	(void)state;
	struct pty *p = demo(NULL, NULL, SLOW);
	assert_true(wait_overview(p));
	for (int i = 0; i < 60; i++) {
		pty_press(p, i % 2 ? "k" : "j");
		pty_read(p, 30);
		/* A piece and what came before it, never seconds. */
		assert_true(pty_line_age(p) < 1500);
	}
	pty_press(p, "6");
	assert_true(pty_wait_text(p, "newest first", 3 * PROMPT));
	quit(p);
}

static void a_resize_on_a_slow_line_ends_in_the_right_picture(void **state)
{
	(void)state;
	struct pty *p = demo(NULL, NULL, SLOW);
	assert_true(wait_overview(p));
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "PAUSED", SOON));
	for (int i = 0; i < 5; i++) {
		pty_resize(p, 80 + 10 * i, 24 + i);
		pty_read(p, 100);
	}
	pty_resize(p, 100, 30);
	assert_true(wait_row(p, 29, "q quit", SOON));
	assert_true(pty_wait_quiet(p, 1500, SOON));
	pty_line(p, 0, 0);
	assert_screen_is_whole(p);
	quit(p);
}

/* Inside tmux the answer comes at once, whatever the line. */
static void tmux_gets_few_bytes(void **state)
{
	(void)state;
	const char *argv[] = { redtop(), "demo", NULL };
	struct pty *p = start_slow(argv, "tmux-256color", 0, 0, 120, 40);
	assert_true(wait_overview(p));
	size_t before = written(p);
	long since = pty_ms();
	while (pty_ms() - since < 5000) {
		pty_press(p, "j");
		pty_press(p, "k");
		pty_read(p, 20);
	}
	long took = pty_ms() - since;
	assert_true((long)(written(p) - before) < 4 * took + 40000);
	quit(p);
}

static void a_limit_is_kept(void **state)
{
	(void)state;
	long since = pty_ms();
	struct pty *p = demo("--max-bps", "2000", 0);
	pty_read(p, 3000);
	assert_true((long)written(p) <= 2 * (pty_ms() - since) + 3000);
	assert_true(table_is_there(p, NULL));
	assert_true(wait_row(p, 39, "q quit", SOON));
	quit(p);
}

static bool has_braille(struct pty *p)
{
	const char *s = pty_screen(p);
	for (; *s; s++)
		if ((unsigned char)s[0] == 0xe2 && (unsigned char)s[1] >= 0xa0
		    && (unsigned char)s[1] <= 0xa3)
			return true;
	return false;
}

static void low_is_plainer(void **state)
{
	(void)state;
	struct pty *p = demo(NULL, NULL, 0);
	assert_true(wait_overview(p));
	assert_true(has_braille(p));
	quit(p);
	p = demo("--low", NULL, 0);
	assert_true(wait_overview(p));
	assert_false(has_braille(p));
	quit(p);
}

static void a_terminal_that_never_answers_is_drawn_on(void **state)
{
	(void)state;
	static const char *const env[] = { AT_HOME, NULL };
	const char *argv[] = { redtop(), "demo", NULL };
	struct pty *p = pty_start(&(struct pty_options){
		.argv = argv, .env = env, .w = 120, .h = 40, .mute = true });
	assert_true(wait_overview(p));
	pty_press(p, "6");
	assert_true(pty_wait_text(p, "newest first", PROMPT));
	pty_press(p, "1");
	assert_true(wait_row(p, 4, "rate/s", PROMPT));
	quit(p);
}

/* One lost answer costs a while, not the screen. */
static void a_lost_answer_stops_nothing(void **state)
{
	(void)state;
	struct pty *p = start_demo(80, 24);
	pty_mute(p, true);
	pty_press(p, "6");
	pty_read(p, 200);
	pty_mute(p, false);
	pty_press(p, "1");
	assert_true(wait_row(p, 4, "rate/s", SOON));
	pty_press(p, "6");
	assert_true(pty_wait_text(p, "newest first", SOON));
	quit(p);
}

static void a_long_way_is_said(void **state)
{
	(void)state;
	const char *argv[] = { redtop(), "demo", NULL };
	struct pty *p = start_slow(argv, NULL, 1000000, 800, 120, 40);
	assert_true(pty_wait_text(p, "link 0.8s", SOON));
	pty_press(p, "8");
	assert_true(pty_wait_text(p, "paces frames", SOON));
	quit(p);
	p = start_demo(120, 40);
	pty_press(p, "8");
	assert_true(pty_wait_text(p, "there and back", SOON));
	pty_read(p, 1500);
	assert_false(pty_shows(p, "link 0."));
	quit(p);
}

/* A modem behind a satellite, and one answer that is lost on the way. */
static void a_kilobyte_a_second_is_enough(void **state)
{
	(void)state;
	const char *argv[] = { redtop(), "demo", NULL };
	struct pty *p = start_slow(argv, NULL, 1000, 2000, 80, 24);
	assert_true(wait_row(p, 0, "LIVE", SOON));
	assert_true(wait_row(p, 4, "rate/s", SOON));
	assert_true(wait_row(p, 23, "q quit", SOON));
	pty_read(p, 4000);
	pty_mute(p, true);
	pty_press(p, "6");
	assert_true(pty_wait_text(p, "newest first", SOON));
	pty_mute(p, false);
	for (int i = 0; i < 100; i++) {
		if (i % 20 == 0)
			pty_press(p, "j");
		pty_read(p, 50);
		/* A piece, two where an answer was lost, and the way. */
		assert_true(pty_line_age(p) < 2000 + 2 * 3500);
	}
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, SOON), 0);
	assert_true(pty_is_whole(p));
	pty_free(p);
}

/* What the terminal still had to say would be typed into the shell. */
static void the_shell_gets_no_answer(void **state)
{
	(void)state;
	static const char script[] = "\"$0\" demo; stty -icanon -echo; "
				     "timeout 1 dd bs=1 count=9 2>/dev/null "
				     "| od -c; echo done";
	for (int i = 0; i < 5; i++) {
		const char *argv[] = { "sh", "-c", script, redtop(), NULL };
		struct pty *p = start_slow(argv, NULL, 0, 0, 80, 24);
		assert_true(wait_overview(p));
		pty_press(p, "Ctrl-L");
		pty_press(p, "q");
		/* Its frames are read, and answered, only now. */
		poll(NULL, 0, 20);
		assert_true(pty_wait_text(p, "done", SOON));
		assert_false(pty_shows(p, "033"));
		assert_true(questions(p) > 0);
		pty_free(p);
	}
}

/* Processor time that a terminal costs which nobody reads. */
static void an_unread_terminal_costs_nothing(void **state)
{
	(void)state;
	struct pty *p = demo(NULL, NULL, 0);
	assert_true(wait_overview(p));
	char path[64];
	unsigned long before[2], after[2];
	static const char format[] = "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u "
				     "%*u %*u %*u %lu %lu";
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pty_pid(p));
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, format, &before[0], &before[1]), 2);
	fclose(f);
	size_t n = written(p);
	poll(NULL, 0, 5000);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, format, &after[0], &after[1]), 2);
	fclose(f);
	double cpu = (double)(after[0] + after[1] - before[0] - before[1])
		     / (double)sysconf(_SC_CLK_TCK);
	assert_true(cpu < 1);
	pty_read(p, 50);
	assert_true(written(p) - n < 20480);
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "PAUSED", SOON));
	assert_true(pty_wait_quiet(p, 300, SOON));
	assert_screen_is_whole(p);
	quit(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_matters_comes_first),
		cmocka_unit_test(keys_do_not_queue_behind_old_pictures),
		cmocka_unit_test(a_resize_on_a_slow_line_ends_in_the_right_picture),
		cmocka_unit_test(tmux_gets_few_bytes),
		cmocka_unit_test(a_limit_is_kept),
		cmocka_unit_test(low_is_plainer),
		cmocka_unit_test(a_terminal_that_never_answers_is_drawn_on),
		cmocka_unit_test(a_lost_answer_stops_nothing),
		cmocka_unit_test(a_long_way_is_said),
		cmocka_unit_test(a_kilobyte_a_second_is_enough),
		cmocka_unit_test(the_shell_gets_no_answer),
		cmocka_unit_test(an_unread_terminal_costs_nothing),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
