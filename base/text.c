#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

#define TEXT_BAD 0xFFFFFFFFu
#define MARKS_MAX 2

size_t text_next(const char *s, size_t n, uint32_t *out)
{
	if (n == 0)
		return 0;
	if ((unsigned char)*s < 0x80) {
		*out = (unsigned char)*s;
		return 1;
	}
	utf8proc_int32_t u;
	utf8proc_ssize_t max = n > 4 ? 4 : (utf8proc_ssize_t)n;
	utf8proc_ssize_t k =
		utf8proc_iterate((const utf8proc_uint8_t *)s, max, &u);
	if (k <= 0 || u < 0) {
		*out = TEXT_BAD;
		return 1;
	}
	*out = (uint32_t)u;
	return (size_t)k;
}

/* Vowels and finals of Hangul in pieces: terminals draw them into the cells of
 * the consonant before. */
static bool is_conjoining(uint32_t u)
{
	return (u > 0x1160 && u <= 0x11FF) || (u >= 0xD7B0 && u <= 0xD7FF);
}

static bool is_mark(uint32_t u)
{
	if (is_conjoining(u))
		return true;
	utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)u);
	return c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME;
}

int text_cell_width(uint32_t u)
{
	if (u < 0x300)
		return u >= 0x20 && u != 0x7f;
	if (is_mark(u))
		return 0;
	int w = utf8proc_charwidth((utf8proc_int32_t)u);
	return w < 1 ? 1 : w > 2 ? 2 : w;
}

int text_width(const char *s)
{
	int w = 0;
	size_t n = strlen(s);
	while (n) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		w += u == TEXT_BAD ? 1 : text_cell_width(u);
		s += k;
		n -= k;
	}
	return w;
}

/* What a category does not tell. */
static const struct range {
	uint32_t from, to;
} unclean[] = {
	{ 0x034F, 0x034F },   /* grapheme joiner */
	{ 0x115F, 0x1160 },   /* fillers: letters that are drawn as nothing */
	{ 0x180B, 0x180F },   /* variation selectors */
	{ 0x2800, 0x2800 },   /* empty braille */
	{ 0x3164, 0x3164 },
	{ 0x3248, 0x324F },   /* one cell or two: terminals differ */
	{ 0x4DC0, 0x4DFF },
	{ 0xFE00, 0xFE0F },
	{ 0xFFA0, 0xFFA0 },
	{ 0xE0100, 0xE01EF },
};

bool text_code_point_is_clean(uint32_t u)
{
	if (u < 0x80)
		return u >= 0x20 && u != 0x7f;
	for (size_t i = 0; i < sizeof(unclean) / sizeof(unclean[0]); i++)
		if (u >= unclean[i].from && u <= unclean[i].to)
			return false;
	switch (utf8proc_category((utf8proc_int32_t)u)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZS:
		return false;
	default:
		return true;
	}
}

static bool escape(struct buf *out, const char *fmt, unsigned v)
{
	if (out->max && out->max - out->len < 12) {
		out->full = true;
		return false;
	}
	buf_printf(out, fmt, v);
	return true;
}

/* One character; false once the ceiling is reached. */
static bool clean_one(struct buf *out, const char *s, size_t k, uint32_t u,
		      int *marks, bool *changed)
{
	bool mark = u != TEXT_BAD && u >= 0x300 && is_mark(u);
	if (u == TEXT_BAD) {
		*changed = true;
		*marks = MARKS_MAX;
		return escape(out, "\\x%02x", (unsigned char)*s);
	}
	if (u != 0x20 && u >= 0x80
	    && utf8proc_category((utf8proc_int32_t)u) == UTF8PROC_CATEGORY_ZS) {
		*changed = true;
		s = " ";
		k = 1;
	} else if (!text_code_point_is_clean(u)
		   || (mark && *marks >= MARKS_MAX)) {
		*changed = true;
		if (!mark)
			*marks = MARKS_MAX;
		return escape(out, u < 0x100 ? "\\x%02x" : "\\u{%x}", u);
	}
	*marks = mark ? *marks + 1 : 0;
	if (out->max && out->max - out->len < k) {
		out->full = true;
		return false;
	}
	buf_add(out, s, k);
	return true;
}

bool text_clean(struct buf *out, const char *s, size_t n)
{
	bool changed = false;
	int marks = MARKS_MAX;
	while (n) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		if (!clean_one(out, s, k, u, &marks, &changed))
			return true;
		s += k;
		n -= k;
	}
	return changed;
}

bool text_is_clean(const char *s)
{
	int marks = MARKS_MAX;
	for (size_t n = strlen(s); n;) {
		uint32_t u;
		size_t k = text_next(s, n, &u);
		if (u == TEXT_BAD || !text_code_point_is_clean(u))
			return false;
		marks = u >= 0x300 && is_mark(u) ? marks + 1 : 0;
		if (marks > MARKS_MAX)
			return false;
		s += k;
		n -= k;
	}
	return true;
}

size_t text_fit(const char *s, int cells)
{
	size_t used = 0, n = strlen(s);
	while (used < n) {
		uint32_t u;
		size_t k = text_next(s + used, n - used, &u);
		int w = u == TEXT_BAD ? 1 : text_cell_width(u);
		if (w > cells)
			break;
		cells -= w;
		used += k;
	}
	return used;
}

#define WORD_MAX 40

static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	size_t d[WORD_MAX + 1][WORD_MAX + 1];
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2]
			    && a[i - 2] == b[j - 1]
			    && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *text_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t n = strlen(word), least = n / 3;
	if (n > WORD_MAX)
		return NULL;
	for (; *names; names++) {
		if (strlen(*names) > WORD_MAX)
			continue;
		size_t d = distance(word, *names);
		if (d <= least && (!best || d < least)) {
			best = *names;
			least = d;
		}
	}
	return best;
}
