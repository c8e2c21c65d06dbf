/* A Prometheus that is not there: services that share one shape
 * (`http_request_duration_seconds` by job and code, twelve buckets), any time
 * answerable at once, always the same. It runs in a thread of its own on
 * 127.0.0.1 and answers what redtop asks: build, names, discovery, instants
 * and ranges, tagged or not.
 *
 *	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
 *		.services = 50, .delay_ms = 50 });
 *	run("./redtop", fake_prom_url(f));
 *	fake_prom_stop(f);
 *
 * Include fake_prom.c, which includes evil.c, and link with -lz. */
#ifndef TESTS_FAULT_FAKE_PROM_H
#define TESTS_FAULT_FAKE_PROM_H

#include "base/buf.h"
#include "base/clock.h"

#define FAKE_PROM_BUCKETS 12
#define FAKE_PROM_SCRAPE ((time_ms)15000) /* its scrape interval */

/* What it says to expressions of a person's own file. */
struct fake_row {
	const char *has, *and; /* both stand in the expression; NULL: any */
	/* Members of a JSON object, one a series; %d: each of the groups. */
	const char *labels[4];
	int groups;            /* 0: one */
	const char *value;     /* as JSON has it, "1.5", "NaN"; NULL: */
	double (*at)(int group, time_ms t); /* NAN: no point there */
	bool absent;           /* it knows nothing of it */
	bool histograms;       /* of which `value` is the sum */
	/* In place of all, whatever else was asked beside it: */
	const char *body;      /* with this status, */
	int status;
	const char *behave;    /* or like this path of evil.h */
};

struct fake_prom_options {
	int services;     /* named svc-000, svc-001, ... */
	int delay_ms;     /* before the first byte of every answer */
	const char *line; /* of the head: 401 without it; NULL: anyone */
	const char *prefix; /* path before /api, as a proxy has it; or NULL */
	bool get_only;    /* 403 for POST, as read-only proxies answer */
	/* The first row that fits an expression answers it; ends with an empty
	 * one. NULL: nobody has a file. */
	const struct fake_row *own;
};

/* One request, as it came. */
struct fake_ask {
	int64_t at_us;    /* monotonic */
	size_t sent;      /* bytes of the answer's body */
	size_t points;    /* in it */
	bool range;
};

struct fake_prom;

struct fake_prom *fake_prom_start(const struct fake_prom_options *o);
void fake_prom_stop(struct fake_prom *f);
/* Lives as long as the server. */
const char *fake_prom_url(const struct fake_prom *f);
/* Requests so far; the i-th of them. */
size_t fake_prom_asked(struct fake_prom *f);
struct fake_ask fake_prom_ask(struct fake_prom *f, size_t i);

/* The answer to a range question for the buckets of so many services, without
 * a server: services * FAKE_PROM_BUCKETS series. Returns its points. */
size_t fake_prom_buckets(struct buf *out, int services, time_ms from,
			 time_ms to, time_ms step);

#endif
