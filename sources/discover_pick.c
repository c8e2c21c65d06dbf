/* What the metrics of a job say: the method, the status, the service, and
 * which of several families is the one to show. */
#include "sources/discover_parts.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MAX_VALUES 64 /* of a status label that are looked at */

static bool is_native(const struct discover *d, const char *name,
		      const char *job)
{
	size_t nr;
	const struct row *r = discover_rows(d, LEG_NOW, name, job, &nr);
	return nr > 0 && r->native;
}

/* ---- judging one family of one job ------------------------------------ */

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
	const struct row *r = discover_rows(d, LEG_LABELS, name, p->job, &nr);
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
	const struct row *r = discover_rows(d, LEG_LABELS, name, p->job, &nr);
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
	const struct row *r = discover_rows(d, LEG_LABELS, p->rate, p->job,
					    &nr);
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
	const struct row *r = discover_rows(d, LEG_LABELS, p->c->bare, p->job,
					    &nr);
	for (size_t i = 0; i < nr; i++)
		if (labels_get(&r[i].labels, "quantile"))
			return true;
	return false;
}

static void find_method(struct discover *d, struct pick *p)
{
	const struct candidate *c = p->c;
	p->vmrange = discover_total(d, LEG_RANGES, c->bucket, p->job) > 0;
	if (discover_total(d, LEG_BUCKETS, c->bucket, p->job) > 0 &&
	    (!p->vmrange || d->victoria))
		p->method = METHOD_HISTOGRAM;
	else if (is_native(d, c->bare, p->job))
		p->method = METHOD_NATIVE;
	else if (has_quantiles(d, p))
		p->method = METHOD_SUMMARY;
	else
		p->note = p->vmrange ? "buckets by vmrange: not for PromQL"
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
	const struct row *r = discover_rows(d, LEG_BOUNDS, p->c->bucket,
					    p->job, &nr);
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
	const struct scrape *s = discover_scrape(d, p->job);
	p->interval = interval_scrape(s ? &s->counts : &none,
				      &p->interval_guessed);
}

static double activity(const struct discover *d, const char *name,
		       const char *job)
{
	double v = discover_total(d, LEG_NOW, name, job) -
		   discover_total(d, LEG_BEFORE, name, job);
	return v > 0 ? v : 0;
}

/* False: this family says nothing about this job. */
static bool judge(struct discover *d, const struct candidate *c,
		  const char *job, struct pick *p)
{
	size_t nr;
	*p = (struct pick){ .c = c, .job = job, .service = "job" };
	const char *name = candidate_main(c);
	discover_rows(d, LEG_LABELS, name, job, &nr);
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
			discover_rows(d, LEG_LABELS, c->counter[i], job, &nr);
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

bool pick_own_label(const struct pick *p)
{
	return strcmp(p->service, "job") != 0;
}

enum layer pick_layer(const struct pick *p)
{
	return p->c->family ? p->c->family->layer : LAYER_APP;
}


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
		return p->c->base && p->rate == candidate_main(p->c);
	}
}

/* Two families that describe the same services: one of them is shown. A
 * proxy's job may carry an application's own requests besides. */
static bool rivals(const struct pick *a, const struct pick *b)
{
	if (strcmp(a->job, b->job) != 0)
		return false;
	if (pick_own_label(a) != pick_own_label(b))
		return !a->c->family || !b->c->family ||
		       pick_layer(a) == pick_layer(b);
	return !pick_own_label(a) || pick_layer(a) == pick_layer(b);
}

/* > 0: a is the better one. */
static int prefer(const struct pick *a, const struct pick *b)
{
	if (pick_own_label(a) != pick_own_label(b))
		return pick_own_label(a) - pick_own_label(b);
	if (method_rank(a) != method_rank(b))
		return method_rank(a) - method_rank(b);
	if (pick_own_label(a) && a->c->order != b->c->order)
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

static void all_jobs(const struct discover *d, const struct candidate *c,
		     struct words *l)
{
	discover_jobs(d, candidate_main(c), l);
	for (size_t i = 0; i < c->counters; i++)
		discover_jobs(d, c->counter[i], l);
}

static struct picks judge_all(struct discover *d)
{
	struct picks all = { 0 };
	for (size_t i = 0; i < d->candidates; i++) {
		struct words jobs = { 0 };
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
			if (a->c != b->c || a->interval >= b->interval ||
			    !pick_own_label(a) || !pick_own_label(b))
				continue;
			a->interval = b->interval;
			a->interval_guessed = b->interval_guessed;
		}
}

static int compare_maybe(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* By everything that changes the words of a question. */
int pick_compare(const struct pick *a, const struct pick *b)
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
	int c = pick_compare(a, b);
	return c ? c : strcmp(((const struct pick *)a)->job,
			      ((const struct pick *)b)->job);
}

struct picks discover_pick(struct discover *d)
{
	struct picks all = judge_all(d);
	choose(&all);
	slowest_interval(&all);
	if (all.nr)
		qsort(all.pick, all.nr, sizeof(*all.pick), compare_picks);
	return all;
}
