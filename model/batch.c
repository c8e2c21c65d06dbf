#include "model/batch.h"

#include "base/mem.h"
#include "base/number.h"

#include <inttypes.h>
#include <stdlib.h>

const char *fault_name(enum fault f)
{
	static const char *const names[FAULT_NR] = {
		[FAULT_NONE] = "none",
		[FAULT_NAME] = "name not found",
		[FAULT_REFUSED] = "refused",
		[FAULT_TIMEOUT] = "timeout",
		[FAULT_TLS] = "tls",
		[FAULT_NETWORK] = "network",
		[FAULT_AUTH] = "auth",
		[FAULT_THROTTLED] = "throttled",
		[FAULT_BAD_QUERY] = "bad query",
		[FAULT_BAD_ANSWER] = "bad answer",
		[FAULT_NOT_API] = "not the api",
		[FAULT_REDIRECT] = "redirect",
		[FAULT_STARTING] = "starting",
		[FAULT_SERVER] = "server error",
		[FAULT_TOO_BIG] = "too big",
		[FAULT_CANCELLED] = "cancelled",
		[FAULT_FILE] = "file",
	};
	return (unsigned)f < FAULT_NR ? names[f] : "unknown";
}

const char *circuit_name(enum circuit c)
{
	static const char *const names[CIRCUIT_NR] = {
		[CIRCUIT_CLOSED] = "closed",
		[CIRCUIT_OPEN] = "open",
		[CIRCUIT_HALF_OPEN] = "half open",
	};
	return (unsigned)c < CIRCUIT_NR ? names[c] : "unknown";
}

const char *source_state_name(enum source_state s)
{
	static const char *const names[] = {
		[SOURCE_ASKING] = "asking",
		[SOURCE_UP] = "up",
		[SOURCE_PARTIAL] = "partial",
		[SOURCE_STALE] = "stale",
		[SOURCE_DOWN] = "down",
		[SOURCE_AUTH] = "auth",
		[SOURCE_THROTTLED] = "throttled",
	};
	return (unsigned)s <= SOURCE_THROTTLED ? names[s] : "unknown";
}

const char *event_kind_name(enum event_kind k)
{
	static const char *const names[EVENT_KINDS] = {
		[EVENT_DEPLOY] = "deploy",
		[EVENT_RESTART] = "restart",
		[EVENT_CONFIG] = "config",
		[EVENT_TRAFFIC] = "traffic",
		[EVENT_SOURCE] = "source",
		[EVENT_THRESHOLD] = "threshold",
		[EVENT_SLO] = "slo",
		[EVENT_ALARM] = "alarm",
		[EVENT_GAP] = "gap",
		[EVENT_NOTE] = "note",
	};
	return (unsigned)k < EVENT_KINDS ? names[k] : "unknown";
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info",
		[SEVERITY_WARN] = "warn",
		[SEVERITY_CRIT] = "crit",
	};
	return (unsigned)s <= SEVERITY_CRIT ? names[s] : "unknown";
}

const char *alarm_state_name(enum alarm_state s)
{
	static const char *const names[ALARM_STATES] = {
		[ALARM_OK] = "ok",
		[ALARM_PENDING] = "pending",
		[ALARM_FIRING] = "firing",
		[ALARM_ALARM] = "alarm",
		[ALARM_INSUFFICIENT] = "insufficient",
	};
	return (unsigned)s < ALARM_STATES ? names[s] : "unknown";
}

struct batch *batch_new(size_t max)
{
	struct batch *b = mem_zero(1, sizeof(*b));
	arena_init(&b->arena, max);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	arena_release(&b->arena);
	free(b);
}

static void print_number(double v, struct buf *out)
{
	char text[NUMBER_TEXT];
	buf_str(out, number_shortest(v, text));
}

static void print_time(time_ms t, struct buf *out)
{
	if (t == TIME_NONE)
		buf_str(out, "none");
	else
		buf_printf(out, "%" PRId64, t);
}

static void print_field(const char *name, time_ms t, struct buf *out)
{
	buf_printf(out, " %s=", name);
	print_time(t, out);
}

static void print_head(const struct batch *b, struct buf *out)
{
	buf_str(out, b->instant ? "instant" : "range");
	if (b->source)
		buf_printf(out, " source=%s", b->source);
	print_field("at", b->at, out);
	if (!b->instant) {
		print_field("from", b->from, out);
		print_field("to", b->to, out);
		print_field("step", b->step, out);
		if (b->settled)
			print_field("settled", b->settled, out);
	}
	if (b->window)
		print_field("window", b->window, out);
	buf_printf(out, " fault=%s", fault_name(b->fault));
	if (b->only)
		buf_printf(out, " only=%s", b->only);
	buf_printf(out, "%s%s%s\n", b->partial ? " partial" : "",
		   b->reset ? " reset" : "", b->tick ? " tick" : "");
	if (b->error)
		buf_printf(out, "error %s\n", b->error);
	if (!b->nr_asked)
		return;
	buf_str(out, "asked");
	for (size_t i = 0; i < b->nr_asked; i++)
		buf_printf(out, " %" PRIu32, b->asked[i]);
	buf_char(out, '\n');
}

static const char *text_or(const char *s)
{
	return s ? s : "-";
}

static void print_endpoints(const struct source_status *s, struct buf *out)
{
	if (s->endpoint)
		buf_printf(out, "endpoint %s\n", s->endpoint);
	for (size_t i = 0; i < s->nr_endpoints; i++) {
		const struct source_endpoint *e = &s->endpoints[i];
		buf_printf(out, "of %s %s latency=%" PRId64 "us at_once=%u\n",
			   text_or(e->url), circuit_name(e->circuit),
			   e->latency_us, e->in_flight);
	}
	for (size_t i = 0; i < s->nr_attempts; i++) {
		const struct source_attempt *t = &s->attempt[i];
		buf_printf(out, "tried %s %s took=%" PRId64 "us",
			   text_or(t->url), fault_name(t->fault), t->took_us);
		print_field("at", t->at, out);
		buf_char(out, '\n');
	}
}

static void print_cost(const struct source_cost *c, struct buf *out)
{
	buf_printf(out, "cost metrics=%" PRIu64 " hour=", c->metrics);
	print_number(c->usd_per_hour, out);
	buf_str(out, " today=");
	print_number(c->usd_today, out);
	buf_str(out, " max=");
	print_number(c->usd_max, out);
	buf_printf(out, " saving=%s\n", text_or(c->saving));
	for (size_t i = 0; i < c->nr_parts; i++) {
		buf_printf(out, "part %s metrics=%u hour=",
			   text_or(c->part[i].name), c->part[i].metrics);
		print_number(c->part[i].usd_per_hour, out);
		buf_char(out, '\n');
	}
}

static void print_status(const struct source_status *s, struct buf *out)
{
	buf_printf(out, "status kind=%s url=%s identity=%s took=%" PRId64
		   "us skew=", text_or(s->kind), text_or(s->url),
		   text_or(s->identity), s->took_us);
	print_number(s->skew_s, out);
	buf_printf(out, " requests=%u bytes=%" PRIu64 " body=%" PRIu64
		   " retries=%u dropped=%u", s->requests, s->bytes,
		   s->body_bytes, s->retries, s->dropped);
	print_field("next", s->next, out);
	print_field("period", s->period, out);
	buf_char(out, '\n');
	if (s->credentials)
		buf_printf(out, "credentials %s\n", s->credentials);
	if (s->cost)
		print_cost(s->cost, out);
}

static void print_shape(const struct shape *s, struct buf *out)
{
	buf_printf(out, "shape %" PRIu32 " label=%s metric=%s layer=%d unit=%d"
		   "%s method=%d interval=%" PRId64 "%s window=%" PRId64 "%s%s",
		   s->id, text_or(s->label), text_or(s->metric), (int)s->layer,
		   (int)s->unit, s->unit_guessed ? "?" : "", (int)s->method,
		   s->interval, s->interval_guessed ? "~" : "", s->window,
		   s->visible_only ? " visible_only" : "",
		   s->sparse ? " sparse" : "");
	if (s->settle)
		print_field("settle", s->settle, out);
	buf_char(out, '\n');
	for (int r = 0; r < RED_ROLES; r++)
		if (s->question[r])
			buf_printf(out, "question %" PRIu32 " %s\n",
				   question_id(s->id, (enum red_role)r),
				   s->question[r]);
}

static void print_share(const char *name, double v, struct buf *out)
{
	if (v == 0)
		return;
	buf_printf(out, " %s=", name);
	print_number(v, out);
}

static void print_text(const char *name, const char *s, struct buf *out)
{
	if (s)
		buf_printf(out, " %s=%s", name, s);
}

static void print_list(const char *name, const char *const *list,
		       struct buf *out)
{
	if (!list)
		return;
	buf_printf(out, " %s=", name);
	for (size_t i = 0; list[i]; i++)
		buf_printf(out, "%s%s", i ? "," : "", list[i]);
}

static void print_tiers(const struct slo_def *d, struct buf *out)
{
	for (size_t i = 0; i < SLO_TIERS && d->tier[i].share > 0; i++) {
		const struct slo_tier_def *t = &d->tier[i];
		buf_printf(out, " tier=%s:%d:%d:", t->page ? "page" : "ticket",
			   (int)t->brief, (int)t->lasting);
		print_number(t->share, out);
	}
}

static void print_window(const struct slo_def *d, struct buf *out)
{
	print_field("period", d->period, out);
	buf_printf(out, " method=%d", (int)d->method);
	if (d->slice)
		print_field("slice", d->slice, out);
	print_share("slice_target", d->slice_target, out);
	if (d->calendar == CALENDAR_NONE)
		return;
	buf_printf(out, " calendar=%d every=%d", (int)d->calendar,
		   d->calendar_every);
	print_field("start", d->calendar_start, out);
	print_text("zone", d->zone, out);
}

static void print_slo(const struct slo_def *d, struct buf *out)
{
	buf_printf(out, "slo %s service=%s objective=", text_or(d->id),
		   text_or(d->service));
	print_number(d->objective, out);
	print_window(d, out);
	buf_printf(out, "%s%s%s", d->counts ? " counts" : "",
		   d->derived ? " derived" : "",
		   d->implicit ? " implicit" : "");
	print_share("latency", d->latency, out);
	print_list("group", d->group, out);
	print_list("own_labels", d->own_labels, out);
	print_tiers(d, out);
	print_text("errors", d->errors, out);
	print_text("total", d->total, out);
	print_text("ratio", d->ratio, out);
	print_text("recorded", d->recorded, out);
	print_text("what", d->what, out);
	print_text("runbook", d->runbook, out);
	print_text("where", d->where, out);
	buf_char(out, '\n');
}

static void print_level(const char *name, const struct level *l,
			struct buf *out)
{
	if (!l->given)
		return;
	buf_printf(out, " %s=", name);
	print_number(l->below, out);
	buf_str(out, "..");
	print_number(l->above, out);
}

static void print_threshold(const struct threshold_def *d, struct buf *out)
{
	buf_printf(out, "threshold %s service=%s measure=%d", text_or(d->id),
		   text_or(d->service), (int)d->measure);
	print_level("warning", &d->warning, out);
	print_level("critical", &d->critical, out);
	print_field("period", d->period, out);
	buf_printf(out, " %d/%d missing=%d clear=", d->m, d->n,
		   (int)d->missing);
	print_number(d->clear, out);
	buf_printf(out, " after=%d", d->clear_after);
	if (d->alert) {
		print_field("for", d->hold, out);
		print_field("keep", d->keep, out);
	}
	print_text("unit", d->unit, out);
	print_text("query", d->query, out);
	print_text("cloudwatch", d->cloudwatch, out);
	print_text("what", d->what, out);
	print_text("runbook", d->runbook, out);
	print_text("pack", d->pack, out);
	print_text("where", d->where, out);
	buf_char(out, '\n');
}

static void print_own(const struct catalog *c, struct buf *out)
{
	if (c->pack)
		buf_printf(out, "pack %s\n", c->pack);
	for (size_t i = 0; i < c->nr_slos; i++)
		print_slo(&c->slo[i], out);
	for (size_t i = 0; i < c->nr_thresholds; i++)
		print_threshold(&c->threshold[i], out);
}

static void print_catalog(const struct catalog *c, struct buf *out)
{
	buf_printf(out, "catalog version=%s requests=%d families=%d unknown=%d"
		   " note=%s\n", text_or(c->version), c->requests, c->families,
		   c->unknown, text_or(c->note));
	for (size_t i = 0; i < c->nr_shapes; i++)
		print_shape(&c->shape[i], out);
	for (size_t i = 0; i < c->nr_services; i++) {
		const struct service_def *s = &c->service[i];
		buf_printf(out, "service %s value=%s shape=%" PRIu32
			   " objective=", s->name, s->value, s->shape);
		print_number(s->objective, out);
		buf_str(out, " latency_limit=");
		print_number(s->latency_limit, out);
		print_share("warn", s->warn, out);
		print_share("crit", s->crit, out);
		print_share("limit", s->limit, out);
		buf_char(out, '\n');
	}
	print_own(c, out);
}

static void print_alarms(const struct batch *b, struct buf *out)
{
	if (b->alarms)
		buf_printf(out, "alarms %zu\n", b->nr_alarms);
	for (size_t i = 0; i < b->nr_alarms; i++) {
		const struct alarm *a = &b->alarm[i];
		buf_printf(out, "alarm %s %s", alarm_state_name(a->state),
			   text_or(a->name));
		print_field("since", a->since, out);
		buf_printf(out, " %s\n", text_or(a->reason));
	}
}

static void print_event(const struct event *e, struct buf *out)
{
	buf_printf(out, "event %s %s", event_kind_name(e->kind),
		   severity_name(e->severity));
	print_field("at", e->at, out);
	if (e->until != TIME_NONE)
		print_field("until", e->until, out);
	buf_printf(out, " service=%s tag=%s %s\n", text_or(e->service),
		   text_or(e->tag), e->text);
}

static void print_pair(const char *name, const double v[2], struct buf *out)
{
	buf_printf(out, " %s=", name);
	print_number(v[0], out);
	buf_char(out, '/');
	print_number(v[1], out);
}

static void print_count(const struct change_count *c, struct buf *out)
{
	buf_printf(out, "counted %s=%s", text_or(c->label), text_or(c->value));
	print_pair("requests", c->requests, out);
	print_pair("errors", c->errors, out);
	print_pair("slow", c->slow, out);
	print_pair("p99", c->p99, out);
	buf_char(out, '\n');
}

static void print_change(const struct change_answer *c, struct buf *out)
{
	buf_printf(out, "change %s", text_or(c->want.service));
	print_field("before", c->want.before_from, out);
	buf_str(out, "..");
	print_time(c->want.before_to, out);
	print_field("during", c->want.during_from, out);
	buf_str(out, "..");
	print_time(c->want.during_to, out);
	buf_printf(out, " queries=%u slow_over=", c->queries);
	print_number(c->slow_over, out);
	buf_str(out, " last_week=");
	print_number(c->rate_last_week, out);
	print_text("fault", c->fault, out);
	buf_char(out, '\n');
	print_count(&c->all, out);
	for (size_t i = 0; i < c->nr; i++)
		print_count(&c->count[i], out);
	for (size_t i = 0; i < c->nr_events; i++)
		print_event(&c->event[i], out);
	for (size_t i = 0; i < c->nr_notes; i++)
		buf_printf(out, "note %s\n", c->note[i]);
}

static void print_histogram(const struct histogram *h, struct buf *out)
{
	buf_char(out, '{');
	print_number(h->count, out);
	buf_char(out, ' ');
	print_number(h->sum, out);
	for (size_t i = 0; i < h->nr; i++) {
		const struct native_bucket *k = &h->bucket[i];
		buf_printf(out, " %u:", k->rule);
		print_number(k->lo, out);
		buf_str(out, "..");
		print_number(k->hi, out);
		buf_char(out, '=');
		print_number(k->count, out);
	}
	buf_char(out, '}');
}

static void print_frame(const struct frame *f, struct buf *out)
{
	buf_printf(out, "%" PRIu32 " ", f->question);
	labels_print(&f->labels, out);
	for (size_t i = 0; i < f->nr; i++) {
		buf_printf(out, " %" PRId64 "=", f->t[i]);
		if (f->v)
			print_number(f->v[i], out);
		else
			print_histogram(&f->h[i], out);
	}
	buf_char(out, '\n');
}

void batch_print(const struct batch *b, struct buf *out)
{
	print_head(b, out);
	for (size_t i = 0; i < b->nr_warnings; i++)
		buf_printf(out, "warning %s\n", b->warning[i]);
	for (size_t i = 0; i < b->nr_infos; i++)
		buf_printf(out, "info %s\n", b->info[i]);
	if (b->status)
		print_status(b->status, out);
	if (b->status)
		print_endpoints(b->status, out);
	if (b->catalog)
		print_catalog(b->catalog, out);
	for (size_t i = 0; i < b->nr_events; i++)
		print_event(&b->event[i], out);
	print_alarms(b, out);
	if (b->change)
		print_change(b->change, out);
	for (size_t i = 0; i < b->nr; i++)
		print_frame(&b->frame[i], out);
}
