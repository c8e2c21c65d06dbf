/* A real Prometheus is recorded: what a recording shows later is what the
 * server shows of that moment, whatever happened to the recorder or to the
 * file. The long recording runs while the other tests do. */
#include "base/mem.h"
#include "record/reader.h"
#include "tests/real/lab.c"

#include <fcntl.h>
#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SCRAPES 8
#define PASSWORD "s3cr3t-Pw"
/* "ann:" PASSWORD in base64. */
#define AUTHORIZATION "YW5uOnMzY3IzdC1Qdw=="

struct tape {
	struct lab lab;
	char file[100], log[100];
	pid_t recorder;
};

static const char *program;

static const char *redtop(void)
{
	const char *path = getenv("REDTOP");
	return path ? path : "./redtop";
}

/* ---- recorders ----------------------------------------------------------- */

static void path_of(const struct tape *t, const char *name, char out[100])
{
	snprintf(out, 100, "%s/%s", t->lab.dir, name);
}

static pid_t record(const char *url, const char *file,
		    const char *every, const char *span)
{
	char log[120];
	snprintf(log, sizeof(log), "%s.log", file);
	char *argv[] = { (char *)redtop(), "record", (char *)url, "-o",
			 (char *)file, "--every", (char *)every,
			 span ? "--for" : NULL, (char *)span, NULL };
	return lab_run(log, argv);
}

/* The recorded ticks; the caller frees them. 0 without a recording yet. */
static size_t ticks_of(const char *file, time_ms **out)
{
	struct reader *r = reader_open(file, NULL);
	const time_ms *at;
	*out = NULL;
	if (!r)
		return 0;
	size_t nr = reader_ticks(r, &at);
	*out = mem_zero(nr + 1, sizeof(**out));
	if (nr)
		memcpy(*out, at, nr * sizeof(**out));
	reader_close(r);
	return nr;
}

static void wait_ticks(const char *file, size_t enough)
{
	size_t nr = 0;
	for (int i = 0; i < LAB_PATIENCE * 10 && nr < enough; i++) {
		time_ms *at;
		usleep(100000);
		nr = ticks_of(file, &at);
		free(at);
	}
	assert_true(nr >= enough);
}

/* How it ended, as waitpid tells it. */
static int ending(pid_t pid, int with)
{
	int status = -1;
	if (with)
		kill(pid, with);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static uint64_t lost_of(const char *file)
{
	struct reader *r = reader_open(file, NULL);
	assert_non_null(r);
	uint64_t lost = reader_lost(r);
	reader_close(r);
	return lost;
}

static void read_file(const char *file, struct buf *out)
{
	char piece[65536];
	FILE *f = fopen(file, "rb");
	assert_non_null(f);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(out, piece, n);
	fclose(f);
}

static void copy_file(const char *from, const char *to, size_t cut)
{
	struct buf b;
	buf_init(&b, 0);
	read_file(from, &b);
	assert_true(b.len > cut);
	FILE *f = fopen(to, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(b.s, 1, b.len - cut, f), b.len - cut);
	assert_int_equal(fclose(f), 0);
	buf_release(&b);
}

/* ---- snapshots ----------------------------------------------------------- */

/* The frame's JSON; `at` may be NULL. The caller frees. */
static cJSON *snapshot(const char *what, const char *at)
{
	char command[600];
	struct buf b;
	snprintf(command, sizeof(command), "'%s' snapshot '%s' %s%s "
		 "--format json", redtop(), what, at ? "--at " : "",
		 at ? at : "");
	FILE *f = popen(command, "r");
	assert_non_null(f);
	buf_init(&b, 0);
	char piece[4096];
	for (size_t n; (n = fread(piece, 1, sizeof(piece), f)) > 0;)
		buf_add(&b, piece, n);
	int status = pclose(f);
	if (status)
		print_message("%s: %d\n", command, status);
	assert_int_equal(status, 0);
	cJSON *tree = cJSON_Parse(buf_text(&b));
	assert_non_null(tree);
	buf_release(&b);
	return tree;
}

static const char *text_of(const cJSON *tree, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(tree, name));
	return s ? s : "";
}

static void shows(const char *file, const char *asked, time_ms tick)
{
	char want[TIME_TEXT];
	cJSON *tree = snapshot(file, asked);
	assert_string_equal(text_of(tree, "at"), time_iso(tick, want));
	assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(tree, "services"))
		    > 30);
	cJSON_Delete(tree);
}

/* What may differ between a recording and its server, and nothing else. */
static const char *const exceptions[] = {
	".sources[].kind", ".sources[].took_ms", ".sources[].age_s",
	".sources[].skew_s", ".sources[].requests", ".sources[].bytes",
	".sources[].cost", ".services[].age_s", ".discovery.requests",
};

static bool is_exception(const char *path)
{
	for (size_t i = 0; i < COUNT(exceptions); i++)
		if (strcmp(path, exceptions[i]) == 0)
			return true;
	return false;
}

static size_t differ(const char *path, const cJSON *a, const cJSON *b)
{
	char *x = cJSON_PrintUnformatted(a), *y = cJSON_PrintUnformatted(b);
	print_message("%s: %.80s recorded, %.80s live\n", path, x ? x : "-",
		      y ? y : "-");
	cJSON_free(x);
	cJSON_free(y);
	return 1;
}

/* How many values differ: numbers by more than 1e-12 of the larger. */
static size_t compare(const char *path, const cJSON *a, const cJSON *b)
{
	size_t n = 0;
	if (is_exception(path))
		return 0;
	if (!a || !b || a->type != b->type)
		return differ(path, a, b);
	if (cJSON_IsNumber(a))
		return fabs(a->valuedouble - b->valuedouble) <=
		       1e-12 * fmax(fabs(a->valuedouble), fabs(b->valuedouble))
		       ? 0 : differ(path, a, b);
	if (cJSON_IsString(a))
		return strcmp(a->valuestring, b->valuestring) == 0
		       ? 0 : differ(path, a, b);
	const cJSON *x = a->child, *y = b->child;
	for (; x && y; x = x->next, y = y->next) {
		char below[300];
		snprintf(below, sizeof(below), "%s%s%s", path,
			 cJSON_IsArray(a) ? "[]" : ".",
			 x->string ? x->string : "");
		if (x->string && strcmp(x->string, y->string) != 0)
			return n + differ(below, x, y);
		n += compare(below, x, y);
	}
	return x || y ? n + differ(path, x, y) : n;
}

static double rate_of(const cJSON *tree, const char *service)
{
	const cJSON *s;
	cJSON_ArrayForEach(s, cJSON_GetObjectItem(tree, "services"))
		if (strcmp(text_of(s, "name"), service) == 0)
			return cJSON_GetObjectItem(s, "rate")->valuedouble;
	fail_msg("no service %s", service);
	return NAN;
}

/* ---- the lab ------------------------------------------------------------- */

static int start(void **state)
{
	struct tape *t = mem_zero(1, sizeof(*t));
	*state = t;
	lab_start(&t->lab, program);
	lab_wait(&t->lab, SCRAPES);
	path_of(t, "long.redtop", t->file);
	t->recorder = record(t->lab.url, t->file, "5s", "60s");
	return 0;
}

static int stop(void **state)
{
	struct tape *t = *state;
	lab_end(t->recorder);
	lab_stop(&t->lab);
	free(t);
	return 0;
}

/* ---- recorders that end in every way ------------------------------------- */

static void a_password_is_in_no_recording(void **state)
{
	struct tape *t = *state;
	char file[100], url[120], log[120], cmdline[60];
	struct buf bytes, text;
	path_of(t, "secret.redtop", file);
	snprintf(url, sizeof(url), "http://ann:" PASSWORD "@127.0.0.1:%d",
		 t->lab.port);
	pid_t pid = record(url, file, "1s", NULL);
	wait_ticks(file, 3);
	buf_init(&bytes, 0);
	buf_init(&text, 0);
	snprintf(cmdline, sizeof(cmdline), "/proc/%d/cmdline", (int)pid);
	read_file(cmdline, &bytes);
	assert_true(bytes.len > 10);
	int status = ending(pid, SIGINT);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	read_file(file, &bytes);
	snprintf(log, sizeof(log), "%s.log", file);
	read_file(log, &bytes);
	/* As it was written, and what it says. */
	struct reader *r = reader_open(file, NULL);
	assert_non_null(r);
	for (struct batch *b; (b = reader_next(r)) != NULL; batch_free(b)) {
		batch_print(b, &text);
		/* Nobody looks at one service's page. */
		for (size_t i = 0; i < b->nr_asked; i++)
			assert_true(question_is_own(b->asked[i])
				    || !red_role_routes(b->asked[i] % 16));
	}
	reader_close(r);
	cJSON *tree = snapshot(file, NULL);
	char *json = cJSON_Print(tree);
	buf_str(&text, json);
	cJSON_free(json);
	cJSON_Delete(tree);
	assert_non_null(strstr(text.s, "prometheus_http_requests_total"));
	assert_non_null(strstr(text.s, "127.0.0.1"));
	static const char *const words[] = {
		PASSWORD, "ann:", AUTHORIZATION, "uthorization", "Basic ",
	};
	for (size_t i = 0; i < COUNT(words); i++) {
		assert_null(memmem(bytes.s, bytes.len, words[i],
				   strlen(words[i])));
		assert_null(strstr(text.s, words[i]));
	}
	buf_release(&bytes);
	buf_release(&text);
}

static void a_killed_recorder_leaves_what_it_had(void **state)
{
	struct tape *t = *state;
	char file[100];
	time_ms *at;
	path_of(t, "killed.redtop", file);
	pid_t pid = record(t->lab.url, file, "1s", NULL);
	wait_ticks(file, 3);
	int status = ending(pid, SIGKILL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	size_t nr = ticks_of(file, &at);
	assert_true(nr >= 3);
	shows(file, NULL, at[nr - 1]);
	free(at);
}

static size_t gap_events(const char *file, time_ms from, time_ms to)
{
	struct reader *r = reader_open(file, NULL);
	size_t n = 0;
	assert_non_null(r);
	for (struct batch *b; (b = reader_next(r)) != NULL; batch_free(b))
		for (size_t i = 0; i < b->nr_events; i++)
			n += b->event[i].kind == EVENT_GAP &&
			     b->event[i].at >= from && b->event[i].at <= to;
	reader_close(r);
	return n;
}

static bool has_gap(const char *file)
{
	cJSON *tree = snapshot(file, NULL);
	const cJSON *e;
	bool found = false;
	cJSON_ArrayForEach(e, cJSON_GetObjectItem(tree, "events"))
		found |= strcmp(text_of(e, "kind"), "gap") == 0;
	cJSON_Delete(tree);
	return found;
}

static void signals_close_the_file_and_the_next_appends(void **state)
{
	struct tape *t = *state;
	char file[100], iso[TIME_TEXT];
	time_ms *first, *all;
	path_of(t, "twice.redtop", file);
	pid_t pid = record(t->lab.url, file, "1s", NULL);
	wait_ticks(file, 2);
	int status = ending(pid, SIGINT);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	size_t nr = ticks_of(file, &first);
	assert_true(nr >= 2);
	assert_int_equal(lost_of(file), 0);
	assert_false(has_gap(file));

	pid = record(t->lab.url, file, "1s", NULL);
	wait_ticks(file, nr + 2);
	status = ending(pid, SIGTERM);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	size_t more = ticks_of(file, &all);
	assert_true(more >= nr + 2);
	assert_memory_equal(all, first, nr * sizeof(*all));
	assert_int_equal(lost_of(file), 0);
	assert_int_equal(gap_events(file, first[nr - 1], all[nr]), 1);
	assert_true(has_gap(file));
	shows(file, NULL, all[more - 1]);
	shows(file, time_iso(first[0], iso), first[0]);
	free(first);
	free(all);
}

static void a_file_that_is_no_recording_is_left_alone(void **state)
{
	struct tape *t = *state;
	char file[100];
	struct buf b;
	path_of(t, "notes.txt", file);
	FILE *f = fopen(file, "w");
	fputs("call the plumber\n", f);
	fclose(f);
	int status = ending(record(t->lab.url, file, "1s", "2s"), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 74);
	buf_init(&b, 0);
	read_file(file, &b);
	assert_string_equal(b.s, "call the plumber\n");
	buf_release(&b);
}

/* ---- the long recording -------------------------------------------------- */

static void a_copy_of_a_growing_file_replays(void **state)
{
	struct tape *t = *state;
	char copy[100], torn[100];
	time_ms *at, *all, *less;
	wait_ticks(t->file, 2);
	path_of(t, "copy.redtop", copy);
	path_of(t, "torn.redtop", torn);
	copy_file(t->file, copy, 0);
	assert_int_equal(waitpid(t->recorder, NULL, WNOHANG), 0);
	copy_file(copy, torn, 7); /* as if the copy came in between */
	size_t nr = ticks_of(copy, &at), n = ticks_of(torn, &less);
	size_t later = ticks_of(t->file, &all);
	assert_true(nr >= 2 && n >= 1 && n >= nr - 1 && later >= nr);
	assert_memory_equal(at, all, nr * sizeof(*at));
	assert_memory_equal(less, all, n * sizeof(*at));
	shows(copy, NULL, at[nr - 1]);
	shows(torn, NULL, less[n - 1]);
	free(at);
	free(all);
	free(less);
}

static void a_replay_shows_what_the_server_would(void **state)
{
	struct tape *t = *state;
	time_ms *at;
	double first = NAN, last = NAN;
	int status = ending(t->recorder, 0);
	t->recorder = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	size_t nr = ticks_of(t->file, &at), wrong = 0;
	assert_true(nr >= 5);
	assert_int_equal(lost_of(t->file), 0);
	for (size_t i = 0; i < 5; i++) {
		char iso[TIME_TEXT];
		time_ms tick = at[i * (nr - 1) / 4];
		time_iso(tick, iso);
		cJSON *then = snapshot(t->file, iso);
		cJSON *now = snapshot(t->lab.url, iso);
		assert_string_equal(text_of(then, "at"), iso);
		wrong += compare("", then, now);
		last = rate_of(then, "prometheus");
		first = i ? first : last;
		cJSON_Delete(then);
		cJSON_Delete(now);
	}
	assert_int_equal(wrong, 0);
	/* The moments are not all the same one. */
	assert_true(first > 0 && last > 0 && first != last);
	free(at);
}

static void a_time_between_two_ticks_is_the_tick_before(void **state)
{
	struct tape *t = *state;
	char iso[TIME_TEXT];
	time_ms *at;
	size_t nr = ticks_of(t->file, &at);
	assert_true(nr >= 3);
	time_ms half = (at[2] - at[1]) / 2;
	assert_true(half > 1000);
	shows(t->file, time_iso(at[1] + half, iso), at[1]);
	shows(t->file, time_iso(at[2] - 1, iso), at[1]);
	shows(t->file, time_iso(at[2], iso), at[2]);
	shows(t->file, time_iso(at[nr - 1] + 3600000, iso), at[nr - 1]);
	free(at);
}

int main(int argc, char **argv)
{
	(void)argc;
	program = argv[0];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_in_no_recording),
		cmocka_unit_test(a_killed_recorder_leaves_what_it_had),
		cmocka_unit_test(signals_close_the_file_and_the_next_appends),
		cmocka_unit_test(a_file_that_is_no_recording_is_left_alone),
		cmocka_unit_test(a_copy_of_a_growing_file_replays),
		cmocka_unit_test(a_replay_shows_what_the_server_would),
		cmocka_unit_test(a_time_between_two_ticks_is_the_tick_before),
	};
	return cmocka_run_group_tests_name("real record", tests, start, stop);
}
