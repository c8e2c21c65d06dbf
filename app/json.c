/* CONTRACTS' snapshot object. NAN and missing texts become null. */
#include "app/json.h"

#include "app/put.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double seconds(time_ms ms)
{
	return (double)ms / 1000;
}

#define HOURS_A_MONTH (30 * 24)

static void put_cost(cJSON *o, const struct store_source *s)
{
	if (!s->priced) {
		put_add(o, "cost", cJSON_CreateNull());
		return;
	}
	cJSON *c = put_add(o, "cost", cJSON_CreateObject());
	put_number(c, "metrics", (double)s->cost.metrics);
	put_number(c, "usd_per_hour", s->cost.usd_per_hour);
	put_number(c, "usd_per_month", s->cost.usd_per_hour * HOURS_A_MONTH);
}

static void put_source(cJSON *list, const struct store_source *s, time_ms now,
		       bool replay)
{
	cJSON *o = put_object();
	cJSON_AddItemToArray(list, o);
	put_text(o, "name", s->name);
	put_text(o, "kind", replay ? "recording" : s->kind);
	put_text(o, "url", *s->url ? s->url : NULL);
	put_text(o, "identity", s->identity);
	put_text(o, "state", source_state_name(s->state));
	put_number(o, "took_ms", (double)s->took_us / 1000);
	put_number(o, "age_s", s->answered == TIME_NONE
				       ? NAN : seconds(now - s->answered));
	put_number(o, "skew_s", s->skew_s);
	put_number(o, "requests", (double)s->requests);
	put_number(o, "bytes", (double)s->bytes);
	put_text(o, "error", s->error);
	cJSON *w = put_add(o, "warnings", cJSON_CreateArray());
	for (size_t i = 0; i < s->nr_warnings; i++)
		put_string(w, s->warning[i]);
	put_text(o, "credentials", s->credentials);
	put_cost(o, s);
}

static void put_discovery(cJSON *root, const struct view *v)
{
	const struct store_source *const *s;
	size_t n = store_sources(v->store, &s);
	int requests = 0, families = 0, unknown = 0;
	for (size_t i = 0; i < n; i++) {
		if (!s[i]->catalog)
			continue;
		requests += s[i]->catalog->requests;
		families += s[i]->catalog->families;
		unknown += s[i]->catalog->unknown;
	}
	cJSON *o = put_add(root, "discovery", cJSON_CreateObject());
	put_number(o, "requests", requests);
	put_number(o, "families", families);
	put_number(o, "unknown", unknown);
}

static void put_quantile(cJSON *o, const char *name,
			 const struct red_quantile *q)
{
	cJSON *j = put_add(o, name, cJSON_CreateObject());
	char bound[NUMBER_TEXT], note[NUMBER_TEXT + 4];
	put_number(j, "value", q->value);
	put_number(j, "lo", q->lo);
	put_number(j, "hi", q->hi);
	put_text(j, "unit", "s");
	put_text(j, "method", method_name(q->method));
	if (isinf(q->hi) && isfinite(q->lo)) {
		snprintf(note, sizeof(note), ">%s",
			 number_shortest(q->lo, bound));
		put_text(j, "note", note);
	} else {
		put_text(j, "note", q->note);
	}
}

static void put_service(cJSON *list, const struct red_row *r)
{
	const struct shape *sh = r->service->shape;
	cJSON *o = put_object();
	cJSON_AddItemToArray(list, o);
	put_text(o, "name", r->service->name);
	put_text(o, "source", r->service->source->name);
	put_text(o, "layer", layer_name(sh->layer));
	put_text(o, "metric", sh->metric);
	put_number(o, "window_s", seconds(sh->window));
	put_number(o, "rate", r->rate);
	put_number(o, "error_ratio", r->error_ratio);
	put_text(o, "error_matcher", sh->error_matcher);
	put_text(o, "error_metric", sh->error_metric);
	put_quantile(o, "p50", &r->p50);
	put_quantile(o, "p95", &r->p95);
	put_quantile(o, "p99", &r->p99);
	put_number(o, "mean", r->mean);
	cJSON *burn = put_add(o, "burn", cJSON_CreateObject());
	put_number(burn, "5m", r->burn_5m);
	put_number(burn, "1h", r->burn_1h);
	put_number(o, "objective", r->objective);
	put_text(o, "objective_from", objective_from_name(r->objective_from));
	put_text(o, "state", service_state_name(r->state));
	put_time(o, "since", r->since);
	put_number(o, "age_s", isnan(r->rate) ? NAN : seconds(r->age));
}

static void put_resource(cJSON *list, const struct resource *r)
{
	cJSON *o = put_object();
	cJSON_AddItemToArray(list, o);
	put_text(o, "id", r->service->name);
	put_text(o, "service", NULL);
	put_number(o, "used", r->used);
	put_number(o, "limit", r->limit);
	put_number(o, "ratio", r->ratio);
	put_text(o, "state", resource_state_name(r->state));
	put_time(o, "since", r->since);
}

static void put_alarms(cJSON *list, const struct store_source *s)
{
	for (size_t i = 0; i < s->nr_alarms; i++) {
		const struct alarm *a = &s->alarm[i];
		cJSON *o = put_object();
		cJSON_AddItemToArray(list, o);
		put_text(o, "name", a->name);
		put_text(o, "source", s->name);
		put_text(o, "state", alarm_state_name(a->state));
		put_time(o, "since", a->since);
		put_text(o, "reason", a->reason);
	}
}

static void put_event(cJSON *list, const struct event *e)
{
	cJSON *o = put_object();
	cJSON_AddItemToArray(list, o);
	put_time(o, "at", e->at);
	put_text(o, "kind", event_kind_name(e->kind));
	put_text(o, "severity", severity_name(e->severity));
	put_text(o, "service", e->service);
	put_text(o, "text", e->text);
}

#define SLOTS_SHOWN 32

static void put_span(cJSON *o, const char *name, time_ms from, time_ms to)
{
	cJSON *x = put_part(o, name);
	put_time(x, "from", from);
	put_time(x, "to", to);
}

static void put_change(cJSON *list, const struct changed_row *r)
{
	cJSON *o = put_item(list);
	put_text(o, "label", r->label);
	put_text(o, "value", r->value);
	put_number(o, "share_of_new_errors", r->share_of_new_errors);
	put_number(o, "share_of_new_slow", r->share_of_new_slow);
	put_number(o, "share_of_new_rate", r->share_of_new_rate);
	put_number(o, "errors_before", r->errors_before);
	put_number(o, "errors_during", r->errors_during);
	put_number(o, "p99_before", r->p99_before);
	put_number(o, "p99_during", r->p99_during);
	put_number(o, "requests_share", r->requests_share);
}

static void put_seen(cJSON *list, const struct event *e)
{
	cJSON *o = put_item(list);
	put_time(o, "at", e->at);
	put_text(o, "kind", event_kind_name(e->kind));
	put_text(o, "text", e->text);
	put_text(o, "service", e->service);
}

static void put_changed(cJSON *root, const struct view *v)
{
	const struct changed *c = v->changed;
	struct buf sentence;
	if (v->page != PAGE_CHANGED || !c) {
		put_add(root, "changed", cJSON_CreateNull());
		return;
	}
	const struct change_answer *a = c->answer;
	cJSON *o = put_part(root, "changed");
	put_text(o, "service", a->want.service);
	put_span(o, "before", a->want.before_from, a->want.before_to);
	put_span(o, "during", a->want.during_from, a->want.during_to);
	cJSON *list = put_list(o, "rows");
	for (size_t i = 0; i < c->nr; i++)
		put_change(list, &c->row[i]);
	list = put_list(o, "events");
	for (size_t i = 0; i < a->nr_events; i++)
		put_seen(list, &a->event[i]);
	put_number(o, "queries", a->queries);
	buf_init(&sentence, LIMIT_SENTENCE);
	changed_sentence(c, &sentence);
	put_text(o, "text", sentence.len ? buf_text(&sentence) : NULL);
	buf_release(&sentence);
	put_text(o, "fault", a->fault);
}

static void put_frame(cJSON *root, const struct dash *d, const struct view *v)
{
	struct dash_slot slot[SLOTS_SHOWN];
	size_t n = dash_slots(d, slot, SLOTS_SHOWN);
	cJSON *o = put_add(root, "frame", cJSON_CreateObject());
	put_number(o, "w", dash_surface(d)->w);
	put_number(o, "h", dash_surface(d)->h);
	put_text(o, "page", v->own ? v->own : page_name(v->page));
	cJSON *list = put_add(o, "widgets", cJSON_CreateArray());
	for (size_t i = 0; i < n; i++) {
		cJSON *w = put_object();
		cJSON_AddItemToArray(list, w);
		put_text(w, "kind", slot[i].kind);
		put_text(w, "title", slot[i].title);
		put_number(w, "x", slot[i].x);
		put_number(w, "y", slot[i].y);
		put_number(w, "w", slot[i].w);
		put_number(w, "h", slot[i].h);
	}
}

static cJSON *snapshot(struct dash *d, bool replay)
{
	const struct view *v = dash_view(d);
	const struct store_source *const *sources;
	size_t n = store_sources(v->store, &sources);
	cJSON *root = put_object();
	put_text(root, "schema", "redtop.snapshot/1");
	put_time(root, "at", v->now);
	cJSON *range = put_add(root, "range", cJSON_CreateObject());
	time_ms step = v->step ? v->step : 15000;
	time_ms to = time_floor(v->now, step);
	put_time(range, "from", to - dash_range(d));
	put_time(range, "to", to);
	put_number(range, "step_s", seconds(step));
	cJSON *list = put_add(root, "sources", cJSON_CreateArray());
	for (size_t i = 0; i < n; i++)
		put_source(list, sources[i], v->now, replay);
	put_discovery(root, v);
	list = put_add(root, "services", cJSON_CreateArray());
	for (size_t i = 0; i < v->nr_all; i++)
		put_service(list, &v->all[i]);
	list = put_add(root, "saturation", cJSON_CreateArray());
	for (size_t i = 0; i < v->nr_resources; i++)
		put_resource(list, &v->resource[i]);
	list = put_add(root, "alarms", cJSON_CreateArray());
	for (size_t i = 0; i < n; i++)
		put_alarms(list, sources[i]);
	list = put_add(root, "events", cJSON_CreateArray());
	for (size_t i = 0; i < v->nr_events; i++)
		if (v->event[i]->at >= to - dash_range(d))
			put_event(list, v->event[i]);
	put_changed(root, v);
	put_frame(root, d, v);
	return root;
}

void json_snapshot(struct dash *d, bool replay, struct buf *out)
{
	cJSON *root = snapshot(d, replay);
	char *text = cJSON_PrintUnformatted(root);
	if (!text)
		mem_die();
	buf_str(out, text);
	buf_char(out, '\n');
	cJSON_free(text);
	cJSON_Delete(root);
}
