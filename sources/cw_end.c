/* The end of a poll: what went wrong on its way, and what goes out. */
#include "sources/cw_parts.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- faults and warnings ------------------------------------------------ */

void cw_warn(struct cw *c, const char *text)
{
	struct poll *o = &c->poll;
	char line[LIMIT_SENTENCE + 1];
	struct buf b;
	o->partial = true;
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, text, strlen(text));
	memcpy(line, buf_text(&b), b.len + 1);
	buf_release(&b);
	for (size_t i = 0; i < o->warnings; i++)
		if (strcmp(o->warning[i], line) == 0)
			return;
	if (o->warnings < LIMIT_WARNINGS)
		o->warning[o->warnings++] = mem_strdup(line);
}

void cw_set_fault(struct cw *c, enum fault fault, const char *text)
{
	struct poll *o = &c->poll;
	if (o->fault != FAULT_NONE || fault == FAULT_CANCELLED)
		return;
	o->fault = fault;
	snprintf(o->error, sizeof(o->error), "%.300s", text);
}

/* ---- the last batch ----------------------------------------------------- */

static void add_status(struct cw *c, struct batch *b, time_ms next)
{
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	struct cw_client *k = &c->client;
	char identity[64];
	time_ms skew;
	bool known = cw_client_skew(k, &skew);
	snprintf(identity, sizeof(identity), "CloudWatch %s", k->region);
	*s = (struct source_status){
		.kind = "cloudwatch",
		.url = copy(b, c->shown),
		.identity = *k->region ? copy(b, identity) : NULL,
		.took_us = k->took_us,
		.skew_s = known ? (double)skew / SECOND : NAN,
		.requests = k->requests, .bytes = k->bytes,
		.body_bytes = k->body_bytes, .retries = k->retries,
		.dropped = c->dropped, .next = next,
		.period = c->src->period,
		.credentials = copy(b, c->provider),
	};
	cw_add_cost(c, b, s);
	b->status = s;
	k->requests = k->retries = 0;
	k->bytes = k->body_bytes = 0;
	k->metrics = k->cheap = 0;
	c->dropped = 0;
}

static void add_warnings(struct cw *c, struct batch *b)
{
	struct poll *o = &c->poll;
	const char **text = arena_alloc(&b->arena, (o->warnings + 1)
							   * sizeof(*text));
	for (size_t i = 0; i < o->warnings; i++)
		text[b->nr_warnings++] = copy(b, o->warning[i]);
	b->warning = text;
	b->partial = o->partial;
}

static void add_infos(struct cw *c, struct batch *b)
{
	const struct cw_slos *s = &c->found.slos;
	const struct cw_limits *l = &c->found.limits;
	size_t nr = s->nr_notes + l->nr_notes;
	const char **text = arena_alloc(&b->arena, (nr + 1) * sizeof(*text));
	for (size_t i = 0; i < s->nr_notes; i++)
		text[b->nr_infos++] = copy(b, s->note[i]);
	for (size_t i = 0; i < l->nr_notes; i++)
		text[b->nr_infos++] = copy(b, l->note[i]);
	b->info = text;
}

static void emit_end(struct cw *c)
{
	struct poll *o = &c->poll;
	struct batch *b = batch_new(0);
	time_ms wait = c->src->period;
	if (o->retry_after > wait)
		wait = o->retry_after;
	b->at = o->at;
	b->instant = b->tick = true;
	if (o->fault != FAULT_NONE
	    && (!o->answered || o->fault == FAULT_THROTTLED)) {
		b->fault = o->fault;
		b->error = copy(b, o->error);
		o->warnings = o->fault == FAULT_THROTTLED ? o->warnings : 0;
	}
	c->src->wait = b->fault != FAULT_NONE && o->retry_after > 0
			       ? o->retry_after : 0;
	add_warnings(c, b);
	if (b->fault == FAULT_NONE) {
		add_infos(c, b);
		cw_add_alarms(c, b);
	}
	add_status(c, b, o->at + wait);
	source_emit(c->src, b);
}

/* ---- all of them -------------------------------------------------------- */

static void emit_own(struct cw *c)
{
	struct poll *o = &c->poll;
	for (size_t i = 0; i < o->nr_own; i++) {
		struct own *own = &o->own[i];
		if (own->said)
			*own->said = own->told;
		own->b->at = o->at;
		own->b->partial = o->partial;
		source_emit(c->src, own->b);
	}
	o->nr_own = 0;
}

static void emit_answers(struct cw *c)
{
	struct poll *o = &c->poll;
	struct said *s = &c->said;
	if (o->now) {
		o->now->at = o->at;
		o->now->partial = o->partial;
		source_emit(c->src, o->now);
		o->now = NULL;
	}
	if (!o->range) {
		emit_own(c);
		return;
	}
	o->range->at = o->at;
	o->range->partial = o->partial;
	if (o->want.at == TIME_NONE) {
		bool joined = s->step == o->axis.step
			      && s->to >= o->axis.from;
		s->from = joined && s->from < o->axis.from ? s->from
							   : o->axis.from;
		s->to = o->axis.to;
		s->step = o->axis.step;
	} else {
		s->step = 0;
	}
	source_emit(c->src, o->range);
	o->range = NULL;
	emit_own(c);
}

static void poll_forget(struct poll *o)
{
	for (size_t i = 0; i < o->warnings; i++)
		free(o->warning[i]);
	batch_free(o->now);
	batch_free(o->range);
	for (size_t i = 0; i < o->nr_own; i++)
		batch_free(o->own[i].b);
	free(o->own);
	*o = (struct poll){ .at = o->at };
}

void cw_poll_end(struct cw *c)
{
	struct poll *o = &c->poll;
	size_t warnings = o->warnings;
	uv_timer_stop(&c->deadline);
	uv_timer_stop(&c->wake);
	if (!o->cancelled) {
		if (o->late && o->fault == FAULT_NONE) {
			char text[LIMIT_SENTENCE], span[TIME_TEXT];
			snprintf(text, sizeof(text), "%.150s: no whole answer "
				 "within %s; --timeout gives it longer",
				 c->shown, time_within(o->want.deadline,
						       span));
			cw_set_fault(c, FAULT_TIMEOUT, text);
			cw_warn(c, text);
			warnings = o->warnings;
		}
		emit_answers(c);
		emit_end(c);
	} else if (o->now && o->now->catalog) {
		c->said.catalog = NULL;
	}
	o->warnings = warnings;
	o->active = false;
	poll_forget(o);
	source_end(c->src);
}
