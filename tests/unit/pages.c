/* Layout at every size. */
#include "tests/unit/slots.h"

#include "widgets/widget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WIDEST 220
#define TALLEST 60

static const struct page_needs needs[] = {
	{ .rows = 0 },
	{ .rows = 3 },
	{ .rows = 12, .replay = true },
	{ .rows = 200 },
	{ .rows = 2, .blind = 1 },
	{ .rows = 40, .blind = 5, .replay = true },
	{ .rows = 0, .blind = 100 },
	{ .rows = 3, .slos = 1, .thresholds = 2, .changes = 3, .notes = 9 },
	{ .rows = 3, .slos = 12, .resources = 5, .thresholds = 1,
	  .replay = true },
	{ .rows = 3, .slos = 900, .resources = 40, .thresholds = 300,
	  .changes = 64, .notes = 200 },
};
#define NEEDS (sizeof(needs) / sizeof(needs[0]))

static void every_size(void (*check)(int w, int h, const struct page_needs *n))
{
	for (size_t i = 0; i < NEEDS; i++)
		for (int w = 0; w <= WIDEST; w++)
			for (int h = 0; h <= TALLEST; h++)
				check(w, h, &needs[i]);
}

static void check_pages(int w, int h, const struct page_needs *n)
{
	for (enum page p = 0; p < PAGE_NR; p++) {
		struct slot s[SLOTS_MAX];
		const char *wrong = slots_wrong(s, page_layout(p, w, h, n, s),
						w, h);
		if (wrong)
			fail_msg("page %d at %dx%d, %zu rows: %s", (int)p, w, h,
				 n->rows, wrong);
	}
}

static void no_panel_covers_another(void **state)
{
	(void)state;
	every_size(check_pages);
}

static void check_lists(int w, int h, const struct page_needs *n)
{
	static const struct {
		enum page page;
		const char *kind;
	} lists[] = { { PAGE_SLO, "slos" }, { PAGE_CHANGED, "changedtable" } };
	if (w < PAGE_MIN_W || h < PAGE_MIN_H)
		return;
	for (int i = 0; i < 2; i++) {
		struct slot s[SLOTS_MAX];
		size_t nr = page_layout(lists[i].page, w, h, n, s);
		const struct slot *list = slot_of(s, nr, lists[i].kind);
		if (!list || list->h < 3)
			fail_msg("%dx%d, %zu slos: no room for %s", w, h,
				 n->slos, lists[i].kind);
		if (!slot_of(s, nr, "verdict"))
			fail_msg("%dx%d: no verdict", w, h);
	}
}

static void a_page_of_objectives_or_changes_has_no_list(void **state)
{
	(void)state;
	every_size(check_lists);
}

static void check_limits(int w, int h, const struct page_needs *n)
{
	struct slot s[SLOTS_MAX];
	size_t nr = page_layout(PAGE_SATURATION, w, h, n, s);
	const struct slot *limits = slot_of(s, nr, "limits");
	if (!n->thresholds && limits)
		fail_msg("%dx%d: limits without thresholds", w, h);
	if (w < PAGE_MIN_W || h < PAGE_MIN_H)
		return;
	if (n->thresholds && !n->resources && !limits)
		fail_msg("%dx%d: no limits", w, h);
	if ((n->resources || !n->thresholds) && !slot_of(s, nr, "saturation"))
		fail_msg("%dx%d: no resources", w, h);
}

static void thresholds_are_shown_where_there_are_none(void **state)
{
	(void)state;
	every_size(check_limits);
}

static void every_panel_of_an_objective_is_on_a_large_screen(void **state)
{
	static const char *const large[] = {
		"slos", "slohead", "sloburn", "burndown", "tiers", "slomethod",
		"spenders",
	};
	static const struct page_needs n = { .rows = 3, .slos = 12,
					     .thresholds = 3 };
	static const int sizes[2][2] = { { 120, 40 }, { 200, 50 } };
	struct slot s[SLOTS_MAX];
	(void)state;
	for (int k = 0; k < 2; k++) {
		size_t nr = page_layout(PAGE_SLO, sizes[k][0], sizes[k][1], &n,
					s);
		for (size_t i = 0; i < sizeof(large) / sizeof(*large); i++)
			if (!slot_of(s, nr, large[i]))
				fail_msg("no %s", large[i]);
		const struct slot *a = slot_of(s, nr, "sloburn");
		const struct slot *b = slot_of(s, nr, "burndown");
		assert_int_equal(a->w, b->w);
	}
	size_t nr = page_layout(PAGE_SLO, 200, 50, &n, s);
	assert_non_null(slot_of(s, nr, "limits"));
	assert_non_null(slot_of(s, nr, "burnstrip"));
	nr = page_layout(PAGE_SLO, 80, 24, &n, s);
	assert_int_equal(slot_of(s, nr, "tiers")->h, 4);
	assert_int_equal(slot_of(s, nr, "slos")->h, 6);
	assert_non_null(slot_of(s, nr, "sloburn"));
}

static void check_full(int w, int h, const struct page_needs *n)
{
	static const char *const kinds[] = { "table", "latency", "events" };
	for (size_t i = 0; i < 3; i++) {
		struct slot s[SLOTS_MAX];
		struct slot one = { .kind = kinds[i], .focusable = true };
		size_t nr = page_layout_full(&one, w, h, n, s);
		const char *wrong = slots_wrong(s, nr, w, h);
		if (wrong)
			fail_msg("%s at %dx%d: %s", kinds[i], w, h, wrong);
		if (w >= PAGE_MIN_W && h >= PAGE_MIN_H)
			assert_non_null(slot_of(s, nr, kinds[i]));
	}
}

static void a_panel_can_have_the_whole_screen(void **state)
{
	(void)state;
	every_size(check_full);
}

static void check_verdict(int w, int h, const struct page_needs *n)
{
	struct slot s[SLOTS_MAX];
	size_t nr = page_layout(PAGE_OVERVIEW, w, h, n, s);
	bool small = w < PAGE_MIN_W || h < PAGE_MIN_H;
	if (small && w > 0 && h > 0) {
		assert_int_equal(nr, 1);
		assert_non_null(slot_of(s, nr, "toosmall"));
	}
	if (small)
		return;
	const struct slot *table = slot_of(s, nr, "table");
	if (!slot_of(s, nr, "header") || !slot_of(s, nr, "verdict")
	    || !slot_of(s, nr, "keys") || !table)
		fail_msg("%dx%d: something is missing", w, h);
	/* A header and a service, or the reason why there are none. */
	if (table->h < 3)
		fail_msg("%dx%d, %zu rows, %zu blind: a table of %d", w, h,
			 n->rows, n->blind, table->h);
}

static void the_verdict_and_a_service_are_always_there(void **state)
{
	(void)state;
	every_size(check_verdict);
}

static void check_columns(int w, int h, const struct page_needs *n)
{
	static const char *const charts[] = { "latency", "throughput", "errors",
					      "heat", "burnchart" };
	struct slot s[SLOTS_MAX];
	size_t nr = page_layout(PAGE_OVERVIEW, w, h, n, s);
	const struct slot *first = slot_of(s, nr, "latency");
	for (size_t i = 1; first && i < 5; i++) {
		const struct slot *c = slot_of(s, nr, charts[i]);
		if (c && c->w != first->w)
			fail_msg("%dx%d: %s is %d wide, latency %d", w, h,
				 charts[i], c->w, first->w);
	}
}

/* A moment is the same column in each. */
static void charts_on_a_screen_have_one_width(void **state)
{
	(void)state;
	every_size(check_columns);
}

static void check_reach(int w, int h, const struct page_needs *n)
{
	static const char *const charts[] = { "latency", "throughput", "errors",
					      "heat", "burnchart" };
	/* While nothing answers there is nothing to reach for. */
	for (enum page p = PAGE_OVERVIEW; !n->blind && p <= PAGE_SERVICE; p++) {
		struct slot s[SLOTS_MAX];
		size_t nr = page_layout(p, w, h, n, s);
		for (size_t i = 0; i < 5; i++) {
			const struct slot *c = slot_of(s, nr, charts[i]);
			if (c && c->w - 8 > page_widest_cells(w, h))
				fail_msg("%dx%d: %s on page %d is %d wide, "
					 "data reaches %d", w, h, charts[i],
					 (int)p, c->w, page_widest_cells(w, h));
		}
	}
}

static void data_reaches_back_as_far_as_any_chart(void **state)
{
	(void)state;
	every_size(check_reach);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_panel_covers_another),
		cmocka_unit_test(a_page_of_objectives_or_changes_has_no_list),
		cmocka_unit_test(thresholds_are_shown_where_there_are_none),
		cmocka_unit_test(
			every_panel_of_an_objective_is_on_a_large_screen),
		cmocka_unit_test(a_panel_can_have_the_whole_screen),
		cmocka_unit_test(the_verdict_and_a_service_are_always_there),
		cmocka_unit_test(charts_on_a_screen_have_one_width),
		cmocka_unit_test(data_reaches_back_as_far_as_any_chart),
	};
	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
