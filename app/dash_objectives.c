/* Objectives and thresholds of the dashboard: their rows, what they say to the
 * rows of services, and what is compared when a service is in trouble. */
#include "app/dash_private.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 256         /* rows of one objective or threshold */
#define SLO_ROWS 4000      /* of all */
#define AGAIN ((time_ms)60000)       /* a page in sight is compared again */
#define AGAIN_UNSEEN ((time_ms)300000)
#define POINTS 4096

/* ---- rows of objectives ------------------------------------------------- */

static void slo_room(struct dash *d, size_t n)
{
	if (n <= d->cap_slos)
		return;
	d->cap_slos = n + 16;
	d->slos = mem_grow(d->slos, d->cap_slos, sizeof(*d->slos));
}

/* One row a service: what found it names it by a label's value. */
static const char *implied_service(const struct dash *d,
				   const struct slo_row *r)
{
	const char *label = r->def->group ? r->def->group[0] : NULL;
	char group[SLO_GROUP + 8];
	for (size_t i = 0; label && i < d->nr_all; i++) {
		const struct service *s = d->all[i].service;
		if (s->source != r->source || strcmp(s->shape->label, label))
			continue;
		snprintf(group, sizeof(group), "%s=\"%s\"", label,
			 s->def->value);
		if (strcmp(group, r->group) == 0)
			return s->name;
	}
	return NULL;
}

static bool is_promised(const struct dash *d, const char *service)
{
	for (size_t i = 0; i < d->nr_slos; i++)
		if (!d->slos[i].def->implicit && d->slos[i].name
		    && strcmp(d->slos[i].name, service) == 0)
			return true;
	return false;
}

/* Drops the rows from `first` on that say nothing of their own. */
static void keep_implied(struct dash *d, size_t first)
{
	size_t kept = first;
	for (size_t i = first; i < d->nr_slos; i++) {
		struct slo_row *r = &d->slos[i];
		r->name = implied_service(d, r);
		if (!r->name)
			continue;
		size_t nr = d->nr_slos;
		d->nr_slos = first;
		bool twice = is_promised(d, r->name);
		d->nr_slos = nr;
		if (twice)
			continue;
		d->slos[kept] = *r;
		d->slos[kept++].group[0] = '\0'; /* the name says it */
	}
	d->nr_slos = kept;
}

static void add_rows(struct dash *d, const struct store_slo *s, time_ms now)
{
	size_t first = d->nr_slos;
	if (first >= SLO_ROWS)
		return;
	slo_room(d, first + 8);
	size_t n = slo_rows(d->store, s, now, now - d->range, d->slos + first,
			    8);
	if (n > 8) {
		n = n < GROUPS ? n : GROUPS;
		slo_room(d, first + n);
		slo_rows(d->store, s, now, now - d->range, d->slos + first, n);
	}
	d->nr_slos += n;
	if (s->def->implicit)
		keep_implied(d, first);
}

static void add_all(struct dash *d, time_ms now, bool implicit)
{
	const struct store_slo *const *s;
	size_t n = store_slos(d->store, &s);
	for (size_t i = 0; i < n; i++)
		if (s[i]->def->implicit == implicit)
			add_rows(d, s[i], now);
}

/* Nobody gave a file: the server's own rules say it. */
static bool is_of_rules(const struct slo_def *d)
{
	return d->recorded && !d->errors && !d->ratio && !d->derived;
}

/* An objective speaks for its service: the worst state holds. */
static void tell_service(struct dash *d, const struct slo_row *r)
{
	for (size_t i = 0; r->name && i < d->nr_all; i++) {
		struct red_row *row = &d->all[i];
		if (row->service->source != r->source
		    || strcmp(row->service->name, r->name) != 0)
			continue;
		if (r->def->latency <= 0 && !r->def->implicit) {
			row->objective = r->def->objective;
			row->objective_from = is_of_rules(r->def)
					      ? OBJECTIVE_RECORDED
					      : OBJECTIVE_SPEC;
		}
		bool fires = r->state <= STATE_WARN;
		if (fires && r->state < row->state) {
			row->state = r->state;
			if (r->since != TIME_NONE)
				row->since = r->since;
		}
	}
}

static void tell_threshold(struct dash *d, const struct threshold_row *t)
{
	enum threshold_level l = t->state.level;
	enum service_state state = l == LEVEL_CRITICAL ? STATE_CRIT : STATE_WARN;
	const char *name = t->def->service ? t->def->service
			   : t->def->measure != MEASURE_USED ? t->name : NULL;
	if (!name || (l != LEVEL_CRITICAL && l != LEVEL_WARNING))
		return;
	for (size_t i = 0; i < d->nr_all; i++) {
		struct red_row *row = &d->all[i];
		if (strcmp(row->service->name, name) == 0
		    && state < row->state) {
			row->state = state;
			row->since = t->state.since;
		}
	}
}

/* ---- rows of thresholds ------------------------------------------------- */

static void add_thresholds(struct dash *d, const struct store_threshold *t,
			   time_ms now)
{
	size_t first = d->nr_thresholds, room = 8, n;
	for (;;) {
		if (first + room > d->cap_thresholds) {
			d->cap_thresholds = first + room + 16;
			d->thresholds = mem_grow(d->thresholds,
						 d->cap_thresholds,
						 sizeof(*d->thresholds));
		}
		n = threshold_rows(d->store, t, now, d->thresholds + first,
				   room);
		if (n <= room || room == GROUPS)
			break;
		room = n < GROUPS ? n : GROUPS;
	}
	d->nr_thresholds += n < room ? n : room;
}

static int compare_thresholds(const void *a, const void *b, void *arg)
{
	(void)arg;
	return threshold_row_compare(a, b);
}

static int compare_slos(const void *a, const void *b, void *arg)
{
	(void)arg;
	return slo_row_compare(a, b);
}

static void build_thresholds(struct dash *d, time_ms now)
{
	const struct store_threshold *const *t;
	size_t n = store_thresholds(d->store, &t);
	d->nr_thresholds = 0;
	for (size_t i = 0; i < n && d->nr_thresholds < SLO_ROWS; i++)
		add_thresholds(d, t[i], now);
	dash_sort(d->thresholds, d->nr_thresholds, sizeof(*d->thresholds),
		  compare_thresholds, NULL);
}

/* ---- the view ----------------------------------------------------------- */

static void key_of(const char *id, const char *group, const char *name,
		   char *out, size_t size)
{
	snprintf(out, size, "%s %s %s", id, group, name ? name : "");
}

size_t dash_selected_slo(const struct dash *d)
{
	char key[LIMIT_LABEL_VALUE + 1];
	for (size_t i = 0; i < d->nr_slos; i++) {
		const struct slo_row *r = &d->slos[i];
		key_of(r->def->id, r->group, r->name, key, sizeof(key));
		if (strcmp(key, d->slo) == 0)
			return i;
	}
	return 0;
}

size_t dash_selected_threshold(const struct dash *d)
{
	char key[LIMIT_LABEL_VALUE + 1];
	for (size_t i = 0; i < d->nr_thresholds; i++) {
		const struct threshold_row *r = &d->thresholds[i];
		key_of(r->def->id, r->group, r->name, key, sizeof(key));
		if (strcmp(key, d->threshold) == 0)
			return i;
	}
	return 0;
}

static size_t clamp_to(long to, size_t nr)
{
	return to < 0 ? 0 : (size_t)to >= nr ? nr - 1 : (size_t)to;
}

void dash_select_slo(struct dash *d, long to)
{
	if (!d->nr_slos)
		return;
	const struct slo_row *r = &d->slos[clamp_to(to, d->nr_slos)];
	key_of(r->def->id, r->group, r->name, d->slo, sizeof(d->slo));
	if (r->name)
		dash_copy(d->selected, sizeof(d->selected), r->name);
}

void dash_select_threshold(struct dash *d, long to)
{
	if (!d->nr_thresholds)
		return;
	const struct threshold_row *r =
		&d->thresholds[clamp_to(to, d->nr_thresholds)];
	key_of(r->def->id, r->group, r->name, d->threshold,
	       sizeof(d->threshold));
}

static const struct slo_row *worst(const struct dash *d)
{
	const struct slo_row *best = NULL;
	double most = -1;
	for (size_t i = 0; i < d->nr_slos; i++) {
		const struct slo_row *r = &d->slos[i];
		double burn = fmin(r->window[SLO_5M].burn,
				   r->window[SLO_1H].burn);
		if (!r->def->implicit && burn > most) {
			most = burn;
			best = r;
		}
	}
	return best;
}

static const char *pack_of(const struct dash *d)
{
	const struct store_source *const *s;
	size_t n = store_sources(d->store, &s);
	for (size_t i = 0; i < n; i++)
		if (s[i]->catalog && s[i]->catalog->pack)
			return s[i]->catalog->pack;
	return NULL;
}

/* Once a change of what is held, not once a frame. */
static void judge_again(struct dash *d, time_ms now)
{
	uint64_t generation = store_generation(d->store);
	if (d->judged.any && d->judged.generation == generation
	    && d->judged.now == now && d->judged.range == d->range)
		return;
	d->nr_slos = 0;
	add_all(d, now, false);
	add_all(d, now, true);
	dash_sort(d->slos, d->nr_slos, sizeof(*d->slos), compare_slos, NULL);
	build_thresholds(d, now);
	d->judged.generation = generation;
	d->judged.now = now;
	d->judged.range = d->range;
	d->judged.any = true;
}

void dash_build_objectives(struct dash *d, time_ms now)
{
	struct view *v = &d->v;
	judge_again(d, now);
	for (size_t i = 0; i < d->nr_slos; i++)
		tell_service(d, &d->slos[i]);
	for (size_t i = 0; i < d->nr_thresholds; i++)
		tell_threshold(d, &d->thresholds[i]);
	v->slo = d->slos;
	v->nr_slos = d->nr_slos;
	v->selected_slo = dash_selected_slo(d);
	v->worst_slo = worst(d);
	v->threshold = d->thresholds;
	v->nr_thresholds = d->nr_thresholds;
	v->selected_threshold = dash_selected_threshold(d);
	v->pack = pack_of(d);
}

/* ---- who begins to page -------------------------------------------------- */

static uint64_t hash_name(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h;
}

static bool was_paging(const struct dash *d, uint64_t name)
{
	for (size_t i = 0; i < d->nr_paging; i++)
		if (d->paging[i] == name)
			return true;
	return false;
}

const char *dash_paged(struct dash *d)
{
	uint64_t now[PAGING_MAX];
	size_t nr = 0;
	const char *fresh = NULL;
	if (!d->live || !d->ticked || !d->nr_all)
		return NULL;
	for (size_t i = 0; i < d->nr_all && nr < PAGING_MAX; i++) {
		const struct red_row *r = &d->all[i];
		if (r->state != STATE_PAGE)
			continue;
		now[nr] = hash_name(r->service->name);
		if (!fresh && !was_paging(d, now[nr]))
			fresh = r->service->name;
		nr++;
	}
	memcpy(d->paging, now, nr * sizeof(*now));
	d->nr_paging = nr;
	bool first = !d->watching;
	d->watching = true;
	return first ? NULL : fresh;
}

void dash_objectives_free(struct dash *d)
{
	free(d->slos);
	free(d->thresholds);
}

/* ---- what changed ------------------------------------------------------- */

/* The bucket edge above nearly all requests of the first half of what is held:
 * what takes longer later is slow. */
static const struct series *slow_edge(const struct service *s, time_ms from,
				      time_ms to)
{
	const struct series *best = NULL;
	double sum = 0;
	size_t nr = 0;
	time_ms step = s->source->step ? s->source->step : 60000;
	for (time_ms t = time_ceil(from, step); t <= from + (to - from) / 2;
	     t += step) {
		double p99 = service_at(s, M_P99, t);
		if (!isnan(p99)) {
			sum += p99;
			nr++;
		}
	}
	double usual = nr ? sum / (double)nr : NAN;
	for (size_t i = 0; nr && i < s->nr[RED_BUCKETS]; i++) {
		const struct series *b = s->series[RED_BUCKETS][i];
		if (b->le >= usual && isfinite(b->le)
		    && (!best || b->le < best->le))
			best = b;
	}
	return best;
}

static double slow_share(const struct service *s, time_ms t, double over)
{
	struct heat_bucket b[LIMIT_BUCKETS];
	size_t n = service_buckets_at(s, t, b, LIMIT_BUCKETS);
	double all = 0, slow = 0;
	for (size_t i = 0; i < n; i++) {
		all += b[i].rate;
		if (b[i].lo >= over)
			slow += b[i].rate;
	}
	return all > 0 ? slow / all : NAN;
}

/* The first bad moment, by errors, else by what is slow. */
static time_ms find_onset(const struct dash *d, const struct service *s,
			  time_ms now, double over)
{
	static const time_ms least = 1000;
	time_ms step = s->source->step > least ? s->source->step : least;
	time_ms from = now - d->range;
	size_t max = (size_t)((now - from) / step) + 2, nr = 0;
	struct change_point *p;
	if (max > POINTS)
		return TIME_NONE;
	p = mem_zero(2 * max, sizeof(*p));
	for (time_ms t = time_ceil(from, step); t <= now && nr < max;
	     t += step, nr++) {
		double rate = service_at(s, M_RATE, t);
		p[nr] = (struct change_point){
			t, service_at(s, M_ERROR_RATIO, t), rate };
		p[max + nr] = (struct change_point){
			t, isnan(over) ? NAN : slow_share(s, t, over), rate };
	}
	time_ms onset = changed_onset(p, nr);
	if (onset == TIME_NONE && !isnan(over))
		onset = changed_onset(p + max, nr);
	free(p);
	return onset;
}

static const struct red_row *row_named(const struct dash *d, const char *name)
{
	for (size_t i = 0; i < d->nr_all; i++)
		if (strcmp(d->all[i].service->name, name) == 0)
			return &d->all[i];
	return NULL;
}

/* Who is compared: whose page is open, or who pages. */
static const struct red_row *suspect(const struct dash *d, bool *seen)
{
	*seen = d->page == PAGE_CHANGED;
	if (*seen)
		return d->v.sel;
	const struct red_row *r = d->nr_all ? &d->all[0] : NULL;
	return r && (r->state == STATE_PAGE || r->state == STATE_TICKET) ? r
									 : NULL;
}

static void set_want(struct dash *d, const struct red_row *r)
{
	const struct service *s = r->service;
	time_ms now = dash_now(d);
	const struct series *edge = slow_edge(s, now - d->range, now);
	double over = edge ? edge->le : NAN;
	dash_copy(d->change_service, sizeof(d->change_service), s->name);
	d->onset = find_onset(d, s, now, over);
	if (d->onset == TIME_NONE && r->state <= STATE_CRIT)
		d->onset = r->since;
	changed_windows(d->onset, now, d->range, &d->change_want);
	/* The first bad point is of what came before it. */
	if (d->onset != TIME_NONE) {
		d->change_want.before_from -= s->source->step;
		d->change_want.before_to -= s->source->step;
	}
	d->change_want.service = d->change_service;
	d->change_want.slow_over = over;
	d->change_want.slow_le = NULL;
	if (edge && labels_get(&edge->labels, "le")) {
		dash_copy(d->change_le, sizeof(d->change_le),
			  labels_get(&edge->labels, "le"));
		d->change_want.slow_le = d->change_le;
	}
}

const struct change_want *dash_compare(struct dash *d)
{
	bool seen;
	const struct red_row *r = suspect(d, &seen);
	if (!r || d->replay || (!seen && (!d->live || d->staged)))
		return NULL;
	bool same = strcmp(r->service->name, d->change_service) == 0;
	time_ms every = seen ? AGAIN : AGAIN_UNSEEN;
	if (same && d->change_asked && !d->whole && d->live
	    && d->mono - d->change_asked < every)
		return NULL;
	set_want(d, r);
	d->change_asked = d->mono ? d->mono : 1;
	return &d->change_want;
}

/* Of what we asked ourselves we know it; else by the spans that were compared. */
static time_ms onset_of(const struct dash *d, const struct change_answer *a,
			const struct red_row *r)
{
	if (strcmp(a->want.service, d->change_service) == 0)
		return d->onset;
	return r && a->want.during_from > a->want.before_from
	       ? a->want.during_from : TIME_NONE;
}

/* Once an answer, not once a frame. */
static void rank(struct dash *d, const struct change_answer *a, time_ms onset)
{
	if (d->ranked == a && d->ranked_to == a->want.during_to
	    && d->ranked_onset == onset)
		return;
	changed_rank(a, onset, &d->changed);
	d->ranked = a;
	d->ranked_to = a->want.during_to;
	d->ranked_onset = onset;
}

/* Of the page's service, else of the one that was compared because it pages. */
void dash_build_changed(struct dash *d, time_ms now)
{
	struct view *v = &d->v;
	const char *name = d->page == PAGE_CHANGED && v->sel
			   ? v->sel->service->name
			   : v->nr_all ? v->all[0].service->name : NULL;
	const struct change_answer *a = name ? store_change(d->store, name)
					     : NULL;
	const struct red_row *r = name ? row_named(d, name) : NULL;
	v->changed = NULL;
	v->comparing = false;
	v->selected_change = d->selected_change;
	if (a && a->want.during_to <= now + 1000) {
		rank(d, a, onset_of(d, a, r));
		v->changed = &d->changed;
	} else if (d->page == PAGE_CHANGED && !d->replay) {
		v->comparing = name != NULL;
	}
	if (v->changed && v->selected_change >= v->changed->nr)
		v->selected_change = 0;
}
