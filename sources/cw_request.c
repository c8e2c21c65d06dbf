#include "sources/cw_request.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define IN_FLIGHT 4u
#define TRIES_THROTTLED 5u
#define TRIES_PASSING 3u
#define TRIES_ALARMS 3u
#define BODY_MAX ((size_t)16 << 20) /* a full answer has 3.3 MB */
#define SKEW_LEAST ((time_ms)20000) /* a signature may be 5 minutes old */
#define PAGES_MAX ((size_t)1000)
#define HEARD ((time_ms)50) /* a request ends so long before its poll */

static time_ms wall(const struct cw_client *c)
{
	struct timeval tv;
	if (c->wall)
		return c->wall();
	gettimeofday(&tv, NULL);
	return (time_ms)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

bool cw_client_skew(const struct cw_client *c, time_ms *skew)
{
	bool known;
	*skew = clock_offset_value(&c->offset, &known);
	return known;
}

time_ms cw_client_now(const struct cw_client *c)
{
	time_ms skew;
	cw_client_skew(c, &skew);
	return wall(c) + skew;
}

static time_ms mono(const struct cw_client *c)
{
	return (time_ms)uv_now(c->loop);
}

/* ---- what is said about a fault ------------------------------------------ */

static const char *call_name(const struct cw_request *r)
{
	static const char *const names[] = {
		[CW_GET_METRIC_DATA] = "GetMetricData",
		[CW_LIST_METRICS] = "ListMetrics",
		[CW_DESCRIBE_ALARMS] = "DescribeAlarms",
	};
	return names[r->kind];
}

static const char *region_of(const struct cw_request *r)
{
	return r->region ? r->region : r->client->region;
}

static const char *next_step(const struct cw_request *r)
{
	switch (r->error.kind) {
	case CW_ERROR_THROTTLED:
		return "the account's quota is used up, by all its tools; "
		       "asked again later";
	case CW_ERROR_SKEW:
		return "the secret key is not this key's, or the clock is "
		       "wrong; redtop doctor shows both";
	case CW_ERROR_DENIED:
		return "the role needs cloudwatch:ListMetrics, GetMetricData "
		       "and DescribeAlarms";
	case CW_ERROR_CREDENTIALS:
		return "these credentials are not good any more; redtop "
		       "doctor shows where they are from";
	case CW_ERROR_PASSING:
		return "CloudWatch has a fault; asked again";
	default:
		return "redtop doctor shows endpoint and region";
	}
}

static void say_error(struct cw_request *r)
{
	const struct cw_error *e = &r->error;
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	buf_printf(&b, "%s in %s: %s%s%.140s; %s", call_name(r), region_of(r),
		   e->code, *e->code && *e->message ? ": " : "",
		   e->message, next_step(r));
	memcpy(r->text, buf_text(&b), b.len + 1);
	buf_release(&b);
	r->fault = e->fault;
}

static void say(struct cw_request *r, enum fault fault, const char *text)
{
	r->fault = fault;
	snprintf(r->text, sizeof(r->text), "%.300s", text);
}

/* ---- the queue ------------------------------------------------------------ */

static void unlink_request(struct cw_request *r)
{
	struct cw_client *c = r->client;
	struct cw_request **at = &c->first;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (c->last == &r->next)
		c->last = at;
	r->next = NULL;
}

static void finish(struct cw_request *r)
{
	unlink_request(r);
	buf_release(&r->body);
	r->done(r, r->arg);
}

static void again(struct cw_request *r, time_ms pause)
{
	r->client->retries++;
	r->not_before = (uint64_t)(mono(r->client) + pause);
	r->sent = false;
}

static bool is_late(const struct cw_request *r, time_ms pause)
{
	const struct cw_client *c = r->client;
	return c->stopped || mono(c) + pause >= c->deadline;
}

/* A page's token that came before would be answered for ever. */
static bool is_new_token(struct cw_request *r, const char *token)
{
	uint64_t h = 1469598103934665603u;
	for (const char *s = token; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	for (size_t i = 0; i < r->nr_tokens; i++)
		if (r->token[i] == h)
			return false;
	if (r->nr_tokens >= PAGES_MAX)
		return false;
	MEM_ROOM(r->token, r->nr_tokens, r->cap_tokens);
	r->token[r->nr_tokens++] = h;
	return true;
}

static void forget_pages(struct cw_request *r)
{
	free(r->page);
	r->page = NULL;
	r->nr_tokens = 0;
	switch (r->kind) {
	case CW_GET_METRIC_DATA:
		cw_data_release(&r->data);
		cw_data_init(&r->data, r->nr);
		break;
	case CW_LIST_METRICS:
		cw_metrics_release(&r->metrics);
		cw_metrics_init(&r->metrics);
		break;
	default:
		cw_alarms_release(&r->alarms);
		cw_alarms_init(&r->alarms);
	}
}

/* ---- answers -------------------------------------------------------------- */

static void pump(struct cw_client *c);

static const char *token_of(const struct cw_request *r)
{
	return r->kind == CW_GET_METRIC_DATA ? r->data.token
	       : r->kind == CW_LIST_METRICS ? r->metrics.token
	       : r->alarms.token;
}

static void on_work(uv_work_t *work)
{
	struct cw_request *r = work->data;
	const char *s = buf_text(&r->body);
	switch (r->kind) {
	case CW_GET_METRIC_DATA:
		r->rc = cw_data_read(&r->data, s, r->body.len, &r->bad);
		break;
	case CW_LIST_METRICS:
		r->rc = cw_metrics_read(&r->metrics, s, r->body.len, &r->bad);
		break;
	default:
		r->rc = cw_alarms_read(&r->alarms, s, r->body.len, &r->bad);
	}
}

/* A broken body may be whole the next time. */
static bool take_broken(struct cw_request *r)
{
	char text[LIMIT_SENTENCE + 1];
	bool login = r->bad.code == EXIT_REFUSED;
	if (!login && ++r->attempt < TRIES_PASSING && !is_late(r, 0)) {
		again(r, cw_backoff(r->attempt, -1, &r->client->seed));
		return false;
	}
	snprintf(text, sizeof(text), "%s in %s: %.180s; check the endpoint "
		 "and proxies", call_name(r), region_of(r), r->bad.text);
	say(r, login ? FAULT_AUTH : FAULT_BAD_ANSWER, text);
	/* Every other answer would be as useless. */
	if (!login && r->kind != CW_LIST_METRICS)
		return true;
	r->client->dead = true;
	r->client->dead_fault = r->fault;
	snprintf(r->client->dead_text, sizeof(r->client->dead_text), "%s",
		 r->text);
	return true;
}

static void on_worked(uv_work_t *work, int status)
{
	struct cw_request *r = work->data;
	struct cw_client *c = r->client;
	bool done = true;
	(void)status;
	r->working = false;
	c->in_flight--;
	if (c->stopped) {
		say(r, FAULT_CANCELLED, "cancelled");
	} else if (r->rc < 0) {
		done = take_broken(r);
	} else {
		const char *token = token_of(r);
		c->throttles[r->kind] = 0;
		cw_quota_answered(&c->quota, r->kind);
		r->attempt = 0;
		free(r->page);
		r->page = NULL;
		if (token && is_new_token(r, token)) {
			r->page = mem_strdup(token);
			r->sent = done = false;
		} else if (token) {
			r->repeated = true;
		}
	}
	if (done)
		finish(r);
	pump(c);
}

/* True: it has ended. */
static bool take_throttled(struct cw_request *r, time_ms asked)
{
	struct cw_client *c = r->client;
	time_ms pause = cw_backoff(r->attempt++, asked, &c->seed);
	cw_quota_throttled(&c->quota, r->kind, mono(c));
	r->retry_after = asked;
	/* Alarms are not waited for as the numbers are. */
	unsigned tries = r->kind == CW_DESCRIBE_ALARMS ? TRIES_ALARMS
						       : TRIES_THROTTLED;
	if (++c->throttles[r->kind] < CW_THROTTLES_MAX && r->attempt < tries
	    && !is_late(r, pause)) {
		again(r, pause);
		return false;
	}
	say_error(r);
	return true;
}

/* Whether the clocks turned out to be so far apart that the signature was
 * refused for it: it is signed by the server's clock now. */
static bool is_skewed(struct cw_request *r)
{
	time_ms skew;
	if (r->skewed || !cw_client_skew(r->client, &skew))
		return false;
	r->skewed = true;
	return skew - r->skew > SKEW_LEAST || r->skew - skew > SKEW_LEAST;
}

static bool take_error(struct cw_request *r, const struct http_result *h)
{
	cw_error_read(h->status, h->query_error, h->content_type,
		      buf_text(&r->body), r->body.len, &r->error);
	r->retry_after = h->retry_after;
	switch (r->error.kind) {
	case CW_ERROR_THROTTLED:
		return take_throttled(r, h->retry_after);
	case CW_ERROR_PASSING:
		if (++r->attempt < TRIES_PASSING && !is_late(r, 0)) {
			again(r, cw_backoff(r->attempt, h->retry_after,
					    &r->client->seed));
			return false;
		}
		break;
	case CW_ERROR_TOKEN:
		if (!r->fresh && !is_late(r, 0)) {
			r->fresh = true;
			forget_pages(r);
			again(r, 0);
			return false;
		}
		break;
	default:
		if ((r->error.kind == CW_ERROR_SKEW
		     || r->error.kind == CW_ERROR_CREDENTIALS
		     || r->error.kind == CW_ERROR_DENIED)
		    && is_skewed(r)) {
			again(r, 0);
			return false;
		}
		r->refused = r->error.kind == CW_ERROR_CREDENTIALS
			     || r->error.kind == CW_ERROR_SKEW;
	}
	say_error(r);
	return true;
}

static bool take_transport(struct cw_request *r, const struct http_result *h)
{
	bool passing = h->fault == FAULT_NETWORK || h->fault == FAULT_REFUSED;
	if (passing && ++r->attempt < TRIES_PASSING && !is_late(r, 0)) {
		again(r, cw_backoff(r->attempt, -1, &r->client->seed));
		return false;
	}
	say(r, h->fault, h->text);
	return true;
}

static void give_up(struct cw_request *r)
{
	struct cw_client *c = r->client;
	bool nobody = r->fault == FAULT_NAME || r->fault == FAULT_REFUSED
		      || r->fault == FAULT_TLS;
	if (c->dead || (!r->refused && !nobody))
		return;
	c->dead = true;
	c->dead_fault = r->fault;
	c->dead_refused = r->refused;
	c->dead_error = r->error;
	snprintf(c->dead_text, sizeof(c->dead_text), "%s", r->text);
}

static void learn_clock(struct cw_client *c, const struct http_result *h)
{
	if (h->date == TIME_NONE || h->fault != FAULT_NONE)
		return;
	int64_t age_us = (int64_t)(uv_hrtime() / 1000) - h->sent_us;
	time_ms sent = wall(c) - age_us / 1000;
	clock_offset_learn(&c->offset, h->date, sent - 1,
			   sent + h->took_us / 1000 + 1);
}

static bool on_data(struct http_request *request, const char *bytes, size_t n,
		    void *arg)
{
	struct cw_request *r = arg;
	(void)request;
	buf_add(&r->body, bytes, n);
	return !r->body.full;
}

static void on_done(struct http_request *request, const struct http_result *h,
		    void *arg)
{
	struct cw_request *r = arg;
	struct cw_client *c = r->client;
	bool done;
	(void)request;
	r->request = NULL;
	learn_clock(c, h);
	c->took_us = h->took_us;
	c->bytes += h->wire_bytes;
	c->body_bytes += h->body_bytes;
	if (c->stopped) {
		say(r, FAULT_CANCELLED, "cancelled");
		done = true;
	} else if (h->fault != FAULT_NONE) {
		done = take_transport(r, h);
	} else if (h->status != 200) {
		done = take_error(r, h);
	} else {
		r->working = true;
		r->work.data = r;
		uv_queue_work(c->loop, &r->work, on_work, on_worked);
		return;
	}
	c->in_flight--;
	if (done)
		give_up(r);
	if (done)
		finish(r);
	pump(c);
}

/* ---- sending -------------------------------------------------------------- */

static void write_body(const struct cw_request *r, struct buf *out)
{
	switch (r->kind) {
	case CW_GET_METRIC_DATA:
		cw_write_get_metric_data(out, r->query, r->nr, r->from, r->to,
					 r->page);
		break;
	case CW_LIST_METRICS:
		cw_write_list_metrics(out, &r->list, r->recently, r->page);
		break;
	default:
		cw_write_describe_alarms(out, r->page);
	}
}

/* "127.0.0.1:4566" and "/path" of a base URL; default ports are not sent. */
static void split_url(const char *url, struct buf *host, struct buf *path)
{
	bool tls = strncmp(url, "https:", 6) == 0;
	const char *s = strstr(url, "://"), *at;
	s = s ? s + 3 : url;
	size_t n = strcspn(s, "/?#");
	at = memchr(s, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - s);
		s = at + 1;
	}
	const char *standard = tls ? ":443" : ":80";
	size_t k = strlen(standard);
	buf_add(path, s + n, strcspn(s + n, "?#"));
	if (n > k && strncmp(s + n - k, standard, k) == 0)
		n -= k;
	buf_add(host, s, n);
	if (!path->len)
		buf_char(path, '/');
}

static void sign(struct cw_request *r, const char *url,
		 const struct buf *body, const char *target,
		 struct sigv4 *out)
{
	const struct cw_client *c = r->client;
	struct buf host, path;
	buf_init(&host, 0);
	buf_init(&path, 0);
	split_url(url, &host, &path);
	struct sigv4_field field[] = {
		{ "content-type", "application/x-amz-json-1.0" },
		{ "host", buf_text(&host) },
		{ "x-amz-target", target },
		{ "x-amzn-query-mode", "true" },
	};
	struct sigv4_ask ask = {
		.method = "POST", .path = buf_text(&path),
		.field = field, .nr_fields = sizeof(field) / sizeof(field[0]),
		.body = buf_text(body), .body_len = body->len,
		.region = region_of(r), .service = "monitoring",
		.at = cw_client_now(c),
	};
	cw_client_skew(c, &r->skew);
	sigv4_sign(&ask, &c->keys, out);
	buf_release(&host);
	buf_release(&path);
}

static time_ms time_left(const struct cw_client *c)
{
	time_ms left = c->deadline - mono(c);
	left -= HEARD < left / 4 ? HEARD : left / 4;
	left = c->timeout && c->timeout < left ? c->timeout : left;
	return left > 1 ? left : 1;
}

static void send_to(struct cw_request *r, const char *url)
{
	struct cw_client *c = r->client;
	struct buf body, target, date, token;
	struct sigv4 s = { 0 };
	buf_init(&body, 0);
	buf_init(&target, 0);
	buf_init(&date, 0);
	buf_init(&token, 0);
	buf_clear(&r->body);
	write_body(r, &body);
	buf_printf(&target, "X-Amz-Target: %s%s", CW_TARGET, call_name(r));
	sign(r, url, &body, buf_text(&target) + strlen("X-Amz-Target: "), &s);
	buf_printf(&date, "X-Amz-Date: %s", s.date);
	buf_printf(&token, "X-Amz-Security-Token: %s",
		   c->keys.token ? c->keys.token : "");
	const char *lines[] = {
		"Content-Type: application/x-amz-json-1.0", target.s,
		"X-Amzn-Query-Mode: true", date.s,
		c->keys.token ? token.s : NULL, NULL,
	};
	r->request = http_start(c->http, &(struct http_ask){
		.url = url, .body = buf_text(&body), .lines = lines,
		.authorization = buf_text(&s.authorization),
		.timeout = time_left(c), .max_body = BODY_MAX,
		.on_data = on_data,
		.on_done = on_done, .arg = r,
	});
	if (token.s)
		explicit_bzero(token.s, token.len);
	sigv4_release(&s);
	buf_release(&body);
	buf_release(&target);
	buf_release(&date);
	buf_release(&token);
}

static void count(struct cw_request *r)
{
	struct cw_client *c = r->client;
	c->requests++;
	c->in_flight++;
	r->sent = true;
	if (r->kind == CW_GET_METRIC_DATA)
		c->metrics += r->nr;
	else
		c->cheap++;
}

/* False: it has ended for it cannot be sent. */
static bool dispatch(struct cw_request *r)
{
	struct cw_client *c = r->client;
	struct buf url;
	const char *from;
	struct err e;
	buf_init(&url, 0);
	bool ok = true;
	if (c->endpoint)
		buf_str(&url, c->endpoint);
	else
		ok = aws_endpoint(c->settings, "monitoring", region_of(r),
				  &url, &from, &e) == 0;
	if (ok) {
		count(r);
		send_to(r, buf_text(&url));
	} else {
		say(r, FAULT_BAD_QUERY, e.text);
	}
	buf_release(&url);
	return ok;
}

static double points_of(const struct cw_request *r)
{
	double points = 0;
	for (size_t i = 0; i < r->nr; i++)
		points += (double)(r->to - r->from)
			  / (double)r->query[i].period;
	return points;
}

static void on_timer(uv_timer_t *t)
{
	pump(t->data);
}

/* 0: it may go; else how long it has to wait. */
static time_ms wait_of(struct cw_request *r)
{
	struct cw_client *c = r->client;
	time_ms now = mono(c);
	if ((time_ms)r->not_before > now)
		return (time_ms)r->not_before - now;
	return cw_quota_take(&c->quota, r->kind, points_of(r), now);
}

/* One that waits for its turn ends as those before it did. */
static bool must_end(struct cw_request *r)
{
	struct cw_client *c = r->client;
	if (c->stopped) {
		say(r, FAULT_CANCELLED, "cancelled");
		return true;
	}
	if (c->dead) {
		r->error = c->dead_error;
		r->refused = c->dead_refused;
		say(r, c->dead_fault, c->dead_text);
		return true;
	}
	if (c->throttles[r->kind] < CW_THROTTLES_MAX)
		return false;
	if (!*r->error.code)
		r->error = (struct cw_error){
			CW_ERROR_THROTTLED, FAULT_THROTTLED, "Throttling",
			"Rate exceeded" };
	say_error(r);
	return true;
}

static void pump(struct cw_client *c)
{
	time_ms soonest = 0;
	for (struct cw_request *r = c->first, *next; r; r = next) {
		next = r->next;
		if (r->sent)
			continue;
		if (must_end(r)) {
			finish(r);
			pump(c);
			return;
		}
		if (c->in_flight >= IN_FLIGHT)
			break;
		time_ms wait = wait_of(r);
		if (wait && (!soonest || wait < soonest))
			soonest = wait;
		if (!wait && !dispatch(r)) {
			finish(r);
			pump(c);
			return;
		}
	}
	if (soonest)
		uv_timer_start(&c->timer, on_timer, (uint64_t)soonest, 0);
}

void cw_request_start(struct cw_client *c, struct cw_request *r)
{
	r->client = c;
	r->retry_after = -1;
	buf_init(&r->body, BODY_MAX);
	cw_data_init(&r->data, r->nr);
	cw_metrics_init(&r->metrics);
	cw_alarms_init(&r->alarms);
	*c->last = r;
	c->last = &r->next;
	uv_timer_start(&c->timer, on_timer, 0, 0);
}

void cw_client_stop(struct cw_client *c)
{
	c->stopped = true;
	for (struct cw_request *r = c->first; r; r = r->next)
		if (r->request)
			http_cancel(r->request);
	uv_timer_start(&c->timer, on_timer, 0, 0);
}

void cw_request_release(struct cw_request *r)
{
	cw_data_release(&r->data);
	cw_metrics_release(&r->metrics);
	cw_alarms_release(&r->alarms);
	free(r->token);
	free(r->page);
}

void cw_client_init(struct cw_client *c)
{
	c->last = &c->first;
	c->seed = uv_hrtime();
	clock_offset_init(&c->offset);
	cw_quota_init(&c->quota, mono(c));
	uv_timer_init(c->loop, &c->timer);
	c->timer.data = c;
}

void cw_client_close(struct cw_client *c, uv_close_cb closed)
{
	uv_close((uv_handle_t *)&c->timer, closed);
}
