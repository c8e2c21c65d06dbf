/* A file of objectives of any bytes is objectives, alerts, or a list of
 * sentences; what is called fit to be evaluated has all that it takes. */
#include "app/spec.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_clean(const char *s)
{
	if (s && !text_is_clean(s))
		abort();
}

static void check_problems(const struct spec *s)
{
	for (size_t i = 0; i < s->nr_problems; i++) {
		const struct spec_problem *p = &s->problem[i];
		if (!*p->text || !text_is_clean(p->text) || p->line < 1)
			abort();
		if (i && s->problem[i - 1].line > p->line)
			abort();
	}
	if (s->errors + s->warnings < s->nr_problems)
		abort();
}

static void check_slo(const struct spec_slo *x)
{
	const struct slo_def *d = &x->def;
	const char *const texts[] = { d->id, d->service, d->errors, d->total,
				      d->ratio, d->recorded, d->what,
				      d->runbook, d->where, d->zone };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_clean(texts[i]);
	for (size_t i = 0; i < x->nr_unsupported; i++)
		if (strncmp(x->unsupported[i], "line ", 5) != 0)
			abort();
	if (x->nr_unsupported)
		return;
	if (!d->id || !(d->objective > 0 && d->objective < 1) ||
	    d->period <= 0 || !d->where)
		abort();
	if (d->ratio ? d->errors || d->total : !d->errors || !d->total)
		abort();
	if (strlen(d->ratio ? d->ratio : d->errors) > LIMIT_QUERY / 2)
		abort();
}

static void check_alert(const struct threshold_def *t)
{
	if (!t->alert || !t->id || !t->query || !t->where || t->period <= 0 ||
	    t->hold < 0 || t->keep < 0 ||
	    t->warning.given == t->critical.given)
		abort();
	check_clean(t->id);
	check_clean(t->query);
	check_clean(t->what);
	check_clean(t->service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document d;
	if (document_parse(&d, "f", (const char *)data, size, NULL) < 0)
		return 0;
	for (int k = SPEC_NONE; k <= SPEC_RULES; k++) {
		struct spec *s = spec_read(&d, (enum spec_kind)k);
		check_problems(s);
		for (size_t i = 0; i < s->nr_slos; i++)
			check_slo(&s->slo[i]);
		for (size_t i = 0; i < s->nr_thresholds; i++)
			check_alert(&s->threshold[i]);
		spec_free(s);
	}
	document_release(&d);
	return 0;
}
