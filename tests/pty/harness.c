/* The tests' own terminal, tried with a shell. */
#include "tests/pty/pty.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct pty *sh(const char *script)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	return pty_start(&(struct pty_options){ .argv = argv, .w = 60, .h = 10 });
}

static void a_test_sees_the_screen(void **state)
{
	(void)state;
	struct pty *p = sh("stty size; printf '\\033[3;4H\\033[1;31mcaf\\303\\251'; read x");
	assert_true(pty_wait_text(p, "café", 5000));
	assert_string_equal(pty_row(p, 0), "10 60");
	assert_string_equal(pty_row(p, 2), "   café");
	assert_int_equal(pty_fg(p, 3, 2), 1);
	assert_int_equal(pty_bg(p, 3, 2), -1);
	assert_true(pty_bold(p, 3, 2));
	pty_press(p, "Enter");
	assert_int_equal(pty_exit(p, 5000), 0);
	pty_free(p);
}

static void a_test_learns_how_the_program_ended(void **state)
{
	(void)state;
	struct pty *p = sh("exit 69");
	assert_int_equal(pty_exit(p, 5000), 69);
	pty_free(p);
	p = sh("echo ready; read x");
	assert_true(pty_wait_text(p, "ready", 5000));
	assert_int_equal(pty_exit(p, 1), -1);
	pty_signal(p, SIGTERM);
	assert_int_equal(pty_exit(p, 5000), 128 + SIGTERM);
	pty_free(p);
	p = sh("echo ready; read x");
	assert_true(pty_wait_text(p, "ready", 5000));
	pty_hang_up(p);
	assert_int_equal(pty_exit(p, 5000), 128 + SIGHUP);
	pty_free(p);
}

static void a_test_resizes_and_types(void **state)
{
	(void)state;
	struct pty *p = sh("read x; stty size; read y; echo \"<$y>\"; read z");
	pty_resize(p, 100, 30);
	pty_press(p, "Enter");
	assert_true(pty_wait_text(p, "30 100", 5000));
	pty_type(p, "abc", 3);
	pty_press(p, "Enter");
	assert_true(pty_wait_text(p, "<abc>", 5000));
	assert_true(pty_wait_quiet(p, 20, 5000));
	pty_free(p);
}

static void a_test_notices_a_terminal_left_broken(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		bool whole;
	} rows[] = {
		{ "true", true },
		{ "printf '\\033[?1049h\\033[?1049l\\033[?25l\\033[?25h'", true },
		{ "printf '\\033[?1049h'", false },
		{ "printf '\\033[?25l'", false },
		{ "printf '\\033[?2004h'", false },
		{ "printf '\\033[?2004h\\033[?2004l'", true },
		{ "printf '\\033[?1000h'", false },
		{ "printf '\\033[2;5r'", false },
		{ "stty raw -echo", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pty *p = sh(rows[i].script);
		assert_int_equal(pty_exit(p, 5000), 0);
		assert_int_equal(pty_is_whole(p), rows[i].whole);
		pty_free(p);
	}
}

static void the_terminal_answers_questions(void **state)
{
	(void)state;
	struct pty *p = sh("stty -icanon -echo; printf '\\033[5n'; "
			   "dd bs=1 count=4 2>/dev/null | od -c; stty icanon echo");
	assert_int_equal(pty_exit(p, 5000), 0);
	assert_true(pty_shows(p, "033   [   0   n"));
	pty_free(p);
}

static void a_test_notices_a_stopped_program(void **state)
{
	(void)state;
	struct pty *p = sh("echo ready; kill -STOP $$; echo again");
	assert_true(pty_stopped(p, 5000));
	pty_signal(p, SIGCONT);
	assert_true(pty_wait_text(p, "again", 5000));
	assert_int_equal(pty_exit(p, 5000), 0);
	pty_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_test_sees_the_screen),
		cmocka_unit_test(a_test_learns_how_the_program_ended),
		cmocka_unit_test(a_test_resizes_and_types),
		cmocka_unit_test(a_test_notices_a_terminal_left_broken),
		cmocka_unit_test(the_terminal_answers_questions),
		cmocka_unit_test(a_test_notices_a_stopped_program),
	};
	return cmocka_run_group_tests_name("harness", tests, NULL, NULL);
}
