/* Keys as the dashboard sees them: a code point, or one of these. */
#ifndef BASE_KEY_H
#define BASE_KEY_H

enum key {
	K_NONE = 0,
	K_CTRL_C = 3,
	K_TAB = 9,
	K_ENTER = 13,
	K_CTRL_L = 12,
	K_CTRL_R = 18,
	K_ESC = 27,
	K_BACKSPACE = 127,
	K_UP = 0x110000,
	K_DOWN,
	K_LEFT,
	K_RIGHT,
	K_HOME,
	K_END,
	K_PGUP,
	K_PGDN,
	K_DELETE,
	K_BACKTAB,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6,
	K_F7, K_F8, K_F9, K_F10, K_F11, K_F12,
};

/* "j", "Enter", "Esc", "Space", "Ctrl-L", "F2", "Left"...: 0 for none such. */
int key_of_name(const char *name);
/* The other way for the named ones; "" for a plain character. */
const char *key_name(int key);

#endif
