/* A source's catalog, its services, and the series of its questions. */
#include "model/store_private.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "model/definition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void held_free(struct store *st, struct held *h)
{
	for (size_t i = 0; i < h->s.nr; i++)
		points_drop(st, &h->s, i);
	if (h->s.now_h) {
		st->bytes -= points_histogram_bytes(h->s.now_h);
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

const struct shape *catalog_shape(const struct catalog *c, uint32_t id)
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

bool origin_has_shape(const struct origin *o, uint32_t shape)
{
	size_t lo = 0, hi = o->nr_services;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (o->by_value[mid]->def->shape < shape)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < o->nr_services && o->by_value[lo]->def->shape == shape;
}

void services_clear(struct origin *o)
{
	for (size_t i = 0; i < o->nr_services; i++)
		for (int r = 0; r < RED_ROLES; r++)
			free(o->service[i].series[r]);
	for (size_t i = 0; i < o->nr_slos; i++)
		free(o->slo[i].series);
	for (size_t i = 0; i < o->nr_thresholds; i++)
		free(o->threshold[i].series);
	free(o->service);
	free(o->by_value);
	free(o->slo);
	free(o->threshold);
	o->service = NULL;
	o->by_value = NULL;
	o->slo = NULL;
	o->threshold = NULL;
	o->nr_services = o->nr_slos = o->nr_thresholds = 0;
}

enum rank { RANK_SERVICE, RANK_CHART, RANK_RESOURCE };

static enum rank rank_of(const struct shape *sh)
{
	return sh->question[RED_CHART] ? RANK_CHART
	       : sh->question[RED_USED] ? RANK_RESOURCE : RANK_SERVICE;
}

static size_t publish(struct store *st, size_t n, enum rank rank)
{
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_services; k++) {
			struct service *s = &st->origin[i]->service[k];
			if (rank_of(s->shape) == rank)
				st->services[n++] = s;
		}
	return n;
}

static void publish_own(struct store *st)
{
	size_t slos = 0, thresholds = 0, n = 0;
	for (size_t i = 0; i < st->nr_origins; i++) {
		slos += st->origin[i]->nr_slos;
		thresholds += st->origin[i]->nr_thresholds;
	}
	st->slos = mem_grow(st->slos, slos + 1, sizeof(*st->slos));
	st->thresholds = mem_grow(st->thresholds, thresholds + 1,
				  sizeof(*st->thresholds));
	st->nr_slos = slos;
	st->nr_thresholds = thresholds;
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_slos; k++)
			st->slos[n++] = &st->origin[i]->slo[k];
	n = 0;
	for (size_t i = 0; i < st->nr_origins; i++)
		for (size_t k = 0; k < st->origin[i]->nr_thresholds; k++)
			st->thresholds[n++] = &st->origin[i]->threshold[k];
}

/* Those of the table first, then those that carry a chart's query, then
 * resources. */
void services_publish(struct store *st)
{
	size_t n = 0;
	for (size_t i = 0; i < st->nr_origins; i++)
		n += st->origin[i]->nr_services;
	st->services = mem_grow(st->services, n + 1, sizeof(*st->services));
	st->nr_services = publish(st, 0, RANK_SERVICE);
	size_t charts = publish(st, st->nr_services, RANK_CHART);
	st->nr_charts = charts - st->nr_services;
	st->nr_resources = publish(st, charts, RANK_RESOURCE) - charts;
	publish_own(st);
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
	const struct shape *sh = catalog_shape(&o->catalog, question / 16);
	if (!sh || question % 16 >= RED_ROLES)
		return NULL;
	const char *value = labels_get(ls, sh->label);
	struct service *s = find_service(o, sh->id, value ? value : "");
	bool routes = red_role_routes(question % 16);
	size_t limit = routes ? LIMIT_ROUTE_SERIES : LIMIT_BUCKETS;
	return s && s->nr[question % 16] < limit ? s : NULL;
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

/* ---- own questions ---------------------------------------------------- */

static bool knows_own(const struct origin *o, uint32_t question)
{
	unsigned part = question_part(question);
	size_t i = question_index(question);
	switch (question_kind(question)) {
	case QUESTION_SLO:
		return i < o->nr_slos && (part & 15u) < SLO_SPANS;
	case QUESTION_THRESHOLD:
		return i < o->nr_thresholds && part <= THRESHOLD_NOW;
	}
	return false;
}

bool origin_knows(const struct origin *o, uint32_t question)
{
	if (question_is_own(question))
		return knows_own(o, question);
	return question % 16 < RED_ROLES && origin_has_shape(o, question / 16);
}

struct shelf origin_shelf(const struct origin *o, uint32_t question)
{
	size_t i = question_index(question);
	if (question_kind(question) == QUESTION_SLO) {
		struct store_slo *s = &o->slo[i];
		return (struct shelf){ &s->nr, &s->cap, &s->series };
	}
	struct store_threshold *t = &o->threshold[i];
	return (struct shelf){ &t->nr, &t->cap, &t->series };
}

/* The place of a series of a question on its shelf. */
static size_t shelf_place(const struct shelf *sh, uint32_t question,
			  const struct labels *ls)
{
	size_t lo = 0, hi = *sh->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct series *s = (*sh->series)[mid];
		bool before = s->question != question
			      ? s->question < question
			      : compare_labels(&s->labels, ls) < 0;
		if (before)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool attach_own(struct origin *o, struct held *h)
{
	h->service = NULL;
	if (!knows_own(o, h->s.question))
		return false;
	struct shelf sh = origin_shelf(o, h->s.question);
	size_t i = shelf_place(&sh, h->s.question, &h->s.labels);
	if (*sh.nr >= LIMIT_SLO_SERIES)
		return false;
	MEM_ROOM(*sh.series, *sh.nr, *sh.cap);
	memmove(*sh.series + i + 1, *sh.series + i,
		(*sh.nr - i) * sizeof(**sh.series));
	(*sh.series)[i] = &h->s;
	(*sh.nr)++;
	h->s.class = CLASS_OK;
	h->s.le = NAN;
	return true;
}

static void detach_own(struct origin *o, struct held *h)
{
	struct shelf sh = origin_shelf(o, h->s.question);
	size_t i = shelf_place(&sh, h->s.question, &h->s.labels);
	(*sh.nr)--;
	memmove(*sh.series + i, *sh.series + i + 1,
		(*sh.nr - i) * sizeof(**sh.series));
}

/* ---- series and who they belong to ------------------------------------ */

static bool attach(struct origin *o, struct held *h)
{
	if (question_is_own(h->s.question))
		return attach_own(o, h);
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

void held_detach(struct origin *o, struct held *h)
{
	if (question_is_own(h->s.question)) {
		detach_own(o, h);
		return;
	}
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

struct answer *answer_find(struct origin *o, uint32_t id, bool make)
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
	o->answer[lo] = (struct answer){ .id = id, .at = TIME_NONE,
					  .ranged = TIME_NONE };
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

void answer_index(struct answer *a, size_t nr_slots)
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
		answer_index(a, a->nr_slots ? a->nr_slots * 2 : 16);
	else
		*slot_of(a, hash, &h->s.labels) = h;
	return h;
}

/* There is somebody for a new series, and room. */
static bool has_room(struct store *st, const struct origin *o,
		     const struct frame *f)
{
	if (!question_is_own(f->question)) {
		if (!owner_of(o, f->question, &f->labels))
			return false;
	} else if (*origin_shelf(o, f->question).nr >= LIMIT_SLO_SERIES) {
		st->lost.series++;
		return false;
	}
	if (st->nr_series < LIMIT_SERIES)
		return true;
	st->lost.series++;
	return false;
}

/* Frames come in the order of the answer before: look at `hint` first. */
struct held *held_find(struct store *st, struct origin *o,
			      struct answer *a, const struct frame *f,
			      size_t hint)
{
	if (hint < a->nr && labels_equal(&a->held[hint]->s.labels, &f->labels))
		return a->held[hint];
	uint64_t hash = labels_hash(&f->labels);
	struct held *h = a->nr ? *slot_of(a, hash, &f->labels) : NULL;
	if (h || !has_room(st, o, f))
		return h;
	h = held_new(st, a, f, hash);
	attach(o, h);
	return h;
}

void answers_clear(struct store *st, struct origin *o)
{
	for (size_t i = 0; i < o->nr_answers; i++) {
		for (size_t k = 0; k < o->answer[i].nr; k++)
			held_free(st, o->answer[i].held[k]);
		answer_release(&o->answer[i]);
	}
	o->nr_answers = 0;
}

/* ---- catalogs -------------------------------------------------------- */

bool store_text_equal(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_questions(const struct shape *a, const struct shape *b)
{
	if (!a || !b || !store_text_equal(a->label, b->label))
		return false;
	for (int r = 0; r < RED_ROLES; r++)
		if (!store_text_equal(a->question[r], b->question[r]))
			return false;
	return true;
}

/* The same definition at the same place. */
static bool same_own(const struct catalog *a, const struct catalog *b,
		     uint32_t question)
{
	size_t i = question_index(question);
	if (question_kind(question) == QUESTION_SLO)
		return i < a->nr_slos && i < b->nr_slos
		       && slo_def_same(&a->slo[i], &b->slo[i]);
	return i < a->nr_thresholds && i < b->nr_thresholds
	       && threshold_def_same(&a->threshold[i], &b->threshold[i]);
}

static bool same_question(const struct catalog *a, const struct catalog *b,
			  uint32_t question)
{
	if (question_is_own(question))
		return same_own(a, b, question);
	return same_questions(catalog_shape(a, question / 16),
			      catalog_shape(b, question / 16));
}

/* Series whose question means something else now are forgotten. */
static void drop_strangers(struct store *st, struct origin *o,
			   const struct catalog *c)
{
	size_t kept = 0;
	for (size_t i = 0; i < o->nr_answers; i++) {
		struct answer *a = &o->answer[i];
		if (same_question(&o->catalog, c, a->id)) {
			o->answer[kept++] = *a;
			continue;
		}
		for (size_t k = 0; k < a->nr; k++)
			held_free(st, a->held[k]);
		answer_release(a);
	}
	o->nr_answers = kept;
}

static size_t at_most(size_t nr, size_t max)
{
	return nr < max ? nr : max;
}

static void copy_own(const struct catalog *c, struct catalog *out,
		     struct arena *a)
{
	size_t n = at_most(c->nr_slos, LIMIT_SLOS);
	size_t m = at_most(c->nr_thresholds, LIMIT_THRESHOLDS);
	struct slo_def *slo = arena_alloc(a, (n + 1) * sizeof(*slo));
	struct threshold_def *t = arena_alloc(a, (m + 1) * sizeof(*t));
	for (size_t i = 0; i < n; i++)
		slo[i] = own_copy_slo(&c->slo[i], a);
	for (size_t i = 0; i < m; i++)
		t[i] = own_copy_threshold(&c->threshold[i], a);
	out->nr_slos = n;
	out->slo = slo;
	out->nr_thresholds = m;
	out->threshold = t;
	out->pack = c->pack ? arena_strdup(a, c->pack) : NULL;
}

static struct catalog copy_catalog(const struct catalog *c, struct arena *a)
{
	struct catalog out = *c;
	struct shape *sh = arena_alloc(a, c->nr_shapes * sizeof(*sh));
	size_t n = at_most(c->nr_services, LIMIT_SERVICES);
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
	copy_own(c, &out, a);
	return out;
}

static void build_services(struct origin *o)
{
	size_t n = o->catalog.nr_services;
	o->service = mem_zero(n, sizeof(*o->service));
	o->by_value = mem_zero(n, sizeof(*o->by_value));
	for (size_t i = 0; i < n; i++) {
		const struct service_def *d = &o->catalog.service[i];
		const struct shape *sh = catalog_shape(&o->catalog, d->shape);
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

static void build_own(struct origin *o)
{
	const struct catalog *c = &o->catalog;
	o->slo = mem_zero(c->nr_slos, sizeof(*o->slo));
	o->threshold = mem_zero(c->nr_thresholds, sizeof(*o->threshold));
	o->nr_slos = c->nr_slos;
	o->nr_thresholds = c->nr_thresholds;
	for (size_t i = 0; i < c->nr_slos; i++)
		o->slo[i] = (struct store_slo){ .def = &c->slo[i],
						.source = &o->pub, .index = i };
	for (size_t i = 0; i < c->nr_thresholds; i++)
		o->threshold[i] = (struct store_threshold){
			.def = &c->threshold[i], .source = &o->pub, .index = i,
		};
}

void catalog_apply(struct store *st, struct origin *o,
			  const struct catalog *c)
{
	struct arena old = o->catalog_arena;
	drop_strangers(st, o, c);
	arena_init(&o->catalog_arena, 0);
	o->catalog = copy_catalog(c, &o->catalog_arena);
	arena_release(&old);
	services_clear(o);
	build_services(o);
	build_own(o);
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
		answer_index(a, a->nr_slots);
	}
	o->pub.catalog = &o->catalog;
	o->pub.rules = prom_rules(o->catalog.version);
	services_publish(st);
	st->generation++;
}
