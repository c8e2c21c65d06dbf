#include "sources/prom_change_events.h"

#include "base/mem.h"
#include "sources/prom_plan.h"
#include "sources/promql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define FINEST ((time_ms)15000)
#define POINTS 240
#define ROOM ((size_t)64 << 10)  /* bytes of all texts */
#define MAX_VERSIONS ((size_t)100) /* looked at */
#define STARTS "process_start_time_seconds"
#define RELOADS "{__name__=~\".+_config_last_reload_success_timestamp_seconds\""

/* Ids of the questions: beyond those of any label. */
enum fact { FACT_BUILDS = 1000, FACT_VERSIONS, FACT_INSTANCES, FACT_PROCESSES,
	    FACT_RESTARTED, FACT_STARTED, FACT_RELOADS, FACT_RELOADED };

void change_events_init(struct change_events *e, const struct change_want *w)
{
	*e = (struct change_events){
		.want = *w, .instances = { NAN, NAN }, .processes = NAN,
		.restarted = NAN, .started = NAN, .reloads = NAN,
		.reloaded = NAN };
	arena_init(&e->arena, ROOM);
}

void change_events_release(struct change_events *e)
{
	arena_release(&e->arena);
}

/* ---- questions ---------------------------------------------------------- */

static void join(struct buf *out, struct buf *question, enum fact id)
{
	if (question->len)
		change_words_join(out, question, (uint32_t)id);
	buf_release(question);
}

/* count by (job, version) (build_info{...}) of this service. */
static void ask_builds(const struct change_events *e, struct buf *out)
{
	const char *text = e->shape->question[RED_VERSION];
	size_t n = text ? strlen(text) : 0;
	struct buf b;
	if (!n)
		return;
	buf_init(&b, 0);
	bool braces = n > 2 && strcmp(text + n - 2, "})") == 0;
	buf_add(&b, text, n - (braces ? 2 : 0));
	if (braces) {
		buf_char(&b, ',');
		promql_equal(&b, e->shape->label, e->value);
		buf_str(&b, "})");
	}
	join(out, &b, FACT_BUILDS);
}

static void ask_series(const struct change_events *e, struct buf *out)
{
	struct buf b;
	buf_init(&b, 0);
	if (e->version) {
		buf_str(&b, "count by (");
		promql_label(&b, e->version);
		buf_str(&b, ") (");
		change_words_selector(e->words, &b);
		buf_char(&b, ')');
	}
	join(out, &b, FACT_VERSIONS);
	buf_init(&b, 0);
	if (e->instance) {
		buf_str(&b, "count(count by (");
		promql_label(&b, e->instance);
		buf_str(&b, ") (");
		change_words_selector(e->words, &b);
		buf_str(&b, "))");
	}
	join(out, &b, FACT_INSTANCES);
}

void change_events_ask_range(const struct change_events *e, struct buf *out,
			     time_ms *step)
{
	time_ms span = e->want.during_to - e->want.before_from;
	*step = time_ceil(span / POINTS, FINEST);
	if (*step < FINEST)
		*step = FINEST;
	ask_builds(e, out);
	ask_series(e, out);
}

static void write_since(const struct change_events *e, struct buf *out)
{
	buf_str(out, " > ");
	prom_seconds(e->want.before_from, out);
}

static void write_own(const struct change_events *e, struct buf *out)
{
	promql_equal(out, e->shape->label, e->value);
	if (*e->match)
		buf_printf(out, ",%s", e->match);
	buf_char(out, '}');
}

/* Who began to run meanwhile, and ran before by the same name. */
static void write_restarted(const struct change_events *e, const char *agg,
			    struct buf *out)
{
	char span[TIME_TEXT];
	buf_printf(out, "%s(" STARTS "{", agg);
	write_own(e, out);
	write_since(e, out);
	buf_str(out, " and " STARTS "{");
	write_own(e, out);
	buf_printf(out, " offset %s)",
		   time_duration(e->want.during_to - e->want.before_from,
				 span));
}

static void write_fact(const struct change_events *e, enum fact id,
		       struct buf *out)
{
	switch (id) {
	case FACT_PROCESSES:
		buf_str(out, "count(" STARTS "{");
		write_own(e, out);
		buf_char(out, ')');
		break;
	case FACT_RESTARTED:
		write_restarted(e, "count", out);
		break;
	case FACT_STARTED:
		write_restarted(e, "min", out);
		break;
	default:
		buf_printf(out, "%s(" RELOADS ",",
			   id == FACT_RELOADS ? "count" : "max");
		write_own(e, out);
		if (id == FACT_RELOADED)
			write_since(e, out);
		buf_char(out, ')');
	}
}

/* A process is known by its job alone. */
void change_events_ask_now(const struct change_events *e, struct buf *out)
{
	if (strcmp(e->shape->label, "job") != 0)
		return;
	for (int id = FACT_PROCESSES; id <= FACT_RELOADED; id++) {
		struct buf b;
		buf_init(&b, 0);
		write_fact(e, (enum fact)id, &b);
		join(out, &b, (enum fact)id);
	}
}

/* ---- answers ------------------------------------------------------------ */

void change_events_add(struct change_events *e, enum event_kind kind,
		       enum severity severity, time_ms at, const char *text,
		       const char *tag)
{
	struct event new = {
		.at = at, .until = TIME_NONE, .kind = kind,
		.severity = severity, .service = e->want.service,
		.text = arena_strdup(&e->arena, text),
		.tag = tag ? arena_strdup(&e->arena, tag) : NULL };
	if (!new.text || (tag && !new.tag))
		return;
	if (e->nr == CHANGE_EVENTS)
		memmove(e->event, e->event + 1,
			--e->nr * sizeof(*e->event));
	size_t i = e->nr++;
	for (; i > 0 && e->event[i - 1].at > at; i--)
		e->event[i] = e->event[i - 1];
	e->event[i] = new;
}

static const char *version_of(const struct change_events *e,
			      const struct frame *f)
{
	if (f->question == FACT_VERSIONS)
		return labels_get(&f->labels, e->version);
	const char *own = labels_get(&f->labels, e->shape->label);
	return own && strcmp(own, e->value) == 0
		? labels_get(&f->labels, "version") : NULL;
}

static double value_at(const struct frame *f, time_ms t)
{
	for (size_t i = 0; f->v && i < f->nr && f->t[i] <= t; i++)
		if (f->t[i] == t)
			return f->v[i];
	return 0;
}

/* The version that most had at a time, and that is another. */
static const char *version_at(const struct change_events *e,
			      const struct batch *b, const struct frame *than,
			      time_ms t)
{
	const char *best = NULL;
	double most = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		double v = f == than || f->question != than->question
			? 0 : value_at(f, t);
		const char *version = v > 0 ? version_of(e, f) : NULL;
		if (version && v > most) {
			most = v;
			best = version;
		}
	}
	return best;
}

static bool is_told(const struct change_events *e, const char *version)
{
	for (size_t i = 0; i < e->nr; i++)
		if (e->event[i].tag && strcmp(e->event[i].tag, version) == 0)
			return true;
	return false;
}

/* It appears where another one was a step before. */
static void look_for_deploy(struct change_events *e, const struct batch *b,
			    const struct frame *f, time_ms step)
{
	const char *version = version_of(e, f), *old;
	struct buf text;
	if (!version || !f->nr || !f->v)
		return;
	e->versions = true;
	time_ms at = f->t[0];
	if (is_told(e, version) || !(old = version_at(e, b, f, at - step)))
		return;
	buf_init(&text, 0);
	buf_printf(&text, "deploy %s → %s", old, version);
	change_events_add(e, EVENT_DEPLOY, SEVERITY_INFO, at, buf_text(&text),
			  version);
	buf_release(&text);
}

static double last_between(const struct frame *f, time_ms from, time_ms to)
{
	double last = NAN;
	for (size_t i = 0; f->v && i < f->nr && f->t[i] <= to; i++)
		if (f->t[i] >= from)
			last = f->v[i];
	return last;
}

/* How many there were and are; and since when it is as many as now. */
static void look_at_instances(struct change_events *e, const struct frame *f)
{
	const struct change_want *w = &e->want;
	struct buf text;
	size_t i = f->nr;
	e->instances[0] = last_between(f, w->before_from, w->before_to);
	e->instances[1] = last_between(f, w->during_from, w->during_to);
	if (isnan(e->instances[0]) || isnan(e->instances[1]) ||
	    e->instances[0] == e->instances[1])
		return;
	while (i > 1 && f->v[i - 2] == e->instances[1])
		i--;
	buf_init(&text, 0);
	buf_printf(&text, "instances %.0f → %.0f", e->instances[0],
		   e->instances[1]);
	change_events_add(e, EVENT_NOTE,
			  e->instances[1] < e->instances[0] ? SEVERITY_WARN
							    : SEVERITY_INFO,
			  f->t[i - 1], buf_text(&text), NULL);
	buf_release(&text);
}

void change_events_take_range(struct change_events *e, const struct batch *b,
			      time_ms step)
{
	size_t versions = 0;
	for (size_t i = 0; i < b->nr; i++) {
		const struct frame *f = &b->frame[i];
		if (f->question == FACT_INSTANCES && f->nr && f->v)
			look_at_instances(e, f);
		else if ((f->question == FACT_BUILDS ||
			  (f->question == FACT_VERSIONS && e->version)) &&
			 versions++ < MAX_VERSIONS)
			look_for_deploy(e, b, f, step);
	}
}

static void tell_restarts(struct change_events *e)
{
	struct buf text;
	if (!(e->restarted > 0) || !(e->started > 0) || e->started > 1e11)
		return;
	buf_init(&text, 0);
	if (e->processes > 1)
		buf_printf(&text, "%.0f of %.0f instances restarted",
			   e->restarted, e->processes);
	else
		buf_str(&text, "restarted");
	change_events_add(e, EVENT_RESTART, SEVERITY_WARN,
			  (time_ms)(e->started * 1000), buf_text(&text), NULL);
	buf_release(&text);
}

void change_events_take_now(struct change_events *e, const struct batch *b)
{
	struct { enum fact id; double *to; } facts[] = {
		{ FACT_PROCESSES, &e->processes },
		{ FACT_RESTARTED, &e->restarted },
		{ FACT_STARTED, &e->started },
		{ FACT_RELOADS, &e->reloads },
		{ FACT_RELOADED, &e->reloaded },
	};
	for (size_t i = 0; i < b->nr; i++)
		for (size_t k = 0; k < COUNT(facts); k++)
			if (b->frame[i].question == (uint32_t)facts[k].id &&
			    b->frame[i].nr && b->frame[i].v)
				*facts[k].to = b->frame[i].v[0];
	tell_restarts(e);
	if (e->reloaded > 0 && e->reloaded < 1e11)
		change_events_add(e, EVENT_CONFIG, SEVERITY_INFO,
				  (time_ms)(e->reloaded * 1000),
				  "config reloaded", NULL);
}

static bool has_kind(const struct change_events *e, enum event_kind kind)
{
	for (size_t i = 0; i < e->nr; i++)
		if (e->event[i].kind == kind)
			return true;
	return false;
}

void change_events_notes(const struct change_events *e,
			 void (*note)(void *arg, const char *text), void *arg)
{
	if (e->instances[0] == e->instances[1]) {
		struct buf b;
		buf_init(&b, 0);
		buf_printf(&b, "instances %.0f of %.0f", e->instances[1],
			   e->instances[0]);
		note(arg, buf_text(&b));
		buf_release(&b);
	}
	if (e->versions && !has_kind(e, EVENT_DEPLOY))
		note(arg, "version unchanged");
	if (e->processes > 0 && !has_kind(e, EVENT_RESTART))
		note(arg, "no restart");
	if (e->reloads > 0 && !has_kind(e, EVENT_CONFIG))
		note(arg, "no config reload");
}
