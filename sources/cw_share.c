#include "sources/cw_share.h"

#include "base/mem.h"

#include <cjson/cJSON.h>
#include <string.h>

static cJSON *must(cJSON *j)
{
	if (!j)
		mem_die();
	return j;
}

static void put_text(cJSON *o, const char *name, const char *s)
{
	if (!cJSON_AddItemToObject(o, name, must(cJSON_CreateString(s))))
		mem_die();
}

static void print(cJSON *root, struct buf *out)
{
	char *text = cJSON_PrintUnformatted(root);
	if (!text)
		mem_die();
	buf_str(out, text);
	cJSON_free(text);
	cJSON_Delete(root);
}

static cJSON *list_of(cJSON *root, const char *name)
{
	cJSON *list = must(cJSON_CreateArray());
	cJSON_AddItemToObject(root, name, list);
	return list;
}

static cJSON *item_of(cJSON *list)
{
	cJSON *o = must(cJSON_CreateObject());
	cJSON_AddItemToArray(list, o);
	return o;
}

void cw_share_metrics(const struct cw_metrics *m, struct buf *out)
{
	cJSON *root = must(cJSON_CreateObject());
	cJSON *list = list_of(root, "Metrics");
	for (size_t i = 0; i < m->nr; i++) {
		const struct cw_metric *x = &m->metric[i];
		cJSON *o = item_of(list);
		put_text(o, "Namespace", x->space);
		put_text(o, "MetricName", x->name);
		cJSON *dims = list_of(o, "Dimensions");
		for (size_t k = 0; k < x->nr; k++) {
			cJSON *d = item_of(dims);
			put_text(d, "Name", x->dim[k].name);
			put_text(d, "Value", x->dim[k].value);
		}
	}
	print(root, out);
}

static const char *state_word(enum alarm_state s)
{
	return s == ALARM_OK ? "OK" : s == ALARM_ALARM ? "ALARM"
						       : "INSUFFICIENT_DATA";
}

void cw_share_alarms(const struct cw_alarms *a, struct buf *out)
{
	cJSON *root = must(cJSON_CreateObject());
	cJSON *list = list_of(root, "MetricAlarms");
	for (size_t i = 0; i < a->nr; i++) {
		const struct alarm *x = &a->alarm[i];
		cJSON *o = item_of(list);
		put_text(o, "AlarmName", x->name);
		put_text(o, "StateValue", state_word(x->state));
		if (x->reason)
			put_text(o, "StateReason", x->reason);
		if (x->since != TIME_NONE)
			cJSON_AddItemToObject(o, "StateTransitionedTimestamp",
				must(cJSON_CreateNumber((double)x->since
							/ 1000)));
	}
	print(root, out);
}
