/* A terminal for tests of the whole program: a pty, and libvterm as the
 * screen behind it. Every wait has a deadline and reads meanwhile, so a test
 * reads:
 *
 *	struct pty *p = pty_start(&(struct pty_options){
 *		.argv = (const char *[]){ "./redtop", "demo", NULL },
 *		.term = "xterm-256color", .w = 80, .h = 24 });
 *	assert_true(pty_wait_text(p, "LIVE", 5000));
 *	pty_press(p, "j");
 *	pty_press(p, "Enter");
 *	assert_true(pty_wait_text(p, "latency", 1000));
 *	pty_press(p, "q");
 *	assert_int_equal(pty_exit(p, 1000), 0);
 *	assert_true(pty_is_whole(p));
 *	pty_free(p);
 */
#ifndef TESTS_PTY_PTY_H
#define TESTS_PTY_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pty;

struct pty_options {
	const char *const *argv; /* ends in NULL; looked up in PATH */
	const char *const *env;  /* "NAME=value", or "NAME" to unset; ends in
				    NULL; on top of the test's own. LC_ALL is
				    C.UTF-8 unless named here */
	const char *term;        /* NULL: xterm-256color */
	int w, h;                /* 0: 80x24 */
	bool mute;               /* answers no questions (DSR, DA) */
	int bps;                 /* a line of so many bytes a second between,
				    with a deep buffer before it, as ssh has;
				    0: none */
	int delay_ms;            /* of that line */
};

/* Dies (cmocka fails) if there is no pty. */
struct pty *pty_start(const struct pty_options *o);
/* Kills what still runs, and frees. */
void pty_free(struct pty *p);
pid_t pty_pid(const struct pty *p);

/* Reads what comes for so long. */
void pty_read(struct pty *p, int ms);
/* Until it holds; false at the deadline. */
bool pty_wait(struct pty *p, bool (*holds)(struct pty *p, void *arg), void *arg,
	      int ms);
bool pty_wait_text(struct pty *p, const char *text, int ms);
bool pty_wait_gone(struct pty *p, const char *text, int ms);
/* Until nothing came for `quiet` ms. */
bool pty_wait_quiet(struct pty *p, int quiet, int ms);

/* Bytes as they are; and one key by its name ("j", "Enter", "Down", "F2",
 * "Ctrl-L", "PgUp") as an xterm sends it. */
void pty_type(struct pty *p, const void *bytes, size_t n);
void pty_press(struct pty *p, const char *key);
void pty_paste(struct pty *p, const char *text); /* bracketed */
/* Also tells the program (SIGWINCH comes from the kernel). */
void pty_resize(struct pty *p, int w, int h);
void pty_signal(struct pty *p, int signal);
/* The terminal goes away: the master is closed. */
void pty_hang_up(struct pty *p);

/* The exit status, 128 + signal, or -1 at the deadline. Reads to the end. */
int pty_exit(struct pty *p, int ms);
/* The same without reading, for a terminal that nobody looks at. */
int pty_exit_unread(struct pty *p, int ms);
/* Waits for it to stop (Ctrl-Z). */
bool pty_stopped(struct pty *p, int ms);

/* The screen: a row without trailing blanks, all rows with newlines. Valid
 * until the next call. */
const char *pty_row(struct pty *p, int y);
const char *pty_screen(struct pty *p);
bool pty_shows(struct pty *p, const char *text);
/* Of one cell: 256-colour index or -1. */
int pty_fg(struct pty *p, int x, int y);
int pty_bg(struct pty *p, int x, int y);
bool pty_bold(struct pty *p, int x, int y);
bool pty_reverse(struct pty *p, int x, int y);
bool pty_alternate(const struct pty *p);
bool pty_cursor_shown(const struct pty *p);
/* As before the program came: primary screen, cursor, no bracketed paste or
 * mouse, full margins, and the line's modes. */
bool pty_is_whole(struct pty *p);

/* Another line from now on. */
void pty_line(struct pty *p, int bps, int delay_ms);
/* Milliseconds that the first byte on the line has been there, 0: none is. */
long pty_line_age(const struct pty *p);
/* From now on it answers nothing, or again. */
void pty_mute(struct pty *p, bool mute);

/* All bytes that the program wrote. */
const char *pty_raw(const struct pty *p, size_t *n);
/* Milliseconds of a steady clock. */
long pty_ms(void);

#endif
