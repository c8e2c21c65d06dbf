#include "app/options.h"

#include "app/commands.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what an option means --------------------------------------------------- */

static int set_period(struct options *o, const char *arg, struct err *e)
{
	if (duration_parse(arg, &o->period, e) < 0)
		return -1;
	if (o->period < 1000 || o->period > 86400000)
		return err_set(e, EXIT_USAGE, "-d %.40s: between 1s and 1d", arg);
	return 0;
}

static int set_match(struct options *o, const char *arg, struct err *e)
{
	size_t n = strlen(arg);
	if (n < 2 || arg[0] != '{' || arg[n - 1] != '}')
		return err_set(e, EXIT_USAGE, "--match '%.80s': expected label "
			       "matchers in braces, as in {namespace=\"shop\"}",
			       arg);
	o->match = arg;
	return 0;
}

static int set_objective(struct options *o, const char *arg, struct err *e)
{
	char *end;
	double v = strtod(arg, &end);
	if (end == arg || (*end && strcmp(end, "%") != 0) || !(v > 0 && v < 100))
		return err_set(e, EXIT_USAGE, "--objective '%.40s': expected a "
			       "percentage below 100, as in 99.5", arg);
	o->objective = v / 100;
	return 0;
}

static int set_timeout(struct options *o, const char *arg, struct err *e)
{
	if (duration_parse(arg, &o->timeout, e) < 0)
		return -1;
	if (o->timeout < 100 || o->timeout > 3600000)
		return err_set(e, EXIT_USAGE,
			       "--timeout %.40s: between 100ms and 1h", arg);
	return 0;
}

static int set_http_config(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->http_config = arg;
	return 0;
}

static int set_token_file(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->token_file = arg;
	return 0;
}

static int set_cacert(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->cacert = arg;
	return 0;
}

/* It becomes part of a host's name. */
static bool is_region(const char *s)
{
	size_t n = strlen(s);
	return n && n <= 32
	       && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int set_region(struct options *o, const char *arg, struct err *e)
{
	if (!is_region(arg))
		return err_set(e, EXIT_USAGE, "--region '%.40s': expected a "
			       "region of AWS, as in eu-west-1", arg);
	o->region = arg;
	return 0;
}

static int set_profile(struct options *o, const char *arg, struct err *e)
{
	if (!*arg || strlen(arg) > 128 || !text_is_clean(arg))
		return err_set(e, EXIT_USAGE, "--profile '%.40s': expected the "
			       "name of a profile in ~/.aws/config", arg);
	o->profile = arg;
	return 0;
}

static int set_theme(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->theme = arg;
	return 0;
}

static int set_ascii(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->ascii = true;
	return 0;
}

static int set_no_color(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->no_color = true;
	return 0;
}

static int set_verbose(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->verbose = true;
	return 0;
}

static int set_quiet(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->quiet = true;
	return 0;
}

static int set_low(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->low = true;
	return 0;
}

static int set_max_bps(struct options *o, const char *arg, struct err *e)
{
	char *end;
	o->max_bps = strtol(arg, &end, 10);
	if (end == arg || *end || o->max_bps < 100 || o->max_bps > 1000000000)
		return err_set(e, EXIT_USAGE, "--max-bps '%.40s': expected bytes "
			       "a second, from 100 to 1000000000", arg);
	return 0;
}

static int set_help(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->command = command_find("help");
	return 0;
}

static int set_version(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->command = command_find("version");
	return 0;
}

static int set_at(struct options *o, const char *arg, struct err *e)
{
	time_ms unused;
	o->at = arg;
	return time_parse(arg, 0, &unused, e);
}

static int set_range(struct options *o, const char *arg, struct err *e)
{
	if (duration_parse(arg, &o->range, e) < 0)
		return -1;
	if (o->range < 60000 || o->range > (time_ms)90 * 86400000)
		return err_set(e, EXIT_USAGE, "--range %.40s: between 1m and 90d",
			       arg);
	return 0;
}

static int set_size(struct options *o, const char *arg, struct err *e)
{
	int n = 0;
	if (sscanf(arg, "%4dx%4d%n", &o->w, &o->h, &n) != 2 || arg[n]
	    || o->w < 1 || o->h < 1 || o->w > 2000 || o->h > 2000)
		return err_set(e, EXIT_USAGE, "--size '%.40s': expected columns "
			       "and rows, as in 120x40", arg);
	o->sized = true;
	return 0;
}

static int set_page(struct options *o, const char *arg, struct err *e)
{
	static const char *const later[] = { "loadtest",
					     NULL };
	for (int p = 0; p < PAGE_START; p++) {
		if (strcmp(arg, page_name((enum page)p)) == 0) {
			o->page = (enum page)p;
			o->own_page = NULL;
			o->paged = true;
			return 0;
		}
	}
	for (size_t i = 0; later[i]; i++)
		if (strcmp(arg, later[i]) == 0)
			return err_set(e, EXIT_USAGE,
				       "--page %s is not in this version", arg);
	/* Perhaps a page of the dashboard file, which is not read yet. */
	o->own_page = arg;
	return 0;
}

static int set_service(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->service = arg;
	return 0;
}

static int set_keys(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->keys = arg;
	return 0;
}

static int set_format(struct options *o, const char *arg, struct err *e)
{
	static const char *const names[] = { "text", "ansi", "svg", "json",
					     NULL };
	for (int i = 0; names[i]; i++)
		if (strcmp(arg, names[i]) == 0) {
			o->format = (enum format)i;
			return 0;
		}
	const char *near = text_nearest(arg, names);
	return err_set(e, EXIT_USAGE, "no format '%.40s'%s%s%s; formats are "
		       "text, ansi, svg, json", arg,
		       near ? ", did you mean '" : "", near ? near : "",
		       near ? "'" : "");
}

static int set_out(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->out = arg;
	return 0;
}

static int set_every(struct options *o, const char *arg, struct err *e)
{
	if (duration_parse(arg, &o->every, e) < 0)
		return -1;
	if (o->every < 100 || o->every > 86400000)
		return err_set(e, EXIT_USAGE,
			       "--every %.40s: between 100ms and 1d", arg);
	return 0;
}

static int set_for(struct options *o, const char *arg, struct err *e)
{
	return duration_parse(arg, &o->duration, e);
}

static int set_file(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->file = arg;
	return 0;
}

static int set_dashboard(struct options *o, const char *arg, struct err *e)
{
	(void)e;
	o->dashboard = arg;
	return 0;
}

static int set_origin(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->origin = true;
	return 0;
}

static int set_bell(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->bell = true;
	return 0;
}

static int set_slo(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->slo = true;
	return 0;
}

static int set_thresholds(struct options *o, const char *arg, struct err *e)
{
	(void)arg;
	(void)e;
	o->thresholds = true;
	return 0;
}

static int set_against(struct options *o, const char *arg, struct err *e)
{
	if (o->nr_sources == SOURCES_MAX)
		return err_set(e, EXIT_USAGE, "more than %d sources",
			       SOURCES_MAX);
	o->source[o->nr_sources++] = arg;
	o->nr_against++;
	return 0;
}

const struct option_row option_rows[] = {
	{ "config", 'c', "FILE", "a dashboard file; without it $REDTOP_CONFIG and "
	  "the search path", IN_ALL, set_file },
	{ "dashboard", 0, "NAME", "a dashboard by name, as in seed-app: yours, "
	  "the system's, or a shipped one; sections of -c win", IN_ALL,
	  set_dashboard },
	{ "delay", 'd', "SECONDS", "poll period, never below the source's own",
	  IN_ALL, set_period },
	{ "match", 0, "SELECTOR", "goes into every selector, as in "
	  "'{namespace=\"shop\"}'", IN_ALL, set_match },
	{ "objective", 0, "PERCENT", "availability objective of services without "
	  "one (99.9)", IN_ALL, set_objective },
	{ "timeout", 0, "TIME", "bounds a request, and a whole one-shot command "
	  "(10s)", IN_ALL, set_timeout },
	{ "http-config", 0, "FILE", "credentials, TLS, proxy, headers: the shape "
	  "of Prometheus' http_config", IN_ALL, set_http_config },
	{ "token-file", 0, "FILE", "bearer token, read at each request "
	  "(REDTOP_TOKEN holds one without a file)", IN_ALL, set_token_file },
	{ "cacert", 0, "FILE", "CA certificates, in place of the system's",
	  IN_ALL, set_cacert },
	{ "region", 0, "REGION", "of AWS, as in eu-west-1; before AWS_REGION "
	  "and the profile's", IN_ALL, set_region },
	{ "profile", 0, "NAME", "of ~/.aws/config; its keys win over those in "
	  "the environment", IN_ALL, set_profile },
	{ "theme", 0, "NAME", "ember, paper, contrast, mono, or a theme file",
	  IN_ALL, set_theme },
	{ "ascii", 0, NULL, "draw with ASCII only", IN_ALL, set_ascii },
	{ "no-color", 0, NULL, "no colours, as with NO_COLOR", IN_ALL,
	  set_no_color },
	{ "low", 0, NULL, "for a slow line: one frame a second, block glyphs",
	  IN_ALL, set_low },
	{ "bell", 0, NULL, "ring, and notify by OSC 9, when a service begins to "
	  "page", IN_ALL, set_bell },
	{ "max-bps", 0, "N", "at most N bytes a second to the terminal", IN_ALL,
	  set_max_bps },
	{ "range", 0, "TIME", "how much time the charts show (1h)", IN_ALL,
	  set_range },
	{ "verbose", 'v', NULL, "say more on stderr", IN_ALL, set_verbose },
	{ "quiet", 'q', NULL, "say less on stderr", IN_ALL, set_quiet },
	{ "at", 0, "TIME", "the moment to show: now, -10m, 14:05, @1763000000, "
	  "or ISO-8601", IN_SNAPSHOT | IN_STATUS | IN_CHECK, set_at },
	{ "slo", 0, NULL, "judge the objectives: exit 0 ok, 1 ticket, 2 page, 3 "
	  "no data", IN_CHECK, set_slo },
	{ "thresholds", 0, NULL, "judge the thresholds: exit 0 ok, 1 warning, 2 "
	  "critical, 3 no data", IN_CHECK, set_thresholds },
	{ "source", 0, "SOURCE", "what they are judged against, in place of the "
	  "file's sources", IN_CHECK, set_against },
	{ "size", 0, "COLSxROWS", "size of the frame (120x40)", IN_SNAPSHOT,
	  set_size },
	{ "page", 0, "NAME", "overview, service, changed, saturation, slo, events, "
	  "net",
	  IN_SNAPSHOT, set_page },
	{ "service", 0, "NAME", "the service to select", IN_SNAPSHOT,
	  set_service },
	{ "keys", 0, "\"KEY KEY\"", "keys to press first, as in \"j Enter\"",
	  IN_SNAPSHOT, set_keys },
	{ "format", 0, "FORMAT", "text, ansi, svg, json (text)",
	  IN_SNAPSHOT | IN_CHECK | IN_DOCTOR, set_format },
	{ "output", 'o', "FILE", "the recording to write", IN_RECORD, set_out },
	{ "every", 0, "TIME", "how often to ask (record: the source's own period)",
	  IN_RECORD | IN_STATUS, set_every },
	{ "for", 0, "TIME", "stop after this long", IN_RECORD, set_for },
	{ "show-origin", 0, NULL, "each setting and where it comes from",
	  IN_CONFIG, set_origin },
	{ "help", 'h', NULL, "this help", IN_ALL, set_help },
	{ "version", 'V', NULL, "the version", IN_ALL, set_version },
	{ 0 },
};

/* Words of the product that are promised for later versions. */
static const char *const later_options[] = {
	"no-mouse", "sigv4", NULL,
};

/* ---- reading the line ---------------------------------------------------------- */

static const struct option_row *option_by_name(const char *name, size_t n)
{
	for (const struct option_row *r = option_rows; r->name; r++)
		if (strlen(r->name) == n && memcmp(r->name, name, n) == 0)
			return r;
	return NULL;
}

uint64_t option_bit(const char *name)
{
	const struct option_row *r = option_by_name(name, strlen(name));
	return r ? (uint64_t)1 << (r - option_rows) : 0;
}

static const struct option_row *option_by_letter(char c)
{
	for (const struct option_row *r = option_rows; r->name; r++)
		if (r->letter && r->letter == c)
			return r;
	return NULL;
}

static int unknown_option(const char *word, size_t n, struct err *e)
{
	const char *names[64];
	size_t k = 0;
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)(n < 40 ? n : 40), word);
	for (size_t i = 0; later_options[i]; i++)
		if (strcmp(name, later_options[i]) == 0)
			return err_set(e, EXIT_USAGE,
				       "--%s is not in this version", name);
	for (const struct option_row *r = option_rows; r->name && k < 63; r++)
		names[k++] = r->name;
	names[k] = NULL;
	const char *near = text_nearest(name, names);
	if (near)
		return err_set(e, EXIT_USAGE, "no option '--%s', did you mean "
			       "'--%s'?", name, near);
	return err_set(e, EXIT_USAGE, "no option '--%s'; redtop help lists them",
		       name);
}

static bool allowed(const struct options *o, const struct option_row *r)
{
	return (r->where & IN_ALL) || (o->command->where & r->where);
}

static int apply(struct options *o, const struct option_row *r,
		 const char *arg, struct err *e)
{
	if (!allowed(o, r))
		return err_set(e, EXIT_USAGE, "%s%s%s takes no --%s; redtop help "
			       "%s says what it takes", "redtop",
			       *o->command->name ? " " : "", o->command->name,
			       r->name,
			       *o->command->name ? o->command->name : "redtop");
	o->given |= (uint64_t)1 << (r - option_rows);
	return r->set(o, arg, e);
}

static int long_option(struct options *o, char **argv, int *i, struct err *e)
{
	const char *word = argv[*i] + 2, *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	const struct option_row *r = option_by_name(word, n);
	const char *arg = eq ? eq + 1 : NULL;
	if (!r)
		return unknown_option(word, n, e);
	if (!r->arg && arg)
		return err_set(e, EXIT_USAGE, "--%s takes no value", r->name);
	if (r->arg && !arg) {
		if (!argv[*i + 1])
			return err_set(e, EXIT_USAGE, "--%s needs a value: %s",
				       r->name, r->arg);
		arg = argv[++*i];
	}
	return apply(o, r, arg, e);
}

static int short_options(struct options *o, char **argv, int *i, struct err *e)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		const struct option_row *r = option_by_letter(*p);
		if (!r)
			return err_set(e, EXIT_USAGE, "no option '-%c'; redtop "
				       "help lists them", *p);
		if (!r->arg) {
			if (apply(o, r, NULL, e) < 0)
				return -1;
			continue;
		}
		const char *arg = p[1] ? p + 1 : argv[*i + 1];
		if (!arg)
			return err_set(e, EXIT_USAGE, "-%c needs a value: %s", *p,
				       r->arg);
		if (!p[1])
			++*i;
		return apply(o, r, arg, e);
	}
	return 0;
}

static int add_word(struct options *o, const char *word, struct err *e)
{
	if (strcmp(o->command->name, "help") == 0 && !o->word) {
		o->word = word;
		return 0;
	}
	if (o->nr_sources == SOURCES_MAX)
		return err_set(e, EXIT_USAGE, "more than %d sources", SOURCES_MAX);
	o->source[o->nr_sources++] = word;
	return 0;
}

/* A first word that is neither a command nor looks like a source is a typing
 * mistake for one. */
static int check_first(const char *word, struct err *e)
{
	const char *names[32];
	size_t k = 0;
	for (const struct command *c = commands; c->name && k < 30; c++)
		if (*c->name)
			names[k++] = c->name;
	names[k++] = "demo";
	names[k++] = "cloudwatch";
	names[k] = NULL;
	if (command_is_later(word))
		return err_set(e, EXIT_USAGE,
			       "redtop %s is not in this version", word);
	if (strncmp(word, "demo", 4) == 0 || strcmp(word, "cloudwatch") == 0
	    || strpbrk(word, "./:@"))
		return 0;
	FILE *f = fopen(word, "rb");
	if (f) {
		fclose(f);
		return 0;
	}
	const char *near = text_nearest(word, names);
	if (near)
		return err_set(e, EXIT_USAGE, "no command or source '%.60s', did "
			       "you mean '%s'?", word, near);
	return err_set(e, EXIT_USAGE, "no command or source '%.60s'; a source is "
		       "a URL, cloudwatch, demo, or a recording; redtop help "
		       "lists the commands", word);
}

int options_parse(int argc, char **argv, struct options *o, struct err *e)
{
	int i = 1;
	*o = (struct options){ .command = command_find(""), .timeout = 10000,
			       .range = 3600000, .w = 120, .h = 40 };
	if (argc > 1 && argv[1][0] != '-') {
		const struct command *c = *argv[1] ? command_find(argv[1]) : NULL;
		if (c) {
			o->command = c;
			i = 2;
		} else if (check_first(argv[1], e) < 0) {
			return -1;
		}
	}
	bool words_only = false;
	for (; i < argc; i++) {
		int r;
		if (words_only || argv[i][0] != '-' || !argv[i][1])
			r = add_word(o, argv[i], e);
		else if (strcmp(argv[i], "--") == 0)
			r = (words_only = true, 0);
		else if (argv[i][1] == '-')
			r = long_option(o, argv, &i, e);
		else
			r = short_options(o, argv, &i, e);
		if (r < 0)
			return -1;
	}
	return 0;
}

int complain(const struct err *e)
{
	struct buf b;
	buf_init(&b, 1024);
	text_clean(&b, e->text, strlen(e->text));
	fprintf(stderr, "redtop: %s\n", buf_text(&b));
	buf_release(&b);
	return e->code;
}
