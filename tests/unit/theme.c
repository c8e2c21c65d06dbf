#include "tui/theme.h"

#include "base/buf.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void read_all(const char *path, struct buf *b)
{
	char piece[4096];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(b, piece, n);
	fclose(f);
}

static void assert_same_theme(const struct theme *a, const struct theme *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->light, b->light);
	assert_int_equal(a->svg_text, b->svg_text);
	assert_int_equal(a->svg_ground, b->svg_ground);
	for (int i = 0; i < R_NR; i++)
		assert_memory_equal(&a->ink[i], &b->ink[i], sizeof(a->ink[i]));
}

static void a_built_in_theme_is_its_file(void **state)
{
	(void)state;
	int nr = 0;
	for (const char *const *name = theme_names(); *name; name++, nr++) {
		char path[64], line[64];
		struct buf b;
		struct theme t;
		struct err e = { 0 };
		snprintf(path, sizeof(path), "themes/%s.theme", *name);
		buf_init(&b, 0);
		read_all(path, &b);
		assert_int_equal(theme_parse(buf_text(&b), b.len, path, &t, &e),
				 0);
		assert_same_theme(&t, theme_builtin(*name));
		assert_string_equal(t.name, *name);
		for (int i = R_DEFAULT + 1; i < R_NR; i++) {
			snprintf(line, sizeof(line), "\n%s ",
				 role_name((enum role)i));
			assert_non_null(strstr(buf_text(&b), line));
		}
		buf_release(&b);
	}
	assert_int_equal(nr, 4);
	assert_string_equal(theme_names()[0], "ember");
	assert_null(theme_builtin("nonesuch"));
}

static double channel(unsigned v)
{
	double c = v / 255.0;
	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(unsigned rgb)
{
	return 0.2126 * channel(rgb >> 16) + 0.7152 * channel(rgb >> 8 & 0xFF)
	       + 0.0722 * channel(rgb & 0xFF);
}

static double contrast(unsigned a, unsigned b)
{
	double la = luminance(a), lb = luminance(b);
	return la > lb ? (la + 0.05) / (lb + 0.05) : (lb + 0.05) / (la + 0.05);
}

static double contrast_of(const struct theme *t, enum role role,
			  enum role ground)
{
	struct look l = theme_look(t, role, ground, 256);
	return contrast(l.fg < 0 ? t->svg_text : theme_rgb(l.fg),
			l.bg < 0 ? t->svg_ground : theme_rgb(l.bg));
}

static const enum role text_roles[] = {
	R_TEXT, R_BRIGHT, R_DIM, R_STALE, R_OK, R_WARN, R_CRIT, R_LIMIT,
	R_EVENT, R_P50, R_P95, R_P99, R_S2, R_S4, R_S5,
};
#define NR_TEXT (sizeof(text_roles) / sizeof(text_roles[0]))

static void text_can_be_read_on_every_ground(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		double least;
	} rows[] = { { "ember", 4.0 }, { "paper", 4.0 }, { "contrast", 5.0 } };
	static const enum role grounds[] = { R_DEFAULT, R_HEADER, R_SELECT,
					     R_POPUP };
	static const enum role alerts[] = { R_PAGE, R_ALERT, R_REPLAY };
	for (size_t i = 0; i < 3; i++) {
		const struct theme *t = theme_builtin(rows[i].name);
		for (size_t k = 0; k < NR_TEXT; k++)
			for (size_t g = 0; g < 4; g++)
				assert_true(contrast_of(t, text_roles[k],
					    grounds[g]) >= rows[i].least);
		for (size_t g = 0; g < 3; g++) {
			assert_true(contrast_of(t, R_ON_ALERT, alerts[g])
				    >= 4.5);
			assert_true(contrast_of(t, R_ON_ALERT_DIM, alerts[g])
				    >= 3.9);
		}
	}
}

/* xterm's index 8 cannot be seen in Solarized, 11 is grey there. */
static void sixteen_colors_avoid_what_some_palettes_hide(void **state)
{
	(void)state;
	for (const char *const *name = theme_names(); *name; name++) {
		const struct theme *t = theme_builtin(*name);
		for (int i = 0; i < R_NR; i++)
			assert_int_not_equal(t->ink[i].c16, 8);
		for (size_t k = 0; k < NR_TEXT; k++)
			assert_int_not_equal(t->ink[text_roles[k]].c16, 11);
	}
	const struct theme *t = theme_builtin("ember");
	struct look l = theme_look(t, R_ON_ALERT, R_PAGE, 16);
	assert_true(l.fg == 15 && l.bg == 1 && l.attr == ATTR_BOLD);
	l = theme_look(t, R_ON_ALERT, R_ALERT, 16);
	assert_true(l.fg == 0 && l.bg == 3 && l.attr == 0);
	l = theme_look(t, R_STALE, R_DEFAULT, 16);
	assert_true(l.fg == -1 && l.bg == -1 && l.attr == ATTR_DIM);
	l = theme_look(t, R_WARN, R_DEFAULT, 16);
	assert_true(l.fg == 3 && l.attr == ATTR_BOLD);
}

static void text_never_has_the_color_of_its_ground(void **state)
{
	(void)state;
	for (const char *const *name = theme_names(); *name; name++) {
		for (int r = R_TEXT; r < R_NR; r++) {
			for (int g = R_HEADER; g <= R_BURN14; g++) {
				struct look l = theme_look(theme_builtin(*name),
							   (enum role)r,
							   (enum role)g, 16);
				assert_true(l.bg < 0 || l.fg != l.bg);
				l = theme_look(theme_builtin(*name),
					       (enum role)r,
					       (enum role)g, 8);
				assert_in_range(l.fg + 1, 0, 8);
				assert_in_range(l.bg + 1, 0, 8);
				assert_true(l.bg < 0 || l.fg != l.bg);
			}
		}
	}
}

static void eight_colors_are_bold_for_the_upper_half(void **state)
{
	(void)state;
	const struct theme *t = theme_builtin("ember");
	struct look l = theme_look(t, R_CRIT, R_DEFAULT, 8);
	assert_true(l.fg == 1 && l.attr == ATTR_BOLD);
	l = theme_look(t, R_P99, R_DEFAULT, 8);
	assert_true(l.fg == 6 && l.attr == ATTR_BOLD);
	l = theme_look(t, R_ON_ALERT, R_PAGE, 8);
	assert_true(l.fg == 7 && l.bg == 1 && l.attr == ATTR_BOLD);
}

static void without_color_the_verdict_is_reversed(void **state)
{
	(void)state;
	for (const char *const *name = theme_names(); *name; name++) {
		const struct theme *t = theme_builtin(*name);
		for (int r = 0; r < R_NR; r++) {
			for (int g = 0; g < R_NR; g++) {
				struct look l = theme_look(t, (enum role)r,
							   (enum role)g, 0);
				bool reversed = g == R_PAGE || g == R_ALERT
						|| g == R_REPLAY
						|| (g == R_SELECT
						    && r == R_BRIGHT);
				assert_true(l.fg == -1 && l.bg == -1);
				assert_int_equal(!!(l.attr & ATTR_REVERSE),
						 reversed);
			}
		}
		assert_int_equal(theme_look(t, R_CRIT, R_DEFAULT, 0).attr,
				 ATTR_BOLD);
		assert_int_equal(theme_look(t, R_STALE, R_DEFAULT, 0).attr,
				 ATTR_DIM);
	}
}

static void a_ground_that_shows_reverses_nothing(void **state)
{
	(void)state;
	struct look l = theme_look(theme_builtin("ember"), R_BRIGHT, R_SELECT,
				   256);
	assert_true(l.fg == 255 && l.bg == 235 && l.attr == ATTR_BOLD);
	l = theme_look(theme_builtin("ember"), R_BRIGHT, R_SELECT, 16);
	assert_true(l.attr == (ATTR_BOLD | ATTR_REVERSE));
	l = theme_look(theme_builtin("ember"), R_TEXT, R_SELECT, 16);
	assert_int_equal(l.attr, 0);
	l = theme_look(theme_builtin("ember"), R_S4, R_AREA1, 256);
	assert_true(l.fg == 179 && l.bg == 23);
	l = theme_look(theme_builtin("ember"), (enum role)250, (enum role)250,
		       256);
	assert_true(l.fg == 252 && l.bg == -1);
}

static void a_wrong_file_is_named_with_line_and_remedy(void **state)
{
	(void)state;
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "crti = 203\n",
		  "t:1: unknown role 'crti', did you mean 'crit'?" },
		{ "\n# x\ntext = 252 blod\n",
		  "t:3: unknown attribute 'blod', did you mean 'bold'?" },
		{ "text = 256\n",
		  "t:1: '256' is no colour, they go from 0 to 255" },
		{ "text = 1 | 16\n",
		  "t:1: '16' is no colour, they go from 0 to 15" },
		{ "text\n",
		  "t:1: a line is: role = colour attributes | the same of 16" },
		{ "text = 1\ntext = 2\n",
		  "t:2: 'text' stands in line 1 already" },
		{ "light = maybe\n", "t:1: 'light' is yes or no" },
		{ "svg.text = red\n",
		  "t:1: a colour of the picture is written #rrggbb" },
		{ "svg.text = #12345g\n",
		  "t:1: a colour of the picture is written #rrggbb" },
		{ "from = embre\n",
		  "t:1: unknown theme 'embre', did you mean 'ember'?" },
		{ "text = 1\nfrom = paper\n",
		  "t:2: 'from' stands before the first role" },
		{ "name = a b\n", "t:1: a name has no blanks and only ASCII" },
		{ "x\ny\nz\n",
		  "t:1: a line is: role = colour attributes | the same of 16 "
		  "(and 2 more)" },
		{ "\033]0;pwned\a = 1\n",
		  "t:1: unknown role '\\x1b]0;pwned\\x07'" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct theme t;
		struct err e = { 0 };
		assert_int_equal(theme_parse(rows[i].text, strlen(rows[i].text),
					     "t", &t, &e), -1);
		assert_int_equal(e.code, EXIT_FILE);
		assert_string_equal(e.text, rows[i].sentence);
	}
}

static void a_theme_may_say_only_what_differs(void **state)
{
	(void)state;
	static const char text[] =
		"\xEF\xBB\xBF# mine\r\nname = mine\r\nfrom = paper\r\n"
		"\tcrit=  160 bold underline |1 bold\r\n"
		"ok = - | 2\nsvg.ground = #Fafbfc\nlight = no";
	struct theme t;
	struct err e = { 0 };
	const struct theme *paper = theme_builtin("paper");
	assert_int_equal(theme_parse(text, strlen(text), "mine", &t, &e), 0);
	assert_string_equal(t.name, "mine");
	assert_false(t.light);
	assert_int_equal(t.svg_ground, 0xfafbfc);
	assert_int_equal(t.svg_text, paper->svg_text);
	assert_true(t.ink[R_CRIT].c256 == 160 && t.ink[R_CRIT].c16 == 1);
	assert_int_equal(t.ink[R_CRIT].attr, ATTR_BOLD | ATTR_UNDERLINE);
	assert_true(t.ink[R_OK].c256 == -1 && t.ink[R_OK].c16 == 2);
	assert_memory_equal(&t.ink[R_WARN], &paper->ink[R_WARN],
			    sizeof(t.ink[0]));
	assert_int_equal(theme_parse("", 0, "mine", &t, &e), 0);
	assert_memory_equal(&t.ink, &theme_builtin("ember")->ink,
			    sizeof(t.ink));
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void a_theme_is_found_by_name_or_path(void **state)
{
	(void)state;
	char dir[] = "/tmp/redtop-theme-XXXXXX", path[256], sub[128];
	struct theme t;
	struct err e = { 0 };
	assert_non_null(mkdtemp(dir));
	setenv("XDG_CONFIG_HOME", dir, 1);
	assert_int_equal(theme_load("contrast", &t, &e), 0);
	assert_string_equal(t.name, "contrast");
	assert_int_equal(theme_load("contrats", &t, &e), -1);
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text,
			    "no theme 'contrats', did you mean 'contrast'?");

	snprintf(sub, sizeof(sub), "%s/redtop", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(sub, sizeof(sub), "%s/redtop/themes", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	snprintf(path, sizeof(path), "%s/mine.theme", sub);
	write_file(path, "name = mine\ncrit = 9\n");
	assert_int_equal(theme_load("mine", &t, &e), 0);
	assert_string_equal(t.name, "mine");
	assert_int_equal(theme_load(path, &t, &e), 0);
	assert_int_equal(t.ink[R_CRIT].c256, 9);

	assert_int_equal(theme_load(sub, &t, &e), -1);
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "not a file"));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(theme_load(path, &t, &e), -1);
	assert_non_null(strstr(e.text, "not a file"));
	assert_int_equal(theme_load("./nonesuch.theme", &t, &e), -1);
	assert_int_equal(e.code, EXIT_FILE);
	unlink(path);
	rmdir(sub);
	snprintf(sub, sizeof(sub), "%s/redtop", dir);
	rmdir(sub);
	rmdir(dir);
	unsetenv("XDG_CONFIG_HOME");
}

static void the_palette_is_that_of_xterm(void **state)
{
	(void)state;
	assert_int_equal(theme_rgb(1), 0xcd0000);
	assert_int_equal(theme_rgb(16), 0x000000);
	assert_int_equal(theme_rgb(124), 0xaf0000);
	assert_int_equal(theme_rgb(203), 0xff5f5f);
	assert_int_equal(theme_rgb(231), 0xffffff);
	assert_int_equal(theme_rgb(232), 0x080808);
	assert_int_equal(theme_rgb(255), 0xeeeeee);
	assert_int_equal(theme_rgb(-1), 0);
	assert_int_equal(theme_rgb(256), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_built_in_theme_is_its_file),
		cmocka_unit_test(text_can_be_read_on_every_ground),
		cmocka_unit_test(sixteen_colors_avoid_what_some_palettes_hide),
		cmocka_unit_test(text_never_has_the_color_of_its_ground),
		cmocka_unit_test(eight_colors_are_bold_for_the_upper_half),
		cmocka_unit_test(without_color_the_verdict_is_reversed),
		cmocka_unit_test(a_ground_that_shows_reverses_nothing),
		cmocka_unit_test(a_wrong_file_is_named_with_line_and_remedy),
		cmocka_unit_test(a_theme_may_say_only_what_differs),
		cmocka_unit_test(a_theme_is_found_by_name_or_path),
		cmocka_unit_test(the_palette_is_that_of_xterm),
	};
	return cmocka_run_group_tests_name("theme", tests, NULL, NULL);
}
