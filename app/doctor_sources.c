/* Each source asked once, all side by side, by the way that every command
 * asks; the name of each host is looked up beside it. */
#include "app/doctor.h"

#include "app/commands.h"
#include "app/proxy.h"
#include "app/session.h"
#include "app/system.h"
#include "base/mem.h"
#include "model/store.h"
#include "sources/http.h"

#include <arpa/inet.h>
#include <math.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A poll ends a little before the command, so that its own sentence is
 * heard. */
#define RESERVE ((time_ms)150)

struct ward;

struct patient {
	struct ward *ward;
	struct options o;       /* with the one source */
	struct session *session;
	struct store *store;
	uv_getaddrinfo_t name;
	bool naming, named;
	int name_status;
	char address[INET6_ADDRSTRLEN];
	uint64_t asked_us;
	double name_ms;
	struct err error;       /* it could not be opened */
};

struct ward {
	uv_loop_t loop;
	uv_timer_t timer;
	struct patient patient[SOURCES_MAX];
	size_t nr;
	time_ms end;            /* monotonic */
	bool late;
};

static bool is_url(const char *s)
{
	return strncmp(s, "http://", 7) == 0 || strncmp(s, "https://", 8) == 0;
}

static void stop_when_done(struct ward *w)
{
	for (size_t i = 0; i < w->nr; i++) {
		const struct patient *p = &w->patient[i];
		if (p->naming || (p->session && session_busy(p->session)))
			return;
	}
	uv_stop(&w->loop);
}

/* ---- names -------------------- */

static void on_name(uv_getaddrinfo_t *req, int status, struct addrinfo *ai)
{
	struct patient *p = req->data;
	p->naming = false;
	p->named = true;
	p->name_status = status;
	p->name_ms = (double)(uv_hrtime() / 1000 - p->asked_us) / 1000;
	if (status == 0 && ai)
		getnameinfo(ai->ai_addr, ai->ai_addrlen, p->address,
			    sizeof(p->address), NULL, 0, NI_NUMERICHOST);
	uv_freeaddrinfo(ai);
	stop_when_done(p->ward);
}

/* An address in brackets, and an address's zone, are not names. */
static void look_up(struct patient *p, const char *host)
{
	static const struct addrinfo any = { .ai_socktype = SOCK_STREAM };
	char name[256];
	snprintf(name, sizeof(name), "%s", host + (*host == '['));
	name[strcspn(name, "]")] = '\0';
	p->name.data = p;
	p->asked_us = uv_hrtime() / 1000;
	p->naming = uv_getaddrinfo(&p->ward->loop, &p->name, on_name, name,
				   NULL, &any) == 0;
}

/* ---- questions -------------------- */

static void on_batch(const struct batch *b, void *arg)
{
	struct patient *p = arg;
	store_apply(p->store, b);
}

static void on_polled(struct source *src, void *arg)
{
	struct patient *p = arg;
	(void)src;
	stop_when_done(p->ward);
}

/* Rows alone: what charts cost is not asked here. */
static bool on_want(struct want *want, void *arg)
{
	struct patient *p = arg;
	struct source *replay = session_replay(p->session);
	time_ms left = p->ward->end - clock_mono();
	*want = (struct want){
		.probe = true,
		.at = replay ? replay->newest : TIME_NONE,
		.back = 60000, .step = 15000,
		.deadline = left > 2 * RESERVE ? left - RESERVE
			    : left > 0 ? left : 1,
	};
	return true;
}

static void on_deadline(uv_timer_t *t)
{
	struct ward *w = t->data;
	if (w->late) {
		uv_stop(&w->loop);
		return;
	}
	w->late = true;
	for (size_t i = 0; i < w->nr; i++)
		if (w->patient[i].session)
			session_cancel(w->patient[i].session);
	uv_timer_start(t, on_deadline, (uint64_t)RESERVE, 0);
}

static void admit(struct ward *w, const struct options *o, size_t i)
{
	struct patient *p = &w->patient[i];
	struct session_hooks hooks = { on_batch, on_polled, on_want, p };
	p->ward = w;
	p->o = *o;
	p->o.source[0] = o->source[i];
	p->o.nr_sources = 1;
	p->name_ms = NAN;
	p->store = store_new(0);
	p->session = session_new(&w->loop, &p->o, &hooks, &p->error);
	w->nr++;
}

/* ---- what came of it -------------------- */

/* Sentences end in what to do; these do not, or are about more than one. */
static const char *remedy_of(enum fault f)
{
	switch (f) {
	case FAULT_AUTH:
		return "give it credentials that may read, or renew them";
	case FAULT_REDIRECT:
		return "write the URL that it leads to; none is followed";
	case FAULT_NOT_API:
		return "write the base URL of the API, as in "
		       "http://host:9090/prometheus";
	case FAULT_BAD_ANSWER:
		return "check what stands between: a proxy, a gateway";
	case FAULT_STARTING:
		return "wait, it starts by itself";
	case FAULT_THROTTLED:
		return "ask less often: -d 60s";
	case FAULT_SERVER:
		return "read the server's own log";
	case FAULT_TIMEOUT:
		return "give it longer: --timeout 30s; look at its load";
	case FAULT_FILE:
		return "check the path, and that the file is a recording";
	default:
		return "check the URL, server and proxies";
	}
}

/* "what: where; now" in two. */
static void split(struct doctor *d, struct doctor_source *s, const char *text)
{
	const char *now = NULL;
	for (const char *p = text; (p = strstr(p, "; ")); p += 2)
		now = p;
	s->error = doctor_text(d, text);
	s->remedy = remedy_of(s->fault);
	if (!now || now == text || !now[2])
		return;
	s->error = arena_strndup(&d->arena, s->error,
				 (size_t)(now - text));
	s->remedy = doctor_text(d, now + 2);
}

static bool answered_over_tls(const struct doctor_source *s)
{
	switch (s->fault) {
	case FAULT_NONE:
	case FAULT_AUTH:
	case FAULT_THROTTLED:
	case FAULT_BAD_QUERY:
	case FAULT_REDIRECT:
	case FAULT_STARTING:
	case FAULT_SERVER:
		return true;
	default:
		return false;
	}
}

static void take_state(struct doctor *d, struct doctor_source *s,
		       struct patient *p, const struct options *o)
{
	const struct store_source *const *all;
	char span[TIME_TEXT], text[LIMIT_SENTENCE];
	size_t n = store_sources(p->store, &all);
	const struct store_source *src = n ? all[0] : NULL;
	s->state = SOURCE_DOWN;
	if (!src || src->state == SOURCE_ASKING) {
		s->fault = FAULT_TIMEOUT;
		snprintf(text, sizeof(text), "no useful answer within %s; "
			 "--timeout gives it longer",
			 time_duration(o->timeout, span));
		split(d, s, text);
		return;
	}
	s->state = src->state;
	s->fault = src->fault;
	s->identity = src->identity ? doctor_text(d, src->identity) : NULL;
	if (src->took_us > 0)
		s->took_ms = (double)src->took_us / 1000;
	s->skew_s = src->skew_s;
	s->requests = src->requests;
	s->useful = s->state == SOURCE_UP || s->state == SOURCE_PARTIAL
		    || (s->state == SOURCE_THROTTLED
			&& src->answered != TIME_NONE);
	if (src->error)
		split(d, s, src->error);
	else if (s->useful && src->catalog
		 && !catalog_services(src->catalog))
		doctor_problem(d, "check what it scrapes, and --match",
			       "%s: answers, and has no metrics of requests "
			       "that are known here", s->name);
	for (size_t i = 0; i < src->nr_warnings && !src->error; i++)
		doctor_problem(d, "numbers may be incomplete; ask who runs it",
			       "%s: %s", s->name, src->warning[i]);
}

static void take_name(struct doctor *d, struct doctor_source *s,
		      const struct patient *p)
{
	s->dns.took_ms = p->name_ms;
	if (p->naming)
		s->dns.error = "not answered in time";
	else if (p->named && p->name_status)
		s->dns.error = doctor_text(d, uv_strerror(p->name_status));
	else if (*p->address)
		s->dns.address = doctor_text(d, p->address);
	if (p->naming)
		d->hung = true;
}

/* prom, prom-2: as when they share one screen. */
static const char *name_of(struct doctor *d, size_t i, const char *base)
{
	size_t same = 1;
	for (size_t k = 0; k < i; k++)
		same += strcmp(d->source[k].base, base) == 0;
	d->source[i].base = base;
	return same == 1 ? base : arena_printf(&d->arena, "%s-%zu", base, same);
}

static void describe_word(struct doctor *d, struct doctor_source *s,
			  const char *word)
{
	struct buf b;
	buf_init(&b, 0);
	http_url_shown(word, &b);
	s->url = doctor_text(d, buf_text(&b));
	buf_release(&b);
}

static void discharge(struct doctor *d, struct patient *p, size_t i,
		      const struct options *o)
{
	struct doctor_source *s = &d->source[i];
	if (p->session) {
		const struct source *src = session_source(p->session, 0);
		s->name = name_of(d, i, doctor_text(d, src->name));
		s->kind = src->ops->name;
		if (!s->url && src->url && *src->url)
			s->url = doctor_text(d, src->url);
		take_state(d, s, p, o);
	} else {
		s->name = name_of(d, i, "source");
		if (!s->url)
			describe_word(d, s, o->source[i]);
		s->state = SOURCE_DOWN;
		s->code = p->error.code;
		s->fault = FAULT_FILE;
		split(d, s, p->error.text);
		s->remedy = "redtop help says what a source is";
	}
	s->verified = !s->tls ? -1 : s->fault == FAULT_TLS ? 0
		      : answered_over_tls(s) ? 1 : -1;
	take_name(d, s, p);
}

/* ---- the way there -------------------- */

static void describe(struct doctor *d, struct doctor_source *s,
		     const char *url)
{
	struct buf b;
	buf_init(&b, 0);
	describe_word(d, s, url);
	s->tls = strncmp(url, "https://", 8) == 0;
	s->userinfo = strcspn(url + 8, "@") < strcspn(url + 8, "/?#");
	struct proxy p = proxy_of(url);
	s->proxy.from = p.variable;
	s->proxy.why_not = p.why_not;
	if (p.value) {
		proxy_shown(p.value, &b);
		s->proxy.url = doctor_text(d, buf_text(&b));
	}
	buf_clear(&b);
	if (url_host(p.value ? p.value : url, &b))
		s->dns.host = doctor_text(d, buf_text(&b));
	buf_release(&b);
}

static void close_ward(struct ward *w)
{
	uv_close((uv_handle_t *)&w->timer, NULL);
	for (size_t i = 0; i < w->nr; i++)
		if (w->patient[i].session)
			session_close(w->patient[i].session, NULL, NULL);
	while (uv_run(&w->loop, UV_RUN_DEFAULT))
		;
	uv_loop_close(&w->loop);
	for (size_t i = 0; i < w->nr; i++)
		store_free(w->patient[i].store);
	free(w);
}

static void ask_all(struct ward *w, struct doctor *d, const struct options *o)
{
	w->end = clock_mono() + o->timeout;
	uv_timer_start(&w->timer, on_deadline, (uint64_t)o->timeout, 0);
	for (size_t i = 0; i < o->nr_sources; i++)
		admit(w, o, i);
	for (size_t i = 0; i < o->nr_sources; i++) {
		struct patient *p = &w->patient[i];
		if (d->source[i].dns.host)
			look_up(p, d->source[i].dns.host);
		if (p->session)
			session_poll(p->session, false);
	}
	bool busy = false;
	for (size_t i = 0; i < w->nr; i++)
		busy |= w->patient[i].naming
			|| (w->patient[i].session
			    && session_busy(w->patient[i].session));
	if (busy)
		uv_run(&w->loop, UV_RUN_DEFAULT);
}

void doctor_ask(struct doctor *d, const struct options *o)
{
	struct ward *w = mem_zero(1, sizeof(*w));
	struct err e;
	if (system_loop(&w->loop, &e) < 0)
		exit(complain(&e));
	uv_timer_init(&w->loop, &w->timer);
	w->timer.data = w;
	d->nr_sources = o->nr_sources;
	for (size_t i = 0; i < o->nr_sources; i++) {
		struct doctor_source *s = &d->source[i];
		s->took_ms = s->skew_s = s->dns.took_ms = NAN;
		s->verified = -1;
		if (is_url(o->source[i]))
			describe(d, s, o->source[i]);
	}
	ask_all(w, d, o);
	for (size_t i = 0; i < o->nr_sources; i++)
		discharge(d, &w->patient[i], i, o);
	/* A lookup that hangs would be waited for. */
	if (!d->hung)
		close_ward(w);
}
