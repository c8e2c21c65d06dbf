/* RED of one period. What CloudWatch leaves out is mostly a zero: errors are
 * not told where there were none; and where errors are told without the
 * requests, nobody got through. */
#include "sources/cw_table.h"

#include <math.h>

/* Those of a role that are there; NAN where none is. */
static double sum_of(const struct cw_service *s, const double *value,
		     double seconds, enum cw_role role, bool *whole)
{
	double sum = NAN;
	*whole = true;
	for (size_t i = 0; i < s->nr; i++) {
		const struct cw_part *p = &s->part[i];
		if (p->role != role)
			continue;
		*whole &= !isnan(value[i]);
		if (isnan(value[i]))
			continue;
		double v = value[i] * p->scale;
		if (p->per_second)
			v /= seconds;
		sum = isnan(sum) ? v : sum + v;
	}
	return sum;
}

static double or_zero(double v)
{
	return isnan(v) ? 0 : v;
}

static bool has_role(const struct cw_service *s, enum cw_role role)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->part[i].role == role)
			return true;
	return false;
}

static void requests_of(const struct cw_service *s, const double v[CW_ROLES],
			struct cw_red *out)
{
	double in_total = or_zero(v[CW_ERRORS_IN_TOTAL]);
	double errors = or_zero(v[CW_ERRORS]) + in_total;
	double total = or_zero(v[CW_REQUESTS]) + or_zero(v[CW_REQUESTS_MORE])
		       + in_total;
	if (isnan(v[CW_REQUESTS]) && !(total > 0) && !(errors > 0))
		return;
	errors += total * or_zero(v[CW_ERROR_PERCENT]) / 100;
	if (isnan(v[CW_REQUESTS]))
		errors = fmax(errors, total);
	out->any = true;
	out->total = fmax(total, errors);
	if (s->counts_errors)
		out->errors = errors;
	if (has_role(s, CW_4XX))
		out->other = or_zero(v[CW_4XX]);
}

static void resource_of(const struct cw_service *s, const double v[CW_ROLES],
			bool whole, struct cw_red *out)
{
	double used = v[CW_USED] < 0 ? 0 : v[CW_USED];
	if (!has_role(s, CW_REQUESTS)) {
		out->used = whole ? used : NAN;
		out->limit = v[CW_LIMIT] > 0 ? v[CW_LIMIT] : NAN;
		return;
	}
	double tried = or_zero(v[CW_REQUESTS]) + or_zero(used);
	out->used = isnan(v[CW_REQUESTS]) ? used : or_zero(used);
	out->limit = tried > 0 ? tried : NAN;
}

void cw_table_red(const struct cw_service *s, const double *value,
		  time_ms period, struct cw_red *out)
{
	double v[CW_ROLES];
	bool whole[CW_ROLES];
	for (int r = 0; r < CW_ROLES; r++)
		v[r] = sum_of(s, value, (double)period / 1000,
			      (enum cw_role)r, &whole[r]);
	*out = (struct cw_red){
		.total = NAN, .errors = NAN, .other = NAN,
		.p50 = v[CW_P50], .p95 = v[CW_P95], .p99 = v[CW_P99],
		.mean = v[CW_MEAN], .used = NAN, .limit = NAN,
		.within = v[CW_WITHIN],
	};
	if (s->resource)
		resource_of(s, v, whole[CW_USED], out);
	else
		requests_of(s, v, out);
}
