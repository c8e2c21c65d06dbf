/* The account's alarms: their states, and the changes that are news. */
#include "sources/cw_parts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/cw_share.h"

/* ---- on a worker -------------------------------------------------------- */

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

void cw_enter_alarms(struct cw *c, struct topic *t)
{
	struct buf b;
	time_ms at, now = cw_server_now(c);
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

void cw_leave_alarms(struct cw *c, struct topic *t)
{
	struct buf b;
	time_ms now = cw_server_now(c);
	if (t->request[0].fault != FAULT_NONE)
		return;
	buf_init(&b, 0);
	cw_share_alarms(&t->request[0].alarms, &b);
	take_alarms(c, buf_text(&b), b.len, now);
	cw_cache_write(c->cache, t->key, now, &b);
	buf_release(&b);
}

/* ---- what is told ------------------------------------------------------- */

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

void cw_add_alarms(struct cw *c, struct batch *b)
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
