#include "app/options.h"

#include "app/commands.h"
#include "app/config.h"
#include "app/kinds.h"
#include "widgets/keys.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- a line as words --------------------------------------------- */

static int parse(const char *line, struct options *o, struct err *e)
{
	static char text[512]; /* options point into it */
	char *argv[32] = { (char *)"redtop" };
	int argc = 1;
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	*e = (struct err){ 0 };
	if (options_parse(argc, argv, o, e) < 0)
		return -1;
	return config_apply(NULL, o, e);
}

static struct options good(const char *line)
{
	struct options o;
	struct err e;
	if (parse(line, &o, &e) < 0)
		fail_msg("'%s': %s", line, e.text);
	return o;
}

static void bad(const char *line, const char *says)
{
	struct options o;
	struct err e;
	if (parse(line, &o, &e) == 0)
		fail_msg("'%s' is taken", line);
	assert_int_equal(e.code, EXIT_USAGE);
	if (!strstr(e.text, says))
		fail_msg("'%s': '%s' does not say '%s'", line, e.text, says);
}

/* ---- what an option means ---------------------------------------- */

static void nothing_given_is_not_the_default(void **state)
{
	(void)state;
	struct options o = good("");
	assert_string_equal(o.command->name, "");
	assert_int_equal(o.nr_sources, 0);
	assert_true(o.range == 3600000 && o.timeout == 10000);
	assert_true(o.w == 120 && o.h == 40 && !o.sized);
	assert_true(o.period == 0 && o.objective == 0 && !o.at && !o.theme);
	assert_int_equal(o.format, FORMAT_TEXT);
	assert_int_equal(o.page, PAGE_OVERVIEW);
}

static void an_option_does_not_do_what_its_row_says(void **state)
{
	(void)state;
	struct options o = good("snapshot demo -d 5 --match {a=\"b\"} "
				"--objective 99.5 --timeout 2s --theme paper "
				"--ascii --no-color --range 6h -v -q --at -10m "
				"--size 80x24 --page service --service cart "
				"--keys j --format json");
	assert_string_equal(o.command->name, "snapshot");
	assert_int_equal(o.nr_sources, 1);
	assert_string_equal(o.source[0], "demo");
	assert_true(o.period == 5000 && o.timeout == 2000);
	assert_string_equal(o.match, "{a=\"b\"}");
	assert_true(fabs(o.objective - 0.995) < 1e-12);
	assert_string_equal(o.theme, "paper");
	assert_true(o.ascii && o.no_color && o.verbose && o.quiet);
	assert_true(o.range == 6 * 3600000);
	assert_string_equal(o.at, "-10m");
	assert_true(o.w == 80 && o.h == 24 && o.sized);
	assert_true(o.page == PAGE_SERVICE && o.paged);
	assert_string_equal(o.service, "cart");
	assert_string_equal(o.keys, "j");
	assert_int_equal(o.format, FORMAT_JSON);
	o = good("record http://127.0.0.1:9090 demo -o a.redtop --every=2s "
		 "--for 1m");
	assert_int_equal(o.nr_sources, 2);
	assert_string_equal(o.out, "a.redtop");
	assert_true(o.every == 2000 && o.duration == 60000);
	o = good("-vqd 3s --objective=99% demo");
	assert_true(o.verbose && o.quiet && o.period == 3000);
	assert_true(fabs(o.objective - 0.99) < 1e-12);
	o = good("cloudwatch --region eu-west-1 --profile=ops");
	assert_string_equal(o.source[0], "cloudwatch");
	assert_string_equal(o.region, "eu-west-1");
	assert_string_equal(o.profile, "ops");
	o = good("-d7 demo -- -strange-name");
	assert_true(o.period == 7000);
	assert_string_equal(o.source[1], "-strange-name");
}

/* A value that an option with this argument takes. */
static const char *value_for(const struct option_row *r)
{
	static const char *const values[][2] = {
		{ "SECONDS", "5" }, { "SELECTOR", "{a=\"b\"}" },
		{ "PERCENT", "99.5" }, { "TIME", "5m" },
		{ "COLSxROWS", "80x24" }, { "\"KEY KEY\"", "j" },
		{ "FORMAT", "svg" }, { "FILE", "x" }, { "N", "4000" },
	};
	if (strcmp(r->name, "at") == 0)
		return "now";
	if (strcmp(r->name, "region") == 0)
		return "eu-west-1";
	if (strcmp(r->name, "page") == 0)
		return "events";
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strcmp(values[i][0], r->arg) == 0)
			return values[i][1];
	return "ember";
}

static void a_row_of_the_table_cannot_be_given(void **state)
{
	(void)state;
	char line[200];
	for (const struct option_row *r = option_rows; r->name; r++) {
		const char *c = r->where & IN_ALL ? ""
				: r->where & IN_CONFIG ? "config"
				: r->where & IN_RECORD ? "record demo"
				: r->where & IN_SNAPSHOT ? "snapshot demo"
							 : "check -c f";
		const char *value = r->arg ? value_for(r) : "";
		assert_true(*r->help);
		assert_non_null(r->set);
		snprintf(line, sizeof(line), "%s --%s %s", c, r->name, value);
		good(line);
		if (r->letter) {
			snprintf(line, sizeof(line), "%s -%c %s", c, r->letter,
				 value);
			good(line);
		}
		snprintf(line, sizeof(line), "%s --%s%s", c, r->name,
			 r->arg ? "" : "=x");
		bad(line, r->arg ? "needs a value" : "takes no value");
		for (const struct option_row *k = option_rows; k < r; k++) {
			assert_string_not_equal(k->name, r->name);
			assert_true(!r->letter || k->letter != r->letter);
		}
	}
}

static void a_value_is_taken_that_means_nothing(void **state)
{
	(void)state;
	bad("-d 0 demo", "between 1s and 1d");
	bad("-d soon demo", "soon");
	bad("--match a=b demo", "braces");
	bad("--objective 100 demo", "below 100");
	bad("--objective 99.9x demo", "percentage");
	bad("--objective nan demo", "percentage");
	bad("--timeout 1ms demo", "between");
	bad("--range 1s demo", "between");
	bad("snapshot demo --size 80", "80");
	bad("snapshot demo --size 0x5", "0x5");
	bad("snapshot demo --size 80x24x3", "80x24x3");
	bad("snapshot demo --size 99999x1", "columns");
	bad("snapshot demo --at yesterday", "yesterday");
	bad("snapshot demo --format xml", "text, ansi, svg, json");
	bad("record demo -o x --every 1ms", "between");
	bad("--max-bps 9 demo", "bytes a second");
	bad("--max-bps 1k demo", "bytes a second");
	bad("--region evil.example/ demo", "a region of AWS, as in eu-west-1");
	bad("--region= demo", "a region of AWS");
	bad("--profile= demo", "the name of a profile");
	bad("record demo -o", "needs a value");
	bad("snapshot demo --size", "COLSxROWS");
}

/* ---- words that are wrong ---------------------------------------- */

static void a_typing_mistake_gets_no_help(void **state)
{
	(void)state;
	bad("snapshto demo", "'snapshot'");
	bad("recrod demo", "'record'");
	bad("dmeo", "'demo'");
	bad("hlep", "'help'");
	bad("--objectiv 99 demo", "'--objective'");
	bad("--theem paper demo", "'--theme'");
	bad("--no-colour demo", "'--no-color'");
	bad("snapshot demo --pgae service", "'--page'");
	bad("snapshot demo --page servcie", "'service'");
	bad("snapshot demo --format jsno", "'json'");
	bad("--xyzzyplugh demo", "redtop help lists them");
	bad("-z demo", "'-z'");
	bad("xyzzyplugh", "a source is a URL, cloudwatch, demo, or a "
	    "recording");
	bad("cloudwach", "did you mean 'cloudwatch'?");
	bad("snapshot", "needs a source");
	bad("record", "needs a source");
	/* A known option in the wrong place says whose it is not. */
	bad("record demo -o x --size 80x24", "--size");
	bad("snapshot demo --every 1s", "--every");
}

static void what_is_not_built_reads_like_a_mistake(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"report x.redtop", "verdict", "plan", "import",
		"--sigv4 eu demo",
		"--no-mouse demo",
		"snapshot demo --page loadtest",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		bad(lines[i], "not in this version");
}

static void help_and_version_are_not_where_people_look(void **state)
{
	(void)state;
	assert_string_equal(good("--help").command->name, "help");
	assert_string_equal(good("-h").command->name, "help");
	assert_string_equal(good("snapshot demo --help").command->name, "help");
	assert_string_equal(good("--version").command->name, "version");
	assert_string_equal(good("-V").command->name, "version");
	assert_string_equal(good("help size").word, "size");
	assert_null(good("help").word);
}

static void more_words_than_room_write_outside_of_it(void **state)
{
	(void)state;
	char line[200] = "";
	for (int i = 0; i < SOURCES_MAX; i++)
		strcat(line, " a:9090");
	assert_int_equal(good(line).nr_sources, SOURCES_MAX);
	strcat(line, " demo");
	bad(line, "more than 16");
}

/* ---- help -------------------------------------------------------- */

/* What a command prints on the stream, and its code. */
static char *printed(int (*run)(struct options *o), const char *word,
		     FILE *stream, int *code)
{
	struct options o = { .word = word };
	FILE *f = tmpfile();
	int fd = fileno(stream), saved;
	assert_non_null(f);
	fflush(stream);
	saved = dup(fd);
	dup2(fileno(f), fd);
	*code = run(&o);
	fflush(stream);
	dup2(saved, fd);
	close(saved);
	fseek(f, 0, SEEK_END);
	long n = ftell(f);
	char *s = calloc(1, (size_t)n + 1);
	rewind(f);
	assert_int_equal(fread(s, 1, (size_t)n, f), (size_t)n);
	fclose(f);
	return s;
}

static void expect_help(const char *word, const char *says)
{
	int code;
	char *s = printed(run_help, word, stdout, &code);
	bool said = strstr(s, says) != NULL;
	free(s);
	if (code != EXIT_FINE || !said)
		fail_msg("help %s ends with %d", word, code);
}

static void help_does_not_know_a_word_of_its_own(void **state)
{
	(void)state;
	for (const struct command *c = commands; c->name; c++)
		expect_help(*c->name ? c->name : "redtop", c->help);
	for (const struct option_row *r = option_rows; r->name; r++) {
		char dashed[64], letter[2] = { r->letter, 0 };
		snprintf(dashed, sizeof(dashed), "--%s", r->name);
		expect_help(r->name, r->help);
		expect_help(dashed, r->help);
		if (r->letter)
			expect_help(letter, r->help);
	}
	for (size_t i = 0; source_kinds[i]; i++)
		expect_help(source_kinds[i]->name, source_kinds[i]->help);
	for (size_t i = 0; widget_kinds[i]; i++)
		expect_help(widget_kinds[i]->name, widget_kinds[i]->help);
	for (const struct key_row *k = key_rows; k->keys; k++) {
		char text[64];
		snprintf(text, sizeof(text), "%s", k->keys);
		for (char *w = strtok(text, " "); w; w = strtok(NULL, " "))
			expect_help(w, k->help);
	}
	expect_help("keys", "quit");
}

static void the_whole_help_leaves_something_out(void **state)
{
	(void)state;
	int code;
	char *help = printed(run_help, NULL, stdout, &code);
	char *man = printed(run_man, NULL, stdout, &code);
	char *completion = printed(run_completion, NULL, stdout, &code);
	for (const struct option_row *r = option_rows; r->name; r++) {
		char dashed[64];
		snprintf(dashed, sizeof(dashed), "--%s", r->name);
		assert_non_null(strstr(help, dashed));
		assert_non_null(strstr(completion, dashed));
		assert_non_null(strstr(help, r->help));
	}
	for (const struct command *c = commands; c->name; c++) {
		assert_non_null(strstr(help, c->help));
		assert_non_null(strstr(completion, c->name));
		assert_non_null(strstr(man, c->name));
	}
	for (const struct key_row *k = key_rows; k->keys; k++)
		assert_non_null(strstr(help, k->help));
	assert_non_null(strstr(man, ".TH REDTOP 1"));
	assert_non_null(strstr(man, ".SH EXIT STATUS"));
	assert_non_null(strstr(help, "cloudwatch"));
	assert_non_null(strstr(man, "AWS_REGION"));
	assert_non_null(strstr(completion, "cloudwatch"));
	free(help);
	free(man);
	free(completion);
	char *v = printed(run_version, NULL, stdout, &code);
	assert_string_equal(v, "redtop " REDTOP_VERSION "\n");
	free(v);
}

static void an_unknown_word_ends_in_silence(void **state)
{
	(void)state;
	static const char *const t[][2] = {
		{ "snapshto", "'snapshot'" }, { "objectiv", "'objective'" },
		{ "report", "not in this version" }, { "xyzzyplugh", "xyzzy" },
		{ "\x1b]0;pwned", "\\x1b]0;pwned" },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		int code;
		char *s = printed(run_help, t[i][0], stderr, &code);
		assert_int_equal(code, EXIT_USAGE);
		if (!strstr(s, t[i][1]) || strncmp(s, "redtop: ", 8) != 0)
			fail_msg("help %s: '%s'", t[i][0], s);
		assert_null(strchr(s, 0x1b));
		free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_given_is_not_the_default),
		cmocka_unit_test(an_option_does_not_do_what_its_row_says),
		cmocka_unit_test(a_row_of_the_table_cannot_be_given),
		cmocka_unit_test(a_value_is_taken_that_means_nothing),
		cmocka_unit_test(a_typing_mistake_gets_no_help),
		cmocka_unit_test(what_is_not_built_reads_like_a_mistake),
		cmocka_unit_test(help_and_version_are_not_where_people_look),
		cmocka_unit_test(more_words_than_room_write_outside_of_it),
		cmocka_unit_test(help_does_not_know_a_word_of_its_own),
		cmocka_unit_test(the_whole_help_leaves_something_out),
		cmocka_unit_test(an_unknown_word_ends_in_silence),
	};
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
