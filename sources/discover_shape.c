/* The words of a shape's questions, and its services. */
#include "sources/discover_parts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/promql.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define MAX_MATCHER 8000 /* bytes that tell jobs apart */

/* Jobs that have these metrics but were given another family or shape. */
static void list_others(const struct discover *d, const struct pick *p,
			size_t nr, struct words *l)
{
	const char *names[] = { p->rate, p->errors, p->c->bucket };
	struct words all = { 0 };
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i])
			discover_jobs(d, names[i], &all);
	for (size_t i = 0; i < all.nr; i++) {
		bool ours = false;
		for (size_t k = 0; k < nr && !ours; k++)
			ours = strcmp(p[k].job, all.word[i]) == 0;
		if (!ours)
			words_add(l, all.word[i]);
	}
	free(all.word);
}

/* The shorter of "these jobs" and "not those"; nothing where none is else. */
static char *job_matcher(struct discover *d, const struct pick *p, size_t nr)
{
	struct words others = { 0 }, ours = { 0 };
	struct buf in, out;
	buf_init(&in, 0);
	buf_init(&out, 0);
	list_others(d, p, nr, &others);
	for (size_t i = 0; i < nr; i++)
		words_add(&ours, p[i].job);
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

/* `LABEL=` at the beginning of a matcher: it has one value. */
static bool is_pinned(const char *keep, const char *label)
{
	size_t n = strlen(label);
	return keep && strncmp(keep, label, n) == 0 && keep[n] == '=';
}

/* `first, route, http_route, ...` without what is told apart already. */
static char *route_words(struct arena *a, const struct pick *p,
			 const char *first, const char *keep)
{
	struct buf b;
	buf_init(&b, 0);
	if (first)
		promql_label(&b, first);
	for (size_t i = 0; route_labels[i]; i++) {
		const char *l = route_labels[i];
		if (strcmp(l, p->service) == 0 || is_pinned(keep, l) ||
		    (p->status && strcmp(l, p->status) == 0))
			continue;
		buf_printf(&b, "%s%s", b.len ? ", " : "", l);
	}
	char *text = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return text;
}

/* Of the one service whose page is open. */
static const char *word_routes(const struct wording *w, const struct pick *p,
			       const char *agg, const char *first,
			       const char *before, const char *name,
			       const char *keep, const char *after)
{
	bool job = !pick_own_label(p); /* which tells more than `jobs` */
	struct buf b, of;
	buf_init(&b, 0);
	buf_init(&of, 0);
	promql_label(&of, p->service);
	buf_str(&of, "=$__service");
	const char *m[] = { keep, w->exclude, job ? NULL : w->jobs, w->match,
			    of.s };
	buf_printf(&b, "%s by (%s, %s) (%s", agg, buf_text(&w->by),
		   route_words(w->arena, p, first, keep), before);
	promql_selector(&b, name, m, COUNT(m));
	buf_printf(&b, "%s)", after);
	const char *text = arena_strdup(w->arena, b.s);
	buf_release(&of);
	buf_release(&b);
	return text;
}

static void ask_routes(const struct wording *w, const struct pick *p,
		       const char **q)
{
	const char *name = p->errors ? p->errors : p->rate;
	const char *keep = p->errors ? p->keep_errors : p->keep_rate;
	const char *status = p->errors ? p->status : NULL;
	bool native = p->method == METHOD_NATIVE && name == p->c->bare;
	q[RED_ROUTES] = native ?
		word_routes(w, p, "sum", status, "histogram_count(rate(", name,
			    keep, RATE_WINDOW ")") :
		word_routes(w, p, "sum", status, "rate(", name, keep,
			    RATE_WINDOW);
	if (p->method != METHOD_HISTOGRAM)
		return;
	q[RED_ROUTE_BUCKETS] = p->vmrange ?
		word_routes(w, p, "prometheus_buckets(sum", "vmrange", "rate(",
			    p->c->bucket, p->keep_rate, RATE_WINDOW ")") :
		word_routes(w, p, "sum", "le", "rate(", p->c->bucket,
			    p->keep_rate, RATE_WINDOW);
}

/* Of those jobs that have such a metric. */
static void ask_version(struct discover *d, const struct pick *p, size_t nr,
			const struct wording *w, const char **q)
{
	struct words names = { 0 }, jobs = { 0 };
	struct buf b, job;
	for (size_t i = 0; i < d->builds && !pick_own_label(p); i++)
		for (size_t k = 0; k < nr; k++) {
			size_t rows;
			discover_rows(d, LEG_LABELS, d->build[i], p[k].job,
				      &rows);
			if (rows) {
				words_add(&names, d->build[i]);
				words_add(&jobs, p[k].job);
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
	ask_routes(&w, p, sh->question);
	ask_version(d, p, nr, &w, sh->question);
	buf_release(&w.by);
}

struct shape discover_shape(struct discover *d, const struct pick *p,
			       size_t nr, struct arena *a)
{
	const struct candidate *c = p->c;
	bool durations = c->base && p->rate == candidate_main(c);
	struct shape sh = {
		.label = copy(a, p->service),
		.metric = copy(a, durations ? c->base : p->rate),
		.error_metric = copy(a, p->errors),
		.status_label = copy(a, p->errors ? p->status : NULL),
		.status = p->errors ? p->kind : STATUS_NONE,
		.layer = pick_layer(p), .unit = p->unit,
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
		buckets += discover_total(d, LEG_BUCKETS, c->bucket, p[i].job);
	sh.visible_only = buckets > DISCOVER_MANY_BUCKETS;
	ask_all(d, p, nr, a, &sh);
	return sh;
}

bool discover_same_questions(const struct shape *a, const struct shape *b)
{
	for (int r = 0; r < RED_ROLES; r++)
		if (!discover_same_text(a->question[r], b->question[r]))
			return false;
	return discover_same_text(a->label, b->label);
}

void discover_number(struct shape *sh, size_t nr,
			  const struct catalog *before)
{
	uint32_t next = 1;
	for (size_t i = 0; before && i < before->nr_shapes; i++)
		if (before->shape[i].id >= next)
			next = before->shape[i].id + 1;
	for (size_t i = 0; i < nr; i++) {
		sh[i].id = 0;
		for (size_t k = 0; before && k < before->nr_shapes; k++)
			if (discover_same_questions(&sh[i], &before->shape[k]))
				sh[i].id = before->shape[k].id;
		if (!sh[i].id)
			sh[i].id = next++;
	}
}

/* ---- services -------------------------------------------------------- */

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

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

void services_add(struct discover *d, const struct pick *p, size_t nr,
			 const struct shape *sh, struct services *out)
{
	if (!pick_own_label(p)) {
		for (size_t i = 0; i < nr; i++)
			add_service(out, sh->id, p[i].job);
		return;
	}
	struct words values = { 0 };
	for (size_t i = 0; i < nr; i++) {
		size_t rows;
		const struct row *r = discover_rows(d, LEG_LABELS, p->rate,
						p[i].job, &rows);
		for (size_t k = 0; k < rows; k++)
			if (is_kept(&r[k], p->keep_rate))
				words_add(&values, labels_get(&r[k].labels,
							     p->service));
	}
	if (values.nr)
		qsort(values.word, values.nr, sizeof(*values.word),
		      compare_text);
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
void services_name(struct services *s, const struct shape *sh,
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

