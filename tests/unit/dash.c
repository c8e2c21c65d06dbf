#include "app/dash.h"

#include "base/buf.h"
#include "base/key.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/demo.h"
#include "sources/prom_parse.h"
#include "tests/unit/batches.h"
#include "tests/unit/cloud.h"
#include "tui/export.h"
#include "widgets/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- allocations are counted ------------------------------------- */

static size_t allocations;

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int __sanitizer_install_malloc_and_free_hooks(
	void (*on_malloc)(const volatile void *, size_t),
	void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t n)
{
	(void)p;
	(void)n;
	allocations++;
}

static void on_free(const volatile void *p)
{
	(void)p;
}

static void count_allocations(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t nr, size_t n);
void *__libc_realloc(void *p, size_t n);

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

static void count_allocations(void)
{
}
#endif

/* ---- a dashboard over the demo ----------------------------------- */

struct rig {
	struct source src;
	struct dash *d;
	time_ms at;
	bool lazy; /* frames are not drawn by feed() */
};

static void sink(struct source *src, struct batch *b, void *arg)
{
	struct rig *r = arg;
	b->source = src->name;
	dash_batch(r->d, b);
	batch_free(b);
}

static void ended(struct source *src, void *arg)
{
	(void)src;
	(void)arg;
}

/* The words of a want live until the next batch: a poll needs its own. */
static void keep_words(struct want *w, struct arena *a)
{
	size_t n = 0;
	while (w->visible && w->visible[n])
		n++;
	const char **own = arena_alloc(a, (n + 1) * sizeof(*own));
	for (size_t i = 0; i < n; i++)
		own[i] = arena_strdup(a, w->visible[i]);
	w->visible = w->visible ? own : NULL;
	w->selected = w->selected ? arena_strdup(a, w->selected) : NULL;
}

/* Asks the demo what the dashboard wants, at r->at unless it wants a moment. */
static void feed(struct rig *r)
{
	struct want w;
	struct arena words;
	arena_init(&words, 0);
	dash_want(r->d, &w);
	keep_words(&w, &words);
	if (w.at == TIME_NONE)
		w.at = r->at;
	r->src.ops->poll(&r->src, &w);
	arena_release(&words);
	if (!r->lazy)
		dash_frame(r->d);
}

static void rig_empty(struct rig *r, int w, int h)
{
	struct dash_options o = {
		.w = w, .h = h, .graph = GRAPH_BRAILLE, .range = 3600000,
		.now = demo_fixed_now, .title = "demo", .at = TIME_NONE,
	};
	*r = (struct rig){ .at = demo_fixed_now };
	r->d = dash_new(&o);
}

static void rig_open(struct rig *r, int w, int h)
{
	struct err e = { 0 };
	rig_empty(r, w, h);
	r->src = (struct source){
		.ops = &demo_ops, .name = (char *)"demo", .url = (char *)"",
		.state = mem_zero(1, demo_ops.state_size), .sink = sink,
		.ended = ended, .closed = ended, .arg = r,
		.newest = TIME_NONE, .oldest = TIME_NONE,
	};
	assert_int_equal(demo_ops.open(&r->src, "demo", &e), 0);
	feed(r);
}

static void rig_close(struct rig *r)
{
	demo_ops.close(&r->src);
	free(r->src.state);
	dash_free(r->d);
}

static bool asked(struct rig *r, enum request what)
{
	bool found = false;
	for (enum request q; (q = dash_request(r->d)) != REQUEST_NONE;)
		found |= q == what;
	return found;
}

static void press(struct rig *r, const char *keys)
{
	char text[200];
	snprintf(text, sizeof(text), "%s", keys);
	for (char *k = strtok(text, " "); k; k = strtok(NULL, " ")) {
		assert_int_not_equal(key_of_name(k), K_NONE);
		dash_key(r->d, key_of_name(k));
		dash_frame(r->d);
	}
}

static const char *selected(const struct rig *r)
{
	const struct red_row *row = dash_view(r->d)->sel;
	return row ? row->service->name : "";
}

static char *picture(const struct rig *r)
{
	struct buf b;
	buf_init(&b, 0);
	export_text(dash_surface(r->d), &b);
	char *s = mem_strdup(buf_text(&b));
	buf_release(&b);
	return s;
}

static void assert_picture(const struct rig *r, const char *want, bool same)
{
	char *now = picture(r);
	assert_int_equal(strcmp(now, want) == 0, same);
	free(now);
}

/* ---- keys -------------------------------------------------------- */

static void the_selection_jumps_to_another_service(void **state)
{
	(void)state;
	struct rig r;
	char name[64];
	rig_open(&r, 120, 40);
	const struct view *v = dash_view(r.d);
	assert_true(v->nr_rows >= 8);
	press(&r, "j j Down");
	assert_int_equal(v->selected, 3);
	press(&r, "k");
	assert_int_equal(v->selected, 2);
	snprintf(name, sizeof(name), "%s", selected(&r));
	bool moved = false;
	for (int i = 0; i < 6; i++) {
		press(&r, "s");
		moved |= v->selected != 2;
		assert_string_equal(selected(&r), name);
	}
	assert_true(moved);
	moved = false;
	for (int i = 0; i < 60; i++) {
		r.at += 60000;
		feed(&r);
		moved |= v->selected != 2;
		assert_string_equal(selected(&r), name);
	}
	assert_true(moved);
	press(&r, "G");
	assert_int_equal(v->selected, v->nr_rows - 1);
	press(&r, "j PgDn");
	assert_int_equal(v->selected, v->nr_rows - 1);
	press(&r, "g k PgUp");
	assert_int_equal(v->selected, 0);
	rig_close(&r);
}

static void a_filter_hides_what_fits_or_cannot_be_undone(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r, 120, 40);
	const struct view *v = dash_view(r.d);
	size_t all = v->nr_rows, fit = 0;
	for (size_t i = 0; i < all; i++)
		fit += strstr(v->row[i].service->name, "ca") != NULL;
	assert_true(fit > 0 && fit < all);
	press(&r, "/ c a");
	assert_true(v->filter_open);
	assert_string_equal(v->filter, "ca");
	assert_int_equal(v->nr_rows, fit);
	press(&r, "Backspace");
	assert_string_equal(v->filter, "c");
	press(&r, "A Enter");
	assert_false(v->filter_open);
	assert_int_equal(v->nr_rows, fit);
	assert_int_equal(v->nr_all, all);
	press(&r, "Esc");
	assert_int_equal(v->nr_rows, all);
	/* Esc in the open line leaves the filter before. */
	press(&r, "/ z z z Esc");
	assert_int_equal(v->nr_rows, all);
	/* What was pasted is text, not commands. */
	press(&r, "/");
	dash_paste(r.d, 'q');
	dash_paste(r.d, '\n');
	dash_paste(r.d, 0x1b);
	dash_paste(r.d, 0x202e);
	dash_frame(r.d);
	assert_string_equal(v->filter, "q");
	press(&r, "Esc");
	dash_paste(r.d, 'q');
	assert_false(asked(&r, REQUEST_QUIT));
	rig_close(&r);
}

static void pages_and_the_way_back_are_lost(void **state)
{
	(void)state;
	static const struct {
		const char *keys;
		enum page page;
	} t[] = {
		{ "2", PAGE_SERVICE }, { "6", PAGE_EVENTS }, { "8", PAGE_NET },
		{ "1", PAGE_OVERVIEW }, { "Enter", PAGE_SERVICE },
		{ "Esc", PAGE_OVERVIEW }, { "8 Esc", PAGE_OVERVIEW },
		{ "6 Esc", PAGE_OVERVIEW }, { "6 Enter", PAGE_OVERVIEW },
		{ "4", PAGE_SATURATION }, { "4 j Enter", PAGE_SATURATION },
		{ "Esc Esc", PAGE_OVERVIEW },
	};
	struct rig r;
	rig_open(&r, 120, 40);
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		press(&r, t[i].keys);
		assert_int_equal(dash_view(r.d)->page, t[i].page);
	}
	rig_close(&r);
}

static void escape_quits_by_accident(void **state)
{
	(void)state;
	static const char *const before[] = {
		"", "?", "e", "F2", "/ a", ": g", "2 f", "6", "8", "Left Left",
		"/ a Enter", "f",
	};
	struct rig r;
	rig_open(&r, 120, 40);
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
		press(&r, before[i]);
		press(&r, "Esc Esc Esc Esc Esc Esc");
		assert_false(asked(&r, REQUEST_QUIT));
		assert_int_equal(dash_view(r.d)->page, PAGE_OVERVIEW);
		assert_true(dash_view(r.d)->cursor == TIME_NONE);
	}
	press(&r, "q");
	assert_true(asked(&r, REQUEST_QUIT));
	/* Ctrl-C also while a line or a box is open; q is a letter there. */
	press(&r, "/ q");
	assert_false(asked(&r, REQUEST_QUIT));
	press(&r, "Ctrl-C");
	assert_true(asked(&r, REQUEST_QUIT));
	rig_close(&r);
}

static void a_key_of_the_help_does_nothing(void **state)
{
	(void)state;
	static const struct {
		const char *sign;
		int key;
	} arrows[] = { { "↑", K_UP }, { "↓", K_DOWN }, { "←", K_LEFT },
		       { "→", K_RIGHT } };
	for (const struct key_row *k = key_rows; k->keys; k++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", k->keys);
		for (char *s = strtok(text, " "); s; s = strtok(NULL, " ")) {
			int key = key_of_name(s);
			for (int i = 0; i < 4; i++)
				if (strcmp(s, arrows[i].sign) == 0)
					key = arrows[i].key;
			/* The terminal makes a signal of it. */
			if (strcmp(s, "Ctrl-Z") == 0)
				continue;
			if (key == K_NONE || !dash_knows_key(key))
				fail_msg("no such key: %s", s);
		}
	}
	assert_false(dash_knows_key('Q'));
}

/* ---- time -------------------------------------------------------- */

static void a_paused_picture_moves(void **state)
{
	(void)state;
	struct rig r;
	struct want w;
	rig_open(&r, 120, 40);
	press(&r, "Space");
	assert_false(dash_polling(r.d));
	assert_int_equal(dash_view(r.d)->mode, MODE_PAUSED);
	char *before = picture(&r);
	dash_want(r.d, &w);
	assert_true(w.at == demo_fixed_now);
	w.selected = NULL;
	w.visible = NULL;
	for (int i = 1; i < 20; i++) {
		/* Answers that were under way still come. */
		w.at = demo_fixed_now + i * 2000;
		r.src.ops->poll(&r.src, &w);
		assert_false(dash_frame(r.d));
	}
	assert_picture(&r, before, true);
	press(&r, "Space");
	assert_true(dash_polling(r.d));
	assert_true(asked(&r, REQUEST_POLL));
	r.at = demo_fixed_now + 1800000;
	feed(&r);
	assert_picture(&r, before, false);
	assert_int_equal(dash_view(r.d)->mode, MODE_LIVE);
	free(before);
	rig_close(&r);
}

static void the_past_cannot_be_visited(void **state)
{
	(void)state;
	struct rig r;
	struct want w;
	rig_open(&r, 120, 40);
	asked(&r, REQUEST_NONE);
	press(&r, "b - 3 0 m Enter");
	assert_true(asked(&r, REQUEST_POLL));
	dash_want(r.d, &w);
	assert_true(w.at == demo_fixed_now - 1800000);
	assert_true(w.hurry && dash_polling(r.d));
	feed(&r);
	assert_true(dash_view(r.d)->now == demo_fixed_now - 1800000);
	dash_want(r.d, &w);
	assert_false(w.hurry);
	press(&r, "0");
	assert_true(asked(&r, REQUEST_POLL));
	dash_want(r.d, &w);
	assert_true(w.at == TIME_NONE);
	/* Nonsense stays where it was, and says so. */
	press(&r, "b f o o Enter");
	assert_non_null(dash_view(r.d)->notice);
	dash_want(r.d, &w);
	assert_true(w.at == TIME_NONE);
	rig_close(&r);
}

static void zoom_and_pan_ask_for_nothing(void **state)
{
	(void)state;
	struct rig r;
	struct want a, b;
	rig_open(&r, 120, 40);
	asked(&r, REQUEST_NONE);
	dash_want(r.d, &a);
	press(&r, "-");
	assert_true(asked(&r, REQUEST_POLL));
	dash_want(r.d, &b);
	assert_true(b.back > a.back && b.step >= a.step);
	assert_true(dash_range(r.d) > 3600000);
	press(&r, "+ +");
	assert_true(asked(&r, REQUEST_POLL));
	dash_want(r.d, &b);
	assert_true(b.back < a.back && b.step <= a.step);
	press(&r, "0");
	assert_true(dash_range(r.d) == 3600000);
	asked(&r, REQUEST_NONE);
	press(&r, "h");
	assert_true(asked(&r, REQUEST_POLL));
	dash_want(r.d, &b);
	assert_true(b.back > a.back);
	assert_true(dash_view(r.d)->edge < dash_view(r.d)->now);
	press(&r, "l l l");
	assert_true(dash_view(r.d)->edge == dash_view(r.d)->now);
	for (int i = 0; i < 30; i++)
		press(&r, "-");
	asked(&r, REQUEST_NONE);
	press(&r, "-");
	assert_false(asked(&r, REQUEST_POLL));
	rig_close(&r);
}

static void the_crosshair_leaves_the_chart(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r, 120, 40);
	const struct view *v = dash_view(r.d);
	press(&r, "Left");
	time_ms first = v->cursor;
	assert_true(first != TIME_NONE && first <= v->edge);
	press(&r, "Left Left");
	assert_true(v->cursor == first - 4 * v->dot);
	press(&r, "Right");
	assert_true(v->cursor == first - 2 * v->dot);
	press(&r, "Right Right Right Right");
	assert_true(v->cursor == TIME_NONE || v->cursor <= v->edge);
	for (int i = 0; i < 400; i++)
		press(&r, "Left");
	struct axis a = axis_of(v, 20);
	assert_true(v->cursor > a.from - 86400000);
	time_ms oldest = v->cursor;
	press(&r, "Left");
	assert_true(v->cursor == oldest);
	press(&r, "Esc");
	assert_true(v->cursor == TIME_NONE);
	rig_close(&r);
}

/* ---- who begins to page, and what changed -------------------------- */

static void rig_at(struct rig *r, time_ms at)
{
	struct err e = { 0 };
	rig_empty(r, 120, 40);
	r->at = at;
	r->src = (struct source){
		.ops = &demo_ops, .name = (char *)"demo", .url = (char *)"",
		.state = mem_zero(1, demo_ops.state_size), .sink = sink,
		.ended = ended, .closed = ended, .arg = r,
		.newest = TIME_NONE, .oldest = TIME_NONE,
	};
	assert_int_equal(demo_ops.open(&r->src, "demo", &e), 0);
	feed(r);
}

/* Of the demo's fixed day: quiet at 13:40, paging from 13:48 on. */
#define QUIET (demo_fixed_now - 52 * 60000 - 5000)
#define PAGES (demo_fixed_now - 42 * 60000 - 5000)

static void a_page_that_begins_rings_never_or_twice(void **state)
{
	(void)state;
	struct rig r;
	rig_at(&r, QUIET);
	assert_null(dash_paged(r.d));
	r.at = QUIET + 60000;
	feed(&r);
	assert_null(dash_paged(r.d));
	r.at = PAGES;
	feed(&r);
	assert_string_equal(dash_paged(r.d), "checkout");
	r.at = PAGES + 2000;
	feed(&r);
	assert_null(dash_paged(r.d));
	rig_close(&r);
	/* What pages already is no news. */
	rig_at(&r, PAGES);
	assert_null(dash_paged(r.d));
	rig_close(&r);
}

static void what_changed_is_not_asked_when_a_service_pages(void **state)
{
	(void)state;
	struct rig r;
	struct want w;
	rig_at(&r, QUIET);
	dash_want(r.d, &w);
	assert_null(w.change);
	r.at = PAGES;
	feed(&r);
	dash_tick(r.d, 1000);
	feed(&r);
	const struct changed *c = dash_view(r.d)->changed;
	assert_non_null(c);
	assert_string_equal(c->answer->want.service, "checkout");
	assert_true(c->nr > 0);
	/* Once, and not with every poll. */
	dash_tick(r.d, 3000);
	dash_want(r.d, &w);
	assert_null(w.change);
	rig_close(&r);
}

static void the_page_of_what_changed_has_no_key(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r, 120, 40);
	press(&r, "w");
	assert_int_equal(dash_view(r.d)->page, PAGE_CHANGED);
	assert_true(asked(&r, REQUEST_ASK));
	assert_true(dash_view(r.d)->comparing);
	feed(&r);
	assert_non_null(dash_view(r.d)->changed);
	assert_false(dash_view(r.d)->comparing);
	press(&r, "j");
	assert_int_equal(dash_view(r.d)->selected_change, 1);
	press(&r, "w");
	assert_int_equal(dash_view(r.d)->page, PAGE_OVERVIEW);
	press(&r, "5");
	assert_int_equal(dash_view(r.d)->page, PAGE_SLO);
	press(&r, "j Enter");
	assert_int_equal(dash_view(r.d)->page, PAGE_SERVICE);
	rig_close(&r);
}

/* ---- what a frame costs ------------------------------------------ */

static void an_unchanged_frame_costs_something(void **state)
{
	(void)state;
	struct rig r;
	rig_open(&r, 120, 40);
	size_t before = allocations;
	for (int i = 0; i < 100; i++)
		assert_false(dash_frame(r.d));
	assert_int_equal(allocations, before);
	press(&r, "j");
	assert_true(allocations >= before);
	rig_close(&r);
}

static void expect_no_allocations(const char *keys, int w, int h)
{
	struct rig r;
	rig_open(&r, w, h);
	r.lazy = true;
	press(&r, keys);
	for (int i = 0; i < 60; i++) {
		r.at += 2000;
		feed(&r);
		size_t before = allocations;
		assert_true(dash_frame(r.d));
		if (i >= 10 && allocations != before)
			fail_msg("frame %d of '%s' at %dx%d: %zu allocations",
				 i, keys, w, h, allocations - before);
	}
	rig_close(&r);
}

static void a_frame_allocates_memory(void **state)
{
	(void)state;
	/* The counter itself counts. */
	size_t before = allocations;
	free(mem_alloc(10));
	assert_true(allocations > before);
	expect_no_allocations("1", 120, 40);
	expect_no_allocations("1", 80, 24);
	expect_no_allocations("1", 200, 50);
	expect_no_allocations("2", 120, 40);
	expect_no_allocations("2", 200, 50);
	expect_no_allocations("6", 120, 40);
	expect_no_allocations("8", 120, 40);
	expect_no_allocations("4", 120, 40);
	expect_no_allocations("5", 120, 40);
	expect_no_allocations("5", 200, 50);
	expect_no_allocations("w", 120, 40);
	expect_no_allocations("s s", 120, 40);
}

#define MANY 200

/* A large server, two questions of 200 services each. */
static void poll_many(struct dash *d, time_ms at, bool first)
{
	static const struct shape shape = {
		.id = 1, .label = "job", .metric = "m", .status = STATUS_HTTP,
		.status_label = "code", .method = METHOD_HISTOGRAM,
		.question = { [RED_RATE] = "r", [RED_BUCKETS] = "b" },
	};
	struct batch *b = batch_instant(at);
	struct service_def *defs = arena_alloc(&b->arena, MANY * sizeof(*defs));
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = MANY, .service = defs };
	for (int i = 0; i < MANY; i++) {
		char *name = arena_printf(&b->arena, "job-%d", i * 7 % MANY);
		defs[i] = (struct service_def){ .name = name, .value = name,
						 .shape = 1 };
	}
	b->catalog = first ? &c : NULL;
	b->tick = true;
	for (int i = 0; i < FRAMES_MAX; i++)
		add_value(b, question_id(1, RED_RATE), defs[i].name, "code",
			  i % 3 ? "200" : "500", (double)(at / 1000 % 97 + i));
	dash_batch(d, b);
	batch_free(b);
}

static void two_hundred_services_allocate_memory(void **state)
{
	(void)state;
	struct rig r;
	rig_empty(&r, 120, 40);
	for (int i = 0; i < 20; i++) {
		if (i == 5)
			press(&r, "s s s");
		poll_many(r.d, demo_fixed_now + i * 2000, i == 0);
		size_t before = allocations;
		assert_true(dash_frame(r.d));
		if (i > 10)
			assert_int_equal(allocations, before);
	}
	const struct view *v = dash_view(r.d);
	assert_int_equal(v->nr_rows, MANY);
	for (size_t i = 1; i < MANY; i++) {
		assert_true(red_row_compare(&v->all[i - 1], &v->all[i]) <= 0);
		/* Third column: errors, worst first, unknown last. */
		double a = v->row[i - 1].error_ratio, c = v->row[i].error_ratio;
		assert_true(isnan(c) || a >= c);
	}
	dash_free(r.d);
}

static void rediscovery_leaves_rows_without_a_service(void **state)
{
	(void)state;
	struct rig r;
	struct want w;
	rig_empty(&r, 120, 40);
	poll_many(r.d, demo_fixed_now, true);
	dash_frame(r.d);
	press(&r, "j j");
	poll_many(r.d, demo_fixed_now + 2000, true);
	/* No frame between: the terminal may not be reading. */
	dash_want(r.d, &w);
	assert_string_equal(w.selected, selected(&r));
	dash_key(r.d, 'j');
	dash_key(r.d, K_ENTER);
	assert_non_null(w.visible[0]);
	assert_true(dash_frame(r.d));
	assert_int_equal(dash_view(r.d)->page, PAGE_SERVICE);
	dash_free(r.d);
}

/* ---- hostile text ------------------------------------------------ */

#define ESCAPE "\\u001b]0;pwned\\u0007"
#define OVERRIDE "\\u202egnp.exe"

/* The label values that a parser leaves of a hostile answer. */
static struct batch *hostile_answer(time_ms at)
{
	static const char body[] =
		"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
		"\"result\":["
		"{\"metric\":{\"job\":\"" ESCAPE "\"},\"value\":[5,\"7\"]},"
		"{\"metric\":{\"job\":\"" OVERRIDE "\"},"
		"\"value\":[5,\"8\"]}]}}";
	struct prom_ask ask = { .question = question_id(1, RED_RATE),
				.instant = true, .at = at };
	struct batch *b = batch_of("prom", at);
	struct err why;
	struct prom_parser *p = prom_parser_new(&ask, b, NULL);
	prom_parser_feed(p, body, sizeof(body) - 1);
	assert_int_equal(prom_parser_end(p, 200, NULL, &why), FAULT_NONE);
	prom_parser_free(p);
	assert_int_equal(b->nr, 2);
	b->instant = b->tick = true;
	ask_for(b, ask.question);
	return b;
}

static void show_hostile(struct dash *d, time_ms at)
{
	static const struct shape shape = {
		.id = 1, .label = "job", .metric = "m", .method = METHOD_NONE,
		.question = { [RED_RATE] = "r" },
	};
	struct service_def defs[2] = { 0 };
	struct catalog c = { .nr_shapes = 1, .shape = &shape,
			     .nr_services = 2, .service = defs };
	struct batch *b = hostile_answer(at);
	for (int i = 0; i < 2; i++) {
		defs[i].name = defs[i].value = b->frame[i].labels.l[0].value;
		defs[i].shape = 1;
	}
	b->catalog = &c;
	dash_batch(d, b);
	batch_free(b);
	dash_frame(d);
}

/* No byte that a terminal obeys, no code point that reorders. */
static void assert_harmless(const struct buf *b)
{
	assert_null(strchr(buf_text(b), 0x1b));
	assert_null(strchr(buf_text(b), 0x07));
	assert_null(strstr(buf_text(b), "\xe2\x80\xae"));
}

static void a_label_takes_over_the_terminal(void **state)
{
	(void)state;
	static const char *const keys[] = { "1", "2", "6", "8", "1 e" };
	struct rig r;
	struct buf b;
	rig_empty(&r, 120, 40);
	buf_init(&b, 0);
	show_hostile(r.d, demo_fixed_now);
	export_text(dash_surface(r.d), &b);
	assert_non_null(strstr(buf_text(&b), "\\x1b]0;pwned\\x07"));
	assert_non_null(strstr(buf_text(&b), "\\u{202e}gnp.exe"));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		press(&r, keys[i]);
		buf_clear(&b);
		export_text(dash_surface(r.d), &b);
		assert_harmless(&b);
		buf_clear(&b);
		export_svg(dash_surface(r.d), theme_builtin("ember"), &b);
		assert_harmless(&b);
		if (i == 0)
			assert_non_null(strstr(buf_text(&b), "pwned"));
	}
	buf_release(&b);
	dash_free(r.d);
}

/* ---- storms ------------------------------------------------------ */

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16 & 0x7fff;
}

static int random_key(unsigned *seed)
{
	static const int named[] = {
		K_TAB, K_ENTER, K_CTRL_L, K_ESC, K_ESC, K_ESC, K_BACKSPACE,
		K_UP, K_DOWN, K_LEFT, K_RIGHT, K_HOME, K_END, K_PGUP, K_PGDN,
		K_DELETE, K_BACKTAB, K_F1, K_F2, K_F5, 0, -1, 0x202e, 0x4e2d,
		0x301, 0x10ffff, 0x7fffffff,
	};
	if (next(seed) % 3 == 0)
		return named[next(seed) % (sizeof(named) / sizeof(*named))];
	return (int)(' ' + next(seed) % 95);
}

static void storm(unsigned seed, int keys, bool drawn)
{
	static const int sizes[][2] = {
		{ 80, 24 }, { 120, 40 }, { 200, 50 }, { 60, 15 }, { 40, 8 },
		{ 1, 1 }, { 0, 0 }, { 39, 7 }, { 300, 9 }, { 41, 100 },
	};
	struct rig r;
	rig_open(&r, 120, 40);
	r.lazy = true;
	for (int i = 0; i < keys; i++) {
		dash_key(r.d, random_key(&seed));
		if (next(&seed) % 50 == 0) {
			unsigned n = next(&seed) % 10;
			dash_resize(r.d, sizes[n][0], sizes[n][1]);
		}
		if (next(&seed) % 97 == 0)
			dash_resize(r.d, (int)(next(&seed) % 250),
				    (int)(next(&seed) % 80));
		if (next(&seed) % 20 == 0) {
			r.at += 2000 + next(&seed) % 2 * 600000;
			feed(&r);
		}
		if (next(&seed) % 200 == 0)
			dash_graph(r.d, (enum graph)(next(&seed) % 3));
		if (next(&seed) % 30 == 0)
			dash_tick(r.d, 1000 + (time_ms)i * 100);
		if (drawn || next(&seed) % 40 == 0)
			dash_frame(r.d);
		asked(&r, REQUEST_NONE);
	}
	rig_close(&r);
}

/* Before any answer: the start page, a recording that is not open yet. */
static void storm_without_data(unsigned seed, const struct dash_options *o)
{
	struct dash *d = dash_new(o);
	struct want w;
	for (int i = 0; i < 2000; i++) {
		dash_key(d, random_key(&seed));
		if (next(&seed) % 20 == 0)
			dash_resize(d, (int)(next(&seed) % 150),
				    (int)(next(&seed) % 60));
		dash_tick(d, 1000 + (time_ms)i * 100);
		dash_want(d, &w);
		dash_frame(d);
		while (dash_request(d) != REQUEST_NONE)
			;
	}
	dash_free(d);
}

static void a_cat_finds_the_start_page(void **state)
{
	(void)state;
	static const struct start_row rows[] = {
		{ .source = "demo" }, { .source = "http://127.0.0.1:9090" },
	};
	struct dash_options o = {
		.w = 80, .h = 24, .graph = GRAPH_BRAILLE, .range = 3600000,
		.now = demo_fixed_now, .title = "", .at = TIME_NONE,
		.page = PAGE_START, .start = rows, .nr_start = 2,
	};
	storm_without_data(4, &o);
	o.page = PAGE_OVERVIEW;
	storm_without_data(5, &o);
	o.replay = true;
	storm_without_data(6, &o);
	o.at = demo_fixed_now;
	o.replay = false;
	storm_without_data(7, &o);
}

static void a_cat_on_the_keyboard_ends_the_program(void **state)
{
	(void)state;
	storm(1, 4000, true);
	storm(2, 4000, false);
	storm(3, 2000, false);
}

/* ---- an account at CloudWatch ------------------------------------------ */

#define CLOUD_NOW (BASE / CLOUD_STEP * CLOUD_STEP + 25000)

static void into_dash(struct batch *b, void *dash)
{
	dash_batch(dash, b);
	batch_free(b);
}

static struct dash *cloud_dash(time_ms at)
{
	struct dash_options o = { .w = 120, .h = 40, .range = 3600000,
				  .now = CLOUD_NOW, .title = "", .at = at };
	struct dash *d = dash_new(&o);
	store_declare(dash_store(d), "cloudwatch", 60000);
	dash_tick(d, 1000);
	return d;
}

static const struct red_row *cloud_row(struct dash *d, const char *name)
{
	dash_frame(d);
	const struct view *v = dash_view(d);
	for (size_t i = 0; i < v->nr_all; i++)
		if (strcmp(v->all[i].service->name, name) == 0)
			return &v->all[i];
	fail_msg("no service %s", name);
	return NULL;
}

static void money_is_saved_while_a_service_pages(void **state)
{
	(void)state;
	static const struct {
		struct cloud c;
		bool paging;
	} t[] = {
		{ { .now = CLOUD_NOW }, false },
		{ { .now = CLOUD_NOW, .failing = true }, true },
		{ { .now = CLOUD_NOW, .silent = true }, false },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct dash *d = cloud_dash(TIME_NONE);
		struct want w;
		dash_want(d, &w);
		assert_false(w.paging);
		cloud_poll(&t[i].c, into_dash, d);
		dash_frame(d);
		dash_want(d, &w);
		assert_int_equal(w.paging, t[i].paging);
		dash_free(d);
	}
}

/* --at and going back: asked for a moment, CloudWatch tells of the last whole
 * minute before it. */
static void a_moment_of_the_past_has_no_rows(void **state)
{
	(void)state;
	struct dash *d = cloud_dash(CLOUD_NOW);
	struct cloud c = { .now = CLOUD_NOW };
	struct want w;
	dash_want(d, &w);
	assert_true(w.at == CLOUD_NOW);
	cloud_poll(&c, into_dash, d);
	const struct red_row *r = cloud_row(d, "shop-alb");
	assert_true(r->at == cloud_judged(CLOUD_NOW));
	assert_true(r->rate > 0);
	dash_free(d);
}

static void a_pause_shows_a_later_minute(void **state)
{
	(void)state;
	struct dash *d = cloud_dash(TIME_NONE);
	struct cloud c = { .now = CLOUD_NOW }, later = c;
	struct want w;
	dash_want(d, &w);
	cloud_poll(&c, into_dash, d);
	double rate = cloud_row(d, "shop-alb")->rate;
	dash_key(d, ' ');
	/* What was under way when it paused, or is recorded beside it. */
	later.now = CLOUD_NOW + 60000;
	later.again = true;
	dash_want(d, &w);
	cloud_poll(&later, into_dash, d);
	later.now = CLOUD_NOW - 60000;
	cloud_poll(&later, into_dash, d);
	const struct red_row *r = cloud_row(d, "shop-alb");
	assert_true(r->rate == rate && r->at == cloud_judged(CLOUD_NOW));
	dash_free(d);
}

static void the_selected_resource_is_another_after_a_poll(void **state)
{
	(void)state;
	struct dash *d = cloud_dash(TIME_NONE);
	struct cloud c = { .now = CLOUD_NOW, .alarms = true };
	const struct view *v = dash_view(d);
	cloud_poll(&c, into_dash, d);
	dash_key(d, '4');
	dash_frame(d);
	assert_int_equal(v->nr_resources, 4);
	assert_int_equal(v->selected_resource, 0);
	dash_key(d, 'j');
	dash_frame(d);
	assert_string_equal(v->resource[v->selected_resource].service->name,
			    "dynamodb:sessions:write");
	/* Without data they stand in the order of their names. */
	c.now += 20 * CLOUD_STEP;
	c.no_resources = true;
	cloud_poll(&c, into_dash, d);
	dash_frame(d);
	assert_string_equal(v->resource[v->selected_resource].service->name,
			    "dynamodb:sessions:write");
	assert_int_equal(v->selected_resource, 1);
	dash_key(d, 'G');
	dash_frame(d);
	assert_int_equal(v->selected_resource, 3);
	dash_free(d);
}

static void alarms_have_no_command(void **state)
{
	(void)state;
	struct dash *d = cloud_dash(TIME_NONE);
	struct cloud c = { .now = CLOUD_NOW, .alarms = true };
	static const char line[] = ":alarms";
	for (int round = 0; round < 2; round++) {
		for (const char *p = line; *p; p++)
			dash_key(d, *p);
		dash_key(d, K_ENTER);
		dash_frame(d);
		assert_int_equal(dash_view(d)->page,
				 round ? PAGE_EVENTS : PAGE_OVERVIEW);
		assert_int_equal(dash_view(d)->notice != NULL, !round);
		cloud_poll(&c, into_dash, d);
	}
	dash_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_selection_jumps_to_another_service),
		cmocka_unit_test(a_filter_hides_what_fits_or_cannot_be_undone),
		cmocka_unit_test(pages_and_the_way_back_are_lost),
		cmocka_unit_test(escape_quits_by_accident),
		cmocka_unit_test(a_key_of_the_help_does_nothing),
		cmocka_unit_test(a_paused_picture_moves),
		cmocka_unit_test(the_past_cannot_be_visited),
		cmocka_unit_test(zoom_and_pan_ask_for_nothing),
		cmocka_unit_test(the_crosshair_leaves_the_chart),
		cmocka_unit_test(a_page_that_begins_rings_never_or_twice),
		cmocka_unit_test(
			what_changed_is_not_asked_when_a_service_pages),
		cmocka_unit_test(the_page_of_what_changed_has_no_key),
		cmocka_unit_test(an_unchanged_frame_costs_something),
		cmocka_unit_test(a_frame_allocates_memory),
		cmocka_unit_test(two_hundred_services_allocate_memory),
		cmocka_unit_test(rediscovery_leaves_rows_without_a_service),
		cmocka_unit_test(a_label_takes_over_the_terminal),
		cmocka_unit_test(a_cat_finds_the_start_page),
		cmocka_unit_test(a_cat_on_the_keyboard_ends_the_program),
		cmocka_unit_test(money_is_saved_while_a_service_pages),
		cmocka_unit_test(a_moment_of_the_past_has_no_rows),
		cmocka_unit_test(a_pause_shows_a_later_minute),
		cmocka_unit_test(the_selected_resource_is_another_after_a_poll),
		cmocka_unit_test(alarms_have_no_command),
	};
	count_allocations();
	return cmocka_run_group_tests_name("dash", tests, NULL, NULL);
}
