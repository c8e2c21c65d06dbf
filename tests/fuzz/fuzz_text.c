/* Any bytes through the one sanitiser: what comes out is clean, stays as it is
 * in a second pass, and has a width. */
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_clean(const char *s, size_t n, size_t max)
{
	struct buf once, twice;
	buf_init(&once, max);
	buf_init(&twice, 0);
	text_clean(&once, s, n);
	const char *t = buf_text(&once);
	check(strlen(t) == once.len && (!max || once.len <= max));
	check(text_is_clean(t));
	check(!text_clean(&twice, t, once.len));
	check(strcmp(t, buf_text(&twice)) == 0);
	int w = text_width(t);
	check(w >= 0 && (size_t)w <= once.len);
	size_t fit = text_fit(t, w / 2);
	check(text_fit(t, w) == once.len && fit <= once.len);
	buf_release(&once);
	buf_release(&twice);
}

static void check_next(const char *s, size_t n)
{
	while (n) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		check(k >= 1 && k <= n);
		if (u != 0xFFFFFFFFu) {
			struct buf b;
			buf_init(&b, 0);
			buf_utf8(&b, u);
			check(b.len == k && memcmp(b.s, s, k) == 0);
			buf_release(&b);
		}
		s += k;
		n -= k;
	}
	uint32_t u;
	check(text_next(s, 0, &u) == 0);
}

static void check_nearest(const char *word)
{
	static const char *const names[] = { "demo", "record", "snapshot",
					     "größe", "", NULL };
	const char *got = text_nearest(word, names);
	bool known = !got;
	for (size_t i = 0; names[i]; i++)
		known |= got == names[i];
	check(known);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t max = size ? *data : 0;
	const char *s = (const char *)data;
	check_clean(s, size, 0);
	check_clean(s, size, max);
	check_next(s, size);
	char *word = strndup(s, size);
	check(word != NULL);
	text_is_clean(word);
	text_width(word);
	text_fit(word, (int)max);
	check_nearest(word);
	free(word);
	return 0;
}
