#include "tests/fault/fake_aws.h"

#ifndef TESTS_FAULT_FAKE_PROM_H /* which brings it, too */
#include "tests/fault/evil.c"
#endif
#include "tests/fault/fake_aws_sign.h"
#include "tests/fault/fake_aws_stat.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/time.h>

#define CLOUD_MODEL "com.amazonaws.cloudwatch.v2010_08_01#"
#define CLOUD_TARGET "GraniteServiceVersion20100801."
#define CLOUD_QUERIES 500
#define CLOUD_POINTS 100800

struct cloud_fault;

struct cloud_active {
	struct cloud_trouble t;
	const struct cloud_fault *fault;
	int spared, done;
};

struct fake_aws {
	struct evil_thread *thread;
	char url[EVIL_URL];
	pthread_mutex_t lock;
	const struct cloud_account *account;
	size_t nr_accounts;
	struct cloud_knobs knobs;
	struct cloud_active active[CLOUD_TROUBLES];
	size_t nr_active;
	struct cloud_call *call;
	size_t nr, cap;
	struct cloud_bill bill;
	uint64_t ids;
	void (*heard)(const struct cloud_call *c, void *arg);
	void *heard_arg;
};

/* One request on its way. */
struct cloud_ask {
	struct fake_aws *f;
	const struct evil_ask *http;
	struct evil_answer *out;
	const struct cloud_account *account;
	enum cloud_operation operation;
	char region[64];
	cJSON *body;
	time_ms now;
	struct cloud_call *call;
};

/* ---- writing ------------------------------------------------------------- */

static void cloud_string(struct buf *b, const char *s)
{
	buf_char(b, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < ' ' || c == '"' || c == '\\')
			buf_printf(b, "\\u%04x", c);
		else
			buf_char(b, *s);
	}
	buf_char(b, '"');
}

/* `"name":"value"`, or nothing without a value. */
static void cloud_member(struct buf *b, const char *comma, const char *name,
			 const char *value)
{
	if (!value)
		return;
	buf_printf(b, "%s\"%s\":", comma, name);
	cloud_string(b, value);
}

/* Seconds as a Java server prints a double: 1.76597778E9. */
static void cloud_time(struct buf *b, time_ms t)
{
	char s[40];
	snprintf(s, sizeof(s), "%.12E", (double)t / 1000);
	char *e = strchr(s, 'E'), *end = e;
	while (end > s + 3 && end[-1] == '0')
		end--;
	buf_add(b, s, (size_t)(end - s));
	buf_printf(b, "E%d", atoi(e + 1));
}

static void cloud_list(struct buf *b, bool *any)
{
	if (*any)
		buf_char(b, ',');
	*any = true;
}

static void cloud_message(struct buf *b, const char *code, const char *text)
{
	cloud_member(b, "{", "Code", code);
	cloud_member(b, ",", "Value", text);
	buf_char(b, '}');
}

/* `query_error`: of the header that is for those who were Query clients. */
static void cloud_refuse(struct cloud_ask *a, int status, const char *type,
			 const char *query_error, const char *message)
{
	struct evil_answer *out = a->out;
	char mode[16];
	out->status = status;
	buf_clear(&out->body);
	cloud_member(&out->body, "{", "__type", type);
	if (*message)
		cloud_member(&out->body, type ? "," : "{", "message", message);
	else if (!type)
		buf_char(&out->body, '{');
	buf_char(&out->body, '}');
	if (query_error && strcmp(sign_text(a->http, "x-amzn-query-mode", mode,
					    sizeof(mode)), "true") == 0)
		buf_printf(&out->head, "x-amzn-query-error: %s\r\n",
			   query_error);
	const char *hash = type ? strchr(type, '#') : NULL;
	a->call->refused = mem_strdup(hash ? hash + 1 :
				      query_error ? query_error : "?");
}

static void cloud_invalid(struct cloud_ask *a, const char *message)
{
	cloud_refuse(a, 400, "com.amazon.coral.validate#ValidationException",
		     "ValidationError;Sender", message);
}

/* ---- ways to misbehave --------------------------------------------------- */

static void cloud_cut_body(struct evil_answer *out)
{
	out->body.len /= 2;
	if (out->body.s)
		out->body.s[out->body.len] = '\0';
}

static void spoil_truncate(struct evil_answer *out)
{
	cloud_cut_body(out);
}

static void spoil_cut(struct evil_answer *out)
{
	out->promised = (int64_t)out->body.len;
	cloud_cut_body(out);
	out->after = EVIL_FIN;
}

/* Every list behind `"name":[` becomes what `write` makes of it. */
static void cloud_lists(struct evil_answer *out, const char *name,
			void (*write)(struct buf *b, const char *s, size_t n))
{
	struct buf b;
	const char *s = buf_text(&out->body), *at;
	buf_init(&b, 0);
	for (; (at = strstr(s, name)); s = at) {
		at += strlen(name);
		buf_add(&b, s, (size_t)(at - s));
		size_t n = strcspn(at, "]");
		write(&b, at, n);
		at += n;
	}
	buf_str(&b, s);
	buf_release(&out->body);
	out->body = b;
}

static void write_nan(struct buf *b, const char *s, size_t n)
{
	bool any = false;
	for (size_t i = 0; i < n; i += 1 + strcspn(s + i, ",]")) {
		cloud_list(b, &any);
		buf_str(b, "NaN");
	}
}

static void spoil_nan(struct evil_answer *out)
{
	cloud_lists(out, "\"Values\":[", write_nan);
}

static void write_half(struct buf *b, const char *s, size_t n)
{
	size_t half = n / 2;
	while (half && s[half] != ',')
		half--;
	buf_add(b, s, half);
}

static void spoil_unpaired(struct evil_answer *out)
{
	cloud_lists(out, "\"Values\":[", write_half);
}

static void write_iso(struct buf *b, const char *s, size_t n)
{
	bool any = false;
	char iso[TIME_TEXT];
	for (size_t i = 0; i < n; i += 1 + strcspn(s + i, ",]")) {
		cloud_list(b, &any);
		buf_printf(b, "\"%s\"", time_iso((time_ms)(strtod(s + i, NULL)
							   * 1000), iso));
	}
}

static void spoil_iso(struct evil_answer *out)
{
	cloud_lists(out, "\"Timestamps\":[", write_iso);
}

static void spoil_message(struct evil_answer *out)
{
	/* The operation's own list comes last. */
	static const char empty[] = "],\"Messages\":[";
	struct buf b;
	const char *s = buf_text(&out->body), *at = NULL;
	for (const char *next = s; (next = strstr(next, empty)); at = next)
		next += strlen(empty);
	if (!at)
		return;
	buf_init(&b, 0);
	buf_add(&b, s, (size_t)(at - s));
	cloud_message(&b, "MaxMetricsExceeded",
		      "Maximum number of allowed metrics exceeded");
	buf_str(&b, at);
	buf_release(&out->body);
	out->body = b;
}

enum cloud_result { RESULT_WHOLE, RESULT_INTERNAL, RESULT_FORBIDDEN,
		    RESULT_PARTIAL, RESULT_UNITS, RESULT_TOLD };

#define SERVICE "com.amazon.coral.service#"

/* One row a word of struct cloud_trouble. `OPERATION` in a message is the
 * operation's name. */
static const struct cloud_fault {
	const char *what;
	/* instead of an answer */
	int status;
	const char *type, *query_error, *message;
	const char *body, *content_type; /* in place of these three */
	const char *behave;
	/* of a good one */
	void (*spoil)(struct evil_answer *out);
	enum cloud_result result;
} cloud_faults[] = {
	{ "throttle", 400,
	  "com.amazon.coral.availability#ThrottlingException", NULL,
	  .message = "Rate exceeded" },
	{ "throttle-query", 400, NULL, "Throttling;Sender",
	  .message = "Rate exceeded" },
	{ "limit", 400, CLOUD_MODEL "LimitExceededException",
	  "LimitExceeded;Sender", .message = "" },
	{ "error-500", 500, CLOUD_MODEL "InternalServiceFault",
	  "InternalServiceError;Receiver",
	  .message = "" },
	{ "error-503", 503, .body = "" },
	{ "error-502", 502, .body = "<html><head><title>502 Bad Gateway</title>"
	  "</head><body>502 Bad Gateway</body></html>",
	  .content_type = "text/html" },
	{ "denied", 403, SERVICE "AccessDeniedException", NULL,
	  .message = "User: arn:aws:sts::123456789012:assumed-role/ops/i-0abc "
	  "is not authorized to perform: cloudwatch:OPERATION because no "
	  "identity-based policy allows the cloudwatch:OPERATION action" },
	{ "expired", 403, SERVICE "ExpiredTokenException", NULL,
	  .message = "The security token included in the request is expired" },
	{ "unrecognized", 403, SERVICE "UnrecognizedClientException", NULL,
	  .message = "The security token included in the request is invalid." },
	{ "signature", 403, SERVICE "InvalidSignatureException", NULL,
	  .message = "The request signature we calculated does not match the "
	  "signature you provided." },
	{ "invalid-token", 400, CLOUD_MODEL "InvalidNextToken",
	  "InvalidNextToken;Sender",
	  .message = "The token is not valid" },
	{ "invalid", 400, "com.amazon.coral.validate#ValidationException",
	  "ValidationError;Sender",
	  .message = "1 validation error detected: Value at "
	  "'metricDataQueries' failed to satisfy constraint" },
	{ "page", 200, .body = "<!DOCTYPE html><html><head><title>It works"
	  "</title></head><body>It works!</body></html>",
	  .content_type = "text/html" },
	{ "empty", 200, .body = "" },
	{ "not-json", 200, .body = "{\"MetricDataResults\":[{\"Id\":" },
	{ "array", 200, .body = "[]" },
	{ "wrong-shape", 200, .body = "{\"MetricDataResults\":\"none\","
	  "\"Metrics\":{\"a\":1},\"MetricAlarms\":7}" },
	{ "login", .behave = "/login" },
	{ "redirect", .behave = "/redirect" },
	{ "hang", .behave = "/hang" },
	{ "reset", .behave = "/rst" },
	{ "nothing", .behave = "/nothing" },
	{ "endless", .behave = "/endless" },
	{ "truncate", .spoil = spoil_truncate },
	{ "cut", .spoil = spoil_cut },
	{ "nan", .spoil = spoil_nan },
	{ "unpaired", .spoil = spoil_unpaired },
	{ "iso-times", .spoil = spoil_iso },
	{ "message", .spoil = spoil_message },
	{ "internal", .result = RESULT_INTERNAL },
	{ "forbidden", .result = RESULT_FORBIDDEN },
	{ "partial", .result = RESULT_PARTIAL },
	{ "units", .result = RESULT_UNITS },
	{ "told", .result = RESULT_TOLD },
};

static const struct cloud_fault *cloud_fault(const char *what)
{
	for (size_t i = 0; i < sizeof(cloud_faults) / sizeof(*cloud_faults);
	     i++)
		if (strcmp(cloud_faults[i].what, what) == 0)
			return &cloud_faults[i];
	return NULL;
}

bool cloud_is_trouble(const char *what)
{
	return cloud_fault(what) != NULL;
}

static bool cloud_same(const char *want, const char *have)
{
	return !want || strcmp(want, have) == 0;
}

/* Counts: true if this time is one of those that go wrong. */
static bool cloud_is_due(struct cloud_active *x)
{
	if (x->spared < x->t.after) {
		x->spared++;
		return false;
	}
	if (x->t.times && x->done >= x->t.times)
		return false;
	x->done++;
	return true;
}

/* Instead of the answer (spoil false), or of it. */
static struct cloud_active *cloud_wrong(struct cloud_ask *a, bool spoil)
{
	const char *name = cloud_operation_name(a->operation);
	for (size_t i = 0; i < a->f->nr_active; i++) {
		struct cloud_active *x = &a->f->active[i];
		if (!x->fault->result && spoil == (x->fault->spoil != NULL)
		    && cloud_same(x->t.operation, name)
		    && cloud_same(x->t.region, a->region) && cloud_is_due(x))
			return x;
	}
	return NULL;
}

static enum cloud_result cloud_result(struct cloud_ask *a, const char *metric,
				      const char *dims)
{
	for (size_t i = 0; i < a->f->nr_active; i++) {
		struct cloud_active *x = &a->f->active[i];
		if (x->fault->result && cloud_same(x->t.metric, metric)
		    && cloud_same(x->t.dims, dims)
		    && cloud_same(x->t.region, a->region) && cloud_is_due(x))
			return x->fault->result;
	}
	return RESULT_WHOLE;
}

static void cloud_fail(struct cloud_ask *a, const struct cloud_active *x)
{
	const struct cloud_fault *fault = x->fault;
	struct buf text;
	const char *s = fault->message ? fault->message : "", *at;
	if (x->t.retry_after_ms)
		buf_printf(&a->out->head, "x-amz-retry-after: %d\r\n",
			   x->t.retry_after_ms);
	a->out->behave = fault->behave;
	if (fault->behave || fault->body) {
		a->out->status = fault->status;
		buf_str(&a->out->body, fault->body ? fault->body : "");
		a->out->type = fault->content_type;
		a->call->refused = mem_strdup(fault->what);
		return;
	}
	buf_init(&text, 0);
	for (; (at = strstr(s, "OPERATION")); s = at + strlen("OPERATION")) {
		buf_add(&text, s, (size_t)(at - s));
		buf_str(&text, cloud_operation_name(a->operation));
	}
	buf_str(&text, s);
	cloud_refuse(a, fault->status, fault->type, fault->query_error,
		     buf_text(&text));
	buf_release(&text);
}

/* ---- reading ------------------------------------------------------------- */

static cJSON *cloud_get(const cJSON *o, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(o, name);
}

static const char *cloud_text(const cJSON *o, const char *name)
{
	return cJSON_GetStringValue(cloud_get(o, name));
}

static double cloud_number(const cJSON *o, const char *name, double otherwise)
{
	const cJSON *n = cloud_get(o, name);
	return cJSON_IsNumber(n) ? n->valuedouble : otherwise;
}

static int cloud_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Dimensions as a struct cloud_metric has them. */
static void cloud_dims(const cJSON *list, struct buf *out)
{
	char *part[30];
	size_t nr = 0;
	const cJSON *d;
	cJSON_ArrayForEach(d, list) {
		struct buf b;
		const char *name = cloud_text(d, "Name");
		const char *value = cloud_text(d, "Value");
		if (nr == 30)
			break;
		buf_init(&b, 0);
		buf_printf(&b, "%s=%s", name ? name : "?", value ? value : "?");
		part[nr++] = b.s;
	}
	qsort(part, nr, sizeof(*part), cloud_by_name);
	for (size_t i = 0; i < nr; i++) {
		buf_str(out, i ? "," : "");
		buf_str(out, part[i]);
		free(part[i]);
	}
}

/* The k-th dimension; false behind the last. */
static bool cloud_dim(const char *dims, size_t k, char name[256],
		      char value[1025])
{
	for (; k; k--) {
		dims += strcspn(dims, ",");
		dims += *dims == ',';
	}
	size_t n = strcspn(dims, "=");
	if (!*dims)
		return false;
	snprintf(name, 256, "%.*s", (int)n, dims);
	snprintf(value, 1025, "%.*s", (int)strcspn(dims + n + 1, ","),
		 dims + n + 1);
	return true;
}

static bool cloud_has_dim(const char *dims, const char *want,
			  const char *value)
{
	char n[256], v[1025];
	for (size_t k = 0; cloud_dim(dims, k, n, v); k++)
		if (strcmp(n, want) == 0 && cloud_same(value, v))
			return true;
	return false;
}

static bool cloud_is_here(const struct cloud_ask *a,
			  const struct cloud_metric *m)
{
	return strcmp(m->region ? m->region : a->account->region,
		      a->region) == 0;
}

/* The hash of what is asked, but for the token: it belongs to this alone. */
static uint64_t cloud_hash(struct cloud_ask *a)
{
	cJSON *token = cJSON_DetachItemFromObjectCaseSensitive(a->body,
							       "NextToken");
	char *s = cJSON_PrintUnformatted(a->body);
	uint64_t h = 1469598103934665603u;
	for (const char *c = s; *c; c++)
		h = (h ^ (unsigned char)*c) * 1099511628211u;
	free(s);
	if (token)
		cJSON_AddItemToObject(a->body, "NextToken", token);
	return h;
}

/* Where the page begins; -1: the token is not of this question. */
static int64_t cloud_offset(struct cloud_ask *a)
{
	int64_t offset = -1;
	uint64_t hash = 0;
	const char *token = cloud_text(a->body, "NextToken");
	if (!token || strcmp(token, "again") == 0)
		return 0;
	if (sscanf(token, "page-%" SCNd64 "-%" SCNx64, &offset, &hash) == 2
	    && hash == cloud_hash(a))
		return offset;
	cloud_refuse(a, 400, CLOUD_MODEL "InvalidNextToken",
		     "InvalidNextToken;Sender", "The token is not valid");
	return -1;
}

/* `more`: where the next page begins, 0: there is none. */
static void cloud_token(struct cloud_ask *a, size_t more)
{
	if (a->f->knobs.same_token)
		buf_str(&a->out->body, ",\"NextToken\":\"again\"");
	else if (more)
		buf_printf(&a->out->body, ",\"NextToken\":\"page-%zu-%" PRIx64
			   "\"", more, cloud_hash(a));
}

static size_t cloud_page(size_t knob, double asked, size_t most)
{
	size_t n = asked > 0 && asked < (double)most ? (size_t)asked : most;
	return knob && knob < n ? knob : n;
}

/* ---- GetMetricData ------------------------------------------------------- */

struct cloud_query {
	const char *id, *label, *space, *name, *stat, *unit;
	struct buf dims;
	time_ms period;
	enum cloud_result result;
	struct stat_points points;
};

struct cloud_data {
	struct cloud_query q[CLOUD_QUERIES];
	size_t nr, total;      /* queries, points */
	time_ms from, to;
	bool descending;
};

static const struct cloud_metric *cloud_find(const struct cloud_ask *a,
					     const char *space,
					     const char *name,
					     const char *dims)
{
	for (size_t i = 0; i < a->account->nr; i++) {
		const struct cloud_metric *m = &a->account->metric[i];
		if (strcmp(m->name, name) == 0 && strcmp(m->dims, dims) == 0
		    && strcmp(m->space, space) == 0 && cloud_is_here(a, m))
			return m;
	}
	return NULL;
}

static bool cloud_is_id(const char *s)
{
	if (!s || *s < 'a' || *s > 'z' || strlen(s) > 255)
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static bool cloud_is_period(time_ms t)
{
	static const time_ms small[] = { 1000, 5000, 10000, 20000, 30000 };
	for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++)
		if (t == small[i])
			return true;
	return t > 0 && t % CLOUD_MINUTE == 0;
}

static void cloud_query_read(struct cloud_query *q, const cJSON *o)
{
	const cJSON *stat = cloud_get(o, "MetricStat");
	const cJSON *metric = cloud_get(stat, "Metric");
	buf_init(&q->dims, 0);
	cloud_dims(cloud_get(metric, "Dimensions"), &q->dims);
	q->id = cloud_text(o, "Id");
	q->label = cloud_text(o, "Label");
	q->space = cloud_text(metric, "Namespace");
	q->name = cloud_text(metric, "MetricName");
	q->stat = cloud_text(stat, "Stat");
	q->unit = cloud_text(stat, "Unit");
	q->period = (time_ms)(cloud_number(stat, "Period", 0) * 1000);
}

/* The sentence, or NULL. */
static const char *cloud_query_wrong(const struct cloud_data *d,
				     const struct cloud_query *q,
				     struct stat_what *what)
{
	if (!cloud_is_id(q->id))
		return "The value for parameter Id must begin with a lower "
		       "case letter";
	if (!q->space || !q->name)
		return "MetricStat with a Metric was expected";
	if (!cloud_is_period(q->period))
		return "Period must be 1, 5, 10, 20, 30 or a multiple of 60";
	if (!q->stat || !stat_parse(q->stat, what))
		return "The value for parameter Stat is not a valid statistic";
	for (size_t i = 0; i + 1 < d->nr; i++)
		if (strcmp(d->q[i].id, q->id) == 0)
			return "The values for parameter Id must be unique";
	return NULL;
}

/* 0, or -1 and refused. */
static int cloud_query(struct cloud_ask *a, struct cloud_data *d,
		       const cJSON *o)
{
	struct cloud_query *q = &d->q[d->nr++];
	struct stat_what what = { 0 };
	cloud_query_read(q, o);
	const char *wrong = cloud_query_wrong(d, q, &what);
	if (wrong) {
		cloud_invalid(a, wrong);
		return -1;
	}
	const char *dims = buf_text(&q->dims);
	const struct cloud_metric *m = cloud_find(a, q->space, q->name, dims);
	q->result = cloud_result(a, q->name, dims);
	if (m && cloud_same(q->unit, m->unit ? m->unit : "None")
	    && q->result != RESULT_INTERNAL && q->result != RESULT_FORBIDDEN)
		stat_series(&q->points, m, &a->f->knobs, &what, d->from, d->to,
			    q->period, a->now);
	if (q->result == RESULT_PARTIAL)
		q->points.nr /= 2;
	d->total += q->points.nr;
	return 0;
}

/* What tells it from the others, and no more. */
static void cloud_label(struct buf *b, const struct cloud_data *d,
			const struct cloud_query *q)
{
	bool stat = false, dims = false;
	struct buf text;
	for (size_t i = 0; i < d->nr; i++) {
		const struct cloud_query *o = &d->q[i];
		if (o == q || strcmp(o->name, q->name) != 0)
			continue;
		stat |= strcmp(o->stat, q->stat) != 0;
		dims |= strcmp(buf_text(&o->dims), buf_text(&q->dims)) != 0;
	}
	buf_init(&text, 0);
	if (q->label)
		buf_str(&text, q->label);
	else
		buf_printf(&text, "%s%s%s%s%s", dims ? buf_text(&q->dims) : "",
			   dims ? " " : "", q->name, stat ? " " : "",
			   stat ? q->stat : "");
	cloud_string(b, buf_text(&text));
	buf_release(&text);
}

static size_t cloud_nth(const struct cloud_data *d,
			const struct cloud_query *q, size_t i)
{
	return d->descending ? q->points.nr - 1 - i : i;
}

/* The points [i, end) of one query. */
static void cloud_points(struct buf *b, const struct cloud_data *d,
			 const struct cloud_query *q, size_t begin, size_t end)
{
	bool any = false;
	buf_str(b, ",\"Timestamps\":[");
	for (size_t i = begin; i < end; i++) {
		cloud_list(b, &any);
		cloud_time(b, q->points.t[cloud_nth(d, q, i)]);
	}
	any = false;
	buf_str(b, "],\"Values\":[");
	for (size_t i = begin; i < end; i++) {
		cloud_list(b, &any);
		buf_printf(b, "%.17g", q->points.v[cloud_nth(d, q, i)]);
	}
	buf_char(b, ']');
}

static void cloud_write(struct buf *b, const struct cloud_data *d,
			const struct cloud_query *q, size_t begin, size_t end)
{
	static const char *const status[] = {
		[RESULT_INTERNAL] = "InternalError",
		[RESULT_FORBIDDEN] = "Forbidden",
		[RESULT_PARTIAL] = "PartialData",
	};
	const char *s = q->result <= RESULT_PARTIAL ? status[q->result] : NULL;
	cloud_member(b, "{", "Id", q->id);
	buf_str(b, ",\"Label\":");
	cloud_label(b, d, q);
	cloud_points(b, d, q, begin, end);
	cloud_member(b, ",", "StatusCode", s ? s :
		     end < q->points.nr ? "PartialData" : "Complete");
	if (q->result == RESULT_UNITS || q->result == RESULT_TOLD) {
		buf_str(b, ",\"Messages\":[");
		cloud_message(b, q->result == RESULT_UNITS ? "MultipleUnits"
							   : "Told",
			      q->result == RESULT_UNITS
			      ? "Multiple units returned: "
				"'[Milliseconds, Seconds]'"
			      : "Something about this metric");
		buf_char(b, ']');
	}
	buf_char(b, '}');
}

/* All points in a row; a page is a piece of it, so an Id may stand on
 * several. */
static void cloud_data_page(struct cloud_ask *a, const struct cloud_data *d,
			    size_t offset, size_t limit)
{
	struct buf *b = &a->out->body;
	size_t before = 0, end = offset + limit;
	bool any = false, last = end >= d->total;
	buf_str(b, "{\"MetricDataResults\":[");
	for (size_t i = 0; i < d->nr; i++) {
		const struct cloud_query *q = &d->q[i];
		size_t from = before, to = before + q->points.nr;
		before = to;
		if (from == to ? from < offset || (from >= end && !last)
			       : to <= offset || from >= end)
			continue;
		cloud_list(b, &any);
		cloud_write(b, d, q, from < offset ? offset - from : 0,
			    (to < end ? to : end) - from);
	}
	buf_str(b, "],\"Messages\":[]");
	cloud_token(a, last ? 0 : end);
	buf_char(b, '}');
}

static int cloud_data_read(struct cloud_ask *a, struct cloud_data *d)
{
	const cJSON *list = cloud_get(a->body, "MetricDataQueries"), *o;
	const char *order = cloud_text(a->body, "ScanBy");
	int nr = cJSON_GetArraySize(list);
	d->from = (time_ms)(cloud_number(a->body, "StartTime", 0) * 1000);
	d->to = (time_ms)(cloud_number(a->body, "EndTime", 0) * 1000);
	d->descending = !order || strcmp(order, "TimestampAscending") != 0;
	if (!cJSON_IsArray(list) || nr == 0)
		cloud_invalid(a, "MetricDataQueries is required");
	else if (nr > CLOUD_QUERIES)
		cloud_invalid(a, "The collection MetricDataQueries must not "
			      "have a size greater than 500.");
	else if (!cJSON_IsNumber(cloud_get(a->body, "StartTime"))
		 || !cJSON_IsNumber(cloud_get(a->body, "EndTime")))
		cloud_refuse(a, 400, SERVICE "SerializationException", NULL,
			     "NUMBER_VALUE was expected for a timestamp");
	else if (d->from >= d->to)
		cloud_invalid(a, "The parameter StartTime must be less than "
			      "the parameter EndTime.");
	if (a->out->status)
		return -1;
	cJSON_ArrayForEach(o, list)
		if (cloud_query(a, d, o) != 0)
			return -1;
	return 0;
}

static void answer_data(struct cloud_ask *a)
{
	struct cloud_data *d = mem_zero(1, sizeof(*d));
	double most = cloud_number(a->body, "MaxDatapoints", CLOUD_POINTS);
	int64_t offset = cloud_offset(a);
	if (most > CLOUD_POINTS)
		cloud_invalid(a, "MaxDatapoints must not exceed 100800.");
	else if (offset >= 0 && cloud_data_read(a, d) == 0)
		cloud_data_page(a, d, (size_t)offset,
				cloud_page(a->f->knobs.page_points, most,
					   CLOUD_POINTS));
	for (size_t i = 0; i < d->nr; i++) {
		buf_release(&d->q[i].dims);
		stat_points_release(&d->q[i].points);
	}
	free(d);
}

/* ---- ListMetrics --------------------------------------------------------- */

static bool cloud_lists_metric(const struct cloud_ask *a,
			       const struct cloud_metric *m)
{
	const cJSON *d, *dims = cloud_get(a->body, "Dimensions");
	bool recently = cloud_text(a->body, "RecentlyActive") != NULL;
	time_ms idle = recently ? 3 * STAT_HOUR : 14 * STAT_DAY;
	if (m->unlisted || !cloud_is_here(a, m)
	    || !cloud_same(cloud_text(a->body, "Namespace"), m->space)
	    || !cloud_same(cloud_text(a->body, "MetricName"), m->name)
	    || (m->to && m->to < a->now - idle)
	    || (m->from && m->from > a->now))
		return false;
	cJSON_ArrayForEach(d, dims) {
		const char *name = cloud_text(d, "Name");
		if (!name || !cloud_has_dim(m->dims, name,
					    cloud_text(d, "Value")))
			return false;
	}
	return true;
}

static void cloud_write_metric(struct buf *b, const struct cloud_metric *m)
{
	char name[256], value[1025];
	cloud_member(b, "{", "Namespace", m->space);
	cloud_member(b, ",", "MetricName", m->name);
	buf_str(b, ",\"Dimensions\":[");
	for (size_t k = 0; cloud_dim(m->dims, k, name, value); k++) {
		cloud_member(b, k ? ",{" : "{", "Name", name);
		cloud_member(b, ",", "Value", value);
		buf_char(b, '}');
	}
	buf_str(b, "]}");
}

static void answer_list(struct cloud_ask *a)
{
	struct buf *b = &a->out->body;
	const char *active = cloud_text(a->body, "RecentlyActive");
	int64_t offset = cloud_offset(a);
	size_t limit = cloud_page(a->f->knobs.page_metrics, 0, 500);
	size_t nr = 0;
	bool any = false;
	if (active && strcmp(active, "PT3H") != 0)
		cloud_invalid(a, "1 validation error detected: Value at "
			      "'recentlyActive' failed to satisfy constraint: "
			      "Member must satisfy enum value set: [PT3H]");
	if (a->out->status || offset < 0)
		return;
	buf_str(b, "{\"Metrics\":[");
	for (size_t i = 0; i < a->account->nr; i++) {
		const struct cloud_metric *m = &a->account->metric[i];
		if (!cloud_lists_metric(a, m))
			continue;
		if (nr >= (size_t)offset && nr < (size_t)offset + limit) {
			cloud_list(b, &any);
			cloud_write_metric(b, m);
		}
		nr++;
	}
	buf_char(b, ']');
	cloud_token(a, nr > (size_t)offset + limit ? (size_t)offset + limit
						   : 0);
	buf_char(b, '}');
}

/* ---- DescribeAlarms ------------------------------------------------------ */

static bool cloud_names(const cJSON *list, const char *name)
{
	const cJSON *s;
	cJSON_ArrayForEach(s, list)
		if (cJSON_IsString(s) && strcmp(s->valuestring, name) == 0)
			return true;
	return false;
}

/* Without types only metric alarms are told. */
static bool cloud_tells_alarm(const struct cloud_ask *a,
			      const struct cloud_alarm *x, bool composite)
{
	const cJSON *types = cloud_get(a->body, "AlarmTypes");
	const cJSON *names = cloud_get(a->body, "AlarmNames");
	const char *prefix = cloud_text(a->body, "AlarmNamePrefix");
	if (composite != (x->rule != NULL)
	    || (types ? !cloud_names(types, composite ? "CompositeAlarm"
						      : "MetricAlarm")
		      : composite)
	    || (names && !cloud_names(names, x->name))
	    || !cloud_same(cloud_text(a->body, "StateValue"), x->state))
		return false;
	return !prefix || strncmp(x->name, prefix, strlen(prefix)) == 0;
}

static void cloud_write_alarm(struct buf *b, const struct cloud_alarm *x)
{
	cloud_member(b, "{", "AlarmName", x->name);
	buf_str(b, ",\"AlarmArn\":\"arn:aws:cloudwatch:eu-west-1:123456789012:"
		"alarm:x\",\"ActionsEnabled\":true,\"AlarmActions\":[]");
	cloud_member(b, ",", "AlarmRule", x->rule);
	cloud_member(b, ",", "StateValue", x->state);
	cloud_member(b, ",", "StateReason", x->reason);
	buf_str(b, ",\"StateUpdatedTimestamp\":");
	cloud_time(b, x->updated);
	if (x->transitioned) {
		buf_str(b, ",\"StateTransitionedTimestamp\":");
		cloud_time(b, x->transitioned);
	}
	if (!x->rule)
		buf_str(b, ",\"MetricName\":\"HTTPCode_Target_5XX_Count\","
			"\"Namespace\":\"AWS/ApplicationELB\",\"Statistic\":"
			"\"Sum\",\"Period\":60,\"EvaluationPeriods\":3,"
			"\"DatapointsToAlarm\":2,\"Threshold\":5.0,"
			"\"ComparisonOperator\":\"GreaterThanThreshold\","
			"\"TreatMissingData\":\"notBreaching\"");
	buf_char(b, '}');
}

/* One of the two lists, of the alarms [offset, end) of both. */
static size_t cloud_alarms(struct cloud_ask *a, bool composite, size_t before,
			   size_t offset, size_t end)
{
	struct buf *b = &a->out->body;
	bool any = false;
	buf_printf(b, "\"%sAlarms\":[", composite ? "Composite" : "Metric");
	for (size_t i = 0; i < a->account->nr_alarms; i++) {
		const struct cloud_alarm *x = &a->account->alarm[i];
		if (!cloud_tells_alarm(a, x, composite))
			continue;
		if (before >= offset && before < end) {
			cloud_list(b, &any);
			cloud_write_alarm(b, x);
		}
		before++;
	}
	buf_char(b, ']');
	return before;
}

static void answer_alarms(struct cloud_ask *a)
{
	double most = cloud_number(a->body, "MaxRecords", 50);
	int64_t offset = cloud_offset(a);
	size_t limit = cloud_page(a->f->knobs.page_alarms, most, 100);
	bool here = strcmp(a->account->region, a->region) == 0;
	if (most < 1 || most > 100)
		cloud_invalid(a, "1 validation error detected: Value at "
			      "'maxRecords' failed to satisfy constraint");
	if (a->out->status || offset < 0)
		return;
	size_t begin = (size_t)offset, end = begin + limit, nr;
	buf_char(&a->out->body, '{');
	nr = cloud_alarms(a, false, 0, begin, here ? end : 0);
	buf_char(&a->out->body, ',');
	nr = cloud_alarms(a, true, nr, begin, here ? end : 0);
	cloud_token(a, here && nr > end ? end : 0);
	buf_char(&a->out->body, '}');
}

/* ---- requests ------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*answer)(struct cloud_ask *a);
} cloud_operations[CLOUD_OPERATIONS] = {
	[CLOUD_GET_METRIC_DATA] = { "GetMetricData", answer_data },
	[CLOUD_LIST_METRICS] = { "ListMetrics", answer_list },
	[CLOUD_DESCRIBE_ALARMS] = { "DescribeAlarms", answer_alarms },
};

const char *cloud_operation_name(enum cloud_operation o)
{
	return o < CLOUD_OPERATIONS ? cloud_operations[o].name : "";
}

static enum cloud_operation cloud_operation(const struct evil_ask *a)
{
	char target[128];
	size_t o = 0;
	sign_text(a, "x-amz-target", target, sizeof(target));
	if (strncmp(target, CLOUD_TARGET, strlen(CLOUD_TARGET)) != 0)
		return CLOUD_OPERATIONS;
	while (o < CLOUD_OPERATIONS
	       && strcmp(target + strlen(CLOUD_TARGET),
			 cloud_operations[o].name) != 0)
		o++;
	return (enum cloud_operation)o;
}

static time_ms cloud_clock(const struct fake_aws *f)
{
	struct timeval tv;
	gettimeofday(&tv, NULL);
	return (f->knobs.at ? f->knobs.at : (time_ms)tv.tv_sec * 1000
					    + tv.tv_usec / 1000)
	       + f->knobs.skew;
}

static int64_t cloud_monotonic(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Whose it is. 0, or -1 and refused. */
static int cloud_admit(struct cloud_ask *a)
{
	struct sign s = { 0 };
	int r = sign_parse(&s, a->http);
	for (size_t i = 0; r == 0 && i < a->f->nr_accounts; i++) {
		const struct cloud_account *c = &a->f->account[i];
		if (strcmp(c->id, s.id) != 0)
			continue;
		a->account = c;
		s.secret = c->secret;
		s.token = c->token;
	}
	if (r == 0)
		r = sign_check(&s, a->http, a->now);
	snprintf(a->region, sizeof(a->region), "%s", s.region);
	a->call->id = mem_strdup(s.id);
	a->call->region = mem_strdup(s.region);
	if (r != 0) {
		a->f->bill.unsigned_++;
		cloud_refuse(a, 403, s.type, NULL, s.message);
	}
	return r;
}

static void cloud_answer(struct cloud_ask *a)
{
	char type[128];
	struct cloud_active *x;
	sign_text(a->http, "content-type", type, sizeof(type));
	if (strcmp(a->http->method, "POST") != 0
	    || strcmp(a->http->path, "/") != 0 || *a->http->query
	    || a->operation == CLOUD_OPERATIONS
	    || strcmp(type, "application/x-amz-json-1.0") != 0) {
		cloud_refuse(a, 400, SERVICE "UnknownOperationException", NULL,
			     "");
		return;
	}
	if (cloud_admit(a) != 0)
		return;
	if ((x = cloud_wrong(a, false))) {
		cloud_fail(a, x);
		return;
	}
	if (!cJSON_IsObject(a->body)) {
		cloud_refuse(a, 400, SERVICE "SerializationException", NULL,
			     "Start of structure was expected");
		return;
	}
	cloud_operations[a->operation].answer(a);
	if (a->out->status)
		return;
	a->out->status = 200;
	if ((x = cloud_wrong(a, true)))
		x->fault->spoil(a->out);
}

static void cloud_head(struct fake_aws *f, struct evil_answer *out,
		       time_ms now)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t s = (time_t)(now / 1000);
	struct tm tm;
	gmtime_r(&s, &tm);
	buf_printf(&out->head, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n"
		   "x-amzn-RequestId: 00000000-0000-4000-8000-%012" PRIu64
		   "\r\n", days + 3 * tm.tm_wday, tm.tm_mday,
		   months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour,
		   tm.tm_min, tm.tm_sec, ++f->ids);
	if (!out->type)
		out->type = "application/x-amz-json-1.0";
}

static void cloud_count(struct fake_aws *f, const struct cloud_call *c)
{
	f->bill.requests++;
	if (c->operation < CLOUD_OPERATIONS)
		f->bill.by[c->operation]++;
	f->bill.metrics += c->metrics;
	f->bill.refused += c->refused != NULL;
	if (f->heard)
		f->heard(c, f->heard_arg);
}

/* Kept until it is forgotten. */
static void cloud_log(struct fake_aws *f, const struct cloud_ask *a)
{
	struct cloud_call *c = a->call;
	c->operation = a->operation;
	c->metrics = (size_t)cJSON_GetArraySize(cloud_get(a->body,
							  "MetricDataQueries"));
	c->head = mem_strdup(a->http->head);
	c->body = mem_strdup(a->http->body);
	c->id = c->id ? c->id : mem_strdup("");
	c->region = c->region ? c->region : mem_strdup("");
	c->status = a->out->status;
	c->sent = a->out->body.len;
	MEM_ROOM(f->call, f->nr, f->cap);
	f->call[f->nr++] = *c;
	cloud_count(f, c);
}

static void cloud_script(const struct evil_ask *http, struct evil_answer *out,
			 void *arg)
{
	struct fake_aws *f = arg;
	struct cloud_call call = { .at_us = cloud_monotonic() };
	pthread_mutex_lock(&f->lock);
	struct cloud_ask a = {
		.f = f, .http = http, .out = out, .now = cloud_clock(f),
		.operation = cloud_operation(http), .call = &call,
		.body = cJSON_Parse(http->body),
	};
	out->delay_ms = f->knobs.delay_ms;
	cloud_answer(&a);
	cloud_head(f, out, a.now);
	cloud_log(f, &a);
	pthread_mutex_unlock(&f->lock);
	cJSON_Delete(a.body);
}

/* ---- the server ---------------------------------------------------------- */

struct fake_aws *fake_aws_start(const struct cloud_account *a, size_t nr)
{
	struct fake_aws *f = mem_zero(1, sizeof(*f));
	f->account = a;
	f->nr_accounts = nr;
	pthread_mutex_init(&f->lock, NULL);
	f->thread = evil_thread_start(cloud_script, f);
	evil_url(evil_thread_server(f->thread), "", f->url);
	return f;
}

static void cloud_forget(struct fake_aws *f)
{
	for (size_t i = 0; i < f->nr; i++) {
		free((char *)f->call[i].id);
		free((char *)f->call[i].region);
		free((char *)f->call[i].head);
		free((char *)f->call[i].body);
		free((char *)f->call[i].refused);
	}
	f->nr = 0;
	f->bill = (struct cloud_bill){ 0 };
}

void fake_aws_stop(struct fake_aws *f)
{
	evil_thread_stop(f->thread);
	cloud_forget(f);
	pthread_mutex_destroy(&f->lock);
	free(f->call);
	free(f);
}

const char *fake_aws_url(const struct fake_aws *f)
{
	return f->url;
}

void fake_aws_turn(struct fake_aws *f, const struct cloud_knobs *k)
{
	pthread_mutex_lock(&f->lock);
	f->knobs = *k;
	pthread_mutex_unlock(&f->lock);
}

void fake_aws_trouble(struct fake_aws *f, const struct cloud_trouble *t)
{
	const struct cloud_fault *fault = cloud_fault(t->what);
	pthread_mutex_lock(&f->lock);
	if (!fault || f->nr_active == CLOUD_TROUBLES) {
		fprintf(stderr, "no trouble '%s', or too many\n", t->what);
		abort();
	}
	f->active[f->nr_active++] = (struct cloud_active){ .t = *t,
							   .fault = fault };
	pthread_mutex_unlock(&f->lock);
}

void fake_aws_calm(struct fake_aws *f)
{
	pthread_mutex_lock(&f->lock);
	f->nr_active = 0;
	pthread_mutex_unlock(&f->lock);
}

void fake_aws_accounts(struct fake_aws *f, const struct cloud_account *a,
		       size_t nr)
{
	pthread_mutex_lock(&f->lock);
	f->account = a;
	f->nr_accounts = nr;
	pthread_mutex_unlock(&f->lock);
}

time_ms fake_aws_now(struct fake_aws *f)
{
	pthread_mutex_lock(&f->lock);
	time_ms now = cloud_clock(f);
	pthread_mutex_unlock(&f->lock);
	return now;
}

struct cloud_bill fake_aws_bill(struct fake_aws *f)
{
	pthread_mutex_lock(&f->lock);
	struct cloud_bill bill = f->bill;
	pthread_mutex_unlock(&f->lock);
	return bill;
}

size_t fake_aws_calls(struct fake_aws *f)
{
	pthread_mutex_lock(&f->lock);
	size_t nr = f->nr;
	pthread_mutex_unlock(&f->lock);
	return nr;
}

struct cloud_call fake_aws_call(struct fake_aws *f, size_t i)
{
	pthread_mutex_lock(&f->lock);
	struct cloud_call c = f->call[i];
	pthread_mutex_unlock(&f->lock);
	return c;
}

void fake_aws_forget(struct fake_aws *f)
{
	pthread_mutex_lock(&f->lock);
	cloud_forget(f);
	pthread_mutex_unlock(&f->lock);
}

void fake_aws_listen(struct fake_aws *f,
		     void (*heard)(const struct cloud_call *c, void *arg),
		     void *arg)
{
	pthread_mutex_lock(&f->lock);
	f->heard = heard;
	f->heard_arg = arg;
	pthread_mutex_unlock(&f->lock);
}
