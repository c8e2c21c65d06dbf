/* The panel of sources for when they are down: why each does not answer, and
 * when it is asked again. */
#include "widgets/draw.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct source_lines {
	struct sign sign;
	char name[64], url[96], next[2 * TIME_TEXT];
	struct spans answer, carries;
	char error[4 * 100];
};

struct sources {
	uint64_t stamp;
	struct source_lines *line;
	size_t nr, cap;
};

static void cut(char *out, size_t size, const char *text, int cells)
{
	size_t n = text_fit(text, cells);

	if (n >= size)
		n = 0;
	memcpy(out, text, n);
	out[n] = '\0';
}

static void try_text(const struct store_source *s, time_ms now,
		     char out[2 * TIME_TEXT])
{
	char span[TIME_TEXT];

	if (s->failures && s->next != TIME_NONE && s->next > now)
		snprintf(out, 2 * TIME_TEXT, "try %u in %.20s",
			 s->failures + 1, time_span(s->next - now, span));
	else if (s->failures)
		snprintf(out, 2 * TIME_TEXT, "try %u now", s->failures + 1);
	else if (s->next == TIME_NONE || s->next <= 0)
		snprintf(out, 2 * TIME_TEXT, "–");
	else
		snprintf(out, 2 * TIME_TEXT, "in %.20s",
			 time_span(s->next > now ? s->next - now : 0, span));
}

static size_t carried(const struct view *v, const struct store_source *src)
{
	size_t n = 0;

	for (size_t i = 0; i < v->nr_all; i++)
		n += v->all[i].service->source == src;
	return n;
}

static void fill_lines(struct source_lines *l, const struct view *v,
		       const struct store_source *s)
{
	char at[TIME_TEXT], ago[TIME_TEXT];

	l->sign = sign_of_source(s);
	cut(l->name, sizeof(l->name), s->name, 16);
	cut(l->url, sizeof(l->url), s->url, 40);
	cut(l->error, sizeof(l->error), s->error ? s->error : l->sign.word,
	    (int)sizeof(l->error) / 4);
	try_text(s, v->now, l->next);
	l->answer.nr = l->carries.nr = 0;
	if (s->answered == TIME_NONE) {
		spans_add(&l->answer, R_DIM, 0, "never answered");
	} else {
		spans_add(&l->answer, R_DIM, 0, "last answer ");
		spans_add(&l->answer, R_TEXT, 0, "%s",
			  time_hms(s->answered, at));
		spans_add(&l->answer, R_DIM, 1, ", %s ago",
			  time_span(v->now - s->answered, ago));
	}
	spans_add(&l->carries, R_DIM, 2, "carries %zu services", carried(v, s));
}

static bool sources_update(void *state, const struct view *v, int w, int h)
{
	struct sources *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct store_source *const *src;

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->nr = view_sources(v, &src);
	if (d->nr > d->cap) {
		d->line = mem_grow(d->line, d->nr, sizeof(*d->line));
		d->cap = d->nr;
	}
	for (size_t i = 0; i < d->nr; i++)
		fill_lines(&d->line[i], v, src[i]);
	return true;
}

static void sources_draw(const void *state, struct surface *s)
{
	const struct sources *d = state;
	struct spans left = { 0 }, right = { 0 };
	bool wide = s->w >= 100;
	int x = 20, mid = x + 42;

	spans_add(&left, R_BRIGHT, 0, "sources");
	spans_add(&right, R_DIM, 1, "next try");
	struct surface title = surface_window(s, 1, 0, s->w - 2, 1);
	draw_title(&title, &left, &right, false);
	for (size_t i = 0; i < d->nr && 2 * (int)i + 1 < s->h; i++) {
		const struct source_lines *l = &d->line[i];
		int y = 1 + 2 * (int)i, end = s->w - 1;
		draw_text(s, 1, y, l->sign.role, l->sign.glyph);
		draw_text(s, 3, y, R_BRIGHT, l->name);
		int next = end - text_width(l->next);
		draw_text(s, next, y, R_TEXT, l->next);
		int from = wide ? mid : x;
		if (wide)
			draw_text(s, x, y, R_DIM, l->url);
		surface_text_max(s, from, y, next - from - 2,
				 STYLE(l->sign.role), l->error);
		spans_row(s, y + 1, x, wide ? mid - 2 : end, &l->answer, NULL);
		if (wide)
			spans_row(s, y + 1, mid, end, &l->carries, NULL);
	}
}

static void sources_close(void *state)
{
	struct sources *d = state;

	free(d->line);
}

const struct widget_ops sources_widget = {
	.name = "sources",
	.help = "why each source does not answer, and when it is asked again",
	.state_size = sizeof(struct sources),
	.min_w = 40, .min_h = 3,
	.update = sources_update,
	.draw = sources_draw,
	.close = sources_close,
};
