/* The rows of objectives: what was answered of each group, read at a moment. */
#include "model/objective_private.h"

#include "base/mem.h"
#include "base/number.h"
#include "model/store_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((time_ms)60000)
#define REFRESH_MAX (5 * MINUTE)
#define OLDEST_LEAST (15 * MINUTE)
/* When the first data of a period was is asked once an hour. */
#define COVER_OLDEST (3 * 60 * MINUTE)

const char *slo_from_name(enum slo_from f)
{
	static const char *const names[] = { "recorded", "query", "store" };
	return (unsigned)f <= SLO_FROM_STORE ? names[f] : "unknown";
}

bool objective_source_answers(const struct store_source *src)
{
	return !src || src->state == SOURCE_UP || src->state == SOURCE_PARTIAL
	       || src->state == SOURCE_ASKING;
}

/* The longer the window, the less often it is asked; twice that is missed. */
time_ms objective_oldest(const struct store_source *src, time_ms span)
{
	time_ms refresh = span / 20 < REFRESH_MAX ? span / 20 : REFRESH_MAX;
	if (src && src->period > refresh)
		refresh = src->period;
	return 2 * refresh > OLDEST_LEAST ? 2 * refresh : OLDEST_LEAST;
}

/* ---- groups ------------------------------------------------------------- */

static bool is_listed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* Whether a label tells groups apart. What rules add to what they record does
 * not. */
static bool tells(const struct slo_def *d, uint32_t question, const char *name)
{
	if (strcmp(name, "__name__") == 0)
		return false;
	if (d->group)
		return is_listed(d->group, name);
	if (question_part(question) >> 4 == ASK_BUCKETS)
		return strcmp(name, "le") != 0;
	if (question_part(question) >> 4 != ASK_RECORDED)
		return true;
	return strncmp(name, "sloth_", 6) != 0 && strcmp(name, "slo") != 0
	       && !is_listed(d->own_labels, name);
}

/* The next telling label from *i on, or NULL. */
static const struct label *next_label(const struct slo_def *d,
				      const struct series *s, size_t *i)
{
	while (*i < s->labels.nr) {
		const struct label *l = &s->labels.l[(*i)++];
		if (tells(d, s->question, l->name))
			return l;
	}
	return NULL;
}

static bool same_group(const struct slo_def *d, const struct series *a,
		       const struct series *b)
{
	size_t i = 0, k = 0;
	for (;;) {
		const struct label *x = next_label(d, a, &i);
		const struct label *y = next_label(d, b, &k);
		if (!x || !y)
			return x == y;
		if (strcmp(x->name, y->name) != 0
		    || strcmp(x->value, y->value) != 0)
			return false;
	}
}

/* A value's quotes do not end it. */
static void quote(const char *value, char out[2 * SLO_GROUP])
{
	size_t n = 0;
	for (; *value && n + 3 < 2 * (size_t)SLO_GROUP; value++) {
		if (*value == '"' || *value == '\\')
			out[n++] = '\\';
		out[n++] = *value;
	}
	out[n] = '\0';
}

/* Cut between characters. */
void group_add(struct group_words *w, const char *name, const char *value)
{
	size_t room = SLO_GROUP - w->len;
	char quoted[2 * SLO_GROUP];
	quote(value, quoted);
	int n = snprintf(w->out + w->len, room, "%s%s=\"%s\"",
			 w->len ? "," : "", name, quoted);
	if (n >= 0 && (size_t)n < room) {
		w->len += (size_t)n;
		return;
	}
	w->len = SLO_GROUP - 1;
	while (w->len && ((unsigned char)w->out[w->len - 1] & 0xc0) == 0x80)
		w->len--;
	if (w->len && (unsigned char)w->out[w->len - 1] >= 0xc0)
		w->len--;
	w->out[w->len] = '\0';
	w->len = SLO_GROUP;
}

static void name_group(const struct slo_def *d, const struct series *s,
		       char out[SLO_GROUP])
{
	struct group_words w = { .out = out };
	size_t i = 0;
	const struct label *l;
	out[0] = '\0';
	while (w.len < SLO_GROUP && (l = next_label(d, s, &i)))
		group_add(&w, l->name, l->value);
}

static bool says_something(const struct series *s)
{
	return question_part(s->question) >> 4 < SLO_ASKS
	       && (s->nr > 0 || series_is_there(s));
}

/* Equal groups have equal ones. */
static size_t group_hash(const struct slo_def *d, const struct series *s)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t i = 0;
	const struct label *l;
	while ((l = next_label(d, s, &i))) {
		for (const char *c = l->name; *c; c++)
			h = (h ^ (unsigned char)*c) * 0x100000001b3u;
		h = (h ^ 0xff) * 0x100000001b3u;
		for (const char *c = l->value; *c; c++)
			h = (h ^ (unsigned char)*c) * 0x100000001b3u;
		h = (h ^ 0xfe) * 0x100000001b3u;
	}
	return (size_t)(h ^ h >> 32);
}

/* One series of each group, in the order in which they were met, and a table
 * of places by hash. The first ones are on the stack: rows are read for every
 * frame. */
#define GROUPS_NEAR 64
struct groups {
	const struct slo_def *d;
	const struct series *near[GROUPS_NEAR];
	const struct series **like;
	size_t near_slot[2 * GROUPS_NEAR];
	size_t *slot;            /* 1 + index in `like`; twice as many */
	size_t nr, cap;
};

/* Of its group, or free. */
static size_t *group_slot(const struct groups *g, const struct series *s)
{
	size_t slots = 2 * g->cap, i = group_hash(g->d, s) % slots;
	while (g->slot[i] && !same_group(g->d, g->like[g->slot[i] - 1], s))
		i = (i + 1) % slots;
	return &g->slot[i];
}

static void groups_release(struct groups *g)
{
	if (g->like == g->near)
		return;
	free(g->like);
	free(g->slot);
}

static void groups_grow(struct groups *g)
{
	struct groups old = *g;
	if (old.like == g->near)
		old.like = old.near;
	g->cap *= 2;
	g->like = mem_zero(g->cap, sizeof(*g->like));
	g->slot = mem_zero(2 * g->cap, sizeof(*g->slot));
	memcpy(g->like, old.like, old.nr * sizeof(*g->like));
	for (size_t i = 0; i < g->nr; i++)
		*group_slot(g, g->like[i]) = i + 1;
	groups_release(&old);
}

static void groups_add(struct groups *g, const struct series *s)
{
	if (*group_slot(g, s))
		return;
	if (g->nr == g->cap)
		groups_grow(g);
	g->like[g->nr] = s;
	*group_slot(g, s) = ++g->nr;
}

/* What was last seen before the longest of the windows, somewhere in the
 * budget's period, is a group that has gone: a route of an old version. */
static bool is_of_windows(const struct series *s)
{
	return (question_part(s->question) & 15u) < SLO_WINDOWS;
}

static void find_groups(const struct store_slo *s, struct groups *g)
{
	g->d = s->def;
	g->like = g->near;
	g->slot = g->near_slot;
	memset(g->near_slot, 0, sizeof(g->near_slot));
	g->nr = 0;
	g->cap = GROUPS_NEAR;
	for (size_t i = 0; i < s->nr; i++)
		if (says_something(s->series[i]) && is_of_windows(s->series[i]))
			groups_add(g, s->series[i]);
	bool none = g->nr == 0;
	for (size_t i = 0; none && i < s->nr; i++)
		if (says_something(s->series[i]))
			groups_add(g, s->series[i]);
}

static time_ms last_point(const struct series *s)
{
	return s->nr ? s->t[s->nr - 1] : TIME_NONE;
}

/* A label that tells no groups apart may have changed: then one of two has
 * ended. */
static bool is_newer(const struct series *a, const struct series *b)
{
	if (series_is_there(a) != series_is_there(b))
		return series_is_there(a);
	return last_point(a) > last_point(b);
}

/* As a shelf's series are sorted, question first. */
static int compare_place(const struct series *s, uint32_t question,
			 const struct labels *ls)
{
	if (s->question != question)
		return s->question < question ? -1 : 1;
	const struct labels *own = &s->labels;
	for (size_t i = 0; ls && i < own->nr && i < ls->nr; i++) {
		int c = strcmp(own->l[i].name, ls->l[i].name);
		if (c == 0)
			c = strcmp(own->l[i].value, ls->l[i].value);
		if (c)
			return c;
	}
	return !ls || own->nr == ls->nr ? 0 : own->nr < ls->nr ? -1 : 1;
}

/* The first that is not before; without labels the question's first. */
static size_t place_of(const struct store_slo *s, uint32_t question,
		       const struct labels *ls)
{
	size_t lo = 0, hi = s->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = compare_place(s->series[mid], question, ls);
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct series *objective_series(const struct store_slo *s,
				      const struct series *like,
				      enum slo_ask a, unsigned span)
{
	uint32_t id = question_own(QUESTION_SLO, s->index, slo_part(a, span));
	size_t i = place_of(s, id, &like->labels);
	/* Of a thousand groups one is not looked for among all. */
	if (i < s->nr && compare_place(s->series[i], id, &like->labels) == 0
	    && series_is_there(s->series[i])
	    && same_group(s->def, like, s->series[i]))
		return s->series[i];
	const struct series *best = NULL;
	for (i = place_of(s, id, NULL); i < s->nr
	     && s->series[i]->question == id; i++)
		if (same_group(s->def, like, s->series[i])
		    && (!best || is_newer(s->series[i], best)))
			best = s->series[i];
	return best;
}

/* ---- one question at a moment ------------------------------------------- */

struct reader {
	const struct store_slo *s;
	const struct series *like;
	time_ms at;
};

static uint32_t id_of(const struct reader *r, enum slo_ask a, unsigned span)
{
	return question_own(QUESTION_SLO, r->s->index, slo_part(a, span));
}

static struct slo_value instant(const struct series *x, time_ms at,
				time_ms oldest)
{
	if (!x || x->now_t == TIME_NONE || x->now_t > at
	    || at - x->now_t > oldest)
		return (struct slo_value){ false, NAN };
	return (struct slo_value){ series_is_there(x), x->now_v };
}

static struct slo_value point(const struct series *x, time_ms t)
{
	size_t i = x && x->v ? series_lower(x, t) : 0;
	if (!x || !x->v || i >= x->nr || x->t[i] != t)
		return (struct slo_value){ false, NAN };
	return (struct slo_value){ true, x->v[i] };
}

/* ---- what is slow, from buckets ------------------------------------------ */

const struct series *objective_bucket(const struct store_slo *s,
				      const struct series *like, unsigned span)
{
	return objective_series(s, like, ASK_BUCKETS, span);
}

/* Requests at or under an edge: the nearest at or under the limit, the nearest
 * at or over it, and all. */
struct edges {
	double under, under_le, over, over_le, all;
	bool any;
};

static void edges_add(struct edges *e, double le, double v, double limit)
{
	/* 0.3 as text is not 300e-3 to the last bit. */
	double slack = limit * 1e-9;
	if (isinf(le)) {
		e->all = v;
		e->any = true;
		return;
	}
	if (le <= limit + slack && le > e->under_le) {
		e->under_le = le;
		e->under = v;
	}
	if (le >= limit - slack && le < e->over_le) {
		e->over_le = le;
		e->over = v;
	}
}

struct slo_input objective_slow(const struct store_slo *s,
				const struct series *like, unsigned span,
				bool points, time_ms at, time_ms oldest,
				double *least)
{
	const struct slo_def *d = s->def;
	uint32_t id = question_own(QUESTION_SLO, s->index,
				   slo_part(ASK_BUCKETS, span));
	double unit = d->bucket_unit > 0 ? d->bucket_unit : 1;
	struct edges e = { 0, -1, NAN, INFINITY, NAN, false };
	struct slo_input in = { 0 };
	*least = NAN;
	for (size_t i = 0; i < s->nr; i++) {
		const struct series *x = s->series[i];
		const char *le = labels_get(&x->labels, "le");
		double bound;
		if (x->question != id || !le || !same_group(d, like, x)
		    || !number_parse_go(le, &bound) || isnan(bound))
			continue;
		struct slo_value v = points ? point(x, at)
					    : instant(x, at, oldest);
		if (v.there && isfinite(v.v))
			edges_add(&e, bound * unit, v.v, d->latency);
	}
	if (!e.any)
		return in;
	in.total = (struct slo_value){ true, e.all };
	in.errors = (struct slo_value){ true, fmax(0, e.all - e.under) };
	if (e.over_le > e.under_le && e.all > 0)
		*least = fmax(0, e.all - (isinf(e.over_le) ? e.all : e.over))
			 / e.all;
	return in;
}

#define NOISE 1e-6

static void not_below(struct slo_value *x, double noise)
{
	if (!x->there || !(x->v < 0))
		return;
	x->there = x->v >= -noise;
	x->v = x->there ? 0 : NAN;
}

void objective_trust(struct slo_input *in)
{
	bool errors = in->errors.there;
	double total = in->total.there ? in->total.v : 0;
	not_below(&in->errors, total > 0 ? NOISE * total : NOISE);
	in->errors.there = errors;
	not_below(&in->total, 0);
	not_below(&in->ratio, NOISE);
	not_below(&in->recorded, NOISE);
}

/* Where the errors were not asked for, or not answered, nobody knows that
 * there are none. */
static void doubt(struct slo_input *in, bool known)
{
	if (!known && !in->errors.there && !in->ratio.there
	    && !in->recorded.there)
		in->total.there = false;
}

static bool is_fresh(time_ms told, time_ms at, time_ms oldest)
{
	return told != TIME_NONE && told <= at && at - told <= oldest;
}

/* The instants over a span. */
static struct slo_input instants(const struct reader *r, unsigned span,
				 time_ms oldest)
{
	struct slo_value v[ASKS];
	double least;
	if (r->s->def->buckets)
		return objective_slow(r->s, r->like, span, false, r->at, oldest,
				      &least);
	for (int a = 0; a < ASKS; a++)
		v[a] = instant(objective_series(r->s, r->like, (enum slo_ask)a,
						span), r->at, oldest);
	struct slo_input in = { v[ASK_ERRORS], v[ASK_TOTAL], v[ASK_RATIO],
				v[ASK_RECORDED] };
	time_ms told = store_answered(r->s->source,
				      id_of(r, ASK_ERRORS, span));
	doubt(&in, is_fresh(told, r->at, oldest));
	objective_trust(&in);
	return in;
}

/* ---- a window as points of the charts ----------------------------------- */

struct lines {
	const struct slo_def *d;
	time_ms span;
	const struct series *of[ASKS];
	bool errors_known;
	/* of buckets: */
	const struct store_slo *s;
	const struct series *like, *bucket;
	enum slo_window w;
};

static struct lines lines_of(const struct store_slo *s,
			     const struct series *like, enum slo_window w)
{
	struct lines l = { .d = s->def, .span = slo_spans[w], .s = s,
			   .like = like, .w = w };
	if (s->def->buckets)
		l.bucket = objective_bucket(s, like, w);
	uint32_t errors = question_own(QUESTION_SLO, s->index,
				       slo_part(ASK_ERRORS, w));
	for (int a = 0; a < ASKS; a++)
		l.of[a] = objective_series(s, like, (enum slo_ask)a, w);
	l.errors_known = store_ranged(s->source, errors) != TIME_NONE;
	return l;
}

static struct slo_input lines_at(const struct lines *l, time_ms t)
{
	double least;
	if (l->bucket)
		return objective_slow(l->s, l->like, l->w, true, t, 0, &least);
	struct slo_input in = {
		point(l->of[ASK_ERRORS], t), point(l->of[ASK_TOTAL], t),
		point(l->of[ASK_RATIO], t), point(l->of[ASK_RECORDED], t),
	};
	doubt(&in, l->errors_known);
	objective_trust(&in);
	return in;
}

static double burn_at(const struct lines *l, time_ms t)
{
	struct slo_reading out;
	struct slo_input in = lines_at(l, t);
	slo_read_window(l->d, l->span, &in, &out);
	return out.burn;
}

/* The series whose points are walked: without it there is no reading. */
static const struct series *lead_of(const struct lines *l)
{
	static const enum slo_ask order[] = { ASK_RECORDED, ASK_TOTAL,
					      ASK_RATIO };
	for (size_t i = 0; i < 3; i++)
		if (l->of[order[i]] && l->of[order[i]]->nr)
			return l->of[order[i]];
	return l->bucket && l->bucket->nr ? l->bucket : NULL;
}

/* The newest point at or before `at` that is not too old, or TIME_NONE. */
static time_ms newest_point(const struct lines *l, const struct store_source *s,
			    time_ms at)
{
	const struct series *lead = lead_of(l);
	size_t k = lead ? series_lower(lead, at + 1) : 0;
	time_ms step = s && s->step > MINUTE ? s->step : MINUTE;
	time_ms oldest = step + (s ? s->period : 0);
	return k && at - lead->t[k - 1] <= oldest ? lead->t[k - 1] : TIME_NONE;
}

/* ---- windows ------------------------------------------------------------ */

/* The newest moment of which any part of a window was told. */
static time_ms told_at(const struct reader *r, unsigned span)
{
	time_ms best = TIME_NONE;
	for (int a = 0; a < SLO_ASKS; a++) {
		time_ms t = store_answered(r->s->source,
					   id_of(r, (enum slo_ask)a, span));
		if (t > best)
			best = t;
	}
	return best;
}

/* An instant that is newer than the moment is of a future that is not looked
 * at: then what the charts have. Returns of when it is. */
static time_ms read_window(const struct reader *r, enum slo_window w,
			   struct slo_reading *out)
{
	time_ms oldest = objective_oldest(r->s->source, slo_spans[w]);
	time_ms told = told_at(r, w);
	struct slo_input in = { 0 };
	if (is_fresh(told, r->at, oldest)) {
		in = instants(r, w, oldest);
	} else if (w == SLO_5M || w == SLO_1H) {
		struct lines l = lines_of(r->s, r->like, w);
		told = newest_point(&l, r->s->source, r->at);
		if (told != TIME_NONE)
			in = lines_at(&l, told);
	} else {
		told = TIME_NONE;
	}
	slo_read_window(r->s->def, slo_spans[w], &in, out);
	if (r->s->def->buckets)
		objective_slow(r->s, r->like, w, false, r->at, oldest,
			       &out->ratio_least);
	return told;
}

/* One that is asked for and that its source does not know is none of its
 * questions. */
static bool is_known(const struct store_slo *s)
{
	const struct catalog *c = s->source ? s->source->catalog : NULL;
	return c && s->index < c->nr_slos && s->def == &c->slo[s->index];
}

static bool was_answered(const struct store_slo *s)
{
	struct reader r = { .s = s };
	if (!is_known(s))
		return false;
	for (unsigned span = 0; span < SLO_SPANS; span++)
		for (int a = 0; a < SLO_ASKS; a++) {
			uint32_t id = id_of(&r, (enum slo_ask)a, span);
			if (store_answered(s->source, id) != TIME_NONE
			    || store_ranged(s->source, id) != TIME_NONE)
				return true;
		}
	return false;
}

/* ---- the budget --------------------------------------------------------- */

/* Seconds of the period that data spans; NAN: nobody said. */
static double coverage(const struct reader *r, time_ms span,
		       const struct slo_cell *cell, size_t nr)
{
	for (int a = ASK_TOTAL; a < SLO_ASKS; a++) {
		struct slo_value first =
			instant(objective_series(r->s, r->like,
						 (enum slo_ask)a,
						 SLO_SPAN_COVER),
				r->at, COVER_OLDEST);
		if (first.there && isfinite(first.v))
			return fmax(0, fmin((double)span,
					    (double)r->at - first.v * 1000))
			       / 1000;
	}
	size_t i = 0;
	while (i < nr && isnan(cell[i].total))
		i++;
	if (i == nr)
		return NAN;
	time_ms since = r->at - cell[i].at + slo_cell(r->s->def);
	return (double)(since < span ? since : span) / 1000;
}

/* The server has counted them: bad ones, or the sum of their ratios. */
static void slices_counted(const struct slo_def *d, const struct slo_input *in,
			   double covered, struct slo_budget *out)
{
	double total = in->total.v;
	double bad = in->errors.there ? in->errors.v : 0;
	double budget = slo_error_budget(d);
	bool known = total > 0 && budget > 0 && isfinite(bad);
	*out = (struct slo_budget){
		.remaining = known ? 1 - bad / total / budget : NAN,
		.coverage_s = covered,
		.failures_left = known ? (budget * total - bad) / (1 - budget)
				       : NAN,
		.bad = bad, .total = total,
	};
}

static void read_budget(const struct reader *r, time_ms span,
			const struct slo_cell *cell, size_t nr,
			struct slo_budget *out)
{
	const struct slo_def *d = r->s->def;
	struct slo_input in = { 0 };
	double covered = coverage(r, span, cell, nr);
	in = instants(r, SLO_SPAN_PERIOD,
		      objective_oldest(r->s->source, span));
	if (d->method != SLO_OCCURRENCES && in.total.there) {
		slices_counted(d, &in, covered, out);
		return;
	}
	if (in.total.there || in.ratio.there) {
		slo_read_budget(d, span, &in, covered, out);
		return;
	}
	slo_budget_of_slices(d, cell, nr, out);
	if (!(out->coverage_s <= (double)span / 1000))
		out->coverage_s = covered;
}

/* ---- the row ------------------------------------------------------------ */

static bool is_of_charts(const struct slo_tier *t)
{
	return (t->brief == SLO_5M || t->brief == SLO_1H)
	       && (t->lasting == SLO_5M || t->lasting == SLO_1H);
}

static const struct slo_tier *worst_tier(const struct slo_row *r)
{
	const struct slo_tier *worst = NULL;
	for (size_t i = 0; i < SLO_TIERS; i++) {
		const struct slo_tier *t = &r->tier[i];
		if (t->firing && t->armed && (!worst || t->page > worst->page))
			worst = t;
	}
	return worst;
}

/* Where the trailing run of points in which the tier fires began; unknown when
 * that was before `from`, or where no chart has its windows. */
static time_ms firing_since(const struct slo_row *r, time_ms from, time_ms at)
{
	const struct slo_tier *t = worst_tier(r);
	if (!t || !is_of_charts(t) || !r->like)
		return TIME_NONE;
	struct lines brief = lines_of(r->slo, r->like, t->brief);
	struct lines lasting = lines_of(r->slo, r->like, t->lasting);
	const struct series *lead = lead_of(&brief);
	time_ms since = TIME_NONE;
	bool quiet_before = false;
	for (size_t i = lead ? series_lower(lead, from) : 0;
	     lead && i < lead->nr && lead->t[i] <= at; i++) {
		double a = burn_at(&brief, lead->t[i]);
		double b = burn_at(&lasting, lead->t[i]);
		bool fires = a > t->factor && b > t->factor;
		if (isnan(a) || isnan(b))
			continue;
		quiet_before |= !fires;
		if (!fires)
			since = TIME_NONE;
		else if (since == TIME_NONE && quiet_before)
			since = lead->t[i];
	}
	return since;
}

/* The short window of a page alone is over: it began, or it is ending. That of
 * a ticket is hours long and tells of what was. */
static bool leans(const struct slo_row *r)
{
	for (int i = 0; i < SLO_TIERS; i++)
		if (r->tier[i].page && r->tier[i].armed &&
		    r->tier[i].burn_brief > r->tier[i].factor)
			return true;
	return false;
}

static enum service_state state_of(const struct slo_row *r)
{
	bool promised = !r->def->implicit;
	if (!objective_source_answers(r->source))
		return STATE_STALE;
	switch (r->verdict) {
	case SLO_PAGE:
		return promised ? STATE_PAGE : STATE_CRIT;
	case SLO_TICKET:
		return promised ? STATE_TICKET : STATE_WARN;
	case SLO_VERDICT_NODATA:
		return STATE_NODATA;
	case SLO_VERDICT_NOTRAFFIC:
		return STATE_NOTRAFFIC;
	case SLO_FINE:
		break;
	}
	return leans(r) ? STATE_WARN : STATE_OK;
}

static const struct slo_reading no_reading = {
	.state = SLO_NODATA, .err_per_s = NAN, .total_per_s = NAN,
	.error_ratio = NAN, .burn = NAN, .ratio_least = NAN, .total = NAN,
};

static void row_init(struct slo_row *r, const struct store_slo *s, time_ms at)
{
	*r = (struct slo_row){
		.def = s->def, .source = s->source, .slo = s,
		.name = s->def->service, .from = SLO_FROM_QUERY,
		.budget = { NAN, NAN, NAN, NAN, NAN },
		.exhaustion = { NAN, NAN, NAN },
		.since = TIME_NONE, .at = at,
	};
	for (int w = 0; w < SLO_WINDOWS; w++)
		r->window[w] = no_reading;
}

static time_ms period_of(struct slo_row *r, time_ms at)
{
	time_ms to;
	struct err e;
	if (slo_bounds(r->def, at, &r->period_from, &to, &e) < 0) {
		r->period_from = at - r->def->period;
		r->fault = "its time zone is not known on this machine";
	}
	return at - r->period_from;
}

/* What follows from the windows. */
static void conclude(struct slo_row *r, time_ms from, time_ms at)
{
	slo_read_tiers(r->def, r->window, r->tier);
	r->verdict = slo_judge(r->window, r->tier);
	r->state = state_of(r);
	r->since = firing_since(r, from, at);
}

static void read_group(struct slo_row *r, const struct store_slo *s,
		       const struct series *like, time_ms at, time_ms from)
{
	struct reader rd = { s, like, at };
	struct cells c;
	row_init(r, s, at);
	r->like = like;
	name_group(s->def, like, r->group);
	for (int w = 0; w < SLO_WINDOWS; w++) {
		time_ms t = read_window(&rd, (enum slo_window)w,
					&r->window[w]);
		if (w == SLO_5M && t != TIME_NONE)
			r->at = t;
		if (r->window[w].recorded)
			r->from = SLO_FROM_RECORDED;
	}
	r->age = at - r->at;
	time_ms span = period_of(r, at);
	objective_cells(s, like, at - s->def->period, at, &c);
	const struct slo_cell *cell = c.cell;
	size_t past = 0, nr = c.nr;
	while (past < nr && cell[past].at <= r->period_from)
		past++;
	read_budget(&rd, span, past < nr ? cell + past : NULL, nr - past,
		    &r->budget);
	slo_read_exhaustion(r->def, &r->window[SLO_1H], &r->budget, cell, nr,
			    at, &r->exhaustion);
	cells_release(&c);
	conclude(r, from, at);
}

static void read_store(struct slo_row *r, const struct service *service,
		       time_ms at, time_ms from)
{
	time_ms span = period_of(r, at);
	r->from = SLO_FROM_STORE;
	r->service = service;
	time_ms t = objective_from_store(r->def, service, at, span, r->window,
					 &r->budget);
	if (t != TIME_NONE)
		r->at = t;
	r->age = at - r->at;
	slo_read_exhaustion(r->def, &r->window[SLO_1H], &r->budget, NULL, 0,
			    at, &r->exhaustion);
	conclude(r, from, at);
}

/* Nobody answers its questions in any group. */
static void read_alone(struct slo_row *r, const struct store *st,
		       const struct store_slo *s, time_ms at, time_ms from)
{
	const struct slo_def *d = s->def;
	bool answered = was_answered(s);
	const struct service *service =
		answered || !d->service ? NULL
			: objective_service(st, s->source, d->service);
	row_init(r, s, at);
	if (service && objective_can_use(d, service)) {
		read_store(r, service, at, from);
		return;
	}
	period_of(r, at);
	conclude(r, from, at);
	if (answered)
		return;
	r->asking = s->source && s->source->state == SOURCE_ASKING;
	if (!r->asking && !r->fault)
		r->fault = d->service && !service
			   ? "its service is not known here"
			   : "nobody answers its queries";
}

size_t slo_rows(const struct store *st, const struct store_slo *s, time_ms at,
		time_ms from, struct slo_row *out, size_t max)
{
	struct groups g;
	find_groups(s, &g);
	size_t nr = g.nr;
	if (nr == 0 && max > 0)
		read_alone(&out[0], st, s, at, from);
	for (size_t i = 0; i < nr && i < max; i++)
		read_group(&out[i], s, g.like[i], at, from);
	groups_release(&g);
	return nr ? nr : 1;
}

void slo_row_of_service(const struct red_row *r, struct slo_row *out)
{
	static const struct slo_def implied = {
		.id = "availability", .objective = 0.999,
		.period = (time_ms)30 * 24 * 60 * MINUTE, .implicit = true,
	};
	struct store_slo none = { .def = &implied,
				  .source = r->service->source };
	row_init(out, &none, r->at);
	out->slo = NULL;
	out->name = r->service->name;
	out->service = r->service;
	out->from = SLO_FROM_STORE;
	out->age = r->age;
	out->asking = r->asking;
	out->period_from = r->at - implied.period;
	const double burn[] = { r->burn_5m, r->burn_1h };
	const enum slo_window of[] = { SLO_5M, SLO_1H };
	for (size_t i = 0; i < 2; i++) {
		struct slo_reading *w = &out->window[of[i]];
		w->from_store = true;
		w->burn = burn[i];
		w->error_ratio = burn[i] * (1 - r->objective);
		w->state = !isnan(burn[i]) ? SLO_IS_OK
			   : r->rate == 0 ? SLO_NOTRAFFIC : SLO_NODATA;
	}
	slo_read_tiers(out->def, out->window, out->tier);
	out->verdict = slo_judge(out->window, out->tier);
	/* The row of the table has judged already. */
	out->state = r->state;
	out->since = r->since;
}

static double order_burn(const struct slo_row *r)
{
	double b = fmin(r->window[SLO_5M].burn, r->window[SLO_1H].burn);
	return isnan(b) ? -1 : b;
}

static double order_left(const struct slo_row *r)
{
	return isnan(r->budget.remaining) ? INFINITY : r->budget.remaining;
}

int slo_row_compare(const void *a, const void *b)
{
	const struct slo_row *x = a, *y = b;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (order_burn(x) != order_burn(y))
		return order_burn(x) > order_burn(y) ? -1 : 1;
	if (order_left(x) != order_left(y))
		return order_left(x) < order_left(y) ? -1 : 1;
	int c = strcmp(x->def->id, y->def->id);
	return c ? c : strcmp(x->group, y->group);
}

/* ---- charts ------------------------------------------------------------- */

void column_put(struct column *c, double v)
{
	if (isnan(v))
		return;
	c->mean = c->nr ? c->mean + (v - c->mean) / (double)(c->nr + 1) : v;
	c->min = fmin(c->min, v);
	c->max = fmax(c->max, v);
	c->nr++;
}

/* A service burns against its own objective: this one allows another share. */
static void columns_of_service(const struct slo_row *r, enum slo_window w,
			       time_ms from, time_ms span, struct column *out,
			       size_t columns)
{
	struct red_row own;
	enum measure m = w == SLO_5M ? M_BURN_5M : M_BURN_1H;
	service_row(r->service, r->at, NULL, &own);
	double scale = (1 - own.objective) / slo_error_budget(r->def);
	service_columns(r->service, m, from, span, out, columns);
	for (size_t i = 0; i < columns; i++) {
		out[i].min *= scale;
		out[i].max *= scale;
		out[i].mean *= scale;
	}
}

void slo_columns(const struct slo_row *r, enum slo_window w, time_ms from,
		 time_ms span, struct column *out, size_t columns)
{
	time_ms to = from + (time_ms)columns * span;
	for (size_t i = 0; i < columns; i++)
		out[i] = (struct column){ INFINITY, -INFINITY, NAN, 0 };
	if (w != SLO_5M && w != SLO_1H)
		return;
	if (r->service && r->def->latency <= 0)
		columns_of_service(r, w, from, span, out, columns);
	if (!r->slo || !r->like)
		return;
	struct lines l = lines_of(r->slo, r->like, w);
	const struct series *lead = lead_of(&l);
	for (size_t i = lead ? series_lower(lead, from) : 0;
	     lead && i < lead->nr && lead->t[i] < to; i++)
		column_put(&out[(lead->t[i] - from) / span],
			   burn_at(&l, lead->t[i]));
}
