/* A line of 8 kB/s behind a deep buffer, as ssh has it: how old is what is
 * displayed, and how long a whole screen takes, outside and inside tmux. */

#define LINE_BPS 8000
#define QUIET 700      /* ms without a byte: all has arrived */
#define KEY_EVERY 5000 /* ms: somebody looks at another service */

struct slow {
	const struct home *h;
	bool tmux;
	int started;           /* each with a server of its own */
	char socket[64];
	struct pty *p;
};

static const char *const not_inside[] = { "TMUX", "STY", NULL };

static void slow_start(struct slow *s, int w, int h, int bps)
{
	const char *env[24], *argv[16];
	size_t n = 0, k = 0;
	for (; s->h->env[n]; n++)
		env[n] = s->h->env[n];
	for (size_t i = 0; not_inside[i]; i++)
		env[n++] = not_inside[i];
	env[n] = NULL;
	if (s->tmux) {
		static const char *const in[] = { "tmux", "-u", "-f",
			"/dev/null", "-L", NULL };
		for (; in[k]; k++)
			argv[k] = in[k];
		snprintf(s->socket, sizeof(s->socket), "redtop-bench-%d-%d",
			 (int)getpid(), ++s->started);
		argv[k++] = s->socket;
		argv[k++] = "new-session";
	}
	argv[k++] = redtop_path();
	argv[k++] = "demo";
	if (s->tmux) {
		argv[k++] = ";";
		argv[k++] = "set";
		argv[k++] = "status";
		argv[k++] = "off";
	}
	argv[k] = NULL;
	s->p = pty_start(&(struct pty_options){ .argv = argv, .env = env,
						.w = w, .h = h, .bps = bps });
}

static void slow_end(struct slow *s)
{
	char command[128];
	if (s->tmux) {
		snprintf(command, sizeof(command), "tmux -L %s kill-server "
			 "2>/dev/null", s->socket);
		if (system(command) != 0)
			fprintf(stderr, "bench: tmux had ended by itself\n");
	}
	pty_free(s->p);
}

static void slow_read(struct slow *s, double ms)
{
	double end = now_ms() + ms;
	do
		read_some(s->p, pty_ms() + 10);
	while (now_ms() < end);
}

/* Seconds of the day in the header, or -1. */
static int shown_clock(struct pty *p)
{
	int h, m, s;
	const char *at = strstr(pty_row(p, 0), "LIVE ");
	if (!at || sscanf(at, "LIVE %2d:%2d:%2d", &h, &m, &s) != 3)
		return -1;
	return h * 3600 + m * 60 + s;
}

/* The newest of the clocks shown, on a line that holds up nothing: then the
 * next ones are due every PERIOD from there. */
struct rhythm {
	int clock;
	double at, period;
};

static double next_clock(struct slow *s, int *clock)
{
	double until_ms = now_ms() + SOON;
	int before = shown_clock(s->p);
	while (now_ms() < until_ms) {
		if (!read_some(s->p, pty_ms() + 5))
			continue;
		*clock = shown_clock(s->p);
		if (*clock >= 0 && *clock != before)
			return now_ms();
	}
	return NAN;
}

static struct rhythm learn_rhythm(struct slow *s)
{
	struct rhythm r = { 0 };
	int first, second;
	next_clock(s, &first);
	double from = next_clock(s, &first);
	for (int i = 0; i < 3; i++)
		r.at = next_clock(s, &second);
	r.clock = second;
	r.period = (r.at - from) / 3;
	return r;
}

/* Milliseconds since there is something newer than what is displayed: of the
 * clock, or of the bytes on the line. */
static double age(struct slow *s, const struct rhythm *r)
{
	double line = (double)pty_line_age(s->p), clock = 0;
	int shown = shown_clock(s->p);
	if (shown >= 0)
		clock = now_ms() - r->at - (shown - r->clock) * 1000.0
			- r->period;
	return clock > line ? clock : line;
}

static double ages(struct slow *s, double seconds)
{
	struct samples all = { .nr = 0 };
	slow_start(s, 120, 40, 0);
	if (isnan(until(s->p, now_ms(), shows_rate, "checkout", SOON)))
		fprintf(stderr, "bench: the demo shows no service\n");
	struct rhythm r = learn_rhythm(s);
	pty_line(s->p, LINE_BPS, 0);
	double end = now_ms() + seconds * 1000, key = now_ms();
	for (bool down = true; now_ms() < end;) {
		if (now_ms() > key) {
			pty_type(s->p, down ? "j" : "k", 1);
			down = !down;
			key += KEY_EVERY;
		}
		slow_read(s, 50);
		sample(&all, fmax(age(s, &r), 0) / 1000);
	}
	slow_end(s);
	return percentile(&all, 0.95);
}

/* Until the last byte of what was asked for has arrived. */
static double whole(struct slow *s, double since)
{
	double last = since;
	while (now_ms() - last < QUIET)
		if (read_some(s->p, pty_ms() + 5))
			last = now_ms();
	return (last - since) / 1000;
}

static bool last_row_is_there(struct pty *p, const void *arg)
{
	(void)arg;
	return strstr(pty_row(p, p->h - 1), "q quit") != NULL;
}

static double worst_whole(struct slow *s, int w, int h)
{
	double since = now_ms();
	slow_start(s, w, h, LINE_BPS);
	double took = until(s->p, since, last_row_is_there, NULL, SOON) / 1000;
	double worst = took;
	slow_read(s, 1500);
	pty_type(s->p, " ", 1);
	slow_read(s, 3000);
	static const char *const keys[] = { "6", "1", "8", "1", "2" };
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		since = now_ms();
		pty_type(s->p, keys[i], 1);
		worst = fmax(worst, whole(s, since));
	}
	since = now_ms();
	pty_resize(s->p, w - 1, h - 1);
	worst = fmax(worst, whole(s, since));
	slow_end(s);
	return worst;
}

static void bench_slow(struct results *r, const struct home *h)
{
	struct slow s = { .h = h };
	double seconds = r->seconds < 20 ? 20 : r->seconds > 40 ? 40
							 : r->seconds;
	result_add(r, "net.age_8kBps_s", ages(&s, seconds), "s")->note =
		"p95 of what is displayed, demo at 120x40, a key every 5 s";
	result_add(r, "net.whole_80x24_8kBps_s", worst_whole(&s, 80, 24), "s")
		->note = "the slowest of start, pages, resize";
	result_add(r, "net.whole_120x40_8kBps_s", worst_whole(&s, 120, 40),
		   "s");
	s.tmux = true;
	bool there = installed("tmux");
	if (!there)
		fprintf(stderr, "bench: tmux is not installed\n");
	const char *note = there ? "the same inside tmux"
				 : "tmux is not installed";
	result_add(r, "net.age_8kBps_tmux_s", there ? ages(&s, seconds) : NAN,
		   "s")->note = note;
	result_add(r, "net.whole_80x24_8kBps_tmux_s",
		   there ? worst_whole(&s, 80, 24) : NAN, "s")->note = note;
	result_add(r, "net.whole_120x40_8kBps_tmux_s",
		   there ? worst_whole(&s, 120, 40) : NAN, "s")->note = note;
}

/* ---- the loop --------------------------------------------------------- */

/* Accepts (the kernel does) and never answers. */
static int silent_server(char url[64])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0
	    || listen(fd, 64) < 0
	    || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		die("a server");
	snprintf(url, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

/* How late the loop is, as a person feels it: a key until its cell changes,
 * while one server hangs and the other sends 20 MB. */
static void bench_lag(struct results *r, const struct home *h)
{
	struct samples s = { .nr = 0 };
	struct fake_prom_options o = { .services = 80 };
	struct fake_prom *f = fake_prom_start(&o);
	char url[64];
	int silent = silent_server(url);
	const char *argv[] = { redtop_path(), fake_prom_url(f), url, NULL };
	struct pty *p = pty_start(&(struct pty_options){
		.argv = argv, .env = h->env, .w = 120, .h = 40 });
	until(p, now_ms(), shows_rate, "svc-", SOON);
	pty_wait_quiet(p, 1000, 10000);
	for (int i = 0; i < 5; i++)
		keys_during_decode(p, &s);
	pty_free(p);
	fake_prom_stop(f);
	close(silent);
	result_add(r, "loop.lag_p99_ms", percentile(&s, 0.99), "ms")->note =
		"a key's echo; one server hangs, one sends 20 MB";
}
