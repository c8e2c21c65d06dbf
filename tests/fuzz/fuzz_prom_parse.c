/* An answer of any bytes: in one piece and in many it must come to the same,
 * and what comes out is clean, in order and inside what was asked. The first
 * byte chooses the question, the second the sizes of the pieces. */
#include "sources/prom_parse.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/text.h"
#include "sources/decimal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x)                                                                \
	do {                                                                   \
		if (!(x))                                                      \
			abort();                                               \
	} while (0)

static const long statuses[] = { 200, 400, 422, 503 };

static void check_labels(const struct labels *ls)
{
	for (size_t i = 0; i < ls->nr; i++) {
		MUST(text_is_clean(ls->l[i].name));
		MUST(text_is_clean(ls->l[i].value));
		MUST(*ls->l[i].value);
		MUST(!i || strcmp(ls->l[i - 1].name, ls->l[i].name) < 0);
	}
}

static void check_frame(const struct frame *f, const struct prom_ask *ask)
{
	MUST(f->nr > 0 && f->t && !f->v == !!f->h);
	MUST(ask->tagged || f->question == ask->question);
	MUST(!ask->tagged || !labels_get(&f->labels, PROM_TAG));
	MUST(!ask->instant || (f->nr == 1 && f->t[0] == ask->at));
	for (size_t i = 0; i < f->nr; i++) {
		MUST(ask->instant
		     || (f->t[i] >= ask->from && f->t[i] <= ask->to));
		MUST(!i || f->t[i - 1] < f->t[i]);
		for (size_t k = 0; f->h && k < f->h[i].nr; k++)
			MUST(f->h[i].bucket[k].rule <= 3
			     && f->h[i].bucket[k].lo <= f->h[i].bucket[k].hi);
	}
	check_labels(&f->labels);
}

static void decode(const struct prom_ask *ask, const uint8_t *data,
		   size_t size, unsigned piece, long status, struct buf *out)
{
	struct batch *b = batch_new((size_t)1 << 20);
	struct err why = { 0 };
	struct prom_parser *p = prom_parser_new(ask, b, NULL);
	for (size_t at = 0, n; at < size; at += n) {
		n = piece ? 1 + (at * piece) % 13 : size;
		n = n < size - at ? n : size - at;
		char *copy = mem_alloc(n);
		memcpy(copy, data + at, n);
		prom_parser_feed(p, copy, n);
		free(copy);
	}
	b->fault = prom_parser_end(p, status, NULL, &why);
	MUST(b->fault == FAULT_NONE || (*why.text && !b->nr));
	MUST(text_is_clean(why.text) && strlen(why.text) <= LIMIT_SENTENCE);
	MUST(!b->partial == !b->nr_warnings);
	for (size_t i = 0; i < b->nr; i++)
		check_frame(&b->frame[i], ask);
	for (size_t i = 0; i < b->nr_warnings; i++)
		MUST(text_is_clean(b->warning[i]));
	batch_print(b, out);
	buf_printf(out, "%s %u", why.text, prom_parser_dropped(p));
	prom_parser_free(p);
	batch_free(b);
}

static void check_number(const uint8_t *data, size_t size)
{
	double got = 0, expected = 0;
	const char *s = (const char *)data;
	bool ok = decimal_parse(s, size, &got);
	MUST(ok == number_parse(s, size, &expected));
	MUST(isnan(expected) || memcmp(&got, &expected, sizeof(got)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct prom_ask ask = { .question = 7, .instant = data[0] & 1,
				.tagged = data[0] & 2, .at = 5000,
				.from = 1795485600000, .to = 1795487000000,
				.step = 1000 };
	long status = statuses[data[0] >> 2 & 3];
	struct buf whole, pieces;
	buf_init(&whole, 0);
	buf_init(&pieces, 0);
	decode(&ask, data + 2, size - 2, 0, status, &whole);
	decode(&ask, data + 2, size - 2, 1u + data[1], status, &pieces);
	MUST(strcmp(buf_text(&whole), buf_text(&pieces)) == 0);
	check_number(data, size < 40 ? size : 40);
	buf_release(&whole);
	buf_release(&pieces);
	return 0;
}
