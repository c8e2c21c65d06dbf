/* The RED row and its charts: series by role in, numbers out. */
#include "model/service.h"

#include "base/limits.h"
#include "base/number.h"

#include <math.h>
#include <string.h>

#define OBJECTIVE_DEFAULT_RATIO 0.999
#define HOUR_S 3600.0

const char *service_state_name(enum service_state s)
{
	static const char *const names[] = { "page", "ticket", "crit", "warn",
					     "stale", "nodata", "notraffic",
					     "ok" };
	return names[s];
}

const char *objective_from_name(enum objective_from f)
{
	static const char *const names[] = { "default", "option", "config",
					     "spec", "recorded" };
	return names[f];
}

/* The values of a role's series at one moment, as the walk or a look-up left
 * them. NAN and NULL: no data. */
struct moment {
	const struct service *s;
	enum red_role role;
	size_t nr;
	double v[LIMIT_BUCKETS];
	const struct histogram *h;
};

static enum red_role status_role(const struct service *s)
{
	return s->shape->question[RED_ERRORS] ? RED_ERRORS : RED_RATE;
}

static void look_up(struct moment *m, const struct service *s,
		    enum red_role role, time_ms t)
{
	m->s = s;
	m->role = role;
	m->nr = s->nr[role];
	m->h = NULL;
	for (size_t i = 0; i < m->nr; i++) {
		m->v[i] = series_at(s->series[role][i], t);
		if (role == RED_NATIVE && !m->h)
			m->h = series_histogram_at(s->series[role][i], t);
	}
}

/* ---- one moment, one number ------------------------------------------- */

/* No rate and no count is below zero: what says so says nothing. */
static double total_of(const struct moment *m)
{
	struct sum sum = { 0, 0 };
	bool any = false;
	for (size_t i = 0; i < m->nr; i++) {
		if (isnan(m->v[i]))
			continue;
		if (m->v[i] < 0)
			return NAN;
		sum_add(&sum, m->v[i]);
		any = true;
	}
	return any ? sum_value(&sum) : NAN;
}

static double class_of(const struct moment *m, enum status_class class)
{
	struct sum sum = { 0, 0 };
	bool any = false;
	for (size_t i = 0; i < m->nr; i++) {
		if (isnan(m->v[i]))
			continue;
		if (m->v[i] < 0)
			return NAN;
		any = true;
		if (m->s->series[m->role][i]->class == class)
			sum_add(&sum, m->v[i]);
	}
	return any ? sum_value(&sum) : NAN;
}

static double ratio_of(const struct moment *m)
{
	double total = total_of(m);
	if (m->s->shape->status == STATUS_NONE || !(total > 0))
		return NAN;
	return class_of(m, CLASS_ERROR) / total;
}

static const struct prom_rules *rules_of(const struct service *s)
{
	return s->source ? s->source->rules : prom_rules(NULL);
}

static struct quantile classic_of(const struct moment *m, double q)
{
	struct bucket b[LIMIT_BUCKETS];
	size_t n = 0;
	for (size_t i = 0; i < m->nr; i++) {
		double le = m->s->series[m->role][i]->le;
		if (!isnan(le) && m->v[i] >= 0)
			b[n++] = (struct bucket){ le, m->v[i] };
	}
	return classic_quantile(q, b, n, rules_of(m->s));
}

static struct quantile summary_of(const struct moment *m, double q)
{
	struct quantile out = { NAN, NAN, NAN };
	for (size_t i = 0; i < m->nr; i++) {
		const char *label = labels_get(&m->s->series[m->role][i]->labels,
					       "quantile");
		double have;
		if (!label || !number_parse_go(label, &have) || have != q
		    || isnan(m->v[i]))
			continue;
		double v = m->v[i] * unit_scale(m->s->shape->unit);
		if (isnan(out.value) || v > out.value)
			out.value = v;
	}
	return out;
}

static enum red_role quantile_role(const struct service *s)
{
	switch (s->shape->method) {
	case METHOD_HISTOGRAM:
		return RED_BUCKETS;
	case METHOD_NATIVE:
		return RED_NATIVE;
	default:
		return RED_QUANTILE;
	}
}

static struct quantile quantile_of(const struct moment *m, double q)
{
	static const struct quantile none = { NAN, NAN, NAN };
	double k = unit_scale(m->s->shape->unit);
	switch (m->role) {
	case RED_BUCKETS:
		return classic_of(m, q);
	case RED_NATIVE:
		if (!m->h)
			return none;
		struct quantile n = native_quantile(q, m->h, rules_of(m->s));
		return (struct quantile){ n.value * k, n.lo * k, n.hi * k };
	default:
		return summary_of(m, q);
	}
}

/* ---- measures --------------------------------------------------------- */

static enum red_role measure_role(const struct service *s, enum measure m)
{
	switch (m) {
	case M_RATE:
		return RED_RATE;
	case M_P50:
	case M_P95:
	case M_P99:
		return quantile_role(s);
	case M_MEAN:
		return s->shape->question[RED_MEAN] ? RED_MEAN : RED_SUM;
	case M_BURN_5M:
		return RED_BURN_5M;
	case M_BURN_1H:
		return RED_BURN_1H;
	default:
		return status_role(s);
	}
}

static double objective_of(const struct service *s, enum objective_from *from)
{
	if (s->def->objective > 0) {
		*from = OBJECTIVE_CONFIG;
		return s->def->objective;
	}
	if (s->source->objective > 0) {
		*from = OBJECTIVE_OPTION;
		return s->source->objective;
	}
	*from = OBJECTIVE_DEFAULT;
	return OBJECTIVE_DEFAULT_RATIO;
}

/* Seconds a second over requests a second. */
static double mean_of(const struct moment *m, time_ms t)
{
	double k = unit_scale(m->s->shape->unit), v = total_of(m);
	if (m->role == RED_MEAN)
		return v * k;
	struct sum n = { 0, 0 };
	for (size_t i = 0; i < m->s->nr[RED_RATE]; i++) {
		double r = series_at(m->s->series[RED_RATE][i], t);
		if (!isnan(r))
			sum_add(&n, r);
	}
	double requests = sum_value(&n);
	return requests > 0 ? v * k / requests : NAN;
}

static double measure_of(const struct moment *m, enum measure what, time_ms t)
{
	enum objective_from from;
	switch (what) {
	case M_RATE:
		return total_of(m);
	case M_OK:
		return class_of(m, CLASS_OK);
	case M_4XX:
		return class_of(m, CLASS_4XX);
	case M_ERRORS:
		return m->s->shape->status == STATUS_NONE
			       ? NAN : class_of(m, CLASS_ERROR);
	case M_ERROR_RATIO:
		return ratio_of(m);
	case M_P50:
		return quantile_of(m, 0.5).value;
	case M_P95:
		return quantile_of(m, 0.95).value;
	case M_P99:
		return quantile_of(m, 0.99).value;
	case M_MEAN:
		return mean_of(m, t);
	default:
		return ratio_of(m) / (1 - objective_of(m->s, &from));
	}
}

double service_at(const struct service *s, enum measure what, time_ms t)
{
	struct moment m;
	look_up(&m, s, measure_role(s, what), t);
	return measure_of(&m, what, t);
}

/* ---- walking the grid -------------------------------------------------- */

/* All points of a role's series, moment by moment. */
struct walk {
	struct moment m;
	size_t at[LIMIT_BUCKETS];
};

static void walk_start(struct walk *w, const struct service *s,
		       enum red_role role, time_ms from)
{
	w->m.s = s;
	w->m.role = role;
	w->m.nr = s->nr[role];
	for (size_t i = 0; i < w->m.nr; i++)
		w->at[i] = series_lower(s->series[role][i], from);
}

/* The next moment before `to` that any series has; TIME_NONE: no more. */
static time_ms walk_next(struct walk *w, time_ms to)
{
	struct series *const *s = w->m.s->series[w->m.role];
	time_ms t = TIME_NONE;
	for (size_t i = 0; i < w->m.nr; i++)
		if (w->at[i] < s[i]->nr
		    && (t == TIME_NONE || s[i]->t[w->at[i]] < t))
			t = s[i]->t[w->at[i]];
	if (t == TIME_NONE || t >= to)
		return TIME_NONE;
	w->m.h = NULL;
	for (size_t i = 0; i < w->m.nr; i++) {
		w->m.v[i] = NAN;
		if (w->at[i] >= s[i]->nr || s[i]->t[w->at[i]] != t)
			continue;
		if (s[i]->v)
			w->m.v[i] = s[i]->v[w->at[i]];
		else if (!w->m.h)
			w->m.h = s[i]->h[w->at[i]];
		w->at[i]++;
	}
	return t;
}

static void column_add(struct column *c, double v)
{
	if (isnan(v))
		return;
	c->mean = c->nr ? c->mean + (v - c->mean) / (double)(c->nr + 1) : v;
	c->min = fmin(c->min, v);
	c->max = fmax(c->max, v);
	c->nr++;
}

void service_columns(const struct service *s, enum measure what, time_ms from,
		     time_ms span, struct column *out, size_t columns)
{
	struct walk w;
	time_ms t, to = from + (time_ms)columns * span;
	for (size_t i = 0; i < columns; i++)
		out[i] = (struct column){ INFINITY, -INFINITY, NAN, 0 };
	walk_start(&w, s, measure_role(s, what), from);
	while ((t = walk_next(&w, to)) != TIME_NONE)
		column_add(&out[(t - from) / span], measure_of(&w.m, what, t));
}

time_ms service_grid(const struct service *s, time_ms t)
{
	time_ms best = TIME_NONE;
	time_ms step = s->source && s->source->step ? s->source->step : 60000;
	for (size_t i = 0; i < s->nr[RED_RATE]; i++) {
		const struct series *r = s->series[RED_RATE][i];
		size_t k = series_lower(r, t + 1);
		if (k && r->t[k - 1] > t - step && r->t[k - 1] > best)
			best = r->t[k - 1];
	}
	return best;
}

/* ---- which moment counts ------------------------------------------------ */

time_ms service_settled(const struct service *s, time_ms at)
{
	const struct store_source *src = s->source;
	if (!s->shape->settle)
		return at;
	time_ms t = at - s->shape->settle;
	/* What was not settled when it was told is not so by getting older. */
	return src->settled > 0 && src->settled < t ? src->settled : t;
}

bool service_answers(const struct service *s)
{
	enum source_state st = s->source->state;
	return st == SOURCE_UP || st == SOURCE_PARTIAL || st == SOURCE_ASKING;
}

static time_ms newest_of(const struct service *s, enum red_role role,
			 time_ms at)
{
	time_ms best = TIME_NONE, settled = service_settled(s, at);
	for (size_t i = 0; i < s->nr[role]; i++) {
		const struct series *r = s->series[role][i];
		bool told = r->now_t != TIME_NONE && r->now_t <= at;
		if (told && r->now_t > best)
			best = r->now_t;
		/* Its source says which period is the newest that counts. */
		size_t k = told && s->shape->sparse
			   ? 0 : series_lower(r, settled + 1);
		if (k && r->t[k - 1] > best)
			best = r->t[k - 1];
	}
	return best;
}

/* A source that answers says with every tick what is there: what is missing
 * from it is no data, not old data. */
time_ms service_moment(const struct service *s, enum red_role role, time_ms at)
{
	time_ms t = newest_of(s, role, at);
	if (t == TIME_NONE || !service_answers(s))
		return t;
	time_ms step = s->source->step > 60000 ? s->source->step : 60000;
	time_ms oldest = step + s->source->period;
	if ((s->shape->sparse || s->shape->settle) && oldest < ROW_OLDEST)
		oldest = ROW_OLDEST;
	return at - t > oldest ? TIME_NONE : t;
}

/* The moment that a sparse service was found to have nothing to count, or
 * TIME_NONE: nobody has asked of late. */
static time_ms silent_at(const struct service *s, time_ms at)
{
	time_ms t = store_answered(s->source, question_id(s->shape->id,
							  RED_RATE));
	bool known = s->shape->sparse && t != TIME_NONE
		     && at - t <= ROW_OLDEST && service_answers(s);
	return known ? t : TIME_NONE;
}

/* ---- what the grid tells by itself -------------------------------------- */

static void emit_page(const struct service *s, time_ms at, time_ms until,
		      void (*emit)(const struct event *e, void *arg), void *arg)
{
	enum objective_from from;
	objective_of(s, &from);
	bool promised = from != OBJECTIVE_DEFAULT;
	struct event e = {
		.at = at, .until = until, .kind = EVENT_SLO,
		.severity = SEVERITY_CRIT, .service = s->name,
		.text = promised ? "page: burns over 14.4x in 5m & 1h"
				 : "crit: would page at 99.9%, over 14.4x in "
				   "5m & 1h",
	};
	emit(&e, arg);
}

void service_events(const struct service *s, time_ms from, time_ms to,
		    void (*emit)(const struct event *e, void *arg), void *arg)
{
	struct walk w;
	time_ms t, began = TIME_NONE, last = TIME_NONE;
	walk_start(&w, s, RED_BURN_5M, from);
	to = service_settled(s, to);
	while ((t = walk_next(&w, to + 1)) != TIME_NONE) {
		bool over = measure_of(&w.m, M_BURN_5M, t) > BURN_PAGE
			    && service_at(s, M_BURN_1H, t) > BURN_PAGE;
		if (over && began == TIME_NONE)
			began = t;
		if (over)
			last = t;
		if (over || began == TIME_NONE)
			continue;
		emit_page(s, began, last, emit, arg);
		began = TIME_NONE;
	}
	if (began != TIME_NONE)
		emit_page(s, began, last, emit, arg);
}

/* ---- percentiles with their buckets ------------------------------------ */

static struct red_quantile red_quantile(const struct moment *m, double q)
{
	struct quantile v = quantile_of(m, q);
	const struct shape *sh = m->s->shape;
	struct red_quantile r = { v.value, v.lo, v.hi, sh->method, NULL };
	if (r.method == METHOD_NONE)
		r.note = sh->note ? sh->note : "no histogram";
	else if (r.method == METHOD_SERVER && isnan(v.value))
		r.note = sh->note;
	else if (sh->visible_only && m->nr == 0)
		r.note = "a large server: asked for visible rows only";
	else if (r.method == METHOD_SUMMARY && !isnan(v.value))
		r.note = "max over instances";
	return r;
}

struct red_quantile service_quantile_at(const struct service *s, double q,
					time_ms t)
{
	struct moment m;
	look_up(&m, s, quantile_role(s), t);
	return red_quantile(&m, q);
}

size_t service_buckets_at(const struct service *s, time_ms t,
			  struct heat_bucket *out, size_t max)
{
	struct moment m;
	size_t n = 0;
	if (s->shape->method == METHOD_NATIVE) {
		double k = unit_scale(s->shape->unit);
		look_up(&m, s, RED_NATIVE, t);
		for (size_t i = 0; m.h && i < m.h->nr && n < max; i++) {
			const struct native_bucket *b = &m.h->bucket[i];
			out[n++] = (struct heat_bucket){ b->lo * k, b->hi * k,
							 b->count };
		}
		return n;
	}
	look_up(&m, s, RED_BUCKETS, t);
	for (size_t i = 0; i < m.nr; i++) {
		double le = s->series[RED_BUCKETS][i]->le;
		if (isnan(le) || isnan(m.v[i]) || n >= max)
			continue;
		size_t k = n++;
		for (; k > 0 && out[k - 1].hi > le; k--)
			out[k] = out[k - 1];
		out[k] = (struct heat_bucket){ 0, le, m.v[i] };
	}
	for (size_t i = n; i-- > 0;) {
		out[i].lo = i ? out[i - 1].hi : out[0].hi > 0 ? 0 : -INFINITY;
		if (i)
			out[i].rate = fmax(0, out[i].rate - out[i - 1].rate);
	}
	return n;
}

/* ---- the row ------------------------------------------------------------ */

static double burn_of(const struct service *s, enum red_role role, time_ms t,
		      double objective, double *total)
{
	struct moment m;
	look_up(&m, s, role, t);
	*total = total_of(&m);
	return ratio_of(&m) / (1 - objective);
}

static enum service_state state_of(const struct red_row *r, time_ms at,
				   double hour_total)
{
	const struct service *s = r->service;
	if (!service_answers(s))
		return STATE_STALE;
	if (!s->shape->question[RED_RATE] && !r->asking)
		return STATE_OK; /* it counts no requests at all */
	if (isnan(r->rate))
		return silent_at(s, at) == TIME_NONE ? STATE_NODATA
						     : STATE_NOTRAFFIC;
	bool armed = BURN_PAGE * (1 - r->objective) * hour_total * HOUR_S >= 1;
	bool both = r->burn_5m > BURN_PAGE && r->burn_1h > BURN_PAGE;
	if (both && armed)
		return r->objective_from == OBJECTIVE_DEFAULT ? STATE_CRIT
							      : STATE_PAGE;
	if (r->burn_5m > BURN_PAGE)
		return STATE_WARN;
	return r->rate == 0 ? STATE_NOTRAFFIC : STATE_OK;
}

/* Where the trailing run of grid points with more errors than the budget
 * allows began; unknown when it began before `from`. */
static time_ms bad_since(const struct red_row *r, time_ms from, time_ms at)
{
	struct walk w;
	time_ms t, since = TIME_NONE;
	bool good_before = false;
	walk_start(&w, r->service, status_role(r->service), from);
	while ((t = walk_next(&w, at + 1)) != TIME_NONE) {
		double ratio = ratio_of(&w.m);
		if (isnan(ratio))
			continue;
		if (ratio <= 1 - r->objective) {
			good_before = true;
			since = TIME_NONE;
		} else if (since == TIME_NONE && good_before) {
			since = t;
		}
	}
	return since;
}

static time_ms quiet_since(const struct red_row *r, time_ms from, time_ms at)
{
	struct walk w;
	time_ms t, last = TIME_NONE;
	walk_start(&w, r->service, RED_RATE, from);
	while ((t = walk_next(&w, at + 1)) != TIME_NONE)
		if (r->state == STATE_NODATA || total_of(&w.m) > 0)
			last = t;
	if (last == TIME_NONE)
		return TIME_NONE;
	return last + r->service->source->step;
}

static time_ms since_of(const struct red_row *r, time_ms from, time_ms at)
{
	at = service_settled(r->service, at);
	switch (r->state) {
	case STATE_OK:
	case STATE_STALE:
		return TIME_NONE;
	case STATE_NODATA:
	case STATE_NOTRAFFIC:
		return quiet_since(r, from, at);
	default:
		return bad_since(r, from, at);
	}
}

static void fill_values(struct red_row *r, time_ms t)
{
	struct moment m;
	const struct service *s = r->service;
	look_up(&m, s, RED_RATE, t);
	r->rate = total_of(&m);
	if (isnan(r->rate))
		return;
	look_up(&m, s, status_role(s), t);
	r->error_ratio = ratio_of(&m);
	for (int c = 0; c < CLASS_NR; c++)
		r->by_class[c] = class_of(&m, (enum status_class)c);
	look_up(&m, s, quantile_role(s), t);
	r->p50 = red_quantile(&m, 0.5);
	r->p95 = red_quantile(&m, 0.95);
	r->p99 = red_quantile(&m, 0.99);
	look_up(&m, s, measure_role(s, M_MEAN), t);
	r->mean = mean_of(&m, t);
}

void service_row(const struct service *s, time_ms at,
		 const struct red_options *o, struct red_row *out)
{
	enum method method = s->shape->method;
	const char *note = method == METHOD_NONE || method == METHOD_SERVER
				   ? s->shape->note : NULL;
	if (method == METHOD_NONE && !note)
		note = "no histogram";
	struct red_quantile none = { NAN, NAN, NAN, method, note };
	*out = (struct red_row){
		.service = s, .at = at, .rate = NAN, .error_ratio = NAN,
		.by_class = { NAN, NAN, NAN },
		.asked_errors = s->shape->status != STATUS_NONE,
		.p50 = none, .p95 = none, .p99 = none, .mean = NAN,
		.burn_5m = NAN, .burn_1h = NAN, .since = TIME_NONE,
		.latency_limit = s->def->latency_limit,
		.asking = s->source->state == SOURCE_ASKING,
	};
	out->objective = objective_of(s, &out->objective_from);
	time_ms t = service_moment(s, RED_RATE, at);
	double hour_total = NAN, unused;
	if (t == TIME_NONE)
		t = silent_at(s, at);
	if (t != TIME_NONE) {
		out->at = t;
		out->age = at - t;
		fill_values(out, t);
	}
	if (!isnan(out->rate)) {
		out->burn_5m = burn_of(s, RED_BURN_5M, t, out->objective,
				       &unused);
		out->burn_1h = burn_of(s, RED_BURN_1H, t, out->objective,
				       &hour_total);
	}
	out->state = state_of(out, at, hour_total);
	out->since = since_of(out, o ? o->from : TIME_NONE + 1, at);
}

static double order_burn(const struct red_row *r)
{
	double b = fmin(r->burn_5m, r->burn_1h);
	return isnan(b) ? -1 : b;
}

static double order_ratio(const struct red_row *r)
{
	return isnan(r->error_ratio) ? -1 : r->error_ratio;
}

int red_row_compare(const void *a, const void *b)
{
	const struct red_row *x = a, *y = b;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (order_burn(x) != order_burn(y))
		return order_burn(x) > order_burn(y) ? -1 : 1;
	if (order_ratio(x) != order_ratio(y))
		return order_ratio(x) > order_ratio(y) ? -1 : 1;
	return strcmp(x->service->name, y->service->name);
}
