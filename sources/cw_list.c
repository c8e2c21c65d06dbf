/* The answers to ListMetrics and DescribeAlarms: short ones, read as trees. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSIONS_MAX ((size_t)30)
#define SECONDS_MAX 253402300800.0 /* the year 10000 */

/* ---- metrics as keys ---------------------------------------------------------- */

int cw_metric_compare(const struct cw_metric *a, const struct cw_metric *b)
{
	int c = strcmp(a->space, b->space);
	if (c == 0)
		c = strcmp(a->name, b->name);
	for (size_t i = 0; c == 0 && i < a->nr && i < b->nr; i++) {
		c = strcmp(a->dim[i].name, b->dim[i].name);
		if (c == 0)
			c = strcmp(a->dim[i].value, b->dim[i].value);
	}
	return c ? c : a->nr < b->nr ? -1 : a->nr > b->nr;
}

const char *cw_dimension(const struct cw_metric *m, const char *name)
{
	for (size_t i = 0; i < m->nr; i++)
		if (strcmp(m->dim[i].name, name) == 0)
			return m->dim[i].value;
	return NULL;
}

/* ---- trees --------------------------------------------------------------------- */

/* Not deeper than we would go ourselves. */
static bool is_shallow(const char *s, size_t n)
{
	int depth = 0;
	bool text = false;
	for (size_t i = 0; i < n; i++) {
		if (text) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				text = false;
		} else if (s[i] == '"') {
			text = true;
		} else if (s[i] == '{' || s[i] == '[') {
			if (++depth > LIMIT_NESTING)
				return false;
		} else if (s[i] == '}' || s[i] == ']') {
			depth--;
		}
	}
	return true;
}

static cJSON *read_tree(const char *bytes, size_t n, struct err *e)
{
	const char *end = NULL;
	if (n > LIMIT_TREE_BODY || !is_shallow(bytes, n)) {
		err_set(e, EXIT_UNREACHABLE, "the answer is too large or too "
			"deep");
		return NULL;
	}
	cJSON *root = cJSON_ParseWithLengthOpts(bytes, n, &end, false);
	if (cJSON_IsObject(root))
		return root;
	cJSON_Delete(root);
	err_set(e, EXIT_UNREACHABLE, "the answer cannot be read: it is no "
		"whole JSON object");
	return NULL;
}

static const cJSON *member(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *clean_text(const cJSON *j, size_t max, struct arena *a)
{
	const char *s = cJSON_GetStringValue(j);
	struct buf b;
	if (!s)
		return NULL;
	buf_init(&b, max);
	text_clean(&b, s, strlen(s));
	s = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return s;
}

static const char *token_of(const cJSON *root, struct arena *a)
{
	const char *s = cJSON_GetStringValue(member(root, "NextToken"));
	return s && *s ? arena_strdup(a, s) : NULL;
}

/* ---- ListMetrics ------------------------------------------------------------------ */

void cw_metrics_init(struct cw_metrics *m)
{
	*m = (struct cw_metrics){ 0 };
	arena_init(&m->arena, 0);
}

void cw_metrics_release(struct cw_metrics *m)
{
	free(m->metric);
	arena_release(&m->arena);
	*m = (struct cw_metrics){ 0 };
}

static int compare_dimensions(const void *a, const void *b)
{
	const struct cw_dimension *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* As they came, since they are asked for as they came. */
static bool read_dimensions(const cJSON *list, struct cw_metric *m,
			    struct arena *a)
{
	const cJSON *j;
	struct cw_dimension d[DIMENSIONS_MAX];
	size_t nr = 0;
	cJSON_ArrayForEach(j, list) {
		const char *name = cJSON_GetStringValue(member(j, "Name"));
		const char *value = cJSON_GetStringValue(member(j, "Value"));
		if (!name || !value || nr == DIMENSIONS_MAX
		    || strlen(value) > LIMIT_LABEL_VALUE
		    || strlen(name) > LIMIT_LABEL_NAME)
			return false;
		d[nr++] = (struct cw_dimension){ arena_strdup(a, name),
						 arena_strdup(a, value) };
	}
	qsort(d, nr, sizeof(*d), compare_dimensions);
	struct cw_dimension *own = arena_alloc(a, (nr + 1) * sizeof(*own));
	memcpy(own, d, nr * sizeof(*own));
	m->nr = nr;
	m->dim = own;
	return true;
}

static bool read_metric(const cJSON *j, struct cw_metrics *m)
{
	const char *space = cJSON_GetStringValue(member(j, "Namespace"));
	const char *name = cJSON_GetStringValue(member(j, "MetricName"));
	struct cw_metric x = { 0 };
	if (!space || !name || !text_is_clean(space) || !text_is_clean(name)
	    || strlen(space) > LIMIT_LABEL_NAME
	    || strlen(name) > LIMIT_LABEL_NAME
	    || !read_dimensions(member(j, "Dimensions"), &x, &m->arena))
		return false;
	x.space = arena_strdup(&m->arena, space);
	x.name = arena_strdup(&m->arena, name);
	MEM_ROOM(m->metric, m->nr, m->cap);
	m->metric[m->nr++] = x;
	return true;
}

int cw_metrics_read(struct cw_metrics *m, const char *bytes, size_t n,
		    struct err *e)
{
	cJSON *root = read_tree(bytes, n, e);
	const cJSON *j, *list = member(root, "Metrics");
	if (!root)
		return -1;
	if (!cJSON_IsArray(list)) {
		cJSON_Delete(root);
		return err_set(e, EXIT_UNREACHABLE, "the answer has no list "
			       "of Metrics");
	}
	cJSON_ArrayForEach(j, list)
		if (m->nr >= LIMIT_ANSWER_SERIES || !read_metric(j, m))
			m->dropped++;
	m->token = token_of(root, &m->arena);
	cJSON_Delete(root);
	return 0;
}

static int compare_metrics(const void *a, const void *b)
{
	return cw_metric_compare(a, b);
}

void cw_metrics_sort(struct cw_metrics *m)
{
	size_t kept = 0;
	if (m->nr)
		qsort(m->metric, m->nr, sizeof(*m->metric), compare_metrics);
	for (size_t i = 0; i < m->nr; i++)
		if (i == 0 || cw_metric_compare(&m->metric[kept - 1],
						&m->metric[i]) != 0)
			m->metric[kept++] = m->metric[i];
	m->nr = kept;
}

/* ---- DescribeAlarms ------------------------------------------------------------------ */

void cw_alarms_init(struct cw_alarms *a)
{
	*a = (struct cw_alarms){ 0 };
	arena_init(&a->arena, 0);
}

void cw_alarms_release(struct cw_alarms *a)
{
	free(a->alarm);
	arena_release(&a->arena);
	*a = (struct cw_alarms){ 0 };
}

static time_ms time_of(const cJSON *j)
{
	time_ms t;
	struct err e;
	const char *s = cJSON_GetStringValue(j);
	if (cJSON_IsNumber(j) && fabs(j->valuedouble) < SECONDS_MAX)
		return llround(j->valuedouble * 1000);
	return s && strchr(s, 'T') && time_parse(s, 0, &t, &e) == 0
		       ? t : TIME_NONE;
}

static enum alarm_state state_of(const char *s)
{
	return s && strcmp(s, "OK") == 0 ? ALARM_OK
	       : s && strcmp(s, "ALARM") == 0 ? ALARM_ALARM
	       : ALARM_INSUFFICIENT;
}

static struct alarm *find_alarm(struct cw_alarms *a, const char *name)
{
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->alarm[i].name, name) == 0)
			return &a->alarm[i];
	return NULL;
}

/* One that comes twice, by pages that overlap, is one. */
static void read_alarm(const cJSON *j, struct cw_alarms *a)
{
	const char *name = clean_text(member(j, "AlarmName"),
				      LIMIT_LABEL_VALUE, &a->arena);
	time_ms since = time_of(member(j, "StateTransitionedTimestamp"));
	if (!name || !*name || a->nr >= LIMIT_ALARMS)
		return;
	if (since == TIME_NONE)
		since = time_of(member(j, "StateUpdatedTimestamp"));
	struct alarm *x = find_alarm(a, name);
	if (!x) {
		MEM_ROOM(a->alarm, a->nr, a->cap);
		x = &a->alarm[a->nr++];
	}
	*x = (struct alarm){
		.name = name, .since = since,
		.state = state_of(cJSON_GetStringValue(member(j,
							"StateValue"))),
		.reason = clean_text(member(j, "StateReason"),
				     LIMIT_SENTENCE, &a->arena),
	};
}

int cw_alarms_read(struct cw_alarms *a, const char *bytes, size_t n,
		   struct err *e)
{
	static const char *const lists[] = { "MetricAlarms", "CompositeAlarms",
					     "LogAlarms" };
	cJSON *root = read_tree(bytes, n, e);
	bool any = false;
	if (!root)
		return -1;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const cJSON *j, *list = member(root, lists[i]);
		any |= cJSON_IsArray(list);
		cJSON_ArrayForEach(j, list)
			read_alarm(j, a);
	}
	/* An account without alarms may answer {}. */
	if (!any && root->child) {
		cJSON_Delete(root);
		return err_set(e, EXIT_UNREACHABLE, "the answer has no list "
			       "of alarms");
	}
	a->token = token_of(root, &a->arena);
	cJSON_Delete(root);
	return 0;
}
