#include "sources/prom_manual.h"

#include "base/text.h"
#include "sources/interval.h"
#include "sources/prom_derive.h"
#include "sources/prom_resources.h"
#include "sources/promql.h"

#include <inttypes.h>
#include <string.h>

/* A label that no answer has: all series of a question are one service's. */
#define NO_LABEL "__redtop_by_hand__"
#define CLASS "redtop_error"
/* Of a query, where one is named in a sentence. */
#define NAME_CELLS 120

/* ---- services ---------------------------------------------------------- */

static const char *text(struct arena *a, struct buf *b)
{
	const char *out = arena_strdup(a, buf_text(b));
	buf_release(b);
	return out;
}

static const char *in_window(const char *query, const char *window,
			     struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	if (window)
		promql_window(&b, query, window);
	else
		buf_str(&b, query);
	return text(a, &b);
}

/* The closing quote, or the text's last byte. */
static const char *string_end(const char *p)
{
	char quote = *p;
	while (p[1] && p[1] != quote)
		p += p[1] == '\\' && quote != '`' && p[2] ? 2 : 1;
	return p + (p[1] != '\0');
}

/* True for one call of sum: "sum(...)", not "sum(a) / sum(b)". */
static bool is_sum(const char *query)
{
	int depth = 0;
	if (strncmp(query, "sum(", 4) != 0)
		return false;
	for (const char *p = query + 3; *p; p++) {
		if (*p == '"' || *p == '\'' || *p == '`')
			p = string_end(p);
		depth += (*p == '(') - (*p == ')');
		if (!depth)
			return !p[1];
	}
	return false;
}

/* One series of it, whatever labels the person left. */
static const char *summed(const char *query, struct arena *a)
{
	return is_sum(query) ? query : arena_printf(a, "sum(%s)", query);
}

/* Failures and the rest as two series, so that they are read like a counter
 * by status: no failures while there are requests is none, not unknown. */
static const char *errors_question(const struct manual_service *m,
				   const char *window, struct arena *a)
{
	const char *errors = summed(in_window(m->errors, window, a), a);
	const char *rate = summed(in_window(m->rate, window, a), a);
	struct buf b;
	buf_init(&b, 0);
	buf_printf(&b, "label_replace(%s,\"%s\",\"true\",\"\",\"\") or "
		   "label_replace(clamp_min(%s-(%s or 0*%s),0),\"%s\","
		   "\"false\",\"\",\"\")", errors, CLASS, rate, errors, rate,
		   CLASS);
	return text(a, &b);
}

static void add_manual(struct shape *sh, const struct manual_service *m,
		       struct arena *a)
{
	sh->metric = "by hand";
	sh->layer = m->layer;
	sh->question[RED_RATE] = summed(m->rate, a);
	if (m->errors) {
		sh->status = STATUS_ERROR;
		sh->status_label = CLASS;
		sh->question[RED_ERRORS] = errors_question(m, NULL, a);
		sh->question[RED_BURN_5M] = errors_question(m, "5m", a);
		sh->question[RED_BURN_1H] = errors_question(m, "1h", a);
	}
	if (m->buckets) {
		sh->method = METHOD_HISTOGRAM;
		sh->question[RED_BUCKETS] =
			arena_printf(a, "sum by (le) (%s)", m->buckets);
	} else {
		sh->note = "no buckets query";
	}
}

/* By hand nobody says how often it is scraped: as often as what was found. */
static time_ms interval_of(const struct catalog *found)
{
	time_ms finest = 0;
	for (size_t i = 0; i < found->nr_shapes; i++)
		if (!finest || found->shape[i].interval < finest)
			finest = found->shape[i].interval;
	return finest ? finest : 15000;
}

static bool is_manual(const struct source_options *o, const char *name)
{
	for (size_t i = 0; i < o->nr_manual; i++)
		if (strcmp(o->manual[i].name, name) == 0)
			return true;
	return false;
}

static void add_shapes(struct catalog *c, const struct catalog *found,
		       const struct source_options *o, struct arena *a)
{
	size_t more = o->nr_manual + o->nr_charts, nr = found->nr_shapes, k = 0;
	time_ms scrape = interval_of(found);
	struct shape *sh = arena_alloc(a, (nr + more) * sizeof(*sh));
	struct service_def *def = arena_alloc(
		a, (found->nr_services + more) * sizeof(*def));
	if (nr)
		memcpy(sh, found->shape, nr * sizeof(*sh));
	for (size_t i = 0; i < found->nr_services; i++)
		if (!is_manual(o, found->service[i].name))
			def[k++] = found->service[i];
	for (size_t i = 0; i < more; i++, nr++) {
		uint32_t id = PROM_MANUAL_ID + (uint32_t)i;
		time_ms window = 4 * scrape > 60000 ? 4 * scrape : 60000;
		sh[nr] = (struct shape){ .id = id, .label = NO_LABEL,
					 .layer = LAYER_APP,
					 .interval = scrape, .window = window };
		def[k] = (struct service_def){ .value = "", .shape = id };
		if (i < o->nr_manual) {
			def[k++].name = o->manual[i].name;
			add_manual(&sh[nr], &o->manual[i], a);
			continue;
		}
		sh[nr].metric = "a chart";
		const char *query = o->chart[i - o->nr_manual];
		sh[nr].question[RED_CHART] = query;
		def[k++].name = arena_strndup(a, query,
					      text_fit(query, NAME_CELLS));
	}
	c->shape = sh;
	c->nr_shapes = nr;
	c->service = def;
	c->nr_services = k;
}

const struct catalog *prom_manual(const struct catalog *found,
				  const struct source_options *o,
				  const struct prom_recorded *recorded,
				  struct arena *a)
{
	struct catalog *c = arena_alloc(a, sizeof(*c));
	*c = *found;
	if (o->nr_manual + o->nr_charts)
		add_shapes(c, found, o, a);
	c->slo = prom_derive(c, o, recorded, a, &c->nr_slos);
	c->threshold = o->threshold;
	c->nr_thresholds = o->nr_thresholds;
	c->pack = o->pack;
	return c;
}

const struct catalog *prom_manual_without(const struct catalog *c,
					  struct catalog *room)
{
	if (!c)
		return NULL;
	*room = *c;
	while (room->nr_shapes &&
	       room->shape[room->nr_shapes - 1].id >= PROM_RESOURCE_ID)
		room->nr_shapes--;
	return room;
}

/* ---- charts ------------------------------------------------------------ */

enum word { W_INTERVAL, W_INTERVAL_MS, W_RATE, W_RANGE, W_RANGE_S, W_RANGE_MS };

/* The longer ones first. */
static const struct {
	const char *name;
	enum word word;
} words[] = {
	{ "__rate_interval", W_RATE },   { "__interval_ms", W_INTERVAL_MS },
	{ "__interval", W_INTERVAL },    { "__range_ms", W_RANGE_MS },
	{ "__range_s", W_RANGE_S },      { "__range", W_RANGE },
};
#define NR_WORDS (sizeof(words) / sizeof(words[0]))

struct spans {
	time_ms step, scrape, range;
};

static void put_word(struct buf *out, enum word w, const struct spans *s)
{
	char span[TIME_TEXT];
	time_ms rate = s->step + s->scrape > 4 * s->scrape ? s->step + s->scrape
							   : 4 * s->scrape;
	switch (w) {
	case W_INTERVAL:
		buf_str(out, time_duration(s->step, span));
		break;
	case W_RATE:
		buf_str(out, time_duration(rate, span));
		break;
	case W_RANGE:
		buf_str(out, time_duration(s->range, span));
		break;
	case W_INTERVAL_MS:
		buf_printf(out, "%" PRId64, s->step);
		break;
	case W_RANGE_MS:
		buf_printf(out, "%" PRId64, s->range);
		break;
	case W_RANGE_S:
		buf_printf(out, "%" PRId64, s->range / 1000);
		break;
	}
}

/* The bytes of a word that stands at `at` ("$__x" or "${__x}"), or 0. */
static size_t word_at(const char *at, enum word *w)
{
	size_t brace = at[1] == '{';
	for (size_t i = 0; i < NR_WORDS; i++) {
		size_t n = strlen(words[i].name);
		const char *name = at + 1 + brace;
		if (strncmp(name, words[i].name, n) != 0 ||
		    (brace && name[n] != '}'))
			continue;
		*w = words[i].word;
		return 1 + n + 2 * brace;
	}
	return 0;
}

void prom_chart_query(const char *query, time_ms step, time_ms scrape,
		      time_ms range, struct buf *out)
{
	struct spans s = { step, scrape, range };
	while (*query) {
		enum word w;
		size_t n = *query == '$' ? word_at(query, &w) : 0;
		if (n)
			put_word(out, w, &s);
		else
			buf_char(out, *query);
		query += n ? n : 1;
	}
}
