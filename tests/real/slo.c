/* Burn rates, by way of a real Prometheus that holds four days of counters with
 * known incidents: all windows of seven objectives at 731 moments, whatever way
 * they come, are the server's own numbers. */
#include "base/number.h"
#include "model/objective.h"
#include "sources/prometheus.h"
#include "tests/real/lab.c"

#include <sys/stat.h>
#include <uv.h>
#include <zlib.h>

#define DATA "tests/data/slo-oracle/"
#define T0 ((time_ms)1740960000000)
#define TOLERANCE 1e-9
#define MOMENTS 1000

static char program_dir[400];

/* ---- the servers --------------------------------------------------------- */

static void unpack(const char *from, const char *to)
{
	static char piece[1 << 16];
	gzFile in = gzopen(from, "rb");
	FILE *out = fopen(to, "wb");
	int n;
	assert_non_null(in);
	assert_non_null(out);
	while ((n = gzread(in, piece, sizeof(piece))) > 0)
		assert_int_equal(fwrite(piece, 1, (size_t)n, out), n);
	assert_int_equal(n, 0);
	gzclose(in);
	assert_int_equal(fclose(out), 0);
}

static void past_start(struct past *p, const char *data)
{
	char text[100];
	past_init(p);
	snprintf(text, sizeof(text), "%s/data.om", p->dir);
	unpack(data, text);
	past_serve(p, text);
}

/* ---- what is asked ------------------------------------------------------- */

#define HTTP "sum(rate(http_requests_total{job=\""
#define FAILED "\",code=~\"5..\"}[$window]))"
#define ALL "\"}[$window]))"
#define COUNTED "sum(rate(http_request_duration_seconds_count{job=\"checkout\"" \
		"}[$window]))"
#define BOTH(job) .errors = HTTP job FAILED, .total = HTTP job ALL
#define RECORDED(id) .recorded = "slo:sli_error:ratio_rate$window{sloth_id=\"" \
				 id "\"}"
/* A short period: what is spent is not this test's. */
#define PERIOD ((time_ms)3600000)

static const struct slo_def slos[] = {
	{ .id = "checkout-availability", .objective = 0.999, .period = PERIOD,
	  BOTH("checkout"), RECORDED("checkout-availability") },
	{ .id = "checkout-latency", .objective = 0.99, .period = PERIOD,
	  .errors = "(" COUNTED " - sum(rate(http_request_duration_seconds_"
		    "bucket{job=\"checkout\",le=\"0.25\"}[$window])))",
	  .total = COUNTED, RECORDED("checkout-latency") },
	{ .id = "reports-availability", .objective = 0.99, .period = PERIOD,
	  BOTH("reports"), RECORDED("reports-availability") },
	{ .id = "search-availability", .objective = 0.995, .period = PERIOD,
	  BOTH("search"), RECORDED("search-availability") },
	{ .id = "idle-availability", .objective = 0.999, .period = PERIOD,
	  BOTH("idle"), RECORDED("idle-availability") },
	{ .id = "aligned-availability", .objective = 0.999, .period = PERIOD,
	  BOTH("aligned"), RECORDED("aligned-availability") },
	{ .id = "probe-bool", .objective = 0.99, .period = PERIOD,
	  .errors = "(sum(count_over_time(probe_success{job=\"blackbox\"}["
		    "$window])) - sum(sum_over_time(probe_success{job=\""
		    "blackbox\"}[$window])))",
	  .total = "sum(count_over_time(probe_success{job=\"blackbox\"}["
		   "$window]))", RECORDED("probe-bool") },
};
#define SLOS (sizeof(slos) / sizeof(slos[0]))

struct asker {
	uv_loop_t loop;
	struct source src;
	struct store *store;
};

static void on_batch(struct source *src, struct batch *b, void *arg)
{
	struct asker *a = arg;
	b->source = src->name;
	if (b->fault != FAULT_NONE)
		print_message("%s\n", b->error);
	assert_int_equal(b->fault, FAULT_NONE);
	store_apply(a->store, b);
	batch_free(b);
}

static void on_ended(struct source *src, void *arg)
{
	(void)src;
	uv_stop(&((struct asker *)arg)->loop);
}

static void asker_start(struct asker *a, const char *url, bool recorded)
{
	static struct slo_def own[SLOS];
	struct err e;
	for (size_t i = 0; i < SLOS; i++) {
		own[i] = slos[i];
		if (!recorded)
			own[i].recorded = NULL;
	}
	*a = (struct asker){ .store = store_new((size_t)256 << 20) };
	assert_int_equal(uv_loop_init(&a->loop), 0);
	a->src = (struct source){
		.ops = &prometheus_ops, .loop = &a->loop,
		.state = mem_zero(1, prometheus_ops.state_size),
		.name = mem_strdup("prom"), .newest = TIME_NONE,
		.oldest = TIME_NONE, .sink = on_batch, .ended = on_ended,
		.closed = on_ended, .arg = a,
		.opt = { .slo = own, .nr_slos = SLOS, .timeout = 30000 },
	};
	assert_int_equal(prometheus_ops.open(&a->src, url, &e), 0);
}

static void ask(struct asker *a, time_ms at)
{
	struct want w = { .at = at, .only_slos = true };
	prometheus_ops.poll(&a->src, &w);
	uv_run(&a->loop, UV_RUN_DEFAULT);
}

static void asker_stop(struct asker *a)
{
	prometheus_ops.close(&a->src);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	free(a->src.state);
	free(a->src.name);
	free(a->src.url);
	store_free(a->store);
	uv_loop_close(&a->loop);
}

/* ---- what is expected ---------------------------------------------------- */

/* A row of the file: NAN where there is a series and it is not a number. */
struct expected {
	struct slo_value err, total, ratio, burn;
};
static struct expected expected[SLOS][SLO_WINDOWS][MOMENTS];
static time_ms moments[MOMENTS];
static size_t nr_moments, nr_rows;

static struct slo_value value_of(const char *s)
{
	struct slo_value v = { .there = *s != '\0', .v = NAN };
	if (v.there)
		assert_true(number_parse(s, strlen(s), &v.v));
	return v;
}

static size_t index_of(const char *id)
{
	for (size_t i = 0; i < SLOS; i++)
		if (strcmp(slos[i].id, id) == 0)
			return i;
	fail_msg("no objective %s", id);
	return 0;
}

static size_t moment_of(time_ms at)
{
	for (size_t i = nr_moments; i-- > 0;)
		if (moments[i] == at)
			return i;
	assert_true(nr_moments < MOMENTS);
	moments[nr_moments] = at;
	return nr_moments++;
}

static enum slo_window window_of(const char *name)
{
	for (int w = 0; w < SLO_WINDOWS; w++)
		if (strcmp(slo_window_name((enum slo_window)w), name) == 0)
			return (enum slo_window)w;
	fail_msg("no window %s", name);
	return SLO_5M;
}

static int read_expected(void **state)
{
	char line[400];
	gzFile f = gzopen(DATA "expected-d3.csv.gz", "rb");
	(void)state;
	assert_non_null(f);
	assert_non_null(gzgets(f, line, sizeof(line)));
	while (gzgets(f, line, sizeof(line))) {
		char *at = line, *field[7];
		line[strcspn(line, "\r\n")] = '\0';
		for (int i = 0; i < 7; i++)
			field[i] = strsep(&at, ",");
		size_t k = moment_of((time_ms)atoll(field[2]) * 1000);
		expected[index_of(field[0])][window_of(field[1])][k] =
			(struct expected){ value_of(field[3]),
					   value_of(field[4]),
					   value_of(field[5]),
					   value_of(field[6]) };
		nr_rows++;
	}
	gzclose(f);
	return 0;
}

static bool is_near(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= TOLERANCE * fmax(fabs(a), fabs(b));
}

/* What a person sees of what the server says. */
static bool is_right(const struct slo_reading *r, const struct expected *x,
		     bool counts)
{
	bool traffic = x->total.there && x->total.v > 0;
	double ratio = !traffic ? NAN : x->ratio.there ? x->ratio.v : 0;
	enum slo_state state = !x->total.there ? SLO_NODATA
			       : !traffic ? SLO_NOTRAFFIC
			       : !x->err.there ? SLO_NOERRORS : SLO_IS_OK;
	double burn = !traffic ? NAN : x->burn.there ? x->burn.v : 0;
	double err = counts || !x->err.there ? NAN : x->err.v;
	double total = counts || !x->total.there ? NAN : x->total.v;
	if (!counts && x->total.there && !x->err.there)
		err = r->err_per_s; /* 0 or unknown: not the server's word */
	return r->state == state && is_near(r->error_ratio, ratio)
	       && is_near(r->burn, burn) && is_near(r->err_per_s, err)
	       && is_near(r->total_per_s, total);
}

static const struct store_slo *slo_named(const struct asker *a, const char *id)
{
	const struct store_slo *const *s;
	size_t n = store_slos(a->store, &s);
	for (size_t i = 0; i < n; i++)
		if (strcmp(s[i]->def->id, id) == 0)
			return s[i];
	fail_msg("no objective %s", id);
	return NULL;
}

static size_t compare(const struct asker *a, size_t k, size_t *wrong)
{
	size_t rows = 0;
	for (size_t i = 0; i < SLOS; i++) {
		struct slo_row row;
		bool counts = strcmp(slos[i].id, "probe-bool") == 0;
		size_t n = slo_rows(a->store, slo_named(a, slos[i].id),
				    moments[k], TIME_NONE + 1, &row, 1);
		assert_true(n <= 1);
		for (int w = 0; w < SLO_WINDOWS; w++, rows++) {
			const struct expected *x = &expected[i][w][k];
			if (n && is_right(&row.window[w], x, counts))
				continue;
			if (!n && !x->total.there)
				continue;
			if ((*wrong)++ < 10)
				print_message(
					"%s %s at %lld: %g %g %.17g %.17g %s\n",
					slos[i].id,
					slo_window_name((enum slo_window)w),
					(long long)moments[k] / 1000,
					row.window[w].err_per_s,
					row.window[w].total_per_s,
					row.window[w].error_ratio,
					row.window[w].burn,
					slo_state_name(row.window[w].state));
		}
	}
	return rows;
}

/* ---- tests --------------------------------------------------------------- */

static void test_burn_rates_are_the_servers_at_every_moment(void **state)
{
	struct past p;
	struct asker a;
	size_t rows = 0, wrong = 0;
	(void)state;
	past_start(&p, DATA "d3.om.gz");
	asker_start(&a, p.url, false);
	for (size_t k = 0; k < nr_moments; k++) {
		ask(&a, moments[k]);
		rows += compare(&a, k, &wrong);
	}
	asker_stop(&a);
	past_stop(&p);
	print_message("%zu rows, %zu wrong\n", rows, wrong);
	assert_int_equal(rows, nr_rows);
	assert_int_equal(rows, 35819);
	assert_int_equal(wrong, 0);
}

/* The raw series are gone; what rules have recorded is left. */
static void test_what_rules_recorded_is_read_when_the_rest_is_gone(void **state)
{
	struct past p;
	struct asker a;
	size_t compared = 0;
	(void)state;
	past_start(&p, DATA "recorded.om.gz");
	asker_start(&a, p.url, true);
	for (size_t k = 1; k < nr_moments; k += 5) {
		ask(&a, moments[k]);
		for (size_t i = 0; i < SLOS; i++) {
			struct slo_row row;
			size_t n = slo_rows(a.store, slo_named(&a, slos[i].id),
					    moments[k], TIME_NONE + 1, &row, 1);
			for (int w = 0; n && w < SLO_WINDOWS; w++) {
				const struct expected *x = &expected[i][w][k];
				const struct slo_reading *r = &row.window[w];
				if (!r->recorded)
					continue;
				assert_true(isnan(r->err_per_s));
				assert_true(is_near(r->error_ratio,
						    x->ratio.v));
				assert_true(is_near(r->burn, x->burn.v));
				assert_int_equal(row.from, SLO_FROM_RECORDED);
				compared++;
			}
		}
	}
	asker_stop(&a);
	past_stop(&p);
	print_message("%zu recorded values\n", compared);
	assert_true(compared > 4000);
}

/* ---- the command --------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int check(const char *file, const char *url, const char *at,
		 const char *format, struct buf *out)
{
	char command[600], piece[4096];
	const char *redtop = getenv("REDTOP");
	size_t n;
	snprintf(command, sizeof(command), "%s check -c %s --slo --source %s "
		 "--at %s --format %s 2>/dev/null", redtop ? redtop
							   : "./redtop",
		 file, url, at, format);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	buf_clear(out);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	return WEXITSTATUS(pclose(f));
}

static const char spec[] =
	"version: prometheus/v1\nservice: checkout\nslos:\n"
	"- name: availability\n  objective: 99.9\n  sli:\n    events:\n"
	"      error_query: 'sum(rate(http_requests_total{job=\"checkout\",code"
	"=~\"5..\"}[{{.window}}]))'\n"
	"      total_query: 'sum(rate(http_requests_total{job=\"checkout\"}[{{"
	".window}}]))'\n  alerting: {}\n";

static double number_at(const cJSON *o, const char *path)
{
	char name[100];
	while (*path && o) {
		size_t n = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		o = cJSON_IsArray(o) ? cJSON_GetArrayItem(o, atoi(name))
				     : cJSON_GetObjectItemCaseSensitive(o, name);
		path += n + (path[n] == '/');
	}
	return cJSON_IsNumber(o) ? o->valuedouble : (double)NAN;
}

static void test_a_cron_job_is_paged_by_an_exit_code(void **state)
{
	struct past p;
	struct buf out;
	char file[100];
	(void)state;
	past_start(&p, DATA "d3.om.gz");
	snprintf(file, sizeof(file), "%s/slo.yml", p.dir);
	write_file(file, spec);
	buf_init(&out, 0);
	assert_int_equal(check(file, p.url, "@1741097700", "text", &out), 2);
	assert_int_equal(strncmp(buf_text(&out), "page ", 5), 0);
	assert_int_equal(check(file, p.url, "@1741000000", "text", &out), 0);
	assert_int_equal(strncmp(buf_text(&out), "ok ", 3), 0);
	/* After the day of the outage. */
	assert_int_equal(check(file, p.url, "@1741100700", "text", &out), 1);
	/* Long before there was anything. */
	assert_int_equal(check(file, p.url, "@1700000000", "text", &out), 3);
	assert_int_equal(check(file, "http://127.0.0.1:1", "now", "text", &out),
			 69);
	assert_int_equal(check(file, p.url, "@1741097700", "json", &out), 2);
	cJSON *o = cJSON_Parse(buf_text(&out));
	assert_true(is_near(number_at(o, "slos/0/objective"), .999));
	assert_true(number_at(o, "slos/0/windows/5m/burn") > 100);
	assert_true(number_at(o, "slos/0/tiers/0/burn_long")
		    == number_at(o, "slos/0/windows/1h/burn"));
	assert_true(fabs(number_at(o, "slos/0/budget/coverage_s") - 137700)
		    < 600);
	assert_true(number_at(o, "slos/0/budget/remaining") < 0);
	cJSON_Delete(o);
	buf_release(&out);
	past_stop(&p);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_burn_rates_are_the_servers_at_every_moment),
		cmocka_unit_test(
			test_what_rules_recorded_is_read_when_the_rest_is_gone),
		cmocka_unit_test(test_a_cron_job_is_paged_by_an_exit_code),
	};
	(void)argc;
	snprintf(program_dir, sizeof(program_dir), "%s", argv[0]);
	return cmocka_run_group_tests(tests, read_expected, NULL);
}
