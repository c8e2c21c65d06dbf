#include "model/source.h"

void source_emit(struct source *src, struct batch *b)
{
	if (!b->source)
		b->source = src->name;
	src->sink(src, b, src->arg);
}

void source_end(struct source *src)
{
	src->ended(src, src->arg);
}

void source_closed(struct source *src)
{
	src->closed(src, src->arg);
}
