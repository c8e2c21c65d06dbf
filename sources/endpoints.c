#include "sources/endpoints.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_LEAST ((time_ms)100)
#define CONNECT_UNKNOWN ((time_ms)2000)
#define ANSWER_LEAST ((time_ms)500)
#define PATIENCE 3 /* times what is usual */
#define RECENT 0.25 /* weight of the newest in the mean */
#define SLOW_FADES 0.9
#define PAUSE_FIRST ((time_ms)1000)
#define PAUSE_MAX ((time_ms)60000)

void endpoints_init(struct endpoints *es, enum endpoint_policy policy,
		    uint64_t seed)
{
	*es = (struct endpoints){ .policy = policy, .seed = seed };
}

void endpoints_add(struct endpoints *es, const char *url, const char *shown,
		   unsigned limit)
{
	es->at[es->nr++] = (struct endpoint){
		.url = mem_strdup(url), .shown = mem_strdup(shown),
		.limit = limit ? limit : 1, .latency_us = NAN,
	};
}

void endpoints_release(struct endpoints *es)
{
	for (size_t i = 0; i < es->nr; i++) {
		free(es->at[i].url);
		free(es->at[i].shown);
	}
	es->nr = 0;
}

/* splitmix64 */
static uint64_t chance(struct endpoints *es)
{
	uint64_t z = es->seed += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* ---- who is next ------------------------------------------------------- */

enum rank { RANK_WELL, RANK_UNKNOWN, RANK_FAILED, RANK_OPEN };

/* Only who looks at latencies minds that one is not known. */
static enum rank rank_of(const struct endpoints *es, const struct endpoint *e)
{
	return e->circuit != CIRCUIT_CLOSED ? RANK_OPEN
	       : e->failures ? RANK_FAILED
	       : es->policy == POLICY_LEAST_LOADED && isnan(e->latency_us)
	       ? RANK_UNKNOWN : RANK_WELL;
}

/* Less load, then less latency; the first of equals. */
static bool is_lighter(const struct endpoint *a, const struct endpoint *b)
{
	uint64_t load_a = (uint64_t)a->in_flight * b->limit;
	uint64_t load_b = (uint64_t)b->in_flight * a->limit;
	if (load_a != load_b)
		return load_a < load_b;
	return a->latency_us < b->latency_us
	       || (isnan(b->latency_us) && !isnan(a->latency_us));
}

static size_t lightest(const struct endpoints *es, const size_t *of, size_t nr)
{
	size_t best = of[0];
	for (size_t i = 1; i < nr; i++)
		if (is_lighter(&es->at[of[i]], &es->at[best]))
			best = of[i];
	return best;
}

/* The one whose turn it is, or the next after it that may. */
static size_t in_turn(struct endpoints *es, const size_t *of, size_t nr)
{
	size_t best = of[0];
	for (size_t i = nr; i-- > 0;)
		if (of[i] >= es->turn)
			best = of[i];
	es->turn = (best + 1) % es->nr;
	return best;
}

int endpoints_pick(struct endpoints *es, uint64_t tried)
{
	size_t of[LIMIT_ENDPOINTS], nr = 0;
	enum rank best = RANK_OPEN;
	for (size_t i = 0; i < es->nr; i++) {
		enum rank r = rank_of(es, &es->at[i]);
		if (tried >> i & 1)
			continue;
		if (!nr || r < best)
			nr = 0;
		else if (r > best)
			continue;
		best = r;
		of[nr++] = i;
	}
	if (!nr)
		return -1;
	switch (es->policy) {
	case POLICY_ROUND_ROBIN:
		return (int)in_turn(es, of, nr);
	case POLICY_RANDOM:
		return (int)of[chance(es) % nr];
	case POLICY_LEAST_LOADED:
		break;
	}
	return (int)lightest(es, of, nr);
}

bool endpoints_all(const struct endpoints *es, uint64_t tried)
{
	uint64_t all = ((uint64_t)1 << es->nr) - 1;
	return (tried & all) == all;
}

/* ---- what became of it ------------------------------------------------- */

void endpoint_begin(struct endpoint *e)
{
	e->in_flight++;
	if (e->in_flight > e->peak)
		e->peak = e->in_flight;
}

/* Twice as long each time, a fifth either way, so that many viewers do not
 * come back at once. */
static time_ms pause_after(struct endpoints *es, unsigned failures)
{
	time_ms ms = PAUSE_FIRST;
	for (unsigned i = 1; i < failures && ms < PAUSE_MAX; i++)
		ms *= 2;
	if (ms > PAUSE_MAX)
		ms = PAUSE_MAX;
	return ms - ms / 5 + (time_ms)(chance(es) % (uint64_t)(ms * 2 / 5 + 1));
}

static void take_failure(struct endpoints *es, struct endpoint *e,
			 const struct endpoint_end *end, time_ms now)
{
	time_ms pause = pause_after(es, ++e->failures);
	bool told = end->fault == FAULT_THROTTLED && end->retry_after > 0;
	if (end->retry_after > pause)
		pause = end->retry_after;
	e->not_before = now + pause;
	if (told || e->failures >= ENDPOINT_OPENS
	    || e->circuit != CIRCUIT_CLOSED)
		e->circuit = CIRCUIT_OPEN;
	/* Who was cut off for being slow gets more time when asked again. */
	if (end->fault == FAULT_TIMEOUT && (double)end->took_us > e->slow_us)
		e->slow_us = (double)end->took_us;
}

static void take_success(struct endpoint *e, const struct endpoint_end *end)
{
	double took = (double)end->took_us;
	e->failures = 0;
	e->circuit = CIRCUIT_CLOSED;
	e->latency_us = isnan(e->latency_us) ? took
			: e->latency_us + RECENT * (took - e->latency_us);
	e->slow_us *= SLOW_FADES;
	if (took > e->slow_us)
		e->slow_us = took;
}

void endpoints_end(struct endpoints *es, struct endpoint *e,
		   const struct endpoint_end *end, time_ms now)
{
	if (e->in_flight)
		e->in_flight--;
	if (end->connect_us > 0)
		e->connect_us = end->connect_us;
	if (end->fault == FAULT_CANCELLED) {
		if (e->circuit == CIRCUIT_HALF_OPEN && !e->in_flight)
			e->circuit = CIRCUIT_OPEN;
		return;
	}
	e->fault = end->fault;
	snprintf(e->reason, sizeof(e->reason), "%s",
		 end->reason ? end->reason : "");
	if (end->failed)
		take_failure(es, e, end, now);
	else
		take_success(e, end);
}

/* A source of one endpoint knows it by its questions. Nobody is probed while
 * nothing is known of anybody: the questions themselves will tell. */
bool endpoints_probe_due(const struct endpoints *es, const struct endpoint *e,
			 time_ms now)
{
	bool known = false;
	if (es->nr < 2 || e->in_flight || e->circuit == CIRCUIT_HALF_OPEN)
		return false;
	if (e->failures)
		return now >= e->not_before;
	for (size_t i = 0; i < es->nr; i++)
		known |= !isnan(es->at[i].latency_us);
	return known && isnan(e->latency_us);
}

void endpoint_probe(struct endpoint *e)
{
	if (e->circuit == CIRCUIT_OPEN)
		e->circuit = CIRCUIT_HALF_OPEN;
	endpoint_begin(e);
}

/* ---- deadlines ---------------------------------------------------------- */

/* Whether somebody who may answer waits to be asked after this one. */
static bool others_left(const struct endpoints *es, const struct endpoint *e,
			uint64_t tried)
{
	for (size_t i = 0; i < es->nr; i++)
		if (!(tried >> i & 1) && &es->at[i] != e
		    && es->at[i].circuit == CIRCUIT_CLOSED)
			return true;
	return false;
}

static time_ms usual(double us, time_ms least)
{
	double ms = PATIENCE * us / 1000;
	return ms > (double)least ? (time_ms)ms : least;
}

time_ms endpoints_connect_timeout(const struct endpoints *es,
				  const struct endpoint *e, uint64_t tried)
{
	if (!e->connect_us || !others_left(es, e, tried))
		return CONNECT_UNKNOWN;
	return usual((double)e->connect_us, CONNECT_LEAST);
}

time_ms endpoints_answer_timeout(const struct endpoints *es,
				 const struct endpoint *e, uint64_t tried)
{
	if (!others_left(es, e, tried))
		return 0;
	return usual(e->slow_us, ANSWER_LEAST);
}

/* ---- which failures ------------------------------------------------------ */

bool endpoint_failed(enum fault fault, long status)
{
	switch (fault) {
	case FAULT_NAME: case FAULT_REFUSED: case FAULT_TLS:
	case FAULT_NETWORK: case FAULT_THROTTLED: case FAULT_STARTING:
		return true;
	case FAULT_TIMEOUT: case FAULT_SERVER:
		return status < 400 || status >= 500;
	case FAULT_BAD_ANSWER:
		return status < 300;
	default:
		return false;
	}
}
