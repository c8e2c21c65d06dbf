#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (!e)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(e->text)) {
		size_t len = strlen(e->text);
		while (len > 0 && ((unsigned char)e->text[len - 1] & 0xc0) == 0x80)
			len--;
		if (len > 0 && (unsigned char)e->text[len - 1] >= 0xc0)
			len--;
		e->text[len] = '\0';
	}
	e->code = code;
	return -1;
}
