/* What a dashboard file says of objectives and thresholds, as the model has
 * it. */
#include "app/dashfile_private.h"

#include <math.h>
#include <string.h>

/* ---- words in queries -------------------------------------------------- */

/* The words for a span that may stand in a query. The last two are of
 * thresholds only. */
static const char *const spans[] = {
	"$__rate_interval", "${__rate_interval}", "$window", "${window}",
	"$period", "${period}",
};
#define SPANS (sizeof(spans) / sizeof(spans[0]))
#define WINDOWS (SPANS - 2)

/* Bytes of the word that begins here, of the first `nr`; or 0. */
static size_t span_at(const char *s, size_t nr)
{
	for (size_t i = 0; *s == '$' && i < nr; i++)
		if (strncmp(s, spans[i], strlen(spans[i])) == 0)
			return strlen(spans[i]);
	return 0;
}

static const char *reworded(const char *query, size_t nr, const char *to,
			    struct arena *a)
{
	struct buf b;
	if (!query)
		return NULL;
	buf_init(&b, 0);
	while (*query) {
		size_t n = span_at(query, nr);
		if (n)
			buf_str(&b, to);
		else
			buf_char(&b, *query);
		query += n ? n : 1;
	}
	const char *out = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return out;
}

const char *dashfile_windowed(const char *query, const char *window,
			      struct arena *a)
{
	return reworded(query, WINDOWS, window, a);
}

/* Bytes that are one thing: a span, a run of blanks, a character. */
static size_t token(const char *s, char *kind)
{
	size_t n = span_at(s, SPANS);
	*kind = n ? '$' : *s;
	if (!n && *s == ' ')
		n = strspn(s, " ");
	return n ? n : 1;
}

bool dashfile_same_query(const char *a, const char *b)
{
	while (*a && *b) {
		char ka, kb;
		a += token(a, &ka);
		b += token(b, &kb);
		if (ka != kb)
			return false;
	}
	return *a == *b;
}

/* A sum of increases, or of what was seen: there is no "per second". The
 * answer alone does not tell. */
static bool is_count(const char *query)
{
	return query && !strstr(query, "rate(") && !strstr(query, ":rate") &&
	       (strstr(query, "increase(") || strstr(query, "_over_time("));
}

/* ---- objectives -------------------------------------------------------- */

static const char *where_of(const struct dashfile *f, const struct place *p,
			    struct arena *a)
{
	return arena_printf(a, "%s:%d", f->path, p->node->line);
}

/* Of a calendar: what the tiers are scaled by. */
static time_ms nominal(const struct file_calendar *c)
{
	static const int days[] = {
		[CALENDAR_DAY] = 1,    [CALENDAR_WEEK] = 7,
		[CALENDAR_MONTH] = 30, [CALENDAR_QUARTER] = 90,
		[CALENDAR_YEAR] = 365,
	};
	return (time_ms)days[c->unit] * c->every * 86400000;
}

static enum slo_method method_of(const char *word)
{
	static const char *const names[] = {
		[SLO_OCCURRENCES] = "occurrences",
		[SLO_TIMESLICES] = "timeslices",
		[SLO_RATIO_TIMESLICES] = "ratio-timeslices",
	};
	for (int m = 0; word && m <= SLO_RATIO_TIMESLICES; m++)
		if (strcmp(word, names[m]) == 0)
			return (enum slo_method)m;
	return SLO_OCCURRENCES;
}

static struct slo_def slo_of(const struct dashfile *f,
			     const struct file_slo *s, struct arena *a)
{
	static const char window[] = "$window";
	struct slo_def d = {
		.id = s->id, .service = s->service,
		.objective = s->objective, .period = s->period,
		.method = method_of(s->method), .slice = s->slice,
		.slice_target = s->slice_target,
		.errors = dashfile_windowed(s->error_query, window, a),
		.total = dashfile_windowed(s->total_query, window, a),
		.recorded = dashfile_windowed(s->recorded, window, a),
		.latency = (double)s->latency / 1000, .group = s->group,
		.what = s->what, .runbook = s->runbook,
		.where = where_of(f, &s->at, a),
	};
	d.derived = !d.errors && s->service;
	d.counts = is_count(d.errors) && is_count(d.total);
	if (!s->calendar.given)
		return d;
	d.period = nominal(&s->calendar);
	d.calendar = s->calendar.unit;
	d.calendar_every = s->calendar.every;
	d.calendar_start = s->calendar.start;
	d.zone = s->calendar.zone;
	return d;
}

struct slo_def *dashfile_slos(const struct dashfile *f, struct arena *a,
			      size_t *nr)
{
	struct slo_def *d = arena_alloc(a, (f->nr_slos + 1) * sizeof(*d));
	*nr = 0;
	for (size_t i = 0; d && i < f->nr_slos; i++)
		if (f->slo[i].id)
			d[(*nr)++] = slo_of(f, &f->slo[i], a);
	return d;
}

/* ---- thresholds -------------------------------------------------------- */

static enum threshold_measure measure_of(const char *word)
{
	for (int m = MEASURE_NONE + 1; word && m < MEASURES; m++)
		if (strcmp(word, measure_name((enum threshold_measure)m)) == 0)
			return (enum threshold_measure)m;
	return MEASURE_NONE;
}

static enum missing missing_of(const char *word)
{
	for (int m = 0; word && m <= MISSING_IGNORE; m++)
		if (strcmp(word, missing_name((enum missing)m)) == 0)
			return (enum missing)m;
	return MISSING_MISSING;
}

static struct level level_of(const struct file_level *l)
{
	return (struct level){ l->given, l->given ? l->above : NAN,
			       l->given ? l->below : NAN };
}

/* Named by redtop.yaml it is nobody's pack. */
const char *dashfile_pack(const struct dashfile *f, struct arena *a)
{
	const char *slash = strrchr(f->path, '/');
	const char *name = slash ? slash + 1 : f->path;
	size_t n = strlen(name);
	if (n > 5 && strcmp(name + n - 5, ".yaml") == 0)
		n -= 5;
	else if (n > 4 && strcmp(name + n - 4, ".yml") == 0)
		n -= 4;
	return strncmp(name, "redtop", n) == 0 && n == 6
		       ? NULL : arena_strndup(a, name, n);
}

static struct threshold_def threshold_of(const struct dashfile *f,
					 const struct file_threshold *t,
					 struct arena *a)
{
	return (struct threshold_def){
		.id = t->id, .query = reworded(t->query, SPANS, "$period", a),
		.cloudwatch = t->cloudwatch,
		.measure = measure_of(t->measure),
		.warning = level_of(&t->warning),
		.critical = level_of(&t->critical),
		.period = t->period, .m = (int)t->m, .n = (int)t->n,
		.missing = missing_of(t->missing), .clear = t->clear,
		.clear_after = (int)t->clear_after, .service = t->service,
		.unit = t->unit, .what = t->what, .runbook = t->runbook,
		.where = where_of(f, &t->at, a),
	};
}

struct threshold_def *dashfile_thresholds(const struct dashfile *f,
					  struct arena *a, size_t *nr)
{
	struct threshold_def *d =
		arena_alloc(a, (f->nr_thresholds + 1) * sizeof(*d));
	const char *pack = dashfile_pack(f, a);
	*nr = 0;
	for (size_t i = 0; d && i < f->nr_thresholds; i++) {
		if (!f->threshold[i].id)
			continue;
		d[*nr] = threshold_of(f, &f->threshold[i], a);
		d[(*nr)++].pack = pack;
	}
	return d;
}
