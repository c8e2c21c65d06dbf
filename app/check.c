/* redtop check -c FILE: is a file what it is meant to be? */
#include "app/commands.h"
#include "app/dashfile.h"
#include "app/judge.h"
#include "app/put.h"
#include "app/spec.h"
#include "base/limits.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- JSON -------------------------------------------------------------- */

/* What is said of an objective, whatever file it stands in. */
struct told {
	const char *id, *service, *method;
	double objective;        /* 0: not known */
	time_ms period;
	const char *errors, *total; /* with $window, or NULL */
};

static cJSON *put_slo(cJSON *list, const struct told *s, struct arena *a)
{
	cJSON *o = put_item(list);
	put_text(o, "id", s->id);
	put_text(o, "service", s->service);
	put_number(o, "objective", s->objective > 0 ? s->objective : NAN);
	put_number(o, "period_s", (double)s->period / 1000);
	put_text(o, "method", s->method);
	put_text(o, "error_query", dashfile_windowed(s->errors, "5m", a));
	put_text(o, "total_query", dashfile_windowed(s->total, "5m", a));
	return put_list(o, "unsupported");
}

static void put_file_slo(cJSON *list, struct dashfile *f,
			 const struct file_slo *s)
{
	put_slo(list, &(struct told){
		s->id, s->service, s->method, s->objective, s->period,
		s->error_query, s->total_query }, &f->arena);
}

static void put_spec_slo(cJSON *list, struct spec *s, const struct spec_slo *x)
{
	const struct slo_def *d = &x->def;
	cJSON *why = put_slo(list, &(struct told){
		d->id, d->service, slo_method_name(d->method), d->objective,
		d->period, d->ratio ? d->ratio : d->errors, d->total },
		&s->arena);
	for (size_t i = 0; i < x->nr_unsupported; i++)
		put_string(why, x->unsupported[i]);
}

static void put_limit(cJSON *list, const struct threshold_def *t,
		      const char *level, const struct level *l,
		      const char *missing)
{
	if (!l->given)
		return;
	cJSON *o = put_item(list);
	put_text(o, "id", t->id);
	put_text(o, "level", level);
	put_number(o, "above", l->above);
	put_number(o, "below", l->below);
	put_number(o, "period_s", (double)t->period / 1000);
	put_number(o, "m", t->m);
	put_number(o, "n", t->n);
	put_text(o, "missing", missing);
}

static void put_threshold(cJSON *list, const struct threshold_def *t,
			  const char *missing)
{
	put_limit(list, t, "warning", &t->warning, missing);
	put_limit(list, t, "critical", &t->critical, missing);
}

static void put_file_threshold(cJSON *list, const struct file_threshold *t)
{
	const struct file_level *w = &t->warning, *c = &t->critical;
	struct threshold_def def = {
		.id = t->id, .period = t->period, .m = (int)t->m,
		.n = (int)t->n,
		.warning = { w->given, w->above, w->below },
		.critical = { c->given, c->above, c->below },
	};
	put_threshold(list, &def, t->missing);
}

static void put_problem(cJSON *list, int line, int column, bool error,
			const char *text)
{
	cJSON *o = put_item(list);
	put_number(o, "line", line);
	put_number(o, "column", column);
	put_text(o, "severity", error ? "error" : "warning");
	put_text(o, "text", text);
}

static cJSON *new_answer(const char *file, const char *kind)
{
	cJSON *o = put_object();
	put_text(o, "schema", "redtop.check/1");
	put_text(o, "file", file);
	put_text(o, "kind", kind);
	return o;
}

static void tell_json(struct dashfile *f)
{
	cJSON *o = new_answer(f->path, "redtop");
	cJSON *slos = put_list(o, "slos"), *limits = put_list(o, "thresholds");
	cJSON *problems = put_list(o, "problems");
	for (size_t i = 0; i < f->nr_slos; i++)
		put_file_slo(slos, f, &f->slo[i]);
	for (size_t i = 0; i < f->nr_thresholds; i++)
		put_file_threshold(limits, &f->threshold[i]);
	for (size_t i = 0; i < f->nr_problems; i++) {
		const struct problem *p = &f->problem[i];
		put_problem(problems, p->line, p->column, p->error, p->text);
	}
	put_print(o);
}

/* An alert of Prometheus waits for more data: what is missing is missing. */
static void tell_spec_json(struct spec *s, const char *file)
{
	cJSON *o = new_answer(file, spec_kind_name(s->kind));
	cJSON *slos = put_list(o, "slos"), *limits = put_list(o, "thresholds");
	cJSON *problems = put_list(o, "problems");
	for (size_t i = 0; i < s->nr_slos; i++)
		put_spec_slo(slos, s, &s->slo[i]);
	for (size_t i = 0; i < s->nr_thresholds; i++)
		put_threshold(limits, &s->threshold[i], "missing");
	for (size_t i = 0; i < s->nr_problems; i++) {
		const struct spec_problem *p = &s->problem[i];
		put_problem(problems, p->line, p->column, p->error, p->text);
	}
	put_print(o);
}

/* A file that cannot be read at all. */
static void tell_fault(const char *file, const char *text)
{
	cJSON *o = new_answer(file, "redtop");
	put_list(o, "slos");
	put_list(o, "thresholds");
	put_problem(put_list(o, "problems"), 1, 1, true, text);
	put_print(o);
}

/* ---- text -------------------------------------------------------------- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_text(const struct dashfile *f)
{
	for (size_t i = 0; i < f->nr_problems; i++) {
		struct buf b;
		buf_init(&b, 0);
		problem_print(f, &f->problem[i], &b);
		puts(buf_text(&b));
		buf_release(&b);
	}
	if (f->errors + f->warnings > f->nr_problems)
		printf("%s: and %zu more\n", f->path,
		       f->errors + f->warnings - f->nr_problems);
	if (f->errors)
		printf("%s: %zu error%s, %zu warning%s\n", f->path, f->errors,
		       plural(f->errors), f->warnings, plural(f->warnings));
	else
		printf("%s: fine; %zu source%s, %zu service%s, %zu slo%s, %zu "
		       "threshold%s, %zu page%s\n", f->path, f->nr_sources,
		       plural(f->nr_sources), f->nr_services,
		       plural(f->nr_services), f->nr_slos, plural(f->nr_slos),
		       f->nr_thresholds, plural(f->nr_thresholds), f->nr_pages,
		       plural(f->nr_pages));
}

static void tell_slo_text(const struct spec_slo *x)
{
	const struct slo_def *d = &x->def;
	char share[NUMBER_TEXT], period[TIME_TEXT];
	if (!d->id)
		return;
	printf("%s  %s over %s  by %s  %s%s\n", d->id,
	       d->objective > 0 ? format_objective(d->objective, share) : "?",
	       time_duration(d->period, period), slo_method_name(d->method),
	       d->where, x->nr_unsupported ? "  cannot be evaluated" : "");
}

static void tell_spec_text(const struct spec *s, const char *file)
{
	for (size_t i = 0; i < s->nr_problems; i++)
		printf("%s:%d: %s%s\n", file, s->problem[i].line,
		       s->problem[i].error ? "" : "warning: ",
		       s->problem[i].text);
	if (s->errors + s->warnings > s->nr_problems)
		printf("%s: and %zu more\n", file,
		       s->errors + s->warnings - s->nr_problems);
	for (size_t i = 0; i < s->nr_slos; i++)
		tell_slo_text(&s->slo[i]);
	if (s->errors)
		printf("%s: %zu error%s, %zu warning%s\n", file, s->errors,
		       plural(s->errors), s->warnings, plural(s->warnings));
	else
		printf("%s: fine; %s, %zu slo%s, %zu alert%s, %zu recording "
		       "rule%s, %zu warning%s\n", file,
		       spec_kind_name(s->kind), s->nr_slos, plural(s->nr_slos),
		       s->nr_thresholds, plural(s->nr_thresholds),
		       s->nr_recordings, plural(s->nr_recordings),
		       s->warnings, plural(s->warnings));
}

/* ---- files ------------------------------------------------------------- */

static const char *clean(const char *path, struct arena *a)
{
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, path, strlen(path));
	const char *out = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return out;
}

static int check_spec(const struct document *d, enum spec_kind kind,
		      const char *path, bool json)
{
	struct spec *s = spec_read(d, kind);
	const char *file = clean(path, &s->arena);
	int code = s->errors ? EXIT_FILE : EXIT_FINE;
	if (json)
		tell_spec_json(s, file);
	else
		tell_spec_text(s, file);
	spec_free(s);
	return code;
}

static int check_dashboard(const char *path, bool json)
{
	struct err e = { 0 };
	bool missing;
	struct dashfile *f = dashfile_load(path, &missing, &e);
	if (!f && json) {
		tell_fault(path, e.text);
		return EXIT_FILE;
	}
	if (!f)
		return complain(&e);
	int code = f->errors ? EXIT_FILE : EXIT_FINE;
	if (json)
		tell_json(f);
	else
		tell_text(f);
	dashfile_free(f);
	return code;
}

/* What is no plain file, is not to be trusted, or is no YAML, the reader of
 * dashboard files has the sentences for. */
static bool is_readable(const char *path, struct document *d)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	struct stat file, of;
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path + 1) : 1,
		 slash ? path : ".");
	return stat(path, &file) == 0 && stat(dir, &of) == 0 &&
	       !dashfile_distrust(&file, &of, geteuid()) &&
	       document_load(d, path, NULL) == 0;
}

static int check(const char *path, bool json)
{
	struct document d;
	enum spec_kind kind = SPEC_NONE;
	int code = EXIT_FINE;
	if (is_readable(path, &d)) {
		kind = spec_kind_of(&d);
		if (kind != SPEC_NONE)
			code = check_spec(&d, kind, path, json);
		document_release(&d);
	}
	return kind == SPEC_NONE ? check_dashboard(path, json) : code;
}

int run_check(struct options *o)
{
	bool json = o->format == FORMAT_JSON;
	if (o->nr_sources > o->nr_against)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check takes its file as -c FILE" });
	if (!o->file)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check needs -c FILE" });
	if (!json && o->format != FORMAT_TEXT)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop check has --format text and json" });
	if (json && o->slo && o->thresholds)
		return complain(&(struct err){ EXIT_USAGE,
			"--format json is one document: --slo or --thresholds, "
			"not both" });
	if (o->slo || o->thresholds)
		return judge(o);
	if (o->nr_against || o->at)
		return complain(&(struct err){ EXIT_USAGE,
			"--source and --at go with --slo or --thresholds" });
	return check(o->file, json);
}
