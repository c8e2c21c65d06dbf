/* The schedule: one timer a source, backoff with jitter after faults. */
#include "app/session.h"

#include "app/config.h"
#include "app/judge.h"
#include "app/kinds.h"
#include "app/refused.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BACKOFF_FIRST ((time_ms)1000)
#define BACKOFF_MAX ((time_ms)60000)
#define PERIOD_DEFAULT ((time_ms)15000)
#define ASKED_MAX ((time_ms)600000) /* of a server's Retry-After */
#define SLEEP_LEAST ((time_ms)2000)
#define SLEEP_LOOK 1000

struct feed {
	struct source src;
	struct session *session;
	uv_timer_t timer;
	bool polling, again, closed_source, closed_timer;
	bool failed;        /* the poll under way brought a fault alone */
	bool answered;
	unsigned failures;
	time_ms wait;       /* until the next poll, as it was told; 0: not */
	time_ms asked;      /* monotonic; 0: never */
	size_t place;       /* among the sources */
	struct source_ops refused; /* in place of its own, where it is */
	struct arena words; /* of the want that is under way */
};

struct session {
	uv_loop_t *loop;
	struct session_hooks hooks;
	struct feed *feed;
	size_t nr, open;
	uv_timer_t look;    /* for sleep, while polls go on by themselves */
	time_ms asleep;     /* so far, since the machine started */
	bool running, closing;
	unsigned seed;
	void (*done)(void *arg);
	void *done_arg;
	const struct config *config;
	struct arena options;
	time_ms every;      /* --every: just that, also below a source's own,
			       unless asking costs money */
};

time_ms clock_wall(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

time_ms clock_mono(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void poll_feed(struct feed *f);

static void on_timer(uv_timer_t *t)
{
	poll_feed(t->data);
}

/* A tenth either way, so that many viewers do not ask at once. */
static time_ms jitter(struct session *s, time_ms ms)
{
	s->seed = s->seed * 1103515245u + 12345u;
	return ms - ms / 10 + (time_ms)((s->seed >> 8) % (unsigned)(ms / 5 + 1));
}

/* Asking it costs money. */
static bool is_paid(const struct feed *f)
{
	return strcmp(f->src.ops->name, "cloudwatch") == 0;
}

static time_ms period_of(const struct feed *f)
{
	time_ms period = f->src.opt.period > f->src.period ? f->src.opt.period
							   : f->src.period;
	if (f->session->every
	    && (!is_paid(f) || f->session->every > period))
		period = f->session->every;
	return period ? period : PERIOD_DEFAULT;
}

/* After faults 1 s, 2 s, 4 s ...: what was only restarted is back soon, what is
 * gone is asked once a minute. */
static time_ms delay_after(struct feed *f, unsigned failures)
{
	time_ms wait = BACKOFF_FIRST;
	if (failures == 0)
		return period_of(f);
	for (unsigned i = 1; i < failures && wait < BACKOFF_MAX; i++)
		wait *= 2;
	return jitter(f->session, wait < BACKOFF_MAX ? wait : BACKOFF_MAX);
}

static unsigned failures_of(const struct feed *f)
{
	return f->failed && !f->answered ? f->failures + 1 : 0;
}

/* When it is asked again is told with the batch that ends the poll. */
static void tell_next(struct feed *f, struct batch *b)
{
	f->wait = delay_after(f, failures_of(f));
	bool told = f->failed && f->src.wait > f->wait;
	if (told)
		f->wait = f->src.wait < ASKED_MAX ? f->src.wait : ASKED_MAX;
	/* A server that said when to come again was quoted by its source. */
	if (!b->status || told)
		return;
	struct source_status *own = arena_alloc(&b->arena, sizeof(*own));
	*own = *b->status;
	own->next = b->at + f->wait;
	b->status = own;
}

static void schedule(struct feed *f)
{
	if (f->session->closing || !f->session->running)
		return;
	time_ms wait = f->wait ? f->wait : period_of(f);
	f->wait = 0;
	uv_timer_start(&f->timer, on_timer, (uint64_t)(wait < 1 ? 1 : wait), 0);
}

/* The names in a want belong to a store that the answers change. */
static void keep_words(struct feed *f, struct want *w)
{
	size_t n = 0;
	arena_release(&f->words);
	if (w->selected)
		w->selected = arena_strdup(&f->words, w->selected);
	if (w->change) {
		struct change_want *own = arena_alloc(&f->words, sizeof(*own));
		*own = *w->change;
		own->service = arena_strdup(&f->words, own->service);
		if (own->slow_le)
			own->slow_le = arena_strdup(&f->words, own->slow_le);
		w->change = own;
	}
	if (!w->visible)
		return;
	while (w->visible[n])
		n++;
	const char **own = arena_alloc(&f->words, (n + 1) * sizeof(*own));
	for (size_t i = 0; i < n; i++)
		own[i] = arena_strdup(&f->words, w->visible[i]);
	w->visible = own;
}

/* A line every second (status --every) asks who is paid no more often for
 * it: what was answered within its period is the answer. */
static bool is_early(const struct feed *f, const struct want *w)
{
	return is_paid(f) && f->session->every && f->asked && !f->failures
	       && w->at == TIME_NONE && !w->whole && !w->hurry
	       && clock_mono() - f->asked < f->src.period - 500;
}

static void poll_feed(struct feed *f)
{
	struct want w = { .at = TIME_NONE };
	if (f->session->closing)
		return;
	if (f->polling) {
		f->again = true;
		return;
	}
	uv_timer_stop(&f->timer);
	if (!f->session->hooks.want(&w, f->session->hooks.arg)) {
		schedule(f);
		return;
	}
	if (is_early(f, &w)) {
		schedule(f);
		return;
	}
	f->asked = clock_mono();
	f->polling = true;
	keep_words(f, &w);
	f->failed = f->answered = f->again = false;
	f->src.ops->poll(&f->src, &w);
}

/* By the first objective of its failures. */
static double promised(const struct source_options *o, const char *service)
{
	for (size_t i = 0; i < o->nr_slos; i++) {
		const struct slo_def *d = &o->slo[i];
		if (d->service && d->latency <= 0
		    && strcmp(d->service, service) == 0)
			return d->objective;
	}
	return 0;
}

/* What the dashboard file promises of services stands in the catalog, and so
 * in recordings; a recording brings its own. */
static void set_objectives(const struct feed *f, struct batch *b)
{
	const struct catalog *old = b->catalog;
	if (!old || (!f->session->config && !f->src.opt.nr_slos)
	    || strcmp(f->src.ops->name, "recording") == 0)
		return;
	struct catalog *c = arena_alloc(&b->arena, sizeof(*c));
	struct service_def *def = arena_alloc(&b->arena,
					      (old->nr_services + 1) *
						      sizeof(*def));
	*c = *old;
	for (size_t i = 0; i < old->nr_services; i++) {
		def[i] = old->service[i];
		double v = config_objective(f->session->config, f->place,
					    def[i].name);
		v = v > 0 ? v : promised(&f->src.opt, def[i].name);
		if (v > 0)
			def[i].objective = v;
	}
	c->service = def;
	b->catalog = c;
}

static void on_batch(struct source *src, struct batch *b, void *arg)
{
	struct feed *f = arg;
	if (b->fault == FAULT_NONE)
		f->answered |= b->nr_asked > 0;
	else if (b->fault != FAULT_CANCELLED)
		f->failed = true;
	if (b->tick && strcmp(src->ops->name, "recording") != 0)
		tell_next(f, b);
	set_objectives(f, b);
	if (!f->session->closing)
		f->session->hooks.batch(b, f->session->hooks.arg);
	batch_free(b);
}

static void close_when_idle(struct feed *f);

static void on_ended(struct source *src, void *arg)
{
	struct feed *f = arg;
	f->polling = false;
	f->failures = failures_of(f);
	if (f->session->closing) {
		close_when_idle(f);
		return;
	}
	f->session->hooks.polled(src, f->session->hooks.arg);
	if (f->session->closing || f->polling)
		return;
	if (f->again)
		uv_timer_start(&f->timer, on_timer, 1, 0);
	else
		schedule(f);
}

static void finish(struct session *s)
{
	void (*done)(void *) = s->done;
	void *arg = s->done_arg;
	for (size_t i = 0; i < s->nr; i++) {
		arena_release(&s->feed[i].words);
		free(s->feed[i].src.state);
		free(s->feed[i].src.name);
		free(s->feed[i].src.url);
	}
	free(s->feed);
	arena_release(&s->options);
	free(s);
	if (done)
		done(arg);
}

static void feed_closed(struct feed *f)
{
	struct session *s = f->session;
	if (f->closed_source && f->closed_timer && --s->open == 0)
		finish(s);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct feed *f = h->data;
	f->closed_timer = true;
	feed_closed(f);
}

static void on_look_closed(uv_handle_t *h)
{
	struct session *s = h->data;
	if (--s->open == 0)
		finish(s);
}

static void on_closed(struct source *src, void *arg)
{
	struct feed *f = arg;
	(void)src;
	f->closed_source = true;
	feed_closed(f);
}

static void close_when_idle(struct feed *f)
{
	f->src.ops->close(&f->src);
}

void session_close(struct session *s, void (*done)(void *arg), void *arg)
{
	s->closing = true;
	s->done = done;
	s->done_arg = arg;
	if (s->nr == 0 && !s->running) {
		finish(s);
		return;
	}
	s->open = s->nr + s->running;
	if (s->running)
		uv_close((uv_handle_t *)&s->look, on_look_closed);
	for (size_t i = 0, n = s->nr; i < n; i++) {
		struct feed *f = &s->feed[i];
		uv_close((uv_handle_t *)&f->timer, on_timer_closed);
		if (f->polling)
			f->src.ops->cancel(&f->src);
		else
			close_when_idle(f);
	}
}

static const char *base_name(const struct source_ops *ops)
{
	return ops->name && strcmp(ops->name, "prometheus") == 0 ? "prom"
								 : ops->name;
}

static char *name_of(const struct session *s, const struct source_ops *ops)
{
	char name[64];
	size_t same = 1;
	for (size_t i = 0; i < s->nr; i++)
		same += strcmp(s->feed[i].src.ops->name, ops->name) == 0;
	if (same == 1)
		snprintf(name, sizeof(name), "%s", base_name(ops));
	else
		snprintf(name, sizeof(name), "%s-%zu", base_name(ops), same);
	return mem_strdup(name);
}

/* A source of the file has its name, unless another is called so. */
static char *named(const struct session *s, const struct file_source *like,
		   const struct source_ops *ops)
{
	if (!like || !like->name)
		return name_of(s, ops);
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->feed[i].src.name, like->name) == 0)
			return name_of(s, ops);
	return mem_strdup(like->name);
}

static void from_file(struct session *s, struct source_options *opt,
		      const struct file_source *like)
{
	config_source_options(s->config, s->nr, opt, &s->options);
	if (!like)
		return;
	opt->max_usd = like->max_usd;
	opt->region = opt->region ? opt->region : like->region;
	opt->profile = opt->profile ? opt->profile : like->profile;
	opt->policy = like->policy;
	opt->urls = like->urls ? like->urls + 1 : NULL;
	if (like->http)
		opt->http = like->http;
}

static void from_rules(struct source_options *opt, const struct rules *r)
{
	if (!r)
		return;
	opt->slo = r->slo;
	opt->nr_slos = r->nr_slos;
	opt->threshold = r->threshold;
	opt->nr_thresholds = r->nr_thresholds;
	opt->pack = r->pack;
}

/* Which kind, and what its open() wants. */
static const struct source_ops *kind_at(const struct file_source *like,
					const char *text, const char **where,
					struct err *e)
{
	const struct source_ops *ops;
	*where = text;
	if (like && like->kind == FILE_RECORDING)
		return source_kind("recording");
	ops = kind_of(text, where, e);
	if (ops && like && like->kind == FILE_CLOUDWATCH)
		*where = like->url ? like->url : "";
	return ops;
}

/* Nobody gave it credentials that hold: it says so beside the others. */
static void refuse(struct feed *f, const struct source_ops *ops,
		   const struct err *e)
{
	f->refused = refused_ops(ops);
	f->src.ops = &f->refused;
	free(f->src.state);
	f->src.state = mem_alloc(sizeof(*e));
	*(struct err *)f->src.state = *e;
	if (!f->src.url)
		f->src.url = mem_strdup("");
}

static int open_feed(struct session *s, const struct options *o,
		     const char *text, struct err *e)
{
	const char *where;
	const struct file_source *like =
		o->from_file ? config_source(o->config, s->nr) : NULL;
	const struct source_ops *ops = kind_at(like, text, &where, e);
	if (!ops)
		return -1;
	struct feed *f = &s->feed[s->nr];
	f->session = s;
	f->src = (struct source){
		.ops = ops,
		.state = mem_zero(1, ops->state_size),
		.loop = s->loop,
		.name = named(s, like, ops),
		.newest = TIME_NONE, .oldest = TIME_NONE,
		.sink = on_batch, .ended = on_ended, .closed = on_closed,
		.arg = f,
		.opt = { .match = o->match, .timeout = o->timeout,
			 .period = o->period, .objective = o->objective,
			 .http = o->http, .region = o->region,
			 .profile = o->profile },
	};
	f->place = s->nr;
	from_file(s, &f->src.opt, like);
	from_rules(&f->src.opt, o->rules);
	bool bad = ops->open(&f->src, where, e) < 0;
	if (bad && e->code == EXIT_REFUSED
	    && strcmp(ops->name, "cloudwatch") == 0) {
		refuse(f, ops, e);
		bad = false;
	}
	if (bad) {
		free(f->src.state);
		free(f->src.name);
		free(f->src.url);
		return -1;
	}
	uv_timer_init(s->loop, &f->timer);
	f->timer.data = f;
	s->nr++;
	return 0;
}

struct session *session_new(uv_loop_t *loop, const struct options *o,
			    const struct session_hooks *h, struct err *e)
{
	struct session *s = mem_zero(1, sizeof(*s));
	s->loop = loop;
	s->hooks = *h;
	s->config = o->config;
	arena_init(&s->options, 0);
	s->seed = (unsigned)clock_wall();
	s->every = o->every;
	s->feed = mem_zero(o->nr_sources, sizeof(*s->feed));
	for (size_t i = 0; i < o->nr_sources; i++)
		if (open_feed(s, o, o->source[i], e) < 0) {
			session_close(s, NULL, NULL);
			return NULL;
		}
	return s;
}

void session_poll(struct session *s, bool restart)
{
	for (size_t i = 0; i < s->nr; i++) {
		struct feed *f = &s->feed[i];
		if (f->polling && restart) {
			f->again = true;
			f->src.ops->cancel(&f->src);
		} else {
			poll_feed(f);
		}
	}
}

/* Timers do not run while the machine is suspended: what they had left then
 * would be waited for with the data of before. */

static time_ms asleep(void)
{
#ifdef CLOCK_BOOTTIME
	struct timespec ts;
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - clock_mono();
#else
	return 0;
#endif
}

void session_slept(struct session *s)
{
	if (s->running && !s->closing)
		session_poll(s, true);
}

static void on_look(uv_timer_t *t)
{
	struct session *s = t->data;
	time_ms before = s->asleep;
	s->asleep = asleep();
	if (s->asleep - before > SLEEP_LEAST)
		session_slept(s);
}

void session_start(struct session *s)
{
	if (s->running)
		return;
	s->running = true;
	s->asleep = asleep();
	uv_timer_init(s->loop, &s->look);
	s->look.data = s;
	uv_timer_start(&s->look, on_look, SLEEP_LOOK, SLEEP_LOOK);
	uv_unref((uv_handle_t *)&s->look);
	session_poll(s, false);
}

void session_cancel(struct session *s)
{
	for (size_t i = 0; i < s->nr; i++) {
		s->feed[i].again = false;
		if (s->feed[i].polling)
			s->feed[i].src.ops->cancel(&s->feed[i].src);
	}
}

size_t session_busy(const struct session *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->nr; i++)
		n += s->feed[i].polling;
	return n;
}

size_t session_sources(const struct session *s)
{
	return s->nr;
}

struct source *session_source(struct session *s, size_t i)
{
	return &s->feed[i].src;
}

struct source *session_replay(struct session *s)
{
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->feed[i].src.ops->name, "recording") == 0)
			return &s->feed[i].src;
	return NULL;
}
