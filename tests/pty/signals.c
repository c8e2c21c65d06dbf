/* Ends, stops and sizes: whatever happens to the program, the terminal is
 * whole afterwards, and the picture is right. */
#include "tests/pty/redtop.h"

#define DRAWN 100 /* frames asked for while nobody reads */

/* Somebody else's bytes, that show nothing, take all the room there is. */
static void block(struct pty *p)
{
	char nothing[4096];
	memset(nothing, '\017', sizeof(nothing)); /* shift in, where it is */
	int fd = open(ptsname(p->master), O_WRONLY | O_NOCTTY | O_NONBLOCK);
	assert_true(fd >= 0);
	while (write(fd, nothing, sizeof(nothing)) > 0
	       || write(fd, nothing, 1) > 0)
		;
	close(fd);
}

/* What nobody reads yet is enough to block a writer: the program itself sends
 * no more than one piece that nobody answers. */
static void fill(struct pty *p)
{
	block(p);
	for (int i = 0; i < DRAWN; i++) {
		pty_press(p, "Ctrl-L");
		poll(NULL, 0, 5);
	}
}

static const int fatal[] = { SIGTERM, SIGHUP,  SIGQUIT, SIGSEGV,
			     SIGBUS,  SIGABRT, SIGFPE,  SIGILL };
#define NR_FATAL (sizeof(fatal) / sizeof(fatal[0]))

static void dies_by(struct pty *p, int signum)
{
	pty_signal(p, signum);
	assert_int_equal(pty_exit(p, PROMPT), 128 + signum);
	assert_true(pty_is_whole(p));
	pty_free(p);
}

static void a_signal_ends_it_and_the_terminal_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_FATAL; i++)
		dies_by(start_demo(80, 24), fatal[i]);
}

static void a_signal_ends_it_while_a_server_hangs(void **state)
{
	(void)state;
	char url[64];
	int server = hanging_server(url);
	for (size_t i = 0; i < NR_FATAL; i++) {
		struct pty *p = start(url, NULL, NULL, 80, 24);
		assert_true(wait_row(p, 0, "127.0.0.1", SOON));
		dies_by(p, fatal[i]);
	}
	close(server);
}

static void an_interrupt_is_no_failure(void **state)
{
	(void)state;
	struct pty *p = start_demo(80, 24);
	pty_signal(p, SIGINT);
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_true(pty_is_whole(p));
	pty_free(p);
}

static void a_signal_ends_it_though_nobody_reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_FATAL; i++) {
		struct pty *p = start_demo(120, 40);
		fill(p);
		pty_signal(p, fatal[i]);
		assert_int_equal(pty_exit_unread(p, PROMPT), 128 + fatal[i]);
		pty_free(p);
	}
}

/* Seconds of processor time, from what the kernel says. */
static double cpu_of(pid_t pid)
{
	char path[64];
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u "
				   "%*u %*u %*u %lu %lu", &user, &kernel), 2);
	fclose(f);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static void a_terminal_that_is_not_read_holds_up_nothing(void **state)
{
	(void)state;
	size_t before, after, frame;
	struct pty *p = start_paused_demo(120, 40);
	pty_raw(p, &before);
	pty_press(p, "Ctrl-L");
	assert_true(pty_wait_quiet(p, 300, SOON));
	pty_raw(p, &frame);
	frame -= before;
	char *picture = screen_copy(p);
	fill(p);
	double cpu = cpu_of(pty_pid(p));
	poll(NULL, 0, 3000);
	assert_true(cpu_of(pty_pid(p)) - cpu < 0.5);
	pty_raw(p, &before);
	assert_true(wait_screen(p, picture, SOON));
	assert_true(pty_wait_quiet(p, 300, SOON));
	assert_string_equal(pty_screen(p), picture);
	pty_raw(p, &after);
	/* What the kernel held, the frame that waited, and the newest. */
	assert_true(after - before > frame);
	assert_true(after - before < 20480 + 2 * frame);
	free(picture);
	quit(p);
}

/* What was pressed meanwhile is on the screen when it is read again. */
static void keys_pressed_unseen_are_seen_later(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(120, 40);
	fill(p);
	pty_press(p, "6");
	pty_press(p, "?");
	poll(NULL, 0, 200);
	assert_true(pty_wait_text(p, "help: events", SOON));
	pty_press(p, "Esc");
	assert_true(pty_wait_text(p, "newest first", SOON));
	assert_true(pty_wait_quiet(p, 300, SOON));
	assert_screen_is_whole(p);
	quit(p);
}

static void a_terminal_that_is_gone_ends_it(void **state)
{
	(void)state;
	struct pty *p = start_demo(80, 24);
	pty_hang_up(p);
	assert_int_equal(pty_exit_unread(p, PROMPT), 128 + SIGHUP);
	pty_free(p);
	p = start_demo(120, 40);
	fill(p);
	pty_hang_up(p);
	assert_int_equal(pty_exit_unread(p, PROMPT), 128 + SIGHUP);
	pty_free(p);
}

/* In a session of its own nobody sends it a SIGHUP. */
static void a_terminal_that_is_gone_ends_it_without_a_signal(void **state)
{
	(void)state;
	static const char script[] = "trap '' HUP; setsid -w \"$0\" demo";
	static const char *const env[] = { AT_HOME, NULL };
	const char *argv[] = { "sh", "-c", script, redtop(), NULL };
	struct pty *p = pty_start(&(struct pty_options){ .argv = argv,
							 .env = env });
	assert_true(wait_overview(p));
	pty_hang_up(p);
	assert_int_not_equal(pty_exit_unread(p, PROMPT), -1);
	pty_free(p);
}

static bool is_left(struct pty *p, void *arg)
{
	(void)arg;
	return !pty_alternate(p);
}

/* Ctrl-Z, and the terminal is the shell's. */
static void stop(struct pty *p)
{
	pty_type(p, "\032", 1);
	assert_true(pty_stopped(p, PROMPT));
	assert_true(pty_wait(p, is_left, NULL, PROMPT));
	assert_true(pty_wait_quiet(p, 50, PROMPT));
	assert_true(pty_is_whole(p));
}

static void it_stops_and_comes_back(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *picture = screen_copy(p);
	for (int i = 0; i < 3; i++) {
		stop(p);
		pty_signal(p, SIGCONT);
		assert_true(wait_screen(p, picture, SOON));
		assert_true(pty_alternate(p));
		assert_false(pty_cursor_shown(p));
	}
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, picture, PROMPT));
	free(picture);
	quit(p);
}

static void it_comes_back_at_a_new_size(void **state)
{
	(void)state;
	static const struct {
		int w, h;
	} sizes[] = { { 120, 40 }, { 60, 15 }, { 100, 30 } };
	struct pty *p = start_paused_demo(80, 24);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		stop(p);
		pty_resize(p, sizes[i].w, sizes[i].h);
		pty_signal(p, SIGCONT);
		assert_true(wait_row(p, sizes[i].h - 1, "q quit", SOON));
		assert_true(wait_row(p, 0, "PAUSED", SOON));
		assert_true(pty_wait_quiet(p, 300, SOON));
		assert_screen_is_whole(p);
	}
	quit(p);
}

static void it_stops_while_a_server_hangs(void **state)
{
	(void)state;
	char url[64];
	int server = hanging_server(url);
	struct pty *p = start(url, NULL, NULL, 80, 24);
	assert_true(wait_row(p, 0, "127.0.0.1", SOON));
	stop(p);
	pty_signal(p, SIGCONT);
	assert_true(wait_row(p, 0, "127.0.0.1", SOON));
	quit(p);
	close(server);
}

static bool stopped_unread(struct pty *p, int ms)
{
	for (long until = pty_ms() + ms; !p->stopped && pty_ms() < until;) {
		poll(NULL, 0, 2);
		look(p);
	}
	return p->stopped;
}

/* The key makes the kernel forget what it held, so the end sequence has room;
 * after a signal it waits, not for long, and what is left of it comes before
 * the next picture: that would begin inside a sequence. */
static void it_stops_though_nobody_reads(void **state)
{
	(void)state;
	for (int by_key = 0; by_key < 2; by_key++) {
		struct pty *p = start_paused_demo(120, 40);
		char *picture = screen_copy(p);
		fill(p);
		if (by_key)
			pty_type(p, "\032", 1);
		else
			pty_signal(p, SIGTSTP);
		assert_true(stopped_unread(p, PROMPT));
		assert_true(pty_wait_quiet(p, 100, SOON));
		assert_int_equal(pty_alternate(p), !by_key);
		pty_signal(p, SIGCONT);
		assert_true(pty_wait_quiet(p, 300, SOON));
		assert_true(wait_screen(p, picture, SOON));
		assert_non_null(strstr(buf_text(&p->raw), "\033[?1049l"));
		assert_true(pty_alternate(p));
		free(picture);
		quit(p);
	}
}

/* Stopped from outside it could not tidy up, and the shell has put its own
 * modes on the terminal meanwhile. */
static void it_comes_back_from_a_stop_it_did_not_see(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	pty_signal(p, SIGSTOP);
	assert_true(pty_stopped(p, PROMPT));
	tcsetattr(p->master, TCSANOW, &p->modes);
	take(p, "\033[?2004h\033[?2004l", 16);
	pty_resize(p, 100, 30);
	pty_signal(p, SIGCONT);
	assert_true(wait_row(p, 29, "q quit", SOON));
	assert_true(pty_alternate(p));
	assert_true(is_on(p, "2004"));
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", PROMPT));
	pty_press(p, "Esc");
	assert_true(pty_wait_gone(p, "help: overview", PROMPT));
	quit(p);
}

static unsigned next(unsigned *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void a_storm_of_sizes_ends_in_the_right_picture(void **state)
{
	(void)state;
	static const struct {
		int w, h;
	} odd[] = { { 1, 1 }, { 0, 0 }, { 1, 200 }, { 200, 1 }, { 2, 2 },
		    { 1000, 500 }, { 40, 8 }, { 0, 24 }, { 80, 0 } };
	enum { NR_ODD = sizeof(odd) / sizeof(odd[0]) };
	unsigned seed = 20261123;
	struct pty *p = start_paused_demo(80, 24);
	char *picture = screen_copy(p);
	for (int i = 0; i < 300; i++) {
		unsigned kind = next(&seed) % 40;
		if (kind < NR_ODD)
			pty_resize(p, odd[kind].w, odd[kind].h);
		else
			pty_resize(p, (int)(next(&seed) % 220),
				   (int)(next(&seed) % 70));
		pty_read(p, (int)(next(&seed) % 30));
	}
	pty_resize(p, 80, 24);
	assert_true(wait_screen(p, picture, SOON));
	assert_true(pty_wait_quiet(p, 300, SOON));
	assert_string_equal(pty_screen(p), picture);
	free(picture);
	quit(p);
}

static void every_extreme_size_is_survived_and_left_whole(void **state)
{
	(void)state;
	static const struct {
		int w, h;
	} sizes[] = { { 1, 1 }, { 0, 0 }, { 1, 100 }, { 100, 1 },
		      { 1000, 500 } };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pty *p = start_demo(80, 24);
		pty_resize(p, sizes[i].w, sizes[i].h);
		assert_true(pty_wait_quiet(p, 300, SOON));
		pty_press(p, "j");
		pty_press(p, "Enter");
		assert_true(pty_wait_quiet(p, 300, SOON));
		pty_press(p, "q");
		assert_int_equal(pty_exit(p, PROMPT), 0);
		assert_false(pty_alternate(p));
		assert_true(pty_cursor_shown(p));
		pty_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_signal_ends_it_and_the_terminal_is_whole),
		cmocka_unit_test(a_signal_ends_it_while_a_server_hangs),
		cmocka_unit_test(an_interrupt_is_no_failure),
		cmocka_unit_test(a_signal_ends_it_though_nobody_reads),
		cmocka_unit_test(a_terminal_that_is_not_read_holds_up_nothing),
		cmocka_unit_test(keys_pressed_unseen_are_seen_later),
		cmocka_unit_test(a_terminal_that_is_gone_ends_it),
		cmocka_unit_test(a_terminal_that_is_gone_ends_it_without_a_signal),
		cmocka_unit_test(it_stops_and_comes_back),
		cmocka_unit_test(it_comes_back_at_a_new_size),
		cmocka_unit_test(it_stops_while_a_server_hangs),
		cmocka_unit_test(it_stops_though_nobody_reads),
		cmocka_unit_test(it_comes_back_from_a_stop_it_did_not_see),
		cmocka_unit_test(a_storm_of_sizes_ends_in_the_right_picture),
		cmocka_unit_test(every_extreme_size_is_survived_and_left_whole),
	};
	return cmocka_run_group_tests_name("signals", tests, NULL, NULL);
}
