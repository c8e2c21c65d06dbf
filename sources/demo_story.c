/* The simulated shop as closed formulas over story time. */
#include "sources/demo_story.h"

#include "base/mem.h"
#include "model/batch.h"
#include "sources/demo.h"
#include "sources/demo_routes.h"
#include "sources/demo_trouble.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const time_ms demo_deploy_at = 6240000;          /* 13:44:00 of 12:00..14:00 */
const time_ms demo_fixed_now = 1795444325000;    /* 2026-11-23T14:32:05Z */

/* Seconds after the deploy. */
#define ROLLING 50.0     /* until the last instance runs the other version */
#define ONSET 70.0       /* the pool of connections is empty */
#define BREAKER 212.0    /* only the acquirer's own route still fails */
#define SETTLED 2400.0   /* the slow creep of the errors ends */
#define ROLLBACK 3360.0
#define FIXED 2885.0     /* demo_fixed_now */
#define DAY 7200.0

#define MAIL_GONE 2220.0 /* 14:21:00: no samples */
#define MAIL_BACK 4020.0 /* 14:51:00 */
#define MAIL_IDLE 4800.0 /* 15:04:00: samples, but nothing is sent */
#define MAIL_BUSY 5700.0 /* 15:19:00 */

/* Cells of the running integrals: 5 s. */
#define CELLS 1440
#define CELL_S 5.0

#define INSTANCES 12

/* What the incident does to all routes of a service until the breaker opens,
 * and how long its slow requests take; the rest stands with the routes. */
struct hurt {
	double spike, median, sigma;
};

struct code {
	const char *text;
	double share;          /* of the first one: the rest */
	bool hurt;             /* the incident's errors carry it */
};

static const struct service_row {
	double rate, swing, noise;  /* mean; daily rhythm and noise, relative */
	double median, sigma;
	struct code code[DEMO_CODES];
	struct hurt hurt;
	const char *version;
	int instances;
} rows[DEMO_SERVICES] = {
	[DEMO_EDGE] = {
		3210, .13, .018, .0062, .82,
		{ { "200", 0, false }, { "304", .071, false },
		  { "404", .012, false }, { "502", .0002, false } },
		{ 0 }, NULL, 0 },
	[DEMO_WEB] = {
		1870, .15, .022, .018, .74,
		{ { "200", 0, false }, { "302", .043, false },
		  { "404", .017, false }, { "500", .00012, false } },
		{ 0 }, "v310", 8 },
	[DEMO_CHECKOUT] = {
		412, .11, .020, .0435, .612,
		{ { "200", 0, false }, { "404", .02335, false },
		  { "500", .0001, false }, { "503", .0001, true } },
		{ .40, .755, .30 }, "v841", INSTANCES },
	[DEMO_PAYMENT] = {
		96.4, .10, .030, .031, .86,
		{ { "200", 0, false }, { "402", .0141, false },
		  { "500", .0007, false } },
		{ 0 }, "v77", 4 },
	[DEMO_CART] = {
		801, .15, .024, .0112, .66,
		{ { "200", 0, false }, { "409", .0062, false },
		  { "500", .0002, false } },
		{ 0 }, "v118", 6 },
	[DEMO_SEARCH] = {
		1210, .16, .028, .0081, .72,
		{ { "200", 0, false }, { "400", .0031, false } },
		{ 0 }, "v2024", 9 },
	[DEMO_RECOMMENDATION] = {
		640, .16, .030, .021, .58,
		{ { "OK", 0, false }, { "NotFound", .0210, false },
		  { "Unavailable", .0021, false } },
		{ 0 }, NULL, 0 },
	[DEMO_INVENTORY] = {
		318, .12, .020, .0190, .50,
		{ { "2xx", 0, false }, { "4xx", .0044, false },
		  { "5xx", .0011, false } },
		{ 0 }, NULL, 0 },
	[DEMO_EMAIL] = {
		4.2, .16, .080, .180, .55,
		{ { "SUCCESS", 0, false }, { "SERVER_ERROR", .0016, false } },
		{ 0 }, NULL, 0 },
	[DEMO_ACQUIRER] = {
		32.1, .11, .030, .140, .48,
		{ { "200", 0, false }, { "402", .031, false },
		  { "504", .0004, true } },
		{ .92, .95, .34 }, NULL, 0 },
	[DEMO_ORDERS_DB] = {
		2140, .12, .022, .0021, .70,
		{ { "true", 0, false }, { "false", .00012, true } },
		{ .006, .110, .45 }, NULL, 0 },
	[DEMO_CART_CACHE] = {
		5380, .15, .024, .00031, .48,
		{ { "SUCCESS", 0, false },
		  { "SERVER_ERROR", .00002, false } },
		{ 0 }, NULL, 0 },
};

/* Told of every shop. */
static const struct story_event daily[] = {
	{ -2640000, EVENT_NOTE, SEVERITY_INFO, "web",
	  "autumn sale begins", "sale" },
	{ -1740000, EVENT_CONFIG, SEVERITY_INFO, "edge",
	  "configuration reloaded", NULL },
	{ -900000, EVENT_RESTART, SEVERITY_INFO, "cart",
	  "instance cart-4 in us-east restarted", NULL },
	{ 2220000, EVENT_SOURCE, SEVERITY_WARN, "email",
	  "no samples", NULL },
	{ 4020000, EVENT_SOURCE, SEVERITY_INFO, "email",
	  "samples again", NULL },
};

/* %1$s: the version before, %2$s: the new one, %3$s: the value to blame. */
#define DEPLOYED(nr) { 0, EVENT_DEPLOY, SEVERITY_INFO, "checkout", \
	"%1$s → %2$s on " nr, "%2$s" }
#define ROLLED_BACK { 3360000, EVENT_DEPLOY, SEVERITY_INFO, "checkout", \
	"rollback %2$s → %1$s", "%1$s" }
#define RISE { 70000, EVENT_THRESHOLD, SEVERITY_WARN, "checkout", \
	"errors rise", NULL }
#define LIMITED { 212000, EVENT_NOTE, SEVERITY_INFO, "checkout", \
	"retries limited, fewer requests fail", NULL }
#define OVER { 3420000, EVENT_THRESHOLD, SEVERITY_INFO, "checkout", \
	"errors are over", NULL }
#define ENDED(kind, text) { 3360000, kind, SEVERITY_INFO, "checkout", text, \
	NULL }

/* Each ends with the first row without a text. */
#define TOLD 8
static const struct story_event told[TROUBLE_KINDS][TOLD] = {
	[TROUBLE_PICTURED] = {
		DEPLOYED("12 instances"),
		{ 70000, EVENT_THRESHOLD, SEVERITY_WARN, "checkout",
		  "errors rise on route=/pay", NULL },
		{ 94000, EVENT_NOTE, SEVERITY_INFO, "orders-db",
		  "pool at its limit, queries wait for a connection", NULL },
		{ 212000, EVENT_NOTE, SEVERITY_INFO, "checkout",
		  "breaker to acquirer opens, only route=/pay still fails",
		  NULL },
		ROLLED_BACK,
		{ 3420000, EVENT_THRESHOLD, SEVERITY_INFO, "checkout",
		  "errors on route=/pay are over", NULL },
	},
	[TROUBLE_ROUTE] = { DEPLOYED("12 instances"), RISE, LIMITED,
			    ROLLED_BACK, OVER },
	[TROUBLE_VERSION] = { DEPLOYED("6 of 12 instances"), RISE, LIMITED,
			      ROLLED_BACK, OVER },
	[TROUBLE_ZONE] = { RISE, LIMITED,
		ENDED(EVENT_NOTE, "%3$s taken out of rotation"), OVER },
	[TROUBLE_INSTANCE] = { RISE, LIMITED,
		ENDED(EVENT_RESTART, "instance %3$s replaced"), OVER },
	[TROUBLE_UPSTREAM] = { RISE, LIMITED,
		ENDED(EVENT_NOTE, "%3$s answers again"), OVER },
	[TROUBLE_CLIENT] = { RISE, LIMITED,
		ENDED(EVENT_CONFIG, "client %3$s limited"), OVER },
};

#define NR_DAILY (sizeof(daily) / sizeof(daily[0]))
#define EVENT_TEXT 80

struct story {
	uint64_t seed;
	struct trouble trouble;
	struct demo_route route[DEMO_ROUTES]; /* checkout's */
	size_t nr_events;
	struct story_event event[NR_DAILY + TOLD + 1];
	char text[NR_DAILY + TOLD + 1][2][EVENT_TEXT];
	/* Requests of a status since the newest deploy, at a cell's start. */
	double total[DEMO_SERVICES][DEMO_CODES][CELLS + 1];
};

size_t story_events(const struct story *st, const struct story_event **out)
{
	*out = st->event;
	return st->nr_events;
}

uint64_t story_seed(const struct story *st)
{
	return st->seed;
}

const struct trouble *story_trouble(const struct story *st)
{
	return &st->trouble;
}

/* ---- noise: smooth, without state, closed over the period ------------- */

static double lattice(uint64_t key, int i)
{
	uint64_t x = trouble_mix(key ^ ((uint64_t)i << 32));
	return (double)(x >> 11) * 0x1p-52 - 1;
}

static double ease(double f)
{
	return f * f * (3 - 2 * f);
}

/* -1..1, a knot every `cell` seconds, which divides the day. */
static double wave(uint64_t key, double x, int cell)
{
	double at = x / cell;
	int n = (int)DAY / cell, i = (int)at % n;
	double a = lattice(key, i), b = lattice(key, (i + 1) % n);
	return a + (b - a) * ease(at - floor(at));
}

enum channel { NOISE_RATE, NOISE_SPEED, NOISE_TAIL, NOISE_ERRORS,
	       NOISE_CHANNELS };

static double noise(const struct story *st, enum demo_service s,
		    enum channel c, double x)
{
	uint64_t key = trouble_mix(st->seed * 1000003u
			   + (uint64_t)s * NOISE_CHANNELS + (uint64_t)c);
	return .45 * wave(key + 1, x, 20) + .35 * wave(key + 2, x, 90)
	       + .2 * wave(key + 3, x, 600);
}

/* ---- the course of the incident --------------------------------------- */

double story_since_deploy(time_ms t)
{
	time_ms since = t - demo_deploy_at;
	return (double)(since - time_floor(since, DEMO_PERIOD)) / 1000;
}

/* 0 until a, 1 from b on. */
static double rise(double x, double a, double b)
{
	if (x <= a)
		return 0;
	return x >= b ? 1 : ease((x - a) / (b - a));
}

static double healing(double x)
{
	return 1 - rise(x, ROLLBACK, ROLLBACK + ROLLING);
}

static double spike(double x)
{
	return rise(x, ONSET, ONSET + 12)
	       * (1 - rise(x, BREAKER, BREAKER + 30));
}

/* Errors after the breaker has opened creep up. */
static double creep(double x)
{
	return rise(x, ONSET, ONSET + 30) * healing(x)
	       * (.86 + .14 * rise(x, BREAKER, SETTLED));
}

static double slowness(double x)
{
	return rise(x, ONSET, ONSET + 60) * healing(x);
}

double story_trouble_at(time_ms t)
{
	double x = story_since_deploy(t);
	return rise(x, ONSET, ONSET + 12) * healing(x);
}

/* What the routes add up to once the breaker is open. */
static void sum_routes(const struct story_moment *m, double *errors,
		       double *slow)
{
	*errors = *slow = 0;
	for (size_t i = 0; i < m->nr_routes; i++) {
		*errors += m->route[i].share * m->route[i].errors;
		*slow += m->route[i].share * m->route[i].slow;
	}
}

/* ---- a service at a moment -------------------------------------------- */

static void fill_shares(const struct story *st, enum demo_service s,
			double failing, double x, struct story_moment *m)
{
	const struct code *code = rows[s].code;
	double wobble = 1 + .05 * noise(st, s, NOISE_ERRORS, x);
	m->share[0] = 1;
	for (size_t i = 1; i < DEMO_CODES; i++) {
		m->hurt[i] = code[i].hurt ? failing * wobble : 0;
		m->share[i] = code[i].share * wobble + m->hurt[i];
		m->share[0] -= m->share[i];
	}
}

static double rate_of(const struct story *st, enum demo_service s, double x)
{
	const struct service_row *r = &rows[s];
	if (s == DEMO_EMAIL && x >= MAIL_IDLE && x < MAIL_BUSY)
		return 0;
	/* The days of the services are a little apart. */
	double later = 90.0 * ((int)s - DEMO_CHECKOUT);
	double day = sin((x - FIXED - later) * 2 * M_PI / DAY);
	return r->rate * (1 + r->swing * day)
	       * (1 + r->noise * noise(st, s, NOISE_RATE, x));
}

static bool is_hurt(const struct story *st, enum demo_service s)
{
	return st->trouble.kind == TROUBLE_PICTURED || s == DEMO_CHECKOUT;
}

static void add_routes(const struct story *st, enum demo_service s,
		       struct story_moment *m)
{
	m->nr_routes = demo_routes(s, &m->route);
	if (s == DEMO_CHECKOUT)
		m->route = st->route;
}

/* The incident's part of it, in m, which has the routes. */
static void hurt_at(enum demo_service s, double x, struct story_moment *m)
{
	m->spike = rows[s].hurt.spike * spike(x);
	m->creep = creep(x) * (1 - spike(x));
	m->slowness = slowness(x);
}

static void traffic_at(const struct story *st, enum demo_service s, double x,
		       bool calm, struct story_moment *m)
{
	double errors, slow;
	*m = (struct story_moment){
		.present = s != DEMO_EMAIL || x < MAIL_GONE || x >= MAIL_BACK,
		.rate = rate_of(st, s, x),
	};
	add_routes(st, s, m);
	sum_routes(m, &errors, &slow);
	if (!calm && is_hurt(st, s))
		hurt_at(s, x, m);
	m->slow = slow * m->slowness;
	fill_shares(st, s, m->spike + errors * m->creep, x, m);
}

static void moment_at(const struct story *st, enum demo_service s, double x,
		      bool calm, struct story_moment *m)
{
	const struct service_row *r = &rows[s];
	double speed = noise(st, s, NOISE_SPEED, x);
	double tail = noise(st, s, NOISE_TAIL, x);
	traffic_at(st, s, x, calm, m);
	m->median = r->median * (1 + .04 * speed);
	m->sigma = r->sigma * (1 + .03 * tail);
	m->slow_median = r->hurt.median * (1 + .04 * tail);
	m->slow_sigma = r->hurt.sigma;
}

void story_at(const struct story *st, enum demo_service s, time_ms t,
	      struct story_moment *out)
{
	moment_at(st, s, story_since_deploy(t), false, out);
}

void story_calm_at(const struct story *st, enum demo_service s, time_ms t,
		   struct story_moment *out)
{
	moment_at(st, s, story_since_deploy(t), true, out);
}

double story_load(const struct story *st, enum demo_service s, time_ms t)
{
	return rate_of(st, s, story_since_deploy(t)) / rows[s].rate;
}

static double log_normal_below(double v, double median, double sigma)
{
	return .5 * erfc(-log(v / median) / sigma * M_SQRT1_2);
}

double story_below(const struct story_moment *m, double seconds)
{
	double f = log_normal_below(seconds, m->median, m->sigma);
	if (m->slow > 0)
		f += m->slow * (log_normal_below(seconds, m->slow_median,
						 m->slow_sigma) - f);
	return f;
}

double story_mean(const struct story_moment *m)
{
	double v = m->median * exp(m->sigma * m->sigma / 2);
	if (m->slow > 0)
		v += m->slow * (m->slow_median * exp(m->slow_sigma
						     * m->slow_sigma / 2) - v);
	return v;
}

double story_quantile(const struct story_moment *m, double z)
{
	return m->median * exp(m->sigma * z);
}

const char *story_code(enum demo_service s, size_t code)
{
	return code < DEMO_CODES ? rows[s].code[code].text : NULL;
}

/* ---- trailing averages ------------------------------------------------ */

/* The rates are steps of one cell, each as in the cell's middle, so that an
 * average depends on its end alone and not on who asks. */
static void integrate(struct story *st, enum demo_service s)
{
	for (size_t i = 0; i < CELLS; i++) {
		struct story_moment m;
		traffic_at(st, s, ((double)i + .5) * CELL_S, false, &m);
		double requests = m.present ? m.rate * CELL_S : 0;
		for (size_t c = 0; c < DEMO_CODES; c++) {
			double *total = st->total[s][c];
			total[i + 1] = total[i] + requests * m.share[c];
		}
	}
}

static double total_until(const double *total, double x)
{
	size_t i = (size_t)(x / CELL_S);
	if (i >= CELLS)
		return total[CELLS];
	double part = x / CELL_S - (double)i;
	return total[i] + (total[i + 1] - total[i]) * part;
}

double story_average(const struct story *st, enum demo_service s, size_t code,
		     time_ms t, time_ms window)
{
	const double *total = st->total[s][code];
	double x = story_since_deploy(t), w = (double)window / 1000;
	double sum = total_until(total, x);
	if (x >= w)
		sum -= total_until(total, x - w);
	else
		sum += total[CELLS] - total_until(total, x - w + DAY);
	return sum / w;
}

/* ---- versions --------------------------------------------------------- */

const char *story_version(const struct story *st, enum demo_service s,
			  size_t slot)
{
	if (s == DEMO_CHECKOUT)
		return slot == 0 ? st->trouble.before
		     : slot == 1 ? st->trouble.after : NULL;
	return slot == 0 ? rows[s].version : NULL;
}

/* Instances that a roll-out begun `x` seconds ago has reached. */
static int rolled(double x, int most)
{
	int n = (int)floor(x / ROLLING * INSTANCES);
	return n < 0 ? 0 : n > most ? most : n;
}

const char *story_region(size_t region)
{
	static const char *const names[DEMO_REGIONS] = { "eu-west", "us-east" };
	return names[region];
}

/* The regions take turns. */
static int share_of(int instances, size_t region)
{
	return (instances + (region == 0 ? 1 : 0)) / 2;
}

int story_instances(const struct story *st, enum demo_service s, size_t slot,
		    size_t region, time_ms t)
{
	int all = share_of(rows[s].instances, region);
	if (s != DEMO_CHECKOUT || !st->trouble.after)
		return slot == 0 ? all : 0;
	int most = st->trouble.kind == TROUBLE_VERSION ? INSTANCES / 2
						       : INSTANCES;
	double x = story_since_deploy(t);
	int fresh = share_of(rolled(x, most) - rolled(x - ROLLBACK, most),
			     region);
	return slot == 1 ? fresh : all - fresh;
}

/* ---- what is told ----------------------------------------------------- */

/* Puts the names of the trouble where a text has "%1$s" and the like. */
static const char *named(const struct trouble *t, const char *text,
			 char out[EVENT_TEXT])
{
	const char *const names[] = { t->before, t->after, t->value };
	size_t n = 0;
	if (!text)
		return NULL;
	for (; *text && n + 1 < EVENT_TEXT; text++) {
		if (*text != '%') {
			out[n++] = *text;
			continue;
		}
		const char *name = names[text[1] - '1'];
		size_t room = EVENT_TEXT - 1 - n, len = strlen(name);
		len = len < room ? len : room;
		memcpy(out + n, name, len);
		n += len;
		text += 3;
	}
	out[n] = '\0';
	return out;
}

static void add_event(struct story *st, const struct story_event *e)
{
	size_t i = st->nr_events++;
	while (i > 0 && st->event[i - 1].after > e->after) {
		st->event[i] = st->event[i - 1];
		i--;
	}
	char (*text)[EVENT_TEXT] = st->text[st->nr_events - 1];
	st->event[i] = *e;
	st->event[i].text = named(&st->trouble, e->text, text[0]);
	st->event[i].tag = named(&st->trouble, e->tag, text[1]);
}

static void add_events(struct story *st)
{
	const struct trouble *t = &st->trouble;
	for (size_t i = 0; i < NR_DAILY; i++)
		add_event(st, &daily[i]);
	for (size_t i = 0; i < TOLD && told[t->kind][i].text; i++)
		add_event(st, &told[t->kind][i]);
	if (t->other)
		add_event(st, &(struct story_event){
			0, EVENT_DEPLOY, SEVERITY_INFO, t->other,
			"release 47 on all instances", "r47" });
}

/* ---- a story ---------------------------------------------------------- */

static void add_trouble(struct story *st)
{
	const struct demo_route *usual;
	struct trouble *t = &st->trouble;
	size_t nr = demo_routes(DEMO_CHECKOUT, &usual);
	trouble_of(st->seed, t);
	if (t->kind == TROUBLE_PICTURED)
		memcpy(st->route, usual, nr * sizeof(*usual));
	else
		demo_routes_hurt(t->kind == TROUBLE_ROUTE ? t->bad
							  : DEMO_ROUTES,
				 t->share, t->carries, st->route);
}

struct story *story_new(uint64_t seed)
{
	struct story *st = mem_zero(1, sizeof(*st));
	st->seed = seed;
	add_trouble(st);
	add_events(st);
	for (int s = 0; s < DEMO_SERVICES; s++)
		integrate(st, (enum demo_service)s);
	return st;
}

void story_free(struct story *st)
{
	free(st);
}
