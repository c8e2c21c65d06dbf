/* A poll: credentials, then what services there are, then their numbers and
 * the alarms at once, then the batches. Each of these things is a topic: it is
 * shared with other viewers under a key, whose lock is held while CloudWatch is
 * asked. Files, decoding and arithmetic are a worker's. */
#include "sources/cloudwatch.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/cw_parts.h"
#include "sources/discover.h"
#include "sources/workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define TIMEOUT_DEFAULT (10 * SECOND)
#define RECENT          HOUR /* back: RecentlyActive will do */

enum { PHASE_FIND = 1, PHASE_ASK, PHASE_BILL };

time_ms cw_server_now(const struct cw *c)
{
	struct timeval tv;
	if (c->src->wall)
		return c->src->wall() + c->skew;
	gettimeofday(&tv, NULL);
	return (time_ms)tv.tv_sec * 1000 + tv.tv_usec / 1000 + c->skew;
}

/* ---- phases ------------------------------------------------------------- */

static void on_made(uv_work_t *work, int status)
{
	struct cw *c = work->data;
	(void)status;
	c->poll.making = false;
	cw_advance(c);
}

static void on_billed(uv_work_t *work)
{
	struct cw *c = work->data;
	struct cw_spent add = { c->client.metrics, c->client.cheap };
	if (c->cache)
		c->spent = cw_cache_spend(c->cache, cw_server_now(c), &add);
	if (c->poll.answered && c->found.any)
		cw_make_batches(c);
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
	cw_set_groups(c);
	if (!c->poll.want.only_slos)
		cw_topic_enter(&c->alarms);
	for (int i = 0; i < GROUPS; i++)
		if (c->group[i].used)
			cw_topic_enter(&c->group[i].t);
}

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
	cw_adopt(c);
	cw_save(c);
	if (!c->found.any || o->stopped) {
		finish(c);
		return;
	}
	/* What some listings lack is said; the rest goes on. */
	if (o->fault != FAULT_THROTTLED)
		o->fault = FAULT_NONE;
	c->phase = PHASE_ASK;
	if (o->want.at == TIME_NONE)
		o->at = cw_server_now(c);
	start_groups(c);
}

/* ---- credentials -------------------------------------------------------- */

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
	cw_set_fault(c, fault, text);
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
	cw_set_keys(c);
	c->phase = PHASE_FIND;
	if (cw_find_is_due(c))
		cw_topic_enter(&c->find);
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

void cw_advance(struct cw *c)
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
		cw_set_fault(c, FAULT_AUTH, o->refusal);
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
		cw_save(c);
		cw_poll_end(c);
	}
}

/* ---- the source --------------------------------------------------------- */

static void stop(struct cw *c)
{
	struct poll *o = &c->poll;
	o->stopped = true;
	cw_client_stop(&c->client);
	if (o->asking)
		aws_creds_cancel(c->creds);
	cw_wake(c, 0);
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
	o->at = w->at != TIME_NONE ? w->at : cw_server_now(c);
	o->recently = cw_server_now(c) - o->at < RECENT;
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
	cw_init_topics(c);
	cw_init_asks(c);
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
