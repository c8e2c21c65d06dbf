#include "tui/glyph.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

const char *graph_name(enum graph g)
{
	static const char *const names[] = {
		[GRAPH_BRAILLE] = "braille",
		[GRAPH_BLOCK] = "block",
		[GRAPH_ASCII] = "ascii",
	};
	return names[g];
}

/* Sorted by code point: looked up by halving. */
static const struct twin {
	uint16_t sign;
	char ascii;
} twins[] = {
	{ 0x00A0, ' ' }, { 0x00AB, '<' }, { 0x00B0, 'o' }, { 0x00B1, '~' },
	{ 0x00B5, 'u' }, { 0x00B7, '.' }, { 0x00BB, '>' }, { 0x00D7, 'x' },
	{ 0x03BC, 'u' }, { 0x03C3, 's' },
	{ 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' },
	{ 0x2014, '-' }, { 0x2016, '"' }, { 0x2018, '\'' }, { 0x2019, '\'' },
	{ 0x201C, '"' }, { 0x201D, '"' }, { 0x2022, '*' }, { 0x2026, '~' },
	{ 0x2030, '%' },
	{ 0x2190, '<' }, { 0x2191, '^' }, { 0x2192, '>' }, { 0x2193, 'v' },
	{ 0x21B5, '<' }, { 0x21E7, '^' },
	{ 0x2205, '0' }, { 0x2211, 'S' }, { 0x2212, '-' }, { 0x221A, 'V' },
	{ 0x221E, '8' }, { 0x2248, '~' }, { 0x2260, '!' }, { 0x2264, '<' },
	{ 0x2265, '>' },
	{ 0x2500, '-' }, { 0x2501, '=' }, { 0x2502, '|' }, { 0x2503, '|' },
	{ 0x2504, '-' }, { 0x2505, '=' }, { 0x2506, ':' }, { 0x2507, ':' },
	{ 0x2508, '.' }, { 0x2509, '.' }, { 0x250A, ':' }, { 0x250B, ':' },
	{ 0x250C, '+' }, { 0x2510, '+' }, { 0x2514, '+' }, { 0x2518, '+' },
	{ 0x251C, '+' }, { 0x2524, '+' }, { 0x252C, '+' }, { 0x2534, '+' },
	{ 0x253C, '+' }, { 0x254C, '-' }, { 0x254D, '=' }, { 0x254E, ':' },
	{ 0x254F, ':' }, { 0x2550, '=' }, { 0x2551, '|' }, { 0x256D, '+' },
	{ 0x256E, '+' }, { 0x256F, '+' }, { 0x2570, '+' }, { 0x2574, '-' },
	{ 0x2575, '|' }, { 0x2576, '-' }, { 0x2577, '|' }, { 0x2578, '=' },
	{ 0x2579, '|' }, { 0x257A, '=' }, { 0x257B, '|' },
	{ 0x2580, '"' }, { 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, ':' },
	{ 0x2584, '-' }, { 0x2585, '=' }, { 0x2586, '*' }, { 0x2587, '#' },
	{ 0x2588, '#' }, { 0x2589, '#' }, { 0x258A, '#' }, { 0x258B, '#' },
	{ 0x258C, '|' }, { 0x258D, '|' }, { 0x258E, '|' }, { 0x258F, '|' },
	{ 0x2590, '|' }, { 0x2591, ':' }, { 0x2592, '*' }, { 0x2593, '#' },
	{ 0x2594, '"' }, { 0x2595, '|' }, { 0x2596, '.' }, { 0x2597, '.' },
	{ 0x2598, '\'' }, { 0x2599, '#' }, { 0x259A, '\\' }, { 0x259B, '#' },
	{ 0x259C, '#' }, { 0x259D, '\'' }, { 0x259E, '/' }, { 0x259F, '#' },
	{ 0x25A0, '#' }, { 0x25A1, 'o' }, { 0x25AA, '#' },
	{ 0x25B2, '!' }, { 0x25B3, '!' }, { 0x25B4, '^' }, { 0x25B6, '>' },
	{ 0x25B8, '>' }, { 0x25BA, '>' }, { 0x25BC, 'v' }, { 0x25BE, 'v' },
	{ 0x25C0, '<' }, { 0x25C2, '<' }, { 0x25C4, '<' }, { 0x25C6, '+' },
	{ 0x25C7, '+' }, { 0x25C9, 'o' }, { 0x25CB, '-' }, { 0x25CC, '-' },
	{ 0x25CF, 'o' }, { 0x25E6, 'o' },
	{ 0x2713, 'v' }, { 0x2714, 'v' }, { 0x2717, 'x' }, { 0x2718, 'x' },
};

/* More dots, a heavier sign, as `.` `o` `@` are on the charts. */
static char braille_ascii(uint32_t mask)
{
	int dots = __builtin_popcount(mask);
	return dots == 0 ? ' ' : dots < 3 ? '.' : dots < 6 ? 'o' : '@';
}

char glyph_ascii(uint32_t u)
{
	if (u >= 0x20 && u < 0x7f)
		return (char)u;
	if (u >= 0x2800 && u <= 0x28FF)
		return braille_ascii(u - 0x2800);
	size_t lo = 0, hi = sizeof(twins) / sizeof(twins[0]);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (twins[mid].sign == u)
			return twins[mid].ascii;
		if (twins[mid].sign < u)
			lo = mid + 1;
		else
			hi = mid;
	}
	return '?';
}

void glyph_plain(struct buf *out, const char *s)
{
	uint32_t u;
	for (size_t n = strlen(s), k; (k = text_next(s, n, &u)); s += k, n -= k)
		if (text_cell_width(u))
			buf_char(out, glyph_ascii(u));
}

uint8_t braille_dot(int column, int row)
{
	static const uint8_t dots[2][4] = {
		{ 0x01, 0x02, 0x04, 0x40 },
		{ 0x08, 0x10, 0x20, 0x80 },
	};
	return dots[column & 1][row & 3];
}

uint32_t block_eighth(int eighths)
{
	if (eighths <= 0)
		return ' ';
	return 0x2580u + (uint32_t)(eighths > 8 ? 8 : eighths);
}
