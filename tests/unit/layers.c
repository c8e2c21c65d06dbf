/* The rule of stairs: which room may include what, read from the sources. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Words are rooms ("base/") or headers; NULL ends. */
static const struct room {
	const char *name;
	const char *may[12];    /* of ours, from the root */
	const char *library[6]; /* beside libc and POSIX */
} rooms[] = {
	{ "base", { "base/" },
	  { "cjson/cJSON.h", "yaml.h", "utf8proc.h" } },
	{ "model", { "base/", "model/" }, { 0 } },
	{ "sources", { "base/", "model/", "sources/" },
	  { "uv.h", "curl/curl.h", "cjson/cJSON.h", "openssl/",
	    "expat.h" } },
	{ "record", { "base/", "model/", "record/" },
	  { "zstd.h", "xxhash.h" } },
	/* The built-in themes are a header that the build makes. */
	{ "tui", { "base/", "tui/", "themes_data.h" },
	  { "curses.h", "ncurses.h", "term.h" } },
	{ "widgets", { "base/", "model/", "widgets/", "tui/surface.h",
		       "tui/style.h", "tui/glyph.h" }, { 0 } },
	{ "app", { "base/", "model/", "sources/", "record/", "tui/",
		   "widgets/", "app/" },
	  { "uv.h", "curl/curl.h", "cjson/cJSON.h" } },
	{ 0 },
};

/* What the C library and POSIX bring: any other <header> is a library. */
static const char *const system_headers[] = {
	"assert.h", "ctype.h", "dirent.h", "errno.h", "fcntl.h", "float.h",
	"inttypes.h", "langinfo.h", "limits.h", "locale.h", "math.h", "poll.h",
	"signal.h", "stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h",
	"stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h",
	"sys/", "termios.h", "time.h", "unistd.h", "wchar.h", "arpa/",
	"netinet/", "netdb.h", "pwd.h", "grp.h", "ifaddrs.h", "net/",
	"pthread.h", "sched.h", "semaphore.h", NULL,
};

/* Only these two touch curses. */
static const char *const curses_files[] = { "tui/screen.c", "tui/input.c",
					    NULL };
static const char *const curses_headers[] = { "curses.h", "ncurses.h", "term.h",
					      "ncursesw/", NULL };

static bool starts_any(const char *const *list, const char *path)
{
	for (size_t i = 0; list[i]; i++) {
		size_t n = strlen(list[i]);
		if (list[i][n - 1] == '/' ? strncmp(list[i], path, n) == 0
					  : strcmp(list[i], path) == 0)
			return true;
	}
	return false;
}

static bool allowed(const struct room *r, const char *file, bool ours,
		    const char *header)
{
	if (ours)
		return starts_any(r->may, header);
	if (starts_any(curses_headers, header)
	    && !starts_any(curses_files, file))
		return false;
	return starts_any(system_headers, header)
	       || starts_any(r->library, header);
}

/* The header of an #include line; false for any other line. */
static bool parse(const char *line, bool *ours, char header[128])
{
	char open;
	int n = 0;
	if (sscanf(line, " # include %c%127[^\">]%n", &open, header, &n) != 2)
		return false;
	*ours = open == '"';
	return n > 0;
}

static unsigned read_file(const struct room *r, const char *file,
			  unsigned *breaches)
{
	char line[512], header[128];
	unsigned nr = 0, at = 0;
	bool ours;
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		at++;
		if (!parse(line, &ours, header))
			continue;
		nr++;
		if (allowed(r, file, ours, header))
			continue;
		print_error("%s:%u: %s may not include %s\n", file, at, r->name,
			    header);
		++*breaches;
	}
	fclose(f);
	return nr;
}

static bool is_source(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".h") == 0);
}

static void a_room_is_entered_from_below(void **state)
{
	(void)state;
	unsigned breaches = 0;
	for (const struct room *r = rooms; r->name; r++) {
		unsigned includes = 0;
		struct dirent *e;
		DIR *d = opendir(r->name);
		assert_non_null(d);
		while ((e = readdir(d))) {
			char file[300];
			if (!is_source(e->d_name))
				continue;
			snprintf(file, sizeof(file), "%s/%s", r->name,
				 e->d_name);
			includes += read_file(r, file, &breaches);
		}
		closedir(d);
		/* A reader that finds nothing finds no breach either. */
		assert_true(includes > 10);
	}
	assert_int_equal(breaches, 0);
}

static const struct room *room(const char *name)
{
	const struct room *r = rooms;
	while (strcmp(r->name, name) != 0)
		r++;
	return r;
}

static void a_breach_is_not_seen(void **state)
{
	(void)state;
	static const struct {
		const char *room, *file, *line;
		bool fine;
	} t[] = {
		{ "base", "base/a.c", "#include \"model/batch.h\"", false },
		{ "base", "base/a.c", "#include \"base/buf.h\"", true },
		{ "model", "model/a.c", "#  include \"record/a.h\"", false },
		{ "model", "model/a.c", "#include <uv.h>", false },
		{ "model", "model/a.c", "#include \"buf.h\"", false },
		{ "model", "model/a.c", "#include \"../base/buf.h\"", false },
		{ "sources", "sources/a.c", "#include <uv.h>", true },
		{ "sources", "sources/a.c", "#include \"record/a.h\"", false },
		{ "record", "record/a.c", "#include <uv.h>", false },
		{ "record", "record/a.c", "#include \"sources/a.h\"", false },
		{ "record", "record/a.c", "#include <zstd.h>", true },
		{ "tui", "tui/a.c", "#include \"model/store.h\"", false },
		{ "tui", "tui/screen.c", "#include <curses.h>", true },
		{ "tui", "tui/export.c", "#include <curses.h>", false },
		{ "app", "app/live.c", "#include <ncursesw/curses.h>", false },
		{ "app", "app/live.c", "#include \"sources/demo.h\"", true },
		{ "widgets", "widgets/a.c", "#include \"tui/glyph.h\"", true },
		{ "widgets", "widgets/a.c", "#include \"tui/theme.h\"", false },
		{ "widgets", "widgets/a.c", "#include <curses.h>", false },
		{ "widgets", "widgets/a.c", "#include \"app/dash.h\"", false },
	};
	bool ours = false;
	char header[128];
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		assert_true(parse(t[i].line, &ours, header));
		assert_int_equal(allowed(room(t[i].room), t[i].file, ours,
					 header), t[i].fine);
	}
	assert_false(parse("/* #include \"x.h\" */", &ours, header));
	assert_false(parse("int include;", &ours, header));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_is_entered_from_below),
		cmocka_unit_test(a_breach_is_not_seen),
	};
	return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
