/* A YAML file of any bytes is a tree whose nodes stand where they say, or one
 * clean sentence that begins with the file's name. */
#include "base/document.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct node *n, int depth, size_t *left)
{
	bool yes;
	must(depth <= LIMIT_NESTING + 1 && (*left)-- > 0);
	must(n->line >= 1 && n->column >= 1);
	node_bool(n, &yes);
	if (n->kind == NODE_SCALAR) {
		must(n->text && n->nr == 0);
		must(!node_text(n) || node_text(n) == n->text);
		return;
	}
	must(!node_text(n));
	for (size_t i = 0; i < n->nr; i++) {
		check(n->item[i], depth + 1, left);
		if (n->kind != NODE_MAP)
			continue;
		must(n->key[i]->kind == NODE_SCALAR && n->key[i]->text);
		/* No key stands twice. */
		must(node_get(n, n->key[i]->text) == n->item[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct document d;
	struct err e = { 0 };
	size_t left = LIMIT_NODES;
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	if (document_parse(&d, "f.yaml", text, size, &e) == 0) {
		must(d.nr <= LIMIT_DOCUMENTS);
		for (size_t i = 0; i < d.nr; i++)
			check(d.root[i], 1, &left);
		document_release(&d);
	} else {
		must(e.code == EXIT_FILE && text_is_clean(e.text)
		     && strncmp(e.text, "f.yaml:", 7) == 0);
	}
	free(text);
	return 0;
}
