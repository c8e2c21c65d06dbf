/* A poll is a queue of tasks, at most two on their way: discovery when it is
 * due, then the instants for the rows, then the ranges for the charts. Every
 * answer becomes a batch at once; a last, empty batch ends the poll. */
#include "sources/prometheus.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/discover.h"
#include "sources/endpoints.h"
#include "sources/interval.h"
#include "sources/prom_change.h"
#include "sources/prom_fetch.h"
#include "sources/prom_manual.h"
#include "sources/prom_own.h"
#include "sources/prom_plan.h"
#include "sources/prom_recorded.h"
#include "sources/prom_resources.h"
#include "sources/prom_routes.h"
#include "sources/promql.h"
#include "sources/workers.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <uv.h>

#define IN_FLIGHT 2
#define TIMEOUT_DEFAULT ((time_ms)10000)
#define PERIOD_MIN ((time_ms)5000)
#define REDISCOVER ((time_ms)300000)
#define REDISCOVER_SOON ((time_ms)60000)
/* While scrape intervals are guessed: how often it is asked at most, and for
 * how long after the start it is looked again whether they are known. */
#define PERIOD_GUESSED ((time_ms)15000)
#define YOUNG ((time_ms)180000)
#define HEARD ((time_ms)50) /* a request ends so long before its poll */
#define BUILD_TIMEOUT ((time_ms)3000)
#define JUMP ((time_ms)1000)
#define STRANGE_CLOCK ((time_ms)30000)
#define RETRY_PAUSE ((time_ms)200)
#define SLOWEST 16.0
#define MATCH_MAX (LIMIT_QUERY / 8) /* it stands in a query several times */
#define NAMES_BACK ((time_ms)300000)
#define ANSWER_PART (24.0 * (1 << 20)) /* bytes of one answer, expected */
#define BACK_DEFAULT ((time_ms)3600000)

enum server {
	SERVER_UNKNOWN, SERVER_PROMETHEUS, SERVER_VICTORIA, SERVER_OTHER
};
/* A sample bears the time at which its scrape began and is there once that
 * has ended, in VictoriaMetrics once its buffers are flushed (every second:
 * measured): what is asked this much later gets the same answer for ever. */
static const time_ms settles[] = {
	[SERVER_UNKNOWN] = 250, [SERVER_PROMETHEUS] = 250,
	[SERVER_VICTORIA] = 2000, [SERVER_OTHER] = 250,
};
/* How far back the answers of ranges may still change. */
static const time_ms tails[] = {
	[SERVER_UNKNOWN] = 120000, [SERVER_PROMETHEUS] = 60000,
	[SERVER_VICTORIA] = 35000, [SERVER_OTHER] = 120000,
};

enum task_kind {
	TASK_BUILD, TASK_NAMES, TASK_FIND, TASK_INSTANT, TASK_RANGE,
	/* of what changed: */
	TASK_CHANGE_DOCUMENT, TASK_CHANGE_INSTANT, TASK_CHANGE_RANGE
};

/* Whose question a TASK_FIND is. */
enum finder { FIND_SERVICES, FIND_RULES, FIND_RESOURCES };

struct task {
	struct prom *p;
	struct task *next;
	enum task_kind kind;
	bool needed;             /* its failure is discovery's */
	enum finder finder;
	char *query;             /* TASK_FIND, TASK_NAMES as a query, of what
				    changed (or its document); or NULL */
	unsigned change;         /* of what changed: its id */
	time_ms at;              /* TASK_CHANGE_INSTANT */
	struct prom_pack pack;   /* TASK_INSTANT, TASK_RANGE */
	struct range_plan range;
	bool get, bare;          /* second try: as GET; without VM's words */
	bool live;               /* VM's words were sent */
	bool retried, half;      /* half: of a query that was refused */
	uint64_t not_before;     /* uv_now() */
	uint64_t until;          /* likewise, of all its attempts; 0: not set */
	struct endpoint *end;    /* who is asked */
	uint64_t tried, cut;     /* endpoints that failed; by being too slow */
	bool last_round;         /* those are asked again, with more time */
	time_ms retry_after;     /* the soonest of those that failed, or -1 */
	struct prom_fetch *fetch;
};

/* The catalog that holds, with its memory. */
struct kept {
	struct arena arena;
	const struct catalog *catalog;
};

/* One that a worker makes: to keep, and to tell if it says anything new. */
struct made {
	struct kept kept;
	struct batch *batch;
};

/* One poll; forgotten with the next. */
struct poll {
	struct want want;
	time_ms at;
	uint64_t began;          /* uv_now() */
	uint64_t planned;        /* uv_now() when discovery was over */
	struct task *queue, *flying;
	unsigned in_flight, answered, timeouts;
	unsigned finding;        /* discovery tasks that are not done */
	bool active, found, whole_failed, cancelled, late, stopped;
	bool partial;
	bool strained;           /* 429, 503 */
	enum fault fault;        /* the first */
	char error[LIMIT_SENTENCE + 1];
	time_ms retry_after;     /* -1: not said */
	unsigned failed;
	char *warning[LIMIT_WARNINGS];
	size_t warnings;
	struct range_plan range;
	bool ranges;             /* one was planned */
	char *event;             /* the server changed */
	char *moved;             /* another endpoint answers */
	struct endpoint *newest; /* the one that answered last, or NULL */
};

/* The poll before, if nothing of it was missing. */
struct whole {
	bool is;
	uint64_t ended;          /* uv_now() */
	time_ms at, wanted, step, back;
	const struct catalog *catalog;
};

/* Something small to an endpoint that failed, beside the polls: no question
 * waits for it. */
struct probe {
	struct prom *p;
	struct endpoint *end;
};

struct prom {
	struct source *src;
	struct http *http;
	uv_timer_t deadline, wake;
	unsigned handles;
	struct endpoints ends;
	struct probe probe[LIMIT_ENDPOINTS];
	char *known[LIMIT_ENDPOINTS]; /* what each says it is, or NULL */
	struct source_attempt attempt[LIMIT_ATTEMPTS]; /* url: an endpoint's */
	size_t attempts;         /* of these */
	struct endpoint *who;    /* answers, or is expected to */
	bool who_answered;
	time_ms wall, boot;      /* at the poll before; 0: none */
	enum server server;
	char *identity, *version;
	bool get_only, no_live;
	struct kept kept;
	struct made made;
	uv_work_t work;
	struct discover *discover;
	struct prom_recorded *recorded; /* or NULL: there are no such rules */
	bool has_rules;          /* by the names */
	struct prom_resources *resources; /* likewise; or NULL */
	int stage;               /* of discovery: 1 names, 2 counts, 3 made; 4:
				    there is none, what it is alone */
	bool bare;               /* nothing was looked for, nor is it */
	int requests;            /* of discovery */
	bool found;              /* once; then found_at holds */
	bool missing;            /* services vanished */
	bool was_away;           /* it may come back as another one */
	uint64_t found_at;       /* uv_now() */
	size_t *rows;            /* frames of each shape's RED_RATE last time */
	struct clock_offset offset;
	struct range_held held;
	struct prom_due due;     /* questions of objectives, thresholds */
	struct prom_change *change; /* the comparison of this poll, or NULL */
	uint64_t visible;        /* hash of the rows whose ranges are held */
	uint64_t born;           /* when it was opened */
	double slow;             /* what the period is stretched by */
	time_ms own_period;
	struct source_status count; /* since the last batch with a status */
	struct whole whole;
	struct poll poll;
};

/* ---- clocks ------------------------------------------------------------ */

static time_ms wall(const struct prom *p)
{
	struct timeval tv;
	if (p->src->wall)
		return p->src->wall();
	gettimeofday(&tv, NULL);
	return (time_ms)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

static time_ms server_now(const struct prom *p)
{
	bool known;
	return wall(p) + clock_offset_value(&p->offset, &known);
}

/* Where a suspended machine's time goes on. */
static time_ms boot(void)
{
	struct timespec ts;
#ifdef CLOCK_BOOTTIME
	clock_gettime(CLOCK_BOOTTIME, &ts);
#else
	clock_gettime(CLOCK_MONOTONIC, &ts);
#endif
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Our clock was set: the server's was not, and what is asked is about the
 * server's time. */
static void watch_clock(struct prom *p)
{
	time_ms w = wall(p), b = boot();
	time_ms by = (w - p->wall) - (b - p->boot);
	if (p->boot && (by > JUMP || by < -JUMP))
		clock_offset_jumped(&p->offset, by);
	p->wall = w;
	p->boot = b;
}

/* The moment a poll is about; again once the server's clock is known. */
static void set_moment(struct prom *p)
{
	struct poll *o = &p->poll;
	o->at = o->want.at != TIME_NONE ? o->want.at
					  : server_now(p) - settles[p->server];
}

static void learn_clock(struct prom *p, const struct http_result *h)
{
	if (h->date == TIME_NONE || h->fault != FAULT_NONE)
		return;
	int64_t age_us = (int64_t)(uv_hrtime() / 1000) - h->sent_us;
	time_ms sent = wall(p) - age_us / 1000;
	clock_offset_learn(&p->offset, h->date, sent - 1,
			   sent + h->took_us / 1000 + 1);
}

/* ---- batches ------------------------------------------------------------ */

static char *copy(struct batch *b, const char *s)
{
	return s ? arena_strdup(&b->arena, s) : NULL;
}

/* Of the one that answers, where it said so itself. */
static const char *identity_of(const struct prom *p)
{
	const char *known = p->known[p->who - p->ends.at];
	return known ? known : p->identity;
}

/* Where there are several: who answers, how they do, what was tried. */
static void add_endpoints(struct prom *p, struct batch *b,
			  struct source_status *s)
{
	size_t nr = p->ends.nr;
	struct source_endpoint *e = arena_alloc(&b->arena, nr * sizeof(*e));
	struct source_attempt *t = arena_alloc(&b->arena,
			(p->attempts + 1) * sizeof(*t));
	for (size_t i = 0; i < nr; i++) {
		struct endpoint *x = &p->ends.at[i];
		e[i] = (struct source_endpoint){
			.url = copy(b, x->shown), .circuit = x->circuit,
			.latency_us = isnan(x->latency_us)
				      ? -1 : (int64_t)x->latency_us,
			.in_flight = x->peak,
		};
		x->peak = x->in_flight;
	}
	for (size_t i = 0; i < p->attempts; i++) {
		t[i] = p->attempt[i];
		t[i].url = copy(b, t[i].url);
	}
	s->nr_attempts = p->attempts;
	p->attempts = 0;
	s->endpoint = p->who_answered ? copy(b, p->who->shown) : NULL;
	s->endpoints = e;
	s->nr_endpoints = nr;
	s->attempt = t;
}

static void add_status(struct prom *p, struct batch *b, time_ms next)
{
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	bool known;
	time_ms offset = clock_offset_value(&p->offset, &known);
	if (!s)
		return;
	*s = p->count;
	s->kind = "prometheus";
	s->url = copy(b, p->src->url);
	s->identity = copy(b, identity_of(p));
	s->skew_s = known ? (double)offset / 1000 : NAN;
	s->next = next;
	s->period = p->src->period;
	if (p->ends.nr > 1)
		add_endpoints(p, b, s);
	b->status = s;
	int64_t took = p->count.took_us;
	p->count = (struct source_status){ .took_us = took };
}

static void clean(struct buf *out, const char *s)
{
	text_clean(out, s, strlen(s));
}

static void warn(struct prom *p, const char *fmt, const char *what,
		 const char *why)
{
	struct poll *o = &p->poll;
	struct buf b;
	o->partial = true;
	if (o->warnings == LIMIT_WARNINGS)
		return;
	buf_init(&b, LIMIT_SENTENCE);
	buf_printf(&b, fmt, what, why);
	for (size_t i = 0; i < o->warnings; i++)
		if (strcmp(o->warning[i], buf_text(&b)) == 0) {
			buf_release(&b);
			return;
		}
	o->warning[o->warnings++] = mem_strdup(buf_text(&b));
	buf_release(&b);
}

static void set_fault(struct prom *p, enum fault fault, const char *text)
{
	struct buf b;
	if (p->poll.fault != FAULT_NONE)
		return;
	buf_init(&b, LIMIT_SENTENCE);
	clean(&b, text);
	p->poll.fault = fault;
	memcpy(p->poll.error, buf_text(&b), b.len + 1);
	buf_release(&b);
}

/* One sentence that names them all, for there is no one to blame. */
static void say_all(struct prom *p, enum fault fault)
{
	static const char now[] = "; check them and the network";
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	buf_str(&b, "no endpoint answers: ");
	for (size_t i = 0; i < p->ends.nr; i++) {
		const struct endpoint *e = &p->ends.at[i];
		size_t more = strlen(e->shown) + strlen(e->reason) + 5;
		if (b.len + more + sizeof(now) + 12 > LIMIT_SENTENCE) {
			buf_printf(&b, ", %zu more", p->ends.nr - i);
			break;
		}
		buf_printf(&b, "%s%s (%s)", i ? ", " : "", e->shown,
			   *e->reason ? e->reason : fault_name(e->fault));
	}
	buf_str(&b, now);
	set_fault(p, fault, buf_text(&b));
	buf_release(&b);
}

/* Every endpoint had its try. */
static bool is_spent(const struct task *t)
{
	return t->p->ends.nr > 1
	       && (t->last_round || endpoints_all(&t->p->ends, t->tried));
}

/* "what, which server, what now" from the part that says what. */
static void say_fault(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	struct buf b;
	if (is_spent(t) && endpoint_failed(a->fault, a->http->status)) {
		say_all(p, a->fault);
		return;
	}
	if (a->transport) {
		set_fault(p, a->fault, a->why.text);
		return;
	}
	buf_init(&b, 0);
	buf_printf(&b, "%.120s: %s", t->end->shown, a->why.text);
	if (a->fault == FAULT_BAD_ANSWER && !strchr(a->why.text, ';'))
		buf_str(&b, "; check server and proxies");
	set_fault(p, a->fault, buf_text(&b));
	buf_release(&b);
}

/* ---- tasks -------------------------------------------------------------- */

static bool asks_query(const struct task *t)
{
	return t->kind != TASK_CHANGE_DOCUMENT
	       && (t->query || t->kind >= TASK_FIND);
}

static bool asks_range(const struct task *t)
{
	return t->kind == TASK_RANGE || t->kind == TASK_CHANGE_RANGE;
}

static bool is_change(const struct task *t)
{
	return t->kind >= TASK_CHANGE_DOCUMENT;
}

static void task_free(struct task *t)
{
	prom_pack_release(&t->pack);
	free(t->query);
	free(t);
}

static void queue_clear(struct prom *p)
{
	while (p->poll.queue) {
		struct task *t = p->poll.queue;
		p->poll.queue = t->next;
		if (t->kind <= TASK_FIND)
			p->poll.finding--;
		task_free(t);
	}
}

static struct task *task_new(struct prom *p, enum task_kind kind)
{
	struct task *t = mem_zero(1, sizeof(*t));
	t->p = p;
	t->kind = kind;
	t->retry_after = -1;
	if (kind <= TASK_FIND)
		p->poll.finding++;
	return t;
}

static void push_back(struct prom *p, struct task *t)
{
	struct task **at = &p->poll.queue;
	while (*at)
		at = &(*at)->next;
	*at = t;
	t->next = NULL;
}

static void push_front(struct prom *p, struct task *t)
{
	t->next = p->poll.queue;
	p->poll.queue = t;
}

static void unfly(struct prom *p, struct task *t)
{
	struct task **at = &p->poll.flying;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->next = NULL;
	t->fetch = NULL;
	p->poll.in_flight--;
}

/* Nothing more is asked in this poll. */
static void stop(struct prom *p)
{
	p->poll.stopped = true;
	queue_clear(p);
	for (struct task *t = p->poll.flying; t; t = t->next)
		prom_fetch_cancel(t->fetch);
}

/* ---- asking ------------------------------------------------------------- */

static void field(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s%s=", out->len ? "&" : "", name);
	http_encode(out, value);
}

static void time_field(struct buf *out, const char *name, time_ms t)
{
	struct buf b;
	buf_init(&b, 0);
	prom_seconds(t, &b);
	field(out, name, buf_text(&b));
	buf_release(&b);
}

static time_ms request_timeout(const struct task *task)
{
	const struct prom *p = task->p;
	const struct poll *o = &p->poll;
	uint64_t now = uv_now(p->src->loop);
	time_ms t = p->src->opt.timeout ? p->src->opt.timeout : TIMEOUT_DEFAULT;
	if (o->want.deadline > 0) {
		time_ms left = o->want.deadline - (time_ms)(now - o->began);
		/* It says more than "late": which step it hung in. */
		left -= HEARD < left / 4 ? HEARD : left / 4;
		t = left < t ? left : t;
	}
	if (task->kind == TASK_BUILD && t > BUILD_TIMEOUT)
		t = BUILD_TIMEOUT; /* nothing depends on it */
	if (task->until && (time_ms)(task->until - now) < t)
		t = (time_ms)(task->until - now);
	return t > 1 ? t : 1;
}

/* The live words of VictoriaMetrics, which else answers 30 s late. */
static bool wants_live(const struct task *t)
{
	return t->p->server == SERVER_VICTORIA && !t->p->no_live && !t->bare &&
	       t->p->poll.want.at == TIME_NONE;
}

static void write_form(struct task *t, struct buf *out)
{
	struct prom *p = t->p;
	struct buf query;
	time_ms limit = request_timeout(t);
	buf_init(&query, 0);
	if (t->query)
		buf_str(&query, t->query);
	else
		prom_pack_query(&t->pack, &query);
	field(out, "query", buf_text(&query));
	buf_release(&query);
	if (asks_range(t)) {
		time_field(out, "start", t->range.from);
		time_field(out, "end", t->range.to);
		time_field(out, "step", t->range.step);
	} else {
		time_field(out, "time", is_change(t) ? t->at : p->poll.at);
	}
	time_field(out, "timeout", limit < p->src->period ? limit
							  : p->src->period);
	t->live = wants_live(t);
	if (t->live)
		buf_str(out, "&nocache=1&latency_offset=1ms");
}

static void write_names_form(const struct prom *p, struct buf *out)
{
	time_field(out, "start", p->poll.at - NAMES_BACK);
	time_field(out, "end", p->poll.at + settles[p->server]);
	if (p->src->opt.match) {
		struct buf m;
		buf_init(&m, 0);
		buf_char(&m, '{');
		promql_inner(&m, p->src->opt.match);
		buf_char(&m, '}');
		field(out, "match[]", buf_text(&m));
		buf_release(&m);
	}
}

static struct prom_ask ask_of(const struct task *t)
{
	const struct poll *o = &t->p->poll;
	time_ms at = is_change(t) ? t->at : o->at;
	struct prom_ask a = { .instant = !asks_range(t), .at = at };
	if (asks_range(t)) {
		a.from = t->range.from;
		a.to = t->range.to;
		a.step = t->range.step;
	} else {
		a.from = a.to = at;
	}
	a.tagged = t->kind == TASK_FIND || is_change(t) || t->pack.nr > 1;
	if (t->pack.nr == 1)
		a.question = t->pack.item[0].id;
	return a;
}

static void on_answer(struct prom_answer *a, void *arg);

/* Who is asked, and for how long: an endpoint that keeps us waiting costs no
 * more than it must while others are left. */
static void choose(struct task *t, struct http_ask *h)
{
	struct prom *p = t->p;
	h->timeout = request_timeout(t);
	if (!t->until)
		t->until = uv_now(p->src->loop) + (uint64_t)h->timeout;
	int i = endpoints_pick(&p->ends, t->tried);
	if (i < 0)
		i = endpoints_pick(&p->ends, 0);
	struct endpoint *e = t->end = &p->ends.at[i];
	endpoint_begin(e);
	h->connect_timeout = endpoints_connect_timeout(&p->ends, e, t->tried);
	h->answer_timeout = endpoints_answer_timeout(&p->ends, e, t->tried);
	if (t->last_round && h->answer_timeout)
		h->answer_timeout = h->timeout / 2 + 1;
}

static void start(struct prom *p, struct task *t)
{
	static const char *const paths[] = {
		[TASK_BUILD] = "api/v1/status/buildinfo",
		[TASK_NAMES] = "api/v1/label/__name__/values",
		[TASK_FIND] = "api/v1/query", [TASK_INSTANT] = "api/v1/query",
		[TASK_RANGE] = "api/v1/query_range",
		[TASK_CHANGE_INSTANT] = "api/v1/query",
		[TASK_CHANGE_RANGE] = "api/v1/query_range",
	};
	bool query = asks_query(t);
	bool get = !query || t->get || p->get_only;
	const char *path = t->kind == TASK_NAMES && query ? "api/v1/query"
			   : t->kind == TASK_CHANGE_DOCUMENT ? t->query
							     : paths[t->kind];
	struct buf url, form;
	buf_init(&url, 0);
	buf_init(&form, 0);
	struct http_ask h = { 0 };
	choose(t, &h);
	http_url_join(t->end->url, path, &url);
	if (query)
		write_form(t, &form);
	else if (t->kind == TASK_NAMES)
		write_names_form(p, &form);
	if (get && form.len)
		buf_printf(&url, "?%s", form.s);
	struct prom_ask ask = ask_of(t);
	h.url = url.s;
	h.body = get ? NULL : buf_text(&form);
	t->next = p->poll.flying;
	p->poll.flying = t;
	p->poll.in_flight++;
	p->count.requests++;
	p->requests += t->kind <= TASK_FIND;
	t->fetch = prom_fetch_start(p->http, p->src->loop, &h,
				    query ? &ask : NULL, on_answer, t);
	buf_release(&url);
	buf_release(&form);
}

/* ---- discovery ----------------------------------------------------------- */

static void push_find(struct prom *p, const char *query, bool needed)
{
	struct task *t = task_new(p, TASK_FIND);
	t->query = mem_strdup(query);
	t->needed = needed;
	push_back(p, t);
}

/* Services are there without. */
static void push_more(struct prom *p, enum finder finder, const char *query)
{
	struct task *t = task_new(p, TASK_FIND);
	t->query = mem_strdup(query);
	t->finder = finder;
	push_back(p, t);
}

static void push_names(struct prom *p)
{
	struct task *names = task_new(p, TASK_NAMES);
	names->needed = true;
	push_back(p, names);
}

static void discovery_begin(struct prom *p)
{
	discover_free(p->discover);
	p->discover = discover_new(p->src->opt.match);
	prom_recorded_free(p->recorded);
	p->recorded = NULL;
	p->has_rules = false;
	prom_resources_free(p->resources);
	p->resources = prom_resources_new(p->src->opt.match);
	p->stage = 1;
	p->requests = 0;
	push_back(p, task_new(p, TASK_BUILD));
	push_names(p);
}

/* The names were asked for by our clock. If the server's turns out to be far
 * off, they are asked for once more. */
static bool discovery_again(struct prom *p)
{
	time_ms before = p->poll.at;
	set_moment(p);
	if (p->poll.at - before < STRANGE_CLOCK + (time_ms)
	    (uv_now(p->src->loop) - p->poll.began) &&
	    before - p->poll.at < STRANGE_CLOCK)
		return false;
	push_names(p);
	return true;
}

static void discovery_counts(struct prom *p)
{
	struct buf q;
	buf_init(&q, 0);
	p->stage = 2;
	discover_names_end(p->discover);
	discover_victoria(p->discover, p->server == SERVER_VICTORIA);
	for (size_t i = 0; discover_ask_counts(p->discover, i, &q); i++)
		push_find(p, q.s, true);
	if (p->poll.finding > 0) {
		discover_ask_intervals(p->discover, &q);
		push_find(p, q.s, false);
	}
	for (size_t i = 0; discover_ask_activity(p->discover, i, &q); i++)
		push_find(p, q.s, false);
	if (p->has_rules) {
		p->recorded = prom_recorded_new();
		prom_recorded_ask(p->src->opt.match, &q);
		push_more(p, FIND_RULES, q.s);
	}
	for (size_t i = 0; prom_resources_ask(p->resources, i, &q); i++)
		push_more(p, FIND_RESOURCES, q.s);
	buf_release(&q);
}

static bool is_guessed(const struct catalog *c)
{
	for (size_t i = 0; c && i < c->nr_shapes; i++)
		if (c->shape[i].interval_guessed)
			return true;
	return false;
}

/* The period that suits the scrapes, stretched while the server is slow. */
static void set_period(struct prom *p)
{
	const struct catalog *c = p->kept.catalog;
	time_ms finest = 0;
	for (size_t i = 0; c && i < c->nr_shapes; i++)
		if (finest == 0 || c->shape[i].interval < finest)
			finest = c->shape[i].interval;
	if (finest > PERIOD_GUESSED && is_guessed(c))
		finest = PERIOD_GUESSED;
	p->own_period = finest > PERIOD_MIN ? finest : PERIOD_MIN;
	if (p->src->opt.period > p->own_period)
		p->own_period = p->src->opt.period;
	p->src->period = (time_ms)((double)p->own_period * p->slow);
	if (finest)
		p->src->interval = finest > 1000 ? finest : 1000;
}

/* Scrape intervals were guessed from the few samples that there are. */
static bool is_young(const struct catalog *c)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].interval_guessed &&
		    c->shape[i].interval != INTERVAL_DEFAULT)
			return true;
	return false;
}

static void discovery_end(struct prom *p)
{
	discover_free(p->discover);
	p->discover = NULL;
	p->stage = 0;
}

/* What was found and what the dashboard file adds to it. */
static const struct catalog *make_catalog(struct prom *p, struct arena *a)
{
	bool rules = p->server == SERVER_PROMETHEUS;
	struct catalog room;
	if (!p->discover) {
		const char *version = rules ? p->version : NULL;
		room = (struct catalog){
			.version = version ? arena_strdup(a, version) : NULL };
		return prom_manual(&room, &p->src->opt, NULL, a);
	}
	const struct source_options *o = &p->src->opt;
	const struct catalog *found = discover_finish(
		p->discover, p->requests, rules ? p->version : NULL,
		prom_manual_without(p->kept.catalog, &room), a);
	found = prom_resources_add(p->resources, found, p->kept.catalog,
				   o->nr_manual + o->nr_charts, a);
	return prom_manual(found, o, p->recorded, a);
}

static void make(struct prom *p)
{
	struct made *m = &p->made;
	m->kept.catalog = make_catalog(p, &m->kept.arena);
	if (catalog_equal(p->kept.catalog, m->kept.catalog))
		return;
	/* A batch owns what it says, so the catalog is made twice. */
	m->batch = batch_new(0);
	m->batch->catalog = make_catalog(p, &m->batch->arena);
}

/* On a worker: thousands of jobs take their time. */
static void on_make(uv_work_t *work)
{
	make(work->data);
}

static void adopt(struct prom *p)
{
	struct made *m = &p->made;
	p->found = !p->bare;
	p->found_at = uv_now(p->src->loop);
	p->missing = is_young(m->kept.catalog);
	p->was_away = false;
	if (!m->batch)
		return;
	arena_release(&p->kept.arena);
	p->kept = m->kept;
	arena_init(&m->kept.arena, 0);
	free(p->rows);
	p->rows = mem_zero(p->kept.catalog->nr_shapes, sizeof(*p->rows));
	p->held = (struct range_held){ .from = 0 };
	prom_due_clear(&p->due);
	set_period(p);
	m->batch->at = p->poll.at;
	m->batch->instant = true;
	add_status(p, m->batch, TIME_NONE);
	source_emit(p->src, m->batch);
	m->batch = NULL;
}

static void pump(struct prom *p);

static void on_made(uv_work_t *work, int status)
{
	struct prom *p = work->data;
	(void)status;
	p->poll.in_flight--;
	p->poll.finding--;
	if (!p->poll.stopped) {
		adopt(p);
		discovery_end(p);
	}
	arena_release(&p->made.kept.arena);
	batch_free(p->made.batch);
	p->made.batch = NULL;
	pump(p);
}

/* Objectives and thresholds alone: nothing is looked for. */
static void make_bare(struct prom *p)
{
	p->stage = 0;
	p->bare = true;
	arena_init(&p->made.kept.arena, 0);
	make(p);
	adopt(p);
	arena_release(&p->made.kept.arena);
}

static void discovery_make(struct prom *p)
{
	p->stage = 3;
	p->poll.in_flight++;
	p->poll.finding++;
	p->work.data = p;
	arena_init(&p->made.kept.arena, 0);
	uv_queue_work(p->src->loop, &p->work, on_make, on_made);
}

/* What is known stays; it is tried again in a minute. */
static void discovery_failed(struct prom *p)
{
	discovery_end(p);
	if (p->kept.catalog)
		p->found_at = uv_now(p->src->loop) - REDISCOVER +
			      REDISCOVER_SOON;
}

/* "2.42.0" of a Prometheus; the others tell themselves by what they leave out
 * or add. */
static void take_build(struct prom *p, const struct endpoint *from,
		       const cJSON *tree)
{
	char **known = &p->known[from - p->ends.at];
	const cJSON *d = cJSON_GetObjectItemCaseSensitive(tree, "data");
	const char *version = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(d, "version"));
	const char *app = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(d, "application"));
	bool go = cJSON_GetObjectItemCaseSensitive(d, "goVersion") != NULL;
	const char *name = app ? app : !go ? "VictoriaMetrics" :
		version && strncmp(version, "0.", 2) == 0 ? "Thanos" :
		"Prometheus";
	struct buf b;
	if (!cJSON_IsObject(d))
		return;
	buf_init(&b, 80);
	clean(&b, name);
	if (version && *version && go) {
		buf_char(&b, ' ');
		clean(&b, version);
	}
	p->server = !go && !app ? SERVER_VICTORIA :
		    strcmp(name, "Prometheus") == 0 ? SERVER_PROMETHEUS :
		    SERVER_OTHER;
	free(p->version);
	p->version = NULL;
	if (version) {
		struct buf v;
		buf_init(&v, 40);
		clean(&v, version);
		p->version = mem_strdup(buf_text(&v));
		buf_release(&v);
	}
	if (*known && strcmp(*known, buf_text(&b)) != 0) {
		struct buf e;
		buf_init(&e, LIMIT_SENTENCE);
		buf_printf(&e, "%s: %s → %s", p->src->name, *known,
			   buf_text(&b));
		free(p->poll.event);
		p->poll.event = mem_strdup(buf_text(&e));
		buf_release(&e);
	}
	free(p->identity);
	free(*known);
	p->identity = mem_strdup(buf_text(&b));
	*known = mem_strdup(buf_text(&b));
	buf_release(&b);
}

static void take_name(struct prom *p, const char *name)
{
	discover_name(p->discover, name);
	prom_resources_name(p->resources, name);
	p->has_rules |= strcmp(name, PROM_RECORDED_NAME) == 0;
}

static void take_names(struct prom *p, const cJSON *tree)
{
	const cJSON *name;
	cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(tree, "data"))
		if (cJSON_IsString(name) && text_is_clean(name->valuestring))
			take_name(p, name->valuestring);
}

static void take_frames(struct prom *p, const struct batch *b, bool names)
{
	for (size_t i = 0; i < b->nr; i++) {
		const char *name = labels_get(&b->frame[i].labels, "__name__");
		if (!names)
			discover_take(p->discover, &b->frame[i]);
		else if (name)
			take_name(p, name);
	}
}

static void take_rules(struct prom *p, const struct batch *b)
{
	for (size_t i = 0; p->recorded && i < b->nr; i++)
		prom_recorded_take(p->recorded, &b->frame[i]);
}

static void take_resources(struct prom *p, const struct batch *b)
{
	for (size_t i = 0; i < b->nr; i++)
		prom_resources_take(p->resources, &b->frame[i]);
}

static void found_something(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	if (t->kind == TASK_BUILD)
		take_build(p, t->end, a->tree);
	else if (!p->discover)
		return;
	else if (a->tree)
		take_names(p, a->tree);
	else if (t->finder == FIND_RULES)
		take_rules(p, a->batch);
	else if (t->finder == FIND_RESOURCES)
		take_resources(p, a->batch);
	else
		take_frames(p, a->batch, t->kind == TASK_NAMES);
	/* Services may be missing then. */
	for (size_t i = 0; a->batch && i < a->batch->nr_warnings; i++)
		warn(p, "%s%s", "finding services: ", a->batch->warning[i]);
}

/* ---- rows and charts ---------------------------------------------------- */

static time_ms tail_of(const struct prom *p, time_ms step)
{
	return step + tails[p->server];
}

static uint64_t hash_visible(const char *const *visible)
{
	uint64_t h = 1469598103934665603u;
	for (; visible && *visible; visible++)
		for (const char *s = *visible;; s++) {
			h = (h ^ (unsigned char)*s) * 1099511628211u;
			if (!*s)
				break;
		}
	return h;
}

static bool restricted(const struct prom_plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++)
		if (plan->pack[i].label)
			return true;
	return false;
}

static const struct shape *shape_of(const struct prom *p, uint32_t id)
{
	const struct catalog *c = p->kept.catalog;
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == id)
			return &c->shape[i];
	return NULL;
}

/* As the person wrote it. */
static const char *manual_name(const struct prom *p, uint32_t shape)
{
	const struct catalog *c = p->kept.catalog;
	for (size_t i = 0; i < c->nr_services; i++)
		if (c->service[i].shape == shape)
			return c->service[i].name;
	return "?";
}

static const char *question_name(const struct prom *p, uint32_t id,
				 struct buf *out)
{
	const struct shape *sh = shape_of(p, id / 16);
	const char *by = sh ? sh->metric : "?";
	if (sh && sh->id >= PROM_MANUAL_ID)
		by = manual_name(p, sh->id);
	buf_printf(out, "%s of %s", red_role_name((enum red_role)(id % 16)),
		   by);
	return buf_text(out);
}

/* Windows of one objective fail alike: the first is told, so that ten of them
 * do not crowd out what else went wrong. */
static bool own_warned(const struct prom *p, const char *name,
		       const char *why)
{
	const char *over = strstr(name, " over ");
	size_t n = over ? (size_t)(over - name) : strlen(name);
	for (size_t i = 0; i < p->poll.warnings; i++) {
		const char *told = p->poll.warning[i];
		const char *sep = strstr(told, ": ");
		if (strncmp(told, name, n) == 0
		    && (told[n] == ' ' || told[n] == ':') && sep
		    && strncmp(sep + 2, why, strlen(sep + 2)) == 0)
			return true;
	}
	return false;
}

static void warn_of(struct prom *p, const struct prom_pack *pack,
		    const char *why)
{
	struct buf name;
	buf_init(&name, 200);
	if (question_is_own(pack->item[0].id))
		prom_own_name(p->kept.catalog, pack->item[0].id, &name);
	else
		question_name(p, pack->item[0].id, &name);
	if (pack->nr > 1)
		buf_str(&name, " and others");
	if (!question_is_own(pack->item[0].id)
	    || !own_warned(p, buf_text(&name), why))
		warn(p, "%s: %s", buf_text(&name), why);
	buf_release(&name);
}

/* A page's extra: without it all else still stands. */
static bool is_routes(const struct prom_pack *pack)
{
	return !question_is_own(pack->item[0].id)
	       && red_role_routes(pack->item[0].id % 16);
}

static bool is_own(const struct prom_pack *pack)
{
	return question_is_own(pack->item[0].id);
}

static size_t query_bytes(const struct prom_pack *pack)
{
	struct buf b;
	buf_init(&b, 0);
	prom_pack_query(pack, &b);
	size_t n = b.len;
	buf_release(&b);
	return n;
}

/* No server is asked what some refuse for its length alone. */
static void refuse(struct prom *p, struct prom_pack *pack, size_t bytes)
{
	char why[LIMIT_SENTENCE];
	snprintf(why, sizeof(why), "%.120s: a query of %zu bytes, more than "
		 "%zu; --match asks for less", p->src->url, bytes, LIMIT_QUERY);
	warn_of(p, pack, why);
	if (!is_routes(pack) && !is_own(pack))
		set_fault(p, FAULT_TOO_BIG, why);
	prom_pack_release(pack);
}

static void push_pack(struct prom *p, struct prom_pack pack,
		      enum task_kind kind, const struct range_plan *range)
{
	size_t bytes = query_bytes(&pack);
	if (bytes > LIMIT_QUERY) {
		refuse(p, &pack, bytes);
		return;
	}
	struct task *t = task_new(p, kind);
	t->pack = pack;
	t->range = *range;
	push_back(p, t);
}

/* An answer that would be too big comes in parts of its time, newest first. */
static void push_parts(struct prom *p, struct prom_pack pack)
{
	const struct range_plan *all = &p->poll.range;
	time_ms steps = (all->to - all->from) / all->step + 1;
	time_ms parts = (time_ms)(pack.answer / ANSWER_PART) + 1;
	time_ms each = (steps + parts - 1) / parts * all->step;
	struct range_plan part = *all;
	while (part.to - each >= all->from) {
		part.from = part.to - each + all->step;
		push_pack(p, prom_pack_copy(&pack), TASK_RANGE, &part);
		part.to = part.from - all->step;
	}
	part.from = all->from;
	push_pack(p, pack, TASK_RANGE, &part);
}

static void push_plan(struct prom *p, struct prom_plan *plan,
		      enum task_kind kind)
{
	for (size_t i = 0; i < plan->nr; i++) {
		if (kind == TASK_RANGE)
			push_parts(p, plan->pack[i]);
		else
			push_pack(p, plan->pack[i], kind, &p->poll.range);
	}
	free(plan->pack);
	*plan = (struct prom_plan){ 0 };
}

static void plan_ranges(struct prom *p, struct prom_plan_ask *ask)
{
	struct poll *o = &p->poll;
	const struct want *w = &o->want;
	struct prom_plan plan = { 0 };
	time_ms back = w->back > 0 ? w->back : BACK_DEFAULT;
	time_ms tail = tail_of(p, w->step);
	bool whole = w->whole || w->at != TIME_NONE;
	o->range = range_plan(&p->held, o->at, back, w->step, tail, whole);
	o->ranges = true;
	ask->step = w->step;
	ask->span = o->range.to - o->range.from;
	ask->reach = back;
	prom_plan(&plan, ask);
	/* Other rows are visible: their past is not held. */
	uint64_t seen = hash_visible(ask->visible);
	if (restricted(&plan) && seen != p->visible && !o->range.whole) {
		o->range = range_plan(&p->held, o->at, back, w->step, tail,
				      true);
		ask->span = o->range.to - o->range.from;
		prom_plan_release(&plan);
		prom_plan(&plan, ask);
	}
	p->visible = seen;
	push_plan(p, &plan, TASK_RANGE);
}

static void plan_own(struct prom *p)
{
	struct poll *o = &p->poll;
	const struct want *w = &o->want;
	bool all = w->only_slos || w->at != TIME_NONE;
	struct prom_own own = { 0 };
	struct prom_own_ask ask = {
		.catalog = p->kept.catalog, .at = o->at,
		.period = p->src->period, .all = all,
		.page = w->slos || w->only_slos,
		.implied = w->implied,
		.chart = o->ranges && w->slos ? &o->range : NULL,
		.due = &p->due,
	};
	if (!ask.catalog->nr_slos && !ask.catalog->nr_thresholds)
		return;
	prom_own_plan(&own, &ask);
	for (size_t i = 0; i < own.nr; i++) {
		push_pack(p, own.of[i].pack, own.of[i].range ? TASK_RANGE
							     : TASK_INSTANT,
			  &own.of[i].when);
		own.of[i].pack = (struct prom_pack){ 0 };
	}
	prom_own_release(&own);
}

/* ---- what changed ---------------------------------------------------------- */

static void change_drop(struct prom *p)
{
	prom_change_free(p->change);
	p->change = NULL;
}

static void change_end(struct prom *p)
{
	struct batch *b = batch_new(0);
	b->at = p->poll.at;
	b->instant = true;
	b->change = prom_change_finish(p->change, &b->arena);
	change_drop(p);
	source_emit(p->src, b);
}

/* Asks what can be asked by now. */
static void change_go_on(struct prom *p)
{
	static const enum task_kind kinds[] = {
		[CHANGE_DOCUMENT] = TASK_CHANGE_DOCUMENT,
		[CHANGE_INSTANT] = TASK_CHANGE_INSTANT,
		[CHANGE_RANGE] = TASK_CHANGE_RANGE,
	};
	struct prom_change_ask ask;
	while (p->change && prom_change_next(p->change, &ask)) {
		struct task *t = task_new(p, kinds[ask.kind]);
		t->query = mem_strdup(ask.text);
		t->change = ask.id;
		t->at = ask.at;
		t->range = (struct range_plan){ ask.from, ask.to, ask.step,
						true };
		push_back(p, t);
	}
	if (p->change && prom_change_done(p->change))
		change_end(p);
}

static void change_begin(struct prom *p)
{
	const struct change_want *w = p->poll.want.change;
	struct prom_change_input in = {
		.catalog = p->kept.catalog, .want = *w,
		.match = p->src->opt.match, .slow_over = w->slow_over,
		.slow_le = w->slow_le,
	};
	bool ours = false;
	for (size_t i = 0; i < p->kept.catalog->nr_services; i++)
		ours |= strcmp(p->kept.catalog->service[i].name, w->service)
			== 0;
	change_drop(p);
	if (!ours)
		return;
	p->change = prom_change_new(&in);
	change_go_on(p);
}

static void change_told(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	if (!p->change)
		return;
	if (a->fault != FAULT_NONE)
		prom_change_failed(p->change, t->change, a->why.text);
	else if (a->tree)
		prom_change_labels(p->change, t->change, a->tree);
	else
		prom_change_take(p->change, t->change, a->batch);
	change_go_on(p);
}

/* A comparison right behind a poll costs its own questions, not that poll's
 * once more. */
static bool is_held(const struct prom *p, const struct prom_plan *plan)
{
	const struct whole *h = &p->whole;
	const struct want *w = &p->poll.want;
	return w->change && w->change->service && h->is && !w->whole &&
	       !w->details && h->wanted == w->at && h->step == w->step &&
	       h->back == w->back && h->catalog == p->kept.catalog &&
	       uv_now(p->src->loop) - h->ended < (uint64_t)p->own_period / 2 &&
	       !restricted(plan);
}

static void note_whole(struct prom *p)
{
	const struct poll *o = &p->poll;
	p->whole = (struct whole){
		.is = !o->cancelled && !o->late && o->fault == FAULT_NONE &&
		      !o->warnings && !o->partial && o->answered > 0,
		.ended = uv_now(p->src->loop), .at = o->at,
		.wanted = o->want.at, .step = o->want.step,
		.back = o->want.back, .catalog = p->kept.catalog,
	};
}

static void plan_questions(struct prom *p)
{
	const struct want *w = &p->poll.want;
	struct prom_plan_ask ask = { .catalog = p->kept.catalog,
				     .visible = w->visible,
				     .grid = w->step,
				     .range = w->range ? w->range : w->back };
	struct prom_plan plan = { 0 };
	p->poll.planned = uv_now(p->src->loop);
	set_moment(p);
	if (w->only_slos) {
		plan_own(p);
		return;
	}
	prom_plan(&plan, &ask);
	if (is_held(p, &plan)) {
		prom_plan_release(&plan);
		p->poll.at = p->whole.at;
		change_begin(p);
		return;
	}
	if (w->details && w->selected)
		prom_plan_routes(&plan, p->kept.catalog, w->selected);
	push_plan(p, &plan, TASK_INSTANT);
	if (w->charts && w->step > 0)
		plan_ranges(p, &ask);
	plan_own(p);
	if (w->change && w->change->service)
		change_begin(p);
}

static void fill(const struct task *t, struct batch *b)
{
	const struct poll *o = &t->p->poll;
	uint32_t *asked = arena_alloc(&b->arena, t->pack.nr * sizeof(*asked));
	for (size_t i = 0; asked && i < t->pack.nr; i++)
		asked[i] = t->pack.item[i].id;
	b->asked = asked;
	b->nr_asked = asked ? t->pack.nr : 0;
	b->at = o->at;
	b->window = t->pack.window;
	b->instant = t->kind == TASK_INSTANT;
	if (b->instant)
		return;
	b->from = t->range.from;
	b->to = t->range.to;
	b->step = t->range.step;
	b->settled = o->at - tails[t->p->server];
}

/* Services that were there and are not: it is looked again who is. */
static void watch_rows(struct prom *p, const struct batch *b)
{
	const struct catalog *c = p->kept.catalog;
	for (size_t i = 0; i < c->nr_shapes; i++) {
		uint32_t id = question_id(c->shape[i].id, RED_RATE);
		size_t rows = 0;
		bool asked = false;
		for (size_t k = 0; k < b->nr_asked && !asked; k++)
			asked = b->asked[k] == id;
		for (size_t k = 0; asked && k < b->nr; k++)
			rows += b->frame[k].question == id;
		if (!asked)
			continue;
		p->missing |= rows < p->rows[i] - p->rows[i] / 4;
		p->rows[i] = rows;
	}
}

static void bound_routes(struct task *t, struct batch *b, struct frame *f)
{
	const struct shape *sh = shape_of(t->p, t->pack.item[0].id / 16);
	size_t out = prom_routes_bound(f, &b->nr, sh->status_label,
				       PROM_ROUTES_SERIES);
	char why[80];
	if (!out)
		return;
	snprintf(why, sizeof(why), "too many; the %zu least busy routes are "
		 "left out", out);
	warn_of(t->p, &t->pack, why);
	b->partial = true;
}

/* The part of an answer about one of the visible services: about the others
 * its silence means nothing. */
static void emit_one(struct task *t, const struct batch *all, const char *only)
{
	struct batch *b = batch_new(0);
	struct frame *f = arena_alloc(&b->arena, (all->nr + 1) * sizeof(*f));
	for (size_t i = 0; i < all->nr; i++) {
		const struct frame *from = &all->frame[i];
		const char *v = labels_get(&from->labels, t->pack.label);
		if (!v || strcmp(v, only) != 0)
			continue;
		struct frame *to = &f[b->nr++];
		*to = (struct frame){ .question = from->question,
				      .nr = from->nr };
		labels_copy(&from->labels, NULL, &b->arena, &to->labels);
		time_ms *at = arena_alloc(&b->arena, from->nr * sizeof(*at));
		memcpy(at, from->t, from->nr * sizeof(*at));
		to->t = at;
		if (from->v) {
			double *value = arena_alloc(&b->arena,
						    from->nr * sizeof(*value));
			memcpy(value, from->v, from->nr * sizeof(*value));
			to->v = value;
			continue;
		}
		struct histogram *h = arena_alloc(&b->arena,
						  from->nr * sizeof(*h));
		for (size_t k = 0; k < from->nr; k++)
			h[k] = *histogram_copy(&from->h[k], &b->arena);
		to->h = h;
	}
	fill(t, b);
	b->only = copy(b, only);
	b->partial = all->partial;
	if (is_routes(&t->pack))
		bound_routes(t, b, f);
	b->frame = f;
	source_emit(t->p->src, b);
}

static void note_own(struct task *t)
{
	struct prom *p = t->p;
	bool range = t->kind == TASK_RANGE;
	time_ms at = range ? t->range.to : p->poll.at;
	for (size_t i = 0; i < t->pack.nr; i++)
		if (question_is_own(t->pack.item[i].id))
			prom_due_note(&p->due, t->pack.item[i].id, range, at);
}

static void take_answer(struct task *t, struct prom_answer *a)
{
	struct prom *p = t->p;
	struct batch *b = a->batch;
	fill(t, b);
	note_own(t);
	prom_own_answered(p->kept.catalog, b);
	p->poll.answered++;
	p->poll.timeouts = 0;
	p->poll.partial |= b->partial;
	if (t->kind == TASK_INSTANT)
		watch_rows(p, b);
	else
		prom_deploys(b, p->kept.catalog);
	if (!t->pack.label) {
		source_emit(p->src, b);
		return;
	}
	for (size_t i = 0; i < t->pack.nr_only; i++)
		emit_one(t, b, t->pack.only[i]);
	batch_free(b);
}

/* ---- what went wrong ---------------------------------------------------- */

/* Whatever else would be asked would end the same way. */
static bool is_fatal(enum fault f)
{
	switch (f) {
	case FAULT_NAME: case FAULT_REFUSED: case FAULT_TLS:
	case FAULT_NETWORK: case FAULT_AUTH: case FAULT_THROTTLED:
	case FAULT_NOT_API: case FAULT_REDIRECT: case FAULT_STARTING:
		return true;
	default:
		return false;
	}
}

static void again(struct task *t, time_ms pause)
{
	t->until = 0;
	t->not_before = uv_now(t->p->src->loop) + (uint64_t)pause;
	push_front(t->p, t);
	if (t->kind <= TASK_FIND)
		t->p->poll.finding++;
}

/* The next endpoint is asked, within the same deadline. Who was only too slow
 * gets a second chance once there is nobody else. */
static bool fall_over(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	uint64_t bit = (uint64_t)1 << (t->end - p->ends.at), until = t->until;
	time_ms wait = a->http->retry_after;
	if (p->ends.nr < 2 || !endpoint_failed(a->fault, a->http->status))
		return false;
	t->tried |= bit;
	if (a->fault == FAULT_TIMEOUT && !a->http->status)
		t->cut |= bit;
	if (wait >= 0 && (t->retry_after < 0 || wait < t->retry_after))
		t->retry_after = wait;
	if (endpoints_all(&p->ends, t->tried)) {
		if (!t->cut || t->last_round)
			return false;
		t->tried = ~t->cut;
		t->cut = 0;
		t->last_round = true;
	}
	if (uv_now(p->src->loop) >= until)
		return false;
	p->count.retries++;
	again(t, 0);
	t->until = until;
	return true;
}

/* Tries that are made once: as GET, without VM's words, after a fault that
 * passes, by names as a query. */
static bool try_again(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	long status = a->http->status;
	bool query = asks_query(t);
	if (query && !t->get && !p->get_only &&
	    (status == 403 || status == 405 || status == 501)) {
		t->get = true;
		again(t, 0);
		return true;
	}
	if (t->live && status == 422) {
		t->bare = true;
		again(t, 0);
		return true;
	}
	if (a->passing && !t->retried && !is_spent(t) &&
	    a->fault != FAULT_THROTTLED &&
	    a->fault != FAULT_STARTING && a->http->retry_after < 0) {
		t->retried = true;
		p->count.retries++;
		again(t, RETRY_PAUSE);
		return true;
	}
	if (t->kind == TASK_NAMES && !t->query && status != 401 &&
	    ((status >= 400 && status < 500 && status != 429) ||
	     status == 501 || a->fault == FAULT_TOO_BIG)) {
		struct buf q;
		buf_init(&q, 0);
		discover_ask_names(p->src->opt.match, &q);
		t->query = mem_strdup(q.s);
		buf_release(&q);
		again(t, 0);
		return true;
	}
	return false;
}

static void split(struct task *t)
{
	struct task *other = task_new(t->p, t->kind);
	other->range = t->range;
	other->get = t->get;
	other->bare = t->bare;
	other->half = t->half = true;
	other->pack = prom_pack_split(&t->pack);
	push_front(t->p, other);
	push_front(t->p, t);
}

/* A question that no other try can save; the others go on. */
static void question_failed(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	bool bad = a->fault == FAULT_BAD_QUERY || a->fault == FAULT_TOO_BIG;
	warn_of(p, &t->pack, a->why.text);
	/* A person's own query that is wrong is wrong alone. */
	if (is_routes(&t->pack) || (is_own(&t->pack) && bad))
		return;
	p->poll.failed++;
	say_fault(t, a);
	if (t->kind == TASK_RANGE && !bad && !is_own(&t->pack))
		p->poll.whole_failed = true;
	if (a->fault == FAULT_TIMEOUT && ++p->poll.timeouts >= 2)
		stop(p);
}

/* Takes the task unless it is asked again. */
static void task_failed(struct task *t, const struct prom_answer *a)
{
	struct prom *p = t->p;
	bool discovery = t->kind <= TASK_FIND;
	if (!p->poll.stopped && fall_over(t, a))
		return;
	if (a->http->status == 503 || a->fault == FAULT_THROTTLED)
		p->poll.strained = true;
	if (a->http->retry_after >= 0 && !p->poll.stopped)
		p->poll.retry_after = t->retry_after >= 0
				      ? t->retry_after : a->http->retry_after;
	if (a->fault != FAULT_CANCELLED && !p->poll.stopped &&
	    try_again(t, a))
		return;
	if (is_change(t)) {
		/* A page's extra: the rest still stands. */
		if (a->fault != FAULT_CANCELLED && !p->poll.stopped)
			change_told(t, a);
		task_free(t);
		return;
	}
	bool bad = a->fault == FAULT_BAD_QUERY || a->fault == FAULT_TOO_BIG;
	if (!p->poll.stopped && !discovery && bad && t->pack.nr > 1) {
		split(t);
		return;
	}
	bool gone = a->fault == FAULT_REFUSED || a->fault == FAULT_NAME ||
		    a->fault == FAULT_TLS;
	bool ignored = a->fault == FAULT_CANCELLED || p->poll.stopped ||
		       (discovery && !t->needed && !gone);
	if (t->finder == FIND_RESOURCES && p->resources)
		prom_resources_failed(p->resources);
	if (!ignored && !discovery && !is_fatal(a->fault))
		question_failed(t, a);
	else if (!ignored) {
		say_fault(t, a);
		stop(p);
	}
	if (t->kind == TASK_RANGE && ignored)
		p->poll.whole_failed = true;
	task_free(t);
}

static bool is_away(enum fault f)
{
	return f == FAULT_NAME || f == FAULT_REFUSED || f == FAULT_NETWORK ||
	       f == FAULT_STARTING || f == FAULT_TIMEOUT;
}

/* ---- the course of a poll ----------------------------------------------- */

static void poll_forget(struct poll *o)
{
	for (size_t i = 0; i < o->warnings; i++)
		free(o->warning[i]);
	free(o->event);
	free(o->moved);
	*o = (struct poll){ .at = o->at };
}

static const char *const *arena_texts(struct batch *b, char *const *text,
				      size_t nr)
{
	const char **out = arena_alloc(&b->arena, (nr + 1) * sizeof(*out));
	for (size_t i = 0; i < nr; i++)
		out[i] = copy(b, text[i]);
	return out;
}

/* Slow, or asked for less: twice the period, back by steps. */
static void adjust_period(struct prom *p)
{
	struct poll *o = &p->poll;
	time_ms took = (time_ms)(uv_now(p->src->loop) - o->planned);
	bool slow = o->planned && took > p->own_period / 2 && !o->range.whole;
	if (o->strained || slow)
		p->slow = p->slow * 2 < SLOWEST ? p->slow * 2 : SLOWEST;
	else if (o->answered)
		p->slow = p->slow * 0.75 > 1 ? p->slow * 0.75 : 1;
	set_period(p);
}

static void say_pause(struct batch *b, const char *error, time_ms wait)
{
	struct buf text;
	buf_init(&text, LIMIT_SENTENCE);
	buf_printf(&text, "%.270s; asked again in %" PRId64 " s", error,
		   (wait + 999) / 1000);
	b->error = copy(b, buf_text(&text));
	buf_release(&text);
}

#define EVENTS 2

static void add_event(struct batch *b, const char *text)
{
	struct event *e = b->nr_events ? (struct event *)b->event
			: arena_alloc(&b->arena, EVENTS * sizeof(*e));
	if (!text)
		return;
	e[b->nr_events++] = (struct event){
		.at = b->at, .until = TIME_NONE, .kind = EVENT_SOURCE,
		.text = copy(b, text),
	};
	b->event = e;
}

/* Whoever answers does so until it fails: that others are asked too, for they
 * are idle, is no news. */
static void see_move(struct prom *p)
{
	struct poll *o = &p->poll;
	const struct endpoint *who = p->who;
	bool failed = who->failures > 0;
	struct buf b;
	if (!o->newest)
		return;
	if (o->newest != who && failed) {
		buf_init(&b, LIMIT_SENTENCE);
		buf_printf(&b, "%s answers from %.100s (%.100s: %s)",
			   p->src->name, o->newest->shown, who->shown,
			   who->reason);
		o->moved = mem_strdup(buf_text(&b));
		buf_release(&b);
	}
	if (failed || !p->who_answered)
		p->who = o->newest;
	p->who_answered = true;
}

static void emit_end(struct prom *p)
{
	struct poll *o = &p->poll;
	struct batch *b = batch_new(0);
	time_ms wait = p->src->period;
	if (o->retry_after > wait)
		wait = o->retry_after;
	b->at = o->at;
	b->instant = true;
	b->tick = true;
	if (o->fault != FAULT_NONE &&
	    (o->answered == 0 || o->fault == FAULT_THROTTLED)) {
		b->fault = o->fault;
		b->error = copy(b, o->error);
		if (o->fault == FAULT_THROTTLED && o->retry_after > 0)
			say_pause(b, o->error, wait);
	} else if (o->fault != FAULT_NONE && !o->warnings) {
		warn(p, "%s%s", "not everything was answered: ", o->error);
	}
	b->partial = o->partial;
	b->nr_warnings = o->warnings;
	b->warning = arena_texts(b, o->warning, o->warnings);
	p->src->wait = b->fault != FAULT_NONE && o->retry_after > 0
		       ? o->retry_after : 0;
	see_move(p);
	add_event(b, o->event);
	add_event(b, o->moved);
	add_status(p, b, wall(p) + wait);
	source_emit(p->src, b);
}

static void poll_end(struct prom *p)
{
	struct poll *o = &p->poll;
	uv_timer_stop(&p->deadline);
	uv_timer_stop(&p->wake);
	if (p->stage)
		discovery_failed(p);
	if (p->change && o->late && !o->cancelled)
		change_end(p);
	change_drop(p);
	if (o->ranges && !o->whole_failed && !o->stopped &&
	    o->want.at == TIME_NONE)
		range_answered(&p->held, &o->range, o->at);
	if (!o->cancelled) {
		if (o->late && o->fault == FAULT_NONE) {
			char text[LIMIT_SENTENCE], span[TIME_TEXT];
			snprintf(text, sizeof(text), "%.150s: no whole answer "
				 "within %s; --timeout gives it longer",
				 p->src->url,
				 time_within(o->want.deadline, span));
			set_fault(p, FAULT_TIMEOUT, text);
		}
		adjust_period(p);
		p->was_away |= !o->answered && is_away(o->fault);
		emit_end(p);
	}
	o->active = false;
	note_whole(p);
	poll_forget(o);
	source_end(p->src);
}

static void on_wake(uv_timer_t *timer)
{
	pump(timer->data);
}

/* The first task that may go; when the next one may. */
static struct task *take_ready(struct prom *p, uint64_t *when)
{
	uint64_t now = uv_now(p->src->loop);
	*when = 0;
	for (struct task **at = &p->poll.queue; *at; at = &(*at)->next) {
		struct task *t = *at;
		if (t->not_before <= now) {
			*at = t->next;
			return t;
		}
		if (!*when || t->not_before < *when)
			*when = t->not_before;
	}
	return NULL;
}

static void advance(struct prom *p)
{
	struct poll *o = &p->poll;
	if (p->stage == 1 && !o->finding && !discovery_again(p))
		discovery_counts(p);
	if (p->stage == 2 && !o->finding)
		discovery_make(p);
	if (p->stage == 4 && !o->finding)
		make_bare(p);
	if (!p->stage && !o->found && p->kept.catalog) {
		o->found = true;
		plan_questions(p);
	}
}

static void pump(struct prom *p)
{
	struct poll *o = &p->poll;
	unsigned slots = IN_FLIGHT + o->want.hurry;
	uint64_t when = 0;
	if (!o->active)
		return;
	if (!o->stopped)
		advance(p);
	while (o->in_flight < slots && o->queue) {
		struct task *t = take_ready(p, &when);
		if (!t)
			break;
		start(p, t);
	}
	if (!o->queue && !o->in_flight)
		poll_end(p);
	else if (when && !o->in_flight)
		uv_timer_start(&p->wake, on_wake,
			       when - uv_now(p->src->loop), 0);
}

/* ---- endpoints ----------------------------------------------------------- */

static void note_attempt(struct prom *p, const struct endpoint *e,
			 enum fault fault, int64_t took_us)
{
	if (p->ends.nr < 2)
		return;
	if (p->attempts == LIMIT_ATTEMPTS)
		memmove(p->attempt, p->attempt + 1,
			--p->attempts * sizeof(*p->attempt));
	p->attempt[p->attempts++] = (struct source_attempt){
		.url = e->shown, .fault = fault, .took_us = took_us,
		.at = server_now(p),
	};
}

/* "connection refused" of "connection refused: http://a:9090; is it ...". */
static void end_attempt(struct prom *p, struct endpoint *e, enum fault fault,
			const struct http_result *h, const char *text)
{
	char reason[80];
	const char *colon = strstr(text, ": ");
	size_t n = colon ? (size_t)(colon - text) : strlen(text);
	if (n > sizeof(reason) - 1)
		n = sizeof(reason) - 1;
	snprintf(reason, sizeof(reason), "%.*s", (int)n, text);
	struct endpoint_end end = {
		.fault = fault, .failed = endpoint_failed(fault, h->status),
		.took_us = h->took_us, .connect_us = h->connect_us,
		.retry_after = h->retry_after, .reason = reason,
	};
	endpoints_end(&p->ends, e, &end, (time_ms)uv_now(p->src->loop));
	if (fault != FAULT_CANCELLED)
		note_attempt(p, e, fault, h->took_us);
}

static void on_probed(struct http_request *r, const struct http_result *res,
		      void *arg)
{
	struct probe *probe = arg;
	enum fault fault = res->fault != FAULT_NONE ? res->fault
			   : res->status == 429 ? FAULT_THROTTLED
			   : res->status >= 500 && res->status != 501
			   ? FAULT_SERVER : FAULT_NONE;
	char text[40];
	(void)r;
	snprintf(text, sizeof(text), "it failed (%ld)", res->status);
	end_attempt(probe->p, probe->end, fault, res,
		    fault == FAULT_NONE || *res->text ? res->text : text);
	probe->p->count.requests++;
}

static void probe_endpoints(struct prom *p)
{
	time_ms now = (time_ms)uv_now(p->src->loop);
	for (size_t i = 0; i < p->ends.nr; i++) {
		struct endpoint *e = &p->ends.at[i];
		struct buf url;
		if (!endpoints_probe_due(&p->ends, e, now))
			continue;
		p->probe[i] = (struct probe){ p, e };
		endpoint_probe(e);
		buf_init(&url, 0);
		http_url_join(e->url, "api/v1/status/buildinfo", &url);
		http_start(p->http, &(struct http_ask){
			.url = url.s, .timeout = BUILD_TIMEOUT,
			.connect_timeout =
				endpoints_connect_timeout(&p->ends, e, 0),
			.on_done = on_probed, .arg = &p->probe[i],
		});
		buf_release(&url);
	}
}

static void count(struct prom *p, const struct prom_answer *a)
{
	p->count.took_us = a->http->took_us;
	p->count.bytes += a->http->wire_bytes;
	p->count.body_bytes += a->http->body_bytes;
	p->count.dropped += a->dropped;
}

static void on_answer(struct prom_answer *a, void *arg)
{
	struct task *t = arg;
	struct prom *p = t->p;
	unfly(p, t);
	if (t->kind <= TASK_FIND)
		p->poll.finding--;
	count(p, a);
	end_attempt(p, t->end, a->fault, a->http, a->why.text);
	learn_clock(p, a->http);
	if (a->fault == FAULT_NONE)
		p->poll.newest = t->end;
	if (a->fault == FAULT_NONE && !p->poll.stopped) {
		p->get_only |= t->get;
		p->no_live |= t->bare && !t->half;
		if (is_change(t)) {
			p->poll.answered++;
			change_told(t, a);
			batch_free(a->batch);
		} else if (t->kind >= TASK_INSTANT) {
			take_answer(t, a);
		} else {
			found_something(t, a);
			batch_free(a->batch);
		}
		task_free(t);
	} else if (a->fault == FAULT_NONE) {
		batch_free(a->batch);
		task_free(t);
	} else {
		task_failed(t, a);
	}
	pump(p);
}

static void on_deadline(uv_timer_t *timer)
{
	struct prom *p = timer->data;
	p->poll.late = true;
	stop(p);
	pump(p);
}

/* ---- the source --------------------------------------------------------- */

static int check_urls(const char *where, const char *const *others,
		      struct err *e)
{
	size_t nr = 1;
	if (http_url_check(where, e) < 0)
		return -1;
	for (; others && *others; others++, nr++)
		if (http_url_check(*others, e) < 0)
			return -1;
	if (nr > LIMIT_ENDPOINTS)
		return err_set(e, EXIT_USAGE, "%zu endpoints for one source; "
			       "at most %zu are used", nr, LIMIT_ENDPOINTS);
	return 0;
}

static void add_url(struct prom *p, const char *url, bool *far)
{
	struct buf shown;
	buf_init(&shown, 0);
	http_url_shown(url, &shown);
	endpoints_add(&p->ends, url, buf_text(&shown), IN_FLIGHT);
	buf_release(&shown);
	*far |= !http_url_is_loopback(url);
}

static int prom_open(struct source *src, const char *where, struct err *e)
{
	struct prom *p = src->state;
	size_t match = src->opt.match ? strlen(src->opt.match) : 0;
	bool far = false;
	if (check_urls(where, src->opt.urls, e) < 0)
		return -1;
	if (match > MATCH_MAX)
		return err_set(e, EXIT_USAGE, "--match has %zu bytes; at most "
			       "%zu go into every selector", match, MATCH_MAX);
	if (workers_start(src->loop, e) < 0)
		return -1;
	*p = (struct prom){ .src = src, .slow = 1, .handles = 3,
			    .born = uv_now(src->loop) };
	endpoints_init(&p->ends, src->opt.policy, uv_hrtime());
	add_url(p, where, &far);
	for (size_t i = 0; src->opt.urls && src->opt.urls[i]; i++)
		add_url(p, src->opt.urls[i], &far);
	p->who = p->ends.at;
	src->url = mem_strdup(p->who->shown);
	struct http_options o = { .compress = far,
				  .config = src->opt.http };
	p->http = http_new(src->loop, &o);
	uv_timer_init(src->loop, &p->deadline);
	uv_timer_init(src->loop, &p->wake);
	p->deadline.data = p->wake.data = p;
	p->count.took_us = 0;
	clock_offset_init(&p->offset);
	arena_init(&p->kept.arena, 0);
	set_period(p);
	return 0;
}

static void prom_poll(struct source *src, const struct want *w)
{
	struct prom *p = src->state;
	struct poll *o = &p->poll;
	uv_update_time(src->loop);
	*o = (struct poll){ .want = *w, .retry_after = -1, .active = true };
	o->began = uv_now(src->loop);
	if (o->want.deadline <= 0) {
		time_ms t = src->opt.timeout ? src->opt.timeout
					     : TIMEOUT_DEFAULT;
		o->want.deadline = 3 * t;
	}
	uv_timer_start(&p->deadline, on_deadline, (uint64_t)o->want.deadline,
		       0);
	watch_clock(p);
	set_moment(p);
	probe_endpoints(p);
	if (w->only_slos && p->bare) {
		pump(p);
		return;
	}
	if (w->only_slos) {
		p->stage = 4;
		push_back(p, task_new(p, TASK_BUILD));
		pump(p);
		return;
	}
	uint64_t age = o->began - p->found_at;
	bool live = w->at == TIME_NONE;
	/* Without services there is nothing else to ask, and a server that is
	 * asked nothing could be gone: a young one is looked at every time. */
	const struct catalog *c = p->kept.catalog;
	bool nothing = c && prom_resources_without(c) == 0 &&
		       (c->nr_services == 0 || age > REDISCOVER_SOON);
	bool young = is_guessed(c) && age > PERIOD_GUESSED &&
		     o->began - p->born < YOUNG;
	if (!p->found || p->bare || (live && young) ||
	    (live && (p->was_away || nothing || age > REDISCOVER)) ||
	    (live && p->missing && age > REDISCOVER_SOON))
		discovery_begin(p);
	pump(p);
}

static void prom_cancel(struct source *src)
{
	struct prom *p = src->state;
	if (!p->poll.active || p->poll.cancelled)
		return;
	p->poll.cancelled = true;
	stop(p);
	uv_timer_start(&p->wake, on_wake, 0, 0);
}

static void part_closed(struct prom *p)
{
	if (--p->handles)
		return;
	struct source *src = p->src;
	discover_free(p->discover);
	prom_recorded_free(p->recorded);
	prom_resources_free(p->resources);
	change_drop(p);
	prom_due_clear(&p->due);
	arena_release(&p->kept.arena);
	free(p->rows);
	free(p->identity);
	free(p->version);
	for (size_t i = 0; i < p->ends.nr; i++)
		free(p->known[i]);
	endpoints_release(&p->ends);
	source_closed(src);
}

static void on_http_closed(void *arg)
{
	part_closed(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

static void prom_close(struct source *src)
{
	struct prom *p = src->state;
	http_close(p->http, on_http_closed, p);
	uv_close((uv_handle_t *)&p->deadline, on_timer_closed);
	uv_close((uv_handle_t *)&p->wake, on_timer_closed);
}

const struct source_ops prometheus_ops = {
	.name = "prometheus",
	.help = "a Prometheus-style HTTP API",
	.state_size = sizeof(struct prom),
	.open = prom_open,
	.poll = prom_poll,
	.cancel = prom_cancel,
	.close = prom_close,
};
