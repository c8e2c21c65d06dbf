/* What changed, by way of a real Prometheus that holds two hours of a shop with
 * a planted incident: the command names the culprit first, tells when it began
 * and after what, and has nobody to blame for a quiet hour. */
#include "tests/real/lab.c"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define END ((time_ms)1762776000000) /* 2025-11-10T12:00:00Z */
#define SPAN ((time_ms)7200000)
#define STEP ((time_ms)15000)
#define ONSET (END - 1200000)
#define ROLLOUT (ONSET - 60000)
#define BORN (END - 86400000)
#define RATE 120.0      /* requests a second of the whole shop */
#define CALM 0.001      /* of the requests fail */
#define ILL 0.12
#define MEDIAN 0.06     /* seconds, log-normal */
#define SIGMA 0.5
#define SLOWER 6
#define INSTANCES 6
#define ZONES 3

/* ---- worlds -------------------------------------------------------------- */

/* A job of its own for each culprit; all are on one server. `slow`: the share
 * of what is newly slow that the culprit has at least. A version of a minute
 * has hardly a past, and the moment until its trouble is noticed is of it. */
static const struct world {
	const char *job, *label, *value;
	double slow;
} worlds[] = {
	{ "route", "route", "/pay", .9 },
	{ "instance", "instance", "10.0.0.4:80", .9 },
	{ "zone", "zone", "b", .9 },
	{ "version", "version", "v2", .8 },
	{ "method", "method", "POST", .9 },
	{ "quiet", NULL, NULL, 0 },
};

/* A name and its part of the requests. */
struct part {
	const char *name;
	double share;
};
static const struct part routes[] = {
	{ "/list", .5 }, { "/cart", .3 }, { "/pay", .2 },
};
static const struct part methods[] = { { "GET", .65 }, { "POST", .35 } };
static const double bounds[] = { .1, .5, 2.5, INFINITY };
static const char *const bound_names[] = { "0.1", "0.5", "2.5", "+Inf" };

#define ROUTES COUNT(routes)
#define METHODS COUNT(methods)
#define BOUNDS COUNT(bounds)

/* What one process counts of one route and method. */
struct cell {
	long ok, failed, within[BOUNDS];
	double sum;
};

struct process {
	char instance[20], zone[2];
	const char *version;
	time_ms started;
	struct cell cell[ROUTES][METHODS];
};

/* ---- chance -------------------------------------------------------------- */

static uint64_t dice;

static double chance(void) /* splitmix64, in (0, 1) */
{
	uint64_t z = (dice += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return ((double)((z ^ (z >> 31)) >> 11) + .5) / 9007199254740992.0;
}

static int arrivals(double expected)
{
	double least = exp(-expected), p = chance();
	int n = 0;
	for (; p > least; n++)
		p *= chance();
	return n;
}

static double duration(double median)
{
	double normal = sqrt(-2 * log(chance())) * cos(2 * M_PI * chance());
	return median * exp(SIGMA * normal);
}

/* ---- the shop ------------------------------------------------------------ */

static bool is_culprit(const struct world *w, const struct process *p,
		       const char *route, const char *method)
{
	struct { const char *label, *value; } has[] = {
		{ "route", route }, { "instance", p->instance },
		{ "zone", p->zone }, { "version", p->version },
		{ "method", method },
	};
	for (size_t i = 0; w->label && i < COUNT(has); i++)
		if (strcmp(has[i].label, w->label) == 0)
			return strcmp(has[i].value, w->value) == 0;
	return false;
}

static void serve(struct cell *c, bool ill)
{
	double took = duration(ill ? MEDIAN * SLOWER : MEDIAN);
	if (chance() < (ill ? ILL : CALM))
		c->failed++;
	else
		c->ok++;
	for (size_t i = 0; i < BOUNDS; i++)
		c->within[i] += took <= bounds[i];
	c->sum += took;
}

/* What came to one route and method in the step that ends now. */
static void work(const struct process *p, struct cell *c, double expected,
		 time_ms now, bool culprit)
{
	for (int n = arrivals(expected); n > 0; n--) {
		time_ms at = now - (time_ms)((double)STEP * chance());
		if (at >= p->started)
			serve(c, culprit && at >= ONSET);
	}
}

static void work_all(const struct world *w, struct process *p, time_ms now)
{
	double all = RATE / INSTANCES * (double)STEP / 1000;
	for (size_t r = 0; r < ROUTES; r++)
		for (size_t m = 0; m < METHODS; m++)
			work(p, &p->cell[r][m],
			     all * routes[r].share * methods[m].share, now,
			     is_culprit(w, p, routes[r].name, methods[m].name));
}

/* The second half has v2: where the version is the culprit it comes late, by a
 * restart, else it was always there. */
static void roll_out(const struct world *w, struct process *p, size_t i,
		     time_ms now)
{
	bool late = w->label && strcmp(w->label, "version") == 0;
	bool second = i >= INSTANCES / 2;
	bool new = second && (!late || now >= ROLLOUT);
	const char *version = new ? "v2" : "v1";
	if (p->version && strcmp(p->version, version) == 0)
		return;
	*p = (struct process){ .version = version,
			       .started = new && late ? ROLLOUT : BORN };
	snprintf(p->instance, sizeof(p->instance), "10.0.0.%zu:80", i + 1);
	snprintf(p->zone, sizeof(p->zone), "%c", (char)('a' + i % ZONES));
}

/* ---- what is scraped ----------------------------------------------------- */

static void write_cell(FILE *f, const struct cell *c, const char *labels,
		       const char *at)
{
	fprintf(f, "http_requests_total{%s,code=\"200\"} %ld %s\n", labels,
		c->ok, at);
	if (c->failed)
		fprintf(f, "http_requests_total{%s,code=\"500\"} %ld %s\n",
			labels, c->failed, at);
	for (size_t i = 0; i < BOUNDS; i++)
		fprintf(f, "http_request_duration_seconds_bucket{%s,le=\"%s\"} "
			"%ld %s\n", labels, bound_names[i], c->within[i], at);
	fprintf(f, "http_request_duration_seconds_sum{%s} %.6f %s\n"
		"http_request_duration_seconds_count{%s} %ld %s\n",
		labels, c->sum, at, labels, c->within[BOUNDS - 1], at);
}

static void scrape(FILE *f, const struct world *w, const struct process *p,
		   time_ms now)
{
	char own[100], labels[300], at[TIME_TEXT];
	snprintf(at, sizeof(at), "%lld.%03lld", (long long)now / 1000,
		 (long long)now % 1000);
	snprintf(own, sizeof(own), "job=\"%.20s\",instance=\"%.20s\"", w->job,
		 p->instance);
	fprintf(f, "up{%s} 1 %s\nshop_build_info{%s,version=\"%s\"} 1 %s\n"
		"process_start_time_seconds{%s} %lld %s\n", own, at, own,
		p->version, at, own, (long long)p->started / 1000, at);
	for (size_t r = 0; r < ROUTES; r++)
		for (size_t m = 0; m < METHODS; m++) {
			snprintf(labels, sizeof(labels), "%s,zone=\"%s\","
				 "version=\"%s\",route=\"%s\",method=\"%s\"",
				 own, p->zone, p->version, routes[r].name,
				 methods[m].name);
			write_cell(f, &p->cell[r][m], labels, at);
		}
}

/* Each instance is scraped at a moment of its own, as Prometheus does. */
static void write_world(FILE *f, const struct world *w)
{
	struct process shop[INSTANCES] = { 0 };
	for (time_ms t = END - SPAN; t < END; t += STEP)
		for (size_t i = 0; i < INSTANCES; i++) {
			time_ms now = t + (time_ms)i * 2301;
			roll_out(w, &shop[i], i, now);
			work_all(w, &shop[i], now);
			scrape(f, w, &shop[i], now);
		}
}

static const char types[] =
	"# TYPE http_requests counter\n"
	"# TYPE http_request_duration_seconds histogram\n"
	"# TYPE up gauge\n# TYPE shop_build_info gauge\n"
	"# TYPE process_start_time_seconds gauge\n";

/* ---- the server and the command ------------------------------------------ */

static struct past past;

static int start(void **state)
{
	char text[100];
	(void)state;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	past_init(&past);
	snprintf(text, sizeof(text), "%s/data.om", past.dir);
	FILE *f = fopen(text, "w");
	assert_non_null(f);
	fputs(types, f);
	for (size_t i = 0; i < COUNT(worlds); i++) {
		dice = 20251110 + i;
		write_world(f, &worlds[i]);
	}
	fputs("# EOF\n", f);
	assert_int_equal(fclose(f), 0);
	past_serve(&past, text);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (*past.dir)
		past_stop(&past);
	return 0;
}

/* `changed` of a snapshot, with its tree in `tree`, which the caller frees. */
static const cJSON *ask_changed(const char *job, cJSON **tree)
{
	char command[400], piece[4096];
	const char *redtop = getenv("REDTOP");
	struct buf out;
	size_t n;
	snprintf(command, sizeof(command), "%s snapshot %s --at @%lld --page "
		 "changed --service %s --format json",
		 redtop ? redtop : "./redtop", past.url, (long long)END / 1000,
		 job);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	buf_init(&out, 0);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&out, piece, n);
	assert_int_equal(pclose(f), 0);
	*tree = cJSON_Parse(buf_text(&out));
	buf_release(&out);
	const cJSON *changed = cJSON_GetObjectItem(*tree, "changed");
	assert_true(cJSON_IsObject(changed));
	assert_string_equal(cJSON_GetStringValue(
		cJSON_GetObjectItem(changed, "service")), job);
	assert_true(cJSON_IsNull(cJSON_GetObjectItem(changed, "fault")));
	return changed;
}

static const char *text_of(const cJSON *o, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(o, name));
	return s ? s : "";
}

static double number_of(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItem(o, name);
	return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}

static time_ms time_of(const cJSON *o, const char *span, const char *name)
{
	time_ms t = TIME_NONE;
	struct err e;
	const char *s = text_of(cJSON_GetObjectItem(o, span), name);
	assert_int_equal(time_parse(s, END, &t, &e), 0);
	return t;
}

/* The first event of the kind, or NULL. */
static const cJSON *event_of(const cJSON *changed, const char *kind)
{
	const cJSON *e;
	cJSON_ArrayForEach(e, cJSON_GetObjectItem(changed, "events"))
		if (strcmp(text_of(e, "kind"), kind) == 0)
			return e;
	return NULL;
}

static const struct world *world_of(const char *job)
{
	for (size_t i = 0; i < COUNT(worlds); i++)
		if (strcmp(worlds[i].job, job) == 0)
			return &worlds[i];
	fail_msg("no world %s", job);
	return NULL;
}

static void show(const char *job, const cJSON *row)
{
	print_message("%s: %s=%s has %g of the errors, %g of the slow\n", job,
		      text_of(row, "label"), text_of(row, "value"),
		      number_of(row, "share_of_new_errors"),
		      number_of(row, "share_of_new_slow"));
}

/* ---- tests --------------------------------------------------------------- */

static void check_culprit(const char *job)
{
	const struct world *w = world_of(job);
	cJSON *tree;
	const cJSON *c = ask_changed(job, &tree);
	const cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItem(c, "rows"),
					      0);
	double errors = number_of(row, "share_of_new_errors");
	show(job, row);
	assert_string_equal(text_of(row, "label"), w->label);
	assert_string_equal(text_of(row, "value"), w->value);
	assert_true(errors >= .9 && errors <= 1.1);
	assert_true(number_of(row, "share_of_new_slow") > w->slow);
	assert_true(number_of(row, "errors_before") < ILL / 6);
	assert_true(fabs(number_of(row, "errors_during") - ILL) < .01);
	cJSON_Delete(tree);
}

static void a_route_that_fails_is_not_named(void **state)
{
	(void)state;
	check_culprit("route");
}

static void somebody_innocent_is_blamed_on_a_real_server(void **state)
{
	(void)state;
	check_culprit("instance");
	check_culprit("zone");
	check_culprit("method");
}

static void a_bad_deploy_is_not_named(void **state)
{
	cJSON *tree;
	(void)state;
	check_culprit("version");
	const cJSON *c = ask_changed("version", &tree);
	const cJSON *deploy = event_of(c, "deploy");
	const cJSON *restart = event_of(c, "restart");
	assert_string_equal(text_of(deploy, "text"), "deploy v1 → v2");
	assert_string_equal(text_of(restart, "text"),
			    "3 of 6 instances restarted");
	assert_string_equal(text_of(restart, "at"), "2025-11-10T11:39:00Z");
	print_message("%s\n", text_of(c, "text"));
	assert_non_null(strstr(text_of(c, "text"), "after deploy v1 → v2"));
	assert_non_null(strstr(text_of(c, "text"), "version=v2 has "));
	cJSON_Delete(tree);
}

/* Two versions side by side, as for a day. */
static void a_deploy_is_made_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++) {
		cJSON *tree;
		const cJSON *c = ask_changed(worlds[i].job, &tree);
		bool any = strcmp(worlds[i].job, "version") == 0;
		assert_true(any == (event_of(c, "deploy") != NULL));
		assert_true(any == (event_of(c, "restart") != NULL));
		cJSON_Delete(tree);
	}
}

static void the_trouble_is_said_to_begin_at_another_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++) {
		cJSON *tree;
		const cJSON *c = ask_changed(worlds[i].job, &tree);
		time_ms from = time_of(c, "during", "from");
		assert_true(time_of(c, "during", "to") == END);
		if (worlds[i].label) {
			print_message("%s: %lld s after it\n", worlds[i].job,
				      (long long)(from - ONSET) / 1000);
			assert_true(llabs(from - ONSET) <= 30000);
			assert_true(time_of(c, "before", "to") <= from);
		}
		cJSON_Delete(tree);
	}
}

static void a_quiet_hour_has_a_culprit(void **state)
{
	cJSON *tree;
	(void)state;
	const cJSON *c = ask_changed("quiet", &tree);
	const cJSON *rows = cJSON_GetObjectItem(c, "rows");
	assert_true(cJSON_IsArray(rows));
	assert_int_equal(cJSON_GetArraySize(rows), 0);
	assert_string_equal(text_of(c, "text"), "");
	cJSON_Delete(tree);
}

static void a_comparison_costs_more_than_promised(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(worlds); i++) {
		cJSON *tree;
		const cJSON *c = ask_changed(worlds[i].job, &tree);
		double queries = number_of(c, "queries");
		assert_true(queries > 0 && queries <= 12);
		cJSON_Delete(tree);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_that_fails_is_not_named),
		cmocka_unit_test(somebody_innocent_is_blamed_on_a_real_server),
		cmocka_unit_test(a_bad_deploy_is_not_named),
		cmocka_unit_test(a_deploy_is_made_up),
		cmocka_unit_test(the_trouble_is_said_to_begin_at_another_time),
		cmocka_unit_test(a_quiet_hour_has_a_culprit),
		cmocka_unit_test(a_comparison_costs_more_than_promised),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
