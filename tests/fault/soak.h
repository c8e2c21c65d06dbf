/* A day in seconds: the demo's polls through dashboard, store and screen, and
 * a server's through HTTP, while keys are pressed, sizes change, services come
 * and go, and polls fail. Include fake_prom.c before. */
#ifndef TESTS_FAULT_SOAK_H
#define TESTS_FAULT_SOAK_H

#include "app/dash.h"
#include "base/key.h"
#include "base/mem.h"
#include "sources/demo.h"
#include "sources/prometheus.h"
#include "tui/screen.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define SOAK_STEP ((time_ms)30000)
#define SOAK_DAY 2880   /* steps */

struct soak_costs {
	double rss, heap; /* bytes; heap: what is allocated */
	int files, threads;
};

struct soak {
	uv_loop_t loop;
	struct source demo, prom;
	struct dash *dash;
	struct screen *screen;
	struct arena words;
	bool ended, closed;
	time_ms mono, now;
	unsigned seed;
	unsigned long frames;
};

#if defined(__SANITIZE_ADDRESS__)
#define SOAK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SOAK_SANITIZED 1
#endif
#endif
#ifdef SOAK_SANITIZED
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

static inline double soak_heap(void)
{
#ifdef SOAK_SANITIZED
	return (double)__sanitizer_get_current_allocated_bytes();
#else
	struct mallinfo2 m = mallinfo2();
	return (double)(m.uordblks + m.hblkhd);
#endif
}

static inline int soak_entries(const char *path)
{
	int nr = 0;
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		nr += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return nr;
}

static inline struct soak_costs soak_measure(void)
{
	long pages = 0, unused;
	FILE *f = fopen("/proc/self/statm", "r");
	if (!f || fscanf(f, "%ld %ld", &unused, &pages) != 2)
		abort();
	fclose(f);
	return (struct soak_costs){
		.rss = (double)pages * (double)sysconf(_SC_PAGESIZE),
		.heap = soak_heap(), .files = soak_entries("/proc/self/fd"),
		.threads = soak_entries("/proc/self/task"),
	};
}

static inline unsigned soak_random(struct soak *s, unsigned below)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return (s->seed >> 8) % below;
}

static inline void soak_batch(struct source *src, struct batch *b, void *arg)
{
	struct soak *s = arg;
	b->source = src->name;
	dash_batch(s->dash, b);
	batch_free(b);
}

static inline void soak_ended(struct source *src, void *arg)
{
	(void)src;
	((struct soak *)arg)->ended = true;
}

static inline void soak_closed(struct source *src, void *arg)
{
	(void)src;
	((struct soak *)arg)->closed = true;
}

static inline void soak_open(struct soak *s, struct source *src,
			     const struct source_ops *ops, const char *where)
{
	struct err e;
	*src = (struct source){
		.ops = ops, .state = mem_zero(1, ops->state_size),
		.loop = &s->loop, .name = mem_strdup(ops->name),
		.sink = soak_batch, .ended = soak_ended,
		.closed = soak_closed, .arg = s,
		.newest = TIME_NONE, .oldest = TIME_NONE,
	};
	if (ops->open(src, where, &e) < 0) {
		fprintf(stderr, "soak: %s\n", e.text);
		abort();
	}
}

static inline void soak_close(struct soak *s, struct source *src)
{
	s->closed = false;
	src->ops->close(src);
	while (!s->closed)
		uv_run(&s->loop, UV_RUN_ONCE);
	free(src->state);
	free(src->name);
	free(src->url);
}

/* The words of a want live until the next batch: a poll needs its own. */
static inline void soak_keep(struct soak *s, struct want *w)
{
	size_t n = 0;
	arena_release(&s->words);
	if (w->selected)
		w->selected = arena_strdup(&s->words, w->selected);
	while (w->visible && w->visible[n])
		n++;
	const char **own = arena_alloc(&s->words, (n + 1) * sizeof(*own));
	for (size_t i = 0; i < n; i++)
		own[i] = arena_strdup(&s->words, w->visible[i]);
	w->visible = w->visible ? own : NULL;
}

static inline void soak_poll(struct soak *s, struct source *src, time_ms at,
			     bool cancelled)
{
	struct want w = { .at = TIME_NONE };
	dash_want(s->dash, &w);
	if (w.at == TIME_NONE)
		w.at = at;
	soak_keep(s, &w);
	w.deadline = 10000;
	s->ended = false;
	src->ops->poll(src, &w);
	if (cancelled)
		src->ops->cancel(src);
	while (!s->ended)
		uv_run(&s->loop, UV_RUN_ONCE);
}

/* Sixteen services that are new every hour, and a fault now and then. */
static inline void soak_churn(struct soak *s)
{
	static const struct shape shape = {
		.id = 1, .label = "job", .metric = "churn", .layer = LAYER_APP,
		.status_label = "code", .status = STATUS_HTTP,
		.method = METHOD_NONE, .note = "no histogram",
		.interval = SOAK_STEP, .window = 60000,
		.question = { [RED_RATE] = "churn" },
	};
	enum { NR = 16 };
	struct batch *b = batch_new(0);
	uint32_t asked = question_id(1, RED_RATE);
	struct service_def def[NR];
	struct frame f[NR];
	struct label l[NR];
	double v[NR];
	char name[NR][32];
	time_ms hour = s->now / 3600000;
	for (int i = 0; i < NR; i++) {
		snprintf(name[i], sizeof(name[i]), "churn-%lld-%d",
			 (long long)(hour % 100000), i);
		def[i] = (struct service_def){ .name = name[i],
					       .value = name[i], .shape = 1 };
		l[i] = (struct label){ "job", name[i] };
		v[i] = soak_random(s, 1000);
		f[i] = (struct frame){ .question = asked, .labels = { 1, &l[i] },
				       .nr = 1, .t = &s->now, .v = &v[i] };
	}
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = NR, .service = def };
	b->source = "churn";
	b->at = b->from = b->to = b->settled = s->now;
	b->step = SOAK_STEP;
	b->tick = b->instant = true;
	b->catalog = &c;
	b->asked = &asked;
	b->nr_asked = 1;
	b->frame = f;
	b->nr = NR;
	if (soak_random(s, 20) == 0) {
		b->nr = b->nr_asked = 0;
		b->fault = FAULT_REFUSED;
		b->error = "127.0.0.1:9 refused the connection";
	}
	dash_batch(s->dash, b);
	batch_free(b);
}

static inline void soak_hands(struct soak *s)
{
	static const int keys[] = { '1', '2', '3', '6', '8', 'j', 'k', K_ENTER,
				    K_ESC, '?', K_ESC, K_LEFT, K_RIGHT, 'f',
				    '+', '-', K_TAB, 'e', K_ESC, '/', 'c',
				    K_ESC, K_F2, K_ESC, 's', K_PGDN, K_HOME };
	static const int sizes[][2] = { { 80, 24 },  { 120, 40 }, { 200, 60 },
					{ 20, 5 },   { 300, 80 }, { 60, 20 } };
	for (unsigned n = soak_random(s, 4); n > 0; n--)
		dash_key(s->dash, keys[soak_random(s, sizeof(keys)
						      / sizeof(*keys))]);
	while (dash_request(s->dash) != REQUEST_NONE)
		;
	/* What stops polls is not left on. */
	if (!dash_polling(s->dash))
		dash_key(s->dash, '0');
	if (soak_random(s, 10) == 0) {
		const int *size = sizes[soak_random(s, 6)];
		dash_resize(s->dash, size[0], size[1]);
		screen_resize(s->screen, size[0], size[1]);
	}
}

static inline void soak_frame(struct soak *s)
{
	size_t n;
	dash_frame(s->dash);
	screen_show(s->screen, dash_surface(s->dash), theme_builtin("ember"));
	screen_bytes(s->screen, &n);
	screen_taken(s->screen, n);
	s->frames++;
}

static inline void soak_begin(struct soak *s, const char *url)
{
	const char *notice;
	struct err e;
	*s = (struct soak){ .mono = 1000, .now = demo_fixed_now, .seed = 11 };
	arena_init(&s->words, 0);
	uv_loop_init(&s->loop);
	struct dash_options o = {
		.w = 120, .h = 40, .range = 3600000, .title = "soak",
		.at = TIME_NONE, .now = demo_fixed_now, .theme = "ember",
	};
	s->dash = dash_new(&o);
	s->screen = screen_new("xterm-256color", 120, 40, false, &notice, &e);
	screen_begin(s->screen);
	soak_open(s, &s->demo, &demo_ops, "");
	soak_open(s, &s->prom, &prometheus_ops, url);
	store_declare(dash_store(s->dash), s->demo.name, s->demo.period);
	store_declare(dash_store(s->dash), s->prom.name, SOAK_STEP);
	store_declare(dash_store(s->dash), "churn", SOAK_STEP);
}

/* One poll period of everything; the i-th. A server is asked every fourth
 * time, and opened anew, which finds all its services again, now and then. */
static inline void soak_step(struct soak *s, unsigned long i, const char *url)
{
	s->now += SOAK_STEP;
	s->mono += SOAK_STEP;
	soak_poll(s, &s->demo, s->now, false);
	if (i % 4 == 0) /* one in ten is cancelled */
		soak_poll(s, &s->prom, s->now, soak_random(s, 10) == 0);
	soak_churn(s);
	if (i % 240 == 239) {
		soak_close(s, &s->prom);
		soak_open(s, &s->prom, &prometheus_ops, url);
	}
	soak_hands(s);
	dash_tick(s->dash, s->mono);
	soak_frame(s);
}

static inline void soak_end(struct soak *s)
{
	soak_close(s, &s->demo);
	soak_close(s, &s->prom);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	dash_free(s->dash);
	screen_free(s->screen);
	arena_release(&s->words);
}

/* The most of each within a part of the day. */
static inline void soak_most(struct soak_costs *most,
			     const struct soak_costs *c)
{
	most->rss = c->rss > most->rss ? c->rss : most->rss;
	most->heap = c->heap > most->heap ? c->heap : most->heap;
	most->files = c->files > most->files ? c->files : most->files;
	most->threads = c->threads > most->threads ? c->threads
						   : most->threads;
}

/* What its last quarter takes beyond its second: by then everything that is
 * kept has been there. */
static inline struct soak_costs soak_run(unsigned long steps)
{
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 8 });
	struct soak_costs part[4] = { { 0 } };
	struct soak s;
	soak_begin(&s, fake_prom_url(f));
	for (unsigned long i = 0; i < steps; i++) {
		soak_step(&s, i, fake_prom_url(f));
		if (i % 10 == 0) {
			struct soak_costs c = soak_measure();
			soak_most(&part[i * 4 / steps], &c);
		}
	}
	soak_end(&s);
	fake_prom_stop(f);
	return (struct soak_costs){
		.rss = part[3].rss - part[1].rss,
		.heap = part[3].heap - part[1].heap,
		.files = part[3].files - part[1].files,
		.threads = part[3].threads - part[1].threads,
	};
}

#endif
