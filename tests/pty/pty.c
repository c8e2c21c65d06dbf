#include "tests/pty/pty.h"

#include "base/buf.h"
#include "base/key.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

#define RAW_MAX ((size_t)64 << 20)
#define LINE_DEEP ((size_t)1 << 20)

/* Bytes that came at once, on the line. */
struct parcel {
	long at;
	size_t nr;
};

struct pty {
	pid_t pid;
	int master, w, h, status;
	bool ended, stopped, eof, mute;
	bool alternate, cursor;
	int mouse;
	VTerm *vt;
	VTermScreen *vs;
	struct termios modes;
	struct buf raw, text;
	/* The line: what was written and has not arrived. */
	int bps, delay_ms;
	struct buf line;
	size_t taken;            /* of line */
	struct parcel *parcel;
	size_t first, nr_parcels, max_parcels;
	double free_at;          /* ms */
};

long pty_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *what)
{
	fprintf(stderr, "pty: %s: %s\n", what, strerror(errno));
	abort();
}

static int on_property(VTermProp prop, VTermValue *v, void *arg)
{
	struct pty *p = arg;
	if (prop == VTERM_PROP_ALTSCREEN)
		p->alternate = v->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		p->cursor = v->boolean;
	if (prop == VTERM_PROP_MOUSE)
		p->mouse = v->number;
	return 1;
}

void pty_type(struct pty *p, const void *bytes, size_t n)
{
	const char *b = bytes;
	while (n && p->master >= 0) {
		ssize_t k = write(p->master, b, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) /* full, or gone: as a terminal would lose it */
			return;
		b += k;
		n -= (size_t)k;
	}
}

static void on_answer(const char *bytes, size_t n, void *arg)
{
	struct pty *p = arg;
	if (!p->mute)
		pty_type(p, bytes, n);
}

static void open_screen(struct pty *p)
{
	static const VTermScreenCallbacks callbacks = {
		.settermprop = on_property,
	};
	p->vt = vterm_new(p->h, p->w);
	vterm_set_utf8(p->vt, 1);
	vterm_output_set_callback(p->vt, on_answer, p);
	p->vs = vterm_obtain_screen(p->vt);
	vterm_screen_set_callbacks(p->vs, &callbacks, p);
	vterm_screen_enable_altscreen(p->vs, 1);
	vterm_screen_reset(p->vs, 1);
}

static void set_env(const char *pair)
{
	char name[64];
	const char *value = strchr(pair, '=');
	if (!value) {
		unsetenv(pair);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(value - pair), pair);
	setenv(name, value + 1, 1);
}

static _Noreturn void child(const struct pty_options *o)
{
	setenv("TERM", o->term ? o->term : "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	unsetenv("LINES");
	unsetenv("COLUMNS");
	for (size_t i = 0; o->env && o->env[i]; i++)
		set_env(o->env[i]);
	execvp(o->argv[0], (char *const *)(const void *)o->argv);
	fprintf(stderr, "%s: %s\n", o->argv[0], strerror(errno));
	_exit(127);
}

struct pty *pty_start(const struct pty_options *o)
{
	struct pty *p = mem_zero(1, sizeof(*p));
	p->w = o->w ? o->w : 80;
	p->h = o->h ? o->h : 24;
	p->mute = o->mute;
	p->bps = o->bps;
	p->delay_ms = o->delay_ms;
	buf_init(&p->line, 0);
	p->cursor = true;
	buf_init(&p->raw, RAW_MAX);
	buf_init(&p->text, 0);
	open_screen(p);
	struct winsize size = { .ws_row = (unsigned short)p->h,
				.ws_col = (unsigned short)p->w };
	int slave;
	if (openpty(&p->master, &slave, NULL, NULL, &size) < 0)
		die("openpty");
	/* Before a child can change them. */
	tcgetattr(slave, &p->modes);
	p->pid = fork();
	if (p->pid < 0)
		die("fork");
	if (p->pid == 0) {
		close(p->master);
		login_tty(slave);
		child(o);
	}
	close(slave);
	fcntl(p->master, F_SETFL, O_NONBLOCK);
	fcntl(p->master, F_SETFD, FD_CLOEXEC);
	return p;
}

pid_t pty_pid(const struct pty *p)
{
	return p->pid;
}

/* libvterm 0.1.4 loses a character that two writes share after text in the
 * first: it gets one byte at a time. */
static void take(struct pty *p, const char *bytes, size_t n)
{
	buf_add(&p->raw, bytes, n);
	for (size_t i = 0; i < n; i++)
		vterm_input_write(p->vt, bytes + i, 1);
}

static void line_put(struct pty *p, const char *bytes, size_t n)
{
	if (p->nr_parcels == p->max_parcels) {
		p->max_parcels = p->max_parcels ? 2 * p->max_parcels : 64;
		p->parcel = mem_grow(p->parcel, p->max_parcels,
				     sizeof(*p->parcel));
	}
	p->parcel[p->nr_parcels++] = (struct parcel){ pty_ms(), n };
	buf_add(&p->line, bytes, n);
}

/* What has arrived by now; false if nothing has. */
static bool line_take(struct pty *p)
{
	bool any = false;
	while (p->first < p->nr_parcels) {
		struct parcel *x = &p->parcel[p->first];
		double start = (double)(x->at + p->delay_ms);
		if (start < p->free_at)
			start = p->free_at;
		double room = ((double)pty_ms() - start) * p->bps / 1000;
		size_t n = room < 1 ? 0 : room < (double)x->nr ? (size_t)room
							       : x->nr;
		if (p->bps == 0)
			n = x->nr;
		if (n == 0)
			return any;
		p->free_at = p->bps ? start + (double)n * 1000 / p->bps : 0;
		x->nr -= n;
		p->first += x->nr == 0;
		size_t at = p->taken;
		p->taken += n;
		take(p, buf_text(&p->line) + at, n);
		any = true;
	}
	p->first = p->nr_parcels = p->taken = 0;
	buf_clear(&p->line);
	return any;
}

static bool has_line(const struct pty *p)
{
	return p->bps > 0 || p->nr_parcels > 0;
}

void pty_line(struct pty *p, int bps, int delay_ms)
{
	p->bps = bps;
	p->delay_ms = delay_ms;
}

long pty_line_age(const struct pty *p)
{
	return p->first < p->nr_parcels ? pty_ms() - p->parcel[p->first].at : 0;
}

void pty_mute(struct pty *p, bool mute)
{
	p->mute = mute;
}

/* Waits for bytes until `until`; false if none came. */
static bool read_some(struct pty *p, long until)
{
	char bytes[4096];
	long left = until - pty_ms();
	if (left < 0)
		left = 0;
	if (p->master < 0 || p->eof) {
		poll(NULL, 0, left < 5 ? (int)left : 5);
		return has_line(p) && line_take(p);
	}
	struct pollfd fd = { .fd = p->master, .events = POLLIN };
	int wait = p->first < p->nr_parcels ? 5 : 20;
	if (p->line.len - p->taken > LINE_DEEP)
		fd.events = 0;
	if (poll(&fd, 1, left < wait ? (int)left : wait) <= 0)
		return has_line(p) && line_take(p);
	ssize_t n = read(p->master, bytes, sizeof(bytes));
	if (n > 0 && has_line(p)) {
		line_put(p, bytes, (size_t)n);
		return line_take(p);
	}
	if (n > 0)
		take(p, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		p->eof = true; /* EIO: the other side was closed */
	return n > 0;
}

void pty_read(struct pty *p, int ms)
{
	long until = pty_ms() + ms;
	do
		read_some(p, until);
	while (pty_ms() < until);
}

bool pty_wait(struct pty *p, bool (*holds)(struct pty *p, void *arg), void *arg,
	      int ms)
{
	long until = pty_ms() + ms;
	while (!holds(p, arg)) {
		if (pty_ms() >= until)
			return false;
		read_some(p, until);
	}
	return true;
}

static bool shows(struct pty *p, void *text)
{
	return pty_shows(p, text);
}

static bool hides(struct pty *p, void *text)
{
	return !pty_shows(p, text);
}

/* A test that waited in vain wants to see for what. */
static bool or_print(struct pty *p, bool held, const char *text)
{
	if (!held)
		fprintf(stderr, "pty: waited for '%s', the screen is\n%s\n", text,
			pty_screen(p));
	return held;
}

bool pty_wait_text(struct pty *p, const char *text, int ms)
{
	return or_print(p, pty_wait(p, shows, (void *)(size_t)text, ms), text);
}

bool pty_wait_gone(struct pty *p, const char *text, int ms)
{
	return or_print(p, pty_wait(p, hides, (void *)(size_t)text, ms), text);
}

bool pty_wait_quiet(struct pty *p, int quiet, int ms)
{
	long until = pty_ms() + ms, last = pty_ms();
	while (pty_ms() - last < quiet) {
		if (pty_ms() >= until)
			return false;
		if (read_some(p, last + quiet))
			last = pty_ms();
	}
	return true;
}

void pty_press(struct pty *p, const char *key)
{
	static const struct {
		int key;
		const char *bytes;
	} rows[] = {
		{ K_UP, "\033[A" },     { K_DOWN, "\033[B" },
		{ K_RIGHT, "\033[C" },  { K_LEFT, "\033[D" },
		{ K_HOME, "\033[H" },   { K_END, "\033[F" },
		{ K_PGUP, "\033[5~" },  { K_PGDN, "\033[6~" },
		{ K_DELETE, "\033[3~" },{ K_BACKTAB, "\033[Z" },
		{ K_F1, "\033OP" },     { K_F2, "\033OQ" },
		{ K_F3, "\033OR" },     { K_F4, "\033OS" },
		{ K_F5, "\033[15~" },   { K_F6, "\033[17~" },
		{ K_F7, "\033[18~" },   { K_F8, "\033[19~" },
		{ K_F9, "\033[20~" },   { K_F10, "\033[21~" },
		{ K_F11, "\033[23~" },  { K_F12, "\033[24~" },
	};
	int k = key_of_name(key);
	char byte = (char)k;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].key == k) {
			pty_type(p, rows[i].bytes, strlen(rows[i].bytes));
			return;
		}
	}
	if (k > 0 && k < 0x80)
		pty_type(p, &byte, 1);
	else
		pty_type(p, key, strlen(key));
}

void pty_paste(struct pty *p, const char *text)
{
	pty_type(p, "\033[200~", 6);
	pty_type(p, text, strlen(text));
	pty_type(p, "\033[201~", 6);
}

void pty_resize(struct pty *p, int w, int h)
{
	struct winsize size = { .ws_row = (unsigned short)h,
				.ws_col = (unsigned short)w };
	p->w = w > 0 ? w : 1;
	p->h = h > 0 ? h : 1;
	vterm_set_size(p->vt, p->h, p->w);
	ioctl(p->master, TIOCSWINSZ, &size);
}

/* A number that was waited for is not ours any more. */
static void look(struct pty *p)
{
	int status;
	if (p->ended || waitpid(p->pid, &status, WNOHANG | WUNTRACED
						 | WCONTINUED) != p->pid)
		return;
	p->stopped = WIFSTOPPED(status);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		p->ended = true;
		p->status = WIFEXITED(status) ? WEXITSTATUS(status)
					      : 128 + WTERMSIG(status);
	}
}

void pty_signal(struct pty *p, int signal)
{
	look(p);
	if (!p->ended)
		kill(p->pid, signal);
}

void pty_hang_up(struct pty *p)
{
	if (p->master >= 0)
		close(p->master);
	p->master = -1;
}

static bool has_ended(struct pty *p, void *arg)
{
	(void)arg;
	look(p);
	return p->ended;
}

int pty_exit(struct pty *p, int ms)
{
	if (!pty_wait(p, has_ended, NULL, ms))
		return -1;
	long until = pty_ms() + 200;
	while (p->master >= 0 && !p->eof
	       && (read_some(p, until) || pty_ms() < until))
		; /* also what is left after a long sleep of our own */
	if (has_line(p)) {
		p->bps = 0;
		line_take(p);
	}
	return p->status;
}

int pty_exit_unread(struct pty *p, int ms)
{
	long until = pty_ms() + ms;
	while (!has_ended(p, NULL)) {
		if (pty_ms() >= until)
			return -1;
		poll(NULL, 0, 2);
	}
	return p->status;
}

static bool has_stopped(struct pty *p, void *arg)
{
	(void)arg;
	look(p);
	return p->stopped || p->ended;
}

bool pty_stopped(struct pty *p, int ms)
{
	return pty_wait(p, has_stopped, NULL, ms) && p->stopped;
}

void pty_free(struct pty *p)
{
	look(p);
	if (!p->ended) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	pty_hang_up(p);
	vterm_free(p->vt);
	buf_release(&p->raw);
	buf_release(&p->line);
	free(p->parcel);
	buf_release(&p->text);
	free(p);
}

static VTermScreenCell cell(struct pty *p, int x, int y)
{
	VTermScreenCell c;
	memset(&c, 0, sizeof(c));
	vterm_screen_get_cell(p->vs, (VTermPos){ .row = y, .col = x }, &c);
	return c;
}

/* Appends a row; blanks wait for what follows them. */
static void add_row(struct pty *p, int y)
{
	int blanks = 0;
	for (int x = 0; x < p->w; x++) {
		VTermScreenCell c = cell(p, x, y);
		if (c.chars[0] == (uint32_t)-1)
			continue;
		if (c.chars[0] == 0 || c.chars[0] == ' ') {
			blanks++;
			continue;
		}
		for (; blanks; blanks--)
			buf_char(&p->text, ' ');
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && c.chars[i]; i++)
			buf_utf8(&p->text, c.chars[i]);
	}
}

const char *pty_row(struct pty *p, int y)
{
	buf_clear(&p->text);
	add_row(p, y);
	return buf_text(&p->text);
}

const char *pty_screen(struct pty *p)
{
	buf_clear(&p->text);
	for (int y = 0; y < p->h; y++) {
		add_row(p, y);
		buf_char(&p->text, '\n');
	}
	return buf_text(&p->text);
}

bool pty_shows(struct pty *p, const char *text)
{
	return strstr(pty_screen(p), text) != NULL;
}

static int index_of(const VTermColor *c)
{
	return VTERM_COLOR_IS_INDEXED(c) && !VTERM_COLOR_IS_DEFAULT_FG(c)
	       && !VTERM_COLOR_IS_DEFAULT_BG(c) ? c->indexed.idx : -1;
}

int pty_fg(struct pty *p, int x, int y)
{
	VTermScreenCell c = cell(p, x, y);
	return index_of(&c.fg);
}

int pty_bg(struct pty *p, int x, int y)
{
	VTermScreenCell c = cell(p, x, y);
	return index_of(&c.bg);
}

bool pty_bold(struct pty *p, int x, int y)
{
	return cell(p, x, y).attrs.bold;
}

bool pty_reverse(struct pty *p, int x, int y)
{
	return cell(p, x, y).attrs.reverse;
}

bool pty_alternate(const struct pty *p)
{
	return p->alternate;
}

bool pty_cursor_shown(const struct pty *p)
{
	return p->cursor;
}

/* What the program switched last: libvterm keeps bracketed paste to itself. */
static bool is_on(const struct pty *p, const char *mode)
{
	char on[32], off[32];
	const char *raw = buf_text(&p->raw), *last = NULL, *at;
	snprintf(on, sizeof(on), "\033[?%sh", mode);
	snprintf(off, sizeof(off), "\033[?%sl", mode);
	for (at = raw; (at = strstr(at, on)); at++)
		last = at;
	return last && !strstr(last, off);
}

/* A mark at the top, then a line feed in the last row: with full margins the
 * mark scrolls away. */
static bool margins_are_full(struct pty *p)
{
	char probe[64];
	int n = snprintf(probe, sizeof(probe), "\0337\033[1;1H\033[0m#@#"
			 "\033[%d;1H\n\0338", p->h);
	vterm_input_write(p->vt, probe, (size_t)n);
	return strncmp(pty_row(p, 0), "#@#", 3) != 0;
}

bool pty_is_whole(struct pty *p)
{
	struct termios now;
	bool modes = p->master < 0 || tcgetattr(p->master, &now) != 0
		     || (now.c_lflag == p->modes.c_lflag
			 && now.c_iflag == p->modes.c_iflag
			 && now.c_oflag == p->modes.c_oflag);
	return modes && !p->alternate && p->cursor && p->mouse == 0
	       && !is_on(p, "2004") && !is_on(p, "1006") && !is_on(p, "2026")
	       && margins_are_full(p);
}

const char *pty_raw(const struct pty *p, size_t *n)
{
	*n = p->raw.len;
	return buf_text(&p->raw);
}
