/* The chain is a table whose rows are providers. The first that is set up is
 * asked, and what it says, counts: it is not passed over when it fails. */
#include "sources/aws_creds.h"

#include "base/mem.h"
#include "base/text.h"
#include "sources/aws_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define RENEW ((time_ms)900000)    /* so long before their end */
#define RENEW_AGAIN ((time_ms)60000)
/* Keys that end sooner are not given out while others are being fetched. */
#define HURRY ((time_ms)30000)
/* Keys of an instance whose metadata is down: so much longer, and up to eight
 * minutes more, so that not all instances ask at once. */
#define EXTEND ((time_ms)1020000)
#define EXTEND_SPREAD 480000
/* Whoever was given keys may use them so long after others took their place.
 * (us) */
#define KEEP_US (INT64_C(3600) * 1000000)

#define PROVIDER 80
#define ROWS_MAX 12

/* Keys that were given out. */
struct held {
	struct aws_grant grant;
	char provider[PROVIDER], identity[AWS_IDENTITY];
	bool instance;           /* static stability is for these */
	bool fixed;              /* only a changed file brings others */
	time_ms asked;
	int64_t replaced_us;
	struct held *next;       /* an older one */
};

struct aws_creds {
	struct aws_ask ask;
	struct aws_settings *own; /* read anew, in place of the asker's; NULL */
	struct held *held;       /* newest first; or NULL */
	bool refused;            /* the newest was, by the service */
	char refused_id[65];     /* hash of its key id */
	time_ms renew_at;        /* not before */

	bool busy;               /* providers are being asked */
	size_t row;
	int found;               /* of aws_chain_find() */
	struct err chain_why;
	size_t nr_steps;
	struct aws_creds_step step[ROWS_MAX];
	char why[ROWS_MAX][LIMIT_SENTENCE + 1];
	char profile[PROVIDER];  /* "profile:NAME", clean */
	enum fault fault;        /* of the last asking, with its sentence */
	struct err failed;

	bool waiting, cancelled; /* somebody waits for an answer */
	time_ms timeout;
	void (*done)(const struct aws_creds_answer *a, void *arg);
	void *arg;
	uv_timer_t soon, deadline;
	struct aws_creds_answer answer;

	unsigned open;           /* handles, when closing */
	void (*closed)(void *arg);
	void *closed_arg;
};

static time_ms system_wall(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (time_ms)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the chain ---------------------------------------------------------- */

static bool asks_env(const struct aws_creds *c)
{
	return !c->ask.settings->profile_asked
	       && aws_env(c->ask.settings, "AWS_ACCESS_KEY_ID");
}

/* Also where what is wrong comes before any base. */
static bool asks_role(const struct aws_creds *c)
{
	return c->ask.chain.nr_roles > 0
	       || (c->found < 0 && c->ask.chain.base == AWS_BASE_NONE);
}

static bool asks_web_env(const struct aws_creds *c)
{
	return !c->ask.settings->profile_asked
	       && aws_env(c->ask.settings, "AWS_WEB_IDENTITY_TOKEN_FILE");
}

static bool asks_web(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_WEB;
}

static bool asks_sso(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_SSO;
}

static bool asks_credentials(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_KEYS && !c->ask.chain.in_config;
}

static bool asks_login(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_LOGIN;
}

static bool asks_process(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_PROCESS;
}

static bool asks_config(const struct aws_creds *c)
{
	return c->ask.chain.base == AWS_BASE_KEYS && c->ask.chain.in_config;
}

static bool asks_container(const struct aws_creds *c)
{
	struct buf url;
	buf_init(&url, 0);
	int rc = aws_container_url(c->ask.settings, &url, NULL);
	buf_release(&url);
	return rc <= 0;
}

static bool asks_imds(const struct aws_creds *c)
{
	(void)c;
	return true;
}

/* What the environment says of a role counts more than a profile. */
static void ask_web_env(struct aws_ask *a)
{
	const struct aws_settings *s = a->settings;
	a->chain.web = (struct aws_web){
		.role_arn = aws_env(s, "AWS_ROLE_ARN"),
		.token_file = aws_env(s, "AWS_WEB_IDENTITY_TOKEN_FILE"),
		.session_name = aws_env(s, "AWS_ROLE_SESSION_NAME"),
	};
	if (a->chain.web.role_arn)
		aws_web_ask(a);
	else
		aws_ask_failed(a, EXIT_REFUSED, "AWS_WEB_IDENTITY_TOKEN_FILE "
			       "is set, but AWS_ROLE_ARN is not; set both, or "
			       "neither");
}

static void ask_base(struct aws_ask *a)
{
	static void (*const bases[])(struct aws_ask *a) = {
		[AWS_BASE_ENV] = aws_env_ask,
		[AWS_BASE_CONTAINER] = aws_container_ask,
		[AWS_BASE_IMDS] = aws_imds_ask,
		[AWS_BASE_WEB] = aws_web_ask,
		[AWS_BASE_SSO] = aws_sso_ask,
		[AWS_BASE_KEYS] = aws_keys_ask,
		[AWS_BASE_PROCESS] = aws_process_ask,
	};
	bases[a->chain.base](a);
}

enum of { OF_OUTSIDE, OF_CHAIN, OF_INSTANCE };

static const struct row {
	const char *name;        /* NULL: profile:NAME */
	enum of of;
	bool fixed;
	const char *otherwise;   /* why it is passed over */
	bool (*asks)(const struct aws_creds *c);
	void (*ask)(struct aws_ask *a);
} rows[] = {
	{ "env", OF_OUTSIDE, true, "AWS_ACCESS_KEY_ID is not set",
	  asks_env, aws_env_ask },
	{ "assume-role", OF_CHAIN, false, "the profile has no role_arn",
	  asks_role, ask_base },
	{ "web-identity", OF_OUTSIDE, false,
	  "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
	  asks_web_env, ask_web_env },
	{ "web-identity", OF_CHAIN, false,
	  "the profile has no web_identity_token_file", asks_web, ask_base },
	{ "sso", OF_CHAIN, false,
	  "the profile has no sso_session and no sso_account_id",
	  asks_sso, ask_base },
	{ NULL, OF_CHAIN, true, "no keys in the credentials file",
	  asks_credentials, ask_base },
	{ "login", OF_CHAIN, false, "the profile has no login_session",
	  asks_login, ask_base },
	{ "process", OF_CHAIN, false, "the profile has no credential_process",
	  asks_process, ask_base },
	{ NULL, OF_CHAIN, true, "no keys in the config file",
	  asks_config, ask_base },
	{ "container", OF_OUTSIDE, false,
	  "AWS_CONTAINER_CREDENTIALS_FULL_URI and _RELATIVE_URI are not set",
	  asks_container, aws_container_ask },
	{ "imds", OF_INSTANCE, false, "", asks_imds, aws_imds_ask },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= ROWS_MAX, "a step for each row");

static const char *provider_of(const struct aws_creds *c, size_t row)
{
	return rows[row].name ? rows[row].name : c->profile;
}

/* ---- steps -------------------------------------------------------------- */

static void note(struct aws_creds *c, size_t row, const char *why)
{
	struct buf clean;
	buf_init(&clean, LIMIT_SENTENCE);
	text_clean(&clean, why, strlen(why));
	strcpy(c->why[row], buf_text(&clean));
	buf_release(&clean);
}

static void reset_steps(struct aws_creds *c)
{
	for (size_t i = 0; i < ROWS; i++) {
		c->step[i] = (struct aws_creds_step){
			.provider = provider_of(c, i), .why = c->why[i] };
		note(c, i, "not asked");
	}
	c->nr_steps = ROWS;
}

size_t aws_creds_steps(const struct aws_creds *c,
		       const struct aws_creds_step **out)
{
	*out = c->step;
	return c->nr_steps;
}

/* ---- what is held ------------------------------------------------------- */

static void free_held(struct held *h)
{
	aws_grant_release(&h->grant);
	free(h);
}

static void drop_old(struct aws_creds *c, int64_t now_us)
{
	struct held **at = c->held ? &c->held->next : &c->held;
	while (*at) {
		struct held *h = *at;
		if (now_us - h->replaced_us < KEEP_US) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		free_held(h);
	}
}

static bool is_usable(const struct aws_creds *c)
{
	const struct held *h = c->held;
	return h && !c->refused
	       && (h->grant.expires == TIME_NONE
		   || h->grant.expires > aws_ask_now(&c->ask));
}

static bool is_due(const struct aws_creds *c)
{
	time_ms now = aws_ask_now(&c->ask), end = c->held->grant.expires;
	return end != TIME_NONE && end - now < RENEW && now >= c->renew_at;
}

static bool is_ending(const struct aws_creds *c)
{
	time_ms end = c->held->grant.expires;
	return end != TIME_NONE && end - aws_ask_now(&c->ask) < HURRY;
}

/* As the SDKs do it: an instance whose metadata is down goes on with what it
 * has, for the service may know the keys still. */
static time_ms extended(const struct aws_creds *c)
{
	return aws_ask_now(&c->ask) + EXTEND
	       + (time_ms)(uv_hrtime() % EXTEND_SPREAD);
}

static void hold(struct aws_creds *c)
{
	struct aws_ask *a = &c->ask;
	struct held *h = mem_zero(1, sizeof(*h));
	int64_t now_us = (int64_t)(uv_hrtime() / 1000);
	aws_grant_init(&h->grant);
	aws_grant_move(&h->grant, &a->grant);
	snprintf(h->provider, sizeof(h->provider), "%s",
		 provider_of(c, c->row));
	strcpy(h->identity, a->identity);
	h->instance = rows[c->row].of == OF_INSTANCE;
	h->fixed = rows[c->row].fixed;
	h->asked = aws_ask_now(a);
	if (c->held)
		c->held->replaced_us = now_us;
	h->next = c->held;
	c->held = h;
	c->refused = false;
	drop_old(c, now_us);
}

/* ---- answers ------------------------------------------------------------ */

static void answer(struct aws_creds *c)
{
	c->waiting = c->cancelled = false;
	if (!c->busy)
		uv_timer_stop(&c->deadline);
	c->done(&c->answer, c->arg);
}

static void answer_keys(struct aws_creds *c)
{
	const struct held *h = c->held;
	c->answer = (struct aws_creds_answer){
		.keys = aws_grant_keys(&h->grant),
		.expires = h->grant.expires,
		.provider = h->provider, .identity = h->identity,
		.region = c->ask.settings->region || !c->ask.region[0] ? NULL
			  : c->ask.region,
	};
	answer(c);
}

static void answer_fault(struct aws_creds *c, enum fault fault,
			 const struct err *e)
{
	struct buf text;
	c->answer = (struct aws_creds_answer){
		.fault = fault, .code = e->code, .expires = TIME_NONE };
	buf_init(&text, LIMIT_SENTENCE);
	text_clean(&text, e->text, strlen(e->text));
	strcpy(c->answer.text, buf_text(&text));
	buf_release(&text);
	answer(c);
}

/* ---- asking ------------------------------------------------------------- */

/* The asking is over; whoever waits hears of it. */
static void conclude(struct aws_creds *c)
{
	struct held *h = c->held;
	c->busy = false;
	c->renew_at = aws_ask_now(&c->ask) + RENEW_AGAIN;
	uv_timer_stop(&c->deadline);
	if (c->fault && h && h->instance && !c->refused && !is_usable(c))
		h->grant.expires = extended(c);
	if (!c->waiting)
		return;
	if (is_usable(c))
		answer_keys(c);
	else
		answer_fault(c, c->fault, &c->failed);
}

static void fail(struct aws_creds *c, enum fault fault, const struct err *e)
{
	if (c->row < ROWS) {
		note(c, c->row, e->text);
		c->step[c->row].failed = true;
	}
	c->fault = fault;
	c->failed = *e;
	aws_ask_stop(&c->ask);
	conclude(c);
}

static void win(struct aws_creds *c)
{
	char why[AWS_WHY + 8];
	snprintf(why, sizeof(why), "won%s%s", c->ask.note[0] ? "; " : "",
		 c->ask.note);
	note(c, c->row, why);
	c->step[c->row].won = true;
	c->fault = FAULT_NONE;
	hold(c);
	conclude(c);
}

static void find_none(struct aws_creds *c)
{
	const struct aws_settings *s = c->ask.settings;
	struct err e;
	err_set(&e, EXIT_REFUSED, "no AWS credentials found: nothing in %s"
		"profile '%.40s' or of a container, and %.80s; run aws "
		"configure or aws sso login, name a profile (--profile), or "
		"give the instance a role", s->profile_asked ? ""
		: "the environment, ", s->profile, c->why[ROWS - 1]);
	c->row = ROWS;
	c->fault = FAULT_AUTH;
	c->failed = e;
	conclude(c);
}

/* Keys that are over when they come are none, but an instance's may live. */
static bool is_over(struct aws_creds *c)
{
	struct aws_grant *g = &c->ask.grant;
	if (g->expires == TIME_NONE || g->expires > aws_ask_now(&c->ask))
		return false;
	if (!c->ask.imds.role[0] || c->ask.nr_assumed)
		return true;
	g->expires = extended(c);
	return false;
}

static void fail_over(struct aws_creds *c)
{
	char iso[TIME_TEXT];
	struct err e;
	err_set(&e, EXIT_REFUSED, "the keys of %.60s have expired (%s) and no "
		"others came; renew them, and check this machine's clock",
		provider_of(c, c->row), time_iso(c->ask.grant.expires, iso));
	fail(c, FAULT_AUTH, &e);
}

static void next_row(struct aws_creds *c)
{
	for (; c->row < ROWS; c->row++) {
		const struct row *row = &rows[c->row];
		if (!row->asks(c)) {
			note(c, c->row, row->otherwise);
			continue;
		}
		if (row->of == OF_CHAIN && c->found < 0)
			fail(c, FAULT_AUTH, &c->chain_why);
		else
			row->ask(&c->ask);
		return;
	}
	find_none(c);
}

static bool has_roles_left(const struct aws_creds *c)
{
	return rows[c->row].of == OF_CHAIN
	       && c->ask.nr_assumed < c->ask.chain.nr_roles;
}

/* What a role stands upon is not there. */
static void fail_base(struct aws_creds *c)
{
	struct err e;
	err_set(&e, EXIT_REFUSED, "no keys for role %.100s: %.100s; run this "
		"on an instance with a role, or change credential_source",
		c->ask.chain.role[0].arn, c->ask.why.text);
	fail(c, FAULT_AUTH, &e);
}

static void on_end(struct aws_ask *a, enum aws_end end)
{
	struct aws_creds *c = (struct aws_creds *)a; /* its first member */
	if (end == AWS_FAILED) {
		struct err e = a->why;
		fail(c, FAULT_AUTH, &e);
	} else if (end == AWS_ABSENT && rows[c->row].of == OF_CHAIN) {
		fail_base(c);
	} else if (end == AWS_ABSENT) {
		note(c, c->row++, a->why.text);
		next_row(c);
	} else if (is_over(c)) {
		fail_over(c);
	} else if (has_roles_left(c)) {
		aws_role_ask(a);
	} else {
		win(c);
	}
}

static void on_region(struct aws_ask *a)
{
	struct aws_creds *c = (struct aws_creds *)a;
	c->row = 0;
	next_row(c);
}

/* STS wants to know the region, so it comes first. */
static void begin(struct aws_creds *c)
{
	const struct aws_settings *s = c->ask.settings;
	c->busy = true;
	c->row = 0;
	c->fault = FAULT_NONE;
	aws_ask_begin(&c->ask, c->timeout);
	c->found = aws_chain_find(&s->files, s->credentials_path, s->profile,
				  &c->ask.chain, &c->chain_why);
	reset_steps(c);
	if (s->region || c->ask.region[0]) {
		next_row(c);
		return;
	}
	c->row = ROWS - 1;
	aws_imds_region(&c->ask, on_region);
}

static void on_deadline(uv_timer_t *timer)
{
	struct aws_creds *c = timer->data;
	char span[TIME_TEXT];
	struct err e;
	err_set(&e, EXIT_REFUSED, "no AWS credentials within %s: %.60s is too "
		"slow; redtop doctor says what was asked, --timeout gives it "
		"longer", time_within(c->timeout, span),
		provider_of(c, c->row < ROWS ? c->row : ROWS - 1));
	fail(c, FAULT_TIMEOUT, &e);
}

static void start_deadline(struct aws_creds *c)
{
	c->ask.until_us = (int64_t)(uv_hrtime() / 1000) + c->timeout * 1000;
	uv_timer_start(&c->deadline, on_deadline, (uint64_t)c->timeout, 0);
}

static void serve(uv_timer_t *timer)
{
	static const struct err cancelled = { EXIT_REFUSED, "cancelled" };
	struct aws_creds *c = timer->data;
	if (!c->waiting)
		return;
	if (c->cancelled) {
		answer_fault(c, FAULT_CANCELLED, &cancelled);
		return;
	}
	if (is_usable(c) && !is_due(c)) {
		answer_keys(c);
		return;
	}
	if (!c->busy)
		begin(c);
	if (c->waiting && is_usable(c) && !is_ending(c))
		answer_keys(c);
}

/* ---- the whole ---------------------------------------------------------- */

static void name_profile(struct aws_creds *c)
{
	struct buf clean;
	buf_init(&clean, sizeof(c->profile) - 1);
	buf_str(&clean, "profile:");
	text_clean(&clean, c->ask.settings->profile,
		   strlen(c->ask.settings->profile));
	strcpy(c->profile, clean.s);
	buf_release(&clean);
}

struct aws_creds *aws_creds_new(const struct aws_creds_options *o)
{
	struct aws_creds *c = mem_zero(1, sizeof(*c));
	aws_ask_init(&c->ask, o->loop, o->settings, o->http,
		     o->wall ? o->wall : system_wall);
	c->ask.done = on_end;
	c->renew_at = TIME_NONE;
	uv_timer_init(o->loop, &c->soon);
	uv_timer_init(o->loop, &c->deadline);
	c->soon.data = c->deadline.data = c;
	name_profile(c);
	return c;
}

void aws_creds_get(struct aws_creds *c, time_ms timeout,
		   void (*done)(const struct aws_creds_answer *a, void *arg),
		   void *arg)
{
	c->waiting = true;
	c->cancelled = false;
	c->timeout = timeout > 0 ? timeout : 1;
	c->done = done;
	c->arg = arg;
	start_deadline(c);
	uv_timer_start(&c->soon, serve, 0, 0);
}

void aws_creds_cancel(struct aws_creds *c)
{
	if (!c->waiting)
		return;
	aws_ask_stop(&c->ask);
	c->busy = false;
	c->cancelled = true;
	uv_timer_stop(&c->deadline);
	uv_timer_start(&c->soon, serve, 0, 0);
}

void aws_creds_skew(struct aws_creds *c, time_ms skew)
{
	c->ask.skew = skew;
}

/* ---- refused keys ------------------------------------------------------- */

static bool same_keys(const struct aws_keys *a, const struct aws_keys *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->secret, b->secret) == 0
	       && strcmp(a->token ? a->token : "", b->token ? b->token : "")
		  == 0;
}

static bool says_the_same(const struct aws_creds *c,
			  const struct aws_settings *s)
{
	struct aws_keys k = aws_grant_keys(&c->held->grant);
	struct aws_chain chain;
	struct err e;
	return aws_chain_find(&s->files, s->credentials_path, s->profile,
			      &chain, &e) == 0
	       && chain.base == AWS_BASE_KEYS && !chain.nr_roles
	       && same_keys(&chain.keys, &k);
}

/* Reads the files anew; false: they cannot be read, or hold the same keys. */
static bool read_again(struct aws_creds *c)
{
	const struct aws_settings *old = c->ask.settings;
	struct aws_settings *s = mem_zero(1, sizeof(*s));
	struct err e;
	if (aws_settings_load(s, old->outside, old->profile_asked
			      ? old->profile : NULL, old->region, &e) < 0) {
		free(s);
		return false;
	}
	if (c->held->fixed && says_the_same(c, s)) {
		aws_settings_release(s);
		free(s);
		return false;
	}
	c->ask.settings = s;
	if (c->own)
		aws_settings_release(c->own);
	free(c->own);
	c->own = s;
	return true;
}

bool aws_creds_refused(struct aws_creds *c)
{
	const struct held *h = c->held;
	char id[65];
	if (!h || strcmp(h->provider, "env") == 0)
		return false;
	if (c->refused)
		return true;
	aws_hash(buf_text(&h->grant.id), id);
	bool same = strcmp(id, c->refused_id) == 0;
	/* The provider gave again what was refused: not at every request. */
	if (same && !h->fixed
	    && aws_ask_now(&c->ask) - h->asked < RENEW_AGAIN)
		return false;
	bool changed = !c->busy && read_again(c);
	if (h->fixed && !changed)
		return false;
	strcpy(c->refused_id, id);
	c->refused = true;
	return true;
}

/* ---- the end ------------------------------------------------------------ */

static void on_gone(struct aws_creds *c)
{
	static const struct err cancelled = { EXIT_REFUSED, "cancelled" };
	if (--c->open)
		return;
	if (c->waiting)
		answer_fault(c, FAULT_CANCELLED, &cancelled);
	while (c->held) {
		struct held *next = c->held->next;
		free_held(c->held);
		c->held = next;
	}
	if (c->own)
		aws_settings_release(c->own);
	free(c->own);
	void (*closed)(void *) = c->closed;
	void *arg = c->closed_arg;
	free(c);
	closed(arg);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_gone(handle->data);
}

static void on_ask_closed(void *arg)
{
	on_gone(arg);
}

void aws_creds_close(struct aws_creds *c, void (*closed)(void *arg), void *arg)
{
	c->closed = closed;
	c->closed_arg = arg;
	c->open = 3;
	c->busy = false;
	aws_ask_close(&c->ask, on_ask_closed, c);
	uv_close((uv_handle_t *)&c->soon, on_timer_closed);
	uv_close((uv_handle_t *)&c->deadline, on_timer_closed);
}
