/* The shop of fake_account.h behind fake_aws.c, for trying redtop by hand:
 *
 *	fake_cloudwatch [--throttle] [--skew 600] [--slow 300] ...
 *
 * It prints its port, says on stderr what to set and every call that comes,
 * and serves until it is killed. */
#include "tests/fault/fake_aws.c"
#include "tests/fault/fake_account.h"

#include <signal.h>
#include <unistd.h>

struct by_hand {
	struct cloud_knobs knobs;
	struct cloud_trouble trouble[CLOUD_TROUBLES];
	size_t nr;
	int more;
	bool empty, token, quiet;
};

#define TOKEN "FwoGZXIvYXdzEXAMPLE//TOKEN+=="

static void add_trouble(struct by_hand *h, const char *text)
{
	/* Kept for ever. */
	char *rest = NULL, *s = mem_strdup(text);
	struct cloud_trouble t = { .what = strtok_r(s, ":", &rest) };
	t.operation = strtok_r(NULL, ":", &rest);
	if (t.operation && strcmp(t.operation, "*") == 0)
		t.operation = NULL;
	const char *times = strtok_r(NULL, ":", &rest);
	const char *last = strtok_r(NULL, ":", &rest);
	t.times = times ? atoi(times) : 0;
	t.retry_after_ms = last ? atoi(last) : 0;
	if (!t.what || !cloud_is_trouble(t.what) || h->nr == CLOUD_TROUBLES) {
		fprintf(stderr, "no trouble '%s'\n", text);
		exit(64);
	}
	h->trouble[h->nr++] = t;
}

static void set_throttle(struct by_hand *h, const char *v)
{
	(void)v;
	add_trouble(h, "throttle");
}

static void set_skew(struct by_hand *h, const char *v)
{
	h->knobs.skew = atoi(v) * 1000;
}

static void set_slow(struct by_hand *h, const char *v)
{
	h->knobs.delay_ms = atoi(v);
}

static void set_page(struct by_hand *h, const char *v)
{
	h->knobs.page_points = h->knobs.page_metrics = (size_t)atoi(v);
}

static void set_lag(struct by_hand *h, const char *v)
{
	h->knobs.lag = atoi(v) * 1000;
}

static void set_settle(struct by_hand *h, const char *v)
{
	h->knobs.settle = atoi(v) * 1000;
	h->knobs.settling = 0.7;
}

static void set_more(struct by_hand *h, const char *v)
{
	h->more = atoi(v);
}

static void set_empty(struct by_hand *h, const char *v)
{
	(void)v;
	h->empty = true;
}

static void set_token(struct by_hand *h, const char *v)
{
	(void)v;
	h->token = true;
}

static void set_quiet(struct by_hand *h, const char *v)
{
	(void)v;
	h->quiet = true;
}

static void set_same_token(struct by_hand *h, const char *v)
{
	(void)v;
	h->knobs.same_token = true;
}

static const struct option {
	const char *name;
	void (*set)(struct by_hand *h, const char *v);
	const char *value, *help;
} options[] = {
	{ "--throttle", set_throttle, NULL, "every call" },
	{ "--trouble", add_trouble, "WHAT[:OPERATION|*[:TIMES[:RETRY_MS]]]",
	  "a word of struct cloud_trouble in fake_aws.h; repeatable" },
	{ "--skew", set_skew, "S", "its clock is so far ahead" },
	{ "--slow", set_slow, "MS", "before every answer" },
	{ "--page", set_page, "N", "points and metrics a page" },
	{ "--same-token", set_same_token, NULL, "pages never end" },
	{ "--lag", set_lag, "S", "younger minutes are not there" },
	{ "--settle", set_settle, "S", "younger minutes grow until then" },
	{ "--albs", set_more, "N", "more load balancers" },
	{ "--empty", set_empty, NULL, "an account of nothing" },
	{ "--token", set_token, NULL, "keys of a session" },
	{ "--quiet", set_quiet, NULL, "no word of calls" },
};

#define OPTIONS (sizeof(options) / sizeof(*options))

static int usage(void)
{
	for (size_t i = 0; i < OPTIONS; i++)
		fprintf(stderr, "%s %s: %s\n", options[i].name,
			options[i].value ? options[i].value : "",
			options[i].help);
	return 64;
}

static int read_options(struct by_hand *h, char **argv)
{
	for (; *argv; argv++) {
		size_t i = 0;
		while (i < OPTIONS && strcmp(options[i].name, *argv) != 0)
			i++;
		if (i == OPTIONS || (options[i].value && !argv[1]))
			return -1;
		options[i].set(h, argv[1]);
		argv += options[i].value != NULL;
	}
	return 0;
}

static void tell(const struct cloud_call *c, void *arg)
{
	(void)arg;
	fprintf(stderr, "%9.3f %-14s %-9s %s %3zu metrics, %zu bytes, %d%s%s\n",
		(double)(c->at_us % 1000000000) / 1e6,
		c->operation < CLOUD_OPERATIONS
		? cloud_operation_name(c->operation) : "?", c->region,
		c->id, c->metrics, c->sent, c->status, c->refused ? " " : "",
		c->refused ? c->refused : "");
}

int main(int argc, char **argv)
{
	struct by_hand h = { 0 };
	struct account a;
	(void)argc;
	if (read_options(&h, argv + 1) != 0)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	account_new(&a, (time_ms)time(NULL) * 1000, h.more);
	if (h.empty)
		a.cloud.nr = a.cloud.nr_alarms = 0;
	if (h.token)
		a.cloud.token = TOKEN;
	struct fake_aws *f = fake_aws_start(&a.cloud, 1);
	fake_aws_turn(f, &h.knobs);
	for (size_t i = 0; i < h.nr; i++)
		fake_aws_trouble(f, &h.trouble[i]);
	if (!h.quiet)
		fake_aws_listen(f, tell, NULL);
	printf("%s\n", strrchr(fake_aws_url(f), ':') + 1);
	fflush(stdout);
	fprintf(stderr, "export AWS_ENDPOINT_URL=%s AWS_REGION=%s "
		"AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s%s%s\n",
		fake_aws_url(f), ACCOUNT_REGION, ACCOUNT_ID, ACCOUNT_SECRET,
		h.token ? " AWS_SESSION_TOKEN=" : "", h.token ? TOKEN : "");
	for (;;)
		pause();
}
