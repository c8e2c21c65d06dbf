#include "app/rulesfile.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct rules rules_of_spec(const struct spec *s, struct arena *a)
{
	struct slo_def *d = arena_alloc(a, (s->nr_slos + 1) * sizeof(*d));
	for (size_t i = 0; i < s->nr_slos; i++) {
		d[i] = s->slo[i].def;
		if (!s->slo[i].nr_unsupported)
			continue;
		d[i].errors = d[i].total = d[i].ratio = d[i].recorded = NULL;
	}
	return (struct rules){ .slo = d, .nr_slos = s->nr_slos,
			       .threshold = s->threshold,
			       .nr_thresholds = s->nr_thresholds };
}

static int wrong(const char *path, size_t errors, struct err *e)
{
	return err_set(e, EXIT_FILE, "%.200s: %zu error%s; nothing was judged",
		       path, errors, errors == 1 ? "" : "s");
}

static int take_spec(struct rulesfile *r, const char *path,
		     const struct document *doc, enum spec_kind kind,
		     bool quiet, struct err *e)
{
	struct spec *s = r->spec = spec_read(doc, kind);
	for (size_t i = 0; i < s->nr_problems; i++) {
		const struct spec_problem *p = &s->problem[i];
		if (p->error || !quiet)
			fprintf(stderr, "%s:%d: %s%s\n", path, p->line,
				p->error ? "" : "warning: ", p->text);
	}
	r->rules = rules_of_spec(s, &r->arena);
	return s->errors ? wrong(path, s->errors, e) : 0;
}

static int take_dash(struct rulesfile *r, const char *path, bool quiet,
		     struct err *e)
{
	bool missing;
	struct dashfile *f = r->dash = dashfile_load(path, &missing, e);
	if (!f)
		return -1;
	for (size_t i = 0; i < f->nr_problems; i++) {
		struct buf b;
		buf_init(&b, 0);
		problem_print(f, &f->problem[i], &b);
		if (f->problem[i].error || !quiet)
			fprintf(stderr, "%s\n", buf_text(&b));
		buf_release(&b);
	}
	r->rules.slo = dashfile_slos(f, &r->arena, &r->rules.nr_slos);
	r->rules.threshold = dashfile_thresholds(f, &r->arena,
						 &r->rules.nr_thresholds);
	r->rules.pack = dashfile_pack(f, &r->arena);
	return f->errors ? wrong(path, f->errors, e) : 0;
}

int rulesfile_load(struct rulesfile *r, const char *path, bool quiet,
		   struct err *e)
{
	struct document doc;
	*r = (struct rulesfile){ .dash = NULL };
	arena_init(&r->arena, 0);
	if (document_load(&doc, path, e) < 0)
		return -1;
	enum spec_kind kind = spec_kind_of(&doc);
	int code = kind == SPEC_NONE
		   ? take_dash(r, path, quiet, e)
		   : take_spec(r, path, &doc, kind, quiet, e);
	document_release(&doc);
	return code;
}

void rulesfile_release(struct rulesfile *r)
{
	spec_free(r->spec);
	if (r->dash)
		dashfile_free(r->dash);
	arena_release(&r->arena);
}
