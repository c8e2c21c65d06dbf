/* The sentence of the page of changes: which service, and what is compared
 * with what; or why nothing is. */
#include "widgets/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct changedhead {
	uint64_t stamp;
	struct spans left, right;
};

static void say_windows(struct spans *sp, const struct changed *c,
			const struct view *v)
{
	time_ms now = v->now;
	bool silent = v->sel && (v->sel->state == STATE_NODATA
				 || v->sel->state == STATE_STALE);
	const struct change_want *w = &c->answer->want;
	char a[TIME_TEXT], b[TIME_TEXT];

	spans_add(sp, R_DIM, 2, "  compared: ");
	spans_add(sp, R_TEXT, 0, "%s%s before %s", sp->nr > 1 ? "" : "  ",
		  time_span(w->before_to - w->before_from, a),
		  moment_text(w->before_to, now, b));
	spans_add(sp, R_DIM, 0, " with ");
	if (c->onset != TIME_NONE) {
		spans_add(sp, R_TEXT, 0, "everything since %s",
			  moment_text(w->during_from, now, a));
		spans_add(sp, R_DIM, 3, ", the first bad minute");
	} else {
		spans_add(sp, R_TEXT, 0, "the newest %s",
			  time_span(w->during_to - w->during_from, a));
		if (silent)
			spans_add(sp, R_WARN, 1, "; silent now: these are not "
				  "whole");
		else
			spans_add(sp, R_DIM, 3, "; no trouble began in it");
	}
}

/* Why there is no comparison, and what helps. */
static void say_nothing(struct spans *sp, const struct view *v)
{
	const struct store_source *src = view_source(v);

	if (!v->sel) {
		spans_add(sp, R_STALE, 0, "no service to compare");
		return;
	}
	if (v->comparing) {
		spans_add(sp, R_STALE, 0, "  … comparing");
		spans_add(sp, R_DIM, 1, " before and after, label by label");
		return;
	}
	if (src && !strcmp(src->kind, "cloudwatch")) {
		spans_add(sp, R_STALE, 0, "  ○ not compared");
		spans_add(sp, R_DIM, 1, ": CloudWatch has no labels to break "
			  "a service down by");
		return;
	}
	if (v->mode == MODE_REPLAY) {
		spans_add(sp, R_STALE, 0, "  ○ not recorded");
		spans_add(sp, R_DIM, 1, ": nobody compared at this moment");
		return;
	}
	spans_add(sp, R_STALE, 0, "  ○ not asked yet");
	if (v->mode == MODE_PAUSED)
		spans_add(sp, R_DIM, 1, ": a pause asks nothing, Space goes "
			  "on");
}

static void say_cost(struct spans *sp, const struct changed *c)
{
	if (c->answer->fault)
		spans_add(sp, R_WARN, 1, "◆ %.120s   ", c->answer->fault);
	spans_add(sp, R_DIM, 4, "%u quer%s", c->answer->queries,
		  c->answer->queries == 1 ? "y" : "ies");
}

static bool changedhead_update(void *state, const struct view *v, int w, int h)
{
	struct changedhead *d = state;
	uint64_t stamp = view_stamp(v, w, h);

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->left.nr = d->right.nr = 0;
	if (v->sel)
		spans_add(&d->left, R_BRIGHT, 0, "%.120s",
			  v->sel->service->name);
	if (!v->changed) {
		say_nothing(&d->left, v);
		return true;
	}
	say_windows(&d->left, v->changed, v);
	say_cost(&d->right, v->changed);
	if (v->comparing)
		spans_add(&d->right, R_STALE, 2, "   … again");
	return true;
}

static void changedhead_draw(const void *state, struct surface *s)
{
	const struct changedhead *d = state;

	spans_row(s, 0, 1, s->w - 1, &d->left, &d->right);
}

const struct widget_ops changedhead_widget = {
	.name = "changedhead",
	.help = "what the page of changes compares with what",
	.state_size = sizeof(struct changedhead),
	.min_w = 20, .min_h = 1,
	.update = changedhead_update,
	.draw = changedhead_draw,
};
