/* Any bytes as a file of the shared cache, as an answer and as a bill; and once
 * more as if their hash was right: a fuzzer does not find SHA-256, whoever
 * writes the file computes it. */
#include "sources/cw_cache.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW INT64_C(1795486930000) /* 2026-11-24 */
#define KEY "fuzz"
#define BILL "bill-2026-11-24"
#define HEAD 64
#define HASHED 32
#define TOO_LATE (NOW + 60001)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[] = "/tmp/redtop-fuzz-XXXXXX";
static const char *const endings[] = { KEY ".data", BILL ".data",
				       BILL ".lock", "" };

static void path_of(const char *name, char out[80])
{
	snprintf(out, 80, "%s/%s", dir, name);
}

static void clean_up(void)
{
	char path[80];
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		path_of(endings[i], path);
		remove(path);
	}
}

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void write_file(const char *name, const uint8_t *bytes, size_t n)
{
	char path[80];
	path_of(name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	check(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
}

static bool file_is(const char *name, const uint8_t *bytes, size_t n)
{
	char path[80];
	path_of(name, path);
	uint8_t *found = malloc(n + 1);
	int fd = open(path, O_RDONLY);
	check(found && fd >= 0);
	bool same = read(fd, found, n + 1) == (ssize_t)n
		    && memcmp(found, bytes, n) == 0;
	close(fd);
	free(found);
	return same;
}

static void seal(uint8_t *bytes, size_t n, const char *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (n >= HEAD)
		check(ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
		      && EVP_DigestUpdate(ctx, key, strlen(key) + 1)
		      && EVP_DigestUpdate(ctx, bytes, HASHED)
		      && EVP_DigestUpdate(ctx, bytes + HEAD, n - HEAD)
		      && EVP_DigestFinal_ex(ctx, bytes + HASHED, NULL));
	EVP_MD_CTX_free(ctx);
}

/* What is believed is to the byte what would have been written. */
static bool as_answer(struct cw_cache *c, const uint8_t *bytes, size_t n)
{
	struct buf out;
	time_ms at = TOO_LATE;
	buf_init(&out, 0);
	write_file(KEY ".data", bytes, n);
	bool fine = cw_cache_read(c, KEY, NOW, TIME_NONE, &out, &at);
	check(fine || out.len == 0);
	if (fine) {
		check(at < TOO_LATE && n == HEAD + out.len);
		check(out.len == 0
		      || memcmp(out.s, bytes + HEAD, out.len) == 0);
		cw_cache_write(c, KEY, at, &out);
		check(file_is(KEY ".data", bytes, n));
	}
	buf_release(&out);
	return fine;
}

/* It is added to, whatever it was; the next viewer agrees. */
static void as_bill(const uint8_t *bytes, size_t n)
{
	const struct cw_spent some = { 5, 7 };
	write_file(BILL ".data", bytes, n);
	struct cw_cache *a = cw_cache_open(dir), *b = cw_cache_open(dir);
	struct cw_spent before = cw_cache_spend(a, NOW, NULL);
	struct cw_spent s = cw_cache_spend(a, NOW, &some);
	struct cw_spent t = cw_cache_spend(b, NOW, NULL);
	check(s.metrics >= 5 && s.metrics >= before.metrics);
	check(s.calls >= 7 && s.calls >= before.calls);
	check(s.metrics - before.metrics == 5 || s.metrics == UINT64_MAX);
	check(s.calls - before.calls == 7 || s.calls == UINT64_MAX);
	check(t.metrics == s.metrics && t.calls == s.calls);
	cw_cache_close(a);
	cw_cache_close(b);
}

static void as_payload(struct cw_cache *c, const uint8_t *data, size_t size)
{
	struct buf in, out;
	time_ms at = 0;
	buf_init(&in, 0);
	buf_init(&out, 0);
	buf_add(&in, data, size);
	cw_cache_write(c, KEY, NOW, &in);
	check(cw_cache_read(c, KEY, NOW, TIME_NONE, &out, &at) && at == NOW);
	check(out.len == size && (!size || memcmp(out.s, data, size) == 0));
	buf_release(&in);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cw_cache *c;
	if (!c) {
		check(mkdtemp(dir) != NULL);
		atexit(clean_up);
		c = cw_cache_open(dir);
		check(cw_cache_why(c) == NULL);
	}
	uint8_t *copy = malloc(size + 1);
	check(copy != NULL);
	memcpy(copy, size ? data : (const uint8_t *)"", size);
	as_payload(c, data, size);
	as_answer(c, data, size);
	as_bill(data, size);
	seal(copy, size, KEY);
	if (as_answer(c, copy, size)) {
		/* one bit of it is enough */
		copy[size - 1] ^= 1;
		check(!as_answer(c, copy, size));
	}
	memcpy(copy, size ? data : (const uint8_t *)"", size);
	seal(copy, size, BILL);
	as_bill(copy, size);
	free(copy);
	return 0;
}
