#include "app/oneshot.h"

#include "app/commands.h"
#include "app/config.h"
#include "app/judge.h"
#include "app/session.h"
#include "app/system.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "sources/demo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A poll gets a little less than the command, so that its own sentence is
 * heard before the command's. */
#define RESERVE ((time_ms)150)

struct oneshot {
	uv_loop_t loop;
	uv_timer_t timer;
	struct session *session;
	struct dash *dash;
	bool replay, asked, renewed, late, running;
	bool judging, only_slos; /* rules; nothing else is wanted */
	time_ms reach;       /* how far back rules look; 0: not */
	time_ms end; /* monotonic */
	char at[64];
};

static bool is_useful(const struct store_source *s)
{
	return s->state == SOURCE_UP || s->state == SOURCE_PARTIAL
	       || (s->state == SOURCE_THROTTLED && s->answered != TIME_NONE);
}

/* What the first answers brought is not taken back because asking for more
 * failed: that is a warning. */
static void tell_less(struct oneshot *s, const struct batch *failed)
{
	struct batch *b = batch_new(0);
	b->source = failed->source;
	b->status = failed->status;
	b->at = failed->at;
	b->instant = b->tick = b->partial = true;
	b->nr_warnings = 1;
	b->warning = &failed->error;
	dash_batch(s->dash, b);
	batch_free(b);
}

static void on_batch(const struct batch *b, void *arg)
{
	struct oneshot *s = arg;
	const struct store_source *p =
		store_source(dash_store(s->dash), b->source);
	if (s->asked && !s->renewed && b->tick && b->error && p && is_useful(p)
	    && b->fault != FAULT_CANCELLED)
		tell_less(s, b);
	else
		dash_batch(s->dash, b);
}

static void on_polled(struct source *src, void *arg)
{
	struct oneshot *s = arg;
	(void)src;
	if (s->running && session_busy(s->session) == 0)
		uv_stop(&s->loop);
}

static bool on_want(struct want *w, void *arg)
{
	struct oneshot *s = arg;
	time_ms left = s->end - clock_mono();
	dash_want(s->dash, w);
	w->whole |= !s->asked;
	w->only_slos = s->only_slos;
	w->slos |= s->judging;
	if (w->back < s->reach)
		w->back = s->reach;
	w->deadline = left > 2 * RESERVE ? left - RESERVE : left > 0 ? left : 1;
	return true;
}

static void on_deadline(uv_timer_t *t)
{
	struct oneshot *s = t->data;
	if (s->late)
		uv_stop(&s->loop);
	s->late = true;
	session_cancel(s->session);
	uv_timer_start(t, on_deadline, 500, 0);
}

static void ask(struct oneshot *s)
{
	time_ms left = s->end - clock_mono();
	s->late = false;
	uv_timer_start(&s->timer, on_deadline, (uint64_t)(left > 1 ? left : 1), 0);
	session_poll(s->session, false);
	s->running = session_busy(s->session) > 0;
	if (s->running)
		uv_run(&s->loop, UV_RUN_DEFAULT);
	s->running = false;
	uv_timer_stop(&s->timer);
	dash_tick(s->dash, clock_mono());
	s->asked = true;
}

/* A source that was cut off at the deadline has not said so itself. */
static void tell_silent(struct oneshot *s, time_ms timeout)
{
	for (size_t i = 0; i < session_sources(s->session); i++) {
		struct source *src = session_source(s->session, i);
		const struct store_source *p =
			store_source(dash_store(s->dash), src->name);
		if (!p || p->state != SOURCE_ASKING)
			continue;
		char span[TIME_TEXT], text[LIMIT_SENTENCE];
		struct batch *b = batch_new(0);
		snprintf(text, sizeof(text), "no useful answer from %.160s within "
			 "%s; --timeout gives it longer",
			 *src->url ? src->url : src->name,
			 time_duration(timeout, span));
		b->source = src->name;
		b->fault = FAULT_TIMEOUT;
		b->error = text;
		b->at = dash_view(s->dash)->now ? dash_view(s->dash)->now
						: clock_wall();
		b->tick = true;
		dash_batch(s->dash, b);
		batch_free(b);
	}
}

static time_ms now_of(const struct oneshot *s, const struct options *o)
{
	struct source *replay = session_replay(s->session);
	if (replay && replay->newest != TIME_NONE)
		return replay->newest;
	if (strncmp(o->source[0], "demo", 4) == 0 && !o->every)
		return demo_fixed_now;
	return clock_wall();
}

static int moment(const struct oneshot *s, const struct options *o, time_ms *at,
		  struct err *e)
{
	bool demo = strcmp(session_source(s->session, 0)->ops->name, "demo") == 0;
	*at = TIME_NONE;
	if (o->at && strcmp(o->at, "now") != 0)
		return time_parse(o->at, now_of(s, o), at, e);
	if (s->replay || (demo && !o->every))
		*at = now_of(s, o);
	return 0;
}

/* Only after the first answers is it known which rows are visible: a page of
 * details, and what a large server is asked for visible rows alone. */
static bool wants_more(const struct view *v, enum page page)
{
	if (!v->sel)
		return false;
	const struct service *s = v->sel->service;
	/* What has no routes is not asked, and paid for, twice. */
	if (page == PAGE_OWN || page == PAGE_CHANGED
	    || (page == PAGE_SERVICE && s->shape->question[RED_ROUTES]))
		return true;
	if (!s->shape->question[RED_BUCKETS])
		return false;
	for (size_t i = 0; i < s->nr[RED_BUCKETS]; i++)
		if (s->series[RED_BUCKETS][i]->nr)
			return false;
	return v->sel->rate > 0;
}

/* What is told by rows of the table needs them, and their past. */
static void judge_needs(struct oneshot *s, const struct rules *r)
{
	s->judging = s->only_slos = r != NULL;
	for (size_t i = 0; r && i < r->nr_slos; i++)
		s->only_slos &= !r->slo[i].derived;
	for (size_t i = 0; r && i < r->nr_thresholds; i++) {
		const struct threshold_def *d = &r->threshold[i];
		time_ms reach = (threshold_periods(d) + 1) * d->period;
		if (d->measure == MEASURE_NONE)
			continue;
		s->only_slos = false;
		s->reach = reach > s->reach ? reach : s->reach;
	}
}

struct oneshot *oneshot_run(const struct options *o, enum graph g, struct err *e)
{
	struct oneshot *s = mem_zero(1, sizeof(*s));
	struct session_hooks hooks = { on_batch, on_polled, on_want, s };
	char title[128];
	time_ms at;
	s->end = clock_mono() + o->timeout;
	if (system_loop(&s->loop, e) < 0) {
		free(s);
		return NULL;
	}
	uv_timer_init(&s->loop, &s->timer);
	s->timer.data = s;
	s->session = session_new(&s->loop, o, &hooks, e);
	if (!s->session) {
		oneshot_free(s);
		return NULL;
	}
	s->replay = session_replay(s->session) != NULL;
	judge_needs(s, o->rules);
	if (moment(s, o, &at, e) < 0) {
		oneshot_free(s);
		return NULL;
	}
	source_title(o->source[0], title, sizeof(title));
	struct dash_options d = {
		.w = o->w, .h = o->h, .graph = g, .page = o->page,
		.range = o->range, .objective = o->objective, .title = title,
		.replay = s->replay, .at = at, .service = o->service,
		.theme = o->theme, .now = now_of(s, o),
		.staged = !o->at && !s->replay,
		.file = config_dash_file(o->config), .own = o->own,
	};
	s->dash = dash_new(&d);
	if (s->replay)
		dash_set_replay(s->dash, session_replay(s->session));
	for (size_t i = 0; i < session_sources(s->session) && !s->replay; i++) {
		struct source *src = session_source(s->session, i);
		store_declare(dash_store(s->dash), src->name, src->period);
	}
	ask(s);
	tell_silent(s, o->timeout);
	dash_frame(s->dash);
	if (wants_more(dash_view(s->dash), o->page)) {
		ask(s);
		dash_frame(s->dash);
	}
	return s;
}

void oneshot_again(struct oneshot *s)
{
	ask(s);
}

void oneshot_renew(struct oneshot *s, time_ms timeout)
{
	s->end = clock_mono() + timeout;
	uv_update_time(&s->loop);
	dash_tick(s->dash, clock_mono());
	s->renewed = true;
	ask(s);
	s->renewed = false;
	dash_frame(s->dash);
}

struct dash *oneshot_dash(struct oneshot *s)
{
	return s->dash;
}

bool oneshot_replay(const struct oneshot *s)
{
	return s->replay;
}

static void tell_more(const struct store_source *s)
{
	char bytes[NUMBER_TEXT];
	fprintf(stderr, "redtop: %s: %s, %s, %llu requests, %s\n", s->name,
		s->identity ? s->identity : "not identified",
		source_state_name(s->state), (unsigned long long)s->requests,
		format_bytes((double)s->bytes, bytes));
	for (size_t i = 0; i < s->nr_warnings; i++)
		fprintf(stderr, "redtop: %s: warning: %s\n", s->name,
			s->warning[i]);
	for (size_t i = 0; i < s->nr_infos; i++)
		fprintf(stderr, "redtop: %s: info: %s\n", s->name, s->info[i]);
}

static int code_of(const struct store_source *const *src, size_t n)
{
	int code = EXIT_UNREACHABLE;
	for (size_t i = 0; i < n; i++) {
		if (is_useful(src[i]))
			return EXIT_FINE;
		if (src[i]->state == SOURCE_AUTH)
			code = EXIT_REFUSED;
	}
	return code;
}

int oneshot_code(struct oneshot *s, const struct options *o)
{
	const struct store_source *const *src;
	size_t n = store_sources(dash_store(s->dash), &src);
	for (size_t i = 0; i < n; i++) {
		if (o->verbose)
			tell_more(src[i]);
		if (src[i]->error && !o->quiet)
			fprintf(stderr, "redtop: %s: %s\n", src[i]->name,
				src[i]->error);
	}
	return code_of(src, n);
}

static void on_closed(void *arg)
{
	(void)arg;
}

void oneshot_free(struct oneshot *s)
{
	uv_close((uv_handle_t *)&s->timer, NULL);
	if (s->session)
		session_close(s->session, on_closed, NULL);
	/* A stop that was asked for outside of a run is still pending. */
	while (uv_run(&s->loop, UV_RUN_DEFAULT))
		;
	uv_loop_close(&s->loop);
	dash_free(s->dash);
	free(s);
}
