#include "base/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static void a_script_can_press_every_key(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		int key;
	} rows[] = {
		{ "j", 'j' }, { "J", 'J' }, { "?", '?' }, { "[", '[' },
		{ " ", ' ' }, { "Space", ' ' }, { "é", 0xe9 }, { "💳", 0x1f4b3 },
		{ "Enter", K_ENTER }, { "Return", K_ENTER }, { "enter", K_ENTER },
		{ "Esc", K_ESC }, { "ESCAPE", K_ESC }, { "Tab", K_TAB },
		{ "BackTab", K_BACKTAB }, { "Backspace", K_BACKSPACE },
		{ "Delete", K_DELETE }, { "Up", K_UP }, { "Down", K_DOWN },
		{ "Left", K_LEFT }, { "Right", K_RIGHT }, { "Home", K_HOME },
		{ "End", K_END }, { "PgUp", K_PGUP }, { "PgDn", K_PGDN },
		{ "Ctrl-C", K_CTRL_C }, { "ctrl-l", K_CTRL_L },
		{ "Ctrl-R", K_CTRL_R }, { "F1", K_F1 }, { "f12", K_F12 },
	};
	for (size_t i = 0; i < NR(rows); i++)
		if (key_of_name(rows[i].name) != rows[i].key)
			fail_msg("%s: %d", rows[i].name,
				 key_of_name(rows[i].name));
}

static void a_misspelt_key_presses_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "jj", "F13", "F0", "Entr",
					   "Ctrl-", "\x1b", "\n", "\xff",
					   "\xc3", "Up ", " Up", "éé" };
	for (size_t i = 0; i < NR(bad); i++)
		assert_int_equal(key_of_name(bad[i]), K_NONE);
}

static void every_named_key_has_one_name(void **state)
{
	(void)state;
	static const int named[] = { K_CTRL_C, K_TAB, K_ENTER, K_CTRL_L,
				     K_CTRL_R, K_ESC, K_BACKSPACE };
	for (size_t i = 0; i < NR(named); i++)
		assert_int_equal(key_of_name(key_name(named[i])), named[i]);
	for (int key = K_UP; key <= K_F12; key++) {
		assert_true(*key_name(key) != '\0');
		assert_int_equal(key_of_name(key_name(key)), key);
	}
	assert_string_equal(key_name(K_ENTER), "Enter");
	assert_string_equal(key_name(' '), "Space");
	assert_string_equal(key_name('j'), "");
	assert_string_equal(key_name(K_NONE), "");
	assert_string_equal(key_name(K_F12 + 1), "");
	assert_string_equal(key_name(-1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_can_press_every_key),
		cmocka_unit_test(a_misspelt_key_presses_nothing),
		cmocka_unit_test(every_named_key_has_one_name),
	};
	return cmocka_run_group_tests_name("key", tests, NULL, NULL);
}
