/* What the keys do, seen by somebody at a terminal. */
#include "tests/pty/redtop.h"

static void the_demo_shows_its_overview_at_once(void **state)
{
	(void)state;
	struct pty *p = start("demo", NULL, NULL, 80, 24);
	assert_true(wait_row(p, 0, "LIVE", PROMPT));
	assert_true(wait_overview(p));
	assert_true(pty_alternate(p));
	assert_false(pty_cursor_shown(p));
	assert_non_null(strstr(pty_row(p, 0), "redtop  demo"));
	/* Verdict and reason, then the table, then one service's latency. */
	assert_string_not_equal(pty_row(p, 1), "");
	assert_non_null(strstr(pty_row(p, 4), "service"));
	assert_non_null(strstr(pty_row(p, 4), "errors"));
	assert_int_equal(marked_row(p), 5);
	assert_true(pty_shows(p, "latency"));
	assert_non_null(strstr(pty_row(p, 23), "? help"));
	quit(p);
}

static void the_mark_moves(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	static const struct {
		const char *key;
		int row;
	} rows[] = {
		{ "j", 6 }, { "Down", 7 }, { "k", 6 }, { "Up", 5 }, { "k", 5 },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pty_press(p, rows[i].key);
		assert_true(wait_mark(p, rows[i].row));
	}
	quit(p);
}

static void enter_opens_a_service_and_escape_comes_back(void **state)
{
	(void)state;
	char name[32];
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	assert_int_equal(sscanf(pty_row(p, 5), "%*s %31s", name), 1);
	pty_press(p, "Enter");
	assert_true(pty_wait_text(p, "overview ▸", PROMPT));
	assert_true(wait_row(p, 3, name, PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	/* At the top there is nowhere to go back to, and it stays. */
	pty_press(p, "Esc");
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

static void an_arrow_is_no_escape(void **state)
{
	(void)state;
	char first[256];
	struct pty *p = start_paused_demo(80, 24);
	pty_press(p, "Enter");
	assert_true(pty_wait_text(p, "overview ▸", PROMPT));
	snprintf(first, sizeof(first), "%s", pty_row(p, 3));
	pty_press(p, "Down");
	assert_true(pty_wait_gone(p, first, PROMPT));
	assert_true(pty_wait_text(p, "overview ▸", PROMPT));
	pty_type(p, "\033", 1);
	pty_type(p, "[", 1);
	pty_type(p, "A", 1);
	assert_true(wait_row(p, 3, first, PROMPT));
	pty_press(p, "Esc");
	assert_true(pty_wait_gone(p, "overview ▸", PROMPT));
	quit(p);
}

/* The keys after it may still belong to it, so the question is asked again. */
static void half_a_sequence_does_nothing(void **state)
{
	(void)state;
	static const char *const halves[] = { "\033[", "\033[1;", "\033O",
					      "\033]0;q", "\xf0\x9f" };
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	for (size_t i = 0; i < sizeof(halves) / sizeof(halves[0]); i++) {
		bool help = false;
		pty_type(p, halves[i], strlen(halves[i]));
		pty_read(p, 200);
		for (int n = 0; n < 20 && !help; n++) {
			pty_press(p, "?");
			help = pty_wait(p, shows, (void *)(size_t)"help:", 500);
		}
		assert_true(help);
		pty_press(p, "Esc");
		assert_true(wait_screen(p, before, PROMPT));
	}
	free(before);
	quit(p);
}

static void the_filter_echoes_and_filters(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_press(p, "/");
	assert_true(wait_row(p, 4, "/_", PROMPT));
	pty_type(p, "cartq", 5);
	assert_true(wait_row(p, 4, "/cartq_", PROMPT));
	pty_press(p, "Backspace");
	assert_true(wait_row(p, 4, "/cart_", PROMPT));
	assert_true(wait_row(p, 5, "cart", PROMPT));
	assert_true(pty_wait_text(p, "match", PROMPT));
	assert_true(pty_wait_gone(p, "more healthy", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	pty_press(p, "/");
	pty_type(p, "edge\r", 5);
	assert_true(wait_row(p, 5, "edge", PROMPT));
	assert_true(pty_wait_gone(p, "/edge_", PROMPT));
	assert_true(pty_wait_text(p, "match", PROMPT));
	pty_press(p, "Esc");
	assert_true(pty_wait_text(p, "more healthy", PROMPT));
	free(before);
	quit(p);
}

static void help_opens_and_closes(void **state)
{
	(void)state;
	static const char *const opens[] = { "?", "F1" };
	static const char *const closes[] = { "Esc", "?" };
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	for (int i = 0; i < 2; i++) {
		pty_press(p, opens[i]);
		assert_true(pty_wait_text(p, "help: overview", PROMPT));
		pty_press(p, closes[i]);
		assert_true(wait_screen(p, before, PROMPT));
	}
	free(before);
	quit(p);
}

static void the_palette_echoes_and_runs(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	pty_press(p, ":");
	assert_true(pty_wait_text(p, "command", PROMPT));
	pty_type(p, "pag", 3);
	assert_true(pty_wait_text(p, ":pag", PROMPT));
	pty_press(p, "Tab");
	pty_type(p, "events", 6);
	assert_true(pty_wait_text(p, ":page events", PROMPT));
	pty_press(p, "Enter");
	assert_true(pty_wait_text(p, "newest first", PROMPT));
	pty_press(p, ":");
	pty_type(p, "net\r", 4);
	assert_true(pty_wait_text(p, "redtop only reads", PROMPT));
	pty_press(p, ":");
	pty_type(p, "pgae\r", 5);
	assert_true(pty_wait_text(p, "did you mean 'page'?", PROMPT));
	pty_press(p, ":");
	pty_type(p, "quit\r", 5);
	assert_int_equal(pty_exit(p, PROMPT), 0);
	assert_true(pty_is_whole(p));
	pty_free(p);
}

static void every_page_has_its_number(void **state)
{
	(void)state;
	static const struct {
		const char *key, *text;
	} rows[] = {
		{ "6", "newest first" },   { "8", "this terminal" },
		{ "2", "overview ▸" },     { "1", "more healthy" },
	};
	struct pty *p = start_paused_demo(80, 24);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pty_press(p, rows[i].key);
		assert_true(pty_wait_text(p, rows[i].text, PROMPT));
		assert_true(pty_wait_gone(p, rows[(i + 3) % 4].text, PROMPT));
	}
	quit(p);
}

static void a_widget_fills_the_screen_and_leaves_it(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_press(p, "f");
	assert_true(pty_wait_gone(p, "latency", PROMPT));
	assert_true(pty_wait_text(p, "search", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

static void pause_stops_time_until_it_goes_on(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	assert_false(pty_shows(p, "LIVE"));
	pty_press(p, " ");
	assert_true(wait_row(p, 0, "LIVE", PROMPT));
	assert_true(pty_wait_gone(p, "PAUSED", PROMPT));
	pty_press(p, "p");
	assert_true(wait_row(p, 0, "PAUSED", PROMPT));
	quit(p);
}

static void a_paused_screen_sends_no_byte(void **state)
{
	(void)state;
	size_t before, after;
	struct pty *p = start_paused_demo(120, 40);
	assert_true(pty_wait_quiet(p, 1200, SOON));
	pty_raw(p, &before);
	pty_read(p, 2500);
	pty_raw(p, &after);
	assert_int_equal(after, before);
	quit(p);
}

static void the_crosshair_names_its_moment(void **state)
{
	(void)state;
	char at[128];
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_press(p, "Left");
	assert_true(pty_wait_text(p, "─ at ", PROMPT));
	snprintf(at, sizeof(at), "%.20s", strstr(pty_screen(p), "─ at "));
	pty_press(p, "Left");
	assert_true(pty_wait_gone(p, at, PROMPT));
	pty_press(p, "Right");
	assert_true(pty_wait_text(p, at, PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

static void a_number_is_explained(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_press(p, "e");
	assert_true(pty_wait_text(p, "explain", PROMPT));
	assert_true(pty_wait_text(p, "query", PROMPT));
	assert_true(pty_wait_text(p, "in the bucket", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

/* Colours of the header's first letter and of its ground. */
static bool looks_like(struct pty *p, void *arg)
{
	const int *look = arg;
	return pty_fg(p, 1, 0) == look[0] && pty_bg(p, 1, 0) == look[1];
}

static bool looks_unlike(struct pty *p, void *arg)
{
	return !looks_like(p, arg);
}

static void a_theme_shows_before_it_is_taken(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	int ember[] = { pty_fg(p, 1, 0), pty_bg(p, 1, 0) };
	pty_press(p, "F2");
	assert_true(pty_wait_text(p, "▌ ember", PROMPT));
	pty_press(p, "j");
	assert_true(pty_wait_text(p, "▌ paper", PROMPT));
	assert_true(pty_wait(p, looks_unlike, ember, PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	assert_true(pty_wait(p, looks_like, ember, PROMPT));
	pty_press(p, "F2");
	pty_press(p, "j");
	pty_press(p, "Enter");
	assert_true(wait_screen(p, before, PROMPT));
	assert_true(pty_wait(p, looks_unlike, ember, PROMPT));
	free(before);
	quit(p);
}

/* Each letter here is a key, and the last line would quit. */
static void a_paste_fires_nothing(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_paste(p, "jjRsf6e2\rh+:quit\rq\n/q\x1b[21~q");
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", PROMPT));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

static void a_paste_goes_into_an_open_line(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	pty_press(p, "/");
	assert_true(wait_row(p, 4, "/_", PROMPT));
	pty_paste(p, "sear\x1b[A\x07");
	assert_true(wait_row(p, 4, "/sear_", PROMPT));
	pty_type(p, "ch\r", 3);
	assert_true(wait_row(p, 5, "search", PROMPT));
	quit(p);
}

/* A big paste, broken at every odd place by the terminal. */
static void ten_kilobytes_of_paste_fire_nothing(void **state)
{
	(void)state;
	struct pty *p = start_paused_demo(80, 24);
	char *before = screen_copy(p);
	pty_type(p, "\033[200~", 6);
	for (int i = 0; i < 1000; i++) {
		pty_type(p, "q\rR\xe2\x94:f\033[", 10);
		if (i % 100 == 0)
			pty_read(p, 5);
	}
	pty_type(p, "\033[201~", 6);
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", SOON));
	pty_press(p, "Esc");
	assert_true(wait_screen(p, before, PROMPT));
	free(before);
	quit(p);
}

static void control_c_quits_like_q(void **state)
{
	(void)state;
	static const char *const opened[] = { "", "?", "/", ":", "F2" };
	for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		struct pty *p = start_demo(80, 24);
		pty_press(p, opened[i]);
		pty_read(p, 50);
		pty_type(p, "\003", 1);
		assert_int_equal(pty_exit(p, PROMPT), 0);
		assert_true(pty_is_whole(p));
		pty_free(p);
	}
}

static void a_server_that_never_answers_leaves_the_keys_alive(void **state)
{
	(void)state;
	char url[64];
	int server = hanging_server(url);
	struct pty *p = start(url, NULL, NULL, 80, 24);
	assert_true(wait_row(p, 0, "127.0.0.1", PROMPT));
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help: overview", PROMPT));
	pty_press(p, "Esc");
	assert_true(pty_wait_gone(p, "help: overview", PROMPT));
	pty_press(p, "8");
	assert_true(pty_wait_text(p, "this terminal", PROMPT));
	quit(p);
	close(server);
}

static void the_start_page_leads_to_the_demo(void **state)
{
	(void)state;
	struct pty *p = start(NULL, NULL, NULL, 80, 24);
	assert_true(pty_wait_text(p, "redtop demo", PROMPT));
	assert_true(pty_wait_text(p, "a small shop with an incident", PROMPT));
	pty_press(p, "?");
	assert_true(pty_wait_text(p, "help", PROMPT));
	pty_press(p, "Esc");
	assert_true(pty_wait_text(p, "a small shop with an incident", PROMPT));
	pty_press(p, "Enter");
	assert_true(wait_overview(p));
	assert_true(pty_shows(p, "redtop  demo"));
	quit(p);
}

static void a_source_that_cannot_be_opened_is_said_on_the_start_page(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		":open nosuch.redtop\r", ":./nosuch.redtop\r",
		":open tests/pty/keys.c\r", ":opne demo\r",
	};
	static const char *const said[] = {
		"nosuch.redtop", "nosuch.redtop", "tests/pty/keys.c",
		"did you mean 'open'?",
	};
	struct pty *p = start(NULL, NULL, NULL, 100, 24);
	assert_true(pty_wait_text(p, "nothing leaves this host", SOON));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		pty_type(p, wrong[i], strlen(wrong[i]));
		assert_true(wait_row(p, 22, said[i], PROMPT));
		pty_press(p, "j");
		assert_true(pty_wait_gone(p, said[i], PROMPT));
	}
	pty_type(p, ":open demo\r", 11);
	assert_true(wait_overview(p));
	quit(p);
}

/* The mark of the start page stands left of its line. */
static const char *marked_line(struct pty *p)
{
	for (int y = 0; y < p->h; y++) {
		const char *row = pty_row(p, y);
		if (strncmp(row, "  ▌", strlen("  ▌")) == 0)
			return row;
	}
	return "";
}

static bool line_is_marked(struct pty *p, void *text)
{
	return strstr(marked_line(p), text) != NULL;
}

static void the_start_page_marks_what_enter_opens(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		char text[24];
	} rows[] = {
		{ "j", "127.0.0.1:9090" }, { "G", "127.0.0.1:8428" },
		{ "j", "127.0.0.1:8428" }, { "k", "127.0.0.1:9090" },
		{ "PgDn", "127.0.0.1:8428" }, { "g", "redtop demo" },
		{ "k", "redtop demo" },
	};
	/* Where no recordings lie about. */
	static const char script[] = "r=$(realpath \"$0\"); cd /proc && exec $r";
	static const char *const env[] = { AT_HOME, NULL };
	const char *argv[] = { "sh", "-c", script, redtop(), NULL };
	struct pty *p = pty_start(&(struct pty_options){ .argv = argv,
							 .env = env });
	assert_true(pty_wait_text(p, "redtop demo", SOON));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		pty_press(p, rows[i].key);
		assert_true(pty_wait(p, line_is_marked, (void *)(size_t)
				     rows[i].text, PROMPT));
	}
	quit(p);
}

static void the_start_page_can_be_left(void **state)
{
	(void)state;
	struct pty *p = start(NULL, NULL, NULL, 80, 24);
	assert_true(pty_wait_text(p, "redtop demo", PROMPT));
	quit(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_demo_shows_its_overview_at_once),
		cmocka_unit_test(the_mark_moves),
		cmocka_unit_test(enter_opens_a_service_and_escape_comes_back),
		cmocka_unit_test(an_arrow_is_no_escape),
		cmocka_unit_test(half_a_sequence_does_nothing),
		cmocka_unit_test(the_filter_echoes_and_filters),
		cmocka_unit_test(help_opens_and_closes),
		cmocka_unit_test(the_palette_echoes_and_runs),
		cmocka_unit_test(every_page_has_its_number),
		cmocka_unit_test(a_widget_fills_the_screen_and_leaves_it),
		cmocka_unit_test(pause_stops_time_until_it_goes_on),
		cmocka_unit_test(a_paused_screen_sends_no_byte),
		cmocka_unit_test(the_crosshair_names_its_moment),
		cmocka_unit_test(a_number_is_explained),
		cmocka_unit_test(a_theme_shows_before_it_is_taken),
		cmocka_unit_test(a_paste_fires_nothing),
		cmocka_unit_test(a_paste_goes_into_an_open_line),
		cmocka_unit_test(ten_kilobytes_of_paste_fire_nothing),
		cmocka_unit_test(control_c_quits_like_q),
		cmocka_unit_test(a_server_that_never_answers_leaves_the_keys_alive),
		cmocka_unit_test(the_start_page_leads_to_the_demo),
		cmocka_unit_test(a_source_that_cannot_be_opened_is_said_on_the_start_page),
		cmocka_unit_test(the_start_page_marks_what_enter_opens),
		cmocka_unit_test(the_start_page_can_be_left),
	};
	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
