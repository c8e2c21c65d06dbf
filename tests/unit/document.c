/* YAML files: a tree with places, and sentences that name them. */
#include "base/document.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void a_value_is_found_where_it_stands(void **state)
{
	static const char text[] = "a: 1\nlist:\n  - x\n  - {k: 'v'}\nn: ~\nt: yes\n";
	struct document d;
	struct err e;
	bool b = false;
	(void)state;
	assert_int_equal(document_parse(&d, "f", text, strlen(text), &e), 0);
	assert_int_equal(d.nr, 1);
	const struct node *list = node_get(d.root[0], "list");
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->nr, 2);
	assert_int_equal(list->item[1]->line, 4);
	assert_string_equal(node_text(node_get(list->item[1], "k")), "v");
	assert_null(node_text(node_get(d.root[0], "n")));
	assert_null(node_get(d.root[0], "nosuch"));
	assert_true(node_bool(node_get(d.root[0], "t"), &b) && b);
	document_release(&d);
}

static void a_mistake_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{ "a: 1\na: 2\n", "f:2:1: 'a' stands twice; it is also on line 1" },
		{ "a: &x 1\n", "f:1:4: anchors and aliases" },
		{ "a: [1, 2\n", "f:2:" },
		{ "a:\n\t- b\n", "f:2:" },
		{ "? [a]\n: b\n", "f:1:3: a key must be" },
		{ "a: \"\\0\"\n", "NUL" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct document d;
		struct err e = { 0 };
		assert_int_equal(document_parse(&d, "f", rows[i].text,
						strlen(rows[i].text), &e), -1);
		assert_int_equal(e.code, EXIT_FILE);
		if (!strstr(e.text, rows[i].sentence))
			fail_msg("%s: %s", rows[i].sentence, e.text);
	}
}

static void nobody_nests_or_grows_without_end(void **state)
{
	struct document d;
	struct err e;
	char *deep = malloc(100000);
	(void)state;
	memset(deep, '[', 100000);
	assert_int_equal(document_parse(&d, "f", deep, 100000, &e), -1);
	assert_non_null(strstr(e.text, "nested too deep"));
	free(deep);
	char *big = calloc(1, LIMIT_FILE + 10);
	memset(big, ' ', LIMIT_FILE + 9);
	assert_int_equal(document_parse(&d, "f", big, LIMIT_FILE + 9, &e), -1);
	free(big);
	char *many = malloc(3 * (LIMIT_NODES + 10) + 10);
	size_t n = 0;
	many[n++] = '[';
	for (size_t i = 0; i < LIMIT_NODES + 5; i++, n += 2)
		memcpy(many + n, "1,", 2);
	many[n++] = ']';
	assert_int_equal(document_parse(&d, "f", many, n, &e), -1);
	free(many);
}

static void documents_of_one_file_are_all_there(void **state)
{
	static const char text[] = "\xef\xbb\xbf" "a: 1\r\n---\r\nb: 2\r\n";
	struct document d;
	(void)state;
	assert_int_equal(document_parse(&d, "f", text, strlen(text), NULL), 0);
	assert_int_equal(d.nr, 2);
	assert_string_equal(node_text(node_get(d.root[1], "b")), "2");
	document_release(&d);
	assert_int_equal(document_parse(&d, "f", "", 0, NULL), 0);
	assert_int_equal(d.nr, 0);
	document_release(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_found_where_it_stands),
		cmocka_unit_test(a_mistake_is_told_with_its_line),
		cmocka_unit_test(nobody_nests_or_grows_without_end),
		cmocka_unit_test(documents_of_one_file_are_all_there),
	};
	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
