/* JSON answers of commands: NAN, INFINITY and missing texts become null, and
 * running out of memory ends the program. */
#ifndef APP_PUT_H
#define APP_PUT_H

#include "base/clock.h"

#include <cjson/cJSON.h>

cJSON *put_object(void);                       /* new; the caller's */
cJSON *put_add(cJSON *o, const char *name, cJSON *j); /* takes j, returns it */
void put_number(cJSON *o, const char *name, double v);
void put_bool(cJSON *o, const char *name, bool v);
void put_text(cJSON *o, const char *name, const char *s);
void put_time(cJSON *o, const char *name, time_ms t); /* TIME_NONE: null */
cJSON *put_list(cJSON *o, const char *name);
cJSON *put_item(cJSON *list);                  /* a new object in it */
void put_string(cJSON *list, const char *s);   /* a string in it */
cJSON *put_part(cJSON *o, const char *name);   /* a new object by name */
/* One line on stdout; frees it. */
void put_print(cJSON *o);

#endif
