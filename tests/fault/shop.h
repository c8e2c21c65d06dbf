/* A Prometheus of three services (svc-000 to svc-002) whose answers can be
 * spoiled, in a thread. Includes fake_prom.c; link with -lz. */
#ifndef TESTS_FAULT_SHOP_H
#define TESTS_FAULT_SHOP_H

#include "tests/fault/fake_prom.c"

struct shop;
typedef void (*shop_spoil)(struct shop *s, const struct evil_ask *ask,
			   struct evil_answer *out);

struct shop {
	struct fake_prom fake;
	/* Read by the server's thread at every request. */
	_Atomic(const char *) behave;  /* every answer like this path of evil.h */
	_Atomic(shop_spoil) spoil;     /* what becomes of every good answer */
	atomic_int number;
	_Atomic(const char *) text;
	atomic_uint asked;
	atomic_uint strange;           /* requests that should not be */
	struct evil_thread *thread;
	char url[EVIL_URL];
};

static void shop_script(const struct evil_ask *a, struct evil_answer *out,
			void *arg)
{
	struct shop *s = arg;
	shop_spoil spoil = s->spoil;
	s->asked++;
	out->behave = s->behave;
	if (out->behave)
		return;
	fake_script(a, out, &s->fake);
	if (spoil)
		spoil(s, a, out);
}

static void shop_start(struct shop *s)
{
	s->fake.opt.services = 3;
	pthread_mutex_init(&s->fake.lock, NULL);
	s->thread = evil_thread_start(shop_script, s);
	evil_url(evil_thread_server(s->thread), "", s->url);
}

static void shop_stop(struct shop *s)
{
	evil_thread_stop(s->thread);
	pthread_mutex_destroy(&s->fake.lock);
	free(s->fake.ask);
}

static inline void shop_cut(struct evil_answer *out, size_t n)
{
	if (n < out->body.len) {
		out->body.len = n;
		out->body.s[n] = '\0';
	}
}

static inline bool shop_is_data(const struct evil_ask *a)
{
	return strncmp(a->path, "/api/v1/query", 13) == 0;
}

/* Asks what there is, not how it does. */
static inline bool shop_is_finding(const struct evil_ask *a)
{
	struct buf query;
	buf_init(&query, 0);
	evil_form(a, "query", &query);
	bool yes = !shop_is_data(a) || strstr(buf_text(&query), "__name__")
		   || strstr(buf_text(&query), "count_over_time");
	buf_release(&query);
	return yes;
}

static void shop_put(struct evil_answer *out, struct buf *body)
{
	buf_release(&out->body);
	out->body = *body;
}

/* Every `from` in the body becomes `to`. */
static inline void shop_replace(struct evil_answer *out, const char *from,
			 const char *to)
{
	struct buf b;
	const char *s = buf_text(&out->body), *at;
	buf_init(&b, 0);
	for (; (at = strstr(s, from)); s = at + strlen(from)) {
		buf_add(&b, s, (size_t)(at - s));
		buf_str(&b, to);
	}
	buf_str(&b, s);
	shop_put(out, &b);
}

/* The next `[time,"value"]` from s on; NULL at the end. */
static const char *shop_point(const char *s, size_t *n)
{
	for (; (s = strchr(s, '[')); s++) {
		size_t k = 1 + strspn(s + 1, "0123456789.");
		if (k > 1 && s[k] == ',' && s[k + 1] == '"') {
			*n = k + 2 + strcspn(s + k + 2, "]") + 1;
			return s;
		}
	}
	return NULL;
}

/* Every point of the body through a function that writes what stands in its
 * place. */
static inline void shop_points(struct evil_answer *out, const char *text,
			void (*write)(struct buf *b, double t, const char *v,
				      const char *text))
{
	struct buf b;
	const char *s = buf_text(&out->body), *at;
	size_t n;
	buf_init(&b, 0);
	for (; (at = shop_point(s, &n)); s = at + n) {
		char value[64];
		const char *v = strchr(at, '"') + 1;
		snprintf(value, sizeof(value), "%.*s", (int)strcspn(v, "\""), v);
		buf_add(&b, s, (size_t)(at - s));
		write(&b, strtod(at + 1, NULL), value, text);
	}
	buf_str(&b, s);
	shop_put(out, &b);
}

#endif
