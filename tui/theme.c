#include "tui/theme.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Made from themes/ by themes/embed.sh: `themes`, the default first. */
#include "themes_data.h"

#define NR_THEMES (sizeof(themes) / sizeof(themes[0]))

const char *const *theme_names(void)
{
	static const char *const names[] = { THEME_NAMES, NULL };
	return names;
}

const struct theme *theme_builtin(const char *name)
{
	for (size_t i = 0; i < NR_THEMES; i++)
		if (strcmp(themes[i].name, name) == 0)
			return &themes[i];
	return NULL;
}

/* A piece of a line. */
struct span {
	const char *s;
	size_t n;
};

struct reader {
	const char *file;
	int line, problems;
	int seen[R_NR];
	struct theme *out;
	struct err first;
};

static void problem(struct reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void problem(struct reader *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->problems++ == 0)
		err_set(&r->first, EXIT_FILE, "%s:%d: %s", r->file, r->line,
			text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span v)
{
	while (v.n && is_blank(v.s[0]))
		v = (struct span){ v.s + 1, v.n - 1 };
	while (v.n && is_blank(v.s[v.n - 1]))
		v.n--;
	return v;
}

/* Cuts at the first `c`; the rest, or nothing, stays in *v. */
static struct span cut(struct span *v, char c)
{
	const char *at = v->n ? memchr(v->s, c, v->n) : NULL;
	struct span head = { v->s, at ? (size_t)(at - v->s) : v->n };
	size_t used = at ? head.n + 1 : head.n;
	*v = (struct span){ v->s + used, v->n - used };
	return head;
}

static bool is(struct span v, const char *word)
{
	return v.n == strlen(word) && memcmp(v.s, word, v.n) == 0;
}

/* Harmless, short and whole, for a sentence. */
static void quote(struct span v, char out[64])
{
	struct buf b;
	buf_init(&b, 60);
	text_clean(&b, v.s, v.n);
	snprintf(out, 64, "%s", buf_text(&b));
	buf_release(&b);
}

static void unknown(struct reader *r, const char *what, struct span word,
		    const char *const *names)
{
	char text[64];
	quote(word, text);
	/* Only the first problem is told: the others need no guess. */
	const char *near = r->problems ? NULL : text_nearest(text, names);
	if (near)
		problem(r, "unknown %s '%s', did you mean '%s'?", what, text,
			near);
	else
		problem(r, "unknown %s '%s'", what, text);
}

static int number(struct span v, int max)
{
	int n = 0;
	if (v.n == 0 || v.n > 3)
		return -1;
	for (size_t i = 0; i < v.n; i++) {
		if (v.s[i] < '0' || v.s[i] > '9')
			return -1;
		n = n * 10 + (v.s[i] - '0');
	}
	return n > max ? -1 : n;
}

static const struct {
	const char *name;
	enum attr attr;
} attrs[] = {
	{ "bold", ATTR_BOLD },       { "dim", ATTR_DIM },
	{ "reverse", ATTR_REVERSE }, { "underline", ATTR_UNDERLINE },
};

static bool attribute(struct span word, unsigned char *attr)
{
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (!is(word, attrs[i].name))
			continue;
		*attr = (unsigned char)(*attr | attrs[i].attr);
		return true;
	}
	return false;
}

/* `252 bold`, `- reverse`, `bold`: a colour up to max, and attributes. */
static void read_ink(struct reader *r, struct span v, int max, short *color,
		     unsigned char *attr)
{
	static const char *const words[] = { "bold", "dim", "reverse",
					     "underline", NULL };
	*color = -1;
	*attr = 0;
	for (v = trim(v); v.n; v = trim(v)) {
		struct span word = cut(&v, ' ');
		int n = number(word, max);
		char text[64];
		if (n >= 0) {
			*color = (short)n;
		} else if (word.s[0] >= '0' && word.s[0] <= '9') {
			quote(word, text);
			problem(r, "'%s' is no colour, they go from 0 to %d",
				text, max);
		} else if (!is(word, "-") && !attribute(word, attr)) {
			unknown(r, "attribute", word, words);
		}
	}
}

static void read_rgb(struct reader *r, struct span v, unsigned *out)
{
	unsigned rgb = 0;
	bool good = v.n == 7 && v.s[0] == '#';
	for (size_t i = 1; good && i < v.n; i++) {
		const char *hex = "0123456789abcdef";
		const char *at = strchr(hex, v.s[i] | 0x20);
		good = v.s[i] >= '0' && at && *at;
		rgb = rgb << 4 | (good ? (unsigned)(at - hex) : 0);
	}
	if (good)
		*out = rgb;
	else
		problem(r, "a colour of the picture is written #rrggbb");
}

static void read_name(struct reader *r, struct span v)
{
	if (v.n == 0 || v.n >= sizeof(r->out->name)) {
		problem(r, "a name has 1 to %zu letters",
			sizeof(r->out->name) - 1);
		return;
	}
	for (size_t i = 0; i < v.n; i++) {
		bool plain = v.s[i] > ' ' && v.s[i] < 0x7f;
		if (!plain) {
			problem(r, "a name has no blanks and only ASCII");
			return;
		}
	}
	memcpy(r->out->name, v.s, v.n);
	r->out->name[v.n] = '\0';
}

/* Takes another theme's colours; what this file says comes on top, so it is
 * the first line that says anything. */
static void read_from(struct reader *r, struct span v)
{
	char text[64], name[sizeof(r->out->name)];
	quote(v, text);
	const struct theme *base = theme_builtin(text);
	for (int i = 0; i < R_NR; i++) {
		if (r->seen[i]) {
			problem(r, "'from' stands before the first role");
			return;
		}
	}
	if (!base) {
		unknown(r, "theme", v, theme_names());
		return;
	}
	memcpy(name, r->out->name, sizeof(name));
	*r->out = *base;
	memcpy(r->out->name, name, sizeof(name));
}

static void read_role(struct reader *r, enum role role, struct span v)
{
	struct ink *ink = &r->out->ink[role];
	if (r->seen[role]) {
		problem(r, "'%s' stands in line %d already", role_name(role),
			r->seen[role]);
		return;
	}
	r->seen[role] = r->line;
	struct span left = cut(&v, '|');
	read_ink(r, left, 255, &ink->c256, &ink->attr);
	read_ink(r, v, 15, &ink->c16, &ink->attr16);
}

static void read_pair(struct reader *r, struct span key, struct span v)
{
	const char *names[R_NR + 6] = { "name", "light", "from", "svg.text",
					"svg.ground" };
	size_t nr = 5;
	for (int i = R_DEFAULT + 1; i < R_NR; i++) {
		names[nr++] = role_name((enum role)i);
		if (is(key, role_name((enum role)i))) {
			read_role(r, (enum role)i, v);
			return;
		}
	}
	if (is(key, "name"))
		read_name(r, v);
	else if (is(key, "from"))
		read_from(r, v);
	else if (is(key, "svg.text"))
		read_rgb(r, v, &r->out->svg_text);
	else if (is(key, "svg.ground"))
		read_rgb(r, v, &r->out->svg_ground);
	else if (!is(key, "light"))
		unknown(r, "role", key, names);
	else if (is(v, "yes") || is(v, "no"))
		r->out->light = is(v, "yes");
	else
		problem(r, "'light' is yes or no");
}

static void read_line(struct reader *r, struct span line)
{
	line = trim(line);
	if (line.n == 0 || line.s[0] == '#')
		return;
	if (!memchr(line.s, '=', line.n)) {
		problem(r,
			"a line is: role = colour attributes | the same of 16");
		return;
	}
	struct span key = trim(cut(&line, '='));
	read_pair(r, key, trim(line));
}

int theme_parse(const char *text, size_t len, const char *file,
		struct theme *out, struct err *e)
{
	struct reader r = { .file = file, .out = out };
	struct span rest = { text, len };
	*out = themes[0];
	snprintf(out->name, sizeof(out->name), "%s", "custom");
	if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
		rest = (struct span){ text + 3, len - 3 };
	while (rest.n) {
		r.line++;
		read_line(&r, cut(&rest, '\n'));
	}
	if (r.problems > 1)
		return err_set(e, EXIT_FILE, "%s (and %d more)", r.first.text,
			       r.problems - 1);
	if (r.problems)
		return err_set(e, EXIT_FILE, "%s", r.first.text);
	return 0;
}

static int read_file(const char *path, struct buf *b, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	if (fd < 0)
		return err_set(e, EXIT_FILE, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, EXIT_FILE, "%s: not a file", path);
	}
	char piece[4096];
	ssize_t n;
	while ((n = read(fd, piece, sizeof(piece))) > 0 && !b->full)
		buf_add(b, piece, (size_t)n);
	close(fd);
	if (n < 0)
		return err_set(e, EXIT_FILE, "%s: cannot be read", path);
	if (b->full)
		return err_set(e, EXIT_FILE, "%s: too big for a theme", path);
	return 0;
}

static int load_file(const char *path, struct theme *out, struct err *e)
{
	struct buf b;
	buf_init(&b, LIMIT_FILE);
	int rc = read_file(path, &b, e);
	if (rc == 0)
		rc = theme_parse(buf_text(&b), b.len, path, out, e);
	buf_release(&b);
	return rc;
}

/* Where NAME.theme of the user stands; false without a home. */
static bool user_path(const char *name, char *out, size_t max)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int n;
	if (xdg && *xdg)
		n = snprintf(out, max, "%s/redtop/themes/%s.theme", xdg, name);
	else if (home && *home)
		n = snprintf(out, max, "%s/.config/redtop/themes/%s.theme",
			     home, name);
	else
		return false;
	return n > 0 && (size_t)n < max;
}

int theme_load(const char *name, struct theme *out, struct err *e)
{
	const struct theme *built = theme_builtin(name);
	char path[1024], text[64];
	if (built) {
		*out = *built;
		return 0;
	}
	if (strchr(name, '/'))
		return load_file(name, out, e);
	if (user_path(name, path, sizeof(path)) && access(path, F_OK) == 0)
		return load_file(path, out, e);
	quote((struct span){ name, strlen(name) }, text);
	const char *near = text_nearest(text, theme_names());
	if (near)
		return err_set(e, EXIT_USAGE,
			       "no theme '%s', did you mean '%s'?", text, near);
	return err_set(e, EXIT_USAGE, "no theme '%s': there are ember, paper, "
		       "contrast, mono and your own files", text);
}

unsigned theme_rgb(int c256)
{
	static const unsigned low[16] = {
		0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
		0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
		0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
	};
	static const unsigned cube[6] = { 0, 95, 135, 175, 215, 255 };
	if (c256 < 0 || c256 > 255)
		return 0;
	if (c256 < 16)
		return low[c256];
	if (c256 >= 232)
		return (8 + 10 * (unsigned)(c256 - 232)) * 0x010101u;
	int n = c256 - 16;
	return cube[n / 36] << 16 | cube[n / 6 % 6] << 8 | cube[n % 6];
}

static bool is_ground(enum role r)
{
	return r >= R_HEADER && r <= R_BURN14;
}

/* The ink's own attributes and those that its ground lends. The selected row
 * shows by its ground; where it has none, only the name (bright) is
 * reversed. */
static unsigned char attributes(enum role role, unsigned own, enum role ground,
				unsigned lent)
{
	if (is_ground(role))
		own = 0;
	if (!is_ground(ground) || (ground == R_SELECT && role != R_BRIGHT))
		lent = 0;
	return (unsigned char)(own | lent);
}

/* Of the 16 colours, these are light as a ground: white on them cannot be
 * read, and bold black turns grey. */
static bool is_light16(int c)
{
	return c == 2 || c == 3 || c == 6 || c == 7 || (c >= 10 && c != 12);
}

static struct look look16(const struct theme *t, enum role role,
			  enum role ground)
{
	const struct ink *fg = &t->ink[role], *bg = &t->ink[ground];
	struct look look = { fg->c16, ground ? bg->c16 : -1,
			     attributes(role, fg->attr16, ground, bg->attr16) };
	if (!is_ground(ground) || look.bg < 0)
		return look;
	if (is_light16(look.bg)) {
		look.fg = 0;
		look.attr &= (unsigned char)~(ATTR_BOLD | ATTR_DIM);
	} else if (look.fg < 0 || (look.fg & 7) == (look.bg & 7)) {
		look.fg = 15;
	}
	return look;
}

/* The upper eight are bold ones of the lower. */
static struct look look8(const struct theme *t, enum role role,
			 enum role ground)
{
	struct look look = look16(t, role, ground);
	if (look.fg >= 8) {
		look.fg = (short)(look.fg - 8);
		look.attr |= ATTR_BOLD;
	}
	if (look.bg >= 8)
		look.bg = (short)(look.bg - 8);
	return look;
}

static struct look look256(const struct theme *t, enum role role,
			   enum role ground)
{
	const struct ink *fg = &t->ink[role], *bg = &t->ink[ground];
	return (struct look){ fg->c256, ground ? bg->c256 : -1,
			      attributes(role, fg->attr, ground, bg->attr) };
}

struct look theme_look(const struct theme *t, enum role role, enum role ground,
		       int colors)
{
	if (role >= R_NR)
		role = R_TEXT;
	if (ground >= R_NR)
		ground = R_DEFAULT;
	if (role == R_DEFAULT)
		role = R_TEXT;
	if (colors >= 256)
		return look256(t, role, ground);
	if (colors >= 16)
		return look16(t, role, ground);
	if (colors >= 8)
		return look8(t, role, ground);
	/* Without colour there is one way to look. */
	return look256(theme_builtin("mono"), role, ground);
}
