/* Terminals, locales and pipes of all kinds. */
#include "tests/pty/redtop.h"

static void has_only_ascii(struct pty *p)
{
	size_t n;
	const char *raw = pty_raw(p, &n);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)raw[i] >= 0x80 || raw[i] == '\0')
			fail_msg("byte %zu is 0x%02x", i, (unsigned char)raw[i]);
}

/* Through all that the keys open. */
static void look_around(struct pty *p)
{
	static const struct {
		const char *key, *text;
	} rows[] = {
		{ "?", "help:" },    { "Esc", "rate/s" },
		{ "e", "explain" },  { "Esc", "rate/s" },
		{ ":", "command" },  { "Esc", "rate/s" },
		{ "2", "overview" }, { "6", "newest first" },
		{ "8", "this terminal" }, { "1", "rate/s" },
		{ "Left", "latency" },    { "f", "search" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pty_press(p, rows[i].key);
		assert_true(pty_wait_text(p, rows[i].text, PROMPT));
	}
	assert_true(pty_wait_quiet(p, 100, PROMPT));
}

static void plain_locales_get_ascii_only(void **state)
{
	(void)state;
	static const char *const rows[][6] = {
		{ "LC_ALL=C" },
		{ "LC_ALL=POSIX" },
		{ "LC_ALL", "LC_CTYPE", "LANG=C" },
		{ "LC_ALL", "LC_CTYPE", "LANG" },
		{ "LC_ALL=xx_XX" },
		{ "LC_ALL", "LC_CTYPE", "LANG=xx_XX" },
		{ "LC_ALL=de_DE@euro" },
		{ "LC_ALL=", "LC_CTYPE=C", "LANG=C.UTF-8" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *env[] = { "HOME=/dev/null", rows[i][0],
				      rows[i][1], rows[i][2], NULL };
		struct pty *p = start("demo", env, NULL, 120, 40);
		assert_true(wait_overview(p));
		look_around(p);
		pty_press(p, "q");
		assert_int_equal(pty_exit(p, PROMPT), 0);
		has_only_ascii(p);
		assert_true(pty_is_whole(p));
		pty_free(p);
	}
}

static void the_start_page_is_ascii_in_a_plain_locale(void **state)
{
	(void)state;
	static const char *const env[] = { AT_HOME, "LC_ALL=C", NULL };
	struct pty *p = start(NULL, env, NULL, 80, 24);
	assert_true(pty_wait_text(p, "redtop demo", SOON));
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help:", PROMPT));
	assert_true(pty_wait_quiet(p, 100, PROMPT));
	has_only_ascii(p);
	pty_free(p);
}

/* A name that says UTF-8 is believed, though the locale is not installed. */
static void a_locale_that_is_not_installed_keeps_its_charset(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "LC_ALL=xx_XX.UTF-8" },
		{ "LC_ALL", "LC_CTYPE", "LANG=xx_XX.UTF-8" },
		{ "LC_ALL=", "LC_CTYPE=xx_XX.utf8", "LANG=C" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *env[] = { "HOME=/dev/null", rows[i][0], rows[i][1],
				      rows[i][2], NULL };
		struct pty *p = start("demo", env, NULL, 80, 24);
		assert_true(wait_overview(p));
		assert_true(pty_shows(p, "●"));
		assert_true(pty_shows(p, "▌"));
		quit(p);
	}
}

static bool is_colour(int n)
{
	return (n >= 30 && n <= 48 && n != 39) || (n >= 90 && n <= 107);
}

/* How many SGR parameters name a colour. */
static int colours_named(struct pty *p)
{
	size_t n;
	int colours = 0;
	const char *raw = pty_raw(p, &n);
	for (const char *s = strstr(raw, "\033["); s; s = strstr(s, "\033[")) {
		s += 2;
		size_t len = strspn(s, "0123456789;:");
		if (s[len] != 'm')
			continue;
		for (const char *at = s; at < s + len; at++)
			if (at == s || at[-1] == ';')
				colours += is_colour(atoi(at));
	}
	return colours;
}

static void no_color_means_none(void **state)
{
	(void)state;
	static const struct {
		const char *env;
		bool colours;
	} rows[] = { { "NO_COLOR=1", false }, { "NO_COLOR=", true },
		     { "NO_COLOR", true } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *env[] = { AT_HOME, rows[i].env, NULL };
		struct pty *p = start("demo", env, NULL, 120, 40);
		assert_true(wait_overview(p));
		look_around(p);
		pty_press(p, "q");
		assert_int_equal(pty_exit(p, PROMPT), 0);
		assert_int_equal(colours_named(p) > 0, rows[i].colours);
		pty_free(p);
	}
}

/* The theme menu is open to somebody without colours too. */
static void no_color_holds_whatever_theme_is_chosen(void **state)
{
	(void)state;
	static const char *const env[] = { AT_HOME, "NO_COLOR=1", NULL };
	struct pty *p = start("demo", env, NULL, 80, 24);
	assert_true(wait_overview(p));
	pty_press(p, "F2");
	assert_true(pty_wait_text(p, "▌ mono", PROMPT));
	for (int i = 0; i < 6; i++)
		pty_press(p, "F2");
	pty_press(p, "Enter");
	assert_true(pty_wait_gone(p, "Enter keep", PROMPT));
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_int_equal(colours_named(p), 0);
	pty_free(p);
}

static size_t times(struct pty *p, const char *text)
{
	size_t n, nr = 0;
	for (const char *s = pty_raw(p, &n); (s = strstr(s, text)); s++)
		nr++;
	return nr;
}

static void works(struct pty *p)
{
	assert_true(wait_overview(p));
	assert_true(wait_row(p, 4, "service", PROMPT));
	assert_true(wait_row(p, 4, "rate/s", PROMPT));
	look_around(p);
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_true(pty_is_whole(p));
}

static void a_terminal_that_nobody_described_is_drawn_on(void **state)
{
	(void)state;
	static const struct {
		const char *term, *notice;
	} rows[] = {
		{ "xterm-nosuch", "TERM=xterm-nosuch is not known here, "
				  "drawing for xterm-256color" },
		{ "nosuch", "TERM=nosuch is not known here, drawing for vt100" },
		{ "", "TERM is not set, drawing for vt100" },
		{ NULL, "TERM is not set, drawing for vt100" },
		{ "../../etc/passwd", "is not known here, drawing for vt100" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static const char *const unset[] = { AT_HOME, "TERM", NULL };
		struct pty *p = start("demo", rows[i].term ? NULL : unset,
				      rows[i].term, 100, 30);
		works(p);
		assert_int_equal(times(p, rows[i].notice), 1);
		assert_int_equal(times(p, "drawing for"), 1);
		pty_free(p);
	}
}

static void terminals_that_are_known_work(void **state)
{
	(void)state;
	static const char *const terms[] = {
		"xterm", "xterm-256color", "screen", "screen-256color",
		"tmux-256color", "linux", "vt100", "vt220", "rxvt",
	};
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		struct pty *p = start("demo", NULL, terms[i], 100, 30);
		works(p);
		assert_int_equal(times(p, "drawing for"), 0);
		pty_free(p);
	}
}

/* After the program there is room for the shell's next line. */
static void a_terminal_without_a_second_screen_is_wiped(void **state)
{
	(void)state;
	struct pty *p = start("demo", NULL, "linux", 80, 24);
	assert_true(wait_overview(p));
	pty_press(p, "q");
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_false(pty_shows(p, "rate/s"));
	assert_false(pty_shows(p, "q quit"));
	pty_free(p);
}

static void a_dumb_terminal_is_refused_by_name(void **state)
{
	(void)state;
	struct pty *p = start("demo", NULL, "dumb", 80, 24);
	assert_int_equal(pty_exit(p, SOON), 64);
	assert_true(pty_shows(p, "TERM=dumb"));
	assert_true(pty_shows(p, "snapshot"));
	assert_int_equal(times(p, "\033"), 0);
	pty_free(p);
}

static bool is_alternate(struct pty *p, void *arg)
{
	(void)arg;
	return pty_alternate(p);
}

static struct pty *sh(const char *script, int w, int h)
{
	static const char *const env[] = { AT_HOME, NULL };
	const char *argv[] = { "sh", "-c", script, redtop(), NULL };
	return pty_start(&(struct pty_options){ .argv = argv, .env = env,
						.w = w, .h = h });
}

static void a_pipe_gets_one_frame_of_text(void **state)
{
	(void)state;
	struct pty *p = sh("\"$0\" demo | cat", 130, 60);
	assert_int_equal(pty_exit(p, SOON), 0);
	assert_true(pty_shows(p, "redtop  demo"));
	assert_true(pty_shows(p, "rate/s"));
	assert_int_equal(times(p, "LIVE"), 2); /* header and scrub bar */
	assert_int_equal(times(p, "\n"), 40);
	assert_int_equal(times(p, "\033"), 0);
	pty_free(p);
	p = sh("x=$(\"$0\" demo); exit $?", 80, 24);
	assert_int_equal(pty_exit(p, SOON), 0);
	pty_free(p);
}

static void nothing_to_show_and_nowhere_to_ask_is_a_usage_error(void **state)
{
	(void)state;
	struct pty *p = sh("x=$(\"$0\" 2>&1 </dev/null); e=$?; "
			   "echo \"$x\"; exit $e", 130, 24);
	assert_int_equal(pty_exit(p, SOON), 64);
	assert_true(pty_shows(p, "no source and no terminal"));
	pty_free(p);
}

/* Made here where the system can, else as if it were not installed: the
 * numbers are the same in both. */
static void a_decimal_comma_changes_no_number(void **state)
{
	(void)state;
	static const char script[] =
		"d=$(mktemp -d) && export LOCPATH=$d; "
		"localedef -i de_DE -f UTF-8 $d/de_DE.UTF-8 >$d/log 2>&1; "
		"for f in text json; do "
		"x=$(LC_ALL=C.UTF-8 LOCPATH= \"$0\" snapshot demo --format $f "
		"--objective 99.9); for l in de_DE.UTF-8 xx_XX.UTF-8; do "
		"y=$(LC_ALL=$l \"$0\" snapshot demo --format $f "
		"--objective 99.9); "
		"test \"$(echo \"$x\" | grep -v took)\" = "
		"\"$(echo \"$y\" | grep -v took)\" || echo $f differs in $l; "
		"done; done; rm -r $d; echo compared";
	struct pty *p = sh(script, 80, 24);
	assert_true(pty_wait_text(p, "compared", SOON));
	assert_false(pty_shows(p, "differs"));
	pty_free(p);
}

/* Not only resized to it. */
static void a_terminal_of_any_size_is_started_in(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"stty rows 0 cols 0; exec \"$0\" demo",
		"stty rows 1 cols 1; exec \"$0\" demo",
		"stty rows 7 cols 39; exec \"$0\" demo",
		"stty rows 500 cols 1000; exec \"$0\" demo",
		"stty rows 65535 cols 65535; exec \"$0\" demo",
	};
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct pty *p = sh(scripts[i], 80, 24);
		assert_true(pty_wait(p, is_alternate, NULL, SOON));
		pty_read(p, 500);
		pty_press(p, "j");
		pty_resize(p, 100, 30);
		assert_true(wait_overview(p));
		quit(p);
	}
}

static void a_full_disk_or_no_output_is_an_error(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"\"$0\" demo >/dev/full",
		"\"$0\" demo >&-",
		"\"$0\" snapshot demo >&-",
		"\"$0\" snapshot demo >&- <&-",
	};
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct pty *p = sh(scripts[i], 80, 24);
		assert_int_equal(pty_exit(p, SOON), 74);
		assert_true(pty_shows(p, "writing the frame"));
		pty_free(p);
	}
	struct pty *p = sh("\"$0\" demo >&- 2>&- <&-", 80, 24);
	assert_int_equal(pty_exit(p, SOON), 74);
	pty_free(p);
}

/* Keys come from the terminal that is drawn on. */
static void the_screen_needs_only_its_output(void **state)
{
	(void)state;
	static const char *const scripts[] = {
		"exec \"$0\" demo </dev/null",
		"exec \"$0\" demo <&-",
		"exec \"$0\" demo 2>&-",
		"exec \"$0\" demo <&- 2>&-",
		"echo q | exec \"$0\" demo",
	};
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		struct pty *p = sh(scripts[i], 80, 24);
		assert_true(wait_overview(p));
		pty_press(p, "?");
		assert_true(pty_wait_text(p, "help: overview", PROMPT));
		pty_press(p, "Esc");
		assert_true(pty_wait_gone(p, "help: overview", PROMPT));
		quit(p);
	}
}

/* Whose shell is it then? Its file description stays as it was. */
static void the_shell_keeps_blocking_reads(void **state)
{
	(void)state;
	struct pty *p = sh("\"$0\" demo; read x && echo \"<$x>\"", 80, 24);
	assert_true(wait_overview(p));
	pty_press(p, "q");
	assert_true(pty_wait_gone(p, "rate/s", PROMPT));
	pty_read(p, 100);
	pty_type(p, "abc\r", 4);
	assert_true(pty_wait_text(p, "<abc>", PROMPT));
	assert_int_equal(pty_exit(p, PROMPT), 0);
	pty_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_locales_get_ascii_only),
		cmocka_unit_test(the_start_page_is_ascii_in_a_plain_locale),
		cmocka_unit_test(a_locale_that_is_not_installed_keeps_its_charset),
		cmocka_unit_test(no_color_means_none),
		cmocka_unit_test(no_color_holds_whatever_theme_is_chosen),
		cmocka_unit_test(a_terminal_that_nobody_described_is_drawn_on),
		cmocka_unit_test(terminals_that_are_known_work),
		cmocka_unit_test(a_terminal_without_a_second_screen_is_wiped),
		cmocka_unit_test(a_dumb_terminal_is_refused_by_name),
		cmocka_unit_test(a_pipe_gets_one_frame_of_text),
		cmocka_unit_test(nothing_to_show_and_nowhere_to_ask_is_a_usage_error),
		cmocka_unit_test(a_decimal_comma_changes_no_number),
		cmocka_unit_test(a_terminal_of_any_size_is_started_in),
		cmocka_unit_test(a_full_disk_or_no_output_is_an_error),
		cmocka_unit_test(the_screen_needs_only_its_output),
		cmocka_unit_test(the_shell_keeps_blocking_reads),
	};
	return cmocka_run_group_tests_name("terminals", tests, NULL, NULL);
}
