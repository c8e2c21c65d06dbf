/* What was looked at and is unchanged, and what is not known. */
#include "widgets/draw.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

#define NOTES 40
#define NOTE_CELLS_MAX 60

struct ruledout {
	uint64_t stamp;
	int w, h, nr, each;
	bool focused;
	const char *why;
	const char *note[NOTES]; /* the answer's, valid until the next frame */
};

static bool unknown(const char *note)
{
	return strncasecmp(note, "not known", 9) == 0;
}

/* What is not known comes last, on lines of its own. */
static void take(struct ruledout *d, const struct change_answer *a, bool dark)
{
	for (size_t i = 0; i < a->nr_notes && d->nr < NOTES; i++) {
		if (unknown(a->note[i]) != dark)
			continue;
		d->note[d->nr++] = a->note[i];
		int w = text_width(a->note[i]) + 2;
		if (!dark && w > d->each)
			d->each = w > NOTE_CELLS_MAX ? NOTE_CELLS_MAX : w;
	}
}

static bool ruledout_update(void *state, const struct view *v, int w, int h)
{
	struct ruledout *d = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->w = w;
	d->h = h;
	d->focused = v->focused;
	d->nr = d->each = 0;
	d->why = v->changed ? "nothing else was looked at"
		 : v->comparing ? "comparing…" : "nothing was compared";
	if (!v->changed)
		return true;
	take(d, v->changed->answer, false);
	take(d, v->changed->answer, true);
	return true;
}

static void draw_note(struct surface *s, int x, int y, int w, const char *note)
{
	bool dark = unknown(note);

	draw_text(s, x, y, dark ? R_STALE : R_OK, dark ? "○" : "·");
	surface_text_max(s, x + 2, y, w - 2, STYLE(dark ? R_DIM : R_TEXT),
			 note);
}

static void ruledout_draw(const void *state, struct surface *s)
{
	const struct ruledout *d = state;
	struct spans left = { 0 };
	int x = 0, y = 1;

	if (s->w != d->w || s->h != d->h)
		return;
	spans_add(&left, R_BRIGHT, 0, "ruled out");
	spans_add(&left, R_DIM, 1, " looked at and unchanged");
	draw_title(s, &left, NULL, d->focused);
	if (!d->nr && s->h > 1)
		surface_text_max(s, 0, 1, s->w, STYLE(R_DIM), d->why);
	for (int i = 0; i < d->nr && y < s->h; i++) {
		bool dark = unknown(d->note[i]);
		if (x && (dark || x + d->each > s->w)) {
			x = 0;
			y++;
		}
		if (y >= s->h)
			return;
		draw_note(s, x, y, dark ? s->w : d->each < s->w ? d->each
								: s->w,
			  d->note[i]);
		x += dark ? s->w : d->each + 2;
	}
}

const struct widget_ops ruledout_widget = {
	.name = "ruledout",
	.help = "what was looked at and did not change",
	.state_size = sizeof(struct ruledout),
	.min_w = 20, .min_h = 2,
	.update = ruledout_update,
	.draw = ruledout_draw,
};
