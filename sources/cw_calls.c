/* The calls for the numbers that a group lacks, and those that are worth a
 * second try. */
#include "sources/cw_parts.h"

#include "base/mem.h"

#include <string.h>

#define CALL_POINTS  75000
#define CALL_QUERIES ((size_t)20) /* at least, however long they are */

static size_t count_class(const struct group *g, bool whole, time_ms *from)
{
	size_t nr = 0;
	*from = g->from;
	if (!whole)
		*from = cw_hold_tail(&g->hold, g->to, RESTATED);
	for (size_t i = 0; i < g->nr_asks; i++) {
		if (g->ask[i].whole != whole)
			continue;
		nr++;
		if (whole)
			continue;
		const struct cw_line *l = cw_hold_line(
			(struct cw_hold *)&g->hold, g->ask[i].key, false);
		time_ms t = cw_hold_tail(&g->hold, l->to, RESTATED);
		if (t < *from)
			*from = t < g->from ? g->from : t;
	}
	return nr;
}

static size_t call_size(const struct group *g, time_ms from)
{
	time_ms points = (g->to - from) / g->hold.period + 1;
	size_t nr = (size_t)(CALL_POINTS / points);
	return nr > CW_QUERIES_MAX ? CW_QUERIES_MAX
	       : nr < CALL_QUERIES ? CALL_QUERIES : nr;
}

static void ask_class(struct group *g, bool whole)
{
	struct topic *t = &g->t;
	time_ms from;
	size_t nr = count_class(g, whole, &from), most = call_size(g, from);
	struct cw_query *q = arena_alloc(&g->arena, (nr + 1) * sizeof(*q));
	size_t k = 0;
	for (size_t i = 0; i < g->nr_asks; i++)
		if (g->ask[i].whole == whole)
			q[k++] = g->ask[i].query;
	size_t calls = (nr + most - 1) / most;
	t->request = mem_grow(t->request, t->nr + calls + 1,
			      sizeof(*t->request));
	for (size_t i = 0; i < nr; i += most)
		t->request[t->nr++] = (struct cw_request){
			.kind = CW_GET_METRIC_DATA, .region = g->region,
			.query = q + i, .nr = nr - i < most ? nr - i : most,
			.from = from, .to = g->to,
		};
}

void cw_ask_group(struct group *g)
{
	ask_class(g, true);
	ask_class(g, false);
}

/* A statistic that CloudWatch does not like spoils a whole call, and some
 * stand-ins know only the basic ones. */
static bool is_basic(const char *stat)
{
	static const char *const basic[] = { "Sum", "Average", "Minimum",
					     "Maximum", "SampleCount" };
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++)
		if (strcmp(stat, basic[i]) == 0)
			return true;
	return false;
}

static bool may_split(const struct cw_request *r)
{
	size_t basic = 0;
	bool spoilt = r->fault == FAULT_BAD_QUERY || r->fault == FAULT_SERVER
		      || r->fault == FAULT_NOT_API
		      || r->fault == FAULT_BAD_ANSWER;
	for (size_t i = 0; i < r->nr; i++)
		basic += is_basic(r->query[i].stat);
	return spoilt && basic && basic < r->nr;
}

static struct cw_request *more_request(struct topic *t,
				       const struct cw_request *like,
				       const struct cw_query *q, size_t nr)
{
	/* Those that are done are in no list: they may move. */
	t->request = mem_grow(t->request, t->nr + 1, sizeof(*t->request));
	t->request[t->nr] = (struct cw_request){
		.kind = CW_GET_METRIC_DATA, .region = like->region,
		.query = q, .nr = nr, .from = like->from, .to = like->to,
	};
	return &t->request[t->nr++];
}

static void split(struct topic *t, size_t i)
{
	struct arena *a = &group_of(t)->arena;
	struct cw_request like = t->request[i];
	for (int basic = 1; basic >= 0; basic--) {
		struct cw_query *q = arena_alloc(a, like.nr * sizeof(*q));
		size_t nr = 0;
		for (size_t k = 0; k < like.nr; k++)
			if (is_basic(like.query[k].stat) == basic)
				q[nr++] = like.query[k];
		more_request(t, &like, q, nr);
	}
	t->request[i].nr = 0;
	t->request[i].fault = FAULT_NONE;
}

/* Those that failed within CloudWatch. */
static void ask_internal(struct topic *t, size_t i)
{
	struct cw_request like = t->request[i];
	struct cw_query *q = arena_alloc(&group_of(t)->arena,
					 (like.data.nr + 1) * sizeof(*q));
	size_t nr = 0;
	bool *later = arena_alloc(&group_of(t)->arena, like.nr + 1);
	t->request[i].later = later;
	for (size_t k = 0; k < like.data.nr; k++) {
		struct cw_result *x = &like.data.result[k];
		if (x->status != CW_INTERNAL || nr == CW_QUERIES_MAX
		    || x->query >= like.nr)
			continue;
		q[nr++] = like.query[x->query];
		later[x->query] = true;
		x->status = CW_COMPLETE;
	}
	if (nr)
		more_request(t, &like, q, nr);
}

bool cw_ask_again(struct topic *t)
{
	size_t old = t->nr;
	t->retried = true;
	for (size_t i = 0; i < old; i++) {
		if (t->request[i].fault == FAULT_NONE)
			ask_internal(t, i);
		else if (may_split(&t->request[i]))
			split(t, i);
	}
	return t->nr > old;
}
