/* Requests of CloudWatch's awsJson1_0, written without a tree: five hundred
 * questions are 150 kB. */
#include "sources/cw_api.h"

#include <inttypes.h>
#include <string.h>

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

static void put_string(struct buf *out, const char *s)
{
	buf_char(out, '"');
	while (*s) {
		const char *start = s;
		while (is_plain(*s))
			s++;
		buf_add(out, start, (size_t)(s - start));
		if (*s == '"' || *s == '\\')
			buf_printf(out, "\\%c", *s++);
		else if (*s)
			buf_printf(out, "\\u%04x", (unsigned char)*s++);
	}
	buf_char(out, '"');
}

/* The comma before all members but the first of an object. */
static void put_name(struct buf *out, const char *name)
{
	if (out->len && out->s[out->len - 1] != '{')
		buf_char(out, ',');
	put_string(out, name);
	buf_char(out, ':');
}

static void put_member(struct buf *out, const char *name, const char *value)
{
	put_name(out, name);
	put_string(out, value);
}

static void put_metric(struct buf *out, const struct cw_metric *m)
{
	buf_char(out, '{');
	put_member(out, "Namespace", m->space);
	put_member(out, "MetricName", m->name);
	if (m->nr)
		buf_str(out, ",\"Dimensions\":[");
	for (size_t i = 0; i < m->nr; i++) {
		buf_str(out, i ? ",{" : "{");
		put_member(out, "Name", m->dim[i].name);
		put_member(out, "Value", m->dim[i].value);
		buf_char(out, '}');
	}
	buf_str(out, m->nr ? "]}" : "}");
}

void cw_write_get_metric_data(struct buf *out, const struct cw_query *q,
			      size_t nr, time_ms from, time_ms to,
			      const char *token)
{
	buf_str(out, "{\"MetricDataQueries\":[");
	for (size_t i = 0; i < nr; i++) {
		buf_printf(out, "%s{\"Id\":\"m%zu\",\"MetricStat\":{"
			   "\"Metric\":", i ? "," : "", i);
		put_metric(out, &q[i].metric);
		buf_printf(out, ",\"Period\":%" PRId64 ",\"Stat\":",
			   q[i].period / 1000);
		put_string(out, q[i].stat);
		buf_str(out, "}}");
	}
	buf_printf(out, "],\"StartTime\":%" PRId64 ",\"EndTime\":%" PRId64
		   ",\"ScanBy\":\"TimestampAscending\"", from / 1000,
		   to / 1000);
	if (token)
		put_member(out, "NextToken", token);
	buf_char(out, '}');
}

void cw_write_list_metrics(struct buf *out, const struct cw_list *l,
			   bool recently, const char *token)
{
	buf_char(out, '{');
	if (l->space)
		put_member(out, "Namespace", l->space);
	if (l->metric)
		put_member(out, "MetricName", l->metric);
	if (l->dimension) {
		put_name(out, "Dimensions");
		buf_str(out, "[{");
		put_member(out, "Name", l->dimension);
		buf_str(out, "}]");
	}
	if (recently)
		put_member(out, "RecentlyActive", "PT3H");
	if (token)
		put_member(out, "NextToken", token);
	buf_char(out, '}');
}

void cw_write_describe_alarms(struct buf *out, const char *token)
{
	buf_str(out, "{\"AlarmTypes\":[\"MetricAlarm\",\"CompositeAlarm\"],"
		"\"MaxRecords\":100");
	if (token)
		put_member(out, "NextToken", token);
	buf_char(out, '}');
}
