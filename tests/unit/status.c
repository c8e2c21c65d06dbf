/* The one line that people paste into a chat. */
#include "app/status.h"

#include "app/dash.h"
#include "base/text.h"
#include "tests/unit/batches.h"
#include "tui/export.h"
#include "tui/glyph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* 2025-11-13T02:13:15Z and the like: round, so that texts are short. */
#define NOW ((time_ms)1763000000 * 1000)
#define NOW_TEXT "2025-11-13T02:13:20Z "

static const struct shape shape = {
	.id = 1, .label = "job", .metric = "m", .status = STATUS_HTTP,
	.status_label = "code", .method = METHOD_HISTOGRAM,
	.question = { [RED_RATE] = "r" },
};

/* A view by hand: rows are what the line is made of. */
struct scene {
	struct store *store;
	struct service service[4];
	struct red_row row[4];
	struct view view;
	struct buf line;
};

static void scene_open(struct scene *s, size_t nr_rows)
{
	memset(s, 0, sizeof(*s));
	s->store = store_new(0);
	store_declare(s->store, "prom", 15000);
	for (size_t i = 0; i < 4; i++) {
		s->service[i] = (struct service){ .name = "other",
						  .shape = &shape };
		s->row[i] = (struct red_row){
			.service = &s->service[i], .at = NOW, .rate = 10,
			.error_ratio = 0.0192,
			.p99 = { 0.914, 0.75, 1, METHOD_HISTOGRAM, NULL },
			.mean = NAN, .burn_5m = 19.2, .burn_1h = 14.9,
			.state = STATE_OK, .since = TIME_NONE,
		};
	}
	s->service[0].name = "checkout";
	s->view = (struct view){ .store = s->store, .now = NOW,
				 .all = s->row, .nr_all = nr_rows };
	buf_init(&s->line, STATUS_MAX);
}

static void scene_close(struct scene *s)
{
	buf_release(&s->line);
	store_free(s->store);
}

static void poll(struct scene *s, enum fault fault, const char *error,
		 time_ms at)
{
	struct batch *b = batch_instant(at);
	b->fault = fault;
	b->error = error;
	b->tick = true;
	if (!fault)
		ask_for(b, question_id(1, RED_RATE));
	store_apply(s->store, b);
	batch_free(b);
}

static const char *line(struct scene *s)
{
	buf_clear(&s->line);
	s->line.full = false;
	status_line(&s->view, &s->line);
	return buf_text(&s->line);
}

/* What holds whatever is told. */
static void sound(struct scene *s)
{
	const char *text = line(s);
	if (s->line.len > STATUS_MAX || s->line.full)
		fail_msg("%zu bytes: %s", s->line.len, text);
	assert_true(s->line.len > 21);
	assert_true(text_is_clean(text));
	assert_null(strchr(text, '\n'));
	assert_memory_equal(text, NOW_TEXT, 21);
}

static void the_chat_does_not_hear_who_is_worst_since_when(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s, 3);
	poll(&s, FAULT_NONE, NULL, NOW);
	s.row[0].state = STATE_PAGE;
	s.row[0].since = NOW - 440000;
	s.row[1].state = STATE_WARN;
	assert_string_equal(line(&s), NOW_TEXT "PAGE checkout burn 19.2x (1h "
			    "14.9x) errors 1.92% p99 ~914ms since 02:06:00Z, "
			    "1 more not ok");
	sound(&s);
	s.row[0].since = NOW - 86400000;
	assert_non_null(strstr(line(&s), "since 2025-11-12T02:13:20Z"));
	scene_close(&s);
}

static void no_data_reads_like_zero(void **state)
{
	(void)state;
	struct scene s;
	scene_open(&s, 1);
	poll(&s, FAULT_NONE, NULL, NOW);
	s.row[0].state = STATE_NODATA;
	s.row[0].burn_5m = s.row[0].burn_1h = s.row[0].error_ratio = NAN;
	s.row[0].p99 = (struct red_quantile){ NAN, NAN, NAN, METHOD_NONE,
					      "no histogram" };
	s.row[0].mean = 0.0041;
	assert_string_equal(line(&s), NOW_TEXT "NO DATA checkout burn – (1h –) "
			    "errors – p99 – (mean 4.1ms) since –");
	s.row[0].p99 = (struct red_quantile){ NAN, 4, INFINITY,
					      METHOD_HISTOGRAM, NULL };
	assert_non_null(strstr(line(&s), "p99 >4s"));
	scene_close(&s);
}

static void every_state_has_its_word(void **state)
{
	(void)state;
	static const char *const words[] = {
		[STATE_PAGE] = "PAGE", [STATE_TICKET] = "TICKET",
		[STATE_CRIT] = "CRIT", [STATE_WARN] = "WARN",
		[STATE_STALE] = "STALE", [STATE_NODATA] = "NO DATA",
		[STATE_NOTRAFFIC] = "idle", [STATE_OK] = "ok",
	};
	struct scene s;
	scene_open(&s, 3);
	poll(&s, FAULT_NONE, NULL, NOW);
	for (int i = STATE_PAGE; i <= STATE_OK; i++) {
		char expected[64];
		s.row[0].state = (enum service_state)i;
		s.row[0].age = 90000;
		snprintf(expected, sizeof(expected), NOW_TEXT "%s checkout ",
			 words[i]);
		sound(&s);
		assert_memory_equal(line(&s), expected, strlen(expected));
		assert_true((strstr(line(&s), " old") != NULL)
			    == (i == STATE_STALE));
		assert_true((strstr(line(&s), "none of 3 is worse") != NULL)
			    == (i > STATE_STALE));
	}
	scene_close(&s);
}

static void a_dead_source_looks_like_a_quiet_night(void **state)
{
	(void)state;
	struct scene s;
	static const char refused[] = "connection refused: http://h:9090; is "
				      "it running, and on this port?";
	scene_open(&s, 0);
	assert_string_equal(line(&s), NOW_TEXT "prom is being asked, no answer "
			    "yet");
	poll(&s, FAULT_REFUSED, refused, NOW - 60000);
	assert_string_equal(line(&s), NOW_TEXT "prom down since 02:12:20Z: "
			    "connection refused: http://h:9090; is it running, "
			    "and on this port?");
	poll(&s, FAULT_AUTH, "http://h: credentials are missing or refused "
	     "(401)", NOW);
	assert_non_null(strstr(line(&s), "prom auth since"));
	assert_non_null(strstr(line(&s), "(401)"));
	poll(&s, FAULT_NONE, NULL, NOW);
	assert_string_equal(line(&s), NOW_TEXT "prom answers, and knows no "
			    "services");
	/* What was seen last is told as such. */
	s.view.nr_all = 2;
	poll(&s, FAULT_REFUSED, refused, NOW);
	assert_non_null(strstr(line(&s), "prom stale since"));
	assert_non_null(strstr(line(&s), "; last: checkout errors 1.92%"));
	sound(&s);
	/* One of two: the other one still judges. */
	store_declare(s.store, "prom-2", 15000);
	struct batch *b = batch_instant(NOW);
	b->source = "prom-2";
	b->tick = true;
	ask_for(b, question_id(1, RED_RATE));
	store_apply(s.store, b);
	batch_free(b);
	assert_non_null(strstr(line(&s), " checkout burn "));
	assert_non_null(strstr(line(&s), ", 1 of 2 sources down"));
	scene_close(&s);
}

/* Nothing may hide the numbers behind a name, end the line, or take over the
 * terminal of whoever pastes it. */
static void a_name_takes_over_the_chat(void **state)
{
	(void)state;
	static char long_name[1024], wide[1000];
	memset(long_name, 'n', sizeof(long_name) - 1);
	for (size_t i = 0; i + 3 < sizeof(wide); i += 3)
		memcpy(wide + i, "猫", 3);
	const char *const names[] = {
		long_name, wide, "\x1b]0;pwned\a", "a\nb: all is well",
		"\xe2\x80\xae" "gnp.exe", "\xff\xfe", "", "e\xcc\x81\xcc\x81",
	};
	struct scene s;
	scene_open(&s, 3);
	poll(&s, FAULT_NONE, NULL, NOW);
	s.row[0].state = STATE_PAGE;
	s.row[0].since = NOW - 3 * 86400000LL;
	s.row[1].state = STATE_CRIT;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		s.service[0].name = names[i];
		sound(&s);
		const char *text = line(&s);
		assert_non_null(strstr(text, " burn 19.2x (1h 14.9x) errors "
				       "1.92% p99 ~914ms since 2025-11-10T"));
		assert_non_null(strstr(text, ", 1 more not ok"));
	}
	s.service[0].name = long_name;
	poll(&s, FAULT_REFUSED, long_name, NOW);
	sound(&s);
	assert_non_null(strstr(line(&s), "; last: nnnn"));
	scene_close(&s);
}

static void a_plain_terminal_gets_bytes_it_cannot_show(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, STATUS_MAX);
	glyph_plain(&b, "since – ~4s … caf\xc3\xa9 \xe7\x8c\xab e\xcc\x81");
	assert_string_equal(buf_text(&b), "since - ~4s ~ caf? ? e");
	buf_release(&b);
}

/* ---- `y` -------------------- */

static struct dash *dash_with_a_service(int w, int h)
{
	struct dash_options o = {
		.w = w, .h = h, .graph = GRAPH_BRAILLE, .range = 3600000,
		.now = NOW, .title = "prom", .at = TIME_NONE,
	};
	struct dash *d = dash_new(&o);
	struct batch *b = batch_instant(NOW);
	struct service_def def = { .name = "shop", .value = "shop", .shape = 1 };
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = 1, .service = &def };
	b->catalog = &c;
	b->tick = true;
	add_value(b, question_id(1, RED_RATE), "shop", "code", "200", 5);
	dash_batch(d, b);
	batch_free(b);
	dash_frame(d);
	return d;
}

static void shown(struct dash *d, struct buf *out)
{
	buf_clear(out);
	dash_frame(d);
	export_text(dash_surface(d), out);
}

static void y_shows_another_line_than_the_command(void **state)
{
	(void)state;
	struct buf line, screen;
	buf_init(&line, STATUS_MAX);
	buf_init(&screen, 0);
	struct dash *d = dash_with_a_service(120, 40);
	status_line(dash_view(d), &line);
	assert_non_null(strstr(buf_text(&line), "ok shop burn"));
	shown(d, &screen);
	assert_null(strstr(buf_text(&screen), buf_text(&line)));
	dash_key(d, 'y');
	shown(d, &screen);
	assert_non_null(strstr(buf_text(&screen), buf_text(&line)));
	dash_key(d, 'j');
	shown(d, &screen);
	assert_null(strstr(buf_text(&screen), buf_text(&line)));
	dash_free(d);
	buf_release(&line);
	buf_release(&screen);
}

/* Without spaces and borders. */
static void squeeze(const char *s, struct buf *out)
{
	static const char border[] = "│";
	buf_clear(out);
	for (; *s; s++) {
		if (strncmp(s, border, sizeof(border) - 1) == 0)
			s += sizeof(border) - 2;
		else if (*s != ' ' && *s != '\n')
			buf_char(out, *s);
	}
}

/* Where a row is too short the whole line stands in a box. */
static void y_is_cut_where_the_screen_is_small(void **state)
{
	(void)state;
	static const int sizes[][2] = { { 80, 24 }, { 40, 8 }, { 32, 6 } };
	struct buf screen, line, all, part;
	buf_init(&screen, 0);
	buf_init(&line, STATUS_MAX);
	buf_init(&all, 0);
	buf_init(&part, 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct dash *d = dash_with_a_service(sizes[i][0], sizes[i][1]);
		dash_key(d, 'y');
		shown(d, &screen);
		buf_clear(&line);
		status_line(dash_view(d), &line);
		squeeze(buf_text(&screen), &all);
		squeeze(buf_text(&line), &part);
		if (!strstr(buf_text(&all), buf_text(&part)))
			fail_msg("%dx%d:\n%s", sizes[i][0], sizes[i][1],
				 buf_text(&screen));
		dash_key(d, 'j');
		shown(d, &screen);
		assert_null(strstr(buf_text(&screen), "status ─"));
		dash_free(d);
	}
	buf_release(&screen);
	buf_release(&line);
	buf_release(&all);
	buf_release(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			the_chat_does_not_hear_who_is_worst_since_when),
		cmocka_unit_test(no_data_reads_like_zero),
		cmocka_unit_test(every_state_has_its_word),
		cmocka_unit_test(a_dead_source_looks_like_a_quiet_night),
		cmocka_unit_test(a_name_takes_over_the_chat),
		cmocka_unit_test(a_plain_terminal_gets_bytes_it_cannot_show),
		cmocka_unit_test(y_shows_another_line_than_the_command),
		cmocka_unit_test(y_is_cut_where_the_screen_is_small),
	};
	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
