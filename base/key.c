#include "base/key.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct key_row {
	const char *name;
	int key;
} rows[] = {
	{ "Enter", K_ENTER },       { "Return", K_ENTER },
	{ "Esc", K_ESC },           { "Escape", K_ESC },
	{ "Space", ' ' },           { "Tab", K_TAB },
	{ "Backspace", K_BACKSPACE }, { "BackTab", K_BACKTAB },
	{ "Up", K_UP },             { "Down", K_DOWN },
	{ "Left", K_LEFT },         { "Right", K_RIGHT },
	{ "Home", K_HOME },         { "End", K_END },
	{ "PgUp", K_PGUP },         { "PgDn", K_PGDN },
	{ "Delete", K_DELETE },     { "Ctrl-C", K_CTRL_C },
	{ "Ctrl-L", K_CTRL_L },     { "Ctrl-R", K_CTRL_R },
	{ "F1", K_F1 },   { "F2", K_F2 },   { "F3", K_F3 },   { "F4", K_F4 },
	{ "F5", K_F5 },   { "F6", K_F6 },   { "F7", K_F7 },   { "F8", K_F8 },
	{ "F9", K_F9 },   { "F10", K_F10 }, { "F11", K_F11 }, { "F12", K_F12 },
};

int key_of_name(const char *name)
{
	uint32_t u;
	size_t n = strlen(name);
	size_t k = text_next(name, n, &u);
	if (n && k == n && u != 0xFFFFFFFFu && u >= 0x20)
		return (int)u;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return rows[i].key;
	return K_NONE;
}

const char *key_name(int key)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].key == key)
			return rows[i].name;
	return "";
}
