/* The live screen: terminal, keys, signals and frames on one loop. */
#include "app/commands.h"
#include "app/config.h"
#include "app/dash.h"
#include "app/oneshot.h"
#include "app/pace.h"
#include "app/session.h"
#include "app/start.h"
#include "app/system.h"
#include "app/tty.h"
#include "base/mem.h"
#include "base/number.h"
#include "model/dump.h"
#include "record/writer.h"
#include "tui/export.h"
#include "tui/input.h"
#include "tui/screen.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ESC_WAIT 30          /* ms a lone ESC may be the start of more */
#define FRAME_GAP 50         /* ms between frames that no key asked for */
#define END_WAIT 700         /* ms the end sequence may wait for a terminal */
#define STOP_WAIT 300        /* the same when it stops only */
#define OWED_WAIT 100        /* ms for an answer that the shell would get */
#define SECOND 1000
#define PLAY_TICK 100

static const int signals[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTERM,
			       SIGHUP,   SIGINT,  SIGQUIT };
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

struct live {
	uv_loop_t loop;
	const struct options *o;
	struct options opened;      /* of a source chosen on the start page */
	struct options reloaded;    /* of the dashboard file, read again */
	struct config *config;      /* of `reloaded`, or NULL */
	struct tty *tty;
	struct screen *screen;
	struct theme theme;
	struct dash *dash;
	struct session *session;
	struct start_list *start;
	struct writer *writer;
	char recording[1024];

	uv_poll_t poll;
	int events;
	uv_signal_t signal[NR_SIGNALS];
	uv_timer_t esc, frame, tick;
	uv_prepare_t prepare;
	struct input input;

	enum graph graph;
	bool key_frame, dirty, resized, quit;
	bool stopped;               /* by suspend(): a SIGCONT will tell too */
	bool waiting;               /* a frame's bytes are not taken yet */
	struct pace pace;
	bool rest;                  /* of a frame is to be shown, */
	int row;                    /* from here on */
	int die_by;                 /* signal to end by, or 0 */
	time_ms last_frame, key_at, told;
	uint64_t bytes, bytes_before;
	double cpu_before, key_ms, frame_bytes, rate;
	char term[160];
};

static void want_frame(struct live *l)
{
	l->dirty = true;
}

static void stop(struct live *l)
{
	l->quit = true;
	uv_stop(&l->loop);
}

static void gone(struct live *l)
{
	l->die_by = SIGHUP;
	stop(l);
}

/* ---- bytes to the terminal -------------------------------------------------- */

static void on_tty(uv_poll_t *p, int status, int events);

static void watch(struct live *l, int events)
{
	if (l->events == events)
		return;
	l->events = events;
	uv_poll_start(&l->poll, events, on_tty);
}

static void write_bytes(struct live *l)
{
	size_t n;
	const char *s = screen_bytes(l->screen, &n);
	while (n) {
		ssize_t k = tty_write(l->tty, s, n);
		if (k < 0) {
			gone(l);
			return;
		}
		if (k == 0)
			break;
		l->bytes += (uint64_t)k;
		screen_taken(l->screen, (size_t)k);
		s = screen_bytes(l->screen, &n);
	}
	l->waiting = n > 0;
	watch(l, UV_READABLE | UV_DISCONNECT | (n ? UV_WRITABLE : 0));
}

static void take_size(struct live *l)
{
	int w, h;
	tty_size(l->tty, &w, &h);
	screen_resize(l->screen, w, h);
	dash_resize(l->dash, w, h);
	l->resized = false;
	l->row = 0;
}

/* BEL, and a notification where the terminal makes one of OSC 9; the console of
 * Linux would print it. */
static void ring(struct live *l)
{
	const char *name = dash_paged(l->dash), *term = getenv("TERM");
	struct buf b;
	if (!name || !l->o->bell)
		return;
	buf_init(&b, 200);
	buf_str(&b, "\a");
	if (!term || strncmp(term, "linux", 5) != 0) {
		buf_str(&b, "\033]9;redtop: ");
		for (; *name && b.len < 120; name++)
			buf_char(&b, *name >= ' ' && *name < 127 ? *name : '?');
		buf_str(&b, " pages\a");
	}
	screen_ask(l->screen, buf_text(&b));
	buf_release(&b);
}

/* Rows from the top on: header, verdict and table come first. */
static void draw(struct live *l)
{
	time_ms now = clock_mono();
	size_t n;
	if (l->resized)
		take_size(l);
	if (l->key_frame)
		l->row = 0;
	if (dash_frame(l->dash))
		ring(l);
	l->rest = !screen_show_some(l->screen, dash_surface(l->dash), &l->theme,
				    &l->row, pace_room(&l->pace, now));
	screen_bytes(l->screen, &n);
	if (n) {
		screen_ask(l->screen, ASK_STATUS);
		screen_bytes(l->screen, &n);
		pace_sent(&l->pace, now, n);
		l->frame_bytes = (double)n;
	}
	write_bytes(l);
	l->last_frame = now;
	l->dirty = l->rest;
	l->key_frame = false;
	if (l->key_at) {
		l->key_ms = (double)(clock_mono() - l->key_at);
		l->key_at = 0;
	}
}

static void on_frame_timer(uv_timer_t *t)
{
	(void)t; /* waking the loop is all: on_prepare draws */
}

/* At most one piece of a frame is under way; what a key changed is drawn as
 * soon as that has arrived, the rest at most every FRAME_GAP. */
static void on_prepare(uv_prepare_t *p)
{
	struct live *l = p->data;
	if (!l->dirty || l->waiting || !l->dash || l->quit)
		return;
	time_ms now = clock_mono(), since = now - l->last_frame;
	bool urgent = l->key_frame || l->rest;
	time_ms wait = pace_wait(&l->pace, now, urgent || l->resized);
	if (!urgent && since < FRAME_GAP && wait < FRAME_GAP - since)
		wait = FRAME_GAP - since;
	if (wait > 0)
		uv_timer_start(&l->frame, on_frame_timer, (uint64_t)wait, 0);
	else
		draw(l);
}

/* ---- recording ------------------------------------------------------------------ */

static int write_batch(const struct batch *b, void *arg)
{
	struct live *l = arg;
	struct err e;
	if (!l->writer || writer_add(l->writer, b, &e) == 0)
		return 0;
	writer_close(l->writer, NULL);
	l->writer = NULL;
	dash_recording(l->dash, NULL);
	dash_notice(l->dash, e.text);
	return -1;
}

static void stop_recording(struct live *l)
{
	struct err e;
	char text[1200], bytes[NUMBER_TEXT];
	if (!l->writer)
		return;
	snprintf(text, sizeof(text), "recorded %u polls, %s, to %s",
		 writer_ticks(l->writer),
		 format_bytes((double)writer_bytes(l->writer), bytes),
		 l->recording);
	if (writer_close(l->writer, &e) < 0)
		snprintf(text, sizeof(text), "%s", e.text);
	l->writer = NULL;
	if (l->dash) {
		dash_recording(l->dash, NULL);
		dash_notice(l->dash, text);
	}
}

static void start_recording(struct live *l)
{
	struct err e;
	char dir[900], text[1200];
	if (recordings_dir(dir, sizeof(dir), &e) < 0) {
		dash_notice(l->dash, e.text);
		return;
	}
	time_t t = (time_t)(clock_wall() / 1000);
	struct tm tm;
	gmtime_r(&t, &tm);
	size_t n = (size_t)snprintf(l->recording, sizeof(l->recording), "%s/",
				    dir);
	strftime(l->recording + n, sizeof(l->recording) - n,
		 "redtop-%Y%m%d-%H%M%S.redtop", &tm);
	l->writer = writer_open(l->recording, clock_wall(), REDTOP_VERSION, &e);
	if (!l->writer) {
		dash_notice(l->dash, e.text);
		return;
	}
	dash_recording(l->dash, l->recording);
	if (store_dump(dash_store(l->dash), write_batch, l) == 0) {
		snprintf(text, sizeof(text), "recording to %s, with what memory "
			 "holds; R stops", l->recording);
		dash_notice(l->dash, text);
	}
}

static void toggle_recording(struct live *l)
{
	if (dash_replaying(l->dash))
		dash_notice(l->dash, "this is a recording already; copy its file");
	else if (l->writer)
		stop_recording(l);
	else
		start_recording(l);
}

/* ---- sources ---------------------------------------------------------------------- */

static void on_batch(const struct batch *b, void *arg)
{
	struct live *l = arg;
	dash_batch(l->dash, b);
	write_batch(b, l);
	want_frame(l);
}

static void on_polled(struct source *src, void *arg)
{
	(void)src;
	want_frame(arg);
}

static bool on_want(struct want *w, void *arg)
{
	struct live *l = arg;
	if (!dash_polling(l->dash) && !l->writer)
		return false;
	dash_want(l->dash, w);
	return true;
}

static void show_source(struct live *l, const struct options *o)
{
	struct source *replay = session_replay(l->session);
	char title[128];
	int w, h;
	source_title(o->source[0], title, sizeof(title));
	tty_size(l->tty, &w, &h);
	struct dash_options d = {
		.w = w, .h = h, .graph = l->graph, .page = o->page,
		.range = o->range, .objective = o->objective, .title = title,
		.replay = replay != NULL, .played = true, .at = TIME_NONE,
		.service = o->service, .theme = l->theme.name,
		.now = clock_wall(),
		.file = config_dash_file(o->config), .own = o->own,
	};
	struct dash *old = l->dash;
	l->dash = dash_new(&d);
	dash_free(old); /* the service's name is its */
	if (replay)
		dash_set_replay(l->dash, replay);
	for (size_t i = 0; !replay && i < session_sources(l->session); i++)
		store_declare(dash_store(l->dash),
			      session_source(l->session, i)->name,
			      session_source(l->session, i)->period);
	dash_tick(l->dash, clock_mono());
	session_start(l->session);
	want_frame(l);
}

static int open_sources(struct live *l, const struct options *o, struct err *e)
{
	struct session_hooks hooks = { on_batch, on_polled, on_want, l };
	l->session = session_new(&l->loop, o, &hooks, e);
	return l->session ? 0 : -1;
}

static void open_chosen(struct live *l)
{
	struct err e;
	l->opened = *l->o;
	l->opened.source[0] = dash_opened(l->dash);
	l->opened.nr_sources = 1;
	l->opened.from_file = false;
	/* The string is the dashboard's, which is replaced. */
	l->opened.source[0] = mem_strdup(l->opened.source[0]);
	if (open_sources(l, &l->opened, &e) < 0) {
		dash_notice(l->dash, e.text);
		return;
	}
	l->o = &l->opened;
	show_source(l, &l->opened);
}

/* ---- keys --------------------------------------------------------------------------- */

static void set_theme(struct live *l)
{
	struct err e;
	struct theme t;
	if (theme_load(dash_theme(l->dash), &t, &e) < 0) {
		dash_notice(l->dash, e.text);
		return;
	}
	l->theme = t;
	screen_repaint(l->screen);
}

/* ---- the dashboard file, again ---------------------------------------------- */

static void free_config(void *arg)
{
	config_free(arg);
}

static bool same_source_words(const struct options *a, const struct options *b)
{
	if (a->nr_sources != b->nr_sources)
		return false;
	for (size_t i = 0; i < a->nr_sources; i++)
		if (strcmp(a->source[i], b->source[i]) != 0)
			return false;
	return true;
}

/* The options as they are by the new file; -1 with a sentence. */
static int reread(struct live *l, struct options *out, struct config **config,
		  struct err *e)
{
	struct config *c = config_load(l->o->file, e);
	*config = c;
	if (!c)
		return -1;
	*out = *l->o;
	if (l->o->from_file) {
		out->nr_sources = 0;
		out->from_file = false;
	}
	if (!(l->o->given & option_bit("theme")))
		out->theme = NULL;
	out->own_page = NULL;
	if (c->errors) {
		char text[300];
		config_complaint(c, text, sizeof(text));
		err_set(e, EXIT_FILE, "%s; all is as before", text);
	}
	if (c->errors || config_apply(c, out, e) < 0) {
		config_free(c);
		return -1;
	}
	return 0;
}

static void take_theme(struct live *l, const struct options *o)
{
	struct err e;
	struct theme t;
	if (options_theme(o, &t, &e) < 0)
		return;
	l->theme = t;
	screen_repaint(l->screen);
}

/* Other sources, services or charts: the session begins anew, on the same
 * page. -1: it cannot, and all is as before. */
static int begin_again(struct live *l, struct options *o, struct config *forget)
{
	struct session *old = l->session;
	struct err e;
	if (open_sources(l, o, &e) < 0) {
		l->session = old;
		dash_notice(l->dash, e.text);
		return -1;
	}
	dash_place(l->dash, &o->page, &o->own, &o->service);
	stop_recording(l);
	session_close(old, free_config, forget);
	show_source(l, o);
	o->service = NULL;
	return 0;
}

/* Where only the screen changes, the session goes on, and goes on borrowing
 * what the files before said: they are kept. */
static void reload(struct live *l)
{
	struct options o;
	struct config *c;
	struct err e;
	if (!l->session) {
		dash_notice(l->dash, "no dashboard yet");
		return;
	}
	if (reread(l, &o, &c, &e) < 0) {
		dash_notice(l->dash, e.text);
		return;
	}
	bool same = l->o->config && config_same_sources(l->o->config, c) &&
		    same_source_words(l->o, &o);
	if (!same && (o.nr_sources == 0 || begin_again(l, &o, l->config) < 0)) {
		config_free(c);
		return;
	}
	l->reloaded = o;
	l->o = &l->reloaded;
	l->config = c;
	take_theme(l, &o);
	struct dash_file file = config_dash_file(c);
	if (same)
		dash_set_file(l->dash, &file);
	char text[64];
	snprintf(text, sizeof(text), "read again: %zu file%s", c->nr,
		 c->nr == 1 ? "" : "s");
	dash_notice(l->dash, text);
}

static void suspend(struct live *l);

static void carry_out(struct live *l)
{
	for (enum request r; (r = dash_request(l->dash)) != REQUEST_NONE;) {
		switch (r) {
		case REQUEST_QUIT:
			stop(l);
			return;
		case REQUEST_POLL:
			if (l->session)
				session_poll(l->session, true);
			break;
		case REQUEST_ASK:
			if (l->session)
				session_poll(l->session, false);
			break;
		case REQUEST_REPAINT:
			screen_repaint(l->screen);
			break;
		case REQUEST_SUSPEND:
			suspend(l);
			break;
		case REQUEST_RECORD:
			toggle_recording(l);
			break;
		case REQUEST_OPEN:
			open_chosen(l);
			break;
		case REQUEST_THEME:
			set_theme(l);
			break;
		case REQUEST_RELOAD:
			reload(l);
			break;
		default:
			break;
		}
	}
	want_frame(l);
}

static void on_input(const struct input_event *e, void *arg)
{
	struct live *l = arg;
	if (l->quit)
		return;
	if (e->kind == INPUT_KEY) {
		dash_key(l->dash, e->key);
		l->key_frame = true;
		if (!l->key_at)
			l->key_at = clock_mono();
		carry_out(l);
	} else if (e->kind == INPUT_PASTE) {
		dash_paste(l->dash, e->key);
		want_frame(l);
	} else if (e->kind == INPUT_DSR) {
		pace_answered(&l->pace, clock_mono());
	} else if (e->kind == INPUT_KIND && pace_is_mux_kind(e->key)) {
		pace_mux(&l->pace, clock_mono());
	}
}

static void on_esc(uv_timer_t *t)
{
	struct live *l = t->data;
	input_timeout(&l->input, on_input, l);
}

static void read_keys(struct live *l)
{
	char bytes[4096];
	ssize_t n = read(tty_fd(l->tty), bytes, sizeof(bytes));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		gone(l);
		return;
	}
	if (n > 0)
		input_feed(&l->input, bytes, (size_t)n, on_input, l);
	if (input_waiting(&l->input))
		uv_timer_start(&l->esc, on_esc, ESC_WAIT, 0);
}

static void on_tty(uv_poll_t *p, int status, int events)
{
	struct live *l = p->data;
	if (status < 0 || (events & UV_DISCONNECT)) {
		gone(l);
		return;
	}
	if (events & UV_READABLE)
		read_keys(l);
	if ((events & UV_WRITABLE) && !l->quit)
		write_bytes(l);
}

/* ---- signals -------------------------------------------------------------------------- */

static void on_owed(const struct input_event *e, void *arg)
{
	struct live *l = arg;
	if (e->kind == INPUT_DSR)
		pace_answered(&l->pace, clock_mono());
}

/* An answer that comes after us would be typed into the shell. */
static void await_answer(struct live *l)
{
	char bytes[256];
	time_ms now = clock_mono(), until = now + OWED_WAIT;
	struct pollfd p = { .fd = tty_fd(l->tty), .events = POLLIN };
	while (pace_is_owed(&l->pace, now) && now < until) {
		if (poll(&p, 1, (int)(until - now)) <= 0)
			break;
		ssize_t n = read(p.fd, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		input_feed(&l->input, bytes, (size_t)n, on_owed, l);
		now = clock_mono();
	}
	pace_forget(&l->pace);
}

static void leave(struct live *l, int wait)
{
	size_t n;
	if (!l->screen)
		return;
	screen_end(l->screen);
	const char *s = screen_bytes(l->screen, &n);
	screen_taken(l->screen, tty_write_within(l->tty, s, n, wait));
	screen_bytes(l->screen, &n);
	if (n == 0)
		await_answer(l);
	tty_restore(l->tty);
}

static void come_back(struct live *l)
{
	tty_raw(l->tty);
	screen_begin(l->screen);
	screen_repaint(l->screen);
	l->resized = true;
	l->key_frame = true;
	want_frame(l);
	write_bytes(l);
}

static void suspend(struct live *l)
{
	leave(l, STOP_WAIT);
	l->stopped = true;
	raise(SIGSTOP);
	come_back(l);
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct live *l = h->data;
	switch (signum) {
	case SIGWINCH:
		l->resized = true;
		want_frame(l);
		break;
	case SIGTSTP:
		suspend(l);
		break;
	case SIGCONT:
		/* After a stop that nobody announced all modes may be the
		 * shell's by now. */
		if (!l->stopped) {
			screen_end(l->screen);
			pace_forget(&l->pace);
			come_back(l);
		}
		l->stopped = false;
		break;
	case SIGINT:
		stop(l);
		break;
	default:
		l->die_by = signum;
		stop(l);
	}
}

/* ---- once a second ------------------------------------------------------------------------ */

static double cpu_seconds(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec)
	       + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double rss_bytes(void)
{
	long pages = 0, unused;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f)
		return NAN;
	if (fscanf(f, "%ld %ld", &unused, &pages) != 2)
		pages = 0;
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void tell_costs(struct live *l)
{
	double cpu = cpu_seconds(), seconds = 1;
	l->rate = l->rate * 0.8 + (double)(l->bytes - l->bytes_before) * 0.2;
	int w, h;
	tty_size(l->tty, &w, &h);
	snprintf(l->term, sizeof(l->term), "%.40s, %dx%d, %d colours, %s",
		 getenv("TERM") ? getenv("TERM") : "?", w, h,
		 screen_colors(l->screen), graph_name(l->graph));
	struct dash_costs c = {
		.out_bytes_per_s = l->rate,
		.cpu_ratio = (cpu - l->cpu_before) / seconds,
		.rss_bytes = rss_bytes(), .key_ms = l->key_ms,
		.frame_bytes = l->frame_bytes, .term = l->term,
		.link_ms = pace_delay(&l->pace), .link = pace_text(&l->pace),
	};
	l->bytes_before = l->bytes;
	l->cpu_before = cpu;
	dash_costs(l->dash, &c);
}

static void on_tick(uv_timer_t *t)
{
	struct live *l = t->data;
	time_ms now = clock_mono();
	if (dash_tick(l->dash, now) && l->session)
		session_poll(l->session, false);
	if (now - l->told >= SECOND) {
		tell_costs(l);
		l->told = now;
	}
	want_frame(l);
}

/* ---- start and end ------------------------------------------------------------------------- */

static void open_handles(struct live *l)
{
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		uv_signal_init(&l->loop, &l->signal[i]);
		l->signal[i].data = l;
		uv_signal_start(&l->signal[i], on_signal, signals[i]);
	}
	uv_timer_init(&l->loop, &l->esc);
	uv_timer_init(&l->loop, &l->frame);
	uv_timer_init(&l->loop, &l->tick);
	uv_prepare_init(&l->loop, &l->prepare);
	uv_poll_init(&l->loop, &l->poll, tty_fd(l->tty));
	l->esc.data = l->frame.data = l->tick.data = l;
	l->prepare.data = l->poll.data = l;
	uv_prepare_start(&l->prepare, on_prepare);
	uv_timer_start(&l->tick, on_tick, PLAY_TICK, PLAY_TICK);
}

static int open_terminal(struct live *l, struct err *e)
{
	const char *term = getenv("TERM"), *notice = NULL;
	int w, h;
	l->tty = tty_open(e);
	if (!l->tty)
		return -1;
	tty_size(l->tty, &w, &h);
	l->screen = screen_new(term ? term : "", w, h, no_color(l->o), &notice,
			       e);
	if (!l->screen)
		return -1;
	if (notice && !l->o->quiet)
		fprintf(stderr, "redtop: %s\n", notice);
	struct pace_options p = {
		.mux = pace_is_mux(getenv("TMUX"), getenv("STY"), term),
		.remote = getenv("SSH_CONNECTION") || getenv("SSH_TTY"),
		.low = l->o->low, .max_bps = l->o->max_bps,
	};
	pace_init(&l->pace, &p, clock_mono());
	return 0;
}

static void on_start_changed(void *arg)
{
	struct live *l = arg;
	dash_notice(l->dash, NULL);
	want_frame(l);
}

static void show_start(struct live *l)
{
	int w, h;
	tty_size(l->tty, &w, &h);
	l->start = start_new();
	struct dash_options d = {
		.w = w, .h = h, .graph = l->graph, .page = PAGE_START,
		.range = l->o->range, .title = "no dashboard yet",
		.at = TIME_NONE, .theme = l->theme.name, .now = clock_wall(),
	};
	d.start = start_rows(l->start, &d.nr_start);
	l->dash = dash_new(&d);
	start_probe(l->start, &l->loop, on_start_changed, l);
	want_frame(l);
}

/* Workers and servers may hang: nothing is waited for. */
static _Noreturn void finish(struct live *l, int code)
{
	leave(l, END_WAIT);
	tty_unguard();
	stop_recording(l);
	if (l->die_by) {
		struct sigaction sa = { .sa_handler = SIG_DFL };
		sigset_t set;
		sigaction(l->die_by, &sa, NULL);
		sigemptyset(&set);
		sigaddset(&set, l->die_by);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		raise(l->die_by);
	}
	_exit(code);
}

static int run_terminal(struct options *o)
{
	struct live *l = mem_zero(1, sizeof(*l));
	struct err e;
	l->o = o;
	l->graph = locale_graph(o);
	l->key_ms = l->frame_bytes = NAN;
	if (options_theme(o, &l->theme, &e) < 0
	    || system_loop(&l->loop, &e) < 0)
		return complain(&e);
	if (o->nr_sources && open_sources(l, o, &e) < 0)
		return complain(&e);
	/* Where curses finds no memory it calls exit(). Nobody else does. */
	atexit(mem_die);
	if (open_terminal(l, &e) < 0)
		_exit(complain(&e));
	tty_guard(l->tty);
	tty_raw(l->tty);
	open_handles(l);
	screen_begin(l->screen);
	screen_ask(l->screen, ASK_KIND);
	if (o->nr_sources)
		show_source(l, o);
	else
		show_start(l);
	write_bytes(l);
	l->cpu_before = cpu_seconds();
	while (!l->quit)
		uv_run(&l->loop, UV_RUN_DEFAULT);
	finish(l, EXIT_FINE);
}

/* ---- without a terminal -------------------------------------------------------------------- */

static int run_once(struct options *o)
{
	static char environment[1024];
	const char *url = getenv("PROMETHEUS_URL");
	if (o->nr_sources == 0 && url && *url) {
		snprintf(environment, sizeof(environment), "%s", url);
		o->source[o->nr_sources++] = environment;
	}
	if (o->nr_sources == 0)
		return complain(&(struct err){ EXIT_USAGE,
			"no source and no terminal; redtop help lists the "
			"commands, redtop demo needs neither" });
	o->format = FORMAT_TEXT;
	return run_snapshot(o);
}

int run_live(struct options *o)
{
	if (!isatty(STDOUT_FILENO))
		return run_once(o);
	return run_terminal(o);
}

int run_demo(struct options *o)
{
	if (o->nr_sources)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop demo takes no source; redtop demo:SEED is the "
			"same shop with other noise" });
	o->source[o->nr_sources++] = "demo";
	return run_live(o);
}
