#include "app/proxy.h"

#include "base/text.h"
#include "sources/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A first variable that is not empty; HTTP_PROXY is none of them: a CGI
 * request could set it. */
static const char *first_set(const char *const *names, const char **which)
{
	for (; *names; names++) {
		const char *v = getenv(*names);
		*which = *names;
		if (v && *v)
			return v;
	}
	*which = NULL;
	return NULL;
}

static bool part_of(const char *url, CURLUPart part, unsigned flags,
		    struct buf *out)
{
	CURLU *u = curl_url();
	char *s = NULL;
	bool good = u && curl_url_set(u, CURLUPART_URL, url, flags) == CURLUE_OK
		    && curl_url_get(u, part, &s, 0) == CURLUE_OK && *s;
	if (good)
		buf_str(out, s);
	curl_free(s);
	curl_url_cleanup(u);
	return good;
}

bool url_host(const char *url, struct buf *out)
{
	return part_of(url, CURLUPART_HOST,
		       CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME, out);
}

/* What stands before the last `@` is a name and a password. */
void proxy_shown(const char *value, struct buf *out)
{
	const char *scheme = strstr(value, "://"), *at = strrchr(value, '@');
	const char *rest = scheme ? scheme + 3 : value;
	if (scheme && (!at || at > scheme))
		text_clean(out, value, (size_t)(rest - value));
	if (at && at >= rest)
		rest = at + 1;
	else if (at)
		rest = "";
	text_clean(out, rest, strcspn(rest, "/?#"));
}

static bool in_network(const char *host, const char *token, size_t n)
{
	unsigned char a[16], b[16];
	char net[64];
	if (n >= sizeof(net))
		return false;
	memcpy(net, token, n);
	net[n] = '\0';
	char *slash = strchr(net, '/');
	int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	int all = family == AF_INET6 ? 128 : 32, bits = all;
	if (slash) {
		*slash = '\0';
		bits = atoi(slash + 1);
	}
	if (inet_pton(family, host, a) != 1 || inet_pton(family, net, b) != 1
	    || bits < 1 || bits > all)
		return false;
	int whole = bits / 8, rest = bits % 8;
	unsigned mask = 0xffu << (8 - rest) & 0xffu;
	return memcmp(a, b, (size_t)whole) == 0
	       && (!rest || ((a[whole] ^ b[whole]) & mask) == 0);
}

/* example.com covers itself and what.example.com, as .example.com does. */
static bool in_domain(const char *host, size_t len, const char *token, size_t n)
{
	if (n && token[n - 1] == '.')
		n--;
	if (n && *token == '.') {
		token++;
		n--;
	}
	if (!n || n > len
	    || strncasecmp(host + len - n, token, n) != 0)
		return false;
	return n == len || host[len - n - 1] == '.';
}

bool proxy_is_spared(const char *host, const char *list)
{
	char bare[256];
	unsigned char unused[16];
	size_t len = strlen(host);
	if (strcmp(list, "*") == 0)
		return true;
	if (len >= sizeof(bare))
		return false;
	strcpy(bare, host);
	if (*bare == '[') {
		memmove(bare, bare + 1, len);
		bare[strcspn(bare, "]%")] = '\0';
	}
	len = strlen(bare);
	if (len && bare[len - 1] == '.')
		bare[--len] = '\0';
	bool address = inet_pton(AF_INET, bare, unused) == 1
		       || inet_pton(AF_INET6, bare, unused) == 1;
	while (*list) {
		list += strspn(list, ", \t");
		size_t n = strcspn(list, ", \t");
		if (address ? in_network(bare, list, n)
			    : in_domain(bare, len, list, n))
			return true;
		list += n;
	}
	return false;
}

struct proxy proxy_of(const char *url)
{
	static const char *const http[] = { "http_proxy", "all_proxy",
					    "ALL_PROXY", NULL };
	static const char *const https[] = { "https_proxy", "HTTPS_PROXY",
					     "all_proxy", "ALL_PROXY", NULL };
	static const char *const no[] = { "no_proxy", "NO_PROXY", NULL };
	const char *spares;
	struct proxy p = { 0 };
	if (http_url_skips_proxy(url)) {
		p.why_not = "never for loopback and link-local";
		return p;
	}
	p.value = first_set(strncasecmp(url, "https:", 6) == 0 ? https : http,
			    &p.variable);
	if (!p.value) {
		p.why_not = "none set";
		return p;
	}
	struct buf host;
	buf_init(&host, 0);
	const char *list = first_set(no, &spares);
	if (list && url_host(url, &host)
	    && proxy_is_spared(buf_text(&host), list)) {
		p.value = NULL;
		p.variable = spares;
		p.why_not = "the host is in";
	}
	buf_release(&host);
	return p;
}
