#include "app/put.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static cJSON *must(cJSON *j)
{
	if (!j)
		mem_die();
	return j;
}

cJSON *put_object(void)
{
	return must(cJSON_CreateObject());
}

cJSON *put_add(cJSON *o, const char *name, cJSON *j)
{
	cJSON_AddItemToObject(o, name, must(j));
	return j;
}

void put_number(cJSON *o, const char *name, double v)
{
	put_add(o, name, isfinite(v) ? cJSON_CreateNumber(v)
				     : cJSON_CreateNull());
}

void put_bool(cJSON *o, const char *name, bool v)
{
	put_add(o, name, cJSON_CreateBool(v));
}

void put_text(cJSON *o, const char *name, const char *s)
{
	put_add(o, name, s ? cJSON_CreateString(s) : cJSON_CreateNull());
}

void put_time(cJSON *o, const char *name, time_ms t)
{
	char s[TIME_TEXT];
	put_text(o, name, t == TIME_NONE ? NULL : time_iso(t, s));
}

cJSON *put_list(cJSON *o, const char *name)
{
	return put_add(o, name, cJSON_CreateArray());
}

cJSON *put_item(cJSON *list)
{
	cJSON *o = put_object();
	cJSON_AddItemToArray(list, o);
	return o;
}

void put_string(cJSON *list, const char *s)
{
	cJSON_AddItemToArray(list, must(cJSON_CreateString(s)));
}

cJSON *put_part(cJSON *o, const char *name)
{
	return put_add(o, name, cJSON_CreateObject());
}

void put_print(cJSON *o)
{
	char *text = cJSON_PrintUnformatted(o);
	if (!text)
		mem_die();
	puts(text);
	free(text);
	cJSON_Delete(o);
}
