#include "app/refused.h"

#include "app/session.h"
#include "base/limits.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

static int refused_open(struct source *src, const char *where, struct err *e)
{
	(void)src;
	(void)where;
	(void)e;
	return 0;
}

/* One clean sentence of a sentence's length. */
static const char *sentence(struct arena *a, const char *text)
{
	struct buf b;
	buf_init(&b, LIMIT_SENTENCE);
	text_clean(&b, text, strlen(text));
	const char *own = arena_strdup(a, buf_text(&b));
	buf_release(&b);
	return own;
}

static void refused_poll(struct source *src, const struct want *w)
{
	const struct err *why = src->state;
	struct batch *b = batch_new(0);
	struct source_status *s = arena_alloc(&b->arena, sizeof(*s));
	*s = (struct source_status){ .kind = src->ops->name, .skew_s = NAN,
				     .next = TIME_NONE };
	b->at = w->at != TIME_NONE ? w->at : clock_wall();
	b->from = b->to = b->settled = b->at;
	b->instant = b->tick = true;
	b->fault = FAULT_AUTH;
	b->error = sentence(&b->arena, why->text);
	b->status = s;
	source_emit(src, b);
	source_end(src);
}

static void refused_cancel(struct source *src)
{
	(void)src; /* a poll is over before anybody could end it */
}

static void refused_close(struct source *src)
{
	source_closed(src);
}

struct source_ops refused_ops(const struct source_ops *of)
{
	return (struct source_ops){
		.name = of->name, .help = of->help,
		.state_size = sizeof(struct err), .open = refused_open,
		.poll = refused_poll, .cancel = refused_cancel,
		.close = refused_close,
	};
}
