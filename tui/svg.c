/* A surface as a picture. What charts are made of is drawn as shapes: fonts
 * leave gaps between blocks, and most have no braille. Shapes of one colour are
 * one path. */
#include "tui/export.h"

#include "base/mem.h"
#include "tui/paint.h"

#include <stdlib.h>

#define CW 10
#define CH 20
#define BASELINE 15

/* A cell in the colours of the picture. */
struct dab {
	uint32_t ch;
	unsigned fg, bg;
	unsigned char attr;
};

struct picture {
	const struct surface *s;
	const struct theme *t;
	struct dab *dab;
	unsigned *color;  /* all that are used */
	size_t nr_colors, cap_colors;
	struct buf *out;
};

static bool is_space(const struct cell *c)
{
	return c->ch == ' ' && c->width == 1;
}

static const struct dab *dab_at(const struct picture *p, int x, int y)
{
	return &p->dab[(size_t)y * (size_t)p->s->w + (size_t)x];
}

static unsigned mix(unsigned a, unsigned b, unsigned percent)
{
	unsigned rgb = 0;
	for (int shift = 16; shift >= 0; shift -= 8) {
		unsigned ca = a >> shift & 0xFF, cb = b >> shift & 0xFF;
		rgb |= (ca * percent + cb * (100 - percent)) / 100 << shift;
	}
	return rgb;
}

/* ░▒▓ are a colour between ink and ground; 0 for what is no shade. */
static unsigned shade(uint32_t ch)
{
	return ch >= 0x2591 && ch <= 0x2593 ? (ch - 0x2590) * 25 : 0;
}

static struct dab dab_of(const struct theme *t, const struct cell *c)
{
	struct paint p = paint_cell(t, c, 256);
	struct look l = p.look;
	struct dab d = { p.ch, l.fg < 0 ? t->svg_text : theme_rgb(l.fg),
			 l.bg < 0 ? t->svg_ground : theme_rgb(l.bg), l.attr };
	if (l.attr & ATTR_REVERSE) {
		unsigned fg = d.fg;
		d.fg = d.bg;
		d.bg = fg;
	}
	if (l.attr & ATTR_DIM)
		d.fg = mix(d.fg, d.bg, 55);
	if (shade(d.ch))
		d.fg = mix(d.fg, d.bg, shade(d.ch));
	return d;
}

static void add_color(struct picture *p, unsigned rgb)
{
	for (size_t i = 0; i < p->nr_colors; i++)
		if (p->color[i] == rgb)
			return;
	MEM_ROOM(p->color, p->nr_colors, p->cap_colors);
	p->color[p->nr_colors++] = rgb;
}

static void mix_colors(struct picture *p)
{
	const struct surface *s = p->s;
	p->dab = mem_zero((size_t)s->w * (size_t)s->h, sizeof(*p->dab));
	for (int y = 0; y < s->h; y++) {
		for (int x = 0; x < s->w; x++) {
			struct dab d = dab_of(p->t, surface_cell(s, x, y));
			p->dab[(size_t)y * (size_t)s->w + (size_t)x] = d;
			add_color(p, d.fg);
			add_color(p, d.bg);
		}
	}
}

/* Tenths of a pixel, written short. */
static void number(struct buf *out, int tenths)
{
	if (tenths % 10)
		buf_printf(out, "%s%d.%d", tenths < 0 ? "-" : "",
			   abs(tenths) / 10, abs(tenths) % 10);
	else
		buf_printf(out, "%d", tenths / 10);
}

/* A rectangle in tenths of a pixel. */
static void rect(struct buf *d, int x, int y, int w, int h)
{
	buf_char(d, 'M');
	number(d, x);
	buf_char(d, ' ');
	number(d, y);
	buf_char(d, 'h');
	number(d, w);
	buf_char(d, 'v');
	number(d, h);
	buf_char(d, 'h');
	number(d, -w);
	buf_char(d, 'z');
}

/* Box drawing: 0 nothing, 1 light, 2 heavy, to the left, right, up, down. */
static const struct box {
	uint16_t ch;
	unsigned char left, right, up, down;
} boxes[] = {
	{ 0x2500, 1, 1, 0, 0 }, { 0x2501, 2, 2, 0, 0 }, { 0x2502, 0, 0, 1, 1 },
	{ 0x2503, 0, 0, 2, 2 }, { 0x250C, 0, 1, 0, 1 }, { 0x2510, 1, 0, 0, 1 },
	{ 0x2514, 0, 1, 1, 0 }, { 0x2518, 1, 0, 1, 0 }, { 0x251C, 0, 1, 1, 1 },
	{ 0x2524, 1, 0, 1, 1 }, { 0x252C, 1, 1, 0, 1 }, { 0x2534, 1, 1, 1, 0 },
	{ 0x253C, 1, 1, 1, 1 }, { 0x256D, 0, 1, 0, 1 }, { 0x256E, 1, 0, 0, 1 },
	{ 0x256F, 1, 0, 1, 0 }, { 0x2570, 0, 1, 1, 0 }, { 0x2574, 1, 0, 0, 0 },
	{ 0x2575, 0, 0, 1, 0 }, { 0x2576, 0, 1, 0, 0 }, { 0x2577, 0, 0, 0, 1 },
	{ 0x2578, 2, 0, 0, 0 }, { 0x2579, 0, 0, 2, 0 }, { 0x257A, 0, 2, 0, 0 },
	{ 0x257B, 0, 0, 0, 2 }, { 0x257C, 1, 2, 0, 0 }, { 0x257E, 2, 1, 0, 0 },
};

/* Dashes: how many, heavy or not, across or down. */
static const struct dash {
	uint16_t ch;
	unsigned char nr, weight;
	bool down;
} dashes[] = {
	{ 0x2504, 3, 1, false }, { 0x2505, 3, 2, false },
	{ 0x2506, 3, 1, true },  { 0x2507, 3, 2, true },
	{ 0x2508, 4, 1, false }, { 0x2509, 4, 2, false },
	{ 0x250A, 4, 1, true },  { 0x250B, 4, 2, true },
	{ 0x254C, 2, 1, false }, { 0x254D, 2, 2, false },
	{ 0x254E, 2, 1, true },  { 0x254F, 2, 2, true },
};

/* Signs that fonts draw at many sizes: where to start, and the way. */
static const struct sign {
	uint16_t ch;
	const char *at, *way;
} signs[] = {
	{ 0x25B2, "5 5", "l4 10h-8z" },    { 0x25BC, "1 6", "h8l-4 10z" },
	{ 0x25B4, "5 8", "l3 6h-6z" },     { 0x25BE, "2 8", "h6l-3 6z" },
	{ 0x25B6, "1 5", "l8 5-8 5z" },    { 0x25C0, "9 5", "l-8 5 8 5z" },
	{ 0x25B8, "3 7", "l5 3.5-5 3.5z" },{ 0x25C2, "8 7", "l-5 3.5 5 3.5z" },
	{ 0x25C6, "5 5.5", "l4 5-4 5-4-5z" },
	{ 0x25C7, "5 5.5", "l4 5-4 5-4-5zm0 1.8l-2.6 3.2 2.6 3.2 2.6-3.2z" },
	{ 0x25CF, "1.5 10.5", "a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z" },
	{ 0x25CB, "1.5 10.5", "a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z"
			      "m1 0a2.5 2.5 0 1 1 5 0a2.5 2.5 0 1 1-5 0z" },
};

#define FIND(table, code)                                                      \
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)          \
		if (table[i].ch == (code))                                     \
			return &table[i];                                      \
	return NULL

static const struct box *box_of(uint32_t ch)
{
	FIND(boxes, ch);
}

static const struct dash *dash_of(uint32_t ch)
{
	FIND(dashes, ch);
}

static const struct sign *sign_of(uint32_t ch)
{
	FIND(signs, ch);
}

/* Quarters of a cell, as ▖▗▘▙▚▛▜▝▞▟: bit 0 upper left, 1 upper right, 2 lower
 * left, 3 lower right. */
static const unsigned char quarters[10] = { 4, 8, 1, 13, 9, 7, 11, 2, 6, 14 };

static bool is_braille(uint32_t ch)
{
	return ch > 0x2800 && ch <= 0x28FF;
}

static bool is_block(uint32_t ch)
{
	return ch >= 0x2580 && ch <= 0x259F;
}

static bool is_shape(uint32_t ch)
{
	return ch >= 0x2500 && ch <= 0x28FF
	       && (is_block(ch) || is_braille(ch) || box_of(ch) || dash_of(ch)
		   || sign_of(ch));
}

/* n cells of the same block from x, y, all in tenths. */
static void draw_block(struct buf *d, uint32_t ch, int x, int y, int n)
{
	const int w = CW * 10, h = CH * 10;
	if (ch == 0x2580)
		rect(d, x, y, w * n, h / 2);
	else if (ch <= 0x2588)
		rect(d, x, y + h - h * (int)(ch - 0x2580) / 8, w * n,
		     h * (int)(ch - 0x2580) / 8);
	else if (ch >= 0x2591 && ch <= 0x2593)
		rect(d, x, y, w * n, h);
	else if (ch == 0x2594)
		rect(d, x, y, w * n, h / 8);
	for (int i = 0; i < n; i++, x += w) {
		if (ch >= 0x2589 && ch <= 0x258F)
			rect(d, x, y, w * (int)(0x2590 - ch) / 8, h);
		else if (ch == 0x2590)
			rect(d, x + w / 2, y, w / 2, h);
		else if (ch == 0x2595)
			rect(d, x + w * 7 / 8, y, w / 8, h);
		for (int q = 0; ch >= 0x2596 && q < 4; q++)
			if (quarters[ch - 0x2596] & 1 << q)
				rect(d, x + w / 2 * (q & 1),
				     y + h / 2 * (q >> 1), w / 2, h / 2);
	}
}

/* Light lines are one pixel, heavy ones three, around the middle. */
static int thick(int weight)
{
	return weight == 2 ? 30 : 10;
}

static void draw_box(struct buf *d, const struct box *b, int x, int y, int n)
{
	const int w = CW * 10, h = CH * 10, mx = x + w / 2, my = y + h / 2;
	if (b->left && b->left == b->right)
		rect(d, x, my - thick(b->left) / 2, w * n, thick(b->left));
	for (int i = 0; i < n; i++) {
		int at = i * w;
		if (b->left && b->left != b->right)
			rect(d, x + at, my - thick(b->left) / 2, w / 2 + 5,
			     thick(b->left));
		if (b->right && b->left != b->right)
			rect(d, mx + at - 5, my - thick(b->right) / 2,
			     w / 2 + 5, thick(b->right));
		if (b->up)
			rect(d, mx + at - thick(b->up) / 2, y, thick(b->up),
			     b->down ? h : h / 2 + 5);
		else if (b->down)
			rect(d, mx + at - thick(b->down) / 2, my - 5,
			     thick(b->down), h / 2 + 5);
	}
}

static void draw_dash(struct buf *d, const struct dash *dash, int x, int y,
		      int n)
{
	int length = dash->down ? CH * 10 : CW * 10;
	int step = length / dash->nr, on = step * 6 / 10;
	int t = thick(dash->weight);
	for (int i = 0; i < n * dash->nr; i++) {
		int cell = i / dash->nr * CW * 10, at = i % dash->nr * step;
		if (dash->down)
			rect(d, x + cell + CW * 5 - t / 2, y + at, t, on);
		else
			rect(d, x + cell + at, y + CH * 5 - t / 2, on, t);
	}
}

static void draw_sign(struct buf *d, const struct sign *sign, int x, int y,
		      int n)
{
	double dx, dy;
	char *rest;
	dx = strtod(sign->at, &rest);
	dy = strtod(rest, NULL);
	for (int i = 0; i < n; i++) {
		buf_char(d, 'M');
		number(d, x + i * CW * 10 + (int)(dx * 10));
		buf_char(d, ' ');
		number(d, y + (int)(dy * 10));
		buf_str(d, sign->way);
	}
}

static void draw_shape(struct buf *d, uint32_t ch, int x, int y, int n)
{
	if (is_block(ch))
		draw_block(d, ch, x, y, n);
	else if (box_of(ch))
		draw_box(d, box_of(ch), x, y, n);
	else if (dash_of(ch))
		draw_dash(d, dash_of(ch), x, y, n);
	else if (sign_of(ch))
		draw_sign(d, sign_of(ch), x, y, n);
}

/* A dot is a line of no length with a round end. */
static void draw_braille(struct buf *d, uint32_t ch, int x, int y)
{
	for (int column = 0; column < 2; column++) {
		for (int row = 0; row < 4; row++) {
			if (!((ch - 0x2800) & braille_dot(column, row)))
				continue;
			buf_char(d, 'M');
			number(d, x + 25 + column * 50);
			buf_char(d, ' ');
			number(d, y + 25 + row * 50);
			buf_str(d, "h.01");
		}
	}
}

/* A path, if there is anything on it. */
static void end_path(struct picture *p, struct buf *d, const char *how,
		     unsigned rgb)
{
	if (d->len)
		buf_printf(p->out, "<path %s=\"#%06x\" d=\"%s\"/>\n", how, rgb,
			   buf_text(d));
	buf_clear(d);
}

static void grounds(struct picture *p, struct buf *d, unsigned rgb)
{
	if (rgb == p->t->svg_ground)
		return;
	for (int y = 0; y < p->s->h; y++) {
		for (int x = 0, n; x < p->s->w; x += n ? n : 1) {
			for (n = 0; x + n < p->s->w
				    && dab_at(p, x + n, y)->bg == rgb;)
				n++;
			if (n)
				rect(d, x * CW * 10, y * CH * 10, n * CW * 10,
				     CH * 10);
		}
	}
	end_path(p, d, "fill", rgb);
}

/* How many cells from x on are this sign in this colour. */
static int run_of(const struct picture *p, int x, int y, uint32_t ch,
		  unsigned rgb)
{
	int n = 0;
	while (x + n < p->s->w && dab_at(p, x + n, y)->ch == ch
	       && dab_at(p, x + n, y)->fg == rgb)
		n++;
	return n;
}

/* Signs have slopes, which want smooth edges, the rest wants crisp ones. */
static void shapes(struct picture *p, struct buf *d, unsigned rgb, bool smooth)
{
	for (int y = 0; y < p->s->h; y++) {
		for (int x = 0, n; x < p->s->w; x += n ? n : 1) {
			uint32_t ch = dab_at(p, x, y)->ch;
			bool ours = is_shape(ch) && !is_braille(ch)
				    && (sign_of(ch) != NULL) == smooth;
			n = ours ? run_of(p, x, y, ch, rgb) : 0;
			if (n)
				draw_shape(d, ch, x * CW * 10, y * CH * 10, n);
		}
	}
	end_path(p, d, "fill", rgb);
}

static void dots(struct picture *p, struct buf *d, unsigned rgb)
{
	for (int y = 0; y < p->s->h; y++) {
		for (int x = 0; x < p->s->w; x++) {
			uint32_t ch = dab_at(p, x, y)->ch;
			if (is_braille(ch) && dab_at(p, x, y)->fg == rgb)
				draw_braille(d, ch, x * CW * 10, y * CH * 10);
		}
	}
	end_path(p, d, "stroke", rgb);
}

static void escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&': buf_str(out, "&amp;"); break;
		case '<': buf_str(out, "&lt;"); break;
		case '>': buf_str(out, "&gt;"); break;
		case '"': buf_str(out, "&quot;"); break;
		default: buf_char(out, *text);
		}
	}
}

static bool is_text(const struct cell *c)
{
	return !is_space(c) && c->width && !is_shape(c->ch);
}

/* Whether the text that began at x0 goes on at x: in one style, with single
 * spaces. A sign that is not of everyone's font stands alone, so that its
 * width moves nothing. */
static bool goes_on(const struct picture *p, int x0, int x, int y)
{
	const struct cell *c = surface_cell(p->s, x, y);
	if (c && is_space(c) && x > x0) {
		c = surface_cell(p->s, x + 1, y);
		x++;
	}
	if (!c || !is_text(c))
		return false;
	const struct dab *a = dab_at(p, x0, y), *b = dab_at(p, x, y);
	return a->fg == b->fg && a->attr == b->attr && c->ch < 0x2100
	       && surface_cell(p->s, x0, y)->ch < 0x2100;
}

/* Writes the text at x and returns the cells it takes. */
static int text_run(struct picture *p, int x, int y)
{
	const struct dab *dab = dab_at(p, x, y);
	struct buf text;
	char utf8[40];
	buf_init(&text, 0);
	const struct cell *c = surface_cell(p->s, x, y);
	int n = c->width;
	buf_add(&text, utf8, surface_cell_text(p->s, c, utf8));
	for (; goes_on(p, x, x + n, y); n++) {
		c = surface_cell(p->s, x + n, y);
		buf_add(&text, utf8, surface_cell_text(p->s, c, utf8));
	}
	buf_printf(p->out, "<text x=\"%d\" y=\"%d\" ", x * CW,
		   y * CH + BASELINE);
	if (n > 1)
		buf_printf(p->out, "textLength=\"%d\" ", n * CW);
	if (dab->fg != p->t->svg_text)
		buf_printf(p->out, "fill=\"#%06x\" ", dab->fg);
	if (dab->attr & ATTR_BOLD)
		buf_str(p->out, "font-weight=\"bold\" ");
	if (dab->attr & ATTR_UNDERLINE)
		buf_str(p->out, "text-decoration=\"underline\" ");
	p->out->s[p->out->len - 1] = '>';
	escaped(p->out, buf_text(&text));
	buf_str(p->out, "</text>\n");
	buf_release(&text);
	return n;
}

static void texts(struct picture *p)
{
	for (int y = 0; y < p->s->h; y++) {
		for (int x = 0, n; x < p->s->w; x += n) {
			bool text = is_text(surface_cell(p->s, x, y));
			n = text ? text_run(p, x, y) : 1;
		}
	}
}

static void head(const struct picture *p)
{
	int w = p->s->w * CW, h = p->s->h * CH;
	buf_printf(p->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		   "height=\"%d\" viewBox=\"0 0 %d %d\" "
		   "font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" "
		   "font-size=\"16.6\">\n"
		   "<rect width=\"100%%\" height=\"100%%\" fill=\"#%06x\"/>\n",
		   w, h, w, h, p->t->svg_ground);
}

void export_svg(const struct surface *s, const struct theme *t, struct buf *out)
{
	struct picture p = { .s = s, .t = t, .out = out };
	struct buf d;
	buf_init(&d, 0);
	mix_colors(&p);
	head(&p);
	buf_str(out, "<g shape-rendering=\"crispEdges\">\n");
	for (size_t i = 0; i < p.nr_colors; i++)
		grounds(&p, &d, p.color[i]);
	for (size_t i = 0; i < p.nr_colors; i++)
		shapes(&p, &d, p.color[i], false);
	buf_str(out,
		"</g>\n<g stroke-width=\"3.2\" stroke-linecap=\"round\">\n");
	for (size_t i = 0; i < p.nr_colors; i++)
		dots(&p, &d, p.color[i]);
	buf_str(out, "</g>\n<g>\n");
	for (size_t i = 0; i < p.nr_colors; i++)
		shapes(&p, &d, p.color[i], true);
	buf_printf(out, "</g>\n<g fill=\"#%06x\">\n", t->svg_text);
	texts(&p);
	buf_str(out, "</g>\n</svg>\n");
	buf_release(&d);
	free(p.dab);
	free(p.color);
}
