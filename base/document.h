/* A YAML file (JSON is YAML) as a tree that knows where everything stands.
 * Read with libyaml. Untrusted: at most LIMIT_FILE bytes, LIMIT_NESTING deep,
 * LIMIT_NODES nodes; anchors and aliases are refused, duplicate keys too. */
#ifndef BASE_DOCUMENT_H
#define BASE_DOCUMENT_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

/* `line` and `column` count from 1. A scalar's text is UTF-8 as written (not
 * cleaned: a query may hold any character; clean what is shown); `plain` is
 * true without quotes: then true, 5m and ~ mean what YAML users expect. */
struct node {
	enum node_kind kind;
	int line, column;
	const char *text;
	bool plain;
	size_t nr;
	struct node **item;      /* of a list, or a map's values */
	struct node **key;       /* of a map: scalars */
};

struct document {
	struct arena arena;      /* owns all nodes */
	char *file;              /* for sentences; owned */
	size_t nr;               /* documents of the file; may be 0 */
	struct node **root;
};

/* -1 with `file:line:column: sentence` and EXIT_FILE; then nothing is to be
 * released. */
int document_parse(struct document *d, const char *file, const char *text,
		   size_t len, struct err *e);
/* Reads a file of at most LIMIT_FILE bytes and parses it. EXIT_FILE. */
int document_load(struct document *d, const char *file, struct err *e);
void document_release(struct document *d);

/* The value of a key, or NULL. */
const struct node *node_get(const struct node *map, const char *key);
/* A scalar's text, or NULL if there is none, it is no scalar, or it is null
 * (~, null, or empty without quotes). */
const char *node_text(const struct node *n);
/* true/false/yes/no/on/off; false when it is none of them. */
bool node_bool(const struct node *n, bool *out);

#endif
