/* One line under the table of objectives: what the selected one promises. */
#include "widgets/objective.h"

#include <stdio.h>

struct slohead {
	uint64_t stamp;
	struct spans left, right;
};

static void say_state(struct spans *sp, const struct slo_row *r,
		      const struct view *v)
{
	struct sign sign = sign_of_objective(r);
	char text[TIME_TEXT];

	if (r->fault) {
		spans_add(sp, R_WARN, 0, "cannot be evaluated");
		return;
	}
	if (r->state == STATE_STALE) {
		spans_add(sp, R_DIM, 0, "last values ");
		spans_add(sp, R_TEXT, 0, "%s old", age_text(r->age, text));
		return;
	}
	if (r->state == STATE_OK || r->asking)
		return;
	spans_add(sp, sign.role, 0, "%s %s", sign.glyph, sign.word);
	if (r->since == TIME_NONE)
		return;
	spans_add(sp, R_DIM, 1, " since ");
	spans_add(sp, R_TEXT, 1, "%s", moment_text(r->since, v->now, text));
}

static bool slohead_update(void *state, const struct view *v, int w, int h)
{
	struct slohead *d = state;
	uint64_t stamp = view_stamp(v, w, h);
	const struct slo_row *r = view_objective(v);
	char name[OBJECTIVE_NAME];

	if (stamp == d->stamp)
		return false;
	d->stamp = stamp;
	d->left.nr = d->right.nr = 0;
	if (!r)
		return true;
	spans_add(&d->left, R_BRIGHT, 0, "▌ %s", objective_name(r, name));
	if (r->group[0])
		spans_add(&d->left, R_DIM, 3, "  %.120s", r->group);
	spans_add(&d->left, R_TEXT, 0, "   ");
	spans_promise(&d->left, r, 4);
	if (r->def && r->def->runbook)
		spans_add(&d->left, R_DIM, 5, "   runbook %.120s",
			  r->def->runbook);
	say_state(&d->right, r, v);
	return true;
}

static void slohead_draw(const void *state, struct surface *s)
{
	const struct slohead *d = state;

	spans_row(s, 0, 1, s->w - 1, &d->left, &d->right);
}

const struct widget_ops slohead_widget = {
	.name = "slohead",
	.help = "what the selected objective promises, and over which period",
	.state_size = sizeof(struct slohead),
	.min_w = 20, .min_h = 1,
	.update = slohead_update,
	.draw = slohead_draw,
};
