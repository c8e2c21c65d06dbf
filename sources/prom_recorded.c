#include "sources/prom_recorded.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sources/prom_parse.h"
#include "sources/promql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000.0
#define DAYS_DEFAULT 30
#define TAG_OBJECTIVE "1"
#define TAG_DAYS "2"
#define TAG_RATIO "3"

/* One objective; its labels that all of its series have alike. */
struct found {
	char *id, *service, *name;
	double objective, days;
	bool told;               /* a ratio is recorded */
	size_t nr_labels;
	struct common {
		char *name, *value; /* value NULL: it tells groups apart */
	} label[LIMIT_LABELS];
};

struct prom_recorded {
	struct found *of;
	size_t nr, cap;
};

static void ask_one(struct buf *out, const char *name, const char *match,
		    const char *tag)
{
	struct buf inner;
	buf_init(&inner, 0);
	promql_inner(&inner, match);
	buf_str(out, out->len ? " or label_replace(" : "label_replace(");
	const char *matcher = buf_text(&inner);
	promql_selector(out, name, &matcher, 1);
	buf_printf(out, ",\"" PROM_TAG "\",\"%s\",\"\",\"\")", tag);
	buf_release(&inner);
}

void prom_recorded_ask(const char *match, struct buf *out)
{
	buf_clear(out);
	ask_one(out, "slo:objective:ratio", match, TAG_OBJECTIVE);
	ask_one(out, "slo:time_period:days", match, TAG_DAYS);
	ask_one(out, PROM_RECORDED_NAME, match, TAG_RATIO);
}

struct prom_recorded *prom_recorded_new(void)
{
	return mem_zero(1, sizeof(struct prom_recorded));
}

void prom_recorded_free(struct prom_recorded *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr; i++) {
		free(r->of[i].id);
		free(r->of[i].service);
		free(r->of[i].name);
		for (size_t k = 0; k < r->of[i].nr_labels; k++) {
			free(r->of[i].label[k].name);
			free(r->of[i].label[k].value);
		}
	}
	free(r->of);
	free(r);
}

static struct found *found_of(struct prom_recorded *r, const char *id)
{
	for (size_t i = 0; i < r->nr; i++)
		if (strcmp(r->of[i].id, id) == 0)
			return &r->of[i];
	if (r->nr >= LIMIT_SLOS)
		return NULL;
	MEM_ROOM(r->of, r->nr, r->cap);
	r->of[r->nr] = (struct found){ .id = mem_strdup(id), .objective = NAN,
				       .days = DAYS_DEFAULT };
	return &r->of[r->nr++];
}

static void keep(char **to, const char *text)
{
	if (!*to && text)
		*to = mem_strdup(text);
}

static struct common *common_of(struct found *f, const char *name)
{
	for (size_t i = 0; i < f->nr_labels; i++)
		if (strcmp(f->label[i].name, name) == 0)
			return &f->label[i];
	return NULL;
}

/* What one series has otherwise, or has not, tells groups apart. */
static void compare_labels(struct found *f, const struct labels *ls)
{
	for (size_t i = 0; !f->told && i < ls->nr; i++)
		if (f->nr_labels < LIMIT_LABELS)
			f->label[f->nr_labels++] = (struct common){
				mem_strdup(ls->l[i].name),
				mem_strdup(ls->l[i].value) };
	for (size_t i = 0; f->told && i < f->nr_labels; i++) {
		struct common *c = &f->label[i];
		const char *v = labels_get(ls, c->name);
		if (c->value && (!v || strcmp(v, c->value) != 0)) {
			free(c->value);
			c->value = NULL;
		}
	}
	for (size_t i = 0; f->told && i < ls->nr; i++)
		if (!common_of(f, ls->l[i].name) && f->nr_labels < LIMIT_LABELS)
			f->label[f->nr_labels++] = (struct common){
				mem_strdup(ls->l[i].name), NULL };
	f->told = true;
}

void prom_recorded_take(struct prom_recorded *r, const struct frame *f)
{
	const char *id = labels_get(&f->labels, "sloth_id");
	struct found *x = id && f->nr && f->v ? found_of(r, id) : NULL;
	if (!x)
		return;
	double v = f->v[f->nr - 1];
	keep(&x->service, labels_get(&f->labels, "sloth_service"));
	keep(&x->name, labels_get(&f->labels, "sloth_slo"));
	if (f->question == (uint32_t)atoi(TAG_OBJECTIVE)) {
		if (v > 0 && v < 1)
			x->objective = v;
	} else if (f->question == (uint32_t)atoi(TAG_DAYS)) {
		if (v > 0 && v <= 366)
			x->days = v;
	} else {
		compare_labels(x, &f->labels);
	}
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct slo_def *)a)->id,
		      ((const struct slo_def *)b)->id);
}

static struct slo_def define(const struct found *f, struct arena *a)
{
	const char **own = arena_alloc(a, (f->nr_labels + 1) * sizeof(*own));
	size_t n = 0;
	struct buf b;
	for (size_t i = 0; i < f->nr_labels; i++)
		if (f->label[i].value)
			own[n++] = arena_strdup(a, f->label[i].name);
	own[n] = NULL;
	buf_init(&b, 0);
	buf_str(&b, "slo:sli_error:ratio_rate$window{");
	promql_equal(&b, "sloth_id", f->id);
	buf_char(&b, '}');
	struct slo_def d = {
		.id = arena_strdup(a, f->id),
		.service = f->service ? arena_strdup(a, f->service) : NULL,
		/* 0.9990000000000001 as rules write it. */
		.objective = round(f->objective * 1e9) / 1e9,
		.period = (time_ms)(f->days * DAY_MS),
		.recorded = arena_strdup(a, buf_text(&b)), .own_labels = own,
		.where = "recorded by rules on the server",
	};
	buf_release(&b);
	return d;
}

const struct slo_def *prom_recorded_slos(const struct prom_recorded *r,
					 struct arena *a, size_t *nr)
{
	struct slo_def *d = arena_alloc(a, (r->nr + 1) * sizeof(*d));
	*nr = 0;
	for (size_t i = 0; i < r->nr; i++)
		if (r->of[i].told && !isnan(r->of[i].objective))
			d[(*nr)++] = define(&r->of[i], a);
	if (*nr)
		qsort(d, *nr, sizeof(*d), by_id);
	return d;
}
