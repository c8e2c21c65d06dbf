/* What this terminal, host and network can do, and what is wrong: gathered
 * first, then printed as text or JSON. All texts are clean, and none is a
 * secret. */
#ifndef APP_DOCTOR_H
#define APP_DOCTOR_H

#include "app/options.h"
#include "base/arena.h"
#include "base/buf.h"
#include "model/batch.h"
#include "tui/glyph.h"

#define PROBLEMS_MAX 64
#define LOOKED_MAX 16
#define LIBRARIES_MAX 16
#define AWS_STEPS_MAX 16

struct doctor_source {
	const char *name, *kind; /* kind NULL: it is not known what it is */
	const char *base;       /* its name without a number */
	const char *url;        /* or a path; without userinfo, query; or NULL */
	const char *identity;   /* or NULL */
	enum source_state state;
	enum fault fault;
	const char *error;      /* or NULL */
	const char *remedy;     /* to it, or NULL */
	double took_ms, skew_s; /* NAN: not known */
	bool useful;
	int code;               /* of an error before any question, or 0 */
	unsigned long long requests;
	/* The name that is looked up: the proxy's where one applies. */
	struct {
		const char *host, *address, *error; /* NULL: none */
		double took_ms;
	} dns;
	struct {
		const char *url, *from, *why_not;
	} proxy;
	bool tls;               /* an https URL */
	int verified;           /* 1, 0, -1: did not come so far */
	bool userinfo;
};

struct doctor {
	struct arena arena;
	enum graph graph;       /* what this very output may be drawn with */

	struct {
		const char *term;              /* NULL: not set */
		bool tty;
		int colors;                    /* -1: not known */
		const char *colors_why;        /* or NULL */
		const char *charset, *locale, *locale_from;
		const char *graph_why;
		int w, h;                      /* 0: no terminal */
		const char *inside;            /* "tmux, ssh", or NULL */
		const char *fallback;          /* or NULL */
	} terminal;
	struct {
		const char *proxy, *proxy_from, *ca; /* or NULL */
		double skew_s;
	} network;
	struct {
		bool shown;                    /* AWS is used here */
		bool asked;                    /* for keys: a source needs them */
		const char *profile, *profile_from, *region, *region_from;
		const char *endpoint;          /* or NULL: */
		const char *endpoint_from;     /* where from, or why none */
		const char *provider, *error;  /* or NULL */
		double skew_s;
		size_t nr_steps;
		struct {
			const char *provider, *why;
			bool won, failed;
		} step[AWS_STEPS_MAX];
	} aws;
	size_t nr_sources;
	struct doctor_source source[SOURCES_MAX];
	size_t nr_credentials;
	struct {
		const char *name, *note;
	} credential[LOOKED_MAX];
	const char *config;                    /* the first found, or NULL */
	size_t nr_looked;
	struct {
		const char *path, *problem;    /* or NULL */
		bool found;
	} looked[LOOKED_MAX];
	struct {
		const char *path, *error;      /* NULL: writable */
	} recordings;
	size_t nr_libraries;
	struct {
		const char *name, *version;
	} library[LIBRARIES_MAX];
	size_t nr_problems;
	struct {
		const char *what, *remedy;
	} problem[PROBLEMS_MAX];
	bool hung;              /* a name is still being looked up */
};

/* Text from outside, made clean. */
const char *doctor_text(struct doctor *d, const char *s);
/* `remedy` is borrowed for as long as d lives. */
void doctor_problem(struct doctor *d, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* doctor_aws.c: what holds for AWS; asks for keys, for half of o->timeout,
 * only where a source is CloudWatch. */
void doctor_aws(struct doctor *d, const struct options *o);

/* doctor_sources.c: asks each source once, within o->timeout. */
void doctor_ask(struct doctor *d, const struct options *o);

/* doctor_print.c */
void doctor_write_text(const struct doctor *d, struct buf *out);
void doctor_write_json(const struct doctor *d, struct buf *out);

#endif
