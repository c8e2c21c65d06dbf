#include "model/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct label unsorted[] = {
	{ "service", "cart" }, { "code", "200" }, { "job", "a\"\\b" },
};

static void labels_in_another_order_are_another_series(void **state)
{
	(void)state;
	struct label shop[] = { unsorted[0], unsorted[1], unsorted[2] };
	struct label other[] = { shop[2], shop[0], shop[1] };
	struct labels a = { 3, shop }, b = { 3, other };
	assert_true(labels_sort(shop, 3));
	assert_true(labels_sort(other, 3));
	assert_true(labels_equal(&a, &b));
	assert_int_equal(labels_hash(&a), labels_hash(&b));
	assert_string_equal(shop[0].name, "code");
	assert_string_equal(shop[2].name, "service");
	assert_string_equal(labels_get(&a, "service"), "cart");
	assert_null(labels_get(&a, "cart"));
}

static void a_name_that_stands_twice_goes_unnoticed(void **state)
{
	(void)state;
	struct label twice[] = { { "b", "1" }, { "a", "1" }, { "b", "2" } };
	assert_false(labels_sort(twice, 3));
	assert_true(labels_sort(twice, 0));
}

static void text_moved_from_name_to_value_is_the_same_series(void **state)
{
	(void)state;
	struct label one[] = { { "a", "bc" } }, two[] = { { "ab", "c" } };
	struct labels a = { 1, one }, b = { 1, two }, none = { 0, NULL };
	assert_false(labels_equal(&a, &b));
	assert_false(labels_equal(&a, &none));
	assert_int_not_equal(labels_hash(&a), labels_hash(&b));
}

static void a_copy_lives_no_longer_than_its_answer(void **state)
{
	(void)state;
	struct arena a;
	char value[] = "cart";
	struct label shop[] = { unsorted[1], unsorted[2],
				{ "service", value } };
	struct labels copy, from = { 3, shop };
	arena_init(&a, 0);
	assert_true(labels_copy(&from, "code", &a, &copy));
	memset(value, 'x', 4);
	assert_int_equal(copy.nr, 2);
	assert_null(labels_get(&copy, "code"));
	assert_string_equal(labels_get(&copy, "service"), "cart");
	struct label only[] = { { "code", "1" } };
	from = (struct labels){ 1, only };
	assert_true(labels_copy(&from, "code", &a, &copy));
	assert_int_equal(copy.nr, 0);
	arena_release(&a);
}

static void a_full_arena_leaves_labels_that_point_nowhere(void **state)
{
	(void)state;
	struct arena a;
	struct labels copy, from = { 3, unsorted };
	arena_init(&a, 32);
	assert_false(labels_copy(&from, NULL, &a, &copy));
	assert_int_equal(copy.nr, 0);
	arena_release(&a);
}

static void a_quote_in_a_value_ends_it(void **state)
{
	(void)state;
	struct label odd[] = { { "a", "x\"y\\z" }, { "b", "1" } };
	struct labels ls = { 2, odd };
	struct buf out;
	buf_init(&out, 0);
	labels_print(&ls, &out);
	assert_string_equal(out.s, "{a=\"x\\\"y\\\\z\",b=\"1\"}");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_in_another_order_are_another_series),
		cmocka_unit_test(a_name_that_stands_twice_goes_unnoticed),
		cmocka_unit_test(
			text_moved_from_name_to_value_is_the_same_series),
		cmocka_unit_test(a_copy_lives_no_longer_than_its_answer),
		cmocka_unit_test(a_full_arena_leaves_labels_that_point_nowhere),
		cmocka_unit_test(a_quote_in_a_value_ends_it),
	};
	return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
