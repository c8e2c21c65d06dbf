/* The course of a topic: its lock, what others have left, the calls, what is
 * left to others. */
#include "sources/cw_parts.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_LOOK ((uint64_t)40)
#define LOCK_WAIT (8 * SECOND)

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

/* ---- on a worker -------------------------------------------------------- */

static void on_enter(uv_work_t *work)
{
	struct topic *t = work->data;
	struct cw *c = t->cw;
	if (!c->cache) {
		c->cache = cw_cache_open(NULL);
		cw_cache_sweep(c->cache, cw_server_now(c));
	}
	if (!t->tried_lock) {
		t->lock = cw_lock(c->cache, t->key);
		t->tried_lock = t->lock != CW_BUSY;
	}
	switch (t->kind) {
	case TOPIC_FIND:
		c->spent = cw_cache_spend(c->cache, cw_server_now(c),
					  &(struct cw_spent){ 0 });
		cw_enter_find(c, t);
		break;
	case TOPIC_ALARMS:
		cw_enter_alarms(c, t);
		break;
	case TOPIC_GROUP:
		cw_enter_group(c, group_of(t));
	}
}

static void on_leave(uv_work_t *work)
{
	struct topic *t = work->data;
	switch (t->kind) {
	case TOPIC_FIND:
		cw_leave_find(t->cw, t);
		break;
	case TOPIC_ALARMS:
		cw_leave_alarms(t->cw, t);
		break;
	case TOPIC_GROUP:
		cw_leave_group(t->cw, group_of(t));
	}
	/* At once: whoever waits need not wait for our loop. */
	unlock(t);
}

/* ---- what came back ----------------------------------------------------- */

static void on_left(uv_work_t *work, int status)
{
	struct topic *t = work->data;
	(void)status;
	topic_end(t);
	cw_advance(t->cw);
}

static void note_messages(struct cw *c, const struct cw_data *d)
{
	char text[LIMIT_SENTENCE];
	for (size_t i = 0; i < d->nr_messages; i++) {
		snprintf(text, sizeof(text), "CloudWatch says %s: %.200s",
			 d->message[i].code, d->message[i].text);
		cw_warn(c, text);
	}
	for (size_t i = 0; i < d->nr; i++)
		for (size_t k = 0; k < d->result[i].nr_messages; k++) {
			snprintf(text, sizeof(text),
				 "CloudWatch says %s: %.200s",
				 d->result[i].message[k].code,
				 d->result[i].message[k].text);
			cw_warn(c, text);
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
	cw_warn(c, text);
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
		cw_warn(c, text);
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
			cw_warn(c, r->text);
		return;
	}
	if (t->kind == TOPIC_FIND && denied
	    && !c->ask[r - t->request].needed)
		return;
	if (r->fault != FAULT_CANCELLED)
		cw_warn(c, r->text);
	cw_set_fault(c, r->fault, r->text);
}

typedef void request_done(struct cw_request *r, void *topic);

static void start_requests(struct topic *t, size_t first, request_done *done)
{
	t->pending = t->nr - first;
	for (size_t i = first; i < t->nr; i++) {
		t->request[i].done = done;
		t->request[i].arg = t;
		cw_request_start(&t->cw->client, &t->request[i]);
	}
}

static void on_request(struct cw_request *r, void *arg)
{
	struct topic *t = arg;
	struct cw *c = t->cw;
	size_t asked = t->nr;
	(void)r;
	if (--t->pending)
		return;
	if (!c->poll.stopped && t->kind == TOPIC_GROUP && !t->retried
	    && cw_ask_again(t)) {
		start_requests(t, asked, on_request);
		return;
	}
	for (size_t i = 0; i < t->nr; i++) {
		const struct cw_request *x = &t->request[i];
		if (x->fault != FAULT_NONE) {
			note_fault(c, t, x);
			continue;
		}
		c->poll.answered |= t->kind == TOPIC_GROUP;
		if (x->repeated)
			cw_warn(c, "CloudWatch repeats a page's token: paging "
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

static void topic_call(struct topic *t)
{
	t->step = STEP_CALL;
	t->retried = false;
	switch (t->kind) {
	case TOPIC_FIND:
		cw_ask_find(t->cw, t);
		break;
	case TOPIC_ALARMS:
		t->request = mem_zero(1, sizeof(*t->request));
		t->request[0].kind = CW_DESCRIBE_ALARMS;
		t->nr = 1;
		break;
	case TOPIC_GROUP:
		cw_ask_group(group_of(t));
	}
	start_requests(t, 0, on_request);
}

/* ---- the way in --------------------------------------------------------- */

static void wake(struct topic *t)
{
	if (t->step == STEP_WAIT && !t->cw->poll.stopped)
		cw_topic_enter(t);
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
	cw_advance(c);
}

void cw_wake(struct cw *c, uint64_t in_ms)
{
	uv_timer_start(&c->wake, on_wake, in_ms, 0);
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
		cw_advance(c);
	} else if (t->tried_lock || waited_enough(c, t)) {
		t->waiting = 0;
		topic_call(t);
	} else {
		if (!t->waiting)
			t->waiting = uv_now(c->src->loop);
		t->step = STEP_WAIT;
		cw_wake(c, LOCK_LOOK);
	}
}

void cw_topic_enter(struct topic *t)
{
	t->step = STEP_ENTER;
	t->work.data = t;
	uv_queue_work(t->cw->src->loop, &t->work, on_enter, on_entered);
}

void cw_init_topics(struct cw *c)
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
