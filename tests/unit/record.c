/* Writer and reader: what was recorded comes back, whatever happened to the
 * file. */
#include "record/reader.h"
#include "record/writer.h"

#include "base/limits.h"
#include "base/mem.h"
#include "record/format.h"
#include "tests/unit/cloud.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

#define T0 INT64_C(1763000000000)

/* ---- random batches --------------------------------------------------- */

static uint64_t next(uint64_t *seed)
{
	*seed += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *seed;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static size_t below(uint64_t *seed, size_t n)
{
	return (size_t)(next(seed) % n);
}

static const char *word(uint64_t *seed)
{
	static const char *const words[] = {
		"checkout", "cart", "", "0.005", "status=~\"5..\"", "sök",
		"日本", "+Inf", "sum by (le) (rate(x_bucket[$__rate_interval]))",
		"v842", "http_request_duration_seconds_bucket", "a b",
	};
	return words[below(seed, sizeof(words) / sizeof(*words))];
}

static const char *maybe(uint64_t *seed)
{
	return below(seed, 3) ? word(seed) : NULL;
}

static double number(uint64_t *seed)
{
	static const double odd[] = {
		0, -0.0, 1, INFINITY, -INFINITY, 1e308, 5e-324,
	};
	switch (below(seed, 4)) {
	case 0:
		return odd[below(seed, sizeof(odd) / sizeof(*odd))];
	case 1:
		return NAN;
	default:
		return (double)next(seed) / 1e12;
	}
}

static time_ms when(uint64_t *seed)
{
	return below(seed, 5) ? T0 + (time_ms)below(seed, 1000000000)
			      : TIME_NONE;
}

static struct labels some_labels(uint64_t *seed, struct arena *a)
{
	static const char *const names[] = { "code", "job", "le", "zone" };
	struct label *l = arena_alloc(a, 4 * sizeof(*l));
	size_t n = 0;
	for (size_t i = 0; i < 4; i++) {
		const char *value = word(seed);
		if (*value && below(seed, 2))
			l[n++] = (struct label){ names[i], value };
	}
	return (struct labels){ n, l };
}

static struct histogram some_histogram(uint64_t *seed, struct arena *a)
{
	size_t nr = below(seed, 6);
	struct native_bucket *b = arena_alloc(a, (nr + 1) * sizeof(*b));
	for (size_t i = 0; i < nr; i++)
		b[i] = (struct native_bucket){
			.rule = (uint8_t)below(seed, 4), .lo = (double)i,
			.hi = (double)i + 1, .count = number(seed),
		};
	return (struct histogram){ number(seed), number(seed), nr, b };
}

static void some_frame(uint64_t *seed, struct batch *b, struct frame *f)
{
	f->question = (uint32_t)next(seed);
	f->labels = some_labels(seed, &b->arena);
	f->nr = b->instant ? below(seed, 2) : below(seed, 40);
	bool grid = below(seed, 2);
	time_ms *t = arena_alloc(&b->arena, (f->nr + 1) * sizeof(*t));
	for (size_t i = 0; i < f->nr; i++)
		t[i] = i ? t[i - 1] + (grid ? 15000
					    : 1 + (time_ms)below(seed, 9999))
			 : b->from + (time_ms)below(seed, 3);
	f->t = t;
	double *v = arena_alloc(&b->arena, (f->nr + 1) * sizeof(*v));
	struct histogram *h = arena_alloc(&b->arena, (f->nr + 1) * sizeof(*h));
	for (size_t i = 0; i < f->nr; i++) {
		v[i] = number(seed);
		h[i] = some_histogram(seed, &b->arena);
	}
	if (below(seed, 4))
		f->v = v;
	else
		f->h = h;
}

static const char *const *some_names(uint64_t *seed, struct arena *a)
{
	size_t nr = below(seed, 4);
	if (nr == 3)
		return NULL;
	const char **s = arena_alloc(a, (nr + 1) * sizeof(*s));
	for (size_t i = 0; i < nr; i++)
		s[i] = word(seed);
	return s;
}

static struct slo_def some_slo(uint64_t *seed, struct arena *a)
{
	struct slo_def s = {
		.id = word(seed), .service = maybe(seed), .objective = 0.995,
		.period = 1 + (time_ms)below(seed, 9999999),
		.method = (enum slo_method)below(seed, 3),
		.slice = (time_ms)below(seed, 99), .slice_target = 0.9,
		.errors = maybe(seed), .total = maybe(seed),
		.ratio = maybe(seed), .recorded = maybe(seed),
		.buckets = maybe(seed),
		.bucket_unit = below(seed, 2) ? 1e-3 : 0,
		.counts = below(seed, 2), .derived = below(seed, 2),
		.latency = below(seed, 2) ? 0.3 : 0,
		.implicit = below(seed, 2), .group = some_names(seed, a),
		.own_labels = some_names(seed, a), .what = maybe(seed),
		.runbook = maybe(seed), .where = maybe(seed),
	};
	if (below(seed, 2)) {
		s.calendar = (enum calendar_unit)(1 + below(seed, 5));
		s.calendar_every = 1 + (int)below(seed, 3);
		s.calendar_start = T0;
		s.zone = maybe(seed);
	}
	for (size_t i = below(seed, SLO_TIERS + 1); i > 0; i--)
		s.tier[i - 1] = (struct slo_tier_def){
			below(seed, 2), (enum slo_window)below(seed, 7),
			(enum slo_window)below(seed, 7), 0.02,
		};
	return s;
}

static struct threshold_def some_threshold(uint64_t *seed)
{
	return (struct threshold_def){
		.id = word(seed), .query = maybe(seed),
		.cloudwatch = maybe(seed),
		.measure = (enum threshold_measure)below(seed, MEASURES),
		.warning = { below(seed, 2), number(seed), number(seed) },
		.critical = { below(seed, 2), number(seed), number(seed) },
		.period = 60000, .m = (int)below(seed, 5),
		.n = (int)below(seed, 5), .missing = (enum missing)below(seed,
									 4),
		.clear = number(seed), .clear_after = 2,
		.alert = below(seed, 2), .hold = (time_ms)below(seed, 999),
		.keep = 7, .service = maybe(seed), .unit = maybe(seed),
		.what = maybe(seed), .runbook = maybe(seed),
		.pack = maybe(seed), .where = maybe(seed),
	};
}

static void some_own(uint64_t *seed, struct arena *a, struct catalog *c)
{
	struct slo_def *s = arena_alloc(a, 4 * sizeof(*s));
	struct threshold_def *t = arena_alloc(a, 4 * sizeof(*t));
	for (size_t i = 0; i < 4; i++) {
		s[i] = some_slo(seed, a);
		t[i] = some_threshold(seed);
	}
	c->nr_slos = below(seed, 5);
	c->slo = s;
	c->nr_thresholds = below(seed, 5);
	c->threshold = t;
	c->pack = maybe(seed);
}

static struct catalog *some_catalog(uint64_t *seed, struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));
	*c = (struct catalog){
		.version = maybe(seed), .note = maybe(seed), .requests = 4,
		.families = (int)below(seed, 99), .unknown = -1,
	};
	c->nr_shapes = 1 + below(seed, 4);
	struct shape *shape = arena_alloc(a, c->nr_shapes * sizeof(*shape));
	for (size_t i = 0; i < c->nr_shapes; i++) {
		shape[i] = (struct shape){
			.id = (uint32_t)(i + 1) * 7, .label = word(seed),
			.metric = word(seed), .error_metric = maybe(seed),
			.error_matcher = maybe(seed),
			.status_label = maybe(seed), .note = maybe(seed),
			.status = (enum status_kind)below(seed, 8),
			.layer = (enum layer)below(seed, LAYER_NR),
			.unit = (enum unit)below(seed, 3),
			.method = (enum method)below(seed, 5),
			.unit_guessed = below(seed, 2),
			.interval_guessed = below(seed, 2),
			.visible_only = below(seed, 2),
			.interval = 15000, .window = 60000,
			.sparse = below(seed, 2),
			.settle = below(seed, 2) ? 60000 : 0,
		};
		for (int k = 0; k < RED_ROLES; k++)
			shape[i].question[k] = maybe(seed);
	}
	c->shape = shape;
	c->nr_services = below(seed, 5);
	struct service_def *s = arena_alloc(a, 8 * sizeof(*s));
	for (size_t i = 0; i < c->nr_services; i++)
		s[i] = (struct service_def){
			.name = word(seed), .value = word(seed),
			.shape = shape[below(seed, c->nr_shapes)].id,
			.objective = below(seed, 2) ? 0.995 : 0,
			.latency_limit = below(seed, 2) ? 0.3 : 0,
			.warn = below(seed, 2) ? 0.7 : 0,
			.crit = below(seed, 2) ? 0.85 : 0,
			.limit = below(seed, 2) ? 50000 : 0,
		};
	c->service = s;
	if (below(seed, 2))
		some_own(seed, a, c);
	return c;
}

static void some_endpoints(uint64_t *seed, struct arena *a,
			   struct source_status *s)
{
	struct source_endpoint *e = arena_alloc(a, 4 * sizeof(*e));
	struct source_attempt *t = arena_alloc(a, 4 * sizeof(*t));
	s->endpoint = maybe(seed);
	s->nr_endpoints = below(seed, 5);
	s->nr_attempts = below(seed, 5);
	for (size_t i = 0; i < 4; i++) {
		e[i] = (struct source_endpoint){
			word(seed), (enum circuit)below(seed, CIRCUIT_NR),
			(int64_t)below(seed, 99999) - 1,
			(unsigned)below(seed, 4),
		};
		t[i] = (struct source_attempt){
			word(seed), (enum fault)below(seed, FAULT_NR),
			(int64_t)below(seed, 99999), when(seed),
		};
	}
	s->endpoints = e;
	s->attempt = t;
}

static const struct source_cost *some_cost(uint64_t *seed, struct arena *a)
{
	struct source_cost *c = arena_alloc(a, sizeof(*c));
	struct cost_part *p = arena_alloc(a, 4 * sizeof(*p));
	for (size_t i = 0; i < 4; i++)
		p[i] = (struct cost_part){ word(seed),
					   (unsigned)below(seed, 500), 0.01 };
	*c = (struct source_cost){
		next(seed), 0.0498, below(seed, 2) ? 0.3 : 0,
		below(seed, 2) ? 1 : 0, maybe(seed), below(seed, 5), p,
	};
	return c;
}

static struct source_status *some_status(uint64_t *seed, struct arena *a)
{
	struct source_status *s = arena_alloc(a, sizeof(*s));
	*s = (struct source_status){
		.kind = maybe(seed), .url = maybe(seed),
		.identity = maybe(seed), .took_us = (int64_t)below(seed, 99999),
		.skew_s = number(seed), .requests = (unsigned)below(seed, 99),
		.bytes = next(seed), .body_bytes = next(seed),
		.retries = (unsigned)next(seed), .dropped = 3,
		.next = when(seed), .period = 5000,
	};
	if (below(seed, 2))
		some_endpoints(seed, a, s);
	if (below(seed, 2))
		s->credentials = maybe(seed);
	if (below(seed, 2))
		s->cost = some_cost(seed, a);
	return s;
}

static void some_texts(uint64_t *seed, struct batch *b)
{
	const char **s = arena_alloc(&b->arena, 8 * sizeof(*s));
	for (size_t i = 0; i < 8; i++)
		s[i] = word(seed);
	b->nr_warnings = below(seed, 4);
	b->warning = s;
	b->nr_infos = below(seed, 4);
	b->info = s + 4;
}

static const struct event *some_events(uint64_t *seed, struct arena *a,
				       size_t *nr)
{
	*nr = below(seed, 4);
	struct event *v = arena_alloc(a, 4 * sizeof(*v));
	for (size_t i = 0; i < *nr; i++)
		v[i] = (struct event){
			.at = when(seed), .until = when(seed),
			.kind = (enum event_kind)below(seed, EVENT_KINDS),
			.severity = (enum severity)below(seed, 3),
			.service = maybe(seed), .text = word(seed),
			.tag = maybe(seed),
		};
	return v;
}

static double counted(uint64_t *seed)
{
	return below(seed, 4) ? (double)below(seed, 99999) / 7 : NAN;
}

static void some_count(uint64_t *seed, struct change_count *c)
{
	c->label = word(seed);
	c->value = word(seed);
	for (int i = 0; i < 2; i++) {
		c->requests[i] = counted(seed);
		c->errors[i] = counted(seed);
		c->slow[i] = counted(seed);
		c->p99[i] = counted(seed);
	}
}

static const struct change_answer *some_change(uint64_t *seed, struct arena *a)
{
	struct change_answer *c = arena_alloc(a, sizeof(*c));
	struct change_count *n = arena_alloc(a, 4 * sizeof(*n));
	const char **note = arena_alloc(a, 4 * sizeof(*note));
	*c = (struct change_answer){
		.want = { .service = word(seed), .before_from = T0,
			  .before_to = T0 + 1, .during_from = T0 + 2,
			  .during_to = T0 + 3, .slow_over = counted(seed),
			  .slow_le = maybe(seed) },
		.queries = (unsigned)below(seed, 13), .count = n, .note = note,
		.slow_over = counted(seed), .rate_last_week = counted(seed),
		.fault = maybe(seed),
	};
	some_count(seed, &c->all);
	for (size_t i = 0; i < 4; i++) {
		some_count(seed, &n[i]);
		note[i] = word(seed);
	}
	c->nr = below(seed, 5);
	c->nr_notes = below(seed, 5);
	c->event = some_events(seed, a, &c->nr_events);
	return c;
}

static void some_alarms(uint64_t *seed, struct batch *b)
{
	struct alarm *a = arena_alloc(&b->arena, 4 * sizeof(*a));
	for (size_t i = 0; i < 4; i++)
		a[i] = (struct alarm){
			word(seed),
			(enum alarm_state)below(seed, ALARM_STATES),
			when(seed), maybe(seed),
		};
	b->alarms = true;
	b->nr_alarms = below(seed, 5);
	b->alarm = a;
}

static struct batch *some_batch(uint64_t *seed, time_ms at)
{
	struct batch *b = batch_new(0);
	b->source = below(seed, 2) ? "prom" : "demo";
	b->at = at;
	b->instant = below(seed, 2);
	b->from = at - 3600000;
	b->to = at;
	b->step = 15000;
	b->settled = when(seed);
	b->window = 60000;
	b->nr_asked = below(seed, 5);
	uint32_t *asked = arena_alloc(&b->arena, 5 * sizeof(*asked));
	for (size_t i = 0; i < 5; i++)
		asked[i] = (uint32_t)next(seed);
	b->asked = asked;
	b->only = maybe(seed);
	b->reset = below(seed, 9) == 0;
	b->partial = below(seed, 2);
	if (below(seed, 4) == 0) {
		b->fault = FAULT_TLS;
		b->error = "the certificate has expired";
	}
	some_texts(seed, b);
	b->event = some_events(seed, &b->arena, &b->nr_events);
	if (below(seed, 2))
		b->status = some_status(seed, &b->arena);
	if (below(seed, 3) == 0)
		b->catalog = some_catalog(seed, &b->arena);
	if (below(seed, 3) == 0)
		some_alarms(seed, b);
	if (below(seed, 4) == 0)
		b->change = some_change(seed, &b->arena);
	b->nr = below(seed, 12);
	struct frame *f = arena_alloc(&b->arena, 12 * sizeof(*f));
	for (size_t i = 0; i < b->nr; i++)
		some_frame(seed, b, &f[i]);
	b->frame = f;
	return b;
}

/* ---- equal, field by field -------------------------------------------- */

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void same_texts(size_t n, const char *const *a, size_t m,
		       const char *const *b)
{
	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++)
		same_text(a[i], b[i]);
}

static void same_double(double a, double b)
{
	if (isnan(a))
		assert_true(isnan(b));
	else
		assert_memory_equal(&a, &b, sizeof(a));
}

static void same_cost(const struct source_cost *a, const struct source_cost *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (!a)
		return;
	assert_true(a->metrics == b->metrics && a->nr_parts == b->nr_parts);
	same_double(a->usd_per_hour, b->usd_per_hour);
	same_double(a->usd_today, b->usd_today);
	same_double(a->usd_max, b->usd_max);
	same_text(a->saving, b->saving);
	for (size_t i = 0; i < a->nr_parts; i++) {
		same_text(a->part[i].name, b->part[i].name);
		assert_int_equal(a->part[i].metrics, b->part[i].metrics);
		same_double(a->part[i].usd_per_hour, b->part[i].usd_per_hour);
	}
}

static void same_status(const struct source_status *a,
			const struct source_status *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (!a)
		return;
	same_text(a->kind, b->kind);
	same_text(a->url, b->url);
	same_text(a->identity, b->identity);
	same_double(a->skew_s, b->skew_s);
	assert_true(a->took_us == b->took_us && a->requests == b->requests
		    && a->bytes == b->bytes && a->body_bytes == b->body_bytes
		    && a->retries == b->retries && a->dropped == b->dropped
		    && a->next == b->next && a->period == b->period);
	same_text(a->credentials, b->credentials);
	same_cost(a->cost, b->cost);
	same_text(a->endpoint, b->endpoint);
	assert_int_equal(a->nr_endpoints, b->nr_endpoints);
	assert_int_equal(a->nr_attempts, b->nr_attempts);
	for (size_t i = 0; i < a->nr_endpoints; i++) {
		const struct source_endpoint *x = &a->endpoints[i];
		const struct source_endpoint *y = &b->endpoints[i];
		same_text(x->url, y->url);
		assert_true(x->circuit == y->circuit
			    && x->latency_us == y->latency_us
			    && x->in_flight == y->in_flight);
	}
	for (size_t i = 0; i < a->nr_attempts; i++) {
		const struct source_attempt *x = &a->attempt[i];
		const struct source_attempt *y = &b->attempt[i];
		same_text(x->url, y->url);
		assert_true(x->fault == y->fault && x->took_us == y->took_us
			    && x->at == y->at);
	}
}

static void same_shape(const struct shape *a, const struct shape *b)
{
	same_text(a->label, b->label);
	same_text(a->metric, b->metric);
	same_text(a->error_metric, b->error_metric);
	same_text(a->error_matcher, b->error_matcher);
	same_text(a->status_label, b->status_label);
	same_text(a->note, b->note);
	assert_true(a->id == b->id && a->status == b->status
		    && a->layer == b->layer && a->unit == b->unit
		    && a->unit_guessed == b->unit_guessed
		    && a->method == b->method && a->interval == b->interval
		    && a->interval_guessed == b->interval_guessed
		    && a->window == b->window
		    && a->visible_only == b->visible_only
		    && a->sparse == b->sparse && a->settle == b->settle);
	same_texts(RED_ROLES, a->question, RED_ROLES, b->question);
}

static void same_names(const char *const *a, const char *const *b)
{
	assert_int_equal(a == NULL, b == NULL);
	for (size_t i = 0; a && (a[i] || b[i]); i++)
		same_text(a[i], b[i]);
}

static void same_slo(const struct slo_def *a, const struct slo_def *b)
{
	same_text(a->id, b->id);
	same_text(a->service, b->service);
	same_text(a->zone, b->zone);
	same_text(a->errors, b->errors);
	same_text(a->total, b->total);
	same_text(a->ratio, b->ratio);
	same_text(a->recorded, b->recorded);
	same_text(a->buckets, b->buckets);
	assert_true(a->bucket_unit == b->bucket_unit);
	same_text(a->what, b->what);
	same_text(a->runbook, b->runbook);
	same_text(a->where, b->where);
	same_names(a->group, b->group);
	same_names(a->own_labels, b->own_labels);
	assert_true(a->objective == b->objective && a->period == b->period
		    && a->method == b->method && a->slice == b->slice
		    && a->slice_target == b->slice_target
		    && a->calendar == b->calendar
		    && a->calendar_every == b->calendar_every
		    && a->calendar_start == b->calendar_start
		    && a->counts == b->counts && a->derived == b->derived
		    && a->latency == b->latency && a->implicit == b->implicit);
	for (size_t i = 0; i < SLO_TIERS; i++)
		assert_true(a->tier[i].page == b->tier[i].page
			    && a->tier[i].brief == b->tier[i].brief
			    && a->tier[i].lasting == b->tier[i].lasting
			    && a->tier[i].share == b->tier[i].share);
}

static void same_level(const struct level *a, const struct level *b)
{
	assert_int_equal(a->given, b->given);
	same_double(a->above, b->above);
	same_double(a->below, b->below);
}

static void same_threshold(const struct threshold_def *a,
			   const struct threshold_def *b)
{
	same_text(a->id, b->id);
	same_text(a->query, b->query);
	same_text(a->cloudwatch, b->cloudwatch);
	same_text(a->service, b->service);
	same_text(a->unit, b->unit);
	same_text(a->what, b->what);
	same_text(a->runbook, b->runbook);
	same_text(a->pack, b->pack);
	same_text(a->where, b->where);
	same_level(&a->warning, &b->warning);
	same_level(&a->critical, &b->critical);
	same_double(a->clear, b->clear);
	assert_true(a->measure == b->measure && a->period == b->period
		    && a->m == b->m && a->n == b->n
		    && a->missing == b->missing
		    && a->clear_after == b->clear_after
		    && a->alert == b->alert && a->hold == b->hold
		    && a->keep == b->keep);
}

static void same_own(const struct catalog *a, const struct catalog *b)
{
	same_text(a->pack, b->pack);
	assert_int_equal(a->nr_slos, b->nr_slos);
	for (size_t i = 0; i < a->nr_slos; i++)
		same_slo(&a->slo[i], &b->slo[i]);
	assert_int_equal(a->nr_thresholds, b->nr_thresholds);
	for (size_t i = 0; i < a->nr_thresholds; i++)
		same_threshold(&a->threshold[i], &b->threshold[i]);
}

static void same_catalog(const struct catalog *a, const struct catalog *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (!a)
		return;
	same_text(a->version, b->version);
	same_text(a->note, b->note);
	assert_true(a->requests == b->requests && a->families == b->families
		    && a->unknown == b->unknown
		    && a->nr_shapes == b->nr_shapes
		    && a->nr_services == b->nr_services);
	for (size_t i = 0; i < a->nr_shapes; i++)
		same_shape(&a->shape[i], &b->shape[i]);
	for (size_t i = 0; i < a->nr_services; i++) {
		const struct service_def *s = &a->service[i];
		same_text(s->name, b->service[i].name);
		same_text(s->value, b->service[i].value);
		assert_int_equal(s->shape, b->service[i].shape);
		same_double(s->objective, b->service[i].objective);
		same_double(s->latency_limit, b->service[i].latency_limit);
		same_double(s->warn, b->service[i].warn);
		same_double(s->crit, b->service[i].crit);
		same_double(s->limit, b->service[i].limit);
	}
	same_own(a, b);
}

static void same_events(size_t nr, const struct event *a, size_t others,
			const struct event *b)
{
	assert_int_equal(nr, others);
	for (size_t i = 0; i < nr; i++) {
		const struct event *v = &a[i], *w = &b[i];
		assert_true(v->at == w->at && v->until == w->until
			    && v->kind == w->kind
			    && v->severity == w->severity);
		same_text(v->service, w->service);
		same_text(v->text, w->text);
		same_text(v->tag, w->tag);
	}
}

static void same_count(const struct change_count *a,
		       const struct change_count *b)
{
	same_text(a->label, b->label);
	same_text(a->value, b->value);
	for (int i = 0; i < 2; i++) {
		same_double(a->requests[i], b->requests[i]);
		same_double(a->errors[i], b->errors[i]);
		same_double(a->slow[i], b->slow[i]);
		same_double(a->p99[i], b->p99[i]);
	}
}

static void same_change(const struct change_answer *a,
			const struct change_answer *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (!a)
		return;
	same_text(a->want.service, b->want.service);
	same_text(a->fault, b->fault);
	assert_true(a->want.before_from == b->want.before_from
		    && a->want.before_to == b->want.before_to
		    && a->want.during_from == b->want.during_from
		    && a->want.during_to == b->want.during_to
		    && a->queries == b->queries && a->nr == b->nr);
	same_double(a->slow_over, b->slow_over);
	same_double(a->want.slow_over, b->want.slow_over);
	same_text(a->want.slow_le, b->want.slow_le);
	same_double(a->rate_last_week, b->rate_last_week);
	same_count(&a->all, &b->all);
	for (size_t i = 0; i < a->nr; i++)
		same_count(&a->count[i], &b->count[i]);
	same_events(a->nr_events, a->event, b->nr_events, b->event);
	same_texts(a->nr_notes, a->note, b->nr_notes, b->note);
}

static void same_alarms(const struct batch *a, const struct batch *b)
{
	assert_int_equal(a->alarms, b->alarms);
	assert_int_equal(a->nr_alarms, b->nr_alarms);
	for (size_t i = 0; i < a->nr_alarms; i++) {
		const struct alarm *x = &a->alarm[i], *y = &b->alarm[i];
		same_text(x->name, y->name);
		same_text(x->reason, y->reason);
		assert_true(x->state == y->state && x->since == y->since);
	}
}

static void same_histogram(const struct histogram *a, const struct histogram *b)
{
	same_double(a->count, b->count);
	same_double(a->sum, b->sum);
	assert_int_equal(a->nr, b->nr);
	for (size_t i = 0; i < a->nr; i++) {
		assert_int_equal(a->bucket[i].rule, b->bucket[i].rule);
		same_double(a->bucket[i].lo, b->bucket[i].lo);
		same_double(a->bucket[i].hi, b->bucket[i].hi);
		same_double(a->bucket[i].count, b->bucket[i].count);
	}
}

static void same_frame(const struct frame *a, const struct frame *b)
{
	assert_int_equal(a->question, b->question);
	assert_true(labels_equal(&a->labels, &b->labels));
	assert_int_equal(a->nr, b->nr);
	assert_int_equal(a->h == NULL, b->h == NULL);
	for (size_t i = 0; i < a->nr; i++) {
		assert_true(a->t[i] == b->t[i]);
		if (a->h)
			same_histogram(&a->h[i], &b->h[i]);
		else
			same_double(a->v[i], b->v[i]);
	}
}

static void same_batch(const struct batch *a, const struct batch *b)
{
	same_text(a->source, b->source);
	assert_true(a->at == b->at && a->instant == b->instant
		    && a->from == b->from && a->to == b->to
		    && a->step == b->step && a->settled == b->settled
		    && a->window == b->window && a->reset == b->reset
		    && a->tick == b->tick && a->fault == b->fault
		    && a->partial == b->partial);
	assert_int_equal(a->nr_asked, b->nr_asked);
	assert_memory_equal(a->asked, b->asked, a->nr_asked * 4);
	same_text(a->only, b->only);
	same_text(a->error, b->error);
	same_texts(a->nr_warnings, a->warning, b->nr_warnings, b->warning);
	same_texts(a->nr_infos, a->info, b->nr_infos, b->info);
	same_status(a->status, b->status);
	same_catalog(a->catalog, b->catalog);
	same_events(a->nr_events, a->event, b->nr_events, b->event);
	same_alarms(a, b);
	same_change(a->change, b->change);
	assert_int_equal(a->nr, b->nr);
	for (size_t i = 0; i < a->nr; i++)
		same_frame(&a->frame[i], &b->frame[i]);
}

/* ---- files ------------------------------------------------------------ */

struct place {
	char dir[64], path[96];
};

static int enter(void **state)
{
	struct place *p = mem_zero(1, sizeof(*p));
	snprintf(p->dir, sizeof(p->dir), "/tmp/redtop-record-XXXXXX");
	if (!mkdtemp(p->dir))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/a.redtop", p->dir);
	*state = p;
	return 0;
}

static int leave(void **state)
{
	struct place *p = *state;
	unlink(p->path);
	rmdir(p->path);
	int rc = rmdir(p->dir);
	free(p);
	return rc;
}

#define PER_TICK 3

/* Tick i is T0 + i seconds; the batches depend on the seed alone. */
static void record(const char *path, uint64_t seed, size_t from, size_t ticks)
{
	struct err e = { 0 };
	struct writer *w = writer_open(path, T0, "0.1.0", &e);
	assert_string_equal(e.text, "");
	assert_non_null(w);
	for (size_t i = from * PER_TICK; i < (from + ticks) * PER_TICK; i++) {
		uint64_t s = seed + i * 1000003;
		struct batch *b = some_batch(
			&s, T0 + 1000 * (time_ms)(i / PER_TICK));
		b->tick = i % PER_TICK == PER_TICK - 1;
		assert_int_equal(writer_add(w, b, &e), 0);
		batch_free(b);
	}
	assert_int_equal(writer_ticks(w), ticks);
	assert_int_equal(writer_close(w, &e), 0);
}

static uint8_t *slurp(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*n = (size_t)st.st_size;
	uint8_t *p = mem_alloc(*n);
	assert_int_equal(read(fd, p, *n), st.st_size);
	close(fd);
	return p;
}

static void put_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

/* Reads all batches; those of whole ticks are as they were recorded. Returns
 * how many batches came. */
static size_t read_all(struct reader *r, uint64_t seed)
{
	size_t n = 0;
	for (struct batch *b; (b = reader_next(r)); n++) {
		if (seed) {
			uint64_t s = seed + n * 1000003;
			struct batch *a = some_batch(
				&s, T0 + 1000 * (time_ms)(n / PER_TICK));
			a->tick = n % PER_TICK == PER_TICK - 1;
			same_batch(a, b);
			batch_free(a);
		}
		batch_free(b);
	}
	return n;
}

/* Offsets behind each frame, the header first. */
static size_t boundaries(const uint8_t *p, size_t n, size_t *out, size_t max)
{
	size_t nr = 0, at = RECORD_HEADER;
	struct frame_head h;
	out[nr++] = at;
	while (at < n && nr < max) {
		assert_true(frame_head_read(p + at, &h));
		at += (size_t)h.head + h.len;
		out[nr++] = at;
	}
	assert_int_equal(at, n);
	return nr;
}

/* ---- tests ------------------------------------------------------------ */

static void a_recorded_batch_comes_back_whole(void **state)
{
	(void)state;
	struct buf raw = { 0 };
	for (uint64_t seed = 1; seed <= 2000; seed++) {
		uint64_t s = seed;
		struct batch *a = some_batch(&s, T0);
		buf_clear(&raw);
		item_encode(a, &raw);
		size_t at = 0, n;
		const uint8_t *body;
		assert_true(item_next(&raw, &at, &body, &n));
		assert_int_equal(at, raw.len);
		struct batch *b = item_decode(body, n);
		assert_non_null(b);
		same_batch(a, b);
		batch_free(a);
		batch_free(b);
	}
	buf_release(&raw);
}

static void a_recording_is_read_as_it_was_written(void **state)
{
	struct place *p = *state;
	record(p->path, 42, 0, 50);
	struct stat st;
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	struct err e;
	struct reader *r = reader_open(p->path, &e);
	assert_non_null(r);
	const time_ms *at;
	assert_int_equal(reader_ticks(r, &at), 50);
	assert_true(at[0] == T0 && at[49] == T0 + 49000);
	assert_int_equal(read_all(r, 42), 50 * PER_TICK);
	reader_rewind(r);
	assert_int_equal(read_all(r, 42), 50 * PER_TICK);
	reader_seek_tick(r, 46);
	assert_int_equal(read_all(r, 0), 3 * PER_TICK);
	assert_int_equal(reader_lost(r), 0);
	reader_close(r);
}

static void a_second_evening_is_appended_behind_a_gap(void **state)
{
	struct place *p = *state;
	record(p->path, 7, 0, 4);
	record(p->path, 7, 100, 4);
	struct err e;
	struct reader *r = reader_open(p->path, &e);
	assert_non_null(r);
	const time_ms *at;
	assert_int_equal(reader_ticks(r, &at), 8);
	assert_true(at[4] == T0 + 100000);
	reader_seek_tick(r, 3);
	struct batch *b = reader_next(r);
	assert_non_null(b);
	assert_int_equal(b->nr_events, 1);
	assert_int_equal(b->event[0].kind, EVENT_GAP);
	assert_true(b->event[0].at == T0 + 3000);
	assert_true(b->event[0].until == T0 + 100000);
	assert_string_equal(b->event[0].text, "nothing recorded for 1m");
	assert_false(b->tick);
	batch_free(b);
	assert_int_equal(read_all(r, 0), 4 * PER_TICK);
	reader_close(r);
}

static void an_append_behind_a_torn_tail_is_found(void **state)
{
	struct place *p = *state;
	record(p->path, 8, 0, 5);
	struct stat st;
	assert_int_equal(stat(p->path, &st), 0);
	assert_int_equal(truncate(p->path, st.st_size - 9), 0);
	record(p->path, 8, 10, 5);
	struct err e;
	struct reader *r = reader_open(p->path, &e);
	assert_non_null(r);
	const time_ms *at;
	assert_int_equal(reader_ticks(r, &at), 9);
	assert_true(at[3] == T0 + 3000 && at[4] == T0 + 10000);
	assert_int_equal(read_all(r, 0), 9 * PER_TICK + 1);
	assert_true(reader_lost(r) > 0);
	reader_close(r);
}

/* What is left of `n` bytes: nothing but whole ticks, and all of them. */
static void check_cut(const uint8_t *bytes, size_t n, const size_t *end,
		      size_t nr_ends, uint64_t seed)
{
	uint8_t *copy = mem_alloc(n); /* exact, for the sanitizer */
	memcpy(copy, bytes, n);
	struct err e = { 0 };
	struct reader *r = reader_bytes(copy, n, &e);
	size_t whole = 0;
	while (whole + 1 < nr_ends && end[whole + 1] <= n)
		whole++;
	if (n < RECORD_MAGIC_SIZE) {
		assert_null(r);
		assert_int_equal(e.code, EXIT_FILE);
		assert_true(e.text[0]);
	} else {
		const time_ms *at;
		assert_non_null(r);
		assert_int_equal(reader_ticks(r, &at), whole);
		assert_int_equal(read_all(r, seed), whole * PER_TICK);
	}
	reader_close(r);
	free(copy);
}

static void a_file_cut_anywhere_keeps_its_whole_ticks(void **state)
{
	struct place *p = *state;
	size_t n, end[600];
	record(p->path, 3, 0, 3);
	uint8_t *bytes = slurp(p->path, &n);
	size_t nr = boundaries(bytes, n, end, 600);
	for (size_t cut = 0; cut <= n; cut++)
		check_cut(bytes, cut, end, nr, 3);
	free(bytes);
	unlink(p->path);

	record(p->path, 4, 0, 500);
	bytes = slurp(p->path, &n);
	nr = boundaries(bytes, n, end, 600);
	assert_int_equal(nr, 501);
	uint64_t seed = 5;
	for (int i = 0; i < 200; i++)
		check_cut(bytes, below(&seed, n), end, nr, i < 10 ? 4 : 0);
	free(bytes);
}

static void one_wrong_byte_costs_one_tick(void **state)
{
	struct place *p = *state;
	size_t n, end[8];
	record(p->path, 9, 0, 4);
	uint8_t *bytes = slurp(p->path, &n);
	assert_int_equal(boundaries(bytes, n, end, 8), 5);
	uint64_t seed = 1;
	for (size_t i = 0; i < n; i++) {
		uint8_t was = bytes[i];
		bytes[i] ^= (uint8_t)(1u << below(&seed, 8));
		struct reader *r = reader_bytes(bytes, n, NULL);
		const time_ms *at;
		assert_non_null(r);
		size_t lost = i >= RECORD_HEADER;
		assert_int_equal(reader_ticks(r, &at), 4 - lost);
		assert_int_equal(read_all(r, 0), (4 - lost) * PER_TICK);
		if (lost || i < RECORD_MAGIC_SIZE)
			assert_true(reader_lost(r) > 0);
		reader_close(r);
		bytes[i] = was;
	}
	free(bytes);
}

static void destroyed_sectors_cost_only_their_ticks(void **state)
{
	struct place *p = *state;
	size_t n, end[400];
	record(p->path, 11, 0, 300);
	uint8_t *bytes = slurp(p->path, &n);
	size_t nr = boundaries(bytes, n, end, 400), hit = 0;
	uint64_t seed = 2;
	bool *bad = mem_zero(nr, sizeof(*bad));
	for (int i = 0; i < 20; i++) {
		size_t at = below(&seed, n / 512) * 512;
		memset(bytes + at, 0xf5, 512);
		for (size_t k = 0; k + 1 < nr; k++)
			bad[k] |= end[k] < at + 512 && end[k + 1] > at;
	}
	for (size_t k = 0; k < nr; k++)
		hit += bad[k];
	struct reader *r = reader_bytes(bytes, n, NULL);
	const time_ms *at;
	assert_non_null(r);
	assert_int_equal(reader_ticks(r, &at), nr - 1 - hit);
	uint64_t lost = reader_lost(r);
	reader_close(r);

	assert_true(n > 600000); /* more than a window of the file's reader */
	put_file(p->path, bytes, n);
	r = reader_open(p->path, NULL);
	assert_non_null(r);
	assert_int_equal(reader_ticks(r, &at), nr - 1 - hit);
	assert_int_equal(read_all(r, 0), (nr - 1 - hit) * PER_TICK);
	assert_int_equal(reader_lost(r), lost);
	reader_close(r);
	free(bad);
	free(bytes);
}

static void expect_refused(const char *path, const char *why)
{
	struct err e = { 0 };
	assert_null(writer_open(path, T0, "0.1.0", &e));
	assert_int_equal(e.code, EXIT_WRITE);
	assert_non_null(strstr(e.text, path));
	if (!strstr(e.text, why))
		fail_msg("'%s' does not say '%s'", e.text, why);
}

static void nothing_of_somebody_else_is_overwritten(void **state)
{
	struct place *p = *state;
	char other[128];
	snprintf(other, sizeof(other), "%s/other", p->dir);

	put_file(p->path, "precious", 8);
	expect_refused(p->path, "is not a recording");
	size_t n;
	uint8_t *bytes = slurp(p->path, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(bytes, "precious", 8);
	free(bytes);

	assert_int_equal(symlink(p->path, other), 0);
	expect_refused(other, "symbolic link");
	unlink(other);
	snprintf(other, sizeof(other), "%s/other", p->dir);
	assert_int_equal(symlink("/tmp/redtop-no-such-file", other), 0);
	expect_refused(other, "symbolic link");
	assert_int_equal(access("/tmp/redtop-no-such-file", F_OK), -1);
	unlink(other);

	assert_int_equal(mkfifo(other, 0600), 0);
	expect_refused(other, "not a regular file");
	unlink(other);
	expect_refused(p->dir, "is a directory");
	expect_refused("/dev/full", "not a regular file");
	expect_refused("/tmp/redtop-no-such-dir/x", "cannot be written");
	put_file(p->path, "", 0);
	expect_refused(p->path, "is not a recording");
}

static void two_writers_never_share_a_file(void **state)
{
	struct place *p = *state;
	struct err e;
	struct writer *w = writer_open(p->path, T0, "0.1.0", &e);
	assert_non_null(w);
	expect_refused(p->path, "another redtop");
	assert_int_equal(writer_close(w, &e), 0);
}

static void a_growing_file_is_followed(void **state)
{
	struct place *p = *state;
	struct err e;
	record(p->path, 6, 0, 2);
	struct reader *r = reader_open(p->path, &e);
	assert_non_null(r);
	assert_int_equal(read_all(r, 6), 2 * PER_TICK);
	assert_false(reader_refresh(r));

	size_t n, end[8];
	record(p->path, 6, 2, 2);
	uint8_t *bytes = slurp(p->path, &n);
	assert_int_equal(boundaries(bytes, n, end, 8), 5);
	put_file(p->path, bytes, end[2] + 20); /* half a header more */
	assert_false(reader_refresh(r));
	put_file(p->path, bytes, end[3] - 1);
	assert_false(reader_refresh(r));
	put_file(p->path, bytes, n);
	assert_true(reader_refresh(r));
	const time_ms *at;
	assert_int_equal(reader_ticks(r, &at), 4);
	assert_int_equal(read_all(r, 0), 2 * PER_TICK + 1);
	assert_int_equal(reader_lost(r), 0);
	reader_close(r);
	free(bytes);
}

/* In a child: the limit holds for the whole process. */
static int fill_up(const char *path, rlim_t limit)
{
	struct rlimit rl = { limit, limit };
	struct err e = { 0 };
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &rl) < 0)
		return 10;
	struct writer *w = writer_open(path, T0, "0.1.0", &e);
	if (!w)
		return 11;
	int failed = 0;
	for (size_t i = 0; i < 3000; i++) {
		uint64_t s = 21 + i * 1000003;
		struct batch *b = some_batch(
			&s, T0 + 1000 * (time_ms)(i / PER_TICK));
		b->tick = i % PER_TICK == PER_TICK - 1;
		failed += writer_add(w, b, &e) < 0;
		batch_free(b);
	}
	if (failed < 2 || e.code != EXIT_WRITE || !strstr(e.text, path)
	    || !strstr(e.text, "may not grow"))
		return 12;
	return writer_close(w, NULL) < 0 ? 0 : 13;
}

static void a_full_disk_leaves_a_whole_recording(void **state)
{
	struct place *p = *state;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(fill_up(p->path, 50000));
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);

	struct err e;
	struct reader *r = reader_open(p->path, &e);
	assert_non_null(r);
	const time_ms *at;
	size_t ticks = reader_ticks(r, &at);
	assert_true(ticks > 3);
	assert_int_equal(read_all(r, 21), ticks * PER_TICK);
	assert_int_equal(reader_lost(r), 0);
	reader_close(r);
}

static void a_killed_writer_loses_no_tick(void **state)
{
	struct place *p = *state;
	int ready[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		struct writer *w = writer_open(p->path, T0, "0.1.0", NULL);
		for (size_t i = 0; w && i < 10 * PER_TICK + 1; i++) {
			uint64_t s = 31 + i * 1000003;
			struct batch *b = some_batch(
				&s, T0 + 1000 * (time_ms)(i / PER_TICK));
			b->tick = i % PER_TICK == PER_TICK - 1;
			writer_add(w, b, NULL);
			batch_free(b);
		}
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	struct reader *r = reader_open(p->path, NULL);
	assert_non_null(r);
	assert_int_equal(read_all(r, 31), 10 * PER_TICK);
	reader_close(r);
}

static void a_cancelled_poll_is_not_history(void **state)
{
	struct place *p = *state;
	struct writer *w = writer_open(p->path, T0, "0.1.0", NULL);
	struct batch *b = batch_new(0);
	assert_non_null(w);
	b->source = "prom";
	b->at = T0;
	b->tick = true;
	b->fault = FAULT_CANCELLED;
	b->error = "cancelled";
	assert_int_equal(writer_add(w, b, NULL), 0);
	batch_free(b);
	assert_int_equal(writer_ticks(w), 0);
	assert_int_equal(writer_close(w, NULL), 0);
	struct reader *r = reader_open(p->path, NULL);
	assert_non_null(r);
	assert_null(reader_next(r));
	reader_close(r);
}

static void what_is_no_recording_is_named(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };
	put_file(p->path, "#!/bin/sh\nexit 0\n", 17);
	assert_null(reader_open(p->path, &e));
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "is not a redtop recording"));
	assert_null(reader_open(p->dir, &e));
	assert_int_equal(e.code, EXIT_FILE);
	assert_null(reader_open("/tmp/redtop-no-such-file", &e));
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "No such file"));
}

static void reseal(uint8_t *head)
{
	uint64_t h = XXH3_64bits(head, 56);
	for (int i = 0; i < 8; i++)
		head[56 + i] = (uint8_t)(h >> 8 * i);
}

static void a_newer_format_is_named_and_left_alone(void **state)
{
	struct place *p = *state;
	uint8_t head[RECORD_HEADER];
	record_header(head, T0, "9.0.0");
	head[8] = 2;
	reseal(head);
	put_file(p->path, head, sizeof(head));
	struct err e = { 0 };
	assert_null(reader_open(p->path, &e));
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, "format 2"));
	expect_refused(p->path, "newer format 2");
}

/* ---- hostile bytes ---------------------------------------------------- */

static struct batch *again(const struct batch *a)
{
	struct buf raw = { 0 };
	item_encode(a, &raw);
	size_t at = 0, n;
	const uint8_t *body;
	assert_true(item_next(&raw, &at, &body, &n));
	struct batch *b = item_decode(body, n);
	buf_release(&raw);
	return b;
}

/* One series of nr points with these labels. */
static struct batch *one_series(struct label *l, size_t nr_labels,
				const time_ms *t, size_t nr)
{
	static const double v[8] = { 1, 2, 3 };
	struct batch *b = batch_new(0);
	struct frame *f = arena_alloc(&b->arena, sizeof(*f));
	*f = (struct frame){
		.question = 17, .labels = { nr_labels, l }, .nr = nr, .t = t,
		.v = v,
	};
	b->source = "prom";
	b->at = b->to = T0;
	b->from = T0 - 60000;
	b->settled = TIME_NONE;
	b->nr = 1;
	b->frame = f;
	return b;
}

static void text_of_a_stranger_cannot_reach_the_terminal(void **state)
{
	(void)state;
	struct label l[] = { { "job", "\x1b]0;pwned\x07" } };
	time_ms t[] = { T0 };
	struct batch *a = one_series(l, 1, t, 1);
	a->fault = FAULT_AUTH;
	a->error = "a\nb\xe2\x80\xae" "c\xff";
	struct batch *b = again(a);
	assert_non_null(b);
	assert_string_equal(b->error, "a\\x0ab\\u{202e}c\\xff");
	assert_string_equal(labels_get(&b->frame[0].labels, "job"),
			    "\\x1b]0;pwned\\x07");
	batch_free(a);
	batch_free(b);
}

static void long_text_is_cut_at_its_ceiling(void **state)
{
	(void)state;
	char *name = mem_zero(1, 100001);
	memset(name, 'n', 100000);
	struct label l[] = { { name, name } };
	time_ms t[] = { T0 };
	struct batch *a = one_series(l, 1, t, 1);
	struct batch *b = again(a);
	assert_non_null(b);
	const struct label *got = b->frame[0].labels.l;
	assert_int_equal(strlen(got->name), LIMIT_LABEL_NAME);
	assert_int_equal(strlen(got->value), LIMIT_LABEL_VALUE);
	batch_free(a);
	batch_free(b);
	free(name);
}

static void labels_are_sorted_or_refused(void **state)
{
	(void)state;
	struct label l[] = { { "z", "1" }, { "e", "" }, { "a", "2" } };
	time_ms t[] = { T0 };
	struct batch *a = one_series(l, 3, t, 1), *b = again(a);
	assert_non_null(b);
	assert_int_equal(b->frame[0].labels.nr, 2);
	assert_string_equal(b->frame[0].labels.l[0].name, "a");
	batch_free(b);
	l[2].name = "z";
	assert_null(again(a));
	batch_free(a);
}

static void times_that_go_back_are_refused(void **state)
{
	(void)state;
	time_ms rising[] = { T0 - 90000, T0 - 2, T0 + 1 };
	struct batch *a = one_series(NULL, 0, rising, 3), *b = again(a);
	assert_non_null(b);
	assert_int_equal(b->frame[0].nr, 1); /* the others were not asked */
	assert_true(b->frame[0].t[0] == T0 - 2 && b->frame[0].v[0] == 2);
	batch_free(b);
	rising[1] = rising[0];
	assert_null(again(a));
	rising[1] = rising[0] - 1;
	assert_null(again(a));
	rising[1] = INT64_MAX - 5;
	assert_null(again(a));
	batch_free(a);
}

static void unknown_words_are_refused(void **state)
{
	(void)state;
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1);
	a->fault = FAULT_NR;
	assert_null(again(a));
	a->fault = FAULT_NONE;
	struct event v = { .kind = EVENT_KINDS, .text = "x" };
	a->event = &v;
	a->nr_events = 1;
	assert_null(again(a));
	v.kind = EVENT_NOTE;
	v.severity = (enum severity)3;
	assert_null(again(a));
	v.severity = SEVERITY_WARN;
	struct catalog c = { .nr_services = 1, .service = &(
		struct service_def){ .name = "a", .value = "a", .shape = 3 } };
	a->catalog = &c;
	assert_null(again(a)); /* a service of no shape */
	a->catalog = NULL;
	struct batch *b = again(a);
	assert_non_null(b);
	batch_free(b);
	batch_free(a);
}

/* What stands behind the endpoints is outside data too. */
static void a_forged_bill_is_believed(void **state)
{
	(void)state;
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1), *b;
	struct cost_part part = { "\x1b[2J", 4, -INFINITY };
	struct source_cost cost = { 83, INFINITY, -1, NAN, "a\nb", 1, &part };
	struct source_status status = { .credentials = "env\x07",
					.cost = &cost };
	struct alarm alarm = { "\x1b[1m", ALARM_ALARM, T0, "x\ty" };
	a->status = &status;
	a->alarms = true;
	a->nr_alarms = 1;
	a->alarm = &alarm;
	b = again(a);
	assert_non_null(b);
	assert_string_equal(b->status->credentials, "env\\x07");
	assert_true(b->status->cost->usd_per_hour == 0
		    && b->status->cost->usd_today == 0
		    && b->status->cost->usd_max == 0
		    && b->status->cost->part[0].usd_per_hour == 0);
	assert_string_equal(b->status->cost->part[0].name, "\\x1b[2J");
	assert_string_equal(b->status->cost->saving, "a\\x0ab");
	assert_string_equal(b->alarm[0].name, "\\x1b[1m");
	assert_string_equal(b->alarm[0].reason, "x\\x09y");
	batch_free(b);
	alarm.state = ALARM_STATES;
	assert_null(again(a));
	alarm.state = ALARM_OK;
	alarm.since = RECORD_TIME_MAX + 1;
	assert_null(again(a));
	alarm.since = TIME_NONE;
	alarm.name = NULL;
	assert_null(again(a));
	batch_free(a);
}

/* Bits that a reader of before does not know stand behind all it reads. */
static void an_old_recording_gets_a_bill(void **state)
{
	(void)state;
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1);
	struct source_status status = { .kind = "prometheus" };
	struct buf without = { 0 }, with = { 0 };
	a->status = &status;
	item_encode(a, &without);
	status.credentials = "imds";
	item_encode(a, &with);
	assert_true(with.len > without.len);
	struct batch *b = again(a);
	assert_string_equal(b->status->credentials, "imds");
	batch_free(b);
	status.credentials = NULL;
	b = again(a);
	assert_null(b->status->credentials);
	assert_null(b->status->cost);
	assert_false(b->alarms);
	batch_free(b);
	batch_free(a);
	buf_release(&without);
	buf_release(&with);
}

static const struct slo_def an_objective = {
	.id = "up", .objective = 0.999, .period = 86400000, .errors = "e",
	.total = "t",
};
static const struct threshold_def a_threshold = {
	.id = "cpu", .query = "cpu", .period = 60000, .m = 1, .n = 1,
	.clear = NAN, .clear_after = 1, .warning = { true, 70, NAN },
	.critical = { false, NAN, NAN },
};

/* Behind all else, so a reader of before reads the rest; and an old file has
 * nothing of it. */
static void an_old_recording_makes_promises(void **state)
{
	(void)state;
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1), *b;
	struct catalog c = { .version = "2.42.0" };
	struct buf without = { 0 }, with = { 0 };
	a->catalog = &c;
	item_encode(a, &without);
	b = again(a);
	assert_int_equal(b->catalog->nr_slos + b->catalog->nr_thresholds, 0);
	assert_null(b->catalog->pack);
	assert_null(b->change);
	batch_free(b);
	c.nr_slos = c.nr_thresholds = 1;
	c.slo = &an_objective;
	c.threshold = &a_threshold;
	item_encode(a, &with);
	assert_true(with.len > without.len);
	b = again(a);
	same_slo(&an_objective, &b->catalog->slo[0]);
	same_threshold(&a_threshold, &b->catalog->threshold[0]);
	batch_free(b);
	batch_free(a);
	buf_release(&without);
	buf_release(&with);
}

/* Of a catalog with this objective. */
static struct batch *promised(struct slo_def s)
{
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1);
	struct catalog c = { .nr_slos = 1, .slo = &s };
	a->catalog = &c;
	struct batch *b = again(a);
	batch_free(a);
	return b;
}

static struct batch *limited(struct threshold_def d)
{
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1);
	struct catalog c = { .nr_thresholds = 1, .threshold = &d };
	a->catalog = &c;
	struct batch *b = again(a);
	batch_free(a);
	return b;
}

static void a_forged_objective_is_believed(void **state)
{
	(void)state;
	static const char *const group[] = { "\x1b[2J", NULL };
	struct slo_def s = an_objective;
	s.objective = 7;
	s.latency = -1;
	s.slice_target = NAN;
	s.errors = "\x1b[1m";
	s.group = group;
	struct batch *b = promised(s);
	assert_non_null(b);
	const struct slo_def *got = &b->catalog->slo[0];
	assert_true(got->objective == 0 && got->latency == 0
		    && got->slice_target == 0);
	assert_string_equal(got->errors, "\\x1b[1m");
	assert_string_equal(got->group[0], "\\x1b[2J");
	batch_free(b);
	s = an_objective;
	s.id = NULL;
	assert_null(promised(s));
	s = an_objective;
	s.period = 0;
	assert_null(promised(s));
	s.period = RECORD_TIME_MAX + 1;
	assert_null(promised(s));
	s = an_objective;
	s.method = (enum slo_method)3;
	assert_null(promised(s));
	s = an_objective;
	s.slice = -1;
	assert_null(promised(s));
	s = an_objective;
	s.calendar = CALENDAR_MONTH;
	assert_null(promised(s));
	s.calendar_every = 1;
	b = promised(s);
	assert_non_null(b);
	batch_free(b);
	s = an_objective;
	s.tier[0] = (struct slo_tier_def){ true, SLO_WINDOWS, SLO_1H, 0.02 };
	assert_null(promised(s));
}

static void a_forged_threshold_is_believed(void **state)
{
	(void)state;
	struct threshold_def d = a_threshold;
	d.measure = MEASURES;
	assert_null(limited(d));
	d = a_threshold;
	d.missing = (enum missing)4;
	assert_null(limited(d));
	d = a_threshold;
	d.period = -1;
	assert_null(limited(d));
	d = a_threshold;
	d.hold = -1;
	assert_null(limited(d));
	d = a_threshold;
	d.id = NULL;
	assert_null(limited(d));
	d = a_threshold;
	d.what = "a\nb";
	struct batch *b = limited(d);
	assert_string_equal(b->catalog->threshold[0].what, "a\\x0ab");
	batch_free(b);
}

static void a_forged_comparison_is_believed(void **state)
{
	(void)state;
	time_ms t[] = { T0 };
	struct batch *a = one_series(NULL, 0, t, 1), *b;
	const char *const note = "x\ty";
	struct change_count n = { .label = "\x1b[2J", .value = "v",
				  .requests = { -1, INFINITY },
				  .errors = { NAN, 3 } };
	struct change_answer c = {
		.want.service = "api", .nr = 1, .count = &n, .nr_notes = 1,
		.note = &note, .slow_over = -INFINITY, .rate_last_week = 4,
	};
	a->change = &c;
	b = again(a);
	assert_non_null(b);
	const struct change_count *got = &b->change->count[0];
	assert_string_equal(got->label, "\\x1b[2J");
	assert_true(isnan(got->requests[0]) && isnan(got->requests[1])
		    && isnan(got->errors[0]) && got->errors[1] == 3);
	assert_string_equal(b->change->note[0], "x\\x09y");
	assert_true(isnan(b->change->slow_over)
		    && b->change->rate_last_week == 4);
	batch_free(b);
	c.want.service = NULL;
	assert_null(again(a));
	c.want.service = "api";
	c.want.during_to = TIME_NONE;
	assert_null(again(a));
	batch_free(a);
}

static void into_file(struct batch *b, void *writer)
{
	assert_int_equal(writer_add(writer, b, NULL), 0);
	batch_free(b);
}

static void an_incident_in_the_cloud_replays_otherwise(void **state)
{
	struct place *p = *state;
	struct store *live = store_new(0), *replayed = store_new(0);
	struct cloud c = { .now = T0, .failing = true, .alarms = true,
			   .cost = &cloud_cost_over };
	struct writer *w = writer_open(p->path, T0, "0.1.0", NULL);
	assert_non_null(w);
	cloud_poll(&c, into_file, w);
	cloud_poll(&c, cloud_into, live);
	assert_int_equal(writer_close(w, NULL), 0);
	struct reader *r = reader_open(p->path, NULL);
	assert_non_null(r);
	for (struct batch *b; (b = reader_next(r));)
		cloud_into(b, replayed);
	reader_close(r);
	const struct store_source *a = store_source(live, "cloudwatch");
	const struct store_source *b = store_source(replayed, "cloudwatch");
	same_text(a->credentials, b->credentials);
	assert_int_equal(a->nr_alarms, b->nr_alarms);
	for (size_t i = 0; i < a->nr_alarms; i++)
		same_text(a->alarm[i].reason, b->alarm[i].reason);
	same_cost(&a->cost, &b->cost);
	assert_true(b->priced);
	same_catalog(a->catalog, b->catalog);
	assert_int_equal(store_points(live), store_points(replayed));
	store_free(live);
	store_free(replayed);
}

static void an_item_cut_anywhere_is_refused(void **state)
{
	(void)state;
	uint64_t seed = 77;
	struct batch *a = some_batch(&seed, T0);
	struct buf raw = { 0 };
	item_encode(a, &raw);
	size_t at = 0, n;
	const uint8_t *body;
	assert_true(item_next(&raw, &at, &body, &n));
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = mem_alloc(cut);
		memcpy(copy, body, cut);
		assert_null(item_decode(copy, cut));
		free(copy);
	}
	batch_free(a);
	buf_release(&raw);
}

/* Any byte of an item may be anything: what is made of it must be freed and
 * must not crash; the sanitizer looks on. */
static void an_item_changed_anywhere_does_no_harm(void **state)
{
	(void)state;
	uint64_t seed = 78;
	size_t kept = 0, refused = 0;
	for (int round = 0; round < 40; round++) {
		struct batch *a = some_batch(&seed, T0);
		struct buf raw = { 0 };
		item_encode(a, &raw);
		for (size_t i = 0; i < raw.len; i++) {
			char was = raw.s[i];
			raw.s[i] = (char)next(&seed);
			size_t at = 0, n;
			const uint8_t *body;
			struct batch *b = NULL;
			if (item_next(&raw, &at, &body, &n))
				b = item_decode(body, n);
			raw.s[i] = was;
			kept += b != NULL;
			refused += b == NULL;
			if (b)
				batch_free(b);
		}
		batch_free(a);
		buf_release(&raw);
	}
	assert_true(kept > 0 && refused > 0);
}

static void lengths_are_not_believed(void **state)
{
	(void)state;
	static const uint8_t huge[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					0xff, 0xff, 0xff, 0x01 };
	for (size_t skip = 0; skip < sizeof(huge); skip++)
		assert_null(item_decode(huge + skip, sizeof(huge) - skip));

	uint8_t head[FRAME_HEADER] = FRAME_SYNC;
	struct frame_head h;
	head[14] = FRAME_HEADER;
	assert_true(frame_head_read(head, &h));
	head[19] = 0x80; /* a payload of 2 GB */
	assert_false(frame_head_read(head, &h));
	head[19] = 0;
	head[23] = 0x80; /* that becomes one */
	assert_false(frame_head_read(head, &h));
	head[23] = 0;
	head[14] = FRAME_HEADER - 1;
	assert_false(frame_head_read(head, &h));
}

/* 1 MB of zeros in some bytes, whose header says less, more, or nothing. */
static void a_bomb_does_not_go_off(void **state)
{
	(void)state;
	struct buf raw = { 0 }, frame = { 0 }, out = { 0 };
	char *zeros = mem_zero(1, 1 << 20);
	buf_add(&raw, zeros, 1 << 20);
	frame_build(&frame, &raw, 0, T0);
	assert_true(frame.len < 1000);
	struct frame_head h;
	const uint8_t *p = (const uint8_t *)frame.s;
	assert_true(frame_head_read(p, &h));
	assert_true(frame_is_whole(p, &h));
	assert_true(frame_payload(p, &h, &out));
	assert_int_equal(out.len, 1 << 20);
	h.raw = 100;
	assert_false(frame_payload(p, &h, &out));
	h.raw = LIMIT_FRAME;
	assert_false(frame_payload(p, &h, &out));
	h.flags = 0;
	assert_false(frame_payload(p, &h, &out));
	free(zeros);
	buf_release(&raw);
	buf_release(&frame);
	buf_release(&out);
}

static void frames_of_a_later_version_are_stepped_over(void **state)
{
	struct place *p = *state;
	size_t n;
	record(p->path, 12, 0, 2);
	uint8_t *bytes = slurp(p->path, &n);
	struct buf all = { 0 }, raw = { 0 };
	buf_add(&all, bytes, RECORD_HEADER);
	buf_str(&raw, "what this is nobody knows yet");
	size_t start = all.len;
	frame_build(&all, &raw, FRAME_TICK, T0);
	uint8_t *frame = (uint8_t *)all.s + start;
	frame[12] = 99;
	uint64_t h = XXH3_64bits(frame + 12, all.len - start - 12);
	for (int i = 0; i < 8; i++)
		frame[4 + i] = (uint8_t)(h >> 8 * i);
	buf_add(&all, bytes + RECORD_HEADER, n - RECORD_HEADER);
	struct reader *r = reader_bytes(all.s, all.len, NULL);
	const time_ms *at;
	assert_non_null(r);
	assert_int_equal(reader_ticks(r, &at), 2);
	assert_int_equal(read_all(r, 12), 2 * PER_TICK);
	assert_int_equal(reader_lost(r), 0);
	reader_close(r);
	buf_release(&all);
	buf_release(&raw);
	free(bytes);
}

/* The example at the end of docs/format.md, comments left out. */
static size_t documented(uint8_t *out, size_t max)
{
	FILE *f = fopen("docs/format.md", "r");
	char line[2000];
	size_t n = 0;
	bool inside = false;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "```", 3) == 0) {
			inside = strcmp(line, "```hex\n") == 0;
			continue;
		}
		unsigned byte;
		int used;
		for (char *p = line; inside && n < max
		     && sscanf(p, " %2x%n", &byte, &used) == 1; p += used)
			out[n++] = (uint8_t)byte;
	}
	fclose(f);
	return n;
}

static void the_format_is_the_documented_one(void **state)
{
	struct place *p = *state;
	struct label l[] = { { "code", "200" }, { "job", "api" } };
	time_ms t = T0 + 5000;
	double v = 12.5;
	uint32_t asked = 16;
	struct frame f = {
		.question = 16, .labels = { 2, l }, .nr = 1, .t = &t, .v = &v,
	};
	struct batch b = {
		.source = "prom", .at = t, .instant = true, .from = t, .to = t,
		.settled = t, .window = 60000, .nr_asked = 1, .asked = &asked,
		.tick = true, .nr = 1, .frame = &f,
	};
	struct writer *w = writer_open(p->path, T0, "0.1.0", NULL);
	assert_non_null(w);
	assert_int_equal(writer_add(w, &b, NULL), 0);
	assert_int_equal(writer_close(w, NULL), 0);

	uint8_t want[400];
	size_t nr = documented(want, sizeof(want)), n;
	uint8_t *got = slurp(p->path, &n);
	assert_int_equal(n, nr);
	assert_memory_equal(got, want, n);
	free(got);

	struct reader *r = reader_bytes(want, nr, NULL);
	assert_non_null(r);
	struct batch *again_b = reader_next(r);
	assert_non_null(again_b);
	same_batch(&b, again_b);
	batch_free(again_b);
	reader_close(r);
}

#define HERE(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recorded_batch_comes_back_whole),
		HERE(a_recording_is_read_as_it_was_written),
		HERE(a_second_evening_is_appended_behind_a_gap),
		HERE(an_append_behind_a_torn_tail_is_found),
		HERE(a_file_cut_anywhere_keeps_its_whole_ticks),
		HERE(one_wrong_byte_costs_one_tick),
		HERE(destroyed_sectors_cost_only_their_ticks),
		HERE(nothing_of_somebody_else_is_overwritten),
		HERE(two_writers_never_share_a_file),
		HERE(a_growing_file_is_followed),
		HERE(a_full_disk_leaves_a_whole_recording),
		HERE(a_killed_writer_loses_no_tick),
		HERE(a_cancelled_poll_is_not_history),
		HERE(what_is_no_recording_is_named),
		HERE(a_newer_format_is_named_and_left_alone),
		cmocka_unit_test(text_of_a_stranger_cannot_reach_the_terminal),
		cmocka_unit_test(long_text_is_cut_at_its_ceiling),
		cmocka_unit_test(labels_are_sorted_or_refused),
		cmocka_unit_test(times_that_go_back_are_refused),
		cmocka_unit_test(unknown_words_are_refused),
		cmocka_unit_test(a_forged_bill_is_believed),
		cmocka_unit_test(an_old_recording_gets_a_bill),
		cmocka_unit_test(an_old_recording_makes_promises),
		cmocka_unit_test(a_forged_objective_is_believed),
		cmocka_unit_test(a_forged_threshold_is_believed),
		cmocka_unit_test(a_forged_comparison_is_believed),
		HERE(an_incident_in_the_cloud_replays_otherwise),
		cmocka_unit_test(an_item_cut_anywhere_is_refused),
		cmocka_unit_test(an_item_changed_anywhere_does_no_harm),
		cmocka_unit_test(lengths_are_not_believed),
		cmocka_unit_test(a_bomb_does_not_go_off),
		HERE(the_format_is_the_documented_one),
		HERE(frames_of_a_later_version_are_stepped_over),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
