/* What the simulated shop runs on: how much of a pool, a host or a table is
 * used, as a function of the story. And the few queries about it that the demo
 * understands. */
#ifndef SOURCES_DEMO_RESOURCE_H
#define SOURCES_DEMO_RESOURCE_H

#include "model/catalog.h"
#include "sources/demo_story.h"

/* All resources of a kind are asked with the same words: its shape. */
enum resource_kind { KIND_POOL, KIND_CPU, KIND_MEMORY, KIND_DISK,
		     KIND_TABLE_READ, KIND_TABLE_WRITE, RESOURCE_KINDS };

struct demo_resource {
	const char *id;          /* "pool:orders-db" */
	const char *value;       /* of the kind's label */
	enum resource_kind kind;
	double limit;            /* in the kind's own unit */
	double usual;            /* used, of the limit */
	enum demo_service load;  /* whose traffic moves it, */
	double swing;            /* and how much of it */
	double trouble;          /* what the pictured incident adds, of the
				    limit */
};
size_t demo_resources(const struct demo_resource **out);
double demo_resource_used(const struct story *st, const struct demo_resource *r,
			  time_ms t);

/* What a query asks for. */
struct resource_query {
	enum resource_kind kind;
	const char *value;       /* of that resource alone, or NULL: all, */
	enum { QUERY_EACH, QUERY_MAX, QUERY_MIN, QUERY_MEAN, QUERY_SUM } fold;
	double scale;            /* of a share; 0: it is no share */
	time_ms over;            /* averaged over so much; 0: of a moment */
	double above, below;     /* else it has no value */
};
/* False: it names no metric of the shop. `unit` may be NULL. */
bool resource_query_read(const char *query, const char *unit, time_ms period,
			 struct resource_query *out);
/* Of one resource, or folded (r NULL); NAN: nothing. */
double resource_query_at(const struct resource_query *q,
			 const struct story *st, const struct demo_resource *r,
			 time_ms t);

#endif
