/* What a person feels while the server fails: a key until its cell changes,
 * and `q` until the process has ended. */

#include <signal.h>

#define FIRE_KEYS 200
#define FIRE_QUITS 5
#define ASK_EVERY 20     /* keys between two `r`, which asks afresh, */
#define ASK_AT_ONCE 2    /* where an answer is refused at its first bytes */
#define DNS_HANGS "60"   /* s */
#define NOISE 65536

enum fire_kind { FIRE_HANG, FIRE_DNS, FIRE_DECODE, FIRE_GARBAGE, FIRES };

struct fire {
	enum fire_kind kind;
	char url[EVIL_URL];
	const char *env[24];
	char preload[512];
	int silent;
	struct evil_thread *evil;
	struct fake_prom *prom;
};

/* Bytes without an end: in place of HTTP, of JSON, and in a string of JSON
 * that they do not close. */
static void garbage(const struct evil_ask *a, struct evil_answer *out,
		    void *arg)
{
	static const char *const before[] = {
		"", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
		"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\","
		"\"result\":[{\"metric\":{\"__name__\":\"",
	};
	unsigned *seed = arg, kind = *seed % 3;
	(void)a;
	out->status = 200;
	buf_str(&out->raw, before[kind]);
	*seed = *seed * 1103515245u + 12345u;
	unsigned x = *seed | 1;
	for (int i = 0; i < NOISE; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		unsigned char c = (unsigned char)(x >> 8);
		bool ends = c < ' ' || c == '"' || c == '\\';
		buf_char(&out->again, kind == 2 && ends ? 'x' : (char)c);
	}
	out->again_nr = UINT64_MAX;
	out->after = EVIL_FIN;
}

/* False: it cannot be had here. */
static bool fire_env(struct fire *f, const struct home *h)
{
	const char *build = getenv("REDTOP_BUILD");
	size_t n = 0;
	for (; h->env[n]; n++)
		f->env[n] = h->env[n];
	f->env[n] = f->env[n + 1] = f->env[n + 2] = NULL;
	if (f->kind != FIRE_DNS)
		return true;
	snprintf(f->preload, sizeof(f->preload),
		 "LD_PRELOAD=%s/tests/torture/starve.so",
		 build && *build ? build : "build");
	f->env[n] = f->preload;
	f->env[n + 1] = "STARVE_DNS=" DNS_HANGS;
	return access(strchr(f->preload, '=') + 1, R_OK) == 0;
}

static void fire_light(struct fire *f, unsigned *seed)
{
	static const struct fake_prom_options large = { .services = 80 };
	f->silent = -1;
	switch (f->kind) {
	case FIRE_HANG:
		f->silent = silent_server(f->url);
		break;
	case FIRE_DECODE:
		f->prom = fake_prom_start(&large);
		snprintf(f->url, sizeof(f->url), "%s", fake_prom_url(f->prom));
		break;
	case FIRE_GARBAGE:
		f->evil = evil_thread_start(garbage, seed);
		evil_url(evil_thread_server(f->evil), "", f->url);
		break;
	case FIRE_DNS:
	case FIRES:
		snprintf(f->url, sizeof(f->url), "http://nosuch.invalid:9");
	}
}

static void fire_out(struct fire *f)
{
	if (f->silent >= 0)
		close(f->silent);
	if (f->prom)
		fake_prom_stop(f->prom);
	if (f->evil)
		evil_thread_stop(f->evil);
}

static struct pty *fire_run(const struct fire *f)
{
	const char *argv[] = { redtop_path(), f->url, NULL };
	struct pty *p = pty_start(&(struct pty_options){
		.argv = argv, .env = f->env, .w = 120, .h = 40 });
	until(p, now_ms(), last_row_is_there, NULL, SOON);
	if (f->kind == FIRE_DECODE) {
		until(p, now_ms(), shows_rate, "svc-", SOON);
		pty_wait_quiet(p, 1000, 10000);
	} else {
		pty_read(p, 300);
	}
	return p;
}

static bool help_is(struct pty *p, const void *open)
{
	return pty_shows(p, "help: ") == *(const bool *)open;
}

/* No service is there whose mark could move: the help comes and goes. */
static double worst_keys(const struct fire *f)
{
	struct samples s = { .nr = 0 };
	struct pty *p = fire_run(f);
	unsigned seed = 1;
	int every = f->kind == FIRE_GARBAGE ? ASK_AT_ONCE : ASK_EVERY;
	for (int i = 0; i < FIRE_KEYS; i++) {
		bool open = i % 2 == 0;
		if (i % every == 0)
			pty_type(p, "r", 1);
		double since = now_ms();
		pty_type(p, "?", 1);
		double took = until(p, since, help_is, &open, LOST);
		sample(&s, isnan(took) ? LOST : took);
		pty_read(p, pause_ms(&seed));
	}
	pty_free(p);
	return percentile(&s, 0.99);
}

/* `r`, and a worker has begun to read the answer. */
static void begin_decode(struct pty *p)
{
	double worked = worker_seconds_of(p->pid), since = now_ms();
	pty_type(p, "r", 1);
	while (now_ms() - since < 3000
	       && worker_seconds_of(p->pid) - worked < 0.005)
		pty_read(p, 1);
}

static double worst_quit(const struct fire *f)
{
	double worst = 0;
	unsigned seed = 7;
	for (int i = 0; i < FIRE_QUITS; i++) {
		struct pty *p = fire_run(f);
		if (f->kind == FIRE_DECODE)
			begin_decode(p);
		else
			pty_type(p, "r", 1);
		pty_read(p, pause_ms(&seed));
		bool ended = has_ended(p, NULL);
		double since = now_ms();
		pty_type(p, "q", 1);
		while (!has_ended(p, NULL) && now_ms() - since < SOON)
			read_some(p, pty_ms() + 1);
		worst = fmax(worst, now_ms() - since);
		if (ended || !has_ended(p, NULL) || p->status != 0)
			fprintf(stderr, "bench: q did not end it, %s\n",
				f->url);
		pty_free(p);
	}
	return worst;
}

static const struct fire_row {
	const char *key, *quit, *note;
} fire_rows[FIRES] = {
	[FIRE_HANG] = { "key.hang_p99_ms", "quit.hang_ms",
			"the server accepts and never answers" },
	[FIRE_DNS] = { "key.dns_p99_ms", "quit.dns_ms",
		       "the name is looked for without an end" },
	/* Its keys: key.decode_p99_ms. */
	[FIRE_DECODE] = { NULL, "quit.decode_ms",
			  "while an answer of 20 MB is read" },
	[FIRE_GARBAGE] = { "key.garbage_p99_ms", "quit.garbage_ms",
			   "the server sends random bytes without an end" },
};

/* Of a server whose client is gone. Not ignored: programs would inherit it. */
static void on_pipe(int nr)
{
	(void)nr;
}

static void bench_fire(struct results *r, const struct home *h)
{
	static char note[80];
	signal(SIGPIPE, on_pipe);
	for (int i = 0; i < FIRES; i++) {
		const struct fire_row *row = &fire_rows[i];
		struct fire f = { .kind = (enum fire_kind)i };
		unsigned seed = 0;
		bool there = fire_env(&f, h);
		fire_light(&f, &seed);
		if (row->key)
			result_add(r, row->key, there ? worst_keys(&f) : NAN,
				   "ms")->note = row->note;
		struct result *x = result_add(r, row->quit, there
					      ? worst_quit(&f) : NAN, "ms");
		x->note = row->note;
		if (f.evil) {
			snprintf(note, sizeof(note), "%u such answers in all",
				 evil_requests(evil_thread_server(f.evil)));
			x->note = note;
		}
		fire_out(&f);
	}
}
