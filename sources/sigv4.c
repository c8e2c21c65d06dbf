/* One request becomes its canonical form, that a string to sign, that a
 * signature under a key of the day. */
#include "sources/sigv4.h"

#include "base/arena.h"
#include "base/mem.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HASH 32
/* The last second of the year 9999: later dates do not fit. */
#define LAST_SECOND 253402300799

/* ---- text --------------------------------------------------------------- */

/* Fields and queries hold session tokens: a buffer that grew would leave
 * copies of them behind. */
static void reserve(struct buf *b, size_t n)
{
	b->s = mem_alloc(n + 1);
	b->s[0] = '\0';
	b->cap = n + 1;
}

static void wipe(struct buf *b)
{
	if (b->s)
		explicit_bzero(b->s, b->cap);
	buf_release(b);
}

/* What the locale thinks of letters is no business of a signature. */
static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool unreserved(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')
	       || c == '-' || c == '.' || c == '_' || c == '~';
}

static void add_encoded(struct buf *out, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;
	if (unreserved(c))
		buf_char(out, c);
	else
		buf_add(out, (char[]){ '%', hex[u >> 4], hex[u & 15] }, 3);
}

static int digit(char c)
{
	c = lower(c);
	return c >= '0' && c <= '9' ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void to_hex(const unsigned char hash[HASH], char out[2 * HASH + 1])
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < HASH; i++) {
		out[2 * i] = hex[hash[i] >> 4];
		out[2 * i + 1] = hex[hash[i] & 15];
	}
	out[2 * HASH] = '\0';
}

/* ---- hashes ------------------------------------------------------------- */

/* Both fail without memory only: a libcrypto without SHA-256 has no TLS. */
static void sha256(const void *s, size_t n, char out[2 * HASH + 1])
{
	unsigned char hash[HASH];
	if (!EVP_Digest(s, n, hash, NULL, EVP_sha256(), NULL))
		mem_die();
	to_hex(hash, out);
}

static void hmac(const unsigned char *key, size_t n, const char *s,
		 unsigned char out[HASH])
{
	if (!HMAC(EVP_sha256(), key, (int)n, (const unsigned char *)s,
		  strlen(s), out, NULL))
		mem_die();
}

/* ---- path --------------------------------------------------------------- */

static void add_segment(struct buf *out, const char *s, size_t n)
{
	if (n == 0 || (n == 1 && *s == '.'))
		return;
	buf_char(out, '/');
	for (size_t i = 0; i < n; i++)
		add_encoded(out, s[i]);
}

static void drop_segment(struct buf *out)
{
	while (out->len > 0 && out->s[--out->len] != '/')
		;
	if (out->s)
		out->s[out->len] = '\0';
}

static void normalise(struct buf *out, const char *path)
{
	size_t len = strlen(path);
	for (const char *s = path; *s;) {
		s += strspn(s, "/");
		size_t n = strcspn(s, "/");
		if (n == 2 && s[0] == '.' && s[1] == '.')
			drop_segment(out);
		else
			add_segment(out, s, n);
		s += n;
	}
	if (out->len == 0 || path[len - 1] == '/')
		buf_char(out, '/');
}

static void add_raw(struct buf *out, const char *path)
{
	for (; *path; path++) {
		if (*path == '/')
			buf_char(out, '/');
		else
			add_encoded(out, *path);
	}
}

static void add_path(struct buf *out, const struct sigv4_ask *a)
{
	const char *path = *a->path ? a->path : "/";
	struct buf own;
	buf_init(&own, 0);
	if (a->raw_path)
		add_raw(&own, path);
	else
		normalise(&own, path);
	buf_str(out, buf_text(&own));
	buf_release(&own);
}

/* ---- query -------------------------------------------------------------- */

struct param {
	const char *name, *value; /* encoded */
};

/* By name, then value: `a=1` comes before `a-=1`, the whole text's order would
 * be the other way. */
static int by_param(const void *a, const void *b)
{
	const struct param *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : strcmp(x->value, y->value);
}

/* As sent it may be encoded in part, or where it need not be. */
static const char *encoded_anew(struct arena *arena, const char *s, size_t n)
{
	struct buf out;
	buf_init(&out, 0);
	for (size_t i = 0; i < n; i++) {
		int high = s[i] == '%' && n - i > 2 ? digit(s[i + 1]) : -1;
		int low = high >= 0 ? digit(s[i + 2]) : -1;
		bool escape = low >= 0;
		add_encoded(&out, escape ? (char)(high * 16 + low) : s[i]);
		i += escape ? 2 : 0;
	}
	const char *kept = arena_strndup(arena, buf_text(&out), out.len);
	buf_release(&out);
	return kept;
}

static size_t read_params(struct arena *arena, const char *query,
			  struct param **out)
{
	struct param *p = NULL;
	size_t nr = 0, cap = 0;
	for (const char *s = query; *s;) {
		size_t n = strcspn(s, "&"), name = 0;
		while (name < n && s[name] != '=')
			name++;
		size_t value = name < n ? name + 1 : n;
		if (n) {
			MEM_ROOM(p, nr, cap);
			p[nr].name = encoded_anew(arena, s, name);
			p[nr].value = encoded_anew(arena, s + value, n - value);
			nr++;
		}
		s += n + (s[n] == '&');
	}
	*out = p;
	return nr;
}

static void add_query(struct buf *out, const char *query)
{
	struct arena arena;
	struct param *p;
	if (!query || !*query)
		return;
	arena_init(&arena, 0);
	size_t nr = read_params(&arena, query, &p);
	if (nr)
		qsort(p, nr, sizeof(*p), by_param);
	for (size_t i = 0; i < nr; i++) {
		buf_str(out, i ? "&" : "");
		buf_str(out, p[i].name);
		buf_char(out, '=');
		buf_str(out, p[i].value);
	}
	free(p);
	arena_release(&arena);
}

/* ---- fields ------------------------------------------------------------- */

struct line {
	const char *name, *value;
	size_t nr; /* in the order given, which values of one name keep */
};

static int compare_names(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return (unsigned char)lower(*a) - (unsigned char)lower(*b);
}

static int by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = compare_names(x->name, y->name);
	return order ? order : x->nr < y->nr ? -1 : x->nr > y->nr;
}

static void add_name(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_char(out, lower(*name));
}

/* White space inside becomes one space, and so does the fold of a line that
 * goes on in the next. */
static void add_value(struct buf *out, const char *s)
{
	static const char space[] = " \t\r\n";
	s += strspn(s, space);
	while (*s) {
		size_t n = strcspn(s, space);
		buf_add(out, s, n);
		s += n;
		s += strspn(s, space);
		if (*s)
			buf_char(out, ' ');
	}
}

static size_t collect(const struct sigv4_ask *a, const struct aws_keys *k,
		      const struct sigv4 *out, struct line *line)
{
	size_t nr = 0;
	for (; nr < a->nr_fields; nr++)
		line[nr] = (struct line){ a->field[nr].name, a->field[nr].value,
					  nr };
	line[nr] = (struct line){ "x-amz-date", out->date, nr };
	nr++;
	if (a->hash_header) {
		line[nr] = (struct line){ "x-amz-content-sha256", out->hash,
					  nr };
		nr++;
	}
	if (k->token && !a->token_unsigned) {
		line[nr] = (struct line){ "x-amz-security-token", k->token,
					  nr };
		nr++;
	}
	qsort(line, nr, sizeof(*line), by_name);
	return nr;
}

static void add_fields(struct buf *out, struct buf *names,
		       const struct line *line, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (i && compare_names(line[i - 1].name, line[i].name) == 0) {
			buf_char(out, ',');
		} else {
			buf_str(out, i ? "\n" : "");
			add_name(out, line[i].name);
			buf_char(out, ':');
			buf_str(names, i ? ";" : "");
			add_name(names, line[i].name);
		}
		add_value(out, line[i].value);
	}
	buf_char(out, '\n');
}

/* ---- signing ------------------------------------------------------------ */

static void write_date(time_ms at, char out[17])
{
	time_t seconds = (time_t)(at < 0 ? 0 : at / 1000);
	struct tm tm;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	gmtime_r(&seconds, &tm);
	strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

/* An upper bound of the canonical request. */
static size_t canonical_size(const struct sigv4_ask *a,
			     const struct line *line, size_t nr)
{
	size_t n = strlen(a->method) + 3 * strlen(a->path) + 128;
	if (a->query)
		n += 4 * strlen(a->query) + 1;
	for (size_t i = 0; i < nr; i++)
		n += 2 * strlen(line[i].name) + strlen(line[i].value) + 4;
	return n;
}

static void write_canonical(const struct sigv4_ask *a, const struct aws_keys *k,
			    struct sigv4 *out, struct buf *names)
{
	struct buf *c = &out->canonical;
	struct line *line = mem_zero(a->nr_fields + 3, sizeof(*line));
	size_t nr = collect(a, k, out, line);
	size_t size = canonical_size(a, line, nr);
	reserve(c, size);
	buf_printf(c, "%s\n", a->method);
	add_path(c, a);
	buf_char(c, '\n');
	add_query(c, a->query);
	buf_char(c, '\n');
	add_fields(c, names, line, nr);
	buf_printf(c, "\n%s\n%s", buf_text(names), out->hash);
	assert(c->len <= size);
	free(line);
}

/* The key is of this day, region and service only. */
static void write_signature(const struct sigv4_ask *a, const struct aws_keys *k,
			    struct sigv4 *out)
{
	unsigned char key[HASH], next[HASH];
	char day[9];
	const char *const steps[] = { day, a->region, a->service,
				      "aws4_request", buf_text(&out->to_sign) };
	struct buf secret;
	memcpy(day, out->date, 8);
	day[8] = '\0';
	buf_init(&secret, 0);
	reserve(&secret, strlen(k->secret) + 4);
	buf_str(&secret, "AWS4");
	buf_str(&secret, k->secret);
	hmac((unsigned char *)secret.s, secret.len, steps[0], key);
	for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); i++) {
		hmac(key, HASH, steps[i], next);
		memcpy(key, next, HASH);
	}
	to_hex(key, out->signature);
	wipe(&secret);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(next, sizeof(next));
}

void sigv4_sign(const struct sigv4_ask *a, const struct aws_keys *k,
		struct sigv4 *out)
{
	struct buf scope, names;
	char hash[2 * HASH + 1];
	*out = (struct sigv4){ 0 };
	buf_init(&scope, 0);
	buf_init(&names, 0);
	write_date(a->at, out->date);
	sha256(a->body ? a->body : "", a->body ? a->body_len : 0, out->hash);
	write_canonical(a, k, out, &names);
	sha256(buf_text(&out->canonical), out->canonical.len, hash);
	buf_printf(&scope, "%.8s/%s/%s/aws4_request", out->date, a->region,
		   a->service);
	buf_printf(&out->to_sign, ALGORITHM "\n%s\n%s\n%s", out->date,
		   buf_text(&scope), hash);
	write_signature(a, k, out);
	buf_printf(&out->authorization, ALGORITHM " Credential=%s/%s, "
		   "SignedHeaders=%s, Signature=%s", k->id, buf_text(&scope),
		   buf_text(&names), out->signature);
	buf_release(&scope);
	buf_release(&names);
}

void sigv4_release(struct sigv4 *s)
{
	wipe(&s->canonical);
	wipe(&s->to_sign);
	wipe(&s->authorization);
	explicit_bzero(s, sizeof(*s));
}
