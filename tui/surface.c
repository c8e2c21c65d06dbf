#include "tui/surface.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_MAX 2
#define CLUSTERS_MAX 4096
#define SLOTS (2 * CLUSTERS_MAX)
#define CLUSTER_NONE 0xFFFFFFFFu
/* So far to the left nothing is seen, and sums of columns do not overflow. */
#define FAR (1 << 20)

/* A base and its marks; an unused mark is 0. */
struct cluster {
	uint32_t base, mark[MARKS_MAX];
};

/* Interned, so that equal text is an equal cell. `slot` is an open hash of
 * index + 1; it is made with the first cluster, since most screens have none.
 * `whole` is the surface that owns the table. */
struct clusters {
	struct surface *whole;
	struct cluster *row;
	uint16_t *slot;
	uint32_t nr, cap;
};

static const struct cell blank = { .ch = ' ', .role = R_TEXT, .width = 1 };

static bool same_cluster(const struct cluster *a, const struct cluster *b)
{
	return a->base == b->base && a->mark[0] == b->mark[0]
	       && a->mark[1] == b->mark[1];
}

static uint32_t intern(struct clusters *cl, const struct cluster *c)
{
	if (!cl->slot)
		cl->slot = mem_zero(SLOTS, sizeof(*cl->slot));
	uint32_t hash = c->base * 2654435761u ^ c->mark[0] * 40503u
			^ c->mark[1] * 2246822519u;
	uint32_t at = (hash >> 7) % SLOTS;
	for (; cl->slot[at]; at = (at + 1) % SLOTS)
		if (same_cluster(&cl->row[cl->slot[at] - 1], c))
			return cl->slot[at] - 1u;
	if (cl->nr >= CLUSTERS_MAX)
		return CLUSTER_NONE;
	MEM_ROOM(cl->row, cl->nr, cl->cap);
	cl->row[cl->nr++] = *c;
	cl->slot[at] = (uint16_t)cl->nr;
	return cl->nr - 1;
}

static const struct cluster *cluster_of(const struct surface *s,
					const struct cell *c)
{
	return &s->clusters->row[c->ch & ~CELL_CLUSTER];
}

static int clamp(int v, int max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

static void fill(struct cell *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[i] = blank;
}

struct surface *surface_new(int w, int h, enum graph g)
{
	struct surface *s = mem_zero(1, sizeof(*s));
	s->graph = g;
	s->clusters = mem_zero(1, sizeof(*s->clusters));
	s->clusters->whole = s;
	surface_resize(s, w, h);
	return s;
}

void surface_free(struct surface *s)
{
	if (!s)
		return;
	free(s->clusters->row);
	free(s->clusters->slot);
	free(s->clusters);
	free(s->cell);
	free(s);
}

void surface_resize(struct surface *s, int w, int h)
{
	w = clamp(w, LIMIT_WIDTH);
	h = clamp(h, LIMIT_HEIGHT);
	struct cell *cell = mem_alloc((size_t)w * (size_t)h * sizeof(*cell));
	fill(cell, (size_t)w * (size_t)h);
	int keep_w = w < s->w ? w : s->w, keep_h = h < s->h ? h : s->h;
	for (int y = 0; y < keep_h && keep_w; y++) {
		struct cell *row = cell + (size_t)y * (size_t)w;
		memcpy(row, s->cell + (size_t)y * (size_t)s->stride,
		       (size_t)keep_w * sizeof(*row));
		if (row[keep_w - 1].width == 2)
			row[keep_w - 1] = blank;
	}
	free(s->cell);
	s->cell = cell;
	s->w = s->stride = w;
	s->h = h;
}

struct surface surface_window(const struct surface *s, int x, int y, int w,
			      int h)
{
	int x0 = clamp(x, s->w), y0 = clamp(y, s->h);
	long x1 = (long)x + (w < 0 ? 0 : w), y1 = (long)y + (h < 0 ? 0 : h);
	struct surface win = *s;
	win.cell = s->cell + (size_t)y0 * (size_t)s->stride + x0;
	win.w = x1 < x0 ? 0 : x1 > s->w ? s->w - x0 : (int)x1 - x0;
	win.h = y1 < y0 ? 0 : y1 > s->h ? s->h - y0 : (int)y1 - y0;
	return win;
}

static struct cell *cell_at(const struct surface *s, int x, int y)
{
	if (x < 0 || y < 0 || x >= s->w || y >= s->h)
		return NULL;
	return s->cell + (size_t)y * (size_t)s->stride + x;
}

const struct cell *surface_cell(const struct surface *s, int x, int y)
{
	return cell_at(s, x, y);
}

/* Half of a wide character is no character: its other half, which may lie
 * outside of this window but never outside of the grid, becomes a space. */
static void split_wide(struct cell *c)
{
	struct cell *other = c->width == 0 ? c - 1
			     : c->width == 2 ? c + 1 : NULL;
	if (!other)
		return;
	other->ch = ' ';
	other->width = 1;
}

void surface_clear(struct surface *s)
{
	for (int y = 0; y < s->h; y++)
		for (int x = 0; x < s->w; x++) {
			struct cell *c = cell_at(s, x, y);
			split_wide(c);
			*c = blank;
		}
	if (s != s->clusters->whole || !s->clusters->nr)
		return;
	s->clusters->nr = 0;
	memset(s->clusters->slot, 0, SLOTS * sizeof(*s->clusters->slot));
}

/* The line that controls and bidi characters never get past. */
static uint32_t checked(uint32_t ch)
{
	if (ch == 0x2800)
		return ' ';
	if (text_code_point_is_clean(ch))
		return ch;
#ifdef REDTOP_ASSERT
	fprintf(stderr, "surface: U+%04X is not clean\n", (unsigned)ch);
	abort();
#else
	return '?';
#endif
}

static void set(struct surface *s, int x, int y, uint32_t ch, int width,
		struct style st)
{
	struct cell *c = cell_at(s, x, y);
	if (!c)
		return;
	split_wide(c);
	c->ch = ch;
	c->role = st.role;
	if (st.ground != R_DEFAULT)
		c->ground = st.ground;
	c->width = (uint8_t)width;
}

static void set_wide(struct surface *s, int x, int y, uint32_t ch,
		     struct style st)
{
	set(s, x, y, ' ', 1, st);
	set(s, x + 1, y, ' ', 1, st);
	struct cell *c = cell_at(s, x, y);
	if (!c)
		return;
	c[0].ch = ch;
	c[0].width = 2;
	c[1] = c[0];
	c[1].ch = 0;
	c[1].width = 0;
}

/* A mark goes onto the character that ends before x. */
static void set_mark(struct surface *s, int x, int y, uint32_t mark)
{
	struct cell *c = cell_at(s, x - 1, y);
	if (c && c->width == 0)
		c = cell_at(s, x - 2, y);
	if (!c || c->width == 0)
		return;
	struct cluster cluster = { .base = c->ch };
	if (c->ch & CELL_CLUSTER)
		cluster = *cluster_of(s, c);
	if (cluster.mark[MARKS_MAX - 1])
		return;
	cluster.mark[cluster.mark[0] ? 1 : 0] = mark;
	uint32_t at = intern(s->clusters, &cluster);
	if (at != CLUSTER_NONE)
		c->ch = at | CELL_CLUSTER;
}

/* The ASCII twin of a wide character is two signs: a layout that was measured
 * holds in every locale. */
static int put_ascii(struct surface *s, int x, int y, uint32_t ch, int width,
		     struct style st)
{
	uint32_t twin = (unsigned char)glyph_ascii(ch);
	for (int i = 0; i < width; i++)
		if (x < s->w - i)
			set(s, x + i, y, twin, 1, st);
	return width;
}

int surface_put(struct surface *s, int x, int y, uint32_t ch, struct style st)
{
	ch = checked(ch);
	int width = text_cell_width(ch);
	if (s->graph == GRAPH_ASCII)
		return put_ascii(s, x, y, ch, width, st);
	if (width == 0) {
		if (x > 0)
			set_mark(s, x, y, ch);
	} else if (width == 1) {
		set(s, x, y, ch, 1, st);
	} else if (x >= 0 && x < s->w - 1) {
		set_wide(s, x, y, ch, st);
	} else if (x == s->w - 1) {
		set(s, x, y, ' ', 1, st);
		return 1;
	} else if (x == -1) {
		set(s, 0, y, ' ', 1, st);
	}
	return width;
}

/* One code point of a string after the other; stops at n bytes, at NUL, or
 * where the next character would pass x_end. */
static int put_text(struct surface *s, int x, int y, int x_end, struct style st,
		    const char *utf8, size_t n)
{
	int from = x;
	while (n) {
		uint32_t ch;
		size_t k = text_next(utf8, n, &ch);
		int width = ch == 0xFFFFFFFFu ? 1 : text_cell_width(ch);
		if (width > x_end - x)
			break;
		x += surface_put(s, x, y, ch, st);
		utf8 += k;
		n -= k;
	}
	return x - from;
}

int surface_text(struct surface *s, int x, int y, struct style st,
		 const char *utf8)
{
	if (x >= s->w || x < -FAR)
		return 0;
	return put_text(s, x, y, s->w, st, utf8, strlen(utf8));
}

int surface_text_max(struct surface *s, int x, int y, int cells,
		     struct style st, const char *utf8)
{
	if (x >= s->w || x < -FAR || cells <= 0)
		return 0;
	if (cells > (long)s->w - x)
		cells = s->w - x;
	size_t n = strlen(utf8);
	if (text_fit(utf8, cells) == n)
		return put_text(s, x, y, s->w, st, utf8, n);
	int used = put_text(s, x, y, s->w, st, utf8, text_fit(utf8, cells - 1));
	return used + surface_put(s, x + used, y, 0x2026, st);
}

int surface_text_right(struct surface *s, int x_end, int y, struct style st,
		       const char *utf8)
{
	int x = x_end - text_width(utf8);
	surface_text(s, x, y, st, utf8);
	return x;
}

int surface_printf(struct surface *s, int x, int y, struct style st,
		   const char *fmt, ...)
{
	char text[4 * LIMIT_WIDTH];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return 0;
	size_t len = (size_t)n;
	if (len >= sizeof(text)) {
		/* A character that the buffer cut is left out whole. */
		len = sizeof(text) - 1;
		while (len && ((unsigned char)text[len - 1] & 0xC0) == 0x80)
			len--;
		if (len && (unsigned char)text[len - 1] >= 0x80)
			len--;
		text[len] = '\0';
	}
	return surface_text(s, x, y, st, text);
}

void surface_run(struct surface *s, int x, int y, int n, uint32_t ch,
		 struct style st)
{
	if (x < -FAR)
		return;
	while (n > 0 && x < s->w) {
		int used = surface_put(s, x, y, ch, st);
		if (used == 0)
			return;
		x += used;
		n--;
	}
}

void surface_ground(struct surface *s, int x, int y, int w, int h,
		    enum role ground)
{
	struct surface win = surface_window(s, x, y, w, h);
	for (int j = 0; j < win.h; j++)
		for (int i = 0; i < win.w; i++)
			cell_at(&win, i, j)->ground = (uint8_t)ground;
}

void surface_recede(struct surface *s)
{
	for (int y = 0; y < s->h; y++)
		for (int x = 0; x < s->w; x++) {
			struct cell *c = cell_at(s, x, y);
			c->role = R_STALE;
			c->ground = R_DEFAULT;
		}
}

static size_t encode(uint32_t u, char *out)
{
	if (u < 0x80) {
		out[0] = (char)u;
		return 1;
	}
	size_t n = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	for (size_t i = n - 1; i > 0; i--, u >>= 6)
		out[i] = (char)(0x80 | (u & 0x3F));
	out[0] = (char)(lead[n] | u);
	return n;
}

size_t surface_cell_text(const struct surface *s, const struct cell *c,
			 char out[40])
{
	size_t n = 0;
	if (c->width == 0) {
		n = 0;
	} else if (c->ch & CELL_CLUSTER) {
		const struct cluster *cluster = cluster_of(s, c);
		n = encode(cluster->base, out);
		for (int i = 0; i < MARKS_MAX && cluster->mark[i]; i++)
			n += encode(cluster->mark[i], out + n);
	} else {
		n = encode(c->ch, out);
	}
	out[n] = '\0';
	return n;
}

static bool cell_equal(const struct surface *a, const struct cell *ca,
		       const struct surface *b, const struct cell *cb)
{
	if (ca->role != cb->role || ca->ground != cb->ground
	    || ca->width != cb->width)
		return false;
	if ((ca->ch & CELL_CLUSTER) && (cb->ch & CELL_CLUSTER))
		return same_cluster(cluster_of(a, ca), cluster_of(b, cb));
	return ca->ch == cb->ch;
}

bool surface_row_equal(const struct surface *a, const struct surface *b, int y)
{
	if (a->w != b->w || y < 0 || y >= a->h || y >= b->h)
		return false;
	for (int x = 0; x < a->w; x++)
		if (!cell_equal(a, cell_at(a, x, y), b, cell_at(b, x, y)))
			return false;
	return true;
}

/* `from` may be a window that cuts a wide character in two. */
static struct cell copied(struct surface *to, const struct surface *from, int x,
			  int y)
{
	struct cell c = *cell_at(from, x, y);
	if ((c.width == 0 && x == 0) || (c.width == 2 && x == from->w - 1)) {
		c.ch = ' ';
		c.width = 1;
	} else if (c.ch & CELL_CLUSTER) {
		const struct cluster *cluster = cluster_of(from, &c);
		uint32_t at = intern(to->clusters, cluster);
		c.ch = at == CLUSTER_NONE ? cluster->base : at | CELL_CLUSTER;
	}
	return c;
}

void surface_copy_row(struct surface *to, const struct surface *from, int y)
{
	if (to->w != from->w || y < 0 || y >= to->h || y >= from->h)
		return;
	for (int x = 0; x < from->w; x++)
		*cell_at(to, x, y) = copied(to, from, x, y);
}

void surface_copy(struct surface *to, const struct surface *from)
{
	if (to->w != from->w || to->h != from->h)
		surface_resize(to, from->w, from->h);
	surface_clear(to);
	for (int y = 0; y < from->h; y++)
		surface_copy_row(to, from, y);
	to->graph = from->graph;
}
