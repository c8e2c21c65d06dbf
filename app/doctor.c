/* redtop doctor: gathers what the environment says, asks the sources, names
 * the problems. */
#include "app/doctor.h"

#include "app/commands.h"
#include "app/proxy.h"
#include "app/session.h"
#include "base/libraries.h"
#include "base/mem.h"
#include "base/text.h"
#include "record/libraries.h"
#include "sources/http.h"
#include "sources/http_config.h"
#include "tui/screen.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#define SKEW_SHOWN 2.0
#define NEEDS_W 40
#define NEEDS_H 8

const char *doctor_text(struct doctor *d, const char *s)
{
	struct buf b;
	buf_init(&b, 1024);
	text_clean(&b, s, strlen(s));
	const char *own = arena_strdup(&d->arena, buf_text(&b));
	buf_release(&b);
	return own;
}

void doctor_problem(struct doctor *d, const char *remedy, const char *fmt, ...)
{
	struct buf b;
	char what[2048];
	va_list ap;
	if (d->nr_problems == PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_init(&b, sizeof(what));
	/* A cut may have fallen into a character. */
	text_clean(&b, what, strlen(what));
	d->problem[d->nr_problems].what = arena_strdup(&d->arena, buf_text(&b));
	d->problem[d->nr_problems++].remedy = remedy;
	buf_release(&b);
}

static const char *set_or_null(const char *name)
{
	const char *v = getenv(name);
	return v && *v ? v : NULL;
}

/* ---- the terminal -------------------- */

static void look_at_locale(struct doctor *d, const struct options *o)
{
	const char *from, *wanted;
	bool installed = setlocale(LC_CTYPE, "") != NULL;
	d->graph = locale_graph(o);
	wanted = doctor_text(d, locale_wanted(&from));
	d->terminal.locale = wanted;
	d->terminal.locale_from = from;
	d->terminal.charset = doctor_text(d, nl_langinfo(CODESET));
	if (installed)
		return;
	doctor_problem(d, "generate it (locale-gen), or export LC_ALL=C.UTF-8",
		       "the locale %s of %s is not installed; %s is used",
		       wanted, from ? from : "the environment",
		       d->terminal.charset);
}

static void look_at_graph(struct doctor *d, const struct options *o)
{
	if (o->ascii)
		d->terminal.graph_why = "--ascii";
	else if (d->graph == GRAPH_ASCII)
		d->terminal.graph_why = arena_printf(
			&d->arena, "the charset is %s", d->terminal.charset);
	else if (d->graph == GRAPH_BLOCK)
		d->terminal.graph_why = "REDTOP_GRAPH=block";
	else
		d->terminal.graph_why = "the charset is UTF-8";
}

static void look_at_term(struct doctor *d, const struct options *o)
{
	const char *term = set_or_null("TERM"), *notice = NULL;
	struct err e;
	bool plain = no_color(o);
	d->terminal.term = term ? doctor_text(d, term) : NULL;
	d->terminal.colors_why = !plain ? NULL : o->no_color ? "--no-color"
							     : "NO_COLOR";
	d->terminal.colors = -1;
	struct screen *s = screen_new(term ? term : "", 80, 24, plain, &notice,
				      &e);
	if (!s) {
		doctor_problem(d, "set TERM to what the terminal is, as in "
			       "TERM=xterm-256color; snapshot and status need "
			       "none", "%s", e.text);
		return;
	}
	d->terminal.colors = plain ? 0 : screen_colors(s);
	if (notice && (term || d->terminal.tty)) {
		d->terminal.fallback = doctor_text(d, notice);
		doctor_problem(d, "install its terminfo entry (package "
			       "ncurses-term), or set TERM to a known one",
			       "%s", notice);
	}
	screen_free(s);
}

static void look_at_size(struct doctor *d)
{
	struct winsize ws = { 0 };
	for (int fd = 0; fd < 3; fd++) {
		d->terminal.tty |= isatty(fd) != 0;
		if (isatty(fd) && !ws.ws_col)
			ioctl(fd, TIOCGWINSZ, &ws);
	}
	d->terminal.w = ws.ws_col;
	d->terminal.h = ws.ws_row;
	if (!d->terminal.tty || (ws.ws_col >= NEEDS_W && ws.ws_row >= NEEDS_H))
		return;
	doctor_problem(d, "make it larger; redtop status SOURCE is one line",
		       "the terminal is %dx%d, the screen needs %dx%d",
		       ws.ws_col, ws.ws_row, NEEDS_W, NEEDS_H);
}

static void look_around(struct doctor *d)
{
	static const struct {
		const char *variable, *name;
	} rows[] = {
		{ "TMUX", "tmux" }, { "STY", "screen" },
		{ "SSH_CONNECTION", "ssh" }, { "MOSH_IP", "mosh" },
	};
	struct buf b;
	buf_init(&b, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set_or_null(rows[i].variable))
			buf_printf(&b, "%s%s", b.len ? ", " : "", rows[i].name);
	d->terminal.inside = b.len ? arena_strdup(&d->arena, b.s) : NULL;
	buf_release(&b);
}

/* ---- the network -------------------- */

static void look_at_ca(struct doctor *d)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	const char *where = NULL;
	if (v->age >= CURLVERSION_SEVENTH)
		where = v->cainfo ? v->cainfo : v->capath;
	if (where && access(where, R_OK) == 0) {
		d->network.ca = doctor_text(d, where);
		return;
	}
	doctor_problem(d, "install the package ca-certificates",
		       "no CA certificates at %s: https will be refused",
		       where ? where : "any known place");
}

static void look_at_proxies(struct doctor *d)
{
	static const char *const any[] = { "http://redtop.invalid",
					   "https://redtop.invalid" };
	for (size_t i = 0; i < d->nr_sources && !d->network.proxy; i++) {
		d->network.proxy = d->source[i].proxy.url;
		d->network.proxy_from = d->source[i].proxy.from;
	}
	for (size_t i = 0; i < 2 && !d->nr_sources && !d->network.proxy; i++) {
		struct proxy p = proxy_of(any[i]);
		struct buf b;
		buf_init(&b, 0);
		if (p.value) {
			proxy_shown(p.value, &b);
			d->network.proxy = doctor_text(d, buf_text(&b));
			d->network.proxy_from = p.variable;
		}
		buf_release(&b);
	}
	if (set_or_null("HTTP_PROXY") && !set_or_null("http_proxy"))
		doctor_problem(d, "write it in lower case: http_proxy",
			       "HTTP_PROXY is set, and not read by anything "
			       "that uses curl");
}

static void judge(struct doctor *d, const struct doctor_source *s)
{
	if (s->error)
		doctor_problem(d, s->remedy, "%s: %s", s->name, s->error);
	if (s->dns.error && s->fault != FAULT_NAME)
		doctor_problem(d, "check the name, /etc/resolv.conf and the "
			       "way to the DNS server", "%s: the name %s: %s",
			       s->name, s->dns.host, s->dns.error);
	if (fabs(s->skew_s) > SKEW_SHOWN)
		doctor_problem(d, "check NTP on both (timedatectl)",
			       "%s: its clock is %.1f s %s of this machine's",
			       s->name, fabs(s->skew_s),
			       s->skew_s > 0 ? "ahead" : "behind");
}

static void judge_sources(struct doctor *d)
{
	d->network.skew_s = d->aws.skew_s = NAN;
	for (size_t i = 0; i < d->nr_sources; i++) {
		double skew = d->source[i].skew_s;
		judge(d, &d->source[i]);
		if (d->source[i].kind
		    && strcmp(d->source[i].kind, "cloudwatch") == 0)
			d->aws.skew_s = skew;
		if (!isnan(skew) && !(fabs(d->network.skew_s) >= fabs(skew)))
			d->network.skew_s = skew;
	}
}

/* ---- credentials, files -------------------- */

static void found(struct doctor *d, const char *name, const char *note)
{
	d->credential[d->nr_credentials].name = name;
	d->credential[d->nr_credentials++].note = note;
}

/* Names only: a value is never looked at. */
static void look_for_credentials(struct doctor *d, const struct options *o)
{
	static const struct {
		const char *name, *note;
	} rows[] = {
		{ "AWS_ACCESS_KEY_ID", NULL },
		{ "AWS_SECRET_ACCESS_KEY", NULL },
		{ "AWS_SESSION_TOKEN", NULL },
		{ "AWS_PROFILE", NULL },
		{ "AWS_WEB_IDENTITY_TOKEN_FILE", NULL },
	};
	const char *home = set_or_null("HOME"), *netrc = set_or_null("NETRC");
	char path[1024];
	/* The environment's token was taken out of it at the start. */
	if (o->http && o->http->login)
		found(d, o->token_file ? "--token-file"
			 : o->http->secret.value && !o->http_config
				 ? "REDTOP_TOKEN" : "--http-config",
		      http_config_login(o->http));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set_or_null(rows[i].name))
			found(d, rows[i].name, rows[i].note);
	snprintf(path, sizeof(path), "%s/.netrc", home ? home : "");
	if (netrc || access(path, F_OK) == 0)
		found(d, "netrc", "never read");
	for (size_t i = 0; i < d->nr_sources; i++)
		if (d->source[i].userinfo
		    && d->nr_credentials < LOOKED_MAX)
			found(d, "userinfo",
			      arena_printf(&d->arena, "in the URL of %s: used, "
					   "and wiped from the command line",
					   d->source[i].name));
}

/* What CONTRACTS refuses: a file that others could have written. */
static const char *mistrust(const char *path, const struct stat *st)
{
	char dir[1024];
	struct stat up = { .st_uid = geteuid() };
	snprintf(dir, sizeof(dir), "%s", path);
	char *slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	if (st->st_mode & S_IWOTH)
		return "can be written by everybody, and is refused";
	if (st->st_uid != geteuid() && st->st_uid != 0
	    && (stat(slash ? dir : ".", &up) < 0 || st->st_uid != up.st_uid))
		return "belongs to somebody else, and is refused";
	if (st->st_mode & S_IWGRP)
		return "can be written by its group";
	return NULL;
}

static void look_for(struct doctor *d, const char *path)
{
	struct stat st;
	size_t i = d->nr_looked;
	if (i == LOOKED_MAX)
		return;
	d->nr_looked++;
	d->looked[i].path = doctor_text(d, path);
	d->looked[i].found = stat(path, &st) == 0;
	if (!d->looked[i].found)
		return;
	if (!d->config)
		d->config = d->looked[i].path;
	d->looked[i].problem = mistrust(path, &st);
	if (d->looked[i].problem)
		doctor_problem(d, "chown it to yourself, chmod 600", "%s %s",
			       d->looked[i].path, d->looked[i].problem);
}

/* XDG: relative paths in its variables are void. */
static void look_for_files(struct doctor *d)
{
	const char *own = set_or_null("REDTOP_CONFIG");
	const char *xdg = set_or_null("XDG_CONFIG_HOME");
	const char *home = set_or_null("HOME");
	const char *dirs = set_or_null("XDG_CONFIG_DIRS");
	char path[1024];
	if (own)
		look_for(d, own);
	if (xdg && *xdg == '/')
		snprintf(path, sizeof(path), "%s/redtop/redtop.yaml", xdg);
	else
		snprintf(path, sizeof(path), "%s/.config/redtop/redtop.yaml",
			 home ? home : "");
	if (home || xdg)
		look_for(d, path);
	for (dirs = dirs ? dirs : "/etc/xdg"; *dirs; dirs += *dirs == ':') {
		size_t n = strcspn(dirs, ":");
		snprintf(path, sizeof(path), "%.*s/redtop/redtop.yaml", (int)n,
			 dirs);
		if (*path == '/' && n < 900)
			look_for(d, path);
		dirs += n;
	}
}

/* The nearest directory above that exists decides. */
static void look_at_recordings(struct doctor *d)
{
	char path[1024];
	struct err e;
	if (recordings_path(path, sizeof(path), &e) < 0) {
		d->recordings.error = doctor_text(d, e.text);
		doctor_problem(d, "redtop record SOURCE -o FILE says where",
			       "R has no place to record to: HOME is not set");
		return;
	}
	d->recordings.path = doctor_text(d, path);
	while (access(path, F_OK) != 0 && errno == ENOENT) {
		char *slash = strrchr(path, '/');
		if (!slash || slash == path)
			break;
		*slash = '\0';
	}
	if (access(path, W_OK | X_OK) == 0)
		return;
	d->recordings.error = doctor_text(d, strerror(errno));
	doctor_problem(d, "set XDG_DATA_HOME, or redtop record SOURCE -o FILE",
		       "R cannot record to %s: %s", d->recordings.path,
		       d->recordings.error);
}

/* ---- libraries -------------------- */

static void add_library(struct doctor *d, const char *name, const char *version)
{
	d->library[d->nr_libraries].name = name;
	d->library[d->nr_libraries++].version =
		doctor_text(d, version ? version : "none");
}

static const char *after_space(const char *s)
{
	const char *space = strchr(s, ' ');
	return space ? space + 1 : s;
}

static void look_at_libraries(struct doctor *d)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
	char text[LIBRARY_TEXT];
	const char *tls = v->ssl_version ? v->ssl_version : "";
	const char *slash = strchr(tls, '/');
	add_library(d, "curl", v->version);
	add_library(d, "openssl", strncasecmp(tls, "openssl/", 8) == 0
					  ? slash + 1 : tls);
	add_library(d, "zlib", v->libz_version);
	add_library(d, "uv", uv_version_string());
	add_library(d, "ncurses", after_space(screen_library()));
	add_library(d, "cjson", cJSON_Version());
	add_library(d, "yaml", library_yaml());
	add_library(d, "utf8proc", library_utf8proc());
	add_library(d, "zstd", library_zstd());
	add_library(d, "xxhash", library_xxhash(text));
}

/* ---- the command -------------------- */

/* Every source must be of use, or the worst of them is the answer. */
static int code_of(const struct doctor *d)
{
	int code = EXIT_FINE;
	for (size_t i = 0; i < d->nr_sources; i++) {
		const struct doctor_source *s = &d->source[i];
		int c = s->useful ? EXIT_FINE : s->code ? s->code
			: s->state == SOURCE_AUTH ? EXIT_REFUSED
						  : EXIT_UNREACHABLE;
		if (c > code)
			code = c;
	}
	return code;
}

#define TIMEOUT_LEAST ((time_ms)500)

/* Credentials come first, and sources get the time that is left. */
static void ask_all(struct doctor *d, const struct options *o)
{
	struct options rest = *o;
	time_ms began = clock_mono();
	doctor_aws(d, o);
	rest.timeout -= clock_mono() - began;
	if (rest.timeout < TIMEOUT_LEAST)
		rest.timeout = TIMEOUT_LEAST;
	doctor_ask(d, &rest);
}

static void examine(struct doctor *d, const struct options *o)
{
	look_at_locale(d, o);
	look_at_graph(d, o);
	look_at_size(d);
	look_at_term(d, o);
	look_around(d);
	ask_all(d, o);
	judge_sources(d);
	look_at_ca(d);
	if (o->cacert)
		d->network.ca = o->cacert;
	look_at_proxies(d);
	look_for_credentials(d, o);
	look_for_files(d);
	look_at_recordings(d);
	look_at_libraries(d);
}

static int print(const struct doctor *d, const struct options *o)
{
	struct buf text;
	struct err e;
	buf_init(&text, 0);
	if (o->format == FORMAT_JSON)
		doctor_write_json(d, &text);
	else
		doctor_write_text(d, &text);
	bool good = fwrite(buf_text(&text), 1, text.len, stdout) == text.len
		    && fflush(stdout) == 0;
	buf_release(&text);
	if (good)
		return EXIT_FINE;
	err_set(&e, EXIT_WRITE, "writing the answer: %s", strerror(errno));
	return complain(&e);
}

/* PROMETHEUS_URL is what a bare redtop would ask. */
static void default_source(struct options *o)
{
	const char *url = set_or_null("PROMETHEUS_URL");
	if (o->nr_sources == 0 && url)
		o->source[o->nr_sources++] = url;
}

int run_doctor(struct options *o)
{
	if (o->format != FORMAT_TEXT && o->format != FORMAT_JSON)
		return complain(&(struct err){ EXIT_USAGE,
			"redtop doctor speaks text and json" });
	struct doctor *d = mem_zero(1, sizeof(*d));
	default_source(o);
	arena_init(&d->arena, 0);
	examine(d, o);
	int code = print(d, o);
	if (code == EXIT_FINE)
		code = code_of(d);
	/* exit() would wait for the lookup. */
	if (d->hung)
		_exit(code);
	arena_release(&d->arena);
	free(d);
	return code;
}
