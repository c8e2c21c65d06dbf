/* Any bytes as what viewers share of one region, read into nothing or into
 * what is held already (first byte): the grid and the lines hold together, and
 * what is written of it is read back as it was. */
#include "sources/cw_hold.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define M ((time_ms)60000)
#define T0 INT64_C(1763000040000) /* a whole minute */
#define OLDEST (T0 - 100 * M)
#define HELD_KEY "AWS/Lambda Errors FunctionName=b Sum"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                \
	do {                                                                   \
		if (!(x))                                                      \
			abort();                                               \
	} while (0)

static time_ms end_of(const struct cw_hold *h)
{
	return h->from + (time_ms)h->nr_points * h->period;
}

static void check_line(const struct cw_hold *h, const struct cw_line *l)
{
	MUST(text_is_clean(l->key));
	MUST(l->from <= l->to);
	if (l->from == l->to)
		return;
	MUST(l->from >= h->from && l->to <= end_of(h));
	MUST((l->from - h->from) % M == 0 && (l->to - h->from) % M == 0);
	MUST(cw_line_knows(l, l->from, l->to));
	MUST(isnan(cw_hold_at(h, l, l->from - M)));
	MUST(isnan(cw_hold_at(h, l, l->to)));
	for (time_ms t = l->from; t < l->to; t += M)
		MUST(!isinf(cw_hold_at(h, l, t)));
}

static void check(const struct cw_hold *h)
{
	MUST(h->nr <= CW_HOLD_LINES && h->nr_points <= CW_HOLD_POINTS);
	MUST(h->from == TIME_NONE ? h->nr_points == 0 : h->from % M == 0);
	for (size_t i = 0; i < h->nr; i++) {
		MUST(!i || strcmp(h->line[i - 1].key, h->line[i].key) < 0);
		check_line(h, &h->line[i]);
	}
}

static void check_written(const struct cw_hold *h)
{
	struct cw_hold again;
	struct buf a, b;
	buf_init(&a, 0);
	buf_init(&b, 0);
	cw_hold_init(&again, M);
	cw_hold_write(h, 0, &a);
	MUST(cw_hold_read(&again, a.s, a.len, 0));
	check(&again);
	cw_hold_write(&again, 0, &b);
	MUST(a.len == b.len && memcmp(a.s, b.s, a.len) == 0);
	/* What was not asked later changes nothing. */
	MUST(cw_hold_read(&again, a.s, a.len, 0));
	buf_clear(&b);
	cw_hold_write(&again, 0, &b);
	MUST(a.len == b.len && memcmp(a.s, b.s, a.len) == 0);
	cw_hold_release(&again);
	buf_release(&a);
	buf_release(&b);
}

static void hold_something(struct cw_hold *h)
{
	time_ms t[] = { T0, T0 + 2 * M };
	double v[] = { 1, 3 };
	const struct cw_result r = { .nr = 2, .t = t, .v = v };
	cw_hold_fit(h, T0 - 5 * M, T0 + 5 * M);
	cw_hold_take(h, cw_hold_line(h, HELD_KEY, true), T0, T0 + 3 * M, &r,
		     T0 + 4 * M);
}

static void check_held(struct cw_hold *h)
{
	const struct cw_line *l = cw_hold_line(h, HELD_KEY, false);
	MUST(l && l->asked >= T0 + 4 * M);
	if (l->asked > T0 + 4 * M)
		return;
	MUST(cw_line_knows(l, T0, T0 + 3 * M));
	MUST(cw_hold_at(h, l, T0) == 1);
	MUST(isnan(cw_hold_at(h, l, T0 + M)));
	MUST(cw_hold_at(h, l, T0 + 2 * M) == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cw_hold h;
	if (size == 0)
		return 0;
	bool held = data[0] & 1;
	char *own = malloc(size);
	MUST(own);
	memcpy(own, data + 1, size - 1);
	own = realloc(own, size > 1 ? size - 1 : 1);
	cw_hold_init(&h, M);
	if (held)
		hold_something(&h);
	bool fine = cw_hold_read(&h, own, size - 1, OLDEST);
	check(&h);
	MUST(fine || held || !h.nr || size > 12);
	if (held)
		check_held(&h);
	check_written(&h);
	cw_hold_release(&h);
	free(own);
	return 0;
}
