/* What a source that fails, sleeps or comes back does to a running session:
 * the real schedule, store and picture, without a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "app/dash.h"
#include "app/session.h"
#include "tests/fault/shop.h"
#include "tui/export.h"

#include <dlfcn.h>
#include <math.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* ---- a wall clock that can be set ----------------------------------------- */

static _Atomic long clock_jump; /* s */

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int (*libc)(clockid_t, struct timespec *);
	*(void **)&libc = dlsym(RTLD_NEXT, "clock_gettime");
	int r = libc(id, ts);
	if (id == CLOCK_REALTIME)
		ts->tv_sec += clock_jump;
	return r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
	return 0;
}

/* The server's own, which nobody sets. */
static time_t server_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec - clock_jump;
}

/* ---- a running session ---------------------------------------------------- */

#define EVERY 150   /* ms between polls */
#define SOON 20000  /* ms: what must happen, on however slow a machine */
#define POLLS 64

struct rig {
	struct shop shop;
	uv_loop_t loop;
	uv_timer_t tick;
	struct session *session;
	struct dash *dash;
	struct buf text;
	unsigned polls;
	int64_t ended[POLLS];   /* ms, monotonic: when each poll ended */
	bool closed;
};

static int64_t mono(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static void on_batch(const struct batch *b, void *arg)
{
	dash_batch(((struct rig *)arg)->dash, b);
}

static void on_polled(struct source *src, void *arg)
{
	struct rig *r = arg;
	(void)src;
	if (r->polls < POLLS)
		r->ended[r->polls] = mono();
	r->polls++;
}

static bool on_want(struct want *w, void *arg)
{
	dash_want(((struct rig *)arg)->dash, w);
	return true;
}

static void on_tick(uv_timer_t *t)
{
	struct rig *r = t->data;
	dash_tick(r->dash, clock_mono());
	dash_frame(r->dash);
}

static void rig_start(struct rig *r)
{
	struct session_hooks hooks = { on_batch, on_polled, on_want, r };
	struct dash_options d = { .w = 120, .h = 40, .graph = GRAPH_BRAILLE,
				  .range = 3600000, .title = "shop",
				  .now = clock_wall(), .at = TIME_NONE };
	shop_start(&r->shop);
	struct options o = { .source = { r->shop.url }, .nr_sources = 1,
			     .timeout = 2000, .every = EVERY };
	uv_loop_init(&r->loop);
	uv_timer_init(&r->loop, &r->tick);
	r->tick.data = r;
	r->session = session_new(&r->loop, &o, &hooks, NULL);
	r->dash = dash_new(&d);
	buf_init(&r->text, 0);
	struct source *src = session_source(r->session, 0);
	store_declare(dash_store(r->dash), src->name, EVERY);
	session_start(r->session);
	uv_timer_start(&r->tick, on_tick, 1, 20);
}

static void on_closed(void *arg)
{
	((struct rig *)arg)->closed = true;
}

static void rig_stop(struct rig *r)
{
	uv_close((uv_handle_t *)&r->tick, NULL);
	session_close(r->session, on_closed, r);
	while (!r->closed)
		uv_run(&r->loop, UV_RUN_ONCE);
	while (uv_run(&r->loop, UV_RUN_NOWAIT))
		;
	uv_loop_close(&r->loop);
	dash_free(r->dash);
	buf_release(&r->text);
	shop_stop(&r->shop);
}

static void rig_run(struct rig *r, int ms)
{
	int64_t until = mono() + ms;
	while (mono() < until)
		uv_run(&r->loop, UV_RUN_ONCE);
}

static const struct store_source *source_of(struct rig *r)
{
	return store_source(dash_store(r->dash), "prom");
}

static void wait_state(struct rig *r, enum source_state state)
{
	int64_t until = mono() + SOON;
	while (source_of(r)->state != state && mono() < until)
		uv_run(&r->loop, UV_RUN_ONCE);
	assert_string_equal(source_state_name(source_of(r)->state),
			    source_state_name(state));
	dash_frame(r->dash);
}

static bool shows(struct rig *r, const char *words)
{
	buf_clear(&r->text);
	export_text(dash_surface(r->dash), &r->text);
	return strstr(buf_text(&r->text), words) != NULL;
}

static void wait_shown(struct rig *r, const char *words)
{
	int64_t until = mono() + SOON;
	while (!shows(r, words) && mono() < until)
		uv_run(&r->loop, UV_RUN_ONCE);
	if (!shows(r, words))
		fail_msg("no '%s' in:\n%s", words, buf_text(&r->text));
}

static const struct red_row *row_of(struct rig *r)
{
	const struct view *v = dash_view(r->dash);
	return v->nr_all ? &v->all[0] : NULL;
}

/* Of the newest event that has the words, or NULL. */
static const struct event *event_of(struct rig *r, const char *words)
{
	const struct event *const *e;
	for (size_t n = store_events(dash_store(r->dash), &e); n-- > 0;)
		if (e[n]->kind == EVENT_SOURCE && strstr(e[n]->text, words))
			return e[n];
	return NULL;
}

/* ---- what happens to the picture ------------------------------------------ */

static void an_outage_takes_the_numbers_or_hides_itself(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_start(&r);
	wait_state(&r, SOURCE_UP);
	wait_shown(&r, "LIVE");
	r.shop.behave = "/rst-early";
	wait_state(&r, SOURCE_STALE);
	wait_shown(&r, "STALE");
	/* The last good numbers stay, and say how old they are. */
	const struct red_row *row = row_of(&r);
	assert_non_null(row);
	assert_true(row->rate > 0);
	assert_int_equal(row->state, STATE_STALE);
	wait_shown(&r, " age ");
	wait_shown(&r, "connection reset");
	assert_non_null(event_of(&r, "connection reset"));
	r.shop.behave = NULL;
	wait_state(&r, SOURCE_UP);
	wait_shown(&r, "LIVE");
	assert_non_null(event_of(&r, "answers again after"));
	assert_null(source_of(&r)->error);
	assert_int_not_equal(row_of(&r)->state, STATE_STALE);
	rig_stop(&r);
}

static void old_numbers_are_as_bright_as_new_ones(void **state)
{
	struct rig r = { 0 };
	struct buf bright, dim;
	(void)state;
	rig_start(&r);
	wait_state(&r, SOURCE_UP);
	wait_shown(&r, "LIVE");
	buf_init(&bright, 0);
	buf_init(&dim, 0);
	export_roles(dash_surface(r.dash), &bright);
	r.shop.behave = "/rst-early";
	wait_state(&r, SOURCE_STALE);
	wait_shown(&r, " age ");
	const struct surface *s = dash_surface(r.dash);
	export_roles(s, &dim);
	assert_string_not_equal(buf_text(&bright), buf_text(&dim));
	int rows = 0;
	for (int y = 0; y < s->h && rows < 3; y++) {
		char name[8] = "";
		for (int x = 3; x < 10; x++)
			name[x - 3] = (char)s->cell[y * s->stride + x].ch;
		if (strncmp(name, "svc-00", 6) != 0)
			continue;
		rows++;
		for (int x = 18; x < 100; x++) { /* then the age */
			const struct cell *c = &s->cell[y * s->stride + x];
			if (c->ch >= '0' && c->ch <= '9')
				assert_int_not_equal(c->role, R_TEXT);
			assert_int_not_equal(c->role, R_BRIGHT);
		}
	}
	assert_int_equal(rows, 3);
	buf_release(&bright);
	buf_release(&dim);
	rig_stop(&r);
}

/* ---- how often it is asked ------------------------------------------------- */

/* Polls that ended since, in so many ms. */
static unsigned polls_within(struct rig *r, int ms)
{
	unsigned before = r->polls;
	rig_run(r, ms);
	return r->polls - before;
}

static void say_status(struct shop *s, const struct evil_ask *a,
		       struct evil_answer *out)
{
	const char *head = s->text;
	(void)a;
	buf_clear(&out->body);
	out->status = s->number;
	out->type = "text/plain";
	buf_str(&out->body, "no\n");
	if (head)
		buf_str(&out->head, head);
}

static void a_dead_server_is_asked_without_a_pause(void **state)
{
	static const struct {
		const char *behave;
		int status;
		enum source_state state;
	} t[] = {
		{ "/rst-early", 0, SOURCE_STALE },
		{ NULL, 500, SOURCE_STALE },
		{ NULL, 401, SOURCE_AUTH },
		{ NULL, 403, SOURCE_AUTH },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rig r = { 0 };
		rig_start(&r);
		wait_state(&r, SOURCE_UP);
		assert_true(polls_within(&r, 1500) >= 3); /* it does go on */
		r.shop.number = t[i].status;
		r.shop.spoil = t[i].status ? say_status : NULL;
		r.shop.behave = t[i].behave;
		wait_state(&r, t[i].state);
		unsigned first = r.polls, asked = r.shop.asked;
		/* 1 s and 2 s, each a tenth more or less. */
		rig_run(&r, 3500);
		assert_in_range(r.polls - first, 1, 3);
		assert_in_range(r.shop.asked - asked, 1, 18);
		for (unsigned k = first; k < r.polls && k < POLLS; k++)
			assert_true(r.ended[k] - r.ended[k - 1]
				    >= (k - first ? 1750 : 850));
		r.shop.spoil = NULL;
		r.shop.behave = NULL;
		wait_state(&r, SOURCE_UP);
		assert_true(polls_within(&r, 1500) >= 3);
		rig_stop(&r);
	}
}

static void a_server_that_names_its_pause_is_asked_before(void **state)
{
	static const struct {
		const char *head, *says;
	} t[] = { /* the fake's own period, twice as long, is 30 s */
		{ "Retry-After: 4\r\n", "asked again in 30 s" },
		{ "Retry-After: 45\r\n", "asked again in 45 s" },
		{ "Retry-After: 1000000000\r\n", "asked again in 600 s" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rig r = { 0 };
		rig_start(&r);
		wait_state(&r, SOURCE_UP);
		r.shop.text = t[i].head;
		r.shop.number = 429;
		r.shop.spoil = say_status;
		wait_state(&r, SOURCE_THROTTLED);
		if (!strstr(source_of(&r)->error, t[i].says))
			fail_msg("%s", source_of(&r)->error);
		assert_int_equal(polls_within(&r, 1500), 0);
		/* The numbers stay; a person may ask at once. */
		assert_true(row_of(&r)->rate > 0);
		r.shop.spoil = NULL;
		session_poll(r.session, false);
		wait_state(&r, SOURCE_UP);
		rig_stop(&r);
	}
}

/* ---- clocks ----------------------------------------------------------------- */

static void say_date(struct shop *s, const struct evil_ask *a,
		     struct evil_answer *out)
{
	time_t now = server_clock();
	struct tm tm;
	char date[64];
	gmtime_r(&now, &tm);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	buf_printf(&out->head, "Date: %s\r\n", date);
	if (shop_is_finding(a))
		return;
	time_ms t = fake_time(a, strstr(a->path, "range") ? "end" : "time");
	if (llabs(t / 1000 - now) > 120)
		s->strange++;
}

static void a_clock_that_is_set_empties_the_picture(void **state)
{
	static const long jumps[] = { 3600, -3600, 90000 };
	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		struct rig r = { .shop.spoil = say_date };
		rig_start(&r);
		wait_state(&r, SOURCE_UP);
		clock_jump = jumps[i];
		unsigned polls = polls_within(&r, 2000);
		assert_in_range(polls, 3, 2000 / EVERY + 2);
		assert_int_equal(r.shop.strange, 0);
		assert_string_equal(source_state_name(source_of(&r)->state),
				    "up");
		assert_true(row_of(&r)->rate > 0);
		assert_int_not_equal(row_of(&r)->state, STATE_STALE);
		assert_true(fabs(source_of(&r)->skew_s + (double)jumps[i]) < 5);
		wait_shown(&r, "clock");
		clock_jump = 0;
		rig_stop(&r);
	}
}

/* SIGSTOP, or a machine that slept: the loop stood still. */
static void a_sleep_ends_in_a_burst(void **state)
{
	struct rig r = { 0 };
	(void)state;
	rig_start(&r);
	wait_state(&r, SOURCE_UP);
	usleep(20 * EVERY * 1000);
	unsigned asked = r.shop.asked, polls = r.polls;
	while (r.polls == polls)
		uv_run(&r.loop, UV_RUN_ONCE);
	int64_t first = mono();
	while (r.polls < polls + 3)
		uv_run(&r.loop, UV_RUN_ONCE);
	/* One at once, the next two at their own times. */
	assert_true(mono() - first >= 2 * EVERY - 20);
	assert_in_range(r.shop.asked - asked, 3, 3 * 12);
	assert_string_equal(source_state_name(source_of(&r)->state), "up");
	rig_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_outage_takes_the_numbers_or_hides_itself),
		cmocka_unit_test(old_numbers_are_as_bright_as_new_ones),
		cmocka_unit_test(a_dead_server_is_asked_without_a_pause),
		cmocka_unit_test(a_server_that_names_its_pause_is_asked_before),
		cmocka_unit_test(a_clock_that_is_set_empties_the_picture),
		cmocka_unit_test(a_sleep_ends_in_a_burst),
	};
	return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
