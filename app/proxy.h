/* Which proxy a URL is asked through, as libcurl reads the environment. */
#ifndef APP_PROXY_H
#define APP_PROXY_H

#include "base/buf.h"

#include <stdbool.h>

struct proxy {
	const char *value;    /* of the variable (may hold a password), or NULL:
				 none applies */
	const char *variable; /* that names it, or that keeps it away */
	const char *why_not;  /* static: why none applies */
};

/* Pure but for getenv(). Loopback and link-local hosts: never. */
struct proxy proxy_of(const char *url);
/* True if the list (of no_proxy) covers the host: "*", a name and what is
 * under it, an address, or a network as in 10.0.0.0/8. */
bool proxy_is_spared(const char *host, const char *list);
/* The host of a URL, or of a proxy as people write them; false: none. */
bool url_host(const char *url, struct buf *out);
/* Without its user and password. */
void proxy_shown(const char *value, struct buf *out);

#endif
