#include "sources/prom_plan.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/interval.h"
#include "sources/prom_manual.h"
#include "sources/prom_parse.h"
#include "sources/promql.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

#define PACK_ITEMS 16
#define PACK_BYTES ((size_t)8000)
#define PACK_ANSWER (8.0 * (1 << 20)) /* bytes of a range's answer */
#define PACK_SERIES 600               /* of an instant's, when packed */
#define POINT_BYTES 36.0              /* measured: rates as JSON */
#define NATIVE_BYTES 600.0
#define LABEL_BYTES 200.0
/* A range of buckets beyond this is asked for visible rows only, too. */
#define ANSWER_MAX (40.0 * (1 << 20))

static const char variable[] = "$__rate_interval";

/* In the order of asking; `series` is what a service has of them. */
static const struct role {
	enum red_role role;
	int group;
	double series;
} roles[] = {
	{ RED_RATE, 0, 4 }, { RED_ERRORS, 0, 4 },
	{ RED_BUCKETS, 1, 14 }, { RED_NATIVE, 1, 1 }, { RED_QUANTILE, 1, 4 },
	{ RED_MEAN, 1, 1 },
	{ RED_BURN_5M, 2, 4 }, { RED_BURN_1H, 2, 4 }, { RED_SUM, 2, 1 },
	{ RED_VERSION, 2, 2 }, { RED_CHART, 2, 8 },
	{ RED_USED, 2, 1 }, { RED_LIMIT, 2, 1 },
};
#define GROUPS 3

void prom_seconds(time_ms t, struct buf *out)
{
	time_ms ms = t % 1000;
	buf_printf(out, "%" PRId64, t / 1000);
	if (ms % 10)
		buf_printf(out, ".%03" PRId64, ms);
	else if (ms % 100)
		buf_printf(out, ".%02" PRId64, ms / 10);
	else if (ms)
		buf_printf(out, ".%" PRId64, ms / 100);
}

void prom_pack_release(struct prom_pack *p)
{
	for (size_t i = 0; i < p->nr; i++)
		free(p->item[i].text);
	free(p->item);
	free(p->only);
	*p = (struct prom_pack){ 0 };
}

void prom_plan_release(struct prom_plan *plan)
{
	for (size_t i = 0; i < plan->nr; i++)
		prom_pack_release(&plan->pack[i]);
	free(plan->pack);
	*plan = (struct prom_plan){ 0 };
}

void prom_pack_query(const struct prom_pack *p, struct buf *out)
{
	if (p->nr == 1) {
		buf_str(out, p->item[0].text);
		return;
	}
	for (size_t i = 0; i < p->nr; i++)
		buf_printf(out, "%slabel_replace(%s,\"" PROM_TAG "\",\"%" PRIu32
			   "\",\"\",\"\")", i ? " or " : "",
			   p->item[i].text, p->item[i].id);
}

static void copy_only(struct prom_pack *to, const struct prom_pack *p)
{
	to->label = p->label;
	to->nr_only = p->nr_only;
	to->only = NULL;
	if (!p->only)
		return;
	to->only = mem_zero(p->nr_only, sizeof(*to->only));
	memcpy(to->only, p->only, p->nr_only * sizeof(*to->only));
}

struct prom_pack prom_pack_copy(const struct prom_pack *p)
{
	struct prom_pack out = *p;
	out.cap = p->nr;
	out.item = mem_zero(p->nr, sizeof(*out.item));
	for (size_t i = 0; i < p->nr; i++) {
		out.item[i] = p->item[i];
		out.item[i].text = mem_strdup(p->item[i].text);
	}
	copy_only(&out, p);
	return out;
}

struct prom_pack prom_pack_split(struct prom_pack *p)
{
	size_t keep = p->nr / 2;
	struct prom_pack rest = { .window = p->window, .nr = p->nr - keep,
				  .cap = p->nr - keep };
	rest.item = mem_zero(rest.nr, sizeof(*rest.item));
	memcpy(rest.item, p->item + keep, rest.nr * sizeof(*rest.item));
	copy_only(&rest, p);
	p->nr = keep;
	return rest;
}

/* ---- words ------------------------------------------------------------ */

static bool is_visible(const char *const *visible, const char *name)
{
	for (; *visible; visible++)
		if (strcmp(*visible, name) == 0)
			return true;
	return false;
}

/* The values of a shape's visible services. */
static const char **visible_values(const struct prom_plan_ask *ask,
				   uint32_t shape, size_t *nr)
{
	const struct catalog *c = ask->catalog;
	const char **value = NULL;
	size_t cap = 0, bytes = 0;
	*nr = 0;
	for (size_t i = 0; i < c->nr_services && bytes < PACK_BYTES; i++) {
		const struct service_def *d = &c->service[i];
		if (d->shape != shape || !is_visible(ask->visible, d->name))
			continue;
		bytes += strlen(d->value) + 1;
		MEM_ROOM(value, *nr, cap);
		value[(*nr)++] = d->value;
	}
	return value;
}

/* rate(x{a="b"}[..]) with one more matcher. */
static char *restrict_to(const char *text, const char *label,
			 const char *const *value, size_t nr)
{
	struct buf b, m;
	const char *window = strchr(text, '\0');
	const char *at = strstr(text, "[$__rate_interval]");
	if (at)
		window = at;
	buf_init(&b, 0);
	buf_init(&m, 0);
	promql_among(&m, label, false, value, nr);
	bool braces = window > text && window[-1] == '}';
	buf_add(&b, text, (size_t)(window - text) - braces);
	buf_printf(&b, braces ? ",%s}" : "{%s}", buf_text(&m));
	buf_str(&b, window);
	buf_release(&m);
	return b.s;
}

/* A gauge between whose points scrapes lie is asked over the step. */
static char *over_time(const char *text, enum red_role role, time_ms step)
{
	char span[TIME_TEXT];
	struct buf b;
	const char *inner = strstr(text, ") (");
	size_t n = strlen(text);
	buf_init(&b, 0);
	if (!inner)
		return mem_strdup(text);
	inner += 3;
	buf_add(&b, text, (size_t)(inner - text));
	buf_str(&b, role == RED_QUANTILE ? "max_over_time(" : "avg_over_time(");
	buf_add(&b, inner, n - 1 - (size_t)(inner - text));
	buf_printf(&b, "[%s]))", time_duration(step, span));
	return b.s;
}

static char *with_window(const char *text, time_ms window)
{
	char span[TIME_TEXT];
	struct buf b;
	buf_init(&b, 0);
	promql_window(&b, text, time_duration(window, span));
	return b.s;
}

static char *chart_query(const char *text, const struct prom_plan_ask *ask,
			 time_ms scrape)
{
	struct buf b;
	buf_init(&b, 0);
	prom_chart_query(text, ask->grid ? ask->grid : scrape, scrape,
			 ask->range ? ask->range : (time_ms)3600000, &b);
	return b.s;
}

/* ---- packing ----------------------------------------------------------- */

static double services_of(const struct catalog *c, uint32_t shape)
{
	size_t nr = 0;
	for (size_t i = 0; i < c->nr_services; i++)
		nr += c->service[i].shape == shape;
	return (double)nr;
}

static double answer_bytes(const struct prom_plan_ask *ask, time_ms span,
			   enum red_role role, double series)
{
	double points = ask->step ? (double)(span / ask->step) + 1 : 1;
	double each = role == RED_NATIVE ? NATIVE_BYTES : POINT_BYTES;
	return series * (LABEL_BYTES + points * each);
}

static bool fits(const struct prom_pack *p, const struct prom_plan_ask *ask,
		 time_ms window, size_t bytes, double answer)
{
	double max = ask->step ? PACK_ANSWER : PACK_SERIES *
						(LABEL_BYTES + POINT_BYTES);
	return p->nr < PACK_ITEMS && p->bytes + bytes <= PACK_BYTES &&
	       p->answer + answer <= max && !p->label &&
	       (!window || !p->window || window == p->window);
}

static struct prom_pack *pack_for(struct prom_plan *plan, size_t first,
				  const struct prom_plan_ask *ask,
				  time_ms window, size_t bytes, double answer,
				  bool alone)
{
	for (size_t i = first; i < plan->nr && !alone; i++)
		if (fits(&plan->pack[i], ask, window, bytes, answer))
			return &plan->pack[i];
	MEM_ROOM(plan->pack, plan->nr, plan->cap);
	plan->pack[plan->nr] = (struct prom_pack){ 0 };
	return &plan->pack[plan->nr++];
}

static void add_question(struct prom_plan *plan, size_t first,
			 const struct prom_plan_ask *ask,
			 const struct shape *sh, const struct role *r,
			 double services)
{
	const char *text = sh->question[r->role];
	bool chart = r->role == RED_CHART;
	bool rates = !chart && strstr(text, variable) != NULL;
	bool buckets = r->role == RED_BUCKETS || r->role == RED_NATIVE;
	time_ms window = !rates ? 0 : !ask->step ? sh->window :
		interval_range_window(sh->window, ask->step, sh->interval);
	double series = services * r->series;
	time_ms reach = ask->reach > ask->span ? ask->reach : ask->span;
	bool few = buckets && ask->visible &&
		   (sh->visible_only ||
		    answer_bytes(ask, reach, r->role, series) > ANSWER_MAX);
	char *worded = NULL, *whole;
	size_t only_nr = 0;
	const char **only = few ? visible_values(ask, sh->id, &only_nr) : NULL;
	if (few && !only)
		return;
	if (few) {
		worded = restrict_to(text, sh->label, only, only_nr);
		series = (double)only_nr * r->series;
	}
	if (chart)
		whole = chart_query(text, ask, sh->interval);
	else if (!rates && ask->step > sh->interval &&
	    (r->role == RED_QUANTILE || r->role == RED_MEAN))
		whole = over_time(text, r->role, ask->step);
	else
		whole = with_window(worded ? worded : text, window);
	free(worded);
	double answer = answer_bytes(ask, ask->span, r->role, series);
	struct prom_pack *p = pack_for(plan, first, ask, window, strlen(whole),
				       answer, few);
	MEM_ROOM(p->item, p->nr, p->cap);
	p->item[p->nr++] = (struct prom_item){
		.id = question_id(sh->id, r->role), .text = whole,
		.series = series,
	};
	p->bytes += strlen(whole) + 50;
	p->answer += answer;
	if (window)
		p->window = window;
	if (few) {
		p->label = sh->label;
		p->only = only;
		p->nr_only = only_nr;
	}
}

void prom_plan(struct prom_plan *plan, const struct prom_plan_ask *ask)
{
	const struct catalog *c = ask->catalog;
	double *services = mem_zero(c->nr_shapes, sizeof(*services));
	for (size_t i = 0; i < c->nr_shapes; i++)
		services[i] = services_of(c, c->shape[i].id);
	for (int group = 0; group < GROUPS; group++) {
		size_t first = plan->nr;
		for (size_t r = 0; r < COUNT(roles); r++)
			for (size_t i = 0; i < c->nr_shapes; i++)
				if (roles[r].group == group &&
				    services[i] > 0 &&
				    c->shape[i].question[roles[r].role])
					add_question(plan, first, ask,
						     &c->shape[i], &roles[r],
						     services[i]);
	}
	free(services);
}

/* ---- the routes of one service ------------------------------------------- */

static const struct shape *shape_of(const struct catalog *c, uint32_t id)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == id)
			return &c->shape[i];
	return NULL;
}

static const struct service_def *service_of(const struct catalog *c,
					    const char *name)
{
	for (size_t i = 0; i < c->nr_services; i++)
		if (strcmp(c->service[i].name, name) == 0)
			return &c->service[i];
	return NULL;
}

static void add_routes(struct prom_pack *p, const struct shape *sh,
		       enum red_role role, const char *value)
{
	struct buf b;
	if (!sh->question[role])
		return;
	char *text = with_window(sh->question[role], sh->window);
	buf_init(&b, 0);
	promql_service(&b, text, value);
	free(text);
	MEM_ROOM(p->item, p->nr, p->cap);
	p->item[p->nr++] = (struct prom_item){
		.id = question_id(sh->id, role), .text = b.s };
	p->bytes += b.len + 50;
}

static void append(struct prom_plan *plan, const struct prom_pack *p)
{
	MEM_ROOM(plan->pack, plan->nr, plan->cap);
	plan->pack[plan->nr++] = *p;
}

void prom_plan_routes(struct prom_plan *plan, const struct catalog *c,
		      const char *name)
{
	const struct service_def *d = service_of(c, name);
	const struct shape *sh = d ? shape_of(c, d->shape) : NULL;
	struct prom_pack p = { 0 };
	if (!sh)
		return;
	add_routes(&p, sh, RED_ROUTES, d->value);
	add_routes(&p, sh, RED_ROUTE_BUCKETS, d->value);
	if (!p.nr)
		return;
	p.window = sh->window;
	p.label = sh->label;
	p.only = mem_zero(1, sizeof(*p.only));
	p.only[p.nr_only++] = d->value;
	if (p.bytes > LIMIT_QUERY && p.nr > 1) {
		struct prom_pack rest = prom_pack_split(&p);
		append(plan, &p);
		p = rest;
	}
	append(plan, &p);
}

/* ---- deploys ------------------------------------------------------------ */

/* The value at exactly t, or 0. */
static double value_at(const struct frame *f, time_ms t)
{
	size_t lo = 0, hi = f->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (f->t[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->nr && f->t[lo] == t && f->v ? f->v[lo] : 0;
}

/* The version of the same service that most instances had at t. */
static const char *version_at(const struct batch *b, const struct frame *f,
			      const char *label, const char *service,
			      time_ms t)
{
	const char *best = NULL;
	double most = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *o = &b->frame[i];
		const char *s, *version;
		if (o == f || o->question != f->question ||
		    !(s = labels_get(&o->labels, label)) ||
		    strcmp(s, service) != 0 ||
		    !(version = labels_get(&o->labels, "version")))
			continue;
		double v = value_at(o, t);
		if (v > most || (v > 0 && v == most && best &&
				 strcmp(version, best) < 0)) {
			most = v;
			best = version;
		}
	}
	return best;
}

static const char *name_of(const struct catalog *c, uint32_t shape,
			   const char *value)
{
	for (size_t i = 0; i < c->nr_services; i++)
		if (c->service[i].shape == shape &&
		    strcmp(c->service[i].value, value) == 0)
			return c->service[i].name;
	return NULL;
}

struct events {
	struct event *event;
	size_t nr, cap;
};

static void look_for_deploys(struct batch *b, const struct frame *f,
			     const struct catalog *c, struct events *out)
{
	const struct shape *sh = shape_of(c, f->question / 16);
	const char *value = sh ? labels_get(&f->labels, sh->label) : NULL;
	const char *version = labels_get(&f->labels, "version");
	const char *name = value ? name_of(c, sh->id, value) : NULL;
	if (!name || !version)
		return;
	for (size_t i = 0; i < f->nr && out->nr < LIMIT_EVENTS; i++) {
		time_ms t = f->t[i];
		/* A lone gap is no deploy, and what stood before the range is
		 * not known. */
		if (t < b->from + 2 * b->step ||
		    (i > 0 && f->t[i - 1] >= t - 2 * b->step))
			continue;
		const char *old = version_at(b, f, sh->label, value,
					     t - b->step);
		if (!old)
			continue;
		struct event e = {
			.at = t, .until = TIME_NONE, .kind = EVENT_DEPLOY,
			.service = arena_strdup(&b->arena, name),
			.text = arena_printf(&b->arena, "deploy %s → %s", old,
					     version),
			.tag = arena_strdup(&b->arena, version),
		};
		if (!e.service || !e.text || !e.tag)
			return;
		MEM_ROOM(out->event, out->nr, out->cap);
		out->event[out->nr++] = e;
	}
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	int c = strcmp(x->service, y->service);
	return c ? c : strcmp(x->text, y->text);
}

void prom_deploys(struct batch *b, const struct catalog *catalog)
{
	struct events all = { 0 };
	for (size_t i = 0; i < b->nr; i++)
		if (b->frame[i].question % 16 == RED_VERSION)
			look_for_deploys(b, &b->frame[i], catalog, &all);
	if (all.nr) {
		qsort(all.event, all.nr, sizeof(*all.event), compare_events);
		struct event *e = arena_alloc(&b->arena,
					      all.nr * sizeof(*e));
		if (e) {
			memcpy(e, all.event, all.nr * sizeof(*e));
			b->event = e;
			b->nr_events = all.nr;
		}
	}
	free(all.event);
}
