/* What a source says of itself, and what its polls make of its state. */
#include "model/store_private.h"

#include "base/limits.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void origin_set_text(struct store *st, char **to, const char **pub,
		     const char *text)
{
	if (store_text_equal(*to, text))
		return;
	free(*to);
	*to = text ? mem_strdup(text) : NULL;
	*pub = *to;
	st->generation++;
}

void origin_endpoints_clear(struct origin *o)
{
	struct store_source *p = &o->pub;
	for (size_t i = 0; i < p->nr_endpoints; i++)
		free((char *)o->ends[i].url);
	free(o->ends);
	free(o->endpoint);
	o->ends = NULL;
	o->endpoint = NULL;
	p->endpoint = NULL;
	p->endpoints = NULL;
	p->nr_endpoints = p->nr_attempts = 0;
}

static struct store_endpoint *find_end(struct origin *o, const char *url)
{
	for (size_t i = 0; i < o->pub.nr_endpoints; i++)
		if (store_text_equal(o->ends[i].url, url))
			return &o->ends[i];
	return NULL;
}

/* Their urls are those of the endpoints `now`; of others nothing is kept. */
static void move_attempts(struct store_source *p,
			  const struct store_endpoint *now, size_t nr)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->nr_attempts; i++)
		for (size_t k = 0; k < nr; k++) {
			if (strcmp(p->attempt[i].url, now[k].url) != 0)
				continue;
			p->attempt[kept] = p->attempt[i];
			p->attempt[kept++].url = now[k].url;
			break;
		}
	p->nr_attempts = kept;
}

static void keep_attempt(struct store_source *p,
			 const struct source_attempt *a)
{
	if (p->nr_attempts < STORE_ATTEMPTS)
		p->nr_attempts++;
	memmove(p->attempt + 1, p->attempt,
		(p->nr_attempts - 1) * sizeof(*p->attempt));
	p->attempt[0] = *a;
}

/* Others than before: what was counted is kept for those that stay. */
static void set_ends(struct origin *o, const struct source_status *s)
{
	size_t nr = s->nr_endpoints < LIMIT_ENDPOINTS ? s->nr_endpoints
						      : LIMIT_ENDPOINTS;
	struct store_endpoint *now = mem_zero(nr, sizeof(*now));
	for (size_t i = 0; i < nr; i++) {
		const struct source_endpoint *e = &s->endpoints[i];
		const char *url = e->url ? e->url : "";
		const struct store_endpoint *old = find_end(o, url);
		now[i].last.at = now[i].failed.at = TIME_NONE;
		if (old)
			now[i] = *old;
		now[i].url = mem_strdup(url);
		now[i].last.url = now[i].failed.url = now[i].url;
		now[i].circuit = e->circuit;
		now[i].latency_us = e->latency_us;
		now[i].in_flight = e->in_flight;
	}
	move_attempts(&o->pub, now, nr);
	for (size_t i = 0; i < o->pub.nr_endpoints; i++)
		free((char *)o->ends[i].url);
	free(o->ends);
	o->ends = now;
	o->pub.endpoints = now;
	o->pub.nr_endpoints = nr;
}

static void take_endpoints(struct store *st, struct origin *o,
			   const struct source_status *s)
{
	if (s->nr_endpoints)
		set_ends(o, s);
	if (s->endpoint)
		origin_set_text(st, &o->endpoint, &o->pub.endpoint,
				s->endpoint);
	for (size_t i = 0; i < s->nr_attempts; i++) {
		const struct source_attempt *a = &s->attempt[i];
		struct store_endpoint *e = find_end(o, a->url);
		if (!e)
			continue;
		e->attempts++;
		e->last = *a;
		e->last.url = e->url;
		keep_attempt(&o->pub, &e->last);
		if (a->fault == FAULT_NONE)
			continue;
		e->failures++;
		e->failed = e->last;
	}
}

void origin_cost_clear(struct origin *o)
{
	arena_release(&o->cost_arena);
	o->pub.priced = false;
	o->pub.cost = (struct source_cost){ 0 };
}

static const char *own_text(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

static void take_cost(struct origin *o, const struct source_cost *c)
{
	struct store_source *p = &o->pub;
	p->priced = c != NULL;
	if (!c)
		return;
	size_t nr = c->nr_parts < LIMIT_COST_PARTS ? c->nr_parts
						   : LIMIT_COST_PARTS;
	uint64_t metrics = p->cost.metrics + c->metrics;
	arena_release(&o->cost_arena);
	struct cost_part *part = arena_alloc(&o->cost_arena,
					     (nr + 1) * sizeof(*part));
	for (size_t i = 0; i < nr; i++) {
		part[i] = c->part[i];
		part[i].name = own_text(&o->cost_arena, part[i].name);
	}
	p->cost = *c;
	p->cost.metrics = metrics;
	p->cost.saving = own_text(&o->cost_arena, c->saving);
	p->cost.nr_parts = nr;
	p->cost.part = part;
}

void origin_alarms_clear(struct origin *o)
{
	arena_release(&o->alarms_arena);
	o->pub.alarms_known = false;
	o->pub.nr_alarms = 0;
	o->pub.alarm = NULL;
}

void origin_alarms(struct store *st, struct origin *o, const struct batch *b)
{
	struct arena *a = &o->alarms_arena;
	size_t nr = b->nr_alarms < LIMIT_ALARMS ? b->nr_alarms : LIMIT_ALARMS;
	if (!b->alarms)
		return;
	origin_alarms_clear(o);
	struct alarm *own = arena_alloc(a, (nr + 1) * sizeof(*own));
	for (size_t i = 0; i < nr; i++) {
		own[i] = b->alarm[i];
		own[i].name = arena_strdup(a, own[i].name ? own[i].name : "");
		own[i].reason = own_text(a, own[i].reason);
	}
	o->pub.alarms_known = true;
	o->pub.nr_alarms = nr;
	o->pub.alarm = own;
	st->generation++;
}

void origin_status(struct store *st, struct origin *o,
			 const struct source_status *s)
{
	struct store_source *p = &o->pub;
	if (s->kind)
		origin_set_text(st, &o->kind, &p->kind, s->kind);
	if (s->url)
		origin_set_text(st, &o->url, &p->url, s->url);
	if (s->identity)
		origin_set_text(st, &o->identity, &p->identity, s->identity);
	p->took_us = s->took_us;
	if (s->took_us > p->took_max_us)
		p->took_max_us = s->took_us;
	p->skew_s = s->skew_s;
	p->requests += s->requests;
	p->bytes += s->bytes;
	p->body_bytes += s->body_bytes;
	p->retries += s->retries;
	p->dropped += s->dropped;
	p->next = s->next;
	if (s->period)
		p->period = s->period;
	take_endpoints(st, o, s);
	origin_set_text(st, &o->credentials, &p->credentials, s->credentials);
	take_cost(o, s->cost);
	st->generation++;
}

static bool known_note(const char *const *list, size_t nr, const char *text)
{
	for (size_t i = 0; i < nr; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static void add_note(struct origin *o, const char *const **list, size_t *nr,
		     const char *text)
{
	if (*nr >= LIMIT_WARNINGS || known_note(*list, *nr, text))
		return;
	const char **grown = arena_alloc(&o->notes_arena,
					 (*nr + 1) * sizeof(*grown));
	if (*nr)
		memcpy(grown, *list, *nr * sizeof(*grown));
	grown[(*nr)++] = arena_strdup(&o->notes_arena, text);
	*list = grown;
}

static uint64_t hash_notes(const struct store_source *p)
{
	uint64_t h = p->nr_warnings;
	for (size_t i = 0; i < p->nr_warnings + p->nr_infos; i++) {
		const char *s = i < p->nr_warnings
					? p->warning[i]
					: p->info[i - p->nr_warnings];
		do {
			h = (h ^ (unsigned char)*s) * 0x100000001b3u;
		} while (*s++);
	}
	return h;
}

void origin_notes(struct store *st, struct origin *o,
			const struct batch *b)
{
	struct store_source *p = &o->pub;
	if (o->notes_old) {
		arena_release(&o->notes_arena);
		p->nr_warnings = p->nr_infos = 0;
		p->warning = p->info = NULL;
		o->notes_old = false;
	}
	for (size_t i = 0; i < b->nr_warnings; i++)
		add_note(o, &p->warning, &p->nr_warnings, b->warning[i]);
	if (b->nr_warnings) {
		origin_set_text(st, &o->warned, &p->warned,
				b->warning[b->nr_warnings - 1]);
		p->warned_at = b->at;
	}
	for (size_t i = 0; i < b->nr_infos; i++)
		add_note(o, &p->info, &p->nr_infos, b->info[i]);
	if (!b->tick)
		return;
	uint64_t hash = hash_notes(p);
	if (hash != o->notes_hash)
		st->generation++;
	o->notes_hash = hash;
	o->notes_old = true;
}

static enum source_state judge(const struct origin *o)
{
	if (o->poll_fault == FAULT_NONE)
		return o->poll_partial ? SOURCE_PARTIAL : SOURCE_UP;
	if (o->poll_fault == FAULT_AUTH && !o->poll_answered)
		return SOURCE_AUTH;
	if (o->poll_fault == FAULT_THROTTLED)
		return SOURCE_THROTTLED;
	if (o->poll_answered)
		return SOURCE_PARTIAL;
	return o->pub.answered != TIME_NONE ? SOURCE_STALE : SOURCE_DOWN;
}

static bool is_bad(enum source_state s)
{
	return s == SOURCE_DOWN || s == SOURCE_STALE || s == SOURCE_AUTH
	       || s == SOURCE_THROTTLED;
}

void origin_end_poll(struct store *st, struct origin *o, time_ms at)
{
	struct store_source *p = &o->pub;
	enum source_state before = p->state, after = judge(o);
	p->tried = at;
	p->fault = o->poll_fault;
	if (o->poll_fault == FAULT_NONE || o->poll_answered) {
		p->failures = 0;
		p->answered = at;
	} else {
		p->failures++;
		st->generation++;
	}
	if (o->poll_fault == FAULT_NONE)
		origin_set_text(st, &o->error, &p->error, NULL);
	if (is_bad(after) && p->down_since == TIME_NONE) {
		p->down_since = at;
		if (before != SOURCE_ASKING)
			store_source_event(st, o, at, SEVERITY_WARN,
				     o->error ? o->error : "does not answer");
	} else if (!is_bad(after) && p->down_since != TIME_NONE) {
		char span[TIME_TEXT], text[80];
		snprintf(text, sizeof(text), "answers again after %s",
			 time_span(at - p->down_since, span));
		store_source_event(st, o, at, SEVERITY_INFO, text);
		p->down_since = TIME_NONE;
	}
	if (after != before)
		st->generation++;
	p->state = after;
	o->poll_fault = FAULT_NONE;
	o->poll_answered = o->poll_partial = false;
}

void origin_outcome(struct store *st, struct origin *o,
			 const struct batch *b)
{
	if (b->fault == FAULT_NONE) {
		if (b->nr_asked)
			o->poll_answered = true;
		o->poll_partial |= b->partial;
	} else if (o->poll_fault == FAULT_NONE) {
		o->poll_fault = b->fault;
		origin_set_text(st, &o->error, &o->pub.error, b->error);
	}
}
