/* A batch to an item: all its doubles, a table of its texts, then its fields
 * in a fixed order. */
#include "record/format.h"

#include "base/limits.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct encoder {
	struct buf table, body;
	const char **text; /* text[ref - 1] */
	size_t nr, cap;
	uint32_t *slot;    /* hash table of refs, 0 = free */
	size_t slots;      /* a power of two */
	uint64_t *bits;    /* the doubles */
	size_t nr_bits, cap_bits;
	time_ms at;        /* of the batch: other times are written relative */
};

static void put_signed(struct encoder *e, int64_t v)
{
	put_varint(&e->body, zigzag(v));
}

/* Wraps around for TIME_NONE, and back when read. */
static void put_time(struct encoder *e, time_ms t, time_ms base)
{
	put_signed(e, (int64_t)((uint64_t)t - (uint64_t)base));
}

static void put_bits(struct encoder *e, uint64_t bits)
{
	MEM_ROOM(e->bits, e->nr_bits, e->cap_bits);
	e->bits[e->nr_bits++] = bits;
}

static uint64_t bits_of(double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof(bits));
	return bits;
}

static uint32_t *slot_of(const struct encoder *e, const char *s)
{
	size_t i = (size_t)XXH3_64bits(s, strlen(s)) & (e->slots - 1);
	while (e->slot[i] && strcmp(e->text[e->slot[i] - 1], s) != 0)
		i = (i + 1) & (e->slots - 1);
	return &e->slot[i];
}

static void slots_grow(struct encoder *e)
{
	free(e->slot);
	e->slots = e->slots ? e->slots * 2 : 64;
	e->slot = mem_zero(e->slots, sizeof(*e->slot));
	for (size_t i = 0; i < e->nr; i++)
		*slot_of(e, e->text[i]) = (uint32_t)i + 1;
}

/* 0 is NULL; texts are written once. */
static void put_text(struct encoder *e, const char *s)
{
	if (!s) {
		put_varint(&e->body, 0);
		return;
	}
	if (e->nr * 2 >= e->slots)
		slots_grow(e);
	uint32_t *slot = slot_of(e, s);
	if (!*slot) {
		MEM_ROOM(e->text, e->nr, e->cap);
		e->text[e->nr++] = s;
		*slot = (uint32_t)e->nr;
		put_varint(&e->table, strlen(s));
		buf_str(&e->table, s);
	}
	put_varint(&e->body, *slot);
}

static size_t put_count(struct encoder *e, size_t nr, size_t max)
{
	nr = nr < max ? nr : max;
	put_varint(&e->body, nr);
	return nr;
}

static void put_texts(struct encoder *e, const char *const *s, size_t nr)
{
	nr = put_count(e, nr, LIMIT_WARNINGS);
	for (size_t i = 0; i < nr; i++)
		put_text(e, s[i]);
}

static bool has_endpoints(const struct batch *b)
{
	const struct source_status *s = b->status;
	return s && (s->endpoint || s->nr_endpoints || s->nr_attempts);
}

static bool catalog_is_cloud(const struct catalog *c)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].sparse || c->shape[i].settle)
			return true;
	for (size_t i = 0; i < c->nr_services; i++)
		if (c->service[i].warn != 0 || c->service[i].crit != 0
		    || c->service[i].limit != 0)
			return true;
	return false;
}

static bool is_cloud(const struct batch *b)
{
	const struct source_status *s = b->status;
	return b->alarms || (s && (s->credentials || s->cost))
	       || (b->catalog && catalog_is_cloud(b->catalog));
}

static bool has_own(const struct batch *b)
{
	const struct catalog *c = b->catalog;
	return b->change || (c && (c->nr_slos || c->nr_thresholds || c->pack));
}

static void put_answer(struct encoder *e, const struct batch *b)
{
	put_text(e, b->source);
	put_varint(&e->body, (b->instant ? ITEM_INSTANT : 0u)
				     | (b->reset ? ITEM_RESET : 0u)
				     | (b->tick ? ITEM_TICK : 0u)
				     | (b->partial ? ITEM_PARTIAL : 0u)
				     | (b->status ? ITEM_STATUS : 0u)
				     | (b->catalog ? ITEM_CATALOG : 0u)
				     | (has_endpoints(b) ? ITEM_ENDPOINTS : 0u)
				     | (is_cloud(b) ? ITEM_CLOUD : 0u)
				     | (has_own(b) ? ITEM_OWN : 0u));
	put_signed(e, b->at);
	put_time(e, b->from, b->at);
	put_time(e, b->to, b->at);
	put_time(e, b->settled, b->at);
	put_signed(e, b->step);
	put_signed(e, b->window);
	put_varint(&e->body, b->nr_asked);
	for (size_t i = 0; i < b->nr_asked; i++)
		put_varint(&e->body, b->asked[i]);
	put_text(e, b->only);
	put_varint(&e->body, b->fault);
	put_text(e, b->error);
	put_texts(e, b->warning, b->nr_warnings);
	put_texts(e, b->info, b->nr_infos);
}

static void put_status(struct encoder *e, const struct source_status *s)
{
	put_text(e, s->kind);
	put_text(e, s->url);
	put_text(e, s->identity);
	put_signed(e, s->took_us);
	put_bits(e, bits_of(s->skew_s));
	put_varint(&e->body, s->requests);
	put_varint(&e->body, s->bytes);
	put_varint(&e->body, s->body_bytes);
	put_varint(&e->body, s->retries);
	put_varint(&e->body, s->dropped);
	put_time(e, s->next, e->at);
	put_signed(e, s->period);
}

/* Behind all else, where readers that do not know it do not look. */
static void put_endpoints(struct encoder *e, const struct source_status *s)
{
	put_text(e, s->endpoint);
	size_t nr = put_count(e, s->nr_endpoints, LIMIT_ENDPOINTS);
	for (size_t i = 0; i < nr; i++) {
		const struct source_endpoint *x = &s->endpoints[i];
		put_text(e, x->url);
		put_varint(&e->body, x->circuit);
		put_signed(e, x->latency_us);
		put_varint(&e->body, x->in_flight);
	}
	nr = put_count(e, s->nr_attempts, LIMIT_ATTEMPTS);
	for (size_t i = 0; i < nr; i++) {
		const struct source_attempt *x = &s->attempt[i];
		put_text(e, x->url);
		put_varint(&e->body, x->fault);
		put_signed(e, x->took_us);
		put_time(e, x->at, e->at);
	}
}

static void put_shape(struct encoder *e, const struct shape *s)
{
	put_varint(&e->body, s->id);
	put_text(e, s->label);
	put_text(e, s->metric);
	put_text(e, s->error_metric);
	put_text(e, s->error_matcher);
	put_text(e, s->status_label);
	put_varint(&e->body, s->status);
	put_varint(&e->body, s->layer);
	put_varint(&e->body, s->unit);
	put_varint(&e->body, s->method);
	put_varint(&e->body, (s->unit_guessed ? 1u : 0u)
				     | (s->interval_guessed ? 2u : 0u)
				     | (s->visible_only ? 4u : 0u));
	put_text(e, s->note);
	put_signed(e, s->interval);
	put_signed(e, s->window);
	put_varint(&e->body, RED_ROLES);
	for (size_t i = 0; i < RED_ROLES; i++)
		put_text(e, s->question[i]);
}

static void put_catalog(struct encoder *e, const struct catalog *c)
{
	put_text(e, c->version);
	put_signed(e, c->requests);
	put_signed(e, c->families);
	put_signed(e, c->unknown);
	put_text(e, c->note);
	size_t nr = put_count(e, c->nr_shapes, LIMIT_SERVICES);
	for (size_t i = 0; i < nr; i++)
		put_shape(e, &c->shape[i]);
	nr = put_count(e, c->nr_services, LIMIT_SERVICES);
	for (size_t i = 0; i < nr; i++) {
		const struct service_def *s = &c->service[i];
		put_text(e, s->name);
		put_text(e, s->value);
		put_varint(&e->body, s->shape);
		put_bits(e, bits_of(s->objective));
		put_bits(e, bits_of(s->latency_limit));
	}
}

static void put_events(struct encoder *e, const struct event *event, size_t nr,
		       size_t max)
{
	nr = put_count(e, nr, max);
	for (size_t i = 0; i < nr; i++) {
		const struct event *v = &event[i];
		put_time(e, v->at, e->at);
		put_time(e, v->until, e->at);
		put_varint(&e->body, v->kind);
		put_varint(&e->body, v->severity);
		put_text(e, v->service);
		put_text(e, v->text);
		put_text(e, v->tag);
	}
}

static void put_cost(struct encoder *e, const struct source_cost *c)
{
	put_varint(&e->body, c != NULL);
	if (!c)
		return;
	put_varint(&e->body, c->metrics);
	put_bits(e, bits_of(c->usd_per_hour));
	put_bits(e, bits_of(c->usd_today));
	put_bits(e, bits_of(c->usd_max));
	put_text(e, c->saving);
	size_t nr = put_count(e, c->nr_parts, LIMIT_COST_PARTS);
	for (size_t i = 0; i < nr; i++) {
		put_text(e, c->part[i].name);
		put_varint(&e->body, c->part[i].metrics);
		put_bits(e, bits_of(c->part[i].usd_per_hour));
	}
}

static void put_alarms(struct encoder *e, const struct batch *b)
{
	put_varint(&e->body, b->alarms);
	size_t nr = put_count(e, b->nr_alarms, LIMIT_ALARMS);
	for (size_t i = 0; i < nr; i++) {
		const struct alarm *a = &b->alarm[i];
		put_text(e, a->name);
		put_varint(&e->body, a->state);
		put_time(e, a->since, b->at);
		put_text(e, a->reason);
	}
}

/* What shapes and services have beside the catalog, in its order. */
static void put_settling(struct encoder *e, const struct catalog *c)
{
	size_t nr = put_count(e, c ? c->nr_shapes : 0, LIMIT_SERVICES);
	for (size_t i = 0; i < nr; i++) {
		put_varint(&e->body, c->shape[i].sparse ? SHAPE_SPARSE : 0u);
		put_signed(e, c->shape[i].settle);
	}
	nr = put_count(e, c ? c->nr_services : 0, LIMIT_SERVICES);
	for (size_t i = 0; i < nr; i++) {
		put_bits(e, bits_of(c->service[i].warn));
		put_bits(e, bits_of(c->service[i].crit));
		put_bits(e, bits_of(c->service[i].limit));
	}
}

/* Behind the endpoints, likewise. */
static void put_cloud(struct encoder *e, const struct batch *b)
{
	put_text(e, b->status ? b->status->credentials : NULL);
	put_cost(e, b->status ? b->status->cost : NULL);
	put_alarms(e, b);
	put_settling(e, b->catalog);
}

/* ---- objectives, thresholds, what was compared ------------------------- */

/* Lists that may grow at their ends: a reader takes what it knows. */
static void put_words(struct encoder *e, const char *const *s, size_t nr)
{
	put_varint(&e->body, nr);
	for (size_t i = 0; i < nr; i++)
		put_text(e, s[i]);
}

static void put_numbers(struct encoder *e, const double *v, size_t nr)
{
	put_varint(&e->body, nr);
	for (size_t i = 0; i < nr; i++)
		put_bits(e, bits_of(v[i]));
}

static void put_names(struct encoder *e, const char *const *name)
{
	size_t nr = 0;
	while (name && nr < LIMIT_LABELS && name[nr])
		nr++;
	put_words(e, name, nr);
}

static void put_tiers(struct encoder *e, const struct slo_tier_def *t)
{
	size_t nr = 0;
	while (nr < SLO_TIERS && t[nr].share > 0)
		nr++;
	put_varint(&e->body, nr);
	for (size_t i = 0; i < nr; i++) {
		put_varint(&e->body, t[i].page);
		put_varint(&e->body, t[i].brief);
		put_varint(&e->body, t[i].lasting);
		put_bits(e, bits_of(t[i].share));
	}
}

static void put_slo(struct encoder *e, const struct slo_def *s)
{
	const char *const words[] = { s->id, s->service, s->zone, s->errors,
				      s->total, s->ratio, s->recorded, s->what,
				      s->runbook, s->where, s->buckets };
	const double numbers[] = { s->objective, s->slice_target, s->latency,
				   s->bucket_unit };
	put_words(e, words, sizeof(words) / sizeof(*words));
	put_numbers(e, numbers, sizeof(numbers) / sizeof(*numbers));
	put_varint(&e->body, (s->counts ? SLO_COUNTS : 0u)
				     | (s->derived ? SLO_DERIVED : 0u)
				     | (s->implicit ? SLO_IMPLICIT : 0u)
				     | (s->group ? SLO_GROUPED : 0u)
				     | (s->own_labels ? SLO_LABELLED : 0u));
	put_signed(e, s->period);
	put_varint(&e->body, s->method);
	put_signed(e, s->slice);
	put_varint(&e->body, s->calendar);
	put_signed(e, s->calendar_every);
	put_signed(e, s->calendar_start);
	put_names(e, s->group);
	put_names(e, s->own_labels);
	put_tiers(e, s->tier);
}

static void put_threshold(struct encoder *e, const struct threshold_def *t)
{
	const char *const words[] = { t->id, t->query, t->cloudwatch,
				      t->service, t->unit, t->what, t->runbook,
				      t->pack, t->where };
	const double numbers[] = { t->warning.above, t->warning.below,
				   t->critical.above, t->critical.below,
				   t->clear };
	put_words(e, words, sizeof(words) / sizeof(*words));
	put_numbers(e, numbers, sizeof(numbers) / sizeof(*numbers));
	put_varint(&e->body,
		   (t->warning.given ? THRESHOLD_WARNS : 0u)
			   | (t->critical.given ? THRESHOLD_CRITICAL : 0u)
			   | (t->alert ? THRESHOLD_ALERT : 0u));
	put_varint(&e->body, t->measure);
	put_signed(e, t->period);
	put_signed(e, t->m);
	put_signed(e, t->n);
	put_varint(&e->body, t->missing);
	put_signed(e, t->clear_after);
	put_signed(e, t->hold);
	put_signed(e, t->keep);
}

static void put_counted(struct encoder *e, const struct change_count *c)
{
	const double v[] = { c->requests[0], c->requests[1], c->errors[0],
			     c->errors[1], c->slow[0], c->slow[1], c->p99[0],
			     c->p99[1] };
	put_text(e, c->label ? c->label : "");
	put_text(e, c->value ? c->value : "");
	put_numbers(e, v, sizeof(v) / sizeof(*v));
}

static void put_change(struct encoder *e, const struct change_answer *c)
{
	put_varint(&e->body, c != NULL);
	if (!c)
		return;
	const char *const words[] = { c->want.service, c->fault,
				      c->want.slow_le };
	const double numbers[] = { c->slow_over, c->rate_last_week,
				   c->want.slow_over };
	put_words(e, words, sizeof(words) / sizeof(*words));
	put_numbers(e, numbers, sizeof(numbers) / sizeof(*numbers));
	put_time(e, c->want.before_from, e->at);
	put_time(e, c->want.before_to, e->at);
	put_time(e, c->want.during_from, e->at);
	put_time(e, c->want.during_to, e->at);
	put_varint(&e->body, c->queries);
	put_counted(e, &c->all);
	size_t nr = put_count(e, c->nr, LIMIT_CHANGE_COUNTS);
	for (size_t i = 0; i < nr; i++)
		put_counted(e, &c->count[i]);
	put_events(e, c->event, c->nr_events, LIMIT_CHANGE_EVENTS);
	nr = c->nr_notes < LIMIT_CHANGE_NOTES ? c->nr_notes
					      : LIMIT_CHANGE_NOTES;
	put_words(e, c->note, nr);
}

/* Behind all that, likewise. */
static void put_own(struct encoder *e, const struct batch *b)
{
	const struct catalog *c = b->catalog;
	put_text(e, c ? c->pack : NULL);
	size_t nr = put_count(e, c ? c->nr_slos : 0, LIMIT_SLOS);
	for (size_t i = 0; i < nr; i++)
		put_slo(e, &c->slo[i]);
	nr = put_count(e, c ? c->nr_thresholds : 0, LIMIT_THRESHOLDS);
	for (size_t i = 0; i < nr; i++)
		put_threshold(e, &c->threshold[i]);
	put_change(e, b->change);
}

/* ---- series ------------------------------------------------------------ */

static bool same_times(const struct frame *a, const struct frame *b)
{
	return a && a->nr == b->nr
	       && (a->t == b->t
		   || memcmp(a->t, b->t, a->nr * sizeof(*a->t)) == 0);
}

static bool is_grid(const struct frame *f)
{
	for (size_t i = 2; i < f->nr; i++)
		if (f->t[i] - f->t[i - 1] != f->t[1] - f->t[0])
			return false;
	return f->nr > 1;
}

static void put_times(struct encoder *e, const struct frame *f, bool grid)
{
	put_time(e, f->t[0], e->at);
	for (size_t i = 1; i < (grid ? 2 : f->nr); i++)
		put_time(e, f->t[i], f->t[i - 1]);
}

static void put_histogram(struct encoder *e, const struct histogram *h)
{
	size_t nr = put_count(e, h->nr, LIMIT_BUCKETS);
	put_bits(e, bits_of(h->count));
	put_bits(e, bits_of(h->sum));
	for (size_t i = 0; i < nr; i++) {
		buf_char(&e->body, (char)h->bucket[i].rule);
		put_bits(e, bits_of(h->bucket[i].lo));
		put_bits(e, bits_of(h->bucket[i].hi));
		put_bits(e, bits_of(h->bucket[i].count));
	}
}

/* Against the value before it, and the first against the first of the series
 * before: buckets beyond the slowest request all have the same rate. */
static void put_values(struct encoder *e, const struct frame *f,
		       uint64_t *first)
{
	for (size_t i = 0; i < f->nr; i++) {
		uint64_t bits = bits_of(f->v[i]);
		put_bits(e, bits ^ (i ? bits_of(f->v[i - 1]) : *first));
	}
	if (f->nr)
		*first = bits_of(f->v[0]);
}

static void put_labels(struct encoder *e, const struct labels *ls)
{
	size_t nr = put_count(e, ls->nr, LIMIT_LABELS);
	for (size_t i = 0; i < nr; i++) {
		put_text(e, ls->l[i].name);
		put_text(e, ls->l[i].value);
	}
}

static void put_frames(struct encoder *e, const struct batch *b)
{
	const struct frame *before = NULL;
	uint64_t first = 0;
	size_t nr = put_count(e, b->nr, LIMIT_SERIES);
	for (size_t i = 0; i < nr; i++) {
		const struct frame *f = &b->frame[i];
		bool same = f->nr && same_times(before, f), grid = is_grid(f);
		put_varint(&e->body, f->question);
		put_labels(e, &f->labels);
		put_varint(&e->body, (f->h ? SERIES_NATIVE : 0u)
					     | (same ? SERIES_SAME_TIMES : 0u)
					     | (grid ? SERIES_GRID : 0u));
		if (!same)
			put_varint(&e->body, f->nr);
		if (!same && f->nr)
			put_times(e, f, grid);
		for (size_t k = 0; f->h && k < f->nr; k++)
			put_histogram(e, &f->h[k]);
		if (!f->h)
			put_values(e, f, &first);
		before = f;
	}
}

/* Byte planes: the signs and exponents of all numbers stand side by side,
 * where zstd can see that they are alike. */
static void put_planes(const struct encoder *e, struct buf *out)
{
	char *plane = mem_alloc(e->nr_bits);
	for (int k = 7; k >= 0; k--) {
		for (size_t i = 0; i < e->nr_bits; i++)
			plane[i] = (char)(e->bits[i] >> 8 * k);
		buf_add(out, plane, e->nr_bits);
	}
	free(plane);
}

static void encoder_release(struct encoder *e)
{
	buf_release(&e->table);
	buf_release(&e->body);
	free(e->text);
	free(e->slot);
	free(e->bits);
}

void item_encode(const struct batch *b, struct buf *out)
{
	struct encoder e = { .at = b->at };
	put_answer(&e, b);
	if (b->status)
		put_status(&e, b->status);
	if (b->catalog)
		put_catalog(&e, b->catalog);
	put_events(&e, b->event, b->nr_events, LIMIT_EVENTS);
	put_frames(&e, b);
	if (has_endpoints(b))
		put_endpoints(&e, b->status);
	if (is_cloud(b))
		put_cloud(&e, b);
	if (has_own(b))
		put_own(&e, b);

	struct buf numbers = { 0 }, texts = { 0 };
	put_varint(&numbers, e.nr_bits);
	put_planes(&e, &numbers);
	put_varint(&texts, e.nr);
	buf_add(&texts, e.table.s, e.table.len);
	put_varint(out, numbers.len + texts.len + e.body.len);
	buf_add(out, numbers.s, numbers.len);
	buf_add(out, texts.s, texts.len);
	buf_add(out, e.body.s, e.body.len);
	encoder_release(&e);
	buf_release(&numbers);
	buf_release(&texts);
}
