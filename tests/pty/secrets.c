/* The whole program with credentials: it gets in, and they stay out of
 * everything that it writes, shows and leaves in /proc. */
#include "tests/pty/redtop.h"

#include "tests/fault/fake_prom.c"

#include <sys/stat.h>
#include <sys/wait.h>

#define SECRET "s3cretw0rd"
#define BASIC "YW5uOnMzY3JldHcwcmQ=" /* ann:s3cretw0rd */
#define GRAFANA "/api/datasources/proxy/uid/abc"
#define KUBERNETES "/api/v1/namespaces/mon/services/prom:9090/proxy"

struct place {
	char dir[64], token[96], config[96], recording[96];
};

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (!f)
		die(path);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
}

static void make_place(struct place *at)
{
	snprintf(at->dir, sizeof(at->dir), "/tmp/redtop-secret-XXXXXX");
	if (!mkdtemp(at->dir))
		die("mkdtemp");
	snprintf(at->token, sizeof(at->token), "%s/token", at->dir);
	snprintf(at->config, sizeof(at->config), "%s/config", at->dir);
	snprintf(at->recording, sizeof(at->recording), "%s/r.redtop", at->dir);
	write_file(at->token, SECRET "\n");
}

static void remove_place(const struct place *at)
{
	unlink(at->token);
	unlink(at->config);
	unlink(at->recording);
	rmdir(at->dir);
}

static void add_stream(struct buf *out, FILE *f)
{
	char piece[4096];
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(out, piece, n);
}

static bool holds(const struct buf *b, const char *word)
{
	if (!*word)
		return true;
	return b->len && memmem(b->s, b->len, word, strlen(word));
}

/* stdout and stderr of a shell's command; the exit code. */
__attribute__((format(printf, 2, 3)))
static int run(struct buf *out, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_init(out, 0);
	FILE *f = popen(line, "r");
	if (!f)
		die("popen");
	add_stream(out, f);
	int status = pclose(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((format(printf, 3, 4)))
static void check(int code, const char *words, const char *fmt, ...)
{
	char line[1024];
	struct buf out;
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	int got = run(&out, "%s 2>&1", line);
	if (got != code || !holds(&out, words))
		fail_msg("%s: %d\n%s", line, got, buf_text(&out));
	if (holds(&out, SECRET))
		fail_msg("%s shows the secret:\n%s", line, buf_text(&out));
	buf_release(&out);
}

static void every_way_in_is_silent_about_its_secret(void **state)
{
	static const char *const formats[] = { "text", "ansi", "svg", "json" };
	struct place at;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .line = "Authorization: Bearer " SECRET });
	const char *url = fake_prom_url(f);
	(void)state;
	make_place(&at);
	for (size_t i = 0; i < 4; i++)
		check(0, "svc-000", "%s snapshot %s --token-file %s -v "
		      "--format %s", redtop(), url, at.token, formats[i]);
	check(0, "1 source answers", "REDTOP_TOKEN=" SECRET " %s snapshot %s "
	      "--page net", redtop(), url);
	write_file(at.config, "bearer_token: " SECRET "\n");
	check(0, "svc-000", "%s snapshot %s --http-config %s", redtop(), url,
	      at.config);
	char command[160];
	snprintf(command, sizeof(command), "authorization:\n"
		 "  credentials_command: [cat, %s]\n", at.token);
	write_file(at.config, command);
	check(0, "svc-000", "%s snapshot %s --http-config %s", redtop(), url,
	      at.config);
	write_file(at.token, "wrong-" SECRET);
	check(77, "credentials are missing or refused", "%s snapshot %s "
	      "--token-file %s --format json", redtop(), url, at.token);
	check(77, "credentials are missing or refused", "%s snapshot %s",
	      redtop(), url);
	fake_prom_stop(f);
	remove_place(&at);
}

static void a_recording_can_be_given_away(void **state)
{
	struct place at;
	struct buf bytes;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .line = "Authorization: Basic " BASIC "\r\n" });
	(void)state;
	make_place(&at);
	write_file(at.config, "basic_auth: {username: ann, password: " SECRET
		   "}\n");
	check(0, "", "%s record %s --http-config %s -o %s --for 3s --every 1s",
	      redtop(), fake_prom_url(f), at.config, at.recording);
	FILE *r = fopen(at.recording, "rb");
	assert_non_null(r);
	buf_init(&bytes, 0);
	add_stream(&bytes, r);
	fclose(r);
	assert_true(bytes.len > 100);
	assert_false(holds(&bytes, SECRET));
	assert_false(holds(&bytes, BASIC));
	buf_release(&bytes);
	check(0, "svc-000", "%s snapshot %s --format json", redtop(),
	      at.recording);
	check(0, "Prometheus 2.42.0", "%s snapshot %s --page net", redtop(),
	      at.recording);
	fake_prom_stop(f);
	remove_place(&at);
}

/* What others on this host may read of a process; "" where they may not. */
static void proc_of(pid_t pid, const char *name, struct buf *out)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	buf_init(out, 0);
	FILE *f = fopen(path, "rb");
	if (!f)
		return;
	add_stream(out, f);
	fclose(f);
}

static void check_proc(pid_t pid, const char *name, bool readable)
{
	struct buf b;
	proc_of(pid, name, &b);
	if (readable)
		assert_true(b.len > 0);
	assert_false(holds(&b, SECRET));
	buf_release(&b);
}

static void check_screen(struct pty *p)
{
	struct buf raw = { 0 };
	raw.s = (char *)pty_raw(p, &raw.len);
	assert_false(holds(&raw, SECRET));
}

static void nobody_reads_it_from_the_screen_or_proc(void **state)
{
	char with[128];
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .line = "Authorization: Bearer " SECRET });
	const char *env[] = { AT_HOME, "REDTOP_TOKEN=" SECRET, NULL };
	(void)state;
	struct pty *p = start(fake_prom_url(f), env, NULL, 120, 40);
	assert_true(pty_wait_text(p, "svc-000", SOON));
	check_proc(pty_pid(p), "cmdline", true);
	check_proc(pty_pid(p), "environ", false);
	pty_press(p, "n");
	pty_read(p, 300);
	check_screen(p);
	quit(p);
	fake_prom_stop(f);
	f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .line = "Authorization: Basic " BASIC "\r\n" });
	snprintf(with, sizeof(with), "http://ann:" SECRET "@%s",
		 fake_prom_url(f) + 7);
	p = start(with, NULL, NULL, 120, 40);
	assert_true(pty_wait_text(p, "svc-000", SOON));
	check_proc(pty_pid(p), "cmdline", true);
	check_screen(p);
	quit(p);
	fake_prom_stop(f);
}

static void grafana_and_kubernetes_are_ways_in(void **state)
{
	struct place at;
	struct fake_prom *f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .line = "Authorization: Bearer " SECRET,
		.prefix = GRAFANA });
	(void)state;
	make_place(&at);
	check(0, "svc-000", "%s snapshot %s" GRAFANA " --token-file %s",
	      redtop(), fake_prom_url(f), at.token);
	check(0, "svc-000", "%s snapshot %s" GRAFANA "/ --token-file %s",
	      redtop(), fake_prom_url(f), at.token);
	fake_prom_stop(f);
	f = fake_prom_start(&(struct fake_prom_options){
		.services = 3, .prefix = KUBERNETES, .get_only = true,
		.line = "X-Scope-OrgID: shop\r\n" });
	write_file(at.config, "http_headers: {X-Scope-OrgID: {values: [shop]}}"
		   "\n");
	check(0, "svc-000", "%s snapshot %s" KUBERNETES " --http-config %s",
	      redtop(), fake_prom_url(f), at.config);
	fake_prom_stop(f);
	remove_place(&at);
}

static void a_wrong_file_or_word_is_told_before_anything_is_asked(void **state)
{
	struct place at;
	(void)state;
	make_place(&at);
	write_file(at.config, "bearer_tokn: x\nno_proxy: a\n");
	check(65, "config:1:1: unknown key 'bearer_tokn' in http_config, did "
	      "you mean 'bearer_token'?\n", "%s snapshot http://127.0.0.1:9 "
	      "--http-config %s", redtop(), at.config);
	check(65, "config:2:11: no_proxy needs a proxy_url\n",
	      "%s snapshot http://127.0.0.1:9 --http-config %s", redtop(),
	      at.config);
	write_file(at.config, "bearer_token: " SECRET "\n");
	check(64, "--token-file beside bearer of", "%s snapshot "
	      "http://127.0.0.1:9 --http-config %s --token-file %s", redtop(),
	      at.config, at.token);
	check(77, "plain http: http://prom.invalid:9090; use https, or",
	      "%s snapshot http://prom.invalid:9090 --token-file %s", redtop(),
	      at.token);
	check(64, "REDTOP_TOKEN holds white space", "REDTOP_TOKEN='a b' %s "
	      "snapshot http://127.0.0.1:9", redtop());
	check(77, "a user in the URL and other credentials", "%s snapshot "
	      "http://a:" SECRET "@127.0.0.1:9 --token-file %s", redtop(),
	      at.token);
	check(65, "token.none: No such file", "%s snapshot https://127.0.0.1:9 "
	      "--cacert %s.none", redtop(), at.token);
	remove_place(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_in_is_silent_about_its_secret),
		cmocka_unit_test(a_recording_can_be_given_away),
		cmocka_unit_test(nobody_reads_it_from_the_screen_or_proc),
		cmocka_unit_test(grafana_and_kubernetes_are_ways_in),
		cmocka_unit_test(
			a_wrong_file_or_word_is_told_before_anything_is_asked),
	};
	return cmocka_run_group_tests_name("secrets", tests, NULL, NULL);
}
