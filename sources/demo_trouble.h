/* What goes wrong in a simulated shop, which its seed decides: one value of one
 * label of checkout carries what is new, and perhaps a deploy stands beside it.
 * The shop of the pictures has the story of its own that demo_story.h tells. */
#ifndef SOURCES_DEMO_TROUBLE_H
#define SOURCES_DEMO_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trouble_kind {
	TROUBLE_PICTURED, /* the pool of connections to the acquirer */
	TROUBLE_ROUTE,    /* one route of the new version */
	TROUBLE_VERSION,  /* the new version, on half of the instances */
	TROUBLE_ZONE,
	TROUBLE_INSTANCE, /* fails so fast that it is given most requests */
	TROUBLE_UPSTREAM,
	TROUBLE_CLIENT,
	TROUBLE_KINDS
};

#define TROUBLE_ZONES 3
#define TROUBLE_CLIENTS 4
#define TROUBLE_UPSTREAMS 6

struct trouble {
	enum trouble_kind kind;
	const char *label, *value; /* to blame */
	size_t bad;                /* that value's place in its label */
	double share;              /* of the requests that it has meanwhile */
	double carries;            /* of the new errors and the new slow ones */
	const char *before, *after;/* versions of checkout; after NULL: it is
				      not deployed */
	size_t first_instance;     /* of trouble_instance() */
	const char *other;         /* service that is deployed in the same
				      minute, or NULL */
	const char *zone[TROUBLE_ZONES];
	const char *client[TROUBLE_CLIENTS];
	const char *upstream[TROUBLE_UPSTREAMS]; /* of checkout */
};

void trouble_of(uint64_t seed, struct trouble *out);
/* The name of a service's k-th instance. */
const char *trouble_instance(const struct trouble *t, size_t service, size_t k);

/* splitmix64's finisher: what every draw of the demo is made of. */
uint64_t trouble_mix(uint64_t x);

#endif
