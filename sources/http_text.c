/* URLs and forms as text. libcurl's own parser reads them, so that what is
 * checked, shown and asked is one and the same address. */
#include "sources/http.h"

#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* A base URL that a person wrote. */
#define URL_MAX 4096

/* Bytes of "http://" or "https://", 0: neither. */
static size_t scheme_of(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 ? 7
	       : strncasecmp(url, "https://", 8) == 0 ? 8 : 0;
}

static CURLUcode parse(const char *url, CURLU **out)
{
	size_t scheme = scheme_of(url);
	*out = NULL;
	if (!scheme)
		return CURLUE_BAD_SCHEME;
	if (url[scheme] == '/') /* libcurl would take the path for a host */
		return CURLUE_NO_HOST;
	CURLU *u = curl_url();
	CURLUcode rc = u ? curl_url_set(u, CURLUPART_URL, url, 0)
			 : CURLUE_OUT_OF_MEMORY;
	if (rc == CURLUE_OUT_OF_MEMORY)
		mem_die();
	if (rc == CURLUE_OK)
		*out = u;
	else
		curl_url_cleanup(u);
	return rc;
}

static CURLUcode get(CURLU *u, CURLUPart part, char **out, unsigned flags)
{
	CURLUcode rc = curl_url_get(u, part, out, flags);
	if (rc == CURLUE_OUT_OF_MEMORY)
		mem_die();
	return rc;
}

void http_encode(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (strchr(plain, c)) {
			buf_char(out, *s);
		} else {
			char e[3] = { '%', hex[c >> 4], hex[c & 15] };
			buf_add(out, e, sizeof(e));
		}
	}
}

/* What is not understood is shown too, but nothing before its last `@`: a
 * password may be the very thing that broke it. */
static void show_unparsed(const char *url, struct buf *out)
{
	const char *at = strrchr(url, '@');
	const char *rest = strstr(url, "://");
	size_t scheme = rest ? (size_t)(rest + 3 - url) : 0;
	rest = at ? at + 1 : url + scheme;
	if (at && at < url + scheme)
		scheme = 0;
	text_clean(out, url, scheme);
	text_clean(out, rest, strcspn(rest, "?#"));
}

void http_url_shown(const char *url, struct buf *out)
{
	static const CURLUPart hidden[] = {
		CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS,
		CURLUPART_QUERY, CURLUPART_FRAGMENT,
	};
	CURLU *u;
	if (parse(url, &u) != CURLUE_OK) {
		show_unparsed(url, out);
		return;
	}
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		curl_url_set(u, hidden[i], NULL, 0);
	char *s = NULL, *path = NULL;
	if (get(u, CURLUPART_URL, &s, 0) == CURLUE_OK
	    && get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
		size_t n = strlen(s);
		text_clean(out, s, strcmp(path, "/") == 0 ? n - 1 : n);
	}
	curl_free(s);
	curl_free(path);
	curl_url_cleanup(u);
}

void http_url_join(const char *base, const char *path, struct buf *out)
{
	const char *host = strstr(base, "://");
	size_t least = host ? (size_t)(host + 3 - base) : 0;
	size_t n = strcspn(base, "?#");
	while (n > least && base[n - 1] == '/')
		n--;
	buf_add(out, base, n);
	path += strspn(path, "/");
	if (*path) {
		buf_char(out, '/');
		buf_str(out, path);
	}
}

static bool part_is_clean(CURLU *u, CURLUPart part, CURLUcode absent)
{
	char *s = NULL;
	CURLUcode rc = get(u, part, &s, CURLU_URLDECODE);
	curl_free(s);
	return rc == CURLUE_OK || rc == absent;
}

static bool has_space(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return true;
	return false;
}

static const char *broken_port(CURLU *u)
{
	char *port = NULL;
	bool zero = get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK
		    && strspn(port, "0") == strlen(port);
	curl_free(port);
	return zero ? "its port is not a number from 1 to 65535" : NULL;
}

static const char *broken_part(const char *url)
{
	if (has_space(url))
		return "it holds a space or a control character";
	CURLU *u;
	CURLUcode rc = parse(url, &u);
	switch (rc) {
	case CURLUE_OK:
		break;
	case CURLUE_BAD_PORT_NUMBER:
		return "its port is not a number from 1 to 65535";
	case CURLUE_NO_HOST:
	case CURLUE_BAD_HOSTNAME:
	case CURLUE_BAD_IPV6:
		return "it has no usable host name";
	default:
		return curl_url_strerror(rc);
	}
	const char *why = broken_port(u);
	if (!part_is_clean(u, CURLUPART_USER, CURLUE_NO_USER)
	    || !part_is_clean(u, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD))
		why = "its user or password holds a control character";
	curl_url_cleanup(u);
	return why;
}

int http_url_check(const char *url, struct err *e)
{
	if (!*url)
		return err_set(e, EXIT_USAGE, "the URL is empty");
	if (strlen(url) > URL_MAX)
		return err_set(e, EXIT_USAGE, "the URL is longer than %d bytes",
			       URL_MAX);
	struct buf shown;
	buf_init(&shown, 200);
	http_url_shown(url, &shown);
	const char *s = buf_text(&shown), *why;
	int rc = 0;
	if (!scheme_of(url) && strstr(url, "://"))
		rc = err_set(e, EXIT_USAGE, "'%s' is neither http:// nor "
			     "https://: only those are asked", s);
	else if (!scheme_of(url))
		rc = err_set(e, EXIT_USAGE, "'%s' has no scheme, did you mean "
			     "http://%s?", s, s);
	else if ((why = broken_part(url)))
		rc = err_set(e, EXIT_USAGE, "'%s' is no URL: %s", s, why);
	buf_release(&shown);
	return rc;
}

/* The address a host is written as, IPv4 as ::ffff:a.b.c.d. */
static bool literal(const char *host, struct in6_addr *out)
{
	char text[64];
	size_t n = strcspn(host + (*host == '['), "]%");
	if (n >= sizeof(text) - 8)
		return false;
	memcpy(text, host + (*host == '['), n);
	text[n] = '\0';
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	char mapped[72] = "::ffff:";
	strcat(mapped, text);
	return inet_pton(AF_INET6, mapped, out) == 1;
}

static bool named_localhost(const char *host)
{
	size_t n = strlen(host);
	if (n && host[n - 1] == '.')
		n--;
	if (n < 9 || strncasecmp(host + n - 9, "localhost", 9) != 0)
		return false;
	return n == 9 || host[n - 10] == '.';
}

static bool loopback(const char *host)
{
	struct in6_addr a;
	if (named_localhost(host))
		return true;
	if (!literal(host, &a))
		return false;
	if (!IN6_IS_ADDR_V4MAPPED(&a))
		return IN6_IS_ADDR_LOOPBACK(&a) || IN6_IS_ADDR_UNSPECIFIED(&a);
	/* 0.0.0.0 connects to this machine. */
	return a.s6_addr[12] == 127
	       || memcmp(a.s6_addr + 12, "\0\0\0", 4) == 0;
}

static bool link_local(const char *host)
{
	struct in6_addr a;
	if (!literal(host, &a))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&a))
		return a.s6_addr[12] == 169 && a.s6_addr[13] == 254;
	return IN6_IS_ADDR_LINKLOCAL(&a);
}

static bool host_is(const char *url, bool (*is)(const char *))
{
	CURLU *u;
	if (parse(url, &u) != CURLUE_OK)
		return false;
	char *host = NULL;
	get(u, CURLUPART_HOST, &host, 0);
	bool yes = host && is(host);
	curl_free(host);
	curl_url_cleanup(u);
	return yes;
}

bool http_url_is_loopback(const char *url)
{
	return host_is(url, loopback);
}

bool http_url_skips_proxy(const char *url)
{
	return host_is(url, loopback) || host_is(url, link_local);
}
