/* Programs in a terminal: when they show the first thing, how soon they
 * answer a key, and what a minute of them costs. */
#include "tests/bench/measure.h"
#include "tests/bench/results.h"
#include "tests/fault/fake_prom.c"
#include "tests/pty/pty.c"

#define SOON 20000.0 /* ms: what is not there by then is not measured */

/* Nobody's settings are read, nobody's files are written. */
struct home {
	char dir[64], variable[80];
	const char *env[16];
};

static void home_make(struct home *h)
{
	static const char *const unset[] = {
		"XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME",
		"XDG_CACHE_HOME", "PROMETHEUS_URL", "REDTOP_GRAPH",
		"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", NULL,
	};
	size_t n = 1;
	snprintf(h->dir, sizeof(h->dir), "/tmp/redtop-bench-XXXXXX");
	if (!mkdtemp(h->dir))
		die("a directory for peers");
	snprintf(h->variable, sizeof(h->variable), "HOME=%s", h->dir);
	h->env[0] = h->variable;
	for (size_t i = 0; unset[i]; i++)
		h->env[n++] = unset[i];
	h->env[n] = NULL;
}

static void home_remove(const struct home *h)
{
	char command[96];
	snprintf(command, sizeof(command), "rm -rf '%s'", h->dir);
	if (system(command) != 0)
		fprintf(stderr, "bench: %s is left behind\n", h->dir);
}

static const char *redtop_path(void)
{
	const char *path = getenv("REDTOP");
	return path && *path ? path : "./redtop";
}

static struct pty *run(const struct home *h, const char *program,
		       const char *argument, int w, int hgt)
{
	const char *argv[] = { program, argument, NULL };
	return pty_start(&(struct pty_options){ .argv = argv, .env = h->env,
						.w = w, .h = hgt });
}

/* Milliseconds from `since` until it holds, NAN at the deadline. */
static double until(struct pty *p, double since,
		    bool (*holds)(struct pty *p, const void *arg),
		    const void *arg, double ms)
{
	while (now_ms() - since < ms) {
		if (read_some(p, pty_ms() + 20) && holds(p, arg))
			return now_ms() - since;
		if (p->eof)
			return NAN;
	}
	return NAN;
}

static bool has_digit(const char *s)
{
	return s[strcspn(s, "0123456789")] != '\0';
}

static bool shows_anything(struct pty *p, const void *arg)
{
	const char *s = pty_screen(p);
	(void)arg;
	return s[strspn(s, " \n")] != '\0';
}

/* A row that names this service, and a number behind the name. */
static bool shows_rate(struct pty *p, const void *name)
{
	for (int y = 0; y < p->h; y++) {
		const char *at = strstr(pty_row(p, y), name);
		if (at && has_digit(at + strlen(name) + 3))
			return true;
	}
	return false;
}

/* The table of processes has its first row. */
static bool shows_processes(struct pty *p, const void *header)
{
	for (int y = 0; y + 1 < p->h; y++)
		if (strstr(pty_row(p, y), header))
			return has_digit(pty_row(p, y + 1));
	return false;
}

/* ---- start ------------------------------------------------------------ */

#define STARTS 7

static double first(const struct home *h, const char *program,
		    const char *argument,
		    bool (*holds)(struct pty *p, const void *arg),
		    const void *arg)
{
	double since = now_ms();
	struct pty *p = run(h, program, argument, 120, 40);
	double took = until(p, since, holds, arg, SOON);
	pty_free(p);
	return took;
}

static double median_first(const struct home *h, const char *program,
			   const char *argument,
			   bool (*holds)(struct pty *p, const void *arg),
			   const void *arg)
{
	struct samples s = { .nr = 0 };
	if (!installed(program) && !strchr(program, '/')) {
		fprintf(stderr, "bench: %s is not installed: no peer\n",
			program);
		return NAN;
	}
	for (int i = 0; i < STARTS; i++)
		sample(&s, first(h, program, argument, holds, arg));
	return percentile(&s, 0.5);
}

/* Against a server of so many services. */
static double served(const struct home *h, int services,
		     bool (*holds)(struct pty *p, const void *arg))
{
	struct fake_prom_options o = { .services = services, .delay_ms = 50 };
	struct fake_prom *f = fake_prom_start(&o);
	double ms = median_first(h, redtop_path(), fake_prom_url(f), holds,
				 "svc-");
	fake_prom_stop(f);
	return ms;
}

static void bench_start(struct results *r, const struct home *h)
{
	result_add(r, "start.first_frame_ms", served(h, 10, shows_anything),
		   "ms")->note = "anything; the server answers after 50 ms";
	result_add(r, "start.first_useful_ms", served(h, 10, shows_rate), "ms")
		->note = "a rate of 10 services; answers after 50 ms";
	result_add(r, "start.first_useful_200_ms", served(h, 200, shows_rate),
		   "ms")->note = "a rate of 200 services";
	double demo = median_first(h, redtop_path(), "demo", shows_rate,
				   "checkout");
	struct result *x = result_add(r, "start.demo_useful_ms", demo, "ms");
	x->note = "first full frame";
	result_peer(x, "htop", median_first(h, "htop", NULL, shows_processes,
					    " PID "));
	result_peer(x, "btop", median_first(h, "btop", NULL, shows_processes,
					    "Pid:"));
}

/* ---- keys ------------------------------------------------------------- */

#define KEYS 300
#define LOST 1000.0 /* ms: what a key that changed nothing counts as */

/* The row of the chosen service, or -1. */
static int marked(struct pty *p)
{
	for (int y = 0; y < p->h; y++)
		if (strncmp(pty_row(p, y), "▌", strlen("▌")) == 0)
			return y;
	return -1;
}

static bool has_moved(struct pty *p, const void *from)
{
	return marked(p) != *(const int *)from;
}

/* Down from the first row, up from any other: the mark must move. */
static double press(struct pty *p, int top)
{
	int from = marked(p);
	double since = now_ms();
	pty_type(p, from <= top ? "j" : "k", 1);
	double took = until(p, since, has_moved, &from, LOST);
	return isnan(took) ? LOST : took;
}

/* Keys fall anywhere between two frames. */
static int pause_ms(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return 3 + (int)(*seed >> 16) % 35;
}

static void bench_keys_idle(struct results *r, const struct home *h)
{
	struct samples s = { .nr = 0 };
	struct pty *p = run(h, redtop_path(), "demo", 120, 40);
	unsigned seed = 1;
	if (isnan(until(p, now_ms(), shows_rate, "checkout", SOON)))
		fprintf(stderr, "bench: the demo shows no service\n");
	pty_read(p, 500);
	int top = marked(p);
	for (int i = 0; i < KEYS; i++) {
		sample(&s, press(p, top));
		pty_read(p, pause_ms(&seed));
	}
	pty_free(p);
	result_add(r, "key.idle_p50_ms", percentile(&s, 0.50), "ms")->note =
		"j or k until the mark has moved, demo at 120x40";
	result_add(r, "key.idle_p99_ms", percentile(&s, 0.99), "ms");
}

/* The largest answer so far, in bytes. */
static size_t largest(struct fake_prom *f)
{
	size_t most = 0;
	for (size_t i = 0, nr = fake_prom_asked(f); i < nr; i++) {
		struct fake_ask a = fake_prom_ask(f, i);
		most = a.sent > most ? a.sent : most;
	}
	return most;
}

/* `r` asks everything afresh. Keys are pressed until no worker has run
 * for half a second; those count during which one ran, and the one after
 * each: while the answer goes into the store. */
static void keys_during_decode(struct pty *p, struct samples *out)
{
	double worked = worker_seconds_of(p->pid), idle_since = now_ms();
	bool before = false, any = false;
	double began = now_ms();
	int top = marked(p);
	pty_type(p, "r", 1);
	while (now_ms() - began < SOON
	       && now_ms() - idle_since < (any ? 500 : 3000)) {
		double took = press(p, top);
		double now = worker_seconds_of(p->pid);
		bool works = now - worked > 0.0005;
		if (works || before)
			sample(out, took);
		if (works)
			idle_since = now_ms();
		any |= works;
		before = works;
		worked = now;
		pty_read(p, 2);
	}
}

static const struct decode_row {
	int services, w, h;
	const char *p50, *p99;
} decode_rows[] = {
	/* One answer of 20 MB: 80 services, 12 buckets, 601 points. */
	{ 80, 120, 40, "key.decode_p50_ms", "key.decode_p99_ms" },
	/* Many large ones: 200 services on a large screen, 70 MB in all. */
	{ 200, 200, 60, "key.decode_200_p50_ms", "key.decode_200_p99_ms" },
};

static void bench_keys_decode(struct results *r, const struct home *h)
{
	static char note[2][120];
	for (int i = 0; i < 2; i++) {
		const struct decode_row *row = &decode_rows[i];
		struct samples s = { .nr = 0 };
		struct fake_prom_options o = { .services = row->services };
		struct fake_prom *f = fake_prom_start(&o);
		struct pty *p = run(h, redtop_path(), fake_prom_url(f), row->w,
				    row->h);
		until(p, now_ms(), shows_rate, "svc-", SOON);
		pty_wait_quiet(p, 1000, 10000);
		for (int k = 0; k < 5; k++)
			keys_during_decode(p, &s);
		snprintf(note[i], sizeof(note[i]), "%zu keys while answers of "
			 "up to %.1f MB are read, %d services, %dx%d", s.nr,
			 (double)largest(f) / 1e6, row->services, row->w,
			 row->h);
		pty_free(p);
		fake_prom_stop(f);
		result_add(r, row->p50, percentile(&s, 0.50), "ms")->note =
			note[i];
		result_add(r, row->p99, percentile(&s, 0.99), "ms");
	}
}

/* ---- a minute --------------------------------------------------------- */

#define PROGRAMS 3
#define WARM_UP 3000

struct cost {
	const char *name, *program, *argument;
	struct pty *p;
	double cpu, bytes, cpu_ratio, rate, rss;
};

static size_t raw_bytes(struct pty *p)
{
	size_t n;
	pty_raw(p, &n);
	return n;
}

static void read_all(struct cost *c, double ms)
{
	double end = now_ms() + ms;
	do
		for (int i = 0; i < PROGRAMS; i++)
			if (c[i].p)
				read_some(c[i].p, pty_ms() + 10);
	while (now_ms() < end);
}

static void begin(struct cost *c)
{
	c->cpu = cpu_seconds_of(c->p->pid);
	c->bytes = (double)raw_bytes(c->p);
}

static void end(struct cost *c, double seconds)
{
	c->cpu_ratio = (cpu_seconds_of(c->p->pid) - c->cpu) / seconds;
	c->rate = ((double)raw_bytes(c->p) - c->bytes) / seconds;
	c->rss = memory_of(c->p->pid, "VmRSS");
	pty_free(c->p);
}

static void bench_minute(struct results *r, const struct home *h)
{
	static char note[64];
	struct cost c[PROGRAMS] = {
		{ .name = "redtop", .program = redtop_path(),
		  .argument = "demo" },
		{ .name = "htop", .program = "htop" },
		{ .name = "btop", .program = "btop" },
	};
	for (int i = 0; i < PROGRAMS; i++) {
		c[i].cpu_ratio = c[i].rate = c[i].rss = NAN;
		if (i == 0 || installed(c[i].program))
			c[i].p = run(h, c[i].program, c[i].argument, 120, 40);
	}
	read_all(c, WARM_UP);
	double since = now_ms();
	for (int i = 0; i < PROGRAMS; i++)
		if (c[i].p)
			begin(&c[i]);
	read_all(c, r->seconds * 1000.0);
	double took = (now_ms() - since) / 1000;
	for (int i = 0; i < PROGRAMS; i++)
		if (c[i].p)
			end(&c[i], took);
	snprintf(note, sizeof(note), "over %d s at 120x40, side by side",
		 r->seconds);
	struct result *bytes = result_add(r, "demo.bytes_per_s", c[0].rate,
					  "B/s");
	struct result *cpu = result_add(r, "demo.cpu_pct", 100 * c[0].cpu_ratio,
					"%");
	struct result *rss = result_add(r, "demo.rss_bytes", c[0].rss, "B");
	bytes->note = cpu->note = rss->note = note;
	for (int i = 1; i < PROGRAMS; i++) {
		result_peer(bytes, c[i].name, c[i].rate);
		result_peer(cpu, c[i].name, 100 * c[i].cpu_ratio);
		result_peer(rss, c[i].name, c[i].rss);
	}
}

/* ---- refreshes -------------------------------------------------------- */

#define SIZES 3
#define POLL_GAP 3000000 /* us without a request: between two polls */

static const struct size_row {
	int services;
	const char *requests, *bytes;
} size_rows[SIZES] = {
	{ 10, "refresh.10_requests", "refresh.10_bytes" },
	{ 50, "refresh.50_requests", "refresh.50_bytes" },
	{ 200, "refresh.200_requests", "refresh.200_bytes" },
};

/* The requests of the n-th poll (from 0) and what they brought. False: that
 * poll has not ended. */
static bool nth_poll(struct fake_prom *f, int n, double *requests,
		     double *bytes)
{
	int64_t last = 0;
	int poll = -1;
	*requests = *bytes = 0;
	for (size_t i = 0, nr = fake_prom_asked(f); i < nr; i++) {
		struct fake_ask a = fake_prom_ask(f, i);
		poll += a.at_us - last > POLL_GAP;
		last = a.at_us;
		if (poll == n) {
			++*requests;
			*bytes += (double)a.sent;
		}
	}
	return poll > n || (poll == n && now_us() - (double)last > POLL_GAP);
}

/* All three at once, so that the pause between two polls is waited for once. */
static void bench_refresh(struct results *r, const struct home *h)
{
	struct fake_prom *f[SIZES];
	struct pty *p[SIZES];
	double requests, bytes, since = now_ms();
	int done = 0;
	for (int i = 0; i < SIZES; i++) {
		f[i] = fake_prom_start(&(struct fake_prom_options){
			.services = size_rows[i].services });
		p[i] = run(h, redtop_path(), fake_prom_url(f[i]), 120, 40);
	}
	while (done < SIZES && now_ms() - since < 60000) {
		done = 0;
		for (int i = 0; i < SIZES; i++) {
			pty_read(p[i], 50);
			done += nth_poll(f[i], 1, &requests, &bytes);
		}
	}
	for (int i = 0; i < SIZES; i++) {
		bool ended = nth_poll(f[i], 1, &requests, &bytes);
		result_add(r, size_rows[i].requests, ended ? requests : NAN,
			   "requests")->note =
			i ? NULL : "an ordinary refresh, 1 h of charts, 120x40";
		result_add(r, size_rows[i].bytes, ended ? bytes : NAN, "B")
			->note = i ? NULL : "bodies, not compressed";
		pty_free(p[i]);
		fake_prom_stop(f[i]);
	}
}
