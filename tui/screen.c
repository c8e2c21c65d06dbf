#include "tui/screen.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "tui/paint.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

/* curses has a `struct screen` too. */
#define NCURSES_NOMACROS
#define screen curses_screen
#include <curses.h>
#undef screen
#include <term.h>

/* A colour from -1 to 255. */
#define INKS 257

struct screen {
	SCREEN *curses;
	FILE *file;             /* in memory: what curses writes goes there */
	int w, h, colors;
	bool ansi;              /* takes ESC [ sequences */
	bool alternate;         /* has a second screen to draw on */
	bool started;
	bool whole;             /* nothing of what is shown can be relied on */
	struct surface *shown;
	struct ink ink[R_NR];   /* of the theme shown */
	bool *stale;            /* of each row: to be sent, whatever it says */
	cchar_t *row;           /* one row, on its way to curses */
	int nr_pairs;
	struct buf bytes;
	size_t taken;
	char notice[160];
	/* Of foreground and background; 0: none yet. */
	unsigned short pair[INKS][INKS];
};

#define PASTE_ON "\033[?2004h"
#define PASTE_OFF "\033[?2004l"
/* After the alternate screen too: where both screens share the place for a
 * saved cursor, leaving it brings back the hidden one that curses saved. */
#define CURSOR_ON "\033[?25h"
#define MOUSE_OFF "\033[?1000l\033[?1002l\033[?1003l\033[?1006l"

/* Margins before the alternate screen is left: that puts the cursor home, and
 * leaving puts it back. */
const char screen_rescue[] = MOUSE_OFF PASTE_OFF "\033[?2026l\033[0m\033(B\017"
	"\033[r\033[?1l\033>\033[?1049l" CURSOR_ON;
const size_t screen_rescue_len = sizeof(screen_rescue) - 1;

/* A name that curses may look for as a file. */
static bool is_term_name(const char *term)
{
	size_t n = strspn(term,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
				"VWXYZ0123456789+-._");
	return n > 0 && n < 64 && term[n] == '\0' && term[0] != '.';
}

/* What stands for a terminal that has no description here. */
static const char *relative(const char *term)
{
	static const struct {
		const char *prefix, *known;
	} rows[] = {
		{ "xterm", "xterm-256color" },
		{ "alacritty", "xterm-256color" },
		{ "foot", "xterm-256color" },
		{ "wezterm", "xterm-256color" },
		{ "ghostty", "xterm-256color" },
		{ "rio", "xterm-256color" },
		{ "kitty", "xterm-256color" },
		{ "contour", "xterm-256color" },
		{ "konsole", "xterm-256color" },
		{ "gnome", "xterm-256color" },
		{ "vte", "xterm-256color" },
		{ "iterm", "xterm-256color" },
		{ "mintty", "xterm-256color" },
		{ "st-", "xterm-256color" },
		{ "tmux", "screen-256color" },
		{ "screen", "screen-256color" },
		{ "rxvt", "rxvt-unicode-256color" },
		{ "linux", "linux" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(term, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].known;
	return "vt100";
}

/* For the time of newterm(): with a file in place of a terminal it would
 * believe in 24x80 and set the margins to it, for good. And it would write
 * padding for a line of unknown speed. */
static const char *const env_names[] = { "LINES", "COLUMNS",
					 "NCURSES_NO_PADDING" };
#define NR_ENV (sizeof(env_names) / sizeof(env_names[0]))

static void env_set(char *kept[NR_ENV], int w, int h)
{
	char value[NR_ENV][16] = { "", "", "1" };
	snprintf(value[0], sizeof(value[0]), "%d", h);
	snprintf(value[1], sizeof(value[1]), "%d", w);
	for (size_t i = 0; i < NR_ENV; i++) {
		const char *old = getenv(env_names[i]);
		kept[i] = old ? mem_strdup(old) : NULL;
		setenv(env_names[i], value[i], 1);
	}
}

static void env_restore(char *kept[NR_ENV])
{
	for (size_t i = 0; i < NR_ENV; i++) {
		if (kept[i])
			setenv(env_names[i], kept[i], 1);
		else
			unsetenv(env_names[i]);
		free(kept[i]);
	}
}

/* Asked first, since a newterm() that fails leaks. */
static bool is_known(const char *term, FILE *file)
{
	int why;
	if (setupterm(term, fileno(file), &why) != OK)
		return false;
	del_curterm(cur_term);
	return true;
}

/* newterm() takes signals that nobody handles yet; they are the app's. */
static SCREEN *open_term(const char *term, FILE *file)
{
	if (!is_known(term, file))
		return NULL;
	static const int signals[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };
	enum { NR = sizeof(signals) / sizeof(signals[0]) };
	struct sigaction kept[NR];
	for (int i = 0; i < NR; i++)
		sigaction(signals[i], NULL, &kept[i]);
	SCREEN *curses = newterm(term, file, file);
	for (int i = 0; i < NR; i++)
		sigaction(signals[i], &kept[i], NULL);
	return curses;
}

/* Direct colour cannot name the palette: its sister with 256 colours can. */
static const char *sister(const char *term, char out[80])
{
	const char *tail = strstr(term, "-direct");
	if (!tail)
		return term;
	snprintf(out, 80, "%.*s-256color", (int)(tail - term), term);
	return out;
}

/* Harmless and short, for a sentence. */
static void quote(const char *term, char out[80])
{
	struct buf b;
	buf_init(&b, 60);
	text_clean(&b, term, strlen(term));
	snprintf(out, 80, "%s", buf_text(&b));
	buf_release(&b);
}

static bool open_best(struct screen *s, const char *term)
{
	char name[80];
	if (is_term_name(term))
		s->curses = open_term(sister(term, name), s->file);
	if (s->curses)
		return true;
	const char *known = relative(term);
	s->curses = open_term(known, s->file);
	if (!s->curses)
		s->curses = open_term(known = "vt100", s->file);
	quote(term, name);
	if (*term)
		snprintf(s->notice, sizeof(s->notice),
			 "TERM=%s is not known here, drawing for %s", name,
			 known);
	else
		snprintf(s->notice, sizeof(s->notice),
			 "TERM is not set, drawing for %s", known);
	return s->curses != NULL;
}

static bool has(const char *capability)
{
	const char *s = tigetstr(capability);
	return s && s != (char *)-1 && *s;
}

static void learn(struct screen *s, bool no_color)
{
	const char *cup = tigetstr("cup");
	s->ansi = strncmp(cup, "\033[", 2) == 0;
	s->alternate = has("smcup");
	if (no_color || !has_colors() || start_color() == ERR
	    || use_default_colors() == ERR)
		s->colors = 0;
	else
		s->colors = COLORS >= 256 ? 256 : COLORS >= 16 ? 16
			    : COLORS >= 8 ? 8 : 0;
	typeahead(-1);
	leaveok(stdscr, TRUE);
	curs_set(0);
}

/* Takes what curses has written so far. */
static void drain(struct screen *s)
{
	char piece[8192];
	off_t at = 0;
	ssize_t n;
	int fd = fileno(s->file);
	while ((n = pread(fd, piece, sizeof(piece), at)) > 0) {
		buf_add(&s->bytes, piece, (size_t)n);
		at += n;
	}
	if (at && ftruncate(fd, 0) == 0)
		lseek(fd, 0, SEEK_SET);
}

static int clamp(int v, int max)
{
	return v < 1 ? 1 : v > max ? max : v;
}

static int dumb(const char *term, struct err *e)
{
	char text[80];
	quote(term, text);
	return err_set(e, EXIT_USAGE, "TERM=%s cannot move its cursor: the "
		       "screen needs a terminal that can, one frame as text "
		       "is printed by redtop snapshot", text);
}

static int open_curses(struct screen *s, const char *term, struct err *e)
{
	char *kept[NR_ENV], text[80];
	if (strcmp(term, "dumb") == 0)
		return dumb(term, e);
	int fd = memfd_create("screen", MFD_CLOEXEC);
	s->file = fd < 0 ? NULL : fdopen(fd, "w+");
	if (!s->file)
		return err_set(e, EXIT_USAGE, "no memory file for the screen");
	env_set(kept, s->w, s->h);
	bool open = open_best(s, term);
	env_restore(kept);
	quote(term, text);
	if (!open)
		return err_set(e, EXIT_USAGE, "neither TERM=%s nor vt100 are "
			       "known here: install ncurses-base", text);
	return has("cup") ? 0 : dumb(term, e);
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	if (s->curses) {
		set_term(s->curses);
		delscreen(s->curses);
	}
	if (s->file)
		fclose(s->file);
	surface_free(s->shown);
	buf_release(&s->bytes);
	free(s->row);
	free(s->stale);
	free(s);
}

/* curses uses what it did not get, at a few places of its setup. */
static void on_crash(int signum)
{
	if (errno == ENOMEM)
		mem_die();
	raise(signum);
}

static int open_guarded(struct screen *s, const char *term, bool no_color,
			struct err *e)
{
	struct sigaction kept, dies = { .sa_handler = on_crash,
					.sa_flags = (int)SA_RESETHAND };
	sigaction(SIGSEGV, &dies, &kept);
	errno = 0;
	int rc = open_curses(s, term, e);
	if (rc != 0 && errno == ENOMEM)
		mem_die();
	if (rc == 0)
		learn(s, no_color);
	sigaction(SIGSEGV, &kept, NULL);
	return rc;
}

struct screen *screen_new(const char *term, int w, int h, bool no_color,
			  const char **notice, struct err *e)
{
	struct screen *s = mem_zero(1, sizeof(*s));
	*notice = NULL;
	buf_init(&s->bytes, 0);
	s->w = clamp(w, LIMIT_WIDTH);
	s->h = clamp(h, LIMIT_HEIGHT);
	s->whole = true;
	if (open_guarded(s, term ? term : "", no_color, e) != 0) {
		screen_free(s);
		return NULL;
	}
	resize_term(s->h, s->w);
	s->shown = surface_new(s->w, s->h, GRAPH_BRAILLE);
	s->row = mem_zero((size_t)s->w, sizeof(*s->row));
	s->stale = mem_zero((size_t)s->h, sizeof(*s->stale));
	if (s->notice[0])
		*notice = s->notice;
	return s;
}

const char *screen_library(void)
{
	return curses_version();
}

int screen_colors(const struct screen *s)
{
	return s->colors;
}

/* Pairs are made once and kept: a pair that changed would repaint all that
 * it is on. Without a free one the ground is left away. */
static int pair_of(struct screen *s, int fg, int bg)
{
	if (s->colors == 0 || (fg < 0 && bg < 0))
		return 0;
	unsigned short *pair = &s->pair[fg + 1][bg + 1];
	if (*pair)
		return *pair;
	if (init_extended_pair(s->nr_pairs + 1, fg, bg) == OK)
		*pair = (unsigned short)++s->nr_pairs;
	else if (bg >= 0 && fg != 0)
		return pair_of(s, fg, -1);
	return *pair;
}

static attr_t attributes(unsigned attr)
{
	return (attr & ATTR_BOLD ? WA_BOLD : 0) | (attr & ATTR_DIM ? WA_DIM : 0)
	       | (attr & ATTR_REVERSE ? WA_REVERSE : 0)
	       | (attr & ATTR_UNDERLINE ? WA_UNDERLINE : 0);
}

/* The cell's text, with what curses would lay out otherwise than the surface
 * replaced: its widths are the C library's. Marks are left away in the last
 * column, where some terminals wrap before they place them. */
static void cell_wide(const struct surface *f, const struct cell *c, bool last,
		      wchar_t out[CCHARW_MAX + 1])
{
	char text[40];
	size_t n = surface_cell_text(f, c, text);
	int nr = 0;
	for (size_t at = 0; at < n && nr < CCHARW_MAX;) {
		uint32_t u;
		at += text_next(text + at, n - at, &u);
		int width = nr == 0 ? c->width : 0;
		if (nr > 0 && last)
			break;
		if (u < 0x80 || wcwidth((wchar_t)u) == width)
			out[nr++] = (wchar_t)u;
		else if (nr == 0)
			out[nr++] = '?';
	}
	if (nr == 0)
		out[nr++] = ' ';
	out[nr] = L'\0';
}

/* Fills s->row from x on, two elements at most; a wide character is one. */
static void put_cell(struct screen *s, const struct surface *f,
		     const struct theme *t, int x, int y, int *at)
{
	static const struct cell blank = { .ch = ' ', .role = R_TEXT,
					   .width = 1 };
	const struct cell *in = surface_cell(f, x, y);
	struct cell c = in ? *in : blank;
	if (c.width == 2 && x + 1 >= s->w)
		c = blank;
	if (c.width == 0 && x > 0)
		return;
	struct paint paint = paint_cell(t, &c, s->colors);
	int pair = pair_of(s, paint.look.fg, paint.look.bg);
	attr_t attr = attributes(paint.look.attr);
	wchar_t text[CCHARW_MAX + 1];
	c.ch = paint.ch;
	cell_wide(f, &c, x + c.width >= s->w, text);
	setcchar(&s->row[(*at)++], text, attr, 0, &pair);
	if (c.width == 2 && text[0] == L'?')
		setcchar(&s->row[(*at)++], text, attr, 0, &pair);
}

static void put_row(struct screen *s, const struct surface *f,
		    const struct theme *t, int y)
{
	int n = 0;
	for (int x = 0; x < s->w; x++)
		put_cell(s, f, t, x, y, &n);
	mvadd_wchnstr(y, 0, s->row, n);
}

static void flush(struct screen *s)
{
	wnoutrefresh(stdscr);
	doupdate();
	drain(s);
}

/* Everything is to be sent when nothing of what is shown can be relied on.
 * What stood there must not be sent with the first row. */
static void mark_stale(struct screen *s, const struct surface *f,
		       const struct theme *t)
{
	if (!s->whole && memcmp(s->ink, t->ink, sizeof(s->ink)) == 0
	    && f->w == s->shown->w && f->h == s->shown->h)
		return;
	if (s->whole)
		werase(stdscr);
	memset(s->stale, true, (size_t)s->h * sizeof(*s->stale));
	surface_resize(s->shown, f->w, f->h);
	memcpy(s->ink, t->ink, sizeof(s->ink));
	s->whole = false;
}

static bool is_shown(const struct screen *s, const struct surface *f, int y)
{
	return !s->stale[y] && (y >= f->h || surface_row_equal(f, s->shown, y));
}

bool screen_show_some(struct screen *s, const struct surface *f,
		      const struct theme *t, int *from, size_t max)
{
	size_t before = s->bytes.len;
	int changed = 0, y = *from;
	set_term(s->curses);
	mark_stale(s, f, t);
	for (int i = 0; i < s->h; i++, y++) {
		y = y < 0 || y >= s->h ? 0 : y;
		if (is_shown(s, f, y))
			continue;
		if (s->bytes.len - before >= max) {
			*from = y;
			return false;
		}
		put_row(s, f, t, y);
		s->stale[y] = false;
		changed++;
		if (max == SIZE_MAX)
			continue;
		flush(s);
		surface_copy_row(s->shown, f, y);
	}
	*from = 0;
	if (changed == 0)
		return true;
	if (max == SIZE_MAX)
		flush(s);
	/* Whole, so that the clusters of older pictures are let go. */
	surface_copy(s->shown, f);
	return true;
}

void screen_show(struct screen *s, const struct surface *f,
		 const struct theme *t)
{
	int from = 0;
	screen_show_some(s, f, t, &from, SIZE_MAX);
}

void screen_ask(struct screen *s, const char *question)
{
	if (s->ansi)
		buf_str(&s->bytes, question);
}

const char *screen_bytes(struct screen *s, size_t *n)
{
	*n = s->bytes.len - s->taken;
	return buf_text(&s->bytes) + s->taken;
}

void screen_taken(struct screen *s, size_t n)
{
	s->taken += n;
	if (s->taken < s->bytes.len)
		return;
	buf_clear(&s->bytes);
	s->taken = 0;
}

void screen_repaint(struct screen *s)
{
	set_term(s->curses);
	clearok(curscr, TRUE);
	s->whole = true;
}

void screen_resize(struct screen *s, int w, int h)
{
	w = clamp(w, LIMIT_WIDTH);
	h = clamp(h, LIMIT_HEIGHT);
	if (w == s->w && h == s->h)
		return;
	s->w = w;
	s->h = h;
	s->row = mem_grow(s->row, (size_t)w, sizeof(*s->row));
	s->stale = mem_grow(s->stale, (size_t)h, sizeof(*s->stale));
	set_term(s->curses);
	resize_term(h, w);
	werase(stdscr);
	screen_repaint(s);
}

void screen_begin(struct screen *s)
{
	if (s->started)
		return;
	s->started = true;
	screen_repaint(s);
	werase(stdscr);
	flush(s);
	if (s->ansi)
		buf_str(&s->bytes, MOUSE_OFF PASTE_ON);
}

void screen_end(struct screen *s)
{
	if (!s->started)
		return;
	s->started = false;
	set_term(s->curses);
	if (s->ansi)
		buf_str(&s->bytes, MOUSE_OFF PASTE_OFF "\033[0m\033[r");
	if (s->ansi && !s->alternate)
		buf_str(&s->bytes, "\033[H\033[J");
	endwin();
	drain(s);
	if (s->ansi && !s->alternate)
		buf_str(&s->bytes, "\033[H");
	if (s->ansi)
		buf_str(&s->bytes, CURSOR_ON);
	s->whole = true;
}
