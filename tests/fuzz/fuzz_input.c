/* Keys of any bytes: the same for any cut, never out of a paste. */
#include "base/key.h"
#include "tui/input.h"

#include <stdlib.h>
#include <string.h>

struct log {
	struct input_event e[4096];
	size_t nr;
};

static void note(const struct input_event *e, void *arg)
{
	struct log *l = arg;
	if (e->kind == INPUT_KEY && e->key == K_NONE)
		abort();
	if (e->kind == INPUT_PASTE && (e->key < 0x20 || e->key >= K_UP))
		abort();
	if (l->nr < sizeof(l->e) / sizeof(l->e[0]))
		l->e[l->nr++] = *e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log a, b;
	struct input in = { .nr = 0 };
	a.nr = b.nr = 0;
	input_feed(&in, data, size, note, &a);
	input_timeout(&in, note, &a);
	memset(&in, 0, sizeof(in));
	for (size_t i = 0; i < size; i++)
		input_feed(&in, data + i, 1, note, &b);
	input_timeout(&in, note, &b);
	if (a.nr != b.nr || memcmp(a.e, b.e, a.nr * sizeof(a.e[0])) != 0)
		abort();
	return 0;
}
