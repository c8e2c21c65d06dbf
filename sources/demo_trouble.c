/* One hash of the seed, cut into choices. */
#include "sources/demo_trouble.h"

#include "sources/demo.h"
#include "sources/demo_routes.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *const versions[][2] = {
	{ "v612", "v613" }, { "v88", "v89" }, { "v1204", "v1205" },
	{ "v377", "v378" }, { "v951", "v952" }, { "v43", "v44" },
	{ "v719", "v720" }, { "v266", "v267" }, { "v830", "v831" },
	{ "v505", "v506" }, { "v1417", "v1418" }, { "v194", "v195" },
};

static const char *const zones[] = { "zone-a", "zone-b", "zone-c", "zone-d",
				     "zone-e", "zone-f", "zone-g" };

static const char *const clients[] = {
	"web", "ios-5.2", "android-5.1", "partner-api", "kiosk", "ios-5.3",
	"android-5.2", "till", "ios-5.1", "voice", "android-5.0",
};

/* What checkout alone depends on: nobody else's row shows it. */
static const char *const upstreams[] = {
	"fraud-score", "tax-rates", "ledger", "address-lookup", "vouchers",
	"stock-holds", "delivery-slots",
};

static const char *const instances[] = {
	"10.4.1.17:8080", "10.4.1.42:8080", "10.4.1.63:8080",
	"10.4.1.90:8080", "10.4.1.118:8080", "10.4.1.201:8080",
	"10.4.2.9:8080", "10.4.2.31:8080", "10.4.2.77:8080",
	"10.4.2.104:8080", "10.4.2.150:8080", "10.4.2.233:8080",
	"10.4.3.5:8080", "10.4.3.58:8080", "10.4.3.86:8080",
	"10.4.3.121:8080", "10.4.3.166:8080", "10.4.3.240:8080",
	"10.4.4.12:8080", "10.4.4.39:8080", "10.4.4.71:8080",
	"10.4.4.139:8080", "10.4.4.188:8080",
};

/* None of them has a series that tells its versions. */
static const char *const others[] = { "inventory", "recommendation", "edge",
				      NULL };

uint64_t trouble_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static size_t pick(uint64_t seed, uint64_t what, size_t nr)
{
	return (size_t)(trouble_mix(trouble_mix(seed) + what) % nr);
}

static double part(uint64_t seed, uint64_t what)
{
	return (double)pick(seed, what, 1001) / 1000;
}

static void pick_names(const char *const *pool, size_t size, size_t first,
		       const char **out, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		out[i] = pool[(first + i) % size];
}

/* The first two are what every shop has. */
static void pick_upstreams(struct trouble *t, size_t first)
{
	t->upstream[0] = "acquirer";
	t->upstream[1] = "orders-db";
	pick_names(upstreams, COUNT(upstreams), first, t->upstream + 2,
		   TROUBLE_UPSTREAMS - 2);
}

static void pick_versions(struct trouble *t, uint64_t seed)
{
	bool deployed = t->kind == TROUBLE_ROUTE || t->kind == TROUBLE_VERSION;
	size_t i = pick(seed, 3, COUNT(versions));
	t->before = versions[i][0];
	t->after = deployed ? versions[i][1] : NULL;
	t->other = deployed ? NULL : others[pick(seed, 4, COUNT(others))];
}

const char *trouble_instance(const struct trouble *t, size_t service, size_t k)
{
	return instances[(t->first_instance + service * 5 + k)
			 % COUNT(instances)];
}

static void blame(struct trouble *t, const char *label, const char *value,
		  size_t bad)
{
	t->label = label;
	t->value = value;
	t->bad = bad;
}

static void blame_route(struct trouble *t, size_t draw)
{
	const struct demo_route *r;
	size_t nr = demo_routes(DEMO_CHECKOUT, &r);
	blame(t, "route", r[draw % nr].name, draw % nr);
}

static void choose(struct trouble *t, size_t draw)
{
	size_t zone = draw % TROUBLE_ZONES, client = draw % TROUBLE_CLIENTS;
	size_t upstream = 2 + draw % (TROUBLE_UPSTREAMS - 2);
	switch (t->kind) {
	case TROUBLE_ROUTE:
		blame_route(t, draw);
		break;
	case TROUBLE_VERSION:
		blame(t, "version", t->after, 1);
		t->share = .5;
		break;
	case TROUBLE_ZONE:
		blame(t, "zone", t->zone[zone], zone);
		break;
	case TROUBLE_INSTANCE:
		blame(t, "instance",
		      trouble_instance(t, DEMO_CHECKOUT, draw % 12), draw % 12);
		break;
	case TROUBLE_UPSTREAM:
		blame(t, "upstream", t->upstream[upstream], upstream);
		break;
	default:
		blame(t, "client", t->client[client], client);
	}
}

void trouble_of(uint64_t seed, struct trouble *out)
{
	struct trouble *t = out;
	*t = (struct trouble){
		.share = .43 + .06 * part(seed, 1),
		.carries = .88 + .04 * part(seed, 2),
		.first_instance = pick(seed, 5, COUNT(instances)),
	};
	pick_names(zones, COUNT(zones), pick(seed, 6, COUNT(zones)), t->zone,
		   TROUBLE_ZONES);
	pick_names(clients, COUNT(clients), pick(seed, 7, COUNT(clients)),
		   t->client, TROUBLE_CLIENTS);
	pick_upstreams(t, pick(seed, 8, COUNT(upstreams)));
	if (seed == STORY_SEED) {
		t->before = "v841";
		t->after = "v842";
		blame_route(t, 0);
		return;
	}
	t->kind = (enum trouble_kind)(1 + pick(seed, 9, TROUBLE_KINDS - 1));
	pick_versions(t, seed);
	choose(t, pick(seed, 10, 5040));
}

void demo_planted(uint64_t seed, const char **label, const char **value)
{
	struct trouble t;
	trouble_of(seed, &t);
	*label = t.label;
	*value = t.value;
}
