/* A profile file of any bytes is sections that can be used, or one sentence
 * with a place; and whatever it says, no region in it makes another host. */
#include "base/text.h"
#include "sources/aws_settings.h"
#include "sources/http.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct input {
	const char *text;
	size_t n;
	int lines;
} in;

static void check_error(const struct err *e)
{
	int line = 0;
	if (e->code != EXIT_FILE || !text_is_clean(e->text))
		abort();
	if (strncmp(e->text, "f: it is larger", 15) == 0)
		return;
	if (sscanf(e->text, "f:%d: ", &line) != 1 || line < 1
	    || line > in.lines || (!strstr(e->text, " was expected")
				   && !strstr(e->text, ", delete some")))
		abort();
}

static void check_property(const struct aws_property *p)
{
	if (p->line < 1 || p->line > in.lines || !*p->name)
		abort();
	for (const char *s = p->value; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t' && *s != '\n')
		    || *s == 0x7f)
			abort();
	if (strncmp(p->value, "\n", p->nr_subs > 0) != 0)
		abort();
	for (size_t i = 0; i < p->nr_subs; i++)
		if (p->sub[i].nr_subs || p->sub[i].line <= p->line
		    || strchr(p->sub[i].value, '\n'))
			abort();
}

static void check_section(const struct aws_files *f,
			  const struct aws_section *s)
{
	if (aws_section(f, s->kind, s->name) != s)
		abort();
	if (s->kind != AWS_STRAY && (!*s->name || !text_is_clean(s->name)))
		abort();
	for (size_t i = 0; i < s->nr; i++) {
		const struct aws_property *p = &s->property[i];
		check_property(p);
		if (!text_is_clean(p->name) || strchr(p->name, ' ')
		    || aws_property(s, p->name) != p
		    || (p->nr_subs && !aws_sub_value(s, p->name,
						     p->sub[0].name)))
			abort();
	}
}

static void check_file(bool credentials)
{
	struct aws_files f;
	struct err e = { 0 };
	aws_files_init(&f);
	if (aws_files_read(&f, "f", credentials, in.text, in.n, &e) < 0)
		check_error(&e);
	for (size_t i = 0; i < f.nr; i++)
		check_section(&f, &f.section[i]);
	aws_files_release(&f);
}

/* ---- as settings -------------------------------------------------------- */

static const char *no_env(const char *name, void *arg)
{
	(void)arg;
	return strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

static int read_input(const char *path, struct buf *out, struct err *e,
		      void *arg)
{
	(void)e;
	(void)arg;
	if (strcmp(path, "/h/.aws/config") != 0)
		return 1;
	buf_add(out, in.text, in.n);
	return 0;
}

static void check_endpoint(const struct aws_settings *s)
{
	struct buf url;
	struct err e = { 0 };
	const char *from;
	buf_init(&url, 0);
	if (aws_endpoint(s, "monitoring", s->region, &url, &from, &e) < 0) {
		if (!text_is_clean(e.text))
			abort();
	} else if (http_url_check(buf_text(&url), &e) < 0) {
		abort();
	} else if (strcmp(from, "region") == 0
		   && (strncmp(url.s, "https://monitoring", 18) != 0
		       || strpbrk(url.s + 8, "/@:?#\\"))) {
		abort();
	}
	buf_clear(&url);
	if (aws_imds_endpoint(s, &url, &e) == 0
	    && http_url_check(buf_text(&url), &e) < 0)
		abort();
	buf_release(&url);
}

static void check_settings(void)
{
	static const struct aws_outside outside = { no_env, read_input, NULL };
	struct aws_settings s;
	struct err e = { 0 };
	if (aws_settings_load(&s, &outside, NULL, NULL, &e) == 0)
		check_endpoint(&s);
	else if (!text_is_clean(e.text) || e.code != EXIT_FILE)
		abort();
	aws_settings_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* no byte too many is read */
	if (size)
		memcpy(text, data, size);
	in = (struct input){ text, size, 1 };
	for (size_t i = 0; i < size; i++)
		in.lines += text[i] == '\n';
	check_file(false);
	check_file(true);
	check_settings();
	free(text);
	return 0;
}
