#include "app/judge.h"

#include "app/commands.h"
#include "app/config.h"
#include "app/oneshot.h"
#include "app/put.h"
#include "app/rulesfile.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "widgets/draw.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of one objective, or one threshold: as many as there are, for one that
 * is left out may be the one that burns. */
#define GROUPS_MAX LIMIT_SLO_SERIES

struct slo_list {
	struct slo_row *row;
	size_t nr, cap;
};

struct threshold_list {
	struct threshold_row *row;
	size_t nr, cap;
};

/* ---- rows --------------------------------------------------------------- */

static void add_slo(struct slo_list *l, const struct store *st,
		    const struct store_slo *s, time_ms at)
{
	size_t room = 8, n;
	struct slo_row *rows = mem_alloc(room * sizeof(*rows));
	while ((n = slo_rows(st, s, at, TIME_NONE + 1, rows, room)) > room
	       && room < GROUPS_MAX) {
		room = n < GROUPS_MAX ? n : GROUPS_MAX;
		rows = mem_grow(rows, room, sizeof(*rows));
	}
	for (size_t i = 0; i < n && i < room; i++) {
		MEM_ROOM(l->row, l->nr, l->cap);
		l->row[l->nr++] = rows[i];
	}
	free(rows);
}

/* Of several sources the one that has answered. */
static const struct store_slo *find_slo(const struct store *st, const char *id)
{
	const struct store_slo *const *s, *found = NULL;
	size_t n = store_slos(st, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->def->id, id) == 0
		    && (!found || (!found->nr && s[i]->nr)))
			found = s[i];
	return found;
}

/* A recording may not know it: then by what it holds of the service. */
static void read_slos(struct slo_list *l, const struct view *v,
		      const struct rules *r)
{
	const struct store_source *const *src;
	size_t sources = store_sources(v->store, &src);
	for (size_t i = 0; i < r->nr_slos; i++) {
		const struct store_slo *s = find_slo(v->store, r->slo[i].id);
		struct store_slo own = { .def = &r->slo[i],
					 .source = sources ? src[0] : NULL };
		add_slo(l, v->store, s ? s : &own, v->now);
	}
}

static void add_threshold(struct threshold_list *l, const struct store *st,
			  const struct store_threshold *t, time_ms at)
{
	size_t room = 8, n;
	struct threshold_row *rows = mem_alloc(room * sizeof(*rows));
	while ((n = threshold_rows(st, t, at, rows, room)) > room
	       && room < GROUPS_MAX) {
		room = n < GROUPS_MAX ? n : GROUPS_MAX;
		rows = mem_grow(rows, room, sizeof(*rows));
	}
	for (size_t i = 0; i < n && i < room; i++) {
		MEM_ROOM(l->row, l->nr, l->cap);
		l->row[l->nr++] = rows[i];
	}
	free(rows);
}

static const struct store_threshold *find_threshold(const struct store *st,
						    const char *id)
{
	const struct store_threshold *const *t, *found = NULL;
	size_t n = store_thresholds(st, &t);
	for (size_t i = 0; i < n; i++)
		if (strcmp(t[i]->def->id, id) == 0
		    && (!found || (!found->nr && t[i]->nr)))
			found = t[i];
	return found;
}

/* Also of one that no source has taken: it never answered. */
static void read_thresholds(struct threshold_list *l, const struct view *v,
			    const struct rules *r)
{
	const struct store_source *const *src;
	size_t sources = store_sources(v->store, &src);
	for (size_t i = 0; i < r->nr_thresholds; i++) {
		const struct store_threshold *t =
			find_threshold(v->store, r->threshold[i].id);
		struct store_threshold own = {
			.def = &r->threshold[i],
			.source = sources ? src[0] : NULL,
		};
		add_threshold(l, v->store, t ? t : &own, v->now);
	}
}

/* ---- JSON --------------------------------------------------------------- */

static void put_window(cJSON *o, const struct slo_reading *w, const char *name)
{
	cJSON *x = put_part(o, name);
	put_number(x, "err_per_s", w->err_per_s);
	put_number(x, "total_per_s", w->total_per_s);
	put_number(x, "error_ratio", w->error_ratio);
	put_number(x, "burn", w->burn);
	put_text(x, "state", slo_state_name(w->state));
	if (!isnan(w->ratio_least))
		put_number(x, "error_ratio_least", w->ratio_least);
}

static void put_tier(cJSON *list, const struct slo_tier *t)
{
	cJSON *o = put_item(list);
	put_text(o, "severity", t->page ? "page" : "ticket");
	put_text(o, "short", slo_window_name(t->brief));
	put_text(o, "long", slo_window_name(t->lasting));
	put_number(o, "factor", t->factor);
	put_number(o, "burn_short", t->burn_brief);
	put_number(o, "burn_long", t->burn_lasting);
	put_bool(o, "armed", t->armed);
	put_bool(o, "firing", t->firing);
}

static void put_slo(cJSON *list, const struct slo_row *r)
{
	cJSON *o = put_item(list);
	put_text(o, "id", r->def->id);
	put_text(o, "service", r->def->service);
	put_number(o, "objective", r->def->objective);
	put_number(o, "period_s", (double)r->def->period / 1000);
	put_text(o, "method", slo_method_name(r->def->method));
	put_text(o, "from", slo_from_name(r->from));
	if (*r->group)
		put_text(o, "labels", r->group);
	cJSON *w = put_part(o, "windows");
	for (int i = 0; i < SLO_WINDOWS; i++)
		put_window(w, &r->window[i],
			   slo_window_name((enum slo_window)i));
	cJSON *b = put_part(o, "budget");
	put_number(b, "remaining", r->budget.remaining);
	put_number(b, "coverage_s", r->budget.coverage_s);
	put_number(b, "failures_left", r->budget.failures_left);
	cJSON *tiers = put_list(o, "tiers");
	for (int i = 0; i < SLO_TIERS; i++)
		put_tier(tiers, &r->tier[i]);
	cJSON *x = put_part(o, "exhaustion_s");
	put_number(x, "entire", r->exhaustion.entire);
	put_number(x, "remaining", r->exhaustion.remaining);
	put_number(x, "rolling", r->exhaustion.rolling);
	put_text(o, "state", slo_verdict_name(r->verdict));
}

static void put_threshold(cJSON *list, const struct threshold_row *r)
{
	cJSON *o = put_item(list);
	put_text(o, "id", r->def->id);
	put_text(o, "level", threshold_level_name(r->state.level));
	put_number(o, "value", r->state.value);
	put_number(o, "limit", r->state.limit);
	put_time(o, "since", r->state.since);
	put_number(o, "period_s", (double)r->def->period / 1000);
	put_number(o, "m", r->def->m);
	put_number(o, "n", r->def->n);
	put_number(o, "provisional", r->state.provisional);
	if (*r->group)
		put_text(o, "labels", r->group);
	if (r->def->alert)
		put_bool(o, "pending", r->state.pending);
}

static void print_json(const struct options *o, const struct view *v,
		       const struct slo_list *slos,
		       const struct threshold_list *thresholds)
{
	if (o->slo) {
		cJSON *j = put_object();
		put_text(j, "schema", "redtop.slo/1");
		put_time(j, "at", v->now);
		cJSON *list = put_list(j, "slos");
		for (size_t i = 0; i < slos->nr; i++)
			put_slo(list, &slos->row[i]);
		put_print(j);
	}
	if (o->thresholds) {
		cJSON *j = put_object();
		put_text(j, "schema", "redtop.thresholds/1");
		put_time(j, "at", v->now);
		cJSON *list = put_list(j, "rules");
		for (size_t i = 0; i < thresholds->nr; i++)
			put_threshold(list, &thresholds->row[i]);
		put_print(j);
	}
}

/* ---- text --------------------------------------------------------------- */

static const char *gone_text(const struct slo_row *r, char out[TIME_TEXT])
{
	double s = r->exhaustion.remaining;
	if (!(r->budget.remaining > 0))
		return "spent";
	if (isnan(s) || s > 1e10)
		return "lasts";
	return time_span((time_ms)(s * 1000), out);
}

static void print_slo(const struct slo_row *r)
{
	char brief[NUMBER_TEXT], hour[NUMBER_TEXT], left[TIME_TEXT];
	char objective[NUMBER_TEXT], covered[TIME_TEXT], gone[TIME_TEXT];
	printf("%-9s %s%s%s  burn 5m %s 1h %s", slo_verdict_name(r->verdict),
	       r->def->id, *r->group ? " " : "", r->group,
	       burn_words(r->window[SLO_5M].burn, brief),
	       burn_words(r->window[SLO_1H].burn, hour));
	if (isnan(r->budget.remaining))
		snprintf(left, sizeof(left), "unknown");
	else
		snprintf(left, sizeof(left), "%.1f%%",
			 r->budget.remaining * 100);
	printf("  budget %s left", left);
	if (!isnan(r->budget.remaining))
		printf(", %s", gone_text(r, gone));
	printf("  (%s of %s, by %s, %s", format_objective(r->def->objective,
							  objective),
	       "requests", slo_method_name(r->def->method),
	       slo_from_name(r->from));
	if (!isnan(r->budget.coverage_s))
		printf(", %s of data",
		       time_span((time_ms)(r->budget.coverage_s * 1000),
				 covered));
	puts(")");
}

static void print_threshold(const struct threshold_row *r)
{
	char value[UNIT_TEXT], limit[LIMIT_TEXT];
	char since[TIME_TEXT], period[TIME_TEXT];
	bool quiet = r->def->alert && r->state.level == LEVEL_OK;
	printf("%-9s %s%s%s  %s", threshold_level_name(r->state.level),
	       r->def->id, *r->group ? " " : "", r->group,
	       isnan(r->state.value) ? quiet ? "not true" : "no data"
	       : unit_text(r->state.value, r->def->unit, value));
	if (!isnan(r->state.limit))
		printf(" limit %s", limit_text(r, limit));
	if (r->state.since != TIME_NONE)
		printf("  since %s", time_iso(r->state.since, since));
	if (r->def->alert)
		printf("  (alert%s, every %s)\n",
		       r->state.pending ? ", pending" : "",
		       time_duration(r->def->period, period));
	else
		printf("  (%d of %d x %s)\n", r->def->m, r->def->n,
		       time_duration(r->def->period, period));
}

/* ---- codes -------------------------------------------------------------- */

static int slo_code(const struct slo_list *l)
{
	bool seen[4] = { false };
	for (size_t i = 0; i < l->nr; i++) {
		enum slo_verdict v = l->row[i].verdict;
		seen[v == SLO_PAGE ? 2 : v == SLO_TICKET ? 1
		     : v == SLO_VERDICT_NODATA ? 3 : 0] = true;
	}
	return seen[2] ? 2 : seen[1] ? 1 : seen[3] ? 3 : 0;
}

static int threshold_code(const struct threshold_list *l)
{
	bool seen[4] = { false };
	for (size_t i = 0; i < l->nr; i++) {
		enum threshold_level v = l->row[i].state.level;
		seen[v == LEVEL_CRITICAL ? 2 : v == LEVEL_WARNING ? 1
		     : v == LEVEL_NODATA ? 3 : 0] = true;
	}
	return seen[2] ? 2 : seen[1] ? 1 : seen[3] ? 3 : 0;
}

static int worse(int a, int b)
{
	static const int rank[] = { 0, 2, 3, 1 };
	return rank[a] >= rank[b] ? a : b;
}

/* ---- the command -------------------------------------------------------- */

#define REASONS_MAX 20

static void tell_reason(const char *id, const char *why, size_t *told)
{
	if (why && (*told)++ < REASONS_MAX)
		fprintf(stderr, "redtop: %s: %s\n", id, why);
}

/* Why one is not known, where its source has answered others. */
static void tell_reasons(const struct slo_list *slos,
			 const struct threshold_list *thresholds)
{
	size_t told = 0;
	for (size_t i = 0; i < slos->nr; i++)
		tell_reason(slos->row[i].def->id, slos->row[i].fault, &told);
	for (size_t i = 0; i < thresholds->nr; i++)
		tell_reason(thresholds->row[i].def->id,
			    thresholds->row[i].fault, &told);
	if (told > REASONS_MAX)
		fprintf(stderr, "redtop: and %zu more\n", told - REASONS_MAX);
}

static int tell(const struct options *o, const struct view *v,
		const struct rules *r, bool answered)
{
	struct slo_list slos = { 0 };
	struct threshold_list thresholds = { 0 };
	/* What found no room may be what burns. */
	int code = store_losses(v->store)->series ? 3 : 0;
	if (o->slo) {
		read_slos(&slos, v, r);
		code = worse(code, slo_code(&slos));
	}
	if (o->thresholds) {
		read_thresholds(&thresholds, v, r);
		code = worse(code, threshold_code(&thresholds));
	}
	if (o->format == FORMAT_JSON) {
		print_json(o, v, &slos, &thresholds);
	} else {
		for (size_t i = 0; i < slos.nr; i++)
			print_slo(&slos.row[i]);
		for (size_t i = 0; i < thresholds.nr; i++)
			print_threshold(&thresholds.row[i]);
	}
	if (answered && !o->quiet)
		tell_reasons(&slos, &thresholds);
	free(slos.row);
	free(thresholds.row);
	return code;
}

/* Why there is no data; what is verbose has said so. */
static void tell_warnings(struct oneshot *s, const struct options *o)
{
	const struct store_source *const *src;
	size_t n = store_sources(dash_store(oneshot_dash(s)), &src);
	for (size_t i = 0; i < n && !o->quiet && !o->verbose; i++)
		for (size_t k = 0; k < src[i]->nr_warnings; k++)
			fprintf(stderr, "redtop: %s: %s\n", src[i]->name,
				src[i]->warning[k]);
	uint64_t lost = store_losses(dash_store(oneshot_dash(s)))->series;
	if (lost && !o->quiet)
		fprintf(stderr, "redtop: %" PRIu64 " series found no room and "
			"were not judged; ask for fewer groups\n", lost);
}

static int judge_rules(struct options *o, const struct rules *r)
{
	struct err e;
	if (o->slo && !r->nr_slos && !o->quiet)
		fprintf(stderr, "redtop: %s: no objectives\n", o->file);
	if (o->thresholds && !r->nr_thresholds && !o->quiet)
		fprintf(stderr, "redtop: %s: no thresholds\n", o->file);
	o->rules = r;
	struct oneshot *s = oneshot_run(o, GRAPH_ASCII, &e);
	if (!s)
		return complain(&e);
	int source = oneshot_code(s, o);
	tell_warnings(s, o);
	int code = tell(o, dash_view(oneshot_dash(s)), r,
			source == EXIT_FINE);
	/* A file that was emptied is no promise that was kept. */
	bool none = (!o->slo || !r->nr_slos)
		    && (!o->thresholds || !r->nr_thresholds);
	if (none)
		code = 3;
	oneshot_free(s);
	return source ? source : code;
}

/* The sources of a dashboard file, where none is given. */
static int with_sources(struct options *o, const struct rulesfile *r)
{
	struct err e;
	if (o->nr_sources || !r->dash)
		return o->nr_sources
		       ? judge_rules(o, &r->rules)
		       : complain(&(struct err){ EXIT_USAGE,
				"against what? --source URL says it" });
	struct config *c = config_load(o->file, &e);
	if (!c)
		return complain(&e);
	int code = config_apply(c, o, &e) < 0 ? complain(&e)
		   : !o->nr_sources
		   ? complain(&(struct err){ EXIT_USAGE,
			"the file has no sources; --source URL says it" })
		   : judge_rules(o, &r->rules);
	config_free(c);
	return code;
}

int judge(struct options *o)
{
	struct rulesfile r;
	struct err e;
	int code = rulesfile_load(&r, o->file, o->quiet, &e) < 0
		   ? complain(&e) : with_sources(o, &r);
	rulesfile_release(&r);
	return code;
}
