/* Without a terminal and faster than time: frames, recordings, seeking. */
#include "app/dash.h"
#include "record/replay.h"
#include "record/writer.h"
#include "sources/demo.h"
#include "tests/fault/soak.h"
#include "tui/screen.h"

/* Every allocation of the process, curses' own included; a sanitizer has its
 * own malloc, and then nothing is counted. */
static size_t allocations;
#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t nr, size_t n);
extern void *__libc_realloc(void *p, size_t n);

void *malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *calloc(size_t nr, size_t n)
{
	allocations++;
	return __libc_calloc(nr, n);
}

void *realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}
#endif

/* A dashboard of a source that is asked by hand. */
struct inside {
	uv_loop_t loop;
	struct source src;
	struct dash *dash;     /* or NULL */
	struct writer *writer; /* or NULL */
	struct screen *screen;
	bool ended, closed;
	time_ms mono;
};

static void inside_batch(struct source *src, struct batch *b, void *arg)
{
	struct inside *x = arg;
	struct err e;
	(void)src;
	if (x->dash)
		dash_batch(x->dash, b);
	if (x->writer)
		writer_add(x->writer, b, &e);
	batch_free(b);
}

static void inside_ended(struct source *src, void *arg)
{
	(void)src;
	((struct inside *)arg)->ended = true;
}

static void inside_closed(struct source *src, void *arg)
{
	(void)src;
	((struct inside *)arg)->closed = true;
}

static void inside_open(struct inside *x, const struct source_ops *ops,
			const char *where, int w, int h)
{
	struct err e;
	const char *notice;
	*x = (struct inside){ .mono = 1000 };
	uv_loop_init(&x->loop);
	x->src = (struct source){
		.ops = ops, .state = mem_zero(1, ops->state_size),
		.loop = &x->loop, .name = mem_strdup(ops->name),
		.sink = inside_batch, .ended = inside_ended,
		.closed = inside_closed, .arg = x,
		.newest = TIME_NONE, .oldest = TIME_NONE,
	};
	if (ops->open(&x->src, where, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
	struct dash_options o = {
		.w = w, .h = h, .range = 3600000, .title = "demo",
		.at = TIME_NONE, .now = demo_fixed_now, .theme = "ember",
		.replay = ops == &replay_ops,
	};
	x->dash = dash_new(&o);
	if (o.replay)
		dash_set_replay(x->dash, &x->src);
	else
		store_declare(dash_store(x->dash), x->src.name, x->src.period);
	x->screen = screen_new("xterm-256color", w, h, false, &notice, &e);
	screen_begin(x->screen);
}

static void inside_close(struct inside *x)
{
	x->src.ops->close(&x->src);
	while (!x->closed)
		uv_run(&x->loop, UV_RUN_ONCE);
	uv_run(&x->loop, UV_RUN_DEFAULT);
	uv_loop_close(&x->loop);
	dash_free(x->dash);
	screen_free(x->screen);
	free(x->src.state);
	free(x->src.name);
	free(x->src.url);
}

static void inside_poll(struct inside *x, time_ms at)
{
	struct want w;
	dash_want(x->dash, &w);
	w.at = at;
	x->ended = false;
	x->src.ops->poll(&x->src, &w);
	while (!x->ended)
		uv_run(&x->loop, UV_RUN_ONCE);
}

/* Bytes of one frame, which the terminal takes. */
static size_t inside_frame(struct inside *x)
{
	size_t n;
	dash_frame(x->dash);
	screen_show(x->screen, dash_surface(x->dash), theme_builtin("ember"));
	screen_bytes(x->screen, &n);
	screen_taken(x->screen, n);
	return n;
}

/* The demo's next poll. */
static void inside_step(struct inside *x, int i)
{
	x->mono += x->src.period;
	inside_poll(x, demo_fixed_now + i * x->src.period);
	dash_tick(x->dash, x->mono);
}

/* ---- frames ----------------------------------------------------------- */

#define FRAMES 300

static void bench_unchanged(struct results *r)
{
	struct inside x;
	inside_open(&x, &demo_ops, "", 120, 40);
	for (int i = 0; i < 3; i++) {
		inside_step(&x, i);
		inside_frame(&x);
	}
	struct samples took = { .nr = 0 };
	size_t before = allocations, bytes = 0;
	for (int i = 0; i < 1000; i++) {
		double since = now_us();
		dash_tick(x.dash, x.mono);
		bytes += inside_frame(&x);
		sample(&took, now_us() - since);
	}
	size_t nr = allocations - before;
	inside_close(&x);
	result_add(r, "frame.unchanged_bytes", (double)bytes / 1000, "B")
		->note = "of 1000 frames in which nothing happened";
	result_add(r, "frame.unchanged_allocs", (double)nr / 1000,
		   "allocs");
	result_add(r, "frame.unchanged_us", percentile(&took, 0.5), "us");
}

static const struct frame_row {
	int w, h;
	const char *us, *bytes, *allocs;
	int page;                /* its key, or 0 */
} frame_rows[] = {
	{ 120, 40, "frame.changed_us_120x40", "frame.changed_bytes_120x40",
	  "frame.changed_allocs_120x40", 0 },
	{ 120, 40, "frame.slo_us_120x40", "frame.slo_bytes_120x40",
	  "frame.slo_allocs_120x40", '5' },
	{ 120, 40, "frame.what_changed_us_120x40",
	  "frame.what_changed_bytes_120x40",
	  "frame.what_changed_allocs_120x40", 'w' },
	{ 200, 60, "frame.changed_us_200x60", "frame.changed_bytes_200x60",
	  "frame.changed_allocs_200x60", 0 },
};

static void bench_changed(struct results *r, const struct frame_row *row)
{
	struct samples took = { .nr = 0 }, bytes = { .nr = 0 };
	struct samples allocs = { .nr = 0 };
	struct inside x;
	inside_open(&x, &demo_ops, "", row->w, row->h);
	if (row->page) {
		inside_step(&x, 0);
		inside_frame(&x);
		dash_key(x.dash, row->page);
	}
	for (int i = 0; i < FRAMES; i++) {
		inside_step(&x, i);
		size_t before = allocations;
		double since = now_us();
		size_t n = inside_frame(&x);
		if (i < 2)
			continue; /* paints the whole screen; a first cell */
		sample(&took, now_us() - since);
		sample(&bytes, (double)n);
		sample(&allocs, (double)(allocations - before));
	}
	inside_close(&x);
	result_add(r, row->us, percentile(&took, 0.5), "us")->note =
		"update, draw and show after a poll of the demo";
	result_add(r, row->bytes, mean(&bytes), "B");
	result_add(r, row->allocs, mean(&allocs), "allocs");
}

static void bench_frames(struct results *r, const struct home *h)
{
	(void)h;
	bench_unchanged(r);
	for (size_t i = 0; i < sizeof(frame_rows) / sizeof(frame_rows[0]); i++)
		bench_changed(r, &frame_rows[i]);
}

/* ---- a recording ------------------------------------------------------ */

#define TICKS 1800
#define SEEKS 100

static void record_demo(struct results *r, const char *path)
{
	struct inside x;
	struct err e;
	inside_open(&x, &demo_ops, "", 120, 40);
	x.writer = writer_open(path, demo_fixed_now, "bench", &e);
	if (!x.writer) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
	inside_step(&x, 0);
	double first = (double)writer_bytes(x.writer);
	for (int i = 1; i <= TICKS; i++)
		inside_step(&x, i);
	double all = (double)writer_bytes(x.writer);
	writer_close(x.writer, &e);
	x.writer = NULL;
	inside_close(&x);
	result_add(r, "record.first_bytes", first, "B")->note =
		"the first poll: the whole range of the charts";
	result_add(r, "record.tick_bytes", (all - first) / TICKS, "B")->note =
		"a poll of the demo, all services, charts of 120x40";
}

static void bench_recording(struct results *r, const struct home *h)
{
	static char note[100];
	char path[80];
	struct samples took = { .nr = 0 };
	struct inside x;
	unsigned seed = 7;
	snprintf(path, sizeof(path), "%s/demo.redtop", h->dir);
	record_demo(r, path);
	inside_open(&x, &replay_ops, path, 120, 40);
	time_ms from = x.src.oldest, to = x.src.newest;
	for (int i = 0; i < SEEKS; i++) {
		seed = seed * 1103515245u + 12345u;
		time_ms at = from + (time_ms)((double)(to - from)
					      * (seed >> 8) / (1u << 24));
		double since = now_us();
		inside_poll(&x, at);
		inside_frame(&x);
		sample(&took, (now_us() - since) / 1000);
	}
	snprintf(note, sizeof(note), "to any moment of %d min until it is "
		 "drawn", (int)((to - from) / 60000));
	inside_close(&x);
	unlink(path);
	result_add(r, "replay.seek_ms", percentile(&took, 0.5), "ms")->note =
		note;
	result_add(r, "replay.seek_p99_ms", percentile(&took, 0.99), "ms");
}

/* ---- a day ------------------------------------------------------------ */

static void bench_soak(struct results *r, const struct home *h)
{
	(void)h;
	result_add(r, "soak.rss_growth_bytes", soak_run(SOAK_DAY).rss, "B")
		->note = "from the second to the last quarter of 24 h";
}
