#include "base/document.h"

#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

struct reader {
	struct document *d;
	yaml_parser_t parser;
	yaml_event_t event;
	bool held;            /* event is to be deleted */
	size_t nodes;
	struct err *e;
};

static int fail(const struct reader *r, size_t line, size_t column,
		const char *what)
{
	return err_set(r->e, EXIT_FILE, "%s:%zu:%zu: %s", r->d->file, line + 1,
		       column + 1, what);
}

static int next(struct reader *r)
{
	if (r->held)
		yaml_event_delete(&r->event);
	r->held = false;
	if (!yaml_parser_parse(&r->parser, &r->event)) {
		const yaml_parser_t *p = &r->parser;
		if (p->error == YAML_MEMORY_ERROR)
			mem_die();
		const char *what = p->problem ? p->problem : "not YAML";
		return fail(r, p->problem_mark.line, p->problem_mark.column,
			    what);
	}
	r->held = true;
	return 0;
}

static int fail_here(const struct reader *r, const char *what)
{
	return fail(r, r->event.start_mark.line, r->event.start_mark.column,
		    what);
}

static struct node *node_new(struct reader *r, enum node_kind kind)
{
	if (++r->nodes > LIMIT_NODES)
		return NULL;
	struct node *n = arena_alloc(&r->d->arena, sizeof(*n));
	if (!n)
		return NULL;
	n->kind = kind;
	n->line = (int)r->event.start_mark.line + 1;
	n->column = (int)r->event.start_mark.column + 1;
	return n;
}

/* Room for a power of two of items, in the arena: what is left behind is at
 * most as much again. */
static bool grow(struct reader *r, struct node *n, bool map)
{
	if (n->nr & (n->nr - 1))
		return true;
	if (n->nr == 0 || n->nr >= 4) {
		size_t cap = n->nr ? n->nr * 2 : 4;
		struct node **item = arena_alloc(&r->d->arena,
						 cap * sizeof(*item));
		struct node **key = map ? arena_alloc(&r->d->arena,
						      cap * sizeof(*key))
					: NULL;
		if (!item || (map && !key))
			return false;
		if (n->nr)
			memcpy(item, n->item, n->nr * sizeof(*item));
		if (n->nr && map)
			memcpy(key, n->key, n->nr * sizeof(*key));
		n->item = item;
		n->key = key;
	}
	return true;
}

static struct node *read_scalar(struct reader *r)
{
	struct node *n = node_new(r, NODE_SCALAR);
	const char *s = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;
	if (!n)
		return NULL;
	if (memchr(s, '\0', len)) {
		fail_here(r, "a NUL character");
		return NULL;
	}
	n->plain = r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = arena_strndup(&r->d->arena, s, len);
	return n->text ? n : NULL;
}

static struct node *read_node(struct reader *r, int depth);

static int add_pair(struct reader *r, struct node *map, int depth)
{
	if (r->event.type != YAML_SCALAR_EVENT)
		return fail_here(r, "a key must be a plain text");
	struct node *key = read_scalar(r);
	if (!key)
		return -1;
	const struct node *before = node_get(map, key->text);
	if (before) {
		char text[160];
		snprintf(text, sizeof(text), "'%.60s' stands twice; it is also "
			 "on line %d", key->text, before->line);
		return fail_here(r, text);
	}
	if (next(r) < 0)
		return -1;
	struct node *value = read_node(r, depth);
	if (!value || !grow(r, map, true))
		return -1;
	map->key[map->nr] = key;
	map->item[map->nr++] = value;
	return 0;
}

static struct node *read_items(struct reader *r, struct node *n, int depth)
{
	yaml_event_type_t end = n->kind == NODE_MAP ? YAML_MAPPING_END_EVENT
						    : YAML_SEQUENCE_END_EVENT;
	while (next(r) == 0) {
		if (r->event.type == end)
			return n;
		if (n->kind == NODE_MAP) {
			if (add_pair(r, n, depth) < 0)
				return NULL;
			continue;
		}
		struct node *item = read_node(r, depth);
		if (!item || !grow(r, n, false))
			return NULL;
		n->item[n->nr++] = item;
	}
	return NULL;
}

static bool has_anchor(const yaml_event_t *e)
{
	return (e->type == YAML_SCALAR_EVENT && e->data.scalar.anchor) ||
	       (e->type == YAML_MAPPING_START_EVENT &&
		e->data.mapping_start.anchor) ||
	       (e->type == YAML_SEQUENCE_START_EVENT &&
		e->data.sequence_start.anchor);
}

static struct node *read_node(struct reader *r, int depth)
{
	struct node *n = NULL;
	if (depth >= LIMIT_NESTING) {
		fail_here(r, "nested too deep");
		return NULL;
	}
	if (has_anchor(&r->event) || r->event.type == YAML_ALIAS_EVENT) {
		fail_here(r, "anchors and aliases are not read; write it out");
		return NULL;
	}
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r);
	case YAML_MAPPING_START_EVENT:
		n = node_new(r, NODE_MAP);
		break;
	case YAML_SEQUENCE_START_EVENT:
		n = node_new(r, NODE_LIST);
		break;
	default:
		fail_here(r, "a value was expected here");
		return NULL;
	}
	return n ? read_items(r, n, depth + 1) : NULL;
}

static int read_all(struct reader *r)
{
	struct node *all[LIMIT_DOCUMENTS];
	size_t nr = 0;
	for (;;) {
		if (next(r) < 0)
			return -1;
		if (r->event.type == YAML_STREAM_END_EVENT)
			break;
		if (r->event.type != YAML_DOCUMENT_START_EVENT)
			continue;
		if (nr == LIMIT_DOCUMENTS)
			return fail_here(r, "too many documents in one file");
		if (next(r) < 0)
			return -1;
		all[nr] = read_node(r, 0);
		if (!all[nr++])
			return -1;
	}
	r->d->root = arena_alloc(&r->d->arena, (nr + 1) * sizeof(*all));
	if (!r->d->root)
		return -1;
	memcpy(r->d->root, all, nr * sizeof(*all));
	r->d->nr = nr;
	return 0;
}

int document_parse(struct document *d, const char *file, const char *text,
		   size_t len, struct err *e)
{
	struct err own = { 0 };
	*d = (struct document){ .file = mem_strdup(file) };
	arena_init(&d->arena, LIMIT_FILE * 64);
	struct reader r = { .d = d, .e = &own };
	if (!yaml_parser_initialize(&r.parser))
		mem_die();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text,
				     len);
	int result = len > LIMIT_FILE
			     ? fail(&r, 0, 0, "a file of more than 1 MB")
			     : read_all(&r);
	if (result < 0 && !own.text[0])
		fail(&r, r.parser.mark.line, r.parser.mark.column,
		     "more than this reader takes");
	if (r.held)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (result < 0) {
		if (e)
			*e = own;
		document_release(d);
	}
	return result;
}

int document_load(struct document *d, const char *file, struct err *e)
{
	FILE *f = fopen(file, "rb");
	if (!f)
		return err_set(e, EXIT_FILE, "%s: %s", file, strerror(errno));
	char *text = mem_alloc(LIMIT_FILE + 2);
	size_t n = fread(text, 1, LIMIT_FILE + 1, f);
	bool bad = ferror(f);
	fclose(f);
	int r = bad ? err_set(e, EXIT_FILE, "%s cannot be read", file)
		    : document_parse(d, file, text, n, e);
	free(text);
	return r;
}

void document_release(struct document *d)
{
	arena_release(&d->arena);
	free(d->file);
	*d = (struct document){ 0 };
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->nr; i++)
		if (strcmp(map->key[i]->text, key) == 0)
			return map->item[i];
	return NULL;
}

const char *node_text(const struct node *n)
{
	if (!n || n->kind != NODE_SCALAR)
		return NULL;
	if (n->plain && (!*n->text || strcmp(n->text, "~") == 0 ||
			 strcasecmp(n->text, "null") == 0))
		return NULL;
	return n->text;
}

bool node_bool(const struct node *n, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on" };
	static const char *const no[] = { "false", "no", "off" };
	const char *s = node_text(n);
	for (size_t i = 0; s && i < 3; i++) {
		if (strcasecmp(s, yes[i]) == 0 || strcasecmp(s, no[i]) == 0) {
			*out = strcasecmp(s, yes[i]) == 0;
			return true;
		}
	}
	return false;
}
