/* A recording as a source: wherever a person goes in it, the screen gets what
 * it would have got by watching. */
#include "record/replay.h"

#include "base/buf.h"
#include "base/mem.h"
#include "model/objective.h"
#include "record/writer.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 INT64_C(1763000000000)
#define SECOND INT64_C(1000)

struct fake {
	struct store *store;  /* or NULL: has the batches too */
	char dir[64], path[96];
	struct source src;
	struct buf seen;      /* everything since the last reset */
	size_t batches, ticks, resets, ended, closed;
	time_ms at;           /* of the last batch */
	bool tick;            /* the last batch was one */
	enum fault fault;
	char error[300];
};

static void take(struct source *src, struct batch *b, void *arg)
{
	struct fake *f = arg;
	(void)src;
	if (f->store)
		store_apply(f->store, b);
	if (b->reset) {
		buf_clear(&f->seen);
		f->resets++;
	} else {
		batch_print(b, &f->seen);
	}
	f->batches++;
	f->ticks += b->tick;
	f->tick = b->tick;
	f->at = b->at;
	f->fault = b->fault;
	snprintf(f->error, sizeof(f->error), "%s", b->error ? b->error : "");
	batch_free(b);
}

static void ended(struct source *src, void *arg)
{
	(void)src;
	((struct fake *)arg)->ended++;
}

static void closed(struct source *src, void *arg)
{
	(void)src;
	((struct fake *)arg)->closed++;
}

static int enter(void **state)
{
	struct fake *f = mem_zero(1, sizeof(*f));
	snprintf(f->dir, sizeof(f->dir), "/tmp/redtop-replay-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/a.redtop", f->dir);
	f->src = (struct source){
		.ops = &replay_ops, .name = (char *)"incident",
		.url = f->path, .sink = take, .ended = ended, .closed = closed,
		.arg = f, .state = mem_zero(1, replay_ops.state_size),
		.newest = TIME_NONE, .oldest = TIME_NONE,
	};
	*state = f;
	return 0;
}

static int leave(void **state)
{
	struct fake *f = *state;
	if (f->src.oldest != TIME_NONE || f->ended) {
		replay_ops.close(&f->src);
		if (f->closed != 1)
			return -1;
	}
	free(f->src.state);
	store_free(f->store);
	buf_release(&f->seen);
	unlink(f->path);
	int rc = rmdir(f->dir);
	free(f);
	return rc;
}

static void add(struct writer *w, const char *source, time_ms at, double v,
		bool instant, bool tick)
{
	struct batch *b = batch_new(0);
	struct label l[] = { { "job", source } };
	struct frame frame = {
		.question = 17, .labels = { 1, l }, .nr = 1, .t = &at, .v = &v,
	};
	uint32_t asked = 17;
	b->source = source;
	b->at = b->to = b->settled = at;
	b->from = at - 30 * SECOND;
	b->step = 5 * SECOND;
	b->window = 60 * SECOND;
	b->instant = instant;
	b->tick = tick;
	b->nr = b->nr_asked = 1;
	b->frame = &frame;
	b->asked = &asked;
	assert_int_equal(writer_add(w, b, NULL), 0);
	batch_free(b);
}

/* Each tick: a chart's tail and the rows of two sources. */
static void record(const char *path, time_ms from, size_t ticks)
{
	struct err e = { 0 };
	struct writer *w = writer_open(path, from, "0.1.0", &e);
	assert_string_equal(e.text, "");
	for (size_t i = 0; i < ticks; i++) {
		time_ms at = from + (time_ms)i * SECOND;
		add(w, "east", at, (double)i, false, false);
		add(w, "west", at, (double)i * 2, true, false);
		add(w, "east", at, (double)i / 3, true, true);
	}
	assert_int_equal(writer_close(w, NULL), 0);
}

static void open_it(struct fake *f)
{
	struct err e = { 0 };
	assert_int_equal(replay_ops.open(&f->src, f->path, &e), 0);
}

static void poll_at(struct fake *f, time_ms at)
{
	struct want w = { .at = at, .back = 3600 * SECOND, .step = SECOND };
	size_t before = f->ended;
	f->batches = f->ticks = f->resets = 0;
	replay_ops.poll(&f->src, &w);
	assert_int_equal(f->ended, before + 1);
	if (f->batches)
		assert_true(f->tick);
}

static void the_ends_and_the_pace_are_known_at_once(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 10);
	open_it(f);
	assert_true(f->src.oldest == T0);
	assert_true(f->src.newest == T0 + 9 * SECOND);
	assert_true(f->src.period == SECOND);
	assert_true(f->src.interval == 5 * SECOND);
}

static void the_end_shows_everything(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 10);
	open_it(f);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->batches, 30);
	assert_int_equal(f->ticks, 10);
	assert_true(f->at == T0 + 9 * SECOND);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->batches, 0);
}

static void a_time_between_ticks_shows_the_tick_before(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 10);
	open_it(f);
	poll_at(f, T0 + 4 * SECOND + 999);
	assert_int_equal(f->batches, 15);
	assert_true(f->at == T0 + 4 * SECOND);
	poll_at(f, T0 + 5 * SECOND);
	assert_int_equal(f->batches, 3);
	assert_true(f->at == T0 + 5 * SECOND);
}

static void going_back_shows_what_was_there_then(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 10);
	open_it(f);
	poll_at(f, T0 + 4 * SECOND);
	char *then = mem_strdup(buf_text(&f->seen));
	assert_true(strlen(then) > 100);
	poll_at(f, TIME_NONE);
	assert_string_not_equal(buf_text(&f->seen), then);

	poll_at(f, T0 + 4 * SECOND);
	assert_int_equal(f->resets, 2); /* each source once */
	assert_string_equal(buf_text(&f->seen), then);
	assert_true(f->at == T0 + 4 * SECOND);

	char *end = NULL;
	for (int i = 0; i < 2; i++) {
		poll_at(f, TIME_NONE);
		if (end)
			assert_string_equal(buf_text(&f->seen), end);
		free(end);
		end = mem_strdup(buf_text(&f->seen));
		poll_at(f, T0);
		assert_true(f->at == T0);
	}
	free(end);
	free(then);
}

static void steps_go_from_tick_to_tick(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 3);
	open_it(f);
	const struct source *s = &f->src;
	assert_true(replay_tick_after(s, T0 - 1) == T0);
	assert_true(replay_tick_after(s, T0) == T0 + SECOND);
	assert_true(replay_tick_after(s, T0 + 1500) == T0 + 2 * SECOND);
	assert_true(replay_tick_after(s, T0 + 2 * SECOND) == TIME_NONE);
	assert_true(replay_tick_before(s, T0) == TIME_NONE);
	assert_true(replay_tick_before(s, T0 + 1) == T0);
	assert_true(replay_tick_before(s, T0 + 2 * SECOND) == T0 + SECOND);
	assert_true(replay_tick_before(s, T0 + 9000 * SECOND)
		    == T0 + 2 * SECOND);
}

static void a_missing_stretch_is_a_gap(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 5);
	record(f->path, T0 + 100 * SECOND, 5);
	record(f->path, T0 + 300 * SECOND, 5);
	open_it(f);
	struct replay_gap gap[4];
	assert_int_equal(replay_gaps(&f->src, gap, 4), 2);
	assert_true(gap[0].from == T0 + 4 * SECOND);
	assert_true(gap[0].to == T0 + 100 * SECOND);
	assert_true(gap[1].to == T0 + 300 * SECOND);
	assert_int_equal(replay_gaps(&f->src, gap, 1), 1);
	poll_at(f, T0 + 50 * SECOND);
	assert_true(f->at == T0 + 4 * SECOND);
	assert_null(strstr(buf_text(&f->seen), "nothing recorded"));
	poll_at(f, T0 + 100 * SECOND);
	assert_non_null(strstr(buf_text(&f->seen), "nothing recorded for 1m"));
}

static void before_the_beginning_it_says_when_that_is(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 3);
	open_it(f);
	poll_at(f, T0 - 1);
	assert_int_equal(f->batches, 1);
	assert_int_equal(f->fault, FAULT_FILE);
	assert_non_null(strstr(f->error, "begins at 2025-11-13T02:13:20Z"));
	poll_at(f, TIME_NONE);
	assert_int_equal(f->fault, FAULT_NONE);
	assert_int_equal(f->batches, 9 + 1);
	assert_int_equal(f->resets, 1); /* of the sentence */
	assert_null(strstr(buf_text(&f->seen), "begins at"));
}

static void a_file_without_a_tick_is_named(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 0);
	open_it(f);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->fault, FAULT_FILE);
	assert_non_null(strstr(f->error, "holds no whole tick"));
}

static void what_is_still_recorded_is_followed(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 3);
	f->src.opt.follow = true;
	open_it(f);
	poll_at(f, TIME_NONE);
	assert_true(f->at == T0 + 2 * SECOND);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->batches, 0);
	record(f->path, T0 + 3 * SECOND, 2);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->batches, 7); /* one of them tells the gap */
	assert_int_equal(f->resets, 0);
	assert_true(f->at == T0 + 4 * SECOND);
	assert_true(f->src.newest == T0 + 4 * SECOND);
}

static void a_clock_set_back_loses_nothing(void **state)
{
	struct fake *f = *state;
	record(f->path, T0, 3);
	record(f->path, T0 - 100 * SECOND, 3);
	record(f->path, T0 + 10 * SECOND, 1);
	open_it(f);
	assert_true(f->src.oldest == T0);
	poll_at(f, TIME_NONE);
	assert_int_equal(f->batches, 7 * 3 + 1);
	poll_at(f, T0 + 9 * SECOND);
	assert_int_equal(f->batches, 2 + 6 * 3);
	assert_true(replay_tick_after(&f->src, T0 + 2 * SECOND)
		    == T0 + 10 * SECOND);
}

static void what_is_no_recording_is_refused_when_opened(void **state)
{
	struct fake *f = *state;
	struct err e = { 0 };
	FILE *out = fopen(f->path, "w");
	assert_non_null(out);
	fputs("services: []\n", out);
	fclose(out);
	assert_int_equal(replay_ops.open(&f->src, f->path, &e), -1);
	assert_int_equal(e.code, EXIT_FILE);
	assert_non_null(strstr(e.text, f->path));
}

/* ---- objectives --------------------------------------------------------- */

static const struct slo_def up = {
	.id = "up", .objective = 0.999, .period = 86400 * SECOND,
	.errors = "e", .total = "t",
};

static void put(struct writer *w, struct batch *b)
{
	b->source = "east";
	assert_int_equal(writer_add(w, b, NULL), 0);
	batch_free(b);
}

static void put_promise(struct writer *w)
{
	struct catalog c = { .nr_slos = 1, .slo = &up };
	struct batch *b = batch_new(0);
	b->at = T0;
	b->instant = true;
	b->catalog = &c;
	put(w, b);
}

/* The cells of its period: once, a step of their own. */
static void put_cells(struct writer *w)
{
	time_ms t[] = { T0 - 240 * SECOND, T0 - 120 * SECOND };
	const double v[] = { 4, 4 };
	uint32_t id = question_own(QUESTION_SLO, 0,
				   slo_part(ASK_TOTAL, SLO_SPAN_CELL));
	struct frame f = { .question = id, .nr = 2, .t = t, .v = v };
	struct batch *b = batch_new(0);
	b->at = T0;
	b->from = t[0];
	b->to = t[1];
	b->settled = TIME_NONE;
	b->step = 120 * SECOND;
	b->nr = b->nr_asked = 1;
	b->asked = &id;
	b->frame = &f;
	put(w, b);
}

static void put_burn(struct writer *w, time_ms at, double bad)
{
	const double v[] = { bad, 100 };
	uint32_t id[2];
	struct frame f[2];
	struct batch *b = batch_new(0);
	for (size_t i = 0; i < 2; i++) {
		id[i] = question_own(QUESTION_SLO, 0,
				     slo_part(i ? ASK_TOTAL : ASK_ERRORS,
					      SLO_5M));
		f[i] = (struct frame){ .question = id[i], .nr = 1, .t = &b->at,
				       .v = &v[i] };
	}
	b->at = at;
	b->instant = true;
	b->nr = b->nr_asked = 2;
	b->asked = id;
	b->frame = f;
	put(w, b);
}

static struct slo_row promise(const struct fake *f, time_ms at)
{
	const struct store_slo *const *s;
	struct slo_row r;
	assert_int_equal(store_slos(f->store, &s), 1);
	assert_int_equal(slo_rows(f->store, s[0], at, T0, &r, 1), 1);
	return r;
}

static void an_objective_is_gone_after_its_tick(void **state)
{
	struct fake *f = *state;
	struct err e = { 0 };
	f->store = store_new(0);
	struct writer *w = writer_open(f->path, T0, "0.1.0", &e);
	put_promise(w);
	put_cells(w);
	put_burn(w, T0, 5);
	add(w, "east", T0, 1, false, false);
	for (int i = 0; i < 6; i++)
		add(w, "east", T0 + i * SECOND, 1, true, true);
	put_burn(w, T0 + 6 * SECOND, 0.1);
	add(w, "east", T0 + 6 * SECOND, 1, true, true);
	assert_int_equal(writer_close(w, NULL), 0);
	open_it(f);
	/* Its cells' step is no chart's. */
	assert_true(f->src.interval == 5 * SECOND);
	time_ms then = T0 + 5 * SECOND;
	poll_at(f, then);
	assert_true(fabs(promise(f, then).window[SLO_5M].burn - 50) < 1e-9);
	poll_at(f, TIME_NONE);
	then = T0 + 6 * SECOND;
	assert_true(fabs(promise(f, then).window[SLO_5M].burn - 1) < 1e-9);
	/* And back. */
	then = T0 + SECOND;
	poll_at(f, then);
	struct slo_row r = promise(f, then);
	assert_true(fabs(r.window[SLO_5M].burn - 50) < 1e-9);
	assert_true(r.at == T0);
	assert_int_equal(r.slo->nr, 3);
}

#define HERE(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HERE(the_ends_and_the_pace_are_known_at_once),
		HERE(the_end_shows_everything),
		HERE(a_time_between_ticks_shows_the_tick_before),
		HERE(going_back_shows_what_was_there_then),
		HERE(steps_go_from_tick_to_tick),
		HERE(a_missing_stretch_is_a_gap),
		HERE(before_the_beginning_it_says_when_that_is),
		HERE(a_file_without_a_tick_is_named),
		HERE(what_is_still_recorded_is_followed),
		HERE(a_clock_set_back_loses_nothing),
		HERE(what_is_no_recording_is_refused_when_opened),
		HERE(an_objective_is_gone_after_its_tick),
	};
	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
