/* A theme of any bytes is a theme or a sentence, and every look is drawable. */
#include "base/text.h"
#include "tui/theme.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct theme *t)
{
	static const int colors[] = { 256, 16, 8, 0 };
	for (int i = 0; i < 4; i++) {
		for (int r = 0; r < R_NR; r++) {
			struct look l = theme_look(t, (enum role)r,
						   (enum role)((r * 7) % R_NR),
						   colors[i]);
			int max = colors[i] ? colors[i] : 0;
			if (l.fg < -1 || l.fg >= max || l.bg < -1 || l.bg >= max)
				if (l.fg != -1 || l.bg != -1)
					abort();
		}
	}
	if (strlen(t->name) >= sizeof(t->name) || t->svg_text > 0xffffff
	    || t->svg_ground > 0xffffff)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct theme t;
	struct err e = { 0 };
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	if (theme_parse(text, size, "t.theme", &t, &e) == 0)
		check(&t);
	else if (e.code != EXIT_FILE || !text_is_clean(e.text)
		 || strncmp(e.text, "t.theme:", 8) != 0)
		abort();
	free(text);
	return 0;
}
