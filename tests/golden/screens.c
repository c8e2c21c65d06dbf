/* Screens as they should look: source, size, page and keys in, text and roles
 * out. REDTOP_GOLDEN=write makes the expected files anew: look at the diff. */
#include "app/config.h"
#include "app/json.h"
#include "app/oneshot.h"
#include "base/key.h"
#include "tui/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATES "tests/data/golden/states.yaml"

static const struct screen_case {
	const char *name;
	const char *source;
	int w, h;
	enum page page;
	const char *service, *keys, *at;
	enum graph graph;
	const char *file; /* a dashboard file; its first page with PAGE_OWN */
} cases[] = {
	{ .name = "overview-80x24", .w = 80, .h = 24 },
	{ .name = "overview-120x40", .w = 120, .h = 40 },
	{ .name = "overview-200x50", .w = 200, .h = 50 },
	{ .name = "overview-60x15", .w = 60, .h = 15 },
	{ .name = "overview-40x8", .w = 40, .h = 8 },
	{ .name = "overview-32x6", .w = 32, .h = 6 },
	{ .name = "overview-1x1", .w = 1, .h = 1 },
	{ .name = "service-80x24", .w = 80, .h = 24, .page = PAGE_SERVICE },
	{ .name = "service-120x40", .w = 120, .h = 40, .page = PAGE_SERVICE },
	{ .name = "service-200x50", .w = 200, .h = 50, .page = PAGE_SERVICE },
	{ .name = "events-80x24", .w = 80, .h = 24, .page = PAGE_EVENTS },
	{ .name = "events-120x40", .w = 120, .h = 40, .page = PAGE_EVENTS },
	{ .name = "events-200x50", .w = 200, .h = 50, .page = PAGE_EVENTS },
	{ .name = "net-80x24", .w = 80, .h = 24, .page = PAGE_NET },
	{ .name = "net-120x40", .w = 120, .h = 40, .page = PAGE_NET },
	{ .name = "net-200x50", .w = 200, .h = 50, .page = PAGE_NET },
	{ .name = "slo-80x24", .w = 80, .h = 24, .page = PAGE_SLO },
	{ .name = "slo-120x40", .w = 120, .h = 40, .page = PAGE_SLO },
	{ .name = "slo-200x50", .w = 200, .h = 50, .page = PAGE_SLO },
	{ .name = "slo-80x24-ascii", .w = 80, .h = 24, .page = PAGE_SLO,
	  .graph = GRAPH_ASCII },
	{ .name = "slo-nodata-120x40", .w = 120, .h = 40, .page = PAGE_SLO,
	  .keys = "j" },
	{ .name = "slo-nearly-spent-120x40", .w = 120, .h = 40,
	  .page = PAGE_SLO, .keys = "j j j j" },
	{ .name = "slo-calm-120x40", .w = 120, .h = 40, .page = PAGE_SLO,
	  .at = "2026-11-23T13:30:00Z" },
	{ .name = "states-page-200x50", .w = 200, .h = 50,
	  .page = PAGE_SLO, .keys = "j",
	  .file = STATES },
	{ .name = "states-ticket-overspent-200x50", .w = 200, .h = 50,
	  .page = PAGE_SLO, .keys = "j j",
	  .file = STATES },
	{ .name = "states-no-data-200x50", .w = 200, .h = 50,
	  .page = PAGE_SLO, .keys = "j j j",
	  .file = STATES },
	{ .name = "states-ok-200x50", .w = 200, .h = 50,
	  .page = PAGE_SLO, .keys = "j j j j j",
	  .file = STATES },
	{ .name = "states-warn-200x50", .w = 200, .h = 50,
	  .page = PAGE_SLO, .at = "2026-11-23T13:45:30Z",
	  .file = STATES },
	{ .name = "states-ticket-overspent-80x24", .w = 80, .h = 24,
	  .page = PAGE_SLO, .keys = "j j",
	  .file = STATES },
	{ .name = "states-ticket-overspent-80x24-ascii", .w = 80, .h = 24,
	  .page = PAGE_SLO, .graph = GRAPH_ASCII, .keys = "j j",
	  .file = STATES },
	{ .name = "states-limits-80x24", .w = 80, .h = 24,
	  .page = PAGE_SATURATION, .file = STATES },
	{ .name = "states-limits-120x40", .w = 120, .h = 40,
	  .page = PAGE_SATURATION, .file = STATES },
	{ .name = "states-limits-80x24-ascii", .w = 80, .h = 24,
	  .page = PAGE_SATURATION, .graph = GRAPH_ASCII, .file = STATES },
	{ .name = "changed-no-data-120x40", .w = 120, .h = 40,
	  .page = PAGE_CHANGED, .service = "email" },
	{ .name = "changed-80x24", .w = 80, .h = 24, .page = PAGE_CHANGED },
	{ .name = "changed-120x40", .w = 120, .h = 40, .page = PAGE_CHANGED },
	{ .name = "changed-200x50", .w = 200, .h = 50, .page = PAGE_CHANGED },
	{ .name = "changed-80x24-ascii", .w = 80, .h = 24,
	  .page = PAGE_CHANGED, .graph = GRAPH_ASCII },
	{ .name = "changed-calm-120x40", .w = 120, .h = 40,
	  .page = PAGE_CHANGED, .at = "2026-11-23T13:30:00Z" },
	{ .name = "demo-saturation-80x24", .w = 80, .h = 24,
	  .page = PAGE_SATURATION },
	{ .name = "demo-saturation-120x40", .w = 120, .h = 40,
	  .page = PAGE_SATURATION },
	{ .name = "overview-80x24-ascii", .w = 80, .h = 24,
	  .graph = GRAPH_ASCII },
	{ .name = "service-80x24-ascii", .w = 80, .h = 24, .page = PAGE_SERVICE,
	  .graph = GRAPH_ASCII },
	{ .name = "events-80x24-ascii", .w = 80, .h = 24, .page = PAGE_EVENTS,
	  .graph = GRAPH_ASCII },
	{ .name = "net-80x24-ascii", .w = 80, .h = 24, .page = PAGE_NET,
	  .graph = GRAPH_ASCII },
	{ .name = "overview-120x40-ascii", .w = 120, .h = 40,
	  .graph = GRAPH_ASCII },
	{ .name = "overview-120x40-block", .w = 120, .h = 40,
	  .graph = GRAPH_BLOCK },
	{ .name = "help-120x40", .w = 120, .h = 40, .keys = "?" },
	{ .name = "explain-120x40", .w = 120, .h = 40, .keys = "e" },
	{ .name = "palette-120x40", .w = 120, .h = 40, .keys = ": g o" },
	{ .name = "filter-120x40", .w = 120, .h = 40, .keys = "/ c a" },
	{ .name = "no-match-120x40", .w = 120, .h = 40, .keys = "/ z z Enter" },
	{ .name = "crosshair-120x40", .w = 120, .h = 40,
	  .keys = "Left Left Left Left Left Left Left Left Left Left" },
	{ .name = "calm-120x40", .w = 120, .h = 40,
	  .at = "2026-11-23T13:30:00Z" },
	{ .name = "onset-120x40", .w = 120, .h = 40,
	  .at = "2026-11-23T13:46:00Z" },
	{ .name = "full-120x40", .w = 120, .h = 40, .keys = "Tab f" },
	{ .name = "own-120x40", .w = 120, .h = 40, .page = PAGE_OWN,
	  .file = "dashboards/regions.yaml" },
	{ .name = "own-80x24-ascii", .w = 80, .h = 24, .page = PAGE_OWN,
	  .graph = GRAPH_ASCII, .file = "dashboards/regions.yaml" },
	{ .name = "own-charts-120x40", .w = 120, .h = 40, .keys = "7",
	  .file = "dashboards/by-hand.yaml" },
	{ .name = "six-hours-120x40", .w = 120, .h = 40, .keys = "- -" },
};

/* `file`: of the case's, or NULL. */
static struct oneshot *run_with(const struct screen_case *c,
				const struct config *file)
{
	struct err e = { 0 };
	struct options o = {
		.source = { c->source ? c->source : "demo" }, .nr_sources = 1,
		.timeout = 20000, .range = 3600000, .w = c->w, .h = c->h,
		.page = c->page, .service = c->service, .at = c->at,
		.config = file,
	};
	if (c->file && (!file || file->errors))
		fail_msg("%s is no dashboard file", c->file);
	struct oneshot *s = oneshot_run(&o, c->graph, &e);
	if (!s)
		fail_msg("%s: %s", c->name, e.text);
	char keys[128];
	snprintf(keys, sizeof(keys), "%s", c->keys ? c->keys : "");
	for (char *k = strtok(keys, " "); k; k = strtok(NULL, " ")) {
		dash_key(oneshot_dash(s), key_of_name(k));
		for (enum request r;
		     (r = dash_request(oneshot_dash(s))) != REQUEST_NONE;)
			if (r == REQUEST_POLL || r == REQUEST_ASK)
				oneshot_again(s);
		dash_frame(oneshot_dash(s));
	}
	return s;
}

static struct oneshot *run(const struct screen_case *c)
{
	return run_with(c, NULL);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f)
		return NULL;
	char *s = calloc(1, 1 << 22);
	size_t n = fread(s, 1, (1 << 22) - 1, f);
	s[n] = '\0';
	fclose(f);
	return s;
}

static void compare(const char *name, const char *ext, const struct buf *got)
{
	char path[256];
	snprintf(path, sizeof(path), "tests/golden/expected/%s.%s", name, ext);
	const char *mode = getenv("REDTOP_GOLDEN");
	if (mode && strcmp(mode, "write") == 0) {
		FILE *f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(buf_text(got), 1, got->len, f);
		fclose(f);
		return;
	}
	char *want = read_file(path);
	if (!want)
		fail_msg("%s is missing", path);
	if (strcmp(want, buf_text(got)) != 0) {
		char bad[300];
		snprintf(bad, sizeof(bad), "build/golden-%s.%s", name, ext);
		FILE *f = fopen(bad, "wb");
		if (f) {
			fwrite(buf_text(got), 1, got->len, f);
			fclose(f);
		}
		fail_msg("the screen is not as expected: diff %s %s", path, bad);
	}
	free(want);
}

static void check_screen(void **state)
{
	const struct screen_case *c = *state;
	struct buf text, roles;
	struct config *file = c->file ? config_load(c->file, NULL) : NULL;
	struct oneshot *s = run_with(c, file);
	buf_init(&text, 0);
	buf_init(&roles, 0);
	export_text(dash_surface(oneshot_dash(s)), &text);
	export_roles(dash_surface(oneshot_dash(s)), &roles);
	compare(c->name, "txt", &text);
	compare(c->name, "roles", &roles);
	buf_release(&text);
	buf_release(&roles);
	oneshot_free(s);
	config_free(file);
}

static void check_theme(void **state)
{
	static const struct screen_case c = { .name = "theme", .w = 120,
					      .h = 40 };
	const char *name = *state;
	char file[64];
	struct buf out;
	struct oneshot *s = run(&c);
	buf_init(&out, 0);
	export_ansi(dash_surface(oneshot_dash(s)), theme_builtin(name), 256,
		    &out);
	snprintf(file, sizeof(file), "overview-120x40-%s", name);
	compare(file, "ansi", &out);
	buf_release(&out);
	oneshot_free(s);
}

static void json_of_the_demo_stays_what_scripts_parse(void **state)
{
	static const struct screen_case c = { .name = "json", .w = 120, .h = 40 };
	struct buf out;
	(void)state;
	struct oneshot *s = run(&c);
	buf_init(&out, 0);
	json_snapshot(oneshot_dash(s), false, &out);
	compare("snapshot", "json", &out);
	buf_release(&out);
	oneshot_free(s);
}

static void svg_of_the_demo_is_the_same_picture(void **state)
{
	static const struct screen_case c = { .name = "svg", .w = 80, .h = 24 };
	struct buf out;
	(void)state;
	struct oneshot *s = run(&c);
	buf_init(&out, 0);
	export_svg(dash_surface(oneshot_dash(s)), theme_builtin("ember"), &out);
	compare("overview-80x24", "svg", &out);
	buf_release(&out);
	oneshot_free(s);
}

#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

int main(void)
{
	setenv("XDG_CONFIG_HOME", "/dev/null", 1);
	setenv("XDG_CONFIG_DIRS", "/dev/null", 1);
	static struct CMUnitTest tests[NR_CASES + 8];
	size_t n = 0;
	for (; n < NR_CASES; n++)
		tests[n] = (struct CMUnitTest){ cases[n].name, check_screen, NULL,
						NULL, (void *)&cases[n] };
	for (const char *const *t = theme_names(); *t; t++)
		tests[n++] = (struct CMUnitTest){ *t, check_theme, NULL, NULL,
						  (void *)*t };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		json_of_the_demo_stays_what_scripts_parse);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(
		svg_of_the_demo_is_the_same_picture);
	return _cmocka_run_group_tests("screens", tests, n, NULL, NULL);
}
