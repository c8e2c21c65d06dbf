#include "app/rows.h"

#define GUTTER 3

struct piece {
	const struct file_widget *w;
	size_t row;
};

struct pieces {
	struct piece piece[WIDGETS_MAX];
	size_t nr;
};

static struct pieces all_of(const struct file_page *p)
{
	struct pieces c = { .nr = 0 };
	for (size_t r = 0; r < p->nr; r++)
		for (size_t k = 0; k < p->row[r].nr && c.nr < WIDGETS_MAX; k++)
			c.piece[c.nr++] = (struct piece){ &p->row[r].widget[k],
							r };
	return c;
}

static void leave(struct pieces *c, size_t i)
{
	for (c->nr--; i < c->nr; i++)
		c->piece[i] = c->piece[i + 1];
}

/* No kind is asked for less than it can draw. */
static long least_w(const struct file_widget *w)
{
	const struct widget_ops *ops = widget_find(w->kind);
	return ops && ops->min_w > w->min_w ? ops->min_w : w->min_w;
}

/* The one that leaves first among first..end. */
static size_t least(const struct pieces *c, size_t first, size_t end)
{
	size_t at = first;
	for (size_t i = first; i < end; i++)
		if (c->piece[i].w->priority <= c->piece[at].w->priority)
			at = i;
	return at;
}

static size_t row_end(const struct pieces *c, size_t first)
{
	size_t end = first;
	while (end < c->nr && c->piece[end].row == c->piece[first].row)
		end++;
	return end;
}

static long max_of(const struct pieces *c, size_t first, size_t end,
		   bool weight)
{
	long max = 0;
	for (size_t i = first; i < end; i++) {
		const struct file_widget *w = c->piece[i].w;
		long v = weight ? w->weight : w->min_h;
		max = v > max ? v : max;
	}
	return max;
}

/* What the whole needs, and the sum of its rows' weights. */
static long needed(const struct pieces *c, long *weights)
{
	long h = 0;
	*weights = 0;
	for (size_t i = 0, end; i < c->nr; i = end) {
		end = row_end(c, i);
		h += max_of(c, i, end, false) + (i > 0);
		*weights += max_of(c, i, end, true);
	}
	return h;
}

static long width_of(const struct pieces *c, size_t first, size_t end)
{
	long w = -GUTTER;
	for (size_t i = first; i < end; i++)
		w += least_w(c->piece[i].w) + GUTTER;
	return w;
}

static void narrow(struct pieces *c, int w)
{
	for (size_t i = 0, end; i < c->nr; i = end) {
		end = row_end(c, i);
		while (end - i > 1 && width_of(c, i, end) > w) {
			leave(c, least(c, i, end));
			end--;
		}
	}
}

/* Each its least, the rest by weight; what rounding leaves goes to the
 * last. */
static void place_row(const struct pieces *c, size_t first, size_t end, int x,
		      int w, int y, int h, struct slot *out, size_t *nr)
{
	long weights = 0, spare = w - width_of(c, first, end), x1 = x + w;
	for (size_t i = first; i < end; i++)
		weights += c->piece[i].w->weight;
	for (size_t i = first; i < end && *nr < SLOTS_MAX; i++) {
		const struct file_widget *f = c->piece[i].w;
		long width = least_w(f);
		if (spare > 0)
			width += spare * f->weight / weights;
		if (i + 1 == end || x + width > x1)
			width = x1 - x;
		out[(*nr)++] = (struct slot){ f->kind, x, y, (int)width, h,
					      true, f };
		x += (int)width + GUTTER;
	}
}

void rows_place(const struct file_page *p, int x, int w, int y0, int y1,
		struct slot *out, size_t *nr)
{
	struct pieces c = all_of(p);
	long weights, need, y = y0;
	narrow(&c, w);
	while ((need = needed(&c, &weights)) > y1 - y0 && c.nr > 1)
		leave(&c, least(&c, 0, c.nr));
	long spare = y1 - y0 - need;
	for (size_t i = 0, end; i < c.nr; i = end) {
		end = row_end(&c, i);
		long h = max_of(&c, i, end, false);
		if (spare > 0)
			h += spare * max_of(&c, i, end, true) / weights;
		if (end == c.nr || y + h > y1)
			h = y1 - y;
		if (h > 0)
			place_row(&c, i, end, x, w, (int)y, (int)h, out, nr);
		y += h + 1;
	}
}
