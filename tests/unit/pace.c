/* When the next piece of a frame may start, told by times alone. */
#include "app/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ANSWERS 4096

/* A line of so many bytes a second and a terminal behind it that answers, as
 * one piece of arithmetic. */
struct line {
	struct pace p;
	time_ms now, free_at;
	time_ms answer[ANSWERS];
	size_t first, nr;
	double bps;
	time_ms delay;       /* one way */
	bool mute, instant;  /* a mux answers at once, whatever is on the line */
	size_t sent;
	int frames;
	time_ms oldest;      /* age that the line came to at most */
};

static struct line open_line(struct pace_options o, double bps, time_ms delay)
{
	struct line l = { .bps = bps, .delay = delay };
	pace_init(&l.p, &o, 0);
	return l;
}

static void send(struct line *l, size_t bytes)
{
	time_ms from = l->now > l->free_at ? l->now : l->free_at;
	l->free_at = from + (time_ms)((double)bytes * 1000 / l->bps);
	if (l->free_at - l->now > l->oldest)
		l->oldest = l->free_at - l->now;
	if (!l->mute)
		l->answer[l->nr++ % ANSWERS] = l->instant ? l->now
				: l->free_at + 2 * l->delay;
	l->sent += bytes;
	l->frames++;
	pace_sent(&l->p, l->now, bytes);
}

static void step(struct line *l)
{
	l->now++;
	while (l->first < l->nr && l->now >= l->answer[l->first % ANSWERS]) {
		l->first++;
		pace_answered(&l->p, l->now);
	}
}

/* Something changes all the time: a frame whenever one may start. */
static void change(struct line *l, time_ms ms, size_t bytes, bool urgent)
{
	for (time_ms end = l->now + ms; l->now < end; step(l))
		if (pace_wait(&l->p, l->now, urgent) == 0) {
			size_t room = pace_room(&l->p, l->now);
			send(l, bytes < room ? bytes : room);
		}
}

static void what_is_shown_is_never_older_than_one_piece(void **state)
{
	(void)state;
	static const double speeds[] = { 1000, 2400, 8000, 100000 };
	for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); i++) {
		struct line l = open_line((struct pace_options){ 0 },
					  speeds[i], 20);
		change(&l, 30000, 100000, false);
		l.oldest = 0;
		l.sent = 0;
		change(&l, 60000, 100000, false);
		assert_true(l.oldest <= 1000);
		/* And the line is not left idle. */
		assert_true((double)l.sent > speeds[i] * 60 / 2);
	}
}

static void a_piece_waits_for_the_one_before(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 8000, 0);
	change(&l, 1000, 200, false);
	send(&l, 3000);
	assert_true(pace_wait(&l.p, l.now, true) > 0);
	pace_answered(&l.p, l.now + 400);
	assert_int_equal(pace_wait(&l.p, l.now + 400, true), 0);
}

static void a_lost_answer_is_not_waited_for_forever(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 8000, 10);
	change(&l, 2000, 200, false);
	l.mute = true;
	l.first = l.nr;
	int before = l.frames;
	change(&l, 10001, 200, false);
	assert_true(l.frames > before);
	l.mute = false;
	change(&l, 10001, 200, false);
	before = l.frames;
	change(&l, 1000, 200, false);
	assert_true(l.frames - before > 10);
}

static void a_dead_line_is_not_filled(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 8000, 10);
	change(&l, 2000, 3000, false);
	l.mute = true;
	l.first = l.nr;
	int before = l.frames;
	change(&l, 30000, 3000, true);
	assert_in_range(l.frames - before, 1, 6);
}

static void a_terminal_that_never_answers_is_drawn_on(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 1e6, 0);
	l.mute = true;
	change(&l, 100, 3000, true);
	assert_int_equal(l.frames, 100);
	assert_true(pace_is_owed(&l.p, l.now));
	change(&l, 10000, 0, false);
	l.sent = 0;
	l.frames = 0;
	change(&l, 60000, 200, false);
	assert_in_range(l.frames, 100, 120);
	l.sent = 0;
	change(&l, 60000, 20000, false);
	assert_true(l.sent < 60 * 4000 + 24000);
	assert_false(pace_is_owed(&l.p, l.now));
}

static void late_answers_are_believed_again(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 8000, 1000);
	change(&l, 10000, 3000, false);
	assert_true(l.p.proven);
	l.oldest = 0;
	change(&l, 60000, 3000, false);
	assert_true(l.oldest <= 1000);
	assert_true(pace_delay(&l.p) > 2000);
}

static void tmux_says_nothing_of_the_line_behind_it(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ .mux = true,
							  .remote = true },
				  8000, 0);
	l.instant = true;
	change(&l, 60000, 6000, false);
	assert_true(l.sent < 60 * 4000 + 20000);
	assert_true(l.oldest <= 3000);
	l.frames = 0;
	change(&l, 60000, 100, false);
	assert_in_range(l.frames, 100, 120);
	/* A key is shown at once, many keys are not a flood. */
	change(&l, 10000, 0, false);
	assert_int_equal(pace_wait(&l.p, l.now, true), 0);
	l.sent = 0;
	change(&l, 60000, 3000, true);
	assert_true(l.sent < 60 * 4000 + 30000);
	/* On this host no key is kept waiting. */
	l = open_line((struct pace_options){ .mux = true }, 1e6, 0);
	l.instant = true;
	change(&l, 10000, 3000, true);
	assert_true(l.frames > 2000);
	change(&l, 5000, 0, false);
	assert_int_equal(pace_wait(&l.p, l.now, false), 0);
}

static void tmux_is_known_by_its_names(void **state)
{
	(void)state;
	assert_false(pace_is_mux(NULL, NULL, NULL));
	assert_false(pace_is_mux("", "", "xterm-256color"));
	assert_true(pace_is_mux("/tmp/tmux-0/default,1,0", NULL, "xterm"));
	assert_true(pace_is_mux(NULL, "12.pts-0.host", NULL));
	assert_true(pace_is_mux(NULL, NULL, "screen.xterm-256color"));
	assert_true(pace_is_mux(NULL, NULL, "tmux-256color"));
	assert_true(pace_is_mux_kind(84) && pace_is_mux_kind(83));
	assert_false(pace_is_mux_kind(0) || pace_is_mux_kind(41));
	/* Learnt later: the next frames are limited. */
	struct line l = open_line((struct pace_options){ 0 }, 1e9, 0);
	change(&l, 3000, 10, false);
	pace_mux(&l.p, l.now);
	l.frames = 0;
	change(&l, 10000, 10, false);
	assert_in_range(l.frames, 18, 22);
}

static void a_limit_of_the_user_is_kept(void **state)
{
	(void)state;
	static const long limits[] = { 100, 500, 2000, 20000 };
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		for (int mux = 0; mux < 2; mux++) {
			struct line l = open_line((struct pace_options){
				.mux = mux, .max_bps = limits[i] }, 1e9, 0);
			change(&l, 60000, 100000, true);
			assert_true((double)l.sent <= 60.0
				    * (double)limits[i] + 16000);
			if (!mux)
				assert_true((double)l.sent > 50.0
					    * (double)limits[i]);
		}
}

static void low_means_one_frame_a_second(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ .low = true }, 1e9, 0);
	change(&l, 60000, 10, false);
	assert_in_range(l.frames, 58, 61);
	assert_int_equal(pace_wait(&l.p, l.now, true), 0);
}

static void the_shell_gets_no_answer_of_ours(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 8000, 0);
	assert_false(pace_is_owed(&l.p, 0));
	send(&l, 3000);
	assert_true(pace_is_owed(&l.p, 10));
	pace_answered(&l.p, 400);
	assert_false(pace_is_owed(&l.p, 400));
	send(&l, 3000);
	pace_forget(&l.p);
	assert_false(pace_is_owed(&l.p, 10));
	assert_int_equal(pace_wait(&l.p, 1000, true), 0);
}

static void the_delay_is_the_way_there_and_back(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 1e6, 400);
	assert_true(isnan(pace_delay(&l.p)));
	change(&l, 20000, 100, false);
	assert_true(pace_delay(&l.p) > 780 && pace_delay(&l.p) < 830);
}

/* A long line is not a narrow one: large pieces, not many round trips. */
static void a_satellite_is_not_taken_for_a_modem(void **state)
{
	(void)state;
	struct line l = open_line((struct pace_options){ 0 }, 1e6, 300);
	change(&l, 5000, 100, false);
	change(&l, 5000, 10000, false);
	assert_true(pace_room(&l.p, l.now) > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_shown_is_never_older_than_one_piece),
		cmocka_unit_test(a_piece_waits_for_the_one_before),
		cmocka_unit_test(a_lost_answer_is_not_waited_for_forever),
		cmocka_unit_test(a_dead_line_is_not_filled),
		cmocka_unit_test(a_terminal_that_never_answers_is_drawn_on),
		cmocka_unit_test(late_answers_are_believed_again),
		cmocka_unit_test(tmux_says_nothing_of_the_line_behind_it),
		cmocka_unit_test(tmux_is_known_by_its_names),
		cmocka_unit_test(a_limit_of_the_user_is_kept),
		cmocka_unit_test(low_means_one_frame_a_second),
		cmocka_unit_test(the_shell_gets_no_answer_of_ours),
		cmocka_unit_test(the_delay_is_the_way_there_and_back),
		cmocka_unit_test(a_satellite_is_not_taken_for_a_modem),
	};
	return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
