#include "model/labels.h"

#include <string.h>

const char *labels_get(const struct labels *ls, const char *name)
{
	for (size_t i = 0; i < ls->nr; i++)
		if (strcmp(ls->l[i].name, name) == 0)
			return ls->l[i].value;
	return NULL;
}

bool labels_equal(const struct labels *a, const struct labels *b)
{
	if (a->nr != b->nr)
		return false;
	for (size_t i = 0; i < a->nr; i++)
		if (strcmp(a->l[i].value, b->l[i].value) != 0
		    || strcmp(a->l[i].name, b->l[i].name) != 0)
			return false;
	return true;
}

/* FNV-1a; the NUL goes in too, so that {a="bc"} is not {ab="c"}. */
static uint64_t hash_text(uint64_t h, const char *s)
{
	do {
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	} while (*s++);
	return h;
}

uint64_t labels_hash(const struct labels *ls)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < ls->nr; i++)
		h = hash_text(hash_text(h, ls->l[i].name), ls->l[i].value);
	return h ^ h >> 32;
}

/* Insertion: servers send labels sorted, and there are few. */
bool labels_sort(struct label *l, size_t nr)
{
	bool unique = true;
	for (size_t i = 1; i < nr; i++) {
		struct label one = l[i];
		size_t at = i;
		int order = 1;
		while (at > 0 && (order = strcmp(l[at - 1].name, one.name)) > 0) {
			l[at] = l[at - 1];
			at--;
		}
		if (at > 0 && order == 0)
			unique = false;
		l[at] = one;
	}
	return unique;
}

static bool is_skipped(const struct label *l, const char *skip)
{
	return skip && strcmp(l->name, skip) == 0;
}

static const char *put(char **at, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = memcpy(*at, s, n);
	*at += n;
	return copy;
}

bool labels_copy(const struct labels *ls, const char *skip, struct arena *a,
		 struct labels *out)
{
	*out = (struct labels){ 0 };
	size_t nr = 0, text = 0;
	for (size_t i = 0; i < ls->nr; i++) {
		if (is_skipped(&ls->l[i], skip))
			continue;
		nr++;
		text += strlen(ls->l[i].name) + strlen(ls->l[i].value) + 2;
	}
	if (nr == 0)
		return true;
	struct label *l = arena_alloc(a, nr * sizeof(*l) + text);
	if (!l)
		return false;
	*out = (struct labels){ .nr = nr, .l = l };
	char *at = (char *)(l + nr);
	for (size_t i = 0; i < ls->nr; i++) {
		if (is_skipped(&ls->l[i], skip))
			continue;
		l->name = put(&at, ls->l[i].name);
		l->value = put(&at, ls->l[i].value);
		l++;
	}
	return true;
}

static void print_quoted(const char *s, struct buf *out)
{
	buf_char(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_char(out, '\\');
		buf_char(out, *s);
	}
	buf_char(out, '"');
}

void labels_print(const struct labels *ls, struct buf *out)
{
	buf_char(out, '{');
	for (size_t i = 0; i < ls->nr; i++) {
		if (i)
			buf_char(out, ',');
		buf_str(out, ls->l[i].name);
		buf_char(out, '=');
		print_quoted(ls->l[i].value, out);
	}
	buf_char(out, '}');
}
