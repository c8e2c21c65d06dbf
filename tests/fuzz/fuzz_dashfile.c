/* A dashboard file of any bytes is a dashboard or a list of sentences, and a
 * page of it can be placed at any size. */
#include "app/config.h"
#include "app/rows.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check_problems(const struct dashfile *f)
{
	for (size_t i = 0; i < f->nr_problems; i++) {
		const struct problem *p = &f->problem[i];
		if (!*p->text || !text_is_clean(p->text) || p->line < 1)
			abort();
		if (i && f->problem[i - 1].line > p->line)
			abort();
	}
	if (f->errors + f->warnings < f->nr_problems)
		abort();
}

static void check_pages(const struct dashfile *f)
{
	static const int sizes[][2] = { { 1, 1 }, { 40, 8 }, { 80, 24 },
					{ 200, 60 } };
	for (size_t i = 0; i < f->nr_pages; i++)
		for (size_t k = 0; k < 4; k++) {
			struct slot s[SLOTS_MAX];
			size_t n = 0;
			rows_place(&f->page[i], 0, sizes[k][0], 0, sizes[k][1],
				   s, &n);
			for (size_t j = 0; j < n; j++)
				if (s[j].w < 1 || s[j].h < 1 ||
				    s[j].x + s[j].w > sizes[k][0] ||
				    s[j].y + s[j].h > sizes[k][1])
					abort();
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	struct dashfile *f = dashfile_parse("f", text, size);
	check_problems(f);
	if (!f->errors)
		check_pages(f);
	dashfile_free(f);
	free(text);
	return 0;
}
