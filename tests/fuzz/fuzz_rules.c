/* A file of rules of any bytes, of whatever kind, is sentences, or objectives
 * and thresholds whose questions for one moment are whole: each with its text,
 * without a placeholder, in a query no longer than a server takes. */
#include "app/rulesfile.h"
#include "base/limits.h"
#include "base/text.h"
#include "sources/prom_own.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define AT ((time_ms)1763001000000)
#define MINUTE ((time_ms)60000)

static void check_item(const struct catalog *c, const struct prom_item *i)
{
	struct buf name;
	size_t index = question_index(i->id);
	bool slo = question_kind(i->id) == QUESTION_SLO;
	if (!question_is_own(i->id) || !i->text || !*i->text)
		abort();
	if (index >= (slo ? c->nr_slos : c->nr_thresholds))
		abort();
	if (strstr(i->text, slo ? "$window" : "$period"))
		abort();
	buf_init(&name, 0);
	prom_own_name(c, i->id, &name);
	if (!name.len || !text_is_clean(name.s))
		abort();
	buf_release(&name);
}

static void check_pack(const struct catalog *c, const struct prom_own_pack *p)
{
	struct buf query;
	if (!p->pack.nr)
		abort();
	for (size_t i = 0; i < p->pack.nr; i++)
		check_item(c, &p->pack.item[i]);
	if (p->range && (p->when.step <= 0 || p->when.from > p->when.to
			 || (p->when.to - p->when.from) / p->when.step
			    > (time_ms)LIMIT_POINTS))
		abort();
	buf_init(&query, 0);
	prom_pack_query(&p->pack, &query);
	/* One alone may be too long, and is refused; a pack is not made so. */
	if (p->pack.nr > 1 && query.len > LIMIT_QUERY)
		abort();
	buf_release(&query);
}

static void check_plan(const struct rules *r, bool all, bool page)
{
	struct catalog c = { .nr_slos = r->nr_slos, .slo = r->slo,
			     .nr_thresholds = r->nr_thresholds,
			     .threshold = r->threshold };
	struct prom_due due = { 0 };
	struct range_plan chart = { AT - 60 * MINUTE, AT, 15000, true };
	struct prom_own own = { 0 };
	struct prom_own_ask ask = { .catalog = &c, .at = AT, .period = 15000,
				    .all = all, .page = page,
				    .chart = page ? &chart : NULL,
				    .due = &due };
	prom_own_plan(&own, &ask);
	for (size_t i = 0; i < own.nr; i++)
		check_pack(&c, &own.of[i]);
	prom_own_release(&own);
	prom_due_clear(&due);
}

static void check(const struct rules *r)
{
	check_plan(r, true, true);
	check_plan(r, false, false);
}

static void check_spec(const struct document *d, enum spec_kind kind)
{
	struct spec *s = spec_read(d, kind);
	struct arena a;
	arena_init(&a, 0);
	struct rules r = rules_of_spec(s, &a);
	if (!s->errors)
		check(&r);
	arena_release(&a);
	spec_free(s);
}

static void check_dash(const char *text, size_t size)
{
	struct dashfile *f = dashfile_parse("f", text, size);
	struct arena a;
	struct rules r = { 0 };
	arena_init(&a, 0);
	r.slo = dashfile_slos(f, &a, &r.nr_slos);
	r.threshold = dashfile_thresholds(f, &a, &r.nr_thresholds);
	if (!f->errors)
		check(&r);
	arena_release(&a);
	dashfile_free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document d;
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	if (document_parse(&d, "f", text, size, NULL) == 0) {
		enum spec_kind kind = spec_kind_of(&d);
		if (kind == SPEC_NONE)
			check_dash(text, size);
		else
			check_spec(&d, kind);
		document_release(&d);
	}
	free(text);
	return 0;
}
