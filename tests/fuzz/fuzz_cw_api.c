/* An answer of CloudWatch of any bytes, as a page behind a good one, twice: it
 * is refused and nothing has changed, or what is held is clean, sorted and can
 * be asked for. The first byte chooses the reader, of an error the second one
 * the status; a line before its body is the header. */
#include "sources/cw_api.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define QUERIES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                \
	do {                                                                   \
		if (!(x))                                                      \
			abort();                                               \
	} while (0)

static void check_refusal(const struct err *e)
{
	MUST(e->code == EXIT_UNREACHABLE || e->code == EXIT_REFUSED);
	MUST(*e->text && text_is_clean(e->text));
}

static void check_token(const char *token)
{
	MUST(!token || (*token && strlen(token) <= LIMIT_TOKEN));
}

/* ---- GetMetricData ------------------------------------------------------ */

static void check_messages(const struct cw_message *m, size_t nr)
{
	MUST(nr <= LIMIT_WARNINGS);
	for (size_t i = 0; i < nr; i++)
		MUST(text_is_clean(m[i].code) && text_is_clean(m[i].text)
		     && strlen(m[i].text) <= LIMIT_SENTENCE
		     && (*m[i].code || *m[i].text));
}

static void check_result(const struct cw_result *r)
{
	MUST(r->query < QUERIES && r->status <= CW_FORBIDDEN);
	MUST(text_is_clean(r->label) && strlen(r->label) <= LIMIT_LABEL_VALUE);
	MUST(r->nr <= r->cap);
	check_messages(r->message, r->nr_messages);
	for (size_t i = 0; i < r->nr; i++)
		MUST(r->t[i] >= 0 && r->t[i] < INT64_C(253402300800000)
		     && isfinite(r->v[i]) && (!i || r->t[i - 1] < r->t[i]));
}

static void check_data(const struct cw_data *d)
{
	size_t points = 0;
	for (size_t i = 0; i < d->nr; i++) {
		const struct cw_result *r = &d->result[i];
		check_result(r);
		points += r->nr;
		MUST(!i || r[-1].query < r->query
		     || (r[-1].query == r->query
			 && strcmp(r[-1].label, r->label) < 0));
	}
	MUST(points == d->points);
	check_messages(d->message, d->nr_messages);
	check_token(d->token);
}

static void fuzz_data(const char *s, size_t n)
{
	static const char first[] =
		"{\"MetricDataResults\":[{\"Id\":\"m1\",\"Label\":\"a\","
		"\"Timestamps\":[1765977780,1765977900],\"Values\":[1,3]}],"
		"\"NextToken\":\"first\"}";
	struct cw_data d;
	struct err e = { 0 };
	cw_data_init(&d, QUERIES);
	MUST(cw_data_read(&d, first, sizeof(first) - 1, &e) == 0);
	if (cw_data_read(&d, s, n, &e) < 0) {
		check_refusal(&e);
		MUST(d.nr == 1 && d.points == 2 && d.dropped == 0
		     && d.nr_messages == 0 && d.result[0].nr == 2
		     && strcmp(d.token, "first") == 0);
	} else {
		check_data(&d);
		size_t nr = d.nr, points = d.points;
		MUST(cw_data_read(&d, s, n, &e) == 0);
		check_data(&d);
		MUST(d.nr == nr && d.points == points);
	}
	cw_data_release(&d);
}

/* ---- ListMetrics -------------------------------------------------------- */

static void check_question(const struct cw_metric *m)
{
	const struct cw_query q = { *m, "Sum", 60000 };
	struct buf b;
	buf_init(&b, 0);
	cw_write_get_metric_data(&b, &q, 1, 0, 60000, NULL);
	cJSON *j = cJSON_ParseWithLength(b.s, b.len);
	const cJSON *x = cJSON_GetObjectItem(j, "MetricDataQueries");
	x = cJSON_GetObjectItem(x->child, "MetricStat");
	x = cJSON_GetObjectItem(cJSON_GetObjectItem(x, "Metric"),
				"Dimensions");
	MUST((size_t)cJSON_GetArraySize(x) == m->nr);
	for (size_t i = 0; i < m->nr; i++) {
		const cJSON *d = cJSON_GetArrayItem(x, (int)i);
		MUST(strcmp(cJSON_GetObjectItem(d, "Value")->valuestring,
			    m->dim[i].value) == 0);
	}
	cJSON_Delete(j);
	buf_release(&b);
}

static void check_metrics(const struct cw_metrics *m)
{
	for (size_t i = 0; i < m->nr; i++) {
		const struct cw_metric *x = &m->metric[i];
		MUST(*x->space && text_is_clean(x->space));
		MUST(*x->name && text_is_clean(x->name));
		for (size_t k = 0; k < x->nr; k++)
			MUST(*x->dim[k].name && *x->dim[k].value
			     && (!k || strcmp(x->dim[k - 1].name,
					      x->dim[k].name) < 0));
		check_question(x);
	}
	check_token(m->token);
}

static void fuzz_metrics(const char *s, size_t n)
{
	static const char first[] =
		"{\"Metrics\":[{\"Namespace\":\"A\",\"MetricName\":\"N\"}],"
		"\"NextToken\":\"first\"}";
	struct cw_metrics m;
	struct err e = { 0 };
	cw_metrics_init(&m);
	MUST(cw_metrics_read(&m, first, sizeof(first) - 1, &e) == 0);
	if (cw_metrics_read(&m, s, n, &e) < 0) {
		check_refusal(&e);
		MUST(m.nr == 1 && m.dropped == 0
		     && strcmp(m.token, "first") == 0);
	} else {
		check_metrics(&m);
		cw_metrics_sort(&m);
		size_t nr = m.nr;
		MUST(cw_metrics_read(&m, s, n, &e) == 0);
		cw_metrics_sort(&m);
		MUST(m.nr == nr);
		for (size_t i = 1; i < nr; i++)
			MUST(cw_metric_compare(&m.metric[i - 1],
					       &m.metric[i]) < 0);
	}
	cw_metrics_release(&m);
}

/* ---- DescribeAlarms ----------------------------------------------------- */

static void check_alarms(const struct cw_alarms *a)
{
	for (size_t i = 0; i < a->nr; i++) {
		const struct alarm *x = &a->alarm[i];
		MUST(*x->name && text_is_clean(x->name));
		MUST(strlen(x->name) <= LIMIT_LABEL_VALUE);
		MUST(!i || strcmp(x[-1].name, x->name) < 0);
		MUST(!x->reason || (*x->reason && text_is_clean(x->reason)
				    && strlen(x->reason) <= LIMIT_SENTENCE));
		MUST(x->state == ALARM_OK || x->state == ALARM_ALARM
		     || x->state == ALARM_INSUFFICIENT);
		MUST(x->since == TIME_NONE || x->since >= 0);
	}
	check_token(a->token);
}

static void fuzz_alarms(const char *s, size_t n)
{
	static const char first[] =
		"{\"MetricAlarms\":[{\"AlarmName\":\"a\",\"StateValue\":"
		"\"ALARM\"}],\"NextToken\":\"first\"}";
	struct cw_alarms a;
	struct err e = { 0 };
	cw_alarms_init(&a);
	MUST(cw_alarms_read(&a, first, sizeof(first) - 1, &e) == 0);
	if (cw_alarms_read(&a, s, n, &e) < 0) {
		check_refusal(&e);
		MUST(a.nr == 1 && a.dropped == 0
		     && a.alarm[0].state == ALARM_ALARM
		     && strcmp(a.token, "first") == 0);
	} else {
		check_alarms(&a);
		size_t nr = a.nr;
		MUST(cw_alarms_read(&a, s, n, &e) == 0);
		check_alarms(&a);
		MUST(a.nr == nr);
	}
	cw_alarms_release(&a);
}

/* ---- errors ------------------------------------------------------------- */

static void fuzz_error(const char *s, size_t n)
{
	static const long statuses[] = { 400, 401, 403, 404, 429, 500, 503,
					 301 };
	static const char *const types[] = { NULL, "text/html",
					     "application/x-amz-json-1.0",
					     "" };
	struct cw_error x;
	if (n == 0)
		return;
	unsigned how = (unsigned char)*s++;
	n--;
	const char *end = memchr(s, '\n', n);
	char *header = end ? mem_strndup(s, (size_t)(end - s)) : NULL;
	n -= end ? (size_t)(end + 1 - s) : 0;
	s = end ? end + 1 : s;
	memset(&x, 0x5a, sizeof(x));
	cw_error_read(statuses[how & 7], header, types[how >> 3 & 3], s, n,
		      &x);
	MUST(x.kind <= CW_ERROR_QUERY && x.fault > FAULT_NONE
	     && x.fault < FAULT_NR);
	MUST(*x.code && strlen(x.code) < sizeof(x.code)
	     && text_is_clean(x.code));
	MUST(strlen(x.message) < sizeof(x.message)
	     && text_is_clean(x.message));
	free(header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(const char *s, size_t n) = {
		fuzz_data, fuzz_metrics, fuzz_alarms, fuzz_error,
	};
	if (size == 0)
		return 0;
	char *own = mem_alloc(size - 1);
	memcpy(own, data + 1, size - 1);
	readers[data[0] & 3](own, size - 1);
	free(own);
	return 0;
}
