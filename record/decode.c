/* An item back to a batch. Every getter marks the input as bad instead of
 * failing, so that the fields read like a list; whoever loops asks for the
 * count first, and a count is never larger than the bytes that are left. */
#include "record/format.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What one batch may take in memory, whatever its bytes claim. */
#define LIMIT_BATCH (4 * LIMIT_FRAME)

/* Beyond it a number is no sum of dollars, and no limit of anything. */
#define MONEY_MAX 1e9
#define SHARE_MAX 1e18

struct decoder {
	const uint8_t *p, *end;
	bool bad;
	struct batch *b;
	const char **text;
	size_t nr_texts;
	double *v;            /* all doubles, in the order of the fields */
	size_t nr_v, next_v;
};

static uint64_t get_varint(struct decoder *d)
{
	uint64_t v = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (d->p == d->end)
			break;
		uint8_t c = *d->p++;
		v |= shift < 64 ? (uint64_t)(c & 0x7f) << shift : 0;
		if (!(c & 0x80))
			return v;
	}
	d->bad = true;
	return 0;
}

static uint64_t get_below(struct decoder *d, uint64_t end)
{
	uint64_t v = get_varint(d);
	if (v < end)
		return v;
	d->bad = true;
	return 0;
}

static unsigned get_unsigned(struct decoder *d)
{
	return (unsigned)get_below(d, (uint64_t)UINT32_MAX + 1);
}

static int get_int(struct decoder *d)
{
	int64_t v = unzigzag(get_varint(d));
	if (v >= INT32_MIN && v <= INT32_MAX)
		return (int)v;
	d->bad = true;
	return 0;
}

/* How many of `least` bytes or more follow. */
static size_t get_count(struct decoder *d, size_t max, size_t least)
{
	uint64_t v = get_varint(d);
	if (v <= max && v <= (size_t)(d->end - d->p) / least)
		return (size_t)v;
	d->bad = true;
	return 0;
}

static time_ms checked(struct decoder *d, time_ms t)
{
	if (t == TIME_NONE || (t >= -RECORD_TIME_MAX && t <= RECORD_TIME_MAX))
		return t;
	d->bad = true;
	return 0;
}

static time_ms get_time(struct decoder *d, time_ms base)
{
	uint64_t t = (uint64_t)unzigzag(get_varint(d)) + (uint64_t)base;
	return checked(d, (time_ms)t);
}

static time_ms get_span(struct decoder *d)
{
	time_ms t = get_time(d, 0);
	if (t >= 0)
		return t;
	d->bad = true;
	return 0;
}

static double get_double(struct decoder *d)
{
	if (d->next_v < d->nr_v)
		return d->v[d->next_v++];
	d->bad = true;
	return NAN;
}

static double get_positive(struct decoder *d, double max)
{
	double v = get_double(d);
	return v > 0 && v <= max ? v : 0;
}

static void *take(struct decoder *d, size_t nr, size_t size)
{
	void *p = arena_alloc(&d->b->arena, (nr ? nr : 1) * size);
	if (!p)
		d->bad = true;
	return p;
}

static const char *clean(struct decoder *d, const char *s, size_t n, size_t max)
{
	struct buf out;
	buf_init(&out, max);
	text_clean(&out, s, n);
	const char *p = arena_strdup(&d->b->arena, buf_text(&out));
	buf_release(&out);
	if (!p)
		d->bad = true;
	return p;
}

static bool is_plain(const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return true;
}

static const char *get_table_text(struct decoder *d)
{
	size_t n = get_count(d, LIMIT_FRAME, 1);
	const char *s = (const char *)d->p;
	d->p += n;
	if (n > LIMIT_QUERY || !is_plain((const uint8_t *)s, n))
		return clean(d, s, n, LIMIT_QUERY);
	s = arena_strndup(&d->b->arena, s, n);
	if (!s)
		d->bad = true;
	return s;
}

static void get_table(struct decoder *d)
{
	size_t nr = get_count(d, LIMIT_FRAME, 1);
	d->text = mem_alloc(nr * sizeof(*d->text));
	for (d->nr_texts = 0; d->nr_texts < nr && !d->bad; d->nr_texts++)
		d->text[d->nr_texts] = get_table_text(d);
}

/* May be NULL. */
static const char *get_text(struct decoder *d, size_t max)
{
	size_t ref = (size_t)get_below(d, d->nr_texts + 1);
	if (ref == 0)
		return NULL;
	const char *s = d->text[ref - 1];
	size_t n = strlen(s);
	return n <= max ? s : clean(d, s, n, max);
}

/* Of a field that every writer fills. */
static const char *need_text(struct decoder *d, size_t max)
{
	const char *s = get_text(d, max);
	if (s)
		return s;
	d->bad = true;
	return "";
}

static const char *const *get_texts(struct decoder *d, size_t *nr)
{
	size_t n = get_count(d, LIMIT_WARNINGS, 1);
	const char **s = take(d, n, sizeof(*s));
	for (size_t i = 0; i < n && !d->bad; i++)
		s[i] = need_text(d, LIMIT_SENTENCE);
	*nr = d->bad ? 0 : n;
	return s;
}

static void get_planes(struct decoder *d)
{
	size_t nr = get_count(d, LIMIT_FRAME, 8);
	d->v = take(d, nr, sizeof(*d->v));
	if (!d->v)
		return;
	for (size_t i = 0; i < nr; i++) {
		uint64_t bits = 0;
		for (size_t k = 0; k < 8; k++)
			bits = bits << 8 | d->p[k * nr + i];
		memcpy(&d->v[i], &bits, sizeof(bits));
	}
	d->p += nr * 8;
	d->nr_v = nr;
}

static void get_asked(struct decoder *d)
{
	size_t nr = get_count(d, LIMIT_FRAME, 1);
	uint32_t *asked = take(d, nr, sizeof(*asked));
	for (size_t i = 0; i < nr && !d->bad; i++)
		asked[i] = get_unsigned(d);
	d->b->nr_asked = d->bad ? 0 : nr;
	d->b->asked = asked;
}

/* FAULT_NONE and an error exclude each other, and FAULT_CANCELLED is never
 * recorded. */
static void get_fault(struct decoder *d)
{
	struct batch *b = d->b;
	b->fault = (enum fault)get_below(d, FAULT_NR);
	b->error = get_text(d, LIMIT_SENTENCE);
	if (b->fault == FAULT_CANCELLED)
		d->bad = true;
	if (b->fault == FAULT_NONE)
		b->error = NULL;
	else if (!b->error)
		b->error = "the recording does not say why";
}

static unsigned get_answer(struct decoder *d)
{
	struct batch *b = d->b;
	b->source = get_text(d, LIMIT_LABEL_VALUE);
	unsigned flags = get_unsigned(d);
	b->instant = flags & ITEM_INSTANT;
	b->reset = flags & ITEM_RESET;
	b->tick = flags & ITEM_TICK;
	b->partial = flags & ITEM_PARTIAL;
	b->at = checked(d, unzigzag(get_varint(d)));
	b->from = get_time(d, b->at);
	b->to = get_time(d, b->at);
	b->settled = get_time(d, b->at);
	b->step = get_span(d);
	b->window = get_span(d);
	get_asked(d);
	b->only = get_text(d, LIMIT_LABEL_VALUE);
	get_fault(d);
	b->warning = get_texts(d, &b->nr_warnings);
	b->info = get_texts(d, &b->nr_infos);
	return flags;
}

static void get_status(struct decoder *d)
{
	struct source_status *s = take(d, 1, sizeof(*s));
	if (!s)
		return;
	s->kind = get_text(d, LIMIT_LABEL_VALUE);
	s->url = get_text(d, LIMIT_LABEL_VALUE);
	s->identity = get_text(d, LIMIT_LABEL_VALUE);
	s->took_us = unzigzag(get_varint(d));
	s->skew_s = get_double(d);
	s->requests = get_unsigned(d);
	s->bytes = get_varint(d);
	s->body_bytes = get_varint(d);
	s->retries = get_unsigned(d);
	s->dropped = get_unsigned(d);
	s->next = get_time(d, d->b->at);
	s->period = get_time(d, 0);
	d->b->status = s;
}

static void get_endpoints(struct decoder *d)
{
	struct source_status *s = (struct source_status *)d->b->status;
	s->endpoint = get_text(d, LIMIT_LABEL_VALUE);
	size_t nr = get_count(d, LIMIT_ENDPOINTS, 4);
	struct source_endpoint *e = take(d, nr, sizeof(*e));
	for (size_t i = 0; e && i < nr; i++) {
		e[i].url = need_text(d, LIMIT_LABEL_VALUE);
		e[i].circuit = (enum circuit)get_below(d, CIRCUIT_NR);
		e[i].latency_us = unzigzag(get_varint(d));
		e[i].in_flight = get_unsigned(d);
	}
	s->endpoints = e;
	s->nr_endpoints = e ? nr : 0;
	nr = get_count(d, LIMIT_ATTEMPTS, 4);
	struct source_attempt *t = take(d, nr, sizeof(*t));
	for (size_t i = 0; t && i < nr; i++) {
		t[i].url = need_text(d, LIMIT_LABEL_VALUE);
		t[i].fault = (enum fault)get_below(d, FAULT_NR);
		t[i].took_us = unzigzag(get_varint(d));
		t[i].at = get_time(d, d->b->at);
	}
	s->attempt = t;
	s->nr_attempts = t ? nr : 0;
}

static void get_shape(struct decoder *d, struct shape *s)
{
	s->id = (uint32_t)get_below(d, UINT32_MAX / 16);
	s->label = need_text(d, LIMIT_LABEL_NAME);
	s->metric = need_text(d, LIMIT_LABEL_VALUE);
	s->error_metric = get_text(d, LIMIT_LABEL_VALUE);
	s->error_matcher = get_text(d, LIMIT_LABEL_VALUE);
	s->status_label = get_text(d, LIMIT_LABEL_NAME);
	s->status = (enum status_kind)get_below(d, STATUS_OUTCOME + 1);
	s->layer = (enum layer)get_below(d, LAYER_NR);
	s->unit = (enum unit)get_below(d, UNIT_MICROSECONDS + 1);
	s->method = (enum method)get_below(d, METHOD_SERVER + 1);
	unsigned flags = get_unsigned(d);
	s->unit_guessed = flags & 1;
	s->interval_guessed = flags & 2;
	s->visible_only = flags & 4;
	s->note = get_text(d, LIMIT_SENTENCE);
	s->interval = get_span(d);
	s->window = get_span(d);
	size_t roles = get_count(d, 256, 1);
	for (size_t i = 0; i < roles; i++) {
		const char *q = get_text(d, LIMIT_QUERY);
		if (i < RED_ROLES)
			s->question[i] = q;
	}
}

static bool has_shape(const struct catalog *c, size_t nr, uint32_t id)
{
	for (size_t i = 0; i < nr; i++)
		if (c->shape[i].id == id)
			return true;
	return false;
}

static void get_service(struct decoder *d, struct service_def *s)
{
	s->name = need_text(d, LIMIT_LABEL_VALUE);
	s->value = need_text(d, LIMIT_LABEL_VALUE);
	s->shape = get_unsigned(d);
	s->objective = get_positive(d, 1);
	s->latency_limit = get_positive(d, 1e9);
}

static void get_catalog(struct decoder *d)
{
	struct catalog *c = take(d, 1, sizeof(*c));
	if (!c)
		return;
	c->version = get_text(d, LIMIT_LABEL_VALUE);
	c->requests = get_int(d);
	c->families = get_int(d);
	c->unknown = get_int(d);
	c->note = get_text(d, LIMIT_SENTENCE);
	c->nr_shapes = get_count(d, LIMIT_SERVICES, 10);
	struct shape *shape = take(d, c->nr_shapes, sizeof(*shape));
	c->shape = shape;
	for (size_t i = 0; i < c->nr_shapes && !d->bad; i++) {
		get_shape(d, &shape[i]);
		if (shape[i].id == 0 || has_shape(c, i, shape[i].id))
			d->bad = true;
	}
	c->nr_services = get_count(d, LIMIT_SERVICES, 3);
	struct service_def *service = take(d, c->nr_services, sizeof(*service));
	c->service = service;
	for (size_t i = 0; i < c->nr_services && !d->bad; i++) {
		get_service(d, &service[i]);
		if (!has_shape(c, c->nr_shapes, service[i].shape))
			d->bad = true;
	}
	d->b->catalog = c;
}

static const struct event *get_events(struct decoder *d, size_t max,
				      size_t *out)
{
	size_t nr = get_count(d, max, 7);
	struct event *v = take(d, nr, sizeof(*v));
	for (size_t i = 0; i < nr && !d->bad; i++) {
		v[i].at = get_time(d, d->b->at);
		v[i].until = get_time(d, d->b->at);
		v[i].kind = (enum event_kind)get_below(d, EVENT_KINDS);
		v[i].severity =
			(enum severity)get_below(d, SEVERITY_CRIT + 1);
		v[i].service = get_text(d, LIMIT_LABEL_VALUE);
		v[i].text = need_text(d, LIMIT_SENTENCE);
		v[i].tag = get_text(d, LIMIT_LABEL_NAME);
	}
	*out = d->bad ? 0 : nr;
	return v;
}

/* Sorted by name, names unique, no empty value. */
static void get_labels(struct decoder *d, struct labels *out)
{
	size_t nr = get_count(d, LIMIT_LABELS, 2), n = 0;
	struct label *l = take(d, nr, sizeof(*l));
	bool sorted = true;
	for (size_t i = 0; i < nr && !d->bad; i++) {
		l[n].name = need_text(d, LIMIT_LABEL_NAME);
		l[n].value = need_text(d, LIMIT_LABEL_VALUE);
		if (!l[n].value[0])
			continue;
		sorted &= n == 0 || strcmp(l[n - 1].name, l[n].name) < 0;
		n++;
	}
	if (!d->bad && !sorted && !labels_sort(l, n))
		d->bad = true;
	*out = (struct labels){ .nr = d->bad ? 0 : n, .l = l };
}

/* Rising, or bad. */
static const time_ms *get_times(struct decoder *d, size_t nr, bool grid)
{
	time_ms *t = take(d, nr, sizeof(*t));
	if (!t || nr == 0)
		return t;
	t[0] = get_time(d, d->b->at);
	time_ms step = 0;
	for (size_t i = 1; i < nr && !d->bad; i++) {
		if (i == 1 || !grid)
			step = get_span(d);
		t[i] = checked(d, t[i - 1] + step);
		if (t[i] <= t[i - 1])
			d->bad = true;
	}
	if (t[0] == TIME_NONE)
		d->bad = true;
	return t;
}

static void get_histogram(struct decoder *d, struct histogram *h)
{
	h->nr = get_count(d, LIMIT_BUCKETS, 1);
	h->count = get_double(d);
	h->sum = get_double(d);
	struct native_bucket *b = take(d, h->nr, sizeof(*b));
	h->bucket = b;
	for (size_t i = 0; i < h->nr && !d->bad; i++) {
		b[i].rule = *d->p++;
		b[i].lo = get_double(d);
		b[i].hi = get_double(d);
		b[i].count = get_double(d);
		if (b[i].rule > 3 || isnan(b[i].lo) || isnan(b[i].hi))
			d->bad = true;
	}
}

static const struct histogram *get_histograms(struct decoder *d, size_t nr)
{
	struct histogram *h = take(d, nr, sizeof(*h));
	for (size_t i = 0; i < nr && !d->bad; i++)
		get_histogram(d, &h[i]);
	return h;
}

/* Undoes the XOR in place; the values stay where they are. */
static const double *get_values(struct decoder *d, size_t nr, uint64_t *first)
{
	double *v = d->v + d->next_v;
	uint64_t before = *first, bits;
	for (size_t i = 0; i < nr; i++) {
		memcpy(&bits, &v[i], sizeof(bits));
		before ^= bits;
		memcpy(&v[i], &before, sizeof(before));
		if (i == 0)
			*first = before;
	}
	d->next_v += nr;
	return v;
}

/* A series' points, none of which may need more doubles than are left. */
static void get_points(struct decoder *d, struct frame *f,
		       const struct frame *before, uint64_t *first)
{
	unsigned flags = get_unsigned(d);
	bool native = flags & SERIES_NATIVE;
	if (flags & SERIES_SAME_TIMES && !before)
		d->bad = true;
	else if (flags & SERIES_SAME_TIMES)
		f->nr = before->nr;
	else
		f->nr = (size_t)get_varint(d);
	if (f->nr > (d->nr_v - d->next_v) / (native ? 2 : 1))
		d->bad = true;
	if (d->bad)
		return;
	f->t = flags & SERIES_SAME_TIMES
		       ? before->t : get_times(d, f->nr, flags & SERIES_GRID);
	if (native)
		f->h = get_histograms(d, f->nr);
	else
		f->v = get_values(d, f->nr, first);
}

/* The store relies on points inside what was asked. */
static void trim(const struct batch *b, struct frame *f)
{
	if (b->instant)
		return;
	size_t skip = 0;
	while (skip < f->nr && f->t[skip] < b->from)
		skip++;
	while (f->nr > skip && f->t[f->nr - 1] > b->to)
		f->nr--;
	f->nr -= skip;
	f->t += skip;
	if (f->h)
		f->h += skip;
	else
		f->v += skip;
}

static void get_frames(struct decoder *d)
{
	size_t nr = get_count(d, LIMIT_SERIES, 3);
	struct frame *f = take(d, nr, sizeof(*f));
	uint64_t first = 0;
	for (size_t i = 0; i < nr && !d->bad; i++) {
		f[i].question = get_unsigned(d);
		get_labels(d, &f[i].labels);
		get_points(d, &f[i], i ? &f[i - 1] : NULL, &first);
		if (d->b->instant && f[i].nr > 1)
			d->bad = true;
	}
	for (size_t i = 0; i < nr && !d->bad; i++)
		trim(d->b, &f[i]);
	d->b->nr = d->bad ? 0 : nr;
	d->b->frame = f;
}

static const struct source_cost *get_cost(struct decoder *d)
{
	if (!get_below(d, 2))
		return NULL;
	struct source_cost *c = take(d, 1, sizeof(*c));
	if (!c)
		return NULL;
	c->metrics = get_varint(d);
	c->usd_per_hour = get_positive(d, MONEY_MAX);
	c->usd_today = get_positive(d, MONEY_MAX);
	c->usd_max = get_positive(d, MONEY_MAX);
	c->saving = get_text(d, LIMIT_SENTENCE);
	size_t nr = get_count(d, LIMIT_COST_PARTS, 2);
	struct cost_part *part = take(d, nr, sizeof(*part));
	for (size_t i = 0; i < nr && !d->bad; i++) {
		part[i].name = need_text(d, LIMIT_LABEL_NAME);
		part[i].metrics = get_unsigned(d);
		part[i].usd_per_hour = get_positive(d, MONEY_MAX);
	}
	c->part = part;
	c->nr_parts = d->bad ? 0 : nr;
	return c;
}

static void get_alarms(struct decoder *d)
{
	d->b->alarms = get_below(d, 2);
	size_t nr = get_count(d, LIMIT_ALARMS, 4);
	struct alarm *a = take(d, nr, sizeof(*a));
	for (size_t i = 0; i < nr && !d->bad; i++) {
		a[i].name = need_text(d, LIMIT_LABEL_VALUE);
		a[i].state = (enum alarm_state)get_below(d, ALARM_STATES);
		a[i].since = get_time(d, d->b->at);
		a[i].reason = get_text(d, LIMIT_SENTENCE);
	}
	d->b->nr_alarms = d->bad ? 0 : nr;
	d->b->alarm = a;
}

/* Of as many shapes and services as the catalog has. */
static void get_settling(struct decoder *d)
{
	const struct catalog *c = d->b->catalog;
	struct shape *shape = c ? (struct shape *)c->shape : NULL;
	struct service_def *def = c ? (struct service_def *)c->service : NULL;
	size_t nr = get_count(d, c ? c->nr_shapes : 0, 2);
	for (size_t i = 0; i < nr && !d->bad; i++) {
		shape[i].sparse = get_unsigned(d) & SHAPE_SPARSE;
		shape[i].settle = get_span(d);
	}
	/* Nothing but doubles: no bytes to compare the count with. */
	nr = (size_t)get_below(d, (c ? c->nr_services : 0) + 1);
	for (size_t i = 0; i < nr && !d->bad; i++) {
		def[i].warn = get_positive(d, SHARE_MAX);
		def[i].crit = get_positive(d, SHARE_MAX);
		def[i].limit = get_positive(d, SHARE_MAX);
	}
}

static void get_cloud(struct decoder *d)
{
	struct source_status *s = (struct source_status *)d->b->status;
	const char *credentials = get_text(d, LIMIT_LABEL_VALUE);
	const struct source_cost *cost = get_cost(d);
	if (s) {
		s->credentials = credentials;
		s->cost = cost;
	}
	if (!d->bad)
		get_alarms(d);
	if (!d->bad)
		get_settling(d);
}

/* ---- objectives, thresholds, what was compared ------------------------- */

/* Lists that have grown since are read to their ends. */
#define LIST_MAX 64

static void get_words(struct decoder *d, const char **out, size_t known)
{
	size_t nr = get_count(d, LIST_MAX, 1);
	for (size_t i = 0; i < nr && !d->bad; i++) {
		const char *s = get_text(d, LIMIT_QUERY);
		if (i < known)
			out[i] = s;
	}
}

static void get_numbers(struct decoder *d, double *out, size_t known)
{
	size_t nr = (size_t)get_below(d, LIST_MAX + 1);
	for (size_t i = 0; i < nr && !d->bad; i++) {
		double v = get_double(d);
		if (i < known)
			out[i] = v;
	}
}

static double positive(double v, double max)
{
	return v > 0 && v <= max ? v : 0;
}

static const char *short_text(struct decoder *d, const char *s, size_t max)
{
	size_t n = s ? strlen(s) : 0;
	return s && n > max ? clean(d, s, n, max) : s;
}

static const char *needed(struct decoder *d, const char *s, size_t max)
{
	if (!s)
		d->bad = true;
	return s ? short_text(d, s, max) : "";
}

/* Ends in NULL; NULL where there is none. */
static const char *const *get_names(struct decoder *d, bool given)
{
	size_t nr = get_count(d, LIMIT_LABELS, 1);
	const char **s = take(d, nr + 1, sizeof(*s));
	for (size_t i = 0; i < nr && !d->bad; i++)
		s[i] = need_text(d, LIMIT_LABEL_NAME);
	return given ? s : NULL;
}

static void get_tiers(struct decoder *d, struct slo_tier_def *t)
{
	size_t nr = get_count(d, SLO_TIERS, 3);
	for (size_t i = 0; i < nr && !d->bad; i++) {
		t[i].page = get_below(d, 2);
		t[i].brief = (enum slo_window)get_below(d, SLO_WINDOWS);
		t[i].lasting = (enum slo_window)get_below(d, SLO_WINDOWS);
		t[i].share = get_positive(d, MONEY_MAX);
	}
}

/* What was read of a period that is none cannot be judged. */
static time_ms get_period(struct decoder *d)
{
	time_ms t = get_span(d);
	if (t == 0)
		d->bad = true;
	return t;
}

static void get_slo_words(struct decoder *d, struct slo_def *s)
{
	const char *w[11] = { NULL };
	double v[4] = { 0 };
	get_words(d, w, sizeof(w) / sizeof(*w));
	get_numbers(d, v, sizeof(v) / sizeof(*v));
	s->id = needed(d, w[0], LIMIT_LABEL_VALUE);
	s->service = short_text(d, w[1], LIMIT_LABEL_VALUE);
	s->zone = short_text(d, w[2], LIMIT_LABEL_NAME);
	s->errors = w[3];
	s->total = w[4];
	s->ratio = w[5];
	s->recorded = w[6];
	s->what = short_text(d, w[7], LIMIT_SENTENCE);
	s->runbook = short_text(d, w[8], LIMIT_LABEL_VALUE);
	s->where = short_text(d, w[9], LIMIT_LABEL_VALUE);
	s->buckets = w[10];
	s->objective = positive(v[0], 1);
	s->slice_target = positive(v[1], 1);
	s->latency = positive(v[2], MONEY_MAX);
	s->bucket_unit = positive(v[3], MONEY_MAX);
}

static void get_slo(struct decoder *d, struct slo_def *s)
{
	get_slo_words(d, s);
	unsigned flags = get_unsigned(d);
	s->counts = flags & SLO_COUNTS;
	s->derived = flags & SLO_DERIVED;
	s->implicit = flags & SLO_IMPLICIT;
	s->period = get_period(d);
	s->method = (enum slo_method)get_below(d, SLO_RATIO_TIMESLICES + 1);
	s->slice = get_span(d);
	s->calendar = (enum calendar_unit)get_below(d, CALENDAR_YEAR + 1);
	s->calendar_every = get_int(d);
	s->calendar_start = checked(d, unzigzag(get_varint(d)));
	s->group = get_names(d, flags & SLO_GROUPED);
	s->own_labels = get_names(d, flags & SLO_LABELLED);
	get_tiers(d, s->tier);
	if (s->calendar != CALENDAR_NONE
	    && (s->calendar_every < 1 || s->calendar_start == TIME_NONE))
		d->bad = true;
}

static void get_threshold_words(struct decoder *d, struct threshold_def *t)
{
	const char *w[9] = { NULL };
	double v[5] = { NAN, NAN, NAN, NAN, NAN };
	get_words(d, w, sizeof(w) / sizeof(*w));
	get_numbers(d, v, sizeof(v) / sizeof(*v));
	t->id = needed(d, w[0], LIMIT_LABEL_VALUE);
	t->query = w[1];
	t->cloudwatch = w[2];
	t->service = short_text(d, w[3], LIMIT_LABEL_VALUE);
	t->unit = short_text(d, w[4], LIMIT_LABEL_NAME);
	t->what = short_text(d, w[5], LIMIT_SENTENCE);
	t->runbook = short_text(d, w[6], LIMIT_LABEL_VALUE);
	t->pack = short_text(d, w[7], LIMIT_LABEL_VALUE);
	t->where = short_text(d, w[8], LIMIT_LABEL_VALUE);
	t->warning = (struct level){ false, v[0], v[1] };
	t->critical = (struct level){ false, v[2], v[3] };
	t->clear = v[4];
}

static void get_threshold(struct decoder *d, struct threshold_def *t)
{
	get_threshold_words(d, t);
	unsigned flags = get_unsigned(d);
	t->warning.given = flags & THRESHOLD_WARNS;
	t->critical.given = flags & THRESHOLD_CRITICAL;
	t->alert = flags & THRESHOLD_ALERT;
	t->measure = (enum threshold_measure)get_below(d, MEASURES);
	t->period = get_period(d);
	t->m = get_int(d);
	t->n = get_int(d);
	t->missing = (enum missing)get_below(d, MISSING_IGNORE + 1);
	t->clear_after = get_int(d);
	t->hold = get_span(d);
	t->keep = get_span(d);
}

/* Counted things are not below zero; what says so says nothing. */
static double counted(double v)
{
	return v >= 0 && v <= SHARE_MAX ? v : NAN;
}

static void get_counted(struct decoder *d, struct change_count *c)
{
	double v[8] = { NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN };
	c->label = need_text(d, LIMIT_LABEL_NAME);
	c->value = need_text(d, LIMIT_LABEL_VALUE);
	get_numbers(d, v, sizeof(v) / sizeof(*v));
	for (int i = 0; i < 2; i++) {
		c->requests[i] = counted(v[i]);
		c->errors[i] = counted(v[2 + i]);
		c->slow[i] = counted(v[4 + i]);
		c->p99[i] = counted(v[6 + i]);
	}
}

static time_ms need_time(struct decoder *d)
{
	time_ms t = get_time(d, d->b->at);
	if (t == TIME_NONE)
		d->bad = true;
	return t;
}

static void get_change_head(struct decoder *d, struct change_answer *c)
{
	const char *w[3] = { NULL };
	double v[3] = { NAN, NAN, NAN };
	get_words(d, w, sizeof(w) / sizeof(*w));
	get_numbers(d, v, sizeof(v) / sizeof(*v));
	c->want.service = needed(d, w[0], LIMIT_LABEL_VALUE);
	c->fault = short_text(d, w[1], LIMIT_SENTENCE);
	c->slow_over = counted(v[0]);
	c->rate_last_week = counted(v[1]);
	c->want.slow_le = short_text(d, w[2], LIMIT_LABEL_VALUE);
	c->want.slow_over = counted(v[2]);
	c->want.before_from = need_time(d);
	c->want.before_to = need_time(d);
	c->want.during_from = need_time(d);
	c->want.during_to = need_time(d);
	c->queries = get_unsigned(d);
	get_counted(d, &c->all);
}

static void get_change(struct decoder *d)
{
	if (!get_below(d, 2))
		return;
	struct change_answer *c = take(d, 1, sizeof(*c));
	if (!c)
		return;
	get_change_head(d, c);
	size_t nr = get_count(d, LIMIT_CHANGE_COUNTS, 3);
	struct change_count *n = take(d, nr, sizeof(*n));
	for (size_t i = 0; i < nr && !d->bad; i++)
		get_counted(d, &n[i]);
	c->count = n;
	c->nr = d->bad ? 0 : nr;
	c->event = get_events(d, LIMIT_CHANGE_EVENTS, &c->nr_events);
	nr = get_count(d, LIMIT_CHANGE_NOTES, 1);
	const char **note = take(d, nr, sizeof(*note));
	for (size_t i = 0; i < nr && !d->bad; i++)
		note[i] = need_text(d, LIMIT_SENTENCE);
	c->note = note;
	c->nr_notes = d->bad ? 0 : nr;
	d->b->change = c;
}

static void get_own(struct decoder *d)
{
	struct catalog *c = (struct catalog *)d->b->catalog;
	const char *pack = get_text(d, LIMIT_LABEL_VALUE);
	size_t nr = get_count(d, c ? LIMIT_SLOS : 0, 12);
	struct slo_def *slo = take(d, nr, sizeof(*slo));
	for (size_t i = 0; i < nr && !d->bad; i++)
		get_slo(d, &slo[i]);
	size_t limits = get_count(d, c ? LIMIT_THRESHOLDS : 0, 12);
	struct threshold_def *t = take(d, limits, sizeof(*t));
	for (size_t i = 0; i < limits && !d->bad; i++)
		get_threshold(d, &t[i]);
	if (!d->bad)
		get_change(d);
	if (!c)
		return;
	c->pack = pack;
	c->slo = slo;
	c->nr_slos = d->bad ? 0 : nr;
	c->threshold = t;
	c->nr_thresholds = d->bad ? 0 : limits;
}

static void get_batch(struct decoder *d)
{
	get_planes(d);
	get_table(d);
	unsigned flags = get_answer(d);
	if (flags & ITEM_STATUS && !d->bad)
		get_status(d);
	if (flags & ITEM_CATALOG && !d->bad)
		get_catalog(d);
	if (!d->bad)
		d->b->event = get_events(d, LIMIT_EVENTS, &d->b->nr_events);
	if (!d->bad)
		get_frames(d);
	if (flags & ITEM_ENDPOINTS && !d->bad && d->b->status)
		get_endpoints(d);
	if (flags & ITEM_CLOUD && !d->bad)
		get_cloud(d);
	if (flags & ITEM_OWN && !d->bad)
		get_own(d);
	if (d->b->at == TIME_NONE)
		d->bad = true;
}

struct batch *item_decode(const uint8_t *body, size_t n)
{
	struct decoder d = { .p = body, .end = body + n };
	d.b = batch_new(LIMIT_BATCH);
	get_batch(&d);
	free(d.text);
	if (!d.bad)
		return d.b;
	batch_free(d.b);
	return NULL;
}
