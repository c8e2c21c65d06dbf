#include "sources/prom_own.h"

#include "base/limits.h"
#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_MAX ((time_ms)300000)
#define COVER_EVERY ((time_ms)3600000)
#define COVER_STEPS 8640
#define COVER_LEAST ((time_ms)300000)
#define OWN_ITEMS 16
#define OWN_BYTES ((size_t)8000)
/* Of a range of one question: what is asked together shares an answer. */
#define OWN_POINTS 20000

/* ---- what is due -------------------------------------------------------- */

static bool is_before(const struct prom_answered_at *a, uint32_t id, bool range)
{
	return a->id != id ? a->id < id : a->range < range;
}

static size_t place_of(const struct prom_due *d, uint32_t id, bool range)
{
	size_t lo = 0, hi = d->nr;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (is_before(&d->of[mid], id, range))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static time_ms answered_at(const struct prom_due *d, uint32_t id, bool range)
{
	size_t i = place_of(d, id, range);
	return i < d->nr && d->of[i].id == id && d->of[i].range == range
		       ? d->of[i].at : TIME_NONE;
}

void prom_due_note(struct prom_due *d, uint32_t id, bool range, time_ms at)
{
	size_t i = place_of(d, id, range);
	if (i == d->nr || d->of[i].id != id || d->of[i].range != range) {
		MEM_ROOM(d->of, d->nr, d->cap);
		memmove(d->of + i + 1, d->of + i,
			(d->nr++ - i) * sizeof(*d->of));
	}
	d->of[i] = (struct prom_answered_at){ id, range, at };
}

void prom_due_clear(struct prom_due *d)
{
	free(d->of);
	*d = (struct prom_due){ 0 };
}

time_ms prom_own_refresh(time_ms span, time_ms period)
{
	time_ms t = span / 20;
	if (t > REFRESH_MAX)
		t = REFRESH_MAX;
	return t > period ? t : period;
}

static bool is_due(const struct prom_own_ask *ask, uint32_t id, time_ms every)
{
	time_ms at = answered_at(ask->due, id, false);
	/* A poll comes a little early or late. */
	return ask->all || at == TIME_NONE
	       || ask->at - at > every - ask->period / 2;
}

/* ---- words -------------------------------------------------------------- */

/* `$name` and `[$name]` alike. */
static void put_spans(struct buf *out, const char *text, const char *name,
		      const char *span)
{
	size_t n = strlen(name);
	for (; *text; text++) {
		if (strncmp(text, name, n) != 0) {
			buf_char(out, *text);
			continue;
		}
		buf_str(out, span);
		text += n - 1;
	}
}

static char *worded(const char *text, const char *name, time_ms span)
{
	char duration[TIME_TEXT];
	struct buf b;
	buf_init(&b, 0);
	put_spans(&b, text, name, time_duration(span, duration));
	return b.s ? b.s : mem_strdup("");
}

/* Rules record the usual windows, and now. */
static const char *past_of(const struct slo_def *d, int a)
{
	const char *const texts[SLO_ASKS] = { d->errors, d->total, d->ratio,
					      NULL, d->buckets };
	return texts[a];
}

static const char *text_of(const struct slo_def *d, enum slo_ask a)
{
	const char *const texts[SLO_ASKS] = { d->errors, d->total, d->ratio,
					      d->recorded, d->buckets };
	return texts[a];
}

/* ---- packing ------------------------------------------------------------ */

static bool same_when(const struct range_plan *a, const struct range_plan *b)
{
	return a->from == b->from && a->to == b->to && a->step == b->step;
}

static time_ms points_of(const struct range_plan *when)
{
	return (when->to - when->from) / when->step + 1;
}

static struct prom_own_pack *pack_for(struct prom_own *out, size_t first,
				      const struct range_plan *when,
				      size_t bytes)
{
	for (size_t i = first; i < out->nr; i++) {
		struct prom_own_pack *p = &out->of[i];
		if (p->range != (when != NULL) || p->pack.nr >= OWN_ITEMS
		    || p->pack.bytes + bytes > OWN_BYTES)
			continue;
		if (!when)
			return p;
		time_ms points = points_of(when) * ((time_ms)p->pack.nr + 1);
		if (same_when(&p->when, when) && points <= OWN_POINTS)
			return p;
	}
	MEM_ROOM(out->of, out->nr, out->cap);
	struct prom_own_pack *p = &out->of[out->nr++];
	*p = (struct prom_own_pack){ .range = when != NULL };
	if (when)
		p->when = *when;
	return p;
}

/* Takes the text. */
static void add(struct prom_own *out, size_t first, uint32_t id, char *text,
		const struct range_plan *when)
{
	struct prom_own_pack *p = pack_for(out, first, when, strlen(text));
	MEM_ROOM(p->pack.item, p->pack.nr, p->pack.cap);
	p->pack.item[p->pack.nr++] = (struct prom_item){ .id = id,
							 .text = text,
							 .series = 1 };
	p->pack.bytes += strlen(text) + 60;
}

void prom_own_release(struct prom_own *o)
{
	for (size_t i = 0; i < o->nr; i++)
		prom_pack_release(&o->of[i].pack);
	free(o->of);
	*o = (struct prom_own){ 0 };
}

/* ---- objectives --------------------------------------------------------- */

struct planning {
	struct prom_own *out;
	size_t first;            /* pack of this stage */
	const struct prom_own_ask *ask;
	const struct slo_def *d;
	size_t index;
};

/* Nobody promised it: only while it is looked at, and not over weeks. */
static bool is_wanted(const struct planning *p)
{
	return p->ask->implied || !p->d->implicit;
}

static void ask_instant(struct planning *p, enum slo_ask a, unsigned span,
			time_ms window, time_ms every)
{
	const char *text = text_of(p->d, a);
	uint32_t id = question_own(QUESTION_SLO, p->index, slo_part(a, span));
	if (text && is_due(p->ask, id, every))
		add(p->out, p->first, id, worded(text, "$window", window),
		    NULL);
}

static void ask_window(struct planning *p, enum slo_window w)
{
	time_ms span = slo_spans[w];
	time_ms every = prom_own_refresh(span, p->ask->period);
	if (!is_wanted(p) || (p->d->implicit && w > SLO_1D))
		return;
	for (int a = 0; a < SLO_ASKS; a++)
		ask_instant(p, (enum slo_ask)a, w, span, every);
}

static void ask_chart(struct planning *p, enum slo_window w)
{
	const struct range_plan *when = p->ask->chart;
	if (!is_wanted(p) || !when)
		return;
	bool alone = !p->d->errors && !p->d->ratio && !p->d->buckets;
	for (int a = 0; a < SLO_ASKS; a++) {
		const char *text = alone ? text_of(p->d, (enum slo_ask)a)
					 : past_of(p->d, a);
		if (text)
			add(p->out, p->first,
			    question_own(QUESTION_SLO, p->index,
					 slo_part((enum slo_ask)a, w)),
			    worded(text, "$window", slo_spans[w]), when);
	}
}

/* What the period has had so far: all of it unless a calendar says else. */
static time_ms elapsed(const struct slo_def *d, time_ms at)
{
	time_ms from, to;
	struct err e;
	if (slo_bounds(d, at, &from, &to, &e) < 0)
		return d->period;
	return at - from > 60000 ? at - from : 60000;
}

/* Slices without requests are none; no errors beside requests are 0. */
#define SLICE_RATIO "((%s) or (%s) * 0) / (%s)"

static time_ms slice_of(const struct slo_def *d)
{
	return d->slice ? d->slice : 60000;
}

/* Bad slices, or the sum of their ratios; then how many there are. */
static char *slices(const struct slo_def *d, time_ms span, bool total)
{
	char whole[TIME_TEXT], each[TIME_TEXT];
	time_ms slice = slice_of(d);
	char *bad = worded(d->errors, "$window", slice);
	char *all = worded(d->total, "$window", slice);
	double target = d->slice_target > 0 ? d->slice_target : d->objective;
	struct buf b;
	buf_init(&b, 0);
	if (total)
		buf_printf(&b, "count_over_time(((%s) > 0)", all);
	else if (d->method == SLO_TIMESLICES)
		buf_printf(&b, "sum_over_time(((" SLICE_RATIO " > bool %.17g) "
			   "and ((%s) > 0))", bad, all, all, 1 - target, all);
	else
		buf_printf(&b, "sum_over_time(((" SLICE_RATIO ") and ((%s) > "
			   "0))", bad, all, all, all);
	buf_printf(&b, "[%s:%s])", time_duration(span, whole),
		   time_duration(slice, each));
	free(bad);
	free(all);
	return b.s;
}

static void ask_slices(struct planning *p, enum slo_ask a, time_ms span)
{
	uint32_t id = question_own(QUESTION_SLO, p->index,
				   slo_part(a, SLO_SPAN_PERIOD));
	if (is_due(p->ask, id, REFRESH_MAX))
		add(p->out, p->first, id, slices(p->d, span, a == ASK_TOTAL),
		    NULL);
}

static void ask_period(struct planning *p)
{
	time_ms span = elapsed(p->d, p->ask->at);
	if (p->d->implicit)
		return;
	if (p->d->method != SLO_OCCURRENCES) {
		if (!p->d->errors || !p->d->total)
			return;
		ask_slices(p, ASK_ERRORS, span);
		ask_slices(p, ASK_TOTAL, span);
		return;
	}
	for (int a = 0; a < SLO_ASKS; a++)
		if (past_of(p->d, a))
			ask_instant(p, (enum slo_ask)a, SLO_SPAN_PERIOD, span,
				    REFRESH_MAX);
}

static void ask_cover(struct planning *p)
{
	enum slo_ask a = p->d->total ? ASK_TOTAL
			 : p->d->buckets ? ASK_BUCKETS : ASK_RATIO;
	const char *text = text_of(p->d, a);
	uint32_t id = question_own(QUESTION_SLO, p->index,
				   slo_part(a, SLO_SPAN_COVER));
	time_ms span = elapsed(p->d, p->ask->at);
	time_ms step = time_ceil(span / COVER_STEPS, 60000);
	char whole[TIME_TEXT], each[TIME_TEXT];
	struct buf b;
	if (!text || p->d->implicit || !is_due(p->ask, id, COVER_EVERY))
		return;
	step = step > COVER_LEAST ? step : COVER_LEAST;
	char *recent = worded(text, "$window", 300000);
	buf_init(&b, 0);
	buf_printf(&b, "min_over_time(timestamp(%s)[%s:%s])", recent,
		   time_duration(span, whole), time_duration(step, each));
	free(recent);
	add(p->out, p->first, id, b.s, NULL);
}

/* The points of whole spans up to `to`, or of those that are new. */
static bool fresh_points(const struct prom_own_ask *ask, uint32_t id,
			 time_ms from, time_ms to, time_ms step,
			 struct range_plan *out)
{
	time_ms had = answered_at(ask->due, id, true);
	*out = (struct range_plan){ from, to, step, true };
	if (ask->all || had == TIME_NONE || had < from)
		return from <= to;
	out->from = had; /* the newest one may have come too early */
	out->whole = false;
	return had < to;
}

static void ask_cells(struct planning *p)
{
	time_ms step = slo_cell(p->d), to = time_floor(p->ask->at, step);
	time_ms from = time_floor(p->ask->at - p->d->period, step) + step;
	struct range_plan when;
	if (p->d->implicit
	    || (!p->ask->page && !p->ask->all
		&& p->d->method == SLO_OCCURRENCES))
		return;
	for (int a = 0; a < SLO_ASKS; a++) {
		const char *text = past_of(p->d, a);
		uint32_t id = question_own(QUESTION_SLO, p->index,
					   slo_part((enum slo_ask)a,
						    SLO_SPAN_CELL));
		if (text && fresh_points(p->ask, id, from, to, step, &when))
			add(p->out, p->first, id,
			    worded(text, "$window", step), &when);
	}
}

static void plan_slos(struct prom_own *out, const struct prom_own_ask *ask,
		      void (*of_one)(struct planning *p))
{
	const struct catalog *c = ask->catalog;
	struct planning p = { .out = out, .first = out->nr, .ask = ask };
	for (p.index = 0; p.index < c->nr_slos; p.index++) {
		p.d = &c->slo[p.index];
		of_one(&p);
	}
}

static void ask_short(struct planning *p)
{
	for (unsigned w = SLO_5M; w <= SLO_1H; w++)
		ask_window(p, (enum slo_window)w);
}

static void ask_long(struct planning *p)
{
	for (unsigned w = SLO_2H; w < SLO_WINDOWS; w++)
		ask_window(p, (enum slo_window)w);
	ask_period(p);
}

static void ask_charts(struct planning *p)
{
	ask_chart(p, SLO_5M);
	ask_chart(p, SLO_1H);
}

/* ---- thresholds --------------------------------------------------------- */

static void ask_points(struct prom_own *out, size_t first,
		       const struct prom_own_ask *ask, size_t i)
{
	const struct threshold_def *d = &ask->catalog->threshold[i];
	uint32_t id = question_own(QUESTION_THRESHOLD, i, THRESHOLD_POINTS);
	time_ms to = time_floor(ask->at, d->period);
	time_ms from = to - (threshold_periods(d) - 1) * d->period;
	struct range_plan when;
	if (fresh_points(ask, id, from, to, d->period, &when))
		add(out, first, id, worded(d->query, "$period", d->period),
		    &when);
}

static void ask_now(struct prom_own *out, size_t first,
		    const struct prom_own_ask *ask, size_t i)
{
	const struct threshold_def *d = &ask->catalog->threshold[i];
	uint32_t id = question_own(QUESTION_THRESHOLD, i, THRESHOLD_NOW);
	if (is_due(ask, id, prom_own_refresh(d->period, ask->period)))
		add(out, first, id, worded(d->query, "$period", d->period),
		    NULL);
}

typedef void ask_threshold(struct prom_own *out, size_t first,
			   const struct prom_own_ask *ask, size_t i);

static void plan_thresholds(struct prom_own *out,
			    const struct prom_own_ask *ask, ask_threshold *f)
{
	size_t first = out->nr;
	for (size_t i = 0; i < ask->catalog->nr_thresholds; i++)
		if (ask->catalog->threshold[i].query)
			f(out, first, ask, i);
}

void prom_own_plan(struct prom_own *out, const struct prom_own_ask *ask)
{
	plan_slos(out, ask, ask_short);
	plan_thresholds(out, ask, ask_now);
	plan_thresholds(out, ask, ask_points);
	plan_slos(out, ask, ask_charts);
	plan_slos(out, ask, ask_long);
	plan_slos(out, ask, ask_cells);
	plan_slos(out, ask, ask_cover);
}

static bool is_alert(const struct catalog *c, uint32_t id)
{
	return question_is_own(id) && question_kind(id) == QUESTION_THRESHOLD
	       && question_index(id) < c->nr_thresholds
	       && c->threshold[question_index(id)].alert;
}

static const double *without_nan(struct arena *a, const double *from, size_t nr)
{
	double *v = arena_alloc(a, (nr + 1) * sizeof(*v));
	for (size_t i = 0; i < nr; i++)
		v[i] = isnan(from[i]) ? INFINITY : from[i];
	return v;
}

void prom_own_answered(const struct catalog *c, struct batch *b)
{
	size_t first = 0;
	while (first < b->nr && !is_alert(c, b->frame[first].question))
		first++;
	if (first == b->nr)
		return;
	struct frame *f = arena_alloc(&b->arena, b->nr * sizeof(*f));
	memcpy(f, b->frame, b->nr * sizeof(*f));
	for (size_t i = first; i < b->nr; i++)
		if (f[i].v && is_alert(c, f[i].question))
			f[i].v = without_nan(&b->arena, f[i].v, f[i].nr);
	b->frame = f;
}

/* ---- names -------------------------------------------------------------- */

void prom_own_name(const struct catalog *c, uint32_t id, struct buf *out)
{
	static const char *const what[] = { "errors", "total", "ratio",
					    "recorded ratio", "buckets" };
	size_t i = question_index(id);
	unsigned part = question_part(id), span = part & 15u;
	if (question_kind(id) == QUESTION_THRESHOLD) {
		buf_printf(out, "threshold %s", i < c->nr_thresholds
						? c->threshold[i].id : "?");
		return;
	}
	buf_printf(out, "%s of %s", part >> 4 < SLO_ASKS ? what[part >> 4] : "?",
		   i < c->nr_slos ? c->slo[i].id : "?");
	if (span < SLO_WINDOWS)
		buf_printf(out, " over %s",
			   slo_window_name((enum slo_window)span));
	else
		buf_str(out, " over its period");
}
