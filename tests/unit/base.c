/* Arena, buffer, error, memory. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static uint64_t next(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void parts_of_an_answer_do_not_overlap(void **state)
{
	(void)state;
	struct arena a;
	static struct {
		unsigned char *p;
		size_t n;
	} parts[2000];
	uint64_t seed = 1;
	arena_init(&a, 0);
	for (size_t i = 0; i < NR(parts); i++) {
		size_t n = next(&seed) % (i % 100 == 0 ? 70000 : 300);
		unsigned char *p = arena_alloc(&a, n);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(p[k], 0);
		memset(p, (int)(i & 0xff), n);
		parts[i].p = p;
		parts[i].n = n;
	}
	for (size_t i = 0; i < NR(parts); i++)
		for (size_t k = 0; k < parts[i].n; k++)
			assert_int_equal(parts[i].p[k], i & 0xff);
	arena_release(&a);
	assert_int_equal(a.total, 0);
	assert_non_null(arena_alloc(&a, 5));
	arena_release(&a);
}

static void an_answer_never_takes_more_than_its_ceiling(void **state)
{
	(void)state;
	static const size_t ceilings[] = { 1, 16, 100, 20000, 300000 };
	for (size_t i = 0; i < NR(ceilings); i++) {
		struct arena a;
		size_t got = 0;
		arena_init(&a, ceilings[i]);
		while (arena_alloc(&a, 48)) {
			got += 48;
			assert_true(a.total <= ceilings[i]);
		}
		assert_true(got <= ceilings[i]);
		/* and most of it can be used */
		assert_true(got + 48 > ceilings[i] / 2);
		assert_null(arena_alloc(&a, ceilings[i] + 1));
		assert_null(arena_alloc(&a, SIZE_MAX));
		assert_null(arena_alloc(&a, SIZE_MAX / 2));
		assert_null(arena_strndup(&a, "x", SIZE_MAX));
		arena_release(&a);
	}
	struct arena none;
	arena_init(&none, 0);
	assert_null(arena_alloc(&none, SIZE_MAX));
	assert_null(none.chunk);
	arena_release(&none);
}

static void copies_outlive_their_origin(void **state)
{
	(void)state;
	struct arena a;
	char origin[] = "checkout";
	arena_init(&a, 0);
	char *whole = arena_strdup(&a, origin);
	char *part = arena_strndup(&a, origin, 5);
	char *said = arena_printf(&a, "%s of %d", origin, 12);
	char *empty = arena_strdup(&a, "");
	memset(origin, 'x', sizeof(origin) - 1);
	assert_string_equal(whole, "checkout");
	assert_string_equal(part, "check");
	assert_string_equal(said, "checkout of 12");
	assert_string_equal(empty, "");
	arena_release(&a);
	arena_init(&a, 32);
	assert_null(arena_printf(&a, "%100d", 1));
	assert_null(arena_strdup(&a, "longer than thirty-two bytes, surely"));
	arena_release(&a);
}

static void a_text_grows_as_needed(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 0);
	assert_string_equal(buf_text(&b), "");
	buf_add(&b, "", 0);
	assert_string_equal(buf_text(&b), "");
	for (int i = 0; i < 5000; i++) {
		buf_printf(&b, "%d,", i % 10);
		assert_int_equal(b.len, (size_t)(i + 1) * 2);
		assert_int_equal(b.s[b.len], '\0');
	}
	assert_memory_equal(b.s, "0,1,2,3,4,5,6,7,8,9,0,", 22);
	assert_false(b.full);
	buf_clear(&b);
	assert_string_equal(buf_text(&b), "");
	buf_printf(&b, "%1000d", 7);
	assert_int_equal(b.len, 1000);
	buf_str(&b, "end");
	buf_char(&b, '.');
	assert_string_equal(b.s + 999, "7end.");
	buf_add(&b, "a\0b", 3);
	assert_int_equal(b.len, 1007);
	buf_release(&b);
	assert_string_equal(buf_text(&b), "");
}

static void a_text_stops_at_its_ceiling(void **state)
{
	(void)state;
	for (size_t max = 1; max < 200; max++) {
		struct buf b;
		buf_init(&b, max);
		while (b.len < max)
			buf_char(&b, 'a');
		assert_false(b.full);
		buf_char(&b, 'b');
		assert_true(b.full);
		buf_str(&b, "more");
		buf_printf(&b, "%d", 5);
		buf_printf(&b, "%400d", 5);
		assert_int_equal(b.len, max);
		assert_int_equal(strlen(b.s), max);
		assert_null(strchr(b.s, 'b'));
		buf_clear(&b);
		assert_false(b.full);
		buf_printf(&b, "%400d", 5);
		assert_true(b.full);
		assert_int_equal(b.len, max);
		buf_release(&b);
	}
}

static void a_character_is_added_whole_or_not(void **state)
{
	(void)state;
	static const unsigned points[] = { 'a', 0xe9, 0x20ac, 0x1f4b3 };
	for (size_t i = 0; i < NR(points); i++) {
		for (size_t max = 1; max < 12; max++) {
			struct buf b;
			buf_init(&b, max);
			for (int k = 0; k < 20; k++)
				buf_utf8(&b, points[i]);
			assert_true(b.full);
			assert_int_equal(b.len, max / (i + 1) * (i + 1));
			assert_true(b.len == 0 || text_is_clean(b.s));
			buf_release(&b);
		}
	}
	struct buf all;
	buf_init(&all, 0);
	for (uint32_t u = 1; u <= 0x10ffff; u++) {
		if (u >= 0xd800 && u < 0xe000)
			continue;
		uint32_t back = 0;
		buf_clear(&all);
		buf_utf8(&all, u);
		assert_int_equal(text_next(all.s, all.len, &back), all.len);
		assert_int_equal(back, u);
	}
	buf_release(&all);
}

static void an_error_is_one_harmless_line(void **state)
{
	(void)state;
	struct err e;
	assert_int_equal(err_set(&e, EXIT_FILE, "%s:%d: bad", "a.theme", 12), -1);
	assert_int_equal(e.code, EXIT_FILE);
	assert_string_equal(e.text, "a.theme:12: bad");
	assert_int_equal(err_set(NULL, EXIT_FILE, "%s", "x"), -1);
	err_set(&e, EXIT_USAGE, "'%s'", "\x1b]0;pwned\x07\nnext\xff");
	assert_string_equal(e.text, "'\\x1b]0;pwned\\x07\\x0anext\\xff'");
	err_set(&e, EXIT_USAGE, "%s", "");
	assert_true(e.text[0] != '\0');
}

static void an_error_can_be_put_into_a_longer_one(void **state)
{
	(void)state;
	struct err e;
	err_set(&e, EXIT_FILE, "line 3 is cut");
	err_set(&e, EXIT_FILE, "%s: %s", "a.redtop", e.text);
	assert_string_equal(e.text, "a.redtop: line 3 is cut");
	for (int i = 0; i < 100; i++)
		err_set(&e, EXIT_FILE, "%s; %s", "größer", e.text);
	assert_true(strlen(e.text) > sizeof(e.text) - 16);
	assert_true(strlen(e.text) < sizeof(e.text));
	assert_memory_equal(e.text, "größer; größer; ", 20);
}

static void a_long_error_is_cut_at_a_character(void **state)
{
	(void)state;
	char s[3 * 400 + 1];
	struct err e;
	for (size_t i = 0; i + 3 < sizeof(s); i += 3)
		memcpy(s + i, "€", 3);
	s[sizeof(s) - 1] = '\0';
	for (int lead = 0; lead < 4; lead++) {
		err_set(&e, EXIT_USAGE, "%.*s%s", lead, "abcd", s);
		assert_true(text_is_clean(e.text));
		assert_true(strlen(e.text) > sizeof(e.text) - 5);
	}
}

static void restore(void)
{
	if (write(STDOUT_FILENO, "restored ", 9) < 0)
		_exit(1);
}

/* Runs `die` in a child; returns its exit code, its words in `said`. */
static int run_child(void (*die)(void), char *said, size_t max)
{
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		mem_dying = restore;
		die();
		_exit(0);
	}
	close(ends[1]);
	size_t n = 0;
	ssize_t k;
	while (n < max - 1 && (k = read(ends[0], said + n, max - 1 - n)) > 0)
		n += (size_t)k;
	said[n] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void grow_too_far(void)
{
	mem_grow(NULL, SIZE_MAX / 2, 8);
}

static void running_out_of_memory_restores_the_terminal(void **state)
{
	(void)state;
	char said[200];
	assert_int_equal(run_child(mem_die, said, sizeof(said)), EXIT_MEMORY);
	assert_string_equal(said, "restored redtop: out of memory\n");
	assert_int_equal(run_child(grow_too_far, said, sizeof(said)),
			 EXIT_MEMORY);
	assert_string_equal(said, "restored redtop: out of memory\n");
}

static void memory_of_no_size_is_memory(void **state)
{
	(void)state;
	void *p[] = { mem_alloc(0), mem_zero(0, 8), mem_zero(8, 0),
		      mem_grow(NULL, 0, 8), mem_strdup(""),
		      mem_strndup("abc", 2) };
	for (size_t i = 0; i < NR(p); i++)
		assert_non_null(p[i]);
	assert_string_equal(p[5], "ab");
	for (size_t i = 0; i < NR(p); i++)
		free(p[i]);
	int *list = NULL;
	size_t nr = 0, cap = 0;
	for (int i = 0; i < 1000; i++) {
		MEM_ROOM(list, nr, cap);
		list[nr++] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_an_answer_do_not_overlap),
		cmocka_unit_test(an_answer_never_takes_more_than_its_ceiling),
		cmocka_unit_test(copies_outlive_their_origin),
		cmocka_unit_test(a_text_grows_as_needed),
		cmocka_unit_test(a_text_stops_at_its_ceiling),
		cmocka_unit_test(a_character_is_added_whole_or_not),
		cmocka_unit_test(an_error_is_one_harmless_line),
		cmocka_unit_test(an_error_can_be_put_into_a_longer_one),
		cmocka_unit_test(a_long_error_is_cut_at_a_character),
		cmocka_unit_test(running_out_of_memory_restores_the_terminal),
		cmocka_unit_test(memory_of_no_size_is_memory),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
