/* Roles to colours. A theme is a small text file; the built-in ones are
 * linked in, so the program runs without its files.
 *
 * A .theme file has one `key = value` a line; a line that starts with # is a
 * comment. A role's value is `COLOUR ATTRIBUTES | COLOUR ATTRIBUTES`: left for
 * 256 colours (0..255), right for 16 (0..15); `-` or nothing is the terminal's
 * colour, attributes are bold dim reverse underline:
 *
 *	crit        = 203       | 9 bold
 *	ground.page = 124       | 1
 *	stale       = 246       | dim
 *
 * Further keys: name, light (yes or no), svg.text and svg.ground (#rrggbb),
 * and, before the first role, from (a built-in theme): what is not named is
 * that theme's, ember's by default. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "base/err.h"
#include "tui/style.h"

#include <stdbool.h>
#include <stddef.h>

enum attr { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_REVERSE = 4, ATTR_UNDERLINE = 8 };

/* -1: the terminal's default colour. */
struct ink {
	short c256, c16;
	unsigned char attr, attr16; /* enum attr; for 16 colours */
};

struct theme {
	char name[32];
	bool light;
	struct ink ink[R_NR];  /* a role's colour, as ink or as ground */
	/* the page's own colours for SVG, 0xrrggbb */
	unsigned svg_text, svg_ground;
};

/* The built-in names, ended by NULL: ember (default), paper, contrast, mono. */
const char *const *theme_names(void);
const struct theme *theme_builtin(const char *name); /* or NULL */
/* Reads a .theme file's text; `file` is for the sentences. All problems at
 * once are one error: the first, and how many more. */
int theme_parse(const char *text, size_t len, const char *file,
		struct theme *out, struct err *e);
/* A built-in name, or a name in $XDG_CONFIG_HOME/redtop/themes, or a path. */
int theme_load(const char *name, struct theme *out, struct err *e);
/* 0xrrggbb of a 256-colour index, xterm's palette. */
unsigned theme_rgb(int c256);

/* What a cell of these two roles looks like with `colors` (0, 8, 16, 256).
 * A ground.* role also lends its attributes to what stands on it, but
 * ground.select only to R_BRIGHT: without a ground to show, the selected name
 * is reversed. Without colours (NO_COLOR too) every theme looks like mono. */
struct look {
	short fg, bg;
	unsigned char attr;
};
struct look theme_look(const struct theme *t, enum role role, enum role ground,
		       int colors);

#endif
