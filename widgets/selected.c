/* The line that names the selected service once, and the line that says where
 * the service page is. */
#include "widgets/draw.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct selected {
	uint64_t stamp;
	struct spans left, right;
};

static void add_facts(struct spans *sp, const struct view *v,
		      const struct red_row *r)
{
	struct version ver = version_of(r->service, v->now);
	const struct shape *shape = r->service->shape;
	char text[TIME_TEXT];

	if (r->state == STATE_STALE) {
		spans_add(sp, R_DIM, 1, "   the last picture, %s; nothing "
			  "newer is known", time_hms(r->at, text));
		return;
	}
	if (ver.of > 0 && ver.name[0])
		spans_add(sp, R_DIM, 2, "   %s on %d of %d instance%s",
			  ver.name, ver.on, ver.of, ver.of == 1 ? "" : "s");
	if (ver.regions[0])
		spans_add(sp, R_DIM, 4, "   %s", ver.regions);
	spans_add(sp, R_DIM, 5, "   %s", layer_name(shape->layer));
	if (shape->metric)
		spans_add(sp, R_DIM, 6, "   %.120s", shape->metric);
	if (shape->unit_guessed)
		spans_add(sp, R_WARN, 6, " unit?");
	if (shape->window > 0)
		spans_add(sp, R_DIM, 7, "   over %s%s",
			  shape->interval_guessed ? "~" : "",
			  time_duration(shape->window, text));
	if (r->service->source)
		spans_add(sp, R_DIM, 3, "   %.60s", r->service->source->name);
	/* What comes after it is on the charts, and still fills up. */
	if (shape->settle && !isnan(r->rate)) {
		spans_add(sp, R_DIM, 4, "   judged up to %s, ",
			  time_hm(r->at, text));
		spans_add(sp, R_STALE, 4, "░");
		spans_add(sp, R_DIM, 4, " later");
	}
}

static bool selected_update(void *state, const struct view *v, int w, int h)
{
	struct selected *d = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->left.nr = d->right.nr = 0;
	if (!v->sel)
		return true;
	spans_add(&d->left, R_BRIGHT, 0, "▌ %.200s", v->sel->service->name);
	add_facts(&d->left, v, v->sel);
	return true;
}

static bool crumbs_update(void *state, const struct view *v, int w, int h)
{
	struct selected *d = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->left.nr = d->right.nr = 0;
	spans_add(&d->left, R_DIM, 0, "overview ▸ ");
	if (v->sel) {
		spans_add(&d->left, R_BRIGHT, 0, "%.200s",
			  v->sel->service->name);
		add_facts(&d->left, v, v->sel);
	} else {
		spans_add(&d->left, R_STALE, 0, "no service");
	}
	spans_add(&d->right, R_STALE, 4, "░");
	spans_add(&d->right, R_DIM, 4, " not complete yet   ");
	spans_add(&d->right, R_BRIGHT, 0, "Esc");
	spans_add(&d->right, R_DIM, 0, " back");
	return true;
}

static void selected_draw(const void *state, struct surface *s)
{
	const struct selected *d = state;

	spans_row(s, 0, 1, s->w - 1, &d->left, &d->right);
}

const struct widget_ops selected_widget = {
	.name = "selected",
	.help = "the selected service: version, layer, metric, source",
	.state_size = sizeof(struct selected),
	.min_w = 10, .min_h = 1,
	.update = selected_update,
	.draw = selected_draw,
};

const struct widget_ops crumbs_widget = {
	.name = "crumbs",
	.help = "where the service page is",
	.state_size = sizeof(struct selected),
	.min_w = 10, .min_h = 1,
	.update = crumbs_update,
	.draw = selected_draw,
};
