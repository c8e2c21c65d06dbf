/* A file is copied once and read where it lies: names and values are pieces of
 * that copy, so that overwriting it leaves no secret behind. */
#include "sources/aws_profile.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The file twice: sub-properties are cut out of the second copy, because the
 * whole value stays in one piece in the first. */
struct aws_text {
	struct aws_text *next;
	size_t size;
	char bytes[];
};

struct reader {
	struct aws_files *f;
	const char *file;
	bool credentials;
	ptrdiff_t twin;          /* from the first copy to the second */
	int line;
	struct aws_section *section; /* or NULL: before the first */
	bool prefixed_default;   /* [profile default] was there */
	/* What an indented line goes on with. */
	bool open;
	bool subs;               /* its value was empty */
	size_t indent;
	int opened;              /* its line */
	struct aws_property *property; /* NULL: its name is none, left out */
	char *end;               /* of its value */
	struct err *e;
};

/* What was found, what was expected: never the text of the line, which may be
 * a secret at the wrong place. */
static int wrong(const struct reader *r, const char *found,
		 const char *expected)
{
	return err_set(r->e, EXIT_FILE, "%s:%d: %s, %s was expected", r->file,
		       r->line, found, expected);
}

static const char *a_header(const struct reader *r)
{
	return r->credentials ? "[NAME]" : "[default] or [profile NAME]";
}

/* ---- text --------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_comment(char c)
{
	return c == '#' || c == ';';
}

/* Without the white space around it; cuts s. */
static char *trim(char *s)
{
	while (is_space(*s))
		s++;
	size_t n = strlen(s);
	while (n && is_space(s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* Only behind white space: `value;more` is all value. */
static void cut_comment(char *s)
{
	for (; *s; s++) {
		if (is_space(s[0]) && is_comment(s[1])) {
			*s = '\0';
			return;
		}
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_name(const char *s)
{
	if (!*s || !text_is_clean(s))
		return false;
	for (; *s; s++) {
		char c = lower(*s);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')
		    && !strchr("-_/.%@:+", c) && (unsigned char)c < 0x80)
			return false;
	}
	return true;
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return true;
	return false;
}

/* ---- sections ----------------------------------------------------------- */

static struct aws_section *find_section(const struct aws_files *f,
					enum aws_section_kind kind,
					const char *name)
{
	for (size_t i = 0; i < f->nr; i++)
		if (f->section[i].kind == kind
		    && strcmp(f->section[i].name, name) == 0)
			return &f->section[i];
	return NULL;
}

static int enter_section(struct reader *r, enum aws_section_kind kind,
			 const char *name)
{
	struct aws_files *f = r->f;
	r->open = false;
	r->section = find_section(f, kind, name);
	if (r->section)
		return 0;
	if (f->nr >= LIMIT_PROFILES)
		return err_set(r->e, EXIT_FILE, "%s:%d: more than %zu sections "
			       "with this one, delete some or name another "
			       "file", r->file, r->line, LIMIT_PROFILES);
	MEM_ROOM(f->section, f->nr, f->cap);
	r->section = &f->section[f->nr++];
	*r->section = (struct aws_section){ .kind = kind, .name = name,
					    .file = r->file, .line = r->line };
	return 0;
}

/* Of [default] and [profile default] in one file the first counts for
 * nothing, wherever it stands. */
static void prefer_prefixed_default(struct reader *r)
{
	struct aws_section *bare = find_section(r->f, AWS_PROFILE, "default");
	if (bare && !r->prefixed_default)
		bare->kind = AWS_STRAY;
	r->prefixed_default = true;
}

/* The name behind a section's word: bare, or in quotes and then with spaces.
 * NULL: it is none. */
static const char *section_name(char *s)
{
	size_t n = strlen(s);
	bool quoted = n > 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s;
	if (!quoted)
		return is_name(s) ? s : NULL;
	if (memchr(s + 1, *s, n - 2) || !text_is_clean(s))
		return NULL;
	s[n - 1] = '\0';
	return s + 1;
}

static int enter_config_section(struct reader *r, char *header)
{
	static const struct {
		const char *word;
		enum aws_section_kind kind;
	} words[] = {
		{ "profile", AWS_PROFILE },
		{ "sso-session", AWS_SSO_SESSION },
		{ "services", AWS_SERVICES },
	};
	if (strcmp(header, "default") == 0)
		return enter_section(r, r->prefixed_default ? AWS_STRAY
				     : AWS_PROFILE, header);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].word);
		if (strncmp(header, words[i].word, n) != 0
		    || !is_space(header[n]))
			continue;
		const char *name = section_name(trim(header + n));
		if (!name)
			break;
		if (words[i].kind == AWS_PROFILE
		    && strcmp(name, "default") == 0)
			prefer_prefixed_default(r);
		return enter_section(r, words[i].kind, name);
	}
	return enter_section(r, AWS_STRAY, header);
}

static int read_header(struct reader *r, char *s)
{
	char *close = strchr(s, ']');
	if (!close)
		return wrong(r, "a section's name that does not end in ']'",
			     a_header(r));
	const char *rest = trim(close + 1);
	if (*rest && !is_comment(*rest))
		return wrong(r, "something behind the ']' of a section",
			     "a comment or nothing");
	*close = '\0';
	char *header = trim(s + 1);
	if (!r->credentials)
		return enter_config_section(r, header);
	return enter_section(r, is_name(header) ? AWS_PROFILE : AWS_STRAY,
			     header);
}

/* ---- properties --------------------------------------------------------- */

/* Cuts `name = value` in two. */
static int split(const struct reader *r, char *s, bool sub, char **name,
		 char **value)
{
	static const char pair[] = "NAME = VALUE",
			  deep[] = "an indented NAME = VALUE";
	cut_comment(s);
	char *sign = strchr(s, '=');
	if (!sign)
		return sub ? wrong(r, "a sub-property without a '='", deep)
		       : r->indent ? wrong(r, "an indented line without a '=' "
					   "that continues nothing", pair)
		       : wrong(r, "a line without a '='", pair);
	*sign = '\0';
	*name = trim(s);
	*value = trim(sign + 1);
	if (!**name)
		return sub ? wrong(r, "a sub-property without a name", deep)
			   : wrong(r, "a property without a name", pair);
	for (char *c = *name; *c; c++)
		*c = lower(*c);
	return 0;
}

static struct aws_property *find_property(const struct aws_section *s,
					  const char *name)
{
	for (size_t i = 0; i < s->nr; i++)
		if (strcmp(s->property[i].name, name) == 0)
			return &s->property[i];
	return NULL;
}

static int too_many(const struct reader *r)
{
	return err_set(r->e, EXIT_FILE, "%s:%d: more than %zu properties in "
		       "one section with this one, delete some", r->file,
		       r->line, LIMIT_PROPERTIES);
}

/* The last one wins. */
static struct aws_property *put_property(struct aws_section *s,
					 const struct aws_property *p)
{
	struct aws_property *old = find_property(s, p->name);
	if (old) {
		free(old->sub);
	} else {
		MEM_ROOM(s->property, s->nr, s->cap);
		old = &s->property[s->nr++];
	}
	*old = *p;
	return old;
}

static int read_property(struct reader *r, char *s)
{
	char *name, *value;
	if (!r->section)
		return wrong(r, "text before any section", a_header(r));
	if (split(r, s, false, &name, &value) < 0)
		return -1;
	r->open = true;
	r->subs = !*value;
	r->opened = r->line;
	r->end = value + strlen(value);
	r->property = NULL;
	if (!is_name(name))
		return 0;
	if (r->section->nr >= LIMIT_PROPERTIES
	    && !find_property(r->section, name))
		return too_many(r);
	r->property = put_property(r->section, &(struct aws_property){
		.name = name, .value = value, .line = r->line, .file = r->file,
	});
	return 0;
}

static int read_sub(struct reader *r, char *s)
{
	char *name, *value, *twin = s + r->twin;
	struct aws_property *p = r->property;
	twin[strlen(s)] = '\0';
	if (split(r, twin, true, &name, &value) < 0)
		return -1;
	if (!p)
		return 0;
	if (p->nr_subs >= LIMIT_PROPERTIES)
		return too_many(r);
	p->sub = mem_grow(p->sub, p->nr_subs + 1, sizeof(*p->sub));
	p->sub[p->nr_subs++] = (struct aws_property){
		.name = name, .value = value, .line = r->line, .file = r->file,
	};
	return 0;
}

/* The value moves up to the line before it, over the line end between them. */
static int read_continuation(struct reader *r, char *s)
{
	if (r->subs && read_sub(r, s) < 0)
		return -1;
	size_t n = strlen(s);
	*r->end++ = '\n';
	memmove(r->end, s, n + 1);
	r->end += n;
	return 0;
}

/* ---- lines -------------------------------------------------------------- */

/* A line that is indented deeper than a property continues it; any other is
 * one of its own, however deep, as in the AWS CLI's reader. */
static int read_line(struct reader *r, char *s, size_t n)
{
	size_t indent = strspn(s, " \t");
	if (memchr(s, '\0', n))
		return wrong(r, "a NUL character", "a text file");
	s = trim(s);
	if (!*s || is_comment(*s))
		return 0;
	if (has_control(s))
		return wrong(r, "a control character", "a line of text");
	if (r->open && indent > r->indent)
		return read_continuation(r, s);
	r->indent = indent;
	return *s == '[' ? read_header(r, s) : read_property(r, s);
}

static struct aws_text *keep_text(struct aws_files *f, const char *text,
				  size_t n)
{
	size_t size = 2 * (n + 1);
	struct aws_text *t = arena_alloc(&f->arena, sizeof(*t) + size);
	memcpy(t->bytes, text, n);
	memcpy(t->bytes + n + 1, text, n);
	t->size = size;
	t->next = f->text;
	f->text = t;
	return t;
}

void aws_files_init(struct aws_files *f)
{
	*f = (struct aws_files){ 0 };
	arena_init(&f->arena, 0);
}

int aws_files_read(struct aws_files *f, const char *file, bool credentials,
		   const char *text, size_t n, struct err *e)
{
	if (n > LIMIT_FILE)
		return err_set(e, EXIT_FILE, "%s: it is larger than %zu kB, "
			       "name another file", file, LIMIT_FILE >> 10);
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	struct reader r = { .f = f, .credentials = credentials, .e = e,
			    .file = arena_strdup(&f->arena, file),
			    .twin = (ptrdiff_t)n + 1 };
	char *s = keep_text(f, text, n)->bytes, *end = s + n, *stop;
	for (; s < end; s = stop + 1) {
		stop = memchr(s, '\n', (size_t)(end - s));
		if (!stop)
			stop = end;
		*stop = '\0';
		r.line++;
		if (read_line(&r, s, (size_t)(stop - s)) < 0)
			return -1;
	}
	return 0;
}

static void release_section(struct aws_section *s)
{
	for (size_t i = 0; i < s->nr; i++)
		free(s->property[i].sub);
	free(s->property);
}

void aws_files_release(struct aws_files *f)
{
	for (struct aws_text *t = f->text; t; t = t->next)
		explicit_bzero(t->bytes, t->size);
	for (size_t i = 0; i < f->nr; i++)
		release_section(&f->section[i]);
	free(f->section);
	arena_release(&f->arena);
	aws_files_init(f);
}

/* ---- looking up --------------------------------------------------------- */

const struct aws_section *aws_section(const struct aws_files *f,
				      enum aws_section_kind kind,
				      const char *name)
{
	return find_section(f, kind, name);
}

const struct aws_property *aws_property(const struct aws_section *s,
					const char *name)
{
	return s ? find_property(s, name) : NULL;
}

const char *aws_value(const struct aws_section *s, const char *name)
{
	const struct aws_property *p = aws_property(s, name);
	return p ? p->value : NULL;
}

const struct aws_property *aws_sub_property(const struct aws_section *s,
					    const char *name, const char *sub)
{
	const struct aws_property *p = aws_property(s, name);
	for (size_t i = p ? p->nr_subs : 0; i > 0; i--) /* the last wins */
		if (strcmp(p->sub[i - 1].name, sub) == 0)
			return &p->sub[i - 1];
	return NULL;
}

const char *aws_sub_value(const struct aws_section *s, const char *name,
			  const char *sub)
{
	const struct aws_property *p = aws_sub_property(s, name, sub);
	return p ? p->value : NULL;
}
