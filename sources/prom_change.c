#include "sources/prom_change.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "model/changed.h"
#include "sources/families.h"
#include "sources/http.h"
#include "sources/prom_change_events.h"
#include "sources/prom_parse.h"
#include "sources/prom_plan.h"
#include "sources/promql.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define TAGS (1 + LIMIT_CHANGE_LABELS) /* the first: the service as a whole */
#define MAX_VALUES LIMIT_CHANGE_VALUES
#define MAX_GONE MAX_VALUES      /* that are not there any more, beside them */
#define MAX_AMONG ((size_t)3000) /* bytes of a matcher that names them */
#define MAX_TAILS ((size_t)8)    /* rows whose percentiles are asked */
#define MAX_NOTES ((size_t)16)
#define ROOM ((size_t)8 << 20)   /* bytes of all texts */
#define WEEK ((time_ms)7 * 86400000)

/* What a question counts of a label; its id is tag x PARTS + part. */
enum part { REQUESTS, ERRORS, FAST, SHARE, BUCKETS, PARTS = 8 };

enum what { ASK_LABELS, ASK_WEEK, ASK_COUNTS, ASK_RANGE, ASK_NOW, ASK_SLOW,
	    ASK_TAILS };
static const char *const subjects[] = {
	[ASK_LABELS] = "labels", [ASK_WEEK] = "traffic of last week",
	[ASK_COUNTS] = "requests by label", [ASK_RANGE] = "versions",
	[ASK_NOW] = "restarts", [ASK_SLOW] = "slow requests by label",
	[ASK_TAILS] = "percentiles",
};

/* In this order, since later ones need what came of earlier ones. */
enum phase { PHASE_LABELS, PHASE_DURING, PHASE_BEFORE, PHASE_TAILS,
	     PHASE_END };

struct request {
	enum what what;
	int when;        /* 0 before, 1 during */
	uint32_t tags;   /* that it is about, a bit each */
	bool sent, told;
	struct prom_change_ask ask;
};

/* A label and its values. Shares of slow requests until the end, then
 * counts. */
struct tag {
	const char *name;
	size_t nr, cap, seen;
	struct change_count *value;
	bool crowded;    /* only the values that are kept are asked before */
	bool counted[2], timed[2];
};

struct prom_change {
	struct arena arena;
	struct change_want want;
	const struct catalog *catalog;
	const struct shape *shape;
	const char *value;        /* of its label */
	double slow_over;
	const char *slow_le;
	struct change_words words, buckets;
	bool worded, timed;       /* the words above are there */
	struct change_events events;
	enum phase phase;
	size_t requests;
	struct request request[CHANGE_QUERIES];
	size_t nr;                /* of the tags */
	struct tag tag[TAGS];
	size_t left;              /* labels for which there is no room */
	double last_week;
	const char *fault;
};

/* ---- labels ------------------------------------------------------------- */

/* What tells most, beside what names a route: first when there are many. */
static const char *const telling[] = {
	"version", "service_version", "app_version", "release", "instance",
	"pod", "zone", "availability_zone", "region", "method", "http_method",
	"http_request_method", "upstream", "dependency", "peer",
	"destination", "client", "user_agent", "tenant", "cluster", "host",
	"node", NULL,
};
static const char *const version_labels[] = {
	"version", "service_version", "app_version", "release", NULL,
};
static const char *const instance_labels[] = { "instance", "pod", NULL };
/* Asked where the server does not say which labels there are. */
static const char *const usual[] = {
	"route", "handler", "path", "version", "instance", "pod", "zone",
	"region", "method", "upstream", "client", NULL,
};
static const char *const no_cause[] = {
	"job", "__name__", "le", "vmrange", "quantile", PROM_TAG, NULL,
};

/* Where it stands in a list that ends in NULL, or behind it. */
static size_t rank_in(const char *const *list, const char *name)
{
	size_t i = 0;
	while (list[i] && strcmp(list[i], name) != 0)
		i++;
	return i;
}

static bool is_in(const char *const *list, const char *name)
{
	return list[rank_in(list, name)] != NULL;
}

static bool is_cause(const struct prom_change *c, const char *name)
{
	const char *status = c->shape->status_label;
	return *name && strlen(name) <= LIMIT_LABEL_NAME &&
	       strncmp(name, "__", 2) != 0 && text_is_clean(name) &&
	       !is_in(no_cause, name) && !is_in(status_labels, name) &&
	       strcmp(name, c->shape->label) != 0 &&
	       (!status || strcmp(name, status) != 0);
}

/* Routes, then what tells most, then the others by name. */
static int compare_labels(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	bool p = is_in(route_labels, x), q = is_in(route_labels, y);
	if (p != q)
		return p ? -1 : 1;
	const char *const *list = p ? route_labels : telling;
	size_t i = rank_in(list, x), k = rank_in(list, y);
	if (i != k)
		return i < k ? -1 : 1;
	return strcmp(x, y);
}

static void add_tag(struct prom_change *c, const char *name)
{
	if (c->nr == TAGS || !(name = arena_strdup(&c->arena, name)))
		c->left++;
	else
		c->tag[c->nr++] = (struct tag){ .name = name };
}

static const char *label_among(const struct prom_change *c,
			       const char *const *list)
{
	for (; *list; list++)
		for (size_t i = 1; i < c->nr; i++)
			if (strcmp(c->tag[i].name, *list) == 0)
				return c->tag[i].name;
	return NULL;
}

static void choose_labels(struct prom_change *c, const char **name, size_t nr)
{
	qsort(name, nr, sizeof(*name), compare_labels);
	for (size_t i = 0; i < nr; i++)
		if (i == 0 || strcmp(name[i], name[i - 1]) != 0)
			add_tag(c, name[i]);
	c->events.version = label_among(c, version_labels);
	c->events.instance = label_among(c, instance_labels);
}

static void choose_usual(struct prom_change *c)
{
	const char *name[COUNT(usual)];
	size_t nr = 0;
	for (size_t i = 0; usual[i]; i++)
		if (is_cause(c, usual[i]))
			name[nr++] = usual[i];
	choose_labels(c, name, nr);
}

/* ---- requests ----------------------------------------------------------- */

static time_ms span_of(const struct change_want *w, int when)
{
	return when ? w->during_to - w->during_from
		    : w->before_to - w->before_from;
}

static struct request *new_request(struct prom_change *c, enum what what,
				   int when, struct buf *text)
{
	struct request *r = NULL;
	bool fits = text->len && text->len <= LIMIT_QUERY &&
		    c->requests < CHANGE_QUERIES;
	const char *copy = fits ? arena_strdup(&c->arena, buf_text(text))
				: NULL;
	buf_release(text);
	if (!copy)
		return NULL;
	r = &c->request[c->requests];
	*r = (struct request){ .what = what, .when = when, .ask = {
		.id = (unsigned)c->requests++, .kind = CHANGE_INSTANT,
		.text = copy,
		.at = when ? c->want.during_to : c->want.before_to } };
	return r;
}

static void ask_labels(struct prom_change *c)
{
	struct buf path, selector;
	buf_init(&path, 0);
	buf_init(&selector, 0);
	change_words_selector(&c->words, &selector);
	buf_str(&path, "api/v1/labels?match%5B%5D=");
	http_encode(&path, buf_text(&selector));
	buf_str(&path, "&start=");
	prom_seconds(c->want.before_from, &path);
	buf_str(&path, "&end=");
	prom_seconds(c->want.during_to, &path);
	buf_release(&selector);
	struct request *r = new_request(c, ASK_LABELS, 1, &path);
	if (r)
		r->ask.kind = CHANGE_DOCUMENT;
}

static void ask_last_week(struct prom_change *c)
{
	struct buf q, query;
	buf_init(&q, 0);
	buf_init(&query, 0);
	change_words_rate(&c->words, NULL, NULL, span_of(&c->want, 1), &q);
	change_words_join(&query, &q, REQUESTS);
	buf_release(&q);
	struct request *r = new_request(c, ASK_WEEK, 1, &query);
	if (r)
		r->ask.at -= WEEK;
}

static bool has_errors(const struct prom_change *c)
{
	return c->shape->error_metric && c->shape->error_matcher &&
	       *c->shape->error_matcher;
}

/* Values that were made harmless are not what the server calls them. */
static bool can_be_named(const char *value)
{
	return !strchr(value, '\\') && strlen(value) < LIMIT_LABEL_VALUE;
}

/* label=~"the values that are kept" */
static void write_among(const struct tag *t, struct buf *out)
{
	const char *value[MAX_VALUES + MAX_GONE];
	for (size_t i = 0; i < t->nr; i++)
		value[i] = t->value[i].value;
	if (t->crowded && t->nr)
		promql_among(out, t->name, false, value, t->nr);
}

static void join(struct buf *query, struct buf *question, size_t tag,
		 enum part part)
{
	change_words_join(query, question,
			  (uint32_t)(tag * PARTS + (size_t)part));
	buf_release(question);
}

static const char *label_of(const struct tag *t)
{
	return *t->name ? t->name : NULL;
}

static void write_counts(const struct prom_change *c, size_t i, int when,
			 struct buf *out)
{
	const struct tag *t = &c->tag[i];
	time_ms span = span_of(&c->want, when);
	struct buf q, m;
	buf_init(&m, 0);
	buf_init(&q, 0);
	write_among(t, &m);
	change_words_rate(&c->words, label_of(t), buf_text(&m), span, &q);
	join(out, &q, i, REQUESTS);
	if (has_errors(c)) {
		buf_printf(&m, "%s%s", m.len ? "," : "",
			   c->shape->error_matcher);
		buf_init(&q, 0);
		change_words_rate(&c->words, label_of(t), buf_text(&m), span,
				  &q);
		join(out, &q, i, ERRORS);
	}
	buf_release(&m);
}

static double edge_of(const struct prom_change *c)
{
	return c->slow_over / unit_scale(c->shape->unit);
}

static void write_slow(const struct prom_change *c, size_t i, int when,
		       struct buf *out)
{
	const struct tag *t = &c->tag[i];
	time_ms span = span_of(&c->want, when);
	struct buf q, m;
	buf_init(&m, 0);
	buf_init(&q, 0);
	write_among(t, &m);
	if (change_words_share(&c->buckets, label_of(t), buf_text(&m),
			       edge_of(c), span, &q)) {
		join(out, &q, i, SHARE);
	} else if (c->slow_le) {
		const char *le[] = { c->slow_le, "+Inf" };
		buf_str(&m, m.len ? "," : "");
		promql_among(&m, "le", false, le, COUNT(le));
		change_words_buckets(&c->buckets, label_of(t), buf_text(&m),
				     span, &q);
		join(out, &q, i, FAST);
	} else {
		buf_release(&q);
	}
	buf_release(&m);
}

typedef void (*writer)(const struct prom_change *c, size_t tag, int when,
		       struct buf *out);

/* All tags in as few queries as hold them, at most max; what then has no room
 * is left out, and so is what was not answered for the window during. */
static void ask_tags(struct prom_change *c, enum what what, int when,
		     writer write, size_t max)
{
	struct buf query, one;
	uint32_t tags = 0;
	buf_init(&query, 0);
	for (size_t i = 0; i < c->nr && max; i++) {
		bool first = what == ASK_COUNTS && when;
		if (!first && !c->tag[i].counted[1])
			continue;
		buf_init(&one, 0);
		write(c, i, when, &one);
		bool full = query.len && query.len + one.len + 4 > LIMIT_QUERY;
		if (full) {
			struct request *r = new_request(c, what, when, &query);
			if (r)
				r->tags = tags;
			tags = 0;
			max--;
			buf_init(&query, 0);
		}
		if (one.len && one.len <= LIMIT_QUERY && max) {
			buf_printf(&query, "%s%s", query.len ? " or " : "",
				   buf_text(&one));
			tags |= 1u << i;
		}
		buf_release(&one);
	}
	struct request *r = new_request(c, what, when, &query);
	if (r)
		r->tags = tags;
}

static void ask_events(struct prom_change *c)
{
	struct buf query;
	time_ms step;
	buf_init(&query, 0);
	change_events_ask_range(&c->events, &query, &step);
	struct request *r = new_request(c, ASK_RANGE, 1, &query);
	if (r) {
		r->ask.kind = CHANGE_RANGE;
		r->ask.step = step;
		r->ask.from = time_floor(c->want.before_from, step);
		r->ask.to = time_floor(c->want.during_to, step);
	}
	buf_init(&query, 0);
	change_events_ask_now(&c->events, &query);
	new_request(c, ASK_NOW, 1, &query);
}

/* ---- the counts --------------------------------------------------------- */

/* A number of an answer. */
struct found {
	size_t tag;
	const char *value;
	enum part part;
	double v, le;
	const struct frame *frame;
};

static double number_of(const struct frame *f)
{
	return f->nr && f->v && f->v[0] >= 0 && isfinite(f->v[0]) ? f->v[0]
								  : NAN;
}

/* Returns false for what was not asked. */
static bool find(const struct prom_change *c, const struct request *r,
		 const struct frame *f, struct found *out)
{
	size_t tag = f->question / PARTS;
	if (tag >= c->nr || !(r->tags >> tag & 1))
		return false;
	const char *name = c->tag[tag].name, *le = labels_get(&f->labels, "le");
	*out = (struct found){ .tag = tag, .v = number_of(f), .frame = f,
			       .part = (enum part)(f->question % PARTS),
			       .value = *name ? labels_get(&f->labels, name)
					      : "" };
	if (!le || !number_parse_go(le, &out->le))
		out->le = NAN;
	return out->value != NULL;
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	int c = strcmp(x->value, y->value);
	return c ? c : (int)x->part - (int)y->part;
}

static struct found *find_all(const struct prom_change *c,
			      const struct request *r, const struct batch *b,
			      size_t *nr)
{
	struct found *all = mem_zero(b->nr, sizeof(*all));
	*nr = 0;
	for (size_t i = 0; i < b->nr; i++)
		*nr += find(c, r, &b->frame[i], &all[*nr]);
	qsort(all, *nr, sizeof(*all), compare_found);
	return all;
}

static size_t group_end(const struct found *all, size_t from, size_t nr)
{
	size_t end = from + 1;
	while (end < nr && all[end].tag == all[from].tag &&
	       strcmp(all[end].value, all[from].value) == 0)
		end++;
	return end;
}

static struct change_count unknown(const char *label, const char *value)
{
	return (struct change_count){
		.label = label, .value = value, .requests = { NAN, NAN },
		.errors = { NAN, NAN }, .slow = { NAN, NAN },
		.p99 = { NAN, NAN } };
}

static struct change_count *value_of(struct tag *t, const char *value)
{
	for (size_t i = 0; i < t->nr; i++)
		if (strcmp(t->value[i].value, value) == 0)
			return &t->value[i];
	return NULL;
}

/* One that came before and is gone. */
static struct change_count *add_gone(struct prom_change *c, struct tag *t,
				     const char *value)
{
	const char *copy = t->crowded || t->nr >= MAX_VALUES + MAX_GONE
		? NULL : arena_strdup(&c->arena, value);
	if (!copy)
		return NULL;
	t->seen++;
	MEM_ROOM(t->value, t->nr, t->cap);
	t->value[t->nr] = unknown(t->name, copy);
	return &t->value[t->nr++];
}

static void count_group(const struct prom_change *c, const struct found *g,
			size_t nr, int when, struct change_count *out)
{
	double seconds = (double)span_of(&c->want, when) / 1000;
	for (size_t i = 0; i < nr; i++)
		if (g[i].part == REQUESTS)
			out->requests[when] = g[i].v * seconds;
		else if (g[i].part == ERRORS)
			out->errors[when] = g[i].v * seconds;
}

static int compare_worst(const void *a, const void *b)
{
	const struct change_count *x = a, *y = b;
	double e = isnan(x->errors[1]) ? 0 : x->errors[1];
	double f = isnan(y->errors[1]) ? 0 : y->errors[1];
	if (e != f)
		return e > f ? -1 : 1;
	if (x->requests[1] != y->requests[1])
		return x->requests[1] > y->requests[1] ? -1 : 1;
	return strcmp(x->value, y->value);
}

/* Keeps the worst of a label's values, as many as can be named. */
static void keep_worst(struct prom_change *c, struct tag *t,
		       struct change_count *all, size_t nr)
{
	size_t bytes = 0;
	t->seen = nr;
	t->crowded = nr > MAX_VALUES;
	qsort(all, nr, sizeof(*all), compare_worst);
	for (size_t i = 0; i < nr && t->nr < MAX_VALUES; i++) {
		size_t more = 2 * strlen(all[i].value) + 1;
		if (t->crowded && (bytes + more > MAX_AMONG ||
				   !can_be_named(all[i].value)))
			continue;
		bytes += more;
		all[i].value = arena_strdup(&c->arena, all[i].value);
		if (!all[i].value)
			break;
		MEM_ROOM(t->value, t->nr, t->cap);
		t->value[t->nr++] = all[i];
	}
}

static void take_during(struct prom_change *c, const struct found *all,
			size_t nr)
{
	struct change_count *of = mem_zero(nr, sizeof(*of));
	size_t end, values = 0;
	for (size_t i = 0; i < nr; i = end) {
		struct tag *t = &c->tag[all[i].tag];
		end = group_end(all, i, nr);
		of[values] = unknown(t->name, all[i].value);
		count_group(c, &all[i], end - i, 1, &of[values++]);
		if (end == nr || all[end].tag != all[i].tag) {
			keep_worst(c, t, of, values);
			values = 0;
		}
	}
	free(of);
}

static void take_before(struct prom_change *c, const struct found *all,
			size_t nr)
{
	size_t end;
	for (size_t i = 0; i < nr; i = end) {
		struct tag *t = &c->tag[all[i].tag];
		struct change_count *v = value_of(t, all[i].value);
		end = group_end(all, i, nr);
		v = v ? v : add_gone(c, t, all[i].value);
		if (v)
			count_group(c, &all[i], end - i, 0, v);
	}
}

/* The share that is slow, of buckets by le or as the server says it. */
static double slow_share(const struct found *g, size_t nr)
{
	double fast = 0, all = NAN;
	for (size_t i = 0; i < nr; i++) {
		if (g[i].part == SHARE)
			return 1 - g[i].v;
		if (isinf(g[i].le))
			all = g[i].v;
		else if (g[i].v > 0)
			fast = g[i].v;
	}
	return all > 0 ? fmax(0, 1 - fast / all) : NAN;
}

static void take_slow(struct prom_change *c, const struct found *all,
		      size_t nr, int when)
{
	size_t end;
	for (size_t i = 0; i < nr; i = end) {
		struct change_count *v = value_of(&c->tag[all[i].tag],
						  all[i].value);
		end = group_end(all, i, nr);
		if (v)
			v->slow[when] = slow_share(&all[i], end - i);
	}
}

/* ---- percentiles -------------------------------------------------------- */

static double quantile_of(const struct prom_change *c, const struct found *g,
			  size_t nr, struct bucket *room)
{
	const struct prom_rules *rules = prom_rules(c->catalog->version);
	double scale = unit_scale(c->shape->unit);
	size_t n = 0;
	for (size_t i = 0; i < nr; i++) {
		const struct frame *f = g[i].frame;
		if (f->h && f->nr)
			return scale * native_quantile(0.99, &f->h[0],
						       rules).value;
		if (!isnan(g[i].le) && !isnan(g[i].v))
			room[n++] = (struct bucket){ g[i].le, g[i].v };
	}
	return scale * classic_quantile(0.99, room, n, rules).value;
}

static void take_tails(struct prom_change *c, const struct found *all,
		       size_t nr, int when)
{
	struct bucket *room = mem_zero(nr, sizeof(*room));
	size_t end;
	for (size_t i = 0; i < nr; i = end) {
		struct change_count *v = value_of(&c->tag[all[i].tag],
						  all[i].value);
		end = group_end(all, i, nr);
		double q = quantile_of(c, &all[i], end - i, room);
		if (v && isfinite(q))
			v->p99[when] = q;
	}
	free(room);
}

/* ---- the answer --------------------------------------------------------- */

/* Of what was answered in both windows, absence is none. */
static struct change_count settled(const struct prom_change *c,
				   const struct tag *t, size_t i)
{
	struct change_count v = t->value[i];
	for (int k = 0; k < 2; k++) {
		if (isnan(v.requests[k]) && *t->name)
			v.requests[k] = 0;
		if (isnan(v.errors[k]) && has_errors(c) &&
		    !isnan(v.requests[k]))
			v.errors[k] = 0;
		v.errors[k] = fmin(v.errors[k], v.requests[k]);
		if (!has_errors(c))
			v.errors[k] = NAN;
		if (!t->timed[k])
			v.slow[k] = NAN;
		else if (v.requests[k] == 0)
			v.slow[k] = 0;
		else
			v.slow[k] *= v.requests[k];
	}
	return v;
}

/* One value in both windows that all requests have is no cause. */
static bool is_constant(const struct change_count *all,
			const struct change_count *v)
{
	return v->requests[0] >= 0.99 * all->requests[0] &&
	       v->requests[1] >= 0.99 * all->requests[1];
}

static bool is_whole(const struct tag *t)
{
	return t->counted[0] && t->counted[1];
}

static size_t write_values(const struct prom_change *c,
			   const struct change_count *all,
			   struct change_count *out, struct arena *a)
{
	size_t nr = 0;
	for (size_t i = 1; i < c->nr; i++) {
		const struct tag *t = &c->tag[i];
		size_t first = nr;
		const char *name = arena_strdup(a, t->name);
		for (size_t k = 0; k < t->nr && is_whole(t) && name; k++) {
			out[nr] = settled(c, t, k);
			out[nr].label = name;
			out[nr].value = arena_strdup(a, out[nr].value);
			nr += out[nr].value != NULL;
		}
		if (nr == first + 1 && is_constant(all, &out[first]))
			nr = first;
	}
	return nr;
}

struct notes {
	struct arena *arena;
	const char **text;
	size_t nr;
};

static void add_note(void *arg, const char *text)
{
	struct notes *n = arg;
	const char *copy = n->nr < MAX_NOTES ? arena_strdup(n->arena, text)
					     : NULL;
	if (copy)
		n->text[n->nr++] = copy;
}

static void note_labels(const struct prom_change *c, struct notes *n)
{
	struct buf b;
	size_t left = c->left;
	for (size_t i = 1; i < c->nr; i++) {
		const struct tag *t = &c->tag[i];
		left += !is_whole(t);
		if (!t->crowded || !is_whole(t))
			continue;
		buf_init(&b, LIMIT_SENTENCE);
		buf_printf(&b, "%.60s: the worst %zu of %zu values compared",
			   t->name, t->nr, t->seen);
		add_note(n, buf_text(&b));
		buf_release(&b);
	}
	if (c->nr == 1 && c->phase > PHASE_LABELS)
		add_note(n, "no label to tell its requests apart");
	if (!left)
		return;
	buf_init(&b, 0);
	buf_printf(&b, "%zu more label%s not compared", left,
		   left == 1 ? "" : "s");
	add_note(n, buf_text(&b));
	buf_release(&b);
}

static void write_notes(const struct prom_change *c, struct change_answer *out,
			struct arena *a)
{
	struct notes n = { .arena = a };
	struct buf b;
	n.text = arena_alloc(a, MAX_NOTES * sizeof(*n.text));
	if (!n.text)
		return;
	buf_init(&b, 0);
	if (!changed_is_traffic(out))
		changed_traffic(out, &b);
	if (b.len)
		add_note(&n, buf_text(&b));
	buf_release(&b);
	change_events_notes(&c->events, add_note, &n);
	note_labels(c, &n);
	out->note = n.text;
	out->nr_notes = n.nr;
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static struct event traffic_event(const struct change_answer *a,
				  const char *service, struct arena *to)
{
	struct event e = { .at = a->want.during_from, .until = TIME_NONE,
			   .kind = EVENT_TRAFFIC, .severity = SEVERITY_WARN,
			   .service = service };
	struct buf b;
	buf_init(&b, 0);
	changed_traffic(a, &b);
	e.text = arena_strdup(to, buf_text(&b));
	buf_release(&b);
	return e;
}

static void write_events(const struct prom_change *c,
			 struct change_answer *out, struct arena *a)
{
	const struct change_events *from = &c->events;
	struct event *to = arena_alloc(a, (from->nr + 1) * sizeof(*to));
	const char *service = out->want.service;
	size_t nr = 0;
	if (!to || !service)
		return;
	bool jump = changed_is_traffic(out);
	for (size_t i = 0; i < from->nr; i++) {
		if (jump && from->event[i].at > out->want.during_from) {
			to[nr++] = traffic_event(out, service, a);
			jump = false;
		}
		to[nr] = from->event[i];
		to[nr].service = service;
		to[nr].text = copy(a, from->event[i].text);
		to[nr].tag = copy(a, from->event[i].tag);
		nr++;
	}
	if (jump)
		to[nr++] = traffic_event(out, service, a);
	for (size_t i = 0; i < nr; i++)
		if (!to[i].text)
			return; /* at the ceiling none is better than half */
	out->event = to;
	out->nr_events = nr;
}

const struct change_answer *prom_change_finish(const struct prom_change *c,
					       struct arena *a)
{
	const struct tag *whole = &c->tag[0];
	struct change_answer *out = arena_alloc(a, sizeof(*out));
	size_t room = 1;
	for (size_t i = 1; i < c->nr; i++)
		room += c->tag[i].nr;
	struct change_count *v = arena_alloc(a, room * sizeof(*v));
	if (!out || !v)
		return NULL;
	*out = (struct change_answer){
		.want = c->want, .all = unknown("", ""), .count = v,
		.slow_over = c->timed ? c->slow_over : NAN,
		.fault = copy(a, c->fault), .rate_last_week = c->last_week };
	out->want.service = arena_strdup(a, c->want.service);
	for (size_t i = 0; i < c->requests; i++)
		out->queries += c->request[i].sent;
	if (whole->nr && is_whole(whole)) {
		out->all = settled(c, whole, 0);
		out->all.label = out->all.value = "";
		out->nr = write_values(c, &out->all, v, a);
	}
	write_events(c, out, a);
	write_notes(c, out, a);
	return out->want.service ? out : NULL;
}

/* ---- which percentiles are wanted --------------------------------------- */

/* The values that stand out by what is known so far. */
static void choose_tails(struct prom_change *c,
			 const char *value[TAGS][MAX_TAILS], size_t nr[TAGS])
{
	struct arena a;
	arena_init(&a, 4 * ROOM);
	struct changed *out = mem_zero(1, sizeof(*out));
	const struct change_answer *answer = prom_change_finish(c, &a);
	if (answer)
		changed_rank(answer, c->want.during_from, out);
	size_t chosen = 0;
	for (size_t i = 0; i < out->nr && chosen < MAX_TAILS; i++) {
		const struct changed_row *r = &out->row[i];
		for (size_t k = 1; k < c->nr; k++) {
			struct tag *t = &c->tag[k];
			struct change_count *v =
				strcmp(t->name, r->label) == 0
				? value_of(t, r->value) : NULL;
			if (v && can_be_named(v->value)) {
				value[k][nr[k]++] = v->value;
				chosen++;
			}
		}
	}
	arena_release(&a);
	free(out);
}

static void ask_tails(struct prom_change *c)
{
	const char *value[TAGS][MAX_TAILS];
	size_t nr[TAGS] = { 0 };
	choose_tails(c, value, nr);
	for (int when = 0; when < 2; when++) {
		struct buf query, q, m;
		uint32_t tags = 0;
		buf_init(&query, 0);
		for (size_t i = 0; i < c->nr; i++) {
			if (i && !nr[i])
				continue;
			buf_init(&q, 0);
			buf_init(&m, 0);
			if (i)
				promql_among(&m, c->tag[i].name, false,
					     value[i], nr[i]);
			change_words_buckets(&c->buckets,
					     label_of(&c->tag[i]),
					     buf_text(&m),
					     span_of(&c->want, when), &q);
			buf_release(&m);
			if (query.len + q.len + 64 > LIMIT_QUERY) {
				buf_release(&q);
				continue;
			}
			tags |= 1u << i;
			join(&query, &q, i, BUCKETS);
		}
		struct request *r = new_request(c, ASK_TAILS, when, &query);
		if (r)
			r->tags = tags;
	}
}

/* ---- the order of things ------------------------------------------------ */

static void begin_phase(struct prom_change *c)
{
	switch (c->phase) {
	case PHASE_LABELS:
		ask_labels(c);
		ask_last_week(c);
		break;
	case PHASE_DURING:
		ask_tags(c, ASK_COUNTS, 1, write_counts, 2);
		ask_events(c);
		break;
	case PHASE_BEFORE:
		ask_tags(c, ASK_COUNTS, 0, write_counts, 2);
		for (int when = 0; when < 2 && c->timed; when++)
			ask_tags(c, ASK_SLOW, when, write_slow, 1);
		break;
	case PHASE_TAILS:
		if (c->buckets.agg && is_whole(&c->tag[0]))
			ask_tails(c);
		break;
	case PHASE_END:
		break;
	}
}

/* Goes on while there is nothing to wait for. */
static void advance(struct prom_change *c)
{
	for (;;) {
		for (size_t i = 0; i < c->requests; i++)
			if (!c->request[i].told)
				return;
		if (c->phase == PHASE_END)
			return;
		c->phase++;
		begin_phase(c);
	}
}

bool prom_change_next(struct prom_change *c, struct prom_change_ask *out)
{
	advance(c);
	for (size_t i = 0; i < c->requests; i++)
		if (!c->request[i].sent) {
			c->request[i].sent = true;
			*out = c->request[i].ask;
			return true;
		}
	return false;
}

bool prom_change_done(struct prom_change *c)
{
	advance(c);
	for (size_t i = 0; i < c->requests; i++)
		if (!c->request[i].told)
			return false;
	return c->phase == PHASE_END;
}

/* ---- what came ---------------------------------------------------------- */

static struct request *told(struct prom_change *c, unsigned id)
{
	struct request *r = id < c->requests ? &c->request[id] : NULL;
	if (!r || !r->sent || r->told)
		return NULL;
	r->told = true;
	return r;
}

static void set_fault(struct prom_change *c, const char *what, const char *why)
{
	struct buf b;
	if (c->fault)
		return;
	buf_init(&b, LIMIT_SENTENCE);
	buf_printf(&b, "%s: %s", what, why);
	c->fault = arena_strdup(&c->arena, buf_text(&b));
	buf_release(&b);
}

static void fail(struct prom_change *c, const struct request *r,
		 const char *why)
{
	set_fault(c, subjects[r->what], why);
	if (r->what == ASK_LABELS)
		choose_usual(c);
}

void prom_change_failed(struct prom_change *c, unsigned id, const char *why)
{
	const struct request *r = told(c, id);
	if (r)
		fail(c, r, why);
}

void prom_change_labels(struct prom_change *c, unsigned id,
			const struct cJSON *tree)
{
	const struct request *r = told(c, id);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(tree, "data");
	const cJSON *item;
	const char **name = NULL;
	size_t nr = 0, cap = 0;
	if (!r || r->what != ASK_LABELS)
		return;
	if (!cJSON_IsArray(data)) {
		fail(c, r, "the answer is no list");
		return;
	}
	cJSON_ArrayForEach(item, data) {
		if (!cJSON_IsString(item) || !is_cause(c, item->valuestring))
			continue;
		MEM_ROOM(name, nr, cap);
		name[nr++] = item->valuestring;
	}
	if (nr)
		choose_labels(c, name, nr);
	free(name);
}

static void note_tags(struct prom_change *c, const struct request *r)
{
	for (size_t i = 0; i < c->nr; i++) {
		if (!(r->tags >> i & 1))
			continue;
		if (r->what == ASK_COUNTS)
			c->tag[i].counted[r->when] = true;
		if (r->what == ASK_SLOW)
			c->tag[i].timed[r->when] = true;
	}
}

static void take_tags(struct prom_change *c, const struct request *r,
		      const struct batch *b)
{
	size_t nr;
	struct found *all = find_all(c, r, b, &nr);
	note_tags(c, r);
	if (r->what == ASK_COUNTS && r->when)
		take_during(c, all, nr);
	else if (r->what == ASK_COUNTS)
		take_before(c, all, nr);
	else if (r->what == ASK_SLOW)
		take_slow(c, all, nr, r->when);
	else
		take_tails(c, all, nr, r->when);
	free(all);
}

void prom_change_take(struct prom_change *c, unsigned id,
		      const struct batch *b)
{
	const struct request *r = told(c, id);
	if (!r)
		return;
	if (b->fault != FAULT_NONE) {
		fail(c, r, b->error ? b->error : fault_name(b->fault));
		return;
	}
	if (b->partial)
		set_fault(c, subjects[r->what], "the answer is not whole");
	switch (r->what) {
	case ASK_LABELS:
		choose_usual(c);
		break;
	case ASK_WEEK:
		c->last_week = b->nr ? number_of(&b->frame[0]) : NAN;
		break;
	case ASK_RANGE:
		change_events_take_range(&c->events, b, r->ask.step);
		break;
	case ASK_NOW:
		change_events_take_now(&c->events, b);
		break;
	default:
		take_tags(c, r, b);
	}
}

/* ---- from begin to end -------------------------------------------------- */

static const struct service_def *service_of(const struct catalog *c,
					    const char *name)
{
	for (size_t i = 0; c && name && i < c->nr_services; i++)
		if (strcmp(c->service[i].name, name) == 0)
			return &c->service[i];
	return NULL;
}

static const struct shape *shape_of(const struct catalog *c, uint32_t id)
{
	for (size_t i = 0; i < c->nr_shapes; i++)
		if (c->shape[i].id == id)
			return &c->shape[i];
	return NULL;
}

/* Histograms are asked where there are some. */
static void read_buckets(struct prom_change *c, const char *service)
{
	const struct shape *sh = c->shape;
	const char *question = sh->question[RED_ROUTE_BUCKETS];
	if (sh->method == METHOD_NATIVE && c->words.native)
		question = sh->question[RED_ROUTES];
	else if (sh->method != METHOD_HISTOGRAM)
		question = NULL;
	if (!change_words_read(&c->buckets, question, service))
		return;
	c->timed = c->slow_over > 0 && isfinite(c->slow_over) &&
		   (c->slow_le || c->buckets.native || c->buckets.ranges);
}

static void find_service(struct prom_change *c, const struct change_want *w)
{
	const struct service_def *d = service_of(c->catalog, w->service);
	c->shape = d ? shape_of(c->catalog, d->shape) : NULL;
	if (!c->shape) {
		set_fault(c, "what changed", "the service is not known here");
		return;
	}
	if (!change_words_read(&c->words, c->shape->question[RED_ROUTES],
			       d->value)) {
		set_fault(c, "what changed",
			  "queries by hand cannot be broken down by labels");
		return;
	}
	c->value = d->value;
	c->worded = true;
	read_buckets(c, d->value);
	c->events.shape = c->shape;
	c->events.value = d->value;
	c->events.words = &c->words;
}

struct prom_change *prom_change_new(const struct prom_change_input *in)
{
	struct prom_change *c = mem_zero(1, sizeof(*c));
	struct buf match;
	arena_init(&c->arena, ROOM);
	c->want = in->want;
	c->want.service = arena_strdup(&c->arena, in->want.service
						  ? in->want.service : "");
	c->catalog = in->catalog;
	c->slow_over = in->slow_over;
	c->slow_le = copy(&c->arena, in->slow_le);
	c->last_week = NAN;
	change_events_init(&c->events, &c->want);
	buf_init(&match, 0);
	promql_inner(&match, in->match);
	c->events.match = arena_strdup(&c->arena, buf_text(&match));
	buf_release(&match);
	add_tag(c, "");
	find_service(c, &c->want);
	c->phase = c->worded ? PHASE_LABELS : PHASE_END;
	if (c->worded)
		begin_phase(c);
	return c;
}

void prom_change_free(struct prom_change *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nr; i++)
		free(c->tag[i].value);
	change_events_release(&c->events);
	change_words_release(&c->words);
	change_words_release(&c->buckets);
	arena_release(&c->arena);
	free(c);
}
