/* redtop record: no screen, one file. */
#include "app/commands.h"
#include "app/session.h"
#include "app/system.h"
#include "base/mem.h"
#include "model/service.h"
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
	struct store *rows; /* the newest instants alone, or NULL: nobody
			       saves at the cost of services */
	time_ms at;         /* of them */
	int signal;
	bool failed, verbose;
	size_t answered, refused, polls;
};

static void stop(struct recorder *r)
{
	uv_stop(&r->loop);
}

/* What a day's limit saves must not be what somebody is paged about: without
 * a screen, too, it is known whether a service pages. */
static void see_rows(struct recorder *r, const struct batch *b)
{
	struct batch rows = *b;
	if (!r->rows)
		return;
	if (!b->instant)
		rows.nr = rows.nr_asked = 0;
	rows.nr_events = 0;
	store_apply(r->rows, &rows);
	if (b->tick && b->at > r->at)
		r->at = b->at;
}

static bool is_paging(const struct recorder *r)
{
	const struct service *const *s;
	size_t n = r->at != TIME_NONE ? store_services(r->rows, &s) : 0;
	for (size_t i = 0; i < n; i++) {
		struct red_row row;
		service_row(s[i], r->at, NULL, &row);
		if (row.state == STATE_PAGE || row.state == STATE_CRIT)
			return true;
	}
	return false;
}

static void on_batch(const struct batch *b, void *arg)
{
	struct recorder *r = arg;
	see_rows(r, b);
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

/* The same charts as a snapshot of 120x40 asks for. */
static bool on_want(struct want *w, void *arg)
{
	struct recorder *r = arg;
	*w = (struct want){ .at = TIME_NONE, .charts = true,
			    .paging = is_paging(r) };
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
	for (size_t i = 0; i < session_sources(r->session); i++) {
		struct source *src = session_source(r->session, i);
		if (!r->rows && strcmp(src->ops->name, "cloudwatch") == 0)
			r->rows = store_new(0);
	}
	r->writer = writer_open(o->out, clock_wall(), REDTOP_VERSION, &r->error);
	return r->writer ? 0 : -1;
}

int run_record(struct options *o)
{
	struct recorder r = { .o = o, .at = TIME_NONE };
	if (!o->out)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop record needs -o FILE: the recording to write" });
	if (system_loop(&r.loop, &r.error) < 0)
		return complain(&r.error);
	int code = EXIT_FINE;
	if (open_all(&r, o) < 0) {
		code = complain(&r.error);
		if (r.session)
			session_close(r.session, NULL, NULL);
		uv_run(&r.loop, UV_RUN_DEFAULT);
		uv_loop_close(&r.loop);
		store_free(r.rows);
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
	store_free(r.rows);
	return code;
}
