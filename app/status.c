/* redtop status: the worst service in one line. */
#include "app/status.h"

#include "app/commands.h"
#include "app/oneshot.h"
#include "app/session.h"
#include "base/text.h"
#include "widgets/draw.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the line -------------------- */

/* Text from outside, cut at a character to `max` bytes. */
static void add_cut(struct buf *out, const char *s, size_t max)
{
	static const char more[] = "…";
	struct buf b;
	buf_init(&b, 0);
	text_clean(&b, s, strlen(s));
	if (b.len <= max) {
		buf_str(out, buf_text(&b));
		buf_release(&b);
		return;
	}
	size_t n = max > sizeof(more) - 1 ? max - (sizeof(more) - 1) : 0;
	while (n && ((unsigned char)b.s[n] & 0xc0) == 0x80)
		n--;
	buf_add(out, buf_text(&b), n);
	buf_str(out, more);
	buf_release(&b);
}

/* `before`, as much of `text` as the line has room for, `after`. */
static void put(struct buf *out, const char *before, const char *text,
		const char *after)
{
	size_t used = strlen(before) + strlen(after);
	buf_str(out, before);
	add_cut(out, text, used < STATUS_MAX ? STATUS_MAX - used : 0);
	buf_str(out, after);
}

static void add_p99(struct buf *out, const struct red_row *r)
{
	char text[NUMBER_TEXT];
	bool open = isinf(r->p99.hi) && isfinite(r->p99.lo);
	buf_printf(out, " p99 %s%s", isnan(r->p99.value) || open ? ""
				     : method_tilde(r->p99.method),
		   quantile_text(&r->p99, text));
	if (isnan(r->p99.value) && !isnan(r->mean))
		buf_printf(out, " (mean %s)", format_latency(r->mean, text));
}

/* A day is named where it is another one. */
static void add_since(struct buf *out, time_ms since, time_ms now)
{
	char text[TIME_TEXT];
	const time_ms day = 86400000;
	if (since == TIME_NONE)
		buf_str(out, " since –");
	else if (time_floor(since, day) != time_floor(now, day))
		buf_printf(out, " since %s", time_iso(time_floor(since, 1000),
						      text));
	else
		buf_printf(out, " since %sZ", time_hms(since, text));
}

static void add_numbers(struct buf *out, const struct view *v,
			const struct red_row *r)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT], age[TIME_TEXT];
	buf_printf(out, " burn %s (1h %s) errors %s",
		   burn_words(r->burn_5m, a), burn_words(r->burn_1h, b),
		   format_percent(r->error_ratio, (char[NUMBER_TEXT]){ 0 }));
	add_p99(out, r);
	add_since(out, r->since, v->now);
	if (r->state == STATE_STALE)
		buf_printf(out, ", %s old", age_text(r->age, age));
}

/* How many others there are, and which source is missing. */
static void add_rest(struct buf *out, const struct view *v)
{
	const struct store_source *const *src;
	struct health h = health_of(v);
	size_t bad = 0;
	for (size_t i = 1; i < v->nr_all; i++)
		bad += v->all[i].state <= STATE_STALE;
	if (bad)
		buf_printf(out, ", %zu more not ok", bad);
	else if (v->all[0].state > STATE_STALE && v->nr_all > 1)
		buf_printf(out, ", none of %zu is worse", v->nr_all);
	if (h.down && !h.blind)
		buf_printf(out, ", %zu of %zu sources down", h.down,
			   view_sources(v, &src));
}

static void say_row(struct buf *out, const struct view *v, const char *before)
{
	const struct red_row *r = &v->all[0];
	struct buf head, tail;
	buf_init(&head, 0);
	buf_init(&tail, 0);
	buf_printf(&head, "%s%s ", before, sign_of_state(r->state).word);
	add_numbers(&tail, v, r);
	add_rest(&tail, v);
	put(out, buf_text(&head), r->service->name, buf_text(&tail));
	buf_release(&head);
	buf_release(&tail);
}

/* No source is of use: the first of them says why. What was seen last stays
 * to be told while it is held. */
static void say_blind(struct buf *out, const struct view *v, const char *at,
		      const struct health *h)
{
	const struct store_source *const *src;
	struct buf head, tail;
	char since[TIME_TEXT], name[NUMBER_TEXT] = "";
	size_t n = view_sources(v, &src);
	buf_init(&head, 0);
	buf_init(&tail, 0);
	buf_str(&head, at);
	add_cut(&head, src[0]->name, 24);
	buf_printf(&head, " %s", source_state_name(src[0]->state));
	if (h->since != TIME_NONE)
		buf_printf(&head, " since %sZ", time_hms(h->since, since));
	if (n > 1)
		buf_printf(&head, ", no source of %zu answers", n);
	buf_str(&head, ": ");
	if (v->nr_all) {
		const struct red_row *r = &v->all[0];
		buf_str(&tail, "; last: ");
		add_cut(&tail, r->service->name, 24);
		buf_printf(&tail, " errors %s",
			   format_percent(r->error_ratio, name));
		add_p99(&tail, r);
	}
	put(out, buf_text(&head), src[0]->error ? src[0]->error : "no answer",
	    buf_text(&tail));
	buf_release(&head);
	buf_release(&tail);
}

void status_line(const struct view *v, struct buf *out)
{
	const struct store_source *const *src;
	struct health h = health_of(v);
	char at[TIME_TEXT + 1];
	size_t n = view_sources(v, &src);
	time_iso(time_floor(v->now, 1000), at);
	strcat(at, " ");
	if (n == 0)
		put(out, at, "no source", "");
	else if (h.blind && v->mode != MODE_REPLAY)
		say_blind(out, v, at, &h);
	else if (v->nr_all && !v->all[0].asking)
		say_row(out, v, at);
	else if (h.nothing_yet || v->nr_all)
		put(out, at, src[0]->name, " is being asked, no answer yet");
	else
		put(out, at, src[0]->name, " answers, and knows no services");
}

/* ---- the command -------------------- */

static int say(const struct view *v, enum graph g)
{
	struct buf line, plain;
	struct err e;
	buf_init(&line, STATUS_MAX);
	buf_init(&plain, STATUS_MAX);
	status_line(v, &line);
	if (g == GRAPH_ASCII)
		glyph_plain(&plain, buf_text(&line));
	else
		buf_str(&plain, buf_text(&line));
	bool written = puts(buf_text(&plain)) != EOF && fflush(stdout) != EOF;
	buf_release(&line);
	buf_release(&plain);
	if (written)
		return EXIT_FINE;
	err_set(&e, EXIT_WRITE, "writing the line: %s", strerror(errno));
	return complain(&e);
}

/* A line is written whole or not at all, so there is nothing to tidy. */
static void on_interrupt(int signum)
{
	(void)signum;
	_exit(EXIT_FINE);
}

static void sleep_until(time_ms mono)
{
	struct timespec t = { .tv_sec = mono / 1000,
			      .tv_nsec = mono % 1000 * 1000000 };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)
	       == EINTR)
		;
}

/* Ends by SIGINT or SIGTERM, or when nobody reads. */
static int repeat(struct oneshot *s, const struct options *o, enum graph g)
{
	time_ms next = clock_mono();
	for (;;) {
		int code = say(dash_view(oneshot_dash(s)), g);
		time_ms now = clock_mono();
		if (code != EXIT_FINE)
			return code;
		/* After a suspend or a slow answer: one line, no burst. */
		next = next + o->every > now ? next + o->every : now + o->every;
		sleep_until(next);
		oneshot_renew(s, o->timeout);
	}
}

int run_status(struct options *o)
{
	struct err e;
	enum graph g = locale_graph(o);
	if (o->every)
		signal(SIGINT, on_interrupt);
	struct oneshot *s = oneshot_run(o, g, &e);
	if (!s)
		return complain(&e);
	/* The line says what is wrong. */
	o->quiet = true;
	int code = oneshot_code(s, o);
	int written = o->every ? repeat(s, o, g)
			       : say(dash_view(oneshot_dash(s)), g);
	oneshot_free(s);
	return written ? written : code;
}
