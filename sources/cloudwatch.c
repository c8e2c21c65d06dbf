/* A poll: credentials, then what services there are, then their numbers and
 * the alarms at once, then the batches. Each of these things is a topic: it is
 * shared with other viewers under a key, whose lock is held while CloudWatch is
 * asked. Files, decoding and arithmetic are a worker's. */
#include "sources/cloudwatch.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/aws_creds.h"
#include "sources/cw_cache.h"
#include "sources/cw_limit.h"
#include "sources/cw_request.h"
#include "sources/cw_rows.h"
#include "sources/cw_share.h"
#include "sources/cw_slo.h"
#include "sources/discover.h"
#include "sources/workers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define SECOND ((time_ms)1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define TIMEOUT_DEFAULT (10 * SECOND)
#define PERIOD_OWN      MINUTE
#define LOOK_BACK       (10 * MINUTE) /* for a row's newest period */
#define RESTATED        (10 * MINUTE) /* how long points may still change */
#define SETTLED_AFTER   (15 * MINUTE) /* an answer about then is final */
#define FIND_EVERY      (10 * MINUTE)
#define RECENT          HOUR          /* back: RecentlyActive will do */
#define BURN_BACK       HOUR
#define BACK_DEFAULT    HOUR
#define MINUTES_BACK    (6 * HOUR + 30 * MINUTE) /* charts of minutes */
#define LOCK_LOOK       ((uint64_t)40)
#define LOCK_WAIT       (8 * SECOND)
#define CALL_POINTS     75000
/* Minutes fill what they lack: the rows' hold an hour of them, five minutes
 * three days. */
#define FIVES_EVERY     (30 * MINUTE)
#define HOURS_EVERY     (6 * HOUR)
#define CALL_QUERIES    ((size_t)20)  /* at least, however long they are */
#define OBJECTIVE       0.999
#define EAST            "us-east-1"

enum topic_kind { TOPIC_FIND, TOPIC_ALARMS, TOPIC_GROUP };
enum topic_step { STEP_IDLE, STEP_ENTER, STEP_WAIT, STEP_CALL, STEP_LEAVE };

/* Something that is asked once for all viewers. */
struct topic {
	struct cw *cw;
	enum topic_kind kind;
	enum topic_step step;
	char key[CW_KEY];
	int lock;                /* cw_lock()'s */
	bool tried_lock, need, retried;
	uint64_t waiting;        /* uv_now() since; 0: not */
	time_ms held_at;         /* fetch time of what is held; TIME_NONE */
	uv_work_t work;
	size_t nr, pending;
	struct cw_request *request;
};

/* A topic of numbers: one region, one period. */
struct group {
	struct topic t;
	bool used;
	const char *region;      /* NULL: the source's */
	time_ms from, to;        /* what the poll needs */
	time_ms fresh_for;
	bool past;
	struct cw_hold hold;
	struct arena arena;      /* of the questions */
	size_t nr_asks, cap_asks;
	struct ask {
		struct cw_query query;
		const char *key;
		bool whole, fresh;
	} *ask;
	size_t planned;          /* questions that a poll has, fresh or not */
};

/* Of thresholds a group a period. The same again where else is asked. */
enum { ROWS, CHARTS, FIVES, HOURS, LIMITS,
       EAST_ROWS = LIMITS + CW_LIMIT_GRIDS, GROUPS = 2 * EAST_ROWS };

struct found {
	struct arena arena;
	struct cw_found list;
	struct cw_member *member;
	struct cw_slos slos;
	struct cw_limits limits;
	bool any, recently;
	time_ms at;              /* of the listing, server's clock */
	int requests;
};

/* One poll; forgotten with the next. */
struct poll {
	struct want want;
	time_ms at;
	uint64_t began;
	bool active, asking, making, cancelled, late, stopped;
	bool renewed, restart;   /* credentials: asked again, once */
	bool recently;
	enum fault fault;        /* the first */
	char error[LIMIT_SENTENCE + 1];
	char refusal[LIMIT_SENTENCE + 1]; /* why it is asked again */
	time_ms retry_after;
	bool partial, answered, failed;
	char *warning[LIMIT_WARNINGS];
	size_t warnings;
	struct cw_axis axis;
	struct batch *now, *range;
	size_t nr_own, cap_own;
	struct own {             /* of objectives and thresholds */
		struct batch *b;
		time_ms *said;   /* where the end of its points is kept; NULL */
		time_ms told;
	} *own;
};

/* What has been said before. */
struct said {
	struct arena arena;
	const struct catalog *catalog;
	time_ms from, to, step;  /* the charts' points; step 0: none */
	time_ms *cells;          /* the end of each objective's last cell */
	time_ms *points;         /* and of each threshold's last period */
	size_t nr_alarms, cap_alarms;
	uint64_t *alarm;         /* hashes of changes that were told */
};

struct cw {
	struct source *src;
	struct aws_settings settings;
	struct err refused;      /* of the settings; code 0: they are fine */
	struct aws_creds *creds;
	struct cw_client client;
	struct arena asks_arena;
	struct cw_ask *ask;      /* the listings of discovery */
	size_t nr_asks;
	uv_timer_t deadline, wake;
	unsigned handles;
	struct cw_cache *cache;
	char *endpoint, *identity, *provider;
	char *shown;             /* the endpoint, for people */
	struct found found, fresh;
	struct topic find, alarms;
	struct group group[GROUPS];
	uv_work_t work;
	struct cw_alarms state;
	bool state_known;
	time_ms state_at;
	struct said said;
	struct cw_spent spent;
	struct cw_saving saving;
	bool paging;             /* by what the last poll brought */
	time_ms skew;            /* of the server's clock, for this phase */
	int phase;
	unsigned dropped;
	struct poll poll;
};

static void advance(struct cw *c);

/* ---- faults and warnings ----------------------------------------------------- */

/* The clock as it was known before this phase: workers ask too. */
static time_ms server_now(const struct cw *c)
{
	struct timeval tv;
	if (c->src->wall)
		return c->src->wall() + c->skew;
	gettimeofday(&tv, NULL);
	return (time_ms)tv.tv_sec * 1000 + tv.tv_usec / 1000 + c->skew;
}

static void warn(struct cw *c, const char *text)
{
	struct poll *o = &c->poll;
	char line[LIMIT_SENTENCE + 1];
	struct buf b;
	o->partial = true;
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, text, strlen(text));
	memcpy(line, buf_text(&b), b.len + 1);
	buf_release(&b);
	for (size_t i = 0; i < o->warnings; i++)
		if (strcmp(o->warning[i], line) == 0)
			return;
	if (o->warnings < LIMIT_WARNINGS)
		o->warning[o->warnings++] = mem_strdup(line);
}

static void set_fault(struct cw *c, enum fault fault, const char *text)
{
	struct poll *o = &c->poll;
	if (o->fault != FAULT_NONE || fault == FAULT_CANCELLED)
		return;
	o->fault = fault;
	snprintf(o->error, sizeof(o->error), "%.300s", text);
}

/* ---- topics ------------------------------------------------------------------- */

static struct group *group_of(struct topic *t)
{
	return (struct group *)t;
}

static void free_requests(struct topic *t)
{
	for (size_t i = 0; i < t->nr; i++)
		cw_request_release(&t->request[i]);
	free(t->request);
	t->request = NULL;
	t->nr = t->pending = 0;
}

static void unlock(struct topic *t)
{
	if (t->tried_lock)
		cw_unlock(t->lock);
	t->tried_lock = false;
	t->lock = CW_ALONE;
}

static void topic_end(struct topic *t)
{
	free_requests(t);
	unlock(t);
	t->step = STEP_IDLE;
	t->waiting = 0;
}

/* ---- numbers: what is missing (on a worker) ----------------------------------- */

static int kind_of(const struct cw *c, const struct group *g)
{
	return (int)(g - c->group) % EAST_ROWS;
}

static bool is_fresh(const struct cw *c, const struct group *g,
		     const struct cw_line *l)
{
	time_ms now = server_now(c), p = g->hold.period;
	if (l->asked == TIME_NONE || l->unsure || l->asked > now + MINUTE)
		return false;
	if (g->past && l->asked >= g->to + SETTLED_AFTER)
		return cw_line_knows(l, g->from, g->to);
	/* Until the next period can be judged. */
	if (!g->past && kind_of(c, g) >= LIMITS)
		return time_floor(l->asked - CW_JUDGED_AFTER, p)
			       >= time_floor(now - CW_JUDGED_AFTER, p)
		       && cw_line_knows(l, g->from, g->to - p);
	/* The end moves on by itself while an answer is fresh. */
	time_ms end = g->past ? g->to : g->to - g->fresh_for - g->hold.period;
	return now - l->asked < g->fresh_for
	       && cw_line_knows(l, g->from, end);
}

static bool is_east(const struct cw_service *s)
{
	return s->region && strcmp(s->region, EAST) == 0;
}

static bool is_ours(const struct cw *c, const struct group *g,
		    const struct cw_service *s)
{
	bool east = is_east(s) && strcmp(c->client.region, EAST) != 0;
	return east == (g->region != NULL);
}

static bool asks_slo(const struct cw *c, const struct group *g,
		     const struct cw_slo *s)
{
	switch (kind_of(c, g)) {
	case ROWS:
		return c->poll.want.only_slos || cw_slo_asks(s, CW_MINUTES);
	case FIVES:
		return cw_slo_asks(s, CW_FIVES);
	case HOURS:
		return cw_slo_asks(s, CW_HOURS);
	default:
		return false;
	}
}

static bool asks_rows(const struct cw *c, const struct group *g)
{
	return kind_of(c, g) <= CHARTS && !c->poll.want.only_slos;
}

typedef void each_part(struct cw *c, struct group *g, const struct cw_part *p,
		       const char *key);

static void each_of(struct cw *c, struct group *g, const struct cw_service *s,
		    const char **key, each_part *f)
{
	for (size_t i = 0; is_ours(c, g, s) && i < s->nr; i++)
		f(c, g, &s->part[i], key[i]);
}

static void each(struct cw *c, struct group *g, each_part *f)
{
	const struct found *all = &c->found;
	for (size_t i = 0; asks_rows(c, g) && i < all->list.nr; i++)
		each_of(c, g, all->member[i].service, all->member[i].key, f);
	for (size_t i = 0; i < all->slos.nr; i++)
		if (asks_slo(c, g, &all->slos.of[i]))
			each_of(c, g, all->slos.of[i].service,
				all->slos.of[i].key, f);
	for (size_t i = 0; i < all->limits.nr; i++)
		if (kind_of(c, g) == LIMITS + all->limits.of[i].grid)
			each_of(c, g, all->limits.of[i].service,
				all->limits.of[i].key, f);
}

static void make_line(struct cw *c, struct group *g, const struct cw_part *p,
		      const char *key)
{
	(void)c;
	(void)p;
	cw_hold_line(&g->hold, key, true);
}

static void plan_part(struct cw *c, struct group *g, const struct cw_part *p,
		      const char *key)
{
	const struct cw_line *l = cw_hold_line(&g->hold, key, false);
	time_ms late = g->fresh_for > RESTATED ? g->fresh_for : RESTATED;
	time_ms tail = cw_hold_tail(&g->hold, g->to, late);
	if ((int)p->weight > c->saving.weight)
		return;
	bool whole = g->past || !cw_line_knows(l, g->from, tail < g->from
							   ? g->to : tail);
	if (g->nr_asks == g->cap_asks) {
		struct ask *more;
		g->cap_asks = g->cap_asks ? g->cap_asks * 2 : 256;
		more = arena_alloc(&g->arena, g->cap_asks * sizeof(*more));
		if (g->nr_asks)
			memcpy(more, g->ask, g->nr_asks * sizeof(*more));
		g->ask = more;
	}
	g->ask[g->nr_asks++] = (struct ask){
		.query = { p->metric, p->stat, g->hold.period },
		.key = key, .whole = whole, .fresh = is_fresh(c, g, l),
	};
}

static int compare_asks(const void *a, const void *b)
{
	const struct ask *x = a, *y = b;
	return x->whole != y->whole ? y->whole - x->whole
				    : strcmp(x->key, y->key);
}

/* A metric that two want is asked once. */
static void plan(struct cw *c, struct group *g)
{
	size_t kept = 0;
	const char *last = NULL;
	arena_release(&g->arena);
	g->ask = NULL;
	g->nr_asks = g->cap_asks = g->planned = 0;
	cw_hold_fit(&g->hold, g->from, g->to);
	each(c, g, make_line);
	each(c, g, plan_part);
	if (g->nr_asks)
		qsort(g->ask, g->nr_asks, sizeof(*g->ask), compare_asks);
	for (size_t i = 0; i < g->nr_asks; i++) {
		if (last && strcmp(g->ask[i].key, last) == 0)
			continue;
		last = g->ask[i].key;
		g->planned++;
		if (!g->ask[i].fresh)
			g->ask[kept++] = g->ask[i];
	}
	g->nr_asks = kept;
}

static void enter_group(struct cw *c, struct group *g)
{
	struct buf b;
	time_ms at, oldest = g->to - (time_ms)CW_HOLD_POINTS / 2
					      * g->hold.period;
	buf_init(&b, 0);
	if (cw_cache_read(c->cache, g->t.key, server_now(c), g->t.held_at,
			  &b, &at)
	    && at != g->t.held_at) {
		cw_hold_read(&g->hold, buf_text(&b), b.len,
			     g->from < oldest ? g->from : oldest);
		g->t.held_at = at;
	}
	buf_release(&b);
	plan(c, g);
	g->t.need = g->nr_asks > 0;
}

/* Points of what was answered; what was not stays as it was. */
static void merge(struct group *g, const struct cw_request *r, time_ms now)
{
	for (size_t i = 0; i < r->nr; i++) {
		const struct cw_result *best = NULL;
		struct buf key;
		if (r->later && r->later[i])
			continue;
		for (size_t k = 0; k < r->data.nr; k++) {
			const struct cw_result *x = &r->data.result[k];
			if (x->query == i && (!best || x->nr > best->nr))
				best = x;
		}
		buf_init(&key, 0);
		cw_hold_key(&key, &r->query[i]);
		struct cw_line *l = cw_hold_line(&g->hold, buf_text(&key),
						 true);
		buf_release(&key);
		/* Nothing is known of it: what was held stands. */
		if (best && best->status == CW_INTERNAL)
			continue;
		cw_hold_take(&g->hold, l, r->from, r->to, best, now);
	}
}

static void leave_group(struct cw *c, struct group *g)
{
	time_ms now = server_now(c);
	bool any = false;
	for (size_t i = 0; i < g->t.nr; i++) {
		if (g->t.request[i].fault != FAULT_NONE)
			continue;
		merge(g, &g->t.request[i], now);
		any = true;
	}
	if (!any)
		return;
	struct buf b;
	time_ms live = 2 * g->fresh_for;
	buf_init(&b, 0);
	cw_hold_prune(&g->hold, now - (live > HOUR ? live : HOUR));
	cw_hold_write(&g->hold, now - (live > LOOK_BACK ? live : LOOK_BACK),
		      &b);
	cw_cache_write(c->cache, g->t.key, now, &b);
	g->t.held_at = now;
	buf_release(&b);
}

/* ---- what services there are (on a worker) ------------------------------------- */

static void find_make(struct cw *c, struct cw_metrics *m, time_ms at)
{
	struct found *f = &c->fresh;
	arena_init(&f->arena, 0);
	cw_metrics_sort(m);
	f->list = cw_table_find(m, &f->arena);
	f->member = arena_alloc(&f->arena, (f->list.nr + 1)
						   * sizeof(*f->member));
	for (size_t i = 0; i < f->list.nr; i++)
		f->member[i] = (struct cw_member){
			.service = &f->list.service[i],
			.key = cw_member_keys(&f->list.service[i], &f->arena),
		};
	cw_slos_find(&f->slos, &f->list, c->src->opt.slo,
		     c->src->opt.nr_slos, &f->arena);
	cw_limits_find(&f->limits, m, c->src->opt.threshold,
		       c->src->opt.nr_thresholds, &f->arena);
	f->any = true;
	f->at = at;
	f->recently = c->poll.recently;
	f->requests = 0;
}

static void enter_find(struct cw *c, struct topic *t)
{
	struct cw_metrics m;
	struct buf b;
	struct err e;
	time_ms at, now = server_now(c);
	t->need = true;
	buf_init(&b, 0);
	cw_metrics_init(&m);
	if (cw_cache_read(c->cache, t->key, now, TIME_NONE, &b, &at)
	    && now - at < FIND_EVERY
	    && cw_metrics_read(&m, buf_text(&b), b.len, &e) == 0) {
		find_make(c, &m, at);
		t->need = false;
	}
	cw_metrics_release(&m);
	buf_release(&b);
}

static void leave_find(struct cw *c, struct topic *t)
{
	struct cw_metrics m;
	struct buf b;
	struct err e;
	bool all = true;
	time_ms now = server_now(c);
	cw_metrics_init(&m);
	buf_init(&b, 0);
	for (size_t i = 0; i < t->nr; i++) {
		const struct cw_request *r = &t->request[i];
		/* What is not allowed stays so; what failed may come. */
		all &= r->fault == FAULT_NONE
		       || (!c->ask[i].needed && r->fault == FAULT_AUTH);
		if (r->fault != FAULT_NONE)
			continue;
		buf_clear(&b);
		cw_share_metrics(&r->metrics, &b);
		cw_metrics_read(&m, buf_text(&b), b.len, &e);
	}
	if (all || m.nr) {
		find_make(c, &m, now);
		c->fresh.requests = (int)t->nr;
		for (size_t i = 0; i < t->nr; i++)
			c->fresh.requests += (int)t->request[i].nr_tokens;
	}
	if (all) {
		buf_clear(&b);
		cw_share_metrics(&m, &b);
		cw_cache_write(c->cache, t->key, now, &b);
	}
	cw_metrics_release(&m);
	buf_release(&b);
}

/* ---- alarms (on a worker) ------------------------------------------------------- */

static void take_alarms(struct cw *c, const char *bytes, size_t n, time_ms at)
{
	struct cw_alarms a;
	struct err e;
	cw_alarms_init(&a);
	if (cw_alarms_read(&a, bytes, n, &e) < 0) {
		cw_alarms_release(&a);
		return;
	}
	cw_alarms_release(&c->state);
	c->state = a;
	c->state_known = true;
	c->state_at = at;
}

static void enter_alarms(struct cw *c, struct topic *t)
{
	struct buf b;
	time_ms at, now = server_now(c);
	buf_init(&b, 0);
	if (cw_cache_read(c->cache, t->key, now,
			  c->state_known ? c->state_at : TIME_NONE,
			  &b, &at)
	    && (!c->state_known || at != c->state_at))
		take_alarms(c, buf_text(&b), b.len, at);
	t->need = c->poll.want.probe || !c->state_known
		  || c->state_at > now + MINUTE
		  || now - c->state_at >= PERIOD_OWN * c->saving.stretch;
	buf_release(&b);
}

static void leave_alarms(struct cw *c, struct topic *t)
{
	struct buf b;
	time_ms now = server_now(c);
	if (t->request[0].fault != FAULT_NONE)
		return;
	buf_init(&b, 0);
	cw_share_alarms(&t->request[0].alarms, &b);
	take_alarms(c, buf_text(&b), b.len, now);
	cw_cache_write(c->cache, t->key, now, &b);
	buf_release(&b);
}

/* ---- the course of a topic ------------------------------------------------------- */

static void on_enter(uv_work_t *work)
{
	struct topic *t = work->data;
	struct cw *c = t->cw;
	if (!c->cache) {
		c->cache = cw_cache_open(NULL);
		cw_cache_sweep(c->cache, server_now(c));
	}
	if (!t->tried_lock) {
		t->lock = cw_lock(c->cache, t->key);
		t->tried_lock = t->lock != CW_BUSY;
	}
	switch (t->kind) {
	case TOPIC_FIND:
		c->spent = cw_cache_spend(c->cache, server_now(c),
					  &(struct cw_spent){ 0 });
		enter_find(c, t);
		break;
	case TOPIC_ALARMS:
		enter_alarms(c, t);
		break;
	case TOPIC_GROUP:
		enter_group(c, group_of(t));
	}
}

static void on_leave(uv_work_t *work)
{
	struct topic *t = work->data;
	switch (t->kind) {
	case TOPIC_FIND:
		leave_find(t->cw, t);
		break;
	case TOPIC_ALARMS:
		leave_alarms(t->cw, t);
		break;
	case TOPIC_GROUP:
		leave_group(t->cw, group_of(t));
	}
	/* At once: whoever waits need not wait for our loop. */
	unlock(t);
}

static void on_left(uv_work_t *work, int status)
{
	struct topic *t = work->data;
	(void)status;
	topic_end(t);
	advance(t->cw);
}

static void note_messages(struct cw *c, const struct cw_data *d)
{
	char text[LIMIT_SENTENCE];
	for (size_t i = 0; i < d->nr_messages; i++) {
		snprintf(text, sizeof(text), "CloudWatch says %s: %.200s",
			 d->message[i].code, d->message[i].text);
		warn(c, text);
	}
	for (size_t i = 0; i < d->nr; i++)
		for (size_t k = 0; k < d->result[i].nr_messages; k++) {
			snprintf(text, sizeof(text),
				 "CloudWatch says %s: %.200s",
				 d->result[i].message[k].code,
				 d->result[i].message[k].text);
			warn(c, text);
		}
}

static void note_dropped(struct cw *c, size_t nr)
{
	char text[80];
	if (!nr)
		return;
	c->dropped += (unsigned)nr;
	snprintf(text, sizeof(text), "%zu points or names cannot be used and "
		 "were dropped", nr);
	warn(c, text);
}

static void note_status(struct cw *c, const struct cw_request *r)
{
	char text[LIMIT_SENTENCE];
	for (size_t i = 0; i < r->data.nr; i++) {
		const struct cw_result *x = &r->data.result[i];
		const char *why = x->status == CW_FORBIDDEN ? "is forbidden"
				  : x->status == CW_INTERNAL
				    ? "had an internal error"
				    : x->status == CW_PARTIAL
				      ? "came in part" : NULL;
		if (!why || x->query >= r->nr)
			continue;
		const struct cw_query *q = &r->query[x->query];
		snprintf(text, sizeof(text), "%.80s %.80s %.40s %s",
			 q->metric.space, q->metric.name, q->stat, why);
		warn(c, text);
	}
}

static void note_fault(struct cw *c, const struct topic *t,
		       const struct cw_request *r)
{
	struct poll *o = &c->poll;
	bool denied = r->fault == FAULT_AUTH && !r->refused;
	if (r->refused && !o->renewed) {
		o->restart = true;
		snprintf(o->refusal, sizeof(o->refusal), "%s", r->text);
		return;
	}
	if (r->retry_after > o->retry_after)
		o->retry_after = r->retry_after;
	if (t->kind == TOPIC_ALARMS && !r->refused) {
		if (r->fault != FAULT_CANCELLED)
			warn(c, r->text);
		return;
	}
	if (t->kind == TOPIC_FIND && denied
	    && !c->ask[r - t->request].needed)
		return;
	if (r->fault != FAULT_CANCELLED)
		warn(c, r->text);
	set_fault(c, r->fault, r->text);
}

static bool ask_again(struct topic *t);

static void on_request(struct cw_request *r, void *arg)
{
	struct topic *t = arg;
	struct cw *c = t->cw;
	(void)r;
	if (--t->pending)
		return;
	if (!c->poll.stopped && t->kind == TOPIC_GROUP && !t->retried
	    && ask_again(t))
		return;
	for (size_t i = 0; i < t->nr; i++) {
		const struct cw_request *x = &t->request[i];
		if (x->fault != FAULT_NONE) {
			note_fault(c, t, x);
			continue;
		}
		c->poll.answered |= t->kind == TOPIC_GROUP;
		if (x->repeated)
			warn(c, "CloudWatch repeats a page's token: paging "
				"ended there");
		note_messages(c, &x->data);
		note_status(c, x);
		note_dropped(c, x->data.dropped + x->metrics.dropped
			       + x->alarms.dropped);
	}
	t->step = STEP_LEAVE;
	t->work.data = t;
	uv_queue_work(c->src->loop, &t->work, on_leave, on_left);
}

static void start_requests(struct topic *t, size_t first)
{
	t->pending = t->nr - first;
	for (size_t i = first; i < t->nr; i++) {
		t->request[i].done = on_request;
		t->request[i].arg = t;
		cw_request_start(&t->cw->client, &t->request[i]);
	}
}

/* A statistic that CloudWatch does not like spoils a whole call, and some
 * stand-ins know only the basic ones. */
static bool is_basic(const char *stat)
{
	static const char *const basic[] = { "Sum", "Average", "Minimum",
					     "Maximum", "SampleCount" };
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++)
		if (strcmp(stat, basic[i]) == 0)
			return true;
	return false;
}

static bool may_split(const struct cw_request *r)
{
	size_t basic = 0;
	bool spoilt = r->fault == FAULT_BAD_QUERY || r->fault == FAULT_SERVER
		      || r->fault == FAULT_NOT_API
		      || r->fault == FAULT_BAD_ANSWER;
	for (size_t i = 0; i < r->nr; i++)
		basic += is_basic(r->query[i].stat);
	return spoilt && basic && basic < r->nr;
}

static struct cw_request *more_request(struct topic *t,
				       const struct cw_request *like,
				       const struct cw_query *q, size_t nr)
{
	/* Those that are done are in no list: they may move. */
	t->request = mem_grow(t->request, t->nr + 1, sizeof(*t->request));
	t->request[t->nr] = (struct cw_request){
		.kind = CW_GET_METRIC_DATA, .region = like->region,
		.query = q, .nr = nr, .from = like->from, .to = like->to,
	};
	return &t->request[t->nr++];
}

static void split(struct topic *t, size_t i)
{
	struct arena *a = &group_of(t)->arena;
	struct cw_request like = t->request[i];
	for (int basic = 1; basic >= 0; basic--) {
		struct cw_query *q = arena_alloc(a, like.nr * sizeof(*q));
		size_t nr = 0;
		for (size_t k = 0; k < like.nr; k++)
			if (is_basic(like.query[k].stat) == basic)
				q[nr++] = like.query[k];
		more_request(t, &like, q, nr);
	}
	t->request[i].nr = 0;
	t->request[i].fault = FAULT_NONE;
}

/* Those that failed within CloudWatch. */
static void ask_internal(struct topic *t, size_t i)
{
	struct cw_request like = t->request[i];
	struct cw_query *q = arena_alloc(&group_of(t)->arena,
					 (like.data.nr + 1) * sizeof(*q));
	size_t nr = 0;
	bool *later = arena_alloc(&group_of(t)->arena, like.nr + 1);
	t->request[i].later = later;
	for (size_t k = 0; k < like.data.nr; k++) {
		struct cw_result *x = &like.data.result[k];
		if (x->status != CW_INTERNAL || nr == CW_QUERIES_MAX
		    || x->query >= like.nr)
			continue;
		q[nr++] = like.query[x->query];
		later[x->query] = true;
		x->status = CW_COMPLETE;
	}
	if (nr)
		more_request(t, &like, q, nr);
}

/* Once. False: there is nothing that another try would help. */
static bool ask_again(struct topic *t)
{
	size_t old = t->nr;
	t->retried = true;
	for (size_t i = 0; i < old; i++) {
		if (t->request[i].fault == FAULT_NONE)
			ask_internal(t, i);
		else if (may_split(&t->request[i]))
			split(t, i);
	}
	if (t->nr == old)
		return false;
	start_requests(t, old);
	return true;
}

static size_t count_class(const struct group *g, bool whole, time_ms *from)
{
	size_t nr = 0;
	*from = g->from;
	if (!whole)
		*from = cw_hold_tail(&g->hold, g->to, RESTATED);
	for (size_t i = 0; i < g->nr_asks; i++) {
		if (g->ask[i].whole != whole)
			continue;
		nr++;
		if (whole)
			continue;
		const struct cw_line *l = cw_hold_line(
			(struct cw_hold *)&g->hold, g->ask[i].key, false);
		time_ms t = cw_hold_tail(&g->hold, l->to, RESTATED);
		if (t < *from)
			*from = t < g->from ? g->from : t;
	}
	return nr;
}

static size_t call_size(const struct group *g, time_ms from)
{
	time_ms points = (g->to - from) / g->hold.period + 1;
	size_t nr = (size_t)(CALL_POINTS / points);
	return nr > CW_QUERIES_MAX ? CW_QUERIES_MAX
	       : nr < CALL_QUERIES ? CALL_QUERIES : nr;
}

static void ask_class(struct group *g, bool whole)
{
	struct topic *t = &g->t;
	time_ms from;
	size_t nr = count_class(g, whole, &from), most = call_size(g, from);
	struct cw_query *q = arena_alloc(&g->arena, (nr + 1) * sizeof(*q));
	size_t k = 0;
	for (size_t i = 0; i < g->nr_asks; i++)
		if (g->ask[i].whole == whole)
			q[k++] = g->ask[i].query;
	size_t calls = (nr + most - 1) / most;
	t->request = mem_grow(t->request, t->nr + calls + 1,
			      sizeof(*t->request));
	for (size_t i = 0; i < nr; i += most)
		t->request[t->nr++] = (struct cw_request){
			.kind = CW_GET_METRIC_DATA, .region = g->region,
			.query = q + i, .nr = nr - i < most ? nr - i : most,
			.from = from, .to = g->to,
		};
}

static void ask_find(struct cw *c, struct topic *t)
{
	t->request = mem_zero(c->nr_asks + 1, sizeof(*t->request));
	t->nr = c->nr_asks;
	for (size_t i = 0; i < c->nr_asks; i++) {
		const struct cw_ask *a = &c->ask[i];
		bool other = a->region
			     && strcmp(a->region, c->client.region) != 0;
		t->request[i] = (struct cw_request){
			.kind = CW_LIST_METRICS, .list = a->list,
			.region = other ? a->region : NULL,
			.recently = c->poll.recently,
		};
	}
}

static void topic_call(struct topic *t)
{
	t->step = STEP_CALL;
	t->retried = false;
	switch (t->kind) {
	case TOPIC_FIND:
		ask_find(t->cw, t);
		break;
	case TOPIC_ALARMS:
		t->request = mem_zero(1, sizeof(*t->request));
		t->request[0].kind = CW_DESCRIBE_ALARMS;
		t->nr = 1;
		break;
	case TOPIC_GROUP:
		ask_class(group_of(t), true);
		ask_class(group_of(t), false);
	}
	start_requests(t, 0);
}

static void topic_enter(struct topic *t);

static void wake(struct topic *t)
{
	if (t->step == STEP_WAIT && !t->cw->poll.stopped)
		topic_enter(t);
	else if (t->step == STEP_WAIT)
		topic_end(t);
}

static void on_wake(uv_timer_t *timer)
{
	struct cw *c = timer->data;
	wake(&c->find);
	wake(&c->alarms);
	for (int i = 0; i < GROUPS; i++)
		wake(&c->group[i].t);
	advance(c);
}

/* A holder that hangs is not waited for until the deadline. */
static bool waited_enough(const struct cw *c, const struct topic *t)
{
	uint64_t now = uv_now(c->src->loop);
	time_ms waited = t->waiting ? (time_ms)(now - t->waiting) : 0;
	time_ms all = c->poll.want.deadline, most = all * 3 / 5;
	return waited >= (most < LOCK_WAIT ? most : LOCK_WAIT);
}

static void on_entered(uv_work_t *work, int status)
{
	struct topic *t = work->data;
	struct cw *c = t->cw;
	(void)status;
	if (c->poll.stopped || !t->need) {
		c->poll.answered |= t->kind == TOPIC_GROUP && !t->need;
		topic_end(t);
		advance(c);
	} else if (t->tried_lock || waited_enough(c, t)) {
		t->waiting = 0;
		topic_call(t);
	} else {
		if (!t->waiting)
			t->waiting = uv_now(c->src->loop);
		t->step = STEP_WAIT;
		uv_timer_start(&c->wake, on_wake, LOCK_LOOK, 0);
	}
}

static void topic_enter(struct topic *t)
{
	t->step = STEP_ENTER;
	t->work.data = t;
	uv_queue_work(t->cw->src->loop, &t->work, on_enter, on_entered);
}

/* ---- batches (on a worker) --------------------------------------------------------- */

static char *copy(struct batch *b, const char *s)
{
	return s ? arena_strdup(&b->arena, s) : NULL;
}

static struct group *rows_of(struct cw *c, const struct cw_service *s)
{
	struct group *east = &c->group[EAST_ROWS];
	return is_ours(c, east, s) && east->used ? east : &c->group[ROWS];
}

static struct group *charts_of(struct cw *c, const struct cw_service *s)
{
	struct group *rows = rows_of(c, s);
	struct group *g = rows == &c->group[ROWS] ? &c->group[CHARTS]
						  : &c->group[EAST_ROWS + CHARTS];
	return g->used ? g : rows;
}

/* The newest points may have changed; the others were told. */
static void plan_range(struct cw *c)
{
	struct poll *o = &c->poll;
	struct cw_axis *x = &o->axis;
	struct said *s = &c->said;
	bool known = s->step == x->step && s->from <= x->from
		     && s->to >= x->from && s->to <= x->to;
	time_ms tail = s->to - RESTATED - x->step;
	if (!known || o->want.whole || o->want.at != TIME_NONE)
		return;
	if (tail > x->from)
		x->from = time_floor(tail, x->step);
}

static const struct catalog *catalog_of(struct cw *c, struct arena *a)
{
	struct found *f = &c->found;
	return cw_slos_catalog(
		cw_rows_catalog(f->member, f->list.nr, c->poll.axis.window,
				f->requests, f->list.families,
				f->list.unknown, a),
		&f->slos, &c->src->opt, a);
}

static void make_catalog(struct cw *c)
{
	struct arena a;
	size_t nr = c->src->opt.nr_slos, limits = c->src->opt.nr_thresholds;
	arena_init(&a, 0);
	const struct catalog *made = catalog_of(c, &a);
	if (catalog_equal(c->said.catalog, made)) {
		arena_release(&a);
		return;
	}
	arena_release(&c->said.arena);
	c->said.arena = a;
	c->said.catalog = made;
	c->said.step = 0;
	c->said.cells = arena_alloc(&c->said.arena,
				    (nr + 1) * sizeof(*c->said.cells));
	c->said.points = arena_alloc(&c->said.arena,
				     (limits + 1) * sizeof(*c->said.points));
	for (size_t i = 0; i < nr; i++)
		c->said.cells[i] = TIME_NONE;
	for (size_t i = 0; i < limits; i++)
		c->said.points[i] = TIME_NONE;
	/* A batch owns what it says. */
	c->poll.now->catalog = catalog_of(c, &c->poll.now->arena);
}

/* ---- objectives and thresholds (on a worker) -------------------------------------- */

static const struct cw_hold *hold_of(const struct cw *c,
				     const struct cw_service *s, int kind)
{
	bool east = is_ours(c, &c->group[EAST_ROWS], s);
	const struct group *g = &c->group[kind + (east ? EAST_ROWS : 0)];
	return g->used ? &g->hold : NULL;
}

static struct batch *add_own(struct cw *c)
{
	struct poll *o = &c->poll;
	MEM_ROOM(o->own, o->nr_own, o->cap_own);
	o->own[o->nr_own++] = (struct own){ .b = batch_new(0) };
	return o->own[o->nr_own - 1].b;
}

/* The newest batch has points up to `told`; TIME_NONE: it is not needed. */
static void end_own(struct cw *c, time_ms *said, time_ms told)
{
	struct poll *o = &c->poll;
	struct own *own = &o->own[o->nr_own - 1];
	own->said = said;
	own->told = o->want.at == TIME_NONE ? told : TIME_NONE;
	if (told != TIME_NONE)
		return;
	batch_free(own->b);
	o->nr_own--;
}

/* Everything again, whatever was told. */
static bool wants_all(const struct poll *o)
{
	return o->want.at != TIME_NONE || o->want.only_slos || o->want.whole;
}

static void make_cells(struct cw *c, const struct cw_slo *s)
{
	struct poll *o = &c->poll;
	time_ms *said = &c->said.cells[s->index];
	bool all = wants_all(o);
	if (!all && !o->want.slos && s->def->method == SLO_OCCURRENCES)
		return;
	struct batch *b = add_own(c);
	end_own(c, said, cw_slo_cells(s, o->at, o->axis.judged,
				      all ? TIME_NONE : *said, b));
}

static void make_slos(struct cw *c)
{
	static const int kinds[] = { [CW_MINUTES] = ROWS, [CW_FIVES] = FIVES,
				     [CW_HOURS] = HOURS };
	struct poll *o = &c->poll;
	struct cw_slos *s = &c->found.slos;
	for (size_t i = 0; i < s->nr; i++)
		for (int g = 0; g < CW_GRIDS; g++)
			s->of[i].hold[g] = hold_of(c, s->of[i].service,
						   kinds[g]);
	if (!s->nr)
		return;
	cw_slos_now(s, o->at, o->axis.judged, add_own(c));
	if (o->range)
		cw_slos_range(s, &o->axis, add_own(c));
	for (size_t i = 0; i < s->nr; i++)
		make_cells(c, &s->of[i]);
}

static void make_limits(struct cw *c)
{
	struct poll *o = &c->poll;
	struct cw_limits *l = &c->found.limits;
	for (size_t i = 0; i < l->nr; i++)
		l->of[i].hold = hold_of(c, l->of[i].service,
					LIMITS + l->of[i].grid);
	if (!l->nr)
		return;
	cw_limits_now(l, o->at, add_own(c));
	for (size_t i = 0; i < l->nr; i++) {
		time_ms *said = &c->said.points[l->of[i].index];
		struct batch *b = add_own(c);
		end_own(c, said, cw_limit_points(
					 &l->of[i], o->at,
					 wants_all(o) ? TIME_NONE : *said, b));
	}
}

/* ---- all of it (on a worker) -------------------------------------------------------- */

static void on_make(uv_work_t *work)
{
	struct cw *c = work->data;
	struct poll *o = &c->poll;
	struct found *f = &c->found;
	for (size_t i = 0; i < f->list.nr; i++) {
		const struct cw_service *s = f->member[i].service;
		f->member[i].rows = &rows_of(c, s)->hold;
		f->member[i].charts = &charts_of(c, s)->hold;
	}
	o->now = batch_new(0);
	make_catalog(c);
	o->now->instant = true;
	if (!o->want.only_slos)
		cw_rows_now(f->member, f->list.nr, &o->axis, o->now);
	c->paging = cw_rows_page(o->now, c->src->opt.objective > 0
						 ? c->src->opt.objective
						 : OBJECTIVE);
	if (o->axis.step) {
		plan_range(c);
		o->range = batch_new(0);
		cw_rows_range(f->member, f->list.nr, &o->axis, o->range);
	}
	make_slos(c);
	make_limits(c);
}

/* ---- the end of a poll ---------------------------------------------------------------- */

static double usd_per_hour(const struct cw *c, unsigned metrics)
{
	double polls = 3600.0 / ((double)c->src->period / SECOND);
	return metrics * polls * CW_USD_METRIC;
}

struct part { const char *name; unsigned nr; };

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	if (x->nr != y->nr)
		return x->nr > y->nr ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Of the rows' questions: those of long charts come seldom. */
static void add_parts(struct cw *c, struct batch *b, struct source_cost *cost)
{
	const struct found *f = &c->found;
	struct part *all = mem_zero(f->list.nr + 1, sizeof(*all));
	size_t nr = 0;
	for (size_t i = 0; i < f->list.nr; i++) {
		const struct cw_service *s = f->member[i].service;
		unsigned asked = 0;
		size_t k = 0;
		for (size_t p = 0; p < s->nr; p++)
			asked += (int)s->part[p].weight <= c->saving.weight;
		while (k < nr && strcmp(all[k].name, s->space) != 0)
			k++;
		if (k == nr)
			all[nr++].name = s->space;
		all[k].nr += asked;
	}
	qsort(all, nr, sizeof(*all), compare_parts);
	struct cost_part *part = arena_alloc(&b->arena,
					     (nr + 1) * sizeof(*part));
	for (size_t i = 0; i < nr; i++)
		part[i] = (struct cost_part){
			copy(b, all[i].name), all[i].nr,
			usd_per_hour(c, all[i].nr),
		};
	cost->part = part;
	cost->nr_parts = nr;
	free(all);
}

static double spent_usd(const struct cw_spent *s)
{
	return (double)s->metrics * CW_USD_METRIC
	       + (double)s->calls * CW_USD_CALL;
}

static double max_usd(const struct cw *c)
{
	double max = c->src->opt.max_usd;
	return max > 0 ? max : max < 0 ? 0 : CW_USD_DAY;
}

static void add_cost(struct cw *c, struct batch *b, struct source_status *s)
{
	struct source_cost *cost = arena_alloc(&b->arena, sizeof(*cost));
	double rows = 0;
	for (int i = 0; i < GROUPS; i++) {
		const struct group *g = &c->group[i];
		if (!g->used)
			continue;
		rows += (double)g->planned * 3600 * SECOND
			/ (double)g->fresh_for;
	}
	double calls = 3600.0 * SECOND / (double)c->src->period
		       + (double)c->found.requests * 6;
	*cost = (struct source_cost){
		.metrics = c->client.metrics,
		.usd_per_hour = rows * CW_USD_METRIC
				+ (c->found.any ? calls * CW_USD_CALL : 0),
		.usd_today = spent_usd(&c->spent), .usd_max = max_usd(c),
		.saving = *c->saving.text ? copy(b, c->saving.text) : NULL,
	};
	add_parts(c, b, cost);
	s->cost = cost;
}

static void add_status(struct cw *c, struct batch *b, time_ms next)
{
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	struct cw_client *k = &c->client;
	char identity[64];
	time_ms skew;
	bool known = cw_client_skew(k, &skew);
	snprintf(identity, sizeof(identity), "CloudWatch %s", k->region);
	*s = (struct source_status){
		.kind = "cloudwatch",
		.url = copy(b, c->shown),
		.identity = *k->region ? copy(b, identity) : NULL,
		.took_us = k->took_us,
		.skew_s = known ? (double)skew / SECOND : NAN,
		.requests = k->requests, .bytes = k->bytes,
		.body_bytes = k->body_bytes, .retries = k->retries,
		.dropped = c->dropped, .next = next,
		.period = c->src->period,
		.credentials = copy(b, c->provider),
	};
	add_cost(c, b, s);
	b->status = s;
	k->requests = k->retries = 0;
	k->bytes = k->body_bytes = 0;
	k->metrics = k->cheap = 0;
	c->dropped = 0;
}

static uint64_t hash_alarm(const struct alarm *a)
{
	uint64_t h = 1469598103934665603u ^ (uint64_t)a->since
		     ^ ((uint64_t)a->state << 56);
	for (const char *s = a->name; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* True once for each. */
static bool is_news(struct said *s, uint64_t hash)
{
	for (size_t i = 0; i < s->nr_alarms; i++)
		if (s->alarm[i] == hash)
			return false;
	if (s->nr_alarms >= LIMIT_EVENTS)
		s->nr_alarms = 0;
	MEM_ROOM(s->alarm, s->nr_alarms, s->cap_alarms);
	s->alarm[s->nr_alarms++] = hash;
	return true;
}

static void add_event(struct cw *c, struct batch *b, const struct alarm *a,
		      struct event *e)
{
	static const char *const words[] = {
		[ALARM_OK] = "OK", [ALARM_PENDING] = "pending",
		[ALARM_FIRING] = "firing", [ALARM_ALARM] = "ALARM",
		[ALARM_INSUFFICIENT] = "INSUFFICIENT_DATA",
	};
	time_ms back = c->poll.want.back > DAY ? c->poll.want.back : DAY;
	if (a->since == TIME_NONE || a->since > b->at
	    || a->since < b->at - back || b->nr_events >= LIMIT_EVENTS / 4
	    || !is_news(&c->said, hash_alarm(a)))
		return;
	e[b->nr_events++] = (struct event){
		.at = a->since, .until = TIME_NONE, .kind = EVENT_ALARM,
		.severity = a->state == ALARM_ALARM ? SEVERITY_CRIT
			    : a->state == ALARM_INSUFFICIENT ? SEVERITY_WARN
			    : SEVERITY_INFO,
		.text = arena_printf(&b->arena, "alarm %.120s: %s", a->name,
				     words[a->state]),
	};
}

static void add_alarms(struct cw *c, struct batch *b)
{
	size_t nr = c->state.nr;
	struct alarm *a;
	struct event *e;
	if (!c->state_known)
		return;
	a = arena_alloc(&b->arena, (nr + 1) * sizeof(*a));
	e = arena_alloc(&b->arena, (nr + 1) * sizeof(*e));
	for (size_t i = 0; i < nr; i++) {
		a[i] = c->state.alarm[i];
		a[i].name = copy(b, a[i].name);
		a[i].reason = copy(b, a[i].reason);
		add_event(c, b, &a[i], e);
	}
	b->alarms = true;
	b->alarm = a;
	b->nr_alarms = nr;
	b->event = e;
}

static void add_warnings(struct cw *c, struct batch *b)
{
	struct poll *o = &c->poll;
	const char **text = arena_alloc(&b->arena, (o->warnings + 1)
							   * sizeof(*text));
	for (size_t i = 0; i < o->warnings; i++)
		text[b->nr_warnings++] = copy(b, o->warning[i]);
	b->warning = text;
	b->partial = o->partial;
}

static void add_infos(struct cw *c, struct batch *b)
{
	const struct cw_slos *s = &c->found.slos;
	const struct cw_limits *l = &c->found.limits;
	size_t nr = s->nr_notes + l->nr_notes;
	const char **text = arena_alloc(&b->arena, (nr + 1) * sizeof(*text));
	for (size_t i = 0; i < s->nr_notes; i++)
		text[b->nr_infos++] = copy(b, s->note[i]);
	for (size_t i = 0; i < l->nr_notes; i++)
		text[b->nr_infos++] = copy(b, l->note[i]);
	b->info = text;
}

static void emit_end(struct cw *c)
{
	struct poll *o = &c->poll;
	struct batch *b = batch_new(0);
	time_ms wait = c->src->period;
	if (o->retry_after > wait)
		wait = o->retry_after;
	b->at = o->at;
	b->instant = b->tick = true;
	if (o->fault != FAULT_NONE
	    && (!o->answered || o->fault == FAULT_THROTTLED)) {
		b->fault = o->fault;
		b->error = copy(b, o->error);
		o->warnings = o->fault == FAULT_THROTTLED ? o->warnings : 0;
	}
	c->src->wait = b->fault != FAULT_NONE && o->retry_after > 0
			       ? o->retry_after : 0;
	add_warnings(c, b);
	if (b->fault == FAULT_NONE) {
		add_infos(c, b);
		add_alarms(c, b);
	}
	add_status(c, b, o->at + wait);
	source_emit(c->src, b);
}

static void emit_own(struct cw *c)
{
	struct poll *o = &c->poll;
	for (size_t i = 0; i < o->nr_own; i++) {
		struct own *own = &o->own[i];
		if (own->said)
			*own->said = own->told;
		own->b->at = o->at;
		own->b->partial = o->partial;
		source_emit(c->src, own->b);
	}
	o->nr_own = 0;
}

static void emit_answers(struct cw *c)
{
	struct poll *o = &c->poll;
	struct said *s = &c->said;
	if (o->now) {
		o->now->at = o->at;
		o->now->partial = o->partial;
		source_emit(c->src, o->now);
		o->now = NULL;
	}
	if (!o->range) {
		emit_own(c);
		return;
	}
	o->range->at = o->at;
	o->range->partial = o->partial;
	if (o->want.at == TIME_NONE) {
		bool joined = s->step == o->axis.step
			      && s->to >= o->axis.from;
		s->from = joined && s->from < o->axis.from ? s->from
							   : o->axis.from;
		s->to = o->axis.to;
		s->step = o->axis.step;
	} else {
		s->step = 0;
	}
	source_emit(c->src, o->range);
	o->range = NULL;
	emit_own(c);
}

static void poll_forget(struct poll *o)
{
	for (size_t i = 0; i < o->warnings; i++)
		free(o->warning[i]);
	batch_free(o->now);
	batch_free(o->range);
	for (size_t i = 0; i < o->nr_own; i++)
		batch_free(o->own[i].b);
	free(o->own);
	*o = (struct poll){ .at = o->at };
}

static void poll_end(struct cw *c)
{
	struct poll *o = &c->poll;
	size_t warnings = o->warnings;
	uv_timer_stop(&c->deadline);
	uv_timer_stop(&c->wake);
	if (!o->cancelled) {
		if (o->late && o->fault == FAULT_NONE) {
			char text[LIMIT_SENTENCE], span[TIME_TEXT];
			snprintf(text, sizeof(text), "%.150s: no whole answer "
				 "within %s; --timeout gives it longer",
				 c->shown, time_within(o->want.deadline,
						       span));
			set_fault(c, FAULT_TIMEOUT, text);
			warn(c, text);
			warnings = o->warnings;
		}
		emit_answers(c);
		emit_end(c);
	} else if (o->now && o->now->catalog) {
		c->said.catalog = NULL;
	}
	o->warnings = warnings;
	o->active = false;
	poll_forget(o);
	source_end(c->src);
}

static void on_made(uv_work_t *work, int status)
{
	struct cw *c = work->data;
	(void)status;
	c->poll.making = false;
	advance(c);
}

static void on_billed(uv_work_t *work)
{
	struct cw *c = work->data;
	struct cw_spent add = { c->client.metrics, c->client.cheap };
	if (c->cache)
		c->spent = cw_cache_spend(c->cache, server_now(c), &add);
	if (c->poll.answered && c->found.any)
		on_make(work);
}

static void save(struct cw *c)
{
	cw_saving(spent_usd(&c->spent), max_usd(c),
		  c->poll.want.paging || c->paging, PERIOD_OWN, &c->saving);
	c->src->period = PERIOD_OWN * c->saving.stretch;
}

/* ---- what a poll is about ---------------------------------------------------------------- */

static time_ms tier(time_ms age)
{
	return age > 63 * DAY ? HOUR : age > 15 * DAY ? 5 * MINUTE : MINUTE;
}

/* One point a dot of the chart (a quarter of it is the step), never finer than
 * what is kept. */
static time_ms chart_period(const struct want *w, time_ms back, time_ms least)
{
	static const time_ms nice[] = { 6 * HOUR, HOUR, 15 * MINUTE,
					5 * MINUTE };
	if (back <= MINUTES_BACK)
		return least;
	for (size_t i = 0; i < sizeof(nice) / sizeof(nice[0]); i++)
		if (nice[i] <= 4 * w->step && nice[i] > least)
			return nice[i];
	return least > 5 * MINUTE ? least : 5 * MINUTE;
}

static void set_group(struct cw *c, int i, time_ms period, time_ms from,
		      time_ms to, bool past)
{
	struct group *g = &c->group[i];
	bool own = kind_of(c, g) >= FIVES;
	char a[32], b[32], p[32];
	if (g->hold.period != period || g->past || past) {
		cw_hold_release(&g->hold);
		cw_hold_init(&g->hold, period);
		g->t.held_at = TIME_NONE;
	}
	g->used = true;
	g->past = past;
	g->from = time_floor(from, period);
	g->to = past ? time_floor(to, period) : time_ceil(to, period);
	g->fresh_for = period > c->src->period ? period : c->src->period;
	snprintf(p, sizeof(p), "%" PRId64, period);
	snprintf(a, sizeof(a), "%" PRId64, past ? g->from
					   : own ? to - from : 0);
	snprintf(b, sizeof(b), "%" PRId64, past ? g->to : 0);
	cw_key(g->t.key, own ? "slo" : "data", (const char *const[]){
		c->identity, c->shown, g->region ? g->region
						 : c->client.region,
		p, a, b, NULL });
}

static bool has_slo(const struct cw *c, const struct group *g)
{
	const struct cw_slos *s = &c->found.slos;
	for (size_t i = 0; i < s->nr; i++)
		if (is_ours(c, g, s->of[i].service)
		    && asks_slo(c, g, &s->of[i]))
			return true;
	return false;
}

/* The coarse grids of objectives: one file a reach, so that viewers of other
 * files do not cut each other's. */
static void set_grid(struct cw *c, int i, enum cw_grid grid, time_ms every)
{
	time_ms at = c->poll.at, back = c->found.slos.reach[grid];
	time_ms period = grid == CW_HOURS ? HOUR
			 : tier(server_now(c) - (at - back));
	if (!has_slo(c, &c->group[i]))
		return;
	set_group(c, i, period > 5 * MINUTE ? period : 5 * MINUTE, at - back,
		  at, c->poll.want.at != TIME_NONE);
	if (c->group[i].fresh_for < every)
		c->group[i].fresh_for = every;
}

static bool has_limit(const struct cw *c, const struct group *g, int grid)
{
	const struct cw_limits *l = &c->found.limits;
	for (size_t i = 0; i < l->nr; i++)
		if (l->of[i].grid == grid && is_ours(c, g, l->of[i].service))
			return true;
	return false;
}

static void set_limits(struct cw *c, int first)
{
	const struct cw_limits *l = &c->found.limits;
	time_ms at = c->poll.at;
	for (int i = 0; i < l->nr_grids; i++)
		if (has_limit(c, &c->group[first + i], i))
			set_group(c, first + i, l->period[i],
				  at - l->reach[i], at,
				  c->poll.want.at != TIME_NONE);
}

/* Which periods are asked, and how far back. */
static void set_groups(struct cw *c)
{
	struct poll *o = &c->poll;
	const struct want *w = &o->want;
	bool past = w->at != TIME_NONE;
	bool charts = w->charts && w->step > 0 && !w->only_slos;
	time_ms now = server_now(c), at = o->at;
	time_ms back = w->near > 0 ? w->near
		       : w->back > 0 ? w->back : BACK_DEFAULT;
	time_ms row = tier(now - (at - BURN_BACK - LOOK_BACK));
	time_ms fine = tier(now - (at - back - BURN_BACK));
	time_ms step = charts ? chart_period(w, back, fine) : row;
	time_ms judged = now - CW_JUDGED_AFTER < at ? now - CW_JUDGED_AFTER : at;
	time_ms rows_back = BURN_BACK + LOOK_BACK + row;
	bool both = step == row && charts;
	o->axis = (struct cw_axis){
		.judged = time_floor(judged, row), .window = row,
		.oldest = at - LOOK_BACK > judged - LOOK_BACK - HOUR
				  ? at - LOOK_BACK : judged - LOOK_BACK,
		.settled = time_floor(now - CW_JUDGED_AFTER, row),
		.step = charts ? step : 0,
		.from = time_ceil(at - back, step),
		.to = past ? time_floor(at, step) : time_ceil(at, step),
	};
	if (row == HOUR)
		o->axis.oldest = o->axis.judged;
	for (int i = 0; i < GROUPS; i++)
		c->group[i].used = false;
	bool east = false;
	for (size_t i = 0; i < c->found.list.nr; i++)
		east |= is_ours(c, &c->group[EAST_ROWS],
				c->found.member[i].service);
	for (int k = ROWS; k <= EAST_ROWS; k += EAST_ROWS) {
		set_limits(c, k + LIMITS);
		if (k == EAST_ROWS && !east)
			continue;
		set_group(c, k, row, both ? at - back - BURN_BACK
					  : at - rows_back, at, past);
		if (charts && !both)
			set_group(c, k + CHARTS, step,
				  at - back - BURN_BACK, at, past);
		set_grid(c, k + FIVES, CW_FIVES, FIVES_EVERY);
		set_grid(c, k + HOURS, CW_HOURS, HOURS_EVERY);
	}
}

static void set_keys(struct cw *c)
{
	struct buf more; /* what thresholds have listed beside the table */
	buf_init(&more, 0);
	for (size_t i = 0; i < c->nr_asks; i++)
		if (!cw_table_ask(i, &(struct cw_ask){ 0 }))
			buf_printf(&more, "%s %s\n", c->ask[i].list.space,
				   c->ask[i].list.metric);
	const char *const find[] = { c->identity, c->shown, c->client.region,
				     c->poll.recently ? "recent" : "all",
				     more.len ? buf_text(&more) : NULL, NULL };
	const char *const alarms[] = { c->identity, c->shown,
				       c->client.region, NULL };
	cw_key(c->find.key, "find", find);
	buf_release(&more);
	cw_key(c->alarms.key, "alarms", alarms);
}

static bool find_is_due(const struct cw *c)
{
	const struct found *f = &c->found;
	time_ms now = server_now(c);
	return !f->any || f->recently != c->poll.recently
	       || now - f->at >= FIND_EVERY || now < f->at - MINUTE;
}

static void adopt(struct cw *c)
{
	if (!c->fresh.any)
		return;
	if (c->found.any)
		arena_release(&c->found.arena);
	c->found = c->fresh;
	c->fresh = (struct found){ 0 };
}

static bool is_idle(const struct cw *c)
{
	const struct poll *o = &c->poll;
	bool idle = !o->asking && !o->making && c->find.step == STEP_IDLE
		    && c->alarms.step == STEP_IDLE;
	for (int i = 0; i < GROUPS; i++)
		idle &= c->group[i].t.step == STEP_IDLE;
	return idle;
}

static void start_groups(struct cw *c)
{
	set_groups(c);
	if (!c->poll.want.only_slos)
		topic_enter(&c->alarms);
	for (int i = 0; i < GROUPS; i++)
		if (c->group[i].used)
			topic_enter(&c->group[i].t);
}

static void get_credentials(struct cw *c);

enum { PHASE_FIND = 1, PHASE_ASK, PHASE_BILL };

static void finish(struct cw *c)
{
	c->phase = PHASE_BILL;
	c->poll.making = true;
	c->work.data = c;
	uv_queue_work(c->src->loop, &c->work, on_billed, on_made);
}

static void found_all(struct cw *c)
{
	struct poll *o = &c->poll;
	adopt(c);
	save(c);
	if (!c->found.any || o->stopped) {
		finish(c);
		return;
	}
	/* What some listings lack is said; the rest goes on. */
	if (o->fault != FAULT_THROTTLED)
		o->fault = FAULT_NONE;
	c->phase = PHASE_ASK;
	if (o->want.at == TIME_NONE)
		o->at = server_now(c);
	start_groups(c);
}

/* Called whenever something has ended. */
static void advance(struct cw *c)
{
	struct poll *o = &c->poll;
	if (!o->active || !is_idle(c))
		return;
	cw_client_skew(&c->client, &c->skew);
	if (o->restart && !o->stopped && !o->renewed) {
		o->restart = false;
		o->renewed = true;
		c->client.dead = c->client.dead_refused = false;
		if (aws_creds_refused(c->creds)) {
			get_credentials(c);
			return;
		}
		set_fault(c, FAULT_AUTH, o->refusal);
		o->stopped = true;
	}
	switch (c->phase) {
	case PHASE_FIND:
		found_all(c);
		break;
	case PHASE_ASK:
		finish(c);
		break;
	default:
		save(c);
		poll_end(c);
	}
}

/* ---- credentials --------------------------------------------------------------------------- */

static void keep(char **to, const char *s)
{
	free(*to);
	*to = s ? mem_strdup(s) : NULL;
}

static void show_endpoint(struct cw *c)
{
	struct buf url, shown;
	const char *from;
	struct err e;
	buf_init(&url, 0);
	buf_init(&shown, 0);
	if (c->endpoint)
		buf_str(&url, c->endpoint);
	else
		aws_endpoint(&c->settings, "monitoring", c->client.region,
			     &url, &from, &e);
	http_url_shown(buf_text(&url), &shown);
	keep(&c->shown, buf_text(&shown));
	free(c->src->url);
	c->src->url = mem_strdup(buf_text(&shown));
	buf_release(&url);
	buf_release(&shown);
}

static bool set_region(struct cw *c, const struct aws_creds_answer *a)
{
	const char *r = c->settings.region ? c->settings.region : a->region;
	if (!r)
		return false;
	snprintf(c->client.region, sizeof(c->client.region), "%s", r);
	show_endpoint(c);
	return true;
}

/* Nothing can be asked. */
static void give_up(struct cw *c, enum fault fault, const char *text)
{
	set_fault(c, fault, text);
	finish(c);
}

static void on_credentials(const struct aws_creds_answer *a, void *arg)
{
	struct cw *c = arg;
	struct poll *o = &c->poll;
	o->asking = false;
	if (a->provider)
		keep(&c->provider, a->provider);
	if (a->fault != FAULT_NONE || o->stopped) {
		give_up(c, a->fault != FAULT_NONE ? a->fault
						  : FAULT_CANCELLED,
			a->text);
		return;
	}
	c->client.keys = a->keys;
	keep(&c->identity, a->identity);
	if (!set_region(c, a)) {
		give_up(c, FAULT_BAD_QUERY, "cloudwatch: no region is known; "
			"--region eu-west-1, AWS_REGION or the profile's "
			"region says which");
		return;
	}
	if (c->phase == PHASE_ASK) {
		start_groups(c);
		return;
	}
	set_keys(c);
	c->phase = PHASE_FIND;
	if (find_is_due(c))
		topic_enter(&c->find);
	else
		found_all(c);
}

static void get_credentials(struct cw *c)
{
	struct poll *o = &c->poll;
	time_ms spent = (time_ms)(uv_now(c->src->loop) - o->began);
	time_ms left = o->want.deadline - spent;
	o->asking = true;
	aws_creds_skew(c->creds, c->skew);
	aws_creds_get(c->creds, left > 100 ? left - 50 : 50, on_credentials,
		      c);
}

/* ---- the source ------------------------------------------------------------------------------ */

static void stop(struct cw *c)
{
	struct poll *o = &c->poll;
	o->stopped = true;
	cw_client_stop(&c->client);
	if (o->asking)
		aws_creds_cancel(c->creds);
	uv_timer_start(&c->wake, on_wake, 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct cw *c = timer->data;
	c->poll.late = true;
	stop(c);
}

static void poll_begin(struct cw *c, const struct want *w)
{
	struct poll *o = &c->poll;
	struct source *src = c->src;
	time_ms timeout = src->opt.timeout ? src->opt.timeout
					   : TIMEOUT_DEFAULT;
	uv_update_time(src->loop);
	*o = (struct poll){ .want = *w, .retry_after = -1, .active = true };
	o->began = uv_now(src->loop);
	if (o->want.deadline <= 0)
		o->want.deadline = 3 * timeout;
	o->at = w->at != TIME_NONE ? w->at : server_now(c);
	o->recently = server_now(c) - o->at < RECENT;
	c->client.stopped = false;
	memset(c->client.throttles, 0, sizeof(c->client.throttles));
	c->client.dead = c->client.dead_refused = false;
	c->client.timeout = timeout;
	c->client.deadline = (time_ms)o->began + o->want.deadline;
	c->phase = PHASE_FIND;
	uv_timer_start(&c->deadline, on_deadline, (uint64_t)o->want.deadline,
		       0);
}

static void on_refused(uv_timer_t *timer)
{
	struct cw *c = timer->data;
	give_up(c, c->refused.code == EXIT_REFUSED ? FAULT_AUTH
						   : FAULT_BAD_QUERY,
		c->refused.text);
}

static void cw_poll(struct source *src, const struct want *w)
{
	struct cw *c = src->state;
	poll_begin(c, w);
	if (c->refused.code)
		uv_timer_start(&c->wake, on_refused, 0, 0);
	else
		get_credentials(c);
}

static void cw_cancel(struct source *src)
{
	struct cw *c = src->state;
	if (!c->poll.active || c->poll.cancelled)
		return;
	c->poll.cancelled = true;
	stop(c);
}

static void init_topics(struct cw *c)
{
	c->find = (struct topic){ .cw = c, .kind = TOPIC_FIND,
				  .held_at = TIME_NONE, .lock = CW_ALONE };
	c->alarms = c->find;
	c->alarms.kind = TOPIC_ALARMS;
	for (int i = 0; i < GROUPS; i++) {
		struct group *g = &c->group[i];
		g->t = c->find;
		g->t.kind = TOPIC_GROUP;
		g->region = i >= EAST_ROWS ? EAST : NULL;
		cw_hold_init(&g->hold, MINUTE);
		arena_init(&g->arena, 0);
	}
}

static void init_asks(struct cw *c)
{
	const struct source_options *o = &c->src->opt;
	struct cw_ask a;
	size_t nr = 0;
	while (cw_table_ask(nr, &a))
		nr++;
	arena_init(&c->asks_arena, 0);
	c->ask = arena_alloc(&c->asks_arena,
			     (nr + o->nr_thresholds + 1) * sizeof(*c->ask));
	for (size_t i = 0; i < nr; i++)
		cw_table_ask(i, &c->ask[i]);
	for (size_t i = 0; i < o->nr_thresholds; i++)
		nr += cw_limit_ask(o->threshold, i, &c->asks_arena,
				   &c->ask[nr]);
	c->nr_asks = nr;
}

static int check_endpoint(struct cw *c, const char *where, struct err *e)
{
	size_t n = strlen(where);
	if (strcmp(where, "cloudwatch") == 0 || !n)
		return 0;
	if (http_url_check(where, e) < 0)
		return -1;
	while (n && where[n - 1] == '/')
		n--;
	c->endpoint = mem_strndup(where, n);
	return 0;
}

static void open_client(struct cw *c)
{
	struct source *src = c->src;
	struct http_options o = { .ca_file = c->settings.ca_bundle,
				  .config = src->opt.http };
	o.compress = !http_url_is_loopback(c->shown);
	c->client.loop = src->loop;
	c->client.wall = src->wall;
	c->client.settings = &c->settings;
	c->client.endpoint = c->endpoint;
	c->client.http = http_new(src->loop, &o);
	cw_client_init(&c->client);
	c->creds = aws_creds_new(&(struct aws_creds_options){
		.loop = src->loop, .settings = &c->settings,
		.http = src->opt.http, .wall = src->wall });
	uv_timer_init(src->loop, &c->deadline);
	uv_timer_init(src->loop, &c->wake);
	c->deadline.data = c->wake.data = c;
	c->client.timer.data = &c->client;
	c->handles = 5;
}

static int cw_open(struct source *src, const char *where, struct err *e)
{
	struct cw *c = src->state;
	*c = (struct cw){ .src = src };
	if (check_endpoint(c, where, e) < 0)
		return -1;
	if (aws_settings_load(&c->settings, &aws_outside, src->opt.profile,
			      src->opt.region, e) < 0) {
		/* A profile that is nowhere is a credential that is missing:
		 * that is told as every other. */
		if (e->code != EXIT_REFUSED) {
			aws_settings_release(&c->settings);
			free(c->endpoint);
			return -1;
		}
		c->refused = *e;
	}
	if (workers_start(src->loop, e) < 0) {
		aws_settings_release(&c->settings);
		free(c->endpoint);
		return -1;
	}
	if (c->settings.region)
		snprintf(c->client.region, sizeof(c->client.region), "%s",
			 c->settings.region);
	if (c->settings.region || c->endpoint)
		show_endpoint(c);
	else
		keep(&c->shown, "");
	init_topics(c);
	init_asks(c);
	cw_saving(0, 0, false, PERIOD_OWN, &c->saving);
	open_client(c);
	src->period = PERIOD_OWN;
	src->interval = MINUTE;
	return 0;
}

static void part_closed(struct cw *c)
{
	if (--c->handles)
		return;
	struct source *src = c->src;
	for (int i = 0; i < GROUPS; i++) {
		cw_hold_release(&c->group[i].hold);
		arena_release(&c->group[i].arena);
	}
	if (c->found.any)
		arena_release(&c->found.arena);
	arena_release(&c->said.arena);
	arena_release(&c->asks_arena);
	free(c->said.alarm);
	cw_alarms_release(&c->state);
	if (c->cache)
		cw_cache_close(c->cache);
	free(c->endpoint);
	free(c->identity);
	free(c->provider);
	free(c->shown);
	aws_settings_release(&c->settings);
	source_closed(src);
}

static void on_closed(void *arg)
{
	part_closed(arg);
}

static void on_timer_closed(uv_handle_t *h)
{
	part_closed(h->data);
}

static void on_client_closed(uv_handle_t *h)
{
	struct cw_client *k = h->data;
	part_closed((struct cw *)(void *)((char *)k
					  - offsetof(struct cw, client)));
}

static void cw_close(struct source *src)
{
	struct cw *c = src->state;
	http_close(c->client.http, on_closed, c);
	aws_creds_close(c->creds, on_closed, c);
	cw_client_close(&c->client, on_client_closed);
	uv_close((uv_handle_t *)&c->deadline, on_timer_closed);
	uv_close((uv_handle_t *)&c->wake, on_timer_closed);
}

const struct source_ops cloudwatch_ops = {
	.name = "cloudwatch",
	.help = "Amazon CloudWatch: load balancers, APIs, functions, tables",
	.state_size = sizeof(struct cw),
	.open = cw_open,
	.poll = cw_poll,
	.cancel = cw_cancel,
	.close = cw_close,
};
