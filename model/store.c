/* The store: sources, their catalogs, services, series and events. */
#include "model/store.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "model/intern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A difference below this is the server's rounding, not news. */
#define SAME_RELATIVE 1e-12
/* An event told again a little earlier or later is the same event. */
#define EVENT_NEAR ((time_ms)300000)

/* A series and what only the store knows of it. */
struct held {
	struct series s;
	struct service *service;
	uint64_t hash; /* of its labels */
	uint64_t seen; /* the batch that last spoke of it */
};

/* All series of one question. */
struct answer {
	uint32_t id;
	size_t nr, cap;
	struct held **held;
	size_t nr_slots;   /* a power of two, at least twice nr, or 0 */
	struct held **slot;/* by hash; the next free one on a clash */
};

struct origin {
	struct store_source pub;
	char *name, *error, *identity, *kind, *url;
	struct arena catalog_arena, notes_arena;
	struct catalog catalog;
	size_t nr_services;
	struct service *service;      /* the catalog's, in its order */
	struct service **by_value;    /* sorted by shape and value */
	size_t nr_answers, cap_answers;
	struct answer *answer;        /* sorted by id */
	/* of the poll under way */
	enum fault poll_fault;
	bool poll_answered, poll_partial;
	bool notes_old;
	uint64_t notes_hash; /* of the poll before */
};

struct store {
	size_t max, bytes, points, nr_series;
	double objective;
	uint64_t generation, epoch;
	struct intern text;
	size_t nr_origins, cap_origins;
	struct origin **origin;
	const struct store_source **pub_sources;
	size_t nr_services;
	const struct service **services;
	size_t nr_events, cap_events;
	struct event **event;
};

struct store *store_new(size_t max_bytes)
{
	struct store *st = mem_zero(1, sizeof(*st));
	st->max = max_bytes ? max_bytes : LIMIT_STORE;
	intern_init(&st->text);
	return st;
}

uint64_t store_generation(const struct store *st)
{
	return st->generation;
}

size_t store_bytes(const struct store *st)
{
	return st->bytes + st->text.arena.total;
}

size_t store_points(const struct store *st)
{
	return st->points;
}

size_t store_series_count(const struct store *st)
{
	return st->nr_series;
}

/* ---- points of a series ---------------------------------------------- */

size_t series_lower(const struct series *s, time_ms from)
{
	size_t lo = 0, hi = s->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->t[mid] < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t series_upper(const struct series *s, time_ms to)
{
	return to == INT64_MAX ? s->nr : series_lower(s, to + 1);
}

double series_at(const struct series *s, time_ms t)
{
	if (s->now_t == t)
		return s->now_v;
	size_t i = series_lower(s, t);
	return s->v && i < s->nr && s->t[i] == t ? s->v[i] : NAN;
}

const struct histogram *series_histogram_at(const struct series *s, time_ms t)
{
	if (s->now_t == t)
		return s->now_h;
	size_t i = series_lower(s, t);
	return s->h && i < s->nr && s->t[i] == t ? s->h[i] : NULL;
}

void series_columns(const struct series *s, time_ms from, time_ms span,
		    struct column *out, size_t columns)
{
	size_t i = series_lower(s, from);
	for (size_t c = 0; c < columns; c++) {
		struct column col = { INFINITY, -INFINITY, NAN, 0 };
		time_ms end = from + (time_ms)(c + 1) * span;
		double sum = 0;
		for (; i < s->nr && s->t[i] < end; i++) {
			if (!s->v || isnan(s->v[i]))
				continue;
			col.min = fmin(col.min, s->v[i]);
			col.max = fmax(col.max, s->v[i]);
			sum += s->v[i];
			col.nr++;
		}
		if (col.nr)
			col.mean = sum / (double)col.nr;
		out[c] = col;
	}
}

static size_t histogram_bytes(const struct histogram *h)
{
	return sizeof(*h) + h->nr * sizeof(*h->bucket);
}

static const struct histogram *histogram_dup(const struct histogram *h)
{
	struct histogram *c = mem_alloc(histogram_bytes(h));
	struct native_bucket *b = (struct native_bucket *)(c + 1);
	*c = *h;
	if (h->nr)
		memcpy(b, h->bucket, h->nr * sizeof(*b));
	c->bucket = b;
	return c;
}

static void drop_point(struct store *st, struct series *s, size_t i)
{
	if (s->h && s->h[i]) {
		st->bytes -= histogram_bytes(s->h[i]);
		free((void *)s->h[i]);
	}
	st->points--;
}

/* Values and pointers to histograms are of one size. */
#define POINT_BYTES (sizeof(time_ms) + sizeof(double))
_Static_assert(sizeof(double) >= sizeof(void *), "POINT_BYTES is too small");

static void resize(struct store *st, struct series *s, size_t cap, bool native)
{
	s->t = mem_grow(s->t, cap, sizeof(*s->t));
	if (native)
		s->h = mem_grow(s->h, cap, sizeof(*s->h));
	else
		s->v = mem_grow(s->v, cap, sizeof(*s->v));
	st->bytes += cap * POINT_BYTES;
	st->bytes -= s->cap * POINT_BYTES;
	s->cap = cap;
}

/* Takes out [a, b); nothing where from..to was the wrong way round. */
static void cut(struct store *st, struct series *s, size_t a, size_t b)
{
	if (a >= b)
		return;
	for (size_t i = a; i < b; i++)
		drop_point(st, s, i);
	size_t tail = s->nr - b;
	memmove(s->t + a, s->t + b, tail * sizeof(*s->t));
	if (s->v)
		memmove(s->v + a, s->v + b, tail * sizeof(*s->v));
	if (s->h)
		memmove(s->h + a, s->h + b, tail * sizeof(*s->h));
	s->nr -= b - a;
	st->generation++;
}

/* Makes a hole of n points at i. */
static void spread(struct store *st, struct series *s, size_t i, size_t n,
		   bool native)
{
	if (s->nr + n > s->cap)
		resize(st, s, (s->nr + n) * 5 / 4 + 8, native);
	size_t tail = s->nr - i;
	memmove(s->t + i + n, s->t + i, tail * sizeof(*s->t));
	if (native)
		memmove(s->h + i + n, s->h + i, tail * sizeof(*s->h));
	else
		memmove(s->v + i + n, s->v + i, tail * sizeof(*s->v));
	s->nr += n;
	st->points += n;
}

static bool same(double a, double b)
{
	if (a == b || (isnan(a) && isnan(b)))
		return true;
	return fabs(a - b) <= SAME_RELATIVE * fmax(fabs(a), fabs(b));
}

static bool same_histogram(const struct histogram *a, const struct histogram *b)
{
	if (a->nr != b->nr || !same(a->count, b->count)
	    || !same(a->sum, b->sum))
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (a->bucket[i].lo != b->bucket[i].lo
		    || a->bucket[i].hi != b->bucket[i].hi
		    || !same(a->bucket[i].count, b->bucket[i].count))
			return false;
	return true;
}

/* True if [a, b) of the series is just what the frame says. */
static bool unchanged(const struct series *s, size_t a, size_t b,
		      const struct frame *f)
{
	if (b - a != f->nr || !s->v == !s->h)
		return f->nr == 0 && b == a;
	for (size_t i = 0; i < f->nr; i++) {
		if (s->t[a + i] != f->t[i])
			return false;
		if (f->h ? !s->h || !same_histogram(s->h[a + i], &f->h[i])
			 : !s->v || !same(s->v[a + i], f->v[i]))
			return false;
	}
	return true;
}

/* Inside from..to the answer wins. */
static void upsert(struct store *st, struct series *s, const struct frame *f,
		   time_ms from, time_ms to)
{
	bool native = f->h != NULL;
	if (s->nr && native != (s->h != NULL))
		cut(st, s, 0, s->nr);
	if (native ? s->v != NULL : s->h != NULL) {
		free(s->v);
		free(s->h);
		s->v = NULL;
		s->h = NULL;
		st->bytes -= s->cap * POINT_BYTES;
		s->cap = 0;
	}
	size_t a = series_lower(s, from), b = series_upper(s, to);
	if (from > to || unchanged(s, a, b, f))
		return;
	cut(st, s, a, b);
	spread(st, s, a, f->nr, native);
	for (size_t i = 0; i < f->nr; i++) {
		s->t[a + i] = f->t[i];
		if (native) {
			s->h[a + i] = histogram_dup(&f->h[i]);
			st->bytes += histogram_bytes(s->h[a + i]);
		} else {
			s->v[a + i] = f->v[i];
		}
	}
	st->generation++;
}

static void set_now(struct store *st, struct series *s, time_ms at, double v,
		    const struct histogram *h)
{
	if (s->now_t != at || !same(s->now_v, v) || !s->now_h != !h
	    || (h && !same_histogram(s->now_h, h)))
		st->generation++;
	if (s->now_h) {
		st->bytes -= histogram_bytes(s->now_h);
		free((void *)s->now_h);
	}
	s->now_t = at;
	s->now_v = v;
	s->now_h = h ? histogram_dup(h) : NULL;
	if (s->now_h)
		st->bytes += histogram_bytes(s->now_h);
}

static void held_free(struct store *st, struct held *h)
{
	for (size_t i = 0; i < h->s.nr; i++)
		drop_point(st, &h->s, i);
	if (h->s.now_h) {
		st->bytes -= histogram_bytes(h->s.now_h);
		free((void *)h->s.now_h);
	}
	st->bytes -= sizeof(*h) + h->s.labels.nr * sizeof(struct label)
		     + h->s.cap * POINT_BYTES;
	st->nr_series--;
	free(h->s.t);
	free(h->s.v);
	free(h->s.h);
	free((void *)h->s.labels.l);
	free(h);
}

/* ---- services -------------------------------------------------------- */

static const struct shape *shape_of(const struct catalog *c, uint32_t id)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == id)
			return &c->shape[i];
	return NULL;
}

static int compare_key(uint32_t shape, const char *value,
		       const struct service *s)
{
	if (shape != s->def->shape)
		return shape < s->def->shape ? -1 : 1;
	return strcmp(value, s->def->value);
}

static int compare_services(const void *a, const void *b)
{
	const struct service *x = *(struct service *const *)a;
	return compare_key(x->def->shape, x->def->value,
			   *(struct service *const *)b);
}

static struct service *find_service(const struct origin *o, uint32_t shape,
				    const char *value)
{
	size_t lo = 0, hi = o->nr_services;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare_key(shape, value, o->by_value[mid]);
		if (c == 0)
			return o->by_value[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

static void services_clear(struct origin *o)
{
	for (size_t i = 0; i < o->nr_services; i++)
		for (int r = 0; r < RED_ROLES; r++)
			free(o->service[i].series[r]);
	free(o->service);
	free(o->by_value);
	o->service = NULL;
	o->by_value = NULL;
	o->nr_services = 0;
}

static void publish_services(struct store *st)
{
	size_t n = 0;
	for (size_t i = 0; i < st->nr_origins; i++)
		n += st->origin[i]->nr_services;
	st->services = mem_grow(st->services, n + 1, sizeof(*st->services));
	st->nr_services = 0;
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_services; k++)
			st->services[st->nr_services++] =
				&st->origin[i]->service[k];
}

/* Sets what follows from the labels: class and bound. */
static void classify(struct series *s, const struct shape *sh)
{
	enum red_role role = s->question % 16;
	s->class = CLASS_OK;
	s->le = NAN;
	if (sh->status_label) {
		const char *code = labels_get(&s->labels, sh->status_label);
		s->class = status_class(sh->status, code);
	}
	const char *le = labels_get(&s->labels, "le");
	double v;
	bool buckets = role == RED_BUCKETS || role == RED_ROUTE_BUCKETS;
	if (buckets && le && number_parse_go(le, &v))
		s->le = v * unit_scale(sh->unit);
}

/* The service that a series with these labels belongs to, or NULL where there
 * is none or it has enough. */
static struct service *owner_of(const struct origin *o, uint32_t question,
				const struct labels *ls)
{
	const struct shape *sh = shape_of(&o->catalog, question / 16);
	if (!sh || question % 16 >= RED_ROLES)
		return NULL;
	const char *value = labels_get(ls, sh->label);
	struct service *s = find_service(o, sh->id, value ? value : "");
	return s && s->nr[question % 16] < LIMIT_BUCKETS ? s : NULL;
}

static int compare_labels(const struct labels *a, const struct labels *b)
{
	for (size_t i = 0; i < a->nr && i < b->nr; i++) {
		int c = strcmp(a->l[i].name, b->l[i].name);
		if (c == 0)
			c = strcmp(a->l[i].value, b->l[i].value);
		if (c)
			return c;
	}
	return a->nr < b->nr ? -1 : a->nr > b->nr;
}

static bool attach(struct origin *o, struct held *h)
{
	enum red_role r = h->s.question % 16;
	struct service *s = owner_of(o, h->s.question, &h->s.labels);
	h->service = s;
	if (!s)
		return false;
	MEM_ROOM(s->series[r], s->nr[r], s->cap[r]);
	size_t i = s->nr[r]++;
	for (; i > 0 && compare_labels(&s->series[r][i - 1]->labels,
				       &h->s.labels) > 0; i--)
		s->series[r][i] = s->series[r][i - 1];
	s->series[r][i] = &h->s;
	classify(&h->s, s->shape);
	return true;
}

static void detach(struct held *h)
{
	enum red_role r = h->s.question % 16;
	struct service *s = h->service;
	size_t i = 0;
	while (s->series[r][i] != &h->s)
		i++;
	s->nr[r]--;
	memmove(s->series[r] + i, s->series[r] + i + 1,
		(s->nr[r] - i) * sizeof(*s->series[r]));
}

/* ---- questions and their series -------------------------------------- */

static struct answer *find_answer(struct origin *o, uint32_t id, bool make)
{
	size_t lo = 0, hi = o->nr_answers;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (o->answer[mid].id == id)
			return &o->answer[mid];
		if (o->answer[mid].id > id)
			hi = mid;
		else
			lo = mid + 1;
	}
	if (!make)
		return NULL;
	MEM_ROOM(o->answer, o->nr_answers, o->cap_answers);
	memmove(o->answer + lo + 1, o->answer + lo,
		(o->nr_answers - lo) * sizeof(*o->answer));
	o->answer[lo] = (struct answer){ .id = id };
	o->nr_answers++;
	return &o->answer[lo];
}

static struct labels intern_labels(struct store *st, const struct labels *ls)
{
	struct label *l = mem_zero(ls->nr, sizeof(*l));
	for (size_t i = 0; i < ls->nr; i++) {
		l[i].name = intern(&st->text, ls->l[i].name);
		l[i].value = intern(&st->text, ls->l[i].value);
	}
	return (struct labels){ ls->nr, l };
}

static struct held **slot_of(const struct answer *a, uint64_t hash,
			     const struct labels *ls)
{
	size_t i = (size_t)hash & (a->nr_slots - 1);
	while (a->slot[i] && (a->slot[i]->hash != hash
			      || !labels_equal(&a->slot[i]->s.labels, ls)))
		i = (i + 1) & (a->nr_slots - 1);
	return &a->slot[i];
}

static void index_answer(struct answer *a, size_t nr_slots)
{
	free(a->slot);
	a->slot = mem_zero(nr_slots, sizeof(struct held *));
	a->nr_slots = nr_slots;
	for (size_t i = 0; i < a->nr; i++)
		*slot_of(a, a->held[i]->hash, &a->held[i]->s.labels) =
			a->held[i];
}

static void answer_release(struct answer *a)
{
	free(a->held);
	free(a->slot);
}

static struct held *held_new(struct store *st, struct answer *a,
			     const struct frame *f, uint64_t hash)
{
	struct held *h = mem_zero(1, sizeof(*h));
	h->s.question = f->question;
	h->s.now_t = TIME_NONE;
	h->s.now_v = NAN;
	h->s.labels = intern_labels(st, &f->labels);
	h->hash = hash;
	st->nr_series++;
	st->bytes += sizeof(*h) + f->labels.nr * sizeof(struct label);
	MEM_ROOM(a->held, a->nr, a->cap);
	a->held[a->nr++] = h;
	if (a->nr * 2 > a->nr_slots)
		index_answer(a, a->nr_slots ? a->nr_slots * 2 : 16);
	else
		*slot_of(a, hash, &h->s.labels) = h;
	return h;
}

/* Frames come in the order of the answer before: look at `hint` first. */
static struct held *find_held(struct store *st, struct origin *o,
			      struct answer *a, const struct frame *f,
			      size_t hint)
{
	if (hint < a->nr && labels_equal(&a->held[hint]->s.labels, &f->labels))
		return a->held[hint];
	uint64_t hash = labels_hash(&f->labels);
	struct held *h = a->nr ? *slot_of(a, hash, &f->labels) : NULL;
	if (h || st->nr_series >= LIMIT_SERIES
	    || !owner_of(o, f->question, &f->labels))
		return h;
	h = held_new(st, a, f, hash);
	attach(o, h);
	return h;
}

static void answers_clear(struct store *st, struct origin *o)
{
	for (size_t i = 0; i < o->nr_answers; i++) {
		for (size_t k = 0; k < o->answer[i].nr; k++)
			held_free(st, o->answer[i].held[k]);
		answer_release(&o->answer[i]);
	}
	o->nr_answers = 0;
}

/* ---- catalogs -------------------------------------------------------- */

static bool text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_questions(const struct shape *a, const struct shape *b)
{
	if (!a || !b || !text_equal(a->label, b->label))
		return false;
	for (int r = 0; r < RED_ROLES; r++)
		if (!text_equal(a->question[r], b->question[r]))
			return false;
	return true;
}

/* Series whose question means something else now are forgotten. */
static void drop_strangers(struct store *st, struct origin *o,
			   const struct catalog *c)
{
	size_t kept = 0;
	for (size_t i = 0; i < o->nr_answers; i++) {
		struct answer *a = &o->answer[i];
		if (same_questions(shape_of(&o->catalog, a->id / 16),
				   shape_of(c, a->id / 16))) {
			o->answer[kept++] = *a;
			continue;
		}
		for (size_t k = 0; k < a->nr; k++)
			held_free(st, a->held[k]);
		answer_release(a);
	}
	o->nr_answers = kept;
}

static struct catalog copy_catalog(const struct catalog *c, struct arena *a)
{
	struct catalog out = *c;
	struct shape *sh = arena_alloc(a, c->nr_shapes * sizeof(*sh));
	size_t n = c->nr_services < LIMIT_SERVICES ? c->nr_services
						  : LIMIT_SERVICES;
	struct service_def *def = arena_alloc(a, n * sizeof(*def));
	for (size_t i = 0; i < c->nr_shapes; i++) {
		const char **texts[] = { &sh[i].label, &sh[i].metric,
					 &sh[i].error_metric,
					 &sh[i].error_matcher,
					 &sh[i].status_label, &sh[i].note };
		sh[i] = c->shape[i];
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			if (*texts[k])
				*texts[k] = arena_strdup(a, *texts[k]);
		for (int r = 0; r < RED_ROLES; r++)
			if (sh[i].question[r])
				sh[i].question[r] =
					arena_strdup(a, sh[i].question[r]);
	}
	for (size_t i = 0; i < n; i++) {
		def[i] = c->service[i];
		def[i].name = arena_strdup(a, def[i].name);
		def[i].value = arena_strdup(a, def[i].value);
	}
	out.shape = sh;
	out.service = def;
	out.nr_services = n;
	out.version = c->version ? arena_strdup(a, c->version) : NULL;
	out.note = c->note ? arena_strdup(a, c->note) : NULL;
	return out;
}

static void build_services(struct origin *o)
{
	size_t n = o->catalog.nr_services;
	o->service = mem_zero(n, sizeof(*o->service));
	o->by_value = mem_zero(n, sizeof(*o->by_value));
	for (size_t i = 0; i < n; i++) {
		const struct service_def *d = &o->catalog.service[i];
		const struct shape *sh = shape_of(&o->catalog, d->shape);
		if (!sh)
			continue;
		struct service *s = &o->service[o->nr_services];
		*s = (struct service){ .name = d->name, .def = d, .shape = sh,
				       .source = &o->pub };
		o->by_value[o->nr_services++] = s;
	}
	qsort(o->by_value, o->nr_services, sizeof(*o->by_value),
	      compare_services);
}

static void apply_catalog(struct store *st, struct origin *o,
			  const struct catalog *c)
{
	struct arena old = o->catalog_arena;
	drop_strangers(st, o, c);
	arena_init(&o->catalog_arena, 0);
	o->catalog = copy_catalog(c, &o->catalog_arena);
	arena_release(&old);
	services_clear(o);
	build_services(o);
	for (size_t i = 0; i < o->nr_answers; i++) {
		struct answer *a = &o->answer[i];
		size_t kept = 0;
		for (size_t k = 0; k < a->nr; k++) {
			if (attach(o, a->held[k]))
				a->held[kept++] = a->held[k];
			else
				held_free(st, a->held[k]);
		}
		a->nr = kept;
		index_answer(a, a->nr_slots);
	}
	o->pub.catalog = &o->catalog;
	o->pub.rules = prom_rules(o->catalog.version);
	publish_services(st);
	st->generation++;
}

/* ---- events ---------------------------------------------------------- */

static bool same_event(const struct event *a, const struct event *b)
{
	time_ms d = a->at > b->at ? a->at - b->at : b->at - a->at;
	return d <= EVENT_NEAR && a->kind == b->kind
	       && text_equal(a->service, b->service)
	       && text_equal(a->text, b->text);
}

static void add_event(struct store *st, const struct event *e)
{
	size_t i = st->nr_events;
	while (i > 0 && st->event[i - 1]->at > e->at)
		i--;
	for (size_t k = i; k > 0
	     && st->event[k - 1]->at >= e->at - EVENT_NEAR; k--)
		if (same_event(st->event[k - 1], e))
			return;
	for (size_t k = i; k < st->nr_events
	     && st->event[k]->at <= e->at + EVENT_NEAR; k++)
		if (same_event(st->event[k], e))
			return;
	if (st->nr_events >= LIMIT_EVENTS) {
		if (i == 0)
			return;
		free(st->event[0]);
		memmove(st->event, st->event + 1,
			--st->nr_events * sizeof(*st->event));
		i--;
	}
	MEM_ROOM(st->event, st->nr_events, st->cap_events);
	memmove(st->event + i + 1, st->event + i,
		(st->nr_events - i) * sizeof(*st->event));
	struct event *own = mem_alloc(sizeof(*own));
	*own = *e;
	own->service = intern(&st->text, e->service);
	own->text = intern(&st->text, e->text);
	own->tag = intern(&st->text, e->tag);
	st->event[i] = own;
	st->nr_events++;
	st->generation++;
}

static void source_event(struct store *st, const struct origin *o, time_ms at,
			 enum severity severity, const char *text)
{
	char line[LIMIT_SENTENCE + 64];
	snprintf(line, sizeof(line), "%s %s", o->name, text);
	add_event(st, &(struct event){ .at = at, .until = TIME_NONE,
				       .kind = EVENT_SOURCE,
				       .severity = severity, .text = line });
}

/* ---- what a source says of itself ------------------------------------- */

static void set_text(struct store *st, char **to, const char **pub,
		     const char *text)
{
	if (text_equal(*to, text))
		return;
	free(*to);
	*to = text ? mem_strdup(text) : NULL;
	*pub = *to;
	st->generation++;
}

static void apply_status(struct store *st, struct origin *o,
			 const struct source_status *s)
{
	struct store_source *p = &o->pub;
	if (s->kind)
		set_text(st, &o->kind, &p->kind, s->kind);
	if (s->url)
		set_text(st, &o->url, &p->url, s->url);
	if (s->identity)
		set_text(st, &o->identity, &p->identity, s->identity);
	p->took_us = s->took_us;
	if (s->took_us > p->took_max_us)
		p->took_max_us = s->took_us;
	p->skew_s = s->skew_s;
	p->requests += s->requests;
	p->bytes += s->bytes;
	p->body_bytes += s->body_bytes;
	p->retries += s->retries;
	p->dropped += s->dropped;
	p->next = s->next;
	if (s->period)
		p->period = s->period;
	st->generation++;
}

static bool known_note(const char *const *list, size_t nr, const char *text)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static void add_note(struct origin *o, const char *const **list, size_t *nr,
		     const char *text)
{
	if (*nr >= LIMIT_WARNINGS || known_note(*list, *nr, text))
		return;
	const char **grown = arena_alloc(&o->notes_arena,
					 (*nr + 1) * sizeof(*grown));
	if (*nr)
		memcpy(grown, *list, *nr * sizeof(*grown));
	grown[(*nr)++] = arena_strdup(&o->notes_arena, text);
	*list = grown;
}

static uint64_t hash_notes(const struct store_source *p)
{
	uint64_t h = p->nr_warnings;
	for (size_t i = 0; i < p->nr_warnings + p->nr_infos; i++) {
		const char *s = i < p->nr_warnings
					? p->warning[i]
					: p->info[i - p->nr_warnings];
		do {
			h = (h ^ (unsigned char)*s) * 0x100000001b3u;
		} while (*s++);
	}
	return h;
}

static void apply_notes(struct store *st, struct origin *o,
			const struct batch *b)
{
	struct store_source *p = &o->pub;
	if (o->notes_old) {
		arena_release(&o->notes_arena);
		p->nr_warnings = p->nr_infos = 0;
		p->warning = p->info = NULL;
		o->notes_old = false;
	}
	for (size_t i = 0; i < b->nr_warnings; i++)
		add_note(o, &p->warning, &p->nr_warnings, b->warning[i]);
	for (size_t i = 0; i < b->nr_infos; i++)
		add_note(o, &p->info, &p->nr_infos, b->info[i]);
	if (!b->tick)
		return;
	uint64_t hash = hash_notes(p);
	if (hash != o->notes_hash)
		st->generation++;
	o->notes_hash = hash;
	o->notes_old = true;
}

static enum source_state judge(const struct origin *o)
{
	if (o->poll_fault == FAULT_NONE)
		return o->poll_partial ? SOURCE_PARTIAL : SOURCE_UP;
	if (o->poll_fault == FAULT_AUTH && !o->poll_answered)
		return SOURCE_AUTH;
	if (o->poll_fault == FAULT_THROTTLED)
		return SOURCE_THROTTLED;
	if (o->poll_answered)
		return SOURCE_PARTIAL;
	return o->pub.answered != TIME_NONE ? SOURCE_STALE : SOURCE_DOWN;
}

static bool is_bad(enum source_state s)
{
	return s == SOURCE_DOWN || s == SOURCE_STALE || s == SOURCE_AUTH
	       || s == SOURCE_THROTTLED;
}

static void end_poll(struct store *st, struct origin *o, time_ms at)
{
	struct store_source *p = &o->pub;
	enum source_state before = p->state, after = judge(o);
	p->tried = at;
	p->fault = o->poll_fault;
	if (o->poll_fault == FAULT_NONE || o->poll_answered) {
		p->failures = 0;
		p->answered = at;
	} else {
		p->failures++;
		st->generation++;
	}
	if (o->poll_fault == FAULT_NONE)
		set_text(st, &o->error, &p->error, NULL);
	if (is_bad(after) && p->down_since == TIME_NONE) {
		p->down_since = at;
		if (before != SOURCE_ASKING)
			source_event(st, o, at, SEVERITY_WARN,
				     o->error ? o->error : "does not answer");
	} else if (!is_bad(after) && p->down_since != TIME_NONE) {
		char span[TIME_TEXT], text[80];
		snprintf(text, sizeof(text), "answers again after %s",
			 time_span(at - p->down_since, span));
		source_event(st, o, at, SEVERITY_INFO, text);
		p->down_since = TIME_NONE;
	}
	if (after != before)
		st->generation++;
	p->state = after;
	o->poll_fault = FAULT_NONE;
	o->poll_answered = o->poll_partial = false;
}

static void note_outcome(struct store *st, struct origin *o,
			 const struct batch *b)
{
	if (b->fault == FAULT_NONE) {
		if (b->nr_asked)
			o->poll_answered = true;
		o->poll_partial |= b->partial;
	} else if (o->poll_fault == FAULT_NONE) {
		o->poll_fault = b->fault;
		set_text(st, &o->error, &o->pub.error, b->error);
	}
}

/* ---- the door -------------------------------------------------------- */

static struct origin *find_origin(struct store *st, const char *name)
{
	for (size_t i = 0; i < st->nr_origins; i++)
		if (strcmp(st->origin[i]->name, name) == 0)
			return st->origin[i];
	return NULL;
}

static struct origin *origin_of(struct store *st, const char *name)
{
	struct origin *o = find_origin(st, name);
	if (o)
		return o;
	o = mem_zero(1, sizeof(*o));
	o->name = mem_strdup(name);
	arena_init(&o->catalog_arena, 0);
	arena_init(&o->notes_arena, 0);
	o->pub = (struct store_source){
		.name = o->name, .kind = "", .url = "",
		.answered = TIME_NONE, .tried = TIME_NONE,
		.down_since = TIME_NONE, .settled = TIME_NONE,
		.range_from = TIME_NONE, .range_to = TIME_NONE,
		.next = TIME_NONE, .skew_s = NAN, .rules = prom_rules(NULL),
		.objective = st->objective,
	};
	MEM_ROOM(st->origin, st->nr_origins, st->cap_origins);
	st->origin[st->nr_origins++] = o;
	st->pub_sources = mem_grow(st->pub_sources, st->nr_origins,
				   sizeof(*st->pub_sources));
	st->pub_sources[st->nr_origins - 1] = &o->pub;
	st->generation++;
	return o;
}

static void forget(struct store *st, struct origin *o)
{
	answers_clear(st, o);
	services_clear(o);
	o->catalog = (struct catalog){ 0 };
	arena_release(&o->catalog_arena);
	arena_release(&o->notes_arena);
	struct store_source *p = &o->pub;
	p->catalog = NULL;
	p->nr_warnings = p->nr_infos = 0;
	p->warning = p->info = NULL;
	p->state = SOURCE_ASKING;
	p->answered = p->tried = p->down_since = p->settled = TIME_NONE;
	p->range_from = p->range_to = TIME_NONE;
	p->failures = 0;
	p->fault = FAULT_NONE;
	p->requests = p->bytes = p->body_bytes = p->retries = p->dropped = 0;
	p->took_max_us = 0;
	o->poll_fault = FAULT_NONE;
	o->poll_answered = o->poll_partial = false;
	set_text(st, &o->error, &p->error, NULL);
	publish_services(st);
	st->generation++;
}

/* Events carry no source: a reset of any forgets them all, the replay that
 * resets tells them again. */
static void forget_events(struct store *st)
{
	for (size_t i = 0; i < st->nr_events; i++)
		free(st->event[i]);
	st->nr_events = 0;
}

static void apply_frames(struct store *st, struct origin *o,
			 const struct batch *b)
{
	struct answer *a = NULL;
	size_t hint = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		if (!shape_of(&o->catalog, f->question / 16))
			continue;
		if (!a || a->id != f->question) {
			a = find_answer(o, f->question, true);
			hint = 0;
		}
		struct held *h = find_held(st, o, a, f, hint++);
		if (!h)
			continue;
		bool again = h->seen == st->epoch;
		h->seen = st->epoch;
		if (b->instant)
			set_now(st, &h->s, b->at,
				f->nr && f->v ? f->v[0] : NAN,
				f->nr ? f->h : NULL);
		else if (!b->instant && !again)
			upsert(st, &h->s, f, b->from, b->to);
	}
}

/* Series of the asked questions that the answer does not know. */
static void apply_absence(struct store *st, struct origin *o,
			  const struct batch *b)
{
	for (size_t i = 0; i < b->nr_asked; i++) {
		struct answer *a = find_answer(o, b->asked[i], false);
		for (size_t k = 0; a && k < a->nr; k++) {
			struct held *h = a->held[k];
			if (h->seen == st->epoch)
				continue;
			if (b->only && h->service
			    && strcmp(h->service->def->value, b->only) != 0)
				continue;
			if (b->instant)
				set_now(st, &h->s, b->at, NAN, NULL);
			else
				cut(st, &h->s, series_lower(&h->s, b->from),
				    series_upper(&h->s, b->to));
		}
	}
}

typedef void each_series(struct store *st, struct series *s, void *arg);

static void for_each_series(struct store *st, each_series *f, void *arg)
{
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_answers; k++) {
			const struct answer *a = &st->origin[i]->answer[k];
			for (size_t m = 0; m < a->nr; m++)
				f(st, &a->held[m]->s, arg);
		}
}

static void see_ends(struct store *st, struct series *s, void *arg)
{
	time_ms *ends = arg;
	(void)st;
	if (s->nr == 0)
		return;
	if (ends[0] == TIME_NONE || s->t[0] < ends[0])
		ends[0] = s->t[0];
	if (ends[1] == TIME_NONE || s->t[s->nr - 1] > ends[1])
		ends[1] = s->t[s->nr - 1];
}

static void cut_before(struct store *st, struct series *s, void *arg)
{
	cut(st, s, 0, series_lower(s, *(time_ms *)arg));
	size_t cap = s->nr * 5 / 4 + 8;
	if (cap < s->cap)
		resize(st, s, cap, s->h != NULL);
}

static bool says_nothing(const struct held *h)
{
	return h->s.nr == 0 && isnan(h->s.now_v) && !h->s.now_h;
}

/* Series that came and went (a version, a pod) do not stay for ever. */
static void sweep(struct store *st, struct origin *o)
{
	for (size_t i = 0; i < o->nr_answers; i++) {
		struct answer *a = &o->answer[i];
		size_t kept = 0;
		for (size_t k = 0; k < a->nr; k++) {
			if (!says_nothing(a->held[k])) {
				a->held[kept++] = a->held[k];
				continue;
			}
			detach(a->held[k]);
			held_free(st, a->held[k]);
		}
		if (kept == a->nr)
			continue;
		a->nr = kept;
		index_answer(a, a->nr_slots);
		st->generation++;
	}
}

static void move_labels(struct store *st, struct series *s, void *arg)
{
	struct label *l = (struct label *)s->labels.l;
	(void)st;
	for (size_t i = 0; i < s->labels.nr; i++) {
		l[i].name = intern(arg, l[i].name);
		l[i].value = intern(arg, l[i].value);
	}
}

/* Keeps the text that is still said by anything. */
static void renew_text(struct store *st)
{
	struct intern fresh;
	intern_init(&fresh);
	for_each_series(st, move_labels, &fresh);
	for (size_t i = 0; i < st->nr_events; i++) {
		struct event *e = st->event[i];
		e->service = intern(&fresh, e->service);
		e->text = intern(&fresh, e->text);
		e->tag = intern(&fresh, e->tag);
	}
	intern_release(&st->text);
	st->text = fresh;
	st->generation++;
}

/* An eighth of the time held goes at once, so that it does not happen at
 * every answer. */
static void keep_ceiling(struct store *st)
{
	if (store_bytes(st) <= st->max && st->nr_series < LIMIT_SERIES)
		return;
	for (size_t i = 0; i < st->nr_origins; i++)
		sweep(st, st->origin[i]);
	if (st->text.arena.total > st->max / 4)
		renew_text(st);
	while (store_bytes(st) > st->max && st->points) {
		time_ms ends[2] = { TIME_NONE, TIME_NONE };
		for_each_series(st, see_ends, ends);
		time_ms limit = ends[0] + (ends[1] - ends[0]) / 8 + 1;
		for_each_series(st, cut_before, &limit);
	}
}

static void note_range(struct store *st, struct origin *o,
		       const struct batch *b)
{
	struct store_source *p = &o->pub;
	time_ms from = p->range_from, to = p->range_to;
	if (p->step != b->step || p->window != b->window
	    || p->settled != b->settled)
		st->generation++;
	if (p->step != b->step || p->range_from == TIME_NONE) {
		p->range_from = b->from;
		p->range_to = b->to;
	}
	if (b->from < p->range_from)
		p->range_from = b->from;
	if (b->to > p->range_to)
		p->range_to = b->to;
	if (p->range_from != from || p->range_to != to)
		st->generation++;
	p->step = b->step;
	p->settled = b->settled;
	p->window = b->window;
}

void store_apply(struct store *st, const struct batch *b)
{
	if (b->fault == FAULT_CANCELLED)
		return;
	struct origin *o = origin_of(st, b->source);
	st->epoch++;
	if (b->reset) {
		forget(st, o);
		forget_events(st);
	}
	if (b->catalog)
		apply_catalog(st, o, b->catalog);
	if (b->status)
		apply_status(st, o, b->status);
	apply_notes(st, o, b);
	note_outcome(st, o, b);
	if (b->fault == FAULT_NONE && b->nr_asked) {
		apply_frames(st, o, b);
		apply_absence(st, o, b);
		if (!b->instant)
			note_range(st, o, b);
	}
	for (size_t i = 0; i < b->nr_events; i++)
		add_event(st, &b->event[i]);
	if (b->tick)
		end_poll(st, o, b->at);
	keep_ceiling(st);
}

void store_declare(struct store *st, const char *name, time_ms period)
{
	origin_of(st, name)->pub.period = period;
}

void store_objective(struct store *st, double objective)
{
	st->objective = objective;
	for (size_t i = 0; i < st->nr_origins; i++)
		st->origin[i]->pub.objective = objective;
	st->generation++;
}

void store_clock(struct store *st, time_ms now)
{
	for (size_t i = 0; i < st->nr_origins; i++) {
		struct store_source *p = &st->origin[i]->pub;
		if ((p->state != SOURCE_UP && p->state != SOURCE_PARTIAL)
		    || !p->period || p->answered == TIME_NONE)
			continue;
		if (now - p->answered > 2 * p->period + 5000) {
			p->state = SOURCE_STALE;
			st->generation++;
		}
	}
}

size_t store_sources(const struct store *st,
		     const struct store_source *const **out)
{
	*out = st->pub_sources;
	return st->nr_origins;
}

const struct store_source *store_source(const struct store *st,
					const char *name)
{
	struct origin *o = find_origin((struct store *)st, name);
	return o ? &o->pub : NULL;
}

size_t store_services(const struct store *st, const struct service *const **out)
{
	*out = st->services;
	return st->nr_services;
}

size_t store_events(const struct store *st, const struct event *const **out)
{
	*out = (const struct event *const *)st->event;
	return st->nr_events;
}

time_ms store_oldest(const struct store *st)
{
	time_ms ends[2] = { TIME_NONE, TIME_NONE };
	for_each_series((struct store *)st, see_ends, ends);
	return ends[0];
}

void store_free(struct store *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < st->nr_origins; i++) {
		struct origin *o = st->origin[i];
		answers_clear(st, o);
		free(o->answer);
		services_clear(o);
		arena_release(&o->catalog_arena);
		arena_release(&o->notes_arena);
		free(o->name);
		free(o->error);
		free(o->identity);
		free(o->kind);
		free(o->url);
		free(o);
	}
	forget_events(st);
	free(st->event);
	free(st->origin);
	free(st->pub_sources);
	free(st->services);
	intern_release(&st->text);
	free(st);
}
