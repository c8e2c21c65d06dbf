/* redtop record: no screen, one file. */
#include "app/commands.h"
#include "app/config.h"
#include "app/dash.h"
#include "app/session.h"
#include "app/system.h"
#include "base/mem.h"
#include "record/writer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct recorder {
	uv_loop_t loop;
	struct session *session;
	struct writer *writer;
	uv_signal_t on_int, on_term, on_hup;
	uv_timer_t timer;
	const struct options *o;
	struct err error;
	struct dash *dash;  /* of a screen that nobody sees: who pages, and
			       since when */
	int signal;
	bool failed, verbose;
	size_t answered, refused, polls;
};

static void stop(struct recorder *r)
{
	uv_stop(&r->loop);
}

static void on_batch(const struct batch *b, void *arg)
{
	struct recorder *r = arg;
	dash_batch(r->dash, b);
	if (b->fault == FAULT_NONE && b->nr_asked)
		r->answered++;
	if (b->fault == FAULT_AUTH)
		r->refused++;
	if (b->fault != FAULT_NONE && b->fault != FAULT_CANCELLED
	    && !r->o->quiet)
		fprintf(stderr, "redtop: %s\n", b->error);
	if (!r->failed && writer_add(r->writer, b, &r->error) < 0) {
		r->failed = true;
		stop(r);
	}
}

static void on_polled(struct source *src, void *arg)
{
	struct recorder *r = arg;
	(void)src;
	r->polls++;
}

/* The same charts as a snapshot of 120x40 asks for; and what a screen would ask
 * when a service pages: what changed. What a day's limit saves must not be what
 * somebody is paged about, either. */
static bool on_want(struct want *w, void *arg)
{
	struct recorder *r = arg;
	struct want seen;
	dash_tick(r->dash, clock_mono());
	dash_frame(r->dash);
	dash_want(r->dash, &seen);
	*w = (struct want){ .at = TIME_NONE, .charts = true, .slos = true,
			    .paging = seen.paging, .change = seen.change };
	headless_want(r->o, w);
	return true;
}

static void on_signal(uv_signal_t *h, int signum)
{
	struct recorder *r = h->data;
	r->signal = signum;
	stop(r);
}

static void on_time(uv_timer_t *t)
{
	stop(t->data);
}

static void start_handles(struct recorder *r)
{
	uv_signal_t *s[] = { &r->on_int, &r->on_term, &r->on_hup };
	int number[] = { SIGINT, SIGTERM, SIGHUP };
	for (size_t i = 0; i < 3; i++) {
		uv_signal_init(&r->loop, s[i]);
		s[i]->data = r;
		uv_signal_start(s[i], on_signal, number[i]);
	}
	uv_timer_init(&r->loop, &r->timer);
	r->timer.data = r;
	if (r->o->duration)
		uv_timer_start(&r->timer, on_time, (uint64_t)r->o->duration, 0);
}

static void close_handles(struct recorder *r)
{
	uv_close((uv_handle_t *)&r->on_int, NULL);
	uv_close((uv_handle_t *)&r->on_term, NULL);
	uv_close((uv_handle_t *)&r->on_hup, NULL);
	uv_close((uv_handle_t *)&r->timer, NULL);
	session_close(r->session, NULL, NULL);
}

static int outcome(struct recorder *r)
{
	if (r->failed)
		return complain(&r->error);
	if (r->answered == 0 && r->polls)
		return r->refused ? EXIT_REFUSED : EXIT_UNREACHABLE;
	return EXIT_FINE;
}

static int open_all(struct recorder *r, struct options *o)
{
	struct session_hooks hooks = { on_batch, on_polled, on_want, r };
	r->session = session_new(&r->loop, o, &hooks, &r->error);
	if (!r->session)
		return -1;
	r->writer = writer_open(o->out, clock_wall(), REDTOP_VERSION, &r->error);
	return r->writer ? 0 : -1;
}

int run_record(struct options *o)
{
	struct recorder r = { .o = o };
	if (!o->out)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop record needs -o FILE: the recording to write" });
	if (system_loop(&r.loop, &r.error) < 0)
		return complain(&r.error);
	r.dash = dash_new(&(struct dash_options){
		.w = 120, .h = 40, .graph = GRAPH_ASCII, .range = o->range,
		.objective = o->objective, .at = TIME_NONE, .title = "",
		.now = clock_wall() });
	int code = EXIT_FINE;
	if (open_all(&r, o) < 0) {
		code = complain(&r.error);
		if (r.session)
			session_close(r.session, NULL, NULL);
		uv_run(&r.loop, UV_RUN_DEFAULT);
		uv_loop_close(&r.loop);
		dash_free(r.dash);
		return code;
	}
	start_handles(&r);
	session_start(r.session);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	if (writer_close(r.writer, &r.error) < 0)
		r.failed = true;
	code = outcome(&r);
	if (r.signal == SIGTERM || r.signal == SIGHUP) {
		signal(r.signal, SIG_DFL);
		raise(r.signal);
	}
	close_handles(&r);
	uv_run(&r.loop, UV_RUN_DEFAULT);
	uv_loop_close(&r.loop);
	dash_free(r.dash);
	return code;
}
