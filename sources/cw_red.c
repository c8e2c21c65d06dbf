/* One period of one service: what its metrics come to. */
#include "sources/cw_table.h"

#include <math.h>
#include <stddef.h>

/* Sums that know whether anything was there. */
struct tally {
	double sum;
	bool any;
};

static void add(struct tally *t, double v)
{
	if (isnan(v))
		return;
	t->sum += v;
	t->any = true;
}

static double worth(const struct cw_part *p, double v, double seconds)
{
	v *= p->scale;
	return p->per_second ? v / seconds : v;
}

/* Of what was tried, where only what was done is counted: throttles. */
static void attempts(struct cw_red *out, const struct tally *requests)
{
	if (!requests->any)
		return;
	out->used = isnan(out->used) ? 0 : out->used;
	out->limit = requests->sum + out->used;
}

static void totals(const struct cw_service *s, struct cw_red *out,
		   const struct tally t[CW_ROLES])
{
	const struct tally *both = &t[CW_ERRORS_IN_TOTAL];
	double errors = t[CW_ERRORS].sum + both->sum;
	double total = t[CW_REQUESTS].sum + t[CW_REQUESTS_MORE].sum
		       + both->sum;
	/* Errors without requests are an outage, not silence. */
	out->any = t[CW_REQUESTS].any || errors > 0;
	if (!out->any)
		return;
	total = total > errors ? total : errors;
	out->total = total;
	if (!s->counts_errors)
		return;
	out->errors = errors + t[CW_ERROR_PERCENT].sum * total;
	out->other = t[CW_4XX].any ? t[CW_4XX].sum : NAN;
}

void cw_table_red(const struct cw_service *s, const double *value,
		  time_ms period, struct cw_red *out)
{
	struct tally t[CW_ROLES] = { 0 };
	double seconds = (double)period / 1000;
	*out = (struct cw_red){ false, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN,
				NAN };
	double *const single[CW_ROLES] = {
		[CW_P50] = &out->p50, [CW_P95] = &out->p95,
		[CW_P99] = &out->p99, [CW_MEAN] = &out->mean,
		[CW_USED] = &out->used, [CW_LIMIT] = &out->limit,
	};
	for (size_t i = 0; i < s->nr; i++) {
		const struct cw_part *p = &s->part[i];
		double v = worth(p, value[i], seconds);
		if (!single[p->role])
			add(&t[p->role], v);
		else if (!isnan(v))
			*single[p->role] = v;
	}
	if (!s->resource) {
		totals(s, out, t);
		return;
	}
	/* On-demand capacity is no limit. */
	if (out->limit <= 0)
		out->limit = NAN;
	attempts(out, &t[CW_REQUESTS]);
}
