#include "sources/demo_promise.h"

#include "base/mem.h"
#include "sources/demo.h"
#include "sources/demo_catalog.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((time_ms)60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define MONTH (30 * DAY)
#define STEP ((time_ms)5000)
#define STEPS (DEMO_PERIOD / STEP)
/* The oldest of a period that is not there. */
#define MISSING (86 * MINUTE)

/* ---- what is promised --------------------------------------------------- */

#define EVERY(metric, match) "sum(rate(" metric "{" match "}[$window]))"
/* More than a limit that is a bucket's bound. */
#define SLOWER(metric, match, le) EVERY(metric "_count", match) " - " \
	EVERY(metric "_bucket", match ",le=\"" le "\"")
#define PROMISE .period = MONTH, .method = SLO_OCCURRENCES
#define HTTP "http_request_duration_seconds"
#define OTEL "http_server_duration_milliseconds"

static const struct slo_def promises[] = {
	{ .id = "checkout-availability", .service = "checkout", PROMISE,
	  .objective = .999,
	  .errors = EVERY(HTTP "_count", "job=\"checkout\",status=~\"5..\""),
	  .total = EVERY(HTTP "_count", "job=\"checkout\""),
	  .what = "99.9% of requests answered without 5xx" },
	{ .id = "checkout-latency", .service = "checkout", PROMISE,
	  .objective = .99, .latency = .3,
	  .errors = SLOWER(HTTP, "job=\"checkout\"", "0.3"),
	  .total = EVERY(HTTP "_count", "job=\"checkout\""),
	  .what = "99% of requests answered within 300ms" },
	{ .id = "payment-availability", .service = "payment", PROMISE,
	  .objective = .999,
	  .errors = EVERY(HTTP "_count", "job=\"payment\",status=~\"5..\""),
	  .total = EVERY(HTTP "_count", "job=\"payment\""),
	  .what = "99.9% of requests answered without 5xx" },
	{ .id = "payment-latency", .service = "payment", PROMISE,
	  .objective = .99, .latency = .5,
	  .errors = SLOWER(HTTP, "job=\"payment\"", "0.5"),
	  .total = EVERY(HTTP "_count", "job=\"payment\""),
	  .what = "99% of requests answered within 500ms" },
	{ .id = "email-delivered", .service = "email", PROMISE,
	  .objective = .995,
	  .errors = EVERY("mail_send_seconds_count",
			  "job=\"email\",outcome=\"SERVER_ERROR\""),
	  .total = EVERY("mail_send_seconds_count", "job=\"email\""),
	  .what = "99.5% of mails taken by the next server" },
	{ .id = "edge-availability", .service = "edge", PROMISE,
	  .objective = .9995,
#define M "nginx_ingress_controller_request_duration_seconds_count"
	  .errors = EVERY(M, "ingress=\"edge\",status=~\"5..\""),
	  .total = EVERY(M, "ingress=\"edge\""),
#undef M
	  .what = "99.95% of requests answered without 5xx" },
	{ .id = "search-latency", .service = "search", PROMISE,
	  .objective = .95, .latency = .1,
	  .errors = SLOWER(OTEL, "job=\"search\"", "100"),
	  .total = EVERY(OTEL "_count", "job=\"search\""),
	  .what = "95% of requests answered within 100ms" },
	{ .id = "search-availability", .service = "search", PROMISE,
	  .objective = .999,
	  .errors = EVERY(OTEL "_count", "job=\"search\",code=~\"5..\""),
	  .total = EVERY(OTEL "_count", "job=\"search\""),
	  .what = "99.9% of requests answered without 5xx" },
	{ .id = "cart-availability", .service = "cart", PROMISE,
	  .objective = .999,
	  .errors = EVERY(OTEL "_count", "job=\"cart\",code=~\"5..\""),
	  .total = EVERY(OTEL "_count", "job=\"cart\""),
	  .what = "99.9% of requests answered without 5xx" },
	{ .id = "cart-latency", .service = "cart", PROMISE,
	  .objective = .99, .latency = .25,
	  .errors = SLOWER(OTEL, "job=\"cart\"", "250"),
	  .total = EVERY(OTEL "_count", "job=\"cart\""),
	  .what = "99% of requests answered within 250ms" },
	{ .id = "web-availability", .service = "web", PROMISE,
	  .objective = .999,
	  .errors = EVERY(HTTP "_count", "job=\"web\",status=~\"5..\""),
	  .total = EVERY(HTTP "_count", "job=\"web\""),
	  .what = "99.9% of pages answered without 5xx" },
	{ .id = "inventory-availability", .service = "inventory", PROMISE,
	  .objective = .995,
#define M "haproxy_backend_http_responses_total"
	  .errors = EVERY(M, "proxy=\"inventory\",code=\"5xx\""),
	  .total = EVERY(M, "proxy=\"inventory\""),
#undef M
	  .what = "99.5% of requests answered without 5xx" },
	{ .id = "recommendation-availability", .service = "recommendation",
	  PROMISE, .objective = .99,
#define M "grpc_server_handled_total"
	  .errors = EVERY(M, "job=\"recommendation\",grpc_code=~\"Unknown|"
			     "Internal|Unavailable|DataLoss\""),
	  .total = EVERY(M, "job=\"recommendation\""),
#undef M
	  .what = "99% of calls answered" },
	{ .id = "orders-db-queries", .service = "orders-db", PROMISE,
	  .objective = .999,
#define M "db_client_operation_duration_seconds_count"
	  .errors = EVERY(M, "pool=\"orders-db\",success=\"false\""),
	  .total = EVERY(M, "pool=\"orders-db\""),
#undef M
	  .what = "99.9% of queries answered" },
};

size_t demo_slos(const struct slo_def **out)
{
	*out = promises;
	return sizeof(promises) / sizeof(promises[0]);
}

/* ---- who is meant ------------------------------------------------------- */

static bool names(const char *query, const char *service)
{
	char quoted[80];
	snprintf(quoted, sizeof(quoted), "\"%s\"", service);
	return query && strstr(query, quoted);
}

static bool is_about(const struct slo_def *d, const char *service)
{
	if (d->service && strcmp(d->service, service) == 0)
		return true;
	return names(d->errors, service) || names(d->total, service)
	       || names(d->ratio, service);
}

enum demo_service promise_service(const struct slo_def *d)
{
	int s = 0;
	while (s < DEMO_SERVICES && !is_about(d, demo_catalog.service[s].name))
		s++;
	return (enum demo_service)s;
}

/* Seconds, or 0: what failed is counted. A bound in the query is in the unit of
 * the service's buckets. */
static double limit_of(const struct slo_def *d, const struct shape *sh)
{
	const char *le = d->errors ? strstr(d->errors, "le=\"") : NULL;
	if (d->latency > 0)
		return d->latency;
	double v = le ? strtod(le + 4, NULL) * unit_scale(sh->unit) : 0;
	return v > 0 && isfinite(v) ? v : 0;
}

/* ---- a day of the story, added up --------------------------------------- */

enum added { SUM_TOTAL, SUM_ERRORS, SUM_CALM, SUM_SAMPLES, SUMS };

struct promise {
	enum demo_service s;
	const struct story *story;
	const struct shape *shape;
	double limit;
	/* Since the newest deploy, at a step's beginning. */
	double sum[SUMS][STEPS + 1];
};

static double bad_share(const struct promise *p, const struct story_moment *m)
{
	const char *code;
	double bad = 0;
	if (p->limit > 0)
		return 1 - story_below(m, p->limit);
	for (size_t c = 0; (code = story_code(p->s, c)) != NULL; c++)
		if (status_class(p->shape->status, code) == CLASS_ERROR)
			bad += m->share[c];
	return bad;
}

static void add_step(struct promise *p, size_t i)
{
	time_ms t = demo_deploy_at + (time_ms)i * STEP + STEP / 2;
	double add[SUMS] = { 0 };
	struct story_moment m;
	story_at(p->story, p->s, t, &m);
	if (m.present) {
		double requests = m.rate * (double)STEP / 1000;
		add[SUM_SAMPLES] = 1;
		add[SUM_TOTAL] = requests;
		add[SUM_ERRORS] = requests * bad_share(p, &m);
		story_calm_at(p->story, p->s, t, &m);
		add[SUM_CALM] = requests * bad_share(p, &m);
	}
	for (int k = 0; k < SUMS; k++)
		p->sum[k][i + 1] = p->sum[k][i] + add[k];
}

struct promise *promise_new(const struct story *st, const struct slo_def *d,
			    enum demo_service s)
{
	struct promise *p = mem_zero(1, sizeof(*p));
	p->s = s;
	p->story = st;
	p->shape = &demo_catalog.shape[demo_catalog.service[s].shape - 1];
	p->limit = limit_of(d, p->shape);
	for (size_t i = 0; i < STEPS; i++)
		add_step(p, i);
	return p;
}

void promise_free(struct promise *p)
{
	free(p);
}

static double since(const double *sum, time_ms after)
{
	time_ms i = after / STEP;
	double part = (double)(after % STEP) / (double)STEP;
	return i >= STEPS ? sum[STEPS]
			  : sum[i] + (sum[i + 1] - sum[i]) * part;
}

/* Of (from, to] in a shop whose days are all like this one. */
static double between(const double *sum, time_ms from, time_ms to)
{
	time_ms first = time_floor(from - demo_deploy_at, DEMO_PERIOD);
	time_ms last = time_floor(to - demo_deploy_at, DEMO_PERIOD);
	double days = (double)((last - first) / DEMO_PERIOD);
	return days * sum[STEPS] + since(sum, to - demo_deploy_at - last)
	       - since(sum, from - demo_deploy_at - first);
}

/* ---- old incidents ------------------------------------------------------ */

static const struct old {
	time_ms before;          /* midnight of today */
	time_ms took;
	enum event_kind kind;
	const char *text;
	struct { enum demo_service s; double failed, slow; } hurt[3];
} olds[PROMISE_EVENTS] = {
	{ 23 * DAY - 18 * HOUR, 34 * MINUTE, EVENT_TRAFFIC,
	  "traffic peak, 503 from edge",
	  { { DEMO_CHECKOUT, .0254, .03 }, { DEMO_EDGE, .0060, .01 },
	    { DEMO_WEB, .0040, .01 } } },
	{ 20 * DAY - 11 * HOUR - 31 * MINUTE, 125 * MINUTE, EVENT_CONFIG,
	  "bad config, rolled back",
	  { { DEMO_CHECKOUT, .0173, .12 }, { DEMO_PAYMENT, .0345, .06 },
	    { DEMO_CART, .0030, .02 } } },
	{ 9 * DAY - 2 * HOUR - 10 * MINUTE, 72 * MINUTE, EVENT_NOTE,
	  "db failover",
	  { { DEMO_CHECKOUT, .0336, .35 }, { DEMO_PAYMENT, .0720, .08 },
	    { DEMO_ORDERS_DB, .0550, 0 } } },
};

time_ms promise_day(time_ms seen)
{
	return time_floor(seen, DAY);
}

void promise_events(time_ms seen, struct event out[PROMISE_EVENTS])
{
	for (size_t i = 0; i < PROMISE_EVENTS; i++) {
		time_ms at = promise_day(seen) - olds[i].before;
		out[i] = (struct event){
			.at = at, .until = at + olds[i].took,
			.kind = olds[i].kind, .severity = SEVERITY_WARN,
			.service = "checkout", .text = olds[i].text,
		};
	}
}

/* Errors beyond the usual ones in (from, to]. */
static double old_errors(const struct promise *p, const struct old *o,
			 time_ms from, time_ms to, time_ms seen)
{
	time_ms at = promise_day(seen) - o->before, end = at + o->took;
	double share = 0;
	for (size_t i = 0; i < 3; i++)
		if (o->hurt[i].s == p->s)
			share += p->limit > 0 ? o->hurt[i].slow
					      : o->hurt[i].failed;
	from = from > at ? from : at;
	to = to < end ? to : end;
	return from < to && share > 0
		? share * between(p->sum[SUM_TOTAL], from, to) : 0;
}

/* ---- counting ----------------------------------------------------------- */

void promise_count(const struct promise *p, time_ms from, time_ms to,
		   time_ms seen, struct promise_count *out)
{
	time_ms calm = seen - DEMO_PERIOD;
	time_ms turn = calm < from ? from : calm > to ? to : calm;
	*out = (struct promise_count){
		.total = between(p->sum[SUM_TOTAL], from, to),
		.errors = between(p->sum[SUM_CALM], from, turn)
			  + between(p->sum[SUM_ERRORS], turn, to),
		.there = between(p->sum[SUM_SAMPLES], from, to) > 1e-9,
	};
	for (size_t i = 0; i < PROMISE_EVENTS; i++)
		out->errors += old_errors(p, &olds[i], from, turn, seen);
}

bool promise_can_fail(const struct promise *p)
{
	const char *code;
	bool fails = p->limit > 0;
	for (size_t c = 0; (code = story_code(p->s, c)) != NULL; c++)
		fails |= status_class(p->shape->status, code) == CLASS_ERROR;
	return fails;
}

time_ms promise_cover(time_ms period, time_ms seen)
{
	time_ms missing = MISSING < period / 4 ? MISSING : period / 4;
	return seen - period + missing;
}
