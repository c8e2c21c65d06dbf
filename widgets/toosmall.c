/* What is left when the terminal is too small: mode, verdict, a sentence. */
#include "widgets/draw.h"

#include "base/text.h"

#include <math.h>

struct toosmall {
	uint64_t stamp;
	int w, h;
	enum role ground;
	struct spans mode, verdict, need, instead, keys;
};

static void say_verdict(struct toosmall *t, const struct view *v,
			const struct health *h)
{
	char burn[NUMBER_TEXT];

	if (h->blind) {
		t->ground = R_ALERT;
		spans_add(&t->verdict, R_ON_ALERT, 0, "○ BLIND");
		spans_add(&t->verdict, R_ON_ALERT_DIM, 1, "  %zu of %zu down",
			  h->down, h->nr);
		return;
	}
	if (!v->nr_all || v->all[0].asking) {
		spans_add(&t->verdict, R_STALE, 0, "○ no verdict yet");
		return;
	}
	const struct red_row *r = &v->all[0];
	struct sign sign = sign_of_state(r->state);
	if (r->state > STATE_STALE) {
		spans_add(&t->verdict, R_OK, 0, "✓ ");
		spans_add(&t->verdict, R_BRIGHT, 0, "%zu services", v->nr_all);
		return;
	}
	t->ground = sign.role == R_CRIT ? R_PAGE : R_ALERT;
	spans_add(&t->verdict, R_ON_ALERT, 0, "%s %s  %.60s", sign.glyph,
		  sign.word, r->service->name);
	if (isnan(r->burn_5m))
		return;
	spans_add(&t->verdict, R_ON_ALERT_DIM, 1, "  burn ");
	spans_add(&t->verdict, R_ON_ALERT, 1, "%s",
		  burn_words(r->burn_5m, burn));
}

/* What the command line takes for the source. */
static const char *source_words(const struct view *v)
{
	const struct store_source *src = view_source(v);

	return src && *src->url ? src->url : v->title ? v->title : "";
}

static bool toosmall_update(void *state, const struct view *v, int w, int h)
{
	struct toosmall *t = state;
	uint64_t stamp = view_stamp(v, w, h);
	char at[TIME_TEXT];

	if (stamp == t->stamp)
		return false;
	t->stamp = stamp;
	t->w = w;
	t->h = h;
	t->ground = R_DEFAULT;
	t->mode.nr = t->verdict.nr = t->need.nr = 0;
	t->instead.nr = t->keys.nr = 0;
	struct health health = health_of(v);
	bool replay = v->mode == MODE_REPLAY;
	spans_add(&t->mode, R_BRIGHT, 0, "redtop");
	spans_add(&t->mode, health.blind ? R_WARN : R_OK, 1, "  %s",
		  replay ? "‖" : health.blind ? "○" : "●");
	spans_add(&t->mode, R_BRIGHT, 1, " %s %sZ",
		  replay ? "REPLAY" : health.blind ? "STALE" : "LIVE",
		  time_hms(v->now, at));
	say_verdict(t, v, &health);
	spans_add(&t->need, R_DIM, 0, "redtop needs ");
	spans_add(&t->need, R_TEXT, 0, "40x8");
	spans_add(&t->need, R_DIM, 1, ", this is ");
	spans_add(&t->need, R_TEXT, 1, "%dx%d", w, h);
	spans_add(&t->instead, R_DIM, 0, "or: ");
	spans_add(&t->instead, R_TEXT, 0, "redtop status");
	spans_add(&t->instead, R_TEXT, 1, " %.80s", source_words(v));
	spans_add(&t->keys, R_BRIGHT, 1, "y");
	spans_add(&t->keys, R_DIM, 1, " status line  ");
	spans_add(&t->keys, R_BRIGHT, 0, "q");
	spans_add(&t->keys, R_DIM, 0, " quit");
	return true;
}

static void toosmall_draw(const void *state, struct surface *s)
{
	const struct toosmall *t = state;
	const struct spans *lines[] = { &t->mode, &t->verdict, &t->need,
					&t->instead, &t->keys };
	int gap = s->h > 5, skip = s->h < 5;

	surface_ground(s, 0, 0, s->w, 1, R_HEADER);
	if (t->ground)
		surface_ground(s, 0, 1, s->w, 1, t->ground);
	for (int i = 0, y = 0; i < 5; i++) {
		if (i == 3 && skip)
			continue;
		y += i == 2 ? gap : 0;
		spans_row(s, y++, s->w > 20 ? 1 : 0, s->w, lines[i], NULL);
	}
}

const struct widget_ops toosmall_widget = {
	.name = "toosmall",
	.help = "the verdict, when there is no room for more",
	.state_size = sizeof(struct toosmall),
	.min_w = 0, .min_h = 0,
	.update = toosmall_update,
	.draw = toosmall_draw,
};
