/* The terminal's picture, through ncurses into memory: never blocks, never
 * writes to the terminal itself. One of the two files that touch curses. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "base/err.h"
#include "tui/surface.h"
#include "tui/theme.h"

struct screen;

/* `term` is $TERM. Writes nothing yet. On an unknown TERM falls back to one
 * that is known and says which in *notice (static or owned by the screen; NULL
 * otherwise). TERM=dumb: -1, EXIT_USAGE, a sentence that names TERM. */
struct screen *screen_new(const char *term, int w, int h, bool no_color,
			  const char **notice, struct err *e);
void screen_free(struct screen *s);
int screen_colors(const struct screen *s); /* 0, 8, 16, 256 */

/* Draws what differs from the picture shown before; unchanged rows never
 * reach curses. The bytes wait in screen_bytes(). An unchanged surface gives 0
 * bytes and allocates nothing. */
void screen_show(struct screen *s, const struct surface *f,
		 const struct theme *t);
/* The same by rows, from *from on and around, until about `max` bytes (more by
 * less than a row) came of it. True: all of it is shown, and *from is 0.
 * False: the rest is for a next call, from *from on. */
bool screen_show_some(struct screen *s, const struct surface *f,
		      const struct theme *t, int *from, size_t max);
/* Appends a question to the bytes, where the terminal understands ESC [. */
#define ASK_STATUS "\033[5n"
#define ASK_KIND "\033[>c"
void screen_ask(struct screen *s, const char *question);
/* The bytes not yet taken; they stay valid until the next call of any
 * function here. `screen_taken` says how many were. */
const char *screen_bytes(struct screen *s, size_t *n);
void screen_taken(struct screen *s, size_t n);
/* Forget what is shown: the next screen_show repaints everything. */
void screen_repaint(struct screen *s);
void screen_resize(struct screen *s, int w, int h);
/* Start (alternate screen, bracketed paste, mouse off...) and end sequences,
 * appended to the bytes. screen_end leaves the terminal as it was found. */
void screen_begin(struct screen *s);
void screen_end(struct screen *s);
/* The constant string that a crash handler may write() to restore a terminal
 * without allocating. */
extern const char screen_rescue[];
extern const size_t screen_rescue_len;

const char *screen_library(void); /* "ncurses 6.4.20221231" */

#endif
