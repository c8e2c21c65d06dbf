#include "base/err.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Errors quote files, servers and arguments, so they are cleaned here; the
 * detour also lets an error quote itself: err_set(e, c, "%s: %s", f, e->text)
 */
int err_set(struct err *e, int code, const char *fmt, ...)
{
	char raw[4 * sizeof(e->text)] = "";
	struct buf text;
	va_list ap;
	if (!e)
		return -1;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	buf_init(&text, sizeof(e->text) - 1);
	text_clean(&text, raw, strlen(raw));
	memcpy(e->text, buf_text(&text), text.len + 1);
	if (text.len == 0)
		strcpy(e->text, "unknown error");
	e->code = code;
	buf_release(&text);
	return -1;
}
