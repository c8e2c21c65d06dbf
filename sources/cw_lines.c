#include "sources/cw_lines.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

bool cw_is_request(enum cw_role r)
{
	return r == CW_REQUESTS || r == CW_REQUESTS_MORE;
}

bool cw_is_error(enum cw_role r)
{
	return r == CW_ERRORS || r == CW_ERRORS_IN_TOTAL
	       || r == CW_ERROR_PERCENT;
}

const char **cw_member_keys(const struct cw_service *s, struct arena *a)
{
	const char **key = arena_alloc(a, (s->nr + 1) * sizeof(*key));
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < s->nr; i++) {
		struct cw_query q = { s->part[i].metric, s->part[i].stat, 0 };
		buf_clear(&b);
		cw_hold_key(&b, &q);
		key[i] = arena_strdup(a, buf_text(&b));
	}
	buf_release(&b);
	return key;
}

const char *cw_question(const struct cw_service *s, bool (*is)(enum cw_role),
			struct arena *a)
{
	struct buf b;
	const struct cw_part *first = NULL;
	buf_init(&b, LIMIT_QUERY / 4);
	for (size_t i = 0; i < s->nr; i++) {
		const struct cw_part *p = &s->part[i];
		if (!is(p->role))
			continue;
		if (!first)
			buf_printf(&b, "%s ", p->metric.space);
		buf_printf(&b, "%s%s %s", first ? " + " : "", p->metric.name,
			   p->stat);
		first = first ? first : p;
	}
	for (size_t i = 0; first && i < first->metric.nr; i++)
		buf_printf(&b, " %s=%s", first->metric.dim[i].name,
			   first->metric.dim[i].value);
	struct buf shown;
	buf_init(&shown, LIMIT_QUERY / 2);
	text_clean(&shown, buf_text(&b), b.len);
	const char *text = arena_strdup(a, buf_text(&shown));
	buf_release(&shown);
	buf_release(&b);
	return text;
}

bool cw_lines_unknown(const struct cw_line *l, time_ms begin)
{
	return !l || begin < l->from || begin >= l->to;
}

void cw_lines_init(struct cw_lines *l, const struct cw_member *m,
		   const struct cw_hold *hold)
{
	size_t nr = m->service->nr;
	*l = (struct cw_lines){ .m = m, .hold = hold };
	l->line = mem_zero(nr + 1, sizeof(*l->line));
	l->value = mem_zero(nr + 1, sizeof(*l->value));
	for (size_t i = 0; i < nr; i++) {
		enum cw_role role = m->service->part[i].role;
		l->line[i] = cw_hold_line((struct cw_hold *)hold, m->key[i],
					  false);
		bool no = l->line[i] && l->line[i]->forbidden;
		l->no_requests |= no && cw_is_request(role);
		l->no_errors |= no && (cw_is_error(role) || cw_is_request(role));
	}
}

void cw_lines_release(struct cw_lines *l)
{
	free(l->line);
	free(l->value);
}

void cw_lines_red(struct cw_lines *l, time_ms begin, struct cw_red *out)
{
	const struct cw_service *s = l->m->service;
	bool requests = !l->no_requests, errors = !l->no_errors;
	for (size_t i = 0; i < s->nr; i++) {
		const struct cw_line *line = l->line[i];
		bool known = !cw_lines_unknown(line, begin);
		l->value[i] = known ? cw_hold_at(l->hold, line, begin) : NAN;
		requests &= known || !cw_is_request(s->part[i].role);
		errors &= known || !cw_is_error(s->part[i].role);
	}
	cw_table_red(s, l->value, l->hold->period, out);
	if (!requests)
		out->total = NAN;
	if (!requests || !errors)
		out->errors = NAN;
	/* Nothing but errors, for the requests are not known: no outage. */
	out->any &= requests || s->resource;
}
