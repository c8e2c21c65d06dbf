/* What changed: which label values carry the new errors, the new slow requests
 * and the change in rate, as far as that is no chance. */
#include "model/changed.h"

#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEVIATIONS 5     /* of a value, where the service changed too */
#define ALONE 6          /* of a value that changed by itself */
#define APART 4          /* by which a share differs from its requests' */
#define HANDFUL 5        /* new errors, at least */
#define THIN 0.1         /* a value's past that is too short to compare with */
#define FRESH 0.02       /* of its rate: it was hardly there */
#define MIN_SHARE 0.02
#define ALONG 0.02       /* excess of what is carried along */
#define MAX_ALONG 4
#define MOST 0.9         /* of the requests */
#define WHOLE 0.99       /* of them: the label says nothing */
#define JUMP 1.5
#define QUARTER ((time_ms)900000)
#define SHORTEST ((time_ms)120000)

/* What is compared: something of the requests, or the requests themselves. */
enum measure { ERRORS, SLOW, RATE, KINDS };

static const struct words {
	const char *began, *new, *gone;
} words[KINDS] = {
	[ERRORS] = { "errors", "new errors", "" },
	[SLOW] = { "slow requests", "new slow requests", "" },
	[RATE] = { "traffic", "new traffic", "lost traffic" },
};

/* A value with what is new of it. */
struct value {
	const struct change_count *count;
	double new[KINDS];       /* beyond before; NAN: not known */
	double chance[KINDS];    /* what of `new` chance alone could vary by */
	bool carries[KINDS];     /* it is no chance, */
	bool alone[KINDS];       /* even of one value among all */
	double gains[KINDS];     /* of all values of its label that carry */
	double share;            /* of the requests */
	struct changed_row row;
};

/* The service, and which measures changed. */
struct scene {
	const struct change_answer *a;
	double seconds[2];
	struct value all;
	bool alive[KINDS];
	double total[KINDS];
	size_t nr;
	struct value *value;
};

static double known(double v)
{
	return v > 0 && isfinite(v) ? v : 0;
}

static double span_s(time_ms from, time_ms to)
{
	return to > from ? (double)(to - from) / 1000 : NAN;
}

/* By how many deviations k1 is more than k0 lets expect, of exposures n0 and
 * n1: the signed root of Poisson's likelihood ratio. */
static double deviations(double k0, double n0, double k1, double n1)
{
	double k = k0 + k1, lr = 0;
	if (!(k > 0) || !(n0 > 0) || !(n1 > 0))
		return 0;
	double m1 = k * n1 / (n0 + n1), m0 = k - m1;
	if (k0 > 0)
		lr += 2 * k0 * log(k0 / m0);
	if (k1 > 0)
		lr += 2 * k1 * log(k1 / m1);
	return copysign(sqrt(fmax(lr, 0)), k1 - m1);
}

bool changed_is_visible(double before, double during)
{
	double more = during - before;
	return more >= 0.0005 && (during >= 1.5 * before || more >= 0.03);
}

/* Latency moves with the load by itself. */
static bool is_visibly_slower(double before, double during)
{
	double more = during - before;
	return more >= 0.01 && (during >= 2 * before || more >= 0.05);
}

/* ---- traffic ------------------------------------------------------------ */

static double rate_of(const struct change_answer *a,
		      const struct change_count *c, int when)
{
	const struct change_want *w = &a->want;
	double s = when ? span_s(w->during_from, w->during_to)
			: span_s(w->before_from, w->before_to);
	return c->requests[when] / s;
}

static bool has_history(const struct change_answer *a)
{
	return a->rate_last_week > 0 && isfinite(a->rate_last_week);
}

double changed_baseline(const struct change_answer *a)
{
	double before = rate_of(a, &a->all, 0);
	if (has_history(a))
		return a->rate_last_week;
	return before > 0 && isfinite(before) ? before : NAN;
}

bool changed_is_traffic(const struct change_answer *a)
{
	/* 1500 of 1000 is not above, however the division rounds. */
	return rate_of(a, &a->all, 1) >
	       JUMP * changed_baseline(a) * (1 + 1e-9);
}

void changed_traffic(const struct change_answer *a, struct buf *out)
{
	double base = changed_baseline(a), now = rate_of(a, &a->all, 1);
	double percent = round(100 * (now - base) / base);
	if (!isfinite(percent))
		return;
	buf_printf(out, "traffic %s%.0f%% against %s", percent < 0 ? "" : "+",
		   percent == 0 ? 0 : percent,
		   has_history(a) ? "last week" : "before");
}

/* Of the service: more than the hour of the day explains. */
static bool is_rate_alive(const struct scene *s)
{
	const struct change_count *c = s->all.count;
	double before = rate_of(s->a, c, 0), now = rate_of(s->a, c, 1);
	double z = deviations(c->requests[0], s->seconds[0], c->requests[1],
			      s->seconds[1]);
	if (z >= DEVIATIONS)
		return changed_is_traffic(s->a) && now > 1.25 * before;
	return z <= -DEVIATIONS && now < before / JUMP &&
	       now < changed_baseline(s->a) / JUMP;
}

/* ---- what is new of a value --------------------------------------------- */

static const double *counts(const struct change_count *c, enum measure m)
{
	return m == ERRORS ? c->errors : m == SLOW ? c->slow : c->requests;
}

/* What a value is compared with: k of n, and the ratio that is expected of it.
 * A value without a past of its own has the service's; if it had errors, so
 * few say that it may have been far worse, and as such it is judged. */
static double past_of(const struct scene *s, const struct change_count *c,
		      enum measure m, double *k, double *n)
{
	const struct change_count *all = s->all.count;
	double own = known(c->requests[0]), bad = known(counts(c, m)[0]);
	double due = known(c->requests[1]) * s->seconds[0] / s->seconds[1];
	*k = bad;
	*n = own;
	if (own > THIN * due || c == all)
		return own > 0 ? bad / own : 0;
	double service = known(counts(all, m)[0]) / all->requests[0];
	double worse = bad > 0 ? (bad + 2 * sqrt(bad) + 3) / own : 0;
	*n = all->requests[0];
	*k = *n * fmin(1, fmax(service, worse));
	return bad >= HANDFUL ? fmax(service, bad / own) : service;
}

static void measure_ratio(const struct scene *s, struct value *v,
			  enum measure m)
{
	const struct change_count *c = v->count;
	double k, n, k1 = counts(c, m)[1], n1 = c->requests[1];
	v->new[m] = v->chance[m] = NAN;
	if (isnan(k1) || isnan(counts(s->all.count, m)[0]) ||
	    (c->requests[0] > 0 && isnan(counts(c, m)[0])))
		return;
	v->new[m] = v->chance[m] = 0;
	double before = past_of(s, c, m, &k, &n);
	if (!(n1 > 0) || !(n > 0))
		return;
	double z = deviations(k, n, k1, n1);
	bool visible = m == SLOW ? is_visibly_slower(k / n, k1 / n1)
				 : changed_is_visible(k / n, k1 / n1);
	v->new[m] = k1 - before * n1;
	v->chance[m] = before * n1 * (1 + n1 / n);
	v->carries[m] = visible && v->new[m] >= HANDFUL && z >= DEVIATIONS;
	v->alone[m] = v->carries[m] && z >= ALONE;
}

/* By the rates, since the spans differ; as many as in the span during. */
static void measure_rate(const struct scene *s, struct value *v)
{
	const double *n = v->count->requests;
	double before = known(n[0]) * s->seconds[1] / s->seconds[0];
	double z = deviations(known(n[0]), s->seconds[0], known(n[1]),
			      s->seconds[1]);
	v->new[RATE] = known(n[1]) - before;
	v->chance[RATE] = before * (1 + s->seconds[1] / s->seconds[0]);
	v->carries[RATE] = fabs(z) >= DEVIATIONS;
}

static void measure(const struct scene *s, struct value *v)
{
	measure_ratio(s, v, ERRORS);
	measure_ratio(s, v, SLOW);
	measure_rate(s, v);
	/* Where all traffic is gone it is told by what there was. */
	int when = known(s->all.count->requests[1]) > 0 ? 1 : 0;
	v->share = known(v->count->requests[when]) /
		   s->all.count->requests[when];
}

static bool same_label(const struct value *a, const struct value *b)
{
	return strcmp(a->count->label, b->count->label) == 0;
}

/* ---- which labels may say something ------------------------------------- */

static int compare_labels(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	int c = strcmp(x->count->label, y->count->label);
	return c ? c : strcmp(x->count->value, y->count->value);
}

static bool is_no_cause(const char *label)
{
	return strcmp(label, "code") == 0 || strcmp(label, "status") == 0 ||
	       strcmp(label, "le") == 0;
}

/* One value in both windows, that all requests have. */
static bool is_constant(const struct scene *s, const struct change_count *c)
{
	const struct change_count *all = s->all.count;
	return known(c->requests[0]) >= WHOLE * known(all->requests[0]) &&
	       known(c->requests[1]) >= WHOLE * known(all->requests[1]);
}

static void gather(struct scene *s)
{
	const struct change_answer *a = s->a;
	size_t kept = 0, end;
	for (size_t i = 0; i < a->nr; i++) {
		const struct change_count *c = &a->count[i];
		if (!is_no_cause(c->label) &&
		    known(c->requests[0]) + known(c->requests[1]) > 0)
			s->value[s->nr++].count = c;
	}
	qsort(s->value, s->nr, sizeof(*s->value), compare_labels);
	for (size_t i = 0; i < s->nr; i = end) {
		for (end = i + 1; end < s->nr &&
				  same_label(&s->value[i], &s->value[end]);)
			end++;
		if (end == i + 1 && is_constant(s, s->value[i].count))
			continue;
		for (size_t k = i; k < end; k++)
			s->value[kept++] = s->value[k];
	}
	s->nr = kept;
}

/* ---- what the service as a whole shows ---------------------------------- */

/* Sums over the values of each label what they gained, so that no label's
 * shares add up to more than all of it. */
static void add_gains(struct scene *s, enum measure m)
{
	double sign = m == RATE && s->total[m] < 0 ? -1 : 1;
	size_t end;
	for (size_t i = 0; i < s->nr; i = end) {
		double sum = 0;
		for (end = i; end < s->nr &&
			      same_label(&s->value[i], &s->value[end]); end++)
			if (s->value[end].carries[m])
				sum += fmax(0, sign * s->value[end].new[m]);
		for (size_t k = i; k < end; k++)
			s->value[k].gains[m] = sum;
	}
}

/* The service changed; or a value did so much that it may hide in it. */
static void judge_ratio(struct scene *s, enum measure m)
{
	double most = 0;
	for (size_t i = 0; i < s->nr; i++)
		if (s->value[i].alone[m])
			most = fmax(most, s->value[i].new[m]);
	s->alive[m] = s->all.carries[m] || most >= 2 * HANDFUL;
	s->total[m] = s->all.carries[m] ? s->all.new[m]
					: fmax(s->all.new[m], most);
}

static void judge(struct scene *s)
{
	for (size_t i = 0; i < s->nr; i++)
		measure(s, &s->value[i]);
	measure(s, &s->all);
	judge_ratio(s, ERRORS);
	judge_ratio(s, SLOW);
	s->alive[RATE] = is_rate_alive(s);
	s->total[RATE] = s->all.new[RATE];
	for (int m = 0; m < KINDS; m++)
		add_gains(s, (enum measure)m);
}

/* ---- rows --------------------------------------------------------------- */

static double share_of(const struct scene *s, const struct value *v,
		       enum measure m)
{
	double total = fabs(s->total[m]);
	double new = m == RATE && s->total[m] < 0 ? -v->new[m] : v->new[m];
	if (!s->alive[m] || isnan(new))
		return NAN;
	/* Where others fell as much, the service shows less than there is. */
	if (v->gains[m] > 1.1 * total)
		total = v->gains[m];
	return fmin(1, fmax(0, new / total));
}

/* A large excess of a few errors may be chance. */
static bool is_apart(const struct scene *s, const struct value *v,
		     enum measure m, double share)
{
	double total = fabs(s->total[m]), rs = fmin(v->share, 1);
	double var = total * rs * (1 - rs) + v->chance[m] +
		     rs * rs * s->all.chance[m];
	return share - rs <= CHANGE_EXCESS || rs > MOST ||
	       total * (share - rs) >= APART * sqrt(var);
}

static double ratio(double k, double n)
{
	return n > 0 && !isnan(k) ? k / n : NAN;
}

/* A version that came while it was counted before is new all the same. */
static bool is_deployed(const struct change_answer *a, const char *value)
{
	for (size_t i = 0; i < a->nr_events; i++) {
		const struct event *e = &a->event[i];
		if (e->kind == EVENT_DEPLOY && e->at > a->want.before_from &&
		    e->tag && strcmp(e->tag, value) == 0 && e->service &&
		    strcmp(e->service, a->want.service) == 0)
			return true;
	}
	return false;
}

static bool make_row(const struct scene *s, struct value *v)
{
	const struct change_count *c = v->count;
	double share[KINDS], best = 0;
	bool is_row = false;
	for (int i = 0; i < KINDS; i++) {
		enum measure m = (enum measure)i;
		share[m] = share_of(s, v, m);
		best = fmax(best, isnan(share[m]) ? 0 : share[m]);
		is_row = is_row || (v->carries[m] && share[m] >= MIN_SHARE &&
				    is_apart(s, v, m, share[m]));
	}
	v->row = (struct changed_row){
		.label = c->label, .value = c->value,
		.share_of_new_errors = share[ERRORS],
		.share_of_new_slow = share[SLOW],
		.share_of_new_rate = share[RATE],
		.errors_before = ratio(c->errors[0], c->requests[0]),
		.errors_during = ratio(c->errors[1], c->requests[1]),
		.p99_before = c->p99[0], .p99_during = c->p99[1],
		.requests_share = v->share,
		.rate_before = known(c->requests[0]) / s->seconds[0],
		.rate_during = known(c->requests[1]) / s->seconds[1],
		.excess = best - v->share,
	};
	v->row.fresh = v->row.rate_before < FRESH * v->row.rate_during ||
		       is_deployed(s->a, c->value);
	v->row.gone = v->row.rate_during < FRESH * v->row.rate_before;
	return is_row;
}

static int compare_rows(const void *a, const void *b)
{
	const struct changed_row *x = &((const struct value *)a)->row;
	const struct changed_row *y = &((const struct value *)b)->row;
	bool p = x->requests_share > MOST, q = y->requests_share > MOST;
	/* Alike is what differs by rounding. */
	double e = round(x->excess * 1e9), f = round(y->excess * 1e9);
	if (p != q)
		return p ? 1 : -1;
	if (e != f)
		return e > f ? -1 : 1;
	if (x->requests_share != y->requests_share)
		return x->requests_share < y->requests_share ? -1 : 1;
	int c = strcmp(x->label, y->label);
	return c ? c : strcmp(x->value, y->value);
}

static void make_rows(struct scene *s, struct changed *out)
{
	size_t nr = 0, along = 0, all = s->nr;
	for (size_t i = 0; i < s->nr; i++)
		if (make_row(s, &s->value[i]))
			s->value[nr++] = s->value[i];
	qsort(s->value, nr, sizeof(*s->value), compare_rows);
	for (size_t i = 0; i < nr && out->nr < CHANGE_ROWS; i++) {
		const struct changed_row *r = &s->value[i].row;
		bool carried = r->excess <= ALONG && r->requests_share <= MOST;
		if (carried && ++along > MAX_ALONG)
			continue;
		out->row[out->nr++] = *r;
	}
	out->nr_more = all - out->nr;
}

/* ---- the cause ---------------------------------------------------------- */

/* Of the version that came: nearly all of what is new is its, or at least four
 * times as much a request as of all others. */
static bool carries_it(const struct scene *s, const struct value *v)
{
	double share = 0, rs = fmin(v->share, 1);
	for (int m = 0; m < KINDS; m++)
		share = fmax(share, share_of(s, v, (enum measure)m));
	if (rs > MOST)
		return share >= MOST;
	return share > rs && 4 * (1 - share) * rs <= share * (1 - rs);
}

static bool is_touched(const struct scene *s, const struct event *e)
{
	for (size_t i = 0; i < s->nr && e->tag; i++)
		if (strcmp(s->value[i].count->value, e->tag) == 0)
			return carries_it(s, &s->value[i]);
	return true; /* nothing tells the versions apart: it is the service */
}

static bool can_be_cause(const struct scene *s, const struct event *e,
			 time_ms onset)
{
	return e->kind == EVENT_DEPLOY && e->service
	       && strcmp(e->service, s->a->want.service) == 0
	       && e->at < onset && onset - e->at <= CHANGE_DEPLOY
	       && is_touched(s, e);
}

/* Events of one version so near to each other are of one roll-out. */
#define CHANGE_ROLLOUT ((time_ms)300000)

static bool same_deploy(const struct event *a, const struct event *b)
{
	return a->tag && b->tag && strcmp(a->tag, b->tag) == 0
	       && b->at - a->at <= CHANGE_ROLLOUT;
}

/* The newest deploy, told by its first event: a roll-out has several. */
static int find_cause(const struct scene *s, time_ms onset)
{
	const struct event *e = s->a->event;
	int best = -1;
	bool any = s->alive[ERRORS] || s->alive[SLOW] || s->alive[RATE];
	for (size_t i = 0; i < s->a->nr_events && any; i++)
		if (can_be_cause(s, &e[i], onset)
		    && (best < 0 || e[i].at >= e[best].at))
			best = (int)i;
	for (size_t i = 0; best >= 0 && i < s->a->nr_events; i++)
		if (can_be_cause(s, &e[i], onset)
		    && same_deploy(&e[i], &e[best]) && e[i].at < e[best].at)
			best = (int)i;
	return best;
}

static double per_second(const struct scene *s, enum measure m)
{
	if (isnan(s->all.new[m]))
		return NAN;
	return s->alive[m] ? s->total[m] / s->seconds[1] : 0;
}

void changed_rank(const struct change_answer *a, time_ms onset,
		  struct changed *out)
{
	const struct change_want *w = &a->want;
	struct scene s = {
		.a = a, .all.count = &a->all,
		.seconds = { span_s(w->before_from, w->before_to),
			     span_s(w->during_from, w->during_to) },
	};
	*out = (struct changed){ .answer = a, .onset = onset, .cause = -1,
				 .new_errors = NAN, .new_slow = NAN,
				 .new_rate = NAN };
	if (!(a->all.requests[0] > 0) || !(a->all.requests[1] >= 0) ||
	    isnan(s.seconds[0]) || isnan(s.seconds[1]))
		return;
	s.value = mem_zero(a->nr, sizeof(*s.value));
	gather(&s);
	judge(&s);
	out->new_errors = per_second(&s, ERRORS);
	out->new_slow = per_second(&s, SLOW);
	out->new_rate = per_second(&s, RATE);
	if (onset != TIME_NONE)
		out->cause = find_cause(&s, onset);
	make_rows(&s, out);
	free(s.value);
}

/* ---- the windows -------------------------------------------------------- */

void changed_windows(time_ms onset, time_ms at, time_ms range,
		     struct change_want *out)
{
	time_ms span = QUARTER;
	if (range > 0 && range / 2 < span)
		span = range / 2 > SHORTEST ? range / 2 : SHORTEST;
	time_ms from = onset == TIME_NONE || onset >= at ? at - span : onset;
	if (at - from < SHORTEST)
		from = at - SHORTEST;
	out->during_from = from;
	out->during_to = at;
	out->before_from = from - span;
	out->before_to = from;
}

/* ---- words -------------------------------------------------------------- */

static double share_in(const struct changed_row *r, enum measure m)
{
	double v = m == ERRORS ? r->share_of_new_errors
		   : m == SLOW ? r->share_of_new_slow : r->share_of_new_rate;
	return isnan(v) ? 0 : v;
}

/* Failures are told before slowness where both say nearly the same. */
#define MUCH 0.05

static enum measure measure_of(const struct changed_row *r)
{
	enum measure best = ERRORS;
	for (int m = 1; m < KINDS; m++)
		if (share_in(r, (enum measure)m) > share_in(r, best) + MUCH)
			best = (enum measure)m;
	return best;
}

/* The first that stands out, or a new one that all requests have. */
static const struct changed_row *culprit(const struct changed *c)
{
	for (size_t i = 0; i < c->nr; i++) {
		const struct changed_row *r = &c->row[i];
		if (r->requests_share <= MOST ? r->excess > CHANGE_EXCESS
					      : r->fresh)
			return r;
	}
	return NULL;
}

static enum measure measure_of_all(const struct changed *c)
{
	if (c->new_errors > 0)
		return ERRORS;
	return c->new_slow > 0 ? SLOW : RATE;
}

static void add_text(struct buf *out, const char *s, int cells)
{
	size_t n = text_fit(s, cells);
	buf_add(out, s, n);
	buf_str(out, s[n] ? "…" : "");
}

static void add_cause(const struct changed *c, enum measure m, struct buf *out)
{
	const struct event *e = &c->answer->event[c->cause];
	char text[TIME_TEXT];
	buf_printf(out, "%s began ~%s after %s", words[m].began,
		   time_span(c->onset - e->at, text),
		   strncmp(e->text, "deploy", 6) ? "deploy " : "");
	add_text(out, e->text, 80);
	buf_printf(out, " at %s", time_hm(e->at, text));
}

void changed_sentence(const struct changed *c, struct buf *out)
{
	const struct changed_row *r = culprit(c);
	enum measure m = r ? measure_of(r) : measure_of_all(c);
	char text[NUMBER_TEXT];
	bool lost = m == RATE && c->new_rate < 0;
	if (c->cause >= 0)
		add_cause(c, m, out);
	if (!r)
		return;
	buf_str(out, c->cause >= 0 ? "  ·  " : "");
	add_text(out, r->label, 40);
	buf_char(out, '=');
	add_text(out, r->value, 60);
	buf_printf(out, " has %s of the %s",
		   format_percent(share_in(r, m), text),
		   lost ? words[m].gone : words[m].new);
}
