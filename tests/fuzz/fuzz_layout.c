/* At any size and need, no panel is outside of the screen or over another.
 * Eight bytes are a screen: width and height (16 bits each), rows (16 bits),
 * sources that do not answer, then bits: page (3), replay, full. */
#include "tests/unit/slots.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static void must(const char *wrong, const uint8_t *at)
{
	if (!wrong)
		return;
	fprintf(stderr, "layout: %s at %dx%d\n", wrong,
		at[0] | (at[1] & 3) << 8, at[2] | (at[3] & 3) << 8);
	abort();
}

static void lay_out(const uint8_t *at)
{
	static const char *const kinds[] = { "table", "latency", "burn",
					     "routes" };
	struct slot s[SLOTS_MAX];
	int w = at[0] | (at[1] & 3) << 8, h = at[2] | (at[3] & 3) << 8;
	struct page_needs n = {
		.rows = (size_t)(at[4] | at[5] << 8), .blind = at[6],
		.replay = at[7] & 8,
	};
	struct slot one = { .kind = kinds[at[7] % 4], .focusable = true };
	size_t nr = at[7] & 16
		? page_layout_full(&one, w, h, &n, s)
		: page_layout((enum page)((at[7] & 7) % PAGE_START), w, h, &n, s);
	must(slots_wrong(s, nr, w, h), at);
	if (page_chart_cells(w, h) < 1 || page_widest_cells(w, h) < 1)
		must("a chart without a cell", at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (; size >= 8; data += 8, size -= 8)
		lay_out(data);
	return 0;
}
