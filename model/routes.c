#include "model/routes.h"

#include "base/limits.h"

#include <math.h>
#include <string.h>

const char *const route_labels[] = {
	"route", "http_route", "handler", "uri", "path", "endpoint", "view",
	"url", "operation", "rpc_method", "grpc_method", "resource", NULL,
};

#define ROUTES_MAX 256

struct routes {
	const struct service *s;
	const char *label;
	time_ms at;
	size_t nr;
	const char *name[ROUTES_MAX];
};

static bool answered(const struct series *s, time_ms at)
{
	return s->now_t == at && !isnan(s->now_v);
}

static const char *route_of(const struct series *s, const char *label)
{
	const char *v = labels_get(&s->labels, label);
	return v ? v : "";
}

/* The first label of the table that is there at all. */
static const char *find_label(const struct service *s, time_ms at)
{
	for (size_t k = 0; route_labels[k]; k++)
		for (size_t i = 0; i < s->nr[RED_ROUTES]; i++)
			if (answered(s->series[RED_ROUTES][i], at)
			    && labels_get(&s->series[RED_ROUTES][i]->labels,
					  route_labels[k]))
				return route_labels[k];
	return NULL;
}

static void gather_names(struct routes *r)
{
	for (size_t i = 0; i < r->s->nr[RED_ROUTES]; i++) {
		const struct series *x = r->s->series[RED_ROUTES][i];
		size_t k = 0;
		if (!answered(x, r->at))
			continue;
		while (k < r->nr && strcmp(r->name[k], route_of(x, r->label)))
			k++;
		if (k == r->nr && r->nr < ROUTES_MAX)
			r->name[r->nr++] = route_of(x, r->label);
	}
}

static void fill_rate(const struct routes *r, const char *name,
		      struct route_row *row)
{
	struct sum total = { 0, 0 }, errors = { 0, 0 };
	for (size_t i = 0; i < r->s->nr[RED_ROUTES]; i++) {
		const struct series *x = r->s->series[RED_ROUTES][i];
		if (!answered(x, r->at) || strcmp(route_of(x, r->label), name))
			continue;
		sum_add(&total, x->now_v);
		if (x->class == CLASS_ERROR)
			sum_add(&errors, x->now_v);
	}
	row->rate = sum_value(&total);
	row->error_ratio = row->rate > 0 && r->s->shape->status != STATUS_NONE
				   ? sum_value(&errors) / row->rate : NAN;
}

static void fill_p99(const struct routes *r, const char *name,
		     struct route_row *row)
{
	struct bucket b[LIMIT_BUCKETS];
	size_t n = 0;
	for (size_t i = 0; i < r->s->nr[RED_ROUTE_BUCKETS]; i++) {
		const struct series *x = r->s->series[RED_ROUTE_BUCKETS][i];
		if (answered(x, r->at) && !isnan(x->le) && n < LIMIT_BUCKETS
		    && strcmp(route_of(x, r->label), name) == 0)
			b[n++] = (struct bucket){ x->le, x->now_v };
	}
	struct quantile q = classic_quantile(0.99, b, n, r->s->source->rules);
	row->p99 = (struct red_quantile){ q.value, q.lo, q.hi,
					  n ? METHOD_HISTOGRAM : METHOD_NONE,
					  n ? NULL : "no histogram" };
}

static double errors_of(const struct route_row *r)
{
	return isnan(r->error_ratio) ? 0 : r->error_ratio * r->rate;
}

static bool before(const struct route_row *a, const struct route_row *b)
{
	if (errors_of(a) != errors_of(b))
		return errors_of(a) > errors_of(b);
	if (a->rate != b->rate)
		return a->rate > b->rate;
	return strcmp(a->name, b->name) < 0;
}

size_t service_routes(const struct service *s, time_ms at,
		      struct route_row *out, size_t max, const char **label)
{
	struct routes r = { .s = s, .at = at, .label = find_label(s, at) };
	size_t n = 0;
	*label = r.label;
	if (!r.label)
		return 0;
	gather_names(&r);
	for (size_t i = 0; i < r.nr; i++) {
		struct route_row row = { .name = r.name[i] };
		fill_rate(&r, r.name[i], &row);
		size_t k = n < max ? n++ : max;
		while (k > 0 && before(&row, &out[k - 1])) {
			if (k < max)
				out[k] = out[k - 1];
			k--;
		}
		if (k < max)
			out[k] = row;
	}
	for (size_t i = 0; i < n; i++)
		fill_p99(&r, out[i].name, &out[i]);
	return n;
}
