/* A day of polls, keys, sizes, churn and faults: at its end redtop takes what
 * it took in the morning. */
#include "tests/fault/fake_prom.c"
#include "tests/fault/soak.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Generous, and yet 6 kB lost a poll would be seen. */
#define HEAP_MARGIN 8e6
#define RSS_MARGIN 24e6

static void a_day_leaves_nothing_behind(void **state)
{
	(void)state;
#ifdef SOAK_SANITIZED
	struct soak_costs grown = soak_run(SOAK_DAY / 8);
#else
	struct soak_costs grown = soak_run(SOAK_DAY);
#endif
	printf("rss %+.1f MB, heap %+.1f MB, %+d files, %+d threads\n",
	       grown.rss / 1e6, grown.heap / 1e6, grown.files, grown.threads);
	assert_true(grown.files <= 0);
	assert_true(grown.threads <= 0);
#ifndef SOAK_SANITIZED /* which keeps what was freed for a while */
	assert_true(grown.heap < HEAP_MARGIN);
	assert_true(grown.rss < RSS_MARGIN);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_leaves_nothing_behind),
	};
	return cmocka_run_group_tests_name("soak", tests, NULL, NULL);
}
