/* Ctrl-R: the dashboard file again, seen by somebody at a terminal. */
#include "tests/pty/redtop.h"

#include <sys/stat.h>

static const char first[] =
	"sources: [{name: shop, kind: demo}]\n"
	"pages:\n"
	"  - {name: mine, rows: [[{widget: heat}]]}\n";

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static struct pty *start_file(char *path)
{
	static const char *const home[] = { AT_HOME, NULL };
	const char *argv[] = { redtop(), "-c", path, NULL };
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	put_file(path, first);
	struct pty *p = pty_start(&(struct pty_options){
		.argv = argv, .env = home, .w = 120, .h = 40 });
	assert_true(wait_overview(p));
	return p;
}

static void a_wrong_file_takes_the_screen_away(void **state)
{
	char path[] = "/tmp/redtop-reload-XXXXXX";
	struct pty *p = start_file(path);
	(void)state;
	pty_press(p, "7");
	assert_true(pty_wait_text(p, "buckets", PROMPT));
	put_file(path, "sources: [{name: shop, kind: demo}]\n"
		       "pages:\n"
		       "  - {name: mine, rows: [[{widget: haet}]]}\n"
		       "theme: embre\n");
	pty_press(p, "Ctrl-R");
	assert_true(pty_wait_text(p, ":3: unknown widget 'haet', did you mean "
				     "'heat'?", PROMPT));
	assert_true(pty_wait_text(p, "buckets", PROMPT));
	/* As it should have been. */
	put_file(path, "sources: [{name: shop, kind: demo}]\n"
		       "pages:\n"
		       "  - {name: mine, rows: [[{widget: throughput}]]}\n");
	pty_press(p, "Ctrl-R");
	assert_true(pty_wait_text(p, "throughput", PROMPT));
	assert_true(pty_wait_gone(p, "buckets", PROMPT));
	unlink(path);
	quit(p);
}

static void another_source_does_not_come(void **state)
{
	char path[] = "/tmp/redtop-reload-XXXXXX";
	struct pty *p = start_file(path);
	(void)state;
	assert_true(wait_row(p, 0, "shop", PROMPT));
	put_file(path, "sources: [{name: market, kind: demo, url: '3'}]\n"
		       "keys: {x: '6'}\n");
	pty_press(p, "Ctrl-R");
	assert_true(wait_row(p, 0, "market", SOON));
	assert_true(pty_wait_text(p, "read again: 1 file", SOON));
	assert_true(wait_overview(p));
	/* And once more, while it is the new one that is shown. */
	put_file(path, first);
	pty_press(p, "Ctrl-R");
	assert_true(wait_row(p, 0, "shop", SOON));
	assert_true(wait_overview(p));
	unlink(path);
	pty_press(p, "Ctrl-R");
	assert_true(pty_wait_text(p, "No such file", PROMPT));
	quit(p);
}

static void a_bare_redtop_ignores_the_file_of_its_user(void **state)
{
	char dir[] = "/tmp/redtop-reload-XXXXXX", path[192], home[128], in[128];
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(in, sizeof(in), "%s/redtop", dir);
	assert_int_equal(mkdir(in, 0700), 0);
	snprintf(path, sizeof(path), "%s/redtop.yaml", in);
	put_file(path, first);
	snprintf(home, sizeof(home), "XDG_CONFIG_HOME=%s", dir);
	const char *env[] = { AT_HOME, home, NULL };
	struct pty *p = start(NULL, env, NULL, 120, 40);
	assert_true(wait_overview(p));
	assert_true(wait_row(p, 0, "shop", PROMPT));
	unlink(path);
	rmdir(in);
	rmdir(dir);
	quit(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_file_takes_the_screen_away),
		cmocka_unit_test(another_source_does_not_come),
		cmocka_unit_test(a_bare_redtop_ignores_the_file_of_its_user),
	};
	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
