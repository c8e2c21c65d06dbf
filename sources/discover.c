#include "sources/discover.h"

#include "base/limits.h"
#include "base/mem.h"
#include "model/definition.h"
#include "sources/discover_parts.h"
#include "sources/prom_parse.h"
#include "sources/prom_resources.h"
#include "sources/promql.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MAX_QUERY 12000 /* bytes of names in one question */

struct discover *discover_new(const char *match)
{
	struct discover *d = mem_zero(1, sizeof(*d));
	arena_init(&d->arena, 0);
	buf_init(&d->match, LIMIT_QUERY);
	promql_inner(&d->match, match);
	return d;
}

void discover_free(struct discover *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->nr; i++)
		free(d->name[i]);
	for (size_t i = 0; i < COUNT(d->leg); i++)
		free(d->leg[i].row);
	free(d->name);
	free(d->build);
	free(d->candidate);
	buf_release(&d->match);
	arena_release(&d->arena);
	free(d);
}

void discover_victoria(struct discover *d, bool yes)
{
	d->victoria = yes;
}

/* ---- names ----------------------------------------------------------- */

void discover_name(struct discover *d, const char *name)
{
	if (!*name || strlen(name) > LIMIT_LABEL_NAME)
		return;
	MEM_ROOM(d->name, d->nr, d->cap);
	d->name[d->nr++] = mem_strdup(name);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *known(const struct discover *d, const char *name)
{
	char **hit = d->nr ? bsearch(&name, d->name, d->nr, sizeof(*d->name),
				     compare_text)
			   : NULL;
	return hit ? *hit : NULL;
}

static const char *known_with(const struct discover *d, const char *base,
			      const char *suffix)
{
	char name[LIMIT_LABEL_NAME + 16];
	size_t n = strlen(base), m = strlen(suffix);
	if (n + m >= sizeof(name))
		return NULL;
	memcpy(name, base, n);
	memcpy(name + n, suffix, m + 1);
	return known(d, name);
}

static bool cut_suffix(const char *name, const char *suffix, char *out)
{
	size_t n = strlen(name), m = strlen(suffix);
	if (n <= m || n > LIMIT_LABEL_NAME || strcmp(name + n - m, suffix) != 0)
		return false;
	memcpy(out, name, n - m);
	out[n - m] = '\0';
	return true;
}

static void find_counters(struct discover *d, struct candidate *c)
{
	char word[MAX_WORD];
	const char *list = c->family ? c->family->counter : NULL;
	for (size_t i = 0; word_at(list, i, word, sizeof(word)); i++) {
		const char *name = known(d, word);
		if (name && c->counters < MAX_COUNTERS)
			c->counter[c->counters++] = name;
	}
	if (c->family && c->family->mean)
		c->mean = known(d, c->family->mean);
}

static struct candidate *add_candidate(struct discover *d, const char *base,
				       const struct family *family)
{
	MEM_ROOM(d->candidate, d->candidates, d->candidates_cap);
	struct candidate *c = &d->candidate[d->candidates++];
	*c = (struct candidate){
		.base = base ? arena_strdup(&d->arena, base) : NULL,
		.family = family, .unit_known = family != NULL,
		.order = family ? (int)(family - families) : (int)families_nr,
	};
	if (family)
		c->unit = family->unit;
	else if (base)
		c->unit_known = family_unit(base, &c->unit);
	find_counters(d, c);
	return c;
}

/* A base with `_count` is a histogram or a summary. */
static void look_at_count(struct discover *d, const char *name)
{
	char base[LIMIT_LABEL_NAME + 1];
	if (!cut_suffix(name, "_count", base))
		return;
	const char *bucket = known_with(d, base, "_bucket");
	const char *sum = known_with(d, base, "_sum");
	if (!bucket && !sum)
		return;
	const struct family *family = family_of(base);
	if (!family && (!family_is_timing(base) || strchr(base, ':'))) {
		d->rejected += family_is_duration(base);
		return;
	}
	struct candidate *c = add_candidate(d, base, family);
	c->count = name;
	c->bucket = bucket;
	c->sum = sum;
	c->bare = known(d, base);
}

/* A bare name may be a native histogram; its samples tell. */
static void look_at_bare(struct discover *d, const char *name)
{
	static const char *const suffixes[] = {
		"_count", "_sum", "_bucket", "_total", "_created", "_max",
		"_min", "_info", "_avg", "_average",
	};
	char base[LIMIT_LABEL_NAME + 1];
	for (size_t i = 0; i < COUNT(suffixes); i++)
		if (cut_suffix(name, suffixes[i], base))
			return;
	const struct family *family = family_of(name);
	if ((!family && (!family_is_timing(name) || strchr(name, ':'))) ||
	    known_with(d, name, "_count"))
		return;
	add_candidate(d, name, family)->bare = name;
}

static bool has_counter(const struct discover *d, const char *name)
{
	for (size_t i = 0; i < d->candidates; i++) {
		const struct candidate *c = &d->candidate[i];
		for (size_t k = 0; k < c->counters; k++)
			if (strcmp(c->counter[k], name) == 0)
				return true;
	}
	return false;
}

/* Counters whose durations are not there stand for themselves. */
static void look_for_counters(struct discover *d, const struct family *f)
{
	char word[MAX_WORD];
	for (size_t i = 0; word_at(f->counter, i, word, sizeof(word)); i++)
		if (known(d, word) && !has_counter(d, word))
			add_candidate(d, NULL, f);
}

static void look_at_counter(struct discover *d, const char *name)
{
	if (!family_is_counter(name) || strchr(name, ':') ||
	    has_counter(d, name))
		return;
	struct candidate *c = add_candidate(d, NULL, NULL);
	c->counter[c->counters++] = name;
}

/* A metric whose label `version` tells what runs. */
static bool is_build(const char *name)
{
	char base[LIMIT_LABEL_NAME + 1];
	return cut_suffix(name, "_build_info", base) && strcmp(base, "go") != 0;
}

void discover_names_end(struct discover *d)
{
	if (d->nr)
		qsort(d->name, d->nr, sizeof(*d->name), compare_text);
	size_t kept = 0;
	for (size_t i = 0; i < d->nr; i++) {
		if (kept && strcmp(d->name[kept - 1], d->name[i]) == 0)
			free(d->name[i]);
		else
			d->name[kept++] = d->name[i];
	}
	d->nr = kept;
	for (size_t i = 0; i < d->nr; i++)
		look_at_count(d, d->name[i]);
	for (size_t i = 0; i < d->nr; i++)
		look_at_bare(d, d->name[i]);
	for (size_t i = 0; i < families_nr; i++)
		look_for_counters(d, &families[i]);
	for (size_t i = 0; i < d->nr; i++)
		look_at_counter(d, d->name[i]);
	for (size_t i = 0; i < d->nr; i++)
		if (is_build(d->name[i])) {
			MEM_ROOM(d->build, d->builds, d->builds_cap);
			d->build[d->builds++] = d->name[i];
		}
}

/* ---- questions ------------------------------------------------------- */

void words_add(struct words *l, const char *word)
{
	if (!word)
		return;
	for (size_t i = 0; i < l->nr; i++)
		if (strcmp(l->word[i], word) == 0)
			return;
	MEM_ROOM(l->word, l->nr, l->cap);
	l->word[l->nr++] = word;
}

/* The metric whose rate is the rate of requests. */
const char *candidate_main(const struct candidate *c)
{
	return c->count ? c->count : c->base ? c->bare : NULL;
}


static void list_leg(const struct discover *d, enum leg leg, struct words *l)
{
	for (size_t i = 0; i < d->builds && leg == LEG_LABELS && d->candidates;
	     i++)
		words_add(l, d->build[i]);
	for (size_t i = 0; i < d->candidates; i++) {
		const struct candidate *c = &d->candidate[i];
		switch (leg) {
		case LEG_LABELS:
			words_add(l, c->bare);
			/* fall through */
		case LEG_NOW:
		case LEG_BEFORE:
			words_add(l, candidate_main(c));
			for (size_t k = 0; k < c->counters; k++)
				words_add(l, c->counter[k]);
			break;
		case LEG_BOUNDS:
			if (c->unit_known)
				break;
			/* fall through */
		default:
			words_add(l, c->bucket);
		}
	}
}

static void add_words(struct words *l, struct arena *a, const char *words)
{
	char word[MAX_WORD];
	for (size_t i = 0; word_at(words, i, word, sizeof(word)); i++)
		words_add(l, arena_strdup(a, word));
}

/* Labels that can matter: a status, and what the rows that are there name. A
 * label that must be quoted is asked for only where such names exist. */
static void list_labels(const struct discover *d, struct arena *a,
			struct words *l)
{
	for (size_t i = 0; status_labels[i]; i++)
		words_add(l, status_labels[i]);
	words_add(l, "quantile");
	for (size_t i = 0; i < d->candidates; i++) {
		const struct family *f = d->candidate[i].family;
		if (!f)
			continue;
		add_words(l, a, f->status);
		add_words(l, a, f->service);
		char word[MAX_WORD];
		if (word_at(f->keep, 0, word, sizeof(word)))
			words_add(l, arena_strdup(a, word));
	}
}

static void add_leg(const struct discover *d, struct buf *out, enum leg leg,
		    const char *head, const char *const *name, size_t nr,
		    const char *matcher, const char *tail)
{
	const char *m[] = { matcher, buf_text(&d->match) };
	if (out->len)
		buf_str(out, " or ");
	buf_printf(out, "label_replace(%s", head);
	promql_names(out, name, nr, m, COUNT(m));
	buf_printf(out, "%s,\"" PROM_TAG "\",\"%d\",\"\",\"\")", tail,
		   (int)leg);
}

/* One leg may need several questions: `from` moves to the next names, of
 * which at most MAX_QUERY bytes are taken. */
static size_t portion(const struct words *l, size_t from)
{
	size_t bytes = 0, n = from;
	while (n < l->nr) {
		bytes += strlen(l->word[n]) + 8;
		if (n > from && bytes > MAX_QUERY)
			break;
		n++;
	}
	return n - from;
}

struct legs {
	enum leg leg;
	const char *head, *matcher, *tail;
};

/* Writes the i-th question made of these legs; short ones share one. */
static bool ask_legs(const struct discover *d, const struct legs *legs,
		     size_t nr, size_t i, struct buf *out)
{
	size_t question = 0;
	buf_clear(out);
	for (size_t k = 0; k < nr; k++) {
		struct words l = { 0 };
		list_leg(d, legs[k].leg, &l);
		for (size_t from = 0; from < l.nr;) {
			size_t n = portion(&l, from);
			struct buf one;
			buf_init(&one, 0);
			add_leg(d, &one, legs[k].leg, legs[k].head,
				l.word + from, n, legs[k].matcher,
				legs[k].tail);
			if (out->len && out->len + one.len + 4 > LIMIT_QUERY) {
				if (question++ == i) {
					buf_release(&one);
					free(l.word);
					return true;
				}
				buf_clear(out);
			}
			if (out->len)
				buf_str(out, " or ");
			buf_add(out, one.s, one.len);
			buf_release(&one);
			from += n;
		}
		free(l.word);
	}
	return out->len > 0 && question == i;
}

bool discover_ask_counts(const struct discover *d, size_t i, struct buf *out)
{
	struct arena a;
	struct words labels = { 0 };
	struct buf head;
	arena_init(&a, 0);
	buf_init(&head, 0);
	list_labels(d, &a, &labels);
	buf_str(&head, "count by (__name__,job");
	for (size_t k = 0; k < labels.nr; k++) {
		buf_char(&head, ',');
		promql_label(&head, labels.word[k]);
	}
	buf_str(&head, ")(");
	const struct legs legs[] = {
		{ LEG_LABELS, head.s, NULL, ")" },
		{ LEG_BUCKETS, "count by (__name__,job)(", NULL, ")" },
		{ LEG_RANGES, "count by (__name__,job)(", "vmrange!=\"\"",
		  ")" },
		{ LEG_BOUNDS, "count by (__name__,job,le)(", NULL, ")" },
	};
	bool more = ask_legs(d, legs, COUNT(legs), i, out);
	buf_release(&head);
	free(labels.word);
	arena_release(&a);
	return more;
}

bool discover_ask_activity(const struct discover *d, size_t i, struct buf *out)
{
	static const struct legs legs[] = {
		{ LEG_NOW, "sum by (__name__,job)(", NULL, ")" },
		{ LEG_BEFORE, "sum by (__name__,job)(", NULL, " offset 1m)" },
	};
	return ask_legs(d, legs, COUNT(legs), i, out);
}

void discover_ask_intervals(const struct discover *d, struct buf *out)
{
	static const struct {
		enum leg leg;
		const char *window;
	} legs[] = {
		{ LEG_10M, "[10m]))" }, { LEG_5M, "[5m]))" },
		{ LEG_1M, "[1m]))" }, { LEG_15S, "[15s]))" },
	};
	const char *const up[] = { "up" };
	buf_clear(out);
	for (size_t i = 0; i < COUNT(legs); i++)
		add_leg(d, out, legs[i].leg,
			"max by (job)(count_over_time(", up, 1, NULL,
			legs[i].window);
}

void discover_ask_names(const char *match, struct buf *out)
{
	struct buf inner;
	buf_init(&inner, LIMIT_QUERY);
	promql_inner(&inner, match);
	buf_clear(out);
	buf_str(out, "count by (__name__)({__name__=~\".*(http|rpc|request|"
		"response|rq|dns|haproxy|_build_info).*|");
	prom_resources_names(out);
	buf_printf(out, "\"%s%s})", inner.len ? "," : "", buf_text(&inner));
	buf_release(&inner);
}

/* ---- answers --------------------------------------------------------- */

static uint16_t *slot_of(const struct discover *d, const char *job)
{
	uint32_t hash = 2166136261u;
	for (const char *s = job; *s; s++)
		hash = (hash ^ (unsigned char)*s) * 16777619u;
	size_t i = hash % DISCOVER_SLOTS;
	while (d->slot[i] && strcmp(d->scrape[d->slot[i] - 1].job, job) != 0)
		i = (i + 1) % DISCOVER_SLOTS;
	return (uint16_t *)&d->slot[i];
}

const struct scrape *discover_scrape(const struct discover *d, const char *job)
{
	const uint16_t *slot = slot_of(d, job);
	return *slot ? &d->scrape[*slot - 1] : NULL;
}

/* NULL beyond the ceiling. */
static struct scrape *scrape_of(struct discover *d, const char *job)
{
	uint16_t *slot = slot_of(d, job);
	if (*slot)
		return &d->scrape[*slot - 1];
	if (d->scrapes == DISCOVER_JOBS) {
		d->rejected++;
		return NULL;
	}
	d->scrape[d->scrapes++].job = arena_strdup(&d->arena, job);
	*slot = (uint16_t)d->scrapes;
	return &d->scrape[*slot - 1];
}

static void take_interval(struct discover *d, const char *job, enum leg leg,
			  double v)
{
	struct scrape *s = scrape_of(d, job);
	if (!s)
		return;
	struct interval_counts *c = &s->counts;
	if (leg == LEG_10M)
		c->in_10m = v;
	else if (leg == LEG_5M)
		c->in_5m = v;
	else if (leg == LEG_1M)
		c->in_1m = v;
	else
		c->in_15s = v;
}

void discover_take(struct discover *d, const struct frame *f)
{
	const char *job = labels_get(&f->labels, "job");
	const char *name = labels_get(&f->labels, "__name__");
	enum leg leg = (enum leg)f->question;
	if (f->nr == 0 || f->question < LEG_LABELS || f->question >= LEG_NR)
		return;
	if (leg >= LEG_10M) {
		if (f->v)
			take_interval(d, job ? job : "", leg, f->v[0]);
		return;
	}
	if (!name || !job || !scrape_of(d, job))
		return;
	struct rows *r = &d->leg[leg];
	MEM_ROOM(r->row, r->nr, r->cap);
	struct row *row = &r->row[r->nr++];
	*row = (struct row){ .value = f->v ? f->v[0] : f->h->count,
			     .native = !f->v };
	labels_copy(&f->labels, NULL, &d->arena, &row->labels);
	row->name = labels_get(&row->labels, "__name__");
	row->job = labels_get(&row->labels, "job");
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->job, y->job);
}

/* The rows of one metric of one job (job NULL: of all). */
const struct row *discover_rows(const struct discover *d, enum leg leg,
				   const char *name, const char *job,
				   size_t *nr)
{
	const struct rows *r = &d->leg[leg];
	size_t lo = 0, hi = r->nr;
	*nr = 0;
	if (!name || !r->nr)
		return NULL;
	struct row key = { .name = name, .job = job ? job : "" };
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare_rows(&r->row[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo + *nr < r->nr && strcmp(r->row[lo + *nr].name, name) == 0 &&
	       (!job || strcmp(r->row[lo + *nr].job, job) == 0))
		++*nr;
	return r->row + lo;
}

double discover_total(const struct discover *d, enum leg leg, const char *name,
		    const char *job)
{
	size_t nr;
	const struct row *r = discover_rows(d, leg, name, job, &nr);
	double sum = 0;
	for (size_t i = 0; i < nr; i++)
		sum += r[i].value;
	return sum;
}

void discover_jobs(const struct discover *d, const char *name, struct words *l)
{
	size_t nr;
	const struct row *r = discover_rows(d, LEG_LABELS, name, NULL, &nr);
	for (size_t i = 0; i < nr; i++)
		if (i == 0 || strcmp(r[i].job, r[i - 1].job) != 0)
			words_add(l, r[i].job);
}


bool discover_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* ---- the catalog ----------------------------------------------------- */

static const char *catalog_note(struct discover *d, const struct picks *all,
				const struct shape *sh, size_t nr,
				size_t dropped, struct arena *a)
{
	double buckets = 0;
	bool many = false;
	for (size_t i = 0; i < nr; i++)
		many |= sh[i].visible_only;
	for (size_t i = 0; i < all->nr; i++)
		buckets += discover_total(d, LEG_BUCKETS,
					  all->pick[i].c->bucket,
					  all->pick[i].job);
	if (many)
		return arena_printf(a, "percentiles of visible rows only: "
				    "%.0fk bucket series", buckets / 1000);
	if (dropped)
		return arena_printf(a, "%zu services beyond the first %zu are "
				    "not shown", dropped, LIMIT_SERVICES);
	return NULL;
}

static int count_families(const struct picks *all)
{
	int n = 0;
	for (size_t i = 0; i < all->nr; i++)
		n += i == 0 || all->pick[i].c != all->pick[i - 1].c;
	return n;
}

const struct catalog *discover_finish(struct discover *d, int requests,
				      const char *version,
				      const struct catalog *before,
				      struct arena *a)
{
	for (size_t i = 0; i < COUNT(d->leg); i++)
		if (d->leg[i].nr)
			qsort(d->leg[i].row, d->leg[i].nr,
			      sizeof(*d->leg[i].row), compare_rows);
	struct picks all = discover_pick(d);
	struct shape *sh = arena_alloc(a, (all.nr + 1) * sizeof(*sh));
	size_t *first = mem_zero(all.nr + 1, sizeof(*first)), shapes = 0;
	for (size_t i = 0; i < all.nr; i++) {
		if (i > 0 && pick_compare(&all.pick[i - 1], &all.pick[i]) == 0)
			continue;
		size_t end = i + 1;
		while (end < all.nr &&
		       pick_compare(&all.pick[i], &all.pick[end]) == 0)
			end++;
		first[shapes] = i;
		sh[shapes++] = discover_shape(d, &all.pick[i], end - i, a);
	}
	first[shapes] = all.nr;
	discover_number(sh, shapes, before);
	struct services s = { 0 };
	for (size_t i = 0; i < shapes; i++)
		services_add(d, &all.pick[first[i]], first[i + 1] - first[i],
			     &sh[i], &s);
	services_name(&s, sh, shapes, a);

	struct catalog *c = arena_alloc(a, sizeof(*c));
	struct service_def *def = arena_alloc(a, (s.nr + 1) * sizeof(*def));
	if (s.nr)
		memcpy(def, s.def, s.nr * sizeof(*def));
	*c = (struct catalog){
		.version = version ? arena_strdup(a, version) : NULL,
		.nr_shapes = shapes, .shape = sh,
		.nr_services = s.nr, .service = def, .requests = requests,
		.families = count_families(&all), .unknown = d->rejected,
		.note = catalog_note(d, &all, sh, shapes, s.dropped, a),
	};
	free(s.def);
	free(first);
	free(all.pick);
	return c;
}

static bool same_rules(const struct catalog *a, const struct catalog *b)
{
	if (a->nr_slos != b->nr_slos || a->nr_thresholds != b->nr_thresholds
	    || !discover_same_text(a->pack, b->pack))
		return false;
	for (size_t i = 0; i < a->nr_slos; i++)
		if (!slo_def_same(&a->slo[i], &b->slo[i])
		    || a->slo[i].objective != b->slo[i].objective)
			return false;
	for (size_t i = 0; i < a->nr_thresholds; i++)
		if (!threshold_def_same(&a->threshold[i], &b->threshold[i]))
			return false;
	return true;
}

bool catalog_equal(const struct catalog *a, const struct catalog *b)
{
	if (!a || !b || !same_rules(a, b) || a->nr_shapes != b->nr_shapes ||
	    a->nr_services != b->nr_services || a->families != b->families ||
	    a->unknown != b->unknown ||
	    !discover_same_text(a->version, b->version) ||
	    !discover_same_text(a->note, b->note))
		return false;
	for (size_t i = 0; i < a->nr_shapes; i++) {
		const struct shape *x = &a->shape[i], *y = &b->shape[i];
		if (x->id != y->id || !discover_same_questions(x, y) ||
		    x->interval != y->interval || x->unit != y->unit ||
		    x->visible_only != y->visible_only ||
		    x->sparse != y->sparse || x->window != y->window ||
		    !discover_same_text(x->note, y->note) ||
		    !discover_same_text(x->error_matcher, y->error_matcher))
			return false;
	}
	for (size_t i = 0; i < a->nr_services; i++)
		if (a->service[i].shape != b->service[i].shape ||
		    !discover_same_text(a->service[i].name,
					b->service[i].name) ||
		    !discover_same_text(a->service[i].value,
					b->service[i].value))
			return false;
	return true;
}
