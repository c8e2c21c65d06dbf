/* A table of keys for each mapping; what keys exclude each other is checked
 * after them, so that all mistakes of a file are told at once. */
#include "sources/http_config.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "sources/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYS_MAX 32

struct reader {
	const char *file;
	struct http_config *c;   /* whose arena is used */
	struct buf *errors, *warnings;
};

static void say(struct buf *out, const struct reader *r, const struct node *n,
		const char *fmt, va_list ap)
{
	char text[400];
	vsnprintf(text, sizeof(text), fmt, ap);
	text_clean(out, r->file, strlen(r->file));
	buf_printf(out, ":%d:%d: ", n->line, n->column);
	text_clean(out, text, strlen(text));
	buf_char(out, '\n');
}

__attribute__((format(printf, 3, 4)))
static void wrong(struct reader *r, const struct node *n, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(r->errors, r, n, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 3, 4)))
static void warn(struct reader *r, const struct node *n, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(r->warnings, r, n, fmt, ap);
	va_end(ap);
}

/* ---- values ------------------------------------------------------------- */

static const char *keep(struct reader *r, const char *s)
{
	return arena_strdup(&r->c->arena, s);
}

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return true;
	return false;
}

/* A text of one line. Sentences never repeat a value: it may be a secret. */
static const char *read_line(struct reader *r, const struct node *n,
			     const char *key)
{
	const char *s = node_text(n);
	if (!s)
		wrong(r, n, "%s: a text was expected", key);
	else if (has_control(s))
		wrong(r, n, "%s: it holds a line end or a control character",
		      key);
	else
		return keep(r, s);
	return NULL;
}

static const char *read_path(struct reader *r, const struct node *n,
			     const char *key)
{
	const char *s = read_line(r, n, key);
	const char *slash = strrchr(r->file, '/');
	if (!s || *s == '/' || !slash)
		return s;
	return arena_printf(&r->c->arena, "%.*s%s", (int)(slash + 1 - r->file),
			    r->file, s);
}

static void read_bool(struct reader *r, const struct node *n, const char *key,
		      bool *out)
{
	if (!node_bool(n, out))
		wrong(r, n, "%s: true or false was expected", key);
}

static const char *const *read_list(struct reader *r, const struct node *n,
				    const char *key)
{
	if (n->kind != NODE_LIST) {
		wrong(r, n, "%s: a list was expected, as in [a, b]", key);
		return NULL;
	}
	const char **list = arena_alloc(&r->c->arena,
					(n->nr + 1) * sizeof(*list));
	for (size_t i = 0; i < n->nr; i++)
		list[i] = read_line(r, n->item[i], key);
	return list;
}

static const char *const *read_command(struct reader *r, const struct node *n,
				       const char *key)
{
	if (n->kind != NODE_LIST || !n->nr) {
		wrong(r, n, "%s: a list of program and arguments was expected, "
		      "as in [pass, show, prometheus]; no shell reads it", key);
		return NULL;
	}
	return read_list(r, n, key);
}

static int read_version(struct reader *r, const struct node *n, const char *key)
{
	static const char *const names[] = { "TLS10", "TLS11", "TLS12", "TLS13",
					     NULL };
	const char *s = node_text(n);
	for (int i = 0; s && names[i]; i++)
		if (strcasecmp(s, names[i]) == 0)
			return 10 + i;
	const char *near = s ? text_nearest(s, names) : NULL;
	wrong(r, n, "%s: TLS10, TLS11, TLS12 or TLS13 was expected%s%s%s", key,
	      near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
	return 0;
}

static const char *read_url(struct reader *r, const struct node *n,
			    const char *key)
{
	struct err e;
	const char *s = read_line(r, n, key);
	if (!s)
		return NULL;
	if (http_url_check(s, &e) == 0)
		return s;
	wrong(r, n, "%s: %s", key, e.text);
	return NULL;
}

static const char *read_proxy_url(struct reader *r, const struct node *n,
				  const char *key)
{
	static const char *const schemes[] = { "http://", "https://",
					       "socks5://", "socks5h://" };
	const char *s = read_line(r, n, key);
	CURLU *u = s ? curl_url() : NULL;
	bool good = false;
	for (size_t i = 0; u && i < 4; i++)
		good |= strncasecmp(s, schemes[i], strlen(schemes[i])) == 0;
	good = good && curl_url_set(u, CURLUPART_URL, s,
				    CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK;
	curl_url_cleanup(u);
	if (good && strchr(s, '@') && !r->c->secret_line)
		r->c->secret_line = n->line;
	if (s && !good)
		wrong(r, n, "%s: a URL was expected, as in "
		      "http://proxy.example:3128 or socks5h://127.0.0.1:1080",
		      key);
	return good ? s : NULL;
}

/* ---- mappings ----------------------------------------------------------- */

enum kind {
	LINE, PATH, FLAG, LIST, COMMAND, VERSION, URL, PROXY_ADDRESS, SECTION,
	INLINE,     /* a secret in the file itself */
	REFERENCE,  /* to a secret manager */
	FOREIGN,    /* of grants that are not known */
	LATE,       /* looked at by the check of its mapping */
};

struct mapping;

struct field {
	const char *name;
	enum kind kind;
	size_t offset;      /* in the struct of its mapping */
	const struct mapping *section;
};

struct mapping {
	const char *name;
	const struct field *field; /* ends with name NULL */
	void (*check)(struct reader *r, const struct node *n, void *into);
};

static void read_mapping(struct reader *r, const struct node *n,
			 const struct mapping *m, void *into);

static void read_field(struct reader *r, const struct node *n,
		       const struct field *f, void *into)
{
	void *at = (char *)into + f->offset;
	switch (f->kind) {
	case INLINE:
		if (!r->c->secret_line)
			r->c->secret_line = n->line;
		*(const char **)at = read_line(r, n, f->name);
		break;
	case LINE:
		*(const char **)at = read_line(r, n, f->name);
		break;
	case PATH:
		*(const char **)at = read_path(r, n, f->name);
		break;
	case FLAG:
		read_bool(r, n, f->name, at);
		break;
	case LIST:
		*(const char *const **)at = read_list(r, n, f->name);
		break;
	case COMMAND:
		*(const char *const **)at = read_command(r, n, f->name);
		break;
	case VERSION:
		*(int *)at = read_version(r, n, f->name);
		break;
	case URL:
		*(const char **)at = read_url(r, n, f->name);
		break;
	case PROXY_ADDRESS:
		*(const char **)at = read_proxy_url(r, n, f->name);
		break;
	case SECTION:
		read_mapping(r, n, f->section, at);
		break;
	case REFERENCE:
		wrong(r, n, "%s: secret managers are not known here; name a "
		      "file or a command instead", f->name);
		break;
	case FOREIGN:
		wrong(r, n, "%s: only the client credentials grant with a "
		      "client_secret is known here", f->name);
		break;
	case LATE:
		break;
	}
}

static void unknown_key(struct reader *r, const struct node *key,
			const struct mapping *m)
{
	const char *names[KEYS_MAX];
	size_t nr = 0;
	for (const struct field *f = m->field; f->name; f++)
		if (f->kind != REFERENCE && f->kind != FOREIGN)
			names[nr++] = f->name;
	names[nr] = NULL;
	const char *near = text_nearest(key->text, names);
	wrong(r, key, "unknown key '%.60s' in %s%s%s%s", key->text, m->name,
	      near ? ", did you mean '" : "", near ? near : "",
	      near ? "'?" : "");
}

static bool is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && !node_text(n);
}

static void read_mapping(struct reader *r, const struct node *n,
			 const struct mapping *m, void *into)
{
	if (n->kind != NODE_MAP) {
		wrong(r, n, "%s: a mapping was expected, as in %s: {%s: …}",
		      m->name, m->name, m->field->name);
		return;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const struct field *f = m->field;
		while (f->name && strcmp(f->name, n->key[i]->text) != 0)
			f++;
		if (!f->name)
			unknown_key(r, n->key[i], m);
		else if (!is_null(n->item[i]))
			read_field(r, n->item[i], f, into);
	}
	if (m->check)
		m->check(r, n, into);
}

static const struct node *given(const struct node *map, const char *key)
{
	const struct node *n = node_get(map, key);
	return n && !is_null(n) ? n : NULL;
}

/* At most one of the keys; the second is blamed. How many there are. */
static size_t one_of(struct reader *r, const struct node *map,
		     const char *const *keys)
{
	struct buf all;
	const struct node *second = NULL;
	size_t found = 0, nr = 0;
	buf_init(&all, 300);
	while (keys[nr])
		nr++;
	for (size_t i = 0; i < nr; i++) {
		const struct node *n = given(map, keys[i]);
		buf_printf(&all, "%s%s", i == 0 ? "" : i + 1 < nr ? ", "
			   : " and ", keys[i]);
		if (n && ++found > 1 && !second)
			second = n;
	}
	if (second)
		wrong(r, second, "at most one of %s", buf_text(&all));
	buf_release(&all);
	return found;
}

#define ONE_OF(r, map, ...) \
	one_of(r, map, (const char *const[]){ __VA_ARGS__, NULL })

/* ---- headers ------------------------------------------------------------ */

/* What HTTP itself, or other keys, say. */
static const char *const reserved[] = {
	"Authorization", "Host", "User-Agent", "Connection", "Keep-Alive",
	"Accept-Encoding", "Proxy-Authenticate", "Proxy-Authorization",
	"Www-Authenticate", "Transfer-Encoding", "Te", "Trailer", "Upgrade",
	"Expect", "Content-*", "X-Amz-*", "X-Prometheus-Remote-*", NULL,
};

static bool is_reserved(const char *name)
{
	for (size_t i = 0; reserved[i]; i++) {
		size_t n = strcspn(reserved[i], "*");
		if (reserved[i][n] ? strncasecmp(name, reserved[i], n) == 0
				   : strcasecmp(name, reserved[i]) == 0)
			return true;
	}
	return false;
}

static bool is_header_name(const char *s)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	return *s && strspn(s, token) == strlen(s);
}

struct headers {
	struct http_header *list;
	size_t nr, cap;
};

static void add_values(struct reader *r, const struct node *list,
		       const char *key, bool file, bool secret,
		       const char *name, struct headers *out)
{
	if (list->kind != NODE_LIST) {
		wrong(r, list, "%s: a list was expected, as in [a, b]", key);
		return;
	}
	for (size_t i = 0; i < list->nr; i++) {
		struct http_header h = { .name = name, .secret = secret };
		if (file)
			h.value.file = read_path(r, list->item[i], key);
		else
			h.value.value = read_line(r, list->item[i], key);
		if (secret && !file && !r->c->secret_line)
			r->c->secret_line = list->item[i]->line;
		MEM_ROOM(out->list, out->nr, out->cap);
		out->list[out->nr++] = h;
	}
}

static void read_header(struct reader *r, const struct node *n,
			const char *name, struct headers *out)
{
	static const struct field fields[] = {
		{ "values", LATE, 0, NULL }, { "secrets", LATE, 0, NULL },
		{ "files", LATE, 0, NULL }, { 0 },
	};
	static const struct mapping header = { "a header", fields, NULL };
	char nowhere;
	if (n->kind != NODE_MAP) {
		wrong(r, n, "%.60s: expected values, secrets or files, as in "
		      "{values: [\"1\"]}", name);
		return;
	}
	read_mapping(r, n, &header, &nowhere);
	for (const struct field *f = fields; f->name; f++) {
		const struct node *list = given(n, f->name);
		if (list)
			add_values(r, list, f->name, f->name[0] == 'f',
				   f->name[0] != 'v', name, out);
	}
}

/* A mapping of names; `connect`: to lists of secrets, as for proxies. */
static struct http_header *read_headers(struct reader *r, const struct node *n,
					const char *key, bool connect,
					size_t *nr)
{
	struct headers all = { 0 };
	if (n->kind != NODE_MAP) {
		wrong(r, n, "%s: a mapping of header names was expected", key);
		return NULL;
	}
	for (size_t i = 0; i < n->nr; i++) {
		const char *name = keep(r, n->key[i]->text);
		if (!is_header_name(name))
			wrong(r, n->key[i], "'%.60s' is no name of a header",
			      name);
		else if (!connect && is_reserved(name))
			wrong(r, n->key[i], "%s cannot be set by %s", name,
			      key);
		else if (connect)
			add_values(r, n->item[i], name, false, true, name,
				   &all);
		else
			read_header(r, n->item[i], name, &all);
	}
	size_t size = all.nr * sizeof(*all.list);
	struct http_header *own = arena_alloc(&r->c->arena, size + 1);
	if (size)
		memcpy(own, all.list, size);
	free(all.list);
	*nr = all.nr;
	return own;
}

/* ---- the mappings of http_config ---------------------------------------- */

#define AT(member) offsetof(struct http_config, member)
#define END { NULL, LINE, 0, NULL }

static void check_basic(struct reader *r, const struct node *n, void *into)
{
	struct http_config *c = into;
	ONE_OF(r, n, "username", "username_file");
	if (ONE_OF(r, n, "password", "password_file", "password_command") == 0
	    && !given(n, "password_ref"))
		warn(r, n, "basic_auth has no password: an empty one is sent");
	if (c->user.value && strchr(c->user.value, ':'))
		wrong(r, given(n, "username"),
		      "username: it holds a colon, which ends a user name");
	if (!given(n, "username") && !given(n, "username_file")
	    && !given(n, "username_ref"))
		wrong(r, n, "basic_auth needs a username or a username_file");
}

static const struct field basic_fields[] = {
	{ "username", LINE, AT(user.value), NULL },
	{ "username_file", PATH, AT(user.file), NULL },
	{ "username_ref", REFERENCE, 0, NULL },
	{ "password", INLINE, AT(secret.value), NULL },
	{ "password_file", PATH, AT(secret.file), NULL },
	{ "password_command", COMMAND, AT(secret.command), NULL },
	{ "password_ref", REFERENCE, 0, NULL },
	END
};
static const struct mapping basic_auth = {
	"basic_auth", basic_fields, check_basic
};

static void check_authorization(struct reader *r, const struct node *n,
				void *into)
{
	struct http_config *c = into;
	const struct node *type = given(n, "type");
	if (c->scheme && strcasecmp(c->scheme, "basic") == 0)
		wrong(r, type, "type: it cannot be basic; use basic_auth");
	else if (c->scheme && !is_header_name(c->scheme))
		wrong(r, type, "type: a word was expected, as in Bearer");
	if (ONE_OF(r, n, "credentials", "credentials_file",
		   "credentials_command") == 0 && !given(n, "credentials_ref"))
		wrong(r, n, "authorization needs credentials, credentials_file "
		      "or credentials_command");
}

static const struct field authorization_fields[] = {
	{ "type", LINE, AT(scheme), NULL },
	{ "credentials", INLINE, AT(secret.value), NULL },
	{ "credentials_file", PATH, AT(secret.file), NULL },
	{ "credentials_command", COMMAND, AT(secret.command), NULL },
	{ "credentials_ref", REFERENCE, 0, NULL },
	END
};
static const struct mapping authorization = {
	"authorization", authorization_fields, check_authorization
};

static void check_pair(struct reader *r, const struct node *n,
		       const struct http_tls *t)
{
	bool cert = t->cert.value || t->cert.file;
	bool key = t->key.value || t->key.file;
	if (cert && !key)
		wrong(r, n, "a client certificate needs its key: key_file is "
		      "missing");
	if (key && !cert)
		wrong(r, n, "a client key needs its certificate: cert_file is "
		      "missing");
}

static void check_tls(struct reader *r, const struct node *n, void *into)
{
	struct http_tls *t = into;
	ONE_OF(r, n, "ca", "ca_file");
	ONE_OF(r, n, "cert", "cert_file");
	ONE_OF(r, n, "key", "key_file");
	check_pair(r, n, t);
	if (t->min && t->max && t->min > t->max)
		wrong(r, given(n, "max_version"),
		      "max_version is older than min_version");
	if (t->server_name && strpbrk(t->server_name, ":/@ []"))
		wrong(r, given(n, "server_name"),
		      "server_name: a host name alone was expected");
	if (t->insecure)
		warn(r, given(n, "insecure_skip_verify"),
		     "insecure_skip_verify: who stands between can read and "
		     "change everything");
}

#define TLS(member) offsetof(struct http_tls, member)
static const struct field tls_fields[] = {
	{ "ca_file", PATH, TLS(ca.file), NULL },
	{ "ca", LATE, 0, NULL },
	{ "ca_ref", REFERENCE, 0, NULL },
	{ "cert", LATE, 0, NULL },
	{ "cert_file", PATH, TLS(cert.file), NULL },
	{ "cert_ref", REFERENCE, 0, NULL },
	{ "key", LATE, 0, NULL },
	{ "key_file", PATH, TLS(key.file), NULL },
	{ "key_ref", REFERENCE, 0, NULL },
	{ "server_name", LINE, TLS(server_name), NULL },
	{ "insecure_skip_verify", FLAG, TLS(insecure), NULL },
	{ "min_version", VERSION, TLS(min), NULL },
	{ "max_version", VERSION, TLS(max), NULL },
	END
};

/* PEM has lines, so these three are read apart. */
static void read_pem(struct reader *r, const struct node *n, const char *key,
		     const char **out)
{
	const struct node *pem = given(n, key);
	const char *s = node_text(pem);
	if (pem && (!s || !strstr(s, "-----BEGIN ")))
		wrong(r, pem, "%s: PEM text was expected; %s_file names a file",
		      key, key);
	else if (s)
		*out = keep(r, s);
}

static void check_tls_text(struct reader *r, const struct node *n, void *into)
{
	struct http_tls *t = into;
	read_pem(r, n, "ca", &t->ca.value);
	read_pem(r, n, "cert", &t->cert.value);
	read_pem(r, n, "key", &t->key.value);
	if (t->key.value && !r->c->secret_line)
		r->c->secret_line = given(n, "key")->line;
	check_tls(r, n, into);
}

static const struct mapping tls_config = {
	"tls_config", tls_fields, check_tls_text
};

/* Used by the top and by oauth2, whose keys these are too. */
static void check_proxy(struct reader *r, const struct node *n,
			struct http_proxy *p)
{
	const struct node *from = given(n, "proxy_from_environment");
	const struct node *no = given(n, "no_proxy");
	const struct node *connect = given(n, "proxy_connect_header");
	bool environment = false;
	if (from)
		read_bool(r, from, "proxy_from_environment", &environment);
	if (environment && (given(n, "proxy_url") || no))
		wrong(r, from, "proxy_from_environment excludes proxy_url and "
		      "no_proxy");
	if (no && !given(n, "proxy_url") && !environment)
		wrong(r, no, "no_proxy needs a proxy_url");
	if (connect && !given(n, "proxy_url") && !environment)
		wrong(r, connect, "proxy_connect_header needs a proxy_url");
	else if (connect)
		p->connect = read_headers(r, connect, "proxy_connect_header",
					  true, &p->nr_connect);
	p->from = p->url ? PROXY_URL
		  : from && !environment ? PROXY_NONE : PROXY_ENVIRONMENT;
}

#define PROXY_FIELDS \
	{ "proxy_url", PROXY_ADDRESS, AT(proxy.url), NULL }, \
	{ "no_proxy", LINE, AT(proxy.no_proxy), NULL }, \
	{ "proxy_from_environment", LATE, 0, NULL }, \
	{ "proxy_connect_header", LATE, 0, NULL }

/* The mapping oauth2 is read into two: what the token request says stands in
 * the config, how it travels in a config of its own. */
static const struct field oauth2_fields[] = {
	{ "client_id", LINE, AT(oauth2.client_id), NULL },
	{ "client_secret", INLINE, AT(secret.value), NULL },
	{ "client_secret_file", PATH, AT(secret.file), NULL },
	{ "client_secret_command", COMMAND, AT(secret.command), NULL },
	{ "client_secret_ref", REFERENCE, 0, NULL },
	{ "scopes", LIST, AT(oauth2.scopes), NULL },
	{ "token_url", URL, AT(oauth2.token_url), NULL },
	{ "endpoint_params", LATE, 0, NULL },
	{ "tls_config", LATE, 0, NULL },
	{ "proxy_url", LATE, 0, NULL },
	{ "no_proxy", LATE, 0, NULL },
	{ "proxy_from_environment", LATE, 0, NULL },
	{ "proxy_connect_header", LATE, 0, NULL },
	{ "grant_type", FOREIGN, 0, NULL },
	{ "client_certificate_key", FOREIGN, 0, NULL },
	{ "client_certificate_key_file", FOREIGN, 0, NULL },
	{ "client_certificate_key_ref", FOREIGN, 0, NULL },
	{ "client_certificate_key_id", FOREIGN, 0, NULL },
	{ "signature_algorithm", FOREIGN, 0, NULL },
	{ "claims", FOREIGN, 0, NULL },
	{ "iss", FOREIGN, 0, NULL },
	{ "audience", FOREIGN, 0, NULL },
	END
};

static const struct field oauth2_transport_fields[] = {
	{ "tls_config", SECTION, AT(tls), &tls_config },
	PROXY_FIELDS,
	END
};

static void read_params(struct reader *r, const struct node *n,
			struct http_config *c)
{
	if (n->kind != NODE_MAP) {
		wrong(r, n, "endpoint_params: a mapping of names to texts was "
		      "expected");
		return;
	}
	c->oauth2.param = arena_alloc(&c->arena,
				      n->nr * sizeof(struct http_param) + 1);
	for (size_t i = 0; i < n->nr; i++) {
		const char *value = read_line(r, n->item[i], "endpoint_params");
		if (value)
			c->oauth2.param[c->oauth2.nr_params++] =
				(struct http_param){ keep(r, n->key[i]->text),
						     value };
	}
}

static void check_oauth2(struct reader *r, const struct node *n, void *into)
{
	struct http_config *c = into, *own;
	const struct node *params = given(n, "endpoint_params");
	own = arena_alloc(&c->arena, sizeof(*own));
	c->oauth2.transport = own;
	own->origin = c->origin;
	for (const struct field *f = oauth2_transport_fields; f->name; f++) {
		const struct node *value = given(n, f->name);
		if (value)
			read_field(r, value, f, own);
	}
	check_proxy(r, n, &own->proxy);
	if (params)
		read_params(r, params, c);
	if (!given(n, "client_id"))
		wrong(r, n, "oauth2 needs a client_id");
	if (!given(n, "token_url"))
		wrong(r, n, "oauth2 needs a token_url");
	if (ONE_OF(r, n, "client_secret", "client_secret_file",
		   "client_secret_command") == 0
	    && !given(n, "client_secret_ref"))
		wrong(r, n, "oauth2 needs a client_secret, client_secret_file "
		      "or client_secret_command");
}

static const struct mapping oauth2 = { "oauth2", oauth2_fields, check_oauth2 };

static const struct { const char *key; enum http_login login;
		      const struct mapping *mapping; } logins[] = {
	{ "basic_auth", LOGIN_BASIC, &basic_auth },
	{ "authorization", LOGIN_TOKEN, &authorization },
	{ "oauth2", LOGIN_OAUTH2, &oauth2 },
	{ "bearer_token", LOGIN_TOKEN, NULL },
	{ "bearer_token_file", LOGIN_TOKEN, NULL },
};

/* Each is read though only one may stand there, so that all mistakes show. */
static void read_logins(struct reader *r, const struct node *n)
{
	for (size_t i = 0; i < sizeof(logins) / sizeof(logins[0]); i++) {
		const struct node *login = given(n, logins[i].key);
		if (!login)
			continue;
		r->c->login = logins[i].login;
		if (logins[i].mapping)
			read_mapping(r, login, logins[i].mapping, r->c);
	}
	if (!r->c->scheme)
		r->c->scheme = "Bearer";
	ONE_OF(r, n, "basic_auth", "authorization", "oauth2", "bearer_token",
	       "bearer_token_file");
}

static void check_all(struct reader *r, const struct node *n, void *into)
{
	struct http_config *c = into;
	const struct node *follow = given(n, "follow_redirects");
	const struct node *http2 = given(n, "enable_http2");
	const struct node *headers = given(n, "http_headers");
	bool on = false;
	if (follow)
		read_bool(r, follow, "follow_redirects", &on);
	if (on)
		warn(r, follow, "follow_redirects: redirects are never "
		     "followed here; use the URL that they lead to");
	if (http2)
		read_bool(r, http2, "enable_http2", &on);
	if (headers)
		c->header = read_headers(r, headers, "http_headers", false,
					 &c->nr_headers);
	read_logins(r, n);
	check_proxy(r, n, &c->proxy);
}

static const struct field top_fields[] = {
	{ "basic_auth", LATE, 0, NULL },
	{ "authorization", LATE, 0, NULL },
	{ "bearer_token", INLINE, AT(secret.value), NULL },
	{ "bearer_token_file", PATH, AT(secret.file), NULL },
	{ "oauth2", LATE, 0, NULL },
	{ "tls_config", SECTION, AT(tls), &tls_config },
	PROXY_FIELDS,
	{ "follow_redirects", LATE, 0, NULL },
	{ "enable_http2", LATE, 0, NULL },
	{ "http_headers", LATE, 0, NULL },
	{ "allow_plain_http", FLAG, AT(allow_plain_http), NULL },
	END
};
static const struct mapping top = { "http_config", top_fields, check_all };

/* ---- from the outside --------------------------------------------------- */

struct http_config *http_config_new(const char *origin)
{
	struct http_config *c = mem_zero(1, sizeof(*c));
	arena_init(&c->arena, 0);
	c->origin = arena_strdup(&c->arena, origin);
	c->scheme = "Bearer";
	return c;
}

void http_config_free(struct http_config *c)
{
	if (!c)
		return;
	arena_release(&c->arena);
	free(c);
}

struct http_config *http_config_read(const struct node *n, const char *file,
				     struct buf *errors, struct buf *warnings)
{
	size_t before = errors->len;
	struct http_config *c = http_config_new(file);
	struct reader r = { .file = file, .c = c, .errors = errors,
			    .warnings = warnings };
	if (n && !is_null(n))
		read_mapping(&r, n, &top, c);
	if (errors->len == before && !errors->full)
		return c;
	http_config_free(c);
	return NULL;
}

static void refuse(struct buf *errors, const char *file, const char *why)
{
	text_clean(errors, file, strlen(file));
	buf_printf(errors, ": %s\n", why);
}

/* Stricter about owners than dashboards are: who wrote it could send the
 * credentials elsewhere, or have a command run. */
static bool is_ours(const char *file, struct stat *st, struct buf *errors,
		    struct buf *warnings)
{
	if (stat(file, st) < 0)
		refuse(errors, file, strerror(errno));
	else if (!S_ISREG(st->st_mode))
		refuse(errors, file, "not a file");
	else if (st->st_uid != geteuid() && st->st_uid != 0)
		refuse(errors, file, "it belongs to somebody else; make it "
		       "yours (chown)");
	else if (st->st_mode & 02)
		refuse(errors, file, "others may write it; chmod go-w it");
	else {
		if (st->st_mode & 020)
			refuse(warnings, file, "its group may write it; chmod "
			       "go-w it");
		return true;
	}
	return false;
}

struct http_config *http_config_load(const char *file, struct buf *errors,
				     struct buf *warnings)
{
	struct document d;
	struct stat st;
	struct err e;
	if (!is_ours(file, &st, errors, warnings))
		return NULL;
	if (document_load(&d, file, &e) < 0) {
		text_clean(errors, e.text, strlen(e.text));
		buf_char(errors, '\n');
		return NULL;
	}
	struct http_config *c = NULL;
	if (d.nr > 1)
		refuse(errors, file, "more than one document");
	else
		c = http_config_read(d.nr ? d.root[0] : NULL, file, errors,
				     warnings);
	if (c && c->secret_line && (st.st_mode & 077)) {
		text_clean(errors, file, strlen(file));
		buf_printf(errors, ":%d: a secret stands here and others may "
			   "read the file; chmod 600 it, or name a file or a "
			   "command instead\n", c->secret_line);
		http_config_free(c);
		c = NULL;
	}
	document_release(&d);
	return c;
}

static bool has_secret(const struct http_config *c)
{
	if (c->login)
		return true;
	for (size_t i = 0; i < c->nr_headers; i++)
		if (c->header[i].secret)
			return true;
	return false;
}

static bool has_user(const char *url)
{
	CURLU *u = curl_url();
	char *user = NULL;
	bool yes = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK
		   && curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK;
	curl_free(user);
	curl_url_cleanup(u);
	return yes;
}

/* The way to a loopback address of ours leaves this machine only by a proxy
 * that is elsewhere. The scheme of a socks proxy is not http's. */
static bool stays_here(const struct http_config *c, const char *url)
{
	if (!http_url_is_loopback(url))
		return false;
	if (c->proxy.from != PROXY_URL)
		return true;
	struct buf proxy;
	buf_init(&proxy, 0);
	buf_str(&proxy, "http");
	buf_str(&proxy, strstr(c->proxy.url, "://"));
	bool here = http_url_is_loopback(buf_text(&proxy));
	buf_release(&proxy);
	return here;
}

/* scheme://host:port: one outage reads the same whichever path met it. */
static void add_where(struct buf *out, const char *url)
{
	struct buf shown;
	buf_init(&shown, 0);
	http_url_shown(url, &shown);
	const char *s = buf_text(&shown), *host = strstr(s, "://");
	host = host ? host + 3 : s;
	buf_add(out, s, (size_t)(host - s) + strcspn(host, "/"));
	buf_release(&shown);
}

static int refuse_plain(const struct http_config *c, const char *url,
			struct err *e)
{
	struct buf shown;
	buf_init(&shown, 100);
	add_where(&shown, url);
	err_set(e, EXIT_REFUSED, "credentials would go readable over plain "
		"http: %s; use https, or allow_plain_http: true in %s",
		buf_text(&shown), strcmp(c->origin, "REDTOP_TOKEN") == 0
		|| strcmp(c->origin, "--token-file") == 0
		? "an --http-config file" : "the http_config");
	buf_release(&shown);
	return -1;
}

int http_config_check(const struct http_config *c, const char *url,
		      struct err *e)
{
	bool plain = strncasecmp(url, "http://", 7) == 0;
	struct buf shown;
	int rc = 0;
	if (plain && has_secret(c) && !c->allow_plain_http
	    && !stays_here(c, url))
		return refuse_plain(c, url, e);
	const char *token = c->login == LOGIN_OAUTH2 ? c->oauth2.token_url : "";
	if (strncasecmp(token, "http://", 7) == 0 && !c->allow_plain_http
	    && !stays_here(c->oauth2.transport, token))
		return refuse_plain(c, token, e);
	if (c->login == LOGIN_NONE || !has_user(url))
		return 0;
	buf_init(&shown, 100);
	add_where(&shown, url);
	rc = err_set(e, EXIT_REFUSED, "a user in the URL and other credentials "
		     "(%.60s): %s; leave one of them out", c->origin,
		     buf_text(&shown));
	buf_release(&shown);
	return rc;
}

const char *http_config_login(const struct http_config *c)
{
	static const char *const names[] = {
		[LOGIN_NONE] = "none", [LOGIN_BASIC] = "basic",
		[LOGIN_TOKEN] = "bearer", [LOGIN_OAUTH2] = "oauth2",
	};
	return names[c ? c->login : LOGIN_NONE];
}

void http_config_shown(const struct http_config *c, struct buf *out)
{
	static const char *const words[] = {
		[LOGIN_BASIC] = "password", [LOGIN_TOKEN] = "credentials",
		[LOGIN_OAUTH2] = "client_secret",
	};
	if (!c || c->login == LOGIN_NONE)
		return;
	const struct http_secret *s = &c->secret;
	const char *from = s->file ? s->file : s->command ? s->command[0]
			   : c->origin;
	buf_printf(out, "%s%s ", words[c->login], s->file ? "_file"
		   : s->command ? "_command" : " of");
	text_clean(out, from, strlen(from));
}
