#include "sources/discover.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/families.h"
#include "sources/interval.h"
#include "sources/prom_parse.h"
#include "sources/promql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MAX_COUNTERS 4
#define MAX_VALUES 64   /* of a status label that are looked at */
#define MAX_QUERY 12000 /* bytes of names in one question */
#define MAX_WORD 64
#define MAX_MATCHER 8000

/* The tags of the questions: which leg of a query a series belongs to. */
enum leg {
	LEG_LABELS = 1, LEG_BUCKETS, LEG_BOUNDS, LEG_RANGES, LEG_NOW,
	LEG_BEFORE, LEG_10M, LEG_5M, LEG_1M,
	LEG_15S, LEG_NR
};

/* A family of metrics that are there. */
struct candidate {
	const char *base;            /* of durations, or NULL */
	const struct family *family; /* or NULL: found by the rule */
	const char *count, *bucket, *bare, *sum; /* names that exist */
	const char *counter[MAX_COUNTERS];
	size_t counters;
	const char *mean;
	enum unit unit;
	bool unit_known;
	int order;
};

/* A series count, an activity, or a bound, by name and job. */
struct row {
	const char *name, *job;
	struct labels labels;
	double value;
	bool native;
};

struct rows {
	struct row *row;
	size_t nr, cap;
};

struct scrape {
	const char *job;
	struct interval_counts counts;
};

struct discover {
	struct arena arena;
	struct buf match;
	bool victoria;
	char **name;
	size_t nr, cap;
	const char **build;  /* names of metrics that tell a version */
	size_t builds, builds_cap;
	struct candidate *candidate;
	size_t candidates, candidates_cap;
	int rejected;
	struct rows leg[LEG_NR];
	struct scrape *scrape;
	size_t scrapes, scrapes_cap;
};

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
	free(d->scrape);
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
	if (!family && !family_is_timing(base)) {
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

struct list {
	const char **word;
	size_t nr, cap;
};

static void list_add(struct list *l, const char *word)
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
static const char *main_name(const struct candidate *c)
{
	return c->count ? c->count : c->base ? c->bare : NULL;
}

static void list_leg(const struct discover *d, enum leg leg, struct list *l)
{
	for (size_t i = 0; i < d->builds && leg == LEG_LABELS && d->candidates;
	     i++)
		list_add(l, d->build[i]);
	for (size_t i = 0; i < d->candidates; i++) {
		const struct candidate *c = &d->candidate[i];
		switch (leg) {
		case LEG_LABELS:
			list_add(l, c->bare);
			/* fall through */
		case LEG_NOW:
		case LEG_BEFORE:
			list_add(l, main_name(c));
			for (size_t k = 0; k < c->counters; k++)
				list_add(l, c->counter[k]);
			break;
		case LEG_BOUNDS:
			if (c->unit_known)
				break;
			/* fall through */
		default:
			list_add(l, c->bucket);
		}
	}
}

static void add_words(struct list *l, struct arena *a, const char *words)
{
	char word[MAX_WORD];
	for (size_t i = 0; word_at(words, i, word, sizeof(word)); i++)
		list_add(l, arena_strdup(a, word));
}

/* Labels that can matter: a status, and what the rows that are there name. A
 * label that must be quoted is asked for only where such names exist. */
static void list_labels(const struct discover *d, struct arena *a,
			struct list *l)
{
	for (size_t i = 0; status_labels[i]; i++)
		list_add(l, status_labels[i]);
	list_add(l, "quantile");
	for (size_t i = 0; i < d->candidates; i++) {
		const struct family *f = d->candidate[i].family;
		if (!f)
			continue;
		add_words(l, a, f->status);
		add_words(l, a, f->service);
		char word[MAX_WORD];
		if (word_at(f->keep, 0, word, sizeof(word)))
			list_add(l, arena_strdup(a, word));
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
static size_t portion(const struct list *l, size_t from)
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
		struct list l = { 0 };
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
	struct list labels = { 0 };
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
		{ LEG_RANGES, "count by (__name__,job)(", "vmrange!=\"\"", ")" },
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
	const char *m[] = { "__name__=~\".*(http|rpc|request|response|rq|dns|"
			    "haproxy|_build_info).*\"", buf_text(&inner) };
	buf_clear(out);
	buf_printf(out, "count by (__name__)({%s%s%s})", m[0],
		   *m[1] ? "," : "", m[1]);
	buf_release(&inner);
}

/* ---- answers --------------------------------------------------------- */

static struct scrape *scrape_of(struct discover *d, const char *job)
{
	for (size_t i = 0; i < d->scrapes; i++)
		if (strcmp(d->scrape[i].job, job) == 0)
			return &d->scrape[i];
	MEM_ROOM(d->scrape, d->scrapes, d->scrapes_cap);
	d->scrape[d->scrapes] = (struct scrape){
		.job = arena_strdup(&d->arena, job),
	};
	return &d->scrape[d->scrapes++];
}

static void take_interval(struct discover *d, const char *job, enum leg leg,
			  double v)
{
	struct interval_counts *c = &scrape_of(d, job)->counts;
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
	if (!name || !job)
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
static const struct row *find_rows(const struct discover *d, enum leg leg,
				   const char *name, const char *job,
				   size_t *nr)
{
	const struct rows *r = &d->leg[leg];
	size_t lo = 0, hi = r->nr;
	*nr = 0;
	if (!name)
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

static double total(const struct discover *d, enum leg leg, const char *name,
		    const char *job)
{
	size_t nr;
	const struct row *r = find_rows(d, leg, name, job, &nr);
	double sum = 0;
	for (size_t i = 0; i < nr; i++)
		sum += r[i].value;
	return sum;
}

static bool is_native(const struct discover *d, const char *name,
		      const char *job)
{
	size_t nr;
	const struct row *r = find_rows(d, LEG_NOW, name, job, &nr);
	return nr > 0 && r->native;
}

/* ---- judging one family of one job ------------------------------------ */

/* What would be asked for a job: equal picks become one shape. */
struct pick {
	const struct candidate *c;
	const char *job;
	enum method method;
	const char *rate;       /* metric of RED_RATE */
	const char *errors;     /* metric with the status, or NULL */
	const char *status;     /* its label, or NULL */
	enum status_kind kind;
	int form;
	const char *service;    /* label, "job" by default */
	const char *keep_rate, *keep_errors; /* matchers, "" */
	const char *mean;
	bool vmrange;
	enum unit unit;
	bool unit_guessed;
	const char *note;
	time_ms interval;
	bool interval_guessed;
	double activity;
	int words;
};

static bool status_in(const struct row *r, size_t nr, const char *label,
		      struct pick *p)
{
	const char *value[MAX_VALUES];
	size_t values = 0;
	for (size_t i = 0; i < nr && values < MAX_VALUES; i++) {
		const char *v = labels_get(&r[i].labels, label);
		bool seen = !v;
		for (size_t k = 0; k < values && !seen; k++)
			seen = strcmp(value[k], v) == 0;
		if (!seen)
			value[values++] = v;
	}
	p->kind = status_of_values(label, value, values, &p->form);
	if (p->kind == STATUS_NONE)
		return false;
	p->status = label;
	return true;
}

/* Finds the status label of a metric: the row's labels, then all. */
static bool find_status(struct discover *d, const char *name, struct pick *p)
{
	size_t nr;
	const struct row *r = find_rows(d, LEG_LABELS, name, p->job, &nr);
	char word[MAX_WORD];
	const char *list = p->c->family ? p->c->family->status : NULL;
	for (size_t i = 0; nr && word_at(list, i, word, sizeof(word)); i++)
		if (status_in(r, nr, word, p)) {
			p->status = arena_strdup(&d->arena, word);
			return true;
		}
	for (size_t i = 0; nr && status_labels[i]; i++)
		if (status_in(r, nr, status_labels[i], p))
			return true;
	return false;
}

static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;
	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* The counter with a status label whose name begins most like the durations'
 * name; the row's own companions come first. */
static void find_companion(struct discover *d, struct pick *p)
{
	const struct candidate *c = p->c;
	for (size_t i = 0; i < c->counters; i++)
		if (find_status(d, c->counter[i], p)) {
			p->errors = c->counter[i];
			return;
		}
	size_t best = 3;
	for (size_t i = 0; i < d->candidates && p->rate; i++)
		for (size_t k = 0; k < d->candidate[i].counters; k++) {
			const char *name = d->candidate[i].counter[k];
			struct pick q = *p;
			size_t n = common_prefix(c->base, name);
			if (n <= best || !find_status(d, name, &q))
				continue;
			best = n;
			*p = q;
			p->errors = name;
		}
}

/* Of a request that is counted under several values of a label, one stays. */
static const char *keep_matcher(struct discover *d, const char *name,
				const struct pick *p)
{
	char label[MAX_WORD], value[MAX_WORD];
	size_t nr;
	const struct family *f = p->c->family;
	const struct row *r = find_rows(d, LEG_LABELS, name, p->job, &nr);
	if (!f || !word_at(f->keep, 0, label, sizeof(label)))
		return "";
	for (size_t i = 1; word_at(f->keep, i, value, sizeof(value)); i++)
		for (size_t k = 0; k < nr; k++) {
			const char *v = labels_get(&r[k].labels, label);
			if (v && strcmp(v, value) == 0)
				return arena_printf(&d->arena, "%s=\"%s\"",
						    label, value);
		}
	return "";
}

/* The row's label if at least half of the series have it, else the job. */
static const char *service_label(struct discover *d, const struct pick *p)
{
	char word[MAX_WORD];
	size_t nr;
	const char *list = p->c->family ? p->c->family->service : NULL;
	const struct row *r = find_rows(d, LEG_LABELS, p->rate, p->job, &nr);
	for (size_t i = 0; word_at(list, i, word, sizeof(word)); i++) {
		size_t have = 0;
		for (size_t k = 0; k < nr; k++)
			have += labels_get(&r[k].labels, word) != NULL;
		if (have * 2 >= nr && have > 0)
			return arena_strdup(&d->arena, word);
	}
	return "job";
}

static bool has_quantiles(const struct discover *d, const struct pick *p)
{
	size_t nr;
	const struct row *r = find_rows(d, LEG_LABELS, p->c->bare, p->job, &nr);
	for (size_t i = 0; i < nr; i++)
		if (labels_get(&r[i].labels, "quantile"))
			return true;
	return false;
}

static void find_method(struct discover *d, struct pick *p)
{
	const struct candidate *c = p->c;
	p->vmrange = total(d, LEG_RANGES, c->bucket, p->job) > 0;
	if (total(d, LEG_BUCKETS, c->bucket, p->job) > 0 &&
	    (!p->vmrange || d->victoria))
		p->method = METHOD_HISTOGRAM;
	else if (is_native(d, c->bare, p->job))
		p->method = METHOD_NATIVE;
	else if (has_quantiles(d, p))
		p->method = METHOD_SUMMARY;
	else
		p->note = p->vmrange ? "vmrange buckets, which PromQL cannot read"
				     : "no histogram";
}

/* Without a unit in the name the bounds tell: from 1 to 100 and more are
 * milliseconds. */
static void guess_unit(struct discover *d, struct pick *p)
{
	size_t nr;
	p->unit = p->c->unit;
	if (p->c->unit_known || !p->c->base)
		return;
	const struct row *r = find_rows(d, LEG_BOUNDS, p->c->bucket, p->job, &nr);
	double lo = INFINITY, hi = -INFINITY;
	for (size_t i = 0; i < nr; i++) {
		const char *le = labels_get(&r[i].labels, "le");
		double v = le ? strtod(le, NULL) : INFINITY;
		if (isinf(v))
			continue;
		lo = fmin(lo, v);
		hi = fmax(hi, v);
	}
	p->unit_guessed = true;
	p->unit = hi >= 100 && lo >= 1 ? UNIT_MILLISECONDS : UNIT_SECONDS;
}

static void find_interval(struct discover *d, struct pick *p)
{
	static const struct interval_counts none;
	const struct interval_counts *c = &none;
	for (size_t i = 0; i < d->scrapes; i++)
		if (strcmp(d->scrape[i].job, p->job) == 0)
			c = &d->scrape[i].counts;
	p->interval = interval_scrape(c, &p->interval_guessed);
}

static double activity(const struct discover *d, const char *name,
		       const char *job)
{
	double v = total(d, LEG_NOW, name, job) -
		   total(d, LEG_BEFORE, name, job);
	return v > 0 ? v : 0;
}

/* False: this family says nothing about this job. */
static bool judge(struct discover *d, const struct candidate *c,
		  const char *job, struct pick *p)
{
	size_t nr;
	*p = (struct pick){ .c = c, .job = job, .service = "job" };
	const char *name = main_name(c);
	find_rows(d, LEG_LABELS, name, job, &nr);
	if (nr > 0) {
		p->rate = name;
		find_method(d, p);
		if (!c->count && p->method != METHOD_NATIVE)
			return false;
		if (find_status(d, name, p))
			p->errors = name;
		else
			find_companion(d, p);
		guess_unit(d, p);
	} else {
		find_companion(d, p);
		for (size_t i = 0; i < c->counters && !p->errors; i++) {
			find_rows(d, LEG_LABELS, c->counter[i], job, &nr);
			if (nr > 0 && c->family)
				p->rate = c->counter[i];
		}
		if (p->errors)
			p->rate = p->errors;
		if (!p->rate)
			return false;
		p->mean = c->mean;
		p->note = "no histogram";
	}
	p->service = service_label(d, p);
	p->keep_rate = keep_matcher(d, p->rate, p);
	p->keep_errors = p->errors ? keep_matcher(d, p->errors, p) : "";
	p->activity = activity(d, p->rate, job);
	p->words = family_words(c->base ? c->base : p->rate);
	find_interval(d, p);
	return true;
}

/* ---- choosing -------------------------------------------------------- */

static int method_rank(const struct pick *p)
{
	switch (p->method) {
	case METHOD_HISTOGRAM:
		return 4;
	case METHOD_NATIVE:
		return 3;
	case METHOD_SUMMARY:
		return 2;
	default:
		return p->c->base && p->rate == main_name(p->c);
	}
}

static bool own_label(const struct pick *p)
{
	return strcmp(p->service, "job") != 0;
}

static enum layer layer_of(const struct pick *p)
{
	return p->c->family ? p->c->family->layer : LAYER_APP;
}

/* Two families that describe the same services: one of them is shown. A
 * proxy's job may carry an application's own requests besides. */
static bool rivals(const struct pick *a, const struct pick *b)
{
	if (strcmp(a->job, b->job) != 0)
		return false;
	if (own_label(a) != own_label(b))
		return !a->c->family || !b->c->family ||
		       layer_of(a) == layer_of(b);
	return !own_label(a) || layer_of(a) == layer_of(b);
}

/* > 0: a is the better one. */
static int prefer(const struct pick *a, const struct pick *b)
{
	if (own_label(a) != own_label(b))
		return own_label(a) - own_label(b);
	if (method_rank(a) != method_rank(b))
		return method_rank(a) - method_rank(b);
	if (own_label(a) && a->c->order != b->c->order)
		return b->c->order - a->c->order;
	if (!a->c->family != !b->c->family)
		return a->c->family ? 1 : -1;
	if ((a->activity > 0) != (b->activity > 0))
		return (a->activity > 0) - (b->activity > 0);
	if (a->words != b->words)
		return a->words - b->words;
	if (a->activity != b->activity)
		return a->activity > b->activity ? 1 : -1;
	if (a->c->order != b->c->order)
		return b->c->order - a->c->order;
	return strcmp(b->rate, a->rate);
}

struct picks {
	struct pick *pick;
	size_t nr, cap;
};

static void jobs_of(const struct discover *d, const char *name, struct list *l)
{
	size_t nr;
	const struct row *r = find_rows(d, LEG_LABELS, name, NULL, &nr);
	for (size_t i = 0; i < nr; i++)
		if (i == 0 || strcmp(r[i].job, r[i - 1].job) != 0)
			list_add(l, r[i].job);
}

static void all_jobs(const struct discover *d, const struct candidate *c,
		     struct list *l)
{
	jobs_of(d, main_name(c), l);
	for (size_t i = 0; i < c->counters; i++)
		jobs_of(d, c->counter[i], l);
}

static struct picks judge_all(struct discover *d)
{
	struct picks all = { 0 };
	for (size_t i = 0; i < d->candidates; i++) {
		struct list jobs = { 0 };
		all_jobs(d, &d->candidate[i], &jobs);
		for (size_t k = 0; k < jobs.nr; k++) {
			struct pick p;
			if (!judge(d, &d->candidate[i], jobs.word[k], &p))
				continue;
			MEM_ROOM(all.pick, all.nr, all.cap);
			all.pick[all.nr++] = p;
		}
		free(jobs.word);
	}
	return all;
}

static int compare_jobs(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;
	int c = strcmp(x->job, y->job);
	return c ? c : -prefer(x, y);
}

/* Keeps the best of rivals. Sorted by job, so rivals are near. */
static void choose(struct picks *all)
{
	size_t kept = 0;
	if (all->nr)
		qsort(all->pick, all->nr, sizeof(*all->pick), compare_jobs);
	for (size_t i = 0; i < all->nr; i++) {
		bool beaten = false;
		for (size_t k = kept; k-- > 0 && !beaten;) {
			if (strcmp(all->pick[k].job, all->pick[i].job) != 0)
				break;
			beaten = rivals(&all->pick[k], &all->pick[i]);
		}
		if (!beaten)
			all->pick[kept++] = all->pick[i];
	}
	all->nr = kept;
}

/* Services of a proxy may be reported by several jobs: the slowest of them
 * sets the window, so that each service is there once. */
static void slowest_interval(struct picks *all)
{
	for (size_t i = 0; i < all->nr; i++)
		for (size_t k = 0; k < all->nr; k++) {
			struct pick *a = &all->pick[i], *b = &all->pick[k];
			if (!own_label(a) || !own_label(b) || a->c != b->c ||
			    a->interval >= b->interval)
				continue;
			a->interval = b->interval;
			a->interval_guessed = b->interval_guessed;
		}
}

/* ---- shapes ---------------------------------------------------------- */

static int compare_maybe(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By everything that changes the words of a question. */
static int compare_shape(const struct pick *a, const struct pick *b)
{
	const int by[] = {
		a->c->order - b->c->order,
		compare_maybe(a->c->base, b->c->base),
		(a->c > b->c) - (a->c < b->c),
		strcmp(a->rate, b->rate),
		compare_maybe(a->errors, b->errors),
		compare_maybe(a->status, b->status),
		(int)a->kind - (int)b->kind, a->form - b->form,
		strcmp(a->service, b->service),
		strcmp(a->keep_rate, b->keep_rate),
		strcmp(a->keep_errors, b->keep_errors),
		(int)a->method - (int)b->method,
		a->vmrange - b->vmrange,
		(int)a->unit - (int)b->unit,
		(a->interval > b->interval) - (a->interval < b->interval),
		a->interval_guessed - b->interval_guessed,
	};
	for (size_t i = 0; i < COUNT(by); i++)
		if (by[i])
			return by[i];
	return 0;
}

static int compare_picks(const void *a, const void *b)
{
	int c = compare_shape(a, b);
	return c ? c : strcmp(((const struct pick *)a)->job,
			      ((const struct pick *)b)->job);
}

/* Jobs that have these metrics but were given another family or shape. */
static void list_others(const struct discover *d, const struct pick *p,
			size_t nr, struct list *l)
{
	const char *names[] = { p->rate, p->errors, p->c->bucket };
	struct list all = { 0 };
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i])
			jobs_of(d, names[i], &all);
	for (size_t i = 0; i < all.nr; i++) {
		bool ours = false;
		for (size_t k = 0; k < nr && !ours; k++)
			ours = strcmp(p[k].job, all.word[i]) == 0;
		if (!ours)
			list_add(l, all.word[i]);
	}
	free(all.word);
}

/* The shorter of "these jobs" and "not those"; nothing where none is else. */
static char *job_matcher(struct discover *d, const struct pick *p, size_t nr)
{
	struct list others = { 0 }, ours = { 0 };
	struct buf in, out;
	buf_init(&in, 0);
	buf_init(&out, 0);
	list_others(d, p, nr, &others);
	for (size_t i = 0; i < nr; i++)
		list_add(&ours, p[i].job);
	promql_among(&in, "job", false, ours.word, ours.nr);
	if (others.nr)
		promql_among(&out, "job", true, others.word, others.nr);
	const char *best = !others.nr ? "" : in.len <= out.len ? in.s : out.s;
	if (strlen(best) > MAX_MATCHER)
		best = ""; /* the others' series are of no service then */
	char *text = arena_strdup(&d->arena, best);
	buf_release(&in);
	buf_release(&out);
	free(others.word);
	free(ours.word);
	return text;
}

/* What a shape's questions are made of. */
struct wording {
	struct arena *arena;
	const char *match, *jobs, *exclude;
	struct buf by;         /* "job" or the like, written for by (...) */
};

static void write_selector(const struct wording *w, struct buf *out,
			   const char *name, const char *keep,
			   const char *more)
{
	const char *m[] = { more, keep, w->exclude, w->jobs, w->match };
	promql_selector(out, name, m, COUNT(m));
}

/* `AGG by (service, label) (BEFORE selector AFTER)` */
static const char *word_question(const struct wording *w, const char *agg,
				 const char *label, const char *before,
				 const char *name, const char *keep,
				 const char *more, const char *after)
{
	struct buf b;
	buf_init(&b, 0);
	buf_printf(&b, "%s by (%s", agg, buf_text(&w->by));
	if (label) {
		buf_str(&b, ", ");
		promql_label(&b, label);
	}
	buf_printf(&b, ") (%s", before);
	write_selector(w, &b, name, keep, more);
	buf_printf(&b, "%s)", after);
	const char *text = arena_strdup(w->arena, b.s);
	buf_release(&b);
	return text;
}

#define RATE_WINDOW "[$__rate_interval])"

static void ask_histogram(const struct wording *w, const struct pick *p,
			  const char **q)
{
	const struct candidate *c = p->c;
	q[RED_BUCKETS] = p->vmrange ?
		word_question(w, "prometheus_buckets(sum", "vmrange", "rate(",
			      c->bucket, p->keep_rate, NULL, RATE_WINDOW ")") :
		word_question(w, "sum", "le", "rate(", c->bucket, p->keep_rate,
			      NULL, RATE_WINDOW);
}

static void ask_native(const struct wording *w, const struct pick *p,
		       const char **q)
{
	bool status = p->errors == p->rate;
	const char *name = p->c->bare;
	q[RED_NATIVE] = word_question(w, "sum", NULL, "rate(", name,
				      p->keep_rate, NULL, RATE_WINDOW);
	if (p->rate != name) /* beside a classic _count */
		return;
	const char *by = status ? p->status : NULL;
	q[RED_RATE] = word_question(w, "sum", by, "histogram_count(rate(",
				    name, p->keep_rate, NULL, RATE_WINDOW ")");
	q[RED_SUM] = word_question(w, "sum", NULL, "histogram_sum(rate(",
				   name, p->keep_rate, NULL, RATE_WINDOW ")");
	if (!status)
		return;
	q[RED_BURN_5M] = word_question(w, "sum", by, "histogram_count(rate(",
				       name, p->keep_rate, NULL, "[5m]))");
	q[RED_BURN_1H] = word_question(w, "sum", by, "histogram_count(rate(",
				       name, p->keep_rate, NULL, "[1h]))");
}

static void ask_rates(const struct wording *w, const struct pick *p,
		      const char **q)
{
	bool apart = p->errors && p->errors != p->rate;
	q[RED_RATE] = word_question(w, "sum", apart ? NULL : p->status,
				    "rate(", p->rate, p->keep_rate, NULL,
				    RATE_WINDOW);
	if (apart)
		q[RED_ERRORS] = word_question(w, "sum", p->status, "rate(",
					      p->errors, p->keep_errors, NULL,
					      RATE_WINDOW);
	if (p->errors) {
		q[RED_BURN_5M] = word_question(w, "sum", p->status, "rate(",
					       p->errors, p->keep_errors, NULL,
					       "[5m])");
		q[RED_BURN_1H] = word_question(w, "sum", p->status, "rate(",
					       p->errors, p->keep_errors, NULL,
					       "[1h])");
	}
	if (p->c->sum && p->rate == p->c->count)
		q[RED_SUM] = word_question(w, "sum", NULL, "rate(", p->c->sum,
					   p->keep_rate, NULL, RATE_WINDOW);
	if (p->mean)
		q[RED_MEAN] = word_question(w, "avg", NULL, "", p->mean,
					    p->keep_rate, NULL, "");
}

/* Of those jobs that have such a metric. */
static void ask_version(struct discover *d, const struct pick *p, size_t nr,
			const struct wording *w, const char **q)
{
	struct list names = { 0 }, jobs = { 0 };
	struct buf b, job;
	for (size_t i = 0; i < d->builds && !own_label(p); i++)
		for (size_t k = 0; k < nr; k++) {
			size_t rows;
			find_rows(d, LEG_LABELS, d->build[i], p[k].job, &rows);
			if (rows) {
				list_add(&names, d->build[i]);
				list_add(&jobs, p[k].job);
			}
		}
	buf_init(&b, 0);
	buf_init(&job, 0);
	if (names.nr) {
		promql_among(&job, "job", false, jobs.word, jobs.nr);
		const char *m[] = { job.s, "version!=\"\"", w->match };
		buf_str(&b, "count by (job, version) (");
		promql_names(&b, names.word, names.nr, m, COUNT(m));
		buf_char(&b, ')');
		if (b.len < LIMIT_QUERY / 2)
			q[RED_VERSION] = arena_strdup(w->arena, b.s);
	}
	buf_release(&b);
	buf_release(&job);
	free(names.word);
	free(jobs.word);
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static void ask_all(struct discover *d, const struct pick *p, size_t nr,
		    struct arena *a, struct shape *sh)
{
	struct wording w = {
		.arena = a, .match = buf_text(&d->match),
		.jobs = job_matcher(d, p, nr),
		.exclude = p->c->family ? p->c->family->exclude : NULL,
	};
	buf_init(&w.by, 0);
	promql_label(&w.by, p->service);
	if (p->rate != p->c->bare || p->method != METHOD_NATIVE)
		ask_rates(&w, p, sh->question);
	else if (p->errors && p->errors != p->rate) {
		ask_rates(&w, p, sh->question);
		sh->question[RED_SUM] = NULL;
	}
	if (p->method == METHOD_HISTOGRAM)
		ask_histogram(&w, p, sh->question);
	if (p->method == METHOD_NATIVE)
		ask_native(&w, p, sh->question);
	if (p->method == METHOD_SUMMARY)
		sh->question[RED_QUANTILE] =
			word_question(&w, "max", "quantile", "", p->c->bare,
				      p->keep_rate, "quantile!=\"\"", "");
	ask_version(d, p, nr, &w, sh->question);
	buf_release(&w.by);
}

static struct shape make_shape(struct discover *d, const struct pick *p,
			       size_t nr, struct arena *a)
{
	const struct candidate *c = p->c;
	bool durations = c->base && p->rate == main_name(c);
	struct shape sh = {
		.label = copy(a, p->service),
		.metric = copy(a, durations ? c->base : p->rate),
		.error_metric = copy(a, p->errors),
		.status_label = copy(a, p->errors ? p->status : NULL),
		.status = p->errors ? p->kind : STATUS_NONE,
		.layer = layer_of(p), .unit = p->unit,
		.unit_guessed = p->unit_guessed, .method = p->method,
		.note = copy(a, p->note), .interval = p->interval,
		.interval_guessed = p->interval_guessed,
		.window = interval_window(p->interval),
	};
	if (p->errors) {
		struct buf b;
		buf_init(&b, 0);
		status_matcher(p->kind, p->status, p->form, &b);
		sh.error_matcher = copy(a, buf_text(&b));
		buf_release(&b);
	}
	double buckets = 0;
	for (size_t i = 0; i < nr && p->method == METHOD_HISTOGRAM; i++)
		buckets += total(d, LEG_BUCKETS, c->bucket, p[i].job);
	sh.visible_only = buckets > DISCOVER_MANY_BUCKETS;
	ask_all(d, p, nr, a, &sh);
	return sh;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_questions(const struct shape *a, const struct shape *b)
{
	for (int r = 0; r < RED_ROLES; r++)
		if (!same_text(a->question[r], b->question[r]))
			return false;
	return same_text(a->label, b->label);
}

static void number_shapes(struct shape *sh, size_t nr,
			  const struct catalog *before)
{
	uint32_t next = 1;
	for (size_t i = 0; before && i < before->nr_shapes; i++)
		if (before->shape[i].id >= next)
			next = before->shape[i].id + 1;
	for (size_t i = 0; i < nr; i++) {
		sh[i].id = 0;
		for (size_t k = 0; before && k < before->nr_shapes; k++)
			if (same_questions(&sh[i], &before->shape[k]))
				sh[i].id = before->shape[k].id;
		if (!sh[i].id)
			sh[i].id = next++;
	}
}

/* ---- services -------------------------------------------------------- */

struct services {
	struct service_def *def;
	size_t nr, cap, dropped;
};

static void add_service(struct services *s, uint32_t shape, const char *value)
{
	if (s->nr >= LIMIT_SERVICES) {
		s->dropped++;
		return;
	}
	MEM_ROOM(s->def, s->nr, s->cap);
	s->def[s->nr++] = (struct service_def){ .value = value, .name = value,
						.shape = shape };
}

static bool is_kept(const struct row *r, const char *keep)
{
	char label[MAX_WORD];
	size_t n = strcspn(keep, "=");
	if (n == 0 || n >= sizeof(label))
		return true;
	memcpy(label, keep, n);
	label[n] = '\0';
	const char *v = labels_get(&r->labels, label);
	size_t len = strlen(keep + n) - 3; /* ="..." */
	return v && strlen(v) == len && strncmp(v, keep + n + 2, len) == 0;
}

static void add_services(struct discover *d, const struct pick *p, size_t nr,
			 const struct shape *sh, struct services *out)
{
	if (!own_label(p)) {
		for (size_t i = 0; i < nr; i++)
			add_service(out, sh->id, p[i].job);
		return;
	}
	struct list values = { 0 };
	for (size_t i = 0; i < nr; i++) {
		size_t rows;
		const struct row *r = find_rows(d, LEG_LABELS, p->rate,
						p[i].job, &rows);
		for (size_t k = 0; k < rows; k++)
			if (is_kept(&r[k], p->keep_rate))
				list_add(&values, labels_get(&r[k].labels,
							     p->service));
	}
	qsort(values.word, values.nr, sizeof(*values.word), compare_text);
	for (size_t i = 0; i < values.nr; i++)
		add_service(out, sh->id, values.word[i]);
	free(values.word);
}

static const struct shape *shape_of(const struct shape *sh, size_t nr,
				    uint32_t id)
{
	for (size_t i = 0; i < nr; i++)
		if (sh[i].id == id)
			return &sh[i];
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	const struct service_def *const *x = a, *const *y = b;
	int c = strcmp((*x)->value, (*y)->value);
	return c ? c : (*x > *y) - (*x < *y);
}

/* A value that stands in two shapes is told apart by layer and metric; the
 * application itself keeps the plain name. */
static void name_services(struct services *s, const struct shape *sh,
			  size_t shapes, struct arena *a)
{
	struct service_def **by = mem_zero(s->nr, sizeof(*by));
	for (size_t i = 0; i < s->nr; i++) {
		s->def[i].value = arena_strdup(a, s->def[i].value);
		s->def[i].name = s->def[i].value;
		by[i] = &s->def[i];
	}
	if (s->nr)
		qsort(by, s->nr, sizeof(*by), compare_names);
	for (size_t i = 0, end; i < s->nr; i = end) {
		size_t plain = i;
		for (end = i + 1; end < s->nr && strcmp(by[i]->value,
							by[end]->value) == 0;)
			end++;
		for (size_t k = end; k-- > i;)
			if (shape_of(sh, shapes, by[k]->shape)->layer ==
			    LAYER_APP)
				plain = k;
		for (size_t k = i; k < end; k++) {
			const struct shape *of = shape_of(sh, shapes,
							  by[k]->shape);
			if (k == plain)
				continue;
			by[k]->name = arena_printf(a, "%s (%s %s)",
						   by[k]->value,
						   layer_name(of->layer),
						   of->metric);
		}
	}
	free(by);
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
		buckets += total(d, LEG_BUCKETS, all->pick[i].c->bucket,
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
	struct picks all = judge_all(d);
	choose(&all);
	slowest_interval(&all);
	if (all.nr)
		qsort(all.pick, all.nr, sizeof(*all.pick), compare_picks);
	struct shape *sh = arena_alloc(a, (all.nr + 1) * sizeof(*sh));
	size_t *first = mem_zero(all.nr + 1, sizeof(*first)), shapes = 0;
	for (size_t i = 0; i < all.nr; i++) {
		if (i > 0 && compare_shape(&all.pick[i - 1], &all.pick[i]) == 0)
			continue;
		size_t end = i + 1;
		while (end < all.nr &&
		       compare_shape(&all.pick[i], &all.pick[end]) == 0)
			end++;
		first[shapes] = i;
		sh[shapes++] = make_shape(d, &all.pick[i], end - i, a);
	}
	first[shapes] = all.nr;
	number_shapes(sh, shapes, before);
	struct services s = { 0 };
	for (size_t i = 0; i < shapes; i++)
		add_services(d, &all.pick[first[i]], first[i + 1] - first[i],
			     &sh[i], &s);
	name_services(&s, sh, shapes, a);

	struct catalog *c = arena_alloc(a, sizeof(*c));
	struct service_def *def = arena_alloc(a, (s.nr + 1) * sizeof(*def));
	if (s.nr)
		memcpy(def, s.def, s.nr * sizeof(*def));
	*c = (struct catalog){
		.version = copy(a, version), .nr_shapes = shapes, .shape = sh,
		.nr_services = s.nr, .service = def, .requests = requests,
		.families = count_families(&all), .unknown = d->rejected,
		.note = catalog_note(d, &all, sh, shapes, s.dropped, a),
	};
	free(s.def);
	free(first);
	free(all.pick);
	return c;
}

bool catalog_equal(const struct catalog *a, const struct catalog *b)
{
	if (!a || !b || a->nr_shapes != b->nr_shapes ||
	    a->nr_services != b->nr_services || a->families != b->families ||
	    a->unknown != b->unknown || !same_text(a->version, b->version) ||
	    !same_text(a->note, b->note))
		return false;
	for (size_t i = 0; i < a->nr_shapes; i++) {
		const struct shape *x = &a->shape[i], *y = &b->shape[i];
		if (x->id != y->id || !same_questions(x, y) ||
		    x->interval != y->interval || x->unit != y->unit ||
		    x->visible_only != y->visible_only ||
		    !same_text(x->error_matcher, y->error_matcher))
			return false;
	}
	for (size_t i = 0; i < a->nr_services; i++)
		if (a->service[i].shape != b->service[i].shape ||
		    !same_text(a->service[i].name, b->service[i].name))
			return false;
	return true;
}
