#include "sources/prom_routes.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MAX 64

struct answer {
	struct frame frame[MAX];
	struct label label[MAX][3];
	double value[MAX];
	size_t nr;
};

static void add(struct answer *a, enum red_role role, const char *path,
		const char *by, const char *value, double v)
{
	struct label *l = a->label[a->nr];
	l[0] = (struct label){ "job", "api" };
	l[1] = (struct label){ by, value };
	l[2] = (struct label){ "path", path };
	labels_sort(l, 3);
	a->value[a->nr] = v;
	a->frame[a->nr] = (struct frame){
		.question = question_id(1, role), .labels = { 3, l }, .nr = 1,
		.v = &a->value[a->nr],
	};
	a->nr++;
}

static void add_route(struct answer *a, const char *path, double rate)
{
	add(a, RED_ROUTES, path, "code", "200", rate * 0.75);
	add(a, RED_ROUTES, path, "code", "500", rate * 0.25);
}

static void add_buckets(struct answer *a, const char *path, double rate)
{
	add(a, RED_ROUTE_BUCKETS, path, "le", "1", rate * 0.5);
	add(a, RED_ROUTE_BUCKETS, path, "le", "2.5", rate);
	add(a, RED_ROUTE_BUCKETS, path, "le", "+Inf", rate);
}

static size_t count(const struct answer *a, const char *path)
{
	size_t n = 0;
	for (size_t i = 0; i < a->nr; i++)
		n += strcmp(labels_get(&a->frame[i].labels, "path"), path) == 0;
	return n;
}

static size_t bound(struct answer *a, size_t max)
{
	return prom_routes_bound(a->frame, &a->nr, "code", max);
}

static void what_fits_is_left_alone(void **state)
{
	(void)state;
	struct answer a = { .nr = 0 };
	assert_int_equal(bound(&a, 6), 0);
	add_route(&a, "/a", 1);
	add_route(&a, "/b", 2);
	add_buckets(&a, "/a", 1);
	add_buckets(&a, "/b", 2);
	assert_int_equal(bound(&a, 6), 0);
	assert_int_equal(a.nr, 10);
}

/* Buckets of one and statuses of another come in any order. */
static void a_busy_route_keeps_all_its_buckets(void **state)
{
	(void)state;
	struct answer a = { .nr = 0 };
	add_buckets(&a, "/quiet", 1);
	add_route(&a, "/busy", 9);
	add_buckets(&a, "/middle", 3);
	add_route(&a, "/quiet", 1);
	add_buckets(&a, "/busy", 9);
	add_route(&a, "/middle", 3);
	assert_int_equal(bound(&a, 6), 1);
	assert_int_equal(count(&a, "/busy"), 5);
	assert_int_equal(count(&a, "/middle"), 5);
	assert_int_equal(count(&a, "/quiet"), 0);
	/* in their order */
	assert_int_equal(a.frame[0].question % 16, RED_ROUTES);
	assert_string_equal(labels_get(&a.frame[2].labels, "le"), "1");
}

static void one_question_alone_is_bounded_alike(void **state)
{
	(void)state;
	struct answer a = { .nr = 0 };
	add_buckets(&a, "/quiet", 1);
	add_buckets(&a, "/busy", 9);
	assert_int_equal(bound(&a, 5), 1);
	assert_int_equal(count(&a, "/busy"), 3);
	assert_int_equal(a.nr, 3);
	/* Without a status label that label tells routes apart. */
	a.nr = 0;
	add_route(&a, "/a", 4);
	add_route(&a, "/b", 2);
	assert_int_equal(prom_routes_bound(a.frame, &a.nr, NULL, 1), 3);
	assert_int_equal(a.nr, 1);
}

static void a_route_beyond_all_bounds_leaves_the_others(void **state)
{
	(void)state;
	struct answer a = { .nr = 0 };
	char le[16];
	for (int i = 0; i < 20; i++) {
		snprintf(le, sizeof(le), "%d", i);
		add(&a, RED_ROUTE_BUCKETS, "/huge", "le", le, 100);
	}
	add_buckets(&a, "/a", 1);
	assert_int_equal(bound(&a, 10), 1);
	assert_int_equal(count(&a, "/huge"), 0);
	assert_int_equal(count(&a, "/a"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_left_alone),
		cmocka_unit_test(a_busy_route_keeps_all_its_buckets),
		cmocka_unit_test(one_question_alone_is_bounded_alike),
		cmocka_unit_test(a_route_beyond_all_bounds_leaves_the_others),
	};
	return cmocka_run_group_tests_name("prom_routes", tests, NULL, NULL);
}
