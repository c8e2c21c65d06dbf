#include "sources/cw_limit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE ((time_ms)60000)
#define CDN "AWS/CloudFront"
#define CDN_REGION "us-east-1"
#define WORD_MAX 255

/* ---- what is meant ------------------------------------------------------ */

/* "AWS/EC2 CPUUtilization Average". A space of one's own may have blanks. */
struct meant {
	char space[WORD_MAX + 1], metric[WORD_MAX + 1], stat[WORD_MAX + 1];
};

/* The last word of s[0..*n), which is cut off; false: none, or too long. */
static bool take_last(const char *s, size_t *n, char out[WORD_MAX + 1])
{
	size_t end = *n, begin;
	while (end && s[end - 1] == ' ')
		end--;
	begin = end;
	while (begin && s[begin - 1] != ' ')
		begin--;
	if (begin == end || end - begin > WORD_MAX)
		return false;
	memcpy(out, s + begin, end - begin);
	out[end - begin] = '\0';
	*n = begin;
	return true;
}

static bool read_meant(const char *text, struct meant *out)
{
	size_t n = strlen(text);
	if (!take_last(text, &n, out->stat)
	    || !take_last(text, &n, out->metric))
		return false;
	while (n && text[n - 1] == ' ')
		n--;
	text += strspn(text, " ");
	if (!n || n > WORD_MAX)
		return false;
	snprintf(out->space, sizeof(out->space), "%.*s", (int)n, text);
	return true;
}

static const char *region_of(const struct meant *m)
{
	return strcmp(m->space, CDN) == 0 ? CDN_REGION : NULL;
}

static bool same_metric(const struct meant *a, const struct meant *b)
{
	return strcmp(a->space, b->space) == 0
	       && strcmp(a->metric, b->metric) == 0;
}

bool cw_limit_ask(const struct threshold_def *def, size_t i, struct arena *a,
		  struct cw_ask *out)
{
	struct meant m, other;
	if (!def[i].cloudwatch || !read_meant(def[i].cloudwatch, &m))
		return false;
	for (size_t k = 0; k < i; k++)
		if (def[k].cloudwatch && read_meant(def[k].cloudwatch, &other)
		    && same_metric(&m, &other))
			return false;
	*out = (struct cw_ask){
		.list = { .space = arena_strdup(a, m.space),
			  .metric = arena_strdup(a, m.metric) },
		.region = region_of(&m),
	};
	return true;
}

/* ---- what is asked ------------------------------------------------------ */

static void note(struct cw_limits *out, const struct threshold_def *d,
		 struct arena *a, const char *what)
{
	char line[LIMIT_SENTENCE + 1];
	struct buf b;
	if (out->nr_notes >= LIMIT_WARNINGS)
		return;
	snprintf(line, sizeof(line), "threshold %.80s: %.80s %.120s", d->id,
		 d->cloudwatch, what);
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, line, strlen(line));
	out->note[out->nr_notes++] = arena_strdup(a, buf_text(&b));
	buf_release(&b);
}

/* -1: there are too many periods. */
static int grid_of(struct cw_limits *out, const struct threshold_def *d)
{
	time_ms reach = ((time_ms)threshold_periods(d) + 2) * d->period;
	time_ms most = (time_ms)CW_HOLD_POINTS / 2 * d->period;
	int g = 0;
	while (g < out->nr_grids && out->period[g] != d->period)
		g++;
	if (g == CW_LIMIT_GRIDS)
		return -1;
	if (g == out->nr_grids)
		out->nr_grids++;
	out->period[g] = d->period;
	reach = reach < most ? reach : most;
	if (reach > out->reach[g])
		out->reach[g] = reach;
	return g;
}

static const char *clean(const char *s, struct arena *a)
{
	struct buf b;
	buf_init(&b, 0);
	text_clean(&b, s, strlen(s));
	const char *out = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return out;
}

/* Asked for as they came, shown clean. */
static struct cw_metric own_metric(const struct cw_metric *m, struct arena *a,
				   struct labels *shown)
{
	struct cw_metric out = { .nr = m->nr };
	struct cw_dimension *dim = arena_alloc(a, (m->nr + 1) * sizeof(*dim));
	struct label *l = arena_alloc(a, (m->nr + 1) * sizeof(*l));
	for (size_t i = 0; i < m->nr; i++) {
		dim[i] = (struct cw_dimension){
			arena_strdup(a, m->dim[i].name),
			arena_strdup(a, m->dim[i].value),
		};
		l[i] = (struct label){ clean(m->dim[i].name, a),
				       clean(m->dim[i].value, a) };
	}
	labels_sort(l, m->nr);
	*shown = (struct labels){ m->nr, l };
	out.space = arena_strdup(a, m->space);
	out.name = arena_strdup(a, m->name);
	out.dim = dim;
	return out;
}

struct sets {
	size_t nr, left_out;
	struct cw_part *part;
	struct labels *labels;
};

/* Of those with one dimension, or of the others. */
static void add_sets(struct sets *out, const struct cw_metrics *m,
		     const struct meant *what, bool one, struct arena *a)
{
	for (size_t i = 0; i < m->nr; i++) {
		const struct cw_metric *x = &m->metric[i];
		if ((x->nr == 1) != one || strcmp(x->space, what->space) != 0
		    || strcmp(x->name, what->metric) != 0)
			continue;
		if (out->nr == CW_LIMIT_SETS) {
			out->left_out++;
			continue;
		}
		out->part[out->nr] = (struct cw_part){
			.role = CW_USED, .weight = CW_WANTED, .scale = 1,
			.metric = own_metric(x, a, &out->labels[out->nr]),
			.stat = arena_strdup(a, what->stat),
		};
		out->nr++;
	}
}

static void add(struct cw_limits *out, const struct cw_metrics *m,
		const struct threshold_def *d, size_t index,
		const struct meant *what, struct arena *a)
{
	struct cw_limit *x = &out->of[out->nr];
	struct cw_service *s = arena_alloc(a, sizeof(*s));
	struct sets sets = {
		.part = arena_alloc(a, CW_LIMIT_SETS * sizeof(*sets.part)),
		.labels = arena_alloc(a, CW_LIMIT_SETS * sizeof(*sets.labels)),
	};
	add_sets(&sets, m, what, true, a);
	add_sets(&sets, m, what, false, a);
	if (!sets.nr) {
		note(out, d, a, "is not listed here");
		return;
	}
	*x = (struct cw_limit){ .def = d, .index = index,
				.grid = grid_of(out, d), .service = s,
				.labels = sets.labels };
	if (x->grid < 0) {
		note(out, d, a, "has a fifth period: four are asked at most");
		return;
	}
	if (sets.left_out)
		note(out, d, a, "has more than 20 sets of dimensions: the "
		     "others are not asked");
	*s = (struct cw_service){ .name = d->id, .key = d->id,
				  .resource = true, .region = region_of(what),
				  .nr = sets.nr, .part = sets.part };
	x->key = cw_member_keys(s, a);
	out->nr++;
}

void cw_limits_find(struct cw_limits *out, const struct cw_metrics *m,
		    const struct threshold_def *def, size_t nr,
		    struct arena *a)
{
	size_t most = nr < LIMIT_THRESHOLDS ? nr : LIMIT_THRESHOLDS;
	struct meant what;
	*out = (struct cw_limits){
		.of = arena_alloc(a, (most + 1) * sizeof(*out->of)),
		.note = arena_alloc(a, LIMIT_WARNINGS * sizeof(*out->note)),
	};
	for (size_t i = 0; i < most; i++) {
		if (!def[i].cloudwatch)
			continue;
		if (!read_meant(def[i].cloudwatch, &what))
			note(out, &def[i], a, "is no 'SPACE METRIC STATISTIC'");
		else if (def[i].period < MINUTE || def[i].period % MINUTE)
			note(out, &def[i], a, "is asked in whole minutes, "
			     "which its period is not");
		else
			add(out, m, &def[i], i, &what, a);
	}
}

/* ---- answers ------------------------------------------------------------ */

static const struct cw_line *line_of(const struct cw_limit *l, size_t i)
{
	const struct cw_line *x =
		l->hold ? cw_hold_line((struct cw_hold *)l->hold, l->key[i],
				       false) : NULL;
	return x && x->asked != TIME_NONE && !x->forbidden ? x : NULL;
}

static struct labels own_labels(const struct labels *ls, struct arena *a)
{
	struct labels out = { 0 };
	labels_copy(ls, NULL, a, &out);
	return out;
}

/* Up to where all of its sets are known and judged; TIME_NONE: not at all, or
 * an answer was not whole. */
static time_ms known_until(const struct cw_limit *l)
{
	time_ms p = l->def->period, to = TIME_NONE;
	for (size_t i = 0; i < l->service->nr; i++) {
		const struct cw_line *x = line_of(l, i);
		if (!x)
			continue;
		if (x->unsure)
			return TIME_NONE;
		time_ms end = time_floor(x->asked - CW_JUDGED_AFTER, p);
		end = end < x->to ? end : time_floor(x->to, p);
		to = to == TIME_NONE || end < to ? end : to;
	}
	return to;
}

static uint32_t id_of(const struct cw_limit *l, unsigned part)
{
	return question_own(QUESTION_THRESHOLD, l->index, part);
}

/* At the moment of its answer. */
static void push_now(const struct cw_limit *l, size_t i, time_ms at,
		     struct batch *b, struct frame *f)
{
	const struct cw_line *x = line_of(l, i);
	time_ms begin = time_floor(at, l->def->period);
	double v = x && x->asked > begin ? cw_hold_at(l->hold, x, begin) : NAN;
	if (isnan(v))
		return;
	time_ms *t = arena_alloc(&b->arena, sizeof(*t));
	double *value = arena_alloc(&b->arena, sizeof(*value));
	*t = x->asked < at ? x->asked : at;
	*value = v;
	f[b->nr++] = (struct frame){ .question = id_of(l, THRESHOLD_NOW),
				     .labels = own_labels(&l->labels[i],
							  &b->arena),
				     .nr = 1, .t = t, .v = value };
}

void cw_limits_now(const struct cw_limits *l, time_ms at, struct batch *b)
{
	size_t nr = l->nr * CW_LIMIT_SETS + 1;
	struct frame *f = arena_alloc(&b->arena, nr * sizeof(*f));
	uint32_t *asked = arena_alloc(&b->arena, nr * sizeof(*asked));
	b->at = at;
	b->instant = true;
	for (size_t i = 0; i < l->nr; i++) {
		if (known_until(&l->of[i]) == TIME_NONE)
			continue;
		asked[b->nr_asked++] = id_of(&l->of[i], THRESHOLD_NOW);
		for (size_t k = 0; k < l->of[i].service->nr; k++)
			push_now(&l->of[i], k, at, b, f);
	}
	b->frame = f;
	b->asked = asked;
}

static void push_points(const struct cw_limit *l, size_t i, struct batch *b,
			struct frame *f)
{
	const struct cw_line *x = line_of(l, i);
	size_t most = (size_t)((b->to - b->from) / b->step) + 1, nr = 0;
	time_ms *t = arena_alloc(&b->arena, most * sizeof(*t));
	double *v = arena_alloc(&b->arena, most * sizeof(*v));
	for (time_ms end = b->from; x && end <= b->to; end += b->step) {
		v[nr] = cw_hold_at(l->hold, x, end - b->step);
		if (isnan(v[nr]))
			continue;
		t[nr++] = end;
	}
	if (nr)
		f[b->nr++] = (struct frame){
			.question = id_of(l, THRESHOLD_POINTS), .nr = nr,
			.labels = own_labels(&l->labels[i], &b->arena),
			.t = t, .v = v,
		};
}

time_ms cw_limit_points(const struct cw_limit *l, time_ms at, time_ms told,
			struct batch *b)
{
	time_ms p = l->def->period, to = known_until(l);
	if (to == TIME_NONE || (told != TIME_NONE && to <= told))
		return TIME_NONE;
	size_t nr = l->service->nr;
	struct frame *f = arena_alloc(&b->arena, nr * sizeof(*f));
	uint32_t *asked = arena_alloc(&b->arena, sizeof(*asked));
	b->at = at;
	b->to = b->settled = to;
	b->from = to - (threshold_periods(l->def) - 1) * p;
	if (b->from <= l->hold->from)
		b->from = l->hold->from + p;
	b->step = b->window = p;
	for (size_t i = 0; i < nr; i++)
		push_points(l, i, b, f);
	asked[b->nr_asked++] = id_of(l, THRESHOLD_POINTS);
	b->frame = f;
	b->asked = asked;
	return to;
}
