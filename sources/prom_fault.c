/* What a refusal of a Prometheus-style API means. The status alone does not
 * tell, nor does errorType: both lie in ways that were measured, so the table
 * reads text first where it must. The first row that fits decides. */
#include "sources/prom_parse.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAULT_TEXT ((size_t)4096)  /* of the server's words, read */
#define FAULT_SHOWN ((size_t)160)  /* and shown */

/* The form of the answer; a row without any fits all. */
enum { JSON = 1, PLAIN = 2, HTML = 4 };

struct fault_row {
	int lo, hi;         /* HTTP status; 0: any */
	int form;
	const char *type;   /* errorType, or NULL: any */
	const char *needle; /* in the text (of HTML: the title), or NULL */
	enum fault fault;
	/* What, and what now. `#` stands for the status, `$` for the text. */
	const char *say;
	const char *now;    /* what now, where it is not in `say` */
};

#define LOG "see the server's log"
#define CREDENTIALS "give --token-file or --http-config"
#define PORT "check the URL and its port"
#define TLS "the port speaks TLS: write https:// in the URL"
#define NO_PATH "no Prometheus API at this path (#): check the URL and its "\
		"prefix"
#define TOO_MANY "too many points a series: take a shorter range or a wider step$"
#define TOO_MUCH "more data than the server reads for one query: narrow it$"
#define NOT_UNIQUE "bad query: both sides of a match have several series with "\
		   "the same labels$"
#define LATE "the server ran out of time for the query: context deadline "\
	     "exceeded"

static const struct fault_row rows[] = {
	/* The door is another one. */
	{ 300, 399, .fault = FAULT_REDIRECT,
	  .say = "a redirect (#), not followed: use the URL that it leads to" },
	{ .needle = "HTTP request to an HTTPS server", .fault = FAULT_TLS,
	  .say = TLS },
	{ .needle = "plain HTTP request was sent to HTTPS",
	  .fault = FAULT_TLS, .say = TLS },
	{ .needle = "plain HTTP to an SSL-enabled", .fault = FAULT_TLS,
	  .say = TLS },

	/* Who asks. Texts of 401 may repeat what was sent: never shown. */
	{ .needle = "Authentication to data source failed",
	  .fault = FAULT_AUTH,
	  .say = "Grafana's own credentials are refused by its data source: "
		 "correct them there" },
	{ .needle = "no org id", .fault = FAULT_AUTH,
	  .say = "the server wants a tenant (no org id): set X-Scope-OrgID" },
	{ 401, 401, .fault = FAULT_AUTH,
	  .say = "credentials are missing or refused (401)",
	  .now = CREDENTIALS },
	{ 403, 403, .fault = FAULT_AUTH,
	  .say = "these credentials do not allow it (403)",
	  .now = CREDENTIALS },
	{ 407, 407, .fault = FAULT_AUTH,
	  .say = "the proxy wants credentials (407)",
	  .now = "check https_proxy" },

	/* Too much. */
	{ 429, 429, .fault = FAULT_THROTTLED,
	  .say = "the server asks for fewer requests (429)$" },
	{ .type = "too_many_requests", .fault = FAULT_THROTTLED,
	  .say = "the server asks for fewer requests (#)$" },
	{ .needle = "exceeded maximum resolution", .fault = FAULT_TOO_BIG,
	  .say = TOO_MANY },
	{ .needle = "maxPointsPerTimeseries", .fault = FAULT_TOO_BIG,
	  .say = TOO_MANY },
	{ .needle = "maxPointsSubqueryPerTimeseries", .fault = FAULT_TOO_BIG,
	  .say = TOO_MANY },
	{ .needle = "too many samples", .fault = FAULT_TOO_BIG,
	  .say = TOO_MUCH },
	{ .needle = "number of matching timeseries exceeds",
	  .fault = FAULT_TOO_BIG, .say = TOO_MUCH },
	{ .needle = "cannot select more than", .fault = FAULT_TOO_BIG,
	  .say = TOO_MUCH },
	{ .needle = "err-mimir-max-", .fault = FAULT_TOO_BIG,
	  .say = TOO_MUCH },
	{ .needle = "too long query", .fault = FAULT_TOO_BIG,
	  .say = "the query is longer than the server takes$" },
	{ .type = "too_large_entry", .fault = FAULT_TOO_BIG, .say = TOO_MUCH },
	{ 413, 414, .fault = FAULT_TOO_BIG,
	  .say = "the question is longer than the server or a proxy before "
		 "it takes (#)$" },

	{ 431, 431, .fault = FAULT_TOO_BIG,
	  .say = "the request's headers are longer than the server takes "
		 "(431)" },

	/* Too late. */
	{ 408, 408, .fault = FAULT_TIMEOUT,
	  .say = "the server or a proxy before it gave up waiting (408)" },
	{ .needle = "context deadline exceeded", .fault = FAULT_TIMEOUT,
	  .say = LATE },
	{ .type = "timeout", .fault = FAULT_TIMEOUT,
	  .say = "the server ran out of time for the query$" },
	{ .needle = "query timed out in", .fault = FAULT_TIMEOUT,
	  .say = "the server ran out of time for the query$" },
	{ .needle = "timeout exceeded", .fault = FAULT_TIMEOUT,
	  .say = "the server ran out of time for the query$" },
	{ .needle = "search.maxQueryDuration", .fault = FAULT_TIMEOUT,
	  .say = "the server ran out of time for the query$" },

	/* The server's own trouble. */
	{ .needle = "unavailable with Prometheus Agent",
	  .fault = FAULT_NOT_API,
	  .say = "a Prometheus in agent mode keeps no data: use the server "
		 "that it writes to" },
	{ .needle = "TSDB not ready", .fault = FAULT_STARTING,
	  .say = "the server is starting: it still reads its log" },
	{ 503, 503, PLAIN, .needle = "Service Unavailable",
	  .fault = FAULT_STARTING,
	  .say = "the server is starting: it still reads its log" },
	{ .needle = "store-gateway", .fault = FAULT_SERVER,
	  .say = "the server's store-gateway failed$",
	  .now = LOG },
	{ .needle = "rpc error", .fault = FAULT_SERVER,
	  .say = "a part of the server failed$",
	  .now = LOG },
	{ .type = "canceled", .fault = FAULT_SERVER,
	  .say = "the server cancelled the query (#)$" },
	{ 499, 499, .fault = FAULT_SERVER,
	  .say = "the server cancelled the query (#)$" },
	{ 502, 502, .fault = FAULT_SERVER,
	  .say = "the proxy reaches no server behind it (502)$",
	  .now = "look at both" },
	{ 504, 504, .fault = FAULT_SERVER,
	  .say = "the server behind the proxy does not answer in time (504)$",
	  .now = "look at both" },
	{ .type = "internal", .fault = FAULT_SERVER,
	  .say = "the server failed (#)$",
	  .now = LOG },
	{ .type = "unavailable", .fault = FAULT_SERVER,
	  .say = "the server is not available (#)$",
	  .now = LOG },

	/* Another kind of server. */
	{ .needle = "unsupported path requested", .fault = FAULT_NOT_API,
	  .say = NO_PATH },
	{ 404, 404, HTML, .fault = FAULT_NOT_API, .say = NO_PATH "$" },
	{ 404, 404, .fault = FAULT_NOT_API, .say = NO_PATH },
	{ 405, 405, .fault = FAULT_NOT_API,
	  .say = "the server does not take this method here (405)" },
	{ 501, 501, .fault = FAULT_NOT_API,
	  .say = "the server does not take this method here (501)" },
	{ 500, 599, .fault = FAULT_SERVER,
	  .say = "the server failed (#)$",
	  .now = LOG },

	/* The question. */
	{ .needle = "many-to-many matching not allowed",
	  .fault = FAULT_BAD_QUERY, .say = NOT_UNIQUE },
	{ .needle = "found duplicate series for the match group",
	  .fault = FAULT_BAD_QUERY, .say = NOT_UNIQUE },
	{ .needle = "duplicate time series", .fault = FAULT_BAD_QUERY,
	  .say = NOT_UNIQUE },
	{ .type = "bad_data", .fault = FAULT_BAD_QUERY, .say = "bad query$" },
	{ .type = "execution", .fault = FAULT_BAD_QUERY, .say = "bad query$" },
	{ 422, 422, JSON, .fault = FAULT_BAD_QUERY, .say = "bad query$" },
	{ 400, 400, JSON, .fault = FAULT_BAD_QUERY, .say = "bad query$" },
	{ 400, 499, JSON, .fault = FAULT_BAD_QUERY, .say = "refused (#)$" },

	/* What is left is no API's answer. */
	{ 400, 499, .fault = FAULT_NOT_API,
	  .say = "not a Prometheus API (#)$",
	  .now = PORT },
	{ .form = HTML, .fault = FAULT_NOT_API,
	  .say = "a web page, not the API$",
	  .now = PORT },
	{ .form = PLAIN, .needle = "# HELP", .fault = FAULT_NOT_API,
	  .say = "a page of metrics, not the API: give the Prometheus that "
		 "scrapes it" },
	{ .form = PLAIN, .needle = "# TYPE", .fault = FAULT_NOT_API,
	  .say = "a page of metrics, not the API: give the Prometheus that "
		 "scrapes it" },
	{ .form = PLAIN, .fault = FAULT_NOT_API,
	  .say = "not a Prometheus API$",
	  .now = PORT },
	{ .fault = FAULT_BAD_ANSWER, .say = "an error without a reason (#)$",
	  .now = LOG },
};

static bool is_break(char c)
{
	return c >= '\t' && c <= '\r';
}

void prom_line(struct buf *out, const char *s, size_t n)
{
	for (;;) {
		size_t k = 0;
		while (k < n && !is_break(s[k]))
			k++;
		text_clean(out, s, k);
		if (k == n)
			return;
		if (out->len && out->s[out->len - 1] != ' ')
			buf_char(out, ' ');
		s += k + 1;
		n -= k + 1;
	}
}

static const char *find(const char *s, size_t n, const char *word)
{
	size_t k = strlen(word);
	for (; n >= k; s++, n--)
		if (strncasecmp(s, word, k) == 0)
			return s;
	return NULL;
}

static void add_title(struct buf *out, const char *body, size_t len)
{
	const char *end = body + len;
	const char *s = find(body, len, "<title");
	s = s ? memchr(s, '>', (size_t)(end - s)) : NULL;
	if (!s)
		return;
	s++;
	const char *stop = find(s, (size_t)(end - s), "<");
	if (!stop)
		stop = end;
	while (s < stop && (unsigned char)*s <= ' ')
		s++;
	while (s < stop && (unsigned char)stop[-1] <= ' ')
		stop--;
	prom_line(out, s, (size_t)(stop - s));
}

static void add_first_line(struct buf *out, const char *body, size_t len)
{
	while (len && (unsigned char)*body <= ' ') {
		body++;
		len--;
	}
	size_t n = 0;
	while (n < len && body[n] != '\n' && body[n] != '\r')
		n++;
	text_clean(out, body, n);
}

static bool is_html(const char *body, size_t len)
{
	if (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0) {
		body += 3;
		len -= 3;
	}
	while (len && (unsigned char)*body <= ' ') {
		body++;
		len--;
	}
	return len && *body == '<';
}

static bool is_login(const char *title, const char *body, size_t len)
{
	static const char *const titles[] = {
		"login", "log in", "log-in", "sign in", "signin", "sign-in",
		"single sign", "sso", "authenti", "authori",
	};
	static const char *const bodies[] = {
		"type=\"password\"", "type='password'", "type=password",
		"samlrequest", "openid-connect", "/oauth2/", "/oauth/",
	};
	for (size_t i = 0; i < sizeof(titles) / sizeof(*titles); i++)
		if (find(title, strlen(title), titles[i]))
			return true;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		if (find(body, len, bodies[i]))
			return true;
	return false;
}

/* Without the servers' preambles, which may push the reason off the line. */
static const char *reason(const char *text)
{
	static const char query[] = "invalid parameter \"query\": ";
	if (strncmp(text, query, sizeof(query) - 1) == 0)
		return text + sizeof(query) - 1;
	if (strncmp(text, "error when executing query=", 27) != 0)
		return text;
	const char *step = strstr(text, ", step=");
	const char *end = step ? strstr(step, "): ") : NULL;
	return end && end[3] ? end + 3 : text;
}

/* `http://user:secret@host` loses what stands before the @. */
static void drop_userinfo(char *s)
{
	for (char *at = s; (at = strstr(at, "://"));) {
		at += 3;
		size_t n = strcspn(at, "/ \"'<>?#");
		char *end = at + n;
		for (char *p = end; p > at; p--) {
			if (p[-1] != '@')
				continue;
			memmove(at, p, strlen(p) + 1);
			break;
		}
	}
}

static void add_text(struct buf *out, const char *text, bool html)
{
	if (!*text) {
		buf_str(out, html ? " (HTML)" : "");
		return;
	}
	struct buf shown;
	buf_init(&shown, FAULT_SHOWN);
	text_clean(&shown, text, strlen(text));
	buf_printf(out, html ? " (HTML: %s%s)" : ": %s%s", shown.s,
		   shown.full ? "..." : "");
	buf_release(&shown);
}

static void say(const struct fault_row *row, long status, const char *text,
		bool html, struct err *why)
{
	struct buf out;
	buf_init(&out, LIMIT_SENTENCE);
	for (const char *s = row->say; *s; s++) {
		if (*s == '#')
			buf_printf(&out, "%ld", status);
		else if (*s == '$')
			add_text(&out, text, html);
		else
			buf_char(&out, *s);
	}
	if (row->now)
		buf_printf(&out, "; %s", row->now);
	int code = row->fault == FAULT_AUTH ? EXIT_REFUSED : EXIT_UNREACHABLE;
	err_set(why, code, "%s", buf_text(&out));
	buf_release(&out);
}

static bool fits(const struct fault_row *r, long status, int form,
		 const char *type, const char *text)
{
	return (!r->lo || (status >= r->lo && status <= r->hi))
	       && (!r->form || (r->form & form))
	       && (!r->type || strcmp(r->type, type) == 0)
	       && (!r->needle || strstr(text, r->needle));
}

static const struct fault_row *find_row(long status, int form,
					const char *type, const char *text)
{
	const struct fault_row *r = rows;
	while (!fits(r, status, form, type, text))
		r++;
	return r;
}

enum fault prom_fault(long status, const char *error_type, const char *text,
		      const char *body, size_t len, struct err *why)
{
	static const struct fault_row login = {
		.fault = FAULT_AUTH,
		.say = "a login page, not the API: credentials are missing$",
		.now = CREDENTIALS,
	};
	struct buf words;
	buf_init(&words, FAULT_TEXT);
	int form = text || error_type ? JSON
		   : is_html(body, len) ? HTML : PLAIN;
	if (text)
		prom_line(&words, text, strlen(text));
	else if (form == HTML)
		add_title(&words, body, len);
	else if (form == PLAIN)
		add_first_line(&words, body, len);
	if (words.s)
		drop_userinfo(words.s);
	const struct fault_row *row =
		find_row(status, form, error_type ? error_type : "",
			 buf_text(&words));
	if (form == HTML && row->form == HTML
	    && is_login(buf_text(&words), body, len))
		row = &login;
	say(row, status, reason(buf_text(&words)), form == HTML, why);
	buf_release(&words);
	return row->fault;
}

/* Scheme, host and path: a query may hold what was asked, or a secret. */
static void add_target(struct buf *out, const char *location)
{
	char *s = mem_strndup(location, strcspn(location, "?#"));
	drop_userinfo(s);
	text_clean(out, s, strlen(s));
	free(s);
}

enum fault prom_redirect(long status, const char *location, struct err *why)
{
	static const char *const words[] = {
		"login", "log-in", "signin", "sign-in", "sso", "saml", "auth",
		"openid",
	};
	struct buf to;
	bool login = false;
	buf_init(&to, FAULT_SHOWN);
	add_target(&to, location);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		login |= find(buf_text(&to), to.len, words[i]) != NULL;
	err_set(why, login ? EXIT_REFUSED : EXIT_UNREACHABLE,
		login ? "sent to a login (%ld to %s): credentials are missing; "
			CREDENTIALS
		      : "a redirect (%ld to %s), not followed: use that URL",
		status, buf_text(&to));
	buf_release(&to);
	return login ? FAULT_AUTH : FAULT_REDIRECT;
}

bool prom_fault_passing(long status, const char *text)
{
	if (status == 429 || (status >= 502 && status <= 504))
		return true;
	return status == 422 && text
	       && (strstr(text, "context deadline exceeded")
		   || strstr(text, "store-gateway"));
}
